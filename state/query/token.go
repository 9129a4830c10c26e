package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is one blank-separated piece of a search, taken apart. It is found the
// same way in a finished search and in one that is being typed.
type token struct {
	pos, end int
	not      bool
	body     int // where the field or the word begins
	fieldEnd int // where the operator begins; body when there is none
	op       string
	opLen    int // bytes of the operator as typed
	values   []part
	open     int // where a quote opens that is not closed; −1
}

// part is one value of a token.
type part struct {
	pos, end int // with the quotes
	text     string
	quoted   bool
}

// nextToken finds the token that begins at or after from.
func nextToken(text string, from int) (token, bool) {
	t := token{pos: from + len(text[from:]) - len(strings.TrimLeftFunc(text[from:], unicode.IsSpace)), open: -1}
	if t.pos == len(text) {
		return token{}, false
	}
	t.body = t.pos
	if text[t.pos] == '-' {
		t.not = true
		t.body++
	}
	t.fieldEnd = t.body
	at := t.body
	if n := nameLen(text[at:]); at+n < len(text) {
		op, size := operator(text[at+n:])
		if text[at+n] == '=' && slices.Contains(fieldNames, strings.ToLower(text[at:at+n])) {
			op, size = string(Is), 1 // after a field's name it can mean nothing else
		}
		if op != "" {
			t.fieldEnd, t.op, t.opLen = at+n, op, size
			at += n + size
		}
	}
	for {
		v, open := nextPart(text, at)
		if open && t.open < 0 {
			t.open = v.pos
		}
		at = v.end
		more := at < len(text) && text[at] == ','
		if t.end = at; more || len(t.values) > 0 || t.op != "" || v.text != "" || v.quoted {
			t.values = append(t.values, v)
		}
		if !more {
			return t, true
		}
		at++
	}
}

// nameLen is how many bytes of a field's name text begins with.
func nameLen(text string) int {
	for i, r := range text {
		if !unicode.IsLetter(r) && r != '_' {
			return i
		}
	}
	return len(text)
}

// operator reads a comparison; "field:>=value" is taken as "field>=value".
func operator(text string) (op string, size int) {
	if rest, ok := strings.CutPrefix(text, ":"); ok {
		if op, size := operator(rest); op != "" && op != string(Is) {
			return op, size + 1
		}
		return string(Is), 1
	}
	for _, op := range []Op{AtMost, AtLeast, Less, Greater} {
		if strings.HasPrefix(text, string(op)) {
			return string(op), len(op)
		}
	}
	return "", 0
}

// nextPart reads one value: quoted text, in which \" and \\ stand for
// themselves, or everything up to a comma or a blank.
func nextPart(text string, from int) (v part, open bool) {
	v.pos, v.end = from, from
	if from < len(text) && text[from] == '"' {
		return quotedPart(text, from)
	}
	for v.end < len(text) {
		r, size := utf8.DecodeRuneInString(text[v.end:])
		if r == ',' || unicode.IsSpace(r) {
			break
		}
		v.end += size
	}
	v.text = text[v.pos:v.end]
	return v, false
}

func quotedPart(text string, from int) (v part, open bool) {
	v = part{pos: from, end: from + 1, quoted: true}
	var b strings.Builder
	for v.end < len(text) {
		switch c := text[v.end]; {
		case c == '\\' && v.end+1 < len(text) && (text[v.end+1] == '"' || text[v.end+1] == '\\'):
			v.end++
			b.WriteByte(text[v.end])
		case c == '"':
			v.end++
			v.text = strings.TrimSpace(b.String())
			// What follows the closing quote without a blank belongs to it.
			rest, _ := nextPart(text, v.end)
			if rest.end > v.end && !rest.quoted {
				v.text += rest.text
				v.end = rest.end
			}
			return v, false
		default:
			b.WriteByte(c)
		}
		v.end++
	}
	v.text = strings.TrimSpace(b.String())
	return v, true
}
