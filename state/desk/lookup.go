package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"paydesk/client"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// Sources of an order, as the ledger keeps them.
const (
	SourceLookup = "lookup"
	SourceImport = "import"
	SourceCreate = "create"
	SourceDemo   = "demo"
)

// Found is an order and how it was found.
type Found struct {
	Order ledger.Order
	How   string
}

// Known finds an order in the ledger by any of its numbers, or by the number
// of one of its refunds. ClassNotFound or ClassInput (ambiguous) otherwise.
func (d *Desk) Known(ctx context.Context, profile, no string) (Found, error) {
	o, err := d.store.Order(ctx, profile, no)
	if err == nil {
		return Found{Order: o, How: "in the ledger by " + whichNumber(o, no)}, nil
	}
	if !errors.Is(err, ledger.ErrNotFound) {
		return Found{}, notInLedger("order", no, err)
	}
	r, refundErr := d.store.Refund(ctx, profile, no)
	if refundErr != nil {
		return Found{}, notInLedger("order", no, err)
	}
	if o, err = d.store.Order(ctx, r.Profile, r.OrderNo); err != nil {
		return Found{}, notInLedger("order", r.OrderNo, err)
	}
	return Found{Order: o, How: "in the ledger by refund number"}, nil
}

func whichNumber(o ledger.Order, no string) string {
	switch {
	case strings.EqualFold(o.OrderNo, no):
		return "order number"
	case strings.EqualFold(o.GatewayOrderNo, no):
		return "the gateway's number"
	default:
		return "the channel's number"
	}
}

// LookUp asks the gateway of a profile for an order and stores the answer. A
// number the gateway cannot look up is translated through the ledger first,
// then tried as a refund number at the gateway.
func (d *Desk) LookUp(ctx context.Context, profile, no string) (Found, error) {
	p, err := d.Profile(profile)
	if err != nil {
		return Found{}, err
	}
	how := "at the gateway by order number"
	known, err := d.Known(ctx, profile, no)
	switch {
	case err == nil:
		if !strings.EqualFold(known.Order.OrderNo, no) {
			how = known.How + ", then at the gateway"
		}
	case client.ClassOf(err) != client.ClassNotFound:
		return Found{}, err
	}
	g, err := d.Gateway(ctx, profile)
	if err != nil {
		return Found{}, err
	}
	answer, err := findOrder(ctx, g, numbersOf(known.Order, no))
	if client.ClassOf(err) == client.ClassNotFound && known.Order.ID == 0 {
		if byRefund, refundErr := lookUpByRefund(ctx, g, no); refundErr == nil {
			answer, err, how = byRefund, nil, "at the gateway by refund number"
		}
	}
	if err != nil {
		d.recordFailure(ctx, p, no, "order.lookup-failed", err)
		return Found{}, unanswered(explainNotFound(err, g, p, no))
	}
	o, err := d.storeOrder(ctx, p, answer, SourceLookup)
	return Found{Order: o, How: how}, err
}

// numbersOf is all that is known of an order.
func numbersOf(known ledger.Order, no string) client.OrderRef {
	if known.ID == 0 {
		return client.OrderRef{OrderNo: no}
	}
	return client.OrderRef{OrderNo: known.OrderNo, GatewayOrderNo: known.GatewayOrderNo}
}

// findOrder asks by all the numbers where a gateway needs more than one of them.
func findOrder(ctx context.Context, g client.Gateway, ref client.OrderRef) (client.OrderAnswer, error) {
	f, ok := g.(client.Finder)
	if !ok {
		return g.QueryOrder(ctx, ref.OrderNo)
	}
	answer, err := f.FindOrder(ctx, ref)
	if client.ClassOf(err) == client.ClassNotFound && ref.GatewayOrderNo == "" && g.Capabilities().QueryByGatewayNo.OK {
		// What was taken for the merchant's number may be the gateway's.
		return f.FindOrder(ctx, client.OrderRef{GatewayOrderNo: ref.OrderNo})
	}
	return answer, err
}

// lookUpByRefund goes from a refund number to its order; the error is the
// order's not-found when the number is no refund either.
func lookUpByRefund(ctx context.Context, g client.Gateway, no string) (client.OrderAnswer, error) {
	refund, err := g.QueryRefund(ctx, no)
	if err != nil {
		return client.OrderAnswer{}, err
	}
	if refund.Refund.OrderNo == "" { // EasyLink names the order by its own number only
		return g.QueryOrder(ctx, refund.Refund.GatewayOrderNo)
	}
	return g.QueryOrder(ctx, refund.Refund.OrderNo)
}

// explainNotFound adds what else the person can try.
func explainNotFound(err error, g client.Gateway, p Profile, no string) error {
	if client.ClassOf(err) != client.ClassNotFound {
		return err
	}
	hint := "check the number and the profile"
	if by := g.Capabilities().QueryByGatewayNo; !by.OK && by.Reason != "" {
		hint = by.Reason + "; import the merchant's own list with `paydesk order import` to find it by its other numbers"
	}
	return &client.Error{
		Class: client.ClassNotFound, Code: "order", Message: fmt.Sprintf("%s knows no order %q, and the ledger has none", p.Brand, no),
		Hint: hint, Exchange: client.ExchangeOf(err),
	}
}

// storeOrder merges a gateway's verified answer into the ledger.
func (d *Desk) storeOrder(ctx context.Context, p Profile, answer client.OrderAnswer, source string) (ledger.Order, error) {
	var stored ledger.Order
	err := d.update(ctx, func(tx ledger.Tx) error {
		old, err := tx.Order(p.Name, answer.Order.OrderNo)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		next := merge(old, answer.Order)
		next.Profile, next.Gateway, next.UpdatedAt = p.Name, p.Gateway, d.clock()
		if old.ID == 0 {
			next.Source = source
		}
		if stored, err = tx.PutOrder(next); err != nil {
			return err
		}
		if err := tx.PutEvidence(ledger.Evidence{Exchange: answer.Exchange, Profile: p.Name, Subject: next.OrderNo}); err != nil {
			return err
		}
		content := detail{
			"status": next.Status, "amount": next.Amount.Major(), "currency": next.Amount.Currency,
			"code": answer.Exchange.Code, "verified": answer.Exchange.Verified, "answer_sha256": answer.Exchange.AnswerHash,
		}
		if old.ID != 0 && (old.Status != next.Status || old.Amount != next.Amount) {
			content["was_status"], content["was_amount"] = old.Status, old.Amount.String()
		}
		return d.append(tx, p.Name, "order.looked-up", next.OrderNo, content)
	}, feed.Change{Kind: feed.Orders, Profile: p.Name, No: answer.Order.OrderNo})
	return stored, err
}

// merge lays what the gateway says over what the ledger knows: the gateway
// decides what it names, the ledger keeps the rest.
func merge(old ledger.Order, said client.Order) ledger.Order {
	next := old
	next.Order = said
	keep := func(now *string, before string) {
		if *now == "" {
			*now = before
		}
	}
	keep(&next.GatewayOrderNo, old.GatewayOrderNo)
	keep(&next.ChannelNo, old.ChannelNo)
	keep(&next.UserID, old.UserID)
	keep(&next.Method, old.Method)
	keep(&next.Brand, old.Brand)
	keep(&next.Card, old.Card)
	keep(&next.Note, old.Note)
	if old.OrderNo != "" {
		next.OrderNo = old.OrderNo
	}
	if said.CreatedAt.IsZero() {
		next.CreatedAt = old.CreatedAt
	}
	if said.PaidAt.IsZero() {
		next.PaidAt = old.PaidAt
	}
	// A word this version does not know must not hide a known state.
	if said.Status == client.OrderUnknown && old.Status != "" {
		next.Status = old.Status
	}
	return next
}

// recordFailure keeps the evidence of a call that failed; failing to keep it
// must not hide the failure itself.
func (d *Desk) recordFailure(ctx context.Context, p Profile, subject, kind string, cause error) {
	exchange := client.ExchangeOf(cause)
	class := client.ClassOf(cause)
	if exchange == nil || class == client.ClassNotFound {
		return
	}
	err := d.update(context.WithoutCancel(ctx), func(tx ledger.Tx) error {
		if err := tx.PutEvidence(ledger.Evidence{Exchange: *exchange, Profile: p.Name, Subject: subject}); err != nil {
			return err
		}
		return d.append(tx, p.Name, kind, subject, detail{
			"class": class, "code": exchange.Code, "http": exchange.HTTPStatus, "verified": exchange.Verified,
			"answer_sha256": exchange.AnswerHash,
		})
	})
	if err != nil {
		d.log.Warn("evidence not kept", "subject", subject, "error", err)
	}
}

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
	attempt := 0 // not one of our own numbers
	for i := 1; i <= ownAttempts && attempt == 0; i++ {
		if sameNo(client.RefundNo(p.Gateway, p.Merchant, o.OrderNo, i), said.RefundNo) {
			attempt = i
		}
	}
	err = d.update(context.WithoutCancel(ctx), func(tx ledger.Tx) error {
		return d.importForeign(tx, p, o, answer, attempt)
	}, refundChange(p.Name, said.RefundNo), orderChange(p.Name, o.OrderNo))
	if errors.Is(err, ledger.ErrOpen) {
		return false, nil
	}
	return err == nil, err
}

// ownAttempts is how many of an order's own refund numbers are tried to find out
// which attempt a foreign refund was.
const ownAttempts = 50
