package inspector

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/area"
	"paydesk/ui/widget/field"
	"paydesk/ui/widget/form"
	"paydesk/ui/widget/pane"
)

// Limits of what is taken.
const (
	mostSign = 2 << 10  // characters of a signature
	mostBody = 64 << 10 // bytes of a body: as much as a callback may have
)

// Account is a profile whose keys can check a signature.
type Account struct {
	Profile string // given back
	Title   text.Safe
}

// stop is a place in the form that can have the keyboard.
type stop uint8

const (
	atProfile stop = iota
	atKind
	atSign
	atBody
	atVerify
	stops
)

// kind is a kind of body in words.
type kind struct {
	id    string
	about text.Safe
}

func kinds() []kind {
	return []kind{
		{client.BodyCallback, text.Literal("what the gateway sends by itself")},
		{client.BodyAnswer, text.Literal("what the gateway answers")},
		{client.BodyRequest, text.Literal("what is sent to the gateway")},
	}
}

// Form takes a body, its kind and its signature, to be checked with the keys of a
// profile. It stays open behind the finding, so that the next try is an edit away.
type Form struct {
	kit      dialog.Kit
	accounts []Account
	profile  form.Choice
	kind     form.Choice
	sign     *field.Field
	body     *area.Area
	focus    stop
	hint     text.Safe

	width, height int
}

// NewForm opens the form on its body field; start is the profile to begin with.
func NewForm(kit dialog.Kit, accounts []Account, start string) *Form {
	f := &Form{kit: kit, accounts: accounts, sign: field.New(kit.Styles, mostSign), body: area.New(kit.Styles, mostBody), focus: atBody}
	f.sign.SetPlaceholder(text.Literal("the signature; empty: it is in the body"))
	f.body.SetPlaceholder(text.Literal("Paste the body here, exactly as it was sent. Pasting again replaces it."))
	for i, a := range accounts {
		f.profile.Options = append(f.profile.Options, a.Title)
		if a.Profile == start {
			f.profile.At = i
		}
	}
	for _, k := range kinds() {
		f.kind.Options = append(f.kind.Options, text.Clean(k.id))
	}
	f.body.Focus()
	return f
}

// Title implements dialog.Dialog.
func (f *Form) Title() text.Safe { return text.Literal("Inspect a signature") }

// SetSize implements dialog.Dialog.
func (f *Form) SetSize(width, height int) { f.width, f.height = width, height }

// Update implements dialog.Dialog.
func (f *Form) Update(msg tea.Msg, _ time.Time) (dialog.Result, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return f.press(msg), nil
	case tea.PasteMsg:
		f.hint = text.Safe{}
		if f.focus == atSign {
			f.sign.Update(msg)
			return nil, nil
		}
		f.turn(atBody) // the one thing here that is pasted
		f.body.Update(msg)
		f.hint = f.body.Fault()
	}
	return nil, nil
}

func (f *Form) press(msg tea.KeyPressMsg) dialog.Result {
	f.hint = text.Safe{}
	switch id, _ := f.kit.Keys.Find(msg, keys.Inspect, keys.Dialog); id {
	case keys.DialogClose:
		return dialog.Closed{}
	case keys.DialogVerify:
		return f.verify()
	case keys.DialogNext:
		if f.focus != atBody || msg.Code != tea.KeyDown || f.body.AtBottom() {
			f.turn((f.focus + 1) % stops)
			return nil
		}
		f.body.Update(msg)
	case keys.DialogPrevious:
		if f.focus != atBody || msg.Code != tea.KeyUp || f.body.AtTop() {
			f.turn((f.focus + stops - 1) % stops)
			return nil
		}
		f.body.Update(msg)
	case keys.DialogAccept:
		return f.accept(msg)
	case keys.DialogLeft, keys.DialogRight:
		step := 1
		if id == keys.DialogLeft {
			step = -1
		}
		if c := f.choice(); c != nil {
			c.Turn(step)
			return nil
		}
		f.give(msg)
	default:
		f.give(msg)
	}
	return nil
}

// accept is the key that goes on: in the body it breaks the line.
func (f *Form) accept(msg tea.KeyPressMsg) dialog.Result {
	switch f.focus {
	case atBody:
		f.give(msg)
	case atVerify:
		return f.verify()
	default:
		f.turn(f.focus + 1)
	}
	return nil
}

// give hands a key to what has the keyboard.
func (f *Form) give(msg tea.KeyPressMsg) {
	switch f.focus {
	case atProfile, atKind:
		f.choice().Jump(msg.Text)
	case atSign:
		f.sign.Update(msg)
	case atBody:
		f.body.Update(msg)
		f.hint = f.body.Fault()
	case atVerify, stops: // nothing is typed there
	}
}

// choice is the choice that has the keyboard; nil when none has.
func (f *Form) choice() *form.Choice {
	switch f.focus {
	case atProfile:
		return &f.profile
	case atKind:
		return &f.kind
	default:
		return nil
	}
}

func (f *Form) turn(to stop) {
	f.focus = to
	f.sign.Blur()
	f.body.Blur()
	switch to {
	case atSign:
		f.sign.Focus()
	case atBody:
		f.body.Focus()
	case atProfile, atKind, atVerify, stops: // no field
	}
}

// verify gives back what is to be checked, or says what is missing.
func (f *Form) verify() dialog.Result {
	body := f.body.Bytes()
	switch {
	case len(f.accounts) == 0:
		f.hint = text.Literal("there is no profile whose keys could check it")
	case len(body) == 0:
		f.hint = text.Literal("paste a body first")
		f.turn(atBody)
	default:
		return dialog.Verify{
			Profile: f.accounts[f.profile.At].Profile, Kind: kinds()[f.kind.At].id, Sign: strings.TrimSpace(f.sign.Value()), Body: body,
		}
	}
	return nil
}

// Rows of the form before the body, and after it.
const (
	rowSign  = 2
	rowBody  = 4
	rowsTail = 2
)

// bodyRows is how many lines of the body are shown.
func (f *Form) bodyRows() int { return max(min(f.height-2-rowBody-rowsTail, 16), 3) }

// View implements dialog.Dialog.
func (f *Form) View() string {
	st := f.kit.Styles
	width := min(f.width, mostWidth)
	inner, _ := pane.Inner(width, 3)
	room := inner - form.LabelWidth
	f.sign.SetWidth(room - 2)
	f.body.SetSize(inner, f.bodyRows())
	kindWords := f.kind.View(st, f.focus == atKind, 16)
	lines := []string{
		form.Label(st, text.Literal("Profile"), f.focus == atProfile) + f.profile.View(st, f.focus == atProfile, room),
		form.Label(st, text.Literal("Kind"), f.focus == atKind) + kindWords + "  " + st.Paint(style.Faint, kinds()[f.kind.At].about),
		form.Label(st, text.Literal("Sign"), f.focus == atSign) + form.Boxed(st, f.sign.View(), f.focus == atSign),
		form.Label(st, text.Literal("Body"), f.focus == atBody) + st.Paint(style.Muted, text.Truncate(f.size(), room)),
	}
	lines = append(lines, f.body.View()...)
	k, l := f.kit.Keys, text.Literal
	verify := form.Button(st, l("Verify"), f.focus == atVerify)
	lines = append(lines, pane.Rule(st, text.Safe{}, inner), verify+"  "+st.Paint(style.Faint, text.Truncate(l("with the profile's keys; nothing is sent"), inner-12)))
	box := pane.Box{Title: f.Title(), Focused: true, Footer: f.hint, Alert: true}
	if f.hint.Empty() {
		box.Alert = false
		box.Footer = text.Concat(k.Labels(keys.DialogNext), l(" next   "), k.Label(keys.DialogVerify), l(" verify   "), k.Label(keys.DialogClose), l(" close"))
	}
	return box.Draw(st, width, len(lines)+2, lines)
}

// size says how much body there is, and whether it is what was pasted.
func (f *Form) size() text.Safe {
	body := f.body.Bytes()
	if len(body) == 0 {
		return text.Literal("nothing yet")
	}
	sum := sha256.Sum256(body)
	state := text.Literal("as typed")
	if f.body.Pasted() {
		state = text.Literal("as pasted")
	}
	unit := text.Literal(" bytes, ")
	if len(body) == 1 {
		unit = text.Literal(" byte, ")
	}
	return text.Concat(text.Number(int64(len(body))), unit, state, text.Literal(", sha-256 "), text.TruncateMiddle(text.Clean(hex.EncodeToString(sum[:])), 17))
}

// Cursor implements dialog.Dialog.
func (f *Form) Cursor() *tea.Cursor {
	switch f.focus {
	case atSign:
		return form.Shift(f.sign.Cursor(), 2+form.LabelWidth+1, 1+rowSign)
	case atBody:
		return form.Shift(f.body.Cursor(), 2, 1+rowBody)
	default:
		return nil
	}
}
