package query

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"paydesk/client"
)

// example is a term that is right for a field.
func example(field Field) string {
	switch field {
	case Status:
		return "status:paid or status:pending,unknown"
	case Gateway:
		return "gateway:payermax"
	case Profile:
		return "profile:shop-hk"
	case Order:
		return "order:P1642410680681"
	case User:
		return "user:U-2041"
	case Amount:
		return "amount>=100 or amount:10..50 or amount:100HKD"
	case Currency:
		return "currency:HKD"
	case Method:
		return "method:VISA"
	case Card:
		return "card:4242"
	case Placed, Paid:
		return string(field) + ":today or " + string(field) + ":2026-11-01..2026-11-21 or " + string(field) + ">=2026-11"
	case Age:
		return "age<2h or age>=7d"
	case Refunded:
		return "refunded:none or refunded:partial or refunded:full"
	case Refund:
		return "refund:RX4KQ…, the whole number"
	case Reason:
		return `reason:"customer return"`
	case Agent:
		return "agent:mei"
	case Has:
		return "has:pending or has:unknown or has:note"
	case "sort":
		return "sort:-amount,placed"
	case "limit":
		return "limit:50"
	default:
		return `a word, or "quoted text"`
	}
}

// value reads one value of a term.
func (p *parser) value(field Field, op Op, v part) (Value, error) {
	out := Value{Text: v.text}
	switch field {
	case Status:
		return p.oneOf(v, "status", p.words.statuses)
	case Refunded:
		return p.oneOf(v, "refunded", refundedWords)
	case Has:
		return p.oneOf(v, "has", hasWords)
	case Gateway:
		out.Text = strings.ToLower(v.text)
	case Currency:
		return currencyValue(v)
	case Card:
		return cardValue(v)
	case Amount:
		return amountValue(op, v)
	case Placed, Paid:
		return p.timeValue(field, op, v)
	case Age:
		return p.ageValue(op, v)
	}
	return out, nil
}

func (p *parser) oneOf(v part, field string, words []string) (Value, error) {
	word := strings.ToLower(v.text)
	if !slices.Contains(words, word) {
		return Value{}, wrongWord(v, field, word, words)
	}
	return Value{Text: word}, nil
}

func currencyValue(v part) (Value, error) {
	code := strings.ToUpper(v.text)
	if !isCurrency(code) {
		return Value{}, &Error{
			Pos: v.pos, End: v.end, Message: fmt.Sprintf("%q is no currency", v.text), Hint: "write its three letters, for example currency:HKD",
		}
	}
	return Value{Text: code}, nil
}

func isCurrency(code string) bool {
	return len(code) == 3 && !strings.ContainsFunc(code, func(r rune) bool { return r < 'A' || r > 'Z' })
}

// cardValue takes the last digits only, masked in front or not: a whole card
// number has no place in a search, which is kept and shown (S16).
func cardValue(v part) (Value, error) {
	tail := strings.TrimLeft(v.text, "*xX•·. -")
	if tail == "" || len(tail) > 4 || strings.ContainsFunc(tail, func(r rune) bool { return r < '0' || r > '9' }) {
		return Value{}, &Error{Pos: v.pos, End: v.end, Message: "a card is searched by its last four digits", Hint: "write for example card:4242"}
	}
	return Value{Text: tail}, nil
}

// amountValue reads "100", "100HKD", "100 HKD" or a range "10..50".
func amountValue(op Op, v part) (Value, error) {
	low, high, ranged := strings.Cut(v.text, "..")
	if !ranged {
		amount, currency, err := amountOf(v, v.text)
		return Value{Text: v.text, Amount: amount, AmountTo: amount, Currency: currency}, err
	}
	if op != Is {
		return Value{}, notRange(Amount, op, v)
	}
	out := Value{Text: v.text, AmountTo: math.MaxInt64}
	var of string
	var err error
	if low != "" {
		if out.Amount, out.Currency, err = amountOf(v, low); err != nil {
			return Value{}, err
		}
	}
	if high != "" {
		if out.AmountTo, of, err = amountOf(v, high); err != nil {
			return Value{}, err
		}
	}
	bad := &Error{Pos: v.pos, End: v.end, Hint: "write for example amount:10..50 or amount:10..50HKD"}
	switch {
	case low == "" && high == "":
		bad.Message = "the range has no ends"
	case out.Currency != "" && of != "" && out.Currency != of:
		bad.Message = fmt.Sprintf("the range goes from %s to %s", out.Currency, of)
	case out.Amount > out.AmountTo:
		bad.Message = "the range ends before it begins"
	default:
		if out.Currency == "" {
			out.Currency = of
		}
		return out, nil
	}
	return Value{}, bad
}

// amountOf reads a number of major units with or without its currency into
// ten-thousandths.
func amountOf(v part, text string) (amount int64, currency string, err error) {
	bad := &Error{Pos: v.pos, End: v.end, Hint: "write for example amount>=100, amount:10..50 or amount:100HKD"}
	number := strings.TrimSpace(text)
	if cut := strings.IndexFunc(number, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsSpace(r) }); cut >= 0 {
		number, currency = number[:cut], strings.ToUpper(strings.TrimSpace(number[cut:]))
		if !isCurrency(currency) || number == "" {
			bad.Message = fmt.Sprintf("%q is no amount with a currency", text)
			return 0, "", bad
		}
	}
	m, err := client.ParseMoney(number, currency, client.MaxExp)
	switch {
	case errors.Is(err, client.ErrMoneyDecimals):
		bad.Message = fmt.Sprintf("%q has more than %d decimals", text, client.MaxExp)
	case errors.Is(err, client.ErrMoneyRange):
		bad.Message = fmt.Sprintf("%q is too large", text)
	case err != nil:
		bad.Message = fmt.Sprintf("%q is no plain number", text)
	case len(number) > 1 && number[0] == '0' && number[1] != '.':
		bad.Message, bad.Hint = fmt.Sprintf("%q begins with a zero", text), "write amounts without grouping: 10000, not 10,000"
	default:
		return m.Minor, currency, nil
	}
	return 0, "", bad
}

func notRange(field Field, op Op, v part) error {
	return &Error{
		Pos: v.pos, End: v.end, Message: fmt.Sprintf("%s%s takes one end, not a range", field, op),
		Hint: fmt.Sprintf("write %s:%s for the range", field, v.text),
	}
}
