// Package desk is the only door to money. It plans refunds and unbindings,
// takes consent, commits the intent, sends it, and settles it by asking the
// gateway; it enforces limits and read-only whatever the screen above it says.
// It never draws, never parses a gateway's protocol and never holds SQL.
package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"paydesk/client"
	"paydesk/state/desk/link"
	"paydesk/state/desk/moves"
	"paydesk/state/desk/unsaved"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// Environments of a profile.
const (
	Production = "production"
	Test       = "test"
	Sandbox    = "sandbox"
)

// Profile is one merchant account as the desk needs to know it.
type Profile struct {
	Name        string
	Gateway     string // "payermax"
	Brand       string // "PayerMax", "Checus" …, for people
	Environment string
	Merchant    string // account number at the gateway
	Policy      Policy
}

// Connect opens the gateway of a profile: it reads the keys and builds the
// signed client. It may take as long as the keyring does, and obeys ctx.
type Connect func(ctx context.Context, profile string) (client.Gateway, error)

// Publisher takes news of changes; it must not block.
type Publisher interface{ Publish(...feed.Change) }

// Options are the desk's parts; Feed and Log may be nil.
type Options struct {
	Store    ledger.Store
	Profiles []Profile
	Connect  Connect
	Agent    string // who is at the desk
	Clock    func() time.Time
	Mono     func() time.Duration // since the process started
	Jitter   func() uint32        // any number; spreads looks in time
	// CallbackExpected says whether a profile's gateway has been told where to
	// call back, so that an end that was found by asking alone tells of a missed
	// callback; nil: nowhere.
	CallbackExpected func(profile string) bool
	// Step is called at each named moment of the money path; only a test sets it,
	// to end the process there (reliability: section 10). nil: nothing happens.
	Step func(moves.Step)
	Feed Publisher
	Log  *slog.Logger
}

// Desk is safe for concurrent use.
type Desk struct {
	store    ledger.Store
	profiles []Profile
	connect  Connect
	agent    string
	clock    func() time.Time
	mono     func() time.Duration
	jitter   func() uint32
	calledBy func(profile string) bool
	step     func(moves.Step)
	feed     Publisher
	log      *slog.Logger

	mu       sync.Mutex
	gateways map[string]*gatewaySlot
	unlocked map[string]time.Time // profile → end of its unlock

	unsaved unsaved.List

	inFlight sync.Map // profile + "|" + number → struct{}: one Advance at a time
}

type gatewaySlot struct {
	mu      sync.Mutex
	gateway client.Gateway
	link    link.State
}

// New returns a desk over its parts.
func New(o Options) *Desk {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Jitter == nil {
		o.Jitter = func() uint32 { return 0 }
	}
	if o.CallbackExpected == nil {
		o.CallbackExpected = func(string) bool { return false }
	}
	if o.Step == nil {
		o.Step = func(moves.Step) {}
	}
	return &Desk{
		calledBy: o.CallbackExpected, step: o.Step, store: o.Store, profiles: slices.Clone(o.Profiles), connect: o.Connect, agent: o.Agent, clock: o.Clock,
		mono: o.Mono, jitter: o.Jitter, feed: o.Feed, log: o.Log,
		gateways: map[string]*gatewaySlot{}, unlocked: map[string]time.Time{},
	}
}

// Profiles lists the accounts in the order of the configuration.
func (d *Desk) Profiles() []Profile { return slices.Clone(d.profiles) }

// Profile finds an account by name; ClassNotFound when there is none.
func (d *Desk) Profile(name string) (Profile, error) {
	for _, p := range d.profiles {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, &client.Error{
		Class: client.ClassNotFound, Code: "profile", Message: fmt.Sprintf("no profile is called %q", name),
		Hint: "`paydesk profile list` shows the names",
	}
}

// Agent is who is at the desk.
func (d *Desk) Agent() string { return d.agent }

// Store gives reading access to the ledger.
func (d *Desk) Store() ledger.Reader { return d.store }

// Gateway returns the connected gateway of a profile, opening it on first use;
// a failure is not remembered, so that the next call tries again.
func (d *Desk) Gateway(ctx context.Context, profile string) (client.Gateway, error) {
	if _, err := d.Profile(profile); err != nil {
		return nil, err
	}
	d.mu.Lock()
	slot := d.gateways[profile]
	if slot == nil {
		slot = &gatewaySlot{}
		d.gateways[profile] = slot
	}
	d.mu.Unlock()

	slot.mu.Lock()
	defer slot.mu.Unlock()
	if slot.gateway != nil {
		return slot.gateway, nil
	}
	g, err := d.connect(ctx, profile)
	if err != nil {
		slot.link.Failed(d.clock(), err)
		return nil, err
	}
	slot.gateway = link.Observe(g, &slot.link, d.clock)
	return slot.gateway, nil
}

// Link is what is known of the way to a gateway.
type Link = link.Link

// Link returns the state of the way to a profile's gateway.
func (d *Desk) Link(profile string) Link {
	d.mu.Lock()
	slot := d.gateways[profile]
	d.mu.Unlock()
	if slot == nil {
		return Link{}
	}
	return slot.link.Read()
}

// Forget drops the connected gateway of a profile, for example after its keys
// changed.
func (d *Desk) Forget(profile string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.gateways, profile)
}

// Capabilities of a profile's gateway, connecting if needed.
func (d *Desk) Capabilities(ctx context.Context, profile string) (client.Capabilities, error) {
	g, err := d.Gateway(ctx, profile)
	if err != nil {
		return client.Capabilities{}, err
	}
	return g.Capabilities(), nil
}

func (d *Desk) publish(changes ...feed.Change) {
	if d.feed != nil {
		d.feed.Publish(changes...)
	}
}

// update runs one decision and tells the subscribers about it afterwards.
func (d *Desk) update(ctx context.Context, fn func(ledger.Tx) error, changes ...feed.Change) error {
	if err := d.store.Update(ctx, fn); err != nil {
		return storageError(err)
	}
	d.publish(append(changes, feed.Change{Kind: feed.Journal})...)
	return nil
}

// storageError classes what a ledger returned; classed errors pass.
func storageError(err error) error {
	switch {
	case err == nil, client.ClassOf(err) != client.ClassBug,
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ledger.ErrBusy):
		return &client.Error{
			Class: client.ClassStorage, Code: "busy", Message: "another process holds the ledger", Err: err,
			Hint: "nothing was sent; try again in a moment",
		}
	case errors.Is(err, ledger.ErrReadOnly):
		return &client.Error{
			Class: client.ClassStorage, Code: "read-only", Message: "the ledger cannot be written", Err: err,
			Hint: "nothing was sent; `paydesk doctor` says what is wrong with it",
		}
	}
	return &client.Error{
		Class: client.ClassStorage, Code: "ledger", Message: "the ledger failed", Err: err,
		Hint: "nothing more was sent; `paydesk doctor` looks at the ledger and the disk",
	}
}

// notInLedger says that a number is not there, in the person's words.
func notInLedger(kind, no string, err error) error {
	if errors.Is(err, ledger.ErrAmbiguous) {
		return &client.Error{
			Class: client.ClassInput, Code: "ambiguous", Message: fmt.Sprintf("%s number %q belongs to more than one record", kind, no),
			Hint: "give the profile, or the merchant's own number",
		}
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return &client.Error{
			Class: client.ClassNotFound, Code: kind, Message: fmt.Sprintf("no %s %q in the ledger", kind, no),
			Hint: "check the number and the profile",
		}
	}
	return storageError(err)
}

func policyError(code, message, hint string) *client.Error {
	return &client.Error{Class: client.ClassPolicy, Code: code, Message: message, Hint: hint}
}

// unanswered classes a reading call that brought no believable answer: nothing
// that moves money was sent, so the outcome of nothing is unknown.
func unanswered(err error) error {
	var e *client.Error
	if !errors.As(err, &e) || e.Class != client.ClassUnknown {
		return err
	}
	plain := *e
	plain.Class = client.ClassNotSent
	plain.Hint = "nothing was changed and no money moved; try again, or see `paydesk doctor`"
	return &plain
}
