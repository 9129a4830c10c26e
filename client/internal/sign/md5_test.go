package sign

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestOrderIgnoresCase holds what the order of the gateway's runtime (Java 17,
// String.CASE_INSENSITIVE_ORDER with a stable sort) makes of these texts.
func TestOrderIgnoresCase(t *testing.T) {
	for in, want := range map[string]string{
		"k|K|\u212a":      "k|K|\u212a",
		"ß|SS|ss|ẞ":       "SS|ss|ß|ẞ",
		"ı|I|i|İ":         "ı|I|i|İ",
		"ς|Σ|σ":           "ς|Σ|σ",
		"豈|😀|\ufffd":      "豈|\ufffd|😀",
		"𐐨|𐐀":             "𐐨|𐐀",
		"ÿ|Ÿ|z":           "z|ÿ|Ÿ",
		"a_b|aB|a-b|a0|a": "a|a-b|a0|a_b|aB",
		"Ǆ|ǅ|ǆ":           "Ǆ|ǅ|ǆ",
		"~|Z|z|[|_":       "[|_|Z|z|~",
	} {
		texts := strings.Split(in, "|")
		slices.SortStableFunc(texts, compareFolded)
		if got := strings.Join(texts, "|"); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestSignMD5(t *testing.T) {
	for _, c := range []struct {
		pairs      [][2]string
		key        string
		text, sign string
	}{
		{nil, "easylink-sandbox-key-A", "", "E2F9D342A543B9F489312AA8CCFE0AA5"},
		{[][2]string{{"a", ""}, {"c", "0"}, {"d", " "}, {"e", "0"}}, "easylink-sandbox-key-A", "c=0&d= &e=0&", "F3E2C4A84CF82B54808AD1F323610B23"},
		{[][2]string{{"pay", "3"}, {"pay2", "2"}, {"payAmount", "1"}}, "easylink-sandbox-key-A", "pay2=2&pay=3&payAmount=1&", "F380CBD180123DF2EA46585406CF5889"},
		{[][2]string{{"b", "2"}, {"a", "1"}}, "k&e=y #1 密", "a=1&b=2&", "5C2696D01AD3A1DAC05A6B8514D7C1BA"},
	} {
		if got := TextMD5(c.pairs); got != c.text {
			t.Errorf("text %q, want %q", got, c.text)
		}
		if got := SignMD5(c.pairs, []byte(c.key)); got != c.sign {
			t.Errorf("%q: sign %s, want %s", c.text, got, c.sign)
		}
	}
}

func TestVerifyMD5RefusesEveryOtherSpelling(t *testing.T) { // covers F6, F10
	pairs, key := [][2]string{{"state", "2"}, {"refundAmount", "1250"}}, []byte("CANARY-secret")
	good := SignMD5(pairs, key)
	for name, c := range map[string]struct {
		sign string
		want Reason
	}{
		"as made":       {good, ""},
		"lower case":    {strings.ToLower(good), ""},
		"empty":         {"", ReasonMissing},
		"blank behind":  {good + " ", ReasonHex},
		"line end":      {good + "\n", ReasonHex},
		"short":         {good[:30], ReasonHex},
		"long":          {good + "00", ReasonHex},
		"no hex":        {"Z" + good[1:], ReasonHex},
		"full width":    {"Ａ" + good[3:], ReasonHex},
		"zeros":         {strings.Repeat("0", 32), ReasonMismatch},
		"reversed":      {reversed(good), ReasonMismatch},
		"other secret":  {SignMD5(pairs, []byte("other")), ReasonMismatch},
		"other amount":  {SignMD5([][2]string{{"state", "2"}, {"refundAmount", "1251"}}, key), ReasonMismatch},
		"without state": {SignMD5(pairs[1:], key), ReasonMismatch},
	} {
		err := VerifyMD5(pairs, key, c.sign)
		if got := reasonOf(err); got != c.want {
			t.Errorf("%s: reason %q (%v), want %q", name, got, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "CANARY") || strings.Contains(err.Error(), good[:8])) { // covers S8
			t.Errorf("%s: the error gives something away: %v", name, err)
		}
		var fault *Fault
		if err != nil && !errors.As(err, &fault) {
			t.Errorf("%s: %T", name, err)
		}
	}
}

func reversed(text string) string {
	raw := []byte(text)
	slices.Reverse(raw)
	return string(raw)
}

// TestSignatureStandsOverEveryValue draws pairs and changes one of them.
func TestSignatureStandsOverEveryValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.MapOfN(rapid.StringMatching(`[a-z]{1,6}`), rapid.StringMatching(`[A-Za-z0-9 茶]{1,6}`), 1, 6).Draw(t, "values")
		var pairs [][2]string
		for name, value := range values {
			pairs = append(pairs, [2]string{name, value})
		}
		key := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "key")
		made := SignMD5(pairs, key)
		// The order in which they come does not matter, and empty ones neither.
		slices.SortFunc(pairs, func(a, b [2]string) int { return strings.Compare(b[1], a[1]) })
		if VerifyMD5(append(pairs, [2]string{"zz", ""}), key, made) != nil {
			t.Fatal("another order of the same values is refused")
		}
		i := rapid.IntRange(0, len(pairs)-1).Draw(t, "changed")
		changed := slices.Clone(pairs)
		changed[i][1] += "x"
		if VerifyMD5(changed, key, made) == nil || VerifyMD5(pairs, append(slices.Clone(key), 'x'), made) == nil {
			t.Fatal("a changed value or secret passed")
		}
		if VerifyMD5(append(pairs, [2]string{"new", "1"}), key, made) == nil {
			t.Fatal("an added value passed")
		}
	})
}

// TestOrderIsAnOrder checks what sorting relies on.
func TestOrderIsAnOrder(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aAbBkK\u212aßẞıİ_-=&0中😀σς")), 0, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := text.Draw(t, "a"), text.Draw(t, "b"), text.Draw(t, "c")
		if compareFolded(a, b) != -compareFolded(b, a) {
			t.Fatalf("%q and %q have no order", a, b)
		}
		if compareFolded(a, b) <= 0 && compareFolded(b, c) <= 0 && compareFolded(a, c) > 0 {
			t.Fatalf("%q, %q, %q go round", a, b, c)
		}
	})
}
