package themes

import (
	"fmt"
	"image/color"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Color is an opaque colour, written "#rrggbb" in a theme file.
type Color struct{ R, G, B uint8 }

// RGBA makes Color a color.Color.
func (c Color) RGBA() (r, g, b, a uint32) { return color.RGBA{R: c.R, G: c.G, B: c.B, A: 0xff}.RGBA() }

// String renders "#rrggbb".
func (c Color) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// UnmarshalText reads "#rrggbb".
func (c *Color) UnmarshalText(text []byte) error {
	if len(text) == 7 && text[0] == '#' {
		if n, err := strconv.ParseUint(string(text[1:]), 16, 24); err == nil {
			c.R, c.G, c.B = uint8(n>>16), uint8(n>>8&0xff), uint8(n&0xff)
			return nil
		}
	}
	return fmt.Errorf("%q is not a colour; write \"#rrggbb\"", text)
}

// MarshalText writes "#rrggbb".
func (c Color) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Contrast is the contrast ratio of WCAG 2.2, from 1 (same) to 21 (black on
// white).
func Contrast(a, b Color) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is WCAG's relative luminance.
func (c Color) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// The least contrast that a built-in theme has (WCAG 2.2, level AA).
const (
	LeastText = 4.5 // words that must be read
	LeastLine = 3.0 // lines, hints, frames
)

// Pair is two colours that are drawn on each other.
type Pair struct {
	Name   string // "base.text on base.background"
	Colors [2]Color
	Least  float64
}

// Contrast is the contrast ratio of the pair.
func (p Pair) Contrast() float64 { return Contrast(p.Colors[0], p.Colors[1]) }

// Pairs lists every pair of colours that the screens draw on each other, with
// the contrast it should have.
func (t Theme) Pairs() []Pair {
	var pairs []Pair
	on := func(ground string, back Color, least float64, words map[string]Color) {
		for _, name := range slices.Sorted(maps.Keys(words)) {
			pairs = append(pairs, Pair{Name: name + " on " + ground, Colors: [2]Color{words[name], back}, Least: least})
		}
	}
	status := map[string]Color{
		"status.danger": t.Status.Danger, "status.warning": t.Status.Warning, "status.pending": t.Status.Pending,
		"status.success": t.Status.Success, "status.unknown": t.Status.Unknown, "base.accent": t.Base.Accent, "base.link": t.Base.Link,
	}
	on("base.background", t.Base.Background, LeastText, status)
	on("base.background", t.Base.Background, LeastText, map[string]Color{
		"base.text": t.Base.Text, "base.strong": t.Base.Strong, "base.muted": t.Base.Muted,
	})
	on("base.background", t.Base.Background, LeastLine, map[string]Color{
		"base.faint": t.Base.Faint, "frame.border": t.Frame.Border, "frame.focus": t.Frame.Focus,
		"environment.production": t.Environment.Production, "environment.test": t.Environment.Test, "environment.sandbox": t.Environment.Sandbox,
	})
	on("selection.background", t.Selection.Background, LeastText, status)
	on("selection.background", t.Selection.Background, LeastText, map[string]Color{
		"selection.text": t.Selection.Text, "selection.muted": t.Selection.Muted,
	})
	on("environment.production", t.Environment.Production, LeastText, map[string]Color{"environment.production_text": t.Environment.ProductionText})
	on("environment.test", t.Environment.Test, LeastText, map[string]Color{"environment.test_text": t.Environment.TestText})
	on("environment.sandbox", t.Environment.Sandbox, LeastText, map[string]Color{"environment.sandbox_text": t.Environment.SandboxText})
	return pairs
}

// Weak lists the pairs that are harder to read than they should be.
func (t Theme) Weak() []Pair {
	var weak []Pair
	for _, p := range t.Pairs() {
		if p.Contrast() < p.Least {
			weak = append(weak, p)
		}
	}
	return weak
}
