package easylink

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/internal/strict"
)

func TestRefundOnTheWire(t *testing.T) { // covers I2, I11
	g, s := gatewayWith(t, answer{body: done(accepted)})
	got, err := g.Refund(t.Context(), aRefund())
	if err != nil {
		t.Fatal(err)
	}
	want := client.Refund{
		RefundNo: "RF20260301A0001", GatewayRefundNo: "R1790000000000000009", OrderNo: "SO20260301000001",
		Amount: hkd(1250), Status: client.RefundSuccess,
	}
	if got.Refund != want {
		t.Errorf("got %+v", got.Refund)
	}
	requests := s.requests()
	if len(requests) != 1 || requests[0].path != "/api/refund/refundOrder" {
		t.Fatalf("%+v", requests)
	}
	body := `{"mchNo":"M1700000001","appId":"65f0c0ffee65f0c0ffee0001","mchOrderNo":"SO20260301000001","mchRefundNo":"RF20260301A0001",` +
		`"refundAmount":1250,"currency":"HKD","refundReason":"Customer return","notifyUrl":"https://shop.example.com/hooks/easylink/refund",` +
		`"reqTime":"1795339800123","version":"1.0","signType":"MD5","sign":"` + s.sent(0).Text("sign") + `"}`
	if string(requests[0].body) != body {
		t.Errorf("sent %s\nwant %s", requests[0].body, body)
	}
	x := got.Exchange
	shown := strings.Replace(body, s.sent(0).Text("sign")[8:], "•••", 1)
	if !x.Verified || x.Code != "0" || x.Message != "SUCCESS" || x.HTTPStatus != 200 || string(x.Answer) != done(accepted) || string(x.Request) != shown ||
		x.URL != s.server.URL+"/api/refund/refundOrder" || x.Operation != "refundOrder" || x.RequestBytes != len(body) || len(x.AnswerHash) != 64 {
		t.Errorf("evidence %+v\n%s\n%s", x, x.Request, x.Answer)
	}
	if h := requests[0].header; h.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", h)
	}
}

func TestRefundSettings(t *testing.T) {
	s := newStub(t, answer{body: done(accepted)})
	g := connect(t, s.server.URL, func(cfg *Config) {
		cfg.SendPayOrderID, cfg.ReqTime, cfg.Version = true, ReqTimeNumber, "2.0"
		cfg.RefundNotifyURL = "https://shop.example/notify"
	})
	req := aRefund()
	req.NotifyURL, req.Reason = "", "  "
	if _, err := g.Refund(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	sent := s.sent(0)
	if sent.Text("payOrderId") != "P1790000000000000001" || sent.Get("mchOrderNo") != nil || sent.Text("notifyUrl") != "https://shop.example/notify" ||
		sent.Text("version") != "2.0" || sent.Text("refundReason") != "refund" || !strings.Contains(string(s.requests()[0].body), `"reqTime":1795339800123`) {
		t.Errorf("%s", s.requests()[0].body)
	}
	req.GatewayOrderNo = ""
	if _, err := g.Refund(t.Context(), req); err != nil || s.sent(1).Text("mchOrderNo") != req.OrderNo || s.sent(1).Get("payOrderId") != nil {
		t.Errorf("%v", err)
	}
	req.GatewayOrderNo = " P1"
	if _, err := g.Refund(t.Context(), req); client.ClassOf(err) != client.ClassInput {
		t.Error(err)
	}
}

// TestRefundIsSignedAnew sends one refund twice: the time changes, the rest does
// not.
func TestRefundIsSignedAnew(t *testing.T) { // covers I2, F13
	now := testNow()
	s := newStub(t, answer{body: done(accepted), header: map[string]string{"Date": now.Add(3 * time.Minute).Format(http.TimeFormat)}})
	g := connect(t, s.server.URL, func(cfg *Config) { cfg.Clock = func() time.Time { return now } })
	for range 2 {
		if _, err := g.Refund(t.Context(), aRefund()); err != nil {
			t.Fatal(err)
		}
	}
	first, second := s.sent(0), s.sent(1)
	for _, m := range first {
		if changed := second.Get(m.Name) != m.Value; changed != (m.Name == "reqTime" || m.Name == "sign") {
			t.Errorf("%s: %v, then %v", m.Name, m.Value, second.Get(m.Name))
		}
	}
	if second.Text("reqTime") != "1795339980500" { // the gateway's clock, to half a second
		t.Errorf("sent at %s", second.Text("reqTime"))
	}
	if offset, ok := g.ClockOffset(); !ok || offset < 179*time.Second || offset > 181*time.Second {
		t.Errorf("offset %v, %v", offset, ok)
	}
}

func TestRefundStates(t *testing.T) { // covers I6
	for state, want := range map[string]client.RefundStatus{
		`0`: client.RefundUnknown, `1`: client.RefundPending, `2`: client.RefundSuccess, `3`: client.RefundFailed, `4`: client.RefundClosed, `"1"`: client.RefundPending,
	} {
		body := done(strings.Replace(accepted, `"state":2`, `"errCode":"E1","errMsg":"4242 4242 4242 4242","state":`+state, 1))
		g, _ := gatewayWith(t, answer{body: body})
		got, err := g.Refund(t.Context(), aRefund())
		if err != nil || got.Refund.Status != want || !got.Exchange.Verified {
			t.Errorf("state %s: %+v, %v", state, got.Refund, err)
		}
		why := got.Refund.FailCode
		if want == client.RefundFailed && why != "E1 ····4242" || want == client.RefundClosed && !strings.Contains(why, "may still have moved E1") ||
			want != client.RefundFailed && want != client.RefundClosed && why != "" {
			t.Errorf("state %s: reason %q", state, why)
		}
	}
}

// TestRefundAnswerForms takes answers that differ from the usual one and mean
// the same.
func TestRefundAnswerForms(t *testing.T) {
	quoted := `"` + strings.ReplaceAll(accepted, `"`, `\"`) + `"`
	asText := strings.Replace(done(accepted), accepted, quoted, 1)
	for name, body := range map[string]string{
		"data as text":       asText,
		"code as text":       strings.Replace(done(accepted), `"code":0`, `"code":"0"`, 1),
		"orderState":         done(strings.Replace(accepted, `"state"`, `"orderState"`, 1)),
		"without amounts":    done(`{"mchRefundNo":"RF20260301A0001","refundOrderId":"R1","state":2}`),
		"unknown member":     done(strings.Replace(accepted, `{`, `{"added":{"b":[1,null,"x"],"a":null},`, 1)),
		"number in capitals": done(strings.Replace(accepted, "RF20260301A0001", "rf20260301a0001", 1)),
		"lower-case sign":    strings.Replace(done(accepted), signOf(accepted), strings.ToLower(signOf(accepted)), 1),
		"byte order mark":    "\ufeff" + done(accepted),
		"blanks":             " " + done(accepted) + "\r\n",
	} {
		g, _ := gatewayWith(t, answer{body: body})
		got, err := g.Refund(t.Context(), aRefund())
		if err != nil || got.Refund.Status != client.RefundSuccess || got.Refund.RefundNo != "RF20260301A0001" {
			t.Errorf("%s: %+v, %v", name, got.Refund, err)
		}
	}
	g, _ := gatewayWith(t, answer{body: done(accepted), zip: true})
	if _, err := g.Refund(t.Context(), aRefund()); err != nil {
		t.Error(err)
	}
}

func signOf(data string) string {
	o, err := strict.Parse([]byte(done(data)))
	if err != nil {
		panic(err)
	}
	return o.Text(signMember)
}

// TestRefundWords shows a number that is not known as it is, and calls it unknown,
// as it does state 0, whose number is known.
func TestRefundWords(t *testing.T) { // covers I6
	type state struct {
		status client.RefundStatus
		word   string
	}
	for said, want := range map[string]state{
		`0`: {client.RefundUnknown, ""}, `"0"`: {client.RefundUnknown, ""}, `1`: {client.RefundPending, ""}, `2`: {client.RefundSuccess, ""},
		`3`: {client.RefundFailed, ""}, `4`: {client.RefundClosed, ""}, `5`: {client.RefundUnknown, "5"}, `-1`: {client.RefundUnknown, "-1"},
		`"2.0"`: {client.RefundUnknown, "2.0"}, `"PAID 4242424242424242"`: {client.RefundUnknown, "PAID ····4242"},
		`"` + strings.Repeat("9", 60) + `"`: {client.RefundUnknown, strings.Repeat("9", 39) + "…"},
	} {
		g, _ := gatewayWith(t, answer{body: done(strings.Replace(accepted, `"state":2`, `"state":`+said, 1))}, answer{body: done(strings.Replace(aRecord, `"state":2`, `"state":`+said, 1))})
		made, err := g.Refund(t.Context(), aRefund())
		if got := made.Refund; err != nil || got.Status != want.status || got.Word != want.word || !made.Exchange.Verified {
			t.Errorf("%s: %+v, %v", said, got, err)
		}
		found, err := g.QueryRefund(t.Context(), aRefund().RefundNo)
		if got := found.Refund; err != nil || got.Status != want.status || got.Word != want.word {
			t.Errorf("%s: %+v, %v", said, got, err)
		}
	}
	g, _ := gatewayWith(t, answer{})
	if can := g.Capabilities(); !can.ClosedMayHaveMoved {
		t.Error("closed counts as final")
	}
}

// TestRefundDoubts lists every accepted-looking answer that proves nothing.
func TestRefundDoubts(t *testing.T) {
	with := func(old, new string) string {
		if !strings.Contains(accepted, old) {
			t.Fatal(old)
		}
		return done(strings.Replace(accepted, old, new, 1))
	}
	good := done(accepted)
	for _, c := range []struct {
		name, code string
		answer     answer
	}{
		{"other refund", "wrong-echo", answer{body: with("RF20260301A0001", "RF20260301A0002")}},                   // covers F7
		{"no refund number", "wrong-echo", answer{body: with("mchRefundNo", "x")}},                                 // covers F7
		{"other order", "wrong-echo", answer{body: with(`"state"`, `"mchOrderNo":"SO2","state"`)}},                 // covers F7
		{"other gateway order", "wrong-echo", answer{body: with(`"state"`, `"payOrderId":"P1","state"`)}},          // covers F7
		{"other amount", "wrong-echo", answer{body: with(":1250", ":1251")}},                                       // covers F7
		{"amount as decimals", "wrong-echo", answer{body: with(":1250", ":1250.0")}},                               // covers I11
		{"other currency", "wrong-echo", answer{body: with(`"state"`, `"currency":"USD","state"`)}},                // covers F7
		{"other merchant", "wrong-echo", answer{body: with(`"state"`, `"mchNo":"M2","state"`)}},                    // covers F7, F10
		{"no state", "state", answer{body: with(`"state"`, `"stat"`)}},                                             // covers I6
		{"no data", "no-data", answer{body: `{"code":0,"msg":"SUCCESS"}`}},                                         // covers F6
		{"null data", "no-data", answer{body: `{"code":0,"data":null,"sign":"` + signOf(accepted) + `"}`}},         // covers F6
		{"data is a list", "no-data", answer{body: `{"code":0,"data":[],"sign":"` + signOf(accepted) + `"}`}},      // covers F6
		{"data is a word", "no-data", answer{body: `{"code":0,"data":"ok","sign":"` + signOf(accepted) + `"}`}},    // covers F6
		{"code twice", "ambiguous", answer{body: strings.Replace(good, `"code"`, `"code":9999,"code"`, 1)}},        // covers F6
		{"sign twice", "ambiguous", answer{body: strings.Replace(good, `"sign"`, `"sign":"x","sign"`, 1)}},         // covers F6
		{"state twice", "ambiguous", answer{body: strings.Replace(good, `"state"`, `"state":1,"state"`, 1)}},       // covers F6
		{"state twice in text", "ambiguous", answer{body: `{"code":0,"data":"{\"state\":1,\"state\":2}"}`}},        // covers F6
		{"unsigned", "signature", answer{body: `{"code":0,"data":` + accepted + `}`}},                              // covers F6
		{"empty signature", "signature", answer{body: `{"code":0,"data":` + accepted + `,"sign":""}`}},             // covers F6
		{"signature is no text", "signature", answer{body: `{"code":0,"data":` + accepted + `,"sign":1}`}},         // covers F6
		{"other secret", "signature", answer{body: signedBy("other", accepted)}},                                   // covers F6
		{"no secret", "signature", answer{body: `{"code":0,"data":{},"sign":"D41D8CD98F00B204E9800998ECF8427E"}`}}, // covers F6
		{"edited", "signature", answer{body: strings.Replace(good, `:2}`, `:1}`, 1)}},                              // covers F6
		{"added member", "signature", answer{body: strings.Replace(good, `"state"`, `"more":"x","state"`, 1)}},     // covers F6
		{"html", "http-200", answer{body: "<html>login</html>"}},                                                   // covers F5, F26
		{"truncated", "truncated", answer{body: good[:40], declared: "300"}},                                       // covers F5
		{"cut JSON", "http-200", answer{body: good[:40]}},                                                          // covers F5
		{"10 MB", "too-large", answer{body: strings.Repeat(" ", 10<<20)}},                                          // covers F5
		{"gzip bomb", "too-large", answer{body: strings.Repeat(" ", 10<<20), zip: true}},                           // covers F5
		{"no code", "http-200", answer{body: `{"msg":"SUCCESS"}`}},
		{"code is null", "http-200", answer{body: `{"code":null,"data":` + accepted + `}`}},
		{"code is a novel", "http-200", answer{body: `{"code":"` + strings.Repeat("9", 50) + `"}`}},
		{"name in capitals", "http-200", answer{body: `{"CODE":0}`}},
		{"empty", "http-200", answer{body: ""}},
		{"redirect", "redirect", answer{status: 302, body: good, header: map[string]string{"Location": "/x"}}}, // covers S13
		{"server error", "http-503", answer{status: 503, body: "busy"}},
		{"not allowed", "http-403", answer{status: 403, body: "no"}},
		{"too many", "http-429", answer{status: 429, body: "slow"}}, // covers I6
		{"accepted as a server error", "http-500", answer{status: 500, body: good}},
		{"refused as a server error", "http-500", answer{status: 500, body: refused("9999", "no")}},
		{"system error", "10", answer{body: refused("10", "系统异常")}},
		{"database error", "12", answer{body: refused("12", "x")}},
		{"never seen", "20001", answer{body: refused("20001", "x")}},
		{"dropped", "connection", answer{drop: true}}, // covers F3
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := gatewayWith(t, c.answer)
			got, err := g.Refund(t.Context(), aRefund())
			e := fault(t, err, client.ClassUnknown, c.code)
			status := c.answer.status
			if status == 0 && !c.answer.drop {
				status = 200
			}
			x := evidence(t, e, "refundOrder", status)
			if e.Hint == "" || got.Refund != (client.Refund{}) {
				t.Errorf("hint %q, refund %+v", e.Hint, got.Refund)
			}
			if x.Verified && c.code != "wrong-echo" && c.code != "state" {
				t.Error("verified")
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("a refund with an unknown outcome was sent %d times", n)
			}
		})
	}
}

func TestRefundThatWasNotSent(t *testing.T) { // covers F26
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + listener.Addr().String()
	_ = listener.Close()
	_, err = connect(t, base).Refund(t.Context(), aRefund())
	e := fault(t, err, client.ClassNotSent, "refused")
	if x := evidence(t, e, "refundOrder", 0); x.Answer != nil || x.AnswerHash != "" || x.Verified {
		t.Errorf("an answer out of nothing: %+v", x)
	}
}

func TestRefundDeadline(t *testing.T) { // covers F4
	hang := make(chan struct{})
	s := newStub(t, answer{body: done(accepted), hang: hang})
	t.Cleanup(func() { close(hang) })
	g := connect(t, s.server.URL, func(cfg *Config) { cfg.CallTimeout = 60 * time.Millisecond })
	_, err := g.Refund(t.Context(), aRefund())
	fault(t, err, client.ClassUnknown, "deadline")
}

// TestRefundRefusals: a refusal is reported as one, and never as proven, whatever
// words it has and whatever signature stands beside it.
func TestRefundRefusals(t *testing.T) { // covers F8, I6, I7
	for _, msg := range []string{
		"支付订单具有在途退款申请，请稍后再试", "商户退款订单号[RF20260301A0001]已存在", "订单状态不正确， 无法完成退款", "退款订单不存在",
		"验签失败", "商户或商户应用不存在", "", "card 4242 4242 4242 4242", strings.Repeat("x", 300),
	} {
		for _, code := range []string{"9999", "11", "5001", "5004"} {
			g, s := gatewayWith(t, answer{body: refused(code, msg)})
			_, err := g.Refund(t.Context(), aRefund())
			e := fault(t, err, client.ClassRefused, code)
			x := evidence(t, e, "refundOrder", 200)
			if x.Verified || x.Code != code || strings.Contains(x.Message+err.Error(), "4242 4242") || len(x.Message) > 210 {
				t.Errorf("%s %s: %+v", code, msg, x)
			}
			if e.Hint == "" || len(s.requests()) != 1 {
				t.Errorf("%s: hint %q after %d requests", code, e.Hint, len(s.requests()))
			}
		}
	}
	// The signature of some data says nothing about the code beside it.
	signed := strings.Replace(done(accepted), `"code":0`, `"code":9999`, 1)
	g, _ := gatewayWith(t, answer{body: signed})
	_, err := g.Refund(t.Context(), aRefund())
	if e := fault(t, err, client.ClassRefused, "9999"); e.Exchange.Verified {
		t.Error("a refusal counts as signed")
	}
}

func TestRetryAfterIsPassedOn(t *testing.T) { // covers F20
	for _, status := range []int{429, 503} {
		g, s := gatewayWith(t, answer{status: status, body: "slow down", header: map[string]string{"Retry-After": "30"}})
		_, err := g.Refund(t.Context(), aRefund())
		if e := fault(t, err, client.ClassUnknown, "http-"+http.StatusText(0)+map[int]string{429: "429", 503: "503"}[status]); e.RetryAfter != 30*time.Second || len(s.requests()) != 1 {
			t.Errorf("%d: wait %v after %d requests", status, e.RetryAfter, len(s.requests()))
		}
		_, err = g.QueryRefund(t.Context(), "RF1")
		if want := map[int]client.Class{429: client.ClassRate, 503: client.ClassUnknown}[status]; client.ClassOf(err) != want || len(s.requests()) != 2 {
			t.Errorf("%d: %v after %d requests", status, err, len(s.requests()))
		}
	}
}

func TestRefundInput(t *testing.T) {
	g, s := gatewayWith(t, answer{body: done(accepted)})
	for name, change := range map[string]func(*client.RefundRequest){
		"no number":         func(r *client.RefundRequest) { r.RefundNo = "" },
		"dot in number":     func(r *client.RefundRequest) { r.RefundNo = "A.1" },
		"long number":       func(r *client.RefundRequest) { r.RefundNo = strings.Repeat("A", 31) },
		"no order":          func(r *client.RefundRequest) { r.OrderNo = "" },
		"blank order":       func(r *client.RefundRequest) { r.OrderNo = " A" },
		"long order":        func(r *client.RefundRequest) { r.OrderNo = strings.Repeat("A", 65) },
		"zero":              func(r *client.RefundRequest) { r.Amount.Minor = 0 },
		"negative":          func(r *client.RefundRequest) { r.Amount.Minor = -1 },
		"other decimals":    func(r *client.RefundRequest) { r.Amount.Exp = 3 },
		"no currency":       func(r *client.RefundRequest) { r.Amount.Currency = "" },
		"unknown currency":  func(r *client.RefundRequest) { r.Amount.Currency = "USD" },
		"long reason":       func(r *client.RefundRequest) { r.Reason = strings.Repeat("é", 65) },
		"broken reason":     func(r *client.RefundRequest) { r.Reason = "a\xff" },
		"odd notify url":    func(r *client.RefundRequest) { r.NotifyURL = "javascript:alert(1)" },
		"notify with query": func(r *client.RefundRequest) { r.NotifyURL = "https://shop.example/n?shop=7" },
	} {
		req := aRefund()
		change(&req)
		if _, err := g.Refund(t.Context(), req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := g.PreviewRefund(req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: preview: %v", name, err)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests left all the same", n)
	}
}

func TestPreviewRefundIsWhatWouldBeSent(t *testing.T) { // covers I12
	g, s := gatewayWith(t, answer{body: done(accepted)})
	req := aRefund()
	req.OrderNo, req.Reason = "P4242424242424242", "<a> & card 4242 4242 4242 4242"
	p, err := g.PreviewRefund(req)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.requests()) != 0 {
		t.Fatal("a preview was sent")
	}
	if _, err := g.Refund(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	sent := string(s.requests()[0].body)
	want := strings.Replace(strings.Replace(sent, "<a> & card 4242 4242 4242 4242", `\u003ca\u003e \u0026 card ····4242`, 1), s.sent(0).Text("sign")[8:], "•••", 1)
	// The clock measured meanwhile moves the time and the signature.
	if cut := strings.Index(want, `"reqTime"`); !strings.HasPrefix(string(p.Body), want[:cut]) || !strings.HasSuffix(string(p.Body), `•••"}`) {
		t.Errorf("preview %s\nsent    %s", p.Body, want)
	}
	if p.Method != "POST" || p.URL != s.server.URL+"/api/refund/refundOrder" || p.Headers["Content-Type"] != "application/json" {
		t.Errorf("%+v", p)
	}
}
