package payermax

import (
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

const tokens = `{"code":"APPLY_SUCCESS","msg":"","data":{"tokenList":[
 {"paymentTokenID":"PM1","userId":"u-5","tokenScope":"tokenAcq","paymentTokenExpiry":"2029-03-31T00:00:00.000Z","paymentTokenStatus":"Activated","cardInfo":"400000******0002","ifCVV":"N","brand":"VISA","paymentMethodType":"CARD","targetOrg":"","accountDisplay":""},
 {"paymentTokenID":"PM2","userId":"u-5","paymentTokenExpiry":"2026-11-22T09:29:00Z","paymentTokenStatus":"ACTIVATED","paymentMethodType":"WALLET","targetOrg":"GCASH","accountDisplay":"09*****123"},
 {"paymentTokenID":"PM3","userId":"u-5","paymentTokenExpiry":"","paymentTokenStatus":" Deleted"},
 {"paymentTokenID":"PM4","userId":"u-5","paymentTokenStatus":"expired"},
 {"paymentTokenID":"PM5","userId":"u-5","paymentTokenStatus":"Frozen","cardInfo":"4000056655665556"},
 {"paymentTokenID":"","userId":"u-5","paymentTokenStatus":"Activated"}]}}`

func TestTokens(t *testing.T) {
	g, s := gatewayWith(t, answer{body: tokens})
	got, err := g.Tokens(t.Context(), "u-5")
	if err != nil {
		t.Fatal(err)
	}
	want := []client.Token{
		{Token: "PM1", UserID: "u-5", Status: client.TokenActive, Method: "CARD", Brand: "VISA", Card: "····0002", ExpiresAt: time.Date(2029, 3, 31, 0, 0, 0, 0, time.UTC)},
		{Token: "PM2", UserID: "u-5", Status: client.TokenExpired, Method: "WALLET", Brand: "GCASH", Card: "09*****123", ExpiresAt: time.Date(2026, 11, 22, 9, 29, 0, 0, time.UTC)},
		{Token: "PM3", UserID: "u-5", Status: client.TokenRemoved},
		{Token: "PM4", UserID: "u-5", Status: client.TokenExpired},
		{Token: "PM5", UserID: "u-5", Status: client.TokenUnknown, Card: "····5556"},
	}
	if len(got.Tokens) != len(want) {
		t.Fatalf("%+v", got.Tokens)
	}
	for i := range want {
		if got.Tokens[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", got.Tokens[i], want[i])
		}
	}
	if strings.Contains(string(got.Exchange.Answer), "4000056655665556") || strings.Contains(string(got.Exchange.Answer), "400000") { // covers S16
		t.Errorf("evidence %s", got.Exchange.Answer)
	}
	body := string(s.requests()[0].body)
	if !strings.Contains(body, `"version":"1.2"`) || !strings.HasSuffix(body, `"data":{"userId":"u-5","tokenScope":"tokenAcq"}}`) {
		t.Errorf("sent %s", body)
	}
}

func TestNoTokens(t *testing.T) {
	for _, data := range []string{`{"tokenList":null}`, `{"tokenList":[]}`, `{}`, `null`} {
		g, _ := gatewayWith(t, answer{body: `{"code":"APPLY_SUCCESS","msg":"","data":` + data + `}`})
		if got, err := g.Tokens(t.Context(), "u-5"); err != nil || len(got.Tokens) != 0 {
			t.Errorf("%s: %+v, %v", data, got.Tokens, err)
		}
	}
}

func TestTokensTrouble(t *testing.T) {
	for body, code := range map[string]string{
		strings.Replace(tokens, `"userId":"u-5"`, `"userId":"U-5"`, 1): "wrong-echo", // covers F7
		`{"code":"APPLY_SUCCESS","data":{"tokenList":"none"}}`:         "token-list",
		`{"code":"APPLY_SUCCESS","data":{"tokenList":["PM1"]}}`:        "token-list",
	} {
		g, _ := gatewayWith(t, answer{body: body})
		got, err := g.Tokens(t.Context(), "u-5")
		if fault(t, err, client.ClassUnknown, code); len(got.Tokens) != 0 {
			t.Errorf("%s: %+v", code, got.Tokens)
		}
	}
	g, s := gatewayWith(t, answer{body: tokens})
	for _, user := range []string{"", " u", strings.Repeat("u", 65)} {
		if _, err := g.Tokens(t.Context(), user); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%q: %v", user, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
}

const removed = `{"code":"APPLY_SUCCESS","msg":"Success","data":{"userId":"u-5","paymentTokenID":"PM1","paymentTokenStatus":"Deleted"}}`

func TestRemoveToken(t *testing.T) {
	g, s := gatewayWith(t, answer{body: removed})
	got, err := g.RemoveToken(t.Context(), client.RemoveToken{Token: "PM1", UserID: "u-5"})
	if err != nil || got.Token != (client.Token{Token: "PM1", UserID: "u-5", Status: client.TokenRemoved}) {
		t.Fatalf("%+v, %v", got.Token, err)
	}
	if body := string(s.requests()[0].body); !strings.HasSuffix(body, `"data":{"userId":"u-5","paymentTokenID":"PM1","removeReason":"unbound by the merchant"}}`) {
		t.Errorf("sent %s", body)
	}
	p, err := g.PreviewRemoveToken(client.RemoveToken{Token: "PM1", UserID: "u-5", Reason: "lost phone"})
	if err != nil || !strings.Contains(string(p.Body), `"removeReason":"lost phone"`) || !strings.HasSuffix(p.URL, "/removePaymentToken") ||
		!strings.HasSuffix(p.Headers["Sign"], "•••") || len(p.Headers["Sign"]) != 8+len("•••") || len(s.requests()) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestRemoveTokenDoubts(t *testing.T) { // covers F28
	for _, c := range []struct {
		name   string
		answer answer
		class  client.Class
		code   string
	}{
		{"other token", answer{body: strings.Replace(removed, "PM1", "PM2", 1)}, client.ClassUnknown, "wrong-echo"}, // covers F7
		{"other user", answer{body: strings.Replace(removed, "u-5", "u-6", 1)}, client.ClassUnknown, "wrong-echo"},  // covers F7
		{"still active", answer{body: strings.Replace(removed, "Deleted", "Activated", 1)}, client.ClassUnknown, "status"},
		{"no status", answer{body: strings.Replace(removed, "paymentTokenStatus", "x", 1)}, client.ClassUnknown, "status"},
		{"unsigned", answer{body: removed, signer: "none"}, client.ClassUnknown, "signature"}, // covers F6
		{"lost", answer{drop: true}, client.ClassUnknown, "connection"},                       // covers F3
		{"unlisted code", answer{body: `{"code":"TOKEN_GONE"}`}, client.ClassUnknown, "TOKEN_GONE"},
		{"refused", answer{body: `{"code":"PARAMS_INVALID"}`}, client.ClassRefused, "PARAMS_INVALID"},
	} {
		g, s := gatewayWith(t, c.answer)
		_, err := g.RemoveToken(t.Context(), client.RemoveToken{Token: "PM1", UserID: "u-5", Reason: "x"})
		if fault(t, err, c.class, c.code); len(s.requests()) != 1 {
			t.Errorf("%s: sent %d times", c.name, len(s.requests()))
		}
	}
	g, s := gatewayWith(t, answer{body: removed})
	for _, req := range []client.RemoveToken{{UserID: "u"}, {Token: "PM1"}, {Token: "PM1", UserID: "u", Reason: strings.Repeat("x", 257)}} {
		if _, err := g.RemoveToken(t.Context(), req); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%+v: %v", req, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
}
