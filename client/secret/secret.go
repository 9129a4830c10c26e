// Package secret owns the one type that may hold a key or a shared secret.
// It prints itself as [secret] whatever the verb, and it must never import
// anything of paydesk.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// mask is what a secret prints as (S9).
const mask = "[secret]"

// Secret holds the raw bytes of a key. The zero value is empty.
type Secret struct{ raw []byte }

// New takes a copy of raw.
func New(raw []byte) Secret { return Secret{raw: append([]byte(nil), raw...)} }

// Reveal returns the raw bytes for the one place that signs or stores them.
// The caller must not keep, change or print them.
func (s Secret) Reveal() []byte { return s.raw }

// Empty reports whether there is nothing inside.
func (s Secret) Empty() bool { return len(s.raw) == 0 }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool { return subtle.ConstantTimeCompare(s.raw, o.raw) == 1 }

// String prints the mask.
func (Secret) String() string { return mask }

// GoString prints the mask for %#v.
func (Secret) GoString() string { return mask }

// Format prints the mask for every verb, %x included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// MarshalJSON writes the mask.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// MarshalText writes the mask.
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue logs the mask.
func (Secret) LogValue() slog.Value { return slog.StringValue(mask) }
