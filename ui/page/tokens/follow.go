package tokens

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// ended is an unbinding that was decided here and is settled.
type ended struct {
	card ledger.Token
	gone bool
}

// Follow tells, on whatever page the person is, what became of the unbindings
// that were decided here.
func (p *Page) Follow(changes []feed.Change) tea.Cmd {
	about := func(c feed.Change) bool { return c.Kind == feed.Tokens || c.Kind == feed.All }
	if len(p.waiting) == 0 || !slices.ContainsFunc(changes, about) {
		return nil
	}
	from, list := p.bag.Ledger, slices.Clone(p.waiting)
	return p.ends.Queue(p.bag.Ctx, 0, func(ctx context.Context) (settled []ended, err error) {
		open, err := from.OpenUnbinds(ctx, "")
		if err != nil {
			return nil, err
		}
		for _, w := range list {
			same := func(u ledger.Unbind) bool { return u.Profile == w.Profile && u.Token == w.Token }
			if slices.ContainsFunc(open, same) {
				continue
			}
			card, err := from.Token(ctx, w.Profile, w.Token)
			if err != nil {
				return settled, err
			}
			settled = append(settled, ended{card: card, gone: card.Status == client.TokenRemoved})
		}
		return settled, nil
	})
}

// tell says how unbindings ended.
func (p *Page) tell(settled []ended) {
	for _, e := range settled {
		p.waiting = slices.DeleteFunc(p.waiting, func(u ledger.Unbind) bool {
			return u.Profile == e.card.Profile && u.Token == e.card.Token.Token
		})
		if e.gone {
			p.bag.Host.Say(style.Success, text.Concat(text.Literal("the card of "), text.Clean(e.card.UserID), text.Literal(" is unbound, the gateway confirms it")))
			continue
		}
		p.bag.Host.Say(style.Danger, text.Concat(text.Literal("the card of "), text.Clean(e.card.UserID),
			text.Literal(" was not unbound; the journal says why")))
	}
}
