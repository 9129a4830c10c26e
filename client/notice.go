package client

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// NoticeKind says what a callback is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticePayment NoticeKind = "payment"
	NoticeRefund  NoticeKind = "refund"
	NoticeToken   NoticeKind = "token"
	NoticeOther   NoticeKind = "other" // a dispute, a payment link …, or not understood: kept and shown, followed by nothing
)

// Notice is one callback as a gateway sent it. It is a reason to ask the
// gateway, never the final word (I8). Unknown values are zero. A notice that is
// not Verified is evidence and nothing else: its numbers are masked and cut, and
// must not be acted on (I7).
type Notice struct {
	Kind            NoticeKind
	Gateway         string // name in the configuration: "payermax"
	Merchant        string // whom it is for, as it says; "" where the protocol names nobody
	AppID           string
	Event           string // the gateway's own word for the kind
	OrderNo         string // the merchant's numbers first
	GatewayOrderNo  string
	RefundNo        string
	GatewayRefundNo string
	Token           string
	UserID          string
	Status          string // in paydesk's words of the kind: "success", "paid", "removed"; "unknown" for a word that is not known
	Said            string // the state as the gateway said it
	FailCode        string // the gateway's reason for a failure
	Amount          Money  // zero Currency when it says none that can be read
	At              time.Time
	Digest          string // what makes two notices the same: hex SHA-256, see Identified
	BodyHash        string // hex SHA-256 of the exact bytes
	Verified        bool   // signature right, and meant for this account
	Reason          string // why it is not verified, or what could not be understood; "" otherwise
	Body            []byte // redacted, fit for the ledger
	// Signature is what was found out about a signature that is missing or wrong,
	// as in Exchange; nil otherwise.
	Signature *Inspection
}

// Subject is the number that the notice is about, the merchant's own where it
// says one; "" when it says none.
func (n Notice) Subject() string {
	switch n.Kind {
	case NoticeRefund:
		return cmp.Or(n.RefundNo, n.GatewayRefundNo)
	case NoticeToken:
		return n.Token
	default:
		return cmp.Or(n.OrderNo, n.GatewayOrderNo)
	}
}

// Identified sets BodyHash and Digest from the exact bytes that came. A
// verified notice about something known is identified by what it says, because a
// gateway may sign each repeat anew with another time in it (payermax: section
// 9.6); everything else by its bytes. One that is not verified is never the same
// as one that is: a forged copy sent ahead must not pass the real one off as a
// repeat.
func (n Notice) Identified(body []byte) Notice {
	n.BodyHash = hashText(string(body))
	switch {
	case !n.Verified:
		n.Digest = hashText("not verified\n" + n.BodyHash)
	case n.Kind == NoticeOther || n.Subject() == "":
		n.Digest = n.BodyHash
	default:
		n.Digest = hashText(strings.Join([]string{
			"v1", string(n.Kind), n.OrderNo, n.GatewayOrderNo, n.RefundNo, n.GatewayRefundNo, n.UserID, n.Token, n.Said,
			n.Amount.String(),
		}, "\n"))
	}
	return n
}

// noticeText is how much of a text of a doubtful notice is kept, in characters.
const noticeText = 80

// Doubted is the notice as it is kept when it cannot be believed: not verified,
// with the reason, and with texts that are fit for a journal line but not for
// acting on.
func (n Notice) Doubted(reason string) Notice {
	n.Verified, n.Reason = false, reason
	n.Amount, n.At, n.Status, n.FailCode = Money{}, time.Time{}, "", ""
	for _, text := range []*string{
		&n.Merchant, &n.AppID, &n.Event, &n.OrderNo, &n.GatewayOrderNo, &n.RefundNo, &n.GatewayRefundNo, &n.Token, &n.UserID, &n.Said,
	} {
		*text = MaskCards(cutText(*text, noticeText))
	}
	return n
}

// CallbackReply is what a receiver answers to a gateway, byte for byte.
type CallbackReply struct {
	Status      int // HTTP
	ContentType string
	Body        []byte
}

// CallbackReader reads the callbacks of one account at one gateway. It is safe
// for concurrent use and does no network work.
type CallbackReader interface {
	// ReadCallback checks the signature over the exact bytes, then whom the
	// callback is for, and says what it is about. It always returns a notice that
	// is Identified; whether it may be acknowledged is Verified.
	ReadCallback(header http.Header, body []byte) Notice
	// Acknowledge is the answer to a verified callback that is stored durably,
	// and to every repeat of it.
	Acknowledge() CallbackReply
	// Refuse is the answer to everything else. It is the same whatever was wrong.
	Refuse() CallbackReply
}

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func cutText(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}
