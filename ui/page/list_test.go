package page

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"paydesk/themes"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/grid"
)

// shelf is a long list in memory; a record is its own ID.
type shelf struct{ records []int64 }

func (s *shelf) read(_ context.Context, f Fetch) ([]int64, error) {
	at := slices.Index(s.records, f.Anchor)
	switch {
	case f.Anchor == 0 && f.Back:
		return slices.Clone(s.records[max(len(s.records)-f.Limit, 0):]), nil
	case f.Anchor == 0:
		return slices.Clone(s.records[:min(f.Limit, len(s.records))]), nil
	case f.Back:
		return slices.Clone(s.records[max(at-f.Limit, 0):at]), nil
	case !f.Include:
		at++
	}
	return slices.Clone(s.records[at:min(at+f.Limit, len(s.records))]), nil
}

func newShelf(n int) *shelf {
	s := &shelf{}
	for i := range n {
		s.records = append(s.records, int64(i+1))
	}
	return s
}

func newTestList(height int) *List[int64] {
	set, _ := themes.Load(nil)
	look, _ := set.Pick(themes.Dark, true)
	g := grid.New(style.New(look, style.Options{NoColor: true}), []grid.Column{{ID: "n", Title: text.Literal("N"), Min: 8}})
	g.SetSize(40, height)
	return NewList("orders", g, ListOf[int64]{ID: func(n int64) int64 { return n }, Row: func(n int64) grid.Row {
		return grid.Row{Key: strconv.FormatInt(n, 10), Cells: []grid.Cell{{Text: text.Clean(fmt.Sprint(n))}}}
	}})
}

// play runs a command and what it leads to.
func play(ctx context.Context, l *List[int64], cmd tea.Cmd) {
	for cmd != nil {
		answer, ok := cmd().(Answer[Batch[int64]])
		if !ok {
			return
		}
		cmd, _ = l.Take(ctx, answer)
	}
}

func at(l *List[int64]) int64 {
	n, _ := l.Current()
	return n
}

func TestListReachesEveryRowInBothDirections(t *testing.T) {
	ctx := t.Context()
	s, l := newShelf(3000), newTestList(20)
	play(ctx, l, l.Open(ctx, s.read))
	for want := int64(1); want <= 3000; want++ {
		if at(l) != want {
			t.Fatalf("on %d, want %d", at(l), want)
		}
		play(ctx, l, l.Meet(ctx, l.Grid.Move(1)))
	}
	if len(l.Rows()) > HoldRows {
		t.Errorf("%d rows are held, want at most %d", len(l.Rows()), HoldRows)
	}
	for want := int64(3000); want >= 1; want-- {
		if at(l) != want {
			t.Fatalf("going up: on %d, want %d", at(l), want)
		}
		play(ctx, l, l.Meet(ctx, l.Grid.Move(-1)))
	}
	play(ctx, l, l.Meet(ctx, l.Grid.Last()))
	if at(l) != 3000 {
		t.Errorf("the last row is %d", at(l))
	}
	play(ctx, l, l.Meet(ctx, l.Grid.First()))
	if at(l) != 1 {
		t.Errorf("the first row is %d", at(l))
	}
}

func TestListKeepsItsPlaceWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		s, l := newShelf(rapid.IntRange(0, 900).Draw(t, "rows")), newTestList(rapid.IntRange(2, 40).Draw(t, "height"))
		next := int64(len(s.records) + 1)
		play(ctx, l, l.Open(ctx, s.read))
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0:
				play(ctx, l, l.Meet(ctx, l.Grid.Move(rapid.IntRange(-300, 300).Draw(t, "by"))))
			case 1:
				play(ctx, l, l.Meet(ctx, l.Grid.Page(rapid.IntRange(-9, 9).Draw(t, "pages"))))
			case 2:
				play(ctx, l, l.Meet(ctx, l.Grid.First()))
			case 3:
				play(ctx, l, l.Meet(ctx, l.Grid.Last()))
			case 4: // news: a record at the top
				before := at(l)
				s.records = slices.Insert(s.records, 0, next)
				next++
				play(ctx, l, l.Refresh(ctx))
				if before != 0 && at(l) != before {
					t.Fatalf("the cursor went from %d to %d", before, at(l))
				}
			case 5: // news: a record goes
				if n := len(s.records); n > 1 {
					i := rapid.IntRange(0, n-1).Draw(t, "gone")
					if s.records[i] == at(l) || (len(l.Rows()) > 0 && s.records[i] == l.Rows()[0]) {
						continue // the ledger never loses the record under the cursor
					}
					s.records = slices.Delete(s.records, i, i+1)
				}
				play(ctx, l, l.Refresh(ctx))
			case 6:
				play(ctx, l, l.Refresh(ctx))
			}
			held := l.Rows()
			if len(held) == 0 {
				continue
			}
			from := slices.Index(s.records, held[0])
			if from < 0 || !slices.Equal(held, s.records[from:from+len(held)]) {
				t.Fatalf("the window is no part of the list")
			}
			if l.ahead >= 0 && l.top && l.ahead != 0 {
				t.Fatalf("%d rows before the first", l.ahead)
			}
		}
	})
}
