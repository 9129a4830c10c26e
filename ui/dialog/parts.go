package dialog

import (
	"time"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/field"
	"paydesk/ui/widget/pane"
)

// choice is one of a few texts, changed with left and right.
type choice struct {
	options []text.Safe
	at      int
}

// value is the chosen text; empty when there is nothing to choose.
func (c *choice) value() text.Safe {
	if len(c.options) == 0 {
		return text.Safe{}
	}
	return c.options[c.at]
}

// turn moves on by step, round at the ends, and reports whether it moved.
func (c *choice) turn(step int) bool {
	n := len(c.options)
	if n < 2 {
		return false
	}
	c.at = ((c.at+step)%n + n) % n
	return true
}

// jump goes to the next option that starts with a letter.
func (c *choice) jump(letters string) bool {
	want, _ := utf8.DecodeRuneInString(letters)
	if letters == "" || want == utf8.RuneError {
		return false
	}
	for step := 1; step <= len(c.options); step++ {
		i := (c.at + step) % len(c.options)
		if first, _ := utf8.DecodeRuneInString(c.options[i].String()); unicode.ToLower(first) == unicode.ToLower(want) {
			moved := i != c.at
			c.at = i
			return moved
		}
	}
	return false
}

// view draws "‹ customer return ›" in at most width cells.
func (c *choice) view(st *style.Styles, focused bool, width int) string {
	tone, arrows := style.Text, style.Faint
	if focused {
		tone, arrows = style.Strong, style.Accent
	}
	words := text.Truncate(c.value(), width-4)
	return st.Paint(arrows, st.Glyph.Previous) + " " + st.Paint(tone, words) + " " + st.Paint(arrows, st.Glyph.Next)
}

// button draws "[ Cancel ]"; the one with the keyboard stands out.
func button(st *style.Styles, words text.Safe, focused bool) string {
	label := text.Concat(text.Literal("[ "), words, text.Literal(" ]"))
	if focused {
		return st.PaintActive(label)
	}
	return st.Paint(style.Muted, label)
}

// buttons draws Cancel and, at the right, the key that says yes and to what. It
// lights up when the key would count.
func buttons(kit Kit, onCancel, armed bool, yes text.Safe, width int) string {
	st := kit.Styles
	cancel := button(st, text.Literal("Cancel"), onCancel)
	keyTone, tone := style.Faint, style.Faint
	if armed {
		keyTone, tone = style.Accent, style.Danger
	}
	key := kit.Keys.Label(keys.DialogConfirm)
	yes = text.Truncate(yes, width-ansi.StringWidth(cancel)-text.Width(key)-4)
	gap := width - ansi.StringWidth(cancel) - text.Width(key) - 2 - text.Width(yes)
	return cancel + text.Spaces(gap).String() + st.Paint(keyTone, key) + "  " + st.Paint(tone, yes)
}

// form is the frame of a dialog that acts in an environment: at its foot the
// hint of the moment, or the keys that move about.
func form(kit Kit, title text.Safe, env style.Env, hint text.Safe) pane.Box {
	k := kit.Keys
	foot := text.Concat(k.Label(keys.DialogPrevious), text.Literal("/"), k.Label(keys.DialogNext), text.Literal(" move   "),
		k.Label(keys.DialogClose), text.Literal(" cancel"))
	if !hint.Empty() {
		foot = hint
	}
	return pane.Box{Title: title, Env: env, Focused: true, Footer: foot, Alert: !hint.Empty()}
}

// boxed draws a field between brackets, lit when it has the keyboard.
func boxed(st *style.Styles, inside string, focused bool) string {
	tone := style.Border
	if focused {
		tone = style.Focus
	}
	return st.Paint(tone, text.Literal("[")) + inside + st.Paint(tone, text.Literal("]"))
}

// label draws the name of a form line, nine cells wide.
func label(st *style.Styles, words text.Safe, focused bool) string {
	tone := style.Muted
	if focused {
		tone = style.Accent
	}
	return st.Paint(tone, text.PadRight(words, labelWidth))
}

// labelWidth is the cells before a form's fields.
const labelWidth = 9

// marked draws a sign and a wrapped text behind it; nothing for no text.
func marked(st *style.Styles, sign text.Safe, tone style.Tone, words text.Safe, width int) []string {
	if words.Empty() {
		return nil
	}
	var lines []string
	for i, part := range text.Wrap(words, width-2) {
		head := text.Spaces(1)
		if i == 0 {
			head = sign
		}
		lines = append(lines, st.Paint(tone, head)+" "+st.Paint(tone, part))
	}
	return lines
}

// shift moves a cursor from its field to the dialog.
func shift(c *tea.Cursor, x, y int) *tea.Cursor {
	if c != nil {
		c.X, c.Y = c.X+x, c.Y+y
	}
	return c
}

// confirmLabel asks for a text to be typed.
func confirmLabel(want string) text.Safe {
	return text.Concat(text.Literal("Type "), text.Clean(want), text.Literal(" to confirm "))
}

// confirmField draws the line in which a text is typed to confirm.
func confirmField(st *style.Styles, typed *field.Field, want string, on bool) string {
	tone := style.Text
	if on {
		tone = style.Accent
	}
	typed.SetWidth(max(text.Width(text.Clean(want))+1, 8))
	line := st.Paint(tone, confirmLabel(want)) + boxed(st, typed.View(), on)
	if want != "" && typed.Value() == want {
		line += " " + st.Paint(style.Success, st.Glyph.Check)
	}
	return line
}

// pause is how long nothing may have been pressed before the confirm key
// counts. What is pasted, held down or sent in a burst by a slow line comes
// closer together than that.
const pause = 300 * time.Millisecond

// gate decides whether a confirm key counts. Every sign of life restarts it:
// keys, the confirm key itself, pasted text, a click, a plan that has just
// come on screen.
type gate struct{ last time.Time }

// touch restarts the pause.
func (g *gate) touch(now time.Time) { g.last = now }

// press takes the confirm key and reports whether it counts. A clock that went
// back never opens the gate.
func (g *gate) press(now time.Time, repeat bool) bool {
	quiet := now.Sub(g.last) >= pause
	g.touch(now)
	return quiet && !repeat
}
