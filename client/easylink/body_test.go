package easylink

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"paydesk/client/internal/strict"
)

func TestRender(t *testing.T) {
	for in, want := range map[string]string{
		`null`: "", `""`: "", `" "`: " ", `"0"`: "0", `0`: "0", `-15`: "-15", `12.50`: "12.50", `9007199254740993`: "9007199254740993",
		`true`: "true", `false`: "false", `{}`: "{}", `[]`: "[]", `"茶/<&>"`: "茶/<&>", `"\u8336\/"`: "茶/",
		` { "b" : [ 1 , null , "x" , { } ] , "n" : null , "a" : 1.50 } `: `{"b":[1,null,"x",{}],"a":1.50}`,
		`["\"\\\b\f\n\r\t\u000b\u0001\u007f\u0085\u2028\u2029é'/<&>"]`:   `["\"\\\b\f\n\r\t\u000B\u0001\u007F\u0085\u2028\u2029é'/<&>"]`,
		`{"\u0022":{"z":1,"Z":2}}`:                                       `{"\"":{"z":1,"Z":2}}`,
	} {
		o, err := strict.Parse([]byte(`{"v":` + in + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := render(o.Get("v")); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestWhole(t *testing.T) {
	for in, want := range map[string]string{
		`"004"`: "4", `4.0`: "4", `4.5`: "4", `0`: "0", `"0.00"`: "0", `-7.9`: "-7", `"-0"`: "0", `"abc"`: "abc", `1E2`: "1E2", `""`: "", `true`: "true", `null`: "",
		`9223372036854775807`: "9223372036854775807",
	} {
		o, err := strict.Parse([]byte(`{"v":` + in + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := render(whole(o.Get("v"))); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestEncodedBodiesAreReadAlike draws members and reads them back.
func TestEncodedBodiesAreReadAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := object{}
		for i := range rapid.IntRange(1, 6).Draw(t, "members") {
			name := rapid.StringMatching(`[A-Za-z"<]{1,4}`).Draw(t, "name") + string(rune('a'+i))
			var value any = rapid.StringOf(rapid.RuneFrom([]rune("aZ0 &<>\"\\\n\t=茶\u2028\u0085😀"))).Draw(t, "value")
			if rapid.Bool().Draw(t, "number") {
				value = cents(hkd(rapid.Int64().Draw(t, "n")))
			}
			o = append(o, member{Name: name, Value: value})
		}
		body, err := strict.Encode(o)
		if err != nil || !json.Valid(body) || strings.Contains(string(body), `\u003c`) {
			t.Fatalf("%s, %v", body, err)
		}
		for _, text := range []string{string(body), nested(o)} {
			back, err := strict.Parse([]byte(text))
			if err != nil || len(back) != len(o) {
				t.Fatalf("%s became %v, %v", text, back, err)
			}
			for i, pair := range pairs(o) {
				if pairs(back)[i] != pair {
					t.Fatalf("%s: %q became %q", text, pair, pairs(back)[i])
				}
			}
		}
	})
}

func nested(o object) string {
	var out strings.Builder
	writeNested(&out, o)
	return out.String()
}

// FuzzInspector feeds both inspectors nonsense: they refuse or
// answer, and what they have signed they accept.
func FuzzInspector(f *testing.F) { // covers F10
	for _, seed := range []string{`{"code":0,"data":{"a":1}}`, "a=1&sign=x", `{"a":[{}]}`, "%", "{", "=", "\ufeff{}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, kind := range []string{KindRequest, KindAnswer, KindCallback} {
			made, err := Sign(kind, []byte("CANARY-secret-1"), []byte(body))
			if err != nil {
				continue
			}
			found, err := Verify(kind, []byte("CANARY-secret-1"), []byte(body), made.Sign)
			if err != nil || !found.Valid {
				t.Fatalf("%s %q: %+v, %v", kind, body, found, err)
			}
			if found, err := Verify(kind, []byte("CANARY-secret-2"), []byte(body), made.Sign); err != nil || found.Valid {
				t.Fatalf("%s %q: another secret passes", kind, body)
			}
			if strings.Contains(made.SignedText, "CANARY-secret-1") {
				t.Fatalf("%s %q: the secret is shown", kind, body)
			}
		}
	})
}
