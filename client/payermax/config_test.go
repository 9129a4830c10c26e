package payermax

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"paydesk/client"
	"paydesk/client/internal/strict"
	"paydesk/client/secret"
)

func TestDefaultBaseURL(t *testing.T) { // payermax: sections 2 and 17 Q1
	for _, c := range []struct {
		brand, environment, want string
		presets                  int
	}{
		{PayerMax, Production, "https://pay-gate.payermax.com/aggregate-pay/api/gateway", 1},
		{PayerMax, Test, "https://pay-gate-uat.payermax.com/aggregate-pay/api/gateway", 1},
		{Checus, Production, "https://pay-gate-hk-prod.checus.com/aggregate-pay/api/gateway", 1},
		{Checus, Test, "", 2},
		{PayerMax, Sandbox, "", 0},
		{"x", Production, "", 0},
	} {
		got, ok := DefaultBaseURL(c.brand, c.environment)
		if got != c.want || ok != (c.want != "") || len(BaseURLs(c.brand, c.environment)) != c.presets {
			t.Errorf("%s %s: %q, %v", c.brand, c.environment, got, ok)
		}
	}
}

func TestEveryDocumentedHostIsTaken(t *testing.T) { // covers S14
	for _, h := range documentedHosts() {
		cfg := testConfig(t, "https://"+h.name)
		cfg.Brand, cfg.Environment = h.brand, h.environment
		g, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.wire.URL("refund"); got != "https://"+h.name+gatewayPath+"/refund" {
			t.Error(got)
		}
	}
}

func TestConfigIsRefused(t *testing.T) {
	keys := vectors(t).Keys
	for name, c := range map[string]struct {
		change func(*Config)
		class  client.Class
		code   string
	}{
		"brand":               {func(c *Config) { c.Brand = "PayerMax" }, client.ClassConfig, "brand"},
		"environment":         {func(c *Config) { c.Environment = "" }, client.ClassConfig, "environment"},
		"clock":               {func(c *Config) { c.Clock = nil }, client.ClassBug, "clock"},
		"merchant":            {func(c *Config) { c.MerchantNo = "" }, client.ClassConfig, "merchant_no"},
		"merchant text":       {func(c *Config) { c.MerchantNo = "a b" }, client.ClassConfig, "merchant_no"},
		"app":                 {func(c *Config) { c.AppID = "" }, client.ClassConfig, "app_id"},
		"version":             {func(c *Config) { c.Versions = map[string]string{"refund": "1,5"} }, client.ClassConfig, "versions.refund"},
		"version of nothing":  {func(c *Config) { c.Versions = map[string]string{"x": "1.5"} }, client.ClassConfig, "versions"},
		"decimals":            {func(c *Config) { c.Decimals = map[string]uint8{"USD": 5} }, client.ClassConfig, "decimals"},
		"decimals of nothing": {func(c *Config) { c.Decimals = map[string]uint8{"usd": 2} }, client.ClassConfig, "decimals"},
		"integrate":           {func(c *Config) { c.TokenIntegrate = "x" }, client.ClassConfig, "token_integrate"},
		"scope":               {func(c *Config) { c.TokenScope = "a b" }, client.ClassConfig, "token_scope"},
		"header":              {func(c *Config) { c.AuthTokenHeader = "a b" }, client.ClassConfig, "auth_token_header"},
		"token":               {func(c *Config) { c.AuthToken = secret.New([]byte("CANARY\r\nx: y")) }, client.ClassConfig, "auth token"},
		"no sandbox url":      {func(c *Config) { c.BaseURL = "" }, client.ClassConfig, "base_url"},
		"no checus url":       {func(c *Config) { c.Brand, c.Environment, c.BaseURL = Checus, Test, "" }, client.ClassConfig, "base_url"},
		"sandbox elsewhere":   {func(c *Config) { c.BaseURL = "https://pay-gate.payermax.com" }, client.ClassConfig, "base_url"},
		"other host":          {func(c *Config) { c.Environment, c.BaseURL = Production, "https://api.payermax.com" }, client.ClassConfig, "base_url"},
		"other brand's host":  {func(c *Config) { c.Environment, c.BaseURL = Production, "https://pay-gate-hk-prod.checus.com" }, client.ClassConfig, "base_url"},
		"plain http":          {func(c *Config) { c.Environment, c.BaseURL = Production, "http://pay-gate.payermax.com" }, client.ClassConfig, "base_url"},
		"test is production":  {func(c *Config) { c.Environment, c.BaseURL = Test, "https://pay-gate.payermax.com" }, client.ClassConfig, "environment"},
		"production is test":  {func(c *Config) { c.Environment, c.BaseURL = Production, "https://pay-gate-uat.payermax.com" }, client.ClassConfig, "environment"},
		"no merchant key":     {func(c *Config) { c.MerchantKey = secret.Secret{} }, client.ClassKeyring, "merchant-key"},
		"bad merchant key":    {func(c *Config) { c.MerchantKey = secret.New([]byte("CANARY")) }, client.ClassKeyring, "merchant-key"},
		"public for private":  {func(c *Config) { c.MerchantKey = secret.New([]byte(keys["merchant"].SPKI)) }, client.ClassKeyring, "merchant-key"},
		"no platform key":     {func(c *Config) { c.PlatformKey = nil }, client.ClassKeyring, "platform-key"},
		"private platform":    {func(c *Config) { c.PlatformKey = []byte(keys["platform"].PKCS8) }, client.ClassKeyring, "platform-key"},
		"same key":            {func(c *Config) { c.PlatformKey = []byte(keys["merchant"].SPKI) }, client.ClassKeyring, "same-key"},
		"no pair":             {func(c *Config) { c.MerchantPublicKey = []byte(keys["other"].SPKI) }, client.ClassKeyring, "merchant-public-key"},
		"bad public key":      {func(c *Config) { c.MerchantPublicKey = []byte("x") }, client.ClassKeyring, "merchant-public-key"},
	} {
		cfg := testConfig(t, "http://127.0.0.1:1")
		c.change(&cfg)
		_, err := New(cfg)
		e := fault(t, err, c.class, c.code)
		if strings.Contains(fmt.Sprintf("%v %+v", e, e), "CANARY") || (c.class != client.ClassBug && e.Hint == "") { // covers S8
			t.Errorf("%s: %v (%s)", name, e, e.Hint)
		}
	}
	cfg := testConfig(t, "http://127.0.0.1:1")
	cfg.MerchantPublicKey = []byte(keys["merchant"].SPKI)
	cfg.ExtraHosts = []string{"proxy.shop.example"}
	cfg.Environment, cfg.BaseURL = Production, "https://proxy.shop.example/payermax/"
	g, err := New(cfg)
	if err != nil || g.wire.URL("refund") != "https://proxy.shop.example/payermax/refund" {
		t.Error(err)
	}
}

func TestDecimalsTable(t *testing.T) { // covers I11; payermax: section 11
	for currency, want := range map[string]uint8{
		"IDR": 0, "TWD": 0, "PKR": 0, "COP": 0, "KRW": 0, "VND": 0, "CLP": 0, "JPY": 0, "ISK": 0, "PYG": 0,
		"BHD": 2, "KWD": 2, "IQD": 2, "JOD": 2, "TND": 2, "LYD": 2, "OMR": 2,
		"USD": 2, "HKD": 2, "PHP": 2, "XAF": 0,
	} {
		if got, ok := Decimals(currency); !ok || got != want {
			t.Errorf("%s: %d, %v", currency, got, ok)
		}
	}
	if _, ok := Decimals("QQQ"); ok {
		t.Error("QQQ has decimals")
	}
	g := connect(t, "http://127.0.0.1:1", func(cfg *Config) { cfg.Decimals = map[string]uint8{"IDR": 2, "QQQ": 4} })
	if got, ok := g.Decimals("IDR"); !ok || got != 2 {
		t.Error("the override does not count")
	}
	if got, ok := g.Decimals("QQQ"); !ok || got != 4 {
		t.Error("the added currency does not count")
	}
}

// TestAmountsKeepTheirValueOnTheWire renders every legal amount and reads it
// back out of the signed body.
func TestAmountsKeepTheirValueOnTheWire(t *testing.T) { // covers I11
	g := connect(t, "http://127.0.0.1:1")
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"IDR", "KWD", "USD", "JPY"}).Draw(t, "currency")
		exp, _ := g.Decimals(currency)
		req := aRefund()
		req.Amount = client.Money{Minor: rapid.Int64Min(1).Draw(t, "minor"), Currency: currency, Exp: exp}
		out, err := g.refundRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _, err := g.compose(out)
		if err != nil {
			t.Fatal(err)
		}
		o, err := strict.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		text := o.Object("data").Text("refundAmount")
		_, frac, _ := strings.Cut(text, ".")
		back, err := client.ParseWire(text, currency, exp)
		if err != nil || back != req.Amount || len(frac) != int(exp) || !bytes.Contains(body, []byte(`"refundAmount":`+text+`,`)) {
			t.Fatalf("%v is %s on the wire", req.Amount, body)
		}
	})
}

func TestCapabilities(t *testing.T) {
	caps := connect(t, "http://127.0.0.1:1", func(cfg *Config) { cfg.Brand = Checus }).Capabilities()
	for _, missing := range []client.Capability{caps.ListOrders, caps.Statement, caps.QueryByGatewayNo} {
		if missing.OK || !strings.Contains(missing.Reason, "Checus") {
			t.Errorf("%+v", missing)
		}
	}
	if caps.ListOrders.Reason != "Checus has no endpoint that lists orders" {
		t.Error(caps.ListOrders.Reason)
	}
	for _, there := range []client.Capability{caps.QueryOrder, caps.CreateOrder, caps.ChargeToken, caps.Refund, caps.PartialRefund, caps.QueryRefund, caps.ListTokens, caps.RemoveToken} {
		if !there.OK || there.Reason != "" {
			t.Errorf("%+v", there)
		}
	}
	if caps.RefundWindow != 180*day || caps.RefundHardLimit != 365*day || caps.MaxReason != 512 || !caps.OneRefundAtATime || caps.RequestsPerSecond != 5 || len(caps.Pace.Poll) == 0 {
		t.Errorf("%+v", caps)
	}
	if number := client.RefundNo("payermax", "P", "O", 1); len(number) > caps.RefundNumberMaxSize || !newNumber.MatchString(number) {
		t.Errorf("computed number %s is not acceptable", number)
	}
}

func TestSecretsStayInside(t *testing.T) { // covers S8, S9
	const canary = "CANARY-provider-token"
	var out bytes.Buffer
	s := newStub(t, answer{body: `{"code":"SIGN_VERIFY_FAILED","msg":"x"}`})
	g := connect(t, s.server.URL, func(cfg *Config) {
		cfg.AuthToken = secret.New([]byte(canary))
		cfg.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := g.Refund(t.Context(), aRefund())
	e := fault(t, err, client.ClassAuth, "SIGN_VERIFY_FAILED")
	preview, err := g.PreviewRefund(aRefund())
	if err != nil {
		t.Fatal(err)
	}
	all := out.String() + fmt.Sprintf("%v %+v %+v %+v", e, e, e.Exchange, preview) + string(e.Exchange.Request) + string(preview.Body)
	signature := s.requests()[0].header.Get("Sign")
	for _, hidden := range []string{canary, signature, signature[20:60]} {
		if strings.Contains(all, hidden) {
			t.Errorf("%.12s… is visible", hidden)
		}
	}
	if strings.Contains(out.String(), "damaged on arrival") {
		t.Error("a body is in the log")
	}
	if !strings.Contains(out.String(), "operation=refund") {
		t.Errorf("log %q", out.String())
	}
}
