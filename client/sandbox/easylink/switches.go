package easylink

import "paydesk/client/sandbox/protocol"

// The names of the switches (easylink: sections 11 and 12).
const (
	messages      = "messages"
	account       = "account"
	reqTimeForm   = "req_time"
	reqTimeWindow = "req_time_window"
	extName       = "ext_param"
	times         = "times"
	dataAs        = "data_as"
	extraMembers  = "extra_members"
	emptyAnswers  = "empty_answers"
	orderState    = "new_order_state"
	closing       = "close"
	refundState   = "new_refund_state"
	testAmounts   = "test_amounts"
	channel       = "channel_refunds"
	currencyCheck = "refund_currency"
	createAmounts = "refund_amounts"
	unknownNumber = "unknown_number"
	notifyQuirks  = "notify_quirks"
	notifyAs      = "notify_as"
	acknowledge   = "acknowledge"
)

// The two names of the merchant's own text (easylink: section 11.1).
const (
	extParam   = "extParam"
	extraParam = "extraParam"
)

// switches lists the points that the specification leaves open, and the scripted
// outcomes of section 12, with the behaviour that is taken unless told
// otherwise.
func switches() []protocol.Switch {
	yesNo := func(name, value, help string) protocol.Switch {
		return protocol.Switch{Name: name, Default: value, Values: []string{"no", "yes"}, Help: help}
	}
	return []protocol.Switch{
		{Name: messages, Default: "chinese", Values: []string{"chinese", "english"}, Help: "language of the reasons of refusals"},
		{Name: account, Default: "active", Values: []string{"active", "merchant-disabled", "app-disabled"}, Help: "the merchant's account"},
		{Name: reqTimeForm, Default: "digits", Values: []string{"digits", "any"}, Help: "reqTime must have 10 or 13 digits, or anything will do"},
		{Name: reqTimeWindow, Default: "0", Help: "seconds that reqTime may be off; 0: any time will do"},
		{Name: extName, Default: extParam, Values: []string{extParam, extraParam}, Help: "what the gateway calls the merchant's own text"},
		{Name: times, Default: "milliseconds", Values: []string{"milliseconds", "seconds"}, Help: "times of answers and callbacks"},
		{Name: dataAs, Default: "object", Values: []string{"object", "text"}, Help: "how answers carry their data"},
		yesNo(extraMembers, "no", "answers and callbacks carry members that nobody documented"),
		yesNo(emptyAnswers, "no", "answers have no body"),
		{Name: orderState, Default: "1", Values: []string{"0", "1", "3"}, Help: "state of a new order; 0: a system fault, answered with 9999"},
		{Name: closing, Default: "works", Values: []string{"works", "empty"}, Help: "closing an order that is being paid; empty: the channel cannot"},
		{Name: refundState, Default: "1", Values: []string{"0", "1", "2", "3"}, Help: "state of a new refund; 0: a system fault, answered with 9999"},
		{Name: testAmounts, Default: "off", Values: []string{"off", "on"}, Help: "refunds of 101 fail later, of 102 never end, of 103 are state 3 at once, of 104 state 2, of 105 state 0"},
		yesNo(channel, "yes", "the channel takes refunds"),
		{Name: currencyCheck, Default: "ignored", Values: []string{"ignored", "checked"}, Help: "whether a refund's currency must be the order's"},
		yesNo(createAmounts, "yes", "the answer to a new refund names the amounts"),
		{Name: unknownNumber, Default: codeBusiness, Values: []string{codeBusiness, codeNoRecord}, Help: "code of a query for an unknown number"},
		{Name: notifyQuirks, Default: "off", Values: []string{"off", "stock"}, Help: "callbacks mix the address's query in and do not escape &"},
		{Name: notifyAs, Default: "form", Values: []string{"form", "json"}, Help: "how callbacks are written"},
		{Name: acknowledge, Default: "exact", Values: []string{"exact", "any-case"}, Help: "how the word success must be written"},
	}
}
