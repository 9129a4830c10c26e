package activity

import (
	"context"
	"strings"

	"paydesk/state/ledger"
	"paydesk/ui/page"
)

// source reads the journal, newest first. The ledger reads backwards from a
// line; forwards, and the first lines ever, are found by looking at ever
// larger stretches of line numbers, which the filter may leave few lines of.
func (p *Page) source() page.Source[ledger.Event] {
	from := p.bag.Ledger
	base := ledger.EventFilter{Profiles: p.bag.Host.Profiles(), Text: strings.Join(strings.Fields(p.bar.Value()), " ")}
	return func(ctx context.Context, f page.Fetch) ([]ledger.Event, error) {
		ask := base
		ask.Limit = f.Limit
		switch {
		case f.Anchor == 0 && !f.Back:
			return from.Events(ctx, ask)
		case f.Anchor == 0:
			return stretch(ctx, from, base, 0, f.Limit)
		case !f.Back && f.Include:
			ask.Before = f.Anchor + 1
			return from.Events(ctx, ask)
		case !f.Back:
			ask.Before = f.Anchor
			return from.Events(ctx, ask)
		}
		return stretch(ctx, from, base, f.Anchor, f.Limit)
	}
}

// stretch reads the limit lines that follow a line number, oldest of them
// last, as the list shows them.
func stretch(ctx context.Context, from ledger.Reader, base ledger.EventFilter, after int64, limit int) ([]ledger.Event, error) {
	newest, err := from.Events(ctx, ledger.EventFilter{Limit: 1})
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	end := newest[0].Seq
	for span := int64(limit); ; span *= 4 {
		ask := base
		ask.After, ask.Before, ask.Limit = after, after+span+1, int(span)
		rows, err := from.Events(ctx, ask)
		if err != nil {
			return nil, err
		}
		if len(rows) >= limit {
			return rows[len(rows)-limit:], nil
		}
		if after+span >= end {
			return rows, nil
		}
	}
}
