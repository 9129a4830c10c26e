// Package hear owns how callbacks come into this process: the one receiver for
// all profiles and its state, and the addresses that gateways are told. A locked
// keyring, a missing key or a taken port turns callbacks off, never the program
// (I14): what was not heard is found by asking. It must never decide what a
// callback means, and never print or log the secret part of an address.
package hear

import (
	"context"
	"log/slog"
	"net/netip"

	"paydesk/client"
	"paydesk/client/secret"
)

// Receiver takes what gateways send.
type Receiver interface {
	Port
	// Add makes one account more known, also while Run serves.
	Add(Route) error
	// Counts are what came since the start, by profile; under "" what found no
	// profile.
	Counts() map[string]Counts
}

// Port is a listening port.
type Port interface {
	// Listen opens it, Run serves it until its context ends and answers what is
	// under way, Close gives up one that was never served.
	Listen(ctx context.Context) error
	Run(ctx context.Context) error
	Close() error
	Addr() netip.AddrPort
}

// Route is the way to one account.
type Route struct {
	Profile string
	Secret  secret.Secret // last part of the path
	Reader  client.CallbackReader
}

// Counts is what one account's route has seen.
type Counts struct {
	Accepted int64 // verified and kept, the first time
	Repeated int64 // verified and known already
	Refused  int64 // not believed
	Unstored int64 // verified, but could not be kept: the gateway sends it again
}

// ReceiverOptions are the parts of a receiver.
type ReceiverOptions struct {
	Addr    string // "host:port"; port 0 takes a free one
	Proxied bool
	Routes  []Route
	Store   func(ctx context.Context, profile string, n client.Notice) (fresh bool, err error)
	Refused func(ctx context.Context, profile string, n client.Notice)
	Log     *slog.Logger
}

// Callbacks makes receivers, and the secrets of their paths.
type Callbacks struct {
	New    func(ReceiverOptions) (Receiver, error)
	Secret func() (secret.Secret, error)
	Prefix string // of all paths, with a slash at both ends
}
