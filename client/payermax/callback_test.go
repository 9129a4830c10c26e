package payermax

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/internal/strict"
	"paydesk/client/secret"
)

func reader(t *testing.T, tune ...func(*Config)) *CallbackReader {
	t.Helper()
	cfg := testConfig(t, "")
	cfg.MerchantKey = secret.Secret{} // a receiver needs none
	for _, f := range tune {
		f(&cfg)
	}
	c, err := NewCallbackReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signedBy is the header of a callback that a key of the vectors signed.
func signedBy(t *testing.T, signer string, body []byte) http.Header {
	t.Helper()
	made, err := Sign([]byte(vectors(t).Keys[signer].PKCS8), body)
	if err != nil {
		t.Fatal(err)
	}
	return http.Header{"Sign": {made.Sign}}
}

// signed reads a callback that the platform signed.
func signed(t *testing.T, c *CallbackReader, body string) client.Notice {
	t.Helper()
	return c.ReadCallback(signedBy(t, "platform", []byte(body)), []byte(body))
}

const outer = `"keyVersion":"1","appId":"` + testApp + `","merchantNo":"` + testMerchant + `","notifyTime":"2026-11-22T09:44:11.002+00:00",`

const refundCallback = `{"code":"APPLY_SUCCESS","msg":"Success.",` + outer + `"notifyType":"REFUND","data":{"outRefundNo":"RF_20261122_000042",` +
	`"refundTradeNo":"20261122093001TI000000004242","outTradeNo":"PO_20261120_0815","refundAmount":12.3,"refundCurrency":"USD",` +
	`"refundFinishTime":"2026-11-22T09:44:10.118Z","status":"REFUND_SUCCESS"}}`

func TestRefundCallback(t *testing.T) {
	n := signed(t, reader(t), refundCallback)
	want := client.Notice{
		Kind: client.NoticeRefund, Gateway: "payermax", Merchant: testMerchant, AppID: testApp, Event: "REFUND",
		OrderNo: "PO_20261120_0815", RefundNo: "RF_20261122_000042", GatewayRefundNo: "20261122093001TI000000004242",
		Status: "success", Said: "REFUND_SUCCESS", Amount: usd(1230), At: time.Date(2026, 11, 22, 9, 44, 11, 2e6, time.UTC),
		Verified: true, Body: []byte(refundCallback), Digest: n.Digest, BodyHash: n.BodyHash,
	}
	if diff := cmp.Diff(want, n); diff != "" {
		t.Error(diff)
	}
	if n.Subject() != "RF_20261122_000042" || len(n.Digest) != 64 || len(n.BodyHash) != 64 {
		t.Errorf("subject %q, digest %q, hash %q", n.Subject(), n.Digest, n.BodyHash)
	}
}

func TestPaymentAndTokenCallbacks(t *testing.T) {
	c := reader(t)
	n := signed(t, c, `{"code":"PAYMENT_FAILED","msg":"not completed in time",`+outer+`"notifyType":"PAYMENT","data":{"outTradeNo":"PO_20261122_0900",`+
		`"tradeToken":"T2026112210000000000900","totalAmount":"300","currency":"THB","country":"TH","status":"CLOSED","paymentDetails":[]}}`)
	if n.Kind != client.NoticePayment || n.Status != string(client.OrderClosed) || n.Said != "CLOSED" || n.FailCode != "PAYMENT_FAILED" ||
		n.Subject() != "PO_20261122_0900" || n.GatewayOrderNo != "T2026112210000000000900" || n.Amount.String() != "300.00 THB" || !n.Verified {
		t.Errorf("%+v", n)
	}
	n = signed(t, c, `{"code":"APPLY_SUCCESS",`+outer+`"notifyType":"TOKENIZATION","data":{"userId":"u-5","paymentTokenID":"PMTOKEN1",`+
		`"paymentTokenStatus":"Deleted","paymentTokenExpiry":"2029-03-31T00:00:00Z","cardInfo":"400000******0002"}}`)
	if n.Kind != client.NoticeToken || n.Status != string(client.TokenRemoved) || n.Subject() != "PMTOKEN1" || n.UserID != "u-5" || !n.Verified {
		t.Errorf("%+v", n)
	}
	if bytes.Contains(n.Body, []byte("400000")) { // covers S16
		t.Errorf("the card is kept: %s", n.Body)
	}
}

// What is signed and for us but not understood is kept, and says why.
func TestCallbackNotUnderstood(t *testing.T) {
	c := reader(t)
	for name, tc := range map[string]struct{ body, reason string }{
		"dispute":         {`{"code":"APPLY_SUCCESS",` + outer + `"notifyType":"CHARGEBACK","data":{"caseId":"C1","outTradeNo":"PO1"}}`, "followed by nothing"},
		"no kind":         {`{"code":"APPLY_SUCCESS",` + outer + `"data":{}}`, "does not say"},
		"no refund":       {`{"code":"APPLY_SUCCESS",` + outer + `"notifyType":"REFUND","data":{}}`, "names no refund"},
		"no order":        {`{"code":"APPLY_SUCCESS",` + outer + `"notifyType":"PAYMENT","data":null}`, "names no order"},
		"no card":         {`{"code":"APPLY_SUCCESS",` + outer + `"notifyType":"TOKENIZATION","data":[]}`, "names no saved card"},
		"only a merchant": {"\ufeff" + `{"code":"APPLY_SUCCESS","merchantNo":"` + testMerchant + `","notifyType":"REFUND","data":{}}`, "names no refund"},
	} {
		n := signed(t, c, tc.body)
		if !n.Verified || n.Kind != client.NoticeOther || !strings.Contains(n.Reason, tc.reason) || n.Digest != n.BodyHash {
			t.Errorf("%s: %+v", name, n)
		}
	}
	n := signed(t, c, strings.Replace(refundCallback, `"USD"`, `"XXX"`, 1))
	if !n.Verified || n.Kind != client.NoticeRefund || n.Amount != (client.Money{}) || !strings.Contains(n.Reason, "XXX") {
		t.Errorf("unknown currency: %+v", n)
	}
	n = signed(t, c, strings.Replace(refundCallback, "REFUND_SUCCESS", "REFUND_MAYBE", 1))
	if n.Status != string(client.RefundUnknown) || n.Said != "REFUND_MAYBE" {
		t.Errorf("unknown word: %+v", n)
	}
}

// covers F10 I7
func TestForgedCallbacks(t *testing.T) {
	c := reader(t)
	good := signedBy(t, "platform", []byte(refundCallback))
	edited := strings.Replace(refundCallback, "12.3", "99.3", 1)
	for name, tc := range map[string]struct {
		header http.Header
		body   string
		reason string
	}{
		"no signature":    {http.Header{}, refundCallback, "missing"},
		"empty signature": {http.Header{"Sign": {""}}, refundCallback, "missing"},
		"sign doubled":    {http.Header{"Sign": {good.Get("Sign"), good.Get("Sign")}}, refundCallback, "more than one"},
		"sign listed":     {http.Header{"Sign": {good.Get("Sign") + "," + good.Get("Sign")}}, refundCallback, "base64"},
		"other key":       {signedBy(t, "other", []byte(refundCallback)), refundCallback, "does not match"},
		"our own key":     {signedBy(t, "merchant", []byte(refundCallback)), refundCallback, "does not match"},
		"edited amount":   {good, edited, "over other bytes"},
		"one blank more":  {good, refundCallback + " ", "over other bytes"},
		"empty":           {http.Header{}, "", "missing"},
	} {
		n := c.ReadCallback(tc.header, []byte(tc.body))
		if n.Verified || !strings.Contains(n.Reason, tc.reason) || n.Amount != (client.Money{}) || n.Status != "" || n.Digest == n.BodyHash || len(n.Digest) != 64 {
			t.Errorf("%s: %+v", name, n)
		}
		if strings.Contains(n.Reason, good.Get("Sign")[:16]) {
			t.Errorf("%s: the reason shows the signature", name)
		}
	}
}

// A right signature does not make a callback ours, or its body certain.
// covers F10
func TestCallbacksOfOthers(t *testing.T) {
	c := reader(t)
	for name, tc := range map[string]struct{ old, now, reason string }{
		"other merchant":       {testMerchant, "P01010000000778", "merchantNo is another's"},
		"other application":    {testApp, "8f4c0a6e2b5d4f71a3c9e0d1b2a38476", "appId is another's"},
		"nobody":               {`"appId":"` + testApp + `","merchantNo":"` + testMerchant + `",`, "", "names no merchant"},
		"null":                 {`"appId":"` + testApp + `","merchantNo":"` + testMerchant + `"`, `"appId":null,"merchantNo":""`, "names no merchant"},
		"merchant as a number": {`"merchantNo":"` + testMerchant + `"`, `"merchantNo":1`, "merchantNo is another's"},
		"two applications":     {`"keyVersion"`, `"merchantAppId":"someone","keyVersion"`, "merchantAppId is another's"},
		"odd case outside":     {`"notifyType"`, `"NOTIFYTYPE"`, "odd case"},
		"odd case inside":      {`"data":{`, `"data":{"Status":"REFUND_FAILED",`, "odd case"},
		"folded odd case":      {`"keyVersion"`, `"Keyversion":"1","keyVersion"`, "odd case"},
		"member twice":         {`"data":{`, `"data":{"status":"REFUND_FAILED",`, "twice"},
		"no JSON":              {`{"code"`, `{code`, "not a JSON object"},
		"two documents":        {`"REFUND_SUCCESS"}}`, `"REFUND_SUCCESS"}}{}`, "not a JSON object"},
	} {
		body := strings.Replace(refundCallback, tc.old, tc.now, 1)
		if body == refundCallback {
			t.Fatalf("%s: nothing was changed", name)
		}
		if n := signed(t, c, body); n.Verified || !strings.Contains(n.Reason, tc.reason) {
			t.Errorf("%s: %v, %q", name, n.Verified, n.Reason)
		}
	}
	for _, v := range vectors(t).Positive {
		if v.ID == "p24" {
			if n := c.ReadCallback(http.Header{"Sign": {v.Sign}}, v.Body); n.Verified {
				t.Errorf("%s: %+v", v.ID, n)
			}
		}
	}
	ours := strings.Replace(refundCallback, `"appId"`, `"merchantAppId"`, 1) // section 3.3: both names occur
	if n := signed(t, c, ours); !n.Verified || n.AppID != testApp {
		t.Errorf("%+v", n)
	}
}

// The callbacks of the vectors come through, and a repeat that was signed anew
// is the same notice.
// covers F9
func TestCallbackIdentity(t *testing.T) {
	c := reader(t)
	seen := 0
	for _, v := range vectors(t).Positive {
		switch v.ID {
		case "p15", "p16", "p18":
			seen++
			if n := c.ReadCallback(http.Header{"Sign": {v.Sign}}, v.Body); !n.Verified || n.BodyHash != v.SHA256 {
				t.Errorf("%s: %+v", v.ID, n)
			}
		}
	}
	if seen != 3 {
		t.Fatalf("%d callbacks in the vectors", seen)
	}
	first := signed(t, c, refundCallback)
	anew := signed(t, c, strings.Replace(refundCallback, "09:44:11.002", "22:04:11.777", 1))
	if anew.Digest != first.Digest || anew.BodyHash == first.BodyHash || first.Digest == first.BodyHash {
		t.Errorf("signed anew: %s %s", first.Digest, anew.Digest)
	}
	for _, change := range [][2]string{{"REFUND_SUCCESS", "REFUND_FAILED"}, {"12.3", "12.4"}, {"RF_20261122_000042", "RF_20261122_000043"}} {
		if other := signed(t, c, strings.Replace(refundCallback, change[0], change[1], 1)); other.Digest == first.Digest {
			t.Errorf("%s is the same as %s", change[1], change[0])
		}
	}
}

func TestCallbackAnswers(t *testing.T) {
	c := reader(t)
	if a := c.Acknowledge(); a.Status != 200 || string(a.Body) != `{"code":"SUCCESS","msg":"Success"}` || a.ContentType != "application/json" {
		t.Errorf("%+v", a)
	}
	if a := c.Refuse(); a.Status != 401 || bytes.Contains(a.Body, []byte("SUCCESS")) {
		t.Errorf("%+v", a)
	}
}

func TestCallbackReaderSettings(t *testing.T) {
	keys := vectors(t).Keys
	for name, tc := range map[string]struct {
		tune  func(*Config)
		class client.Class
		code  string
	}{
		"no key":      {func(c *Config) { c.PlatformKey = nil }, client.ClassKeyring, "platform-key"},
		"private key": {func(c *Config) { c.PlatformKey = []byte(keys["platform"].PKCS8) }, client.ClassKeyring, "platform-key"},
		"own key": {func(c *Config) {
			c.MerchantKey, c.PlatformKey = secret.New([]byte(keys["merchant"].PKCS8)), []byte(keys["merchant"].SPKI)
		}, client.ClassKeyring, "same-key"},
		"no merchant": {func(c *Config) { c.MerchantNo = "" }, client.ClassConfig, "merchant_no"},
	} {
		cfg := testConfig(t, "")
		cfg.MerchantKey = secret.Secret{}
		tc.tune(&cfg)
		_, err := NewCallbackReader(cfg)
		t.Run(name, func(t *testing.T) { fault(t, err, tc.class, tc.code) })
	}
	if c := reader(t, func(c *Config) { c.MerchantKey = secret.New([]byte(keys["merchant"].PKCS8)) }); c.platform == nil {
		t.Error("no platform key")
	}
	_ = reader(t, func(c *Config) { c.Decimals = map[string]uint8{"USD": 4} })
}

// Doubtful texts are cut and masked before anything keeps them.
// covers S16
func TestDoubtfulTextsAreMasked(t *testing.T) {
	body := strings.Replace(refundCallback, "RF_20261122_000042", "4111111111111111", 1)
	body = strings.Replace(body, "PO_20261120_0815", strings.Repeat("x", 5000), 1)
	n := reader(t).ReadCallback(http.Header{}, []byte(body))
	if strings.Contains(n.RefundNo, "411111") || len(n.OrderNo) > 100 || bytes.Contains(n.Body, []byte("41111111")) {
		t.Errorf("%q %q %s", n.RefundNo, n.OrderNo, n.Body)
	}
}

func FuzzCallback(f *testing.F) {
	f.Add([]byte(refundCallback))
	f.Add([]byte(`{"data":[{}],"notifyType":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := reader(t)
		n := c.ReadCallback(http.Header{"Sign": {"AAAA"}}, body)
		if n.Verified || n.Digest == "" || n.Reason == "" {
			t.Errorf("%+v", n)
		}
		top, _ := strict.Parse(body)
		_ = c.read(top)
		_ = c.foreign(top)
	})
}
