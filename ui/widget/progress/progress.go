// Package progress owns the one line that says how far a long job is. It has
// no spinner and no clock: it changes when the numbers do.
package progress

import (
	"strings"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Job is how far something is.
type Job struct {
	Title text.Safe
	Done  int64
	Total int64     // 0 or less: not known, no bar
	Note  text.Safe // time left, key to stop
}

// Line draws the job in exactly width cells:
// "importing  ━━━━━━────  42,000 of 100,000 · x stops".
func Line(st *style.Styles, job Job, width int) string {
	count := text.Number(job.Done)
	if job.Total > 0 {
		count = text.Concat(count, text.Literal(" of "), text.Number(job.Total))
	}
	tail := text.Join(text.Concat(text.Spaces(1), st.Glyph.Dot, text.Spaces(1)), count, job.Note)
	var b strings.Builder
	b.WriteString(" " + st.Paint(style.Strong, job.Title) + "  ")
	room := width - text.Width(job.Title) - text.Width(tail) - 6
	if job.Total > 0 && room >= 6 {
		size := min(room, 30)
		done := int(min(max(job.Done, 0), job.Total) * int64(size) / job.Total)
		b.WriteString(st.Paint(style.Accent, text.Repeat(st.Glyph.Done, done)) + st.Paint(style.Border, text.Repeat(st.Glyph.Open, size-done)) + "  ")
	}
	b.WriteString(st.Paint(style.Muted, tail))
	return style.Fit(b.String(), width)
}
