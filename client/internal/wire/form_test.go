package wire

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestRedactForm(t *testing.T) { // covers S16, S17
	for in, want := range map[string]string{
		"":                                     "",
		"a=1&b=&c&=d&&":                        "a=1&b=&c&=d&&",
		"a=x+y%20z%2f&b=%E8%8C%B6":             "a=x+y%20z%2f&b=%E8%8C%B6",
		"note=card+4242+4242+4242+4242+ok":     "note=card+····4242+ok",
		"note=4242%204242-42424242&z=1":        "note=····4242&z=1",
		"note=%34242424242424242":              "note=····4242",
		"4242424242424242=1":                   "····4242=1",
		"CVV=123&x=1":                          "CVV=•••&x=1",
		"accNo=6222&accno=":                    "accNo=•••&accno=",
		"cardNumber=400000******0002":          "cardNumber=····0002",
		"cardInfo=unreadable":                  "cardInfo=•••",
		"channelExtra=%7B%22accNo%22%3A1%7D":   "channelExtra=%7B%22accNo%22%3A%22•••%22%7D",
		"bad=%zz4242424242424242&x=%ff&cvv=%z": "bad=%zz····4242&x=%ff&cvv=%z",
	} {
		if got := string(RedactForm([]byte(in))); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestRedactFormKeepsOurNumbers(t *testing.T) {
	got := string(RedactForm([]byte("a=P4242424242424242&b=4242424242424242&c=P4242424242424242x"), "P4242424242424242", "4242424242424242"))
	if want := "a=P4242424242424242&b=····4242&c=P····4242x"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestRedactFormCuts(t *testing.T) { // covers F5
	got := RedactForm([]byte("a=" + strings.Repeat("é", textLimit)))
	if len(got) > textLimit || len(got) < textLimit-4 || !utf8.Valid(got) {
		t.Fatalf("%d bytes", len(got))
	}
}

// TestRedactFormKeepsTheRest draws forms without card data and expects them back
// byte for byte, and with card data in any place and expects it gone.
func TestRedactFormKeepsTheRest(t *testing.T) { // covers S16, S17
	const pan = "4000056655665556"
	text := rapid.StringMatching(`[a-z&=% +茶]{0,6}(HOT)?[a-z ]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		var pairs []string
		for range rapid.IntRange(1, 4).Draw(t, "pairs") {
			pairs = append(pairs, url.QueryEscape(text.Draw(t, "name"))+"="+url.QueryEscape(text.Draw(t, "value")))
		}
		raw := []byte(strings.Join(pairs, "&"))
		if got := RedactForm(raw); !bytes.Equal(got, raw) {
			t.Fatalf("%s became %s", raw, got)
		}
		hot := bytes.ReplaceAll(raw, []byte("HOT"), []byte(pan))
		got := RedactForm(hot)
		if bytes.Contains(got, []byte(pan)) || bytes.Count(got, []byte("&")) != bytes.Count(hot, []byte("&")) {
			t.Fatalf("%s became %s", hot, got)
		}
		if again := RedactForm(got); !bytes.Equal(again, got) {
			t.Fatalf("%s became %s, then %s", hot, got, again)
		}
	})
}
