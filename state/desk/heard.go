package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"paydesk/client"
	"paydesk/state/desk/moves"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// SourceCallback is the source of an order that a callback made known.
const SourceCallback = "callback"

// theGateway is who did it, in the journal lines about callbacks.
const theGateway = "gateway"

// Heard keeps a callback, durably when it returns nil, and makes the question
// that follows from it due: the state follows the answer, never the callback
// itself (I8). One that is not verified is kept as evidence and told in the
// journal; nothing follows from it (I7). fresh is false for a repeat, which is
// counted, told the first time, and followed by nothing (F9, F11).
func (d *Desk) Heard(ctx context.Context, profile string, n client.Notice) (fresh bool, err error) {
	p, err := d.Profile(profile)
	if err != nil {
		return false, err
	}
	n.Gateway = cmp.Or(n.Gateway, p.Gateway)
	now := d.clock()
	row := ledger.Notice{Notice: n, Profile: p.Name, Subject: n.Subject(), ReceivedAt: now, LastAt: now}
	err = d.update(ctx, func(tx ledger.Tx) error {
		met := meeting{}
		if n.Verified {
			var err error
			if met, err = d.meet(tx, p, &row); err != nil {
				return err
			}
		}
		var stored ledger.Notice
		if stored, fresh, err = tx.PutNotice(row); err != nil || stored.Times > 2 {
			return err
		}
		if fresh && met.due {
			met.refund.NextCheckAt = now
			if err := tx.UpdateRefund(met.refund); err != nil {
				return err
			}
		}
		kind := "callback." + string(n.Kind)
		if !n.Verified {
			kind = "callback.refused"
		}
		d.step(moves.StepHearing)
		return d.appendAs(tx, theGateway, p.Name, kind, cmp.Or(stored.Subject, p.Name), heardLine(stored, met))
	}, heardChanges(p.Name, n)...)
	d.step(moves.StepHeard)
	return fresh, err
}

// heardLine is the journal's content about a callback.
func heardLine(n ledger.Notice, met meeting) detail {
	line := detail{"verified": n.Verified, "callback": n.Kind, "notice_sha256": n.Digest, "body_sha256": n.BodyHash}
	for key, value := range map[string]string{
		"status": n.Status, "said": n.Said, "code": n.FailCode, "why": n.Reason, "event": n.Event, "order": n.OrderNo, "user": n.UserID,
		"gateway_refund_no": n.GatewayRefundNo, "gateway_order_no": n.GatewayOrderNo, "said_at": jsonTime(n.At), "differs": met.differs,
		"was": met.status,
	} {
		if value != "" {
			line[key] = value
		}
	}
	if n.Amount.Currency != "" {
		line["amount"], line["currency"] = n.Amount.Major(), n.Amount.Currency
	}
	if n.Orphan {
		line["orphan"] = true
	}
	if n.Times > 1 {
		line["times"], line["first_at"] = n.Times, jsonTime(n.ReceivedAt)
	}
	return line
}

// heardChanges names what a callback may have made due.
func heardChanges(profile string, n client.Notice) []feed.Change {
	switch {
	case !n.Verified:
		return nil
	case n.Kind == client.NoticeRefund:
		return []feed.Change{refundChange(profile, n.RefundNo)}
	case n.Kind == client.NoticePayment:
		return []feed.Change{orderChange(profile, n.OrderNo)}
	case n.Kind == client.NoticeToken:
		return []feed.Change{{Kind: feed.Tokens, Profile: profile, No: n.UserID}}
	}
	return nil
}

// meeting is what the ledger has of the thing that a callback names.
type meeting struct {
	refund  ledger.Refund
	due     bool   // the refund is to be asked about now
	status  string // what the ledger says of it
	differs string // in what the callback contradicts the ledger
}

// meet looks the subject up, corrects how row names it, and says what follows:
// a look at the refund, or an own question of the notice.
func (d *Desk) meet(tx ledger.Tx, p Profile, row *ledger.Notice) (meeting, error) {
	n := row.Notice
	var met meeting
	var err error
	switch n.Kind {
	case client.NoticeRefund:
		met.refund, err = eitherNumber(n.RefundNo, n.GatewayRefundNo, func(no string) (ledger.Refund, error) { return tx.Refund(p.Name, no) })
		if err == nil {
			return d.meetRefund(tx, met, row)
		}
		row.NextCheckAt = row.ReceivedAt
	case client.NoticePayment:
		var o ledger.Order
		o, err = eitherNumber(n.OrderNo, n.GatewayOrderNo, func(no string) (ledger.Order, error) { return tx.Order(p.Name, no) })
		if err == nil {
			row.Subject, met.status = o.OrderNo, string(o.Status)
			met.differs = cmp.Or(differentNumber("gateway number", n.GatewayOrderNo, o.GatewayOrderNo), differentAmount(n.Amount, o.Amount))
		}
		if err != nil || met.status != n.Status || met.differs != "" {
			row.NextCheckAt = row.ReceivedAt
		}
	case client.NoticeToken:
		var t ledger.Token
		if t, err = tx.Token(p.Name, n.Token); err == nil {
			met.status, met.differs = string(t.Status), differentNumber("user", n.UserID, t.UserID)
		}
		if user := cmp.Or(n.UserID, t.UserID); user != "" && (err != nil || met.status != n.Status) {
			row.NextCheckAt = row.ReceivedAt
		}
	default:
		return met, nil
	}
	if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrAmbiguous) {
		row.Orphan, err = true, nil
	}
	return met, err
}

// eitherNumber finds by the merchant's number, else by the gateway's.
func eitherNumber[T any](no, gatewayNo string, find func(string) (T, error)) (found T, err error) {
	err = ledger.ErrNotFound
	for _, one := range []string{no, gatewayNo} {
		if one != "" && errors.Is(err, ledger.ErrNotFound) {
			found, err = find(one)
		}
	}
	return found, err
}

// inFlightGrace is how long the answer to a send may still be awaited before the
// callback that overtook it is followed (F12).
const inFlightGrace = 2 * time.Second

// meetRefund says what follows from a callback about a refund that is known.
func (d *Desk) meetRefund(tx ledger.Tx, met meeting, row *ledger.Notice) (meeting, error) {
	r, n := met.refund, row.Notice
	order, err := tx.OrderByID(r.OrderID)
	if err != nil {
		return met, err
	}
	row.Subject, met.status = r.RefundNo, string(r.Status)
	met.differs = cmp.Or(
		differentNumber("order", n.OrderNo, r.OrderNo), differentNumber("gateway order", n.GatewayOrderNo, order.GatewayOrderNo),
		differentNumber("gateway number", n.GatewayRefundNo, r.GatewayRefundNo), differentAmount(n.Amount, r.Amount),
	)
	if met.status == n.Status && met.differs == "" {
		return met, nil // nothing new
	}
	switch {
	case r.Status == client.RefundSending:
		row.NextCheckAt = row.ReceivedAt.Add(inFlightGrace)
	case asksWhenDue(r):
		met.due = true
	case r.Status != client.RefundHeld && r.Status != client.RefundIntent: // those are asked about before they are sent
		row.NextCheckAt = row.ReceivedAt
	}
	return met, nil
}

// asksWhenDue reports whether Advance asks the gateway about a refund in this
// state.
func asksWhenDue(r ledger.Refund) bool {
	switch r.Status {
	case client.RefundUnknown, client.RefundPending, client.RefundSuccess:
		return true
	default:
		return moves.Clearing(r)
	}
}

func differentNumber(what, said, known string) string {
	if said == "" || known == "" || sameNo(said, known) {
		return ""
	}
	return fmt.Sprintf("its %s is %.80q, not %.80q", what, said, known)
}

func differentAmount(said, known client.Money) string {
	if said.Currency == "" || known.Currency == "" || said == known {
		return ""
	}
	if same, err := said.Rescale(known.Exp); err == nil && same == known {
		return ""
	}
	return fmt.Sprintf("its amount is %s, not %s", said, known)
}

// Waits between two questions about one callback: at first as long as a send may
// take, in the end half an hour; after a week nothing more is to be learnt.
const (
	noticeWait  = 2 * time.Second
	noticeSteps = 10
	noticeLife  = 7 * 24 * time.Hour
)

// AdvanceNotice asks the gateway what a callback told: about an order, a user's
// cards, a refund that this ledger did not know, or one whose end it contradicts.
// It is idempotent and may be called at any time; the error is what the step ran
// into, and the next step is due later.
func (d *Desk) AdvanceNotice(ctx context.Context, profile, digest string) error {
	key := profile + "|notice|" + digest
	if _, busy := d.inFlight.LoadOrStore(key, struct{}{}); busy {
		return nil
	}
	defer d.inFlight.Delete(key)
	p, err := d.Profile(profile)
	if err != nil {
		return err
	}
	n, err := d.store.Notice(ctx, profile, digest)
	if errors.Is(err, ledger.ErrNotFound) || (err == nil && (n.NextCheckAt.IsZero() || !n.Verified)) {
		return nil
	}
	if err != nil {
		return storageError(err)
	}
	done := true
	switch n.Kind {
	case client.NoticeRefund:
		done, err = d.followRefund(ctx, p, n)
	case client.NoticePayment:
		_, err = d.followOrder(ctx, p, client.OrderRef{OrderNo: n.OrderNo, GatewayOrderNo: n.GatewayOrderNo})
	case client.NoticeToken:
		err = d.followToken(ctx, p, n)
	default: // nothing follows
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(err, d.followed(context.WithoutCancel(ctx), p, n, done, err))
}

// followed stores when the next question is due, if any.
func (d *Desk) followed(ctx context.Context, p Profile, n ledger.Notice, done bool, cause error) error {
	now, given := d.clock(), ""
	n.Checks++
	switch class := client.ClassOf(cause); {
	case cause == nil && done:
		n.NextCheckAt = time.Time{}
	case class == client.ClassUnsupported, class == client.ClassInput, class == client.ClassNotFound && n.Checks >= noticeSteps,
		now.Sub(n.ReceivedAt) > noticeLife:
		n.NextCheckAt, given = time.Time{}, cmp.Or(string(class), "open")
	default:
		n.NextCheckAt = later(now.Add(noticeWait<<min(n.Checks-1, noticeSteps)), retryAfter(cause, now))
	}
	return d.update(ctx, func(tx ledger.Tx) error {
		if err := tx.UpdateNotice(n); err != nil || given == "" {
			return err
		}
		return d.append(tx, p.Name, "callback.unanswered", cmp.Or(n.Subject, p.Name), detail{
			"callback": n.Kind, "class": given, "checks": n.Checks, "notice_sha256": n.Digest,
		})
	})
}

// followRefund makes a refund due that can still change, asks about one whose
// end is contradicted, and takes in one that this ledger does not have.
func (d *Desk) followRefund(ctx context.Context, p Profile, n ledger.Notice) (done bool, err error) {
	r, err := eitherNumber(n.RefundNo, n.GatewayRefundNo, func(no string) (ledger.Refund, error) { return d.store.Refund(ctx, p.Name, no) })
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return d.adopt(ctx, p, n)
	case err != nil:
		return false, storageError(err)
	case string(r.Status) == n.Status, r.Status == client.RefundHeld, r.Status == client.RefundIntent:
		return true, nil
	case r.Status == client.RefundSending:
		return false, nil
	case asksWhenDue(r):
		_, err = d.change(ctx, p, r, nil, func(row *ledger.Refund) entry {
			if asksWhenDue(*row) {
				row.NextCheckAt = d.clock()
			}
			return entry{quiet: true}
		})
		return true, err
	}
	return true, d.askAgain(ctx, p, r)
}

// askAgain asks about a refund that has ended. An end is not taken back (I9), but
// money that moved after all must not go unseen.
func (d *Desk) askAgain(ctx context.Context, p Profile, r ledger.Refund) error {
	answer, err := d.askRefund(ctx, p, d.refOf(ctx, r))
	if err != nil {
		return err
	}
	_, err = d.change(ctx, p, r, &answer.Exchange, func(row *ledger.Refund) entry {
		moved := answer.Refund.Status == client.RefundSuccess || answer.Refund.Status == client.RefundPending
		if !moved || row.Status.Open() || row.Status == client.RefundSuccess || row.Alert == "conflict" {
			return entry{quiet: true}
		}
		row.Alert = "conflict"
		return entry{kind: "refund.conflict", detail: detail{"why": fmt.Sprintf("it was %s, and the gateway now says %s", row.Status, answer.Refund.Status)}}
	})
	return err
}

// askRefund asks the gateway about a refund by all that is known of it, and keeps
// the evidence of a failure.
func (d *Desk) askRefund(ctx context.Context, p Profile, ref client.RefundRef) (client.RefundAnswer, error) {
	g, err := d.Gateway(ctx, p.Name)
	if err != nil {
		return client.RefundAnswer{}, err
	}
	answer, err := d.find(ctx, g, ref)
	if err != nil {
		d.recordFailure(ctx, p, cmp.Or(ref.RefundNo, ref.GatewayRefundNo), "refund.query-failed", err)
	}
	return answer, unanswered(err)
}

// followOrder looks an order up and stores the answer.
func (d *Desk) followOrder(ctx context.Context, p Profile, ref client.OrderRef) (ledger.Order, error) {
	g, err := d.Gateway(ctx, p.Name)
	if err != nil {
		return ledger.Order{}, err
	}
	answer, err := findOrder(ctx, g, ref)
	if err != nil {
		d.recordFailure(ctx, p, cmp.Or(ref.OrderNo, ref.GatewayOrderNo), "order.lookup-failed", err)
		return ledger.Order{}, unanswered(err)
	}
	return d.storeOrder(context.WithoutCancel(ctx), p, answer, SourceCallback)
}

// prompt says why a refund is asked about: a callback that came since the last
// answer, or the plan alone. So it shows when callbacks were missed.
func (d *Desk) prompt(ctx context.Context, p Profile, r ledger.Refund) string {
	list, err := d.store.InboxOf(ctx, p.Name, r.RefundNo)
	if err == nil && slices.ContainsFunc(list, func(n ledger.Notice) bool { return n.Verified && n.ReceivedAt.After(r.Last.At) }) {
		return "callback"
	}
	return byPlan
}

// byPlan is the prompt of a question that nothing but the poll plan asked.
const byPlan = "poll"

// followToken lists the cards of the user whose card a callback named.
func (d *Desk) followToken(ctx context.Context, p Profile, n ledger.Notice) error {
	user := n.UserID
	if user == "" {
		t, err := d.store.Token(ctx, p.Name, n.Token)
		if err != nil {
			return notInLedger("token", n.Token, err)
		}
		user = t.UserID
	}
	_, err := d.Tokens(ctx, p.Name, user)
	return err
}
