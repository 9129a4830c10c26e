package ledgertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Every member of an order comes back as it went in.
func testOrders(t *testing.T, open Open) {
	s := open(t)
	o := order(1)
	o.Note, o.FailCode, o.HistoryAt = "gift, \"wrapped\" 王", "E1", at(9)
	o.Amount = client.Money{Minor: 123_456, Currency: "KWD", Exp: 3}
	stored := put(t, s, o)[0]
	if stored.ID == 0 {
		t.Fatal("a stored order has no ID")
	}
	o.ID = stored.ID
	o.Refunded, o.Reserved = o.Amount.Zero(), o.Amount.Zero()
	same(t, "PutOrder returns", o, stored)
	same(t, "Order", o, must(s.Order(context.Background(), "shop", "P0001"))(t))

	bare := ledger.Order{Profile: "shop", Gateway: "payermax", Order: client.Order{OrderNo: "bare", Status: client.OrderUnknown}}
	bare.ID = put(t, s, bare)[0].ID
	same(t, "an order with nothing known", bare, must(s.Order(context.Background(), "", "bare"))(t))
	update(t, s, func(tx ledger.Tx) error {
		got, err := tx.OrderByID(bare.ID)
		same(t, "OrderByID", bare, got)
		if _, err := tx.OrderByID(bare.ID + 1000); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("OrderByID of nothing: %v", err)
		}
		return err
	})
}

// Numbers are found whatever their case; the merchant's own number leads to
// its order even when another order carries it as a foreign number.
func testNumbers(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	one, two, three, other := order(1), order(2), order(3), order(1)
	one.OrderNo = "MixedCase-1"
	two.ChannelNo, two.GatewayOrderNo = "mixedcase-1", "SHARED"
	three.GatewayOrderNo = "shared"
	other.Profile, other.OrderNo, other.GatewayOrderNo, other.ChannelNo = "shop2", "MIXEDCASE-1", "", ""
	stored := put(t, s, one, two, three, other)
	for _, c := range []struct {
		profile, no string
		want        int64
		err         error
	}{
		{"shop", "MixedCase-1", stored[0].ID, nil},
		{"shop", "MIXEDCASE-1", stored[0].ID, nil},
		{"shop2", "mixedcase-1", stored[3].ID, nil},
		{"", "mixedcase-1", 0, ledger.ErrAmbiguous},
		{"", "c0003", stored[2].ID, nil},
		{"shop", "g0001", stored[0].ID, nil},
		{"shop2", "g0001", 0, ledger.ErrNotFound},
		{"shop", "Shared", 0, ledger.ErrAmbiguous},
		{"", "nothing", 0, ledger.ErrNotFound},
		{"", "", 0, ledger.ErrNotFound},
		{"nobody", "MixedCase-1", 0, ledger.ErrNotFound},
		{"", "' OR 1=1 --", 0, ledger.ErrNotFound},
	} {
		check := func(where string, o ledger.Order, err error) {
			if o.ID != c.want || !errors.Is(err, c.err) {
				t.Errorf("%s(%q, %q) = order %d, %v; want %d, %v", where, c.profile, c.no, o.ID, err, c.want, c.err)
			}
		}
		o, err := s.Order(ctx, c.profile, c.no)
		check("Order", o, err)
		update(t, s, func(tx ledger.Tx) error {
			o, err := tx.Order(c.profile, c.no)
			check("Tx.Order", o, err)
			return nil
		})
	}
}

// PutOrder replaces by profile and number, keeps the ID and the sums, and moves
// the order in the list when it learns when it was placed.
func testReplace(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	unknown := ledger.Order{Profile: "shop", Gateway: "payermax", Order: client.Order{OrderNo: "Late", Amount: hkd(500), Status: client.OrderPending}}
	stored := put(t, s, order(1), unknown, order(2))
	first := must(s.Orders(ctx, ledger.Page{Limit: 1}))(t)
	same(t, "first seen now, so the newest", []string{"shop/Late"}, orderNos(first))
	insert(t, s, refund(stored[1], "R1", 200, client.RefundPending))

	known := unknown
	known.OrderNo, known.Status, known.PaidAt, known.UserID = "LATE", client.OrderPaid, at(1).Add(time.Second), "U-99"
	got := put(t, s, known)[0]
	if got.ID != stored[1].ID || got.Reserved != hkd(200) || got.OpenRefund != "R1" || got.OpenStatus != client.RefundPending {
		t.Errorf("replaced: %+v", got)
	}
	list := must(s.Orders(ctx, ledger.Page{Limit: 10}))(t)
	same(t, "after its time is known", []string{"shop/P0002", "shop/LATE", "shop/P0001"}, orderNos(list))
	byUser := must(s.Orders(ctx, ledger.Page{Limit: 10, Query: search(t, "u-99")}))(t)
	same(t, "found by what it learned", []string{"shop/LATE"}, orderNos(byUser))

	finer := known
	finer.Amount = client.Money{Minor: 50_000, Currency: "HKD", Exp: 4}
	if got := put(t, s, finer)[0]; got.Reserved != (client.Money{Minor: 20_000, Currency: "HKD", Exp: 4}) {
		t.Errorf("the sums do not follow the order's decimals: %s", got.Reserved)
	}
	if n, _, err := s.CountOrders(ctx, ledger.Page{}, 100); n != 3 || err != nil {
		t.Errorf("%d orders, %v; want 3", n, err)
	}
	huge := known
	huge.Amount = client.Money{Minor: 1 << 62, Currency: "IDR"}
	err := s.Update(ctx, func(tx ledger.Tx) error { _, err := tx.PutOrder(huge); return err })
	if client.ClassOf(err) != client.ClassInput {
		t.Errorf("an amount beyond all bounds: %v", err)
	}
}

// testCancelled: a cancelled decision leaves nothing, before it and inside it.
func testCancelled(t *testing.T, open Open) {
	s := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	err := s.Update(ctx, func(tx ledger.Tx) error {
		if _, err := tx.PutOrder(order(1)); err != nil {
			t.Error(err)
		}
		cancel()
		if _, err := tx.PutOrder(order(2)); !errors.Is(err, context.Canceled) {
			t.Errorf("after the cancellation: %v", err)
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled inside: %v", err)
	}
	if err := s.Update(ctx, func(ledger.Tx) error { t.Error("fn ran"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	if _, err := s.Orders(ctx, ledger.Page{Limit: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("reading: %v", err)
	}
	if list := must(s.Orders(context.Background(), ledger.Page{Limit: 5}))(t); len(list) != 0 {
		t.Errorf("%d orders were kept", len(list))
	}
}

// testDecision: all or nothing, own writes seen by the decision and by nobody
// else until it ends.
func testDecision(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	boom := errors.New("boom")
	err := s.Update(ctx, func(tx ledger.Tx) error {
		o, err := tx.PutOrder(order(1))
		if err != nil {
			return err
		}
		if _, err := tx.InsertRefund(refund(o, "R1", 100, client.RefundIntent)); err != nil {
			return err
		}
		seen, err := tx.Order("shop", "P0001")
		if err != nil || seen.Reserved != hkd(100) {
			t.Errorf("own writes: %+v, %v", seen, err)
		}
		if _, err := s.Order(ctx, "shop", "P0001"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("seen from outside before the end: %v", err)
		}
		if _, err := tx.Append(ledger.Event{Kind: "x"}); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("Update: %v, want fn's own error", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = s.Update(ctx, func(tx ledger.Tx) error {
			_, _ = tx.PutOrder(order(2))
			panic("a bug")
		})
	}()
	if n, _, err := s.CountOrders(ctx, ledger.Page{}, 10); n != 0 || err != nil {
		t.Errorf("%d orders, %v; want none", n, err)
	}
	if n, err := ledger.VerifyJournal(ctx, s); n != 0 || err != nil {
		t.Errorf("%d lines, %v; want none", n, err)
	}
	var kept ledger.Tx
	update(t, s, func(tx ledger.Tx) error { kept = tx; return nil })
	if _, err := kept.PutOrder(order(3)); err == nil {
		t.Error("a decision that has ended still writes")
	}
	put(t, s, order(4)) // and the store goes on
}

// testVersion: the version moves with every commit and only then.
func testVersion(t *testing.T, open Open) {
	s := open(t)
	ctx := context.Background()
	before := must(s.Version(ctx))(t)
	if again := must(s.Version(ctx))(t); again != before {
		t.Errorf("version %d became %d by itself", before, again)
	}
	_ = s.Update(ctx, func(tx ledger.Tx) error { _, _ = tx.PutOrder(order(1)); return errors.New("no") })
	if again := must(s.Version(ctx))(t); again != before {
		t.Errorf("version %d became %d without a commit", before, again)
	}
	put(t, s, order(1))
	if again := must(s.Version(ctx))(t); again == before {
		t.Error("a commit did not change the version")
	}
	if h := s.Health(); !h.Writable || h.Reason != "" {
		t.Errorf("health %+v", h)
	}
}
