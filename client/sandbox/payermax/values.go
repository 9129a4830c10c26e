package payermax

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/protocol"
)

// The result codes that the gateway answers with (payermax: section 7).
const (
	codeAccepted      = "APPLY_SUCCESS"
	codeSystem        = "SYSTEM_ERROR"
	codeRate          = "TOO_MANY_REQUEST"
	codeTime          = "REQ_TIME_OVER_TIME"
	codeSign          = "SIGN_VERIFY_FAILED"
	codeMerchant      = "MERCHANT_INVALID"
	codeApp           = "MERCHANT_APP_INVALID"
	codeAuth          = "AUTHENTICATE_FAILED"
	codeParams        = "PARAMS_INVALID"
	codeCountry       = "COUNTRY_INVALID"
	codeCurrency      = "CURRENCY_INVALID"
	codeAmount        = "AMOUNT_INVALID"
	codeNoOrder       = "ORDER_NOT_EXIST"
	codeRepeat        = "ORDER_REPEAT"
	codePaymentFailed = "PAYMENT_FAILED"
	codeRefundFailed  = "REFUND_FAILED"
	codeNoRefund      = "REFUND_NO_INVALID"
	codeFunds         = "REFUND_INSUFFICIENT_BALANCE"
	codeCard          = "CARD_INVALID"
	codeCardExpired   = "CARD_EXPIRE_DATE_INVALID"
)

// Status words of refunds (payermax: section 6.2).
const (
	wordPending = "REFUND_PENDING"
	wordSuccess = "REFUND_SUCCESS"
	wordFailed  = "REFUND_FAILED"
)

func orderWord(s client.OrderStatus) string {
	switch s {
	case client.OrderPaid:
		return "SUCCESS"
	case client.OrderFailed:
		return "FAILED"
	case client.OrderClosed:
		return "CLOSED"
	default:
		return "PENDING"
	}
}

func refundWord(s client.RefundStatus) string {
	switch s {
	case client.RefundSuccess:
		return wordSuccess
	case client.RefundFailed, client.RefundClosed:
		return wordFailed
	default:
		return wordPending
	}
}

func tokenWord(s client.TokenStatus) string {
	switch s {
	case client.TokenRemoved:
		return "Deleted"
	case client.TokenExpired:
		return "Expired"
	default:
		return "Activated"
	}
}

// Currencies whose decimals are not those of ISO 4217, or which the
// documentation names without decimals (payermax: section 11).
const (
	noDecimals  = "IDR TWD PKR COP KRW VND CLP JPY ISK PYG"
	twoDecimals = "BHD KWD IQD JOD TND LYD OMR"
)

// decimals is how many decimals the gateway takes.
func decimals(currency string) (exp uint8, ok bool) {
	switch {
	case slices.Contains(strings.Fields(noDecimals), currency):
		return 0, true
	case slices.Contains(strings.Fields(twoDecimals), currency):
		return 2, true
	}
	exp, ok = client.ISODecimals(currency)
	return min(exp, client.MaxExp), ok
}

// money reads an amount whose syntax was checked before. Too many decimals,
// nothing, less than nothing and too much are AMOUNT_INVALID.
func money(text, currency string) (client.Money, error) {
	exp, ok := decimals(currency)
	if !ok {
		return client.Money{}, refuse(codeCurrency, "currency "+currency+" is not supported")
	}
	m, err := client.ParseWire(text, currency, exp)
	switch {
	case errors.Is(err, client.ErrMoneyDecimals):
		return client.Money{}, refuse(codeAmount, fmt.Sprintf("%s takes at most %d decimals", currency, exp))
	case err != nil:
		return client.Money{}, refuse(codeAmount, "amount is not allowed")
	case m.Minor <= 0:
		return client.Money{}, refuse(codeAmount, "amount must be above 0")
	}
	return m, nil
}

// plain is an amount as the gateway's own samples write it: without zeros at
// its end.
func plain(m client.Money) string {
	text := m.Major()
	if m.Exp == 0 {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// number is an amount as a member of an answer.
func (s *speaker) number(m client.Money) any {
	if s.switches.Is(numbersAs, "string") {
		return plain(m)
	}
	return json.Number(plain(m))
}

// stamp is a time as the gateway writes it.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// numbers makes identifiers of the documented shapes.
func numbers() protocol.Numbers {
	inner := func(at time.Time, serial uint64) string {
		return fmt.Sprintf("%sTI%012d", at.UTC().Format("20060102150405"), serial)
	}
	return protocol.Numbers{
		GatewayOrder: func(at time.Time, serial uint64) string {
			return fmt.Sprintf("T%s%010d", at.UTC().Format("200601021504"), serial)
		},
		GatewayRefund: inner, InternalOrder: inner,
		Channel: func(at time.Time, serial uint64) string {
			return fmt.Sprintf("C%s%08d", at.UTC().Format("060102"), serial)
		},
		Token: func(at time.Time, serial uint64) string {
			return fmt.Sprintf("PMTOKEN%s%017d", at.UTC().Format("20060102"), serial)
		},
	}
}
