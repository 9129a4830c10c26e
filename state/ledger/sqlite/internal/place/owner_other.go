//go:build !unix

package place

import "io/fs"

// owned: where there are no Unix owners, the user's profile directory is
// protected by the system's access lists.
func owned(fs.FileInfo, bool) bool { return true }

// shared: modes mean nothing there either.
func shared(fs.FileInfo, fs.FileMode) bool { return false }
