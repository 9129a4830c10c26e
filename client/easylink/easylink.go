// Package easylink speaks the protocol of EasyLink, the online gateway of gnete
// Hong Kong, which is a customised Jeepay: JSON over HTTPS, each body signed
// with a keyed MD5 over its sorted members. It owns the protocol's field names,
// codes and rules, and turns them into paydesk's vocabulary. It must never
// decide whether a refund may be made, never keep state about money, never take
// a refusal, which nothing signs, for the last word, and never let the secret or
// the text that ends with it out.
package easylink

import (
	"context"
	"maps"
	"slices"
	"time"

	"paydesk/client"
	"paydesk/client/internal/wire"
	"paydesk/client/secret"
)

// Gateway is one application of one merchant. It is safe for concurrent use.
type Gateway struct {
	wire *wire.Client
	// key is a pointer because fmt looks past the methods of what unexported
	// fields hold, but not past a pointer (S9).
	key *secret.Secret

	mchNo, appID   string
	version        string
	timeAsNumber   bool
	extName        string // "": the merchant's own text is never sent
	wayCode        string
	channelExtra   map[string]string
	expiry         time.Duration
	orderNotify    string
	refundNotify   string
	notify         *secret.Secret // where one of these is empty; a pointer like key
	sendPayOrderID bool
	absent         []string
	decimals       map[string]uint8
	speed          int
}

var _ client.Gateway = (*Gateway)(nil)

// New checks the configuration and the secret; it does no network work. Errors
// are ClassConfig for settings and ClassKeyring for the secret.
func New(cfg Config) (*Gateway, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	base, err := cfg.base()
	if err != nil {
		return nil, err
	}
	key, err := cfg.key()
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		key: &key, mchNo: cfg.MerchantNo, appID: cfg.AppID,
		version: cfg.Version, timeAsNumber: cfg.ReqTime == ReqTimeNumber, extName: cfg.ExtParam,
		wayCode: cfg.WayCode, channelExtra: map[string]string{"ALI_H5": `{"walletType":"HK"}`}, expiry: cfg.OrderExpiry,
		orderNotify: cfg.OrderNotifyURL, refundNotify: cfg.RefundNotifyURL, notify: &cfg.NotifyURL, sendPayOrderID: cfg.SendPayOrderID,
		absent: slices.Clone(cfg.NotFoundCodes), decimals: maps.Clone(cfg.Decimals), speed: cfg.Speed,
	}
	maps.Copy(g.channelExtra, cfg.ChannelExtra)
	g.setDefaults()
	g.wire = wire.New(wire.Config{
		Base: base, Transport: cfg.Transport, Logger: cfg.Logger, Clock: cfg.Clock, Random: cfg.Random,
		ConnectTimeout: cfg.ConnectTimeout, CallTimeout: cfg.CallTimeout,
	})
	return g, nil
}

func (g *Gateway) setDefaults() {
	if g.version == "" {
		g.version = "1.0"
	}
	switch g.extName {
	case "":
		g.extName = ExtParam
	case ExtNone:
		g.extName = ""
	}
	if g.wayCode == "" {
		g.wayCode = "ALI_H5" // the one documented way that needs nothing of the payer's or the merchant's
	}
	if len(g.absent) == 0 {
		g.absent = []string{codeBusiness, codeNoRecord}
	}
}

// Close drops idle connections. Calls under way are not disturbed.
func (g *Gateway) Close() error {
	g.wire.Close()
	return nil
}

// ClockOffset implements client.Gateway.
func (g *Gateway) ClockOffset() (offset time.Duration, ok bool) { return g.wire.Offset() }

// noCards is why nothing about saved cards works here (easylink: section 1).
const noCards = "EasyLink keeps no cards: it has no tokens or agreements"

// Capabilities implements client.Gateway (easylink: sections 1, 7 and 10).
func (g *Gateway) Capabilities() client.Capabilities {
	return client.Capabilities{
		QueryOrder:          client.Can(),
		QueryByGatewayNo:    client.Can(),
		ListOrders:          client.Cannot("EasyLink has no endpoint that lists orders or refunds; its portal exports them"),
		Statement:           client.Cannot("EasyLink hands out statements in its merchant portal only; import the export"),
		CreateOrder:         client.Can(),
		CloseOrder:          client.Cannot("EasyLink does not document how to close an order; an unpaid one closes by itself, after two hours unless it was made otherwise"),
		ChargeToken:         client.Cannot(noCards),
		Refund:              client.Can(),
		PartialRefund:       client.Can(),
		QueryRefund:         client.Can(),
		ListTokens:          client.Cannot(noCards),
		RemoveToken:         client.Cannot(noCards),
		Balance:             client.Cannot("EasyLink shows balances in its merchant portal only"),
		MaxReason:           maxReason,
		OneRefundAtATime:    true,
		UnsignedRefusals:    true,
		ClosedMayHaveMoved:  true,
		NotFoundMayBeEarly:  true,
		RequestsPerSecond:   5,
		Burst:               10,
		RefundNumberMaxSize: maxNumber,
		Pace:                pace(g.speed),
	}
}

// pace is the poll plan of section 7.3: after about 5 s, 30 s and 2 min, then
// every 5 min until the gateway's own limit of two hours is over, at which a
// refund that it never resolved turns to closed; after that as everywhere.
func pace(speed int) client.Pace {
	d := func(t time.Duration) time.Duration { return max(t/time.Duration(max(speed, 1)), 200*time.Millisecond) }
	p := client.DefaultPace(speed)
	p.Poll = []client.PollStep{
		{Until: d(4 * time.Second), Every: d(5 * time.Second)},
		{Until: d(25 * time.Second), Every: d(25 * time.Second)},
		{Until: d(110 * time.Second), Every: d(90 * time.Second)},
		{Until: d(2*time.Hour + 10*time.Minute), Every: d(5 * time.Minute)},
		{Until: d(24 * time.Hour), Every: d(15 * time.Minute)},
		{Until: d(7 * 24 * time.Hour), Every: d(2 * time.Hour)},
		{Every: d(12 * time.Hour)},
	}
	return p
}

// unsupported is what every call about saved cards answers.
func unsupported() error {
	return &client.Error{Class: client.ClassUnsupported, Code: "tokens", Message: noCards, Hint: "use another gateway's profile for saved cards"}
}

// Tokens implements client.Tokens: ClassUnsupported.
func (*Gateway) Tokens(context.Context, string) (client.TokensAnswer, error) {
	return client.TokensAnswer{}, unsupported()
}

// RemoveToken implements client.Tokens: ClassUnsupported.
func (*Gateway) RemoveToken(context.Context, client.RemoveToken) (client.TokenAnswer, error) {
	return client.TokenAnswer{}, unsupported()
}

// PreviewRemoveToken implements client.Tokens: ClassUnsupported.
func (*Gateway) PreviewRemoveToken(client.RemoveToken) (client.Preview, error) {
	return client.Preview{}, unsupported()
}
