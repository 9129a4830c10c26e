package wire

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"paydesk/client"
)

const (
	// dropped stands where a value must not be kept.
	dropped = "•••"
	// textLimit is how much of a body that is no JSON is kept, in bytes.
	textLimit = 64 << 10
	// nesting is how deep JSON may be nested to be redacted member by member;
	// what is deeper is dropped.
	nesting = 64
)

// Redact makes a body fit for the ledger (S8, S16, S17): members that hold card
// data are dropped, masked cards are cut to their last four digits, callback
// addresses lose their path secret, and card numbers anywhere else, in names,
// texts and numbers, are masked. All other bytes of a JSON body stay exactly as
// they are, the digits of numbers included. What is no JSON is kept as masked
// text, cut at 64 KiB.
//
// keep lists our own identifiers in this call; they are left alone although
// their digits may look like a card, unless they hold nothing but digits.
func Redact(body []byte, keep ...string) []byte {
	bare := bytes.TrimPrefix(body, []byte("\ufeff"))
	if !json.Valid(bare) {
		return redactText(body)
	}
	w := &redaction{in: bare, keep: slices.DeleteFunc(slices.Clone(keep), onlyDigits)}
	w.out.Write(body[:len(body)-len(bare)])
	w.value(plain, 0)
	w.blank()
	return w.out.Bytes()
}

// onlyDigits reports whether an identifier could itself be a card number.
func onlyDigits(id string) bool { return strings.Trim(id, "0123456789 -") == "" }

// redaction copies valid JSON from in to out.
type redaction struct {
	in   []byte
	at   int
	out  bytes.Buffer
	keep []string
}

// blank copies white space.
func (w *redaction) blank() {
	from := w.at
	for w.at < len(w.in) && strings.IndexByte(" \t\r\n", w.in[w.at]) >= 0 {
		w.at++
	}
	w.out.Write(w.in[from:w.at])
}

// copyByte copies one structural byte.
func (w *redaction) copyByte() byte {
	b := w.in[w.at]
	w.out.WriteByte(b)
	w.at++
	return b
}

// role is what the texts of a member are.
type role uint8

const (
	plain   role = iota
	card         // masked card numbers
	address      // callback addresses
)

// roleOf is the role of a member's texts.
func roleOf(name string) role {
	switch {
	case isMaskedCard(name):
		return card
	case isAddress(name):
		return address
	default:
		return plain
	}
}

// value copies the next value.
func (w *redaction) value(as role, depth int) {
	w.blank()
	if depth > nesting {
		w.drop()
		return
	}
	switch w.in[w.at] {
	case '{':
		w.members(depth)
	case '[':
		w.elements(as, depth)
	case '"':
		w.text(as)
	default:
		w.scalar()
	}
}

func (w *redaction) members(depth int) {
	w.copyByte()
	for {
		w.blank()
		if w.in[w.at] == '}' {
			w.copyByte()
			return
		}
		literal := w.literal()
		name := unquote(literal)
		w.writeString(literal, name, client.MaskCards(name))
		w.blank()
		w.copyByte() // the colon
		if isCardData(name) {
			w.blank()
			w.drop()
		} else {
			w.value(roleOf(name), depth+1)
		}
		w.blank()
		if w.copyByte() == '}' {
			return
		}
	}
}

func (w *redaction) elements(as role, depth int) {
	w.copyByte()
	w.blank()
	if w.in[w.at] == ']' {
		w.copyByte()
		return
	}
	for {
		w.value(as, depth+1)
		w.blank()
		if w.copyByte() == ']' {
			return
		}
	}
}

// text copies a string value.
func (w *redaction) text(as role) {
	literal := w.literal()
	text := unquote(literal)
	w.writeString(literal, text, redactValue(as, text, w.keep))
}

// redactValue is a text as it may be kept.
func redactValue(as role, text string, keep []string) string {
	switch {
	case text == "":
		return text
	case as == card:
		if tail := client.LastFour(text); tail != "" {
			return tail
		}
		return dropped
	case as == address:
		return client.MaskCards(HideAddress(text))
	case slices.Contains(keep, text):
		return text
	case (text[0] == '{' || text[0] == '[') && json.Valid([]byte(text)):
		return string(Redact([]byte(text), keep...))
	default:
		return redactLoose(text)
	}
}

// scalar copies a number, true, false or null. A number that is a card number
// becomes a masked string.
func (w *redaction) scalar() {
	from := w.at
	w.skipScalar()
	literal := w.in[from:w.at]
	if masked := client.MaskCards(string(literal)); masked != string(literal) {
		w.writeString(nil, "", masked)
		return
	}
	w.out.Write(literal)
}

func (w *redaction) skipScalar() {
	for w.at < len(w.in) && strings.IndexByte(",]} \t\r\n", w.in[w.at]) < 0 {
		w.at++
	}
}

// literal takes the string literal that starts here, quotes included.
func (w *redaction) literal() []byte {
	from := w.at
	for w.at++; w.in[w.at] != '"'; w.at++ {
		if w.in[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	return w.in[from:w.at]
}

// writeString writes the literal as it is, or text where it differs from was.
func (w *redaction) writeString(literal []byte, was, text string) {
	if literal != nil && was == text {
		w.out.Write(literal)
		return
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		quoted = []byte(`"` + dropped + `"`)
	}
	w.out.Write(quoted)
}

// drop skips the next value, whatever it is, and writes the mark; null stays.
func (w *redaction) drop() {
	from := w.at
	for depth := 0; ; {
		switch w.in[w.at] {
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			depth--
			w.at++
		case '"':
			w.literal()
		case ',', ':', ' ', '\t', '\r', '\n':
			w.at++
		default:
			w.skipScalar()
		}
		if depth == 0 {
			break
		}
	}
	if value := string(w.in[from:w.at]); value == "null" || value == `""` {
		w.out.WriteString(value)
		return
	}
	w.out.WriteString(`"` + dropped + `"`)
}

// unquote decodes a valid string literal.
func unquote(literal []byte) string {
	var text string
	if json.Unmarshal(literal, &text) != nil {
		return dropped
	}
	return text
}

// isCardData reports whether a member of this name holds card data that is
// never kept: numbers, codes, expiry, holder, 3-D Secure cryptograms.
func isCardData(name string) bool {
	switch strings.ToLower(name) {
	case "cardidentifierno", "cardidentifiername", "cardno", "pan", "accountnumber", "accno",
		"cvv", "cvv2", "cvc", "cvc2", "cvn", "securitycode", "cavv",
		"cardexpirationmonth", "cardexpirationyear", "cardexpiry", "cardexpirydate", "expirydate", "expirymonth", "expiryyear",
		"cardholdername", "cardholderfullname", "cardholder":
		return true
	default:
		return false
	}
}

// isMaskedCard reports whether a string member of this name is a card number
// that the gateway has masked already.
func isMaskedCard(name string) bool {
	switch strings.ToLower(name) {
	case "cardnumber", "cardinfo":
		return true
	default:
		return false
	}
}

// cardMember finds members that hold card data in text that is no whole JSON.
// The second alternative takes a value that the text's end cuts off.
var cardMember = regexp.MustCompile(`(?i)("(?:cardIdentifierNo|cardIdentifierName|cardNo|cardNumber|pan|accountNumber|accNo|cvv2?|cvc2?|cvn|securityCode|cavv|` +
	`cardExpirationMonth|cardExpirationYear|cardExpiry|cardExpiryDate|expiryDate|expiryMonth|expiryYear|cardHolderName|cardHolderFullName|cardHolder)"\s*:\s*)` +
	`("(?:[^"\\]|\\.)*(?:"|\\?$)|[^\s",\]}]+)`)

// escapedDigit is a digit that hides behind a JSON escape.
var escapedDigit = regexp.MustCompile(`\\u003([0-9])`)

// redactText is Redact for anything but JSON: broken answers, error pages.
func redactText(body []byte) []byte {
	text := strings.ToValidUTF8(string(body), "\ufffd")
	text = escapedDigit.ReplaceAllString(text, "$1")
	return []byte(cut(redactLoose(text), textLimit))
}

// cut shortens a text to a number of bytes without cutting a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
