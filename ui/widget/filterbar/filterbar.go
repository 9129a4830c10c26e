// Package filterbar owns the line in which a person narrows a list: the text,
// how many rows it leaves, and where it is wrong. It never parses or runs the
// text.
package filterbar

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/field"
)

// limit bounds what can be typed, in characters.
const limit = 500

// prompt is the cells before the text: space, slash, space.
const prompt = 3

// Bar is the filter line. Make it with New.
type Bar struct {
	st     *style.Styles
	input  *field.Field
	width  int
	result text.Safe
	fault  text.Safe
	at     int // byte offset of the fault in the text
}

// New returns an empty bar; placeholder says what could be typed.
func New(st *style.Styles, placeholder text.Safe) *Bar {
	b := &Bar{st: st, input: field.New(st, limit), width: 80}
	b.input.SetPlaceholder(placeholder)
	return b
}

// SetWidth gives the bar its width in cells.
func (b *Bar) SetWidth(width int) { b.width = width }

// Focus gives the bar the keyboard.
func (b *Bar) Focus() { b.input.Focus() }

// Blur takes the keyboard away.
func (b *Bar) Blur() { b.input.Blur() }

// Focused reports whether the bar has the keyboard.
func (b *Bar) Focused() bool { return b.input.Focused() }

// Value is the text as typed, clean.
func (b *Bar) Value() string { return b.input.Value() }

// SetValue replaces the text.
func (b *Bar) SetValue(value string) { b.input.SetValue(value) }

// SetCompletion shows how the word at the end could go on.
func (b *Bar) SetCompletion(rest text.Safe) { b.input.SetGhost(rest) }

// Complete takes the completion over; false when there is none.
func (b *Bar) Complete() bool { return b.input.AcceptGhost() }

// Update takes a key press or pasted text and reports whether the text
// changed. A change removes the completion and the fault.
func (b *Bar) Update(msg tea.Msg) (changed bool) {
	if changed = b.input.Update(msg); changed {
		b.input.SetGhost(text.Safe{})
		b.fault = text.Safe{}
	}
	return changed
}

// SetCount shows how many rows are left of how many; a negative number is not
// known yet and is left out.
func (b *Bar) SetCount(shown, total int64) {
	switch {
	case shown < 0 && total < 0:
		b.result = text.Safe{}
	case total < 0 || shown == total:
		b.result = text.Number(max(shown, 0))
	case shown < 0:
		b.result = text.Concat(text.Literal("… of "), text.Number(total))
	default:
		b.result = text.Concat(text.Number(shown), text.Literal(" of "), text.Number(total))
	}
}

// SetAtLeast is SetCount while counting goes on: there are at least so many.
func (b *Bar) SetAtLeast(shown, total int64) {
	b.SetCount(shown, total)
	if shown >= 0 {
		b.result = text.Concat(text.Literal("≥ "), b.result)
	}
}

// SetFault says what is wrong with the text and at which byte of it; an empty
// message clears it.
func (b *Bar) SetFault(at int, message text.Safe) { b.at, b.fault = at, message }

// Height is 1, or 2 while there is a fault to show.
func (b *Bar) Height() int {
	if b.fault.Empty() {
		return 1
	}
	return 2
}

// View draws exactly Height lines of the bar's width.
func (b *Bar) View() string {
	b.resize()
	tone := style.Faint
	if b.Focused() || b.Value() != "" {
		tone = style.Accent
	}
	var line strings.Builder
	line.WriteString(" " + b.st.Paint(tone, text.Literal("/")) + " " + b.input.View())
	if !b.result.Empty() {
		line.WriteString("  " + b.st.Paint(style.Muted, b.result))
	}
	first := style.Fit(line.String(), b.width)
	if b.fault.Empty() {
		return first
	}
	return first + "\n" + b.faultLine()
}

// resize leaves room for the count on the right.
func (b *Bar) resize() {
	room := b.width - prompt - 1
	if !b.result.Empty() {
		room -= text.Width(b.result) + 2
	}
	b.input.SetWidth(max(room, 8))
}

// faultLine points at the fault and says what it is, to the left of the
// pointer when there is no room on its right.
func (b *Bar) faultLine() string {
	column := min(prompt+b.input.CellOf(b.at), b.width-2)
	caret := b.st.Paint(style.Danger, b.st.Glyph.Caret)
	need, after, before := text.Width(b.fault), b.width-1-column-2, column-2 // cells on either side of the pointer
	whole := need <= b.width-4
	if need <= after || (!whole && after >= before) {
		return style.Fit(text.Spaces(column).String()+caret+" "+b.st.Paint(style.Danger, text.Truncate(b.fault, after)), b.width)
	}
	message := b.fault
	if !whole {
		message = text.Truncate(b.fault, before)
	}
	left := max(column-1-text.Width(message), 1)
	return style.Fit(text.Spaces(left).String()+b.st.Paint(style.Danger, message)+" "+caret, b.width)
}

// Cursor is where the terminal's cursor belongs, relative to the bar's top
// left cell; nil without the keyboard.
func (b *Bar) Cursor() *tea.Cursor {
	b.resize()
	c := b.input.Cursor()
	if c != nil {
		c.X += prompt
	}
	return c
}
