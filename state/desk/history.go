package desk

import (
	"context"
	"errors"
	"fmt"

	"paydesk/client"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// maxAttempts bounds the walk over an order's refund numbers.
const maxAttempts = 500

// learnHistory asks the gateway for the refund numbers of an order, attempt by
// attempt, until two in a row are not known, and imports what it finds (I4).
// Attempts that the ledger has settled at the gateway are not asked again.
func (d *Desk) learnHistory(ctx context.Context, g client.Gateway, p Profile, o ledger.Order) (ledger.Order, error) {
	rows, err := d.store.RefundsOf(ctx, o.ID)
	if err != nil {
		return o, storageError(err)
	}
	var found []client.RefundAnswer
	var attempts []int
	for attempt, misses := 1, 0; misses < 2; attempt++ {
		if attempt > maxAttempts {
			return o, &client.Error{
				Class: client.ClassRefused, Code: "history", Message: fmt.Sprintf("order %s has more than %d refunds", o.OrderNo, maxAttempts),
				Hint: "refund it in the gateway's portal",
			}
		}
		no := client.RefundNo(p.Gateway, p.Merchant, o.OrderNo, attempt)
		if settledHere(rows, no) {
			misses = 0
			continue
		}
		answer, err := g.QueryRefund(ctx, no)
		switch client.ClassOf(err) {
		case "":
			misses = 0
			found, attempts = append(found, answer), append(attempts, attempt)
		case client.ClassNotFound:
			misses++
		default:
			d.recordFailure(ctx, p, no, "refund.history-failed", err)
			return o, unanswered(err)
		}
	}
	return d.storeHistory(ctx, p, o, found, attempts)
}

// settledHere reports whether the ledger holds the number with a state that
// the gateway confirmed or that is being settled.
func settledHere(rows []ledger.Refund, no string) bool {
	for _, r := range rows {
		if r.RefundNo == no && r.Status != client.RefundCancelled && !r.NoRecord && (r.Status.AtGateway() || r.Status.Open() || r.Status == client.RefundReversed) {
			return true
		}
	}
	return false
}

func (d *Desk) storeHistory(ctx context.Context, p Profile, o ledger.Order, found []client.RefundAnswer, attempts []int) (ledger.Order, error) {
	stored := o
	err := d.update(ctx, func(tx ledger.Tx) error {
		for i, answer := range found {
			if err := d.importForeign(tx, p, o, answer, attempts[i]); err != nil {
				return err
			}
		}
		now, err := tx.OrderByID(o.ID)
		if err != nil {
			return err
		}
		now.HistoryAt = d.clock()
		stored, err = tx.PutOrder(now)
		return err
	}, feed.Change{Kind: feed.Orders, Profile: p.Name, No: o.OrderNo}, feed.Change{Kind: feed.Refunds, Profile: p.Name})
	return stored, err
}

// importForeign stores a refund that somebody else made with the number that
// this ledger would have used.
func (d *Desk) importForeign(tx ledger.Tx, p Profile, o ledger.Order, answer client.RefundAnswer, attempt int) error {
	r := ledger.Refund{
		Refund: answer.Refund, OrderID: o.ID, Profile: p.Name, Gateway: p.Gateway, Merchant: p.Merchant, Attempt: attempt,
		Foreign: true, CreatedAt: d.clock(), UpdatedAt: d.clock(),
		Last: ledger.Last{Code: answer.Exchange.Code, Message: answer.Exchange.Message, Verified: answer.Exchange.Verified, At: answer.Exchange.At},
	}
	r.OrderNo = o.OrderNo
	if r.Amount.Currency == "" {
		return &client.Error{
			Class: client.ClassUnknown, Code: "no-amount",
			Message: fmt.Sprintf("the gateway knows refund %s of order %s but does not say its amount", r.RefundNo, o.OrderNo),
			Hint:    "look the refund up in the gateway's portal before refunding more",
		}
	}
	if r.Status.Open() {
		r.Status, r.SentAt, r.NextCheckAt = client.RefundPending, d.clock(), d.clock()
	}
	stored, err := tx.InsertRefund(r)
	if errors.Is(err, ledger.ErrExists) {
		return nil // another process imported it meanwhile
	}
	if err != nil {
		return err
	}
	if err := tx.PutEvidence(ledger.Evidence{Exchange: answer.Exchange, Profile: p.Name, Subject: stored.RefundNo}); err != nil {
		return err
	}
	return d.append(tx, p.Name, "refund.discovered", stored.RefundNo, detail{
		"order": o.OrderNo, "amount": stored.Amount.Major(), "currency": stored.Amount.Currency, "status": stored.Status,
		"attempt": attempt, "answer_sha256": answer.Exchange.AnswerHash,
	})
}
