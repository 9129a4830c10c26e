package sandbox

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Bounds of the log of calls: it must not grow with the sandbox's age.
const (
	logEntries = 1000
	logBytes   = 8 << 20
)

// RequestEntry is one call of a gateway as the control interface shows it.
type RequestEntry struct {
	Time      time.Time         `json:"time"` // the gateway's clock
	Gateway   string            `json:"gateway"`
	Operation string            `json:"operation"` // as in faults
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Query     string            `json:"query,omitempty"`
	Headers   map[string]string `json:"headers"` // without secrets
	Body      string            `json:"body"`    // exact, but for card data and bytes that are no text
	Accepted  bool              `json:"accepted"`
	Code      string            `json:"code"`   // the gateway's result code
	Status    int               `json:"status"` // HTTP status; 0: the connection was dropped
	Faults    []string          `json:"faults,omitempty"`

	id uint64
}

// newEntry takes down what is known before the body is read.
func newEntry(now time.Time, r *http.Request) RequestEntry {
	headers := map[string]string{}
	for name, values := range r.Header {
		if low := strings.ToLower(name); !strings.Contains(low, "auth") && !strings.Contains(low, "cookie") && !strings.Contains(low, "token") {
			headers[name] = strings.Join(values, ", ")
		}
	}
	return RequestEntry{Time: now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Headers: headers}
}

// cardData finds the members that hold a card number or its code, packedCard
// and formCard those of JSON text inside JSON and inside a form.
var (
	cardData   = regexp.MustCompile(`("(?:cardIdentifierNo|cardNumber|cvv|cardNo|accNo)"\s*:\s*)("(?:[^"\\]|\\.)*"|[0-9]+)`)
	packedCard = regexp.MustCompile(`(\\"accNo\\"\s*:\s*)(\\"[^"\\]*\\"|[0-9]+)`)
	formCard   = regexp.MustCompile(`(?i)(%22accNo%22(?:\+|%20)*(?::|%3A)(?:\+|%20)*)(?:%22[^%&]*%22|[0-9]+)`)
)

func (e *RequestEntry) setBody(body []byte) {
	text := string(body)
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\ufffd")
	}
	text = cardData.ReplaceAllString(text, `$1"•••"`)
	text = packedCard.ReplaceAllString(text, `$1\"•••\"`)
	e.Body = formCard.ReplaceAllString(text, `$1%22•••%22`)
}

// requestLog keeps the last calls. It is safe for concurrent use.
type requestLog struct {
	mu      sync.Mutex
	last    uint64
	size    int
	entries []RequestEntry
}

func newRequestLog() *requestLog { return &requestLog{} }

// put adds a call, or replaces it when it has an id already, and returns its
// id.
func (l *requestLog) put(e RequestEntry) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.id != 0 {
		for i := len(l.entries) - 1; i >= 0; i-- {
			if l.entries[i].id == e.id {
				l.entries[i] = e
			}
		}
		return e.id
	}
	l.last++
	e.id = l.last
	l.entries = append(l.entries, e)
	l.size += len(e.Body)
	for len(l.entries) > logEntries || (l.size > logBytes && len(l.entries) > 1) {
		l.size -= len(l.entries[0].Body)
		l.entries[0] = RequestEntry{} // let go of its body
		l.entries = l.entries[1:]
	}
	return e.id
}

// list returns the calls, the oldest first.
func (l *requestLog) list() []RequestEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]RequestEntry{}, l.entries...)
}
