package easylink

import (
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

const aPage = `{"mchOrderNo":"SO20260301000001","orderState":1,"payData":"https://pay.example/c?t=A&b=c%20d","payDataType":"payurl","payOrderId":"P1790000000000000001"}`

func anAsk() client.CreateOrder {
	return client.CreateOrder{
		OrderNo: "SO20260301000001", Amount: hkd(8800), UserID: "U-2041", Subject: "Mug <1>", ReturnURL: "https://shop.example.com/thanks?a=1",
		NotifyURL: "https://shop.example.com/hooks/easylink/pay", ClientIP: "203.0.113.9",
	}
}

func TestCreateOrderOnTheWire(t *testing.T) { // covers I11
	g, s := gatewayWith(t, answer{body: done(aPage)})
	got, err := g.CreateOrder(t.Context(), anAsk())
	if err != nil {
		t.Fatal(err)
	}
	want := client.Order{
		OrderNo: "SO20260301000001", GatewayOrderNo: "P1790000000000000001", UserID: "U-2041", Amount: hkd(8800), Status: client.OrderPending,
		Method: "ALI_H5", CreatedAt: testNow(),
	}
	if got.Order != want || got.PageURL != "https://pay.example/c?t=A&b=c%20d" || !got.Exchange.Verified {
		t.Errorf("got %+v %s", got.Order, got.PageURL)
	}
	requests := s.requests()
	body := `{"mchNo":"M1700000001","appId":"65f0c0ffee65f0c0ffee0001","mchOrderNo":"SO20260301000001","wayCode":"ALI_H5","amount":8800,"currency":"HKD",` +
		`"subject":"Mug <1>","body":"Mug <1>","clientIp":"203.0.113.9","notifyUrl":"https://shop.example.com/hooks/easylink/pay",` +
		`"returnUrl":"https://shop.example.com/thanks?a=1","channelExtra":"{\"walletType\":\"HK\"}","extParam":"U-2041",` +
		`"reqTime":"1795339800123","version":"1.0","signType":"MD5","sign":"` + s.sent(0).Text("sign") + `"}`
	if len(requests) != 1 || requests[0].path != "/api/pay/unifiedOrder" || string(requests[0].body) != body {
		t.Errorf("sent %s\nwant %s", requests[0].body, body)
	}
}

func TestCreateOrderSettings(t *testing.T) {
	s := newStub(t, answer{body: done(aPage)})
	g := connect(t, s.server.URL, func(cfg *Config) {
		cfg.WayCode, cfg.ChannelExtra = "WX_H5", map[string]string{"WX_H5": `{"appid":"wx1"}`}
		cfg.OrderExpiry, cfg.ExtParam, cfg.OrderNotifyURL = time.Hour, ExtNone, "https://shop.example/n"
	})
	req := anAsk()
	req.NotifyURL, req.ReturnURL, req.ClientIP = "", "", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"
	if _, err := g.CreateOrder(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	sent := s.sent(0)
	if sent.Text("wayCode") != "WX_H5" || sent.Text("channelExtra") != `{"appid":"wx1"}` || sent.Text("expiredTime") != "3600" ||
		sent.Text("notifyUrl") != "https://shop.example/n" || sent.Get("extParam") != nil || sent.Get("returnUrl") != nil || sent.Get("clientIp") != nil {
		t.Errorf("%s", s.requests()[0].body)
	}
	req.Method = "UP_OP"
	if got, err := g.CreateOrder(t.Context(), req); err != nil || got.Order.Method != "UP_OP" || s.sent(1).Get("channelExtra") != nil {
		t.Errorf("%+v, %v", got.Order, err)
	}
}

// TestExtParamDialect: the member goes by one name only, and never with what
// would break the gateway's notification.
func TestExtParamDialect(t *testing.T) {
	for user, sent := range map[string]bool{"U-2041": true, "a.b_c-9": true, "a&b=c": false, "用户": false, "": false, strings.Repeat("u", 65): false} {
		for _, dialect := range []string{"", ExtParam, ExtraParam} {
			g := connect(t, "http://127.0.0.1:1", func(cfg *Config) { cfg.ExtParam = dialect })
			req := anAsk()
			req.UserID = user
			out, err := g.orderRequest(req)
			if err != nil {
				t.Fatal(err)
			}
			name, other := ExtParam, ExtraParam
			if dialect == ExtraParam {
				name, other = other, name
			}
			if (out.data.Text(name) == user && user != "") != sent || out.data.Get(other) != nil {
				t.Errorf("%q as %q: %v", user, dialect, out.data)
			}
		}
	}
}

func TestCreateOrderStates(t *testing.T) {
	with := func(old, new string) string { return done(strings.Replace(aPage, old, new, 1)) }
	for name, c := range map[string]struct {
		body   string
		status client.OrderStatus
		page   bool
	}{
		"created":          {with(`"orderState":1`, `"orderState":0`), client.OrderPending, true},
		"state in query's": {with(`"orderState"`, `"state"`), client.OrderPending, true},
		"code to scan":     {with(`"payurl"`, `"codeImgUrl"`), client.OrderPending, true},
		"type in capitals": {with(`"payurl"`, `"PAYURL"`), client.OrderPending, true},
		"paid at once":     {with(`"orderState":1,"payData":"https://pay.example/c?t=A&b=c%20d"`, `"orderState":2`), client.OrderPaid, false},
		"failed upstream":  {with(`"orderState":1`, `"errCode":"E","errMsg":"no","orderState":3`), client.OrderFailed, false},
		"closed":           {with(`"orderState":1`, `"orderState":6`), client.OrderClosed, false},
	} {
		g, _ := gatewayWith(t, answer{body: c.body})
		got, err := g.CreateOrder(t.Context(), anAsk())
		if err != nil || got.Order.Status != c.status || (got.PageURL != "") != c.page || got.Order.GatewayOrderNo == "" {
			t.Errorf("%s: %+v %q, %v", name, got.Order, got.PageURL, err)
		}
		if c.status == client.OrderFailed && got.Order.FailCode != "E no" {
			t.Errorf("%s: %q", name, got.Order.FailCode)
		}
	}
}

// TestCreateOrderDoubts: after every doubtful creation the order is looked up
// before another one is made.
func TestCreateOrderDoubts(t *testing.T) {
	with := func(old, new string) string { return done(strings.Replace(aPage, old, new, 1)) }
	for _, c := range []struct{ name, code, body string }{
		{"other order", "wrong-echo", with("SO20260301000001", "SO2")}, // covers F7
		{"no number", "wrong-echo", with("mchOrderNo", "x")},           // covers F7
		{"unknown state", "state", with(`:1`, `:9`)},                   // covers I6
		{"form", "pay-data", with(`"payurl"`, `"form"`)},
		{"app data", "pay-data", with(`"payurl"`, `"wxapp"`)},
		{"script", "pay-data", with("https://pay.example/c?t=A&b=c%20d", "javascript:alert(1)")},
		{"user in page", "pay-data", with("https://pay.example", "https://u:p@pay.example")},
		{"no page", "pay-data", with(`"payData"`, `"x"`)},
		{"other secret", "signature", signedBy("other", aPage)},                                            // covers F6
		{"number used", "9999", refused("9999", "商户订单[SO20260301000001]已存在")},                              // covers F8
		{"way not enabled", "9999", refused("9999", "商户应用不支持该支付方式")},                                       // covers I6
		{"bad parameter", "11", refused("11", "x")},                                                        // covers I6
		{"permission", "5004", refused("5004", "x")},                                                       // covers I6
		{"system error", "10", refused("10", "x")},                                                         // covers I6
		{"signature refused", "9999", refused("9999", "验签失败")},                                             // covers I6
		{"html", "http-200", "<html>"},                                                                     // covers F5
		{"no data", "no-data", `{"code":0,"msg":"SUCCESS"}`},                                               // covers F6
		{"edited page", "signature", strings.Replace(done(aPage), "pay.example", "evil.example", 1)},       // covers F6
		{"edited state", "signature", strings.Replace(done(aPage), `"orderState":1`, `"orderState":2`, 1)}, // covers F6
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := gatewayWith(t, answer{body: c.body})
			got, err := g.CreateOrder(t.Context(), anAsk())
			e := fault(t, err, client.ClassUnknown, c.code)
			evidence(t, e, "unifiedOrder", 200)
			if len(s.requests()) != 1 || got.PageURL != "" || e.Hint == "" {
				t.Errorf("%d requests, page %q, hint %q", len(s.requests()), got.PageURL, e.Hint)
			}
		})
	}
}

func TestCreateOrderInput(t *testing.T) {
	g, s := gatewayWith(t, answer{body: done(aPage)})
	for name, change := range map[string]func(*client.CreateOrder){
		"no number":         func(r *client.CreateOrder) { r.OrderNo = "" },
		"long number":       func(r *client.CreateOrder) { r.OrderNo = strings.Repeat("S", 31) },
		"odd number":        func(r *client.CreateOrder) { r.OrderNo = "S&1" },
		"zero":              func(r *client.CreateOrder) { r.Amount.Minor = 0 },
		"unknown currency":  func(r *client.CreateOrder) { r.Amount.Currency = "EUR" },
		"no subject":        func(r *client.CreateOrder) { r.Subject = " " },
		"ampersand":         func(r *client.CreateOrder) { r.Subject = "Salt & Pepper" },
		"long subject":      func(r *client.CreateOrder) { r.Subject = strings.Repeat("茶", 65) },
		"odd return url":    func(r *client.CreateOrder) { r.ReturnURL = "file:///etc/passwd" },
		"long return url":   func(r *client.CreateOrder) { r.ReturnURL = "https://shop.example/" + strings.Repeat("r", 110) },
		"notify with query": func(r *client.CreateOrder) { r.NotifyURL = "https://shop.example/n?q" },
		"odd method":        func(r *client.CreateOrder) { r.Method = "alipay h5" },
		"odd client ip":     func(r *client.CreateOrder) { r.ClientIP = "localhost" },
	} {
		req := anAsk()
		change(&req)
		if _, err := g.CreateOrder(t.Context(), req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests left all the same", n)
	}
}
