// Package strict owns the reading and writing of the bodies that the gateways
// exchange: JSON objects and forms, with their names exact, their order kept and
// their numbers as text. It never guesses: a body that two readers could take for
// two things is refused. It must never interpret what a member means, and never
// turn a number into a float.
package strict

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Errors of reading a body. ErrAmbiguous is wrapped with the name in question.
var (
	ErrNotJSON   = errors.New("not a JSON object")
	ErrNotForm   = errors.New("not a query or form body")
	ErrAmbiguous = errors.New("a name occurs twice")
)

// Member is one name with its value: a string, json.Number, bool, nil, Object or
// []any.
type Member struct {
	Name  string
	Value any
}

// Object is a JSON object, or a form, in the order in which it came: for some
// signatures it counts (easylink: section 4.2).
type Object []Member

// Get is the value of a member, or nil.
func (o Object) Get(name string) any {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// Text is the first of the named members that is a non-empty text, or a number
// as its text; blanks around it are cut.
func (o Object) Text(names ...string) string {
	for _, name := range names {
		var text string
		switch v := o.Get(name).(type) {
		case string:
			text = v
		case json.Number:
			text = v.String()
		}
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
	return ""
}

// Object is a member that is an object, or nil.
func (o Object) Object(name string) Object {
	inner, _ := o.Get(name).(Object)
	return inner
}

// First is the first object of a member that is a list, or nil.
func (o Object) First(name string) Object {
	list, _ := o.Get(name).([]any)
	for _, item := range list {
		if inner, ok := item.(Object); ok {
			return inner
		}
	}
	return nil
}

// Without is a copy of o without one member.
func (o Object) Without(name string) Object {
	rest := make(Object, 0, len(o))
	for _, m := range o {
		if m.Name != name {
			rest = append(rest, m)
		}
	}
	return rest
}

// ByName is a copy of o in plain order of its names; members of one name keep
// their order.
func (o Object) ByName() Object {
	sorted := slices.Clone(o)
	slices.SortStableFunc(sorted, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

// Sorted is a copy of a value in which every object is in plain order of its
// names, so that two writings of one thing are the same text.
func Sorted(value any) any {
	switch v := value.(type) {
	case Object:
		sorted := v.ByName()
		for i := range sorted {
			sorted[i].Value = Sorted(sorted[i].Value)
		}
		return sorted
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, Sorted(item))
		}
		return list
	}
	return value
}
