package show

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/ui/text"
)

// Problem is an error in JSON (product: section 2).
type Problem struct {
	Class   string `json:"class"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Plan is the plan of a refund in JSON.
type Plan struct {
	Profile     string   `json:"profile"`
	Gateway     string   `json:"gateway"`
	Environment string   `json:"environment"`
	OrderNo     string   `json:"order_no"`
	RefundNo    string   `json:"refund_no"`
	Amount      string   `json:"amount"`
	Currency    string   `json:"currency"`
	Paid        string   `json:"paid"`
	Refunded    string   `json:"refunded"`
	Refundable  string   `json:"refundable"`
	Reason      string   `json:"reason,omitempty"`
	Note        string   `json:"note,omitempty"`
	NeedsTyping bool     `json:"needs_typing"`
	Warnings    []string `json:"warnings,omitempty"`
	Refusal     *Problem `json:"refusal,omitempty"`
	Request     *Request `json:"request,omitempty"`
}

// NewPlan is the JSON form of a plan.
func NewPlan(p desk.Plan) Plan {
	return Plan{
		Profile: p.Profile.Name, Gateway: p.Profile.Gateway, Environment: p.Profile.Environment, OrderNo: p.Order.OrderNo, RefundNo: p.RefundNo,
		Amount: p.Amount.Major(), Currency: p.Amount.Currency, Paid: p.Paid.Major(), Refunded: sum(p.Refunded, p.Paid), Refundable: p.Refundable.Major(),
		Reason: p.Reason, Note: p.Note, NeedsTyping: p.NeedsTyping, Warnings: p.Warnings,
	}
}

// WritePlan writes a plan for people.
func WritePlan(w io.Writer, plan desk.Plan) error {
	l := text.Literal
	environment := text.Clean(strings.ToUpper(plan.Profile.Environment))
	if _, err := fmt.Fprintf(w, "refund %s of order %s  %s\n", text.Amount(plan.Amount), text.Clean(plan.Order.OrderNo), environment); err != nil {
		return err
	}
	fields := []Field{
		{l("profile"), account(plan.Profile)},
		{l("paid"), text.Amount(plan.Paid)},
		{l("refunded"), text.Clean(amountOr(plan.Refunded))},
		{l("refundable"), text.Amount(plan.Refundable)},
		{l("on the wire"), text.Clean(plan.Amount.Major() + " " + plan.Amount.Currency)},
		{l("number"), text.Clean(plan.RefundNo)},
		{l("reason"), text.Clean(plan.Reason)},
		{l("note"), text.Clean(plan.Note)},
	}
	if plan.Undo > 0 {
		fields = append(fields, Field{l("undo window"), text.Span(plan.Undo)})
	}
	for _, warning := range plan.Warnings {
		fields = append(fields, Field{l("mind"), text.Clean(warning)})
	}
	return Fields(w, fields)
}

// account names a profile and the account behind it.
func account(p desk.Profile) text.Safe {
	return text.Join(text.Literal(", "), text.Clean(p.Name), text.Clean(p.Brand), text.Clean("merchant "+p.Merchant))
}

// WriteUnbind writes the plan of an unbinding for people.
func WriteUnbind(w io.Writer, plan desk.UnbindPlan) error {
	l := text.Literal
	environment := text.Clean(strings.ToUpper(plan.Profile.Environment))
	if _, err := fmt.Fprintf(w, "unbind a saved card of user %s  %s\n", text.Clean(plan.Token.UserID), environment); err != nil {
		return err
	}
	return Fields(w, []Field{
		{l("profile"), account(plan.Profile)},
		{l("card"), method(client.Order{Method: plan.Token.Method, Brand: plan.Token.Brand, Card: plan.Token.Card})},
		{l("token"), text.Clean(plan.Token.Token.Token)},
		{l("reason"), text.Clean(plan.Reason)},
		{l("mind"), l("an unbound card cannot be bound again by the merchant")},
	})
}

// Request is a masked signed request in JSON.
type Request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body"` // JSON as it is, anything else as text
}

// NewRequest is the JSON form of a request.
func NewRequest(p client.Preview) *Request {
	out := &Request{Method: p.Method, URL: p.URL, Headers: p.Headers}
	if json.Valid(p.Body) {
		out.Body = json.RawMessage(p.Body)
	} else {
		out.Body = string(p.Body)
	}
	return out
}

// WriteRequest writes a request for people, and that it was not sent.
func WriteRequest(w io.Writer, p client.Preview) error {
	if _, err := fmt.Fprintf(w, "\n%s %s\n", text.Clean(p.Method), text.Clean(p.URL)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		if _, err := fmt.Fprintf(w, "%s: %s\n", text.Clean(name), text.Clean(p.Headers[name])); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n\nnothing was sent\n", text.Clean(string(p.Body)))
	return err
}
