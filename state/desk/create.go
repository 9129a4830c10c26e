package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"paydesk/client"
	"paydesk/state/desk/link"
	"paydesk/state/ledger"
)

// neverSent marks an order of which nothing ever left the process.
const neverSent = "not-sent"

// CreateOrder opens a hosted payment page, or charges a saved card. The order
// stands in the ledger before anything is sent (I1); ClassUnknown means that
// it may exist and must be looked up, never created anew.
func (d *Desk) CreateOrder(ctx context.Context, profile string, req client.CreateOrder) (ledger.Order, string, error) {
	p, err := d.Profile(profile)
	if err != nil {
		return ledger.Order{}, "", err
	}
	if refusal := d.refuseReadOnly(profile); refusal != nil {
		return ledger.Order{}, "", refusal
	}
	g, err := d.Gateway(ctx, profile)
	if err != nil {
		return ledger.Order{}, "", err
	}
	draft, err := d.draftOrder(ctx, p, req)
	if err != nil {
		return ledger.Order{}, "", err
	}
	answer, sendErr := g.CreateOrder(ctx, req)
	keep := context.WithoutCancel(ctx)
	x := &answer.Exchange
	if sendErr != nil {
		x = client.ExchangeOf(sendErr)
	}
	kind := "order.created"
	if sendErr != nil {
		kind = "order.create-failed"
	}
	err = d.update(keep, func(tx ledger.Tx) error {
		row, err := tx.OrderByID(draft.ID)
		if err != nil {
			return err
		}
		switch client.ClassOf(sendErr) {
		case "":
			row = merge(row, answer.Order)
		case client.ClassNotSent, client.ClassInput, client.ClassConfig, client.ClassKeyring, client.ClassUnsupported:
			row.Status, row.FailCode = client.OrderFailed, neverSent
		case client.ClassRefused, client.ClassAuth, client.ClassRate:
			row.Status = client.OrderFailed
		default: // it may exist: a look-up tells
		}
		row.UpdatedAt = d.clock()
		if draft, err = tx.PutOrder(row); err != nil {
			return err
		}
		if x != nil {
			if err := tx.PutEvidence(ledger.Evidence{Exchange: *x, Profile: p.Name, Subject: row.OrderNo}); err != nil {
				return err
			}
		}
		return d.append(tx, p.Name, kind, row.OrderNo, withDigests(detail{
			"amount": req.Amount.Major(), "currency": req.Amount.Currency, "user": req.UserID, "saved_card": req.Token != "",
			"status": row.Status, "class": client.ClassOf(sendErr),
		}, x))
	}, orderChange(p.Name, req.OrderNo))
	return draft, answer.PageURL, errors.Join(sendErr, err)
}

func (d *Desk) draftOrder(ctx context.Context, p Profile, req client.CreateOrder) (ledger.Order, error) {
	var draft ledger.Order
	err := d.update(ctx, func(tx ledger.Tx) error {
		old, err := tx.Order(p.Name, req.OrderNo)
		switch {
		case err == nil && old.Source == SourceCreate && old.FailCode == neverSent:
			// Nothing ever left under this number: it may be tried again.
		case err == nil:
			return &client.Error{
				Class: client.ClassConflict, Code: "order-exists", Message: fmt.Sprintf("order %s is in the ledger, %s", old.OrderNo, old.Status),
				Hint: "take another number, or look this one up",
			}
		case !errors.Is(err, ledger.ErrNotFound):
			return err
		}
		draft, err = tx.PutOrder(ledger.Order{
			Order: client.Order{
				OrderNo: req.OrderNo, UserID: req.UserID, Amount: req.Amount, Status: client.OrderUnknown, Note: client.MaskCards(req.Subject),
				CreatedAt: d.clock(),
			},
			ID: old.ID, Profile: p.Name, Gateway: p.Gateway, Source: SourceCreate, UpdatedAt: d.clock(),
		})
		if err != nil {
			return err
		}
		return d.append(tx, p.Name, "order.create-intent", req.OrderNo, detail{"amount": req.Amount.Major(), "currency": req.Amount.Currency})
	}, orderChange(p.Name, req.OrderNo))
	return draft, err
}

// CloseOrder ends an open payment page, so that the customer cannot pay it any
// more, and stores what the gateway says of it. ClassUnsupported where it cannot;
// ClassUnknown means that it may be closed: look it up.
func (d *Desk) CloseOrder(ctx context.Context, profile, no string) (ledger.Order, error) {
	p, err := d.Profile(profile)
	if err != nil {
		return ledger.Order{}, err
	}
	if refusal := d.refuseReadOnly(profile); refusal != nil {
		return ledger.Order{}, refusal
	}
	known, err := d.Known(ctx, profile, no)
	if err != nil {
		return ledger.Order{}, err
	}
	g, err := d.Gateway(ctx, profile)
	if err != nil {
		return ledger.Order{}, err
	}
	closer, ok := client.As[client.OrderCloser](g)
	if can := g.Capabilities().CloseOrder; !can.OK || !ok {
		return ledger.Order{}, unsupported("close", can.Reason)
	}
	o := known.Order
	if o.Status == client.OrderPaid {
		return o, policyError("order-status", fmt.Sprintf("order %s is paid; there is nothing to close", o.OrderNo), "refund it instead")
	}
	if err := d.update(ctx, func(tx ledger.Tx) error {
		return d.append(tx, p.Name, "order.close-intent", o.OrderNo, detail{"status": o.Status})
	}); err != nil {
		return o, err
	}
	answer, err := closer.CloseOrder(ctx, o.OrderNo)
	link.Note(g, err)
	if err != nil {
		d.recordFailure(ctx, p, o.OrderNo, "order.close-failed", err)
		return o, err
	}
	answer.Order.OrderNo = o.OrderNo
	if answer.Order.Amount.Currency == "" {
		answer.Order.Amount = o.Amount // it was not repeated
	}
	return d.storeOrder(context.WithoutCancel(ctx), p, answer, SourceLookup)
}

// Balance asks what a profile's account holds; ClassUnsupported where the
// gateway does not tell.
func (d *Desk) Balance(ctx context.Context, profile string) (client.Money, error) {
	g, err := d.Gateway(ctx, profile)
	if err != nil {
		return client.Money{}, err
	}
	asked, ok := client.As[client.Balances](g)
	if can := g.Capabilities().Balance; !can.OK || !ok {
		return client.Money{}, unsupported("balance", can.Reason)
	}
	answer, err := asked.Balance(ctx)
	link.Note(g, err)
	return answer.Balance, unanswered(err)
}

// unsupported is what a gateway cannot do, with its reason.
func unsupported(code, reason string) error {
	return &client.Error{Class: client.ClassUnsupported, Code: code, Message: cmp.Or(reason, "this gateway cannot do that")}
}
