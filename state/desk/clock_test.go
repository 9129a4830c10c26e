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
