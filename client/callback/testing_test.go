package callback_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/client/callback"
	"paydesk/client/payermax"
	"paydesk/client/sandbox/book"
	gateway "paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
	"paydesk/client/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pathSecret is a path secret of a test; it must never be seen in a log.
const pathSecret = "CANARY-path-secret-0123456789abcdefghijklmn"

func now() time.Time { return time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC) }

// desk is what the receiver hands over to.
type desk struct {
	mu      sync.Mutex
	times   map[string]int // by digest
	kept    []client.Notice
	refused []client.Notice
	fail    error
	wait    func(context.Context)
}

func (d *desk) Store(ctx context.Context, _ string, n client.Notice) (bool, error) {
	if d.wait != nil {
		d.wait(ctx)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return false, d.fail
	}
	d.times[n.Digest]++
	if d.times[n.Digest] == 1 {
		d.kept = append(d.kept, n)
		return true, nil
	}
	return false, nil
}

func (d *desk) Refused(_ context.Context, _ string, n client.Notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = append(d.refused, n)
}

// said is what was kept and refused so far.
func (d *desk) said() (kept, refused []client.Notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.kept), slices.Clone(d.refused)
}

// house is a running receiver for one account of the double.
type house struct {
	*callback.Receiver
	*desk
	t    *testing.T
	bank protocol.Face
	log  *strings.Builder
	http *http.Client
	stop context.CancelFunc
}

// open starts a receiver; it is stopped, and must stop well, when the test ends.
func open(t *testing.T, tune ...func(*callback.Options)) *house {
	t.Helper()
	keys, err := gateway.TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{desk: &desk{times: map[string]int{}}, t: t, log: &strings.Builder{}}
	if h.bank, err = gateway.New(book.Memory(nil), keys); err != nil {
		t.Fatal(err)
	}
	o := callback.Options{
		Addr: "127.0.0.1:0", Store: h.Store, Refused: h.Refused, Clock: now, Logger: logger(h.log),
		Routes: []callback.Route{{Profile: "shop", Secret: secret.New([]byte(pathSecret)), Reader: reader(t, keys, gateway.MerchantNo)}},
	}
	for _, f := range tune {
		f(&o)
	}
	if h.Receiver, err = callback.New(o); err != nil {
		t.Fatal(err)
	}
	if err := h.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	h.http = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return h
}

// reader is the account's own reading of callbacks.
func reader(t *testing.T, keys []protocol.Key, merchant string) client.CallbackReader {
	t.Helper()
	c := payermax.Config{Brand: payermax.Checus, Environment: payermax.Sandbox, MerchantNo: merchant, AppID: gateway.AppID, Clock: now}
	for _, k := range keys {
		if k.File == gateway.PlatformPublic {
			c.PlatformKey = k.Text
		}
	}
	r, err := payermax.NewCallbackReader(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// refund is what the gateway tells about a refund.
func refund(status client.RefundStatus) book.Notice {
	return book.Notice{
		Gateway: gateway.Gateway, Kind: book.RefundNotice, No: "R1", At: now(),
		Refund: &book.Refund{
			Gateway: gateway.Gateway, RefundNo: "R1", GatewayRefundNo: "20261122093001TI000000004242", OrderNo: "P1",
			Amount: client.Money{Minor: 1230, Currency: "USD", Exp: 2}, Status: status, SettledAt: now(),
		},
	}
}

func payment() book.Notice {
	return book.Notice{
		Gateway: gateway.Gateway, Kind: book.PaymentNotice, No: "P1", At: now(),
		Order: &book.Order{
			Gateway: gateway.Gateway, OrderNo: "P1", GatewayOrderNo: "T2026112210000000000900", Status: client.OrderPaid, UserID: "U1",
			Amount: client.Money{Minor: 5000, Currency: "HKD", Exp: 2}, CreatedAt: now(), PaidAt: now(),
		},
	}
}

func card() book.Notice {
	return book.Notice{
		Gateway: gateway.Gateway, Kind: book.TokenNotice, No: "PMTOKEN1", At: now(),
		Token: &book.Token{
			Gateway: gateway.Gateway, Token: "PMTOKEN1", UserID: "U1", Status: client.TokenRemoved, Scope: "tokenAcq", Method: "CARD", Brand: "VISA",
			Card: "400000******0002", ExpiresAt: now().AddDate(2, 0, 0),
		},
	}
}

// message is a callback as the gateway writes it, age ago, spoilt in a way.
func (h *house) message(n book.Notice, spoil protocol.Spoil, age time.Duration) protocol.Message {
	h.t.Helper()
	m, err := h.bank.Protocol.Callback(n, spoil, age)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// url is the account's address, or a stranger's guess.
func (h *house) url(path string) string { return "http://" + h.Addr().String() + path }

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

func (h *house) post(m protocol.Message) reply {
	h.t.Helper()
	return h.call(http.MethodPost, h.Path("shop"), m)
}

func (h *house) call(method, path string, m protocol.Message) reply {
	h.t.Helper()
	got, err := h.try(method, path, m)
	if err != nil {
		h.t.Fatal(err)
	}
	return got
}

func (h *house) try(method, path string, m protocol.Message) (reply, error) {
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url(path), bytes.NewReader(m.Body))
	if err != nil {
		return reply{}, err
	}
	req.Header = m.Header.Clone()
	resp, err := h.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body)}, errors.Join(err, resp.Body.Close())
}

const (
	acknowledged = `{"code":"SUCCESS","msg":"Success"}`
	refused      = `{"code":"FAIL","msg":"not accepted"}`
)

// check compares an answer and what was kept and refused so far.
func (h *house) check(what string, got reply, status int, body string, kept, turnedDown int) {
	h.t.Helper()
	h.desk.mu.Lock()
	defer h.desk.mu.Unlock()
	if got.status != status || got.body != body || len(h.kept) != kept || len(h.refused) != turnedDown {
		h.t.Errorf("%s: %d %q, kept %d, refused %d; want %d %q, %d, %d", what, got.status, got.body, len(h.kept), len(h.refused), status, body, kept, turnedDown)
	}
}
