package pane

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"paydesk/client"
	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func TestBox(t *testing.T) {
	st := styletest.Plain(t)
	lines := []string{"paid 10,000 IDR", st.Paint(style.Danger, text.Literal("退款 refused")), strings.Repeat("long ", 30)}
	boxes := []Box{
		{Title: text.Literal("Help"), Note: text.Literal("1 of 3"), Footer: text.Literal("esc close")},
		{Title: text.Literal("Refund P1642410680681"), Env: style.EnvProduction, Focused: true},
		{Title: text.Literal("Refund P1642410680681 which has a very long number indeed"), Env: style.EnvSandbox},
		{Title: text.Literal("Unbind"), Env: style.EnvTest},
		{},
	}
	for _, width := range []int{30, 60} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			var views []string
			for _, b := range boxes {
				view := b.Draw(st, width, 5, lines)
				styletest.RequireSize(t, view, width, 5)
				views = append(views, view)
			}
			styletest.Golden(t, strings.Join(views, "\n"))
		})
	}
}

func TestSide(t *testing.T) {
	st := styletest.Plain(t)
	body := Fields(st, []Field{
		{Label: text.Literal("amount"), Value: text.Literal("10,000 IDR")},
		{Label: text.Literal("refundable"), Value: text.Literal("8,000 of 10,000 IDR"), Tone: style.Strong},
		{Label: text.Literal("fail code")},
		{Label: text.Literal("note"), Value: text.Literal("the customer called twice about it"), Tone: style.Muted},
	}, 36)
	body = append(body, Rule(st, text.Literal("timeline"), 36))
	body = append(body, Paragraph(st, style.Muted, text.Literal("nothing happened to this order since it was paid"), 36)...)
	side := Side{Title: text.Literal("P1642410680681"), Status: st.Order(client.OrderPaid)}
	for _, width := range []int{24, 40} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			view := side.Draw(st, width, 11, body)
			styletest.RequireSize(t, view, width, 11)
			styletest.Golden(t, view)
		})
	}
}

func TestEveryRectangleIsExact(t *testing.T) {
	st := styletest.Colour(t)
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(1, 90).Draw(r, "width"), rapid.IntRange(1, 12).Draw(r, "height")
		title, note := text.Clean(rapid.String().Draw(r, "title")), text.Clean(rapid.String().Draw(r, "note"))
		env := rapid.SampledFrom([]style.Env{"", style.EnvProduction, style.EnvTest, style.EnvSandbox}).Draw(r, "env")
		lines := []string{st.Paint(style.Text, note), title.String()}
		styletest.RequireSize(r, Box{Title: title, Note: note, Env: env, Footer: note}.Draw(st, w, h, lines), w, h)
		styletest.RequireSize(r, Side{Title: title, Status: st.Order(client.OrderPaid)}.Draw(st, w, h, lines), w, h)
		if w >= 6 {
			styletest.RequireSize(r, Rule(st, title, w), w, 1)
		}
	})
}

func TestBeside(t *testing.T) {
	if got := Beside("a\nb", "1\n2\n3"); got != "a1\nb2\n3" {
		t.Errorf("Beside = %q", got)
	}
}
