package desk_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
)

// counter is a clock that a test moves by hand.
type counter struct {
	mu  sync.Mutex
	now time.Time
}

func (c *counter) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond) // no two things happen at the same time
	return c.now
}

func (c *counter) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// office is a desk over a real ledger file and a bank in memory.
type office struct {
	*desk.Desk
	t     *testing.T
	bank  *bank
	store ledger.Store
	clock *counter
}

const shop = "shop"

func newOffice(t *testing.T, policy desk.Policy) *office {
	t.Helper()
	clock := &counter{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	b := newBank(clock.Now)
	b.paid("P1", 10000)
	return openOffice(t, filepath.Join(t.TempDir(), "ledger.db"), b, clock, "ada", policy)
}

func openOffice(t *testing.T, path string, b *bank, clock *counter, agent string, policy desk.Policy) *office {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	d := desk.New(desk.Options{
		Store: store, Agent: agent, Clock: clock.Now, Mono: func() time.Duration { return 0 },
		Profiles: []desk.Profile{{Name: shop, Gateway: "payermax", Brand: "Bank", Environment: desk.Test, Merchant: "M1", Policy: policy}},
		Connect:  func(context.Context, string) (client.Gateway, error) { return b, nil },
	})
	return &office{Desk: d, t: t, bank: b, store: store, clock: clock}
}

func (o *office) plan(amount string) desk.Plan {
	o.t.Helper()
	plan, err := o.Plan(o.t.Context(), desk.Ask{Profile: shop, Order: "P1", Amount: amount, Reason: "customer return"})
	if err != nil {
		o.t.Fatalf("plan: %v", err)
	}
	return plan
}

func (o *office) commit(plan desk.Plan) (ledger.Refund, error) {
	return o.Commit(o.t.Context(), plan, desk.Consent{PlanHash: plan.Hash, Typed: plan.Amount.Major(), At: o.clock.Now()})
}

// begin plans, commits and sends a refund and returns it as it is afterwards.
func (o *office) begin(amount string) ledger.Refund {
	o.t.Helper()
	r, err := o.commit(o.plan(amount))
	if err != nil {
		o.t.Fatalf("commit: %v", err)
	}
	r, _ = o.Advance(o.t.Context(), shop, r.RefundNo)
	return r
}

// settle advances a refund until nothing is due any more or it is final,
// moving the clock to each next look.
func (o *office) settle(no string) ledger.Refund {
	o.t.Helper()
	for range 40 {
		r, err := o.store.Refund(o.t.Context(), shop, no)
		if err != nil {
			o.t.Fatal(err)
		}
		if !r.Status.Open() {
			return r
		}
		if wait := r.NextCheckAt.Sub(o.clock.Now()); wait > 0 {
			o.clock.add(wait)
		}
		_, _ = o.Advance(o.t.Context(), shop, no)
		if r.Status == client.RefundPending {
			o.bank.settleAll(client.RefundSuccess)
		}
	}
	o.t.Fatal("not settled after 40 looks")
	return ledger.Refund{}
}

func (o *office) order() ledger.Order {
	o.t.Helper()
	order, err := o.store.Order(o.t.Context(), shop, "P1")
	if err != nil {
		o.t.Fatal(err)
	}
	return order
}

func wantStatus(t *testing.T, r ledger.Refund, want client.RefundStatus) {
	t.Helper()
	if r.Status != want {
		t.Fatalf("refund is %s (last %+v, alert %q), want %s", r.Status, r.Last, r.Alert, want)
	}
}

func wantClass(t *testing.T, err error, want client.Class) {
	t.Helper()
	if client.ClassOf(err) != want {
		t.Fatalf("error %v is of class %q, want %q", err, client.ClassOf(err), want)
	}
}

// covers I1 I2 I3
func TestRefundGoesFromIntentToSuccess(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	plan := o.plan("25.00")
	if want := client.RefundNo("payermax", "M1", "P1", 1); plan.RefundNo != want {
		t.Errorf("number %s, want %s", plan.RefundNo, want)
	}
	r, err := o.commit(plan)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r, client.RefundIntent)
	if o.bank.sends != 0 {
		t.Error("something was sent before Advance")
	}
	if got := o.order().Refundable().Minor; got != 7500 {
		t.Errorf("refundable %d while reserved, want 7500", got)
	}
	r, err = o.Advance(t.Context(), shop, r.RefundNo)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r, client.RefundPending)
	r = o.settle(r.RefundNo)
	wantStatus(t, r, client.RefundSuccess)
	if o.bank.moved() != 1 || o.bank.sends != 1 {
		t.Errorf("moved %d times with %d sends, want 1 and 1", o.bank.moved(), o.bank.sends)
	}
	if got := o.order(); got.Refunded.Minor != 2500 || got.OpenRefund != "" {
		t.Errorf("order says refunded %d, open %q", got.Refunded.Minor, got.OpenRefund)
	}
	if next := o.plan("10"); next.Attempt != 2 {
		t.Errorf("next attempt is %d, want 2", next.Attempt)
	}
}

// covers F3 F4
func TestLostAnswerIsSettledByQuery(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.trouble = once("refund", loseAnswer, 1)
	r := o.begin("25")
	wantStatus(t, r, client.RefundUnknown)
	r = o.settle(r.RefundNo)
	wantStatus(t, r, client.RefundSuccess)
	if o.bank.moved() != 1 || o.bank.sends != 1 {
		t.Errorf("moved %d times with %d sends, want 1 and 1", o.bank.moved(), o.bank.sends)
	}
}

// covers I2
func TestLostRequestIsSentAgainWithTheSameNumberOnlyAfterTheGatewaysRule(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.trouble = once("refund", dropBefore, 1)
	r := o.begin("25")
	wantStatus(t, r, client.RefundUnknown)
	began := o.clock.Now()
	for r.Sends == 1 {
		if wait := r.NextCheckAt.Sub(o.clock.Now()); wait > 0 {
			o.clock.add(wait)
		}
		r, _ = o.Advance(t.Context(), shop, r.RefundNo)
	}
	if waited := o.clock.Now().Sub(began); waited < 5*time.Minute {
		t.Errorf("sent again after %s; payermax section 8.4 wants 5 minutes of \"not known\"", waited)
	}
	r = o.settle(r.RefundNo)
	wantStatus(t, r, client.RefundSuccess)
	if len(o.bank.refunds) != 1 || o.bank.moved() != 1 {
		t.Errorf("%d refunds at the bank, moved %d times", len(o.bank.refunds), o.bank.moved())
	}
}

// covers F26
func TestNotSentStaysAnIntentAndCanBeTakenBack(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	plan := o.plan("25")
	o.bank.trouble = once("refund", notSent, 1)
	r, err := o.commit(plan)
	if err != nil {
		t.Fatal(err)
	}
	r, err = o.Advance(t.Context(), shop, r.RefundNo)
	wantClass(t, err, client.ClassNotSent)
	wantStatus(t, r, client.RefundIntent)
	r, err = o.Cancel(t.Context(), shop, r.RefundNo)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r, client.RefundCancelled)
	again := o.begin("25")
	if again.RefundNo != r.RefundNo {
		t.Errorf("a cancelled number was not used again: %s after %s", again.RefundNo, r.RefundNo)
	}
	if _, err = o.Cancel(t.Context(), shop, again.RefundNo); client.ClassOf(err) != client.ClassPolicy {
		t.Errorf("a sent refund was cancelled: %v", err)
	}
}

// covers I6
func TestRefusalIsFinalOnlyByQueryAndFreesTheNumberAfterTenMinutes(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.refuse = "AMOUNT_INVALID"
	r, err := o.commit(o.plan("25"))
	if err != nil {
		t.Fatal(err)
	}
	before := o.bank.queries
	r, err = o.Advance(t.Context(), shop, r.RefundNo)
	wantClass(t, err, client.ClassRefused)
	wantStatus(t, r, client.RefundFailed)
	if o.bank.queries == before {
		t.Error("failed without asking")
	}
	if refusal := o.plan("25").Refusal; refusal == nil || refusal.Code != "number-busy" {
		t.Errorf("the number was free at once: %v", refusal)
	}
	for !r.NoRecord {
		if r.NextCheckAt.IsZero() {
			t.Fatal("nobody looks at the refused number")
		}
		o.clock.add(r.NextCheckAt.Sub(o.clock.Now()))
		r, _ = o.Advance(t.Context(), shop, r.RefundNo)
	}
	o.bank.refuse = ""
	again := o.begin("30")
	if again.RefundNo != r.RefundNo {
		t.Errorf("number %s, want the freed %s", again.RefundNo, r.RefundNo)
	}
	wantStatus(t, o.settle(again.RefundNo), client.RefundSuccess)
}

// covers I6
func TestUnsignedRefusalWithUnsignedNotFoundStaysUnknownUntilLooksAgree(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.refuse, o.bank.signed = "AMOUNT_INVALID", false
	r := o.begin("25")
	wantStatus(t, r, client.RefundUnknown)
	wantStatus(t, o.settle(r.RefundNo), client.RefundFailed)
	if o.bank.moved() != 0 {
		t.Error("money moved")
	}
}

// covers I4 F15 F19
func TestTwoLedgersMakeOneRefund(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	other := openOffice(t, filepath.Join(t.TempDir(), "other.db"), o.bank, o.clock, "bob", desk.Policy{})
	mine, theirs := o.plan("100"), other.plan("100")
	if mine.RefundNo != theirs.RefundNo {
		t.Fatalf("two ledgers compute %s and %s", mine.RefundNo, theirs.RefundNo)
	}
	for _, x := range []struct {
		o *office
		p desk.Plan
	}{{o, mine}, {other, theirs}} {
		r, err := x.o.commit(x.p)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = x.o.Advance(t.Context(), shop, r.RefundNo)
	}
	o.settle(mine.RefundNo)
	other.settle(mine.RefundNo)
	if o.bank.moved() != 1 {
		t.Fatalf("moved %d times", o.bank.moved())
	}
	third := openOffice(t, filepath.Join(t.TempDir(), "third.db"), o.bank, o.clock, "eve", desk.Policy{})
	plan := third.plan("")
	if len(plan.Refunds) != 1 || !plan.Refunds[0].Foreign || plan.Refusal == nil {
		t.Errorf("a new ledger sees %d refunds, refusal %v", len(plan.Refunds), plan.Refusal)
	}
}

// covers I5 F14
func TestManyAgentsMakeOneIntent(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	plan := o.plan("100")
	var group sync.WaitGroup
	var mu sync.Mutex
	accepted, refused := 0, 0
	for range 8 {
		group.Go(func() {
			_, err := o.commit(plan)
			mu.Lock()
			defer mu.Unlock()
			switch client.ClassOf(err) {
			case "":
				accepted++
			case client.ClassConflict:
				refused++
			default:
				t.Errorf("unexpected: %v", err)
			}
		})
	}
	group.Wait()
	if accepted != 1 || refused != 7 {
		t.Errorf("%d accepted, %d refused", accepted, refused)
	}
}

// covers I5
func TestNothingIsRefundedTwice(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	stale := o.plan("100")
	r := o.begin("60")
	if plan := o.plan("40"); plan.Refusal == nil || plan.Refusal.Code != "open-refund" {
		t.Errorf("a second refund was planned beside an open one: %v", plan.Refusal)
	}
	o.settle(r.RefundNo)
	if _, err := o.commit(stale); client.ClassOf(err) != client.ClassConflict && client.ClassOf(err) != client.ClassPolicy {
		t.Errorf("a stale plan was committed: %v", err)
	}
	if plan := o.plan("40.01"); plan.Refusal == nil || plan.Refusal.Code != "over-rest" {
		t.Errorf("more than the rest was planned: %v", plan.Refusal)
	}
	r = o.begin("40")
	wantStatus(t, o.settle(r.RefundNo), client.RefundSuccess)
	if plan := o.plan(""); plan.Refusal == nil || plan.Refusal.Code != "nothing-left" {
		t.Errorf("refundable after all is refunded: %v", plan.Refusal)
	}
}

// covers I12
func TestConsentIsBoundToThePlan(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	plan := o.plan("25")
	edits := map[string]func(*desk.Plan){
		"amount": func(p *desk.Plan) { p.Amount.Minor++ },
		"number": func(p *desk.Plan) { p.RefundNo += "X" },
		"reason": func(p *desk.Plan) { p.Reason = "another" },
		"order":  func(p *desk.Plan) { p.Order.OrderNo = "P2" },
		"asked":  func(p *desk.Plan) { p.Asked = false },
	}
	for name, edit := range edits {
		edited := plan
		edit(&edited)
		if _, err := o.commit(edited); client.ClassOf(err) != client.ClassConflict {
			t.Errorf("%s edited after consent: %v", name, err)
		}
	}
	o.clock.add(6 * time.Minute)
	if _, err := o.commit(plan); client.ClassOf(err) != client.ClassConflict {
		t.Errorf("an old plan was committed: %v", err)
	}
}

// covers S24 S25
func TestPolicyIsEnforcedBelowTheView(t *testing.T) {
	limits := func(major string) []client.Money {
		m, _ := client.ParseMoney(major, "HKD", client.MaxExp)
		return []client.Money{m}
	}
	t.Run("read-only", func(t *testing.T) {
		o := newOffice(t, desk.Policy{ReadOnly: true})
		if _, err := o.commit(o.plan("25")); client.ClassOf(err) != client.ClassPolicy {
			t.Errorf("committed in read-only: %v", err)
		}
		if err := o.Unlock(t.Context(), shop, time.Minute); err != nil {
			t.Fatal(err)
		}
		plan := o.plan("25")
		o.clock.add(2 * time.Minute)
		if _, err := o.commit(plan); client.ClassOf(err) != client.ClassPolicy {
			t.Errorf("the unlock outlived its time: %v", err)
		}
	})
	t.Run("limit", func(t *testing.T) {
		o := newOffice(t, desk.Policy{MaxRefund: limits("50")})
		if plan := o.plan("50.01"); plan.Refusal == nil {
			t.Error("above max_refund was planned")
		}
		if plan := o.plan("50"); plan.Refusal != nil {
			t.Errorf("the limit itself was refused: %v", plan.Refusal)
		}
	})
	t.Run("day", func(t *testing.T) {
		o := newOffice(t, desk.Policy{MaxPerDay: limits("30")})
		o.settle(o.begin("20").RefundNo)
		if _, err := o.commit(o.plan("10.01")); client.ClassOf(err) != client.ClassPolicy {
			t.Errorf("above the day's limit: %v", err)
		}
	})
	t.Run("typed amount", func(t *testing.T) {
		o := newOffice(t, desk.Policy{ConfirmAbove: limits("0")})
		plan := o.plan("25")
		for _, typed := range []string{"", "y", "24.99", "25.001", "2 5"} {
			_, err := o.Commit(t.Context(), plan, desk.Consent{PlanHash: plan.Hash, Typed: typed})
			wantClass(t, err, client.ClassInput)
		}
		_, err := o.Commit(t.Context(), plan, desk.Consent{PlanHash: plan.Hash, Script: true})
		wantClass(t, err, client.ClassPolicy)
	})
}

func TestAmountsThatMakeNoSenseAreRefusedByName(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	for _, amount := range []string{"0", "-1", "1.001", "abc", "1e3", "1,000", "99999999999999999999"} {
		_, err := o.Plan(t.Context(), desk.Ask{Profile: shop, Order: "P1", Amount: amount, Reason: "r"})
		wantClass(t, err, client.ClassInput)
	}
}

// covers F7 F8
func TestAnotherAmountAtTheGatewayIsAConflict(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.trouble = func(op string) trouble {
		switch op {
		case "refund":
			return loseAnswer
		case "refundQuery":
			return wrongEcho
		}
		return none
	}
	r := o.begin("25")
	r, err := o.Advance(t.Context(), shop, r.RefundNo)
	wantClass(t, err, client.ClassConflict)
	wantStatus(t, r, client.RefundUnknown)
	if r.Alert != "conflict" {
		t.Errorf("alert %q", r.Alert)
	}
}

// covers F6 I7
func TestBadSignatureChangesNothing(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r := o.begin("25")
	wantStatus(t, r, client.RefundPending)
	o.bank.settleAll(client.RefundSuccess)
	o.bank.trouble = once("refundQuery", badSign, 1)
	r, err := o.Advance(t.Context(), shop, r.RefundNo)
	wantClass(t, err, client.ClassSignature)
	wantStatus(t, r, client.RefundPending)
	if r.Alert != "signature" {
		t.Errorf("alert %q", r.Alert)
	}
	wantStatus(t, o.settle(r.RefundNo), client.RefundSuccess)
}

// covers I10
func TestFailureAfterSuccessIsReversed(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r := o.settle(o.begin("25").RefundNo)
	if r.NextCheckAt.IsZero() {
		t.Fatal("a success is not watched")
	}
	o.bank.refunds[r.RefundNo].Status = client.RefundFailed
	o.clock.add(24 * time.Hour)
	r, err := o.Advance(t.Context(), shop, r.RefundNo)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r, client.RefundReversed)
	if r.Alert != "reversed" || o.order().Refunded.Minor != 0 {
		t.Errorf("alert %q, refunded %d", r.Alert, o.order().Refunded.Minor)
	}
}

// covers I9
func TestStateNeverMovesBack(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r := o.settle(o.begin("25").RefundNo)
	o.bank.refunds[r.RefundNo].Status = client.RefundPending // old news
	r, _ = o.Advance(t.Context(), shop, r.RefundNo)
	wantStatus(t, r, client.RefundSuccess)
}

func TestUndoWindowHoldsAndCancels(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	plan, err := o.Plan(t.Context(), desk.Ask{Profile: shop, Order: "P1", Amount: "25", Reason: "r", Undo: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.commit(plan)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r, client.RefundHeld)
	r, _ = o.Advance(t.Context(), shop, r.RefundNo)
	wantStatus(t, r, client.RefundHeld)
	if o.bank.sends != 0 {
		t.Fatal("sent inside the undo window")
	}
	o.clock.add(11 * time.Second)
	r, err = o.Advance(t.Context(), shop, r.RefundNo)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r, client.RefundPending)
}

// covers F1
func TestStaleIntentWaitsForConfirmation(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r, err := o.commit(o.plan("25"))
	if err != nil {
		t.Fatal(err)
	}
	o.clock.add(16 * time.Minute)
	r, _ = o.Advance(t.Context(), shop, r.RefundNo)
	wantStatus(t, r, client.RefundIntent)
	if r.Alert != desk.AlertConfirm || o.bank.sends != 0 {
		t.Fatalf("alert %q, %d sends", r.Alert, o.bank.sends)
	}
	if _, err = o.Confirm(t.Context(), shop, r.RefundNo); err != nil {
		t.Fatal(err)
	}
	r, err = o.Advance(t.Context(), shop, r.RefundNo)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r, client.RefundPending)
}

// covers F28
func TestUnbindSurvivesALostAnswer(t *testing.T) {
	for _, tr := range []trouble{none, loseAnswer, dropBefore} {
		t.Run(fmt.Sprintf("trouble %q", tr), func(t *testing.T) {
			o := newOffice(t, desk.Policy{})
			o.bank.tokens["TK1"] = client.Token{Token: "TK1", UserID: "U-1", Status: client.TokenActive, Method: "CARD", Card: "····4242"}
			if tokens, err := o.Tokens(t.Context(), shop, "U-1"); err != nil || len(tokens) != 1 {
				t.Fatalf("%d tokens, %v", len(tokens), err)
			}
			plan, err := o.PlanUnbind(t.Context(), shop, "U-1", "TK1", "customer asked")
			if err != nil {
				t.Fatal(err)
			}
			u, err := o.CommitUnbind(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.CommitUnbind(t.Context(), plan); client.ClassOf(err) != client.ClassConflict {
				t.Errorf("two unbindings of one card: %v", err)
			}
			o.bank.trouble = once("removeToken", tr, 1)
			for range 3 {
				if u, err = o.AdvanceUnbind(t.Context(), u); u.Status == ledger.UnbindDone {
					break
				}
			}
			if u.Status != ledger.UnbindDone {
				t.Fatalf("unbinding is %s: %v", u.Status, err)
			}
			token, err := o.store.Token(t.Context(), shop, "TK1")
			if err != nil || token.Status != client.TokenRemoved {
				t.Errorf("token is %s, %v", token.Status, err)
			}
		})
	}
}

// covers I13
func TestJournalTellsTheWholeStory(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.trouble = once("refund", loseAnswer, 1)
	r := o.settle(o.begin("25").RefundNo)
	events, err := o.store.Events(t.Context(), ledger.EventFilter{Subject: r.RefundNo, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for i := len(events) - 1; i >= 0; i-- {
		kinds = append(kinds, events[i].Kind)
	}
	want := "[refund.intent refund.sending refund.unknown refund.pending refund.success]"
	if fmt.Sprint(kinds) != want {
		t.Errorf("journal says %v, want %s", kinds, want)
	}
	if _, err := ledger.VerifyJournal(t.Context(), o.store); err != nil {
		t.Error(err)
	}
}

// covers I1
func TestAnOrderStandsInTheLedgerBeforeItIsSent(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	req := client.CreateOrder{OrderNo: "N1", UserID: "U-1", Amount: client.Money{Minor: 500, Currency: "HKD", Exp: 2}, Subject: "tea"}

	o.bank.trouble = once("create", notSent, 1)
	_, _, err := o.CreateOrder(t.Context(), shop, req)
	wantClass(t, err, client.ClassNotSent)

	o.bank.trouble = once("create", loseAnswer, 1)
	order, _, err := o.CreateOrder(t.Context(), shop, req) // nothing had left under the number: it may be tried again
	wantClass(t, err, client.ClassUnknown)
	if order.Status != client.OrderUnknown {
		t.Errorf("after a lost answer the order is %s", order.Status)
	}
	_, _, err = o.CreateOrder(t.Context(), shop, req)
	wantClass(t, err, client.ClassConflict)
	found, err := o.LookUp(t.Context(), shop, "N1")
	if err != nil || found.Order.Status != client.OrderPending {
		t.Errorf("looked up: %s, %v", found.Order.Status, err)
	}
}
