package payermax_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
)

// TestCapturedRequestsAreAccepted replays what the vendor's own Go and Java
// libraries sent, at the moment that they name.
func TestCapturedRequestsAreAccepted(t *testing.T) {
	b := open(t)
	for _, c := range capturedRequests(t) {
		a := b.send(c.request(t, b))
		if a.Code != "APPLY_SUCCESS" || !a.Signed || a.Raw.Status != http.StatusOK {
			t.Errorf("%s %s: %s, signed %v", c.ID, c.Path, a.Raw.Body, a.Signed)
		}
	}
}

// TestAlteredCapturesAreRefused changes one thing of each.
func TestAlteredCapturesAreRefused(t *testing.T) {
	for _, c := range capturedRequests(t) {
		b := open(t)
		for name, alter := range map[string]struct {
			change func(r *protocol.Request)
			code   string
		}{
			"amount or number": {func(r *protocol.Request) { r.Body = bytes.Replace(r.Body, []byte(`"1.`), []byte(`"2.`), 1) }, "SIGN_VERIFY_FAILED"},
			"blank at the end": {func(r *protocol.Request) { r.Body = append(r.Body, ' ') }, "SIGN_VERIFY_FAILED"},
			"no signature":     {func(r *protocol.Request) { r.Header.Del("sign") }, "SIGN_VERIFY_FAILED"},
			"two signatures":   {func(r *protocol.Request) { r.Header.Add("sign", r.Header.Get("sign")) }, "SIGN_VERIFY_FAILED"},
			"no padding":       {func(r *protocol.Request) { r.Header.Set("sign", strings.TrimRight(r.Header.Get("sign"), "=")) }, "SIGN_VERIFY_FAILED"},
			"late":             {func(r *protocol.Request) { r.Now = r.Now.Add(121 * time.Second) }, "REQ_TIME_OVER_TIME"},
			"early":            {func(r *protocol.Request) { r.Now = r.Now.Add(-121 * time.Second) }, "REQ_TIME_OVER_TIME"},
			"bit":              {flipBit, "SIGN_VERIFY_FAILED"},
		} {
			req := c.request(t, b)
			alter.change(&req)
			if a := b.send(req); a.Code != alter.code || a.Accepted {
				t.Errorf("%s, %s: %s", c.ID, name, a.Raw.Body)
			}
		}
	}
}

func flipBit(r *protocol.Request) {
	raw, _ := base64.StdEncoding.DecodeString(r.Header.Get("sign"))
	raw[100] ^= 1
	r.Header.Set("sign", base64.StdEncoding.EncodeToString(raw))
}

func TestOtherTimesAndVersionsOfClients(t *testing.T) {
	b := open(t)
	for _, form := range []string{"2026-11-22T09:30:00.76Z", "2026-11-22T09:30:00Z", "2026-11-22T17:30:00+08:00", "2026-11-22T09:31:59.9999Z", "2026-11-22T09:28:00.000Z"} {
		text := strings.Replace(body(`{"outRefundNo":"RF_20261122_000001"}`), now.Format("2006-01-02T15:04:05.000Z07:00"), form, 1)
		if a := b.send(b.request("refundQuery", text)); !a.Accepted {
			t.Errorf("%s: %s", form, a.Raw.Body)
		}
	}
	for _, version := range []string{"1.1", "1.2", "1.4", "1.5", "12.34"} {
		text := strings.Replace(body(`{"outRefundNo":"RF_20261122_000001"}`), `"1.5"`, `"`+version+`"`, 1)
		if a := b.send(b.request("refundQuery", text)); !a.Accepted {
			t.Errorf("version %s: %s", version, a.Raw.Body)
		}
	}
}

// TestEnvelopeIsChecked walks the order of payermax: section 16.
func TestEnvelopeIsChecked(t *testing.T) {
	good := body(`{"outRefundNo":"RF_20261122_000001"}`)
	for _, c := range []struct{ name, old, new, code, says string }{
		{"no JSON", good, `hello`, "PARAMS_INVALID", "JSON"},
		{"empty", good, ``, "PARAMS_INVALID", "JSON"},
		{"list", good, `[]`, "PARAMS_INVALID", "JSON"},
		{"name twice", `"keyVersion":"1"`, `"keyVersion":"1","keyVersion":"1"`, "PARAMS_INVALID", "keyVersion"},
		{"version a number", `"version":"1.5"`, `"version":1.5`, "PARAMS_INVALID", "version must be a string"},
		{"version missing", `"version":"1.5",`, ``, "PARAMS_INVALID", "version is missing"},
		{"version a word", `"1.5"`, `"new"`, "PARAMS_INVALID", "version"},
		{"version too long", `"1.5"`, `"1.23456789"`, "PARAMS_INVALID", "version"},
		{"key version", `"keyVersion":"1"`, `"keyVersion":"2"`, "PARAMS_INVALID", "keyVersion"},
		{"time missing", `"requestTime":"2026-11-22T09:30:00.000Z",`, ``, "PARAMS_INVALID", "requestTime"},
		{"time in words", `2026-11-22T09:30:00.000Z`, `today`, "PARAMS_INVALID", "requestTime"},
		{"data missing", `,"data":{"outRefundNo":"RF_20261122_000001"}`, ``, "PARAMS_INVALID", "data"},
		{"data a text", `{"outRefundNo":"RF_20261122_000001"}`, `"x"`, "PARAMS_INVALID", "data"},
		{"app unknown", payermax.AppID, "00000000000000000000000000000000", "MERCHANT_APP_INVALID", ""},
		{"app missing", `"appId":"` + payermax.AppID + `",`, "", "PARAMS_INVALID", "appId"},
		{"merchant unknown", payermax.MerchantNo, "P01010000000778", "MERCHANT_INVALID", ""},
		{"merchant missing", `"merchantNo":"` + payermax.MerchantNo + `",`, "", "MERCHANT_INVALID", ""},
		{"provider without token", `"appId"`, `"spMerchantNo":"SP_PARENT_1","appId"`, "AUTHENTICATE_FAILED", ""},
	} {
		b := open(t)
		a := b.send(b.request("refundQuery", strings.Replace(good, c.old, c.new, 1)))
		if a.Code != c.code || a.Accepted || !a.Signed || a.Raw.Status != http.StatusOK || a.Doc["data"] != nil {
			t.Errorf("%s: %s, signed %v", c.name, a.Raw.Body, a.Signed)
		}
		if text, _ := a.Doc["msg"].(string); !strings.Contains(text, c.says) {
			t.Errorf("%s says %q", c.name, text)
		}
	}
}

func TestTransportIsChecked(t *testing.T) {
	b := open(t)
	good := body(`{"outRefundNo":"RF_20261122_000001"}`)
	for kind, accepted := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "application/json;charset=utf-8": true, "Application/JSON": true,
		"text/plain": false, "": false, "application/x-www-form-urlencoded": false,
	} {
		req := b.request("refundQuery", good)
		req.Header.Set("Content-Type", kind)
		if a := b.send(req); a.Accepted != accepted {
			t.Errorf("%q: %s", kind, a.Raw.Body)
		}
	}
	req := b.request("refundQuery", good)
	req.Header.Set("Content-Encoding", "gzip")
	if a := b.send(req); a.Code != "PARAMS_INVALID" {
		t.Errorf("packed: %s", a.Raw.Body)
	}
	req = b.request("refundQuery", good)
	req.Method = http.MethodGet
	if a := b.send(req); a.Raw.Status != http.StatusMethodNotAllowed || a.Accepted || len(a.Raw.Body) != 0 {
		t.Errorf("GET: %d %s", a.Raw.Status, a.Raw.Body)
	}
}

func TestPaths(t *testing.T) {
	b := open(t)
	for path, want := range map[string]string{
		"/refund": "refund", "/refundQuery": "query", "/orderQuery": "order", "/orderAndPay": "create", "/inquirePaymentToken": "tokens",
		"/removePaymentToken": "unbind", payermax.Base + "/refund": "refund", payermax.Base + payermax.Base + "/refund": "refund",
		payermax.Base + payermax.Base + payermax.Base + "/refund": "", "/": "", "refund": "", "/Refund": "", "/refund/": "", "/capture": "", "/x/refund": "",
	} {
		got, ok := b.Protocol.Route(path)
		if ok != (want != "") || (ok && got != want) {
			t.Errorf("%s: %q %v", path, got, ok)
		}
	}
}

func TestRateLimit(t *testing.T) {
	b := open(t)
	b.set("rate_limit", "2")
	for i, want := range []string{"APPLY_SUCCESS", "APPLY_SUCCESS", "TOO_MANY_REQUEST", "TOO_MANY_REQUEST"} {
		if a := b.call("refundQuery", `{"outRefundNo":"RF_20261122_000001"}`); a.Code != want {
			t.Errorf("call %d: %s", i+1, a.Code)
		}
	}
	req := b.request("refundQuery", body(`{"outRefundNo":"RF_20261122_000001"}`))
	req.Now = req.Now.Add(time.Second)
	if a := b.send(req); !a.Accepted {
		t.Errorf("a second later: %s", a.Code)
	}
}

// TestAnswerSignatures covers F6 and F7 at the gateway's end: every way to
// spoil an answer spoils exactly what it says.
func TestAnswerSignatures(t *testing.T) {
	for spoil, want := range map[protocol.Spoil]struct {
		signed  bool
		headers int
	}{
		0: {true, 1}, protocol.BadSign: {false, 1}, protocol.NoSign: {false, 0}, protocol.OtherKey: {false, 1}, protocol.DoubleSign: {false, 2}, protocol.WrongEcho: {true, 1},
	} {
		b := open(t)
		a := b.spoilt(b.request("refundQuery", body(`{"outRefundNo":"RF_20261122_000001"}`)), spoil)
		if a.Signed != want.signed || len(a.Raw.Header.Values("sign")) != want.headers {
			t.Errorf("%d: signed %v with %d headers", spoil, a.Signed, len(a.Raw.Header.Values("sign")))
		}
	}
	for form, want := range map[string]struct {
		signed  bool
		headers int
	}{"signed": {true, 1}, "unsigned": {false, 0}, "wrong": {false, 1}} {
		b := open(t)
		b.set("failure_sign", form)
		a := b.want("ORDER_NOT_EXIST", "refundQuery", `{"outRefundNo":"none"}`)
		if a.Signed != want.signed || len(a.Raw.Header.Values("sign")) != want.headers {
			t.Errorf("%s: signed %v with %d headers", form, a.Signed, len(a.Raw.Header.Values("sign")))
		}
		if a := b.want("APPLY_SUCCESS", "refundQuery", `{"outRefundNo":"RF_20261122_000001"}`); !a.Signed {
			t.Errorf("%s: an accepted answer is not signed", form)
		}
	}
}

// TestWrongEchoFalsifiesWhatClientsCompare checks each path's echo.
func TestWrongEchoFalsifiesWhatClientsCompare(t *testing.T) {
	for _, c := range []struct{ path, data, member string }{
		{"refund", `{"outRefundNo":"R_1","outTradeNo":"PO_TYPED_1","refundAmount":1,"refundCurrency":"USD"}`, "outRefundNo"},
		{"refundQuery", `{"outRefundNo":"RF_20261122_000001"}`, "refundAmount"},
		{"orderQuery", `{"outTradeNo":"PO_TYPED_1"}`, "totalAmount"},
		{"removePaymentToken", `{"userId":"u-5","paymentTokenID":"PMTOKEN20261101000000000000000001"}`, "paymentTokenID"},
		{"orderAndPay", `{"outTradeNo":"N1","integrate":"Hosted_Checkout","subject":"S","totalAmount":1,"currency":"USD","userId":"u","frontCallbackUrl":"http://x"}`, "outTradeNo"},
	} {
		good, bad := open(t), open(t)
		right := good.call(c.path, c.data)
		wrong := bad.spoilt(bad.request(c.path, body(c.data)), protocol.WrongEcho)
		if !right.Accepted || !wrong.Signed || right.Data[c.member] == nil || right.Data[c.member] == wrong.Data[c.member] {
			t.Errorf("%s: %v and %v", c.path, right.Data[c.member], wrong.Data[c.member])
		}
	}
	b := open(t)
	a := b.spoilt(b.request("inquirePaymentToken", body(`{"userId":"u-5","tokenScope":"tokenAcq"}`)), protocol.WrongEcho)
	list, _ := a.Data["tokenList"].([]any)
	if len(list) != 1 || list[0].(protocol.Object)["userId"] == "u-5" {
		t.Errorf("tokens: %s", a.Raw.Body)
	}
}

func TestCompressedAnswerIsSignedUnpacked(t *testing.T) {
	b := open(t)
	b.set("compressed", "gzip")
	req := b.request("refundQuery", body(`{"outRefundNo":"RF_20261122_000001"}`))
	if a := b.send(req); !a.Signed || a.Raw.Header.Get("Content-Encoding") != "" {
		t.Error("packed for a client that did not ask")
	}
	req.Header.Set("Accept-Encoding", "gzip")
	a := b.send(req)
	r, err := gzip.NewReader(bytes.NewReader(a.Raw.Body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	a.Raw.Body = plain
	if !b.valid(a.Raw) || a.Raw.Header.Get("Content-Encoding") != "gzip" {
		t.Error("the signature is not that of the unpacked text")
	}
}

func TestExtraMembersAndTexts(t *testing.T) {
	b := open(t)
	b.set("extra_members", "yes")
	b.set("numbers", "string")
	a := b.want("APPLY_SUCCESS", "orderQuery", `{"outTradeNo":"PO_TYPED_1"}`)
	if a.Doc["brandNewField"] == nil || a.Data["brandNewField"] == nil || a.Data["totalAmount"] != "42" || !a.Signed {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestUnwritableBookIsSystemError shows that a decision that could not be
// stored was not taken, and that its cause stays inside.
func TestUnwritableBookIsSystemError(t *testing.T) {
	b := open(t)
	if err := b.book.Close(); err != nil {
		t.Fatal(err)
	}
	a := b.want("SYSTEM_ERROR", "refund", `{"outRefundNo":"R_1","outTradeNo":"PO_TYPED_1","refundAmount":1,"refundCurrency":"USD"}`)
	if strings.Contains(string(a.Raw.Body), "book") {
		t.Errorf("%s", a.Raw.Body)
	}
}

func TestForeignKeysAreRefused(t *testing.T) {
	keys, err := payermax.TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	b := open(t)
	for i := range keys {
		if keys[i].File == payermax.MerchantPublic {
			keys[i].Text = []byte("no key")
		}
	}
	if _, err := payermax.New(b.book, keys); client.ClassOf(err) != client.ClassConfig || !strings.Contains(err.Error(), payermax.MerchantPublic) {
		t.Errorf("error %v", err)
	}
	if _, err := payermax.New(b.book, nil); client.ClassOf(err) != client.ClassConfig {
		t.Errorf("error %v", err)
	}
}
