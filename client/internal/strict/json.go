package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// depthLimit bounds the nesting of a body; real ones have five levels at most.
const depthLimit = 64

// Parse reads a JSON body into an object. Unlike encoding/json's own decoding it
// tells names apart by case and refuses an object that has one name twice with
// ErrAmbiguous: parsers disagree which one counts, so neither a signature over it
// nor TLS says what it means (payermax: section 4 rule 5). Everything else that
// is no JSON object of at most 64 levels is ErrNotJSON. A byte order mark is
// skipped.
func Parse(body []byte) (Object, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !json.Valid(body) {
		return nil, ErrNotJSON
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	value, err := parseValue(d, 0)
	if err != nil {
		return nil, err
	}
	o, ok := value.(Object)
	if !ok {
		return nil, ErrNotJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrNotJSON
	}
	return o, nil
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, ErrNotJSON
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth >= depthLimit {
		return nil, ErrNotJSON
	}
	if delim == '{' {
		return parseMembers(d, depth)
	}
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

func parseMembers(d *json.Decoder, depth int) (any, error) {
	o, seen := Object{}, map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, ErrNotJSON
		}
		if seen[name] {
			return nil, twice(name)
		}
		seen[name] = true
		value, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, Member{name, value})
	}
	_, err := d.Token()
	return o, err
}

func twice(name string) error { return fmt.Errorf("%w: %.60q", ErrAmbiguous, name) }

// Encode writes a value as one line of JSON without HTML escaping: what is sent
// is what can be read. Numbers are json.Number and keep their digits; objects
// keep their order.
func Encode(value any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, fmt.Errorf("strict: encode: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// MarshalJSON writes the members in their order; nil is an empty object.
func (o Object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		for _, part := range []struct {
			value any
			after string
		}{{m.Name, ":"}, {m.Value, ""}} {
			text, err := Encode(part.value)
			if err != nil {
				return nil, err
			}
			out.Write(text)
			out.WriteString(part.after)
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
