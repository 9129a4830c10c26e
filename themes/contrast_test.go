package themes

import (
	"testing"
)

func TestBuiltinThemesAreReadable(t *testing.T) {
	set, failed := Load(nil)
	if len(failed) > 0 {
		t.Fatal(failed)
	}
	for _, name := range []string{Dark, Light} {
		theme := set.byName[name]
		if len(theme.Pairs()) < 28 {
			t.Errorf("%s: only %d pairs are looked at", name, len(theme.Pairs()))
		}
		for _, p := range theme.Weak() {
			t.Errorf("%s: %s: contrast %.2f, want %.1f", name, p.Name, p.Contrast(), p.Least)
		}
	}
}

func TestStatusColoursDiffer(t *testing.T) {
	set, _ := Load(nil)
	for _, name := range set.Names() {
		s := set.byName[name].Status
		seen := map[Color]bool{}
		for _, c := range []Color{s.Danger, s.Warning, s.Pending, s.Success, s.Unknown} {
			if seen[c] {
				t.Errorf("%s: %s has two meanings", name, c)
			}
			seen[c] = true
		}
	}
}

func TestContrastKnownValues(t *testing.T) {
	black, white := Color{}, Color{255, 255, 255}
	if got := Contrast(black, white); got < 20.99 || got > 21.01 {
		t.Errorf("black on white = %.2f, want 21", got)
	}
	if got := Contrast(white, white); got != 1 {
		t.Errorf("white on white = %.2f, want 1", got)
	}
	// WCAG's own example of a grey that just passes.
	if got := Contrast(Color{0x76, 0x76, 0x76}, white); got < 4.5 || got > 4.6 {
		t.Errorf("#767676 on white = %.2f", got)
	}
}
