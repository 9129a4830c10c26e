package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/vault"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/hear"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

func (r *run) profileCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "profile", Short: "set merchant accounts up and check them"}
	cmd.AddCommand(r.profileAdd(), r.profileList(), r.profileShow(), r.profileCheck(), r.profileRemove())
	return cmd
}

func (r *run) profileAdd() *cobra.Command {
	var d config.Draft
	var readOnly bool
	cmd := &cobra.Command{
		Use: "add NAME", Short: "add a merchant account to the configuration",
		Long:    "Writes a profile into the configuration file and leaves everything else in it as it\nis. Keys are stored apart: `paydesk key set`.",
		Example: "  paydesk profile add shop-hk --gateway payermax --brand checus --environment production \\\n      --merchant-no P0101… --app-id 8f4c…",
		Args:    exactly(1, "give the profile a name of a-z, 0-9 and -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.Name = args[0]
			if cmd.Flags().Changed("read-only") {
				d.ReadOnly = &readOnly
			}
			cfg, err := config.AddProfile(r.configOptions(), d)
			if err != nil {
				return err
			}
			return r.profileAdded(cfg, d.Name)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&d.Gateway, "gateway", "", "payment gateway")
	flags.StringVar(&d.Brand, "brand", "", "brand of the gateway")
	flags.StringVar(&d.Environment, "environment", "", "production, test or sandbox")
	flags.StringVar(&d.BaseURL, "base-url", "", "address (default: the brand's documented host)")
	flags.StringVar(&d.MerchantNo, "merchant-no", "", "merchant number")
	flags.StringVar(&d.AppID, "app-id", "", "application identifier")
	flags.StringVar(&d.KeysDir, "keys-dir", "", "directory of key files, for a sandbox on loopback only")
	flags.StringSliceVar(&d.AllowHosts, "allow-host", nil, "further host that base-url may name")
	flags.BoolVar(&readOnly, "read-only", false, "move no money (default: true in production)")
	flags.StringSliceVar(&d.MaxRefund, "max-refund", nil, "limit of one refund, such as '5000.00 HKD'; once for each currency")
	flags.StringSliceVar(&d.MaxRefundPerDay, "max-refund-per-day", nil, "limit of one agent's day")
	flags.StringSliceVar(&d.ConfirmAbove, "confirm-above", nil, "type the amount above this")
	flags.StringVar(&d.UndoWindow, "undo-window", "", "how long the console holds a refund back, such as 10s")
	return cmd
}

// profileAdded tells what was written and which keys are needed now.
func (r *run) profileAdded(cfg *config.Config, name string) error {
	p, err := cfg.Lookup(name)
	if err != nil {
		return err
	}
	g, err := r.gateway(p.Gateway)
	if err != nil {
		return err
	}
	r.narrate("profile %s is in %s", name, cfg.Paths.Config)
	if err := r.checked(p); err != nil {
		return err
	}
	for _, key := range g.Keys {
		if !key.Optional && p.KeysDir == "" {
			r.narrate("next: paydesk key set %s --profile %s    (%s)", key.Name, name, key.About)
		}
	}
	r.narrate("then: paydesk profile check %s", name)
	return r.printProfiles(cfg, []config.Profile{p})
}

func (r *run) profileList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the merchant accounts",
		Args: exactly(0, "profile show NAME shows one"),
		RunE: func(*cobra.Command, []string) error {
			cfg, err := config.Load(r.configOptions())
			if err != nil {
				return err
			}
			if len(cfg.Profiles) == 0 {
				r.narrate("no profile is set up in %s; add one with: paydesk profile add", cfg.Paths.Config)
				return nil
			}
			return r.printProfiles(cfg, cfg.Profiles)
		},
	}
}

// printProfiles writes profiles as data.
func (r *run) printProfiles(cfg *config.Config, profiles []config.Profile) error {
	chosen, _ := cfg.Select() // when none is chosen, none is marked
	if !r.json {
		return show.Profiles(r.Out, profiles, chosen.Name)
	}
	for _, p := range profiles {
		if err := show.Line(r.Out, show.NewProfile(p, chosen.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) profileShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [NAME]", Short: "show every value of a profile, where it comes from, and what its gateway can do",
		Long:    "Shows every value of a profile with the place that it comes from, and then what its\ngateway can do and what not, with the reason. No key is read and nothing is asked.",
		Example: "  paydesk profile show shop-hk\n  paydesk profile show shop-ph --json",
		Args:    atMostOne("give one profile's name"),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, p, err := r.named(args)
			if err != nil {
				return err
			}
			if err := r.printSettings(p.Explain()); err != nil {
				return err
			}
			s, err := r.with(cfg)
			if err != nil {
				return err
			}
			return s.printAble(p)
		},
	}
}

// named is the profile that an argument names, or else the chosen one.
func (r *run) named(args []string) (*config.Config, config.Profile, error) {
	cfg, err := config.Load(r.configOptions())
	if err != nil {
		return nil, config.Profile{}, err
	}
	find := cfg.Select
	if len(args) > 0 {
		find = func() (config.Profile, error) { return cfg.Lookup(args[0]) }
	}
	p, err := find()
	return cfg, p, err
}

func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= 1 {
			return nil
		}
		return exactly(1, what)(cmd, args)
	}
}

func (r *run) profileRemove() *cobra.Command {
	var keys bool
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "remove a merchant account from the configuration",
		Long: "Cuts a profile out of the configuration file. What the ledger knows of it stays.",
		Args: exactly(1, "give the profile's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := r.configured()
			if err != nil {
				return err
			}
			p, err := s.cfg.Lookup(args[0])
			if err != nil {
				return err
			}
			if keys {
				if err := s.removeKeys(cmd.Context(), p); err != nil {
					return err
				}
			}
			if _, err := config.RemoveProfile(r.configOptions(), p.Name); err != nil {
				return err
			}
			r.narrate("profile %s is removed from %s", p.Name, s.cfg.Paths.Config)
			if !keys {
				r.narrate("its keys stay in the keyring; --keys would have removed them too")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&keys, "keys", false, "remove its keys from the keyring too")
	return cmd
}

// removeKeys removes all keys of a profile; missing ones are no error.
func (s *session) removeKeys(ctx context.Context, p config.Profile) error {
	g, err := s.run.gateway(p.Gateway)
	if err != nil {
		return err
	}
	for _, key := range append(g.Keys, gate.Key{Name: hear.PathKey}) {
		if err := s.keysOf(p).Remove(ctx, p.Name, key.Name); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

func (r *run) profileCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check [NAME]", Short: "check a profile's settings, keys, gateway and clock",
		Long:    "Reads the keys and asks the gateway, signed, for an order that cannot exist: \"not\nknown\" means that all is well. Nothing is changed anywhere.",
		Example: "  paydesk profile check shop-hk",
		Args:    atMostOne("give one profile's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, p, err := r.named(args)
			if err != nil {
				return err
			}
			s, err := r.with(cfg)
			if err != nil {
				return err
			}
			c := &checkup{s: s}
			c.profile(cmd.Context(), p)
			return c.end()
		},
	}
}

func (r *run) keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "store, identify and remove a profile's keys in the keyring"}
	cmd.AddCommand(r.keySet(), r.keyShow(), r.keyRemove())
	return cmd
}

// keyRecord is a key in JSON; it holds nothing secret.
type keyRecord struct {
	Profile     string `json:"profile"`
	Key         string `json:"key"`
	About       string `json:"about,omitempty"`
	Stored      bool   `json:"stored"`
	Fingerprint string `json:"fingerprint,omitempty"`
}

func (s *session) printKey(k keyRecord) error {
	if s.run.json {
		return show.Line(s.run.Out, k)
	}
	state := k.Fingerprint
	if !k.Stored {
		state = "not stored"
	}
	_, err := fmt.Fprintf(s.run.Out, "%s  %s  %s\n", text.Clean(k.Profile), text.PadRight(text.Clean(k.Key), 22), text.Clean(state))
	return err
}

// keyOf opens the services and finds a key of the chosen profile.
func (r *run) keyOf(name string) (*session, config.Profile, gate.Key, error) {
	s, err := r.configured()
	if err != nil {
		return nil, config.Profile{}, gate.Key{}, err
	}
	p, err := s.cfg.Select()
	if err != nil {
		return nil, p, gate.Key{}, err
	}
	g, err := r.gateway(p.Gateway)
	if err != nil {
		return nil, p, gate.Key{}, err
	}
	var known []string
	for _, key := range g.Keys {
		if key.Name == name {
			return s, p, key, nil
		}
		known = append(known, strconv.Quote(key.Name))
	}
	return nil, p, gate.Key{}, &client.Error{
		Class: client.ClassInput, Code: "key", Message: fmt.Sprintf("gateway %s has no key %.40q", p.Gateway, name), Hint: "its keys are " + strings.Join(known, ", "),
	}
}

func (r *run) keySet() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "set KEY", Short: "store a key in the keyring",
		Long: `Reads a key from a hidden prompt, from standard input, or from --file, checks it and
stores it in the keyring of the operating system. A key is never taken from an
argument, where every program could see it.`,
		Example: "  paydesk key set merchant_private_key --profile shop-hk --file merchant.pem\n  pass show shop-hk/key | paydesk key set merchant_private_key --profile shop-hk",
		Args:    exactly(1, "name the key, for example merchant_private_key; the key itself is read from a prompt, standard input or --file"),
		RunE:    func(cmd *cobra.Command, args []string) error { return r.setKey(cmd.Context(), args[0], file) },
	}
	cmd.Flags().StringVar(&file, "file", "", "read the key from this file")
	return cmd
}

func (r *run) setKey(ctx context.Context, name, file string) error {
	s, p, key, err := r.keyOf(name)
	if err != nil {
		return err
	}
	keys := s.keysOf(p)
	if p.KeysDir != "" {
		return keys.Set(ctx, p.Name, key.Name, secret.Secret{}) // says why it cannot be
	}
	if err := keys.Probe(ctx); err != nil { // before the person is asked for a secret
		return err
	}
	raw, err := r.readSecret(ctx, fmt.Sprintf("%s (%s), hidden: ", key.Name, key.About), file)
	if err != nil {
		return err
	}
	stored, err := key.Stored(raw)
	if err != nil {
		return err
	}
	value := secret.New(stored)
	if err := keys.Set(ctx, p.Name, key.Name, value); err != nil {
		return err
	}
	if err := s.printKey(keyRecord{Profile: p.Name, Key: key.Name, About: key.About, Stored: true, Fingerprint: vault.Fingerprint(value)}); err != nil {
		return err
	}
	if _, err := s.connect(ctx, p.Name); err != nil && !missing(err) {
		r.narrate("mind: %s", newProblem(err).Message)
	}
	return nil
}

func (r *run) keyShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [KEY]", Short: "show the fingerprints of a profile's keys",
		Example: "  paydesk key show --profile shop-hk",
		Args:    atMostOne("name one key, or none for all"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				s, p, key, err := r.keyOf(args[0])
				if err != nil {
					return err
				}
				return s.showKeys(cmd.Context(), p, []gate.Key{key}, true)
			}
			cfg, p, err := r.named(nil)
			if err != nil {
				return err
			}
			s, err := r.with(cfg)
			if err != nil {
				return err
			}
			g, err := r.gateway(p.Gateway)
			if err != nil {
				return err
			}
			return s.showKeys(cmd.Context(), p, g.Keys, false)
		},
	}
}

// showKeys prints fingerprints; must says that a missing key is an error.
func (s *session) showKeys(ctx context.Context, p config.Profile, keys []gate.Key, must bool) error {
	for _, key := range keys {
		value, err := s.keysOf(p).Get(ctx, p.Name, key.Name)
		if err != nil && (must || !missing(err)) {
			return hinted(err, key, p)
		}
		record := keyRecord{Profile: p.Name, Key: key.Name, About: key.About, Stored: err == nil}
		if err == nil {
			record.Fingerprint = vault.Fingerprint(value)
		}
		if err := s.printKey(record); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) keyRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove KEY", Short: "remove a key from the keyring",
		Example: "  paydesk key remove merchant_private_key --profile shop-hk",
		Args:    exactly(1, "name the key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, p, key, err := r.keyOf(args[0])
			if err != nil {
				return err
			}
			if err := s.keysOf(p).Remove(cmd.Context(), p.Name, key.Name); err != nil {
				return err
			}
			r.narrate("%s of profile %s is removed", key.Name, p.Name)
			return nil
		},
	}
}
