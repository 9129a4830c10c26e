package evidence

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"paydesk/client"
)

// nothing wants a folder without anything in it.
func nothing(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%v is left, %v", entries, err)
	}
}

// A folder that is taken is left alone.
func TestWriteRefusesWhatIsTaken(t *testing.T) { // covers S20
	b := ledgerByHand(t).gather("G1")
	home := t.TempDir()
	full := filepath.Join(home, "full")
	if err := errors.Join(os.Mkdir(full, 0o700), os.WriteFile(filepath.Join(full, "x"), []byte("kept"), 0o600)); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(home, "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{full, filepath.Join(full, "x"), link, "/"} {
		if _, err := Write(dir, b); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(full, "x")); err != nil || string(text) != "kept" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := Write(filepath.Join(full, "x", "y"), b); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("below a file: %v", err)
	}
	empty := t.TempDir()
	if _, err := Write(empty, b); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if report, err := VerifyBundle(empty); err != nil || !report.Intact() {
		t.Errorf("%v: %s", err, inFull(report))
	}
}

// A disk that fills up, at whatever file, leaves nothing: neither a half bundle
// nor what was begun beside it.
func TestWriteLeavesNothingHalf(t *testing.T) { // covers F16
	b := ledgerByHand(t).gather("G1")
	list, err := files(b)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	for at := range list {
		home, n := t.TempDir(), 0
		err := place(filepath.Join(home, "out"), list, func(path string, content []byte) error {
			if n++; n > at {
				return &fs.PathError{Op: "write", Path: path, Err: full}
			}
			return writeFile(path, content)
		})
		if client.ClassOf(err) != client.ClassStorage || !errors.Is(err, full) {
			t.Fatalf("file %d: %v", at, err)
		}
		nothing(t, home)
	}
}

// Somebody else fills the folder while the bundle is written.
func TestWriteIsOvertaken(t *testing.T) {
	b := ledgerByHand(t).gather("G1")
	list, err := files(b)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	dir := filepath.Join(home, "out")
	err = place(dir, list, func(path string, content []byte) error {
		return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "theirs"), nil, 0o600), writeFile(path, content))
	})
	if client.ClassOf(err) != client.ClassStorage {
		t.Errorf("%v", err)
	}
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if theirs, err := os.ReadDir(dir); err != nil || len(theirs) != 1 {
		t.Errorf("%v, %v", theirs, err)
	}
}

// What could not be read back is not written.
func TestWriteIsBounded(t *testing.T) {
	list := make([]file, maxFiles)
	if err := bounded(list); client.ClassOf(err) != client.ClassUnsupported {
		t.Errorf("%d files: %v", len(list), err)
	}
	if err := bounded(list[:9]); err != nil {
		t.Error(err)
	}
	part := make([]byte, maxBundle/9)
	for i := range list[:10] {
		list[i].content = part
	}
	if err := bounded(list[:10]); client.ClassOf(err) != client.ClassUnsupported {
		t.Errorf("huge files: %v", err)
	}
}
