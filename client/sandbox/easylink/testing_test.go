package easylink_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/easylink"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is the gateway's clock in these tests.
var now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

const testKey = "easylink-sandbox-key-A"

// The paths of the gateway.
const (
	createPath = "/api/pay/unifiedOrder"
	orderPath  = "/api/pay/query"
	closePath  = "/api/pay/close"
	refundPath = "/api/refund/refundOrder"
	queryPath  = "/api/refund/query"
)

// bank is the gateway with a merchant's key at hand.
type bank struct {
	protocol.Face
	t    *testing.T
	book *book.Book
	key  string
	// strikes is asked for faults; nil: none strikes.
	strikes func(fault.Kind) bool
}

func open(t *testing.T) *bank {
	t.Helper()
	return openWith(t, easylink.Past(1, 0, now, protocol.Pace{Speed: 60}), testKey)
}

func openWith(t *testing.T, past []book.Entry, key string) *bank {
	t.Helper()
	b := &bank{t: t, book: book.Memory(past), key: key}
	var err error
	if b.Face, err = easylink.New(b.book, []protocol.Key{{File: easylink.KeyFile, Text: []byte(key + "\n")}}); err != nil {
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

// members are those of a request.
type members map[string]any

// with is a copy with some members changed; nil takes one away.
func (m members) with(changes members) members {
	out := maps.Clone(m)
	for name, value := range changes {
		if out[name] = value; value == nil {
			delete(out, name)
		}
	}
	return out
}

// account are the members of every request.
func account() members {
	return members{
		"mchNo": easylink.MerchantNo, "appId": easylink.AppID, "version": "1.0", "signType": "MD5",
		"reqTime": fmt.Sprint(now.UnixMilli()),
	}
}

// signature is what a client of the vendor's makes: it signs every member that
// is not empty.
func (b *bank) signature(m members) string {
	b.t.Helper()
	var pairs [][2]string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch value := m[name].(type) {
		case string:
			pairs = append(pairs, [2]string{name, value})
		default:
			raw, err := protocol.Encode(value)
			if err != nil {
				b.t.Fatal(err)
			}
			pairs = append(pairs, [2]string{name, string(raw)})
		}
	}
	return sign.SignMD5(pairs, []byte(b.key))
}

// request is a call of a path with a body as it is.
func (b *bank) request(path, contentType, body string) protocol.Request {
	b.t.Helper()
	operation, ok := b.Protocol.Route(path)
	if !ok {
		b.t.Fatalf("no path %s", path)
	}
	return protocol.Request{
		Operation: operation, Method: http.MethodPost, Path: path, Body: []byte(body), Now: now, Host: now, Pace: protocol.Pace{Seed: 1, Speed: 60},
		Header:  http.Header{"Content-Type": {contentType}},
		Strikes: func(k fault.Kind) bool { return b.strikes != nil && b.strikes(k) },
		PageURL: func(no string) string { return "http://127.0.0.1/_pay/easylink/" + no },
	}
}

// answer is a decoded answer.
type answer struct {
	protocol.Reply
	Raw    protocol.Message
	Msg    string
	Data   protocol.Object
	Signed bool
}

func (b *bank) send(req protocol.Request) answer { return b.spoilt(req, 0) }

func (b *bank) spoilt(req protocol.Request, spoil protocol.Spoil) answer {
	b.t.Helper()
	a := answer{Reply: b.Protocol.Decide(req)}
	var err error
	if a.Raw, err = a.Render(spoil); err != nil {
		b.t.Fatal(err)
	}
	if len(a.Raw.Body) == 0 {
		return a
	}
	doc, err := protocol.ReadObject(a.Raw.Body)
	if err != nil || a.Raw.Status != http.StatusOK || fmt.Sprint(doc["code"]) != a.Code {
		b.t.Fatalf("%d %v: %s", a.Raw.Status, err, a.Raw.Body)
	}
	a.Msg, _ = doc["msg"].(string)
	switch data := doc["data"].(type) {
	case protocol.Object:
		a.Data = data
	case string:
		if a.Data, err = protocol.ReadObject([]byte(data)); err != nil {
			b.t.Fatal(err)
		}
	}
	if a.Code != "0" && (len(doc) != 2 || a.Accepted || !a.Bare) {
		b.t.Errorf("a refusal has more than code and msg: %s", a.Raw.Body)
	}
	signature, there := doc["sign"].(string)
	a.Signed = there && signature == b.signature(members(a.Data))
	return a
}

// call signs members and sends them as JSON.
func (b *bank) call(path string, m members) answer {
	b.t.Helper()
	return b.send(b.signed(path, m))
}

func (b *bank) signed(path string, m members) protocol.Request {
	b.t.Helper()
	m = account().with(m)
	body, err := protocol.Encode(m.with(members{"sign": b.signature(m)}))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.request(path, "application/json", string(body))
}

// form signs members and sends them as a form.
func (b *bank) form(path string, m members) answer {
	b.t.Helper()
	m = account().with(m)
	values := url.Values{"sign": {b.signature(m)}}
	for name, value := range m {
		values.Set(name, fmt.Sprint(value))
	}
	return b.send(b.request(path, "application/x-www-form-urlencoded; charset=UTF-8", values.Encode()))
}

// want calls and compares the code and, for refusals, a part of the text.
func (b *bank) want(code, text, path string, m members) answer {
	b.t.Helper()
	a := b.call(path, m)
	if a.Code != code || !strings.Contains(a.Msg, text) || a.Signed != (code == "0") {
		b.t.Errorf("%s %v: %s, want %s %s", path, m, a.Raw.Body, code, text)
	}
	return a
}

// aRefund are the members of a refund of the fixed order of 58.00 HKD.
func aRefund(no string, minor int) members {
	return members{
		"mchOrderNo": "SO20260301000001", "mchRefundNo": no, "refundAmount": minor, "currency": "HKD", "refundReason": "customer return",
	}
}

// aPayment are the members of a new order.
func aPayment(no string) members {
	return members{
		"mchOrderNo": no, "wayCode": "ALI_H5", "amount": 8800, "currency": "HKD", "subject": "Mug", "body": "Ceramic mug x1",
		"channelExtra": `{"walletType":"HK"}`,
	}
}

// settle ends a refund as the machinery would.
func (b *bank) settle(no string, status client.RefundStatus) {
	b.t.Helper()
	err := b.book.Update(now, "test", func(tx *book.Tx) error {
		r, ok := tx.Refund(easylink.Gateway, no)
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

// refund reads a refund from the book.
func (b *bank) refund(no string) (r book.Refund, moved int) {
	b.book.View(func(s *book.State) {
		r, _ = s.Refund(easylink.Gateway, no)
		moved = s.Moved(easylink.Gateway, no)
	})
	return r, moved
}

// captured is a request of the vendor's own code.
type captured struct {
	ID       string
	Endpoint string
	Key      string
	Body     string
	Server   string `json:"server_sign"`
	Client   string `json:"client_sign_all_members"`
	Accepted bool
}

func capturedRequests(t *testing.T) []captured {
	t.Helper()
	raw, err := os.ReadFile("testdata/easylink.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Request []captured }
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Request) == 0 {
		t.Fatalf("%d captured requests: %v", len(file.Request), err)
	}
	return file.Request
}

// signedBy is the captured body with a signature put in.
func (c captured) signedBy(signature string) string {
	return strings.TrimSuffix(c.Body, "}") + `,"sign":"` + signature + `"}`
}
