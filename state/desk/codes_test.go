package desk_test

import (
	"cmp"
	"context"
	"testing"

	"paydesk/client"
	"paydesk/state/desk"
)

// teller finds orders and refunds by the gateway's own numbers, and refuses
// numbers that contradict each other, as PayCools does (paycools: sections 6 and
// 10.2).
type teller struct {
	*able
	refunded []client.RefundRequest
}

func (f *teller) FindOrder(ctx context.Context, ref client.OrderRef) (client.OrderAnswer, error) {
	for _, o := range f.orders {
		if o.GatewayOrderNo != cmp.Or(ref.GatewayOrderNo, ref.OrderNo) {
			continue
		}
		if ref.GatewayOrderNo != "" && ref.OrderNo != "" && ref.OrderNo != o.OrderNo {
			return client.OrderAnswer{}, f.fail(client.ClassUnknown, "orderQuery", "wrong-echo", true)
		}
		return client.OrderAnswer{Order: o, Exchange: f.exchange("orderQuery", "OK", true)}, nil
	}
	return client.OrderAnswer{}, f.fail(client.ClassNotFound, "orderQuery", "NOT_FOUND", true)
}

func (f *teller) FindRefund(ctx context.Context, ref client.RefundRef) (client.RefundAnswer, error) {
	if ref.GatewayOrderNo == "" && ref.GatewayRefundNo == "" {
		return client.RefundAnswer{}, &client.Error{Class: client.ClassInput, Code: "gateway_order_no", Message: "is missing"}
	}
	return f.QueryRefund(ctx, ref.RefundNo)
}

func (f *teller) Refund(ctx context.Context, req client.RefundRequest) (client.RefundAnswer, error) {
	f.refunded = append(f.refunded, req)
	return f.able.Refund(ctx, req)
}

// The second payment to a static code is known by the gateway's number only: it
// is looked up, refunded and settled by that (paycools: section 8).
func TestAPaymentKeptUnderTheGatewaysNumberIsRefunded(t *testing.T) {
	b, clock := newAble(t)
	g := &teller{able: b}
	o := b.office(t, clock, g, nil)
	b.of(day(1), 2, listed("CODE7", "C1", 100, client.OrderPaid), listed("CODE7", "C2", 900, client.OrderPaid))
	if _, err := o.statement(day(1), day(1), false); err != nil {
		t.Fatal(err)
	}
	b.orders["C2"] = client.Order{OrderNo: "CODE7", GatewayOrderNo: "C2", Amount: hkd(900), Status: client.OrderPaid, Method: "GCASH"}
	found, err := o.LookUp(t.Context(), shop, "C2")
	if err != nil || found.Order.OrderNo != "C2" || found.Order.Amount != hkd(900) {
		t.Fatalf("found %+v, %v", found, err)
	}
	plan, err := o.Plan(t.Context(), desk.Ask{Profile: shop, Order: "C2", Amount: "all", Reason: "customer return"})
	if err != nil || plan.Refusal != nil || plan.Order.OrderNo != "C2" {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	r, err := o.commit(plan)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = o.Advance(t.Context(), shop, r.RefundNo); err != nil {
		t.Fatal(err)
	}
	r = o.settle(r.RefundNo)
	wantStatus(t, r, client.RefundSuccess)
	if len(g.refunded) != 1 || g.refunded[0].GatewayOrderNo != "C2" || g.refunded[0].Amount != hkd(900) {
		t.Errorf("sent %+v", g.refunded)
	}
	if row, err := o.store.Order(t.Context(), shop, "CODE7"); err != nil || row.Refunded.Minor != 0 {
		t.Errorf("the other payment has %s refunded, %v", row.Refunded, err)
	}
}
