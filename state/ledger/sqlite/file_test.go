package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/ledger/ledgertest"
	"paydesk/state/ledger/sqlite/internal/place"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("PAYDESK_TEST_HOLD"); path != "" {
		hold(path)
		return
	}
	goleak.VerifyTestMain(m)
}

// hold is the second process of TestBusy: it takes the write lock, says so,
// and keeps it until its input ends.
func hold(path string) {
	s, err := Open(context.Background(), path, Options{})
	if err == nil {
		err = s.Update(context.Background(), func(ledger.Tx) error {
			fmt.Println("held")
			_, err := os.Stdin.Read(make([]byte, 1))
			return err
		})
	}
	fmt.Fprintln(os.Stderr, err)
}

// raw runs SQL on the file itself, as an intruder would.
func raw(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func someOrder(no string) ledger.Order {
	return ledger.Order{
		Profile: "shop", Gateway: "payermax",
		Order: client.Order{OrderNo: no, Amount: client.Money{Minor: 1000, Currency: "HKD", Exp: 2}, Status: client.OrderPaid, CreatedAt: benchStart},
	}
}

func putOrder(s *Store, no string) error {
	return s.Update(context.Background(), func(tx ledger.Tx) error { _, err := tx.PutOrder(someOrder(no)); return err })
}

func appendEvents(t *testing.T, s *Store, n int) {
	t.Helper()
	err := s.Update(context.Background(), func(tx ledger.Tx) error {
		for i := range n {
			detail := json.RawMessage(fmt.Sprintf(`{"canary":"line-%04d"}`, i+1))
			if _, err := tx.Append(ledger.Event{At: benchStart, Kind: "k", Subject: "s", Detail: detail}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// closed makes a ledger with one order and some journal lines.
func closed(t *testing.T) string {
	t.Helper()
	path := fresh(t)
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := putOrder(s, "P1"); err != nil {
		t.Fatal(err)
	}
	appendEvents(t, s, 20)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// refusesWrites: nothing can be written, the reason is told, and is classed.
func refusesWrites(t *testing.T, s *Store, why string) {
	t.Helper()
	if h := s.Health(); h.Writable || !strings.Contains(h.Reason, why) || h.Path != s.path {
		t.Errorf("health %+v, want a reason with %q", h, why)
	}
	err := putOrder(s, "P2")
	if !errors.Is(err, ledger.ErrReadOnly) || client.ClassOf(err) != client.ClassStorage {
		t.Errorf("writing: %v", err)
	}
}

func readsOrder(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.Order(context.Background(), "shop", "P1"); err != nil {
		t.Errorf("reading: %v", err)
	}
	if list, err := s.Orders(context.Background(), ledger.Page{Limit: 5}); err != nil || len(list) != 1 {
		t.Errorf("the list: %d orders, %v", len(list), err)
	}
}

// An older program opens a newer ledger for reading only.
func TestNewerSchema(t *testing.T) { // covers F27
	path := closed(t)
	raw(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	s := at(t, path)
	refusesWrites(t, s, "newer paydesk")
	readsOrder(t, s)
}

// A ledger of an earlier schema is brought up to date with all that it holds.
func TestOlderSchema(t *testing.T) { // covers F27
	first, err := migrations.ReadFile("migrations/00001_ledger.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := fresh(t)
	if _, err := place.Prepare(path); err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector((&Store{path: path}).dsn("rw", false)))
	if err := applyMigrations(context.Background(), db, fstest.MapFS{"migrations/00001_ledger.sql": {Data: first}}); err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("INSERT INTO totals VALUES ('shop', 'payermax', 7)")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s := at(t, path)
	if c, err := s.Counters(context.Background(), nil); err != nil || c.Orders != 7 || !s.Health().Writable {
		t.Errorf("%+v, %v, %+v", c, err, s.Health())
	}
	if v, err := schemaVersion(context.Background(), s.reader()); v != latestVersion() || err != nil {
		t.Errorf("version %d, %v", v, err)
	}
}

// A migration that fails half way leaves nothing; one that another process
// does at the same time is fine.
func TestMigration(t *testing.T) { // covers F27
	path := fresh(t)
	s := at(t, path)
	bad := fstest.MapFS{}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		bad[name] = &fstest.MapFile{Data: content}
	}
	bad["migrations/99998_half.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE half (x);\nCREATE TABLE orders (x);\n")}
	other := sql.OpenDB(connector(s.dsn("rw", false)))
	defer func() { _ = other.Close() }()
	if err := applyMigrations(context.Background(), other, bad); err == nil {
		t.Fatal("the bad migration went through")
	}
	if n, err := one(context.Background(), s.reader(), "test", scanInt, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"); n != 0 || err != nil {
		t.Errorf("half a migration is left: %d, %v", n, err)
	}
	if v, err := schemaVersion(context.Background(), s.reader()); v != latestVersion() || err != nil {
		t.Errorf("version %d, %v", v, err)
	}

	path = fresh(t)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			s, err := Open(context.Background(), path, Options{})
			if err != nil {
				t.Errorf("opening a new ledger six times at once: %v", err)
				return
			}
			if err := putOrder(s, fmt.Sprint("P", i)); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, _, err := at(t, path).CountOrders(context.Background(), ledger.Page{}, 10); n != 6 || err != nil {
		t.Errorf("%d orders, %v", n, err)
	}
}

// Another program's database is left alone.
func TestForeignDatabase(t *testing.T) {
	path := closed(t)
	other := strings.TrimSuffix(path, "ledger.db") + "other.db"
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	raw(t, other, "CREATE TABLE theirs (x)")
	before, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := Open(context.Background(), other, Options{}); client.ClassOf(err) != client.ClassStorage || s != nil {
		t.Errorf("opened: %v", err)
	}
	raw(t, other, "PRAGMA journal_mode = DELETE")
	after, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(after, []byte("CREATE TABLE theirs")) || len(after) != len(before) {
		t.Error("the other program's file was changed")
	}
}

// Another process holds the write lock: a clear error in good time, and
// nothing stored; once it lets go, writing works.
func TestBusy(t *testing.T) { // covers F23
	path := closed(t)
	holder := exec.Command(os.Args[0]) //nolint:gosec // this very test binary
	holder.Env = append(os.Environ(), "PAYDESK_TEST_HOLD="+path)
	input, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), path, Options{BusyTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatalf("opening while another writes: %v", err)
	}
	defer func() { _ = s.Close() }()
	if err := putOrder(s, "P2"); !errors.Is(err, ledger.ErrBusy) || client.ClassOf(err) != client.ClassStorage {
		t.Errorf("writing while another writes: %v", err)
	}
	readsOrder(t, s)
	patient := at(t, path)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if err := patient.Update(ctx, func(ledger.Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("giving up waiting: %v", err)
	}
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := holder.Wait(); err != nil {
		t.Error(err)
	}
	if err := putOrder(patient, "P2"); err != nil {
		t.Errorf("writing when the other is gone: %v", err)
	}
}

// Two handles of one file, as two processes have them, see each other's
// commits and settle every race.
func TestTwoHandles(t *testing.T) { // covers I5 F14
	path := fresh(t)
	a, b := at(t, path), at(t, path)
	before, err := b.Version(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := putOrder(a, "seen"); err != nil {
		t.Fatal(err)
	}
	after, err := b.Version(context.Background())
	if err != nil || after == before {
		t.Errorf("version %d after another's commit, %d before, %v", after, before, err)
	}
	if _, err := b.Order(context.Background(), "", "seen"); err != nil {
		t.Error(err)
	}
	ledgertest.Race(t, a, b)
}

// Reading goes on while a decision is being made.
func TestReadingNeverWaits(t *testing.T) { // covers I14
	s := at(t, closed(t))
	err := s.Update(context.Background(), func(tx ledger.Tx) error {
		if _, err := tx.PutOrder(someOrder("P2")); err != nil {
			return err
		}
		readsOrder(t, s)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A path is a path, whatever characters it has.
func TestOddPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory#%41&x", "ledger.db")
	if err := putOrder(at(t, path), "P1"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode().Perm() != 0o600 { // covers S20
			t.Errorf("%s: %v, %v", suffix, info, err)
		}
	}
}

// A store that is closed says so and hangs nowhere.
func TestClosed(t *testing.T) {
	s, err := Open(context.Background(), fresh(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := putOrder(s, "P1"); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("writing: %v", err)
	}
	if _, err := s.Order(context.Background(), "", "P1"); err == nil {
		t.Error("a closed ledger was read")
	}
}
