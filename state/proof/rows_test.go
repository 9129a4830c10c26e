// Package proof_test keeps the list of what must hold and looks for its proofs:
// every row of it must be named by a test. The proofs that run by themselves,
// killing and simulating, are in the folders below.
package proof_test

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// row is one line of testdata/rows.txt.
type row struct {
	id    string
	later bool // waits for something that is not built
}

func rows(t *testing.T) []row {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "rows.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var list []row
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		id, text, _ := strings.Cut(line, " ")
		list = append(list, row{id: id, later: strings.Contains(text, "; later: ")})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

var (
	covers = regexp.MustCompile(`covers ([IFS][0-9]+(?:,? +[IFS][0-9]+)*)`)
	rowID  = regexp.MustCompile(`[IFS][0-9]+`)
)

// proofs are the places that say which rows they cover.
func proofs(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && entry.Name() == ".git" {
				return filepath.SkipDir
			}
			return err
		}
		suite := strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".txtar") || strings.HasSuffix(filepath.Dir(path), "test")
		if !suite || strings.HasSuffix(path, "rows_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, hit := range covers.FindAllStringSubmatch(string(text), -1) {
			for _, id := range rowID.FindAllString(hit[1], -1) {
				found[id] = append(found[id], path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryRowHasItsProof(t *testing.T) {
	found, known := proofs(t), map[string]bool{}
	for _, r := range rows(t) {
		if known[r.id] {
			t.Errorf("row %s stands twice in the list", r.id)
		}
		known[r.id] = true
		if len(found[r.id]) == 0 && !r.later {
			t.Errorf("no test says that it covers %s", r.id)
		}
	}
	for id, paths := range found {
		if !known[id] {
			t.Errorf("%s covers %s, which the list does not have", paths[0], id)
		}
	}
	if len(known) < 71 {
		t.Errorf("only %d rows in the list", len(known))
	}
}
