package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"paydesk/client"
)

// Problem is one mistake, with the place where it stands.
type Problem struct {
	File    string // empty: not from the file
	Line    int    // from 1; 0: the whole file
	Column  int    // in bytes, from 1
	Field   string // "profile.policy.max_refund"; empty: syntax
	Message string // the safe value and what would be right
}

// String renders "file:line:column: field: message".
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	return b.String() + p.Message
}

// Problems is all mistakes of a configuration, in the order of the file.
type Problems []Problem

// Error counts them; the lines are in the message of the *client.Error around.
func (p Problems) Error() string {
	if len(p) == 1 {
		return "1 problem"
	}
	return strconv.Itoa(len(p)) + " problems"
}

// Lines is one line per mistake.
func (p Problems) Lines() []string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return lines
}

// invalid is the error of a configuration with mistakes.
func invalid(problems Problems) error {
	return &client.Error{
		Class: client.ClassConfig, Code: "invalid",
		Message: strings.Join(problems.Lines(), "\n"),
		Hint:    "correct the configuration; paydesk config check looks at it again",
		Err:     problems,
	}
}

// valueLimit is how many characters of a wrong value are shown.
const valueLimit = 48

// safe quotes a value from a file or variable for a message: no control,
// bidirectional or invisible character survives, long ones are cut, and what
// looks like key material is not shown at all (S2, S8).
func safe(value string) string {
	if secretLike(value) {
		return "(not shown: it looks like a key)"
	}
	if utf8.RuneCountInString(value) > valueLimit {
		value = string([]rune(value)[:valueLimit]) + "…"
	}
	return strconv.Quote(value)
}

// safePath quotes a path of paydesk's own files for a message, in full.
func safePath(path string) string { return strconv.Quote(path) }

// secretLike reports whether a value could be a key that was pasted into the
// wrong place: PEM, or a run of more than 40 letters and digits, which no file
// path, address or number of a gateway has.
func secretLike(value string) bool {
	if strings.Contains(value, "-----BEGIN") || strings.Contains(value, "PRIVATE KEY") {
		return true
	}
	run := 0
	for i := range len(value) {
		c := value[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' {
			if run++; run > 40 {
				return true
			}
			continue
		}
		run = 0
	}
	return false
}

// didYouMean names the nearest of the candidates, or all of them.
func didYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	if len(candidates) == 0 {
		return "nothing is known here"
	}
	return "known: " + strings.Join(candidates, ", ")
}

// Nearest is the candidate that the word is most likely a misspelling of, or
// "" when none is near: at most a third of its letters differ, or it is the
// start of one.
func Nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	if len(word) > 64 {
		return ""
	}
	best, distance := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if d := edits(word, strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best != "" || len(word) < 3 {
		return best
	}
	for _, candidate := range candidates {
		if strings.HasPrefix(strings.ToLower(candidate), word) {
			return candidate
		}
	}
	return ""
}

// edits is the number of insertions, deletions, replacements and swaps of
// neighbours between two words.
func edits(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
