package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line writes one value as one line of JSON. Signs that a terminal would obey,
// and those that nobody sees, are written as \u escapes, so that the data stays
// exact and the line harmless wherever it is shown (S4).
func Line(w io.Writer, value any) error {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return fmt.Errorf("show: encode: %w", err)
	}
	_, err := w.Write(append(Escape(bytes.TrimSuffix(out.Bytes(), []byte("\n"))), '\n'))
	return err
}

// Escape writes what is not plainly visible in valid JSON as \u escapes. Such
// signs stand only inside its strings.
func Escape(text []byte) []byte {
	if plain(text) {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case visible(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}

// plain reports whether text is visible ASCII only.
func plain(text []byte) bool {
	for _, b := range text {
		if b < 0x20 || b > 0x7e {
			return false
		}
	}
	return true
}

// visible reports whether r may stand in a line as it is.
func visible(r rune) bool {
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
