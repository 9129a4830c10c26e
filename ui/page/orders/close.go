package orders

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/dialog"
	"paydesk/ui/page"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// shut is what came of closing a payment page.
type shut struct {
	order ledger.Order // as it was before, with its state afterwards
}

// canClose says why the payment page of an order cannot be closed; the desk
// decides.
func (p *Page) canClose(o ledger.Order) (text.Safe, bool) {
	if reason, ok := p.bag.Offers(o.Profile, func(c client.Capabilities) client.Capability { return c.CloseOrder }); !ok {
		return reason, false
	}
	switch o.Status {
	case client.OrderPending, client.OrderUnknown:
	default:
		return text.Concat(text.Literal("the order is "), text.Clean(string(o.Status))), false
	}
	if locked, _ := p.desk.ReadOnly(o.Profile); locked {
		return text.Concat(text.Literal("the profile is read-only; "), p.bag.Keys.Label("app.unlock"), text.Literal(" unlocks it")), false
	}
	return text.Literal("the order has no number to confirm it by"), closeText(o.OrderNo) != ""
}

// closeText is what must be typed: the end of the order's number.
func closeText(no string) string {
	tail := []rune(text.Clean(no).String())
	return string(tail[max(len(tail)-4, 0):])
}

// askClose asks before a payment page is closed for good.
func (p *Page) askClose(o ledger.Order) tea.Cmd {
	l := text.Literal
	var env style.Env
	for _, profile := range p.desk.Profiles() {
		if profile.Name == o.Profile {
			env = style.EnvOf(profile.Environment)
		}
	}
	form := dialog.NewTyped(p.bag.Kit(), dialog.TypedOptions{
		ID: "close", Title: text.Concat(l("Close the payment page of "), text.Clean(o.OrderNo)), Env: env,
		Intro: []text.Safe{
			text.Concat(text.Amount(o.Amount), l(", "), p.bag.Styles.Order(o.Status).Word, text.Concat(l(", profile "), text.Clean(o.Profile))),
			l("The customer cannot pay on it any more. If it was paid meanwhile, it stays paid."),
		},
		Warn: l("a closed page cannot be opened again"), Verb: l("Close the page"), Confirm: closeText(o.OrderNo),
	}, p.bag.Clock())
	p.bag.Host.Open(form, func(result dialog.Result) tea.Cmd {
		if _, ok := result.(dialog.Confirmed); ok {
			return p.closePage(o)
		}
		return nil
	})
	return nil
}

// closePage has the desk close it.
func (p *Page) closePage(o ledger.Order) tea.Cmd {
	d := p.desk
	p.bag.Host.Say(style.Pending, text.Concat(text.Literal("closing the payment page of "), text.Clean(o.OrderNo)))
	return p.jobs.shuts.Ask(p.bag.Ctx, func(ctx context.Context) (shut, error) {
		after, err := d.CloseOrder(ctx, o.Profile, o.OrderNo)
		if err != nil {
			after = o
		}
		return shut{order: after}, err
	})
}

// takeShut tells what came of it. After a lost answer the gateway is asked what
// became of the order: that, and no second try, settles it.
func (p *Page) takeShut(msg page.Answer[shut]) tea.Cmd {
	s, ok, err := p.jobs.shuts.Take(msg)
	if !ok {
		return nil
	}
	if err != nil {
		p.bag.Host.Fail(text.Literal("close the payment page"), err)
		if client.ClassOf(err) == client.ClassUnknown && s.order.OrderNo != "" {
			return p.look(s.order.Profile, s.order.OrderNo)
		}
		return nil
	}
	state := p.bag.Styles.Order(s.order.Status)
	p.bag.Host.Say(state.Tone, text.Join(text.Spaces(1), text.Literal("the gateway says of"), text.Clean(s.order.OrderNo), text.Literal("now:"), state.Word))
	return p.Open()
}
