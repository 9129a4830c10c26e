package page

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/query"
	"paydesk/ui/keys"
	"paydesk/ui/text"
	"paydesk/ui/widget/filterbar"
)

// Typed says what a key press in a filter means for the page.
type Typed uint8

// What a key press did.
const (
	TypedNothing Typed = iota
	TypedChanged       // the search means something else now
	TypedLeft          // the keyboard goes back to the list
	TypedMove          // the list's cursor moves, the keyboard stays
)

// Filter is a search line: what is typed, what it means, and where it is
// wrong. A text that makes no sense leaves the last sensible search in force.
type Filter struct {
	Bar *filterbar.Bar

	keys   keys.Map
	parse  func(string) (query.Query, error)
	values func(query.Field) []string
	query  query.Query
	wrong  error  // what is wrong with the text; nil when it makes sense
	before string // the text when the person began to type
}

// NewFilter returns an empty filter. values gives what only the caller knows
// about a field, for completion.
func NewFilter(bar *filterbar.Bar, bound keys.Map, parse func(string) (query.Query, error), values func(query.Field) []string) *Filter {
	return &Filter{Bar: bar, keys: bound, parse: parse, values: values}
}

// Query is the last search that made sense.
func (f *Filter) Query() query.Query { return f.query }

// Empty reports whether nothing is searched for.
func (f *Filter) Empty() bool { return strings.TrimSpace(f.Bar.Value()) == "" }

// Begin gives the filter the keyboard.
func (f *Filter) Begin() {
	f.before = f.Bar.Value()
	f.Bar.Focus()
	f.complete()
}

// Typing reports whether the filter has the keyboard.
func (f *Filter) Typing() bool { return f.Bar.Focused() }

// Set replaces the text; it reports whether the search changed.
func (f *Filter) Set(value string) bool {
	f.Bar.SetValue(value)
	return f.read()
}

// Type takes a key press or pasted text. For TypedMove, rows is how far.
func (f *Filter) Type(msg tea.Msg) (did Typed, rows int) {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		id, _ := f.keys.Find(press, keys.Input)
		switch id {
		case keys.InputLeave:
			f.Bar.Blur()
			f.Bar.SetCompletion(text.Safe{})
			if f.Set(f.before) {
				return TypedChanged, 0
			}
			return TypedLeft, 0
		case keys.InputAccept:
			if f.wrong != nil {
				f.fault(f.wrong)
				return TypedNothing, 0
			}
			f.Bar.Blur()
			f.Bar.SetCompletion(text.Safe{})
			return TypedLeft, 0
		case keys.InputUp:
			return TypedMove, -1
		case keys.InputDown:
			return TypedMove, 1
		case keys.InputComplete:
			if f.Bar.Complete() && f.read() {
				return TypedChanged, 0
			}
			return TypedNothing, 0
		}
	}
	if !f.Bar.Update(msg) {
		return TypedNothing, 0
	}
	if f.read() {
		return TypedChanged, 0
	}
	return TypedNothing, 0
}

// read parses the text; it reports whether the search means something else
// than before.
func (f *Filter) read() bool {
	value := f.Bar.Value()
	q, err := f.parse(value)
	f.wrong = err
	if err != nil {
		if !f.unfinished(err) {
			f.fault(err)
		}
		f.complete()
		return false
	}
	f.Bar.SetFault(0, text.Safe{})
	f.complete()
	changed := strings.TrimSpace(q.Text) != strings.TrimSpace(f.query.Text)
	f.query = q
	return changed
}

// Tentative reports whether the word at the end may be on its way to a field's
// name: that nothing holds "status" is no news while "status:paid" is typed.
func (f *Filter) Tentative() bool {
	value := f.Bar.Value()
	word := value[strings.LastIndexByte(value, ' ')+1:]
	if !f.Typing() || word == "" || strings.ContainsAny(word, `:<>="`) {
		return false
	}
	for _, c := range query.Complete(value, len(value), nil) {
		if strings.HasPrefix(c.Text, word) {
			return true
		}
	}
	return false
}

// unfinished reports whether the fault is in the word that is being typed: it
// is pointed out only when the person says that the word is complete.
func (f *Filter) unfinished(err error) bool {
	e, ok := errors.AsType[*query.Error](err)
	return ok && f.Typing() && e.End == len(f.Bar.Value())
}

// fault shows what is wrong under the token that is.
func (f *Filter) fault(err error) {
	if e, ok := errors.AsType[*query.Error](err); ok {
		f.Bar.SetFault(e.Pos, text.Clean(e.Error()))
		return
	}
	f.Bar.SetFault(0, text.Clean(err.Error()))
}

// complete offers how the word at the end could go on.
func (f *Filter) complete() {
	value := f.Bar.Value()
	f.Bar.SetCompletion(text.Safe{})
	if !f.Typing() || value == "" || strings.HasSuffix(value, " ") {
		return
	}
	for _, c := range query.Complete(value, len(value), f.values) {
		typed := value[min(c.Pos, len(value)):]
		if rest, ok := strings.CutPrefix(c.Text, typed); ok && rest != "" {
			f.Bar.SetCompletion(text.Clean(rest))
			return
		}
	}
}
