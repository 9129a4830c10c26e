// Package action owns the table of what a person can do. A row has an ID, a
// title, a risk, a reason when it cannot be done now, and what to run; keys are
// bound to the ID elsewhere. Keys, palette, footer and help all read this one
// table. It explains why something is refused, but never enforces it: that is
// done once, below the screens.
package action

import (
	"fmt"
	"slices"

	"github.com/sahilm/fuzzy"

	"paydesk/ui/keys"
	"paydesk/ui/text"
)

// Risk is what a mistake would cost.
type Risk uint8

// The risks.
const (
	Safe      Risk = iota // looks, moves, copies
	Careful               // changes something that can be changed back
	Dangerous             // moves money or removes something for good; always opens a dialog
)

// Action is one row of the table. C is what it looks at, R what it gives back;
// with Bubble Tea that is the root model and a tea.Cmd.
type Action[C, R any] struct {
	ID    string // a row of keys.Defaults
	Title text.Safe
	Group text.Safe // heading in help
	Risk  Risk
	// Short is its word in the footer; empty keeps it out of the footer.
	Short text.Safe
	// Weight orders the footer, heaviest first.
	Weight int
	// Enabled says whether it can be done now, and if not, why, in words that
	// end the sentence "not now: …". Nil means always.
	Enabled func(C) (reason text.Safe, ok bool)
	Run     func(C) R
}

// Table is a checked list of actions.
type Table[C, R any] struct {
	actions []Action[C, R]
	byID    map[string]int
}

// NewTable checks that IDs are unique and known to the key map, and that each
// action has a title, a group and something to run.
func NewTable[C, R any](bound keys.Map, actions ...Action[C, R]) (*Table[C, R], error) {
	t := &Table[C, R]{actions: slices.Clone(actions), byID: make(map[string]int, len(actions))}
	for i, a := range t.actions {
		if _, twice := t.byID[a.ID]; twice {
			return nil, fmt.Errorf("action %q is there twice", a.ID)
		}
		switch {
		case bound.Scopes(a.ID) == nil:
			return nil, fmt.Errorf("action %q has no row in the key table", a.ID)
		case a.Title.Empty() || a.Group.Empty():
			return nil, fmt.Errorf("action %q needs a title and a group", a.ID)
		case a.Run == nil:
			return nil, fmt.Errorf("action %q has nothing to run", a.ID)
		}
		t.byID[a.ID] = i
	}
	return t, nil
}

// IDs lists the actions in table order.
func (t *Table[C, R]) IDs() []string {
	ids := make([]string, 0, len(t.actions))
	for _, a := range t.actions {
		ids = append(ids, a.ID)
	}
	return ids
}

// Find returns the action with that ID.
func (t *Table[C, R]) Find(id string) (Action[C, R], bool) {
	if i, ok := t.byID[id]; ok {
		return t.actions[i], true
	}
	return Action[C, R]{}, false
}

// Try runs an action if it can be done now; otherwise ok is false and reason
// says why. An unknown ID has a reason as well.
func (t *Table[C, R]) Try(id string, c C) (result R, reason text.Safe, ok bool) {
	a, found := t.Find(id)
	if !found {
		return result, text.Literal("no such command"), false
	}
	if reason, ok = a.enabled(c); !ok {
		return result, reason, false
	}
	return a.Run(c), text.Safe{}, true
}

func (a Action[C, R]) enabled(c C) (reason text.Safe, ok bool) {
	if a.Enabled == nil {
		return text.Safe{}, true
	}
	return a.Enabled(c)
}

// Row is an action as it stands now, for help, palette and footer.
type Row struct {
	ID     string
	Title  text.Safe
	Group  text.Safe
	Short  text.Safe
	Key    text.Safe // its first key; empty: by palette only
	Keys   text.Safe // all its keys
	Risk   Risk
	Weight int
	OK     bool
	Reason text.Safe // why not, when OK is false
}

// Rows returns the actions that hold in any of the scopes, in table order,
// those that cannot be done now included.
func (t *Table[C, R]) Rows(c C, bound keys.Map, scopes ...keys.Scope) []Row {
	var rows []Row
	for _, a := range t.actions {
		if !slices.ContainsFunc(bound.Scopes(a.ID), func(s keys.Scope) bool { return slices.Contains(scopes, s) }) {
			continue
		}
		reason, ok := a.enabled(c)
		rows = append(rows, Row{
			ID: a.ID, Title: a.Title, Group: a.Group, Short: a.Short, Key: bound.Label(a.ID), Keys: bound.Labels(a.ID),
			Risk: a.Risk, Weight: a.Weight, OK: ok, Reason: reason,
		})
	}
	return rows
}

// Footer picks the rows for the footer: those with a short word and a key that
// can be used now, heaviest first.
func Footer(rows []Row) []Row {
	var picked []Row
	for _, r := range rows {
		if r.OK && !r.Short.Empty() && !r.Key.Empty() {
			picked = append(picked, r)
		}
	}
	slices.SortStableFunc(picked, func(a, b Row) int { return b.Weight - a.Weight })
	return picked
}

// Hit is a row that a search found, with the letters of its title that matched.
type Hit struct {
	Row
	Matched []int // byte offsets into Title
}

// Search finds rows by a few letters of group, title or ID, best first. An
// empty query returns all rows in their order.
func Search(rows []Row, query string) []Hit {
	if query == "" {
		hits := make([]Hit, len(rows))
		for i, r := range rows {
			hits[i] = Hit{Row: r}
		}
		return hits
	}
	var hits []Hit
	for _, m := range fuzzy.FindFrom(query, titles(rows)) {
		hit := Hit{Row: rows[m.Index]}
		for _, i := range m.MatchedIndexes {
			if i < len(hit.Title.String()) {
				hit.Matched = append(hit.Matched, i)
			}
		}
		hits = append(hits, hit)
	}
	return hits
}

// titles searches the title first, then group and ID behind it.
type titles []Row

func (t titles) String(i int) string {
	return t[i].Title.String() + " " + t[i].Group.String() + " " + t[i].ID
}

func (t titles) Len() int { return len(t) }
