package gate

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/config"
)

func profile(environment string, settings map[string]any) config.Profile {
	return config.Profile{Name: "shop", Gateway: "g", Environment: environment, Settings: settings}
}

func TestSettings(t *testing.T) {
	for _, tc := range []struct {
		name        string
		environment string
		settings    map[string]any
		speed       int
		window      time.Duration
		wrong       string
	}{
		{"a sandbox is fast", config.Sandbox, nil, 60, 0, ""},
		{"as fast as it was started", config.Sandbox, map[string]any{"speed": int64(6)}, 6, 0, ""},
		{"life is not", config.Production, nil, 1, 0, ""},
		{"and cannot be made so", config.Production, map[string]any{"speed": int64(60)}, 1, 0, "sandbox only"},
		{"speed", config.Sandbox, map[string]any{"speed": int64(0)}, 60, 0, "speed"},
		{"days", config.Test, map[string]any{"window": int64(90)}, 1, 90 * 24 * time.Hour, ""},
		{"too many days", config.Test, map[string]any{"window": int64(-1)}, 1, 0, "number of days"},
		{"unknown key", config.Test, map[string]any{"windw": int64(1)}, 1, 0, "windw"},
	} {
		r := Read(profile(tc.environment, tc.settings))
		speed, window, _ := r.Speed(), r.Days("window"), r.Decimals()
		err := r.Err()
		if speed != tc.speed || window != tc.window || (err == nil) != (tc.wrong == "") || err != nil && !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("%s: speed %d, window %v, %v", tc.name, speed, window, err)
		}
	}
}

// An account's own decimals go before the gateway's table, and never beyond
// what any gateway takes (I11).
func TestDecimals(t *testing.T) {
	r := Read(profile(config.Test, map[string]any{"decimals": map[string]any{"KWD": int64(2), "XXX": int64(9)}}))
	own := r.Decimals()
	if client.ClassOf(r.Err()) != client.ClassConfig {
		t.Error(r.Err())
	}
	table := Decimals(client.ISODecimals, own)
	for currency, want := range map[string]uint8{"KWD": 2, "USD": 2, "JPY": 0} {
		if got, ok := table(currency); !ok || got != want {
			t.Errorf("%s has %d decimals, %v", currency, got, ok)
		}
	}
	if _, ok := table("XXX"); ok {
		t.Error("a currency with nine decimals was taken")
	}
}

func TestHosts(t *testing.T) {
	hosts := Hosts(func(brand, environment string) []string {
		return []string{"https://" + brand + "." + environment + "/path"}
	}, "a", "b")
	if want := []string{"a.production", "a.test", "b.production", "b.test"}; !slices.Equal(hosts, want) {
		t.Error(hosts)
	}
}

// The two halves of a key pair are never taken for each other.
func TestStoredKeys(t *testing.T) {
	half := func(private bool) func([]byte) ([]byte, bool, error) {
		return func(raw []byte) ([]byte, bool, error) { return raw, private, nil }
	}
	for _, tc := range []struct {
		key  Key
		want string
	}{
		{Key{Name: "mine", Normalise: half(true)}, ""},
		{Key{Name: "theirs", Public: true, Normalise: half(false)}, ""},
		{Key{Name: "mine", Normalise: half(false)}, "this is a public key, and mine is the private one"},
		{Key{Name: "theirs", Public: true, Normalise: half(true)}, "this is a private key, and theirs is the public one"},
		{Key{Name: "bad", Normalise: func([]byte) ([]byte, bool, error) { return nil, false, errors.New("no key") }}, "no key"},
		{Key{Name: "text", Normalise: SecretText}, ""},
	} {
		stored, err := tc.key.Stored([]byte("raw"))
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) || err == nil && string(stored) != "raw" {
			t.Errorf("%s: %q %v", tc.key.Name, stored, err)
		}
	}
}
