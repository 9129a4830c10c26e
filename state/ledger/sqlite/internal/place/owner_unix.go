//go:build unix

package place

import (
	"io/fs"
	"os"
	"syscall"
)

// owned reports whether the file is this user's own; for a directory the
// administrator's will do.
func owned(info fs.FileInfo, orRoot bool) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	return int(stat.Uid) == os.Geteuid() || (orRoot && stat.Uid == 0)
}

// shared reports whether the mode grants others any of the bits. A sticky
// directory that everybody may write to (/tmp) is as safe as a private one for
// files that exist, but not for those that will: it counts as shared.
func shared(info fs.FileInfo, bits fs.FileMode) bool { return info.Mode().Perm()&bits != 0 }
