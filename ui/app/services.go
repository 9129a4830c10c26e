// Package app owns the console: the one Bubble Tea model, which routes keys,
// answers and news to its pages and draws what surrounds them. It asks the
// state services and shows what they say; it must never move money by itself,
// touch a gateway, or wait for anything while drawing.
package app

import (
	"context"
	"io"
	"log/slog"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// Planner plans refunds and commits what was consented to.
type Planner interface {
	Outline(ctx context.Context, ask desk.Ask) (desk.Plan, error)
	Plan(ctx context.Context, ask desk.Ask) (desk.Plan, error)
	Commit(ctx context.Context, plan desk.Plan, consent desk.Consent) (ledger.Refund, error)
}

// Settler takes back, or renews the consent of, refunds that were not sent.
type Settler interface {
	Cancel(ctx context.Context, profile, no string) (ledger.Refund, error)
	Confirm(ctx context.Context, profile, no string) (ledger.Refund, error)
}

// Finder asks a gateway for an order.
type Finder interface {
	LookUp(ctx context.Context, profile, no string) (desk.Found, error)
}

// Cards lists and unbinds saved cards.
type Cards interface {
	Tokens(ctx context.Context, profile, user string) ([]ledger.Token, error)
	PlanUnbind(ctx context.Context, profile, user, token, reason string) (desk.UnbindPlan, error)
	CommitUnbind(ctx context.Context, plan desk.UnbindPlan) (ledger.Unbind, error)
}

// Accounts knows the profiles, whether money may move in them, and the way to
// their gateways.
type Accounts interface {
	Profiles() []desk.Profile
	ReadOnly(profile string) (locked bool, until time.Time)
	Unlock(ctx context.Context, profile string, lasts time.Duration) error
	Link(profile string) desk.Link
}

// Desk is all that the console asks of the desk; *desk.Desk is one. None of
// its methods that the console calls sends money: the poller does, by Advance.
type Desk interface {
	Planner
	Settler
	Finder
	Cards
	Accounts
	Statements
	// Gateway opens a profile's gateway, which reads its keys and may take as long
	// as the keyring does. The console reads what it can do and calls nothing of it.
	Gateway(ctx context.Context, profile string) (client.Gateway, error)
	CloseOrder(ctx context.Context, profile, no string) (ledger.Order, error)
	Balance(ctx context.Context, profile string) (client.Money, error)
}

// Statements reads the payments that a gateway lists by day.
type Statements interface {
	StatementZone(ctx context.Context, profile string) (*time.Location, error)
	Statement(ctx context.Context, profile string, from, to client.Day, afresh bool, took func(desk.Page) error) error
}

// Services are the console's parts. Desk, Ledger, Feed and Clock are needed;
// everything else has a sensible zero value.
type Services struct {
	Desk   Desk
	Ledger ledger.Reader
	// Health says whether the ledger can be written; nil: it can.
	Health func() ledger.Health
	Feed   *feed.Feed
	// Look asks the poller to look at one refund ahead of its time; it never
	// waits. nil: nothing polls.
	Look func(profile, no string)
	// Inspect verifies the signature of a body of a kind (client.BodyRequest …)
	// with the keys and the dialect of a profile; an empty sign is taken from the
	// body. It may take as long as the keyring does. nil: no keys are at hand.
	Inspect func(ctx context.Context, profile, kind, sign string, body []byte) (client.Inspection, error)
	// Callbacks says how callbacks arrive; it never waits. nil: this console
	// receives none.
	Callbacks func() Callbacks
	// Shown is called once, behind the first frame; nil: nobody waits for it.
	Shown func()

	Profile string // at start; "" is all profiles
	Version string
	Notices []string // problems found before the start, for the person

	Theme     string              // "auto", or the name of a built-in or user theme
	ThemesDir string              // of the user's themes; "" when there is none
	Keys      map[string][]string // action ID → the keys that replace its own
	NoColor   bool
	Linear    bool // asked for the screen-reader mode

	Clock func() time.Time
	Loc   *time.Location // of the times on screen; nil: time.Local
	Log   *slog.Logger   // nil: nothing is logged

	In  io.Reader // a terminal; nil: the process's own
	Out io.Writer
}

// Callbacks is how callbacks arrive in this process.
type Callbacks struct {
	At        string // address and port; "" while nothing listens
	Starting  bool   // keys are still being read
	Why       string // why nothing listens, in words that fit the header
	Err       error  // the same in full
	Profiles  []Callback
	Strangers int64 // requests that found no profile
}

// Callback is one profile's part of Callbacks.
type Callback struct {
	Profile string
	On      bool
	Why     string // why its own are off, in words that fit the header
	Err     error  // the same in full; nil also when nothing listens at all
	Shown   string // where they arrive, without the secret part; "" while that is not known
	Public  bool   // Shown is what the gateway is told, not only this machine's address
	// Address is Shown with its secret part, for the clipboard only.
	Address func() string

	Accepted, Repeated, Refused, Unstored int64
}
