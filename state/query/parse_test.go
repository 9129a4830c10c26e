package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
)

var (
	hongKong = time.FixedZone("HKT", 8*3600)
	noon     = time.Date(2026, 11, 22, 12, 30, 0, 0, hongKong)
)

// show is a term without its position.
func show(t Term) string {
	var b strings.Builder
	if t.Not {
		b.WriteString("not ")
	}
	fmt.Fprintf(&b, "%s%s", t.Field, t.Op)
	for i, v := range t.Values {
		if i > 0 {
			b.WriteString("|")
		}
		switch {
		case !v.From.IsZero() || !v.To.IsZero():
			for _, at := range []time.Time{v.From, v.To} {
				b.WriteString("[")
				if !at.IsZero() {
					b.WriteString(at.Format("2006-01-02T15:04:05.999999"))
				}
				b.WriteString("]")
			}
		case t.Field == Amount:
			fmt.Fprintf(&b, "%d..%d%s", v.Amount, v.AmountTo, v.Currency)
		default:
			fmt.Fprintf(&b, "%s", v.Text)
		}
	}
	return b.String()
}

// termCases is every way to write a term, and what it means.
var termCases = []struct {
	text string
	want []string
}{
	{"", nil},
	{"  \t ", nil},
	{"P1642 u-2041", []string{":P1642", ":u-2041"}},
	{"a,b", []string{":a|b"}},
	{`"two words" "say \"hi\""`, []string{":two words", `:say "hi"`}},
	{"-refused", []string{"not :refused"}},
	{`"-refused"`, []string{":-refused"}},
	{"12:30", []string{":12:30"}},
	{"status:paid,Failed", []string{"status:paid|failed"}},
	{"status=paid", []string{"status:paid"}},
	{"-status:paid", []string{"not status:paid"}},
	{"STATUS:PAID", []string{"status:paid"}},
	{"gateway:PayerMax profile:shop-hk", []string{"gateway:payermax", "profile:shop-hk"}},
	{`user:"王 小明",U-1`, []string{"user:王 小明|U-1"}},
	{"amount>=100", []string{"amount>=1000000..1000000"}},
	{"amount:>=100", []string{"amount>=1000000..1000000"}},
	{"amount<0.0001", []string{"amount<1..1"}},
	{"amount:10..50", []string{"amount:100000..500000"}},
	{"amount:10..", []string{"amount:100000..9223372036854775807"}},
	{"amount:..50hkd", []string{"amount:0..500000HKD"}},
	{"amount:100HKD", []string{"amount:1000000..1000000HKD"}},
	{`amount:"100 hkd"`, []string{"amount:1000000..1000000HKD"}},
	{"currency:hkd,idr", []string{"currency:HKD|IDR"}},
	{"card:4242 card:****4242", []string{"card:4242", "card:4242"}},
	{"refunded:partial has:note", []string{"refunded:partial", "has:note"}},
	{"placed:today", []string{"placed:[2026-11-21T16:00:00][2026-11-22T16:00:00]"}},
	{"placed:yesterday", []string{"placed:[2026-11-20T16:00:00][2026-11-21T16:00:00]"}},
	{"placed:2026-11", []string{"placed:[2026-10-31T16:00:00][2026-11-30T16:00:00]"}},
	{"placed:2026-11-01..2026-11-21", []string{"placed:[2026-10-31T16:00:00][2026-11-21T16:00:00]"}},
	{"placed>=2026-11-01", []string{"placed>=[2026-10-31T16:00:00][]"}},
	{"placed>2026-11-01", []string{"placed>[2026-11-01T16:00:00][]"}},
	{"placed<2026-11", []string{"placed<[][2026-10-31T16:00:00]"}},
	{"placed<=2026-11", []string{"placed<=[][2026-11-30T16:00:00]"}},
	{"paid:2026-11-21T14:05", []string{"paid:[2026-11-21T06:05:00][2026-11-21T06:06:00]"}},
	{`paid:"2026-11-21 14:05:09"`, []string{"paid:[2026-11-21T06:05:09][2026-11-21T06:05:10]"}},
	{"paid:2026-11-21T14:05:09Z", []string{"paid:[2026-11-21T14:05:09][2026-11-21T14:05:10]"}},
	{"age<2h", []string{"age<[2026-11-22T02:30:00.000001][]"}},
	{"age>=1d12h", []string{"age>=[][2026-11-20T16:30:00.000001]"}},
	{"age:1h..2h", []string{"age:[2026-11-22T02:30:00][2026-11-22T03:30:00.000001]"}},
	{"refund:RX4 reason:customer agent:mei method:visa order:P1", []string{"refund:RX4", "reason:customer", "agent:mei", "method:visa", "order:P1"}},
}

func TestParseTerms(t *testing.T) {
	for _, c := range termCases {
		q, err := Parse(c.text, noon, hongKong)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.text, err)
			continue
		}
		var got []string
		for _, term := range q.Terms {
			got = append(got, show(term))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", c.text, diff)
		}
		if q.Text != c.text {
			t.Errorf("Parse(%q): text %q", c.text, q.Text)
		}
	}
}

func TestParsePositionsSortLimit(t *testing.T) {
	q, err := Parse(" 王 -status:paid sort:-amount,placed limit:50", noon, hongKong)
	if err != nil {
		t.Fatal(err)
	}
	want := Query{
		Terms: []Term{
			{Op: Is, Values: []Value{{Text: "王"}}, Pos: 1, End: 4},
			{Not: true, Field: Status, Op: Is, Values: []Value{{Text: "paid"}}, Pos: 5, End: 17},
		},
		Sort:  []Sort{{Field: Amount, Desc: true}, {Field: Placed}},
		Limit: 50,
		Text:  " 王 -status:paid sort:-amount,placed limit:50",
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Error(diff)
	}
}

// errorCases is what is wrong, where the error points, and a part of its hint.
var errorCases = []struct{ text, at, hint string }{
	{"statsu:paid", "statsu", "did you mean status:"},
	{"foo bar:x", "bar", "fields are"},
	{"stat:paid", "stat", "did you mean status:"},
	{">=100", ">", "fields are"},
	{"status:piad", "piad", "did you mean paid?"},
	{"status:", "status:", "status:paid"},
	{"status:paid,", "status:paid,", "status:paid"},
	{"status>paid", ">", "status:paid"},
	{"a ,b", "", "commas"},
	{`user:"open`, `"open`, `add a "`},
	{"x - y", "-", "exclude"},
	{"amount>=10,000", "000", "10000, not 10,000"},
	{"amount:10,000", "000", "10000, not 10,000"},
	{"amount:1.00001", "1.00001", "amount>=100"},
	{"amount:99999999999999999999", "99999999999999999999", "amount>=100"},
	{"amount:10.5.1", "10.5.1", "amount>=100"},
	{"amount:-5", "-5", "amount>=100"},
	{"amount:50..10", "50..10", "amount:10..50"},
	{"amount:10HKD..50IDR", "10HKD..50IDR", "amount:10..50"},
	{"amount:..", "..", "amount:10..50"},
	{"amount>=10..50", "10..50", "amount:10..50"},
	{"amount:10HK", "10HK", "amount:100HKD"},
	{"currency:dollar", "dollar", "currency:HKD"},
	{"card:4242424242424242", "4242424242424242", "card:4242"},
	{"placed:tomorow", "tomorow", "placed:today"},
	{"placed:2026-13-01", "2026-13-01", "placed:today"},
	{"placed:0001-01-01", "0001-01-01", "placed:today"},
	{"placed:2026-11-21..2026-11-01", "2026-11-21..2026-11-01", "placed:today"},
	{"placed>2026-11..2026-12", "2026-11..2026-12", "placed:2026-11..2026-12"},
	{"placed>=2026-11,2026-12", "2026-12", "two terms"},
	{"age:2h", "2h", "age<2h"},
	{"age<2x", "2x", "age<2h"},
	{"age<99999999999w", "99999999999w", "age<2h"},
	{"age<9999999w", "9999999w", "age<2h"},
	{"age:2h..1h", "2h..1h", "age:1h..2h"},
	{"has:notes", "notes", "did you mean note?"},
	{"refunded:all", "all", "none partial full"},
	{"sort:card", "card", "placed"},
	{"sort:amount,-amount", "-amount", "once"},
	{"sort:amount sort:placed", "sort:placed", "once"},
	{"-sort:amount", "-sort:amount", "sort:-amount"},
	{"limit:0", "0", "limit:50"},
	{"limit:x", "x", "limit:50"},
	{"limit:5 limit:6", "limit:6", "limit:50"},
	{"limit>5", ">", "limit:50"},
	{"a\x00b", "\x00", "remove"},
	{"a\xffb", "\xff", "remove"},
}

func TestParseErrors(t *testing.T) {
	for _, c := range errorCases {
		_, err := Parse(c.text, noon, hongKong)
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("Parse(%q): error %v, want an *Error", c.text, err)
			continue
		}
		if got := c.text[e.Pos:e.End]; got != c.at {
			t.Errorf("Parse(%q) points at %q, want %q (%v)", c.text, got, c.at, e)
		}
		if !strings.Contains(e.Hint, c.hint) {
			t.Errorf("Parse(%q): hint %q lacks %q", c.text, e.Hint, c.hint)
		}
		if client.ClassOf(err) != client.ClassInput {
			t.Errorf("Parse(%q): class %s", c.text, client.ClassOf(err))
		}
	}
}

func TestParseBounds(t *testing.T) {
	for name, text := range map[string]string{
		"bytes":  strings.Repeat("王", MaxBytes),
		"terms":  strings.Repeat("a ", MaxTerms+1),
		"values": strings.Repeat("a,", MaxValues+1) + "a",
	} {
		_, err := Parse(text, noon, hongKong)
		if e, ok := errors.AsType[*Error](err); !ok || e.Pos < 0 || e.Pos > e.End || e.End > len(text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(strings.Repeat("a ", MaxTerms), noon, hongKong); err != nil {
		t.Error(err)
	}
}

func TestParseListsDiffer(t *testing.T) {
	for _, c := range []struct {
		text            string
		orders, refunds bool
	}{
		{"status:paid", true, false},
		{"status:success", false, true},
		{"status:unknown", true, true},
		{"sort:paid", true, false},
		{"sort:agent", false, true},
		{"sort:-updated", true, true},
	} {
		_, orders := ParseOrders(c.text, noon, hongKong)
		_, refunds := ParseRefunds(c.text, noon, hongKong)
		if (orders == nil) != c.orders || (refunds == nil) != c.refunds {
			t.Errorf("%q: orders %v, refunds %v", c.text, orders, refunds)
		}
		if _, err := Parse(c.text, noon, hongKong); err != nil {
			t.Errorf("Parse(%q): %v", c.text, err)
		}
	}
}

func TestDaysFollowTheZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones here: ", err)
	}
	// The clocks went back on 25 October 2026: that day had 25 hours.
	q, err := Parse("placed:2026-10-25", noon, berlin)
	if err != nil {
		t.Fatal(err)
	}
	if v := q.Terms[0].Values[0]; v.To.Sub(v.From) != 25*time.Hour {
		t.Errorf("the day lasts %s", v.To.Sub(v.From))
	}
}

func TestComplete(t *testing.T) {
	known := func(f Field) []string {
		switch f {
		case Profile:
			return []string{"shop-hk", "shop id", "asia"}
		case Agent:
			return []string{`o"neil`}
		}
		return nil
	}
	for _, c := range []struct {
		text string // | is the cursor
		want []string
	}{
		{"st|", []string{"status:|"}},
		{"-st|", []string{"-status:|"}},
		{"foo am|", []string{"foo amount>=|"}},
		{"re| foo", []string{"refunded:| foo", "refund:| foo", "reason:| foo"}},
		{"-so|", nil},
		{"status:p|", []string{"status:pending|", "status:paid|"}},
		{"status:paid,f|", []string{"status:paid,failed|"}},
		{"status:paid,f|oo bar", []string{"status:paid,failed| bar"}},
		{"profile:sh|", []string{"profile:shop-hk|", `profile:"shop id"|`}},
		{"profile:id|", []string{`profile:"shop id"|`}},
		{`profile:"shop i|" x`, []string{`profile:"shop id"| x`}},
		{"agent:|", []string{`agent:"o\"neil"|`}},
		{"sort:-am|", []string{"sort:-amount|"}},
		{"nofield:x|", nil},
		{"has:n|", []string{"has:note|", "has:pending|", "has:unknown|"}},
		{"stat|us:paid", nil},
		{`"st|`, nil},
	} {
		cursor := strings.Index(c.text, "|")
		text := c.text[:cursor] + c.text[cursor+1:]
		var got []string
		for _, x := range Complete(text, cursor, known) {
			got = append(got, text[:x.Pos]+x.Text+"|"+text[x.End:])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Complete(%q) (-want +got):\n%s", c.text, diff)
		}
	}
	if n := len(Complete("", 0, nil)); n != len(fieldNames) {
		t.Errorf("an empty search completes to %d fields, want %d", n, len(fieldNames))
	}
}

// Whatever is typed, nothing panics and every position lies inside the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"status:paid amount>=100 user:U-2041", `-"a,b" placed:2026-11-01..2026-11-21`, "sort:-amount,placed limit:50", "age<2h,", `user:"`,
		"amount:..", "王:x", "a\xff", "-,", ":", "amount:>=5HKD", "card:····4242", `"\"`, "status:,,", "placed>",
	} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		for _, parse := range []func(string, time.Time, *time.Location) (Query, error){Parse, ParseOrders, ParseRefunds} {
			q, err := parse(text, noon, hongKong)
			if err != nil {
				e, ok := errors.AsType[*Error](err)
				if !ok || e.Pos < 0 || e.Pos > e.End || e.End > len(text) || e.Message == "" || e.Hint == "" {
					t.Fatalf("%q: bad error %#v", text, err)
				}
				continue
			}
			if len(q.Terms) > MaxTerms {
				t.Fatalf("%q: %d terms", text, len(q.Terms))
			}
			for _, term := range q.Terms {
				if term.Pos < 0 || term.Pos >= term.End || term.End > len(text) || len(term.Values) == 0 {
					t.Fatalf("%q: bad term %#v", text, term)
				}
			}
		}
		for _, c := range Complete(text, cursor, nil) {
			if c.Pos < 0 || c.Pos > c.End || c.End > len(text) || c.Text == "" {
				t.Fatalf("%q at %d: bad completion %#v", text, cursor, c)
			}
		}
	})
}
