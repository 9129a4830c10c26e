package callback_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/callback"
	gateway "paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
	"paydesk/client/secret"
)

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func options(t *testing.T) callback.Options {
	t.Helper()
	keys, err := gateway.TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{times: map[string]int{}}
	return callback.Options{
		Addr: "127.0.0.1:0", Store: d.Store, Clock: now,
		Routes: []callback.Route{{Profile: "shop", Secret: secret.New([]byte(pathSecret)), Reader: reader(t, keys, gateway.MerchantNo)}},
	}
}

// covers S15
func TestWhereItListens(t *testing.T) {
	for addr, tc := range map[string]struct {
		tune func(*callback.Options)
		ok   bool
	}{
		"127.0.0.1:0":          {nil, true},
		"127.9.9.9:0":          {nil, true},
		"localhost:0":          {nil, true},
		"[::1]:0":              {nil, true},
		"[::ffff:127.0.0.1]:0": {nil, true},
		":0":                   {nil, false},
		"0.0.0.0:0":            {nil, false},
		"[::]:0":               {nil, false},
		"192.0.2.1:80":         {nil, false},
		"127.1:0":              {nil, false},
		"0x7f000001:0":         {nil, false},
		"shop.example:80":      {nil, false},
		"8787":                 {nil, false},
		"":                     {nil, false},
		"0.0.0.0:1":            {func(o *callback.Options) { o.Proxied = true }, true},
		"0.0.0.0:2":            {func(o *callback.Options) { o.TLS = &tls.Config{} }, true}, //nolint:gosec // New raises it
	} {
		o := options(t)
		o.Addr = addr
		if tc.tune != nil {
			tc.tune(&o)
		}
		_, err := callback.New(o)
		if (err == nil) != tc.ok || (err != nil && client.ClassOf(err) != client.ClassConfig) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for name, tune := range map[string]func(*callback.Options){
		"no route":     func(o *callback.Options) { o.Routes = nil },
		"no secret":    func(o *callback.Options) { o.Routes[0].Secret = secret.Secret{} },
		"short secret": func(o *callback.Options) { o.Routes[0].Secret = secret.New([]byte("CANARY-short")) },
		"same secret":  func(o *callback.Options) { o.Routes = append(o.Routes, o.Routes[0]) },
		"prefix":       func(o *callback.Options) { o.Prefix = "callback" },
		"prefix query": func(o *callback.Options) { o.Prefix = "/a?b/" },
	} {
		o := options(t)
		tune(&o)
		_, err := callback.New(o)
		if client.ClassOf(err) != client.ClassConfig || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, tune := range map[string]func(*callback.Options){
		"no store":  func(o *callback.Options) { o.Store = nil },
		"no clock":  func(o *callback.Options) { o.Clock = nil },
		"no reader": func(o *callback.Options) { o.Routes[0].Reader = nil },
	} {
		o := options(t)
		tune(&o)
		if _, err := callback.New(o); client.ClassOf(err) != client.ClassBug {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	h := open(t)
	h.check("it runs", h.call("GET", "/", protocol.Message{}), 404, "Not Found", 0, 0)
	o := options(t)
	o.Addr = h.Addr().String()
	second, err := callback.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); client.ClassOf(err) != client.ClassConfig {
		t.Error(err)
	}
	if second.Addr().IsValid() {
		t.Error(second.Addr())
	}
	if err := h.Run(t.Context()); client.ClassOf(err) != client.ClassBug {
		t.Errorf("run twice: %v", err)
	}
}

func TestClosedBeforeItRan(t *testing.T) {
	r, err := callback.New(options(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Close(), r.Listen(t.Context()), r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if err := r.Run(t.Context()); err == nil {
		t.Error("it ran after it was closed")
	}
	if r.Path("nobody") != "" || r.Path("shop") != "/callback/"+pathSecret {
		t.Errorf("%q", r.Path("shop"))
	}
}

func TestSecrets(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		s, err := callback.NewSecret(rand.Reader)
		if err != nil || callback.CheckSecret(s) != nil || len(s.Reveal()) != 43 || seen[string(s.Reveal())] {
			t.Fatalf("%d characters: %v, %v", len(s.Reveal()), err, callback.CheckSecret(s))
		}
		seen[string(s.Reveal())] = true
	}
	if _, err := callback.NewSecret(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("too little chance")
	}
	for text, ok := range map[string]bool{
		"0123456789abcdef0123456789abcdef": true, "0123456789abcdef0123456789abcde": false, "AbCdEfGhIjKlMnOpQrStUv": true,
		"AbCdEfGhIjKlMnOpQrStU": false, strings.Repeat("ab", 20): false, "with/slash-0123456789abcdefghij": false, "": false,
		strings.Repeat("0123456789", 7): false, "with blank 0123456789abcdefghij": false,
	} {
		if err := callback.CheckSecret(secret.New([]byte(text))); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// An account whose keys came late is heard without a pause for the others.
func TestAccountsAreAddedWhileItRuns(t *testing.T) {
	keys, err := gateway.TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	h := open(t)
	good := h.message(refund(client.RefundSuccess), 0, 0)
	late := callback.Route{Profile: "late", Secret: secret.New([]byte(strings.ToLower(pathSecret))), Reader: reader(t, keys, gateway.MerchantNo)}
	h.check("before", h.call("POST", "/callback/"+strings.ToLower(pathSecret), good), 404, "Not Found", 0, 0)
	if err := h.Add(late); err != nil {
		t.Fatal(err)
	}
	h.check("after", h.call("POST", h.Path("late"), good), 200, acknowledged, 1, 0)
	h.check("the first one", h.post(good), 200, acknowledged, 1, 0)
	if c := h.Counts(); c["late"].Accepted != 1 || c["shop"].Repeated != 1 {
		t.Errorf("%+v", c)
	}
	if err := h.Add(late); client.ClassOf(err) != client.ClassConfig || strings.Contains(err.Error(), late.Profile+"CANARY") {
		t.Errorf("the same address twice: %v", err)
	}
}

// A port that somebody has is told apart from one that cannot be.
func TestATakenPortIsSaid(t *testing.T) {
	h := open(t)
	o := options(t)
	o.Addr = h.Addr().String()
	second, err := callback.New(o)
	if err != nil {
		t.Fatal(err)
	}
	var e *client.Error
	if err := second.Listen(t.Context()); !errors.As(err, &e) || e.Class != client.ClassConfig || e.Code != "port-taken" || e.Hint == "" {
		t.Errorf("%v", err)
	}
}
