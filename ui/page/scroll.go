package page

import (
	"slices"
	"strings"

	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
)

// Scroll shows as many drawn lines as there is room for, and remembers where
// it is. The zero value is at the top.
type Scroll struct {
	lines  []string
	height int
	offset int
}

// SetLines replaces the content; the place is kept as far as it exists.
func (s *Scroll) SetLines(lines []string) {
	s.lines = lines
	s.clamp()
}

// SetHeight gives the room in lines.
func (s *Scroll) SetHeight(height int) {
	s.height = max(height, 0)
	s.clamp()
}

// Move scrolls by lines; negative is up.
func (s *Scroll) Move(lines int) {
	s.offset += lines
	s.clamp()
}

// Page scrolls by screenfuls.
func (s *Scroll) Page(screens int) { s.Move(screens * max(s.height-1, 1)) }

// Top goes to the first line.
func (s *Scroll) Top() { s.offset = 0 }

// Bottom goes to the last lines.
func (s *Scroll) Bottom() { s.Move(len(s.lines)) }

func (s *Scroll) clamp() { s.offset = max(min(s.offset, len(s.lines)-s.height), 0) }

// Visible returns the lines on screen. Where more follows or precedes, the
// last or first of them says so.
func (s *Scroll) Visible(st *style.Styles, width int) []string {
	end := min(s.offset+s.height, len(s.lines))
	shown := append([]string(nil), s.lines[min(s.offset, end):end]...)
	if len(shown) < 3 {
		return shown
	}
	if s.offset > 0 {
		shown[0] = s.hint(st, st.Glyph.Above, s.offset+1, width)
	}
	if rest := len(s.lines) - end; rest > 0 {
		shown[len(shown)-1] = s.hint(st, st.Glyph.Below, rest+1, width)
	}
	return shown
}

func (s *Scroll) hint(st *style.Styles, sign text.Safe, n, width int) string {
	return style.Fit(st.Paint(style.Faint, text.Concat(sign, text.Spaces(1), text.Number(int64(n)), text.Literal(" more lines"))), width)
}

// Block joins lines into exactly height lines of width cells.
func Block(lines []string, width, height int) string {
	var b strings.Builder
	for i := range height {
		if i > 0 {
			b.WriteByte('\n')
		}
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		b.WriteString(style.Fit(line, width))
	}
	return b.String()
}

// Facts draws labelled values one below the other, or from a width on in two
// columns; those of alone take a line of their own.
func Facts(st *style.Styles, fields, alone []pane.Field, width, pairFrom int) []string {
	fields = slices.DeleteFunc(fields, func(f pane.Field) bool { return f.Value.Empty() })
	if width < pairFrom {
		return pane.Fields(st, append(fields, alone...), width)
	}
	half := (len(fields) + 1) / 2
	column := (width - 2) / 2
	left, right := pane.Fields(st, fields[:half], column), pane.Fields(st, fields[half:], column)
	var lines []string
	for i := range max(len(left), len(right)) {
		l, r := "", ""
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		lines = append(lines, style.Fit(l, column)+"  "+r)
	}
	label := 0
	for _, f := range fields[:half] {
		label = max(label, text.Width(f.Label))
	}
	for i := range alone {
		alone[i].Label = text.PadRight(alone[i].Label, max(label, text.Width(alone[i].Label)))
	}
	return append(lines, pane.Fields(st, alone, width)...)
}
