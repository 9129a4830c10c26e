// Package ability puts into words what a gateway can and cannot do, and within
// what limits, for the console and the verbs alike. It decides nothing, asks
// nobody, and knows no gateway by name.
package ability

import (
	"time"

	"paydesk/client"
	"paydesk/ui/text"
)

// Line is one thing that gateways do or do not do.
type Line struct {
	ID     string // its name in JSON; stable
	Title  text.Safe
	Can    bool
	Reason text.Safe // why not; empty only where Can is set
}

// Fact is one limit or habit of a gateway.
type Fact struct {
	ID    string // its name in JSON; stable
	Title text.Safe
	Value text.Safe
}

// Why is the reason of a capability that is missing, never empty.
func Why(c client.Capability) text.Safe {
	if reason := text.Clean(c.Reason); !reason.Empty() {
		return reason
	}
	return text.Literal("this gateway does not offer it")
}

// Check is a capability as an action needs it: whether, and if not, why not.
func Check(c client.Capability) (reason text.Safe, ok bool) {
	if c.OK {
		return text.Safe{}, true
	}
	return Why(c), false
}

// Lines lists every capability, in the order in which people are shown them.
func Lines(can client.Capabilities) []Line {
	l := text.Literal
	var list []Line
	add := func(id string, title text.Safe, c client.Capability) {
		reason, ok := Check(c)
		list = append(list, Line{ID: id, Title: title, Can: ok, Reason: reason})
	}
	add("query_order", l("look up an order"), can.QueryOrder)
	add("query_by_gateway_no", l("look it up by the gateway's number"), can.QueryByGatewayNo)
	add("list_orders", l("list orders"), can.ListOrders)
	add("statement", l("read the statement of a day"), can.Statement)
	add("create_order", l("open a payment page"), can.CreateOrder)
	add("close_order", l("close an open payment page"), can.CloseOrder)
	add("refund", l("refund"), can.Refund)
	add("partial_refund", l("refund a part"), can.PartialRefund)
	add("query_refund", l("ask about a refund"), can.QueryRefund)
	add("list_tokens", l("list a user's saved cards"), can.ListTokens)
	add("charge_token", l("charge a saved card"), can.ChargeToken)
	add("remove_token", l("unbind a saved card"), can.RemoveToken)
	add("balance", l("tell the account's balance"), can.Balance)
	return list
}

// Facts lists limits and habits; what a gateway does not limit is left out.
func Facts(can client.Capabilities) []Fact {
	l := text.Literal
	var list []Fact
	add := func(id string, title, value text.Safe) {
		if !value.Empty() {
			list = append(list, Fact{ID: id, Title: title, Value: value})
		}
	}
	add("refund_window", l("refund window"), window(can.RefundWindow))
	add("refund_limit", l("refund limit"), limit(can.RefundHardLimit))
	if can.OneRefundAtATime {
		add("one_refund_at_a_time", l("at a time"), l("one refund of an order"))
	}
	if can.ClosedMayHaveMoved {
		add("closed_may_have_moved", l("closed refunds"), l("closed by a timer, the money may have moved: a person looks before the order is refunded again"))
	}
	if can.OrderNosRepeat {
		add("order_nos_repeat", l("numbers"), l("several payments may carry one number of the merchant's; the gateway's own tells them apart"))
	}
	if can.MaxReason > 0 {
		add("max_reason", l("reason"), text.Concat(l("at most "), text.Number(int64(can.MaxReason)), l(" characters")))
	}
	add("answers", l("answers"), Answers(can))
	add("poll_plan", l("asked again"), Plan(can.Pace))
	if can.RequestsPerSecond > 0 {
		add("budget", l("budget"), text.Concat(text.Number(int64(can.RequestsPerSecond)), l(" requests a second, "),
			text.Number(int64(can.Burst)), l(" at once")))
	}
	return list
}

func window(d time.Duration) text.Safe {
	if d <= 0 {
		return text.Safe{}
	}
	return text.Concat(text.Literal("may be refused "), text.Span(d), text.Literal(" after the payment"))
}

func limit(d time.Duration) text.Safe {
	if d <= 0 {
		return text.Safe{}
	}
	return text.Concat(text.Literal("not possible "), text.Span(d), text.Literal(" after the payment"))
}

// Unsigned is what is said of a gateway that signs no answers.
func Unsigned() text.Safe { return text.Literal("answers are not signed: TLS vouches for them") }

// Answers says whether a gateway's answers are signed.
func Answers(can client.Capabilities) text.Safe {
	switch {
	case can.UnsignedAnswers:
		return text.Literal("not signed: TLS vouches for them")
	case can.UnsignedRefusals:
		return text.Literal("signed, but for some refusals, which are settled by asking")
	}
	return text.Literal("signed")
}

// Plan says in words when a gateway is asked again about a refund, by the age of
// the refund: "after 5 s, every 30 s until 10 min, then every 12 h". A step in
// which it is asked once says when.
func Plan(pace client.Pace) text.Safe {
	l := text.Literal
	var parts []text.Safe
	asked := time.Duration(0) // age at the last look
	for _, step := range pace.Poll {
		every := text.Concat(l("every "), length(step.Every))
		if step.Until == 0 || step.Every <= 0 {
			parts = append(parts, text.Concat(l("then "), every))
			break
		}
		looks := max((step.Until-asked+step.Every-1)/step.Every, 0)
		asked += looks * step.Every
		switch looks {
		case 0:
		case 1:
			parts = append(parts, text.Concat(l("after "), length(asked)))
		default:
			parts = append(parts, text.Concat(every, l(" until "), length(step.Until)))
		}
	}
	if pace.Watch > 0 && pace.WatchEvery > 0 {
		parts = append(parts, text.Concat(l("and a success every "), length(pace.WatchEvery), l(" for "), length(pace.Watch)))
	}
	return text.Join(l(", "), parts...)
}

// length is a length of time to its second unit: "10 s", "90 s", "2 h 10 min".
// A sandbox that runs faster than life asks within parts of a second.
func length(d time.Duration) text.Safe {
	switch {
	case d < time.Second:
		return text.Concat(text.Number(d.Milliseconds()), text.Literal(" ms"))
	case d < 2*time.Minute && d%time.Minute != 0:
		return text.Concat(text.Number(int64(d.Round(time.Second)/time.Second)), text.Literal(" s"))
	case d > time.Hour && d < 24*time.Hour && d%time.Hour >= time.Minute:
		return text.Concat(text.Span(d.Truncate(time.Hour)), text.Spaces(1), text.Span(d%time.Hour))
	case d == 24*time.Hour:
		return text.Literal("1 d")
	}
	return text.Span(d)
}
