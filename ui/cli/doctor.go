package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/state/config"
	"paydesk/state/ledger"
	"paydesk/state/vault"
	"paydesk/ui/ability"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/hear"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

// Clock offsets: a banner from 30 s (F13), and what the strictest gateway
// refuses (payermax: section 3.1).
const (
	skewWorry = 30 * time.Second
	skewLimit = 2 * time.Minute
)

func (r *run) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "examine keyring, clock, ledger, terminal and gateways",
		Long: "Looks at everything that paydesk needs and says of each what is wrong and what to do.\nNothing is changed. Exit code 0 when nothing has failed.",
		Args: exactly(0, "doctor takes no argument; --profile NAME examines one account"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := r.configured()
			if err != nil {
				return err
			}
			profiles, err := s.cfg.Scope()
			if err != nil {
				return err
			}
			c := &checkup{s: s}
			c.settings(profiles)
			c.ledger(cmd.Context())
			c.keyring(cmd.Context(), profiles)
			c.callbacks(cmd.Context(), profiles)
			c.terminal()
			for _, p := range profiles {
				c.profile(cmd.Context(), p)
			}
			return c.end()
		},
	}
}

// checkup collects findings and prints each at once.
type checkup struct {
	s        *session
	failures []error
	printing error
}

func (c *checkup) tell(found show.Check) {
	if c.s.run.json {
		c.printing = errors.Join(c.printing, show.Line(c.s.run.Out, found))
		return
	}
	c.printing = errors.Join(c.printing, c.s.people().Checks(c.s.run.Out, found))
}

func (c *checkup) ok(profile, check, format string, args ...any) {
	c.tell(show.Check{Check: check, Profile: profile, Status: show.OK, Message: fmt.Sprintf(format, args...)})
}

func (c *checkup) warn(profile, check, message, hint string) {
	c.tell(show.Check{Check: check, Profile: profile, Status: show.Warn, Message: message, Hint: hint})
}

func (c *checkup) fail(profile, check string, err error) {
	c.failures = append(c.failures, err)
	p := newProblem(err)
	c.tell(show.Check{Check: check, Profile: profile, Status: show.Fail, Message: p.Message, Hint: p.Hint})
}

// end is the exit of a check-up: people have read what is wrong, a script gets
// the worst as an error.
func (c *checkup) end() error {
	if c.printing != nil || len(c.failures) == 0 {
		return c.printing
	}
	all := errors.Join(c.failures...)
	e := &exitError{code: exitCode(all)}
	if c.s.run.json {
		e.err = all
	}
	return e
}

func (c *checkup) settings(profiles []config.Profile) {
	if len(profiles) == 0 {
		c.warn("", "config", "no profile is set up in "+c.s.cfg.Paths.Config, "paydesk profile add sets one up; paydesk demo tries everything without one")
		return
	}
	names := make([]string, len(profiles))
	for i, p := range profiles {
		names[i] = p.Name
	}
	c.ok("", "config", "%s: %s", c.s.cfg.Paths.Config, strings.Join(names, ", "))
}

func (c *checkup) ledger(ctx context.Context) {
	if err := c.s.open(ctx); err != nil {
		c.fail("", "ledger", err)
		return
	}
	health := c.s.store.Health()
	if !health.Writable {
		c.fail("", "ledger", &client.Error{Class: client.ClassStorage, Code: "read-only", Message: health.Path + ": " + health.Reason, Hint: "no refund can be made until it can be written; reading works"})
		return
	}
	if deep, ok := c.s.store.(interface{ Check(context.Context) error }); ok {
		if err := deep.Check(ctx); err != nil {
			c.fail("", "ledger", err)
			return
		}
	}
	counters, err := c.s.store.Counters(ctx, nil)
	if err != nil {
		c.fail("", "ledger", err)
		return
	}
	c.ok("", "ledger", "%s: %d orders, %d refunds under way, %d unknown", health.Path, counters.Orders, counters.Pending, counters.Unknown)
	newest, err := c.s.store.Events(ctx, ledger.EventFilter{Limit: 1})
	switch {
	case err != nil:
		c.fail("", "journal", err)
	case len(newest) == 0:
		c.ok("", "journal", "empty")
	default:
		c.ok("", "journal", "%d lines, last digest %.16s…; `paydesk journal verify` checks them all", newest[0].Seq, newest[0].Digest)
	}
}

// keyring examines the keyring; it is only a warning when no profile needs it.
func (c *checkup) keyring(ctx context.Context, profiles []config.Profile) {
	needed := false
	for _, p := range profiles {
		needed = needed || p.KeysDir == ""
	}
	err := c.s.keys.Probe(ctx)
	switch {
	case err == nil:
		c.ok("", "keyring", "answers")
	case needed:
		c.fail("", "keyring", err)
	default:
		p := newProblem(err)
		c.warn("", "keyring", p.Message+" (no profile needs it)", p.Hint)
	}
}

// callbacks examines where callbacks arrive, with secrets of its own that are
// forgotten again. Nothing here is a failure: what is not heard is found by asking.
func (c *checkup) callbacks(ctx context.Context, profiles []config.Profile) {
	s, at := c.s, c.s.cfg.Callback
	switch {
	case s.run.Callbacks.New == nil || len(profiles) == 0:
		return
	case at.Listen == "" && at.PublicURL == "":
		c.ok("", "callbacks", "not received; what a gateway would have said is found by asking it")
		return
	case at.Listen == "":
		c.ok("", "callbacks", "gateways are told %s; only `paydesk callback listen` receives", at.PublicURL)
	}
	forgotten := vault.Memory()
	station := hear.NewStation(hear.Options{
		New: s.run.Callbacks.New, Addr: cmp.Or(at.Listen, "127.0.0.1:0"), Proxied: at.Proxied, Profiles: profiles, Reader: s.reader,
		Heard: func(context.Context, string, client.Notice) (bool, error) { return false, context.Canceled },
		Addresses: hear.NewAddresses(hear.AddressOptions{
			Callback: at, Prefix: s.run.Callbacks.Prefix, Make: s.run.Callbacks.Secret, Keys: func(config.Profile) hear.Keys { return forgotten },
		}),
	})
	err := station.Listen(ctx)
	defer func() { _ = station.Close() }()
	if err == nil && at.Listen != "" {
		c.ok("", "callbacks", "the console receives at %s", at.Listen)
	}
	for _, p := range station.State().Profiles {
		if p.Err == nil {
			continue
		}
		said := newProblem(p.Err)
		c.warn(p.Profile, "callbacks", "off: "+said.Message, said.Hint)
		if errors.Is(err, p.Err) {
			err = nil // the port was not even tried
		}
	}
	if err != nil {
		said := newProblem(err)
		c.warn("", "callbacks", said.Message, said.Hint)
	}
}

func (c *checkup) terminal() {
	width, height, ok := c.s.run.Terminal.Size()
	switch {
	case !ok:
		c.warn("", "terminal", "standard output is no terminal", "the console needs one; all headless verbs work")
	case width < 60 || height < 16:
		c.warn("", "terminal", fmt.Sprintf("%d×%d cells", width, height), "the console needs 60×16")
	default:
		c.ok("", "terminal", "%d×%d cells", width, height)
	}
}

// profile examines one account: settings, keys, gateway, clock.
func (c *checkup) profile(ctx context.Context, p config.Profile) {
	account, err := c.s.account(p)
	if err != nil {
		c.fail(p.Name, "settings", err)
		return
	}
	money := "money may move"
	if p.Policy.ReadOnly {
		money = "read-only"
	}
	c.ok(p.Name, "settings", "%s, %s, merchant %s, %s", account.Brand, p.Environment, p.MerchantNo, money)
	if !c.keys(ctx, p) {
		return
	}
	c.s.examining = true
	gateway, err := c.s.connect(ctx, p.Name)
	if err != nil {
		c.fail(p.Name, "gateway", err)
		return
	}
	if closer, ok := gateway.(interface{ Close() error }); ok {
		defer func() { _ = closer.Close() }() // only idle connections
	}
	c.reach(ctx, p, account.Brand, gateway)
	c.clock(p, gateway)
	c.balance(ctx, p, gateway)
}

// balance asks what the account holds, where its gateway tells that.
func (c *checkup) balance(ctx context.Context, p config.Profile, gateway client.Gateway) {
	asked, ok := client.As[client.Balances](gateway)
	if !ok || !gateway.Capabilities().Balance.OK {
		return
	}
	answer, err := asked.Balance(ctx)
	if err != nil {
		said := newProblem(err)
		c.warn(p.Name, "balance", "not told: "+said.Message, "refunds need none to be planned; the gateway refuses those that the account cannot pay")
		return
	}
	c.ok(p.Name, "balance", "%s", text.Amount(answer.Balance))
}

func (c *checkup) keys(ctx context.Context, p config.Profile) bool {
	g, err := c.s.run.gateway(p.Gateway)
	if err != nil {
		c.fail(p.Name, "keys", err)
		return false
	}
	for _, key := range g.Keys {
		value, err := c.s.keysOf(p).Get(ctx, p.Name, key.Name)
		switch {
		case err == nil:
			c.ok(p.Name, "key", "%s  %s", key.Name, vault.Fingerprint(value))
		case !key.Optional || !missing(err):
			c.fail(p.Name, "key", hinted(err, key, p))
			return false
		}
	}
	return true
}

// reach asks, signed, for an order that cannot exist.
func (c *checkup) reach(ctx context.Context, p config.Profile, brand string, gateway client.Gateway) {
	answer, err := gateway.QueryOrder(ctx, "paydesk-check-"+c.s.run.Clock().UTC().Format("20060102150405"))
	x := &answer.Exchange
	if err != nil {
		x = client.ExchangeOf(err)
	}
	switch {
	case err != nil && client.ClassOf(err) != client.ClassNotFound:
		c.fail(p.Name, "gateway", explainKey(err))
	case gateway.Capabilities().UnsignedAnswers:
		c.ok(p.Name, "gateway", "%s accepts our signature; its %s", brand, ability.Unsigned())
	case x != nil && !x.Verified && c.oneKey(p) && gateway.Capabilities().UnsignedRefusals:
		// The same key signs both ways, and only the refusal has nothing to verify.
		c.ok(p.Name, "gateway", "%s accepts our signature; its \"not known\" carries none, `paydesk order get` of a real order checks its own", brand)
	case x == nil || !x.Verified:
		c.warn(p.Name, "gateway", brand+" accepts our signature, but its answer was not signed", "the platform's public key could not be tried; `paydesk order get` of a real order does")
	default:
		c.ok(p.Name, "gateway", "%s accepts our signature, and its own is valid", brand)
	}
}

// oneKey reports whether what signs a profile's requests also verifies the answers.
func (c *checkup) oneKey(p config.Profile) bool {
	g, err := c.s.run.gateway(p.Gateway)
	return err == nil && !slices.ContainsFunc(g.Keys, func(k gate.Key) bool { return k.Public && !k.Optional })
}

// explainKey says which key is probably wrong.
func explainKey(err error) error {
	e := worst(err)
	if e == nil {
		return err
	}
	told := *e
	switch e.Class {
	case client.ClassAuth:
		told.Hint = strings.TrimPrefix(e.Hint+"; ", "; ") + "the merchant private key must belong to the public key that was uploaded to the gateway's portal, and merchant_no and app_id to the same account"
	case client.ClassSignature:
		told.Hint = strings.TrimPrefix(e.Hint+"; ", "; ") + "the platform public key must be the one that the gateway's portal shows"
	default:
		return err
	}
	return &told
}

func (c *checkup) clock(p config.Profile, gateway client.Gateway) {
	offset, ok := gateway.ClockOffset()
	switch {
	case !ok:
		c.warn(p.Name, "clock", "the gateway's clock is not known yet", "it is read from its answers")
	case offset.Abs() >= skewLimit:
		c.warn(p.Name, "clock", fmt.Sprintf("this clock and the gateway's differ by %s", offset.Round(time.Second)), "requests are signed with the gateway's time, so they work; set this machine's clock right all the same")
	case offset.Abs() >= skewWorry:
		c.warn(p.Name, "clock", fmt.Sprintf("this clock and the gateway's differ by %s", offset.Round(time.Second)), "set this machine's clock, for example by NTP")
	default:
		c.ok(p.Name, "clock", "within %s of the gateway's", max(offset.Abs().Round(time.Second), time.Second))
	}
}

func (r *run) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "check the configuration and show where each value comes from"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "read the configuration and name every mistake",
			Args: exactly(0, "check takes no argument"),
			RunE: func(*cobra.Command, []string) error {
				s, err := r.configured()
				if err != nil {
					return err
				}
				for _, p := range s.cfg.Profiles {
					if _, err := s.account(p); err != nil {
						return err
					}
					if err := r.checked(p); err != nil {
						return err
					}
				}
				c := &checkup{s: s}
				c.settings(s.cfg.Profiles)
				return c.end()
			},
		},
		&cobra.Command{
			Use: "show", Short: "show every value with the file, variable or flag that it came from",
			Args: exactly(0, "show takes no argument"),
			RunE: func(*cobra.Command, []string) error {
				cfg, err := config.Load(r.configOptions())
				if err != nil {
					return err
				}
				return r.printSettings(cfg.Explain())
			},
		},
	)
	return cmd
}

// printSettings writes values with their sources.
func (r *run) printSettings(settings []config.Setting) error {
	if !r.json {
		return show.Settings(r.Out, settings)
	}
	for _, set := range settings {
		if err := show.Line(r.Out, show.Setting{Key: set.Key, Value: set.Value, Source: set.Source.String()}); err != nil {
			return err
		}
	}
	return nil
}
