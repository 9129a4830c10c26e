package book

import (
	"strings"
	"time"

	"paydesk/client"
)

// Outcome is how something pending will end.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Failed  Outcome = "failed"
	Closed  Outcome = "closed" // a refund that is cancelled, or given up unresolved
	Stay    Outcome = "stay"   // never decided by itself
)

// Order is a payment as the gateway holds it. Times are the gateway's, except
// DueAt and ExpiresAt, which are the host's clock so that a shifted gateway
// clock does not change how long things take.
type Order struct {
	Gateway        string             `json:"gateway"`
	OrderNo        string             `json:"order_no"`
	GatewayOrderNo string             `json:"gateway_order_no"`
	InternalNo     string             `json:"internal_no,omitempty"` // the gateway's inner number
	Dialect        string             `json:"dialect,omitempty"`     // in which it was asked for, where there are several
	ChannelNo      string             `json:"channel_no,omitempty"`
	UserID         string             `json:"user_id,omitempty"`
	Country        string             `json:"country,omitempty"`
	Amount         client.Money       `json:"amount"`
	Status         client.OrderStatus `json:"status"`
	Subject        string             `json:"subject,omitempty"`
	Note           string             `json:"note,omitempty"` // the merchant's reference
	Method         string             `json:"method,omitempty"`
	Brand          string             `json:"brand,omitempty"`  // card brand or wallet
	Card           string             `json:"card,omitempty"`   // masked
	Token          string             `json:"token,omitempty"`  // saved card that was charged
	Saves          string             `json:"saves,omitempty"`  // token to be created when paid
	Refuse         bool               `json:"refuse,omitempty"` // the channel refunds nothing
	NotifyURL      string             `json:"notify_url,omitempty"`
	ReturnURL      string             `json:"return_url,omitempty"`
	FailCode       string             `json:"fail_code,omitempty"`
	Page           bool               `json:"page,omitempty"`  // there is a payment page
	Extra          map[string]string  `json:"extra,omitempty"` // what else is repeated, by the gateway's own names; never changed once made
	Plan           Outcome            `json:"plan,omitempty"`  // what happens at DueAt; empty: the payer decides
	CreatedAt      time.Time          `json:"created_at,omitzero"`
	PaidAt         time.Time          `json:"paid_at,omitzero"` // when it ended, whatever the end
	DueAt          time.Time          `json:"due_at,omitzero"`
	ExpiresAt      time.Time          `json:"expires_at,omitzero"`
}

// Refund is a refund as the gateway holds it. DueAt is the host's clock.
type Refund struct {
	Gateway         string              `json:"gateway"`
	RefundNo        string              `json:"refund_no"`
	GatewayRefundNo string              `json:"gateway_refund_no"`
	Dialect         string              `json:"dialect,omitempty"` // in which it was asked for, where there are several
	OrderNo         string              `json:"order_no"`
	Amount          client.Money        `json:"amount"`
	Status          client.RefundStatus `json:"status"`
	First           client.RefundStatus `json:"first"` // what the first answer said
	Reason          string              `json:"reason,omitempty"`
	Extra           map[string]string   `json:"extra,omitempty"` // as in Order
	NotifyURL       string              `json:"notify_url,omitempty"`
	FailCode        string              `json:"fail_code,omitempty"`
	Plan            Outcome             `json:"plan,omitempty"` // what happens at DueAt
	Late            bool                `json:"late,omitempty"` // fails after its success
	CreatedAt       time.Time           `json:"created_at,omitzero"`
	SettledAt       time.Time           `json:"settled_at,omitzero"`
	DueAt           time.Time           `json:"due_at,omitzero"`

	// Of a made-up past only: what the merchant's own records would say.
	Attempt int    `json:"attempt,omitempty"`
	Agent   string `json:"agent,omitempty"`
	Note    string `json:"note,omitempty"`
}

// Token is a saved card or wallet as the gateway holds it.
type Token struct {
	Gateway   string             `json:"gateway"`
	Token     string             `json:"token"`
	UserID    string             `json:"user_id"`
	Status    client.TokenStatus `json:"status"`
	Scope     string             `json:"scope,omitempty"`
	Method    string             `json:"method,omitempty"`
	Brand     string             `json:"brand,omitempty"`
	Card      string             `json:"card,omitempty"`    // masked
	Account   string             `json:"account,omitempty"` // masked wallet account
	NeedsCode bool               `json:"needs_code,omitempty"`
	OrderNo   string             `json:"order_no,omitempty"` // the binding payment
	Reason    string             `json:"reason,omitempty"`   // of its removal
	NotifyURL string             `json:"notify_url,omitempty"`
	CreatedAt time.Time          `json:"created_at,omitzero"`
	ExpiresAt time.Time          `json:"expires_at,omitzero"`
	RemovedAt time.Time          `json:"removed_at,omitzero"`
}

// StatusAt is the state at a time of the gateway's clock: an active card
// expires by itself.
func (t Token) StatusAt(now time.Time) client.TokenStatus {
	if t.Status == client.TokenActive && !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) {
		return client.TokenExpired
	}
	return t.Status
}

// Kind is what a notice is about.
type Kind string

// The kinds of notices.
const (
	PaymentNotice Kind = "payment"
	RefundNotice  Kind = "refund"
	TokenNotice   Kind = "token"
)

// Notice is one callback: what happened, as it was then, and how far its
// delivery is. NextAt is the host's clock; At the gateway's.
type Notice struct {
	ID       uint64    `json:"id"`
	Gateway  string    `json:"gateway"`
	Kind     Kind      `json:"kind"`
	No       string    `json:"no"` // order or refund number, or token
	URL      string    `json:"url"`
	At       time.Time `json:"at"`
	Order    *Order    `json:"order,omitempty"`
	Refund   *Refund   `json:"refund,omitempty"`
	Token    *Token    `json:"token,omitempty"`
	Attempts int       `json:"attempts"`
	NextAt   time.Time `json:"next_at,omitzero"`
	Done     bool      `json:"done,omitempty"`
	Acked    bool      `json:"acked,omitempty"`
	Held     bool      `json:"held,omitempty"` // put back once so that a later one overtakes it
	Last     string    `json:"last,omitempty"` // what the last attempt came to
}

// Move says that money left for a refund.
type Move struct {
	Gateway  string       `json:"gateway"`
	RefundNo string       `json:"refund_no"`
	Amount   client.Money `json:"amount"`
}

// Entry is one decision: new versions of the records that it changed, and the
// money that it moved.
type Entry struct {
	Seq     uint64         `json:"seq"`
	At      time.Time      `json:"at"`
	Why     string         `json:"why"`
	Serial  uint64         `json:"serial,omitempty"` // last number drawn
	Orders  []Order        `json:"orders,omitempty"`
	Refunds []Refund       `json:"refunds,omitempty"`
	Tokens  []Token        `json:"tokens,omitempty"`
	Notices []Notice       `json:"notices,omitempty"`
	Moves   []Move         `json:"moves,omitempty"`
	Offset  *time.Duration `json:"offset,omitempty"` // gateway's clock minus the host's
}

func (e Entry) empty() bool {
	return len(e.Orders)+len(e.Refunds)+len(e.Tokens)+len(e.Notices)+len(e.Moves) == 0 && e.Offset == nil
}

// key folds a number: no gateway tells two numbers apart by case only
// (payermax: section 5).
func key(gateway, no string) string { return gateway + "\x00" + strings.ToLower(no) }
