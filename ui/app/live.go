package app

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/text"
)

// Pauses and time limits of the root's own questions.
const (
	newsPause    = 40 * time.Millisecond // between two batches of news: 25 redraws a second at most
	figuresPause = 120 * time.Millisecond
	figuresLimit = 10 * time.Second
	connectLimit = 150 * time.Second // a keyring may be waiting for its owner
	unlockLimit  = 20 * time.Second
)

// UnlockFor is how long read-only is lifted.
const UnlockFor = 15 * time.Minute

// live is what keeps the screen up to date.
type live struct {
	news    *feed.Subscription
	armed   time.Time // when the next tick is due; zero: none
	batches int       // of news, since the start
	figures figures
	reads   *page.Asker[figures]
	unlocks *page.Asker[unlocked]
	opens   map[string]*page.Asker[opened] // by profile
	able    abilities
}

// figures are the numbers that are always on screen.
type figures struct {
	ledger.Counters
	unsent int64 // decided and not sent: quitting now leaves them to the next start
}

// newsMsg carries the names of what changed.
type newsMsg struct{ changes []feed.Change }

// opened is what came of opening a gateway.
type opened struct {
	profile string
	able    page.Able
}

// unlocked is what came of lifting or restoring read-only.
type unlocked struct {
	profile string
	lasts   time.Duration
}

func newLive(svc Services) live {
	l := live{
		news:    svc.Feed.Subscribe(),
		reads:   page.NewAsker[figures](keys.Global, figuresLimit),
		unlocks: page.NewAsker[unlocked](keys.Global, unlockLimit),
		opens:   map[string]*page.Asker[opened]{},
		able:    newAbilities(),
	}
	for _, p := range svc.Desk.Profiles() {
		l.opens[p.Name] = page.NewAsker[opened](keys.Global, connectLimit)
	}
	return l
}

// waitNews blocks on the feed in the background; it is armed again on each
// batch. The pause lets a storm of changes become one.
func (m *Model) waitNews(pause time.Duration) tea.Cmd {
	ctx, news := m.bag.Ctx, m.live.news
	return func() tea.Msg {
		if !rest(ctx, pause) {
			return nil
		}
		changes, err := news.Next(ctx)
		if err != nil {
			return nil
		}
		return newsMsg{changes: changes}
	}
}

// wake sends a message after a while, unless the console ends first.
func (m *Model) wake(after time.Duration, msg tea.Msg) tea.Cmd {
	ctx := m.bag.Ctx
	return func() tea.Msg {
		if !rest(ctx, after) {
			return nil
		}
		return msg
	}
}

// rest waits; false when ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// news tells the open page what changed; the others read again when they are
// opened.
func (m *Model) news(msg newsMsg) tea.Cmd {
	m.screen.dirty = true
	m.live.batches++
	m.hear()
	cmds := []tea.Cmd{m.waitNews(newsPause), m.page().News(msg.changes), m.refund.News(msg.changes), m.tokens.Follow(msg.changes), m.relearn()}
	if slices.ContainsFunc(msg.changes, func(c feed.Change) bool { return c.Kind != feed.Link && c.Kind != feed.Journal }) {
		cmds = append(cmds, m.readFigures(figuresPause))
	}
	return tea.Batch(cmds...)
}

// readFigures reads the numbers of the header.
func (m *Model) readFigures(pause time.Duration) tea.Cmd {
	from, profiles := m.svc.Ledger, m.Profiles()
	unsent := ledger.Page{Query: query.Query{Terms: []query.Term{{
		Field: query.Status, Op: query.Is, Values: []query.Value{{Text: string(client.RefundHeld)}, {Text: string(client.RefundIntent)}},
	}}}}
	return m.live.reads.Queue(m.bag.Ctx, pause, func(ctx context.Context) (f figures, err error) {
		if f.Counters, err = from.Counters(ctx, profiles); err != nil {
			return f, err
		}
		f.unsent, _, err = from.CountRefunds(ctx, unsent, 100)
		return f, err
	})
}

// connect opens the gateways behind the first frame, so that a locked keyring
// is known before somebody needs it.
func (m *Model) connect() tea.Cmd {
	var all []tea.Cmd
	for _, p := range m.svc.Desk.Profiles() {
		all = append(all, m.openGateway(p.Name))
	}
	return tea.Batch(all...)
}

// takeOwn handles an answer to one of the root's own questions.
func (m *Model) takeOwn(answer page.Routed) tea.Cmd {
	switch answer := answer.(type) {
	case page.Answer[figures]:
		f, ok, err := m.live.reads.Take(answer)
		if ok && err == nil {
			m.live.figures = f
		}
		return m.live.reads.Queued()
	case page.Answer[unlocked]:
		if u, ok, err := m.live.unlocks.Take(answer); ok {
			m.unlockedNow(u, err)
		}
	case page.Answer[opened]:
		for name, asker := range m.live.opens {
			if o, ok, err := asker.Take(answer); ok {
				return m.learned(name, o, err)
			}
		}
	case page.Answer[balance]:
		m.takeBalance(answer)
	}
	return nil
}

// connecting reports whether a gateway in sight is still being opened.
func (m *Model) connecting(profile string) bool {
	asker := m.live.opens[profile]
	return asker != nil && asker.Busy()
}

// nextChange is when something on screen reads differently.
func (m *Model) nextChange(now time.Time) time.Time {
	if m.small() || m.welcome() {
		return time.Time{}
	}
	second := now.Truncate(time.Second)
	next := story.Sooner(m.page().Next(second), story.AgeChange(m.synced(), second))
	if left, ok := m.notices.Next(now); ok {
		next = story.Sooner(next, now.Add(left))
	}
	for _, p := range m.inSight() {
		if locked, until := m.svc.Desk.ReadOnly(p.Name); !locked && !until.IsZero() {
			next = story.Sooner(next, story.NextShorter(until, second))
		}
	}
	if next.IsZero() {
		return next
	}
	// All at once on the full second; never more often.
	if full := next.Truncate(time.Second); full.Before(next) {
		next = full.Add(time.Second)
	}
	if !next.After(now) {
		next = second.Add(time.Second)
	}
	return next
}

// unsentWords says what quitting leaves behind.
func unsentWords(n int64) text.Safe {
	if n == 1 {
		return text.Literal("1 refund is decided and not sent yet.")
	}
	return text.Concat(text.Number(n), text.Literal(" refunds are decided and not sent yet."))
}
