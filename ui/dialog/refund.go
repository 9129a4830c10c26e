package dialog

import (
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/field"
	"paydesk/ui/widget/form"
)

// settle is how long the form rests after a typed edit before it asks for a
// new plan.
const settle = 250 * time.Millisecond

// Limits of what can be typed, in characters.
const (
	maxAmount  = 20
	maxConfirm = 24
	maxNote    = 200
)

// RefundOrder is the order that the dialog is opened for. All three amounts
// have the same currency and decimals.
type RefundOrder struct {
	Number     text.Safe
	Context    text.Safe // profile and brand: "shop-hk · Checus"
	Env        style.Env
	Paid       client.Money
	Refunded   client.Money
	Refundable client.Money
	Partial    client.Capability // not OK: only all that is left
	Reasons    []text.Safe       // at least one
	Note       text.Safe         // to start with; may be empty
}

// RefundPlan is what would happen, as it is put before the person.
type RefundPlan struct {
	Seq        int    // Draft.Seq that it answers
	ID         string // given back on consent; not shown
	Refunded   client.Money
	Refundable client.Money
	Number     text.Safe     // the refund number
	Wire       text.Safe     // amount and currency exactly as they go on the wire
	Undo       time.Duration // how long it can be taken back; 0: not at all
	Policy     text.Safe     // the limits that apply; may be empty
	Warnings   []text.Safe
	// Checking: made from the ledger alone while the gateway is being asked. It
	// is shown, but cannot be consented to.
	Checking bool
	// Refusal says why it cannot be done now, Hint what would help; both empty
	// when it can.
	Refusal text.Safe
	Hint    text.Safe
	// Confirm is what must be typed, digits as they are shown; empty when the
	// policy asks for no typing.
	Confirm string
}

// The stops of the keyboard inside the dialog.
type stop int

const (
	atAmount stop = iota
	atReason
	atNote
	atConfirm
	atCancel
	stops
)

// Refund is the refund dialog.
type Refund struct {
	kit    Kit
	order  RefundOrder
	amount *field.Field
	note   *field.Field
	typed  *field.Field
	reason form.Choice
	focus  stop
	gate   gate
	// suggested: nobody has typed the amount yet, so the first digit replaces it.
	suggested bool

	draft   Draft
	fault   text.Safe // what is wrong with the amount; a plan is not asked for then
	asked   int       // Seq of the last plan asked for
	plan    RefundPlan
	planned bool // plan answers the draft as it stands
	hint    text.Safe
	page    int // first line of the plan that is shown

	width, height int
}

// settledMsg says that a typed edit has rested.
type settledMsg struct {
	to  *Refund
	seq int
}

// NewRefund opens the dialog on Cancel, with all that is left as the amount.
// Ask for a plan of Draft() at once.
func NewRefund(kit Kit, order RefundOrder, now time.Time) *Refund {
	d := &Refund{
		kit: kit, order: order, reason: form.Choice{Options: order.Reasons}, focus: atCancel, suggested: true,
		amount: field.New(kit.Styles, maxAmount), note: field.New(kit.Styles, maxNote), typed: field.New(kit.Styles, maxConfirm),
	}
	d.amount.SetAccept(func(r rune) bool { return r == '.' || (r >= '0' && r <= '9') })
	d.amount.RefusePaste()
	d.typed.RefusePaste()
	d.amount.SetValue(order.Refundable.Major())
	d.note.SetValue(order.Note.String())
	d.note.SetPlaceholder(text.Literal("ticket, who asked; stays in the journal"))
	d.gate.touch(now)
	d.read()
	d.asked = d.draft.Seq
	return d
}

// Title names order and environment.
func (d *Refund) Title() text.Safe {
	return text.Concat(text.Literal("Refund "), d.order.Number)
}

// Draft is the form as it stands.
func (d *Refund) Draft() Draft { return d.draft }

// SetPlan puts a plan before the person. One for an older draft is dropped.
// What was typed to confirm stays only if the plan still asks for the same.
func (d *Refund) SetPlan(p RefundPlan, now time.Time) {
	if p.Seq != d.draft.Seq || !d.fault.Empty() {
		return
	}
	if !d.planned || p.Confirm != d.plan.Confirm {
		d.typed.SetValue("")
	}
	d.plan, d.planned, d.hint, d.page = p, true, text.Safe{}, 0
	if !d.ready() && d.focus == atConfirm {
		d.move(atCancel)
	}
	d.gate.touch(now) // what has just appeared was not read yet
}

// SetSize implements Dialog.
func (d *Refund) SetSize(width, height int) { d.width, d.height = width, height }

// ready reports whether the plan on screen may be consented to.
func (d *Refund) ready() bool {
	return d.planned && !d.plan.Checking && d.plan.Refusal.Empty() && d.fault.Empty()
}

// Update implements Dialog. The mouse is ignored but for restarting the pause;
// pasted text reaches the note only.
func (d *Refund) Update(msg tea.Msg, now time.Time) (Result, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return d.key(msg, now)
	case tea.PasteMsg:
		d.gate.touch(now)
		if d.focus != atNote {
			d.hint = text.Literal("pasting is off here; type it")
			return nil, nil
		}
		return d.edited(d.note.Update(msg))
	case tea.MouseClickMsg, tea.FocusMsg, tea.BlurMsg:
		d.gate.touch(now)
	case settledMsg:
		if msg.to == d && msg.seq == d.draft.Seq {
			return d.replan(), nil
		}
	}
	return nil, nil
}

func (d *Refund) key(msg tea.KeyPressMsg, now time.Time) (Result, tea.Cmd) {
	id := d.kit.find(msg)
	if id == keys.DialogConfirm {
		return d.confirm(now, msg.IsRepeat), nil
	}
	d.gate.touch(now)
	d.hint = text.Safe{}
	switch id {
	case keys.DialogClose:
		return Closed{}, nil
	case keys.DialogNext:
		return d.step(1), nil
	case keys.DialogPrevious:
		return d.step(-1), nil
	case keys.DialogAccept:
		return d.accept()
	case keys.DialogPageDown:
		d.page += d.planRows() - 1
		return nil, nil
	case keys.DialogPageUp:
		d.page -= d.planRows() - 1
		return nil, nil
	}
	return d.edit(msg, id)
}

// accept is Enter: it closes on Cancel, and elsewhere only goes on. It never
// confirms.
func (d *Refund) accept() (Result, tea.Cmd) {
	switch d.focus {
	case atCancel:
		return Closed{}, nil
	case atConfirm:
		d.hint = text.Concat(d.kit.Keys.Label(keys.DialogConfirm), text.Literal(" refunds; enter does not"))
		return nil, nil
	default:
		return d.step(1), nil
	}
}

// edit gives a key to what has the keyboard.
func (d *Refund) edit(msg tea.KeyPressMsg, id string) (Result, tea.Cmd) {
	switch d.focus {
	case atAmount:
		if !d.order.Partial.OK {
			d.hint = text.Clean(d.order.Partial.Reason)
			return nil, nil
		}
		switch amount, _ := d.kit.Keys.Find(msg, keys.Amount); amount {
		case keys.DialogAll:
			return d.take(d.refundable())
		case keys.DialogHalf:
			half := d.refundable()
			half.Minor /= 2
			return d.take(half)
		}
		if d.suggested && msg.Text != "" {
			d.amount.SetValue("")
		}
		d.suggested = false
		return d.edited(d.amount.Update(msg))
	case atReason:
		moved := (id == keys.DialogLeft && d.reason.Turn(-1)) || (id == keys.DialogRight && d.reason.Turn(1)) ||
			(id == "" && d.reason.Jump(msg.Text))
		return d.edited(moved)
	case atNote:
		return d.edited(d.note.Update(msg))
	case atConfirm:
		d.typed.Update(msg)
	default: // Cancel listens to Enter only, and lets a digit begin the amount
		if len(msg.Text) == 1 && msg.Text[0] >= '0' && msg.Text[0] <= '9' && d.suggested {
			d.move(atAmount)
			return d.edit(msg, id)
		}
	}
	return nil, nil
}

// take puts an amount into the field.
func (d *Refund) take(amount client.Money) (Result, tea.Cmd) {
	before := d.amount.Value()
	d.suggested = true
	d.amount.SetValue(amount.Major())
	return d.edited(d.amount.Value() != before)
}

// refundable is what is left, as the newest plan knows it.
func (d *Refund) refundable() client.Money {
	if d.plan.Refundable.Currency != "" {
		return d.plan.Refundable
	}
	return d.order.Refundable
}

// edited voids the plan after a change and asks for a new one when the typing
// rests.
func (d *Refund) edited(changed bool) (Result, tea.Cmd) {
	if !changed {
		return nil, nil
	}
	d.read()
	seq := d.draft.Seq
	return nil, tea.Tick(settle, func(time.Time) tea.Msg { return settledMsg{to: d, seq: seq} })
}

// read takes the form into the draft. From here on the old plan is void (I12).
func (d *Refund) read() {
	d.planned = false
	d.typed.SetValue("")
	d.draft.Seq++
	d.draft.Reason, d.draft.Note = d.reason.Value().String(), d.note.Value()
	left := d.refundable()
	amount, err := client.ParseMoney(d.amount.Value(), left.Currency, left.Exp)
	d.draft.Amount, d.fault = amount, amountFault(amount, left, err)
}

// amountFault says what is wrong with an amount and what would be right.
func amountFault(amount, left client.Money, err error) text.Safe {
	switch {
	case errors.Is(err, client.ErrMoneyDecimals) && left.Exp == 0:
		return text.Clean(fmt.Sprintf("%s has no decimals here", left.Currency))
	case errors.Is(err, client.ErrMoneyDecimals):
		return text.Clean(fmt.Sprintf("%s has at most %d decimals here", left.Currency, left.Exp))
	case err != nil:
		return text.Concat(text.Literal("type a plain number, at most "), text.Clean(left.Major()))
	case amount.Minor <= 0:
		return text.Literal("the amount must be above zero")
	case amount.Minor > left.Minor:
		return text.Concat(text.Literal("only "), text.Amount(left), text.Literal(" is left to refund"))
	}
	return text.Safe{}
}

// replan asks for a plan of the draft, once, if the amount makes sense.
func (d *Refund) replan() Result {
	if !d.fault.Empty() || d.asked == d.draft.Seq {
		return nil
	}
	d.asked = d.draft.Seq
	return Replan{Draft: d.draft}
}

// step moves the keyboard; leaving an edited field asks for its plan at once.
func (d *Refund) step(by int) Result {
	to := d.focus
	for {
		to = (to + stop(by) + stops) % stops
		if to != atConfirm || (d.ready() && d.plan.Confirm != "") {
			break
		}
	}
	d.move(to)
	return d.replan()
}

// move puts the keyboard at a stop.
func (d *Refund) move(to stop) {
	d.focus = to
	for at, f := range map[stop]*field.Field{atAmount: d.amount, atNote: d.note, atConfirm: d.typed} {
		if at == to {
			f.Focus()
		} else {
			f.Blur()
		}
	}
}

// confirm takes the confirm key. It counts only for the plan on screen, with
// the amount typed where that is asked for, and after a pause (S25, I12).
func (d *Refund) confirm(now time.Time, repeat bool) Result {
	quiet := d.gate.press(now, repeat)
	switch {
	case !d.fault.Empty():
		d.hint = d.fault
	case !d.planned || d.plan.Checking:
		d.hint = text.Literal("wait for the gateway's answer")
	case !d.plan.Refusal.Empty():
		d.hint = text.Literal("this refund cannot be made now")
	case d.plan.Confirm != "" && d.typed.Value() != d.plan.Confirm:
		d.move(atConfirm)
		d.hint = text.Concat(text.Literal("type "), text.Clean(d.plan.Confirm), text.Literal(" first"))
	case !quiet:
		d.hint = text.Concat(text.Literal("too quick; pause, then press "), d.kit.Keys.Label(keys.DialogConfirm), text.Literal(" once"))
	default:
		return RefundConfirmed{Draft: d.draft, PlanID: d.plan.ID, Typed: d.typed.Value()}
	}
	return nil
}
