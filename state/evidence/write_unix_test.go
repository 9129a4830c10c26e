//go:build unix

package evidence

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"
)

// Whatever the umask, nobody else can read a bundle.
func TestWriteModes(t *testing.T) { // covers S20
	b := ledgerByHand(t).gather("G1")
	before := syscall.Umask(0)
	defer syscall.Umask(before)
	home := filepath.Join(t.TempDir(), "above")
	dir := filepath.Join(home, "out")
	if _, err := Write(dir, b); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
