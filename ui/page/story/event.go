// Package story tells records in sentences: what a journal line means, where a
// refund stands and what may be said to the customer, what went wrong and what
// to do. It is pure, and everything that leaves it is safe text; it never
// reads a ledger and never decides anything.
package story

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Detail is one "key value" below a sentence.
type Detail struct{ Key, Value text.Safe }

// Event is a journal line in words.
type Event struct {
	Words  text.Safe
	Tone   style.Tone
	Signed Signed
}

// Signed says whether the answer, or the callback, behind a journal line was
// signed.
type Signed uint8

// What is known of a signature.
const (
	NoAnswer Signed = iota
	GoodSign
	BadSign
	Verified   // a callback that is signed and meant for this account
	Unverified // one that is not
)

// Bad reports whether what came was not believed.
func (s Signed) Bad() bool { return s == BadSign || s == Unverified }

// Text is "signed ✓", "not signed ✗", for a callback "verified ✓" or "unverified
// ✗", or nothing when there was no answer.
func (s Signed) Text(st *style.Styles) text.Safe {
	switch s {
	case GoodSign:
		return text.Concat(text.Literal("signed "), st.Glyph.Check)
	case BadSign:
		return text.Concat(text.Literal("not signed "), st.Glyph.Cross)
	case Verified:
		return text.Concat(text.Literal("verified "), st.Glyph.Check)
	case Unverified:
		return text.Concat(text.Literal("unverified "), st.Glyph.Cross)
	default:
		return text.Safe{}
	}
}

// signed reads the signature's state; without a code no answer came.
func (d details) signed(subject string) Signed {
	switch {
	case subject == "callback" && d.text("verified") == "true":
		return Verified
	case subject == "callback" && d.text("verified") == "false":
		return Unverified
	case subject == "callback", d.text("code") == "":
		return NoAnswer
	case d.text("verified") == "true":
		return GoodSign
	case d.text("verified") == "false":
		return BadSign
	}
	return NoAnswer
}

// details are the values of a journal line, by name.
type details map[string]any

// read decodes a line's content; what cannot be read has no details.
func read(raw json.RawMessage) details {
	d := details{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&d) != nil {
		return details{}
	}
	return d
}

// text is a value as it stands, "" when it is not there.
func (d details) text(key string) string {
	switch v := d[key].(type) {
	case nil:
		return ""
	case string:
		return short(v)
	default:
		return short(fmt.Sprint(v))
	}
}

// mostValue bounds, in bytes, what is told of one value.
const mostValue = 2 << 10

// short cuts a text between runes.
func short(s string) string {
	if len(s) <= mostValue {
		return s
	}
	most := mostValue
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// amount is the money of a line with grouped thousands: "10,000 IDR".
func (d details) amount() string {
	major, currency := d.text("amount"), d.text("currency")
	_, frac, _ := strings.Cut(major, ".")
	m, err := client.ParseMoney(major, currency, uint8(min(len(frac), client.MaxExp)))
	if err != nil {
		return strings.TrimSpace(major + " " + currency)
	}
	return text.Amount(m).String()
}

// of is ", 10,000 IDR", nothing where the line names no amount.
func (d details) of() string {
	if amount := d.amount(); amount != "" {
		return ", " + amount
	}
	return ""
}

// clock is a time of the line, in the zone of the screen.
func (d details) clock(key string, loc *time.Location) string {
	t, err := time.Parse(time.RFC3339Nano, d.text(key))
	if err != nil {
		return ""
	}
	return text.TimeOfDay(t, loc).String()
}

// because is ": reason" for the first of the keys that has a value.
func (d details) because(keys ...string) string {
	for _, key := range keys {
		if v := d.text(key); v != "" {
			return ": " + v
		}
	}
	return ""
}

// class is the class of an error in an agent's words, with the gateway's code.
func (d details) class() string {
	words := Class(client.Class(d.text("class")))
	if code := d.text("code"); code != "" {
		words = strings.TrimSpace(words + " (" + code + ")")
	}
	if words == "" {
		return ""
	}
	return ": " + words
}

// Of tells one journal line.
func Of(e ledger.Event, loc *time.Location) Event {
	d := read(e.Detail)
	subject, verb, _ := strings.Cut(e.Kind, ".")
	var words string
	var tone style.Tone
	switch subject {
	case "order":
		words, tone = order(verb, d)
	case "refund":
		words, tone = refund(verb, d, loc)
	case "token":
		words, tone = token(verb, d)
	case "profile":
		words, tone = profile(verb, d, loc)
	case "callback":
		words, tone = callback(verb, d, loc)
	}
	if words == "" {
		words = strings.NewReplacer(".", " ", "-", " ", "_", " ").Replace(e.Kind)
	}
	return Event{Words: text.Clean(words), Tone: tone, Signed: d.signed(subject)}
}

func order(verb string, d details) (string, style.Tone) {
	switch verb {
	case "looked-up":
		words := "asked the gateway: " + d.text("status")
		if was := d.text("was_status"); was != "" && was != d.text("status") {
			words += " (was " + was + ")"
		}
		return words + d.of(), style.Text
	case "lookup-failed":
		return "the gateway gave no answer" + d.class(), style.Warning
	case "create-intent":
		return "payment of " + d.amount() + " about to be opened", style.Text
	case "created":
		if d.text("saved_card") == "true" {
			return "saved card charged " + d.amount() + ": " + d.text("status"), style.Text
		}
		return "payment page opened for " + d.amount(), style.Text
	case "create-failed":
		return "payment of " + d.amount() + " not opened" + d.class(), style.Warning
	case "close-intent":
		return "payment page about to be closed", style.Text
	case "close-failed":
		return "payment page perhaps not closed" + d.class(), style.Warning
	}
	return list(verb, d)
}

// list are the lines about many orders at once, and about what one of a list
// says otherwise than the ledger.
func list(verb string, d details) (string, style.Tone) {
	counts := fmt.Sprintf("%s new, %s changed, %s the same, %s that differ", cmp.Or(d.text("added"), "0"),
		cmp.Or(d.text("changed"), "0"), cmp.Or(d.text("same"), "0"), cmp.Or(d.text("differs"), "0"))
	switch verb {
	case "imported":
		return "imported: " + counts, style.Text
	case "statement":
		if n := d.text("unreadable"); n != "" && n != "0" {
			return "statement, page " + d.text("page") + ": " + counts + ", " + n + " that cannot be read", style.Warning
		}
		return "statement, page " + d.text("page") + ": " + counts, style.Text
	case "statement-failed":
		return "the gateway gave no statement" + d.class(), style.Warning
	case "import-differs", "statement-differs":
		source := "a file"
		if verb == "statement-differs" {
			source = "the statement"
		}
		if field := strings.ReplaceAll(d.text("field"), "_", " "); field != "" {
			return fmt.Sprintf("%s says %s %s, the ledger keeps %s", source, field, d.text("given"), d.text("ledger")), style.Warning
		}
		return fmt.Sprintf("%s says %s %s, the ledger keeps %s %s", source, d.text("file_amount"), d.text("file_status"),
			d.text("ledger_amount"), d.text("ledger_status")), style.Warning
	}
	return "", style.Text
}

func refund(verb string, d details, loc *time.Location) (string, style.Tone) {
	switch verb {
	case "held":
		return "refund of " + d.amount() + " decided, can be taken back until " + d.clock("held_until", loc), style.Accent
	case "intent":
		if d.text("from") == string(client.RefundHeld) {
			return "time to take it back is over", style.Text
		}
		if d.text("from") == string(client.RefundSending) {
			return "proven not sent" + d.class(), style.Warning
		}
		return "refund of " + d.amount() + " decided", style.Text
	case "sending":
		if n := d.text("send"); n != "" && n != "1" {
			return "sent again under the same number, time " + n + d.of(), style.Pending
		}
		return "sent to the gateway" + d.of(), style.Pending
	case "pending":
		return "the gateway accepted it" + d.told(), style.Pending
	case "success":
		if told := d.told(); told != "" {
			return "refunded" + told, style.Success
		}
		return "refunded: the money is on its way to the customer", style.Success
	case "failed":
		return "failed" + d.because("why", "code") + d.told(), style.Danger
	case "closed":
		return "closed by the gateway" + d.because("code") + d.told(), style.Muted
	case "unknown":
		if code := d.text("code"); code != "" {
			return "no believable answer (" + code + "), so it is asked about", style.Unknown
		}
		return "no answer came, so it is asked about", style.Unknown
	case "reversed":
		return "failed after it had succeeded" + d.because("code") + d.told(), style.Danger
	case "cancelled":
		return "taken back, nothing was sent", style.Muted
	}
	return refundNews(verb, d)
}

// refundNews are the lines that change no state.
func refundNews(verb string, d details) (string, style.Tone) {
	switch verb {
	case "confirmed":
		return "confirmed once more", style.Text
	case "waits":
		return "waits to be confirmed once more" + d.because("why"), style.Warning
	case "discovered":
		return "found at the gateway, made at another desk: " + d.amount() + ", " + d.text("status"), style.Warning
	case "number-free":
		return "the gateway keeps no record of it; its number may serve again", style.Muted
	case "conflict":
		return "what the gateway says is not what was sent" + d.because("why"), style.Danger
	case "word":
		return "the gateway says its state is " + strconv.Quote(d.text("word")) + ", a word that this version does not know", style.Warning
	case "bad-signature":
		return "an answer had a wrong signature and was not believed", style.Danger
	case "history-failed":
		return "its earlier refunds could not be asked for" + d.class(), style.Warning
	}
	return "", style.Text
}

func token(verb string, d details) (string, style.Tone) {
	switch verb {
	case "listed":
		if d.text("cards") == "1" {
			return "the gateway lists 1 saved card", style.Text
		}
		return "the gateway lists " + cmp.Or(d.text("cards"), "0") + " saved cards", style.Text
	case "list-failed":
		return "the gateway gave no list of cards" + d.class(), style.Warning
	case "unbind-intent":
		return "card to be unbound" + d.because("reason"), style.Text
	case "unbind-sending":
		return "unbinding sent to the gateway", style.Pending
	case "unbind-unknown":
		return "no believable answer to the unbinding, so it is asked about" + d.class(), style.Unknown
	case "unbound":
		return "card unbound: " + cmp.Or(d.text("how"), "removed"), style.Success
	case "unbind-failed":
		return "card not unbound" + d.because("how", "code"), style.Danger
	}
	return "", style.Text
}

func profile(verb string, d details, loc *time.Location) (string, style.Tone) {
	switch verb {
	case "unlocked":
		return "unlocked for refunds until " + d.clock("until", loc), style.Warning
	case "locked":
		return "locked: read-only again", style.Text
	}
	return "", style.Text
}

// Details lists the content of a journal line as names and values, in the
// order of the alphabet; long digests are cut in the middle.
func Details(e ledger.Event) []Detail {
	d := read(e.Detail)
	list := make([]Detail, 0, len(d))
	for key := range d {
		value := d.text(key)
		if value == "" {
			continue
		}
		words := text.Clean(value)
		if strings.HasSuffix(key, "sha256") {
			words = text.TruncateMiddle(words, 17)
		}
		list = append(list, Detail{Key: text.Clean(label(key)), Value: words})
	}
	slices.SortFunc(list, func(a, b Detail) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return list
}

// label is the name of a value in words.
func label(key string) string {
	if name, digest := strings.CutSuffix(key, "_sha256"); digest {
		return name + " digest"
	}
	if key == "gateway_refund_no" {
		return "gateway no"
	}
	return strings.ReplaceAll(key, "_", " ")
}

// User is the user that a line about a card names, else its subject; a callback's
// subject is the card, so it is "" where that names no user.
func User(e ledger.Event) string {
	user := read(e.Detail).text("user")
	if strings.HasPrefix(e.Kind, "callback.") {
		return user
	}
	return cmp.Or(user, e.Subject)
}
