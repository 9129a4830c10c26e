//go:build linux || darwin || freebsd || netbsd || openbsd

package ask

import (
	"os"

	"golang.org/x/sys/unix"
)

// discardTyped drops what was typed before a question: it was no answer to it.
// A failure leaves the question as safe as the check of its answer is.
func discardTyped(in *os.File) { flush(int(in.Fd())) }

// silence switches the echo off until the returned function is called.
func silence(in *os.File) (restore func(), err error) {
	fd := int(in.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	silent.Lflag |= unix.ICANON | unix.ISIG
	silent.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &silent); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil
}
