package paycools

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"paydesk/client/internal/strict"
)

// object is a JSON object, or a query. Numbers keep their text (paycools: section
// 3.4).
type object = strict.Object

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
	out := make(object, 0, len(fields))
	for _, f := range fields {
		out = append(out, strict.Member{Name: f.name, Value: f.value})
	}
	return strict.Encode(out)
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
		o, err := strict.ParseForm(bare, strict.FormRules{})
		if err != nil {
			return taken{}, err
		}
		t := taken{body: o, form: true, sign: o.Text(signMember)}
		for _, m := range o {
			t.add(m.Name, m.Value, nil)
		}
		return t, nil
	}
	o, err := strict.Parse(bare)
	if err != nil {
		return taken{}, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(bare, &raw); err != nil {
		return taken{}, strict.ErrNotJSON
	}
	t := taken{body: o}
	t.sign, _ = o.Get(signMember).(string)
	for _, m := range o {
		t.add(m.Name, m.Value, raw[m.Name])
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
