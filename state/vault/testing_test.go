package vault

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	zalando "github.com/zalando/go-keyring"

	"paydesk/client"
	"paydesk/client/secret"
)

// fake is a keyring in memory that can hang, fail and forget.
type fake struct {
	mu      sync.Mutex
	entries map[string]string
	calls   int
	now     int // calls under way
	most    int // most calls under way at once
	hang    chan struct{}
	fail    error
	mangle  func(password string) string
	panics  bool
}

func newFake() *fake { return &fake{entries: map[string]string{}} }

// begin counts a call and lets it hang while it should.
func (f *fake) begin() (end func(), err error) {
	f.mu.Lock()
	f.calls++
	f.now++
	f.most = max(f.most, f.now)
	hang, fail, panics := f.hang, f.fail, f.panics
	f.mu.Unlock()
	if panics {
		panic("canary-in-panic")
	}
	if hang != nil {
		<-hang
	}
	return func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}, fail
}

func (f *fake) Get(service, user string) (string, error) {
	end, err := f.begin()
	defer end()
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	value, ok := f.entries[service+":"+user]
	if !ok {
		return "", zalando.ErrNotFound
	}
	return value, nil
}

func (f *fake) Set(service, user, password string) error {
	end, err := f.begin()
	defer end()
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mangle != nil {
		password = f.mangle(password)
	}
	f.entries[service+":"+user] = password
	return nil
}

func (f *fake) Delete(service, user string) error {
	end, err := f.begin()
	defer end()
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.entries[service+":"+user]; !ok {
		return zalando.ErrNotFound
	}
	delete(f.entries, service+":"+user)
	return nil
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// freeze makes every later call hang until the returned function is called.
func (f *fake) freeze() (thaw func()) {
	hang := make(chan struct{})
	f.mu.Lock()
	f.hang = hang
	f.mu.Unlock()
	return func() {
		f.mu.Lock()
		f.hang = nil
		f.mu.Unlock()
		close(hang)
	}
}

// display is an environment with a display and a session bus.
func display(name string) (string, bool) {
	return map[string]string{"DISPLAY": ":0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}[name], true
}

// refusal checks class, code and a part of the text of an error, and that it
// says what to do.
func refusal(t *testing.T, err error, class client.Class, code, part string) {
	t.Helper()
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Class != class || e.Code != code || !strings.Contains(e.Error(), part) {
		t.Fatalf("got %v (%T), want class %s, code %s, text %q", err, err, class, code, part)
	}
	if e.Hint == "" {
		t.Errorf("%v: has no hint", err)
	}
}

// keyring refuses with class keyring and a code.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	refusal(t, err, client.ClassKeyring, code, "")
}

func rsaKey(t *testing.T, bits int) (private, public []byte, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err = x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return private, public, key
}

// need skips a test that lacks a service of the machine, or fails it where
// everything must run.
func need(t *testing.T, ok bool, reason string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("PAYDESK_REQUIRE_ALL") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func text(s string) secret.Secret { return secret.New([]byte(s)) }
