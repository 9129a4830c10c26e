package intake

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"paydesk/client"
)

// Longest values, in characters.
const (
	maxNumber = 64 // order and user numbers (payermax: section 5.1)
	maxWord   = 64
	maxNote   = 512
)

// record is one line by field, as text.
type record struct {
	line   int
	csv    bool
	values [fieldCount]string
	names  [fieldCount]string // as the file calls them; "" when it has no such column
}

// order turns the record into an order; the error is a *Problem.
func (r record) order(o Options) (client.Order, error) {
	var out client.Order
	steps := []func() error{
		func() (err error) { out.OrderNo, err = r.number(fieldOrderNo, true); return err },
		func() (err error) { out.GatewayOrderNo, err = r.number(fieldGatewayNo, false); return err },
		func() (err error) { out.ChannelNo, err = r.number(fieldChannelNo, false); return err },
		func() (err error) { out.UserID, err = r.number(fieldUser, false); return err },
		func() (err error) { out.Amount, err = r.amount(o.Decimals); return err },
		func() (err error) { out.Status, err = r.status(); return err },
		func() (err error) { out.CreatedAt, err = r.time(fieldCreated, o.Location); return err },
		func() (err error) { out.PaidAt, err = r.time(fieldPaid, o.Location); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return client.Order{}, err
		}
	}
	out.Method, out.Brand = r.words(fieldMethod, maxWord), r.words(fieldBrand, maxWord)
	out.Note = r.words(fieldNote, maxNote)
	if card := r.text(fieldCard); card != "" {
		out.Card = client.LastFour(card)
	}
	return out, nil
}

// wrong is the problem of one field.
func (r record) wrong(f field, format string, args ...any) error {
	name := r.names[f]
	if name == "" {
		name = names[f]
	}
	return &Problem{Line: r.line, Field: shorten(name), Message: fmt.Sprintf(format, args...)}
}

// text is a value without blanks around it. In CSV, the quote that keeps a
// spreadsheet from reading a cell as a formula is taken off again (S18).
func (r record) text(f field) string {
	text := strings.TrimSpace(r.values[f])
	if r.csv && len(text) > 1 && text[0] == '\'' && strings.ContainsRune("=+-@＝＋－＠", firstRune(text[1:])) {
		return text[1:]
	}
	return text
}

func firstRune(text string) rune {
	r, _ := utf8.DecodeRuneInString(text)
	return r
}

// number is an identifier: kept exactly, or refused.
func (r record) number(f field, required bool) (string, error) {
	text := r.text(f)
	switch {
	case text == "" && required:
		return "", r.wrong(f, "is empty; every order needs its number")
	case !utf8.ValidString(text):
		return "", r.wrong(f, "%s is not valid UTF-8; save the file as UTF-8", shown(text))
	case utf8.RuneCountInString(text) > maxNumber:
		return "", r.wrong(f, "%s is longer than %d characters", shown(text), maxNumber)
	case strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "", r.wrong(f, "%s has invisible characters; right are letters, digits and signs", shown(text))
	case scientific(text):
		return "", r.wrong(f, "%s was rounded by a spreadsheet; format the column as text and export again", shown(text))
	}
	return text, nil
}

// scientific reports whether a spreadsheet has turned a long number into
// "1.64241E+12", which cannot be turned back.
func scientific(text string) bool {
	whole, exponent, ok := strings.Cut(strings.ToUpper(text), "E+")
	return ok && strings.Contains(whole, ".") && strings.Trim(whole, "0123456789.") == "" && exponent != "" && strings.Trim(exponent, "0123456789") == ""
}

// amount reads a plain decimal number of major units, with the currency in its
// own column or behind the number. Nothing is guessed (I11).
func (r record) amount(decimals client.Decimals) (client.Money, error) {
	text, currency := r.text(fieldAmount), strings.ToUpper(r.text(fieldCurrency))
	if number, unit, ok := strings.Cut(text, " "); ok && (currency == "" || strings.EqualFold(strings.TrimSpace(unit), currency)) {
		text, currency = number, strings.ToUpper(strings.TrimSpace(unit))
	}
	if currency == "" {
		return client.Money{}, r.wrong(fieldCurrency, "is empty; right is a code such as USD")
	}
	exp, ok := decimals(currency)
	if !ok {
		return client.Money{}, r.wrong(fieldCurrency, "%s is no currency of this gateway", shown(currency))
	}
	money, err := client.ParseMoney(text, currency, exp)
	switch {
	case errors.Is(err, client.ErrMoneyDecimals):
		return client.Money{}, r.wrong(fieldAmount, "%s has too many decimals; %s has %d here", shown(text), currency, exp)
	case err != nil:
		return client.Money{}, r.wrong(fieldAmount, "%s is %v; right is a plain number of major units such as 1234.50", shown(text), err)
	case money.Minor == 0:
		return client.Money{}, r.wrong(fieldAmount, "%s must be above zero", shown(text))
	}
	return money, nil
}

// statuses are the words that exports use for the states of an order. A
// refunded order is a paid one: its refunds are their own records.
var statuses = map[string]client.OrderStatus{
	"": client.OrderUnknown, "unknown": client.OrderUnknown,
	"pending": client.OrderPending, "processing": client.OrderPending, "created": client.OrderPending, "init": client.OrderPending, "unpaid": client.OrderPending,
	"paid": client.OrderPaid, "success": client.OrderPaid, "successful": client.OrderPaid, "succeeded": client.OrderPaid, "completed": client.OrderPaid,
	"complete": client.OrderPaid, "captured": client.OrderPaid, "settled": client.OrderPaid, "refunded": client.OrderPaid,
	"partiallyrefunded": client.OrderPaid, "partialrefund": client.OrderPaid, "refunding": client.OrderPaid,
	"failed": client.OrderFailed, "fail": client.OrderFailed, "failure": client.OrderFailed, "declined": client.OrderFailed, "rejected": client.OrderFailed,
	"closed": client.OrderClosed, "close": client.OrderClosed, "expired": client.OrderClosed, "cancelled": client.OrderClosed, "canceled": client.OrderClosed, "timeout": client.OrderClosed,
}

func (r record) status() (client.OrderStatus, error) {
	text := r.text(fieldStatus)
	status, ok := statuses[fold(text)]
	if !ok {
		return "", r.wrong(fieldStatus, "%s is no known state; right are pending, paid, failed, closed, unknown", shown(text))
	}
	return status, nil
}

// layouts are the forms of times, with a zone and without.
var (
	zoned   = []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05 -0700", "2006-01-02T15:04:05-0700"}
	unzoned = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006/01/02 15:04:05", "2006-01-02 15:04", "2006/01/02 15:04", "2006-01-02", "2006/01/02", "20060102150405"}
)

// time reads a time; day and month in figures are taken in the order year,
// month, day only, because the other orders are ambiguous.
func (r record) time(f field, zone *time.Location) (time.Time, error) {
	text := r.text(f)
	if text == "" {
		return time.Time{}, nil
	}
	if zone == nil {
		zone = time.UTC
	}
	for _, layout := range zoned {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	for _, layout := range unzoned {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at.UTC(), nil
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		switch len(text) {
		case 10:
			return time.Unix(n, 0).UTC(), nil
		case 13:
			return time.UnixMilli(n).UTC(), nil
		}
	}
	return time.Time{}, r.wrong(f, "%s is no time; right is for example 2026-11-21T14:01:07Z", shown(text))
}

// words is free text: never refused, card numbers masked (S16), cut to limit
// characters. What cannot be shown is dealt with where it is shown.
func (r record) words(f field, limit int) string {
	text := client.MaskCards(strings.ToValidUTF8(r.text(f), "\uFFFD"))
	if utf8.RuneCountInString(text) > limit {
		text = string([]rune(text)[:limit])
	}
	return text
}

// shown quotes a value for a message: cards masked, nothing invisible, short.
func shown(value string) string {
	return strconv.Quote(shorten(client.MaskCards(value)))
}

func shorten(value string) string {
	if runes := []rune(value); len(runes) > 48 {
		return string(runes[:48]) + "…"
	}
	return value
}
