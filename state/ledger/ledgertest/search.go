package ledgertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/query"
)

// searched is a ledger of orders with refunds in every state, for searches.
func searched(t *testing.T, open Open) (ledger.Store, []ledger.Order, []ledger.Refund) {
	t.Helper()
	s := open(t)
	list := crowd(80)
	for i := range list {
		o := &list[i]
		o.Gateway = []string{"payermax", "easylink"}[i/50]
		o.Method, o.Brand = []string{"CARD", "GCash", "QR"}[i%3], []string{"VISA", "", "MASTERCARD"}[i%3]
		o.Card = fmt.Sprintf("************%04d", i*37)
		switch i {
		case 7:
			o.Note = `100% "gift" _王小明_ Ärger`
		case 8:
			o.OrderNo = "a'b\"c*d(e)"
		case 9:
			o.UserID = "用户九"
		}
	}
	list = put(t, s, list...)
	statuses := []client.RefundStatus{
		client.RefundSuccess, client.RefundPending, client.RefundUnknown, client.RefundHeld, client.RefundFailed, client.RefundCancelled, client.RefundReversed,
	}
	var refunds []ledger.Refund
	for i := 0; i < 60; i += 2 {
		minor := list[i].Amount.Minor
		if i%4 == 0 {
			minor /= 2
		}
		r := refund(list[i], fmt.Sprintf("RF%03d", i), minor, statuses[i/2%len(statuses)])
		r.GatewayRefundNo, r.Agent, r.Reason = fmt.Sprintf("GRF%03d", i), []string{"mei", "tom"}[i%3%2], []string{"customer return", "Duplicate"}[i/4%2]
		if i%10 == 0 {
			r.Note = "ticket"
		}
		refunds = append(refunds, r)
	}
	refunds = insert(t, s, refunds...)
	return s, must(s.Orders(context.Background(), ledger.Page{Limit: 1000}))(t), refunds
}

// holds is the meaning of a term, told a second time and as plainly as can be.
func holds(term query.Term, o ledger.Order, rs []ledger.Refund, r *ledger.Refund) bool {
	anyOf := slices.ContainsFunc(term.Values, func(v query.Value) bool { return valueHolds(term, v, o, rs, r) })
	return anyOf != term.Not
}

func valueHolds(term query.Term, v query.Value, o ledger.Order, rs []ledger.Refund, r *ledger.Refund) bool {
	is := func(list ...string) bool {
		return slices.ContainsFunc(list, func(have string) bool { return strings.EqualFold(have, v.Text) })
	}
	contains := func(list ...string) bool {
		return slices.ContainsFunc(list, func(have string) bool { return strings.Contains(strings.ToLower(have), strings.ToLower(v.Text)) })
	}
	within := func(t time.Time) bool {
		return !t.IsZero() && !(!v.From.IsZero() && t.Before(v.From)) && !(!v.To.IsZero() && !t.Before(v.To))
	}
	amount, status, gateway, profile, placed := o.Amount, string(o.Status), o.Gateway, o.Profile, o.CreatedAt
	if r != nil {
		amount, status, gateway, profile, placed = r.Amount, string(r.Status), r.Gateway, r.Profile, r.CreatedAt
		rs = []ledger.Refund{*r}
	}
	switch term.Field {
	case query.Word:
		return wordHolds(v, o, r)
	case query.Status:
		return status == v.Text
	case query.Gateway:
		return gateway == v.Text
	case query.Profile:
		return profile == v.Text
	case query.Order:
		return is(o.OrderNo, o.GatewayOrderNo, o.ChannelNo)
	case query.User:
		return is(o.UserID)
	case query.Currency:
		return amount.Currency == v.Text
	case query.Method:
		return is(o.Method, o.Brand)
	case query.Card:
		return strings.HasSuffix(o.Card, v.Text)
	case query.Amount:
		return amountHolds(term.Op, v, amount)
	case query.Placed, query.Age:
		return within(placed)
	case query.Paid:
		return within(o.PaidAt)
	case query.Refunded:
		some := o.Refunded.Minor > 0
		full := o.Refunded.Minor >= o.Amount.Minor
		return map[string]bool{"none": !some, "partial": some && !full, "full": some && full}[v.Text]
	case query.Has:
		return hasHolds(v.Text, o, r)
	}
	return slices.ContainsFunc(rs, func(r ledger.Refund) bool {
		switch term.Field {
		case query.Refund:
			return is(r.RefundNo, r.GatewayRefundNo)
		case query.Agent:
			return is(r.Agent)
		default:
			return contains(r.Reason)
		}
	})
}

func wordHolds(v query.Value, o ledger.Order, r *ledger.Refund) bool {
	all := []string{o.OrderNo, o.GatewayOrderNo, o.ChannelNo, o.UserID, o.Card[max(len(o.Card)-4, 0):], o.Note}
	word := strings.ToLower(v.Text)
	if r != nil {
		all = append(all, r.RefundNo, r.GatewayRefundNo, r.Note)
	} else if utf8.RuneCountInString(word) < 3 { // the beginning of a number or a user
		return slices.ContainsFunc(all[:4], func(have string) bool { return strings.HasPrefix(strings.ToLower(have), word) })
	}
	return slices.ContainsFunc(all, func(have string) bool { return strings.Contains(strings.ToLower(have), word) })
}

func amountHolds(op query.Op, v query.Value, m client.Money) bool {
	e4, err := m.Rescale(client.MaxExp)
	if err != nil || (v.Currency != "" && v.Currency != m.Currency) {
		return false
	}
	switch op {
	case query.Less:
		return e4.Minor < v.Amount
	case query.AtMost:
		return e4.Minor <= v.Amount
	case query.Greater:
		return e4.Minor > v.Amount
	case query.AtLeast:
		return e4.Minor >= v.Amount
	default:
		return e4.Minor >= v.Amount && e4.Minor <= v.AmountTo
	}
}

func hasHolds(what string, o ledger.Order, r *ledger.Refund) bool {
	status, note := o.OpenStatus, o.Note
	if r != nil {
		status, note = r.Status, r.Note
	}
	switch what {
	case "note":
		return note != ""
	case "unknown":
		return status == client.RefundUnknown
	default:
		return status.Open() && status != client.RefundUnknown
	}
}

// terms is searches of every field, alone; testSearchOrders also joins many
// of them in pairs.
var terms = []string{
	"P00", "p0", "g00", "G0012", "5", "u-", "U-1", "-p001", "P0012,P0013", "0333", "小明", "用户九", "Ärger", `"100% "`, `"\"gift\""`, `"'b"`, "c*d", "(e)",
	"status:paid", "status:paid,failed", "-status:paid", "status:unknown", "gateway:easylink", "profile:shop2,shop3", "order:p0012,G0014,c0016",
	"user:u-1", "user:U-2,U-3", "currency:HKD,KWD", "-currency:IDR", "method:visa", "method:gcash,qr", "card:0333", "card:33", "amount>=10", "amount<20",
	"amount>10HKD", "amount:10..20", "amount:10KWD,20HKD", "-amount:10", "placed>=2026-11-01T09:10", "placed:2026-11-01T09:05..2026-11-01T09:07",
	"placed:today", "placed:2026-11-01T09:01,2026-11-01T09:03", "-placed:2026-11-01T09:05", "paid<1970", "paid<2026", "paid:2026-11",
	"age>10m", "age<595m", "refunded:none", "refunded:partial", "refunded:full,partial", "refund:rf004,GRF006", "reason:return",
	"agent:MEI", "-agent:mei", "has:pending", "has:unknown,pending", "has:note", "has:note,unknown", "-has:pending",
}

func testSearchOrders(t *testing.T, open Open) {
	s, orders, refunds := searched(t, open)
	of := map[int64][]ledger.Refund{}
	for _, r := range refunds {
		of[r.OrderID] = append(of[r.OrderID], r)
	}
	checked, empty := 0, 0
	check := func(text string) {
		checked++
		q := search(t, text)
		var want []string
		for _, o := range orders {
			if !slices.ContainsFunc(q.Terms, func(term query.Term) bool { return !holds(term, o, of[o.ID], nil) }) {
				want = append(want, o.Profile+"/"+o.OrderNo)
			}
		}
		if len(want) == 0 {
			empty++
		}
		got := must(s.Orders(context.Background(), ledger.Page{Query: q, Limit: 1000}))(t)
		same(t, text, want, orderNos(got))
		n, exact, err := s.CountOrders(context.Background(), ledger.Page{Query: q}, 1000)
		if n != int64(len(want)) || !exact || err != nil {
			t.Errorf("%s: counted %d, %v, %v; want %d", text, n, exact, err, len(want))
		}
	}
	for i, a := range terms {
		check(a)
		for j, b := range terms[i+1:] {
			if (i+j)%4 == 0 {
				check(a + " " + b)
			}
		}
	}
	if empty > checked*2/3 {
		t.Errorf("%d of %d searches found nothing: they prove little", empty, checked)
	}
}

func testSearchRefunds(t *testing.T, open Open) {
	s, orders, refunds := searched(t, open)
	of := map[int64]ledger.Order{}
	for _, o := range orders {
		of[o.ID] = o
	}
	all := must(s.Refunds(context.Background(), ledger.Page{Limit: 1000}))(t)
	if len(all) != len(refunds) {
		t.Fatalf("%d refunds, want %d", len(all), len(refunds))
	}
	texts := append(slices.Clone(terms), "status:success", "status:pending,held", "RF0", "grf012", "ticket", "0333")
	for _, text := range texts {
		for _, and := range []string{"", " status:success,failed", " agent:mei", " user:U-1,U-2"} {
			if strings.Contains(text, "status:paid") {
				continue
			}
			q := must(query.ParseRefunds(text+and, at(600), time.UTC))(t)
			var want []string
			for _, r := range all {
				if !slices.ContainsFunc(q.Terms, func(term query.Term) bool { return !holds(term, of[r.OrderID], nil, &r) }) {
					want = append(want, r.RefundNo)
				}
			}
			got := must(s.Refunds(context.Background(), ledger.Page{Query: q, Limit: 1000}))(t)
			same(t, "refunds "+text+and, want, refundNos(got))
			n, exact, err := s.CountRefunds(context.Background(), ledger.Page{Query: q}, 1000)
			if n != int64(len(want)) || !exact || err != nil {
				t.Errorf("refunds %s: counted %d, %v, %v; want %d", text+and, n, exact, err, len(want))
			}
		}
	}
	for _, by := range []string{"placed", "age", "amount", "order", "user", "status", "currency", "profile", "updated", "agent", "refund", "-amount,user"} {
		q := must(query.ParseRefunds("sort:"+by, at(600), time.UTC))(t)
		whole := refundNos(must(s.Refunds(context.Background(), ledger.Page{Query: q, Limit: 1000}))(t))
		var down []string
		for anchor := int64(0); ; {
			part := must(s.Refunds(context.Background(), ledger.Page{Query: q, Anchor: anchor, Limit: 4}))(t)
			if len(part) == 0 {
				break
			}
			down, anchor = append(down, refundNos(part)...), part[len(part)-1].ID
		}
		same(t, "refunds sorted by "+by, whole, down)
		same(t, "all of them", len(refunds), len(whole))
	}
}

// testHostileSearch: whatever is searched for is a value, never a part of the
// statement, and never an error.
func testHostileSearch(t *testing.T, open Open) {
	s := open(t)
	put(t, s, order(1))
	for _, text := range []string{
		"'", "''''", `"`, `"""`, "'; DROP TABLE orders; --", "*", "abc*", "NEAR(a b)", "a AND b OR NOT c", "{words}:x", "^abc", "a\"b\"c", "%", "___", "\\", "-x",
		"x:y", "😀😀😀", "ﬁﬁﬁ", "ẞẞẞ", "\u0130\u0130\u0130", "aaaaaaaaaaaa", "?1", ":name", "\u00a0\u00a0\u00a0", "\U0010ffff", "\ud7ff", strings.Repeat("x", 1900),
	} {
		for _, field := range []query.Field{query.Word, query.User, query.Order, query.Card, query.Method, query.Reason, query.Refund, query.Profile} {
			for _, not := range []bool{false, true} {
				q := query.Query{Terms: []query.Term{{Field: field, Not: not, Op: query.Is, Values: []query.Value{{Text: text}}}}}
				got, err := s.Orders(context.Background(), ledger.Page{Query: q, Limit: 5})
				if err != nil || len(got) != map[bool]int{true: 1}[not] {
					t.Errorf("%q in %q, excluded %v: %d orders, %v", text, field, not, len(got), err)
				}
				if _, err := s.Refunds(context.Background(), ledger.Page{Query: q, Limit: 5}); err != nil {
					t.Errorf("%q in %q of refunds: %v", text, field, err)
				}
			}
		}
	}
	for _, q := range []query.Query{
		{Sort: []query.Sort{{Field: "id; DROP TABLE orders"}}},
		{Terms: []query.Term{{Field: "id; DROP TABLE orders", Values: []query.Value{{Text: "x"}}}}},
	} {
		if _, err := s.Orders(context.Background(), ledger.Page{Query: q, Limit: 5}); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func testCount(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	put(t, s, crowd(30)...)
	for _, c := range []struct {
		text     string
		profiles []string
		limit    int64
		n        int64
		exact    bool
	}{
		{"", nil, 30, 30, true},
		{"", nil, 29, 29, false},
		{"", []string{"shop2"}, 100, 10, true},
		{"", []string{"shop2"}, 5, 5, false},
		{"P00", nil, 100, 30, true},
		{"P00", nil, 10, 10, false},
		{"P00", []string{"shop", "shop3"}, 100, 20, true},
		{"status:failed,pending", nil, 100, 14, true},
		{"-status:paid", nil, 13, 13, false},
		{"nothing", nil, 14, 0, true},
	} {
		n, exact, err := s.CountOrders(ctx, ledger.Page{Query: search(t, c.text), Profiles: c.profiles}, c.limit)
		if n != c.n || exact != c.exact || err != nil {
			t.Errorf("%q of %v up to %d: %d, %v, %v; want %d, %v", c.text, c.profiles, c.limit, n, exact, err, c.n, c.exact)
		}
	}
}
