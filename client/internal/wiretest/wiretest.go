// Package wiretest owns what the tests of the gateways' clients share: the other
// side of a connection that says what it is told to, trouble included, and the
// questions that every failed call must be able to answer. Only tests may import
// it; it knows no protocol and signs nothing.
package wiretest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/client"
)

// Answer is what the other side says, byte for byte.
type Answer struct {
	Status   int           // 0: 200
	Header   http.Header   // beside Content-Type and Date, or in their place
	Body     string        // exact bytes
	Zip      bool          // the body is compressed
	Declared string        // Content-Length, where it shall not be the body's
	Drop     bool          // hang up after reading, without an answer
	Hang     chan struct{} // closed when the answer may begin; nil: at once
}

// Write gives the answer, dated now.
func (a Answer) Write(t testing.TB, w http.ResponseWriter, now time.Time) {
	if a.Hang != nil {
		<-a.Hang
	}
	if a.Drop {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			err = conn.Close()
		}
		if err != nil {
			t.Errorf("the connection cannot be dropped: %v", err)
		}
		return
	}
	header, body := w.Header(), []byte(a.Body)
	header.Set("Content-Type", "application/json")
	header.Set("Date", now.UTC().Format(http.TimeFormat))
	maps.Copy(header, a.Header)
	if a.Zip {
		header.Set("Content-Encoding", "gzip")
		body = zipped(t, body)
	}
	if a.Declared != "" {
		header.Set("Content-Length", a.Declared)
	}
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	_, _ = w.Write(body) // a client that has heard enough hangs up
}

func zipped(t testing.TB, body []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(body)
	if err = errors.Join(err, z.Close()); err != nil {
		t.Errorf("the body cannot be compressed: %v", err)
	}
	return out.Bytes()
}

// Header makes headers out of single values.
func Header(values map[string]string) http.Header {
	header := http.Header{}
	for name, value := range values {
		header.Set(name, value)
	}
	return header
}

// Script hands out answers in order, of which the last one repeats, and keeps
// what they were given to. It is safe for concurrent use.
type Script[Got, Said any] struct {
	Answers []Said

	mu  sync.Mutex
	got []Got
}

// Next keeps what came and returns what is to be said to it.
func (s *Script[Got, Said]) Next(got Got) Said {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, got)
	return s.Answers[min(len(s.got), len(s.Answers))-1]
}

// Keep keeps what came, for who answers otherwise.
func (s *Script[Got, Said]) Keep(got Got) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, got)
}

// All is what came, in order.
func (s *Script[Got, Said]) All() []Got {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Got(nil), s.got...)
}

// Fault is the *client.Error that err is, not only wraps, checked for class and
// code.
func Fault(t testing.TB, err error, class client.Class, code string) *client.Error {
	t.Helper()
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Class != class || e.Code != code {
		t.Fatalf("got %v, want class %s code %s", err, class, code)
	}
	if error(e) != err { //nolint:errorlint // the error itself must be the classed one
		t.Fatalf("the error is wrapped in %T", err)
	}
	return e
}

// Evidence is the call that an error carries, checked to be whole.
func Evidence(t testing.TB, e *client.Error, operation string, status int) *client.Exchange {
	t.Helper()
	x := e.Exchange
	if x == nil || x.Operation != operation || x.HTTPStatus != status || len(x.Request) == 0 || len(x.RequestHash) != 64 || x.At.IsZero() {
		t.Fatalf("evidence %+v", x)
	}
	return x
}

// Everything is all that of one or more calls may be kept or shown, as one text to
// be searched for what must not be: exchanges and errors with what they carry,
// previews, and texts.
func Everything(t testing.TB, parts ...any) string {
	t.Helper()
	var all strings.Builder
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			all.WriteString(v)
		case client.Preview:
			fmt.Fprintf(&all, "%v %s", v, v.Body)
		case client.Exchange:
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&all, "%s %s %s", text, v.Request, v.Answer)
		case error:
			all.WriteString(v.Error())
			if x := client.ExchangeOf(v); x != nil {
				all.WriteString(Everything(t, *x))
			}
		case nil:
		default:
			t.Fatalf("%T cannot be searched", v)
		}
	}
	return all.String()
}

// Finding is what was found out about a signature as it is stored, which must be
// there, hold nothing of never, neither the right signature nor a card number,
// and be short.
func Finding(t testing.TB, found *client.Inspection, never ...string) string {
	t.Helper()
	if found == nil {
		t.Fatal("nothing was found out")
		return ""
	}
	text, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range append(never, "4242424242424242", "4242 4242", "CANARY", "PRIVATE KEY", `"expected"`, `"valid":true`) {
		if strings.Contains(string(text), word) {
			t.Errorf("%s is in %s", word, text)
		}
	}
	if len(found.Sign) > 2<<10 || len(found.SignedText) > 64<<10 || found.Reason == "" {
		t.Errorf("%d and %d bytes, reason %q", len(found.Sign), len(found.SignedText), found.Reason)
	}
	return string(text)
}

// Looks lists the ages at which a pending refund is looked at within a time,
// without the spread that keeps many from coming at once.
func Looks(pace client.Pace, within time.Duration) []time.Duration {
	var looks []time.Duration
	for age := time.Duration(0); ; {
		every := time.Hour
		for _, step := range pace.Poll {
			if step.Until == 0 || age < step.Until {
				every = step.Every
				break
			}
		}
		if age += every; age > within {
			return looks
		}
		looks = append(looks, age)
	}
}

// Every lists the ages from one to another, both included, at equal distances.
func Every(from, to, distance time.Duration) []time.Duration {
	var ages []time.Duration
	for age := from; age <= to; age += distance {
		ages = append(ages, age)
	}
	return ages
}
