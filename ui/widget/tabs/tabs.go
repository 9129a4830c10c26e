// Package tabs owns the line of page names. It holds no state: it draws what
// it is given and says what was clicked.
package tabs

import (
	"strings"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Tab is one page.
type Tab struct {
	Key   text.Safe // the key that opens it
	Title text.Safe
	Count int // what waits there; 0 is not shown
	Tone  style.Tone
}

// part is one tab as it will be drawn.
type part struct {
	name  text.Safe
	count text.Safe
	x     int
}

func (p part) width() int {
	w := text.Width(p.name) + 2
	if !p.count.Empty() {
		w += text.Width(p.count) + 1
	}
	return w
}

// Line draws the tabs in exactly width cells. When they do not fit they move
// closer, then those that are not open are reduced to their keys, last first.
func Line(st *style.Styles, all []Tab, active, width int) string {
	var b strings.Builder
	at := 0
	for i, p := range lay(all, active, width) {
		b.WriteString(text.Spaces(p.x - at).String())
		name := text.Concat(text.Spaces(1), p.name, text.Spaces(1))
		if i == active {
			b.WriteString(st.PaintActive(name))
		} else {
			b.WriteString(st.Paint(style.Muted, name))
		}
		if !p.count.Empty() {
			b.WriteString(st.Paint(all[i].Tone, p.count) + " ")
		}
		at = p.x + p.width()
	}
	return style.Fit(b.String(), width)
}

// At returns the index of the tab drawn at cell x.
func At(all []Tab, active, width, x int) (index int, ok bool) {
	for i, p := range lay(all, active, width) {
		if x >= p.x && x < p.x+p.width() {
			return i, true
		}
	}
	return 0, false
}

// lay places the tabs.
func lay(all []Tab, active, width int) []part {
	parts := make([]part, len(all))
	for i, t := range all {
		parts[i].name = text.Join(text.Spaces(1), t.Key, t.Title)
		if t.Count > 0 {
			parts[i].count = text.Number(int64(t.Count))
		}
	}
	gap := 1
	if place(parts, gap) > width {
		gap = 0
	}
	for i := len(all) - 1; i >= 0 && place(parts, gap) > width; i-- {
		if i != active {
			parts[i].name = all[i].Key
		}
	}
	return parts
}

// place sets each part's cell and returns the width of all.
func place(parts []part, gap int) int {
	at := 1
	for i := range parts {
		parts[i].x = at
		at += parts[i].width() + gap
	}
	return at - gap
}
