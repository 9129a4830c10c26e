package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"paydesk/state/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// latestVersion is the newest schema that this program knows.
func latestVersion() (latest int64) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0
	}
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			latest = max(latest, n)
		}
	}
	return latest
}

// schemaVersion reads which schema the file has, 0 for an empty file. It asks
// the migrations' own table, because setting up the migrations takes longer
// than opening the ledger should.
func schemaVersion(ctx context.Context, q querier) (int64, error) {
	tables, err := one(ctx, q, "open", func(r row) (t [2]int64, err error) {
		err = r.Scan(&t[0], &t[1])
		return t, err
	}, "SELECT count(*), count(*) FILTER (WHERE name = 'goose_db_version') FROM sqlite_schema WHERE type = 'table'")
	switch {
	case err != nil:
		return 0, err
	case tables[0] == 0:
		return 0, nil
	case tables[1] == 0:
		return 0, storage("foreign", "the file is a database, but no ledger of paydesk's", "name another file in `ledger`", nil)
	}
	version, err := one(ctx, q, "open", scanInt, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied = 1")
	if errors.Is(err, ledger.ErrNotFound) {
		return 0, nil
	}
	return version, err
}

// migrate brings the schema up to date, each step in one transaction (F27). When
// another process does the same at the same time, one of them finds the work
// done and is content.
func (s *Store) migrate(ctx context.Context, from int64) error {
	s.session.close() // the migrations take the one connection that writes
	err := applyMigrations(ctx, s.writer, migrations)
	conn, connErr := s.writer.Conn(ctx)
	if connErr != nil {
		return s.wrap("migrate", connErr)
	}
	s.session = newSession(conn)
	version, versionErr := schemaVersion(ctx, s.session)
	switch {
	case versionErr == nil && version >= latestVersion():
		return nil
	case err == nil:
		err = versionErr
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if isBusy(err) || damaged(err) || refusesWriting(err) {
		return s.wrap("migrate", err)
	}
	return storage("migrate", fmt.Sprintf("the ledger could not be brought from schema %d to %d; it is unchanged", from, latestVersion()),
		"make a copy of the file and try again", err)
}

func applyMigrations(ctx context.Context, db *sql.DB, files fs.FS) error {
	dir, err := fs.Sub(files, "migrations")
	if err != nil {
		return fmt.Errorf("ledger/sqlite: migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("ledger/sqlite: migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("ledger/sqlite: migrations: %w", err)
	}
	return nil
}
