// Package wire owns the one HTTP transport of all gateways: deadlines, body
// limits, address checks, the clock offset, and the telling apart of "nothing
// was sent" from "may have been sent". It never follows a redirect, never
// repeats a request by itself, never decides what an answer means for money,
// and never logs a body, a signature or a secret.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"paydesk/client"
)

// Limits and deadlines (payermax: section 13; reliability: F5).
const (
	// BodyLimit is the longest answer that is read, in bytes, before and after
	// decompression.
	BodyLimit = 1 << 20
	// ConnectTimeout is the default deadline for DNS and TCP, and again for TLS.
	ConnectTimeout = 5 * time.Second
	// CallTimeout is the default deadline of a whole call.
	CallTimeout = 15 * time.Second

	headerLimit = 64 << 10
	idleTimeout = 30 * time.Second
)

// Config is what a Client is made of. Base is required; the rest has defaults.
type Config struct {
	Base           *url.URL          // from ParseBase; every call goes below it
	Transport      http.RoundTripper // nil: the real network
	Logger         *slog.Logger      // nil: no log
	Clock          func() time.Time  // nil: time.Now
	Random         func() uint64     // jitter of repeated reads; nil: none
	ConnectTimeout time.Duration     // 0: ConnectTimeout
	CallTimeout    time.Duration     // 0: CallTimeout

	roots *x509.CertPool // tests only; nil: system roots
}

// Kind says whether a call only looks or may change something.
type Kind uint8

// The kinds of calls.
const (
	Read Kind = iota
	Write
)

// Call is one request. Body is sent byte for byte as it is.
type Call struct {
	Kind      Kind
	Operation string // for the log and the evidence: "refund", "refundQuery" …
	Method    string // empty: POST
	Path      string // below the base URL, without a leading slash
	Query     string // encoded; never logged and never part of the evidence
	Header    http.Header
	Body      []byte
}

// Answer is what came back. Together with an error it holds what was there
// before the failure: perhaps a status, perhaps a cut body.
type Answer struct {
	At     time.Time // when it, or the failure, was there; UTC
	Status int       // HTTP status; 0 when no answer came
	Header http.Header
	Body   []byte // decoded, at most BodyLimit bytes
}

// Client sends calls to one base URL. It is safe for concurrent use.
type Client struct {
	base    url.URL
	reads   http.RoundTripper
	writes  http.RoundTripper
	log     *slog.Logger
	clock   func() time.Time
	random  func() uint64
	timeout time.Duration
	idle    []*http.Transport // ours to close
	budget  budget

	mu     sync.Mutex
	offset time.Duration
	known  bool
}

// New returns a client for one base URL.
func New(cfg Config) *Client {
	c := &Client{
		base: *cfg.Base, log: cfg.Logger, clock: cfg.Clock, random: cfg.Random,
		timeout: orDefault(cfg.CallTimeout, CallTimeout),
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.clock == nil {
		c.clock = time.Now
	}
	if c.random == nil {
		c.random = func() uint64 { return 0 }
	}
	if cfg.Transport != nil {
		c.reads, c.writes = cfg.Transport, cfg.Transport
		return c
	}
	pooled, fresh := newTransport(cfg), newTransport(cfg)
	// A request that moves money never rides on a used connection: when such a
	// connection turns out dead, nobody can say whether the request was read.
	fresh.DisableKeepAlives = true
	c.reads, c.writes, c.idle = pooled, fresh, []*http.Transport{pooled, fresh}
	return c
}

// newTransport is HTTP/1.1 over checked addresses, without proxy, cookies,
// redirects, transparent decompression or a way around the certificate (S12).
func newTransport(cfg Config) *http.Transport {
	connect := orDefault(cfg.ConnectTimeout, ConnectTimeout)
	dialer := &net.Dialer{
		Timeout:        connect,
		ControlContext: guard(cfg.Base.Scheme == "http"),
	}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.roots},
		TLSHandshakeTimeout:    connect,
		DisableCompression:     true,
		MaxResponseHeaderBytes: headerLimit,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        idleTimeout,
	}
}

// Close drops idle connections.
func (c *Client) Close() {
	for _, t := range c.idle {
		t.CloseIdleConnections()
	}
}

// URL is where a path goes, without query: fit for evidence and previews.
func (c *Client) URL(path string) string {
	return c.base.String() + "/" + strings.TrimPrefix(path, "/")
}

// Offset is the other side's clock minus ours, as last measured from a Date
// header; ok is false before the first answer. It is good to about a second.
func (c *Client) Offset() (offset time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset, c.known
}

// Now is the time on the other side's clock as far as it is known, else ours.
func (c *Client) Now() time.Time {
	offset, _ := c.Offset()
	return c.clock().Add(offset).UTC()
}

// measure keeps the offset of the latest answer. Date is cut to whole seconds,
// so half a second is added; it was written somewhere between sent and got, so
// it is compared with the middle.
func (c *Client) measure(date string, sent, got time.Time) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	middle := sent.Add(got.Sub(sent) / 2)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.known = at.Add(time.Second/2).Sub(middle), true
}

// Do sends one call, once. A nil error means that a whole answer came, of any
// status, redirects included. Otherwise the error is a *client.Error:
// ClassNotSent when surely nothing was written, ClassUnknown when something may
// have been, or when the answer could not be read to its end.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	start := c.clock()
	answer, err := c.send(ctx, call)
	answer.At = c.clock().UTC()
	c.logCall(ctx, call, answer, answer.At.Sub(start), err)
	return answer, err
}

func (c *Client) send(ctx context.Context, call Call) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, sendError(ctx, call.Kind, err, false)
	}
	watch := &watch{clock: c.clock}
	req, err := c.request(watch.attach(ctx), call)
	if err != nil {
		return Answer{}, &client.Error{Class: client.ClassInput, Code: "request", Message: "the request cannot be built", Err: err}
	}
	transport := c.reads
	if call.Kind == Write {
		transport = c.writes
	}
	sent := c.clock()
	// RoundTrip, not http.Client: it follows no redirect and keeps no cookie (S13).
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return Answer{}, sendError(ctx, call.Kind, err, watch.maybeSent())
	}
	defer func() { _ = resp.Body.Close() }()
	c.measure(resp.Header.Get("Date"), watch.sentAt(sent), c.clock())
	answer := Answer{Status: resp.StatusCode, Header: resp.Header}
	answer.Body, err = readBody(resp)
	if err != nil {
		return answer, bodyError(ctx, call.Kind, err, resp)
	}
	return answer, nil
}

// orDefault is d, or fallback when d is 0.
func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}
