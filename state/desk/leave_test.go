package desk_test

import (
	"context"
	"testing"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// covers F1 F28: who decides and leaves at once finds the decision carried out at
// the next start, not quietly taken back.
func TestAnUnbindingSurvivesLeavingBeforeItIsSent(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.tokens["TK1"] = client.Token{Token: "TK1", UserID: "U-1", Status: client.TokenActive}
	if _, err := o.Tokens(t.Context(), shop, "U-1"); err != nil {
		t.Fatal(err)
	}
	plan, err := o.PlanUnbind(t.Context(), shop, "U-1", "TK1", "lost")
	if err != nil {
		t.Fatal(err)
	}
	u, err := o.CommitUnbind(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	leaving, leave := context.WithCancel(t.Context())
	o.bank.trouble = func(op string) trouble {
		if op == "removeToken" {
			leave()
			return notSent
		}
		return none
	}
	if u, err = o.AdvanceUnbind(leaving, u); err == nil || u.Status != ledger.UnbindIntent {
		t.Errorf("%s, %v", u.Status, err)
	}
	o.bank.trouble = func(string) trouble { return none }
	open, err := o.store.OpenUnbinds(t.Context(), shop)
	if err != nil || len(open) != 1 {
		t.Fatalf("%d open, %v", len(open), err)
	}
	if u, err = o.AdvanceUnbind(t.Context(), open[0]); err != nil || u.Status != ledger.UnbindDone || o.bank.sends != 1 {
		t.Errorf("%s after %d sends, %v", u.Status, o.bank.sends, err)
	}
}
