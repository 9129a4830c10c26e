package client

import (
	"context"
	"fmt"
	"time"
)

// Day is a calendar day in a gateway's own zone. Statements are asked for day
// by day, and a day of 24 hours somewhere else is none of theirs.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf is the day on which at falls in a zone.
func DayOf(at time.Time, zone *time.Location) Day {
	year, month, day := at.In(zone).Date()
	return Day{Year: year, Month: month, Day: day}
}

// ParseDay reads "2006-01-02". ClassInput for anything else.
func ParseDay(text string) (Day, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Day{}, &Error{Class: ClassInput, Code: "day", Message: fmt.Sprintf("day is %.40q; right is a date such as 2026-11-21", text)}
	}
	return DayOf(at, time.UTC), nil
}

// String renders "2006-01-02".
func (d Day) String() string { return d.Start(time.UTC).Format(time.DateOnly) }

// Next is the day after n days; negative n is before.
func (d Day) Next(n int) Day { return DayOf(d.Start(time.UTC).AddDate(0, 0, n), time.UTC) }

// Before reports whether d is an earlier day than o.
func (d Day) Before(o Day) bool { return d.Start(time.UTC).Before(o.Start(time.UTC)) }

// Start is midnight at the beginning of the day in a zone.
func (d Day) Start(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

// Statements is a gateway that lists its payments by day. Capabilities.Statement
// says whether this account has it.
type Statements interface {
	// Statement reads one page of one day. Pages count from 1, whatever the
	// gateway calls its first. An empty page is no error: the day has ended.
	// ClassUnsupported where the account has no statement.
	Statement(ctx context.Context, day Day, page int) (StatementPage, error)
	// StatementZone is the zone in which the gateway's days begin and end.
	StatementZone() *time.Location
}

// StatementPage is one page of a day's payments, in the gateway's order.
type StatementPage struct {
	Day      Day
	Page     int // from 1
	Orders   []Order
	Faults   []StatementFault
	Digest   string // of the records as they came; the same digest again is the same page again; empty for an empty page
	Exchange Exchange
}

// Empty reports whether the page has no record at all.
func (p StatementPage) Empty() bool { return p.Digest == "" }

// StatementFault is a record that could not be read; the others count.
type StatementFault struct {
	Record  int    // from 1, on its page
	OrderNo string // as far as it could be read
	Err     error  // *Error, ClassInput: names the field and the value
}

// StatementPosition is where reading a statement goes on. The zero position of
// a day is its first page.
type StatementPosition struct {
	Day  Day
	Page int    // from 1; 0: 1
	Seen string // digest of the page before, to notice a page that repeats
}

// MaxStatementPages bounds the pages of one day, because a gateway that tells
// neither the size of a page nor their number might go on for ever.
const MaxStatementPages = 2000

// ReadStatement reads all pages from one position to the end of the day to,
// both days included, and hands each page to take together with the position at
// which to go on once that page is stored: kept durably, it makes an interrupted
// reading resumable. A day ends with a page that is empty or repeats the one
// before (paycools: section 8); neither is handed over. The first error of a page
// or of take ends the reading. A day of more than MaxStatementPages is
// ClassUnknown, because its end was not seen.
func ReadStatement(
	ctx context.Context, s Statements, from StatementPosition, to Day, take func(page StatementPage, next StatementPosition) error,
) error {
	for at := from; !to.Before(at.Day); {
		at.Page = max(at.Page, 1)
		if at.Page > MaxStatementPages {
			return &Error{
				Class: ClassUnknown, Code: "pages", Message: fmt.Sprintf("the statement of %s has more than %d pages", at.Day, MaxStatementPages),
				Hint: "nothing behind them was read; export that day from the gateway's portal and import it",
			}
		}
		page, err := s.Statement(ctx, at.Day, at.Page)
		if err != nil {
			return err
		}
		if page.Empty() || page.Digest == at.Seen {
			at = StatementPosition{Day: at.Day.Next(1)}
			continue
		}
		next := StatementPosition{Day: at.Day, Page: at.Page + 1, Seen: page.Digest}
		if err := take(page, next); err != nil {
			return err
		}
		at = next
	}
	return nil
}
