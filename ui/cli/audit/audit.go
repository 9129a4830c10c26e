// Package audit prints what the verbs about evidence and the audit trail found:
// what was written, what is intact, what was changed and where. It checks nothing
// itself, which state/evidence does.
package audit

import (
	"fmt"
	"io"

	"paydesk/state/evidence"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

// Written is what `refund evidence` prints.
type Written struct {
	Refund string `json:"refund_no"`
	Dir    string `json:"dir"`
	Digest string `json:"digest"` // of the whole folder
	Lines  int    `json:"lines"`
}

// Print writes it as one object, or for people.
func (w Written) Print(out io.Writer, asJSON bool) error {
	if asJSON {
		return show.Line(out, w)
	}
	_, err := fmt.Fprintf(out, "%s is written to %s\ndigest %s\nnote the digest down elsewhere: it proves that the folder is the one written now\n",
		text.Clean(w.Refund), text.Clean(w.Dir), text.Clean(w.Digest))
	return err
}

// Chain is the ledger's whole audit trail, walked.
type Chain struct {
	Lines  int64  `json:"lines"`
	Digest string `json:"last_digest,omitempty"`
}

// Print writes it as one object, or for people.
func (c Chain) Print(out io.Writer, asJSON bool) error {
	if asJSON {
		return show.Line(out, c)
	}
	_, err := fmt.Fprintf(out, "the audit trail is whole: %s lines, last digest %s\n", text.Number(c.Lines), text.Clean(c.Digest))
	return err
}

// Report writes what a check of a folder or a file found; narrate tells each
// finding and note.
func Report(out io.Writer, asJSON bool, found evidence.Report, narrate func(format string, args ...any)) error {
	for _, f := range found.Findings {
		narrate("%s", f)
	}
	if found.More > 0 {
		narrate("and %d more", found.More)
	}
	for _, f := range found.Notes {
		narrate("note: %s", f)
	}
	if asJSON {
		return show.Line(out, found)
	}
	if !found.Intact() {
		return nil // the error tells
	}
	what := "nothing in it was changed"
	if found.Ledger {
		what = "nothing in it was changed, and this ledger has every line of it"
	}
	_, err := fmt.Fprintf(out, "%s: %s lines, digest %s\n", what, text.Number(found.Lines), text.Clean(first(found.Digest, found.Last)))
	return err
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
