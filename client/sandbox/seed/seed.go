// Package seed makes up a merchant's believable past: customers with their
// saved cards, orders of the last months in many currencies, and refunds in
// every state. The same seed and start give the same past. It makes data only;
// nothing here touches a book, a clock or a network.
package seed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// Method is one way to pay.
type Method struct {
	Type   string // "CARD", "WALLET" …
	Brand  string // card brand or wallet
	Card   bool
	Weight int
}

// Market is one country's currency, amounts in minor units, and ways to pay.
type Market struct {
	Currency, Country string
	Least, Most, Step int64
	Methods           []Method
	Weight            int
}

// Plan is what the past is made of.
type Plan struct {
	Gateway, Merchant string
	Seed              uint64
	Orders            int       // how many
	Start             time.Time // now; everything lies before it
	Pace              protocol.Pace
	Markets           []Market
	Decimals          client.Decimals
	Numbers           protocol.Numbers
	OrderNo           func(i int) string // number of the i-th order, the oldest is 0
	// Method of the wallets and banks that can be saved, beside cards.
	SavedMethod string
	NoTokens    bool   // the gateway saves no cards
	FirstUser   int    // how many of the merchant's customers pay elsewhere
	Serial      uint64 // first serial number to draw
}

// Shares of what happens, in percent of the orders.
const (
	shareFailed  = 6
	shareClosed  = 5
	sharePending = 2
	shareRefunds = 22
	shareNotes   = 60
)

// The span of the past. A few orders are older than the windows in which
// gateways take refunds.
const (
	day       = 24 * time.Hour
	span      = 90 * day
	olderSpan = 420 * day
	newestAge = 25 * time.Minute // whatever is newer is made by hand
)

// past is the making of one past.
type past struct {
	Plan
	random  *rand.Rand
	serial  uint64
	users   []user
	entries []book.Entry
	waiting int // refunds left pending
}

// Generate makes the past as entries of a book, the oldest first.
func Generate(p Plan) []book.Entry {
	w := &past{Plan: p, random: rand.New(rand.NewPCG(p.Seed, 0x70617964)), serial: p.Serial}
	w.Start = p.Start.UTC().Truncate(time.Second)
	w.makeUsers(max(8, p.Orders/4))
	for i, at := range w.times(p.Orders) {
		w.order(i, at)
	}
	return w.entries
}

// commit adds a decision of the past.
func (w *past) commit(e book.Entry) {
	e.At, e.Serial = e.At.UTC(), w.serial
	w.entries = append(w.entries, e)
}

func (w *past) next() uint64 {
	w.serial++
	return w.serial
}

// times spreads the orders: most lately, some today, a few half a year ago and
// more.
func (w *past) times(n int) []time.Time {
	out := make([]time.Time, n)
	for i := range out {
		a, b := w.random.Int64N(int64(span)), w.random.Int64N(int64(span))
		age := time.Duration(min(a, b))
		switch {
		case i%40 == 39:
			age = 150*day + time.Duration(w.random.Int64N(int64(olderSpan-150*day)))
		case i%8 == 7:
			age = time.Duration(w.random.Int64N(int64(day)))
		}
		out[i] = w.Start.Add(-age - newestAge).Truncate(time.Second)
	}
	slices.SortFunc(out, func(a, b time.Time) int { return a.Compare(b) })
	return out
}

// percent is true in so many of a hundred cases.
func (w *past) percent(n int) bool { return w.random.IntN(100) < n }

// between is a time span from least to most, in whole seconds.
func (w *past) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(w.random.Int64N(int64(most-least)+1))).Truncate(time.Second)
}

func pick[T any](w *past, list []T) T { return list[w.random.IntN(len(list))] }

// weighted picks by weight.
func weighted[T any](w *past, list []T, weight func(T) int) T {
	total := 0
	for _, item := range list {
		total += weight(item)
	}
	n := w.random.IntN(total)
	for _, item := range list {
		if n -= weight(item); n < 0 {
			return item
		}
	}
	return list[0]
}

func (w *past) money(m Market) client.Money {
	exp, _ := w.Decimals(m.Currency)
	// The smaller of two draws: cheap things are bought more often.
	a, b := w.random.Int64N(m.Most-m.Least+1), w.random.Int64N(m.Most-m.Least+1)
	minor := (m.Least + min(a, b)) / m.Step * m.Step
	return client.Money{Minor: max(minor, m.Step), Currency: m.Currency, Exp: exp}
}

// order makes one order with all that followed.
func (w *past) order(i int, at time.Time) {
	u := pick(w, w.users)
	o := book.Order{
		Gateway: w.Gateway, OrderNo: w.OrderNo(i), UserID: u.id, Country: u.market.Country, Amount: w.money(u.market), CreatedAt: at,
		GatewayOrderNo: w.Numbers.GatewayOrder(at, w.next()), InternalNo: w.Numbers.InternalOrder(at, w.next()),
		ChannelNo: w.Numbers.Channel(at, w.next()), Subject: pick(w, subjects()), Status: client.OrderPaid,
	}
	if w.percent(shareNotes) {
		o.Note = w.note(u)
	}
	w.method(&o, u)
	switch n := w.random.IntN(100); {
	case n < shareFailed:
		o.Status, o.FailCode = client.OrderFailed, pick(w, []string{"PAYMENT_FAILED", "ISSUER_PAYMENT_REJECTED", "PAYMENT_REJECTED"})
	case n < shareFailed+shareClosed:
		o.Status = client.OrderClosed
	case w.Start.Sub(at) < 6*time.Hour && n < shareFailed+shareClosed+10*sharePending:
		o.Status, o.Page = client.OrderPending, true
		o.ExpiresAt = w.Start.Add(w.Pace.Scale(w.between(time.Hour, 20*time.Hour)))
	}
	if o.Status != client.OrderPending {
		o.PaidAt = at.Add(w.between(4*time.Second, 3*time.Minute/2))
	}
	if o.Status == client.OrderClosed {
		o.PaidAt = at.Add(30 * time.Minute)
	}
	w.commit(book.Entry{At: at, Why: "order", Orders: []book.Order{o}})
	if o.Status == client.OrderPaid && w.percent(shareRefunds) {
		w.refunds(o)
	}
}

// method chooses how an order was paid: mostly with a saved card.
func (w *past) method(o *book.Order, u user) {
	if len(u.cards) > 0 && w.percent(70) {
		t := pick(w, u.cards)
		o.Method, o.Brand, o.Card, o.Token = t.Method, t.Brand, t.Card, t.Token
		return
	}
	m := weighted(w, u.market.Methods, func(m Method) int { return m.Weight })
	o.Method, o.Brand = m.Type, m.Brand
	if m.Card {
		o.Card = w.card(m.Brand)
	}
}

// card makes a masked card number up.
func (w *past) card(brand string) string {
	first := map[string]string{"VISA": "4", "MASTERCARD": "5", "JCB": "35", "AMEX": "37"}[brand]
	for len(first) < 6 {
		first += string(rune('0' + w.random.IntN(10)))
	}
	last := pick(w, []string{"4242", "4242", "0002", "1111", "5556", fmt.Sprintf("%04d", w.random.IntN(10000))})
	return first + "******" + last
}
