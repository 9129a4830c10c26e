package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

func day(n int) client.Day { return client.Day{Year: 2026, Month: 11, Day: n} }

// listed is a payment as a statement lists it.
func listed(no, gatewayNo string, minor int64, status client.OrderStatus) client.Order {
	return client.Order{OrderNo: no, GatewayOrderNo: gatewayNo, Amount: hkd(minor), Status: status, Method: "GCASH"}
}

// of puts payments on the pages of a day, so many on each.
func (b *able) of(d client.Day, size int, orders ...client.Order) {
	for page := range slices.Chunk(orders, size) {
		n := len(b.pages[d]) + 1
		b.pages[d] = append(b.pages[d], client.StatementPage{
			Day: d, Page: n, Orders: page, Digest: fmt.Sprint(d, n), Exchange: b.exchange("paymentList", "OK", true),
		})
	}
}

// reading is the sum of a statement that was read.
type reading struct {
	desk.Imported
	pages, faults int
	resumed       bool
}

func (o *office) statement(from, to client.Day, afresh bool) (sum reading, err error) {
	o.t.Helper()
	err = o.Statement(o.t.Context(), shop, from, to, afresh, func(p desk.Page) error {
		sum.pages++
		sum.faults += len(p.Faults)
		sum.resumed = sum.resumed || p.Resumed
		sum.Added += p.Imported.Added
		sum.Changed += p.Imported.Changed
		sum.Same += p.Imported.Same
		sum.Differs += p.Imported.Differs
		sum.Differences = append(sum.Differences, p.Imported.Differences...)
		return nil
	})
	return sum, err
}

func (r reading) counts() string {
	return fmt.Sprintf("%d pages, %d added, %d changed, %d same, %d differ", r.pages, r.Added, r.Changed, r.Same, r.Differs)
}

func TestAStatementIsStoredPageByPage(t *testing.T) {
	b, clock := newAble(t)
	o := b.office(t, clock, b, nil)
	b.of(day(1), 2, listed("A1", "C1", 100, client.OrderPaid), listed("A2", "C2", 200, client.OrderFailed), listed("A3", "C3", 300, client.OrderPaid))
	b.of(day(3), 2, listed("A4", "C4", 400, client.OrderPending))
	zone, err := o.StatementZone(t.Context(), shop)
	if err != nil || zone.String() != "Manila" {
		t.Errorf("zone %v, %v", zone, err)
	}
	sum, err := o.statement(day(1), day(3), false)
	if err != nil || sum.counts() != "3 pages, 4 added, 0 changed, 0 same, 0 differ" || sum.resumed {
		t.Errorf("%s, resumed %v, %v", sum.counts(), sum.resumed, err)
	}
	if got, want := b.took(), "1/1 1/2 1/3 2/1 3/1 3/2"; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	row, err := o.store.Order(t.Context(), shop, "C3")
	if err != nil || row.OrderNo != "A3" || row.Source != desk.SourceStatement || row.Amount != hkd(300) || row.Status != client.OrderPaid {
		t.Errorf("order %+v, %v", row, err)
	}
	lines := o.lines("order.statement")
	if len(lines) != 3 || lines[0]["answer_sha256"] != "bb" {
		t.Errorf("journal %v", lines)
	}
	// Once more: all is known, and nothing is read from a bookmark.
	if sum, err = o.statement(day(1), day(3), false); err != nil || sum.counts() != "3 pages, 0 added, 0 changed, 4 same, 0 differ" || sum.resumed {
		t.Errorf("%s, resumed %v, %v", sum.counts(), sum.resumed, err)
	}
}

// A reading that broke off goes on behind the last page that was stored, in the
// same days only, and counts nothing twice; afresh begins at the beginning.
func TestAStatementIsResumed(t *testing.T) {
	b, clock := newAble(t)
	o := b.office(t, clock, b, nil)
	b.of(day(1), 1, listed("A1", "C1", 100, client.OrderPaid), listed("A2", "C2", 200, client.OrderPaid), listed("A3", "C3", 300, client.OrderPaid))
	broken := func(d client.Day, page int) error {
		if d == day(1) && page == 3 {
			return b.fail(client.ClassUnknown, "paymentList", "503", false)
		}
		return nil
	}
	b.fails = broken
	sum, err := o.statement(day(1), day(2), false)
	wantClass(t, err, client.ClassNotSent) // nothing that moves money was sent
	if sum.counts() != "2 pages, 2 added, 0 changed, 0 same, 0 differ" || len(o.lines("order.statement-failed")) != 1 {
		t.Errorf("%s, journal %v", sum.counts(), o.lines("order.statement-failed"))
	}
	b.fails = nil
	b.took()
	if sum, err = o.statement(day(1), day(1), false); err != nil || sum.resumed || b.took() != "1/1 1/2 1/3 1/4" { // other days
		t.Errorf("%s, resumed %v, %v", sum.counts(), sum.resumed, err)
	}
	sum, err = o.statement(day(1), day(2), false)
	if got := b.took(); err != nil || !sum.resumed || sum.counts() != "1 pages, 0 added, 0 changed, 1 same, 0 differ" || got != "1/3 1/4 2/1" {
		t.Errorf("%s, resumed %v, %v, asked for %s", sum.counts(), sum.resumed, err, got)
	}
	if sum, err = o.statement(day(1), day(2), false); err != nil || sum.resumed || sum.pages != 3 {
		t.Errorf("after its end it began with %s, resumed %v, %v", sum.counts(), sum.resumed, err)
	}
	b.fails = broken
	if _, err = o.statement(day(1), day(2), false); err == nil {
		t.Fatal("it did not break")
	}
	b.fails = nil
	b.took()
	sum, err = o.statement(day(1), day(2), true)
	if got := b.took(); err != nil || sum.resumed || sum.pages != 3 || got != "1/1 1/2 1/3 1/4 2/1" {
		t.Errorf("afresh: %s, resumed %v, %v, asked for %s", sum.counts(), sum.resumed, err, got)
	}
}

// Who is told of the pages can stop the reading; what was stored stays, and the
// reading goes on behind it.
func TestAStatementIsStopped(t *testing.T) {
	b, clock := newAble(t)
	o := b.office(t, clock, b, nil)
	b.of(day(1), 1, listed("A1", "C1", 100, client.OrderPaid), listed("A2", "C2", 200, client.OrderPaid))
	stop := errors.New("enough")
	err := o.Statement(t.Context(), shop, day(1), day(1), false, func(desk.Page) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Statement(ctx, shop, day(1), day(1), false, func(desk.Page) error { return nil }); err == nil {
		t.Error("a cancelled reading said that it was done")
	}
	b.took()
	sum, err := o.statement(day(1), day(1), false)
	if got := b.took(); err != nil || sum.Added+sum.Same != 1 || got[:3] != "1/2" {
		t.Errorf("%s, %v, asked for %s", sum.counts(), err, got)
	}
	if _, err := o.store.Order(t.Context(), shop, "A1"); err != nil {
		t.Error(err)
	}
}

// What a statement says otherwise is told, and overwrites nothing; an unfinished
// order may move, and what the ledger did not know is filled in.
func TestAStatementTellsDifferences(t *testing.T) {
	b, clock := newAble(t)
	o := b.office(t, clock, b, nil)
	for no, row := range map[string]client.Order{
		"A1": listed("A1", "C1", 50010, client.OrderPaid), "A2": listed("A2", "C2", 200, client.OrderPaid),
		"A3": listed("A3", "C3", 300, client.OrderPending), "A4": listed("A4", "", 400, client.OrderPaid),
		"A5": listed("A5", "C5", 500, client.OrderPaid),
	} {
		o.put(ledger.Order{Order: row, Source: desk.SourceLookup})
		_ = no
	}
	usd := listed("A5", "C5", 500, client.OrderPaid)
	usd.Amount.Currency = "USD"
	b.of(day(1), 9,
		listed("A1", "C1", 5001000, client.OrderPaid), listed("A2", "C2", 200, client.OrderFailed), listed("A3", "C3", 300, client.OrderPaid),
		listed("A4", "C4", 400, client.OrderPaid), usd)
	sum, err := o.statement(day(1), day(1), false)
	if err != nil || sum.counts() != "1 pages, 0 added, 2 changed, 0 same, 3 differ" {
		t.Errorf("%s, %v", sum.counts(), err)
	}
	for i, want := range []desk.Difference{
		{OrderNo: "A1", Field: "amount", Ledger: "500.10 HKD", Given: "50010.00 HKD", Hint: "exactly a hundred times: one of them counts in the smallest unit"},
		{OrderNo: "A2", Field: "status", Ledger: "paid", Given: "failed", Hint: "look the order up: only the gateway's own answer settles it"},
		{OrderNo: "A5", Field: "currency", Ledger: "HKD", Given: "USD"},
	} {
		if i >= len(sum.Differences) || sum.Differences[i] != want {
			t.Errorf("difference %d of %+v, want %+v", i, sum.Differences, want)
		}
	}
	if lines := o.lines("order.statement-differs"); len(lines) != 3 || lines[0]["statement"] != "2026-11-01" || lines[0]["field"] != "amount" {
		t.Errorf("journal %v", lines)
	}
	for no, want := range map[string]string{"A1": "500.10 paid C1", "A2": "2.00 paid C2", "A3": "3.00 paid C3", "A4": "4.00 paid C4", "A5": "5.00 paid C5"} {
		row, err := o.store.Order(t.Context(), shop, no)
		if got := fmt.Sprint(row.Amount.Major(), " ", row.Status, " ", row.GatewayOrderNo); err != nil || got != want {
			t.Errorf("%s is %s, %v", no, got, err)
		}
	}
}

// Payments to one static code carry one number of the merchant's: the first keeps
// it, each other is known by the gateway's own (paycools: section 8).
func TestPaymentsToOneCodeAreKeptApart(t *testing.T) {
	b, clock := newAble(t)
	o := b.office(t, clock, b, nil)
	b.of(day(1), 2, listed("CODE7", "C1", 100, client.OrderPaid), listed("CODE7", "C2", 100, client.OrderPaid), listed("CODE7", "C3", 900, client.OrderPaid))
	sum, err := o.statement(day(1), day(1), false)
	if err != nil || sum.counts() != "2 pages, 3 added, 0 changed, 0 same, 0 differ" {
		t.Errorf("%s, %v", sum.counts(), err)
	}
	for no, want := range map[string]string{"CODE7": "CODE7 C1 1.00 ", "C1": "CODE7 C1 1.00 ", "C2": "C2 C2 1.00 number CODE7", "C3": "C3 C3 9.00 number CODE7"} {
		row, err := o.store.Order(t.Context(), shop, no)
		if got := fmt.Sprint(row.OrderNo, " ", row.GatewayOrderNo, " ", row.Amount.Major(), " ", row.Note); err != nil || got != want {
			t.Errorf("%s is %q, %v", no, got, err)
		}
	}
	if sum, err = o.statement(day(1), day(1), false); err != nil || sum.counts() != "2 pages, 0 added, 0 changed, 3 same, 0 differ" {
		t.Errorf("again: %s, %v", sum.counts(), err)
	}
}

// A record that cannot be read is told and counted; the others are stored.
func TestAStatementWithFaults(t *testing.T) {
	b, clock := newAble(t)
	o := b.office(t, clock, b, nil)
	b.of(day(1), 2, listed("A1", "C1", 100, client.OrderPaid))
	fault := client.StatementFault{Record: 2, OrderNo: "A2", Err: &client.Error{Class: client.ClassInput, Code: "amount", Message: "amount is \"1e3\""}}
	b.pages[day(1)][0].Faults = []client.StatementFault{fault}
	sum, err := o.statement(day(1), day(1), false)
	if err != nil || sum.faults != 1 || sum.Added != 1 {
		t.Errorf("%s, %d faults, %v", sum.counts(), sum.faults, err)
	}
	if lines := o.lines("order.statement"); len(lines) != 1 || lines[0]["unreadable"] != float64(1) {
		t.Errorf("journal %v", lines)
	}
}

// A gateway without statements says why, before anything is asked.
func TestAStatementThatIsNotOffered(t *testing.T) {
	b, clock := newAble(t)
	b.can = func(c *client.Capabilities) { c.Statement = client.Cannot("by portal only") }
	o := b.office(t, clock, b, nil)
	_, err := o.statement(day(1), day(1), false)
	wantClass(t, err, client.ClassUnsupported)
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Message != "by portal only" {
		t.Errorf("%v", err)
	}
	if _, err = o.StatementZone(t.Context(), shop); client.ClassOf(err) != client.ClassUnsupported {
		t.Errorf("%v", err)
	}
	if b.took() != "" || len(o.lines("order.statement-failed")) != 0 {
		t.Error("it was asked")
	}
	err = o.Statement(t.Context(), "nobody", day(1), day(1), false, nil)
	wantClass(t, err, client.ClassNotFound)
}
