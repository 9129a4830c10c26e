package style

import (
	"charm.land/lipgloss/v2"

	"paydesk/ui/text"
)

// Env is the environment of a profile: what a mistake would cost.
type Env string

// The environments of product.md section 3.
const (
	EnvProduction Env = "production"
	EnvTest       Env = "test"
	EnvSandbox    Env = "sandbox"
)

// EnvOf reads an environment's name. A name that is not known is shown as
// production: the most careful reading.
func EnvOf(name string) Env {
	switch e := Env(name); e {
	case EnvTest, EnvSandbox:
		return e
	default:
		return EnvProduction
	}
}

// Word is the environment in capitals.
func (e Env) Word() text.Safe {
	switch e {
	case EnvTest:
		return text.Literal("TEST")
	case EnvSandbox:
		return text.Literal("SANDBOX")
	default:
		return text.Literal("PRODUCTION")
	}
}

// Tone is the environment's colour for words and frames.
func (e Env) Tone() Tone {
	switch e {
	case EnvTest:
		return Test
	case EnvSandbox:
		return Sandbox
	default:
		return Production
	}
}

// Badge draws the environment's word on its own ground, two cells wider than
// the word.
func (s *Styles) Badge(e Env) string {
	return s.badges[EnvOf(string(e))].wrap(" " + e.Word().String() + " ")
}

// badge is the style of an environment's word.
func (s *Styles) badge(e Env) lipgloss.Style {
	st := lipgloss.NewStyle().Bold(true)
	if s.options.NoColor {
		return st.Reverse(true)
	}
	env := s.theme.Environment
	switch e {
	case EnvTest:
		return st.Background(env.Test).Foreground(env.TestText)
	case EnvSandbox:
		return st.Background(env.Sandbox).Foreground(env.SandboxText)
	default:
		return st.Background(env.Production).Foreground(env.ProductionText)
	}
}

// Frame is the eight pieces of a box.
type Frame struct {
	TopLeft, Top, TopRight          text.Safe
	Left, Right                     text.Safe
	BottomLeft, Bottom, BottomRight text.Safe
}

// frame names the pieces of a box, row by row.
func frame(tl, t, tr, l, r, bl, b, br text.Safe) Frame {
	return Frame{TopLeft: tl, Top: t, TopRight: tr, Left: l, Right: r, BottomLeft: bl, Bottom: b, BottomRight: br}
}

// Frame is the box of ordinary panes and dialogs.
func (s *Styles) Frame() Frame {
	l := text.Literal
	if s.options.ASCII {
		return frame(l("+"), l("-"), l("+"), l("|"), l("|"), l("+"), l("-"), l("+"))
	}
	return frame(l("╭"), l("─"), l("╮"), l("│"), l("│"), l("╰"), l("─"), l("╯"))
}

// EnvFrame is the box of a dialog that acts in an environment; each has its
// own lines, so that it is known without colour.
func (s *Styles) EnvFrame(e Env) Frame {
	l := text.Literal
	switch {
	case e == EnvTest && s.options.ASCII:
		return s.Frame()
	case e == EnvTest:
		return frame(l("┌"), l("─"), l("┐"), l("│"), l("│"), l("└"), l("─"), l("┘"))
	case e == EnvSandbox && s.options.ASCII:
		return frame(l("."), l("."), l("."), l(":"), l(":"), l("."), l("."), l("."))
	case e == EnvSandbox:
		return frame(l("┌"), l("┄"), l("┐"), l("┆"), l("┆"), l("└"), l("┄"), l("┘"))
	case s.options.ASCII:
		return frame(l("#"), l("="), l("#"), l("#"), l("#"), l("#"), l("="), l("#"))
	default:
		return frame(l("╔"), l("═"), l("╗"), l("║"), l("║"), l("╚"), l("═"), l("╝"))
	}
}
