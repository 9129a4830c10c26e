// Package area owns a field of several lines, for a text that is pasted and whose
// every byte counts: it hands back exactly what was pasted, and shows it as safe
// text. Editing is bubbles/textarea, the cursor is the terminal's own. It never
// reads a clipboard and never decides what a text means.
package area

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Area is the input. Make it with New.
type Area struct {
	st            *style.Styles
	input         textarea.Model
	limit         int
	width, height int
	placeholder   text.Safe
	fault         text.Safe

	exact string // what was pasted, with its line ends as \n
	shown string // how the input shows it; once that changes, the input counts
}

// New returns an empty area for at most limit bytes.
func New(st *style.Styles, limit int) *Area {
	input := textarea.New()
	input.Prompt, input.ShowLineNumbers = "", false
	input.MaxHeight, input.MaxWidth, input.CharLimit = 0, 0, 0
	input.SetStyles(textarea.Styles{})
	input.SetVirtualCursor(false)
	none := key.Binding{}
	k := &input.KeyMap
	k.Paste, k.CopySelection = none, none // they would run a clipboard program
	for _, selecting := range []*key.Binding{
		&k.SelectCharacterForward, &k.SelectCharacterBackward, &k.SelectWordForward, &k.SelectWordBackward, &k.SelectLineUp, &k.SelectLineDown, &k.SelectAll,
	} {
		*selecting = none
	}
	a := &Area{st: st, input: input, limit: limit}
	a.SetSize(20, 4)
	return a
}

// SetSize sets the cells that View takes.
func (a *Area) SetSize(width, height int) {
	width, height = max(width, 2), max(height, 1)
	if a.width == width && a.height == height {
		return
	}
	a.width, a.height = width, height
	a.input.SetWidth(width)
	a.input.SetHeight(height)
}

// SetPlaceholder sets what an empty area shows.
func (a *Area) SetPlaceholder(words text.Safe) { a.placeholder = words }

// Focus gives the area the keyboard.
func (a *Area) Focus() { _ = a.input.Focus() } // the command only blinks a virtual cursor

// Blur takes the keyboard away.
func (a *Area) Blur() { a.input.Blur() }

// Focused reports whether the area has the keyboard.
func (a *Area) Focused() bool { return a.input.Focused() }

// Pasted reports whether the text is still exactly what was pasted.
func (a *Area) Pasted() bool { return a.exact != "" && a.input.Value() == a.shown }

// Bytes is the text: exactly as it was pasted, or as it was edited since. Line
// ends are \n, because a terminal does not tell which they were, and none is at
// the end of what was pasted.
func (a *Area) Bytes() []byte {
	if a.Pasted() {
		return []byte(a.exact)
	}
	return []byte(a.input.Value())
}

// Fault says why the last key or paste did nothing; empty when it did.
func (a *Area) Fault() text.Safe { return a.fault }

// Update takes a key press or pasted text and reports whether the text changed.
// Pasting replaces what was there. A text that cannot be shown as it is cannot be
// edited either, only cleared: the edit would be of something else.
func (a *Area) Update(msg tea.Msg) (changed bool) {
	if !a.Focused() {
		return false
	}
	a.fault = text.Safe{}
	switch msg := msg.(type) {
	case tea.PasteMsg:
		return a.paste(msg.Content)
	case tea.KeyPressMsg:
		return a.press(msg)
	}
	return false
}

func (a *Area) paste(content string) bool {
	content = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(content)
	content = strings.TrimRight(content, "\n") // what a person copied often ends with a line break
	switch {
	case content == "":
		return false
	case len(content) > a.limit:
		a.fault = text.Concat(text.Literal("that is longer than "), text.Number(int64(a.limit>>10)), text.Literal(" KiB; it was not taken"))
		return false
	}
	a.input.SetValue(clean(content))
	a.exact, a.shown = content, a.input.Value()
	a.input.MoveToBegin()
	return true
}

func (a *Area) press(msg tea.KeyPressMsg) bool {
	before := a.input.Value()
	k := a.input.KeyMap
	frozen := a.Pasted() && a.exact != a.shown
	switch {
	case frozen && key.Matches(msg, k.DeleteCharacterBackward, k.DeleteBeforeCursor, k.DeleteAfterCursor, k.DeleteCharacterForward, k.DeleteWordBackward, k.DeleteWordForward):
		a.Clear()
		return true
	case frozen && !moves(msg, k):
		a.fault = text.Literal("it holds signs that cannot be edited here; paste it anew")
		return false
	case len(before)+len(msg.Text) > a.limit:
		a.fault = text.Concat(text.Literal("no more than "), text.Number(int64(a.limit>>10)), text.Literal(" KiB"))
		return false
	}
	msg.Text = text.Clean(msg.Text).String()
	a.input, _ = a.input.Update(msg)
	return a.input.Value() != before
}

// moves reports whether a key only moves the cursor.
func moves(msg tea.KeyPressMsg, k textarea.KeyMap) bool {
	return key.Matches(msg, k.CharacterBackward, k.CharacterForward, k.LineEnd, k.LineNext, k.LinePrevious, k.LineStart, k.PageUp, k.PageDown,
		k.WordBackward, k.WordForward, k.InputBegin, k.InputEnd)
}

// Clear empties the area.
func (a *Area) Clear() {
	a.input.Reset()
	a.exact, a.shown, a.fault = "", "", text.Safe{}
}

// AtTop reports whether the cursor is in the first line, so that a key up leads
// out of the area.
func (a *Area) AtTop() bool { return a.input.Line() == 0 && a.input.LineInfo().RowOffset == 0 }

// AtBottom is AtTop for the last line.
func (a *Area) AtBottom() bool {
	info := a.input.LineInfo()
	return a.input.Line() == a.input.LineCount()-1 && info.RowOffset >= info.Height-1
}

// clean makes each line safe and keeps the line ends.
func clean(content string) string {
	lines := slices.Collect(strings.SplitSeq(content, "\n"))
	for i := range lines {
		lines[i] = text.Clean(lines[i]).String()
	}
	return strings.Join(lines, "\n")
}

// View draws exactly the lines that were set, each exactly so many cells.
func (a *Area) View() []string {
	lines := make([]string, a.height)
	if a.input.Value() == "" && !a.placeholder.Empty() {
		for i, part := range text.Wrap(a.placeholder, a.width) {
			if i < len(lines) {
				lines[i] = style.Fit(a.st.Paint(style.Faint, part), a.width)
			}
		}
	} else {
		tone := style.Text
		if a.Focused() {
			tone = style.Strong
		}
		for i, line := range strings.Split(ansi.Strip(a.input.View()), "\n") {
			if i < len(lines) {
				// The one door: whatever the input holds, only safe text gets out (S1).
				lines[i] = style.Fit(a.st.Paint(tone, text.Clean(strings.TrimRight(line, " "))), a.width)
			}
		}
	}
	for i := range lines {
		if lines[i] == "" {
			lines[i] = text.Spaces(a.width).String()
		}
	}
	return lines
}

// Cursor is where the terminal's cursor belongs, relative to the area's first
// cell; nil without the keyboard.
func (a *Area) Cursor() *tea.Cursor {
	c := a.input.Cursor()
	if c == nil {
		return nil
	}
	return tea.NewCursor(max(min(c.X, a.width-1), 0), max(min(c.Y, a.height-1), 0))
}
