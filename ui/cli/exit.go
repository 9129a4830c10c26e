package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"paydesk/client"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

// The exit codes (product: section 2).
const (
	exitDone        = 0
	exitBug         = 1
	exitUsage       = 2
	exitRefused     = 3
	exitUnknown     = 4
	exitKey         = 5
	exitUnreachable = 6
	exitNotFound    = 7
	exitStorage     = 8
	exitInterrupted = 130
)

// exits is the one table from the class of an error to the exit code, in the
// order of what it means for the money: of several errors the first one here
// decides.
var exits = []struct {
	class client.Class
	code  int
}{
	{client.ClassUnknown, exitUnknown}, // may have been accepted
	{client.ClassStorage, exitStorage},
	{client.ClassBug, exitBug},
	{client.ClassSignature, exitKey},
	{client.ClassAuth, exitKey},
	{client.ClassKeyring, exitKey},
	{client.ClassRefused, exitRefused},
	{client.ClassConflict, exitRefused},
	{client.ClassPolicy, exitRefused},
	{client.ClassNotSent, exitUnreachable},
	{client.ClassRate, exitUnreachable}, // nothing was done; later it may be
	{client.ClassNotFound, exitNotFound},
	{client.ClassInput, exitUsage},
	{client.ClassConfig, exitUsage},
	{client.ClassUnsupported, exitUsage},
}

// exitCode is the exit code of an error, nil included.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	e := worst(err)
	switch {
	case e == nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	case e == nil:
		return exitBug
	}
	for _, row := range exits {
		if row.class == e.Class {
			return row.code
		}
	}
	return exitBug
}

// worst is the classed error inside err that means most for the money; nil
// when there is none.
func worst(err error) *client.Error {
	var found *client.Error
	for _, e := range classed(err, nil) {
		if found == nil || rank(e.Class) < rank(found.Class) {
			found = e
		}
	}
	return found
}

func rank(class client.Class) int {
	for i, row := range exits {
		if row.class == class {
			return i
		}
	}
	return len(exits)
}

// classed lists the outermost classed errors of a tree of errors.
func classed(err error, list []*client.Error) []*client.Error {
	switch e := err.(type) { //nolint:errorlint // this walks the tree itself
	case nil:
	case *client.Error:
		list = append(list, e)
	case interface{ Unwrap() error }:
		list = classed(e.Unwrap(), list)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			list = classed(inner, list)
		}
	}
	return list
}

// exitError carries an exit code that a verb has decided, with the error to
// report, or nil when everything was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// newProblem puts an error into words.
func newProblem(err error) show.Problem {
	e := worst(err)
	if e == nil {
		if errors.Is(err, context.Canceled) {
			return show.Problem{Class: "interrupted", Message: "interrupted", Hint: "what was committed is safe: `paydesk refund resume` settles what is open"}
		}
		return show.Problem{Class: string(client.ClassBug), Message: err.Error()}
	}
	p := show.Problem{Class: string(e.Class), Code: e.Code, Message: e.Message, Hint: e.Hint}
	if x := e.Exchange; x != nil && x.Message != "" && e.Class != client.ClassNotFound && !strings.Contains(p.Message, x.Message) {
		p.Message += fmt.Sprintf(" (the gateway: %s)", x.Message)
	}
	if e.Err != nil && e.Err.Error() != "" && !strings.Contains(p.Message, e.Err.Error()) && tells(e.Err) {
		p.Message = strings.TrimPrefix(p.Message+": "+e.Err.Error(), ": ")
	}
	if p.Message == "" {
		p.Message = e.Error()
	}
	return p
}

// tells reports whether a cause adds something for people; the sentinels and
// wrappers of our own packages repeat what the message says.
func tells(cause error) bool {
	return worst(cause) == nil && !strings.HasSuffix(cause.Error(), " problem") && !strings.HasSuffix(cause.Error(), " problems")
}

// report writes an error to standard error, in JSON or in words.
func (r *run) report(err error, code int) {
	if e, ok := errors.AsType[*exitError](err); ok {
		if e.err == nil {
			return
		}
		err = e.err
	}
	r.say(newProblem(err), code)
}

// say writes one problem.
func (r *run) say(p show.Problem, code int) {
	if r.json {
		_ = show.Line(r.Err, map[string]show.Problem{"error": p}) // there is nowhere else to tell
		return
	}
	lines := strings.Split(p.Message, "\n")
	lead := "paydesk: "
	if code == exitUnknown {
		lead = "paydesk: outcome unknown: "
	}
	for i, line := range lines {
		if i > 0 {
			lead = "  "
		}
		_, _ = fmt.Fprintf(r.Err, "%s%s\n", lead, text.Clean(line))
	}
	if p.Hint != "" {
		_, _ = fmt.Fprintf(r.Err, "  %s\n", text.Clean(p.Hint))
	}
}

// narrate tells what happens, on standard error; scripts that read JSON are
// spared it.
func (r *run) narrate(format string, args ...any) {
	if r.json && !r.verbose {
		return
	}
	_, _ = fmt.Fprintln(r.Err, text.Clean(fmt.Sprintf(format, args...)))
}
