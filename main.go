// Paydesk is the merchant's desk for payments, refunds and saved cards. This
// file picks the gateways and the store and puts all parts together; it is the
// only one that knows every package.
package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"paydesk/client"
	"paydesk/client/payermax"
	"paydesk/client/sandbox"
	"paydesk/state/config"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
	"paydesk/state/vault"
	"paydesk/ui/app"
	"paydesk/ui/cli"
	"paydesk/ui/cli/ask"
	"paydesk/ui/cli/demo"
	"paydesk/ui/cli/gate"
)

func main() { os.Exit(run()) }

func run() int {
	_ = os.Unsetenv("TEA_TRACE") // these two write to disk what is typed
	_ = os.Unsetenv("TEA_DEBUG")
	_ = vault.Harden() // it works as well, only less guarded
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	return cli.Program{
		Gateways: []gate.Gateway{payerMax()}, Sandbox: startSandbox, Console: console,
		OpenLedger: func(ctx context.Context, path string) (ledger.Store, error) {
			return sqlite.Open(ctx, path, sqlite.Options{Clock: time.Now})
		},
		Keyring: func(o vault.Options) cli.Keys { return vault.Keyring(o) },
		Clock:   time.Now, Random: rand.Uint64, Env: config.OSEnv(), Zone: time.Local,
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: ask.Terminal{In: os.Stdin, Out: os.Stderr, Data: os.Stdout},
	}.Run(ctx, os.Args[1:])
}

func console(ctx context.Context, s cli.Services) error {
	return app.Run(ctx, app.Services{
		Desk: s.Desk, Ledger: s.Store, Health: s.Store.Health, Feed: s.Feed, Look: s.Poller.Look, Profile: s.Profile, Version: s.Version,
		Theme: s.Config.Theme, ThemesDir: s.Config.Paths.Themes, Keys: s.Config.Keys, NoColor: s.Config.NoColor, Linear: s.Linear,
		Clock: s.Clock, Loc: s.Zone, Log: s.Log,
	})
}

func startSandbox(ctx context.Context, o cli.SandboxOptions) (cli.Sandbox, error) {
	box, err := sandbox.Start(ctx, sandbox.Options{
		Dir: o.Dir, Listen: o.Listen, Notify: o.Notify, Seed: o.Seed, Orders: o.Orders, Speed: o.Speed, Faults: o.Faults, Logger: o.Log,
	})
	if err != nil {
		return cli.Sandbox{}, err
	}
	out := cli.Sandbox{Ready: box.Ready().String(), Wait: box.Wait, Close: box.Close, Past: func() demo.Past { return past(box.Truth()) }}
	for _, p := range box.Profiles() {
		out.Accounts = append(out.Accounts, demo.Account(p))
	}
	return out, nil
}

func past(t sandbox.Truth) demo.Past {
	return demo.Past{
		Orders:  demo.Each(t.Orders, func(o sandbox.Order) demo.Order { return demo.Order(o) }),
		Refunds: demo.Each(t.Refunds, func(r sandbox.Refund) demo.Refund { return demo.Refund(r) }),
		Tokens:  demo.Each(t.Tokens, func(k sandbox.Token) demo.Token { return demo.Token(k) }),
	}
}

func payerMax() gate.Gateway {
	const merchant, platform, token = "merchant_private_key", "platform_public_key", "auth_token"
	return gate.Gateway{
		Gateway: config.Gateway{
			Name: "payermax", Brands: []string{payermax.PayerMax, payermax.Checus}, Required: []string{"merchant_no", "app_id"},
			Hosts: gate.Hosts(payermax.BaseURLs, payermax.PayerMax, payermax.Checus),
		},
		Titles: map[string]string{payermax.PayerMax: "PayerMax", payermax.Checus: "Checus"},
		Keys: []gate.Key{
			{Name: merchant, About: "the merchant's RSA key, signs requests", Normalise: payermax.NormaliseKey, Signs: []string{"request"}, Verifies: []string{"request"}},
			{Name: platform, About: "the gateway's RSA key, from its portal", Public: true, Normalise: payermax.NormaliseKey, Verifies: []string{"answer", "callback"}},
			{Name: token, About: "of a service provider's merchant", Optional: true, Normalise: gate.SecretText},
		},
		Decimals: func(p config.Profile) (client.Decimals, error) {
			c, err := settings(p)
			return gate.Decimals(payermax.Decimals, c.Decimals), err
		},
		Open: func(a gate.Account) (client.Gateway, error) {
			c, err := settings(a.Profile)
			if err != nil {
				return nil, err
			}
			c.MerchantKey, c.PlatformKey, c.AuthToken = a.Keys[merchant], a.Keys[platform].Reveal(), a.Keys[token]
			c.Clock, c.Random, c.Logger = a.Clock, a.Random, a.Log
			return payermax.New(c)
		},
		Sign:   func(q gate.Inspect) (client.Inspection, error) { return payermax.Sign(q.Key, q.Body) },
		Verify: func(q gate.Inspect) (client.Inspection, error) { return payermax.Verify(q.Key, q.Body, q.Sign) },
	}
}

// settings are those of a profile and of its table [profile.payermax].
func settings(p config.Profile) (payermax.Config, error) {
	r := gate.Read(p)
	return payermax.Config{
		Brand: p.Brand, Environment: p.Environment, BaseURL: p.BaseURL, ExtraHosts: p.AllowHosts, MerchantNo: p.MerchantNo, AppID: p.AppID,
		SPMerchantNo: r.Text("sp_merchant_no", ""), AuthTokenHeader: r.Text("auth_token_header", ""), Versions: r.Texts("version"),
		TokenScope: r.Text("token_scope", ""), TokenIntegrate: r.Text("token_integrate", ""), SendTradeToken: r.Bool("send_trade_token", false),
		Decimals: r.Decimals(), RefundWindow: r.Days("refund_window_days"), RefundHardLimit: r.Days("refund_limit_days"), Speed: r.Speed(),
	}, r.Err()
}
