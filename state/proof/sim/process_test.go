package sim_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/desk/moves"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// process is one paydesk with its agent: it lives, dies and is started again.
type process struct {
	w     *world
	name  string
	agent string
	shelf *shelf

	store  *store     // nil: it is dead
	desk   *desk.Desk // of this life
	born   time.Time
	lives  int
	steps  int  // named steps of this life
	dieAt  int  // the step of this life at which it dies; 0: none
	shared bool // another process works on the same ledger
	polls  bool // it looks at what is due

	tasks []*task
	busy  map[string]bool // what is being looked at
	slots int
	wake  time.Time // when it looks at what is due next; zero: not planned
	rest  time.Time // the lane pauses until then
	pause time.Duration

	confirming *desk.Plan // what its agent has just said yes to
	unlocked   map[string]time.Time
	looked     map[string][]time.Time
	rounds     map[[2]int64]int // looks at a doubt (row and send) in the end phase
	hearing    *hearing         // the callback that is being taken in
}

// workers is how many steps of the poll plan are under way at once.
const workers = 4

// clock is that of the machine on which the process runs.
func (p *process) clock() time.Time { return p.shelf.clock() }

// boot starts the process on its ledger.
func (p *process) boot() {
	w := p.w
	if p.store != nil || w.bad != nil {
		return
	}
	store, err := p.shelf.attach(p)
	if err != nil {
		w.violate("F1", "%s cannot open its ledger again: %v", p.name, err)
		return
	}
	p.lives++
	p.store, p.born, p.steps, p.dieAt, p.unlocked = store, w.now(), 0, 0, map[string]time.Time{}
	p.busy, p.slots, p.wake, p.rest, p.pause = map[string]bool{}, 0, time.Time{}, time.Time{}, 2*time.Second
	if w.chance(w.plan.kill.early) {
		p.dieAt = 1 + w.random.IntN(6)
	}
	life := p.lives
	p.desk = desk.New(desk.Options{
		Store: store, Profiles: w.plan.profiles(w), Agent: p.agent, Clock: p.clock, Jitter: w.random.Uint32,
		Mono:             func() time.Duration { return w.now().Sub(p.born) },
		CallbackExpected: func(string) bool { return w.plan.callbacks },
		Step:             func(s moves.Step) { p.passes(life, s) },
		Feed:             p,
		Connect:          func(_ context.Context, profile string) (client.Gateway, error) { return w.connect(p, profile) },
	})
	w.logf(p.name, "starts, life %d, clock %+d s", p.lives, int(p.shelf.skew.Seconds()))
	p.compare()
	p.catchUp()
	p.again(0)
}

// passes is told every named step of the money path; it may be the last.
func (p *process) passes(life int, s moves.Step) {
	w := p.w
	w.tally.steps[s]++
	if p.store == nil || p.lives != life || w.bad != nil {
		return
	}
	p.steps++
	if p.steps == p.dieAt && !w.calm || w.chance(w.plan.kill.step) && w.tally.mayDie(p) {
		w.logf(p.name, "dies at step %s", s)
		w.tally.killed[s]++
		panic(death{})
	}
}

// die ends the process: everything that it was doing stops where it stands.
func (p *process) die(how string) {
	w := p.w
	if p.store == nil {
		return
	}
	w.logf(p.name, "is dead: %s", how)
	w.tally.crashes++
	tasks, under := p.tasks, p.store
	p.tasks, p.store, p.desk, p.confirming = nil, nil, nil, nil
	for _, t := range tasks {
		if !t.ended {
			t.ended = true
			t.stop()
			if t.done != nil {
				t.done()
			}
		}
	}
	if err := p.shelf.detach(under, !p.shared); err != nil {
		w.violate("sim", "%s: closing the ledger: %v", p.name, err)
	}
	down := w.between(0, 20*time.Second)
	if w.chance(100) {
		down = w.between(10*time.Minute, 20*time.Minute) // longer than a consent lasts
	}
	w.after(down, p.boot)
}

func (p *process) forget(t *task) {
	p.tasks = slices.DeleteFunc(p.tasks, func(other *task) bool { return other == t })
}

// Publish implements desk.Publisher: news make everybody on the ledger look at
// what is due.
func (p *process) Publish(...feed.Change) {
	for _, other := range p.w.desks {
		if other.shelf == p.shelf && other.store != nil && p.w.bad == nil {
			other.again(10 * time.Millisecond)
		}
	}
}

// look plans a look at what is due, or brings it forward.
func (p *process) look(d time.Duration) {
	w := p.w
	at := w.now().Add(d)
	if p.store == nil || !p.polls || (!p.wake.IsZero() && !p.wake.After(at)) {
		return
	}
	p.wake = at
	life := p.lives
	w.at(at, func() {
		if p.store != nil && p.lives == life && p.wake.Equal(at) {
			p.wake = time.Time{}
			p.round()
		}
	})
}

// catchUp looks at once at everything that may have been sent (state/poll).
func (p *process) catchUp() {
	if !p.polls {
		return
	}
	for _, h := range p.w.houses {
		open, err := p.store.OpenRefunds(context.Background(), h.profile)
		if err != nil {
			p.w.violate("I14", "%s cannot read its ledger: %v", p.name, err)
			return
		}
		for _, r := range open {
			if r.Sends > 0 && !r.SentAt.IsZero() && r.NextCheckAt.After(p.clock()) && r.Status != client.RefundPending {
				p.start(ledger.Due{Profile: h.profile, Kind: ledger.DueRefund, No: r.RefundNo})
			}
		}
	}
}

// round takes the steps that are due, as a lane of the poller does.
func (p *process) round() {
	w := p.w
	if left := p.rest.Sub(w.now()); left > 0 {
		p.look(left)
		return
	}
	for _, h := range w.houses {
		due, err := p.store.Due(context.Background(), h.profile, p.clock(), 12)
		if err != nil {
			w.violate("I14", "%s cannot read what is due: %v", p.name, err)
			return
		}
		w.tally.rounds++
		for _, item := range due {
			p.start(item)
		}
	}
	p.again(200 * time.Millisecond)
}

// again plans the next look at what is due, not before a while. What is due and
// under way makes for another look when it is done.
func (p *process) again(least time.Duration) {
	switch overdue, at := p.shelf.nextDue(); {
	case overdue && p.slots < workers && len(p.busy) == 0:
		p.look(least)
	case !at.IsZero():
		p.look(max(at.Sub(p.clock()), least))
	}
}

// start takes one step, unless it is being taken or all hands are full.
func (p *process) start(item ledger.Due) {
	w := p.w
	key := item.Kind + "|" + item.Profile + "|" + item.No
	if p.busy[key] || p.slots >= workers {
		return
	}
	p.busy[key] = true
	p.slots++
	w.tally.looks++
	life := p.lives
	w.spawn(p, "look at "+item.Kind+" "+short(item.No), func(ctx context.Context) {
		err := p.advance(ctx, item)
		if err != nil {
			w.logf(p.name, "look at %s %s: %s", item.Kind, short(item.No), brief(err))
		}
		if troubled(err) {
			p.rest = w.now().Add(p.pause)
			p.pause = min(p.pause*2, time.Minute)
			return
		}
		p.pause = 2 * time.Second
	}, func() {
		if p.store != nil && p.lives == life {
			delete(p.busy, key)
			p.slots--
			p.again(200 * time.Millisecond) // five steps a second
		}
	})
}

func (p *process) advance(ctx context.Context, item ledger.Due) error {
	switch item.Kind {
	case ledger.DueRefund:
		if before, known := p.shelf.newest(item.Profile, item.No); known {
			p.clean(before)
		}
		_, err := p.desk.Advance(ctx, item.Profile, item.No)
		return err
	case ledger.DueNotice:
		return p.desk.AdvanceNotice(ctx, item.Profile, item.No)
	}
	open, err := p.store.OpenUnbinds(ctx, item.Profile)
	if err != nil {
		return err
	}
	for _, u := range open {
		if u.Token == item.No {
			_, err = p.desk.AdvanceUnbind(ctx, u)
			return err
		}
	}
	return nil
}

// troubled is the poller's own judgement of an error.
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

// brief is an error in a few words that are the same in each run.
func brief(err error) string {
	var e *client.Error
	if errors.As(err, &e) {
		return string(e.Class) + " " + e.Code
	}
	if err == nil {
		return "well"
	}
	return err.Error()
}

// short is the beginning of a number.
func short(no string) string {
	if len(no) > 8 {
		return no[:8]
	}
	return no
}
