package easylink

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/secret"
)

func reader(t *testing.T, tune ...func(*Config)) *CallbackReader {
	t.Helper()
	cfg := testConfig("")
	for _, f := range tune {
		f(&cfg)
	}
	c, err := NewCallbackReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// notice reads a body as it would come.
func notice(c *CallbackReader, body string) client.Notice {
	return c.ReadCallback(http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"}}, []byte(body))
}

// signedForm is a form with a right signature over fields, and more behind it
// that is not signed.
func signedForm(t *testing.T, fields, more string) string {
	t.Helper()
	made, err := Sign(KindCallback, []byte(testKey), []byte(fields))
	if err != nil {
		t.Fatal(err)
	}
	return fields + "&sign=" + made.Sign + more
}

const (
	refundFields = "payOrderId=P1790000000000000001&channelOrderNo=2026030122001423031419593035&reqTime=1772323210125&refundOrderId=R1790000000000000009" +
		"&createdAt=1772323200555&payAmount=5800&appId=65f0c0ffee65f0c0ffee0001&mchRefundNo=RF20260301A0001&successTime=1772323202000&currency=HKD&state=2" +
		"&mchNo=M1700000001&refundAmount=1250"
	payFields = "ifCode=easypay&amount=5800&payOrderId=P1790000000000000001&mchOrderNo=SO20260301000001&subject=Mug&wayCode=WX_H5&reqTime=1772323210125" +
		"&body=Ceramic+mug+x1&createdAt=1772323100000&appId=65f0c0ffee65f0c0ffee0001&currency=hkd&state=2&mchNo=M1700000001"
)

// TestCallbackVectors reads every notification that the gateway's own code put
// on the wire.
func TestCallbackVectors(t *testing.T) { // covers F10
	for _, v := range vectors(t).Notify {
		c := reader(t, func(cfg *Config) { cfg.Secret = secret.New([]byte(v.Key)) })
		n := notice(c, v.Body)
		if want := v.OverAll || v.OverDocumented; n.Verified != want || (n.Reason == "") != want {
			t.Errorf("%s (%s): %+v", v.ID, v.Note, n)
		}
		if !n.Verified {
			continue
		}
		kind := client.NoticePayment
		if v.Kind == "refund" {
			kind = client.NoticeRefund
		}
		if n.Kind != kind || n.GatewayOrderNo != "P1790000000000000001" || n.Merchant != testMerchant || n.AppID != testApp || n.Amount.Minor == 0 ||
			!n.At.Equal(time.UnixMilli(1772323210123)) || len(n.Digest) != 64 || n.Gateway != "easylink" {
			t.Errorf("%s: %+v", v.ID, n)
		}
	}
}

func TestRefundNotice(t *testing.T) {
	got := notice(reader(t), signedForm(t, refundFields, ""))
	want := client.Notice{
		Kind: client.NoticeRefund, Gateway: "easylink", Merchant: testMerchant, AppID: testApp, GatewayOrderNo: "P1790000000000000001",
		RefundNo: "RF20260301A0001", GatewayRefundNo: "R1790000000000000009", Status: "success", Said: "2", Amount: hkd(1250),
		At: time.UnixMilli(1772323210125).UTC(), Verified: true, Digest: got.Digest, BodyHash: got.BodyHash, Body: got.Body,
	}
	if string(got.Body) != signedForm(t, refundFields, "") {
		t.Errorf("kept %s", got.Body)
	}
	got.Body, want.Body = nil, nil
	if got.Digest == "" || got.BodyHash == got.Digest || !same(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func same(a, b client.Notice) bool {
	a.Body, b.Body = nil, nil
	return a.Digest == b.Digest && a.BodyHash == b.BodyHash && a.Kind == b.Kind && a.Merchant == b.Merchant && a.AppID == b.AppID &&
		a.OrderNo == b.OrderNo && a.GatewayOrderNo == b.GatewayOrderNo && a.RefundNo == b.RefundNo && a.GatewayRefundNo == b.GatewayRefundNo &&
		a.Status == b.Status && a.Said == b.Said && a.Amount == b.Amount && a.At.Equal(b.At) && a.Verified == b.Verified && a.Reason == b.Reason &&
		a.FailCode == b.FailCode && a.Gateway == b.Gateway
}

func TestNoticesOfEachState(t *testing.T) {
	failed := strings.Replace(refundFields, "state=2", "state=3&errCode=E1&errMsg=no+funds", 1)
	for body, want := range map[string]client.Notice{
		signedForm(t, payFields, ""): {Kind: client.NoticePayment, Status: "paid", Said: "2", Amount: hkd(5800)},
		signedForm(t, failed, ""):    {Kind: client.NoticeRefund, Status: "failed", Said: "3", Amount: hkd(1250), FailCode: "E1 no funds"},
		signedForm(t, strings.Replace(refundFields, "state=2", "state=0", 1), ""):  {Kind: client.NoticeRefund, Status: "unknown", Said: "0", Amount: hkd(1250)},
		signedForm(t, strings.Replace(refundFields, "state=2", "state=77", 1), ""): {Kind: client.NoticeRefund, Status: "unknown", Said: "77", Amount: hkd(1250)},
		signedForm(t, strings.Replace(payFields, "state=2", "state=6&errMsg=x", 1), ""): {
			Kind: client.NoticePayment, Status: "closed", Said: "6", Amount: hkd(5800), FailCode: "x",
		},
		signedForm(t, strings.Replace(payFields, "amount=5800", "amount=58.00", 1), ""): {
			Kind: client.NoticePayment, Status: "paid", Said: "2", Reason: `its amount "58.00" HKD cannot be read`,
		},
		signedForm(t, strings.Replace(payFields, "hkd", "XTS", 1), ""): {
			Kind: client.NoticePayment, Status: "paid", Said: "2", Reason: `its currency is "XTS", whose decimals are not known`,
		},
		signedForm(t, "mchNo=M1700000001&appId=65f0c0ffee65f0c0ffee0001&state=2", ""): {Kind: client.NoticeOther, Said: "2", Reason: "it names no order and no refund"},
	} {
		got := notice(reader(t), body)
		if !got.Verified || got.Kind != want.Kind || got.Status != want.Status || got.Said != want.Said || got.Amount != want.Amount ||
			got.FailCode != want.FailCode || got.Reason != want.Reason {
			t.Errorf("%s\n got %+v\nwant %+v", body, got, want)
		}
	}
}

// TestForgedNotices: whatever is wrong, nothing is verified and nothing that
// could be acted on is left.
func TestForgedNotices(t *testing.T) { // covers F10, I7, S15
	good := signedForm(t, refundFields, "")
	digest := func(fields string) string { return fields + "&sign=" + sign.DigestMD5("", []byte(testKey)) }
	for name, body := range map[string]string{
		"no sign":          refundFields,
		"empty sign":       refundFields + "&sign=",
		"other secret":     refundFields + "&sign=" + sign.SignMD5([][2]string{{"state", "2"}}, []byte("other")),
		"sign of nothing":  digest(refundFields),
		"other amount":     strings.Replace(good, "refundAmount=1250", "refundAmount=1251", 1),
		"other state":      strings.Replace(good, "state=2", "state=3", 1),
		"other number":     strings.Replace(good, "RF20260301A0001", "RF20260301A0002", 1),
		"sign doubled":     good + "&sign=" + strings.Repeat("0", 32),
		"state doubled":    good + "&state=2",
		"sign odd case":    strings.Replace(good, "&sign=", "&Sign=", 1),
		"state odd case":   strings.Replace(good, "&state=", "&State=", 1),
		"another merchant": signedForm(t, strings.Replace(refundFields, "M1700000001", "M1700000002", 1), ""),
		"another app":      signedForm(t, strings.Replace(refundFields, "65f0c0ffee65f0c0ffee0001", "65f0c0ffee65f0c0ffee0002", 1), ""),
		"no merchant":      signedForm(t, strings.Replace(refundFields, "mchNo=M1700000001", "x=1", 1), ""),
		"no app":           signedForm(t, strings.Replace(refundFields, "appId=65f0c0ffee65f0c0ffee0001", "x=1", 1), ""),
		"empty":            "",
		"noise":            "\x00\xff",
		"bad escape":       good + "&x=%zz",
		"JSON twice":       `{"state":2,"state":3,"sign":"x"}`,
		"JSON cut":         `{"state":2`,
		"a list":           `[1]`,
	} {
		n := notice(reader(t), body)
		if n.Verified || n.Reason == "" || n.Status != "" || n.Amount != (client.Money{}) || !n.At.IsZero() || len(n.Digest) != 64 || n.Digest == n.BodyHash {
			t.Errorf("%s: %+v", name, n)
		}
		if strings.Contains(n.Reason+string(n.Body), "CANARY") { // covers S8
			t.Errorf("%s: the secret got out: %+v", name, n)
		}
	}
}

// TestUnsignedPairsAreNotRead: what the gateway mixes into the body from a query
// in the registered address passes, and says nothing.
func TestUnsignedPairsAreNotRead(t *testing.T) { // covers F10
	n := notice(reader(t), signedForm(t, refundFields, "&shop=7&mchOrderNo=SO-evil&orderState=3&clientIp=1"))
	if !n.Verified || n.OrderNo != "" || n.Said != "2" {
		t.Errorf("%+v", n)
	}
	// The merchant's own text by its other name, unsigned.
	if n := notice(reader(t), signedForm(t, refundFields+"&extParam=a", "&extraParam=b")); !n.Verified {
		t.Errorf("%+v", n)
	}
	if n := notice(reader(t), signedForm(t, refundFields+"&extraParam=a", "&extParam=b")); !n.Verified {
		t.Errorf("%+v", n)
	}
	if n := notice(reader(t), signedForm(t, refundFields, "&errCode=E")); n.Verified {
		t.Errorf("an added documented field passed: %+v", n)
	}
}

func TestRepeatedNoticesAreOne(t *testing.T) { // covers F9, F11
	first := notice(reader(t), signedForm(t, refundFields, ""))
	again := notice(reader(t), signedForm(t, refundFields, ""))
	later := notice(reader(t), signedForm(t, strings.Replace(refundFields, "1772323210125", "1772323999999", 1), ""))
	other := notice(reader(t), signedForm(t, strings.Replace(refundFields, "state=2", "state=3", 1), ""))
	if first.Digest != again.Digest || first.Digest != later.Digest || first.BodyHash == later.BodyHash || first.Digest == other.Digest {
		t.Errorf("%s %s %s %s", first.Digest, again.Digest, later.Digest, other.Digest)
	}
}

func TestCallbackAnswers(t *testing.T) {
	yes, no := reader(t).Acknowledge(), reader(t).Refuse()
	if yes.Status != 200 || yes.ContentType != "text/plain" || string(yes.Body) != "success" {
		t.Errorf("%+v", yes)
	}
	if no.Status != 401 || strings.EqualFold(strings.TrimSpace(string(no.Body)), "success") {
		t.Errorf("%+v", no)
	}
}

func TestCallbackBodiesAreRedacted(t *testing.T) { // covers S16
	fields := strings.Replace(payFields, "subject=Mug", "subject="+url.QueryEscape("4242 4242 4242 4242")+"&cvv=987", 1)
	n := notice(reader(t), signedForm(t, fields, ""))
	if kept := string(n.Body); !n.Verified || strings.Contains(kept, "4242+4242") || strings.Contains(kept, "987") || !strings.Contains(kept, "····4242") {
		t.Errorf("%v %s", n.Verified, n.Body)
	}
	if n := notice(reader(t), `{"subject":"4242 4242 4242 4242","mchNo":"4242424242424242"}`); strings.Contains(string(n.Body)+n.Merchant, "42424242") {
		t.Errorf("%+v", n)
	}
}

func TestCallbackReaderSettings(t *testing.T) {
	cfg := testConfig("")
	cfg.Secret = secret.Secret{}
	_, err := NewCallbackReader(cfg)
	fault(t, err, client.ClassKeyring, "app-secret")
	cfg = testConfig("")
	cfg.MerchantNo = ""
	_, err = NewCallbackReader(cfg)
	fault(t, err, client.ClassConfig, "merchant_no")
	c := reader(t, func(cfg *Config) { cfg.Decimals = map[string]uint8{"JPY": 0} })
	n := notice(c, signedForm(t, strings.Replace(payFields, "hkd", "JPY", 1), ""))
	if n.Amount != (client.Money{Minor: 5800, Currency: "JPY"}) {
		t.Errorf("%+v", n)
	}
}
