package payermax_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/payermax"
)

// ask is the data of a refund.
func ask(no, order, amount, currency string) string {
	return fmt.Sprintf(`{"outRefundNo":%q,"outTradeNo":%q,"refundAmount":%s,"refundCurrency":%q,"comments":"ticket 1182"}`, no, order, amount, currency)
}

func TestRefundIsAccepted(t *testing.T) {
	b := open(t)
	b.order(book.Order{OrderNo: "A1", Amount: money(100_00, "HKD", 2)})
	a := b.want("APPLY_SUCCESS", "refund", ask("R_1", "a1", "12.30", "HKD"))
	if !a.Signed || a.Data["outRefundNo"] != "R_1" || a.Data["status"] != "REFUND_PENDING" || a.Data["tradeOrderNo"] != "IA1" {
		t.Errorf("%s", a.Raw.Body)
	}
	q := b.want("APPLY_SUCCESS", "refundQuery", `{"outRefundNo":"r_1"}`)
	if q.Data["refundAmount"] != json.Number("12.3") || q.Data["outTradeNo"] != "A1" || q.Data["status"] != "REFUND_PENDING" || q.Data["refundFinishTime"] != nil {
		t.Errorf("%s", q.Raw.Body)
	}
	byGateway := b.want("APPLY_SUCCESS", "refundQuery", fmt.Sprintf(`{"refundTradeNo":%q}`, a.Data["refundTradeNo"]))
	if byGateway.Data["outRefundNo"] != "R_1" {
		t.Errorf("%s", byGateway.Raw.Body)
	}
	b.settle("R_1", client.RefundSuccess)
	if q = b.want("APPLY_SUCCESS", "refundQuery", `{"outRefundNo":"R_1"}`); q.Data["status"] != "REFUND_SUCCESS" || q.Data["refundFinishTime"] != "2026-11-22T09:30:00.000Z" {
		t.Errorf("%s", q.Raw.Body)
	}
	b.View(func(r book.Refund) {
		if r.Reason != "ticket 1182" || r.Amount != money(12_30, "HKD", 2) {
			t.Errorf("%+v", r)
		}
	})
}

// View shows the one refund R_1 as the book holds it.
func (b *bank) View(fn func(r book.Refund)) {
	b.book.View(func(s *book.State) {
		r, _ := s.Refund(payermax.Gateway, "R_1")
		fn(r)
	})
}

// TestRefundFields covers what PARAMS_INVALID is for.
func TestRefundFields(t *testing.T) {
	b := open(t)
	long := string(make([]byte, 0, 600))
	for range 513 {
		long += "x"
	}
	for _, data := range []string{
		`{}`, `{"outTradeNo":"A1","refundAmount":1,"refundCurrency":"HKD"}`, ask("", "A1", "1", "HKD"), ask("R-1", "A1", "1", "HKD"),
		ask("R 1", "A1", "1", "HKD"), ask(long[:65], "A1", "1", "HKD"), ask("R_1", "A1", "null", "HKD"), ask("R_1", "A1", "true", "HKD"),
		ask("R_1", "A1", `"NaN"`, "HKD"), ask("R_1", "A1", `"1,000"`, "HKD"), ask("R_1", "A1", `"0x10"`, "HKD"), ask("R_1", "A1", "[]", "HKD"),
		ask("R_1", "A1", "123456789012345678901", "HKD"), ask("R_1", "A1", "1", "HKDX"), ask("R_1", "A1", "1", ""), ask("R_1", "", "1", "HKD"),
		`{"outRefundNo":5,"outTradeNo":"A1","refundAmount":1,"refundCurrency":"HKD"}`,
		fmt.Sprintf(`{"outRefundNo":"R_1","outTradeNo":"A1","refundAmount":1,"refundCurrency":"HKD","comments":%q}`, long),
		`{"outRefundNo":"R_1","outTradeNo":"A1","refundAmount":1,"refundCurrency":"HKD","refundNotifyUrl":{}}`,
	} {
		b.want("PARAMS_INVALID", "refund", data)
	}
	for _, data := range []string{`{}`, `{"outRefundNo":""}`, `{"outRefundNo":null,"refundTradeNo":null}`, `{"outRefundNo":7}`} {
		b.want("PARAMS_INVALID", "refundQuery", data)
	}
}

// TestRefundRules covers payermax: section 10 in the order of section 16.
func TestRefundRules(t *testing.T) {
	for _, c := range []struct{ name, order, amount, currency, code string }{
		{"unknown order", "none", "1", "HKD", "ORDER_NOT_EXIST"},
		{"pending order", "PENDING", "1", "HKD", "REFUND_FAILED"},
		{"failed order", "FAILED", "1", "HKD", "REFUND_FAILED"},
		{"closed order", "CLOSED", "1", "HKD", "REFUND_FAILED"},
		{"other currency", "A1", "1", "USD", "CURRENCY_INVALID"},
		{"no currency at all", "A1", "1", "ZZZ", "CURRENCY_INVALID"},
		{"nothing", "A1", "0", "HKD", "AMOUNT_INVALID"},
		{"less than nothing", "A1", "-1", "HKD", "AMOUNT_INVALID"},
		{"too many decimals", "A1", "1.001", "HKD", "AMOUNT_INVALID"},
		{"five decimals", "A1", "1.00001", "HKD", "AMOUNT_INVALID"},
		{"decimals of a currency without", "IDR1", "1.5", "IDR", "AMOUNT_INVALID"},
		{"third decimal of a clamped currency", "KWD1", "1.005", "KWD", "AMOUNT_INVALID"},
		{"more than paid", "A1", "100.01", "HKD", "AMOUNT_INVALID"},
		{"far more than paid", "A1", "9999999999999999", "HKD", "AMOUNT_INVALID"},
		{"too old", "OLD", "1", "HKD", "REFUND_FAILED"},
		{"method without refunds", "NOREFUND", "1", "HKD", "REFUND_FAILED"},
		{"everything", "A1", "100", "HKD", "APPLY_SUCCESS"},
		{"zeros behind", "A1", "99.0000", "HKD", "APPLY_SUCCESS"},
		{"exponent", "A1", "1E+1", "HKD", "APPLY_SUCCESS"},
		{"text", "A1", `"12.30"`, "HKD", "APPLY_SUCCESS"},
		{"no decimals", "IDR1", "8000", "IDR", "APPLY_SUCCESS"},
		{"clamped decimals", "KWD1", "1.50", "KWD", "APPLY_SUCCESS"},
	} {
		b := open(t)
		for _, o := range []book.Order{
			{OrderNo: "A1", Amount: money(100_00, "HKD", 2)},
			{OrderNo: "IDR1", Amount: money(20_000, "IDR", 0)},
			{OrderNo: "KWD1", Amount: money(20_00, "KWD", 2)},
			{OrderNo: "PENDING", Amount: money(100_00, "HKD", 2), Status: client.OrderPending},
			{OrderNo: "FAILED", Amount: money(100_00, "HKD", 2), Status: client.OrderFailed},
			{OrderNo: "CLOSED", Amount: money(100_00, "HKD", 2), Status: client.OrderClosed},
			{OrderNo: "OLD", Amount: money(100_00, "HKD", 2), PaidAt: now.Add(-181 * 24 * time.Hour)},
			{OrderNo: "NOREFUND", Amount: money(100_00, "HKD", 2), Refuse: true},
		} {
			b.order(o)
		}
		a := b.call("refund", ask("R_1", c.order, c.amount, c.currency))
		if a.Code != c.code || !a.Signed {
			t.Errorf("%s: %s", c.name, a.Raw.Body)
		}
		if a.Accepted {
			continue
		}
		b.View(func(r book.Refund) {
			if r.RefundNo != "" {
				t.Errorf("%s: a refused refund left a record", c.name)
			}
		})
	}
}

func TestOrderByGatewayNumber(t *testing.T) {
	b := open(t)
	b.order(book.Order{OrderNo: "A1", GatewayOrderNo: "T1", Amount: money(100_00, "HKD", 2)})
	b.want("ORDER_NOT_EXIST", "refund", `{"outRefundNo":"R_1","outTradeNo":"A1","tradeToken":"T2","refundAmount":1,"refundCurrency":"HKD"}`)
	b.want("APPLY_SUCCESS", "refund", `{"outRefundNo":"R_1","outTradeNo":"A1","tradeToken":"T1","refundAmount":1,"refundCurrency":"HKD"}`)
	b.settle("R_1", client.RefundSuccess)
	b.want("APPLY_SUCCESS", "refund", `{"outRefundNo":"R_2","tradeToken":"T1","refundAmount":1,"refundCurrency":"HKD"}`)
	b.want("ORDER_NOT_EXIST", "refund", `{"outRefundNo":"R_3","tradeToken":"T9","refundAmount":1,"refundCurrency":"HKD"}`)
}

func TestSumsAndOneAtATime(t *testing.T) {
	b := open(t)
	b.order(book.Order{OrderNo: "A1", Amount: money(100_00, "HKD", 2)})
	b.want("APPLY_SUCCESS", "refund", ask("R_1", "A1", "60", "HKD"))
	b.want("AMOUNT_INVALID", "refund", ask("R_2", "A1", "60", "HKD"))
	b.want("REFUND_FAILED", "refund", ask("R_2", "A1", "40", "HKD")) // one is in progress
	b.settle("R_1", client.RefundSuccess)
	b.want("AMOUNT_INVALID", "refund", ask("R_2", "A1", "40.01", "HKD"))
	b.want("APPLY_SUCCESS", "refund", ask("R_2", "A1", "40", "HKD"))
	b.settle("R_2", client.RefundFailed)
	b.want("APPLY_SUCCESS", "refund", ask("R_3", "A1", "40", "HKD")) // a failure gives its amount back
	b.settle("R_3", client.RefundSuccess)
	b.want("AMOUNT_INVALID", "refund", ask("R_4", "A1", "0.01", "HKD"))
}

// TestSameNumberAgain covers F8: the first answer again for the same
// parameters, a refusal for others.
func TestSameNumberAgain(t *testing.T) {
	b := open(t)
	b.order(book.Order{OrderNo: "A1", Amount: money(100_00, "HKD", 2)})
	b.order(book.Order{OrderNo: "A2", Amount: money(100_00, "HKD", 2)})
	first := b.want("APPLY_SUCCESS", "refund", ask("R_1", "A1", "60", "HKD"))
	b.settle("R_1", client.RefundSuccess)
	for _, again := range []string{ask("R_1", "A1", "60", "HKD"), ask("r_1", "a1", "60.0", "HKD"), ask("R_1", "A1", `"6E+1"`, "HKD")} {
		if a := b.want("APPLY_SUCCESS", "refund", again); a.Data["refundTradeNo"] != first.Data["refundTradeNo"] || a.Data["status"] != "REFUND_PENDING" {
			t.Errorf("%s", a.Raw.Body)
		}
	}
	for _, other := range []string{ask("R_1", "A1", "61", "HKD"), ask("R_1", "A2", "60", "HKD"), ask("R_1", "A1", "60", "USD"), ask("r_1", "none", "60", "HKD")} {
		b.want("ORDER_REPEAT", "refund", other)
	}
	b.set("same_refund", "ORDER_REPEAT")
	b.want("ORDER_REPEAT", "refund", ask("R_1", "A1", "60", "HKD"))
	b.set("same_refund", "REFUND_NO_INVALID")
	b.want("REFUND_NO_INVALID", "refund", ask("R_1", "A1", "60", "HKD"))
	b.book.View(func(s *book.State) {
		if n := len(s.RefundsOf(payermax.Gateway, "A1")); n != 1 {
			t.Errorf("%d refunds", n)
		}
	})
}

// TestEqualRefundsAtOnce sends 50 equal refunds, and 50 with numbers of their
// own, at the same moment: one record each time. covers F14, F15
func TestEqualRefundsAtOnce(t *testing.T) {
	b := open(t)
	b.order(book.Order{OrderNo: "A1", Amount: money(100_00, "HKD", 2)})
	b.order(book.Order{OrderNo: "A2", Amount: money(100_00, "HKD", 2)})
	var group sync.WaitGroup
	for i := range 50 {
		for _, data := range []string{ask("R_1", "A1", "100", "HKD"), ask(fmt.Sprintf("X_%d", i), "A2", "100", "HKD")} {
			req := b.request("refund", body(data))
			group.Go(func() { b.Protocol.Decide(req) })
		}
	}
	group.Wait()
	b.book.View(func(s *book.State) {
		for _, no := range []string{"A1", "A2"} {
			if n := len(s.RefundsOf(payermax.Gateway, no)); n != 1 {
				t.Errorf("order %s: %d refunds", no, n)
			}
		}
	})
}

func TestRefundSwitches(t *testing.T) {
	for _, c := range []struct{ name, value, code, data string }{
		{"order_not_paid", "PARAMS_INVALID", "PARAMS_INVALID", ask("R_1", "UNPAID", "1", "HKD")},
		{"over_amount", "REFUND_FAILED", "REFUND_FAILED", ask("R_1", "A1", "101", "HKD")},
		{"funds", "empty", "REFUND_INSUFFICIENT_BALANCE", ask("R_1", "A1", "1", "HKD")},
		{"partial_refund", "refuse", "REFUND_FAILED", ask("R_1", "A1", "1", "HKD")},
		{"partial_refund", "refuse", "APPLY_SUCCESS", ask("R_1", "A1", "100", "HKD")},
		{"refund_window_days", "1", "REFUND_FAILED", ask("R_1", "YESTERDAY", "1", "HKD")},
		{"refund_window_days", "0", "APPLY_SUCCESS", ask("R_1", "YESTERDAY", "1", "HKD")},
		{"refund_in_progress", "AMOUNT_INVALID", "AMOUNT_INVALID", ask("R_1", "BUSY", "1", "HKD")},
		{"missing_merchant", "accept", "APPLY_SUCCESS", ask("R_1", "A1", "1", "HKD")},
	} {
		b := open(t)
		b.order(book.Order{OrderNo: "A1", Amount: money(100_00, "HKD", 2)})
		b.order(book.Order{OrderNo: "BUSY", Amount: money(100_00, "HKD", 2)})
		b.order(book.Order{OrderNo: "UNPAID", Amount: money(100_00, "HKD", 2), Status: client.OrderPending})
		b.order(book.Order{OrderNo: "YESTERDAY", Amount: money(100_00, "HKD", 2), PaidAt: now.Add(-25 * time.Hour)})
		b.want("APPLY_SUCCESS", "refund", ask("R_0", "BUSY", "1", "HKD"))
		b.set(c.name, c.value)
		b.want(c.code, "refund", c.data)
	}
	b := open(t)
	b.set("unknown_refund", "REFUND_NO_INVALID")
	b.want("REFUND_NO_INVALID", "refundQuery", `{"outRefundNo":"none"}`)
}

// TestQueryForms covers payermax: section 17 Q3 and Q4.
func TestQueryForms(t *testing.T) {
	b := open(t)
	query := func() map[string]any {
		return b.want("APPLY_SUCCESS", "refundQuery", `{"outRefundNo":"RF_20261122_000001"}`).Data
	}
	for form, want := range map[string][2]any{
		"refundAmount": {json.Number("12.3"), nil}, "totalAmount": {nil, json.Number("12.3")},
		"both": {json.Number("12.3"), json.Number("12.3")}, "neither": {nil, nil},
	} {
		b.set("amount_member", form)
		if q := query(); q["refundAmount"] != want[0] || q["totalAmount"] != want[1] {
			t.Errorf("%s: %v", form, q)
		}
	}
	for form, want := range map[string]struct {
		there bool
		value any
	}{"null": {true, nil}, "empty": {true, ""}, "missing": {false, nil}} {
		b.set("finish_time", form)
		if value, there := query()["refundFinishTime"]; there != want.there || value != want.value {
			t.Errorf("%s: %v %v", form, there, value)
		}
	}
}

// TestPlans covers payermax: section 15 and the faults of a refund's life.
func TestPlans(t *testing.T) {
	for _, c := range []struct {
		amount  string
		strikes fault.Kind
		plan    book.Outcome
		late    bool
	}{
		{"5", "", book.Success, false},
		{"102", "", book.Failed, false},
		{"10000", "", book.Failed, false},
		{"202.00", "", book.Stay, false},
		{"20000", "", book.Stay, false},
		{"102.5", "", book.Success, false},
		{"5", fault.StayPending, book.Stay, false},
		{"5", fault.LateFailure, book.Success, true},
		{"102", fault.LateFailure, book.Failed, false},
	} {
		b := open(t)
		b.order(book.Order{OrderNo: "A1", Amount: money(9_000_000, "HKD", 2)})
		b.strikes[c.strikes] = true
		b.want("APPLY_SUCCESS", "refund", ask("R_1", "A1", c.amount, "HKD"))
		b.View(func(r book.Refund) {
			wait := r.DueAt.Sub(now)
			if r.Plan != c.plan || r.Late != c.late || (c.plan == book.Stay) != r.DueAt.IsZero() {
				t.Errorf("%s with %q: %+v", c.amount, c.strikes, r)
			}
			if c.plan != book.Stay && (wait < 40*time.Second/60 || wait > 120*time.Second/60) {
				t.Errorf("%s settles after %v", c.amount, wait)
			}
		})
	}
	b := open(t)
	b.order(book.Order{OrderNo: "A1", Amount: money(9_000_000, "HKD", 2)})
	b.set("test_amounts", "off")
	b.want("APPLY_SUCCESS", "refund", ask("R_1", "A1", "102", "HKD"))
	b.View(func(r book.Refund) {
		if r.Plan != book.Success {
			t.Errorf("without test amounts: %+v", r)
		}
	})
}

// TestFirstAnswerOtherThanPending covers payermax: section 17 Q12.
func TestFirstAnswerOtherThanPending(t *testing.T) {
	for word, moved := range map[string]int{"REFUND_SUCCESS": 1, "REFUND_FAILED": 0} {
		b := open(t)
		b.order(book.Order{OrderNo: "A1", Amount: money(100_00, "HKD", 2)})
		b.set("refund_answer", word)
		for range 2 {
			if a := b.want("APPLY_SUCCESS", "refund", ask("R_1", "A1", "5", "HKD")); a.Data["status"] != word {
				t.Errorf("%s", a.Raw.Body)
			}
		}
		b.book.View(func(s *book.State) {
			if got := s.Moved(payermax.Gateway, "R_1"); got != moved {
				t.Errorf("%s: moved %d", word, got)
			}
		})
	}
}
