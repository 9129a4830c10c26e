package sim_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// agent is the person at a process: one doing after the other.
type agent struct {
	p    *process
	left int // doings that are still to come
	busy bool
}

// begin plans the agent's next doing.
func (a *agent) begin() {
	w := a.p.w
	if a.left == 0 || a.busy || w.calm || w.bad != nil {
		a.left = 0
		return
	}
	if a.p.store == nil { // waits for the program to start
		w.after(5*time.Second, a.begin)
		return
	}
	a.left--
	a.busy = true
	name, do := a.choose()
	t := w.spawn(a.p, a.p.agent+" "+name, do, func() {
		a.busy = false
		w.after(a.think(), a.begin)
	})
	if w.chance(w.plan.impatient) {
		w.after(w.between(100*time.Millisecond, 20*time.Second), func() {
			if !t.ended {
				w.logf(a.p.agent, "gives up waiting")
				t.giveUp()
			}
		})
	}
}

// think is how long a person needs between two doings.
func (a *agent) think() time.Duration {
	if a.p.w.chance(100) {
		return a.p.w.between(time.Minute, 8*time.Minute)
	}
	return a.p.w.between(0, 30*time.Second)
}

// choose decides what the agent does next.
func (a *agent) choose() (string, func(context.Context)) {
	w := a.p.w
	h := pick(w.random, w.houses...)
	switch n := w.random.IntN(100); {
	case len(h.users) > 0 && n < 30:
		return "unbinds", func(ctx context.Context) { a.unbind(ctx, h) }
	case n < 70:
		return "refunds", func(ctx context.Context) { a.refund(ctx, h) }
	case n < 82:
		return "takes back", func(ctx context.Context) { a.cancel(ctx) }
	case n < 92:
		return "looks", func(ctx context.Context) { a.view(ctx) }
	default:
		return "confirms again", func(ctx context.Context) { a.confirm(ctx) }
	}
}

// logf writes what the agent did.
func (a *agent) logf(format string, args ...any) { a.p.w.logf(a.p.agent, format, args...) }

// ask is what the agent wants refunded.
func (a *agent) ask(h *house) desk.Ask {
	w := a.p.w
	o := pick(w.random, h.orders...)
	amount := "all"
	if w.random.IntN(3) > 0 {
		part := o.Amount
		part.Minor = max(1, part.Minor/int64(2+w.random.IntN(6)))
		amount = part.Major()
	}
	return desk.Ask{
		Profile: h.profile, Order: h.known(o), Amount: amount, Reason: pick(w.random, "", "customer return", "wrong size"), Undo: w.plan.undo,
	}
}

// refund plans, thinks, perhaps edits, says yes, and perhaps sends at once.
func (a *agent) refund(ctx context.Context, h *house) {
	w, d := a.p.w, a.p.desk
	a.unlock(ctx, h)
	ask := a.ask(h)
	plan, err := d.Plan(ctx, ask)
	if err != nil {
		a.logf("plans %s of %s: %s", ask.Amount, short(ask.Order), brief(err))
		return
	}
	w.judgePlan(a.p, plan)
	if plan.Refusal != nil {
		a.logf("plans %s of %s: refused, %s", plan.Amount, short(ask.Order), plan.Refusal.Code)
		a.toldWho(plan.Refusal)
		return
	}
	w.pause(a.think())
	first := plan
	if w.chance(200) { // an edit voids what was shown
		ask.Amount = pick(w.random, "all", "1", plan.Amount.Major())
		if plan, err = d.Plan(ctx, ask); err != nil || plan.Refusal != nil {
			a.logf("edits: %s", brief(err))
			return
		}
		w.pause(a.think() / 4)
	}
	a.tryStale(ctx, first, plan)
	a.commit(ctx, h, plan)
}

// unlock lifts the read-only of a profile for a little while.
func (a *agent) unlock(ctx context.Context, h *house) {
	w := a.p.w
	if !w.plan.locked {
		return
	}
	lasts := w.between(20*time.Second, 3*time.Minute)
	err := a.p.desk.Unlock(ctx, h.profile, lasts)
	a.logf("unlocks %s for %d s: %s", h.gateway, int(lasts.Seconds()), brief(err))
	if err == nil {
		a.p.unlocked[h.profile] = a.p.clock().Add(lasts)
	}
}

// tryStale says yes to another plan than the one that is handed in; that must
// come to nothing (I12).
func (a *agent) tryStale(ctx context.Context, first, plan desk.Plan) {
	w := a.p.w
	if !w.chance(100) {
		return
	}
	edited := plan
	edited.Amount.Minor++
	for _, try := range []struct {
		plan desk.Plan
		hash string
	}{{plan, first.Hash + "0"}, {edited, edited.Hash}, {edited, first.Hash}} {
		if _, err := a.p.desk.Commit(ctx, try.plan, desk.Consent{PlanHash: try.hash, Typed: try.plan.Amount.Major(), At: a.p.clock()}); err == nil {
			w.violate("I12", "%s: consent to another plan was taken for %s", a.p.agent, short(plan.RefundNo))
		}
	}
}

// commit says yes.
func (a *agent) commit(ctx context.Context, h *house, plan desk.Plan) {
	w, p := a.p.w, a.p
	p.confirming = &plan
	r, err := p.desk.Commit(ctx, plan, desk.Consent{PlanHash: plan.Hash, Typed: plan.Amount.Major(), At: p.clock()})
	p.confirming = nil
	a.logf("says yes to %s of %s under %s: %s", plan.Amount, short(plan.Order.OrderNo), short(plan.RefundNo), brief(err))
	if err != nil {
		a.toldWho(err)
		a.toldAtOnce(plan, err)
		return
	}
	if plan.Undo > 0 && w.chance(200) {
		w.pause(w.between(0, plan.Undo+2*time.Second))
		after, err := p.desk.Cancel(ctx, h.profile, r.RefundNo)
		a.logf("takes %s back: %s, %s", short(r.RefundNo), after.Status, brief(err))
		return
	}
	if !p.polls { // a verb of the command line sends by itself
		w.pause(max(0, r.HeldUntil.Sub(p.clock())))
		after, err := p.desk.Advance(ctx, h.profile, r.RefundNo)
		a.logf("sees %s: %s, %s", short(r.RefundNo), after.Status, brief(err))
	}
}

// toldWho checks that whoever came second is told who is ahead, when and with
// how much (F14).
func (a *agent) toldWho(err error) {
	var e *client.Error
	if !errors.As(err, &e) || e.Code != "open-refund" {
		return
	}
	a.p.w.tally.second++
	for _, r := range a.p.shelf.rows {
		who := r.Agent
		if r.Foreign {
			who = "another desk"
		}
		if strings.Contains(e.Message, r.RefundNo) && strings.Contains(e.Message, r.Amount.String()) && strings.Contains(e.Message, who) {
			return
		}
	}
	a.p.w.violate("F14", "%s is not told who, when and how much: %s", a.p.agent, e.Message)
}

// toldAtOnce checks that whoever lost the race hears of the open refund that won
// it, and not merely that something has changed.
func (a *agent) toldAtOnce(plan desk.Plan, err error) {
	var e *client.Error
	if !errors.As(err, &e) || e.Code != "changed" {
		return
	}
	a.p.shelf.each(func(r ledger.Refund) {
		if r.Profile == plan.Profile.Name && r.OrderNo == plan.Order.OrderNo && r.Status.Open() {
			a.p.w.violate("F14", "%s is not told of %s, which is %s", a.p.agent, r.RefundNo, r.Status)
		}
	})
}

// some picks one of the ledger's refunds that fit.
func (a *agent) some(fit func(client.RefundStatus, string) bool) (profile, no string, ok bool) {
	var found [][2]string
	for _, id := range sorted(a.p.shelf.rows) {
		if r := a.p.shelf.rows[id]; fit(r.Status, r.Alert) {
			found = append(found, [2]string{r.Profile, r.RefundNo})
		}
	}
	if len(found) == 0 {
		return "", "", false
	}
	one := pick(a.p.w.random, found...)
	return one[0], one[1], true
}

func (a *agent) cancel(ctx context.Context) {
	profile, no, ok := a.some(func(s client.RefundStatus, _ string) bool { return s.Open() })
	if !ok {
		return
	}
	after, err := a.p.desk.Cancel(ctx, profile, no)
	a.logf("takes %s back: %s, %s", short(no), after.Status, brief(err))
}

// view looks at one row, which asks about it at once.
func (a *agent) view(ctx context.Context) {
	profile, no, ok := a.some(func(client.RefundStatus, string) bool { return true })
	if !ok {
		return
	}
	if a.p.polls {
		a.logf("looks at %s", short(no))
		a.p.start(ledger.Due{Profile: profile, Kind: ledger.DueRefund, No: no})
		return
	}
	after, err := a.p.desk.Advance(ctx, profile, no)
	a.logf("looks at %s: %s, %s", short(no), after.Status, brief(err))
}

func (a *agent) confirm(ctx context.Context) {
	profile, no, ok := a.some(func(s client.RefundStatus, _ string) bool { return s == client.RefundIntent })
	if !ok {
		return
	}
	_, err := a.p.desk.Confirm(ctx, profile, no)
	a.logf("confirms %s again: %s", short(no), brief(err))
}

func (a *agent) unbind(ctx context.Context, h *house) {
	w, d := a.p.w, a.p.desk
	if len(h.users) == 0 {
		return
	}
	user := pick(w.random, h.users[:min(2, len(h.users))]...)
	tokens, err := d.Tokens(ctx, h.profile, user)
	if err != nil || len(tokens) == 0 {
		a.logf("lists cards of %s: %s", user, brief(err))
		return
	}
	w.pause(a.think() / 4)
	plan, err := d.PlanUnbind(ctx, h.profile, user, pick(w.random, tokens...).Token.Token, "asked by the customer")
	if err != nil || plan.Refusal != nil {
		a.logf("plans to unbind: %s", brief(err))
		return
	}
	u, err := d.CommitUnbind(ctx, plan)
	a.logf("unbinds %s: %s", short(plan.Token.Token.Token), brief(err))
	if err == nil && !a.p.polls {
		u, err = d.AdvanceUnbind(ctx, u)
		a.logf("sees card %s: %s, %s", short(u.Token), u.Status, brief(err))
	}
}

func sorted[V any](m map[int64]V) []int64 {
	ids := make([]int64, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
