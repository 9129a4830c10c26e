// Package intake reads orders from files that people bring: a portal export or
// the merchant's own list, as CSV or JSON Lines. It turns lines into the
// client vocabulary and reports each line that it cannot read; it never
// guesses an amount, never stores anything and never asks a gateway.
package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"paydesk/client"
)

// Format is the form of a file.
type Format string

// The formats.
const (
	CSV       Format = "csv"   // RFC 4180 with a header line; comma, semicolon or tab
	JSONLines Format = "jsonl" // one JSON object per line
)

// LineLimit is the length of the longest line, and of the longest record, in
// bytes.
const LineLimit = 1 << 20

// FormatOf tells the format by a file's name; ok is false for other endings.
func FormatOf(name string) (format Format, ok bool) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv", ".txt":
		return CSV, true
	case ".jsonl", ".ndjson":
		return JSONLines, true
	default:
		return "", false
	}
}

// Options say how to read a file.
type Options struct {
	Format   Format
	Decimals client.Decimals   // of the gateway whose orders these are
	Location *time.Location    // of times without a zone; nil: the preset's, else UTC
	Gateway  string            // whose preset serves where the file has its names; "": none
	Preset   string            // the preset to use; "": the gateway's or none, as the names tell
	Columns  map[string]string // which column is which field, by the field's name; wins over every preset
	Amounts  Amounts           // what amounts count; "": as the preset tells

	// What the account says otherwise than its gateway's preset: the currency of
	// a gateway that has one, and the zone of its times.
	AccountCurrency string
	AccountZone     *time.Location
}

// Problem is a line that cannot be read. Reading goes on after it.
type Problem struct {
	Line    int    // counts from 1; the first line of a record with line breaks
	Field   string // the column or member as the file calls it; "" for the whole line
	Message string // the safe value and what would be right
}

// Error renders "line 12: amount: …".
func (p *Problem) Error() string {
	text := "line " + strconv.Itoa(p.Line) + ": "
	if p.Field != "" {
		text += p.Field + ": "
	}
	return text + p.Message
}

// File is a list of orders of which it is settled how it is read.
type File struct {
	Mapping Mapping
	options Options
	next    func() (record, error)
	tally   Tally
}

// Tally is what reading has left out so far.
type Tally struct {
	Cut     int            // notes that did not fit
	Skipped map[string]int // lines that are no orders, by the file's word for them, such as REFUND
}

// Open reads the names of a file's columns and settles what each one is. The
// error is a *client.Error of ClassInput: the file is no list of orders, a preset
// does not fit it, or what its amounts count cannot be told (code "amounts").
func Open(r io.Reader, o Options) (*File, error) {
	s, err := newSettler(o)
	if err != nil {
		return nil, err
	}
	lines := newLines(r)
	if err := lines.open(); err != nil {
		return nil, err
	}
	f := &File{options: o, tally: Tally{Skipped: map[string]int{}}}
	switch o.Format {
	case CSV:
		reader, err := newCSV(lines, s)
		if err != nil {
			return nil, err
		}
		f.Mapping, f.next = reader.layout.mapping(), reader.next
	case JSONLines:
		reader := &jsonReader{lines: lines, settler: s}
		if f.Mapping, err = reader.peek(); err != nil {
			return nil, err
		}
		f.next = reader.next
	default:
		return nil, &client.Error{
			Class: client.ClassInput, Code: "format", Message: fmt.Sprintf("format %.20q is not known", string(o.Format)), Hint: `right is "csv" or "jsonl"`,
		}
	}
	return f, nil
}

// Tally is what reading has left out so far.
func (f *File) Tally() Tally { return f.tally }

// Orders reads the orders, one after the other; lines of other kinds are left
// out and counted. The error of a pair is a *Problem for one unreadable line,
// after which reading goes on; anything else is a *client.Error of ClassInput
// about the file as a whole and the last pair.
func (f *File) Orders() iter.Seq2[client.Order, error] {
	return func(yield func(client.Order, error) bool) {
		for {
			rec, err := f.next()
			if errors.Is(err, io.EOF) {
				return
			}
			var order client.Order
			if err == nil {
				var skip bool
				if skip, err = rec.skip(&f.tally); skip {
					continue
				}
			}
			if err == nil {
				order, err = rec.order(f.options.Decimals, &f.tally)
			}
			_, goesOn := errors.AsType[*Problem](err)
			if !yield(order, err) || (err != nil && !goesOn) {
				return
			}
		}
	}
}

// lines reads physical lines and can take some back.
type lines struct {
	in     *bufio.Reader
	number int // of the line that was handed out last
	back   []line
}

// line is one physical line without its end.
type line struct {
	number int
	text   []byte
	long   bool // over LineLimit; text is empty
}

func newLines(r io.Reader) *lines { return &lines{in: bufio.NewReaderSize(r, 1<<16)} }

// open skips a byte order mark and refuses what is no text of one byte units.
func (l *lines) open() error {
	head, err := l.in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return readError(err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err = l.in.Discard(3)
		return err
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return &client.Error{
			Class: client.ClassInput, Code: "encoding", Message: "the file is UTF-16", Hint: "save it as CSV UTF-8 and import that",
		}
	case bytes.HasPrefix(head, []byte("PK\x03")):
		return &client.Error{
			Class: client.ClassInput, Code: "format", Message: "the file is a workbook or an archive, not text", Hint: "save the sheet as CSV UTF-8 and import that",
		}
	}
	return nil
}

func readError(err error) error {
	return &client.Error{Class: client.ClassInput, Code: "read", Message: "the file cannot be read to its end", Err: err, Hint: "check the file and import it again; lines that are there already stay as they are"}
}

// next returns the next line, or io.EOF.
func (l *lines) next() (line, error) {
	if n := len(l.back); n > 0 {
		out := l.back[n-1]
		l.back = l.back[:n-1]
		return out, nil
	}
	text, err := l.read()
	if errors.Is(err, bufio.ErrTooLong) {
		l.number++
		return line{number: l.number, long: true}, nil
	}
	if err != nil {
		return line{}, err
	}
	l.number++
	return line{number: l.number, text: text}, nil
}

// read reads up to a line feed, which it cuts together with a carriage return
// before it. A line that is too long is skipped to its end.
func (l *lines) read() ([]byte, error) {
	var text []byte
	for long := false; ; {
		part, err := l.in.ReadSlice('\n')
		if !long && len(text)+len(part) > LineLimit {
			long, text = true, nil
		}
		if !long {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, readError(err)
		case long:
			return nil, bufio.ErrTooLong
		case err != nil && len(text) == 0:
			return nil, io.EOF
		}
		text = bytes.TrimSuffix(text, []byte("\n"))
		return bytes.TrimSuffix(text, []byte("\r")), nil
	}
}

// unread gives lines back, to be handed out again in the same order.
func (l *lines) unread(again []line) {
	for i := len(again) - 1; i >= 0; i-- {
		l.back = append(l.back, again[i])
	}
}

func tooLong(number int) error {
	return &Problem{Line: number, Message: fmt.Sprintf("the line is longer than %d KiB; no order is that long", LineLimit>>10)}
}
