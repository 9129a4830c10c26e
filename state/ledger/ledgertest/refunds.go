package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Every member of a refund comes back as it went in, and as it was updated.
func testRefunds(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	o := put(t, s, order(1))[0]
	r := refund(o, "R1", 2500, client.RefundHeld)
	r.Note, r.PlanHash, r.HeldUntil, r.ConfirmedAt = "ticket 1182", "ab12", at(61), at(60)
	r.ID = insert(t, s, r)[0].ID
	same(t, "Refund", r, must(s.Refund(ctx, "shop", "r1"))(t))

	r.GatewayRefundNo, r.Status, r.FailCode, r.SettledAt = "GR1", client.RefundFailed, "E7", at(99)
	r.Attempt, r.Foreign, r.NoRecord, r.Refused, r.Alert = 2, true, true, true, "conflict"
	r.SentAt, r.LastSentAt, r.Sends, r.Checks, r.NotFound = at(62), at(63), 2, 3, 1
	r.NotFoundSince, r.NextCheckAt = at(64), at(65)
	r.Last = ledger.Last{Code: "OK", Message: "fine", Verified: true, At: at(66)}
	update(t, s, func(tx ledger.Tx) error { return tx.UpdateRefund(r) })
	same(t, "by the gateway's number", r, must(s.Refund(ctx, "", "gr1"))(t))
	same(t, "RefundsOf", []ledger.Refund{r}, must(s.RefundsOf(ctx, o.ID))(t))
	update(t, s, func(tx ledger.Tx) error {
		got, err := tx.RefundsOf(o.ID)
		same(t, "Tx.RefundsOf", []ledger.Refund{r}, got)
		gone := r
		gone.ID += 1000
		if err := tx.UpdateRefund(gone); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("updating nothing: %v", err)
		}
		return err
	})
	if _, err := s.Refund(ctx, "", "nothing"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("no such refund: %v", err)
	}
	if _, err := s.Refund(ctx, "other", "R1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("no such refund in the profile: %v", err)
	}
	err := s.Update(ctx, func(tx ledger.Tx) error {
		orphan := refund(o, "R9", 1, client.RefundIntent)
		orphan.OrderID = 12345
		_, err := tx.InsertRefund(orphan)
		return err
	})
	if !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a refund of no order: %v", err)
	}
}

// A number is unique per gateway and merchant, until it is free again: taken
// back before it was sent, or refused without a record (I3). Of several, the
// newest is found.
func testRefundNumbers(t *testing.T, open Open) { // covers I3
	s := open(t)
	ctx := context.Background()
	list := put(t, s, order(1), order(2))
	first := insert(t, s, refund(list[0], "R1", 100, client.RefundFailed))[0]
	try := func(r ledger.Refund) error {
		return s.Update(ctx, func(tx ledger.Tx) error { _, err := tx.InsertRefund(r); return err })
	}
	if err := try(refund(list[1], "r1", 100, client.RefundIntent)); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("a taken number: %v", err)
	}
	elsewhere := refund(list[1], "R1", 100, client.RefundFailed)
	elsewhere.Merchant, elsewhere.Profile = "m2", "shop2"
	if err := try(elsewhere); err != nil {
		t.Errorf("the same number at another merchant: %v", err)
	}
	first.NoRecord = true
	update(t, s, func(tx ledger.Tx) error { return tx.UpdateRefund(first) })
	second := refund(list[0], "R1", 100, client.RefundCancelled)
	if err := try(second); err != nil {
		t.Errorf("after a refusal without a record: %v", err)
	}
	third := insert(t, s, refund(list[0], "R1", 300, client.RefundIntent))[0]
	if got := must(s.Refund(ctx, "shop", "R1"))(t); got.ID != third.ID {
		t.Errorf("found refund %d; want the newest, %d", got.ID, third.ID)
	}
	if _, err := s.Refund(ctx, "", "R1"); !errors.Is(err, ledger.ErrAmbiguous) {
		t.Errorf("one number at two merchants: %v", err)
	}
	if err := try(refund(list[0], "R1", 100, client.RefundFailed)); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("the number is taken again: %v", err)
	}
}

// At most one refund of an order is open, in an insert and in an update.
func testOneOpen(t *testing.T, open Open) { // covers I5
	s := open(t)
	o := put(t, s, order(1))[0]
	for i, status := range []client.RefundStatus{
		client.RefundHeld, client.RefundIntent, client.RefundSending, client.RefundUnknown, client.RefundPending,
	} {
		r := insert(t, s, refund(o, fmt.Sprint("open", i), 100, status))[0]
		for _, another := range []client.RefundStatus{client.RefundHeld, client.RefundIntent, client.RefundPending} {
			err := s.Update(context.Background(), func(tx ledger.Tx) error {
				_, err := tx.InsertRefund(refund(o, "another", 100, another))
				return err
			})
			if !errors.Is(err, ledger.ErrOpen) {
				t.Errorf("%s beside %s: %v", another, status, err)
			}
		}
		r.Status = client.RefundFailed
		update(t, s, func(tx ledger.Tx) error { return tx.UpdateRefund(r) })
	}
	settled := insert(t, s, refund(o, "settled", 100, client.RefundSuccess), refund(o, "open", 100, client.RefundIntent))[0]
	settled.Status = client.RefundPending
	err := s.Update(context.Background(), func(tx ledger.Tx) error { return tx.UpdateRefund(settled) })
	if !errors.Is(err, ledger.ErrOpen) {
		t.Errorf("reopening beside an open one: %v", err)
	}
}

// The sums of an order follow its refunds within the same decision.
func testSums(t *testing.T, open Open) {
	s := open(t)
	o := put(t, s, order(1))[0]
	check := func(tx ledger.Tx, refunded, reserved int64, no string, status client.RefundStatus) error {
		t.Helper()
		got, err := tx.OrderByID(o.ID)
		if got.Refunded != hkd(refunded) || got.Reserved != hkd(reserved) || got.OpenRefund != no || got.OpenStatus != status {
			t.Errorf("sums %s, %s, %q, %q; want %d, %d, %q, %q", got.Refunded, got.Reserved, got.OpenRefund, got.OpenStatus,
				refunded, reserved, no, status)
		}
		return err
	}
	update(t, s, func(tx ledger.Tx) error {
		r, err := tx.InsertRefund(refund(o, "R1", 4000, client.RefundIntent))
		if err != nil {
			return err
		}
		for _, step := range []struct {
			status             client.RefundStatus
			refunded, reserved int64
			open               bool
		}{
			{client.RefundIntent, 0, 4000, true},
			{client.RefundSending, 0, 4000, true},
			{client.RefundUnknown, 0, 4000, true},
			{client.RefundPending, 0, 4000, true},
			{client.RefundSuccess, 4000, 0, false},
			{client.RefundReversed, 0, 0, false},
			{client.RefundFailed, 0, 0, false},
			{client.RefundClosed, 0, 0, false},
			{client.RefundCancelled, 0, 0, false},
			{client.RefundSuccess, 4000, 0, false},
		} {
			r.Status = step.status
			if err := tx.UpdateRefund(r); err != nil {
				return err
			}
			no, status := "", client.RefundStatus("")
			if step.open {
				no, status = "R1", step.status
			}
			if err := check(tx, step.refunded, step.reserved, no, status); err != nil {
				return err
			}
		}
		_, err = tx.InsertRefund(refund(o, "R2", 6000, client.RefundPending))
		if err != nil {
			return err
		}
		return check(tx, 4000, 6000, "R2", client.RefundPending)
	})
	got := must(s.Order(context.Background(), "shop", o.OrderNo))(t)
	if rest := got.Refundable(); rest != hkd(0) {
		t.Errorf("refundable %s, want nothing", rest)
	}
}

// Race lets four agents try to refund each of 50 orders whole, over the stores
// given, which are handles of one ledger. Each decision checks the rest inside
// its transaction, as the desk does; exactly 50 are accepted.
func Race(t *testing.T, stores ...ledger.Store) {
	t.Helper()
	const orders, agents = 50, 4
	var list []ledger.Order
	for i := range orders {
		list = append(list, order(i))
	}
	list = put(t, stores[0], list...)
	errTooMuch := errors.New("more than the rest")
	var mu sync.Mutex
	accepted, refused := map[int64]int{}, 0
	var wg sync.WaitGroup
	for agent := range agents {
		s := stores[agent%len(stores)]
		wg.Go(func() {
			for _, o := range list {
				no := fmt.Sprintf("A%d-%s", agent, o.OrderNo)
				err := s.Update(context.Background(), func(tx ledger.Tx) error {
					now, err := tx.OrderByID(o.ID)
					if err != nil {
						return err
					}
					r := refund(now, no, 10_000, client.RefundIntent)
					if now.Refundable().Minor < r.Amount.Minor {
						return errTooMuch
					}
					r, err = tx.InsertRefund(r)
					if err != nil || agent%2 == 0 {
						return err
					}
					r.Status = client.RefundSuccess // a fast winner: the index alone would let the next one in
					return tx.UpdateRefund(r)
				})
				mu.Lock()
				switch {
				case err == nil:
					accepted[o.ID]++
				case errors.Is(err, errTooMuch), errors.Is(err, ledger.ErrOpen):
					refused++
				default:
					t.Errorf("agent %d, order %s: %v", agent, o.OrderNo, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(accepted) != orders || refused != orders*(agents-1) {
		t.Errorf("%d orders refunded, %d refused; want %d and %d", len(accepted), refused, orders, orders*(agents-1))
	}
	for id, n := range accepted {
		if refunds := must(stores[0].RefundsOf(context.Background(), id))(t); n != 1 || len(refunds) != 1 {
			t.Errorf("order %d: accepted %d times, %d refunds", id, n, len(refunds))
		}
	}
}

func testRace(t *testing.T, open Open) { // covers I5 F14
	Race(t, open(t))
}

// What is due comes earliest first; nothing that is not.
func testDue(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	if _, ok, err := s.NextDue(ctx); ok || err != nil {
		t.Errorf("an empty ledger has something due: %v", err)
	}
	var refunds []ledger.Refund
	for i, o := range put(t, s, order(1), order(2), order(3), order(4)) {
		r := refund(o, fmt.Sprint("R", i), 100, client.RefundPending)
		r.NextCheckAt, r.SentAt, r.Checks = at(100-i*10), at(50+i), i
		refunds = append(refunds, r)
	}
	refunds[3].NextCheckAt, refunds[2].Profile, refunds[1].SentAt = time.Time{}, "shop2", time.Time{}
	refunds = insert(t, s, refunds...)
	update(t, s, func(tx ledger.Tx) error {
		_, err := tx.InsertUnbind(ledger.Unbind{Profile: "shop", Token: "T1", Status: ledger.UnbindUnknown, CreatedAt: at(1), NextCheckAt: at(85)})
		return err
	})
	want := []ledger.Due{
		{Profile: "shop2", Kind: ledger.DueRefund, No: "R2", Status: client.RefundPending, At: at(80), Since: at(52), Checks: 2},
		{Profile: "shop", Kind: ledger.DueUnbind, No: "T1", Status: client.RefundStatus(ledger.UnbindUnknown), At: at(85), Since: at(1)},
		{Profile: "shop", Kind: ledger.DueRefund, No: "R1", Status: client.RefundPending, At: at(90), Since: refunds[1].CreatedAt, Checks: 1},
		{Profile: "shop", Kind: ledger.DueRefund, No: "R0", Status: client.RefundPending, At: at(100), Since: at(50)},
	}
	same(t, "all due", want, must(s.Due(ctx, "", at(100), 10))(t))
	same(t, "limited", want[:2], must(s.Due(ctx, "", at(100), 2))(t))
	same(t, "earlier", want[:1], must(s.Due(ctx, "", at(80), 10))(t))
	same(t, "nothing yet", []ledger.Due{}, must(s.Due(ctx, "", at(79), 10))(t))
	same(t, "of one profile", want[1:], must(s.Due(ctx, "shop", at(100), 10))(t))
	next, ok, err := s.NextDue(ctx)
	if !next.Equal(at(80)) || !ok || err != nil {
		t.Errorf("NextDue = %s, %v, %v", next, ok, err)
	}
	same(t, "open, oldest first", []string{"R0", "R1", "R3"}, refundNos(must(s.OpenRefunds(ctx, "shop"))(t)))
	same(t, "open of all", 4, len(must(s.OpenRefunds(ctx, ""))(t)))
}

func testCounters(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	var list []ledger.Order
	for i := range 9 {
		o := order(i)
		if i == 8 {
			o.Profile = "shop2"
		}
		list = append(list, o)
	}
	list = put(t, s, list...)
	var refunds []ledger.Refund
	for i, status := range []client.RefundStatus{
		client.RefundHeld, client.RefundIntent, client.RefundSending, client.RefundPending, client.RefundUnknown,
		client.RefundSuccess, client.RefundReversed, client.RefundFailed, client.RefundUnknown,
	} {
		r := refund(list[i], fmt.Sprint("R", i), 100, status)
		if status == client.RefundReversed {
			r.Alert = "reversed"
		}
		refunds = append(refunds, r)
	}
	insert(t, s, refunds...)
	same(t, "all", ledger.Counters{Orders: 9, Pending: 4, Unknown: 2, Alerts: 1}, must(s.Counters(ctx, nil))(t))
	same(t, "one", ledger.Counters{Orders: 1, Unknown: 1}, must(s.Counters(ctx, []string{"shop2"}))(t))
	same(t, "both", ledger.Counters{Orders: 9, Pending: 4, Unknown: 2, Alerts: 1}, must(s.Counters(ctx, []string{"shop", "shop2"}))(t))
	same(t, "none", ledger.Counters{}, must(s.Counters(ctx, []string{"nobody"}))(t))
}

// What an agent refunded counts in every state that reserved or moved money.
func testRefundedSince(t *testing.T, open Open) {
	s := open(t)
	var list []ledger.Order
	for i := range 14 {
		list = append(list, order(i))
	}
	list = put(t, s, list...)
	statuses := []client.RefundStatus{
		client.RefundHeld, client.RefundIntent, client.RefundSending, client.RefundUnknown, client.RefundPending, client.RefundSuccess,
		client.RefundReversed, client.RefundFailed, client.RefundClosed, client.RefundCancelled,
	}
	var refunds []ledger.Refund
	for i, status := range statuses {
		r := refund(list[i], fmt.Sprint("R", i), 1<<i, status)
		r.CreatedAt = at(100)
		refunds = append(refunds, r)
	}
	old := refund(list[10], "old", 1<<10, client.RefundSuccess)
	old.CreatedAt = at(99)
	other := refund(list[11], "other", 1<<11, client.RefundSuccess)
	other.CreatedAt, other.Agent = at(100), "tom"
	foreign := refund(list[12], "foreign", 1<<12, client.RefundSuccess)
	foreign.CreatedAt, foreign.Foreign = at(100), true
	insert(t, s, append(refunds, old, other, foreign)...)
	update(t, s, func(tx ledger.Tx) error {
		for _, c := range []struct {
			profile, agent, currency string
			want                     int64
		}{
			{"shop", "mei", "HKD", 1<<7 - 1},
			{"shop", "", "HKD", 1<<7 - 1 + 1<<11},
			{"shop", "tom", "HKD", 1 << 11},
			{"shop", "mei", "IDR", 0},
			{"shop2", "", "HKD", 0},
		} {
			got, err := tx.RefundedSince(c.profile, c.agent, c.currency, at(100))
			if got != c.want || err != nil {
				t.Errorf("RefundedSince(%q, %q, %q) = %d, %v; want %d", c.profile, c.agent, c.currency, got, err, c.want)
			}
		}
		return nil
	})
}

// The list of refunds begins with the oldest worry.
func testQueue(t *testing.T, open Open) {
	s := open(t)
	var list []ledger.Order
	for i := range 9 {
		list = append(list, order(i))
	}
	list = put(t, s, list...)
	made := func(i int, no string, status client.RefundStatus, created, settled time.Time, alert string) ledger.Refund {
		r := refund(list[i], no, 100, status)
		r.CreatedAt, r.SettledAt, r.Alert = created, settled, alert
		return r
	}
	insert(t, s,
		made(0, "settled-old", client.RefundSuccess, at(1), at(10), ""),
		made(1, "pending-new", client.RefundPending, at(30), time.Time{}, ""),
		made(2, "unknown-new", client.RefundUnknown, at(40), time.Time{}, ""),
		made(3, "alert", client.RefundReversed, at(50), at(60), "reversed"),
		made(4, "held-old", client.RefundHeld, at(5), time.Time{}, ""),
		made(5, "settled-new", client.RefundFailed, at(2), at(11), ""),
		made(6, "unknown-old", client.RefundUnknown, at(20), time.Time{}, "signature"),
		made(7, "cancelled", client.RefundCancelled, at(3), time.Time{}, ""),
	)
	want := []string{"unknown-old", "unknown-new", "alert", "held-old", "pending-new", "settled-new", "settled-old", "cancelled"}
	got := must(s.Refunds(context.Background(), ledger.Page{Limit: 20}))(t)
	same(t, "queue", want, refundNos(got))
	for i := range want {
		after := must(s.Refunds(context.Background(), ledger.Page{Limit: 20, Anchor: got[i].ID}))(t)
		same(t, "after "+want[i], want[i+1:], refundNos(after))
		before := must(s.Refunds(context.Background(), ledger.Page{Limit: 20, Anchor: got[i].ID, Back: true, Include: true}))(t)
		same(t, "up to "+want[i], want[:i+1], refundNos(before))
	}
}
