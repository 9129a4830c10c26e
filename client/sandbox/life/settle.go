package life

import (
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
)

// How long things take at a speed of one.
const (
	lateAfter  = time.Minute              // a late failure, after the success
	tokenLife  = 3 * 365 * 24 * time.Hour // a card saved by a payment
	pageMethod = "CARD"                   // what the payer of the payment page uses
	pageBrand  = "VISA"
	pageCard   = "400000******4242"
)

// orderDue is when an order wants to be looked at; zero: never.
func orderDue(o book.Order) time.Time {
	if o.Status != client.OrderPending {
		return time.Time{}
	}
	if o.DueAt.IsZero() || (!o.ExpiresAt.IsZero() && o.ExpiresAt.Before(o.DueAt)) {
		return o.ExpiresAt
	}
	return o.DueAt
}

func (e *Engine) orderIsDue(gateway, no string) error {
	return e.Book.Update(e.Now(), "order ended", func(tx *book.Tx) error {
		o, ok := tx.Order(gateway, no)
		at := orderDue(o)
		switch now := e.Clock(); {
		case !ok || at.IsZero() || at.After(now):
			return nil
		case at.Equal(o.DueAt) && o.Plan == book.Success:
			e.endOrder(tx, o, client.OrderPaid)
		case at.Equal(o.DueAt) && o.Plan == book.Failed:
			e.endOrder(tx, o, client.OrderFailed)
		default:
			e.endOrder(tx, o, client.OrderClosed)
		}
		return nil
	})
}

// endOrder stages the end of a payment, the card that it saves, and the
// callbacks.
func (e *Engine) endOrder(tx *book.Tx, o book.Order, status client.OrderStatus) {
	// The engine's clock reads the book, which is locked here.
	now, host := e.Clock().Add(tx.Offset()).UTC(), e.Clock()
	o.Status, o.PaidAt, o.DueAt = status, now, time.Time{}
	if status == client.OrderPaid && o.Method == "" {
		o.Method = pageMethod
	}
	if status == client.OrderPaid && o.Method == pageMethod && o.Card == "" {
		o.Brand, o.Card = pageBrand, pageCard
	}
	saves := o.Saves
	if o.Saves = ""; status == client.OrderPaid && saves != "" {
		o.Token = saves
		t := book.Token{
			Gateway: o.Gateway, Token: saves, UserID: o.UserID, Status: client.TokenActive, Method: o.Method, Brand: o.Brand,
			Card: o.Card, OrderNo: o.OrderNo, NotifyURL: o.NotifyURL, CreatedAt: now, ExpiresAt: now.Add(tokenLife).Truncate(24 * time.Hour),
		}
		tx.PutToken(t)
		e.notice(tx, book.Notice{Gateway: o.Gateway, Kind: book.TokenNotice, No: t.Token, URL: t.NotifyURL, Token: &t, At: now, NextAt: host})
	}
	tx.PutOrder(o)
	e.notice(tx, book.Notice{Gateway: o.Gateway, Kind: book.PaymentNotice, No: o.OrderNo, URL: o.NotifyURL, Order: &o, At: now, NextAt: host})
}

// Pay ends a payment the way its payer chose on the payment page; Stay leaves
// it to its time limit. A payment that has ended already is returned as it is.
func (e *Engine) Pay(gateway, gatewayOrderNo string, outcome book.Outcome) (book.Order, error) {
	err := e.Book.Update(e.Now(), "payer chose "+string(outcome), func(tx *book.Tx) error {
		o, ok := tx.OrderByGatewayNo(gateway, gatewayOrderNo)
		switch {
		case !ok:
			return notFound("payment", gatewayOrderNo)
		case o.Status != client.OrderPending:
		case outcome == book.Success:
			e.endOrder(tx, o, client.OrderPaid)
		case outcome == book.Failed:
			e.endOrder(tx, o, client.OrderFailed)
		default:
			o.DueAt = time.Time{}
			tx.PutOrder(o)
		}
		return nil
	})
	var after book.Order
	e.Book.View(func(s *book.State) { after, _ = s.OrderByGatewayNo(gateway, gatewayOrderNo) })
	return after, err
}

func (e *Engine) refundIsDue(gateway, no string) error {
	return e.Book.Update(e.Now(), "refund settled", func(tx *book.Tx) error {
		r, ok := tx.Refund(gateway, no)
		switch {
		case !ok || r.DueAt.IsZero() || r.DueAt.After(e.Clock()):
		case r.Status == client.RefundSuccess && r.Late:
			e.endRefund(tx, r, client.RefundFailed)
		case r.Status == client.RefundPending && r.Plan == book.Success:
			e.endRefund(tx, r, client.RefundSuccess)
		case r.Status == client.RefundPending && r.Plan == book.Failed:
			e.endRefund(tx, r, client.RefundFailed)
		case (r.Status == client.RefundPending || r.Status == client.RefundUnknown) && r.Plan == book.Closed:
			e.endRefund(tx, r, client.RefundClosed)
		}
		return nil
	})
}

// endRefund stages the end of a refund: money leaves exactly where an open one
// turns into a success, and nowhere else.
func (e *Engine) endRefund(tx *book.Tx, r book.Refund, status client.RefundStatus) {
	now, host := e.Clock().Add(tx.Offset()).UTC(), e.Clock()
	r.Status, r.SettledAt, r.DueAt = status, now, time.Time{}
	if status == client.RefundSuccess {
		tx.Move(r)
		if r.Late {
			r.DueAt = host.Add(e.Pace.Scale(lateAfter))
		}
	}
	tx.PutRefund(r)
	e.notice(tx, book.Notice{Gateway: r.Gateway, Kind: book.RefundNotice, No: r.RefundNo, URL: r.NotifyURL, Refund: &r, At: now, NextAt: host})
}

// Settle ends a refund now. A success may be turned into a failure, as a bank
// can do; a failure never into a success, for which the merchant must refund
// again. Errors are ClassNotFound and ClassConflict.
func (e *Engine) Settle(gateway, refundNo string, status client.RefundStatus) (book.Refund, error) {
	err := e.Book.Update(e.Now(), "refund settled by hand", func(tx *book.Tx) error {
		r, ok := tx.Refund(gateway, refundNo)
		switch {
		case !ok:
			return notFound("refund", refundNo)
		case r.Status == status:
			return nil
		case r.Status == client.RefundPending, r.Status == client.RefundUnknown, r.Status == client.RefundSuccess && status == client.RefundFailed:
			e.endRefund(tx, r, status)
			return nil
		default:
			return &client.Error{
				Class: client.ClassConflict, Code: "settled", Message: fmt.Sprintf("refund %.80q is %s already", refundNo, r.Status),
				Hint: "a pending refund can become success, failed or closed, a success can still fail",
			}
		}
	})
	var after book.Refund
	e.Book.View(func(s *book.State) { after, _ = s.Refund(gateway, refundNo) })
	return after, err
}

// notice stages a callback if there is anywhere to send it.
func (e *Engine) notice(tx *book.Tx, n book.Notice) {
	if n.URL != "" || e.Portal(n.Gateway) != "" {
		tx.PutNotice(n)
	}
}

func notFound(what, no string) error {
	return &client.Error{
		Class: client.ClassNotFound, Code: "not-found", Message: fmt.Sprintf("there is no %s %.80q", what, no),
		Hint: "the control interface lists what there is",
	}
}
