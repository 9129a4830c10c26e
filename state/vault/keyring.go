package vault

import (
	"context"
	"errors"
	"sync"
	"time"

	zalando "github.com/zalando/go-keyring"

	"paydesk/client"
	"paydesk/client/secret"
)

// The deadlines of one call (reliability: section 9).
const (
	// ProbeLimit bounds a call when nobody can answer an unlock prompt, and
	// every probe.
	ProbeLimit = 3 * time.Second
	// PromptLimit bounds a call when a display exists, as a person may have to
	// type the keyring's password.
	PromptLimit = 120 * time.Second
	// promptNotice is after how long an unanswered call is taken to wait for a
	// person.
	promptNotice = time.Second
)

// Provider is what a keyring can do; go-keyring's package functions have the
// same forms. A call may hang for ever.
type Provider interface {
	Get(service, user string) (string, error)
	Set(service, user, password string) error
	Delete(service, user string) error
}

// Options of a Keyring.
type Options struct {
	// Provider is asked; nil is the keyring of the operating system.
	Provider Provider
	// Env looks up DBUS_SESSION_BUS_ADDRESS, DISPLAY and WAYLAND_DISPLAY, as
	// os.LookupEnv does; nil is an empty environment.
	Env func(name string) (value string, ok bool)
	// Headless says that nobody can answer a prompt although a display may
	// exist: a script, a pipe, a test.
	Headless bool
	// Waiting, when set, is called with true once a call has waited for a
	// second on a machine with a display (show "unlock your keyring"), and with
	// false when that call is over. It must return at once.
	Waiting func(waiting bool)
}

// KeyringStore keeps keys in the operating system's keyring. One process
// should have one, so that at most one call is under way. It is safe for
// concurrent use; keys are read once and then kept in memory.
type KeyringStore struct {
	provider Provider
	env      func(name string) (string, bool)
	limit    time.Duration
	probe    time.Duration
	waiting  func(bool)
	absent   func(env func(string) (string, bool)) error

	gate  gate
	mu    sync.Mutex
	cache map[string]secret.Secret
	epoch uint64 // counts what was forgotten
}

// Keyring is the operating system's keyring. Nothing is asked before the first
// call.
func Keyring(o Options) *KeyringStore {
	k := &KeyringStore{
		provider: o.Provider, env: o.Env, limit: ProbeLimit, probe: ProbeLimit,
		waiting: o.Waiting, cache: map[string]secret.Secret{},
	}
	if k.env == nil {
		k.env = func(string) (string, bool) { return "", false }
	}
	if k.waiting == nil {
		k.waiting = func(bool) {}
	}
	if k.provider == nil {
		k.provider, k.absent = system{}, absent
	}
	if !o.Headless && hasDisplay(k.env) {
		k.limit = PromptLimit
	}
	return k
}

// system is the keyring of the operating system.
type system struct{}

func (system) Get(service, user string) (string, error) { return zalando.Get(service, user) }

func (system) Set(service, user, password string) error { return zalando.Set(service, user, password) }

func (system) Delete(service, user string) error { return zalando.Delete(service, user) }

// Get returns a key, from memory when it was read before. Its errors are of
// class keyring: absent, locked, timeout, busy, not-found or failed; or of
// class input for an impossible name.
func (k *KeyringStore) Get(ctx context.Context, profile, key string) (secret.Secret, error) {
	name, err := entry(profile, key)
	if err != nil {
		return secret.Secret{}, err
	}
	if s, _, ok := k.known(name); ok {
		return s, nil
	}
	value, err := k.call(ctx, k.limit, "reading "+name, func() (string, error) { return k.readOnce(name) })
	if errors.Is(err, zalando.ErrNotFound) || (err == nil && value == "") {
		return secret.Secret{}, notFound(name)
	}
	if err != nil {
		return secret.Secret{}, err
	}
	return secret.New([]byte(value)), nil
}

// readOnce reads an entry and keeps it, unless the caller before has. It runs
// inside the gate, so that a late answer is kept too.
func (k *KeyringStore) readOnce(name string) (string, error) {
	s, epoch, ok := k.known(name)
	if ok {
		return string(s.Reveal()), nil
	}
	value, err := k.provider.Get(Service, name)
	if err == nil && value != "" {
		k.remember(name, secret.New([]byte(value)), epoch)
	}
	return value, err
}

// Set stores a key and reads it back. A nil error means that the keyring holds
// exactly these bytes. After a timeout the entry is read again before anything
// is said, as a late call takes effect all the same; when even that gets no
// answer, the error says that the key may be stored.
func (k *KeyringStore) Set(ctx context.Context, profile, key string, value secret.Secret) error {
	name, err := entry(profile, key)
	if err != nil {
		return err
	}
	if value.Empty() {
		return emptyKey(name)
	}
	if err := fits(name, len(value.Reveal())); err != nil {
		return err
	}
	_, err = k.call(ctx, k.limit, "storing "+name, func() (string, error) {
		k.forget(name)
		defer k.forget(name) // also when this ends after the caller has gone
		return "", k.provider.Set(Service, name, string(value.Reveal()))
	})
	late := codeOf(err) == CodeTimeout
	if err != nil && !late {
		return err
	}
	if late {
		// The caller may have gone, yet one short look decides what to tell.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), k.probe)
		defer cancel()
		k.gate.settle(ctx)
	}
	stored, readErr := k.call(ctx, k.probe, "reading back "+name, func() (string, error) { return k.readOnce(name) })
	switch {
	case late && errors.Is(readErr, zalando.ErrNotFound):
		return err
	case late && readErr != nil:
		return failure(CodeTimeout, "the keyring did not answer; "+name+" may or may not be stored",
			"unlock or restart the keyring, then look with: paydesk key show", err)
	case readErr != nil:
		return readErr
	}
	if !value.Equal(secret.New([]byte(stored))) {
		if late {
			return err // the old key is still there
		}
		return failure(CodeAltered, "the keyring did not keep "+name+" byte for byte",
			"it cannot hold this kind of key; use another keyring", nil)
	}
	return nil
}

// Remove deletes a key from the keyring and from memory. A key that is not
// there is the error not-found.
func (k *KeyringStore) Remove(ctx context.Context, profile, key string) error {
	name, err := entry(profile, key)
	if err != nil {
		return err
	}
	_, err = k.call(ctx, k.limit, "removing "+name, func() (string, error) {
		k.forget(name)
		defer k.forget(name) // as in Set
		return "", k.provider.Delete(Service, name)
	})
	if errors.Is(err, zalando.ErrNotFound) {
		return notFound(name)
	}
	return err
}

// probeName is an entry that never exists. A locked keyring never says that an
// entry is not found, so the answer "not found" means that all is well.
const probeName = "probe/none"

// Probe asks whether the keyring answers, within ProbeLimit. It returns nil,
// or the error absent, locked, timeout, busy or failed.
func (k *KeyringStore) Probe(ctx context.Context) error {
	_, err := k.call(ctx, k.probe, "asking the keyring", func() (string, error) { return k.provider.Get(Service, probeName) })
	if errors.Is(err, zalando.ErrNotFound) {
		return nil
	}
	return err
}

// call runs one provider call with a deadline. Its errors are classed, but
// zalando.ErrNotFound, which comes through as it is.
func (k *KeyringStore) call(ctx context.Context, limit time.Duration, what string, op func() (string, error)) (string, error) {
	if k.absent != nil {
		if err := k.absent(k.env); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errLimit)
	defer cancel()
	if limit > ProbeLimit {
		defer k.notice(ctx)()
	}
	value, err := k.gate.run(ctx, op)
	switch {
	case err == nil || errors.Is(err, zalando.ErrNotFound):
		return value, err
	case errors.Is(err, errStuck):
		return "", failure(CodeBusy, what+": an earlier call to the keyring has still not answered",
			"unlock or restart the keyring; nothing was asked this time", nil)
	case errors.Is(err, errLimit):
		return "", failure(CodeTimeout, what+": the keyring did not answer in "+limit.String(),
			"unlock the keyring, or restart its service when it hangs", nil)
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return "", failure(CodeTimeout, what+": stopped waiting for the keyring",
			"try again; a key being stored may be there all the same", err)
	}
	return "", classify(what, err)
}

// notice tells that a person is probably being asked for a password, once the
// call has taken longer than a keyring needs. The returned function ends it.
func (k *KeyringStore) notice(ctx context.Context) (done func()) {
	ctx, cancel := context.WithCancel(ctx)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		timer := time.NewTimer(promptNotice)
		defer timer.Stop()
		select {
		case <-timer.C:
			k.waiting(true)
			<-ctx.Done()
			k.waiting(false)
		case <-ctx.Done():
		}
	}()
	return func() {
		cancel()
		<-finished
	}
}

// known is a key that was read before, and the epoch to remember one with.
func (k *KeyringStore) known(name string) (s secret.Secret, epoch uint64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok = k.cache[name]
	return s, k.epoch, ok
}

// remember keeps a key, unless something was forgotten since the epoch: what
// was read then may be old.
func (k *KeyringStore) remember(name string, s secret.Secret, epoch uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.epoch == epoch {
		k.cache[name] = s
	}
}

// forget drops a key that is about to change.
func (k *KeyringStore) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.cache, name)
	k.epoch++
}

// codeOf is the code of a *client.Error, or "".
func codeOf(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Code
	}
	return ""
}
