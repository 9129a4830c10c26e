// Package form owns the small parts of forms: choices, buttons, labels, fields in
// brackets. It draws and remembers a choice; it never decides what one means.
package form

import (
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Choice is one of a few texts, changed with left and right.
type Choice struct {
	Options []text.Safe
	At      int
}

// Value is the chosen text; empty when there is nothing to choose.
func (c *Choice) Value() text.Safe {
	if len(c.Options) == 0 {
		return text.Safe{}
	}
	return c.Options[c.At]
}

// Turn moves on by step, round at the ends, and reports whether it moved.
func (c *Choice) Turn(step int) bool {
	n := len(c.Options)
	if n < 2 {
		return false
	}
	c.At = ((c.At+step)%n + n) % n
	return true
}

// Jump goes to the next option that starts with a letter.
func (c *Choice) Jump(letters string) bool {
	want, _ := utf8.DecodeRuneInString(letters)
	if letters == "" || want == utf8.RuneError {
		return false
	}
	for step := 1; step <= len(c.Options); step++ {
		i := (c.At + step) % len(c.Options)
		if first, _ := utf8.DecodeRuneInString(c.Options[i].String()); unicode.ToLower(first) == unicode.ToLower(want) {
			moved := i != c.At
			c.At = i
			return moved
		}
	}
	return false
}

// View draws "‹ customer return ›" in at most width cells.
func (c *Choice) View(st *style.Styles, focused bool, width int) string {
	tone, arrows := style.Text, style.Faint
	if focused {
		tone, arrows = style.Strong, style.Accent
	}
	words := text.Truncate(c.Value(), width-4)
	return st.Paint(arrows, st.Glyph.Previous) + " " + st.Paint(tone, words) + " " + st.Paint(arrows, st.Glyph.Next)
}

// Button draws "[ Cancel ]"; the one with the keyboard stands out.
func Button(st *style.Styles, words text.Safe, focused bool) string {
	label := text.Concat(text.Literal("[ "), words, text.Literal(" ]"))
	if focused {
		return st.PaintActive(label)
	}
	return st.Paint(style.Muted, label)
}

// Boxed draws a field between brackets, lit when it has the keyboard.
func Boxed(st *style.Styles, inside string, focused bool) string {
	tone := style.Border
	if focused {
		tone = style.Focus
	}
	return st.Paint(tone, text.Literal("[")) + inside + st.Paint(tone, text.Literal("]"))
}

// Label draws the name of a form line, nine cells wide.
func Label(st *style.Styles, words text.Safe, focused bool) string {
	tone := style.Muted
	if focused {
		tone = style.Accent
	}
	return st.Paint(tone, text.PadRight(words, LabelWidth))
}

// LabelWidth is the cells before a form's fields.
const LabelWidth = 9

// Marked draws a sign and a wrapped text behind it; nothing for no text.
func Marked(st *style.Styles, sign text.Safe, tone style.Tone, words text.Safe, width int) []string {
	if words.Empty() {
		return nil
	}
	var lines []string
	for i, part := range text.Wrap(words, width-2) {
		head := text.Spaces(1)
		if i == 0 {
			head = sign
		}
		lines = append(lines, st.Paint(tone, head)+" "+st.Paint(tone, part))
	}
	return lines
}

// Shift moves a cursor from its field to the dialog that holds it; nil stays nil.
func Shift(c *tea.Cursor, x, y int) *tea.Cursor {
	if c != nil {
		c.X, c.Y = c.X+x, c.Y+y
	}
	return c
}
