// Package styletest makes the styles that tests draw with, and checks what was
// drawn. Only tests may import it.
package styletest

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"paydesk/themes"
	"paydesk/ui/style"
)

// Plain is the look without colours.
func Plain(tb testing.TB) *style.Styles { return With(tb, style.Options{NoColor: true}) }

// Colour is the dark built-in theme.
func Colour(tb testing.TB) *style.Styles { return With(tb, style.Options{}) }

// With is the dark built-in theme within the limits of a terminal.
func With(tb testing.TB, options style.Options) *style.Styles {
	tb.Helper()
	set, failed := themes.Load(nil)
	for _, err := range failed {
		tb.Fatal(err)
	}
	theme, err := set.Pick(themes.Dark, true)
	if err != nil {
		tb.Fatal(err)
	}
	return style.New(theme, options)
}

// failer is the part of testing.TB that RequireSize needs; property tests have
// it as well.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// RequireSize asserts that a view is exactly width×height cells.
func RequireSize(tb failer, view string, width, height int) {
	tb.Helper()
	lines := strings.Split(view, "\n")
	if len(lines) != height {
		tb.Fatalf("%d lines, want %d:\n%s", len(lines), height, ansi.Strip(view))
	}
	for i, line := range lines {
		if w := ansi.StringWidth(line); w != width {
			tb.Fatalf("line %d is %d wide, want %d: %q", i, w, width, ansi.Strip(line))
		}
	}
}

// Golden compares a view without its styles to testdata/<test name>.golden.
// Each line ends in "⏎", so that trailing spaces are seen.
func Golden(tb testing.TB, view string) {
	tb.Helper()
	plain := ansi.Strip(view)
	golden.RequireEqual(tb, strings.ReplaceAll(plain, "\n", "⏎\n")+"⏎\n")
}
