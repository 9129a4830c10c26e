// Paydesk is the merchant's desk for payments, refunds and saved cards. This
// file puts the parts together: gateways, store, keyring, sandbox, console.
package main

import (
	"context"
	"crypto/rand"
	mrand "math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"paydesk/client/callback"
	"paydesk/client/sandbox"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
	"paydesk/state/vault"
	"paydesk/ui/app"
	"paydesk/ui/cli"
	"paydesk/ui/cli/ask"
	"paydesk/ui/cli/demo"
	"paydesk/ui/cli/gates"
	"paydesk/ui/cli/hear"
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
		Gateways: gates.All(), Sandbox: startSandbox, Console: console,
		Callbacks: hear.Callbacks{
			New: receive, Secret: func() (secret.Secret, error) { return callback.NewSecret(rand.Reader) }, Prefix: callback.DefaultPrefix,
		},
		OpenLedger: func(ctx context.Context, path string) (ledger.Store, error) {
			return sqlite.Open(ctx, path, sqlite.Options{Clock: time.Now})
		},
		Keyring: func(o vault.Options) cli.Keys { return vault.Keyring(o) },
		Clock:   time.Now, Random: mrand.Uint64, Env: config.OSEnv(), Zone: time.Local,
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: ask.Terminal{In: os.Stdin, Out: os.Stderr, Data: os.Stdout},
	}.Run(ctx, os.Args[1:])
}

func console(ctx context.Context, s cli.Services) error {
	var arriving func() app.Callbacks
	if s.Station != nil {
		arriving = func() app.Callbacks { return callbacks(s.Station.State()) }
	}
	return app.Run(ctx, app.Services{
		Callbacks: arriving, Shown: s.Shown, Inspect: s.Inspect,
		Desk: s.Desk, Ledger: s.Store, Health: s.Store.Health, Feed: s.Feed, Look: s.Poller.Look, Profile: s.Profile, Version: s.Version,
		Theme: s.Config.Theme, ThemesDir: s.Config.Paths.Themes, Keys: s.Config.Keys, NoColor: s.Config.NoColor, Linear: s.Linear,
		Clock: s.Clock, Loc: s.Zone, Log: s.Log,
	})
}

// callbacks is what the screen shows of how callbacks arrive.
func callbacks(s hear.State) app.Callbacks {
	out := app.Callbacks{Starting: s.Starting, Why: hear.Brief(s.Err), Err: s.Err, Strangers: s.Strangers}
	if s.At.IsValid() {
		out.At = s.At.String()
	}
	for _, p := range s.Profiles {
		out.Profiles = append(out.Profiles, app.Callback{
			Profile: p.Profile, On: p.On, Why: hear.Brief(p.Err), Err: p.Err, Shown: p.Shown, Public: p.Public,
			Address:  func() string { return string(p.Address.Reveal()) },
			Accepted: p.Counts.Accepted, Repeated: p.Counts.Repeated, Refused: p.Counts.Refused, Unstored: p.Counts.Unstored,
		})
	}
	return out
}

// receiver is the one receiver there is.
type receiver struct{ *callback.Receiver }

func (r receiver) Add(route hear.Route) error { return r.Receiver.Add(callback.Route(route)) }

func (r receiver) Counts() map[string]hear.Counts {
	counts := map[string]hear.Counts{}
	for profile, c := range r.Receiver.Counts() {
		counts[profile] = hear.Counts(c)
	}
	return counts
}

func receive(o hear.ReceiverOptions) (hear.Receiver, error) {
	routes := make([]callback.Route, len(o.Routes))
	for i, r := range o.Routes {
		routes[i] = callback.Route(r)
	}
	r, err := callback.New(callback.Options{
		Addr: o.Addr, Proxied: o.Proxied, Routes: routes, Store: o.Store, Refused: o.Refused, Clock: time.Now, Logger: o.Log,
	})
	return receiver{r}, err
}

func startSandbox(ctx context.Context, o cli.SandboxOptions) (cli.Sandbox, error) {
	box, err := sandbox.Start(ctx, sandbox.Options{
		Dir: o.Dir, Listen: o.Listen, Notify: o.Notify, Seed: o.Seed, Orders: o.Orders, Speed: o.Speed, Faults: o.Faults, Logger: o.Log,
	})
	if err != nil {
		return cli.Sandbox{}, err
	}
	out := cli.Sandbox{
		Ready: box.Ready().String(), Wait: box.Wait, Close: box.Close, Settings: box.Settings, SetNotify: box.SetNotify,
		Past: func() demo.Past { return past(box.Truth()) },
	}
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
