// Package demo turns what a sandbox's gateways hold into the ledger of a desk
// that has worked with them for months: orders, refunds in every state, saved
// cards and the journal of it all. It fills empty ledgers of a demo only, and
// what it writes agrees with the gateways wherever they can be asked.
package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// Past is everything as the gateways hold it.
type Past struct {
	Orders  []Order
	Refunds []Refund
	Tokens  []Token
}

// Order is a payment with what its gateway knows beside.
type Order struct {
	client.Order
	Gateway  string
	Country  string
	Subject  string
	Token    string
	Refunded client.Money
	Reserved client.Money
	EndedAt  time.Time
}

// Refund is a refund with what is known beside.
type Refund struct {
	client.Refund
	Gateway   string
	Reason    string
	Note      string
	Agent     string
	Attempt   int
	CreatedAt time.Time
	Moved     int
}

// Token is a saved card with what is known beside.
type Token struct {
	client.Token
	Gateway   string
	CreatedAt time.Time
	RemovedAt time.Time
}

// Account is one merchant account of the sandbox, with its key files by name.
type Account struct {
	Name, Gateway, Brand, Environment, BaseURL string
	MerchantNo, AppID                          string
	Keys                                       map[string][]byte
}

// Each converts a list, item by item.
func Each[A, B any](list []A, to func(A) B) []B {
	out := make([]B, len(list))
	for i, item := range list {
		out[i] = to(item)
	}
	return out
}

// writer fills one ledger in one decision.
type writer struct {
	tx       ledger.Tx
	now      time.Time
	agent    string
	accounts map[string]Account // by gateway
	orders   map[string]ledger.Order
	events   []ledger.Event
	special  map[string]string // refund number → what became of it here
}

// Fill writes the past of the accounts into an empty ledger. Some refunds are
// told as only a desk can tell them: one whose answer was lost, one that was
// taken back before it was sent, one that failed after its success.
func Fill(ctx context.Context, store ledger.Store, past Past, accounts []Account, agent string, now time.Time) error {
	return store.Update(ctx, func(tx ledger.Tx) error {
		w := &writer{tx: tx, now: now, agent: agent, accounts: map[string]Account{}, orders: map[string]ledger.Order{}}
		for _, a := range accounts {
			w.accounts[a.Gateway] = a
		}
		w.special = choose(past)
		for _, o := range past.Orders {
			if err := w.order(o); err != nil {
				return fmt.Errorf("demo: order %s: %w", o.OrderNo, err)
			}
		}
		for _, r := range past.Refunds {
			if err := w.refund(r); err != nil {
				return fmt.Errorf("demo: refund %s: %w", r.RefundNo, err)
			}
		}
		if err := w.takenBack(past); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		for _, t := range past.Tokens {
			if err := w.token(t); err != nil {
				return fmt.Errorf("demo: token of %s: %w", t.UserID, err)
			}
		}
		return w.journal()
	})
}

// The stories of single refunds.
const (
	lostAnswer = "lost"
	reversed   = "reversed"
)

// firstLook is when the lost answer is asked for: late enough to be seen.
const firstLook = 12 * time.Second

// choose picks the refunds with a story: the newest that fits each. The newest
// order's refund has none, as that order is the one that people try first.
func choose(past Past) map[string]string {
	special := map[string]string{}
	newest := ""
	if n := len(past.Orders); n > 0 {
		newest = past.Orders[n-1].OrderNo
	}
	var lost, back *Refund
	for i, r := range past.Refunds {
		switch {
		case r.OrderNo == newest:
		case r.Status == client.RefundSuccess && r.Attempt > 0 && (lost == nil || r.CreatedAt.After(lost.CreatedAt)) && !later(past, r):
			lost = &past.Refunds[i]
		case r.Status == client.RefundFailed && !r.SettledAt.IsZero() && (back == nil || r.CreatedAt.After(back.CreatedAt)):
			back = &past.Refunds[i]
		}
	}
	if lost != nil {
		special[lost.RefundNo] = lostAnswer
	}
	if back != nil {
		special[back.RefundNo] = reversed
	}
	return special
}

// later reports whether the order was refunded again: that is not done while
// one refund is unknown.
func later(past Past, r Refund) bool {
	return slices.ContainsFunc(past.Refunds, func(o Refund) bool { return o.Gateway == r.Gateway && o.OrderNo == r.OrderNo && o.Attempt > r.Attempt })
}

func key(gateway, no string) string { return gateway + "|" + no }

func (w *writer) order(o Order) error {
	a, ok := w.accounts[o.Gateway]
	if !ok {
		return nil
	}
	row, err := w.tx.PutOrder(ledger.Order{
		Order: o.Order, Profile: a.Name, Gateway: o.Gateway, Source: desk.SourceDemo, UpdatedAt: latest(o.CreatedAt, o.EndedAt),
	})
	w.orders[key(o.Gateway, o.OrderNo)] = row
	return err
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (w *writer) refund(r Refund) error {
	a, ok := w.accounts[r.Gateway]
	order, known := w.orders[key(r.Gateway, r.OrderNo)]
	if !ok || !known {
		return nil
	}
	row := ledger.Refund{
		Refund: r.Refund, OrderID: order.ID, Profile: a.Name, Gateway: r.Gateway, Merchant: a.MerchantNo, Attempt: max(r.Attempt, 1),
		Reason: r.Reason, Note: r.Note, Agent: cmp.Or(r.Agent, w.agent), CreatedAt: r.CreatedAt, ConfirmedAt: r.CreatedAt,
		SentAt: r.CreatedAt.Add(time.Second), LastSentAt: r.CreatedAt.Add(time.Second), Sends: 1, Checks: 3, UpdatedAt: latest(r.CreatedAt, r.SettledAt),
		Last: ledger.Last{Code: "APPLY_SUCCESS", Verified: true, At: latest(r.CreatedAt.Add(2*time.Second), r.SettledAt)},
	}
	row.Foreign = r.RefundNo != client.RefundNo(r.Gateway, a.MerchantNo, r.OrderNo, row.Attempt)
	switch {
	case w.special[r.RefundNo] == lostAnswer:
		row.Status, row.GatewayRefundNo, row.SettledAt, row.Last, row.Checks = client.RefundUnknown, "", time.Time{}, ledger.Last{}, 0
		row.NextCheckAt = w.now.Add(firstLook)
	case w.special[r.RefundNo] == reversed:
		row.Status, row.Alert = client.RefundReversed, "reversed"
	case r.Status == client.RefundPending:
		row.NextCheckAt = w.now
	case r.Status == client.RefundSuccess && w.now.Sub(r.SettledAt) < 30*24*time.Hour:
		row.NextCheckAt = w.now.Add(time.Hour)
	}
	if _, err := w.tx.InsertRefund(row); err != nil {
		return err
	}
	w.tell(row)
	return nil
}

// tell adds the journal of a refund, as the desk would have written it.
func (w *writer) tell(r ledger.Refund) {
	add := func(at time.Time, kind string, content map[string]any) {
		if raw, err := json.Marshal(content); err == nil { // texts and numbers always encode
			w.events = append(w.events, ledger.Event{At: at, Profile: r.Profile, Kind: kind, Subject: r.RefundNo, Agent: r.Agent, Detail: raw})
		}
	}
	amount := map[string]any{"order": r.OrderNo, "amount": r.Amount.Major(), "currency": r.Amount.Currency, "attempt": r.Attempt, "reason": r.Reason}
	if r.Foreign {
		amount["status"] = r.Status
		add(r.CreatedAt, "refund.discovered", amount)
		return
	}
	add(r.CreatedAt, "refund.intent", amount)
	add(r.SentAt, "refund.sending", map[string]any{"send": r.Sends, "order": r.OrderNo})
	answered := r.SentAt.Add(time.Second)
	switch r.Status {
	case client.RefundUnknown:
		add(answered, "refund.unknown", map[string]any{"from": client.RefundSending, "to": r.Status, "class": client.ClassUnknown})
		return
	default:
	}
	add(answered, "refund.pending", map[string]any{"from": client.RefundSending, "to": client.RefundPending, "verified": true})
	if r.Status == client.RefundPending {
		return
	}
	ended := latest(r.SettledAt, answered.Add(time.Second))
	if r.Status == client.RefundReversed {
		add(ended.Add(-time.Second), "refund.success", map[string]any{"from": client.RefundPending, "to": client.RefundSuccess, "verified": true})
	}
	add(ended, "refund."+string(r.Status), map[string]any{"to": r.Status, "gateway_refund_no": r.GatewayRefundNo, "code": r.FailCode, "verified": true})
}

// takenBack adds one refund that was cancelled inside its undo window; the
// gateway has never heard of it.
func (w *writer) takenBack(past Past) error {
	refunded := map[string]bool{}
	for _, r := range past.Refunds {
		refunded[key(r.Gateway, r.OrderNo)] = true
	}
	for _, o := range slices.Backward(past.Orders) {
		a, ok := w.accounts[o.Gateway]
		if !ok || o.Status != client.OrderPaid || refunded[key(o.Gateway, o.OrderNo)] || w.now.Sub(o.PaidAt) < 2*time.Hour {
			continue
		}
		at := o.PaidAt.Add(time.Hour)
		row := ledger.Refund{
			Refund: client.Refund{
				RefundNo: client.RefundNo(o.Gateway, a.MerchantNo, o.OrderNo, 1), OrderNo: o.OrderNo, Amount: o.Amount, Status: client.RefundCancelled,
				SettledAt: at.Add(6 * time.Second),
			},
			OrderID: w.orders[key(o.Gateway, o.OrderNo)].ID, Profile: a.Name, Gateway: o.Gateway, Merchant: a.MerchantNo, Attempt: 1,
			Reason: "wrong order", Agent: w.agent, CreatedAt: at, ConfirmedAt: at, HeldUntil: at.Add(10 * time.Second), UpdatedAt: at.Add(6 * time.Second),
		}
		if _, err := w.tx.InsertRefund(row); err != nil {
			return err
		}
		for i, kind := range []string{"refund.held", "refund.cancelled"} {
			w.events = append(w.events, ledger.Event{
				At: at.Add(time.Duration(i) * 6 * time.Second), Profile: a.Name, Kind: kind, Subject: row.RefundNo, Agent: w.agent,
				Detail: json.RawMessage(fmt.Sprintf(`{"order":%q,"amount":%q,"currency":%q}`, o.OrderNo, o.Amount.Major(), o.Amount.Currency)),
			})
		}
		return nil
	}
	return nil
}

func (w *writer) token(t Token) error {
	a, ok := w.accounts[t.Gateway]
	if !ok {
		return nil
	}
	seen := latest(t.CreatedAt, t.RemovedAt)
	_, err := w.tx.PutToken(ledger.Token{Token: t.Token, Profile: a.Name, Gateway: t.Gateway, SeenAt: seen})
	if err == nil && t.Status == client.TokenRemoved && !t.RemovedAt.IsZero() {
		w.events = append(w.events, ledger.Event{
			At: t.RemovedAt, Profile: a.Name, Kind: "token.unbound", Subject: t.Token.Token, Agent: w.agent,
			Detail: json.RawMessage(fmt.Sprintf(`{"user":%q,"how":"removed"}`, t.UserID)),
		})
	}
	return err
}

// journal appends all lines in the order in which they happened.
func (w *writer) journal() error {
	slices.SortStableFunc(w.events, func(a, b ledger.Event) int { return a.At.Compare(b.At) })
	for _, e := range w.events {
		if _, err := w.tx.Append(e); err != nil {
			return fmt.Errorf("demo: journal: %w", err)
		}
	}
	return nil
}
