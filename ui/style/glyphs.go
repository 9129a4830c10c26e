package style

import "paydesk/ui/text"

// Glyphs are the signs of the screens' furniture, each one cell wide.
type Glyphs struct {
	Bar       text.Safe // beside the selected row
	Mark      text.Safe // a marked row
	Ascending text.Safe // sorted, small first
	Descend   text.Safe // sorted, large first
	Above     text.Safe // more rows above
	Below     text.Safe // more rows below
	Thumb     text.Safe // the visible part of a long list
	Rule      text.Safe // a level line
	Side      text.Safe // an upright line
	Dot       text.Safe // between two short texts
	Live      text.Safe // the link is up
	Slow      text.Safe // the link is being looked at
	Down      text.Safe // the link is down
	Check     text.Safe
	Cross     text.Safe
	Warn      text.Safe
	Pointer   text.Safe // before the chosen line, after a prompt
	Previous  text.Safe // there is a choice to the left
	Next      text.Safe // and to the right
	Done      text.Safe // the done part of a progress line
	Open      text.Safe // the rest of it
	Caret     text.Safe // points up at a mistake
	Ellipsis  text.Safe
	Arrow     text.Safe
	Part      text.Safe // some of an order was refunded
	Full      text.Safe // all of it was
}

// glyphs is the set that the terminal can draw.
func glyphs(ascii bool) Glyphs {
	l := text.Literal
	if ascii {
		return Glyphs{
			Bar: l(">"), Mark: l("*"), Ascending: l("^"), Descend: l("v"), Above: l("^"), Below: l("v"), Thumb: l("#"),
			Rule: l("-"), Side: l("|"), Dot: l("-"), Live: l("*"), Slow: l("~"), Down: l("x"), Check: l("+"), Cross: l("x"),
			Warn: l("!"), Pointer: l(">"), Previous: l("<"), Next: l(">"), Done: l("="), Open: l("-"), Caret: l("^"),
			Ellipsis: l("~"), Arrow: l(">"), Part: l("%"), Full: l("@"),
		}
	}
	return Glyphs{
		Bar: l("▌"), Mark: l("◆"), Ascending: l("▴"), Descend: l("▾"), Above: l("▲"), Below: l("▼"), Thumb: l("┃"),
		Rule: l("─"), Side: l("│"), Dot: l("·"), Live: l("●"), Slow: l("◌"), Down: l("✗"), Check: l("✓"), Cross: l("✗"),
		Warn: l("!"), Pointer: l("›"), Previous: l("‹"), Next: l("›"), Done: l("━"), Open: l("─"), Caret: l("↑"),
		Ellipsis: l("…"), Arrow: l("→"), Part: l("◒"), Full: l("●"),
	}
}

// LinkState is how a gateway, or the way to it, stands.
type LinkState uint8

// The link states.
const (
	LinkOff  LinkState = iota // not asked yet, or nothing to ask
	LinkWait                  // the first answer is not there yet
	LinkLive                  // the last answer was good
	LinkDown                  // the last try failed
)

// Link shows a link state.
func (s *Styles) Link(state LinkState) Status {
	l := text.Literal
	switch state {
	case LinkLive:
		return Status{s.Glyph.Live, l("live"), Success}
	case LinkWait:
		return Status{s.Glyph.Slow, l("connecting"), Pending}
	case LinkDown:
		return Status{s.Glyph.Down, l("offline"), Danger}
	default:
		return Status{s.Glyph.Slow, l("not connected"), Muted}
	}
}
