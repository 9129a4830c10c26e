//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd

package ask

import (
	"errors"
	"os"
)

// discardTyped has no form here; the check of the answer is what protects.
func discardTyped(*os.File) {}

func silence(*os.File) (restore func(), err error) {
	return nil, errors.New("the echo cannot be switched off on this system; use standard input or --file")
}
