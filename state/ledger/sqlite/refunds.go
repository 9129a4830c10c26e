package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// openStates is client.RefundStatus.Open in SQL, exactly as in the partial
// index that it must match.
const openStates = "('held', 'intent', 'sending', 'unknown', 'pending')"

const refundColumns = `r.id, r.order_id, r.profile, r.gateway, r.merchant, r.refund_no, r.gateway_no, r.order_no, r.amount, r.currency,
	r.exp, r.status, r.fail_code, r.settled_at, r.attempt, r.reason, r.note, r.agent, r.plan_hash, r.made_elsewhere, r.no_record,
	r.refused, r.alert, r.created_at, r.confirmed_at, r.held_until, r.sent_at, r.last_sent_at, r.sends, r.checks, r.not_found,
	r.not_found_since, r.next_check_at, r.last_code, r.last_message, r.last_verified, r.last_at, r.updated_at`

func scanRefund(row row) (r ledger.Refund, err error) {
	err = row.Scan(
		&r.ID, &r.OrderID, &r.Profile, &r.Gateway, &r.Merchant, &r.RefundNo, &r.GatewayRefundNo, &r.OrderNo, &r.Amount.Minor,
		&r.Amount.Currency, &r.Amount.Exp, &r.Status, &r.FailCode, when{&r.SettledAt}, &r.Attempt, &r.Reason, &r.Note, &r.Agent,
		&r.PlanHash, &r.Foreign, &r.NoRecord, &r.Refused, &r.Alert, when{&r.CreatedAt}, when{&r.ConfirmedAt}, when{&r.HeldUntil},
		when{&r.SentAt}, when{&r.LastSentAt}, &r.Sends, &r.Checks, &r.NotFound, when{&r.NotFoundSince}, when{&r.NextCheckAt},
		&r.Last.Code, &r.Last.Message, &r.Last.Verified, when{&r.Last.At}, when{&r.UpdatedAt})
	return r, err
}

// findRefund finds by the merchant's refund number, else by the gateway's. Of
// several intents of one account that used one number, the newest counts.
func findRefund(ctx context.Context, q querier, profile, no string) (ledger.Refund, error) {
	if no == "" {
		return ledger.Refund{}, ledger.ErrNotFound
	}
	for _, column := range []string{"refund_no", "gateway_no"} {
		list, err := all(ctx, q, "refund", scanRefund, "SELECT "+refundColumns+" FROM refunds r WHERE r."+column+" = ?1 AND r."+column+
			" <> '' AND (?2 = '' OR r.profile = ?2) ORDER BY r.id DESC", no, profile)
		if err != nil {
			return ledger.Refund{}, err
		}
		for _, r := range list[min(len(list), 1):] {
			if newest := list[0]; r.Profile != newest.Profile || r.RefundNo != newest.RefundNo {
				return ledger.Refund{}, ledger.ErrAmbiguous
			}
		}
		if len(list) > 0 {
			return list[0], nil
		}
	}
	return ledger.Refund{}, ledger.ErrNotFound
}

func refundsOf(ctx context.Context, q querier, orderID int64) ([]ledger.Refund, error) {
	return all(ctx, q, "refunds of order", scanRefund, "SELECT "+refundColumns+" FROM refunds r WHERE r.order_id = ? ORDER BY r.id", orderID)
}

// Refund finds one refund by either of its numbers.
func (s *Store) Refund(ctx context.Context, profile, no string) (ledger.Refund, error) {
	return findRefund(ctx, s.reader(), profile, no)
}

// RefundsOf lists the refunds of an order in the order they were made.
func (s *Store) RefundsOf(ctx context.Context, orderID int64) ([]ledger.Refund, error) {
	return refundsOf(ctx, s.reader(), orderID)
}

// OpenRefunds lists what must still be settled, oldest first.
func (s *Store) OpenRefunds(ctx context.Context, profile string) ([]ledger.Refund, error) {
	return all(ctx, s.reader(), "open refunds", scanRefund, "SELECT "+refundColumns+" FROM refunds r WHERE r.status IN "+openStates+
		" AND (?1 = '' OR r.profile = ?1) ORDER BY r.created_at, r.id", profile)
}

func (t *tx) Refund(profile, no string) (ledger.Refund, error) {
	return findRefund(t.ctx, t, profile, no)
}

func (t *tx) RefundsOf(orderID int64) ([]ledger.Refund, error) { return refundsOf(t.ctx, t, orderID) }

// RefundedSince sums what reserved or moved money; refunds made elsewhere are
// nobody's intents.
func (t *tx) RefundedSince(profile, agent, currency string, since time.Time) (int64, error) {
	return one(t.ctx, t, "refunded since", scanInt, `SELECT coalesce(sum(r.amount), 0) FROM refunds r
		WHERE r.profile = ?1 AND r.currency = ?2 AND r.created_at >= ?3 AND (?4 = '' OR r.agent = ?4 COLLATE BINARY)
		AND r.made_elsewhere = 0 AND (r.status IN `+openStates+" OR r.status IN ('success', 'reversed'))",
		profile, currency, micros(since), agent)
}

// InsertRefund adds an intent.
func (t *tx) InsertRefund(r ledger.Refund) (ledger.Refund, error) {
	currency, err := one(t.ctx, t, "insert refund", scanText, "SELECT currency FROM orders WHERE id = ?", r.OrderID)
	if err != nil {
		return ledger.Refund{}, fmt.Errorf("ledger/sqlite: refund %s of order row %d: %w", r.RefundNo, r.OrderID, err)
	}
	if r.Amount.Currency != "" && r.Amount.Currency != currency {
		return ledger.Refund{}, fmt.Errorf("ledger/sqlite: refund %s is in %s, its order in %s", r.RefundNo, r.Amount.Currency, currency)
	}
	now := t.store.clock().UTC()
	if r.CreatedAt.IsZero() {
		r.CreatedAt = now
	}
	if r.UpdatedAt.IsZero() {
		r.UpdatedAt = now
	}
	args, err := refundArgs(r)
	if err != nil {
		return ledger.Refund{}, err
	}
	r.ID, err = one(t.ctx, t, "insert refund", scanInt, `INSERT INTO refunds (order_id, profile, gateway, merchant, refund_no, gateway_no,
			order_no, amount, currency, exp, amount_e4, status, fail_code, settled_at, attempt, reason, note, agent, plan_hash,
			made_elsewhere, no_record, refused, alert, created_at, confirmed_at, held_until, sent_at, last_sent_at, sends, checks,
			not_found, not_found_since, next_check_at, last_code, last_message, last_verified, last_at, updated_at, queue)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,
			?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39) RETURNING id`, args...)
	if err != nil {
		return ledger.Refund{}, t.explain(r, err)
	}
	return r, t.sum(r.OrderID, r.UpdatedAt)
}

// UpdateRefund replaces the row with r.ID.
func (t *tx) UpdateRefund(r ledger.Refund) error {
	if r.UpdatedAt.IsZero() {
		r.UpdatedAt = t.store.clock().UTC()
	}
	args, err := refundArgs(r)
	if err != nil {
		return err
	}
	err = t.change("update refund", `UPDATE refunds SET profile = ?2, gateway = ?3, merchant = ?4, refund_no = ?5, gateway_no = ?6,
			order_no = ?7, amount = ?8, currency = ?9, exp = ?10, amount_e4 = ?11, status = ?12, fail_code = ?13, settled_at = ?14,
			attempt = ?15, reason = ?16, note = ?17, agent = ?18, plan_hash = ?19, made_elsewhere = ?20, no_record = ?21,
			refused = ?22, alert = ?23, created_at = ?24, confirmed_at = ?25, held_until = ?26, sent_at = ?27, last_sent_at = ?28,
			sends = ?29, checks = ?30, not_found = ?31, not_found_since = ?32, next_check_at = ?33, last_code = ?34,
			last_message = ?35, last_verified = ?36, last_at = ?37, updated_at = ?38, queue = ?39
		WHERE id = ?40 AND order_id = ?1`, append(args, r.ID)...)
	if err != nil {
		return t.explain(r, err)
	}
	return t.sum(r.OrderID, r.UpdatedAt)
}

// explain turns the answer of a unique index into the ledger's words.
func (t *tx) explain(r ledger.Refund, err error) error {
	if !isUnique(err) {
		return err
	}
	if r.Status.Open() {
		open, asking := one(t.ctx, t, "open refund", scanText,
			"SELECT refund_no FROM refunds WHERE order_id = ? AND id <> ? AND status IN "+openStates, r.OrderID, r.ID)
		if asking == nil {
			return fmt.Errorf("ledger/sqlite: refund %s of order %s: refund %s: %w", r.RefundNo, r.OrderNo, open, ledger.ErrOpen)
		}
	}
	return fmt.Errorf("ledger/sqlite: refund %s: %w", r.RefundNo, ledger.ErrExists)
}

// sum brings the sums of an order up to date with its refunds. They are added
// in ten-thousandths and, should a sum not be a whole number of the order's
// minor units, rounded up: never is more left to refund than there is.
func (t *tx) sum(orderID int64, at time.Time) error {
	return t.change("sum refunds", `UPDATE orders SET
			refunded = (s.refunded + s.unit - 1) / s.unit, reserved = (s.reserved + s.unit - 1) / s.unit,
			open_refund = s.open_refund, open_status = s.open_status, updated_at = max(updated_at, ?2)
		FROM (SELECT
				coalesce(sum(r.amount_e4) FILTER (WHERE r.status = 'success'), 0) AS refunded,
				coalesce(sum(r.amount_e4) FILTER (WHERE r.status IN `+openStates+`), 0) AS reserved,
				coalesce(max(r.refund_no) FILTER (WHERE r.status IN `+openStates+`), '') AS open_refund,
				coalesce(max(r.status) FILTER (WHERE r.status IN `+openStates+`), '') AS open_status,
				(SELECT CASE exp WHEN 4 THEN 1 WHEN 3 THEN 10 WHEN 2 THEN 100 WHEN 1 THEN 1000 ELSE 10000 END
					FROM orders WHERE id = ?1) AS unit
			FROM refunds r WHERE r.order_id = ?1) AS s
		WHERE id = ?1`, orderID, micros(at))
}

func refundArgs(r ledger.Refund) ([]any, error) {
	e4, err := scaled(r.Amount)
	if err != nil {
		return nil, fmt.Errorf("refund %s: %w", r.RefundNo, err)
	}
	return []any{
		r.OrderID, r.Profile, r.Gateway, r.Merchant, r.RefundNo, r.GatewayRefundNo, r.OrderNo, r.Amount.Minor, r.Amount.Currency,
		r.Amount.Exp, e4, string(r.Status), r.FailCode, micros(r.SettledAt), r.Attempt, r.Reason, r.Note, r.Agent, r.PlanHash,
		r.Foreign, r.NoRecord, r.Refused, r.Alert, micros(r.CreatedAt), micros(r.ConfirmedAt), micros(r.HeldUntil), micros(r.SentAt),
		micros(r.LastSentAt), r.Sends, r.Checks, r.NotFound, micros(r.NotFoundSince), micros(r.NextCheckAt), r.Last.Code,
		r.Last.Message, r.Last.Verified, micros(r.Last.At), micros(r.UpdatedAt), queue(r),
	}, nil
}

// queue is a refund's place in the list: unknown first, then alerts, then open
// ones, each oldest first, then what is settled, newest first. Below the class
// lie 53 bits of microseconds, enough until the year 2255.
func queue(r ledger.Refund) int64 {
	const bits = 53
	var class int64
	at := micros(r.CreatedAt)
	switch {
	case r.Status == client.RefundUnknown:
		class = 0
	case r.Alert != "":
		class = 1
	case r.Status.Open():
		class = 2
	default:
		class = 3
		if !r.SettledAt.IsZero() {
			at = micros(r.SettledAt)
		}
	}
	at = min(max(at, 0), math.MaxInt64>>(63-bits))
	if class == 3 {
		at = math.MaxInt64>>(63-bits) - at
	}
	return class<<bits | at
}

func scanDue(r row) (d ledger.Due, err error) {
	err = r.Scan(&d.Profile, &d.Kind, &d.No, &d.Status, when{&d.At}, when{&d.Since}, &d.Checks)
	return d, err
}

const (
	dueRefunds = `SELECT profile, 'refund', refund_no, status, next_check_at AS at, iif(sent_at > 0, sent_at, created_at), checks
		FROM refunds WHERE next_check_at > 0 AND next_check_at <= ?1`
	dueUnbinds = `SELECT profile, 'unbind', token, status, next_check_at AS at, created_at, checks
		FROM unbinds WHERE next_check_at > 0 AND next_check_at <= ?1`
	dueNotices = `SELECT profile, 'notice', digest, '', next_check_at AS at, received_at, checks
		FROM inbox WHERE next_check_at > 0 AND next_check_at <= ?1`
)

// Due lists what is due at or before a time, earliest first.
func (s *Store) Due(ctx context.Context, profile string, before time.Time, limit int) ([]ledger.Due, error) {
	if limit <= 0 {
		return nil, nil
	}
	if profile == "" {
		return all(ctx, s.reader(), "due", scanDue,
			dueRefunds+" UNION ALL "+dueUnbinds+" UNION ALL "+dueNotices+" ORDER BY at LIMIT ?2", before.UnixMicro(), limit)
	}
	const own = " AND profile = ?3"
	return all(ctx, s.reader(), "due", scanDue,
		dueRefunds+own+" UNION ALL "+dueUnbinds+own+" UNION ALL "+dueNotices+own+" ORDER BY at LIMIT ?2", before.UnixMicro(), limit, profile)
}

// NextDue is the earliest time after which something is due.
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	at, err := one(ctx, s.reader(), "next due", func(r row) (at time.Time, err error) {
		err = r.Scan(when{&at})
		return at, err
	}, `SELECT min(at) FROM (SELECT min(next_check_at) AS at FROM refunds WHERE next_check_at > 0
		UNION ALL SELECT min(next_check_at) FROM unbinds WHERE next_check_at > 0
		UNION ALL SELECT min(next_check_at) FROM inbox WHERE next_check_at > 0) WHERE at IS NOT NULL HAVING min(at) IS NOT NULL`)
	if errors.Is(err, ledger.ErrNotFound) {
		return time.Time{}, false, nil
	}
	return at, err == nil, err
}

// Counters are the figures that are always on screen.
func (s *Store) Counters(ctx context.Context, profiles []string) (ledger.Counters, error) {
	in := conditions{}
	if len(profiles) > 0 {
		in.addIn("profile", texts(profiles))
	}
	args := append(append(append(append([]any{}, in.args...), in.args...), in.args...), in.args...)
	return one(ctx, s.reader(), "counters", func(r row) (c ledger.Counters, err error) {
		err = r.Scan(&c.Orders, &c.Pending, &c.Unknown, &c.Alerts)
		return c, err
	}, "SELECT (SELECT coalesce(sum(orders), 0) FROM totals WHERE "+in.sql()+"), "+
		"(SELECT count(*) FROM refunds WHERE status IN ('held', 'intent', 'sending', 'pending') AND "+in.sql()+"), "+
		"(SELECT count(*) FROM refunds WHERE status = 'unknown' AND "+in.sql()+"), "+
		"(SELECT count(*) FROM refunds WHERE alert <> '' AND "+in.sql()+")", args...)
}
