package client

import "context"

// The interfaces of this file are those that only some gateways have. Who holds
// a Gateway asks for them by type; Capabilities says whether they serve.

// Wrapper is a Gateway around another one.
type Wrapper interface{ Unwrap() Gateway }

// As finds an optional interface of a gateway, also of one inside a Wrapper: the
// outermost that has it answers.
func As[T any](g Gateway) (optional T, ok bool) {
	for g != nil {
		if optional, ok = g.(T); ok {
			return optional, true
		}
		w, wraps := g.(Wrapper)
		if !wraps {
			break
		}
		g = w.Unwrap()
	}
	return optional, false
}

// OrderRef names one order by all that is known of it. Unknown values are zero.
type OrderRef struct {
	OrderNo        string // the merchant's number
	GatewayOrderNo string // the gateway's number
	Placed         Day    // in the gateway's zone: where to look in its statement; zero: the last days
}

// RefundRef names one refund by all that is known of it. Unknown values are
// zero.
type RefundRef struct {
	RefundNo        string // the merchant's number
	GatewayRefundNo string // the gateway's number
	OrderNo         string // the merchant's order number
	GatewayOrderNo  string // the gateway's order number
}

// Finder is a gateway that needs more than the merchant's number to find
// something. Where it is there, it is to be preferred to QueryOrder and
// QueryRefund.
type Finder interface {
	// FindOrder asks for one order by the best of its numbers. It returns an
	// *Error: ClassNotFound when the gateway knows none of them, as far as it can
	// be asked.
	FindOrder(ctx context.Context, ref OrderRef) (OrderAnswer, error)
	// FindRefund asks for one refund by the best of its numbers. ClassNotFound
	// only when the gateway said so of a payment or a refund that it was asked for;
	// ClassInput when the numbers do not suffice to ask, which says nothing about
	// the refund.
	FindRefund(ctx context.Context, ref RefundRef) (RefundAnswer, error)
}

// RefundsAnswer is all refunds of one payment with the evidence.
type RefundsAnswer struct {
	Refunds  []Refund
	Exchange Exchange
}

// RefundLister is a gateway that lists the refunds of one payment, those made
// elsewhere included. No refund is an empty list, not an error.
type RefundLister interface {
	RefundsOf(ctx context.Context, gatewayOrderNo string) (RefundsAnswer, error)
}

// OrderCloser is a gateway that can end an open payment page. The order of the
// answer has no currency when the gateway did not repeat the amount.
type OrderCloser interface {
	CloseOrder(ctx context.Context, orderNo string) (OrderAnswer, error)
}

// BalanceAnswer is what an account holds, with the evidence.
type BalanceAnswer struct {
	Balance  Money
	Exchange Exchange
}

// Balances is a gateway that says what the account holds.
type Balances interface {
	Balance(ctx context.Context) (BalanceAnswer, error)
}

// RefundRule is what a payment channel lets a merchant refund.
type RefundRule struct {
	Refund   Capability // at all
	Partial  Capability // less than the whole
	Multiple Capability // more than once
}

// RefundRules is a gateway whose channels differ in that. ok is false for a
// method of which nothing is known: try, and obey the answer.
type RefundRules interface {
	RefundRule(method string) (rule RefundRule, ok bool)
}
