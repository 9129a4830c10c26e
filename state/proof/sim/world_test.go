package sim_test

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing/synctest"
	"time"

	"paydesk/client/sandbox"
)

// epoch is when every world begins.
var epoch = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// world is everything that one seed decides. Nothing in it runs beside anything
// else: the loop takes the earliest event, and whoever waits, for an answer or
// for an agent's thought, is a coroutine that the loop goes on with later.
type world struct {
	seed   uint64
	shift  time.Duration // the world's time minus the bubble's
	random *rand.Rand
	plan   scenario
	tally  *tally

	events  events
	serial  int
	running *task // who has the floor; nil: the loop itself
	log     bytes.Buffer
	bad     *violation
	calm    bool // faults are over

	box     *sandbox.Embedded
	houses  []*house // the gateways that are played
	ledgers []*shelf
	desks   []*process
	people  []*agent
	mail    mail // what the gateways sent, and forgers

	book     sandbox.Truth // the gateways', as last read
	known    bool          // it is still so
	darkFrom time.Time     // when the disk is full

	seen map[string]time.Time // gateway and refund number → when the gateway took it
}

// violation is the first rule that was seen broken.
type violation struct{ rule, text string }

func (v *violation) String() string { return v.rule + ": " + v.text }

// event is something that happens at a time; of two at the same time, the one
// that was planned first comes first.
type event struct {
	at     time.Time
	serial int
	what   func()
}

type events []event

func (e events) Len() int      { return len(e) }
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e events) Less(i, j int) bool {
	if e[i].at.Equal(e[j].at) {
		return e[i].serial < e[j].serial
	}
	return e[i].at.Before(e[j].at)
}
func (e *events) Push(x any) { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	(*e)[len(*e)-1] = event{}
	*e = (*e)[:len(*e)-1]
	return last
}

// now is the one true time.
func (w *world) now() time.Time { return time.Now().Add(w.shift).UTC() }

// at plans an event.
func (w *world) at(when time.Time, what func()) {
	w.serial++
	heap.Push(&w.events, event{at: when, serial: w.serial, what: what})
}

func (w *world) after(d time.Duration, what func()) { w.at(w.now().Add(d), what) }

// mostEvents bounds one run: most have a hundred events.
const mostEvents = 10_000

// step lets the next thing happen: what is due at the gateways, or the next
// event. It reports false when nothing is planned before the limit.
func (w *world) step(limit time.Time) bool {
	if w.tally.events > mostEvents {
		w.violate("F20", "more than %d things happened", mostEvents)
	}
	if w.bad != nil {
		return false
	}
	due, open := w.box.Next()
	if open && (len(w.events) == 0 || !due.After(w.events[0].at)) {
		if due.After(limit) {
			return false
		}
		w.sleep(due)
		w.tally.events++
		w.known = false
		w.box.Pass(context.Background())
		w.known = false
		w.watchBook()
		return true
	}
	if len(w.events) == 0 || w.events[0].at.After(limit) {
		return false
	}
	e := heap.Pop(&w.events).(event)
	w.sleep(e.at)
	w.tally.events++
	e.what()
	return true
}

// sleep lets time pass, and whatever hangs on it: the deadlines of calls.
func (w *world) sleep(until time.Time) {
	if d := until.Sub(w.now()); d > 0 {
		time.Sleep(d)
		synctest.Wait()
	}
}

// logf writes one line of what happened.
func (w *world) logf(who, format string, args ...any) {
	fmt.Fprintf(&w.log, "%11.3f %-9s ", w.now().Sub(epoch).Seconds(), who)
	fmt.Fprintf(&w.log, format, args...)
	w.log.WriteByte('\n')
}

// violate notes that a rule was broken; the first one ends the run.
func (w *world) violate(rule, format string, args ...any) {
	if w.bad == nil {
		w.bad = &violation{rule: rule, text: fmt.Sprintf(format, args...)}
		w.logf("VIOLATION", "%s", w.bad)
	}
}

// chance is true in so many of a thousand cases; in the end phase never.
func (w *world) chance(permille int) bool {
	return !w.calm && permille > 0 && w.random.IntN(1000) < permille
}

// between is a time span from least to most.
func (w *world) between(least, most time.Duration) time.Duration {
	return least + time.Duration(w.random.Int64N(int64(most-least)+1))
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// death is what unwinds a coroutine whose process has died.
type death struct{}

// task is something that a process does and that can wait: one step of the
// poll plan, one doing of an agent. It is a coroutine.
type task struct {
	w     *world
	p     *process
	name  string
	next  func() (time.Time, bool)
	stop  func()
	yield func(time.Time) bool
	died  bool // its process died under its own hands
	ended bool
	done  func() // told when it is over, however it ended

	giveUp context.CancelFunc // its agent loses patience
}

// spawn lets a process do something from now on.
func (w *world) spawn(p *process, name string, body func(ctx context.Context), done func()) *task {
	ctx, cancel := context.WithCancel(context.Background())
	t := &task{w: w, p: p, name: name, done: done, giveUp: cancel}
	t.next, t.stop = iter.Pull(func(yield func(time.Time) bool) {
		t.yield = yield
		defer cancel()
		defer func() {
			if cause := recover(); cause != nil {
				if _, died := cause.(death); !died {
					panic(cause)
				}
				t.died = true
			}
		}()
		body(ctx)
	})
	p.tasks = append(p.tasks, t)
	w.after(0, t.resume)
	return t
}

// resume gives a task the floor until it waits or ends.
func (t *task) resume() {
	if t.ended {
		return
	}
	w := t.w
	outer := w.running
	w.running = t
	at, more := t.next()
	w.running = outer
	if more {
		w.at(at, t.resume)
		return
	}
	t.end()
	if t.died {
		t.p.die("in " + t.name)
	}
}

// end is told once.
func (t *task) end() {
	t.ended = true
	t.p.forget(t)
	if t.done != nil {
		t.done()
	}
}

// until waits. It does not return when the process ends meanwhile.
func (t *task) until(at time.Time) {
	if !t.yield(at) {
		panic(death{})
	}
}

// pause is until after a while; without a task, as in a callback, nobody waits.
func (w *world) pause(d time.Duration) {
	if w.running != nil {
		w.running.until(w.now().Add(d))
	}
}
