package refunds

import (
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/grid"
)

// column is a column of the list, with the field that it sorts by.
type column struct {
	grid.Column
	sort query.Field // "" cannot be sorted by
	cell func(p *Page, r ledger.Refund) grid.Cell
}

// columns lists every column, in display order.
func columns() []column {
	l := text.Literal
	return []column{
		{Column: grid.Column{ID: "status", Title: l("STATUS"), Min: 10, Max: 12}, sort: query.Status, cell: statusCell},
		{Column: grid.Column{ID: "next", Title: l("NEXT LOOK"), Min: 12, Max: 16}, cell: nextCell},
		{Column: grid.Column{ID: "amount", Title: l("AMOUNT"), Min: 13, Max: 20, Align: grid.Right}, sort: query.Amount, cell: amountCell},
		{Column: grid.Column{ID: "order", Title: l("ORDER"), Min: 14, Max: 24, Middle: true}, sort: query.Order, cell: orderCell},
		{Column: grid.Column{ID: "age", Title: l("MADE"), Min: text.ClockWidth, Max: text.ClockWidth, Drop: 1}, sort: query.Placed, cell: ageCell},
		{Column: grid.Column{ID: "agent", Title: l("AGENT"), Min: 6, Max: 12, Drop: 3}, sort: query.Agent, cell: agentCell},
		{Column: grid.Column{ID: "profile", Title: l("PROFILE"), Min: 8, Max: 16, Drop: 5}, sort: query.Profile, cell: profileCell},
		{Column: grid.Column{ID: "refund", Title: l("REFUND"), Min: 11, Max: 27, Middle: true, Drop: 4}, sort: query.Refund, cell: refundCell},
		{Column: grid.Column{ID: "reason", Title: l("REASON"), Min: 12, Max: 40, Drop: 2}, cell: reasonCell},
	}
}

// row makes one record a row.
func (p *Page) row(r ledger.Refund) grid.Row {
	cells := make([]grid.Cell, len(p.columns))
	for i, c := range p.columns {
		cells[i] = c.cell(p, r)
	}
	return grid.Row{Key: key(r), Cells: cells}
}

// key names a row. A number may serve twice, so the row's own ID is part of it.
func key(r ledger.Refund) string {
	return r.Profile + "\x00" + r.RefundNo + "\x00" + text.Number(r.ID).String()
}

func statusCell(p *Page, r ledger.Refund) grid.Cell {
	state := p.bag.Styles.Refund(r.Status)
	return grid.Cell{Text: state.Text(), Tone: state.Tone}
}

// nextCell says when the refund is looked at again, or why it worries us, or
// when it was settled.
func nextCell(p *Page, r ledger.Refund) grid.Cell {
	now := p.bag.Now()
	switch {
	case r.Alert != "":
		return grid.Cell{Text: story.Alert(r.Alert), Tone: style.Danger}
	case r.Status.Open():
		words := story.Countdown(r, now)
		tone := style.Text
		if overdue(r, now) {
			tone = style.Warning
		}
		return grid.Cell{Text: words, Tone: tone}
	case r.SettledAt.IsZero():
		return grid.Cell{Text: text.Clock(r.UpdatedAt, now, p.bag.Loc), Tone: style.Faint}
	}
	return grid.Cell{Text: text.Clock(r.SettledAt, now, p.bag.Loc), Tone: style.Muted}
}

// overdueAfter is how much later than planned a look may be before it is
// called overdue.
const overdueAfter = 30 * time.Second

// overdue reports whether an open refund should have been looked at long ago:
// the gateway, the keyring or the poller is in trouble.
func overdue(r ledger.Refund, now time.Time) bool {
	return r.Status.Open() && !r.NextCheckAt.IsZero() && now.Sub(r.NextCheckAt) > overdueAfter
}

func amountCell(_ *Page, r ledger.Refund) grid.Cell { return grid.Cell{Text: text.Amount(r.Amount)} }

func orderCell(_ *Page, r ledger.Refund) grid.Cell {
	return grid.Cell{Text: page.Cell(r.OrderNo), Tone: style.Link}
}

func ageCell(p *Page, r ledger.Refund) grid.Cell {
	words := text.Clock(r.CreatedAt, p.bag.Clock(), p.bag.Loc)
	if r.Status.Open() {
		words = text.Ago(p.bag.Now().Sub(r.CreatedAt))
	}
	return grid.Cell{Text: words, Tone: style.Muted}
}

func agentCell(_ *Page, r ledger.Refund) grid.Cell {
	if r.Foreign {
		return grid.Cell{Text: text.Literal("elsewhere"), Tone: style.Warning}
	}
	return grid.Cell{Text: page.Cell(r.Agent), Tone: style.Muted}
}

func profileCell(_ *Page, r ledger.Refund) grid.Cell {
	return grid.Cell{Text: page.Cell(r.Profile), Tone: style.Muted}
}

func refundCell(_ *Page, r ledger.Refund) grid.Cell {
	return grid.Cell{Text: page.Cell(r.RefundNo), Tone: style.Muted}
}

func reasonCell(_ *Page, r ledger.Refund) grid.Cell {
	return grid.Cell{Text: page.Cell(r.Reason), Tone: style.Muted}
}

// canCancel says why a refund cannot be taken back.
func canCancel(r ledger.Refund) (text.Safe, bool) {
	switch r.Status {
	case client.RefundHeld, client.RefundIntent:
		return text.Safe{}, true
	case client.RefundSending, client.RefundUnknown, client.RefundPending:
		return text.Literal("it was sent, or may have been"), false
	default:
		return text.Literal("it is settled"), false
	}
}

// canConfirm says why a refund needs no renewed consent.
func canConfirm(r ledger.Refund) (text.Safe, bool) {
	if r.Status == client.RefundIntent && r.Alert != "" {
		return text.Safe{}, true
	}
	return text.Literal("it does not wait for you"), false
}

// canAsk says why asking about a refund makes no sense.
func canAsk(r ledger.Refund) (text.Safe, bool) {
	switch r.Status {
	case client.RefundHeld:
		return text.Literal("nothing was sent yet"), false
	case client.RefundCancelled:
		return text.Literal("it was taken back"), false
	case client.RefundClosed, client.RefundReversed:
		return text.Literal("it is settled"), false
	default:
		return text.Safe{}, true
	}
}
