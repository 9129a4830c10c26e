package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"paydesk/state/ledger"
)

// errEnded is returned by a transaction that is used after its end.
var errEnded = errors.New("ledger/sqlite: the decision has ended")

// tx is one decision. Its statements do not carry the caller's context, so that
// none is interrupted half way; the context is looked at between them.
type tx struct {
	ctx    context.Context
	store  *Store
	q      *session
	err    error               // why nothing more may run
	totals map[[2]string]int64 // orders added, by profile and gateway

	entries []entry       // changes of the search index
	indexed map[int64]int // where in entries an order is
}

var _ ledger.Tx = (*tx)(nil)

// Update runs one decision.
func (s *Store) Update(ctx context.Context, fn func(ledger.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return wrap("update", err)
	}
	if err := s.refuse(); err != nil {
		return err
	}
	select {
	case <-s.turn:
	case <-s.closed:
		return storage("closed", "the ledger is closed", "", nil)
	case <-ctx.Done():
		return wrap("update", ctx.Err())
	}
	defer func() { s.turn <- struct{}{} }()
	if err := s.begin(ctx); err != nil {
		return s.noteWrite(s.wrap("begin", err))
	}
	t := &tx{ctx: ctx, store: s, q: s.session, totals: map[[2]string]int64{}, indexed: map[int64]int{}}
	committed := false
	defer func() {
		if !committed { // fn failed or panicked, or the commit did
			t.err = errEnded
			_, _ = s.session.exec(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	if err := fn(t); err != nil {
		if t.err != nil {
			_ = s.noteWrite(t.err)
		}
		return err
	}
	if err := t.finish(); err != nil {
		return s.noteWrite(err)
	}
	committed = true
	s.commits.Add(1)
	s.tidy(int64(1 + len(t.entries)/tidyOrders))
	return s.noteWrite(nil)
}

// When the write-ahead log is moved into the file: after so many decisions, a
// decision about many orders counting for several. SQLite's own rule, which
// makes one commit in a hundred wait for it, is left for floods only.
const (
	tidyAfter  = 64
	tidyOrders = 16
)

// tidy moves the write-ahead log into the file in the background, on a
// connection of its own, so that no commit waits for it. Failing is no harm:
// the log grows until the next attempt.
func (s *Store) tidy(weight int64) {
	if s.untidy.Add(weight) < tidyAfter || !s.tidying.CompareAndSwap(false, true) {
		return
	}
	s.untidy.Store(0)
	s.tidyGroup.Go(func() {
		defer s.tidying.Store(false)
		db := sql.OpenDB(connector(s.dsn("rw", false)))
		defer func() { _ = db.Close() }()
		_, _ = db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
	})
}

// refuse is why the store does not write, or nil.
func (s *Store) refuse() error {
	s.healthMu.Lock()
	defer s.healthMu.Unlock()
	if s.locked == "" {
		return nil
	}
	return storage("read-only", s.locked, "nothing was stored; `paydesk doctor` says what to do", ledger.ErrReadOnly)
}

// noteWrite remembers for Health whether the last write worked, and passes err
// on. A full disk is no reason to stop trying: writing works again as soon as
// there is room (F16).
func (s *Store) noteWrite(err error) error {
	s.healthMu.Lock()
	defer s.healthMu.Unlock()
	switch {
	case err == nil:
		s.trouble = ""
	case refusesWriting(err):
		s.trouble = "the ledger cannot be written: " + reason(err)
	}
	return err
}

// begin takes the write lock. It waits for another process by itself, with
// growing pauses as SQLite's own handler does, because that one cannot be
// cancelled.
func (s *Store) begin(ctx context.Context) error {
	var waited time.Duration
	pause := time.Millisecond
	for {
		_, err := s.session.exec(context.WithoutCancel(ctx), "BEGIN IMMEDIATE")
		if !isBusy(err) || waited >= s.busy {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		waited += pause
		pause = min(pause*2, 25*time.Millisecond, max(s.busy-waited, time.Millisecond))
	}
}

// finish writes what was gathered and commits.
func (t *tx) finish() error {
	if err := t.writeIndex(); err != nil {
		return err
	}
	for key, n := range t.totals {
		_, err := t.exec("totals", `INSERT INTO totals (profile, gateway, orders) VALUES (?, ?, ?)
			ON CONFLICT (profile, gateway) DO UPDATE SET orders = orders + excluded.orders`, key[0], key[1], n)
		if err != nil {
			return err
		}
	}
	if err := t.check(); err != nil {
		return err
	}
	if _, err := t.q.exec(context.WithoutCancel(t.ctx), "COMMIT"); err != nil {
		return t.store.wrap("commit", err)
	}
	t.err = errEnded
	return nil
}

// check says whether the decision may go on.
func (t *tx) check() error {
	if t.err == nil && t.ctx.Err() != nil {
		t.err = wrap("update", t.ctx.Err())
	}
	return t.err
}

// note remembers an error after which nothing more may run, because SQLite may
// have ended the transaction and would commit each further statement alone.
func (t *tx) note(err error) error {
	if err != nil && t.err == nil && endsTransaction(err) {
		t.err = err
		if damaged(err) {
			_ = t.store.wrap("update", err)
		}
	}
	return err
}

func (t *tx) exec(op, text string, args ...any) (sql.Result, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	result, err := t.q.exec(context.WithoutCancel(t.ctx), text, args...)
	if err != nil {
		return nil, t.note(wrap(op, err))
	}
	return result, nil
}

// change runs a statement that must hit exactly one row, else ErrNotFound.
func (t *tx) change(op, text string, args ...any) error {
	result, err := t.exec(op, text, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return wrap(op, err)
	}
	if n == 0 {
		return fmt.Errorf("ledger/sqlite: %s: %w", op, ledger.ErrNotFound)
	}
	return nil
}

// query makes a decision a querier: its reads see its own writes. The context
// handed over by the shared read functions is the decision's own.
func (t *tx) query(_ context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	return t.q.query(context.WithoutCancel(t.ctx), text, args...)
}

// reserveSize is how much room is kept for results that must be stored when
// the disk is full (F17).
const reserveSize = 2 << 20

func (s *Store) reservePath() string { return s.path + "-reserve" }

// keepReserve makes the reserve file if it is missing. Without room there is
// none, which Health will say soon enough.
func (s *Store) keepReserve() {
	file, err := os.OpenFile(s.reservePath(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, err = file.Write(make([]byte, reserveSize))
	if closing := file.Close(); err != nil || closing != nil {
		_ = os.Remove(s.reservePath())
	}
}

// FreeReserve gives the room of the reserve file back to the disk, so that the
// result of something already sent can be stored when the disk is full (F17).
// It must not be used for anything that is yet to be sent. It reports whether
// there was a reserve; the next Open makes a new one.
func (s *Store) FreeReserve() bool { return os.Remove(s.reservePath()) == nil }
