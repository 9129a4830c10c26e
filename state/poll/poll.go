// Package poll looks at open refunds, unbindings and callbacks when they are
// due: one lane a profile, each with its own budget and breaker, so that one
// gateway's trouble never slows another. When a look is due is the desk's
// decision and stands in the ledger; this package only keeps to it.
package poll

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"paydesk/client"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// Desk takes one step with what is due.
type Desk interface {
	Advance(ctx context.Context, profile, no string) (ledger.Refund, error)
	AdvanceUnbind(ctx context.Context, u ledger.Unbind) (ledger.Unbind, error)
	AdvanceNotice(ctx context.Context, profile, digest string) error
}

// Saver is a Desk that may hold answers that the ledger could not store.
type Saver interface {
	// SaveUnsaved stores them; it is cheap when there are none.
	SaveUnsaved(ctx context.Context) error
}

// Source says what is due.
type Source interface {
	Due(ctx context.Context, profile string, before time.Time, limit int) ([]ledger.Due, error)
	OpenRefunds(ctx context.Context, profile string) ([]ledger.Refund, error)
	OpenUnbinds(ctx context.Context, profile string) ([]ledger.Unbind, error)
}

// Budget bounds the calls of one lane.
type Budget struct {
	PerSecond int
	Burst     int
}

// DefaultBudget is 5 requests a second with a burst of 10 (payermax section 13).
var DefaultBudget = Budget{PerSecond: 5, Burst: 10}

// Options are the poller's parts; Log may be nil.
type Options struct {
	Desk     Desk
	Source   Source
	Feed     *feed.Feed
	Profiles []string
	Budget   func(profile string) Budget // nil: DefaultBudget for all
	Clock    func() time.Time
	Log      *slog.Logger
}

// Poller runs the lanes.
type Poller struct {
	lanes map[string]*lane
	feed  *feed.Feed
	saver Saver // nil: nothing to save
	log   *slog.Logger
}

// New prepares a poller; Run starts it.
func New(o Options) *Poller {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Poller{lanes: map[string]*lane{}, feed: o.Feed, log: o.Log}
	p.saver, _ = o.Desk.(Saver)
	for _, profile := range o.Profiles {
		budget := DefaultBudget
		if o.Budget != nil {
			budget = o.Budget(profile)
		}
		p.lanes[profile] = newLane(o, profile, budget)
	}
	return p
}

// Run polls until ctx ends and returns when every step under way has ended.
func (p *Poller) Run(ctx context.Context) {
	sub := p.feed.Subscribe()
	defer sub.Close()
	var group sync.WaitGroup
	for _, l := range p.lanes {
		group.Go(func() { l.run(ctx) })
	}
	if p.saver != nil {
		group.Go(func() { p.save(ctx) })
	}
	for {
		changes, err := sub.Next(ctx)
		if err != nil {
			break
		}
		p.wake(changes)
	}
	group.Wait()
}

// saveEvery is how often what could not be stored is tried again (F17).
const saveEvery = 5 * time.Second

// save tries to store what waits for room until ctx ends.
func (p *Poller) save(ctx context.Context) {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := p.saver.SaveUnsaved(ctx); err != nil {
				p.log.Warn("an answer is still not stored", "error", err)
			}
		}
	}
}

// wake tells the lanes that what is due may have changed.
func (p *Poller) wake(changes []feed.Change) {
	for _, c := range changes {
		switch c.Kind {
		case feed.All:
			for _, l := range p.lanes {
				l.kick()
			}
		case feed.Refunds, feed.Tokens, feed.Orders: // an order's change may be a callback about it
			if l := p.lanes[c.Profile]; l != nil {
				l.kick()
			}
		case feed.Journal, feed.Link:
		}
	}
}

// Look asks about one refund now, ahead of what is due; the same refund at
// most every five seconds. It never waits.
func (p *Poller) Look(profile, no string) {
	if l := p.lanes[profile]; l != nil {
		l.look(no)
	}
}

// troubled reports whether an error speaks of the gateway or the way to it,
// not of the one refund.
func troubled(err error) bool {
	switch client.ClassOf(err) {
	case client.ClassNotSent, client.ClassRate, client.ClassKeyring, client.ClassAuth, client.ClassStorage, client.ClassConfig, client.ClassBug:
		return true
	case client.ClassUnknown:
		x := client.ExchangeOf(err)
		return x == nil || x.Code == ""
	default:
		return false
	}
}
