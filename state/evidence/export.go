package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Window is a time from which (inclusive) and until which (exclusive) lines of
// the journal are wanted; a zero time is no bound.
type Window struct {
	From, To time.Time
}

// all reports whether the window has no bounds.
func (w Window) all() bool { return w.From.IsZero() && w.To.IsZero() }

func (w Window) has(at time.Time) bool {
	return !at.Before(w.From) && (w.To.IsZero() || at.Before(w.To))
}

// header is the first line of an export that is not the whole journal. From its
// first line to its last no line is left out, also none whose clock was wrong.
type header struct {
	Export string     `json:"export"` // always exportPart
	From   *time.Time `json:"from,omitempty"`
	To     *time.Time `json:"to,omitempty"`
	First  int64      `json:"first"` // sequence numbers; 0: no line
	Last   int64      `json:"last"`
	Digest string     `json:"digest,omitempty"` // SHA-256 of this line without its digest
}

const exportPart = "a part of the journal"

// sealed is the header's line, without its end.
func (h header) sealed() ([]byte, error) {
	h.Digest = ""
	content, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("evidence: encode: %w", err)
	}
	h.Digest = hash(content)
	return json.Marshal(h)
}

// Export writes the journal as lines of JSON, oldest first, and returns how many
// there are and the digest of the last one, which is worth noting down elsewhere:
// lines cut off at the end of an export show in nothing else. Of a window, the
// lines from the first to the last one inside are written, after a line that says
// so; the journal is then walked twice. A line that breaks the chain is written as
// it is, and told by a ClassStorage error once all lines are out; other errors are
// those of the journal and of w, and end the export.
func Export(w io.Writer, journal iter.Seq2[ledger.Event, error], window Window) (lines int64, last string, err error) {
	out := bufio.NewWriter(w)
	first, end := int64(1), int64(0)
	if !window.all() {
		if first, end, err = span(journal, window); err != nil {
			return 0, "", err
		}
		top, err := header{Export: exportPart, From: moment(window.From), To: moment(window.To), First: first, Last: end}.sealed()
		if err != nil {
			return 0, "", err
		}
		if _, err := out.Write(append(top, '\n')); err != nil {
			return 0, "", unwritable("the export", err)
		}
	}
	var broken error
	place, inside := chainPlace{}, window.all()
	for e, err := range journal {
		if err != nil {
			return lines, last, exportFailed(out, err)
		}
		if fault := place.next(e); fault != nil && broken == nil {
			broken = fault
		}
		if inside = inside || (e.Seq == first && end > 0); !inside {
			continue
		}
		if _, err := out.Write(append(encodeLine(e, asObject), '\n')); err != nil {
			return lines, last, unwritable("the export", err)
		}
		lines, last = lines+1, e.Digest
		if !window.all() && e.Seq == end {
			break
		}
	}
	if err := out.Flush(); err != nil {
		return lines, last, unwritable("the export", err)
	}
	if broken != nil {
		return lines, last, &client.Error{
			Class: client.ClassStorage, Code: "journal", Message: "everything was exported, but the journal is broken", Err: broken,
			Hint: "keep the ledger file as it is and compare it with a backup: somebody or something has changed it",
		}
	}
	return lines, last, nil
}

func exportFailed(out *bufio.Writer, err error) error {
	if flushed := out.Flush(); flushed != nil {
		return unwritable("the export", flushed)
	}
	return readError(err, "journal", "")
}

// span finds the first and the last line of a window; 0, 0 when it has none.
func span(journal iter.Seq2[ledger.Event, error], window Window) (first, last int64, err error) {
	for e, err := range journal {
		if err != nil {
			return 0, 0, readError(err, "journal", "")
		}
		if !window.has(e.At) {
			continue
		}
		if first == 0 {
			first = e.Seq
		}
		last = e.Seq
	}
	return first, last, nil
}

// chainPlace is where a walk along the chain is.
type chainPlace struct {
	seq    int64
	digest string
}

// next checks that a line is intact and follows the one before it, and steps on.
func (p *chainPlace) next(e ledger.Event) error {
	before := *p
	p.seq, p.digest = e.Seq, e.Digest
	return e.Follows(before.seq, before.digest)
}

// maxLine is how long a line of an export may be, in bytes.
const maxLine = 16 << 20

// VerifyExport proves, with nothing but the export, that none of its lines was
// changed, dropped, added or moved. What it cannot see are lines cut off at the
// end, and a chain that was computed anew from some line on: compare its last
// digest with one that was noted down, or use VerifyExportAgainst. The error says
// that it could not be read.
func VerifyExport(r io.Reader) (Report, error) {
	e := &exportCheck{report: Report{Kind: KindExport}}
	err := e.read(r)
	return e.report, err
}

// exportCheck reads an export line by line.
type exportCheck struct {
	report Report
	number int64 // of the line in the file
	top    *header
	begun  bool
	prev   *line // nil at the start, and after a line that is none
	// each is told of every line that could be read; nil: nobody.
	each func(number int64, l line)
}

func (c *exportCheck) read(r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		text, err := readLine(in)
		if len(text) == 0 && errors.Is(err, io.EOF) {
			break
		}
		c.number++
		switch {
		case errors.Is(err, errLong):
			c.found("is longer than any line of a journal")
			c.report.Stopped = true
			return nil
		case err != nil && !errors.Is(err, io.EOF):
			return unreadable("the export", err)
		case err != nil:
			c.found("is cut off: its end is missing")
		}
		c.take(bytes.TrimSuffix(text, []byte("\n")))
		if err != nil {
			break
		}
	}
	c.end()
	return nil
}

func (c *exportCheck) found(format string, args ...any) {
	c.report.found(Finding{Line: c.number, What: fmt.Sprintf(format, args...)})
}

// take checks one line.
func (c *exportCheck) take(text []byte) {
	if c.number == 1 && bytes.HasPrefix(text, []byte(`{"export":`)) {
		c.header(text)
		return
	}
	l, err := decodeLine(text)
	if err == nil && l.form != form(standsAsObject(l.Detail)) {
		err = errNoLine
	}
	if err != nil {
		c.found("is damaged: %v", err)
		c.prev = nil
		c.begun = true
		return
	}
	c.report.Lines++
	c.report.Last = l.Digest
	if !l.intact() {
		c.found("(number %d in the journal) was changed: its content does not match its digest", l.Seq)
	}
	c.follow(l)
	c.prev, c.begun = &l, true
	if c.each != nil {
		c.each(c.number, l)
	}
}

// follow checks a line's place.
func (c *exportCheck) follow(l line) {
	switch {
	case c.prev != nil:
		if fault := follows(*c.prev, l); fault != "" {
			c.found("%s", fault)
		}
	case c.begun: // behind a line that could not be read
	case c.top != nil && l.Seq != c.top.First:
		c.found("(number %d in the journal) is the first one, but the export says that it begins with number %d", l.Seq, c.top.First)
	case c.top == nil && (l.Seq != 1 || l.Prev != ""):
		c.found("(number %d in the journal) is the first one: what was before it is missing", l.Seq)
	}
}

// follows says why a line does not follow another one directly; "" when it does.
func follows(before, l line) string {
	switch {
	case l.Seq != before.Seq+1:
		return fmt.Sprintf("(number %d in the journal) follows number %d: a line is missing, added or moved", l.Seq, before.Seq)
	case l.Prev != before.Digest:
		return fmt.Sprintf("(number %d in the journal) does not carry the digest of number %d", l.Seq, before.Seq)
	}
	return ""
}

// header checks the line that tells of a window.
func (c *exportCheck) header(text []byte) {
	var h header
	err := json.Unmarshal(text, &h)
	again, encoding := h.sealed()
	if err != nil || encoding != nil || h.Export != exportPart || !bytes.Equal(again, text) {
		c.found("was changed: it does not say rightly which part of the journal this is")
	}
	c.top = &h
	c.report.note(Finding{Line: 1, What: fmt.Sprintf("this is a part of the journal, from number %d to number %d", h.First, h.Last)})
}

// end checks that the export ends where it should.
func (c *exportCheck) end() {
	switch {
	case c.top == nil && !c.begun:
		c.report.found(Finding{What: "holds no line of a journal"})
	case c.top != nil && c.prev != nil && c.prev.Seq != c.top.Last, c.top != nil && !c.begun && c.top.Last != 0:
		c.report.found(Finding{Line: c.number, What: fmt.Sprintf("the last line is not number %d of the journal, with which the export says it ends", c.top.Last)})
	case c.top == nil && c.each == nil:
		c.report.note(Finding{What: "lines cut off at the end would not show: compare the last digest with one that was noted down, or with the ledger"})
	}
}
