package paycools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/protocol"
)

// now is the gateway's clock in these tests; in its own zone it is 17:30.
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
	return openWith(t, paycools.Past(1, 0, now, protocol.Pace{Speed: 60}))
}

func openWith(t *testing.T, past []book.Entry) *bank {
	t.Helper()
	keys, err := paycools.TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	b := &bank{t: t, book: book.Memory(past), keys: map[string][]byte{}, strikes: map[fault.Kind]bool{}}
	for _, k := range keys {
		b.keys[k.File] = k.Text
	}
	if b.Face, err = paycools.New(b.book, keys); err != nil {
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

// flat is the parameters of a call; all values are text, those of amounts and
// pages are sent as numbers.
type flat map[string]string

func (f flat) with(name, value string) flat {
	out := maps.Clone(f)
	out[name] = value
	return out
}

func isNumber(name string) bool {
	return slices.Contains([]string{"amount", "refundAmount", "page", "expireSeconds"}, name)
}

// object is the parameters as JSON.
func (f flat) object() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		value := strconv.Quote(f[name])
		if isNumber(name) {
			value = f[name]
		}
		parts = append(parts, strconv.Quote(name)+":"+value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// text is what a merchant signs, made here once more.
func (f flat) text() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if f[name] != "" {
			parts = append(parts, name+"="+f[name])
		}
	}
	return strings.Join(parts, "&")
}

func (b *bank) sign(text string) string {
	b.t.Helper()
	key, err := sign.ParsePrivate(b.keys[paycools.MerchantPrivate])
	if err != nil {
		b.t.Fatal(err)
	}
	signature, err := sign.SignRSA(key, []byte(text))
	if err != nil {
		b.t.Fatal(err)
	}
	return signature
}

func stamp(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// raw is a request as it comes in.
func (b *bank) raw(method, path, query, body string) protocol.Request {
	b.t.Helper()
	operation, ok := b.Protocol.Route(path)
	if !ok {
		b.t.Fatalf("no path %s", path)
	}
	return protocol.Request{
		Operation: operation, Method: method, Path: path, Query: query, Body: []byte(body), Now: now, Host: now, Pace: protocol.Pace{Seed: 1, Speed: 60},
		Header:  http.Header{"Content-Type": {"application/json"}},
		Strikes: func(k fault.Kind) bool { return b.strikes[k] },
		PageURL: func(no string) string { return "http://127.0.0.1/_pay/paycools/" + no },
	}
}

// request is a signed call in the path's dialect.
func (b *bank) request(path string, f flat) protocol.Request {
	b.t.Helper()
	if strings.HasPrefix(path, "/api/v2/") || strings.HasPrefix(path, "/open-api/") {
		param := f.with("timestamp", stamp(now)).object()
		if _, own := f["timestamp"]; own {
			param = f.object()
		}
		text := param
		if strings.HasPrefix(path, "/api/v2/") {
			text = "appId=" + paycools.AppID + "&param=" + param
		}
		body, err := json.Marshal(map[string]string{"appId": paycools.AppID, "param": param, "sign": b.sign(text)})
		if err != nil {
			b.t.Fatal(err)
		}
		return b.raw(http.MethodPost, path, "", string(body))
	}
	f = f.with("appId", paycools.AppID)
	if (strings.Contains(path, "/record/") || strings.Contains(path, "/direct/debit/")) && f["timestamp"] == "" {
		f = f.with("timestamp", stamp(now))
	}
	f = f.with("sign", b.sign(f.text()))
	if path == "/api/refund/payments" || strings.HasSuffix(path, "checkBalance") || strings.HasPrefix(path, "/api/v1/payment/") ||
		(strings.HasPrefix(path, "/api/v1/qrcode/") && !strings.HasSuffix(path, "cancel") && !strings.HasSuffix(path, "update")) {
		values := url.Values{}
		for name, value := range f {
			values.Set(name, value)
		}
		return b.raw(http.MethodGet, path, values.Encode(), "")
	}
	return b.raw(http.MethodPost, path, "", f.object())
}

// answer is a decoded answer.
type answer struct {
	protocol.Reply
	Raw  protocol.Message
	Doc  protocol.Object
	Data protocol.Object
	List []any
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
	if a.Doc, err = protocol.ReadObject(a.Raw.Body); err != nil && a.Raw.Status == http.StatusOK {
		b.t.Fatalf("%v: %s", err, a.Raw.Body)
	}
	a.Data, _ = a.Doc["data"].(protocol.Object)
	a.List, _ = a.Doc["data"].([]any)
	return a
}

func (b *bank) call(path string, f flat) answer {
	b.t.Helper()
	return b.send(b.request(path, f))
}

// want calls and compares the code; every answer is HTTP 200.
func (b *bank) want(code, path string, f flat) answer {
	b.t.Helper()
	a := b.call(path, f)
	good := code == "1000" || code == "1" || code == "10000"
	if a.Code != code || a.Doc["code"] != json.Number(code) || a.Accepted != good || a.Raw.Status != http.StatusOK || (!good && a.Doc["data"] != nil) {
		b.t.Errorf("%s %v: %s, want %s", path, f, a.Raw.Body, code)
	}
	return a
}

// item is one element of the answer's list.
func (a answer) item(i int) protocol.Object {
	if i >= len(a.List) {
		return protocol.Object{}
	}
	object, _ := a.List[i].(protocol.Object)
	return object
}

// order puts an order into the book.
func (b *bank) order(o book.Order) {
	b.t.Helper()
	o.Gateway = paycools.Gateway
	if o.GatewayOrderNo == "" {
		o.GatewayOrderNo = "C" + o.OrderNo
	}
	if o.Status == "" {
		o.Status = client.OrderPaid
	}
	if o.CreatedAt.IsZero() {
		o.CreatedAt = now.Add(-2 * time.Hour)
	}
	if o.PaidAt.IsZero() && o.Status != client.OrderPending {
		o.PaidAt = o.CreatedAt.Add(time.Minute)
	}
	if o.Amount.Currency == "" {
		o.Amount = pesos(1000_00)
	}
	if o.Method == "" {
		o.Method = "GCASH_QR"
	}
	err := b.book.Update(now, "test", func(tx *book.Tx) error { tx.PutOrder(o); return nil })
	if err != nil {
		b.t.Fatal(err)
	}
}

// settle ends a refund as the machinery would.
func (b *bank) settle(no string, status client.RefundStatus) {
	b.t.Helper()
	err := b.book.Update(now, "test", func(tx *book.Tx) error {
		r, ok := tx.Refund(paycools.Gateway, no)
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

// theOrder and theRefund read the book.
func (b *bank) theOrder(no string) (o book.Order) {
	b.book.View(func(s *book.State) { o, _ = s.Order(paycools.Gateway, no) })
	return o
}

func (b *bank) theRefund(no string) (r book.Refund) {
	b.book.View(func(s *book.State) { r, _ = s.Refund(paycools.Gateway, no) })
	return r
}

func pesos(cents int64) client.Money { return client.Money{Minor: cents, Currency: "PHP", Exp: 2} }

// refundOf is the parameters of a refund.
func refundOf(no, transaction, cents string) flat {
	return flat{"mchRefundOrderId": no, "originalTransactionId": transaction, "refundAmount": cents, "refundCallbackUrl": "http://127.0.0.1:9/hook"}
}

const refundPath = "/api/payment/refund"

// captured is a vector with a request or a callback.
type captured struct {
	ID, Method, Path, JSON, Sign, Query, Body, Param string
	Bare                                             string `json:"sign_over_param_only"`
	Code                                             int    `json:"expected_code"`
}

func capturedOf(t *testing.T, group string) []captured {
	t.Helper()
	raw, err := os.ReadFile("testdata/captured.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var list []captured
	if err := json.Unmarshal(file[group], &list); err != nil || len(list) == 0 {
		t.Fatalf("%s: %v", group, err)
	}
	return list
}
