package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"paydesk/client"
)

// errAddress says that a resolved address must not be spoken to.
var errAddress = errors.New("address refused")

// ParseBase checks a base URL (S12, S14): absolute, https, a host of the list,
// no user info, query or fragment. Plain http, and a host outside the list, are
// taken only when the host is loopback by its very spelling. It returns a
// ClassConfig error that names the fault. A trailing slash is cut.
func ParseBase(text string, hosts []string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		// The cause repeats the text, which may hold a password.
		return nil, baseError("is no URL", "https://host/path")
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch {
	case u.User != nil:
		return nil, baseError("holds user information", "no user name or password in it")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, baseError(fmt.Sprintf("has scheme %.20q", u.Scheme), "https")
	case host == "" || u.Opaque != "":
		return nil, baseError("has no host", "https://host/path")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(text, "#"):
		return nil, baseError("has a query or a fragment", "neither")
	case !portOK(u):
		return nil, baseError("has a bad port", "a port from 1 to 65535, or none")
	case slices.Contains(strings.Split(u.Path, "/"), ".."):
		return nil, baseError("has .. in its path", "a plain path")
	}
	if err := checkHost(u.Scheme, host, hosts); err != nil {
		return nil, err
	}
	clean := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	return clean, nil
}

// checkHost judges the host by its spelling; the dialer judges what it
// resolves to.
func checkHost(scheme, host string, hosts []string) error {
	if IsLoopback(host) {
		return nil
	}
	if scheme == "http" {
		return baseError("is plain http to "+strconv.Quote(host), "https; plain http is for 127.0.0.1, ::1 and localhost only")
	}
	listed := slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(strings.TrimSuffix(h, "."), host) })
	if addr, err := netip.ParseAddr(host); err == nil {
		if !allowed(addr, false) {
			return baseError("names an address that no gateway has", "the gateway's host name")
		}
	} else if looksNumeric(host) {
		// 127.1, 0x7f.1 and 2130706433 are addresses to some resolvers only.
		return baseError("spells an address oddly", "the gateway's host name")
	}
	if !listed {
		return baseError("names host "+strconv.Quote(host), "one of "+strings.Join(hosts, ", ")+"; others must be added to the profile")
	}
	return nil
}

// IsLoopback reports whether a host is loopback by its spelling alone.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && embedded(addr).IsLoopback()
}

func baseError(wrong, right string) error {
	return &client.Error{
		Class: client.ClassConfig, Code: "base_url", Message: "base_url " + wrong + "; right is " + right,
		Hint: "correct base_url of the profile",
	}
}

func portOK(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// looksNumeric reports whether the last label is a number, which makes the
// whole name an IPv4 address to lenient parsers.
func looksNumeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err == nil || strings.Trim(last, "0123456789") == ""
}

// guard refuses, at the moment of connecting, addresses that no gateway has,
// whatever name led there (S14). For plain http it lets nothing but loopback
// through (S12).
func guard(plain bool) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return fmt.Errorf("%w: %q is no address", errAddress, address)
		}
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return fmt.Errorf("%w: %q is no address", errAddress, host)
		}
		if !allowed(addr, plain) {
			return fmt.Errorf("%w: %s", errAddress, addr)
		}
		return nil
	}
}

// allowed judges one address.
func allowed(addr netip.Addr, plain bool) bool {
	addr = embedded(addr)
	if plain {
		return addr.IsLoopback()
	}
	if addr.IsUnspecified() || addr.IsLinkLocalUnicast() || addr.IsMulticast() ||
		addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	return !slices.Contains(metadata[:], addr)
}

// metadata lists the cloud metadata services outside the link-local range:
// AWS over IPv6, Alibaba, Azure, Oracle.
var metadata = [...]netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),
	netip.AddrFrom4([4]byte{100, 100, 100, 200}),
	netip.AddrFrom4([4]byte{168, 63, 129, 16}),
	netip.AddrFrom4([4]byte{192, 0, 0, 192}),
}

// embedded is the IPv4 address inside an IPv6 one (mapped, compatible, NAT64,
// 6to4), or addr itself without its zone.
func embedded(addr netip.Addr) netip.Addr {
	addr = addr.WithZone("").Unmap()
	if addr.Is4() {
		return addr
	}
	raw := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr):
		return netip.AddrFrom4([4]byte(raw[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(addr):
		return netip.AddrFrom4([4]byte(raw[2:6]))
	case netip.MustParsePrefix("::/96").Contains(addr) && !addr.IsLoopback() && !addr.IsUnspecified():
		return netip.AddrFrom4([4]byte(raw[12:16]))
	}
	return addr
}
