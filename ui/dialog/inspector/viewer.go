// Package inspector owns the dialogs about signatures: one shows what was found
// out about a signature, byte by byte, the other takes a body to be checked. They
// are handed a finding and never make one; a secret reaches them only as •••.
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
	"paydesk/ui/widget/form"
	"paydesk/ui/widget/hexdump"
	"paydesk/ui/widget/pane"
)

// mostWidth is how wide the dialogs get.
const mostWidth = 92

// roomy is the height of a screen from which blank lines part the sections, and
// everything stands above the bytes. On a smaller one what is only looked up
// stands below them, so that the bytes are in sight at once.
const roomy = 20

// mostReason bounds, in cells, a reason: it may repeat what came from outside.
const mostReason = 320

// About is what a Viewer is about.
type About struct {
	Title text.Safe
	Where text.Safe // whose, when, about what
	Note  text.Safe // what followed from it; may be empty
	Off   text.Safe // why the check cannot be made again; empty when it can
}

// Trouble is why there is no finding.
type Trouble struct {
	Status  style.Status
	Message text.Safe
	Hint    text.Safe
}

// Viewer shows one finding. It opens before there is one.
type Viewer struct {
	kit    dialog.Kit
	about  About
	scroll dialog.Scroll

	waiting text.Safe // what is being waited for; empty: nothing
	trouble *Trouble
	found   *client.Inspection
	how     text.Safe // where the finding comes from
	dump    *hexdump.Dump
	exact   bool // the text is byte for byte what was signed, but for the secret
	hint    text.Safe

	width, height int
}

// New opens a viewer that waits for its finding.
func New(kit dialog.Kit, about About) *Viewer { return &Viewer{kit: kit, about: about} }

// SetAbout replaces what the viewer is about, when more of it is known.
func (v *Viewer) SetAbout(about About) { v.about = about }

// Wait says what is being waited for. What is shown stays.
func (v *Viewer) Wait(words text.Safe) { v.waiting, v.hint = words, text.Safe{} }

// Found shows a finding; how says where it comes from.
func (v *Viewer) Found(found client.Inspection, how text.Safe) {
	v.waiting, v.trouble, v.found, v.how, v.scroll = text.Safe{}, nil, &found, how, dialog.Scroll{}
	v.dump = hexdump.New(found.SignedText)
	sum := sha256.Sum256([]byte(found.SignedText))
	v.exact = v.dump.Secrets() > 0 || hex.EncodeToString(sum[:]) == found.SignedSHA256
}

// Failed says why there is no finding, or no new one.
func (v *Viewer) Failed(t Trouble) {
	v.waiting, v.trouble, v.scroll = text.Safe{}, &t, dialog.Scroll{}
}

// Title implements dialog.Dialog.
func (v *Viewer) Title() text.Safe { return v.about.Title }

// SetSize implements dialog.Dialog.
func (v *Viewer) SetSize(width, height int) { v.width, v.height = width, height }

// Cursor implements dialog.Dialog.
func (v *Viewer) Cursor() *tea.Cursor { return nil }

// Update implements dialog.Dialog.
func (v *Viewer) Update(msg tea.Msg, _ time.Time) (dialog.Result, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		v.hint = text.Safe{}
		switch id, _ := v.kit.Keys.Find(msg, keys.Detail, keys.Dialog); id {
		case keys.DialogClose, keys.DialogAccept:
			return dialog.Closed{}, nil
		case keys.DialogAgain:
			return v.again(), nil
		case keys.DialogCopy:
			if v.found != nil && v.found.SignedText != "" {
				return dialog.Copy{Text: text.Clean(v.found.SignedText)}, nil
			}
		default:
			v.scroll.Move(id)
		}
	case tea.MouseWheelMsg:
		v.scroll.Wheel(msg)
	}
	return nil, nil
}

// again asks for the check, or says why it cannot be made.
func (v *Viewer) again() dialog.Result {
	switch {
	case !v.waiting.Empty():
		v.hint = v.waiting
	case !v.about.Off.Empty():
		v.hint = text.Concat(text.Literal("not now: "), v.about.Off)
	default:
		return dialog.Again{}
	}
	return nil
}

// View implements dialog.Dialog. Of the signed text only the rows in sight are
// drawn: it may be as long as a body may be.
func (v *Viewer) View() string {
	st := v.kit.Styles
	width := min(v.width, mostWidth)
	inner, _ := pane.Inner(width, 3)
	head, tail, rows := v.head(inner), []string(nil), 0
	if v.found != nil {
		rows = v.dump.Rows(inner)
		if !v.roomy() {
			tail = v.tail(inner)
		}
	}
	from, to := v.scroll.Window(len(head)+rows+len(tail), v.height-2)
	lines := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		switch {
		case i < len(head):
			lines = append(lines, head[i])
		case i < len(head)+rows:
			lines = append(lines, v.dump.Row(st, inner, i-len(head)))
		default:
			lines = append(lines, tail[i-len(head)-rows])
		}
	}
	box := pane.Box{Title: v.about.Title, Focused: true, Footer: v.footer(), Alert: !v.hint.Empty()}
	if v.found != nil {
		box.Note = v.verdict().Text()
	}
	return box.Draw(st, width, len(lines)+2, lines)
}

func (v *Viewer) footer() text.Safe {
	k, l := v.kit.Keys, text.Literal
	if !v.hint.Empty() {
		return v.hint
	}
	foot := text.Concat(k.Label(keys.DialogClose), l(" close"))
	if v.found != nil && v.found.SignedText != "" {
		foot = text.Concat(k.Label(keys.DialogCopy), l(" copy   "), foot)
	}
	if v.about.Off.Empty() && v.waiting.Empty() {
		foot = text.Concat(k.Label(keys.DialogAgain), l(" check again   "), foot)
	}
	return text.Concat(v.scroll.Place(), foot)
}

// verdict is sign and word of the finding.
func (v *Viewer) verdict() style.Status {
	st := v.kit.Styles
	if v.found.Valid {
		return style.Status{Glyph: st.Glyph.Check, Word: text.Literal("valid"), Tone: style.Success}
	}
	return style.Status{Glyph: st.Glyph.Cross, Word: text.Literal("not valid"), Tone: style.Danger}
}

func (v *Viewer) roomy() bool { return v.height >= roomy }

// head draws everything above the bytes.
func (v *Viewer) head(inner int) []string {
	st := v.kit.Styles
	var lines []string
	part := func() {
		if v.roomy() && len(lines) > 0 {
			lines = append(lines, "")
		}
	}
	where := text.Truncate(v.about.Where, inner)
	if v.roomy() {
		where = text.Truncate(v.about.Where, 2*inner)
	}
	lines = append(lines, paragraph(st, style.Muted, where, inner)...)
	part()
	lines = append(lines, form.Marked(st, st.Glyph.Slow, style.Pending, v.waiting, inner)...)
	if t := v.trouble; t != nil {
		lines = append(lines, form.Marked(st, t.Status.Glyph, t.Status.Tone, text.Join(text.Literal(": "), t.Status.Word, t.Message), inner)...)
		lines = append(lines, form.Marked(st, st.Glyph.Arrow, style.Muted, t.Hint, inner)...)
	}
	if v.found == nil {
		return append(lines, form.Marked(st, st.Glyph.Arrow, style.Muted, v.about.Note, inner)...)
	}
	verdict := v.verdict()
	lines = append(lines, form.Marked(st, verdict.Glyph, verdict.Tone, text.Truncate(Plain(*v.found), mostReason), inner)...)
	if v.roomy() {
		lines = append(lines, v.notes(inner)...)
	}
	part()
	lines = append(lines, pane.Rule(st, text.Literal("signature"), inner))
	lines = append(lines, signature(st, *v.found, inner)...)
	part()
	lines = append(lines, pane.Rule(st, v.caption(), inner))
	if v.found.SignedText == "" {
		return append(lines, paragraph(st, style.Muted, text.Literal("What it would stand over cannot be told: the body could not be taken apart."), inner)...)
	}
	if v.roomy() {
		lines = append(lines, v.digest(inner)...)
		part()
	}
	return lines
}

// tail draws what stands below the bytes on a small screen.
func (v *Viewer) tail(inner int) []string {
	lines := []string{pane.Rule(v.kit.Styles, text.Safe{}, inner)}
	if v.found.SignedText != "" {
		lines = append(lines, v.digest(inner)...)
	}
	return append(lines, v.notes(inner)...)
}

// notes say where the finding comes from, and what followed.
func (v *Viewer) notes(inner int) []string {
	return form.Marked(v.kit.Styles, v.kit.Styles.Glyph.Arrow, style.Muted, text.Join(text.Literal(" "), v.how, v.about.Note), inner)
}

// digest draws the digest of what is signed, and in what it is not what is shown.
func (v *Viewer) digest(inner int) []string {
	st := v.kit.Styles
	lines := pane.Fields(st, []pane.Field{{Label: text.Literal("sha-256"), Value: text.TruncateMiddle(text.Clean(v.found.SignedSHA256), 64), Tone: style.Text}}, inner)
	return append(lines, paragraph(st, style.Muted, v.caveat(), inner)...)
}

// paragraph draws a wrapped text; nothing for no text.
func paragraph(st *style.Styles, tone style.Tone, words text.Safe, inner int) []string {
	if words.Empty() {
		return nil
	}
	return pane.Paragraph(st, tone, words, inner)
}

// caption is "what is signed · 218 bytes and the secret".
func (v *Viewer) caption() text.Safe {
	l := text.Literal
	if v.found.SignedText == "" {
		return l("what is signed")
	}
	dot := text.Concat(text.Spaces(1), v.kit.Styles.Glyph.Dot, text.Spaces(1))
	size := text.Concat(text.Number(int64(v.dump.Bytes())), l(" bytes"))
	switch {
	case v.keyed():
		size = text.Concat(size, l(" and the secret"))
	case v.dump.Secrets() > 0:
		size = text.Concat(size, l(" that may be shown"))
	}
	return text.Join(dot, l("what is signed"), size)
}

// keyed reports whether what is signed ends with a secret, as keyed digests do.
func (v *Viewer) keyed() bool { return strings.HasSuffix(v.found.SignedText, "="+hexdump.Secret) }

// caveat says in what the shown bytes are not those that are signed.
func (v *Viewer) caveat() text.Safe {
	switch {
	case v.keyed() && v.dump.Secrets() == 1:
		return text.Literal("••• is the secret: its bytes are signed too, and never shown.")
	case v.dump.Secrets() > 0:
		return text.Literal("••• hides what is secret: its bytes are signed too, and never shown.")
	case !v.exact:
		return text.Literal("As it is kept: what is secret in it, such as card numbers, is hidden. The digest is that of the real bytes.")
	}
	return text.Safe{}
}
