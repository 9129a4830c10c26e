package inspector

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"paydesk/client"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func kit(tb testing.TB) dialog.Kit {
	tb.Helper()
	bound, problems := keys.New(keys.Defaults(), nil)
	for _, p := range problems {
		tb.Fatal(p)
	}
	return dialog.Kit{Styles: styletest.Plain(tb), Keys: bound}
}

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// sizes at which the dialogs must be whole.
var sizes = [][2]int{{60, 16}, {80, 24}, {140, 40}}

func goldens(t *testing.T, open func() dialog.Dialog, then ...tea.Msg) {
	t.Helper()
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			d := open()
			d.SetSize(size[0], size[1])
			_ = d.View()
			for _, msg := range then {
				d.Update(msg, start)
			}
			requireFits(t, d, size[0], size[1])
			styletest.Golden(t, d.View())
		})
	}
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

// requireFits asserts that a dialog is a rectangle inside the screen, with its
// cursor inside it, and holds nothing but safe text.
func requireFits(t failer, d dialog.Dialog, width, height int) {
	t.Helper()
	view := d.View()
	lines := strings.Split(view, "\n")
	w := ansi.StringWidth(lines[0])
	if len(lines) > height || w > width {
		t.Fatalf("%d×%d on a screen of %d×%d:\n%s", w, len(lines), width, height, ansi.Strip(view))
	}
	styletest.RequireSize(t, view, w, len(lines))
	for _, line := range lines {
		if plain := ansi.Strip(line); text.Clean(plain).String() != plain {
			t.Fatalf("not safe: %q", plain)
		}
	}
	if c := d.Cursor(); c != nil && (c.X < 0 || c.X >= w || c.Y < 0 || c.Y >= len(lines)) {
		t.Fatalf("cursor at %d,%d outside of %dx%d", c.X, c.Y, w, len(lines))
	}
}

func about() About {
	return About{
		Title: text.Literal("Signature of a callback"), Where: text.Literal("easylink-sandbox · 22 Nov 14:01:07 · about RX4KQ7M2NB5VTLA3WGYHJ6PZCDE"),
		Note: text.Literal("Nothing that it said was believed."),
	}
}

// keyed is a finding of a symmetric scheme.
func keyed() client.Inspection {
	return client.Inspection{
		Reason: "signature does not match: another secret made it, or it was made over other values",
		Sign:   "0B7F4E2A91C83D5566778899AABBCCDD", Expected: "0B7F4E2A91C83D5E66778899AABBCCDE", Different: 15,
		SignedText:   "amount=10000&appId=6500&currency=PHP&mchNo=M1&mchRefundNo=RX4KQ7M2NB5VTLA3WGYHJ6PZCDE&refundAmount=8000&reqTime=1795348867000&state=2&key=•••",
		SignedSHA256: strings.Repeat("ab", 32),
	}
}

// signed is a finding of RSA: there is no right value to compare with.
func signed() client.Inspection {
	return client.Inspection{
		Reason: "signature does not match: this key made it, but over other bytes, whose SHA-256 is " + strings.Repeat("0f", 32),
		Sign:   strings.Repeat("m5LkQ/3p", 43), Different: -1,
		SignedText:   "{\"code\":\"APPLY_SUCCESS\",\"msg\":\"Success.\",\"data\":{\"outRefundNo\":\"RX4K\",\"note\":\"退款\"}}\n",
		SignedSHA256: "5c13b8bd3d3a0f3d6d2a1f2a8c9b0e5a5a0a4a6a6a8f4d41b0bb2b1c1d1e1f10",
	}
}

func found(tb testing.TB, a About, f client.Inspection) *Viewer {
	v := New(kit(tb), a)
	v.Found(f, text.Literal("As it was kept when it came."))
	return v
}

func TestViewerScreens(t *testing.T) {
	valid := signed()
	valid.Valid, valid.Reason = true, ""
	missing := keyed()
	missing.Sign, missing.Expected, missing.Different, missing.Reason = "", "", -1, "no signature given"
	kept := keyed()
	kept.Expected = ""
	unreadable := client.Inspection{Reason: "the body has the name mchNo twice", Sign: "AB", Different: -1}
	for name, f := range map[string]client.Inspection{"keyed": keyed(), "kept": kept, "rsa": signed(), "valid": valid, "missing": missing, "unreadable": unreadable} {
		t.Run(name, func(t *testing.T) {
			goldens(t, func() dialog.Dialog { return found(t, about(), f) })
		})
	}
	t.Run("scrolled", func(t *testing.T) {
		goldens(t, func() dialog.Dialog { return found(t, about(), keyed()) }, tea.KeyPressMsg{Code: tea.KeyEnd})
	})
	t.Run("waiting", func(t *testing.T) {
		goldens(t, func() dialog.Dialog {
			v := New(kit(t), about())
			v.Wait(text.Literal("reading what was kept"))
			return v
		})
	})
	t.Run("failed", func(t *testing.T) {
		goldens(t, func() dialog.Dialog {
			v := found(t, about(), keyed())
			k := kit(t)
			v.Failed(Trouble{Status: k.Styles.Error(client.ClassKeyring), Message: text.Literal("the keyring is locked"), Hint: text.Literal("unlock it and try again")})
			return v
		})
	})
	t.Run("off", func(t *testing.T) {
		a := about()
		a.Off = text.Literal("the kept body is redacted")
		goldens(t, func() dialog.Dialog { return found(t, a, keyed()) }, tea.KeyPressMsg{Code: 'v', Text: "v"})
	})
}

func TestViewerKeys(t *testing.T) {
	v := found(t, about(), keyed())
	v.SetSize(80, 24)
	if r, _ := v.Update(tea.KeyPressMsg{Code: 'v', Text: "v"}, start); r != (dialog.Again{}) {
		t.Errorf("v gives %+v", r)
	}
	v.Wait(text.Literal("checking"))
	if r, _ := v.Update(tea.KeyPressMsg{Code: 'v', Text: "v"}, start); r != nil {
		t.Errorf("v while waiting gives %+v", r)
	}
	if r, _ := v.Update(tea.KeyPressMsg{Code: 'y', Text: "y"}, start); r != (dialog.Copy{Text: text.Clean(keyed().SignedText)}) {
		t.Errorf("y gives %+v", r)
	}
	if r, _ := v.Update(tea.KeyPressMsg{Code: tea.KeyEscape}, start); r != (dialog.Closed{}) {
		t.Errorf("esc gives %+v", r)
	}
	if r, _ := New(kit(t), about()).Update(tea.KeyPressMsg{Code: 'y', Text: "y"}, start); r != nil {
		t.Errorf("y without a finding gives %+v", r)
	}
}

func TestPlain(t *testing.T) {
	for _, tc := range []struct {
		found client.Inspection
		want  string
	}{
		{client.Inspection{Valid: true}, "The signature is right: the holder of the key signed exactly this."},
		{client.Inspection{}, "The signature is not right."},
		{client.Inspection{Reason: "no signature given"}, "There is no signature."},
		{client.Inspection{Reason: "signature missing"}, "There is no signature."},
		{client.Inspection{Reason: "signature does not match"}, "The signature does not match"},
		{client.Inspection{Reason: "signature does not match: it is made without the secret"}, "The signature does not match: it is made without the secret"},
		{client.Inspection{Reason: "signature wrong length: 12 bytes, the key makes 256"}, "The signature has the wrong length: 12 bytes, the key makes 256"},
		{client.Inspection{Reason: "signature not canonical base64: line end inside"}, "The signature is not canonical base64: line end inside"},
		{client.Inspection{Reason: "signature not 32 hexadecimal digits: 3 characters"}, "The signature is not 32 hexadecimal digits: 3 characters"},
		{client.Inspection{Reason: "signature more than one: 2 signature headers"}, "There is more than one signature: 2 signature headers"},
		{client.Inspection{Reason: "PayCools does not sign its answers"}, "The signature does not count: PayCools does not sign its answers"},
	} {
		if got := Plain(tc.found).String(); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.found.Reason, got, tc.want)
		}
	}
}

// The place of the first difference is marked by a sign under it, wherever it is.
func TestTheFirstDifferenceIsMarked(t *testing.T) {
	st := styletest.Plain(t)
	right := strings.Repeat("0123456789ABCDEF", 2)
	for at := range len(right) + 1 {
		given := right[:at] + strings.Repeat("x", len(right)-at)
		lines := signature(st, client.Inspection{Sign: given, Expected: right, Different: at}, 56)
		if len(lines) != 3 {
			t.Fatalf("%d lines", len(lines))
		}
		caret := ansi.Strip(lines[2])
		before, _, ok := strings.Cut(caret, "↑")
		if !ok || ansi.StringWidth(before) != signLabel+at || !strings.Contains(caret, fmt.Sprintf("byte %d", at)) {
			t.Errorf("at %d: %q", at, caret)
		}
	}
	for _, f := range []client.Inspection{
		{Sign: "AB", Different: 7},
		{Sign: "", Expected: right, Different: -1},
		{Sign: strings.Repeat("A", 5000), Expected: right, Different: 0},
		{Sign: strings.Repeat("A", 5000), Different: 4999},
		{Sign: "日本" + right, Expected: right, Different: 1},
	} {
		if lines := signature(st, f, 56); len(lines) == 0 || len(lines) > 2*mostSignRows+2 {
			t.Errorf("%.20q: %d lines", f.Sign, len(lines))
		}
	}
}

func accounts() []Account {
	return []Account{{"checus-sandbox", text.Literal("checus-sandbox · Checus")}, {"easylink-sandbox", text.Literal("easylink-sandbox · EasyLink")}}
}

func TestFormScreens(t *testing.T) {
	open := func() dialog.Dialog { return NewForm(kit(t), accounts(), "easylink-sandbox") }
	t.Run("empty", func(t *testing.T) { goldens(t, open) })
	t.Run("pasted", func(t *testing.T) {
		goldens(t, open, tea.PasteMsg{Content: "{\n\t\"code\": \"APPLY_SUCCESS\",\n\t\"data\": {\"outRefundNo\": \"RX4KQ7M2NB5VTLA3WGYHJ6PZCDE\"}\n}\n"})
	})
	t.Run("refused", func(t *testing.T) { goldens(t, open, tea.KeyPressMsg{Code: 'r', Mod: tea.ModCtrl}) })
}

func TestFormGivesWhatWasPasted(t *testing.T) {
	f := NewForm(kit(t), accounts(), "easylink-sandbox")
	f.SetSize(80, 24)
	var got dialog.Result
	send := func(msgs ...tea.Msg) {
		for _, msg := range msgs {
			r, _ := f.Update(msg, start)
			if r != nil {
				got = r
			}
		}
	}
	k := func(code rune) tea.Msg { return tea.KeyPressMsg{Code: code} }
	send(k(tea.KeyTab), k(tea.KeyEnter)) // on Verify, without a body
	if got != nil || f.focus != atBody {
		t.Fatalf("%+v, focus %d", got, f.focus)
	}
	send(k(tea.KeyUp), tea.PasteMsg{Content: " 0B7F "}, k(tea.KeyUp), k(tea.KeyRight), k(tea.KeyUp), tea.KeyPressMsg{Code: 'c', Text: "c"})
	send(tea.PasteMsg{Content: "amount=1&note=a\tb"}) // wherever the keyboard is
	if f.focus != atBody {
		t.Errorf("focus %d after pasting", f.focus)
	}
	send(tea.KeyPressMsg{Code: 'r', Mod: tea.ModCtrl})
	want := dialog.Verify{Profile: "checus-sandbox", Kind: client.BodyAnswer, Sign: "0B7F", Body: []byte("amount=1&note=a\tb")}
	verify, ok := got.(dialog.Verify)
	if !ok || verify.Profile != want.Profile || verify.Kind != want.Kind || verify.Sign != want.Sign || string(verify.Body) != string(want.Body) {
		t.Errorf("%+v, want %+v", got, want)
	}
	send(k(tea.KeyEscape))
	if got != (dialog.Closed{}) {
		t.Errorf("esc gives %+v", got)
	}
}

func TestArrowsLeaveTheBodyOnlyAtItsEnds(t *testing.T) {
	f := NewForm(kit(t), accounts(), "")
	f.SetSize(80, 24)
	press := func(code rune) { f.Update(tea.KeyPressMsg{Code: code}, start) }
	f.Update(tea.PasteMsg{Content: "a\nb\nc"}, start)
	for _, step := range []struct {
		code rune
		want stop
	}{
		{tea.KeyDown, atBody},
		{tea.KeyDown, atBody},
		{tea.KeyDown, atVerify},
		{tea.KeyUp, atBody},
		{tea.KeyUp, atBody},
		{tea.KeyUp, atBody},
		{tea.KeyUp, atSign},
		{tea.KeyTab, atBody},
		{tea.KeyTab, atVerify},
		{tea.KeyTab, atProfile},
	} {
		if press(step.code); f.focus != step.want {
			t.Fatalf("focus %d, want %d", f.focus, step.want)
		}
	}
	press(tea.KeyEnter)
	press(tea.KeyEnter)
	press(tea.KeyEnter)
	if f.focus != atBody {
		t.Errorf("enter leads to %d", f.focus)
	}
	press(tea.KeyEnter)
	if string(f.body.Bytes()) != "a\nb\nc\n" && !strings.Contains(string(f.body.Bytes()), "\n\n") && f.body.Bytes()[0] != '\n' {
		t.Errorf("enter in the body gives %q", f.body.Bytes())
	}
}

// covers S1 S2 S4
func TestNothingHostileGetsOut(t *testing.T) {
	k := kit(t)
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\x1b]52;c;cm0gLXJmIC8=\x07", "\x1b[2J\x1b[H\x1b[31mred", "\u009b31mC1\u009d0;x\u009c", "a\rb\nc\td\ve\ff", "\u202egnp.exe\u202c",
		"zero\u200bwidth\u200d\u2060\ufeff", "\x1b]unterminated", "👨\u200d👩\u200d👧\u200d👦", "क्षत्रिय हिन्दी", "日本語テキスト", "\xff\xfe\xc0",
		strings.Repeat("long", 3000), "•••", "k=•••&x",
	}))
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(60, 160).Draw(r, "width"), rapid.IntRange(16, 50).Draw(r, "height")
		draw := func(name string) string { return texts.Draw(r, name) }
		v := New(k, About{Title: text.Clean(draw("title")), Where: text.Clean(draw("where")), Note: text.Clean(draw("note")), Off: text.Clean(draw("off"))})
		v.SetSize(w, h)
		v.Found(client.Inspection{
			Valid: rapid.Bool().Draw(r, "valid"), Reason: draw("reason"), Sign: draw("sign"), SignedText: draw("text"), SignedSHA256: draw("sha"),
			Expected: draw("expected"), Different: rapid.IntRange(-2, 60).Draw(r, "different"),
		}, text.Clean(draw("how")))
		f := NewForm(k, []Account{{Profile: draw("profile"), Title: text.Clean(draw("account"))}}, "")
		f.SetSize(w, h)
		requireFits(r, v, w, h)
		for range rapid.IntRange(1, 6).Draw(r, "steps") {
			msg := rapid.SampledFrom([]tea.Msg{
				tea.KeyPressMsg{Code: tea.KeyPgDown},
				tea.KeyPressMsg{Code: tea.KeyEnd},
				tea.KeyPressMsg{Code: 'v', Text: "v"},
				tea.KeyPressMsg{Code: tea.KeyTab},
				tea.KeyPressMsg{Code: tea.KeyUp},
				tea.PasteMsg{Content: draw("pasted")},
				tea.MouseWheelMsg{Button: tea.MouseWheelDown},
				tea.KeyPressMsg{Code: 'x', Text: draw("typed")},
			}).Draw(r, "message")
			v.Update(msg, start)
			f.Update(msg, start)
			requireFits(r, v, w, h)
			requireFits(r, f, w, h)
		}
	})
}

func TestColours(t *testing.T) {
	k := kit(t)
	k.Styles = styletest.Colour(t)
	v := New(k, about())
	v.SetSize(80, 24)
	v.Found(keyed(), text.Safe{})
	requireFits(t, v, 80, 24)
	if !strings.Contains(v.View(), k.Styles.Paint(style.Danger, text.Literal("566778899AABBCCDD"))) {
		t.Error("what differs does not stand out")
	}
}
