package tabs

import (
	"strings"
	"testing"

	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func pages() []Tab {
	return []Tab{
		{Key: text.Literal("1"), Title: text.Literal("Orders")},
		{Key: text.Literal("2"), Title: text.Literal("Refunds"), Count: 3, Tone: style.Pending},
		{Key: text.Literal("3"), Title: text.Literal("Tokens")},
		{Key: text.Literal("4"), Title: text.Literal("Activity")},
		{Key: text.Literal("5"), Title: text.Literal("Insights")},
	}
}

func TestLine(t *testing.T) {
	st := styletest.Plain(t)
	var views []string
	for _, width := range []int{140, 80, 60, 50, 40} {
		for _, active := range []int{0, 4} {
			line := Line(st, pages(), active, width)
			styletest.RequireSize(t, line, width, 1)
			views = append(views, line)
		}
	}
	styletest.Golden(t, strings.Join(views, "\n"))
	if open := Line(st, pages(), 1, 80); !strings.Contains(open, "\x1b[1;7m 2 Refunds ") {
		t.Errorf("the open tab cannot be told without colour: %q", open)
	}
}

func TestAt(t *testing.T) {
	for x, want := range map[int]int{0: -1, 1: 0, 10: 0, 11: -1, 12: 1, 24: 1, 26: 2, 79: -1} {
		got, ok := At(pages(), 0, 80, x)
		if ok != (want >= 0) || (ok && got != want) {
			t.Errorf("At(%d) = %d, %v, want %d", x, got, ok, want)
		}
	}
}
