package paycools

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"paydesk/client/internal/sign"
)

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

// FuzzTake feeds the reading of foreign bodies nonsense: it refuses, or what it
// has read is what is signed.
func FuzzTake(f *testing.F) { // covers F10
	f.Add([]byte(accepted))
	f.Add([]byte(`{"data":[` + refundOne + `]}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte("a=1&sign=x"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := take(body)
		if err != nil {
			return
		}
		if len(got.members) > len(got.body) || len(got.members) < len(got.body)-1 {
			t.Fatalf("%q: %d members of %d", body, len(got.members), len(got.body))
		}
	})
}
