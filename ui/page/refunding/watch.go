package refunding

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// watchLimit bounds one read of the watched refunds.
const watchLimit = 10 * time.Second

// watched is a refund that was made here, until its end was told.
type watched struct {
	profile, no string
	doubted     bool // that its outcome is unknown was told
}

// progress is how the watched refunds stand.
type progress []ledger.Refund

// News reads the watched refunds again when one of them may have changed.
func (f *Flow) News(changes []feed.Change) tea.Cmd {
	if len(f.watched) == 0 || !slices.ContainsFunc(changes, f.concerns) {
		return nil
	}
	from, list := f.bag.Ledger, slices.Clone(f.watched)
	return f.looks.Queue(f.bag.Ctx, 0, func(ctx context.Context) (progress, error) {
		var rows progress
		for _, w := range list {
			r, err := from.Refund(ctx, w.profile, w.no)
			if err != nil {
				if errors.Is(err, ledger.ErrNotFound) {
					continue
				}
				return rows, err
			}
			rows = append(rows, r)
		}
		return rows, nil
	})
}

func (f *Flow) concerns(c feed.Change) bool {
	switch c.Kind {
	case feed.All:
		return true
	case feed.Refunds:
		return c.No == "" || slices.ContainsFunc(f.watched, func(w watched) bool { return w.no == c.No })
	default:
		return false
	}
}

// tell says what became of the watched refunds.
func (f *Flow) tell(rows progress) {
	for _, r := range rows {
		i := slices.IndexFunc(f.watched, func(w watched) bool { return w.profile == r.Profile && w.no == r.RefundNo })
		if i < 0 {
			continue
		}
		what := text.Concat(text.Amount(r.Amount), text.Literal(" of "), text.Clean(r.OrderNo))
		switch r.Status {
		case client.RefundSuccess:
			f.bag.Host.Say(style.Success, text.Concat(what, text.Literal(" refunded")))
		case client.RefundFailed, client.RefundClosed:
			if r.Alert == desk.AlertTimer {
				f.bag.Host.Say(style.Danger, text.Concat(what, text.Literal(": the gateway's timer closed it; the money may have moved, look into its portal")))
				break
			}
			f.bag.Host.Say(style.Danger, text.Join(text.Literal(" "), what, text.Literal("was not refunded, no money moved"), text.Clean(r.FailCode)))
		case client.RefundReversed:
			f.bag.Host.Say(style.Danger, text.Concat(what, text.Literal(" came back after it had been refunded")))
		case client.RefundUnknown:
			if !f.watched[i].doubted {
				f.watched[i].doubted = true
				f.bag.Host.Say(style.Unknown, text.Concat(what, text.Literal(": no believable answer yet; it is asked about. Do not refund it by another way")))
			}
			continue
		case client.RefundPending:
			if f.watched[i].doubted {
				f.watched[i].doubted = false
				f.bag.Host.Say(style.Pending, text.Concat(what, text.Literal(": the gateway has it after all, it is pending")))
			}
			continue
		case client.RefundCancelled:
		default:
			continue
		}
		f.watched = slices.Delete(f.watched, i, i+1)
	}
}
