package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

func TestParseBase(t *testing.T) { // covers S12, S14
	hosts := []string{"pay-gate.payermax.com"}
	for text, good := range map[string]string{
		"https://pay-gate.payermax.com/aggregate-pay/api/gateway":  "https://pay-gate.payermax.com/aggregate-pay/api/gateway",
		"https://PAY-gate.payermax.com/aggregate-pay/api/gateway/": "https://PAY-gate.payermax.com/aggregate-pay/api/gateway",
		"https://pay-gate.payermax.com:8443":                       "https://pay-gate.payermax.com:8443",
		"https://pay-gate.payermax.com./x":                         "https://pay-gate.payermax.com./x",
		"http://127.0.0.1:8080/x":                                  "http://127.0.0.1:8080/x",
		"http://localhost:8080":                                    "http://localhost:8080",
		"http://[::1]:8080":                                        "http://[::1]:8080",
		"http://[::ffff:127.0.0.1]":                                "http://[::ffff:127.0.0.1]",
		"http://127.9.9.9":                                         "http://127.9.9.9",
	} {
		u, err := ParseBase(text, hosts)
		if err != nil || u.String() != good {
			t.Errorf("%s: %v, %v", text, u, err)
		}
	}
	for _, text := range []string{
		"", "pay-gate.payermax.com", "/x", "ftp://pay-gate.payermax.com", "http://pay-gate.payermax.com",
		"https://user@pay-gate.payermax.com", "https://user:CANARY@pay-gate.payermax.com", "https://:CANARY@pay-gate.payermax.com:x/",
		"https://pay-gate.payermax.com?x=1", "https://pay-gate.payermax.com?", "https://pay-gate.payermax.com#x", "https://pay-gate.payermax.com#",
		"https://pay-gate.payermax.com:0", "https://pay-gate.payermax.com:", "https://pay-gate.payermax.com:99999",
		"https://pay-gate.payermax.com/../x", "https://evil.example", "https://pay-gate.payermax.com.evil.example",
		"https://evil.example\\@pay-gate.payermax.com", "https:pay-gate.payermax.com", "https://",
		"http://127.1", "http://0x7f.0.0.1", "http://0x7f000001", "http://2130706433", "http://0177.0.0.1", "http://127.0.0.1.",
		"http://0.0.0.0", "http://[::]", "http://169.254.169.254", "http://[::ffff:169.254.169.254]", "http://[fe80::1%25eth0]",
		"https://169.254.169.254", "https://[::ffff:a9fe:a9fe]", "https://[fd00:ec2::254]", "https://100.100.100.200",
		"https://127.1", "https://0x7f.1", "https://2130706433", "https://10.0.0.1", "http://localhost.evil.example", "http://evil-localhost",
	} {
		if text == "http://127.0.0.1." {
			continue // the resolver's root dot: still loopback, judged by the dialer
		}
		u, err := ParseBase(text, hosts)
		if client.ClassOf(err) != client.ClassConfig {
			t.Errorf("%q passed as %v (%v)", text, u, err)
		}
		if err != nil && strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: a password in the error: %v", text, err)
		}
	}
	// An added host is trusted as a name, never as a forbidden address.
	if _, err := ParseBase("https://10.0.0.1", []string{"10.0.0.1"}); err != nil {
		t.Error(err)
	}
	if _, err := ParseBase("https://169.254.169.254", []string{"169.254.169.254"}); err == nil {
		t.Error("a metadata address passed because it was listed")
	}
}

func TestGuardJudgesResolvedAddresses(t *testing.T) { // covers S12, S14
	for _, c := range []struct {
		address       string
		plain, secure bool // let through
	}{
		{"127.0.0.1:80", true, true},
		{"127.255.0.9:80", true, true},
		{"[::1]:80", true, true},
		{"[::ffff:127.0.0.1]:80", true, true},
		{"93.184.216.34:443", false, true},
		{"10.1.2.3:443", false, true},
		{"[2606:2800::1]:443", false, true},
		{"169.254.169.254:80", false, false},
		{"[::ffff:169.254.169.254]:80", false, false},
		{"[fe80::1%lo]:80", false, false},
		{"[64:ff9b::a9fe:a9fe]:80", false, false},
		{"[2002:a9fe:a9fe::]:80", false, false},
		{"[::a9fe:a9fe]:80", false, false},
		{"[fd00:ec2::254]:80", false, false},
		{"100.100.100.200:80", false, false},
		{"168.63.129.16:80", false, false},
		{"192.0.0.192:80", false, false},
		{"0.0.0.0:80", false, false},
		{"[::]:80", false, false},
		{"224.0.0.1:80", false, false},
		{"[ff02::1]:80", false, false},
		{"255.255.255.255:80", false, false},
		{"nonsense", false, false},
		{"name.test:80", false, false},
	} {
		if got := guard(true)(t.Context(), "tcp", c.address, nil) == nil; got != c.plain {
			t.Errorf("plain http to %s: %v", c.address, got)
		}
		if got := guard(false)(t.Context(), "tcp", c.address, nil) == nil; got != c.secure {
			t.Errorf("https to %s: %v", c.address, got)
		}
	}
}

func TestDialerRefusesBeforeConnecting(t *testing.T) { // covers S14
	// These stand for a name that resolves there: the base was not checked.
	for _, base := range []string{"https://169.254.169.254", "http://192.0.2.1", "https://[::ffff:169.254.169.254]"} {
		_, e := do(t, clientFor(t, base), Write)
		want(t, e, client.ClassNotSent, "address")
	}
}

// authority makes a certificate authority and a function that issues
// certificates of it.
func authority(t *testing.T) (*x509.CertPool, func(name string, notAfter time.Time) tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(root)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool, func(name string, notAfter time.Time) tls.Certificate {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: notAfter,
		}
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = []net.IP{ip}
		}
		der, err := x509.CreateCertificate(rand.Reader, leaf, cert, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
}

func TestBadCertificatesAreRefused(t *testing.T) { // covers S12, F26
	roots, issue := authority(t)
	later := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name  string
		tls   *tls.Config
		roots *x509.CertPool
		ok    bool
	}{
		{"good", &tls.Config{Certificates: []tls.Certificate{issue("127.0.0.1", later)}}, roots, true},
		{"other name", &tls.Config{Certificates: []tls.Certificate{issue("gateway.test", later)}}, roots, false},
		{"expired", &tls.Config{Certificates: []tls.Certificate{issue("127.0.0.1", time.Now().Add(-time.Minute))}}, roots, false},
		{"unknown authority", &tls.Config{Certificates: []tls.Certificate{issue("127.0.0.1", later)}}, nil, false},
		{"TLS 1.0", &tls.Config{Certificates: []tls.Certificate{issue("127.0.0.1", later)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, roots, false},
		{"TLS 1.1", &tls.Config{Certificates: []tls.Certificate{issue("127.0.0.1", later)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, roots, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests := 0
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
			server.TLS = c.tls
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			defer server.Close()
			u, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			cl := New(Config{Base: u, roots: c.roots})
			defer cl.Close()
			_, e := do(t, cl, Write)
			if c.ok {
				if e != nil || requests != 1 {
					t.Fatal(e, requests)
				}
				return
			}
			want(t, e, client.ClassNotSent, "tls")
			if requests != 0 {
				t.Fatal("the request was sent all the same")
			}
		})
	}
}
