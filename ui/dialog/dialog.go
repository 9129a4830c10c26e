// Package dialog owns the boxes that ask a person something: values in, a
// value out. A dialog never calls a service, never opens by itself and never
// opens another one; what was chosen is acted upon by whoever opened it. The
// rules of consent to moving money are kept here (S25): it starts on Cancel,
// the amount is typed, and only a key of its own, pressed after a pause, says
// yes.
package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Dialog is one box. Its methods are called from Update and View only.
type Dialog interface {
	// Title names the dialog, for the window's title and for screen readers.
	Title() text.Safe
	// SetSize says how much room there is; the dialog takes what it needs.
	SetSize(width, height int)
	// Update takes a message at a time and returns what was chosen, nil while
	// nothing was.
	Update(msg tea.Msg, now time.Time) (Result, tea.Cmd)
	// View draws the box.
	View() string
	// Cursor is where the terminal's cursor belongs, relative to the top left
	// cell of View; nil for none.
	Cursor() *tea.Cursor
}

// Kit is what every dialog draws and listens with.
type Kit struct {
	Styles *style.Styles
	Keys   keys.Map
}

// find is the dialog action that a key means.
func (k Kit) find(msg tea.KeyPressMsg, more ...keys.Scope) string {
	id, _ := k.Keys.Find(msg, append(more, keys.Dialog)...)
	return id
}

// Result is what a dialog gives back. Those that end the dialog are taken off
// the stack by it.
type Result interface{ ends() bool }

// Closed says that the person wants nothing. ID is the dialog's.
type Closed struct{ ID string }

// Chosen is a line of a Picker.
type Chosen struct{ ID, Key string }

// Entered is the line typed into a Prompt, clean and without spaces around it.
type Entered struct{ ID, Value string }

// Run is an action of the palette or of help. It may be run: it was enabled
// when the dialog opened; the one who runs it asks again.
type Run struct{ Action string }

// Copy asks for a text to be put on the clipboard; the dialog stays.
type Copy struct{ Text text.Safe }

// Replan asks for a new plan of an edited refund; the dialog stays and waits
// for SetPlan.
type Replan struct{ Draft Draft }

// RefundConfirmed is consent to one plan.
type RefundConfirmed struct {
	Draft  Draft
	PlanID string // RefundPlan.ID of the plan that was on screen
	Typed  string // what was typed to confirm it
}

// UnbindConfirmed is consent to unbinding the card that the dialog was opened
// for.
type UnbindConfirmed struct{ Reason string }

// Again asks for a check that was made before to be made anew; the dialog stays.
type Again struct{}

// Verify asks for the signature of a body to be checked; the dialog stays.
type Verify struct {
	Profile string
	Kind    string // client.BodyRequest, BodyAnswer or BodyCallback
	Sign    string // clean; empty: it is in the body
	Body    []byte // the exact bytes, not empty
}

func (Closed) ends() bool          { return true }
func (Chosen) ends() bool          { return true }
func (Entered) ends() bool         { return true }
func (Run) ends() bool             { return true }
func (Copy) ends() bool            { return false }
func (Replan) ends() bool          { return false }
func (Again) ends() bool           { return false }
func (Verify) ends() bool          { return false }
func (RefundConfirmed) ends() bool { return true }
func (UnbindConfirmed) ends() bool { return true }

// Draft is a refund as the person has it in the form.
type Draft struct {
	Seq    int          // grows with each edit; a plan for an older one is stale
	Amount client.Money // above zero and not above what can be refunded
	Reason string       // clean
	Note   string       // clean; may be empty
}
