package paycools_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/protocol"
)

// signedAt is the moment that the vectors with a timestamp name.
var signedAt = time.UnixMilli(1772323200123)

// capturedRequest is a vector as it comes in at its moment.
func (b *bank) capturedRequest(c captured) protocol.Request {
	body := strings.TrimSuffix(c.JSON, "}") + `,"sign":"` + c.Sign + `"}`
	if c.Body != "" {
		body = c.Body
	}
	if c.Query != "" {
		body = ""
	}
	method := c.Method
	if method == "" {
		method = http.MethodPost
	}
	req := b.raw(method, c.Path, c.Query, body)
	req.Now = signedAt
	return req
}

// TestCapturedRequestsAreAccepted replays the requests of the vectors, signed
// with either key, each against its own gateway.
func TestCapturedRequestsAreAccepted(t *testing.T) {
	paths := map[string]string{"V01": "/api/v2/checkout/generate", "V02": "/api/v2/checkout/query", "G01": "/open-api/payment/refund"}
	n, tried := 0, map[string]int{}
	for _, group := range []string{"request_sign", "request_sign_v2", "group_sign"} {
		for _, c := range capturedOf(t, group) {
			if path, ok := paths[c.ID]; ok {
				c.Path = path
			}
			if c.Path == "" {
				continue // a text only
			}
			n++
			b := open(t)
			if c.ID == "V02" {
				b.order(book.Order{OrderNo: "SO20260301000001", InternalNo: "CH1"})
			}
			a := b.send(b.capturedRequest(c))
			if !a.Accepted || a.Raw.Status != http.StatusOK {
				t.Errorf("%s %s: %s", c.ID, c.Path, a.Raw.Body)
			}
			for _, change := range alterations(group) {
				req := b.capturedRequest(c)
				carrier := string(req.Body)
				if c.Query != "" {
					carrier = req.Query
				}
				altered := strings.Replace(carrier, change[0], change[1], 1)
				if altered == carrier {
					continue
				}
				if req.Body = []byte(altered); c.Query != "" {
					req.Body, req.Query = nil, altered
				}
				if a := b.send(req); (a.Code != "1003" && a.Code != "21001") || a.Accepted {
					t.Errorf("%s, %s: %s", c.ID, change[0], a.Raw.Body)
				}
				tried[c.ID]++
			}
			if tried[c.ID] < 2 {
				t.Errorf("%s was altered in %d ways", c.ID, tried[c.ID])
			}
		}
	}
	if n != 10 {
		t.Errorf("%d requests", n)
	}
}

// alterations are what is replaced in a request, and by what.
func alterations(group string) [][2]string {
	out := [][2]string{{"0,", "1,"}, {"C12026", "C12027"}, {"mch", "Mch"}, {`=="`, `"`}, {"%3D%3D", ""}, {"sign=", "sign=A"}, {`"sign":"`, `"sign":"A`}, {`"sign": "`, `"sign": "A`}}
	if group == "group_sign" {
		return out // only param is signed
	}
	return append(out, [2]string{"{", `{"x":"1",`}, [2]string{"appId=", "x=1&appId="})
}

func TestRequestsThatMustBeRefused(t *testing.T) {
	for _, c := range capturedOf(t, "request_reject") {
		b := open(t)
		if a := b.send(b.capturedRequest(c)); a.Doc["code"] != json.Number("1003") || c.Code != 1003 {
			t.Errorf("%s: %s", c.ID, a.Raw.Body)
		}
	}
}

// TestOtherSignatureRules walks the points on which the documents differ.
func TestOtherSignatureRules(t *testing.T) {
	legacy := capturedOf(t, "legacy_sha1_rsa")[0]
	legacy.Path = refundPath
	for digest, code := range map[string]string{"sha256": "1003", "sha1": "1009", "both": "1009"} { // it has no callback address
		b := open(t)
		b.set("request_digest", digest)
		if a := b.send(b.capturedRequest(legacy)); a.Code != code {
			t.Errorf("%s: %s", digest, a.Raw.Body)
		}
	}
	c := capturedOf(t, "request_sign_v2")[0]
	c.Path = "/api/v2/checkout/generate"
	for form, want := range map[string][2]bool{"appId+param": {true, false}, "param": {false, true}, "both": {true, true}} {
		b := open(t)
		b.set("checkout_sign", form)
		bare := c
		bare.Body = strings.Replace(c.Body, c.Sign, c.Bare, 1)
		got := [2]bool{b.send(b.capturedRequest(c)).Code != "1003", b.send(b.capturedRequest(bare)).Code != "1003"}
		if got != want {
			t.Errorf("%s: %v", form, got)
		}
	}
}

// TestParametersOfPaths signs a parameter of the path, or not, and sends it in
// the query, or not (paycools: section 3.1).
func TestParametersOfPaths(t *testing.T) {
	b := open(t)
	const path = "/api/v1/payment/C1"
	full, bare := flat{"appId": paycools.AppID, "transactionId": "C1"}, flat{"appId": paycools.AppID}
	for name, c := range map[string]struct{ sent, signed flat }{
		"both": {full, full}, "signed only": {bare, full}, "sent only": {full, bare}, "neither": {bare, bare},
	} {
		query := url.Values{"sign": {b.sign(c.signed.text())}}
		for k, v := range c.sent {
			query.Set(k, v)
		}
		if a := b.send(b.raw(http.MethodGet, path, query.Encode(), "")); !a.Accepted || a.Data["transactionId"] != "C1" {
			t.Errorf("%s: %s", name, a.Raw.Body)
		}
		if a := b.send(b.raw(http.MethodGet, "/api/v1/payment/C2", query.Encode(), "")); a.Accepted {
			t.Errorf("%s for another payment: %s", name, a.Raw.Body)
		}
	}
	body := full.with("sign", b.sign(full.text())).object()
	if a := b.send(b.raw(http.MethodGet, path, "", body)); !a.Accepted {
		t.Errorf("in a body: %s", a.Raw.Body)
	}
}

// TestOrderOfChecks spoils several things at once: what is checked first is what
// is said (paycools: section 13).
func TestOrderOfChecks(t *testing.T) {
	b := open(t)
	b.set("merchant", "unavailable")
	b.set("ip_check", "refuse")
	bad := refundOf("R1", "none", "-1")
	request := func(appID, signature string) answer {
		f := bad.with("appId", appID)
		if signature == "" {
			signature = b.sign(f.text())
		}
		return b.send(b.raw(http.MethodPost, refundPath, "", f.with("sign", signature).object()))
	}
	check := func(code string, a answer) {
		t.Helper()
		if a.Code != code || a.Doc["message"] == "" {
			t.Errorf("%s, want %s", a.Raw.Body, code)
		}
	}
	check("1001", request("other", "x"))
	check("1001", request("", "x"))
	check("1002", request(paycools.AppID, "x"))
	b.set("ip_check", "off")
	check("1003", request(paycools.AppID, "x"))
	check("1003", request(paycools.AppID, strings.Repeat("0", 512)))
	check("1004", request(paycools.AppID, ""))
	b.set("merchant", "institution-unavailable")
	check("1005", request(paycools.AppID, ""))
	b.set("merchant", "available")
	check("1501", request(paycools.AppID, ""))
	bad = bad.with("refundCallbackUrl", "no address")
	check("1009", request(paycools.AppID, ""))
	check("1009", b.send(b.raw(http.MethodPost, refundPath, "", "hello")))
	check("1009", b.send(b.raw(http.MethodPost, refundPath, "", `{"appId":"a","appId":"b"}`)))
	check("1009", b.send(b.raw(http.MethodPost, refundPath, "", `{"appId":{"a":1}}`)))
	form := b.raw(http.MethodPost, refundPath, "", bad.object())
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	check("1009", b.send(form))
	packed := b.raw(http.MethodPost, refundPath, "", bad.object())
	packed.Header.Set("Content-Encoding", "gzip")
	check("1009", b.send(packed))
	b.set("rate_limit", "1")
	b.call("/api/v1/account/checkBalance", flat{})
	check("1013", b.call("/api/v1/account/checkBalance", flat{}))
}

// TestGroupSaysItInItsOwnCodes walks section 4.3.
func TestGroupSaysItInItsOwnCodes(t *testing.T) {
	b := open(t)
	const path = "/open-api/payment/refund"
	req := b.request(path, refundOf("R1", "C1", "100"))
	req.Body = []byte(strings.Replace(string(req.Body), paycools.AppID, "other", 1))
	if a := b.send(req); a.Code != "21003" {
		t.Errorf("%s", a.Raw.Body)
	}
	req = b.request(path, refundOf("R1", "C1", "100"))
	req.Body = []byte(strings.Replace(string(req.Body), `\"100`, `\"101`, 1))
	req.Body = []byte(strings.Replace(string(req.Body), `:100`, `:101`, 1))
	if a := b.send(req); a.Code != "21001" {
		t.Errorf("%s", a.Raw.Body)
	}
	for name, value := range map[string][2]string{"ip_check": {"refuse", "21016"}, "merchant": {"unavailable", "21004"}, "funds": {"empty", "21014"}, "channel_rule": {"none", "1507"}} {
		b = open(t)
		b.set(name, value[0])
		b.want(value[1], path, refundOf("R1", "C1", "100"))
	}
	b = open(t)
	b.want("21006", path, refundOf("R1", "none", "100"))
	b.want("21010", path, refundOf("R1", "C1", "0"))
	b.want("21002", path, refundOf("R-1", "C1", "100"))
	b.want("21008", path, refundOf("R1", "C1", "100").with("timestamp", "soon"))
	b.want("21009", path, refundOf("R1", "C1", "100").with("timestamp", stamp(now.Add(-121*time.Second))))
	b.want("10000", path, refundOf("R1", "C1", "100"))
	b.want("21007", path, refundOf("R1", "C1", "100"))
	b.set("ip_check", "off")
}

// TestTimestamps are valid for two minutes, as numbers and as text.
func TestTimestamps(t *testing.T) {
	for offset, good := range map[time.Duration]bool{0: true, 119 * time.Second: true, -119 * time.Second: true, 121 * time.Second: false, -121 * time.Second: false} {
		b := open(t)
		list := flat{"createDate": "2026-11-22", "page": "1", "timestamp": stamp(now.Add(offset))}
		query := flat{"userId": "U-0420", "timestamp": stamp(now.Add(offset))}
		checkout := flat{"mchOrderId": "none", "timestamp": stamp(now.Add(offset))}
		for path, c := range map[string]struct {
			f          flat
			fine, late string
		}{
			"/api/v1/record/paymentList":            {list, "1000", "1009"},
			"/api/jt/direct/debit/token/query":      {query, "1000", "1009"},
			"/api/v2/checkout/query":                {checkout, "1008", "1009"},
			"/open-api/payment/query":               {checkout, "21006", "21009"},
			"/open-api/direct/debit/token/query":    {query, "10000", "21009"},
			"/api/v1/direct/debit/token/query":      {query, "1000", "1009"},
			"/open-api/jt/direct/debit/token/query": {query, "10000", "21009"},
		} {
			code := c.late
			if good {
				code = c.fine
			}
			b.want(code, path, c.f)
		}
	}
	b := open(t)
	b.set("timestamp_window", "0")
	b.want("1000", "/api/v1/record/paymentList", flat{"createDate": "2026-11-22", "page": "1", "timestamp": "1"})
	b.want("1009", "/api/v1/record/paymentList", flat{"createDate": "2026-11-22", "page": "1", "timestamp": "x"})
}

func TestPaths(t *testing.T) {
	b := open(t)
	for path, want := range map[string]string{
		"/api/payment/refund": "refund", "/api/refund/payments": "query", "/api/v1/account/checkBalance": "balance", "/api/v1/record/paymentList": "statement",
		"/api/v1/record/payoutList": "statement", "/api/v1/payment": "create", "/api/v1/payment/C1": "order", "/api/v2/checkout/generate": "create",
		"/api/v2/checkout/query": "order", "/api/v2/checkout/close": "close", "/api/v2/checkout/channel": "order", "/open-api/payment/refund": "refund",
		"/open-api/refund/payments": "query", "/open-api/payment/query": "order", "/open-api/payment/checkout/generate": "create",
		"/api/jt/direct/debit/token/query": "tokens", "/api/jt/direct/debit/token/cancel": "unbind", "/api/jt/direct/debit/pay": "create",
		"/api/jt/direct/debit/query": "order", "/open-api/jt/direct/debit/pay": "create", "/open-api/direct/debit/token/cancel": "unbind",
		"/api/v1/qrcode": "create", "/api/v1/qrcode/Q1": "order", "/api/v1/qrcode/Q1/payments": "order", "/api/v1/qrcode/cancel": "close",
		paycools.Base + "/api/payment/refund": "refund", paycools.Base + paycools.Base + "/api/payment/refund": "",
		"/api/v1/payment/": "", "/api/v1/payment/{}": "", "/api/v1/payment/C1/x": "", "/": "", "": "", "/refund": "", "/api/payment/refund/": "", "/Api/payment/refund": "",
		"/api/refund/refundOrder": "", "/api/pay/query": "", "/api/v1/refund/payments": "",
	} {
		got, ok := b.Protocol.Route(path)
		if ok != (want != "") || (ok && got != want) {
			t.Errorf("%s: %q %v", path, got, ok)
		}
	}
	for path, method := range map[string]string{refundPath: http.MethodGet, "/api/refund/payments": http.MethodPost} {
		if a := b.send(b.raw(method, path, "", "")); a.Raw.Status != http.StatusMethodNotAllowed || a.Accepted || a.Raw.Header.Get("Allow") == "" {
			t.Errorf("%s %s: %d", method, path, a.Raw.Status)
		}
	}
}

// TestEnvelopeInOtherForms are the spellings that a client must bear.
func TestEnvelopeInOtherForms(t *testing.T) {
	b := open(t)
	b.set("code_as", "text")
	b.set("message_member", "msg")
	b.set("extra_members", "yes")
	a := b.call("/api/v1/account/checkBalance", flat{})
	if a.Doc["code"] != "1000" || a.Doc["msg"] != "success" || a.Doc["message"] != nil || a.Doc["brandNewField"] == nil {
		t.Errorf("%s", a.Raw.Body)
	}
	b = open(t)
	b.want("1", "/api/v2/checkout/channel", flat{})
	b.set("checkout_code", "1000")
	if a := b.call("/api/v2/checkout/channel", flat{}); a.Code != "1000" || len(a.List) == 0 {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestForcedCodes answers what a switch says, with and without carrying the call
// out (paycools: sections 4.1 and 4.2, 1018 and 1503).
func TestForcedCodes(t *testing.T) {
	b := open(t)
	b.set("forced_code", "1503")
	if a := b.call(refundPath, refundOf("R1", "C1", "100")); a.Code != "1503" || a.Accepted || b.theRefund("R1").RefundNo != "" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("forced_recorded", "yes")
	if a := b.call(refundPath, refundOf("R1", "C1", "100")); a.Code != "1503" || a.Doc["data"] != nil || b.theRefund("R1").RefundNo != "R1" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("1515", refundPath, refundOf("R1", "C1", "100"))
	b.want("1000", "/api/v1/account/checkBalance", flat{})
	b.set("forced_on", "*")
	if a := b.call("/api/v1/account/checkBalance", flat{}); a.Code != "1503" {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestUnwritableBookIsUnknown shows that a decision that could not be stored was
// not taken, and that its cause stays inside.
func TestUnwritableBookIsUnknown(t *testing.T) {
	b := open(t)
	if err := b.book.Close(); err != nil {
		t.Fatal(err)
	}
	if a := b.want("1018", refundPath, refundOf("R1", "C1", "100")); strings.Contains(string(a.Raw.Body), "book") {
		t.Errorf("%s", a.Raw.Body)
	}
}

func TestForeignKeysAreRefused(t *testing.T) {
	for _, file := range []string{paycools.MerchantPublic, paycools.MerchantPublic4096, paycools.CallbackSecret, paycools.PlatformPrivate} {
		keys, err := paycools.TestKeys()
		if err != nil {
			t.Fatal(err)
		}
		for i := range keys {
			if keys[i].File == file {
				keys[i].Text = []byte("\n")
			}
		}
		if _, err := paycools.New(book.Memory(nil), keys); client.ClassOf(err) != client.ClassConfig || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if _, err := paycools.New(book.Memory(nil), nil); client.ClassOf(err) != client.ClassConfig {
		t.Errorf("%v", err)
	}
}
