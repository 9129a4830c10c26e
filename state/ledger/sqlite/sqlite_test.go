package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"paydesk/state/ledger"
	"paydesk/state/ledger/ledgertest"
)

// fresh is a path for a new ledger, in a directory of its own.
func fresh(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "private", "ledger.db")
}

// at opens a ledger and closes it when the test ends.
func at(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestLedger(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledger.Store { return at(t, fresh(t)) })
}
