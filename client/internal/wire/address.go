package wire

import (
	"regexp"
	"strings"

	"paydesk/client"
)

// secretLength is from how many characters on the last part of a callback
// address counts as secret: its path secret has 22 at least (reliability: section
// 7), a plain name hardly as many.
const secretLength = 16

// isAddress reports whether a member of this name holds the address to which a
// gateway sends its callbacks.
func isAddress(name string) bool {
	switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
	case "notifyurl", "refundnotifyurl", "callbackurl", "refundcallbackurl":
		return true
	default:
		return false
	}
}

// secretAt is where the secret part of a callback address begins and ends: it is
// the last segment of its path when that is long, else its query when that is.
// Both are the address's length when there is none.
func secretAt(address string) (from, end int) {
	end = len(address)
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		end = i
	}
	path := strings.TrimRight(address[:end], "/")
	host := 0
	if i := strings.Index(path, "://"); i >= 0 {
		host = i + len("://")
	}
	if at := strings.LastIndexByte(path, '/') + 1; len(path)-at >= secretLength && (at > host || host == 0) {
		return at, len(path)
	}
	if len(address)-end > secretLength {
		return end + 1, len(address)
	}
	return len(address), len(address)
}

// HideAddress is a callback address as it may be shown: without its path secret
// and what comes behind it (S8).
func HideAddress(address string) string {
	from, _ := secretAt(address)
	if from == len(address) {
		return address
	}
	return address[:from] + dropped
}

// Secrets are texts that must not be kept, wherever the other side repeats them.
type Secrets []string

// PathSecrets are the secret parts of callback addresses; empty addresses, and
// those without a secret, count for nothing.
func PathSecrets(addresses ...string) Secrets {
	var secrets Secrets
	for _, address := range addresses {
		if from, end := secretAt(address); from < end {
			secrets = append(secrets, address[from:end])
		}
	}
	return secrets
}

// Hide replaces the secrets in a text.
func (s Secrets) Hide(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, dropped)
	}
	return text
}

// HideBytes is Hide for a body.
func (s Secrets) HideBytes(body []byte) []byte {
	if len(s) == 0 {
		return body
	}
	return []byte(s.Hide(string(body)))
}

// addressMember finds callback addresses in text that is no whole JSON, also in
// JSON that stands as text inside JSON, and in forms. The value may be cut off by
// the text's end.
var (
	addressMember = regexp.MustCompile(`(?i)("(?:refund_?)?(?:notify|callback)_?url\\*"\s*:\s*)\\*"[^"]*(?:"|$)`)
	addressField  = regexp.MustCompile(`(?i)(\b(?:refund_?)?(?:notify|callback)_?url=)[^&\s"]*`)
)

// redactLoose hides in a text what Redact hides in JSON, as far as it can be
// found without reading the text as JSON.
func redactLoose(text string) string {
	if strings.Contains(text, `"`) {
		text = cardMember.ReplaceAllString(text, `${1}"`+dropped+`"`)
		text = addressMember.ReplaceAllString(text, `${1}"`+dropped+`"`)
	}
	if strings.Contains(text, "=") {
		text = addressField.ReplaceAllString(text, `${1}`+dropped)
	}
	return client.MaskCards(text)
}
