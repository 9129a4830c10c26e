package easylink

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/wiretest"
	"paydesk/client/secret"
)

// TestFindingOfAnswers keeps what was found out about a signature that is missing
// or wrong, and nothing about one that is right or that no answer of its kind has.
func TestFindingOfAnswers(t *testing.T) { // covers F6
	good := done(aRecord)
	right := signOf(aRecord)
	hot := `{"mchRefundNo":"RF20260301A0001","errMsg":"card 4242 4242 4242 4242 ` + testKey + `","cvv":"CANARY","extParam":"{\"cardNo\":\"CANARY\"}","state":2}`
	for name, tc := range map[string]struct {
		answer    answer
		reason    string // "": nothing is kept
		different int
	}{
		"right":             {answer{body: good}, "", 0},
		"refusal":           {answer{body: refused("9999", "no")}, "", 0},
		"system error":      {answer{body: refused("10", "no")}, "", 0},
		"error page":        {answer{body: "<html>"}, "", 0},
		"dropped":           {answer{drop: true}, "", 0},
		"edited":            {answer{body: strings.Replace(good, `"state":2`, `"state":3`, 1)}, "does not match", 0},
		"other secret":      {answer{body: signedBy("other", aRecord)}, "does not match", 0},
		"all but its end":   {answer{body: strings.Replace(good, right[28:], "0000", 1)}, "does not match", 28},
		"without signType":  {answer{body: `{"code":0,"data":{"state":2,"signType":"MD5"},"sign":"` + sign.SignMD5([][2]string{{"state", "2"}}, []byte(testKey)) + `"}`}, "without signType", 0},
		"missing":           {answer{body: `{"code":0,"data":` + aRecord + `}`}, "no signature given", -1},
		"no text":           {answer{body: `{"code":0,"data":` + aRecord + `,"sign":1}`}, "no signature given", -1},
		"the secret itself": {answer{body: `{"code":0,"data":` + aRecord + `,"sign":"` + testKey + `"}`}, "not 32 hexadecimal digits", 0},
		"a card":            {answer{body: `{"code":0,"data":` + aRecord + `,"sign":"4242424242424242"}`}, "not 32 hexadecimal digits", 0},
		"very long":         {answer{body: `{"code":0,"data":` + aRecord + `,"sign":"` + strings.Repeat("x", 9000) + `"}`}, "not 32 hexadecimal digits", 0},
		"doubled":           {answer{body: strings.Replace(good, `"sign"`, `"sign":"x","sign"`, 1)}, `occurs twice: "sign"`, -1},
		"data doubled":      {answer{body: strings.Replace(good, `"state"`, `"state":1,"state"`, 1)}, `occurs twice: "state"`, -1},
		"no data":           {answer{body: `{"code":0,"sign":"` + right + `"}`}, "no data object", -1},
		"secrets inside":    {answer{body: signedBy("other", hot)}, "does not match", 0},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := gatewayWith(t, tc.answer)
			_, err := g.QueryRefund(t.Context(), "RF20260301A0001")
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
				if !strings.Contains(found.Reason, tc.reason) || (found.Different < 0) != (tc.different < 0) || tc.different > 0 && found.Different != tc.different {
					t.Errorf("%s", text)
				}
				seen, err := Verify(KindAnswer, []byte(testKey), []byte(tc.answer.body), "")
				if err != nil || seen.SignedSHA256 != found.SignedSHA256 || name != "secrets inside" && seen.SignedText != found.SignedText {
					t.Errorf("%s, the inspector says %+v, %v", text, seen, err)
				}
				if name == "secrets inside" && found.SignedText != `cvv=•••&errMsg=card ····4242 •••&extParam={"cardNo":"•••"}&mchRefundNo=RF20260301A0001&state=2&key=•••` {
					t.Errorf("%s", found.SignedText)
				}
			}
		})
	}
}

// TestFindingOfNotices is the same for what the gateway sends by itself.
func TestFindingOfNotices(t *testing.T) { // covers F10
	c := reader(t)
	good := signedForm(t, refundFields, "")
	for name, tc := range map[string]struct {
		body, reason, text string // text: "" as the inspector shows it
		different          bool
	}{
		"forged body": {strings.Replace(good, "refundAmount=1250", "refundAmount=1251", 1), "does not match", "", true},
		"wrong key":   {refundFields + "&sign=" + sign.SignMD5([][2]string{{"state", "2"}}, []byte("other")), "does not match", "", true},
		"missing":     {refundFields, "no signature given", "", false},
		"doubled":     {good + "&sign=" + strings.Repeat("0", 32), `occurs twice: "sign"`, "", false},
		"JSON":        {`{"state":2,"mchRefundNo":"R1","sign":"` + strings.Repeat("0", 32) + `"}`, "does not match", "", true},
		"secrets inside": {
			"subject=4242+4242+4242+4242&x=" + testKey + "&" + testKey + "=1&cvv=CANARY&state=2&payOrderId=P1&sign=" + testKey, "not 32 hexadecimal digits",
			"•••=1&cvv=•••&payOrderId=P1&state=2&subject=····4242&x=•••&key=•••", true,
		},
	} {
		n := notice(c, tc.body)
		text := wiretest.Finding(t, n.Signature)
		if n.Verified || !strings.Contains(n.Signature.Reason, tc.reason) || (n.Signature.Different >= 0) != tc.different {
			t.Errorf("%s: %s", name, text)
		}
		seen, err := Verify(KindCallback, []byte(testKey), []byte(tc.body), "")
		if err != nil || seen.SignedSHA256 != n.Signature.SignedSHA256 || tc.text == "" && seen.SignedText != n.Signature.SignedText {
			t.Errorf("%s: %s, the inspector says %+v, %v", name, text, seen, err)
		}
		if tc.text != "" && n.Signature.SignedText != tc.text {
			t.Errorf("%s: %s", name, n.Signature.SignedText)
		}
	}
	for name, body := range map[string]string{
		"right": good, "unsigned pairs": signedForm(t, refundFields, "&shop=7"),
		"another merchant": signedForm(t, strings.Replace(refundFields, "M1700000001", "M1700000002", 1), ""),
	} {
		if n := notice(c, body); n.Signature != nil {
			t.Errorf("%s: %+v", name, *n.Signature)
		}
	}
	if n := notice(c, "noise"); n.Signature == nil || n.Signature.Reason == "" || n.Signature.SignedText != "" {
		t.Errorf("%+v", n.Signature)
	}
}

// TestPathSecretsAreNotKept sends a callback address and lets the gateway repeat
// it wherever it may.
func TestPathSecretsAreNotKept(t *testing.T) { // covers S8
	const address, shown = "https://hooks.shop.example/callback/CANARY0kz5Y9mJw0bqQdC8h3vX1rT6uN2sLpEaFg", "https://hooks.shop.example/callback/•••"
	echo := strings.Replace(accepted, `"state"`, `"notifyUrl":"`+address+`","errMsg":"`+address+`","state"`, 1)
	for name, said := range map[string]answer{
		"echoed":        {body: done(echo)},
		"complained of": {body: refused("9999", strings.Repeat("é", 150)+" wrong: "+address)},
		"badly signed":  {body: signedBy("other", echo)},
		"cut":           {body: `{"code":0,"notifyUrl":"` + address[:50], declared: "5000"},
	} {
		s := newStub(t, said)
		var log bytes.Buffer
		g := connect(t, s.server.URL, func(cfg *Config) {
			cfg.NotifyURL = secret.New([]byte(address))
			cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		refund, order := aRefund(), anAsk()
		refund.NotifyURL, order.NotifyURL = "", ""
		got, err := g.Refund(t.Context(), refund)
		made, orderErr := g.CreateOrder(t.Context(), order)
		preview, previewErr := g.PreviewRefund(refund)
		if previewErr != nil || !strings.Contains(string(s.requests()[0].body), address) || !strings.Contains(string(s.requests()[1].body), address) {
			t.Fatalf("%v %s", previewErr, s.requests()[0].body)
		}
		all := wiretest.Everything(t, log.String(), preview, got.Exchange, made.Exchange, err, orderErr)
		if strings.Contains(all, "CANARY") || !strings.Contains(string(preview.Body), `"notifyUrl":"`+shown+`"`) || log.Len() == 0 {
			t.Errorf("%s: %s", name, all)
		}
	}
	n := notice(reader(t), signedForm(t, payFields+"&notifyUrl="+address, ""))
	if !n.Verified || strings.Contains(string(n.Body), "CANARY") {
		t.Errorf("%s", n.Body)
	}
	cfg := testConfig("")
	cfg.RefundNotifyURL = address + "?x"
	_, err := NewCallbackReader(cfg)
	fault(t, err, client.ClassConfig, "refund_notify_url")
}
