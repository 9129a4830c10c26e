package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
)

func TestLimitsMeetTheGatewaysDecimals(t *testing.T) {
	o := place(t)
	path := write(t, o, "[[profile]]\nname=\"a\"\ngateway=\"easylink\"\nenvironment=\"test\"\n[profile.policy]\nmax_refund=[\"10.5 HKD\", \"10.5 IDR\"]\n")
	limits := load(t, o).Profiles[0].Policy.MaxRefund
	decimals := func(currency string) (uint8, bool) {
		return map[string]uint8{"HKD": 2, "IDR": 0}[currency], currency != "KWD"
	}
	money, err := limits[0].Money(decimals)
	if err != nil || money != (client.Money{Minor: 1050, Currency: "HKD", Exp: 2}) {
		t.Errorf("got %v, %v", money, err)
	}
	_, err = limits[1].Money(decimals)
	refusal(t, err, client.ClassConfig, "invalid", path+`:6:25: profile.policy.max_refund: "10.5 IDR" is no amount of this gateway: too many decimals: IDR takes 0`)
	_, err = Limits(append(limits, Amount{Number: "99999999999999999", Currency: "HKD"}), decimals)
	e := refusal(t, err, client.ClassConfig, "invalid", "")
	if lines := strings.Split(e.Message, "\n"); len(lines) != 2 || !strings.Contains(lines[1], "amount is too large") {
		t.Errorf("got %q, want both mistakes", lines)
	}
	all, err := Limits(limits[:1], decimals)
	if err != nil || len(all) != 1 || all[0] != (client.Money{Minor: 105000, Currency: "HKD", Exp: client.MaxExp}) {
		t.Errorf("got %v, %v", all, err)
	}
	_, err = Amount{Number: "1", Currency: "KWD"}.Money(decimals)
	refusal(t, err, client.ClassConfig, "invalid", `the gateway has no currency "KWD"`)
}

func TestBaseURL(t *testing.T) { // covers S12 S14
	profile := func(env, url string) string {
		return "[[profile]]\nname=\"a\"\ngateway=\"payermax\"\nmerchant_no=\"1\"\napp_id=\"1\"\nenvironment=\"" + env + "\"\n" +
			"allow_hosts=[\"pay.corp.example\"]\nbase_url=\"" + url + "\"\n"
	}
	for _, tc := range []struct{ env, url, want string }{
		{Production, "", ""},
		{Production, "https://pay-gate.payermax.com/aggregate-pay/api/gateway", ""},
		{Production, "https://PAY-GATE.payermax.com:443/x", ""},
		{Production, "https://pay.corp.example/x", ""},
		{Test, "http://127.0.0.1:8080", ""},
		{Test, "http://[::1]:8080", ""},
		{Sandbox, "http://localhost:1", ""},
		{Sandbox, "https://127.0.0.9/", ""},
		{Sandbox, "", "needs a base_url on loopback"},
		{Sandbox, "https://pay-gate.payermax.com", "is for loopback only"},
		{Production, "https://pay-gate.payermax.com.evil.example", "none of payermax's"},
		{Production, "http://pay-gate.payermax.com", "is not encrypted"},
		{Production, "ftp://pay-gate.payermax.com", "is no address"},
		{Production, "pay-gate.payermax.com", "is no address"},
		{Production, "https://", "is no address"},
		{Production, "https://pay-gate.payermax.com@evil.example", "user name or password"},
		{Production, "https://pay-gate.payermax.com/?a=b", "query or fragment"},
		{Production, "https://pay-gate.payermax.com/#x", "query or fragment"},
		{Sandbox, "http://127.1:80", "looks like an address"},
		{Sandbox, "http://0x7f.0.0.1", "looks like an address"},
		{Sandbox, "http://2130706433", "looks like an address"},
		{Sandbox, "http://0x7f000001", "looks like an address"},
		{Sandbox, "http://[::ffff:127.0.0.1]", "hides an address"},
		{Sandbox, "http://[::1%25lo]", "hides an address"},
		{Sandbox, "http://0.0.0.0", "that no gateway has"},
		{Production, "https://169.254.169.254/latest", "that no gateway has"},
		{Production, "https://[fe80::1]/", "that no gateway has"},
		{Sandbox, "http://127.0.0.1.nip.example", "is not encrypted"},
	} {
		o := place(t)
		write(t, o, profile(tc.env, tc.url))
		_, err := Load(o)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s %q: %v", tc.env, tc.url, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "base_url") {
			t.Errorf("%s %q: got %v, want %q", tc.env, tc.url, err, tc.want)
		}
	}
}

func TestGatewaySettingsAreStrict(t *testing.T) {
	o := place(t)
	path := write(t, o, content(t, "testdata/right/full.toml"))
	p := load(t, o).Profiles[0]
	read := func() (*Reader, bool) {
		r := p.Read()
		ok := r.Text("token_integrate", "") == "Direct_Payment" && r.Bool("send_trade_token", false) &&
			r.Texts("version")["order.query"] == "1.4" && r.Ints("decimals")["KWD"] == 2 &&
			r.Text("absent", "def") == "def" && r.Int("also_absent", 7) == 7 && r.Texts("none") == nil
		return r, ok
	}
	if r, ok := read(); !ok || r.Err() != nil {
		t.Errorf("values right: %v; error %v", ok, r.Err())
	}
	timed := Profile{Gateway: "g", Settings: map[string]any{"a": "2m", "b": "-1s", "c": "soon"}}.Read()
	if a, b := timed.Duration("a", 0), timed.Duration("none", time.Hour); a != 2*time.Minute || b != time.Hour {
		t.Errorf("got %v and %v", a, b)
	}
	timed.Duration("b", 0)
	timed.Duration("c", 0)
	e := refusal(t, timed.Err(), client.ClassConfig, "invalid", `profile.g.b: "-1s" is no time`)
	if !strings.Contains(e.Message, `profile.g.c: "soon" is no time`) {
		t.Errorf("got %s", e.Message)
	}
	r := p.Read()
	r.Text("send_trade_token", "")
	r.Ints("version")
	r.Bool("token_integrated", false)
	r.Texts("token_integrate")
	r.Reject("decimals", "KWD takes at most 4 decimals")
	e = refusal(t, r.Err(), client.ClassConfig, "invalid", "")
	want := []string{
		path + ":27:1: profile.payermax.send_trade_token: must be a text, not true or false",
		path + ":28:29: profile.payermax.version.\"order.query\": must be a whole number, not a text",
		path + ":28:13: profile.payermax.version.refund: must be a whole number, not a text",
		path + ":26:1: profile.payermax.token_integrate: must be a table, not a text",
		path + ":29:1: profile.payermax.decimals: KWD takes at most 4 decimals",
		path + `:29:1: profile.payermax.decimals: unknown key; known: send_trade_token, token_integrate, token_integrated, version`,
	}
	if diff := cmp.Diff(want, strings.Split(e.Message, "\n")); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"production", "test", "sandbox"}
	for word, want := range map[string]string{
		"prod": "production", "porduction": "production", "tset": "test", "SANDBOX": "sandbox", "x": "", "": "", "live": "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// covers S15
func TestCallbackTable(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{`listen = "127.0.0.1:8787"`, ""},
		{`listen = "localhost:0"`, ""},
		{`listen = "[::1]:8787"`, ""},
		{"listen = \"0.0.0.0:8787\"\nproxied = true", ""},
		{"listen = \":8787\"\nproxied = true", ""},
		{`listen = ":8787"`, "callback.listen: \":8787\" can be reached from other machines"},
		{`listen = "10.0.0.7:8787"`, "can be reached from other machines"},
		{`listen = "8787"`, `"8787" is no address to listen on`},
		{`listen = "127.0.0.1"`, "is no address to listen on"},
		{`listen = "127.0.0.1:http"`, "has no port from 0 to 65535"},
		{`listen = "127.0.0.1:70000"`, "has no port from 0 to 65535"},
		{`listen = "127.1:8787"`, "names no address of this machine"},
		{`listen = "shop.example:8787"`, "names no address of this machine"},
		{`listen = 8787`, "must be a text"},
		{`public_url = "https://hooks.shop.example"`, ""},
		{`public_url = "https://hooks.shop.example:8443/a/b/"`, ""},
		{`public_url = "http://127.0.0.1:8787"`, ""},
		{`public_url = "http://hooks.shop.example"`, "callback.public_url: \"http://hooks.shop.example\" is not encrypted"},
		{`public_url = "hooks.shop.example"`, "is no address"},
		{`public_url = "https://ada:pw@hooks.shop.example"`, "has a user name or password"},
		{`public_url = "https://hooks.shop.example/?shop=7"`, "has a query or fragment"},
		{`public_url = "https://hooks.shop.example/a%2fb"`, "more than a plain path"},
		{`public_url = "https://hooks.shop.example//a"`, "more than a plain path"},
		{`public_url = "https://hooks.shop.example/callback/CANARYkz5Y9mJw0bqQdC8h3vX1rT6uN2sLpEaFgHiK4"`, "looks like the secret part"},
		{`proxied = "yes"`, "must be true or false"},
	} {
		o := place(t)
		write(t, o, "[callback]\n"+tc.line+"\n")
		_, err := Load(o)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.line, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "CANARY")):
			t.Errorf("%s: got %v, want %q", tc.line, err, tc.want)
		}
	}
}

// A public address is for the profiles whose gateway can reach it.
func TestCallbackBase(t *testing.T) {
	for _, tc := range []struct {
		public, environment string
		reaches             bool
	}{
		{"https://hooks.shop.example", Production, true},
		{"https://hooks.shop.example", Test, true},
		{"https://hooks.shop.example", Sandbox, false},
		{"http://127.0.0.1:8787", Sandbox, true},
		{"http://localhost:8787", Sandbox, true},
		{"http://127.0.0.1:8787", Production, false},
		{"", Production, false},
	} {
		if got := (Callback{PublicURL: tc.public}).Base(Profile{Environment: tc.environment}); (got != "") != tc.reaches {
			t.Errorf("%s from %s: %q", tc.public, tc.environment, got)
		}
	}
}
