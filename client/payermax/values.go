package payermax

import (
	"strings"
	"time"

	"paydesk/client"
)

// Decimals implements client.Gateway: the account's overrides, the gateway's
// own table, then ISO 4217 capped at four (payermax: section 11).
func (g *Gateway) Decimals(currency string) (exp uint8, ok bool) {
	if exp, ok = g.decimals[currency]; ok {
		return exp, true
	}
	return Decimals(currency)
}

// Decimals is the gateway's table without any account's overrides. The
// gateway's rule beats ISO 4217: IDR, TWD, PKR and COP have none, and the
// currencies with three decimals have two.
func Decimals(currency string) (exp uint8, ok bool) {
	switch currency {
	case "IDR", "TWD", "PKR", "COP", "KRW", "VND", "CLP", "JPY", "ISK", "PYG":
		return 0, true
	case "BHD", "KWD", "IQD", "JOD", "TND", "LYD", "OMR":
		return 2, true
	}
	exp, ok = client.ISODecimals(currency)
	return min(exp, client.MaxExp), ok
}

// isCurrency reports whether text looks like an ISO 4217 code.
func isCurrency(text string) bool {
	if len(text) != 3 {
		return false
	}
	for i := range len(text) {
		if text[i] < 'A' || text[i] > 'Z' {
			return false
		}
	}
	return true
}

// orderStatus reads section 6.1.
func orderStatus(word string) client.OrderStatus {
	switch strings.TrimSpace(word) {
	case "PENDING":
		return client.OrderPending
	case "SUCCESS":
		return client.OrderPaid
	case "FAILED":
		return client.OrderFailed
	case "CLOSED":
		return client.OrderClosed
	}
	return client.OrderUnknown
}

// refundStatus reads section 6.2; ok is false for a word it does not have. One
// documented table has a stray tab behind a word.
func refundStatus(word string) (status client.RefundStatus, ok bool) {
	switch strings.TrimSpace(word) {
	case "REFUND_PENDING":
		return client.RefundPending, true
	case "REFUND_SUCCESS":
		return client.RefundSuccess, true
	case "REFUND_FAILED":
		return client.RefundFailed, true
	}
	return client.RefundUnknown, false
}

// tokenStatus reads section 6.3, whose words come in mixed case.
func tokenStatus(word string) client.TokenStatus {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "activated":
		return client.TokenActive
	case "expired":
		return client.TokenExpired
	case "deleted":
		return client.TokenRemoved
	}
	return client.TokenUnknown
}

// parseTime reads the forms of section 12 as UTC. A time that makes no sense is
// zero; it never fails a message. The evidence keeps the raw text.
func parseTime(text string) time.Time {
	text = strings.TrimSpace(text)
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05 -0700", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05 -0700",
		"2006-01-02T15:04:05", time.DateTime, time.DateOnly,
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// formatTime is requestTime: UTC with exactly three fraction digits (payermax:
// section 12).
func formatTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// sameNumber compares numbers of orders and refunds, which are not
// case-sensitive (payermax: section 5).
func sameNumber(a, b string) bool { return strings.EqualFold(a, b) }
