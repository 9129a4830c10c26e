package tokens

import (
	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/grid"
)

// column is a column of the list.
type column struct {
	grid.Column
	cell func(p *Page, t ledger.Token) grid.Cell
}

// columns lists every column, in display order.
func columns() []column {
	l := text.Literal
	return []column{
		{grid.Column{ID: "user", Title: l("USER"), Min: 10, Max: 20}, userCell},
		{grid.Column{ID: "card", Title: l("CARD"), Min: 10, Max: 16}, cardCell},
		{grid.Column{ID: "status", Title: l("STATUS"), Min: 11, Max: 13}, statusCell},
		{grid.Column{ID: "expires", Title: l("EXPIRES"), Min: 7, Max: 8}, expiresCell},
		{grid.Column{ID: "seen", Title: l("ASKED"), Min: 10, Max: 12, Drop: 1}, seenCell},
		{grid.Column{ID: "profile", Title: l("PROFILE"), Min: 8, Max: 16, Drop: 2}, profileCell},
		{grid.Column{ID: "token", Title: l("TOKEN"), Min: 10, Max: 44, Middle: true, Drop: 3}, tokenCell},
	}
}

func gridColumns(columns []column) []grid.Column {
	list := make([]grid.Column, len(columns))
	for i, c := range columns {
		list[i] = c.Column
	}
	return list
}

// redraw makes the grid's rows anew, and says why there are none.
func (p *Page) redraw() {
	if p.there {
		p.setEmpty()
	}
	w := grid.Window{Rows: make([]grid.Row, len(p.rows)), AtTop: true, AtBottom: true, Total: len(p.rows)}
	for i, t := range p.rows {
		cells := make([]grid.Cell, len(p.columns))
		for j, c := range p.columns {
			cells[j] = c.cell(p, t)
		}
		w.Rows[i] = grid.Row{Key: key(t), Cells: cells}
	}
	p.grid.SetWindow(w)
	p.dirty = true
}

// key names a row.
func key(t ledger.Token) string { return t.Profile + "\x00" + t.Token.Token }

func userCell(_ *Page, t ledger.Token) grid.Cell { return grid.Cell{Text: page.Cell(t.UserID)} }

func cardCell(_ *Page, t ledger.Token) grid.Cell {
	return grid.Cell{Text: story.Card(t.Brand, t.Method, t.Card), Tone: style.Strong}
}

// statusCell is the card's state, or that of its unbinding while that is open.
func statusCell(p *Page, t ledger.Token) grid.Cell {
	if u, ok := p.unbinds[key(t)]; ok {
		if u.Status == ledger.UnbindUnknown {
			state := p.bag.Styles.Refund(client.RefundUnknown)
			return grid.Cell{Text: text.Concat(state.Glyph, text.Literal(" checking")), Tone: state.Tone}
		}
		state := p.bag.Styles.Refund(client.RefundSending)
		return grid.Cell{Text: text.Concat(state.Glyph, text.Literal(" unbinding")), Tone: state.Tone}
	}
	state := p.bag.Styles.Token(t.Status)
	return grid.Cell{Text: state.Text(), Tone: state.Tone}
}

func expiresCell(p *Page, t ledger.Token) grid.Cell {
	if t.ExpiresAt.IsZero() {
		return grid.Cell{Text: text.Literal("–"), Tone: style.Faint}
	}
	return grid.Cell{Text: page.Cell(t.ExpiresAt.In(p.bag.Loc).Format("01/2006")), Tone: style.Muted}
}

func seenCell(p *Page, t ledger.Token) grid.Cell {
	if t.SeenAt.IsZero() {
		return grid.Cell{Text: text.Literal("never"), Tone: style.Faint}
	}
	return grid.Cell{Text: text.Ago(p.bag.Now().Sub(t.SeenAt)), Tone: style.Muted}
}

func profileCell(_ *Page, t ledger.Token) grid.Cell {
	return grid.Cell{Text: page.Cell(t.Profile), Tone: style.Muted}
}

func tokenCell(_ *Page, t ledger.Token) grid.Cell {
	return grid.Cell{Text: page.Cell(t.Token.Token), Tone: style.Faint}
}
