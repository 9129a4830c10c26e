package gates

import (
	"testing"

	"paydesk/client"
	"paydesk/client/paycools"
	"paydesk/state/config"
	"paydesk/ui/cli/gate"
)

// keysFor names the keys that verify a kind of body in the dialect of a profile.
func keysFor(t *testing.T, g gate.Gateway, settings map[string]any, kind string) (dialect string, names []string) {
	t.Helper()
	dialect, err := g.DialectOf(config.Profile{Name: "shop", Gateway: g.Name, Environment: config.Test, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range g.Keys {
		if k.VerifiesIn(dialect, kind) {
			names = append(names, k.Name)
		}
	}
	return dialect, names
}

// The dialect of an account decides which of its keys a callback is checked with
// (paycools: sections 3.4 and 3.5).
func TestTheDialectChoosesTheKey(t *testing.T) {
	for _, tc := range []struct {
		settings      map[string]any
		dialect       string
		callbackCheck string
	}{
		{nil, "", "callback_secret"},
		{map[string]any{"dialect": "PH"}, paycools.PH, "callback_secret"},
		{map[string]any{"dialect": "ph2"}, paycools.PH2, "callback_secret"},
		{map[string]any{"dialect": "group"}, paycools.GROUP, "platform_public_key"},
		{map[string]any{"digest": "sha1"}, paycools.PHOld, "callback_secret"},
		{map[string]any{"dialect": "PH2", "sign_param_only": true}, paycools.PH2Param, "callback_secret"},
		{map[string]any{"dialect": "PH", "sign_param_only": true}, paycools.PH, "callback_secret"},
	} {
		dialect, keys := keysFor(t, payCools(), tc.settings, client.BodyCallback)
		if dialect != tc.dialect || len(keys) != 1 || keys[0] != tc.callbackCheck {
			t.Errorf("%v: dialect %q, callbacks checked with %v", tc.settings, dialect, keys)
		}
		if _, keys := keysFor(t, payCools(), tc.settings, client.BodyRequest); len(keys) != 1 || keys[0] != "merchant_private_key" {
			t.Errorf("%v: requests checked with %v", tc.settings, keys)
		}
	}
	if _, err := payCools().DialectOf(config.Profile{Settings: map[string]any{"dialekt": "PH"}}); client.ClassOf(err) != client.ClassConfig {
		t.Errorf("a wrong setting: %v", err)
	}
}

// One key, and no other, serves each kind of body at every gateway.
func TestEveryBodyHasItsKey(t *testing.T) {
	for _, g := range All() {
		for _, kind := range []string{client.BodyRequest, client.BodyAnswer, client.BodyCallback} {
			if _, keys := keysFor(t, g, nil, kind); len(keys) != 1 {
				t.Errorf("%s: a %s is checked with %v", g.Name, kind, keys)
			}
		}
	}
}

// Whoever asks about an answer of a gateway that signs none is told so.
func TestUnsignedAnswersAreExplained(t *testing.T) {
	found, err := payCools().Verify(gate.Inspect{Kind: client.BodyAnswer, Body: []byte(`{"code":1000}`)})
	if err != nil || found.Valid || found.Reason == "" {
		t.Errorf("%+v, %v", found, err)
	}
}
