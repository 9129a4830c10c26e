// Package toast owns the notices: one line that says what just happened, never
// in the way, and the list of those before it. It is told the time and never
// takes the keyboard.
package toast

import (
	"slices"
	"time"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// keep is how many notices the list remembers.
const keep = 200

// How long a notice stays on its line. One of danger or of an unknown outcome
// stays until it is dismissed or another takes its place.
const (
	shortLife = 6 * time.Second
	longLife  = 15 * time.Second
)

// Notice is one thing that happened.
type Notice struct {
	At   time.Time
	Tone style.Tone
	Text text.Safe
}

// life is how long the notice is shown; 0 means until dismissed.
func (n Notice) life() time.Duration {
	switch n.Tone {
	case style.Danger, style.Unknown:
		return 0
	case style.Warning, style.Pending:
		return longLife
	default:
		return shortLife
	}
}

// List is the notices, the newest first. The zero value is empty and ready.
type List struct {
	all       []Notice
	dismissed bool // the newest one
}

// Add shows a notice in place of the one before. The same text again only
// renews the time.
func (l *List) Add(n Notice) {
	l.dismissed = false
	if len(l.all) > 0 && l.all[0].Text == n.Text && l.all[0].Tone == n.Tone {
		l.all[0].At = n.At
		return
	}
	l.all = slices.Insert(l.all, 0, n)
	l.all = l.all[:min(len(l.all), keep)]
}

// Dismiss takes the notice off its line; it stays in the list.
func (l *List) Dismiss() { l.dismissed = true }

// Current is the notice to show now.
func (l *List) Current(now time.Time) (Notice, bool) {
	if len(l.all) == 0 || l.dismissed {
		return Notice{}, false
	}
	n := l.all[0]
	if life := n.life(); life > 0 && now.Sub(n.At) >= life {
		return Notice{}, false
	}
	return n, true
}

// Next is how long until the shown notice goes away by itself; false when it
// does not.
func (l *List) Next(now time.Time) (time.Duration, bool) {
	n, ok := l.Current(now)
	if !ok || n.life() == 0 {
		return 0, false
	}
	return n.life() - now.Sub(n.At), true
}

// All is every notice that is remembered, the newest first.
func (l *List) All() []Notice { return slices.Clone(l.all) }

// Line draws the current notice in exactly width cells; false when there is
// none.
func (l *List) Line(st *style.Styles, now time.Time, width int) (line string, ok bool) {
	n, ok := l.Current(now)
	if !ok {
		return "", false
	}
	sign := st.Glyph.Dot
	switch n.Tone {
	case style.Success:
		sign = st.Glyph.Check
	case style.Danger:
		sign = st.Glyph.Cross
	case style.Warning, style.Unknown:
		sign = st.Glyph.Warn
	default:
	}
	words := text.Truncate(n.Text, width-4)
	return style.Fit(" "+st.Paint(n.Tone, sign)+" "+st.Paint(n.Tone, words), width), true
}
