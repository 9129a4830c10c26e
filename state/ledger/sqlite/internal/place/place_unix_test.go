//go:build unix

package place

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"paydesk/client"
)

// What is made is private, whatever the umask; what is there is taken as it is.
func TestPrepareMakesPrivate(t *testing.T) { // covers S20
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	root := t.TempDir()
	if err := os.Chmod(root, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "a", "b", "ledger.db")
	for i, fresh := range []bool{true, false} {
		created, err := Prepare(path)
		if created != fresh || err != nil {
			t.Errorf("call %d: created %v, %v", i, created, err)
		}
		for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, filepath.Join(root, "a"): 0o700} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != want {
				t.Errorf("%s has mode %04o, want %04o", name, info.Mode().Perm(), want)
			}
		}
	}
}

func TestPrepareRefuses(t *testing.T) { // covers S20
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string) string
		code string
	}{
		"a link": {func(t *testing.T, dir string) string {
			return link(t, file(t, dir, "target", 0o600), filepath.Join(dir, "ledger.db"))
		}, "symlink"},
		"a link to nothing": {func(t *testing.T, dir string) string {
			return link(t, filepath.Join(dir, "nothing"), filepath.Join(dir, "ledger.db"))
		}, "symlink"},
		"a file that others read":  {func(t *testing.T, dir string) string { return file(t, dir, "ledger.db", 0o640) }, "mode"},
		"a file that others write": {func(t *testing.T, dir string) string { return file(t, dir, "ledger.db", 0o602) }, "mode"},
		"a directory that others write": {func(t *testing.T, dir string) string {
			chmod(t, dir, 0o770)
			return filepath.Join(dir, "ledger.db")
		}, "mode"},
		"a directory that all write, sticky or not": {func(t *testing.T, dir string) string {
			chmod(t, dir, 0o777|os.ModeSticky)
			return filepath.Join(dir, "ledger.db")
		}, "mode"},
		"a directory":    {func(_ *testing.T, dir string) string { return dir }, "file"},
		"below a file":   {func(t *testing.T, dir string) string { return filepath.Join(file(t, dir, "x", 0o600), "ledger.db") }, "directory"},
		"a device":       {func(*testing.T, string) string { return "/dev/null" }, "file"},
		"a pipe":         {func(t *testing.T, dir string) string { return pipe(t, filepath.Join(dir, "ledger.db")) }, "file"},
		"another's file": {func(t *testing.T, dir string) string { return chown(t, file(t, dir, "ledger.db", 0o600)) }, "owner"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "private")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			path := c.make(t, dir)
			created, err := Prepare(path)
			if created || client.ClassOf(err) != client.ClassStorage {
				t.Fatalf("created %v, %v", created, err)
			}
			if !strings.HasPrefix(err.Error(), "storage "+c.code+":") {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}

func file(t *testing.T, dir, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
	return path
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) string {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func pipe(t *testing.T, path string) string {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// chown gives path to another user, which only the administrator can do; for
// anybody else a file of the administrator stands for it.
func chown(t *testing.T, path string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return "/etc/passwd"
	}
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	return path
}

// belonging is a file of a user.
type belonging struct {
	os.FileInfo
	uid int
}

func (b belonging) Sys() any { return &syscall.Stat_t{Uid: uint32(b.uid)} } //nolint:gosec // a small number

func TestOwned(t *testing.T) { // covers S20
	me := os.Geteuid()
	for _, c := range []struct {
		uid    int
		orRoot bool
		want   bool
	}{
		{me, false, true},
		{me, true, true},
		{me + 1, false, false},
		{me + 1, true, false},
		{0, true, true},
		{0, false, me == 0},
	} {
		if got := owned(belonging{uid: c.uid}, c.orRoot); got != c.want {
			t.Errorf("user %d, administrator too %v: %v", c.uid, c.orRoot, got)
		}
	}
}
