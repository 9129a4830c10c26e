package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
)

// A gateway that lists the refunds of a payment tells of those made in its portal
// too: they count, and the next number is behind those that are used.
// covers I3 I4 I5
func TestRefundsMadeInThePortalAreImportedFromTheList(t *testing.T) {
	b, clock := newAble(t)
	first := client.RefundNo("payermax", "M1", "P1", 1)
	p := &portal{able: b, made: []client.Refund{
		{GatewayRefundNo: "GPORTAL1", OrderNo: "P1", Amount: hkd(3000), Status: client.RefundSuccess},
		{RefundNo: first, GatewayRefundNo: "G2", OrderNo: "P1", Amount: hkd(2000), Status: client.RefundSuccess},
		{RefundNo: "MANUAL-7", OrderNo: "P1", Amount: hkd(9000), Status: client.RefundFailed},
	}}
	o := b.office(t, clock, p, nil)
	plan := o.plan("all")
	if plan.Refunded != hkd(5000) || plan.Refundable != hkd(5000) || plan.Attempt != 2 {
		t.Errorf("refunded %s, refundable %s, attempt %d", plan.Refunded, plan.Refundable, plan.Attempt)
	}
	want := []string{"GPORTAL1 30.00 success 0", first + " 20.00 success 1", "MANUAL-7 90.00 failed 0"}
	if got := o.told(); !slices.Equal(got, want) {
		t.Errorf("imported %v, want %v", got, want)
	}
	if lines := o.lines("refund.discovered"); len(lines) != 3 {
		t.Errorf("%d lines in the journal", len(lines))
	}
	if !strings.Contains(strings.Join(plan.Warnings, "\n"), "refund GPORTAL1 of 30.00 HKD was made at another desk") {
		t.Errorf("warnings %q", plan.Warnings)
	}
	if refusal := o.plan("50.01").Refusal; refusal == nil || refusal.Code != "over-rest" {
		t.Errorf("refusal %v", refusal)
	}
	if p.asks != 1 {
		t.Errorf("the list was asked for %d times within one decision", p.asks)
	}
	// Our own refund beside them, and the list again: nothing is there twice.
	r := o.begin("10")
	if r.Attempt != 2 {
		t.Errorf("attempt %d", r.Attempt)
	}
	o.settle(r.RefundNo)
	clock.add(time.Hour)
	if plan := o.plan("all"); plan.Refundable != hkd(4000) || len(o.told()) != 4 {
		t.Errorf("refundable %s of %v", plan.Refundable, o.told())
	}
}

// Of two refunds under way only one can be taken in; the history counts as known
// once that one is settled and the other is there too.
func TestTwoOpenRefundsInTheListAreTakenInOneAfterTheOther(t *testing.T) {
	b, clock := newAble(t)
	p := &portal{able: b, made: []client.Refund{
		{RefundNo: "A1", OrderNo: "P1", Amount: hkd(3000), Status: client.RefundPending},
		{RefundNo: "B2", OrderNo: "P1", Amount: hkd(2000), Status: client.RefundPending},
	}}
	o := b.office(t, clock, p, nil)
	plan := o.plan("10")
	if plan.Refusal == nil || plan.Refusal.Code != "open-refund" || plan.Refundable != hkd(7000) {
		t.Errorf("refusal %v, refundable %s", plan.Refusal, plan.Refundable)
	}
	if got := o.told(); len(got) != 1 || !o.order().HistoryAt.IsZero() {
		t.Errorf("ledger has %v, history known at %v", got, o.order().HistoryAt)
	}
	b.refunds["A1"] = &banked{Refund: client.Refund{RefundNo: "A1", OrderNo: "P1", Amount: hkd(3000), Status: client.RefundSuccess}}
	p.made = p.made[1:]
	if r := o.settle("A1"); r.Status != client.RefundSuccess || !r.Foreign {
		t.Errorf("refund %+v", r)
	}
	plan = o.plan("10")
	if plan.Refusal == nil || plan.Refusal.Code != "open-refund" || plan.Refundable != hkd(5000) {
		t.Errorf("refusal %v, refundable %s", plan.Refusal, plan.Refundable)
	}
	if got := o.told(); len(got) != 2 || o.order().HistoryAt.IsZero() {
		t.Errorf("ledger has %v, history known at %v", got, o.order().HistoryAt)
	}
}

// A list that cannot be had, or names no amount, stops the decision; nothing is
// taken for the whole history.
func TestAListThatCannotBeReadStopsThePlan(t *testing.T) {
	b, clock := newAble(t)
	p := &portal{able: b}
	o := b.office(t, clock, p, nil)
	ask := desk.Ask{Profile: shop, Order: "P1", Amount: "10", Reason: "x"}
	b.trouble = once("refunds", notSent, 1)
	_, err := o.Plan(t.Context(), ask)
	wantClass(t, err, client.ClassNotSent)
	p.made = []client.Refund{{RefundNo: "A1", OrderNo: "P1", Status: client.RefundSuccess}}
	_, err = o.Plan(t.Context(), ask)
	wantClass(t, err, client.ClassUnknown)
	if !o.order().HistoryAt.IsZero() || len(o.told()) != 0 {
		t.Errorf("ledger has %v", o.told())
	}
}

// covers I5
func TestTheChannelsRulesAreObeyed(t *testing.T) {
	can, no := client.Can(), client.Cannot
	for name, tc := range map[string]struct {
		rule          client.RefundRule
		first, second string // code of the refusal of 40 of 100, then of the rest after that
		full          string // of all 100
	}{
		"everything":    {client.RefundRule{Refund: can, Partial: can, Multiple: can}, "", "", ""},
		"no refunds":    {client.RefundRule{Refund: no("no refunds by CARD"), Partial: can, Multiple: can}, "refund", "refund", "refund"},
		"only in full":  {client.RefundRule{Refund: can, Partial: no("CARD in full only"), Multiple: can}, "partial", "partial", ""},
		"only once":     {client.RefundRule{Refund: can, Partial: can, Multiple: no("CARD once only")}, "", "again", ""},
		"unknown rules": {},
	} {
		t.Run(name, func(t *testing.T) {
			b, clock := newAble(t)
			if name != "unknown rules" {
				b.rules = map[string]client.RefundRule{"CARD": tc.rule}
			}
			o := b.office(t, clock, b, nil)
			code := func(plan desk.Plan) string {
				if plan.Refusal == nil {
					return ""
				}
				if strings.Contains(tc.first+tc.second, plan.Refusal.Code) && !strings.Contains(plan.Refusal.Message, "CARD") {
					t.Errorf("the reason is %q", plan.Refusal.Message)
				}
				return plan.Refusal.Code
			}
			if got := code(o.plan("all")); got != tc.full {
				t.Errorf("in full: %q, want %q", got, tc.full)
			}
			plan := o.plan("40")
			if got := code(plan); got != tc.first {
				t.Errorf("a part: %q, want %q", got, tc.first)
			}
			if _, err := o.commit(plan); (err == nil) != (tc.first == "") {
				t.Errorf("commit: %v", err)
			}
			if tc.first != "" {
				return
			}
			o.settle(plan.RefundNo)
			if got := code(o.plan("all")); got != tc.second {
				t.Errorf("the rest: %q, want %q", got, tc.second)
			}
		})
	}
}

// A refund that the gateway closed by its timer may have moved money: an alert
// stays, and the next refund of the order needs a person who types (easylink:
// section 7.3). covers I6
func TestClosedByATimerIsDoubtful(t *testing.T) {
	for _, timer := range []bool{true, false} {
		b, clock := newAble(t)
		b.can = func(c *client.Capabilities) { c.ClosedMayHaveMoved = timer }
		o := b.office(t, clock, b, nil)
		r := o.begin("25")
		b.settleAll(client.RefundClosed)
		r = o.settle(r.RefundNo)
		wantStatus(t, r, client.RefundClosed)
		plan := o.plan("25")
		if plan.Refusal != nil || plan.Refundable != hkd(10000) {
			t.Fatalf("refusal %v, refundable %s", plan.Refusal, plan.Refundable)
		}
		warned := slices.ContainsFunc(plan.Warnings, func(w string) bool { return strings.Contains(w, "its money may have moved") })
		if (r.Alert == desk.AlertTimer) != timer || plan.Doubtful != timer || warned != timer {
			t.Errorf("timer %v: alert %q, doubtful %v, warnings %q", timer, r.Alert, plan.Doubtful, plan.Warnings)
		}
		script := desk.Consent{PlanHash: plan.Hash, Script: true, At: clock.Now()}
		_, err := o.Commit(t.Context(), plan, script)
		if !timer {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantClass(t, err, client.ClassPolicy)
		if e, ok := err.(*client.Error); !ok || e.Code != "doubtful" || e.Hint == "" { //nolint:errorlint // it is this very one
			t.Errorf("%+v", err)
		}
		if _, err := o.Commit(t.Context(), plan, desk.Consent{PlanHash: plan.Hash, At: clock.Now()}); client.ClassOf(err) != client.ClassInput {
			t.Errorf("without the amount typed: %v", err)
		}
		if _, err := o.commit(plan); err != nil {
			t.Errorf("typed: %v", err)
		}
		counters, err := o.store.Counters(t.Context(), nil)
		if err != nil || counters.Alerts != 1 {
			t.Errorf("%d alerts, %v", counters.Alerts, err)
		}
	}
}

// A word that nobody knows changes no state and is told once.
func TestAnUnknownWordIsToldOnceAndDecidesNothing(t *testing.T) {
	b, clock := newAble(t)
	o := b.office(t, clock, b, nil)
	r := o.begin("25")
	say := func(status client.RefundStatus, word string) {
		b.refunds[r.RefundNo].Status, b.refunds[r.RefundNo].Word = status, word
	}
	ask := func() {
		t.Helper()
		clock.add(20 * time.Minute)
		var err error
		if r, err = o.Advance(t.Context(), shop, r.RefundNo); err != nil {
			t.Fatal(err)
		}
	}
	say(client.RefundUnknown, "FROZEN_V2")
	ask()
	ask()
	wantStatus(t, r, client.RefundPending)
	if r.Alert != desk.AlertWord {
		t.Errorf("alert %q", r.Alert)
	}
	lines := o.lines("refund.word")
	if len(lines) != 1 || lines[0]["word"] != "FROZEN_V2" || lines[0]["from"] != "pending" {
		t.Errorf("journal %v", lines)
	}
	// A known word that leaves the outcome open is no news.
	say(client.RefundUnknown, "")
	ask()
	if len(o.lines("refund.word")) != 1 {
		t.Errorf("journal %v", o.lines("refund.word"))
	}
	say(client.RefundSuccess, "")
	ask()
	wantStatus(t, r, client.RefundSuccess)
	if r.Alert != "" {
		t.Errorf("alert %q stays", r.Alert)
	}
}

// An end that was found by asking alone, although the gateway knows where to
// call, says so.
func TestAMissedCallbackIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		expected, heard bool
		want            any
	}{
		"nobody listens": {false, false, nil}, "missed": {true, false, true}, "heard": {true, true, nil},
	} {
		b, clock := newAble(t)
		o := b.office(t, clock, b, func(opt *desk.Options) { opt.CallbackExpected = func(string) bool { return tc.expected } })
		r := o.begin("25")
		b.settleAll(client.RefundSuccess)
		clock.add(time.Second)
		if tc.heard {
			o.hear(told(r, client.RefundSuccess))
		}
		o.settle(r.RefundNo)
		lines := o.lines("refund.success")
		if len(lines) != 1 || lines[0]["callback_expected"] != tc.want {
			t.Errorf("%s: journal %v", name, lines)
		}
	}
}

func TestAShortBalanceIsAWarning(t *testing.T) {
	php := client.Money{Minor: 1, Currency: "PHP", Exp: 2}
	for name, tc := range map[string]struct {
		holds client.Money
		err   error
		can   client.Capability
		want  bool
	}{
		"less":           {hkd(2499), nil, client.Can(), true},
		"as much":        {hkd(2500), nil, client.Can(), false},
		"more, finer":    {client.Money{Minor: 25001, Currency: "HKD", Exp: 3}, nil, client.Can(), false},
		"less, coarser":  {client.Money{Minor: 24, Currency: "HKD"}, nil, client.Can(), true},
		"other currency": {php, nil, client.Can(), false},
		"not told":       {hkd(1), nil, client.Cannot("by portal only"), false},
		"no answer":      {hkd(1), fmt.Errorf("no route"), client.Can(), false},
	} {
		b, clock := newAble(t)
		b.balance, b.broke = client.BalanceAnswer{Balance: tc.holds}, tc.err
		b.can = func(c *client.Capabilities) { c.Balance = tc.can }
		o := b.office(t, clock, b, nil)
		plan := o.plan("25")
		got := slices.ContainsFunc(plan.Warnings, func(w string) bool { return strings.HasPrefix(w, "the account holds ") })
		if got != tc.want || plan.Refusal != nil {
			t.Errorf("%s: warnings %q, refusal %v", name, plan.Warnings, plan.Refusal)
		}
		money, err := o.Balance(t.Context(), shop)
		switch {
		case !tc.can.OK:
			wantClass(t, err, client.ClassUnsupported)
		case tc.err == nil && (err != nil || money != tc.holds):
			t.Errorf("%s: balance %s, %v", name, money, err)
		}
	}
}
