package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// peekLines bounds how far the first object is looked for.
const peekLines = 1000

// jsonReader reads one flat JSON object per line. Each shape of objects, that
// is each list of member names, is settled by itself.
type jsonReader struct {
	lines   *lines
	settler *settler
	layout  *layout // of the shape before, which is most often the next one's too
	known   []*layout
}

// knownShapes bounds the shapes that are remembered.
const knownShapes = 64

// peek settles the first object there is and leaves it to be read. A file
// without any has the zero mapping.
func (r *jsonReader) peek() (Mapping, error) {
	var taken []line
	defer func() { r.lines.unread(taken) }()
	for len(taken) < peekLines {
		next, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			return Mapping{}, nil
		}
		if err != nil {
			return Mapping{}, err
		}
		taken = append(taken, next)
		text := bytes.TrimSpace(next.text)
		if len(text) == 0 || text[0] != '{' || !json.Valid(text) {
			continue
		}
		rec := members(next.number, text)
		l := r.shape(rec.members)
		if l.clash == nil && l.has(fieldAmount) { // any other mistake is that line's own
			if err := l.unclear(); err != nil {
				return Mapping{}, err
			}
		}
		if l.clash == nil && r.settler.o.Preset != "" {
			if err := r.settler.check(l); err != nil {
				return Mapping{}, err
			}
		}
		m := l.mapping()
		m.Notes, m.Nested = rec.kept(l)
		return m, nil
	}
	return Mapping{}, nil
}

// next reads one record.
func (r *jsonReader) next() (record, error) {
	for {
		next, err := r.lines.next()
		if err != nil {
			return record{}, err
		}
		if next.long {
			return record{}, tooLong(next.number)
		}
		text := bytes.TrimSpace(next.text)
		if len(text) == 0 {
			continue
		}
		if !json.Valid(text) || text[0] != '{' {
			return record{}, &Problem{Line: next.number, Message: "is no JSON object; each line must be one"}
		}
		rec := members(next.number, text)
		rec.layout = r.shape(rec.members)
		return rec, rec.flat()
	}
}

// shape is the layout of a list of names.
func (r *jsonReader) shape(list []string) *layout {
	if r.layout != nil && slices.Equal(r.layout.names, list) {
		return r.layout
	}
	for _, l := range r.known {
		if slices.Equal(l.names, list) {
			r.layout = l
			return l
		}
	}
	r.layout = r.settler.settle(list)
	if len(r.known) < knownShapes {
		r.known = append(r.known, r.layout)
	}
	return r.layout
}

// kind is the type of a JSON value.
type kind byte

const (
	kindText kind = iota // a text or a number
	kindNull
	kindBool
	kindNested
)

// members reads the members of a valid JSON object.
func members(number int, text []byte) record {
	rec := record{line: number}
	s := scanner{text: text, at: 1}
	for s.more() {
		rec.members = append(rec.members, decode(s.value()))
		raw := s.value()
		value, of := string(raw), kindText
		switch raw[0] {
		case '{', '[':
			value, of = "", kindNested
		case 't', 'f':
			of = kindBool
		case 'n':
			value, of = "", kindNull
		case '"':
			value = decode(raw)
		}
		rec.values, rec.kinds = append(rec.values, value), append(rec.kinds, of)
	}
	return rec
}

// flat reports a member that cannot be read: a name that occurs twice, because
// parsers disagree which one counts, or a value that is none.
func (r record) flat() error {
	l := r.layout
	if c := l.clash; c != nil {
		return &Problem{Line: r.line, Field: shorten(l.names[c.b]), Message: "says the same as member " + shown(l.names[c.a]) + "; one of them is right"}
	}
	for _, i := range l.at {
		if i >= 0 && r.kinds[i] >= kindBool {
			return &Problem{Line: r.line, Field: shorten(l.names[i]), Message: "must be a text or a number"}
		}
	}
	if l.has(fieldAmount) && l.amounts == "" {
		return r.wrong(fieldAmount, "does not tell whether it counts major units or cents; add --amounts major or --amounts cents")
	}
	return nil
}

// kept parts the members that are no fields into those that a note can hold and
// those that it cannot.
func (r record) kept(l *layout) (notes, nested []string) {
	for _, i := range l.notes {
		if r.kinds[i] == kindNested {
			nested = append(nested, l.labels[i])
		} else {
			notes = append(notes, l.labels[i])
		}
	}
	return notes, nested
}

// scanner walks over the members of one valid JSON object.
type scanner struct {
	text []byte
	at   int
}

// more moves to the next value; false at the end of the object.
func (s *scanner) more() bool {
	s.skip(" \t\r\n,")
	return s.text[s.at] != '}'
}

func (s *scanner) skip(signs string) {
	for strings.IndexByte(signs, s.text[s.at]) >= 0 {
		s.at++
	}
}

// value takes the value that starts here, its nested ones included, and the
// colon behind a name.
func (s *scanner) value() []byte {
	s.skip(" \t\r\n:")
	from := s.at
	for depth := 0; ; {
		switch s.text[s.at] {
		case '"':
			s.literal()
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		case ',', ':', ' ', '\t', '\r', '\n':
			s.at++
		default:
			for strings.IndexByte(",:]} \t\r\n", s.text[s.at]) < 0 {
				s.at++
			}
		}
		if depth == 0 {
			return s.text[from:s.at]
		}
	}
}

func (s *scanner) literal() {
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

// decode reads a string literal.
func decode(literal []byte) string {
	if bytes.IndexByte(literal, '\\') < 0 {
		return string(literal[1 : len(literal)-1])
	}
	var text string
	if err := json.Unmarshal(literal, &text); err != nil {
		return fmt.Sprintf("%.60q", literal)
	}
	return text
}
