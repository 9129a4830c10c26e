package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"

	"paydesk/client"
	"paydesk/client/sandbox"
)

func TestReadyLine(t *testing.T) {
	s, m := start(t, sandbox.Options{})
	host := strings.TrimSuffix(m.control, "/_sandbox")
	got := s.Ready().String()
	if !strings.HasPrefix(got, `{"ready":true,"urls":{"`) || !strings.HasSuffix(got, `"},"control":"`+host+`/_sandbox"}`) || strings.Contains(got, "\n") {
		t.Errorf("%s", got)
	}
	for gateway, path := range map[string]string{"payermax": "/aggregate-pay/api/gateway", "easylink": "/easylink", "paycools": "/paycools"} {
		if !strings.Contains(got, fmt.Sprintf(`"%s":"%s%s"`, gateway, host, path)) {
			t.Errorf("%s of %s is not in %s", path, gateway, got)
		}
	}
	raw, err := json.Marshal(s.Ready())
	if err != nil || string(raw) != got {
		t.Errorf("%s %v", raw, err)
	}
}

func TestRefundFromEndToEnd(t *testing.T) {
	_, m := start(t, sandbox.Options{Speed: 600})
	if a := m.refund("R_1", "10.50"); a.Code != "APPLY_SUCCESS" || !a.Signed || a.Status != 200 || a.Data["status"] != "REFUND_PENDING" {
		t.Fatalf("%+v %s", a, a.Raw)
	}
	until(t, "the settlement", func() bool { return m.call("refundQuery", `{"outRefundNo":"R_1"}`).Data["status"] == "REFUND_SUCCESS" })
	r := find(m.get("refunds"), "refund_no", "R_1")
	delete(r, "gateway_refund_no")
	want := map[string]any{
		"gateway": "payermax", "refund_no": "R_1", "order_no": "PO_TYPED_1", "amount": "10.50", "currency": "USD", "status": "success", "moved": json.Number("1"),
	}
	r["moved"] = json.Number(fmt.Sprint(r["moved"]))
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if o := find(m.get("orders"), "order_no", "PO_TYPED_1"); o["refunded"] != "10.50" || o["amount"] != "42.00" || o["status"] != "paid" || len(o) != 8 {
		t.Errorf("%v", o)
	}
	if k := find(m.get("tokens"), "user_id", "u-5"); k["status"] != "active" || len(k) != 4 {
		t.Errorf("%v", k)
	}
}

func TestPathsOfAllClients(t *testing.T) {
	_, m := start(t, sandbox.Options{})
	host := strings.TrimSuffix(m.control, "/_sandbox")
	const base = "/aggregate-pay/api/gateway"
	for _, prefix := range []string{"", base, base + base} {
		m.base = host + prefix
		if a := m.call("refundQuery", `{"outRefundNo":"RF_20261122_000001"}`); a.Code != "APPLY_SUCCESS" {
			t.Errorf("%s: %d %s", prefix, a.Status, a.Raw)
		}
	}
	if a := m.call("capture", `{}`); a.Status != http.StatusNotFound || a.Code != "" {
		t.Errorf("an unknown path: %d %s", a.Status, a.Raw)
	}
	m.base = host + base
	if a := m.send("refund", strings.Repeat(" ", 1<<20+1), "x"); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body: %d %v", a.Status, a.Err)
	}
}

func TestFilesForForeignClients(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s, m := start(t, sandbox.Options{Dir: dir})
	for _, file := range []string{
		"config.toml", "book.ndjson", "keys/payermax/merchant_private_key.pem", "keys/payermax/merchant_public_key.pem",
		"keys/payermax/platform_private_key.pem", "keys/payermax/platform_public_key.pem", "keys/easylink/app_key.txt",
		"keys/paycools/merchant_private_key.pem", "keys/paycools/callback_secret.txt", "keys/paycools/platform_public_key.pem",
	} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v %v", info, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := toml.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got["theme"] != "auto" || got["default_profile"] != "checus-sandbox" {
		t.Errorf("%v", got)
	}
	profiles, _ := got["profile"].([]any)
	for _, want := range wantedProfiles(s) {
		i := slices.IndexFunc(profiles, func(p any) bool { p1, _ := p.(map[string]any); return p1["name"] == want["name"] })
		if i < 0 {
			t.Errorf("there is no profile %s", want["name"])
			continue
		}
		if diff := cmp.Diff(any(want), profiles[i]); diff != "" {
			t.Error(diff)
		}
	}
	p := s.Profiles()[0]
	if p.Name != "checus-sandbox" || p.Environment != "sandbox" || p.BaseURL != m.base || !bytes.Equal(p.Keys["platform_public_key.pem"], m.key("platform_public_key.pem")) {
		t.Errorf("%+v", p)
	}
}

// wantedProfiles are the tables of the configuration, one for each gateway.
func wantedProfiles(s *sandbox.Sandbox) []map[string]any {
	return []map[string]any{
		{
			"name": "checus-sandbox", "gateway": "payermax", "brand": "checus", "environment": "sandbox", "base_url": s.Ready().URLs["payermax"],
			"merchant_no": "P01010000000777", "app_id": "8f4c0a6e2b5d4f71a3c9e0d1b2a38475", "keys_dir": "keys/payermax",
			"policy": map[string]any{"read_only": false, "undo_window": "10s"},
		},
		{
			"name": "easylink-sandbox", "gateway": "easylink", "environment": "sandbox", "base_url": s.Ready().URLs["easylink"],
			"merchant_no": "M1700000001", "app_id": "65f0c0ffee65f0c0ffee0001", "keys_dir": "keys/easylink",
			"policy": map[string]any{"read_only": false, "undo_window": "10s"},
		},
		{
			"name": "paycools-sandbox", "gateway": "paycools", "environment": "sandbox", "base_url": s.Ready().URLs["paycools"],
			"merchant_no": "PC10000000778", "app_id": "paycoolsSandboxApp01", "keys_dir": "keys/paycools",
			"policy": map[string]any{"read_only": false, "undo_window": "10s"},
			"paycools": map[string]any{
				"refund_notify_url": "http://127.0.0.1/paycools-portal", "order_notify_url": "http://127.0.0.1/paycools-portal",
				"app_name": "Sandbox Shop", "channel": "GCASH_QR", "payer_email": "payer@example.ph", "payer_mobile": "09170000000",
			},
		},
	}
}

func TestExistingConfigKeepsWhatAPersonWrote(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	first, err := sandbox.Start(t.Context(), sandbox.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(path)
	mine := "# mine\n" + strings.Replace(string(raw), "read_only = false", "read_only = true # mine too", 1) +
		"\n[[profile]]\nname = \"other\"\nbase_url = \"https://example.com\"\n"
	if err := os.WriteFile(path, []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	_, m := start(t, sandbox.Options{Dir: dir})
	after, _ := os.ReadFile(path)
	want := strings.ReplaceAll(mine, strings.TrimSuffix(first.Ready().Control, "/_sandbox"), strings.TrimSuffix(m.control, "/_sandbox"))
	if diff := cmp.Diff(want, string(after)); diff != "" {
		t.Error(diff)
	}
}

func TestConfigThatCannotBeBroughtUpToDateIsLeftAlone(t *testing.T) {
	for name, text := range map[string]string{
		"broken": "[[profile\n", "inline": "profile = [{name = \"checus-sandbox\", base_url = \"http://127.0.0.1:1\"}]\n",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "config.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sandbox.Start(t.Context(), sandbox.Options{Dir: dir})
		if after, _ := os.ReadFile(path); client.ClassOf(err) != client.ClassConfig || string(after) != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A file without the profile gets it added.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte("theme = \"dark\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, m := start(t, sandbox.Options{Dir: dir})
	if after, _ := os.ReadFile(filepath.Join(dir, "config.toml")); !strings.HasPrefix(string(after), "theme = \"dark\"\n") || !strings.Contains(string(after), m.base) {
		t.Errorf("%s", after)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, opts := range map[string]sandbox.Options{
		"listen everywhere": {Listen: "0.0.0.0:0"}, "listen abroad": {Listen: "192.0.2.1:80"}, "listen nowhere": {Listen: "127.0.0.1"},
		"speed": {Speed: -1}, "orders": {Orders: -1}, "notify abroad": {Notify: "https://shop.example/"}, "fault": {Faults: []string{"refund:lose"}},
		"fault elsewhere": {Faults: []string{"easypeasy/refund:html"}}, "port": {Listen: "127.0.0.1:99999"},
	} {
		s, err := sandbox.Start(t.Context(), opts)
		if client.ClassOf(err) != client.ClassInput || s != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTwoSandboxesOnOneFolder(t *testing.T) {
	_, m := start(t, sandbox.Options{})
	if _, err := sandbox.Start(t.Context(), sandbox.Options{Dir: m.dir}); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("error %v", err)
	}
	if a := m.refund("R_1", "1"); a.Code != "APPLY_SUCCESS" {
		t.Errorf("the first one suffers: %s", a.Raw)
	}
}

func TestInMemoryLeavesNothingBehind(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Options{Orders: 50})
	if err != nil {
		t.Fatal(err)
	}
	truth := s.Truth()
	if len(truth.Orders) != 50 || len(truth.Refunds) == 0 || len(truth.Tokens) == 0 {
		t.Errorf("%d orders, %d refunds, %d tokens", len(truth.Orders), len(truth.Refunds), len(truth.Tokens))
	}
	if len(s.Profiles()[0].Keys["merchant_private_key.pem"]) == 0 {
		t.Error("no key")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := sandbox.Start(ctx, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTruthTellsEnoughForALedger(t *testing.T) {
	s, _ := start(t, sandbox.Options{Seed: 3, Orders: 400})
	again, _ := start(t, sandbox.Options{Seed: 3, Orders: 400})
	truth := s.Truth()
	if len(truth.Orders) != len(again.Truth().Orders) || truth.Orders[5].OrderNo != again.Truth().Orders[5].OrderNo || truth.Orders[5].Amount != again.Truth().Orders[5].Amount {
		t.Error("the same seed gives another merchant")
	}
	sums := map[string]int64{}
	for _, r := range truth.Refunds {
		if r.Gateway == "" || r.RefundNo == "" || r.GatewayRefundNo == "" || r.Reason == "" || r.Agent == "" || r.Attempt < 1 || r.CreatedAt.IsZero() {
			t.Errorf("%+v", r)
		}
		if r.Status == client.RefundSuccess {
			sums[r.OrderNo] += r.Amount.Minor
			if r.Moved != 1 || r.SettledAt.IsZero() {
				t.Errorf("%+v", r)
			}
		}
	}
	for _, o := range truth.Orders {
		if o.UserID == "" || o.CreatedAt.IsZero() || (o.Status == client.OrderPaid) == o.PaidAt.IsZero() || o.Refunded.Minor != sums[o.OrderNo] {
			t.Errorf("%+v", o)
		}
		if o.Method == "CARD" && !strings.HasPrefix(o.Card, "····") {
			t.Errorf("card %q", o.Card)
		}
	}
}

// TestKeysInTheFolderAreUsed lets a person exchange the merchant's key.
func TestKeysInTheFolderAreUsed(t *testing.T) {
	dir := t.TempDir()
	s, err := sandbox.Start(t.Context(), sandbox.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	folder := filepath.Join(dir, "keys", "payermax")
	platform, _ := os.ReadFile(filepath.Join(folder, "platform_public_key.pem"))
	if err := os.WriteFile(filepath.Join(folder, "merchant_public_key.pem"), platform, 0o600); err != nil {
		t.Fatal(err)
	}
	_, m := start(t, sandbox.Options{Dir: dir})
	if a := m.refund("R_1", "1"); a.Code != "SIGN_VERIFY_FAILED" {
		t.Errorf("%s", a.Raw)
	}
	if err := os.WriteFile(filepath.Join(folder, "merchant_public_key.pem"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if err := os.CopyFS(filepath.Join(other, "keys"), os.DirFS(filepath.Join(dir, "keys"))); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Start(t.Context(), sandbox.Options{Dir: other}); client.ClassOf(err) != client.ClassConfig {
		t.Errorf("error %v", err)
	}
}
