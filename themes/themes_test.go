package themes

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

func TestBuiltin(t *testing.T) {
	set, failed := Load(nil)
	if len(failed) > 0 {
		t.Fatal(failed)
	}
	if got := strings.Join(set.Names(), " "); got != "ink paper" {
		t.Errorf("names = %q", got)
	}
	for _, tc := range []struct {
		name string
		dark bool
		want string
	}{{Auto, true, Dark}, {Auto, false, Light}, {"", true, Dark}, {Light, true, Light}, {Dark, false, Dark}} {
		got, err := set.Pick(tc.name, tc.dark)
		if err != nil || got.Name != tc.want {
			t.Errorf("Pick(%q, %v) = %q, %v", tc.name, tc.dark, got.Name, err)
		}
	}
	if dark, _ := set.Pick(Dark, false); !dark.IsDark() {
		t.Error("ink is not dark")
	}
	got, err := set.Pick("nord", true)
	if err == nil || !strings.Contains(err.Error(), `"nord"`) || !strings.Contains(err.Error(), "auto and ink, paper") {
		t.Errorf("error = %v", err)
	}
	if got.Name != Dark {
		t.Errorf("fallback = %q", got.Name)
	}
}

func TestUserTheme(t *testing.T) {
	set, failed := Load(fstest.MapFS{
		"night.toml": {Data: []byte("appearance = \"dark\"\n[base]\ntext = \"#FFFFFF\"\n")},
		"readme.md":  {Data: []byte("not a theme")},
	})
	if len(failed) > 0 {
		t.Fatal(failed)
	}
	night, err := set.Pick("night", false)
	if err != nil {
		t.Fatal(err)
	}
	ink, _ := set.Pick(Dark, true)
	if night.Base.Text.String() != "#ffffff" || night.Base.Muted != ink.Base.Muted {
		t.Errorf("night = %+v", night.Base)
	}
	if ink.Base.Text.String() == "#ffffff" {
		t.Error("the user's theme changed the built-in one")
	}
}

func TestMalformedUserThemesAreNamedAndLeftOut(t *testing.T) {
	cases := []struct {
		name, file, field, why string
		line                   int
	}{
		{name: "bad colour", file: "appearance = \"dark\"\n[base]\ntext = \"red\"\n", line: 3, field: "base.text", why: "#rrggbb"},
		{name: "wrong type", file: "appearance = \"dark\"\n[base]\ntext = 12\n", line: 3, field: "base.text"},
		{name: "unknown field", file: "appearance = \"light\"\n\n[status]\ndangr = \"#ff0000\"\n", line: 4, field: "status.dangr", why: "no such field"},
		{name: "no appearance", file: "[base]\ntext = \"#ffffff\"\n", field: "appearance", why: "dark"},
		{name: "not toml", file: "appearance = \n", line: 1},
		{name: "too large", file: strings.Repeat("# long\n", 20000), why: "larger than"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			set, failed := Load(fstest.MapFS{"mine.toml": {Data: []byte(tc.file)}})
			if len(failed) != 1 {
				t.Fatalf("errors = %v", failed)
			}
			e, ok := errors.AsType[*FileError](failed[0])
			if !ok || e.File != "mine.toml" || e.Line != tc.line || e.Field != tc.field || !strings.Contains(e.Error(), tc.why) {
				t.Errorf("error = %+v (%v)", e, failed[0])
			}
			if got := strings.Join(set.Names(), " "); got != "ink paper" {
				t.Errorf("names = %q", got)
			}
		})
	}
}

func TestColorText(t *testing.T) {
	var c Color
	for _, bad := range []string{"", "#fff", "fff000", "#ggffee", "#12345678", "# 12345"} {
		if err := c.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if err := c.UnmarshalText([]byte("#0aB1c2")); err != nil || c != (Color{0x0a, 0xb1, 0xc2}) {
		t.Errorf("%v, %v", c, err)
	}
}
