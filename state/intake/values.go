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

// record is one line: its values by column, and what the columns are for.
type record struct {
	line    int
	csv     bool
	layout  *layout
	values  []string
	members []string // of an object: its own names
	kinds   []kind   // of an object: the types of the values
}

// skip reports whether the line is no order, and counts it; the error is a
// *Problem for a kind that nobody knows.
func (r record) skip(tally *Tally) (bool, error) {
	if !r.layout.has(fieldKind) {
		return false, nil
	}
	text := r.text(fieldKind)
	order, known := r.layout.preset.kinds[fold(text)]
	if !known {
		return false, r.wrong(fieldKind, "%s is no known kind of line; orders are PAYMENT and its like", shown(text))
	}
	if !order {
		tally.Skipped[strings.ToUpper(text)]++
	}
	return !order, nil
}

// order turns the record into an order; the error is a *Problem.
func (r record) order(decimals client.Decimals, tally *Tally) (client.Order, error) {
	var out client.Order
	var told []field // whose words a note keeps
	steps := []func() error{
		func() (err error) { out.OrderNo, err = r.number(fieldOrderNo, true); return err },
		func() (err error) { out.GatewayOrderNo, err = r.number(fieldGatewayNo, false); return err },
		func() (err error) { out.ChannelNo, err = r.number(fieldChannelNo, false); return err },
		func() (err error) { out.UserID, err = r.number(fieldUser, false); return err },
		func() (err error) { out.Amount, err = r.amount(decimals); return err },
		func() (err error) { out.Status, err = r.status(&told); return err },
		func() (err error) { out.CreatedAt, err = r.time(fieldCreated, &told); return err },
		func() (err error) { out.PaidAt, err = r.time(fieldPaid, &told); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return client.Order{}, err
		}
	}
	if r.layout.preset.gateway && out.Status != client.OrderPaid && !out.PaidAt.IsZero() {
		out.PaidAt = time.Time{} // it is when the payment ended, not when it was paid
		told = append(told, fieldPaid)
	}
	out.Method, out.Brand = r.words(fieldMethod), r.words(fieldBrand)
	if card := r.text(fieldCard); card != "" {
		out.Card = client.LastFour(card)
	}
	out.Note = r.note(told, tally)
	return out, nil
}

// wrong is the problem of one field.
func (r record) wrong(f field, format string, args ...any) error {
	name := fieldName(f)
	if i := r.layout.at[f]; i >= 0 {
		name = r.layout.names[i]
	}
	return &Problem{Line: r.line, Field: shorten(name), Message: fmt.Sprintf(format, args...)}
}

// text is a value without blanks around it. In CSV, the quote that keeps a
// spreadsheet from reading a cell as a formula is taken off again (S18).
func (r record) text(f field) string {
	if i := r.layout.at[f]; i >= 0 {
		return r.value(i)
	}
	return ""
}

// value is the text of one column.
func (r record) value(column int) string {
	text := strings.TrimSpace(r.values[column])
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

// amount reads a plain decimal number of major units, or a whole number of
// cents, with the currency in its own column or behind the number. Nothing is
// guessed (I11).
func (r record) amount(decimals client.Decimals) (client.Money, error) {
	text, currency := r.text(fieldAmount), strings.ToUpper(r.text(fieldCurrency))
	if number, unit, ok := strings.Cut(text, " "); ok && (currency == "" || strings.EqualFold(strings.TrimSpace(unit), currency)) {
		text, currency = number, strings.ToUpper(strings.TrimSpace(unit))
	}
	if currency == "" && !r.layout.has(fieldCurrency) {
		currency = r.layout.currency
	}
	if currency == "" {
		return client.Money{}, r.wrong(fieldCurrency, "is empty; right is a code such as USD")
	}
	exp, ok := decimals(currency)
	if !ok {
		return client.Money{}, r.wrong(fieldCurrency, "%s is no currency of this gateway", shown(currency))
	}
	var money client.Money
	var err error
	if r.layout.amounts == Cents {
		money, err = r.cents(text, currency, exp)
	} else {
		money, err = r.major(text, currency, exp)
	}
	if err == nil && money.Minor == 0 {
		err = r.wrong(fieldAmount, "%s must be above zero", shown(text))
	}
	return money, err
}

func (r record) major(text, currency string, exp uint8) (client.Money, error) {
	money, err := client.ParseMoney(text, currency, exp)
	switch {
	case errors.Is(err, client.ErrMoneyDecimals):
		return client.Money{}, r.wrong(fieldAmount, "%s has too many decimals; %s has %d here", shown(text), currency, exp)
	case err != nil:
		return client.Money{}, r.wrong(fieldAmount, "%s is %v; right is a plain number of major units such as 1234.50", shown(text), err)
	}
	return money, nil
}

func (r record) cents(text, currency string, exp uint8) (client.Money, error) {
	if strings.Contains(text, ".") {
		return client.Money{}, r.wrong(fieldAmount, "%s has a decimal point, but the amounts of this file count cents; if they do not, add --amounts major", shown(text))
	}
	money, err := client.ParseMoney(text, currency, 0)
	if err != nil {
		return client.Money{}, r.wrong(fieldAmount, "%s is %v; right is a whole number of cents such as 123450", shown(text), err)
	}
	money.Exp = 2
	if money, err = money.Rescale(exp); err != nil {
		return client.Money{}, r.wrong(fieldAmount, "%s cents: %v", shown(text), err)
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

// telling are words that say more than the state that they stand for.
var telling = map[string]bool{"refunded": true, "partiallyrefunded": true, "partialrefund": true, "refunding": true}

// status reads the state. A word that a gateway's file has and nobody knows is
// no final state: the order is imported as unknown, with the word as a note.
func (r record) status(told *[]field) (client.OrderStatus, error) {
	text, preset := r.text(fieldStatus), r.layout.preset
	word := fold(text)
	status, ok := preset.words[word]
	if !ok {
		status, ok = statuses[word]
	}
	if !ok && !preset.gateway {
		return "", r.wrong(fieldStatus, "%s is no known state; right are pending, paid, failed, closed, unknown", shown(text))
	}
	if !ok || preset.telling[word] || telling[word] {
		*told = append(*told, fieldStatus)
	}
	if !ok {
		status = client.OrderUnknown
	}
	return status, nil
}

// layouts are the forms of times, with a zone and without. A fraction of the
// second may follow each.
var (
	zoned   = []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05 -0700", "2006-01-02T15:04:05-0700"}
	unzoned = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006/1/2 15:04:05", "2006-01-02 15:04", "2006/1/2 15:04", "2006-01-02", "2006/1/2", "20060102150405"}
)

// time reads a time; day and month in figures are taken in the order year,
// month, day only, because the other orders are ambiguous. What a spreadsheet
// has left of a time, such as "31:00.0" (payermax: section 14), is no time any
// more and is kept as a note.
func (r record) time(f field, told *[]field) (time.Time, error) {
	text := r.text(f)
	if text == "" {
		return time.Time{}, nil
	}
	layouts, zone := unzoned, r.layout.zone
	if len(text) > len(time.DateOnly) && strings.ContainsAny(text[len(time.DateOnly):], "Z+-") {
		layouts, zone = zoned, time.UTC
	}
	for _, layout := range layouts {
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
	if _, err := time.Parse("4:05.0", text); err == nil {
		*told = append(*told, f)
		return time.Time{}, nil
	}
	return time.Time{}, r.wrong(f, "%s is no time; right is for example 2026-11-21T14:01:07Z", shown(text))
}

// words is a short text: never refused, card numbers masked (S16), cut to
// maxWord characters. What cannot be shown is dealt with where it is shown.
func (r record) words(f field) string {
	text := client.MaskCards(strings.ToValidUTF8(r.text(f), "\uFFFD"))
	if utf8.RuneCountInString(text) > maxWord {
		text = string([]rune(text)[:maxWord])
	}
	return text
}

// note is the order's own note with what else the line tells: the words behind
// some fields, and the columns that are no fields, as "Column: value" in the
// file's order. Card numbers are masked (S16); what is longer than a note is cut,
// which is counted.
func (r record) note(told []field, tally *Tally) string {
	own := client.MaskCards(strings.ToValidUTF8(r.text(fieldNote), "\uFFFD"))
	if len(told) == 0 && len(r.layout.notes) == 0 {
		return cutNote(own, tally)
	}
	var b strings.Builder
	b.Grow(len(own) + 32*len(r.layout.notes))
	b.WriteString(own)
	for _, f := range told {
		r.pair(&b, r.layout.at[f])
	}
	for _, i := range r.layout.notes {
		if r.kinds == nil || r.kinds[i] < kindNested {
			r.pair(&b, i)
		}
	}
	return cutNote(b.String(), tally)
}

// pair adds one column to a note, if it says anything.
func (r record) pair(b *strings.Builder, column int) {
	value := r.value(column)
	if value == "" {
		return
	}
	if b.Len() > 0 {
		b.WriteString("; ")
	}
	b.WriteString(r.layout.labels[column])
	b.WriteString(": ")
	if strings.ContainsAny(value, "\n\r\t") {
		value = strings.Join(strings.Fields(value), " ")
	}
	b.WriteString(client.MaskCards(strings.ToValidUTF8(value, "\uFFFD")))
}

// cutNote shortens a note to what the ledger keeps.
func cutNote(text string, tally *Tally) string {
	if len(text) <= maxNote || utf8.RuneCountInString(text) <= maxNote {
		return text
	}
	tally.Cut++
	return string([]rune(text)[:maxNote-1]) + "…"
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
