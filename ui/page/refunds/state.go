// Package refunds owns the live queue of refunds: the oldest worry first, each
// with its next look, what may be told to the customer, and its evidence. It
// asks for looks and takes back what was not sent; it never sends.
package refunds

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/text"
	"paydesk/ui/widget/filterbar"
	"paydesk/ui/widget/grid"
)

// Desk is what the page asks of the desk.
type Desk interface {
	Cancel(ctx context.Context, profile, no string) (ledger.Refund, error)
	Confirm(ctx context.Context, profile, no string) (ledger.Refund, error)
	Profiles() []desk.Profile
}

// Inspector shows what is known of the signature of an exchange.
type Inspector interface {
	Exchange(e ledger.Evidence) tea.Cmd
}

// Page is the refund queue. Make it with New.
type Page struct {
	bag     *page.Bag
	desk    Desk
	look    func(profile, no string) // asks the poller; never waits; nil: nobody polls
	inspect Inspector

	list   *page.List[ledger.Refund]
	filter *page.Filter
	counts *page.Asker[count]
	papers *page.Asker[papers]
	moves  *page.Asker[moved]
	gaze   *page.Asker[gaze]

	columns []column
	sort    *query.Sort // nil: the oldest worry first
	opened  string
	wanted  string // refund number to put the cursor on
	file    papers
	fileOf  string // key of the refund that file is about
	side    page.Scroll
	preview bool
	detail  bool

	width, height int
	rows          int
	dirty         bool
	drawn         string
}

// count is how many refunds there are.
type count struct {
	shown, total int64
	exact        bool
}

// papers is all that the ledger holds about one refund.
type papers struct {
	refund   ledger.Refund
	events   []ledger.Event
	evidence []ledger.Evidence
}

// moved is what came of taking back or confirming.
type moved struct {
	refund ledger.Refund
	words  text.Safe
}

// New returns the page; nothing is read before Open. look asks the poller to
// look at a refund ahead of its time.
func New(bag *page.Bag, d Desk, look func(profile, no string), inspect Inspector) *Page {
	p := &Page{
		bag: bag, desk: d, look: look, inspect: inspect, columns: columns(), preview: true,
		counts: page.NewAsker[count](keys.Refunds, countLimit),
		papers: page.NewAsker[papers](keys.Refunds, readLimit),
		moves:  page.NewAsker[moved](keys.Refunds, moveLimit),
		gaze:   page.NewAsker[gaze](keys.Refunds, readLimit),
	}
	g := grid.New(bag.Styles, gridColumns(p.columns))
	p.list = page.NewList(keys.Refunds, g, page.ListOf[ledger.Refund]{ID: func(r ledger.Refund) int64 { return r.ID }, Row: p.row})
	bar := filterbar.New(bag.Styles, text.Literal("type to search, or status:unknown,pending age>1h agent:ada"))
	p.filter = page.NewFilter(bar, bag.Keys, func(typed string) (query.Query, error) {
		return query.ParseRefunds(typed, bag.Clock(), bag.Loc)
	}, p.values)
	return p
}

// Scope is the page's place in the key table.
func (p *Page) Scope() keys.Scope { return keys.Refunds }

// SetSize gives the page its rectangle.
func (p *Page) SetSize(width, height int) {
	p.width, p.height = width, height
	p.layout()
}

// Open shows the page: the queue is read, or read again.
func (p *Page) Open() tea.Cmd {
	if p.opened == p.listing() {
		return tea.Batch(p.list.Refresh(p.bag.Ctx), p.readPapers(0), p.count(0), p.watch(0))
	}
	return p.reopen()
}

// Close says that the page is not on screen any more: nothing is looked at.
func (p *Page) Close() { p.gaze.Drop() }

// News reads again what changed.
func (p *Page) News(changes []feed.Change) tea.Cmd {
	for _, c := range changes {
		switch c.Kind {
		case feed.Refunds, feed.All:
			return tea.Batch(p.list.Refresh(p.bag.Ctx), p.readPapers(0), p.count(newsDelay))
		case feed.Orders, feed.Tokens, feed.Journal, feed.Link:
		}
	}
	return nil
}

// Take handles an answer to one of the page's questions.
func (p *Page) Take(msg page.Routed) tea.Cmd {
	switch msg := msg.(type) {
	case page.Answer[page.Batch[ledger.Refund]]:
		return p.takeRows(msg)
	case page.Answer[count]:
		return p.takeCount(msg)
	case page.Answer[papers]:
		return p.takePapers(msg)
	case page.Answer[moved]:
		p.takeMoved(msg)
	case page.Answer[gaze]:
		return p.takeGaze(msg)
	}
	return nil
}

// Next is when something on screen reads differently; zero when nothing will.
func (p *Page) Next(now time.Time) (next time.Time) {
	for _, k := range p.list.Grid.Visible() {
		r, ok := p.list.Find(k)
		if !ok || !r.Status.Open() {
			continue
		}
		next = story.Sooner(next, story.Sooner(story.NextChange(r, now), story.AgeChange(r.CreatedAt, now)))
		if due := r.NextCheckAt.Add(overdueAfter + time.Second); !r.NextCheckAt.IsZero() && due.After(now) {
			next = story.Sooner(next, due)
		}
	}
	return next
}

// Tick draws what the time changes.
func (p *Page) Tick(time.Time) {
	p.list.Redraw()
	p.drawPapers()
}

// Restyle draws everything anew after the theme changed.
func (p *Page) Restyle() {
	p.list.Redraw()
	p.layout()
}

// Current is the refund that the page is about.
func (p *Page) Current() (ledger.Refund, bool) {
	if p.detail && p.file.refund.ID != 0 {
		return p.file.refund, true
	}
	return p.list.Current()
}

// Show puts the cursor on a refund; with order it lists the refunds of one.
func (p *Page) Show(no, order string) tea.Cmd {
	p.detail, p.dirty = false, true
	if order != "" {
		p.filter.Set("order:" + quoted(order))
		p.layout()
		return p.reopen()
	}
	p.wanted = no
	if p.filter.Set("") {
		p.layout()
	}
	if p.opened != p.listing() {
		return p.reopen()
	}
	return tea.Batch(p.list.Refresh(p.bag.Ctx), p.count(0))
}
