package config

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"paydesk/client"
)

// decoder turns the tree of a file into a Config. It collects every mistake
// and goes on, so that a person sees all of them at once.
type decoder struct {
	file     string
	gateways []Gateway
	sources  map[string]Source
	problems Problems
	ledger   string // as written
}

// field reads one value of a table.
type field func(n *node)

// table reads the known keys of a table and reports the unknown ones.
func (d *decoder) table(n *node, fields map[string]field) {
	if n.kind != kindTable {
		d.wrongKind(n, kindTable)
		return
	}
	for _, name := range n.names {
		child := n.table[name]
		read, ok := fields[name]
		if !ok {
			d.unknown(child, name, slices.Sorted(maps.Keys(fields)))
			continue
		}
		d.sources[child.path] = Source{Origin: FromFile, File: d.file, Line: child.line, Column: child.column}
		read(child)
	}
}

// unknown reports a key that nothing reads.
func (d *decoder) unknown(n *node, name string, known []string) {
	low := strings.ToLower(name)
	if strings.Contains(low, "secret") || strings.Contains(low, "private") || strings.Contains(low, "password") {
		d.wrong(n, "unknown key; secrets do not belong in this file: store them with paydesk key set")
		return
	}
	d.wrong(n, "unknown key; "+didYouMean(name, known))
}

// wrong reports a mistake at a value.
func (d *decoder) wrong(n *node, message string) {
	d.problems = append(d.problems, Problem{
		File: d.file, Line: n.line, Column: n.column, Field: shown(n.path), Message: message,
	})
}

func (d *decoder) wrongKind(n *node, want kind) {
	d.wrong(n, "must be "+string(want)+", not "+string(n.kind))
}

// listPosition is the "[0]" in the path of a list's item.
var listPosition = regexp.MustCompile(`\[[0-9]+\]`)

// shown is a path without list positions, safe for a message: the line tells
// which one is meant.
func shown(path string) string {
	quoted := strconv.Quote(listPosition.ReplaceAllString(path, ""))
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func (d *decoder) text(into *string) field {
	return func(n *node) {
		if n.kind != kindText {
			d.wrongKind(n, kindText)
			return
		}
		*into = n.text
	}
}

func (d *decoder) flag(into *bool) field {
	return func(n *node) {
		if n.kind != kindBool {
			d.wrongKind(n, kindBool)
			return
		}
		*into = n.text == "true"
	}
}

// texts reads a text or a list of texts.
func (d *decoder) texts(into *[]string) field {
	return func(n *node) {
		items := n.items
		if n.kind == kindText {
			items = []*node{n}
		} else if n.kind != kindArray {
			d.wrong(n, "must be a text or a list of texts, not "+string(n.kind))
			return
		}
		for _, item := range items {
			var value string
			d.text(&value)(item)
			*into = append(*into, value)
		}
	}
}

// amounts reads "NUMBER CUR" or a list of such, one per currency. extra are
// the currencies for which the profile itself sets decimals.
func (d *decoder) amounts(into *[]Amount, extra func(currency string) bool) field {
	return func(n *node) {
		var texts []string
		before := len(d.problems)
		d.texts(&texts)(n)
		if len(d.problems) > before {
			return
		}
		seen := map[string]bool{}
		for i, text := range texts {
			at := n
			if n.kind == kindArray {
				at = n.items[i]
			}
			amount, message := parseAmount(text, extra)
			if message == "" && seen[amount.Currency] {
				message = "a second limit for " + amount.Currency + "; one per currency is right"
			}
			if message != "" {
				d.wrong(at, message)
				continue
			}
			seen[amount.Currency] = true
			amount.source = Source{Origin: FromFile, File: d.file, Line: at.line, Column: at.column}
			amount.field = shown(n.path)
			*into = append(*into, amount)
		}
	}
}

// parseAmount checks "NUMBER CUR". A currency that nobody knows would be a
// limit that never applies, so it is refused here.
func parseAmount(text string, extra func(currency string) bool) (Amount, string) {
	const right = `; right is a plain number and a currency, as in "5000.00 HKD"`
	parts := strings.Fields(text)
	if len(parts) != 2 {
		return Amount{}, safe(text) + " is no amount" + right
	}
	number, currency := parts[0], parts[1]
	if _, err := client.ParseMoney(number, currency, client.MaxExp); err != nil {
		return Amount{}, safe(text) + ": " + err.Error() + right
	}
	if _, ok := client.ISODecimals(currency); !ok && !extra(currency) {
		return Amount{}, safe(text) + ": unknown currency " + safe(currency) + "; right is a code of ISO 4217 in capitals"
	}
	return Amount{Number: number, Currency: currency}, ""
}

// maxUndoWindow bounds how long a refund may wait before it is sent.
const maxUndoWindow = time.Hour

func (d *decoder) duration(into *time.Duration) field {
	return func(n *node) {
		var text string
		before := len(d.problems)
		if d.text(&text)(n); len(d.problems) > before {
			return
		}
		value, err := time.ParseDuration(text)
		if err != nil || value < 0 || value > maxUndoWindow {
			d.wrong(n, safe(text)+` is no time between "0s" and "1h"; right is for example "10s" or "2m"`)
			return
		}
		*into = value
	}
}

// config reads the whole tree.
func (d *decoder) config(root *node) *Config {
	c := &Config{Theme: "auto"}
	d.table(root, map[string]field{
		"theme":           d.text(&c.Theme),
		"default_profile": d.text(&c.DefaultProfile),
		"ledger":          d.text(&d.ledger),
		"keys":            func(n *node) { c.Keys = d.bindings(n) },
		"callback": func(n *node) {
			d.table(n, map[string]field{
				"listen": d.text(&c.Callback.Listen), "public_url": d.text(&c.Callback.PublicURL), "proxied": d.flag(&c.Callback.Proxied),
			})
		},
		"profile": func(n *node) {
			if n.kind != kindArray {
				d.wrong(n, "must be written [[profile]], once for each profile")
				return
			}
			for _, item := range n.items {
				c.Profiles = append(c.Profiles, d.profile(item))
			}
		},
	})
	return c
}

// bindings reads [keys]: an action and the key or keys that run it. Actions
// have dots in their names, so nested tables are put together again.
func (d *decoder) bindings(n *node) map[string][]string {
	out := map[string][]string{}
	if n.kind != kindTable {
		d.wrongKind(n, kindTable)
		return out
	}
	var walk func(n *node, prefix string)
	walk = func(n *node, prefix string) {
		for _, name := range n.names {
			child, action := n.table[name], prefix+name
			if child.kind == kindTable {
				walk(child, action+".")
				continue
			}
			var keys []string
			d.texts(&keys)(child)
			for _, key := range keys {
				if key == "" || len(key) > 32 || !printable(key) {
					d.wrong(child, safe(key)+` is no key; right is for example "R" or "ctrl+r"`)
				}
			}
			d.sources["keys."+action] = Source{Origin: FromFile, File: d.file, Line: child.line, Column: child.column}
			out[action] = keys
		}
	}
	walk(n, "")
	return out
}

// profile reads one [[profile]].
func (d *decoder) profile(n *node) Profile {
	p := Profile{prefix: n.path, Policy: Policy{UndoWindow: DefaultUndoWindow}}
	d.sources[n.path] = Source{Origin: FromFile, File: d.file, Line: n.line, Column: n.column}
	fields := map[string]field{
		"name":        d.text(&p.Name),
		"gateway":     d.text(&p.Gateway),
		"brand":       d.text(&p.Brand),
		"environment": d.text(&p.Environment),
		"base_url":    d.text(&p.BaseURL),
		"allow_hosts": d.texts(&p.AllowHosts),
		"merchant_no": d.text(&p.MerchantNo),
		"app_id":      d.text(&p.AppID),
		"keys_dir":    d.text(&p.KeysDir),
		"policy":      func(*node) {}, // read below, when environment and settings are known
	}
	for _, g := range d.gateways {
		fields[g.Name] = func(*node) {} // read below, when the gateway is known
	}
	d.table(n, fields)
	for _, g := range d.gateways {
		if t := n.table[g.Name]; t != nil {
			d.settings(&p, g.Name, t)
		}
	}
	p.Policy.ReadOnly = p.Environment == Production
	if policy := n.table["policy"]; policy != nil {
		d.table(policy, map[string]field{
			"read_only":            d.flag(&p.Policy.ReadOnly),
			"max_refund":           d.amounts(&p.Policy.MaxRefund, p.setsDecimals),
			"max_refund_per_day":   d.amounts(&p.Policy.MaxRefundPerDay, p.setsDecimals),
			"confirm_amount_above": d.amounts(&p.Policy.ConfirmAbove, p.setsDecimals),
			"undo_window":          d.duration(&p.Policy.UndoWindow),
		})
	}
	return p
}

// setsDecimals reports whether the settings name decimals of a currency.
func (p *Profile) setsDecimals(currency string) bool {
	table, _ := p.Settings["decimals"].(map[string]any)
	_, ok := table[currency]
	return ok
}

// settings reads the gateway's own table without knowing its keys.
func (d *decoder) settings(p *Profile, gateway string, n *node) {
	if n.kind != kindTable {
		d.wrongKind(n, kindTable)
		return
	}
	if gateway != p.Gateway && p.Gateway != "" {
		d.wrong(n, "this profile's gateway is "+safe(p.Gateway)+", so the table would do nothing; remove it")
		return
	}
	p.Settings, _ = d.value(n).(map[string]any)
}

// value is a setting as string, bool, int64, []any or map[string]any; each
// gets its source. Numbers with a decimal point are refused: no float comes
// near money (I11).
func (d *decoder) value(n *node) any {
	d.sources[n.path] = Source{Origin: FromFile, File: d.file, Line: n.line, Column: n.column}
	switch n.kind {
	case kindTable:
		table := map[string]any{}
		for _, name := range n.names {
			table[name] = d.value(n.table[name])
		}
		return table
	case kindArray:
		list := []any{}
		for _, item := range n.items {
			list = append(list, d.value(item))
		}
		return list
	case kindText:
		if strings.Contains(n.text, "-----BEGIN") {
			d.wrong(n, "a key does not belong in this file: store it with paydesk key set")
		}
		return n.text
	case kindBool:
		return n.text == "true"
	case kindNumber:
		number, err := strconv.ParseInt(n.text, 0, 64)
		if err != nil {
			d.wrong(n, safe(n.text)+" is too large")
		}
		return number
	default:
		d.wrong(n, "must be a text, true or false, a whole number, a list or a table, not "+string(n.kind))
		return nil
	}
}
