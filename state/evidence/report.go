package evidence

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"paydesk/client"
)

// What a Report is about.
const (
	KindBundle = "bundle"
	KindExport = "export"
)

// Report is what a check found. Findings are what is wrong; notes are what could
// not be compared, and why, which is no fault.
type Report struct {
	Kind     string    `json:"kind"`                  // KindBundle or KindExport
	Refund   string    `json:"refund_no,omitempty"`   // of a bundle
	Lines    int64     `json:"lines"`                 // of the journal, that could be read
	Last     string    `json:"last_digest,omitempty"` // of the last of them
	Files    int       `json:"files,omitempty"`       // of a bundle, the manifest aside
	Digest   string    `json:"digest,omitempty"`      // of a bundle as it is now; compare it with the one that Write returned
	Ledger   bool      `json:"compared_with_ledger"`
	Findings []Finding `json:"findings,omitempty"`
	Notes    []Finding `json:"notes,omitempty"`
	More     int       `json:"more_findings,omitempty"` // beyond the first mostFindings
	Stopped  bool      `json:"stopped,omitempty"`       // the rest was not looked at
}

// Finding is one place and what is wrong there.
type Finding struct {
	File string `json:"file,omitempty"` // in the bundle; "ledger" for the ledger's own journal
	Line int64  `json:"line,omitempty"` // in the file, from 1; 0: not one line
	Byte int64  `json:"byte,omitempty"` // in the file, from 1; 0: not known
	What string `json:"what"`
}

// theLedger is the File of what is wrong with the ledger itself.
const theLedger = "ledger"

// String is "journal.ndjson line 3: was changed".
func (f Finding) String() string {
	var where []string
	if f.File != "" {
		where = append(where, f.File)
	}
	if f.Line > 0 {
		where = append(where, "line "+strconv.FormatInt(f.Line, 10))
	}
	if f.Byte > 0 {
		where = append(where, "byte "+strconv.FormatInt(f.Byte, 10))
	}
	if len(where) == 0 {
		return f.What
	}
	return strings.Join(where, " ") + ": " + f.What
}

// mostFindings is how many findings, and notes, are kept: a file of garbage has
// one for each of its lines.
const mostFindings = 200

func (r *Report) found(f Finding) {
	if len(r.Findings) == mostFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

func (r *Report) note(f Finding) {
	if len(r.Notes) < mostFindings {
		r.Notes = append(r.Notes, f)
	}
}

// Intact reports whether nothing was found to be wrong.
func (r Report) Intact() bool { return len(r.Findings) == 0 && !r.Stopped }

// Err is nil when nothing was found to be wrong, else a ClassStorage error that
// names the first finding.
func (r Report) Err() error {
	if r.Intact() {
		return nil
	}
	message := fmt.Sprintf("the %s was not looked at as a whole", r.Kind)
	if len(r.Findings) > 0 {
		first := r.Findings[0]
		message = fmt.Sprintf("the %s is not as paydesk wrote it: %s", r.Kind, first)
		if first.File == theLedger {
			message = "the ledger cannot vouch for the " + r.Kind + ": " + first.What
		}
	}
	if more := len(r.Findings) - 1 + r.More; more > 0 {
		message += fmt.Sprintf(" (and %d more)", more)
	}
	return &client.Error{
		Class: client.ClassStorage, Code: "changed", Message: message, Hint: "keep it as it is, and compare it with another copy or with the ledger",
	}
}

// safeName is a file name as it may stand in a finding: one that is not made of
// plain signs is quoted.
func safeName(name string) string {
	quoted := strconv.QuoteToASCII(name)
	if quoted == `"`+name+`"` && !strings.Contains(name, " ") {
		return name
	}
	return quoted
}

// errLong says that a line has no end in sight.
var errLong = errors.New("the line is too long")

// readLine reads up to and with the next line end, at most maxLine bytes.
func readLine(in *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		part, err := in.ReadSlice('\n')
		text = append(text, part...)
		if len(text) > maxLine {
			return text, errLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, err
		}
	}
}
