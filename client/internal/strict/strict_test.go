package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func nest(levels int) string {
	return `{"a":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}`
}

func TestParseRefusesAmbiguity(t *testing.T) { // covers F10
	for body, want := range map[string]error{
		`{"a":1,"b":{"a":2}}`: nil, `{"a":1,"A":2}`: nil, ` {} `: nil, "\ufeff{}": nil, nest(63): nil,
		`{"a":1,"a":1}`: ErrAmbiguous, `{"a":1,"\u0061":2}`: ErrAmbiguous, `{"x":[{"a":1,"a":2}]}`: ErrAmbiguous,
		``: ErrNotJSON, `[]`: ErrNotJSON, `"a"`: ErrNotJSON, `{}{}`: ErrNotJSON, `{"a":1`: ErrNotJSON, `{"a":01}`: ErrNotJSON, `{"a":NaN}`: ErrNotJSON,
		"\ufeff\ufeff{}": ErrNotJSON, nest(64): ErrNotJSON, nest(100_000): ErrNotJSON,
	} {
		if _, err := Parse([]byte(body)); !errors.Is(err, want) {
			t.Errorf("%.60s: %v, want %v", body, err, want)
		}
	}
	if _, err := Parse([]byte(`{"sign":1,"sign":2}`)); err == nil || !strings.Contains(err.Error(), `"sign"`) {
		t.Errorf("%v does not name what occurs twice", err)
	}
}

func TestParseFormByRules(t *testing.T) {
	strictly, lone, last := FormRules{}, FormRules{Lone: true}, FormRules{Lone: true, Last: true}
	for _, tc := range []struct {
		body  string
		rules FormRules
		want  string // as JSON, or the error
	}{
		{"a=1+2&b=%E8%8C%B6&c=&&e=x%3Dy=z\r\n", strictly, `{"a":"1 2","b":"茶","c":"","e":"x=y=z"}`},
		{"a;b=1", strictly, `{"a;b":"1"}`},
		{"a=1&a=2", strictly, "twice"},
		{"%61=1&a=2", strictly, "twice"},
		{"a=1&%61=1", lone, "twice"},
		{"a=1&b=2&a=3", last, `{"a":"3","b":"2"}`},
		{"d&=1", lone, `{"d":"","":"1"}`},
		{"", lone, `{}`},
		{"a", strictly, "form"},
		{"=1", strictly, "form"},
		{"", strictly, "form"},
		{"\n", strictly, "form"},
		{"a=%zz", strictly, "form"},
		{"a=%", last, "form"},
		{"%g=1", last, "form"},
	} {
		o, err := ParseForm([]byte(tc.body), tc.rules)
		got, _ := json.Marshal(o)
		switch {
		case tc.want == "twice" && errors.Is(err, ErrAmbiguous), tc.want == "form" && errors.Is(err, ErrNotForm):
		case err != nil || string(got) != tc.want:
			t.Errorf("%q: %s, %v, want %s", tc.body, got, err, tc.want)
		}
	}
}

func TestMembersAreFound(t *testing.T) {
	o, err := Parse([]byte(`{"z":{"n":1.50},"blank":"  ","text":" x ","big":9007199254740993,"list":[1,{"first":true},{"second":true}],"null":null,"Text":"y"}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"text": "x", "Text": "y", "blank": "", "big": "9007199254740993", "z": "", "null": "", "none": ""} {
		if got := o.Text(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if o.Text("none", "blank", "text", "Text") != "x" || o.Object("z").Text("n") != "1.50" || o.Object("text") != nil || o.Object("none").Text("a") != "" {
		t.Error("a member is not found as it should be")
	}
	if first := o.First("list"); first.Get("first") != true || o.First("z") != nil || o.First("none") != nil {
		t.Errorf("first %v", o.First("list"))
	}
	if rest := o.Without("z"); len(rest) != len(o)-1 || rest.Get("z") != nil || o.Get("z") == nil {
		t.Errorf("without z: %v", rest)
	}
}

func TestOrderIsKeptUntilSorted(t *testing.T) {
	const body = `{"b":[{"z":1,"a":2}],"B":{"y":null,"x":"<&>\u2028"},"a":true}`
	o, err := Parse([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Encode(o); err != nil || string(got) != body {
		t.Errorf("%s, %v", got, err)
	}
	const sorted = `{"B":{"x":"<&>\u2028","y":null},"a":true,"b":[{"a":2,"z":1}]}`
	if got, err := Encode(Sorted(o)); err != nil || string(got) != sorted {
		t.Errorf("%s, %v", got, err)
	}
	if got, _ := Encode(o); string(got) != body {
		t.Error("sorting changed what was sorted")
	}
	if names := o.ByName(); names[0].Name != "B" || names[2].Name != "b" || o[0].Name != "b" {
		t.Errorf("%v", names)
	}
	for in, want := range map[any]string{"x": `"x"`, json.Number("1.50"): "1.50", true: "true"} {
		if got, err := Encode(in); err != nil || string(got) != want || Sorted(in) != in {
			t.Errorf("%v: %s, %v", in, got, err)
		}
	}
	if got, err := Encode(Object(nil)); err != nil || string(got) != "{}" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := Encode(Object{{Name: "a", Value: func() {}}}); err == nil {
		t.Error("a function was encoded")
	}
}

// TestEncodedObjectsAreReadAlike draws objects and reads them back.
func TestEncodedObjectsAreReadAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Object{}
		for i := range rapid.IntRange(0, 6).Draw(t, "members") {
			name := rapid.String().Draw(t, "name") + string(rune('a'+i))
			value := any(rapid.String().Draw(t, "value"))
			if rapid.Bool().Draw(t, "nested") {
				value = []any{value, json.Number("10.00"), Object{{Name: "n", Value: nil}}}
			}
			o = append(o, Member{name, value})
		}
		text, err := Encode(o)
		if err != nil || !json.Valid(text) {
			t.Fatalf("%q, %v", text, err)
		}
		back, err := Parse(text)
		if errors.Is(err, ErrAmbiguous) {
			return // two of the drawn names were one
		}
		again, errAgain := Encode(back)
		if err != nil || errAgain != nil || !bytes.Equal(text, again) {
			t.Fatalf("%q became %q, %v", text, again, err)
		}
	})
}

// FuzzParse compares with encoding/json: what Parse takes says the same there.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"code":0,"data":{"a":1.50,"b":[{}]},"sign":"X"}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := Parse(body)
		if err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
		d.UseNumber()
		var want map[string]any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q is taken, encoding/json says %v", body, err)
		}
		ours, errOurs := json.Marshal(Sorted(got))
		theirs, errTheirs := json.Marshal(want)
		if errOurs != nil || errTheirs != nil || !bytes.Equal(ours, theirs) {
			t.Fatalf("%q read as %s, encoding/json says %s", body, ours, theirs)
		}
	})
}
