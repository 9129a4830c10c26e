package easylink

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

const (
	anOrder = `{"amount":5800,"appId":"65f0c0ffee65f0c0ffee0001","body":"Ceramic mug x1","channelOrderNo":"4200001","clientIp":"203.0.113.9",` +
		`"createdAt":1772323100000,"currency":"HKD","ifCode":"easypay","mchNo":"M1700000001","mchOrderNo":"SO20260301000001",` +
		`"payOrderId":"P1790000000000000001","state":2,"subject":"Mug","successTime":1772323150000,"wayCode":"WX_H5"}`
	aRecord = `{"appId":"65f0c0ffee65f0c0ffee0009","channelOrderNo":"20260301","createdAt":1772323200555,"currency":"HKD","extParam":"",` +
		`"mchNo":"M1700000001","mchRefundNo":"RF20260301A0001","payAmount":5800,"payOrderId":"P1790000000000000001","refundAmount":1250,` +
		`"refundOrderId":"R1790000000000000009","state":2,"successTime":1772323202000}`
)

func TestQueryOrder(t *testing.T) {
	g, s := gatewayWith(t, answer{body: done(anOrder)})
	got, err := g.QueryOrder(t.Context(), "SO20260301000001")
	if err != nil {
		t.Fatal(err)
	}
	want := client.Order{
		OrderNo: "SO20260301000001", GatewayOrderNo: "P1790000000000000001", ChannelNo: "4200001", Amount: hkd(5800), Status: client.OrderPaid,
		Method: "WX_H5", Note: "Mug", CreatedAt: time.UnixMilli(1772323100000).UTC(), PaidAt: time.UnixMilli(1772323150000).UTC(),
	}
	if got.Order != want || !got.Exchange.Verified || got.Exchange.Operation != "payQuery" {
		t.Errorf("got %+v\nwant %+v", got.Order, want)
	}
	sent := s.sent(0)
	if requests := s.requests(); len(requests) != 1 || requests[0].path != "/api/pay/query" || sent.Text("mchOrderNo") != "SO20260301000001" || sent.Get("payOrderId") != nil {
		t.Errorf("%s", requests[0].body)
	}
}

// TestQueryOrderByTheGatewaysNumber: a number that the gateway does not know as
// the merchant's is tried as its own.
func TestQueryOrderByTheGatewaysNumber(t *testing.T) {
	unknown := answer{body: refused("9999", "订单不存在")}
	g, s := gatewayWith(t, unknown, answer{body: done(anOrder)})
	got, err := g.QueryOrder(t.Context(), "P1790000000000000001")
	if err != nil || got.Order.OrderNo != "SO20260301000001" {
		t.Errorf("%+v, %v", got.Order, err)
	}
	if sent := s.sent(1); sent.Text("payOrderId") != "P1790000000000000001" || sent.Get("mchOrderNo") != nil {
		t.Errorf("%s", s.requests()[1].body)
	}

	g, s = gatewayWith(t, unknown)
	_, err = g.QueryOrder(t.Context(), "SO1")
	e := fault(t, err, client.ClassNotFound, "9999")
	evidence(t, e, "payQuery", 200)
	if len(s.requests()) != 2 || !strings.Contains(e.Message, "订单不存在") {
		t.Errorf("%v after %d requests", e, len(s.requests()))
	}

	g, _ = gatewayWith(t, unknown, answer{body: signedBy("other", anOrder)})
	_, err = g.QueryOrder(t.Context(), "P1790000000000000001")
	fault(t, err, client.ClassSignature, "signature")
}

func TestOrderStates(t *testing.T) {
	for state, want := range map[string]client.OrderStatus{
		"0": client.OrderPending, "1": client.OrderPending, "2": client.OrderPaid, "3": client.OrderFailed, "4": client.OrderClosed,
		"5": client.OrderPaid, "6": client.OrderClosed, "7": client.OrderUnknown, `"x"`: client.OrderUnknown, "null": client.OrderUnknown, "2.0": client.OrderUnknown,
	} {
		body := strings.Replace(anOrder, `"state":2`, `"errCode":"E1","errMsg":"4242 4242 4242 4242","state":`+state, 1)
		g, _ := gatewayWith(t, answer{body: done(body)})
		got, err := g.QueryOrder(t.Context(), "SO20260301000001")
		if err != nil || got.Order.Status != want || got.Order.PaidAt.IsZero() != (want != client.OrderPaid) {
			t.Errorf("state %s: %+v, %v", state, got.Order, err)
		}
		if ended := want == client.OrderFailed || want == client.OrderClosed; ended != (got.Order.FailCode == "E1 ····4242") {
			t.Errorf("state %s: reason %q", state, got.Order.FailCode)
		}
	}
}

func TestQueryOrderReadsEitherDialect(t *testing.T) {
	for old, c := range map[string]struct{ new, note string }{
		`"subject"`:              {`"extParam":"cart_9","subject"`, "cart_9"},
		`"body"`:                 {`"extraParam":"cart 4242 4242 4242 4242","body"`, "cart ····4242"},
		`"createdAt":1772323100`: {`"extParam":"","createdAt":1772323100`, "Mug"},
	} {
		g, _ := gatewayWith(t, answer{body: done(strings.Replace(anOrder, old, c.new, 1))})
		if got, err := g.QueryOrder(t.Context(), "SO20260301000001"); err != nil || got.Order.Note != c.note {
			t.Errorf("%s: %q, %v", c.new, got.Order.Note, err)
		}
	}
	seconds := strings.Replace(strings.Replace(anOrder, "1772323100000", `"1772323100"`, 1), "1772323150000", "17", 1)
	g, _ := gatewayWith(t, answer{body: done(strings.Replace(seconds, `"HKD"`, `"hkd"`, 1))})
	got, err := g.QueryOrder(t.Context(), "SO20260301000001")
	if err != nil || !got.Order.CreatedAt.Equal(time.Unix(1772323100, 0)) || !got.Order.PaidAt.IsZero() || got.Order.Amount != hkd(5800) {
		t.Errorf("%+v, %v", got.Order, err)
	}
}

func TestQueryDoubts(t *testing.T) {
	order := func(old, new string) string { return done(strings.Replace(anOrder, old, new, 1)) }
	record := func(old, new string) string { return done(strings.Replace(aRecord, old, new, 1)) }
	ask := map[bool]func(*testing.T, *Gateway) error{
		true: func(t *testing.T, g *Gateway) error {
			_, err := g.QueryOrder(t.Context(), "SO20260301000001")
			return err
		},
		false: func(t *testing.T, g *Gateway) error {
			_, err := g.QueryRefund(t.Context(), "RF20260301A0001")
			return err
		},
	}
	for _, c := range []struct {
		name  string
		order bool
		body  string
		class client.Class
		code  string
	}{
		{"other order", true, order("SO20260301000001", "SO2"), client.ClassUnknown, "wrong-echo"},    // covers F7
		{"no order number", true, order("mchOrderNo", "x"), client.ClassUnknown, "wrong-echo"},        // covers F7
		{"other merchant", true, order("M1700000001", "M2"), client.ClassUnknown, "wrong-echo"},       // covers F7, F10
		{"unknown currency", true, order("HKD", "USD"), client.ClassUnknown, "currency"},              // covers F7
		{"no currency", true, order("currency", "x"), client.ClassUnknown, "currency"},                // covers F7
		{"amount with point", true, order(":5800", ":58.00"), client.ClassUnknown, "amount"},          // covers I11
		{"negative amount", true, order(":5800", ":-5800"), client.ClassUnknown, "amount"},            // covers I11
		{"huge amount", true, order(":5800", ":9223372036854775808"), client.ClassUnknown, "amount"},  // covers I11
		{"exponent", true, order(":5800", ":58E2"), client.ClassUnknown, "amount"},                    // covers I11
		{"no amount", true, order(`"amount"`, `"x"`), client.ClassUnknown, "amount"},                  // covers I11
		{"other refund", false, record("RF20260301A0001", "RF2"), client.ClassUnknown, "wrong-echo"},  // covers F7
		{"merchant of refund", false, record("M1700000001", "M2"), client.ClassUnknown, "wrong-echo"}, // covers F7, F10
		{"no state", false, record(`"state"`, `"x"`), client.ClassUnknown, "state"},                   // covers I6
		{"no refund amount", false, record("refundAmount", "x"), client.ClassUnknown, "amount"},       // covers F7
		{"an order's answer", false, done(anOrder), client.ClassUnknown, "wrong-echo"},                // covers F7
		{"a refund's answer", true, done(aRecord), client.ClassUnknown, "wrong-echo"},                 // covers F7
		{"no data", true, `{"code":0,"msg":"SUCCESS"}`, client.ClassUnknown, "no-data"},               // covers F6
		{"unsigned", false, `{"code":0,"data":` + aRecord + `}`, client.ClassSignature, "signature"},  // covers F6
		{"other secret", false, signedBy("other", aRecord), client.ClassSignature, "signature"},       // covers F6
		{"account refused", true, refused("9999", "验签失败"), client.ClassAuth, "9999"},
		{"merchant refused", false, refused("9999", "商户或商户应用不存在"), client.ClassAuth, "9999"},
		{"in English", false, refused("9999", "Invalid signature"), client.ClassAuth, "9999"},
		{"permission", false, refused("5004", "x"), client.ClassAuth, "5004"},
		{"bad parameter", true, refused("11", "参数有误"), client.ClassUnknown, "11"}, // covers I6
		{"refund absent", false, refused("9999", "订单不存在"), client.ClassNotFound, "9999"},
		{"absent, in English", false, refused("9999", "order not found"), client.ClassNotFound, "9999"},
		{"no record", false, refused("5003", "记录不存在"), client.ClassNotFound, "5003"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := gatewayWith(t, answer{body: c.body})
			e := fault(t, ask[c.order](t, g), c.class, c.code)
			if e.Exchange == nil || e.Hint == "" || e.Exchange.Verified != (c.code == "wrong-echo" || c.code == "currency" || c.code == "amount" || c.code == "state") {
				t.Errorf("%+v", e)
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestQueriesAreRepeated(t *testing.T) { // covers F20, F26
	for name, first := range map[string]answer{
		"dropped": {drop: true}, "server error": {status: 500}, "system error": {body: refused("10", "x")}, "empty": {},
	} {
		g, s := gatewayWith(t, first, answer{body: done(aRecord)})
		got, err := g.QueryRefund(t.Context(), "RF20260301A0001")
		if err != nil || got.Refund.Status != client.RefundSuccess || len(s.requests()) != 2 {
			t.Errorf("%s: %+v, %v after %d requests", name, got.Refund, err, len(s.requests()))
		}
	}
	g, s := gatewayWith(t, answer{status: http.StatusForbidden, body: "who are you"})
	_, err := g.QueryRefund(t.Context(), "RF20260301A0001")
	if e := fault(t, err, client.ClassUnknown, "http-403"); len(s.requests()) != 1 || !strings.Contains(e.Hint, "address") {
		t.Errorf("%v after %d requests", e, len(s.requests()))
	}
}

func TestQueryRefund(t *testing.T) {
	g, s := gatewayWith(t, answer{body: done(aRecord)})
	got, err := g.QueryRefund(t.Context(), "RF20260301A0001")
	if err != nil {
		t.Fatal(err)
	}
	want := client.Refund{
		RefundNo: "RF20260301A0001", GatewayRefundNo: "R1790000000000000009", GatewayOrderNo: "P1790000000000000001",
		Amount: hkd(1250), Status: client.RefundSuccess, SettledAt: time.UnixMilli(1772323202000).UTC(),
	}
	if got.Refund != want || !got.Exchange.Verified || got.Exchange.Operation != "refundQuery" {
		t.Errorf("got %+v\nwant %+v", got.Refund, want)
	}
	if requests := s.requests(); requests[0].path != "/api/refund/query" || s.sent(0).Text("mchRefundNo") != "RF20260301A0001" {
		t.Errorf("%s", requests[0].body)
	}
}

// TestGeneratedIsUnknown: a record in state 0 is known to the gateway, neither
// failed nor under way.
func TestGeneratedIsUnknown(t *testing.T) { // covers I6, F8
	body := strings.Replace(strings.Replace(aRecord, `"state":2`, `"state":0`, 1), `,"successTime":1772323202000`, "", 1)
	g, _ := gatewayWith(t, answer{body: done(body)})
	got, err := g.QueryRefund(t.Context(), "RF20260301A0001")
	if err != nil || got.Refund.Status != client.RefundUnknown || !got.Refund.SettledAt.IsZero() || got.Refund.Amount != hkd(1250) {
		t.Errorf("%+v, %v", got.Refund, err)
	}
}

func TestNotFoundCodesAreASetting(t *testing.T) {
	s := newStub(t, answer{body: refused("9999", "x")}, answer{body: refused("9999", "x")}, answer{body: refused("9999", "x")}, answer{body: refused("20404", "x")})
	g := connect(t, s.server.URL, func(cfg *Config) { cfg.NotFoundCodes = []string{"20404"} })
	_, err := g.QueryRefund(t.Context(), "RF1")
	fault(t, err, client.ClassUnknown, "9999")
	_, err = g.QueryRefund(t.Context(), "RF1")
	fault(t, err, client.ClassNotFound, "20404")
}

func TestQueryInput(t *testing.T) {
	g, s := gatewayWith(t, answer{body: done(anOrder)})
	for _, no := range []string{"", " ", " A", strings.Repeat("A", 65), "A\xff"} {
		if _, err := g.QueryOrder(t.Context(), no); client.ClassOf(err) != client.ClassInput {
			t.Errorf("order %q: %v", no, err)
		}
		if _, err := g.QueryRefund(t.Context(), no); client.ClassOf(err) != client.ClassInput {
			t.Errorf("refund %q: %v", no, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
}

func TestDecimals(t *testing.T) { // covers I11
	g := connect(t, "http://127.0.0.1:1", func(cfg *Config) { cfg.Decimals = map[string]uint8{"JPY": 0, "CNY": 3} })
	for currency, want := range map[string]int{"HKD": 2, "CNY": 3, "JPY": 0, "USD": -1, "hkd": -1, "": -1} {
		exp, ok := g.Decimals(currency)
		if ok != (want >= 0) || (ok && int(exp) != want) {
			t.Errorf("%s: %d, %v", currency, exp, ok)
		}
	}
	if exp, ok := Decimals("CNY"); !ok || exp != 2 {
		t.Error(exp, ok)
	}
}

// TestEvidenceKeepsTheGatewaysNumbers: its numbers would pass for cards.
func TestEvidenceKeepsTheGatewaysNumbers(t *testing.T) { // covers S16
	body := strings.NewReplacer("P1790000000000000001", "P1790000000000000005", `"Mug"`, `"card 4242 4242 4242 4242"`).Replace(anOrder)
	if client.MaskCards("P1790000000000000005") == "P1790000000000000005" {
		t.Fatal("this number passes for no card: take another one")
	}
	g, _ := gatewayWith(t, answer{body: done(body)})
	got, err := g.QueryOrder(t.Context(), "SO20260301000001")
	if err != nil {
		t.Fatal(err)
	}
	if kept := string(got.Exchange.Answer); !strings.Contains(kept, "P1790000000000000005") || strings.Contains(kept, "4242 4242") || got.Order.Note != "card ····4242" {
		t.Errorf("%s %q", kept, got.Order.Note)
	}
}
