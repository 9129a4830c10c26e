package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watch is a clock that goes on by a second each time it is looked at.
type watch struct {
	mu  sync.Mutex
	now time.Time
}

func (c *watch) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func (c *watch) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const shop = "shop"

// gatewayStub answers from memory; what is not overridden is never called.
type gatewayStub struct {
	client.Gateway
	clock   *watch
	orders  map[string]client.Order
	refunds map[string]client.Refund
	lose    bool // the answer to the next refund is lost
	refuse  bool // refunds are refused
	hide    bool // bodies are kept redacted
	noise   string
	calls   int
}

func (g *gatewayStub) exchange(op, code string, verified bool) client.Exchange {
	g.calls++
	request, answer := fmt.Sprintf(`{"op":%q,"n":%d}`, op, g.calls), fmt.Sprintf(`{"code":%q,"n":%d,"text":%q}`, code, g.calls, g.noise)
	x := client.Exchange{
		Operation: op, At: g.clock.Now(), URL: "https://gateway.example/" + op, HTTPStatus: 200, Code: code, Message: "says " + code + g.noise,
		Verified: verified, Request: []byte(request), Answer: []byte(answer), RequestHash: hash([]byte(request)), AnswerHash: hash([]byte(answer)),
		RequestBytes: len(request),
	}
	if g.hide {
		x.Request, x.Answer = []byte(`{"sign":"•••"}`), []byte(`{"card":"····4242"}`)
	}
	return x
}

func (g *gatewayStub) unknown(op string) error {
	x := g.exchange(op, "NOT_EXIST", true)
	return &client.Error{Class: client.ClassNotFound, Code: "NOT_EXIST", Message: "no such thing", Exchange: &x}
}

func (g *gatewayStub) QueryOrder(_ context.Context, no string) (client.OrderAnswer, error) {
	o, ok := g.orders[no]
	if !ok {
		return client.OrderAnswer{}, g.unknown("orderQuery")
	}
	return client.OrderAnswer{Order: o, Exchange: g.exchange("orderQuery", "OK", true)}, nil
}

func (g *gatewayStub) Refund(_ context.Context, req client.RefundRequest) (client.RefundAnswer, error) {
	if g.refuse {
		x := g.exchange("refund", "REFUSED", true)
		return client.RefundAnswer{}, &client.Error{Class: client.ClassRefused, Code: "REFUSED", Message: "no", Exchange: &x}
	}
	r := client.Refund{RefundNo: req.RefundNo, GatewayRefundNo: "G" + req.RefundNo, OrderNo: req.OrderNo, Amount: req.Amount, Status: client.RefundPending}
	g.refunds[req.RefundNo] = r
	if g.lose {
		g.lose = false
		x := client.Exchange{Operation: "refund", At: g.clock.Now()}
		return client.RefundAnswer{}, &client.Error{Class: client.ClassUnknown, Code: "no-answer", Message: "lost", Exchange: &x}
	}
	return client.RefundAnswer{Refund: r, Exchange: g.exchange("refund", "ACCEPTED", true)}, nil
}

func (g *gatewayStub) QueryRefund(_ context.Context, no string) (client.RefundAnswer, error) {
	r, ok := g.refunds[no]
	if !ok {
		return client.RefundAnswer{}, g.unknown("refundQuery")
	}
	return client.RefundAnswer{Refund: r, Exchange: g.exchange("refundQuery", "OK", true)}, nil
}

func (g *gatewayStub) becomes(no string, status client.RefundStatus) {
	r := g.refunds[no]
	r.Status = status
	g.refunds[no] = r
}

func (g *gatewayStub) Capabilities() client.Capabilities {
	return client.Capabilities{
		QueryOrder: client.Can(), Refund: client.Can(), PartialRefund: client.Can(), QueryRefund: client.Can(), MaxReason: 512,
		Pace: client.DefaultPace(1),
	}
}

func (g *gatewayStub) Decimals(currency string) (uint8, bool) { return client.ISODecimals(currency) }

func (g *gatewayStub) ClockOffset() (time.Duration, bool) { return 0, false }

// office is a desk over a real ledger file and a gateway in memory.
type office struct {
	*desk.Desk
	t       *testing.T
	path    string
	store   ledger.Store
	clock   *watch
	gateway *gatewayStub
}

func newOffice(t *testing.T) *office {
	t.Helper()
	clock := &watch{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	g := &gatewayStub{clock: clock, orders: map[string]client.Order{}, refunds: map[string]client.Refund{}}
	o := &office{t: t, path: filepath.Join(t.TempDir(), "ledger.db"), clock: clock, gateway: g}
	o.paid("P1")
	store, err := sqlite.Open(t.Context(), o.path, sqlite.Options{Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	o.store = store
	o.Desk = desk.New(desk.Options{
		Store: store, Agent: "ada", Clock: clock.Now, Mono: func() time.Duration { return time.Second },
		Profiles: []desk.Profile{{Name: shop, Gateway: "payermax", Brand: "Bank", Environment: desk.Test, Merchant: "M1"}},
		Connect:  func(context.Context, string) (client.Gateway, error) { return g, nil },
	})
	return o
}

func (o *office) paid(no string) {
	o.gateway.orders[no] = client.Order{
		OrderNo: no, GatewayOrderNo: "T" + no, UserID: "U-1", Amount: client.Money{Minor: 10000, Currency: "HKD", Exp: 2}, Status: client.OrderPaid,
		Method: "CARD", CreatedAt: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), PaidAt: time.Date(2026, 11, 22, 8, 1, 0, 0, time.UTC),
	}
}

// decide plans and commits a refund.
func (o *office) decide(order, amount, reason string, undo time.Duration) ledger.Refund {
	o.t.Helper()
	plan, err := o.Plan(o.t.Context(), desk.Ask{Profile: shop, Order: order, Amount: amount, Reason: reason, Undo: undo})
	if err != nil {
		o.t.Fatalf("plan: %v", err)
	}
	r, err := o.Commit(o.t.Context(), plan, desk.Consent{PlanHash: plan.Hash, Typed: plan.Amount.Major(), At: o.clock.Now()})
	if err != nil {
		o.t.Fatalf("commit: %v", err)
	}
	return r
}

// step lets what is due happen.
func (o *office) step(no string) ledger.Refund {
	o.t.Helper()
	r, _ := o.Advance(o.t.Context(), shop, no)
	o.clock.add(time.Minute)
	return r
}

// refunded is a refund that succeeded, with its callback.
func (o *office) refunded() ledger.Refund {
	o.t.Helper()
	r := o.decide("P1", "20.00", "customer return", 0)
	o.step(r.RefundNo)
	o.gateway.becomes(r.RefundNo, client.RefundSuccess)
	o.hear(r, true, `{"status":"SUCCESS"}`)
	return o.step(r.RefundNo)
}

// hear lets a callback about a refund come in.
func (o *office) hear(r ledger.Refund, believed bool, body string) {
	o.t.Helper()
	n := client.Notice{
		Kind: client.NoticeRefund, Gateway: "payermax", Merchant: "M1", OrderNo: r.OrderNo, RefundNo: r.RefundNo, GatewayRefundNo: "G" + r.RefundNo,
		Status: "success", Said: "REFUND_SUCCESS", Amount: r.Amount, Verified: true, Body: []byte(body),
	}
	if !believed {
		n = n.Doubted("the signature is wrong")
		n.Signature = (&client.Inspection{Reason: "wrong", Sign: "AA", SignedText: "a=b", Expected: "BB", Different: 1}).Kept()
	}
	if _, err := o.Heard(o.t.Context(), shop, n.Identified([]byte(body))); err != nil {
		o.t.Fatalf("heard: %v", err)
	}
}

// now is when bundles of these tests are gathered.
var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func (o *office) gather(no string) Bundle {
	o.t.Helper()
	b, err := Gather(o.t.Context(), o.store, shop, no, now)
	if err != nil {
		o.t.Fatalf("gather: %v", err)
	}
	return b
}

// written is the folder of a refund's bundle.
func (o *office) written(no string) string {
	o.t.Helper()
	dir := filepath.Join(o.t.TempDir(), "bundle")
	if _, err := Write(dir, o.gather(no)); err != nil {
		o.t.Fatalf("write: %v", err)
	}
	return dir
}

// whole wants a bundle without fault, offline and against the ledger.
func (o *office) whole(dir string) {
	o.t.Helper()
	for _, reader := range []ledger.Reader{nil, o.store} {
		report, err := Verify(o.t.Context(), dir, reader)
		if err != nil || !report.Intact() || report.Err() != nil || report.Ledger != (reader != nil) {
			o.t.Errorf("%v: %s", err, inFull(report))
		}
	}
}

// inFull is a report in full.
func inFull(r Report) string {
	text, _ := json.MarshalIndent(r, "", " ")
	return string(text)
}

// names reports whether a finding of a report is about a file, and says something.
func names(r Report, file, what string) bool {
	for _, f := range r.Findings {
		if f.File == file && strings.Contains(f.What, what) {
			return true
		}
	}
	return false
}
