package arrive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/intake"
	"paydesk/ui/cli/show"
)

// shelf is a desk that keeps what it is given.
type shelf struct {
	batches []int
	fail    error // of the second batch
	pages   []desk.Page
	differs []desk.Difference
	asked   string
}

func (s *shelf) Import(_ context.Context, _, _ string, orders []client.Order) (desk.Imported, error) {
	s.batches = append(s.batches, len(orders))
	if s.fail != nil && len(s.batches) == 2 {
		return desk.Imported{}, s.fail
	}
	return desk.Imported{Added: len(orders) - len(s.differs), Differs: len(s.differs), Differences: s.differs}, nil
}

func (s *shelf) Statement(_ context.Context, profile string, from, to client.Day, afresh bool, took func(desk.Page) error) error {
	s.asked = fmt.Sprint(profile, " ", from, " ", to, " ", afresh)
	for _, page := range s.pages {
		if err := took(page); err != nil {
			return err
		}
	}
	return s.fail
}

// heard collects the news.
type heard struct{ said, bad, differs []string }

func (h *heard) news() News {
	return News{
		Narrate:    func(format string, args ...any) { h.said = append(h.said, fmt.Sprintf(format, args...)) },
		Unreadable: func(message string) { h.bad = append(h.bad, message) },
		Difference: func(d show.Difference, in string) error {
			h.differs = append(h.differs, d.Sentence(in).String())
			return nil
		},
	}
}

func options() intake.Options {
	return intake.Options{Format: intake.CSV, Decimals: client.ISODecimals}
}

func list(n int) string {
	var text strings.Builder
	text.WriteString("order_no,amount,currency,Fee\n")
	for i := range n {
		fmt.Fprintf(&text, "P%d,10,USD,1\n", i)
		if i == 1500 {
			text.WriteString("P,x,USD,1\n")
		}
	}
	return text.String()
}

func TestFileIsStoredBatchByBatch(t *testing.T) {
	var h heard
	d := &shelf{differs: []desk.Difference{{OrderNo: "P1\x1b[2J", Field: "amount", Ledger: "10.00 USD", Given: "1000.00 USD", Hint: "exactly a hundred times"}, {OrderNo: "P2", Field: "order_no", Ledger: "belongs to more than one order", Given: "P2"}}}
	done, err := File(t.Context(), d, h.news(), "p", "list.csv", strings.NewReader(list(2500)), options())
	if err != nil || done != (show.Imported{Added: 2494, Differs: 6, Bad: 1}) {
		t.Errorf("%+v %v", done, err)
	}
	if diff := cmp.Diff([]int{1000, 1000, 500}, d.batches); diff != "" {
		t.Error(diff)
	}
	want := heard{
		said: []string{"list.csv is read by paydesk's own and common names: order_no ← order_no, amount ← amount, currency ← currency", "kept as notes: Fee"},
		bad:  []string{`line 1503: amount: "x" is not a plain decimal number; right is a plain number of major units such as 1234.50`},
	}
	for range 3 {
		want.differs = append(want.differs, "P1␛[2J: amount is 10.00 USD in the ledger, 1000.00 USD in the file; exactly a hundred times", "P2: the number belongs to more than one order")
	}
	if diff := cmp.Diff(want, h, cmp.AllowUnexported(heard{})); diff != "" {
		t.Error(diff)
	}
}

func TestFileErrors(t *testing.T) {
	full := errors.New("disk is full")
	var h heard
	d := &shelf{fail: full}
	done, err := File(t.Context(), d, h.news(), "p", "list.csv", strings.NewReader(list(2500)), options())
	if !errors.Is(err, full) || done.Added != 1000 || len(d.batches) != 2 {
		t.Errorf("%+v %v %v", done, err, d.batches)
	}
	if _, err = File(t.Context(), &shelf{}, h.news(), "p", "list.csv", strings.NewReader("a,b\n"), options()); client.ClassOf(err) != client.ClassInput {
		t.Error(err)
	}
	// Where differences cannot be told any more, nothing more is stored.
	deaf := h.news()
	deaf.Difference = func(show.Difference, string) error { return full }
	d = &shelf{differs: []desk.Difference{{OrderNo: "P1", Field: "status"}}}
	if _, err = File(t.Context(), d, deaf, "p", "list.csv", strings.NewReader(list(2500)), options()); !errors.Is(err, full) || len(d.batches) != 1 {
		t.Error(err, d.batches)
	}
}

func TestStatementTellsPageByPage(t *testing.T) {
	day := client.Day{Year: 2026, Month: time.November, Day: 21}
	fault := client.StatementFault{Record: 3, OrderNo: "P9", Err: &client.Error{Class: client.ClassInput, Message: `amount is "x"; right is a decimal number of PHP`}}
	d := &shelf{fail: errors.New("gone"), pages: []desk.Page{
		{Day: day, Number: 2, Resumed: true, Imported: desk.Imported{Added: 8, Same: 1}, Faults: []client.StatementFault{fault, {Record: 4, Err: errors.New("raw")}}},
		{Day: day.Next(1), Number: 1, Resumed: true, Imported: desk.Imported{Differs: 1, Differences: []desk.Difference{{OrderNo: "P1", Field: "status", Ledger: "paid", Given: "failed"}}}},
	}}
	var h heard
	done, err := Statement(t.Context(), d, h.news(), "p", Range{From: day, To: day.Next(2)}, true)
	if err == nil || done != (show.Statement{Added: 8, Same: 1, Differs: 1, Bad: 2, Days: 3, Pages: 2, Resumed: true}) || d.asked != "p 2026-11-21 2026-11-23 true" {
		t.Errorf("%+v %v %s", done, err, d.asked)
	}
	want := heard{
		said: []string{
			"going on at 2026-11-21 page 2, where an earlier reading stopped; --afresh reads all days again",
			"2026-11-21 page 2: 8 added, 0 changed, 1 the same, 0 differ, 2 unreadable",
			"2026-11-22 page 1: 0 added, 0 changed, 0 the same, 1 differ, 0 unreadable",
		},
		bad:     []string{`2026-11-21 page 2 record 3 (order P9): amount is "x"; right is a decimal number of PHP`, "2026-11-21 page 2 record 4: it cannot be read"},
		differs: []string{"P1: status is paid in the ledger, failed in the statement"},
	}
	if diff := cmp.Diff(want, h, cmp.AllowUnexported(heard{})); diff != "" {
		t.Error(diff)
	}
}

// The words are those of the gateway's zone, whose day may be another one.
func TestDays(t *testing.T) {
	manila := time.FixedZone("PHT", 8*3600)
	now := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC) // 22 November there
	for _, c := range []struct{ from, to, want string }{
		{"", "", "2026-11-21 2026-11-22 2"},
		{"today", " Today ", "2026-11-22 2026-11-22 1"},
		{"yesterday", "yesterday", "2026-11-21 2026-11-21 1"},
		{"2026-02-28", "2026-03-01", "2026-02-28 2026-03-01 2"},
		{"2025-10-19", "", "2025-10-19 2026-11-22 400"},
		{"2025-10-18", "", "401 days; at most 400"},
		{"2026-11-22", "2026-11-21", "begins on 2026-11-22 and ends on 2026-11-21"},
		{"", "2026-11-01", "begins on 2026-11-21 and ends on 2026-11-01"},
		{"2026-11-31", "", `--from is "2026-11-31"`},
		{"", "tomorrow", `--to is "tomorrow"`},
	} {
		d := Days{From: c.from, To: c.to}
		r, err := d.In(now, manila)
		got := fmt.Sprint(r.From, " ", r.To, " ", r.Days())
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || (err != nil && client.ClassOf(err) != client.ClassInput) {
			t.Errorf("%+v: %s, want %s", d, got, c.want)
		}
		if checked := d.Check(); (checked != nil) != strings.Contains(got, " is \"") {
			t.Errorf("%+v: %v", d, checked)
		}
	}
}
