package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"paydesk/client"
	"paydesk/state/desk/link"
	"paydesk/state/desk/moves"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// maxAttempts bounds the walk over an order's refund numbers.
const maxAttempts = 500

// learnHistory learns which refunds a gateway has of an order and imports those
// that this ledger lacks (I4): from its list where it has one, else by asking for
// the order's refund numbers, attempt by attempt, until two in a row are not
// known. Attempts that the ledger has settled at the gateway are not asked again.
func (d *Desk) learnHistory(ctx context.Context, g client.Gateway, p Profile, o ledger.Order) (ledger.Order, error) {
	rows, err := d.store.RefundsOf(ctx, o.ID)
	if err != nil {
		return o, storageError(err)
	}
	if l, ok := client.As[client.RefundLister](g); ok && o.GatewayOrderNo != "" {
		return d.listHistory(ctx, g, l, p, o, rows)
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
		answer, err := d.find(ctx, g, client.RefundRef{RefundNo: no, OrderNo: o.OrderNo, GatewayOrderNo: o.GatewayOrderNo})
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
	return d.storeHistory(ctx, p, o, found, attempts, g.Capabilities().Pace)
}

// listHistory takes in what a gateway lists, refunds made in its portal included.
func (d *Desk) listHistory(ctx context.Context, g client.Gateway, l client.RefundLister, p Profile, o ledger.Order, rows []ledger.Refund) (ledger.Order, error) {
	list, err := l.RefundsOf(ctx, o.GatewayOrderNo)
	link.Note(g, err)
	if err != nil && client.ClassOf(err) != client.ClassNotFound { // a payment without refunds may be "not found" (paycools: section 6.1)
		d.recordFailure(ctx, p, o.OrderNo, "refund.history-failed", err)
		return o, unanswered(err)
	}
	var found []client.RefundAnswer
	var attempts []int
	for _, said := range list.Refunds {
		said.RefundNo = cmp.Or(said.RefundNo, said.GatewayRefundNo)
		if settledHere(rows, said.RefundNo) || said.RefundNo == "" {
			continue
		}
		found, attempts = append(found, client.RefundAnswer{Refund: said, Exchange: list.Exchange}), append(attempts, attemptOf(p, o, said.RefundNo))
	}
	return d.storeHistory(ctx, p, o, found, attempts, g.Capabilities().Pace)
}

// attemptOf is which of an order's own refund numbers a number is; 0: none.
func attemptOf(p Profile, o ledger.Order, no string) int {
	for attempt := 1; attempt <= ownAttempts; attempt++ {
		if sameNo(client.RefundNo(p.Gateway, p.Merchant, o.OrderNo, attempt), no) {
			return attempt
		}
	}
	return 0
}

// settledHere reports whether the ledger holds the number with a state that
// the gateway confirmed or that is being settled.
func settledHere(rows []ledger.Refund, no string) bool {
	for _, r := range rows {
		if sameNo(r.RefundNo, no) && r.Status != client.RefundCancelled && !r.NoRecord && (r.Status.AtGateway() || r.Status.Open() || r.Status == client.RefundReversed) {
			return true
		}
	}
	return false
}

func (d *Desk) storeHistory(ctx context.Context, p Profile, o ledger.Order, found []client.RefundAnswer, attempts []int, pace client.Pace) (ledger.Order, error) {
	stored := o
	err := d.update(ctx, func(tx ledger.Tx) error {
		for i, answer := range found {
			err := d.importForeign(tx, p, o, answer, attempts[i], pace)
			if errors.Is(err, ledger.ErrOpen) {
				// Beside an open refund of the order: what the plan is refused for anyway.
				// The history counts as known once that one is settled.
				stored, err = tx.OrderByID(o.ID)
				return err
			}
			if err != nil {
				return err
			}
		}
		now, err := tx.OrderByID(o.ID)
		if err != nil {
			return err
		}
		now.HistoryAt = d.clock()
		d.step(moves.StepLearning)
		stored, err = tx.PutOrder(now)
		return err
	}, feed.Change{Kind: feed.Orders, Profile: p.Name, No: o.OrderNo}, feed.Change{Kind: feed.Refunds, Profile: p.Name})
	return stored, err
}

// importForeign stores a refund that somebody else made with the number that
// this ledger would have used.
func (d *Desk) importForeign(tx ledger.Tx, p Profile, o ledger.Order, answer client.RefundAnswer, attempt int, pace client.Pace) error {
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
	} else {
		if r.SettledAt.IsZero() || r.SettledAt.After(d.clock()) {
			r.SettledAt = d.clock()
		}
		r.NextCheckAt = moves.NextLook(r, pace, d.clock(), d.jitter()) // a success is watched, whoever made it (I10)
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

// adopt takes in a refund that was made elsewhere, in the gateway's portal or
// with another ledger, so that its amount is not refunded twice (I5; payermax:
// section 9.2). done is false while the order's own open refund is in the way.
func (d *Desk) adopt(ctx context.Context, p Profile, n ledger.Notice) (done bool, err error) {
	answer, err := d.askRefund(ctx, p, client.RefundRef{
		RefundNo: n.RefundNo, GatewayRefundNo: n.GatewayRefundNo, OrderNo: n.OrderNo, GatewayOrderNo: n.GatewayOrderNo,
	})
	if err != nil {
		return false, err
	}
	said := &answer.Refund
	said.RefundNo = cmp.Or(said.RefundNo, n.RefundNo, n.GatewayRefundNo)
	ref := client.OrderRef{OrderNo: cmp.Or(said.OrderNo, n.OrderNo), GatewayOrderNo: cmp.Or(said.GatewayOrderNo, n.GatewayOrderNo)}
	o, err := eitherNumber(ref.OrderNo, ref.GatewayOrderNo, func(no string) (ledger.Order, error) { return d.store.Order(ctx, p.Name, no) })
	if errors.Is(err, ledger.ErrNotFound) {
		o, err = d.followOrder(ctx, p, ref)
	}
	if err != nil {
		return false, storageError(err)
	}
	g, err := d.Gateway(ctx, p.Name)
	if err != nil {
		return false, err
	}
	err = d.update(context.WithoutCancel(ctx), func(tx ledger.Tx) error {
		return d.importForeign(tx, p, o, answer, attemptOf(p, o, said.RefundNo), g.Capabilities().Pace)
	}, refundChange(p.Name, said.RefundNo), orderChange(p.Name, o.OrderNo))
	if errors.Is(err, ledger.ErrOpen) {
		return false, nil
	}
	return err == nil, err
}

// ownAttempts is how many of an order's own refund numbers are tried to find out
// which attempt a foreign refund was.
const ownAttempts = 50
