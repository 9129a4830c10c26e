// Package hexdump owns the view of a text byte by byte: where, which byte, which
// letter. It draws only the rows that are asked for, and what it draws is safe
// whatever the bytes are. A hidden secret stays hidden; the package knows nothing
// of what the text is.
package hexdump

import (
	"strings"
	"unicode/utf8"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Secret is how a hidden secret stands in a text, whatever its length.
const Secret = "•••"

// secretCells is how many cells a hidden secret takes.
const secretCells = 3

// Bytes in a row, where there is room for the wider one.
const (
	narrow = 8
	wide   = 16
)

// unit is one byte, or one cell of a hidden secret.
type unit struct {
	b      byte
	hidden bool
}

// Dump is a text taken apart. Make it with New; the zero value is empty.
type Dump struct {
	units   []unit
	bytes   int
	secrets int
}

// New takes a text apart.
func New(content string) *Dump {
	d := &Dump{units: make([]unit, 0, len(content))}
	for i := 0; i < len(content); {
		if strings.HasPrefix(content[i:], Secret) {
			for range secretCells {
				d.units = append(d.units, unit{hidden: true})
			}
			d.secrets++
			i += len(Secret)
			continue
		}
		d.units = append(d.units, unit{b: content[i]})
		d.bytes++
		i++
	}
	return d
}

// Bytes is how many bytes are shown; those of a hidden secret are not among them.
func (d *Dump) Bytes() int { return d.bytes }

// Secrets is how many hidden secrets the text holds.
func (d *Dump) Secrets() int { return d.secrets }

// perRow is how many bytes fit in a row.
func (d *Dump) perRow(width int) int {
	if d.rowWidth(wide) <= width {
		return wide
	}
	return narrow
}

// rowWidth is the cells of a row of n bytes: offset, bytes in groups of eight,
// letters between lines.
func (d *Dump) rowWidth(n int) int { return d.offsetWidth() + 2 + n*3 - 1 + (n/narrow - 1) + 2 + n + 1 }

// offsetWidth is the digits of an offset.
func (d *Dump) offsetWidth() int {
	digits := 4
	for n := len(d.units) >> 16; n > 0; n >>= 4 {
		digits++
	}
	return digits
}

// Rows is how many rows the text takes at a width.
func (d *Dump) Rows(width int) int {
	n := d.perRow(width)
	return (len(d.units) + n - 1) / n
}

// Row draws one row, counted from 0: "0010  7b 22 61 70 …  │{"appId":"…│".
// Outside of the text it is empty.
func (d *Dump) Row(st *style.Styles, width, row int) string {
	n := d.perRow(width)
	from := row * n
	if row < 0 || from >= len(d.units) {
		return ""
	}
	units := d.units[from:min(from+n, len(d.units))]
	var out strings.Builder
	out.WriteString(st.Paint(style.Muted, text.Concat(hex(from, d.offsetWidth()), text.Spaces(2))))
	out.WriteString(bytesColumn(st, units, n))
	side := st.Paint(style.Border, st.Glyph.Side)
	out.WriteString(" " + side + style.Fit(letters(st, units), n) + side)
	return out.String()
}

// bytesColumn draws "7b 22 61" with a wider gap after each eight, as long as a
// full row.
func bytesColumn(st *style.Styles, units []unit, n int) string {
	var p painter
	for i := range n {
		if i > 0 {
			p.add(style.Text, text.Spaces(1))
		}
		if i > 0 && i%narrow == 0 {
			p.add(style.Text, text.Spaces(1))
		}
		switch {
		case i >= len(units):
			p.add(style.Text, text.Spaces(2))
		case units[i].hidden:
			p.add(style.Muted, text.Literal("••"))
		default:
			p.add(style.Text, hex(int(units[i].b), 2))
		}
	}
	return p.draw(st)
}

// letters draws the bytes as text, one cell a byte. A letter of several bytes
// fills up with dots; one that does not fit into the row is dots alone.
func letters(st *style.Styles, units []unit) string {
	raw := make([]byte, len(units))
	for i, u := range units {
		raw[i] = u.b
	}
	var p painter
	for i := 0; i < len(units); {
		if units[i].hidden {
			p.add(style.Muted, text.Literal("•"))
			i++
			continue
		}
		r, size := utf8.DecodeRune(raw[i:])
		letter := text.Clean(string(r))
		if r == utf8.RuneError && size <= 1 || text.Width(letter) > size {
			p.add(style.Faint, text.Literal("."))
			i++
			continue
		}
		tone := style.Text
		if r < ' ' || letter.String() != string(r) {
			tone = style.Faint // a picture of something invisible
		}
		p.add(tone, letter)
		p.add(style.Faint, text.Repeat(text.Literal("."), size-text.Width(letter)))
		i += size
	}
	return p.draw(st)
}

// painter joins neighbours of one tone, so that each is painted once.
type painter struct {
	runs []run
}

type run struct {
	tone  style.Tone
	words []text.Safe
}

func (p *painter) add(tone style.Tone, words text.Safe) {
	if words.Empty() {
		return
	}
	if n := len(p.runs); n > 0 && p.runs[n-1].tone == tone {
		p.runs[n-1].words = append(p.runs[n-1].words, words)
		return
	}
	p.runs = append(p.runs, run{tone: tone, words: []text.Safe{words}})
}

func (p *painter) draw(st *style.Styles) string {
	var out strings.Builder
	for _, r := range p.runs {
		out.WriteString(st.Paint(r.tone, text.Concat(r.words...)))
	}
	return out.String()
}

// hex writes n with at least so many digits.
func hex(n, digits int) text.Safe {
	const figures = "0123456789abcdef"
	var out []byte
	for ; n > 0 || len(out) < digits; n >>= 4 {
		out = append([]byte{figures[n&0xf]}, out...)
	}
	return text.Clean(string(out))
}
