package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"paydesk/state/ledger"
)

// form is how the detail of a journal line stands in its JSON.
type form bool

const (
	// asSealed has the detail as a text, which is what the digest covers: the line
	// without its digest is byte for byte what was hashed.
	asSealed form = false
	// asObject has the detail as the object that it is, where that keeps every byte.
	asObject form = true
)

// members are a journal line's parts as they stand in its JSON. The order is
// that of the content that ledger.Event.Seal hashes; the digest comes last.
type members struct {
	Seq     json.RawMessage `json:"seq"`
	At      json.RawMessage `json:"at"`
	Mono    json.RawMessage `json:"mono_ns"`
	Profile json.RawMessage `json:"profile"`
	Kind    json.RawMessage `json:"kind"`
	Subject json.RawMessage `json:"subject"`
	Agent   json.RawMessage `json:"agent"`
	Detail  json.RawMessage `json:"detail"`
	Prev    json.RawMessage `json:"prev"`
	Digest  json.RawMessage `json:"digest"`
}

// values are what the members say, the detail aside.
type values struct {
	Seq     int64         `json:"seq"`
	At      string        `json:"at"`
	Mono    time.Duration `json:"mono_ns"`
	Profile string        `json:"profile"`
	Kind    string        `json:"kind"`
	Subject string        `json:"subject"`
	Agent   string        `json:"agent"`
	Prev    string        `json:"prev"`
	Digest  string        `json:"digest"`
}

// sealed is the content that the digest covers, given the detail as a text.
func (m members) sealed(detail []byte) []byte {
	var out bytes.Buffer
	for i, part := range []struct {
		name  string
		value []byte
	}{
		{"seq", m.Seq},
		{"at", m.At},
		{"mono_ns", m.Mono},
		{"profile", m.Profile},
		{"kind", m.Kind},
		{"subject", m.Subject},
		{"agent", m.Agent},
		{"detail", detail},
		{"prev", m.Prev},
	} {
		out.WriteByte("{,"[min(i, 1)])
		out.WriteString(`"` + part.name + `":`)
		out.Write(part.value)
	}
	out.WriteByte('}')
	return out.Bytes()
}

// text is the whole line, without its end.
func (m members) text() []byte {
	content := m.sealed(m.Detail)
	return append(append(append(content[:len(content)-1:len(content)-1], `,"digest":`...), m.Digest...), '}')
}

// encodeLine writes an event as one line of JSON, without its end. Signs that a
// terminal would obey stand in it as \u escapes.
func encodeLine(e ledger.Event, as form) []byte {
	m := members{
		Seq: strconv.AppendInt(nil, e.Seq, 10), At: quote(e.At.UTC().Format(time.RFC3339Nano)), Mono: strconv.AppendInt(nil, int64(e.Mono), 10),
		Profile: quote(e.Profile), Kind: quote(e.Kind), Subject: quote(e.Subject), Agent: quote(e.Agent), Detail: quote(string(e.Detail)),
		Prev: quote(e.Prev), Digest: quote(e.Digest),
	}
	if as == asObject && standsAsObject(e.Detail) {
		m.Detail = e.Detail
	}
	return escape(m.text())
}

// quote is a text as a JSON string, exactly as the journal seals it.
func quote(text string) []byte {
	out, err := json.Marshal(text)
	if err != nil {
		return []byte(`""`) // never: texts always encode
	}
	return out
}

// standsAsObject reports whether a detail can be part of a line without losing a
// byte of it.
func standsAsObject(detail []byte) bool {
	return len(detail) > 0 && detail[0] == '{' && detail[len(detail)-1] == '}' && json.Valid(detail) && utf8.Valid(detail) &&
		bytes.IndexFunc(detail, func(r rune) bool { return r < 0x20 }) < 0 && bytes.Equal(unescape(detail), detail)
}

// line is one journal line as it was read.
type line struct {
	ledger.Event
	text []byte // as it stood there, without its end
	form form
	own  string // the digest that its content has
	told told
}

// intact reports whether the content is what was sealed.
func (l line) intact() bool { return l.own == l.Digest }

// is reports whether the line is what would be written of an event.
func (l line) is(e ledger.Event) bool { return bytes.Equal(l.text, encodeLine(e, l.form)) }

// told is what the checks need of a line's detail. Absent members are nil.
type told struct {
	Order    string  `json:"order"`
	Amount   string  `json:"amount"`
	Currency string  `json:"currency"`
	PlanHash string  `json:"plan_sha256"`
	Script   bool    `json:"script"`
	Held     string  `json:"held_until"`
	To       string  `json:"to"`
	Status   string  `json:"status"`
	Said     string  `json:"said"`
	Code     *string `json:"code"`
	Verified *bool   `json:"verified"`
	Request  *string `json:"request_sha256"`
	Answer   *string `json:"answer_sha256"`
	Notice   string  `json:"notice_sha256"`
	Body     string  `json:"body_sha256"`
}

// detailOf reads what it can; a detail of another shape tells nothing.
func detailOf(e ledger.Event) (t told) {
	_ = json.Unmarshal(e.Detail, &t) // what does not fit stays empty
	return t
}

// errNoLine says that a text is no journal line as paydesk writes one.
var errNoLine = errors.New("it is not written as paydesk writes a line of the journal")

// decodeLine reads one line, without its end. Whether it is intact must be asked
// of the line; the error says that it is none, or not byte for byte as encodeLine
// writes it.
func decodeLine(text []byte) (line, error) {
	plain := unescape(text)
	if !bytes.Equal(escape(plain), text) {
		return line{}, errNoLine
	}
	var m members
	if err := json.Unmarshal(plain, &m); err != nil {
		return line{}, fmt.Errorf("it is no JSON object: %w", err)
	}
	if !bytes.Equal(m.text(), plain) {
		return line{}, errNoLine
	}
	var v values
	if err := json.Unmarshal(plain, &v); err != nil {
		return line{}, errNoLine
	}
	l := line{text: text, form: form(len(m.Detail) > 0 && m.Detail[0] == '{'), Event: ledger.Event{
		Seq: v.Seq, Mono: v.Mono, Profile: v.Profile, Kind: v.Kind, Subject: v.Subject, Agent: v.Agent, Prev: v.Prev, Digest: v.Digest,
	}}
	var err error
	if l.At, err = time.Parse(time.RFC3339Nano, v.At); err != nil {
		return line{}, errNoLine
	}
	sealedDetail, detail := []byte(m.Detail), ""
	switch {
	case l.form == asObject && standsAsObject(m.Detail):
		detail, sealedDetail = string(m.Detail), quote(string(m.Detail))
	case l.form == asObject, json.Unmarshal(m.Detail, &detail) != nil:
		return line{}, errNoLine
	}
	l.Detail = json.RawMessage(detail)
	l.own, l.told = hash(m.sealed(sealedDetail)), detailOf(l.Event)
	return l, nil
}

// hash is the hex SHA-256 of bytes.
func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// obeyed lists the signs that JSON leaves as they are and that a terminal would
// obey, or that nobody sees: first and last of each range. It is fixed, because
// what was written today must be recognised by every later version.
var obeyed = [...][2]rune{
	{0x7f, 0x9f},
	{0xad, 0xad},
	{0x34f, 0x34f},
	{0x61c, 0x61c},
	{0x115f, 0x1160},
	{0x17b4, 0x17b5},
	{0x180b, 0x180f},
	{0x200b, 0x200f},
	{0x202a, 0x202e}, // U+2028 and U+2029 are escaped by JSON itself
	{0x2060, 0x206f},
	{0x3164, 0x3164},
	{0xfe00, 0xfe0f},
	{0xfeff, 0xfeff},
	{0xffa0, 0xffa0},
	{0xfff0, 0xfffb},
	{0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a},
	{0xe0000, 0xe0fff},
}

func isObeyed(r rune) bool {
	if r < obeyed[0][0] {
		return false // nearly every sign
	}
	for _, span := range obeyed {
		if r >= span[0] && r <= span[1] {
			return true
		}
	}
	return false
}

// escape writes the signs of obeyed as \u escapes. In valid JSON they stand only
// inside of strings.
func escape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case !isObeyed(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}

// unescape takes back what escape did, and nothing else.
func unescape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		if text[0] != '\\' || len(text) < 2 {
			out, text = append(out, text[0]), text[1:]
			continue
		}
		r, size := escaped(text)
		if utf16.IsSurrogate(r) {
			low, more := escaped(text[size:])
			r, size = utf16.DecodeRune(r, low), size+more
		}
		if isObeyed(r) {
			out, text = utf8.AppendRune(out, r), text[size:]
			continue
		}
		out, text = append(out, text[:2]...), text[2:]
	}
	return out
}

// escaped reads the \u escape in lower-case digits that text begins with; 0 when
// there is none.
func escaped(text []byte) (r rune, size int) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, 0
	}
	for _, digit := range text[2:6] {
		switch {
		case digit >= '0' && digit <= '9':
			r = r<<4 | rune(digit-'0')
		case digit >= 'a' && digit <= 'f':
			r = r<<4 | rune(digit-'a'+10)
		default:
			return 0, 0
		}
	}
	return r, 6
}
