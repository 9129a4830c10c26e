package easylink

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wire"
	"paydesk/client/secret"
)

// Environments of a merchant account.
const (
	Production = "production"
	Test       = "test"
	Sandbox    = "sandbox" // loopback only
)

// Names of the member that carries the merchant's own text (easylink: section
// 11.1). The gateway's tables and its examples disagree.
const (
	ExtParam   = "extParam"
	ExtraParam = "extraParam"
	ExtNone    = "none" // never send it
)

// Forms of reqTime (easylink: section 11.2). Both have the same signature.
const (
	ReqTimeText   = "text"
	ReqTimeNumber = "number"
)

// Config is one application of one merchant. Environment, MerchantNo, AppID, Secret
// and Clock are required; BaseURL too in a sandbox. The settings from Version on
// are the points that the gateway's documents leave open, with the advised
// defaults.
type Config struct {
	Environment string // Production, Test or Sandbox
	BaseURL     string // empty: the documented host
	ExtraHosts  []string

	MerchantNo string
	AppID      string
	Secret     secret.Secret // the application's MD5 key

	// OrderNotifyURL and RefundNotifyURL are sent where a call names no address
	// of its own: without one the gateway notifies nobody (easylink: section 8).
	OrderNotifyURL  string
	RefundNotifyURL string
	// NotifyURL serves where one of these is empty. Its path is a secret.
	NotifyURL secret.Secret

	WayCode      string            // of new orders that name no method; empty: ALI_H5
	ChannelExtra map[string]string // JSON text by way code; empty: {"walletType":"HK"} for ALI_H5
	OrderExpiry  time.Duration     // whole seconds until an unpaid order closes; 0: the gateway's two hours

	Version        string           // empty: 1.0
	ReqTime        string           // ReqTimeText or ReqTimeNumber; empty: text
	ExtParam       string           // ExtParam, ExtraParam or ExtNone; empty: ExtParam
	SendPayOrderID bool             // name an order in refunds by the gateway's number where it is known
	NotFoundCodes  []string         // codes by which a query says "not known"; empty: 9999 and 5003
	Decimals       map[string]uint8 // further currencies, and overrides; at most client.MaxExp
	Speed          int              // of a sandbox that runs faster than life; 0: 1

	Clock          func() time.Time
	Random         func() uint64 // jitter of repeated reads; nil: none
	Logger         *slog.Logger  // nil: no log
	ConnectTimeout time.Duration // 0: 5 s
	CallTimeout    time.Duration // 0: 15 s

	Transport http.RoundTripper // tests only; nil: the real network
}

// MaxNotifyURL is how many characters a callback address may have (easylink:
// section 10: the least of what is said of it).
const MaxNotifyURL = maxURL

// documentedHosts maps the documented hosts to their environment (easylink:
// section 2).
func documentedHosts() map[string]string {
	return map[string]string{"api-pay.gnete.com.hk": Production, "ts-api-pay.gnete.com.hk": Test}
}

// DefaultBaseURL is the documented base URL of an environment; ok is false where
// there is none.
func DefaultBaseURL(environment string) (base string, ok bool) {
	for name, of := range documentedHosts() {
		if of == environment {
			return "https://" + name, true
		}
	}
	return "", false
}

// configError names a field, what is wrong with it and what would be right.
func configError(field, wrong, right string) error {
	return &client.Error{
		Class: client.ClassConfig, Code: field, Message: field + " " + wrong + "; right is " + right,
		Hint: "correct the profile",
	}
}

// identifier is what identifiers of an account look like.
var identifier = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// wayName is what a way code looks like.
var wayName = regexp.MustCompile(`^[A-Z0-9_]{1,30}$`)

// versionText is an interface version.
var versionText = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,3}$`)

// codeText is a code of the gateway other than 0.
var codeText = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)

// check looks at all settings but the base URL and the secret.
func (cfg *Config) check() error {
	if cfg.Clock == nil {
		return &client.Error{Class: client.ClassBug, Code: "clock", Message: "no clock was given"}
	}
	if cfg.Environment != Production && cfg.Environment != Test && cfg.Environment != Sandbox {
		return configError("environment", fmt.Sprintf("is %.40q", cfg.Environment), `"production", "test" or "sandbox"`)
	}
	for _, id := range []struct{ field, value string }{{"merchant_no", cfg.MerchantNo}, {"app_id", cfg.AppID}} {
		if id.value == "" {
			return configError(id.field, "is missing", "what the gateway's portal shows")
		}
		if !identifier.MatchString(id.value) {
			return configError(id.field, fmt.Sprintf("is %.80q", id.value), "at most 64 letters, digits, - and _")
		}
	}
	for _, address := range []struct{ field, value string }{
		{"order_notify_url", cfg.OrderNotifyURL}, {"refund_notify_url", cfg.RefundNotifyURL},
	} {
		if err := checkNotifyURL(address.field, address.value); err != nil {
			return configError(address.field, fmt.Sprintf("is %.150q", wire.HideAddress(address.value)), "https://host/path of at most 128 characters, without query and fragment")
		}
	}
	if err := checkNotifyURL("notify_url", string(cfg.NotifyURL.Reveal())); err != nil {
		return configError("callback address", "cannot be sent", "https://host/path of at most 128 characters, without query and fragment")
	}
	return firstError(cfg.checkWays(), cfg.checkDoubtful())
}

// checkWays looks at how new orders are paid.
func (cfg *Config) checkWays() error {
	if cfg.WayCode != "" && !wayName.MatchString(cfg.WayCode) {
		return configError("way_code", fmt.Sprintf("is %.40q", cfg.WayCode), "a code such as ALI_H5, WX_H5 or UP_OP")
	}
	for way, extra := range cfg.ChannelExtra {
		if !wayName.MatchString(way) {
			return configError("channel_extra", fmt.Sprintf("names way %.40q", way), "a code such as ALI_H5, WX_H5 or UP_OP")
		}
		field := "channel_extra." + way
		o, err := strict.Parse([]byte(extra))
		if err != nil || utf8.RuneCountInString(extra) > maxExtra {
			return configError(field, "is no JSON object of at most 256 characters", `a text such as {"appid":"wx…"}`)
		}
		if o.Get("accNo") != nil {
			return configError(field, "holds accNo, a card number", "to leave it out: card numbers are never stored (S17)")
		}
	}
	if cfg.OrderExpiry < 0 || cfg.OrderExpiry > 30*24*time.Hour || cfg.OrderExpiry%time.Second != 0 {
		return configError("order_expiry", "is "+cfg.OrderExpiry.String(), "whole seconds, at most 30 days, or 0")
	}
	return nil
}

// checkDoubtful looks at the settings for what the documents leave open.
func (cfg *Config) checkDoubtful() error {
	if cfg.Version != "" && !versionText.MatchString(cfg.Version) {
		return configError("version", fmt.Sprintf("is %.40q", cfg.Version), `a text such as "1.0"`)
	}
	switch cfg.ReqTime {
	case "", ReqTimeText, ReqTimeNumber:
	default:
		return configError("req_time", fmt.Sprintf("is %.40q", cfg.ReqTime), `"text" or "number"`)
	}
	switch cfg.ExtParam {
	case "", ExtParam, ExtraParam, ExtNone:
	default:
		return configError("ext_param", fmt.Sprintf("is %.40q", cfg.ExtParam), `"extParam", "extraParam" or "none"`)
	}
	for _, code := range cfg.NotFoundCodes {
		if !codeText.MatchString(code) {
			return configError("not_found_codes", fmt.Sprintf("has %.40q", code), "whole numbers other than 0")
		}
	}
	for currency, exp := range cfg.Decimals {
		if !isCurrency(currency) || exp > client.MaxExp {
			return configError("decimals", fmt.Sprintf("has %.10q = %d", currency, exp), "a currency such as HKD and 0 to 4 decimals")
		}
	}
	return nil
}

// base finds and checks the base URL.
func (cfg *Config) base() (*url.URL, error) {
	text := cfg.BaseURL
	if text == "" {
		var ok bool
		if text, ok = DefaultBaseURL(cfg.Environment); !ok {
			return nil, configError("base_url", "is missing", "what the sandbox printed at its start")
		}
	}
	u, err := wire.ParseBase(text, append(slices.Sorted(maps.Keys(documentedHosts())), cfg.ExtraHosts...))
	if err != nil {
		return nil, err
	}
	if cfg.Environment == Sandbox && !wire.IsLoopback(u.Hostname()) {
		return nil, configError("base_url", fmt.Sprintf("names host %.80q in environment sandbox", u.Hostname()), "a loopback address")
	}
	// Real money behind the word "test", or the other way round, is the worst mix-up there is.
	of := documentedHosts()[strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))]
	if of != "" && of != cfg.Environment {
		return nil, configError("environment", fmt.Sprintf("is %q but base_url is the %s host", cfg.Environment, of), of)
	}
	return u, nil
}

// key checks the secret.
func (cfg *Config) key() (secret.Secret, error) {
	fault := &client.Error{
		Class: client.ClassKeyring, Code: "app-secret", Message: "there is no application secret",
		Hint: "store it again with `paydesk key set`",
	}
	if cfg.Secret.Empty() {
		return secret.Secret{}, fault
	}
	text, _, err := NormaliseKey(cfg.Secret.Reveal())
	if err != nil {
		fault.Message, fault.Err = "the application secret cannot be used", err
		return secret.Secret{}, fault
	}
	return secret.New(text), nil
}

// maxKey is the longest secret in bytes; the keyring of one platform holds
// little more (reliability: section 9).
const maxKey = 2048

// NormaliseKey turns the secret as it was handed over into the form in which it
// is stored: its own text without the line end that editors and pipes leave
// behind. Blanks inside and around count, because the gateway appends the secret
// as it is. private is always true. ClassInput when it is no secret of 1 to 2048
// bytes.
func NormaliseKey(text []byte) (stored []byte, private bool, err error) {
	wrong := ""
	stored = bytes.TrimRight(bytes.TrimPrefix(text, []byte("\ufeff")), "\r\n")
	switch {
	case len(bytes.TrimSpace(stored)) == 0:
		wrong = "it is empty"
	case len(stored) > maxKey:
		wrong = fmt.Sprintf("it has %d bytes, at most %d are taken", len(stored), maxKey)
	case !utf8.Valid(stored):
		wrong = "it is not valid UTF-8"
	case bytes.ContainsAny(stored, "\r\n"):
		wrong = "it has several lines"
	}
	if wrong != "" {
		return nil, false, &client.Error{
			Class: client.ClassInput, Code: "key", Message: "the secret cannot be used: " + wrong,
			Hint: "give the application's secret from the gateway's portal, in one line",
		}
	}
	return bytes.Clone(stored), true, nil
}
