package paycools

import "paydesk/client/sandbox/protocol"

// The names of the switches.
const (
	ipCheck          = "ip_check"
	merchantState    = "merchant"
	rateLimit        = "rate_limit"
	requestDigest    = "request_digest"
	checkoutSign     = "checkout_sign"
	checkoutCode     = "checkout_code"
	codeAs           = "code_as"
	messageMember    = "message_member"
	timestampWindow  = "timestamp_window"
	zoneOffset       = "zone"
	extraMembers     = "extra_members"
	forcedCode       = "forced_code"
	forcedOn         = "forced_on"
	forcedRecorded   = "forced_recorded"
	windowDays       = "refund_window_days"
	oneAtATime       = "one_refund_at_a_time"
	channelRule      = "channel_rule"
	noRefundsCode    = "no_channel_refund"
	fullOnlyCode     = "full_only"
	reasonNeeded     = "reason_needed"
	funds            = "funds"
	refundOutcome    = "refund_outcome"
	chargeOutcome    = "charge_outcome"
	noRefunds        = "no_refunds"
	ofUnknown        = "refunds_of_unknown"
	singleRefund     = "single_refund"
	completeWord     = "complete_word"
	cancelWord       = "cancel_word"
	feeRefunded      = "fee_refunded"
	failedCode       = "failed_code"
	eventDisagrees   = "event_disagrees"
	swappedPrefixes  = "swapped_prefixes"
	checkoutEvent    = "checkout_event"
	callbackDialect  = "callback_dialect"
	callbackReason   = "callback_reason"
	digestCase       = "callback_digest_case"
	callbackAttempts = "callback_attempts"
	acknowledgement  = "acknowledgement"
	pageSize         = "page_size"
	firstPage        = "first_page"
	lastPage         = "last_page"
	statementAmounts = "statement_amounts"
	tokenSpelling    = "token_spelling"
	tokenWords       = "token_words"
	cancelledToken   = "cancelled_token"
)

// switches lists the points that the documentation leaves open, and those at
// which its generations disagree, with the behaviour that is taken unless told
// otherwise (paycools: sections 12 and 13).
func switches() []protocol.Switch {
	yes, no := []string{"yes", "no"}, []string{"no", "yes"}
	choice := func(name, help string, values ...string) protocol.Switch {
		return protocol.Switch{Name: name, Default: values[0], Values: values, Help: help}
	}
	number := func(name, preset, help string) protocol.Switch {
		return protocol.Switch{Name: name, Default: preset, Help: help}
	}
	return []protocol.Switch{
		choice(ipCheck, "refuse: the caller's address is not on the merchant's list", "off", "refuse"),
		choice(merchantState, "whether merchant and institution may trade", "available", "unavailable", "institution-unavailable"),
		number(rateLimit, "0", "calls per second before "+codeRate+"; 0: no limit"),
		choice(requestDigest, "digest of request signatures; old documents say SHA-1", "sha256", "sha1", "both"),
		choice(checkoutSign, "what PH2 signs", "appId+param", "param", "both"),
		choice(checkoutCode, "code of success in PH2", "1", "1000"),
		choice(codeAs, "how codes are written", "number", "text"),
		choice(messageMember, "name of the text beside a code", "message", "msg"),
		number(timestampWindow, "120", "seconds that a timestamp is valid; 0: for ever"),
		choice(zoneOffset, "zone of times without one, and of statement days", "+08:00", "+00:00", "+07:00", "+09:00", "-05:00"),
		choice(extraMembers, "answers and callbacks carry members that nobody documented", no...),
		number(forcedCode, "0", "a code that forced_on answers with, whatever was asked; 0: none"),
		choice(forcedOn, "the operation that answers with forced_code", "refund", "query", "order", "create", "tokens", "unbind", "close", "statement", "balance", "*"),
		choice(forcedRecorded, "whether the call is carried out in spite of forced_code", no...),
		number(windowDays, "60", "days after payment in which refunds are taken; 0: for ever"),
		choice(oneAtATime, codeBusy+" while another refund of the payment is pending", yes...),
		choice(channelRule, "what channels refund: each its own, or all alike", "table", ruleAny, ruleNone, ruleOnce, ruleFull),
		choice(noRefundsCode, "code for a channel without refunds", codeNoChannel, codeNoChannel2),
		choice(fullOnlyCode, "code for a partial refund of a channel without", codeNoPartial, codeNotEqual),
		choice(reasonNeeded, "whether refundReason is mandatory", no...),
		choice(funds, "the merchant's balance", "enough", "empty"),
		choice(refundOutcome, "how new refunds end", "success", "failed", "cancelled", "stay"),
		choice(chargeOutcome, "how new charges of authorisations end", "success", "failed", "stay"),
		choice(noRefunds, "refund query of a payment that has none", "empty", "null", codeNotFound, codeNoPayment),
		choice(ofUnknown, "refund query of a payment or refund that is not known", codeNotFound, codeNoPayment, "empty", "null"),
		choice(singleRefund, "how a single refund is listed", "array", "object"),
		choice(completeWord, "word for success", "as-dialect", "COMPLETE", "COMPLETED", "SUCCESS"),
		choice(cancelWord, "word for a cancelled refund", "CANCELLED", "CANCELED", "CANCEL"),
		choice(feeRefunded, "whether refunds carry feeRefunded", yes...),
		choice(failedCode, "how failedCode is written", "number", "text", "missing"),
		choice(eventDisagrees, "callbacks of failures have the event name of a success", no...),
		choice(swappedPrefixes, "new payments are numbered R…, new refunds C4X…", no...),
		choice(checkoutEvent, "event name of checkouts", "checkout", "h5"),
		choice(callbackDialect, "dialect of callbacks", "as-asked", PH, GROUP),
		choice(callbackReason, "whether refund callbacks carry refundReason", yes...),
		choice(digestCase, "letters of the callback digest", "lower", "upper"),
		number(callbackAttempts, "5", "how often a callback is tried"),
		choice(acknowledgement, "codes that acknowledge a callback: 0, 1, 1000 and 10000, or 1 only", "tolerant", "strict"),
		number(pageSize, "10", "records on a page of a statement"),
		choice(firstPage, "number of a statement's first page", "1", "0"),
		choice(lastPage, "what comes behind the last page of a statement", "empty", "repeats"),
		choice(statementAmounts, "amounts of statements: decimal pesos, their text, or, wrongly, cents", "number", "text", "cents"),
		choice(tokenSpelling, "payToken and channelCode, or paytoken and channelcode", "camel", "lower"),
		choice(tokenWords, "words of token states", "ACTIVED", "ACTIVE"),
		choice(cancelledToken, "cancelling a token a second time", "accept", codeNotFound, codeParams),
	}
}
