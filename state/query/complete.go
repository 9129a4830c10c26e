package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostCompletions bounds the list.
const mostCompletions = 50

// Completion is one way to go on: Text replaces the bytes Pos to End.
type Completion struct {
	Text     string
	Pos, End int
	Hint     string // what the field takes, for a field; else ""
}

// Complete lists how the token at the cursor, a byte offset, can go on: names
// of fields, or values of the field it is in. values gives the values of a
// field that only the caller knows (profiles, agents, currencies …); what it
// gives replaces the built-in words. It may be nil.
func Complete(text string, cursor int, values func(Field) []string) []Completion {
	cursor = min(max(cursor, 0), len(text))
	for cursor > 0 && cursor < len(text) && !utf8.RuneStart(text[cursor]) {
		cursor--
	}
	if len(text) > MaxBytes {
		return nil
	}
	t := tokenAt(text[:cursor])
	if t.op == "" {
		if len(t.values) > 1 || (len(t.values) == 1 && t.values[0].quoted) {
			return nil
		}
		return completeField(text, t, cursor)
	}
	field := Field(strings.ToLower(text[t.body:t.fieldEnd]))
	if !slices.Contains(fieldNames, string(field)) {
		return nil
	}
	v := part{pos: cursor, end: cursor}
	if len(t.values) > 0 {
		v = t.values[len(t.values)-1]
	}
	return completeValue(text, field, v, cursor, values)
}

// tokenAt is the last token of what stands before the cursor, empty when a
// blank does.
func tokenAt(before string) token {
	for at := 0; ; {
		t, ok := nextToken(before, at)
		if !ok {
			return token{pos: len(before), end: len(before), body: len(before), fieldEnd: len(before), open: -1}
		}
		if at = t.end; at == len(before) {
			return t
		}
	}
}

// valueEnd is where the value under the cursor ends.
func valueEnd(text string, cursor int) int {
	rest := strings.IndexFunc(text[cursor:], func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	if rest < 0 {
		return len(text)
	}
	return cursor + rest
}

func completeField(text string, t token, cursor int) []Completion {
	end := valueEnd(text, cursor)
	typed := strings.ToLower(text[t.body:cursor])
	// A field that stands there already keeps its operator and its value.
	if n := nameLen(text[t.body:]); t.body+n < len(text) && t.body+n >= cursor {
		if _, size := operator(text[t.body+n:]); size > 0 {
			return nil
		}
	}
	var list []Completion
	for _, name := range fieldNames {
		if !strings.HasPrefix(name, typed) || (t.not && (name == "sort" || name == "limit")) {
			continue
		}
		op := ":"
		switch Field(name) {
		case Amount:
			op = ">="
		case Age:
			op = "<"
		}
		list = append(list, Completion{Text: name + op, Pos: t.body, End: end, Hint: example(Field(name))})
	}
	return list
}

func completeValue(text string, field Field, v part, cursor int, values func(Field) []string) []Completion {
	var words []string
	if values != nil {
		words = values(field)
	}
	if len(words) == 0 {
		words = builtin(field)
	}
	typed := strings.ToLower(v.text)
	end := valueEnd(text, cursor)
	if v.quoted {
		end = cursor
		if close := strings.IndexByte(text[cursor:], '"'); close >= 0 && text[cursor-1] != '"' {
			end = cursor + close + 1
		}
	}
	sign := ""
	if field == "sort" && strings.HasPrefix(typed, "-") {
		sign, typed = "-", typed[1:]
	}
	var starts, holds []Completion
	for _, word := range words {
		c := Completion{Text: quote(sign + word), Pos: v.pos, End: max(end, v.pos)}
		switch at := strings.Index(strings.ToLower(word), typed); {
		case at == 0:
			starts = append(starts, c)
		case at > 0:
			holds = append(holds, c)
		}
	}
	list := append(starts, holds...)
	return list[:min(len(list), mostCompletions)]
}

func builtin(field Field) []string {
	switch field {
	case Status:
		return union(orderStatuses, refundStatuses)
	case Refunded:
		return refundedWords
	case Has:
		return hasWords
	case Placed, Paid:
		return []string{"today", "yesterday"}
	case Age:
		return []string{"1h", "24h", "7d"}
	case "sort":
		return union(orderSorts, refundSorts)
	case "limit":
		return []string{"50", "100", "500"}
	default:
		return nil
	}
}

// quote makes a value safe to stand in a search.
func quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '"' || r == '\\' }) {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
