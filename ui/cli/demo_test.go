package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox"
	"paydesk/state/config"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
	"paydesk/state/poll"
	"paydesk/state/vault"
	"paydesk/ui/cli/demo"
	"paydesk/ui/cli/gates"
)

// parts is a program with a real gateway, sandbox and ledger.
func parts(t *testing.T, out *bytes.Buffer) Program {
	t.Helper()
	home := t.TempDir()
	return Program{
		Version: "test", Agent: "ada", Clock: time.Now, Random: func() uint64 { return 7 }, Zone: time.UTC, In: strings.NewReader(""), Out: out, Err: out,
		Dirs: config.Dirs{Home: home, Config: home, Data: home, State: home},
		Env: func(name string) (string, bool) {
			if name == "PAYDESK_LEDGER" { // the demo must not follow it
				return filepath.Join(home, "own.db"), true
			}
			return "", false
		},
		Keyring: func(vault.Options) Keys { return vault.Memory() },
		OpenLedger: func(ctx context.Context, path string) (ledger.Store, error) {
			return sqlite.Open(ctx, path, sqlite.Options{Clock: time.Now})
		},
		Gateways: gates.All(),
		Sandbox: func(ctx context.Context, o SandboxOptions) (Sandbox, error) {
			box, err := sandbox.Start(ctx, sandbox.Options{Seed: o.Seed, Orders: o.Orders, Speed: o.Speed, Logger: o.Log})
			if err != nil {
				return Sandbox{}, err
			}
			truth := func() demo.Past {
				t := box.Truth()
				return demo.Past{
					Orders:  demo.Each(t.Orders, func(o sandbox.Order) demo.Order { return demo.Order(o) }),
					Refunds: demo.Each(t.Refunds, func(r sandbox.Refund) demo.Refund { return demo.Refund(r) }),
					Tokens:  demo.Each(t.Tokens, func(k sandbox.Token) demo.Token { return demo.Token(k) }),
				}
			}
			return Sandbox{
				Ready: box.Ready().String(), Wait: box.Wait, Close: box.Close, Past: truth, Settings: box.Settings, SetNotify: box.SetNotify,
				Accounts: demo.Each(box.Profiles(), func(p sandbox.Profile) demo.Account { return demo.Account(p) }),
			}, nil
		},
	}
}

// The demo has a merchant's past in every state, real gateways behind it, and
// leaves nothing behind.
func TestDemoIsPrepared(t *testing.T) {
	var out bytes.Buffer
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	r := &run{Program: parts(t, &out)}
	s, err := r.prepareDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, profile := t.Context(), s.cfg.Profiles[0].Name
	orders, err := s.store.Orders(ctx, ledger.Page{Limit: 1000})
	if err != nil || len(orders) < 400 {
		t.Fatalf("%d orders, %v", len(orders), err)
	}
	currencies, decimals := map[string]bool{}, map[uint8]bool{}
	for _, o := range orders {
		currencies[o.Amount.Currency], decimals[o.Amount.Exp] = true, true
	}
	if len(currencies) < 5 || !decimals[0] || !decimals[2] || !currencies["KWD"] {
		t.Errorf("currencies %v, decimals %v", currencies, decimals)
	}
	refunds, err := s.store.Refunds(ctx, ledger.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	states, lost := map[client.RefundStatus]int{}, ""
	for _, r := range refunds {
		states[r.Status]++
		if r.Status == client.RefundUnknown {
			lost = r.RefundNo
		}
	}
	for _, state := range []client.RefundStatus{client.RefundSuccess, client.RefundPending, client.RefundFailed, client.RefundUnknown, client.RefundCancelled, client.RefundReversed} {
		if states[state] == 0 {
			t.Errorf("no refund is %s: %v", state, states)
		}
	}
	users, err := s.store.TokenUsers(ctx, profile, "", 100)
	if err != nil || len(users) < 3 {
		t.Errorf("%d users with cards, %v", len(users), err)
	}
	if lines, err := ledger.VerifyJournal(ctx, s.store); err != nil || lines < 100 {
		t.Errorf("%d lines of journal, %v", lines, err)
	}

	// The gateway is real: the lost answer is found by asking.
	if after, err := s.desk.Advance(ctx, profile, lost); err != nil || after.Status == client.RefundUnknown {
		t.Errorf("%s: %s %v", lost, after.Status, err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{temp, r.Dirs.Home} {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s was left behind in %s", left[0].Name(), dir)
		}
	}
}

// The poller settles by itself what the demo left open.
func TestDemoComesAlive(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("TMPDIR", t.TempDir())
	r := &run{Program: parts(t, &out)}
	s, err := r.prepareDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	sub := s.feed.Subscribe()
	defer sub.Close()
	done := make(chan struct{})
	polling, stop := context.WithCancel(ctx)
	go func() {
		defer close(done)
		poll.New(poll.Options{Desk: s.desk, Source: s.store, Feed: s.feed, Profiles: s.cfg.Names(), Clock: time.Now, Log: s.log}).Run(polling)
	}()
	defer func() { stop(); <-done }()
	before, err := s.store.OpenRefunds(ctx, "")
	if err != nil || len(before) == 0 {
		t.Fatal(len(before), err)
	}
	for {
		if _, err := sub.Next(ctx); err != nil {
			t.Fatalf("nothing was settled: %v", err)
		}
		now, err := s.store.OpenRefunds(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(now) < len(before) {
			return
		}
	}
}

// The services reach the console, and everything in the background ends with
// it.
func TestConsoleIsHandedItsServices(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("TMPDIR", t.TempDir())
	p := parts(t, &out)
	var got Services
	p.Console = func(_ context.Context, services Services) error {
		got = services
		return &client.Error{Class: client.ClassBug, Code: "x", Message: "left by a fault"}
	}
	r := &run{Program: p}
	s, err := r.prepareDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.openConsole(t.Context(), s.cfg.Profiles[0].Name, true); client.ClassOf(err) != client.ClassBug {
		t.Error(err)
	}
	if got.Desk == nil || got.Store == nil || got.Feed == nil || got.Poller == nil || got.Config == nil || !got.Demo || got.Profile == "" || got.Keys(got.Config.Profiles[0]) == nil {
		t.Errorf("%+v", got)
	}
	if err := r.close(); err != nil {
		t.Error(err)
	}
}
