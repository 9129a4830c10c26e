package desk_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
)

// opened is an order whose payment page is open, at the bank and in the ledger.
func (o *office) opened(no string) {
	o.t.Helper()
	row := client.Order{OrderNo: no, GatewayOrderNo: "T" + no, Amount: hkd(4200), Status: client.OrderPending, CreatedAt: o.clock.Now()}
	o.bank.orders[no] = row
	if _, err := o.LookUp(o.t.Context(), shop, no); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) statusOf(no string) client.OrderStatus {
	o.t.Helper()
	row, err := o.store.Order(o.t.Context(), shop, no)
	if err != nil {
		o.t.Fatal(err)
	}
	return row.Status
}

// covers I1
func TestCloseOrder(t *testing.T) {
	b, clock := newAble(t)
	b.silent = true
	o := b.office(t, clock, b, nil)
	o.opened("P2")
	closed, err := o.CloseOrder(t.Context(), shop, "TP2") // by the gateway's number
	if err != nil {
		t.Fatal(err)
	}
	if closed.Status != client.OrderClosed || closed.Amount != hkd(4200) || o.statusOf("P2") != client.OrderClosed {
		t.Errorf("order %+v", closed)
	}
	if !slices.Equal(b.closed, []string{"P2"}) || len(o.lines("order.close-intent")) != 1 {
		t.Errorf("asked for %v, journal %v", b.closed, o.lines("order.close-intent"))
	}
	_, err = o.CloseOrder(t.Context(), shop, "P-NEVER")
	wantClass(t, err, client.ClassNotFound)
}

func TestWhatIsNotClosed(t *testing.T) {
	for name, tc := range map[string]struct {
		set   func(b *able, opt *desk.Options)
		no    string
		class client.Class
		words string
	}{
		"not offered": {func(b *able, _ *desk.Options) {
			b.can = func(c *client.Capabilities) { c.CloseOrder = client.Cannot("its link lives one hour") }
		}, "P2", client.ClassUnsupported, "its link lives one hour"},
		"paid":      {func(*able, *desk.Options) {}, "P1", client.ClassPolicy, "order P1 is paid; there is nothing to close"},
		"read-only": {func(_ *able, opt *desk.Options) { opt.Profiles[0].Policy.ReadOnly = true }, "P2", client.ClassPolicy, "profile shop is read-only"},
	} {
		b, clock := newAble(t)
		o := b.office(t, clock, b, func(opt *desk.Options) { tc.set(b, opt) })
		o.opened("P2")
		if _, err := o.LookUp(t.Context(), shop, "P1"); err != nil {
			t.Fatal(err)
		}
		_, err := o.CloseOrder(t.Context(), shop, tc.no)
		wantClass(t, err, tc.class)
		e, ok := errors.AsType[*client.Error](err)
		if !ok || e.Message != tc.words {
			t.Errorf("%s: %v", name, err)
		}
		if len(b.closed) > 0 || len(o.lines("order.close-intent")) > 0 || o.statusOf("P2") != client.OrderPending {
			t.Errorf("%s: closed %v, journal %v", name, b.closed, o.lines("order.close-intent"))
		}
	}
}

// A gateway that says it can, and has no way to, is told apart from one that did.
func TestCloseOrderWithoutAWay(t *testing.T) {
	b, clock := newAble(t)
	o := b.office(t, clock, claims{b.bank}, nil)
	o.opened("P2")
	_, err := o.CloseOrder(t.Context(), shop, "P2")
	wantClass(t, err, client.ClassUnsupported)
	_, err = o.Balance(t.Context(), shop)
	wantClass(t, err, client.ClassUnsupported)
	err = o.Statement(t.Context(), shop, client.Day{Year: 2026, Month: 11, Day: 1}, client.Day{Year: 2026, Month: 11, Day: 1}, false, nil)
	wantClass(t, err, client.ClassUnsupported)
}

// claims promises what it does not have.
type claims struct{ *bank }

func (c claims) Capabilities() client.Capabilities {
	can := c.bank.Capabilities()
	can.CloseOrder, can.Balance, can.Statement = client.Can(), client.Can(), client.Can()
	return can
}

// A lost answer leaves the order as it is, and a look-up tells. covers F3
func TestCloseOrderWithALostAnswer(t *testing.T) {
	b, clock := newAble(t)
	b.lost = true
	o := b.office(t, clock, b, nil)
	o.opened("P2")
	_, err := o.CloseOrder(t.Context(), shop, "P2")
	wantClass(t, err, client.ClassUnknown)
	if o.statusOf("P2") != client.OrderPending || len(o.lines("order.close-intent")) != 1 || len(o.lines("order.close-failed")) != 1 {
		t.Errorf("order is %s, journal %v %v", o.statusOf("P2"), o.lines("order.close-intent"), o.lines("order.close-failed"))
	}
	clock.add(time.Minute)
	found, err := o.LookUp(t.Context(), shop, "P2")
	if err != nil || found.Order.Status != client.OrderClosed {
		t.Errorf("found %s, %v", found.Order.Status, err)
	}
}

// A person who leaves while the answer comes does not undo what it said.
func TestCloseOrderIsKeptWhenItsCallerLeaves(t *testing.T) {
	b, clock := newAble(t)
	g := &leaving{able: b}
	o := b.office(t, clock, g, nil)
	o.opened("P2")
	ctx, leave := context.WithCancel(t.Context())
	g.leave = leave
	if _, err := o.CloseOrder(ctx, shop, "P2"); err != nil {
		t.Fatal(err)
	}
	if o.statusOf("P2") != client.OrderClosed {
		t.Errorf("order is %s", o.statusOf("P2"))
	}
}

// leaving ends its caller's context before it answers.
type leaving struct {
	*able
	leave context.CancelFunc
}

func (l *leaving) CloseOrder(ctx context.Context, no string) (client.OrderAnswer, error) {
	answer, err := l.able.CloseOrder(ctx, no)
	l.leave()
	return answer, err
}
