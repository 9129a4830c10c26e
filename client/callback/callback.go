// Package callback owns the one port that gateways call: an HTTP receiver that
// finds the account by its path secret, has the signature checked, hands the
// notice over to be stored, and only then acknowledges it. It must never decide
// what a notice means for money, never judge one by its age, and never tell a
// stranger why it was refused.
package callback

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"paydesk/client"
	"paydesk/client/secret"
)

// DefaultPrefix stands before the secret in every path.
const DefaultPrefix = "/callback/"

// Store keeps a verified notice; it must be durable when it returns nil. fresh
// is false for a repeat. ctx ends at Limits.Store, not when the gateway hangs up.
type Store func(ctx context.Context, profile string, n client.Notice) (fresh bool, err error)

// Options are the parts of a receiver. Routes, Store and Clock are required.
type Options struct {
	// Addr is "host:port"; port 0 takes a free one. Any other host than a
	// loopback address needs TLS, or Proxied.
	Addr string
	// Prefix of all paths, with a slash at both ends; empty: DefaultPrefix.
	Prefix string
	// Proxied states that only a reverse proxy that ends TLS can reach Addr. The
	// last address in X-Forwarded-For then counts as the caller's, provided that
	// the proxy itself has a loopback or private address.
	Proxied bool
	// TLS serves https with these certificates; at least version 1.2.
	TLS    *tls.Config
	Routes []Route
	Store  Store
	// Refused is told of callbacks that came with a right path and cannot be
	// believed, so that they can be kept as evidence and raise an alert; nil: nobody.
	// Of many in a row only some are told; Reason then says how many were not.
	Refused func(ctx context.Context, profile string, n client.Notice)
	Limits  Limits
	Clock   func() time.Time
	Logger  *slog.Logger // nil: no log
}

// Route is one account.
type Route struct {
	Profile string
	Secret  secret.Secret // last part of the path; see CheckSecret
	Reader  client.CallbackReader
}

// Limits of a receiver; zero values take the defaults in brackets.
type Limits struct {
	Body        int64         // bytes of a callback [64 KiB]
	PerSecond   int           // requests of one address [50]
	Connections int           // open at once [256]
	PerAddress  int           // open at once from one address [64; Connections where a proxy is in front or only this machine can call]
	Header      time.Duration // to read the header [5 s]
	Read        time.Duration // to read the whole request [10 s]
	Write       time.Duration // to answer it, storing included [20 s]
	Idle        time.Duration // between two requests [30 s]
	Store       time.Duration // for Store and Refused [5 s]
	Shutdown    time.Duration // for requests under way when Run ends [10 s]
}

// filled puts the defaults in (reliability: sections 6 and 7). With shared,
// all callers come from one address.
func (l Limits) filled(shared bool) Limits {
	number := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	span := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	if l.Body <= 0 {
		l.Body = 64 << 10
	}
	number(&l.PerSecond, 50)
	number(&l.Connections, 256)
	if shared {
		number(&l.PerAddress, l.Connections)
	}
	number(&l.PerAddress, 64)
	span(&l.Header, 5*time.Second)
	span(&l.Read, 10*time.Second)
	span(&l.Write, 20*time.Second)
	span(&l.Idle, 30*time.Second)
	span(&l.Store, 5*time.Second)
	span(&l.Shutdown, 10*time.Second)
	return l
}

// Counts is what one account's route, or nobody's, has seen.
type Counts struct {
	Accepted int64 // verified and stored, the first time
	Repeated int64 // verified and known already
	Refused  int64 // right path, not believed
	Unstored int64 // verified, but could not be stored: not acknowledged
}

// Receiver is one listening port. It is safe for concurrent use.
type Receiver struct {
	opts      Options
	routes    atomic.Pointer[[]*route] // replaced as a whole under mu, never changed
	rates     *rates
	strangers atomic.Int64

	mu       sync.Mutex
	listener net.Listener
	ran      bool
}

// route is a Route at work.
type route struct {
	Route
	digest  [sha256.Size]byte // of the whole path, so that its length does not show either
	told    *rate.Limiter     // how often Refused is told
	skipped atomic.Int64

	accepted, repeated, refused, unstored atomic.Int64
}

// Refusals are told at first at once, then this seldom: somebody who knows a
// path must not be able to fill the disk.
const (
	toldBurst = 20
	toldEvery = 10 * time.Second
)

// New checks the options; it opens nothing. Errors are *client.Error of
// ClassConfig.
func New(o Options) (*Receiver, error) {
	if o.Clock == nil || o.Store == nil {
		return nil, &client.Error{Class: client.ClassBug, Code: "callback", Message: "a receiver needs a clock and a store"}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if !strings.HasPrefix(o.Prefix, "/") || !strings.HasSuffix(o.Prefix, "/") || strings.Contains(o.Prefix, "//") || strings.ContainsAny(o.Prefix, "?#% ") {
		return nil, configError("prefix", fmt.Sprintf("the path before the secret is %.60q; right is a path such as %s", o.Prefix, DefaultPrefix))
	}
	if o.TLS != nil {
		o.TLS = o.TLS.Clone()
		o.TLS.MinVersion = max(o.TLS.MinVersion, tls.VersionTLS12)
	}
	addr, local, err := checkAddr(o)
	if err != nil {
		return nil, err
	}
	o.Addr = addr
	o.Limits = o.Limits.filled(local || o.Proxied)
	r := &Receiver{opts: o, rates: newRates(o.Limits.PerSecond)}
	r.routes.Store(&[]*route{})
	if len(o.Routes) == 0 {
		return nil, configError("profiles", "no profile takes callbacks")
	}
	for _, one := range o.Routes {
		if err := r.Add(one); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Add makes one account more known, also while the receiver runs: its keys may
// have been out of reach at the start. Errors are ClassConfig for the secret.
func (r *Receiver) Add(one Route) error {
	if one.Profile == "" || one.Reader == nil {
		return &client.Error{Class: client.ClassBug, Code: "callback", Message: "a route needs a profile and a reader"}
	}
	if err := CheckSecret(one.Secret); err != nil {
		return configError("path-secret", fmt.Sprintf("profile %s: %s", one.Profile, err.Error()))
	}
	added := &route{Route: one, told: rate.NewLimiter(rate.Every(toldEvery), toldBurst)}
	added.digest = sha256.Sum256([]byte(r.opts.Prefix + string(one.Secret.Reveal())))
	r.mu.Lock()
	defer r.mu.Unlock()
	known := *r.routes.Load()
	for _, other := range known {
		if other.digest == added.digest {
			return configError("path-secret", fmt.Sprintf("profiles %s and %s have the same path secret", other.Profile, one.Profile))
		}
	}
	routes := append(slices.Clone(known), added)
	r.routes.Store(&routes)
	return nil
}

func configError(code, message string) *client.Error {
	return &client.Error{Class: client.ClassConfig, Code: code, Message: message, Hint: "correct it and start the receiver again"}
}

// checkAddr refuses an address that others could reach in the clear. local says
// that only this machine can reach it.
func checkAddr(o Options) (addr string, local bool, err error) {
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return "", false, configError("addr", fmt.Sprintf("the address is %.80q; right is host:port such as 127.0.0.1:8787", o.Addr))
	}
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	if host == "" {
		host = "::" // every address of this machine
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "", false, configError("addr", fmt.Sprintf("the host is %.80q; right is an IP address, or localhost", host))
	}
	if !ip.Unmap().IsLoopback() && !o.Proxied && o.TLS == nil {
		return "", false, &client.Error{
			Class: client.ClassConfig, Code: "addr", Message: fmt.Sprintf("%s can be reached from other machines, and callbacks would come in the clear", ip),
			Hint: "listen on 127.0.0.1 behind a reverse proxy that ends TLS, give a certificate, or state that only such a proxy can reach the address",
		}
	}
	return net.JoinHostPort(host, port), ip.Unmap().IsLoopback(), nil
}

// Listen opens the port. Run does it too; calling it before tells at once
// whether the port is free. ClassConfig when it is not.
func (r *Receiver) Listen(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		return nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", r.opts.Addr)
	if err != nil {
		return cannotListen(r.opts.Addr, err)
	}
	r.listener = newListener(listener, r.opts.Limits.Connections, r.opts.Limits.PerAddress)
	return nil
}

// portTaken is Windows' word for a port that is taken; it means nothing elsewhere.
const portTaken = syscall.Errno(10048)

// cannotListen says why the port cannot be opened: Code "port-taken" when somebody
// has it, else "listen".
func cannotListen(addr string, cause error) error {
	e := &client.Error{
		Class: client.ClassConfig, Code: "listen", Message: "the receiver cannot listen on " + addr, Err: cause,
		Hint: "choose a free port of this machine, or 0 for any",
	}
	if errors.Is(cause, syscall.EADDRINUSE) || errors.Is(cause, portTaken) {
		e.Code, e.Message = "port-taken", "another program listens on "+addr+" already"
		e.Hint = "it may be another paydesk on this machine, which then receives for both; else choose a free port"
	}
	return e
}

// Addr is where it listens; the zero value before Listen.
func (r *Receiver) Addr() netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener == nil {
		return netip.AddrPort{}
	}
	at, err := netip.ParseAddrPort(r.listener.Addr().String())
	if err != nil {
		return netip.AddrPort{}
	}
	return at
}

// Close gives up a port that Listen opened and Run never served.
func (r *Receiver) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener == nil || r.ran {
		return nil
	}
	r.ran = true
	return r.listener.Close()
}

// Path is the path to which a profile's callbacks go, secret included: for the
// gateway's portal, never for a log. It is "" for a profile without route.
func (r *Receiver) Path(profile string) string {
	for _, one := range *r.routes.Load() {
		if one.Profile == profile {
			return r.opts.Prefix + string(one.Secret.Reveal())
		}
	}
	return ""
}

// Counts are what the routes have seen since the start, by profile; requests
// that found no route are counted as refused under "".
func (r *Receiver) Counts() map[string]Counts {
	counts := map[string]Counts{"": {Refused: r.strangers.Load()}}
	for _, one := range *r.routes.Load() {
		c := counts[one.Profile]
		c.Accepted += one.accepted.Load()
		c.Repeated += one.repeated.Load()
		c.Refused += one.refused.Load()
		c.Unstored += one.unstored.Load()
		counts[one.Profile] = c
	}
	return counts
}

// Run serves until ctx ends; requests under way are then answered first. It
// returns nil after that, and an error when the port cannot be opened or fails.
// It can run once.
func (r *Receiver) Run(ctx context.Context) error {
	if err := r.Listen(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	r.mu.Lock()
	again := r.ran
	r.ran = true
	r.mu.Unlock()
	if again {
		return &client.Error{Class: client.ClassBug, Code: "callback", Message: "the receiver has run already"}
	}
	server := r.server()
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.Limits.Shutdown)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close() // who is still there then is cut off
		}
	})
	err := r.serve(server)
	if stop() { // ctx has not ended: the port failed by itself
		return &client.Error{Class: client.ClassConfig, Code: "listen", Message: "the receiver stopped listening", Err: errors.Join(err, server.Close())}
	}
	<-stopped
	return nil
}

func (r *Receiver) server() *http.Server {
	l := r.opts.Limits
	return &http.Server{
		Handler: http.HandlerFunc(r.handle), TLSConfig: r.opts.TLS, MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: l.Header, ReadTimeout: l.Read, WriteTimeout: l.Write, IdleTimeout: l.Idle,
		ErrorLog: slog.NewLogLogger(r.opts.Logger.Handler(), slog.LevelDebug),
	}
}

func (r *Receiver) serve(server *http.Server) error {
	if r.opts.TLS != nil {
		return server.ServeTLS(r.listener, "", "")
	}
	return server.Serve(r.listener)
}
