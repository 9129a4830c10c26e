package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// told is a verified callback about a refund.
func told(r ledger.Refund, status client.RefundStatus) client.Notice {
	return client.Notice{
		Kind: client.NoticeRefund, Gateway: "payermax", Merchant: "M1", OrderNo: r.OrderNo, RefundNo: r.RefundNo, GatewayRefundNo: "G" + r.RefundNo,
		Status: string(status), Said: "REFUND_" + strings.ToUpper(string(status)), Amount: r.Amount, Verified: true, Body: []byte("{}"),
	}.Identified([]byte("{}"))
}

func (o *office) hear(n client.Notice) (fresh bool) {
	o.t.Helper()
	fresh, err := o.Heard(o.t.Context(), shop, n)
	if err != nil {
		o.t.Fatalf("heard: %v", err)
	}
	return fresh
}

// due lists what is due now, as "kind no".
func (o *office) due() (list []string) {
	o.t.Helper()
	items, err := o.store.Due(o.t.Context(), shop, o.clock.Now(), 100)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, item := range items {
		list = append(list, item.Kind+" "+item.No)
	}
	return list
}

// follow takes every step that is due, as the poller does, until nothing is for
// a while; it returns what the last step ran into.
func (o *office) follow(lasts time.Duration) (last error) {
	o.t.Helper()
	for end := o.clock.Now().Add(lasts); ; {
		items, err := o.store.Due(o.t.Context(), shop, end, 1)
		if err != nil {
			o.t.Fatal(err)
		}
		if len(items) == 0 {
			return last
		}
		if wait := items[0].At.Sub(o.clock.Now()); wait > 0 {
			o.clock.add(wait)
		}
		if items[0].Kind == ledger.DueNotice {
			last = o.AdvanceNotice(o.t.Context(), shop, items[0].No)
		} else {
			_, last = o.Advance(o.t.Context(), shop, items[0].No)
		}
	}
}

// lines are the journal lines of a kind, oldest first.
func (o *office) lines(kind string) (list []map[string]any) {
	o.t.Helper()
	for e, err := range o.store.Journal(o.t.Context()) {
		if err != nil {
			o.t.Fatal(err)
		}
		if e.Kind != kind {
			continue
		}
		line := map[string]any{"subject": e.Subject, "agent": e.Agent}
		if err := json.Unmarshal(e.Detail, &line); err != nil {
			o.t.Fatal(err)
		}
		list = append(list, line)
	}
	return list
}

func (o *office) refund(no string) ledger.Refund {
	o.t.Helper()
	r, err := o.store.Refund(o.t.Context(), shop, no)
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

func (o *office) notice(n client.Notice) ledger.Notice {
	o.t.Helper()
	got, err := o.store.Notice(o.t.Context(), shop, n.Digest)
	if err != nil {
		o.t.Fatal(err)
	}
	return got
}

// covers F9 F11 I8
func TestACallbackIsAReasonToAskAndNothingElse(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r := o.begin("25.00")
	wantStatus(t, r, client.RefundPending)
	if list := o.due(); len(list) != 0 {
		t.Fatalf("due before the callback: %v", list)
	}
	n := told(r, client.RefundSuccess)
	if !o.hear(n) {
		t.Error("the first one is no news")
	}
	wantStatus(t, o.refund(r.RefundNo), client.RefundPending) // whatever it says
	if list := o.due(); len(list) != 1 || list[0] != "refund "+r.RefundNo {
		t.Fatalf("due after the callback: %v", list)
	}
	// The gateway says otherwise: its signed answer counts.
	if r, err := o.Advance(t.Context(), shop, r.RefundNo); err != nil || r.Status != client.RefundPending {
		t.Fatalf("%s, %v", r.Status, err)
	}
	o.bank.settleAll(client.RefundSuccess)
	asked := o.bank.queries
	for range 5 {
		if o.clock.add(time.Hour / 100); o.hear(n) {
			t.Error("a repeat is news")
		}
	}
	if got := o.notice(n); got.Times != 6 || got.Orphan || got.Subject != r.RefundNo {
		t.Errorf("%+v", got)
	}
	if lines := o.lines("callback.refund"); len(lines) != 2 || lines[0]["verified"] != true || lines[0]["agent"] != "gateway" ||
		lines[0]["subject"] != r.RefundNo || lines[0]["amount"] != "25.00" || lines[1]["times"] != 2.0 {
		t.Errorf("%v", lines)
	}
	if o.bank.queries != asked {
		t.Error("a callback asked by itself")
	}
	wantStatus(t, o.settle(r.RefundNo), client.RefundSuccess)
	if o.bank.moved() != 1 {
		t.Errorf("money moved %d times", o.bank.moved())
	}
}

// It shows whether a callback or the plan alone brought the end to light.
// covers F9
func TestMissedCallbacksAreHealedByPollingAndShown(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	first := o.begin("25.00")
	o.bank.settleAll(client.RefundSuccess)
	o.hear(told(first, client.RefundSuccess))
	wantStatus(t, o.settle(first.RefundNo), client.RefundSuccess)
	second := o.begin("10.00")
	wantStatus(t, o.settle(second.RefundNo), client.RefundSuccess)
	lines := o.lines("refund.success")
	if len(lines) != 2 || lines[0]["by"] != "callback" || lines[1]["by"] != "poll" {
		t.Errorf("%v", lines)
	}
	// The late one changes nothing, and is kept.
	before := o.refund(second.RefundNo)
	if !o.hear(told(second, client.RefundSuccess)) || len(o.due()) != 0 {
		t.Errorf("due: %v", o.due())
	}
	if diff := cmp.Diff(before, o.refund(second.RefundNo)); diff != "" {
		t.Error(diff)
	}
}

// covers F9 F11 I9 I10
func TestFailedAfterSuccessAndTheReverseOrder(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r := o.begin("25.00")
	o.bank.settleAll(client.RefundSuccess)
	o.hear(told(r, client.RefundSuccess))
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, o.refund(r.RefundNo), client.RefundSuccess)
	o.bank.mu.Lock()
	o.bank.refunds[r.RefundNo].Status = client.RefundFailed
	o.bank.mu.Unlock()
	o.hear(told(r, client.RefundFailed))
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, o.refund(r.RefundNo), client.RefundReversed)

	// Days later the first one is played again, and one with another amount in it.
	o.clock.add(9 * 24 * time.Hour)
	if o.hear(told(r, client.RefundSuccess)) {
		t.Error("a replay is news")
	}
	odd := told(r, client.RefundSuccess)
	odd.Amount.Minor = 1
	odd = odd.Identified([]byte("odd"))
	if !o.hear(odd) {
		t.Error("another amount is no news")
	}
	if err := o.follow(time.Minute); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, o.refund(r.RefundNo), client.RefundReversed)
	lines := o.lines("callback.refund")
	if last := lines[len(lines)-1]; last["differs"] != "its amount is 0.01 HKD, not 25.00 HKD" || last["was"] != "reversed" {
		t.Errorf("%v", last)
	}
}

// covers F10 I7
func TestACallbackThatCannotBeBelievedChangesNothing(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r := o.begin("25.00")
	before, order := o.refund(r.RefundNo), o.order()
	for _, n := range []client.Notice{
		told(r, client.RefundSuccess).Doubted("signature does not match").Identified([]byte("1")),
		{Kind: client.NoticePayment, OrderNo: "P1", Reason: "its merchantNo is another's", Digest: "2"},
		{Kind: client.NoticeToken, Token: "T1", UserID: "U-1", Reason: "signature missing", Digest: "3"},
		{Kind: client.NoticeOther, Reason: "it is longer than 65536 bytes", Digest: "4"},
	} {
		for range 4 {
			o.hear(n)
		}
		if got := o.notice(n); got.Verified || got.Times != 4 || !got.NextCheckAt.IsZero() || got.Reason != n.Reason || got.Gateway != "payermax" {
			t.Errorf("%+v", got)
		}
	}
	if list := o.due(); len(list) != 0 {
		t.Errorf("due: %v", list)
	}
	if diff := cmp.Diff(before, o.refund(r.RefundNo)) + cmp.Diff(order, o.order()); diff != "" {
		t.Error(diff)
	}
	if _, err := o.store.Token(t.Context(), shop, "T1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Error(err)
	}
	lines := o.lines("callback.refused")
	if len(lines) != 8 || lines[0]["verified"] != false || lines[0]["why"] != "signature does not match" || lines[0]["subject"] != r.RefundNo || lines[6]["subject"] != shop {
		t.Errorf("%d lines: %v", len(lines), lines)
	}
	if n := len(o.lines("callback.refund")) + len(o.lines("callback.other")); n != 0 {
		t.Errorf("%d lines tell more", n)
	}
	if lines, err := ledger.VerifyJournal(t.Context(), o.store); err != nil {
		t.Errorf("after %d lines: %v", lines, err)
	}
}

// covers F12
func TestACallbackBeforeTheIntentsOwnAnswer(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	plan := o.plan("25.00")
	r, err := o.commit(plan)
	if err != nil {
		t.Fatal(err)
	}
	var heard error
	o.bank.trouble = func(op string) trouble {
		if op == "refund" { // on its way: the callback overtakes the answer
			row, _ := o.store.Refund(context.Background(), shop, r.RefundNo)
			_, heard = o.Heard(context.Background(), shop, told(row, client.RefundSuccess))
		}
		return none
	}
	if r, err = o.Advance(t.Context(), shop, r.RefundNo); err != nil || heard != nil {
		t.Fatal(err, heard)
	}
	wantStatus(t, r, client.RefundPending)
	n := told(r, client.RefundSuccess)
	if got := o.notice(n); got.Orphan || got.NextCheckAt.IsZero() {
		t.Fatalf("not queued against the number: %+v", got)
	}
	o.bank.settleAll(client.RefundSuccess)
	if err := o.follow(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, o.refund(r.RefundNo), client.RefundSuccess)
	if o.bank.moved() != 1 || o.bank.sends != 1 {
		t.Errorf("sent %d times, moved %d times", o.bank.sends, o.bank.moved())
	}
}

// While a send may still be answered, the callback waits; it never asks ahead.
// covers F12
func TestACallbackWaitsForTheSend(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.trouble = once("refund", loseAnswer, 1)
	r := o.begin("25.00")
	wantStatus(t, r, client.RefundUnknown)
	err := o.store.Update(t.Context(), func(tx ledger.Tx) error {
		row, err := tx.Refund(shop, r.RefundNo)
		row.Status, row.NextCheckAt = client.RefundSending, o.clock.Now().Add(time.Hour)
		return errors.Join(err, tx.UpdateRefund(row))
	})
	if err != nil {
		t.Fatal(err)
	}
	n := told(r, client.RefundSuccess)
	o.hear(n)
	asked := o.bank.queries
	if err := o.follow(time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := o.notice(n); got.NextCheckAt.IsZero() || got.Checks < 3 || got.Checks > 8 || o.bank.queries != asked {
		t.Errorf("%d steps, %d questions", got.Checks, o.bank.queries-asked)
	}
}

// A refund made in the gateway's portal is taken in, so that the order is not
// refunded twice.
// covers I5
func TestACallbackAboutAForeignRefund(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	_ = o.plan("1.00") // the order is known
	foreign := ledger.Refund{Refund: client.Refund{
		RefundNo: "PORTAL-1", GatewayRefundNo: "GPORTAL-1", OrderNo: "P1", Amount: client.Money{Minor: 9000, Currency: "HKD", Exp: 2}, Status: client.RefundSuccess,
	}}
	o.bank.refunds["PORTAL-1"] = &banked{Refund: foreign.Refund, moved: 1}
	n := told(foreign, client.RefundSuccess)
	if !o.hear(n) || !o.notice(n).Orphan {
		t.Error("not kept as an orphan")
	}
	if lines := o.lines("callback.refund"); len(lines) != 1 || lines[0]["orphan"] != true || lines[0]["subject"] != "PORTAL-1" {
		t.Errorf("%v", lines)
	}
	if left := o.order().Refundable(); left.Minor != 10000 {
		t.Errorf("the callback alone changed the sums: %s", left)
	}
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	r := o.refund("PORTAL-1")
	if !r.Foreign || r.Attempt != 0 || r.Status != client.RefundSuccess || o.order().Refundable().Minor != 1000 {
		t.Errorf("%+v, refundable %s", r, o.order().Refundable())
	}
	if plan := o.plan("5.00"); plan.Attempt != 1 || plan.RefundNo != client.RefundNo("payermax", "M1", "P1", 1) {
		t.Errorf("attempt %d", plan.Attempt)
	}
	if plan, err := o.Plan(t.Context(), desk.Ask{Profile: shop, Order: "P1", Amount: "25.00", Reason: "again"}); err == nil && plan.Refusal == nil {
		t.Error("more than the rest can be refunded")
	}
	if list, err := o.store.Due(t.Context(), shop, o.clock.Now(), 10); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// Another ledger's refund under our own number is our attempt.
func TestACallbackAboutOurOwnNumberFromAnotherLedger(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	no := client.RefundNo("payermax", "M1", "P1", 2)
	theirs := client.Refund{RefundNo: no, OrderNo: "P1", Amount: client.Money{Minor: 100, Currency: "HKD", Exp: 2}, Status: client.RefundPending}
	o.bank.refunds[no] = &banked{Refund: theirs}
	n := told(ledger.Refund{Refund: theirs}, client.RefundSuccess)
	o.hear(n) // neither the order nor the refund is known
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	if r := o.refund(no); !r.Foreign || r.Attempt != 2 || r.Status != client.RefundPending {
		t.Errorf("%+v", r)
	}
	if order := o.order(); order.Source != desk.SourceCallback || order.OpenRefund != no {
		t.Errorf("%+v", order)
	}
}

func payment(no string, status client.OrderStatus, minor int64) client.Notice {
	return client.Notice{
		Kind: client.NoticePayment, OrderNo: no, GatewayOrderNo: "T" + no, Status: string(status), Said: strings.ToUpper(string(status)),
		Amount: client.Money{Minor: minor, Currency: "HKD", Exp: 2}, Verified: true,
	}.Identified([]byte(no))
}

func TestACallbackMakesAnOrderKnown(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	n := payment("P1", client.OrderPaid, 10000)
	o.hear(n)
	if _, err := o.store.Order(t.Context(), shop, "P1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("the callback alone made an order: %v", err)
	}
	if list := o.due(); len(list) != 1 || list[0] != "notice "+n.Digest {
		t.Fatalf("due: %v", list)
	}
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	if order := o.order(); order.Status != client.OrderPaid || order.Source != desk.SourceCallback {
		t.Errorf("%+v", order)
	}
	// It is known now: the same news asks nothing, another state or amount does.
	o.hear(payment("P1", client.OrderPaid, 10000).Identified([]byte("x")))
	if list := o.due(); len(list) != 0 {
		t.Errorf("due: %v", list)
	}
	o.hear(payment("P1", client.OrderClosed, 10000))
	o.hear(payment("P1", client.OrderPaid, 99))
	if list := o.due(); len(list) != 2 {
		t.Errorf("due: %v", list)
	}
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	if order := o.order(); order.Status != client.OrderPaid || order.Amount.Minor != 10000 {
		t.Errorf("%+v", order)
	}
	lines := o.lines("callback.payment")
	if len(lines) != 4 || lines[3]["differs"] != "its amount is 0.99 HKD, not 100.00 HKD" || lines[0]["orphan"] != true || lines[2]["was"] != "paid" {
		t.Errorf("%v", lines)
	}
}

// An order that only the gateway's number names is asked for by that.
func TestAPaymentCallbackWithTheGatewaysNumberOnly(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	_ = o.plan("1.00")
	n := payment("P1", client.OrderClosed, 10000)
	n.OrderNo = ""
	n = n.Identified(nil)
	o.hear(n)
	if got := o.notice(n); got.Subject != "P1" || got.Orphan {
		t.Errorf("%+v", got)
	}
}

func TestACallbackAboutACard(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.tokens["T1"] = client.Token{Token: "T1", UserID: "U-1", Status: client.TokenActive}
	if _, err := o.Tokens(t.Context(), shop, "U-1"); err != nil {
		t.Fatal(err)
	}
	o.bank.tokens["T1"] = client.Token{Token: "T1", UserID: "U-1", Status: client.TokenRemoved}
	removed := client.Notice{Kind: client.NoticeToken, Token: "T1", Status: string(client.TokenRemoved), Said: "Deleted", Verified: true}.Identified(nil)
	o.hear(removed) // it does not even name the user
	card := func() client.TokenStatus {
		c, err := o.store.Token(t.Context(), shop, "T1")
		if err != nil {
			t.Fatal(err)
		}
		return c.Status
	}
	if card() != client.TokenActive {
		t.Error("the callback alone removed the card")
	}
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	if card() != client.TokenRemoved {
		t.Error("the card is still there")
	}
	nobody := client.Notice{Kind: client.NoticeToken, Token: "T9", Status: "active", Verified: true}.Identified(nil)
	o.hear(nobody)
	if list := o.due(); len(list) != 0 || !o.notice(nobody).Orphan {
		t.Errorf("due: %v", list)
	}
}

// Success after a proven failure moves no state back, but is never unseen.
// covers I9
func TestACallbackThatContradictsAnEnd(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r := o.begin("25.00")
	o.bank.settleAll(client.RefundFailed)
	if err := o.follow(time.Minute); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, o.refund(r.RefundNo), client.RefundFailed)
	n := told(r, client.RefundSuccess)
	o.hear(n)
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	if got := o.refund(r.RefundNo); got.Status != client.RefundFailed || got.Alert != "" {
		t.Errorf("the gateway still says failed: %s, alert %q", got.Status, got.Alert)
	}
	o.bank.mu.Lock()
	o.bank.refunds[r.RefundNo].Status = client.RefundSuccess
	o.bank.mu.Unlock()
	again := n
	again.Amount = client.Money{}
	again = again.Identified(nil)
	o.hear(again)
	if err := o.follow(time.Second); err != nil {
		t.Fatal(err)
	}
	if got := o.refund(r.RefundNo); got.Status != client.RefundFailed || got.Alert != "conflict" {
		t.Errorf("%s, alert %q", got.Status, got.Alert)
	}
	if lines := o.lines("refund.conflict"); len(lines) != 1 || lines[0]["why"] != "it was failed, and the gateway now says success" {
		t.Errorf("%v", lines)
	}
}

// covers F21
func TestAQuestionThatGetsNoAnswer(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	o.bank.trouble = once("orderQuery", notSent, 5)
	n := payment("P1", client.OrderPaid, 10000)
	o.hear(n)
	if err := o.follow(5 * time.Second); client.ClassOf(err) != client.ClassNotSent {
		t.Errorf("%v", err)
	}
	if err := o.follow(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := o.notice(n); got.Checks != 6 || !got.NextCheckAt.IsZero() || o.order().Status != client.OrderPaid {
		t.Errorf("%+v", got)
	}

	unknown := payment("P404", client.OrderPaid, 10000)
	o.hear(unknown)
	if err := o.follow(24 * time.Hour); client.ClassOf(err) != client.ClassNotFound {
		t.Errorf("%v", err)
	}
	if got := o.notice(unknown); got.Checks != 10 || !got.NextCheckAt.IsZero() {
		t.Errorf("%d questions", got.Checks)
	}
	if lines := o.lines("callback.unanswered"); len(lines) != 1 || lines[0]["subject"] != "P404" || lines[0]["class"] != "not-found" {
		t.Errorf("%v", lines)
	}

	o.bank.trouble = func(string) trouble { return notSent }
	late := payment("P2", client.OrderPaid, 10000)
	o.hear(late)
	_ = o.follow(9 * 24 * time.Hour)
	if got := o.notice(late); !got.NextCheckAt.IsZero() || got.Checks > 400 {
		t.Errorf("after a week: %+v", got)
	}
}

func TestHeardOfNobody(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	_, err := o.Heard(t.Context(), "nobody", payment("P1", client.OrderPaid, 1))
	wantClass(t, err, client.ClassNotFound)
	wantClass(t, o.AdvanceNotice(t.Context(), "nobody", "x"), client.ClassNotFound)
	if err := o.AdvanceNotice(t.Context(), shop, "x"); err != nil {
		t.Error(err)
	}
	other := client.Notice{Kind: client.NoticeOther, Event: "CHARGEBACK", OrderNo: "P1", Verified: true, Reason: "kept"}.Identified([]byte("d"))
	if !o.hear(other) || len(o.due()) != 0 {
		t.Errorf("due: %v", o.due())
	}
	if lines := o.lines("callback.other"); len(lines) != 1 || lines[0]["event"] != "CHARGEBACK" || lines[0]["subject"] != "P1" {
		t.Errorf("%v", lines)
	}
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Heard(context.Background(), shop, other); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("stored in a closed ledger: %v", err)
	}
}

// covers F9 S15
func TestTheSameCallbackManyTimesAtOnce(t *testing.T) {
	o := newOffice(t, desk.Policy{})
	r := o.begin("25.00")
	var group sync.WaitGroup
	news := make(chan bool, 40)
	for range cap(news) {
		group.Go(func() {
			fresh, err := o.Heard(t.Context(), shop, told(r, client.RefundSuccess))
			if err != nil {
				t.Error(err)
			}
			news <- fresh
		})
	}
	group.Wait()
	close(news)
	count := 0
	for fresh := range news {
		if fresh {
			count++
		}
	}
	if n := o.notice(told(r, client.RefundSuccess)); count != 1 || n.Times != 40 || len(o.lines("callback.refund")) != 2 {
		t.Errorf("news %d times, came %d times, %d lines", count, n.Times, len(o.lines("callback.refund")))
	}
}
