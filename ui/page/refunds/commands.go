package refunds

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/ui/page"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Time limits and pauses.
const (
	readLimit   = 10 * time.Second
	countLimit  = 20 * time.Second
	moveLimit   = 20 * time.Second
	papersDelay = 30 * time.Millisecond
	countDelay  = 60 * time.Millisecond
	newsDelay   = 300 * time.Millisecond
)

// A refund that is looked at by a person is asked about at once and then every
// gazeEvery (reliability: section 6), while somebody is likely to be there.
const (
	gazeAfter = 400 * time.Millisecond
	gazeEvery = 5 * time.Second
	mostGazes = 12
)

// mostCounted bounds a count; above it the number is "at least".
const mostCounted = 1_000_000

// effective is the search with the chosen order; without either the ledger's
// own order holds, the oldest worry first.
func (p *Page) effective() query.Query {
	q := p.filter.Query()
	if len(q.Sort) == 0 && p.sort != nil {
		q.Sort = []query.Sort{*p.sort}
	}
	return q
}

// listing names what is listed.
func (p *Page) listing() string {
	by := ""
	if p.sort != nil {
		by = string(p.sort.Field)
		if p.sort.Desc {
			by = "-" + by
		}
	}
	return strings.Join(p.bag.Host.Profiles(), "\x00") + "\x01" + p.filter.Query().Text + "\x01" + by
}

// reopen lists from the start.
func (p *Page) reopen() tea.Cmd {
	p.opened, p.fileOf, p.dirty = p.listing(), "", true
	p.markSort()
	open := p.list.Open
	if p.filter.Tentative() {
		open = p.list.OpenUnlessEmpty
	}
	return tea.Batch(open(p.bag.Ctx, p.source()), p.count(countDelay))
}

func (p *Page) source() page.Source[ledger.Refund] {
	q, profiles, from := p.effective(), p.bag.Host.Profiles(), p.bag.Ledger
	return func(ctx context.Context, f page.Fetch) ([]ledger.Refund, error) {
		if q.Limit > 0 && q.Limit <= page.HoldRows {
			if f.Anchor != 0 && !f.Include {
				return nil, nil
			}
			f = page.Fetch{Limit: q.Limit}
		}
		return from.Refunds(ctx, ledger.Page{Query: q, Anchor: f.Anchor, Back: f.Back, Include: f.Include, Limit: f.Limit, Profiles: profiles})
	}
}

func (p *Page) takeRows(msg page.Answer[page.Batch[ledger.Refund]]) tea.Cmd {
	next, ok := p.list.Take(p.bag.Ctx, msg)
	if !ok {
		return nil
	}
	p.dirty = true
	if p.wanted != "" && !p.list.Asker.Busy() {
		if !p.selectWanted() && p.filter.Empty() {
			p.filter.Set(quoted(p.wanted)) // far down the queue
			p.layout()
			return p.reopen()
		}
		p.wanted = ""
	}
	p.setEmpty()
	return tea.Batch(next, p.follow())
}

// selectWanted puts the cursor on the refund that was asked for.
func (p *Page) selectWanted() bool {
	i := slices.IndexFunc(p.list.Rows(), func(r ledger.Refund) bool { return strings.EqualFold(r.RefundNo, p.wanted) })
	return i >= 0 && p.list.Grid.Select(key(p.list.Rows()[i]))
}

func (p *Page) count(delay time.Duration) tea.Cmd {
	all := ledger.Page{Profiles: p.bag.Host.Profiles()}
	some := all
	some.Query = p.filter.Query()
	from := p.bag.Ledger
	ask := p.counts.After
	if delay == newsDelay {
		ask = p.counts.Queue
	}
	return ask(p.bag.Ctx, delay, func(ctx context.Context) (c count, err error) {
		if c.total, c.exact, err = from.CountRefunds(ctx, all, mostCounted); err != nil {
			return c, err
		}
		c.shown = c.total
		if len(some.Query.Terms) > 0 {
			c.shown, c.exact, err = from.CountRefunds(ctx, some, mostCounted)
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
	return p.counts.Queued()
}

// follow reads the papers of the refund under the cursor and has it looked at.
func (p *Page) follow() tea.Cmd {
	r, ok := p.list.Current()
	if !ok {
		p.papers.Drop()
		p.gaze.Drop()
		p.file, p.fileOf = papers{}, ""
		p.drawPapers()
		return nil
	}
	k := key(r)
	if k == p.fileOf {
		moved := p.file.refund.Status != r.Status
		p.file.refund = r
		p.drawPapers()
		if moved {
			return p.watch(0)
		}
		return nil
	}
	p.file, p.fileOf = papers{refund: r}, k
	p.side.Top()
	p.drawPapers()
	return tea.Batch(p.readPapers(papersDelay), p.watch(0))
}

// readPapers reads what the ledger holds about the refund that is shown.
func (p *Page) readPapers(delay time.Duration) tea.Cmd {
	r := p.file.refund
	if r.ID == 0 || !p.papersShown() {
		return nil
	}
	from := p.bag.Ledger
	return p.papers.After(p.bag.Ctx, delay, func(ctx context.Context) (papers, error) {
		file := papers{refund: r}
		if fresh, err := from.Refund(ctx, r.Profile, r.RefundNo); err == nil && fresh.ID == r.ID {
			file.refund = fresh
		}
		var err error
		if file.events, err = eventsOf(ctx, from, r); err != nil {
			return file, err
		}
		file.evidence, err = from.EvidenceOf(ctx, r.Profile, r.RefundNo)
		return file, err
	})
}

// eventsOf reads the journal lines of a refund, newest first; a callback that came
// before the ledger knew it may name it by the gateway's number.
func eventsOf(ctx context.Context, from ledger.Reader, r ledger.Refund) ([]ledger.Event, error) {
	filter := ledger.EventFilter{Profiles: []string{r.Profile}, Subject: r.RefundNo, Limit: mostEvents}
	events, err := from.Events(ctx, filter)
	if err != nil || r.GatewayRefundNo == "" || r.GatewayRefundNo == r.RefundNo {
		return events, err
	}
	filter.Subject = r.GatewayRefundNo
	more, err := from.Events(ctx, filter)
	events = append(events, more...)
	slices.SortFunc(events, func(a, b ledger.Event) int { return cmp.Compare(b.Seq, a.Seq) })
	return events, err
}

func (p *Page) takePapers(msg page.Answer[papers]) tea.Cmd {
	file, ok, err := p.papers.Take(msg)
	if !ok {
		return nil
	}
	if err != nil {
		p.bag.Host.Fail(text.Literal("evidence"), err)
		return nil
	}
	p.file = file
	p.drawPapers()
	return nil
}

// gaze is one look at the refund with that key; turn counts them.
type gaze struct {
	key  string
	turn int
}

// watch has the refund under the cursor looked at, if it may have been sent.
func (p *Page) watch(turn int) tea.Cmd {
	r, ok := p.Current()
	if !ok || p.look == nil || turn >= mostGazes || !worthLooking(r.Status) {
		p.gaze.Drop()
		return nil
	}
	delay := gazeEvery
	if turn == 0 {
		delay = gazeAfter
	}
	g := gaze{key: key(r), turn: turn}
	return p.gaze.After(p.bag.Ctx, delay, func(context.Context) (gaze, error) { return g, nil })
}

func worthLooking(s client.RefundStatus) bool {
	return s == client.RefundSending || s == client.RefundUnknown || s == client.RefundPending
}

func (p *Page) takeGaze(msg page.Answer[gaze]) tea.Cmd {
	g, ok, err := p.gaze.Take(msg)
	if !ok || err != nil {
		return nil
	}
	r, ok := p.Current()
	if !ok || key(r) != g.key || !worthLooking(r.Status) {
		return nil
	}
	p.look(r.Profile, r.RefundNo)
	return p.watch(g.turn + 1)
}

// ask has the gateway asked now; the poller keeps to its pace and budget.
func (p *Page) ask(r ledger.Refund) tea.Cmd {
	p.look(r.Profile, r.RefundNo)
	p.bag.Host.Say(style.Pending, text.Concat(text.Literal("asking the gateway about "), text.TruncateMiddle(text.Clean(r.RefundNo), shortNo)))
	return nil
}

// cancel takes a refund back of which nothing was sent.
func (p *Page) cancel(r ledger.Refund) tea.Cmd {
	d := p.desk
	return p.moves.Ask(p.bag.Ctx, func(ctx context.Context) (moved, error) {
		after, err := d.Cancel(ctx, r.Profile, r.RefundNo)
		return moved{refund: after, words: text.Literal("taken back, nothing was sent: ")}, err
	})
}

// confirm renews the consent of an intent that a restart left unsent.
func (p *Page) confirm(r ledger.Refund) tea.Cmd {
	d := p.desk
	return p.moves.Ask(p.bag.Ctx, func(ctx context.Context) (moved, error) {
		after, err := d.Confirm(ctx, r.Profile, r.RefundNo)
		return moved{refund: after, words: text.Literal("confirmed, being sent: ")}, err
	})
}

func (p *Page) takeMoved(msg page.Answer[moved]) {
	m, ok, err := p.moves.Take(msg)
	switch {
	case !ok:
	case err != nil:
		p.bag.Host.Fail(text.Literal("refund"), err)
	default:
		p.bag.Host.Say(style.Success, text.Concat(m.words, text.Amount(m.refund.Amount), text.Literal(" of "), text.Clean(m.refund.OrderNo)))
	}
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
		return []string{"held", "intent", "sending", "unknown", "pending", "success", "failed", "closed", "cancelled", "reversed"}
	case query.Agent, query.Profile, query.Currency:
		for _, r := range p.list.Rows() {
			switch field {
			case query.Agent:
				add(r.Agent)
			case query.Profile:
				add(r.Profile)
			default:
				add(strings.ToLower(r.Amount.Currency))
			}
		}
	}
	return words
}

// quoted makes a number stand in a search whatever is in it.
func quoted(no string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(no) + `"`
}
