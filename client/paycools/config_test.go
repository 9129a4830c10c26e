package paycools

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
)

func TestDefaultBaseURL(t *testing.T) { // paycools: section 2
	for _, c := range []struct {
		dialect, environment, want string
		known                      int
	}{
		{"", Test, "https://api-uat.paycools.com", 1},
		{PH2, Test, "https://api-uat.paycools.com", 1},
		{PH, Production, "", 1}, // each merchant is given its own
		{GROUP, Test, "https://globalapi-dev.paycools.com:8902", 1},
		{"group", Production, "https://openapi.paycools.com", 1},
		{PH, Sandbox, "", 0},
	} {
		got, ok := DefaultBaseURL(c.dialect, c.environment)
		if got != c.want || ok != (c.want != "") || len(BaseURLs(c.dialect, c.environment)) != c.known {
			t.Errorf("%s %s: %q, %v", c.dialect, c.environment, got, ok)
		}
	}
}

func TestEveryKnownHostIsTaken(t *testing.T) { // covers S14
	for _, h := range knownHosts() {
		cfg := testConfig(t, "https://"+h.name)
		cfg.Environment = h.environment
		if h.group {
			cfg.Dialect = GROUP
		}
		g, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.wire.URL("x"); got != "https://"+h.name+"/x" {
			t.Error(got)
		}
		if h.offered {
			cfg.BaseURL = ""
			if _, err := New(cfg); err != nil {
				t.Error(err)
			}
		}
	}
	cfg := testConfig(t, "https://proxy.shop.example/paycools/")
	cfg.Environment, cfg.ExtraHosts = Production, []string{"proxy.shop.example"}
	if g, err := New(cfg); err != nil || g.wire.URL("x") != "https://proxy.shop.example/paycools/x" {
		t.Error(err)
	}
}

func TestConfigIsRefused(t *testing.T) { // covers S12, S14
	keys := vectors(t).Keys
	for name, c := range map[string]struct {
		change func(*Config)
		class  client.Class
		code   string
	}{
		"dialect":            {func(c *Config) { c.Dialect = "JT" }, client.ClassConfig, "dialect"},
		"environment":        {func(c *Config) { c.Environment = "" }, client.ClassConfig, "environment"},
		"clock":              {func(c *Config) { c.Clock = nil }, client.ClassBug, "clock"},
		"app":                {func(c *Config) { c.AppID = "" }, client.ClassConfig, "app_id"},
		"app text":           {func(c *Config) { c.AppID = "a b" }, client.ClassConfig, "app_id"},
		"refund url":         {func(c *Config) { c.RefundNotifyURL = "ftp://x" }, client.ClassConfig, "refund_notify_url"},
		"order url":          {func(c *Config) { c.OrderNotifyURL = "https://x.example/" + strings.Repeat("a", 100) }, client.ClassConfig, "order_notify_url"},
		"app name":           {func(c *Config) { c.AppName = "Shop 1" }, client.ClassConfig, "app_name"},
		"blank app name":     {func(c *Config) { c.AppName = "  " }, client.ClassConfig, "app_name"},
		"channel":            {func(c *Config) { c.Channel = "a b" }, client.ClassConfig, "channel"},
		"e-mail":             {func(c *Config) { c.PayerEmail = "Juan <juan@example.ph>" }, client.ClassConfig, "payer_email"},
		"mobile":             {func(c *Config) { c.PayerMobile = "1234" }, client.ClassConfig, "payer_mobile"},
		"digest":             {func(c *Config) { c.Digest = "md5" }, client.ClassConfig, "digest"},
		"statement date":     {func(c *Config) { c.StatementDate = "payDate" }, client.ClassConfig, "statement_date"},
		"first page":         {func(c *Config) { c.StatementFirst = first(2) }, client.ClassConfig, "statement_first"},
		"look back":          {func(c *Config) { c.LookBack = 32 }, client.ClassConfig, "look_back"},
		"success code":       {func(c *Config) { c.SuccessCodes = []string{"ok"} }, client.ClassConfig, "codes"},
		"not found code":     {func(c *Config) { c.NotFoundCodes = []string{""} }, client.ClassConfig, "codes"},
		"cancel word":        {func(c *Config) { c.CancelWords = []string{"a b"} }, client.ClassConfig, "cancel_words"},
		"currency":           {func(c *Config) { c.Currency = "php" }, client.ClassConfig, "currency"},
		"currency's cents":   {func(c *Config) { c.Currency = "JPY" }, client.ClassConfig, "currency"},
		"decimals":           {func(c *Config) { c.Decimals = map[string]uint8{"PHP": 5} }, client.ClassConfig, "decimals"},
		"path of nothing":    {func(c *Config) { c.Paths = map[string]string{"x": "y"} }, client.ClassConfig, "paths"},
		"path":               {func(c *Config) { c.Paths = map[string]string{"refund": "a/../b"} }, client.ClassConfig, "paths.refund"},
		"path with a query":  {func(c *Config) { c.Paths = map[string]string{"refund": "a?b=c"} }, client.ClassConfig, "paths.refund"},
		"channel rule":       {func(c *Config) { c.Channels = map[string]Channel{"a b": {}} }, client.ClassConfig, "channels"},
		"acknowledgement":    {func(c *Config) { c.Acknowledgement = "success" }, client.ClassConfig, "acknowledgement"},
		"no sandbox url":     {func(c *Config) { c.BaseURL = "" }, client.ClassConfig, "base_url"},
		"no production url":  {func(c *Config) { c.Environment, c.BaseURL = Production, "" }, client.ClassConfig, "base_url"},
		"sandbox elsewhere":  {func(c *Config) { c.BaseURL = "https://api-uat.paycools.com" }, client.ClassConfig, "base_url"},
		"other host":         {func(c *Config) { c.Environment, c.BaseURL = Production, "https://api.paycools.org" }, client.ClassConfig, "base_url"},
		"group's host":       {func(c *Config) { c.Environment, c.BaseURL = Production, "https://openapi.paycools.com" }, client.ClassConfig, "base_url"},
		"plain http":         {func(c *Config) { c.Environment, c.BaseURL = Test, "http://api-uat.paycools.com" }, client.ClassConfig, "base_url"},
		"production is test": {func(c *Config) { c.Environment, c.BaseURL = Production, "https://api-uat.paycools.com" }, client.ClassConfig, "environment"},
		"test is production": {func(c *Config) { c.Environment, c.BaseURL = Test, "https://api.paycools.com.ph" }, client.ClassConfig, "environment"},
		"no merchant key":    {func(c *Config) { c.MerchantKey = secret.Secret{} }, client.ClassKeyring, "merchant-key"},
		"bad merchant key":   {func(c *Config) { c.MerchantKey = secretText("CANARY") }, client.ClassKeyring, "merchant-key"},
		"public for private": {func(c *Config) { c.MerchantKey = secretText(keys["a2048"].X509) }, client.ClassKeyring, "merchant-key"},
		"no pair":            {func(c *Config) { c.MerchantPublicKey = []byte(keys["a4096"].X509) }, client.ClassKeyring, "merchant-public-key"},
		"bad public key":     {func(c *Config) { c.MerchantPublicKey = []byte("x") }, client.ClassKeyring, "merchant-public-key"},
		"bad secret":         {func(c *Config) { c.CallbackSecret = secretText("CANARY\nx") }, client.ClassKeyring, "callback-secret"},
		"bad platform":       {func(c *Config) { c.PlatformKey = []byte("x") }, client.ClassKeyring, "platform-key"},
		"private platform":   {func(c *Config) { c.PlatformKey = []byte(keys["a4096"].PKCS8) }, client.ClassKeyring, "platform-key"},
		"same key":           {func(c *Config) { c.PlatformKey = []byte(keys["a2048"].X509) }, client.ClassKeyring, "same-key"},
	} {
		cfg := testConfig(t, "http://127.0.0.1:1")
		c.change(&cfg)
		_, err := New(cfg)
		e := fault(t, err, c.class, c.code)
		if strings.Contains(fmt.Sprintf("%v %+v", e, e), "CANARY") || c.class != client.ClassBug && e.Hint == "" { // covers S8
			t.Errorf("%s: %v (%s)", name, e, e.Hint)
		}
	}
	cfg := testConfig(t, "http://127.0.0.1:1")
	cfg.MerchantPublicKey = []byte(keys["a2048"].X509PEM)
	cfg.Currency, cfg.Decimals = "IDR", map[string]uint8{"IDR": 0}
	cfg.Paths = map[string]string{"balance": "", "paymentQuery": "/api/v3/payment/{transactionId}/state"}
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if exp, ok := g.Decimals("IDR"); !ok || exp != 0 || g.Capabilities().Balance.OK || g.paths["paymentQuery"] != "api/v3/payment/{transactionId}/state" {
		t.Error("the settings do not count")
	}
}

func TestDecimalsTable(t *testing.T) { // covers I11
	for currency, want := range map[string]bool{"PHP": true, "MYR": true, "USD": true, "JPY": false, "KWD": false, "QQQ": false} {
		if exp, ok := Decimals(currency); ok != want || exp != 2 && ok {
			t.Errorf("%s: %d, %v", currency, exp, ok)
		}
	}
	if exp, ok := connect(t, "http://127.0.0.1:1").Decimals("PHP"); !ok || exp != 2 {
		t.Error("PHP")
	}
}

func TestCapabilities(t *testing.T) {
	caps := connect(t, "http://127.0.0.1:1").Capabilities()
	for name, there := range map[string]client.Capability{
		"query": caps.QueryOrder, "by gateway": caps.QueryByGatewayNo, "statement": caps.Statement, "create": caps.CreateOrder, "charge": caps.ChargeToken, "refund": caps.Refund,
		"partial": caps.PartialRefund, "query refund": caps.QueryRefund, "tokens": caps.ListTokens, "remove": caps.RemoveToken, "balance": caps.Balance,
	} {
		if !there.OK || there.Reason != "" {
			t.Errorf("%s: %+v", name, there)
		}
	}
	for _, missing := range []client.Capability{caps.ListOrders, caps.CloseOrder} {
		if missing.OK || !strings.Contains(missing.Reason, "PayCools") {
			t.Errorf("%+v", missing)
		}
	}
	if caps.RefundWindow != 60*day || caps.RefundHardLimit != 61*day || caps.MaxReason != 256 || !caps.OneRefundAtATime || !caps.UnsignedAnswers || !caps.UnsignedRefusals || caps.RequestsPerSecond != 5 {
		t.Errorf("%+v", caps)
	}
	if number := client.RefundNo("paycools", "P", "O", 1); len(number) > caps.RefundNumberMaxSize || !newNumber.MatchString(number) {
		t.Errorf("computed number %s is not acceptable", number)
	}
	caps = connect(t, "http://127.0.0.1:1", func(c *Config) { c.OrderNotifyURL, c.RefundNotifyURL = "", "" }).Capabilities()
	for _, missing := range []client.Capability{caps.CreateOrder, caps.ChargeToken, caps.Refund} {
		if missing.OK || !strings.Contains(missing.Reason, "callback address") {
			t.Errorf("%+v", missing)
		}
	}
	caps = connect(t, "http://127.0.0.1:1", func(c *Config) { c.Dialect = GROUP }).Capabilities()
	if caps.Statement.OK || caps.Balance.OK || caps.CloseOrder.OK || !caps.ListTokens.OK || !caps.Refund.OK {
		t.Errorf("%+v", caps)
	}
	caps = connect(t, "http://127.0.0.1:1", func(c *Config) {
		c.Dialect, c.NoDirectDebit, c.RefundWindow, c.RefundHardLimit = PH2, true, day, 2*day
	}).Capabilities()
	if !caps.CloseOrder.OK || caps.ListTokens.OK || caps.RemoveToken.OK || caps.ChargeToken.OK || caps.RefundWindow != day || caps.RefundHardLimit != 2*day {
		t.Errorf("%+v", caps)
	}
}

func TestPace(t *testing.T) { // paycools: section 6.2
	at := func(p client.Pace, age time.Duration) time.Duration {
		for _, step := range p.Poll {
			if step.Until == 0 || age < step.Until {
				return step.Every
			}
		}
		return 0
	}
	var looks []time.Duration
	for age := time.Duration(0); len(looks) < 5; {
		age += at(pace(1), age)
		looks = append(looks, age)
	}
	if want := []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, 35 * time.Minute}; !slices.Equal(looks, want) {
		t.Error(looks)
	}
	if at(pace(1), 25*time.Hour) != time.Hour || at(pace(60), 0) != 200*time.Millisecond || at(pace(60), 2*time.Hour) != time.Minute {
		t.Error("late or fast looks")
	}
}

func TestChannelRules(t *testing.T) { // paycools: section 5
	g := connect(t, "http://127.0.0.1:1", func(c *Config) {
		c.Channels = map[string]Channel{"QRPH": {Refund: true, Multiple: true}, "BANK": {}}
	})
	rule, ok := g.RefundRule("QRPH")
	if !ok || !rule.Refund.OK || rule.Partial.OK || !rule.Multiple.OK || !strings.Contains(rule.Partial.Reason, "QRPH") {
		t.Errorf("%+v", rule)
	}
	if rule, ok = g.RefundRule("BANK"); !ok || rule.Refund.OK {
		t.Errorf("%+v", rule)
	}
	if _, ok = g.RefundRule("GCASH_QR"); ok {
		t.Error("a rule out of nothing")
	}
}

func TestStampIsCorrectedOnce(t *testing.T) { // covers F13
	theirs := testNow().Add(3 * time.Minute)
	date := map[string]string{"Date": theirs.Format(http.TimeFormat)}
	for _, c := range []struct {
		dialect, refusal string
		success          string
		call             func(g *Gateway) error
	}{
		{PH, "1009", "1000", func(g *Gateway) error { _, err := g.Tokens(t.Context(), "u"); return err }},
		{GROUP, "21009", "10000", func(g *Gateway) error { _, err := g.Tokens(t.Context(), "u"); return err }},
		{GROUP, "21008", "10000", func(g *Gateway) error { _, err := g.RefundsOf(t.Context(), "C1"); return err }},
		{PH2, "1009", "1", func(g *Gateway) error { _, err := g.CreateOrder(t.Context(), anOrder()); return err }},
	} {
		refused := answer{body: `{"code":` + c.refusal + `}`, header: date}
		done := answer{body: `{"code":` + c.success + `,"data":null}`, header: date}
		if c.dialect == PH2 {
			done.body = `{"code":1,"data":` + checkoutDone + `}`
		}
		g, s := dialectWith(t, c.dialect, refused, done)
		if err := c.call(g); err != nil {
			t.Fatalf("%s %s: %v", c.dialect, c.refusal, err)
		}
		requests := s.requests()
		if len(requests) != 2 || requests[0].data.Text("timestamp") != "1795339800000" || requests[1].data.Text("timestamp") != "1795339980500" {
			t.Errorf("%s: %d requests, %s and %s", c.dialect, len(requests), requests[0].body, requests[1].body)
		}
		g, s = dialectWith(t, c.dialect, refused)
		if err := c.call(g); client.ClassOf(err) != client.ClassRefused && client.ClassOf(err) != client.ClassRate {
			t.Error(err)
		}
		// The second refusal came with a right time: a read of class rate may be tried later, but not for the clock.
		if n := len(s.requests()); n < 2 || n > 4 {
			t.Errorf("%s: %d requests", c.dialect, n)
		}
	}
	// A refund of PH has no timestamp: its refusal is never the clock's.
	g, s := gatewayWith(t, answer{body: `{"code":1009}`, header: date})
	_, err := g.Refund(t.Context(), aRefund())
	if fault(t, err, client.ClassRefused, "1009"); len(s.requests()) != 1 {
		t.Errorf("%d requests", len(s.requests()))
	}
	if offset, ok := g.ClockOffset(); !ok || offset < 179*time.Second || offset > 181*time.Second {
		t.Errorf("offset %v, %v", offset, ok)
	}
}

func TestOldDigest(t *testing.T) { // paycools: section 12 no. 12
	s := newStub(t, answer{body: accepted})
	s.dialect = PHOld
	g := connect(t, s.server.URL, func(c *Config) { c.Digest = SHA1 })
	if _, err := g.Refund(t.Context(), aRefund()); err != nil {
		t.Error(err)
	}
}

func TestRetryAfterIsPassedOn(t *testing.T) { // covers F20
	for _, c := range []struct {
		answer answer
		class  client.Class
		code   string
	}{
		{answer{status: 429, body: "slow down"}, client.ClassRate, "http-429"},
		{answer{status: 503, body: "<html>"}, client.ClassUnknown, "http-503"},
	} {
		c.answer.header = map[string]string{"Retry-After": "30"}
		g, s := gatewayWith(t, c.answer)
		_, err := g.RefundsOf(t.Context(), "C1")
		if e := fault(t, err, c.class, c.code); e.RetryAfter != 30*time.Second || len(s.requests()) != 1 {
			t.Errorf("%s: wait %v after %d requests", c.code, e.RetryAfter, len(s.requests()))
		}
	}
}

func TestSecretsStayInside(t *testing.T) { // covers S8, S9, S11
	const canary = "CANARY-callback-secret"
	var out bytes.Buffer
	s := newStub(t, code(1003))
	g := connect(t, s.server.URL, func(c *Config) {
		c.CallbackSecret = secretText(canary)
		c.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := g.Refund(t.Context(), aRefund())
	posted := fault(t, err, client.ClassAuth, "1003")
	_, err = g.RefundsOf(t.Context(), "C1")
	asked := fault(t, err, client.ClassAuth, "1003")
	preview, err := g.PreviewRefund(aRefund())
	if err != nil {
		t.Fatal(err)
	}
	all := out.String() + fmt.Sprintf("%v %+v %+v %v %+v %+v %+v", posted, posted, *posted.Exchange, asked, *asked.Exchange, preview, g)
	for _, x := range [][]byte{posted.Exchange.Request, asked.Exchange.Request, preview.Body} {
		all += string(x)
	}
	for _, r := range s.requests() {
		signature := r.data.Text("sign")
		for _, hidden := range []string{canary, signature, signature[20:60]} {
			if hidden == "" || strings.Contains(all, hidden) {
				t.Errorf("%.12s… is visible", hidden)
			}
		}
	}
	if strings.Contains(out.String(), "damaged") || strings.Contains(out.String(), "originalTransactionId") || strings.Contains(out.String(), "C1\n") {
		t.Error("a body or a query is in the log")
	}
	if !strings.Contains(out.String(), "operation=refundQuery") {
		t.Errorf("log %q", out.String())
	}
}
