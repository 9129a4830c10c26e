package easylink

import (
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
	"paydesk/client/sandbox/seed"
)

// newestNumber is the number of the newest order that is made up.
const newestNumber = 88_001_734_502

// Past makes the merchant's believable past at this gateway. It always holds a
// few fixed orders: those that the captured requests of the vendor's libraries
// name. orders is how many there are in all, but not less than these.
func Past(number uint64, orders int, start time.Time, pace protocol.Pace) []book.Entry {
	start = start.UTC().Truncate(time.Second)
	fixed := fixtures(start)
	made := 0
	for _, e := range fixed {
		made += len(e.Orders)
	}
	rest := max(0, orders-made)
	way := func(code string, weight int) seed.Method { return seed.Method{Type: code, Weight: weight} }
	past := seed.Generate(seed.Plan{
		Gateway: Gateway, Merchant: MerchantNo, Seed: number + 2, Orders: rest, Start: start, Pace: pace, Decimals: decimals, Numbers: numbers(),
		NoTokens: true, FirstUser: 6000, Serial: 2000,
		OrderNo: func(i int) string { return fmt.Sprintf("SO%d", newestNumber-int64(rest-1-i)*61) },
		Markets: []seed.Market{{
			Currency: "HKD", Country: "HK", Least: 10_00, Most: 3_000_00, Step: 10, Weight: 1,
			Methods: []seed.Method{way("ALI_H5", 5), way("WX_H5", 4), way("UP_OP", 3), way("WX_LITE", 2)},
		}},
	})
	for i := range past {
		for j := range past[i].Refunds {
			r := &past[i].Refunds[j]
			bound(r, start, pace)
			past[i].At = r.CreatedAt
			if r.Status == client.RefundFailed {
				past[i].Moves = nil // a success is final here
			}
		}
	}
	return append(past, fixed...)
}

// bound makes a refund of the past one that this gateway could hold: none is
// open for longer than its timer allows (easylink: section 7.3).
func bound(r *book.Refund, start time.Time, pace protocol.Pace) {
	if r.Status != client.RefundPending {
		return
	}
	slow := protocol.Pace{Seed: pace.Seed, Speed: 1}
	if start.Sub(r.CreatedAt) > lifetime-2*time.Minute {
		if slow.Between(0, 2, "given up|"+r.RefundNo) == 0 {
			r.Status, r.SettledAt, r.Plan, r.DueAt = client.RefundClosed, r.CreatedAt.Add(lifetime), "", time.Time{}
			return
		}
		// The last refund of an order can as well have been asked for lately.
		r.CreatedAt = start.Add(-slow.Between(3*time.Minute, 100*time.Minute, "asked|"+r.RefundNo)).Truncate(time.Second)
	}
	left := lifetime - start.Sub(r.CreatedAt)
	r.DueAt = start.Add(pace.Between(time.Minute, left, "due|"+r.RefundNo))
	if r.Plan == book.Stay {
		r.Plan, r.DueAt = book.Closed, start.Add(pace.Scale(left))
	}
}

// fixtures are the orders that somebody else's text names.
func fixtures(start time.Time) []book.Entry {
	order := func(ago time.Duration, no, gatewayNo, way string, minor int64) book.Order {
		at := start.Add(-ago)
		return book.Order{
			Gateway: Gateway, OrderNo: no, GatewayOrderNo: gatewayNo, UserID: "U-6001", Country: "HK", Status: client.OrderPaid, Subject: "Mug",
			Amount: client.Money{Minor: minor, Currency: "HKD", Exp: 2}, Method: way, ChannelNo: numbers().Channel(at, uint64(minor)),
			CreatedAt: at, PaidAt: at.Add(50 * time.Second), Extra: map[string]string{"body": "Ceramic mug x1", "clientIp": "203.0.113.9"},
		}
	}
	mug := order(26*time.Hour, "SO20260301000001", "P1790000000000000001", "WX_H5", 58_00)
	mugs := order(50*time.Hour, "SO20260228000017", "P1790000000000000002", "ALI_H5", 116_00)
	back := book.Refund{
		Gateway: Gateway, RefundNo: client.RefundNo(Gateway, MerchantNo, mugs.OrderNo, 1), GatewayRefundNo: "R1790000000000000009",
		OrderNo: mugs.OrderNo, Amount: client.Money{Minor: 12_50, Currency: "HKD", Exp: 2}, Status: client.RefundSuccess,
		First: client.RefundPending, Reason: "customer return", CreatedAt: mugs.PaidAt.Add(time.Hour),
		SettledAt: mugs.PaidAt.Add(time.Hour + time.Minute), Attempt: 1, Agent: "kenji",
	}
	return []book.Entry{
		{At: mugs.CreatedAt, Why: "order", Serial: 2000, Orders: []book.Order{mugs}},
		{At: back.CreatedAt, Why: "refund", Refunds: []book.Refund{back}, Moves: []book.Move{{Gateway: Gateway, RefundNo: back.RefundNo, Amount: back.Amount}}},
		{At: mug.CreatedAt, Why: "order", Orders: []book.Order{mug}},
	}
}
