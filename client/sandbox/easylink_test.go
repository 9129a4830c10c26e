package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client/internal/sign"
	"paydesk/client/sandbox"
)

// linked talks to the EasyLink face of a sandbox with the key that it wrote.
type linked struct {
	*merchant
	key []byte
}

func startEasyLink(t *testing.T, opts sandbox.Options) (*sandbox.Sandbox, linked) {
	t.Helper()
	s, m := start(t, opts)
	key, err := os.ReadFile(filepath.Join(m.dir, "keys", "easylink", "app_key.txt"))
	if err != nil {
		t.Fatal(err)
	}
	m.base = s.Ready().URLs["easylink"]
	return s, linked{m, key}
}

// jeepay is an answer of the gateway, or the error of the connection.
type jeepay struct {
	Status int
	Header http.Header
	Raw    string
	Code   json.Number
	Msg    string
	Data   map[string]any
	Signed bool
	Err    error
}

// sign signs every member that is not empty.
func (l linked) sign(members map[string]any) string {
	var pairs [][2]string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if name != "sign" {
			pairs = append(pairs, [2]string{name, fmt.Sprint(members[name])})
		}
	}
	return sign.SignMD5(pairs, l.key)
}

// call sends one signed request as JSON.
func (l linked) call(path string, members map[string]any) jeepay {
	l.t.Helper()
	all := map[string]any{
		"mchNo": "M1700000001", "appId": "65f0c0ffee65f0c0ffee0001", "version": "1.0", "signType": "MD5", "reqTime": fmt.Sprint(l.clock().UnixMilli()),
	}
	maps.Copy(all, members)
	all["sign"] = l.sign(all)
	raw, err := json.Marshal(all)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.post(path, "application/json", string(raw))
}

func (l linked) post(path, kind, body string) (a jeepay) {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.base+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	resp, err := l.client.Do(req)
	if err != nil {
		return jeepay{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	a = jeepay{Status: resp.StatusCode, Header: resp.Header, Raw: string(raw), Err: err}
	var doc struct {
		Code json.Number
		Msg  string
		Data map[string]any
		Sign string
	}
	d := json.NewDecoder(strings.NewReader(a.Raw))
	d.UseNumber()
	if d.Decode(&doc) == nil {
		a.Code, a.Msg, a.Data, a.Signed = doc.Code, doc.Msg, doc.Data, doc.Sign != "" && doc.Sign == l.sign(doc.Data)
	}
	return a
}

// refund asks for a refund of the fixed order of 58.00 HKD.
func (l linked) refund(no string, cents int, more ...string) jeepay {
	l.t.Helper()
	members := map[string]any{
		"mchOrderNo": "SO20260301000001", "mchRefundNo": no, "refundAmount": cents, "currency": "HKD", "refundReason": "customer return",
	}
	for i := 0; i+1 < len(more); i += 2 {
		members[more[i]] = more[i+1]
	}
	return l.call("/api/refund/refundOrder", members)
}

func (l linked) query(no string) jeepay {
	l.t.Helper()
	return l.call("/api/refund/query", map[string]any{"mchRefundNo": no})
}

func (l linked) order(no string) jeepay {
	l.t.Helper()
	return l.call("/api/pay/query", map[string]any{"mchOrderNo": no})
}

// TestEasyLinkFromEndToEnd shows the truth in paydesk's words and major units.
func TestEasyLinkFromEndToEnd(t *testing.T) {
	s, l := startEasyLink(t, sandbox.Options{Speed: 600})
	if a := l.refund("R_1", 1250); a.Code != "0" || !a.Signed || a.Status != 200 || a.Data["state"] != json.Number("1") {
		t.Fatalf("%+v", a)
	}
	until(t, "the settlement", func() bool { return l.query("R_1").Data["state"] == json.Number("2") })
	r := find(l.get("refunds"), "refund_no", "R_1")
	if no, _ := r["gateway_refund_no"].(string); len(no) != 20 {
		t.Errorf("%v", r)
	}
	delete(r, "gateway_refund_no")
	want := map[string]any{
		"gateway": "easylink", "refund_no": "R_1", "order_no": "SO20260301000001", "amount": "12.50", "currency": "HKD", "status": "success", "moved": 1.0,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if o := find(l.get("orders"), "order_no", "SO20260301000001"); o["amount"] != "58.00" || o["refunded"] != "12.50" || o["status"] != "paid" ||
		o["gateway_order_no"] != "P1790000000000000001" || o["gateway"] != "easylink" {
		t.Errorf("%v", o)
	}
	i := slices.IndexFunc(s.Profiles(), func(p sandbox.Profile) bool { return p.Name == "easylink-sandbox" })
	if i < 0 {
		t.Fatal("there is no profile")
	}
	if p := s.Profiles()[i]; p.Gateway != "easylink" || p.BaseURL != l.base || p.MerchantNo != "M1700000001" || p.AppID != "65f0c0ffee65f0c0ffee0001" ||
		p.Environment != "sandbox" || string(p.Keys["app_key.txt"]) != string(l.key) || len(l.key) == 0 {
		t.Errorf("%+v", p)
	}
}

// TestEasyLinkFaults commits each fault once. covers F3, F5, F6, F7
func TestEasyLinkFaults(t *testing.T) {
	for _, c := range []struct {
		fault   string
		decided bool // whether the refund exists afterwards
		saw     func(a jeepay) bool
	}{
		{"easylink/refund:lose-answer=1", true, func(a jeepay) bool { return errors.Is(a.Err, io.EOF) }},
		{"easylink/refund:refuse-connection=1", false, func(a jeepay) bool { return errors.Is(a.Err, syscall.ECONNRESET) || errors.Is(a.Err, syscall.EPIPE) }},
		{"easylink/refund:status=500=1", true, func(a jeepay) bool { return a.Status == 500 && a.Code == "" }},
		{"easylink/refund:status=503=1", false, func(a jeepay) bool { return a.Status == 503 && a.Code == "" }},
		{"easylink/refund:status=429=1", false, func(a jeepay) bool { return a.Status == 429 && a.Header.Get("Retry-After") == "1" }},
		{"easylink/refund:truncate=1", true, func(a jeepay) bool { return errors.Is(a.Err, io.ErrUnexpectedEOF) && a.Raw != "" && a.Status == 200 }},
		{"easylink/refund:html=1", true, func(a jeepay) bool { return a.Status == 200 && strings.HasPrefix(a.Raw, "<!doctype html>") }},
		{"easylink/refund:bad-sign=1", true, func(a jeepay) bool { return a.Code == "0" && !a.Signed && strings.Contains(a.Raw, `"sign":`) }},
		{"easylink/refund:no-sign=1", true, func(a jeepay) bool { return a.Code == "0" && !strings.Contains(a.Raw, `"sign":`) }},
		{"easylink/refund:other-key=1", true, func(a jeepay) bool { return a.Code == "0" && !a.Signed && strings.Contains(a.Raw, `"sign":`) }},
		{"easylink/refund:wrong-echo=1", true, func(a jeepay) bool { return a.Code == "0" && a.Signed && a.Data["mchRefundNo"] != "R_1" }},
		{"easylink/refund:delay=50ms=1", true, func(a jeepay) bool { return a.Code == "0" && a.Signed }},
		{"easylink/refund:clock=+10m=1", true, func(a jeepay) bool {
			date, err := http.ParseTime(a.Header.Get("Date"))
			return a.Code == "0" && err == nil && time.Until(date) > 9*time.Minute
		}},
		{"*:bad-sign=1", true, func(a jeepay) bool { return !a.Signed }},
		{"payermax/*:html", true, func(a jeepay) bool { return a.Code == "0" && a.Signed }},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			_, l := startEasyLink(t, sandbox.Options{Speed: 1, Faults: []string{c.fault}})
			if a := l.refund("R_1", 100); !c.saw(a) {
				t.Errorf("%+v", a)
			}
			if r := find(l.get("refunds"), "refund_no", "R_1"); (r != nil) != c.decided {
				t.Errorf("decided: %v", r)
			}
			if list := l.get("requests"); len(list) != 1 || list[0]["gateway"] != "easylink" || list[0]["operation"] != "refund" || list[0]["accepted"] != c.decided {
				t.Errorf("%v", list)
			}
			// The number is not taken a second time, and says why.
			a := l.refund("R_1", 100)
			if !c.decided && a.Code != "0" || c.decided && (a.Code != "9999" || !strings.Contains(a.Msg, "在途")) {
				t.Errorf("the second time: %+v", a)
			}
		})
	}
}

// TestEasyLinkRefusalsUseUpNoFault: what nobody signs cannot be spoilt.
func TestEasyLinkRefusalsUseUpNoFault(t *testing.T) {
	_, l := startEasyLink(t, sandbox.Options{Speed: 1, Faults: []string{
		"easylink/refund:lose-answer=1", "easylink/refund:wrong-echo=1", "easylink/query:bad-sign=1", "easylink/order:no-sign=1", "easylink/close:other-key=1",
	}})
	if a := l.refund("R_1", 100_000); a.Code != "9999" || a.Data != nil || strings.Contains(a.Raw, "sign") {
		t.Errorf("%+v", a)
	}
	if a := l.refund("R_1", 100); a.Err == nil {
		t.Errorf("%+v", a)
	}
	for range 2 {
		if a := l.query("none"); a.Code != "9999" || len(a.Raw) == 0 {
			t.Errorf("%+v", a)
		}
	}
	if a := l.query("R_1"); a.Code != "0" || a.Signed {
		t.Errorf("%+v", a)
	}
	if a := l.query("R_1"); a.Code != "0" || !a.Signed {
		t.Errorf("%+v", a)
	}
	if a := l.order("SO20260301000001"); a.Code != "0" || a.Signed {
		t.Errorf("%+v", a)
	}
}

func TestEasyLinkRateOfFaults(t *testing.T) {
	_, l := startEasyLink(t, sandbox.Options{Seed: 4, Faults: []string{"easylink/query:status=503=0.5"}})
	struck := 0
	for range 60 {
		if l.query("none").Status == 503 {
			struck++
		}
	}
	if struck < 15 || struck > 45 {
		t.Errorf("struck %d of 60 at a rate of 0.5", struck)
	}
}

// form checks a callback over every field of it that is not empty.
func (l linked) form(body []byte) (f url.Values, valid bool) {
	l.t.Helper()
	f, err := url.ParseQuery(string(body))
	if err != nil {
		l.t.Fatal(err)
	}
	members := map[string]any{}
	for name := range f {
		members[name] = f.Get(name)
	}
	return f, len(f["sign"]) == 1 && f.Get("sign") == l.sign(members)
}

// TestEasyLinkCallbacks covers F9 and F10 over the wire.
func TestEasyLinkCallbacks(t *testing.T) {
	deaf, good := listen(t, "success\n"), listen(t, "success")
	_, l := startEasyLink(t, sandbox.Options{Speed: 3000})
	l.refund("R_1", 100, "notifyUrl", deaf.URL+"/hooks")
	until(t, "six attempts", func() bool { return len(deaf.all()) == 6 })
	f, valid := l.form(deaf.all()[0].body)
	if !valid || f.Get("mchRefundNo") != "R_1" || f.Get("state") != "2" || len(f.Get("reqTime")) != 13 {
		t.Errorf("%v", f)
	}
	for _, got := range deaf.all() {
		if string(got.body) != string(deaf.all()[0].body) {
			t.Errorf("%s, first %s", got.body, deaf.all()[0].body)
		}
	}
	l.refund("R_2", 100, "notifyUrl", good.URL)
	until(t, "the acknowledged one", func() bool { return len(good.all()) == 1 })
	for tamper, right := range map[string]bool{"": true, "bad-sign": false, "no-sign": false, "other-key": false, "amount": false, "double-sign": false, "wrong-echo": true, "other-merchant": true} {
		before := len(good.all())
		sent := l.merchant.post(http.StatusOK, "callbacks/R_2/send", fmt.Sprintf(`{"tamper":%q,"age":"72h"}`, tamper))
		if f, valid := l.form(good.all()[before].body); sent["acknowledged"] != true || valid != right {
			t.Errorf("%q: %v %v", tamper, sent, f)
		}
	}
}

// TestEasyLinkCallbackFaults covers F9 and F12: twice, in the wrong order, a
// failure after a success, and before the answer.
func TestEasyLinkCallbackFaults(t *testing.T) {
	h := listen(t, "success")
	_, l := startEasyLink(t, sandbox.Options{Speed: 600, Faults: []string{"easylink/refund:duplicate-callback=1"}})
	l.refund("R_1", 100, "notifyUrl", h.URL)
	until(t, "two equal ones", func() bool { return len(h.all()) == 2 })
	if string(h.all()[0].body) != string(h.all()[1].body) {
		t.Error("they differ")
	}
	l.merchant.post(http.StatusOK, "faults", `["easylink/refund:late-failure=1","easylink/callback:reorder-callback=1"]`)
	l.refund("R_2", 100, "notifyUrl", h.URL)
	until(t, "both of them", func() bool { return len(h.all()) == 4 })
	for i, state := range []string{"3", "2"} {
		if f, valid := l.form(h.all()[2+i].body); !valid || f.Get("state") != state || f.Get("mchRefundNo") != "R_2" {
			t.Errorf("%v", f)
		}
	}
	if r := find(l.get("refunds"), "refund_no", "R_2"); r["status"] != "failed" || r["moved"] != 1.0 {
		t.Errorf("%v", r)
	}
	l.merchant.post(http.StatusOK, "faults", `["easylink/refund:delay=10m=1"]`)
	l.merchant.post(http.StatusOK, "switches", `{"easylink/new_refund_state":"2"}`)
	l.client.Timeout = time.Second
	done := make(chan jeepay, 1)
	go func() { done <- l.refund("R_3", 100, "notifyUrl", h.URL) }()
	until(t, "the callback before the answer", func() bool { return len(h.all()) == 5 })
	if a := <-done; a.Err == nil {
		t.Errorf("%+v", a)
	}
}

// TestEasyLinkStayPending closes what is never resolved, unless a person settles
// it before.
func TestEasyLinkStayPending(t *testing.T) {
	_, l := startEasyLink(t, sandbox.Options{Speed: 1, Faults: []string{"easylink/refund:stay-pending"}})
	l.refund("R_1", 100)
	if r := find(l.get("refunds"), "refund_no", "R_1"); r["status"] != "pending" {
		t.Errorf("%v", r)
	}
	if r := l.merchant.post(http.StatusOK, "refunds/R_1/settle", `{"status":"success"}`); r["status"] != "success" || r["moved"] != 1.0 {
		t.Errorf("%v", r)
	}
	l.merchant.post(http.StatusOK, "switches", `{"easylink/new_refund_state":"0"}`)
	if a := l.refund("R_2", 100); a.Code != "9999" || find(l.get("refunds"), "refund_no", "R_2")["status"] != "unknown" {
		t.Errorf("%+v", a)
	}
	if r := l.merchant.post(http.StatusOK, "refunds/R_2/settle", `{"status":"success"}`); r["status"] != "success" || r["moved"] != 1.0 {
		t.Errorf("%v", r)
	}
	_, l = startEasyLink(t, sandbox.Options{Speed: 100_000, Faults: []string{"easylink/refund:stay-pending"}})
	l.refund("R_1", 100)
	until(t, "the timer", func() bool { return l.query("R_1").Data["state"] == json.Number("4") })
	if r := find(l.get("refunds"), "refund_no", "R_1"); r["status"] != "closed" || r["moved"] != 0.0 {
		t.Errorf("%v", r)
	}
}

// TestEasyLinkCapturedRequestsOverTheWire replays what the vendor's own code
// sends, and the same with one digit changed.
func TestEasyLinkCapturedRequestsOverTheWire(t *testing.T) {
	raw, err := os.ReadFile("easylink/testdata/easylink.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Request []struct {
			ID, Endpoint, Key, Body string
			Sign                    string `json:"server_sign"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Request) == 0 {
		t.Fatal(err)
	}
	_, l := startEasyLink(t, sandbox.Options{})
	for _, c := range file.Request {
		if c.Key != string(l.key) {
			continue
		}
		body := strings.TrimSuffix(c.Body, "}") + `,"sign":"` + c.Sign + `"}`
		if a := l.post(c.Endpoint, "application/json", body); a.Status != 200 || a.Code == "" || a.Code == "11" || strings.Contains(a.Msg, "验签") {
			t.Errorf("%s: %+v", c.ID, a)
		}
		if a := l.post(c.Endpoint, "application/json", strings.Replace(body, "1772323200123", "1772323200124", 1)); a.Code != "9999" || a.Msg != "验签失败" {
			t.Errorf("%s altered: %+v", c.ID, a)
		}
	}
	if r := find(l.get("refunds"), "refund_no", "RF1"); r["amount"] != "12.50" || r["gateway"] != "easylink" {
		t.Errorf("%v", r)
	}
}

func TestEasyLinkPaymentPage(t *testing.T) {
	h := listen(t, "success")
	_, l := startEasyLink(t, sandbox.Options{})
	a := l.call("/api/pay/unifiedOrder", map[string]any{
		"mchOrderNo": "N1", "wayCode": "UP_OP", "amount": 8800, "currency": "HKD", "subject": "Mug", "body": "b", "notifyUrl": h.URL,
		"channelExtra": `{"accNo":"4111111111111111"}`,
	})
	address, _ := a.Data["payData"].(string)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("choice=success"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, text := fetch(t, l.merchant, req); status != 200 || !strings.Contains(text, "paid") {
		t.Errorf("%d %s", status, text)
	}
	if a = l.order("N1"); a.Data["state"] != json.Number("2") || a.Data["wayCode"] != "UP_OP" || !a.Signed {
		t.Errorf("%+v", a)
	}
	until(t, "the callback", func() bool { return len(h.all()) == 1 })
	if f, valid := l.form(h.all()[0].body); !valid || f.Get("mchOrderNo") != "N1" || f.Get("amount") != "8800" {
		t.Errorf("%v", f)
	}
	// S16 for the record of calls.
	form := url.Values{"channelExtra": {`{"accNo": "4111111111111111"}`}}
	l.post("/api/pay/unifiedOrder", "application/x-www-form-urlencoded", form.Encode())
	l.post("/api/pay/unifiedOrder", "application/json", `{"channelExtra":{"accNo":4111111111111111}}`)
	if _, raw := l.do(http.MethodGet, "requests", ""); strings.Contains(string(raw), "4111111111111111") || strings.Count(string(raw), "accNo") != 3 {
		t.Errorf("%s", raw)
	}
}

// TestOrdersAreSharedOut: --orders is the number at all gateways together.
func TestOrdersAreSharedOut(t *testing.T) {
	s, m := start(t, sandbox.Options{Seed: 3, Orders: 500})
	counts := map[string]int{}
	var last time.Time
	for _, o := range s.Truth().Orders {
		counts[o.Gateway]++
		if o.CreatedAt.Before(last) {
			t.Errorf("order %s of %v comes after one of %v", o.OrderNo, o.CreatedAt, last)
		}
		last = o.CreatedAt
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	if total != 500 || counts["payermax"] < counts["easylink"]*2 || counts["easylink"] < 80 {
		t.Errorf("%v", counts)
	}
	if o := find(m.get("orders"), "order_no", "SO20260301000001"); o == nil {
		t.Error("a fixed order is missing")
	}
	o := m.post(http.StatusOK, "orders", `{"gateway":"easylink","order_no":"H1","amount":"12.50"}`)
	if o["currency"] != "HKD" || o["amount"] != "12.50" || o["gateway"] != "easylink" || len(fmt.Sprint(o["gateway_order_no"])) != 20 {
		t.Errorf("%v", o)
	}
}
