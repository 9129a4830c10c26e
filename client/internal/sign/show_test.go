package sign

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHide(t *testing.T) { // covers S11
	key := []byte("CANARY-secret-1")
	text := "a=CANARY-secret-1&b=xCANARY-secret-1y&c=CANARY-secret&"
	if got := Hide(text, key); got != "a=•••&b=x•••y&c=CANARY-secret&" {
		t.Error(got)
	}
	if got := Hide("key=abc", []byte("abc")); got != "key=abc" {
		t.Error(got)
	}
	pairs := [][2]string{{"a", "CANARY-secret-1"}, {"CANARY-secret-1", ""}}
	if got := HidePairs(pairs, key); got[0][1] != Mask || got[1][0] != Mask || pairs[0][1] != string(key) {
		t.Errorf("%v, %v", got, pairs)
	}
}

func TestDifference(t *testing.T) {
	for _, tc := range []struct {
		given, right string
		want         int
	}{{"", "ABC", -1}, {"abc", "ABC", 3}, {"ABD", "ABC", 2}, {"AB", "ABC", 2}, {"ABCD", "ABC", 3}, {"x", "", 0}} {
		if got := Difference(tc.given, tc.right); got != tc.want {
			t.Errorf("%q %q: %d, want %d", tc.given, tc.right, got, tc.want)
		}
	}
}

// TestTextsAreTheirPairs draws pairs: every one with a value is in the text,
// once, and the order of those that came does not matter.
func TestTextsAreTheirPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z]{1,5}`), 0, 6, strings.ToLower).Draw(t, "names")
		var pairs [][2]string
		for _, name := range names {
			pairs = append(pairs, [2]string{name, rapid.StringMatching(`[0-9]{0,3}`).Draw(t, "value")})
		}
		mixed := rapid.Permutation(pairs).Draw(t, "mixed")
		if TextMD5(pairs) != TextMD5(mixed) || TextSorted(pairs) != TextSorted(mixed) || len(PairsMD5(pairs)) != len(PairsSorted(pairs)) {
			t.Fatalf("%q %q", TextMD5(pairs), TextMD5(mixed))
		}
		for _, pair := range pairs {
			whole, want := pair[0]+"="+pair[1]+"&", 1
			if pair[1] == "" {
				want = 0
			}
			if strings.Count("&"+TextMD5(pairs), "&"+whole) != want || strings.Count("&"+TextSorted(pairs)+"&", "&"+whole) != want {
				t.Fatalf("%q is not once in %q and %q", whole, TextMD5(pairs), TextSorted(pairs))
			}
		}
	})
}
