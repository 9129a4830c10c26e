// Package pane owns the furniture around content: boxes, side panels, ruled
// headings and label–value lists. It takes drawn lines and gives drawn lines;
// it holds no state and knows nothing of what is inside.
package pane

import (
	"strings"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Box is a framed panel.
type Box struct {
	Title   text.Safe
	Note    text.Safe // at the right of the top line
	Env     style.Env // not empty: the frame and the word of that environment
	Focused bool
	Footer  text.Safe // at the right of the bottom line
	Alert   bool      // the footer is a warning
}

// Inner is the size that is left inside a box of width×height: a space on
// either side, and the frame.
func Inner(width, height int) (int, int) { return max(width-4, 0), max(height-2, 0) }

// Draw draws the box as exactly width×height cells; missing lines are blank,
// lines that do not fit are cut.
func (b Box) Draw(st *style.Styles, width, height int, lines []string) string {
	if width < 4 || height < 2 {
		return blank(width, height)
	}
	frame, tone := st.Frame(), style.Border
	if b.Focused {
		tone = style.Focus
	}
	if b.Env != "" {
		frame, tone = st.EnvFrame(b.Env), b.Env.Tone()
	}
	var out strings.Builder
	out.WriteString(b.top(st, frame, tone, width))
	inner, rows := Inner(width, height)
	left, right := st.Paint(tone, frame.Left)+" ", " "+st.Paint(tone, frame.Right)
	for i := range rows {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		out.WriteString("\n" + left + style.Fit(line, inner) + right)
	}
	out.WriteString("\n" + b.bottom(st, frame, tone, width))
	return out.String()
}

// top draws "╭ Title ──── NOTE ─╮".
func (b Box) top(st *style.Styles, frame style.Frame, tone style.Tone, width int) string {
	note, noteTone := b.Note, style.Muted
	if b.Env != "" {
		note, noteTone = b.Env.Word(), b.Env.Tone()
	}
	used := 2
	var right string
	if b.Env != "" {
		note = text.Concat(text.Spaces(1), note, text.Spaces(1)) // as wide as its badge
	}
	if w := text.Width(note); w > 0 && w+6 <= width {
		drawn := st.Paint(noteTone, note)
		if b.Env != "" {
			drawn = st.Badge(b.Env)
		}
		right = " " + drawn + " " + st.Paint(tone, frame.Top)
		used += w + 3
	}
	title := text.Truncate(b.Title, width-used-3)
	if title.Empty() {
		return st.Paint(tone, text.Concat(frame.TopLeft, text.Repeat(frame.Top, width-used))) + right + st.Paint(tone, frame.TopRight)
	}
	fill := text.Repeat(frame.Top, width-used-text.Width(title)-2)
	return st.Paint(tone, frame.TopLeft) + " " + st.Paint(style.Strong, title) + " " + st.Paint(tone, fill) + right + st.Paint(tone, frame.TopRight)
}

// bottom draws "╰──── footer ─╯".
func (b Box) bottom(st *style.Styles, frame style.Frame, tone style.Tone, width int) string {
	footer := text.Truncate(b.Footer, width-6)
	if footer.Empty() {
		return st.Paint(tone, text.Concat(frame.BottomLeft, text.Repeat(frame.Bottom, width-2), frame.BottomRight))
	}
	fill := text.Repeat(frame.Bottom, width-text.Width(footer)-5)
	footerTone := style.Muted
	if b.Alert {
		footerTone = style.Warning
	}
	return st.Paint(tone, text.Concat(frame.BottomLeft, fill)) + " " + st.Paint(footerTone, footer) + " " +
		st.Paint(tone, text.Concat(frame.Bottom, frame.BottomRight))
}

// Side is a panel with a line on its left, for what stands beside a list.
type Side struct {
	Title   text.Safe
	Status  style.Status // at the right of the title; zero: none
	Focused bool
}

// SideInner is the size that is left under the title of a side panel.
func SideInner(width, height int) (int, int) { return max(width-3, 0), max(height-1, 0) }

// Draw draws the panel as exactly width×height cells: "│ Title    status",
// then the lines.
func (s Side) Draw(st *style.Styles, width, height int, lines []string) string {
	if width < 4 || height < 1 {
		return blank(width, height)
	}
	tone := style.Border
	if s.Focused {
		tone = style.Focus
	}
	bar := st.Paint(tone, st.Glyph.Side) + " "
	inner, _ := SideInner(width, height)
	status := s.Status.Text()
	room := inner
	right := ""
	if !s.Status.Word.Empty() && text.Width(status)+8 < inner {
		right = st.Paint(s.Status.Tone, status)
		room -= text.Width(status) + 1
	}
	var out strings.Builder
	title := text.PadRight(s.Title, room)
	if right != "" {
		title = text.Concat(title, text.Spaces(1))
	}
	out.WriteString(style.Fit(bar+st.Paint(style.Strong, title)+right, width))
	for i := range height - 1 {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		out.WriteString("\n" + bar + style.Fit(line, inner) + " ")
	}
	return out.String()
}

// Rule draws a heading on a line: "─ timeline ─────────".
func Rule(st *style.Styles, title text.Safe, width int) string {
	title = text.Truncate(title, width-4)
	if title.Empty() {
		return st.Paint(style.Border, text.Repeat(st.Glyph.Rule, width))
	}
	rest := width - text.Width(title) - 3
	return st.Paint(style.Border, st.Glyph.Rule) + " " + st.Paint(style.Muted, title) + " " + st.Paint(style.Border, text.Repeat(st.Glyph.Rule, rest))
}

// Field is one labelled value.
type Field struct {
	Label text.Safe
	Value text.Safe
	Tone  style.Tone
}

// Fields draws labelled values one below the other, the values aligned and
// wrapped. A field without value is left out.
func Fields(st *style.Styles, fields []Field, width int) []string {
	label := 0
	for _, f := range fields {
		if !f.Value.Empty() {
			label = max(label, text.Width(f.Label))
		}
	}
	label = min(label, max(width/2-2, 1))
	var lines []string
	for _, f := range fields {
		if f.Value.Empty() {
			continue
		}
		for i, part := range text.Wrap(f.Value, width-label-2) {
			name := text.Spaces(label)
			if i == 0 {
				name = text.PadRight(f.Label, label)
			}
			lines = append(lines, st.Paint(style.Muted, name)+"  "+st.Paint(f.Tone, part))
		}
	}
	return lines
}

// Paragraph draws a wrapped text.
func Paragraph(st *style.Styles, tone style.Tone, words text.Safe, width int) []string {
	var lines []string
	for _, part := range text.Wrap(words, width) {
		lines = append(lines, st.Paint(tone, part))
	}
	return lines
}

// Beside puts two drawn blocks of the same height side by side.
func Beside(left, right string) string {
	l, r := strings.Split(left, "\n"), strings.Split(right, "\n")
	var out strings.Builder
	for i := range max(len(l), len(r)) {
		if i > 0 {
			out.WriteByte('\n')
		}
		if i < len(l) {
			out.WriteString(l[i])
		}
		if i < len(r) {
			out.WriteString(r[i])
		}
	}
	return out.String()
}

// blank is a rectangle of spaces, for what is too small to be drawn.
func blank(width, height int) string {
	line := text.Spaces(width).String()
	lines := make([]string, max(height, 0))
	for i := range lines {
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}
