package text

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// ellipsis ends a text that was cut.
const ellipsis = "…"

// Width is the number of terminal cells that s takes.
func Width(s Safe) int {
	if printableASCII(s.s) {
		return len(s.s)
	}
	return ansi.StringWidth(s.s)
}

// Truncate cuts s to at most width cells, between graphemes, and ends a cut
// text with "…".
func Truncate(s Safe, width int) Safe {
	switch {
	case width <= 0:
		return Safe{}
	case Width(s) <= width:
		return s
	case width == 1:
		return Safe{ellipsis}
	}
	return Safe{ansi.Truncate(s.s, width, ellipsis)}
}

// TruncateMiddle cuts s to at most width cells and keeps both ends, which is
// where numbers differ: "P1642…0681".
func TruncateMiddle(s Safe, width int) Safe {
	total := Width(s)
	if total <= width || width < 3 {
		return Truncate(s, width)
	}
	head := (width - 1) / 2
	tail := width - 1 - head
	return Safe{ansi.Truncate(s.s, head, "") + ellipsis + Cut(s, total-tail, total).s}
}

// PadRight cuts s to width cells and fills it with spaces on the right.
func PadRight(s Safe, width int) Safe {
	s = Truncate(s, width)
	return Safe{s.s + Spaces(width-Width(s)).s}
}

// PadLeft cuts s to width cells and fills it with spaces on the left.
func PadLeft(s Safe, width int) Safe {
	s = Truncate(s, width)
	return Safe{Spaces(width-Width(s)).s + s.s}
}

// blanks is cut to size by Spaces, which saves an allocation per cell drawn.
const blanks = "                                                                                                                                "

// Spaces is n spaces; none when n is not positive.
func Spaces(n int) Safe {
	switch {
	case n <= 0:
		return Safe{}
	case n <= len(blanks):
		return Safe{blanks[:n]}
	}
	return Safe{strings.Repeat(" ", n)}
}

// Repeat puts s n times in a row.
func Repeat(s Safe, n int) Safe { return Safe{strings.Repeat(s.s, max(n, 0))} }

// Wrap breaks s into lines of at most width cells, but at least two, between
// words where it can. It returns at least one line.
func Wrap(s Safe, width int) []Safe {
	width = max(width, 2)
	var lines []Safe
	line, used := "", 0
	for word := range strings.SplitSeq(s.s, " ") {
		size := Width(Safe{word})
		if used > 0 && used+1+size <= width {
			line, used = line+" "+word, used+1+size
			continue
		}
		if used > 0 {
			lines = append(lines, Safe{strings.TrimRight(line, " ")})
		}
		for size > width {
			head := ansi.Truncate(word, width, "")
			lines, word = append(lines, Safe{head}), word[len(head):]
			size = Width(Safe{word})
		}
		line, used = word, size
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, Safe{strings.TrimRight(line, " ")})
	}
	return lines
}

// Cut returns the cells from…to of s. A wide character that an edge goes
// through gives way to a space, so that what is left keeps its place.
func Cut(s Safe, from, to int) Safe {
	var b strings.Builder
	at := 0
	for rest := s.s; rest != "" && at < to; {
		cluster, width := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		rest = rest[len(cluster):]
		switch next := at + width; {
		case at >= from && next <= to:
			b.WriteString(cluster)
		case next > from:
			b.WriteString(Spaces(min(next, to) - max(at, from)).s)
		}
		at += width
	}
	return Safe{b.String()}
}
