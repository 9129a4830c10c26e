package keys

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]Key{
		"R": "R", "r": "r", "shift+r": "R", "?": "?", ":": ":", "+": "+", "space": "space", "Ctrl+D": "ctrl+d", "ctrl+D": "ctrl+d", "alt+R": "alt+shift+r",
		"PageUp": "pgup", "Escape": "esc", "F8": "f8", "alt+enter": "alt+enter", "shift+tab": "shift+tab", "alt+ctrl+x": "ctrl+alt+x",
		"ctrl++": "ctrl++", "é": "é", "к": "к",
	} {
		if got, err := Parse(in); err != nil || got != want {
			t.Errorf("Parse(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for in, why := range map[string]string{
		"": "empty", "foo": "neither one character", "cmd+x": "no modifier", "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace",
		"\t": "neither", "R R": "neither", "\u202e": "neither", "\x1b": "neither",
	} {
		_, err := Parse(in)
		if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "write it like") {
			t.Errorf("Parse(%q): %v, want it to say %q", in, err, why)
		}
	}
}

func press(spelling string) tea.KeyPressMsg {
	switch spelling {
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case "ctrl+y":
		return tea.KeyPressMsg{Code: 'y', Mod: tea.ModCtrl}
	case "f8":
		return tea.KeyPressMsg{Code: tea.KeyF8}
	case "pgdown":
		return tea.KeyPressMsg{Code: tea.KeyPgDown}
	case "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	}
	char := []rune(spelling)[0]
	return tea.KeyPressMsg{Code: char, Text: spelling}
}

func TestDefaultsAreSound(t *testing.T) {
	m, problems := New(Defaults(), nil)
	if len(problems) > 0 || len(m.Conflicts()) > 0 {
		t.Fatalf("problems %v, conflicts %v", problems, m.Conflicts())
	}
	for _, b := range Defaults() {
		if len(b.Keys) == 0 {
			continue
		}
		for _, spelling := range b.Keys {
			key, err := Parse(spelling)
			if err != nil || string(key) != spelling {
				t.Errorf("%s: %q is spelled %q, %v", b.ID, spelling, key, err)
			}
			for _, other := range strings.Split("a b g h j k l s q z i m", " ") {
				if spelling == "ctrl+"+other {
					t.Errorf("%s: %s belongs to tmux, vim, zellij or the terminal", b.ID, spelling)
				}
			}
			if b.ID == DialogConfirm && !confirms(key) {
				t.Errorf("%s may not confirm", key)
			}
		}
	}
	if len(m.IDs()) != len(Defaults()) {
		t.Error("IDs are missing")
	}
}

func TestFind(t *testing.T) {
	m, _ := New(Defaults(), nil)
	for _, tc := range []struct {
		name   string
		msg    tea.KeyPressMsg
		scopes []Scope
		want   string
	}{
		{"page before global", press("R"), []Scope{Orders, List, Global}, "refund.create"},
		{"other page", press("R"), []Scope{Tokens, List, Global}, ""},
		{"list", press("pgdown"), []Scope{Orders, List, Global}, "list.page-down"},
		{"space", press("space"), []Scope{List}, "list.mark"},
		{"global", press("?"), []Scope{Orders, List, Global}, "app.help"},
		{"dialog", press("ctrl+y"), []Scope{Dialog}, DialogConfirm},
		{"shift+tab", press("shift+tab"), []Scope{Global}, "app.previous-page"},
		{"cyrillic with a base code", tea.KeyPressMsg{Code: 'к', Text: "К", BaseCode: 'r', Mod: tea.ModShift}, []Scope{Orders}, "refund.create"},
		{"cyrillic without", tea.KeyPressMsg{Code: 'к', Text: "к"}, []Scope{Orders}, ""},
		{"french a is not q", tea.KeyPressMsg{Code: 'a', Text: "a", BaseCode: 'q'}, []Scope{Global}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, ok := m.Find(tc.msg, tc.scopes...); got != tc.want || ok != (tc.want != "") {
				t.Errorf("Find = %q, %v, want %q", got, ok, tc.want)
			}
		})
	}
	if (Map{}).Label("app.help").String() != "" {
		t.Error("the empty map has keys")
	}
}

func TestOverrides(t *testing.T) {
	m, problems := New(Defaults(), map[string][]string{
		"refund.create": {"F5", "M"},
		"list.mark":     {},
		"list.up":       {"down"}, // swapped with the next
		"list.down":     {"up"},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := m.Labels("refund.create").String(); got != "f5, M" {
		t.Errorf("labels = %q", got)
	}
	if got := m.Label("list.mark").String(); got != "" {
		t.Errorf("label = %q", got)
	}
	if id, _ := m.Find(press("R"), Orders); id != "" {
		t.Errorf("R still means %s", id)
	}
	if got := m.Scopes("refund.create"); !slices.Equal(got, []Scope{Orders}) {
		t.Errorf("scopes = %v", got)
	}
}

func TestWrongOverridesAreNamedAndLeftOut(t *testing.T) {
	for _, tc := range []struct {
		name, id string
		keys     []string
		says     string
	}{
		{"unknown action", "refund.creat", []string{"M"}, "refund.create"},
		{"unknown everything", "foo", []string{"M"}, "no such action"},
		{"bad key", "refund.create", []string{"ctrl+foo"}, `"ctrl+foo"`},
		{"taken on the same page", "refund.create", []string{"L"}, "order.lookup"},
		{"taken everywhere", "refund.create", []string{"q"}, "app.quit"},
		{"taken by the list", "refund.create", []string{"y"}, "list.copy"},
		{"confirm with enter", DialogConfirm, []string{"enter"}, "too easily"},
		{"confirm with y", DialogConfirm, []string{"y"}, "too easily"},
		{"confirm with space", DialogConfirm, []string{"space"}, "too easily"},
		{"confirm with ctrl+c", DialogConfirm, []string{"ctrl+c"}, "too easily"},
		{"confirm with what opens", DialogConfirm, []string{"ctrl+u"}, "list.page-up"},
		{"opens with what confirms", "refund.create", []string{"f8"}, DialogConfirm},
		{"typed in a dialog", DialogNext, []string{"n"}, "typed into a field"},
		{"typed in the inspector", DialogVerify, []string{"v"}, "typed into a field"},
		{"typed in the filter", InputLeave, []string{"space"}, "typed into a field"},
		{"no way out", DialogClose, []string{}, "must keep"},
		{"reversed into a default", "list.up", []string{"j"}, "list.down"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, problems := New(Defaults(), map[string][]string{tc.id: tc.keys})
			if len(problems) != 1 || !strings.Contains(problems[0].Error(), tc.says) || !strings.Contains(problems[0].Error(), tc.id) {
				t.Errorf("problems = %v, want one that names %q and says %q", problems, tc.id, tc.says)
			}
			if len(m.Conflicts()) > 0 {
				t.Errorf("conflicts = %v", m.Conflicts())
			}
			if id, _ := m.Find(press("R"), Orders); id != "refund.create" {
				t.Errorf("R means %q", id)
			}
		})
	}
}

func TestOverlappingPagesMayShareAKey(t *testing.T) {
	_, problems := New(Defaults(), map[string][]string{"order.lookup": {"X"}})
	if len(problems) > 0 {
		t.Error(problems)
	}
}
