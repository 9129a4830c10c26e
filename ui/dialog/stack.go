package dialog

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"paydesk/ui/style"
)

// Stack is the open dialogs; the top one has the keyboard. The zero value is
// empty and ready.
type Stack struct {
	open          []Dialog
	width, height int
}

// SetSize gives the dialogs the screen's size.
func (s *Stack) SetSize(width, height int) {
	s.width, s.height = width, height
	for _, d := range s.open {
		d.SetSize(width, height)
	}
}

// Push opens a dialog on top.
func (s *Stack) Push(d Dialog) {
	d.SetSize(s.width, s.height)
	s.open = append(s.open, d)
}

// Pop closes the top dialog.
func (s *Stack) Pop() {
	if len(s.open) > 0 {
		s.open = s.open[:len(s.open)-1]
	}
}

// Clear closes all, for a change of profile.
func (s *Stack) Clear() { s.open = nil }

// Top is the dialog that has the keyboard; nil when none is open.
func (s *Stack) Top() Dialog {
	if len(s.open) == 0 {
		return nil
	}
	return s.open[len(s.open)-1]
}

// Len is the number of open dialogs.
func (s *Stack) Len() int { return len(s.open) }

// Refund finds the open refund dialog, for a plan that has arrived.
func (s *Stack) Refund() (*Refund, bool) {
	for _, d := range s.open {
		if r, ok := d.(*Refund); ok {
			return r, true
		}
	}
	return nil, false
}

// Update gives a message to the top dialog; while one is open it gets every
// key, paste and click, and every message that nobody else knows. A dialog
// that has ended is closed.
func (s *Stack) Update(msg tea.Msg, now time.Time) (Result, tea.Cmd) {
	top := s.Top()
	if top == nil {
		return nil, nil
	}
	result, cmd := top.Update(msg, now)
	if result != nil && result.ends() && s.Top() == top {
		s.Pop()
	}
	return result, cmd
}

// Compose draws the top dialog over a screen and returns where the cursor
// belongs. The first line of the screen, which says whose money this is, keeps
// its colours; the rest steps back. The dialog is cut to the screen.
func (s *Stack) Compose(st *style.Styles, screen string) (string, *tea.Cursor) {
	top := s.Top()
	if top == nil || s.width <= 0 || s.height <= 0 {
		return screen, nil
	}
	box := strings.Split(top.View(), "\n")
	box = box[:min(len(box), s.height)]
	width := 0
	for _, line := range box {
		width = max(width, ansi.StringWidth(line))
	}
	width = min(width, s.width)
	x, y := (s.width-width)/2, max((s.height-len(box))/3, min(1, s.height-len(box)))
	base := strings.Split(screen, "\n")
	var out strings.Builder
	for i := range s.height {
		if i > 0 {
			out.WriteByte('\n')
		}
		line := ""
		if i < len(base) {
			line = base[i]
		}
		if i > 0 {
			line = ansi.Strip(line)
		}
		if i < y || i >= y+len(box) {
			out.WriteString(s.behind(st, line, i, s.width))
			continue
		}
		out.WriteString(s.behind(st, ansi.Cut(line, 0, x), i, x))
		out.WriteString(style.Fit(box[i-y], width))
		out.WriteString(s.behind(st, ansi.Cut(line, x+width, s.width), i, s.width-x-width))
	}
	cursor := top.Cursor()
	if cursor != nil {
		cursor.X, cursor.Y = min(cursor.X+x, s.width-1), min(cursor.Y+y, s.height-1)
	}
	return out.String(), cursor
}

// behind draws a piece of the screen under the dialog. Its words were safe
// when they were drawn, so they are only painted anew.
func (s *Stack) behind(st *style.Styles, piece string, line, width int) string {
	piece = style.Fit(piece, width)
	if line == 0 || piece == "" {
		return piece
	}
	open, shut := st.Sequences(style.Faint, false)
	return open + piece + shut
}
