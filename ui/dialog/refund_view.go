package dialog

import (
	tea "charm.land/bubbletea/v2"

	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/form"
	"paydesk/ui/widget/pane"
)

// The lines of the form, counted from the top of the frame.
const (
	rowAmount   = 3
	rowNote     = 5
	rowPlan     = 7
	refundWidth = 72
)

// planRows is the lines for what will happen: as many as keep the dialog under
// the top line of 60×16, a few more on higher screens.
func (d *Refund) planRows() int { return max(min(d.height-rowPlan-4, 6), 4) }

// View implements Dialog.
func (d *Refund) View() string {
	width := min(d.width, refundWidth)
	inner, _ := pane.Inner(width, rowPlan)
	lines := []string{d.contextLine(inner), d.moneyLine(inner), d.amountLine(inner), d.reasonLine(inner), d.noteLine(inner)}
	lines = append(lines, pane.Rule(d.kit.Styles, text.Literal("what will happen"), inner))
	lines = append(lines, d.planLines(inner)...)
	lines = append(lines, d.confirmLine(), d.buttonLine(inner))
	return framed(d.kit, d.Title(), d.order.Env, d.hint).Draw(d.kit.Styles, width, len(lines)+2, lines)
}

func (d *Refund) contextLine(int) string {
	return d.kit.Styles.Paint(style.Muted, d.order.Context)
}

// moneyLine says what was paid and what is left.
func (d *Refund) moneyLine(int) string {
	st := d.kit.Styles
	refunded := d.order.Refunded
	if d.planned && d.plan.Refunded.Currency != "" {
		refunded = d.plan.Refunded
	}
	return st.Paint(style.Muted, text.Literal("paid ")) + st.Paint(style.Text, text.AmountDigits(d.order.Paid)) +
		st.Paint(style.Muted, text.Literal("   refunded ")) + st.Paint(style.Text, text.AmountDigits(refunded)) +
		st.Paint(style.Muted, text.Literal("   refundable ")) + st.Paint(style.Strong, text.Amount(d.refundable()))
}

func (d *Refund) amountLine(int) string {
	st, on := d.kit.Styles, d.focus == atAmount
	d.amount.SetWidth(16)
	line := form.Label(st, text.Literal("Amount"), on) + form.Boxed(st, d.amount.View(), on) + " " + st.Paint(style.Text, text.Clean(d.order.Paid.Currency))
	if !d.order.Partial.OK {
		return line + "  " + st.Paint(style.Muted, text.Literal("only all that is left"))
	}
	tone := style.Faint
	if on {
		tone = style.Accent
	}
	word := func(id string, name text.Safe) string {
		return "   " + st.Paint(tone, d.kit.Keys.Label(id)) + " " + st.Paint(style.Muted, name)
	}
	return line + word(keys.DialogAll, text.Literal("all")) + word(keys.DialogHalf, text.Literal("half"))
}

func (d *Refund) reasonLine(inner int) string {
	on := d.focus == atReason
	return form.Label(d.kit.Styles, text.Literal("Reason"), on) + d.reason.View(d.kit.Styles, on, inner-form.LabelWidth)
}

func (d *Refund) noteLine(inner int) string {
	on := d.focus == atNote
	d.note.SetWidth(inner - form.LabelWidth - 2)
	return form.Label(d.kit.Styles, text.Literal("Note"), on) + form.Boxed(d.kit.Styles, d.note.View(), on)
}

// planLines draws exactly planRows lines. What is longer can be paged.
func (d *Refund) planLines(inner int) []string {
	all, rows := d.outlook(inner), d.planRows()
	if len(all) <= rows {
		return append(all, make([]string, rows-len(all))...)
	}
	d.page = max(min(d.page, len(all)-rows+1), 0)
	end := min(d.page+rows-1, len(all))
	st, k := d.kit.Styles, d.kit.Keys
	more := text.Concat(text.Number(int64(len(all)-end)), text.Literal(" more lines   "), k.Label(keys.DialogPageUp), text.Literal("/"), k.Label(keys.DialogPageDown))
	shown := append([]string(nil), all[d.page:end]...)
	return append(shown, st.Paint(style.Accent, st.Glyph.Below)+" "+st.Paint(style.Muted, more))
}

// outlook draws all that is known of what will happen.
func (d *Refund) outlook(inner int) []string {
	st := d.kit.Styles
	switch {
	case !d.fault.Empty():
		return form.Marked(st, st.Glyph.Cross, style.Danger, d.fault, inner)
	case !d.planned:
		return form.Marked(st, st.Glyph.Slow, style.Pending, text.Literal("looking up what is left and what was refunded before"), inner)
	case !d.plan.Refusal.Empty():
		return append(form.Marked(st, st.Glyph.Cross, style.Danger, d.plan.Refusal, inner), form.Marked(st, st.Glyph.Arrow, style.Muted, d.plan.Hint, inner)...)
	}
	fixed := text.Literal("  fixed")
	if room := inner - form.LabelWidth - text.Width(d.plan.Number); room >= 25 {
		fixed = text.Literal("  fixed, whatever happens")
	}
	lines := []string{
		form.Label(st, text.Literal("Number"), false) + st.Paint(style.Text, d.plan.Number) + st.Paint(style.Faint, fixed),
		form.Label(st, text.Literal("Sends"), false) + st.Paint(style.Strong, d.plan.Wire) + st.Paint(style.Muted, d.undo()),
	}
	if !d.plan.Policy.Empty() {
		lines = append(lines, form.Label(st, text.Literal("Policy"), false)+st.Paint(style.Muted, text.Truncate(d.plan.Policy, inner-form.LabelWidth)))
	}
	if d.plan.Checking {
		return append(lines, form.Marked(st, st.Glyph.Slow, style.Pending, text.Literal("checking with the gateway"), inner)...)
	}
	for _, w := range d.plan.Warnings {
		lines = append(lines, form.Marked(st, st.Glyph.Warn, style.Warning, w, inner)...)
	}
	return lines
}

// undo says how long the refund can be taken back.
func (d *Refund) undo() text.Safe {
	if d.plan.Undo <= 0 {
		return text.Literal("  at once")
	}
	return text.Concat(text.Literal("  after "), text.Span(d.plan.Undo), text.Literal(" to take it back"))
}

// confirmLine asks for the typed amount once there is something to confirm.
func (d *Refund) confirmLine() string {
	if !d.ready() || d.plan.Confirm == "" {
		return ""
	}
	return confirmField(d.kit.Styles, d.typed, d.plan.Confirm, d.focus == atConfirm)
}

// armed reports whether the confirm key would count now, but for the pause.
func (d *Refund) armed() bool {
	return d.ready() && (d.plan.Confirm == "" || d.typed.Value() == d.plan.Confirm)
}

// buttonLine draws Cancel and, at the right, the key that refunds.
func (d *Refund) buttonLine(inner int) string {
	words := text.Concat(text.Literal("Refund "), text.Amount(d.draft.Amount))
	if !d.fault.Empty() {
		words = text.Literal("Refund")
	}
	return buttons(d.kit, d.focus == atCancel, d.armed(), words, inner)
}

// Cursor implements Dialog.
func (d *Refund) Cursor() *tea.Cursor {
	switch d.focus {
	case atAmount:
		return form.Shift(d.amount.Cursor(), 2+form.LabelWidth+1, rowAmount)
	case atNote:
		return form.Shift(d.note.Cursor(), 2+form.LabelWidth+1, rowNote)
	case atConfirm:
		return form.Shift(d.typed.Cursor(), 2+text.Width(confirmLabel(d.plan.Confirm))+1, rowPlan+d.planRows())
	default:
		return nil
	}
}
