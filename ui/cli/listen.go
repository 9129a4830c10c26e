package cli

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/ledger"
	"paydesk/state/poll"
	"paydesk/state/vault"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/show"
)

// pathKey is the key under which the secret part of a callback address is kept.
const pathKey = "callback_path"

// Receiver takes what gateways send until its context ends.
type Receiver interface {
	Listen(ctx context.Context) error
	Run(ctx context.Context) error
	Addr() netip.AddrPort
	Path(profile string) string // contains the secret
}

// CallbackRoute is the way to one account.
type CallbackRoute struct {
	Profile string
	Secret  secret.Secret
	Reader  client.CallbackReader
}

// ReceiverOptions are the parts of a receiver.
type ReceiverOptions struct {
	Addr    string
	Proxied bool
	Routes  []CallbackRoute
	Store   func(ctx context.Context, profile string, n client.Notice) (fresh bool, err error)
	Refused func(ctx context.Context, profile string, n client.Notice)
	Log     *slog.Logger
}

// Callbacks makes receivers, and the secrets of their paths.
type Callbacks struct {
	New    func(ReceiverOptions) (Receiver, error)
	Secret func() (secret.Secret, error)
}

func (r *run) callbackCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "callback", Short: "receive what gateways send, and list it"}
	cmd.AddCommand(r.callbackListen(), r.callbackList())
	return cmd
}

func (r *run) callbackListen() *cobra.Command {
	var o ReceiverOptions
	cmd := &cobra.Command{
		Use: "listen", Short: "receive callbacks and ask the gateways about them",
		Long:    "Takes callbacks of all profiles, or of --profile. Each is verified, stored and\nacknowledged; then the gateway is asked, and only its answer counts. Printed once: the\naddress for each profile, which holds a secret and belongs into the gateway's portal.",
		Example: "  paydesk callback listen --addr 127.0.0.1:8787\n  paydesk callback listen --addr 10.0.0.7:8787 --proxied",
		Args:    exactly(0, "callback listen takes no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := r.opened(cmd.Context())
			if err != nil {
				return err
			}
			return s.listen(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Addr, "addr", "127.0.0.1:8787", "address to listen on; port 0 takes a free one")
	cmd.Flags().BoolVar(&o.Proxied, "proxied", false, "a reverse proxy that ends TLS stands in front")
	return cmd
}

// listen receives and polls until ctx ends.
func (s *session) listen(ctx context.Context, o ReceiverOptions) error {
	profiles, err := s.cfg.Scope()
	if err != nil {
		return err
	}
	o.Log, o.Store = s.log, s.desk.Heard
	o.Refused = func(ctx context.Context, profile string, n client.Notice) {
		if _, err := s.desk.Heard(ctx, profile, n); err != nil {
			s.log.Warn("a refused callback was not kept", "profile", profile, "error", err)
		}
	}
	for _, p := range profiles {
		route, err := s.callbackRoute(ctx, p)
		if err != nil {
			return err
		}
		o.Routes = append(o.Routes, route)
	}
	receiver, err := s.run.Callbacks.New(o)
	if err != nil {
		return err
	}
	if err := receiver.Listen(ctx); err != nil {
		return err
	}
	urls := map[string]string{}
	for _, p := range profiles {
		urls[p.Name] = "http://" + receiver.Addr().String() + receiver.Path(p.Name)
	}
	if err := show.Line(s.run.Out, listening{Ready: true, URLs: urls}); err != nil {
		return err
	}
	poller := poll.New(poll.Options{Desk: s.desk, Source: s.store, Feed: s.feed, Profiles: s.cfg.Names(), Clock: s.run.Clock, Log: s.log})
	var group sync.WaitGroup
	inner, stop := context.WithCancel(ctx)
	group.Go(func() { poller.Run(inner) })
	err = receiver.Run(ctx)
	stop()
	group.Wait()
	return errors.Join(err, ctx.Err())
}

// listening is the line that says that the receiver is ready.
type listening struct {
	Ready bool              `json:"ready"`
	URLs  map[string]string `json:"urls"`
}

// callbackRoute reads the keys that verify a profile's callbacks.
func (s *session) callbackRoute(ctx context.Context, p config.Profile) (CallbackRoute, error) {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return CallbackRoute{}, err
	}
	keys, err := s.accountKeys(ctx, g, p)
	if err != nil {
		return CallbackRoute{}, err
	}
	reader, err := g.Callbacks(gate.Account{Profile: p, Keys: keys, Clock: s.run.Clock, Random: s.run.Random, Log: s.log})
	if err != nil {
		return CallbackRoute{}, err
	}
	path, err := s.pathSecret(ctx, p)
	return CallbackRoute{Profile: p.Name, Secret: path, Reader: reader}, err
}

// pathSecret is the secret of a profile's address, made on first use. Where it
// cannot be kept, because the keys are files of a sandbox, it lasts for this run.
func (s *session) pathSecret(ctx context.Context, p config.Profile) (secret.Secret, error) {
	path, err := s.keysOf(p).Get(ctx, p.Name, pathKey)
	if err == nil {
		return path, nil
	}
	if p.KeysDir == "" && !missing(err) {
		return secret.Secret{}, err
	}
	if path, err = s.run.Callbacks.Secret(); err != nil {
		return secret.Secret{}, err
	}
	err = s.keysOf(p).Set(ctx, p.Name, pathKey, path)
	if e := worst(err); e != nil && e.Code == vault.CodeReadOnly {
		err = nil
	}
	return path, err
}

func (r *run) callbackList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the callbacks that came, newest first",
		Args: exactly(0, "callback list takes no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := r.opened(cmd.Context())
			if err != nil {
				return err
			}
			names, _, err := s.scope()
			if err != nil {
				return err
			}
			return s.listCallbacks(cmd.Context(), names)
		},
	}
}

func (s *session) listCallbacks(ctx context.Context, profiles []string) error {
	list, err := s.store.Inbox(ctx, ledger.InboxFilter{Profiles: profiles, Limit: 1000})
	if err != nil {
		return err
	}
	for _, n := range list {
		line := received{
			Profile: n.Profile, Kind: string(n.Kind), Subject: n.Subject, Status: n.Status, Said: n.Said, Verified: n.Verified,
			Reason: n.Reason, Orphan: n.Orphan, Times: n.Times, ReceivedAt: n.ReceivedAt.UTC().Format(time.RFC3339Nano), Digest: n.Digest,
		}
		if err := show.Line(s.run.Out, line); err != nil {
			return err
		}
	}
	return nil
}

// received is a callback as `callback list` prints it.
type received struct {
	Profile    string `json:"profile"`
	Kind       string `json:"kind"`
	Subject    string `json:"subject,omitempty"`
	Status     string `json:"status,omitempty"`
	Said       string `json:"said,omitempty"`
	Verified   bool   `json:"verified"`
	Reason     string `json:"reason,omitempty"`
	Orphan     bool   `json:"orphan,omitempty"`
	Times      int    `json:"times"`
	ReceivedAt string `json:"received_at"`
	Digest     string `json:"digest"`
}
