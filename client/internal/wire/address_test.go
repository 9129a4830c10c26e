package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"paydesk/client"
)

const canary = "CANARY0kz5Y9mJw0bqQdC8h3vX1rT6uN2sLpEaFg"

func TestHideAddress(t *testing.T) { // covers S8
	for in, want := range map[string]string{
		"":                                                             "",
		"https://shop.example":                                         "https://shop.example",
		"https://a-long-name-of-a-host.example":                        "https://a-long-name-of-a-host.example",
		"https://a-long-name-of-a-host.example/":                       "https://a-long-name-of-a-host.example/",
		"https://shop.example/hooks/pay":                               "https://shop.example/hooks/pay",
		"https://shop.example/hooks/pay?shop=7":                        "https://shop.example/hooks/pay?shop=7",
		"https://shop.example/callback/" + canary:                      "https://shop.example/callback/•••",
		"https://shop.example/callback/" + canary + "/":                "https://shop.example/callback/•••",
		"https://shop.example/callback/" + canary + "?x=1#y":           "https://shop.example/callback/•••",
		"https://shop.example/callback?key=" + canary:                  "https://shop.example/callback?•••",
		"https://shop.example/callback/abcdefghijklmnop":               "https://shop.example/callback/•••",
		"https://shop.example/callback/abcdefghijklmno":                "https://shop.example/callback/abcdefghijklmno",
		"shop.example/callback/" + canary:                              "shop.example/callback/•••",
		canary:                                                         "•••",
		"https://shop.example/callback/" + canary + "?key=" + canary:   "https://shop.example/callback/•••",
		"https://shop.example/callback/•••":                            "https://shop.example/callback/•••",
		"https://shop.example:8443/a/" + canary + "/refund?4242424242": "https://shop.example:8443/a/" + canary + "/refund?4242424242",
	} {
		if got := HideAddress(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestPathSecrets(t *testing.T) { // covers S8
	secrets := PathSecrets("", "https://shop.example/pay", "https://shop.example/callback/"+canary+"?x=1")
	if len(secrets) != 1 || secrets[0] != canary {
		t.Fatalf("%q", secrets)
	}
	said := "the address https://shop.example/callback/" + canary + " is not allowed"
	if got := secrets.Hide(said); got != "the address https://shop.example/callback/••• is not allowed" {
		t.Error(got)
	}
	if got := string(secrets.HideBytes([]byte(`{"msg":"` + said + `"}`))); strings.Contains(got, "CANARY") || !json.Valid([]byte(got)) {
		t.Error(got)
	}
	var none Secrets
	if got := none.Hide(said); got != said || string(none.HideBytes([]byte(said))) != said {
		t.Error(got)
	}
}

// TestRedactCallbackAddresses takes path secrets out of members, whatever they
// stand in, and leaves other addresses alone.
func TestRedactCallbackAddresses(t *testing.T) { // covers S8
	const address, shown = "https://shop.example/callback/" + canary, "https://shop.example/callback/•••"
	for in, want := range map[string]string{
		`{"notifyUrl":"` + address + `","a":1}`:                                      `{"notifyUrl":"` + shown + `","a":1}`,
		`{ "data" : {"refundNotifyUrl" : "` + address + `?a=b"} }`:                   `{ "data" : {"refundNotifyUrl" : "` + shown + `"} }`,
		`{"callbackUrl":"` + strings.ReplaceAll(address, "/", `\/`) + `"}`:           `{"callbackUrl":"` + shown + `"}`,
		`{"RefundCallbackURL":["` + address + `"],"notify_url":"` + address + `"}`:   `{"RefundCallbackURL":["` + shown + `"],"notify_url":"` + shown + `"}`,
		`{"param":"{\"notifyUrl\":\"` + address + `\",\"n\":1.50}"}`:                 `{"param":"{\"notifyUrl\":\"` + shown + `\",\"n\":1.50}"}`,
		`{"redirectUrl":"` + address + `","returnUrl":"https://x/aaaaaaaaaaaaaaaa"}`: `{"redirectUrl":"` + address + `","returnUrl":"https://x/aaaaaaaaaaaaaaaa"}`,
		`{"frontCallbackUrl":"https://shop.example/thanks/for-your-patience"}`:       `{"frontCallbackUrl":"https://shop.example/thanks/for-your-patience"}`,
		`{"notifyUrl":null,"callbackUrl":"","refundCallbackUrl":7}`:                  `{"notifyUrl":null,"callbackUrl":"","refundCallbackUrl":7}`,
		`{"notifyUrl":"https://shop.example/pay","a":1}`:                             `{"notifyUrl":"https://shop.example/pay","a":1}`,
		`{"a":1,"notifyUrl":"https://shop.example/callback/CANARY`:                   `{"a":1,"notifyUrl":"•••"`,
		`{"param":"{\"notifyUrl\":\"https:\/\/shop.example\/callback\/CANARY`:        `{"param":"{\"notifyUrl\":"•••"`,
		`{"param":"{\"callbackUrl\":\"` + address:                                    `{"param":"{\"callbackUrl\":"•••"`,
		`{"msg":"wrong: {\"refundNotifyUrl\":\"` + address + `\"}"}`:                 `{"msg":"wrong: {\"refundNotifyUrl\":\"•••\"}"}`,
		`{"msg":"notifyUrl=` + address + ` is wrong"}`:                               `{"msg":"notifyUrl=••• is wrong"}`,
		`<p>callbackUrl=` + address + `&amp;x</p>`:                                   `<p>callbackUrl=•••&amp;x</p>`,
	} {
		if got := string(Redact([]byte(in))); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"a=1&notifyUrl=https%3A%2F%2Fshop.example%2Fcallback%2F" + canary + "&b=2": "a=1&notifyUrl=https%3A%2F%2Fshop.example%2Fcallback%2F•••&b=2",
		"param=%7B%22callbackUrl%22%3A%22https%3A%2F%2Fx%2F" + canary + "%22%7D":   "param=%7B%22callbackUrl%22%3A%22https%3A%2F%2Fx%2F•••%22%7D",
		"notifyUrl=https%3A%2F%2Fshop.example%2Fcallback%2F" + canary + "%zz&b=2":  "notifyUrl=•••&b=2",
		"returnUrl=https%3A%2F%2Fshop.example%2F" + canary:                         "returnUrl=https%3A%2F%2Fshop.example%2F" + canary,
	} {
		if got := string(RedactForm([]byte(in))); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	pairs := [][2]string{{"cvv", "123"}, {"notifyUrl", address}, {"note", "4242 4242 4242 4242"}, {"mine", "P4242424242424242"}, {"4242424242424242", "x"}, {"cvv", ""}}
	want := [][2]string{{"cvv", "•••"}, {"notifyUrl", shown}, {"note", "····4242"}, {"mine", "P4242424242424242"}, {"····4242", "x"}, {"cvv", ""}}
	for i, got := range RedactPairs(pairs, "P4242424242424242") {
		if got != want[i] {
			t.Errorf("%q became %q, want %q", pairs[i], got, want[i])
		}
	}
}

// TestNoPathSecretIsKept cuts bodies with an address anywhere.
func TestNoPathSecretIsKept(t *testing.T) { // covers S8
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"notifyUrl", "refundNotifyUrl", "callbackUrl", "refundCallbackUrl"}).Draw(t, "name")
		secret := "CANARY" + rapid.StringMatching(`[A-Za-z0-9_-]{16,64}`).Draw(t, "secret")
		inner, err := json.Marshal(map[string]any{name: "https://shop.example/callback/" + secret, "z": 1})
		if err != nil {
			t.Fatal(err)
		}
		body := inner
		if rapid.Bool().Draw(t, "param") {
			if body, err = json.Marshal(map[string]any{"param": string(inner), "sign": "x"}); err != nil {
				t.Fatal(err)
			}
		}
		body = body[:rapid.IntRange(0, len(body)).Draw(t, "cut")]
		if got := string(Redact(body)); strings.Contains(got, "CANARY") {
			t.Fatalf("%s became %s", body, got)
		}
	})
}

func TestFinding(t *testing.T) { // covers S8, S16
	found := Finding(client.Inspection{
		Reason: "r", Sign: "4242424242424242" + strings.Repeat("é", signLimit), SignedText: strings.Repeat("é", textLimit), SignedSHA256: "h",
		Expected: "CANARY", Different: 3,
	})
	if found.Expected != "" || found.Different != 3 || found.SignedSHA256 != "h" || found.Reason != "r" || found.Valid {
		t.Errorf("%.300v", *found)
	}
	if len(found.Sign) > signLimit || !strings.HasPrefix(found.Sign, "····4242é") || len(found.SignedText) > textLimit || !utf8.ValidString(found.Sign+found.SignedText) {
		t.Errorf("%d and %d bytes", len(found.Sign), len(found.SignedText))
	}
	if none := NoFinding(errEncoding, "4242424242424242"); none.Valid || none.Reason != errEncoding.Error() || none.Sign != "····4242" || none.Different != -1 {
		t.Errorf("%v", *none)
	}
}
