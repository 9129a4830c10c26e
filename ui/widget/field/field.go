// Package field owns one line of text that a person types. Editing is
// bubbles/textinput; what is shown and kept is always safe text, the cursor is
// the terminal's own, and its place is counted in cells. It never reads a
// clipboard and never decides what a text means.
package field

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Field is the input. Make it with New.
type Field struct {
	st          *style.Styles
	input       textinput.Model
	width       int
	scroll      int // first cell that is shown
	placeholder text.Safe
	ghost       text.Safe
	accept      func(rune) bool
	noPaste     bool
}

// New returns an empty field for at most limit characters; 0 means no limit.
func New(st *style.Styles, limit int) *Field {
	input := textinput.New()
	input.Prompt = ""
	input.CharLimit = limit
	input.SetVirtualCursor(false)
	input.KeyMap.Paste = key.Binding{} // it would run a clipboard program
	input.KeyMap.AcceptSuggestion, input.KeyMap.NextSuggestion, input.KeyMap.PrevSuggestion = key.Binding{}, key.Binding{}, key.Binding{}
	return &Field{st: st, input: input, width: 20}
}

// SetWidth sets the cells that View takes.
func (f *Field) SetWidth(cells int) { f.width = max(cells, 1) }

// SetPlaceholder sets what an empty field shows.
func (f *Field) SetPlaceholder(words text.Safe) { f.placeholder = words }

// SetGhost shows how the text could go on, behind the cursor when that is at
// the end. AcceptGhost takes it over.
func (f *Field) SetGhost(rest text.Safe) { f.ghost = rest }

// SetAccept limits the characters that are taken.
func (f *Field) SetAccept(accept func(rune) bool) { f.accept = accept }

// RefusePaste makes the field deaf to pasted text.
func (f *Field) RefusePaste() { f.noPaste = true }

// Focus gives the field the keyboard.
func (f *Field) Focus() { _ = f.input.Focus() } // the command only blinks a virtual cursor

// Blur takes the keyboard away.
func (f *Field) Blur() { f.input.Blur() }

// Focused reports whether the field has the keyboard.
func (f *Field) Focused() bool { return f.input.Focused() }

// Value is the text as it stands, always clean.
func (f *Field) Value() string { return f.input.Value() }

// SetValue replaces the text and puts the cursor at its end.
func (f *Field) SetValue(value string) {
	f.input.SetValue(flat(value))
	f.input.CursorEnd()
}

// AcceptGhost appends the ghost to the text; false when there is none.
func (f *Field) AcceptGhost() bool {
	if f.ghost.Empty() || f.input.Position() < len([]rune(f.input.Value())) {
		return false
	}
	f.SetValue(f.input.Value() + f.ghost.String())
	f.ghost = text.Safe{}
	return true
}

// Update takes a key press or pasted text and reports whether the text
// changed.
func (f *Field) Update(msg tea.Msg) (changed bool) {
	if !f.Focused() {
		return false
	}
	before := f.input.Value()
	switch msg := msg.(type) {
	case tea.PasteMsg:
		if f.noPaste || !f.takes(flat(msg.Content)) {
			return false
		}
		f.input, _ = f.input.Update(tea.PasteMsg{Content: flat(msg.Content)})
	case tea.KeyPressMsg:
		if !f.takes(msg.Text) {
			return false
		}
		f.input, _ = f.input.Update(msg)
	default:
		return false
	}
	if clean := text.Clean(f.input.Value()).String(); clean != f.input.Value() {
		at := f.input.Position() + len([]rune(clean)) - len([]rune(f.input.Value()))
		f.input.SetValue(clean)
		f.input.SetCursor(at)
	}
	return f.input.Value() != before
}

// takes reports whether all of the text is allowed here.
func (f *Field) takes(words string) bool {
	if f.accept == nil {
		return true
	}
	for _, r := range words {
		if !f.accept(r) {
			return false
		}
	}
	return true
}

// flat makes one clean line of a text: what a person copied often ends with a
// line break.
func flat(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(strings.TrimSpace(s))
	return text.Clean(s).String()
}

// View draws exactly the width that was set.
func (f *Field) View() string {
	value := text.Clean(f.input.Value())
	if value.Empty() && !f.placeholder.Empty() {
		return f.st.Paint(style.Faint, text.PadRight(f.placeholder, f.width))
	}
	f.follow()
	shown := text.Cut(value, f.scroll, f.scroll+f.width)
	rest := f.width - text.Width(shown)
	ghost := text.Safe{}
	if f.Focused() && f.cell() == text.Width(value) {
		ghost = text.Truncate(f.ghost, rest)
	}
	tone := style.Text
	if f.Focused() {
		tone = style.Strong
	}
	return f.st.Paint(tone, shown) + f.st.Paint(style.Faint, ghost) + text.Spaces(rest-text.Width(ghost)).String()
}

// Cursor is where the terminal's cursor belongs, relative to the field's first
// cell; nil without the keyboard.
func (f *Field) Cursor() *tea.Cursor {
	if !f.Focused() {
		return nil
	}
	f.follow()
	return tea.NewCursor(min(f.cell()-f.scroll, f.width-1), 0)
}

// CellOf is where a byte of the value is drawn, kept inside the field.
func (f *Field) CellOf(offset int) int {
	value := f.input.Value()
	f.follow()
	at := text.Width(text.Clean(value[:max(min(offset, len(value)), 0)])) - f.scroll
	return max(min(at, f.width-1), 0)
}

// cell is the cursor's place in the whole text, in cells.
func (f *Field) cell() int {
	runes := []rune(f.input.Value())
	return text.Width(text.Clean(string(runes[:min(f.input.Position(), len(runes))])))
}

// follow scrolls so that the cursor is in sight.
func (f *Field) follow() {
	at := f.cell()
	f.scroll = max(min(f.scroll, at), at-f.width+1, 0)
}
