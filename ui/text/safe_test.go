package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

// seen holds what ansi.Strip and the renderer were seen to let through.
var seen = []struct{ name, in, want string }{
	{"carriage return", "10\r99", "10␍99"},
	{"backspace", "10\b99", "10␈99"},
	{"line feed", "a\nb", "a␊b"},
	{"carriage return and line feed are one", "a\r\nb", "a␤b"},
	{"tab", "a\tb", "a␉b"},
	{"NUL", "a\x00b", "a␀b"},
	{"bell", "a\ab", "a␇b"},
	{"delete", "a\x7fb", "a␡b"},
	{"C1 CSI as UTF-8", "a\u009b31mb", "a␦31mb"},
	{"C1 as a raw byte", "a\x9b31mb", "a\ufffd31mb"},
	{"bidi override", "a\u202e001\u202c", "a·001·"},
	{"bidi isolate", "\u2066a\u2069", "·a·"},
	{"unfinished OSC", "x\x1b]0;10 HKD", "x␛]0;10 HKD"},
	{"OSC 8 link", "\x1b]8;;http://e.vil\x1b\\pay\x1b]8;;\x1b\\", "␛]8;;http://e.vil␛\\pay␛]8;;␛\\"},
	{"OSC 52 clipboard", "\x1b]52;c;cm0=\a", "␛]52;c;cm0=␇"},
	{"colour", "\x1b[31mred\x1b[0m", "␛[31mred␛[0m"},
	{"hidden text", "\x1b[8mpaid\x1b[28m", "␛[8mpaid␛[28m"},
	{"DCS", "\x1bP1$r\x1b\\", "␛P1$r␛\\"},
	{"zero-width space", "1\u200b0", "1·0"},
}

// covers S1 S2 S3
func TestCleanSeenCases(t *testing.T) {
	for _, tc := range seen {
		t.Run(tc.name, func(t *testing.T) {
			got := Clean(tc.in)
			if got.String() != tc.want {
				t.Errorf("Clean(%q) = %q, want %q", tc.in, got, tc.want)
			}
			requireSafe(t, tc.in, got)
		})
	}
}

// covers S2
func TestCleanScriptsAndEmoji(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain", "P1642410680681", "P1642410680681"},
		{"chinese", "退款 请求", "退款 请求"},
		{"hindi", "नमस्ते", "नमस्ते"},
		{"arabic", "مرحبا", "مرحبا"},
		{"thai", "กำลังคืนเงิน", "กำลังคืนเงิน"},
		{"hangul in parts", "\u1112\u1161\u11ab", "\u1112\u1161\u11ab"},
		{"combining", "e\u0301", "e\u0301"},
		{"mark without letter", "\u0301x", "◌\u0301x"},
		{"mark after a control", "\n\u0301", "␊◌\u0301"},
		{"many marks", "e" + strings.Repeat("\u0301", 40), "e" + strings.Repeat("\u0301", 7) + "\u0332"},
		{"exactly eight marks", "e" + strings.Repeat("\u0301", 8), "e" + strings.Repeat("\u0301", 8)},
		{"zero-width joiner on a letter", "a\u200db", "a\u0332b"},
		{"zero-width non-joiner in hindi", "क्\u200cष", "क\u0332ष"},
		{"tag characters", "a\U000e0041\U000e0042b", "a\u0332b"},
		{"lone tag", "\U000e0001b", "·b"},
		{"variation selector on a letter", "a\ufe01b", "a\u0332b"},
		{"heart", "❤\ufe0f", "❤"},
		{"family", "👨\u200d👩\u200d👧!", "👨\u0332!"},
		{"skin tone", "👍\U0001f3fd", "👍"},
		{"keycap", "1\ufe0f\u20e3", "1\u20e3"},
		{"flag", "🇭🇰", "🇭🇰"},
		{"half a flag", "🇭", "H"},
		{"sign over a digit", "\u06001", "1\u0332"},
		{"word joiner", "a\u2060b", "a·b"},
		{"soft hyphen", "a\u00adb", "a·b"},
		{"line separator", "a\u2028b", "a·b"},
		{"byte order mark", "\ufeffa", "·a"},
		{"hangul filler", "\u3164", "·"},
		{"invalid bytes", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"surrogate half", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got := Clean(tc.in)
			if got.String() != tc.want {
				t.Errorf("Clean(%q) = %q, want %q", tc.in, got, tc.want)
			}
			requireSafe(t, tc.in, got)
		})
	}
}

// covers S2
func TestCleanCapsLength(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     int
	}{
		{"ascii at the cap", strings.Repeat("x", MaxLength), MaxLength},
		{"ascii over the cap", strings.Repeat("x", MaxLength+1), MaxLength},
		{"chinese over the cap", strings.Repeat("退", MaxLength+1), MaxLength},
		{"one monstrous grapheme", "e" + strings.Repeat("\u0301", 1<<20), 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Clean(tc.in)
			if n := graphemes(got.String()); n != tc.want {
				t.Errorf("%d graphemes, want %d", n, tc.want)
			}
			if over := len(tc.in) > MaxLength && tc.name != "ascii at the cap"; over != strings.HasSuffix(got.String(), "…") {
				t.Errorf("ellipsis is wrong: %q", got.String()[max(0, len(got.String())-8):])
			}
			if again := Clean(got.String()); again != got {
				t.Error("a second pass changes the text")
			}
		})
	}
}

func TestLiteralConcatJoin(t *testing.T) {
	a, b := Literal("refund"), Clean("R\x1b1")
	if got := Concat(a, Literal(" "), b).String(); got != "refund R␛1" {
		t.Errorf("Concat = %q", got)
	}
	if got := Join(Literal(" · "), a, Safe{}, b).String(); got != "refund · R␛1" {
		t.Errorf("Join = %q", got)
	}
	if !(Safe{}).Empty() || a.Empty() {
		t.Error("Empty is wrong")
	}
}

// FuzzClean looks for a control byte that leaves, a lost grapheme, and a text
// that a second pass would change.
//
// covers S2
func FuzzClean(f *testing.F) {
	for _, tc := range seen {
		f.Add(tc.in)
	}
	for _, s := range []string{
		"", "plain", "退款", "नमस्ते", "क्\u200cष", "👨\u200d👩\u200d👧", "🇭🇰🇭", "🇭\ufe0f🇰", "\u0600\u0600", "\u06001",
		"e\u0301\u0301\u0301", "\u115f\u1160", "ᄒ\u200bᅡ", "ｶﾞ", "a\U000e0041", "\xff\u0301", "\r\u0301\n", "1\ufe0f\u20e3", "\u0d4ex", "က္ခ",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) { requireSafe(t, in, Clean(in)) })
}

// covers S2
func TestCleanKeepsItsPromisesForAwkwardMixes(t *testing.T) {
	awkward := rapid.SampledFrom([]rune("a1#❤👨🏽🇭🇰क्ष\u200c\u200d\ufe0f\u0301\u0332\u0600\n\r\x1b\u009b退하\u11ab\u1160\u115fｶﾞ\U000e0041" +
		"\u0d4e\u0903\U0001f3fd\u3099က္ခ\u00ad\u20e3\ufffd\ufeff\u0c4d\u0c15\u200b\u2066\ua9c0\u0e33"))
	rapid.Check(t, func(r *rapid.T) {
		in := string(rapid.SliceOfN(rapid.OneOf(awkward, rapid.Rune()), 0, 12).Draw(r, "runes"))
		requireSafe(r, in, Clean(in))
	})
}

// requireSafe asserts the properties of S2 for one text.
func requireSafe(t rapid.TB, in string, got Safe) {
	t.Helper()
	out := got.String()
	if !utf8.ValidString(out) {
		t.Fatalf("invalid UTF-8: %q", out)
	}
	marks := 0
	for _, r := range out {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Variation_Selector) ||
			(r >= 0xe0000 && r <= 0xe0fff) {
			t.Fatalf("%U left Clean(%q) = %q", r, in, out)
		}
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		if marks > maxMarks {
			t.Fatalf("%d combining marks in %q", marks, out)
		}
	}
	if again := Clean(out); again != got {
		t.Fatalf("not idempotent: %q → %q → %q", in, out, again)
	}
	if want := graphemes(string([]rune(in))); len(in) <= MaxLength && graphemes(out) != want {
		t.Fatalf("%d graphemes became %d: %q → %q", want, graphemes(out), in, out)
	}
	for rest := out; rest != ""; {
		cluster, width := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		if width < 1 {
			t.Fatalf("grapheme %q of %q takes no cell", cluster, out)
		}
		rest = rest[len(cluster):]
	}
}

// graphemes counts the grapheme clusters of s.
func graphemes(s string) int {
	n := 0
	for s != "" {
		cluster, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(cluster):]
		n++
	}
	return n
}
