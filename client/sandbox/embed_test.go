package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/client/sandbox"
)

// shelfAnswer is a response writer without a connection.
type shelfAnswer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (a *shelfAnswer) Header() http.Header         { return a.header }
func (a *shelfAnswer) WriteHeader(status int)      { a.status = status }
func (a *shelfAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// postbox takes the callbacks and notes them down.
type postbox struct{ got []string }

func (p *postbox) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	p.got = append(p.got, r.URL.Path+" "+string(body))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("success"))}, nil
}

// embeddedWorld runs embedded gateways by a clock of its own.
type embeddedWorld struct {
	*sandbox.Embedded
	t    *testing.T
	now  time.Time
	post postbox
}

func embed(t *testing.T, names ...string) *embeddedWorld {
	t.Helper()
	w := &embeddedWorld{t: t, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	var err error
	w.Embedded, err = sandbox.Embed(sandbox.Options{
		Seed: 7, Speed: 1, Clock: func() time.Time { return w.now }, Faults: []string{"refund:late-failure"}, Notify: "http://127.0.0.1:2/cb",
	}, &w.post, names...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *embeddedWorld) call(path, body string) *shelfAnswer {
	w.t.Helper()
	to, err := url.Parse("http://127.0.0.1:1" + path)
	if err != nil {
		w.t.Fatal(err)
	}
	a := &shelfAnswer{header: http.Header{}}
	w.ServeHTTP(a, &http.Request{
		Method: http.MethodPost, URL: to, Host: to.Host, RemoteAddr: "127.0.0.1:3", Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)),
	})
	return a
}

// refundOf is a signed request to refund 1.00 of an order at EasyLink.
func (w *embeddedWorld) refundOf(order, no string) string {
	w.t.Helper()
	members := map[string]any{
		"mchNo": "M1700000001", "appId": "65f0c0ffee65f0c0ffee0001", "version": "1.0", "signType": "MD5", "reqTime": fmt.Sprint(w.now.UnixMilli()),
		"mchOrderNo": order, "mchRefundNo": no, "refundAmount": "100", "currency": "HKD", "refundReason": "test",
	}
	key := w.Profiles()[len(w.Profiles())-1].Keys["app_key.txt"]
	members["sign"] = linked{key: bytes.TrimRight(key, "\n")}.sign(members)
	raw, err := json.Marshal(members)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// TestEmbeddedLivesByItsCallersClock refunds at an embedded gateway, lets time
// pass by hand, and sees the refund settle, fail late and be told of, in no other
// goroutine and at no other time than asked for.
func TestEmbeddedLivesByItsCallersClock(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w := embed(t, "easylink")
	w.call("/_sandbox/orders", `{"order_no":"E1","amount":"10.00"}`)
	w.call("/_sandbox/switches", `{"new_refund_state":"2"}`)
	if len(w.Profiles()) != 1 {
		t.Fatalf("profiles %+v", w.Profiles())
	}
	answer := w.call("/easylink/api/refund/refundOrder", w.refundOf("E1", "N1"))
	if !strings.Contains(answer.body.String(), `"state":2`) {
		t.Fatalf("refund: %s", answer.body.String())
	}
	status := func() client.RefundStatus {
		for _, r := range w.Truth().Refunds {
			if r.RefundNo == "N1" {
				return r.Status
			}
		}
		return ""
	}
	due, open := w.Next()
	if !open || !due.Equal(w.now) || len(w.post.got) != 0 {
		t.Fatalf("next %s %t, told %v", due, open, w.post.got)
	}
	w.Pass(context.Background())
	if len(w.post.got) != 1 || status() != client.RefundSuccess {
		t.Fatalf("%s, told %v", status(), w.post.got)
	}
	w.now = w.now.Add(59 * time.Second)
	w.Pass(context.Background())
	if status() != client.RefundSuccess {
		t.Fatalf("failed before its time: %s", status())
	}
	w.now, _ = w.Next()
	w.Pass(context.Background())
	if status() != client.RefundFailed || len(w.post.got) != 2 {
		t.Fatalf("%s, told %v", status(), w.post.got)
	}
	if err := w.SetNotify(map[string]string{"nobody": ""}); client.ClassOf(err) != client.ClassInput {
		t.Errorf("another's address: %v", err)
	}
	goleak.VerifyNone(t, before)
}

func TestEmbeddedRunsAreTheSame(t *testing.T) {
	run := func() string {
		w := embed(t)
		var log strings.Builder
		for i := range 5 {
			w.call("/_sandbox/orders", fmt.Sprintf(`{"gateway":"easylink","order_no":"E%d"}`, i))
			fmt.Fprintln(&log, w.call("/easylink/api/refund/refundOrder", w.refundOf(fmt.Sprintf("E%d", i), fmt.Sprintf("N%d", i))).body.String())
		}
		for range 40 {
			at, open := w.Next()
			if !open {
				break
			}
			w.now = at
			w.Pass(context.Background())
		}
		fmt.Fprintln(&log, w.now, w.post.got, w.Truth())
		return log.String()
	}
	if first, second := run(), run(); first != second {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
}

func TestEmbedRefusesWhatIsNotPlayed(t *testing.T) {
	for _, names := range [][]string{{"nobody"}, {"easylink", "nobody"}, {"easylink", "easylink"}} {
		if _, err := sandbox.Embed(sandbox.Options{}, nil, names...); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%v: %v", names, err)
		}
	}
}
