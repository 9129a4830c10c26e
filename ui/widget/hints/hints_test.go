package hints

import (
	"strings"
	"testing"

	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func TestLine(t *testing.T) {
	st := styletest.Plain(t)
	all := []Hint{
		{Key: text.Literal("enter"), Label: text.Literal("open")},
		{Key: text.Literal("R"), Label: text.Literal("refund")},
		{Key: text.Literal("u"), Label: text.Literal("user's cards")},
		{Key: text.Literal("y"), Label: text.Literal("copy")},
		{Key: text.Literal("space"), Label: text.Literal("mark")},
		{Key: text.Literal("/"), Label: text.Literal("filter")},
		{Key: text.Literal(":"), Label: text.Literal("commands"), Keep: true},
		{Key: text.Literal("?"), Label: text.Literal("help"), Keep: true},
	}
	var views []string
	for _, width := range []int{140, 80, 60, 40, 20, 8} {
		line := Line(st, all, width)
		styletest.RequireSize(t, line, width, 1)
		views = append(views, line)
	}
	styletest.Golden(t, strings.Join(views, "\n"))
}
