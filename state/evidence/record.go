package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// refundFile is a refund in a bundle. Amounts are in major units, times in UTC;
// what is not known is absent.
type refundFile struct {
	Profile         string     `json:"profile"`
	Gateway         string     `json:"gateway"`
	Merchant        string     `json:"merchant"`
	RefundNo        string     `json:"refund_no"`
	GatewayRefundNo string     `json:"gateway_refund_no,omitempty"`
	OrderNo         string     `json:"order_no"`
	Attempt         int        `json:"attempt"`
	Amount          string     `json:"amount"`
	Currency        string     `json:"currency"`
	Status          string     `json:"status"`
	Alert           string     `json:"alert,omitempty"`
	FailCode        string     `json:"fail_code,omitempty"`
	Reason          string     `json:"reason,omitempty"`
	Note            string     `json:"note,omitempty"`
	Agent           string     `json:"agent,omitempty"`
	PlanHash        string     `json:"plan_sha256,omitempty"`
	Foreign         bool       `json:"made_elsewhere"`
	Refused         bool       `json:"refused"`
	NoRecord        bool       `json:"no_record_at_gateway"`
	CreatedAt       *time.Time `json:"created_at,omitempty"`
	ConfirmedAt     *time.Time `json:"confirmed_at,omitempty"`
	HeldUntil       *time.Time `json:"held_until,omitempty"`
	SentAt          *time.Time `json:"sent_at,omitempty"`
	LastSentAt      *time.Time `json:"last_sent_at,omitempty"`
	SettledAt       *time.Time `json:"settled_at,omitempty"`
	Progress        progress   `json:"progress"`
}

// progress is what asking the gateway changes about a refund all the time.
type progress struct {
	Sends         int        `json:"sends"`
	Checks        int        `json:"checks"`
	NotFound      int        `json:"not_found"`
	NotFoundSince *time.Time `json:"not_found_since,omitempty"`
	NextCheckAt   *time.Time `json:"next_check_at,omitempty"`
	UpdatedAt     *time.Time `json:"updated_at,omitempty"`
	LastAnswer    answerFile `json:"last_answer"`
}

type answerFile struct {
	At       *time.Time `json:"at,omitempty"`
	Code     string     `json:"code,omitempty"`
	Message  string     `json:"message,omitempty"`
	Verified bool       `json:"verified"`
}

func newRefund(r ledger.Refund, keep []string) refundFile {
	hide := func(text string) string { return mask(text, keep) }
	return refundFile{
		Profile: r.Profile, Gateway: r.Gateway, Merchant: r.Merchant, RefundNo: r.RefundNo, GatewayRefundNo: r.GatewayRefundNo,
		OrderNo: r.OrderNo, Attempt: r.Attempt, Amount: r.Amount.Major(), Currency: r.Amount.Currency, Status: string(r.Status), Alert: r.Alert,
		FailCode: hide(r.FailCode), Reason: hide(r.Reason), Note: hide(r.Note), Agent: r.Agent, PlanHash: r.PlanHash, Foreign: r.Foreign,
		Refused: r.Refused, NoRecord: r.NoRecord, CreatedAt: moment(r.CreatedAt), ConfirmedAt: moment(r.ConfirmedAt),
		HeldUntil: moment(r.HeldUntil), SentAt: moment(r.SentAt), LastSentAt: moment(r.LastSentAt), SettledAt: moment(r.SettledAt),
		Progress: progress{
			Sends: r.Sends, Checks: r.Checks, NotFound: r.NotFound, NotFoundSince: moment(r.NotFoundSince), NextCheckAt: moment(r.NextCheckAt),
			UpdatedAt:  moment(r.UpdatedAt),
			LastAnswer: answerFile{At: moment(r.Last.At), Code: hide(r.Last.Code), Message: hide(r.Last.Message), Verified: r.Last.Verified},
		},
	}
}

// orderFile is the refund's order in a bundle.
type orderFile struct {
	Profile        string     `json:"profile"`
	Gateway        string     `json:"gateway"`
	OrderNo        string     `json:"order_no"`
	GatewayOrderNo string     `json:"gateway_order_no,omitempty"`
	ChannelNo      string     `json:"channel_no,omitempty"`
	UserID         string     `json:"user_id,omitempty"`
	Amount         string     `json:"amount,omitempty"`
	Currency       string     `json:"currency,omitempty"`
	Status         string     `json:"status"`
	Method         string     `json:"method,omitempty"`
	Brand          string     `json:"brand,omitempty"`
	Card           string     `json:"card,omitempty"`
	Note           string     `json:"note,omitempty"`
	FailCode       string     `json:"fail_code,omitempty"`
	Refunded       string     `json:"refunded,omitempty"`
	Reserved       string     `json:"reserved,omitempty"`
	Refundable     string     `json:"refundable,omitempty"`
	OpenRefund     string     `json:"open_refund,omitempty"`
	Source         string     `json:"source,omitempty"`
	CreatedAt      *time.Time `json:"created_at,omitempty"`
	PaidAt         *time.Time `json:"paid_at,omitempty"`
	HistoryAt      *time.Time `json:"history_known_at,omitempty"`
	UpdatedAt      *time.Time `json:"updated_at,omitempty"`
}

func newOrder(o ledger.Order, keep []string) orderFile {
	return orderFile{
		Profile: o.Profile, Gateway: o.Gateway, OrderNo: o.OrderNo, GatewayOrderNo: o.GatewayOrderNo, ChannelNo: o.ChannelNo, UserID: o.UserID,
		Amount: major(o.Amount), Currency: o.Amount.Currency, Status: string(o.Status), Method: o.Method, Brand: o.Brand,
		Card: mask(o.Card, keep), Note: mask(o.Note, keep), FailCode: mask(o.FailCode, keep), Refunded: major(o.Refunded),
		Reserved: major(o.Reserved), Refundable: major(o.Refundable()), OpenRefund: o.OpenRefund, Source: o.Source,
		CreatedAt: moment(o.CreatedAt), PaidAt: moment(o.PaidAt), HistoryAt: moment(o.HistoryAt), UpdatedAt: moment(o.UpdatedAt),
	}
}

// planFile is what was consented to, and by whom (I12).
type planFile struct {
	Bound     *bound    `json:"bound,omitempty"`
	PlanHash  string    `json:"plan_sha256,omitempty"`
	Consent   *consent  `json:"consent,omitempty"`
	Confirmed []consent `json:"confirmed_again,omitempty"`
	Without   string    `json:"without,omitempty"` // why there is no consent
}

// bound are the parts that a consent's digest stands over, in this order.
type bound struct {
	Gateway  string `json:"gateway"`
	Merchant string `json:"merchant"`
	OrderNo  string `json:"order_no"`
	RefundNo string `json:"refund_no"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	Reason   string `json:"reason"`
}

// digest is what desk.Plan binds a consent to: a JSON array of the parts.
func (b bound) digest() string {
	parts, err := json.Marshal([]string{b.Gateway, b.Merchant, b.OrderNo, b.RefundNo, b.Amount, b.Currency, b.Reason})
	if err != nil {
		return "" // never: texts always encode
	}
	return hash(parts)
}

// consent is one yes, with the line of the journal that says so.
type consent struct {
	Seq       int64      `json:"seq"`
	At        *time.Time `json:"at,omitempty"`
	Agent     string     `json:"agent"`
	Script    bool       `json:"script"`
	HeldUntil string     `json:"held_until,omitempty"` // end of the undo window
}

// newPlan finds the consent to a refund among the lines of the journal.
func newPlan(r refundFile, lines []line) planFile {
	given := -1
	for i, l := range lines {
		decided := l.Kind == "refund.intent" || l.Kind == "refund.held"
		if decided && l.told.PlanHash != "" && strings.EqualFold(l.Subject, r.RefundNo) &&
			(given < 0 || l.told.PlanHash == r.PlanHash || lines[given].told.PlanHash != r.PlanHash) {
			given = i
		}
	}
	if given < 0 {
		why := "the journal has no consent to this refund"
		if r.Foreign {
			why = "the refund was made elsewhere: in the gateway's portal, or with another ledger"
		}
		return planFile{Without: why}
	}
	l := lines[given]
	p := planFile{
		Bound:    &bound{r.Gateway, r.Merchant, r.OrderNo, r.RefundNo, r.Amount, r.Currency, r.Reason},
		PlanHash: l.told.PlanHash, Consent: &consent{l.Seq, moment(l.At), l.Agent, l.told.Script, l.told.Held},
	}
	for _, l := range lines[given:] {
		if l.Kind == "refund.confirmed" && strings.EqualFold(l.Subject, r.RefundNo) {
			p.Confirmed = append(p.Confirmed, consent{Seq: l.Seq, At: moment(l.At), Agent: l.Agent})
		}
	}
	return p
}

// chainFile says of which journal the lines of a bundle are a part.
type chainFile struct {
	Format    int        `json:"format"`
	MadeAt    *time.Time `json:"made_at,omitempty"`
	Lines     int64      `json:"lines"`
	Head      headFile   `json:"head"`
	Intact    bool       `json:"intact"`
	Broken    string     `json:"broken,omitempty"`
	Selected  int        `json:"lines_here"`
	Exchanges int        `json:"exchanges_here"`
	Callbacks int        `json:"callbacks_here"`
}

type headFile struct {
	Seq    int64  `json:"seq"`
	Digest string `json:"digest"`
}

// major is an amount without its currency; "" when it is not known.
func major(m client.Money) string {
	if m.Currency == "" {
		return ""
	}
	return m.Major()
}

// moment is a time in UTC; nil when it is not known.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// render writes a record as indented JSON in which no sign can steer a terminal.
// What it writes reads back and writes the same again.
func render[T any](record T) ([]byte, error) {
	first, err := encode(record)
	if err != nil {
		return nil, err
	}
	var again T // without what is no text, which JSON has replaced
	if err := json.Unmarshal(first, &again); err != nil {
		return nil, fmt.Errorf("evidence: encode: %w", err)
	}
	return encode(again)
}

// encode is render for a record that was read.
func encode(record any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(record); err != nil {
		return nil, fmt.Errorf("evidence: encode: %w", err)
	}
	return escape(out.Bytes()), nil
}
