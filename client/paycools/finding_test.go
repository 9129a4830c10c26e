package paycools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/wiretest"
	"paydesk/client/secret"
)

// TestFindingOfCallbacks keeps what was found out about a digest that is missing
// or wrong, and nothing about one that is right.
func TestFindingOfCallbacks(t *testing.T) { // covers F10
	c := reader(t)
	good := string(signedCallback(t, refundCallback))
	signature := good[strings.LastIndex(good, `"sign":"`)+8 : len(good)-2]
	hot := `{"remark":"card 4242 4242 4242 4242 ` + callbackSecret + `","` + callbackSecret + `":1,"cvv":"CANARY","data":{"cardNo":"CANARY"},"mchRefundOrderId":"RF1","sign":"` + callbackSecret + `"}`
	for name, tc := range map[string]struct {
		body, reason, text string // text: "" as the inspector shows it
		different          int
	}{
		"forged body":    {with(t, good, "10000", "10001"), "does not match", "", 0},
		"wrong key":      {with(t, good, signature, sign.SignSHA1("x=1", []byte("other"))), "does not match", "", 0},
		"all but an end": {with(t, good, signature[36:], "zzzz"), "not 40 hexadecimal digits", "", 36},
		"empty included": {with(t, good, `"late","sign":"`+signature, `"","sign":"`+sign.SignSHA1(emptied(t), []byte(callbackSecret))), "made over the empty members included", "", 0},
		"missing":        {refundCallback, "no signature given", "", -1},
		"no text":        {with(t, good, `"`+signature+`"`, "1"), "no signature given", "", -1},
		"doubled":        {with(t, good, `"sign"`, `"sign":"0","sign"`), `occurs twice: "sign"`, "", -1},
		"group's form":   {`{"param":"{}","sign":"` + strings.Repeat("A", 344) + `"}`, "not 40 hexadecimal digits", "", 0},
		"secrets inside": {hot, "not 40 hexadecimal digits", `cvv=•••&data={"cardNo":"•••"}&mchRefundOrderId=RF1&•••=1&remark=card ····4242 •••&secret=•••`, 0},
	} {
		n := c.ReadCallback(nil, []byte(tc.body))
		text := wiretest.Finding(t, n.Signature, callbackSecret)
		if n.Verified || !strings.Contains(n.Signature.Reason, tc.reason) || (n.Signature.Different < 0) != (tc.different < 0) || tc.different > 0 && n.Signature.Different != tc.different {
			t.Errorf("%s: %s", name, text)
		}
		seen, err := Verify(PH, KindCallback, []byte(callbackSecret), []byte(tc.body), "")
		if err != nil || seen.SignedSHA256 != n.Signature.SignedSHA256 || tc.text == "" && seen.SignedText != n.Signature.SignedText || name != "secrets inside" && seen.Reason != n.Signature.Reason {
			t.Errorf("%s: %s, the inspector says %+v, %v", name, text, seen, err)
		}
		if tc.text != "" && n.Signature.SignedText != tc.text {
			t.Errorf("%s: %s", name, n.Signature.SignedText)
		}
	}
	for name, body := range map[string]string{
		"right":               good,
		"another application": string(signedCallback(t, with(t, refundCallback, `"refundReason"`, `"appId":"another","refundReason"`))),
	} {
		if n := c.ReadCallback(nil, []byte(body)); n.Signature != nil {
			t.Errorf("%s: %+v", name, *n.Signature)
		}
	}
	if n := c.ReadCallback(nil, []byte("[]")); n.Signature == nil || n.Signature.Reason == "" || n.Signature.SignedText != "" {
		t.Errorf("%+v", n.Signature)
	}
}

// emptied is the refund callback's text with its reason empty and yet included.
func emptied(t *testing.T) string {
	t.Helper()
	in, err := take([]byte(with(t, refundCallback, `"late"`, `""`)))
	if err != nil {
		t.Fatal(err)
	}
	return withEmpty(in.members)
}

// TestFindingOfGroupCallbacks is the same for the dialect that signs with a key.
func TestFindingOfGroupCallbacks(t *testing.T) { // covers F10
	keys := vectors(t).Keys
	platform := []byte(keys["a4096"].X509)
	group := reader(t, func(c *Config) { c.Dialect, c.PlatformKey = GROUP, platform })
	either := reader(t, func(c *Config) { c.PlatformKey = platform })
	body := func(param, key string) string {
		made, err := Sign(GROUP, KindCallback, []byte(keys[key].PKCS8), []byte(param))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(map[string]string{"param": param, "sign": made.Sign})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	good := body(refundCallback, "a4096")
	hot := `{"remark":"card 4242 4242 4242 4242 ` + callbackSecret + `","cvv":"CANARY"}`
	for name, tc := range map[string]struct{ body, reason, text string }{
		"forged body":    {with(t, good, "10000", "10001"), "this key made it, but over other bytes, whose SHA-256 is ", ""},
		"wrong key":      {body(refundCallback, "a2048"), "wrong length", ""},
		"missing":        {`{"param":"{\"a\":1}"}`, "no signature given", ""},
		"doubled":        {with(t, good, `"sign"`, `"sign":"x","sign"`), `occurs twice: "sign"`, ""},
		"no param":       {`{"a":1,"sign":"` + strings.Repeat("A", 684) + `"}`, "no signature given", ""},
		"secrets inside": {body(hot, "a2048"), "wrong length", `{"remark":"card ····4242 •••","cvv":"•••"}`},
	} {
		n := group.ReadCallback(nil, []byte(tc.body))
		text := wiretest.Finding(t, n.Signature, callbackSecret)
		if n.Verified || !strings.Contains(n.Signature.Reason, tc.reason) || n.Signature.Different != -1 {
			t.Errorf("%s: %s", name, text)
		}
		seen, err := Verify(GROUP, KindCallback, platform, []byte(tc.body), "")
		if err != nil || seen.SignedSHA256 != n.Signature.SignedSHA256 || tc.text == "" && (seen.SignedText != n.Signature.SignedText || seen.Reason != n.Signature.Reason) {
			t.Errorf("%s: %s, the inspector says %+v, %v", name, text, seen, err)
		}
		if tc.text != "" && n.Signature.SignedText != tc.text {
			t.Errorf("%s: %s", name, n.Signature.SignedText)
		}
	}
	for name, c := range map[string]*CallbackReader{"group": group, "either": either} {
		if n := c.ReadCallback(nil, []byte(good)); !n.Verified || n.Signature != nil {
			t.Errorf("%s: %+v", name, n)
		}
		if n := c.ReadCallback(nil, []byte(with(t, good, "10000", "10001"))); n.Verified || n.Signature == nil || !strings.Contains(n.Signature.Reason, "over other bytes") {
			t.Errorf("%s: %+v", name, n)
		}
		if n := c.ReadCallback(nil, []byte(body("[]", "a4096"))); n.Verified || n.Signature != nil {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

// TestAnswersHaveNoFinding: the gateway signs none, so nothing is missing.
func TestAnswersHaveNoFinding(t *testing.T) { // covers I7
	for _, dialect := range []string{PH, PH2, GROUP} {
		for name, a := range map[string]answer{
			"accepted": {body: accepted}, "of the group": {body: acceptedGroup}, "refused": code(1506), "ambiguous": {body: `{"code":1000,"code":1000}`},
			"with a sign": {body: with(t, accepted, `"message"`, `"sign":"x","message"`)}, "error page": {status: 500, body: "<html>"},
		} {
			g, _ := dialectWith(t, dialect, a)
			got, err := g.Refund(t.Context(), aRefund())
			x := &got.Exchange
			if err != nil {
				x = client.ExchangeOf(err)
			}
			if x.Signature != nil || x.Verified {
				t.Errorf("%s, %s: %+v", dialect, name, x)
			}
		}
	}
}

// TestPathSecretsAreNotKept sends a callback address in each dialect and lets the
// gateway repeat it wherever it may.
func TestPathSecretsAreNotKept(t *testing.T) { // covers S8
	const address, shown = "https://hooks.shop.example/callback/CANARY0kz5Y9mJw0bqQdC8h3vX1rT6uN2sLpEaFg", "https://hooks.shop.example/callback/•••"
	said := map[string]string{
		"echoed":        `{"code":%s,"message":"ok","data":{"mchRefundOrderId":"RF20261122000042","refundStatus":"PENDING","refundCallbackUrl":"` + address + `","remark":"` + address + `"}}`,
		"complained of": `{"code":1009,"message":"` + strings.Repeat("é", 150) + ` wrong: ` + address + `"}`,
		"in text":       `{"code":%s,"data":"{\"notifyUrl\":\"` + address + `\"}"}`,
		"cut":           `{"code":%s,"callbackUrl":"` + address[:50],
	}
	for _, dialect := range []string{PH, PH2, GROUP} {
		success := map[string]string{PH: "1000", PH2: "1000", GROUP: "10000"}[dialect]
		for name, body := range said {
			if strings.Contains(body, "%s") {
				body = fmt.Sprintf(body, success)
			}
			s := newStub(t, answer{body: body})
			s.dialect = dialect
			if dialect == PH2 {
				s.dialect = ""
			}
			var log bytes.Buffer
			g := connect(t, s.server.URL, func(c *Config) {
				c.Dialect, c.NotifyURL, c.RefundNotifyURL, c.OrderNotifyURL = dialect, secret.New([]byte(address)), "", ""
				c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			refund, order := aRefund(), anOrder()
			refund.NotifyURL, order.NotifyURL = "", ""
			got, err := g.Refund(t.Context(), refund)
			made, orderErr := g.CreateOrder(t.Context(), order)
			preview, previewErr := g.PreviewRefund(refund)
			if previewErr != nil || !strings.Contains(string(s.requests()[0].body), address) || !strings.Contains(string(s.requests()[1].body), address) {
				t.Fatalf("%v %s", previewErr, s.requests()[0].body)
			}
			all := wiretest.Everything(t, log.String(), preview, got.Exchange, made.Exchange, err, orderErr)
			if strings.Contains(all, "CANARY") || !strings.Contains(string(preview.Body), shown) || log.Len() == 0 {
				t.Errorf("%s, %s: %s", dialect, name, all)
			}
		}
	}
	n := reader(t).ReadCallback(nil, signedCallback(t, with(t, refundCallback, `"refundReason"`, `"callbackUrl":"`+address+`","refundReason"`)))
	if !n.Verified || strings.Contains(string(n.Body), "CANARY") {
		t.Errorf("%s", n.Body)
	}
	for _, wrong := range []string{address + strings.Repeat("x", 100), strings.Replace(address, "https", "ftp", 1)} {
		cfg := testConfig(t, "")
		cfg.RefundNotifyURL = wrong
		_, err := NewCallbackReader(cfg)
		if e := fault(t, err, client.ClassConfig, "refund_notify_url"); strings.Contains(e.Error(), "CANARY") {
			t.Error(e)
		}
	}
}
