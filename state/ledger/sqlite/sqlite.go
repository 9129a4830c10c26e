// Package sqlite keeps the ledger in one SQLite file: WAL, synchronous=FULL,
// one connection that writes and a few that only read, so that reading never
// waits for writing (I14). It owns the schema, its migrations and every line
// of SQL. It must never decide about money: it stores what the desk decides,
// and refuses what the ledger's constraints forbid.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver, without cgo

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite/internal/place"
)

// readers is how many connections read at once; one more watches the version.
const readers = 4

// Options are the parts of a store; the zero value is for production.
type Options struct {
	Clock func() time.Time // default time.Now; for what comes without a time
	// BusyTimeout is how long a decision waits for another process that holds
	// the write lock; default 5 s (F23).
	BusyTimeout time.Duration
}

// Store implements ledger.Store on one SQLite file. It is safe for concurrent
// use, also by several processes.
type Store struct {
	path  string
	clock func() time.Time
	busy  time.Duration

	turn    chan struct{} // holds one token: whose turn it is to write
	closed  chan struct{}
	closing sync.Once
	writer  *sql.DB  // one connection; nil when the file can only be read
	session *session // on that connection; used by whoever has the turn
	read    *pool

	tidying   atomic.Bool    // a checkpoint is under way
	untidy    atomic.Int64   // decisions since the last one
	tidyGroup sync.WaitGroup // what Close waits for

	versionMu   sync.Mutex
	versionConn *sql.Conn
	commits     atomic.Int64

	healthMu sync.Mutex
	locked   string // why this store never writes again; "" when it may
	trouble  string // why the last write failed; cleared by the next that works
	fault    error  // why nothing can be read at all; nil when it can
}

var _ ledger.Store = (*Store)(nil)

// Open opens the ledger at path, creating and migrating it as needed. A file
// that cannot be written, was made by a newer paydesk, or is damaged opens for
// reading only, and Health says why (I14, F16, F18, F27). Errors are
// *client.Error of ClassStorage: a path that is not safe to use (S20), a file
// that is no ledger, a failed migration, or ErrBusy from another process.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, storage("path", fmt.Sprintf("the ledger's path %q cannot be resolved", path), "give an absolute path", err)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if _, err := place.Prepare(path); err != nil {
		return nil, err
	}
	s := &Store{path: path, clock: o.Clock, busy: o.BusyTimeout, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	s.turn <- struct{}{}
	if err := s.openFile(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	if s.Health().Writable {
		s.keepReserve()
	}
	return s, nil
}

// openFile opens the connections and decides what the store may do.
func (s *Store) openFile(ctx context.Context) error {
	s.read = newPool(s.dsn("ro", false), readers+1)
	err := s.openWriter(ctx)
	if err == nil {
		return nil
	}
	_ = s.closeWriter() // it failed already; only reading is left
	switch {
	case damaged(err):
		s.lock("the ledger file is damaged: " + reason(err))
	case refusesWriting(err):
		s.lock("the ledger cannot be written: " + reason(err))
	default:
		return err
	}
	return s.openReading(ctx)
}

// openReading makes sure that reading works, without the help of the files
// beside the ledger if they cannot be used.
func (s *Store) openReading(ctx context.Context) error {
	version, err := schemaVersion(ctx, s.read)
	if err == nil {
		s.unread(version)
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.read.close()
	s.read = newPool(s.dsn("ro", true), readers+1)
	version, again := schemaVersion(ctx, s.read)
	if again != nil {
		s.healthMu.Lock()
		defer s.healthMu.Unlock()
		s.fault = wrap("open", err)
		return nil
	}
	s.unread(version)
	if info, err := os.Stat(s.path + "-wal"); err == nil && info.Size() > 0 {
		s.lock(s.Health().Reason + "; the newest changes are not shown")
	}
	return nil
}

// unread refuses to read a schema that this program does not know any more and
// could not bring up to date.
func (s *Store) unread(version int64) {
	if version >= latestVersion() {
		return
	}
	why := s.Health().Reason
	s.healthMu.Lock()
	defer s.healthMu.Unlock()
	s.fault = storage("schema", fmt.Sprintf("the ledger has schema %d, not %d, and cannot be changed: %s", version, latestVersion(), why),
		"make room, or let this user write to it", nil)
}

// openWriter opens the one connection that writes and brings the schema up to
// date.
func (s *Store) openWriter(ctx context.Context) error {
	s.writer = sql.OpenDB(connector(s.dsn("rw", false)))
	s.writer.SetMaxOpenConns(1)
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return s.wrap("open", err)
	}
	s.session = newSession(conn)
	version, err := schemaVersion(ctx, s.session)
	if err != nil {
		return s.wrap("open", err)
	}
	switch latest := latestVersion(); {
	case version > latest:
		s.lock(fmt.Sprintf("the ledger was written by a newer paydesk (schema %d, this one knows %d): update paydesk", version, latest))
		_ = s.closeWriter()
		return nil
	case version < latest:
		if err := s.migrate(ctx, version); err != nil {
			return err
		}
	}
	if _, err := s.session.exec(ctx, "PRAGMA busy_timeout = 0"); err != nil { // begin waits by itself, so that it can be cancelled
		return s.wrap("open", err)
	}
	return s.probe(ctx)
}

// probe finds out whether the file can be written, which SQLite tells only
// when a transaction begins. That another process writes just now is fine.
func (s *Store) probe(ctx context.Context) error {
	_, err := s.session.exec(ctx, "BEGIN IMMEDIATE")
	if isBusy(err) {
		return nil
	}
	if err != nil {
		return s.wrap("open", err)
	}
	if _, err := s.session.exec(ctx, "ROLLBACK"); err != nil {
		return s.wrap("open", err)
	}
	return nil
}

// dsn is the driver's name of the file, with the settings of a connection.
func (s *Store) dsn(mode string, immutable bool) string {
	path := filepath.ToSlash(s.path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	q := url.Values{
		"mode":          {mode},
		"_busy_timeout": {strconv.FormatInt(s.busy.Milliseconds(), 10)},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
	}
	if mode == "rw" {
		q.Set("_defensive", "1")
		q.Set("_foreign_keys", "1")
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "FULL") // a commit is on the disk when it returns (I1)
		q.Set("_txlock", "immediate")
		q["_pragma"] = []string{"journal_size_limit(67108864)", "cache_size(-8000)", "wal_autocheckpoint(16000)"}
	} else {
		q.Set("_query_only", "1")
	}
	if immutable {
		q.Set("immutable", "1")
	}
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Health says whether the store can be written, and if not, why.
func (s *Store) Health() ledger.Health {
	s.healthMu.Lock()
	defer s.healthMu.Unlock()
	why := s.locked
	if why == "" {
		why = s.trouble
	}
	return ledger.Health{Writable: why == "", Reason: why, Path: s.path}
}

// lock ends writing for the life of the store.
func (s *Store) lock(why string) {
	s.healthMu.Lock()
	defer s.healthMu.Unlock()
	s.locked = why
}

// Check reads the whole file for damage, which takes seconds for a large one:
// for the background and for a doctor. Damage makes the store read-only. It
// does not see a changed value inside a row; ledger.VerifyJournal does. Errors
// are ctx's, or a *client.Error of ClassStorage that says what was found.
func (s *Store) Check(ctx context.Context) error {
	found, err := one(ctx, s.reader(), "check", scanText, "PRAGMA quick_check(1)")
	if err == nil && found == "ok" {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && !damaged(err) {
		return err
	}
	if err != nil {
		found = reason(err)
	}
	s.lock("the ledger file is damaged: " + found)
	return storage("damaged", "the ledger file is damaged: "+found, "restore a backup of "+s.path, err)
}

// Version changes whenever any process has committed.
func (s *Store) Version(ctx context.Context) (int64, error) {
	s.versionMu.Lock()
	defer s.versionMu.Unlock()
	if err := s.unreadable(); err != nil {
		return 0, err
	}
	if s.versionConn == nil {
		conn, err := s.read.db.Conn(ctx)
		if err != nil {
			return 0, s.wrap("version", err)
		}
		s.versionConn = conn
	}
	var version int64
	if err := s.versionConn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
		_ = s.versionConn.Close() // an interrupted connection is not used again
		s.versionConn = nil
		return 0, s.wrap("version", err)
	}
	return version + s.commits.Load(), nil
}

// Close waits for the decision under way and closes the file; the last one to
// close it tidies the files beside it away.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.closed)
		<-s.turn // never given back: nobody writes after this
		err = s.close()
	})
	return err
}

func (s *Store) close() error {
	s.tidyGroup.Wait()
	s.versionMu.Lock()
	if s.versionConn != nil {
		_ = s.versionConn.Close()
		s.versionConn = nil
	}
	s.versionMu.Unlock()
	if s.read != nil {
		s.read.close() // first, so that the writer is the last and checkpoints
	}
	if err := s.closeWriter(); err != nil {
		return s.wrap("close", err)
	}
	return nil
}

func (s *Store) closeWriter() error {
	if s.session != nil {
		s.session.close()
		s.session = nil
	}
	if s.writer == nil {
		return nil
	}
	err := s.writer.Close()
	s.writer = nil
	return err
}

// unreadable is why nothing can be read, or nil.
func (s *Store) unreadable() error {
	s.healthMu.Lock()
	defer s.healthMu.Unlock()
	return s.fault
}

func storage(code, message, hint string, cause error) *client.Error {
	return &client.Error{Class: client.ClassStorage, Code: code, Message: message, Hint: hint, Err: cause}
}
