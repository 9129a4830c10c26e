package filterbar

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func TestView(t *testing.T) {
	for _, width := range []int{60, 80, 140} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			b := New(styletest.Plain(t), text.Literal("words, status:paid, amount>=100"))
			b.SetWidth(width)
			var views []string
			add := func() {
				styletest.RequireSize(t, b.View(), width, b.Height())
				views = append(views, b.View())
			}
			add()
			b.SetCount(1000000, 1000000)
			b.Focus()
			b.Update(tea.PasteMsg{Content: "status:paid amount>=100 us"})
			b.SetCompletion(text.Literal("er:"))
			b.SetCount(128, 1000000)
			add()
			b.Complete()
			b.SetCount(-1, 1000000)
			add()
			b.SetFault(12, text.Literal("no such field \"amout\"; did you mean amount"))
			add()
			b.SetValue("status:paid amount>=100 user:U-2041 退款 placed:2026-11-01..2026-11-21 -method:card")
			b.SetFault(60, text.Literal("\"2026-11-\" is no date; write 2026-11-21 or today"))
			add()
			styletest.Golden(t, strings.Join(views, "\n"))
		})
	}
}

func TestTypingClearsTheFault(t *testing.T) {
	b := New(styletest.Plain(t), text.Safe{})
	b.Focus()
	b.SetFault(0, text.Literal("wrong"))
	if b.Height() != 2 {
		t.Fatal("the fault is not shown")
	}
	if !b.Update(tea.KeyPressMsg{Code: 'a', Text: "a"}) || b.Height() != 1 {
		t.Error("the fault stays")
	}
	if c := b.Cursor(); c.X != 4 || c.Y != 0 {
		t.Errorf("cursor = %+v", c.Position)
	}
	b.Blur()
	if b.Cursor() != nil {
		t.Error("a cursor without the keyboard")
	}
}
