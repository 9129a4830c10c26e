// Package style turns a theme into what is drawn: tones, frames, signs, and
// the words of every status. It is the only place besides themes that names a
// colour, a border rune or a sign, and nothing here is told by colour alone:
// each status has its own sign and word, the selected row its bar, an
// environment its word and its frame. It never decides anything.
package style

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"paydesk/themes"
	"paydesk/ui/text"
)

// Tone is what a piece of text means.
type Tone uint8

// The tones. Text is the zero value.
const (
	Text       Tone = iota // what is read
	Strong                 // titles, what is being looked at
	Muted                  // labels, second thoughts
	Faint                  // rules, hints, what is off
	Accent                 // keys, focus
	Link                   // numbers that lead somewhere
	Match                  // the letters that a search found
	Danger                 // failed, refused, broken
	Warning                // needs a look
	Pending                // under way
	Success                // done
	Unknown                // may or may not have happened
	Production             // the colour of an environment as words or a frame
	Test
	Sandbox
	Border // lines
	Focus  // lines around what has the keyboard
	toneCount
)

// ground is what a text stands on.
type ground uint8

const (
	page ground = iota
	selection
	groundCount
)

// Options are the limits of the terminal.
type Options struct {
	NoColor bool // NO_COLOR, --no-color, or a terminal without colours
	ASCII   bool // no box drawing and no signs beyond ASCII
}

// sequence is what goes before and after a text on the terminal.
type sequence struct{ open, close string }

func (q sequence) wrap(s string) string {
	if s == "" {
		return ""
	}
	return q.open + s + q.close
}

// Styles holds everything that the screens draw with. One value is made at
// start and shared by pointer; Set changes it in place when the theme or the
// terminal changes, and Generation tells caches that it did. It is used from
// the goroutine of Update and View only.
type Styles struct {
	Glyph Glyphs

	theme      themes.Theme
	options    Options
	generation int
	tones      [groundCount][toneCount]sequence
	badges     map[Env]sequence
	active     sequence
}

// New returns styles for a theme.
func New(theme themes.Theme, options Options) *Styles {
	s := &Styles{}
	s.Set(theme, options)
	return s
}

// Set changes theme and options in place. It costs some 100 µs.
func (s *Styles) Set(theme themes.Theme, options Options) {
	s.theme, s.options = theme, options
	s.generation++
	s.Glyph = glyphs(options.ASCII)
	for t := range toneCount {
		s.tones[page][t] = capture(s.tone(t))
		s.tones[selection][t] = capture(s.toneSelected(t))
	}
	s.badges = map[Env]sequence{}
	for _, e := range []Env{EnvProduction, EnvTest, EnvSandbox} {
		s.badges[e] = capture(s.badge(e))
	}
	s.active = capture(s.activeTab())
}

// Theme is the theme in use.
func (s *Styles) Theme() themes.Theme { return s.theme }

// Options is what was given to Set last.
func (s *Styles) Options() Options { return s.options }

// Generation grows with each Set. What was cached under an older one is stale.
func (s *Styles) Generation() int { return s.generation }

// Ground is the theme's text and background colour, for tea.View; both are nil
// without colours. Painting it makes a theme look as it was meant whatever the
// terminal's own colours are.
func (s *Styles) Ground() (foreground, background color.Color) {
	if s.options.NoColor {
		return nil, nil
	}
	return s.theme.Base.Text, s.theme.Base.Background
}

// Paint draws a text in a tone.
func (s *Styles) Paint(t Tone, words text.Safe) string {
	return s.tones[page][t].wrap(words.String())
}

// PaintSelected draws a text in a tone on the selection's ground.
func (s *Styles) PaintSelected(t Tone, words text.Safe) string {
	return s.tones[selection][t].wrap(words.String())
}

// PaintActive draws the name of the tab that is open.
func (s *Styles) PaintActive(words text.Safe) string { return s.active.wrap(words.String()) }

// Sequences returns what Paint and PaintSelected put before and after a text,
// for a renderer that paints many cells as one segment.
func (s *Styles) Sequences(t Tone, selected bool) (open, shut string) {
	ground := page
	if selected {
		ground = selection
	}
	q := s.tones[ground][t]
	return q.open, q.close
}

// Fit cuts or fills a drawn line to exactly width cells.
func Fit(line string, width int) string {
	if width <= 0 {
		return ""
	}
	w := lipgloss.Width(line)
	if w > width {
		line = ansi.Truncate(line, width, "")
		w = lipgloss.Width(line) // a wide character may have left a gap
	}
	return line + text.Spaces(width-w).String()
}

// capture finds what a style puts around a text. Rendering costs 2–3 µs each
// time, so it is done once per theme change, not once per cell.
func capture(st lipgloss.Style) sequence {
	const probe = "x"
	open, shut, _ := strings.Cut(st.Render(probe), probe)
	return sequence{open: open, close: shut}
}

// tone is the style of a tone on the page.
func (s *Styles) tone(t Tone) lipgloss.Style {
	st := emphasis(lipgloss.NewStyle(), t)
	if s.options.NoColor {
		return plainEmphasis(st, t)
	}
	return st.Foreground(s.foreground(t))
}

// toneSelected is the style of a tone on the selection's ground. Without
// colours the row is reversed and keeps the emphasis.
func (s *Styles) toneSelected(t Tone) lipgloss.Style {
	st := emphasis(lipgloss.NewStyle(), t)
	if s.options.NoColor {
		return plainEmphasis(st, t).Reverse(true)
	}
	st = st.Background(s.theme.Selection.Background)
	switch t {
	case Text, Strong, Border, Production, Test, Sandbox:
		return st.Foreground(s.theme.Selection.Text)
	case Muted, Faint:
		return st.Foreground(s.theme.Selection.Muted)
	default:
		return st.Foreground(s.foreground(t))
	}
}

// emphasis is what a tone has besides its colour.
func emphasis(st lipgloss.Style, t Tone) lipgloss.Style {
	switch t {
	case Strong, Production, Test, Sandbox:
		return st.Bold(true)
	case Match:
		return st.Bold(true).Underline(true)
	default:
		return st
	}
}

// plainEmphasis stands in for colour where there is none.
func plainEmphasis(st lipgloss.Style, t Tone) lipgloss.Style {
	switch t {
	case Danger, Warning, Unknown, Accent, Focus:
		return st.Bold(true)
	default:
		return st
	}
}

// foreground is the theme's colour for a tone.
func (s *Styles) foreground(t Tone) color.Color {
	th := s.theme
	return [toneCount]color.Color{
		Text: th.Base.Text, Strong: th.Base.Strong, Muted: th.Base.Muted, Faint: th.Base.Faint,
		Accent: th.Base.Accent, Link: th.Base.Link, Match: th.Base.Accent,
		Danger: th.Status.Danger, Warning: th.Status.Warning, Pending: th.Status.Pending,
		Success: th.Status.Success, Unknown: th.Status.Unknown,
		Production: th.Environment.Production, Test: th.Environment.Test, Sandbox: th.Environment.Sandbox,
		Border: th.Frame.Border, Focus: th.Frame.Focus,
	}[t]
}

// activeTab is the style of the open tab's name.
func (s *Styles) activeTab() lipgloss.Style {
	st := lipgloss.NewStyle().Bold(true)
	if s.options.NoColor {
		return st.Reverse(true)
	}
	return st.Background(s.theme.Selection.Background).Foreground(s.theme.Selection.Text)
}
