package hear

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const pathSecret = "CANARYkz5Y9mJw0bqQdC8h3vX1rT6uN2sLpEaFgHiK4"

// port is a receiver without a network.
type port struct {
	mu     sync.Mutex
	routes []string
	taken  error // why Listen fails
	broken chan error
	closed bool
}

func (p *port) Listen(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

func (p *port) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.broken:
		return err
	}
}

func (p *port) Close() error         { p.closed = true; return nil }
func (p *port) Addr() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:8787") }

func (p *port) Add(r Route) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.routes = append(p.routes, r.Profile)
	return nil
}

func (p *port) Counts() map[string]Counts {
	return map[string]Counts{"": {Refused: 7}, "hk": {Accepted: 2, Repeated: 1}}
}

// mute reads nothing.
type mute struct{}

func (mute) ReadCallback(http.Header, []byte) client.Notice { return client.Notice{} }
func (mute) Acknowledge() client.CallbackReply              { return client.CallbackReply{} }
func (mute) Refuse() client.CallbackReply                   { return client.CallbackReply{} }

// world is a station among fakes.
type world struct {
	*Station
	port    *port
	keys    map[string]error // why a profile's keys cannot be read; nil: they can
	link    map[string]bool  // the desk has read a profile's keys
	asked   map[string]int
	log     bytes.Buffer
	changes int
	mu      sync.Mutex
}

func locked() error {
	return &client.Error{Class: client.ClassKeyring, Code: vault.CodeLocked, Message: "the keyring is locked", Hint: "unlock it"}
}

func newWorld(profiles ...string) *world {
	w := &world{port: &port{broken: make(chan error)}, keys: map[string]error{}, link: map[string]bool{}, asked: map[string]int{}}
	o := Options{
		Addr: "127.0.0.1:8787", Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		New: func(o ReceiverOptions) (Receiver, error) {
			w.port.routes = nil
			for _, r := range o.Routes {
				_ = w.port.Add(r)
			}
			return w.port, nil
		},
		Reader: func(_ context.Context, p config.Profile) (client.CallbackReader, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.asked[p.Name]++
			if err := w.keys[p.Name]; err != nil {
				return nil, err
			}
			return mute{}, nil
		},
		Again:   func(profile string) bool { w.mu.Lock(); defer w.mu.Unlock(); return w.link[profile] },
		Changed: func() { w.mu.Lock(); w.changes++; w.mu.Unlock() },
		Addresses: addresses(config.Callback{PublicURL: "https://hooks.shop.example"}, func(config.Profile) Keys {
			return vault.Memory()
		}),
	}
	for _, name := range profiles {
		o.Profiles = append(o.Profiles, config.Profile{Name: name, Environment: config.Production})
	}
	w.Station = NewStation(o)
	return w
}

func addresses(c config.Callback, keys func(config.Profile) Keys) *Addresses {
	return NewAddresses(AddressOptions{
		Callback: c, Prefix: "/callback/", Keys: keys, Make: func() (secret.Secret, error) { return secret.New([]byte(pathSecret)), nil },
	})
}

// on is the profiles whose callbacks are received.
func (w *world) on() (names []string) {
	for _, p := range w.State().Profiles {
		if p.On {
			names = append(names, p.Profile)
		}
	}
	return names
}

// during runs the station in a bubble of fake time while a test looks at it.
func during(t *testing.T, build func() *world, look func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := build()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx) }()
		synctest.Wait()
		look(w)
		stop()
		<-done
		if s := w.State(); s.At.IsValid() || len(w.on()) > 0 {
			t.Errorf("after its end: %+v", s)
		}
	})
}

// pass lets time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// A profile whose keys are locked is off and stops no other. The keyring is not
// asked again before it gave the keys to somebody else. covers I14
func TestOneMissingKeyStopsNoOther(t *testing.T) {
	build := func() *world {
		w := newWorld("hk", "ph")
		w.keys["ph"] = locked()
		return w
	}
	during(t, build, func(w *world) {
		state := w.State()
		if !slices.Equal(w.on(), []string{"hk"}) || state.Err != nil || Brief(state.Profiles[1].Err) != "keyring locked" || !w.Hears("hk") || w.Hears("ph") {
			t.Errorf("%+v", state)
		}
		if state.Profiles[0].Counts.Accepted != 2 || state.Strangers != 7 || state.Starting {
			t.Errorf("%+v", state)
		}
		pass(10 * time.Minute)
		if w.asked["ph"] != 1 {
			t.Errorf("the keyring was asked %d times", w.asked["ph"])
		}
		w.mu.Lock()
		w.keys["ph"], w.link["ph"] = nil, true
		w.mu.Unlock()
		pass(retryEvery)
		if !slices.Equal(w.on(), []string{"hk", "ph"}) || !slices.Equal(w.port.routes, []string{"hk", "ph"}) || w.asked["hk"] != 1 {
			t.Errorf("%v, routes %v, asked %v", w.on(), w.port.routes, w.asked)
		}
	})
}

// A port that is taken is said, told once, and tried again. covers I14
func TestATakenPortIsTriedAgain(t *testing.T) {
	taken := &client.Error{Class: client.ClassConfig, Code: "port-taken", Message: "another program listens on 127.0.0.1:8787 already"}
	build := func() *world {
		w := newWorld("hk")
		w.port.taken = taken
		return w
	}
	during(t, build, func(w *world) {
		if state := w.State(); !errors.Is(state.Err, taken) || Brief(state.Err) != "port taken" || state.Profiles[0].Err != nil || len(w.on()) > 0 {
			t.Errorf("%+v", state)
		}
		pass(10 * time.Minute)
		if told := strings.Count(w.log.String(), "level=WARN"); told != 1 || w.changes > 2 {
			t.Errorf("logged %d times, changed %d times", told, w.changes)
		}
		w.port.mu.Lock()
		w.port.taken = nil
		w.port.mu.Unlock()
		pass(retryEvery)
		if len(w.on()) != 1 || w.State().Err != nil || w.asked["hk"] != 1 {
			t.Errorf("%+v, keys read %d times", w.State(), w.asked["hk"])
		}
		// A port that fails later is opened again too.
		w.port.broken <- &client.Error{Class: client.ClassConfig, Code: "listen", Message: "the receiver stopped listening"}
		synctest.Wait()
		if Brief(w.State().Err) != "cannot listen" {
			t.Errorf("%+v", w.State())
		}
		pass(retryEvery)
		if len(w.on()) != 1 {
			t.Errorf("%+v", w.State())
		}
	})
}

// Without any key there is nothing to listen for; the first reason is the one.
func TestNoKeyAtAll(t *testing.T) {
	w := newWorld("hk", "ph")
	w.keys["hk"], w.keys["ph"] = locked(), locked()
	if err := w.Listen(t.Context()); !errors.Is(err, w.keys["hk"]) || w.State().Err != err {
		t.Error(err)
	}
	if err := w.Serve(t.Context()); client.ClassOf(err) != client.ClassBug {
		t.Error(err)
	}
	if err := newWorld().Listen(t.Context()); client.ClassOf(err) != client.ClassConfig {
		t.Error(err)
	}
}

// What is shown holds no secret; what is told to a gateway does. covers S8, S9
func TestAddressesAreShownWithoutTheirSecret(t *testing.T) {
	w := newWorld("hk")
	if err := w.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := w.State().Profiles[0]
	if p.Shown != "https://hooks.shop.example/callback/•••" || !p.Public || string(p.Address.Reveal()) != "https://hooks.shop.example/callback/"+pathSecret ||
		string(p.Local.Reveal()) != "http://127.0.0.1:8787/callback/"+pathSecret {
		t.Errorf("%s, %s, %s", p.Shown, p.Address.Reveal(), p.Local.Reveal())
	}
	if text := fmt.Sprintf("%v %+v %#v %s", w.State(), w.State(), w.State(), w.log.String()); strings.Contains(text, "CANARY") {
		t.Error(text)
	}
	if err := w.Close(); err != nil || !w.port.closed {
		t.Error("the port was left open")
	}
}

// store counts how often secrets are made.
type store struct {
	*vault.MemoryStore
	sets int
	fail error
}

func (s *store) Set(ctx context.Context, profile, key string, value secret.Secret) error {
	s.sets++
	if s.fail != nil {
		return s.fail
	}
	return s.MemoryStore.Set(ctx, profile, key, value)
}

// A profile's secret is made once, kept with its keys, and is the same for the
// receiver and for requests, in this process and in the next.
func TestThePathSecretIsMadeOnce(t *testing.T) {
	keys := &store{MemoryStore: vault.Memory()}
	next := 0
	open := func() *Addresses {
		return NewAddresses(AddressOptions{
			Callback: config.Callback{PublicURL: "https://hooks.shop.example"}, Prefix: "/callback/", Keys: func(config.Profile) Keys { return keys },
			Make: func() (secret.Secret, error) { next++; return secret.New(fmt.Appendf(nil, "secret-%d", next)), nil },
		})
	}
	hk := config.Profile{Name: "hk", Environment: config.Production}
	first := open()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if path, err := first.Secret(t.Context(), hk); err != nil || string(path.Reveal()) != "secret-1" {
				t.Errorf("%s, %v", path.Reveal(), err)
			}
		})
	}
	group.Wait()
	if address, err := open().ForRequests(t.Context(), hk); err != nil || string(address.Reveal()) != "https://hooks.shop.example/callback/secret-1" || keys.sets != 1 {
		t.Errorf("%s, %v, made %d times", address.Reveal(), err, keys.sets)
	}
	keys.fail = locked()
	if _, err := open().ForRequests(t.Context(), config.Profile{Name: "ph", Environment: config.Production}); client.ClassOf(err) != client.ClassKeyring {
		t.Error(err)
	}
}

// Whose requests name an address: those whose gateway can reach it, and with key
// files only while this process receives.
func TestWhoIsToldAnAddress(t *testing.T) {
	sandbox := config.Profile{Name: "box", Environment: config.Sandbox, KeysDir: t.TempDir()}
	hk := config.Profile{Name: "hk", Environment: config.Production}
	files := func(config.Profile) Keys { return vault.Files(sandbox.KeysDir) }
	memory := vault.Memory()
	for _, tc := range []struct {
		name     string
		callback config.Callback
		profile  config.Profile
		receives bool
		want     string
	}{
		{"no address is set", config.Callback{}, hk, true, ""},
		{"production", config.Callback{PublicURL: "https://h.example"}, hk, false, "https://h.example/callback/" + pathSecret},
		{"production by loopback", config.Callback{PublicURL: "http://127.0.0.1:1"}, hk, true, ""},
		{"key files, another process receives", config.Callback{PublicURL: "http://127.0.0.1:1"}, sandbox, false, ""},
		{"key files, this process receives", config.Callback{PublicURL: "http://127.0.0.1:1"}, sandbox, true, "http://127.0.0.1:1/callback/" + pathSecret},
		{"a sandbox from abroad", config.Callback{PublicURL: "https://h.example"}, sandbox, true, ""},
	} {
		keys := files
		if tc.profile.KeysDir == "" {
			keys = func(config.Profile) Keys { return memory }
		}
		a := addresses(tc.callback, keys)
		if tc.receives {
			a.Receive()
		}
		got, err := a.ForRequests(t.Context(), tc.profile)
		if err != nil || string(got.Reveal()) != tc.want || a.Told(tc.profile) != (tc.want != "") {
			t.Errorf("%s: %s, %v", tc.name, got.Reveal(), err)
		}
	}
	a := addresses(config.Callback{}, files)
	a.Receive()
	a.Local(netip.MustParseAddrPort("127.0.0.1:5"))
	if got, err := a.ForRequests(t.Context(), sandbox); err != nil || string(got.Reveal()) != "http://127.0.0.1:5/callback/"+pathSecret {
		t.Errorf("%s, %v", got.Reveal(), err)
	}
	if got, err := a.ForRequests(t.Context(), hk); err != nil || !got.Empty() {
		t.Errorf("a loopback address for production: %v", err)
	}
}
