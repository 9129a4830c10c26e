// Package gate describes a kind of gateway to the program: its name and
// brands, the keys that an account needs, how its client is built, how its
// signatures are inspected. It holds plain data and small readers; it never
// names a gateway itself, which main does, and never calls one.
package gate

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/state/vault"
)

// Gateway is what the program knows of one kind of gateway.
type Gateway struct {
	config.Gateway
	Titles map[string]string // brands as people write them; a gateway without brands has one for ""
	Keys   []Key
	// Open builds the signed client of an account; it does no network work.
	Open func(Account) (client.Gateway, error)
	// Callbacks builds the reader of what the gateway sends to an account; it
	// needs the keys only that verify callbacks.
	Callbacks func(Account) (client.CallbackReader, error)
	// Decimals is the table of decimals of an account, which needs no key; it
	// reports every mistake in the account's own settings.
	Decimals func(config.Profile) (client.Decimals, error)
	// Sign and Verify inspect signatures; an unknown dialect or kind is
	// ClassInput.
	Sign, Verify func(Inspect) (client.Inspection, error)
	// Dialect is the dialect that an account's settings choose, as Inspect takes
	// it; nil: the gateway has one only. ClassConfig when a setting is wrong.
	Dialect func(config.Profile) (string, error)
}

// DialectOf is the dialect of an account, "" where the gateway has one only.
func (g Gateway) DialectOf(p config.Profile) (string, error) {
	if g.Dialect == nil {
		return "", nil
	}
	return g.Dialect(p)
}

// Key is one key or secret that an account needs.
type Key struct {
	Name     string
	About    string // for people
	Optional bool
	Public   bool // the other side's public key, which must be no private one
	// Normalise checks a key as it was handed over and brings it into the form
	// in which it is stored; ClassInput when it is none.
	Normalise func(raw []byte) (stored []byte, private bool, err error)
	// Signs and Verifies are the kinds of bodies that the key serves:
	// "request", "answer", "callback".
	Signs, Verifies []string
	// Dialects are those in which it serves them, in capitals; empty: in every
	// one.
	Dialects []string
}

// SignsIn reports whether the key signs a kind of body in a dialect.
func (k Key) SignsIn(dialect, kind string) bool {
	return k.serves(dialect) && slices.Contains(k.Signs, kind)
}

// VerifiesIn reports whether the key verifies a kind of body in a dialect.
func (k Key) VerifiesIn(dialect, kind string) bool {
	return k.serves(dialect) && slices.Contains(k.Verifies, kind)
}

func (k Key) serves(dialect string) bool {
	return len(k.Dialects) == 0 || slices.Contains(k.Dialects, strings.ToUpper(strings.TrimSpace(dialect)))
}

// Account is what a gateway's client is built from.
type Account struct {
	Profile config.Profile
	Keys    map[string]secret.Secret // optional ones may be missing
	// NotifyURL is the account's callback address, for what names none of its own;
	// empty: none is known. It ends in the secret of its path.
	NotifyURL secret.Secret
	Clock     func() time.Time
	Random    func() uint64
	Log       *slog.Logger
}

// Inspect is one question to a signature inspector.
type Inspect struct {
	Dialect string
	Kind    string // "request", "answer" or "callback"
	Key     []byte // PEM, base64, DER or the secret text
	Body    []byte // the exact bytes
	Sign    string // only to verify; empty: from the body
}

// Stored checks a key and brings it into the form in which it is kept.
func (k Key) Stored(raw []byte) ([]byte, error) {
	stored, private, err := k.Normalise(raw)
	if err != nil {
		return nil, err
	}
	if private == k.Public {
		given, needed := "private", "public"
		if !private {
			given, needed = needed, given
		}
		return nil, &client.Error{
			Class: client.ClassInput, Code: "key", Message: fmt.Sprintf("this is a %s key, and %s is the %s one (%s)", given, k.Name, needed, k.About),
			Hint: "nothing was stored; give the other half, or name the other key",
		}
	}
	return stored, nil
}

// SecretText is the Normalise of a secret that is one line of text.
func SecretText(raw []byte) (stored []byte, private bool, err error) {
	value, err := vault.Normalize(raw)
	return value.Reveal(), true, err
}

// Hosts lists the documented hosts of a gateway's brands.
func Hosts(addresses func(brand, environment string) []string, brands ...string) []string {
	var hosts []string
	for _, brand := range brands {
		for _, environment := range []string{config.Production, config.Test} {
			for _, address := range addresses(brand, environment) {
				if u, err := url.Parse(address); err == nil {
					hosts = append(hosts, u.Hostname())
				}
			}
		}
	}
	return hosts
}

// Decimals is a gateway's table with an account's own entries over it.
func Decimals(table client.Decimals, own map[string]uint8) client.Decimals {
	return func(currency string) (exp uint8, ok bool) {
		if exp, ok = own[currency]; ok {
			return exp, true
		}
		return table(currency)
	}
}

// Settings reads a profile's table of its gateway's own settings.
type Settings struct {
	*config.Reader
	profile config.Profile
}

// Read starts reading the settings of a profile.
func Read(p config.Profile) Settings { return Settings{Reader: p.Read(), profile: p} }

// Decimals reads the table decimals: currency to number.
func (s Settings) Decimals() map[string]uint8 {
	out := map[string]uint8{}
	for currency, n := range s.Ints("decimals") {
		if n < 0 || n > client.MaxExp {
			s.Reject("decimals."+currency, fmt.Sprintf("is %d; right is 0 to %d", n, client.MaxExp))
			continue
		}
		out[currency] = uint8(n)
	}
	return out
}

// Days reads a number of days; 0 is the gateway's own default.
func (s Settings) Days(key string) time.Duration {
	n := s.Int(key, 0)
	if n < 0 || n > 3650 {
		s.Reject(key, fmt.Sprintf("is %d; right is a number of days up to 3650", n))
		return 0
	}
	return time.Duration(n) * 24 * time.Hour
}

// Speed reads by how much every delay is divided: 1 but in a sandbox, which
// runs 60 times as fast as life unless it was started otherwise (product:
// section 5).
func (s Settings) Speed() int {
	const usual = 60
	if s.profile.Environment != config.Sandbox {
		if s.Int("speed", 1) != 1 {
			s.Reject("speed", "is for a sandbox only; a real gateway must not be asked faster")
		}
		return 1
	}
	n := s.Int("speed", usual)
	if n < 1 || n > 1_000_000 {
		s.Reject("speed", fmt.Sprintf("is %d; right is what the sandbox was started with", n))
		return usual
	}
	return int(n)
}
