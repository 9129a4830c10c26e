package payermax

import "paydesk/client"

// The codes that the flow itself looks at (payermax: section 7.1).
const (
	codeAccepted    = "APPLY_SUCCESS"
	codeTime        = "REQ_TIME_OVER_TIME"
	codeOrderAbsent = "ORDER_NOT_EXIST"
	codeRepeat      = "ORDER_REPEAT"
	codeRefundNo    = "REFUND_NO_INVALID"
)

// classify maps a failing code to its class for one endpoint. A code that is
// not in the table is unknown, whatever was asked (section 7.3): for a creating
// call it may have been accepted, for a reading one nothing was learnt.
func classify(ep endpoint, code string) client.Class {
	switch code {
	case codeOrderAbsent:
		switch ep.path {
		case orderQuery.path, refundQuery.path:
			return client.ClassNotFound
		case refund.path:
			return client.ClassRefused
		}
		return client.ClassUnknown
	case codeRefundNo:
		// For a query: unknown number. For a refund it may mean that the number is
		// in use, that is, that an earlier sending arrived (section 8.3).
		if ep.path == refundQuery.path {
			return client.ClassNotFound
		}
		return client.ClassUnknown
	case codeRepeat:
		if ep.path == orderAndPay.path {
			return client.ClassConflict
		}
		return client.ClassUnknown
	}
	return classOf(code)
}

// classOf is the part of the table that does not depend on the endpoint.
func classOf(code string) client.Class {
	switch code {
	case "TOO_MANY_REQUEST", codeTime:
		return client.ClassRate

	// Too little money to be settled ends this attempt; it is offered again
	// later (reliability: section 4).
	case "REFUND_INSUFFICIENT_BALANCE", "BALANCE_INSUFFICIENT":
		return client.ClassRefused

	case "SIGN_VERIFY_FAILED", "MERCHANT_INVALID", "MERCHANT_APP_INVALID",
		"AUTHENTICATE_FAILED", "AUTH_FAILED", "AUTH_EXPIRED",
		"CONTRACT_INVALID", "ONBOARD_ERROR", "PARTICIPANT_INVALID":
		return client.ClassAuth

	case "PARAMS_INVALID", "COUNTRY_INVALID", "CURRENCY_INVALID", "AMOUNT_INVALID",
		"AMOUNT_LIMIT", "AMOUNT_LIMIT_MINIMUM", "AMOUNT_LIMIT_MAXIMUM",
		"ORDER_CLOSED", "PAYMENT_METHOD_NOT_EXIST", "PAYMENT_METHOD_SUSPEND",
		"PAYMENT_FAILED", "PAYMENT_REJECTED", "ISSUER_PAYMENT_REJECTED",
		"DECLINED_BY_MERCHANT_BLACKLIST", "ACCOUNT_BLOCKED", "REFUND_FAILED",
		"CARD_INVALID", "CARD_EXPIRE_DATE_INVALID", "CARD_HOLDER_NAME_INVALID", "CVV_INVALID", "UNSUPPORT_CARD",
		"ACCOUNT_INVALID", "PHONE_NUM_INVALID", "UPI_INVALID", "PIN_INVALID", "PIN_VERIFY_LIMIT",
		"OTP_VERIFY_FAILED", "OTP_VERIFY_LIMIT", "OVER_VERIFY_LIMIT", "BANKCODE_INVALID", "ID_NUM_INVALID",
		"EMAIL_INVALID", "DOCUMENT_INVALID", "TCK_INVALID", "DATE_INVALID", "PAYEE_NAME_INVALID",
		"REMARK_INVALID", "CNIC_INVALID", "BARCODE_REFRESH_LIMIT", "BARCODE_REFRESH_FAILED":
		return client.ClassRefused
	}
	// SYSTEM_ERROR, UNEXPECTED_ERROR, REQUEST_TIMEOUT, PAYMENT_PROCESSING and
	// whatever is not in the table.
	return client.ClassUnknown
}

// hintFor says what to do about a failing code.
func hintFor(ep endpoint, code string, class client.Class) string {
	switch code {
	case codeTime:
		return "this machine's clock is off by more than two minutes and correcting for it did not help: set the clock"
	case "SIGN_VERIFY_FAILED":
		return "the gateway does not accept our signature: check app_id and the merchant key against the portal, where a new public key replaces the old one at once"
	case "MERCHANT_INVALID", "MERCHANT_APP_INVALID":
		return "check merchant_no, app_id, environment and base_url against the gateway's portal"
	case "REFUND_INSUFFICIENT_BALANCE", "BALANCE_INSUFFICIENT":
		return "there is not enough money to be settled in this currency; refund again after further payments have come in"
	case "TOO_MANY_REQUEST":
		return "too many requests; wait a little"
	case codeRepeat:
		return "the number is taken; read what is there"
	}
	switch class {
	case client.ClassUnknown:
		return lostHint(ep)
	case client.ClassAuth:
		return "something about the contract or the account is missing; ask the gateway's support"
	case client.ClassNotFound:
		return "check the number, the profile and the environment"
	default:
		return ""
	}
}
