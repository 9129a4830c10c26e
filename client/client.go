// Package client is the vocabulary of paydesk's gateways: money, orders,
// refunds, saved cards, capabilities, and errors classed where they are born.
// A gateway speaks its protocol in its own package below this one. The package
// holds plain data; it never does network, disk or screen work, and knows
// nothing of the ledger.
package client

import (
	"context"
	"time"
)

// OrderStatus is the state of a payment order.
type OrderStatus string

// The order states of paydesk's JSON (product: section 2).
const (
	OrderPending OrderStatus = "pending" // waiting for the payer or the channel
	OrderPaid    OrderStatus = "paid"
	OrderFailed  OrderStatus = "failed"
	OrderClosed  OrderStatus = "closed"  // not paid in time
	OrderUnknown OrderStatus = "unknown" // a word this version does not know
)

// Order is a payment as its gateway reports it. Unknown values are zero.
type Order struct {
	OrderNo        string // the merchant's number, as the gateway echoes it
	GatewayOrderNo string // the gateway's number
	ChannelNo      string // the number of the channel behind the gateway
	UserID         string
	Amount         Money
	Status         OrderStatus
	Method         string // "CARD", "GCASH" …
	Brand          string // card brand or wallet
	Card           string // masked, last four digits at most
	Note           string // free text that came with the order
	FailCode       string // the gateway's reason when it failed
	CreatedAt      time.Time
	PaidAt         time.Time
}

// RefundStatus is the state of a refund. The first four are all a gateway can
// report; the others are paydesk's own (reliability: section 3).
type RefundStatus string

// The refund states.
const (
	RefundPending RefundStatus = "pending" // accepted by the gateway
	RefundSuccess RefundStatus = "success"
	RefundFailed  RefundStatus = "failed"
	RefundClosed  RefundStatus = "closed"

	RefundHeld      RefundStatus = "held"      // inside the undo window
	RefundIntent    RefundStatus = "intent"    // committed, surely not sent
	RefundSending   RefundStatus = "sending"   // may have been sent
	RefundUnknown   RefundStatus = "unknown"   // sent, answer lost or not believable
	RefundCancelled RefundStatus = "cancelled" // taken back before anything was sent
	RefundReversed  RefundStatus = "reversed"  // failed after success
)

// Open reports whether the refund reserves its amount and must be settled.
func (s RefundStatus) Open() bool {
	switch s {
	case RefundHeld, RefundIntent, RefundSending, RefundUnknown, RefundPending:
		return true
	default:
		return false
	}
}

// AtGateway reports whether the state is one that a gateway itself can report
// as the last word on a number.
func (s RefundStatus) AtGateway() bool {
	return s == RefundSuccess || s == RefundFailed || s == RefundClosed
}

// Refund is a refund as its gateway reports it. Unknown values are zero.
type Refund struct {
	RefundNo        string // the merchant's number
	GatewayRefundNo string
	OrderNo         string // the merchant's order number
	GatewayOrderNo  string // the gateway's order number, where it names the order so
	Amount          Money  // zero Currency when the answer carries no amount
	// AmountFromTotal says that the answer had no refund amount and Amount was
	// read from its total: it counts only when it equals what was asked for
	// (payermax: section 17 Q3).
	AmountFromTotal bool
	Status          RefundStatus
	// Word is the gateway's own word for the state where it is none that this
	// version knows; Status is then RefundUnknown. It is empty for a known word,
	// also for one that leaves open whether the money moves (easylink: section 7.3,
	// state 0).
	Word      string
	FailCode  string
	SettledAt time.Time
}

// TokenStatus is the state of a saved card.
type TokenStatus string

// The token states.
const (
	TokenActive  TokenStatus = "active"
	TokenExpired TokenStatus = "expired"
	TokenRemoved TokenStatus = "removed"
	TokenUnknown TokenStatus = "unknown"
)

// Token is a saved card or wallet of one user.
type Token struct {
	Token     string
	UserID    string
	Status    TokenStatus
	Method    string
	Brand     string
	Card      string // masked
	ExpiresAt time.Time
}

// Exchange is the evidence of one call: what was sent and what came back,
// redacted and fit for the ledger. It holds no secret and no card number.
type Exchange struct {
	Operation    string    // "refund", "refundQuery" …
	At           time.Time // when the answer, or the failure, was there; UTC
	URL          string    // without query and user info
	HTTPStatus   int       // 0 when no answer came
	Code         string    // the gateway's code
	Message      string    // the gateway's text; never decides anything
	Verified     bool      // the answer's signature was present and valid
	Request      []byte    // redacted body
	Answer       []byte    // redacted body, cut at the body limit
	RequestHash  string    // hex SHA-256 of the exact request bytes
	AnswerHash   string    // hex SHA-256 of the exact answer bytes
	RequestBytes int       // length of the exact request
	// Signature is what was found out about an answer's signature that is missing
	// or wrong: what it should stand over, and where the two differ. nil when the
	// signature was right, or the protocol signs no answers. It is Kept, and its
	// text is redacted as Answer is.
	Signature *Inspection
}

// OrderAnswer is an order with its evidence.
type OrderAnswer struct {
	Order    Order
	Exchange Exchange
}

// RefundAnswer is a refund with its evidence.
type RefundAnswer struct {
	Refund   Refund
	Exchange Exchange
}

// TokensAnswer is the saved cards of one user with the evidence.
type TokensAnswer struct {
	Tokens   []Token
	Exchange Exchange
}

// TokenAnswer is one saved card after its removal, with the evidence.
type TokenAnswer struct {
	Token    Token
	Exchange Exchange
}

// CreateOrder asks for a hosted payment page, or, with Token, charges a saved
// card.
type CreateOrder struct {
	OrderNo   string
	Amount    Money
	Country   string // ISO 3166-1, two letters; needed with Token by some gateways
	UserID    string
	Subject   string
	ReturnURL string // where the payer's browser goes afterwards
	NotifyURL string // empty: the gateway's portal setting
	Token     string // saved card to charge; empty: hosted page
	Method    string // payment method of the saved card, or the page's channel; empty: the gateway's usual one
	ClientIP  string // of the payer, for a token charge
	UserAgent string // of the payer, for a token charge

	// Of the payer, for gateways that insist on them; empty: the profile's own.
	PayerName   string
	PayerEmail  string
	PayerMobile string
}

// CreateOrderAnswer is a new order. PageURL is where the payer pays; empty
// when a token charge was done at once.
type CreateOrderAnswer struct {
	Order    Order
	PageURL  string
	Exchange Exchange
}

// RefundRequest is one refund as it goes on the wire. The same intent is
// always sent with the same four first fields (I2).
type RefundRequest struct {
	RefundNo       string
	OrderNo        string
	GatewayOrderNo string // sent only where a setting says so
	Amount         Money
	Reason         string
	NotifyURL      string
}

// RemoveToken asks for one saved card to be unbound.
type RemoveToken struct {
	Token  string
	UserID string
	Reason string
}

// Preview is what a call would send: the exact body with secrets masked, and
// where to.
type Preview struct {
	Method  string
	URL     string
	Headers map[string]string // the signature header included; deterministic schemes only
	Body    []byte
}

// Orders reads and creates payments.
type Orders interface {
	// QueryOrder asks for one order by the merchant's number. It returns an
	// *Error: ClassNotFound when the gateway says it does not know it.
	QueryOrder(ctx context.Context, orderNo string) (OrderAnswer, error)
	// CreateOrder opens a payment. A repeated number is ClassConflict.
	CreateOrder(ctx context.Context, req CreateOrder) (CreateOrderAnswer, error)
}

// Refunds moves money back. Only the desk may hold one.
type Refunds interface {
	// Refund sends one refund. A nil error means the gateway answered, signed,
	// with a state (which may be failed). Every doubt is ClassUnknown; only
	// ClassNotSent and ClassInput promise that nothing left the process, and
	// ClassRefused or ClassRate that the gateway's answer says so.
	Refund(ctx context.Context, req RefundRequest) (RefundAnswer, error)
	// QueryRefund asks for one refund by the merchant's refund number.
	QueryRefund(ctx context.Context, refundNo string) (RefundAnswer, error)
	// PreviewRefund builds and signs the request without sending it.
	PreviewRefund(req RefundRequest) (Preview, error)
}

// Tokens lists and unbinds saved cards. Only the desk may hold one.
type Tokens interface {
	Tokens(ctx context.Context, userID string) (TokensAnswer, error)
	// RemoveToken is safe to repeat.
	RemoveToken(ctx context.Context, req RemoveToken) (TokenAnswer, error)
	// PreviewRemoveToken builds and signs the request without sending it.
	PreviewRemoveToken(req RemoveToken) (Preview, error)
}

// Gateway is one merchant account at one gateway. A call that the gateway
// lacks answers ClassUnsupported; Capabilities says so beforehand.
type Gateway interface {
	Orders
	Refunds
	Tokens
	Capabilities() Capabilities
	// Decimals is the gateway's table, with the profile's overrides.
	Decimals(currency string) (exp uint8, ok bool)
	// ClockOffset is the gateway's clock minus ours, as last measured from the
	// Date header of an answer; ok is false before the first answer.
	ClockOffset() (offset time.Duration, ok bool)
}
