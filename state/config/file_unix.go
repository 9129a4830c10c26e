//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package config

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"paydesk/client"
)

// checkOwner refuses a file or directory that is not the person's (or root's)
// or that group or others may write.
func checkOwner(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && stat.Uid != uint32(os.Geteuid()) && stat.Uid != 0 {
		return &client.Error{
			Class: client.ClassConfig, Code: "owner",
			Message: safePath(path) + " belongs to another user",
			Hint:    "make it yours: chown \"$(id -u)\" " + shellQuote(path),
		}
	}
	if info.IsDir() && info.Mode()&fs.ModeSticky != 0 {
		return nil // others may add files there, but not touch ours
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		right := "600"
		if info.IsDir() {
			right = "700"
		}
		return &client.Error{
			Class: client.ClassConfig, Code: "mode",
			Message: safePath(path) + " can be written by other users (mode " + mode.String() + ")",
			Hint:    "keep it to yourself: chmod " + right + " " + shellQuote(path),
		}
	}
	return nil
}

// shellQuote makes a path one word of a shell command.
func shellQuote(path string) string {
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// lockDir keeps other processes of paydesk from writing in the directory at
// the same time. It never waits.
func lockDir(dir string) (unlock func(), err error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close() // the lock's failure is the one to tell
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &client.Error{
				Class: client.ClassConflict, Code: "locked",
				Message: "another paydesk is changing the configuration in " + safePath(dir) + "; nothing was written",
				Hint:    "run the command again",
			}
		}
		return nil, unwritable(dir, err)
	}
	return func() { _ = file.Close() }, nil // closing frees the lock
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return unwritable(dir, err)
	}
	defer func() { _ = file.Close() }()                                 // only synced
	if err := file.Sync(); err != nil && !errors.Is(err, unix.EINVAL) { // some file systems cannot
		return unwritable(dir, err)
	}
	return nil
}
