package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"syscall"
	"time"

	"paydesk/client"
)

// watch follows one request through the transport.
type watch struct {
	clock func() time.Time

	mu     sync.Mutex
	asked  bool      // a connection was asked for: the transport reports to us
	got    bool      // a connection was there; from here on bytes may be written
	wrote  time.Time // when the request was written
	failed bool      // writing failed
}

// attach returns ctx with the watch's hooks.
func (w *watch) attach(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { w.set(func() { w.asked = true }) },
		GotConn: func(httptrace.GotConnInfo) { w.set(func() { w.got = true }) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			at := w.clock()
			w.set(func() { w.wrote, w.failed = at, info.Err != nil })
		},
	})
}

func (w *watch) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// maybeSent reports whether a byte of the request may have left. Only a
// transport that asked for a connection and never got one (DNS, refused, TLS)
// surely wrote nothing: the write itself runs beside us, so from the moment the
// connection is there the answer is "maybe" (reliability: F26).
func (w *watch) maybeSent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.got || !w.asked
}

// sentAt is when the request was written, or fallback when that is not known.
func (w *watch) sentAt(fallback time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wrote.IsZero() || w.failed {
		return fallback
	}
	return w.wrote
}

// request builds the HTTP request. It always has a body that cannot be read
// twice, be it empty: so Go's transport, which repeats what it can when a used
// connection breaks, never repeats it by itself.
func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	method := call.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL(call.Path), nil)
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = call.Query
	req.Body, req.ContentLength, req.GetBody = io.NopCloser(bytes.NewReader(call.Body)), int64(len(call.Body)), nil
	for name, values := range call.Header {
		req.Header[name] = values
	}
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "paydesk")
	return req, nil
}

// LostHint says what to do when an answer was lost.
func LostHint(kind Kind) string {
	if kind == Write {
		return "the request may have been accepted; ask the gateway before doing anything else"
	}
	return "nothing was changed; ask again"
}

// sendError classes a failure before the answer's status line was read.
func sendError(ctx context.Context, kind Kind, err error, maybeSent bool) error {
	e := &client.Error{Class: client.ClassNotSent, Err: err, Hint: "nothing was sent; check the network and try again"}
	e.Code, e.Message = sendReason(ctx, err)
	switch e.Code {
	case "dns":
		e.Hint = "nothing was sent; check base_url, the network and the name server"
	case "tls":
		e.Hint = "nothing was sent; the server's certificate or TLS version is not acceptable: check base_url and whether something stands between"
	case "address":
		e.Hint = "nothing was sent; the host name points to an address that no gateway has"
	}
	if maybeSent {
		e.Class, e.Hint = client.ClassUnknown, LostHint(kind)
	}
	return e
}

// sendReason names the failure in one word and one sentence.
func sendReason(ctx context.Context, err error) (code, message string) {
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verification *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.Is(err, errAddress):
		return "address", "the address is not allowed"
	case errors.Is(ctx.Err(), context.Canceled):
		return "cancelled", "the call was given up"
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "deadline", "no answer in time"
	case errors.As(err, &dns):
		return "dns", "the host name could not be looked up"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused", "the connection was refused"
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &verification),
		errors.As(err, &invalid), errors.As(err, &name), errors.As(err, &authority),
		strings.Contains(err.Error(), "tls: "):
		return "tls", "the secure connection could not be set up"
	case isTimeout(err):
		return "deadline", "no connection in time"
	}
	return "connection", "the connection broke"
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
