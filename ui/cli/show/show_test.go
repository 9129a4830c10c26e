package show

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/themes"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

var at = time.Date(2026, 11, 21, 14, 1, 7, 120_000_000, time.FixedZone("HKT", 8*3600))

// hostile holds what a terminal would obey: CSI in both forms, OSC, a bidi
// override, a zero-width joiner, a tag, a line end, a broken byte.
const hostile = "x\x1b[2J\x1b]52;c;QUJD\x07\u009b31m\u202e\u200d\U000e0041\r\n\t\x00\x7f\xffy"

// covers S4: whatever is in a value, a line of JSON holds visible signs only
// and reads back exactly.
func TestLinesAreHarmlessAndExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		value := rapid.OneOf(rapid.String(), rapid.Just(hostile), rapid.StringOf(rapid.RuneFrom([]rune("\x00\x1b\x7f\u0080\u009b\u200b\u2028\u202e\ufeff\ufe0f\U000e0041\\\"<é漢")))).Draw(r, "value")
		var out bytes.Buffer
		if err := Line(&out, map[string]string{"v": value}); err != nil {
			r.Fatal(err)
		}
		harmlessLine(r, out.String())
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil {
			r.Fatal(err)
		}
		if want := strings.ToValidUTF8(value, "\uFFFD"); utf8.ValidString(value) && back["v"] != want {
			r.Fatalf("%q came back as %q", value, back["v"])
		}
	})
}

type fataler interface{ Fatalf(string, ...any) }

func harmlessLine(t fataler, line string) {
	if !strings.HasSuffix(line, "\n") || strings.Count(line, "\n") != 1 {
		t.Fatalf("not one line: %q", line)
	}
	harmless(t, line)
}

// harmless accepts visible text and line ends only.
func harmless(t fataler, out string) {
	for i, r := range out {
		if r != '\n' && !visible(r) {
			t.Fatalf("sign %U at byte %d of %q", r, i, out)
		}
	}
}

func TestRecordsAreToTheLetter(t *testing.T) {
	money := func(minor int64) client.Money { return client.Money{Minor: minor, Currency: "HKD", Exp: 2} }
	for _, tc := range []struct {
		value any
		want  string
	}{
		{
			NewOrder(ledger.Order{
				Order: client.Order{
					OrderNo: "P1", GatewayOrderNo: "T1", UserID: "U-1", Amount: money(10000), Status: client.OrderPaid, Method: "CARD", Card: "····4242", CreatedAt: at, PaidAt: at,
				},
				Profile: "shop", Gateway: "payermax", Refunded: money(2000), Reserved: money(1000), OpenRefund: "RX", Source: "lookup", UpdatedAt: at,
			}),
			`{"profile":"shop","gateway":"payermax","order_no":"P1","gateway_order_no":"T1","user_id":"U-1","amount":"100.00","currency":"HKD","status":"paid","method":"CARD","card":"····4242","created_at":"2026-11-21T06:01:07.12Z","paid_at":"2026-11-21T06:01:07.12Z","refunded":"20.00","refundable":"70.00","open_refund":"RX","source":"lookup","updated_at":"2026-11-21T06:01:07.12Z"}`,
		},
		{
			NewOrder(ledger.Order{Order: client.Order{OrderNo: "P2", Amount: client.Money{Minor: 10000, Currency: "IDR"}}, Profile: "shop", Gateway: "payermax"}),
			`{"profile":"shop","gateway":"payermax","order_no":"P2","amount":"10000","currency":"IDR","status":"unknown","refunded":"0","refundable":"0"}`,
		},
		{
			NewRefund(ledger.Refund{
				Refund:  client.Refund{RefundNo: "RX", GatewayRefundNo: "G1", OrderNo: "P1", Amount: money(2000), Status: client.RefundSuccess, SettledAt: at},
				Profile: "shop", Gateway: "payermax", Reason: "r", Note: "n", Agent: "amy", CreatedAt: at, SentAt: at, Checks: 3, NextCheckAt: at,
				Last: ledger.Last{Code: "APPLY_SUCCESS", Message: "Success.", Verified: true, At: at},
			}),
			`{"profile":"shop","gateway":"payermax","refund_no":"RX","gateway_refund_no":"G1","order_no":"P1","amount":"20.00","currency":"HKD","status":"success","reason":"r","note":"n","agent":"amy","created_at":"2026-11-21T06:01:07.12Z","sent_at":"2026-11-21T06:01:07.12Z","settled_at":"2026-11-21T06:01:07.12Z","checks":3,"next_check_at":"2026-11-21T06:01:07.12Z","last_answer":{"code":"APPLY_SUCCESS","message":"Success.","verified":true}}`,
		},
		{
			NewRefund(ledger.Refund{Refund: client.Refund{RefundNo: "RX", OrderNo: "P1", Amount: money(1), Status: client.RefundUnknown}, Profile: "shop", Gateway: "payermax", Last: ledger.Last{At: at}}),
			`{"profile":"shop","gateway":"payermax","refund_no":"RX","order_no":"P1","amount":"0.01","currency":"HKD","status":"unknown","checks":0}`,
		},
		{
			NewToken(ledger.Token{Token: client.Token{Token: "T", UserID: "U-1", Status: client.TokenActive, Method: "CARD", Brand: "VISA", Card: "····4242", ExpiresAt: at}, Profile: "shop", Gateway: "payermax"}),
			`{"profile":"shop","gateway":"payermax","token":"T","user_id":"U-1","status":"active","method":"CARD","brand":"VISA","card":"····4242","expires_at":"2026-11-21T06:01:07.12Z"}`,
		},
		{
			NewEvent(ledger.Event{Seq: 2, At: at, Profile: "shop", Kind: "refund.intent", Subject: "RX", Agent: "amy", Detail: json.RawMessage(`{"a":1}`), Prev: "p", Digest: "d"}),
			`{"at":"2026-11-21T06:01:07.12Z","profile":"shop","kind":"refund.intent","subject":"RX","agent":"amy","detail":{"a":1},"digest":"d","prev":"p"}`,
		},
	} {
		var out bytes.Buffer
		if err := Line(&out, tc.value); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(out.String(), "\n"); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

func people(emphasis bool) People {
	return People{Styles: style.New(themes.Theme{}, style.Options{NoColor: true}), Emphasis: emphasis, Profiles: true, Now: at, Zone: time.UTC}
}

// covers S1, S4, S5: hostile text in every field of every record changes
// nothing on the terminal of a headless verb.
func TestHostileTextInEveryField(t *testing.T) {
	order := ledger.Order{
		Order: client.Order{
			OrderNo: hostile, GatewayOrderNo: hostile, ChannelNo: hostile, UserID: hostile, Amount: client.Money{Minor: 1, Currency: hostile}, Status: client.OrderStatus(hostile),
			Method: hostile, Brand: hostile, Card: hostile, Note: hostile, FailCode: hostile, CreatedAt: at,
		},
		Profile: hostile, Gateway: hostile, Refunded: client.Money{Minor: 1, Currency: hostile}, OpenRefund: hostile, Source: hostile,
	}
	refund := ledger.Refund{
		Refund:  client.Refund{RefundNo: hostile, GatewayRefundNo: hostile, OrderNo: hostile, Amount: order.Amount, Status: client.RefundStatus(hostile), FailCode: hostile},
		Profile: hostile, Gateway: hostile, Reason: hostile, Note: hostile, Agent: hostile, Alert: hostile, Last: ledger.Last{Code: hostile, Message: hostile},
	}
	token := ledger.Token{Token: client.Token{Token: hostile, UserID: hostile, Status: client.TokenStatus(hostile), Method: hostile, Brand: hostile, Card: hostile}, Profile: hostile}
	profile := desk.Profile{Name: hostile, Brand: hostile, Merchant: hostile, Environment: hostile}
	plan := desk.Plan{Profile: profile, Order: order, Paid: order.Amount, Refunded: order.Amount, Refundable: order.Amount, Amount: order.Amount, RefundNo: hostile, Reason: hostile, Note: hostile, Warnings: []string{hostile}}
	preview := client.Preview{Method: hostile, URL: hostile, Headers: map[string]string{hostile: hostile}, Body: []byte(hostile)}

	p := people(false)
	var out bytes.Buffer
	for name, err := range map[string]error{
		"orders": p.Orders(&out, []ledger.Order{order}), "order": p.Order(&out, order, []ledger.Refund{refund}, hostile),
		"refunds": p.Refunds(&out, []ledger.Refund{refund}), "refund": p.Refund(&out, refund), "tokens": p.Tokens(&out, []ledger.Token{token}),
		"checks": p.Checks(&out, Check{Check: hostile, Profile: hostile, Status: hostile, Message: hostile, Hint: hostile}),
		"plan":   WritePlan(&out, plan), "unbind": WriteUnbind(&out, desk.UnbindPlan{Profile: profile, Token: token, Reason: hostile}), "request": WriteRequest(&out, preview),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	harmless(t, out.String())
	for _, record := range []any{NewOrder(order), NewRefund(refund), NewToken(token), NewPlan(plan), NewRequest(preview), Problem{Message: hostile}} {
		out.Reset()
		if err := Line(&out, record); err != nil {
			t.Fatal(err)
		}
		harmlessLine(t, out.String())
	}
}

func TestTableLinesUpWideText(t *testing.T) {
	l := text.Literal
	var out bytes.Buffer
	err := Table(&out, []Column{{Title: l("NAME"), Width: 8}, {Title: l("AMOUNT"), Right: true}, {Title: l("NOTE")}}, [][]Cell{
		{{Text: l("退款请求退款请求")}, {Text: l("1")}, {Text: l("")}},
		{{Text: l("ab")}, {Text: l("1,000.00")}, {Text: l("x")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "NAME        AMOUNT  NOTE\n退…请求          1\nab        1,000.00  x\n"
	lines := strings.Split(out.String(), "\n")
	if text.Width(text.Clean(lines[0])) != text.Width(text.Clean("NAME        AMOUNT  NOTE")) || lines[2] != "ab        1,000.00  x" {
		t.Errorf("got\n%s\nwant about\n%s", out.String(), want)
	}
}

// Bold text is the only emphasis, and only where a person reads it.
func TestEmphasis(t *testing.T) {
	refund := ledger.Refund{Refund: client.Refund{RefundNo: "RX", OrderNo: "P1", Amount: client.Money{Minor: 1, Currency: "IDR"}, Status: client.RefundUnknown}}
	for emphasis, want := range map[bool]bool{true: true, false: false} {
		var out bytes.Buffer
		if err := people(emphasis).Refunds(&out, []ledger.Refund{refund}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "\x1b[1m"); got != want {
			t.Errorf("emphasis %v: %q", emphasis, out.String())
		}
	}
}
