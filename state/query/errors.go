package query

import (
	"strings"

	"paydesk/client"
)

// Error says what is wrong with a search, where, and what would be right.
type Error struct {
	Pos, End int // byte offsets into the text: Pos ≤ End ≤ len(text)
	Message  string
	Hint     string
}

// Error renders the message and the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

// Unwrap classes the error as bad input.
func (e *Error) Unwrap() error {
	return &client.Error{Class: client.ClassInput, Code: "query", Message: e.Message, Hint: e.Hint}
}

// nearest is the name that was probably meant, or "".
func nearest(typed string, names []string) string {
	typed = strings.ToLower(typed)
	best, least := "", 3
	if len(typed) <= 4 { // two edits turn any short word into any other
		least = 2
	}
	for _, name := range names {
		if typed != "" && len(typed) >= 2 && strings.HasPrefix(name, typed) {
			return name
		}
		if d := distance(typed, name); d < least && d < len(name) {
			best, least = name, d
		}
	}
	return best
}

// distance counts the edits between two short words; a swap of neighbours is
// one. Words far apart in length are not measured.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y)+2 || len(y) > len(x)+2 {
		return 99
	}
	older, old, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range old {
		old[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(old[j]+cost, old[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		older, old, row = old, row, older
	}
	return old[len(y)]
}
