package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"paydesk/client"
	"paydesk/state/ledger"
)

// mostStatements bounds the prepared statements that one connection, or pool,
// keeps; there are many shapes of list queries.
const mostStatements = 128

// querier runs a query: the pool for readers, the session inside a decision.
// note is told every error and returns it.
type querier interface {
	query(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	note(err error) error
}

// reads is the pool of a store that may be unreadable.
type reads struct{ store *Store }

// reader is where the store's own reads go.
func (s *Store) reader() querier { return reads{store: s} }

func (r reads) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := r.store.unreadable(); err != nil {
		return nil, err
	}
	return r.store.read.query(ctx, text, args...)
}

func (r reads) note(err error) error {
	if damaged(err) {
		r.store.lock("the ledger file is damaged: " + reason(err))
	}
	return err
}

// connector opens connections of one DSN with the driver itself, so that
// nothing depends on the driver's registered name.
func connector(dsn string) driver.Connector { return dsnConnector{dsn: dsn} }

type dsnConnector struct{ dsn string }

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(c.dsn) }
func (dsnConnector) Driver() driver.Driver                          { return &sqlite.Driver{} }

// statements keeps prepared statements by their text.
type statements struct {
	mu   sync.Mutex
	kept map[string]*sql.Stmt
}

// get finds or prepares a statement; nil when there is no room for it, and the
// caller runs the text unprepared. Preparing may wait for a connection, which
// must not keep others from the statements that are there.
func (s *statements) get(ctx context.Context, text string, prepare func(context.Context, string) (*sql.Stmt, error)) (*sql.Stmt, error) {
	s.mu.Lock()
	stmt, full := s.kept[text], len(s.kept) >= mostStatements
	s.mu.Unlock()
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.kept[text]; first != nil {
		_ = stmt.Close()
		return first, nil
	}
	s.kept[text] = stmt
	return stmt, nil
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.kept {
		_ = stmt.Close()
	}
	clear(s.kept)
}

// pool is the connections that only read.
type pool struct {
	db    *sql.DB
	stmts statements
}

func newPool(dsn string, size int) *pool {
	db := sql.OpenDB(connector(dsn))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return &pool{db: db, stmts: statements{kept: map[string]*sql.Stmt{}}}
}

func (p *pool) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := p.stmts.get(ctx, text, p.db.PrepareContext)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return p.db.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

func (p *pool) note(err error) error { return err }

func (p *pool) close() {
	p.stmts.close()
	_ = p.db.Close()
}

// session is the connection that writes, with its statements.
type session struct {
	conn  *sql.Conn
	stmts statements
}

func newSession(conn *sql.Conn) *session {
	return &session{conn: conn, stmts: statements{kept: map[string]*sql.Stmt{}}}
}

func (s *session) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := s.stmts.get(ctx, text, s.conn.PrepareContext)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.conn.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

func (s *session) note(err error) error { return err }

func (s *session) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, err := s.stmts.get(ctx, text, s.conn.PrepareContext)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.conn.ExecContext(ctx, text, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

func (s *session) close() {
	s.stmts.close()
	_ = s.conn.Close()
}

// row is what can be scanned.
type row interface{ Scan(dest ...any) error }

// all reads every row of a query; op names it in errors.
func all[T any](ctx context.Context, q querier, op string, scan func(row) (T, error), text string, args ...any) (list []T, err error) {
	rows, err := q.query(ctx, text, args...)
	if err != nil {
		return nil, q.note(wrap(op, err))
	}
	defer func() {
		if closing := rows.Close(); closing != nil && err == nil {
			list, err = nil, q.note(wrap(op, closing))
		}
	}()
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, q.note(wrap(op, err))
		}
		list = append(list, item)
	}
	if err := rows.Err(); err != nil {
		return nil, q.note(wrap(op, err))
	}
	return list, nil
}

// one reads the first row of a query, or ErrNotFound.
func one[T any](ctx context.Context, q querier, op string, scan func(row) (T, error), text string, args ...any) (T, error) {
	list, err := all(ctx, q, op, scan, text, args...)
	if err != nil || len(list) == 0 {
		var none T
		if err == nil {
			err = ledger.ErrNotFound
		}
		return none, err
	}
	return list[0], nil
}

func scanText(r row) (text string, err error) {
	err = r.Scan(&text)
	return text, err
}

func scanInt(r row) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}

// code is SQLite's primary result code of an error, or 0.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

func isBusy(err error) bool {
	c := code(err)
	return c == lib.SQLITE_BUSY || c == lib.SQLITE_LOCKED
}

// isUnique reports whether a unique constraint said no.
func isUnique(err error) bool { return code(err) == lib.SQLITE_CONSTRAINT }

// damaged reports whether the error says that the file's content is broken.
func damaged(err error) bool {
	c := code(err)
	return c == lib.SQLITE_CORRUPT || c == lib.SQLITE_NOTADB
}

// refusesWriting reports whether the error says that the disk, or the right to
// write to it, is missing, which reading may survive.
func refusesWriting(err error) bool {
	switch code(err) {
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_IOERR, lib.SQLITE_FULL, lib.SQLITE_PERM:
		return true
	}
	return false
}

// endsTransaction reports whether SQLite may have rolled the transaction back
// by itself, so that nothing more may run in it.
func endsTransaction(err error) bool {
	switch code(err) {
	case 0, lib.SQLITE_CONSTRAINT:
		return false
	}
	return true
}

// reason is a cause in words for people.
func reason(err error) string {
	switch code(err) {
	case lib.SQLITE_FULL:
		return "the disk is full"
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return "the file or its directory may not be written"
	case lib.SQLITE_NOTADB:
		return "its header is not that of a database"
	case lib.SQLITE_CORRUPT:
		return "a page of it makes no sense"
	case lib.SQLITE_CANTOPEN:
		return "a file beside it cannot be opened"
	case lib.SQLITE_IOERR:
		return "the disk reports an error"
	}
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

// wrap classes an error of the database; sentinels and classed errors pass.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("ledger/sqlite: %s: %w", op, err)
	}
	if _, classed := errors.AsType[*client.Error](err); classed {
		return err
	}
	cause := fmt.Errorf("ledger/sqlite: %s: %w", op, err)
	switch c := code(err); {
	case isBusy(err):
		return storage("busy", "another process holds the ledger", "nothing was stored; try again in a moment",
			fmt.Errorf("%w: %w", ledger.ErrBusy, cause))
	case c == lib.SQLITE_INTERRUPT:
		return fmt.Errorf("ledger/sqlite: %s: %w", op, context.Canceled)
	case damaged(err):
		return storage("damaged", "the ledger file is damaged: "+reason(err),
			"keep the file as it is, restore a backup, and let `paydesk refund resume` settle what is open", cause)
	case c == lib.SQLITE_FULL:
		return storage("full", "the disk of the ledger is full", "make room; nothing is sent until then", cause)
	case c == lib.SQLITE_READONLY, c == lib.SQLITE_PERM:
		return storage("read-only", "the ledger cannot be written: "+reason(err), "check the owner and mode of the file and its directory",
			fmt.Errorf("%w: %w", ledger.ErrReadOnly, cause))
	case refusesWriting(err):
		return storage("disk", "the ledger cannot be used: "+reason(err), "check the disk and the directory of the ledger", cause)
	}
	return storage("ledger", "the ledger failed", "nothing was stored; `paydesk doctor` looks at the ledger and the disk", cause)
}

// wrap also remembers what the error says about the health of the file.
func (s *Store) wrap(op string, err error) error {
	if damaged(err) {
		s.lock("the ledger file is damaged: " + reason(err))
	}
	return wrap(op, err)
}
