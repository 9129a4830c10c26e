package desk_test

import (
	"testing"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// A file that gives a known order another gateway number is told so: it makes no
// second order, and hides no difference.
func TestAFileWithAnotherGatewayNumberMakesNoSecondOrder(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.plan("40.00") // looks the order up
	listed := o.bank.orders["P1"]
	listed.GatewayOrderNo = "OTHER"
	listed.Amount.Minor *= 100
	done, err := o.Import(t.Context(), shop, "export.csv", []client.Order{listed})
	if err != nil || done.Added != 0 || done.Differs != 1 || done.Differences[0].Field != "gateway_order_no" {
		t.Errorf("%+v, %v", done, err)
	}
	if rows, err := o.store.Orders(t.Context(), ledger.Page{Limit: 10}); err != nil || len(rows) != 1 {
		t.Errorf("%d orders, %v", len(rows), err)
	}
}

// What a file notes about a known order is added once.
func TestNotesOfAFileAreAddedOnce(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	listed := o.bank.orders["P1"]
	for _, note := range []string{"Shop: 12", "Fee: 0.50", "Shop: 12", "Fee: 0.50"} {
		listed.Note = note
		if _, err := o.Import(t.Context(), shop, "export.csv", []client.Order{listed}); err != nil {
			t.Fatal(err)
		}
	}
	if order := o.order(); order.Note != "Shop: 12; Fee: 0.50" {
		t.Errorf("the note is %q", order.Note)
	}
}
