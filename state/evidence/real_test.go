package evidence

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
	"paydesk/state/vault"
	"paydesk/ui/cli/demo"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/gates"
)

// accounts opens the accounts of a sandbox as the program does.
func accounts(t *testing.T, dir string) map[string]client.Gateway {
	t.Helper()
	options := config.Options{
		File: filepath.Join(dir, "config.toml"), Env: func(string) (string, bool) { return "", false },
		Dirs: config.Dirs{Home: dir, Config: dir, Data: dir, State: dir},
	}
	for _, g := range gates.All() {
		options.Gateways = append(options.Gateways, g.Gateway)
	}
	cfg, err := config.Load(options)
	if err != nil {
		t.Fatal(err)
	}
	opened := map[string]client.Gateway{}
	for _, p := range cfg.Profiles {
		for _, g := range gates.All() {
			if g.Name != p.Gateway {
				continue
			}
			keys := map[string]secret.Secret{}
			for _, k := range g.Keys {
				value, err := vault.Files(p.KeysDir).Get(t.Context(), p.Name, k.Name)
				if err == nil {
					keys[k.Name] = value
				} else if !k.Optional {
					t.Fatal(err)
				}
			}
			opened[p.Name], err = g.Open(gate.Account{
				Profile: p, Keys: keys, Clock: time.Now, Random: func() uint64 { return 7 }, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return opened
}

// Refunds at all three gateways, with real signatures over HTTP: their evidence is
// whole, and holds no key and no signature secret in any spelling.
func TestEvidenceOfRealGateways(t *testing.T) { // covers S8 I13
	dir := t.TempDir()
	play, err := sandbox.Start(t.Context(), sandbox.Options{Dir: dir, Seed: 1, Orders: 60, Speed: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = play.Close() }()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), sqlite.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	opened := accounts(t, dir)
	options := desk.Options{
		Store: store, Agent: "ada", Clock: time.Now, Mono: func() time.Duration { return 0 },
		Connect: func(_ context.Context, profile string) (client.Gateway, error) { return opened[profile], nil },
	}
	for _, p := range play.Profiles() {
		options.Profiles = append(options.Profiles, desk.Profile{Name: p.Name, Gateway: p.Gateway, Brand: p.Gateway, Environment: desk.Sandbox, Merchant: p.MerchantNo})
	}
	d := desk.New(options)
	for _, p := range play.Profiles() {
		t.Run(p.Gateway, func(t *testing.T) {
			r := refundAny(t, d, play, p)
			b, err := Gather(t.Context(), store, p.Name, r, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "out")
			if _, err := Write(out, b); err != nil {
				t.Fatal(err)
			}
			report, err := VerifyAgainst(t.Context(), out, store)
			if err != nil || !report.Intact() || report.Lines < 4 || len(b.Exchanges) < 2 {
				t.Errorf("%v: %s", err, inFull(report))
			}
			all := content(t, out)
			for _, canary := range canaries(t, dir) {
				if strings.Contains(all, canary) {
					t.Errorf("a secret of %d characters stands in the bundle", len(canary))
				}
			}
		})
	}
}

// Every refund of a demo's ledger, which no desk has made, gives a bundle without
// fault: what it cannot prove is told in notes.
func TestEvidenceOfTheDemo(t *testing.T) { // covers I13
	play, err := sandbox.Start(t.Context(), sandbox.Options{Seed: 1, Orders: 60})
	if err != nil {
		t.Fatal(err)
	}
	truth := play.Truth()
	past := demo.Past{
		Orders:  demo.Each(truth.Orders, func(o sandbox.Order) demo.Order { return demo.Order(o) }),
		Refunds: demo.Each(truth.Refunds, func(r sandbox.Refund) demo.Refund { return demo.Refund(r) }),
	}
	profiles := demo.Each(play.Profiles(), func(p sandbox.Profile) demo.Account { return demo.Account(p) })
	_ = play.Close()
	o := newOffice(t)
	if err := demo.Fill(t.Context(), o.store, past, profiles, "ada", time.Now()); err != nil {
		t.Fatal(err)
	}
	rows, err := o.store.Refunds(t.Context(), ledger.Page{Limit: 1000})
	if err != nil || len(rows) < 5 {
		t.Fatalf("%d refunds, %v", len(rows), err)
	}
	for _, r := range rows {
		b, err := Gather(t.Context(), o.store, r.Profile, r.RefundNo, now)
		if err != nil {
			t.Fatal(err)
		}
		if report := o.against(written(t, b)); !report.Intact() || len(report.Notes) == 0 {
			t.Errorf("%s %s: %s", r.RefundNo, r.Status, inFull(report))
		}
	}
}

// refundAny refunds the first order at a gateway that can be.
func refundAny(t *testing.T, d *desk.Desk, play *sandbox.Sandbox, p sandbox.Profile) (refundNo string) {
	t.Helper()
	for _, o := range play.Truth().Orders {
		if o.Gateway != p.Gateway || o.Status != client.OrderPaid || o.Refunded.Minor+o.Reserved.Minor > 0 {
			continue
		}
		plan, err := d.Plan(t.Context(), desk.Ask{Profile: p.Name, Order: o.OrderNo, Amount: "all", Reason: "customer return"})
		if err != nil || plan.Refusal != nil {
			continue
		}
		r, err := d.Commit(t.Context(), plan, desk.Consent{PlanHash: plan.Hash, Typed: plan.Amount.Major(), At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if r, err = d.Advance(t.Context(), p.Name, r.RefundNo); err != nil || r.Sends != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		return r.RefundNo
	}
	t.Fatal("no order can be refunded")
	return ""
}

// canaries are what must stand nowhere: every secret text, and every line of every
// private key.
func canaries(t *testing.T, dir string) (list []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "keys", "*"))
	if more, err := filepath.Glob(filepath.Join(dir, "keys", "*", "*")); err == nil {
		paths = append(paths, more...)
	}
	for _, path := range paths {
		text, readErr := os.ReadFile(path)
		if readErr != nil || bytes.Contains(text, []byte("PUBLIC KEY")) {
			continue // a folder, or no secret
		}
		for row := range strings.Lines(string(text)) {
			if row = strings.TrimSpace(row); len(row) >= 8 && !strings.HasPrefix(row, "-----") {
				list = append(list, row, fmt.Sprintf("%x", row))
			}
		}
	}
	if err != nil || len(list) < 10 {
		t.Fatalf("%d canaries, %v", len(list), err)
	}
	return list
}
