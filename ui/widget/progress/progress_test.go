package progress

import (
	"strings"
	"testing"

	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func TestLine(t *testing.T) {
	st := styletest.Plain(t)
	var views []string
	for _, width := range []int{140, 80, 60, 40} {
		for _, job := range []Job{
			{Title: text.Literal("importing"), Done: 42000, Total: 100000, Note: text.Literal("esc stops")},
			{Title: text.Literal("importing"), Done: 120000, Total: 100000},
			{Title: text.Literal("reading"), Done: 7, Note: text.Literal("esc stops")},
		} {
			line := Line(st, job, width)
			styletest.RequireSize(t, line, width, 1)
			views = append(views, line)
		}
	}
	styletest.Golden(t, strings.Join(views, "\n"))
}
