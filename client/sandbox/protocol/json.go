package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Errors of ReadObject.
var (
	ErrNotObject = errors.New("the body is no JSON object")
	ErrTwice     = errors.New("a member name occurs twice")
)

// depth bounds the nesting of a body.
const depth = 64

// Object is a JSON object as it came: names are exact, numbers keep their
// digits as json.Number.
type Object map[string]any

// ReadObject reads a whole body. Names that occur twice in one object are
// refused: readers disagree about which one counts.
func ReadObject(body []byte) (Object, error) {
	if !json.Valid(body) {
		return nil, ErrNotObject
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	value, err := readValue(d, depth)
	if err != nil {
		return nil, err
	}
	object, ok := value.(Object)
	if _, more := d.Token(); !ok || !errors.Is(more, io.EOF) {
		return nil, ErrNotObject
	}
	return object, nil
}

func readValue(d *json.Decoder, left int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, errors.Join(ErrNotObject, err)
	}
	open, nested := token.(json.Delim)
	if !nested {
		return token, nil
	}
	if left == 0 {
		return nil, ErrNotObject
	}
	object, list := Object{}, []any{}
	for d.More() {
		var name string
		if open == '{' {
			if name, err = readName(d, object); err != nil {
				return nil, err
			}
		}
		value, err := readValue(d, left-1)
		if err != nil {
			return nil, err
		}
		if open == '{' {
			object[name] = value
		} else {
			list = append(list, value)
		}
	}
	if _, err = d.Token(); err != nil {
		return nil, errors.Join(ErrNotObject, err)
	}
	if open == '{' {
		return object, nil
	}
	return list, nil
}

func readName(d *json.Decoder, object Object) (string, error) {
	token, err := d.Token()
	name, ok := token.(string)
	if err != nil || !ok {
		return "", errors.Join(ErrNotObject, err)
	}
	if _, twice := object[name]; twice {
		return "", fmt.Errorf("%w: %.60q", ErrTwice, name)
	}
	return name, nil
}

// Member is one member of an answer.
type Member struct {
	Name  string
	Value any
}

// Members is an object that is written in the order of its members.
type Members []Member

// Set changes the first member of that name, if there is one.
func (m Members) Set(name string, value any) {
	for i := range m {
		if m[i].Name == name {
			m[i].Value = value
			return
		}
	}
}

// Get is the value of a member, or nil.
func (m Members) Get(name string) any {
	for i := range m {
		if m[i].Name == name {
			return m[i].Value
		}
	}
	return nil
}

// MarshalJSON writes the members in order.
func (m Members) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, member := range m {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := Encode(member.Name)
		if err != nil {
			return nil, err
		}
		value, err := Encode(member.Value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// Encode writes JSON without the escapes that are meant for web pages.
func Encode(value any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, fmt.Errorf("sandbox: encode: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
