package paycools

import (
	"net/http"
	"slices"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/wire"
)

// operation is one call of the gateway, whatever its path in a dialect.
type operation struct {
	name string // in settings, evidence, log and errors
	kind wire.Kind
	// stamped operations carry a timestamp in every dialect; the others only where
	// the whole dialect asks for it (paycools: section 12 no. 15).
	stamped bool
	get     bool // GET with a query in PH; always POST inside param
}

// The operations, by the names under which Config.Paths knows them.
var (
	opBalance       = operation{name: "balance", kind: wire.Read, get: true}
	opStatement     = operation{name: "paymentList", kind: wire.Read, stamped: true}
	opPayment       = operation{name: "payment", kind: wire.Write}
	opPaymentQuery  = operation{name: "paymentQuery", kind: wire.Read, get: true}
	opCheckout      = operation{name: "checkoutGenerate", kind: wire.Write}
	opCheckoutQuery = operation{name: "checkoutQuery", kind: wire.Read}
	opCheckoutClose = operation{name: "checkoutClose", kind: wire.Write}
	opRefund        = operation{name: "refund", kind: wire.Write}
	opRefundQuery   = operation{name: "refundQuery", kind: wire.Read, get: true}
	opTokenQuery    = operation{name: "tokenQuery", kind: wire.Read, stamped: true}
	opTokenCancel   = operation{name: "tokenCancel", kind: wire.Write, stamped: true}
	opTokenPay      = operation{name: "tokenPay", kind: wire.Write, stamped: true}
	opTokenPayQuery = operation{name: "tokenPayQuery", kind: wire.Read, stamped: true}
)

// Dialects of the gateway's documents. PH is the Philippine interface with its
// web payments; PH2 is the same with the second version's hosted checkout in
// their place; GROUP is the interface of the whole group.
const (
	PH    = "PH"
	PH2   = "PH2"
	GROUP = "GROUP"
)

// pathID stands for the gateway's number in a path.
const pathID = "{transactionId}"

// defaultPaths are the paths of a dialect below the base URL (paycools: sections
// 1, 5, 6, 8, 10 and 11). An operation that is not among them is not known to
// exist there. Of the Philippine direct debit only one customer's paths are
// published; the cancelling one is formed after them.
func defaultPaths(dialect string) map[string]string {
	if dialect == GROUP {
		return map[string]string{
			opRefund.name:        "open-api/payment/refund",
			opRefundQuery.name:   "open-api/refund/payments",
			opCheckout.name:      "open-api/payment/checkout/generate",
			opCheckoutQuery.name: "open-api/payment/query",
			opTokenQuery.name:    "open-api/direct/debit/token/query",
			opTokenCancel.name:   "open-api/direct/debit/token/cancel",
			opTokenPay.name:      "open-api/jt/direct/debit/pay",
		}
	}
	paths := map[string]string{
		opBalance.name:       "api/v1/account/checkBalance",
		opStatement.name:     "api/v1/record/paymentList",
		opPaymentQuery.name:  "api/v1/payment/" + pathID,
		opRefund.name:        "api/payment/refund",
		opRefundQuery.name:   "api/refund/payments",
		opTokenQuery.name:    "api/jt/direct/debit/token/query",
		opTokenCancel.name:   "api/jt/direct/debit/token/cancel",
		opTokenPay.name:      "api/jt/direct/debit/pay",
		opTokenPayQuery.name: "api/jt/direct/debit/query",
	}
	if dialect == PH2 {
		paths[opCheckout.name] = "api/v2/checkout/generate"
		paths[opCheckoutQuery.name] = "api/v2/checkout/query"
		paths[opCheckoutClose.name] = "api/v2/checkout/close"
		return paths
	}
	paths[opPayment.name] = "api/v1/payment"
	return paths
}

// operationNames are the keys that Config.Paths takes.
func operationNames() []string {
	return []string{
		opBalance.name, opStatement.name, opPayment.name, opPaymentQuery.name, opCheckout.name, opCheckoutQuery.name, opCheckoutClose.name,
		opRefund.name, opRefundQuery.name, opTokenQuery.name, opTokenCancel.name, opTokenPay.name, opTokenPayQuery.name,
	}
}

// enveloped reports whether an operation's members travel as JSON text in param.
func (g *Gateway) enveloped(op operation) bool {
	return g.dialect == GROUP || op == opCheckout || op == opCheckoutQuery || op == opCheckoutClose
}

// method is the HTTP method of an operation.
func (g *Gateway) method(op operation) string {
	if op.get && !g.enveloped(op) {
		return http.MethodGet
	}
	return http.MethodPost
}

// has reports whether the dialect, or the account's settings, know a path.
func (g *Gateway) has(op operation) bool { return g.paths[op.name] != "" }

// can is the capability behind an operation.
func (g *Gateway) can(op operation, missing string) client.Capability {
	if g.has(op) {
		return client.Can()
	}
	return client.Cannot(missing)
}

// accepted reports whether a code means success (paycools: section 4).
func (g *Gateway) accepted(op operation, code string) bool {
	if len(g.successCodes) > 0 {
		return slices.Contains(g.successCodes, code)
	}
	switch {
	case g.dialect == GROUP:
		return code == "10000"
	case g.enveloped(op):
		return code == "1" || code == "1000"
	}
	return code == "1000"
}

// defaultNotFound are the codes by which a query says "not known"; which of them
// an unknown refund gets is not documented (paycools: section 6.1).
func defaultNotFound(dialect string) []string {
	if dialect == GROUP {
		return []string{"21006", "1501"}
	}
	return []string{"1008", "1501"}
}

// classify maps a failing code to its class for one operation (paycools: sections
// 4.1 to 4.3). A code that is not in the tables is unknown, whatever was asked:
// for a creating call it may have been accepted, for a reading one nothing was
// learnt.
func (g *Gateway) classify(op operation, code string) client.Class {
	if slices.Contains(g.notFound, code) {
		if op.kind == wire.Read || op == opCheckoutClose || op == opTokenCancel {
			return client.ClassNotFound
		}
		return client.ClassRefused
	}
	switch code {
	case "1012", "1014", "1017", "1019", "21007", "21015":
		// A payment's number is taken: there is an order to look at.
		if op == opPayment || op == opCheckout || op == opTokenPay {
			return client.ClassConflict
		}
		return client.ClassUnknown
	case "1501", "1008", "21006":
		return client.ClassRefused
	case "1001", "1002", "1003", "1004", "1005", "21001", "21003", "21004", "21016":
		return client.ClassAuth
	case "1013", "1502", "21008", "21009":
		// 1502: another refund is under way; to be tried again when it is over.
		return client.ClassRate
	case "1006", "1007", "1009", "1010", "1011", "1015", "1016", "1020",
		"1504", "1505", "1506", "1507", "1508", "1509", "1510", "1511", "1512", "1513", "1516",
		"21002", "21005", "21010", "21012", "21013", "21014":
		return client.ClassRefused
	}
	// 1018 and 21011 (network), 1503 (system), 1514 (not documented), 1515 (the
	// refund's number is in use: an earlier sending arrived), 21000 (general).
	return client.ClassUnknown
}

// timeRefusal reports whether a code may mean that the timestamp was off. Only
// the group has codes of its own for it.
func timeRefusal(code string) bool {
	return slices.Contains([]string{"1009", "21002", "21008", "21009"}, code)
}

// hintFor says what to do about a failing code.
func hintFor(op operation, code string, class client.Class) string {
	switch code {
	case "1001", "21003", "1504":
		return "check app_id, environment and base_url against the gateway's portal"
	case "1002", "21016":
		return "this machine's public address is not on the merchant's list at the gateway; have it added"
	case "1003", "21001":
		return "the gateway does not accept our signature: check app_id, dialect and the merchant key against the portal"
	case "1006", "21014":
		return "the balance is short; try again after further payments have come in"
	case "1011":
		return "the channel is not available now; try again later"
	case "1502":
		return "another refund of this payment is under way; it goes on when that one is over"
	case "1507", "1510":
		return "the payment's channel has no refunds; pay the customer by another way"
	case "1508":
		return "the payment's channel allows one refund only"
	case "1509":
		return "the payment is older than 60 days; pay the customer by another way"
	case "1511", "1512":
		return "the payment's channel refunds the full amount only"
	case "1515":
		return "the number is in use: an earlier sending arrived; the list of the payment's refunds tells"
	case "21008", "21009":
		return "this machine's clock is off and correcting for it did not help: set the clock"
	}
	switch class {
	case client.ClassUnknown:
		return wire.LostHint(op.kind)
	case client.ClassAuth:
		return "something about the contract or the account is missing; ask the gateway's support"
	case client.ClassNotFound:
		return "check the number, the profile and the environment"
	case client.ClassConflict:
		return "the number is taken; look up what is there"
	case client.ClassRate:
		return "wait a little"
	default:
		return ""
	}
}

// foldDialect is a dialect's name as it is written here.
func foldDialect(name string) string { return strings.ToUpper(strings.TrimSpace(name)) }
