// Package hints owns the footer of keys: the few that matter here and now. It
// holds no state.
package hints

import (
	"strings"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Hint is one key and what it does.
type Hint struct {
	Key   text.Safe
	Label text.Safe
	// Keep holds the hint when others give way; such hints stand at the end.
	Keep bool
}

// Line draws hints in exactly width cells, in their order; those that do not
// fit are left out, the last first, and kept ones last of all.
func Line(st *style.Styles, all []Hint, width int) string {
	var b strings.Builder
	for _, h := range Fit(all, width) {
		b.WriteString(" " + st.Paint(style.Accent, h.Key) + " " + st.Paint(style.Muted, h.Label) + " ")
	}
	return style.Fit(b.String(), width)
}

// Fit returns the hints that Line draws, the kept ones at the end.
func Fit(all []Hint, width int) []Hint {
	var loose, kept []Hint
	for _, h := range all {
		if h.Keep {
			kept = append(kept, h)
		} else {
			loose = append(loose, h)
		}
	}
	for len(loose) > 0 && size(loose)+size(kept) > width {
		loose = loose[:len(loose)-1]
	}
	for len(kept) > 0 && size(kept) > width {
		kept = kept[:len(kept)-1]
	}
	return append(loose, kept...)
}

// size is the cells that hints take.
func size(all []Hint) int {
	total := 0
	for _, h := range all {
		total += text.Width(h.Key) + text.Width(h.Label) + 3
	}
	return total
}
