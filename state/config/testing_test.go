package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paydesk/client"
)

// gateways is what a caller would tell.
var gateways = []Gateway{
	{
		Name: "payermax", Brands: []string{"payermax", "checus"}, Required: []string{"merchant_no", "app_id"},
		Hosts: []string{"pay-gate.payermax.com", "pay-gate-uat.payermax.com"},
	},
	{Name: "easylink", NotifyMax: 128, NotifyOwn: []string{"order_notify_url", "refund_notify_url"}},
	{Name: "paycools", NotifyMax: 100, NotifyOwn: []string{"order_notify_url", "refund_notify_url"}},
}

// place is a home of its own for one test: options whose every path is below
// a fresh directory, and no environment.
func place(t *testing.T) Options {
	t.Helper()
	home := t.TempDir()
	if err := os.Chmod(home, 0o700); err != nil {
		t.Fatal(err)
	}
	return Options{
		Env:      func(string) (string, bool) { return "", false },
		Gateways: gateways,
		Dirs: Dirs{
			Home: home, Config: filepath.Join(home, "config"),
			Data: filepath.Join(home, "data"), State: filepath.Join(home, "state"),
		},
	}
}

// with is the options with variables.
func (o Options) with(variables map[string]string) Options {
	o.Env = func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
	return o
}

// write puts a configuration file into the usual place.
func write(t *testing.T, o Options, text string) string {
	t.Helper()
	path := filepath.Join(o.Dirs.Config, "paydesk", "config.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, o Options) *Config {
	t.Helper()
	c, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// whole is the text of an error with its hint.
func whole(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Error() + " " + e.Hint
	}
	return fmt.Sprint(err)
}

// refusal checks class, code and a part of the text of an error.
func refusal(t *testing.T, err error, class client.Class, code, part string) *client.Error {
	t.Helper()
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Class != class || e.Code != code || !strings.Contains(e.Error()+"\n"+e.Hint, part) {
		t.Fatalf("got %v (%+v), want class %s, code %s, text %q", err, e, class, code, part)
	}
	if e.Hint == "" {
		t.Errorf("%v: has no hint", err)
	}
	return e
}
