package field

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func press(f *Field, words string) (changed bool) {
	for _, r := range words {
		if f.Update(tea.KeyPressMsg{Code: r, Text: string(r)}) {
			changed = true
		}
	}
	return changed
}

func TestTyping(t *testing.T) {
	f := New(styletest.Plain(t), 0)
	f.SetWidth(10)
	if press(f, "x") {
		t.Error("a field without the keyboard took a key")
	}
	f.Focus()
	if !press(f, "status") || f.Value() != "status" {
		t.Errorf("value = %q", f.Value())
	}
	if f.Update(tea.KeyPressMsg{Code: tea.KeyLeft}) {
		t.Error("moving counts as a change")
	}
	f.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	if f.Value() != "stats" || f.Cursor().X != 4 {
		t.Errorf("value = %q, cursor %d", f.Value(), f.Cursor().X)
	}
}

// covers S1 S2
func TestWhatIsPastedIsCleanAndOneLine(t *testing.T) {
	f := New(styletest.Plain(t), 0)
	f.Focus()
	f.Update(tea.PasteMsg{Content: "P1\x1b[31m\r\n\u202e\t0 \n"})
	if want := "P1␛[31m · 0"; f.Value() != want {
		t.Errorf("value = %q, want %q", f.Value(), want)
	}
	if strings.ContainsAny(f.View(), "\r\n\t\u202e") {
		t.Errorf("view = %q", f.View())
	}
	f.RefusePaste()
	if f.Update(tea.PasteMsg{Content: "more"}) {
		t.Error("a field that refuses paste took it")
	}
	f.SetValue("a\x07b\n")
	if f.Value() != "a␇b" {
		t.Errorf("value = %q", f.Value())
	}
}

func TestCombiningMarksCanBeTyped(t *testing.T) {
	f := New(styletest.Plain(t), 0)
	f.Focus()
	press(f, "e\u0301")
	if f.Value() != "e\u0301" || f.Cursor().X != 1 {
		t.Errorf("value = %q, cursor %d", f.Value(), f.Cursor().X)
	}
}

func TestAcceptAndLimit(t *testing.T) {
	f := New(styletest.Plain(t), 4)
	f.SetAccept(func(r rune) bool { return r >= '0' && r <= '9' })
	f.Focus()
	press(f, "1a2b3456")
	if f.Value() != "1234" {
		t.Errorf("value = %q", f.Value())
	}
	if f.Update(tea.PasteMsg{Content: "x1"}) {
		t.Error("pasted letters were taken")
	}
}

func TestGhost(t *testing.T) {
	f := New(styletest.Plain(t), 0)
	f.SetWidth(10)
	f.Focus()
	press(f, "sta")
	f.SetGhost(text.Literal("tus:"))
	if got := ansi.Strip(f.View()); got != "status:   " {
		t.Errorf("view = %q", got)
	}
	f.Update(tea.KeyPressMsg{Code: tea.KeyLeft})
	if got := ansi.Strip(f.View()); got != "sta       " || f.AcceptGhost() {
		t.Errorf("view with the cursor inside = %q", got)
	}
	f.Update(tea.KeyPressMsg{Code: tea.KeyRight})
	if !f.AcceptGhost() || f.Value() != "status:" || f.AcceptGhost() {
		t.Errorf("value = %q", f.Value())
	}
}

func TestViewAndCursorStayInside(t *testing.T) {
	st := styletest.Colour(t)
	rapid.Check(t, func(r *rapid.T) {
		f := New(st, 0)
		width := rapid.IntRange(1, 30).Draw(r, "width")
		f.SetWidth(width)
		f.Focus()
		f.Update(tea.PasteMsg{Content: rapid.String().Draw(r, "text")})
		for _, code := range rapid.SliceOf(rapid.SampledFrom([]rune{tea.KeyLeft, tea.KeyRight, tea.KeyHome, tea.KeyEnd, tea.KeyBackspace, tea.KeyDelete, '退'})).Draw(r, "keys") {
			msg := tea.KeyPressMsg{Code: code}
			if code == '退' {
				msg.Text = "退"
			}
			f.Update(msg)
			styletest.RequireSize(r, f.View(), width, 1)
			if x := f.Cursor().X; x < 0 || x >= width {
				r.Fatalf("cursor at %d of %d in %q", x, width, f.Value())
			}
			if clean := text.Clean(f.Value()).String(); clean != f.Value() {
				r.Fatalf("value %q is not clean", f.Value())
			}
		}
	})
}
