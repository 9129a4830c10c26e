// Package payermax speaks the protocol of PayerMax and its white label Checus:
// JSON over HTTPS, each body signed with RSA over its exact bytes. It owns the
// protocol's field names, words and rules, and turns them into paydesk's
// vocabulary. It must never decide whether a refund may be made, never keep
// state about money, and never believe an answer whose signature it did not
// check over the bytes as they came.
package payermax

import (
	"crypto/rsa"
	"maps"
	"time"

	"paydesk/client"
	"paydesk/client/internal/wire"
	"paydesk/client/secret"
)

// Gateway is one merchant account. It is safe for concurrent use.
type Gateway struct {
	wire     *wire.Client
	merchant *rsa.PrivateKey
	platform *rsa.PublicKey

	brand          string
	merchantNo     string
	appID          string
	spMerchantNo   string
	authToken      secret.Secret
	notify         *secret.Secret // a pointer, because fmt looks past the methods of what unexported fields hold (S9)
	authHeader     string
	versions       map[string]string
	tokenScope     string
	tokenIntegrate string
	sendTradeToken bool
	decimals       map[string]uint8
	window, limit  time.Duration
	speed          int
}

var _ client.Gateway = (*Gateway)(nil)

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
	merchant, platform, err := cfg.keys()
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		merchant: merchant, platform: platform,
		brand: cfg.Brand, merchantNo: cfg.MerchantNo, appID: cfg.AppID, spMerchantNo: cfg.SPMerchantNo,
		authToken: cfg.AuthToken, authHeader: cfg.AuthTokenHeader, notify: &cfg.NotifyURL,
		versions: map[string]string{}, tokenScope: cfg.TokenScope, tokenIntegrate: cfg.TokenIntegrate,
		sendTradeToken: cfg.SendTradeToken, decimals: maps.Clone(cfg.Decimals),
		window: cfg.RefundWindow, limit: cfg.RefundHardLimit, speed: cfg.Speed,
	}
	g.setDefaults(cfg.Versions)
	g.wire = wire.New(wire.Config{
		Base: base, Transport: cfg.Transport, Logger: cfg.Logger, Clock: cfg.Clock, Random: cfg.Random,
		ConnectTimeout: cfg.ConnectTimeout, CallTimeout: cfg.CallTimeout,
	})
	return g, nil
}

func (g *Gateway) setDefaults(versions map[string]string) {
	for _, ep := range endpoints() {
		g.versions[ep.path] = ep.version
	}
	maps.Copy(g.versions, versions)
	if g.authHeader == "" {
		g.authHeader = defaultAuthHeader
	}
	if g.tokenScope == "" {
		g.tokenScope = "tokenAcq"
	}
	if g.tokenIntegrate == "" {
		g.tokenIntegrate = DirectPayment
		if g.brand == Checus {
			g.tokenIntegrate = HostedCheckout
		}
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

// brandName is the brand as people write it.
func (g *Gateway) brandName() string {
	if g.brand == Checus {
		return "Checus"
	}
	return "PayerMax"
}

// Capabilities implements client.Gateway (payermax: sections 1.1, 10, 13).
func (g *Gateway) Capabilities() client.Capabilities {
	name := g.brandName()
	return client.Capabilities{
		QueryOrder:          client.Can(),
		QueryByGatewayNo:    client.Cannot(name + " looks up orders by the merchant's number only"),
		ListOrders:          client.Cannot(name + " has no endpoint that lists orders"),
		Statement:           client.Cannot(name + " hands out statement files by portal, e-mail or SFTP only; import the file"),
		CreateOrder:         client.Can(),
		CloseOrder:          client.Cannot(name + " documents no way to close an order; an unpaid one closes by itself when its time is over"),
		ChargeToken:         client.Can(),
		Refund:              client.Can(),
		PartialRefund:       client.Can(),
		QueryRefund:         client.Can(),
		ListTokens:          client.Can(),
		RemoveToken:         client.Can(),
		Balance:             client.Cannot(name + " keeps several balances of an account; its portal shows them"),
		RefundWindow:        g.window,
		RefundHardLimit:     g.limit,
		MaxReason:           maxComments,
		OneRefundAtATime:    true,
		UnsignedRefusals:    true,
		NotFoundMayBeEarly:  true,
		RequestsPerSecond:   5,
		Burst:               10,
		RefundNumberMaxSize: maxNumber,
		Pace:                client.DefaultPace(g.speed),
	}
}
