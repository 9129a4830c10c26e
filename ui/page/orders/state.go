// Package orders owns the list of payments: filter, sort, preview and detail
// with what happened to each, look-up of a number at its gateway, and the start
// of a refund. It never moves money and never knows another page.
package orders

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
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
	LookUp(ctx context.Context, profile, no string) (desk.Found, error)
	CloseOrder(ctx context.Context, profile, no string) (ledger.Order, error)
	StatementZone(ctx context.Context, profile string) (*time.Location, error)
	Statement(ctx context.Context, profile string, from, to client.Day, afresh bool, took func(desk.Page) error) error
	ReadOnly(profile string) (locked bool, until time.Time)
	Profiles() []desk.Profile
}

// Refunder starts a refund of an order; the dialog is not this page's.
type Refunder interface {
	Start(o ledger.Order) tea.Cmd
}

// Page is the order list. Make it with New.
type Page struct {
	bag    *page.Bag
	desk   Desk
	refund Refunder

	list   *page.List[ledger.Order]
	filter *page.Filter
	counts *page.Asker[count]
	pasts  *page.Asker[story.Past]
	finds  *page.Asker[desk.Found]
	jobs   jobs

	all     []column
	shown   []column
	chosen  []string // IDs of the columns that a person chose; nil: the usual ones
	sort    query.Sort
	opened  string // what Open last listed: profiles, filter, sort
	wanted  string // number to put the cursor on when the list is there
	past    story.Past
	pastKey string
	side    page.Scroll
	preview bool // a person wants the second pane
	detail  bool

	width, height int
	rows          int // lines of the list, header included
	dirty         bool
	drawn         string
}

// count is how many orders there are.
type count struct {
	shown, total int64
	exact        bool
}

// New returns the page; nothing is read before Open.
func New(bag *page.Bag, d Desk, refund Refunder) *Page {
	p := &Page{
		bag: bag, desk: d, refund: refund, all: columns(), sort: query.Sort{Field: query.Placed, Desc: true}, preview: true,
		counts: page.NewAsker[count](keys.Orders, countLimit),
		pasts:  page.NewAsker[story.Past](keys.Orders, readLimit),
		finds:  page.NewAsker[desk.Found](keys.Orders, askLimit),
		jobs:   newJobs(),
	}
	p.shown = p.choose()
	g := grid.New(bag.Styles, gridColumns(p.shown))
	p.list = page.NewList(keys.Orders, g, page.ListOf[ledger.Order]{ID: func(o ledger.Order) int64 { return o.ID }, Row: p.row})
	bar := filterbar.New(bag.Styles, text.Literal("type to search, or status:paid amount>=100 user:U-2041"))
	p.filter = page.NewFilter(bar, bag.Keys, func(typed string) (query.Query, error) {
		return query.ParseOrders(typed, bag.Clock(), bag.Loc)
	}, p.values)
	p.markSort()
	return p
}

// Scope is the page's place in the key table.
func (p *Page) Scope() keys.Scope { return keys.Orders }

// SetSize gives the page its rectangle.
func (p *Page) SetSize(width, height int) {
	p.width, p.height = width, height
	p.layout()
}

// Open shows the page: the list is read, or read again.
func (p *Page) Open() tea.Cmd {
	if p.opened == p.listing() {
		return tea.Batch(p.list.Refresh(p.bag.Ctx), p.readPast(0), p.readCount(0))
	}
	return p.reopen()
}

// Close says that the page is not on screen any more.
func (p *Page) Close() {}

// News reads again what changed.
func (p *Page) News(changes []feed.Change) tea.Cmd {
	for _, c := range changes {
		switch c.Kind {
		case feed.Orders, feed.Refunds, feed.All:
			return tea.Batch(p.list.Refresh(p.bag.Ctx), p.readPast(0), p.readCount(newsDelay))
		case feed.Tokens, feed.Journal, feed.Link:
		}
	}
	return nil
}

// Take handles an answer to one of the page's questions.
func (p *Page) Take(msg page.Routed) tea.Cmd {
	switch msg := msg.(type) {
	case page.Answer[page.Batch[ledger.Order]]:
		return p.takeRows(msg)
	case page.Answer[count]:
		return p.takeCount(msg)
	case page.Answer[story.Past]:
		p.takePast(msg)
	case page.Answer[desk.Found]:
		return p.takeFound(msg)
	case page.Answer[shut]:
		return p.takeShut(msg)
	case page.Answer[step]:
		return p.takeStep(msg)
	case page.Answer[finished]:
		return p.takeFinished(msg)
	}
	return nil
}

// Next is when something on screen reads differently; zero when nothing will.
func (p *Page) Next(now time.Time) (next time.Time) {
	if !p.pastShown() {
		return next
	}
	for _, r := range p.past.Refunds {
		if r.Status.Open() {
			next = story.Sooner(next, story.NextChange(r, now))
		}
	}
	return next
}

// Tick draws what the time changes.
func (p *Page) Tick(time.Time) {
	if p.pastShown() {
		p.drawPast()
	}
}

// Restyle draws everything anew after the theme changed.
func (p *Page) Restyle() {
	p.list.Redraw()
	p.layout()
}

// Current is the order that the page is about.
func (p *Page) Current() (ledger.Order, bool) {
	if p.detail && p.past.Order.ID != 0 {
		return p.past.Order, true
	}
	return p.list.Current()
}

// Show puts the cursor on an order, searching for it if it is not near.
func (p *Page) Show(profile, no string) tea.Cmd {
	p.detail, p.dirty = false, true
	p.layout()
	p.wanted = profile + "\x00" + no
	switch {
	case !p.filter.Empty():
		return p.search(no)
	case p.opened != p.listing():
		return p.reopen()
	}
	return tea.Batch(p.list.Refresh(p.bag.Ctx), p.readCount(0))
}

// search lists the one order with that number.
func (p *Page) search(no string) tea.Cmd {
	p.filter.Set("order:" + quoted(no))
	p.layout()
	return p.reopen()
}

// Waiting reports whether the rows of the newest search are not there yet.
func (p *Page) Waiting() bool { return p.list.Asker.Busy() }
