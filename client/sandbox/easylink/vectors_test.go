package easylink

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// vectors are what the vendor's own open code was seen to do.
type vectors struct {
	Sign []struct {
		ID, Key, Sign string
		Params        [][2]json.RawMessage
		Text          string `json:"string_to_sign"`
	}
	Response []struct {
		ID, Key, Body string
		Expected      string `json:"expected_sign"`
		Valid         bool
	}
	Notify []struct {
		ID, Kind, Key, Body, Sign string
		Address                   string                     `json:"registered_notify_url"`
		ContentType               string                     `json:"content_type"`
		Fields                    map[string]json.RawMessage `json:"original_fields"`
	}
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile("testdata/easylink.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil || len(v.Sign) == 0 || len(v.Response) == 0 || len(v.Notify) == 0 {
		t.Fatalf("%v: %d, %d and %d vectors", err, len(v.Sign), len(v.Response), len(v.Notify))
	}
	return v
}

// ordered keeps an object's members in their order.
func ordered(t *testing.T, raw []byte) protocol.Members {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		t.Fatalf("%s is no object: %v", raw, err)
	}
	out := protocol.Members{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		text, _ := name.(string)
		out = append(out, protocol.Member{Name: text, Value: decoded(t, value)})
	}
	return out
}

// decoded is a value with its digits kept; what has members keeps its text.
func decoded(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	if raw[0] == '{' || raw[0] == '[' {
		var out bytes.Buffer
		if err := json.Compact(&out, raw); err != nil {
			t.Fatal(err)
		}
		return json.RawMessage(out.Bytes())
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestVectorsOfTheSignature(t *testing.T) {
	for _, v := range readVectors(t).Sign {
		var members protocol.Members
		for _, p := range v.Params {
			name, _ := decoded(t, p[0]).(string)
			members = append(members, protocol.Member{Name: name, Value: decoded(t, p[1])})
		}
		text, err := canonical(members)
		if err != nil || text+"key="+v.Key != v.Text {
			t.Errorf("%s: %q %v, want %q", v.ID, text, err, v.Text)
		}
		if got, err := digest(members, []byte(v.Key)); err != nil || got != v.Sign {
			t.Errorf("%s: %s %v, want %s", v.ID, got, err, v.Sign)
		}
	}
}

// TestVectorsOfAnswers writes the same bytes as the real code.
func TestVectorsOfAnswers(t *testing.T) {
	for _, v := range readVectors(t).Response {
		var doc struct {
			Data json.RawMessage
			Sign string
		}
		if err := json.Unmarshal([]byte(v.Body), &doc); err != nil {
			t.Fatal(err)
		}
		s := &speaker{switches: protocol.NewSwitches(switches()), key: []byte(v.Key)}
		m, err := s.seal(ordered(t, doc.Data), 0)
		if err != nil || m.Status != http.StatusOK {
			t.Fatal(err)
		}
		if !strings.Contains(string(m.Body), `"sign":"`+v.Expected+`"`) || (doc.Sign == v.Expected) != v.Valid {
			t.Errorf("%s: %s, want sign %s", v.ID, m.Body, v.Expected)
		}
		if sorted := !strings.Contains(v.Body, `"more"`); v.Valid && sorted && string(m.Body) != v.Body {
			t.Errorf("%s: %s, want %s", v.ID, m.Body, v.Body)
		}
	}
}

// TestVectorsOfNotifications writes the same forms as the real code, which mixes
// the address's query in and does not escape an ampersand.
func TestVectorsOfNotifications(t *testing.T) {
	for _, v := range readVectors(t).Notify {
		n := noticeOf(t, v.Kind, v.Address, v.Fields)
		s := &speaker{book: n.book, switches: protocol.NewSwitches(switches()), key: []byte(v.Key)}
		if err := s.switches.Set(notifyQuirks, "stock"); err != nil {
			t.Fatal(err)
		}
		members, _, err := s.event(n.Notice)
		if err != nil {
			t.Fatal(err)
		}
		// The channel's words are its own; everything else is the double's work.
		for i := range members {
			members[i].Value = nil
			if raw, there := v.Fields[members[i].Name]; there {
				members[i].Value = decoded(t, raw)
			}
		}
		for name, raw := range v.Fields {
			if members.Get(name) == nil {
				members = append(members, protocol.Member{Name: name, Value: decoded(t, raw)})
			}
		}
		members = append(present(members), protocol.Member{Name: "reqTime", Value: s.stamp(n.At)})
		signature, _, err := s.spoilt(members, 0)
		if err != nil || signature != v.Sign {
			t.Errorf("%s: signed %s, want %s %v", v.ID, signature, v.Sign, err)
		}
		m, err := s.write(v.Address, append(members, protocol.Member{Name: "sign", Value: signature}), nil)
		address, _, _ := strings.Cut(v.Address, "?")
		if err != nil || string(m.Body) != v.Body || m.URL != address || m.Header.Get("Content-Type") != v.ContentType {
			t.Errorf("%s: %s to %s %v\nwant %s", v.ID, m.Body, m.URL, err, v.Body)
		}
	}
}

// TestVectorsOfNotificationsFromTheBook writes two of them from the records
// alone: only what the channel says differs, and is put in its place.
func TestVectorsOfNotificationsFromTheBook(t *testing.T) {
	for _, v := range readVectors(t).Notify {
		if v.ID != "N01" && v.ID != "N08" {
			continue
		}
		n := noticeOf(t, v.Kind, v.Address, v.Fields)
		s := &speaker{book: n.book, switches: protocol.NewSwitches(switches()), key: []byte(v.Key)}
		m, err := s.Callback(n.Notice, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := v.Body
		if v.Kind == "refund" {
			got, _ := formValue(m.Body, "channelOrderNo")
			signature, _ := formValue(m.Body, "sign")
			want = strings.NewReplacer("2026030122001423031419593035", got, v.Sign, signature).Replace(want)
		}
		if string(m.Body) != want {
			t.Errorf("%s: %s\nwant %s", v.ID, m.Body, want)
		}
	}
}

func formValue(body []byte, name string) (value string, there bool) {
	for _, pair := range strings.Split(string(body), "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value, true
		}
	}
	return "", false
}

// told is a notice with the book that it is about.
type told struct {
	book.Notice
	book *book.Book
}

// noticeOf makes the records that a notification was about.
func noticeOf(t *testing.T, kind, address string, raw map[string]json.RawMessage) told {
	t.Helper()
	text := func(name string) string {
		value, _, err := plain(decodedOrNil(t, raw[name]))
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	number := func(name string) int64 {
		var n int64
		if raw[name] != nil {
			if err := json.Unmarshal(raw[name], &n); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	at := func(name string) time.Time { return time.UnixMilli(number(name)) }
	money := func(name string) client.Money {
		return client.Money{Minor: number(name), Currency: text("currency"), Exp: 2}
	}
	n := book.Notice{Gateway: Gateway, URL: address, At: time.UnixMilli(1772323210123)}
	o := book.Order{
		Gateway: Gateway, OrderNo: "SO1", GatewayOrderNo: text("payOrderId"), Amount: money("payAmount"), Status: client.OrderPaid,
		CreatedAt: at("createdAt"),
	}
	if kind == "pay" {
		o.OrderNo, o.Amount, o.Method, o.ChannelNo, o.Subject = text("mchOrderNo"), money("amount"), text("wayCode"), text("channelOrderNo"), text("subject")
		o.PaidAt, o.Extra = at("successTime"), map[string]string{"body": text("body"), "clientIp": text("clientIp")}
		n.Kind, n.Order = book.PaymentNotice, &o
	} else {
		r := book.Refund{
			Gateway: Gateway, RefundNo: text("mchRefundNo"), GatewayRefundNo: text("refundOrderId"), OrderNo: o.OrderNo, Amount: money("refundAmount"),
			Status: client.RefundSuccess, CreatedAt: at("createdAt"), SettledAt: at("successTime"), FailCode: text("errCode"),
		}
		if raw["extParam"] != nil {
			r.Extra = map[string]string{extParam: text("extParam")}
		}
		if text("state") == refundFailed {
			r.Status = client.RefundFailed
		}
		n.Kind, n.Refund = book.RefundNotice, &r
	}
	return told{n, book.Memory([]book.Entry{{Orders: []book.Order{o}}})}
}

func decodedOrNil(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	if raw == nil {
		return nil
	}
	return decoded(t, raw)
}
