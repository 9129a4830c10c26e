package desk

import (
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
	SourceLookup    = "lookup"
	SourceImport    = "import"
	SourceStatement = "statement"
	SourceCreate    = "create"
	SourceDemo      = "demo"
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
	ref := numbersOf(known.Order, no)
	ref.Placed = placed(g, known.Order)
	answer, err := findOrder(ctx, g, ref)
	if client.ClassOf(err) == client.ClassNotFound && known.Order.ID == 0 {
		if byRefund, refundErr := lookUpByRefund(ctx, g, no); refundErr == nil {
			answer, err, how = byRefund, nil, "at the gateway by refund number"
		}
	}
	if err != nil {
		d.recordFailure(ctx, p, no, "order.lookup-failed", err)
		return Found{}, unanswered(explainNotFound(err, g, p, no))
	}
	if o := answer.Exchange.Operation; o == statementOperation {
		how = "in the gateway's statement"
	}
	o, err := d.storeOrder(ctx, p, answer, SourceLookup)
	return Found{Order: o, How: how}, err
}

// numbersOf is all that is known of an order.
func numbersOf(known ledger.Order, no string) client.OrderRef {
	if known.ID == 0 {
		return client.OrderRef{OrderNo: no}
	}
	ref := client.OrderRef{OrderNo: known.OrderNo, GatewayOrderNo: known.GatewayOrderNo}
	if sameNo(ref.OrderNo, ref.GatewayOrderNo) {
		// It is kept under the gateway's number, because the merchant's is that of
		// other payments too: to ask for it by both would be a contradiction (rowOf).
		ref.OrderNo = ""
	}
	return ref
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

// placed is the day on which an order was placed, in the zone in which the
// gateway's statement counts its days; zero when it is not known.
func placed(g client.Gateway, o ledger.Order) client.Day {
	s, ok := client.As[client.Statements](g)
	if !ok || o.CreatedAt.IsZero() {
		return client.Day{}
	}
	return client.DayOf(o.CreatedAt, s.StatementZone())
}

// explainNotFound adds what else the person can try.
func explainNotFound(err error, g client.Gateway, p Profile, no string) error {
	if client.ClassOf(err) != client.ClassNotFound {
		return err
	}
	hint := "check the number and the profile"
	if g.Capabilities().Statement.OK {
		hint += "; an older payment is found once its day is read: `paydesk order statement --from DAY`"
	}
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
	repeat := false
	if g, err := d.Gateway(ctx, p.Name); err == nil { // it has just answered
		repeat = g.Capabilities().OrderNosRepeat
	}
	var stored ledger.Order
	err := d.update(ctx, func(tx ledger.Tx) error {
		said := answer.Order
		old, err := rowOf(tx, p.Name, &said, repeat)
		if err != nil {
			return err
		}
		next := merge(old, said)
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
	if said.Amount.Currency == "" {
		next.Amount = old.Amount
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
