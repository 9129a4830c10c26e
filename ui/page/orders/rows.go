package orders

import (
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
	sort  query.Field // "" cannot be sorted by
	extra bool        // not shown unless it is chosen
	cell  func(p *Page, o ledger.Order) grid.Cell
}

// columns lists every column, in display order. What a stranger can write
// freely stands last.
func columns() []column {
	l := text.Literal
	return []column{
		{Column: grid.Column{ID: "placed", Title: l("PLACED"), Min: text.ClockWidth, Max: text.ClockWidth}, sort: query.Placed, cell: placedCell},
		{Column: grid.Column{ID: "order", Title: l("ORDER"), Min: 14, Max: 24, Middle: true}, sort: query.Order, cell: orderCell},
		{Column: grid.Column{ID: "profile", Title: l("PROFILE"), Min: 8, Max: 16, Drop: 4}, sort: query.Profile, extra: true, cell: profileCell},
		{Column: grid.Column{ID: "user", Title: l("USER"), Min: 7, Max: 14, Drop: 1}, sort: query.User, cell: userCell},
		{Column: grid.Column{ID: "method", Title: l("METHOD"), Min: 10, Max: 16, Drop: 2}, cell: methodCell},
		{Column: grid.Column{ID: "gateway_no", Title: l("GATEWAY NO"), Min: 12, Max: 24, Middle: true, Drop: 5}, extra: true, cell: gatewayNoCell},
		{Column: grid.Column{ID: "amount", Title: l("AMOUNT"), Min: 13, Max: 20, Align: grid.Right}, sort: query.Amount, cell: amountCell},
		{Column: grid.Column{ID: "status", Title: l("STATUS"), Min: 9, Max: 11}, sort: query.Status, cell: statusCell},
		{Column: grid.Column{ID: "refunded", Title: l("REFUNDED"), Min: 13, Max: 20, Align: grid.Right, Drop: 3}, extra: true, cell: refundedCell},
		{Column: grid.Column{ID: "note", Title: l("NOTE"), Min: 10, Max: 60, Drop: 6}, extra: true, cell: noteCell},
	}
}

// row makes one record a row; every text of it passes Clean here and nowhere
// later.
func (p *Page) row(o ledger.Order) grid.Row {
	cells := make([]grid.Cell, len(p.shown))
	for i, c := range p.shown {
		cells[i] = c.cell(p, o)
	}
	return grid.Row{Key: key(o), Cells: cells}
}

// key names a row; a number alone may be there in two profiles.
func key(o ledger.Order) string { return o.Profile + "\x00" + o.OrderNo }

func plain(s string) grid.Cell { return grid.Cell{Text: page.Cell(s)} }

func placedCell(p *Page, o ledger.Order) grid.Cell {
	t := o.CreatedAt
	if t.IsZero() {
		t = o.PaidAt
	}
	return grid.Cell{Text: text.Clock(t, p.bag.Clock(), p.bag.Loc), Tone: style.Muted}
}

func orderCell(_ *Page, o ledger.Order) grid.Cell {
	return grid.Cell{Text: page.Cell(o.OrderNo), Tone: style.Link}
}

func profileCell(_ *Page, o ledger.Order) grid.Cell {
	return grid.Cell{Text: page.Cell(o.Profile), Tone: style.Muted}
}

func userCell(_ *Page, o ledger.Order) grid.Cell { return plain(o.UserID) }

func methodCell(_ *Page, o ledger.Order) grid.Cell {
	return grid.Cell{Text: story.Card(o.Brand, o.Method, o.Card)}
}

func gatewayNoCell(_ *Page, o ledger.Order) grid.Cell {
	return grid.Cell{Text: page.Cell(o.GatewayOrderNo), Tone: style.Muted}
}

func amountCell(_ *Page, o ledger.Order) grid.Cell { return grid.Cell{Text: text.Amount(o.Amount)} }

// statusCell is the order's state, with the sign of its open refund, or of how
// much of it was refunded.
func statusCell(p *Page, o ledger.Order) grid.Cell {
	state := p.bag.Styles.Order(o.Status)
	words, tone := state.Text(), state.Tone
	switch {
	case o.OpenRefund != "":
		open := p.bag.Styles.Refund(o.OpenStatus)
		words, tone = text.Concat(words, text.Spaces(1), open.Glyph), open.Tone
	case o.Refunded.Minor > 0 && o.Refunded.Minor >= o.Amount.Minor:
		words = text.Concat(words, text.Spaces(1), p.bag.Styles.Glyph.Full)
	case o.Refunded.Minor > 0:
		words = text.Concat(words, text.Spaces(1), p.bag.Styles.Glyph.Part)
	}
	return grid.Cell{Text: words, Tone: tone}
}

func refundedCell(_ *Page, o ledger.Order) grid.Cell {
	if o.Refunded.Minor == 0 {
		return grid.Cell{Text: text.Literal("–"), Tone: style.Faint}
	}
	return grid.Cell{Text: text.Amount(o.Refunded)}
}

func noteCell(_ *Page, o ledger.Order) grid.Cell {
	return grid.Cell{Text: page.Cell(o.Note), Tone: style.Muted}
}
