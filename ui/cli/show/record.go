// Package show turns records into what the headless verbs print: JSON lines
// with stable names, and tables and fields for people. Every text from outside
// passes through ui/text, and every sign of a JSON text that could steer a
// terminal is escaped. It never reads a ledger and never decides anything.
package show

import (
	"encoding/json"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Order is an order in JSON (product: section 2).
type Order struct {
	Profile        string     `json:"profile"`
	Gateway        string     `json:"gateway"`
	OrderNo        string     `json:"order_no"`
	GatewayOrderNo string     `json:"gateway_order_no,omitempty"`
	UserID         string     `json:"user_id,omitempty"`
	Amount         string     `json:"amount,omitempty"`
	Currency       string     `json:"currency,omitempty"`
	Status         string     `json:"status"`
	Method         string     `json:"method,omitempty"`
	Card           string     `json:"card,omitempty"`
	CreatedAt      *time.Time `json:"created_at,omitempty"`
	PaidAt         *time.Time `json:"paid_at,omitempty"`
	Refunded       string     `json:"refunded,omitempty"`
	Refundable     string     `json:"refundable,omitempty"`
	OpenRefund     string     `json:"open_refund,omitempty"`
	Source         string     `json:"source,omitempty"`
	UpdatedAt      *time.Time `json:"updated_at,omitempty"`

	Found   string `json:"found,omitempty"`    // how a looked-up number was found
	PageURL string `json:"page_url,omitempty"` // where the payer pays a new order
}

// NewOrder is the JSON form of an order.
func NewOrder(o ledger.Order) Order {
	return Order{
		Profile: o.Profile, Gateway: o.Gateway, OrderNo: o.OrderNo, GatewayOrderNo: o.GatewayOrderNo, UserID: o.UserID,
		Amount: major(o.Amount), Currency: o.Amount.Currency, Status: word(string(o.Status)), Method: o.Method, Card: o.Card,
		CreatedAt: moment(o.CreatedAt), PaidAt: moment(o.PaidAt), Refunded: sum(o.Refunded, o.Amount), Refundable: major(o.Refundable()),
		OpenRefund: o.OpenRefund, Source: o.Source, UpdatedAt: moment(o.UpdatedAt),
	}
}

// Refund is a refund in JSON.
type Refund struct {
	Profile         string     `json:"profile"`
	Gateway         string     `json:"gateway"`
	RefundNo        string     `json:"refund_no"`
	GatewayRefundNo string     `json:"gateway_refund_no,omitempty"`
	OrderNo         string     `json:"order_no"`
	Amount          string     `json:"amount,omitempty"`
	Currency        string     `json:"currency,omitempty"`
	Status          string     `json:"status"`
	Reason          string     `json:"reason,omitempty"`
	Note            string     `json:"note,omitempty"`
	Agent           string     `json:"agent,omitempty"`
	CreatedAt       *time.Time `json:"created_at,omitempty"`
	SentAt          *time.Time `json:"sent_at,omitempty"`
	SettledAt       *time.Time `json:"settled_at,omitempty"`
	Checks          int        `json:"checks"`
	NextCheckAt     *time.Time `json:"next_check_at,omitempty"`
	LastAnswer      *Answer    `json:"last_answer,omitempty"`
}

// Answer is the last thing a gateway said about a refund.
type Answer struct {
	Code     string `json:"code,omitempty"`
	Message  string `json:"message,omitempty"`
	Verified bool   `json:"verified"`
}

// NewRefund is the JSON form of a refund.
func NewRefund(r ledger.Refund) Refund {
	out := Refund{
		Profile: r.Profile, Gateway: r.Gateway, RefundNo: r.RefundNo, GatewayRefundNo: r.GatewayRefundNo, OrderNo: r.OrderNo,
		Amount: major(r.Amount), Currency: r.Amount.Currency, Status: word(string(r.Status)), Reason: r.Reason, Note: r.Note, Agent: r.Agent,
		CreatedAt: moment(r.CreatedAt), SentAt: moment(r.SentAt), SettledAt: moment(r.SettledAt), Checks: r.Checks,
		NextCheckAt: moment(r.NextCheckAt),
	}
	if answered(r.Last) {
		out.LastAnswer = &Answer{Code: r.Last.Code, Message: r.Last.Message, Verified: r.Last.Verified}
	}
	return out
}

// answered reports whether a gateway has said anything.
func answered(l ledger.Last) bool { return l.Code != "" || l.Message != "" || l.Verified }

// Token is a saved card in JSON.
type Token struct {
	Profile   string     `json:"profile"`
	Gateway   string     `json:"gateway"`
	Token     string     `json:"token"`
	UserID    string     `json:"user_id"`
	Status    string     `json:"status"`
	Method    string     `json:"method,omitempty"`
	Brand     string     `json:"brand,omitempty"`
	Card      string     `json:"card,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// NewToken is the JSON form of a saved card.
func NewToken(t ledger.Token) Token {
	return Token{
		Profile: t.Profile, Gateway: t.Gateway, Token: t.Token.Token, UserID: t.UserID, Status: word(string(t.Status)),
		Method: t.Method, Brand: t.Brand, Card: t.Card, ExpiresAt: moment(t.ExpiresAt),
	}
}

// Event is a line of the journal in JSON.
type Event struct {
	At      time.Time       `json:"at"`
	Profile string          `json:"profile,omitempty"`
	Kind    string          `json:"kind"`
	Subject string          `json:"subject,omitempty"`
	Agent   string          `json:"agent,omitempty"`
	Detail  json.RawMessage `json:"detail,omitempty"`
	Digest  string          `json:"digest"`
	Prev    string          `json:"prev,omitempty"`
}

// NewEvent is the JSON form of a journal line.
func NewEvent(e ledger.Event) Event {
	return Event{
		At: e.At.UTC(), Profile: e.Profile, Kind: e.Kind, Subject: e.Subject, Agent: e.Agent, Detail: e.Detail, Digest: e.Digest, Prev: e.Prev,
	}
}

// Check is one finding of a check-up.
type Check struct {
	Check   string `json:"check"`
	Profile string `json:"profile,omitempty"`
	Status  string `json:"status"` // ok, warn or fail
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// The results of a check.
const (
	OK   = "ok"
	Warn = "warn"
	Fail = "fail"
)

// major is an amount without its currency; "" when it is not known.
func major(m client.Money) string {
	if m.Currency == "" {
		return ""
	}
	return m.Major()
}

// sum is a total that is zero in the order's currency when nothing was added.
func sum(m, like client.Money) string {
	if m.Currency == "" {
		return major(like.Zero())
	}
	return m.Major()
}

func word(status string) string {
	if status == "" {
		return "unknown"
	}
	return status
}

// moment is a time in UTC; nil when it is not known.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
