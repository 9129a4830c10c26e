package paycools

import (
	"net/http"
	"strings"
	"testing"

	"paydesk/client"
)

const (
	refundOne = `{"mchRefundOrderId":"RF20261122000042","originalTransactionId":"C120261120010000815","refundTransactionId":"R120261122010004242",` +
		`"refundAmount":1230,"feeRefunded":12,"refundStatus":"COMPLETE","refundCreateTime":"2026-11-22 17:30:00","refundReturnTime":"2026-11-22 17:44:10","refundReason":"late"}`
	refundTwo = `{"mchRefundOrderId":"PORTAL1","originalTransactionId":"C120261120010000815","refundTransactionId":"R120261122010004243",` +
		`"refundAmount":"500","refundStatus":"FAILED","refundCreateTime":"2026-11-22 16:00:00","refundReturnTime":"","failedCode":-10009,"failedMessage":"Channel Refund Failed"}`
)

func foundOne() client.Refund {
	return client.Refund{
		RefundNo: "RF20261122000042", GatewayRefundNo: "R120261122010004242", OrderNo: "SO20261120000815", GatewayOrderNo: "C120261120010000815",
		Amount: php(1230), Status: client.RefundSuccess, SettledAt: manila("2026-11-22 17:44:10"),
	}
}

func refOne() client.RefundRef {
	return client.RefundRef{RefundNo: "RF20261122000042", OrderNo: "SO20261120000815", GatewayOrderNo: "C120261120010000815"}
}

func TestFindRefundByItsPayment(t *testing.T) { // paycools: section 6
	for name, data := range map[string]string{
		"list": "[" + refundTwo + "," + refundOne + "]", "list of one": "[" + refundOne + "]", "one object": refundOne,
		"small letters": "[" + strings.Replace(refundOne, "RF2026", "rf2026", 1) + "]",
	} {
		g, s := gatewayWith(t, ok(data))
		got, err := g.FindRefund(t.Context(), refOne())
		if err != nil || got.Refund != foundOne() || got.Exchange.Verified {
			t.Errorf("%s: %+v, %v", name, got.Refund, err)
		}
		r := s.last()
		if r.method != "GET" || r.path != "/api/refund/payments" || len(r.body) != 0 ||
			!strings.HasPrefix(r.query, "appId=paycoolsTestApp0001&originalTransactionId=C120261120010000815&sign=") {
			t.Errorf("%s: sent %s %s?%s", name, r.method, r.path, r.query)
		}
		if x := got.Exchange; string(x.Request) != "appId=paycoolsTestApp0001&originalTransactionId=C120261120010000815&sign="+escapedHead(r)+"•••" ||
			strings.Contains(x.URL, "?") || x.RequestBytes != len(r.query) {
			t.Errorf("%s: evidence %s %s", name, x.URL, x.Request)
		}
	}
}

// escapedHead is the shown part of a query's signature.
func escapedHead(r received) string {
	return strings.NewReplacer("+", "%2B", "/", "%2F").Replace(r.data.Text("sign")[:8])
}

func TestFindRefundByItsOwnNumber(t *testing.T) {
	g, s := gatewayWith(t, ok("["+refundOne+"]"))
	got, err := g.FindRefund(t.Context(), client.RefundRef{GatewayRefundNo: "R120261122010004242"})
	want := foundOne()
	want.OrderNo = ""
	if err != nil || got.Refund != want || s.last().data.Text("refundTransactionId") != "R120261122010004242" || s.last().data.Text("originalTransactionId") != "" {
		t.Errorf("%+v, %v, %s", got.Refund, err, s.last().query)
	}
	g, s = dialectWith(t, GROUP, answer{body: `{"code":10000,"message":"Success","data":[` + refundOne + `]}`})
	if got, err = g.FindRefund(t.Context(), client.RefundRef{GatewayRefundNo: "R120261122010004242"}); err != nil || got.Refund != want {
		t.Errorf("%+v, %v", got.Refund, err)
	}
	if r := s.last(); r.method != "POST" || r.path != "/open-api/refund/payments" || r.data.Text("timestamp") != "1795339800000" {
		t.Errorf("sent %s %s %s", r.method, r.path, r.body)
	}
}

func TestFindRefundThatIsNotThere(t *testing.T) { // paycools: section 6.1
	for name, a := range map[string]answer{
		"empty list": ok("[]"), "null": ok("null"), "empty object": ok("{}"), "other refunds": ok("[" + refundTwo + "]"), "1008": code(1008), "1501": code("1501"),
	} {
		g, s := gatewayWith(t, a)
		_, err := g.FindRefund(t.Context(), refOne())
		if client.ClassOf(err) != client.ClassNotFound || client.ExchangeOf(err) == nil || len(s.requests()) != 1 {
			t.Errorf("%s: %v after %d requests", name, err, len(s.requests()))
		}
	}
	s := newStub(t, code(1501))
	g := connect(t, s.server.URL, func(c *Config) { c.NotFoundCodes = []string{"1008"} })
	_, err := g.FindRefund(t.Context(), refOne())
	fault(t, err, client.ClassRefused, "1501")
}

func TestFindRefundDoubts(t *testing.T) {
	for _, c := range []struct {
		name, code string
		answer     answer
		sent       int
	}{
		{"other payment's", "wrong-echo", ok("[" + with(t, refundOne, "C120261120010000815", "C9") + "]"), 1}, // covers F7
		{"twice", "twice", ok("[" + refundOne + "," + refundOne + "]"), 1},
		{"one without number", "no-number", ok("[" + with(t, refundTwo, "mchRefundOrderId", "x") + "]"), 1},
		{"no word", "status", ok("[" + with(t, refundOne, "refundStatus", "x") + "]"), 1}, // covers I6
		{"pesos", "amount", ok("[" + with(t, refundOne, "1230", "12.30") + "]"), 1},       // covers I11
		{"text", "data", ok(`"none"`), 1},
		{"list of texts", "data", ok(`["R1"]`), 1},
		{"ambiguous", "ambiguous", ok("[" + with(t, refundOne, `"refundStatus"`, `"refundStatus":"FAILED","refundStatus"`) + "]"), 1},
		{"forbidden", "http-403", answer{status: 403, body: "no"}, 1},
		{"no such page", "http-404", answer{status: 404, body: "<html>"}, 1},
		{"system error", "1503", code(1503), 3},
		{"server error", "http-502", answer{status: 502, body: "<html>"}, 3},
		{"dropped", "connection", answer{drop: true}, 3}, // covers F3
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := gatewayWith(t, c.answer)
			got, err := g.FindRefund(t.Context(), refOne())
			e := fault(t, err, client.ClassUnknown, c.code)
			if e.Exchange == nil || len(s.requests()) != c.sent || got.Refund != (client.Refund{}) {
				t.Errorf("%d requests, want %d; %+v", len(s.requests()), c.sent, got.Refund)
			}
		})
	}
	g, _ := gatewayWith(t, ok("["+refundOne+"]"))
	_, err := g.FindRefund(t.Context(), client.RefundRef{GatewayRefundNo: "R9"})
	fault(t, err, client.ClassUnknown, "wrong-echo") // covers F7
	ref := refOne()
	ref.GatewayRefundNo = "R9"
	_, err = g.FindRefund(t.Context(), ref)
	fault(t, err, client.ClassUnknown, "wrong-echo") // covers F7
}

// TestNoFalseNotFound makes sure that a refund that cannot be asked for is never
// called "not found", which would free its number.
func TestNoFalseNotFound(t *testing.T) { // covers I3
	g, s := gatewayWith(t, code(1501))
	_, err := g.QueryRefund(t.Context(), "RF20261122000042")
	fault(t, err, client.ClassUnsupported, "refund-no")
	for _, ref := range []client.RefundRef{
		{}, {RefundNo: "RF20261122000042"}, {RefundNo: "RF20261122000042", OrderNo: "SO1"}, {GatewayOrderNo: "C1"}, {GatewayOrderNo: "a/b", RefundNo: "R"},
	} {
		if _, err := g.FindRefund(t.Context(), ref); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%+v: %v", ref, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
}

func TestRefundsOf(t *testing.T) {
	g, _ := gatewayWith(t, ok("["+refundTwo+","+refundOne+","+with(t, with(t, refundOne, "RF20261122000042", "RF3"), "COMPLETE", "REFUNDING")+"]"))
	got, err := g.RefundsOf(t.Context(), "C120261120010000815")
	if err != nil || len(got.Refunds) != 3 {
		t.Fatalf("%+v, %v", got.Refunds, err)
	}
	one := foundOne()
	one.OrderNo = ""
	failed := client.Refund{
		RefundNo: "PORTAL1", GatewayRefundNo: "R120261122010004243", GatewayOrderNo: "C120261120010000815", Amount: php(500), Status: client.RefundFailed, FailCode: "-10009",
	}
	if got.Refunds[0] != failed || got.Refunds[1] != one || got.Refunds[2].Status != client.RefundUnknown || !got.Refunds[2].SettledAt.IsZero() {
		t.Errorf("%+v", got.Refunds)
	}
	if !strings.Contains(string(got.Exchange.Answer), "R120261122010004243") {
		t.Errorf("evidence lost a number: %s", got.Exchange.Answer)
	}
	for _, a := range []answer{ok("[]"), ok("null"), code(1008), code(1501)} {
		g, _ := gatewayWith(t, a)
		if got, err := g.RefundsOf(t.Context(), "C1"); err != nil || len(got.Refunds) != 0 || got.Exchange.HTTPStatus != http.StatusOK {
			t.Errorf("%s: %+v, %v", a.body, got, err)
		}
	}
	g, _ = gatewayWith(t, ok("["+refundOne+"]"))
	_, err = g.RefundsOf(t.Context(), "C9")
	fault(t, err, client.ClassUnknown, "wrong-echo") // covers F7
	if _, err = g.RefundsOf(t.Context(), ""); client.ClassOf(err) != client.ClassInput {
		t.Error(err)
	}
}

func TestReadsMendThemselves(t *testing.T) { // covers F20
	g, s := gatewayWith(t, answer{status: 503, body: "busy"}, answer{drop: true}, ok("["+refundOne+"]"))
	if _, err := g.FindRefund(t.Context(), refOne()); err != nil {
		t.Fatal(err)
	}
	if n := len(s.requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}
