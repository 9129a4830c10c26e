package paycools_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/protocol"
)

// refundNotice is about a refund of the fixed payment C1.
func refundNotice(status client.RefundStatus, dialect string) book.Notice {
	r := book.Refund{
		Gateway: paycools.Gateway, RefundNo: "RF1", GatewayRefundNo: "R1", OrderNo: "SO20260228000002", Amount: pesos(100_00), Status: status,
		CreatedAt: now.Add(-time.Minute), SettledAt: now, Reason: "damaged item", Dialect: dialect,
	}
	return book.Notice{Gateway: paycools.Gateway, Kind: book.RefundNotice, No: "RF1", Refund: &r, At: now}
}

func paymentNotice(o book.Order) book.Notice {
	o.Gateway, o.OrderNo, o.GatewayOrderNo, o.Amount, o.Method = paycools.Gateway, "N1", "C7", pesos(1500_50), "GCASH_QR"
	o.CreatedAt, o.PaidAt = now.Add(-time.Minute), now
	return book.Notice{Gateway: paycools.Gateway, Kind: book.PaymentNotice, No: "N1", Order: &o, At: now}
}

// callback writes a notice and reads it back.
func (b *bank) callback(n book.Notice, spoil protocol.Spoil, age time.Duration) (protocol.Message, protocol.Object) {
	b.t.Helper()
	m, err := b.Protocol.Callback(n, spoil, age)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := protocol.ReadObject(m.Body)
	if err != nil && !spoil.Has(protocol.DoubleSign) {
		b.t.Fatal(err)
	}
	if param, ok := doc["param"].(string); ok {
		if doc, err = protocol.ReadObject([]byte(param)); err != nil {
			b.t.Fatal(err)
		}
	}
	return m, doc
}

// digested checks a PH callback as a receiver does (paycools: section 3.4).
func (b *bank) digested(m protocol.Message) bool {
	b.t.Helper()
	doc, err := protocol.ReadObject(m.Body)
	if err != nil {
		return false
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if value := fmt.Sprint(doc[name]); name != "sign" && doc[name] != nil && value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	signature, _ := doc["sign"].(string)
	return signature != "" && strings.EqualFold(signature, sign.SignSHA1(strings.Join(parts, "&"), b.keys[paycools.CallbackSecret]))
}

// signedByPlatform checks a GROUP callback (paycools: section 3.5).
func (b *bank) signedByPlatform(m protocol.Message) bool {
	b.t.Helper()
	key, err := sign.ParsePublic(b.keys[paycools.PlatformPublic])
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := protocol.ReadObject(m.Body)
	if err != nil {
		return false
	}
	param, _ := doc["param"].(string)
	signature, _ := doc["sign"].(string)
	return sign.VerifyRSA(key, []byte(param), signature) == nil
}

func TestRefundCallback(t *testing.T) {
	b := open(t)
	m, doc := b.callback(refundNotice(client.RefundSuccess, paycools.PH), 0, 0)
	want := protocol.Object{
		"eventName": "payment.refund.success", "mchRefundOrderId": "RF1", "refundTransactionId": "R1", "originalTransactionId": "C1",
		"refundAmount": json.Number("10000"), "feeRefunded": json.Number("200"), "refundStatus": "COMPLETE", "refundCreateTime": "2026-11-22 17:29:00",
		"refundReturnTime": "2026-11-22 17:30:00", "refundReason": "damaged item", "sign": doc["sign"],
	}
	for name, value := range want {
		if doc[name] != value {
			t.Errorf("%s is %v, want %v", name, doc[name], value)
		}
	}
	if !b.digested(m) || len(doc) != len(want) || !strings.HasPrefix(m.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%s", m.Body)
	}
	if again, _ := b.callback(refundNotice(client.RefundSuccess, paycools.PH), 0, 0); string(again.Body) != string(m.Body) {
		t.Error("a repeat is not the same bytes")
	}
	m, doc = b.callback(refundNotice(client.RefundFailed, ""), 0, 72*time.Hour)
	if !b.digested(m) || doc["eventName"] != "payment.refund.failed" || doc["refundStatus"] != "FAILED" || doc["failedCode"] != json.Number("-10009") || doc["refundReturnTime"] != "2026-11-19 17:30:00" {
		t.Errorf("%s", m.Body)
	}
	if m, doc = b.callback(refundNotice(client.RefundClosed, ""), 0, 0); !b.digested(m) || doc["eventName"] != "payment.refund.cancel" || doc["refundStatus"] != "CANCELLED" {
		t.Errorf("%s", m.Body)
	}
	if _, err := b.Protocol.Callback(refundNotice(client.RefundPending, ""), 0, 0); !errors.Is(err, protocol.ErrSilent) {
		t.Errorf("a pending refund is reported: %v", err)
	}
}

// TestDoubtfulCallbacks are the switches of section 13.
func TestDoubtfulCallbacks(t *testing.T) {
	b := open(t)
	for name, value := range map[string]string{
		"event_disagrees": "yes", "fee_refunded": "no", "failed_code": "text", "callback_reason": "no", "callback_digest_case": "upper", "extra_members": "yes",
	} {
		b.set(name, value)
	}
	m, doc := b.callback(refundNotice(client.RefundFailed, paycools.PH), 0, 0)
	signature, _ := doc["sign"].(string)
	if !b.digested(m) || doc["eventName"] != "payment.refund.success" || doc["refundStatus"] != "FAILED" || doc["feeRefunded"] != nil || doc["failedCode"] != "-10009" ||
		doc["refundReason"] != nil || doc["brandNewField"] == nil || signature != strings.ToUpper(signature) {
		t.Errorf("%s", m.Body)
	}
	b = open(t)
	if m, doc = b.callback(refundNotice(client.RefundSuccess, paycools.GROUP), 0, 0); !b.signedByPlatform(m) || b.digested(m) || doc["refundStatus"] != "COMPLETED" {
		t.Errorf("%s", m.Body)
	}
	b.set("callback_dialect", paycools.PH)
	if m, doc = b.callback(refundNotice(client.RefundSuccess, paycools.GROUP), 0, 0); !b.digested(m) || doc["refundStatus"] != "COMPLETE" {
		t.Errorf("%s", m.Body)
	}
	b.set("callback_dialect", paycools.GROUP)
	if m, _ = b.callback(paymentNotice(book.Order{Status: client.OrderPaid}), 0, 0); !b.signedByPlatform(m) {
		t.Errorf("%s", m.Body)
	}
}

func TestPaymentCallbacks(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		order      book.Order
		event, say string
	}{
		{book.Order{Status: client.OrderPaid}, "h5.payment.success", "COMPLETE"},
		{book.Order{Status: client.OrderFailed}, "h5.payment.failed", "FAILED"},
		{book.Order{Status: client.OrderClosed}, "h5.payment.failed", "FAILED"},
		{book.Order{Status: client.OrderPaid, InternalNo: "CH1"}, "checkout.payment.success", "COMPLETE"},
		{book.Order{Status: client.OrderPaid, InternalNo: "QR1"}, "qrcode.payment.success", "COMPLETE"},
		{book.Order{Status: client.OrderFailed, Token: "PT"}, "directdebit.payment.failed", "FAILED"},
	} {
		m, doc := b.callback(paymentNotice(c.order), 0, 0)
		if !b.digested(m) || doc["eventName"] != c.event || doc["transactionStatus"] != c.say || doc["amount"] != json.Number("150050") || doc["mchOrderId"] != "N1" ||
			doc["transactionId"] != "C7" || doc["returnTime"] != "2026-11-22 17:30:00" || (doc["failedCode"] != nil) != (c.say == "FAILED") {
			t.Errorf("%s: %s", c.event, m.Body)
		}
	}
	b.set("checkout_event", "h5")
	if m, doc := b.callback(paymentNotice(book.Order{Status: client.OrderPaid, InternalNo: "CH1"}), 0, 0); doc["eventName"] != "h5.payment.success" {
		t.Errorf("%s", m.Body)
	}
	for _, silent := range []book.Order{{Status: client.OrderPending}, {Status: client.OrderClosed, InternalNo: "CH1"}} {
		if _, err := b.Protocol.Callback(paymentNotice(silent), 0, 0); !errors.Is(err, protocol.ErrSilent) {
			t.Errorf("%+v is reported: %v", silent, err)
		}
	}
}

func TestTokenCallbacks(t *testing.T) {
	b := open(t)
	k := book.Token{Token: "PT1", UserID: "U-1", Status: client.TokenRemoved, Method: "PH_GCASH_DIRECT_DEBIT", Account: "0917****567", ExpiresAt: now.Add(time.Hour), RemovedAt: now}
	m, doc := b.callback(book.Notice{Kind: book.TokenNotice, Token: &k, At: now}, 0, 0)
	if !b.digested(m) || doc["eventName"] != "token.cancel.success" || doc["tokenStatus"] != "INACTIVED" || doc["paytoken"] != "PT1" || doc["inactiveType"] != "MCH_CANCEL" || doc["userId"] != "U-1" {
		t.Errorf("%s", m.Body)
	}
	k.Status = client.TokenActive
	if m, doc = b.callback(book.Notice{Kind: book.TokenNotice, Token: &k, At: now}, 0, 0); !b.digested(m) || doc["eventName"] != "token.create.success" || doc["tokenStatus"] != "ACTIVED" {
		t.Errorf("%s", m.Body)
	}
}

// TestTamperedCallbacks covers F10 at the gateway's end: each forgery is what it
// says, in both signature schemes.
func TestTamperedCallbacks(t *testing.T) {
	b := open(t)
	for dialect, valid := range map[string]func(protocol.Message) bool{paycools.PH: b.digested, paycools.GROUP: b.signedByPlatform} {
		good, _ := b.callback(refundNotice(client.RefundSuccess, dialect), 0, 0)
		for spoil, want := range map[protocol.Spoil]struct {
			valid bool
			says  func(doc protocol.Object, body string) bool
		}{
			protocol.BadSign:   {false, func(doc protocol.Object, _ string) bool { return doc["refundAmount"] == json.Number("10000") }},
			protocol.NoSign:    {false, func(_ protocol.Object, body string) bool { return !strings.Contains(body, `"sign"`) }},
			protocol.OtherKey:  {false, func(doc protocol.Object, _ string) bool { return doc["refundAmount"] == json.Number("10000") }},
			protocol.EditAfter: {false, func(doc protocol.Object, _ string) bool { return doc["refundAmount"] == json.Number("10001") }},
			protocol.WrongEcho: {true, func(doc protocol.Object, _ string) bool { return doc["refundAmount"] == json.Number("10001") }},
			protocol.OtherMerchant: {true, func(doc protocol.Object, _ string) bool {
				return doc["originalTransactionId"] == "C2" && doc["mchRefundOrderId"] == "RF1"
			}},
			protocol.OddCase: {true, func(doc protocol.Object, _ string) bool {
				return doc["REFUNDAMOUNT"] != nil && doc["refundAmount"] == nil
			}},
			protocol.DoubleSign: {false, func(_ protocol.Object, body string) bool { return strings.Count(body, `"sign"`) == 2 }},
		} {
			m, doc := b.callback(refundNotice(client.RefundSuccess, dialect), spoil, 0)
			if valid(m) != want.valid || !want.says(doc, string(m.Body)) || string(m.Body) == string(good.Body) {
				t.Errorf("%s %d: valid %v, %s", dialect, spoil, valid(m), m.Body)
			}
		}
	}
}

// TestAcknowledgement covers the four variants in circulation (paycools: section
// 7).
func TestAcknowledgement(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		status           int
		body             string
		tolerant, strict bool
	}{
		{200, `{"code":1,"msg":"success","data":{}}`, true, true},
		{200, `{"code":0,"msg":"string"}`, true, false},
		{200, `{"code":1000,"message":"success"}`, true, false},
		{200, `{"code":10000,"message":"Success"}`, true, false},
		{200, `{"code":"1"}`, true, true},
		{200, `{"code":2}`, false, false},
		{200, `{"code":1.0}`, false, false},
		{200, `success`, false, false},
		{200, ``, false, false},
		{200, `{}`, false, false},
		{200, `{"code":null}`, false, false},
		{201, `{"code":1}`, false, false},
		{500, `{"code":1}`, false, false},
	} {
		b.set("acknowledgement", "tolerant")
		tolerant := b.Protocol.Acknowledged(c.status, []byte(c.body))
		b.set("acknowledgement", "strict")
		if strict := b.Protocol.Acknowledged(c.status, []byte(c.body)); tolerant != c.tolerant || strict != c.strict {
			t.Errorf("%d %s: %v and %v", c.status, c.body, tolerant, strict)
		}
	}
}

// TestScheduleIsASwitch gives five attempts unless told otherwise.
func TestScheduleIsASwitch(t *testing.T) {
	b := open(t)
	var gaps []time.Duration
	for i := 0; ; i++ {
		gap, ok := b.Wait(i)
		if !ok {
			break
		}
		gaps = append(gaps, gap)
	}
	if want := []time.Duration{0, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}; !slices.Equal(gaps, want) {
		t.Errorf("%v", gaps)
	}
	b.set("callback_attempts", "7")
	if gap, ok := b.Wait(6); !ok || gap != time.Hour {
		t.Errorf("%v %v", gap, ok)
	}
	b.set("callback_attempts", "1")
	if _, ok := b.Wait(1); ok {
		t.Error("tried again")
	}
}
