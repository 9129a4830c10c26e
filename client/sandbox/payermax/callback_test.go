package payermax_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
)

func refundNotice(status client.RefundStatus) book.Notice {
	r := book.Refund{
		Gateway: payermax.Gateway, RefundNo: "R_1", GatewayRefundNo: "TI1", OrderNo: "A1", Amount: money(12_30, "USD", 2), Status: status, SettledAt: now,
	}
	return book.Notice{Gateway: payermax.Gateway, Kind: book.RefundNotice, No: "R_1", Refund: &r, At: now}
}

// callback writes a notice and reads it back.
func (b *bank) callback(n book.Notice, spoil protocol.Spoil, age time.Duration) (protocol.Message, protocol.Object) {
	b.t.Helper()
	m, err := b.Protocol.Callback(n, spoil, age)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := protocol.ReadObject(m.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return m, doc
}

func TestRefundCallback(t *testing.T) {
	b := open(t)
	m, doc := b.callback(refundNotice(client.RefundSuccess), 0, 0)
	data, _ := doc["data"].(protocol.Object)
	if !b.valid(m) || doc["notifyType"] != "REFUND" || doc["code"] != "APPLY_SUCCESS" || doc["appId"] != payermax.AppID || doc["merchantNo"] != payermax.MerchantNo ||
		doc["notifyTime"] != "2026-11-22T09:30:00.000Z" || data["status"] != "REFUND_SUCCESS" || data["refundAmount"] != json.Number("12.3") ||
		data["outTradeNo"] != "A1" || m.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s", m.Body)
	}
	if again, _ := b.callback(refundNotice(client.RefundSuccess), 0, 0); string(again.Body) != string(m.Body) || again.Header.Get("sign") != m.Header.Get("sign") {
		t.Error("a repeat is not the same bytes")
	}
	if _, doc = b.callback(refundNotice(client.RefundFailed), 0, 72*time.Hour); doc["code"] != "PAYMENT_FAILED" || doc["notifyTime"] != "2026-11-19T09:30:00.000Z" {
		t.Errorf("%v", doc)
	}
	if _, err := b.Protocol.Callback(refundNotice(client.RefundPending), 0, 0); !errors.Is(err, protocol.ErrSilent) {
		t.Errorf("a pending refund is reported: %v", err)
	}
}

func TestPaymentAndTokenCallbacks(t *testing.T) {
	b := open(t)
	for status, want := range map[client.OrderStatus]string{client.OrderPaid: "APPLY_SUCCESS", client.OrderFailed: "PAYMENT_FAILED", client.OrderClosed: "PAYMENT_FAILED"} {
		o := book.Order{Gateway: payermax.Gateway, OrderNo: "A1", Amount: money(300_00, "USD", 2), Status: status, PaidAt: now}
		m, doc := b.callback(book.Notice{Kind: book.PaymentNotice, Order: &o, At: now}, 0, 0)
		if !b.valid(m) || doc["notifyType"] != "PAYMENT" || doc["code"] != want || doc["data"].(protocol.Object)["totalAmount"] != json.Number("300") {
			t.Errorf("%s: %s", status, m.Body)
		}
	}
	pending := book.Order{Status: client.OrderPending, Amount: money(1, "USD", 2)}
	if _, err := b.Protocol.Callback(book.Notice{Kind: book.PaymentNotice, Order: &pending, At: now}, 0, 0); !errors.Is(err, protocol.ErrSilent) {
		t.Errorf("a pending payment is reported: %v", err)
	}
	k := book.Token{Token: "K1", UserID: "u", Status: client.TokenRemoved, Method: "CARD", ExpiresAt: now}
	m, doc := b.callback(book.Notice{Kind: book.TokenNotice, Token: &k, At: now}, 0, 0)
	if !b.valid(m) || doc["notifyType"] != "TOKENIZATION" || doc["data"].(protocol.Object)["paymentTokenStatus"] != "Deleted" {
		t.Errorf("%s", m.Body)
	}
}

// TestTamperedCallbacks covers F10 at the gateway's end: each forgery is what
// it says.
func TestTamperedCallbacks(t *testing.T) {
	b := open(t)
	good, _ := b.callback(refundNotice(client.RefundSuccess), 0, 0)
	for spoil, want := range map[protocol.Spoil]struct {
		valid bool
		says  func(doc protocol.Object, body string) bool
	}{
		protocol.BadSign:    {false, func(_ protocol.Object, body string) bool { return body == string(good.Body) }},
		protocol.NoSign:     {false, func(_ protocol.Object, body string) bool { return body == string(good.Body) }},
		protocol.OtherKey:   {false, func(_ protocol.Object, body string) bool { return body == string(good.Body) }},
		protocol.DoubleSign: {false, func(_ protocol.Object, body string) bool { return body == string(good.Body) }},
		protocol.EditAfter:  {false, func(_ protocol.Object, body string) bool { return strings.Contains(body, `"refundAmount":12.4`) }},
		protocol.WrongEcho:  {true, func(_ protocol.Object, body string) bool { return strings.Contains(body, `"refundAmount":12.4`) }},
		protocol.OtherMerchant: {true, func(doc protocol.Object, _ string) bool {
			return doc["merchantNo"] != payermax.MerchantNo && doc["appId"] != payermax.AppID
		}},
		protocol.OddCase: {true, func(doc protocol.Object, body string) bool {
			return doc["code"] == nil && strings.Contains(body, `"REFUNDAMOUNT"`)
		}},
	} {
		m, doc := b.callback(refundNotice(client.RefundSuccess), spoil, 0)
		if b.valid(m) != want.valid || !want.says(doc, string(m.Body)) {
			t.Errorf("%d: valid %v, %s", spoil, b.valid(m), m.Body)
		}
	}
}

func TestAcknowledgement(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		status int
		body   string
		want   bool
	}{
		{200, `{"code":"SUCCESS","msg":"Success"}`, true},
		{200, ` {"msg":"x","code":"SUCCESS"} `, true},
		{200, `{"code":"success"}`, false},
		{200, `{"code":"APPLY_SUCCESS"}`, false},
		{200, `SUCCESS`, false},
		{200, ``, false},
		{201, `{"code":"SUCCESS"}`, false},
		{500, `{"code":"SUCCESS"}`, false},
		{200, `{"bizCode":"0000"}`, false},
		{200, `["SUCCESS"]`, false},
	} {
		if got := b.Protocol.Acknowledged(c.status, []byte(c.body)); got != c.want {
			t.Errorf("%d %s: %v", c.status, c.body, got)
		}
	}
}
