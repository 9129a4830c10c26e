package cli

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/state/vault"
	"paydesk/themes"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/hear"
	"paydesk/ui/cli/logs"
	"paydesk/ui/cli/show"
	"paydesk/ui/style"
)

// session is the services behind one verb.
type session struct {
	run   *run
	cfg   *config.Config
	log   *slog.Logger
	keys  Keys // the keyring, or the demo's memory
	store ledger.Store
	feed  *feed.Feed
	desk  *desk.Desk

	addresses *hear.Addresses
	station   *hear.Station // nil where this process does not receive; set before anything runs in the background
	examining bool          // nothing may be made, not even the secret of a callback address
}

// configOptions is how this run reads its configuration.
func (r *run) configOptions() config.Options {
	o := config.Options{File: r.config, Profile: r.profile, NoColor: r.noColor, LogFile: r.logFile, Env: r.Env, Dirs: r.Dirs}
	for _, g := range r.Gateways {
		o.Gateways = append(o.Gateways, g.Gateway)
	}
	return o
}

// configured reads the configuration and opens the log.
func (r *run) configured() (*session, error) {
	cfg, err := config.Load(r.configOptions())
	if err != nil {
		return nil, err
	}
	return r.with(cfg)
}

// with starts a session on a configuration.
func (r *run) with(cfg *config.Config) (*session, error) {
	r.crash = cfg.Paths.Crash
	s := &session{run: r, cfg: cfg, feed: &feed.Feed{}}
	log, err := r.openLog(cfg)
	if err != nil {
		return nil, err
	}
	s.log = log
	s.keys = r.Keyring(vault.Options{
		Env: r.Env, Headless: !r.Terminal.Present(),
		Waiting: func(waiting bool) {
			if waiting {
				r.narrate("waiting for the keyring: unlock it in the window that it opened")
			}
		},
	})
	s.addresses = hear.NewAddresses(hear.AddressOptions{
		Callback: cfg.Callback, Prefix: r.Callbacks.Prefix, Make: r.Callbacks.Secret,
		Keys: func(p config.Profile) hear.Keys { return s.keysOf(p) },
	})
	return s, nil
}

// openLog opens the log file. Only a file that was asked for by name must be
// writable; without a log the program works all the same (I14).
func (r *run) openLog(cfg *config.Config) (*slog.Logger, error) {
	var handlers []slog.Handler
	if r.verbose {
		handlers = append(handlers, logs.Narration(r.Err))
	}
	file, err := logs.Open(cfg.Paths.Log)
	switch {
	case err == nil:
		r.closers = append(r.closers, file.Close)
		handlers = append(handlers, logs.JSON(file, slog.LevelInfo))
	case r.logFile != "":
		return nil, err
	}
	return slog.New(slog.NewMultiHandler(handlers...)), nil
}

// narrator logs to standard error, for people.
func (r *run) narrator() *slog.Logger { return slog.New(logs.Narration(r.Err)) }

// opened is configured with the ledger and the desk.
func (r *run) opened(ctx context.Context) (*session, error) {
	s, err := r.configured()
	if err != nil {
		return nil, err
	}
	return s, s.open(ctx)
}

// open opens the ledger and builds the desk on it.
func (s *session) open(ctx context.Context) error {
	store, err := s.run.OpenLedger(ctx, s.cfg.Paths.Ledger)
	if err != nil {
		return err
	}
	s.store = store
	s.run.closers = append(s.run.closers, store.Close)
	if health := store.Health(); !health.Writable {
		s.run.narrate("the ledger can only be read: %s", health.Reason)
	}
	var profiles []desk.Profile
	for _, p := range s.cfg.Profiles {
		account, err := s.account(p)
		if err != nil {
			return err
		}
		profiles = append(profiles, account)
	}
	start, clock := s.run.Clock(), s.run.Clock
	s.desk = desk.New(desk.Options{
		Store: store, Profiles: profiles, Connect: s.connect, Agent: s.run.Agent, Clock: clock,
		Mono:   func() time.Duration { return clock().Sub(start) },
		Jitter: func() uint32 { return uint32(s.run.Random()) },
		Feed:   s.feed, Log: s.log,
		CallbackExpected: s.callbackExpected,
	})
	s.run.closers = append(s.run.closers, s.lastWords)
	return nil
}

// lastWords stores, or else prints, what gateways said and the ledger had no room
// for (F17).
func (s *session) lastWords() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.desk.SaveUnsaved(ctx)
	for _, a := range s.desk.Unsaved() {
		s.run.narrate("not stored: %s, refund %s: the gateway answered %s at %s; it is asked again at the next start",
			a.Profile, a.No, cmp.Or(a.Said, "nothing that can be believed"), a.At.UTC().Format(time.RFC3339))
	}
	return err
}

// callbackExpected reports whether a profile's gateway knows where to call back:
// this process receives for it, or its requests say who does.
func (s *session) callbackExpected(profile string) bool {
	if s.station != nil && s.station.Hears(profile) {
		return true
	}
	p, err := s.cfg.Lookup(profile)
	return err == nil && s.addresses.Told(p)
}

// gateway is the kind of gateway of a name; the configuration has checked it.
func (r *run) gateway(name string) (gate.Gateway, error) {
	for _, g := range r.Gateways {
		if g.Name == name {
			return g, nil
		}
	}
	known := make([]string, len(r.Gateways))
	for i, g := range r.Gateways {
		known[i] = g.Name
	}
	return gate.Gateway{}, &client.Error{
		Class: client.ClassInput, Code: "gateway", Message: fmt.Sprintf("there is no gateway %q", name), Hint: "known are " + strings.Join(known, ", "),
	}
}

// account is a profile as the desk knows it.
func (s *session) account(p config.Profile) (desk.Profile, error) {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return desk.Profile{}, err
	}
	decimals, err := g.Decimals(p)
	if err != nil {
		return desk.Profile{}, err
	}
	out := desk.Profile{
		Name: p.Name, Gateway: p.Gateway, Brand: cmp.Or(g.Titles[p.Brand], g.Name), Environment: p.Environment, Merchant: p.MerchantNo,
		Policy: desk.Policy{ReadOnly: p.Policy.ReadOnly, UndoWindow: p.Policy.UndoWindow},
	}
	for _, limits := range []struct {
		from []config.Amount
		to   *[]client.Money
	}{
		{p.Policy.MaxRefund, &out.Policy.MaxRefund},
		{p.Policy.MaxRefundPerDay, &out.Policy.MaxPerDay},
		{p.Policy.ConfirmAbove, &out.Policy.ConfirmAbove},
	} {
		for _, amount := range limits.from {
			money, err := limit(amount, decimals)
			if err != nil {
				return desk.Profile{}, err
			}
			*limits.to = append(*limits.to, money)
		}
	}
	return out, nil
}

// limit is a limit of a policy with client.MaxExp decimals, as the desk
// compares it.
func limit(a config.Amount, decimals client.Decimals) (client.Money, error) {
	money, err := a.Money(decimals)
	if err != nil {
		return client.Money{}, err
	}
	money, err = money.Rescale(client.MaxExp)
	if err != nil {
		return client.Money{}, &client.Error{Class: client.ClassConfig, Code: "limit", Message: fmt.Sprintf("limit %s is too large", a), Hint: "set a smaller one"}
	}
	return money, nil
}

// checked finds mistakes in a profile that only its gateway knows of. Building
// the client without keys gets as far as the settings and no further.
func (r *run) checked(p config.Profile) error {
	g, err := r.gateway(p.Gateway)
	if err != nil {
		return err
	}
	_, err = g.Open(gate.Account{Profile: p, Clock: r.Clock, Random: r.Random, Log: slog.New(slog.DiscardHandler)})
	if client.ClassOf(err) == client.ClassConfig {
		return err
	}
	return nil
}

// keysOf is where the keys of a profile are.
func (s *session) keysOf(p config.Profile) Keys {
	if p.KeysDir != "" {
		return vault.Files(p.KeysDir)
	}
	return s.keys
}

// connect opens the gateway of a profile: it reads the keys and builds the
// signed client.
func (s *session) connect(ctx context.Context, name string) (client.Gateway, error) {
	p, err := s.cfg.Lookup(name)
	if err != nil {
		return nil, err
	}
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return nil, err
	}
	keys, err := s.accountKeys(ctx, g, p)
	if err != nil {
		return nil, err
	}
	return g.Open(gate.Account{
		Profile: p, Keys: keys, NotifyURL: s.notifyURL(ctx, p), Clock: s.run.Clock, Random: s.run.Random, Log: s.log.With("profile", p.Name),
	})
}

// notifyURL is the callback address that requests of a profile name. Without one
// the gateway calls nobody, and what it would have told is found by asking: that
// stops no refund.
func (s *session) notifyURL(ctx context.Context, p config.Profile) secret.Secret {
	if s.examining || s.run.Callbacks.New == nil {
		return secret.Secret{}
	}
	address, err := s.addresses.ForRequests(ctx, p)
	if err != nil {
		s.log.Warn("requests name no callback address", "profile", p.Name, "error", err)
	}
	return address
}

// reader reads the keys that verify a profile's callbacks.
func (s *session) reader(ctx context.Context, p config.Profile) (client.CallbackReader, error) {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return nil, err
	}
	keys, err := s.accountKeys(ctx, g, p)
	if err != nil {
		return nil, err
	}
	return g.Callbacks(gate.Account{Profile: p, Keys: keys, Clock: s.run.Clock, Random: s.run.Random, Log: s.log})
}

// receiving makes this process the one that receives callbacks, of these profiles
// and at this address; opened, which may be nil, is told where that is.
func (s *session) receiving(profiles []config.Profile, at config.Callback, opened func(netip.AddrPort)) {
	s.addresses.Receive()
	s.station = hear.NewStation(hear.Options{
		New: s.run.Callbacks.New, Addr: at.Listen, Proxied: at.Proxied, Profiles: profiles, Addresses: s.addresses,
		Reader: s.reader, Heard: s.desk.Heard, Opened: opened, Log: s.log,
		// The keyring is not asked again for what it refused, which would open its
		// prompt again and again, before it has given the profile's keys to a call.
		Again:   func(profile string) bool { return !s.desk.Link(profile).LastOK.IsZero() },
		Changed: func() { s.feed.Publish(feed.Change{Kind: feed.Link}) },
	})
}

// accountKeys reads the keys of a profile; optional ones may be missing.
func (s *session) accountKeys(ctx context.Context, g gate.Gateway, p config.Profile) (map[string]secret.Secret, error) {
	keys := map[string]secret.Secret{}
	for _, key := range g.Keys {
		value, err := s.keysOf(p).Get(ctx, p.Name, key.Name)
		if err != nil {
			if key.Optional && missing(err) {
				continue
			}
			return nil, hinted(err, key, p)
		}
		keys[key.Name] = value
	}
	return keys, nil
}

// missing reports whether an error says that a key is not stored.
func missing(err error) bool {
	e := worst(err)
	return e != nil && e.Class == client.ClassKeyring && e.Code == vault.CodeNotFound
}

// hinted says how to store the very key that is missing.
func hinted(err error, key gate.Key, p config.Profile) error {
	if !missing(err) || p.KeysDir != "" {
		return err
	}
	return &client.Error{
		Class: client.ClassKeyring, Code: vault.CodeNotFound,
		Message: fmt.Sprintf("profile %s has no %s (%s)", p.Name, key.Name, key.About),
		Hint:    fmt.Sprintf("store it with: paydesk key set %s --profile %s", key.Name, p.Name),
	}
}

// scope is the names of the profiles that a list covers, and whether rows must
// say which they belong to.
func (s *session) scope() (names []string, several bool, err error) {
	profiles, err := s.cfg.Scope()
	if err != nil {
		return nil, false, err
	}
	for _, p := range profiles {
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		_, err = s.cfg.Select() // says how to set one up
		return nil, false, err
	}
	return names, len(names) > 1, nil
}

// brisk is how long to leave between two looks at a refund that somebody is
// waiting for: a row that is watched is asked at most every 5 s (reliability:
// section 6), a sandbox may be asked more often.
func (s *session) brisk(profile string) time.Duration {
	i := slices.IndexFunc(s.cfg.Profiles, func(p config.Profile) bool { return p.Name == profile })
	if i >= 0 && s.cfg.Profiles[i].Environment == config.Sandbox {
		return 400 * time.Millisecond
	}
	return 5 * time.Second
}

// people is how this run writes for people.
func (s *session) people() show.People {
	return show.People{
		// Without colours: nobody knows here whether the terminal is light or dark.
		Styles:   style.New(themes.Theme{}, style.Options{NoColor: true}),
		Emphasis: s.run.Terminal.Shows() && !s.cfg.NoColor, Now: s.run.Clock(), Zone: s.run.Zone,
	}
}

// wait sleeps for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
