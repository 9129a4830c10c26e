package callback_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/callback"
	"paydesk/client/sandbox/book"
	gateway "paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
	"paydesk/client/secret"
)

func logger(out *strings.Builder) *slog.Logger {
	var mu sync.Mutex
	return slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(p)
	}), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// kinds are callbacks of every kind.
func kinds() map[string]book.Notice {
	return map[string]book.Notice{"refund": refund(client.RefundSuccess), "payment": payment(), "token": card()}
}

// covers F9 F11 S15
func TestRepeatsAreAcknowledgedEveryTimeAndKeptOnce(t *testing.T) {
	for name, n := range kinds() {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			for i, age := range []time.Duration{0, 0, 30 * time.Second, time.Hour, 13 * time.Hour, 9 * 24 * time.Hour} {
				h.check(fmt.Sprint("attempt ", i), h.post(h.message(n, 0, age)), 200, acknowledged, 1, 0)
			}
			if c := h.Counts()["shop"]; c != (callback.Counts{Accepted: 1, Repeated: 5}) {
				t.Errorf("%+v", c)
			}
			if kept, _ := h.said(); kept[0].Subject() != n.No || !kept[0].Verified {
				t.Errorf("%+v", kept[0])
			}
		})
	}
}

// covers F9
func TestReversedOrderIsKeptAsItComes(t *testing.T) {
	h := open(t)
	late := h.message(refund(client.RefundFailed), 0, 0)
	h.check("failed, first", h.post(late), 200, acknowledged, 1, 0)
	h.check("success, 13 h old", h.post(h.message(refund(client.RefundSuccess), 0, 13*time.Hour)), 200, acknowledged, 2, 0)
	h.check("failed, again", h.post(late), 200, acknowledged, 2, 0)
	if kept, _ := h.said(); kept[0].Status != "failed" || kept[1].Status != "success" {
		t.Errorf("%q, %q", kept[0].Status, kept[1].Status)
	}
}

// covers F10 I7 S15
func TestForgedAndForeignCallbacksGetTheSameAnswer(t *testing.T) {
	spoilt := map[string]protocol.Spoil{
		"bad sign": protocol.BadSign, "no sign": protocol.NoSign, "other key": protocol.OtherKey, "edited": protocol.EditAfter,
		"another merchant's": protocol.OtherMerchant, "sign doubled": protocol.DoubleSign, "odd case": protocol.OddCase,
	}
	for name, n := range kinds() {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			told, first := 0, reply{}
			for way, spoil := range spoilt {
				got := h.post(h.message(n, spoil, 0))
				told++
				h.check(way, got, 401, refused, 0, told)
				got.header.Del("Date")
				if told == 1 {
					first = got
				}
				if fmt.Sprint(got) != fmt.Sprint(first) {
					t.Errorf("%s can be told apart: %v, %v", way, got, first)
				}
			}
			_, turnedDown := h.said()
			for _, n := range turnedDown {
				if n.Verified || n.Reason == "" || n.Digest == "" {
					t.Errorf("%+v", n)
				}
			}
			if c := h.Counts()["shop"]; c != (callback.Counts{Refused: int64(told)}) {
				t.Errorf("%+v", c)
			}
		})
	}
}

// covers S15
func TestOnlyTheSecretPathIsServed(t *testing.T) {
	h := open(t)
	good := h.message(refund(client.RefundSuccess), 0, 0)
	for _, path := range []string{
		"/", "/callback/", "/callback", h.Path("shop") + "/", h.Path("shop") + "x", h.Path("shop")[:40], "/callback/../" + pathSecret,
		"//" + pathSecret, "/debug/pprof/", "/favicon.ico", strings.ToLower(h.Path("shop")),
	} {
		got := h.call(http.MethodPost, path, good)
		h.check(path, got, 404, "Not Found", 0, 0)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodOptions, http.MethodTrace, "PROPFIND"} {
		got := h.call(method, h.Path("shop"), good)
		h.check(method, got, 405, "Method Not Allowed", 0, 0)
		if got.header.Get("Allow") != "POST" {
			t.Errorf("%s: allow %q", method, got.header.Get("Allow"))
		}
	}
	h.check("with a query", h.call(http.MethodPost, h.Path("shop")+"?shop=7", good), 200, acknowledged, 1, 0)
	if got := h.Counts()[""].Refused; got != 11 {
		t.Errorf("%d strangers", got)
	}
	if strings.Contains(h.log.String(), "CANARY") { // covers S8
		t.Errorf("the log shows the path secret:\n%s", h.log)
	}
}

// covers S15
func TestOversizedBodiesAreRefused(t *testing.T) {
	h := open(t)
	for _, size := range []int{64<<10 + 1, 10 << 20} {
		// The receiver may hang up before a long body is written.
		got, err := h.try(http.MethodPost, h.Path("shop"), protocol.Message{Body: bytes.Repeat([]byte("x"), size)})
		if err == nil {
			if got.status != 413 || got.body != refused {
				t.Errorf("%d bytes: %+v", size, got)
			}
		}
	}
	_, told := h.said()
	if h.Counts()["shop"].Refused != 2 || len(told) != 2 || !strings.Contains(told[0].Reason, "longer than 65536") {
		t.Errorf("%+v %+v", h.Counts(), told)
	}
	h.check("as long as allowed", h.post(protocol.Message{Body: bytes.Repeat([]byte("x"), 64<<10)}), 401, refused, 0, 3)
}

// covers S15
func TestNothingIsAcknowledgedThatIsNotStored(t *testing.T) {
	h := open(t, func(o *callback.Options) { o.Limits.Store = 50 * time.Millisecond })
	good := h.message(refund(client.RefundSuccess), 0, 0)
	h.fail = errors.New("disk full at /secret/place")
	h.check("full disk", h.post(good), 503, refused, 0, 0)
	h.fail = nil
	h.wait = func(ctx context.Context) {
		<-ctx.Done()
		h.desk.mu.Lock()
		h.fail = ctx.Err()
		h.desk.mu.Unlock()
	}
	h.check("slow disk", h.post(good), 503, refused, 0, 0)
	h.wait, h.fail = nil, nil
	h.check("again", h.post(good), 200, acknowledged, 1, 0)
	if c := h.Counts()["shop"]; c != (callback.Counts{Accepted: 1, Unstored: 2}) {
		t.Errorf("%+v", c)
	}
}

// A gateway that hangs up does not undo what has arrived.
func TestStoringDoesNotEndWhenTheGatewayHangsUp(t *testing.T) {
	h := open(t)
	reached, gone, went := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	h.wait = func(ctx context.Context) {
		close(reached)
		<-gone
		went <- ctx.Err()
	}
	m := h.message(refund(client.RefundSuccess), 0, 0)
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url(h.Path("shop")), bytes.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = m.Header
	hung := make(chan error, 1)
	go func() {
		resp, err := h.http.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		hung <- err
	}()
	<-reached
	cancel()
	if err := <-hung; err == nil {
		t.Error("the call was answered")
	}
	close(gone)
	if err := <-went; err != nil {
		t.Error(err)
	}
	h.wait = nil
	h.check("repeat", h.post(m), 200, acknowledged, 1, 0)
}

// covers S15
func TestSlowCallersAreCutOff(t *testing.T) {
	h := open(t, func(o *callback.Options) {
		o.Limits.Header, o.Limits.Read, o.Limits.Idle, o.Limits.PerAddress = 100*time.Millisecond, 200*time.Millisecond, 100*time.Millisecond, 4
	})
	var slow []net.Conn
	for i := range 4 {
		conn := h.dial()
		slow = append(slow, conn)
		text := "POST "
		if i > 1 {
			text = "POST " + h.Path("shop") + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
		}
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
	for i, conn := range slow { // all are let go, without an acknowledgement
		rest, _ := io.ReadAll(conn)
		if bytes.Contains(rest, []byte("200")) {
			t.Errorf("%d: %s", i, rest)
		}
		_ = conn.Close()
	}
	h.check("afterwards", h.post(h.message(refund(client.RefundSuccess), 0, 0)), 200, acknowledged, 1, 0)
}

// dial opens a connection by hand. One that the receiver refuses at once, because
// there are too many, is tried again.
func (h *house) dial() net.Conn {
	h.t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(h.t.Context(), "tcp", h.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	return conn
}

// covers S15
func TestTooManyConnectionsOfOneAddress(t *testing.T) {
	h := open(t, func(o *callback.Options) { o.Limits.PerAddress = 2 })
	first, second, third := h.dial(), h.dial(), h.dial()
	if rest, err := io.ReadAll(third); len(rest) > 0 {
		t.Errorf("the third got %q, %v", rest, err)
	}
	_, _, _ = first.Close(), second.Close(), third.Close()
}

// covers S15
func TestFiftyRequestsASecondAndAddress(t *testing.T) {
	clock := newClock()
	h := open(t, func(o *callback.Options) { o.Clock, o.Proxied = clock.now, true })
	m := h.message(refund(client.RefundSuccess), 0, 0)
	from := func(addr string) reply {
		m.Header.Set("X-Forwarded-For", addr)
		return h.post(m)
	}
	for range 50 {
		if got := from("203.0.113.7"); got.status != 200 {
			t.Fatalf("%d", got.status)
		}
	}
	got := from("203.0.113.7")
	if got.status != 429 || got.header.Get("Retry-After") != "1" {
		t.Errorf("%d %v", got.status, got.header)
	}
	// What a caller writes before the proxy's own word does not help.
	if got := from("198.51.100.1, 203.0.113.7"); got.status != 429 {
		t.Errorf("%d", got.status)
	}
	if got := from("198.51.100.1"); got.status != 200 {
		t.Errorf("another address: %d", got.status)
	}
	for i := range 50 {
		_ = from(fmt.Sprintf("2001:db8::%x", i))
	}
	if got := from("2001:db8::ffff"); got.status != 429 {
		t.Errorf("another address of the same network: %d", got.status)
	}
	clock.add(time.Second)
	if got := from("203.0.113.7:4711"); got.status != 200 {
		t.Errorf("a second later: %d", got.status)
	}
}

// covers S15
func TestManyAtOnce(t *testing.T) {
	h := open(t, func(o *callback.Options) { o.Limits.PerSecond = 10_000 })
	good, bad := h.message(refund(client.RefundSuccess), 0, 0), h.message(refund(client.RefundSuccess), protocol.EditAfter, 0)
	var group sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 120 {
		group.Go(func() {
			m := good
			if i%3 == 0 {
				m = bad
			}
			got, err := h.try(http.MethodPost, h.Path("shop"), m)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[got.status]++
		})
	}
	group.Wait()
	if kept, _ := h.said(); statuses[200] != 80 || statuses[401] != 40 || len(kept) != 1 {
		t.Errorf("%v, kept %d", statuses, len(kept))
	}
	if c := h.Counts()["shop"]; c != (callback.Counts{Accepted: 1, Repeated: 79, Refused: 40}) {
		t.Errorf("%+v", c)
	}
}

// Whoever knows a path can make noise, but not fill a disk.
// covers F11 S15
func TestRefusalsInARowAreToldSeldom(t *testing.T) {
	clock := newClock()
	h := open(t, func(o *callback.Options) { o.Clock, o.Limits.PerSecond = clock.now, 1000 })
	bad := h.message(refund(client.RefundSuccess), protocol.BadSign, 0)
	for range 100 {
		_ = h.post(bad)
	}
	if _, told := h.said(); len(told) != 20 {
		t.Errorf("%d were told", len(told))
	}
	clock.add(10 * time.Second)
	_ = h.post(bad)
	if _, told := h.said(); len(told) != 21 || !strings.HasSuffix(told[20].Reason, "(and 80 others since the last one told)") {
		t.Errorf("%d told, the last %q", len(told), told[len(told)-1].Reason)
	}
	if c := h.Counts()["shop"]; c.Refused != 101 {
		t.Errorf("%+v", c)
	}
}

// broken is a reader with a fault of its own.
type broken struct{ client.CallbackReader }

func (broken) ReadCallback(http.Header, []byte) client.Notice { panic("CANARY-value") }

// covers S10 S15
func TestAFaultInsideShowsNothing(t *testing.T) {
	h := open(t, func(o *callback.Options) { o.Routes[0].Reader = broken{o.Routes[0].Reader} })
	got := h.post(h.message(refund(client.RefundSuccess), 0, 0))
	h.check("fault", got, 500, "Internal Server Error", 0, 0)
	if strings.Contains(h.log.String(), "CANARY") || strings.Contains(h.log.String(), "goroutine") {
		t.Errorf("the log shows too much:\n%s", h.log)
	}
}

// Two accounts of one gateway share its key; only the path and the merchant in
// the body tell them apart.
// covers F10
func TestRightSignForAnotherAccount(t *testing.T) {
	keys, err := gateway.TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(pathSecret, "CANARY", "canary", 1)
	h := open(t, func(o *callback.Options) {
		o.Routes = append(o.Routes, callback.Route{Profile: "second", Secret: secret.New([]byte(other)), Reader: reader(t, keys, "P01010000000999")})
	})
	good := h.message(refund(client.RefundSuccess), 0, 0)
	h.check("at the other account", h.call(http.MethodPost, h.Path("second"), good), 401, refused, 0, 1)
	h.check("at its own", h.post(good), 200, acknowledged, 1, 1)
	if h.Counts()["second"].Refused != 1 || h.Counts()["shop"].Accepted != 1 {
		t.Errorf("%+v", h.Counts())
	}
}

// Who is answered when the receiver stops is answered well.
func TestStoppingAnswersWhatIsUnderWay(t *testing.T) {
	started, stop := make(chan struct{}), make(chan struct{})
	h := open(t)
	h.wait = func(context.Context) {
		close(started)
		<-stop
	}
	m := h.message(refund(client.RefundSuccess), 0, 0)
	got := make(chan reply, 1)
	go func() {
		answer, _ := h.try(http.MethodPost, h.Path("shop"), m)
		got <- answer
	}()
	<-started
	h.stop()
	close(stop)
	h.check("under way", <-got, 200, acknowledged, 1, 0)
}
