// Package feed owns the news that something in the ledger changed. It carries
// names only, never content, and coalesces: a slow reader gets fewer, larger
// batches, and no publisher ever waits.
package feed

import (
	"context"
	"sync"
)

// Kind says what sort of record changed.
type Kind string

// The kinds of change.
const (
	Orders  Kind = "orders"
	Refunds Kind = "refunds"
	Tokens  Kind = "tokens"
	Journal Kind = "journal"
	Link    Kind = "link" // a gateway answered, or stopped answering
	All     Kind = "all"  // too much to name: read everything again
)

// Change names one changed record; No is empty when many changed.
type Change struct {
	Kind    Kind
	Profile string
	No      string
}

// most is how many changes are kept apart before they become All.
const most = 256

// Feed hands changes to its subscribers. The zero value is ready.
type Feed struct {
	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

// Publish adds changes for every subscriber and returns at once.
func (f *Feed) Publish(changes ...Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for sub := range f.subs {
		sub.add(changes)
	}
}

// Subscribe starts collecting changes until Close.
func (f *Feed) Subscribe() *Subscription {
	sub := &Subscription{feed: f, pending: map[Change]struct{}{}, ready: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subs == nil {
		f.subs = map[*Subscription]struct{}{}
	}
	f.subs[sub] = struct{}{}
	return sub
}

// Subscription collects changes for one reader.
type Subscription struct {
	feed    *Feed
	mu      sync.Mutex
	pending map[Change]struct{}
	ready   chan struct{}
}

// Next waits for changes and returns all that are there, in no order. Its
// error is ctx's.
func (s *Subscription) Next(ctx context.Context) ([]Change, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.ready:
		}
		if changes := s.take(); len(changes) > 0 {
			return changes, nil
		}
	}
}

// Close stops collecting.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	delete(s.feed.subs, s)
}

func (s *Subscription) add(changes []Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, all := s.pending[Change{Kind: All}]; !all {
		for _, c := range changes {
			s.pending[c] = struct{}{}
		}
		if len(s.pending) > most {
			s.pending = map[Change]struct{}{{Kind: All}: {}}
		}
	}
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

func (s *Subscription) take() []Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := make([]Change, 0, len(s.pending))
	for c := range s.pending {
		changes = append(changes, c)
	}
	clear(s.pending)
	return changes
}
