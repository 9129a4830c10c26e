package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

const shop = "shop-hk"

// shopProfile is a production account without read-only.
func shopProfile() desk.Profile {
	return desk.Profile{
		Name: shop, Gateway: "payermax", Brand: "Checus", Environment: desk.Production, Merchant: "M1",
		Policy: desk.Policy{UndoWindow: 10 * time.Second},
	}
}

func sandboxProfile() desk.Profile {
	return desk.Profile{Name: "play", Gateway: "payermax", Brand: "PayerMax", Environment: desk.Sandbox, Merchant: "M2"}
}

func money(minor int64, currency string) client.Money {
	exp, _ := client.ISODecimals(currency)
	if currency == "IDR" {
		exp = 0
	}
	return client.Money{Minor: minor, Currency: currency, Exp: exp}
}

// put stores records in one decision.
func (o *office) put(fn func(tx ledger.Tx) error) {
	o.t.Helper()
	if err := o.store.Update(context.Background(), fn); err != nil {
		o.t.Fatal(err)
	}
}

// order is one believable payment, number n of many, newest first.
func order(n int) ledger.Order {
	at := began.Add(-time.Duration(n) * 37 * time.Minute)
	o := ledger.Order{
		Order: client.Order{
			OrderNo: fmt.Sprintf("P%013d", 1642410680681-n*173), GatewayOrderNo: fmt.Sprintf("T20261122%08d", n), UserID: fmt.Sprintf("U-%04d", 2041-n%97),
			Amount: money(int64(1000+n*137%90000), "HKD"), Status: client.OrderPaid, Method: "CARD", Brand: "VISA", Card: "····4242",
			CreatedAt: at, PaidAt: at.Add(15 * time.Second),
		},
		Profile: shop, Gateway: "payermax", Source: "import",
	}
	switch n % 7 {
	case 1:
		o.Method, o.Brand, o.Card, o.Amount = "FPS", "FPS", "", money(5800, "HKD")
	case 2:
		o.Method, o.Brand, o.Card, o.Amount = "GCASH", "GCash", "", money(50010, "PHP")
	case 4:
		o.Status, o.PaidAt = client.OrderPending, time.Time{}
	}
	if n == 0 {
		o.Amount, o.Note = money(10000, "IDR"), "gift wrap"
	}
	return o
}

// fill stores orders 0 to n−1, refunds in every state, and cards.
func (o *office) fill(n int) {
	o.t.Helper()
	states := []client.RefundStatus{
		client.RefundUnknown, client.RefundPending, client.RefundSuccess, client.RefundFailed, client.RefundCancelled, client.RefundReversed,
	}
	o.put(func(tx ledger.Tx) error {
		for i := range n {
			row, err := tx.PutOrder(order(i))
			if err != nil {
				return err
			}
			o.bank.orders[row.OrderNo] = row.Order
			if i%5 != 3 || row.Status != client.OrderPaid || i/5 >= len(states) {
				continue
			}
			if err := o.putRefund(tx, row, states[i/5]); err != nil {
				return err
			}
		}
		for i, t := range cards() {
			o.bank.cards[t.Token.Token] = t.Token
			if _, err := tx.PutToken(t); err != nil {
				return fmt.Errorf("card %d: %w", i, err)
			}
		}
		return nil
	})
}

func (o *office) putRefund(tx ledger.Tx, row ledger.Order, status client.RefundStatus) error {
	at := row.PaidAt.Add(5 * time.Minute)
	r := ledger.Refund{
		Refund: client.Refund{
			RefundNo: client.RefundNo("payermax", "M1", row.OrderNo, 1), OrderNo: row.OrderNo, Amount: money(row.Amount.Minor/2, row.Amount.Currency), Status: status,
		},
		OrderID: row.ID, Profile: shop, Gateway: "payermax", Merchant: "M1", Attempt: 1, Reason: "customer return", Agent: "kenji",
		PlanHash: "77af", CreatedAt: at, ConfirmedAt: at, SentAt: at, Sends: 1, Checks: 3, UpdatedAt: at,
		Last: ledger.Last{Code: "APPLY_SUCCESS", Message: "Success.", Verified: true, At: at},
	}
	switch status {
	case client.RefundUnknown:
		r.NextCheckAt, r.Last = began.Add(42*time.Second), ledger.Last{}
	case client.RefundPending:
		r.NextCheckAt = began.Add(12 * time.Second)
		o.bank.refunds[r.RefundNo] = r.Refund
	case client.RefundReversed:
		r.Alert, r.SettledAt = "reversed", at.Add(time.Minute)
	default:
		r.SettledAt = at.Add(time.Minute)
	}
	if status == client.RefundFailed {
		r.FailCode = "BALANCE_SHORT"
	}
	stored, err := tx.InsertRefund(r)
	if err != nil {
		return err
	}
	detail, err := json.Marshal(map[string]any{"amount": r.Amount.Major(), "currency": r.Amount.Currency, "order": row.OrderNo, "reason": r.Reason})
	if err != nil {
		return err
	}
	x := o.bank.exchange("refund", "APPLY_SUCCESS")
	x.At = at
	if err := tx.PutEvidence(ledger.Evidence{Exchange: x, Profile: shop, Subject: stored.RefundNo}); err != nil {
		return err
	}
	_, err = tx.Append(ledger.Event{At: at, Profile: shop, Kind: "refund.intent", Subject: stored.RefundNo, Agent: "kenji", Detail: detail})
	return err
}

func cards() []ledger.Token {
	card := func(token, user, brand, tail string, status client.TokenStatus) ledger.Token {
		return ledger.Token{
			Token: client.Token{
				Token: token, UserID: user, Status: status, Method: "CARD", Brand: brand, Card: "····" + tail, ExpiresAt: time.Date(2028, 5, 1, 0, 0, 0, 0, time.UTC),
			},
			Profile: shop, Gateway: "payermax", SeenAt: began.Add(-2 * time.Hour),
		}
	}
	return []ledger.Token{
		card("PMTOKEN0001", "U-2041", "VISA", "4242", client.TokenActive), card("PMTOKEN0002", "U-2041", "MASTERCARD", "5556", client.TokenActive),
		card("PMTOKEN0003", "U-1177", "JCB", "0002", client.TokenExpired), card("PMTOKEN0004", "U-0420", "VISA", "1111", client.TokenRemoved),
	}
}
