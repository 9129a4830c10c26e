package seed_test

import (
	"fmt"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/protocol"
	"paydesk/client/sandbox/seed"
)

// TestAnyGatewayCanHaveAPast makes one for a gateway with a single market.
func TestAnyGatewayCanHaveAPast(t *testing.T) {
	number := func(kind string) func(time.Time, uint64) string {
		return func(_ time.Time, serial uint64) string { return fmt.Sprintf("%s%d", kind, serial) }
	}
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	plan := seed.Plan{
		Gateway: "paycools", Merchant: "M1", Seed: 5, Orders: 200, Start: start, Pace: protocol.Pace{Speed: 1}, Decimals: client.ISODecimals,
		Markets: []seed.Market{{
			Currency: "PHP", Country: "PH", Least: 100, Most: 100_000, Step: 10, Weight: 1,
			Methods: []seed.Method{{Type: "WALLET", Brand: "GCash", Weight: 1}},
		}},
		Numbers: protocol.Numbers{
			GatewayOrder: number("C"), GatewayRefund: number("R"), InternalOrder: number("I"), Channel: number("H"), Token: number("K"),
		},
		OrderNo: func(i int) string { return fmt.Sprintf("N%d", i) }, SavedMethod: "DIRECT_DEBIT",
	}
	orders, refunds, tokens := 0, 0, 0
	taken := map[string]bool{}
	for _, e := range seed.Generate(plan) {
		for _, o := range e.Orders {
			orders++
			if o.Gateway != "paycools" || o.Amount.Currency != "PHP" || o.Amount.Minor%10 != 0 || !o.CreatedAt.Before(start) || taken[o.GatewayOrderNo] {
				t.Errorf("%+v", o)
			}
			taken[o.GatewayOrderNo] = true
		}
		for _, r := range e.Refunds {
			refunds++
			if r.RefundNo != client.RefundNo("paycools", "M1", r.OrderNo, r.Attempt) || taken[r.GatewayRefundNo] {
				t.Errorf("%+v", r)
			}
			taken[r.GatewayRefundNo] = true
		}
		tokens += len(e.Tokens)
	}
	if orders != 200 || refunds == 0 || tokens == 0 {
		t.Errorf("%d orders, %d refunds, %d tokens", orders, refunds, tokens)
	}
	plan.Orders = 0
	for _, e := range seed.Generate(plan) {
		if len(e.Orders)+len(e.Refunds) != 0 {
			t.Error("orders that nobody asked for")
		}
	}
}
