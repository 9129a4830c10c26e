package client

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func drawMoney(t *rapid.T) Money {
	return Money{
		Minor:    rapid.Int64().Draw(t, "minor"),
		Currency: rapid.SampledFrom([]string{"USD", "IDR", "KWD"}).Draw(t, "currency"),
		Exp:      uint8(rapid.IntRange(0, MaxExp).Draw(t, "exp")),
	}
}

// exact is the amount as a rational number: the yardstick of these tests.
func exact(m Money) *big.Rat {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.Exp)), nil)
	return new(big.Rat).SetFrac(big.NewInt(m.Minor), scale)
}

func TestMajorRoundTrip(t *testing.T) { // covers I11
	rapid.Check(t, func(t *rapid.T) {
		m := drawMoney(t)
		if m.Minor == math.MinInt64 {
			m.Minor++
		}
		text := m.Major()
		got, err := ParseWire(text, m.Currency, m.Exp)
		if err != nil || got != m {
			t.Fatalf("%+v rendered %q, read back %+v, %v", m, text, got, err)
		}
		if rat, ok := new(big.Rat).SetString(text); !ok || rat.Cmp(exact(m)) != 0 {
			t.Fatalf("%+v rendered %q", m, text)
		}
		_, frac, dotted := strings.Cut(text, ".")
		if dotted != (m.Exp > 0) || len(frac) != int(m.Exp) || strings.ContainsAny(text, "eE,+ ") {
			t.Fatalf("%+v rendered %q: not its currency's decimals", m, text)
		}
		if m.Minor >= 0 {
			if typed, err := ParseMoney(text, m.Currency, m.Exp); err != nil || typed != m {
				t.Fatalf("typed %q: %+v, %v", text, typed, err)
			}
		}
	})
}

func TestMajorOfSmallest(t *testing.T) {
	m := Money{Minor: math.MinInt64, Currency: "USD", Exp: 2}
	if got := m.Major(); got != "-92233720368547758.08" {
		t.Fatal(got)
	}
}

// TestParseWireIsExact compares with rational arithmetic: whatever ParseWire
// takes it takes exactly, and it takes whatever fits.
func TestParseWireIsExact(t *testing.T) { // covers I11
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "text")
		exp := uint8(rapid.IntRange(0, MaxExp).Draw(t, "exp"))
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Skip("no number")
		}
		minor := new(big.Rat).Mul(want, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exp)), nil)))
		got, err := ParseWire(text, "USD", exp)
		limit := big.NewInt(math.MaxInt64)
		fits := minor.IsInt() && new(big.Int).Abs(minor.Num()).Cmp(limit) <= 0
		switch {
		case fits && err != nil:
			t.Fatalf("%q with %d decimals refused: %v", text, exp, err)
		case !fits && err == nil:
			t.Fatalf("%q with %d decimals became %+v", text, exp, got)
		case fits && exact(got).Cmp(want) != 0:
			t.Fatalf("%q with %d decimals became %+v", text, exp, got)
		}
	})
}

func TestParseWireForms(t *testing.T) {
	for _, c := range []struct {
		text  string
		exp   uint8
		minor int64
		err   error
	}{
		{"10", 2, 1000, nil},
		{"10.00", 2, 1000, nil},
		{"10.0000", 2, 1000, nil},
		{"1E+2", 0, 100, nil},
		{"1e2", 2, 10000, nil},
		{"12.3", 2, 1230, nil},
		{"100", 0, 100, nil},
		{"1e-2", 2, 1, nil},
		{"-0.0", 2, 0, nil},
		{"0e99", 2, 0, nil},
		{"007", 0, 7, nil},
		{"10.001", 2, 0, ErrMoneyDecimals},
		{"0.5", 0, 0, ErrMoneyDecimals},
		{"1e-7", 4, 0, ErrMoneyDecimals},
		{"12345678901234567890.1234", 4, 0, ErrMoneyRange},
		{"9223372036854775808", 0, 0, ErrMoneyRange},
		{"1e40", 0, 0, ErrMoneyRange},
		{"", 2, 0, ErrMoneySyntax},
		{"NaN", 2, 0, ErrMoneySyntax},
		{"Infinity", 2, 0, ErrMoneySyntax},
		{"+1", 2, 0, ErrMoneySyntax},
		{"1,000", 2, 0, ErrMoneySyntax},
		{"1.", 2, 0, ErrMoneySyntax},
		{".5", 2, 0, ErrMoneySyntax},
		{"1e", 2, 0, ErrMoneySyntax},
		{"0x10", 2, 0, ErrMoneySyntax},
		{"１0", 2, 0, ErrMoneySyntax},
		{"--1", 2, 0, ErrMoneySyntax},
		{" 1", 2, 0, ErrMoneySyntax},
		{"1e+-2", 2, 0, ErrMoneySyntax},
	} {
		got, err := ParseWire(c.text, "USD", c.exp)
		if !errors.Is(err, c.err) || got.Minor != c.minor {
			t.Errorf("%q, %d decimals: %+v, %v", c.text, c.exp, got, err)
		}
	}
}

func TestParseMoneyTakesPlainNumbersOnly(t *testing.T) {
	for _, text := range []string{"", "-1", "+1", "1e2", "1,000", "1 000", "1.", ".5", "1.2.3", "NaN", "١", " 1", "1 ", "0x1", "99999999999999999999"} {
		if got, err := ParseMoney(text, "USD", 2); err == nil {
			t.Errorf("%q became %v", text, got)
		}
	}
	if _, err := ParseMoney("10.501", "USD", 2); !errors.Is(err, ErrMoneyDecimals) {
		t.Error(err)
	}
	if got, err := ParseMoney("10.500", "USD", 2); err != nil || got.Minor != 1050 {
		t.Error(got, err)
	}
}

func TestMoneyArithmeticIsExactOrRefused(t *testing.T) { // covers I5, I11
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawMoney(t), drawMoney(t)
		b.Currency, b.Exp = a.Currency, a.Exp
		sum, err := a.Add(b)
		check(t, "sum", sum, err, new(big.Int).Add(big.NewInt(a.Minor), big.NewInt(b.Minor)))
		if b.Minor != math.MinInt64 {
			diff, err := a.Sub(b)
			check(t, "difference", diff, err, new(big.Int).Sub(big.NewInt(a.Minor), big.NewInt(b.Minor)))
		}
		if got, err := a.Cmp(b); err != nil || got != big.NewInt(a.Minor).Cmp(big.NewInt(b.Minor)) {
			t.Fatalf("%v against %v: %d, %v", a, b, got, err)
		}
	})
}

func check(t *rapid.T, what string, got Money, err error, want *big.Int) {
	switch {
	case want.IsInt64() && (err != nil || got.Minor != want.Int64()):
		t.Fatalf("%s %v, %v; want %v", what, got, err, want)
	case !want.IsInt64() && !errors.Is(err, ErrMoneyRange):
		t.Fatalf("%s %v, %v; want a refusal", what, got, err)
	}
}

func TestMoneyMismatch(t *testing.T) {
	usd := Money{Minor: 1, Currency: "USD", Exp: 2}
	for _, o := range []Money{{Minor: 1, Currency: "EUR", Exp: 2}, {Minor: 1, Currency: "USD", Exp: 0}} {
		_, add := usd.Add(o)
		_, sub := usd.Sub(o)
		_, cmp := usd.Cmp(o)
		for _, err := range []error{add, sub, cmp} {
			if !errors.Is(err, ErrMoneyMismatch) {
				t.Errorf("%v and %v: %v", usd, o, err)
			}
		}
	}
}

func TestRescale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMoney(t)
		to := uint8(rapid.IntRange(0, MaxExp).Draw(t, "to"))
		got, err := m.Rescale(to)
		if err == nil && (got.Exp != to || exact(got).Cmp(exact(m)) != 0) {
			t.Fatalf("%+v became %+v", m, got)
		}
		if err != nil && !errors.Is(err, ErrMoneyDecimals) && !errors.Is(err, ErrMoneyRange) {
			t.Fatal(err)
		}
		if err != nil && to == m.Exp {
			t.Fatalf("%+v to its own decimals: %v", m, err)
		}
	})
}

func TestISODecimals(t *testing.T) {
	for currency, want := range map[string]uint8{"JPY": 0, "USD": 2, "KWD": 3} {
		if got, ok := ISODecimals(currency); !ok || got != want {
			t.Errorf("%s: %d, %v", currency, got, ok)
		}
	}
	if _, ok := ISODecimals("usd"); ok {
		t.Error("lower case is no code")
	}
}

func TestRefundNoIsComputed(t *testing.T) { // covers I3
	no := RefundNo("payermax", "P1", "ORDER", 1)
	if len(no) != 27 || !strings.HasPrefix(no, "R") || strings.Trim(no[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		t.Fatal(no)
	}
	seen := map[string]string{no: "first"}
	for _, other := range []string{
		RefundNo("payermax", "P1", "ORDER", 2), RefundNo("payermax", "P1", "ORDER1", 1),
		RefundNo("payermax", "P2", "ORDER", 1), RefundNo("easylink", "P1", "ORDER", 1),
	} {
		if was, twice := seen[other]; twice {
			t.Fatalf("%s is also %s", other, was)
		}
		seen[other] = fmt.Sprint(len(seen))
	}
	if again := RefundNo("payermax", "P1", "ORDER", 1); again != no {
		t.Fatalf("%s then %s", no, again)
	}
}
