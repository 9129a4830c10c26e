//go:build !unix

package vault

// Harden has nothing to switch off here: there is no core dump that a process
// could refuse.
func Harden() error { return nil }
