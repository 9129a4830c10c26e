package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"paydesk/client/sandbox"
)

func TestControlRefusesOtherMachinesAndPages(t *testing.T) {
	s, m := start(t, sandbox.Options{})
	u, err := url.Parse(m.control)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, remote, host, origin string
		status                     int
	}{
		{"a program here", "127.0.0.1:4000", u.Host, "", 200},
		{"by name", "127.0.0.1:4000", "localhost:1234", "", 200},
		{"by IPv6", "[::1]:4000", "[::1]:1234", "", 200},
		{"mapped address", "[::ffff:127.0.0.1]:4000", u.Host, "", 200},
		{"its own page", "127.0.0.1:4000", u.Host, "http://" + u.Host, 200},
		{"another machine", "192.0.2.7:4000", u.Host, "", 403},
		{"no address", "pipe", u.Host, "", 403},
		{"a foreign name", "127.0.0.1:4000", "evil.example", "", 403},
		{"a foreign name with our port", "127.0.0.1:4000", "evil.example:" + u.Port(), "", 403},
		{"a name that begins like ours", "127.0.0.1:4000", "127.0.0.1.evil.example", "", 403},
		{"a foreign page", "127.0.0.1:4000", u.Host, "https://evil.example", 403},
		{"a page without origin", "127.0.0.1:4000", u.Host, "null", 403},
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/_sandbox/faults", strings.NewReader("[]"))
		req.RemoteAddr, req.Host = c.remote, c.host
		if c.origin != "" {
			req.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

func TestControlRefusesBadInput(t *testing.T) {
	_, m := start(t, sandbox.Options{})
	m.post(http.StatusOK, "orders", `{"order_no":"A1"}`)
	for _, c := range []struct {
		status     int
		what, body string
	}{
		{404, "nothing", ""},
		{404, "", ""},
		{404, "requests", "[]"},
		{400, "faults", ""},
		{400, "faults", "{}"},
		{400, "faults", `["refund:lose"]`},
		{400, "faults", `["easypeasy/refund:html"]`},
		{400, "faults", `["refund:html"] []`},
		{400, "clock", ""},
		{400, "clock", `{"offset":"soon"}`},
		{400, "clock", `{"offset":"999999h"}`},
		{400, "clock", `{"set":"1m"}`},
		{400, "switches", `[]`},
		{400, "switches", `{"none":"x"}`},
		{400, "switches", `{"funds":"much"}`},
		{400, "switches", `{"easylink/funds":"empty"}`},
		{400, "orders", `[]`},
		{400, "orders", `{"gateway":"none"}`},
		{400, "orders", `{"amount":"-1"}`},
		{400, "orders", `{"amount":0}`},
		{400, "orders", `{"amount":"1.005"}`},
		{400, "orders", `{"amount":true}`},
		{400, "orders", `{"currency":"ZZZ"}`},
		{400, "orders", `{"status":"done"}`},
		{400, "orders", `{"refunded":"1"}`},
		{400, "orders", `{"colour":"red"}`},
		{400, "orders", `{"note":"` + strings.Repeat("x", 513) + `"}`},
		{409, "orders", `{"order_no":"a1"}`},
		{400, "refunds/RF_20261122_000001/settle", ``},
		{400, "refunds/RF_20261122_000001/settle", `{"status":"pending"}`},
		{404, "refunds/none/settle", `{"status":"success"}`},
		{404, "refunds/RF_20261122_000001/settle?gateway=easylink", `{"status":"failed"}`},
		{400, "callbacks/RF_20261122_000001/send", `{}`},
		{400, "callbacks/RF_20261122_000001/send", `{"url":"https://shop.example"}`},
		{400, "callbacks/RF_20261122_000001/send", `{"url":"http://127.0.0.1:1","tamper":"all"}`},
		{400, "callbacks/RF_20261122_000001/send", `{"age":"old"}`},
		{404, "callbacks/none/send", ``},
	} {
		m.post(c.status, c.what, c.body)
	}
	if status, raw := m.do(http.MethodDelete, "orders", ""); status != http.StatusNotFound {
		t.Errorf("%d %s", status, raw)
	}
	m.post(http.StatusOK, "orders", `{"order_no":"PEND","status":"pending"}`)
	m.post(http.StatusConflict, "callbacks/PEND/send", `{"url":"http://127.0.0.1:1"}`)
}

func TestOrdersMadeByHand(t *testing.T) {
	_, m := start(t, sandbox.Options{})
	before := len(m.get("orders"))
	o := m.post(http.StatusOK, "orders", ``)
	if o["amount"] != "100.00" || o["currency"] != "HKD" || o["status"] != "paid" || o["user_id"] != "U-0001" || o["refunded"] != "0.00" || o["gateway"] != "payermax" ||
		o["order_no"] == "" || o["gateway_order_no"] == "" || len(o) != 8 {
		t.Errorf("%v", o)
	}
	full := `{"gateway":"payermax","order_no":"H_1","gateway_order_no":"T9","user_id":"U-9","amount":"12.50","currency":"KWD","status":"paid","refunded":"0.00",` +
		`"country":"KW","subject":"S","method":"WALLET","brand":"KNET","card":"","note":"\u001b[31mred","created_at":"2026-11-01T00:00:00Z","paid_at":"2026-11-01T00:01:00Z"}`
	if o = m.post(http.StatusOK, "orders", full); o["order_no"] != "H_1" || o["amount"] != "12.50" {
		t.Errorf("%v", o)
	}
	m.post(http.StatusConflict, "orders", full)
	m.post(http.StatusOK, "orders", `{"order_no":"IDR_1","amount":10000,"currency":"IDR"}`)
	if after := len(m.get("orders")); after != before+3 {
		t.Errorf("%d orders, then %d", before, after)
	}
	a := m.call("orderQuery", `{"outTradeNo":"H_1"}`)
	if a.Data["reference"] != "\x1b[31mred" || a.Data["tradeToken"] != "T9" || a.Data["createTime"] != "2026-11-01T00:00:00.000Z" {
		t.Errorf("%s", a.Raw)
	}
	if a = m.call("refund", `{"outRefundNo":"R_H","outTradeNo":"IDR_1","refundAmount":5000,"refundCurrency":"IDR"}`); a.Code != "APPLY_SUCCESS" {
		t.Errorf("%s", a.Raw)
	}
}

func TestSettlingByHand(t *testing.T) {
	_, m := start(t, sandbox.Options{Speed: 1})
	m.refund("R_1", "5")
	for range 2 {
		if r := m.post(http.StatusOK, "refunds/r_1/settle", `{"status":"success"}`); r["status"] != "success" || r["moved"] != 1.0 {
			t.Errorf("%v", r)
		}
	}
	no, _ := find(m.get("refunds"), "refund_no", "R_1")["gateway_refund_no"].(string)
	if r := m.post(http.StatusOK, "refunds/"+no+"/settle", `{"status":"failed"}`); r["status"] != "failed" || r["moved"] != 1.0 {
		t.Errorf("%v", r)
	}
	m.post(http.StatusConflict, "refunds/R_1/settle", `{"status":"success"}`)
}

func TestSwitchesByHand(t *testing.T) {
	_, m := start(t, sandbox.Options{})
	m.post(http.StatusOK, "switches", `{"funds":"empty","payermax/failure_sign":"unsigned"}`)
	if a := m.refund("R_1", "1"); a.Code != "REFUND_INSUFFICIENT_BALANCE" || a.Signed {
		t.Errorf("%s", a.Raw)
	}
	m.post(http.StatusBadRequest, "switches", `{"funds":"enough","failure_sign":"sometimes"}`)
	if a := m.refund("R_1", "1"); a.Code != "REFUND_INSUFFICIENT_BALANCE" {
		t.Error("half of a wrong request was taken")
	}
	for _, w := range m.get("switches") {
		if w["gateway"] == "" || w["name"] == "" || w["help"] == "" || w["default"] == nil || w["value"] == nil {
			t.Errorf("%v", w)
		}
	}
	if w := find(m.get("switches"), "name", "funds"); w["value"] != "empty" || w["default"] != "enough" {
		t.Errorf("%v", w)
	}
}

// TestRequestsAreShownWithoutSecrets covers S8 and S16 for the sandbox's own
// record of calls.
func TestRequestsAreShownWithoutSecrets(t *testing.T) {
	_, m := start(t, sandbox.Options{})
	m.refund("R_1", "1")
	m.refund("R_2", "1")
	m.call("orderAndPay", `{"paymentDetail":{"cardInfo":{"cardIdentifierNo":"4111111111111111","cvv":"123"}}}`)
	m.send("refund", "no JSON", "no signature")
	m.call("capture", `{}`)
	list := m.get("requests")
	if len(list) != 5 {
		t.Fatalf("%d requests", len(list))
	}
	first := list[0]
	headers, _ := first["headers"].(map[string]any)
	body, _ := first["body"].(string)
	if first["gateway"] != "payermax" || first["operation"] != "refund" || first["path"] != "/aggregate-pay/api/gateway/refund" || first["accepted"] != true ||
		first["code"] != "APPLY_SUCCESS" || first["time"] == nil || headers["Content-Type"] != "application/json" || !json.Valid([]byte(body)) || headers["Sign"] == nil {
		t.Errorf("%v", first)
	}
	if list[1]["accepted"] != false || list[1]["code"] != "REFUND_FAILED" || list[3]["code"] != "PARAMS_INVALID" || list[4]["gateway"] != "" || list[4]["status"] != 404.0 {
		t.Errorf("%v", list)
	}
	_, raw := m.do(http.MethodGet, "requests", "")
	for _, secret := range []string{"tok-canary", "4111111111111111", `\"123\"`} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("%s is shown", secret)
		}
	}
}

func TestPaymentPage(t *testing.T) {
	_, m := start(t, sandbox.Options{})
	pay := func(no string) string {
		a := m.call("orderAndPay", `{"outTradeNo":"`+no+`","integrate":"Hosted_Checkout","subject":"<b>tea</b>","totalAmount":12.5,"currency":"USD","userId":"u","frontCallbackUrl":"http://shop.example/?a=1&b=2","paymentDetail":{"tokenForFutureUse":true}}`)
		address, _ := a.Data["redirectUrl"].(string)
		if address == "" {
			t.Fatalf("%s", a.Raw)
		}
		return address
	}
	choose := func(address, choice, origin string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("choice="+choice))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		return fetch(t, m, req)
	}
	address := pay("N1")
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if status, text := fetch(t, m, req); status != 200 || !strings.Contains(text, "&lt;b&gt;tea") || strings.Contains(text, "<b>tea") || strings.Count(text, "<button") != 3 {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := choose(address, "all", ""); status != 400 {
		t.Errorf("a wrong choice: %d", status)
	}
	if status, _ := choose(address, "success", "https://evil.example"); status != 403 {
		t.Errorf("another site's form: %d", status)
	}
	if status, text := choose(address, "pending", ""); status != 200 || !strings.Contains(text, "pending") {
		t.Errorf("%d %s", status, text)
	}
	if status, text := choose(address, "success", ""); status != 200 || !strings.Contains(text, "paid") || strings.Contains(text, "<button") {
		t.Errorf("%d %s", status, text)
	}
	a := m.call("orderQuery", `{"outTradeNo":"N1"}`)
	if a.Data["status"] != "SUCCESS" {
		t.Errorf("%s", a.Raw)
	}
	if k := find(m.get("tokens"), "user_id", "u"); k["status"] != "active" {
		t.Errorf("the card was not saved: %v", k)
	}
	if status, _ := choose(pay("N2"), "failed", ""); status != 200 || m.call("orderQuery", `{"outTradeNo":"N2"}`).Data["status"] != "FAILED" {
		t.Errorf("failed: %d", status)
	}
	if status, _ := choose(address+"0", "success", ""); status != 404 {
		t.Errorf("an unknown page: %d", status)
	}
	req, _ = http.NewRequestWithContext(t.Context(), http.MethodDelete, address, nil)
	if status, _ := fetch(t, m, req); status != 405 {
		t.Errorf("DELETE: %d", status)
	}
}
