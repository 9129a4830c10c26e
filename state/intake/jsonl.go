package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// jsonReader reads one flat JSON object per line.
type jsonReader struct{ lines *lines }

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
		return members(next.number, text)
	}
}

// members reads the members of a valid JSON object. A name that occurs twice
// is refused: parsers disagree which one counts.
func members(number int, text []byte) (record, error) {
	rec := record{line: number}
	s := scanner{text: text, at: 1}
	for s.more() {
		name := decode(s.value())
		raw := s.value()
		f := fieldOf(name)
		if f == fieldNone {
			continue
		}
		if rec.names[f] != "" {
			return record{}, &Problem{Line: number, Field: shorten(name), Message: "says the same as member " + shown(rec.names[f]) + "; one of them is right"}
		}
		switch raw[0] {
		case '{', '[', 't', 'f':
			return record{}, &Problem{Line: number, Field: shorten(name), Message: "must be a text or a number"}
		case 'n': // null: not known
		case '"':
			rec.values[f], rec.names[f] = decode(raw), name
		default:
			rec.values[f], rec.names[f] = string(raw), name
		}
	}
	return rec, nil
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
