package sim_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// nextStates is the table of reliability section 3, written anew so that the
// desk's own is not its judge.
var nextStates = map[client.RefundStatus][]client.RefundStatus{
	client.RefundHeld:    {client.RefundIntent, client.RefundCancelled},
	client.RefundIntent:  {client.RefundSending, client.RefundCancelled, client.RefundPending, client.RefundSuccess, client.RefundFailed, client.RefundClosed},
	client.RefundSending: {client.RefundIntent, client.RefundUnknown, client.RefundPending, client.RefundSuccess, client.RefundFailed, client.RefundClosed},
	client.RefundUnknown: {client.RefundSending, client.RefundPending, client.RefundSuccess, client.RefundFailed, client.RefundClosed},
	client.RefundPending: {client.RefundSuccess, client.RefundFailed, client.RefundClosed},
	client.RefundSuccess: {client.RefundReversed},
}

// mayFollow reports whether a refund may go on so. A refusal that left no
// record is not final before its number is free: the gateway's record is.
func mayFollow(before, after ledger.Refund) bool {
	if before.Status == client.RefundFailed && before.Refused && !before.NoRecord {
		return after.Status == client.RefundPending || after.Status == client.RefundSuccess
	}
	return slices.Contains(nextStates[before.Status], after.Status)
}

// judgeIntent looks at a request before a byte of it has left: what moves money
// or unbinds a card must stand in the ledger, durably and word for word.
func (c *parcel) judgeIntent() {
	w, s, l, a, path := c.w, c.p.shelf, c.wire, c.asked, c.req.URL.Path
	if l.h.unbinds(path) {
		for _, id := range sorted(s.unbinds) {
			if u := s.unbinds[id]; u.Profile == l.h.profile && u.Token == c.token && u.Status != ledger.UnbindIntent {
				return // perhaps another process has just seen its end: it is safe to repeat
			}
		}
		w.violate("I1", "card %s is unbound without an intent in ledger %s", c.token, s.name)
	}
	if !l.h.refunds(path) {
		return
	}
	r, ok := s.newest(l.h.profile, a.no)
	if !ok || r.Status != client.RefundSending || r.Foreign {
		w.violate("I1", "refund %s is sent; in ledger %s it is %q", a.no, s.name, r.Status)
		return
	}
	o, known := l.h.order(r.OrderNo)
	if want := l.h.wants(r.RefundNo, o, r.Amount); !known || a != want {
		w.violate("I2", "refund %s is sent as %v, the intent says %v", r.RefundNo, a, want)
	}
	if first, again := s.first[r.ID]; again && first != a {
		w.violate("I2", "refund %s is sent as %v, before as %v", r.RefundNo, a, first)
	}
	s.first[r.ID] = a
	if r.RefundNo != client.RefundNo(r.Gateway, r.Merchant, r.OrderNo, r.Attempt) {
		w.violate("I3", "refund %s is not the number of attempt %d", r.RefundNo, r.Attempt)
	}
	if age := l.p.clock().Sub(r.ConfirmedAt); r.Sends == 1 && w.plan.oneClock() && age > 16*time.Minute {
		w.violate("section 3", "refund %s is first sent %s after its consent", r.RefundNo, age)
	}
}

// oneClock reports whether all clocks go alike.
func (s *scenario) oneClock() bool {
	return s.jumps == 0 && !slices.ContainsFunc(s.skews, func(d time.Duration) bool { return d != s.skews[0] })
}

// leaves notes that a request is on its way.
func (c *parcel) leaves() {
	if !c.h.refunds(c.req.URL.Path) {
		return
	}
	if r, ok := c.p.shelf.newest(c.h.profile, c.asked.no); ok {
		c.p.shelf.left[r.ID]++
		c.p.shelf.ever[r.ID]++
	}
}

// record finds a refund in the gateways' book.
func (w *world) record(gateway, no string) (sandbox.Refund, bool) {
	for _, r := range w.truth().Refunds {
		if r.Gateway == gateway && r.RefundNo == no {
			return r, true
		}
	}
	return sandbox.Refund{}, false
}

// final reports whether a gateway's record has come to its end.
func final(s client.RefundStatus) bool {
	return s == client.RefundSuccess || s == client.RefundFailed || s == client.RefundClosed
}

// judgeArrival looks at a refund as it reaches the gateway: every earlier
// attempt of the order must have come to its end there (I3).
func (w *world) judgeArrival(h *house, a asked) map[string]bool {
	truth := w.truth().Refunds
	ends, there := map[string]bool{}, map[string]bool{}
	for _, r := range truth {
		if r.Gateway == h.gateway {
			there[r.RefundNo], ends[r.RefundNo] = true, final(r.Status)
		}
	}
	for _, o := range h.orders {
		if a.order != o.OrderNo && a.order != o.GatewayOrderNo {
			continue
		}
		for attempt := 1; attempt < 30; attempt++ {
			no := client.RefundNo(h.gateway, h.account.MerchantNo, o.OrderNo, attempt)
			if no == a.no {
				return there
			}
			if !ends[no] {
				w.violate("I3", "%s arrives for order %s while attempt %d has no final record", a.no, o.OrderNo, attempt)
				return there
			}
		}
	}
	w.violate("I3", "%s arrives, which is no number of order %s", a.no, a.order)
	return there
}

// judgeAccepted looks at what the gateway made of it: no refund without an
// intent for exactly that.
func (w *world) judgeAccepted(h *house, a asked, there map[string]bool) {
	r, ok := w.record(h.gateway, a.no)
	if !ok || there[a.no] {
		return
	}
	w.logf("gateway", "%s has %s of %s, %s", h.gateway, short(r.RefundNo), r.Amount, r.Status)
	w.seen[h.gateway+a.no] = w.now()
	for _, s := range w.ledgers {
		for _, row := range s.rows {
			if row.Profile == h.profile && row.RefundNo == r.RefundNo && row.Amount == r.Amount && !row.Foreign {
				return
			}
		}
		for _, row := range s.lost {
			if row.RefundNo == r.RefundNo && row.Amount == r.Amount {
				return
			}
		}
	}
	w.violate("F1", "the gateway has refund %s of %s, which nobody intended", r.RefundNo, r.Amount)
}

// watchBook looks at the gateways' truth: never twice, never too much.
func (w *world) watchBook() {
	truth := w.truth()
	sums := map[string]int64{}
	for _, r := range truth.Refunds {
		if r.Moved > 1 {
			w.violate("never twice", "money left %d times for %s", r.Moved, r.RefundNo)
		}
		if r.Status == client.RefundSuccess || r.Status == client.RefundPending {
			sums[r.Gateway+r.OrderNo] += r.Amount.Minor
		}
	}
	for _, o := range truth.Orders {
		if sum := sums[o.Gateway+o.OrderNo]; sum > o.Amount.Minor {
			w.violate("I5", "order %s: %d went back of %d", o.OrderNo, sum, o.Amount.Minor)
		}
	}
}

// consent is what an approval stands for (I12), computed anew.
func consent(p *desk.Plan) string {
	parts, _ := json.Marshal([]string{
		p.Profile.Gateway, p.Profile.Merchant, p.Order.OrderNo, p.RefundNo, p.Amount.Major(), p.Amount.Currency, p.Reason,
	})
	sum := sha256.Sum256(parts)
	return hex.EncodeToString(sum[:])
}

// house finds a gateway by its profile.
func (w *world) house(profile string) *house {
	for _, h := range w.houses {
		if h.profile == profile {
			return h
		}
	}
	return nil
}

// judgeNew looks at a refund that is new in a ledger.
func (d *decision) judgeNew(r ledger.Refund) {
	p, s := d.s.p, d.s.shelf
	w := p.w
	w.logf(s.name, "%s is new: %s of %s, attempt %d, foreign %t", short(r.RefundNo), r.Status, r.Amount, r.Attempt, r.Foreign)
	record, there := w.record(r.Gateway, r.RefundNo)
	if !d.told(r.RefundNo) {
		w.violate("I13", "no line about the new refund %s", r.RefundNo)
	}
	if p.hearing != nil {
		w.violate("I8", "a callback made refund %s", r.RefundNo)
	}
	if r.Foreign {
		w.tally.foreign++
		if !there || record.Amount != r.Amount {
			w.violate("I4", "ledger %s took in %s of %s, the gateway has %s", s.name, r.RefundNo, r.Amount, record.Amount)
		}
		return
	}
	w.tally.intents++
	plan := p.confirming
	switch {
	case plan == nil:
		w.violate("I12", "refund %s became an intent without a yes", r.RefundNo)
		return
	case r.RefundNo != plan.RefundNo || r.Amount != plan.Amount || r.OrderNo != plan.Order.OrderNo || r.Reason != plan.Reason, r.PlanHash != consent(plan):
		w.violate("I12", "refund %s of %s is not what was said yes to: %s of %s", r.RefundNo, r.Amount, plan.RefundNo, plan.Amount)
	case r.Status != client.RefundHeld && r.Status != client.RefundIntent:
		w.violate("I1", "refund %s begins as %s", r.RefundNo, r.Status)
	case there && w.now().Sub(w.seen[r.Gateway+r.RefundNo]) > w.plan.oldNews():
		w.violate("I4", "refund %s is intended anew; the gateway has had it since long", r.RefundNo)
	}
	if max := int64(300_0000); w.plan.limit {
		if m, err := r.Amount.Rescale(client.MaxExp); err != nil || m.Minor > max {
			w.violate("S24", "refund %s of %s is above the limit", r.RefundNo, r.Amount)
		}
	}
	if until := p.unlocked[r.Profile]; w.plan.locked && !p.clock().Before(until) {
		w.violate("S24", "refund %s became an intent while its profile was read-only", r.RefundNo)
	}
	d.judgeSums(r)
}

// oldNews is how long a ledger may not have looked when a refund is committed:
// a history is fresh for a minute and a plan for five, by the clock of a process.
func (s *scenario) oldNews() time.Duration {
	if s.oneClock() {
		return 7 * time.Minute
	}
	return 30 * time.Minute
}

// judgeSums looks at an order's refunds in one ledger (I5).
func (d *decision) judgeSums(r ledger.Refund) {
	w, s := d.s.p.w, d.s.shelf
	open, sum := 0, int64(0)
	s.each(func(other ledger.Refund) {
		if other.Profile != r.Profile || other.OrderNo != r.OrderNo {
			return
		}
		if other.Status.Open() {
			open++
		}
		if other.Status.Open() || other.Status == client.RefundSuccess {
			sum += other.Amount.Minor
		}
	})
	o, known := w.house(r.Profile).order(r.OrderNo)
	if open > 1 || !known || sum > o.Amount.Minor {
		w.violate("I5", "order %s in ledger %s: %d open, %d of %d", r.OrderNo, s.name, open, sum, o.Amount.Minor)
	}
}
