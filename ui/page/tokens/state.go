// Package tokens owns the saved cards of a user: what the ledger knows at once,
// what the gateway says behind it, and the start of an unbinding. It never
// unbinds by itself: the poller does, by the desk.
package tokens

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/text"
	"paydesk/ui/widget/filterbar"
	"paydesk/ui/widget/grid"
)

// Desk is what the page asks of the desk.
type Desk interface {
	Tokens(ctx context.Context, profile, user string) ([]ledger.Token, error)
	PlanUnbind(ctx context.Context, profile, user, token, reason string) (desk.UnbindPlan, error)
	CommitUnbind(ctx context.Context, plan desk.UnbindPlan) (ledger.Unbind, error)
	ReadOnly(profile string) (locked bool, until time.Time)
	Profiles() []desk.Profile
}

// Page is the list of cards. Make it with New.
type Page struct {
	bag  *page.Bag
	desk Desk

	bar   *filterbar.Bar
	grid  *grid.Grid
	loads *page.Asker[loaded]
	asks  map[string]*page.Asker[asked] // by profile: one gateway's trouble is not another's
	binds *page.Asker[ledger.Unbind]
	ends  *page.Asker[[]ended]

	user    string // whose cards the gateways were asked for; "" nobody's
	before  string // what the bar held when typing began
	rows    []ledger.Token
	unbinds map[string]ledger.Unbind // open ones by profile and token
	waiting []ledger.Unbind          // decided here, not settled yet
	users   []string                 // that the typed text could mean
	there   bool                     // the first answer of the ledger is there
	failure error

	columns       []column
	width, height int
	dirty         bool
	drawn         string
}

// loaded is what the ledger knows.
type loaded struct {
	rows    []ledger.Token
	unbinds []ledger.Unbind
	users   []string
}

// asked is what came of asking one gateway.
type asked struct {
	profile, user string
	cards         int
}

// New returns the page; nothing is read before Open.
func New(bag *page.Bag, d Desk) *Page {
	p := &Page{
		bag: bag, desk: d, columns: columns(), asks: map[string]*page.Asker[asked]{}, unbinds: map[string]ledger.Unbind{},
		bar:   filterbar.New(bag.Styles, text.Literal("type a user's ID; enter asks the gateway for the cards")),
		loads: page.NewAsker[loaded](keys.Tokens, readLimit),
		binds: page.NewAsker[ledger.Unbind](keys.Tokens, commitLimit),
		ends:  page.NewAsker[[]ended](keys.Tokens, readLimit),
	}
	p.grid = grid.New(bag.Styles, gridColumns(p.columns))
	for _, profile := range d.Profiles() {
		p.asks[profile.Name] = page.NewAsker[asked](keys.Tokens, askLimit)
	}
	return p
}

// Scope is the page's place in the key table.
func (p *Page) Scope() keys.Scope { return keys.Tokens }

// SetSize gives the page its rectangle.
func (p *Page) SetSize(width, height int) {
	p.width, p.height = width, height
	p.bar.SetWidth(width)
	p.grid.SetSize(width, max(height-p.bar.Height(), 1))
	if p.there {
		p.setEmpty()
	}
	p.dirty = true
}

// Open shows the page: the ledger is read again.
func (p *Page) Open() tea.Cmd { return p.load(0) }

// Close says that the page is not on screen any more.
func (p *Page) Close() {}

// Show lists the cards of a user and asks the gateway for them.
func (p *Page) Show(profile, user string) tea.Cmd {
	p.bar.SetValue(user)
	p.grid.Reset()
	return tea.Batch(p.load(0), p.ask(user, profile))
}

// News reads again what changed.
func (p *Page) News(changes []feed.Change) tea.Cmd {
	for _, c := range changes {
		if c.Kind == feed.Tokens || c.Kind == feed.All {
			return p.load(newsDelay)
		}
	}
	return nil
}

// Take handles an answer to one of the page's questions.
func (p *Page) Take(msg page.Routed) tea.Cmd {
	p.dirty = true
	switch msg := msg.(type) {
	case page.Answer[loaded]:
		return p.takeLoaded(msg)
	case page.Answer[asked]:
		return p.takeAsked(msg)
	case page.Answer[ledger.Unbind]:
		return p.takeUnbind(msg)
	case page.Answer[[]ended]:
		if settled, ok, err := p.ends.Take(msg); ok && err == nil {
			p.tell(settled)
		}
		return p.ends.Queued()
	}
	return nil
}

// Next is when something on screen reads differently; zero when nothing will.
func (p *Page) Next(now time.Time) (next time.Time) {
	for _, k := range p.grid.Visible() {
		if t, ok := p.find(k); ok {
			next = story.Sooner(next, story.AgeChange(t.SeenAt, now))
		}
	}
	return next
}

// Tick draws what the time changes.
func (p *Page) Tick(time.Time) { p.redraw() }

// Restyle draws everything anew after the theme changed.
func (p *Page) Restyle() { p.redraw() }

// View draws exactly the page's rectangle. It draws again only after a change.
func (p *Page) View() string {
	if p.dirty {
		p.dirty = false
		p.drawn = p.bar.View() + "\n" + p.grid.View()
	}
	return p.drawn
}

// Cursor is where the terminal's cursor belongs, relative to the page.
func (p *Page) Cursor() *tea.Cursor { return p.bar.Cursor() }

// Current is the card under the cursor.
func (p *Page) Current() (ledger.Token, bool) {
	k, ok := p.grid.Cursor()
	if !ok {
		return ledger.Token{}, false
	}
	return p.find(k)
}

func (p *Page) find(k string) (ledger.Token, bool) {
	for _, t := range p.rows {
		if key(t) == k {
			return t, true
		}
	}
	return ledger.Token{}, false
}
