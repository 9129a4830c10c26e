package callback

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"paydesk/client/secret"
)

// secretBytes is how much chance is in a new path secret.
const secretBytes = 32

// Bounds of a path secret in characters. EasyLink takes addresses of at most 128
// characters in all (easylink: section 10).
const (
	shortestSecret = 22 // of 64 kinds: 132 bits
	shortestHex    = 32 // of 16 kinds: 128 bits
	longestSecret  = 64
)

// NewSecret draws a path secret of 256 bits from random, which is crypto/rand's
// reader outside of tests.
func NewSecret(random io.Reader) (secret.Secret, error) {
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return secret.Secret{}, fmt.Errorf("callback: path secret: %w", err)
	}
	return secret.New([]byte(base64.RawURLEncoding.EncodeToString(raw))), nil
}

const (
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	hexDigit = "0123456789abcdefABCDEF"
)

// CheckSecret refuses a path secret that is too easy to guess, or that does not
// survive in a path: right is what NewSecret makes, or at least 128 bits of
// chance as base64url or hexadecimal digits. The error never shows it.
func CheckSecret(s secret.Secret) error {
	text := string(s.Reveal())
	switch {
	case text == "":
		return errors.New("there is no path secret")
	case strings.Trim(text, alphabet) != "":
		return errors.New("the path secret holds other characters than letters, digits, - and _")
	case len(text) > longestSecret:
		return fmt.Errorf("the path secret has %d characters, at most %d", len(text), longestSecret)
	case len(text) < shortestSecret, len(text) < shortestHex && strings.Trim(text, hexDigit) == "":
		return fmt.Errorf("the path secret has %d characters, too few for 128 bits", len(text))
	}
	kinds := map[rune]bool{}
	for _, r := range text {
		kinds[r] = true
	}
	if len(kinds) < 8 {
		return errors.New("the path secret repeats itself and is easy to guess")
	}
	return nil
}
