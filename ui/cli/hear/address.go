package hear

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/vault"
)

// PathKey is the key under which the secret part of a callback address is kept.
const PathKey = "callback_path"

// hidden stands for the secret part of an address.
const hidden = "•••"

// Keys is where the secrets of a profile are.
type Keys interface {
	Get(ctx context.Context, profile, key string) (secret.Secret, error)
	Set(ctx context.Context, profile, key string, value secret.Secret) error
}

// AddressOptions are the parts of Addresses; all are needed.
type AddressOptions struct {
	Callback config.Callback
	Prefix   string // before the secret, with a slash at both ends
	Keys     func(config.Profile) Keys
	Make     func() (secret.Secret, error) // draws a new path secret
}

// Addresses are the callback addresses of profiles, each with a secret of its own
// in its path. They are safe for concurrent use.
type Addresses struct {
	o        AddressOptions
	turn     chan struct{}            // one at a time may make a secret
	known    map[string]secret.Secret // by profile, guarded by turn
	receives atomic.Bool
	local    atomic.Pointer[string] // replaces public_url for a sandbox in this process
}

// NewAddresses returns the addresses; it reads no key.
func NewAddresses(o AddressOptions) *Addresses {
	return &Addresses{o: o, turn: make(chan struct{}, 1), known: map[string]secret.Secret{}}
}

// Receive says that this process receives callbacks itself.
func (a *Addresses) Receive() { a.receives.Store(true) }

// Local tells where the receiver of a sandbox listens that runs in this very
// process; it then stands for the public address.
func (a *Addresses) Local(at netip.AddrPort) {
	base := "http://" + at.String()
	a.local.Store(&base)
}

// base is what stands before the path in a profile's address, "" for none.
func (a *Addresses) base(p config.Profile) string {
	if local := a.local.Load(); local != nil && p.Environment == config.Sandbox {
		return *local
	}
	return a.o.Callback.Base(p)
}

// Told reports whether requests of a profile name a callback address. Where its
// keys are files, which are only read, the secret lasts as long as this process:
// an address of it would lead nowhere, unless this process is what receives.
func (a *Addresses) Told(p config.Profile) bool {
	return a.base(p) != "" && (p.KeysDir == "" || a.receives.Load())
}

// ForRequests is the address that a profile's requests name, or an empty one. It
// makes the path secret on first use. Errors are those of the keyring.
func (a *Addresses) ForRequests(ctx context.Context, p config.Profile) (secret.Secret, error) {
	if !a.Told(p) {
		return secret.Secret{}, nil
	}
	path, err := a.Secret(ctx, p)
	if err != nil {
		return secret.Secret{}, err
	}
	return a.join(a.base(p), path), nil
}

// show fills in where a profile's callbacks arrive, with a receiver at this
// machine's address at; the zero value is none.
func (a *Addresses) show(into *ProfileState, p config.Profile, at netip.AddrPort, path secret.Secret) {
	here := "http://" + at.String()
	if at.IsValid() {
		into.Local = a.join(here, path)
		into.Address, into.Shown = into.Local, here+a.o.Prefix+hidden
	}
	if base := a.base(p); base != "" {
		into.Address, into.Shown, into.Public = a.join(base, path), base+a.o.Prefix+hidden, true
	}
}

func (a *Addresses) join(base string, path secret.Secret) secret.Secret {
	return secret.New(append([]byte(base+a.o.Prefix), path.Reveal()...))
}

// Secret is the secret of a profile's path, made on first use. It is kept where
// the profile's keys are; beside key files, which are only read, it lasts for
// this process.
func (a *Addresses) Secret(ctx context.Context, p config.Profile) (secret.Secret, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return secret.Secret{}, ctx.Err()
	}
	if path, ok := a.known[p.Name]; ok {
		return path, nil
	}
	path, err := a.o.Keys(p).Get(ctx, p.Name, PathKey)
	if err != nil && p.KeysDir == "" && codeOf(err) != vault.CodeNotFound {
		return secret.Secret{}, err
	}
	if err != nil {
		if path, err = a.create(ctx, p); err != nil {
			return secret.Secret{}, err
		}
	}
	a.known[p.Name] = path
	return path, nil
}

// create draws a secret and keeps it. What another process has kept in the same
// moment counts, so it is read again.
func (a *Addresses) create(ctx context.Context, p config.Profile) (secret.Secret, error) {
	path, err := a.o.Make()
	if err != nil {
		return secret.Secret{}, err
	}
	keys := a.o.Keys(p)
	switch err := keys.Set(ctx, p.Name, PathKey, path); {
	case codeOf(err) == vault.CodeReadOnly:
		return path, nil
	case err != nil:
		return secret.Secret{}, err
	}
	if kept, err := keys.Get(ctx, p.Name, PathKey); err == nil {
		return kept, nil
	}
	return path, nil
}

// codeOf is the code of an error of the keyring, else "".
func codeOf(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok && e.Class == client.ClassKeyring {
		return e.Code
	}
	return ""
}
