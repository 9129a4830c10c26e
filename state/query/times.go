package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// span is a stretch of time: from ≤ t < to.
type span struct{ from, to time.Time }

// layouts are the ways to write a point in time, each with the step to where
// what it names ends.
var layouts = []struct {
	layout string
	months int
	days   int
	plus   time.Duration
}{
	{layout: "2006", months: 12},
	{layout: "2006-01", months: 1},
	{layout: "2006-01-02", days: 1},
	{layout: "2006-01-02T15:04", plus: time.Minute},
	{layout: "2006-01-02 15:04", plus: time.Minute},
	{layout: "2006-01-02T15:04:05", plus: time.Second},
	{layout: "2006-01-02 15:04:05", plus: time.Second},
	{layout: "2006-01-02T15:04Z07:00", plus: time.Minute},
	{layout: time.RFC3339, plus: time.Second},
}

// timeValue reads a day, a month, a moment, a word for a day, or a range of
// them, both ends of which belong to it.
func (p *parser) timeValue(field Field, op Op, v part) (Value, error) {
	out := Value{Text: v.text}
	first, last, ranged := strings.Cut(v.text, "..")
	if ranged {
		if op != Is {
			return Value{}, notRange(field, op, v)
		}
		return p.timeRange(field, v, first, last)
	}
	s, err := p.span(field, v, v.text)
	if err != nil {
		return Value{}, err
	}
	switch op {
	case Less:
		out.To = s.from
	case AtMost:
		out.To = s.to
	case Greater:
		out.From = s.to
	case AtLeast:
		out.From = s.from
	default:
		out.From, out.To = s.from, s.to
	}
	return out, nil
}

func (p *parser) timeRange(field Field, v part, first, last string) (Value, error) {
	out := Value{Text: v.text}
	if first == "" && last == "" {
		return Value{}, badTime(field, v, "the range has no ends")
	}
	if first != "" {
		s, err := p.span(field, v, first)
		if err != nil {
			return Value{}, err
		}
		out.From = s.from
	}
	if last != "" {
		s, err := p.span(field, v, last)
		if err != nil {
			return Value{}, err
		}
		out.To = s.to
	}
	if !out.From.IsZero() && !out.To.IsZero() && !out.From.Before(out.To) {
		return Value{}, badTime(field, v, "the range ends before it begins")
	}
	return out, nil
}

// span reads one point in time. It is UTC in the end, but the day is the
// desk's own.
func (p *parser) span(field Field, v part, text string) (span, error) {
	now := p.now.In(p.loc)
	day := func(back int) span {
		from := time.Date(now.Year(), now.Month(), now.Day()-back, 0, 0, 0, 0, p.loc)
		return span{from: from.UTC(), to: time.Date(now.Year(), now.Month(), now.Day()-back+1, 0, 0, 0, 0, p.loc).UTC()}
	}
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "today":
		return day(0), nil
	case "yesterday":
		return day(1), nil
	}
	for _, l := range layouts {
		from, err := time.ParseInLocation(l.layout, text, p.loc)
		if err != nil {
			continue
		}
		if from.Year() < 1970 || from.Year() > 2200 {
			return span{}, badTime(field, v, fmt.Sprintf("the year of %q is out of reach", text))
		}
		return span{from: from.UTC(), to: from.AddDate(0, l.months, l.days).Add(l.plus).UTC()}, nil
	}
	return span{}, badTime(field, v, fmt.Sprintf("%q is no date", text))
}

func badTime(field Field, v part, message string) error {
	return &Error{Pos: v.pos, End: v.end, Message: message, Hint: "write for example " + example(field) + "; for the last hours age<2h"}
}

// ageValue turns an age into the times of placing that have it. The operators
// turn round: a smaller age is a later time.
func (p *parser) ageValue(op Op, v part) (Value, error) {
	out := Value{Text: v.text}
	low, high, ranged := strings.Cut(v.text, "..")
	const moment = time.Microsecond // what the ledger keeps
	switch {
	case ranged && op != Is:
		return Value{}, notRange(Age, op, v)
	case ranged:
		young, err := ageOf(v, low)
		if err != nil {
			return Value{}, err
		}
		old, err := ageOf(v, high)
		if err != nil {
			return Value{}, err
		}
		if old < young {
			return Value{}, &Error{Pos: v.pos, End: v.end, Message: "the range ends before it begins", Hint: "write for example age:1h..2h"}
		}
		out.From, out.To = p.now.Add(-old).UTC(), p.now.Add(-young).Add(moment).UTC()
		return out, nil
	case op == Is:
		return Value{}, &Error{Pos: v.pos, End: v.end, Message: "an age needs a comparison", Hint: fmt.Sprintf("write age<%s or age>%s", v.text, v.text)}
	}
	age, err := ageOf(v, v.text)
	if err != nil {
		return Value{}, err
	}
	at := p.now.Add(-age).UTC()
	switch op {
	case Less:
		out.From = at.Add(moment)
	case AtMost:
		out.From = at
	case Greater:
		out.To = at
	case AtLeast:
		out.To = at.Add(moment)
	}
	return out, nil
}

// ageOf reads "90m", "2h", "1d12h" or "3w".
func ageOf(v part, text string) (time.Duration, error) {
	bad := &Error{
		Pos: v.pos, End: v.end, Message: fmt.Sprintf("%q is no age", text),
		Hint: "write numbers with s, m, h, d or w, for example age<2h or age>=7d",
	}
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	const most = 100 * 365 * 24 * time.Hour
	var total time.Duration
	rest := strings.ToLower(strings.TrimSpace(text))
	if rest == "" {
		return 0, bad
	}
	for rest != "" {
		n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n <= 0 {
			return 0, bad
		}
		count, err := strconv.ParseInt(rest[:n], 10, 32)
		unit, ok := units[rest[n]]
		if err != nil || !ok {
			return 0, bad
		}
		if count > int64(most/unit) || total+time.Duration(count)*unit > most {
			bad.Message = fmt.Sprintf("%q is longer than a hundred years", text)
			return 0, bad
		}
		total += time.Duration(count) * unit
		rest = rest[n+1:]
	}
	return total, nil
}
