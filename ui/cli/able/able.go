// Package able tells what the gateway of an account can do by the account's
// settings alone, before any of its keys is read and anything is sent, and writes
// it. It never calls a gateway and never touches a keyring.
package able

import (
	_ "embed" // for the keys of nobody
	"fmt"
	"io"
	"log/slog"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
	"paydesk/state/config"
	"paydesk/ui/ability"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

// The keys of nobody, which belong to no account anywhere: a private one in place
// of a merchant's, and a public one of another pair in place of a platform's.
// Clients do not open without keys of the right form; one that is opened with
// these is asked what it can do and dropped, and nothing that it could sign would
// be accepted. They are bare base64 in one line: an RSA key to who wants one, and
// a secret text to who wants that.
var (
	//go:embed nobody_merchant.txt
	private []byte
	//go:embed nobody_platform.txt
	public []byte
)

// nowhere stands for the callback address that an account will have: its secret
// is a key as well, and is not read here.
const nowhere = "https://nobody.invalid/"

// Account is what is known of an account without its keys.
type Account struct {
	Profile config.Profile
	Told    bool // its requests name a callback address
	Clock   func() time.Time
	Random  func() uint64
}

// Of is what a gateway can do for an account. ClassConfig names a setting that is
// missing or wrong.
func Of(g gate.Gateway, a Account) (client.Capabilities, error) {
	keys, err := keysOf(g)
	if err != nil {
		return client.Capabilities{}, err
	}
	account := gate.Account{Profile: a.Profile, Keys: keys, Clock: a.Clock, Random: a.Random, Log: slog.New(slog.DiscardHandler)}
	if a.Told {
		account.NotifyURL = secret.New([]byte(nowhere))
	}
	gateway, err := g.Open(account)
	if err != nil {
		return client.Capabilities{}, err
	}
	if closer, ok := gateway.(io.Closer); ok {
		defer func() { _ = closer.Close() }() // it has no connection
	}
	return gateway.Capabilities(), nil
}

// keysOf is nobody's key in the form of each key that a gateway needs.
func keysOf(g gate.Gateway) (map[string]secret.Secret, error) {
	keys := map[string]secret.Secret{}
	for _, key := range g.Keys {
		if key.Optional {
			continue
		}
		text := private
		if key.Public {
			text = public
		}
		stored, err := key.Stored(text)
		if err != nil {
			return nil, fmt.Errorf("able: %s: %w", key.Name, err)
		}
		keys[key.Name] = secret.New(stored)
	}
	return keys, nil
}

// Missing is the refusal of what a gateway does not do; nil for what it does.
func Missing(profile, code string, c client.Capability) error {
	reason, ok := ability.Check(c)
	if ok {
		return nil
	}
	return &client.Error{
		Class: client.ClassUnsupported, Code: code, Message: reason.String(), Hint: fmt.Sprintf("`paydesk profile show %s` lists what this gateway can do", profile),
	}
}

// Capability is one capability in JSON.
type Capability struct {
	Profile    string `json:"profile"`
	Capability string `json:"capability"`
	OK         bool   `json:"ok"`
	Reason     string `json:"reason,omitempty"` // why not
}

// Fact is one limit or habit in JSON, in words.
type Fact struct {
	Profile string `json:"profile"`
	Fact    string `json:"fact"`
	Value   string `json:"value"`
}

// JSON writes a line for each capability, then one for each limit and habit.
func JSON(w io.Writer, profile string, can client.Capabilities) error {
	for _, line := range ability.Lines(can) {
		if err := show.Line(w, Capability{Profile: profile, Capability: line.ID, OK: line.Can, Reason: line.Reason.String()}); err != nil {
			return err
		}
	}
	for _, fact := range ability.Facts(can) {
		if err := show.Line(w, Fact{Profile: profile, Fact: fact.ID, Value: fact.Value.String()}); err != nil {
			return err
		}
	}
	return nil
}

// People writes the same for people.
func People(w io.Writer, can client.Capabilities) error {
	l := text.Literal
	lines := ability.Lines(can)
	rows := make([][]show.Cell, len(lines))
	for i, line := range lines {
		offered := l("✓ yes")
		if !line.Can {
			offered = l("✗ no")
		}
		rows[i] = []show.Cell{{Text: line.Title}, {Text: offered}, {Text: line.Reason}}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := show.Table(w, []show.Column{{Title: l("THE GATEWAY CAN")}, {Title: l("OFFERED")}, {Title: l("WHY NOT")}}, rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	var fields []show.Field
	for _, fact := range ability.Facts(can) {
		fields = append(fields, show.Field{Label: fact.Title, Value: fact.Value})
	}
	return show.Fields(w, fields)
}
