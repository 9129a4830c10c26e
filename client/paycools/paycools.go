// Package paycools speaks the protocol of PayCools: JSON over HTTPS, requests
// signed with RSA over their sorted members, callbacks with a keyed SHA-1. It
// owns the field names, words and rules of the gateway's dialects, and turns them
// into paydesk's vocabulary. It must never decide whether a refund may be made,
// never keep state about money, never take an unknown word or code for the last
// word, and never let the callback secret or the text that ends with it out. The
// gateway signs no answers; what it says is believed only as far as TLS vouches
// for it, and is never called verified.
package paycools

import (
	"crypto/rsa"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/wire"
	"paydesk/client/secret"
)

// Gateway is one application of one merchant. It is safe for concurrent use.
type Gateway struct {
	wire     *wire.Client
	merchant *rsa.PrivateKey
	values

	dialect string
	appID   string

	defaults     Defaults
	notify       *secret.Secret // a pointer, because fmt looks past the methods of what unexported fields hold (S9)
	doubts       Doubts
	paths        map[string]string
	successCodes []string
	notFound     []string
	channels     map[string]Channel

	window, limit time.Duration
	speed         int
	firstPage     atomic.Int32 // of a statement: unknownPage until it is known
}

var (
	_ client.Gateway      = (*Gateway)(nil)
	_ client.Finder       = (*Gateway)(nil)
	_ client.RefundLister = (*Gateway)(nil)
	_ client.RefundRules  = (*Gateway)(nil)
	_ client.OrderCloser  = (*Gateway)(nil)
	_ client.Statements   = (*Gateway)(nil)
	_ client.Balances     = (*Gateway)(nil)
)

// New checks the configuration and the keys; it does no network work. Errors
// are ClassConfig for settings and ClassKeyring for keys.
func New(cfg Config) (*Gateway, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	base, err := cfg.base()
	if err != nil {
		return nil, err
	}
	merchant, err := cfg.merchantKey()
	if err != nil {
		return nil, err
	}
	if _, _, err := cfg.callbackKeys(merchant); err != nil {
		return nil, err
	}
	g := &Gateway{
		merchant: merchant, values: newValues(cfg), dialect: cfg.dialect(), appID: cfg.AppID,
		defaults: cfg.Defaults, notify: &cfg.NotifyURL, doubts: cfg.Doubts, channels: maps.Clone(cfg.Channels),
		successCodes: slices.Clone(cfg.SuccessCodes), notFound: slices.Clone(cfg.NotFoundCodes),
		window: cfg.RefundWindow, limit: cfg.RefundHardLimit, speed: cfg.Speed,
	}
	g.setDefaults(cfg.Paths)
	g.wire = wire.New(wire.Config{
		Base: base, Transport: cfg.Transport, Logger: cfg.Logger, Clock: cfg.Clock, Random: cfg.Random,
		ConnectTimeout: cfg.ConnectTimeout, CallTimeout: cfg.CallTimeout,
	})
	return g, nil
}

func (g *Gateway) setDefaults(paths map[string]string) {
	g.paths = defaultPaths(g.dialect)
	maps.Copy(g.paths, paths)
	for name, path := range g.paths {
		g.paths[name] = strings.TrimLeft(path, "/")
	}
	if g.doubts.NoDirectDebit {
		for _, op := range []operation{opTokenQuery, opTokenCancel, opTokenPay, opTokenPayQuery} {
			delete(g.paths, op.name)
		}
	}
	if len(g.notFound) == 0 {
		g.notFound = defaultNotFound(g.dialect)
	}
	if g.doubts.StatementDate == "" {
		g.doubts.StatementDate = ByCreation
	}
	if g.doubts.LookBack == 0 {
		g.doubts.LookBack = defaultLookBack
	}
	g.firstPage.Store(unknownPage)
	if n := g.doubts.StatementFirst; n != nil {
		g.firstPage.Store(int32(*n))
	}
	if g.window == 0 {
		g.window = defaultWindow
	}
	if g.limit == 0 {
		g.limit = defaultHardLimit
	}
}

// Close drops idle connections. Calls under way are not disturbed.
func (g *Gateway) Close() error {
	g.wire.Close()
	return nil
}

// ClockOffset implements client.Gateway.
func (g *Gateway) ClockOffset() (offset time.Duration, ok bool) { return g.wire.Offset() }

// Why something does not work, fit for the screen.
const (
	noStatement   = "this dialect of PayCools has no statement; export the payments from its portal and import them"
	noBalance     = "this dialect of PayCools does not tell the balance; its portal does"
	noClose       = "PayCools cannot close a web payment; its link lives one hour"
	noCloseGroup  = "PayCools' group interface has no documented way to close a checkout"
	noDirectDebit = "this account has no direct debit, and PayCools keeps no cards"
	noRefundURL   = "PayCools wants a callback address with every refund: set callback.public_url, or refund_notify_url in the profile"
	noOrderURL    = "PayCools wants a callback address with every order: set callback.public_url, or order_notify_url in the profile"
)

// Capabilities implements client.Gateway (paycools: sections 1, 5, 6 and 8). The
// merchant's own refund number cannot be looked up, therefore refunds are found
// by their payment (client.Finder).
func (g *Gateway) Capabilities() client.Capabilities {
	c := client.Capabilities{
		QueryOrder:          client.Can(),
		QueryByGatewayNo:    client.Can(),
		ListOrders:          client.Cannot("PayCools lists payments by day only: read its statement"),
		Statement:           g.can(opStatement, noStatement),
		CreateOrder:         client.Can(),
		CloseOrder:          g.can(opCheckoutClose, noClose),
		ChargeToken:         g.can(opTokenPay, noDirectDebit),
		Refund:              client.Can(),
		PartialRefund:       client.Can(),
		QueryRefund:         client.Can(),
		ListTokens:          g.can(opTokenQuery, noDirectDebit),
		RemoveToken:         g.can(opTokenCancel, noDirectDebit),
		Balance:             g.can(opBalance, noBalance),
		RefundWindow:        g.window,
		RefundHardLimit:     g.limit,
		MaxReason:           maxReason,
		OneRefundAtATime:    true,
		UnsignedRefusals:    true,
		UnsignedAnswers:     true,
		OrderNosRepeat:      true,
		NotFoundMayBeEarly:  true,
		RequestsPerSecond:   5,
		Burst:               10,
		RefundNumberMaxSize: maxNumber,
		Pace:                pace(g.speed),
	}
	if g.dialect == GROUP && !c.CloseOrder.OK {
		c.CloseOrder = client.Cannot(noCloseGroup)
	}
	if g.defaults.RefundNotifyURL == "" && g.notify.Empty() {
		c.Refund = client.Cannot(noRefundURL)
	}
	if g.defaults.OrderNotifyURL == "" && g.notify.Empty() {
		c.CreateOrder = client.Cannot(noOrderURL)
		if c.ChargeToken.OK {
			c.ChargeToken = c.CreateOrder
		}
	}
	return c
}

// RefundRule implements client.RefundRules from the account's settings: the
// gateway's own list of channels could not be had (paycools: section 5).
func (g *Gateway) RefundRule(method string) (rule client.RefundRule, ok bool) {
	channel, ok := g.channels[method]
	if !ok {
		return client.RefundRule{}, false
	}
	can := func(yes bool, missing string) client.Capability {
		if yes {
			return client.Can()
		}
		return client.Cannot("channel " + method + " " + missing)
	}
	return client.RefundRule{
		Refund:   can(channel.Refund, "has no refunds"),
		Partial:  can(channel.Partial, "refunds the full amount only"),
		Multiple: can(channel.Multiple, "allows one refund of a payment only"),
	}, true
}

// pace is the poll plan of section 6.2: at about 10 s, 1 min and 5 min, then
// every 15 min for a day, then hourly.
func pace(speed int) client.Pace {
	d := func(t time.Duration) time.Duration { return max(t/time.Duration(max(speed, 1)), 200*time.Millisecond) }
	p := client.DefaultPace(speed)
	p.Poll = []client.PollStep{
		{Until: d(8 * time.Second), Every: d(10 * time.Second)},
		{Until: d(50 * time.Second), Every: d(50 * time.Second)},
		{Until: d(4 * time.Minute), Every: d(4 * time.Minute)},
		{Until: d(24 * time.Hour), Every: d(15 * time.Minute)},
		{Every: d(time.Hour)},
	}
	return p
}

// unsupported is a call that this account does not have.
func unsupported(code, why string) error {
	return &client.Error{Class: client.ClassUnsupported, Code: code, Message: why}
}

// keyError is a key that cannot serve.
func keyError(code, message, hint string, cause error) error {
	return &client.Error{Class: client.ClassKeyring, Code: code, Message: message, Hint: hint, Err: cause}
}

// merchantKey reads the key that signs requests.
func (cfg *Config) merchantKey() (*rsa.PrivateKey, error) {
	const hint = "store it again with `paydesk key set`"
	if cfg.MerchantKey.Empty() {
		return nil, keyError("merchant-key", "there is no merchant private key", hint, nil)
	}
	merchant, err := sign.ParsePrivate(cfg.MerchantKey.Reveal())
	if err != nil {
		return nil, keyError("merchant-key", "the merchant private key cannot be used", hint, err)
	}
	if len(cfg.MerchantPublicKey) > 0 {
		public, err := sign.ParsePublic(cfg.MerchantPublicKey)
		if err != nil {
			return nil, keyError("merchant-public-key", "the merchant public key cannot be used", hint, err)
		}
		if !public.Equal(&merchant.PublicKey) {
			return nil, keyError("merchant-public-key", "the merchant private and public keys are no pair",
				"store both halves of one pair, the one whose public half was uploaded to the gateway", nil)
		}
	}
	return merchant, nil
}
