package payermax

import (
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
	"paydesk/client/sandbox/seed"
)

// Past makes the merchant's believable past, the newest orders last. It always
// holds a handful of fixed orders, refunds and cards: those that the captured
// requests of the vendor's libraries name, and those of the product's own
// examples. orders is how many there are in all, but not less than these.
func Past(number uint64, orders int, start time.Time, pace protocol.Pace) []book.Entry {
	start = start.UTC().Truncate(time.Second)
	fixed := fixtures(start)
	made := 0
	for _, e := range fixed {
		made += len(e.Orders)
	}
	rest := max(0, orders-made)
	past := seed.Generate(seed.Plan{
		Gateway: Gateway, Merchant: MerchantNo, Seed: number, Orders: rest, Start: start, Pace: pace, Markets: markets(),
		Decimals: decimals, Numbers: numbers(), SavedMethod: "ONE_TOUCH", Serial: 1000,
		OrderNo: func(i int) string { return fmt.Sprintf("P%d", newestNumber-1000-int64(rest-1-i)*173) },
	})
	for _, e := range fixed {
		e.Serial = past[len(past)-1].Serial
		past = append(past, e)
	}
	return past
}

// newestNumber is the number of the newest order.
const newestNumber = 1642410680681

// Methods of payment as the gateway names them.
const (
	wallet   = "WALLET"
	transfer = "BANK_TRANSFER"
)

func visa(weight int) seed.Method {
	return seed.Method{Type: cardMethod, Brand: "VISA", Card: true, Weight: weight}
}

func mastercard(weight int) seed.Method {
	return seed.Method{Type: cardMethod, Brand: "MASTERCARD", Card: true, Weight: weight}
}

func other(kind, brand string, weight int) seed.Method {
	return seed.Method{Type: kind, Brand: brand, Weight: weight}
}

func market(currency, country string, least, most, step int64, weight int, methods ...seed.Method) seed.Market {
	return seed.Market{Currency: currency, Country: country, Least: least, Most: most, Step: step, Weight: weight, Methods: methods}
}

// markets has currencies without decimals, with two, and with three of which
// the gateway takes two (payermax: section 11). Amounts are in minor units.
func markets() []seed.Market {
	jcb := seed.Method{Type: cardMethod, Brand: "JCB", Card: true, Weight: 3}
	return []seed.Market{
		market("HKD", "HK", 20_00, 2_500_00, 50, 6, visa(4), mastercard(3), other(transfer, "FPS", 3), other(wallet, "AlipayHK", 2)),
		market("USD", "US", 4_99, 900_00, 1, 4, visa(5), mastercard(4)),
		market("IDR", "ID", 15_000, 2_500_000, 500, 5, other(wallet, "OVO", 4), other(wallet, "DANA", 3), visa(3)),
		market("JPY", "JP", 500, 60_000, 10, 4, jcb, visa(3), other(wallet, "PayPay", 4)),
		market("PHP", "PH", 100_00, 15_000_00, 5_00, 5, other(wallet, "GCash", 5), other(wallet, "Maya", 2), visa(3)),
		market("KWD", "KW", 1_00, 250_00, 25, 2, other(transfer, "KNET", 4), visa(3), mastercard(2)),
		market("MYR", "MY", 10_00, 1_800_00, 10, 3, other(wallet, "TouchNGo", 4), other(transfer, "FPX", 3), visa(2)),
		market("TWD", "TW", 90, 40_000, 10, 3, other(wallet, "JKOPAY", 3), visa(3), mastercard(2)),
		market("THB", "TH", 80_00, 20_000_00, 25, 2, other(transfer, "PromptPay", 4), visa(2)),
		market("INR", "IN", 99_00, 25_000_00, 1_00, 2, other(transfer, "UPI", 5), visa(2)),
	}
}

// fixture makes a fixed order, paid so long before the start.
func fixture(start time.Time, ago time.Duration, n uint64, no, user string, amount client.Money, country string) book.Order {
	at := start.Add(-ago)
	return book.Order{
		Gateway: Gateway, OrderNo: no, UserID: user, Amount: amount, Country: country, Status: client.OrderPaid, Subject: "Order",
		Method: cardMethod, Brand: "VISA", Card: "400000******4242", CreatedAt: at, PaidAt: at.Add(15 * time.Second),
		GatewayOrderNo: numbers().GatewayOrder(at, n), InternalNo: numbers().InternalOrder(at, n), ChannelNo: numbers().Channel(at, n),
	}
}

// settled makes a fixed refund that succeeded.
func settled(o book.Order, n uint64, no string, minor int64, after time.Duration) book.Entry {
	amount := o.Amount
	amount.Minor = minor
	at := o.PaidAt.Add(after)
	r := book.Refund{
		Gateway: Gateway, RefundNo: no, GatewayRefundNo: numbers().GatewayRefund(at, n), OrderNo: o.OrderNo, Amount: amount,
		Status: client.RefundSuccess, First: client.RefundPending, Reason: "customer return", CreatedAt: at, SettledAt: at.Add(time.Minute),
		Attempt: 1, Agent: "amy",
	}
	return book.Entry{At: at, Why: "refund", Refunds: []book.Refund{r}, Moves: []book.Move{{Gateway: Gateway, RefundNo: no, Amount: amount}}}
}

// fixtures are the orders that somebody else's text names.
func fixtures(start time.Time) []book.Entry {
	dollars := func(minor int64) client.Money { return client.Money{Minor: minor, Currency: "USD", Exp: 2} }
	first := fixture(start, 46*time.Hour, 1, "PO_20261120_0815", "u-4", dollars(64_00), "US")
	renewal := fixture(start, 25*time.Hour, 4, "PO_20261122_0005", "u-5", dollars(9_99), "US")
	renewal.Token, renewal.Subject = "PMTOKEN20261101000000000000000001", "Renewal"
	gcash := fixture(start, 21*time.Minute, 6, fmt.Sprintf("P%d", newestNumber-348), "U-0420", client.Money{Minor: 500_10, Currency: "PHP", Exp: 2}, "PH")
	gcash.Method, gcash.Brand, gcash.Card = wallet, "GCash", ""
	fps := fixture(start, 7*time.Minute, 7, fmt.Sprintf("P%d", newestNumber-179), "U-1177", client.Money{Minor: 58_00, Currency: "HKD", Exp: 2}, "HK")
	fps.Method, fps.Brand, fps.Card, fps.Note = transfer, "FPS", "", "陳大文"
	newest := fixture(start, 6*time.Minute, 8, fmt.Sprintf("P%d", newestNumber), "U-2041", client.Money{Minor: 10_000, Currency: "IDR"}, "ID")
	newest.Note = "Budi Santoso · gift wrap"
	entries := []book.Entry{{At: start, Why: "saved cards", Tokens: fixedTokens(start)}}
	for _, o := range []book.Order{
		first,
		fixture(start, 30*time.Hour, 2, "PO_20261121_7781", "u-2", dollars(88_00), "US"),
		fixture(start, 28*time.Hour, 3, "PO_TYPED_1", "u-3", dollars(42_00), "US"),
		renewal, gcash, fps, newest,
	} {
		entries = append(entries, book.Entry{At: o.CreatedAt, Why: "order", Orders: []book.Order{o}})
	}
	return append(entries,
		settled(first, 9, "RF_20261122_000001", 12_30, time.Hour),
		settled(newest, 10, client.RefundNo(Gateway, MerchantNo, newest.OrderNo, 1), 2_000, 4*time.Minute))
}

// fixedTokens are the saved cards of u-5 and of the newest order's payer.
func fixedTokens(start time.Time) []book.Token {
	card := func(token, user, brand, number string, years int) book.Token {
		return book.Token{
			Gateway: Gateway, Token: token, UserID: user, Status: client.TokenActive, Scope: scopeAcquire, Method: cardMethod, Brand: brand,
			Card: number, CreatedAt: start.AddDate(-1, 0, 0), ExpiresAt: start.AddDate(years, 0, 0).Truncate(24 * time.Hour),
		}
	}
	const user = "U-2041"
	return []book.Token{
		card("PMTOKEN20261101000000000000000001", "u-5", "VISA", "400000******0002", 2),
		card(numbers().Token(start.AddDate(-1, 0, 0), 11), user, "VISA", "400000******4242", 2),
		card(numbers().Token(start.AddDate(-1, 0, 0), 12), user, "MASTERCARD", "555555******4444", 1),
		card(numbers().Token(start.AddDate(-1, 0, 0), 13), user, "JCB", "353011******0000", -1),
	}
}
