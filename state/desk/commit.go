package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/desk/moves"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// Consent is a person's, or a script's, yes to one plan.
type Consent struct {
	PlanHash string    // of the very plan that was shown
	Typed    string    // the amount as typed, where the plan needs it
	Script   bool      // given by --yes
	At       time.Time // when it was given
}

// Commit makes a consented plan an intent, durably (I1), and returns it. All
// rules are checked again in the same transaction (I5). Nothing is sent yet:
// Advance does that, now or after the undo window.
func (d *Desk) Commit(ctx context.Context, plan Plan, consent Consent) (ledger.Refund, error) {
	if err := d.checkConsent(plan, consent); err != nil {
		return ledger.Refund{}, err
	}
	d.step(moves.StepPlanned)
	var stored ledger.Refund
	err := d.update(ctx, func(tx ledger.Tx) error {
		order, err := tx.OrderByID(plan.Order.ID)
		if err != nil {
			return err
		}
		rows, err := tx.RefundsOf(order.ID)
		if err != nil {
			return err
		}
		if err := d.recheck(tx, plan, order, rows); err != nil {
			return err
		}
		stored, err = tx.InsertRefund(d.intent(plan))
		switch {
		case errors.Is(err, ledger.ErrOpen), errors.Is(err, ledger.ErrExists):
			return changedMeanwhile(plan, err)
		case err != nil:
			return err
		}
		d.step(moves.StepDeciding)
		return d.append(tx, plan.Profile.Name, "refund."+string(stored.Status), stored.RefundNo, detail{
			"order": order.OrderNo, "amount": stored.Amount.Major(), "currency": stored.Amount.Currency, "attempt": stored.Attempt,
			"reason": stored.Reason, "plan_sha256": stored.PlanHash, "script": consent.Script, "held_until": jsonTime(stored.HeldUntil),
		})
	}, refundChange(plan.Profile.Name, plan.RefundNo), orderChange(plan.Profile.Name, plan.Order.OrderNo))
	d.step(moves.StepDecided)
	return stored, err
}

func (d *Desk) checkConsent(plan Plan, consent Consent) error {
	if plan.Refusal != nil {
		return plan.Refusal
	}
	stale := !plan.Asked || d.clock().Sub(plan.MadeAt) > planLife
	if stale || consent.PlanHash != plan.Hash || plan.hash() != plan.Hash {
		return &client.Error{
			Class: client.ClassConflict, Code: "stale-plan", Message: "what was confirmed is not what would be sent now",
			Hint: "look at the plan again and confirm it anew",
		}
	}
	switch {
	case consent.Script && plan.Doubtful:
		return policyError("doubtful", "an earlier refund of this order may have moved money that is not counted", "look into the gateway's portal, then refund it in the console")
	case consent.Script:
		lim, listed := limit(plan.Profile.Policy.ConfirmAbove, plan.Amount)
		above := !listed
		if lim != nil {
			above, _ = exceeds(plan.Amount, *lim)
		}
		if above {
			return policyError("confirm_amount_above", fmt.Sprintf("%s must be confirmed by a person in this profile", plan.Amount),
				"refund it in the console, or raise policy.confirm_amount_above")
		}
	case plan.NeedsTyping && !typedAmount(consent.Typed, plan.Amount):
		return &client.Error{
			Class: client.ClassInput, Code: "confirm", Message: "the amount typed is not the amount of the plan",
			Hint: fmt.Sprintf("type %s", plan.Amount.Major()),
		}
	}
	return nil
}

// typedAmount reports whether a text names exactly the amount.
func typedAmount(typed string, amount client.Money) bool {
	m, err := client.ParseMoney(strings.TrimSpace(typed), amount.Currency, amount.Exp)
	return err == nil && m == amount
}

// recheck repeats the plan's rules on what the transaction sees.
func (d *Desk) recheck(tx ledger.Tx, plan Plan, order ledger.Order, rows []ledger.Refund) error {
	var refunded, reserved int64
	for _, r := range rows {
		switch {
		case r.Status == client.RefundSuccess:
			refunded += r.Amount.Minor
		case r.Status.Open():
			reserved += r.Amount.Minor
		}
	}
	now := plan
	now.Order, now.Refunds, now.Paid = order, rows, order.Amount
	now.Refunded.Minor, now.Reserved.Minor = refunded, reserved
	now.Refundable = order.Refundable()
	if refusal := d.refuse(now, nil); refusal != nil {
		return refusal
	}
	if nextAttempt(rows) != plan.Attempt || order.Amount != plan.Paid {
		return changedMeanwhile(plan, nil)
	}
	return d.refuseDay(tx, plan.Profile, plan.Amount)
}

func changedMeanwhile(plan Plan, cause error) error {
	return &client.Error{
		Class: client.ClassConflict, Code: "changed", Message: fmt.Sprintf("order %s changed since the plan was made", plan.Order.OrderNo),
		Hint: "look at the plan again", Err: cause,
	}
}

func (d *Desk) intent(plan Plan) ledger.Refund {
	now := d.clock()
	r := ledger.Refund{
		Refund: client.Refund{
			RefundNo: plan.RefundNo, OrderNo: plan.Order.OrderNo, Amount: plan.Amount, Status: client.RefundIntent,
		},
		OrderID: plan.Order.ID, Profile: plan.Profile.Name, Gateway: plan.Profile.Gateway, Merchant: plan.Profile.Merchant,
		Attempt: plan.Attempt, Reason: plan.Reason, Note: plan.Note, Agent: d.agent,
		PlanHash: plan.Hash, CreatedAt: now, ConfirmedAt: now, UpdatedAt: now, NextCheckAt: now,
	}
	if plan.Undo > 0 {
		r.Status, r.HeldUntil = client.RefundHeld, now.Add(plan.Undo)
		r.NextCheckAt = r.HeldUntil
	}
	return r
}

// Cancel takes a refund back of which nothing was sent. ClassRefused-like
// policy errors say that it is too late.
func (d *Desk) Cancel(ctx context.Context, profile, no string) (ledger.Refund, error) {
	var r ledger.Refund
	err := d.update(ctx, func(tx ledger.Tx) (err error) {
		if r, err = tx.Refund(profile, no); err != nil {
			return notInLedger("refund", no, err)
		}
		if !moves.Can(r.Status, client.RefundCancelled) {
			return policyError("too-late", fmt.Sprintf("refund %s is %s; it can be taken back only before anything was sent", r.RefundNo, r.Status),
				"watch it until it is settled")
		}
		was := r.Status
		r.Status, r.NextCheckAt, r.Alert, r.UpdatedAt, r.SettledAt = client.RefundCancelled, time.Time{}, "", d.clock(), d.clock()
		if err := tx.UpdateRefund(r); err != nil {
			return err
		}
		return d.append(tx, r.Profile, "refund.cancelled", r.RefundNo, detail{"order": r.OrderNo, "from": was})
	}, refundChange(profile, no), feed.Change{Kind: feed.Orders, Profile: profile})
	return r, err
}

// Confirm renews the consent of an intent that a restart left unsent for more
// than confirmLife.
func (d *Desk) Confirm(ctx context.Context, profile, no string) (ledger.Refund, error) {
	var r ledger.Refund
	err := d.update(ctx, func(tx ledger.Tx) (err error) {
		if r, err = tx.Refund(profile, no); err != nil {
			return notInLedger("refund", no, err)
		}
		if r.Status != client.RefundIntent {
			return policyError("not-waiting", fmt.Sprintf("refund %s is %s and waits for no confirmation", r.RefundNo, r.Status), "")
		}
		if refusal := d.refuseReadOnly(profile); refusal != nil {
			return refusal
		}
		r.ConfirmedAt, r.NextCheckAt, r.Alert, r.UpdatedAt = d.clock(), d.clock(), "", d.clock()
		if err := tx.UpdateRefund(r); err != nil {
			return err
		}
		return d.append(tx, r.Profile, "refund.confirmed", r.RefundNo, detail{"order": r.OrderNo})
	}, refundChange(profile, no))
	return r, err
}

func refundChange(profile, no string) feed.Change {
	return feed.Change{Kind: feed.Refunds, Profile: profile, No: no}
}

func orderChange(profile, no string) feed.Change {
	return feed.Change{Kind: feed.Orders, Profile: profile, No: no}
}

func jsonTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
