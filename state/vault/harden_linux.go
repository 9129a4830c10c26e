package vault

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps keys in memory out of crash files (S10): no core dump, and on
// Linux no dump or attaching by another process of the same user. It is called
// once, before any key is read. A failure is worth a warning, not a stop.
func Harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps cannot be switched off: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("the process cannot be made undumpable: %w", err)
	}
	return nil
}
