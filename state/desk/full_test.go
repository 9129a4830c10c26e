package desk_test

import (
	"context"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// cramped is a ledger whose disk fills up when it is told to.
type cramped struct {
	ledger.Store
	full    bool
	reserve bool // giving up the reserve makes room
}

func (c *cramped) Update(ctx context.Context, fn func(ledger.Tx) error) error {
	if c.full {
		return &client.Error{Class: client.ClassStorage, Code: "full", Message: "the disk of the ledger is full"}
	}
	return c.Store.Update(ctx, fn)
}

// FreeReserve implements ledger.Reserve.
func (c *cramped) FreeReserve() bool {
	had := c.reserve
	c.reserve, c.full = false, c.full && !had
	return had
}

// crampedOffice fills the disk while the refund is on its way.
func crampedOffice(t *testing.T, reserve bool) (*office, *cramped) {
	t.Helper()
	o := newOffice(t, desk.Policy{})
	disk := &cramped{Store: o.store, reserve: reserve}
	o.Desk = desk.New(desk.Options{
		Store: disk, Agent: "ada", Clock: o.clock.Now, Mono: func() time.Duration { return 0 },
		Profiles: []desk.Profile{{Name: shop, Gateway: "payermax", Brand: "Bank", Environment: desk.Test, Merchant: "M1"}},
		Connect:  func(context.Context, string) (client.Gateway, error) { return o.bank, nil },
	})
	o.bank.trouble = func(op string) trouble {
		disk.full = disk.full || op == "refund"
		return none
	}
	return o, disk
}

// covers F17
func TestADiskThatFillsDuringASendLosesNothing(t *testing.T) {
	t.Run("the reserve holds the outcome", func(t *testing.T) {
		o, _ := crampedOffice(t, true)
		r := o.begin("40.00")
		if stored, err := o.store.Refund(t.Context(), shop, r.RefundNo); err != nil || stored.Status != client.RefundPending {
			t.Errorf("stored: %s, %v", stored.Status, err)
		}
		if list := o.Unsaved(); len(list) != 0 {
			t.Errorf("unsaved: %+v", list)
		}
	})
	t.Run("without room it waits in memory", func(t *testing.T) {
		o, disk := crampedOffice(t, false)
		r, err := o.commit(o.plan("40.00"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Advance(t.Context(), shop, r.RefundNo); client.ClassOf(err) != client.ClassStorage {
			t.Errorf("advance: %v", err)
		}
		if stored, _ := o.store.Refund(t.Context(), shop, r.RefundNo); stored.Status != client.RefundSending {
			t.Errorf("stored: %s", stored.Status)
		}
		if list := o.Unsaved(); len(list) != 1 || list[0].No != r.RefundNo || list[0].Profile != shop {
			t.Fatalf("unsaved: %+v", list)
		}
		if err := o.SaveUnsaved(t.Context()); client.ClassOf(err) != client.ClassStorage || len(o.Unsaved()) != 1 {
			t.Errorf("saving without room: %v, %+v", err, o.Unsaved())
		}
		disk.full = false
		if err := o.SaveUnsaved(t.Context()); err != nil || len(o.Unsaved()) != 0 {
			t.Errorf("saving with room: %v, %+v", err, o.Unsaved())
		}
		if stored, _ := o.store.Refund(t.Context(), shop, r.RefundNo); stored.Status != client.RefundPending {
			t.Errorf("stored: %s", stored.Status)
		}
		o.bank.trouble = func(string) trouble { return none }
		if end := o.settle(r.RefundNo); end.Status != client.RefundSuccess || o.bank.moved() != 1 || o.bank.sends != 1 {
			t.Errorf("%s, moved %d times, sent %d times", end.Status, o.bank.moved(), o.bank.sends)
		}
	})
}
