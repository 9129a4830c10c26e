package style

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"paydesk/client"
	"paydesk/themes"
	"paydesk/ui/text"
)

// every is each look that the screens can have.
func every(t *testing.T) map[string]*Styles {
	t.Helper()
	set, failed := themes.Load(nil)
	if len(failed) > 0 {
		t.Fatal(failed)
	}
	looks := map[string]*Styles{}
	for _, name := range set.Names() {
		theme, err := set.Pick(name, false)
		if err != nil {
			t.Fatal(err)
		}
		looks[name] = New(theme, Options{})
		looks[name+" ascii"] = New(theme, Options{ASCII: true})
		looks[name+" no colour"] = New(theme, Options{NoColor: true})
	}
	return looks
}

func TestEveryStatusHasItsOwnSignAndWord(t *testing.T) {
	for name, s := range every(t) {
		kinds := map[string][]Status{}
		for _, st := range []client.OrderStatus{client.OrderPending, client.OrderPaid, client.OrderFailed, client.OrderClosed, client.OrderUnknown} {
			kinds["order"] = append(kinds["order"], s.Order(st))
			if got := s.Order(st).Word.String(); got != string(st) {
				t.Errorf("order %s is called %q", st, got)
			}
		}
		for _, st := range []client.RefundStatus{
			client.RefundHeld, client.RefundIntent, client.RefundSending, client.RefundUnknown, client.RefundPending,
			client.RefundSuccess, client.RefundFailed, client.RefundClosed, client.RefundCancelled, client.RefundReversed,
		} {
			kinds["refund"] = append(kinds["refund"], s.Refund(st))
			if got := s.Refund(st).Word.String(); got != string(st) {
				t.Errorf("refund %s is called %q", st, got)
			}
		}
		for _, st := range []client.TokenStatus{client.TokenActive, client.TokenExpired, client.TokenRemoved, client.TokenUnknown} {
			kinds["token"] = append(kinds["token"], s.Token(st))
		}
		for _, st := range []LinkState{LinkOff, LinkWait, LinkLive, LinkDown} {
			kinds["link"] = append(kinds["link"], s.Link(st))
		}
		for kind, all := range kinds {
			signs, words := map[text.Safe]bool{}, map[text.Safe]bool{}
			for _, st := range all {
				if words[st.Word] || (signs[st.Glyph] && kind != "link") {
					t.Errorf("%s: %s: %q is not unique", name, kind, st.Text())
				}
				signs[st.Glyph], words[st.Word] = true, true
				if text.Width(st.Glyph) != 1 || ansi.StringWidthWc(st.Glyph.String()) != 1 {
					t.Errorf("%s: %s: sign %q is not one cell wide", name, kind, st.Glyph)
				}
			}
		}
	}
}

func TestStrangeStatusIsUnknown(t *testing.T) {
	s := every(t)["ink"]
	for _, st := range []Status{s.Order("PAID!"), s.Refund(""), s.Token("frozen")} {
		if st.Word.String() != "unknown" || st.Tone != Unknown {
			t.Errorf("%+v", st)
		}
	}
}

func TestEveryErrorClassHasWords(t *testing.T) {
	s := every(t)["ink"]
	words := map[text.Safe]client.Class{}
	for _, c := range []client.Class{
		client.ClassInput, client.ClassConfig, client.ClassAuth, client.ClassKeyring, client.ClassSignature, client.ClassNotSent,
		client.ClassUnknown, client.ClassRefused, client.ClassPolicy, client.ClassConflict, client.ClassRate, client.ClassNotFound,
		client.ClassUnsupported, client.ClassStorage, client.ClassBug,
	} {
		st := s.Error(c)
		if other, taken := words[st.Word]; taken {
			t.Errorf("%s and %s are both %q", c, other, st.Word)
		}
		words[st.Word] = c
	}
}

func TestGlyphsAreOneCell(t *testing.T) {
	for name, s := range every(t) {
		v := reflect.ValueOf(s.Glyph)
		for i := range v.NumField() {
			glyph := v.Field(i).Interface().(text.Safe)
			if text.Width(glyph) != 1 || ansi.StringWidthWc(glyph.String()) != 1 {
				t.Errorf("%s: %s = %q is not one cell wide", name, v.Type().Field(i).Name, glyph)
			}
			if s.Options().ASCII && glyph.String()[0] > 0x7e {
				t.Errorf("%s: %s = %q is not ASCII", name, v.Type().Field(i).Name, glyph)
			}
		}
	}
}

func TestEnvironmentsDifferInWordAndFrame(t *testing.T) {
	for name, s := range every(t) {
		words, frames := map[string]bool{}, map[Frame]bool{s.Frame(): s.Options().ASCII}
		for _, e := range []Env{EnvProduction, EnvSandbox, EnvTest} {
			badge := ansi.Strip(s.Badge(e))
			frame := s.EnvFrame(e)
			if words[badge] || (frames[frame] && e != EnvTest) {
				t.Errorf("%s: %s looks like another one", name, e)
			}
			words[badge], frames[frame] = true, true
		}
		if ansi.Strip(s.Badge("prod-eu")) != " PRODUCTION " || EnvOf("prod-eu") != EnvProduction {
			t.Errorf("%s: a strange environment is not shown as production", name)
		}
	}
}

var colourCode = regexp.MustCompile(`\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])[;m]`)

func TestNoColorHasNoColours(t *testing.T) {
	for name, s := range every(t) {
		var b strings.Builder
		for tone := range toneCount {
			b.WriteString(s.Paint(tone, text.Literal("word")) + s.PaintSelected(tone, text.Literal("word")))
		}
		b.WriteString(s.Badge(EnvProduction) + s.PaintActive(text.Literal("Orders")))
		if has := colourCode.MatchString(b.String()); has == s.Options().NoColor {
			t.Errorf("%s: colours drawn = %v: %q", name, has, b.String())
		}
		if !strings.Contains(s.PaintSelected(Text, text.Literal("word")), "\x1b[") || !strings.Contains(s.Paint(Danger, text.Literal("word")), "\x1b[") {
			t.Errorf("%s: selection and danger cannot be told apart", name)
		}
		fg, bg := s.Ground()
		if (fg == nil) != s.Options().NoColor || (bg == nil) != s.Options().NoColor {
			t.Errorf("%s: ground = %v %v", name, fg, bg)
		}
	}
}

func TestSetChangesInPlace(t *testing.T) {
	s := every(t)["ink"]
	before, generation := s.Paint(Danger, text.Literal("x")), s.Generation()
	paper := every(t)["paper"].Theme()
	s.Set(paper, Options{})
	if s.Generation() == generation || s.Paint(Danger, text.Literal("x")) == before {
		t.Error("the theme did not change")
	}
	if got := s.Paint(Danger, text.Safe{}); got != "" {
		t.Errorf("nothing is drawn as %q", got)
	}
}

func TestFit(t *testing.T) {
	s := every(t)["ink"]
	for _, tc := range []struct {
		in    string
		width int
		want  string
	}{{"abc", 5, "abc  "}, {"abcdef", 3, "abc"}, {"退款", 3, "退 "}, {"abc", 0, ""}} {
		if got := Fit(tc.in, tc.width); got != tc.want {
			t.Errorf("Fit(%q, %d) = %q", tc.in, tc.width, got)
		}
	}
	if got := ansi.StringWidth(Fit(s.Paint(Danger, text.Literal("refused")), 4)); got != 4 {
		t.Errorf("a painted line is %d wide", got)
	}
}
