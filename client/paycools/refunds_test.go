package paycools

import (
	"net"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"paydesk/client"
	"paydesk/client/internal/strict"
)

func aRefund() client.RefundRequest {
	return client.RefundRequest{
		RefundNo: "RF20261122000042", OrderNo: "SO20261120000815", GatewayOrderNo: "C120261120010000815", Amount: php(1230),
		Reason: "damaged & late", NotifyURL: "https://pay.shop.example/h?x=1&y=2",
	}
}

const (
	accepted = `{"code":1000,"message":"success","data":{"mchRefundOrderId":"RF20261122000042","refundTransactionId":"R120261122010004242",` +
		`"refundAmount":1230,"refundCreateTime":"2026-11-22 17:30:00","refundStatus":"PENDING"}}`
	acceptedGroup = `{"code":10000,"message":"Success","data":{"mchRefundOrderId":"RF20261122000042","refundTransactionId":"R120261122010004242",` +
		`"refundAmount":1230,"refundCreateTime":"2026-11-22 17:30:00","refundStatus":"PENDING"}}`
)

func TestRefundOnTheWire(t *testing.T) { // covers I2, I11
	g, s := gatewayWith(t, answer{body: accepted})
	got, err := g.Refund(t.Context(), aRefund())
	if err != nil {
		t.Fatal(err)
	}
	want := client.Refund{
		RefundNo: "RF20261122000042", GatewayRefundNo: "R120261122010004242", OrderNo: "SO20261120000815", GatewayOrderNo: "C120261120010000815",
		Amount: php(1230), Status: client.RefundPending,
	}
	if got.Refund != want {
		t.Errorf("got %+v", got.Refund)
	}
	r := s.requests()[0]
	head := `{"appId":"paycoolsTestApp0001","mchRefundOrderId":"RF20261122000042","originalTransactionId":"C120261120010000815","refundAmount":1230,` +
		`"refundReason":"damaged & late","refundCallbackUrl":"https://pay.shop.example/h?x=1&y=2","sign":"`
	if !strings.HasPrefix(string(r.body), head) || r.method != "POST" || r.path != "/api/payment/refund" || r.query != "" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("sent %s %s %s", r.method, r.path, r.body)
	}
	x, signature := got.Exchange, r.data.Text("sign")
	if x.Verified || x.Code != "1000" || x.Message != "success" || x.HTTPStatus != 200 || x.Operation != "refund" || string(x.Answer) != accepted ||
		x.URL != s.server.URL+"/api/payment/refund" || x.RequestBytes != len(r.body) || len(x.AnswerHash) != 64 ||
		string(x.Request) != head+signature[:8]+`•••"}` {
		t.Errorf("evidence %+v\n%s", x, x.Request)
	}
	// A second sending is the same bytes again: nothing in it is of now.
	if _, err := g.Refund(t.Context(), aRefund()); err != nil || string(s.requests()[1].body) != string(r.body) {
		t.Errorf("sent again as %s, %v", s.requests()[1].body, err)
	}
}

func TestRefundInTheGroup(t *testing.T) {
	g, s := dialectWith(t, GROUP, answer{body: acceptedGroup})
	got, err := g.Refund(t.Context(), aRefund())
	if err != nil || got.Refund.Status != client.RefundPending {
		t.Fatal(err)
	}
	r := s.requests()[0]
	param := `{\"mchRefundOrderId\":\"RF20261122000042\",\"originalTransactionId\":\"C120261120010000815\",\"refundAmount\":1230,` +
		`\"refundReason\":\"damaged & late\",\"refundCallbackUrl\":\"https://pay.shop.example/h?x=1&y=2\",\"timestamp\":1795339800000}`
	if r.path != "/open-api/payment/refund" || !strings.HasPrefix(string(r.body), `{"appId":"paycoolsTestApp0001","param":"`+param+`","sign":"`) {
		t.Errorf("sent %s %s", r.path, r.body)
	}
	if signature := string(r.body[len(r.body)-30:]); strings.Contains(string(got.Exchange.Request), signature) || !strings.HasSuffix(string(got.Exchange.Request), `•••"}`) {
		t.Errorf("evidence %s", got.Exchange.Request)
	}
}

func TestRefundSettings(t *testing.T) {
	s := newStub(t, answer{body: with(t, accepted, "1000", `"77"`)})
	g := connect(t, s.server.URL, func(c *Config) {
		c.Paths = map[string]string{"refund": "/api/v9/refund"}
		c.SuccessCodes = []string{"77"}
	})
	req := aRefund()
	req.NotifyURL, req.Reason = "", "  "
	if _, err := g.Refund(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	r := s.requests()[0]
	if r.path != "/api/v9/refund" || r.data.Text("refundCallbackUrl") != "https://shop.example.ph/hooks/refund" || r.data.Text("refundReason") != "refund" {
		t.Errorf("sent %s %s", r.path, r.body)
	}

	g = connect(t, s.server.URL, func(c *Config) { c.RefundNotifyURL = "" })
	_, err := g.Refund(t.Context(), req)
	fault(t, err, client.ClassConfig, "refund_notify_url")
	if can := g.Capabilities().Refund; can.OK || !strings.Contains(can.Reason, "refund_notify_url") {
		t.Errorf("%+v", can)
	}
}

func TestRefundStates(t *testing.T) { // covers I6; paycools: section 9
	for text, want := range map[string]client.RefundStatus{
		"PENDING": client.RefundPending, "pending ": client.RefundPending, "COMPLETE": client.RefundSuccess, "Completed": client.RefundSuccess,
		"SUCCESS": client.RefundSuccess, "FAILED": client.RefundFailed, "CANCEL": client.RefundClosed, "CANCELED": client.RefundClosed, "cancelled": client.RefundClosed,
	} {
		g, _ := gatewayWith(t, answer{body: with(t, accepted, "PENDING", text)})
		got, err := g.Refund(t.Context(), aRefund())
		if err != nil || got.Refund.Status != want {
			t.Errorf("%s: %+v, %v", text, got.Refund, err)
		}
	}
	s := newStub(t, answer{body: with(t, accepted, "PENDING", "VOIDED")})
	g := connect(t, s.server.URL, func(c *Config) { c.CancelWords = []string{"voided"} })
	if got, err := g.Refund(t.Context(), aRefund()); err != nil || got.Refund.Status != client.RefundClosed {
		t.Errorf("a word of the settings: %+v, %v", got.Refund, err)
	}
}

// TestRefundWords shows a word that is not known as it is, and calls it unknown.
func TestRefundWords(t *testing.T) { // covers I6
	for word, want := range map[string]string{
		"REFUNDING": "REFUNDING", "payment.refund.success": "payment.refund.success", " in Process ": "in Process",
		"4242 4242 4242 4242": "····4242", strings.Repeat("é", 41): strings.Repeat("é", 39) + "…", "complete": "",
	} {
		g, _ := gatewayWith(t, answer{body: with(t, accepted, "PENDING", word)}, ok("["+with(t, refundOne, "COMPLETE", word)+"]"))
		made, err := g.Refund(t.Context(), aRefund())
		if err != nil || made.Refund.Word != want || (made.Refund.Status == client.RefundUnknown) != (want != "") {
			t.Errorf("%s: %+v, %v", word, made.Refund, err)
		}
		found, err := g.FindRefund(t.Context(), refOne())
		if err != nil || found.Refund.Word != want || (found.Refund.Status == client.RefundUnknown) != (want != "") {
			t.Errorf("%s: %+v, %v", word, found.Refund, err)
		}
		listed, err := g.RefundsOf(t.Context(), refOne().GatewayOrderNo)
		if err != nil || len(listed.Refunds) != 1 || listed.Refunds[0].Word != want {
			t.Errorf("%s: %+v, %v", word, listed.Refunds, err)
		}
	}
	g := connect(t, "http://127.0.0.1:1", func(c *Config) { c.CancelWords = []string{"voided"} })
	if status, known := g.refundStatus("Voided"); !known || status != client.RefundClosed {
		t.Error("a word of the account's settings is not known")
	}
}

// TestRefundDoubts lists every accepted-looking answer that proves nothing.
func TestRefundDoubts(t *testing.T) {
	for _, c := range []struct {
		name, code string
		answer     answer
	}{
		{"other refund", "wrong-echo", answer{body: with(t, accepted, "RF20261122000042", "RF20261122000043")}},                           // covers F7
		{"no refund number", "wrong-echo", answer{body: with(t, accepted, "mchRefundOrderId", "x")}},                                      // covers F7
		{"other payment", "wrong-echo", answer{body: with(t, accepted, `"refundStatus"`, `"originalTransactionId":"C1","refundStatus"`)}}, // covers F7
		{"other amount", "wrong-echo", answer{body: with(t, accepted, "1230", "1231")}},                                                   // covers F7
		{"pesos for cents", "amount", answer{body: with(t, accepted, "1230", "12.30")}},                                                   // covers I11
		{"negative amount", "amount", answer{body: with(t, accepted, "1230", "-1230")}},                                                   // covers I11
		{"unreadable amount", "amount", answer{body: with(t, accepted, "1230", `"NaN"`)}},                                                 // covers I11
		{"no word", "status", answer{body: with(t, accepted, "refundStatus", "x")}},                                                       // covers I6
		{"no word", "status", answer{body: with(t, accepted, "refundStatus", "state")}},                                                   // covers I6
		{"no data", "wrong-echo", answer{body: `{"code":1000,"message":"success","data":null}`}},                                          // covers F5
		{"data is a list", "wrong-echo", answer{body: `{"code":1000,"message":"success","data":[1,2]}`}},                                  // covers F5
		{"code twice", "ambiguous", answer{body: with(t, accepted, `"code"`, `"code":1503,"code"`)}},                                      // covers F5
		{"status twice", "ambiguous", answer{body: with(t, accepted, `"refundStatus"`, `"refundStatus":"FAILED","refundStatus"`)}},        // covers F5
		{"html", "http-200", answer{body: "<html>login</html>"}},                                                                          // covers F5, F26
		{"truncated", "truncated", answer{body: accepted[:40], declared: "300"}},                                                          // covers F5
		{"cut JSON", "http-200", answer{body: accepted[:40]}},                                                                             // covers F5
		{"10 MB", "too-large", answer{body: strings.Repeat(" ", 10<<20)}},                                                                 // covers F5
		{"no code", "http-200", answer{body: `{"message":"success"}`}},                                                                    // covers F5
		{"code is an object", "http-200", answer{body: `{"code":{}}`}},                                                                    // covers F5
		{"name in capitals", "http-200", answer{body: `{"CODE":1000}`}},                                                                   // covers F5
		{"endless code", "http-200", answer{body: `{"code":"` + strings.Repeat("1", 50) + `"}`}},                                          // covers F5
		{"empty", "http-200", answer{}},                       // covers F5
		{"the other dialect's success", "10000", code(10000)}, // covers I6
		{"success of the checkout", "1", code(1)},             // covers I6
		{"redirect", "redirect", answer{status: 302, body: accepted, header: map[string]string{"Location": "/x"}}},                                    // covers S13
		{"server error", "http-503", answer{status: 503, body: "busy"}},                                                                               // covers I6
		{"accepted as a server error", "http-500", answer{status: 500, body: accepted}},                                                               // covers I6
		{"refused as a server error", "http-500", answer{status: 500, body: `{"code":1513}`}},                                                         // covers I6
		{"accepted as a client error", "http-404", answer{status: 404, body: accepted}},                                                               // covers I6
		{"too many requests", "http-429", answer{status: 429, body: `{"code":1513}`, header: map[string]string{"Retry-After": "30"}}},                 // covers I6
		{"dropped", "connection", answer{drop: true}},                                                                                                 // covers F3
		{"number in use", "1515", code(1515)},                                                                                                         // covers F8
		{"system error", "1503", code(1503)}, {"network", "1018", code(1018)}, {"not documented", "1514", code(1514)}, {"never seen", "77", code(77)}, // covers I6
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := gatewayWith(t, c.answer)
			got, err := g.Refund(t.Context(), aRefund())
			e := fault(t, err, client.ClassUnknown, c.code)
			status := c.answer.status
			if status == 0 && !c.answer.drop {
				status = 200
			}
			evidence(t, e, "refund", status)
			if e.Hint == "" || got.Refund != (client.Refund{}) {
				t.Errorf("hint %q, refund %+v", e.Hint, got.Refund)
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
	if x := evidence(t, e, "refund", 0); x.Answer != nil || x.AnswerHash != "" {
		t.Errorf("an answer out of nothing: %+v", x)
	}
}

func TestRefundDeadline(t *testing.T) { // covers F4
	hang := make(chan struct{})
	s := newStub(t, answer{body: accepted, hang: hang})
	t.Cleanup(func() { close(hang) })
	g := connect(t, s.server.URL, func(c *Config) { c.CallTimeout = 60 * time.Millisecond })
	_, err := g.Refund(t.Context(), aRefund())
	fault(t, err, client.ClassUnknown, "deadline")
}

func TestRefundRefusals(t *testing.T) { // paycools: sections 4.1 to 4.3
	classes := map[client.Class][]string{
		client.ClassRefused: {"1501", "1008", "1504", "1505", "1506", "1507", "1508", "1509", "1510", "1511", "1512", "1513", "1516", "1006", "1007", "1009", "1011"},
		client.ClassAuth:    {"1001", "1002", "1003", "1004", "1005"},
		client.ClassRate:    {"1502", "1013"},
		client.ClassUnknown: {"1012", "1014", "1017", "1018", "1019", "1503", "1514", "1515", "0", "200"},
	}
	group := map[client.Class][]string{
		client.ClassRefused: {"21002", "21005", "21006", "21010", "21012", "21013", "21014", "1501", "1506"},
		client.ClassAuth:    {"21001", "21003", "21004", "21016"},
		client.ClassRate:    {"21008", "21009", "1502"},
		client.ClassUnknown: {"21000", "21007", "21011", "21015", "1000", "1515"},
	}
	for dialect, table := range map[string]map[client.Class][]string{PH: classes, PH2: classes, GROUP: group} {
		for class, codes := range table {
			for _, n := range codes {
				for _, form := range []string{n, `"` + n + `"`} {
					g, s := dialectWith(t, dialect, answer{body: `{"code":` + form + `,"msg":"because 4242 4242 4242 4242"}`})
					_, err := g.Refund(t.Context(), aRefund())
					e := fault(t, err, class, n)
					if x := evidence(t, e, "refund", 200); x.Code != n || x.Message != "because ····4242" || len(s.requests()) != 1 {
						t.Errorf("%s %s: %+v after %d requests", dialect, n, x, len(s.requests()))
					}
					if strings.Contains(err.Error(), "4242 4242") || (e.Hint == "") != (hintFor(opRefund, n, class) == "") {
						t.Errorf("%s: %v (%s)", n, err, e.Hint)
					}
				}
			}
		}
	}
	g, _ := gatewayWith(t, answer{status: 403, body: `{"code":1002,"message":"ip"}`})
	_, err := g.Refund(t.Context(), aRefund())
	if e := fault(t, err, client.ClassAuth, "1002"); !strings.Contains(e.Hint, "address") {
		t.Error(e.Hint)
	}
}

func TestRefundInput(t *testing.T) {
	g, s := gatewayWith(t, answer{body: accepted})
	for name, change := range map[string]func(*client.RefundRequest){
		"no number":             func(r *client.RefundRequest) { r.RefundNo = "" },
		"dash in number":        func(r *client.RefundRequest) { r.RefundNo = "A-1" },
		"underscore in number":  func(r *client.RefundRequest) { r.RefundNo = "A_1" },
		"long number":           func(r *client.RefundRequest) { r.RefundNo = strings.Repeat("A", 33) },
		"no gateway's number":   func(r *client.RefundRequest) { r.GatewayOrderNo = "" },
		"odd gateway's number":  func(r *client.RefundRequest) { r.GatewayOrderNo = "C1/../x" },
		"zero":                  func(r *client.RefundRequest) { r.Amount.Minor = 0 },
		"negative":              func(r *client.RefundRequest) { r.Amount.Minor = -1 },
		"whole pesos":           func(r *client.RefundRequest) { r.Amount = client.Money{Minor: 10, Currency: "PHP"} },
		"other currency":        func(r *client.RefundRequest) { r.Amount.Currency = "USD" },
		"long reason":           func(r *client.RefundRequest) { r.Reason = strings.Repeat("é", 257) },
		"broken reason":         func(r *client.RefundRequest) { r.Reason = "a\xff" },
		"odd notify url":        func(r *client.RefundRequest) { r.NotifyURL = "javascript:alert(1)" },
		"long notify url":       func(r *client.RefundRequest) { r.NotifyURL = "https://x.example/" + strings.Repeat("a", 100) },
		"notify url with login": func(r *client.RefundRequest) { r.NotifyURL = "https://a:b@x.example/" },
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

func TestPreviewRefundIsWhatWouldBeSent(t *testing.T) { // covers I12, S8
	g, s := gatewayWith(t, answer{body: accepted})
	req := aRefund()
	req.GatewayOrderNo, req.Reason = "C4242424242424242", "card 4242 4242 4242 4242"
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
	signature := sent.data.Text("sign")
	want := strings.Replace(strings.Replace(string(sent.body), "4242 4242 4242 4242", "····4242", 1), signature, signature[:8]+"•••", 1)
	if string(p.Body) != want || p.Method != "POST" || p.URL != s.server.URL+"/api/payment/refund" || p.Headers["Content-Type"] != "application/json" {
		t.Errorf("preview %s\nsent    %s\n%+v", p.Body, want, p)
	}
}

// TestAmountsKeepTheirValueOnTheWire renders every legal amount and reads it back
// out of the signed body.
func TestAmountsKeepTheirValueOnTheWire(t *testing.T) { // covers I11
	g := connect(t, "http://127.0.0.1:1")
	rapid.Check(t, func(t *rapid.T) {
		req := aRefund()
		req.Amount.Minor = rapid.Int64Min(1).Draw(t, "minor")
		out, err := g.refundRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		sent, err := g.compose(out)
		if err != nil {
			t.Fatal(err)
		}
		o, err := strict.Parse([]byte(sent.body))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := g.readCents(o.Text("refundAmount")); err != nil || back != req.Amount {
			t.Fatalf("%v is %s on the wire", req.Amount, sent.body)
		}
		if back, err := g.readMajor(req.Amount.Major()); err != nil || back != req.Amount {
			t.Fatalf("%v is %v in a statement: %v", req.Amount, back, err)
		}
	})
}
