// Package timeline owns the list of what happened to one record, oldest first.
// It holds no state.
package timeline

import (
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Entry is one thing that happened.
type Entry struct {
	At     text.Safe // a time, or empty when it belongs to the one above
	Glyph  text.Safe // its sign; empty: a dot
	Text   text.Safe
	Tone   style.Tone // of sign and text
	Note   text.Safe  // who or how, beside the text
	Detail text.Safe  // more, on lines of its own
}

// Lines draws the entries, the texts aligned behind the times and wrapped:
// "14:01:22 ✓ paid  callback ✓".
func Lines(st *style.Styles, entries []Entry, width int) []string {
	at := 0
	for _, e := range entries {
		at = max(at, text.Width(e.At))
	}
	indent := at + 3 // space, sign, space
	if at == 0 {
		indent = 2
	}
	room := max(width-indent, 8)
	var lines []string
	for _, e := range entries {
		glyph := e.Glyph
		if glyph.Empty() {
			glyph = st.Glyph.Dot
		}
		head := st.Paint(e.Tone, glyph) + " "
		if at > 0 {
			head = st.Paint(style.Muted, text.PadRight(e.At, at)) + " " + head
		}
		for i, part := range text.Wrap(e.Text, room) {
			if i > 0 {
				head = text.Spaces(indent).String()
			}
			line := head + st.Paint(e.Tone, part)
			if i == 0 && !e.Note.Empty() && text.Width(e.Text)+2+text.Width(e.Note) <= room {
				line += "  " + st.Paint(style.Muted, e.Note)
				e.Note = text.Safe{}
			}
			lines = append(lines, line)
		}
		for _, more := range []text.Safe{e.Note, e.Detail} {
			if more.Empty() {
				continue
			}
			for _, part := range text.Wrap(more, room) {
				lines = append(lines, text.Spaces(indent).String()+st.Paint(style.Muted, part))
			}
		}
	}
	return lines
}
