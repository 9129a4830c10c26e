package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// The ends of a call that has no answer.
var (
	errStuck = errors.New("an earlier call is stuck")
	errLimit = errors.New("deadline passed")
)

// gate lets one call at a time through to a keyring and gives up on it when
// its time is over. The library cannot be interrupted, so a call that was
// given up stays under way; until it returns, later calls fail at once instead
// of piling up behind it.
type gate struct {
	mu      sync.Mutex
	current *flight
}

// flight is one call under way.
type flight struct {
	done  chan struct{} // closed when it has returned
	stuck chan struct{} // closed when its caller has given up
}

// answer is what a call returned.
type answer struct {
	value string
	err   error
}

// run makes the call in a goroutine of its own. It returns errStuck without
// making it when an earlier one was given up and has not returned, or the
// context's cause when the time is over.
func (g *gate) run(ctx context.Context, op func() (string, error)) (string, error) {
	own := &flight{done: make(chan struct{}), stuck: make(chan struct{})}
	if err := g.enter(ctx, own); err != nil {
		return "", err
	}
	answers := make(chan answer, 1)
	go func() {
		a := guarded(op)
		g.leave(own)
		answers <- a
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		close(own.stuck)
		return "", context.Cause(ctx)
	}
}

// guarded turns a panic of the library into an error: in a goroutine it would
// end the program with the terminal raw. Its text is dropped, as it might hold
// what was being stored.
func guarded(op func() (string, error)) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{err: fmt.Errorf("the keyring library failed with a %T", r)}
		}
	}()
	a.value, a.err = op()
	return a
}

// enter waits for the call before, but not for a stuck one.
func (g *gate) enter(ctx context.Context, own *flight) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		g.mu.Lock()
		before := g.current
		if before == nil {
			g.current = own
			g.mu.Unlock()
			return nil
		}
		g.mu.Unlock()
		select {
		case <-before.done:
		case <-before.stuck:
			return errStuck
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// leave frees the gate.
func (g *gate) leave(own *flight) {
	g.mu.Lock()
	g.current = nil
	g.mu.Unlock()
	close(own.done)
}

// settle waits for the call under way, stuck or not, until ctx is over.
func (g *gate) settle(ctx context.Context) {
	g.mu.Lock()
	before := g.current
	g.mu.Unlock()
	if before == nil {
		return
	}
	select {
	case <-before.done:
	case <-ctx.Done():
	}
}
