package seed

import (
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
)

// step is one refund of a history: what part of the order, and how it ended.
type step struct {
	percent int64
	status  client.RefundStatus
	late    bool // failed after it had succeeded
}

// history is what happens to a refunded order, and how often.
type history struct {
	steps  []step
	weight int
}

// histories lists them. Failures are rare, as they are in life.
func histories() []history {
	ok := func(percent int64) step { return step{percent: percent, status: client.RefundSuccess} }
	failed := func(percent int64) step { return step{percent: percent, status: client.RefundFailed} }
	return []history{
		{[]step{ok(100)}, 10},
		{[]step{ok(40)}, 5},
		{[]step{ok(25)}, 5},
		{[]step{ok(30), ok(30)}, 4},
		{[]step{ok(20), ok(10), ok(50)}, 2},
		{[]step{failed(100), ok(100)}, 2},
		{[]step{failed(50)}, 1},
		{[]step{{percent: 60, status: client.RefundFailed, late: true}}, 1},
	}
}

// mostWaiting bounds the refunds that are pending at the start.
func (w *past) mostWaiting() int { return max(3, w.Orders/40) }

// refunds makes the refunds of one paid order.
func (w *past) refunds(o book.Order) {
	age := w.Start.Sub(o.PaidAt)
	steps := weighted(w, histories(), func(h history) int { return h.weight }).steps
	recent := age > 10*time.Minute && age < 20*day
	if recent && w.waiting < w.mostWaiting() && w.percent(45) {
		steps = []step{{50, client.RefundPending, false}}
		if w.percent(40) {
			steps = []step{{30, client.RefundSuccess, false}, {20, client.RefundPending, false}}
		}
		w.waiting++
	}
	// The whole history lies between the payment and now.
	slot := (min(age, 25*day) - 3*time.Minute) / time.Duration(len(steps))
	if slot < 4*time.Minute {
		return
	}
	at := o.PaidAt
	var all []book.Refund
	for i, s := range steps {
		r := w.refund(o, i+1, s, at.Add(w.between(time.Minute, slot/2)), slot/2)
		all = append(all, r)
		at = at.Add(slot)
	}
	for i, r := range all {
		e := book.Entry{At: r.CreatedAt, Why: "refund", Refunds: []book.Refund{r}}
		if steps[i].status == client.RefundSuccess || steps[i].late {
			e.Moves = []book.Move{{Gateway: r.Gateway, RefundNo: r.RefundNo, Amount: r.Amount}}
		}
		w.commit(e)
	}
}

// refund makes one refund. Its number is the one that paydesk computes, so
// that a new ledger discovers it by asking.
func (w *past) refund(o book.Order, attempt int, s step, at time.Time, room time.Duration) book.Refund {
	r := book.Refund{
		Gateway: w.Gateway, RefundNo: client.RefundNo(w.Gateway, w.Merchant, o.OrderNo, attempt), OrderNo: o.OrderNo,
		GatewayRefundNo: w.Numbers.GatewayRefund(at, w.next()), Amount: part(o.Amount, s.percent), Status: s.status, First: client.RefundPending,
		Reason: pick(w, reasons()), CreatedAt: at, Attempt: attempt, Agent: pick(w, agents()),
	}
	if w.percent(50) {
		r.Note = fmt.Sprintf("ticket %d", 1000+w.random.IntN(900))
	}
	if s.status != client.RefundPending {
		r.SettledAt = at.Add(w.between(30*time.Second, min(room, 40*time.Minute)))
		return r
	}
	if w.percent(35) {
		r.Plan = book.Stay
		return r
	}
	// Spread over the first minutes, so that there is something to watch.
	r.Plan, r.DueAt = book.Success, w.Start.Add(w.Pace.Scale(w.between(10*time.Minute, 3*time.Hour)))
	if w.percent(20) {
		r.Plan = book.Failed
	}
	return r
}

// part is so many percent of an amount, at least one minor unit.
func part(m client.Money, percent int64) client.Money {
	// The amounts of the past are small enough for the product.
	m.Minor = max(m.Minor*percent/100, 1)
	return m
}
