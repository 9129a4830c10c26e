package sqlite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"paydesk/state/ledger"
	"paydesk/state/query"
)

// explain is how SQLite reads the rows of each step of a window: the part of
// its plan that finds them, not the part that sorts the few that were found.
func explain(t *testing.T, s *Store, l *listing, page ledger.Page) string {
	t.Helper()
	ctx := context.Background()
	p, err := s.plan(ctx, l, page)
	if err != nil {
		t.Fatal(err)
	}
	var values []any
	if page.Anchor != 0 {
		if values, err = s.anchor(ctx, l, p.by, page.Anchor); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	for _, step := range steps(p.by, values, page.Include) {
		text, args := p.statement(l, step, 50)
		rows, err := s.read.db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		inside := map[int]bool{}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if detail == "MATERIALIZE w" || inside[parent] {
				inside[id] = true
				out = append(out, strings.ReplaceAll(detail, "COVERING ", ""))
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(out, "\n")
}

// planCase is a list and what must be in the plan for it.
type planCase struct {
	list     *listing
	text     string
	profiles []string
	want     string // part of the plan
	sorts    bool   // ties of the last column are sorted in small blocks
}

func planCases() []planCase {
	return []planCase{
		{list: orderList(), want: "USING INDEX orders_seek"},
		{list: orderList(), text: "user:U-1", want: "SEARCH o USING INDEX orders_user (user_id=?"},
		{list: orderList(), text: "status:paid", want: "SEARCH o USING INDEX orders_status (status=?"},
		{list: orderList(), text: "status:paid,failed", want: "SEARCH o USING INDEX orders_status (status=?"},
		{list: orderList(), text: "currency:HKD", want: "SEARCH o USING INDEX orders_currency (currency=?"},
		{list: orderList(), text: "has:pending", want: "SEARCH o USING INDEX orders_open (open_status=?"},
		{list: orderList(), text: "refunded:partial", want: "USING INDEX orders_refunded"},
		{list: orderList(), text: "has:note", want: "USING INDEX orders_note"},
		{list: orderList(), profiles: []string{"shop1"}, want: "SEARCH o USING INDEX orders_profile (profile=?"},
		{list: orderList(), profiles: []string{"shop0", "shop1", "shop2"}, want: "USING INDEX orders_seek"},
		{list: orderList(), profiles: []string{"shop0", "shop2"}, want: "SEARCH o USING INDEX orders_profile (profile=?"},
		{list: orderList(), text: "P17", want: "SCAN f VIRTUAL TABLE"},
		{list: orderList(), text: "placed>=2024-01-01", want: "USING INDEX orders_seek (seek"},
		{list: orderList(), text: "sort:-amount", want: "USING INDEX orders_amount"},
		{list: orderList(), text: "sort:-amount status:paid", want: "USING INDEX orders_amount"},
		{list: orderList(), text: "sort:paid", want: "USING INDEX orders_paid"},
		{list: orderList(), text: "sort:updated", want: "USING INDEX orders_updated"},
		{list: orderList(), text: "sort:user", want: "USING INDEX orders_user"},
		{list: orderList(), text: "sort:-status", want: "USING INDEX orders_status"},
		{list: orderList(), text: "sort:order", want: "USING INDEX orders_number", sorts: true},
		{list: refundList(), want: "USING INDEX refunds_queue"},
		{list: refundList(), text: "status:pending,success", want: "SEARCH r USING INDEX refunds_status (status=?"},
		{list: refundList(), text: "agent:agent1", want: "SEARCH r USING INDEX refunds_agent (agent=?"},
	}
}

// The lists that are on the screen all the time are read by an index in their
// own order: no scan of the table, no sorting of what was found.
func TestListsUseIndexes(t *testing.T) {
	s := at(t, fresh(t))
	err := s.Update(context.Background(), func(tx ledger.Tx) error {
		for i := range 3 * few { // more than are gathered and sorted at once
			o := madeUp(i)
			o.UserID, o.Profile = fmt.Sprintf("U-%d", i%2), fmt.Sprintf("shop%d", i%3)
			o, err := tx.PutOrder(o)
			if err != nil {
				return err
			}
			if i < 20 {
				if _, err := tx.InsertRefund(madeUpRefund(o, i)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range planCases() {
		q, err := query.Parse(c.text, benchStart, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		for _, anchor := range []int64{0, 7} {
			for _, back := range []bool{false, true} {
				page := ledger.Page{Query: q, Profiles: c.profiles, Anchor: anchor, Back: back, Limit: 50}
				got := explain(t, s, c.list, page)
				name := fmt.Sprintf("%s %q of %v, anchor %d, back %v", c.list.name, c.text, c.profiles, anchor, back)
				if !strings.Contains(got, c.want) {
					t.Errorf("%s lacks %q:\n%s", name, c.want, got)
				}
				for line := range strings.Lines(got) {
					line = strings.TrimSpace(line)
					scan := (strings.HasPrefix(line, "SCAN o") || strings.HasPrefix(line, "SCAN r")) && !strings.Contains(line, "USING INDEX")
					sort := strings.Contains(line, "TEMP B-TREE") && !c.sorts
					if scan || sort {
						t.Errorf("%s: %s", name, line)
					}
				}
			}
		}
	}
}

// A long number is sought by its rarest parts, which lie apart.
func TestSharpen(t *testing.T) {
	s := at(t, fresh(t))
	err := s.Update(context.Background(), func(tx ledger.Tx) error {
		for i := range 3000 {
			if _, err := tx.PutOrder(madeUp(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{37, 1234, 2999} {
		o := madeUp(i)
		for _, no := range []string{o.OrderNo, strings.ToLower(o.OrderNo), o.GatewayOrderNo, o.ChannelNo[2:]} {
			match, err := s.sharpen(context.Background(), no)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(match, phrase("p17")) || strings.Count(match, `"`) > 2*sharpKept {
				t.Errorf("%s is sought by %s", no, match)
			}
			q, err := query.ParseOrders(no, benchStart, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			list, err := s.Orders(context.Background(), ledger.Page{Query: q, Limit: 5})
			if err != nil || len(list) != 1 || list[0].OrderNo != o.OrderNo {
				t.Errorf("%s: %d orders, %v", no, len(list), err)
			}
		}
	}
}
