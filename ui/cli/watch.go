package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/state/config"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/state/poll"
	"paydesk/ui/cli/settle"
	"paydesk/ui/cli/show"
)

func (r *run) refundWatch() *cobra.Command {
	return &cobra.Command{
		Use: "watch [NO]", Short: "follow one refund, or all open ones, to the end",
		Long:    "Prints a line at each change until the refund is settled: exit 0 when it succeeded,\n3 when it did not. Without NO it follows every open refund until none is left.",
		Example: "  paydesk refund watch RX4KQ… --json\n  paydesk refund watch",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly(1, "give one refund's number, or none for all")(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return r.watchAll(cmd.Context())
			}
			return r.watchOne(cmd.Context(), args[0])
		},
	}
}

func (r *run) watchOne(ctx context.Context, no string) error {
	s, refund, err := r.refundOf(ctx, no)
	if err != nil {
		return err
	}
	if refund.Status.Open() {
		refund, err = settle.Look(ctx, s.desk, refund)
	}
	if printing := s.printRefund(refund); printing != nil {
		return printing
	}
	if err != nil && !settle.Lasting(err) && ctx.Err() == nil {
		s.run.narrate("%s", newProblem(err).Message)
		err = nil
	}
	if err == nil {
		refund, err = s.follow(ctx, refund, time.Time{}, s.printRefund)
	}
	if refund.Alert == desk.AlertConfirm && err == nil {
		return waitsForConsent(refund)
	}
	if ctx.Err() != nil && refund.Status.Open() {
		return ctx.Err()
	}
	return outcome(refund, err)
}

func waitsForConsent(r ledger.Refund) error {
	return &client.Error{
		Class: client.ClassPolicy, Code: desk.AlertConfirm, Message: fmt.Sprintf("refund %s was never sent and its consent is older than 15 minutes", r.RefundNo),
		Hint: "`paydesk refund resume --yes` sends it, `paydesk refund cancel " + r.RefundNo + "` takes it back",
	}
}

func (r *run) watchAll(ctx context.Context) error {
	s, err := r.opened(ctx)
	if err != nil {
		return err
	}
	names, _, err := s.scope()
	if err != nil {
		return err
	}
	t := &teller{s: s, every: true, told: map[string]client.RefundStatus{}}
	t.lanes().Run(ctx, names)
	if err := errors.Join(t.printing, ctx.Err()); err != nil {
		return err
	}
	if len(t.failures) > 0 {
		return &exitError{code: exitCode(errors.Join(t.failures...))}
	}
	return nil
}

// follow follows one refund at the pace of somebody who watches it.
func (s *session) follow(ctx context.Context, r ledger.Refund, until time.Time, changed func(ledger.Refund) error) (ledger.Refund, error) {
	return settle.Follow(ctx, s.desk, s.run.Clock, s.brisk(r.Profile), r, until, changed)
}

// teller tells what the lanes do.
type teller struct {
	s        *session
	every    bool                           // print each change, not only the end
	told     map[string]client.RefundStatus // what was printed last, by profile and number
	printing error
	failures []error
}

func (t *teller) lanes() *settle.Lanes {
	return &settle.Lanes{
		Desk: t.s.desk, Source: t.s.store, Clock: t.s.run.Clock, Log: t.s.log,
		News: settle.News{
			Refund:  func(r ledger.Refund) { t.show(r, t.every) },
			Waiting: t.waiting,
			Unbound: func(u ledger.Unbind) { t.printing = errors.Join(t.printing, t.s.printUnbound(context.Background(), u)) },
			Trouble: func(no string, err error) { t.s.run.narrate("%s: %s", no, newProblem(err).Message) },
			Failed:  t.failed,
		},
	}
}

// show prints a refund at its end, or with open set also before; what is not
// printed is narrated.
func (t *teller) show(r ledger.Refund, open bool) {
	key := r.Profile + "|" + r.RefundNo
	if t.told[key] == r.Status {
		return
	}
	if open || !r.Status.Open() {
		t.told[key] = r.Status
		t.printing = errors.Join(t.printing, t.s.printRefund(r))
		return
	}
	if key += "|narrated"; t.told[key] != r.Status {
		t.told[key] = r.Status
		t.s.run.narrate("refund %s of %s is %s", r.RefundNo, r.Amount, r.Status)
	}
}

// waiting tells once that a consent has grown old.
func (t *teller) waiting(r ledger.Refund) {
	key := r.Profile + "|" + r.RefundNo + "|confirm"
	if t.told[key] != "" {
		return
	}
	t.told[key] = r.Status
	p := newProblem(waitsForConsent(r))
	t.s.run.narrate("%s: %s", p.Message, p.Hint)
}

// failed keeps and tells what stopped a profile's lane; the others go on.
func (t *teller) failed(profile string, err error) {
	t.failures = append(t.failures, err)
	p := newProblem(err)
	p.Message = "profile " + profile + ": " + p.Message
	t.s.run.say(p, exitCode(err))
}

func (r *run) refundResume() *cobra.Command {
	var yes bool
	var patient time.Duration
	cmd := &cobra.Command{
		Use: "resume", Short: "settle what a crash or a lost answer left open",
		Long: `Asks the gateways about every open refund and unbinding of all profiles, sends what
was surely never sent, always under its own number, and exits 0 when nothing is left
unknown, else 4. It may be run at any time and any number of times.`,
		Example: "  paydesk refund resume\n  paydesk refund resume --profile shop-hk --wait 5m --json",
		Args:    exactly(0, "resume takes no number; refund watch NO follows one"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.resume(cmd.Context(), patient, yes) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "send also what was never sent and whose consent is older than 15 minutes")
	cmd.Flags().DurationVar(&patient, "wait", time.Minute, "how long to go on asking")
	return cmd
}

func (r *run) resume(ctx context.Context, patient time.Duration, yes bool) error {
	s, err := r.opened(ctx)
	if err != nil {
		return err
	}
	names, _, err := s.scope()
	if err != nil {
		return err
	}
	t := &teller{s: s, told: map[string]client.RefundStatus{}}
	lanes := t.lanes()
	lanes.Until, lanes.Confirm = r.Clock().Add(patient), yes
	lanes.Run(ctx, names)
	left, err := t.left(context.WithoutCancel(ctx), names)
	if err := errors.Join(t.printing, err); err != nil {
		return err
	}
	if left > 0 {
		return &exitError{code: exitUnknown, err: &client.Error{
			Class: client.ClassUnknown, Code: "unsettled", Message: fmt.Sprintf("%d refunds or unbindings are still unknown", left),
			Hint: "run `paydesk refund resume` again; nothing is ever sent under a second number",
		}}
	}
	for _, failure := range t.failures {
		if client.ClassOf(failure) == client.ClassStorage || client.ClassOf(failure) == client.ClassBug {
			return &exitError{code: exitCode(failure)}
		}
	}
	return ctx.Err()
}

// left prints what is still open and counts what is unknown.
func (t *teller) left(ctx context.Context, names []string) (unknown int, err error) {
	for _, name := range names {
		refunds, err := t.s.store.OpenRefunds(ctx, name)
		if err != nil {
			return unknown, err
		}
		for _, r := range refunds {
			t.show(r, true)
			if r.Status == client.RefundUnknown || r.Status == client.RefundSending {
				unknown++
			}
		}
		unbinds, err := t.s.store.OpenUnbinds(ctx, name)
		if err != nil {
			return unknown, err
		}
		for _, u := range unbinds {
			if u.Status != ledger.UnbindIntent {
				unknown++
			}
		}
	}
	return unknown, nil
}

func (r *run) callbackCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "callback", Short: "receive what gateways send, and list it"}
	cmd.AddCommand(r.callbackListen(), r.callbackList())
	return cmd
}

// defaultListen is where callbacks are received when nothing says where.
const defaultListen = "127.0.0.1:8787"

func (r *run) callbackListen() *cobra.Command {
	var at config.Callback
	cmd := &cobra.Command{
		Use: "listen", Short: "receive callbacks and ask the gateways about them",
		Long: `Takes callbacks of all profiles, or of --profile. Each is verified, stored and
acknowledged; then the gateway is asked, and only its answer counts. Printed once: the
address for each profile, which holds a secret and belongs into the gateway's portal.
Without flags it listens where [callback] of the configuration says.`,
		Example: "  paydesk callback listen --addr 127.0.0.1:8787\n  paydesk callback listen --addr 10.0.0.7:8787 --proxied",
		Args:    exactly(0, "callback listen takes no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := r.opened(cmd.Context())
			if err != nil {
				return err
			}
			at.Listen = cmp.Or(at.Listen, s.cfg.Callback.Listen, defaultListen)
			if !cmd.Flags().Changed("proxied") {
				at.Proxied = s.cfg.Callback.Proxied
			}
			return s.listen(cmd.Context(), at)
		},
	}
	cmd.Flags().StringVar(&at.Listen, "addr", "", "address to listen on; port 0 takes a free one (default: callback.listen, else "+defaultListen+")")
	cmd.Flags().BoolVar(&at.Proxied, "proxied", false, "a reverse proxy that ends TLS stands in front (default: callback.proxied)")
	return cmd
}

// listen receives and polls until ctx ends.
func (s *session) listen(ctx context.Context, at config.Callback) error {
	profiles, err := s.cfg.Scope()
	if err != nil {
		return err
	}
	s.receiving(profiles, at, nil)
	if err := s.station.Listen(ctx); err != nil {
		return err
	}
	state := s.station.State()
	ready := listening{Ready: true, URLs: map[string]string{}, Public: map[string]string{}}
	for _, p := range state.Profiles {
		if !p.On {
			s.run.narrate("callbacks of profile %s are off: %s", p.Profile, newProblem(p.Err).Message)
			continue
		}
		ready.URLs[p.Profile] = string(p.Local.Reveal())
		if p.Public {
			ready.Public[p.Profile] = string(p.Address.Reveal())
		}
	}
	if err := show.Line(s.run.Out, ready); err != nil {
		return err
	}
	poller := poll.New(poll.Options{Desk: s.desk, Source: s.store, Feed: s.feed, Profiles: s.cfg.Names(), Clock: s.run.Clock, Log: s.log})
	var group sync.WaitGroup
	inner, stop := context.WithCancel(ctx)
	group.Go(func() { poller.Run(inner) })
	err = s.station.Serve(ctx)
	stop()
	group.Wait()
	return errors.Join(err, ctx.Err())
}

// listening is the line that says that the receiver is ready. It is the one place
// where whole addresses are printed.
type listening struct {
	Ready  bool              `json:"ready"`
	URLs   map[string]string `json:"urls"`                  // at this machine
	Public map[string]string `json:"public_urls,omitempty"` // as gateways reach it
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
