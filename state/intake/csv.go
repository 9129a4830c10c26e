package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"paydesk/client"
)

// recordLines bounds the line breaks inside one record: a quote that is never
// closed must not swallow the rest of the file.
const recordLines = 200

// csvReader reads records of RFC 4180 whose first record names the columns.
type csvReader struct {
	lines  *lines
	comma  byte
	layout *layout
}

func newCSV(l *lines, s *settler) (*csvReader, error) {
	r := &csvReader{lines: l, comma: ','}
	first, err := r.firstLine()
	if err != nil {
		return nil, err
	}
	r.comma = delimiter(first.text)
	l.unread([]line{first})
	columns, _, err := r.read()
	if err != nil {
		return nil, headerError(err)
	}
	for _, name := range columns {
		if !utf8.ValidString(name) {
			return nil, &client.Error{
				Class: client.ClassInput, Code: "encoding", Message: "the names of the columns are not UTF-8: " + list(columns),
				Hint: "save the file as CSV UTF-8 and import that",
			}
		}
	}
	r.layout = s.settle(columns)
	if err := s.checkMapped(columns); err != nil {
		return nil, err
	}
	return r, s.check(r.layout)
}

// firstLine finds the line of the header; empty ones before it are skipped.
func (r *csvReader) firstLine() (line, error) {
	for {
		first, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			return line{}, &client.Error{
				Class: client.ClassInput, Code: "empty", Message: "the file is empty", Hint: "the first line must name the columns, for example order_no,amount,currency,status",
			}
		}
		if err != nil {
			return line{}, err
		}
		if first.long || len(bytes.TrimSpace(first.text)) > 0 {
			return first, nil
		}
	}
}

func headerError(err error) error {
	if p, ok := errors.AsType[*Problem](err); ok {
		return &client.Error{Class: client.ClassInput, Code: "header", Message: "the line with the column names cannot be read: " + p.Message, Hint: "correct the first line of the file"}
	}
	return err
}

// delimiter is the sign that parts the header into the most columns.
func delimiter(header []byte) byte {
	best, most := byte(','), 0
	for _, sign := range []byte{',', ';', '\t', '|'} {
		if n := bytes.Count(header, []byte{sign}); n > most {
			best, most = sign, n
		}
	}
	return best
}

// next reads one record.
func (r *csvReader) next() (record, error) {
	for {
		columns, lines, err := r.read()
		if err != nil {
			return record{}, err
		}
		if len(columns) == 1 && strings.TrimSpace(columns[0]) == "" {
			continue
		}
		want := len(r.layout.names)
		for len(columns) > want && strings.TrimSpace(columns[len(columns)-1]) == "" {
			columns = columns[:len(columns)-1]
		}
		if len(columns) != want {
			r.lines.unread(lines[1:])
			return record{}, &Problem{Line: lines[0].number, Message: fmt.Sprintf("has %d columns where the header has %d", len(columns), want)}
		}
		return record{line: lines[0].number, csv: true, layout: r.layout, values: columns}, nil
	}
}

// read reads the columns of one record and the lines that they took. When the
// record cannot be read, only its first line is given up.
func (r *csvReader) read() (columns []string, lines []line, err error) {
	var p csvParser
	if r.layout != nil {
		p.columns = make([]string, 0, len(r.layout.names))
	}
	for size := 0; ; {
		next, err := r.lines.next()
		switch {
		case errors.Is(err, io.EOF) && len(lines) > 0:
			return nil, nil, r.giveUp(lines, "a quote is opened and never closed")
		case err != nil:
			return nil, nil, err
		}
		lines = append(lines, next)
		size += len(next.text) + 1
		if next.long || size > LineLimit {
			r.lines.unread(lines[1:])
			return nil, nil, tooLong(lines[0].number)
		}
		if len(lines) > recordLines {
			return nil, nil, r.giveUp(lines, fmt.Sprintf("a quote is opened and not closed within %d lines", recordLines))
		}
		done, wrong := p.add(next.text, r.comma)
		switch {
		case wrong != "":
			return nil, nil, r.giveUp(lines, wrong)
		case done:
			return p.columns, lines, nil
		}
	}
}

func (r *csvReader) giveUp(lines []line, message string) error {
	r.lines.unread(lines[1:])
	return &Problem{Line: lines[0].number, Message: message}
}

// csvParser takes the lines of one record.
type csvParser struct {
	columns []string
	column  []byte
	quoted  bool // inside quotes
}

// add takes one line; done says that the record is complete, wrong why it
// cannot be.
func (p *csvParser) add(text []byte, comma byte) (done bool, wrong string) {
	if p.quoted {
		p.column = append(p.column, '\n')
	}
	for i := 0; ; {
		if !p.quoted && len(p.column) == 0 && i < len(text) && text[i] == '"' {
			p.quoted = true
			i++
		}
		if p.quoted {
			end := bytes.IndexByte(text[i:], '"')
			if end < 0 {
				p.column = append(p.column, text[i:]...)
				return false, ""
			}
			p.column = append(p.column, text[i:i+end]...)
			i += end + 1
			if i < len(text) && text[i] == '"' {
				p.column = append(p.column, '"')
				i++
				continue
			}
			p.quoted = false
			if i < len(text) && text[i] != comma {
				return false, fmt.Sprintf("column %d: text follows a closing quote; a quote inside a text is written twice", len(p.columns)+1)
			}
		} else {
			end := bytes.IndexByte(text[i:], comma)
			if end < 0 {
				end = len(text) - i
			}
			p.column = append(p.column, text[i:i+end]...)
			i += end
		}
		p.columns = append(p.columns, string(p.column))
		p.column = p.column[:0]
		if i == len(text) {
			return true, ""
		}
		i++ // the comma
	}
}
