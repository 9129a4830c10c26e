package evidence

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/state/ledger/sqlite"
)

// A ledger that somebody has changed still gives its evidence, which says so.
func TestEvidenceOfADamagedLedger(t *testing.T) { // covers F18 I14
	o := ledgerByHand(t)
	before := written(t, o.gather("G1"))
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", o.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"DROP TRIGGER journal_no_update", "UPDATE journal SET agent = 'eve' WHERE seq = 4"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), o.path, sqlite.Options{Clock: o.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	o.store = store
	b := o.gather("G1")
	if !strings.Contains(b.Chain.Broken, "line 4") || b.Chain.Lines != 10 || len(b.Lines) != 7 {
		t.Errorf("chain %+v with %d lines", b.Chain, len(b.Lines))
	}
	report := checked(written(t, b))
	if !names(report, fileChain, "was broken when this was written") || !names(report, fileJournal, "content does not match") {
		t.Error(inFull(report))
	}
	report = o.against(before)
	if !names(report, theLedger, "line 4") || !names(report, fileJournal, "is not what the ledger's journal has") {
		t.Errorf("an honest bundle against the changed ledger: %s", inFull(report))
	}
	if err := report.Err(); client.ClassOf(err) != client.ClassStorage || !strings.Contains(err.Error(), "the ledger cannot vouch for the bundle") {
		t.Error(err)
	}
}

// What lies in a folder is looked at with care: links are not followed, what is no
// plain file is not opened.
func TestVerifyOnDisk(t *testing.T) { // covers S20
	o := ledgerByHand(t)
	outside := filepath.Join(t.TempDir(), "outside.json")
	if err := os.WriteFile(outside, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change     func(dir string) error
		file, what string
	}{
		"a byte":        {func(dir string) error { return flip(filepath.Join(dir, fileOrder), 9) }, fileOrder, "was changed"},
		"a file":        {func(dir string) error { return os.Remove(filepath.Join(dir, filePlan)) }, filePlan, "is missing"},
		"a new folder":  {func(dir string) error { return os.Mkdir(filepath.Join(dir, "more"), 0o700) }, "more", "folder that no bundle has"},
		"a deep folder": {func(dir string) error { return os.Mkdir(filepath.Join(dir, dirExchanges, "a b"), 0o700) }, `"exchanges/a b"`, "folder that no bundle has"},
		"a link": {func(dir string) error {
			name := filepath.Join(dir, fileRefund)
			if err := os.Rename(name, outside); err != nil {
				return err
			}
			return os.Symlink(outside, name)
		}, fileRefund, "is a link"},
		"a link to a folder": {func(dir string) error {
			name := filepath.Join(dir, dirCallbacks)
			away := filepath.Join(filepath.Dir(outside), "away")
			if err := os.Rename(name, away); err != nil {
				return err
			}
			return os.Symlink(away, name)
		}, dirCallbacks, "is a link"},
		"a hostile name": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "\x1b[2J"), nil, 0o600) }, `"\x1b[2J"`, "was added"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := o.written("G1")
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			report, err := VerifyBundle(dir)
			if err != nil || !names(report, c.file, c.what) {
				t.Errorf("%v: %s", err, inFull(report))
			}
		})
	}
	for _, c := range []struct {
		path  string
		class client.Class
	}{{filepath.Join(t.TempDir(), "none"), client.ClassInput}, {"/dev/null", client.ClassStorage}} {
		if _, err := Verify(t.Context(), c.path, nil); client.ClassOf(err) != c.class {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	if report, err := VerifyBundle(t.TempDir()); err != nil || report.Intact() || !names(report, fileManifest, "is missing") {
		t.Errorf("an empty folder: %v, %s", err, inFull(report))
	}
}

func flip(path string, at int) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	content[at] ^= 1
	return os.WriteFile(path, content, 0o600)
}

// A bundle of a later version is not judged by the rules of this one.
func TestNewerFormat(t *testing.T) {
	_, content := small(t)
	content[fileManifest] = bytes.Replace(content[fileManifest], []byte(`"format": 1`), []byte(`"format": 2`), 1)
	report := checked(content)
	if len(report.Findings) != 1 || !names(report, fileManifest, "use a newer one") || !report.Stopped || report.Err() == nil {
		t.Error(inFull(report))
	}
}
