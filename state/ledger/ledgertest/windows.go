package ledgertest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"paydesk/client"
	"paydesk/state/ledger"
)

// crowd is orders with many equal values, so that ties matter.
func crowd(n int) []ledger.Order {
	list := make([]ledger.Order, n)
	for i := range list {
		o := order(i)
		o.Profile = []string{"shop", "shop2", "shop3"}[i%3]
		o.CreatedAt = at(i / 4) // four at a time
		o.PaidAt = o.CreatedAt
		o.Amount = []client.Money{hkd(1000), {Minor: 10, Currency: "IDR"}, hkd(2000), {Minor: 10_000, Currency: "KWD", Exp: 3}}[i*7%4]
		o.Status = []client.OrderStatus{client.OrderPaid, client.OrderPaid, client.OrderFailed, client.OrderPending}[i*5%4]
		o.UserID = []string{"", "U-1", "u-1", "U-2", "U-3"}[i*3%5]
		if i%6 == 0 {
			o.PaidAt = at(0).AddDate(-60, 0, 0)
		}
		if i%5 == 0 {
			o.Note = "note"
		}
		list[i] = o
	}
	return list
}

// sorts is every order that the order list takes.
var sorts = []string{
	"", "sort:placed", "sort:-placed", "sort:age", "sort:paid", "sort:-paid", "sort:amount", "sort:-amount", "sort:order", "sort:-order", "sort:user",
	"sort:-user", "sort:status", "sort:-status", "sort:currency", "sort:-currency", "sort:profile", "sort:-profile", "sort:updated",
	"sort:-amount,placed", "sort:status,-amount,user", "sort:currency,-user,order",
}

// Whatever the order and the search: windows of any size, from either end and
// from any row, are pieces of one list without gaps or repetitions.
func testWindows(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	put(t, s, crowd(48)...)
	for i, filter := range []string{"", "status:failed,pending", "user:u-1", "P00", "p0", "-status:paid", "has:note", "amount>=10 status:paid"} {
		for j, by := range sorts {
			if i > 0 && (i+j)%6 > 0 { // every search meets some orders, every order some searches
				continue
			}
			name := filter + " " + by
			page := ledger.Page{Query: search(t, name)}
			page.Limit = 1000
			whole := must(s.Orders(ctx, page))(t)
			checkWindows(t, name, whole, func(page ledger.Page) []ledger.Order {
				page.Query = search(t, name)
				return must(s.Orders(ctx, page))(t)
			})
		}
	}
	all := must(s.Orders(ctx, ledger.Page{Limit: 1000}))(t)
	for _, profiles := range [][]string{{"shop"}, {"shop", "shop3"}, {"shop", "shop2", "shop3"}, {"nobody"}} {
		want := slices.DeleteFunc(slices.Clone(all), func(o ledger.Order) bool { return !slices.Contains(profiles, o.Profile) })
		got := must(s.Orders(ctx, ledger.Page{Limit: 1000, Profiles: profiles}))(t)
		same(t, fmt.Sprint(profiles), orderNos(want), orderNos(got))
	}
	if _, err := s.Orders(ctx, ledger.Page{}); err == nil {
		t.Error("a window without a size was read")
	}
}

func checkWindows(t *testing.T, name string, whole []ledger.Order, read func(ledger.Page) []ledger.Order) {
	t.Helper()
	if len(whole) == 0 {
		t.Errorf("%s: nothing to see", name)
		return
	}
	seen := map[int64]bool{}
	for _, o := range whole {
		if seen[o.ID] {
			t.Errorf("%s: order %s twice", name, o.OrderNo)
		}
		seen[o.ID] = true
	}
	want := orderNos(whole)
	limit := max(len(whole)/6, 1)
	var down, up []string
	for anchor := int64(0); ; {
		part := read(ledger.Page{Anchor: anchor, Limit: limit})
		if len(part) == 0 {
			break
		}
		down, anchor = append(down, orderNos(part)...), part[len(part)-1].ID
	}
	for anchor := int64(0); ; {
		part := read(ledger.Page{Anchor: anchor, Back: true, Limit: limit})
		if len(part) == 0 {
			break
		}
		up, anchor = append(orderNos(part), up...), part[0].ID
	}
	same(t, name+": downward", want, down)
	same(t, name+": upward", want, up)
	if t.Failed() {
		t.FailNow()
	}
	mid := len(whole) / 2
	from := read(ledger.Page{Anchor: whole[mid].ID, Include: true, Limit: 3})
	same(t, name+": from the anchor", want[mid:min(mid+3, len(want))], orderNos(from))
	to := read(ledger.Page{Anchor: whole[mid].ID, Include: true, Back: true, Limit: 3})
	same(t, name+": up to the anchor", want[max(mid-2, 0):mid+1], orderNos(to))
}

// Rows that change under the cursor move; the window lies where the anchor is
// now, and an anchor that no longer matches still says where.
func testMoving(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	var list []ledger.Order
	for i := range 10 {
		list = append(list, order(i))
	}
	list = put(t, s, list...)
	byAmount := search(t, "sort:amount")
	list[5].Amount = hkd(20_000) // from the middle of equals to the end
	put(t, s, list[5])
	got := must(s.Orders(ctx, ledger.Page{Query: byAmount, Anchor: list[5].ID, Back: true, Include: true, Limit: 2}))(t)
	same(t, "moved to the end", []string{"shop/P0009", "shop/P0005"}, orderNos(got))
	same(t, "nothing after it", []string{}, orderNos(must(s.Orders(ctx, ledger.Page{Query: byAmount, Anchor: list[5].ID, Limit: 2}))(t)))

	paid := search(t, "status:paid")
	list[4].Status = client.OrderFailed
	put(t, s, list[4])
	got = must(s.Orders(ctx, ledger.Page{Query: paid, Anchor: list[4].ID, Include: true, Limit: 2}))(t)
	same(t, "beside a row that no longer matches", []string{"shop/P0003", "shop/P0002"}, orderNos(got))

	put(t, s, order(10))
	got = must(s.Orders(ctx, ledger.Page{Anchor: list[9].ID, Back: true, Limit: 5}))(t)
	same(t, "what came in above", []string{"shop/P0010"}, orderNos(got))
	got = must(s.Orders(ctx, ledger.Page{Anchor: 999_999, Limit: 1}))(t)
	same(t, "an anchor that is gone leaves the edge", []string{"shop/P0010"}, orderNos(got))
}
