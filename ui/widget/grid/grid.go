// Package grid owns a table that shows a window of rows: the ones it was
// given, out of however many there are. It keeps the cursor on a row's key
// while rows come and go, and says when it needs rows beyond its window. It
// never fetches, sorts or counts anything itself.
package grid

import (
	"slices"

	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Align is where a column's text stands.
type Align uint8

// The two alignments.
const (
	Left Align = iota
	Right
)

// Column is one column. Widths are cells and do not depend on the rows, so
// that nothing moves while scrolling.
type Column struct {
	ID    string
	Title text.Safe
	Min   int // the least width at which it is shown
	Max   int // it grows up to this where there is room; below Min counts as Min
	Align Align
	// Middle cuts a text that does not fit in its middle: numbers differ at
	// their ends.
	Middle bool
	Drop   int // 0 always stays; of the others the highest goes first when it gets narrow
}

// Cell is one value, safe and ready to be drawn.
type Cell struct {
	Text text.Safe
	Tone style.Tone
}

// Row is one record. A key is unique and stays with its record. A row may have
// fewer cells than there are columns.
type Row struct {
	Key   string
	Cells []Cell
}

// Window is the part of a list that the page holds, in order.
type Window struct {
	Rows     []Row
	AtTop    bool // there is nothing before the first row
	AtBottom bool // there is nothing after the last row
	Before   int  // number of rows before the first one; -1: not known
	Total    int  // number of rows of the whole list; -1: not known
}

// Need says what the page should fetch after a move. The grid shows what it
// has meanwhile, and completes the move when SetWindow brings the rows.
type Need uint8

// The needs.
const (
	NeedNothing Need = iota
	NeedBefore       // more rows before the window
	NeedAfter        // more rows after the window
	NeedFirst        // the window at the start of the list
	NeedLast         // the window at the end of the list
)

// goal is where the cursor goes when the awaited window is there.
type goal uint8

const (
	stay goal = iota
	toFirst
	toLast
)

// Grid is the table. Make it with New.
type Grid struct {
	st      *style.Styles
	columns []Column
	width   int
	height  int
	focused bool
	sortBy  string
	descend bool
	empty   []text.Safe

	window Window
	cursor int // index into window.Rows
	offset int // index of the first row on screen
	owed   int // rows still to move when they are there
	goal   goal
	marks  []string

	layout   []placed
	drawn    string
	drawnFor int // the style generation of drawn; 0: draw again
}

// New returns an empty grid. The columns are in display order.
func New(st *style.Styles, columns []Column) *Grid {
	g := &Grid{st: st, focused: true, window: Window{AtTop: true, AtBottom: true}}
	g.SetColumns(columns)
	return g
}

// SetColumns replaces the columns.
func (g *Grid) SetColumns(columns []Column) {
	g.columns = slices.Clone(columns)
	g.layout = place(g.columns, g.width)
	g.changed()
}

// Columns returns the columns that fit now, in display order.
func (g *Grid) Columns() []Column {
	shown := make([]Column, 0, len(g.layout))
	for _, p := range g.layout {
		shown = append(shown, g.columns[p.index])
	}
	return shown
}

// SetSize gives the grid its rectangle; the header takes one line of it.
func (g *Grid) SetSize(width, height int) {
	if width == g.width && height == g.height {
		return
	}
	g.width, g.height = width, height
	g.layout = place(g.columns, g.width)
	g.scroll()
	g.changed()
}

// SetFocused says whether the keyboard is here; the selection is drawn calmer
// when it is not.
func (g *Grid) SetFocused(focused bool) {
	if g.focused != focused {
		g.focused = focused
		g.changed()
	}
}

// SetSort puts an arrow on a column's title; an unknown ID shows none.
func (g *Grid) SetSort(columnID string, descending bool) {
	g.sortBy, g.descend = columnID, descending
	g.changed()
}

// SetEmpty sets what is shown in place of rows.
func (g *Grid) SetEmpty(lines ...text.Safe) {
	g.empty = slices.Clone(lines)
	g.changed()
}

// SetWindow replaces the rows. The cursor stays on its row; if that is gone,
// on the next one that is still there. A move that was waiting for rows is
// completed as far as they reach.
func (g *Grid) SetWindow(w Window) {
	line, atStart := g.cursor-g.offset, g.offset == 0 && g.window.AtTop
	old := g.window.Rows
	g.window = w
	switch {
	case g.goal == toFirst && w.AtTop:
		g.cursor, g.owed, g.goal = 0, 0, stay
	case g.goal == toLast && w.AtBottom:
		g.cursor, g.owed, g.goal = len(w.Rows)-1, 0, stay
	default:
		g.cursor = g.find(old)
	}
	g.offset = g.cursor - line
	if atStart && w.AtTop && g.cursor < g.lines() {
		g.offset = 0 // new rows at the top stay in sight
	}
	g.settle()
	g.changed()
}

// find locates the old cursor row, or its nearest neighbour, in the new window.
func (g *Grid) find(old []Row) int {
	if g.cursor < 0 || g.cursor >= len(old) {
		return g.cursor
	}
	index := make(map[string]int, len(g.window.Rows))
	for i, r := range g.window.Rows {
		index[r.Key] = i
	}
	for _, r := range old[g.cursor:] {
		if i, ok := index[r.Key]; ok {
			return i
		}
	}
	for _, r := range slices.Backward(old[:g.cursor]) {
		if i, ok := index[r.Key]; ok {
			return i
		}
	}
	return g.cursor
}

// settle applies what a waiting move still owes, and brings cursor and offset
// into range.
func (g *Grid) settle() {
	target := g.cursor + g.owed
	g.cursor = clamp(target, 0, len(g.window.Rows)-1)
	g.owed = target - g.cursor
	if (g.owed < 0 && g.window.AtTop) || (g.owed > 0 && g.window.AtBottom) {
		g.owed = 0
	}
	g.scroll()
}

// Reset forgets cursor, waiting moves and marks; for another filter or list.
func (g *Grid) Reset() {
	g.window = Window{AtTop: true, AtBottom: true}
	g.cursor, g.offset, g.owed, g.goal, g.marks = 0, 0, 0, stay, nil
	g.changed()
}

// Move moves the cursor by rows; negative is up.
func (g *Grid) Move(rows int) Need {
	g.goal, g.owed = stay, g.owed+rows
	if (g.owed > 0) != (rows > 0) {
		g.owed = rows // the person turned round
	}
	g.settle()
	g.changed()
	return g.need(rows)
}

// Page moves the cursor by screenfuls; negative is up.
func (g *Grid) Page(screens int) Need { return g.Move(screens * max(g.lines()-1, 1)) }

// First moves the cursor to the first row of the list.
func (g *Grid) First() Need {
	g.owed, g.goal = 0, stay
	g.cursor = 0
	g.settle()
	g.changed()
	if g.window.AtTop {
		return NeedNothing
	}
	g.goal = toFirst
	return NeedFirst
}

// Last moves the cursor to the last row of the list.
func (g *Grid) Last() Need {
	g.owed, g.goal = 0, stay
	g.cursor = len(g.window.Rows) - 1
	g.settle()
	g.changed()
	if g.window.AtBottom {
		return NeedNothing
	}
	g.goal = toLast
	return NeedLast
}

// need says whether the window should grow in the direction of a move: when
// fewer than two screenfuls are left.
func (g *Grid) need(direction int) Need {
	margin := 2 * max(g.lines(), 1)
	switch {
	case direction < 0 && !g.window.AtTop && g.cursor < margin:
		return NeedBefore
	case direction > 0 && !g.window.AtBottom && len(g.window.Rows)-1-g.cursor < margin:
		return NeedAfter
	}
	return NeedNothing
}

// Wants says what is still missing once SetWindow has brought rows: those that
// a waiting move still owes, or those near the cursor.
func (g *Grid) Wants() Need {
	switch {
	case g.goal == toFirst:
		return NeedFirst
	case g.goal == toLast:
		return NeedLast
	case g.owed != 0:
		return g.need(g.owed)
	}
	if need := g.need(1); need != NeedNothing {
		return need
	}
	return g.need(-1)
}

// Select puts the cursor on the row with that key; false when it is not in the
// window.
func (g *Grid) Select(key string) bool {
	i := slices.IndexFunc(g.window.Rows, func(r Row) bool { return r.Key == key })
	if i < 0 {
		return false
	}
	g.cursor, g.owed, g.goal = i, 0, stay
	g.scroll()
	g.changed()
	return true
}

// Cursor returns the key under the cursor; false when there are no rows.
func (g *Grid) Cursor() (key string, ok bool) {
	if g.cursor < 0 || g.cursor >= len(g.window.Rows) {
		return "", false
	}
	return g.window.Rows[g.cursor].Key, true
}

// Len is the number of rows in the window.
func (g *Grid) Len() int { return len(g.window.Rows) }

// Edges returns the first and last key of the window, from which a page
// fetches on; both are empty when there are no rows.
func (g *Grid) Edges() (first, last string) {
	if n := len(g.window.Rows); n > 0 {
		return g.window.Rows[0].Key, g.window.Rows[n-1].Key
	}
	return "", ""
}

// Visible returns the keys on screen, top to bottom.
func (g *Grid) Visible() []string {
	var keys []string
	for _, r := range g.onScreen() {
		keys = append(keys, r.Key)
	}
	return keys
}

// ToggleMark marks the row under the cursor or removes its mark. Marks outlive
// scrolling.
func (g *Grid) ToggleMark() {
	key, ok := g.Cursor()
	if !ok {
		return
	}
	if i := slices.Index(g.marks, key); i >= 0 {
		g.marks = slices.Delete(g.marks, i, i+1)
	} else {
		g.marks = append(g.marks, key)
	}
	g.changed()
}

// Marks returns the marked keys in the order of marking.
func (g *Grid) Marks() []string { return slices.Clone(g.marks) }

// ClearMarks removes all marks.
func (g *Grid) ClearMarks() {
	g.marks = nil
	g.changed()
}

// RowAt returns the key of the row drawn at line y of the grid.
func (g *Grid) RowAt(y int) (key string, ok bool) {
	if rows := g.onScreen(); y >= 1 && y <= len(rows) {
		return rows[y-1].Key, true
	}
	return "", false
}

// ColumnAt returns the ID of the column drawn at cell x, for a click on its
// title.
func (g *Grid) ColumnAt(x int) (id string, ok bool) {
	at := gutter
	for _, p := range g.layout {
		if x >= at && x < at+p.width {
			return g.columns[p.index].ID, true
		}
		at += p.width + gap
	}
	return "", false
}

// lines is the number of rows that fit on screen.
func (g *Grid) lines() int { return max(g.height-1, 0) }

// onScreen is the rows that are drawn.
func (g *Grid) onScreen() []Row {
	end := min(g.offset+g.lines(), len(g.window.Rows))
	return g.window.Rows[min(g.offset, end):end]
}

// scroll moves the offset so that the cursor is on screen and no line is
// wasted.
func (g *Grid) scroll() {
	lines := g.lines()
	g.offset = clamp(g.offset, g.cursor-lines+1, g.cursor)
	g.offset = clamp(g.offset, 0, max(len(g.window.Rows)-lines, 0))
}

// changed makes the next View draw again.
func (g *Grid) changed() { g.drawnFor = 0 }

// clamp brings v into low…high; low wins over an empty range.
func clamp(v, low, high int) int { return max(min(v, high), low) }
