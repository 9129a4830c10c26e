// Package place owns the rules for where a private file may lie (S20): who may
// own it and its directory, who else may get at them, and on what kind of file
// system. It never reads or writes what is inside.
package place

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"paydesk/client"
)

// Prepare makes sure that a private file is at path and safe to use: it
// creates the directories (0700) and the file (0600, O_EXCL) that are missing
// and refuses a symbolic link, anything that is no plain file, a wrong owner,
// a mode that lets others in, and a network file system. created is true when
// the file is new. Errors are *client.Error of ClassStorage.
func Prepare(path string) (created bool, err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, refuse("directory", fmt.Sprintf("directory %q cannot be created", dir), "choose another place, or make room for it", err)
	}
	if err := checkDir(dir); err != nil {
		return false, err
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return false, refuse("file", fmt.Sprintf("file %q cannot be looked at", path), "check who may enter its directory", err)
	}
	return false, checkFile(path, info)
}

// create makes the file; that another process made it first is fine.
func create(path string) (bool, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		info, err := os.Lstat(path)
		if err != nil {
			return false, refuse("file", fmt.Sprintf("file %q cannot be looked at", path), "check who may enter its directory", err)
		}
		return false, checkFile(path, info)
	}
	if err != nil {
		return false, refuse("file", fmt.Sprintf("file %q cannot be created", path), "check the disk and who may write to its directory", err)
	}
	if err := file.Close(); err != nil {
		return false, refuse("file", fmt.Sprintf("file %q cannot be created", path), "check the disk", err)
	}
	return true, nil
}

func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return refuse("directory", fmt.Sprintf("directory %q cannot be looked at", dir), "check who may enter it", err)
	}
	if !owned(info, true) {
		return refuse("owner", fmt.Sprintf("directory %q belongs to another user", dir), "keep it in a directory of your own", nil)
	}
	if shared(info, 0o022) {
		return refuse("mode", fmt.Sprintf("directory %q has mode %04o: others may write to it", dir, info.Mode().Perm()),
			fmt.Sprintf("chmod 700 %q", dir), nil)
	}
	if name := networkFS(dir); name != "" {
		return refuse("network", fmt.Sprintf("directory %q is on a network file system (%s), where locks cannot be trusted", dir, name),
			"keep it on a local disk", nil)
	}
	return nil
}

func checkFile(path string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return refuse("symlink", fmt.Sprintf("file %q is a symbolic link", path), "name the file that it points to", nil)
	case !info.Mode().IsRegular():
		return refuse("file", fmt.Sprintf("%q is no plain file", path), "name a file", nil)
	case !owned(info, false):
		return refuse("owner", fmt.Sprintf("file %q belongs to another user", path), "use a file of your own", nil)
	case shared(info, 0o077):
		return refuse("mode", fmt.Sprintf("file %q has mode %04o: others may get at it", path, info.Mode().Perm()),
			fmt.Sprintf("chmod 600 %q", path), nil)
	}
	return nil
}

func refuse(code, message, hint string, cause error) error {
	return &client.Error{Class: client.ClassStorage, Code: code, Message: message, Hint: hint, Err: cause}
}
