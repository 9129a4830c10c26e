package payermax

import (
	"fmt"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/client/secret"
)

// The callback address that is made for the account serves where a call names
// none, fits the field, and is never printed. covers S8, S9; payermax: sections
// 5.1 and 5.3
func TestCallbackAddressOfTheAccount(t *testing.T) {
	const address = "https://hooks.shop.example/callback/CANARY0kz5Y9mJw0bqQdC8h3vX1rT6uN2sLpEaFg"
	s := newStub(t, answer{body: "{}"})
	g := connect(t, s.server.URL, func(cfg *Config) { cfg.NotifyURL = secret.New([]byte(address)) })
	refund, order := aRefund(), aPage()
	refund.NotifyURL, order.NotifyURL = "", ""
	_, _ = g.Refund(t.Context(), refund)
	_, _ = g.CreateOrder(t.Context(), order)
	_, _ = g.Refund(t.Context(), aRefund())
	for i, want := range []string{address, address, aRefund().NotifyURL} {
		if body := string(s.requests()[i].body); !strings.Contains(body, `otifyUrl":"`+want+`"`) {
			t.Errorf("%d: %s", i, body)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", g, g, g); strings.Contains(text, "CANARY") || strings.Contains(text, "67 65 78 65 82 89") {
		t.Error("the address is printed")
	}
	for _, wrong := range []string{"ftp://CANARY", address + strings.Repeat("a", 256)} {
		cfg := testConfig(t, "http://127.0.0.1:1")
		cfg.NotifyURL = secret.New([]byte(wrong))
		_, err := New(cfg)
		if e := fault(t, err, client.ClassConfig, "callback address"); strings.Contains(e.Message, "CANARY") {
			t.Error(e)
		}
	}
}
