//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package config

import "io/fs"

// checkOwner leaves access to the directory's access list, which is the
// person's own below the profile directory.
func checkOwner(string, fs.FileInfo) error { return nil }

// lockDir has nothing to lock; replaceFile compares before it writes.
func lockDir(string) (unlock func(), err error) { return func() {}, nil }

// syncDir has nothing to do: a rename is written through.
func syncDir(string) error { return nil }
