package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/state/feed"
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

// Imported counts what an import did.
type Imported struct {
	Added, Changed, Same, Differs int
}

// Import stores orders from a file, in one decision per batch. What a gateway
// has said is never overwritten by a file: a differing amount or status is
// counted and journalled, and the ledger keeps its own.
func (d *Desk) Import(ctx context.Context, profile, file string, orders []client.Order) (Imported, error) {
	p, err := d.Profile(profile)
	if err != nil {
		return Imported{}, err
	}
	var done Imported
	err = d.update(ctx, func(tx ledger.Tx) error {
		done = Imported{}
		for _, o := range orders {
			if err := d.importOne(tx, p, file, o, &done); err != nil {
				return err
			}
		}
		return d.append(tx, p.Name, "order.imported", file, detail{
			"added": done.Added, "changed": done.Changed, "same": done.Same, "differs": done.Differs,
		})
	}, feed.Change{Kind: feed.Orders, Profile: p.Name})
	return done, err
}

func (d *Desk) importOne(tx ledger.Tx, p Profile, file string, o client.Order, done *Imported) error {
	old, err := tx.Order(p.Name, o.OrderNo)
	if errors.Is(err, ledger.ErrNotFound) {
		done.Added++
		_, err = tx.PutOrder(ledger.Order{Order: o, Profile: p.Name, Gateway: p.Gateway, Source: SourceImport, UpdatedAt: d.clock()})
		return err
	}
	if err != nil {
		return err
	}
	if old.Source != SourceImport && (old.Amount != o.Amount || old.Status != o.Status) || old.Source == SourceImport && old.Amount != o.Amount {
		done.Differs++
		return d.append(tx, p.Name, "order.import-differs", o.OrderNo, detail{
			"file": file, "ledger_amount": old.Amount.String(), "file_amount": o.Amount.String(), "ledger_status": old.Status, "file_status": o.Status,
		})
	}
	next := fill(old, o)
	if next == old {
		done.Same++
		return nil
	}
	done.Changed++
	next.UpdatedAt = d.clock()
	_, err = tx.PutOrder(next)
	return err
}

// fill adds what the file knows and the ledger does not.
func fill(old ledger.Order, o client.Order) ledger.Order {
	next := old
	add := func(now *string, more string) {
		if *now == "" {
			*now = more
		}
	}
	add(&next.GatewayOrderNo, o.GatewayOrderNo)
	add(&next.ChannelNo, o.ChannelNo)
	add(&next.UserID, o.UserID)
	add(&next.Method, o.Method)
	add(&next.Brand, o.Brand)
	add(&next.Card, o.Card)
	add(&next.Note, o.Note)
	addTime := func(now *time.Time, more time.Time) {
		if now.IsZero() {
			*now = more
		}
	}
	addTime(&next.CreatedAt, o.CreatedAt)
	addTime(&next.PaidAt, o.PaidAt)
	if old.Source == SourceImport {
		next.Status = o.Status
	}
	return next
}
