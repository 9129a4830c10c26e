// Package config owns paydesk's configuration file, the places of its files
// and the record of where each value came from. It is the only package that
// reads environment variables. It must never hold a secret, never guess a
// value that touches money, and never lose what a person wrote into the file.
package config

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"time"

	"paydesk/client"
)

// The environments of a profile (product: section 3).
const (
	Production = "production"
	Test       = "test"
	Sandbox    = "sandbox" // loopback only
)

// DefaultUndoWindow is how long a refund can be taken back when the profile
// does not say.
const DefaultUndoWindow = 10 * time.Second

// Env looks a variable up as os.LookupEnv does.
type Env func(name string) (value string, ok bool)

// OSEnv is the environment of the process, for packages that need to be
// handed one.
func OSEnv() Env { return os.LookupEnv }

// Gateway is what the caller tells about one gateway, so that this package
// need not know any protocol.
type Gateway struct {
	Name     string   // as written in the file
	Brands   []string // accepted brands, the default first; empty: the key is refused
	Required []string // keys that must be there, of merchant_no and app_id
	Hosts    []string // hosts a base_url may name (S14); empty: any
	// NotifyMax is how many characters the gateway takes as a callback address; 0:
	// any number. NotifyOwn are the settings by which a profile names addresses of
	// its own; one that sets them all needs none of paydesk's.
	NotifyMax int
	NotifyOwn []string
}

// Options says where to look and what overrides the file.
type Options struct {
	File     string    // --config; a missing file is then an error
	Profile  string    // --profile
	NoColor  bool      // --no-color
	LogFile  string    // --log-file
	Env      Env       // nil: the environment of the process
	Dirs     Dirs      // empty ones: the platform's own
	Gateways []Gateway // the gateways that a profile may name
	Create   bool      // a missing file is no error even when it was named: it is about to be written
}

// Config is the whole configuration. It is not changed after Load.
type Config struct {
	Paths          Paths
	Missing        bool // there is no file yet: first run
	Theme          string
	DefaultProfile string
	NoColor        bool
	Keys           map[string][]string // action to the keys that replace its own
	Callback       Callback
	Profiles       []Profile // in the order of the file

	named   string // profile asked for by flag or variable
	sources map[string]Source
}

// Callback is where callbacks are received, and how gateways reach that place.
type Callback struct {
	Listen    string // "host:port" where the console receives beside itself; empty: it does not
	PublicURL string // without a slash at its end; empty: gateways are told no address
	Proxied   bool   // only a reverse proxy that ends TLS can reach Listen
}

// CallbackPath is how many characters follow public_url in the address of a
// profile: "/callback/" and a path secret of 32 bytes as base64url.
const CallbackPath = len("/callback/") + 43

// Base is the part of a profile's callback address that is no secret, or "" when
// public_url cannot serve it: no gateway but the sandbox can reach this machine
// by a loopback address, and the sandbox calls nothing else.
func (c Callback) Base(p Profile) string {
	if c.PublicURL == "" || onLoopback(c.PublicURL) != (p.Environment == Sandbox) {
		return ""
	}
	return c.PublicURL
}

// Profile is one merchant account at one gateway.
type Profile struct {
	Name        string
	Gateway     string
	Brand       string // empty when the gateway has none
	Environment string // Production, Test or Sandbox
	BaseURL     string // empty: the brand's documented host
	AllowHosts  []string
	MerchantNo  string
	AppID       string
	KeysDir     string // absolute; only with Sandbox on a loopback BaseURL
	Policy      Policy
	// Settings is the table [profile.GATEWAY] as string, bool, int64, []any
	// and map[string]any. Read checks and converts it.
	Settings map[string]any

	prefix  string // path of its values in sources
	sources map[string]Source
}

// Policy limits what may be done with a profile. The desk enforces it: where a
// list is not empty, a currency without a limit of its own is refused.
type Policy struct {
	ReadOnly        bool     // default: true in production, else false
	MaxRefund       []Amount // one refund at most; at most one per currency; empty: no limit
	MaxRefundPerDay []Amount // all refunds of a day; at most one per currency; empty: no limit
	ConfirmAbove    []Amount // the amount must be typed above these; empty: the desk's own rule
	UndoWindow      time.Duration
}

// Amount is a limit as written: a plain number of major units and its
// currency. Its decimals are the gateway's, which only Money knows.
type Amount struct {
	Number   string
	Currency string

	source Source
	field  string
}

// String renders the limit as it is written in the file.
func (a Amount) String() string { return a.Number + " " + a.Currency }

// Money is the limit in the gateway's minor units. It returns a ClassConfig
// error when the gateway does not take the currency or so many decimals.
func (a Amount) Money(decimals client.Decimals) (client.Money, error) {
	exp, ok := decimals(a.Currency)
	if !ok {
		return client.Money{}, a.wrong("the gateway has no currency " + safe(a.Currency))
	}
	money, err := client.ParseMoney(a.Number, a.Currency, exp)
	if err != nil {
		return client.Money{}, a.wrong(safe(a.String()) + " is no amount of this gateway: " + err.Error())
	}
	return money, nil
}

// Limits is a list of limits as the desk takes them: each checked against the
// gateway's decimals, then with client.MaxExp of them. All mistakes are one
// ClassConfig error.
func Limits(amounts []Amount, decimals client.Decimals) ([]client.Money, error) {
	var problems Problems
	limits := make([]client.Money, 0, len(amounts))
	for _, a := range amounts {
		money, err := a.Money(decimals)
		if err == nil {
			money, err = money.Rescale(client.MaxExp)
		}
		switch own, ok := errors.AsType[Problems](err); {
		case ok:
			problems = append(problems, own...)
		case err != nil:
			problems = append(problems, a.source.problem(a.field, safe(a.String())+": "+err.Error()))
		default:
			limits = append(limits, money)
		}
	}
	if len(problems) > 0 {
		return nil, invalid(problems)
	}
	return limits, nil
}

func (a Amount) wrong(message string) error {
	return invalid(Problems{a.source.problem(a.field, message)})
}

// Load reads the configuration. A missing file is no error unless it was asked
// for by name: Config.Missing is then set and there are no profiles. All
// mistakes of the file are reported together in one ClassConfig error, from
// which errors.As gets Problems.
func Load(o Options) (*Config, error) {
	paths, sources, err := locate(o)
	if err != nil {
		return nil, err
	}
	data, found, err := readFile(paths.Config)
	if err != nil {
		return nil, err
	}
	if !found && sources["config"].Origin != FromDefault && !o.Create {
		return nil, &client.Error{
			Class: client.ClassConfig, Code: "no-file",
			Message: "there is no configuration file " + safePath(paths.Config) + " (named by " + sources["config"].String() + ")",
			Hint:    "check the path, or create it with: paydesk profile add --config FILE",
		}
	}
	return build(o, paths, sources, data, !found)
}

// build makes the configuration of a file's bytes.
func build(o Options, paths Paths, sources map[string]Source, data []byte, missing bool) (*Config, error) {
	doc, problems := parse(paths.Config, data)
	if len(problems) > 0 {
		return nil, invalid(problems)
	}
	d := decoder{file: paths.Config, gateways: o.Gateways, sources: sources}
	c := d.config(doc.root)
	c.Paths, c.Missing, c.sources = paths, missing, sources
	d.problems = append(d.problems, c.override(o, d.ledger)...)
	d.check(c, doc.root)
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, invalid(d.problems)
	}
	for i := range c.Profiles {
		c.Profiles[i].sources = sources
	}
	return c, nil
}

// override applies flags and variables over the file. The only variables are
// PAYDESK_CONFIG, PAYDESK_PROFILE, PAYDESK_LEDGER, PAYDESK_THEME and NO_COLOR;
// none of them can carry a secret (S7).
func (c *Config) override(o Options, ledger string) Problems {
	var problems Problems
	env := o.env()
	if theme := env("PAYDESK_THEME"); theme != "" {
		c.Theme = theme
		d := variable("PAYDESK_THEME")
		if !themeName.MatchString(theme) {
			problems = append(problems, d.problem("theme", wrongTheme(theme)))
		}
		c.sourceOf("theme", d)
	}
	if ledger != "" {
		c.Paths.Ledger = c.Paths.relative(ledger)
	}
	if path := env("PAYDESK_LEDGER"); path != "" {
		d := variable("PAYDESK_LEDGER")
		c.sourceOf("ledger", d)
		absolute, message := fromWorkingDir(path)
		if message != "" {
			problems = append(problems, d.problem("ledger", message))
		}
		c.Paths.Ledger = absolute
	}
	switch {
	case o.NoColor:
		c.NoColor = true
		c.sourceOf("no_color", flag("--no-color"))
	case env("NO_COLOR") != "":
		c.NoColor = true
		c.sourceOf("no_color", variable("NO_COLOR"))
	}
	switch name := env("PAYDESK_PROFILE"); {
	case o.Profile != "":
		c.named = o.Profile
		c.sourceOf(chosen, flag("--profile"))
	case name != "":
		c.named = name
		c.sourceOf(chosen, variable("PAYDESK_PROFILE"))
	}
	return problems
}

// chosen is where sources keep the profile's choice; "profile" is the list.
const chosen = "profile chosen"

func (c *Config) sourceOf(key string, s Source) { c.sources[key] = s }

// env looks a variable up; an empty one counts as not set.
func (o Options) env() func(name string) string {
	lookup := o.Env
	if lookup == nil {
		lookup = os.LookupEnv
	}
	return func(name string) string {
		value, _ := lookup(name)
		return value
	}
}
