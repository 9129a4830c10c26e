package easylink

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"paydesk/client"
)

// Lengths in characters that are safe in the documents and in the stock code
// (easylink: section 10).
const (
	maxNumber    = 30 // of numbers that the merchant chooses
	maxOldNumber = 64 // of numbers that exist already
	maxReason    = 64
	maxSubject   = 64
	maxURL       = 128
	maxClientIP  = 32
	maxExtra     = 256
)

// Decimals implements client.Gateway: the account's overrides, then the
// gateway's own table.
func (g *Gateway) Decimals(currency string) (exp uint8, ok bool) {
	if exp, ok = g.decimals[currency]; ok {
		return exp, true
	}
	return Decimals(currency)
}

// Decimals is the gateway's table without any account's overrides: amounts are
// whole cents of HKD, and of CNY, which the Chinese pages name (easylink:
// sections 2 and 11.12).
func Decimals(currency string) (exp uint8, ok bool) {
	switch currency {
	case "HKD", "CNY":
		return 2, true
	}
	return 0, false
}

// isCurrency reports whether text looks like an ISO 4217 code.
func isCurrency(text string) bool {
	return len(text) == 3 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// cents is an amount as it goes on the wire: the integer of minor units (I11).
func cents(m client.Money) json.Number { return json.Number(strconv.FormatInt(m.Minor, 10)) }

// parseCents reads an amount of an answer: digits and nothing else.
func parseCents(text string) (minor int64, err error) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, client.ErrMoneySyntax
	}
	if minor, err = strconv.ParseInt(text, 10, 64); err != nil {
		return 0, client.ErrMoneyRange
	}
	return minor, nil
}

// orderStatus reads section 6.4. An order that was refunded in full was paid.
func orderStatus(state string) client.OrderStatus {
	switch state {
	case "0", "1":
		return client.OrderPending
	case "2", "5":
		return client.OrderPaid
	case "3":
		return client.OrderFailed
	case "4", "6":
		return client.OrderClosed
	}
	return client.OrderUnknown
}

// refundStatus reads section 7.3; ok is false for a number it does not have.
// State 0 is recorded, but whether upstream was told is not known: it is neither
// failed nor accepted (reliability: section 4).
func refundStatus(state string) (status client.RefundStatus, ok bool) {
	switch state {
	case "0":
		return client.RefundUnknown, true
	case "1":
		return client.RefundPending, true
	case "2":
		return client.RefundSuccess, true
	case "3":
		return client.RefundFailed, true
	case "4":
		return client.RefundClosed, true
	}
	return client.RefundUnknown, false
}

// parseTime reads a time of 13 digits as milliseconds and of 10 as seconds
// since 1970 (easylink: section 11.2). Anything else is zero; it never fails a
// message, and the evidence keeps the raw text.
func parseTime(text string) time.Time {
	n, err := strconv.ParseUint(text, 10, 63)
	switch {
	case err != nil:
		return time.Time{}
	case len(text) == 13:
		return time.UnixMilli(int64(n)).UTC()
	case len(text) == 10:
		return time.Unix(int64(n), 0).UTC()
	}
	return time.Time{}
}

// sameNumber compares numbers of orders and refunds; the gateway's database
// finds them whatever their case.
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
func inputError(field, wrong, right string) error {
	return &client.Error{
		Class: client.ClassInput, Code: field, Message: strings.ReplaceAll(field, "_", " ") + " " + wrong + "; right is " + right,
	}
}

// newNumber is what a number that the merchant chooses may look like (easylink:
// section 10).
var newNumber = regexp.MustCompile(`^[A-Za-z0-9_-]{1,30}$`)

func checkNewNumber(field, no string) error {
	if !newNumber.MatchString(no) {
		return inputError(field, fmt.Sprintf("is %.80q", no), "1 to 30 letters, digits, - and _")
	}
	return nil
}

// checkNumber is for numbers that exist already and may come from elsewhere.
func checkNumber(field, no string) error {
	if no == "" || strings.TrimSpace(no) != no {
		return inputError(field, fmt.Sprintf("is %.80q", no), "1 to 64 characters without blanks around")
	}
	return checkText(field, no, maxOldNumber)
}

// checkText refuses what could not be sent as it was confirmed (I12): too long,
// or not valid UTF-8, which JSON would silently change.
func checkText(field, text string, limit int) error {
	if !utf8.ValidString(text) {
		return inputError(field, "is not valid UTF-8", "plain text")
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return inputError(field, fmt.Sprintf("has %d characters", n), fmt.Sprintf("at most %d", limit))
	}
	return nil
}

// checkURL refuses anything but an absolute http or https URL; empty counts.
func checkURL(field, text string) error {
	if text == "" {
		return nil
	}
	if !webPage(text) {
		return inputError(field, "is no web address", "https://host/path")
	}
	return checkText(field, text, maxURL)
}

// checkNotifyURL also refuses what breaks the gateway's own notification: it
// mixes a query into the body, unsigned (easylink: section 9).
func checkNotifyURL(field, text string) error {
	if strings.ContainsAny(text, "?#") {
		return inputError(field, "has a query or a fragment, which the gateway mixes into its notification", "a routing key in the path")
	}
	return checkURL(field, text)
}

// webPage reports whether a customer can be sent there.
func webPage(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// checkAmount refuses what the gateway cannot be told.
func (g *Gateway) checkAmount(m client.Money) error {
	exp, ok := g.Decimals(m.Currency)
	switch {
	case !ok:
		return inputError("currency", fmt.Sprintf("is %.10q", m.Currency), "HKD, or one of the profile's decimals")
	case m.Exp != exp:
		return inputError("amount", fmt.Sprintf("%s has %d decimals", m, m.Exp), fmt.Sprintf("%d for %s", exp, m.Currency))
	case m.Minor <= 0:
		return inputError("amount", "is "+m.String(), "more than zero")
	}
	return nil
}

// clientIP is a payer's address as it can be sent: one that does not fit the
// field is left out, because the field is optional.
func clientIP(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return "", inputError("client_ip", fmt.Sprintf("is %.60q", text), "the payer's IP address")
	}
	if text = addr.String(); len(text) > maxClientIP {
		return "", nil
	}
	return text, nil
}

// extText is what the merchant's own text may hold: an & in it would break the
// gateway's notification (easylink: section 9).
var extText = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// firstError is the first of errs that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
