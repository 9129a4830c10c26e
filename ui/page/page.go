// Package page owns what the console's pages share: the small bag they work
// with, questions asked in the background, windows of long lists, and the few
// things they may ask of the root. It draws no page itself, and pages never
// know each other.
package page

import (
	"context"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/ledger"
	"paydesk/ui/action"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Bag is what every page works with. Its members do not change.
type Bag struct {
	Ctx    context.Context // ends with the console
	Styles *style.Styles
	Keys   keys.Map
	Clock  func() time.Time
	Loc    *time.Location
	Ledger ledger.Reader
	Host   Host
}

// WideFrom is the width, in cells, from which a second pane stands beside a
// list.
const WideFrom = 110

// Now is the time in whole seconds: what is drawn changes with the second and
// not in between, so that everything on screen changes at once.
func (b *Bag) Now() time.Time { return b.Clock().Truncate(time.Second) }

// Kit is what dialogs draw and listen with.
func (b *Bag) Kit() dialog.Kit { return dialog.Kit{Styles: b.Styles, Keys: b.Keys} }

// Action is a row of the action table; it needs no more than the page that
// made it.
type Action = action.Action[struct{}, tea.Cmd]

// Target is a record of another page.
type Target struct {
	Page    keys.Scope
	Profile string
	No      string // order number, refund number or user
	Order   string // of the refunds page: all refunds of this order
}

// Host is what a page may ask of the root, while it handles a message.
type Host interface {
	// Profiles restricts every list; nil means all.
	Profiles() []string
	// Can says what the gateway of a profile can do; known is false until it has
	// been opened. It never waits.
	Can(profile string) (able Able, known bool)
	// Say shows a short notice.
	Say(tone style.Tone, words text.Safe)
	// Fail shows an error until it is dismissed; about names what was tried.
	Fail(about text.Safe, err error)
	// Jump opens a record on another page.
	Jump(to Target) tea.Cmd
	// Open shows a dialog; answered gets everything that it gives back. It is
	// called for a key press only, never for an answer from outside.
	Open(d dialog.Dialog, answered func(dialog.Result) tea.Cmd)
	// Copy puts a text on the terminal's clipboard.
	Copy(what, content text.Safe) tea.Cmd
}

// mostCell bounds, in bytes, what a cell looks at: more never fits a column,
// and a stranger's long text must not make every row slow.
const mostCell = 1 << 10

// Cell makes a text from outside safe for a column.
func Cell(untrusted string) text.Safe { return text.Clean(cut(untrusted, mostCell)) }

// cut shortens a text between runes.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
