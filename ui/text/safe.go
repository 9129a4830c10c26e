// Package text owns the one door through which words reach a screen, a title,
// a clipboard or a headless table. A Safe can only be made by Clean, from
// anything, or by Literal, from a constant of our own source; views accept
// nothing else. The package is pure: it knows no colour, no key and no clock,
// and it must never import more than the client vocabulary and a width table.
package text

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// MaxLength is the largest number of graphemes that Clean lets through; the
// last one of a longer text becomes an ellipsis.
const MaxLength = 4096

// maxClusterBytes bounds one cleaned grapheme: seven letters and eight marks
// of at most four bytes. A text longer than MaxLength times this is cut before
// it is looked at.
const maxClusterBytes = 64

// Safe is text that cannot steer a terminal: valid UTF-8 without control,
// bidi, zero-width, tag or variation characters, every grapheme at least one
// cell wide (S1, S2). The zero value is the empty text. Values compare with ==.
type Safe struct{ s string }

// String returns the plain text.
func (s Safe) String() string { return s.s }

// Empty reports whether there is no text.
func (s Safe) Empty() bool { return s.s == "" }

// literal is unexported so that only an untyped constant converts to it.
type literal string

// Literal is a text of our own source code. A string variable does not
// compile as its argument.
func Literal(constant literal) Safe { return Safe{string(constant)} }

// Concat puts texts one after the other.
func Concat(parts ...Safe) Safe {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.s)
	}
	return Safe{b.String()}
}

// Join puts sep between the texts that are not empty.
func Join(sep Safe, parts ...Safe) Safe {
	var b strings.Builder
	for _, p := range parts {
		if p.s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(sep.s)
		}
		b.WriteString(p.s)
	}
	return Safe{b.String()}
}

// Clean makes text from outside safe. Nothing is dropped without a trace: a
// control character becomes its picture (␛ ␊ ␡), a bidi or invisible character
// a "·", an invisible character that belongs to a letter a line below that
// letter, an invalid byte U+FFFD. Joined emoji are reduced to their first
// picture, which is all that terminals agree on the width of. A grapheme keeps
// at most eight combining marks. The number of graphemes stays the same, up to
// MaxLength. Clean of a cleaned text is that text.
func Clean(untrusted string) Safe {
	if len(untrusted) <= MaxLength && printableASCII(untrusted) {
		return Safe{untrusted}
	}
	rest, cut := untrusted, false
	if limit := MaxLength * maxClusterBytes; len(rest) > limit {
		for back := 0; back < utf8.UTFMax && !utf8.RuneStart(rest[limit]); back++ {
			limit--
		}
		rest, cut = rest[:limit], true
	}
	if !utf8.ValidString(rest) {
		rest = string([]rune(rest)) // each invalid byte becomes one U+FFFD
	}
	var c cleaner
	for rest != "" {
		if c.count == MaxLength {
			cut = true
			break
		}
		cluster, _ := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		rest = rest[len(cluster):]
		c.add(cluster)
	}
	if cut {
		if c.count == MaxLength {
			c.out = c.out[:c.last]
		}
		c.out = append(c.out, "…"...)
	}
	return Safe{string(c.out)}
}

// printableASCII reports whether s is made of 0x20 to 0x7e only.
func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
