// Package keys owns the keyboard: how a key is written, which keys each action
// has by default, what a user's configuration changes, and which of it cannot
// be. It is the only place that spells a key. It never runs an action and knows
// nothing of screens.
package keys

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// Key is one key press in the spelling of Parse: "R", "ctrl+d", "f8", "space".
type Key string

// named are the keys that have a name in place of a character.
var named = []string{
	"enter", "tab", "esc", "space", "backspace", "delete", "insert", "up", "down", "left", "right", "home", "end", "pgup", "pgdown",
	"f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12",
}

// alias maps other common spellings to ours.
func alias(name string) string {
	switch name {
	case "return":
		return "enter"
	case "escape":
		return "esc"
	case "spacebar", " ":
		return "space"
	case "del":
		return "delete"
	case "ins":
		return "insert"
	case "pageup", "page-up":
		return "pgup"
	case "pagedown", "page-down", "pgdn":
		return "pgdown"
	default:
		return name
	}
}

// modifiers in the order in which the terminal library spells them.
var modifiers = []string{"ctrl", "alt", "shift", "meta", "super"}

// Parse reads a key as people write it: modifiers joined by "+", then a
// character or a name, in any case ("Ctrl+D", "PageUp", "shift+r" for "R").
// The error says what would be right.
func Parse(spelling string) (Key, error) {
	wrong := func(why string) (Key, error) {
		return "", fmt.Errorf("key %q: %s; write it like \"R\", \"ctrl+d\", \"f8\", \"space\" or \"pgup\"", spelling, why)
	}
	rest, held := spelling, map[string]bool{}
	for {
		name, after, found := strings.Cut(rest, "+")
		if !found || name == "" || after == "" {
			break
		}
		mod := strings.ToLower(name)
		if !slices.Contains(modifiers, mod) {
			return wrong(fmt.Sprintf("%q is no modifier (%s)", name, strings.Join(modifiers, ", ")))
		}
		held[mod], rest = true, after
	}
	name := alias(strings.ToLower(rest))
	char, size := utf8.DecodeRuneInString(rest)
	switch {
	case rest == "":
		return wrong("it is empty")
	case slices.Contains(named, name):
	case size == len(rest) && char != utf8.RuneError && unicode.IsGraphic(char) && !unicode.IsSpace(char):
		name = character(char, held)
	default:
		return wrong(fmt.Sprintf("%q is neither one character nor a known name", rest))
	}
	if twin := inseparable(name, held); twin != "" {
		return wrong(fmt.Sprintf("most terminals send it as %s", twin))
	}
	var b strings.Builder
	for _, mod := range modifiers {
		if held[mod] {
			b.WriteString(mod + "+")
		}
	}
	return Key(b.String() + name), nil
}

// character settles the case of a letter: a shifted one is written as its
// capital, unless another modifier makes the terminal report it in lower case.
func character(char rune, held map[string]bool) string {
	if held["ctrl"] || held["alt"] || held["meta"] || held["super"] {
		if unicode.IsUpper(char) && !held["ctrl"] {
			held["shift"] = true // with ctrl, a plain terminal reports no case
		}
		return string(unicode.ToLower(char))
	}
	if held["shift"] && unicode.IsLetter(char) {
		delete(held, "shift")
		return string(unicode.ToUpper(char))
	}
	return string(char)
}

// inseparable names the key that a plain terminal cannot tell from this one.
func inseparable(name string, held map[string]bool) string {
	if !held["ctrl"] || len(held) > 1 {
		return ""
	}
	switch name {
	case "i":
		return "tab"
	case "m":
		return "enter"
	case "[":
		return "esc"
	case "h":
		return "backspace"
	}
	return ""
}

// spellings are the ways in which a key press may be bound, best first. A
// letter of another alphabet also counts as the key at its place, where the
// terminal says so.
func spellings(msg tea.KeyPressMsg) []Key {
	all := []Key{Key(msg.String())}
	if char, _ := utf8.DecodeRuneInString(msg.Text); msg.BaseCode != 0 && unicode.IsLetter(char) && !unicode.Is(unicode.Latin, char) {
		if key, err := Parse(msg.Keystroke()); err == nil {
			all = append(all, key)
		}
	}
	return all
}

// Printable reports whether the key is a character that a text field takes.
func (k Key) Printable() bool {
	return k == "space" || utf8.RuneCountInString(string(k)) == 1
}
