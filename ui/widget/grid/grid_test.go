package grid

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func orderColumns() []Column {
	return []Column{
		{ID: "placed", Title: text.Literal("PLACED"), Min: 12},
		{ID: "order", Title: text.Literal("ORDER"), Min: 14, Max: 24},
		{ID: "user", Title: text.Literal("USER"), Min: 8, Max: 14, Drop: 3},
		{ID: "method", Title: text.Literal("METHOD"), Min: 10, Max: 14, Drop: 2},
		{ID: "amount", Title: text.Literal("AMOUNT"), Min: 13, Max: 18, Align: Right},
		{ID: "status", Title: text.Literal("STATUS"), Min: 9, Max: 12, Drop: 1},
		{ID: "note", Title: text.Literal("NOTE"), Min: 12, Max: 60, Drop: 4},
	}
}

func cells(tone style.Tone, values ...string) []Cell {
	row := make([]Cell, len(values))
	for i, v := range values {
		row[i] = Cell{Text: text.Clean(v)}
	}
	row[0].Tone, row[5].Tone, row[6].Tone = style.Muted, tone, style.Muted
	return row
}

func orderRows() []Row {
	return []Row{
		{"a", cells(style.Success, "21 Nov 14:01", "P1642410680681", "U-2041", "VISA ·4242", "10,000 IDR", "✓ paid", "")},
		{"b", cells(style.Success, "21 Nov 13:58", "P1642410680502", "U-1177", "FPS", "58.00 HKD", "✓ paid ◐", "ticket 1182")},
		{"c", cells(style.Pending, "21 Nov 13:40", "P1642410680333", "U-0420", "GCash", "500.10 PHP", "○ pending", "退款 请求，客户来电要求退回部分金额")},
		{"d", cells(style.Danger, "20 Nov 09:12", "P1642410679000", "U-0007", "MASTERCARD ·5454", "1,234,567.89 PHP", "✗ failed", "नमस्ते")},
		{"e", cells(style.Unknown, " 2 Jan  2024", "P16424106\x1b[2J", "U-\u202e7", "DANA", "999 IDR", "? unknown", "paid\r\nnot")},
	}
}

func TestViewAtEveryWidth(t *testing.T) {
	for _, width := range []int{40, 60, 80, 140} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			g := New(styletest.Plain(t), orderColumns())
			g.SetSort("placed", true)
			g.SetSize(width, 9)
			g.SetWindow(Window{Rows: orderRows(), AtTop: true, AtBottom: true, Total: 5})
			g.Move(1)
			g.ToggleMark()
			g.Move(1)
			styletest.RequireSize(t, g.View(), width, 9)
			styletest.Golden(t, g.View())
		})
	}
}

func TestViewASCIIEmptyAndLong(t *testing.T) {
	t.Run("ascii", func(t *testing.T) {
		g := New(styletest.With(t, style.Options{NoColor: true, ASCII: true}), orderColumns())
		g.SetSort("amount", false)
		g.SetSize(80, 5)
		g.SetWindow(Window{Rows: orderRows()[:2], AtTop: true, AtBottom: true, Total: 2})
		styletest.Golden(t, g.View())
	})
	t.Run("empty", func(t *testing.T) {
		g := New(styletest.Plain(t), orderColumns())
		g.SetSize(60, 6)
		g.SetEmpty(text.Literal("no order matches"), text.Literal("esc clears the filter"))
		styletest.RequireSize(t, g.View(), 60, 6)
		styletest.Golden(t, g.View())
	})
	t.Run("position known", func(t *testing.T) {
		g := long(t, Window{Rows: many(400, 100), Before: 400, Total: 1000})
		g.Move(50)
		styletest.Golden(t, g.View())
	})
	t.Run("position not known", func(t *testing.T) {
		g := long(t, Window{Rows: many(400, 100), Before: -1, Total: -1})
		g.Move(50)
		styletest.Golden(t, g.View())
	})
}

func TestSelectionIsSeenWithoutColour(t *testing.T) {
	g := New(styletest.Plain(t), orderColumns())
	g.SetSize(80, 4)
	g.SetWindow(Window{Rows: orderRows(), AtTop: true, AtBottom: true, Total: 5})
	line := strings.Split(g.View(), "\n")[1]
	if !strings.Contains(line, "▌") || !strings.Contains(line, "\x1b[7m") && !strings.Contains(line, ";7m") {
		t.Errorf("selected row = %q", line)
	}
	g.SetFocused(false)
	line = strings.Split(g.View(), "\n")[1]
	if !strings.Contains(line, "▌") || strings.Contains(line, "7m") {
		t.Errorf("selected row without the keyboard = %q", line)
	}
}

func TestViewIsAlwaysItsRectangle(t *testing.T) {
	st := styletest.Colour(t)
	rapid.Check(t, func(r *rapid.T) {
		g := New(st, orderColumns())
		width, height := rapid.IntRange(20, 200).Draw(r, "width"), rapid.IntRange(1, 30).Draw(r, "height")
		g.SetSize(width, height)
		words := rapid.SliceOfN(rapid.String(), 7, 7).Draw(r, "cells")
		w := Window{AtTop: rapid.Bool().Draw(r, "top"), AtBottom: rapid.Bool().Draw(r, "bottom"), Before: -1, Total: -1}
		for i := range rapid.IntRange(0, 40).Draw(r, "rows") {
			w.Rows = append(w.Rows, Row{Key: fmt.Sprint(i), Cells: cells(style.Danger, words...)})
		}
		g.SetWindow(w)
		g.Move(rapid.IntRange(-50, 50).Draw(r, "move"))
		styletest.RequireSize(r, g.View(), width, height)
		if len(w.Rows) > 0 && height > 1 {
			key, _ := g.Cursor()
			if !strings.Contains(strings.Join(g.Visible(), " ")+" ", key+" ") {
				r.Fatalf("cursor %s is not on screen: %v", key, g.Visible())
			}
		}
	})
}

func many(from, n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{Key: fmt.Sprint(from + i), Cells: cells(style.Success, "21 Nov 14:01", fmt.Sprintf("P%013d", from+i), "U-2041", "VISA ·4242", "10,000 IDR", "✓ paid", "")}
	}
	return rows
}

func long(tb testing.TB, w Window) *Grid {
	g := New(styletest.Plain(tb), orderColumns())
	g.SetSize(80, 11)
	g.SetWindow(w)
	return g
}

func requireCursor(t *testing.T, g *Grid, want string) {
	t.Helper()
	if got, _ := g.Cursor(); got != want {
		t.Errorf("cursor = %q, want %q", got, want)
	}
}

func TestMoveAsksForMoreBeforeTheEdge(t *testing.T) {
	g := long(t, Window{Rows: many(100, 100), Before: 100, Total: 1000})
	if need := g.Move(1); need != NeedNothing {
		t.Errorf("down from the top of the window needs %v", need)
	}
	if need := g.Move(-1); need != NeedBefore {
		t.Errorf("up at the top of the window needs %v", need)
	}
	g.Move(70)
	if need := g.Move(1); need != NeedNothing {
		t.Errorf("needs %v with 28 rows left", need)
	}
	if need := g.Page(1); need != NeedAfter {
		t.Errorf("needs %v with 19 rows left", need)
	}
	g.SetWindow(Window{Rows: many(100, 100), AtTop: true, AtBottom: true, Total: 100})
	if need := g.Move(500); need != NeedNothing {
		t.Errorf("needs %v beyond the end of the list", need)
	}
	requireCursor(t, g, "199")
}

func TestMoveIsCompletedWhenRowsArrive(t *testing.T) {
	g := long(t, Window{Rows: many(0, 20), AtTop: true, Total: 1000})
	g.Move(15)
	if need := g.Page(2); need != NeedAfter {
		t.Fatalf("needs %v", need)
	}
	requireCursor(t, g, "19")
	g.SetWindow(Window{Rows: many(0, 200), AtTop: true, Total: 1000})
	requireCursor(t, g, "33")
	if first := g.Visible()[0]; first != "24" {
		t.Errorf("screen starts at %s", first)
	}
	g.SetWindow(Window{Rows: many(0, 300), AtTop: true, Total: 1000})
	requireCursor(t, g, "33")

	g = long(t, Window{Rows: many(0, 20), AtTop: true, Total: 1000})
	g.Move(40)
	g.Move(-1) // turned round: what was owed is forgotten
	g.SetWindow(Window{Rows: many(0, 200), AtTop: true, Total: 1000})
	requireCursor(t, g, "18")
}

func TestFirstAndLast(t *testing.T) {
	g := long(t, Window{Rows: many(400, 100), Before: 400, Total: 1000})
	if need := g.Last(); need != NeedLast {
		t.Fatalf("needs %v", need)
	}
	g.SetWindow(Window{Rows: many(400, 120), Before: 400, Total: 1000}) // not yet the end
	g.SetWindow(Window{Rows: many(900, 100), Before: 900, Total: 1000, AtBottom: true})
	requireCursor(t, g, "999")
	if need := g.First(); need != NeedFirst {
		t.Fatalf("needs %v", need)
	}
	g.SetWindow(Window{Rows: many(0, 100), AtTop: true, Total: 1000})
	requireCursor(t, g, "0")
	if need := g.First(); need != NeedNothing {
		t.Errorf("needs %v", need)
	}
	if first := g.Visible()[0]; first != "0" {
		t.Errorf("screen starts at %s", first)
	}
}

func TestCursorStaysOnItsRow(t *testing.T) {
	g := long(t, Window{Rows: many(10, 50), AtTop: true, AtBottom: true, Total: 50})
	g.Move(20)
	requireCursor(t, g, "30")
	line := func() int {
		for i, k := range g.Visible() {
			if key, _ := g.Cursor(); k == key {
				return i
			}
		}
		return -1
	}
	before := line()
	g.SetWindow(Window{Rows: many(0, 60), AtTop: true, AtBottom: true, Total: 60})
	requireCursor(t, g, "30")
	if line() != before {
		t.Errorf("the row moved on screen from line %d to %d", before, line())
	}
	rows := many(0, 60)
	gone := append(rows[:30:30], rows[31:]...)
	g.SetWindow(Window{Rows: gone, AtTop: true, AtBottom: true, Total: 59})
	requireCursor(t, g, "31")
	g.SetWindow(Window{Rows: rows[:20], AtTop: true, AtBottom: true, Total: 20})
	requireCursor(t, g, "19")
	g.SetWindow(Window{AtTop: true, AtBottom: true})
	if key, ok := g.Cursor(); ok {
		t.Errorf("cursor = %q on nothing", key)
	}
	g.SetWindow(Window{Rows: rows[:3], AtTop: true, AtBottom: true, Total: 3})
	requireCursor(t, g, "0")
}

func TestNewRowsAtTheTopAreSeen(t *testing.T) {
	g := long(t, Window{Rows: many(5, 50), AtTop: true, AtBottom: true, Total: 50})
	g.SetWindow(Window{Rows: many(4, 51), AtTop: true, AtBottom: true, Total: 51})
	requireCursor(t, g, "5")
	if first := g.Visible()[0]; first != "4" {
		t.Errorf("screen starts at %s", first)
	}
}

func TestMarksOutliveScrolling(t *testing.T) {
	g := long(t, Window{Rows: many(0, 100), AtTop: true, Total: 1000})
	g.Move(3)
	g.ToggleMark()
	g.Move(-2)
	g.ToggleMark()
	g.SetWindow(Window{Rows: many(500, 100), Before: 500, Total: 1000})
	if got := strings.Join(g.Marks(), " "); got != "3 1" {
		t.Errorf("marks = %q", got)
	}
	g.Select("510")
	g.ToggleMark()
	g.ToggleMark()
	if got := strings.Join(g.Marks(), " "); got != "3 1" {
		t.Errorf("marks = %q", got)
	}
	g.ClearMarks()
	if len(g.Marks()) != 0 {
		t.Error("marks are left")
	}
}

func TestMouse(t *testing.T) {
	g := long(t, Window{Rows: many(0, 5), AtTop: true, AtBottom: true, Total: 5})
	for y, want := range map[int]string{0: "", 1: "0", 5: "4", 6: "", -1: ""} {
		if got, ok := g.RowAt(y); got != want || ok != (want != "") {
			t.Errorf("RowAt(%d) = %q, %v", y, got, ok)
		}
	}
	for x, want := range map[int]string{0: "", 3: "placed", 14: "placed", 15: "", 17: "order", 79: ""} {
		if got, _ := g.ColumnAt(x); got != want {
			t.Errorf("ColumnAt(%d) = %q, want %q", x, got, want)
		}
	}
	if g.Select("nothing") {
		t.Error("selected a row that is not there")
	}
}

func TestColumnsDropByPriority(t *testing.T) {
	g := New(styletest.Colour(t), orderColumns())
	for width, want := range map[int]string{
		140: "placed order user method amount status note",
		90:  "placed order user method amount status",
		76:  "placed order method amount status",
		64:  "placed order amount status",
		50:  "placed order amount",
		30:  "placed order amount",
	} {
		g.SetSize(width, 5)
		var ids []string
		for _, c := range g.Columns() {
			ids = append(ids, c.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("at %d: %s, want %s", width, got, want)
		}
	}
}

func TestThemeChangeDrawsAgain(t *testing.T) {
	st := styletest.Colour(t)
	g := New(st, orderColumns())
	g.SetSize(80, 5)
	g.SetWindow(Window{Rows: orderRows(), AtTop: true, AtBottom: true, Total: 5})
	before := g.View()
	st.Set(st.Theme(), style.Options{NoColor: true})
	if g.View() == before {
		t.Error("the view is stale")
	}
}

func BenchmarkMoveAndView(b *testing.B) {
	g := New(styletest.Colour(b), orderColumns())
	g.SetSize(140, 40)
	g.SetWindow(Window{Rows: many(0, 400), AtTop: true, Total: 1000000})
	for i := 0; b.Loop(); i++ {
		if i%300 == 299 {
			g.Move(-299)
		} else {
			g.Move(1)
		}
		_ = g.View()
	}
}

func BenchmarkSetWindow(b *testing.B) {
	g := New(styletest.Colour(b), orderColumns())
	g.SetSize(140, 40)
	w := Window{Rows: many(0, 400), AtTop: true, Total: 1000000}
	for b.Loop() {
		g.SetWindow(w)
		_ = g.View()
	}
}

func BenchmarkViewUnchanged(b *testing.B) {
	g := New(styletest.Colour(b), orderColumns())
	g.SetSize(140, 40)
	g.SetWindow(Window{Rows: many(0, 400), AtTop: true, Total: 1000000})
	for b.Loop() {
		_ = g.View()
	}
}
