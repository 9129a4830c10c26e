package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of one search.
const (
	MaxBytes  = 2000
	MaxTerms  = 40
	MaxValues = 40      // of one term
	MaxLimit  = 1000000 // of limit:
)

// The words of the fields that have a fixed set of them.
var (
	orderStatuses  = []string{"pending", "paid", "failed", "closed", "unknown"}
	refundStatuses = []string{
		"held", "intent", "sending", "unknown", "pending", "success", "failed", "closed", "cancelled", "reversed",
	}
	refundedWords = []string{"none", "partial", "full"}
	hasWords      = []string{"pending", "unknown", "note"}
	orderSorts    = []string{"placed", "paid", "age", "amount", "order", "user", "status", "currency", "profile", "updated"}
	refundSorts   = []string{"placed", "age", "amount", "order", "user", "status", "currency", "profile", "updated", "agent", "refund"}
	fieldNames    = []string{
		"status", "gateway", "profile", "order", "user", "amount", "currency", "method", "card", "placed", "paid", "age", "refunded",
		"refund", "reason", "agent", "has", "sort", "limit",
	}
)

// vocabulary is what one list understands.
type vocabulary struct {
	statuses []string
	sorts    []string
}

// Parse reads a search for any list: the status words of orders and of refunds
// are both taken. now and loc give meaning to ages and dates. The error is an
// *Error.
func Parse(text string, now time.Time, loc *time.Location) (Query, error) {
	return parse(text, now, loc, vocabulary{statuses: union(orderStatuses, refundStatuses), sorts: union(orderSorts, refundSorts)})
}

// ParseOrders reads a search of the order list.
func ParseOrders(text string, now time.Time, loc *time.Location) (Query, error) {
	return parse(text, now, loc, vocabulary{statuses: orderStatuses, sorts: orderSorts})
}

// ParseRefunds reads a search of the refund list.
func ParseRefunds(text string, now time.Time, loc *time.Location) (Query, error) {
	return parse(text, now, loc, vocabulary{statuses: refundStatuses, sorts: refundSorts})
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, word := range b {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// parser holds one search while it is read.
type parser struct {
	text  string
	now   time.Time
	loc   *time.Location
	words vocabulary
	query Query
}

func parse(text string, now time.Time, loc *time.Location, words vocabulary) (Query, error) {
	if loc == nil {
		loc = time.UTC
	}
	p := &parser{text: text, now: now.Truncate(time.Microsecond), loc: loc, words: words, query: Query{Text: text}}
	if err := p.sound(); err != nil {
		return Query{}, err
	}
	rest := 0
	for {
		t, ok := nextToken(text, rest)
		if !ok {
			return p.query, nil
		}
		rest = t.end
		if err := p.token(t); err != nil {
			return Query{}, err
		}
	}
}

// sound refuses what is no text that a person types.
func (p *parser) sound() error {
	if len(p.text) > MaxBytes {
		cut := MaxBytes
		for cut > 0 && !utf8.RuneStart(p.text[cut]) {
			cut--
		}
		return &Error{Pos: cut, End: len(p.text), Message: fmt.Sprintf("the search is longer than %d bytes", MaxBytes), Hint: "search for less"}
	}
	for i, r := range p.text {
		_, size := utf8.DecodeRuneInString(p.text[i:])
		if (r == utf8.RuneError && size == 1) || (unicode.IsControl(r) && !unicode.IsSpace(r)) {
			return &Error{Pos: i, End: i + size, Message: fmt.Sprintf("the search holds %q, which is no character", p.text[i:i+size]), Hint: "remove it"}
		}
	}
	return nil
}

// token reads one term, sort or limit.
func (p *parser) token(t token) error {
	if t.open >= 0 {
		return &Error{Pos: t.open, End: t.end, Message: "the quote is not closed", Hint: `add a " at the end of the text`}
	}
	if t.not && t.body == t.end {
		return &Error{Pos: t.pos, End: t.end, Message: "nothing follows the -", Hint: `write -word to exclude a word, or quote it: "-"`}
	}
	name := strings.ToLower(p.text[t.body:t.fieldEnd])
	if t.op != "" && !slices.Contains(fieldNames, name) {
		return p.noField(t, name)
	}
	if len(t.values) > MaxValues {
		return &Error{Pos: t.values[MaxValues].pos, End: t.end, Message: fmt.Sprintf("more than %d values", MaxValues), Hint: "search for fewer at once"}
	}
	for _, v := range t.values {
		if v.text == "" {
			return p.noValue(t, v, name)
		}
	}
	switch {
	case t.op == "":
		name = ""
	case name == "sort":
		return p.sort(t)
	case name == "limit":
		return p.limit(t)
	}
	return p.term(t, Field(name))
}

func (p *parser) noField(t token, name string) error {
	e := &Error{Pos: t.body, End: t.fieldEnd, Message: fmt.Sprintf("there is no field %q", name)}
	if name == "" {
		e.Message, e.End = "a field's name is missing", min(t.fieldEnd+1, t.end)
	}
	switch near := nearest(name, fieldNames); {
	case near != "":
		e.Hint = fmt.Sprintf("did you mean %s%s? To search for the text itself, quote it", near, t.op)
	default:
		e.Hint = "fields are " + strings.Join(fieldNames, " ") + `; to search for the text itself, quote it`
	}
	return e
}

func (p *parser) noValue(t token, v part, name string) error {
	e := &Error{Pos: v.pos, End: max(v.end, v.pos), Message: "a value is missing", Hint: "write words, or commas between words for either"}
	if name != "" && t.op != "" {
		e.Pos, e.Message, e.Hint = t.body, name+" needs a value", "write for example "+example(Field(name))
	}
	e.End = max(e.End, e.Pos)
	return e
}

// term reads one condition.
func (p *parser) term(t token, field Field) error {
	if len(p.query.Terms) == MaxTerms {
		return &Error{Pos: t.pos, End: len(p.text), Message: fmt.Sprintf("more than %d terms", MaxTerms), Hint: "search for less at once"}
	}
	op := Op(t.op)
	if op == "" {
		op = Is
	}
	if op != Is {
		switch field {
		case Amount, Placed, Paid, Age:
		default:
			return &Error{
				Pos: t.fieldEnd, End: t.fieldEnd + t.opLen, Message: fmt.Sprintf("%s cannot be compared with %s", field, op),
				Hint: "write " + example(field),
			}
		}
		if len(t.values) > 1 {
			return p.oneValue(t, field, op)
		}
	}
	term := Term{Not: t.not, Field: field, Op: op, Pos: t.pos, End: t.end}
	for _, v := range t.values {
		value, err := p.value(field, op, v)
		if err != nil {
			return err
		}
		term.Values = append(term.Values, value)
	}
	p.query.Terms = append(p.query.Terms, term)
	return nil
}

func (p *parser) oneValue(t token, field Field, op Op) error {
	e := &Error{
		Pos: t.values[1].pos, End: t.end, Message: fmt.Sprintf("%s%s takes one value", field, op),
		Hint: fmt.Sprintf("write two terms, or a range such as %s", example(field)),
	}
	if field == Amount {
		e.Hint = "write amounts without grouping: 10000, not 10,000"
	}
	return e
}

// sort reads sort:-amount,placed.
func (p *parser) sort(t token) error {
	if err := p.plain(t, len(p.query.Sort) > 0, "sort:-amount,placed"); err != nil {
		return err
	}
	for _, v := range t.values {
		name, desc := strings.CutPrefix(strings.ToLower(v.text), "-")
		if !slices.Contains(p.words.sorts, name) {
			return wrongWord(v, "sort", name, p.words.sorts)
		}
		by := Sort{Field: Field(name), Desc: desc}
		if slices.ContainsFunc(p.query.Sort, func(s Sort) bool { return s.Field == by.Field }) {
			return &Error{Pos: v.pos, End: v.end, Message: fmt.Sprintf("the list is sorted by %s already", name), Hint: "name each field once"}
		}
		p.query.Sort = append(p.query.Sort, by)
	}
	return nil
}

// limit reads limit:50.
func (p *parser) limit(t token) error {
	if err := p.plain(t, p.query.Limit > 0 || len(t.values) > 1, "limit:50"); err != nil {
		return err
	}
	v := t.values[0]
	n, err := strconv.Atoi(v.text)
	if err != nil || n < 1 || n > MaxLimit {
		return &Error{
			Pos: v.pos, End: v.end, Message: fmt.Sprintf("limit %q is no number from 1 to %d", v.text, MaxLimit), Hint: "write for example limit:50",
		}
	}
	p.query.Limit = n
	return nil
}

// plain refuses what sort and limit cannot be: excluded, compared or repeated.
func (p *parser) plain(t token, again bool, right string) error {
	name := strings.ToLower(p.text[t.body:t.fieldEnd])
	switch {
	case t.not:
		return &Error{Pos: t.pos, End: t.end, Message: name + " cannot be excluded", Hint: "write for example " + right}
	case Op(t.op) != Is:
		return &Error{Pos: t.fieldEnd, End: t.fieldEnd + t.opLen, Message: name + " cannot be compared", Hint: "write for example " + right}
	case again:
		return &Error{Pos: t.pos, End: t.end, Message: name + " is given twice", Hint: "write it once, for example " + right}
	}
	return nil
}

// wrongWord says which words a field takes.
func wrongWord(v part, field, typed string, words []string) error {
	e := &Error{Pos: v.pos, End: v.end, Message: fmt.Sprintf("%s %q is not known", field, typed), Hint: "it is one of " + strings.Join(words, " ")}
	if near := nearest(typed, words); near != "" {
		e.Hint = fmt.Sprintf("did you mean %s? %s is one of %s", near, field, strings.Join(words, " "))
	}
	return e
}
