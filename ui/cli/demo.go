package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/poll"
	"paydesk/state/vault"
	"paydesk/ui/cli/demo"
)

// SandboxOptions say how the sandbox gateways are started.
type SandboxOptions struct {
	Dir    string // "": in memory
	Listen string
	Notify string
	Seed   uint64
	Orders int
	Speed  int
	Faults []string
	Log    *slog.Logger
}

// Sandbox is the running sandbox gateways.
type Sandbox struct {
	Ready    string // the line that says where everything is
	Accounts []demo.Account
	// Settings are those that a profile needs beside what every gateway has.
	Settings func(profile string) map[string]string
	Past     func() demo.Past
	// SetNotify sets the callback addresses of the merchants' portal settings, by
	// profile; nil: they stay as they are.
	SetNotify func(urls map[string]string) error
	Wait      func() error
	Close     func() error
}

func (r *run) sandboxCommand() *cobra.Command {
	var o SandboxOptions
	cmd := &cobra.Command{
		Use: "sandbox --dir DIR", Short: "run the sandbox gateways alone, for scripts and tests",
		Long: `Plays the gateways on loopback, with real HTTP and real signatures, and keeps their
truth in DIR. Prints one line of JSON when ready and runs until it is stopped; DIR
then holds a configuration and keys: paydesk --config DIR/config.toml.`,
		Example: "  paydesk sandbox --dir /tmp/play --fault refund:lose-answer=0.3\n  paydesk --config /tmp/play/config.toml order list",
		Args:    exactly(0, "name the directory with --dir"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.sandbox(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Dir, "dir", "", "directory of the book, the configuration and the keys")
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:0", "loopback address")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of the made-up past and of all chances")
	flags.IntVar(&o.Orders, "orders", 500, "orders of a new book")
	flags.IntVar(&o.Speed, "speed", 60, "divides every delay")
	flags.StringArrayVar(&o.Faults, "fault", nil, "fault to commit, such as refund:lose-answer=0.3; may be given again")
	flags.StringVar(&o.Notify, "notify", "", "callback address of the merchants' portal settings, on loopback")
	return cmd
}

func (r *run) sandbox(ctx context.Context, o SandboxOptions) error {
	if o.Dir == "" {
		return &client.Error{Class: client.ClassInput, Code: "dir", Message: "--dir is missing", Hint: "name a directory for the sandbox's files"}
	}
	o.Log = slog.New(slog.DiscardHandler)
	if r.verbose {
		o.Log = r.narrator()
	}
	box, err := r.Sandbox(ctx, o)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(r.Out, box.Ready); err != nil {
		return errors.Join(err, box.Close())
	}
	return box.Wait()
}

// What the demo plays with.
const (
	demoSpeed  = 6
	demoOrders = 700
)

func (r *run) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "try the console on sandbox gateways; leaves nothing behind",
		Long: "Opens the console on embedded gateways with a merchant's made-up past. Everything is\nreal but the money: HTTP, signatures, refunds that settle while you watch. Keys and\nledger are gone when it ends.",
		Args: exactly(0, "demo takes no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.demo(cmd.Context()) },
	}
}

func (r *run) demo(ctx context.Context) error {
	if err := r.needsTerminal(); err != nil {
		return err
	}
	s, err := r.prepareDemo(ctx)
	if err != nil {
		return err
	}
	return s.openConsole(ctx, s.cfg.Profiles[0].Name, true)
}

// prepareDemo starts the sandbox and opens a session on it that touches
// nothing of the person's own: configuration, ledger, log and keys are in a
// directory that goes away, or in memory.
func (r *run) prepareDemo(ctx context.Context) (*session, error) {
	dir, err := os.MkdirTemp("", "paydesk-demo-")
	if err != nil {
		return nil, &client.Error{Class: client.ClassStorage, Code: "temp", Message: "no temporary directory can be made", Err: err, Hint: "check the room on the disk, or set TMPDIR"}
	}
	r.closers = append(r.closers, func() error { return os.RemoveAll(dir) })
	box, err := r.Sandbox(ctx, SandboxOptions{Seed: 1, Orders: demoOrders, Speed: demoSpeed, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	r.closers = append(r.closers, box.Close)
	if len(box.Accounts) == 0 {
		return nil, &client.Error{Class: client.ClassBug, Code: "demo", Message: "the sandbox has no account"}
	}
	r.profile, r.config, r.logFile = "", "", ""
	r.Env, r.Dirs = demoEnv(r.Env), config.Dirs{Home: dir, Config: dir, Data: dir, State: dir}
	keys := vault.Memory()
	var cfg *config.Config
	for _, a := range box.Accounts {
		if cfg, err = r.demoAccount(ctx, a, box.Settings(a.Name), keys); err != nil {
			return nil, err
		}
	}
	s, err := r.with(cfg)
	if err != nil {
		return nil, err
	}
	r.crash, s.keys = "", keys
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	s.hearSandbox(ctx, box)
	return s, demo.Fill(ctx, s.store, box.Past(), box.Accounts, r.Agent, r.Clock())
}

// hearSandbox opens a receiver for what the demo's gateways send, on a free port.
// Its keys are in memory, so nothing is waited for. Without it the demo goes on:
// everything is then found by asking.
func (s *session) hearSandbox(ctx context.Context, box Sandbox) {
	if s.run.Callbacks.New == nil {
		return
	}
	s.receiving(s.cfg.Profiles, config.Callback{Listen: "127.0.0.1:0"}, func(at netip.AddrPort) {
		s.addresses.Local(at)
		if err := s.tellPortals(ctx, box); err != nil {
			s.log.Warn("the demo's gateways do not know where to call", "error", err)
		}
	})
	s.run.closers = append(s.run.closers, s.station.Close)
	_ = s.station.Listen(ctx) // it is on screen why not, and tried again
}

// tellPortals sets the address of each merchant at its gateway's portal.
func (s *session) tellPortals(ctx context.Context, box Sandbox) error {
	urls := map[string]string{}
	for _, p := range s.cfg.Profiles {
		address, err := s.addresses.ForRequests(ctx, p)
		if err != nil {
			return err
		}
		urls[p.Name] = string(address.Reveal())
	}
	if box.SetNotify == nil {
		return nil
	}
	return box.SetNotify(urls)
}

// demoAccount writes the profile of an account and keeps its keys in memory.
func (r *run) demoAccount(ctx context.Context, a demo.Account, more map[string]string, keys Keys) (*config.Config, error) {
	g, err := r.gateway(a.Gateway)
	if err != nil {
		return nil, err
	}
	for _, key := range g.Keys {
		for file, text := range a.Keys {
			if strings.TrimSuffix(file, filepath.Ext(file)) != key.Name {
				continue
			}
			raw, err := key.Stored(text)
			if err != nil {
				return nil, err
			}
			if err := keys.Set(ctx, a.Name, key.Name, secret.New(raw)); err != nil {
				return nil, err
			}
		}
	}
	settings := map[string]any{"speed": demoSpeed}
	for name, value := range more {
		settings[name] = value
	}
	return config.AddProfile(r.configOptions(), config.Draft{
		Name: a.Name, Gateway: a.Gateway, Brand: a.Brand, Environment: a.Environment, BaseURL: a.BaseURL, MerchantNo: a.MerchantNo, AppID: a.AppID,
		// One limit makes every amount be typed: a currency without one always is.
		ConfirmAbove: []string{"0 HKD"}, UndoWindow: "5s", Settings: settings,
	})
}

// demoEnv hides paydesk's own variables: none of them may lead the demo to the
// person's ledger.
func demoEnv(env config.Env) config.Env {
	if env == nil {
		env = config.OSEnv()
	}
	return func(name string) (string, bool) {
		if strings.HasPrefix(name, "PAYDESK_") && name != "PAYDESK_THEME" {
			return "", false
		}
		return env(name)
	}
}

// needsTerminal refuses to open the console where nobody sees it.
func (r *run) needsTerminal() error {
	if r.Terminal.Present() && r.Terminal.Shows() {
		return nil
	}
	return &client.Error{
		Class: client.ClassInput, Code: "terminal", Message: "the console needs a terminal for input and output",
		Hint: "scripts use the verbs: order, refund, token … (`paydesk help`)",
	}
}

// console opens the console on the person's own configuration.
func (r *run) console(ctx context.Context) error {
	if r.Console == nil {
		return &client.Error{Class: client.ClassUnsupported, Code: "console", Message: "this build has no console", Hint: "`paydesk help` lists the commands"}
	}
	if err := r.needsTerminal(); err != nil {
		return err
	}
	s, err := r.opened(ctx)
	if err != nil {
		return err
	}
	if s.cfg.Callback.Listen != "" && len(s.cfg.Profiles) > 0 && r.Callbacks.New != nil {
		s.receiving(s.cfg.Profiles, s.cfg.Callback, nil)
	}
	chosen := ""
	if r.profile != "" || len(s.cfg.Profiles) > 0 {
		p, err := s.cfg.Select()
		switch {
		case err == nil:
			chosen = p.Name
		case r.profile != "":
			return err
		default:
			chosen = s.cfg.Profiles[0].Name // the console can switch
		}
	}
	return s.openConsole(ctx, chosen, false)
}

// openConsole runs the console with the poller and the receiver of callbacks
// beside it. When the console has ended, steps under way are waited for: money is
// never left in the middle of a call, and who calls is answered.
func (s *session) openConsole(ctx context.Context, profile string, play bool) error {
	services := Services{
		Version: s.run.Version, Config: s.cfg, Desk: s.desk, Store: s.store, Feed: s.feed, Keys: s.keysOf, Gateways: s.run.Gateways, Inspect: s.inspect,
		Profile: profile, Demo: play, Linear: s.run.linear, Env: s.run.Env, Clock: s.run.Clock, Zone: s.run.Zone, Log: s.log,
		Poller: poll.New(poll.Options{Desk: s.desk, Source: s.store, Feed: s.feed, Profiles: s.cfg.Names(), Clock: s.run.Clock, Log: s.log}),
	}
	background, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	work := map[string]func(){
		"poll": func() { services.Poller.Run(background) },
		"feed": func() { s.feed.Watch(background, s.store, time.Second) },
	}
	if s.station != nil {
		shown := make(chan struct{})
		services.Station, services.Shown = s.station, sync.OnceFunc(func() { close(shown) })
		work["callbacks"] = func() {
			select {
			case <-shown: // reading keys must not hold the first frame up
				s.station.Run(background)
			case <-background.Done():
			}
		}
	}
	for name, work := range work {
		group.Go(func() {
			defer s.caught(name)
			work()
		})
	}
	defer group.Wait()
	defer stop()
	return s.run.Console(ctx, services)
}

// caught keeps a fault in the background from tearing the terminal down.
func (s *session) caught(name string) {
	if cause := recover(); cause != nil {
		s.log.Error("a background part failed", "part", name, "kind", fmt.Sprintf("%T", cause))
	}
}
