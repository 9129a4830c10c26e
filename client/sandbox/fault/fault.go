// Package fault owns the faults that a sandbox gateway can be told to commit:
// how they are written, which calls they strike, and how often. It only
// decides whether a fault strikes now; committing it is for others.
package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"paydesk/client"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults (product: section 5).
const (
	// LoseAnswer drops the connection after the request was accepted and
	// committed. A request that is refused does not count.
	LoseAnswer Kind = "lose-answer"
	// Refuse resets the connection before the body is read: nothing happened.
	Refuse Kind = "refuse-connection"
	// Delay answers late. The decision is made at once, the given time is not
	// divided by the speed, and a callback is sent late.
	Delay Kind = "delay"
	// Status answers with an HTTP status and no JSON. 503 and 429 turn the
	// request away unread; 500 comes after the decision, as an inner error
	// does, so the request may have been accepted.
	Status Kind = "status"
	// Truncate sends half of the answer, HTML a page with status 200 in its
	// place; in both cases the decision was made.
	Truncate Kind = "truncate"
	HTML     Kind = "html"
	// BadSign, NoSign and OtherKey spoil the signature of an answer or
	// callback; WrongEcho signs correctly over another number or amount, in
	// accepted answers only, since a refusal echoes nothing.
	BadSign   Kind = "bad-sign"
	NoSign    Kind = "no-sign"
	OtherKey  Kind = "other-key"
	WrongEcho Kind = "wrong-echo"
	// Clock shifts the gateway's clock for this call, Date header included.
	Clock Kind = "clock"
	// Duplicate sends a callback twice, Reorder holds it back so that the next
	// one arrives first.
	Duplicate Kind = "duplicate-callback"
	Reorder   Kind = "reorder-callback"
	// LateFailure lets a refund fail after its success; StayPending lets a
	// refund or payment never end by itself, but for the time limits that the
	// gateway documents. They strike when the request is accepted.
	LateFailure Kind = "late-failure"
	StayPending Kind = "stay-pending"
)

// The operations that a fault can name. Every gateway has some of them.
const (
	OpRefund   = "refund"
	OpQuery    = "query" // of a refund
	OpOrder    = "order" // query of an order
	OpCreate   = "create"
	OpTokens   = "tokens"
	OpUnbind   = "unbind"
	OpClose    = "close"     // of an order
	OpList     = "statement" // orders by day
	OpBalance  = "balance"
	OpCallback = "callback"
	OpAny      = "*"
)

// maxDelay bounds delays and clock shifts: a year of waiting is a typing error.
const maxDelay = 400 * 24 * time.Hour

// million is the scale of rates.
const million = 1_000_000

// Fault is one fault and how often it strikes.
type Fault struct {
	Gateway   string // empty: every gateway
	Operation string
	Kind      Kind
	Time      time.Duration // of Delay and Clock
	Status    int           // of Status
	// Rate is the chance in parts per million; Count how many times it
	// strikes. Both zero with Always set: every time.
	Rate   int
	Count  int
	Always bool

	text string
}

// String is the fault as it was written.
func (f Fault) String() string { return f.text }

// struck lists the operations that a kind makes sense for; nil means calls and
// callbacks alike.
func struck(k Kind) []string {
	calls := []string{OpRefund, OpQuery, OpOrder, OpCreate, OpTokens, OpUnbind, OpClose, OpList, OpBalance, OpAny}
	switch k {
	case LateFailure:
		return []string{OpRefund, OpAny}
	case StayPending:
		return []string{OpRefund, OpCreate, OpAny}
	case Duplicate, Reorder:
		return []string{OpCallback, OpRefund, OpCreate, OpUnbind, OpAny}
	case Status, Truncate, HTML, Clock:
		return calls
	default:
		return append(calls, OpCallback)
	}
}

func kinds() []Kind {
	return []Kind{
		LoseAnswer, Refuse, Delay, Status, Truncate, HTML, BadSign, NoSign, OtherKey, WrongEcho, Clock,
		Duplicate, Reorder, LateFailure, StayPending,
	}
}

// Parse reads "[gateway/]operation:fault[=argument][=rate or count]", as in
// "refund:lose-answer=0.3" or "easylink/query:status=503=0.5". A number with a
// decimal point, or below 1, is a chance; a whole number from 1 is how many
// times it happens; without one it happens every time. Errors are ClassInput.
func Parse(text string) (Fault, error) {
	f := Fault{text: text}
	where, what, ok := strings.Cut(text, ":")
	if !ok {
		return Fault{}, wrong(text, "has no colon", "for example refund:lose-answer=0.3")
	}
	f.Operation = where
	if gateway, operation, named := strings.Cut(where, "/"); named {
		f.Gateway, f.Operation = gateway, operation
		if gateway == "" || strings.Trim(gateway, "abcdefghijklmnopqrstuvwxyz") != "" {
			return Fault{}, wrong(text, "names no gateway before the slash", "for example payermax/refund:lose-answer")
		}
	}
	operations := append(struck(BadSign), OpCallback)
	if !slices.Contains(operations, f.Operation) {
		return Fault{}, wrong(text, fmt.Sprintf("names operation %.40q", f.Operation), "one of refund query order create tokens unbind close statement balance callback *")
	}
	parts := strings.Split(what, "=")
	f.Kind = Kind(parts[0])
	if !slices.Contains(kinds(), f.Kind) {
		return Fault{}, wrong(text, fmt.Sprintf("names fault %.40q", parts[0]), "one of "+names())
	}
	if !slices.Contains(struck(f.Kind), f.Operation) {
		return Fault{}, wrong(text, fmt.Sprintf("puts %s on %s, where it means nothing", f.Kind, f.Operation), "one of "+strings.Join(struck(f.Kind), " "))
	}
	rest, err := f.argument(parts[1:])
	if err != nil {
		return Fault{}, err
	}
	return f, f.often(rest)
}

func names() string {
	var out []string
	for _, k := range kinds() {
		out = append(out, string(k))
	}
	return strings.Join(out, " ")
}

// argument reads what Delay, Clock and Status need and returns the rest.
func (f *Fault) argument(parts []string) ([]string, error) {
	switch f.Kind {
	case Delay, Clock:
		if len(parts) == 0 {
			return nil, wrong(f.text, "has no duration", fmt.Sprintf("for example %s=2s", f.Kind))
		}
		d, err := time.ParseDuration(parts[0])
		if err != nil || d > maxDelay || d < -maxDelay || (f.Kind == Delay && d < 0) {
			return nil, wrong(f.text, fmt.Sprintf("has duration %.40q", parts[0]), "for example 500ms, 2s or, for a clock, -3m")
		}
		f.Time = d
	case Status:
		if len(parts) == 0 || !slices.Contains([]string{"500", "503", "429"}, parts[0]) {
			return nil, wrong(f.text, "has no status it can answer with", "status=500, status=503 or status=429")
		}
		f.Status, _ = strconv.Atoi(parts[0]) // one of three texts, all numbers
	default:
		return parts, nil
	}
	return parts[1:], nil
}

// often reads the rate or count. Rates are kept as whole parts per million, so
// that no rounding of machine numbers decides what strikes.
func (f *Fault) often(parts []string) error {
	switch len(parts) {
	case 0:
		f.Always = true
		return nil
	case 1:
	default:
		return wrong(f.text, "has too many equal signs", "[gateway/]operation:fault[=argument][=rate or count]")
	}
	text := parts[0]
	const right = "a rate such as 0.3, or a count such as 2"
	whole, frac, dotted := strings.Cut(text, ".")
	if strings.Trim(whole+frac, "0123456789") != "" || whole+frac == "" || len(whole) > 7 || len(frac) > 6 {
		return wrong(f.text, fmt.Sprintf("has rate %.40q", text), right)
	}
	n, _ := strconv.Atoi("0" + whole) // at most seven digits
	if !dotted && n >= 1 {
		f.Count = n
		return nil
	}
	parts6, _ := strconv.Atoi(frac + strings.Repeat("0", 6-len(frac))) // six digits
	if f.Rate = n*million + parts6; f.Rate > million {
		return wrong(f.text, "has a rate above 1", right)
	}
	return nil
}

func wrong(text, what, right string) error {
	return &client.Error{
		Class: client.ClassInput, Code: "fault", Message: fmt.Sprintf("fault %.80q %s", text, what), Hint: "right is " + right,
	}
}
