package paycools_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/protocol"
)

// TestRefundIsPendingThenComplete walks sections 5 and 6: the words of the answer
// and of the query differ.
func TestRefundIsPendingThenComplete(t *testing.T) {
	b := open(t)
	a := b.want("1000", refundPath, refundOf("RF1", "C120260301010000001", "10000").with("refundReason", "damaged item"))
	if a.Data["mchRefundOrderId"] != "RF1" || a.Data["refundAmount"] != json.Number("10000") || a.Data["refundStatus"] != "PENDING" ||
		a.Data["refundCreateTime"] != "2026-11-22 17:30:00" || len(a.Data) != 5 {
		t.Errorf("%s", a.Raw.Body)
	}
	number, _ := a.Data["refundTransactionId"].(string)
	if !strings.HasPrefix(number, "R1") {
		t.Errorf("number %q", number)
	}
	r := b.theRefund("RF1")
	if r.Amount != pesos(100_00) || r.Plan != book.Success || r.DueAt.IsZero() || r.NotifyURL != "http://127.0.0.1:9/hook" || r.Dialect != paycools.PH {
		t.Errorf("%+v", r)
	}
	for _, by := range []flat{{"originalTransactionId": "C120260301010000001"}, {"refundTransactionId": number}, {"originalTransactionId": "C120260301010000001", "refundTransactionId": number}} {
		a = b.want("1000", "/api/refund/payments", by)
		got := a.item(0)
		if len(a.List) != 1 || got["mchRefundOrderId"] != "RF1" || got["refundStatus"] != "PENDING" || got["refundReturnTime"] != "" || got["refundReason"] != "damaged item" ||
			got["originalTransactionId"] != "C120260301010000001" || got["feeRefunded"] != json.Number("0") {
			t.Errorf("%v: %s", by, a.Raw.Body)
		}
	}
	b.settle("RF1", client.RefundSuccess)
	got := b.want("1000", "/api/refund/payments", flat{"refundTransactionId": number}).item(0)
	if got["refundStatus"] != "COMPLETE" || got["refundReturnTime"] != "2026-11-22 17:30:00" || got["feeRefunded"] != json.Number("200") || got["failedCode"] != nil {
		t.Errorf("%v", got)
	}
	b.set("fee_refunded", "no")
	if got = b.want("1000", "/api/refund/payments", flat{"refundTransactionId": number}).item(0); got["feeRefunded"] != nil {
		t.Errorf("%v", got)
	}
	if got = b.want("10000", "/open-api/refund/payments", flat{"refundTransactionId": number}).item(0); got["refundStatus"] != "COMPLETED" {
		t.Errorf("%v", got)
	}
}

// TestRefundParameters covers code 1009.
func TestRefundParameters(t *testing.T) {
	good := refundOf("RF1", "C1", "100")
	for name, f := range map[string]flat{
		"no number": good.with("mchRefundOrderId", ""), "dash": good.with("mchRefundOrderId", "RF-1"), "underscore": good.with("mchRefundOrderId", "RF_1"),
		"long number": good.with("mchRefundOrderId", strings.Repeat("1", 33)), "no payment": good.with("originalTransactionId", ""),
		"pesos": good.with("refundAmount", "1.00"), "exponent": good.with("refundAmount", "1e4"), "huge": good.with("refundAmount", "99999999999999999999"),
		"no address": good.with("refundCallbackUrl", ""), "no web address": good.with("refundCallbackUrl", "shop"),
		"long address": good.with("refundCallbackUrl", "http://x/"+strings.Repeat("x", 100)), "long reason": good.with("refundReason", strings.Repeat("x", 257)),
	} {
		b := open(t)
		if a := b.want("1009", refundPath, f); a.Doc["message"] == "" || b.theRefund("RF1").RefundNo != "" {
			t.Errorf("%s: %s", name, a.Raw.Body)
		}
	}
	b := open(t)
	b.want("1000", refundPath, good)
	b.set("reason_needed", "yes")
	b.want("1009", refundPath, refundOf("RF2", "C120260301010000001", "100"))
	b.want("1009", "/api/refund/payments", flat{})
	if b.want("1000", refundPath, refundOf("RF3", "C120260301010000001", "100").with("refundCallbackUrl", paycools.PortalURL).with("refundReason", "x")); b.theRefund("RF3").NotifyURL != "" {
		t.Error("the stand-in for the portal's address was stored")
	}
}

// TestRefundRefusals covers each code of section 4.2 that the rules can give.
func TestRefundRefusals(t *testing.T) {
	const any, once, full, never, old = "C120260301010000001", "C120260228010000004", "C120260228010000003", "C120260228010000005", "C120260228010000007"
	for _, c := range []struct {
		name, code, transaction, cents string
		prepare                        func(b *bank)
	}{
		{"unknown payment", "1501", "C404", "100", nil},
		{"merchant's number", "1501", "SO20260228000001", "100", nil},
		{"another one pending", "1502", any, "100", func(b *bank) { b.want("1000", refundPath, refundOf("RF0", any, "100")) }},
		{"not allowed", "1505", "CX", "100", func(b *bank) { b.order(book.Order{OrderNo: "X", Refuse: true}) }},
		{"above the payment", "1506", any, "150051", nil},
		{"above the rest", "1506", any, "150000", func(b *bank) {
			b.want("1000", refundPath, refundOf("RF0", any, "100"))
			b.settle("RF0", client.RefundSuccess)
		}},
		{"above the rest while pending", "1506", any, "150000", func(b *bank) {
			b.set("one_refund_at_a_time", "no")
			b.want("1000", refundPath, refundOf("RF0", any, "100"))
		}},
		{"channel without refunds", "1507", never, "18000", nil},
		{"the same in other words", "1510", never, "18000", func(b *bank) { b.set("no_channel_refund", "1510") }},
		{"second of one", "1508", once, "100", func(b *bank) {
			b.want("1000", refundPath, refundOf("RF0", once, "100"))
			b.settle("RF0", client.RefundSuccess)
		}},
		{"too old", "1509", old, "100", nil},
		{"partial of full only", "1511", full, "100", nil},
		{"not equal", "1512", full, "100", func(b *bank) { b.set("full_only", "1512") }},
		{"nothing", "1513", any, "0", nil},
		{"less than nothing", "1513", any, "-5", nil},
		{"number taken", "1515", any, "100", func(b *bank) { b.want("1000", refundPath, refundOf("RF1", "C1", "100")) }},
		{"number taken in other letters", "1515", any, "100", func(b *bank) { b.want("1000", refundPath, refundOf("rf1", "C1", "100")) }},
		{"not paid", "1516", "CP", "100", func(b *bank) { b.order(book.Order{OrderNo: "P", Status: client.OrderPending}) }},
		{"failed", "1516", "CP", "100", func(b *bank) { b.order(book.Order{OrderNo: "P", Status: client.OrderFailed}) }},
		{"no balance", "1006", any, "100", func(b *bank) { b.set("funds", "empty") }},
	} {
		b := open(t)
		if c.prepare != nil {
			c.prepare(b)
		}
		before := b.theRefund("RF1")
		if b.want(c.code, refundPath, refundOf("RF1", c.transaction, c.cents)); !cmp.Equal(before, b.theRefund("RF1")) {
			t.Errorf("%s: a refund was made", c.name)
		}
	}
}

func TestRefundsThatTheRulesAllow(t *testing.T) {
	b := open(t)
	b.want("1000", refundPath, refundOf("RF1", "C120260228010000003", "240000"))
	b.want("1000", refundPath, refundOf("RF2", "C120260228010000004", "100"))
	b.set("refund_window_days", "0")
	b.want("1000", refundPath, refundOf("RF3", "C120260228010000007", "100"))
	b.set("channel_rule", "any")
	b.want("1000", refundPath, refundOf("RF4", "C120260228010000005", "100"))
	b.settle("RF2", client.RefundFailed)
	b.want("1000", refundPath, refundOf("RF5", "C120260228010000004", "100"))
	b.set("one_refund_at_a_time", "no")
	b.want("1000", refundPath, refundOf("RF6", "C120260228010000004", "100"))
	b.want("10000", "/open-api/payment/refund", refundOf("RF7", "C1", "100"))
	if r := b.theRefund("RF7"); r.Dialect != paycools.GROUP {
		t.Errorf("%+v", r)
	}
}

// TestWindowFollowsTheClock covers the 60 days to the second.
func TestWindowFollowsTheClock(t *testing.T) {
	b := open(t)
	b.order(book.Order{OrderNo: "O", CreatedAt: now.AddDate(0, 0, -60).Add(-time.Minute)})
	b.want("1000", refundPath, refundOf("RF1", "CO", "100"))
	b.settle("RF1", client.RefundSuccess)
	req := b.request(refundPath, refundOf("RF2", "CO", "100"))
	req.Now = now.Add(time.Second)
	if a := b.send(req); a.Code != "1509" {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestManyEqualRefunds covers F14 at the gateway's end: one is accepted.
func TestManyEqualRefunds(t *testing.T) {
	b := open(t)
	var group sync.WaitGroup
	codes := make(chan string, 20)
	for range 20 {
		req := b.request(refundPath, refundOf("RF1", "C1", "100"))
		group.Go(func() { codes <- b.Protocol.Decide(req).Code })
	}
	group.Wait()
	close(codes)
	count := map[string]int{}
	for code := range codes {
		count[code]++
	}
	if count["1000"] != 1 || count["1515"] != 19 {
		t.Errorf("%v", count)
	}
}

// TestHowRefundsEnd covers the plans, by switch and by fault.
func TestHowRefundsEnd(t *testing.T) {
	for outcome, plan := range map[string]book.Outcome{"success": book.Success, "failed": book.Failed, "cancelled": book.Closed, "stay": book.Stay} {
		b := open(t)
		b.set("refund_outcome", outcome)
		b.want("1000", refundPath, refundOf("RF1", "C1", "100"))
		if r := b.theRefund("RF1"); r.Plan != plan || r.DueAt.IsZero() != (plan == book.Stay) || r.Late {
			t.Errorf("%s: %+v", outcome, r)
		}
	}
	b := open(t)
	b.strikes[fault.StayPending] = true
	b.want("1000", refundPath, refundOf("RF1", "C1", "100"))
	b.strikes = map[fault.Kind]bool{fault.LateFailure: true}
	b.want("1000", refundPath, refundOf("RF2", "C120260301010000001", "100"))
	if first, second := b.theRefund("RF1"), b.theRefund("RF2"); first.Plan != book.Stay || !second.Late {
		t.Errorf("%+v %+v", first, second)
	}
}

// TestWordsOfEndedRefunds covers the words and failure codes of section 9 in the
// spellings of the switches.
func TestWordsOfEndedRefunds(t *testing.T) {
	b := open(t)
	b.want("1000", refundPath, refundOf("RF1", "C1", "100"))
	query := func() protocol.Object {
		return b.want("1000", "/api/refund/payments", flat{"originalTransactionId": "C1"}).item(0)
	}
	b.settle("RF1", client.RefundFailed)
	if got := query(); got["refundStatus"] != "FAILED" || got["failedCode"] != json.Number("-10009") || got["failedMessage"] != "Channel Refund Failed" {
		t.Errorf("%v", got)
	}
	b.set("failed_code", "text")
	if got := query(); got["failedCode"] != "-10009" {
		t.Errorf("%v", got)
	}
	b.set("failed_code", "missing")
	if got := query(); got["failedCode"] != nil || got["failedMessage"] != nil {
		t.Errorf("%v", got)
	}
	b.settle("RF1", client.RefundClosed)
	for _, word := range []string{"CANCELLED", "CANCELED", "CANCEL"} {
		b.set("cancel_word", word)
		if got := query(); got["refundStatus"] != word {
			t.Errorf("%v", got)
		}
	}
	b.settle("RF1", client.RefundSuccess)
	for _, word := range []string{"COMPLETE", "COMPLETED", "SUCCESS"} {
		b.set("complete_word", word)
		if got := query(); got["refundStatus"] != word {
			t.Errorf("%v", got)
		}
	}
}

// TestNothingFound covers section 6.1: all the ways of saying so.
func TestNothingFound(t *testing.T) {
	b := open(t)
	known, unknown := flat{"originalTransactionId": "C1"}, flat{"refundTransactionId": "R404"}
	for _, how := range []string{"empty", "null", "1008", "1501"} {
		b.set("no_refunds", how)
		b.set("refunds_of_unknown", how)
		for _, f := range []flat{known, unknown, {"originalTransactionId": "C404"}, {"originalTransactionId": "C1", "refundTransactionId": "R404"}} {
			a := b.call("/api/refund/payments", f)
			want := how
			if _, err := strconv.Atoi(how); err != nil {
				want = "1000"
			}
			if a.Code != want || (a.List != nil) != (how == "empty") || len(a.List) != 0 || strings.Contains(string(a.Raw.Body), `"data":null`) == (how == "empty") {
				t.Errorf("%s %v: %s", how, f, a.Raw.Body)
			}
		}
	}
	b.want("1000", refundPath, refundOf("RF1", "C1", "100"))
	b.set("single_refund", "object")
	if a := b.want("1000", "/api/refund/payments", known); a.Data["mchRefundOrderId"] != "RF1" {
		t.Errorf("%s", a.Raw.Body)
	}
}

func TestSwappedPrefixes(t *testing.T) {
	b := open(t)
	b.set("swapped_prefixes", "yes")
	a := b.want("1000", refundPath, refundOf("RF1", "C1", "100"))
	number, _ := a.Data["refundTransactionId"].(string)
	if !strings.HasPrefix(number, "C4X1") || !strings.HasPrefix(b.Numbers.GatewayOrder(now, 7), "R1") {
		t.Errorf("%s", a.Raw.Body)
	}
	if a = b.want("1000", "/api/refund/payments", flat{"refundTransactionId": number}); len(a.List) != 1 {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestWrongEchoFalsifiesWhatClientsCompare checks each path's echo.
func TestWrongEchoFalsifiesWhatClientsCompare(t *testing.T) {
	for path, c := range map[string]struct {
		f      flat
		member string
	}{
		refundPath:                         {refundOf("RF1", "C1", "100"), "mchRefundOrderId"},
		"/api/v1/payment/C1":               {flat{"transactionId": "C1"}, "amount"},
		"/api/v1/account/checkBalance":     {flat{}, "balance"},
		"/api/jt/direct/debit/token/query": {flat{"userId": "U-0420"}, "userId"},
		"/api/v1/payment":                  {webPayment("N1"), "mchOrderId"},
	} {
		good, bad := open(t), open(t)
		right := good.call(path, c.f)
		wrong := bad.spoilt(bad.request(path, c.f), protocol.WrongEcho)
		if !right.Accepted || right.Data[c.member] == nil || right.Data[c.member] == wrong.Data[c.member] {
			t.Errorf("%s: %v and %v", path, right.Data[c.member], wrong.Data[c.member])
		}
	}
	b := open(t)
	b.want("1000", refundPath, refundOf("RF1", "C1", "100"))
	if a := b.spoilt(b.request("/api/refund/payments", flat{"originalTransactionId": "C1"}), protocol.WrongEcho); a.item(0)["refundAmount"] != json.Number("101") {
		t.Errorf("%s", a.Raw.Body)
	}
	if a := b.want("1000", "/api/refund/payments", flat{"originalTransactionId": "C1"}); a.item(0)["refundAmount"] != json.Number("100") {
		t.Errorf("%s", a.Raw.Body)
	}
	f := flat{"createDate": "2026-11-20", "page": "1"}
	right, wrong := b.call("/api/v1/record/paymentList", f), b.spoilt(b.request("/api/v1/record/paymentList", f), protocol.WrongEcho)
	if len(right.records()) == 0 || right.records()[0]["amount"] == wrong.records()[0]["amount"] {
		t.Errorf("%s", wrong.Raw.Body)
	}
}
