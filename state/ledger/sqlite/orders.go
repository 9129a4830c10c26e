package sqlite

import (
	"context"
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// seekBits is how many orders may share one millisecond of placed_at: an
// import whose file knows days only puts a day's orders into one.
const seekBits = 21

const orderColumns = `o.id, o.profile, o.gateway, o.order_no, o.gateway_no, o.channel_no, o.user_id, o.amount, o.currency, o.exp,
	o.status, o.method, o.brand, o.card, o.note, o.fail_code, o.created_at, o.paid_at, o.refunded, o.reserved, o.open_refund,
	o.open_status, o.source, o.history_at, o.updated_at`

// when reads and writes a time: microseconds since 1970, 0 for the zero time.
type when struct{ t *time.Time }

func (w when) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("ledger/sqlite: a time is %T, not a number", v)
	}
	*w.t = time.Time{}
	if n != 0 {
		*w.t = time.UnixMicro(n).UTC()
	}
	return nil
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func orderFields(o *ledger.Order) []any {
	return []any{
		&o.ID, &o.Profile, &o.Gateway, &o.OrderNo, &o.GatewayOrderNo, &o.ChannelNo, &o.UserID, &o.Amount.Minor,
		&o.Amount.Currency, &o.Amount.Exp, &o.Status, &o.Method, &o.Brand, &o.Card, &o.Note, &o.FailCode,
		when{&o.CreatedAt},
		when{&o.PaidAt},
		&o.Refunded.Minor, &o.Reserved.Minor, &o.OpenRefund, &o.OpenStatus, &o.Source,
		when{&o.HistoryAt},
		when{&o.UpdatedAt},
	}
}

func completeOrder(o *ledger.Order) {
	o.Refunded.Currency, o.Refunded.Exp = o.Amount.Currency, o.Amount.Exp
	o.Reserved.Currency, o.Reserved.Exp = o.Amount.Currency, o.Amount.Exp
}

func scanOrder(r row) (o ledger.Order, err error) {
	err = r.Scan(orderFields(&o)...)
	completeOrder(&o)
	return o, err
}

// stored is an order with the columns that only the store knows.
type stored struct {
	ledger.Order
	placed time.Time
	seek   int64
}

func scanStored(r row) (s stored, err error) {
	err = r.Scan(append(orderFields(&s.Order), when{&s.placed}, &s.seek)...)
	completeOrder(&s.Order)
	return s, err
}

// findOrder finds by the merchant's number; only when that finds nothing, by
// the gateway's and the channel's. So the merchant's own number always leads
// to its order, whatever another order carries as a foreign number.
func findOrder(ctx context.Context, q querier, profile, no string) (ledger.Order, error) {
	if no == "" {
		return ledger.Order{}, ledger.ErrNotFound
	}
	of := "(?2 = '' OR o.profile = ?2)"
	list, err := all(ctx, q, "order", scanOrder,
		"SELECT "+orderColumns+" FROM orders o WHERE o.order_no = ?1 AND "+of+" LIMIT 2", no, profile)
	if err == nil && len(list) == 0 {
		list, err = all(ctx, q, "order", scanOrder, "SELECT "+orderColumns+` FROM orders o WHERE o.id IN (
			SELECT id FROM orders WHERE gateway_no = ?1 AND gateway_no <> ''
			UNION SELECT id FROM orders WHERE channel_no = ?1 AND channel_no <> '') AND `+of+" LIMIT 2", no, profile)
	}
	switch {
	case err != nil:
		return ledger.Order{}, err
	case len(list) == 0:
		return ledger.Order{}, ledger.ErrNotFound
	case len(list) > 1:
		return ledger.Order{}, ledger.ErrAmbiguous
	}
	return list[0], nil
}

// Order finds one order by any of its numbers.
func (s *Store) Order(ctx context.Context, profile, no string) (ledger.Order, error) {
	return findOrder(ctx, s.reader(), profile, no)
}

func (t *tx) Order(profile, no string) (ledger.Order, error) {
	return findOrder(t.ctx, t, profile, no)
}

func (t *tx) OrderByID(id int64) (ledger.Order, error) {
	return one(t.ctx, t, "order", scanOrder, "SELECT "+orderColumns+" FROM orders o WHERE o.id = ?", id)
}

const insertOrder = `INSERT INTO orders (profile, gateway, order_no, gateway_no, channel_no, user_id, amount, currency, exp,
		amount_e4, status, method, brand, card, note, fail_code, created_at, paid_at, source, history_at, updated_at, placed_at, seek)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
		(SELECT coalesce(max(seek) + 1, ?23) FROM orders WHERE seek >= ?23 AND seek < ?24))
	ON CONFLICT (order_no, profile) DO NOTHING`

const updateOrder = `UPDATE orders SET gateway = ?2, order_no = ?3, gateway_no = ?4, channel_no = ?5, user_id = ?6, amount = ?7,
		currency = ?8, exp = ?9, amount_e4 = ?10, status = ?11, method = ?12, brand = ?13, card = ?14, note = ?15, fail_code = ?16,
		created_at = ?17, paid_at = ?18, source = ?19, history_at = ?20, updated_at = ?21, placed_at = ?22,
		seek = iif(seek >= ?23 AND seek < ?24, seek,
			(SELECT coalesce(max(x.seek) + 1, ?23) FROM orders x WHERE x.seek >= ?23 AND x.seek < ?24))
	WHERE profile = ?1 AND id = ?25`

// PutOrder inserts or replaces by profile and order number.
func (t *tx) PutOrder(o ledger.Order) (ledger.Order, error) {
	if o.Profile == "" || o.OrderNo == "" {
		return ledger.Order{}, fmt.Errorf("ledger/sqlite: order %q of profile %q: an order needs both names", o.OrderNo, o.Profile)
	}
	now := t.store.clock().UTC()
	if o.UpdatedAt.IsZero() {
		o.UpdatedAt = now
	}
	args, err := orderArgs(o, placed(o, now))
	if err != nil {
		return ledger.Order{}, err
	}
	result, err := t.exec("put order", insertOrder, args...)
	if err != nil {
		return ledger.Order{}, err
	}
	if n, err := result.RowsAffected(); err != nil {
		return ledger.Order{}, wrap("put order", err)
	} else if n == 0 {
		return t.replaceOrder(o)
	}
	if o.ID, err = result.LastInsertId(); err != nil {
		return ledger.Order{}, wrap("put order", err)
	}
	t.totals[[2]string{o.Profile, o.Gateway}]++
	o.Refunded, o.Reserved, o.OpenRefund, o.OpenStatus = client.Money{}, client.Money{}, "", ""
	completeOrder(&o)
	t.index(o.ID, 0, o)
	return o, nil
}

func (t *tx) replaceOrder(o ledger.Order) (ledger.Order, error) {
	old, err := one(t.ctx, t, "put order", scanStored,
		"SELECT "+orderColumns+", o.placed_at, o.seek FROM orders o WHERE o.order_no = ? AND o.profile = ?", o.OrderNo, o.Profile)
	if err != nil {
		return ledger.Order{}, err
	}
	args, err := orderArgs(o, placed(o, old.placed))
	if err != nil {
		return ledger.Order{}, err
	}
	if err := t.change("put order", updateOrder, append(args, old.ID)...); err != nil {
		return ledger.Order{}, err
	}
	if old.Gateway != o.Gateway {
		t.totals[[2]string{o.Profile, old.Gateway}]--
		t.totals[[2]string{o.Profile, o.Gateway}]++
	}
	if err := t.reindex(old, o); err != nil {
		return ledger.Order{}, err
	}
	o.ID, o.Refunded, o.Reserved, o.OpenRefund, o.OpenStatus = old.ID, old.Refunded, old.Reserved, old.OpenRefund, old.OpenStatus
	if old.Amount.Exp != o.Amount.Exp {
		if err := t.sum(old.ID, o.UpdatedAt); err != nil {
			return ledger.Order{}, err
		}
		return t.OrderByID(old.ID)
	}
	completeOrder(&o)
	return o, nil
}

// placed is when an order took its place in the list.
func placed(o ledger.Order, firstSeen time.Time) time.Time {
	switch {
	case !o.CreatedAt.IsZero():
		return o.CreatedAt
	case !o.PaidAt.IsZero():
		return o.PaidAt
	}
	return firstSeen
}

// seekRange is the seek values of one millisecond: from ≤ seek < to.
func seekRange(t time.Time) (from, to int64) {
	ms := min(max(t.UnixMilli(), 0), 1<<(62-seekBits))
	return ms << seekBits, (ms + 1) << seekBits
}

func orderArgs(o ledger.Order, placed time.Time) ([]any, error) {
	e4, err := scaled(o.Amount)
	if err != nil {
		return nil, fmt.Errorf("order %s: %w", o.OrderNo, err)
	}
	from, to := seekRange(placed)
	return []any{
		o.Profile, o.Gateway, o.OrderNo, o.GatewayOrderNo, o.ChannelNo, o.UserID, o.Amount.Minor, o.Amount.Currency, o.Amount.Exp,
		e4, string(o.Status), o.Method, o.Brand, o.Card, o.Note, o.FailCode, micros(o.CreatedAt), micros(o.PaidAt), o.Source,
		micros(o.HistoryAt), micros(o.UpdatedAt), micros(placed), from, to,
	}, nil
}

// scaled is an amount in ten-thousandths of a major unit.
func scaled(m client.Money) (int64, error) {
	e4, err := m.Rescale(client.MaxExp)
	if err != nil {
		return 0, &client.Error{
			Class: client.ClassInput, Code: "amount", Message: fmt.Sprintf("amount %s cannot be stored", m),
			Hint: "amounts have at most four decimals and fourteen digits before them", Err: err,
		}
	}
	return e4.Minor, nil
}
