//go:build unix && !linux

package vault

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps keys in memory out of crash files (S10): no core dump. It is
// called once, before any key is read. A failure is worth a warning, not a
// stop.
func Harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps cannot be switched off: %w", err)
	}
	return nil
}
