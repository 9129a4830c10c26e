package payermax

import "paydesk/client/sandbox/protocol"

// The names of the switches (payermax: section 16).
const (
	failureSign    = "failure_sign"
	missingAccount = "missing_merchant"
	rateLimit      = "rate_limit"
	repeatData     = "order_repeat_data"
	notPaid        = "order_not_paid"
	overAmount     = "over_amount"
	inProgress     = "refund_in_progress"
	sameRefund     = "same_refund"
	refundAnswer   = "refund_answer"
	partialRefund  = "partial_refund"
	windowDays     = "refund_window_days"
	funds          = "funds"
	testAmounts    = "test_amounts"
	unknownRefund  = "unknown_refund"
	amountMember   = "amount_member"
	numbersAs      = "numbers"
	finishTime     = "finish_time"
	extraMembers   = "extra_members"
	emptyTokens    = "empty_tokens"
	listRemoved    = "list_removed_tokens"
	removedToken   = "removed_token"
	compressed     = "compressed"
)

// switches lists the points that the documentation leaves open, with the
// behaviour that is taken unless told otherwise.
func switches() []protocol.Switch {
	refusals := []string{codeRefundFailed, codeAmount, codeParams, codeNoOrder}
	return []protocol.Switch{
		{Name: failureSign, Default: "signed", Values: []string{"signed", "unsigned", "wrong"}, Help: "signature of failing answers"},
		{Name: missingAccount, Default: "refuse", Values: []string{"refuse", "accept"}, Help: "a request without merchantNo"},
		{Name: rateLimit, Default: "0", Help: "calls per second before " + codeRate + "; 0: no limit"},
		{Name: repeatData, Default: "no", Values: []string{"no", "yes"}, Help: codeRepeat + " of orderAndPay carries the existing order"},
		{Name: notPaid, Default: codeRefundFailed, Values: refusals, Help: "refund of an order that is not paid"},
		{Name: overAmount, Default: codeAmount, Values: refusals, Help: "refund above what is left"},
		{Name: inProgress, Default: codeRefundFailed, Values: refusals, Help: "refund while another one of the order is pending"},
		{Name: sameRefund, Default: "replay", Values: []string{"replay", codeRepeat, codeNoRefund}, Help: "same refund number, same parameters"},
		{Name: refundAnswer, Default: wordPending, Values: []string{wordPending, wordSuccess, wordFailed}, Help: "status that a new refund starts with"},
		{Name: partialRefund, Default: "accept", Values: []string{"accept", "refuse"}, Help: "whether the payment methods take partial refunds"},
		{Name: windowDays, Default: "180", Help: "days after payment in which refunds are taken; 0: for ever"},
		{Name: funds, Default: "enough", Values: []string{"enough", "empty"}, Help: "the merchant's money to be settled"},
		{Name: testAmounts, Default: "on", Values: []string{"on", "off"}, Help: "refunds of 102 and 10000 fail, of 202 and 20000 stay pending"},
		{Name: unknownRefund, Default: codeNoOrder, Values: []string{codeNoOrder, codeNoRefund}, Help: "refundQuery of an unknown number"},
		{Name: amountMember, Default: "refundAmount", Values: []string{"refundAmount", "totalAmount", "both", "neither"}, Help: "where refundQuery carries the amount"},
		{Name: numbersAs, Default: "number", Values: []string{"number", "string"}, Help: "how amounts are written"},
		{Name: finishTime, Default: "value", Values: []string{"value", "missing", "null", "empty"}, Help: "refundFinishTime of refundQuery"},
		{Name: extraMembers, Default: "no", Values: []string{"no", "yes"}, Help: "answers and callbacks carry members that nobody documented"},
		{Name: emptyTokens, Default: "list", Values: []string{"list", "null", "no-data"}, Help: "how a user without tokens is answered"},
		{Name: listRemoved, Default: "yes", Values: []string{"yes", "no"}, Help: "whether removed tokens are listed, as Deleted"},
		{Name: removedToken, Default: codeParams, Values: []string{codeParams, codeNoOrder, codeAccepted}, Help: "removing a token a second time"},
		{Name: compressed, Default: "no", Values: []string{"no", "gzip"}, Help: "answers are compressed for clients that say they take gzip"},
	}
}
