package paycools

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// The dialects (paycools: the table at the beginning).
const (
	PH    = "PH"
	PH2   = "PH2"
	GROUP = "GROUP"
)

// The result codes of PH (paycools: sections 4.1 and 4.2).
const (
	codeSuccess       = "1000"
	codeApp           = "1001"
	codeIP            = "1002"
	codeSign          = "1003"
	codeMerchant      = "1004"
	codeInstitution   = "1005"
	codeBalance       = "1006"
	codeLimit         = "1007"
	codeNotFound      = "1008"
	codeParams        = "1009"
	codeChannel       = "1011"
	codeRepeated      = "1012"
	codeRate          = "1013"
	codeNetwork       = "1018"
	codeNeedsAmount   = "1020"
	codeNoPayment     = "1501"
	codeBusy          = "1502"
	codeNotAllowed    = "1505"
	codeAboveRest     = "1506"
	codeNoChannel     = "1507"
	codeOnlyOne       = "1508"
	codeTooOld        = "1509"
	codeNoChannel2    = "1510"
	codeNoPartial     = "1511"
	codeNotEqual      = "1512"
	codeAmount        = "1513"
	codeRefundTaken   = "1515"
	codeNotComplete   = "1516"
	codeGroupSuccess  = "10000"
	codeGroupGeneral  = "21000"
	codeGroupNoTime   = "21008"
	codeGroupTimeOver = "21009"
)

// groupCode is what GROUP says for a code of PH (paycools: section 4.3). Its
// table has no refund codes; where none of its own fits, it says PH's.
func groupCode(code string) string {
	switch code {
	case codeApp:
		return "21003"
	case codeIP:
		return "21016"
	case codeSign:
		return "21001"
	case codeMerchant, codeInstitution:
		return "21004"
	case codeBalance:
		return "21014"
	case codeNotFound, codeNoPayment:
		return "21006"
	case codeParams:
		return "21002"
	case codeChannel:
		return "21005"
	case codeRepeated, codeRefundTaken:
		return "21007"
	case codeRate:
		return codeGroupGeneral
	case codeNetwork:
		return "21011"
	case codeLimit, codeAmount, codeAboveRest:
		return "21010"
	default:
		return code
	}
}

// Failure codes of transactions are another series (paycools: section 4.2).
const (
	failedService = "-10000"
	failedChannel = "-10009"
)

// peso is the only currency.
const peso = "PHP"

func decimals(currency string) (exp uint8, ok bool) { return 2, currency == peso }

// pesos is an amount from cents.
func pesos(cents int64) client.Money { return client.Money{Minor: cents, Currency: peso, Exp: 2} }

// cents is an amount as almost everything carries it: the whole number of cents.
func cents(m client.Money) json.Number { return json.Number(strconv.FormatInt(m.Minor, 10)) }

// Channel rules: what a channel lets the merchant refund.
const (
	ruleAny  = "any"
	ruleNone = "none"
	ruleOnce = "once"
	ruleFull = "full"
)

// usualChannel is the channel of whatever names none; shopName the application's
// name where a payment has none.
const (
	usualChannel = "GCASH_QR"
	shopName     = "Sandbox Shop"
)

// channel is one way to pay. The gateway's own list of what each refunds could
// not be had (paycools: section 5): this table is made up.
type channel struct {
	code, brand, rule string
	method            string // paymentMethod of statements
}

func channels() []channel {
	return []channel{
		{"GCASH_QR", "GCash", ruleAny, "EWALLET"},
		{"MAYA_QR", "Maya", ruleAny, "EWALLET"},
		{"GRABPAY_URL", "GrabPay", ruleOnce, "EWALLET"},
		{"BPI_ONLINE", "BPI", ruleFull, "BANK"},
		{"UBP_ONLINE", "UnionBank", ruleAny, "BANK"},
		{"SEVEN_ELEVEN", "7-Eleven", ruleNone, "OTC"},
		{"QRPH_DYNAMIC_QR", "QR Ph", ruleAny, "QRPH"},
		{"QRPH_HYBRID_QR", "QR Ph", ruleAny, "QRPH"},
		{"PH_GCASH_DIRECT_DEBIT", "GCash", ruleAny, directDebit},
		{"PH_MAYA_DIRECT_DEBIT", "Maya", ruleAny, directDebit},
		{"PH_GRABPAY_DIRECT_DEBIT", "GrabPay", ruleOnce, directDebit},
		{"PH_BPI_DIRECT_DEBIT", "BPI", ruleFull, directDebit},
		{"PH_UBP_DIRECT_DEBIT", "UnionBank", ruleAny, directDebit},
	}
}

const directDebit = "DIRECT_DEBIT"

// channelOf finds a channel by its code. One that is not known, such as of an
// order made by hand, refunds anything.
func channelOf(code string) (c channel, known bool) {
	for _, c := range channels() {
		if c.code == code {
			return c, true
		}
	}
	return channel{code: code, rule: ruleAny, method: cmp.Or(code, "OTHER")}, false
}

// isDirectDebit reports whether a channel is charged by authorisation only.
func (c channel) isDirectDebit() bool { return c.method == directDebit }

// The kinds of payments, as event names begin.
const (
	kindWeb      = "h5"
	kindCheckout = "checkout"
	kindQR       = "qrcode"
	kindCharge   = "directdebit"
)

// Prefixes of the gateway's inner numbers, which tell the kinds apart.
const (
	checkoutPrefix = "CH"
	codePrefix     = "QR"
)

func kindOf(o book.Order) string {
	switch {
	case o.Token != "":
		return kindCharge
	case strings.HasPrefix(o.InternalNo, checkoutPrefix):
		return kindCheckout
	case strings.HasPrefix(o.InternalNo, codePrefix):
		return kindQR
	default:
		return kindWeb
	}
}

// Status words (paycools: section 9).
const (
	wordPending = "PENDING"
	wordFailed  = "FAILED"
	wordClosed  = "CLOSED"
)

// complete is the word for success in a dialect.
func (s *speaker) complete(dialect string) string {
	switch word := s.switches.Get(completeWord); {
	case word != "as-dialect":
		return word
	case dialect == GROUP:
		return "COMPLETED"
	default:
		return "COMPLETE"
	}
}

// orderWord is a payment's state. Only a checkout can be closed; another payment
// that was not made in time has failed.
func (s *speaker) orderWord(o book.Order, dialect string) string {
	switch o.Status {
	case client.OrderPaid:
		return s.complete(dialect)
	case client.OrderFailed:
		return wordFailed
	case client.OrderClosed:
		if kindOf(o) == kindCheckout {
			return wordClosed
		}
		return wordFailed
	default:
		return wordPending
	}
}

func (s *speaker) refundWord(status client.RefundStatus, dialect string) string {
	switch status {
	case client.RefundSuccess:
		return s.complete(dialect)
	case client.RefundFailed:
		return wordFailed
	case client.RefundClosed:
		return s.switches.Get(cancelWord)
	default:
		return wordPending
	}
}

// zone is the zone of times without one.
func (s *speaker) zone() *time.Location {
	at, err := time.Parse("-07:00", s.switches.Get(zoneOffset))
	if err != nil {
		return time.UTC // the switch takes nothing else
	}
	_, seconds := at.Zone()
	return time.FixedZone(s.switches.Get(zoneOffset), seconds)
}

// stamp is a time as the gateway writes it, empty for none.
func (s *speaker) stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(s.zone()).Format(time.DateTime)
}

// fee is what the gateway keeps of an amount: two per cent, in whole cents.
func fee(m client.Money) client.Money {
	m.Minor = m.Minor * 2 / 100
	return m
}

// numbers makes identifiers of the documented shapes: a letter or two, then
// digits (paycools: section 2).
func (s *speaker) numbers() protocol.Numbers {
	n := numbers()
	order, refund := n.GatewayOrder, n.GatewayRefund
	n.GatewayOrder = func(at time.Time, serial uint64) string {
		if s.switches.Is(swappedPrefixes, "yes") {
			return refund(at, serial)
		}
		return order(at, serial)
	}
	n.GatewayRefund = func(at time.Time, serial uint64) string {
		if s.switches.Is(swappedPrefixes, "yes") {
			return "C4X" + strings.TrimPrefix(refund(at, serial), "R")
		}
		return refund(at, serial)
	}
	return n
}

func numbers() protocol.Numbers {
	of := func(prefix string) func(time.Time, uint64) string {
		return func(at time.Time, serial uint64) string {
			return fmt.Sprintf("%s1%s01%07d", prefix, at.UTC().Format("20060102"), serial)
		}
	}
	return protocol.Numbers{
		GatewayOrder: of("C"), GatewayRefund: of("R"), InternalOrder: of(checkoutPrefix), Channel: of("PHB"), Token: of("PT"),
	}
}
