package payermax

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
)

func TestRefundOnTheWire(t *testing.T) { // covers I2, I11
	g, s := gatewayWith(t, answer{body: accepted})
	got, err := g.Refund(t.Context(), aRefund())
	if err != nil {
		t.Fatal(err)
	}
	want := client.Refund{
		RefundNo: "RF_20261122_000042", GatewayRefundNo: "20261122093001TI000000004242",
		OrderNo: "PO_20261120_0815", Status: client.RefundPending,
	}
	if got.Refund != want {
		t.Errorf("got %+v", got.Refund)
	}
	requests := s.requests()
	if len(requests) != 1 || requests[0].path != "refund" {
		t.Fatalf("%+v", requests)
	}
	body := `{"version":"1.5","keyVersion":"1","requestTime":"2026-11-22T09:30:00.000Z","appId":"8f4c0a6e2b5d4f71a3c9e0d1b2a38475","merchantNo":"P01010000000777",` +
		`"data":{"outRefundNo":"RF_20261122_000042","outTradeNo":"PO_20261120_0815","refundAmount":12.30,"refundCurrency":"USD",` +
		`"comments":"damaged on arrival","refundNotifyUrl":"https://pay.shop.example/hooks/payermax"}}`
	if string(requests[0].body) != body {
		t.Errorf("sent %s", requests[0].body)
	}
	x := got.Exchange
	if !x.Verified || x.Code != "APPLY_SUCCESS" || x.HTTPStatus != 200 || string(x.Answer) != accepted || string(x.Request) != body ||
		x.URL != s.server.URL+gatewayPath+"/refund" || x.Operation != "refund" || x.RequestBytes != len(body) || len(x.AnswerHash) != 64 {
		t.Errorf("evidence %+v", x)
	}
	if header := requests[0].header; header.Get("Content-Type") != "application/json" || header.Get("Merchant_auth_token") != "" {
		t.Errorf("header %v", header)
	}
}

func TestRefundSettings(t *testing.T) {
	s := newStub(t, answer{body: accepted})
	g := connect(t, s.server.URL, func(cfg *Config) {
		cfg.SendTradeToken, cfg.SPMerchantNo, cfg.AuthToken = true, "SP1", secret.New([]byte("CANARY-token"))
		cfg.Versions = map[string]string{"refund": "1.4"}
		cfg.AuthTokenHeader = "merchantAuthToken"
	})
	got, err := g.Refund(t.Context(), aRefund())
	if err != nil {
		t.Fatal(err)
	}
	r := s.requests()[0]
	if s.data(0).Text("tradeToken") != "T2026112010000000000815" || r.header.Get("merchantAuthToken") != "CANARY-token" ||
		!strings.Contains(string(r.body), `"version":"1.4"`) || !strings.Contains(string(r.body), `"spMerchantNo":"SP1"`) {
		t.Errorf("%s %v", r.body, r.header)
	}
	if strings.Contains(string(got.Exchange.Request)+string(got.Exchange.Answer), "CANARY") {
		t.Error("the token is in the evidence")
	}
}

func TestRefundStates(t *testing.T) { // covers I6
	for word, want := range map[string]client.RefundStatus{
		"REFUND_PENDING": client.RefundPending, "REFUND_PENDING\t": client.RefundPending,
		"REFUND_SUCCESS": client.RefundSuccess, "REFUND_FAILED": client.RefundFailed,
	} {
		word = strings.ReplaceAll(word, "\t", `\t`)
		g, _ := gatewayWith(t, answer{body: strings.Replace(accepted, "REFUND_PENDING", word, 1)})
		got, err := g.Refund(t.Context(), aRefund())
		if err != nil || got.Refund.Status != want {
			t.Errorf("%s: %+v, %v", word, got.Refund, err)
		}
	}
}

// TestRefundWords shows a word that is not known as it is, and calls it unknown.
func TestRefundWords(t *testing.T) { // covers I6
	for word, want := range map[string]string{
		"REFUND_MAYBE": "REFUND_MAYBE", "refund_success": "refund_success", "4242 4242 4242 4242": "····4242",
		strings.Repeat("é", 41): strings.Repeat("é", 39) + "…", strings.Repeat("é", 40): strings.Repeat("é", 40),
	} {
		said := strings.Replace(accepted, "REFUND_PENDING", word, 1)
		g, _ := gatewayWith(t, answer{body: said})
		made, err := g.Refund(t.Context(), aRefund())
		if err != nil || made.Refund.Status != client.RefundUnknown || made.Refund.Word != want {
			t.Errorf("%s: %+v, %v", word, made.Refund, err)
		}
		found, err := g.QueryRefund(t.Context(), aRefund().RefundNo)
		if err != nil || found.Refund.Status != client.RefundUnknown || found.Refund.Word != want {
			t.Errorf("%s: %+v, %v", word, found.Refund, err)
		}
	}
}

// TestRefundDoubts lists every accepted-looking answer that proves nothing.
func TestRefundDoubts(t *testing.T) {
	with := func(old, new string) string {
		if !strings.Contains(accepted, old) {
			t.Fatal(old)
		}
		return strings.Replace(accepted, old, new, 1)
	}
	made, err := Sign([]byte(vectors(t).Keys["platform"].PKCS8), []byte(accepted))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, code string
		answer     answer
	}{
		{"other refund", "wrong-echo", answer{body: with("RF_20261122_000042", "RF_20261122_000043")}}, // covers F7
		{"no refund number", "wrong-echo", answer{body: with("outRefundNo", "x")}},                     // covers F7
		{"other order", "wrong-echo", answer{body: with(`"status"`, `"outTradeNo":"PO_1","status"`)}},  // covers F7
		{"other amount", "wrong-echo", answer{body: with(`"status"`, `"refundAmount":12.31,"status"`)}},
		{"unreadable amount", "wrong-echo", answer{body: with(`"status"`, `"refundAmount":"NaN","status"`)}},
		{"other currency", "wrong-echo", answer{body: with(`"status"`, `"refundCurrency":"HKD","status"`)}},
		{"no status", "status", answer{body: with(`"status"`, `"state"`)}},
		{"no data", "wrong-echo", answer{body: `{"code":"APPLY_SUCCESS","msg":"","data":null}`}},
		{"code twice", "ambiguous", answer{body: with(`"code"`, `"code":"SYSTEM_ERROR","code"`)}},
		{"status twice", "ambiguous", answer{body: with(`"status"`, `"status":"REFUND_SUCCESS","status"`)}},
		{"unsigned", "signature", answer{body: accepted, signer: "none"}},                  // covers F6
		{"other key", "signature", answer{body: accepted, signer: "other"}},                // covers F6
		{"own key", "signature", answer{body: accepted, signer: "merchant"}},               // covers F6
		{"bad signature", "signature", answer{body: accepted, sign: "AAAA"}},               // covers F6
		{"two signatures", "signature", answer{body: accepted, twice: true}},               // covers F6
		{"edited", "signature", answer{body: with("PENDING", "SUCCESS"), sign: made.Sign}}, // covers F6
		{"refusal with a bad signature", "signature", answer{body: `{"code":"AMOUNT_INVALID","msg":""}`, signer: "other"}},
		{"html", "http-200", answer{body: "<html>login</html>", signer: "none"}},         // covers F5, F26
		{"truncated", "truncated", answer{body: accepted[:40], declared: "300"}},         // covers F5
		{"cut JSON", "http-200", answer{body: accepted[:40]}},                            // covers F5
		{"10 MB", "too-large", answer{body: strings.Repeat(" ", 10<<20)}},                // covers F5
		{"gzip bomb", "too-large", answer{body: strings.Repeat(" ", 10<<20), zip: true}}, // covers F5
		{"no code", "http-200", answer{body: `{"msg":"fine"}`}},
		{"code is no text", "http-200", answer{body: `{"code":0}`}},
		{"name in capitals", "http-200", answer{body: `{"CODE":"APPLY_SUCCESS"}`}},
		{"empty", "http-200", answer{body: ""}},
		{"redirect", "redirect", answer{status: 302, body: accepted, header: map[string]string{"Location": "/x"}}},
		{"server error", "http-503", answer{status: 503, body: "busy", signer: "none"}},
		{"accepted as a server error", "APPLY_SUCCESS", answer{status: 500, body: accepted}},
		{"refused as a server error", "AMOUNT_INVALID", answer{status: 500, body: `{"code":"AMOUNT_INVALID"}`}},
		{"dropped", "connection", answer{drop: true}}, // covers F3
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := gatewayWith(t, c.answer)
			_, err := g.Refund(t.Context(), aRefund())
			e := fault(t, err, client.ClassUnknown, c.code)
			status := c.answer.status
			if status == 0 && !c.answer.drop {
				status = 200
			}
			evidence(t, e, "refund", status)
			if e.Hint == "" {
				t.Error("no hint")
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
	if x := evidence(t, e, "refund", 0); x.Answer != nil || x.AnswerHash != "" || x.Verified {
		t.Errorf("an answer out of nothing: %+v", x)
	}
}

func TestRefundDeadline(t *testing.T) { // covers F4
	hang := make(chan struct{})
	s := newStub(t, answer{body: accepted, hang: hang})
	t.Cleanup(func() { close(hang) })
	g := connect(t, s.server.URL, func(cfg *Config) { cfg.CallTimeout = 60 * time.Millisecond })
	_, err := g.Refund(t.Context(), aRefund())
	fault(t, err, client.ClassUnknown, "deadline")
}

func TestRefundRefusals(t *testing.T) {
	for _, c := range []struct {
		code  string
		class client.Class
	}{
		{"AMOUNT_INVALID", client.ClassRefused},
		{"PARAMS_INVALID", client.ClassRefused},
		{"ORDER_NOT_EXIST", client.ClassRefused},
		{"REFUND_FAILED", client.ClassRefused},
		{"PAYMENT_METHOD_SUSPEND", client.ClassRefused},
		{"SIGN_VERIFY_FAILED", client.ClassAuth},
		{"MERCHANT_INVALID", client.ClassAuth},
		{"CONTRACT_INVALID", client.ClassAuth},
		{"TOO_MANY_REQUEST", client.ClassRate},
		{"REFUND_INSUFFICIENT_BALANCE", client.ClassRefused},
		{"BALANCE_INSUFFICIENT", client.ClassRefused},
		{"SYSTEM_ERROR", client.ClassUnknown},
		{"REQUEST_TIMEOUT", client.ClassUnknown},
		{"UNEXPECTED_ERROR", client.ClassUnknown},
		{"PAYMENT_PROCESSING", client.ClassUnknown},
		{"NEVER_SEEN", client.ClassUnknown},
		{"ORDER_REPEAT", client.ClassUnknown},
		{"REFUND_NO_INVALID", client.ClassUnknown}, // covers F8
	} {
		for _, signer := range []string{"platform", "none"} {
			g, s := gatewayWith(t, answer{body: `{"code":"` + c.code + `","msg":"because 4242 4242 4242 4242"}`, signer: signer})
			_, err := g.Refund(t.Context(), aRefund())
			e := fault(t, err, c.class, c.code)
			x := evidence(t, e, "refund", 200)
			if x.Verified != (signer == "platform") || x.Code != c.code || x.Message != "because ····4242" {
				t.Errorf("%s by %s: %+v", c.code, signer, x)
			}
			if strings.Contains(err.Error(), "4242 4242") || len(s.requests()) != 1 {
				t.Errorf("%s: %v after %d requests", c.code, err, len(s.requests()))
			}
		}
	}
}

func TestTimeRefusalIsSignedAnewOnce(t *testing.T) { // covers F13, I2
	theirs := testNow().Add(3 * time.Minute)
	refused := answer{body: `{"code":"REQ_TIME_OVER_TIME","msg":"late"}`, signer: "none", header: map[string]string{"Date": theirs.Format(http.TimeFormat)}}
	g, s := gatewayWith(t, refused, answer{body: accepted})
	if _, err := g.Refund(t.Context(), aRefund()); err != nil {
		t.Fatal(err)
	}
	requests := s.requests()
	if len(requests) != 2 {
		t.Fatalf("%d requests", len(requests))
	}
	first, second := string(requests[0].body), string(requests[1].body)
	if strings.Replace(first, "09:30:00.000Z", "09:33:00.500Z", 1) != second {
		t.Errorf("sent first %s\nthen %s", first, second)
	}

	g, s = gatewayWith(t, refused)
	_, err := g.Refund(t.Context(), aRefund())
	e := fault(t, err, client.ClassRate, "REQ_TIME_OVER_TIME")
	if n := len(s.requests()); n != 2 || !strings.Contains(e.Hint, "clock") {
		t.Errorf("%d requests, hint %q", n, e.Hint)
	}
	if offset, ok := g.ClockOffset(); !ok || offset < 179*time.Second || offset > 181*time.Second {
		t.Errorf("offset %v, %v", offset, ok)
	}

	g, s = gatewayWith(t, refused)
	_, err = g.QueryRefund(t.Context(), "RF_1")
	fault(t, err, client.ClassRate, "REQ_TIME_OVER_TIME")
	if n := len(s.requests()); n != 2 {
		t.Errorf("a query was sent %d times", n)
	}
}

func TestRetryAfterIsPassedOn(t *testing.T) { // covers F20
	for _, c := range []struct {
		answer answer
		class  client.Class
		code   string
	}{
		{answer{status: 429, body: "slow down", signer: "none"}, client.ClassRate, "http-429"},
		{answer{status: 429, body: `{"code":"TOO_MANY_REQUEST"}`, signer: "none"}, client.ClassRate, "TOO_MANY_REQUEST"},
		{answer{status: 503, body: "<html>", signer: "none"}, client.ClassUnknown, "http-503"},
	} {
		c.answer.header = map[string]string{"Retry-After": "30"}
		g, s := gatewayWith(t, c.answer)
		_, err := g.Refund(t.Context(), aRefund())
		if e := fault(t, err, c.class, c.code); e.RetryAfter != 30*time.Second || len(s.requests()) != 1 {
			t.Errorf("%s: wait %v after %d requests", c.code, e.RetryAfter, len(s.requests()))
		}
	}
}

func TestRefundInput(t *testing.T) {
	g, s := gatewayWith(t, answer{body: accepted})
	for name, change := range map[string]func(*client.RefundRequest){
		"no number":         func(r *client.RefundRequest) { r.RefundNo = "" },
		"dash in number":    func(r *client.RefundRequest) { r.RefundNo = "A-1" },
		"long number":       func(r *client.RefundRequest) { r.RefundNo = strings.Repeat("A", 65) },
		"no order":          func(r *client.RefundRequest) { r.OrderNo = "" },
		"blank order":       func(r *client.RefundRequest) { r.OrderNo = " A" },
		"zero":              func(r *client.RefundRequest) { r.Amount.Minor = 0 },
		"negative":          func(r *client.RefundRequest) { r.Amount.Minor = -1 },
		"too many decimals": func(r *client.RefundRequest) { r.Amount = client.Money{Minor: 1000, Currency: "IDR", Exp: 2} },
		"three for KWD":     func(r *client.RefundRequest) { r.Amount = client.Money{Minor: 1000, Currency: "KWD", Exp: 3} },
		"no currency":       func(r *client.RefundRequest) { r.Amount.Currency = "" },
		"odd currency":      func(r *client.RefundRequest) { r.Amount.Currency = "usd" },
		"long reason":       func(r *client.RefundRequest) { r.Reason = strings.Repeat("é", 513) },
		"broken reason":     func(r *client.RefundRequest) { r.Reason = "a\xff" },
		"odd notify url":    func(r *client.RefundRequest) { r.NotifyURL = "javascript:alert(1)" },
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
	g, s := gatewayWith(t, answer{body: accepted})
	req := aRefund()
	req.OrderNo, req.Reason = "P4242424242424242", "card 4242 4242 4242 4242"
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
	sent := s.requests()[0]
	if want := strings.Replace(string(sent.body), "4242 4242 4242 4242", "····4242", 1); string(p.Body) != want {
		t.Errorf("preview %s\nsent    %s", p.Body, sent.body)
	}
	if p.Method != "POST" || p.URL != s.server.URL+gatewayPath+"/refund" || p.Headers["Sign"] != sent.header.Get("Sign")[:8]+"•••" {
		t.Errorf("%+v", p)
	}
}
