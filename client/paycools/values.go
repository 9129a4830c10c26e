package paycools

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"paydesk/client"
)

// Lengths in characters (paycools: sections 2, 5 and 10). For a reason and a
// remark none is published; 256 is what other gateways take.
const (
	maxNumber  = 32
	maxReason  = 256
	maxRemark  = 256
	maxURL     = 100
	maxUser    = 64
	maxOldText = 64
)

// values is how one account's amounts, times and words are read.
type values struct {
	currency    string
	decimals    map[string]uint8
	zone        *time.Location
	cancelWords []string
}

// newValues takes them out of the settings.
func newValues(cfg Config) values {
	v := values{currency: cmp.Or(cfg.Currency, "PHP"), decimals: maps.Clone(cfg.Decimals), zone: cfg.Zone}
	if v.zone == nil {
		v.zone = Manila()
	}
	for _, w := range cfg.CancelWords {
		v.cancelWords = append(v.cancelWords, word(w))
	}
	return v
}

// Decimals implements client.Gateway: the account's overrides, then the
// gateway's own table.
func (v *values) Decimals(currency string) (exp uint8, ok bool) {
	if exp, ok = v.decimals[currency]; ok {
		return exp, true
	}
	return Decimals(currency)
}

// Decimals is the gateway's table without any account's overrides: amounts are
// whole cents (paycools: section 2), so it takes every currency that has them.
func Decimals(currency string) (exp uint8, ok bool) {
	exp, ok = client.ISODecimals(currency)
	return 2, ok && exp == 2
}

// isCurrency reports whether text looks like an ISO 4217 code.
func isCurrency(text string) bool {
	return len(text) == 3 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// cents is an amount as it goes on the wire: the integer of minor units (I11).
func cents(m client.Money) json.Number { return json.Number(strconv.FormatInt(m.Minor, 10)) }

// readCents reads an amount of an answer in minor units. A number may come with
// a decimal point or an exponent as long as it is whole; nothing is rounded.
func (v *values) readCents(text string) (client.Money, error) {
	whole, err := client.ParseWire(text, v.currency, 0)
	if err == nil && whole.Minor < 0 {
		err = client.ErrMoneySyntax
	}
	if err != nil {
		return client.Money{}, err
	}
	exp, _ := v.Decimals(v.currency)
	return client.Money{Minor: whole.Minor, Currency: v.currency, Exp: exp}, nil
}

// readMajor reads an amount of the statement, which is in major units: decimal
// pesos where everything else is in cents (paycools: section 12 no. 10).
func (v *values) readMajor(text string) (client.Money, error) {
	exp, _ := v.Decimals(v.currency)
	m, err := client.ParseWire(text, v.currency, exp)
	if err == nil && m.Minor < 0 {
		err = client.ErrMoneySyntax
	}
	return m, err
}

// word folds a status word (paycools: section 9).
func word(text string) string { return strings.ToUpper(strings.TrimSpace(text)) }

// orderStatus reads section 9.
func orderStatus(text string) client.OrderStatus {
	switch word(text) {
	case "PENDING":
		return client.OrderPending
	case "COMPLETE", "COMPLETED", "SUCCESS":
		return client.OrderPaid
	case "FAILED":
		return client.OrderFailed
	case "CLOSED":
		return client.OrderClosed
	}
	return client.OrderUnknown
}

// refundStatus reads section 9; ok is false for a word it does not have. The
// word of a cancelled refund was never seen: every likely spelling counts, and
// the account's settings may add more.
func (v *values) refundStatus(text string) (status client.RefundStatus, ok bool) {
	switch w := word(text); w {
	case "PENDING":
		return client.RefundPending, true
	case "COMPLETE", "COMPLETED", "SUCCESS":
		return client.RefundSuccess, true
	case "FAILED":
		return client.RefundFailed, true
	case "CANCEL", "CANCELED", "CANCELLED":
		return client.RefundClosed, true
	default:
		if w != "" && slices.Contains(v.cancelWords, w) {
			return client.RefundClosed, true
		}
	}
	return client.RefundUnknown, false
}

// tokenStatus reads section 9. How a token ended tells expired from removed.
func tokenStatus(text, ended string) client.TokenStatus {
	switch word(text) {
	case "ACTIVED", "ACTIVE":
		return client.TokenActive
	case "INACTIVED", "INACTIVE":
		if word(ended) == "EXPIRED" {
			return client.TokenExpired
		}
		return client.TokenRemoved
	}
	return client.TokenUnknown
}

// parseTime reads the gateway's times, which have no zone but the account's, and
// those of the checkout, which bring theirs (paycools: section 12 no. 16). A time
// that makes no sense is zero; it never fails a message. The evidence keeps the
// raw text.
func (v *values) parseTime(text string) time.Time {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, v.zone); err == nil {
			return at.UTC()
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) == 13 {
		return time.UnixMilli(n).UTC()
	}
	return time.Time{}
}

// sameNumber compares numbers of orders and refunds. Whether the gateway tells
// them apart by case is not documented; ours never differ in that alone.
func sameNumber(a, b string) bool { return strings.EqualFold(a, b) }

// short cuts a text of the gateway to what an error line can take.
func short(text string) string {
	const limit = 200
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit]) + "…"
}

// inputError names what was asked for, why it cannot be, and what could.
func inputError(name, wrong, right string) error {
	return &client.Error{
		Class: client.ClassInput, Code: name, Message: strings.ReplaceAll(name, "_", " ") + " " + wrong + "; right is " + right,
	}
}

// missing is a setting without which a call cannot be made.
func missing(name, right string) error {
	return &client.Error{
		Class: client.ClassConfig, Code: name, Message: name + " is missing; right is " + right, Hint: "add it to the profile's [profile.paycools]",
	}
}

// newNumber is what a number that the merchant chooses may look like (paycools:
// section 2).
var newNumber = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

func checkNewNumber(name, no string) error {
	if !newNumber.MatchString(no) {
		return inputError(name, fmt.Sprintf("is %.80q", no), "1 to 32 letters and digits, without - and _")
	}
	return nil
}

// oldNumber is for numbers that exist already and may come from elsewhere. They
// become part of a path.
var oldNumber = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func checkNumber(name, no string) error {
	if !oldNumber.MatchString(no) {
		return inputError(name, fmt.Sprintf("is %.80q", no), "1 to 64 letters, digits, - and _")
	}
	return nil
}

// checkText refuses what could not be sent as it was confirmed (I12): too long,
// or not valid UTF-8, which JSON would silently change.
func checkText(name, text string, limit int) error {
	if !utf8.ValidString(text) {
		return inputError(name, "is not valid UTF-8", "plain text")
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return inputError(name, fmt.Sprintf("has %d characters", n), fmt.Sprintf("at most %d", limit))
	}
	return nil
}

// checkPlain is checkText for a text that must be there, without blanks around.
func checkPlain(name, text string, limit int) error {
	if text == "" || strings.TrimSpace(text) != text {
		return inputError(name, fmt.Sprintf("is %.80q", text), fmt.Sprintf("1 to %d characters without blanks around", limit))
	}
	return checkText(name, text, limit)
}

// checkURL refuses anything but an absolute http or https URL; empty counts.
func checkURL(name, text string) error {
	if text == "" {
		return nil
	}
	if !webPage(text) {
		return inputError(name, "is no web address", "https://host/path")
	}
	return checkText(name, text, maxURL)
}

// webPage reports whether a customer can be sent there.
func webPage(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// checkAmount refuses what the gateway cannot be told. Most calls name no
// currency, so there is only the account's.
func (v *values) checkAmount(m client.Money) error {
	exp, _ := v.Decimals(v.currency)
	switch {
	case m.Currency != v.currency:
		return inputError("currency", fmt.Sprintf("is %.10q", m.Currency), v.currency+", the account's")
	case m.Exp != exp:
		return inputError("amount", fmt.Sprintf("%s has %d decimals", m, m.Exp), fmt.Sprintf("%d for %s", exp, m.Currency))
	case m.Minor <= 0:
		return inputError("amount", "is "+m.String(), "more than zero")
	}
	return nil
}

// firstError is the first of errs that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
