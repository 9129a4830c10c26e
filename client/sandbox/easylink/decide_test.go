package easylink_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/easylink"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

const wrongSign = "验签失败"

// TestCapturedRequests takes what the vendor's own code sends and accepts, and
// refuses what it refuses, and the same requests with anything in them changed.
func TestCapturedRequests(t *testing.T) {
	for _, c := range capturedRequests(t) {
		decide := func(body string) answer {
			t.Helper()
			b := openWith(t, easylink.Past(1, 0, now, protocol.Pace{Speed: 60}), c.Key)
			return b.send(b.request(c.Endpoint, "application/json", body))
		}
		if a := decide(c.signedBy(c.Server)); a.Msg == wrongSign || a.Code == "11" {
			t.Errorf("%s: %s", c.ID, a.Raw.Body)
		}
		if a := decide(c.signedBy(strings.ToLower(c.Server))); a.Msg == wrongSign {
			t.Errorf("%s: signed in small letters: %s", c.ID, a.Raw.Body)
		}
		if a := decide(c.signedBy(c.Client)); (a.Msg != wrongSign) != c.Accepted {
			t.Errorf("%s: accepted must be %v: %s", c.ID, c.Accepted, a.Raw.Body)
		}
		for _, change := range [][2]string{
			{`"HKD"`, `"CNY"`}, {`1250`, `1251`}, {`"RF1"`, `"RF2"`}, {`"SO1"`, `"SO2"`}, {`"1772323200123"`, `"1772323200124"`}, {`"version":"1.0"`, `"version":"1.1"`},
		} {
			altered := strings.Replace(c.signedBy(c.Server), change[0], change[1], 1)
			if altered == c.signedBy(c.Server) {
				continue
			}
			if a := decide(altered); a.Msg != wrongSign {
				t.Errorf("%s with %s: %s", c.ID, change[1], a.Raw.Body)
			}
		}
		if a := openWith(t, nil, c.Key+"x").send(open(t).request(c.Endpoint, "application/json", c.signedBy(c.Server))); a.Msg != wrongSign {
			t.Errorf("%s with another key: %s", c.ID, a.Raw.Body)
		}
	}
}

// TestCapturedRefundIsMade sends the specification's worked example.
func TestCapturedRefundIsMade(t *testing.T) {
	b := open(t)
	a := b.send(b.request(refundPath, "application/json", `{"mchNo":"M1700000001","appId":"65f0c0ffee65f0c0ffee0001","payOrderId":"P1790000000000000001",`+
		`"mchRefundNo":"RF20260301A0001","refundAmount":1250,"currency":"HKD","refundReason":"Customer return","clientIp":"203.0.113.9",`+
		`"notifyUrl":"https://shop.example.com/hooks/easylink/refund","extParam":"ord-77.a","reqTime":"1772323200123","version":"1.0",`+
		`"signType":"MD5","sign":"E579BC7FFCBDFC0DB359600331CBBEB2"}`))
	if a.Code != "0" || !a.Signed || fmt.Sprint(a.Data["payAmount"]) != "5800" || fmt.Sprint(a.Data["refundAmount"]) != "1250" || fmt.Sprint(a.Data["state"]) != "1" {
		t.Errorf("%s", a.Raw.Body)
	}
}

func TestRoutes(t *testing.T) {
	b := open(t)
	for path, want := range map[string]string{
		createPath: fault.OpCreate, orderPath: fault.OpOrder, closePath: fault.OpClose, refundPath: fault.OpRefund, queryPath: fault.OpQuery,
		"/easylink" + refundPath: fault.OpRefund, "/easylink/api/transferOrder": "", "/api/pay": "", "/refund": "", "/": "",
	} {
		if got, ok := b.Protocol.Route(path); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v", path, got, ok)
		}
	}
	req := b.signed(queryPath, members{"mchRefundNo": "R1"})
	req.Method = http.MethodGet
	if m, err := b.Protocol.Decide(req).Render(0); err != nil || m.Status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d %v", m.Status, err)
	}
}

// TestRefusalsComeInOrder breaks everything at once and mends it bit by bit
// (easylink: sections 5 and 7.1).
func TestRefusalsComeInOrder(t *testing.T) {
	b := open(t)
	b.set("account", "merchant-disabled")
	m := members{"mchNo": "M0", "appId": "none", "reqTime": "soon", "notifyUrl": "ftp://x", "refundAmount": 0, "sign": "00"}
	step := func(code, text string, mend members) {
		t.Helper()
		if a := b.send(b.request(refundPath, "application/json", encode(t, m))); a.Code != code || !strings.Contains(a.Msg, text) {
			t.Errorf("%s, want %s %s", a.Raw.Body, code, text)
		}
		m = m.with(mend)
	}
	step("9999", "version不能为空", members{"version": "1.0"})
	step("9999", "signType不能为空", members{"signType": "MD5", "sign": " "})
	step("9999", "sign不能为空", members{"sign": "00"})
	step("11", "reqTime", members{"reqTime": "1772323200123"})
	step("9999", "mchRefundNo不能为空", members{"mchRefundNo": "R1"})
	step("9999", "refundAmount", members{"refundAmount": 5801})
	step("9999", "currency不能为空", members{"currency": "HKD"})
	step("9999", "refundReason不能为空", members{"refundReason": "r"})
	step("9999", "商户或商户应用不存在", members{"mchNo": easylink.MerchantNo})
	step("9999", "商户或商户应用不存在", members{"appId": "65f0c0ffee65f0c0ffee0002"})
	step("9999", "商户信息不存在或商户状态不可用", nil)
	b.set("account", "app-disabled")
	step("9999", "商户应用不存在或应用状态不可用", nil)
	b.set("account", "active")
	step("9999", "参数appId与商户号不匹配", members{"appId": easylink.AppID})
	step("9999", wrongSign, nil)
	b.set("messages", "english")
	step("9999", "signature verification failed", nil)
	b.set("messages", "chinese")
	mend := func(changes members) {
		m = m.with(changes).with(members{"sign": nil})
		m["sign"] = b.signature(m)
	}
	mend(nil)
	step("9999", "不能同时为空", nil)
	mend(members{"payOrderId": "P0", "mchOrderNo": "SO20260301000001"})
	step("9999", "异步通知地址协议仅支持", nil)
	mend(members{"notifyUrl": "https://shop.example.com/n"})
	step("9999", "退款订单不存在", nil)
	mend(members{"payOrderId": ""})
	step("9999", "申请金额超出订单可退款余额", nil)
	mend(members{"refundAmount": 5800})
	if a := b.send(b.request(refundPath, "application/json", encode(t, m))); a.Code != "0" || !a.Signed {
		t.Errorf("%s", a.Raw.Body)
	}
}

func encode(t *testing.T, m members) string {
	t.Helper()
	raw, err := protocol.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestBodies covers what can be read, and the signature over what was bound.
func TestBodies(t *testing.T) {
	b := open(t)
	no := client.RefundNo(easylink.Gateway, easylink.MerchantNo, "SO20260228000017", 1)
	query := members{"mchRefundNo": no}
	for _, text := range []string{"", "[]", "{", `{"a":1,"a":2}`} {
		if a := b.send(b.request(queryPath, "application/json;charset=UTF-8", text)); a.Code != "11" {
			t.Errorf("%q: %s", text, a.Raw.Body)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/xml"} {
		req := b.signed(queryPath, query)
		req.Header.Set("Content-Type", kind)
		if a := b.send(req); a.Code != "9999" || !strings.Contains(a.Msg, "version") {
			t.Errorf("%s: %s", kind, a.Raw.Body)
		}
	}
	if a := b.form(queryPath, query); a.Code != "0" || !a.Signed {
		t.Errorf("a form: %s", a.Raw.Body)
	}
	if a := b.form(refundPath, aRefund("F1", 100).with(members{"refundReason": "50% & 茶+壺="})); a.Code != "0" {
		t.Errorf("a form with every sign in it: %s", a.Raw.Body)
	}
	// The last of repeated names counts.
	repeated := account().with(query)
	body := fmt.Sprintf("mchRefundNo=X&mchNo=%s&appId=%s&version=1.0&signType=MD5&reqTime=%v&mchRefundNo=%s&sign=%s",
		repeated["mchNo"], repeated["appId"], repeated["reqTime"], no, b.signature(repeated))
	if a := b.send(b.request(queryPath, "application/x-www-form-urlencoded", body)); a.Code != "0" {
		t.Errorf("%s", a.Raw.Body)
	}
	// Unknown members are dropped before the signature is looked at.
	m := account().with(query)
	m["sign"] = b.signature(m)
	if a := b.send(b.request(queryPath, "application/json", encode(t, m.with(members{"more": "x"})))); a.Code != "0" {
		t.Errorf("an unknown member that is not signed: %s", a.Raw.Body)
	}
	b.want("9999", wrongSign, queryPath, query.with(members{"more": "x"}))
}

func TestCanonicalNumbers(t *testing.T) {
	for text, good := range map[string]bool{
		`1250`: true, `"1250"`: true, `1250.0`: true, `"01250"`: true, `1250.9`: true, `" 1250"`: true,
		`"1250x"`: false, `1.25e3`: false, `true`: false, `"99999999999999999999"`: false, `{}`: false,
	} {
		b := open(t)
		m := account().with(aRefund("R1", 1250))
		m["sign"] = b.signature(m)
		body := strings.Replace(encode(t, m), `"refundAmount":1250`, `"refundAmount":`+text, 1)
		a := b.send(b.request(refundPath, "application/json", body))
		if good != (a.Code == "0") || (!good && a.Code != "11") {
			t.Errorf("%s: %s", text, a.Raw.Body)
		}
	}
	b := open(t)
	b.want("9999", "", refundPath, aRefund("R1", -1))
	b.want("11", "refundAmount", refundPath, aRefund("R1", 10_000_000_000_000))
}

func TestReqTime(t *testing.T) {
	b := open(t)
	query := func(value any) members { return members{"mchOrderNo": "SO20260301000001", "reqTime": value} }
	for _, value := range []any{"1772323200123", 1772323200123, "1772323200", 1772323200, "0000000000"} {
		b.want("0", "", orderPath, query(value))
	}
	for _, value := range []any{"17723232001234", "177232320012", "now", "1772323200.123", true} {
		b.want("11", "reqTime", orderPath, query(value))
	}
	b.want("9999", "reqTime不能为空", orderPath, query(""))
	b.set("req_time", "any")
	b.want("0", "", orderPath, query("now"))
	b.set("req_time_window", "300")
	b.want("9999", "请求时间", orderPath, query("now"))
	for off, code := range map[time.Duration]string{0: "0", 299 * time.Second: "0", -299 * time.Second: "0", 301 * time.Second: "9999", -301 * time.Second: "9999"} {
		b.want(code, "", orderPath, query(now.Add(off).UnixMilli()))
		b.want(code, "", orderPath, query(fmt.Sprint(now.Add(off).Unix())))
	}
}

// TestExtParamDialects covers easylink: section 11.1: a name that the gateway
// does not know breaks the signature when it is signed.
func TestExtParamDialects(t *testing.T) {
	for known, other := range map[string]string{"extParam": "extraParam", "extraParam": "extParam"} {
		b := open(t)
		b.set("ext_param", known)
		b.want("9999", wrongSign, refundPath, aRefund("R1", 100).with(members{other: "x1"}))
		b.want("9999", wrongSign, refundPath, aRefund("R1", 100).with(members{other: "x1", known: "x1"}))
		b.want("0", "", refundPath, aRefund("R1", 100).with(members{known: "x1"}))
		if a := b.want("0", "", queryPath, members{"mchRefundNo": "R1"}); a.Data[known] != "x1" || a.Data[other] != nil {
			t.Errorf("%s", a.Raw.Body)
		}
	}
	b := open(t)
	b.want("0", "", refundPath, aRefund("R2", 100).with(members{"extParam": ""}))
	if a := b.want("0", "", queryPath, members{"mchRefundNo": "R2"}); a.Data["extParam"] != "" {
		t.Errorf("an empty text is something: %s", a.Raw.Body)
	}
}

func TestAnswersOfOtherShapes(t *testing.T) {
	b := open(t)
	ask := func() answer { t.Helper(); return b.call(orderPath, members{"mchOrderNo": "SO20260301000001"}) }
	plain := ask()
	if got := fmt.Sprint(plain.Data["createdAt"]); got != fmt.Sprint(now.Add(-26*time.Hour).UnixMilli()) || plain.Raw.Header.Get("Content-Type") != "application/json;charset=UTF-8" {
		t.Errorf("%s", plain.Raw.Body)
	}
	b.set("times", "seconds")
	if got := fmt.Sprint(ask().Data["createdAt"]); got != fmt.Sprint(now.Add(-26*time.Hour).Unix()) {
		t.Errorf("createdAt %s", got)
	}
	b.set("extra_members", "yes")
	if a := ask(); a.Data["brandNewField"] != "x" || !a.Signed {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("data_as", "text")
	if a := ask(); a.Data["state"] == nil || !a.Signed || !strings.Contains(string(a.Raw.Body), `"data":"{\"amount\"`) {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("empty_answers", "yes")
	if a := ask(); len(a.Raw.Body) != 0 || a.Raw.Status != http.StatusOK {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestSpoiltAnswers covers F6 and F7 at the gateway's end.
func TestSpoiltAnswers(t *testing.T) {
	b := open(t)
	req := func(path string, m members) protocol.Request { t.Helper(); return b.signed(path, m) }
	order := members{"mchOrderNo": "SO20260301000001"}
	for _, spoil := range []protocol.Spoil{protocol.BadSign, protocol.OtherKey, protocol.NoSign} {
		a := b.spoilt(req(orderPath, order), spoil)
		if a.Signed || a.Code != "0" || strings.Contains(string(a.Raw.Body), `"sign"`) == spoil.Has(protocol.NoSign) {
			t.Errorf("%d: %s", spoil, a.Raw.Body)
		}
	}
	if a := b.spoilt(req(orderPath, order), protocol.WrongEcho); !a.Signed || fmt.Sprint(a.Data["amount"]) == "5800" {
		t.Errorf("%s", a.Raw.Body)
	}
	if a := b.spoilt(req(refundPath, aRefund("R1", 100)), protocol.WrongEcho); !a.Signed || a.Data["mchRefundNo"] != "R2" {
		t.Errorf("%s", a.Raw.Body)
	}
	if a := b.spoilt(req(queryPath, members{"mchRefundNo": "none"}), protocol.BadSign|protocol.WrongEcho); a.Code != "9999" {
		t.Errorf("%s", a.Raw.Body)
	}
}

// TestKeyFile covers keys that a person exchanged.
func TestKeyFile(t *testing.T) {
	for text, good := range map[string]bool{"k&e=y #1 密\r\n": true, "x": true, "": false, "\n": false, "a\nb": false, "\xff": false} {
		_, err := easylink.New(book.Memory(nil), []protocol.Key{{File: easylink.KeyFile, Text: []byte(text)}})
		if good != (err == nil) || (!good && client.ClassOf(err) != client.ClassConfig) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := easylink.New(book.Memory(nil), nil); client.ClassOf(err) != client.ClassConfig {
		t.Errorf("no key: %v", err)
	}
	keys, err := easylink.TestKeys()
	if err != nil || len(keys) != 1 || keys[0].File != "app_key.txt" || string(keys[0].Text) != testKey {
		t.Errorf("%v %v", keys, err)
	}
}

// TestStorageFaultIsASystemError refuses when the book cannot be written.
func TestStorageFaultIsASystemError(t *testing.T) {
	b := open(t)
	if err := b.book.Close(); err != nil {
		t.Fatal(err)
	}
	b.want("10", "系统异常", refundPath, aRefund("R1", 100))
}
