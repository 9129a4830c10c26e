package payermax

import (
	"crypto/rsa"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/wire"
	"paydesk/client/secret"
)

// Brands of the protocol.
const (
	PayerMax = "payermax"
	Checus   = "checus"
)

// Environments of a merchant account.
const (
	Production = "production"
	Test       = "test"
	Sandbox    = "sandbox" // loopback only
)

// Ways to charge a saved card (payermax: section 17 Q7).
const (
	HostedCheckout = "Hosted_Checkout"
	DirectPayment  = "Direct_Payment"
)

// gatewayPath is where the endpoints live on every documented host; it is
// assumed when a base URL has no path.
const gatewayPath = "/aggregate-pay/api/gateway"

// defaultAuthHeader carries the provider token (payermax: section 3.4).
const defaultAuthHeader = "merchant_auth_token"

// MaxNotifyURL is how many characters a callback address may have (payermax:
// sections 5.1 and 5.3).
const MaxNotifyURL = maxNotifyURL

// Refund limits (payermax: section 17 Q5).
const (
	day              = 24 * time.Hour
	defaultWindow    = 180 * day
	defaultHardLimit = 365 * day
)

// Config is one merchant account. Brand, Environment, MerchantNo, AppID, both
// keys and Clock are required; BaseURL too where no host is documented.
type Config struct {
	Brand       string // PayerMax or Checus
	Environment string // Production, Test or Sandbox
	BaseURL     string // empty: DefaultBaseURL
	ExtraHosts  []string

	MerchantNo      string
	AppID           string
	SPMerchantNo    string        // service-provider mode only
	AuthToken       secret.Secret // service-provider mode only
	AuthTokenHeader string        // empty: merchant_auth_token

	// NotifyURL is the callback address of orders and refunds that name none of
	// their own; empty: that of the portal. Its path is a secret.
	NotifyURL secret.Secret

	MerchantKey       secret.Secret // private key, raw DER or any accepted text
	PlatformKey       []byte        // the gateway's public key, likewise
	MerchantPublicKey []byte        // optional: must belong to MerchantKey

	Versions        map[string]string // per endpoint path, such as "refund"; empty: section 3.5
	TokenScope      string            // empty: "tokenAcq"
	TokenIntegrate  string            // empty: DirectPayment for PayerMax, HostedCheckout for Checus
	SendTradeToken  bool              // name the gateway's order number in refunds too
	Decimals        map[string]uint8  // overrides, at most client.MaxExp
	RefundWindow    time.Duration     // 0: 180 days
	RefundHardLimit time.Duration     // 0: 365 days
	Speed           int               // of a sandbox that runs faster than life; 0: 1

	Clock          func() time.Time
	Random         func() uint64 // jitter of repeated reads; nil: none
	Logger         *slog.Logger  // nil: no log
	ConnectTimeout time.Duration // 0: 5 s
	CallTimeout    time.Duration // 0: 15 s

	Transport http.RoundTripper // tests only; nil: the real network
}

// host is one documented host (payermax: section 2).
type host struct{ brand, environment, name string }

// documentedHosts lists them in the order in which they are offered. Two forms
// of the Checus test host are in use (section 17 Q1), therefore neither is a
// default.
func documentedHosts() []host {
	return []host{
		{PayerMax, Production, "pay-gate.payermax.com"},
		{PayerMax, Test, "pay-gate-uat.payermax.com"},
		{Checus, Production, "pay-gate-hk-prod.checus.com"},
		{Checus, Test, "p-gate-uat.checus.com"},
		{Checus, Test, "pay-gate-uat.checus.com"},
	}
}

// BaseURLs lists the documented base URLs of a brand and environment.
func BaseURLs(brand, environment string) []string {
	var urls []string
	for _, h := range documentedHosts() {
		if h.brand == brand && h.environment == environment {
			urls = append(urls, "https://"+h.name+gatewayPath)
		}
	}
	return urls
}

// DefaultBaseURL is the one documented base URL of a brand and environment; ok
// is false where there is none, or more than one to choose from.
func DefaultBaseURL(brand, environment string) (base string, ok bool) {
	urls := BaseURLs(brand, environment)
	if len(urls) != 1 {
		return "", false
	}
	return urls[0], true
}

// configError names a field, what is wrong with it and what would be right.
func configError(field, wrong, right string) error {
	return &client.Error{
		Class: client.ClassConfig, Code: field, Message: field + " " + wrong + "; right is " + right,
		Hint: "correct the profile",
	}
}

// check looks at all settings but the base URL and the keys.
func (cfg *Config) check() error {
	if cfg.Brand != PayerMax && cfg.Brand != Checus {
		return configError("brand", fmt.Sprintf("is %.40q", cfg.Brand), `"payermax" or "checus"`)
	}
	if cfg.Environment != Production && cfg.Environment != Test && cfg.Environment != Sandbox {
		return configError("environment", fmt.Sprintf("is %.40q", cfg.Environment), `"production", "test" or "sandbox"`)
	}
	if cfg.Clock == nil {
		return &client.Error{Class: client.ClassBug, Code: "clock", Message: "no clock was given"}
	}
	for _, id := range []struct{ field, value string }{
		{"merchant_no", cfg.MerchantNo}, {"app_id", cfg.AppID}, {"sp_merchant_no", cfg.SPMerchantNo},
	} {
		if id.value == "" && id.field != "sp_merchant_no" {
			return configError(id.field, "is missing", "what the gateway's portal shows")
		}
		if !identifier.MatchString(id.value) {
			return configError(id.field, fmt.Sprintf("is %.80q", id.value), "at most 64 letters, digits, - and _")
		}
	}
	if cfg.TokenIntegrate != "" && cfg.TokenIntegrate != HostedCheckout && cfg.TokenIntegrate != DirectPayment {
		return configError("token_integrate", fmt.Sprintf("is %.40q", cfg.TokenIntegrate), HostedCheckout+" or "+DirectPayment)
	}
	if cfg.TokenScope != "" && !identifier.MatchString(cfg.TokenScope) {
		return configError("token_scope", fmt.Sprintf("is %.40q", cfg.TokenScope), "tokenAcq or tokenMit")
	}
	if err := checkURL("notify_url", string(cfg.NotifyURL.Reveal()), maxNotifyURL); err != nil {
		return configError("callback address", "cannot be sent", fmt.Sprintf("https://host/path of at most %d characters", maxNotifyURL))
	}
	return cfg.checkTables()
}

// identifier is what identifiers of an account look like; empty counts.
var identifier = regexp.MustCompile(`^[A-Za-z0-9_-]{0,64}$`)

// versionText is an interface version (payermax: section 3.5).
var versionText = regexp.MustCompile(`^[0-9]{1,4}\.[0-9]{1,3}$`)

// headerName is a token of RFC 9110.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")

func (cfg *Config) checkTables() error {
	known := map[string]bool{}
	for _, ep := range endpoints() {
		known[ep.path] = true
	}
	for path, version := range cfg.Versions {
		if !known[path] {
			return configError("versions", fmt.Sprintf("names endpoint %.40q", path), "a path such as refundQuery")
		}
		if !versionText.MatchString(version) {
			return configError("versions."+path, fmt.Sprintf("is %.40q", version), `a text such as "1.5"`)
		}
	}
	for currency, exp := range cfg.Decimals {
		if !isCurrency(currency) || exp > client.MaxExp {
			return configError("decimals", fmt.Sprintf("has %.10q = %d", currency, exp), "a currency such as USD and 0 to 4 decimals")
		}
	}
	if cfg.AuthTokenHeader != "" && !headerName.MatchString(cfg.AuthTokenHeader) {
		return configError("auth_token_header", "is no header name", defaultAuthHeader)
	}
	for _, b := range cfg.AuthToken.Reveal() {
		if b < 0x21 || b > 0x7e {
			return configError("auth token", "holds blanks or control characters", "the text from the gateway's portal, alone")
		}
	}
	return nil
}

// base finds and checks the base URL.
func (cfg *Config) base() (*url.URL, error) {
	text := cfg.BaseURL
	if text == "" {
		var ok bool
		if text, ok = DefaultBaseURL(cfg.Brand, cfg.Environment); !ok {
			right := strings.Join(BaseURLs(cfg.Brand, cfg.Environment), " or ")
			if cfg.Environment == Sandbox {
				right = "what the sandbox printed at its start"
			}
			return nil, configError("base_url", "is missing", right)
		}
	}
	allowed := append([]string(nil), cfg.ExtraHosts...)
	for _, h := range documentedHosts() {
		if h.brand == cfg.Brand {
			allowed = append(allowed, h.name)
		}
	}
	u, err := wire.ParseBase(text, allowed)
	if err != nil {
		return nil, err
	}
	if loopback := wire.IsLoopback(u.Hostname()); cfg.Environment == Sandbox && !loopback {
		return nil, configError("base_url", fmt.Sprintf("names host %.80q in environment sandbox", u.Hostname()), "a loopback address")
	}
	for _, h := range documentedHosts() {
		// Real money behind the word "test", or the other way round, is the worst mix-up there is.
		if strings.EqualFold(h.name, strings.TrimSuffix(u.Hostname(), ".")) && h.environment != cfg.Environment {
			return nil, configError("environment", fmt.Sprintf("is %q but base_url is the %s host", cfg.Environment, h.environment), h.environment)
		}
	}
	if u.Path == "" {
		u.Path = gatewayPath
	}
	return u, nil
}

// keyError is a key that cannot serve.
func keyError(code, message, hint string, cause error) error {
	return &client.Error{Class: client.ClassKeyring, Code: code, Message: message, Hint: hint, Err: cause}
}

// keys reads both keys. The platform's key must be another one than ours,
// otherwise our own requests would pass as the gateway's answers (payermax:
// section 4 rule 6).
func (cfg *Config) keys() (*rsa.PrivateKey, *rsa.PublicKey, error) {
	const hint = "store it again with `paydesk key set`"
	if cfg.MerchantKey.Empty() {
		return nil, nil, keyError("merchant-key", "there is no merchant private key", hint, nil)
	}
	merchant, err := sign.ParsePrivate(cfg.MerchantKey.Reveal())
	if err != nil {
		return nil, nil, keyError("merchant-key", "the merchant private key cannot be used", hint, err)
	}
	if len(cfg.PlatformKey) == 0 {
		return nil, nil, keyError("platform-key", "there is no platform public key", hint, nil)
	}
	platform, err := sign.ParsePublic(cfg.PlatformKey)
	if err != nil {
		return nil, nil, keyError("platform-key", "the platform public key cannot be used", hint, err)
	}
	if platform.Equal(&merchant.PublicKey) {
		return nil, nil, keyError("same-key", "the platform public key is the merchant's own public key",
			"store the gateway's public key, from its portal, as the platform key", nil)
	}
	if len(cfg.MerchantPublicKey) > 0 {
		public, err := sign.ParsePublic(cfg.MerchantPublicKey)
		if err != nil {
			return nil, nil, keyError("merchant-public-key", "the merchant public key cannot be used", hint, err)
		}
		if !public.Equal(&merchant.PublicKey) {
			return nil, nil, keyError("merchant-public-key", "the merchant private and public keys are no pair",
				"store both halves of one pair, the one whose public half was uploaded to the gateway", nil)
		}
	}
	return merchant, platform, nil
}
