package timeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"paydesk/client"
	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func TestLines(t *testing.T) {
	st := styletest.Plain(t)
	paid, pending := st.Order(client.OrderPaid), st.Refund(client.RefundPending)
	entries := []Entry{
		{At: text.Literal("14:01:07"), Text: text.Literal("created")},
		{At: text.Literal("14:01:22"), Glyph: paid.Glyph, Tone: paid.Tone, Text: paid.Word, Note: text.Literal("callback, verified")},
		{
			At: text.Literal("14:05:40"), Glyph: pending.Glyph, Tone: pending.Tone, Text: text.Literal("refund 2,000 IDR"), Note: text.Literal("by alice"),
			Detail: text.Literal("pending, next look in 12 s; the gateway said: processing, please wait"),
		},
		{Glyph: text.Literal("!"), Tone: style.Warning, Text: text.Literal("the same amount was refunded today")},
	}
	for _, width := range []int{24, 40, 70} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			lines := Lines(st, entries, width)
			for _, l := range lines {
				if w := ansi.StringWidth(l); w > width {
					t.Errorf("%q is %d wide", ansi.Strip(l), w)
				}
			}
			styletest.Golden(t, strings.Join(lines, "\n"))
		})
	}
	if got := Lines(st, nil, 40); got != nil {
		t.Errorf("nothing is drawn as %q", got)
	}
}
