package able

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/config"
	"paydesk/ui/cli/gate"
	"paydesk/ui/cli/gates"
)

func account(gateway string, told bool, settings map[string]any) Account {
	p := config.Profile{
		Name: "shop", Gateway: gateway, Environment: config.Test, MerchantNo: "M1700000001", AppID: "65f0c0ffee65f0c0ffee0001", Settings: settings,
	}
	if gateway == "payermax" {
		p.Brand, p.BaseURL = "checus", "https://pay-gate-uat.checus.com/aggregate-pay/api/gateway"
	}
	return Account{Profile: p, Told: told, Clock: func() time.Time { return time.Unix(0, 0) }, Random: func() uint64 { return 4 }}
}

func find(t *testing.T, name string) gate.Gateway {
	t.Helper()
	for _, g := range gates.All() {
		if g.Name == name {
			return g
		}
	}
	t.Fatalf("no gateway %q", name)
	return gate.Gateway{}
}

// What each gateway can do is known from the settings, without a key.
func TestOfEveryGatewayAndDialect(t *testing.T) {
	for name, tc := range map[string]struct {
		gateway  string
		told     bool
		settings map[string]any
		can      []string
		cannot   []string
	}{
		"payermax":         {"payermax", false, nil, []string{"refund", "list_tokens", "query_order"}, []string{"statement", "list_orders", "close_order", "balance"}},
		"easylink":         {"easylink", false, nil, []string{"refund", "partial_refund"}, []string{"list_tokens", "remove_token", "statement", "charge_token", "balance"}},
		"paycools":         {"paycools", true, nil, []string{"refund", "statement", "balance", "list_tokens"}, []string{"list_orders", "close_order"}},
		"paycools, untold": {"paycools", false, nil, []string{"statement"}, []string{"refund"}},
		"PH2":              {"paycools", true, map[string]any{"dialect": "PH2"}, []string{"close_order", "refund"}, nil},
		"GROUP":            {"paycools", true, map[string]any{"dialect": "GROUP"}, []string{"refund"}, []string{"statement", "close_order", "balance"}},
	} {
		t.Run(name, func(t *testing.T) {
			can, err := Of(find(t, tc.gateway), account(tc.gateway, tc.told, tc.settings))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := JSON(&out, "shop", can); err != nil {
				t.Fatal(err)
			}
			got := map[string]Capability{}
			for line := range strings.Lines(out.String()) {
				var c Capability
				if err := json.Unmarshal([]byte(line), &c); err != nil {
					t.Fatal(err)
				}
				if c.Capability != "" && c.OK != (c.Reason == "") {
					t.Errorf("%s", line)
				}
				got[c.Capability] = c
			}
			for _, id := range tc.can {
				if !got[id].OK {
					t.Errorf("%s: %q", id, got[id].Reason)
				}
			}
			for _, id := range tc.cannot {
				if got[id].OK || got[id].Profile != "shop" {
					t.Errorf("%s is offered", id)
				}
			}
			out.Reset()
			if err := People(&out, can); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"THE GATEWAY CAN", "✗ no", "✓ yes", "answers", "asked again"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("not said: %q\n%s", want, out.String())
				}
			}
		})
	}
}

func TestOfAWrongSetting(t *testing.T) {
	_, err := Of(find(t, "paycools"), account("paycools", true, map[string]any{"dialect": "PH9"}))
	if client.ClassOf(err) != client.ClassConfig {
		t.Error(err)
	}
}

func TestMissing(t *testing.T) {
	if err := Missing("shop", "tokens", client.Can()); err != nil {
		t.Error(err)
	}
	err := Missing("shop", "tokens", client.Cannot("no cards \x1b[2J"))
	if client.ClassOf(err) != client.ClassUnsupported || strings.ContainsRune(err.Error(), 0x1b) {
		t.Error(err)
	}
}
