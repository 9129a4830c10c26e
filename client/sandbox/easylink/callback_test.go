package easylink_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/easylink"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/life"
	"paydesk/client/sandbox/protocol"
)

// valid checks a form's signature the way a receiver does: over every field
// that is not empty.
func valid(t *testing.T, body []byte) (fields url.Values, ok bool) {
	t.Helper()
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		t.Fatal(err)
	}
	var pairs [][2]string
	for name, values := range fields {
		if name != "sign" {
			pairs = append(pairs, [2]string{name, values[0]})
		}
	}
	return fields, len(fields["sign"]) == 1 && sign.SignMD5(pairs, []byte(testKey)) == fields.Get("sign")
}

func refundNotice(status client.RefundStatus) book.Notice {
	r := book.Refund{
		Gateway: easylink.Gateway, RefundNo: "R1", GatewayRefundNo: "R1790000000000000077", OrderNo: "SO20260301000001",
		Amount: client.Money{Minor: 1250, Currency: "HKD", Exp: 2}, Status: status, CreatedAt: now.Add(-time.Minute), SettledAt: now,
	}
	return book.Notice{Gateway: easylink.Gateway, Kind: book.RefundNotice, No: "R1", URL: "http://127.0.0.1/n?shop=7", Refund: &r, At: now}
}

func TestCallbacks(t *testing.T) {
	b := open(t)
	for status, state := range map[client.RefundStatus]string{client.RefundSuccess: "2", client.RefundFailed: "3"} {
		m, err := b.Protocol.Callback(refundNotice(status), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := valid(t, m.Body)
		if !ok || f.Get("state") != state || f.Get("payOrderId") != "P1790000000000000001" || f.Get("refundAmount") != "1250" || f.Get("payAmount") != "5800" ||
			f.Get("reqTime") != "1795339800000" || f.Has("mchOrderNo") || (state == "3") != f.Has("errMsg") || (state == "2") != f.Has("successTime") || m.URL != "" {
			t.Errorf("%s", m.Body)
		}
		again, err := b.Protocol.Callback(refundNotice(status), 0, 0)
		if err != nil || string(again.Body) != string(m.Body) {
			t.Errorf("a repeat is other bytes: %s, %s", again.Body, m.Body)
		}
	}
	old, err := b.Protocol.Callback(refundNotice(client.RefundSuccess), 0, 72*time.Hour)
	if f, ok := valid(t, old.Body); err != nil || !ok || f.Get("reqTime") != "1795080600000" {
		t.Errorf("%s %v", old.Body, err)
	}
	for _, status := range []client.RefundStatus{client.RefundPending, client.RefundUnknown, client.RefundClosed} {
		if _, err := b.Protocol.Callback(refundNotice(status), 0, 0); !errors.Is(err, protocol.ErrSilent) {
			t.Errorf("a %s refund is told: %v", status, err)
		}
	}
	for status, told := range map[client.OrderStatus]bool{client.OrderPaid: true, client.OrderFailed: false, client.OrderClosed: false, client.OrderPending: false} {
		o := book.Order{
			Gateway: easylink.Gateway, OrderNo: "N1", GatewayOrderNo: "P1", Amount: client.Money{Minor: 5800, Currency: "HKD", Exp: 2}, Status: status,
			Method: "WX_H5", Subject: "Salt & Pepper", PaidAt: now, CreatedAt: now, Extra: map[string]string{"body": "b=&+%茶"},
		}
		m, err := b.Protocol.Callback(book.Notice{Kind: book.PaymentNotice, Order: &o, At: now}, 0, 0)
		if told != (err == nil) || (!told && !errors.Is(err, protocol.ErrSilent)) {
			t.Errorf("%s: %v", status, err)
		}
		if f, ok := valid(t, m.Body); told && (!ok || f.Get("state") != "2" || f.Get("subject") != "Salt & Pepper" || f.Get("body") != "b=&+%茶") {
			t.Errorf("%s", m.Body)
		}
	}
	b.set("notify_as", "json")
	m, err := b.Protocol.Callback(refundNotice(client.RefundSuccess), protocol.DoubleSign, 0)
	if err != nil || m.Header.Get("Content-Type") != "application/json;charset=UTF-8" || strings.Count(string(m.Body), `"sign":"`) != 2 || !strings.Contains(string(m.Body), `"refundAmount":1250`) {
		t.Errorf("%s %v", m.Body, err)
	}
}

// TestTamperedCallbacks covers F10 at the gateway's end: each forgery is what it
// says.
func TestTamperedCallbacks(t *testing.T) {
	b := open(t)
	good, err := b.Protocol.Callback(refundNotice(client.RefundSuccess), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	honest, _ := valid(t, good.Body)
	same := func(f url.Values) bool {
		f.Del("sign")
		rest := url.Values{}
		for name := range f {
			rest[name] = honest[name]
		}
		return cmp.Equal(f, rest) && len(f) == len(honest)-1
	}
	for spoil, want := range map[protocol.Spoil]struct {
		valid bool
		says  func(f url.Values) bool
	}{
		protocol.BadSign:       {false, same},
		protocol.OtherKey:      {false, same},
		protocol.NoSign:        {false, func(f url.Values) bool { return !f.Has("sign") && same(f) }},
		protocol.DoubleSign:    {false, func(f url.Values) bool { return len(f["sign"]) == 2 && f["sign"][0] == honest.Get("sign") && same(f) }},
		protocol.EditAfter:     {false, func(f url.Values) bool { return f.Get("refundAmount") == "1251" }},
		protocol.WrongEcho:     {true, func(f url.Values) bool { return f.Get("refundAmount") == "1251" }},
		protocol.OtherMerchant: {true, func(f url.Values) bool { return f.Get("mchNo") == "M1700000002" && f.Get("appId") != easylink.AppID }},
		protocol.OddCase:       {true, func(f url.Values) bool { return f.Get("REFUNDAMOUNT") == "1250" && !f.Has("refundAmount") }},
	} {
		m, err := b.Protocol.Callback(refundNotice(client.RefundSuccess), spoil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := valid(t, m.Body); ok != want.valid || !want.says(f) {
			t.Errorf("%d: valid %v, %s", spoil, ok, m.Body)
		}
	}
}

func TestAcknowledgement(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		status         int
		body           string
		exact, anyCase bool
	}{
		{200, "success", true, true},
		{500, "success", true, true},
		{200, "SUCCESS", false, true},
		{200, "success\n", false, false},
		{200, " success", false, false},
		{200, `"success"`, false, false},
		{200, `{"code":"SUCCESS"}`, false, false},
		{200, "", false, false},
		{200, "fail", false, false},
	} {
		b.set("acknowledge", "exact")
		if got := b.Protocol.Acknowledged(c.status, []byte(c.body)); got != c.exact {
			t.Errorf("%d %q: %v", c.status, c.body, got)
		}
		b.set("acknowledge", "any-case")
		if got := b.Protocol.Acknowledged(c.status, []byte(c.body)); got != c.anyCase {
			t.Errorf("%d %q in any case: %v", c.status, c.body, got)
		}
	}
}

// receiver is where callbacks arrive, and what it answers one after the other;
// the last answer repeats.
type receiver struct {
	mu      sync.Mutex
	start   time.Time
	answers []string
	takes   time.Duration // before it answers
	at      []time.Duration
	urls    []string
	bodies  []string
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.urls, r.bodies = append(r.at, time.Since(r.start)), append(r.urls, req.URL.String()), append(r.bodies, string(body))
	answer := r.answers[min(len(r.at), len(r.answers))-1]
	select {
	case <-time.After(r.takes):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

// live runs the gateway with its machinery; call it inside a bubble.
func live(t *testing.T, answers ...string) (*bank, *receiver) {
	t.Helper()
	b := openWith(t, easylink.Past(1, 0, time.Now(), protocol.Pace{Speed: 1}), testKey)
	r := &receiver{start: time.Now(), answers: answers}
	engine := life.New(life.Config{
		Book: b.book, Clock: time.Now, Pace: protocol.Pace{Speed: 1}, Faces: []protocol.Face{b.Face}, Faults: fault.NewSet(1, nil), Transport: r,
		Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); engine.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return b, r
}

// ask sends a call at the bubble's time and at a speed of one.
func (b *bank) ask(path string, m members) answer {
	b.t.Helper()
	req := b.signed(path, m)
	req.Now, req.Host, req.Pace = time.Now().UTC(), time.Now(), protocol.Pace{Speed: 1}
	return b.send(req)
}

// TestCallbackRepetition covers F9: the very same bytes, reqTime and signature
// included, six times in 450 s, until the body is exactly the word.
func TestCallbackRepetition(t *testing.T) {
	all := []time.Duration{0, 30 * time.Second, 90 * time.Second, 180 * time.Second, 300 * time.Second, 450 * time.Second}
	for name, c := range map[string]struct {
		answers []string
		want    int
	}{
		"at once": {[]string{"success"}, 1}, "never": {[]string{"no"}, 6}, "at the third": {[]string{"SUCCESS", "success\n", "success", "no"}, 3},
		"at the last": {[]string{"", "{}", "ok", "fail", "Success", "success"}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, r := live(t, c.answers...)
				b.set("new_refund_state", "2")
				if a := b.ask(refundPath, aRefund("R1", 100).with(members{"notifyUrl": "http://127.0.0.1:9/n"})); a.Code != "0" {
					t.Fatalf("%s", a.Raw.Body)
				}
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				if diff := cmp.Diff(all[:c.want], r.at); diff != "" {
					t.Error(diff)
				}
				for _, body := range r.bodies {
					if _, ok := valid(t, []byte(body)); !ok || body != r.bodies[0] {
						t.Errorf("%s, first %s", body, r.bodies[0])
					}
				}
			})
		})
	}
}

// TestPatience covers easylink: section 8: a receiver has 20 s.
func TestPatience(t *testing.T) {
	for takes, want := range map[time.Duration]int{19 * time.Second: 1, 21 * time.Second: 6} {
		synctest.Test(t, func(t *testing.T) {
			b, r := live(t, "success")
			r.takes = takes
			b.set("new_refund_state", "3")
			b.ask(refundPath, aRefund("R1", 100).with(members{"notifyUrl": "http://127.0.0.1:9/n"}))
			time.Sleep(time.Hour)
			synctest.Wait()
			if len(r.at) != want {
				t.Errorf("a receiver that takes %v was called %d times, want %d", takes, len(r.at), want)
			}
		})
	}
}

// TestNeverResolved covers easylink: section 7.3: state 4 after two hours, for
// states 0 and 1, without money and without a word.
func TestNeverResolved(t *testing.T) {
	for state, script := range map[string]func(b *bank){
		"0": func(b *bank) { b.set("new_refund_state", "0") },
		"1": func(b *bank) { b.strikes = func(k fault.Kind) bool { return k == fault.StayPending } },
	} {
		synctest.Test(t, func(t *testing.T) {
			b, r := live(t, "success")
			script(b)
			b.ask(refundPath, aRefund("R1", 100).with(members{"notifyUrl": "http://127.0.0.1:9/n"}))
			time.Sleep(2*time.Hour - time.Second)
			synctest.Wait()
			now := func() string {
				a := b.ask(queryPath, members{"mchRefundNo": "R1"})
				f, _ := protocol.Encode(a.Data["state"])
				return string(f)
			}
			if got := now(); got != state {
				t.Errorf("state %s before two hours, was %s", got, state)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if _, moved := b.refund("R1"); now() != "4" || moved != 0 || len(r.at) != 0 {
				t.Errorf("state %s, moved %d, %d callbacks", now(), moved, len(r.at))
			}
		})
	}
}

// TestQuirksOnTheWire sends what stock code makes of an address with a query.
func TestQuirksOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := live(t, "success")
		b.set("notify_quirks", "stock")
		b.set("new_refund_state", "2")
		b.ask(refundPath, aRefund("R1", 100).with(members{"notifyUrl": "http://127.0.0.1:9/n?shop=7", "extParam": "a&b=c"}))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(r.urls) != 1 || r.urls[0] != "http://127.0.0.1:9/n" || !strings.Contains(r.bodies[0], "&b=c&shop=7&extParam=a&") {
			t.Errorf("%v %v", r.urls, r.bodies)
		}
		if _, ok := valid(t, []byte(r.bodies[0])); ok {
			t.Error("the signature should not stand over all fields")
		}
	})
}

// TestTellsNobodyWithoutAnAddress covers easylink: section 8.
func TestTellsNobodyWithoutAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := live(t, "success")
		b.ask(refundPath, aRefund("R1", 100))
		b.ask(refundPath, aRefund("R2", 100).with(members{"mchOrderNo": "SO20260228000017", "notifyUrl": "https://shop.example.com/n"}))
		time.Sleep(time.Hour)
		synctest.Wait()
		for _, no := range []string{"R1", "R2"} {
			if got, moved := b.refund(no); got.Status != client.RefundSuccess || moved != 1 {
				t.Errorf("%+v moved %d", got, moved)
			}
		}
		if len(r.at) != 0 {
			t.Errorf("%v", r.urls)
		}
	})
}
