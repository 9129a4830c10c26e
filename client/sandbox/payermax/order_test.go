package payermax_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
)

func TestOrderQuery(t *testing.T) {
	b := open(t)
	b.order(book.Order{OrderNo: "A1", Amount: money(100_50, "HKD", 2), UserID: "U-1", Country: "HK", Method: "CARD", Brand: "VISA", Card: "400000******4242", Note: "陳大文 <&>"})
	b.order(book.Order{OrderNo: "W1", Amount: money(500, "IDR", 0), Method: "WALLET", Brand: "OVO"})
	b.order(book.Order{OrderNo: "F1", Amount: money(500, "IDR", 0), Status: client.OrderFailed, FailCode: "ISSUER_PAYMENT_REJECTED"})
	b.order(book.Order{OrderNo: "P1", Amount: money(500, "IDR", 0), Status: client.OrderPending})
	a := b.want("APPLY_SUCCESS", "orderQuery", `{"outTradeNo":"a1"}`)
	detail, _ := a.Data["paymentDetails"].([]any)
	if a.Data["outTradeNo"] != "A1" || a.Data["totalAmount"] != json.Number("100.5") || a.Data["status"] != "SUCCESS" || a.Data["reference"] != "陳大文 <&>" ||
		len(detail) != 1 || detail[0].(protocol.Object)["cardInfo"].(protocol.Object)["cardOrg"] != "VISA" || a.Data["completeTime"] == nil {
		t.Errorf("%s", a.Raw.Body)
	}
	a = b.want("APPLY_SUCCESS", "orderQuery", `{"outTradeNo":"W1"}`)
	if detail, _ = a.Data["paymentDetails"].([]any); detail[0].(protocol.Object)["targetOrg"] != "OVO" || detail[0].(protocol.Object)["cardInfo"] != nil {
		t.Errorf("%s", a.Raw.Body)
	}
	if a = b.want("APPLY_SUCCESS", "orderQuery", `{"outTradeNo":"F1"}`); a.Data["resultCode"] != "ISSUER_PAYMENT_REJECTED" || a.Data["status"] != "FAILED" {
		t.Errorf("%s", a.Raw.Body)
	}
	if a = b.want("APPLY_SUCCESS", "orderQuery", `{"outTradeNo":"P1"}`); a.Data["status"] != "PENDING" || a.Data["completeTime"] != nil {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("ORDER_NOT_EXIST", "orderQuery", `{"outTradeNo":"none"}`)
	b.want("ORDER_NOT_EXIST", "orderQuery", `{"outTradeNo":"TA1"}`) // the gateway's number is no key here
	b.want("PARAMS_INVALID", "orderQuery", `{}`)
	b.want("PARAMS_INVALID", "orderQuery", `{"outTradeNo":1}`)
}

// payment is a valid hosted payment.
func payment() map[string]any {
	return map[string]any{
		"outTradeNo": "N1", "integrate": "Hosted_Checkout", "subject": "Order", "totalAmount": json.Number("12.34"), "currency": "USD",
		"userId": "u-5", "frontCallbackUrl": "https://shop.example/return",
	}
}

// direct is a valid direct payment by card.
func direct() map[string]any {
	p := payment()
	p["integrate"], p["country"] = "Direct_Payment", "US"
	p["paymentDetail"] = map[string]any{
		"paymentMethodType": "CARD", "cardInfo": map[string]any{"cardIdentifierNo": "4111111111111111", "cvv": "123"},
		"buyerInfo": map[string]any{"clientIp": "2001:db8::7", "userAgent": "Mozilla"},
	}
	return p
}

// charge is a payment with the saved card of u-5.
func charge() map[string]any {
	p := direct()
	delete(p, "frontCallbackUrl")
	p["paymentDetail"] = map[string]any{
		"paymentMethodType": "CARD", "paymentTokenID": "PMTOKEN20261101000000000000000001", "buyerInfo": map[string]any{"clientIp": "192.0.2.1", "userAgent": "M"},
	}
	return p
}

// with returns a payment with members changed; nil removes one.
func with(p map[string]any, changes map[string]any) string {
	p = maps.Clone(p)
	for name, value := range changes {
		if p[name] = value; value == nil {
			delete(p, name)
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // a mistake in a test's own table
	}
	return string(text)
}

func (b *bank) find(no string) (o book.Order) {
	b.book.View(func(s *book.State) { o, _ = s.Order(payermax.Gateway, no) })
	return o
}

func TestPaymentModes(t *testing.T) {
	for _, c := range []struct {
		name, data string
		status     string
		page       bool
		plan       book.Outcome
	}{
		{"hosted", with(payment(), nil), "PENDING", true, ""},
		{"hosted, pays itself", with(payment(), map[string]any{"subject": "SUCCESS"}), "PENDING", true, book.Success},
		{"hosted, fails itself", with(payment(), map[string]any{"subject": "FAILED"}), "PENDING", true, book.Failed},
		{"hosted, stays", with(payment(), map[string]any{"subject": "PENDING"}), "PENDING", true, book.Stay},
		{"direct", with(direct(), nil), "PENDING", false, book.Success},
		{"direct, fails", with(direct(), map[string]any{"subject": "FAILED"}), "PENDING", false, book.Failed},
		{"direct, 3-D Secure", with(direct(), map[string]any{"subject": "3DS"}), "PENDING", true, ""},
		{"saved card", with(charge(), nil), "SUCCESS", false, ""},
		{"saved card, hosted", with(charge(), map[string]any{"integrate": "Hosted_Checkout"}), "SUCCESS", false, ""},
		{"saved card, fails", with(charge(), map[string]any{"subject": "FAILED"}), "PENDING", false, book.Failed},
		{"saved card, 3-D Secure", with(charge(), map[string]any{"subject": "3DS"}), "PENDING", true, ""},
		{"amount as text", with(payment(), map[string]any{"totalAmount": "12.34"}), "PENDING", true, ""},
		{"old spelling", with(payment(), map[string]any{"frontCallbackUrl": nil, "frontCallbackURL": "https://x"}), "PENDING", true, ""},
		{"flat", with(payment(), map[string]any{"paymentMethodType": "WALLET", "targetOrg": "GCash", "tokenForFutureUse": "true"}), "PENDING", true, ""},
	} {
		b := open(t)
		a := b.want("APPLY_SUCCESS", "orderAndPay", c.data)
		o := b.find("N1")
		_, page := a.Data["redirectUrl"]
		if a.Data["status"] != c.status || page != c.page || o.Plan != c.plan || a.Data["tradeToken"] != o.GatewayOrderNo {
			t.Errorf("%s: %s, plan %q", c.name, a.Raw.Body, o.Plan)
		}
		if o.Status == client.OrderPending && !o.ExpiresAt.After(now) {
			t.Errorf("%s never ends", c.name)
		}
		if (o.Plan == book.Success || o.Plan == book.Failed) == o.DueAt.IsZero() {
			t.Errorf("%s is due at %v", c.name, o.DueAt)
		}
		if c.name == "flat" && (o.Saves == "" || o.Brand != "GCash") {
			t.Errorf("flat: %+v", o)
		}
	}
	b := open(t)
	b.strikes[fault.StayPending] = true
	b.want("APPLY_SUCCESS", "orderAndPay", with(direct(), nil))
	if o := b.find("N1"); o.Plan != book.Stay {
		t.Errorf("%+v", o)
	}
}

func TestCardNumbersAreNotKept(t *testing.T) {
	b := open(t)
	b.want("APPLY_SUCCESS", "orderAndPay", with(direct(), nil))
	if o := b.find("N1"); o.Card != "411111******1111" || o.Brand != "VISA" {
		t.Errorf("%+v", o)
	}
}

func TestPaymentTimeLimits(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 86400, "60": 1800, "3600": 3600, "999999": 86400} {
		b := open(t)
		change := map[string]any{"expireTime": text}
		b.want("APPLY_SUCCESS", "orderAndPay", with(payment(), change))
		if got := b.find("N1").ExpiresAt.Sub(now); got != want*time.Second/60 {
			t.Errorf("%q: %v", text, got)
		}
	}
	b := open(t)
	b.want("APPLY_SUCCESS", "orderAndPay", with(direct(), nil))
	if got := b.find("N1").ExpiresAt.Sub(now); got != 1800*time.Second/60 {
		t.Errorf("direct: %v", got)
	}
}

func TestPaymentRefusals(t *testing.T) {
	for _, c := range []struct {
		code string
		data string
	}{
		{"PARAMS_INVALID", `{}`},
		{"PARAMS_INVALID", with(payment(), map[string]any{"outTradeNo": "N-1"})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"outTradeNo": nil})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"integrate": "Other"})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"subject": strings.Repeat("x", 257)})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"userId": nil})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"frontCallbackUrl": nil})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"totalAmount": "x"})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"expireTime": "soon"})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"paymentDetail": "x"})},
		{"PARAMS_INVALID", with(payment(), map[string]any{"tokenForFutureUse": 1})},
		{"PARAMS_INVALID", with(direct(), map[string]any{"country": nil})},
		{"PARAMS_INVALID", with(direct(), map[string]any{"paymentDetail": nil})},
		{"PARAMS_INVALID", with(direct(), map[string]any{"paymentDetail": map[string]any{"paymentMethodType": "CARD"}})},
		{"PARAMS_INVALID", with(direct(), map[string]any{"paymentDetail": map[string]any{"buyerInfo": map[string]any{"clientIp": "1", "userAgent": "2"}}})},
		{"PARAMS_INVALID", with(charge(), map[string]any{"userId": "u-6"})},
		{"COUNTRY_INVALID", with(payment(), map[string]any{"country": "us"})},
		{"CURRENCY_INVALID", with(payment(), map[string]any{"currency": "ZZZ"})},
		{"AMOUNT_INVALID", with(payment(), map[string]any{"totalAmount": 0})},
		{"AMOUNT_INVALID", with(payment(), map[string]any{"currency": "IDR"})},
	} {
		b := open(t)
		if b.want(c.code, "orderAndPay", c.data); b.find("N1").OrderNo != "" {
			t.Errorf("%s left an order", c.data)
		}
	}
}

func TestOrderNumbersDoNotRepeat(t *testing.T) {
	b := open(t)
	b.want("APPLY_SUCCESS", "orderAndPay", with(payment(), nil))
	for _, no := range []string{"N1", "n1"} {
		if a := b.want("ORDER_REPEAT", "orderAndPay", with(payment(), map[string]any{"outTradeNo": no})); a.Data != nil {
			t.Errorf("%s", a.Raw.Body)
		}
	}
	b.set("order_repeat_data", "yes")
	if a := b.want("ORDER_REPEAT", "orderAndPay", with(payment(), nil)); a.Data["status"] != "PENDING" || a.Data["outTradeNo"] != "N1" {
		t.Errorf("%s", a.Raw.Body)
	}
}

func TestChargingUnusableCards(t *testing.T) {
	b := open(t)
	card := fmt.Sprintf(`{"userId":"u-5","paymentTokenID":%q}`, "PMTOKEN20261101000000000000000001")
	late := b.request("orderAndPay", strings.Replace(body(with(charge(), nil)), "2026-11-22T", "2029-11-22T", 1))
	late.Now = now.AddDate(3, 0, 0)
	if a := b.send(late); a.Code != "CARD_EXPIRE_DATE_INVALID" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("APPLY_SUCCESS", "removePaymentToken", card)
	b.want("CARD_INVALID", "orderAndPay", with(charge(), nil))
}

func TestTokens(t *testing.T) {
	b := open(t)
	list := func(data string) (statuses []string) {
		a := b.want("APPLY_SUCCESS", "inquirePaymentToken", data)
		tokens, ok := a.Data["tokenList"].([]any)
		if !ok {
			t.Fatalf("%s", a.Raw.Body)
		}
		for _, k := range tokens {
			statuses = append(statuses, k.(protocol.Object)["paymentTokenStatus"].(string))
		}
		return statuses
	}
	for data, want := range map[string]string{
		`{"userId":"U-2041","tokenScope":"tokenAcq"}`:                        "Activated Activated Expired",
		`{"userId":"U-2041","tokenScope":"tokenMit"}`:                        "",
		`{"userId":"u-2041","tokenScope":"tokenAcq"}`:                        "",
		`{"userId":"U-2041","tokenScope":"tokenAcq","cardOrg":"visa"}`:       "Activated",
		`{"userId":"U-2041","tokenScope":"tokenAcq","cardOrg":"AMEX"}`:       "",
		`{"userId":"U-2041","tokenScope":"tokenAcq","targetOrg":"GCash"}`:    "",
		`{"userId":"U-2041","tokenScope":"tokenAcq","paymentTokenID":"x"}`:   "",
		`{"userId":"U-2041","tokenScope":"tokenAcq","paymentMethodType":""}`: "Activated Activated Expired",
	} {
		if got := strings.Join(list(data), " "); got != want {
			t.Errorf("%s: %s", data, got)
		}
	}
	for _, data := range []string{`{}`, `{"userId":"U-2041"}`, `{"userId":"U-2041","tokenScope":"all"}`, `{"tokenScope":"tokenAcq"}`} {
		b.want("PARAMS_INVALID", "inquirePaymentToken", data)
	}
	b.set("empty_tokens", "null")
	a := b.want("APPLY_SUCCESS", "inquirePaymentToken", `{"userId":"nobody","tokenScope":"tokenAcq"}`)
	if value, there := a.Data["tokenList"]; !there || value != nil {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("empty_tokens", "no-data")
	if a = b.want("APPLY_SUCCESS", "inquirePaymentToken", `{"userId":"nobody","tokenScope":"tokenAcq"}`); a.Data != nil || !a.Signed {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestRemovedTokens covers F28 at the gateway's end.
func TestRemovedTokens(t *testing.T) {
	b := open(t)
	card := `{"userId":"u-5","paymentTokenID":"PMTOKEN20261101000000000000000001","removeReason":"customer asked"}`
	for _, wrong := range []string{
		`{"userId":"u-6","paymentTokenID":"PMTOKEN20261101000000000000000001"}`, `{"userId":"u-5","paymentTokenID":"none"}`, `{"userId":"u-5"}`,
		`{"userId":"u-5","paymentTokenID":"PMTOKEN20261101000000000000000001","removeReason":"` + strings.Repeat("x", 257) + `"}`,
	} {
		b.want("PARAMS_INVALID", "removePaymentToken", wrong)
	}
	a := b.want("APPLY_SUCCESS", "removePaymentToken", card)
	if a.Data["paymentTokenStatus"] != "Deleted" || a.Data["userId"] != "u-5" || a.Data["paymentTokenID"] != "PMTOKEN20261101000000000000000001" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("PARAMS_INVALID", "removePaymentToken", card)
	b.set("removed_token", "APPLY_SUCCESS")
	b.want("APPLY_SUCCESS", "removePaymentToken", card)
	all := `{"userId":"u-5","tokenScope":"tokenAcq"}`
	if a = b.want("APPLY_SUCCESS", "inquirePaymentToken", all); !strings.Contains(string(a.Raw.Body), `"Deleted"`) {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("list_removed_tokens", "no")
	if a = b.want("APPLY_SUCCESS", "inquirePaymentToken", all); strings.Contains(string(a.Raw.Body), "PMTOKEN") {
		t.Errorf("%s", a.Raw.Body)
	}
	b.book.View(func(s *book.State) {
		if n := s.Notices(); len(n) != 1 || n[0].Kind != book.TokenNotice {
			t.Errorf("callbacks: %+v", n)
		}
	})
}
