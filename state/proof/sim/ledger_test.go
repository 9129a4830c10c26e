package sim_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing/synctest"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
)

// file is one ledger file. Making and opening one costs more than a seed may
// take, therefore a few seeds use one after the other, each with profiles of its
// own: what they have in it stays apart.
type file struct {
	dir    string
	name   string
	path   string
	model  string        // an empty one
	handle *sqlite.Store // open for whoever uses the ledger
	copies int
	seq    int64  // journal lines of the seeds before
	digest string // of the last of them
}

// newFile makes an empty ledger in a directory; model is one.
func newFile(dir, name, model string) (*file, error) {
	f := &file{dir: dir, name: name, model: model}
	return f, f.renew(model)
}

// renew goes on with a copy of another ledger file, under another name.
func (f *file) renew(from string) error {
	f.copies++
	f.path = filepath.Join(f.dir, fmt.Sprintf("%s-%d.db", f.name, f.copies))
	return errors.Join(copyFile(from, f.path), os.Link(f.model+"-reserve", f.path+"-reserve"))
}

func (f *file) open(clock clockFunc) (*sqlite.Store, error) {
	return sqlite.Open(context.Background(), f.path, sqlite.Options{Clock: clock})
}

// shelf is what has been made durable of one seed in one ledger, as the world
// saw it.
type shelf struct {
	*file
	w       *world
	skew    time.Duration           // the machine's clock minus the true one
	rows    map[int64]ledger.Refund // refunds by row
	unbinds map[int64]ledger.Unbind
	lines   []ledger.Event
	digests map[string]bool     // callbacks that were kept
	waiting map[int64]time.Time // callbacks: when the question that follows is due
	left    map[int64]int       // requests that left for a row since it was last marked
	ever    map[int64]int       // requests that ever left for a row
	marks   map[int64]int       // journal lines that mark a row as sending
	first   map[int64]asked     // what the first request of a row asked for
	lost    []ledger.Refund     // what stood in the file before it was lost
}

func newShelf(w *world, f *file, skew time.Duration) *shelf {
	s := &shelf{file: f, w: w, skew: skew}
	s.clear()
	return s
}

// clear forgets all that the ledger held.
func (s *shelf) clear() {
	s.rows, s.unbinds, s.lines, s.digests = map[int64]ledger.Refund{}, map[int64]ledger.Unbind{}, nil, map[string]bool{}
	s.waiting, s.left, s.ever = map[int64]time.Time{}, map[int64]int{}, map[int64]int{}
	s.marks, s.first = map[int64]int{}, map[int64]asked{}
}

// lose deletes the ledger while nobody has it open: the next life begins with an
// empty one (F19).
func (s *shelf) lose() error {
	s.w.logf(s.name, "the ledger is lost")
	s.w.tally.losses++
	s.each(func(r ledger.Refund) { s.lost = append(s.lost, r) })
	s.clear()
	s.seq, s.digest = 0, ""
	return s.renew(s.model)
}

// clock is the machine's.
func (s *shelf) clock() time.Time { return s.w.now().Add(s.skew) }

// newest is the newest row of a number, as the desk finds it.
func (s *shelf) newest(profile, no string) (ledger.Refund, bool) {
	var found ledger.Refund
	for _, id := range slices.Sorted(maps.Keys(s.rows)) {
		if r := s.rows[id]; r.Profile == profile && r.RefundNo == no {
			found = r
		}
	}
	return found, found.ID != 0
}

// each gives the rows to fn, oldest first.
func (s *shelf) each(fn func(ledger.Refund)) {
	for _, id := range slices.Sorted(maps.Keys(s.rows)) {
		fn(s.rows[id])
	}
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

// image leaves the file as a death does: what is in the file and in the log
// beside it, and nothing that was only in memory.
func (f *file) image() error {
	from := f.path
	if err := f.renew(from); err != nil {
		return err
	}
	err := copyFile(from+"-wal", f.path+"-wal")
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return err
}

// attach opens the ledger for one life of one process.
func (s *shelf) attach(p *process) (*store, error) {
	if s.w.plan.apart {
		under, err := s.open(s.clock)
		return &store{Store: under, p: p, shelf: s}, err
	}
	if s.handle == nil {
		var err error
		if s.handle, err = s.open(s.clock); err != nil {
			return nil, err
		}
	}
	return &store{Store: s.handle, p: p, shelf: s}, nil
}

// detach ends what a dead process had open. A process that was alone with its
// ledger sometimes leaves nothing but an image of it, or not even that.
func (s *shelf) detach(under *store, alone bool) error {
	w := s.w
	switch {
	case w.plan.apart:
		return under.Close()
	case !alone:
		return nil
	case w.chance(w.plan.loses):
		s.handle = nil
		return errors.Join(under.Close(), s.lose())
	case w.random.IntN(16) > 0:
		return nil
	}
	w.tally.images++
	if err := s.image(); err != nil {
		return err
	}
	s.handle = nil
	return under.Close()
}

// store is a ledger with a disk that can fail and a process that can die.
type store struct {
	ledger.Store
	p     *process
	shelf *shelf
}

// Errors of the disk, as the real store words them.
var (
	errFull = &client.Error{Class: client.ClassStorage, Code: "full", Message: "the disk of the ledger is full"}
	errBusy = &client.Error{Class: client.ClassStorage, Code: "busy", Message: "another process holds the ledger", Err: ledger.ErrBusy}
)

// Update runs one decision, unless the disk or the process fails first.
func (s *store) Update(ctx context.Context, fn func(ledger.Tx) error) error {
	w, odds := s.p.w, s.p.w.plan.disk
	if w.chance(w.plan.preempted) { // others come first, between what was read and what is decided
		w.pause(w.between(0, 400*time.Millisecond))
	}
	if w.bad != nil {
		return errFull // the run is over
	}
	if s.p.store != s {
		return fmt.Errorf("sim: a dead process wrote")
	}
	switch {
	case w.chance(odds.busy):
		w.logf(s.p.name, "disk: busy")
		w.tally.disk++
		return errBusy
	case w.chance(odds.full) || w.diskFull():
		w.logf(s.p.name, "disk: full")
		w.tally.disk++
		return errFull
	}
	late := w.chance(odds.fullAtEnd)
	var seen *decision
	err := s.Store.Update(ctx, func(under ledger.Tx) error {
		seen = &decision{Tx: under, s: s}
		if err := fn(seen); err != nil {
			return err
		}
		if late {
			return errFull
		}
		return nil
	})
	synctest.Wait() // the store tidies up beside us
	if late && errors.Is(err, errFull) {
		w.logf(s.p.name, "disk: full at the end of a decision")
		w.tally.disk++
	}
	if err == nil {
		seen.committed()
		if w.chance(odds.dieAfter) {
			panic(death{})
		}
	}
	return err
}

// decision watches one decision.
type decision struct {
	ledger.Tx
	s       *store
	refunds []ledger.Refund
	born    map[int64]bool
	unbinds []ledger.Unbind
	lines   []ledger.Event
	notices []notice
}

type notice struct {
	ledger.Notice
	fresh bool
}

func (d *decision) InsertRefund(r ledger.Refund) (ledger.Refund, error) {
	r, err := d.Tx.InsertRefund(r)
	if err == nil {
		d.refunds = append(d.refunds, r)
		if d.born == nil {
			d.born = map[int64]bool{}
		}
		d.born[r.ID] = true
	}
	return r, err
}

func (d *decision) UpdateRefund(r ledger.Refund) error {
	err := d.Tx.UpdateRefund(r)
	if err == nil {
		d.refunds = append(d.refunds, r)
	}
	return err
}

func (d *decision) InsertUnbind(u ledger.Unbind) (ledger.Unbind, error) {
	u, err := d.Tx.InsertUnbind(u)
	if err == nil {
		d.unbinds = append(d.unbinds, u)
	}
	return u, err
}

func (d *decision) UpdateUnbind(u ledger.Unbind) error {
	err := d.Tx.UpdateUnbind(u)
	if err == nil {
		d.unbinds = append(d.unbinds, u)
	}
	return err
}

func (d *decision) PutNotice(n ledger.Notice) (ledger.Notice, bool, error) {
	stored, fresh, err := d.Tx.PutNotice(n)
	if err == nil {
		d.notices = append(d.notices, notice{stored, fresh})
	}
	return stored, fresh, err
}

func (d *decision) UpdateNotice(n ledger.Notice) error {
	err := d.Tx.UpdateNotice(n)
	if err == nil {
		d.notices = append(d.notices, notice{n, false})
	}
	return err
}

func (d *decision) Append(e ledger.Event) (ledger.Event, error) {
	e, err := d.Tx.Append(e)
	if err == nil {
		d.lines = append(d.lines, e)
	}
	return e, err
}

// committed looks at what has just become durable, and judges it.
func (d *decision) committed() {
	s := d.s.shelf
	s.lines = append(s.lines, d.lines...)
	for _, e := range d.lines {
		if r, ok := s.newest(e.Profile, e.Subject); ok && e.Kind == "refund.sending" {
			s.marks[r.ID]++
		}
	}
	for _, r := range d.refunds {
		before, known := s.rows[r.ID]
		s.rows[r.ID] = r
		if !known {
			d.judgeNew(r)
			continue
		}
		d.judgeMove(before, r)
	}
	for _, u := range d.unbinds {
		before := s.unbinds[u.ID]
		s.unbinds[u.ID] = u
		d.judgeUnbind(before, u)
	}
	for _, n := range d.notices {
		s.waiting[n.ID] = n.NextCheckAt
		d.judgeNotice(n)
	}
}

// nextDue tells whether something in the ledger is due by the machine's clock,
// and when something will be that is not; zero when nothing ever will.
func (s *shelf) nextDue() (overdue bool, at time.Time) {
	now := s.clock()
	look := func(due time.Time) {
		switch {
		case due.IsZero():
		case !due.After(now):
			overdue = true
		case at.IsZero() || due.Before(at):
			at = due
		}
	}
	for _, r := range s.rows {
		look(r.NextCheckAt)
	}
	for _, u := range s.unbinds {
		look(u.NextCheckAt)
	}
	for _, due := range s.waiting {
		look(due)
	}
	return overdue, at
}

// told reports whether the decision wrote a line about a number.
func (d *decision) told(no string) bool {
	return slices.ContainsFunc(d.lines, func(e ledger.Event) bool { return e.Subject == no })
}
