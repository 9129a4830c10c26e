package paycools

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/mail"
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

// Digests of the request signature in PH (paycools: section 12 no. 12).
const (
	SHA256 = "sha256"
	SHA1   = "sha1" // old documents only
)

// Which of its dates a payment is listed under in the statement (paycools:
// section 8).
const (
	ByCreation   = "createDate"
	ByCompletion = "completeDate"
)

// Config is one application of one merchant. Environment, AppID, MerchantKey and
// Clock are required; BaseURL too where no host is documented.
type Config struct {
	Dialect     string // PH, PH2 or GROUP, in any case; empty: PH
	Environment string // Production, Test or Sandbox
	BaseURL     string // empty: DefaultBaseURL
	ExtraHosts  []string
	AppID       string

	MerchantKey       secret.Secret // private key, raw DER or any accepted text; signs requests
	MerchantPublicKey []byte        // optional: must belong to MerchantKey
	CallbackSecret    secret.Secret // the merchant key of the portal, for PH callbacks; optional
	PlatformKey       []byte        // the gateway's public key, for GROUP callbacks; optional

	Currency string           // empty: PHP
	Decimals map[string]uint8 // overrides, at most client.MaxExp
	Zone     *time.Location   // of times without zone and of statement days; nil: Manila

	Defaults
	Doubts

	// NotifyURL serves where RefundNotifyURL or OrderNotifyURL is empty. Its path is
	// a secret.
	NotifyURL secret.Secret

	Channels        map[string]Channel // by channel code
	RefundWindow    time.Duration      // warn beyond it; 0: 60 days
	RefundHardLimit time.Duration      // refuse beyond it; 0: 61 days, because from which moment they count is not documented
	Speed           int                // of a sandbox that runs faster than life; 0: 1

	Clock          func() time.Time
	Random         func() uint64 // jitter of repeated reads; nil: none
	Logger         *slog.Logger  // nil: no log
	ConnectTimeout time.Duration // 0: 5 s
	CallTimeout    time.Duration // 0: 15 s

	Transport http.RoundTripper // tests only; nil: the real network
}

// Defaults is what calls send that do not say otherwise.
type Defaults struct {
	RefundNotifyURL string // needed by every refund that names no address of its own
	OrderNotifyURL  string // likewise by every new order
	AppName         string // of web payments and charges: 1 to 100 letters and blanks
	Channel         string // channel code of web payments that name no method
	PayerEmail      string // sent with web payments whose payer's is not known
	PayerMobile     string // likewise; 11 digits beginning 09
}

// Doubts are the points that the gateway's documents leave open. The zero value
// is the advised behaviour.
type Doubts struct {
	Paths           map[string]string // by operation, such as refundQuery; "" takes an operation away
	SuccessCodes    []string          // empty: 1000 in PH, 1 and 1000 for the checkout of PH2, 10000 in GROUP
	NotFoundCodes   []string          // of queries; empty: 1008 and 1501 in PH, 21006 and 1501 in GROUP
	CancelWords     []string          // further refundStatus words of a cancelled refund
	Digest          string            // SHA256 or SHA1; empty: SHA256
	SignParamOnly   bool              // PH2: sign the text of param alone
	OmitPathParams  bool              // PH: neither sign nor send in the query what is part of the path
	StatementDate   string            // ByCreation or ByCompletion; empty: ByCreation
	StatementFirst  *int              // number of a statement's first page, 0 or 1; nil: found out
	LookBack        int               // days of the statement that are searched for an order; 0: 3, negative: none
	NoDirectDebit   bool              // the account has no direct debit
	Acknowledgement string            // JSON that answers a callback; empty: DefaultAcknowledgement
}

// Channel is what one channel code lets a merchant refund. The gateway's own
// list could not be had (paycools: section 5).
type Channel struct{ Refund, Partial, Multiple bool }

// MaxNotifyURL is how many characters a callback address may have (paycools:
// section 10.1).
const MaxNotifyURL = maxURL

// Refund limits (paycools: section 4.2, code 1509).
const (
	day              = 24 * time.Hour
	defaultWindow    = 60 * day
	defaultHardLimit = 61 * day
)

// defaultLookBack is how many days of the statement are searched for an order
// that the gateway cannot look up.
const defaultLookBack = 3

// Manila is the default zone (paycools: section 2). The Philippines keep no
// summer time, so no zone database is needed.
func Manila() *time.Location { return time.FixedZone("PHT", 8*60*60) }

// host is one known host (paycools: section 2). offered tells the documented ones
// from the one that is only seen in other people's code: each merchant is given
// its production host, and guessing it is not ours.
type host struct {
	group       bool
	environment string
	name        string
	offered     bool
}

func knownHosts() []host {
	return []host{
		{false, Test, "api-uat.paycools.com", true},
		{false, Production, "api.paycools.com.ph", false},
		{true, Test, "globalapi-dev.paycools.com:8902", true},
		{true, Production, "openapi.paycools.com", true},
	}
}

// BaseURLs lists the known base URLs of a dialect and environment.
func BaseURLs(dialect, environment string) []string {
	var urls []string
	for _, h := range knownHosts() {
		if h.group == (foldDialect(dialect) == GROUP) && h.environment == environment {
			urls = append(urls, "https://"+h.name)
		}
	}
	return urls
}

// DefaultBaseURL is the one documented base URL of a dialect and environment; ok
// is false where there is none.
func DefaultBaseURL(dialect, environment string) (base string, ok bool) {
	for _, h := range knownHosts() {
		if h.offered && h.group == (foldDialect(dialect) == GROUP) && h.environment == environment {
			return "https://" + h.name, true
		}
	}
	return "", false
}

// configError names a field, what is wrong with it and what would be right.
func configError(name, wrong, right string) error {
	return &client.Error{
		Class: client.ClassConfig, Code: name, Message: name + " " + wrong + "; right is " + right,
		Hint: "correct the profile",
	}
}

var (
	// identifier is what an application's id looks like.
	identifier = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	// appName is what a web payment's appName may hold (paycools: section 10.1).
	appName = regexp.MustCompile(`^[A-Za-z ]{1,100}$`)
	// channelCode is what a channel code looks like.
	channelCode = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)
	// mobileNumber is what a payer's mobile number looks like (paycools: section 10.1).
	mobileNumber = regexp.MustCompile(`^09[0-9]{9}$`)
	// pathText is a path below the base URL.
	pathText = regexp.MustCompile(`^/?[A-Za-z0-9_-]+(/[A-Za-z0-9_{}-]+)*$`)
	// codeText is a code of the gateway.
	codeText = regexp.MustCompile(`^-?[0-9]{1,9}$`)
	// cancelWord is a status word.
	cancelWord = regexp.MustCompile(`^[A-Za-z_]{1,32}$`)
)

// dialect is the dialect as it is written here.
func (cfg *Config) dialect() string { return cmp.Or(foldDialect(cfg.Dialect), PH) }

// check looks at all settings but the base URL and the keys.
func (cfg *Config) check() error {
	if cfg.Clock == nil {
		return &client.Error{Class: client.ClassBug, Code: "clock", Message: "no clock was given"}
	}
	switch foldDialect(cfg.Dialect) {
	case "", PH, PH2, GROUP:
	default:
		return configError("dialect", fmt.Sprintf("is %.40q", cfg.Dialect), `"PH", "PH2" or "GROUP"`)
	}
	if cfg.Environment != Production && cfg.Environment != Test && cfg.Environment != Sandbox {
		return configError("environment", fmt.Sprintf("is %.40q", cfg.Environment), `"production", "test" or "sandbox"`)
	}
	if cfg.AppID == "" {
		return configError("app_id", "is missing", "what the gateway's portal shows")
	}
	if !identifier.MatchString(cfg.AppID) {
		return configError("app_id", fmt.Sprintf("is %.80q", cfg.AppID), "at most 64 letters, digits, - and _")
	}
	return firstError(cfg.checkOrders(), cfg.checkDoubtful(), cfg.checkTables(), cfg.checkAcknowledgement())
}

// checkOrders looks at what refunds and new orders take from the settings.
func (cfg *Config) checkOrders() error {
	for _, address := range []struct{ name, value string }{
		{"refund_notify_url", cfg.RefundNotifyURL}, {"order_notify_url", cfg.OrderNotifyURL},
	} {
		if checkURL(address.name, address.value) != nil {
			return configError(address.name, fmt.Sprintf("is %.150q", wire.HideAddress(address.value)), "https://host/path of at most 100 characters")
		}
	}
	if checkURL("notify_url", string(cfg.NotifyURL.Reveal())) != nil {
		return configError("callback address", "cannot be sent", "https://host/path of at most 100 characters")
	}
	if cfg.AppName != "" && (!appName.MatchString(cfg.AppName) || strings.TrimSpace(cfg.AppName) == "") {
		return configError("app_name", fmt.Sprintf("is %.120q", cfg.AppName), "1 to 100 letters and blanks")
	}
	if cfg.Channel != "" && !channelCode.MatchString(cfg.Channel) {
		return configError("channel", fmt.Sprintf("is %.80q", cfg.Channel), "a channel code such as GCASH_QR")
	}
	if cfg.PayerEmail != "" && !isEmail(cfg.PayerEmail) {
		return configError("payer_email", fmt.Sprintf("is %.80q", cfg.PayerEmail), "an e-mail address")
	}
	if cfg.PayerMobile != "" && !mobileNumber.MatchString(cfg.PayerMobile) {
		return configError("payer_mobile", fmt.Sprintf("is %.40q", cfg.PayerMobile), "11 digits beginning 09")
	}
	return nil
}

func isEmail(text string) bool {
	at, err := mail.ParseAddress(text)
	return err == nil && at.Address == text
}

// checkDoubtful looks at the settings for what the documents leave open.
func (cfg *Config) checkDoubtful() error {
	if cfg.Digest != "" && cfg.Digest != SHA256 && cfg.Digest != SHA1 {
		return configError("digest", fmt.Sprintf("is %.40q", cfg.Digest), `"sha256" or "sha1"`)
	}
	if cfg.StatementDate != "" && cfg.StatementDate != ByCreation && cfg.StatementDate != ByCompletion {
		return configError("statement_date", fmt.Sprintf("is %.40q", cfg.StatementDate), `"createDate" or "completeDate"`)
	}
	if n := cfg.StatementFirst; n != nil && *n != 0 && *n != 1 {
		return configError("statement_first", fmt.Sprintf("is %d", *n), "0 or 1, or to leave it out")
	}
	if cfg.LookBack > 31 {
		return configError("look_back", fmt.Sprintf("is %d", cfg.LookBack), "at most 31 days")
	}
	for _, code := range slices.Concat(cfg.SuccessCodes, cfg.NotFoundCodes) {
		if !codeText.MatchString(code) {
			return configError("codes", fmt.Sprintf("have %.40q", code), "whole numbers")
		}
	}
	for _, w := range cfg.CancelWords {
		if !cancelWord.MatchString(w) {
			return configError("cancel_words", fmt.Sprintf("have %.40q", w), "status words such as VOIDED")
		}
	}
	return nil
}

// checkTables looks at the settings by name.
func (cfg *Config) checkTables() error {
	if cfg.Currency != "" && !isCurrency(cfg.Currency) {
		return configError("currency", fmt.Sprintf("is %.10q", cfg.Currency), "an ISO 4217 code such as PHP")
	}
	for currency, exp := range cfg.Decimals {
		if !isCurrency(currency) || exp > client.MaxExp {
			return configError("decimals", fmt.Sprintf("has %.10q = %d", currency, exp), "a currency such as PHP and 0 to 4 decimals")
		}
	}
	if currency := cfg.Currency; currency != "" {
		_, own := cfg.Decimals[currency]
		if _, ok := Decimals(currency); !ok && !own {
			return configError("currency", "is "+currency+", whose decimals are not known", "to add it to the profile's decimals")
		}
	}
	for name, path := range cfg.Paths {
		if !slices.Contains(operationNames(), name) {
			return configError("paths", fmt.Sprintf("name operation %.40q", name), "one of "+strings.Join(operationNames(), ", "))
		}
		if path != "" && !pathText.MatchString(strings.ReplaceAll(path, pathID, "id")) {
			return configError("paths."+name, fmt.Sprintf("is %.80q", path), "a path such as api/refund/payments, or nothing")
		}
	}
	for code := range cfg.Channels {
		if !channelCode.MatchString(code) {
			return configError("channels", fmt.Sprintf("name channel %.80q", code), "a channel code such as GCASH_QR")
		}
	}
	return nil
}

// checkAcknowledgement makes sure that the answer to a callback is JSON.
func (cfg *Config) checkAcknowledgement() error {
	if cfg.Acknowledgement == "" {
		return nil
	}
	if _, err := strict.Parse([]byte(cfg.Acknowledgement)); err != nil || utf8.RuneCountInString(cfg.Acknowledgement) > 1024 {
		return configError("acknowledgement", "is no JSON object of at most 1024 characters", `a text such as {"code":1,"msg":"success"}`)
	}
	return nil
}

// base finds and checks the base URL.
func (cfg *Config) base() (*url.URL, error) {
	text := cfg.BaseURL
	if text == "" {
		var ok bool
		if text, ok = DefaultBaseURL(cfg.Dialect, cfg.Environment); !ok {
			right := "the address that the gateway gave on onboarding"
			if cfg.Environment == Sandbox {
				right = "what the sandbox printed at its start"
			}
			return nil, configError("base_url", "is missing", right)
		}
	}
	allowed := slices.Clone(cfg.ExtraHosts)
	group := foldDialect(cfg.Dialect) == GROUP
	for _, h := range knownHosts() {
		if h.group == group {
			allowed = append(allowed, h.hostname())
		}
	}
	u, err := wire.ParseBase(text, allowed)
	if err != nil {
		return nil, err
	}
	if cfg.Environment == Sandbox && !wire.IsLoopback(u.Hostname()) {
		return nil, configError("base_url", fmt.Sprintf("names host %.80q in environment sandbox", u.Hostname()), "a loopback address")
	}
	for _, h := range knownHosts() {
		// Real money behind the word "test", or the other way round, is the worst mix-up there is.
		if strings.EqualFold(h.hostname(), strings.TrimSuffix(u.Hostname(), ".")) && h.environment != cfg.Environment {
			return nil, configError("environment", fmt.Sprintf("is %q but base_url is the %s host", cfg.Environment, h.environment), h.environment)
		}
	}
	return u, nil
}

func (h host) hostname() string {
	name, _, _ := strings.Cut(h.name, ":")
	return name
}
