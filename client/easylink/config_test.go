package easylink

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
)

func TestConfigIsChecked(t *testing.T) { // covers S12, S14
	for name, c := range map[string]struct {
		change func(*Config)
		class  client.Class
		code   string
	}{
		"no clock":             {func(cfg *Config) { cfg.Clock = nil }, client.ClassBug, "clock"},
		"no environment":       {func(cfg *Config) { cfg.Environment = "" }, client.ClassConfig, "environment"},
		"no merchant":          {func(cfg *Config) { cfg.MerchantNo = "" }, client.ClassConfig, "merchant_no"},
		"odd merchant":         {func(cfg *Config) { cfg.MerchantNo = "M 1" }, client.ClassConfig, "merchant_no"},
		"no application":       {func(cfg *Config) { cfg.AppID = "" }, client.ClassConfig, "app_id"},
		"odd application":      {func(cfg *Config) { cfg.AppID = "a&b" }, client.ClassConfig, "app_id"},
		"no secret":            {func(cfg *Config) { cfg.Secret = secret.Secret{} }, client.ClassKeyring, "app-secret"},
		"blank secret":         {func(cfg *Config) { cfg.Secret = secret.New([]byte(" \n")) }, client.ClassKeyring, "app-secret"},
		"secret of two lines":  {func(cfg *Config) { cfg.Secret = secret.New([]byte("CANARY\nCANARY")) }, client.ClassKeyring, "app-secret"},
		"no base":              {func(cfg *Config) { cfg.BaseURL = "" }, client.ClassConfig, "base_url"},
		"sandbox elsewhere":    {func(cfg *Config) { cfg.BaseURL = "https://ts-api-pay.gnete.com.hk" }, client.ClassConfig, "base_url"},
		"plain http":           {func(cfg *Config) { cfg.Environment, cfg.BaseURL = Test, "http://ts-api-pay.gnete.com.hk" }, client.ClassConfig, "base_url"},
		"other host":           {func(cfg *Config) { cfg.Environment, cfg.BaseURL = Test, "https://example.com" }, client.ClassConfig, "base_url"},
		"password in base":     {func(cfg *Config) { cfg.BaseURL = "https://x:CANARY@127.0.0.1" }, client.ClassConfig, "base_url"},
		"test is production":   {func(cfg *Config) { cfg.Environment, cfg.BaseURL = Test, "https://api-pay.gnete.com.hk" }, client.ClassConfig, "environment"},
		"production is test":   {func(cfg *Config) { cfg.Environment, cfg.BaseURL = Production, "https://TS-api-pay.gnete.com.hk./" }, client.ClassConfig, "environment"},
		"notify with a query":  {func(cfg *Config) { cfg.OrderNotifyURL = "https://shop.example/n?shop=7" }, client.ClassConfig, "order_notify_url"},
		"notify with fragment": {func(cfg *Config) { cfg.RefundNotifyURL = "https://shop.example/n#x" }, client.ClassConfig, "refund_notify_url"},
		"long notify":          {func(cfg *Config) { cfg.RefundNotifyURL = "https://shop.example/" + strings.Repeat("n", 110) }, client.ClassConfig, "refund_notify_url"},
		"odd notify":           {func(cfg *Config) { cfg.RefundNotifyURL = "ftp://shop.example/n" }, client.ClassConfig, "refund_notify_url"},
		"odd way":              {func(cfg *Config) { cfg.WayCode = "ali h5" }, client.ClassConfig, "way_code"},
		"extra of odd way":     {func(cfg *Config) { cfg.ChannelExtra = map[string]string{"wx": "{}"} }, client.ClassConfig, "channel_extra"},
		"extra no JSON":        {func(cfg *Config) { cfg.ChannelExtra = map[string]string{"WX_H5": `{"auth_code", "x"}`} }, client.ClassConfig, "channel_extra.WX_H5"},
		"card in extra":        {func(cfg *Config) { cfg.ChannelExtra = map[string]string{"UP_OP": `{"accNo":"6222"}`} }, client.ClassConfig, "channel_extra.UP_OP"}, // covers S17
		"expiry in the past":   {func(cfg *Config) { cfg.OrderExpiry = -time.Second }, client.ClassConfig, "order_expiry"},
		"expiry of half one":   {func(cfg *Config) { cfg.OrderExpiry = 1500 * time.Millisecond }, client.ClassConfig, "order_expiry"},
		"odd version":          {func(cfg *Config) { cfg.Version = "one" }, client.ClassConfig, "version"},
		"odd time":             {func(cfg *Config) { cfg.ReqTime = "seconds" }, client.ClassConfig, "req_time"},
		"both ext names":       {func(cfg *Config) { cfg.ExtParam = "both" }, client.ClassConfig, "ext_param"},
		"done is not found":    {func(cfg *Config) { cfg.NotFoundCodes = []string{"0"} }, client.ClassConfig, "not_found_codes"},
		"text as code":         {func(cfg *Config) { cfg.NotFoundCodes = []string{"订单不存在"} }, client.ClassConfig, "not_found_codes"},
		"odd currency":         {func(cfg *Config) { cfg.Decimals = map[string]uint8{"hkd": 2} }, client.ClassConfig, "decimals"},
		"five decimals":        {func(cfg *Config) { cfg.Decimals = map[string]uint8{"HKD": 5} }, client.ClassConfig, "decimals"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig("http://127.0.0.1:1")
			c.change(&cfg)
			g, err := New(cfg)
			if err == nil {
				_ = g.Close()
			}
			fault(t, err, c.class, c.code)
		})
	}
}

func TestDocumentedHosts(t *testing.T) {
	for environment, want := range map[string]string{
		Production: "https://api-pay.gnete.com.hk/api/pay/query", Test: "https://ts-api-pay.gnete.com.hk/api/pay/query",
	} {
		cfg := testConfig("")
		cfg.Environment = environment
		g, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.wire.URL(payQuery.path); got != want {
			t.Errorf("%s: %s", environment, got)
		}
		_ = g.Close()
	}
	if base, ok := DefaultBaseURL(Sandbox); ok {
		t.Errorf("a documented sandbox: %s", base)
	}
}

func TestNormaliseKey(t *testing.T) {
	long := strings.Repeat("k", 2048)
	for in, want := range map[string]string{
		"secret": "secret", "secret\n": "secret", "secret\r\n": "secret", "\ufeffsecret": "secret",
		" k&e=y #1 密 ": " k&e=y #1 密 ", long: long, `{"a":1}`: `{"a":1}`,
	} {
		got, private, err := NormaliseKey([]byte(in))
		if err != nil || !private || string(got) != want {
			t.Errorf("%.20q: %.20q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "\n", "  ", long + "k", "CANARY\nCANARY", "CANARY\xff", "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----"} {
		_, _, err := NormaliseKey([]byte(in))
		if e := fault(t, err, client.ClassInput, "key"); e.Hint == "" {
			t.Errorf("%.20q: no hint", in)
		}
	}
}

func TestCapabilities(t *testing.T) {
	can := connect(t, "http://127.0.0.1:1").Capabilities()
	for name, c := range map[string]struct {
		got client.Capability
		ok  bool
	}{
		"query": {can.QueryOrder, true}, "by gateway number": {can.QueryByGatewayNo, true}, "list": {can.ListOrders, false},
		"statement": {can.Statement, false}, "create": {can.CreateOrder, true}, "charge": {can.ChargeToken, false},
		"refund": {can.Refund, true}, "partial": {can.PartialRefund, true}, "query refund": {can.QueryRefund, true},
		"tokens": {can.ListTokens, false}, "remove": {can.RemoveToken, false},
	} {
		if c.got.OK != c.ok || (c.got.Reason == "") != c.ok {
			t.Errorf("%s: %+v", name, c.got)
		}
	}
	if !can.UnsignedRefusals || !can.OneRefundAtATime || !can.NotFoundMayBeEarly || can.MaxReason != 64 || can.RefundNumberMaxSize != 30 {
		t.Errorf("%+v", can)
	}
	if no := client.RefundNo("easylink", testMerchant, "SO1", 1); len(no) > can.RefundNumberMaxSize || !newNumber.MatchString(no) { // covers I3
		t.Errorf("%s does not fit", no)
	}
}

// TestPaceFollowsTheDocumentedPlan walks the plan as the desk does: after about
// 5 s, 30 s, 2 min, then every 5 min for two hours and once more, and on.
func TestPaceFollowsTheDocumentedPlan(t *testing.T) { // covers F20
	for _, speed := range []int{0, 1, 60} {
		plan := pace(speed)
		unit := time.Second / time.Duration(max(speed, 1))
		var age time.Duration
		var looks []time.Duration
		for age < 3*time.Hour/time.Duration(max(speed, 1)) {
			for _, step := range plan.Poll {
				if step.Until == 0 || age < step.Until {
					age += step.Every
					break
				}
			}
			looks = append(looks, age)
		}
		for i, want := range []time.Duration{5, 30, 120, 420, 720} {
			if got := looks[i]; (got - want*unit).Abs() > 250*time.Millisecond {
				t.Errorf("speed %d: look %d after %v, want %v", speed, i, got, want*unit)
			}
		}
		if len(looks) < 27 || len(plan.ResendAfter) != 3 || plan.Poll[len(plan.Poll)-1].Until != 0 {
			t.Errorf("speed %d: %d looks, %+v", speed, len(looks), plan)
		}
	}
}

func TestSavedCardsAreUnsupported(t *testing.T) {
	g, s := gatewayWith(t, answer{body: done(accepted)})
	_, tokensErr := g.Tokens(t.Context(), "U-1")
	_, removeErr := g.RemoveToken(t.Context(), client.RemoveToken{Token: "T", UserID: "U-1"})
	_, previewErr := g.PreviewRemoveToken(client.RemoveToken{Token: "T", UserID: "U-1"})
	_, chargeErr := g.CreateOrder(t.Context(), client.CreateOrder{OrderNo: "SO1", Amount: hkd(1), Subject: "s", Token: "T"})
	for _, err := range []error{tokensErr, removeErr, previewErr, chargeErr} {
		if e := fault(t, err, client.ClassUnsupported, "tokens"); !strings.Contains(e.Message, "no cards") {
			t.Error(e)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests left all the same", n)
	}
}

// TestSecretStaysInside prints everything that there is to print.
func TestSecretStaysInside(t *testing.T) { // covers S8, S9, S11
	var logged bytes.Buffer
	s := newStub(t, answer{body: done(accepted)}, answer{body: signedBy("other", accepted)}, answer{body: refused("9999", "验签失败")}, answer{body: "<html>"})
	g := connect(t, s.server.URL, func(cfg *Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	said := fmt.Sprintf("%v %+v %#v %s", g, *g, g, testConfig("x").Secret)
	for range 4 {
		got, err := g.Refund(t.Context(), aRefund())
		said += fmt.Sprintf("%+v %v %s %s", got, err, got.Exchange.Request, got.Exchange.Answer)
		if x := client.ExchangeOf(err); x != nil {
			said += fmt.Sprintf("%+v %s %s", *x, x.Request, x.Answer)
		}
	}
	p, err := g.PreviewRefund(aRefund())
	said += fmt.Sprintf("%+v %s %v", p, p.Body, err) + logged.String()
	if strings.Contains(said, "CANARY") || strings.Contains(said, fmt.Sprintf("%d", []byte(testKey))[1:40]) {
		t.Error("the secret got out")
	}
	if !strings.Contains(logged.String(), "operation=refundOrder") || strings.Contains(logged.String(), "refundAmount") {
		t.Errorf("log: %s", logged.String())
	}
	for i, r := range s.requests() {
		made := s.sent(i).Text(signMember)
		if len(made) != 32 || strings.Contains(said, made) || bytes.Contains(r.body, []byte("CANARY")) {
			t.Errorf("request %d: its signature can be taken from what is kept", i)
		}
	}
}
