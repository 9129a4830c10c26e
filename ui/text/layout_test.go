package text

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"paydesk/client"
)

func TestTruncate(t *testing.T) {
	cases := []struct {
		in    string
		width int
		want  string
	}{
		{"P1642410680681", 14, "P1642410680681"},
		{"P1642410680681", 6, "P1642…"},
		{"P1642410680681", 1, "…"},
		{"P1642410680681", 0, ""},
		{"退款请求", 5, "退款…"},
		{"退款请求", 4, "退…"},
		{"退款", 2, "…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
	}
	for _, tc := range cases {
		if got := Truncate(Clean(tc.in), tc.width).String(); got != tc.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", tc.in, tc.width, got, tc.want)
		}
	}
}

func TestTruncateMiddle(t *testing.T) {
	for _, tc := range []struct {
		in    string
		width int
		want  string
	}{
		{"P1642410680681", 10, "P164…80681"},
		{"P1642410680681", 20, "P1642410680681"},
		{"P1642410680681", 2, "P…"},
	} {
		if got := TruncateMiddle(Clean(tc.in), tc.width).String(); got != tc.want {
			t.Errorf("TruncateMiddle(%q, %d) = %q, want %q", tc.in, tc.width, got, tc.want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tc := range []struct {
		in       string
		from, to int
		want     string
	}{
		{"abcdef", 2, 4, "cd"}, {"abc", 2, 9, "c"}, {"abc", 0, 0, ""}, {"abc", 5, 9, ""}, {"a退b", 2, 4, " b"}, {"a退b", 0, 2, "a "}, {"a退b", 1, 3, "退"},
	} {
		if got := Cut(Clean(tc.in), tc.from, tc.to).String(); got != tc.want {
			t.Errorf("Cut(%q, %d, %d) = %q, want %q", tc.in, tc.from, tc.to, got, tc.want)
		}
	}
}

func TestPaddingIsExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := Clean(rapid.String().Draw(r, "text"))
		width := rapid.IntRange(0, 200).Draw(r, "width")
		for name, got := range map[string]Safe{"right": PadRight(s, width), "left": PadLeft(s, width)} {
			if Width(got) != width {
				r.Errorf("pad %s of %q to %d is %d wide: %q", name, s, width, Width(got), got)
			}
		}
		if w := Width(TruncateMiddle(s, width)); w > width {
			r.Errorf("middle of %q to %d is %d wide", s, width, w)
		}
	})
}

func TestWrap(t *testing.T) {
	got := Wrap(Literal("the gateway did not answer in time; the refund is unknown"), 20)
	want := []string{"the gateway did not", "answer in time; the", "refund is unknown"}
	if len(got) != len(want) {
		t.Fatalf("Wrap = %q", got)
	}
	for i := range want {
		if got[i].String() != want[i] {
			t.Errorf("line %d = %q, want %q", i, got[i], want[i])
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		width := rapid.IntRange(2, 40).Draw(r, "width")
		s := Clean(rapid.OneOf(rapid.String(), rapid.StringMatching("[a-c退 -]{0,60}")).Draw(r, "text"))
		var whole string
		for _, line := range Wrap(s, width) {
			whole += line.String()
			if Width(line) > width {
				r.Errorf("line %q is wider than %d", line, width)
			}
		}
		if squeeze := strings.NewReplacer(" ", ""); squeeze.Replace(whole) != squeeze.Replace(s.String()) {
			r.Errorf("%q lost something of %q", whole, s)
		}
	})
}

func TestAmounts(t *testing.T) {
	for _, tc := range []struct {
		in   client.Money
		want string
	}{
		{client.Money{Minor: 10000, Currency: "IDR"}, "10,000 IDR"},
		{client.Money{Minor: 5800, Currency: "HKD", Exp: 2}, "58.00 HKD"},
		{client.Money{Minor: 123456789, Currency: "PHP", Exp: 2}, "1,234,567.89 PHP"},
		{client.Money{Minor: -50, Currency: "HKD", Exp: 2}, "-0.50 HKD"},
		{client.Money{Minor: -100000, Currency: "IDR"}, "-100,000 IDR"},
		{client.Money{Minor: 999, Currency: "IDR"}, "999 IDR"},
		{client.Money{Minor: 1, Currency: "K\x1bD"}, "1 K␛D"},
		{client.Money{}, "–"},
	} {
		if got := Amount(tc.in).String(); got != tc.want {
			t.Errorf("Amount(%+v) = %q, want %q", tc.in, got, tc.want)
		}
	}
	if got := Number(1000000).String(); got != "1,000,000" {
		t.Errorf("Number = %q", got)
	}
}

func TestTimes(t *testing.T) {
	hk := time.FixedZone("HKT", 8*3600)
	now := time.Date(2026, 11, 21, 6, 5, 0, 0, time.UTC)
	at := time.Date(2026, 11, 21, 6, 1, 7, 0, time.UTC)
	for _, tc := range []struct{ name, got, want string }{
		{"clock", Clock(at, now, hk).s, "21 Nov 14:01"},
		{"clock, one digit", Clock(at.AddDate(0, 0, -19), now, hk).s, " 2 Nov 14:01"},
		{"clock, other year", Clock(at.AddDate(-2, 0, 0), now, hk).s, "21 Nov  2024"},
		{"clock, new year is local", Clock(time.Date(2026, 12, 31, 17, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 1, 0, 0, 0, hk), hk).s, " 1 Jan 01:00"},
		{"clock, zero", Clock(time.Time{}, now, hk).s, "–           "},
		{"clock, no zone", Clock(at, now, nil).s, "21 Nov 06:01"},
		{"time of day", TimeOfDay(at, hk).s, "14:01:07"},
		{"stamp", Stamp(at, hk).s, "2026-11-21 14:01:07 +08:00"},
		{"day", Day(at, hk).s, "21 Nov 2026"},
		{"zero stamp", Stamp(time.Time{}, hk).s, "–"},
		{"span", Span(12 * time.Second).s, "12 s"},
		{"span, minutes", Span(119 * time.Second).s, "1 min"},
		{"span, hours", Span(47 * time.Hour).s, "47 h"},
		{"span, days", Span(75 * time.Hour).s, "3 d"},
		{"span, negative", Span(-time.Hour).s, "0 s"},
		{"ago", Ago(3 * time.Minute).s, "3 min ago"},
		{"ago, now", Ago(time.Second).s, "just now"},
		{"in", In(12 * time.Second).s, "in 12 s"},
		{"in, due", In(-time.Second).s, "due now"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s = %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}
