package client

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMaskCards(t *testing.T) { // covers S16
	for text, want := range map[string]string{
		"":                               "",
		"no digits":                      "no digits",
		"4242424242424242":               "····4242",
		"card 4242 4242-4242 4242 ok":    "card ····4242 ok",
		"4242  4242\u00a04242\u20134242": "····4242",
		"12 4242 4242 4242 4242":         "12 ····4242",
		"4242424242424242 12/27 123":     "····4242 12/27 123",
		"RF4242424242424242X":            "RF····4242X",
		"378282246310005":                "····0005", // 15 digits
		"4222222222222":                  "····2222", // 13 digits
		"6304000000000000000":            "····0000", // 19 digits
		"4242424242424241":               "4242424242424241",
		"12345678901234567890.1234":      "12345678901234567890.1234", // 20 digits are no card
		"２２２２４０５３４３２４８８７７":         "····8877",
		"４２４２４２４２４２４２４２４２":         "····4242",
		"٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢":         "····4242",
		"2026-11-22T09:30:00.000Z": "2026-11-22T09:30:00.000Z",
		"400000******0002":         "400000******0002",
		"4242\n4242\n4242\n4242":   "4242\n4242\n4242\n4242",
		`\u00264242424242424242`:   `\u0026····4242`,
		`\u00e94242424242424242`:   `\u00e9····4242`,
		`\u4242424242424242`:       `\u····4242`,
		"q=%204242424242424242":    "q=%20····4242",
		"\xff4242424242424242\xfe": "\xff····4242\xfe",
	} {
		if got := MaskCards(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestLastFour(t *testing.T) {
	for text, want := range map[string]string{
		"400000******0002": "····0002", "4242": "····4242", " *4242 ": "····4242", "123": "", "": "", "42x2": "", "････１２３４": "····1234",
	} {
		if got := LastFour(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// drawCard draws a number with a right check digit, spaced as people do.
func drawCard(t *rapid.T) string {
	n := rapid.IntRange(cardMin, cardMax).Draw(t, "length")
	digits := make([]byte, n)
	for i := range digits {
		digits[i] = byte(rapid.IntRange(0, 9).Draw(t, "digit"))
	}
	for d := range byte(10) {
		if digits[n-1] = d; luhn(digits) {
			break
		}
	}
	var out strings.Builder
	for i, d := range digits {
		if i > 0 {
			out.WriteString(rapid.SampledFrom([]string{"", "", " ", "-", " - "[:2], "\u00a0"}).Draw(t, "gap"))
		}
		fmt.Fprint(&out, d)
	}
	return out.String()
}

func bareDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if d, ok := digitValue(r); ok {
			return rune('0' + d)
		}
		return -1
	}, text)
}

func TestMaskCardsProperties(t *testing.T) { // covers S16
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		before := rapid.StringMatching(`([a-z,.;:]{0,9}|[0-9]{0,6}[ -])`).Draw(t, "before")
		after := rapid.StringMatching(`([a-z,.;:]{0,9}|[ -][0-9]{0,6})`).Draw(t, "after")
		masked := MaskCards(before + card + after)
		if strings.Contains(bareDigits(masked), bareDigits(card)) {
			t.Fatalf("%q became %q", before+card+after, masked)
		}
		if again := MaskCards(masked); again != masked {
			t.Fatalf("masking %q again gives %q", masked, again)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if masked := MaskCards(text); len(bareDigits(text)) < cardMin && masked != text {
			t.Fatalf("%q became %q", text, masked)
		}
	})
}

func FuzzMaskCards(f *testing.F) { // covers S16
	f.Add("4242 4242 4242 4242")
	f.Add("····4242 12 4242424242424242")
	f.Fuzz(func(t *testing.T, text string) {
		masked := MaskCards(text)
		if MaskCards(masked) != masked {
			t.Fatalf("%q: masking is not stable: %q", text, masked)
		}
	})
}
