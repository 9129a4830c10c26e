package payermax

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseRefusesAmbiguity(t *testing.T) {
	for body, want := range map[string]error{
		`{"a":1,"b":{"a":2}}`: nil, `{"a":1,"A":2}`: nil, ` {} `: nil, "\ufeff{}": nil,
		`{"a":1,"a":1}`: errAmbiguous, `{"a":1,"\u0061":2}`: errAmbiguous, `{"x":[{"a":1,"a":2}]}`: errAmbiguous,
		``: errNotJSON, `[]`: errNotJSON, `"a"`: errNotJSON, `{}{}`: errNotJSON, `{"a":1`: errNotJSON, `{"a":01}`: errNotJSON, `{"a":NaN}`: errNotJSON,
		"\ufeff\ufeff{}": errNotJSON,
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: errNotJSON,
	} {
		if _, err := parse([]byte(body)); !errors.Is(err, want) {
			t.Errorf("%.60s: %v, want %v", body, err, want)
		}
	}
}

// FuzzParse compares with encoding/json: what parse takes says the same there.
func FuzzParse(f *testing.F) {
	f.Add([]byte(accepted))
	f.Add([]byte(order))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := parse(body)
		if err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
		d.UseNumber()
		var want map[string]any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q is taken, encoding/json says %v", body, err)
		}
		ours, errOurs := json.Marshal(got)
		theirs, errTheirs := json.Marshal(want)
		if errOurs != nil || errTheirs != nil || !bytes.Equal(ours, theirs) {
			t.Fatalf("%q read as %s, encoding/json says %s", body, ours, theirs)
		}
	})
}
