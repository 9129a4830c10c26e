package hexdump

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"paydesk/ui/style/styletest"
)

func TestRows(t *testing.T) {
	st := styletest.Plain(t)
	for _, tc := range []struct {
		name, content string
		width         int
		want          []string
	}{
		{"narrow", "amount=10000", 56, []string{
			"0000  61 6d 6f 75 6e 74 3d 31 │amount=1│",
			"0008  30 30 30 30             │0000    │",
		}},
		{"wide", `{"a":1,"b":"two"}`, 80, []string{
			`0000  7b 22 61 22 3a 31 2c 22  62 22 3a 22 74 77 6f 22 │{"a":1,"b":"two"│`,
			`0010  7d                                               │}               │`,
		}},
		{"secret", "a=1&key=•••", 80, []string{"0000  61 3d 31 26 6b 65 79 3d  •• •• ••                │a=1&key=•••     │"}},
		{"letters of several bytes", "é中\n", 40, []string{"0000  c3 a9 e4 b8 ad 0a       │é.中.␊  │"}},
		{"split by the row", "1234567中", 40, []string{"0000  31 32 33 34 35 36 37 e4 │1234567.│", "0008  b8 ad                   │..      │"}},
		{"hostile", "\x1b]0;\u202e\x07", 40, []string{"0000  1b 5d 30 3b e2 80 ae 07 │␛]0;·..␇│"}},
		{"no text", "\xff\xfe", 40, []string{"0000  ff fe                   │..      │"}},
		{"empty", "", 40, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := New(tc.content)
			var got []string
			for i := range d.Rows(tc.width) {
				got = append(got, ansi.Strip(d.Row(st, tc.width, i)))
			}
			if strings.Join(got, "\n") != strings.Join(tc.want, "\n") {
				t.Errorf("\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
	if d := New("k=•••"); d.Bytes() != 2 || d.Secrets() != 1 {
		t.Errorf("%d bytes, %d secrets", d.Bytes(), d.Secrets())
	}
	if New("x").Row(st, 40, 1) != "" || New("x").Row(st, 40, -1) != "" {
		t.Error("there is a row outside of the text")
	}
}

// Whatever the bytes are, each row is as wide as the others and fits.
//
// covers S2 S4
func TestEveryRowFits(t *testing.T) {
	st := styletest.Plain(t)
	rapid.Check(t, func(r *rapid.T) {
		d := New(rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(r, "text"))
		width := rapid.IntRange(41, 120).Draw(r, "width")
		for i := range d.Rows(width) {
			row := d.Row(st, width, i)
			if w := ansi.StringWidth(row); w > width || w != ansi.StringWidth(d.Row(st, width, 0)) {
				r.Fatalf("row %d is %d cells wide of %d: %q", i, w, width, row)
			}
		}
	})
}
