package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox"
	"paydesk/state/desk/moves"
	"paydesk/state/ledger"
)

// How long the parts of a run last at most, in the world's time.
const (
	working = 40 * time.Minute
	ending  = 9 * 24 * time.Hour
)

// tally counts what a run, or many of them, came to.
type tally struct {
	events, sends, crashes, lost, callbacks   int
	disk, looks, intents, foreign, reversed   int
	cancelled, second, rounds, images, unbind int
	losses                                    int
	steps, killed                             map[moves.Step]int
}

func newTally() *tally { return &tally{steps: map[moves.Step]int{}, killed: map[moves.Step]int{}} }

func (t *tally) add(o *tally) {
	for _, pair := range [][2]*int{
		{&t.events, &o.events},
		{&t.sends, &o.sends},
		{&t.crashes, &o.crashes},
		{&t.lost, &o.lost},
		{&t.callbacks, &o.callbacks},
		{&t.disk, &o.disk},
		{&t.looks, &o.looks},
		{&t.intents, &o.intents},
		{&t.foreign, &o.foreign},
		{&t.reversed, &o.reversed},
		{&t.cancelled, &o.cancelled},
		{&t.second, &o.second},
		{&t.images, &o.images},
		{&t.unbind, &o.unbind},
		{&t.rounds, &o.rounds},
		{&t.losses, &o.losses},
	} {
		*pair[0] += *pair[1]
	}
	for s, n := range o.steps {
		t.steps[s] += n
	}
	for s, n := range o.killed {
		t.killed[s] += n
	}
}

// mayDie bounds the deaths of one run, so that something gets done.
func (t *tally) mayDie(*process) bool { return t.crashes < 8 }

// outcome is what came of one seed.
type outcome struct {
	seed  uint64
	log   []byte
	bad   *violation
	tally *tally
}

// newWorld makes the world of a seed.
func newWorld(seed uint64, files func(i int) (*file, error)) (*world, error) {
	w := &world{seed: seed, shift: epoch.Sub(time.Now()), random: rand.New(rand.NewPCG(seed, 0x7061_7964_6573_6b21)), tally: newTally(), seen: map[string]time.Time{}}
	w.mail.w = w
	w.plan = draw(w.random)
	if err := w.playHouses(); err != nil {
		return nil, err
	}
	for i := range w.plan.ledgers {
		f, err := files(i)
		if err != nil {
			return nil, err
		}
		w.ledgers = append(w.ledgers, newShelf(w, f, w.plan.skews[i]))
	}
	for i, plan := range w.plan.desks {
		p := &process{
			w: w, name: fmt.Sprintf("p%d", i+1), agent: plan.agent, shelf: w.ledgers[plan.ledger], polls: plan.polls,
			looked: map[string][]time.Time{}, rounds: map[[2]int64]int{},
		}
		p.shared = len(w.plan.desks) > len(w.ledgers)
		w.desks = append(w.desks, p)
	}
	for _, h := range w.houses { // each gateway calls back to one of them
		h.hears = pick(w.random, w.desks...)
	}
	return w, nil
}

// truth is the gateways' book as it is now.
func (w *world) truth() sandbox.Truth {
	if !w.known {
		w.book, w.known = w.box.Truth(), true
	}
	return w.book
}

// simulate runs one seed to its end. It must be called inside a bubble.
func simulate(seed uint64, files func(i int) (*file, error)) outcome {
	w, err := newWorld(seed, files)
	if err != nil {
		return outcome{seed: seed, bad: &violation{"sim", err.Error()}, tally: newTally()}
	}
	w.logf("world", "seed %d: %s; %s; %d orders, undo %s", seed, w.plan.name, strings.Join(w.plan.gateways, " "), w.plan.orders, w.plan.undo)
	w.logf("world", "net %d mail %d disk %v kill %v skews %v offset %s faults %v switches %v", w.plan.net, w.plan.post, w.plan.disk, w.plan.kill,
		w.plan.skews, w.plan.offset, w.plan.faults, w.plan.switches)
	if w.plan.offset != 0 {
		w.control("POST", "clock", fmt.Sprintf(`{"offset":%q}`, w.plan.offset))
	}
	for _, p := range w.desks {
		p.boot()
		a := &agent{p: p, left: w.plan.doings}
		w.after(w.between(0, 10*time.Second), a.begin)
		w.people = append(w.people, a)
	}
	w.misfortunes()
	w.work()
	w.finish()
	w.leave()
	return outcome{seed: seed, log: bytes.Clone(w.log.Bytes()), bad: w.bad, tally: w.tally}
}

// misfortunes plans what happens at its own times.
func (w *world) misfortunes() {
	soon := func() time.Duration { return w.between(0, 4*time.Minute) }
	for range w.plan.attacks {
		w.after(soon(), func() { w.mail.attack() })
	}
	for range w.plan.kill.times {
		p := pick(w.random, w.desks...)
		w.after(soon(), func() {
			if !w.calm {
				p.die("killed")
			}
		})
	}
	for range w.plan.jumps {
		s, to := pick(w.random, w.ledgers...), pick[time.Duration](w.random, -10, -3, 0, 3, 10)*time.Minute
		w.after(soon(), func() {
			s.skew = to
			w.logf(s.name, "the clock of its machine jumps to %+d s", int(to.Seconds()))
		})
	}
	if w.plan.dark > 0 {
		w.darkFrom = w.now().Add(soon())
	}
}

// diskFull reports whether this is the time when the disk is full.
func (w *world) diskFull() bool {
	return !w.calm && w.plan.dark > 0 && !w.now().Before(w.darkFrom) && w.now().Before(w.darkFrom.Add(w.plan.dark))
}

// work lets the agents do what they have to do, and a little more.
func (w *world) work() {
	limit := epoch.Add(working)
	idle := func() bool {
		return !slices.ContainsFunc(w.people, func(a *agent) bool { return a.left > 0 || a.busy })
	}
	for !idle() && w.step(limit) { //nolint:revive // the steps are the work
	}
	limit = w.now().Add(w.between(0, 90*time.Second))
	for w.step(limit) { //nolint:revive // likewise
	}
	w.sleep(limit)
}

// finish ends all faults, lets everything settle, and compares the records.
func (w *world) finish() {
	if w.bad != nil {
		return
	}
	w.logf("world", "all faults are over")
	w.calm = true
	w.control("POST", "faults", "[]")
	for _, s := range w.plan.mend {
		w.switchTo(s[0], s[1])
	}
	w.endPending()
	for _, p := range w.desks { // whoever used the command line lets it settle what is open
		p.polls = true
		p.boot()
		p.again(0)
	}
	w.until("everything is settled", w.settled)
	// A refund can fail after its success: each is looked at once a day. The
	// machines sleep until then, and wake up to all that has become due.
	w.until("the gateways are done", func() bool { due, open := w.box.Next(); return !open || due.After(w.now().Add(24*time.Hour)) })
	w.sleep(w.now().Add(25 * time.Hour))
	limit := w.now().Add(time.Minute)
	for w.step(limit) { //nolint:revive // they wake up
	}
	w.until("everything is settled again", w.settled)
	if w.random.IntN(8) == 0 {
		w.nextDay()
		w.sleep(w.now().Add(2 * time.Minute)) // what a desk knows of an order is fresh for one
	}
	if w.bad != nil {
		return
	}
	w.compareAll()
	if w.random.IntN(16) < 5*len(w.ledgers)-4 {
		w.planAgain()
	}
}

// nextDay has everybody refund once more, under whatever numbers are free now.
func (w *world) nextDay() {
	for _, a := range w.people {
		w.spawn(a.p, a.p.agent+" refunds the next day", func(ctx context.Context) { a.refund(ctx, pick(w.random, w.houses...)) }, nil)
	}
	w.until("everything is settled the next day", w.settled)
}

// until lets time pass until something is so.
func (w *world) until(what string, so func() bool) {
	limit := w.now().Add(ending)
	for w.bad == nil && !so() {
		w.doze()
		if !w.step(limit) {
			if w.bad == nil {
				w.violate("F2", "nothing more happens, and not yet: %s; %s", what, w.open())
			}
			return
		}
	}
}

// doze lets the machines sleep while nothing is open but what a gateway ends by
// its own timer, hours later.
func (w *world) doze() {
	due, open := w.box.Next()
	if !open || due.Sub(w.now()) < 20*time.Minute {
		return
	}
	for _, p := range w.desks {
		if p.store == nil || len(p.tasks) > 0 {
			return
		}
	}
	for _, s := range w.ledgers {
		for _, r := range s.rows {
			record, there := w.record(r.Gateway, r.RefundNo)
			waits := there && !final(record.Status) || w.conflicting(r)
			if (r.Status.Open() || moves.Clearing(r)) && !waits {
				return
			}
		}
	}
	w.logf("world", "the machines sleep")
	w.sleep(due)
}

// endPending has the channels decide what they had left open.
func (w *world) endPending() {
	for _, r := range w.truth().Refunds {
		if r.Status == client.RefundPending && w.random.IntN(2) == 0 || r.Status == client.RefundPending && !w.ours(r) {
			status := pick(w.random, client.RefundSuccess, client.RefundSuccess, client.RefundFailed)
			w.control("POST", "refunds/"+url.PathEscape(r.RefundNo)+"/settle?gateway="+r.Gateway, fmt.Sprintf(`{"status":%q}`, status))
		}
	}
	w.watchBook()
}

// ours reports whether a pending refund ends by itself.
func (w *world) ours(r sandbox.Refund) bool { return r.Gateway == "easylink" }

// settled reports whether nothing is open, and helps where a person must.
func (w *world) settled() bool {
	all := true
	for _, p := range w.desks {
		if p.store == nil || len(p.tasks) > 0 {
			return false
		}
	}
	for _, s := range w.ledgers {
		s.each(func(r ledger.Refund) {
			if r.Status == client.RefundIntent && r.Alert == "confirm" && all {
				w.confirm(s, r)
				all = false
			}
			if r.Status.Open() && !w.conflicting(r) || moves.Clearing(r) {
				all = false
			}
		})
		for _, id := range sorted(s.unbinds) {
			all = all && !s.unbinds[id].Status.Open()
		}
	}
	return all
}

// conflicting reports whether two ledgers asked for different amounts under one
// number, which the gateway settles for one of them and a person for the other.
func (w *world) conflicting(r ledger.Refund) bool {
	record, there := w.record(r.Gateway, r.RefundNo)
	return there && r.Alert == "conflict" && record.Amount != r.Amount && w.strangers()
}

// strangers reports whether there are, or were, ledgers that do not know each
// other.
func (w *world) strangers() bool {
	return len(w.ledgers) > 1 || len(w.ledgers[0].lost) > 0
}

// confirm renews a consent that a long death has let grow old.
func (w *world) confirm(s *shelf, r ledger.Refund) {
	for _, p := range w.desks {
		if p.shelf == s {
			w.spawn(p, p.agent+" confirms", func(ctx context.Context) {
				if w.plan.locked {
					_ = p.desk.Unlock(ctx, r.Profile, time.Minute)
				}
				_, err := p.desk.Confirm(ctx, r.Profile, r.RefundNo)
				w.logf(p.agent, "confirms %s again: %s", short(r.RefundNo), brief(err))
			}, nil)
			return
		}
	}
}

// open lists what is not settled.
func (w *world) open() string {
	var list []string
	for _, s := range w.ledgers {
		s.each(func(r ledger.Refund) {
			if r.Status.Open() || moves.Clearing(r) {
				list = append(list, fmt.Sprintf("%s %s %s %q next %s", s.name, short(r.RefundNo), r.Status, r.Alert, r.NextCheckAt.Sub(w.now())))
			}
		})
		for _, id := range sorted(s.unbinds) {
			if u := s.unbinds[id]; u.Status.Open() {
				list = append(list, fmt.Sprintf("%s card %s %s next %s", s.name, short(u.Token), u.Status, u.NextCheckAt.Sub(w.now())))
			}
		}
	}
	return strings.Join(list, ", ")
}

// close ends a process for good.
func (p *process) close() {
	for _, t := range slices.Clone(p.tasks) {
		t.ended = true
		t.stop()
	}
	if p.store != nil && p.w.plan.apart {
		_ = p.store.Close()
	}
	p.store = nil
}

// leave ends a world: its processes, and its part of the ledgers.
func (w *world) leave() {
	for _, p := range w.desks {
		p.close()
	}
	for _, s := range w.ledgers {
		if n := len(s.lines); n > 0 {
			s.seq, s.digest = s.lines[n-1].Seq, s.lines[n-1].Digest
		}
	}
}
