package paycools

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/client/internal/strict"
)

const callbackSecret = "pc-test-callback-secret"

// signedCallback adds the signature of PH to a flat body.
func signedCallback(t *testing.T, body string) []byte {
	t.Helper()
	made, err := Sign("PH", KindCallback, []byte(callbackSecret), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.TrimSuffix(body, "}") + `,"sign":"` + made.Sign + `"}`)
}

const refundCallback = `{"eventName":"payment.refund.success","mchRefundOrderId":"RF1","refundTransactionId":"C4X1","originalTransactionId":"R9","refundAmount":10000,` +
	`"feeRefunded":1000,"refundStatus":"COMPLETE","refundCreateTime":"2026-11-22 17:00:00","refundReturnTime":"2026-11-22 17:01:00","refundReason":"late"}`

// reader is a reader of callbacks.
func reader(t *testing.T, tune ...func(*Config)) *CallbackReader {
	t.Helper()
	cfg := testConfig(t, "")
	cfg.MerchantKey = secretText("") // none is needed
	for _, f := range tune {
		f(&cfg)
	}
	c, err := NewCallbackReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReadRefundCallback(t *testing.T) { // covers I8; paycools: section 7
	c := reader(t)
	body := signedCallback(t, refundCallback)
	got := c.ReadCallback(nil, body)
	want := client.Notice{
		Kind: client.NoticeRefund, Gateway: "paycools", Event: "payment.refund.success", RefundNo: "RF1", GatewayRefundNo: "C4X1", GatewayOrderNo: "R9",
		Status: "success", Said: "COMPLETE", Amount: php(10000), At: manila("2026-11-22 17:01:00"), Verified: true, Body: body,
	}.Identified(body)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	const all = `success","mchRefundOrderId":"RF1","refundTransactionId":"C4X1","originalTransactionId":"R9","refundAmount":10000,"feeRefunded":1000,"refundStatus":"COMPLETE"`
	for name, c := range map[string]struct {
		old, new     string
		status, code string
		reason       string
	}{
		"event and state disagree":    {`"COMPLETE"`, `"FAILED","failedCode":"-10009"`, "failed", "-10009", "different things"}, // covers F9
		"failed":                      {all, `failed","mchRefundOrderId":"RF1","refundStatus":"FAILED","failedMessage":"no"`, "failed", "no", ""},
		"cancel with an unseen word":  {all, `cancel","mchRefundOrderId":"RF1","refundStatus":"REVOKED"`, "closed", "", ""},
		"unknown word":                {`"COMPLETE"`, `"REFUNDING"`, "unknown", "", "different things"},
		"unknown word and event":      {all, `new","refundTransactionId":"C4X1","refundStatus":"X"`, "unknown", "", ""},
		"amount in pesos":             {`10000`, `"100.5"`, "success", "", "amount"},
		"fee missing (older samples)": {`"feeRefunded":1000,`, ``, "success", "", ""},
	} {
		got := reader(t).ReadCallback(nil, signedCallback(t, with(t, refundCallback, c.old, c.new)))
		if !got.Verified || got.Kind != client.NoticeRefund || got.Status != c.status || got.FailCode != c.code || !strings.Contains(got.Reason, c.reason) || (got.Reason == "") != (c.reason == "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestReadOtherCallbacks(t *testing.T) { // paycools: sections 10.3, 10.4 and 11
	c := reader(t)
	for body, want := range map[string]client.Notice{
		`{"eventName":"h5.payment.success","mchOrderId":"SO1","transactionId":"C1","amount":150050,"transactionStatus":"COMPLETE","returnTime":"2026-11-22 17:01:00","remark":""}`: {
			Kind: client.NoticePayment, Event: "h5.payment.success", OrderNo: "SO1", GatewayOrderNo: "C1", Status: "paid", Said: "COMPLETE", Amount: php(150050), At: manila("2026-11-22 17:01:00"),
		},
		`{"eventName":"checkout.payment.failed","mchOrderId":"SO1","transactionId":"C1","amount":"x","transactionStatus":"FAILED","failedCode":-10001}`: {
			Kind: client.NoticePayment, Event: "checkout.payment.failed", OrderNo: "SO1", GatewayOrderNo: "C1", Status: "failed", Said: "FAILED", FailCode: "-10001",
			Reason: `its amount "x" cannot be read`,
		},
		`{"eventName":"qrcode.payment.failed","mchOrderId":"SO1","transactionId":"C1","transactionStatus":"COMPLETE"}`: {
			Kind: client.NoticePayment, Event: "qrcode.payment.failed", OrderNo: "SO1", GatewayOrderNo: "C1", Status: "paid", Said: "COMPLETE",
			Reason: `its event "qrcode.payment.failed" and its state "COMPLETE" say different things; the query decides`,
		},
		`{"eventName":"directdebit.payment.success","appId":"paycoolsTestApp0001","mchOrderId":"SO1","transactionId":"C1","paytoken":"tok","transactionStatus":"COMPLETED"}`: {
			Kind: client.NoticePayment, Event: "directdebit.payment.success", AppID: testApp, OrderNo: "SO1", GatewayOrderNo: "C1", Token: "tok", Status: "paid", Said: "COMPLETED",
		},
		`{"eventName":"token.cancel.success","userId":"u-5","requestId":"q","paytoken":"tok","tokenStatus":"INACTIVED","inactiveTime":"2026-11-22 17:01:00","inactiveType":"USER_CANCEL"}`: {
			Kind: client.NoticeToken, Event: "token.cancel.success", UserID: "u-5", Token: "tok", Status: "removed", Said: "INACTIVED", At: manila("2026-11-22 17:01:00"),
		},
		`{"eventName":"token.create.failed","userId":"u-5","tokenStatus":""}`: {Kind: client.NoticeOther, Event: "token.create.failed", UserID: "u-5", Reason: "it names no token"},
		`{"eventName":"payment.refund.success","refundStatus":"COMPLETE"}`:    {Kind: client.NoticeOther, Event: "payment.refund.success", Said: "COMPLETE", Reason: "it names no refund"},
		`{"eventName":"hello","x":1}`:                                         {Kind: client.NoticeOther, Event: "hello", Reason: "it names no order, refund or token"},
	} {
		signed := signedCallback(t, body)
		want.Gateway, want.Verified, want.Body = "paycools", true, signed
		if got := c.ReadCallback(nil, signed); !reflect.DeepEqual(got, want.Identified(signed)) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", body, got, want)
		}
	}
}

func TestForgedCallbacks(t *testing.T) { // covers F10, I7
	c := reader(t)
	good := string(signedCallback(t, refundCallback))
	sign := good[strings.LastIndex(good, `"sign"`):]
	for name, body := range map[string]string{
		"amount edited":       with(t, good, "10000", "10001"),
		"number respelt":      with(t, good, "10000", "1e4"),
		"number with a point": with(t, good, "10000", "10000.0"),
		"member added":        with(t, good, `"feeRefunded"`, `"x":1,"feeRefunded"`),
		"member removed":      with(t, good, `"feeRefunded":1000,`, ``),
		"name in odd case":    with(t, good, `"refundAmount"`, `"RefundAmount"`),
		"sign in odd case":    with(t, good, `"sign"`, `"Sign"`),
		"sign is a number":    with(t, good, sign, `"sign":1}`),
		"sign is null":        with(t, good, sign, `"sign":null}`),
		"sign cut":            with(t, good, sign, sign[:20]+`"}`),
		"no sign":             refundCallback,
		"sign doubled":        with(t, good, `"sign"`, `"sign":"0","sign"`),
		"status doubled":      with(t, good, `"refundStatus"`, `"refundStatus":"FAILED","refundStatus"`),
		"a form":              "hello=1&sign=2",
		"empty":               "",
		"a list":              "[]",
		"zeros":               with(t, good, sign, `"sign":"`+strings.Repeat("0", 40)+`"}`),
		"the group's form":    `{"param":"{}","sign":"` + strings.Repeat("A", 344) + `"}`,
		"another application": string(signedCallback(t, with(t, refundCallback, `"refundReason"`, `"appId":"another","refundReason"`))),
	} {
		got := c.ReadCallback(http.Header{"Sign": {"x"}}, []byte(body))
		if got.Verified || got.Reason == "" || got.Digest == "" || got.Amount != (client.Money{}) || got.Status != "" {
			t.Errorf("%s: %+v", name, got)
		}
		if strings.Contains(fmt.Sprintf("%+v %s %+v", got, got.Body, c), callbackSecret) { // covers S8
			t.Errorf("%s: the secret is in %+v", name, got)
		}
	}
	other := reader(t, func(c *Config) { c.CallbackSecret = secretText("another") })
	if got := other.ReadCallback(nil, []byte(good)); got.Verified || got.RefundNo != "RF1" {
		t.Errorf("%+v", got)
	}
}

func TestCallbackEvidence(t *testing.T) { // covers S16
	body := signedCallback(t, with(t, strings.Replace(refundCallback, "R9", "C4242424242424242", 1), "late", "card 4242 4242 4242 4242"))
	got := reader(t).ReadCallback(nil, body)
	if !got.Verified || strings.Contains(string(got.Body), "4242 4242") || !strings.Contains(string(got.Body), "C4242424242424242") || got.GatewayOrderNo != "C4242424242424242" {
		t.Errorf("%s", got.Body)
	}
}

func TestGroupCallbacks(t *testing.T) { // covers F10; paycools: section 3.5
	keys := vectors(t).Keys
	group := func(c *Config) {
		c.Dialect, c.PlatformKey, c.CallbackSecret = "group", []byte(keys["a4096"].X509), secretText("")
	}
	c := reader(t, group)
	sealed := func(param string) []byte {
		text, _ := json.Marshal(param)
		body := `{"param":` + string(text) + `}`
		made, err := Sign("GROUP", KindCallback, []byte(keys["a4096"].PKCS8), []byte(body))
		if err != nil || made.SignedText != param {
			t.Fatal(err)
		}
		return []byte(strings.TrimSuffix(body, "}") + `,"sign":"` + made.Sign + `"}`)
	}
	got := c.ReadCallback(nil, sealed(strings.Replace(refundCallback, "COMPLETE", "COMPLETED", 1)))
	if !got.Verified || got.Status != "success" || got.Reason != "" || got.RefundNo != "RF1" {
		t.Errorf("%+v", got)
	}
	for name, body := range map[string][]byte{
		"flat": signedCallback(t, refundCallback), "no param": []byte(`{"sign":"AAAA"}`), "edited": []byte(strings.Replace(string(sealed("{}")), `"{}"`, `"{ }"`, 1)),
		"no JSON": sealed("hello"), "ambiguous": sealed(`{"a":1,"a":2}`), "another's": sealed(`{"appId":"another","mchOrderId":"SO1"}`),
	} {
		if got := c.ReadCallback(nil, body); got.Verified || got.Reason == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCallbacksNeedAKey(t *testing.T) {
	keys := vectors(t).Keys
	for name, c := range map[string]struct {
		change func(*Config)
		class  client.Class
		code   string
	}{
		"no secret":  {func(c *Config) { c.CallbackSecret = secretText("") }, client.ClassKeyring, "callback-secret"},
		"bad secret": {func(c *Config) { c.CallbackSecret = secretText("a\nb") }, client.ClassKeyring, "callback-secret"},
		"no key":     {func(c *Config) { c.Dialect = GROUP }, client.ClassKeyring, "platform-key"},
		"bad key":    {func(c *Config) { c.Dialect, c.PlatformKey = GROUP, []byte("x") }, client.ClassKeyring, "platform-key"},
		"same key": {func(c *Config) {
			c.MerchantKey, c.PlatformKey = secretText(keys["a2048"].PKCS8), []byte(keys["a2048"].X509)
		}, client.ClassKeyring, "same-key"},
		"no private key": {func(c *Config) { c.MerchantKey = secretText("x") }, client.ClassKeyring, "merchant-key"},
		"dialect":        {func(c *Config) { c.Dialect = "x" }, client.ClassConfig, "dialect"},
	} {
		cfg := testConfig(t, "")
		cfg.MerchantKey = secretText("")
		c.change(&cfg)
		_, err := NewCallbackReader(cfg)
		if e := fault(t, err, c.class, c.code); strings.Contains(e.Error(), callbackSecret) {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestAcknowledgement(t *testing.T) { // paycools: section 7
	for want, change := range map[string]func(*Config){
		`{"code":1,"msg":"success","message":"success","data":{}}`: func(*Config) {},
		`{"code":10000,"message":"Success"}`:                       func(c *Config) { c.Dialect, c.PlatformKey = "group", []byte(vectors(t).Keys["a4096"].X509) },
		`{"code":0}`:                                               func(c *Config) { c.Acknowledgement = `{"code":0}` },
	} {
		c := reader(t, change)
		if got := c.Acknowledge(); string(got.Body) != want || got.Status != http.StatusOK || got.ContentType != "application/json" {
			t.Errorf("%+v", got)
		}
		refusal := c.Refuse()
		if o, err := strict.Parse(refusal.Body); err != nil || o.Text("code") != "9999" || refusal.Status < 400 {
			t.Errorf("%+v, %v", refusal, err)
		}
	}
}
