package sim_test

import (
	"context"
	"maps"
	"slices"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// compare looks whether a ledger that is opened again holds what was durable.
func (p *process) compare() {
	if p.lives < 2 {
		return
	}
	w, s := p.w, p.shelf
	orders := map[int64]bool{}
	s.each(func(r ledger.Refund) { orders[r.OrderID] = true })
	found := 0
	for _, id := range slices.Sorted(maps.Keys(orders)) {
		rows, err := p.store.RefundsOf(context.Background(), id)
		if err != nil {
			w.violate("I14", "%s cannot read its ledger: %v", p.name, err)
			return
		}
		for _, r := range rows {
			found++
			if known := s.rows[r.ID]; known.RefundNo != r.RefundNo || known.Status != r.Status || known.Amount != r.Amount || known.Sends != r.Sends {
				w.violate("I1", "after a death ledger %s has %s as %s, not %s", s.name, known.RefundNo, r.Status, known.Status)
			}
		}
	}
	if found != len(s.rows) {
		w.violate("I1", "after a death ledger %s has %d refunds, not %d", s.name, found, len(s.rows))
	}
}

// compareAll compares the three records: the gateways' book, the ledgers and
// their journals.
func (w *world) compareAll() {
	w.watchBook()
	intended := map[string]bool{}
	for _, s := range w.ledgers {
		var p *process
		for _, one := range w.desks {
			if one.shelf == s {
				p = one
			}
		}
		for _, r := range s.lost {
			intended[r.Gateway+r.RefundNo] = true
		}
		s.each(func(r ledger.Refund) {
			if !r.Foreign {
				intended[r.Gateway+r.RefundNo] = true
			}
			w.compareRow(s, r)
		})
		w.compareOrders(p, s)
		w.compareJournal(p, s)
		for _, id := range sorted(s.unbinds) {
			u := s.unbinds[id]
			w.tally.unbind++
			if gone := w.cardGone(u); u.Status == ledger.UnbindDone && !gone {
				w.violate("F28", "card %s counts as %s; it is gone: %t", u.Token, u.Status, gone)
			}
		}
	}
	for _, r := range w.truth().Refunds {
		if _, during := w.seen[r.Gateway+r.RefundNo]; during && !intended[r.Gateway+r.RefundNo] {
			w.violate("F1", "the gateway has refund %s, which no ledger intended", r.RefundNo)
		}
	}
}

// compareRow compares one refund with the gateway's record at the very end.
func (w *world) compareRow(s *shelf, r ledger.Refund) {
	record, there := w.record(r.Gateway, r.RefundNo)
	newest, _ := s.newest(r.Profile, r.RefundNo)
	right := false
	switch r.Status {
	case client.RefundSuccess:
		right = there && record.Status == client.RefundSuccess && record.Moved == 1 && record.Amount == r.Amount
	case client.RefundFailed:
		right = there && record.Status == client.RefundFailed || r.NoRecord && (!there || newest.ID != r.ID || w.strangers())
	case client.RefundClosed:
		right = there && record.Status == client.RefundClosed
	case client.RefundReversed:
		right = there && record.Status == client.RefundFailed && record.Moved == 1 && r.Alert == "reversed"
	case client.RefundCancelled:
		right = s.ever[r.ID] == 0
	default:
		right = w.conflicting(r)
	}
	if !right {
		w.violate("F1", "at the end ledger %s has %s of %s as %s (alert %q); the gateway has it: %t %s of %s, moved %d", s.name, r.RefundNo, r.Amount,
			r.Status, r.Alert, there, record.Status, record.Amount, record.Moved)
	}
	// A request that was refused because of its time is signed once more (F13).
	again := 1
	if r.Gateway == "payermax" {
		again = 2
	}
	if s.ever[r.ID] > again*r.Sends || r.Sends != s.marks[r.ID] {
		w.violate("I1", "refund %s left %d times, is marked %d times and journalled %d times", r.RefundNo, s.ever[r.ID], r.Sends, s.marks[r.ID])
	}
}

// compareOrders compares the sums that a ledger shows with its refunds.
func (w *world) compareOrders(p *process, s *shelf) {
	for _, h := range w.houses {
		for _, o := range h.orders {
			row, err := p.store.Order(context.Background(), h.profile, o.OrderNo)
			if err != nil {
				continue // nobody ever looked at it
			}
			var done, open int64
			s.each(func(r ledger.Refund) {
				switch {
				case r.OrderID != row.ID:
				case r.Status == client.RefundSuccess:
					done += r.Amount.Minor
				case r.Status.Open():
					open += r.Amount.Minor
				}
			})
			if row.Refunded.Minor != done || row.Reserved.Minor != open {
				w.violate("I5", "order %s shows %s and %s, its refunds sum up to %d and %d", o.OrderNo, row.Refunded, row.Reserved, done, open)
			}
		}
	}
}

// compareJournal walks this seed's part of the chain (I13) and replays it against
// the rows.
func (w *world) compareJournal(p *process, s *shelf) {
	list, err := p.store.Events(context.Background(), ledger.EventFilter{After: s.seq, Limit: 10_000})
	if err != nil || len(list) != len(s.lines) {
		w.violate("I13", "the journal of ledger %s has %d lines, not %d: %v", s.name, len(list), len(s.lines), err)
		return
	}
	slices.Reverse(list)
	seq, digest := s.seq, s.digest
	intents, sendings := map[string]int{}, map[string]int{}
	for _, e := range list {
		if err := e.Follows(seq, digest); err != nil {
			w.violate("I13", "the journal of ledger %s: %v", s.name, err)
			return
		}
		seq, digest = e.Seq, e.Digest
		switch e.Kind {
		case "refund.intent", "refund.held":
			intents[e.Subject]++
		case "refund.sending":
			if intents[e.Subject] == 0 {
				w.violate("I1", "the journal of ledger %s has no intent before a sending of %s", s.name, e.Subject)
			}
			sendings[e.Subject]++
		}
	}
	sends := map[string]int{}
	s.each(func(r ledger.Refund) { sends[r.RefundNo] += r.Sends })
	for _, no := range slices.Sorted(maps.Keys(sendings)) {
		if sends[no] != sendings[no] {
			w.violate("I13", "the journal of ledger %s has %d sendings of %s, its rows have %d", s.name, sendings[no], no, sends[no])
		}
	}
}

// planAgain has every agent look at every order once more: each must see what
// the gateway has, whoever made it (I4, F15).
func (w *world) planAgain() {
	for _, p := range w.desks {
		for _, h := range w.houses {
			for _, o := range h.orders {
				w.spawn(p, p.agent+" plans at the end", func(ctx context.Context) {
					plan, err := p.desk.Plan(ctx, desk.Ask{Profile: h.profile, Order: h.known(o), Amount: "all"})
					if err != nil {
						w.violate("I4", "%s cannot plan at the end: %s", p.agent, brief(err))
						return
					}
					w.judgeEnd(p, h, plan)
				}, nil)
			}
		}
	}
	w.until("the last plans are made", func() bool {
		return !slices.ContainsFunc(w.desks, func(p *process) bool { return len(p.tasks) > 0 })
	})
}

// judgeEnd compares what a plan shows with the gateway's truth.
func (w *world) judgeEnd(p *process, h *house, plan desk.Plan) {
	var done int64
	for _, r := range w.truth().Refunds {
		if r.Gateway == h.gateway && r.OrderNo == plan.Order.OrderNo && r.Status == client.RefundSuccess {
			done += r.Amount.Minor
		}
	}
	if slices.ContainsFunc(plan.Refunds, w.conflicting) {
		return
	}
	if plan.Refunded.Minor != done || plan.Reserved.Minor != 0 || plan.Refundable.Minor != plan.Paid.Minor-done {
		w.violate("F15", "%s sees %s refunded of order %s and %s left; the gateway has %d of %s", p.agent, plan.Refunded, plan.Order.OrderNo,
			plan.Refundable, done, plan.Paid)
	}
}

// judgePlan looks at a plan that an agent is about to see.
func (w *world) judgePlan(p *process, plan desk.Plan) {
	if plan.Refusal == nil && slices.ContainsFunc(plan.Refunds, func(r ledger.Refund) bool { return r.Status.Open() }) {
		w.violate("F14", "%s may plan although a refund of order %s is open", p.agent, plan.Order.OrderNo)
	}
	if plan.Refusal == nil && (plan.Amount.Minor > plan.Paid.Minor-plan.Refunded.Minor-plan.Reserved.Minor || plan.Amount.Minor <= 0) {
		w.violate("I5", "a plan of %s for order %s, of which %s is left", plan.Amount, plan.Order.OrderNo, plan.Refundable)
	}
}
