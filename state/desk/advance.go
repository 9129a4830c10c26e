package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/state/desk/moves"
	"paydesk/state/desk/unsaved"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// confirmLife is how old a consent may be when an intent is first sent
// (reliability section 3).
const confirmLife = 15 * time.Minute

// historyLife is how long the gateway's word on an order and its refund
// numbers is fresh enough to send on.
const historyLife = time.Minute

func (d *Desk) historyKnown(o ledger.Order) bool {
	return !o.HistoryAt.IsZero() && d.clock().Sub(o.HistoryAt) < historyLife
}

// Alerts of a refund that the desk raises.
const (
	AlertConfirm = "confirm" // an intent that waits for its agent's renewed consent
	AlertWord    = "word"    // the gateway used a word for its state that this version does not know
	AlertTimer   = "timer"   // closed by a timer of the gateway: the money may have moved all the same
)

// Advance takes the one step that a refund's state allows now: end its undo
// window, send it, or ask the gateway about it. It is idempotent, may be
// called at any time, and returns the refund as it is afterwards. The error is
// what the step ran into; the refund is valid beside it.
func (d *Desk) Advance(ctx context.Context, profile, no string) (ledger.Refund, error) {
	key := profile + "|" + no
	if _, busy := d.inFlight.LoadOrStore(key, struct{}{}); busy {
		return d.refund(ctx, profile, no) // another goroutine is at it
	}
	defer d.inFlight.Delete(key)

	p, err := d.Profile(profile)
	if err != nil {
		return ledger.Refund{}, err
	}
	r, err := d.refund(ctx, profile, no)
	if err != nil {
		return r, err
	}
	switch r.Status {
	case client.RefundHeld:
		if d.clock().Before(r.HeldUntil) {
			return r, nil
		}
		if r, err = d.release(ctx, p, r); err != nil {
			return r, err
		}
		return d.advanceIntent(ctx, p, r)
	case client.RefundIntent:
		return d.advanceIntent(ctx, p, r)
	case client.RefundSending, client.RefundUnknown:
		return d.settle(ctx, p, r)
	case client.RefundPending, client.RefundSuccess:
		return d.query(ctx, p, r)
	case client.RefundFailed:
		if moves.Clearing(r) {
			return d.query(ctx, p, r)
		}
	case client.RefundClosed, client.RefundCancelled, client.RefundReversed:
	}
	return r, nil
}

func (d *Desk) refund(ctx context.Context, profile, no string) (ledger.Refund, error) {
	r, err := d.store.Refund(ctx, profile, no)
	if err != nil {
		return r, notInLedger("refund", no, err)
	}
	return r, nil
}

// release ends the undo window.
func (d *Desk) release(ctx context.Context, p Profile, r ledger.Refund) (ledger.Refund, error) {
	return d.change(ctx, p, r, nil, func(row *ledger.Refund) entry {
		if row.Status != client.RefundHeld {
			return skip() // cancelled, or released by another process
		}
		row.Status, row.NextCheckAt = client.RefundIntent, d.clock()
		d.step(moves.StepReleasing)
		return entry{kind: "refund.intent", detail: detail{"from": client.RefundHeld}}
	})
}

// advanceIntent sends an intent, asking first whether the gateway knows the
// number unless that was just learned while planning.
func (d *Desk) advanceIntent(ctx context.Context, p Profile, r ledger.Refund) (ledger.Refund, error) {
	if r.Status != client.RefundIntent {
		return r, nil
	}
	if d.clock().Sub(r.ConfirmedAt) > confirmLife {
		return d.change(ctx, p, r, nil, func(row *ledger.Refund) entry {
			if row.Status != client.RefundIntent || row.Alert == AlertConfirm {
				return skip()
			}
			row.Alert, row.NextCheckAt = AlertConfirm, time.Time{}
			return entry{kind: "refund.waits", detail: detail{"why": "the consent is older than 15 minutes"}}
		})
	}
	order, err := d.store.Order(ctx, p.Name, r.OrderNo)
	if err != nil {
		return r, notInLedger("order", r.OrderNo, err)
	}
	if !d.historyKnown(order) {
		r, err = d.query(ctx, p, r)
		if client.ClassOf(err) != client.ClassNotFound || r.Status != client.RefundIntent {
			return r, err
		}
	}
	return d.send(ctx, p, r)
}

// settle asks about a refund that may have been sent, and sends the same
// number again once the gateway has said often enough that it does not know
// it (I2; payermax section 8.4).
func (d *Desk) settle(ctx context.Context, p Profile, r ledger.Refund) (ledger.Refund, error) {
	r, err := d.query(ctx, p, r)
	if client.ClassOf(err) != client.ClassNotFound {
		return r, err
	}
	if r.Status != client.RefundSending && r.Status != client.RefundUnknown {
		return r, nil
	}
	g, gatewayErr := d.Gateway(ctx, p.Name)
	if gatewayErr != nil {
		return r, gatewayErr
	}
	if !moves.StepsDone(r, g.Capabilities().Pace.ResendAfter, d.clock()) {
		return r, nil
	}
	if r.Refused {
		return d.failRefused(ctx, p, r, g.Capabilities().Pace)
	}
	return d.send(ctx, p, r)
}

// send marks the refund as sending, durably (I1), sends it, and stores what
// came back.
func (d *Desk) send(ctx context.Context, p Profile, r ledger.Refund) (ledger.Refund, error) {
	g, err := d.Gateway(ctx, p.Name)
	if err != nil {
		return r, err // nothing was sent: the state stays
	}
	marked := false
	r, err = d.change(ctx, p, r, nil, func(row *ledger.Refund) entry {
		if row.Status != r.Status || row.Sends != r.Sends || row.Status != client.RefundSending && !moves.Can(row.Status, client.RefundSending) {
			return skip() // another process was faster
		}
		now := d.clock()
		row.Status, row.LastSentAt, row.Sends, row.NotFound, row.NotFoundSince = client.RefundSending, now, row.Sends+1, 0, time.Time{}
		if row.SentAt.IsZero() {
			row.SentAt = now
		}
		row.NextCheckAt, row.Alert, row.Refused = now.Add(moves.SendGrace), "", false
		marked = true
		d.step(moves.StepMarking)
		return entry{kind: "refund.sending", detail: detail{
			"send": row.Sends, "order": row.OrderNo, "amount": row.Amount.Major(), "currency": row.Amount.Currency,
		}}
	})
	if err != nil || !marked {
		return r, err
	}
	d.step(moves.StepMarked)
	order, err := d.store.Order(ctx, p.Name, r.OrderNo)
	if err != nil {
		return r, notInLedger("order", r.OrderNo, err)
	}
	answer, sendErr := g.Refund(ctx, client.RefundRequest{
		RefundNo: r.RefundNo, OrderNo: r.OrderNo, GatewayOrderNo: order.GatewayOrderNo, Amount: r.Amount, Reason: r.Reason,
	})
	d.step(moves.StepAnswered)
	// What came back is kept whatever happens to the caller.
	keep := context.WithoutCancel(ctx)
	r, err = d.sent(keep, p, r, answer, sendErr, g.Capabilities())
	d.step(moves.StepStored)
	if err == nil && sendErr != nil && r.Refused && ctx.Err() == nil {
		return d.confirmRefusal(ctx, p, r, sendErr)
	}
	return r, errors.Join(err, sendErr)
}

// sent stores the outcome of one send.
func (d *Desk) sent(ctx context.Context, p Profile, r ledger.Refund, answer client.RefundAnswer, sendErr error, can client.Capabilities) (ledger.Refund, error) {
	exchange := &answer.Exchange
	if sendErr != nil {
		exchange = client.ExchangeOf(sendErr)
	}
	attempt := r.Sends
	return d.changeSurely(ctx, p, r, exchange, func(row *ledger.Refund) entry {
		if row.Status != client.RefundSending || row.Sends != attempt {
			return skip() // settled meanwhile: evidence only (F4)
		}
		from := row.Status
		if sendErr == nil {
			d.believe(row, answer, can)
		} else {
			d.doubt(row, sendErr)
		}
		row.NextCheckAt = later(moves.NextLook(*row, can.Pace, d.clock(), d.jitter()), retryAfter(sendErr, d.clock()))
		d.step(moves.StepStoring)
		return entry{kind: "refund." + string(row.Status), detail: detail{"from": from, "to": row.Status, "class": client.ClassOf(sendErr)}}
	})
}

// doubt sets the state after a send that brought no believable state.
func (d *Desk) doubt(row *ledger.Refund, cause error) {
	switch client.ClassOf(cause) {
	case client.ClassNotSent, client.ClassInput, client.ClassConfig, client.ClassKeyring, client.ClassUnsupported:
		row.Status = client.RefundIntent // proven: nothing left the process
	case client.ClassRefused:
		// Only its own query proves that a refusal is final (I6).
		row.Status, row.Refused = client.RefundUnknown, true
		if x := client.ExchangeOf(cause); x != nil {
			row.FailCode = x.Code
		}
	case client.ClassSignature:
		row.Status, row.Alert = client.RefundUnknown, "signature"
	default:
		row.Status = client.RefundUnknown
		var e *client.Error
		if errors.As(cause, &e) && (e.Code == "signature" || e.Code == "wrong-echo") {
			row.Alert = e.Code
		}
	}
}

// confirmRefusal asks at once whether a refused number left a record, so that
// the agent hears "refused" and not "unknown".
func (d *Desk) confirmRefusal(ctx context.Context, p Profile, r ledger.Refund, refusal error) (ledger.Refund, error) {
	after, err := d.query(ctx, p, r)
	if client.ClassOf(err) != client.ClassNotFound {
		// The gateway holds a record: its state counts, not the refusal.
		if err == nil && after.Status != client.RefundUnknown {
			if after.Status == client.RefundFailed || after.Status == client.RefundClosed {
				return after, refusal
			}
			return after, nil
		}
		return after, errors.Join(refusal, err)
	}
	g, err := d.Gateway(ctx, p.Name)
	if err != nil {
		return after, errors.Join(refusal, err)
	}
	signed := client.ExchangeOf(refusal)
	believable := signed != nil && (signed.Verified || after.Last.Verified || g.Capabilities().UnsignedAnswers)
	if after.Status != client.RefundUnknown || !believable {
		return after, refusal
	}
	failed, err := d.failRefused(ctx, p, after, g.Capabilities().Pace)
	return failed, errors.Join(refusal, err)
}

// failRefused makes a refusal final: the gateway refused the number and, asked
// for it, holds no record. The number is looked at until it may serve again.
func (d *Desk) failRefused(ctx context.Context, p Profile, r ledger.Refund, pace client.Pace) (ledger.Refund, error) {
	return d.change(ctx, p, r, nil, func(row *ledger.Refund) entry {
		if row.Status != client.RefundUnknown || !row.Refused || row.NotFound == 0 {
			return skip()
		}
		row.Status, row.SettledAt = client.RefundFailed, d.clock()
		row.NextCheckAt = moves.NextLook(*row, pace, d.clock(), d.jitter())
		d.step(moves.StepRefusing)
		return entry{kind: "refund.failed", detail: detail{"why": "refused, and the gateway holds no record of the number", "code": row.FailCode}}
	})
}

// changeSurely is change for what a gateway said of a refund that was sent: when
// the disk is full, the reserve is given up for it; when that is not enough, it is
// kept in memory until it can be stored (F17).
func (d *Desk) changeSurely(ctx context.Context, p Profile, r ledger.Refund, x *client.Exchange, fn func(*ledger.Refund) entry) (ledger.Refund, error) {
	after, err := d.change(ctx, p, r, x, fn)
	if client.ClassOf(err) != client.ClassStorage {
		return after, err
	}
	if reserve, ok := d.store.(ledger.Reserve); ok && reserve.FreeReserve() {
		d.log.Warn("the disk is full: the reserve was given up", "refund", r.RefundNo)
		if after, err = d.change(ctx, p, r, x, fn); client.ClassOf(err) != client.ClassStorage {
			return after, err
		}
	}
	answer := unsaved.Answer{Profile: p.Name, No: r.RefundNo, At: d.clock()}
	if x != nil {
		answer.Said = x.Code
	}
	d.unsaved.Keep(answer, func(ctx context.Context) error {
		_, err := d.change(ctx, p, r, x, fn)
		return err
	})
	return after, err
}

// Unsaved lists the answers of gateways that the ledger could not store, oldest
// first: to be shown, and printed when the program ends.
func (d *Desk) Unsaved() []unsaved.Answer { return d.unsaved.Waiting() }

// SaveUnsaved tries to store them; the error is the ledger's.
func (d *Desk) SaveUnsaved(ctx context.Context) error { return d.unsaved.Save(ctx) }

// entry is what one decision about a refund writes into the journal.
type entry struct {
	kind   string
	detail detail
	quiet  bool // the row changes, but only its bookkeeping: polling must not flood the journal
	skip   bool // nothing changes at all
}

// skip leaves the row as it is: another process was faster.
func skip() entry { return entry{skip: true} }

// change alters one refund in one decision, with the evidence x of an exchange
// where there was one. fn sees the row as it is in the transaction.
func (d *Desk) change(ctx context.Context, p Profile, r ledger.Refund, x *client.Exchange, fn func(*ledger.Refund) entry) (ledger.Refund, error) {
	var row ledger.Refund
	err := d.update(ctx, func(tx ledger.Tx) (err error) {
		if row, err = tx.Refund(p.Name, r.RefundNo); err != nil {
			return notInLedger("refund", r.RefundNo, err)
		}
		// Old news: somebody heard from the gateway after this was asked (I9). When
		// nobody did, it is news whatever the clock says, which may have been set
		// back meanwhile (F13).
		if x != nil && row.Last != r.Last && row.Last.At.After(x.At) {
			return d.keepEvidence(tx, p, row, x)
		}
		before := row
		line := fn(&row)
		if line.skip {
			row = before
			return d.keepEvidence(tx, p, row, x)
		}
		if x != nil {
			if !line.quiet || row.Last.Code != x.Code || row.Last.Verified != x.Verified {
				if err := d.keepEvidence(tx, p, row, x); err != nil {
					return err
				}
			}
			row.Last = ledger.Last{Code: x.Code, Message: x.Message, Verified: x.Verified, At: x.At}
		}
		row.UpdatedAt = d.clock()
		if err := tx.UpdateRefund(row); err != nil || line.quiet {
			return err
		}
		return d.append(tx, p.Name, line.kind, row.RefundNo, withDigests(line.detail, x))
	}, refundChange(p.Name, r.RefundNo), orderChange(p.Name, r.OrderNo), feed.Change{Kind: feed.Link, Profile: p.Name})
	if err != nil {
		return r, fmt.Errorf("desk: refund %s: %w", r.RefundNo, err)
	}
	return row, nil
}

func (d *Desk) keepEvidence(tx ledger.Tx, p Profile, r ledger.Refund, x *client.Exchange) error {
	if x == nil {
		return nil
	}
	return tx.PutEvidence(ledger.Evidence{Exchange: *x, Profile: p.Name, Subject: r.RefundNo})
}

// withDigests adds what was heard, by digest, to a journal line (I13).
func withDigests(content detail, x *client.Exchange) detail {
	if x == nil {
		return content
	}
	content["code"], content["verified"] = x.Code, x.Verified
	content["request_sha256"], content["answer_sha256"] = x.RequestHash, x.AnswerHash
	return content
}

func later(a, b time.Time) time.Time {
	if a.IsZero() || a.After(b) {
		return a
	}
	return b
}

// retryAfter is when a gateway that asked us to wait may be asked again.
func retryAfter(err error, now time.Time) time.Time {
	var e *client.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		return now.Add(e.RetryAfter)
	}
	return time.Time{}
}
