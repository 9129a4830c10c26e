// Package activity owns the view of the journal: who did what, what the
// gateways said, newest first, each line in a sentence, and from any line the
// way to what it is about. It never changes anything.
package activity

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/filterbar"
	"paydesk/ui/widget/grid"
)

// Inspector shows what is known of the signature that a line tells of.
type Inspector interface{ Line(e ledger.Event) tea.Cmd }

// Page is the journal. Make it with New.
type Page struct {
	bag     *page.Bag
	inspect Inspector
	list    *page.List[ledger.Event]
	bar     *filterbar.Bar

	preview       bool   // a person wants the second pane
	opened        string // what Open last listed
	before        string // what the bar held when typing began
	width, height int
	dirty         bool
	drawn         string
}

// New returns the page; nothing is read before Open.
func New(bag *page.Bag, inspect Inspector) *Page {
	p := &Page{bag: bag, inspect: inspect, preview: true, bar: filterbar.New(bag.Styles, text.Literal("type words that a line must hold: refund failed ada"))}
	g := grid.New(bag.Styles, columns(true))
	p.list = page.NewList(keys.Activity, g, page.ListOf[ledger.Event]{ID: func(e ledger.Event) int64 { return e.Seq }, Row: p.row})
	return p
}

// Scope is the page's place in the key table.
func (p *Page) Scope() keys.Scope { return keys.Activity }

// SetSize gives the page its rectangle.
func (p *Page) SetSize(width, height int) {
	p.width, p.height = width, height
	p.layout()
}

func (p *Page) listing() string {
	return strings.Join(p.bag.Host.Profiles(), "\x00") + "\x01" + strings.Join(strings.Fields(p.bar.Value()), " ")
}

// Open shows the page: the journal is read, or read again.
func (p *Page) Open() tea.Cmd {
	if p.opened == p.listing() {
		return p.list.Refresh(p.bag.Ctx)
	}
	return p.reopen()
}

// Close says that the page is not on screen any more.
func (p *Page) Close() {}

func (p *Page) reopen() tea.Cmd {
	p.opened, p.dirty = p.listing(), true
	p.list.Grid.SetColumns(columns(p.several()))
	p.list.Redraw()
	return p.list.Open(p.bag.Ctx, p.source())
}

// News reads again what changed.
func (p *Page) News(changes []feed.Change) tea.Cmd {
	for _, c := range changes {
		if c.Kind == feed.Journal || c.Kind == feed.All {
			return p.list.Refresh(p.bag.Ctx)
		}
	}
	return nil
}

// Take handles an answer to the page's question.
func (p *Page) Take(msg page.Routed) tea.Cmd {
	answer, ok := msg.(page.Answer[page.Batch[ledger.Event]])
	if !ok {
		return nil
	}
	next, ok := p.list.Take(p.bag.Ctx, answer)
	if ok {
		p.dirty = true
		p.setEmpty()
	}
	return next
}

// Next is when something on screen reads differently: the times are those of
// the wall, so never.
func (p *Page) Next(time.Time) time.Time { return time.Time{} }

// Tick draws what the time changes.
func (p *Page) Tick(time.Time) {}

// Restyle draws everything anew after the theme changed.
func (p *Page) Restyle() {
	p.list.Redraw()
	p.dirty = true
}

// Cursor is where the terminal's cursor belongs, relative to the page.
func (p *Page) Cursor() *tea.Cursor { return p.bar.Cursor() }

// columns: what a stranger can write freely stands last.
func columns(several bool) []grid.Column {
	l := text.Literal
	all := []grid.Column{
		{ID: "at", Title: l("TIME"), Min: text.ClockWidth, Max: text.ClockWidth},
		{ID: "agent", Title: l("WHO"), Min: 6, Max: 9, Drop: 3},
		{ID: "profile", Title: l("PROFILE"), Min: 8, Max: 14, Drop: 5},
		{ID: "subject", Title: l("ABOUT"), Min: 13, Max: 16, Middle: true, Drop: 1},
		{ID: "signed", Title: l("ANSWER"), Min: 10, Max: 12, Drop: 4},
		{ID: "what", Title: l("WHAT HAPPENED"), Min: 26, Max: 200},
	}
	if !several {
		return slices.DeleteFunc(all, func(c grid.Column) bool { return c.ID == "profile" })
	}
	return all
}

// several reports whether lines of more than one profile are listed.
func (p *Page) several() bool { return len(p.bag.Host.Profiles()) != 1 }

func key(e ledger.Event) string { return e.Digest }

func (p *Page) row(e ledger.Event) grid.Row {
	told := story.Of(e, p.bag.Loc)
	tone := style.Muted
	if told.Signed.Bad() {
		tone = style.Warning
	}
	cells := []grid.Cell{{Text: story.At(e.At, p.bag.Clock(), p.bag.Loc), Tone: style.Muted}, {Text: page.Cell(e.Agent)}}
	if p.several() {
		cells = append(cells, grid.Cell{Text: page.Cell(e.Profile), Tone: style.Muted})
	}
	return grid.Row{Key: key(e), Cells: append(cells, grid.Cell{Text: page.Cell(e.Subject), Tone: style.Link},
		grid.Cell{Text: told.Signed.Text(p.bag.Styles), Tone: tone}, grid.Cell{Text: told.Words, Tone: told.Tone})}
}

func (p *Page) setEmpty() {
	l := text.Literal
	switch {
	case p.list.Failure() != nil:
		problem := story.ProblemOf(p.list.Failure())
		p.list.Grid.SetEmpty(problem.Message, problem.Hint)
	case p.bar.Value() != "":
		p.list.Grid.SetEmpty(l("No line holds all of these words."), text.Concat(p.bag.Keys.Label("app.back"), l(" clears them")))
	default:
		p.list.Grid.SetEmpty(l("Nothing has happened yet."))
	}
}

// target is where a line's subject is shown. A line about many orders, or about a
// profile, has none; nor has a callback that was refused (I7).
func target(e ledger.Event) (page.Target, bool) {
	if e.Subject == "" || e.Subject == e.Profile {
		return page.Target{}, false
	}
	switch kind := story.Subject(e); {
	case e.Kind == "order.imported", strings.HasPrefix(e.Kind, "order.statement") && e.Kind != "order.statement-differs":
		return page.Target{}, false
	case kind == "order":
		return page.Target{Page: keys.Orders, Profile: e.Profile, No: e.Subject}, true
	case kind == "refund":
		return page.Target{Page: keys.Refunds, Profile: e.Profile, No: e.Subject}, true
	case kind == "token":
		user := story.User(e)
		return page.Target{Page: keys.Tokens, Profile: e.Profile, No: user}, user != ""
	}
	return page.Target{}, false
}
