package activity

import (
	tea "charm.land/bubbletea/v2"

	"paydesk/state/ledger"
	"paydesk/ui/dialog"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
)

// beside reports whether the second pane is on screen.
func (p *Page) beside() bool { return p.preview && p.width >= page.WideFrom }

// sideWidth is the cells of the second pane.
func (p *Page) sideWidth() int { return min(max(p.width*30/100, 40), 56) }

func (p *Page) layout() {
	width := p.width
	if p.beside() {
		width -= p.sideWidth()
	}
	p.bar.SetWidth(p.width)
	p.list.Grid.SetSize(width, p.bodyRows())
	p.dirty = true
}

func (p *Page) bodyRows() int { return max(p.height-p.bar.Height(), 1) }

// View draws exactly the page's rectangle. It draws again only after a change.
func (p *Page) View() string {
	if !p.dirty {
		return p.drawn
	}
	p.dirty = false
	list := p.list.Grid.View()
	if p.beside() {
		list = pane.Beside(list, p.sideView())
	}
	p.drawn = p.bar.View() + "\n" + list
	return p.drawn
}

// sideView tells the line under the cursor.
func (p *Page) sideView() string {
	st := p.bag.Styles
	inner, rows := pane.SideInner(p.sideWidth(), p.bodyRows())
	e, ok := p.list.Current()
	if !ok {
		return pane.Side{}.Draw(st, p.sideWidth(), p.bodyRows(), nil)
	}
	told := story.Of(e, p.bag.Loc)
	lines := pane.Paragraph(st, told.Tone, told.Words, inner)
	lines = append(lines, "")
	lines = append(lines, pane.Fields(st, p.fields(e), inner)...)
	lines = append(lines, "", pane.Rule(st, text.Literal("chain"), inner))
	lines = append(lines, pane.Fields(st, chain(e), inner)...)
	side := pane.Side{Title: text.Concat(text.Literal("line "), text.Number(e.Seq))}
	return side.Draw(st, p.sideWidth(), p.bodyRows(), lines[:min(len(lines), rows)])
}

// TogglePreview shows or hides the second pane; where there is no room for
// one, it tells the line in a dialog.
func (p *Page) TogglePreview() tea.Cmd {
	if p.width < page.WideFrom {
		if e, ok := p.list.Current(); ok {
			p.show(e)
		}
		return nil
	}
	p.preview = !p.preview
	p.layout()
	return nil
}

// ScrollPreview does nothing: a line is short.
func (p *Page) ScrollPreview(int) {}

// fields are what a line holds.
func (p *Page) fields(e ledger.Event) []pane.Field {
	l := text.Literal
	fields := []pane.Field{
		{Label: l("at"), Value: text.Stamp(e.At, p.bag.Loc)},
		{Label: l("who"), Value: text.Clean(e.Agent)},
		{Label: l("profile"), Value: text.Clean(e.Profile)},
		{Label: l("about"), Value: text.Clean(e.Subject), Tone: style.Link},
		{Label: l("answer"), Value: story.Of(e, p.bag.Loc).Signed.Text(p.bag.Styles)},
	}
	for _, d := range story.Details(e) {
		if d.Key.String() != "verified" {
			fields = append(fields, pane.Field{Label: d.Key, Value: d.Value})
		}
	}
	return fields
}

// chain is the line's place in the hash chain.
func chain(e ledger.Event) []pane.Field {
	return []pane.Field{
		{Label: text.Literal("line"), Value: text.Number(e.Seq)},
		{Label: text.Literal("digest"), Value: text.Clean(e.Digest), Tone: style.Muted},
		{Label: text.Literal("follows"), Value: text.Clean(e.Prev), Tone: style.Muted},
	}
}

// show tells one line in a dialog.
func (p *Page) show(e ledger.Event) {
	told := story.Of(e, p.bag.Loc)
	p.bag.Host.Open(dialog.NewDetail(p.bag.Kit(), dialog.Page{
		Title: text.Concat(text.Literal("Journal line "), text.Number(e.Seq)), Copy: text.Clean(e.Subject),
		Sections: []dialog.Section{
			{Paragraphs: []text.Safe{told.Words}, Fields: p.fields(e)}, {Title: text.Literal("chain"), Fields: chain(e)},
		},
	}), func(dialog.Result) tea.Cmd { return nil })
}
