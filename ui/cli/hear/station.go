package hear

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/vault"
)

// retryEvery is how long a port that is taken, or a key that cannot be read, is
// left alone before it is tried again.
const retryEvery = 30 * time.Second

// Options are the parts of a Station. Log, Opened, Again and Changed may be nil.
type Options struct {
	New       func(ReceiverOptions) (Receiver, error)
	Addr      string
	Proxied   bool
	Profiles  []config.Profile
	Addresses *Addresses
	// Reader reads the keys that verify a profile's callbacks; it may take as long
	// as the keyring does.
	Reader func(ctx context.Context, p config.Profile) (client.CallbackReader, error)
	// Heard keeps what came; it is durable when it returns nil.
	Heard func(ctx context.Context, profile string, n client.Notice) (fresh bool, err error)
	// Again says that the keys of a profile, which could not be read, can be had
	// now without bothering anybody; nil: never.
	Again   func(profile string) bool
	Opened  func(at netip.AddrPort) // told when the port is open
	Changed func()                  // told when State reads differently
	Log     *slog.Logger
}

// Station is the receiver for all profiles of this process, and its state. Use
// Run, or Listen and then Serve. State may be called at any time.
type Station struct {
	o Options

	mu       sync.Mutex
	receiver Receiver // nil while nothing listens
	places   []place  // one for each profile
	trouble  error    // why nothing listens
}

// place is one profile's part.
type place struct {
	profile config.Profile
	route   Route // with a Reader once the keys were read
	err     error // why there is none
	tried   bool
}

// State is how callbacks come in.
type State struct {
	At        netip.AddrPort // where it listens; the zero value while it does not
	Starting  bool           // nothing was tried yet, or keys are being read
	Err       error          // why it does not listen; when no profile is left, why the first one is off
	Profiles  []ProfileState
	Strangers int64 // requests that found no profile
}

// ProfileState is one profile's part of State.
type ProfileState struct {
	Profile string
	On      bool
	Err     error         // why its own callbacks are off, whatever State.Err says
	Local   secret.Secret // where they arrive at this machine, with the secret; empty while nothing listens
	Address secret.Secret // the same as gateways are told it, or else Local
	Shown   string        // Address without its secret
	Public  bool          // Address is what gateways are told
	Counts  Counts
}

// NewStation returns a station at rest.
func NewStation(o Options) *Station {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Again == nil {
		o.Again = func(string) bool { return false }
	}
	if o.Opened == nil {
		o.Opened = func(netip.AddrPort) {}
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	s := &Station{o: o}
	for _, p := range o.Profiles {
		s.places = append(s.places, place{profile: p})
	}
	return s
}

// Run receives until ctx ends. What stands in the way becomes State and is tried
// again; it never fails.
func (s *Station) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.Listen(ctx)
		if err == nil {
			err = s.Serve(ctx)
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		if !rest(ctx, retryEvery) {
			return
		}
	}
}

// Listen reads the keys of all profiles and opens the port. A profile whose keys
// cannot be had is off and stops no other; when none is left its error, and else
// that of the port, is returned.
func (s *Station) Listen(ctx context.Context) error {
	if s.listening() != nil {
		return nil
	}
	s.read(ctx)
	err := s.open(ctx)
	s.mu.Lock()
	again := err != nil && s.trouble != nil && err.Error() == s.trouble.Error()
	s.trouble = err
	s.mu.Unlock()
	switch {
	case again:
		return err // has been told
	case err != nil:
		s.o.Log.Warn("callbacks are off", "error", err)
	default:
		s.o.Opened(s.listening().Addr())
	}
	s.o.Changed()
	return err
}

func (s *Station) listening() Receiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receiver
}

// open makes a receiver of what was read, and opens its port.
func (s *Station) open(ctx context.Context) error {
	o := ReceiverOptions{Addr: s.o.Addr, Proxied: s.o.Proxied, Store: s.o.Heard, Refused: s.refused, Log: s.o.Log}
	var missing error
	s.mu.Lock()
	for _, p := range s.places {
		if p.route.Reader != nil {
			o.Routes = append(o.Routes, p.route)
		}
		missing = cmp.Or(missing, p.err)
	}
	s.mu.Unlock()
	if len(o.Routes) == 0 {
		return cmp.Or(missing, error(&client.Error{Class: client.ClassConfig, Code: "no-profile", Message: "no profile takes callbacks", Hint: "set one up with: paydesk profile add"}))
	}
	receiver, err := s.o.New(o)
	if err != nil {
		return err
	}
	if err := receiver.Listen(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receiver = receiver
	return nil
}

// refused keeps what cannot be believed as evidence.
func (s *Station) refused(ctx context.Context, profile string, n client.Notice) {
	if _, err := s.o.Heard(ctx, profile, n); err != nil {
		s.o.Log.Warn("a refused callback was not kept", "profile", profile, "error", err)
	}
}

// Serve receives at the port that Listen opened, until ctx ends; requests under
// way are answered first. Its error is that of the port.
func (s *Station) Serve(ctx context.Context) error {
	receiver := s.listening()
	if receiver == nil {
		return &client.Error{Class: client.ClassBug, Code: "callback", Message: "the receiver serves before it listens"}
	}
	inner, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { s.late(inner, receiver) })
	err := receiver.Run(ctx)
	stop()
	group.Wait()
	s.mu.Lock()
	s.receiver, s.trouble = nil, err
	s.mu.Unlock()
	s.o.Changed()
	return err
}

// Close gives up a port that was opened and never served.
func (s *Station) Close() error {
	receiver := s.listening()
	if receiver == nil {
		return nil
	}
	return receiver.Close()
}

// late adds the profiles whose keys can be had later.
func (s *Station) late(ctx context.Context, receiver Receiver) {
	for rest(ctx, retryEvery) {
		for _, added := range s.read(ctx) {
			err := receiver.Add(added)
			if err != nil {
				s.note(added.Profile, Route{}, err)
			}
		}
	}
}

// read reads the keys of the profiles that have none yet, the first time of all
// of them, and returns the routes that are new.
func (s *Station) read(ctx context.Context) (fresh []Route) {
	s.mu.Lock()
	places := slices.Clone(s.places)
	s.mu.Unlock()
	for _, p := range places {
		if p.route.Reader != nil || (p.tried && !s.o.Again(p.profile.Name)) || ctx.Err() != nil {
			continue
		}
		route, err := s.route(ctx, p.profile)
		if err == nil {
			fresh = append(fresh, route)
		} else if !p.tried {
			s.o.Log.Warn("callbacks of a profile are off", "profile", p.profile.Name, "error", err)
		}
		s.note(p.profile.Name, route, err)
	}
	return fresh
}

// route reads what a profile's callbacks are found and verified by.
func (s *Station) route(ctx context.Context, p config.Profile) (Route, error) {
	reader, err := s.o.Reader(ctx, p)
	if err != nil {
		return Route{}, err
	}
	path, err := s.o.Addresses.Secret(ctx, p)
	if err != nil {
		return Route{}, err
	}
	return Route{Profile: p.Name, Secret: path, Reader: reader}, nil
}

// note keeps what came of reading a profile's keys.
func (s *Station) note(profile string, route Route, err error) {
	s.mu.Lock()
	for i := range s.places {
		if p := &s.places[i]; p.profile.Name == profile {
			p.route, p.err, p.tried = route, err, true
		}
	}
	s.mu.Unlock()
	s.o.Changed()
}

// Hears reports whether a profile's callbacks are received now.
func (s *Station) Hears(profile string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receiver != nil && slices.ContainsFunc(s.places, func(p place) bool { return p.profile.Name == profile && p.route.Reader != nil })
}

// State is how callbacks come in now.
func (s *Station) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	var state State
	var counts map[string]Counts
	if s.receiver != nil {
		state.At, counts = s.receiver.Addr(), s.receiver.Counts()
		state.Strangers = counts[""].Refused
	}
	state.Err = s.trouble
	for _, p := range s.places {
		on := s.receiver != nil && p.route.Reader != nil
		one := ProfileState{Profile: p.profile.Name, On: on, Err: p.err, Counts: counts[p.profile.Name]}
		if p.route.Reader != nil {
			s.o.Addresses.show(&one, p.profile, state.At, p.route.Secret)
		}
		state.Starting = state.Starting || !p.tried
		state.Profiles = append(state.Profiles, one)
	}
	return state
}

// Brief is why callbacks are off, in words that fit a header.
func Brief(err error) string {
	e, ok := errors.AsType[*client.Error](err)
	switch {
	case err == nil:
		return ""
	case !ok:
		return "failed"
	case e.Class == client.ClassKeyring && e.Code == vault.CodeNotFound:
		return "key missing"
	case e.Class == client.ClassKeyring && e.Code == vault.CodeLocked:
		return "keyring locked"
	case e.Class == client.ClassKeyring:
		return "no key"
	case e.Code == "port-taken":
		return "port taken"
	case e.Code == "listen":
		return "cannot listen"
	case e.Class == client.ClassConfig:
		return "settings"
	}
	return fmt.Sprint(e.Class)
}

// rest waits; false when ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
