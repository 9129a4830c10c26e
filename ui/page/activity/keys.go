package activity

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/ledger"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/text"
	"paydesk/ui/widget/grid"
)

// Actions is what can be done on this page.
func (p *Page) Actions() []page.Action {
	l := text.Literal
	return []page.Action{
		{
			ID: "activity.subject", Title: l("Show what the line is about"), Group: l("Activity"), Short: l("show subject"), Weight: 80,
			Enabled: p.needs(func(e ledger.Event) (text.Safe, bool) {
				_, ok := target(e)
				return l("the line is about nothing that can be shown"), ok
			}),
			Run: func(struct{}) tea.Cmd {
				e, _ := p.list.Current()
				if to, ok := target(e); ok {
					return p.bag.Host.Jump(to)
				}
				return nil
			},
		},
		{
			ID: "activity.inspect", Title: l("Inspect the line's signature"), Group: l("Activity"), Short: l("inspect"), Weight: 75,
			Enabled: p.needs(func(e ledger.Event) (text.Safe, bool) {
				_, ok := story.FindingOf(e)
				return l("the line tells of no signature that was wrong"), ok
			}),
			Run: func(struct{}) tea.Cmd {
				e, _ := p.list.Current()
				return p.inspect.Line(e)
			},
		},
	}
}

// needs makes an action wait for a line under the cursor, and for more.
func (p *Page) needs(more func(ledger.Event) (text.Safe, bool)) func(struct{}) (text.Safe, bool) {
	return func(struct{}) (text.Safe, bool) {
		e, ok := p.list.Current()
		if !ok {
			return text.Literal("no line is chosen"), false
		}
		return more(e)
	}
}

// Filter gives the search line the keyboard.
func (p *Page) Filter() tea.Cmd {
	p.before = p.bar.Value()
	p.bar.Focus()
	p.dirty = true
	return nil
}

// Typing reports whether the search line has the keyboard.
func (p *Page) Typing() bool { return p.bar.Focused() }

// Type takes a key press or pasted text for the search line.
func (p *Page) Type(msg tea.Msg) tea.Cmd {
	p.dirty = true
	if press, ok := msg.(tea.KeyPressMsg); ok {
		id, _ := p.bag.Keys.Find(press, keys.Input)
		switch id {
		case keys.InputLeave:
			p.bar.Blur()
			p.bar.SetValue(p.before)
			return p.Open()
		case keys.InputAccept:
			p.bar.Blur()
			return nil
		case keys.InputUp:
			return p.Move(-1)
		case keys.InputDown:
			return p.Move(1)
		}
	}
	if p.bar.Update(msg) && p.opened != p.listing() {
		return p.reopen()
	}
	return nil
}

// Move moves the cursor.
func (p *Page) Move(rows int) tea.Cmd { return p.moved(p.list.Grid.Move(rows)) }

// Turn moves by screenfuls.
func (p *Page) Turn(screens int) tea.Cmd { return p.moved(p.list.Grid.Page(screens)) }

// Edge goes to the newest or the oldest line.
func (p *Page) Edge(last bool) tea.Cmd {
	if last {
		return p.moved(p.list.Grid.Last())
	}
	return p.moved(p.list.Grid.First())
}

func (p *Page) moved(need grid.Need) tea.Cmd {
	p.dirty = true
	return p.list.Meet(p.bag.Ctx, need)
}

// Enter goes to what the line is about; where that cannot be shown, it tells
// the line.
func (p *Page) Enter() tea.Cmd {
	e, ok := p.list.Current()
	if !ok {
		return nil
	}
	if to, ok := target(e); ok {
		return p.bag.Host.Jump(to)
	}
	p.show(e)
	return nil
}

// CanBack reports whether there is something to leave.
func (p *Page) CanBack() bool { return p.bar.Value() != "" }

// Back clears the search.
func (p *Page) Back() tea.Cmd {
	p.bar.SetValue("")
	return p.reopen()
}

// Click puts the cursor on a line.
func (p *Page) Click(_, y int) tea.Cmd {
	y -= p.bar.Height()
	if y < 0 {
		return p.Filter()
	}
	if k, ok := p.list.Grid.RowAt(y); ok {
		p.list.Grid.Select(k)
		return p.moved(grid.NeedNothing)
	}
	return nil
}

// Copies lists what can be copied, best first: name and content.
func (p *Page) Copies() [][2]text.Safe {
	e, ok := p.list.Current()
	if !ok {
		return nil
	}
	l := text.Literal
	all := [][2]text.Safe{
		{l("number"), text.Clean(e.Subject)}, {l("line"), line(e)}, {l("digest"), text.Clean(e.Digest)},
	}
	return slices.DeleteFunc(all, func(c [2]text.Safe) bool { return c[1].Empty() })
}

// line is a journal line in one text.
func line(e ledger.Event) text.Safe {
	return text.Join(text.Literal(" "), text.Stamp(e.At, nil), text.Clean(e.Profile), text.Clean(e.Kind), text.Clean(e.Subject), text.Clean(e.Agent))
}
