package payermax

import (
	"strings"
	"testing"

	"paydesk/client"
)

const created = `{"code":"APPLY_SUCCESS","msg":"","data":{"outTradeNo":"PO_9","tradeToken":"T9","status":"PENDING","redirectUrl":"https://cashier.example/x?y=1"}}`

func aPage() client.CreateOrder {
	return client.CreateOrder{
		OrderNo: "PO_9", Amount: client.Money{Minor: 5800, Currency: "HKD", Exp: 2}, Country: "HK", UserID: "u-5", Subject: "shoes & <socks>",
		ReturnURL: "https://shop.example/back", NotifyURL: "https://shop.example/hook",
	}
}

func aCharge() client.CreateOrder {
	req := aPage()
	req.Token, req.ClientIP, req.UserAgent = "PM1", "203.0.113.9", "Mozilla/5.0"
	return req
}

func TestCreateHostedPage(t *testing.T) {
	g, s := gatewayWith(t, answer{body: created})
	got, err := g.CreateOrder(t.Context(), aPage())
	if err != nil || got.PageURL != "https://cashier.example/x?y=1" || got.Order.GatewayOrderNo != "T9" || got.Order.Status != client.OrderPending || got.Order.Amount.Minor != 5800 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := `"data":{"outTradeNo":"PO_9","integrate":"Hosted_Checkout","subject":"shoes & <socks>","totalAmount":58.00,"currency":"HKD","country":"HK","userId":"u-5",` +
		`"frontCallbackUrl":"https://shop.example/back","notifyUrl":"https://shop.example/hook"}}`
	if body := string(s.requests()[0].body); !strings.HasSuffix(body, want) {
		t.Errorf("sent %s", body)
	}
}

func TestChargeToken(t *testing.T) { // payermax: section 17 Q7, Q20
	done := strings.Replace(strings.Replace(created, "PENDING", "SUCCESS", 1), `,"redirectUrl":"https://cashier.example/x?y=1"`, "", 1)
	for brand, integrate := range map[string]string{PayerMax: DirectPayment, Checus: HostedCheckout} {
		s := newStub(t, answer{body: done})
		g := connect(t, s.server.URL, func(cfg *Config) { cfg.Brand = brand })
		got, err := g.CreateOrder(t.Context(), aCharge())
		if err != nil || got.PageURL != "" || got.Order.Status != client.OrderPaid || got.Order.Method != "CARD" {
			t.Fatalf("%+v, %v", got, err)
		}
		want := `"paymentDetail":{"paymentMethodType":"CARD","paymentTokenID":"PM1","buyerInfo":{"clientIp":"203.0.113.9","userAgent":"Mozilla/5.0"}}}}`
		if body := string(s.requests()[0].body); !strings.HasSuffix(body, want) || s.data(0).Text("integrate") != integrate {
			t.Errorf("sent %s", body)
		}
	}
}

func TestCreateOrderTrouble(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer answer
		class  client.Class
		code   string
	}{
		{"number taken", answer{body: `{"code":"ORDER_REPEAT","msg":""}`}, client.ClassConflict, "ORDER_REPEAT"}, // covers F8
		{"refused", answer{body: `{"code":"CURRENCY_INVALID"}`, signer: "none"}, client.ClassRefused, "CURRENCY_INVALID"},
		{"unlisted", answer{body: `{"code":"NEVER_SEEN"}`}, client.ClassUnknown, "NEVER_SEEN"},
		{"other order", answer{body: strings.Replace(created, "PO_9", "PO_8", 1)}, client.ClassUnknown, "wrong-echo"}, // covers F7
		{"other amount", answer{body: strings.Replace(created, `"status"`, `"totalAmount":58.01,"status"`, 1)}, client.ClassUnknown, "wrong-echo"},
		{"other currency", answer{body: strings.Replace(created, `"status"`, `"currency":"USD","status"`, 1)}, client.ClassUnknown, "wrong-echo"},
		{"no status", answer{body: strings.Replace(created, `"status"`, `"x"`, 1)}, client.ClassUnknown, "status"},
		{"no page", answer{body: strings.Replace(created, "redirectUrl", "x", 1)}, client.ClassUnknown, "redirect-url"},
		{"script for a page", answer{body: strings.Replace(created, "https://cashier.example/", "javascript:alert//", 1)}, client.ClassUnknown, "redirect-url"},
		{"unsigned", answer{body: created, signer: "none"}, client.ClassUnknown, "signature"}, // covers F6
		{"lost", answer{drop: true}, client.ClassUnknown, "connection"},                       // covers F3
	} {
		g, s := gatewayWith(t, c.answer)
		_, err := g.CreateOrder(t.Context(), aPage())
		if fault(t, err, c.class, c.code); len(s.requests()) != 1 {
			t.Errorf("%s: sent %d times", c.name, len(s.requests()))
		}
	}
}

func TestCreateOrderInput(t *testing.T) {
	g, s := gatewayWith(t, answer{body: created})
	for name, change := range map[string]func(*client.CreateOrder){
		"number":        func(r *client.CreateOrder) { r.OrderNo = "a b" },
		"amount":        func(r *client.CreateOrder) { r.Amount.Minor = 0 },
		"decimals":      func(r *client.CreateOrder) { r.Amount.Exp = 3 },
		"user":          func(r *client.CreateOrder) { r.UserID = "" },
		"subject":       func(r *client.CreateOrder) { r.Subject = "" },
		"return url":    func(r *client.CreateOrder) { r.ReturnURL = "" },
		"return scheme": func(r *client.CreateOrder) { r.ReturnURL = "ftp://x/y" },
		"notify url":    func(r *client.CreateOrder) { r.NotifyURL = "hook" },
		"country":       func(r *client.CreateOrder) { r.Country = "Hong Kong" },
		"no country":    func(r *client.CreateOrder) { *r = aCharge(); r.Country = "" },
		"no address":    func(r *client.CreateOrder) { *r = aCharge(); r.ClientIP = "" },
		"odd address":   func(r *client.CreateOrder) { *r = aCharge(); r.ClientIP = "here" },
		"no browser":    func(r *client.CreateOrder) { *r = aCharge(); r.UserAgent = "" },
	} {
		req := aPage()
		change(&req)
		if _, err := g.CreateOrder(t.Context(), req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
}
