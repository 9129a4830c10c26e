package page

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/ui/keys"
)

// Routed is an answer on its way to the page that asked.
type Routed interface{ Page() keys.Scope }

// Answer is what came of one question. Only Asker.Take looks inside.
type Answer[T any] struct {
	asker *Asker[T]
	gen   uint64
	value T
	err   error
}

// Page names the page that asked.
func (a Answer[T]) Page() keys.Scope { return a.asker.page }

// Asker asks one kind of question in the background. Only the answer to the
// newest question counts: asking again cancels the one before, and an answer
// that comes late is dropped, so that a slow reply never overwrites a newer
// screen. It is used from Update only.
type Asker[T any] struct {
	page  keys.Scope
	limit time.Duration
	gen   uint64
	stop  context.CancelFunc
	queue func() tea.Cmd // what Queue was given meanwhile
}

// NewAsker returns an asker for a page; each question may take as long as
// limit (I15).
func NewAsker[T any](page keys.Scope, limit time.Duration) *Asker[T] {
	return &Asker[T]{page: page, limit: limit}
}

// Ask asks now, in place of any question under way.
func (a *Asker[T]) Ask(ctx context.Context, question func(context.Context) (T, error)) tea.Cmd {
	return a.After(ctx, 0, question)
}

// After asks after a delay, in place of any question under way.
func (a *Asker[T]) After(ctx context.Context, delay time.Duration, question func(context.Context) (T, error)) tea.Cmd {
	a.Drop()
	ctx, stop := context.WithTimeout(ctx, delay+a.limit)
	a.stop = stop
	gen := a.gen
	return func() tea.Msg {
		defer stop()
		if !sleep(ctx, delay) {
			return nil
		}
		value, err := guarded(ctx, question)
		return Answer[T]{asker: a, gen: gen, value: value, err: err}
	}
}

// Queue asks after a delay; while a question is under way it waits for its
// answer instead of taking its place, so that a stream of news cannot starve
// the screen. Queued then asks it.
func (a *Asker[T]) Queue(ctx context.Context, delay time.Duration, question func(context.Context) (T, error)) tea.Cmd {
	if !a.Busy() {
		return a.After(ctx, delay, question)
	}
	a.queue = func() tea.Cmd { return a.After(ctx, delay, question) }
	return nil
}

// Queued asks what was queued while the question just answered was under way;
// nil when nothing was.
func (a *Asker[T]) Queued() tea.Cmd {
	if a.queue == nil || a.Busy() {
		return nil
	}
	next := a.queue
	a.queue = nil
	return next()
}

// Drop forgets the question under way, and any that is queued.
func (a *Asker[T]) Drop() {
	a.gen++
	a.queue = nil
	if a.stop != nil {
		a.stop()
		a.stop = nil
	}
}

// Busy reports whether an answer is awaited.
func (a *Asker[T]) Busy() bool { return a.stop != nil }

// Take opens an answer; ok is false when it is not the one awaited, and then
// nothing may be done with it.
func (a *Asker[T]) Take(answer Answer[T]) (value T, ok bool, err error) {
	if answer.asker != a || answer.gen != a.gen || a.stop == nil {
		return value, false, nil
	}
	a.stop = nil
	return answer.value, true, answer.err
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// guarded turns a panic of the question into an error of ClassBug: one wrong
// record must not take the console down. The panic's own words may hold text
// from outside; they leave this function only inside an error, which passes
// safe text before any screen.
func guarded[T any](ctx context.Context, question func(context.Context) (T, error)) (value T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &client.Error{
				Class: client.ClassBug, Code: "panic", Message: fmt.Sprint(r),
				Hint: "nothing was changed by this; the log has the details", Err: stackError(debug.Stack()),
			}
		}
	}()
	return question(ctx)
}

// stackError carries a stack into the log and keeps it off the screen.
type stackError []byte

func (s stackError) Error() string { return string(s) }
