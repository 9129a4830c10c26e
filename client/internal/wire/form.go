package wire

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"paydesk/client"
)

// RedactForm is Redact for an application/x-www-form-urlencoded body: fields
// that hold card data are dropped, masked cards are cut to their last four
// digits, callback addresses lose their path secret, JSON inside a value is
// redacted member by member, and card numbers anywhere else are masked. Pairs that hold none stay exactly as they are, byte
// for byte and in their order. What cannot be decoded is kept as masked text.
// More than 64 KiB is cut. keep is as in Redact.
func RedactForm(body []byte, keep ...string) []byte {
	keep = slices.DeleteFunc(slices.Clone(keep), onlyDigits)
	var out strings.Builder
	for i, pair := range strings.Split(string(body), "&") {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(redactPair(pair, keep))
	}
	return []byte(cut(out.String(), textLimit))
}

// RedactPairs is Redact for pairs of name and value as they are signed. The
// given ones stay as they are; their order does too.
func RedactPairs(pairs [][2]string, keep ...string) [][2]string {
	keep = slices.DeleteFunc(slices.Clone(keep), onlyDigits)
	redacted := make([][2]string, 0, len(pairs))
	for _, pair := range pairs {
		redacted = append(redacted, [2]string{client.MaskCards(pair[0]), redactField(pair[0], pair[1], keep)})
	}
	return redacted
}

// redactPair redacts one "name=value".
func redactPair(pair string, keep []string) string {
	rawName, rawValue, assigned := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	if nameErr != nil || valueErr != nil || !utf8.ValidString(name) || !utf8.ValidString(value) {
		return string(redactText([]byte(pair)))
	}
	text := written(rawName, name, client.MaskCards(name))
	if !assigned {
		return text
	}
	return text + "=" + written(rawValue, value, redactField(name, value, keep))
}

// redactField is a field's value as it may be kept.
func redactField(name, value string, keep []string) string {
	if value != "" && isCardData(name) {
		return dropped
	}
	return redactValue(roleOf(name), value, keep)
}

// written is the raw form of a text that did not change, or its new one encoded,
// with the marks of redaction left readable.
func written(raw, was, now string) string {
	if was == now {
		return raw
	}
	return readable.Replace(url.QueryEscape(now))
}

// readable undoes the encoding of the marks of redaction.
var readable = strings.NewReplacer("%C2%B7", "·", "%E2%80%A2", "•")
