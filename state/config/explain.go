package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"paydesk/client"
)

// Origin is the kind of place that a value came from.
type Origin string

// The origins of values.
const (
	FromDefault  Origin = "default"
	FromFile     Origin = "file"
	FromVariable Origin = "variable"
	FromFlag     Origin = "flag"
)

// Source is where a value came from. The zero value is the default.
type Source struct {
	Origin Origin
	Name   string // of the variable or the flag
	File   string
	Line   int // from 1
	Column int // in bytes, from 1
}

// String renders "file:line", "$VARIABLE", "--flag" or "default".
func (s Source) String() string {
	switch s.Origin {
	case FromFile:
		return s.File + ":" + strconv.Itoa(s.Line)
	case FromVariable:
		return "$" + s.Name
	case FromFlag:
		return s.Name
	case FromDefault:
	}
	return string(FromDefault)
}

// problem is a mistake of the value that came from here.
func (s Source) problem(field, message string) Problem {
	switch s.Origin {
	case FromVariable, FromFlag:
		message = "from " + s.String() + ": " + message
	case FromFile, FromDefault:
	}
	return Problem{File: s.File, Line: s.Line, Column: s.Column, Field: field, Message: message}
}

func variable(name string) Source { return Source{Origin: FromVariable, Name: name} }

func flag(name string) Source { return Source{Origin: FromFlag, Name: name} }

// Setting is one value with its source.
type Setting struct {
	Key    string // "theme", "profile.shop-hk.policy.undo_window"
	Value  string
	Source Source
}

// Explain is every value in force with the place that it came from, in a fixed
// order. There is no secret among them, as the configuration holds none.
func (c *Config) Explain() []Setting {
	out := []Setting{
		c.setting("config", c.Paths.Config),
		c.setting("themes", c.Paths.Themes),
		c.setting("ledger", c.Paths.Ledger),
		c.setting("log", c.Paths.Log),
		c.setting("session", c.Paths.Session),
		c.setting("crash", c.Paths.Crash),
		c.setting("theme", c.Theme),
		c.setting("no_color", strconv.FormatBool(c.NoColor)),
		c.setting("default_profile", c.DefaultProfile),
		c.setting("callback.listen", c.Callback.Listen),
		c.setting("callback.public_url", c.Callback.PublicURL),
		c.setting("callback.proxied", strconv.FormatBool(c.Callback.Proxied)),
		c.choice(),
	}
	for _, action := range slices.Sorted(maps.Keys(c.Keys)) {
		out = append(out, c.setting("keys."+action, strings.Join(c.Keys[action], " ")))
	}
	for i := range c.Profiles {
		out = append(out, c.Profiles[i].Explain()...)
	}
	return out
}

// choice is the profile that Select takes, and why; empty when it takes none.
func (c *Config) choice() Setting {
	s := Setting{Key: "profile", Value: c.named, Source: c.source(chosen)}
	switch {
	case c.named != "":
	case c.DefaultProfile != "":
		s.Value, s.Source = c.DefaultProfile, c.source("default_profile")
	case len(c.Profiles) == 1:
		s.Value = c.Profiles[0].Name
	}
	return s
}

func (c *Config) setting(key, value string) Setting {
	return Setting{Key: key, Value: value, Source: c.source(key)}
}

func (c *Config) source(key string) Source {
	if s, ok := c.sources[key]; ok {
		return s
	}
	return Source{Origin: FromDefault}
}

// Explain is every value of the profile with the place that it came from.
func (p Profile) Explain() []Setting {
	policy := p.Policy
	out := []Setting{}
	add := func(field, value string) {
		out = append(out, Setting{Key: "profile." + p.Name + "." + field, Value: value, Source: p.Source(field)})
	}
	add("gateway", p.Gateway)
	add("brand", p.Brand)
	add("environment", p.Environment)
	add("base_url", p.BaseURL)
	add("allow_hosts", strings.Join(p.AllowHosts, " "))
	add("merchant_no", p.MerchantNo)
	add("app_id", p.AppID)
	add("keys_dir", p.KeysDir)
	add("policy.read_only", strconv.FormatBool(policy.ReadOnly))
	add("policy.max_refund", joinAmounts(policy.MaxRefund))
	add("policy.max_refund_per_day", joinAmounts(policy.MaxRefundPerDay))
	add("policy.confirm_amount_above", joinAmounts(policy.ConfirmAbove))
	add("policy.undo_window", policy.UndoWindow.String())
	for _, key := range slices.Sorted(maps.Keys(p.Settings)) {
		explainSetting(add, join(p.Gateway, key), p.Settings[key])
	}
	return out
}

// explainSetting adds a gateway's setting, tables key by key.
func explainSetting(add func(field, value string), field string, value any) {
	table, ok := value.(map[string]any)
	if !ok {
		add(field, fmt.Sprint(value))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		explainSetting(add, join(field, key), table[key])
	}
}

func joinAmounts(amounts []Amount) string {
	texts := make([]string, len(amounts))
	for i, a := range amounts {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// Source is where a value of the profile came from: "merchant_no",
// "policy.max_refund", "payermax.token_integrate".
func (p Profile) Source(field string) Source {
	if s, ok := p.sources[p.prefix+"."+field]; ok {
		return s
	}
	return Source{Origin: FromDefault}
}

// Names is the names of all profiles in the order of the file.
func (c *Config) Names() []string {
	names := make([]string, 0, len(c.Profiles))
	for _, p := range c.Profiles {
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	return names
}

// Lookup is the profile of a name, or a ClassNotFound error that tells the
// known ones.
func (c *Config) Lookup(name string) (Profile, error) {
	for _, p := range c.Profiles {
		if p.Name == name {
			return p, nil
		}
	}
	hint := "add it with: paydesk profile add"
	if names := c.Names(); len(names) > 0 {
		hint = "known profiles: " + strings.Join(names, ", ")
		if near := Nearest(name, names); near != "" {
			hint = "did you mean " + strconv.Quote(near) + "? " + hint
		}
	}
	return Profile{}, &client.Error{
		Class: client.ClassNotFound, Code: "profile",
		Message: "there is no profile " + safe(name), Hint: hint,
	}
}

// Select is the one profile to work with: the one asked for by flag or
// variable, else default_profile, else the only one. Without any of these it
// returns a ClassConfig error with the names (product: section 2).
func (c *Config) Select() (Profile, error) {
	switch {
	case c.named != "":
		return c.Lookup(c.named)
	case c.DefaultProfile != "":
		return c.Lookup(c.DefaultProfile)
	case len(c.Profiles) == 1:
		return c.Profiles[0], nil
	case len(c.Profiles) == 0:
		return Profile{}, &client.Error{
			Class: client.ClassConfig, Code: "no-profile",
			Message: "no profile is set up in " + safePath(c.Paths.Config),
			Hint:    "set one up with: paydesk profile add; or try everything with: paydesk demo",
		}
	}
	return Profile{}, &client.Error{
		Class: client.ClassConfig, Code: "which-profile",
		Message: "there are several profiles and none was chosen: " + strings.Join(c.Names(), ", "),
		Hint:    "choose one with --profile NAME, or set default_profile in " + c.Paths.Config,
	}
}

// Scope is the profiles that a list or a resume covers: the one asked for by
// flag or variable, else all of them.
func (c *Config) Scope() ([]Profile, error) {
	if c.named == "" {
		return slices.Clone(c.Profiles), nil
	}
	p, err := c.Lookup(c.named)
	if err != nil {
		return nil, err
	}
	return []Profile{p}, nil
}
