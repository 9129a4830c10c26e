package easylink_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/easylink"
	"paydesk/client/sandbox/fault"
)

func TestRefundFromBeginningToEnd(t *testing.T) {
	b := open(t)
	a := b.want("0", "", refundPath, aRefund("R1", 1250).with(members{"extParam": "ord-77.a", "notifyUrl": "http://127.0.0.1/n"}))
	no, _ := a.Data["refundOrderId"].(string)
	if len(no) != 20 || no[0] != 'R' || fmt.Sprint(a.Data["state"]) != "1" || fmt.Sprint(a.Data["payAmount"]) != "5800" || a.Data["channelOrderNo"] != nil || len(a.Data) != 5 {
		t.Errorf("%s", a.Raw.Body)
	}
	for _, by := range []members{{"mchRefundNo": "R1"}, {"refundOrderId": no}, {"refundOrderId": no, "mchRefundNo": "other"}, {"mchRefundNo": "r1", "refundOrderId": ""}} {
		a = b.want("0", "", queryPath, by)
		if a.Data["payOrderId"] != "P1790000000000000001" || a.Data["mchOrderNo"] != nil || fmt.Sprint(a.Data["createdAt"]) != fmt.Sprint(now.UnixMilli()) ||
			a.Data["extParam"] != "ord-77.a" || a.Data["successTime"] != nil || fmt.Sprint(a.Data["refundAmount"]) != "1250" || a.Data["currency"] != "HKD" {
			t.Errorf("%v: %s", by, a.Raw.Body)
		}
	}
	r, moved := b.refund("R1")
	if r.Status != client.RefundPending || r.Plan != book.Success || moved != 0 || r.DueAt.Before(now) || r.DueAt.After(now.Add(2*time.Second)) || r.NotifyURL != "http://127.0.0.1/n" {
		t.Errorf("%+v moved %d", r, moved)
	}
	b.settle("R1", client.RefundSuccess)
	a = b.want("0", "", queryPath, members{"mchRefundNo": "R1"})
	if channel, _ := a.Data["channelOrderNo"].(string); fmt.Sprint(a.Data["state"]) != "2" || len(channel) != 28 || fmt.Sprint(a.Data["successTime"]) != fmt.Sprint(now.UnixMilli()) {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("9999", "已存在", refundPath, aRefund("R1", 1250))
	b.want("9999", "订单不存在", queryPath, members{"mchRefundNo": "R2"})
	b.set("unknown_number", "5003")
	b.want("5003", "订单不存在", queryPath, members{"mchRefundNo": "R2"})
	b.want("9999", "不能同时为空", queryPath, members{"mchRefundNo": ""})
}

// TestTheSameNumberAgain covers F8: the reason depends on what became of the
// first one (reliability: section 4).
func TestTheSameNumberAgain(t *testing.T) {
	b := open(t)
	full := aRefund("R1", 5800)
	b.want("0", "", refundPath, full)
	b.want("9999", "在途退款申请", refundPath, full)
	b.settle("R1", client.RefundFailed)
	b.want("9999", "已存在", refundPath, full)
	b.want("0", "", refundPath, aRefund("R2", 5800))
	b.settle("R2", client.RefundSuccess)
	b.want("9999", "订单状态不正确", refundPath, full)
	if a := b.want("0", "", orderPath, members{"mchOrderNo": "SO20260301000001"}); fmt.Sprint(a.Data["state"]) != "5" {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestGuard covers what stands in the way of a refund: only one in state 1, and
// only the sum of those that succeeded (reliability: section 4).
func TestGuard(t *testing.T) {
	b := open(t)
	b.want("9999", "申请金额超出", refundPath, aRefund("R0", 5801))
	b.want("0", "", refundPath, aRefund("R1", 5000))
	b.want("9999", "在途退款申请", refundPath, aRefund("R2", 1))
	b.want("9999", "在途退款申请", refundPath, aRefund("R2", 5800)) // what is on its way is not reserved
	b.settle("R1", client.RefundSuccess)
	b.want("9999", "申请金额超出", refundPath, aRefund("R2", 801))
	b.want("0", "", refundPath, aRefund("R2", 800))
	b.settle("R2", client.RefundClosed)
	b.want("0", "", refundPath, aRefund("R3", 800))
	b.settle("R3", client.RefundFailed)
	b.want("0", "", refundPath, aRefund("R4", 799))
	b.settle("R4", client.RefundSuccess)
	if a := b.want("0", "", orderPath, members{"mchOrderNo": "SO20260301000001"}); fmt.Sprint(a.Data["state"]) != "2" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("channel_refunds", "no")
	b.want("9999", "当前通道不支持退款", refundPath, aRefund("R5", 1))
}

// TestStateZeroGuardsNothing covers reliability section 4: a refund whose state
// is not known blocks no other, and closes after two hours.
func TestStateZeroGuardsNothing(t *testing.T) {
	b := open(t)
	b.set("new_refund_state", "0")
	b.want("9999", "系统异常", refundPath, aRefund("R1", 5800))
	r, _ := b.refund("R1")
	if r.Status != client.RefundUnknown || r.Plan != book.Closed || !r.DueAt.Equal(now.Add(2*time.Minute)) {
		t.Errorf("%+v", r)
	}
	if a := b.want("0", "", queryPath, members{"mchRefundNo": "R1"}); fmt.Sprint(a.Data["state"]) != "0" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("new_refund_state", "1")
	b.want("9999", "已存在", refundPath, aRefund("R1", 5800))
	b.want("0", "", refundPath, aRefund("R2", 5800))
	b.settle("R1", client.RefundClosed)
	if a := b.want("0", "", queryPath, members{"mchRefundNo": "R1"}); fmt.Sprint(a.Data["state"]) != "4" {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestTheGuardIsNoTransaction shows the hole of the real gateway: a second
// refund that comes between the record of the first and the channel's answer
// goes through. The same number never does. covers F14, F15
func TestTheGuardIsNoTransaction(t *testing.T) {
	b := open(t)
	var other, same answer
	once := sync.OnceFunc(func() {
		same = b.call(refundPath, aRefund("R1", 5800))
		other = b.call(refundPath, aRefund("R2", 5800))
	})
	asked := false
	b.strikes = func(fault.Kind) bool {
		if !asked {
			asked = true
			once()
		}
		return false
	}
	if a := b.call(refundPath, aRefund("R1", 5800)); a.Code != "0" || other.Code != "0" || same.Code != "9999" || !strings.Contains(same.Msg, "已存在") {
		t.Errorf("%s, %s, %s", a.Raw.Body, other.Raw.Body, same.Raw.Body)
	}
}

func TestManyEqualRefundsAtOnce(t *testing.T) {
	b := open(t)
	var group sync.WaitGroup
	codes := make(chan string, 50)
	req := b.signed(refundPath, aRefund("R1", 5800))
	for range 50 {
		group.Go(func() { codes <- b.Protocol.Decide(req).Code })
	}
	group.Wait()
	close(codes)
	done := 0
	for code := range codes {
		if code == "0" {
			done++
		}
	}
	if done != 1 {
		t.Errorf("%d were accepted", done)
	}
}

// TestScriptedOutcomes covers easylink: section 12.
func TestScriptedOutcomes(t *testing.T) {
	for _, c := range []struct {
		amount            int
		code, state, more string
		status            client.RefundStatus
		plan              book.Outcome
		moved             int
	}{
		{100_00, "0", "1", "", client.RefundPending, book.Success, 0},
		{101_00, "0", "1", "", client.RefundPending, book.Failed, 0},
		{102_00, "0", "1", "", client.RefundPending, book.Closed, 0},
		{103_00, "0", "3", "errCode", client.RefundFailed, "", 0},
		{104_00, "0", "2", "channelOrderNo", client.RefundSuccess, "", 1},
		{105_00, "9999", "", "", client.RefundUnknown, book.Closed, 0},
	} {
		b := open(t)
		b.set("test_amounts", "on")
		m := aRefund("R1", c.amount).with(members{"mchOrderNo": "SO20260228000017"})
		if c.amount > 103_50 {
			b.order(book.Order{OrderNo: "BIG", Amount: client.Money{Minor: 500_00, Currency: "HKD", Exp: 2}})
			m["mchOrderNo"] = "BIG"
		}
		a := b.want(c.code, "", refundPath, m)
		if a.Code == "0" && (fmt.Sprint(a.Data["state"]) != c.state || (c.more != "" && a.Data[c.more] == nil)) {
			t.Errorf("%d: %s", c.amount, a.Raw.Body)
		}
		r, moved := b.refund("R1")
		if r.Status != c.status || r.Plan != c.plan || moved != c.moved {
			t.Errorf("%d: %+v moved %d", c.amount, r, moved)
		}
		notices := 0
		b.book.View(func(s *book.State) { notices = len(s.Notices()) })
		if ended := c.state == "2" || c.state == "3"; ended != (notices == 1) {
			t.Errorf("%d: %d callbacks", c.amount, notices)
		}
	}
	b := open(t)
	b.want("0", "", refundPath, aRefund("R1", 104_00).with(members{"mchOrderNo": "SO20260228000017", "refundAmount": 103_00}))
	if r, _ := b.refund("R1"); r.Status != client.RefundPending {
		t.Errorf("without the switch an amount decides nothing: %+v", r)
	}
}

// order puts an order into the book.
func (b *bank) order(o book.Order) {
	b.t.Helper()
	o.Gateway, o.GatewayOrderNo, o.CreatedAt = easylink.Gateway, "P"+o.OrderNo, now.Add(-time.Hour)
	if o.Status == "" {
		o.Status, o.PaidAt = client.OrderPaid, now.Add(-time.Hour)
	}
	err := b.book.Update(now, "test", func(tx *book.Tx) error { tx.PutOrder(o); return nil })
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestFaultsOfRefunds(t *testing.T) {
	for kind, check := range map[fault.Kind]func(r book.Refund) bool{
		fault.StayPending: func(r book.Refund) bool {
			return r.Plan == book.Closed && r.DueAt.Equal(now.Add(2*time.Minute)) && !r.Late
		},
		fault.LateFailure: func(r book.Refund) bool { return r.Plan == book.Success && r.Late },
	} {
		b := open(t)
		b.strikes = func(k fault.Kind) bool { return k == kind }
		b.want("9999", "", refundPath, aRefund("R0", 5801))
		b.want("0", "", refundPath, aRefund("R1", 100))
		if r, _ := b.refund("R1"); r.Status != client.RefundPending || !check(r) {
			t.Errorf("%s: %+v", kind, r)
		}
	}
	b := open(t)
	b.strikes = func(k fault.Kind) bool { return k == fault.LateFailure }
	b.set("new_refund_state", "2")
	b.want("0", "", refundPath, aRefund("R1", 100))
	if r, moved := b.refund("R1"); !r.Late || !r.DueAt.Equal(now.Add(time.Second)) || moved != 1 {
		t.Errorf("%+v moved %d", r, moved)
	}
}

func TestRefundsOfUnpaidOrders(t *testing.T) {
	b := open(t)
	for i, status := range []client.OrderStatus{client.OrderPending, client.OrderFailed, client.OrderClosed} {
		no := fmt.Sprintf("N%d", i)
		b.order(book.Order{OrderNo: no, Status: status, Amount: client.Money{Minor: 5800, Currency: "HKD", Exp: 2}})
		b.want("9999", "订单状态不正确", refundPath, aRefund("R1", 1).with(members{"mchOrderNo": no}))
	}
	b.order(book.Order{OrderNo: "STUBBORN", Refuse: true, Amount: client.Money{Minor: 5800, Currency: "HKD", Exp: 2}})
	b.want("9999", "当前通道不支持退款", refundPath, aRefund("R1", 1).with(members{"mchOrderNo": "STUBBORN"}))
}

// TestCurrencyOfRefunds: the real one compares it with nothing.
func TestCurrencyOfRefunds(t *testing.T) {
	b := open(t)
	b.want("9999", "币种", refundPath, aRefund("R1", 100).with(members{"currency": "USD"}))
	b.want("0", "", refundPath, aRefund("R1", 100).with(members{"currency": "hkd"}))
	b.settle("R1", client.RefundSuccess)
	b.set("refund_currency", "checked")
	b.want("9999", "币种", refundPath, aRefund("R2", 100).with(members{"currency": "CNY"}))
	b.set("refund_currency", "ignored")
	b.want("0", "", refundPath, aRefund("R2", 100).with(members{"currency": "CNY"}))
}

func TestLimitsOfRefunds(t *testing.T) {
	b := open(t)
	for name, limit := range map[string]int{"mchRefundNo": 30, "refundReason": 64, "extParam": 64, "channelExtra": 256, "clientIp": 32} {
		b.want("11", name, refundPath, aRefund("R", 1).with(members{name: strings.Repeat("茶", limit+1)}))
	}
	b.want("0", "", refundPath, aRefund(strings.Repeat("茶", 30), 1))
	b.set("refund_amounts", "no")
	b.settle(strings.Repeat("茶", 30), client.RefundFailed)
	if a := b.want("0", "", refundPath, aRefund("R2", 1)); a.Data["payAmount"] != nil || a.Data["refundAmount"] != nil {
		t.Errorf("%s", a.Raw.Body)
	}
}
