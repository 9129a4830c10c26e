// Package arrive brings many orders into the ledger for the headless verbs: a
// file batch by batch, a gateway's statement page by page. It tells what came of
// them. It decides nothing about an order, which the desk does, stores nothing
// itself and never asks a gateway.
package arrive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/intake"
	"paydesk/ui/cli/show"
)

// batchOrders is how many orders of a file are one decision.
const batchOrders = 1000

// Desk stores the orders.
type Desk interface {
	Import(ctx context.Context, profile, file string, orders []client.Order) (desk.Imported, error)
	Statement(ctx context.Context, profile string, from, to client.Day, afresh bool, took func(desk.Page) error) error
}

// News is told what happens; none of them may be nil.
type News struct {
	Narrate    func(format string, args ...any)         // for people
	Unreadable func(message string)                     // a line or a record that could not be read
	Difference func(d show.Difference, in string) error // an order that the list, "the file", gives otherwise
}

func (n News) differences(list []desk.Difference, in string) error {
	for _, d := range list {
		if err := n.Difference(show.NewDifference(d), in); err != nil {
			return err
		}
	}
	return nil
}

// File stores the orders of a file. What was stored before an error stays
// stored, and is counted. Errors: those of the file, which are ClassInput, the
// desk's, and the news' own. Lines that cannot be read are no error here.
func File(ctx context.Context, d Desk, n News, profile, label string, in io.Reader, o intake.Options) (show.Imported, error) {
	var done show.Imported
	file, err := intake.Open(in, o)
	if err != nil {
		return done, err
	}
	n.mapping(label, file.Mapping)
	batch := make([]client.Order, 0, batchOrders)
	store := func() error {
		if len(batch) == 0 {
			return nil
		}
		counts, err := d.Import(ctx, profile, label, batch)
		if err != nil {
			return err
		}
		done.Add(counts)
		batch = batch[:0]
		return n.differences(counts.Differences, "the file")
	}
	for order, readErr := range file.Orders() {
		if bad, ok := errors.AsType[*intake.Problem](readErr); ok {
			done.Bad++
			n.Unreadable(bad.Error())
			continue
		}
		if err = readErr; err != nil {
			break
		}
		if batch = append(batch, order); len(batch) == batchOrders {
			if err = store(); err != nil {
				return n.leftOut(done, file.Tally()), err
			}
		}
	}
	err = errors.Join(err, store())
	return n.leftOut(done, file.Tally()), err
}

// mapping tells how a file is read, before anything is stored.
func (n News) mapping(label string, m intake.Mapping) {
	if len(m.Columns) == 0 {
		return
	}
	source := "by paydesk's own and common names"
	if m.Preset != "" {
		source = "as a file of " + m.Preset
	}
	columns := make([]string, len(m.Columns))
	for i, c := range m.Columns {
		columns[i] = c.Field + " ← " + c.Name
		if c.Field == "card" {
			columns[i] += " (its last four digits)"
		}
	}
	n.Narrate("%s is read %s: %s", label, source, strings.Join(columns, ", "))
	if m.Amounts == intake.Cents {
		n.Narrate("amounts count cents: 5800 is 58.00")
	}
	if m.Currency != "" {
		n.Narrate("no column is the currency: every amount is %s", m.Currency)
	}
	if m.Times {
		n.Narrate("times that name no zone are read as %s; --timezone says otherwise", m.Zone)
	}
	for _, part := range []struct {
		what  string
		names []string
	}{
		{"kept as notes", m.Notes},
		{"never kept, as their names are those of card data", m.Dropped},
		{"not kept, as they hold objects or lists", m.Nested},
	} {
		if len(part.names) > 0 {
			n.Narrate("%s: %s", part.what, strings.Join(part.names, ", "))
		}
	}
}

// leftOut tells what was not taken over, and counts it.
func (n News) leftOut(done show.Imported, t intake.Tally) show.Imported {
	var kinds []string
	for kind, lines := range t.Skipped {
		done.Skipped += lines
		kinds = append(kinds, fmt.Sprintf("%d %s", lines, kind))
	}
	if done.Skipped > 0 {
		slices.Sort(kinds)
		n.Narrate("left out, as they are no orders: %s", strings.Join(kinds, ", "))
	}
	if t.Cut > 0 {
		n.Narrate("%d notes were cut: they keep the first columns only", t.Cut)
	}
	return done
}

// MostDays bounds a range of days.
const MostDays = 400

// Days are the ends of a range as a person names them: "today", "yesterday", a
// date; From and To may be empty.
type Days struct{ From, To string }

// Range is days of a gateway, both included.
type Range struct{ From, To client.Day }

// Days counts them.
func (r Range) Days() int {
	return int(r.To.Start(time.UTC).Sub(r.From.Start(time.UTC))/(24*time.Hour)) + 1
}

// Check reports what is no day at all; ClassInput.
func (d Days) Check() error {
	_, _, err := d.read(client.Day{})
	return err
}

func (d Days) read(today client.Day) (from, to client.Day, err error) {
	if from, err = day("--from", d.From, today, today.Next(-1)); err == nil {
		to, err = day("--to", d.To, today, today)
	}
	return from, to, err
}

// day reads one end.
func day(flag, word string, today, otherwise client.Day) (client.Day, error) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "":
		return otherwise, nil
	case "today":
		return today, nil
	case "yesterday":
		return today.Next(-1), nil
	}
	read, err := client.ParseDay(strings.TrimSpace(word))
	if err != nil {
		return read, &client.Error{Class: client.ClassInput, Code: "day", Message: fmt.Sprintf("%s is %.40q", flag, word), Hint: "right is a date such as 2026-11-21, or today, or yesterday"}
	}
	return read, nil
}

// In is the range as it is at a moment in the gateway's zone: from yesterday to
// today unless said otherwise. ClassInput when it ends before it begins or has
// more than MostDays.
func (d Days) In(now time.Time, zone *time.Location) (Range, error) {
	from, to, err := d.read(client.DayOf(now, zone))
	r := Range{From: from, To: to}
	switch {
	case err != nil:
		return r, err
	case to.Before(from):
		return r, &client.Error{
			Class: client.ClassInput, Code: "days", Message: fmt.Sprintf("the range begins on %s and ends on %s, before that", from, to),
			Hint: "--from is yesterday and --to is today unless you name them; name both",
		}
	case r.Days() > MostDays:
		return r, &client.Error{
			Class: client.ClassInput, Code: "days", Message: fmt.Sprintf("%s to %s are %d days; at most %d are read at once", from, to, r.Days(), MostDays),
			Hint: fmt.Sprintf("take them in parts: --from %s --to %s, then from %s on", from, from.Next(MostDays-1), from.Next(MostDays)),
		}
	}
	return r, nil
}

// Statement stores what a gateway's statement lists for a range of days, page by
// page. An interrupted one goes on where it stopped unless afresh is set. The
// counts are of what this reading has stored, also before an error.
func Statement(ctx context.Context, d Desk, n News, profile string, r Range, afresh bool) (show.Statement, error) {
	done := show.Statement{Days: r.Days()}
	err := d.Statement(ctx, profile, r.From, r.To, afresh, func(page desk.Page) error {
		if page.Resumed && !done.Resumed {
			n.Narrate("going on at %s page %d, where an earlier reading stopped; --afresh reads all days again", page.Day, page.Number)
		}
		done.Add(page)
		counts := page.Imported
		n.Narrate("%s page %d: %d added, %d changed, %d the same, %d differ, %d unreadable",
			page.Day, page.Number, counts.Added, counts.Changed, counts.Same, counts.Differs, len(page.Faults))
		for _, fault := range page.Faults {
			n.Unreadable(faultText(page, fault))
		}
		return n.differences(counts.Differences, "the statement")
	})
	return done, err
}

// faultText names the record and what is wrong with it.
func faultText(page desk.Page, fault client.StatementFault) string {
	text := fmt.Sprintf("%s page %d record %d", page.Day, page.Number, fault.Record)
	if fault.OrderNo != "" {
		text += fmt.Sprintf(" (order %.80s)", fault.OrderNo)
	}
	if e, ok := errors.AsType[*client.Error](fault.Err); ok {
		return text + ": " + e.Message
	}
	return text + ": it cannot be read"
}
