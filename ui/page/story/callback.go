package story

import (
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/style"
)

// callback tells a line about something that a gateway sent. What it says is
// never the final word (I8), so its sentences say who said it.
func callback(verb string, d details, loc *time.Location) (string, style.Tone) {
	if verb == "unanswered" {
		return unanswered(d), style.Warning
	}
	if times := d.text("times"); times != "" {
		return repeated(verb, times, d, loc), style.Muted
	}
	switch verb {
	case "refused":
		return "callback refused" + d.because("why") + "; nothing was changed", style.Warning
	case string(client.NoticeRefund):
		return said("the refund", d)
	case string(client.NoticePayment):
		return said("the order", d)
	case string(client.NoticeToken):
		return said("the card", d)
	case string(client.NoticeOther):
		return "callback about something else" + d.because("why", "event", "said") + "; kept, nothing follows from it", style.Muted
	}
	return "", style.Text
}

// said is what a verified callback says of a thing, and how that compares with
// what the ledger has of it.
func said(thing string, d details) (string, style.Tone) {
	words := "callback: " + thing + " is " + d.state() + d.of()
	switch was := d.text("was"); {
	case d.text("differs") != "":
		return words + ", but " + d.text("differs") + "; the gateway is asked", style.Danger
	case d.text("orphan") == "true":
		return words + "; this ledger did not have it, the gateway is asked", style.Warning
	case was != "" && was == d.text("status"):
		return words + ", as was known", style.Muted
	case was != "":
		return words + " (was " + was + "); the gateway is asked", style.Text
	}
	return words, style.Text
}

// state is the state that a callback tells: paydesk's word, with the gateway's
// own where it has no other.
func (d details) state() string {
	status, own := d.text("status"), d.text("said")
	switch {
	case own != "" && (status == "" || status == string(client.RefundUnknown)):
		return "in a state that is not known here (" + own + ")"
	case status == "":
		return "in a state that it does not name"
	}
	return status
}

// repeated is a callback that came before: it is counted and followed by
// nothing (F9, F11).
func repeated(verb, times string, d details, loc *time.Location) string {
	words := "repeat of a callback (" + times + "×"
	if verb == "refused" {
		words = "repeat of a refused callback (" + times + "×"
	}
	if first := d.clock("first_at", loc); first != "" {
		words += ", first at " + first
	}
	return words + ")" + d.because("why") + "; nothing was changed"
}

// unanswered is a callback whose question was given up.
func unanswered(d details) string {
	words := "the gateway was asked because of a callback and gave no answer"
	if n := d.text("checks"); n != "" && n != "1" {
		words = "the gateway was asked " + n + " times because of a callback and gave no answer"
	}
	class := client.Class(d.text("class"))
	if class == "open" {
		return words + " that ends it; it is not asked again"
	}
	if told := Class(class); told != "" {
		words += ": " + told
	}
	return words + "; it is not asked again"
}

// told is how the state of a refund became known: by a callback that led to a
// look, or by looking although a callback was to be expected.
func (d details) told() string {
	switch {
	case d.text("by") == "callback":
		return " — told by callback, confirmed by asking"
	case d.text("by") == "":
		return ""
	case d.text("callback_expected") == "true":
		return " — found by asking, no callback came"
	}
	return " — found by asking"
}

// Finding is where the signature of a journal line is kept: in the notice or in
// the evidence with that digest.
type Finding struct {
	Notice bool
	Digest string
}

// FindingOf says where to look for what was found out about the signature that a
// journal line tells of; ok is false for a line that tells of none that was
// missing or wrong.
func FindingOf(e ledger.Event) (where Finding, ok bool) {
	d := read(e.Detail)
	if d.text("verified") != "false" {
		return Finding{}, false
	}
	subject, verb, _ := strings.Cut(e.Kind, ".")
	if subject == "callback" {
		where = Finding{Notice: true, Digest: d.text("notice_sha256")}
		return where, where.Digest != ""
	}
	where = Finding{Digest: d.text("answer_sha256")}
	failed := d.text("class") != "" || verb == "bad-signature" || verb == string(client.RefundUnknown)
	return where, failed && where.Digest != ""
}

// Subject is the kind of thing that a journal line is about: "order", "refund" or
// "token"; "" when it cannot be shown. A callback that was refused is evidence of
// nothing, whatever number it names (I7).
func Subject(e ledger.Event) string {
	subject, verb, _ := strings.Cut(e.Kind, ".")
	if subject != "callback" {
		return subject
	}
	if verb == "unanswered" {
		verb = read(e.Detail).text("callback")
	}
	switch client.NoticeKind(verb) {
	case client.NoticePayment:
		return "order"
	case client.NoticeRefund:
		return "refund"
	case client.NoticeToken:
		return "token"
	default:
		return ""
	}
}
