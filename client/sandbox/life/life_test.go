package life_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/life"
	"paydesk/client/sandbox/protocol"
)

// mute is a gateway whose callbacks are the notice in JSON.
type mute struct{}

func (mute) Route(string) (string, bool)               { return "", false }
func (mute) Decide(protocol.Request) protocol.Reply    { return protocol.Reply{} }
func (mute) Acknowledged(status int, body []byte) bool { return status == 200 && string(body) == "ok" }

func (mute) Callback(n book.Notice, spoil protocol.Spoil, _ time.Duration) (protocol.Message, error) {
	if n.Kind == book.PaymentNotice && n.Order.Status == client.OrderClosed {
		return protocol.Message{}, protocol.ErrSilent
	}
	what := map[string]any{"kind": n.Kind, "no": n.No, "spoil": spoil}
	if n.Refund != nil {
		what["status"] = n.Refund.Status
	}
	body, err := json.Marshal(what)
	return protocol.Message{Header: http.Header{"X": {"y"}}, Body: body}, err
}

// arrival is one callback that came in.
type arrival struct {
	After  time.Duration
	No     string
	Status string
	Spoil  protocol.Spoil
}

// inbox is the merchant's end.
type inbox struct {
	mu     sync.Mutex
	start  time.Time
	got    []arrival
	deny   int // so many are answered without an acknowledgement
	answer string
}

func (i *inbox) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var a arrival
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	a.After = time.Since(i.start).Truncate(time.Second)
	i.got = append(i.got, a)
	if len(i.got) <= i.deny {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(i.answer))}, nil
}

// tune changes how the merchant's end behaves.
func (i *inbox) tune(start time.Time, deny int, answer string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.start, i.deny, i.answer = start, deny, answer
}

func (i *inbox) arrivals() []arrival {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]arrival(nil), i.got...)
}

// world is an engine in a bubble of its own time.
type world struct {
	*life.Engine
	book  *book.Book
	inbox *inbox
	stop  func()
}

const portal = "http://127.0.0.1:9/hook"

func schedule() []time.Duration {
	return []time.Duration{0, 30 * time.Second, 300 * time.Second, 600 * time.Second, 3600 * time.Second, 43200 * time.Second}
}

func start(t *testing.T, b *book.Book, speed int, faults ...string) *world {
	t.Helper()
	var list []fault.Fault
	for _, text := range faults {
		f, err := fault.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	w := &world{book: b, inbox: &inbox{start: time.Now(), answer: "ok"}}
	w.Engine = life.New(life.Config{
		Book: b, Clock: time.Now, Pace: protocol.Pace{Seed: 1, Speed: speed}, Faults: fault.NewSet(1, list), Portal: func(string) string { return portal }, Transport: w.inbox,
		Logger: slog.New(slog.DiscardHandler),
		Faces:  []protocol.Face{{Gateway: "g", Schedule: schedule(), Protocol: mute{}}},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	w.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(w.stop)
	return w
}

func hkd(minor int64) client.Money { return client.Money{Minor: minor, Currency: "HKD", Exp: 2} }

// accept commits a refund that settles after a while.
func (w *world) accept(t *testing.T, no string, plan book.Outcome, late bool, after time.Duration) {
	t.Helper()
	err := w.book.Update(w.Now(), "accepted", func(tx *book.Tx) error {
		r := book.Refund{Gateway: "g", RefundNo: no, GatewayRefundNo: "T" + no, OrderNo: "A1", Amount: hkd(100), Status: client.RefundPending, Plan: plan, Late: late}
		if plan != book.Stay {
			r.DueAt = time.Now().Add(after)
		}
		tx.PutRefund(r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) refund(no string) (r book.Refund, moved int) {
	w.book.View(func(s *book.State) {
		r, _ = s.Refund("g", no)
		moved = s.Moved("g", no)
	})
	return r, moved
}

// pass lets time go by and everything in it happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestRefundsSettleWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, book.Memory(nil), 1)
		w.accept(t, "good", book.Success, false, time.Minute)
		w.accept(t, "bad", book.Failed, false, time.Minute)
		w.accept(t, "stay", book.Stay, false, 0)
		pass(59 * time.Second)
		if r, moved := w.refund("good"); r.Status != client.RefundPending || moved != 0 {
			t.Errorf("too early: %s, moved %d", r.Status, moved)
		}
		pass(time.Hour)
		for no, want := range map[string]struct {
			status client.RefundStatus
			moved  int
		}{"good": {client.RefundSuccess, 1}, "bad": {client.RefundFailed, 0}, "stay": {client.RefundPending, 0}} {
			if r, moved := w.refund(no); r.Status != want.status || moved != want.moved {
				t.Errorf("%s: %s, moved %d", no, r.Status, moved)
			}
		}
		if got := w.inbox.arrivals(); len(got) != 2 {
			t.Errorf("callbacks: %+v", got)
		}
	})
}

// TestRestartGoesOn kills the engine between acceptance, settlement and the
// attempts of a callback: nothing is lost and money leaves once. covers F1, F2
func TestRestartGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.ndjson")
	if err := book.Create(path, []book.Entry{{Why: "past"}}); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var got []arrival
		began := time.Now()
		open := func(deny int) (*world, func()) {
			b, err := book.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			w := start(t, b, 1)
			w.inbox.tune(began, deny, "ok")
			return w, func() {
				w.stop()
				got = append(got, w.inbox.arrivals()...)
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		w, kill := open(9)
		w.accept(t, "R1", book.Success, false, 10*time.Second)
		pass(5 * time.Second)
		kill()
		_, kill = open(9)
		pass(6 * time.Second) // settled at 10 s, first attempt fails
		kill()
		w, kill = open(9)
		pass(40 * time.Second) // second attempt at 40 s fails
		kill()
		w, kill = open(0)
		pass(time.Hour) // third at 340 s succeeds
		if r, moved := w.refund("R1"); r.Status != client.RefundSuccess || moved != 1 {
			t.Errorf("%s, moved %d", r.Status, moved)
		}
		kill()
		var after []time.Duration
		for _, a := range got {
			after = append(after, a.After/time.Second)
		}
		if diff := cmp.Diff([]time.Duration{10, 40, 340}, after); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOrdersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, book.Memory(nil), 1)
		now := time.Now()
		order := func(no string) book.Order {
			return book.Order{Gateway: "g", OrderNo: no, GatewayOrderNo: "T" + no, UserID: "U", Amount: hkd(100), Status: client.OrderPending, ExpiresAt: now.Add(time.Hour)}
		}
		pays, fails, lapses, page := order("pays"), order("fails"), order("lapses"), order("page")
		pays.Plan, pays.DueAt, pays.Saves = book.Success, now.Add(time.Minute), "K1"
		fails.Plan, fails.DueAt = book.Failed, now.Add(time.Minute)
		page.Page = true
		err := w.book.Update(now, "orders", func(tx *book.Tx) error {
			for _, o := range []book.Order{pays, fails, lapses, page} {
				tx.PutOrder(o)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Pay("g", "none", book.Success); client.ClassOf(err) != client.ClassNotFound {
			t.Errorf("an unknown page: %v", err)
		}
		if o, err := w.Pay("g", "Tpage", book.Success); err != nil || o.Status != client.OrderPaid || o.Method != "CARD" || o.Card == "" {
			t.Errorf("paid by hand: %+v %v", o, err)
		}
		if o, err := w.Pay("g", "Tpage", book.Failed); err != nil || o.Status != client.OrderPaid {
			t.Errorf("paid twice: %+v %v", o, err)
		}
		if o, err := w.Pay("g", "Tfails", book.Stay); err != nil || o.Status != client.OrderPending {
			t.Errorf("left pending: %+v %v", o, err)
		}
		pass(2 * time.Hour)
		got := map[string]client.OrderStatus{}
		w.book.View(func(s *book.State) {
			for _, o := range s.Orders() {
				got[o.OrderNo] = o.Status
			}
			if k, ok := s.Token("g", "K1"); !ok || k.Status != client.TokenActive || k.OrderNo != "pays" {
				t.Errorf("saved card: %+v", k)
			}
		})
		want := map[string]client.OrderStatus{"pays": client.OrderPaid, "fails": client.OrderClosed, "lapses": client.OrderClosed, "page": client.OrderPaid}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		// Closed ones are silent at this gateway.
		if n := len(w.inbox.arrivals()); n != 3 {
			t.Errorf("%d callbacks: %+v", n, w.inbox.arrivals())
		}
	})
}

func TestSettleByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, book.Memory(nil), 1)
		w.accept(t, "R1", book.Stay, false, 0)
		for range 2 { // the second changes nothing
			if r, err := w.Settle("g", "r1", client.RefundSuccess); err != nil || r.Status != client.RefundSuccess {
				t.Fatalf("%+v %v", r, err)
			}
		}
		if _, moved := w.refund("R1"); moved != 1 {
			t.Errorf("moved %d", moved)
		}
		if r, err := w.Settle("g", "R1", client.RefundFailed); err != nil || r.Status != client.RefundFailed {
			t.Errorf("%+v %v", r, err)
		}
		if _, err := w.Settle("g", "R1", client.RefundSuccess); client.ClassOf(err) != client.ClassConflict {
			t.Errorf("a failure became a success: %v", err)
		}
		if _, err := w.Settle("g", "none", client.RefundSuccess); client.ClassOf(err) != client.ClassNotFound {
			t.Errorf("an unknown refund: %v", err)
		}
		pass(time.Second)
		if n := len(w.inbox.arrivals()); n != 2 {
			t.Errorf("%d callbacks", n)
		}
	})
}
