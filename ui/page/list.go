package page

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/keys"
	"paydesk/ui/widget/grid"
)

// Sizes of a list's window, in rows. A fetch is larger than any screen, so
// that a page move finds its rows there; what is held stays small, whatever
// the size of the list (product: section 8).
const (
	FetchRows = 120
	HoldRows  = 480
)

// readLimit bounds one read of the ledger (I15).
const readLimit = 10 * time.Second

// Fetch asks for part of a list, in list order.
type Fetch struct {
	Anchor  int64 // ID of the row next to it; 0: an edge of the list
	Back    bool  // before the anchor, or the end of the list
	Include bool  // with the anchor's own row
	Limit   int
}

// Source reads part of a list. Fewer rows than asked for mean its edge.
type Source[T any] func(ctx context.Context, f Fetch) ([]T, error)

// way says where a fetched batch belongs.
type way uint8

const (
	whole  way = iota // replaces the window
	before            // grows it upwards
	after             // grows it downwards
)

// Batch is one answer of a source.
type Batch[T any] struct {
	rows  []T
	fetch Fetch
	way   way
}

// List keeps a window of a long list and shows it in a grid. It fetches what
// the cursor comes near, keeps the cursor on its record while rows come and
// go, and re-reads its window when there is news.
type List[T any] struct {
	Grid  *grid.Grid
	Asker *Asker[Batch[T]]

	source Source[T]
	id     func(T) int64
	row    func(T) grid.Row

	rows    []T
	drawn   []grid.Row     // of rows
	index   map[string]int // key → index of rows
	top     bool           // nothing before rows
	bottom  bool           // nothing after rows
	loaded  bool           // the first answer is there
	fresh   bool           // the rows still shown are those of the list before
	hold    bool           // they stay rather than give way to nothing
	held    bool           // and they do
	stale   bool           // news came while a fetch was under way
	failure error
	ahead   int // rows before the window; -1: not known
	total   int // rows of the whole list; -1: not known
}

// ListOf says how records of one kind are placed and drawn.
type ListOf[T any] struct {
	ID  func(T) int64
	Row func(T) grid.Row // its key names the record
}

// NewList returns an empty list of a page.
func NewList[T any](page keys.Scope, g *grid.Grid, of ListOf[T]) *List[T] {
	return &List[T]{
		Grid: g, Asker: NewAsker[Batch[T]](page, readLimit), id: of.ID, row: of.Row, top: true, bottom: true, ahead: -1, total: -1,
	}
}

// Open shows another list from its start. The old rows stay on screen until
// the new ones are there, so that nothing flickers while typing.
func (l *List[T]) Open(ctx context.Context, source Source[T]) tea.Cmd {
	l.source, l.stale, l.fresh, l.hold, l.held, l.ahead, l.total = source, false, true, false, false, -1, -1
	return l.fetch(ctx, whole, Fetch{Limit: FetchRows})
}

// OpenUnlessEmpty is Open, but a list without rows does not take the place of
// the one on screen. Held then says so.
func (l *List[T]) OpenUnlessEmpty(ctx context.Context, source Source[T]) tea.Cmd {
	cmd := l.Open(ctx, source)
	l.hold = true
	return cmd
}

// Held reports whether the list has no rows and the one before is still shown.
func (l *List[T]) Held() bool { return l.held }

// Refresh reads the window again after news; a fetch that is under way is
// waited for, so that a stream of news cannot starve the screen.
func (l *List[T]) Refresh(ctx context.Context) tea.Cmd {
	switch {
	case l.source == nil:
		return nil
	case l.Asker.Busy():
		l.stale = true
		return nil
	case len(l.rows) == 0 || (l.top && l.near(HoldRows/2)):
		// Some more than there were: what is new at the top must not push the
		// cursor's row out.
		return l.fetch(ctx, whole, Fetch{Limit: max(len(l.rows), FetchRows) + FetchRows})
	}
	return l.fetch(ctx, whole, Fetch{Anchor: l.id(l.rows[0]), Include: true, Limit: len(l.rows)})
}

// Meet fetches what a move of the grid needs; a fetch in that direction under
// way is enough.
func (l *List[T]) Meet(ctx context.Context, need grid.Need) tea.Cmd {
	switch {
	case l.source == nil || need == grid.NeedNothing:
		return nil
	case need == grid.NeedFirst:
		return l.fetch(ctx, whole, Fetch{Limit: FetchRows})
	case need == grid.NeedLast:
		return l.fetch(ctx, whole, Fetch{Back: true, Limit: FetchRows})
	case l.Asker.Busy() || len(l.rows) == 0:
		return nil
	case need == grid.NeedBefore:
		return l.fetch(ctx, before, Fetch{Anchor: l.id(l.rows[0]), Back: true, Limit: FetchRows})
	}
	return l.fetch(ctx, after, Fetch{Anchor: l.id(l.rows[len(l.rows)-1]), Limit: FetchRows})
}

func (l *List[T]) fetch(ctx context.Context, w way, f Fetch) tea.Cmd {
	source := l.source
	return l.Asker.Ask(ctx, func(ctx context.Context) (Batch[T], error) {
		rows, err := source(ctx, f)
		return Batch[T]{rows: rows, fetch: f, way: w}, err
	})
}

// Take puts an answer into the window. It returns the next fetch when the
// cursor still waits for rows or news came meanwhile; ok is false for an
// answer to an older question.
func (l *List[T]) Take(ctx context.Context, answer Answer[Batch[T]]) (next tea.Cmd, ok bool) {
	batch, ok, err := l.Asker.Take(answer)
	if !ok {
		return nil, false
	}
	l.failure = err
	if err != nil {
		return nil, true
	}
	l.loaded = true
	if l.held = l.fresh && l.hold && len(batch.rows) == 0; l.held {
		return nil, true
	}
	if l.fresh {
		l.fresh = false
		l.Grid.Reset()
	}
	l.place(batch)
	l.show()
	if l.stale {
		l.stale = false
		return l.Refresh(ctx), true
	}
	return l.Meet(ctx, l.Grid.Wants()), true
}

// near reports whether the cursor is among the first rows of the window.
func (l *List[T]) near(most int) bool {
	key, ok := l.Grid.Cursor()
	return !ok || l.index[key] < most
}

// trim drops what a refresh read beyond the rows that are kept and those about
// the cursor; it reports whether all were kept.
func (l *List[T]) trim(keep int) bool {
	key, _ := l.Grid.Cursor()
	if i := slices.IndexFunc(l.drawn, func(r grid.Row) bool { return r.Key == key }); i >= 0 {
		keep = max(keep, i+FetchRows/2)
	}
	if len(l.rows) <= keep {
		return true
	}
	l.rows, l.drawn = slices.Clone(l.rows[:keep]), slices.Clone(l.drawn[:keep])
	return false
}

// place puts a batch into the window.
func (l *List[T]) place(batch Batch[T]) {
	edge := len(batch.rows) < batch.fetch.Limit
	switch batch.way {
	case whole:
		keep := max(len(l.rows), FetchRows)
		l.rows, l.drawn = batch.rows, l.draw(batch.rows)
		edge = l.trim(keep) && edge
		fromStart, fromEnd := batch.fetch.Anchor == 0 && !batch.fetch.Back, batch.fetch.Anchor == 0 && batch.fetch.Back
		// Beside an anchor the grid asks for what is before when it comes near.
		l.top, l.bottom = fromStart || (fromEnd && edge), fromEnd || edge
		switch {
		case l.top:
			l.ahead = 0
		case fromEnd && l.total >= 0:
			l.ahead = l.total - len(l.rows)
		case fromEnd:
			l.ahead = -1
		}
	case before:
		l.rows, l.drawn, l.top = append(batch.rows, l.rows...), append(l.draw(batch.rows), l.drawn...), edge
		if l.ahead >= 0 {
			l.ahead = max(l.ahead-len(batch.rows), 0)
		}
		if len(l.rows) > HoldRows {
			l.rows, l.drawn, l.bottom = slices.Clone(l.rows[:HoldRows]), slices.Clone(l.drawn[:HoldRows]), false
		}
	case after:
		l.rows, l.drawn, l.bottom = append(l.rows, batch.rows...), append(l.drawn, l.draw(batch.rows)...), edge
		if cut := len(l.rows) - HoldRows; cut > 0 {
			l.rows, l.drawn, l.top = slices.Clone(l.rows[cut:]), slices.Clone(l.drawn[cut:]), false
			if l.ahead >= 0 {
				l.ahead += cut
			}
		}
	}
}

// SetTotal says how long the whole list is; -1 when it is not known. It only
// places the scroll bar.
func (l *List[T]) SetTotal(total int) {
	if l.total != total {
		l.total = total
		l.show()
	}
}

// Redraw makes all of the grid's rows anew, for other columns, another theme
// or another time.
func (l *List[T]) Redraw() {
	l.drawn = l.draw(l.rows)
	l.show()
}

// draw makes rows of records.
func (l *List[T]) draw(records []T) []grid.Row {
	rows := make([]grid.Row, len(records))
	for i, r := range records {
		rows[i] = l.row(r)
	}
	return rows
}

// show hands the window to the grid.
func (l *List[T]) show() {
	l.index = make(map[string]int, len(l.drawn))
	for i, r := range l.drawn {
		l.index[r.Key] = i
	}
	w := grid.Window{Rows: l.drawn, AtTop: l.top, AtBottom: l.bottom, Before: l.ahead, Total: l.total}
	if l.top {
		w.Before = 0
	}
	if w.Total >= 0 {
		w.Total = max(w.Total, max(w.Before, 0)+len(l.rows))
	}
	l.Grid.SetWindow(w)
}

// Rows is the window, in list order. The caller must not change it.
func (l *List[T]) Rows() []T { return l.rows }

// Current is the record under the cursor.
func (l *List[T]) Current() (record T, ok bool) {
	key, ok := l.Grid.Cursor()
	if !ok {
		return record, false
	}
	return l.Find(key)
}

// Find returns the record of the window with that key.
func (l *List[T]) Find(key string) (record T, ok bool) {
	i, ok := l.index[key]
	if !ok {
		return record, false
	}
	return l.rows[i], true
}

// Loaded reports whether an answer has been there.
func (l *List[T]) Loaded() bool { return l.loaded }

// Failure is why the last read failed; nil when it did not.
func (l *List[T]) Failure() error { return l.failure }
