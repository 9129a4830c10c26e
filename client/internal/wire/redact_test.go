package wire

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestRedact(t *testing.T) { // covers S16, S17
	for in, want := range map[string]string{
		`{"a":1}`: `{"a":1}`,
		` { "a" : [ 10.00 , 1E+2, true,null, "x\/y" ] } ` + "\n":                        ` { "a" : [ 10.00 , 1E+2, true,null, "x\/y" ] } ` + "\n",
		`{"reference":"card 4242 4242 4242 4242"}`:                                      `{"reference":"card ····4242"}`,
		`{"reference":"\u0034242424242424242"}`:                                         `{"reference":"····4242"}`,
		`{"n":4242424242424242}`:                                                        `{"n":"····4242"}`,
		`{"4242424242424242":1}`:                                                        `{"····4242":1}`,
		`{"CVV":"123","x":1}`:                                                           `{"CVV":"•••","x":1}`,
		`{"cvv":null,"cardHolderName":""}`:                                              `{"cvv":null,"cardHolderName":""}`,
		`{"cardExpirationMonth": 12 ,"cardHolderFullName":{"a":["b",{"c":"}"}]},"z":2}`: `{"cardExpirationMonth": "•••" ,"cardHolderFullName":"•••","z":2}`,
		`{"cardInfo":"400000******0002"}`:                                               `{"cardInfo":"····0002"}`,
		`{"cardInfo":{"cardNumber":"400000******0002","cardLast4":"0002","cardIdentifierNo":"400000******0002","cardOrg":"VISA"}}`: `{"cardInfo":{"cardNumber":"····0002","cardLast4":"0002","cardIdentifierNo":"•••","cardOrg":"VISA"}}`,
		`{"cardNumber":"unreadable"}`:           `{"cardNumber":"•••"}`,
		`{"inner":"{\"cvv\":\"123\",\"k\":1}"}`: `{"inner":"{\"cvv\":\"•••\",\"k\":1}"}`,
		`"4242424242424242"`:                    `"····4242"`,
		`[]`:                                    `[]`,
		`{}`:                                    `{}`,
		"\ufeff" + `{"cvv":1}`:                  "\ufeff" + `{"cvv":"•••"}`,
		``:                                      ``,
		`<html>4242 4242 4242 4242</html>`:      `<html>····4242</html>`,
		`{"cvv":"12`:                            `{"cvv":"•••"`,
		`{"cvv":"1\"2","n":4242424242424242,"cardHolderName`: `{"cvv":"•••","n":····4242,"cardHolderName`,
		`{"cardExpirationYear" : 29, "x`:                     `{"cardExpirationYear" : "•••", "x`,
		`{"n":"\u00264242424242424242`:                       `{"n":"\u0026····4242`,
		`{"n":"\u0034242\u003424242424242`:                   `{"n":"····4242`,
		"bad \xff utf-8":                                     "bad \ufffd utf-8",
		`{"dup":1,"dup":4242424242424242}`:                   `{"dup":1,"dup":"····4242"}`,
	} {
		if got := string(Redact([]byte(in))); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestRedactKeepsOurNumbers(t *testing.T) {
	in := `{"outTradeNo":"P4242424242424242","reference":"P4242424242424242 and 4242424242424242","x":"4242424242424242"}`
	got := string(Redact([]byte(in), "P4242424242424242", "4242424242424242"))
	want := `{"outTradeNo":"P4242424242424242","reference":"P····4242 and ····4242","x":"····4242"}`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestRedactCutsText(t *testing.T) { // covers F5
	got := Redact([]byte(strings.Repeat("é", textLimit)))
	if len(got) > textLimit || len(got) < textLimit-4 || !utf8.Valid(got) {
		t.Fatalf("%d bytes", len(got))
	}
}

func TestRedactDeepNesting(t *testing.T) {
	deep := strings.Repeat("[", 5000) + `{"cvv":"123"}` + strings.Repeat("]", 5000)
	got := Redact([]byte(deep))
	if !json.Valid(got) || bytes.Contains(got, []byte("123")) {
		t.Fatalf("%.200s", got)
	}
}

// TestRedactKeepsTheRest draws JSON without card data and expects it back byte
// for byte, and with card data in any place and expects it gone.
func TestRedactKeepsTheRest(t *testing.T) { // covers S16, S17
	value := rapid.Deferred(func() *rapid.Generator[any] { return drawJSON(3) })
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.MarshalIndent(value.Draw(t, "value"), "", rapid.SampledFrom([]string{"", "\t", "  "}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		if got := Redact(raw); !bytes.Equal(got, raw) {
			t.Fatalf("%s became %s", raw, got)
		}
		const pan = "4000056655665556"
		hot := bytes.ReplaceAll(raw, []byte(`HOT`), []byte(pan))
		got := Redact(hot)
		if !json.Valid(got) || bytes.Contains(got, []byte(pan)) {
			t.Fatalf("%s became %s", hot, got)
		}
		cut := hot[:rapid.IntRange(0, len(hot)).Draw(t, "cut")]
		if got := Redact(cut); bytes.Contains(got, []byte(pan)) {
			t.Fatalf("%s became %s", cut, got)
		}
	})
}

func drawJSON(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Map(rapid.StringMatching(`[a-z<>&"\\é ]{0,8}(HOT)?[a-z ]{0,3}`), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom([]json.Number{"0", "-1.50", "1E+2", "10.0000", "12345678901"}), func(n json.Number) any { return n }),
		rapid.Just[any](nil), rapid.Just[any](true),
	)
	if depth == 0 {
		return leaf
	}
	inner := drawJSON(depth - 1)
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(inner, 0, 3), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(rapid.StringMatching(`[a-z]{1,6}(HOT)?`), inner, 0, 3), func(m map[string]any) any { return m }),
	)
}

func FuzzRedact(f *testing.F) { // covers S16, S17
	f.Add([]byte(`{"cvv":"1","a":[4242424242424242]}`))
	f.Add([]byte(`{"a":"{\"cardNo\":1}"}`))
	f.Add([]byte("\ufeff{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := Redact(body)
		if json.Valid(bytes.TrimPrefix(body, []byte("\ufeff"))) && !json.Valid(bytes.TrimPrefix(got, []byte("\ufeff"))) {
			t.Fatalf("%q is JSON, %q is not", body, got)
		}
		if again := Redact(got); !bytes.Equal(again, got) {
			t.Fatalf("%q became %q, then %q", body, got, again)
		}
	})
}
