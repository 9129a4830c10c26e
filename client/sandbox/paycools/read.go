package paycools

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"paydesk/client/sandbox/protocol"
)

// param is one parameter as it came. Its text is what is signed: a number has
// the digits of the body (paycools: section 3.1).
type param struct {
	text   string
	number bool // a JSON number, or text of a query, which has no types
	quoted bool // a JSON text, or text of a query
	nested any  // an object or a list, which has no text
}

// params are the parameters of a request by name. null and empty texts are not
// among them: for the signature they are not there (paycools: section 3.1).
type params map[string]param

const signName = "sign"

var (
	errTwice  = errors.New("a parameter occurs twice")
	errNested = errors.New("must be text, a number, true or false")
)

// readBody reads a JSON object.
func readBody(raw []byte) (params, error) {
	object, err := protocol.ReadObject(raw)
	if err != nil {
		return nil, err
	}
	out := params{}
	for name, value := range object {
		switch v := value.(type) {
		case nil:
		case string:
			if v != "" {
				out[name] = param{text: v, quoted: true}
			}
		case json.Number:
			out[name] = param{text: v.String(), number: true}
		case bool:
			out[name] = param{text: strconv.FormatBool(v)}
		default:
			out[name] = param{nested: v}
		}
	}
	return out, nil
}

// flat refuses objects and lists where the signature rule does not say how to
// write them (paycools: section 3.1).
func (p params) flat() error {
	for name, value := range p {
		if value.nested != nil {
			return fmt.Errorf("%.60q %w", name, errNested)
		}
	}
	return nil
}

// readQuery reads the parameters of a query.
func readQuery(raw string) (params, error) {
	out := params{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, errTwice
		}
		if value != "" {
			out[name] = param{text: value, number: true, quoted: true}
		}
	}
	return out, nil
}

// canonical is the text that is signed: all parameters but the signature as
// name=value, sorted by name in byte order and joined with & (paycools: section
// 3.1).
func (p params) canonical() string {
	names := make([]string, 0, len(p))
	for name := range p {
		if name != signName {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out strings.Builder
	for i, name := range names {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(name + "=" + p[name].text)
	}
	return out.String()
}

// with is a copy with one more parameter, without one fewer.
func (p params) with(name, text string) params {
	out := p.without(name)
	out[name] = param{text: text, number: true, quoted: true}
	return out
}

func (p params) without(names ...string) params {
	out := params{}
	for name, value := range p {
		if !slices.Contains(names, name) {
			out[name] = value
		}
	}
	return out
}

// fields reads parameters and keeps the first mistake as a refusal that names its
// parameter.
type fields struct {
	params
	err error
}

func (f *fields) wrong(name, what string) {
	if f.err == nil {
		f.err = refuse(codeParams, name+" "+what)
	}
}

// text reads a text of at most limit characters. A number or a truth in its place
// is taken at its text, as the gateway's kind of software does.
func (f *fields) text(name string, required bool, limit int) string {
	value, there := f.params[name]
	switch {
	case !there:
		if required {
			f.wrong(name, "is missing")
		}
	case value.nested != nil:
		f.wrong(name, errNested.Error())
	case utf8.RuneCountInString(value.text) > limit:
		f.wrong(name, fmt.Sprintf("is longer than %d", limit))
	}
	return value.text
}

// Limits of texts in characters (paycools: sections 2, 5 and 10). Where none is
// published, a generous one is made up.
const (
	mostNumber = 32
	mostOld    = 64
	mostText   = 256
	mostURL    = 100
)

var (
	newNumber = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)
	appText   = regexp.MustCompile(`^[A-Za-z ]{1,100}$`)
	mobile    = regexp.MustCompile(`^09[0-9]{9}$`)
	country   = regexp.MustCompile(`^[A-Z]{2}$`)
	wholeText = regexp.MustCompile(`^-?[0-9]{1,18}$`)
)

// form reads a text of a certain form.
func (f *fields) form(name string, required bool, limit int, form *regexp.Regexp, right string) string {
	text := f.text(name, required, limit)
	if f.err == nil && text != "" && !form.MatchString(text) {
		f.wrong(name, "must be "+right)
	}
	return text
}

// id reads a new number of the merchant's.
func (f *fields) id(name string) string {
	return f.form(name, true, mostNumber, newNumber, "letters and digits")
}

// whole reads a whole number; there is false when it is missing.
func (f *fields) whole(name string, required bool) (n int64, there bool) {
	text := f.form(name, required, 20, wholeText, "a whole number")
	if text == "" || f.err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.wrong(name, "must be a whole number")
	}
	return n, true
}

// address reads a web address. That of the portal's settings counts as none.
func (f *fields) address(name string, required bool) string {
	text := f.text(name, required, mostURL)
	if text == "" || f.err != nil {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		f.wrong(name, "must be a web address")
	}
	if text == PortalURL {
		return ""
	}
	return text
}

func (f *fields) email(name string, required bool) string {
	text := f.text(name, required, mostText)
	if at, err := mail.ParseAddress(text); f.err == nil && text != "" && (err != nil || at.Address != text) {
		f.wrong(name, "must be an e-mail address")
	}
	return text
}

// date reads a day in the gateway's zone; zero when it is missing.
func (f *fields) date(name string, required bool, zone *time.Location) time.Time {
	text := f.text(name, required, 10)
	if text == "" || f.err != nil {
		return time.Time{}
	}
	at, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		f.wrong(name, "must be a date such as 2026-03-01")
	}
	return at
}

// first reads the first text of a list.
func (f *fields) first(name string) string {
	list, ok := f.params[name].nested.([]any)
	if value, there := f.params[name]; there && !ok {
		f.wrong(name, fmt.Sprintf("must be a list, not %.40q", value.text))
	}
	if len(list) == 0 {
		return ""
	}
	text, ok := list[0].(string)
	if !ok {
		f.wrong(name, "must be a list of texts")
	}
	return text
}
