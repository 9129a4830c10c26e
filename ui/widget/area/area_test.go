package area

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func focused(tb testing.TB) *Area {
	tb.Helper()
	a := New(styletest.Plain(tb), 64<<10)
	a.SetSize(20, 3)
	a.Focus()
	return a
}

func (a *Area) write(words string) {
	for _, r := range words {
		a.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func screen(a *Area) string {
	lines := a.View()
	for i := range lines {
		lines[i] = strings.TrimRight(ansi.Strip(lines[i]), " ")
	}
	return strings.Join(lines, "\n")
}

func TestWhatIsPastedComesBackByteForByte(t *testing.T) {
	for name, content := range map[string]string{
		"json": `{"code":"APPLY_SUCCESS","data":{"amount":"10.00"}}`, "tabs": "{\n\t\"a\": 1\n}", "blanks around": "  {} ", "controls": "{\"a\":\"\x1b[2J\x00\u202e\"}",
		"no text": "\xff\xfe{}", "long": `{"a":"` + strings.Repeat("x", 9000) + `"}`, "emoji": "👨\u200d👩\u200d👧 e\u0301 日本",
	} {
		a := focused(t)
		if !a.Update(tea.PasteMsg{Content: content}) || string(a.Bytes()) != content || !a.Pasted() {
			t.Errorf("%s: %q came back as %q", name, content, a.Bytes())
		}
	}
	for content, want := range map[string]string{"a\r\nb\rc": "a\nb\nc", "{}\n\n": "{}", "{}\r": "{}", "\n": ""} {
		a := focused(t)
		a.Update(tea.PasteMsg{Content: content})
		if string(a.Bytes()) != want {
			t.Errorf("%q came back as %q, want %q", content, a.Bytes(), want)
		}
	}
}

func TestPastingReplacesAndEditingCounts(t *testing.T) {
	a := focused(t)
	a.write("old")
	a.Update(tea.PasteMsg{Content: "new"})
	if string(a.Bytes()) != "new" {
		t.Fatalf("%q", a.Bytes())
	}
	a.write("x") // at the beginning, where the person looks
	a.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	if string(a.Bytes()) != "x\nnew" || a.Pasted() {
		t.Errorf("%q, as pasted: %v", a.Bytes(), a.Pasted())
	}
	a.Clear()
	if len(a.Bytes()) != 0 {
		t.Errorf("%q after clearing", a.Bytes())
	}
}

func TestWhatCannotBeShownCannotBeEdited(t *testing.T) {
	a := focused(t)
	a.Update(tea.PasteMsg{Content: "a\tb"})
	a.write("x")
	if string(a.Bytes()) != "a\tb" || a.Fault().Empty() {
		t.Errorf("%q, %q", a.Bytes(), a.Fault())
	}
	a.Update(tea.KeyPressMsg{Code: tea.KeyRight})
	if !a.Fault().Empty() {
		t.Errorf("moving is refused: %s", a.Fault())
	}
	a.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	if len(a.Bytes()) != 0 {
		t.Errorf("%q is left", a.Bytes())
	}
}

func TestLimit(t *testing.T) {
	a := New(styletest.Plain(t), 1<<10)
	a.Focus()
	if a.Update(tea.PasteMsg{Content: strings.Repeat("x", 1025)}) || a.Fault().Empty() {
		t.Error("too much was taken")
	}
	a.Update(tea.PasteMsg{Content: strings.Repeat("x", 1024)})
	if a.write("y"); len(a.Bytes()) != 1024 || a.Fault().Empty() {
		t.Errorf("%d bytes, %q", len(a.Bytes()), a.Fault())
	}
}

func TestViewAndCursor(t *testing.T) {
	a := focused(t)
	a.SetPlaceholder(text.Literal("paste the body here"))
	if got := screen(a); got != "paste the body here\n\n" {
		t.Errorf("%q", got)
	}
	a.Update(tea.PasteMsg{Content: "line one\nline two\nline three\nline four"})
	if got := screen(a); got != "line one\nline two\nline three" {
		t.Errorf("%q", got)
	}
	if c := a.Cursor(); c == nil || c.X != 0 || c.Y != 0 || !a.AtTop() || a.AtBottom() {
		t.Errorf("cursor %+v", c)
	}
	for range 3 {
		a.Update(tea.KeyPressMsg{Code: tea.KeyDown})
	}
	if got := screen(a); got != "line two\nline three\nline four" || a.AtTop() || !a.AtBottom() {
		t.Errorf("%q", got)
	}
	a.Blur()
	if a.Cursor() != nil || a.Update(tea.PasteMsg{Content: "x"}) {
		t.Error("it works without the keyboard")
	}
}

// covers S1 S2 S4
func TestOnlySafeTextOfTheRightSizeGetsOut(t *testing.T) {
	st := styletest.Plain(t)
	rapid.Check(t, func(r *rapid.T) {
		a := New(st, 64<<10)
		a.Focus()
		width, height := rapid.IntRange(2, 60).Draw(r, "width"), rapid.IntRange(1, 8).Draw(r, "height")
		a.SetSize(width, height)
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			words := rapid.String().Draw(r, "words")
			if rapid.Bool().Draw(r, "paste") {
				a.Update(tea.PasteMsg{Content: words})
			} else {
				code := rapid.SampledFrom([]rune{tea.KeyUp, tea.KeyDown, tea.KeyLeft, tea.KeyEnd, tea.KeyBackspace, tea.KeyDelete, tea.KeyEnter, tea.KeyPgDown, 'x'}).Draw(r, "key")
				msg := tea.KeyPressMsg{Code: code}
				if code == 'x' {
					msg.Text = words
				}
				a.Update(msg)
			}
			lines := a.View()
			if len(lines) != height {
				r.Fatalf("%d lines, want %d", len(lines), height)
			}
			for _, line := range lines {
				plain := ansi.Strip(line)
				if ansi.StringWidth(line) != width || text.Clean(plain).String() != plain {
					r.Fatalf("%d cells, want %d: %q", ansi.StringWidth(line), width, line)
				}
			}
			if c := a.Cursor(); c == nil || c.X < 0 || c.X >= width || c.Y < 0 || c.Y >= height {
				r.Fatalf("cursor %+v", c)
			}
		}
	})
}
