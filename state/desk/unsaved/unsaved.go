// Package unsaved holds what gateways said and the ledger could not store yet,
// because its disk is full for example (F17). It is a list in memory: it never
// writes by itself and never decides what an answer means.
package unsaved

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Answer is one outcome that is not stored yet. The refund's state in the ledger
// is then older than what is known; asking the gateway again finds it anew.
type Answer struct {
	Profile string
	No      string // refund number
	Said    string // state or class of the answer
	At      time.Time

	save func(context.Context) error
}

// List is what waits to be stored. The zero value is empty; it is safe for
// concurrent use.
type List struct {
	mu      sync.Mutex
	waiting []Answer
}

// Keep adds an answer; save stores it and may be called more than once.
func (l *List) Keep(a Answer, save func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.save = save
	l.waiting = append(l.waiting, a)
}

// Waiting lists what is not stored, oldest first.
func (l *List) Waiting() []Answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.waiting)
}

// Save tries to store everything, oldest first, and stops at the first that
// fails, whose error it returns.
func (l *List) Save(ctx context.Context) error {
	for _, a := range l.Waiting() {
		if err := a.save(ctx); err != nil {
			return err
		}
		l.drop(a)
	}
	return nil
}

func (l *List) drop(a Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, other := range l.waiting {
		if other.Profile == a.Profile && other.No == a.No && other.At.Equal(a.At) {
			l.waiting = slices.Delete(l.waiting, i, i+1)
			return
		}
	}
}
