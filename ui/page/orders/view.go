package orders

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
	"paydesk/ui/widget/timeline"
)

// beside reports whether the second pane is on screen.
func (p *Page) beside() bool { return p.preview && p.width >= page.WideFrom && !p.detail }

// pastShown reports whether what happened to the order is on screen.
func (p *Page) pastShown() bool { return p.detail || p.beside() }

// sideWidth is the cells of the second pane.
func (p *Page) sideWidth() int { return min(max(p.width*38/100, 44), 68) }

// layout gives every part its rectangle.
func (p *Page) layout() {
	p.dirty = true
	p.filter.Bar.SetWidth(p.width)
	body := p.body()
	width := p.width
	if p.beside() {
		width -= p.sideWidth()
	}
	p.rows = body
	p.list.Grid.SetSize(width, body)
	p.drawPast()
}

// View draws exactly the page's rectangle. It draws again only after a change.
func (p *Page) View() string {
	if !p.dirty {
		return p.drawn
	}
	p.dirty = false
	if p.detail {
		p.drawn = p.detailView() + p.foot()
		return p.drawn
	}
	body := p.body()
	if body != p.rows {
		p.layout() // the search line grew or shrank
		p.dirty = false
	}
	list := p.list.Grid.View()
	if p.beside() {
		list = pane.Beside(list, p.sideView(body))
	}
	p.drawn = p.filter.Bar.View() + "\n" + list + p.foot()
	return p.drawn
}

// body is the lines between the search line and the foot.
func (p *Page) body() int { return max(p.height-p.filter.Bar.Height()-p.statementRows(), 1) }

// foot is the line about a statement, where there is one.
func (p *Page) foot() string {
	if p.statementRows() == 0 {
		return ""
	}
	return "\n" + p.statementLine()
}

// Cursor is where the terminal's cursor belongs, relative to the page.
func (p *Page) Cursor() *tea.Cursor {
	if p.detail {
		return nil
	}
	return p.filter.Bar.Cursor()
}

// sideView is the preview beside the list.
func (p *Page) sideView(height int) string {
	o := p.past.Order
	side := pane.Side{Title: text.Clean(o.OrderNo)}
	if o.OrderNo != "" {
		side.Status = p.bag.Styles.Order(o.Status)
	}
	inner, rows := pane.SideInner(p.sideWidth(), height)
	p.side.SetHeight(rows)
	return side.Draw(p.bag.Styles, p.sideWidth(), height, p.side.Visible(p.bag.Styles, inner))
}

// detailView is one order on the whole page.
func (p *Page) detailView() string {
	o := p.past.Order
	box := pane.Box{
		Title: text.Concat(text.Literal("Order "), text.Clean(o.OrderNo)), Note: p.bag.Styles.Order(o.Status).Text(), Focused: true,
		Footer: text.Concat(p.bag.Keys.Label("app.back"), text.Literal(" back")),
	}
	height := max(p.height-p.statementRows(), 1)
	inner, rows := pane.Inner(p.width, height)
	p.side.SetHeight(rows)
	return box.Draw(p.bag.Styles, p.width, height, p.side.Visible(p.bag.Styles, inner))
}

// drawPast draws what the second pane or the detail shows.
func (p *Page) drawPast() {
	p.dirty = true
	if !p.pastShown() || p.past.Order.OrderNo == "" {
		p.side.SetLines(nil)
		return
	}
	inner, _ := pane.SideInner(p.sideWidth(), 0)
	if p.detail {
		inner, _ = pane.Inner(p.width, 0)
	}
	p.side.SetLines(p.pastLines(inner))
}

// pastLines are amount, numbers, refunds and timeline of the order.
func (p *Page) pastLines(width int) []string {
	st, o, now := p.bag.Styles, p.past.Order, p.bag.Now()
	lines := []string{st.Paint(style.Strong, text.Amount(o.Amount)) + "   " + st.Paint(style.Text, story.Card(o.Brand, o.Method, o.Card))}
	lines = append(append(lines, p.restLine(o)...), p.doubtLines(width)...)
	lines = append(lines, "")
	note := []pane.Field{{Label: text.Literal("note"), Value: text.Clean(o.Note), Tone: style.Muted}}
	lines = append(lines, page.Facts(st, p.fields(o), note, width, 74)...)
	lines = append(lines, "", pane.Rule(st, text.Literal("timeline"), width))
	entries := story.Timeline(st, p.past, now, p.bag.Loc)
	if len(entries) == 0 {
		lines = append(lines, st.Paint(style.Faint, text.Literal("nothing is known yet; ask the gateway for it")))
	}
	return append(lines, timeline.Lines(st, entries, width)...)
}

// restLine says what is left to refund, where there is something to say.
func (p *Page) restLine(o ledger.Order) []string {
	st := p.bag.Styles
	rest := o.Refundable()
	switch {
	case o.Status != client.OrderPaid:
		return nil
	case o.Refunded.Minor == 0 && o.Reserved.Minor == 0:
		return []string{st.Paint(style.Muted, text.Literal("refundable ")) + st.Paint(style.Text, text.Literal("in full"))}
	case rest.Minor == 0 && o.Reserved.Minor == 0:
		return []string{st.Paint(style.Muted, text.Literal("refunded in full"))}
	}
	line := st.Paint(style.Muted, text.Literal("refundable ")) + st.Paint(style.Strong, text.AmountDigits(rest)) +
		st.Paint(style.Muted, text.Literal(" of ")) + st.Paint(style.Text, text.AmountDigits(o.Amount))
	if o.Reserved.Minor > 0 {
		line += st.Paint(style.Muted, text.Literal("   under way ")) + st.Paint(style.Pending, text.AmountDigits(o.Reserved))
	}
	return []string{line}
}

// doubtLines warn of refunds that count as not made although their money may have
// moved (easylink: section 7.3).
func (p *Page) doubtLines(width int) (lines []string) {
	for _, r := range p.past.Refunds {
		if r.Alert == desk.AlertTimer {
			words := text.Concat(p.bag.Styles.Glyph.Warn, text.Spaces(1), text.AmountDigits(r.Amount),
				text.Literal(" may have moved: a refund was closed by a timer; look in the gateway's portal"))
			lines = append(lines, pane.Paragraph(p.bag.Styles, style.Danger, words, width)...)
		}
	}
	return lines
}

// fields are the order's names and numbers.
func (p *Page) fields(o ledger.Order) []pane.Field {
	l := text.Literal
	fields := []pane.Field{
		{Label: l("order"), Value: text.Clean(o.OrderNo), Tone: style.Link},
		{Label: l("gateway no"), Value: text.Clean(o.GatewayOrderNo)},
		{Label: l("channel no"), Value: text.Clean(o.ChannelNo)},
		{Label: l("user"), Value: text.Clean(o.UserID)},
		{Label: l("method"), Value: method(o)},
		{Label: l("profile"), Value: text.Clean(o.Profile)},
	}
	if o.CreatedAt.IsZero() && o.PaidAt.IsZero() {
		fields = append(fields, pane.Field{Label: l("placed"), Value: l("not known"), Tone: style.Muted})
	}
	if p.detail {
		fields = append(fields,
			pane.Field{Label: l("created"), Value: stamp(o.CreatedAt, p.bag.Loc)},
			pane.Field{Label: l("paid"), Value: stamp(o.PaidAt, p.bag.Loc)},
			pane.Field{Label: l("updated"), Value: stamp(o.UpdatedAt, p.bag.Loc), Tone: style.Muted},
		)
	}
	return append(fields, pane.Field{Label: l("from"), Value: source(o.Source), Tone: style.Muted})
}

// method is how it was paid, in full.
func method(o ledger.Order) text.Safe {
	brand := o.Brand
	if strings.EqualFold(brand, o.Method) {
		brand = ""
	}
	return text.Join(text.Spaces(1), text.Clean(o.Method), text.Clean(brand), text.Clean(client.LastFour(o.Card)))
}

// setEmpty says why there are no rows, and what to do.
func (p *Page) setEmpty() {
	l := text.Literal
	key := func(id string) text.Safe { return p.bag.Keys.Label(id) }
	switch {
	case p.list.Failure() != nil:
		problem := story.ProblemOf(p.list.Failure())
		p.list.Grid.SetEmpty(problem.Message, problem.Hint)
	case !p.list.Loaded():
		p.list.Grid.SetEmpty(l("reading the ledger"))
	case !p.filter.Empty():
		p.list.Grid.SetEmpty(l("No order matches."), text.Concat(key("app.filter"), l(" change the search   "), key("app.back"), l(" clear it   "),
			key("order.lookup"), l(" ask a gateway for a number")))
	default:
		p.list.Grid.SetEmpty(l("No orders yet."),
			text.Concat(key("order.lookup"), l("  look up a number at its gateway")),
			l("or bring your own: paydesk order import FILE"))
	}
	p.dirty = true
}

// source says how an order came in.
func source(word string) text.Safe {
	l := text.Literal
	switch strings.ToLower(word) {
	case "lookup":
		return l("looked up at the gateway")
	case "import":
		return l("imported from a file")
	case "create":
		return l("opened from here")
	case "callback":
		return l("told by the gateway")
	case "statement":
		return l("read in the gateway's statement")
	case "demo":
		return l("demo data")
	default:
		return text.Clean(word)
	}
}

// stamp is a time in full, nothing for one that is not known.
func stamp(t time.Time, loc *time.Location) text.Safe {
	if t.IsZero() {
		return text.Safe{}
	}
	return text.Stamp(t, loc)
}
