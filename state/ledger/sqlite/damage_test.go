package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Any change of a journal line, also one that the database itself does not
// notice, breaks the chain at that line.
func TestJournalTampering(t *testing.T) { // covers F18 I13
	const unlock = "DROP TRIGGER journal_no_update"
	for name, c := range map[string]struct {
		statements []string
		line       string
	}{
		"content":          {[]string{unlock, `UPDATE journal SET detail = replace(detail, '0007', '0008') WHERE seq = 7`}, "line 7"},
		"time":             {[]string{unlock, `UPDATE journal SET at = at + 1 WHERE seq = 7`}, "line 7"},
		"agent":            {[]string{unlock, `UPDATE journal SET agent = 'x' WHERE seq = 20`}, "line 20"},
		"digest":           {[]string{unlock, `UPDATE journal SET digest = '00' WHERE seq = 3`}, "line 3"},
		"line taken away":  {[]string{"DROP TRIGGER journal_no_delete", `DELETE FROM journal WHERE seq = 7`}, "line 8"},
		"first taken away": {[]string{"DROP TRIGGER journal_no_delete", `DELETE FROM journal WHERE seq = 1`}, "line 2"},
		"lines exchanged": {[]string{
			unlock, `UPDATE journal SET seq = 99 WHERE seq = 5`, `UPDATE journal SET seq = 5 WHERE seq = 6`, `UPDATE journal SET seq = 6 WHERE seq = 99`,
		}, "line 5"},
	} {
		t.Run(name, func(t *testing.T) {
			path := closed(t)
			raw(t, path, c.statements...)
			n, err := ledger.VerifyJournal(context.Background(), at(t, path))
			if err == nil || !strings.Contains(err.Error(), c.line+":") {
				t.Errorf("after %d lines: %v, want %s", n, err, c.line)
			}
		})
	}
	t.Run("one byte of the file", func(t *testing.T) {
		path := closed(t)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		spot := bytes.Index(content, []byte("line-0012"))
		content[spot] ^= 1
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s := at(t, path)
		if err := s.Check(context.Background()); err != nil {
			t.Errorf("the database notices it: %v; the chain is there for what it does not", err)
		}
		if n, err := ledger.VerifyJournal(context.Background(), s); n != 11 || err == nil || !strings.Contains(err.Error(), "line 12:") {
			t.Errorf("after %d lines: %v, want line 12", n, err)
		}
	})
}

// The journal is append-only for every connection.
func TestJournalOnlyGrows(t *testing.T) { // covers I13
	path := closed(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{
		"UPDATE journal SET agent = 'x'", "DELETE FROM journal", "DELETE FROM journal WHERE seq = 20",
		"INSERT OR REPLACE INTO journal SELECT 5, at, mono, profile, kind, subject, 'x', detail, prev, digest FROM journal WHERE seq = 5",
		"INSERT INTO journal SELECT 99, at, mono, profile, kind, subject, agent, detail, prev, digest FROM journal WHERE seq = 5",
	} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// damage overwrites a hundred bytes of a file.
func damage(t *testing.T, path string, offset int64) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xa5}, 100), offset); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// root is where the first page of a table or index begins.
func root(t *testing.T, path, table string) int64 {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var page, size int64
	err = db.QueryRow("SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = ?", table).Scan(&page, &size)
	if err != nil {
		t.Fatal(err)
	}
	return (page - 1) * size
}

// Whatever is damaged, the ledger opens, says so, and writes nothing more.
func TestDamage(t *testing.T) { // covers F18 I14
	t.Run("header", func(t *testing.T) {
		path := closed(t)
		damage(t, path, 0)
		s := at(t, path)
		refusesWrites(t, s, "damaged")
		if _, err := s.Orders(context.Background(), ledger.Page{Limit: 5}); client.ClassOf(err) != client.ClassStorage {
			t.Errorf("reading: %v", err)
		}
		if _, err := s.Version(context.Background()); client.ClassOf(err) != client.ClassStorage {
			t.Errorf("version: %v", err)
		}
	})
	t.Run("page that is read", func(t *testing.T) {
		path := closed(t)
		damage(t, path, root(t, path, "orders"))
		s := at(t, path)
		if _, err := s.Order(context.Background(), "shop", "P1"); client.ClassOf(err) != client.ClassStorage {
			t.Errorf("reading: %v", err)
		}
		refusesWrites(t, s, "damaged")
		if _, err := ledger.VerifyJournal(context.Background(), s); err != nil {
			t.Errorf("what is whole is still read: %v", err)
		}
	})
	t.Run("page that is checked", func(t *testing.T) {
		path := closed(t)
		damage(t, path, root(t, path, "evidence"))
		s := at(t, path)
		if h := s.Health(); !h.Writable {
			t.Errorf("nobody has looked yet: %+v", h)
		}
		if err := s.Check(context.Background()); client.ClassOf(err) != client.ClassStorage {
			t.Errorf("check: %v", err)
		}
		refusesWrites(t, s, "damaged")
		readsOrder(t, s)
	})
	t.Run("page that is written", func(t *testing.T) {
		path := closed(t)
		damage(t, path, root(t, path, "orders_status"))
		s := at(t, path)
		if err := putOrder(s, "P2"); client.ClassOf(err) != client.ClassStorage {
			t.Errorf("writing: %v", err)
		}
		refusesWrites(t, s, "damaged")
	})
	t.Run("nothing", func(t *testing.T) {
		s := at(t, closed(t))
		if err := s.Check(context.Background()); err != nil || !s.Health().Writable {
			t.Errorf("check of a sound ledger: %v, %+v", err, s.Health())
		}
	})
}

// With a full disk nothing is stored and everything is read; with room again
// it goes on (SQLite says the same whether the disk or its limit is full).
func TestFullDisk(t *testing.T) { // covers F16 I14
	s := at(t, closed(t))
	limit := func(pages string) {
		t.Helper()
		if _, err := s.session.exec(context.Background(), "PRAGMA max_page_count = "+pages); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite takes the present size
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		err = putOrder(s, fmt.Sprintf("full-%d", i))
	}
	if client.ClassOf(err) != client.ClassStorage || !strings.Contains(err.Error(), "full") {
		t.Fatalf("writing to a full disk: %v", err)
	}
	if h := s.Health(); h.Writable || !strings.Contains(h.Reason, "full") {
		t.Errorf("health %+v", h)
	}
	if _, err := s.Order(context.Background(), "shop", "P1"); err != nil {
		t.Errorf("reading: %v", err)
	}
	// Even if fn goes on after the failure, nothing of it is kept.
	_ = s.Update(context.Background(), func(tx ledger.Tx) error {
		for i := range 500 {
			_ = tx.PutEvidence(ledger.Evidence{Subject: fmt.Sprint("S", i), Exchange: client.Exchange{Answer: make([]byte, 4000)}})
		}
		return nil
	})
	if list, err := s.EvidenceOf(context.Background(), "", "S0"); len(list) != 0 || err != nil {
		t.Errorf("half a decision was kept: %d, %v", len(list), err)
	}
	limit("1000000")
	if err := putOrder(s, "room again"); err != nil {
		t.Fatal(err)
	}
	if h := s.Health(); !h.Writable {
		t.Errorf("health %+v", h)
	}
}

// The reserve is there after the first start, goes when it is asked for, and
// comes back with the next start.
func TestReserve(t *testing.T) { // covers F17
	path := closed(t)
	size := func() int64 {
		info, err := os.Stat(path + "-reserve")
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for range 2 {
		s, err := Open(context.Background(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if size() != reserveSize {
			t.Errorf("the reserve has %d bytes", size())
		}
		if !s.FreeReserve() || size() != 0 || s.FreeReserve() {
			t.Error("the reserve was not given back once")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A file that SQLite needs beside the ledger cannot be made: reading works.
func TestNoRoomBeside(t *testing.T) { // covers F16 I14
	path := closed(t)
	if err := os.Mkdir(path+"-shm", 0o700); err != nil {
		t.Fatal(err)
	}
	s := at(t, path)
	refusesWrites(t, s, "cannot be written")
	readsOrder(t, s)
}
