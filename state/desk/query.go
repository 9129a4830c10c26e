package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/desk/moves"
	"paydesk/state/ledger"
)

// query asks the gateway about one refund and applies a verified answer. The
// error is the gateway's, ClassNotFound included; the refund beside it is as
// stored afterwards.
func (d *Desk) query(ctx context.Context, p Profile, r ledger.Refund) (ledger.Refund, error) {
	g, err := d.Gateway(ctx, p.Name)
	if err != nil {
		return r, err
	}
	pace, by := g.Capabilities().Pace, d.prompt(ctx, p, r)
	answer, askErr := d.find(ctx, g, d.refOf(ctx, r))
	if ctx.Err() != nil && askErr != nil {
		return r, askErr // the caller gave up; that is no news about the refund
	}
	d.step(moves.StepAsked)
	keep := context.WithoutCancel(ctx)
	if askErr != nil {
		stored, err := d.asked(keep, p, r, askErr, pace)
		if err != nil {
			return stored, err
		}
		return stored, askErr
	}
	conflict := contradiction(r, answer.Refund)
	stored, err := d.change(keep, p, r, &answer.Exchange, func(row *ledger.Refund) entry {
		row.Checks++
		if conflict != "" {
			news := row.Alert != "conflict"
			row.Alert = "conflict"
			row.NotFound, row.NotFoundSince = 0, time.Time{} // it knows the number
			row.NextCheckAt = moves.NextLook(*row, pace, d.clock(), d.jitter())
			return entry{kind: "refund.conflict", quiet: !news, detail: detail{"why": conflict}}
		}
		from, alert := row.Status, row.Alert
		d.believe(row, answer, g.Capabilities())
		d.step(moves.StepSettling)
		line := detail{"from": from, "to": row.Status, "gateway_refund_no": row.GatewayRefundNo, "checks": row.Checks, "by": by}
		if row.Alert == AlertWord && alert != AlertWord {
			line["word"] = answer.Refund.Word
			return entry{kind: "refund.word", detail: line}
		}
		if by == byPlan && d.calledBy(p.Name) {
			line["callback_expected"] = true
		}
		return entry{kind: "refund." + string(row.Status), quiet: row.Status == from, detail: line}
	})
	d.step(moves.StepSettled)
	if err == nil && conflict != "" {
		err = &client.Error{
			Class: client.ClassConflict, Code: "wrong-echo",
			Message: fmt.Sprintf("what the gateway says of refund %s is not what was sent: %s", r.RefundNo, conflict),
			Hint:    "nothing was changed; compare both in the gateway's portal", Exchange: &answer.Exchange,
		}
	}
	return stored, err
}

// contradiction compares every echoed field with the intent (F7, F8).
func contradiction(r ledger.Refund, said client.Refund) string {
	switch {
	case said.RefundNo != "" && !sameNo(said.RefundNo, r.RefundNo):
		return fmt.Sprintf("its number is %q", said.RefundNo)
	case said.OrderNo != "" && !sameNo(said.OrderNo, r.OrderNo):
		return fmt.Sprintf("its order is %q, not %q", said.OrderNo, r.OrderNo)
	case said.Amount.Currency != "" && said.Amount != r.Amount && !said.AmountFromTotal: // payermax section 17 Q3
		return fmt.Sprintf("its amount is %s, not %s", said.Amount, r.Amount)
	}
	return ""
}

// believe applies a verified state. What contradicts the table of moves is
// kept as evidence only.
func (d *Desk) believe(row *ledger.Refund, answer client.RefundAnswer, can client.Capabilities) {
	said := answer.Refund
	if said.GatewayRefundNo != "" {
		row.GatewayRefundNo = said.GatewayRefundNo
	}
	row.NotFound, row.NotFoundSince = 0, time.Time{}
	to, ok := moves.Heard(row.Status, said.Status)
	// A refusal without a record is no final word: the gateway's record is.
	if !ok && row.Status == client.RefundFailed && moves.Clearing(*row) && (said.Status == client.RefundPending || said.Status == client.RefundSuccess) {
		to, ok, row.Alert = said.Status, true, "conflict"
	}
	switch {
	case ok && (answer.Exchange.Verified || can.UnsignedAnswers):
		row.Status = to
		row.Refused = row.Refused && to == client.RefundFailed
		d.settled(row, said)
		if to == client.RefundClosed && can.ClosedMayHaveMoved && row.Alert == "" {
			row.Alert = AlertTimer
		}
	case said.Status == client.RefundUnknown:
		if said.Word != "" {
			row.Alert = AlertWord
		}
		if row.Status == client.RefundSending {
			row.Status = client.RefundUnknown
		}
	case row.Status == client.RefundFailed && said.Status == client.RefundFailed:
		row.Refused = false // the record is there: the attempt counts
	}
	row.NextCheckAt = moves.NextLook(*row, can.Pace, d.clock(), d.jitter())
}

// settled notes when and why a refund ended, and clears doubts that are over.
func (d *Desk) settled(row *ledger.Refund, said client.Refund) {
	switch row.Status {
	case client.RefundSuccess, client.RefundFailed, client.RefundClosed:
		row.SettledAt = said.SettledAt
		if row.SettledAt.IsZero() || row.SettledAt.After(d.clock()) {
			row.SettledAt = d.clock()
		}
		row.FailCode = said.FailCode
	case client.RefundReversed:
		row.Alert, row.FailCode = "reversed", said.FailCode
	case client.RefundPending:
	default:
		return
	}
	if row.Alert != "reversed" && row.Alert != "conflict" {
		row.Alert = ""
	}
}

// asked stores that a query brought no state: "not known" is counted, the rest
// only makes the next look due.
func (d *Desk) asked(ctx context.Context, p Profile, r ledger.Refund, askErr error, pace client.Pace) (ledger.Refund, error) {
	class := client.ClassOf(askErr)
	return d.change(ctx, p, r, client.ExchangeOf(askErr), func(row *ledger.Refund) entry {
		row.Checks++
		now, line := d.clock(), entry{quiet: true}
		switch class {
		case client.ClassNotFound:
			if row.NotFound == 0 {
				row.NotFoundSince = now
			}
			row.NotFound++
			if moves.Clearing(*row) && moves.StepsDone(*row, pace.FreeAfter, now) {
				row.NoRecord = true
				line = entry{kind: "refund.number-free", detail: detail{"not_found": row.NotFound}}
			}
			if row.Status == client.RefundPending || row.Status == client.RefundSuccess {
				row.Alert = "conflict" // it knew the number before
			}
		case client.ClassSignature:
			if row.Alert != "signature" {
				row.Alert = "signature"
				line = entry{kind: "refund.bad-signature", detail: detail{}}
			}
		default: // no news about the refund; the next look is due later
		}
		row.NextCheckAt = moves.NextLook(*row, pace, now, d.jitter())
		row.NextCheckAt = later(row.NextCheckAt, retryAfter(askErr, now))
		return line
	})
}

// sameNo compares merchant numbers; gateways fold their case (payermax
// section 5).
func sameNo(a, b string) bool { return strings.EqualFold(a, b) }

// refOf is all that is known of a refund's numbers.
func (d *Desk) refOf(ctx context.Context, r ledger.Refund) client.RefundRef {
	ref := client.RefundRef{RefundNo: r.RefundNo, GatewayRefundNo: r.GatewayRefundNo, OrderNo: r.OrderNo}
	if o, err := d.store.Order(ctx, r.Profile, r.OrderNo); err == nil {
		ref.GatewayOrderNo = o.GatewayOrderNo
	}
	return ref
}

// find asks by all the numbers where a gateway needs more than one of them.
func (d *Desk) find(ctx context.Context, g client.Gateway, ref client.RefundRef) (client.RefundAnswer, error) {
	if f, ok := g.(client.Finder); ok {
		return f.FindRefund(ctx, ref)
	}
	return g.QueryRefund(ctx, ref.RefundNo)
}
