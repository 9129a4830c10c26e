package refunds

import (
	tea "charm.land/bubbletea/v2"

	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/grid"
	"paydesk/ui/widget/pane"
)

func gridColumns(columns []column) []grid.Column {
	list := make([]grid.Column, len(columns))
	for i, c := range columns {
		list[i] = c.Column
	}
	return list
}

// beside reports whether the second pane is on screen.
func (p *Page) beside() bool { return p.preview && p.width >= page.WideFrom && !p.detail }

// papersShown reports whether the papers of a refund are on screen.
func (p *Page) papersShown() bool { return p.detail || p.beside() }

// sideWidth is the cells of the second pane.
func (p *Page) sideWidth() int { return min(max(p.width*40/100, 46), 72) }

// layout gives every part its rectangle.
func (p *Page) layout() {
	p.dirty = true
	p.filter.Bar.SetWidth(p.width)
	p.rows = max(p.height-p.filter.Bar.Height(), 1)
	width := p.width
	if p.beside() {
		width -= p.sideWidth()
	}
	p.list.Grid.SetSize(width, p.rows)
	p.drawPapers()
}

// View draws exactly the page's rectangle. It draws again only after a change.
func (p *Page) View() string {
	if !p.dirty {
		return p.drawn
	}
	p.dirty = false
	if p.detail {
		p.drawn = p.detailView()
		return p.drawn
	}
	if body := max(p.height-p.filter.Bar.Height(), 1); body != p.rows {
		p.layout() // the search line grew or shrank
		p.dirty = false
	}
	list := p.list.Grid.View()
	if p.beside() {
		list = pane.Beside(list, p.sideView())
	}
	p.drawn = p.filter.Bar.View() + "\n" + list
	return p.drawn
}

// Cursor is where the terminal's cursor belongs, relative to the page.
func (p *Page) Cursor() *tea.Cursor {
	if p.detail {
		return nil
	}
	return p.filter.Bar.Cursor()
}

// sideView is the refund beside the queue.
func (p *Page) sideView() string {
	r := p.file.refund
	side := pane.Side{Title: text.Clean(r.RefundNo)}
	if r.ID != 0 {
		side.Status = p.bag.Styles.Refund(r.Status)
	}
	inner, rows := pane.SideInner(p.sideWidth(), p.rows)
	p.side.SetHeight(rows)
	return side.Draw(p.bag.Styles, p.sideWidth(), p.rows, p.side.Visible(p.bag.Styles, inner))
}

// detailView is one refund with its evidence on the whole page.
func (p *Page) detailView() string {
	r := p.file.refund
	box := pane.Box{
		Title: text.Concat(text.Literal("Refund "), text.Clean(r.RefundNo)), Note: p.bag.Styles.Refund(r.Status).Text(), Focused: true,
		Footer: text.Concat(p.bag.Keys.Label("app.back"), text.Literal(" back")),
	}
	inner, rows := pane.Inner(p.width, p.height)
	p.side.SetHeight(rows)
	return box.Draw(p.bag.Styles, p.width, p.height, p.side.Visible(p.bag.Styles, inner))
}

// drawPapers draws what the second pane or the detail shows.
func (p *Page) drawPapers() {
	p.dirty = true
	if !p.papersShown() || p.file.refund.ID == 0 {
		p.side.SetLines(nil)
		return
	}
	inner, _ := pane.SideInner(p.sideWidth(), 0)
	if p.detail {
		inner, _ = pane.Inner(p.width, 0)
	}
	p.side.SetLines(p.paperLines(inner))
}

// markSort puts the arrow on the column that the queue is sorted by.
func (p *Page) markSort() {
	by := p.effective().Sort
	if len(by) == 0 {
		p.list.Grid.SetSort("", false)
		return
	}
	for _, c := range p.columns {
		if c.sort == by[0].Field {
			p.list.Grid.SetSort(c.ID, by[0].Desc)
			return
		}
	}
	p.list.Grid.SetSort("", false)
}

// setEmpty says why there are no rows.
func (p *Page) setEmpty() {
	l := text.Literal
	p.dirty = true
	switch {
	case p.list.Failure() != nil:
		problem := story.ProblemOf(p.list.Failure())
		p.list.Grid.SetEmpty(problem.Message, problem.Hint)
	case !p.list.Loaded():
		p.list.Grid.SetEmpty(l("reading the ledger"))
	case !p.filter.Empty():
		p.list.Grid.SetEmpty(l("No refund matches."), text.Concat(p.bag.Keys.Label("app.filter"), l(" change the search   "),
			p.bag.Keys.Label("app.back"), l(" clear it")))
	default:
		p.list.Grid.SetEmpty(l("No refunds yet."), text.Concat(l("Choose an order on page 1 and press "), p.bag.Keys.Label("refund.create"), l(".")))
	}
}

// muted is a short text in the tone of second thoughts.
func (p *Page) muted(words text.Safe) string { return p.bag.Styles.Paint(style.Muted, words) }
