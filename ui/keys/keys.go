package keys

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/text"
)

// Map is the keys in force. It is a value that does not change; the zero value
// has no keys.
type Map struct {
	bindings []bound
	byKey    map[Scope]map[Key]string
	byID     map[string]int
}

// bound is a binding with its keys parsed.
type bound struct {
	id     string
	scopes []Scope
	keys   []Key
}

// New applies a configuration's overrides (action ID → the keys that replace
// its own; an empty list leaves it to the palette) to the defaults. What cannot
// be applied is left at its default and reported, naming the action, the key
// and what would be right; the Map is usable whatever the problems.
func New(defaults []Binding, overrides map[string][]string) (Map, []error) {
	m := Map{byID: map[string]int{}}
	var problems []error
	for _, b := range defaults {
		parsed, err := parseAll(b.Keys)
		if err == nil && m.has(b.ID) {
			err = errors.New("it is bound twice")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("action %q: %w", b.ID, err))
			continue
		}
		m.byID[b.ID] = len(m.bindings)
		m.bindings = append(m.bindings, bound{id: b.ID, scopes: b.Scopes, keys: parsed})
	}
	changed := map[string][]Key{} // action → its default keys
	for _, id := range slices.Sorted(maps.Keys(overrides)) {
		parsed, err := m.check(id, overrides[id])
		if err != nil {
			problems = append(problems, err)
			continue
		}
		b := &m.bindings[m.byID[id]]
		changed[id], b.keys = b.keys, parsed
	}
	problems = append(problems, m.settle(changed)...)
	m.index()
	return m, problems
}

// check reads the keys that are to replace those of one action.
func (m *Map) check(id string, spellings []string) ([]Key, error) {
	if !m.has(id) {
		return nil, fmt.Errorf("keys.%s: there is no such action%s", id, m.nearest(id))
	}
	parsed, err := parseAll(spellings)
	if err != nil {
		return nil, fmt.Errorf("keys.%s: %w", id, err)
	}
	if len(parsed) == 0 && essential(id) {
		return nil, fmt.Errorf("keys.%s: it must keep a key", id)
	}
	if i := slices.IndexFunc(parsed, func(k Key) bool { return !confirms(k) }); id == DialogConfirm && i >= 0 {
		return nil, fmt.Errorf("keys.%s: %q is pressed too easily to confirm; take a key with ctrl or a function key", id, parsed[i])
	}
	typing := slices.ContainsFunc(m.bindings[m.byID[id]].scopes, func(s Scope) bool { return s == Dialog || s == Input || s == Inspect })
	if i := slices.IndexFunc(parsed, Key.Printable); typing && i >= 0 {
		return nil, fmt.Errorf("keys.%s: %q would be typed into a field; take a named key or one with ctrl or alt", id, parsed[i])
	}
	return parsed, nil
}

// settle takes back, one by one, the changes whose keys mean something else
// already. Two actions may swap their keys.
func (m *Map) settle(changed map[string][]Key) []error {
	var problems []error
	for again := true; again; {
		again = false
		for _, id := range slices.Sorted(maps.Keys(changed)) {
			b := &m.bindings[m.byID[id]]
			for _, key := range b.keys {
				other, taken := m.clash(*b, key)
				if !taken {
					continue
				}
				problems = append(problems, fmt.Errorf("keys.%s: %q already means %s; give that another key too, or take a free one", id, key, other))
				b.keys, again = changed[id], true
				delete(changed, id)
				break
			}
		}
	}
	return problems
}

// essential reports whether a person would be stuck without a key for this.
func essential(id string) bool {
	switch id {
	case "app.palette", "app.help", "app.quit", "app.back", InputLeave, InputAccept,
		DialogClose, DialogAccept, DialogNext, DialogPrevious, DialogConfirm:
		return true
	}
	return false
}

// confirms reports whether a key may confirm a refund: nothing that is typed,
// held down or pressed by habit (S25).
func confirms(key Key) bool {
	if key.Printable() {
		return false
	}
	return strings.HasPrefix(string(key), "ctrl+") && key != "ctrl+c" || (len(key) >= 2 && key[0] == 'f' && key[1] >= '1' && key[1] <= '9')
}

// clash finds another action that the key would also mean. The key that
// confirms must mean nothing else anywhere, so that it never opens what it
// confirms.
func (m *Map) clash(b bound, key Key) (id string, taken bool) {
	for _, other := range m.bindings {
		if other.id == b.id || !slices.Contains(other.keys, key) {
			continue
		}
		if b.id == DialogConfirm || other.id == DialogConfirm || overlap(b.scopes, other.scopes) {
			return other.id, true
		}
	}
	return "", false
}

// overlap reports whether two sets of scopes can hold at the same time.
func overlap(a, b []Scope) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y || (layer(x) == layer(y) && (shared(x) || shared(y))) {
				return true
			}
		}
	}
	return false
}

// layer tells what has the keyboard: a page, a text field or a dialog.
func layer(s Scope) int {
	switch s {
	case Input:
		return 1
	case Dialog, Detail, Amount, Inspect:
		return 2
	default:
		return 0
	}
}

// shared reports whether the scope holds together with all of its layer.
func shared(s Scope) bool { return s == Global || s == List || s == Dialog }

// Conflicts lists keys that mean two things at once; none in the defaults.
func (m Map) Conflicts() []error {
	var found []error
	for i, b := range m.bindings {
		for _, key := range b.keys {
			if other, taken := m.clash(b, key); taken && m.byID[other] > i {
				found = append(found, fmt.Errorf("%q means both %s and %s", key, b.id, other))
			}
		}
	}
	return found
}

// Find returns the action that a key press means in the first of the scopes
// that knows it.
func (m Map) Find(msg tea.KeyPressMsg, scopes ...Scope) (id string, ok bool) {
	for _, key := range spellings(msg) {
		for _, scope := range scopes {
			if id, ok = m.byKey[scope][key]; ok {
				return id, true
			}
		}
	}
	return "", false
}

// Label is the first key of an action, for hints: "R"; empty without a key.
func (m Map) Label(id string) text.Safe {
	if i, ok := m.byID[id]; ok && len(m.bindings[i].keys) > 0 {
		return text.Clean(string(m.bindings[i].keys[0]))
	}
	return text.Safe{}
}

// Labels is all keys of an action, for help: "pgup, ctrl+u".
func (m Map) Labels(id string) text.Safe {
	i, ok := m.byID[id]
	if !ok {
		return text.Safe{}
	}
	var all []text.Safe
	for _, key := range m.bindings[i].keys {
		all = append(all, text.Clean(string(key)))
	}
	return text.Join(text.Literal(", "), all...)
}

// Scopes is where an action holds; nil for one that is not known.
func (m Map) Scopes(id string) []Scope {
	if i, ok := m.byID[id]; ok {
		return slices.Clone(m.bindings[i].scopes)
	}
	return nil
}

// IDs lists all actions in the order of the defaults.
func (m Map) IDs() []string {
	ids := make([]string, 0, len(m.bindings))
	for _, b := range m.bindings {
		ids = append(ids, b.id)
	}
	return ids
}

func (m *Map) has(id string) bool {
	_, ok := m.byID[id]
	return ok
}

// index prepares Find.
func (m *Map) index() {
	m.byKey = map[Scope]map[Key]string{}
	for _, b := range m.bindings {
		for _, scope := range b.scopes {
			if m.byKey[scope] == nil {
				m.byKey[scope] = map[Key]string{}
			}
			for _, key := range b.keys {
				m.byKey[scope][key] = b.id
			}
		}
	}
}

// nearest suggests actions whose name shares a part with id.
func (m *Map) nearest(id string) string {
	var near []string
	subject, verb, _ := strings.Cut(id, ".")
	for _, b := range m.bindings {
		s, v, _ := strings.Cut(b.id, ".")
		if s == subject || (verb != "" && v == verb) {
			near = append(near, b.id)
		}
	}
	if len(near) == 0 {
		return "; paydesk lists them under \"?\""
	}
	return "; there are " + strings.Join(near, ", ")
}

func parseAll(spellings []string) ([]Key, error) {
	var parsed []Key
	for _, s := range spellings {
		key, err := Parse(s)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, key)
	}
	return parsed, nil
}
