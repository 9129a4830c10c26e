package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and a client for it.
func serve(t *testing.T, handler http.HandlerFunc, tune ...func(*Config)) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientFor(t, server.URL, tune...)
}

func clientFor(t *testing.T, base string, tune ...func(*Config)) *Client {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Base: u}
	for _, f := range tune {
		f(&cfg)
	}
	c := New(cfg)
	t.Cleanup(c.Close)
	return c
}

func do(t *testing.T, c *Client, kind Kind) (Answer, *client.Error) {
	t.Helper()
	answer, err := c.Do(t.Context(), Call{Kind: kind, Operation: "op", Path: "op", Body: []byte(`{"a":1}`)})
	return answer, asError(t, err)
}

func asError(t *testing.T, err error) *client.Error {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T is no *client.Error: %v", err, err)
	}
	return e
}

func want(t *testing.T, e *client.Error, class client.Class, code string) {
	t.Helper()
	if e == nil || e.Class != class || e.Code != code {
		t.Fatalf("got %v, want class %s code %s", e, class, code)
	}
}

func TestDoSendsTheExactBytes(t *testing.T) {
	var got []byte
	var header http.Header
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		header = r.Header
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("answer"))
	})
	body := []byte("{\"a\" : \"\xff<&\"}\n")
	answer, err := c.Do(t.Context(), Call{Path: "op", Header: http.Header{"Sign": {"s"}}, Body: body})
	if err != nil || answer.Status != http.StatusTeapot || string(answer.Body) != "answer" || answer.At.Location() != time.UTC {
		t.Fatalf("%+v, %v", answer, err)
	}
	if !bytes.Equal(got, body) || header.Get("Sign") != "s" || header.Get("Accept-Encoding") != "identity" {
		t.Fatalf("got %q, %v", got, header)
	}
}

func TestRedirectsAreNeverFollowed(t *testing.T) { // covers S13
	var elsewhere atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer thief.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", thief.URL)
			w.WriteHeader(status)
		})
		for _, kind := range []Kind{Read, Write} {
			if answer, err := do(t, c, kind); err != nil || answer.Status != status {
				t.Fatalf("%d: %+v, %v", status, answer, err)
			}
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Fatalf("%d requests went to another host", n)
	}
}

func TestNothingWritten(t *testing.T) { // covers F26
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	_ = listener.Close()
	dial := func(err error) func(*Config) {
		return func(cfg *Config) {
			cfg.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
		}
	}
	plainServer := httptest.NewServer(http.NotFoundHandler())
	defer plainServer.Close()
	for _, c := range []struct {
		name, base, code string
		tune             func(*Config)
	}{
		{"refused", closed, "refused", func(*Config) {}},
		{"no such name", "https://gateway.test", "dns", dial(&net.DNSError{Err: "no such host", Name: "gateway.test", IsNotFound: true})},
		{"unreachable", "https://gateway.test", "connection", dial(errors.New("no route to host"))},
		{"no TLS there", "https" + strings.TrimPrefix(plainServer.URL, "http"), "tls", func(*Config) {}},
	} {
		for _, kind := range []Kind{Read, Write} {
			t.Run(c.name, func(t *testing.T) {
				_, e := do(t, clientFor(t, c.base, c.tune), kind)
				want(t, e, client.ClassNotSent, c.code)
			})
		}
	}
}

// dropping reads the request and hangs up without a word.
func dropping(count *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
}

func TestDroppedAfterReadIsUnknownAndNotRepeated(t *testing.T) { // covers F3
	for _, kind := range []Kind{Read, Write} {
		var count atomic.Int32
		_, e := do(t, serve(t, dropping(&count)), kind)
		want(t, e, client.ClassUnknown, "connection")
		if n := count.Load(); n != 1 {
			t.Fatalf("the transport sent it %d times", n)
		}
	}
}

// TestUsedConnectionIsNotReplayed drops a request that rides on a connection
// which has served another one: the case in which Go's transport repeats a
// request whose body it can read again.
func TestUsedConnectionIsNotReplayed(t *testing.T) { // covers F3
	var count, connections atomic.Int32
	drop := dropping(&count)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/drop" {
			drop(w, r)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := clientFor(t, server.URL)
	if _, err := c.Do(t.Context(), Call{Kind: Read, Path: "ok", Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Do(t.Context(), Call{Kind: Read, Path: "drop", Body: []byte("x")})
	want(t, asError(t, err), client.ClassUnknown, "connection")
	if count.Load() != 1 || connections.Load() != 1 {
		t.Fatalf("%d requests over %d connections, want 1 over 1", count.Load(), connections.Load())
	}
	for range 2 {
		if _, err := c.Do(t.Context(), Call{Kind: Read, Method: http.MethodGet, Path: "ok"}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.Do(t.Context(), Call{Kind: Read, Method: http.MethodGet, Path: "drop"})
	want(t, asError(t, err), client.ClassUnknown, "connection")
	if count.Load() != 2 || connections.Load() != 2 {
		t.Fatalf("GET: %d requests over %d connections, want 2 over 2", count.Load(), connections.Load())
	}
	for range 2 {
		if _, err := c.Do(t.Context(), Call{Kind: Write, Path: "ok", Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 4 {
		t.Fatalf("%d connections; each write needs its own", n)
	}
}

func TestDeadlineAfterWriting(t *testing.T) { // covers F4
	release := make(chan struct{})
	c := serve(t, func(http.ResponseWriter, *http.Request) { <-release }, func(cfg *Config) { cfg.CallTimeout = 50 * time.Millisecond })
	t.Cleanup(func() { close(release) })
	_, e := do(t, c, Write)
	want(t, e, client.ClassUnknown, "deadline")
}

func TestDeadlineWhileReading(t *testing.T) { // covers F4
	release := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		<-release
	}, func(cfg *Config) { cfg.CallTimeout = 80 * time.Millisecond })
	t.Cleanup(func() { close(release) })
	answer, e := do(t, c, Write)
	want(t, e, client.ClassUnknown, "deadline")
	if answer.Status != 200 || string(answer.Body) != "half" {
		t.Fatalf("what was there is lost: %+v", answer)
	}
}

func TestCancelBeforeAndAfterWriting(t *testing.T) { // covers F26
	arrived, release := make(chan struct{}), make(chan struct{})
	c := serve(t, func(http.ResponseWriter, *http.Request) { close(arrived); <-release })
	t.Cleanup(func() { close(release) })

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Do(ctx, Call{Kind: Write, Path: "op", Body: []byte("x")})
	want(t, asError(t, err), client.ClassNotSent, "cancelled")

	ctx, cancel = context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err = c.Do(ctx, Call{Kind: Write, Path: "op", Body: []byte("x")})
	want(t, asError(t, err), client.ClassUnknown, "cancelled")

	ctx, cancel = context.WithCancel(t.Context())
	dialing := clientFor(t, "https://gateway.test", func(cfg *Config) {
		// The transport lets a dial go on when the request behind it is gone.
		cfg.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			cancel()
			<-release
			return nil, net.ErrClosed
		}}
	})
	_, err = dialing.Do(ctx, Call{Kind: Write, Path: "op", Body: []byte("x")})
	want(t, asError(t, err), client.ClassNotSent, "cancelled")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestUntracedTransportCountsAsSent(t *testing.T) {
	c := clientFor(t, "https://gateway.test", func(cfg *Config) {
		cfg.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("who knows") })
	})
	_, e := do(t, c, Write)
	want(t, e, client.ClassUnknown, "connection")
}

func zip(data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes()
}

func TestBodies(t *testing.T) { // covers F5
	big := bytes.Repeat([]byte("a"), 10<<20)
	small := []byte(`{"code":"x"}`)
	for _, c := range []struct {
		name, encoding string
		body           []byte
		declared       string // Content-Length
		code           string
		length         int
	}{
		{"plain", "", small, "", "", len(small)},
		{"empty", "", nil, "", "", 0},
		{"at the limit", "", big[:BodyLimit], "", "", BodyLimit},
		{"one over", "", big[:BodyLimit+1], "", "too-large", BodyLimit},
		{"10 MB", "", big, "", "too-large", BodyLimit},
		{"gzip unasked", "gzip", zip(small), "", "", len(small)},
		{"gzip bomb", "gzip", zip(big), "", "too-large", BodyLimit},
		{"gzip at the limit", "gzip", zip(big[:BodyLimit]), "", "", BodyLimit},
		{"gzip cut", "gzip", zip(small)[:20], "", "truncated", -1},
		{"gzip of nothing", "gzip", nil, "", "truncated", 0},
		{"gzip damaged", "gzip", append(zip(small)[:len(zip(small))-8], 1, 2, 3, 4, 5, 6, 7, 8), "", "encoding", -1},
		{"no gzip at all", "gzip", []byte("<html>not compressed</html>"), "", "encoding", -1},
		{"brotli", "br", small, "", "encoding", len(small)},
		{"gzip twice", "gzip, gzip", zip(zip(small)), "", "encoding", -1},
		{"truncated", "", small, "500", "truncated", len(small)},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, e := do(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				if c.declared != "" {
					w.Header().Set("Content-Length", c.declared)
				}
				_, _ = w.Write(c.body)
			}), Write)
			if c.code == "" && e != nil {
				t.Fatal(e)
			}
			if c.code != "" {
				want(t, e, client.ClassUnknown, c.code)
			}
			if answer.Status != 200 || (c.length >= 0 && len(answer.Body) != c.length) {
				t.Fatalf("status %d, %d bytes", answer.Status, len(answer.Body))
			}
		})
	}
}

func TestClockOffset(t *testing.T) { // covers F13
	ours := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	for _, skew := range []time.Duration{-10 * time.Minute, -3 * time.Minute, 0, 3 * time.Minute, 10 * time.Minute} {
		now := ours
		c := clientFor(t, "https://gateway.test", func(cfg *Config) {
			cfg.Clock = func() time.Time { return now }
			cfg.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
				now = now.Add(200 * time.Millisecond)
				date := now.Add(skew).UTC().Format(http.TimeFormat)
				now = now.Add(200 * time.Millisecond)
				return &http.Response{StatusCode: 200, Header: http.Header{"Date": {date}}, Body: http.NoBody}, nil
			})
		})
		if _, ok := c.Offset(); ok {
			t.Fatal("an offset before the first answer")
		}
		for range 3 {
			if _, e := do(t, c, Read); e != nil {
				t.Fatal(e)
			}
			offset, ok := c.Offset()
			if wrong := offset - skew; !ok || wrong.Abs() > time.Second/2 {
				t.Fatalf("skew %v measured as %v", skew, offset)
			}
			if wrong := c.Now().Sub(now.Add(skew)); wrong.Abs() > time.Second/2 {
				t.Fatalf("their time is off by %v", wrong)
			}
			now = now.Add(777 * time.Millisecond)
		}
	}
}

func TestBadDateIsNoOffset(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = []string{"yesterday"} })
	if _, e := do(t, c, Read); e != nil {
		t.Fatal(e)
	}
	if _, ok := c.Offset(); ok {
		t.Fatal("an offset out of nothing")
	}
}

func TestLogIsRedacted(t *testing.T) { // covers S8
	var out safeBuffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	good := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Sign", "CANARY-answer-sign")
		_, _ = w.Write([]byte("CANARY-answer"))
	}, func(cfg *Config) { cfg.Logger = log })
	bad := clientFor(t, "https://gateway.test", func(cfg *Config) {
		cfg.Logger = log
		cfg.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("CANARY-cause") })
	})
	for _, c := range []*Client{good, bad} {
		_, _ = c.Do(t.Context(), Call{
			Operation: "refund", Path: "refund", Query: "q=CANARY-query", Body: []byte("CANARY-body"),
			Header: http.Header{"Sign": {"CANARY-sign"}, "Merchant_auth_token": {"CANARY-token"}},
		})
	}
	text := out.String()
	if strings.Contains(text, "CANARY") {
		t.Fatal(text)
	}
	for _, wanted := range []string{`"operation":"refund"`, `"method":"POST"`, `"path":"/refund"`, `"status":200`, "request_sha256", "answer_sha256", `"class":"unknown"`} {
		if !strings.Contains(text, wanted) {
			t.Errorf("no %s in %s", wanted, text)
		}
	}
}

type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
