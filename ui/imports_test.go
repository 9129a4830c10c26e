// Package ui_test keeps the shape of the whole program: who may import whom,
// and where the clock, the environment and colours may be touched.
package ui_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "paydesk"

// source is one parsed file of the module. Dir is relative to the root; the
// root itself is ".".
type source struct {
	dir, name string
	file      *ast.File
	set       *token.FileSet
	test      bool
}

// at renders a position for a message.
func (s source) at(n ast.Node) string {
	return path.Join(s.dir, s.name) + ":" + strconv.Itoa(s.set.Position(n.Pos()).Line)
}

// in reports whether the file is in one of the directories, or below it. A
// name that ends in ".go" is a file of the root.
func (s source) in(places ...string) bool {
	for _, p := range places {
		if s.dir == p || strings.HasPrefix(s.dir, p+"/") || (s.dir == "." && s.name == p) {
			return true
		}
	}
	return false
}

// sources parses every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	root := ".."
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != root && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		all = append(all, source{dir: filepath.ToSlash(rel), name: entry.Name(), file: file, set: set, test: strings.HasSuffix(name, "_test.go")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d files were found", len(all))
	}
	return all
}

// within reports whether a package is, or is below, one of the others.
func within(pkg string, places ...string) bool {
	for _, p := range places {
		if pkg == p || strings.HasPrefix(pkg, p+"/") {
			return true
		}
	}
	return false
}

// gateways are the packages that speak a protocol; screens those that fill the
// page. Neither kind imports its own.
func gateways() []string {
	return []string{"client/payermax", "client/paycools", "client/easylink", "client/sandbox"}
}

func screens() []string {
	return []string{"ui/page/orders", "ui/page/refunds", "ui/page/tokens", "ui/page/activity", "ui/page/insights", "ui/page/contexts"}
}

// among names the member of a family that a package belongs to.
func among(pkg string, family []string) string {
	for _, member := range family {
		if within(pkg, member) {
			return member
		}
	}
	return ""
}

// screen libraries; "github.com/charmbracelet/x/ansi" measures text and is not
// one of them.
func drawing(imported string) bool { return within(imported, "charm.land") }

// forbidden says why a package may not import another of this module, or a
// drawing library; empty when it may (style: section 3).
func forbidden(from, to string) string {
	own, inside := strings.CutPrefix(to, module+"/")
	if from == "." {
		return ""
	}
	switch {
	case drawing(to):
		if !within(from, "ui") || within(from, "ui/text") {
			return "only ui draws"
		}
	case !inside:
	case within(from, "themes"):
		return "themes knows colours only"
	case within(from, "client"):
		return forbiddenClient(from, own)
	case within(from, "state"):
		return forbiddenState(from, own)
	case within(from, "ui"):
		return forbiddenUI(from, own)
	}
	return ""
}

func forbiddenClient(from, own string) string {
	switch {
	case !within(own, "client"):
		return "client knows nothing of state, ui and themes"
	case within(from, "client/secret"):
		return "secret is a leaf"
	case among(from, gateways()) != "" && among(own, gateways()) != "" && among(from, gateways()) != among(own, gateways()):
		return "gateways never import each other"
	case among(from, gateways()) == "" && among(own, gateways()) != "":
		return "only main picks gateways"
	}
	return ""
}

func forbiddenState(from, own string) string {
	switch {
	case within(own, "ui", "themes"):
		return "state knows nothing of screens"
	case within(own, "client") && own != "client" && own != "client/secret":
		return "state imports client and client/secret only"
	case among(own, stores()) != "" && among(own, stores()) != among(from, stores()):
		return "only main picks a store"
	}
	return ""
}

func stores() []string { return []string{"state/ledger/sqlite", "state/ledger/postgres"} }

// plainRooms of ui draw and decide nothing; they never look into state.
func plainRooms() []string {
	return []string{"ui/text", "ui/style", "ui/widget", "ui/keys", "ui/action", "ui/dialog"}
}

func forbiddenUI(from, own string) string {
	switch {
	case own == "client/secret" && within(from, "ui/cli"):
	case from == "ui/cli/gates" && among(own, gateways()) != "" && !within(own, "client/sandbox"):
		return "" // the one list of gateways
	case within(own, "client") && own != "client":
		return "ui imports the client root only"
	case among(own, stores()) != "":
		return "only main picks a store"
	case within(own, "state") && among(from, plainRooms()) != "":
		return "this room never imports state"
	case within(from, "ui/text") && within(own, "ui", "themes"):
		return "text is pure"
	case within(own, "ui/page", "ui/app", "ui/cli") && among(from, plainRooms()) != "":
		return "pages use widgets, not the other way round"
	case among(from, screens()) != "" && among(own, screens()) != "" && among(from, screens()) != among(own, screens()):
		return "pages never import pages"
	case within(own, "ui/app") && within(from, "ui/page"):
		return "the root names pages, not the other way round"
	}
	return ""
}

func TestImports(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue // Tests may put any parts together.
		}
		for _, spec := range s.file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := forbidden(s.dir, imported); why != "" {
				t.Errorf("%s imports %s: %s", s.at(spec), imported, why)
			}
			if imported == module+"/ui/style/styletest" || imported == module+"/state/ledger/ledgertest" ||
				imported == module+"/client/internal/wiretest" {
				t.Errorf("%s imports %s: only tests may", s.at(spec), imported)
			}
		}
	}
}

// The rule itself, told in examples.
func TestForbidden(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		ok       bool
	}{
		{".", "paydesk/client/payermax", true},
		{"client/payermax", "paydesk/client/internal/wire", true},
		{"client/payermax", "paydesk/client/sandbox", false},
		{"client/internal/wire", "paydesk/client/payermax", false},
		{"client", "paydesk/state/desk", false},
		{"client/payermax", "charm.land/lipgloss/v2", false},
		{"client/secret", "paydesk/client", false},
		{"state/desk", "paydesk/client", true},
		{"state/desk", "paydesk/client/secret", true},
		{"state/desk", "paydesk/client/payermax", false},
		{"state/desk", "paydesk/state/ledger", true},
		{"state/desk", "paydesk/state/ledger/sqlite", false},
		{"state/feed", "charm.land/bubbletea/v2", false},
		{"state/desk", "paydesk/ui/text", false},
		{"themes", "paydesk/client", false},
		{"themes", "charm.land/lipgloss/v2", false},
		{"ui/style", "paydesk/themes", true},
		{"ui/style", "charm.land/lipgloss/v2", true},
		{"ui/text", "charm.land/lipgloss/v2", false},
		{"ui/text", "paydesk/client", true},
		{"ui/widget/grid", "paydesk/state/ledger", false},
		{"ui/dialog", "paydesk/state/desk", false},
		{"ui/dialog", "paydesk/ui/page/orders", false},
		{"ui/page/orders", "paydesk/state/ledger", true},
		{"ui/page/orders", "paydesk/state/ledger/sqlite", false},
		{"ui/page/orders", "paydesk/ui/page/refunds", false},
		{"ui/page/orders", "paydesk/ui/app", false},
		{"ui/page/orders", "paydesk/client/payermax", false},
		{"ui/cli", "paydesk/client/payermax", false},
		{"ui/cli/gates", "paydesk/client/payermax", true},
		{"ui/cli/gates", "paydesk/client/sandbox", false},
		{"ui/app", "paydesk/ui/page/orders", true},
		{"ui/app", "paydesk/client/secret", false},
	} {
		if why := forbidden(tc.from, tc.to); (why == "") != tc.ok {
			t.Errorf("%s → %s: %q, want allowed = %v", tc.from, tc.to, why, tc.ok)
		}
	}
}

// places says where a name of another package may be used outside of tests.
type places struct {
	pkg, name string
	where     []string
	why       string
}

func reserved() []places {
	return []places{
		{"time", "Now", []string{"main.go", "client/internal", "client/sandbox", "state/ledger/sqlite"}, "take the injected clock"},
		{"time", "Since", []string{"main.go"}, "take the injected clock"},
		{"time", "Until", []string{"main.go", "client/internal"}, "take the injected clock"},
		{"time", "Sleep", nil, "wait on a timer and a context"},
		{"os", "Getenv", []string{"main.go", "state/config"}, "state/config reads the environment"},
		{"os", "LookupEnv", []string{"main.go", "state/config"}, "state/config reads the environment"},
		{"os", "Environ", []string{"main.go", "state/config"}, "state/config reads the environment"},
		{"os", "Exit", []string{"main.go"}, "return an exit code"},
		{"charm.land/lipgloss/v2", "Color", []string{"themes", "ui/style"}, "use a tone"},
		{"charm.land/lipgloss/v2", "NewStyle", []string{"ui/style"}, "use a tone"},
		{module + "/client", "RefundRequest", []string{"client", "state/desk"}, "only the desk sends refunds"},
		{module + "/client", "RemoveToken", []string{"client", "state/desk"}, "only the desk unbinds cards"},
	}
}

func TestReservedNames(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		names := importNames(s.file)
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			ident, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, r := range reserved() {
				if names[ident.Name] == r.pkg && sel.Sel.Name == r.name && !s.in(r.where...) {
					t.Errorf("%s uses %s.%s: %s", s.at(n), ident.Name, r.name, r.why)
				}
			}
			return true
		})
	}
}

// importNames maps the name by which a file calls a package to its path.
func importNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(imported)
		if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(imported))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}

// The root holds main.go and nothing else that is compiled.
func TestRootHoldsOnlyMain(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && name != "main.go" {
			t.Errorf("%s belongs into a package", name)
		}
	}
}

// Every package says what it owns and what it must never do.
func TestEveryPackageHasAComment(t *testing.T) {
	documented, seen := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		seen[s.dir] = true
		if s.file.Doc != nil && len(s.file.Doc.Text()) > 20 {
			documented[s.dir] = true
		}
	}
	for dir := range seen {
		if !documented[dir] {
			t.Errorf("%s has no package comment", dir)
		}
	}
}
