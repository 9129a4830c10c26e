package payermax

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

const queried = `{"code":"APPLY_SUCCESS","msg":"Success.","data":{"outRefundNo":"RF_20261122_000042","refundTradeNo":"20261122093001TI000000004242",` +
	`%s"refundCurrency":"USD","outTradeNo":"PO_20261120_0815","status":"REFUND_SUCCESS","resultMsg":"Success","refundFinishTime":"2026-11-22T09:44:10.118Z"}}`

func TestQueryRefund(t *testing.T) {
	g, s := gatewayWith(t, answer{body: fmt.Sprintf(queried, `"refundAmount":12.3,`)})
	got, err := g.QueryRefund(t.Context(), "rf_20261122_000042")
	if err != nil {
		t.Fatal(err)
	}
	want := client.Refund{
		RefundNo: "rf_20261122_000042", GatewayRefundNo: "20261122093001TI000000004242", OrderNo: "PO_20261120_0815",
		Amount: usd(1230), Status: client.RefundSuccess, SettledAt: time.Date(2026, 11, 22, 9, 44, 10, 118e6, time.UTC),
	}
	if got.Refund != want {
		t.Errorf("got %+v", got.Refund)
	}
	if body := string(s.requests()[0].body); !strings.HasSuffix(body, `"data":{"outRefundNo":"rf_20261122_000042"}}`) {
		t.Errorf("sent %s", body)
	}
}

func TestQueryRefundAmounts(t *testing.T) { // payermax: section 17 Q3
	for members, want := range map[string]client.Refund{
		`"refundAmount":12.30,`:                      {Amount: usd(1230)},
		`"refundAmount":"12.3000",`:                  {Amount: usd(1230)},
		`"refundAmount":1.23E+1,`:                    {Amount: usd(1230)},
		`"totalAmount":12.30,`:                       {Amount: usd(1230), AmountFromTotal: true},
		`"refundAmount":12.30,"totalAmount":58.00,`:  {Amount: usd(1230)},
		`"refundAmount":null,"totalAmount":"58.00",`: {Amount: usd(5800), AmountFromTotal: true},
		``: {},
	} {
		g, _ := gatewayWith(t, answer{body: fmt.Sprintf(queried, members)})
		got, err := g.QueryRefund(t.Context(), "RF_20261122_000042")
		if err != nil || got.Refund.Amount != want.Amount || got.Refund.AmountFromTotal != want.AmountFromTotal {
			t.Errorf("%s: %+v, %v", members, got.Refund, err)
		}
	}
}

func TestQueryRefundTimes(t *testing.T) { // payermax: section 17 Q4
	body := fmt.Sprintf(queried, "")
	for member, want := range map[string]time.Time{
		`null`: {}, `""`: {}, `"soon"`: {}, `0`: {},
		`"2026-08-06T23:50:59 +0000"`:      time.Date(2026, 8, 6, 23, 50, 59, 0, time.UTC),
		`"2026-11-22T17:30:00.76+08:00"`:   time.Date(2026, 11, 22, 9, 30, 0, 76e7, time.UTC),
		`"2026-11-22T09:30:00.123456789Z"`: time.Date(2026, 11, 22, 9, 30, 0, 123456789, time.UTC),
		`"2026-11-22"`:                     time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
	} {
		g, _ := gatewayWith(t, answer{body: strings.Replace(body, `"2026-11-22T09:44:10.118Z"`, member, 1)})
		got, err := g.QueryRefund(t.Context(), "RF_20261122_000042")
		if err != nil || !got.Refund.SettledAt.Equal(want) {
			t.Errorf("%s: %v, %v", member, got.Refund.SettledAt, err)
		}
	}
}

func TestQueryRefundTrouble(t *testing.T) {
	body := fmt.Sprintf(queried, `"refundAmount":12.3,`)
	for _, c := range []struct {
		name   string
		answer answer
		class  client.Class
		code   string
		sent   int
	}{
		{"not known", answer{body: `{"code":"ORDER_NOT_EXIST","msg":""}`, signer: "none"}, client.ClassNotFound, "ORDER_NOT_EXIST", 1},
		{"number invalid", answer{body: `{"code":"REFUND_NO_INVALID","msg":""}`}, client.ClassNotFound, "REFUND_NO_INVALID", 1},
		{"unsigned", answer{body: body, signer: "none"}, client.ClassSignature, "signature", 1},                                              // covers F6
		{"other key", answer{body: body, signer: "other"}, client.ClassSignature, "signature", 1},                                            // covers F6
		{"refusal with a bad signature", answer{body: `{"code":"ORDER_NOT_EXIST"}`, signer: "other"}, client.ClassSignature, "signature", 1}, // covers F6
		{"other refund", answer{body: strings.Replace(body, "000042", "000043", 1)}, client.ClassUnknown, "wrong-echo", 1},                   // covers F7
		{"no number", answer{body: strings.Replace(body, "outRefundNo", "x", 1)}, client.ClassUnknown, "wrong-echo", 1},                      // covers F7
		{"amount too fine", answer{body: strings.Replace(body, "12.3", "12.301", 1)}, client.ClassUnknown, "amount", 1},
		{"amount negative", answer{body: strings.Replace(body, "12.3", "-12.3", 1)}, client.ClassUnknown, "amount", 1},
		{"unknown currency", answer{body: strings.Replace(body, "USD", "QQQ", 1)}, client.ClassUnknown, "currency", 1},
		{"no status", answer{body: strings.Replace(body, `"status"`, `"state"`, 1)}, client.ClassUnknown, "status", 1},
		{"ambiguous", answer{body: `{"code":"APPLY_SUCCESS","code":"SYSTEM_ERROR","msg":"","data":{"status":"REFUND_PENDING","status":"REFUND_SUCCESS"}}`}, client.ClassUnknown, "ambiguous", 1},
		{"unlisted code", answer{body: `{"code":"NEVER_SEEN"}`}, client.ClassUnknown, "NEVER_SEEN", 3},
		{"forbidden", answer{status: 403, body: "no", signer: "none"}, client.ClassUnknown, "http-403", 1},
		{"no such page", answer{status: 404, body: "<html>", signer: "none"}, client.ClassUnknown, "http-404", 1},
		{"server error", answer{status: 502, body: "<html>", signer: "none"}, client.ClassUnknown, "http-502", 3},
		{"dropped", answer{drop: true}, client.ClassUnknown, "connection", 3}, // covers F3
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := gatewayWith(t, c.answer)
			_, err := g.QueryRefund(t.Context(), "RF_20261122_000042")
			e := fault(t, err, c.class, c.code)
			if e.Exchange == nil || len(s.requests()) != c.sent {
				t.Errorf("%d requests, want %d", len(s.requests()), c.sent)
			}
		})
	}
}

func TestReadsMendThemselves(t *testing.T) { // covers F20
	g, s := gatewayWith(t, answer{status: 503, body: "busy", signer: "none"}, answer{drop: true}, answer{body: fmt.Sprintf(queried, "")})
	if _, err := g.QueryRefund(t.Context(), "RF_20261122_000042"); err != nil {
		t.Fatal(err)
	}
	if n := len(s.requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func TestSignedAnswerCountsWhateverTheStatus(t *testing.T) { // payermax: section 2.2
	g, _ := gatewayWith(t, answer{status: 500, body: fmt.Sprintf(queried, "")})
	if _, err := g.QueryRefund(t.Context(), "RF_20261122_000042"); err != nil {
		t.Error(err)
	}
}

func TestGzipAnswerIsVerifiedDecoded(t *testing.T) { // payermax: section 2.1
	g, _ := gatewayWith(t, answer{body: fmt.Sprintf(queried, ""), zip: true})
	if _, err := g.QueryRefund(t.Context(), "RF_20261122_000042"); err != nil {
		t.Error(err)
	}
}

func TestByteOrderMark(t *testing.T) {
	g, _ := gatewayWith(t, answer{body: "\ufeff" + fmt.Sprintf(queried, "")})
	if _, err := g.QueryRefund(t.Context(), "RF_20261122_000042"); err != nil {
		t.Error(err)
	}
}

const order = `{"code":"APPLY_SUCCESS","msg":"Success.","data":{"outTradeNo":"PO_1","tradeToken":"T2026112010000000000815","reference":"ticket 4242424242424242",
 "totalAmount":10000,"currency":"IDR","country":"ID","status":"SUCCESS","resultMsg":"","createTime":"2026-11-21T14:01:07.000Z","completeTime":"2026-11-21T14:01:22.5Z",
 "channelNo":"CH9","thirdChannelNo":"TC9","brandNewField":{"x":[1]},"paymentDetails":[{"paymentMethodType":"CARD","targetOrg":"*","payAmount":0.65,
 "cardInfo":{"cardOrg":"VISA","cardBinNo":"400000","cardNumber":"400000******0002","cardLast4":"0002","cardHolderName":"J** D**","cardExpirationYear":"29","cardExpirationMonth":"12",
 "cardIdentifierNo":"400000******0002","threeDSResult":{"cavv":"AAABBBCCC"}}}]}}`

func TestQueryOrder(t *testing.T) {
	g, _ := gatewayWith(t, answer{body: order})
	got, err := g.QueryOrder(t.Context(), "po_1")
	if err != nil {
		t.Fatal(err)
	}
	want := client.Order{
		OrderNo: "PO_1", GatewayOrderNo: "T2026112010000000000815", ChannelNo: "CH9", Amount: client.Money{Minor: 10000, Currency: "IDR"},
		Status: client.OrderPaid, Method: "CARD", Brand: "VISA", Card: "····0002", Note: "ticket ····4242",
		CreatedAt: time.Date(2026, 11, 21, 14, 1, 7, 0, time.UTC), PaidAt: time.Date(2026, 11, 21, 14, 1, 22, 5e8, time.UTC),
	}
	if got.Order != want {
		t.Errorf("got  %+v\nwant %+v", got.Order, want)
	}
	kept := string(got.Exchange.Answer)
	for _, gone := range []string{"4242424242424242", "400000******0002", "J** D**", `"29"`, `"12"`, "AAABBBCCC"} { // covers S16, S17
		if strings.Contains(kept, gone) {
			t.Errorf("evidence keeps %s", gone)
		}
	}
	if !strings.Contains(kept, `"totalAmount":10000`) || !strings.Contains(kept, `"payAmount":0.65`) || !strings.Contains(kept, `"cardLast4":"0002"`) {
		t.Errorf("evidence lost: %s", kept)
	}
}

func TestQueryOrderStates(t *testing.T) {
	for word, want := range map[string]client.Order{
		"SUCCESS": {Status: client.OrderPaid}, "PENDING": {Status: client.OrderPending},
		"FAILED": {Status: client.OrderFailed, FailCode: "PAYMENT_REJECTED"}, "CLOSED": {Status: client.OrderClosed, FailCode: "PAYMENT_REJECTED"},
		"REFUNDED": {Status: client.OrderUnknown}, "": {Status: client.OrderUnknown},
	} {
		body := strings.Replace(order, `"SUCCESS","resultMsg"`, `"`+word+`","resultCode":"PAYMENT_REJECTED","resultMsg"`, 1)
		g, _ := gatewayWith(t, answer{body: body})
		got, err := g.QueryOrder(t.Context(), "PO_1")
		if err != nil || got.Order.Status != want.Status || got.Order.FailCode != want.FailCode || (got.Order.PaidAt.IsZero() != (want.Status != client.OrderPaid)) {
			t.Errorf("%q: %+v, %v", word, got.Order, err)
		}
	}
}

func TestQueryOrderForms(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		check    func(client.Order) bool
	}{
		"amount as text":   {`10000,"currency"`, `"10000.00","currency"`, func(o client.Order) bool { return o.Amount.Minor == 10000 }},
		"card as text":     {`"cardInfo":{"cardOrg":"VISA",`, `"cardInfo":"400000******1234","x":{`, func(o client.Order) bool { return o.Card == "····1234" }},
		"wallet":           {`"targetOrg":"*"`, `"targetOrg":"GCASH"`, func(o client.Order) bool { return o.Brand == "VISA" }},
		"no details":       {`"paymentDetails":[{`, `"paymentDetails":[],"x":[{`, func(o client.Order) bool { return o.Method == "" && o.Card == "" }},
		"details null":     {`"paymentDetails":[{`, `"paymentDetails":null,"x":[{`, func(o client.Order) bool { return o.Method == "" }},
		"older method":     {`"paymentMethodType"`, `"paymentMethod"`, func(o client.Order) bool { return o.Method == "CARD" }},
		"no finish time":   {`"completeTime"`, `"confirmPayTime"`, func(o client.Order) bool { return !o.PaidAt.IsZero() }},
		"amount in thirds": {`10000,"currency":"IDR"`, `12.5,"currency":"KWD"`, func(o client.Order) bool { return o.Amount == client.Money{Minor: 1250, Currency: "KWD", Exp: 2} }},
	} {
		if !strings.Contains(order, c.old) {
			t.Fatal(name)
		}
		g, _ := gatewayWith(t, answer{body: strings.Replace(order, c.old, c.new, 1)})
		if got, err := g.QueryOrder(t.Context(), "PO_1"); err != nil || !c.check(got.Order) {
			t.Errorf("%s: %+v, %v", name, got.Order, err)
		}
	}
}

func TestQueryOrderTrouble(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new string
		class    client.Class
		code     string
	}{
		{"other order", "PO_1", "PO_2", client.ClassUnknown, "wrong-echo"}, // covers F7
		{"half an amount", `10000,"`, `10000.5,"`, client.ClassUnknown, "amount"},
		{"no amount", "totalAmount", "x", client.ClassUnknown, "amount"},
		{"no currency", `"currency"`, `"x"`, client.ClassUnknown, "currency"},
		{"too large", `10000,"`, `12345678901234567890.1234,"`, client.ClassUnknown, "amount"},
		{"not known", `"APPLY_SUCCESS"`, `"ORDER_NOT_EXIST"`, client.ClassNotFound, "ORDER_NOT_EXIST"},
		{"no data", `"data"`, `"x"`, client.ClassUnknown, "wrong-echo"},
	} {
		g, s := gatewayWith(t, answer{body: strings.Replace(order, c.old, c.new, 1)})
		_, err := g.QueryOrder(t.Context(), "PO_1")
		if e := fault(t, err, c.class, c.code); e.Exchange == nil || len(s.requests()) != 1 {
			t.Errorf("%s: %d requests", c.name, len(s.requests()))
		}
	}
	g, s := gatewayWith(t, answer{body: order})
	for _, no := range []string{"", " ", " PO_1", strings.Repeat("x", 65), "a\xff"} {
		if _, err := g.QueryOrder(t.Context(), no); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%q: %v", no, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
}
