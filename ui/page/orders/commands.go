package orders

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Time limits and pauses. The list itself is read without any pause: the last
// key of a search must be on screen within 25 ms (product: section 8).
const (
	readLimit  = 10 * time.Second
	countLimit = 20 * time.Second
	askLimit   = 60 * time.Second
	pastDelay  = 30 * time.Millisecond  // while the cursor is moving
	countDelay = 60 * time.Millisecond  // while a search is being typed
	newsDelay  = 300 * time.Millisecond // while refunds are being settled
)

// Counting goes in two steps, so that a small answer is there at once.
const (
	quickCount = 2_000
	fullCount  = 10_000_000
)

// effective is the search with the list's own order where it names none.
func (p *Page) effective() query.Query {
	q := p.filter.Query()
	if len(q.Sort) == 0 {
		q.Sort = []query.Sort{p.sort}
	}
	return q
}

// listing names what is listed; it changes when the list must start anew.
func (p *Page) listing() string {
	return strings.Join(p.bag.Host.Profiles(), "\x00") + "\x01" + p.filter.Query().Text + "\x01" + string(p.sort.Field) + sign(p.sort.Desc)
}

func sign(desc bool) string {
	if desc {
		return "-"
	}
	return "+"
}

// reopen lists from the start.
func (p *Page) reopen() tea.Cmd {
	p.opened = p.listing()
	p.pastKey, p.dirty = "", true
	p.fitColumns()
	p.markSort()
	open := p.list.Open
	if p.filter.Tentative() {
		open = p.list.OpenUnlessEmpty
	}
	return tea.Batch(open(p.bag.Ctx, p.source()), p.readCount(countDelay))
}

// source reads the list. A search with a small limit of its own ends there.
func (p *Page) source() page.Source[ledger.Order] {
	q, profiles, from := p.effective(), p.bag.Host.Profiles(), p.bag.Ledger
	return func(ctx context.Context, f page.Fetch) ([]ledger.Order, error) {
		if q.Limit > 0 && q.Limit <= page.HoldRows {
			if f.Anchor != 0 && !f.Include {
				return nil, nil
			}
			f = page.Fetch{Limit: q.Limit}
		}
		return from.Orders(ctx, ledger.Page{Query: q, Anchor: f.Anchor, Back: f.Back, Include: f.Include, Limit: f.Limit, Profiles: profiles})
	}
}

func (p *Page) takeRows(msg page.Answer[page.Batch[ledger.Order]]) tea.Cmd {
	next, ok := p.list.Take(p.bag.Ctx, msg)
	if !ok {
		return nil
	}
	p.dirty = true
	if p.wanted != "" && !p.list.Asker.Busy() {
		wanted := p.wanted
		p.wanted = ""
		if _, no, ok := cutKey(wanted); ok && !p.list.Grid.Select(wanted) && p.filter.Empty() {
			return p.search(no) // far away in the list
		}
	}
	p.setEmpty()
	return tea.Batch(next, p.follow())
}

// readCount counts the matches: first a few, then all.
func (p *Page) readCount(delay time.Duration) tea.Cmd {
	limit := int64(quickCount)
	if delay == 0 {
		limit = fullCount
	}
	return p.count(delay, limit)
}

func (p *Page) count(delay time.Duration, limit int64) tea.Cmd {
	all := ledger.Page{Profiles: p.bag.Host.Profiles()}
	some := all
	some.Query = p.filter.Query()
	from := p.bag.Ledger
	ask := p.counts.After
	if delay == newsDelay {
		ask = p.counts.Queue
	}
	return ask(p.bag.Ctx, delay, func(ctx context.Context) (c count, err error) {
		if c.total, _, err = from.CountOrders(ctx, all, fullCount); err != nil {
			return c, err
		}
		c.shown, c.exact = c.total, true
		if len(some.Query.Terms) > 0 {
			c.shown, c.exact, err = from.CountOrders(ctx, some, limit)
		}
		return c, err
	})
}

func (p *Page) takeCount(msg page.Answer[count]) tea.Cmd {
	c, ok, err := p.counts.Take(msg)
	if !ok || err != nil || p.list.Held() {
		return p.counts.Queued()
	}
	p.dirty = true
	if c.exact {
		p.filter.Bar.SetCount(c.shown, c.total)
		p.list.SetTotal(int(c.shown))
	} else {
		p.filter.Bar.SetAtLeast(c.shown, c.total)
	}
	p.setEmpty()
	if !c.exact && c.shown <= quickCount {
		return p.count(0, fullCount)
	}
	return p.counts.Queued()
}

// follow reads what happened to the order under the cursor.
func (p *Page) follow() tea.Cmd {
	o, ok := p.list.Current()
	if !ok {
		p.pasts.Drop()
		p.past, p.pastKey = story.Past{}, ""
		p.drawPast()
		return nil
	}
	if k := key(o); k != p.pastKey {
		p.past, p.pastKey = story.Past{Order: o}, k
		p.side.Top()
		p.drawPast()
		return p.readPast(pastDelay)
	}
	return nil
}

// readPast reads the timeline of the order that is shown.
func (p *Page) readPast(delay time.Duration) tea.Cmd {
	o := p.past.Order
	if o.OrderNo == "" || !p.pastShown() {
		return nil
	}
	from := p.bag.Ledger
	return p.pasts.After(p.bag.Ctx, delay, func(ctx context.Context) (story.Past, error) {
		return page.LoadPast(ctx, from, o.Profile, o.OrderNo)
	})
}

func (p *Page) takePast(msg page.Answer[story.Past]) {
	past, ok, err := p.pasts.Take(msg)
	if !ok {
		return
	}
	if err != nil {
		p.bag.Host.Fail(text.Literal("timeline"), err)
		return
	}
	p.past = past
	p.drawPast()
}

// look asks the gateway for a number and shows what it says.
func (p *Page) look(profile, no string) tea.Cmd {
	p.bag.Host.Say(style.Pending, text.Join(text.Spaces(1), text.Literal("asking the gateway for"), text.Clean(no)))
	find := p.desk
	return p.finds.Ask(p.bag.Ctx, func(ctx context.Context) (desk.Found, error) { return find.LookUp(ctx, profile, no) })
}

func (p *Page) takeFound(msg page.Answer[desk.Found]) tea.Cmd {
	found, ok, err := p.finds.Take(msg)
	if !ok {
		return nil
	}
	if err != nil {
		p.bag.Host.Fail(text.Literal("look up"), err)
		return nil
	}
	o := found.Order
	current, chosen := p.Current()
	state := p.bag.Styles.Order(o.Status)
	p.bag.Host.Say(style.Success, text.Join(text.Literal(" "), text.Clean(o.OrderNo), state.Word, text.Amount(o.Amount),
		text.Literal("found"), text.Clean(found.How)))
	if chosen && key(current) == key(o) {
		return p.Open()
	}
	return p.Show(o.Profile, o.OrderNo)
}

// values gives the filter what only this page knows.
func (p *Page) values(field query.Field) []string {
	var words []string
	add := func(word string) {
		if word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	switch field {
	case query.Status:
		return []string{"pending", "paid", "failed", "closed", "unknown"}
	case query.Profile:
		for _, profile := range p.desk.Profiles() {
			add(profile.Name)
		}
	case query.Gateway:
		for _, profile := range p.desk.Profiles() {
			add(profile.Gateway)
		}
	case query.Currency, query.Method, query.User:
		for _, o := range p.list.Rows() {
			switch field {
			case query.Currency:
				add(strings.ToLower(o.Amount.Currency))
			case query.Method:
				add(strings.ToLower(o.Method))
			default:
				add(o.UserID)
			}
		}
	}
	return words
}

// quoted makes a number stand in a search whatever is in it.
func quoted(no string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(no) + `"`
}

// askable is the profile in which a number would be looked up: the one that is
// chosen, or the only one.
func (p *Page) askable() []desk.Profile {
	chosen := p.bag.Host.Profiles()
	var list []desk.Profile
	for _, profile := range p.desk.Profiles() {
		if chosen == nil || slices.Contains(chosen, profile.Name) {
			list = append(list, profile)
		}
	}
	return list
}
