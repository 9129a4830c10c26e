package paycools

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"paydesk/client/internal/sign"
)

func TestParseRefusesAmbiguity(t *testing.T) {
	for body, want := range map[string]error{
		`{"a":1,"b":{"a":2}}`: nil, `{"a":1,"A":2}`: nil, ` {} `: nil, "\ufeff{}": nil,
		`{"a":1,"a":1}`: errAmbiguous, `{"a":1,"\u0061":2}`: errAmbiguous, `{"x":[{"a":1,"a":2}]}`: errAmbiguous,
		``: errNotJSON, `[]`: errNotJSON, `"a"`: errNotJSON, `{}{}`: errNotJSON, `{"a":1`: errNotJSON, `{"a":01}`: errNotJSON, `{"a":NaN}`: errNotJSON,
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: errNotJSON,
	} {
		if _, err := parse([]byte(body)); !errors.Is(err, want) {
			t.Errorf("%.60s: %v, want %v", body, err, want)
		}
	}
	for body, want := range map[string]error{
		"a=1&b=": nil, "a=%26&b=+": nil, "a=1&&b=2\n": nil, "a=1&a=2": errAmbiguous, "%61=1&a=2": errAmbiguous,
		"a": errNotForm, "": errNotForm, "=1": errNotForm, "a=%zz": errNotForm, "a;b=1": nil,
	} {
		if _, err := parseForm([]byte(body)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", body, err, want)
		}
	}
}

// TestWhatIsSentIsWhatIsSigned takes requests apart as their receiver would.
func TestWhatIsSentIsWhatIsSigned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.MapOfN(rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,8}`), rapid.String(), 0, 6).Draw(t, "fields")
		delete(texts, signMember)
		fields := []field{{"appId", "x"}}
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			if name != "appId" {
				fields = append(fields, field{name, texts[name]})
			}
		}
		fields = append(filled(fields), field{"n0", json.Number("10000")})
		if slices.ContainsFunc(fields[:len(fields)-1], func(f field) bool { return f.name == "n0" }) {
			return
		}
		want := sign.TextSorted(pairs(fields))
		body, err := encode(fields)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range [][]byte{body, []byte(query(fields))} {
			got, err := take(form)
			if err != nil {
				t.Fatalf("%s: %v", form, err)
			}
			if text := sign.TextSorted(got.members); text != want {
				t.Fatalf("signed %q, read %q", want, text)
			}
		}
		if _, err := url.ParseQuery(query(fields)); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzParse compares with encoding/json: what parse takes says the same there.
func FuzzParse(f *testing.F) {
	f.Add([]byte(accepted))
	f.Add([]byte(`{"data":[` + refundOne + `]}`))
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
		if _, err := take(body); err != nil && !errors.Is(err, errNotJSON) && !errors.Is(err, errNotForm) {
			t.Fatalf("%q: %v", body, err)
		}
	})
}
