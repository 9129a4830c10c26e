package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/callback"
	"paydesk/client/sandbox"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/state/vault"
	"paydesk/ui/cli/demo"
	"paydesk/ui/cli/hear"
)

// realReceiver is the receiver as main puts it in.
type realReceiver struct{ *callback.Receiver }

func (r realReceiver) Add(route hear.Route) error { return r.Receiver.Add(callback.Route(route)) }

func (r realReceiver) Counts() map[string]hear.Counts {
	counts := map[string]hear.Counts{}
	for profile, c := range r.Receiver.Counts() {
		counts[profile] = hear.Counts(c)
	}
	return counts
}

func realCallbacks() hear.Callbacks {
	return hear.Callbacks{
		Prefix: callback.DefaultPrefix,
		Secret: func() (secret.Secret, error) { return callback.NewSecret(rand.Reader) },
		New: func(o hear.ReceiverOptions) (hear.Receiver, error) {
			var routes []callback.Route
			for _, r := range o.Routes {
				routes = append(routes, callback.Route(r))
			}
			r, err := callback.New(callback.Options{
				Addr: o.Addr, Proxied: o.Proxied, Routes: routes, Store: o.Store, Refused: o.Refused, Clock: time.Now, Logger: o.Log,
			})
			return realReceiver{r}, err
		},
	}
}

// freePort is a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// What public_url adds to an address is what the configuration counts with.
func TestTheCallbackPathIsAsLongAsTheConfigurationSays(t *testing.T) {
	path, err := callback.NewSecret(rand.Reader)
	if err != nil || len(callback.DefaultPrefix)+len(path.Reveal()) != config.CallbackPath {
		t.Errorf("%d characters, the configuration counts with %d; %v", len(callback.DefaultPrefix)+len(path.Reveal()), config.CallbackPath, err)
	}
}

// shop is a console's session on a sandbox whose merchants' portals know no
// address: what arrives was called for by a request.
type shop struct {
	*run
	keys *vault.MemoryStore
	out  bytes.Buffer
}

// newShop writes a configuration with a table [callback], and profiles of all
// gateways that name no address of their own.
func newShop(t *testing.T, callbacks string) *shop {
	t.Helper()
	s := &shop{keys: vault.Memory()}
	p := parts(t, &s.out)
	p.Callbacks, p.Env = realCallbacks(), func(string) (string, bool) { return "", false }
	p.Keyring = func(vault.Options) Keys { return s.keys }
	s.run = &run{Program: p}
	path := filepath.Join(p.Dirs.Config, "paydesk", "config.toml")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("[callback]\n"+callbacks), 0o600)); err != nil {
		t.Fatal(err)
	}
	const speed = 600
	box, err := sandbox.Start(t.Context(), sandbox.Options{Seed: 1, Orders: 30, Speed: speed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	for _, a := range box.Profiles() {
		more := box.Settings(a.Name)
		delete(more, "order_notify_url")
		delete(more, "refund_notify_url")
		if err := s.add(t.Context(), demo.Account(a), more, speed); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// add writes a profile and keeps its keys.
func (s *shop) add(ctx context.Context, a demo.Account, more map[string]string, speed int) error {
	g, err := s.gateway(a.Gateway)
	if err != nil {
		return err
	}
	for _, key := range g.Keys {
		for file, text := range a.Keys {
			if strings.TrimSuffix(file, filepath.Ext(file)) == key.Name {
				raw, err := key.Stored(text)
				if err != nil {
					return err
				}
				if err := s.keys.Set(ctx, a.Name, key.Name, secret.New(raw)); err != nil {
					return err
				}
			}
		}
	}
	settings := map[string]any{"speed": speed}
	for name, value := range more {
		settings[name] = value
	}
	_, err = config.AddProfile(s.configOptions(), config.Draft{
		Name: a.Name, Gateway: a.Gateway, Brand: a.Brand, Environment: a.Environment, BaseURL: a.BaseURL, MerchantNo: a.MerchantNo, AppID: a.AppID,
		UndoWindow: "0s", Settings: settings,
	})
	return err
}

// refundOne refunds a part of an order as a person at the console does.
func refundOne(ctx context.Context, d *desk.Desk, profile, no string) (ledger.Refund, error) {
	if _, err := d.LookUp(ctx, profile, no); err != nil {
		return ledger.Refund{}, err
	}
	plan, err := d.Plan(ctx, desk.Ask{Profile: profile, Order: no, Amount: "5.00", Reason: "customer return"})
	if err != nil {
		return ledger.Refund{}, err
	}
	if plan.Refusal != nil {
		return ledger.Refund{}, plan.Refusal
	}
	return d.Commit(ctx, plan, desk.Consent{PlanHash: plan.Hash, Typed: plan.Amount.Major(), At: time.Now()})
}

// heardOf waits until a refund has ended and its verified callback is kept.
func heardOf(ctx context.Context, s Services, profile, no string) error {
	sub := s.Feed.Subscribe()
	defer sub.Close()
	for {
		refund, err := s.Store.Refund(ctx, profile, no)
		if err != nil {
			return err
		}
		inbox, err := s.Store.Inbox(ctx, ledger.InboxFilter{Profiles: []string{profile}, Limit: 10})
		if err != nil {
			return err
		}
		for _, n := range inbox {
			if refund.Status == client.RefundSuccess && n.Verified && n.Subject == no {
				return nil
			}
		}
		if _, err := sub.Next(ctx); err != nil {
			return fmt.Errorf("%s of %s is %s, and %d callbacks came: %w", no, profile, refund.Status, len(inbox), err)
		}
	}
}

// orders are one of each gateway that can be refunded.
func refundable() map[string]string {
	return map[string]string{"checus-sandbox": "P1642410680502", "paycools-sandbox": "SO20260228000001", "easylink-sandbox": "SO20260301000001"}
}

// The console receives beside itself; its requests say where, at each gateway;
// and the refunds are settled by what comes. The secret part of no address is in
// the log, the ledger or what is printed. covers S8 S15
func TestTheConsoleHearsWhatItsRequestsCalledFor(t *testing.T) {
	at := freePort(t)
	s := newShop(t, fmt.Sprintf("listen = %q\npublic_url = %q\n", at, "http://"+at))
	s.Console = func(ctx context.Context, services Services) error {
		ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
		defer cancel()
		if state := services.Station.State(); !state.Starting || state.At.IsValid() {
			t.Errorf("it receives before the first frame: %+v", state)
		}
		services.Shown()
		for profile, order := range refundable() {
			refund, err := refundOne(ctx, services.Desk, profile, order)
			if err != nil {
				return fmt.Errorf("%s: %w", profile, err)
			}
			if err := heardOf(ctx, services, profile, refund.RefundNo); err != nil {
				return err
			}
		}
		for _, p := range services.Station.State().Profiles {
			if !p.On || p.Counts.Accepted == 0 || !p.Public || !strings.HasPrefix(p.Shown, "http://"+at+"/callback/•••") {
				t.Errorf("%+v", p)
			}
		}
		return nil
	}
	ses, err := s.opened(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ses.receiving(ses.cfg.Profiles, ses.cfg.Callback, nil)
	if err := ses.openConsole(t.Context(), "", false); err != nil {
		t.Error(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	for name := range refundable() {
		path, err := s.keys.Get(t.Context(), name, hear.PathKey)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(s.out.String(), string(path.Reveal())) {
			t.Errorf("%s: the address is printed", name)
		}
		_ = filepath.WalkDir(s.Dirs.Home, func(file string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if raw, err := os.ReadFile(file); err == nil && bytes.Contains(raw, path.Reveal()) {
				t.Errorf("%s: the address is in %s", name, file)
			}
			return nil
		})
	}
}

// A verb of another process names the same address: the secret is in the keyring
// of both. What nobody receives is found by asking.
func TestAVerbNamesTheAddressOfTheReceiver(t *testing.T) {
	at := freePort(t)
	s := newShop(t, fmt.Sprintf("public_url = %q\n", "http://"+at))
	code := s.Program.Run(t.Context(), []string{"--profile", "paycools-sandbox", "refund", "create", "SO20260228000001", "--amount", "5.00", "--reason", "customer return", "--yes", "--wait", "30s", "--json"})
	if code != exitDone || !strings.Contains(s.out.String(), `"status":"success"`) {
		t.Fatalf("exit %d\n%s", code, s.out.String())
	}
	path, err := s.keys.Get(t.Context(), "paycools-sandbox", hear.PathKey)
	if err != nil {
		t.Fatal(err)
	}
	for profile, order := range refundable() { // a plan shows the request, not the secret in it. covers S8
		s.out.Reset()
		code := s.Program.Run(t.Context(), []string{"--profile", profile, "--verbose", "refund", "create", order, "--amount", "1.00", "--reason", "customer return", "--dry-run"})
		own, err := s.keys.Get(t.Context(), profile, hear.PathKey)
		if out := s.out.String(); err != nil || code != exitDone || !strings.Contains(out, "/callback/•••") || strings.Contains(out, string(own.Reveal())) {
			t.Errorf("exit %d, %v\n%s", code, err, out)
		}
	}
	s.out.Reset()
	ctx, stop := context.WithCancel(t.Context())
	lines := &firstLine{full: make(chan string, 1)}
	s.Program.Out = lines
	ended := make(chan int, 1)
	go func() { ended <- s.Program.Run(ctx, []string{"callback", "listen", "--addr", at}) }()
	ready := <-lines.full
	stop()
	if code := <-ended; code != exitInterrupted {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{`"ready":true`, `"public_urls":`, "http://" + at + "/callback/" + string(path.Reveal())} {
		if !strings.Contains(ready, want) {
			t.Errorf("no %s in the ready line", want)
		}
	}
}

// firstLine hands on the first line that is written.
type firstLine struct {
	text bytes.Buffer
	full chan string
}

func (f *firstLine) Write(p []byte) (int, error) {
	f.text.Write(p)
	if line, _, ok := strings.Cut(f.text.String(), "\n"); ok {
		select {
		case f.full <- line:
		default:
		}
	}
	return len(p), nil
}

// Examining a profile makes nothing, not even the secret of its address.
func TestDoctorMakesNoSecret(t *testing.T) {
	s := newShop(t, "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:1\"\n")
	if err := s.keys.Remove(t.Context(), "paycools-sandbox", "callback_secret"); err != nil {
		t.Fatal(err)
	}
	if code := s.Program.Run(t.Context(), []string{"doctor"}); code != exitDone {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{"callbacks", "the console receives at 127.0.0.1:0", "off: there is no callback secret"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("doctor does not say %q:\n%s", want, s.out.String())
		}
	}
	for name := range refundable() {
		if _, err := s.keys.Get(t.Context(), name, hear.PathKey); err == nil {
			t.Errorf("%s has a secret now", name)
		}
	}
}

// The demo's gateways call the demo, and its money path works without that.
func TestTheDemoHears(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		t.Run(fmt.Sprintf("deaf %v", deaf), func(t *testing.T) {
			var out bytes.Buffer
			t.Setenv("TMPDIR", t.TempDir())
			p := parts(t, &out)
			p.Callbacks = realCallbacks()
			if deaf {
				p.Callbacks.New = func(hear.ReceiverOptions) (hear.Receiver, error) {
					return nil, &client.Error{Class: client.ClassConfig, Code: "listen", Message: "no port"}
				}
			}
			p.Console = func(ctx context.Context, services Services) error { return demoRefunds(ctx, services, deaf) }
			r := &run{Program: p}
			s, err := r.prepareDemo(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.log = slog.New(slog.DiscardHandler)
			if err := s.openConsole(t.Context(), s.cfg.Profiles[0].Name, true); err != nil {
				t.Error(err)
			}
			if err := r.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// demoRefunds refunds at every gateway of the demo, and waits for what it tells.
func demoRefunds(ctx context.Context, s Services, deaf bool) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	s.Shown()
	sent := map[string]string{}
	for _, p := range s.Config.Profiles {
		paid, err := query.ParseOrders("status:paid refunded:none age<20d amount>=10", time.Now(), time.UTC)
		if err != nil {
			return err
		}
		orders, err := s.Store.Orders(ctx, ledger.Page{Profiles: []string{p.Name}, Query: paid, Limit: 1})
		if err != nil || len(orders) == 0 {
			return fmt.Errorf("%s: %d orders: %w", p.Name, len(orders), err)
		}
		refund, err := refundOne(ctx, s.Desk, p.Name, orders[0].OrderNo)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		sent[p.Name] = refund.RefundNo
	}
	for profile, no := range sent {
		if !deaf {
			if err := heardOf(ctx, s, profile, no); err != nil {
				return err
			}
			continue
		}
		if refund, err := s.Desk.Advance(ctx, profile, no); err != nil || refund.Status == client.RefundIntent {
			return fmt.Errorf("%s is %s: %w", no, refund.Status, err)
		}
	}
	if state := s.Station.State(); deaf == (state.Err == nil) {
		return fmt.Errorf("%+v", state)
	}
	return nil
}
