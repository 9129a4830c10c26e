package paycools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// Errors of reading a body.
var (
	errNotJSON   = errors.New("not a JSON object")
	errNotForm   = errors.New("not a query or form body")
	errAmbiguous = errors.New("a member name occurs twice")
)

// depthLimit bounds the nesting of a body; real ones have four levels.
const depthLimit = 64

// object is a JSON object, or a query. Names are exact, numbers keep their text
// (paycools: section 3.4).
type object map[string]any

// parse reads a body into an object. An object that has one name twice is
// errAmbiguous: parsers disagree which one counts, so neither a signature nor TLS
// says what it means. A byte order mark is skipped.
func parse(body []byte) (object, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !json.Valid(body) {
		return nil, errNotJSON
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	value, err := parseValue(d, 0)
	if err != nil {
		return nil, err
	}
	o, ok := value.(object)
	if !ok {
		return nil, errNotJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return o, nil
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, errNotJSON
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth >= depthLimit {
		return nil, errNotJSON
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			value, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	}
	o := object{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, errNotJSON
		}
		if _, twice := o[name]; twice {
			return nil, fmt.Errorf("%w: %.60q", errAmbiguous, name)
		}
		if o[name], err = parseValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = d.Token()
	return o, err
}

// parseForm reads a query or an application/x-www-form-urlencoded body. A name
// that occurs twice is errAmbiguous.
func parseForm(body []byte) (object, error) {
	o := object{}
	for pair := range strings.SplitSeq(string(bytes.TrimRight(body, "\r\n")), "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, assigned := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		if !assigned || name == "" || errors.Join(nameErr, valueErr) != nil {
			return nil, errNotForm
		}
		if _, twice := o[name]; twice {
			return nil, fmt.Errorf("%w: %.60q", errAmbiguous, name)
		}
		o[name] = value
	}
	if len(o) == 0 {
		return nil, errNotForm
	}
	return o, nil
}

// text is the first of the named members that is a non-empty text, or a number
// as its text; blanks around it are cut.
func (o object) text(names ...string) string {
	for _, name := range names {
		var text string
		switch v := o[name].(type) {
		case string:
			text = v
		case json.Number:
			text = v.String()
		}
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
	return ""
}

// field is one member of a request: a text or a json.Number.
type field struct {
	name  string
	value any
}

// rendered is a field's value as it is signed.
func (f field) rendered() string {
	switch v := f.value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// pairs renders fields as they are signed.
func pairs(fields []field) [][2]string {
	out := make([][2]string, 0, len(fields))
	for _, f := range fields {
		out = append(out, [2]string{f.name, f.rendered()})
	}
	return out
}

// filled drops the fields that are empty, or nothing but blanks: they are neither
// sent nor signed, because how a blank is signed is not documented.
func filled(fields []field) []field {
	return slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return strings.TrimSpace(f.rendered()) == "" })
}

// encode writes fields as a JSON object in their order.
func encode(fields []field) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			out.WriteByte(',')
		}
		name, nameErr := encodeValue(f.name)
		value, valueErr := encodeValue(f.value)
		if err := errors.Join(nameErr, valueErr); err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func encodeValue(value any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, fmt.Errorf("paycools: encode: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// query writes fields as a query in the order of their names; a blank is "+" and
// every character that base64 has beside letters and digits is escaped (paycools:
// section 2).
func query(fields []field) string {
	texts := make([]string, 0, len(fields))
	for _, f := range slices.SortedStableFunc(slices.Values(fields), func(a, b field) int { return strings.Compare(a.name, b.name) }) {
		texts = append(texts, url.QueryEscape(f.name)+"="+url.QueryEscape(f.rendered()))
	}
	return strings.Join(texts, "&")
}

// signMember is the member that carries the signature.
const signMember = "sign"

// taken is a foreign body taken apart for its signature.
type taken struct {
	body    object
	members [][2]string // all but the signature, as they are signed
	sign    string      // empty when there is none, or when it is no text
	form    bool
}

// take reads a JSON or form body. What a nested value is signed as is not
// documented (paycools: section 3.1); it is taken as it stands in the body.
func take(body []byte) (taken, error) {
	bare := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(bare) == 0 {
		return taken{}, errors.New("the body is empty")
	}
	if bare[0] != '{' {
		o, err := parseForm(bare)
		if err != nil {
			return taken{}, err
		}
		t := taken{body: o, form: true, sign: o.text(signMember)}
		for name, value := range o {
			t.add(name, value, nil)
		}
		return t, nil
	}
	o, err := parse(bare)
	if err != nil {
		return taken{}, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(bare, &raw); err != nil {
		return taken{}, errNotJSON
	}
	t := taken{body: o}
	t.sign, _ = o[signMember].(string)
	for name, value := range o {
		t.add(name, value, raw[name])
	}
	return t, nil
}

func (t *taken) add(name string, value any, raw json.RawMessage) {
	if name == signMember {
		return
	}
	text := string(raw)
	switch v := value.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	case nil:
		text = ""
	}
	t.members = append(t.members, [2]string{name, text})
}
