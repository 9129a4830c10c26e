package sim_test

import (
	"time"

	"paydesk/client"
	"paydesk/client/sandbox"
	"paydesk/state/ledger"
)

// underWay is how long an answer may be on its way to a ledger: what the gateway
// has learnt since is no news to it.
const underWay = 40 * time.Second

// judgeMove looks at a refund that has changed.
func (d *decision) judgeMove(before, r ledger.Refund) {
	p, s := d.s.p, d.s.shelf
	w := p.w
	if before.RefundNo != r.RefundNo || before.Amount != r.Amount || before.OrderNo != r.OrderNo || before.Attempt != r.Attempt ||
		before.PlanHash != r.PlanHash || before.Profile != r.Profile || before.Foreign != r.Foreign {
		w.violate("I2", "refund %s changed into %s of %s, attempt %d", before.RefundNo, r.RefundNo, r.Amount, r.Attempt)
	}
	if r.Sends > before.Sends {
		s.left[r.ID] = 0
		d.judgeAgain(before, r)
	}
	if before.Last.At.Sub(r.Last.At) > time.Microsecond && w.plan.jumps == 0 {
		w.violate("I9", "what was heard of %s at %s replaced what was heard at %s", r.RefundNo, r.Last.At, before.Last.At)
	}
	if p.hearing != nil {
		if before.Status != r.Status {
			w.violate("I8", "a callback moved %s from %s to %s", r.RefundNo, before.Status, r.Status)
		}
		if !p.hearing.verified {
			w.violate("I7", "a callback that is not verified touched %s", r.RefundNo)
		}
	}
	record, there := w.record(r.Gateway, r.RefundNo)
	if r.NoRecord && !before.NoRecord && there && w.now().Sub(w.seen[r.Gateway+r.RefundNo]) > underWay {
		w.violate("I3", "number %s was freed, but the gateway has a record: %s", r.RefundNo, record.Status)
	}
	if r.NoRecord && !before.NoRecord && r.NotFound < 3 {
		w.violate("I3", "number %s was freed after %d looks", r.RefundNo, r.NotFound)
	}
	d.judgePace(before, r)
	if before.Status == client.RefundReversed && before.Alert == "reversed" && r.Alert != before.Alert {
		w.violate("I10", "the alert of %s, which is reversed, became %q", r.RefundNo, r.Alert)
	}
	if r.Alert != before.Alert {
		w.logf(s.name, "%s: alert %q", short(r.RefundNo), r.Alert)
	}
	if before.Status == r.Status {
		return
	}
	w.logf(s.name, "%s: %s → %s", short(r.RefundNo), before.Status, r.Status)
	if !mayFollow(before, r) {
		w.violate("I9", "%s went from %s to %s", r.RefundNo, before.Status, r.Status)
	}
	if !d.told(r.RefundNo) {
		w.violate("I13", "no line about %s: %s → %s", r.RefundNo, before.Status, r.Status)
	}
	d.judgeTruth(r, record, there)
}

// judgePace looks at when an old refund is to be asked about next: after an hour
// no sooner than after two minutes (reliability: section 6).
func (d *decision) judgePace(before, r ledger.Refund) {
	w, now := d.s.p.w, d.s.p.clock()
	looked := r.Checks > before.Checks && r.Sends == before.Sends && r.NotFound == 0
	if !looked || !r.Status.Open() || r.SentAt.IsZero() || now.Sub(r.SentAt) < time.Hour || r.NextCheckAt.Sub(now) >= 2*time.Minute {
		return
	}
	w.violate("F20", "%s, %s since %s, is to be looked at again in %s", r.RefundNo, r.Status, now.Sub(r.SentAt), r.NextCheckAt.Sub(now))
}

// judgeAgain looks at a number that is sent once more: only what surely never
// left, or what the gateway has said three times in five minutes not to know
// (payermax: section 8.4).
func (d *decision) judgeAgain(before, r ledger.Refund) {
	if before.Status == client.RefundIntent {
		return
	}
	patience := 5 * time.Minute
	if d.s.p.w.plan.jumps > 0 {
		patience = 0
	}
	if before.NotFound < 3 || r.LastSentAt.Sub(before.NotFoundSince) < patience {
		d.s.p.w.violate("I2", "%s is sent again after %d looks since %s", r.RefundNo, before.NotFound, before.NotFoundSince)
	}
}

// judgeTruth compares a state with the gateway's.
func (d *decision) judgeTruth(r ledger.Refund, record sandbox.Refund, there bool) {
	w, s := d.s.p.w, d.s.shelf
	recent := there && w.now().Sub(w.seen[r.Gateway+r.RefundNo]) <= underWay
	right := true
	switch r.Status {
	case client.RefundPending:
		right = there
	case client.RefundSuccess:
		right = there && record.Moved == 1
	case client.RefundFailed:
		right = there && record.Status == client.RefundFailed || r.Refused && (!there || recent)
	case client.RefundClosed:
		right = there && record.Status == client.RefundClosed
	case client.RefundReversed:
		right = there && record.Status == client.RefundFailed && record.Moved == 1
		w.tally.reversed++
	case client.RefundIntent:
		right = s.left[r.ID] == 0
	case client.RefundCancelled:
		right = s.ever[r.ID] == 0
		w.tally.cancelled++
	default: // a doubt claims nothing
	}
	if !right {
		w.violate("I6", "ledger %s calls %s %s; the gateway has it: %t %s, moved %d; left %d of %d", s.name, r.RefundNo, r.Status, there,
			record.Status, record.Moved, s.left[r.ID], s.ever[r.ID])
	}
}

// judgeUnbind looks at the unbinding of a card that has changed (F28).
func (d *decision) judgeUnbind(before, u ledger.Unbind) {
	w := d.s.p.w
	if before.Status == u.Status {
		return
	}
	w.logf(d.s.shelf.name, "card %s: unbinding is %s", short(u.Token), u.Status)
	if !d.told(u.Token) {
		w.violate("I13", "no line about card %s: %s", u.Token, u.Status)
	}
	if u.Status == ledger.UnbindDone && !w.cardGone(u) {
		w.violate("F28", "card %s counts as unbound and is not", u.Token)
	}
	if before.Status != "" && !before.Status.Open() {
		w.violate("I9", "the unbinding of %s went from %s to %s", u.Token, before.Status, u.Status)
	}
}

func (w *world) cardGone(u ledger.Unbind) bool {
	for _, t := range w.truth().Tokens {
		if t.Gateway == u.Gateway && t.Token.Token == u.Token {
			return t.Status == client.TokenRemoved
		}
	}
	return true
}

// judgeNotice looks at a callback that was kept.
func (d *decision) judgeNotice(n notice) {
	key := n.Profile + n.Digest
	if n.fresh && d.s.shelf.digests[key] {
		d.s.p.w.violate("F9", "callback %s was kept twice", n.Digest)
	}
	d.s.shelf.digests[key] = true
}

// hurried counts how often the gateway is asked one thing: no look may turn into
// a storm, nor go on for ever at the pace of the first minutes (F20).
func (p *process) hurried(key string) {
	now := p.w.now()
	list := append(p.looked[key], now)
	for now.Sub(list[0]) > 6*time.Hour {
		list = list[1:]
	}
	p.looked[key] = list
	for _, limit := range []struct {
		most   int
		within time.Duration
	}{{60, 5 * time.Minute}, {150, 6 * time.Hour}} {
		if n := len(list) - 1 - limit.most; n >= 0 && now.Sub(list[n]) <= limit.within {
			p.w.violate("F20", "%s: asked %d times in %s", key, limit.most+1, limit.within)
		}
	}
}

// clean counts the looks that a doubt takes once all faults are over (F2).
func (p *process) clean(before ledger.Refund) {
	w := p.w
	if !w.calm || (before.Status != client.RefundSending && before.Status != client.RefundUnknown) || before.Alert == "conflict" {
		return
	}
	if record, there := w.record(before.Gateway, before.RefundNo); there && record.Status == client.RefundUnknown {
		return // the gateway itself does not know yet
	}
	doubt := [2]int64{before.ID, int64(before.Sends)}
	p.rounds[doubt]++
	if p.rounds[doubt] > 3 {
		w.violate("F2", "%s is still %s after %d clean looks", before.RefundNo, before.Status, p.rounds[doubt]-1)
	}
}
