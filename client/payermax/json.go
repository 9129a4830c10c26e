package payermax

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Errors of parse.
var (
	errNotJSON   = errors.New("not a JSON object")
	errAmbiguous = errors.New("a member name occurs twice")
)

// depthLimit bounds the nesting of an answer; real ones have five levels.
const depthLimit = 64

// object is a JSON object. Names are exact, numbers keep their text.
type object map[string]any

// parse reads a body into an object. Unlike encoding/json's own decoding it
// tells names apart by case and refuses an object that has one name twice:
// parsers disagree which one counts, so a signature over it proves nothing
// (payermax: section 4 rule 5). A byte order mark is skipped.
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

// object is a member that is an object, or an empty one.
func (o object) object(name string) object {
	inner, _ := o[name].(object)
	return inner
}

// first is the first object of a member that is a list of objects.
func (o object) first(name string) object {
	list, _ := o[name].([]any)
	for _, item := range list {
		if inner, ok := item.(object); ok {
			return inner
		}
	}
	return nil
}

// encode writes a request body. The order of members is that of the struct.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, fmt.Errorf("payermax: encode: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
