package evidence

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/state/ledger"
)

// How much of a body is kept.
const (
	keptExact    = "exact"    // byte for byte, which its digest proves
	keptRedacted = "redacted" // without secrets and card data: its digest is of the bytes before that
	keptNone     = "none"     // there was none
)

// bodyFile is what was sent or what came: as text where it is one.
type bodyFile struct {
	Kept   string `json:"kept"`
	Text   string `json:"text,omitempty"`
	Base64 []byte `json:"base64,omitempty"`
	SHA256 string `json:"sha256,omitempty"` // of the exact bytes
	Bytes  int    `json:"bytes,omitempty"`  // length of the exact bytes, where it is known
}

func newBody(body []byte, digest string, length int, keep []string) bodyFile {
	out := bodyFile{SHA256: digest, Bytes: length}
	hidden := []byte(mask(string(body), keep))
	if utf8.Valid(hidden) {
		out.Text = string(hidden)
	} else {
		out.Base64 = hidden
	}
	out.Kept = out.how()
	return out
}

// content is the body as it is kept.
func (b bodyFile) content() []byte {
	if b.Text != "" {
		return []byte(b.Text)
	}
	return b.Base64
}

// how says how much of the body is kept, as its digest proves it.
func (b bodyFile) how() string {
	switch content := b.content(); {
	case b.SHA256 != "" && hash(content) == b.SHA256:
		return keptExact
	case b.SHA256 == "" && len(content) == 0:
		return keptNone
	}
	return keptRedacted
}

// exchangeFile is one call of the gateway in a bundle.
type exchangeFile struct {
	ID         int64              `json:"id"` // in the ledger
	Subject    string             `json:"subject"`
	Operation  string             `json:"operation"`
	At         *time.Time         `json:"at,omitempty"`
	URL        string             `json:"url,omitempty"`
	HTTPStatus int                `json:"http_status"`
	Code       string             `json:"code,omitempty"`
	Message    string             `json:"message,omitempty"`
	Verified   bool               `json:"verified"`
	Request    bodyFile           `json:"request"`
	Answer     bodyFile           `json:"answer"`
	Signature  *client.Inspection `json:"signature,omitempty"`
}

func newExchange(e ledger.Evidence, keep []string) exchangeFile {
	return exchangeFile{
		ID: e.ID, Subject: e.Subject, Operation: e.Operation, At: moment(e.At), URL: mask(e.URL, keep), HTTPStatus: e.HTTPStatus,
		Code: mask(e.Code, keep), Message: mask(e.Message, keep), Verified: e.Verified,
		Request: newBody(e.Request, e.RequestHash, e.RequestBytes, keep), Answer: newBody(e.Answer, e.AnswerHash, 0, keep),
		Signature: newFinding(e.Signature, keep),
	}
}

// newFinding is what was found out about a signature, without the right one,
// which would turn a kept forgery into a valid one.
func newFinding(found *client.Inspection, keep []string) *client.Inspection {
	if found == nil {
		return nil
	}
	kept := found.Kept()
	kept.SignedText, kept.Reason = mask(kept.SignedText, keep), mask(kept.Reason, keep)
	return kept
}

// callbackFile is one callback in a bundle.
type callbackFile struct {
	ID              int64              `json:"id"` // in the ledger
	Kind            string             `json:"kind"`
	Event           string             `json:"event,omitempty"`
	Merchant        string             `json:"merchant,omitempty"`
	AppID           string             `json:"app_id,omitempty"`
	OrderNo         string             `json:"order_no,omitempty"`
	GatewayOrderNo  string             `json:"gateway_order_no,omitempty"`
	RefundNo        string             `json:"refund_no,omitempty"`
	GatewayRefundNo string             `json:"gateway_refund_no,omitempty"`
	UserID          string             `json:"user_id,omitempty"`
	Status          string             `json:"status,omitempty"`
	Said            string             `json:"said,omitempty"`
	FailCode        string             `json:"fail_code,omitempty"`
	Amount          string             `json:"amount,omitempty"`
	Currency        string             `json:"currency,omitempty"`
	SaidAt          *time.Time         `json:"said_at,omitempty"`
	Verified        bool               `json:"verified"`
	Reason          string             `json:"reason,omitempty"`
	Digest          string             `json:"notice_sha256"`
	Body            bodyFile           `json:"body"`
	Signature       *client.Inspection `json:"signature,omitempty"`
	ReceivedAt      *time.Time         `json:"received_at,omitempty"`
	Inbox           inbox              `json:"inbox"`
}

// inbox is what changes about a kept callback: repeats, and the questions that
// follow from it.
type inbox struct {
	Subject     string     `json:"subject,omitempty"`
	Orphan      bool       `json:"orphan"`
	Times       int        `json:"times"`
	LastAt      *time.Time `json:"last_at,omitempty"`
	Checks      int        `json:"checks"`
	NextCheckAt *time.Time `json:"next_check_at,omitempty"`
}

func newCallback(n ledger.Notice, keep []string) callbackFile {
	return callbackFile{
		ID: n.ID, Kind: string(n.Kind), Event: mask(n.Event, keep), Merchant: n.Merchant, AppID: n.AppID, OrderNo: n.OrderNo,
		GatewayOrderNo: n.GatewayOrderNo, RefundNo: n.RefundNo, GatewayRefundNo: n.GatewayRefundNo, UserID: n.UserID, Status: n.Status,
		Said: mask(n.Said, keep), FailCode: mask(n.FailCode, keep), Amount: major(n.Amount), Currency: n.Amount.Currency, SaidAt: moment(n.At),
		Verified: n.Verified, Reason: mask(n.Reason, keep), Digest: n.Digest, Body: newBody(n.Body, n.BodyHash, 0, keep),
		Signature: newFinding(n.Signature, keep), ReceivedAt: moment(n.ReceivedAt),
		Inbox: inbox{
			Subject: n.Subject, Orphan: n.Orphan, Times: n.Times, LastAt: moment(n.LastAt), Checks: n.Checks, NextCheckAt: moment(n.NextCheckAt),
		},
	}
}

// keepOf lists the numbers that are left alone when card numbers are masked: one
// in ten long numbers would pass for a card. Those of nothing but digits are not
// spared.
func keepOf(r refundFile, o orderFile) []string {
	const least = 6 // characters: what is shorter hides no number worth it
	list := []string{r.RefundNo, r.GatewayRefundNo, o.OrderNo, o.GatewayOrderNo, o.ChannelNo, r.Merchant}
	list = slices.DeleteFunc(list, func(no string) bool { return len(no) < least || strings.Trim(no, "0123456789 -") == "" })
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	return list
}

// mask hides card numbers once more on the way out (S16), but not inside of the
// numbers to keep where they stand alone.
func mask(text string, keep []string) string {
	if client.MaskCards(text) == text {
		return text
	}
	var out strings.Builder
	done := 0
	for at := 0; at < len(text); {
		no := standing(text, at, keep)
		if no == "" {
			at++
			continue
		}
		out.WriteString(client.MaskCards(text[done:at]))
		out.WriteString(no)
		at += len(no)
		done = at
	}
	out.WriteString(client.MaskCards(text[done:]))
	return out.String()
}

// standing is which of the numbers stands at text[at:], with neither letter nor
// digit next to it; "" when none does.
func standing(text string, at int, numbers []string) string {
	for _, no := range numbers {
		if !strings.HasPrefix(text[at:], no) {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(no):])
		if !isWord(before) && !isWord(after) {
			return no
		}
	}
	return ""
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
