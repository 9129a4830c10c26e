package easylink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// Errors of reading a body.
var (
	errNotJSON   = errors.New("not a JSON object")
	errNotForm   = errors.New("not a form body")
	errAmbiguous = errors.New("a name occurs twice")
)

// depthLimit bounds the nesting of a body; real ones have two levels.
const depthLimit = 64

// member is one name with its value: a string, json.Number, bool, nil, object
// or []any.
type member struct {
	name  string
	value any
}

// object is a JSON object, or a form, in the order in which it came. The order
// counts for the signature where names differ in case only, and inside nested
// values (easylink: section 4.2). Names are exact, numbers keep their text.
type object []member

// get is the value of a member, or nil.
func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// text is the first of the named members that is a non-empty text, or a number
// as its text; blanks around it are cut.
func (o object) text(names ...string) string {
	for _, name := range names {
		var text string
		switch v := o.get(name).(type) {
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

// without is a copy of o without one member.
func (o object) without(name string) object {
	rest := make(object, 0, len(o))
	for _, m := range o {
		if m.name != name {
			rest = append(rest, m)
		}
	}
	return rest
}

// pairs renders the members as they are signed; null is empty, and empty values
// are left out by the signing itself.
func (o object) pairs() [][2]string {
	pairs := make([][2]string, 0, len(o))
	for _, m := range o {
		pairs = append(pairs, [2]string{m.name, render(m.value)})
	}
	return pairs
}

// parseJSON reads a body into an object. An object that has one name twice is
// errAmbiguous: parsers disagree which one counts, so a signature over it proves
// nothing. A byte order mark is skipped.
func parseJSON(body []byte) (object, error) {
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
	return parseMembers(d, depth)
}

func parseMembers(d *json.Decoder, depth int) (any, error) {
	o, seen := object{}, map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, errNotJSON
		}
		if seen[name] {
			return nil, fmt.Errorf("%w: %.60q", errAmbiguous, name)
		}
		seen[name] = true
		value, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{name, value})
	}
	_, err := d.Token()
	return o, err
}

// parseForm reads an application/x-www-form-urlencoded body in its order. With
// last, a repeated name keeps the last value, as the gateway reads requests
// (easylink: section 4.3); without, it is errAmbiguous.
func parseForm(body []byte, last bool) (object, error) {
	o, at := object{}, map[string]int{}
	for pair := range strings.SplitSeq(string(bytes.TrimRight(body, "\r\n")), "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		if err := errors.Join(nameErr, valueErr); err != nil {
			return nil, errNotForm
		}
		i, twice := at[name]
		switch {
		case !twice:
			at[name] = len(o)
			o = append(o, member{name, value})
		case last:
			o[i].value = value
		default:
			return nil, fmt.Errorf("%w: %.60q", errAmbiguous, name)
		}
	}
	return o, nil
}

// render is a value as it is signed: a text as it is, a number by its own
// digits, true or false, and a nested value as compact JSON text. Null is "".
func render(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		var out strings.Builder
		writeNested(&out, v)
		return out.String()
	}
}

// writeNested writes compact JSON as the gateway's serialiser does: members in
// the order in which they came, those that are null left out, nulls in lists
// kept (easylink: section 4.2).
func writeNested(out *strings.Builder, value any) {
	switch v := value.(type) {
	case object:
		out.WriteByte('{')
		first := true
		for _, m := range v {
			if m.value == nil {
				continue
			}
			if !first {
				out.WriteByte(',')
			}
			first = false
			writeQuoted(out, m.name)
			out.WriteByte(':')
			writeNested(out, m.value)
		}
		out.WriteByte('}')
	case []any:
		out.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			writeNested(out, item)
		}
		out.WriteByte(']')
	case string:
		writeQuoted(out, v)
	case nil:
		out.WriteString("null")
	default:
		out.WriteString(render(v))
	}
}

// writeQuoted writes a JSON string with the escapes of the gateway's
// serialiser: no HTML escaping, hexadecimal digits in capitals.
func writeQuoted(out *strings.Builder, text string) {
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r >= '\b' && r <= '\r' && r != '\v':
			out.WriteByte('\\')
			out.WriteByte("btn-fr"[r-'\b'])
		case r < ' ' || (r >= 0x7f && r < 0xa0) || r == '\u2028' || r == '\u2029':
			fmt.Fprintf(out, `\u%04X`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

// encode writes a request body: the members in their order, without HTML
// escaping.
func encode(o object) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	before := byte('{')
	for _, m := range o {
		out.WriteByte(before)
		before = ','
		if err := e.Encode(m.name); err != nil {
			return nil, fmt.Errorf("easylink: encode: %w", err)
		}
		out.Truncate(out.Len() - 1) // the encoder's line end
		out.WriteByte(':')
		if err := e.Encode(m.value); err != nil {
			return nil, fmt.Errorf("easylink: encode %s: %w", m.name, err)
		}
		out.Truncate(out.Len() - 1)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
