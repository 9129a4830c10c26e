package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/field"
	"paydesk/ui/widget/form"
	"paydesk/ui/widget/pane"
)

// typedWidth is how wide the dialog gets.
const typedWidth = 66

// TypedOptions is a decision that wants a text typed.
type TypedOptions struct {
	ID    string // given back with consent
	Title text.Safe
	Env   style.Env
	Intro []text.Safe // what it is about, a line each
	Warn  text.Safe   // what it means; may be empty
	Verb  text.Safe   // on the line of the key that confirms: "Unlock shop-hk"
	// Confirm is what must be typed; it is not empty.
	Confirm string
}

// Confirmed is consent to what a Typed dialog was opened for.
type Confirmed struct{ ID string }

func (Confirmed) ends() bool { return true }

// Typed asks for consent to one thing by a typed text. It keeps the rules of
// consent of a refund (S25).
type Typed struct {
	kit   Kit
	about TypedOptions
	typed *field.Field
	focus stop
	gate  gate
	hint  text.Safe

	width int
}

// NewTyped opens the dialog on Cancel.
func NewTyped(kit Kit, about TypedOptions, now time.Time) *Typed {
	d := &Typed{kit: kit, about: about, typed: field.New(kit.Styles, 80), focus: atCancel}
	d.typed.RefusePaste()
	d.gate.touch(now)
	return d
}

// Title implements Dialog.
func (d *Typed) Title() text.Safe { return d.about.Title }

// SetSize implements Dialog.
func (d *Typed) SetSize(width, _ int) { d.width = width }

// Update implements Dialog. The mouse is ignored but for restarting the pause,
// and nothing can be pasted.
func (d *Typed) Update(msg tea.Msg, now time.Time) (Result, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return d.key(msg, now), nil
	case tea.PasteMsg:
		d.gate.touch(now)
		d.hint = text.Literal("pasting is off here; type it")
	case tea.MouseClickMsg, tea.FocusMsg, tea.BlurMsg:
		d.gate.touch(now)
	}
	return nil, nil
}

func (d *Typed) key(msg tea.KeyPressMsg, now time.Time) Result {
	id := d.kit.find(msg)
	if id == keys.DialogConfirm {
		return d.confirm(now, msg.IsRepeat)
	}
	d.gate.touch(now)
	d.hint = text.Safe{}
	switch id {
	case keys.DialogClose:
		return Closed{ID: d.about.ID}
	case keys.DialogNext, keys.DialogPrevious:
		d.turn()
	case keys.DialogAccept:
		if d.focus == atCancel {
			return Closed{ID: d.about.ID}
		}
		d.hint = text.Concat(d.kit.Keys.Label(keys.DialogConfirm), text.Literal(" confirms; enter does not"))
	default:
		d.typed.Update(msg) // deaf while Cancel has the keyboard
	}
	return nil
}

// turn moves the keyboard between Cancel and the field.
func (d *Typed) turn() {
	if d.focus == atCancel {
		d.focus = atConfirm
		d.typed.Focus()
		return
	}
	d.focus = atCancel
	d.typed.Blur()
}

// confirm takes the confirm key.
func (d *Typed) confirm(now time.Time, repeat bool) Result {
	quiet := d.gate.press(now, repeat)
	switch {
	case !d.armed():
		if d.focus == atCancel {
			d.turn()
		}
		d.hint = text.Concat(text.Literal("type "), text.Clean(d.about.Confirm), text.Literal(" first"))
	case !quiet:
		d.hint = text.Concat(text.Literal("too quick; pause, then press "), d.kit.Keys.Label(keys.DialogConfirm), text.Literal(" once"))
	default:
		return Confirmed{ID: d.about.ID}
	}
	return nil
}

func (d *Typed) armed() bool { return d.about.Confirm != "" && d.typed.Value() == d.about.Confirm }

// head draws what stands above the field.
func (d *Typed) head(inner int) []string {
	var lines []string
	for _, words := range d.about.Intro {
		lines = append(lines, pane.Paragraph(d.kit.Styles, style.Text, words, inner)...)
	}
	if !d.about.Warn.Empty() {
		lines = append(lines, form.Marked(d.kit.Styles, d.kit.Styles.Glyph.Warn, style.Warning, d.about.Warn, inner)...)
	}
	return append(lines, "")
}

// View implements Dialog.
func (d *Typed) View() string {
	width := min(d.width, typedWidth)
	inner, _ := pane.Inner(width, 3)
	lines := append(d.head(inner), confirmField(d.kit.Styles, d.typed, d.about.Confirm, d.focus == atConfirm),
		buttons(d.kit, d.focus == atCancel, d.armed(), d.about.Verb, inner))
	return framed(d.kit, d.about.Title, d.about.Env, d.hint).Draw(d.kit.Styles, width, len(lines)+2, lines)
}

// Cursor implements Dialog.
func (d *Typed) Cursor() *tea.Cursor {
	if d.focus != atConfirm {
		return nil
	}
	inner, _ := pane.Inner(min(d.width, typedWidth), 3)
	return form.Shift(d.typed.Cursor(), 2+text.Width(confirmLabel(d.about.Confirm))+1, 1+len(d.head(inner)))
}
