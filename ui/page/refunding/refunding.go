// Package refunding owns the way from "refund this order" to a committed
// intent: the dialog opens at once on what the ledger knows, the gateway is
// asked behind it, every edit makes a new plan, and consent commits exactly the
// plan that was on screen. It sends nothing: the poller does, by the desk.
package refunding

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/ui/ability"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Time limits: a plan may wait for a keyring that must be unlocked.
const (
	outlineLimit = 10 * time.Second
	planLimit    = 150 * time.Second
	commitLimit  = 20 * time.Second
)

// Desk plans and commits.
type Desk interface {
	Outline(ctx context.Context, ask desk.Ask) (desk.Plan, error)
	Plan(ctx context.Context, ask desk.Ask) (desk.Plan, error)
	Commit(ctx context.Context, plan desk.Plan, consent desk.Consent) (ledger.Refund, error)
	Profiles() []desk.Profile
}

// Flow is the refund under decision; at most one at a time. Make it with New.
type Flow struct {
	bag  *page.Bag
	desk Desk

	outlines *page.Asker[outlined]
	plans    *page.Asker[planned]
	commits  *page.Asker[ledger.Refund]

	form    *dialog.Refund // nil when no dialog is open
	order   ledger.Order
	profile desk.Profile
	plan    desk.Plan // the newest that the gateway confirmed

	watched []watched // made here, not settled yet
	looks   *page.Asker[progress]

	busy chan struct{} // full while a commit is under way
}

// outlined and planned are plans with the draft that they answer.
type outlined struct {
	seq  int
	plan desk.Plan
}

type planned struct {
	seq  int
	plan desk.Plan
	err  error
}

// New returns a flow at rest.
func New(bag *page.Bag, d Desk) *Flow {
	return &Flow{
		bag: bag, desk: d, busy: make(chan struct{}, 1),
		outlines: page.NewAsker[outlined](keys.Dialog, outlineLimit),
		plans:    page.NewAsker[planned](keys.Dialog, planLimit),
		commits:  page.NewAsker[ledger.Refund](keys.Dialog, commitLimit),
		looks:    page.NewAsker[progress](keys.Dialog, watchLimit),
	}
}

// Reasons are the reasons to choose from; the first is chosen.
func Reasons() []text.Safe {
	l := text.Literal
	return []text.Safe{
		l("customer return"), l("order cancelled"), l("duplicate payment"), l("goods not delivered"), l("goods damaged or wrong"),
		l("wrong amount charged"), l("fraud or dispute"), l("goodwill"), l("other"),
	}
}

// Start opens the dialog for an order. It is called for a key press only.
func (f *Flow) Start(o ledger.Order) tea.Cmd {
	f.order, f.plan = o, desk.Plan{}
	f.profile = desk.Profile{Name: o.Profile}
	for _, p := range f.desk.Profiles() {
		if p.Name == o.Profile {
			f.profile = p
		}
	}
	dot := text.Concat(text.Spaces(1), f.bag.Styles.Glyph.Dot, text.Spaces(1))
	form := dialog.NewRefund(f.bag.Kit(), dialog.RefundOrder{
		Number: text.Clean(o.OrderNo), Context: text.Join(dot, text.Clean(o.Profile), text.Clean(f.profile.Brand), f.who(o)),
		Env: style.EnvOf(f.profile.Environment), Paid: o.Amount, Refunded: o.Refunded, Refundable: o.Refundable(),
		Partial: f.partial(o), Reasons: Reasons(),
	}, f.bag.Clock())
	f.form = form
	f.bag.Host.Open(form, func(result dialog.Result) tea.Cmd {
		if f.form != form {
			return nil
		}
		return f.answered(result)
	})
	return f.ask(form.Draft(), true)
}

// partial says whether less than all that is left can be refunded, as far as the
// gateway and the channel of the payment are known.
func (f *Flow) partial(o ledger.Order) client.Capability {
	able, known := f.bag.Host.Can(o.Profile)
	if !known {
		return client.Can()
	}
	if reason, ok := ability.Check(able.Channel(o.Method).Partial); !ok {
		return client.Cannot(reason.String())
	}
	return client.Can()
}

// who is the user and how it was paid.
func (f *Flow) who(o ledger.Order) text.Safe {
	return text.Join(text.Spaces(1), text.Clean(o.UserID), story.Card(o.Brand, o.Method, o.Card))
}

// answered acts on what the dialog gives back.
func (f *Flow) answered(result dialog.Result) tea.Cmd {
	switch result := result.(type) {
	case dialog.Replan:
		return f.ask(result.Draft, false)
	case dialog.RefundConfirmed:
		f.form = nil
		return f.commit(result)
	case dialog.Closed:
		f.form = nil
		f.outlines.Drop()
		f.plans.Drop()
	}
	return nil
}

// ask makes a plan of a draft: from the ledger first, so that something stands
// there at once, and from the gateway.
func (f *Flow) ask(draft dialog.Draft, first bool) tea.Cmd {
	d, seq := f.desk, draft.Seq
	ask := desk.Ask{
		Profile: f.order.Profile, Order: f.order.OrderNo, Amount: draft.Amount.Major(), Reason: draft.Reason, Note: draft.Note,
		Undo: f.profile.Policy.UndoWindow,
	}
	plan := f.plans.Ask(f.bag.Ctx, func(ctx context.Context) (planned, error) {
		p, err := d.Plan(ctx, ask)
		return planned{seq: seq, plan: p, err: err}, nil
	})
	f.outlines.Drop()
	if !first {
		return plan // a second plan comes from what was just asked
	}
	return tea.Batch(plan, f.outlines.Ask(f.bag.Ctx, func(ctx context.Context) (outlined, error) {
		p, err := d.Outline(ctx, ask)
		return outlined{seq: seq, plan: p}, err
	}))
}

// Take handles an answer to one of the flow's questions.
func (f *Flow) Take(msg page.Routed) tea.Cmd {
	switch msg := msg.(type) {
	case page.Answer[outlined]:
		if o, ok, err := f.outlines.Take(msg); ok && err == nil && f.form != nil {
			shown := f.show(o.seq, o.plan)
			shown.Checking = true
			f.form.SetPlan(shown, f.bag.Clock())
		}
	case page.Answer[planned]:
		if p, ok, err := f.plans.Take(msg); ok && f.form != nil {
			f.outlines.Drop()
			f.take(p, err)
		}
	case page.Answer[ledger.Refund]:
		if r, ok, err := f.commits.Take(msg); ok {
			return f.committed(r, err)
		}
	case page.Answer[progress]:
		if rows, ok, err := f.looks.Take(msg); ok && err == nil {
			f.tell(rows)
		}
		return f.looks.Queued()
	}
	return nil
}

// take puts what the gateway confirmed, or why it could not, before the
// person.
func (f *Flow) take(p planned, err error) {
	if err == nil {
		err = p.err
	}
	if err != nil {
		problem := story.ProblemOf(err)
		f.form.SetPlan(dialog.RefundPlan{
			Seq: p.seq, Refusal: text.Join(text.Literal(": "), f.bag.Styles.Error(problem.Class).Word, problem.Message), Hint: problem.Hint,
		}, f.bag.Clock())
		return
	}
	f.plan = p.plan
	f.form.SetPlan(f.show(p.seq, p.plan), f.bag.Clock())
}

// show puts a plan into words.
func (f *Flow) show(seq int, p desk.Plan) dialog.RefundPlan {
	shown := dialog.RefundPlan{
		Seq: seq, ID: p.Hash, Refunded: p.Refunded, Refundable: p.Refundable, Number: text.Clean(p.RefundNo),
		Wire: text.Clean(p.Amount.String()), Undo: p.Undo,
	}
	shown.Warnings = warnings(p)
	if p.Refusal != nil {
		shown.Refusal, shown.Hint = text.Clean(p.Refusal.Message), text.Clean(p.Refusal.Hint)
	}
	if p.NeedsTyping {
		shown.Confirm = p.Amount.Major()
	}
	return shown
}

// shortNo is the cells of a refund number inside a sentence.
const shortNo = 13

// warnings puts what the person must know before everything else first: money that
// may have moved although it is not counted. What else the desk says of such a
// refund would only hide that on a small screen.
func warnings(p desk.Plan) (list []text.Safe) {
	var doubted []string
	for _, r := range p.Refunds {
		if p.Doubtful && r.Alert == desk.AlertTimer {
			doubted = append(doubted, r.RefundNo)
			list = append(list, text.Concat(text.Amount(r.Amount), text.Literal(" may have moved already: "), text.TruncateMiddle(text.Clean(r.RefundNo), shortNo),
				text.Literal(" was closed by a timer. Look in the gateway's portal")))
		}
	}
	for _, w := range p.Warnings {
		if !slices.ContainsFunc(doubted, func(no string) bool { return strings.Contains(w, no) }) {
			list = append(list, text.Clean(w))
		}
	}
	return list
}

// commit makes the consented plan an intent. The plan must be the very one
// that was on screen (I12); the desk checks it again.
func (f *Flow) commit(yes dialog.RefundConfirmed) tea.Cmd {
	d, plan := f.desk, f.plan
	consent := desk.Consent{PlanHash: yes.PlanID, Typed: yes.Typed, At: f.bag.Clock()}
	return f.commits.Ask(f.bag.Ctx, func(ctx context.Context) (ledger.Refund, error) {
		f.busy <- struct{}{}
		defer func() { <-f.busy }()
		keep, stop := context.WithTimeout(context.WithoutCancel(ctx), commitLimit)
		defer stop()
		return d.Commit(keep, plan, consent)
	})
}

// Drain waits for a commit under way, so that quitting right after consent
// does not cut it short; it gives up when ctx ends.
func (f *Flow) Drain(ctx context.Context) {
	select {
	case f.busy <- struct{}{}:
		<-f.busy
	case <-ctx.Done():
	}
}

// committed says what happens now and goes where it can be watched and taken
// back.
func (f *Flow) committed(r ledger.Refund, err error) tea.Cmd {
	if err != nil {
		f.bag.Host.Fail(text.Literal("refund not made"), err)
		return nil
	}
	f.watched = append(f.watched, watched{profile: r.Profile, no: r.RefundNo})
	words := text.Concat(text.Amount(r.Amount), text.Literal(" of "), text.Clean(r.OrderNo), text.Literal(" is being refunded"))
	if r.Status == client.RefundHeld {
		words = text.Concat(text.Amount(r.Amount), text.Literal(" of "), text.Clean(r.OrderNo), text.Literal(" is held for "),
			text.Span(r.HeldUntil.Sub(r.CreatedAt)), text.Literal("; "), f.bag.Keys.Label("refund.cancel"), text.Literal(" takes it back"))
	}
	f.bag.Host.Say(style.Accent, words)
	return f.bag.Host.Jump(page.Target{Page: keys.Refunds, Profile: r.Profile, No: r.RefundNo})
}
