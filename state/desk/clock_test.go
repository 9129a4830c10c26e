package desk_test

import (
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
)

// covers F13: a clock that is set back by an hour does not make what the gateway
// answers afterwards old news.
func TestAClockSetBackLosesNoAnswer(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.trouble = once("refund", loseAnswer, 1)
	r := o.begin("40.00")
	wantStatus(t, r, client.RefundUnknown)
	o.clock.add(-time.Hour)
	r, err := o.Advance(t.Context(), shop, r.RefundNo)
	if err != nil || r.Status != client.RefundPending {
		t.Errorf("%s, %v", r.Status, err)
	}
}

// covers I10: a success that another desk made is watched as well as our own.
func TestASuccessOfAnotherDeskIsWatched(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	first := o.settle(o.begin("40.00").RefundNo)
	other := openOffice(t, t.TempDir()+"/other.db", o.bank, o.clock, "bob", desk.Policy{})
	other.plan("10.00") // learns the history
	r, err := other.store.Refund(t.Context(), shop, first.RefundNo)
	if err != nil || !r.Foreign || r.NextCheckAt.IsZero() {
		t.Fatalf("%+v, %v", r, err)
	}
	o.bank.refunds[r.RefundNo].Status = client.RefundFailed
	o.clock.add(24 * time.Hour)
	if r, err = other.Advance(t.Context(), shop, r.RefundNo); err != nil || r.Status != client.RefundReversed || r.Alert != "reversed" {
		t.Errorf("%s %q, %v", r.Status, r.Alert, err)
	}
}
