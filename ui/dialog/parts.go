package dialog

import (
	"time"

	"github.com/charmbracelet/x/ansi"

	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/field"
	"paydesk/ui/widget/form"
	"paydesk/ui/widget/pane"
)

// buttons draws Cancel and, at the right, the key that says yes and to what. It
// lights up when the key would count.
func buttons(kit Kit, onCancel, armed bool, yes text.Safe, width int) string {
	st := kit.Styles
	cancel := form.Button(st, text.Literal("Cancel"), onCancel)
	keyTone, tone := style.Faint, style.Faint
	if armed {
		keyTone, tone = style.Accent, style.Danger
	}
	key := kit.Keys.Label(keys.DialogConfirm)
	yes = text.Truncate(yes, width-ansi.StringWidth(cancel)-text.Width(key)-4)
	gap := width - ansi.StringWidth(cancel) - text.Width(key) - 2 - text.Width(yes)
	return cancel + text.Spaces(gap).String() + st.Paint(keyTone, key) + "  " + st.Paint(tone, yes)
}

// framed is the frame of a dialog that acts in an environment: at its foot the
// hint of the moment, or the keys that move about.
func framed(kit Kit, title text.Safe, env style.Env, hint text.Safe) pane.Box {
	k := kit.Keys
	foot := text.Concat(k.Label(keys.DialogPrevious), text.Literal("/"), k.Label(keys.DialogNext), text.Literal(" move   "),
		k.Label(keys.DialogClose), text.Literal(" cancel"))
	if !hint.Empty() {
		foot = hint
	}
	return pane.Box{Title: title, Env: env, Focused: true, Footer: foot, Alert: !hint.Empty()}
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
	line := st.Paint(tone, confirmLabel(want)) + form.Boxed(st, typed.View(), on)
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
