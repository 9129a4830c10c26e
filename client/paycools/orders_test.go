package paycools

import (
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

func anOrder() client.CreateOrder {
	return client.CreateOrder{
		OrderNo: "SO20261122000001", Amount: php(150050), UserID: "u-5", Subject: "two shirts", ReturnURL: "https://shop.example.ph/t?o=1&p=2",
		PayerName: "Juan dela Cruz", PayerEmail: "juan@example.ph", PayerMobile: "09171234567",
	}
}

const (
	webPaymentDone = `{"redirectUrl":"https://pay.paycools.example/p/1","transactionId":"C120261122010000001","transactionStatus":"PENDING","transactionAmount":150050,"expiresTime":"2026-11-22 18:30:00"}`
	checkoutDone   = `{"mchOrderId":"SO20261122000001","checkoutId":"CH20261122000001","checkoutUrl":"https://pay.paycools.example/c/1","status":"PENDING","expiresTime":"2026-11-22T18:30:00+08:00"}`
	chargeDone     = `{"mchOrderId":"SO20261122000001","transactionId":"C120261122010000002","transactionStatus":"PENDING","channelType":"DIRECT_DEBIT","channelCode":"PH_GCASH_DIRECT_DEBIT"}`
)

func TestCreateWebPayment(t *testing.T) { // paycools: section 10.1
	g, s := gatewayWith(t, ok(webPaymentDone))
	got, err := g.CreateOrder(t.Context(), anOrder())
	if err != nil {
		t.Fatal(err)
	}
	want := client.Order{
		OrderNo: "SO20261122000001", GatewayOrderNo: "C120261122010000001", UserID: "u-5", Amount: php(150050), Status: client.OrderPending,
		Method: "GCASH_QR", CreatedAt: got.Exchange.At,
	}
	if got.Order != want || got.PageURL != "https://pay.paycools.example/p/1" {
		t.Errorf("got %+v %s", got.Order, got.PageURL)
	}
	head := `{"appId":"paycoolsTestApp0001","appName":"Sandbox Shop","mchOrderId":"SO20261122000001","amount":150050,"customerName":"Juan dela Cruz",` +
		`"channelCode":"GCASH_QR","email":"juan@example.ph","mobile":"09171234567","remark":"two shirts",` +
		`"callbackUrl":"https://shop.example.ph/hooks/pay","redirectUrl":"https://shop.example.ph/t?o=1&p=2","sign":"`
	if r := s.last(); r.method != "POST" || r.path != "/api/v1/payment" || !strings.HasPrefix(string(r.body), head) {
		t.Errorf("sent %s %s", r.path, r.body)
	}
	req := anOrder()
	req.PayerName, req.PayerEmail, req.PayerMobile, req.Subject, req.Method, req.NotifyURL = "", "", "", " ", "PAYMAYA", "https://x.example/h"
	if got, err = g.CreateOrder(t.Context(), req); err != nil || got.Order.Method != "PAYMAYA" {
		t.Fatal(err)
	}
	r := s.last().data
	if r.Text("email") != "desk@shop.example.ph" || r.Text("mobile") != "09170000001" || r.Text("channelCode") != "PAYMAYA" || r.Text("callbackUrl") != "https://x.example/h" {
		t.Errorf("sent %v", r)
	}
	if r.Get("remark") != nil {
		t.Error("an empty remark was sent")
	}
}

func TestCreateCheckout(t *testing.T) { // paycools: section 10.5
	for dialect, c := range map[string]struct{ answers, path string }{
		PH2: {"1000", "/api/v2/checkout/generate"}, GROUP: {"10000", "/open-api/payment/checkout/generate"},
	} {
		g, s := dialectWith(t, dialect, answer{body: `{"code":` + c.answers + `,"message":"success","data":` + checkoutDone + `}`})
		req := anOrder()
		req.Country = "PH"
		got, err := g.CreateOrder(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		want := client.Order{
			OrderNo: "SO20261122000001", ChannelNo: "CH20261122000001", UserID: "u-5", Amount: php(150050), Status: client.OrderPending, CreatedAt: got.Exchange.At,
		}
		if got.Order != want || got.PageURL != "https://pay.paycools.example/c/1" {
			t.Errorf("%s: got %+v %s", dialect, got.Order, got.PageURL)
		}
		r := s.last()
		param := `{\"mchOrderId\":\"SO20261122000001\",\"currency\":\"PHP\",\"amount\":150050,\"countryCode\":\"PH\",\"customerName\":\"Juan dela Cruz\",` +
			`\"email\":\"juan@example.ph\",\"mobile\":\"09171234567\",\"userId\":\"u-5\",\"remark\":\"two shirts\",` +
			`\"notifyUrl\":\"https://shop.example.ph/hooks/pay\",\"redirectUrl\":\"https://shop.example.ph/t?o=1&p=2\",\"timestamp\":1795339800000}`
		if r.path != c.path || !strings.HasPrefix(string(r.body), `{"appId":"paycoolsTestApp0001","param":"`+param+`","sign":"`) {
			t.Errorf("%s: sent %s %s", dialect, r.path, r.body)
		}
	}
	// A recorded reply of the checkout has code 1 (paycools: section 4).
	g, _ := dialectWith(t, PH2, answer{body: `{"code":1,"message":"success","data":` + checkoutDone + `}`})
	if _, err := g.CreateOrder(t.Context(), anOrder()); err != nil {
		t.Error(err)
	}
	s := newStub(t, answer{body: `{"code":1,"message":"success","data":` + checkoutDone + `}`})
	s.dialect = PH2Param
	g = connect(t, s.server.URL, func(c *Config) { c.Dialect, c.SignParamOnly = "ph2", true })
	if _, err := g.CreateOrder(t.Context(), anOrder()); err != nil {
		t.Error(err)
	}
}

func TestChargeAToken(t *testing.T) { // paycools: section 11
	for dialect, c := range map[string]struct{ answers, path string }{
		PH: {"1000", "/api/jt/direct/debit/pay"}, GROUP: {"10000", "/open-api/jt/direct/debit/pay"},
	} {
		g, s := dialectWith(t, dialect, answer{body: `{"code":` + c.answers + `,"data":` + chargeDone + `}`})
		req := anOrder()
		req.Token, req.Method, req.ReturnURL = "tok_1", "PH_GCASH_DIRECT_DEBIT", ""
		got, err := g.CreateOrder(t.Context(), req)
		if err != nil || got.PageURL != "" || got.Order.GatewayOrderNo != "C120261122010000002" || got.Order.Method != "PH_GCASH_DIRECT_DEBIT" {
			t.Fatalf("%+v, %v", got, err)
		}
		r := s.last()
		if r.path != c.path || r.data.Text("payToken") != "tok_1" || r.data.Text("timestamp") != "1795339800000" || r.data.Text("amount") != "150050" {
			t.Errorf("sent %s %s", r.path, r.body)
		}
		req.Method = ""
		if _, err := g.CreateOrder(t.Context(), req); client.ClassOf(err) != client.ClassInput {
			t.Error(err)
		}
	}
	s := newStub(t, ok(chargeDone))
	g := connect(t, s.server.URL, func(c *Config) { c.NoDirectDebit = true })
	req := anOrder()
	req.Token, req.Method = "tok_1", "X"
	_, err := g.CreateOrder(t.Context(), req)
	fault(t, err, client.ClassUnsupported, "tokens")
	g, _ = gatewayWith(t, ok(with(t, chargeDone, `"transactionStatus"`, `"x"`)))
	_, err = g.CreateOrder(t.Context(), req)
	fault(t, err, client.ClassUnknown, "status")
}

func TestCreateOrderTrouble(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer answer
		class  client.Class
		code   string
	}{
		{"other amount", ok(with(t, webPaymentDone, "150050", "150051")), client.ClassUnknown, "wrong-echo"},                                      // covers F7
		{"other order", ok(with(t, webPaymentDone, `"transactionId"`, `"mchOrderId":"SO1","transactionId"`)), client.ClassUnknown, "wrong-echo"},  // covers F7
		{"other currency", ok(with(t, webPaymentDone, `"transactionId"`, `"currency":"USD","transactionId"`)), client.ClassUnknown, "wrong-echo"}, // covers F7
		{"no number", ok(with(t, webPaymentDone, "transactionId", "x")), client.ClassUnknown, "wrong-echo"},
		{"no page", ok(with(t, webPaymentDone, "redirectUrl", "x")), client.ClassUnknown, "redirect-url"},
		{"odd page", ok(with(t, webPaymentDone, "https://pay.paycools.example/p/1", "javascript:alert(1)")), client.ClassUnknown, "redirect-url"},
		{"no data", ok("null"), client.ClassUnknown, "wrong-echo"},
		{"taken", code(1012), client.ClassConflict, "1012"},
		{"taken before", code(1014), client.ClassConflict, "1014"},
		{"channel off", code(1011), client.ClassRefused, "1011"},
		{"network", code(1018), client.ClassUnknown, "1018"},
		{"dropped", answer{drop: true}, client.ClassUnknown, "connection"}, // covers F3
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := gatewayWith(t, c.answer)
			got, err := g.CreateOrder(t.Context(), anOrder())
			if e := fault(t, err, c.class, c.code); e.Exchange == nil || len(s.requests()) != 1 || got.PageURL != "" {
				t.Errorf("%d requests, %+v", len(s.requests()), got)
			}
		})
	}
}

func TestCreateOrderInput(t *testing.T) {
	g, s := gatewayWith(t, ok(webPaymentDone))
	for name, change := range map[string]func(*client.CreateOrder){
		"number": func(r *client.CreateOrder) { r.OrderNo = "SO-1" }, "amount": func(r *client.CreateOrder) { r.Amount.Minor = 0 },
		"below the limit": func(r *client.CreateOrder) { r.Amount.Minor = 99 }, "above the limit": func(r *client.CreateOrder) { r.Amount.Minor = 5_000_001 },
		"no return": func(r *client.CreateOrder) { r.ReturnURL = "" }, "long return": func(r *client.CreateOrder) { r.ReturnURL += strings.Repeat("a", 100) },
		"e-mail": func(r *client.CreateOrder) { r.PayerEmail = "juan" }, "mobile": func(r *client.CreateOrder) { r.PayerMobile = "+639171234567" },
		"channel": func(r *client.CreateOrder) { r.Method = "a b" }, "long subject": func(r *client.CreateOrder) { r.Subject = strings.Repeat("a", 257) },
		"name": func(r *client.CreateOrder) { r.PayerName = "\xff" }, "notify": func(r *client.CreateOrder) { r.NotifyURL = "x" },
	} {
		req := anOrder()
		change(&req)
		if _, err := g.CreateOrder(t.Context(), req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*Config){
		"order_notify_url": func(c *Config) { c.OrderNotifyURL = "" }, "app_name": func(c *Config) { c.AppName = "" }, "channel": func(c *Config) { c.Channel = "" },
		"payer_email": func(c *Config) { c.PayerEmail = "" }, "payer_mobile": func(c *Config) { c.PayerMobile = "" },
	} {
		req := anOrder()
		req.PayerEmail, req.PayerMobile = "", ""
		_, err := connect(t, s.server.URL, change).CreateOrder(t.Context(), req)
		fault(t, err, client.ClassConfig, name)
	}
	g = connect(t, s.server.URL, func(c *Config) { c.Dialect = PH2 })
	for name, change := range map[string]func(*client.CreateOrder){
		"country": func(r *client.CreateOrder) { r.Country = "Philippines" }, "e-mail": func(r *client.CreateOrder) { r.PayerEmail = "a b" },
		"user": func(r *client.CreateOrder) { r.UserID = strings.Repeat("u", 65) },
	} {
		req := anOrder()
		change(&req)
		if _, err := g.CreateOrder(t.Context(), req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
}

const webPayment = `{"mchOrderId":"SO20261122000001","transactionId":"C120261122010000001","amount":150050,"transactionStatus":"COMPLETE",` +
	`"createTime":"2026-11-22 17:01:07","returnTime":"2026-11-22 17:01:22","appName":"Sandbox Shop","customerName":"Juan","channelCode":"GCASH_QR",` +
	`"email":"juan@example.ph","mobile":"09171234567","remark":"ticket 4242424242424242","callbackUrl":"https://shop.example.ph/hooks/pay","new":{"x":[1]}}`

func webOrder() client.Order {
	return client.Order{
		OrderNo: "SO20261122000001", GatewayOrderNo: "C120261122010000001", Amount: php(150050), Status: client.OrderPaid, Method: "GCASH_QR",
		Note: "ticket ····4242", CreatedAt: manila("2026-11-22 17:01:07"), PaidAt: manila("2026-11-22 17:01:22"),
	}
}

func TestFindWebPayment(t *testing.T) { // paycools: section 10.2
	for _, ref := range []client.OrderRef{
		{GatewayOrderNo: "C120261122010000001"}, {OrderNo: "so20261122000001", GatewayOrderNo: "C120261122010000001"}, {OrderNo: "C120261122010000001"},
	} {
		g, s := gatewayWith(t, ok(webPayment))
		got, err := g.FindOrder(t.Context(), ref)
		if err != nil || got.Order != webOrder() || got.Exchange.Operation != "paymentQuery" {
			t.Errorf("%+v: %+v, %v", ref, got.Order, err)
		}
		r := s.last()
		if r.method != "GET" || r.path != "/api/v1/payment/C120261122010000001" || !strings.HasPrefix(r.query, "appId=paycoolsTestApp0001&transactionId=C120261122010000001&sign=") {
			t.Errorf("sent %s %s?%s", r.method, r.path, r.query)
		}
		if strings.Contains(string(got.Exchange.Answer), "4242424242424242") || !strings.Contains(string(got.Exchange.Answer), "C120261122010000001") { // covers S16
			t.Errorf("evidence %s", got.Exchange.Answer)
		}
	}
	s := newStub(t, ok(webPayment))
	g := connect(t, s.server.URL, func(c *Config) { c.OmitPathParams = true })
	if _, err := g.QueryOrder(t.Context(), "C120261122010000001"); err != nil || !strings.HasPrefix(s.last().query, "appId=paycoolsTestApp0001&sign=") {
		t.Errorf("sent %s, %v", s.last().query, err)
	}
}

func TestOrderStates(t *testing.T) { // paycools: section 9
	for text, want := range map[string]client.Order{
		"PENDING": {Status: client.OrderPending}, "complete": {Status: client.OrderPaid}, "COMPLETED": {Status: client.OrderPaid}, "SUCCESS": {Status: client.OrderPaid},
		"FAILED": {Status: client.OrderFailed, FailCode: "-10001"}, "CLOSED": {Status: client.OrderClosed, FailCode: "-10001"},
		"REFUNDED": {Status: client.OrderUnknown}, "": {Status: client.OrderUnknown},
	} {
		g, _ := gatewayWith(t, ok(with(t, webPayment, `"COMPLETE"`, `"`+text+`","failedCode":-10001`)))
		got, err := g.QueryOrder(t.Context(), "C120261122010000001")
		if err != nil || got.Order.Status != want.Status || got.Order.FailCode != want.FailCode || got.Order.PaidAt.IsZero() != (want.Status != client.OrderPaid) {
			t.Errorf("%q: %+v, %v", text, got.Order, err)
		}
	}
}

func TestOrderTimes(t *testing.T) { // paycools: section 12 no. 16
	zone := time.FixedZone("X", -3*60*60)
	for text, want := range map[string]time.Time{
		"2026-11-22 17:01:22": time.Date(2026, 11, 22, 20, 1, 22, 0, time.UTC), "2026-11-22T17:01:22+08:00": time.Date(2026, 11, 22, 9, 1, 22, 0, time.UTC),
		"2026-11-22T17:01:22.5+0800": time.Date(2026, 11, 22, 9, 1, 22, 5e8, time.UTC), "1795338082000": time.Date(2026, 11, 22, 9, 1, 22, 0, time.UTC),
		"": {}, "soon": {}, "0": {},
	} {
		s := newStub(t, ok(with(t, webPayment, "2026-11-22 17:01:22", text)))
		g := connect(t, s.server.URL, func(c *Config) { c.Zone = zone })
		got, err := g.QueryOrder(t.Context(), "C120261122010000001")
		if err != nil || !got.Order.PaidAt.Equal(want) {
			t.Errorf("%q: %v, %v", text, got.Order.PaidAt, err)
		}
	}
}

func TestFindOrderTrouble(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new string
		class    client.Class
		code     string
	}{
		{"other order", "SO20261122000001", "SO2", client.ClassUnknown, "wrong-echo"},            // covers F7
		{"other payment", "C120261122010000001", "C2", client.ClassUnknown, "wrong-echo"},        // covers F7
		{"other currency", `"new"`, `"currency":"USD","new"`, client.ClassUnknown, "wrong-echo"}, // covers F7
		{"pesos", "150050", "1500.50", client.ClassUnknown, "amount"},                            // covers I11
		{"no amount", `"amount"`, `"x"`, client.ClassUnknown, "amount"},
		{"too large", "150050", "12345678901234567890", client.ClassUnknown, "amount"},
	} {
		g, s := gatewayWith(t, ok(with(t, webPayment, c.old, c.new)))
		_, err := g.FindOrder(t.Context(), client.OrderRef{OrderNo: "SO20261122000001", GatewayOrderNo: "C120261122010000001"})
		if e := fault(t, err, c.class, c.code); e.Exchange == nil || len(s.requests()) != 1 {
			t.Errorf("%s: %d requests", c.name, len(s.requests()))
		}
	}
	g, s := gatewayWith(t, ok(webPayment))
	for _, ref := range []client.OrderRef{{}, {OrderNo: " "}, {OrderNo: "a/b"}, {OrderNo: ".."}, {OrderNo: strings.Repeat("x", 65)}, {OrderNo: "A", GatewayOrderNo: "b?c"}, {GatewayOrderNo: "é"}} {
		if _, err := g.FindOrder(t.Context(), ref); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%+v: %v", ref, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
	g, _ = gatewayWith(t, code(1003))
	_, err := g.QueryOrder(t.Context(), "SO1")
	fault(t, err, client.ClassAuth, "1003")
}

func TestFindCheckout(t *testing.T) { // paycools: section 10.5
	body := `{"code":1,"message":"success","data":{"mchOrderId":"SO20261122000001","checkoutId":"CH1","amount":150050,"currency":"PHP","status":"CLOSED","createTime":"2026-11-22T17:01:07+08:00"}}`
	g, s := dialectWith(t, PH2, answer{body: body})
	got, err := g.FindOrder(t.Context(), client.OrderRef{OrderNo: "SO20261122000001", GatewayOrderNo: "C1"})
	want := client.Order{OrderNo: "SO20261122000001", ChannelNo: "CH1", Amount: php(150050), Status: client.OrderClosed, CreatedAt: manila("2026-11-22 17:01:07")}
	if err != nil || got.Order != want || got.Exchange.Operation != "checkoutQuery" {
		t.Errorf("%+v, %v", got.Order, err)
	}
	if r := s.last(); r.path != "/api/v2/checkout/query" || r.data.Text("mchOrderId") != "SO20261122000001" || r.data.Text("timestamp") != "1795339800000" {
		t.Errorf("sent %s %s", r.path, r.body)
	}
	g, s = dialectWith(t, GROUP, answer{body: strings.Replace(strings.Replace(body, `"code":1,`, `"code":10000,`, 1), `"checkoutId":"CH1"`, `"transactionId":"C1"`, 1)})
	for _, ref := range []client.OrderRef{{OrderNo: "SO20261122000001"}, {GatewayOrderNo: "C1"}, {OrderNo: "C1"}} {
		if got, err = g.FindOrder(t.Context(), ref); err != nil || got.Order.GatewayOrderNo != "C1" || s.last().path != "/open-api/payment/query" {
			t.Errorf("%+v, %v", got.Order, err)
		}
	}
	g, _ = dialectWith(t, GROUP, code(21006))
	_, err = g.QueryOrder(t.Context(), "SO1")
	if e := fault(t, err, client.ClassNotFound, "order"); e.Exchange == nil || strings.Contains(e.Message, "statement") {
		t.Errorf("%+v", e)
	}
	// An order of the old kind is found behind a checkout that is not known.
	s = newStub(t)
	s.script = func(r received) answer {
		if strings.HasPrefix(r.path, "/api/v1/payment/") {
			return ok(webPayment)
		}
		return code(1008)
	}
	g = connect(t, s.server.URL, func(c *Config) { c.Dialect = PH2 })
	if got, err := g.FindOrder(t.Context(), client.OrderRef{OrderNo: "SO20261122000001", GatewayOrderNo: "C120261122010000001"}); err != nil || got.Order != webOrder() {
		t.Errorf("%+v, %v", got.Order, err)
	}
}

func TestFindCharge(t *testing.T) {
	s := newStub(t)
	s.script = func(r received) answer {
		if r.path == "/api/jt/direct/debit/query" && r.data.Text("transactionId") == "C120261122010000002" && r.data.Text("timestamp") != "" {
			return ok(with(t, chargeDone, `"channelType"`, `"amount":150050,"channelType"`))
		}
		return code(1008)
	}
	got, err := connect(t, s.server.URL).FindOrder(t.Context(), client.OrderRef{OrderNo: "SO20261122000001", GatewayOrderNo: "C120261122010000002"})
	if err != nil || got.Order.Status != client.OrderPending || got.Order.Method != "PH_GCASH_DIRECT_DEBIT" {
		t.Errorf("%+v, %v", got.Order, err)
	}
}

func TestCloseOrder(t *testing.T) { // paycools: section 10.5
	for data, want := range map[string]client.Order{
		"null": {OrderNo: "SO1", Status: client.OrderClosed},
		"{}":   {OrderNo: "SO1", Status: client.OrderClosed},
		`{"mchOrderId":"so1","status":"CLOSED","amount":100}`:                  {OrderNo: "SO1", Status: client.OrderClosed, Amount: php(100)},
		`{"mchOrderId":"SO1","transactionId":"C9","status":"COMPLETE"}`:        {OrderNo: "SO1", GatewayOrderNo: "C9", Status: client.OrderPaid},
		`{"mchOrderId":"SO1","transactionStatus":"REFUSED","checkoutId":"CH"}`: {OrderNo: "SO1", ChannelNo: "CH", Status: client.OrderUnknown},
	} {
		g, s := dialectWith(t, PH2, answer{body: `{"code":1,"data":` + data + `}`})
		got, err := g.CloseOrder(t.Context(), "SO1")
		if err != nil || got.Order != want || s.last().path != "/api/v2/checkout/close" || s.last().data.Text("mchOrderId") != "SO1" {
			t.Errorf("%s: %+v, %v", data, got.Order, err)
		}
	}
	g, _ := dialectWith(t, PH2, answer{body: `{"code":1,"data":{"mchOrderId":"SO2"}}`})
	_, err := g.CloseOrder(t.Context(), "SO1")
	fault(t, err, client.ClassUnknown, "wrong-echo") // covers F7
	g, _ = dialectWith(t, PH2, answer{body: `{"code":1,"data":{"mchOrderId":"SO1","amount":"1.5"}}`})
	_, err = g.CloseOrder(t.Context(), "SO1")
	fault(t, err, client.ClassUnknown, "amount")
	g, _ = dialectWith(t, PH2, code(1008))
	_, err = g.CloseOrder(t.Context(), "SO1")
	fault(t, err, client.ClassNotFound, "1008")
	for dialect, hint := range map[string]string{PH: "one hour", GROUP: "no documented way"} {
		g, s := dialectWith(t, dialect, ok("null"))
		_, err := g.CloseOrder(t.Context(), "SO1")
		if e := fault(t, err, client.ClassUnsupported, "close"); !strings.Contains(e.Message, hint) || len(s.requests()) != 0 {
			t.Errorf("%s: %v", dialect, e)
		}
	}
}
