package paycools

import (
	"fmt"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
	"paydesk/client/sandbox/seed"
)

// Past makes the merchant's believable past at this gateway, the newest orders
// last. It always holds a handful of fixed orders and authorisations: those that
// the signature vectors name, and one for each rule of refunds. orders is how
// many there are in all, but not less than these.
func Past(number uint64, orders int, start time.Time, pace protocol.Pace) []book.Entry {
	start = start.UTC().Truncate(time.Second)
	fixed := fixtures(start)
	rest := max(0, orders-(len(fixed)-1))
	past := seed.Generate(seed.Plan{
		// Another number than that of the other gateways, whose customers would
		// otherwise buy at the same seconds.
		Gateway: Gateway, Merchant: MerchantNo, Seed: number ^ 0x5043, Orders: rest, Start: start, Pace: pace, Markets: markets(),
		Decimals: decimals, Numbers: numbers(), SavedMethod: directDebit, Serial: 1000,
		OrderNo: func(i int) string { return fmt.Sprintf("SO%013d", newestNumber-int64(rest-1-i)*37) },
	})
	(&tailor{}).fit(past)
	serial := past[len(past)-1].Serial
	for _, e := range fixed {
		e.Serial = serial
		past = append(past, e)
	}
	return past
}

// newestNumber is the number of the newest made-up order.
const newestNumber = 2026112200777

// markets has the one country, with amounts in cents.
func markets() []seed.Market {
	way := func(code string, weight int) seed.Method {
		c, _ := channelOf(code)
		return seed.Method{Type: c.code, Brand: c.brand, Weight: weight}
	}
	return []seed.Market{{
		Currency: peso, Country: "PH", Least: 99_00, Most: 9_500_00, Step: 25, Weight: 1,
		Methods: []seed.Method{
			way("GCASH_QR", 7), way("MAYA_QR", 4), way("GRABPAY_URL", 2), way("BPI_ONLINE", 2), way("UBP_ONLINE", 1), way("SEVEN_ELEVEN", 1),
		},
	}}
}

// tailor brings a made-up past into the gateway's own shapes.
type tailor struct {
	tokens   map[string]book.Token
	refunded map[string]int // orders by how many refunds they have
}

func (w *tailor) fit(past []book.Entry) {
	w.tokens, w.refunded = map[string]book.Token{}, map[string]int{}
	for _, e := range past {
		for _, r := range e.Refunds {
			w.refunded[r.OrderNo]++
		}
	}
	for _, e := range past {
		for i := range e.Tokens {
			w.token(&e.Tokens[i])
			w.tokens[e.Tokens[i].Token] = e.Tokens[i]
		}
		for i := range e.Orders {
			w.order(&e.Orders[i])
		}
	}
}

// userNo tells this gateway's customers from those of the others.
func userNo(id string) string { return "PH-" + strings.TrimPrefix(id, "U-") }

// token makes a saved wallet an authorisation of a channel that has them.
func (w *tailor) token(t *book.Token) {
	t.UserID, t.Method = userNo(t.UserID), ""
	for _, c := range channels() {
		if c.isDirectDebit() && (c.brand == t.Brand || t.Method == "") {
			t.Method = c.code
		}
	}
	c, _ := channelOf(t.Method)
	t.Brand = c.brand
	if t.Status == client.TokenRemoved {
		ends := []string{endedByMerchant, "USER_CANCEL", "PLATFORM_CANCEL"}
		t.Reason = ends[len(t.Account+t.Brand)%len(ends)]
	}
}

// order gives an order what this gateway's orders have. What was refunded was
// paid by a channel that allows it; what is open, or was closed, is a checkout.
func (w *tailor) order(o *book.Order) {
	last := o.OrderNo[len(o.OrderNo)-1]
	name, _, _ := strings.Cut(o.Note, " · ")
	name, _, _ = strings.Cut(name, ": ")
	if name == "" || strings.HasPrefix(name, "ticket ") {
		name = "Juan dela Cruz"
	}
	o.UserID = userNo(o.UserID)
	o.Extra = map[string]string{
		extraApp: shopName, extraName: name, extraEmail: strings.ToLower(o.UserID) + "@example.ph",
		extraMobile: "0917" + o.OrderNo[len(o.OrderNo)-7:],
	}
	open := o.Status == client.OrderPending || o.Status == client.OrderClosed
	if t, saved := w.tokens[o.Token]; saved && !open {
		o.Method, o.Brand = t.Method, t.Brand
	} else {
		o.Token = ""
		if c, known := channelOf(o.Method); !known || c.isDirectDebit() {
			o.Method, o.Brand = usualChannel, "GCash"
		}
	}
	if c, _ := channelOf(o.Method); w.refunded[o.OrderNo] > 0 && c.rule != ruleAny {
		o.Token, o.Method, o.Brand = "", usualChannel, "GCash"
	}
	if o.Token != "" || (!open && last%3 != 0) {
		o.InternalNo = ""
	}
	if o.FailCode != "" {
		o.FailCode = failedService
	}
}

// fixtures are the orders that somebody else's text names, and those that show a
// rule each: full refunds only, one refund only, none at all, too old.
func fixtures(start time.Time) []book.Entry {
	const user = "U-0420"
	paid := func(ago time.Duration, n uint64, transaction, method string, amount int64) book.Entry {
		at := start.Add(-ago)
		c, _ := channelOf(method)
		return book.Entry{At: at, Why: "order", Orders: []book.Order{{
			Gateway: Gateway, OrderNo: fmt.Sprintf("SO20260228%06d", n), GatewayOrderNo: transaction, ChannelNo: numbers().Channel(at, n),
			UserID: user, Country: "PH", Amount: pesos(amount), Status: client.OrderPaid, Subject: "Order", Method: method, Brand: c.brand,
			CreatedAt: at, PaidAt: at.Add(20 * time.Second), Note: "Juan dela Cruz",
			Extra: map[string]string{extraApp: shopName, extraName: "Juan dela Cruz", extraEmail: "juan@example.ph", extraMobile: "09171234567"},
		}}}
	}
	const day = 24 * time.Hour
	charged := paid(3*day, 6, "C120260228010000006", "PH_GCASH_DIRECT_DEBIT", 799_00)
	charged.Orders[0].Token = fixedTokens(start)[0].Token
	return []book.Entry{
		{At: start, Why: "saved cards", Tokens: fixedTokens(start)},
		paid(2*day, 1, "C120260301010000001", "GCASH_QR", 1500_50),
		paid(26*time.Hour, 2, "C1", "MAYA_QR", 500_10),
		paid(5*day, 3, "C120260228010000003", "BPI_ONLINE", 2400_00),
		paid(4*day, 4, "C120260228010000004", "GRABPAY_URL", 350_00),
		paid(3*day+time.Hour, 5, "C120260228010000005", "SEVEN_ELEVEN", 180_00),
		charged,
		paid(75*day, 7, "C120260228010000007", "GCASH_QR", 640_00),
	}
}

// fixedTokens are the authorisations of the fixed orders' payer.
func fixedTokens(start time.Time) []book.Token {
	year := func(n int) time.Time { return start.AddDate(n, 0, 0).Truncate(24 * time.Hour) }
	token := func(n uint64, method, account string, ends time.Time) book.Token {
		c, _ := channelOf(method)
		return book.Token{
			Gateway: Gateway, Token: numbers().Token(time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), n), UserID: "U-0420", Status: client.TokenActive,
			Method: method, Brand: c.brand, Account: account, CreatedAt: year(-2), ExpiresAt: ends,
		}
	}
	gone := token(3, "PH_GRABPAY_DIRECT_DEBIT", "0917****567", year(1))
	gone.Status, gone.RemovedAt, gone.Reason = client.TokenRemoved, year(-1), "USER_CANCEL"
	return []book.Token{
		token(1, "PH_GCASH_DIRECT_DEBIT", "0917****567", year(2)), token(2, "PH_MAYA_DIRECT_DEBIT", "0917****567", year(-1)), gone,
	}
}
