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

// UnbindCard is the saved card that the dialog is opened for.
type UnbindCard struct {
	Context text.Safe // profile and brand
	Env     style.Env
	User    text.Safe
	Card    text.Safe // "VISA ····4242"
	Token   text.Safe
	Status  style.Status
	Reasons []text.Safe // at least one
	// Confirm is what must be typed: the card's last four digits, or the last
	// characters of its token.
	Confirm string
}

// Unbind is the dialog that removes a saved card. It keeps the same rules of
// consent as a refund: what is removed cannot be put back.
type Unbind struct {
	kit    Kit
	card   UnbindCard
	reason form.Choice
	note   *field.Field
	typed  *field.Field
	focus  stop
	gate   gate
	hint   text.Safe

	width, height int
}

// The lines of the form, counted from the top of the frame.
const (
	unbindRowNote    = 6
	unbindRowConfirm = 9
	unbindRows       = 12
	unbindWidth      = 66
)

// NewUnbind opens the dialog on Cancel.
func NewUnbind(kit Kit, card UnbindCard, now time.Time) *Unbind {
	d := &Unbind{
		kit: kit, card: card, reason: form.Choice{Options: card.Reasons}, focus: atCancel,
		note: field.New(kit.Styles, maxNote), typed: field.New(kit.Styles, maxConfirm),
	}
	d.note.SetPlaceholder(text.Literal("ticket, who asked; joins the reason"))
	d.typed.RefusePaste()
	d.gate.touch(now)
	return d
}

// Title implements Dialog.
func (d *Unbind) Title() text.Safe { return text.Concat(text.Literal("Unbind "), d.card.Card) }

// SetSize implements Dialog.
func (d *Unbind) SetSize(width, height int) { d.width, d.height = width, height }

// Update implements Dialog. The mouse is ignored but for restarting the pause;
// pasted text reaches the note only.
func (d *Unbind) Update(msg tea.Msg, now time.Time) (Result, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return d.key(msg, now), nil
	case tea.PasteMsg:
		d.gate.touch(now)
		d.hint = text.Safe{}
		if !d.note.Update(msg) {
			d.hint = text.Literal("pasting is off here; type it")
		}
	case tea.MouseClickMsg, tea.FocusMsg, tea.BlurMsg:
		d.gate.touch(now)
	}
	return nil, nil
}

func (d *Unbind) key(msg tea.KeyPressMsg, now time.Time) Result {
	id := d.kit.find(msg)
	if id == keys.DialogConfirm {
		return d.confirm(now, msg.IsRepeat)
	}
	d.gate.touch(now)
	d.hint = text.Safe{}
	switch id {
	case keys.DialogClose:
		return Closed{}
	case keys.DialogNext:
		d.step(1)
	case keys.DialogPrevious:
		d.step(-1)
	case keys.DialogAccept:
		switch d.focus {
		case atCancel:
			return Closed{}
		case atConfirm:
			d.hint = text.Concat(d.kit.Keys.Label(keys.DialogConfirm), text.Literal(" unbinds; enter does not"))
		default:
			d.step(1)
		}
	default:
		d.edit(msg, id)
	}
	return nil
}

// edit gives a key to what has the keyboard. A changed reason is a changed
// decision: the card has to be named again.
func (d *Unbind) edit(msg tea.KeyPressMsg, id string) {
	changed := false
	switch d.focus {
	case atReason:
		changed = (id == keys.DialogLeft && d.reason.Turn(-1)) || (id == keys.DialogRight && d.reason.Turn(1)) ||
			(id == "" && d.reason.Jump(msg.Text))
	case atNote:
		changed = d.note.Update(msg)
	case atConfirm:
		d.typed.Update(msg)
	default: // Cancel listens to Enter only
	}
	if changed {
		d.typed.SetValue("")
	}
}

// step moves the keyboard.
func (d *Unbind) step(by int) {
	d.focus = (d.focus + stop(by) + stops) % stops
	if d.focus == atAmount { // this form has none
		d.focus = (d.focus + stop(by) + stops) % stops
	}
	d.note.Blur()
	d.typed.Blur()
	switch d.focus {
	case atNote:
		d.note.Focus()
	case atConfirm:
		d.typed.Focus()
	default:
	}
}

// confirm takes the confirm key (S25).
func (d *Unbind) confirm(now time.Time, repeat bool) Result {
	quiet := d.gate.press(now, repeat)
	switch {
	case d.typed.Value() != d.card.Confirm || d.card.Confirm == "":
		d.hint = text.Concat(text.Literal("type "), text.Clean(d.card.Confirm), text.Literal(" first"))
	case !quiet:
		d.hint = text.Concat(text.Literal("too quick; pause, then press "), d.kit.Keys.Label(keys.DialogConfirm), text.Literal(" once"))
	default:
		return UnbindConfirmed{Reason: text.Join(text.Literal(": "), d.reason.Value(), text.Clean(d.note.Value())).String()}
	}
	return nil
}

// View implements Dialog.
func (d *Unbind) View() string {
	st := d.kit.Styles
	width := min(d.width, unbindWidth)
	inner, _ := pane.Inner(width, unbindRows)
	d.note.SetWidth(inner - form.LabelWidth - 2)
	lines := []string{
		st.Paint(style.Muted, d.card.Context),
		form.Label(st, text.Literal("User"), false) + st.Paint(style.Text, d.card.User),
		form.Label(st, text.Literal("Card"), false) + st.Paint(style.Strong, d.card.Card) + "  " + st.Paint(d.card.Status.Tone, d.card.Status.Text()),
		form.Label(st, text.Literal("Token"), false) + st.Paint(style.Text, text.TruncateMiddle(d.card.Token, inner-form.LabelWidth)),
		form.Label(st, text.Literal("Reason"), d.focus == atReason) + d.reason.View(st, d.focus == atReason, inner-form.LabelWidth),
		form.Label(st, text.Literal("Note"), d.focus == atNote) + form.Boxed(st, d.note.View(), d.focus == atNote),
		"",
	}
	lines = append(lines, form.Marked(st, st.Glyph.Warn, style.Warning, text.Literal("the customer has to bind the card anew to use it again"), inner)[:1]...)
	lines = append(lines, confirmField(st, d.typed, d.card.Confirm, d.focus == atConfirm), d.buttonLine(inner))
	return framed(d.kit, d.Title(), d.card.Env, d.hint).Draw(st, width, unbindRows, lines)
}

func (d *Unbind) buttonLine(inner int) string {
	armed := d.typed.Value() == d.card.Confirm && d.card.Confirm != ""
	return buttons(d.kit, d.focus == atCancel, armed, text.Concat(text.Literal("Unbind "), d.card.Card), inner)
}

// Cursor implements Dialog.
func (d *Unbind) Cursor() *tea.Cursor {
	switch d.focus {
	case atNote:
		return form.Shift(d.note.Cursor(), 2+form.LabelWidth+1, unbindRowNote)
	case atConfirm:
		return form.Shift(d.typed.Cursor(), 2+text.Width(confirmLabel(d.card.Confirm))+1, unbindRowConfirm)
	default:
		return nil
	}
}
