package ui_test

import (
	"go/ast"
	"testing"
)

// The sizes of the house style (style: section 2): beyond them a file or a
// function has more than one subject.
const (
	maxFileLines     = 400
	maxFunctionLines = 60
)

func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.in("state/ledger/ledgertest") {
			continue // Tables of cases may be long.
		}
		if lines := s.set.Position(s.file.FileEnd).Line; lines > maxFileLines+1 {
			t.Errorf("%s/%s has %d lines, at most %d", s.dir, s.name, lines, maxFileLines)
		}
		for _, d := range s.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := s.set.Position(fn.End()).Line - s.set.Position(fn.Pos()).Line + 1; lines > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, at most %d", s.at(fn), fn.Name.Name, lines, maxFunctionLines)
			}
		}
	}
}
