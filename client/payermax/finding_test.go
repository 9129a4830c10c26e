package payermax

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/client/internal/wiretest"
	"paydesk/client/secret"
)

// TestFindingOfAnswers keeps what was found out about a signature that is missing
// or wrong, and nothing about one that is right or not asked for.
func TestFindingOfAnswers(t *testing.T) { // covers F6
	platform := []byte(vectors(t).Keys["platform"].SPKI)
	good, err := Sign([]byte(vectors(t).Keys["platform"].PKCS8), []byte(accepted))
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(accepted, "PENDING", "SUCCESS", 1)
	card := strings.Replace(accepted, `"msg":""`, `"msg":"card 4242424242424242","cvv":"CANARY"`, 1)
	for name, tc := range map[string]struct {
		answer answer
		reason string // "": nothing is kept
	}{
		"right":                         {answer{body: accepted}, ""},
		"refusal without":               {answer{body: `{"code":"AMOUNT_INVALID","msg":""}`, signer: "none"}, ""},
		"error page":                    {answer{body: "<html>", signer: "none"}, ""},
		"busy":                          {answer{status: 503, body: "busy", signer: "none"}, ""},
		"dropped":                       {answer{drop: true}, ""},
		"missing":                       {answer{body: accepted, signer: "none"}, "no signature given"},
		"edited":                        {answer{body: edited, sign: good.Sign}, "this key made it, but over other bytes, whose SHA-256 is " + good.SignedSHA256},
		"other key":                     {answer{body: accepted, signer: "other"}, "another key made it"},
		"our own key":                   {answer{body: accepted, signer: "merchant"}, "another key made it"},
		"not base64":                    {answer{body: accepted, sign: "CANAR!"}, "not canonical base64"},
		"a card in its place":           {answer{body: accepted, sign: "4242424242424242"}, "wrong length"},
		"very long":                     {answer{body: accepted, sign: strings.Repeat("A", 8192)}, "wrong length"},
		"doubled":                       {answer{body: accepted, twice: true}, "more than one"},
		"card inside":                   {answer{body: card, signer: "other"}, "another key made it"},
		"refusal with a wrong one":      {answer{body: `{"code":"AMOUNT_INVALID","msg":""}`, signer: "other"}, "another key made it"},
		"error page with a wrong one":   {answer{body: "<html>", signer: "other"}, "another key made it"},
		"ambiguous with a wrong one":    {answer{body: `{"code":"APPLY_SUCCESS","code":"APPLY_SUCCESS"}`, signer: "other"}, "another key made it"},
		"server error with a wrong one": {answer{status: 500, body: accepted, signer: "other"}, "another key made it"},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := gatewayWith(t, tc.answer)
			_, err := g.QueryRefund(t.Context(), "RF_20261122_000042")
			_, refundErr := g.Refund(t.Context(), aRefund())
			for _, x := range []*client.Exchange{client.ExchangeOf(err), client.ExchangeOf(refundErr)} {
				if tc.reason == "" {
					if x != nil && x.Signature != nil {
						t.Fatalf("%+v", *x.Signature)
					}
					continue
				}
				found := x.Signature
				text := wiretest.Finding(t, found)
				if !strings.Contains(found.Reason, tc.reason) || found.Different != -1 || x.Verified {
					t.Errorf("%s", text)
				}
				seen, err := Verify(platform, []byte(tc.answer.body), found.Sign)
				if err != nil || seen.SignedSHA256 != found.SignedSHA256 || found.SignedText != string(x.Answer) {
					t.Errorf("%s, the inspector says %+v, %v", text, seen, err)
				}
				if name != "card inside" && found.SignedText != seen.SignedText {
					t.Errorf("%s, the inspector shows %s", found.SignedText, seen.SignedText)
				}
			}
		})
	}
}

// TestFindingOfCallbacks is the same for what the gateway sends by itself.
func TestFindingOfCallbacks(t *testing.T) { // covers F10
	c, platform := reader(t), []byte(vectors(t).Keys["platform"].SPKI)
	good := signedBy(t, "platform", []byte(refundCallback))
	card := strings.Replace(refundCallback, `"Success."`, `"4242 4242 4242 4242"`, 1)
	for name, tc := range map[string]struct {
		header http.Header
		body   string
		reason string
	}{
		"forged body": {good, strings.Replace(refundCallback, "12.3", "99.3", 1), "this key made it, but over other bytes"},
		"wrong key":   {signedBy(t, "other", []byte(refundCallback)), refundCallback, "another key made it"},
		"missing":     {http.Header{}, refundCallback, "no signature given"},
		"doubled":     {http.Header{"Sign": {good.Get("Sign"), good.Get("Sign")}}, refundCallback, "more than one"},
		"no JSON":     {good, "no JSON 4242424242424242", "over other bytes"},
		"card inside": {signedBy(t, "other", []byte(card)), card, "another key made it"},
	} {
		n := c.ReadCallback(tc.header, []byte(tc.body))
		text := wiretest.Finding(t, n.Signature)
		if n.Verified || !strings.Contains(n.Signature.Reason, tc.reason) || n.Signature.Different != -1 || n.Signature.SignedText != string(n.Body) {
			t.Errorf("%s: %s", name, text)
		}
		seen, err := Verify(platform, []byte(tc.body), strings.Join(tc.header.Values("Sign"), ", "))
		if err != nil || seen.SignedSHA256 != n.Signature.SignedSHA256 || !strings.Contains(tc.body, "4242 4") && !strings.Contains(tc.body, "42424") && seen.SignedText != n.Signature.SignedText {
			t.Errorf("%s: %s, the inspector says %+v, %v", name, text, seen, err)
		}
	}
	foreign := strings.Replace(refundCallback, testApp, strings.Repeat("0", 32), 1)
	for name, body := range map[string]string{"right": refundCallback, "another's": foreign, "signed nonsense": "[]"} {
		if n := signed(t, c, body); n.Signature != nil {
			t.Errorf("%s: %+v", name, *n.Signature)
		}
	}
}

// TestPathSecretsAreNotKept sends a callback address and lets the gateway repeat
// it wherever it may.
func TestPathSecretsAreNotKept(t *testing.T) { // covers S8
	const address, shown = "https://hooks.shop.example/callback/CANARY0kz5Y9mJw0bqQdC8h3vX1rT6uN2sLpEaFg", "https://hooks.shop.example/callback/•••"
	for name, said := range map[string]answer{
		"echoed":        {body: strings.Replace(accepted, `"status"`, `"refundNotifyUrl":"`+address+`","notifyUrl":"`+strings.ReplaceAll(address, "/", `\/`)+`","status"`, 1)},
		"complained of": {body: `{"code":"PARAMS_INVALID","msg":"` + strings.Repeat("é", 150) + ` wrong: ` + address + `"}`},
		"not signed":    {body: strings.Replace(accepted, `"msg":""`, `"msg":"to `+address+`"`, 1), signer: "none"},
		"cut":           {body: `{"code":"APPLY_SUCCESS","notifyUrl":"` + address[:50], declared: "5000"},
	} {
		s := newStub(t, said)
		var log bytes.Buffer
		g := connect(t, s.server.URL, func(cfg *Config) {
			cfg.NotifyURL = secret.New([]byte(address))
			cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		refund, order := aRefund(), aPage()
		refund.NotifyURL, order.NotifyURL = "", ""
		got, err := g.Refund(t.Context(), refund)
		made, orderErr := g.CreateOrder(t.Context(), order)
		preview, previewErr := g.PreviewRefund(refund)
		if previewErr != nil || !strings.Contains(string(s.requests()[0].body), address) || !strings.Contains(string(s.requests()[1].body), address) {
			t.Fatalf("%v %s", previewErr, s.requests()[0].body)
		}
		all := wiretest.Everything(t, log.String(), preview, got.Exchange, made.Exchange, err, orderErr)
		if strings.Contains(all, "CANARY") || !strings.Contains(string(preview.Body), `"refundNotifyUrl":"`+shown+`"`) || log.Len() == 0 {
			t.Errorf("%s: %s", name, all)
		}
	}
	n := signed(t, reader(t), strings.Replace(refundCallback, `"status"`, `"refundNotifyUrl":"`+address+`","status"`, 1))
	if !n.Verified || strings.Contains(string(n.Body), "CANARY") {
		t.Errorf("%s", n.Body)
	}
}
