package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The forms of names. A profile's name is part of keyring entries and a
// theme's is part of a file name, so neither may hold a separator.
var (
	profileName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	themeName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$`)
	accountID   = regexp.MustCompile(`^[!-~]{1,64}$`)
	numericHost = regexp.MustCompile(`(^|\.)(0[xX][0-9a-fA-F]*|[0-9]+)\.?$`)
)

// environments are the words of the key environment.
var environments = []string{Production, Test, Sandbox}

// printable reports whether a text has only visible characters.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func wrongTheme(name string) string {
	return safe(name) + ` is no theme's name; right is "auto" or letters, digits and dashes`
}

// check looks at the values together, after all were read.
func (d *decoder) check(c *Config, root *node) {
	if n := root.table["theme"]; n != nil && n.kind == kindText && !themeName.MatchString(n.text) {
		d.wrong(n, wrongTheme(n.text))
	}
	if n := root.table["ledger"]; n != nil && n.kind == kindText {
		if message := wrongPath(n.text); message != "" {
			d.wrong(n, message)
		}
	}
	names := c.Names()
	if n := root.table["default_profile"]; n != nil && c.DefaultProfile != "" && !slices.Contains(names, c.DefaultProfile) {
		d.wrong(n, "there is no profile "+safe(c.DefaultProfile)+"; "+didYouMean(c.DefaultProfile, names))
	}
	first := map[string]int{}
	for i := range c.Profiles {
		p, n := &c.Profiles[i], root.table["profile"].items[i]
		if n.kind != kindTable {
			continue // said already
		}
		if line, twice := first[p.Name]; twice && p.Name != "" {
			d.wrong(at(n, "name"), "profile "+safe(p.Name)+" is already defined"+lineText(line)+"; every profile has its own name")
		}
		first[p.Name] = at(n, "name").line
		d.checkProfile(p, n, c.Paths)
	}
	d.checkCallback(c, root.table["callback"])
}

func lineText(line int) string {
	if line == 0 {
		return ""
	}
	return " in line " + strconv.Itoa(line)
}

// at is the value of a key, or the table itself when the key is not there.
func at(n *node, key string) *node {
	if child := n.table[key]; child != nil {
		return child
	}
	return n
}

// missing reports whether a key is absent or an empty text.
func missing(n *node, key string) bool {
	child := n.table[key]
	return child == nil || child.kind == kindText && child.text == ""
}

func (d *decoder) checkProfile(p *Profile, n *node, paths Paths) {
	if !profileName.MatchString(p.Name) && textOrMissing(n, "name") {
		if missing(n, "name") {
			d.wrong(n, `a profile needs a name, as in name = "shop-hk"`)
		} else {
			d.wrong(at(n, "name"), safe(p.Name)+" is no profile name; right are 1 to 32 of a-z, 0-9 and -")
		}
	}
	d.checkGateway(p, n)
	switch {
	case missing(n, "environment"):
		d.wrong(n, "a profile needs an environment: "+strings.Join(environments, ", "))
	case textOrMissing(n, "environment") && !slices.Contains(environments, p.Environment):
		d.wrong(at(n, "environment"), safe(p.Environment)+" is no environment; "+didYouMean(p.Environment, environments))
	}
	for _, id := range []struct{ key, value string }{{"merchant_no", p.MerchantNo}, {"app_id", p.AppID}} {
		if id.value != "" && !accountID.MatchString(id.value) {
			d.wrong(at(n, id.key), safe(id.value)+" has a character that no such number has, or is longer than 64; copy it from the gateway's portal")
		}
	}
	loopback := d.checkURL(p, n)
	d.checkKeysDir(p, n, loopback, paths)
}

// textOrMissing reports whether a key's type was right, so that a wrong type
// is not reported a second time as a wrong value.
func textOrMissing(n *node, key string) bool {
	child := n.table[key]
	return child == nil || child.kind == kindText
}

// checkGateway checks gateway, brand and the keys that the gateway requires.
func (d *decoder) checkGateway(p *Profile, n *node) {
	names := make([]string, len(d.gateways))
	for i, g := range d.gateways {
		names[i] = g.Name
	}
	index := slices.Index(names, p.Gateway)
	switch {
	case missing(n, "gateway"):
		d.wrong(n, "a profile needs a gateway: "+strings.Join(names, ", "))
		return
	case !textOrMissing(n, "gateway"):
		return
	case index < 0:
		d.wrong(at(n, "gateway"), "unknown gateway "+safe(p.Gateway)+"; "+didYouMean(p.Gateway, names))
		return
	}
	g := d.gateways[index]
	switch {
	case p.Brand == "" && len(g.Brands) > 0:
		p.Brand = g.Brands[0]
	case p.Brand != "" && len(g.Brands) == 0:
		d.wrong(at(n, "brand"), "gateway "+g.Name+" has no brands; remove the key")
	case p.Brand != "" && !slices.Contains(g.Brands, p.Brand):
		d.wrong(at(n, "brand"), safe(p.Brand)+" is no brand of "+g.Name+"; "+didYouMean(p.Brand, g.Brands))
	}
	for _, key := range g.Required {
		if missing(n, key) {
			d.wrong(at(n, key), "gateway "+g.Name+" needs "+key)
		}
	}
}

// checkURL checks base_url (S12, S14) and reports whether it is on loopback.
func (d *decoder) checkURL(p *Profile, n *node) (loopback bool) {
	if p.BaseURL == "" {
		if p.Environment == Sandbox {
			d.wrong(at(n, "base_url"), `environment "sandbox" needs a base_url on loopback, as in "http://127.0.0.1:8080"`)
		}
		return false
	}
	loopback, message := wrongURL(p.BaseURL)
	if message == "" && p.Environment == Sandbox && !loopback {
		message = safe(p.BaseURL) + ` is not on loopback; environment "sandbox" is for loopback only`
	}
	if message == "" && !loopback {
		message = d.foreignHost(p)
	}
	if message != "" {
		d.wrong(at(n, "base_url"), message)
	}
	return loopback && message == ""
}

// foreignHost says why a host is not one that the gateway documents (S14).
func (d *decoder) foreignHost(p *Profile) string {
	i := slices.IndexFunc(d.gateways, func(g Gateway) bool { return g.Name == p.Gateway })
	if i < 0 || len(d.gateways[i].Hosts) == 0 {
		return ""
	}
	u, err := url.Parse(p.BaseURL)
	if err != nil {
		return "" // said already
	}
	known := append(slices.Clone(d.gateways[i].Hosts), p.AllowHosts...)
	if slices.ContainsFunc(known, func(h string) bool { return strings.EqualFold(h, u.Hostname()) }) {
		return ""
	}
	return "host " + safe(u.Hostname()) + " is none of " + p.Gateway + "'s (" + strings.Join(d.gateways[i].Hosts, ", ") +
		"); when the gateway gave it to you in writing, name it in allow_hosts"
}

// wrongURL says what is wrong with a base URL. Plain http goes to loopback
// only.
func wrongURL(text string) (loopback bool, message string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return false, `is no address; right is for example "https://host.example/path"`
	}
	if u.User != nil {
		return false, "has a user name or password in it; remove it"
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false, safe(text) + " has a query or fragment; right is scheme, host and path only"
	}
	loopback, message = wrongHost(u.Hostname())
	if message != "" {
		return false, safe(text) + " " + message
	}
	if u.Scheme == "http" && !loopback {
		return false, safe(text) + " is not encrypted; right is https (http is for loopback only)"
	}
	return loopback, ""
}

// wrongHost says what is wrong with a host, or whether it is on loopback. One
// that merely ends in a number, such as 127.1 or 0x7f.1, reads differently in
// every resolver and is refused.
func wrongHost(host string) (loopback bool, message string) {
	if host == "" || !printable(host) {
		return false, "is no address; the host is missing"
	}
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil && numericHost.MatchString(host):
		return false, "has a host that looks like an address but is none; write it as in 127.0.0.1"
	case err != nil:
		return strings.EqualFold(host, "localhost"), ""
	case addr.Is4In6() || addr.Zone() != "":
		return false, "hides an address in another; write it plainly"
	case addr.IsUnspecified() || addr.IsLinkLocalUnicast() || addr.IsMulticast():
		return false, "is an address that no gateway has"
	}
	return addr.IsLoopback(), ""
}

// checkCallback checks the table [callback].
func (d *decoder) checkCallback(c *Config, n *node) {
	if n == nil || n.kind != kindTable {
		return
	}
	if c.Callback.Listen != "" {
		if message := wrongListen(c.Callback.Listen, c.Callback.Proxied); message != "" {
			d.wrong(at(n, "listen"), message)
		}
	}
	if c.Callback.PublicURL == "" {
		return
	}
	place := at(n, "public_url")
	if message := wrongPublicURL(c.Callback.PublicURL); message != "" {
		d.wrong(place, message)
		return
	}
	c.Callback.PublicURL = strings.TrimRight(c.Callback.PublicURL, "/")
	for _, p := range c.Profiles {
		if message := d.tooLongFor(p, c.Callback); message != "" {
			d.wrong(place, message)
		}
	}
}

// wrongListen says what is wrong with an address to listen on. It refuses what
// the receiver would refuse, so that it is told before the start (S15).
func wrongListen(text string, proxied bool) string {
	const right = `right is an IP address or localhost and a port, as in "127.0.0.1:8787"`
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return safe(text) + " is no address to listen on; " + right
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return safe(text) + " has no port from 0 to 65535; " + right
	}
	if strings.EqualFold(host, "localhost") {
		return ""
	}
	addr, err := netip.ParseAddr(host)
	if err != nil && host != "" { // without a host it is every address of this machine
		return safe(text) + " names no address of this machine; " + right
	}
	if !addr.Unmap().IsLoopback() && !proxied {
		return safe(text) + " can be reached from other machines, and callbacks would come in the clear; " +
			"right is a loopback address behind a reverse proxy that ends TLS, or proxied = true when only such a proxy can reach it"
	}
	return ""
}

// plainPath is a path that means the same in every proxy.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*/*$`)

// longestPart is how long a part of a path may be before it looks like the
// secret of a whole address that was pasted here.
const longestPart = 40

// wrongPublicURL says what is wrong with the address that gateways call.
func wrongPublicURL(text string) string {
	if u, err := url.Parse(text); err == nil {
		for part := range strings.SplitSeq(u.Path, "/") {
			if len(part) > longestPart {
				return "ends in what looks like the secret part of an address; right is what stands before /callback/, as the secret itself is in the keyring"
			}
		}
		if u.Host != "" && !plainPath.MatchString(u.EscapedPath()) {
			return safe(text) + ` has more than a plain path; right is for example "https://hooks.shop.example" or "https://shop.example/paydesk"`
		}
	}
	_, message := wrongURL(text)
	return message
}

// onLoopback reports whether an address, which was checked, is on this machine.
func onLoopback(address string) bool {
	loopback, message := wrongURL(address)
	return loopback && message == ""
}

// tooLongFor says that a gateway would not take the address that a profile gets,
// which must not come out at the first refund.
func (d *decoder) tooLongFor(p Profile, c Callback) string {
	i := slices.IndexFunc(d.gateways, func(g Gateway) bool { return g.Name == p.Gateway })
	if i < 0 || d.gateways[i].NotifyMax == 0 || c.Base(p) == "" {
		return ""
	}
	g := d.gateways[i]
	own := func(key string) bool { text, _ := p.Settings[key].(string); return text != "" }
	if len(g.NotifyOwn) > 0 && !slices.ContainsFunc(g.NotifyOwn, func(key string) bool { return !own(key) }) {
		return ""
	}
	if n := utf8.RuneCountInString(c.PublicURL); n+CallbackPath > g.NotifyMax {
		return fmt.Sprintf("has %d characters, and with the %d that paydesk puts behind them %s of profile %s would be told %d, of which it takes %d; right are at most %d",
			n, CallbackPath, g.Name, safe(p.Name), n+CallbackPath, g.NotifyMax, g.NotifyMax-CallbackPath)
	}
	return ""
}

// checkKeysDir lets key files stand in for the keyring in the sandbox only
// (product: section 5).
func (d *decoder) checkKeysDir(p *Profile, n *node, loopback bool, paths Paths) {
	if p.KeysDir == "" {
		return
	}
	if p.Environment != Sandbox || !loopback {
		d.wrong(at(n, "keys_dir"), `is allowed only with environment = "sandbox" and a base_url on loopback; elsewhere keys are in the keyring (paydesk key set)`)
		return
	}
	if message := wrongPath(p.KeysDir); message != "" {
		d.wrong(at(n, "keys_dir"), message)
		return
	}
	p.KeysDir = paths.relative(p.KeysDir)
}
