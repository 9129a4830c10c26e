//go:build darwin || freebsd || netbsd || openbsd

package ask

import "golang.org/x/sys/unix"

const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
	readSide   = 1 // FREAD of <sys/fcntl.h>
)

func flush(fd int) { _ = unix.IoctlSetPointerInt(fd, unix.TIOCFLUSH, readSide) }
