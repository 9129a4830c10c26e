package payermax_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
)

// now is the gateway's clock in these tests.
var now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// bank is the gateway with a merchant's keys at hand.
type bank struct {
	protocol.Face
	t       *testing.T
	book    *book.Book
	keys    map[string][]byte
	strikes map[fault.Kind]bool
}

func open(t *testing.T) *bank {
	t.Helper()
	return openWith(t, payermax.Past(1, 0, now, protocol.Pace{Speed: 60}))
}

func openWith(t *testing.T, past []book.Entry) *bank {
	t.Helper()
	keys, err := payermax.TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	b := &bank{t: t, book: book.Memory(past), keys: map[string][]byte{}, strikes: map[fault.Kind]bool{}}
	for _, k := range keys {
		b.keys[k.File] = k.Text
	}
	if b.Face, err = payermax.New(b.book, keys); err != nil {
		t.Fatal(err)
	}
	return b
}

// set changes a switch.
func (b *bank) set(name, value string) {
	b.t.Helper()
	if err := b.Switches.Set(name, value); err != nil {
		b.t.Fatal(err)
	}
}

// body is a whole request around data.
func body(data string) string {
	return fmt.Sprintf(`{"version":"1.5","keyVersion":"1","requestTime":%q,"appId":%q,"merchantNo":%q,"data":%s}`,
		now.Format("2006-01-02T15:04:05.000Z07:00"), payermax.AppID, payermax.MerchantNo, data)
}

func (b *bank) sign(text string) string {
	b.t.Helper()
	key, err := sign.ParsePrivate(b.keys[payermax.MerchantPrivate])
	if err != nil {
		b.t.Fatal(err)
	}
	signature, err := sign.SignRSA(key, []byte(text))
	if err != nil {
		b.t.Fatal(err)
	}
	return signature
}

// request is a signed call of a path.
func (b *bank) request(path, text string) protocol.Request {
	b.t.Helper()
	operation, ok := b.Protocol.Route("/" + path)
	if !ok {
		b.t.Fatalf("no path %s", path)
	}
	return protocol.Request{
		Operation: operation, Method: http.MethodPost, Body: []byte(text), Now: now, Host: now, Pace: protocol.Pace{Seed: 1, Speed: 60},
		Header:  http.Header{"Content-Type": {"application/json"}, "Sign": {b.sign(text)}},
		Strikes: func(k fault.Kind) bool { return b.strikes[k] },
		PageURL: func(no string) string { return "http://127.0.0.1/_pay/" + no },
	}
}

// answer is a decoded answer.
type answer struct {
	protocol.Reply
	Raw    protocol.Message
	Doc    protocol.Object
	Data   protocol.Object
	Signed bool
}

// send decides a request and reads its answer.
func (b *bank) send(req protocol.Request) answer { return b.spoilt(req, 0) }

func (b *bank) spoilt(req protocol.Request, spoil protocol.Spoil) answer {
	b.t.Helper()
	a := answer{Reply: b.Protocol.Decide(req)}
	var err error
	if a.Raw, err = a.Render(spoil); err != nil {
		b.t.Fatal(err)
	}
	a.Signed = b.valid(a.Raw)
	if a.Doc, err = protocol.ReadObject(a.Raw.Body); err != nil && a.Raw.Status == http.StatusOK && a.Raw.Header.Get("Content-Encoding") == "" {
		b.t.Fatalf("%v: %s", err, a.Raw.Body)
	}
	a.Data, _ = a.Doc["data"].(protocol.Object)
	return a
}

// call sends data to a path.
func (b *bank) call(path, data string) answer {
	b.t.Helper()
	return b.send(b.request(path, body(data)))
}

// want calls and compares the code.
func (b *bank) want(code, path, data string) answer {
	b.t.Helper()
	a := b.call(path, data)
	if a.Code != code || a.Doc["code"] != code || a.Accepted != (code == "APPLY_SUCCESS") {
		b.t.Errorf("%s %s: %s, want %s", path, data, a.Raw.Body, code)
	}
	return a
}

// valid reports whether a message has exactly one signature, of the platform.
func (b *bank) valid(m protocol.Message) bool {
	b.t.Helper()
	key, err := sign.ParsePublic(b.keys[payermax.PlatformPublic])
	if err != nil {
		b.t.Fatal(err)
	}
	signature, err := sign.One(m.Header.Values("sign"))
	return err == nil && sign.VerifyRSA(key, m.Body, signature) == nil
}

// order puts an order into the book.
func (b *bank) order(o book.Order) {
	b.t.Helper()
	o.Gateway = payermax.Gateway
	if o.GatewayOrderNo == "" {
		o.GatewayOrderNo = "T" + o.OrderNo
	}
	if o.Status == "" {
		o.Status = client.OrderPaid
	}
	if o.PaidAt.IsZero() && o.Status == client.OrderPaid {
		o.PaidAt = now.Add(-time.Hour)
	}
	o.CreatedAt, o.InternalNo = now.Add(-2*time.Hour), "I"+o.OrderNo
	err := b.book.Update(now, "test", func(tx *book.Tx) error { tx.PutOrder(o); return nil })
	if err != nil {
		b.t.Fatal(err)
	}
}

// settle ends a refund as the machinery would.
func (b *bank) settle(no string, status client.RefundStatus) {
	b.t.Helper()
	err := b.book.Update(now, "test", func(tx *book.Tx) error {
		r, ok := tx.Refund(payermax.Gateway, no)
		if !ok {
			return fmt.Errorf("no refund %s", no)
		}
		r.Status, r.SettledAt, r.DueAt = status, now, time.Time{}
		tx.PutRefund(r)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func money(minor int64, currency string, exp uint8) client.Money {
	return client.Money{Minor: minor, Currency: currency, Exp: exp}
}

// captured is a request of a vendor's library.
type captured struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	At      time.Time         `json:"request_time"`
	Body    string            `json:"body_b64"`
}

func capturedRequests(t *testing.T) []captured {
	t.Helper()
	raw, err := os.ReadFile("testdata/captured.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		List []captured `json:"captured_requests"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.List) == 0 {
		t.Fatal("no captured requests")
	}
	return file.List
}

// request is the captured request as it comes in at the moment it was made.
func (c captured) request(t *testing.T, b *bank) protocol.Request {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(c.Body)
	if err != nil {
		t.Fatal(err)
	}
	operation, ok := b.Protocol.Route(c.Path)
	if !ok {
		t.Fatalf("no path %s", c.Path)
	}
	header := http.Header{}
	for name, value := range c.Headers {
		header.Set(strings.ToLower(name), value)
	}
	return protocol.Request{
		Operation: operation, Method: c.Method, Header: header, Body: raw, Now: c.At, Host: c.At, Pace: protocol.Pace{Speed: 60},
		Strikes: func(fault.Kind) bool { return false }, PageURL: func(string) string { return "" },
	}
}
