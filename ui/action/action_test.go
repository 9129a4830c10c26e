package action

import (
	"strings"
	"testing"

	"paydesk/ui/keys"
	"paydesk/ui/text"
)

// desk is what the test's actions look at.
type desk struct{ readOnly bool }

func table(t *testing.T) (*Table[*desk, string], keys.Map) {
	t.Helper()
	bound, problems := keys.New(keys.Defaults(), map[string][]string{"order.lookup": {}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	says := func(word string) func(*desk) string { return func(*desk) string { return word } }
	made, err := NewTable(bound,
		Action[*desk, string]{ID: "app.help", Title: text.Literal("show help"), Group: text.Literal("App"), Short: text.Literal("help"), Weight: 1, Run: says("help")},
		Action[*desk, string]{
			ID: "refund.create", Title: text.Literal("refund this order"), Group: text.Literal("Orders"), Risk: Dangerous,
			Short: text.Literal("refund"), Weight: 9, Run: says("dialog"),
			Enabled: func(d *desk) (text.Safe, bool) { return text.Literal("the profile is read-only"), !d.readOnly },
		},
		Action[*desk, string]{ID: "order.lookup", Title: text.Literal("look up a number"), Group: text.Literal("Orders"), Short: text.Literal("look up"), Run: says("ask")},
		Action[*desk, string]{ID: "token.unbind", Title: text.Literal("unbind this card"), Group: text.Literal("Tokens"), Risk: Dangerous, Run: says("unbind")},
	)
	if err != nil {
		t.Fatal(err)
	}
	return made, bound
}

func TestTry(t *testing.T) {
	made, _ := table(t)
	if got, _, ok := made.Try("refund.create", &desk{}); !ok || got != "dialog" {
		t.Errorf("Try = %q, %v", got, ok)
	}
	if got, reason, ok := made.Try("refund.create", &desk{readOnly: true}); ok || got != "" || reason.String() != "the profile is read-only" {
		t.Errorf("Try = %q, %q, %v", got, reason, ok)
	}
	if _, reason, ok := made.Try("nothing", &desk{}); ok || reason.Empty() {
		t.Error("an unknown action ran")
	}
}

func TestRowsListDisabledActionsWithTheirReason(t *testing.T) {
	made, bound := table(t)
	rows := made.Rows(&desk{readOnly: true}, bound, keys.Orders, keys.Global)
	var got []string
	for _, r := range rows {
		got = append(got, r.ID+"="+r.Key.String()+"="+r.Reason.String())
	}
	if want := "app.help=?= refund.create=R=the profile is read-only order.lookup=="; strings.Join(got, " ") != want {
		t.Errorf("rows = %q, want %q", strings.Join(got, " "), want)
	}
	footer := Footer(made.Rows(&desk{}, bound, keys.Orders, keys.Global))
	if len(footer) != 2 || footer[0].ID != "refund.create" || footer[1].ID != "app.help" {
		t.Errorf("footer = %+v", footer)
	}
	if footer = Footer(rows); len(footer) != 1 {
		t.Errorf("a refused action is in the footer: %+v", footer)
	}
}

func TestSearch(t *testing.T) {
	made, bound := table(t)
	rows := made.Rows(&desk{}, bound, keys.Orders, keys.Tokens, keys.Global)
	for query, want := range map[string]string{"": "app.help", "refu": "refund.create", "unb": "token.unbind", "order.look": "order.lookup", "lkup": "order.lookup"} {
		hits := Search(rows, query)
		if len(hits) == 0 || hits[0].ID != want {
			t.Errorf("Search(%q) = %+v, want %s first", query, hits, want)
		}
	}
	if hits := Search(rows, "zzz"); len(hits) != 0 {
		t.Errorf("found %+v", hits)
	}
	if hit := Search(rows, "unb")[0]; len(hit.Matched) != 3 || hit.Matched[0] != 0 {
		t.Errorf("matched = %v", hit.Matched)
	}
}

func TestNewTableChecks(t *testing.T) {
	bound, _ := keys.New(keys.Defaults(), nil)
	run := func(*desk) string { return "" }
	title, group := text.Literal("x"), text.Literal("y")
	for name, actions := range map[string][]Action[*desk, string]{
		"twice":            {{ID: "app.help", Title: title, Group: group, Run: run}, {ID: "app.help", Title: title, Group: group, Run: run}},
		"no row":           {{ID: "app.dance", Title: title, Group: group, Run: run}},
		"nothing to run":   {{ID: "app.help", Title: title, Group: group}},
		"needs a title":    {{ID: "app.help", Group: group, Run: run}},
		"title and a grou": {{ID: "app.help", Title: title, Run: run}},
	} {
		if _, err := NewTable(bound, actions...); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
