package client

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// MaxExp is the largest number of decimals any supported gateway accepts
// (PayerMax documents amounts as (20,4)).
const MaxExp = 4

// Money is an amount in minor units of one currency.
//
// Exp is the number of decimals that the gateway uses for the currency, which
// is not always ISO 4217's: PayerMax wants IDR without decimals and KWD with
// two. Minor is the amount times 10^Exp. There is no float anywhere (I11).
type Money struct {
	Minor    int64
	Currency string // ISO 4217 alphabetic code, upper case
	Exp      uint8  // 0 to MaxExp
}

// Errors of Money arithmetic and parsing.
var (
	// ErrMoneyMismatch says that two amounts differ in currency or decimals.
	ErrMoneyMismatch = errors.New("amounts differ in currency or decimals")
	// ErrMoneyRange says that an amount does not fit 64 bits of minor units.
	ErrMoneyRange = errors.New("amount is too large")
	// ErrMoneySyntax says that a text is no plain decimal number.
	ErrMoneySyntax = errors.New("not a plain decimal number")
	// ErrMoneyDecimals says that an amount has more decimals than its currency.
	ErrMoneyDecimals = errors.New("too many decimals")
)

// ParseMoney reads a plain decimal number of major units ("10", "10.5",
// "10.50"), as a person types it. It takes no sign, no exponent and no
// grouping; more decimals than exp are refused, even zeros are counted only
// when they are needed ("10.500" with exp 2 is fine, "10.501" is not).
func ParseMoney(text, currency string, exp uint8) (Money, error) {
	whole, frac, dotted := strings.Cut(text, ".")
	if whole == "" || (dotted && frac == "") || !digits(whole) || !digits(frac) {
		return Money{}, ErrMoneySyntax
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > int(exp) {
		return Money{}, fmt.Errorf("%w: %s takes %d", ErrMoneyDecimals, currency, exp)
	}
	minor, err := parseDigits(whole + frac + strings.Repeat("0", int(exp)-len(frac)))
	if err != nil {
		return Money{}, err
	}
	return Money{Minor: minor, Currency: currency, Exp: exp}, nil
}

// ParseWire reads a number as a gateway writes it: like ParseMoney, and also
// a leading minus and an exponent ("1E+2", "10.0000"). JSON numbers must be
// handed over as their text (json.Number), never through a float.
func ParseWire(text, currency string, exp uint8) (Money, error) {
	rest, negative := strings.CutPrefix(text, "-")
	mantissa, power, err := splitExponent(rest)
	if err != nil {
		return Money{}, err
	}
	whole, frac, dotted := strings.Cut(mantissa, ".")
	if whole == "" || (dotted && frac == "") || !digits(whole) || !digits(frac) || len(whole)+len(frac) > 40 {
		return Money{}, ErrMoneySyntax
	}
	// The number is (whole frac) × 10^(power − len(frac)); bring it to 10^−exp.
	shift := power - len(frac) + int(exp)
	all := strings.TrimLeft(whole+frac, "0")
	switch {
	case all == "":
		return Money{Currency: currency, Exp: exp}, nil
	case shift >= 0:
		if len(all)+shift > 19 {
			return Money{}, ErrMoneyRange
		}
		all += strings.Repeat("0", shift)
	default:
		cut := len(all) + shift
		if cut < 0 || strings.Trim(all[max(cut, 0):], "0") != "" {
			return Money{}, fmt.Errorf("%w: %s takes %d", ErrMoneyDecimals, currency, exp)
		}
		all = all[:cut]
	}
	minor, err := parseDigits(all)
	if err != nil {
		return Money{}, err
	}
	if negative {
		minor = -minor
	}
	return Money{Minor: minor, Currency: currency, Exp: exp}, nil
}

// splitExponent parts "1E+2" into "1" and 2.
func splitExponent(text string) (mantissa string, power int, err error) {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return text, 0, nil
	}
	mantissa, exponent := text[:i], text[i+1:]
	sign := 1
	switch {
	case strings.HasPrefix(exponent, "+"):
		exponent = exponent[1:]
	case strings.HasPrefix(exponent, "-"):
		exponent, sign = exponent[1:], -1
	}
	if exponent == "" || len(exponent) > 2 || !digits(exponent) {
		return "", 0, ErrMoneySyntax
	}
	n, err := parseDigits(exponent)
	return mantissa, sign * int(n), err
}

// digits reports whether text holds ASCII digits only; empty counts.
func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// parseDigits reads ASCII digits into 63 bits.
func parseDigits(text string) (int64, error) {
	var n int64
	for i := range len(text) {
		d := int64(text[i] - '0')
		if n > (math.MaxInt64-d)/10 {
			return 0, ErrMoneyRange
		}
		n = n*10 + d
	}
	return n, nil
}

// Major renders the amount in major units with all its decimals and without
// grouping: "10000", "58.00", "-0.50". It is the form of JSON and of the wire.
func (m Money) Major() string {
	sign, n := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, n = "-", -n
	}
	text := fmt.Sprintf("%0*d", int(m.Exp)+1, n)
	if m.Exp == 0 {
		return sign + text
	}
	cut := len(text) - int(m.Exp)
	return sign + text[:cut] + "." + text[cut:]
}

// String renders the amount with its currency: "58.00 HKD".
func (m Money) String() string { return m.Major() + " " + m.Currency }

// Zero is nothing in the same currency and decimals.
func (m Money) Zero() Money { return Money{Currency: m.Currency, Exp: m.Exp} }

// Add returns m + o, or ErrMoneyMismatch, or ErrMoneyRange.
func (m Money) Add(o Money) (Money, error) {
	if err := m.comparable(o); err != nil {
		return Money{}, err
	}
	if (o.Minor > 0 && m.Minor > math.MaxInt64-o.Minor) || (o.Minor < 0 && m.Minor < math.MinInt64-o.Minor) {
		return Money{}, ErrMoneyRange
	}
	m.Minor += o.Minor
	return m, nil
}

// Sub returns m − o, or ErrMoneyMismatch, or ErrMoneyRange.
func (m Money) Sub(o Money) (Money, error) {
	if o.Minor == math.MinInt64 {
		return Money{}, ErrMoneyRange
	}
	o.Minor = -o.Minor
	return m.Add(o)
}

// Cmp is −1, 0 or +1 as m is below, equal to or above o, or ErrMoneyMismatch
// when they cannot be compared.
func (m Money) Cmp(o Money) (int, error) {
	if err := m.comparable(o); err != nil {
		return 0, err
	}
	switch {
	case m.Minor < o.Minor:
		return -1, nil
	case m.Minor > o.Minor:
		return 1, nil
	}
	return 0, nil
}

// Rescale returns the same amount with exp decimals, or ErrMoneyDecimals when
// it cannot be said with so few, or ErrMoneyRange.
func (m Money) Rescale(exp uint8) (Money, error) {
	for m.Exp > exp {
		if m.Minor%10 != 0 {
			return Money{}, fmt.Errorf("%w: %s takes %d", ErrMoneyDecimals, m.Currency, exp)
		}
		m.Minor /= 10
		m.Exp--
	}
	for m.Exp < exp {
		if m.Minor > math.MaxInt64/10 || m.Minor < math.MinInt64/10 {
			return Money{}, ErrMoneyRange
		}
		m.Minor *= 10
		m.Exp++
	}
	return m, nil
}

func (m Money) comparable(o Money) error {
	if m.Currency != o.Currency || m.Exp != o.Exp {
		return fmt.Errorf("%w: %s and %s", ErrMoneyMismatch, m, o)
	}
	return nil
}
