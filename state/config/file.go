package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"paydesk/client"
)

// maxFile is how large a configuration file may be, in bytes.
const maxFile = 1 << 20

// readFile returns the content of the configuration file and whether there is
// one. A file that others could have written is refused (S20).
func readFile(path string) (data []byte, found bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, unreadable(path, err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for ever
		return nil, false, &client.Error{
			Class: client.ClassConfig, Code: "no-file",
			Message: "the configuration " + safePath(path) + " is not a regular file",
			Hint:    "name a file that can be read again and written",
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, false, unreadable(path, err)
	}
	defer func() { _ = file.Close() }() // only read
	if info, err = file.Stat(); err != nil {
		return nil, false, unreadable(path, err)
	}
	if err := checkOwner(path, info); err != nil {
		return nil, false, err
	}
	data, err = io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, false, unreadable(path, err)
	}
	if len(data) > maxFile {
		return nil, false, &client.Error{
			Class: client.ClassConfig, Code: "too-big",
			Message: "the configuration " + safePath(path) + " is larger than " + strconv.Itoa(maxFile>>10) + " KiB",
			Hint:    "check that the right file was named",
		}
	}
	return data, true, nil
}

func unreadable(path string, err error) error {
	return &client.Error{
		Class: client.ClassConfig, Code: "unreadable",
		Message: "the configuration " + safePath(path) + " cannot be read",
		Hint:    "check that the file and its directory belong to you",
		Err:     cause(err),
	}
}

// unwritable is a failure to write a file or directory of paydesk's.
func unwritable(path string, err error) error {
	return &client.Error{
		Class: client.ClassStorage, Code: "unwritable",
		Message: safePath(path) + " cannot be written",
		Hint:    "check the owner of the directory and the room on the disk; nothing was changed",
		Err:     cause(err),
	}
}

// cause drops the path from a file error, which the message names already and
// makes safe.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	if at, ok := errors.AsType[*os.LinkError](err); ok {
		return at.Err
	}
	return err
}

// EnsureDir makes a directory for paydesk's files, and what is missing above
// it, with mode 0700. One that is there must belong to the person and must not
// be writable by others (S20); else it returns a ClassConfig error with the
// command that puts it right. A failure to make it is ClassStorage.
func EnsureDir(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return unwritable(dir, err)
		}
		if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory needs the x bit
			return unwritable(dir, err)
		}
		info, err = os.Stat(dir)
	}
	if err != nil {
		return unwritable(dir, err)
	}
	if !info.IsDir() {
		return unwritable(dir, errors.New("not a directory"))
	}
	return checkOwner(dir, info)
}

// CheckFile refuses an existing file of paydesk's that somebody else owns or
// could write (S20). A missing file is fine.
func CheckFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unwritable(path, err)
	}
	return checkOwner(path, info)
}

// replaceFile writes a file whole or not at all: a new file beside it with
// mode 0600, synced, then renamed over it. It refuses when the file is no
// longer what was read, so that no other change is lost.
func replaceFile(path string, before, after []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // keep a link to a file that is kept elsewhere
	}
	dir := filepath.Dir(path)
	if err := EnsureDir(dir); err != nil {
		return err
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer unlock()
	now, _, err := readFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, before) {
		return changedMeanwhile(path)
	}
	return writeFile(dir, path, after)
}

func writeFile(dir, path string, data []byte) (err error) {
	file, err := os.CreateTemp(dir, ".config-*.toml") // O_EXCL, mode 0600
	if err != nil {
		return unwritable(path, err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()           // the first failure is the one to tell
			_ = os.Remove(file.Name()) // as above
		}
	}()
	if err := file.Chmod(0o600); err != nil {
		return unwritable(path, err)
	}
	if _, err := file.Write(data); err != nil {
		return unwritable(path, err)
	}
	if err := file.Sync(); err != nil {
		return unwritable(path, err)
	}
	if err := file.Close(); err != nil {
		return unwritable(path, err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return unwritable(path, err)
	}
	return syncDir(dir)
}

func changedMeanwhile(path string) error {
	return &client.Error{
		Class: client.ClassConflict, Code: "changed",
		Message: safePath(path) + " was changed by somebody else in the meantime; nothing was written",
		Hint:    "run the command again",
	}
}
