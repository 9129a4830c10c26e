package dialog

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/action"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/field"
	"paydesk/ui/widget/form"
	"paydesk/ui/widget/pane"
)

// Palette finds an action by a few letters. Those that cannot be done now are
// listed with the reason.
type Palette struct {
	kit    Kit
	rows   []action.Row
	hits   []action.Hit
	search *field.Field
	menu   menu
	titles int // cells for the titles

	width, height int
}

// NewPalette opens the palette over the actions as they stand now.
func NewPalette(kit Kit, rows []action.Row) *Palette {
	d := &Palette{kit: kit, rows: rows, hits: action.Search(rows, ""), search: field.New(kit.Styles, 60)}
	d.search.SetPlaceholder(text.Literal("what to do"))
	d.search.Focus()
	for _, r := range rows {
		d.titles = min(max(d.titles, text.Width(r.Title)), 32)
	}
	return d
}

// Title implements Dialog.
func (d *Palette) Title() text.Safe { return text.Literal("Commands") }

// SetSize implements Dialog.
func (d *Palette) SetSize(width, height int) { d.width, d.height = width, height }

// Update implements Dialog.
func (d *Palette) Update(msg tea.Msg, _ time.Time) (Result, tea.Cmd) {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch id := d.kit.find(press); id {
		case keys.DialogClose:
			return Closed{}, nil
		case keys.DialogAccept:
			if d.menu.cursor < len(d.hits) && d.hits[d.menu.cursor].OK {
				return Run{Action: d.hits[d.menu.cursor].ID}, nil
			}
			return nil, nil
		default:
			if d.menu.move(id, len(d.hits)) {
				return nil, nil
			}
		}
	}
	if d.search.Update(msg) {
		d.hits, d.menu = action.Search(d.rows, d.search.Value()), menu{}
	}
	return nil, nil
}

// View implements Dialog.
func (d *Palette) View() string {
	st := d.kit.Styles
	width := min(d.width, pickerWidth)
	inner, _ := pane.Inner(width, 3)
	d.search.SetWidth(inner - 2)
	lines := []string{st.Paint(style.Accent, text.Literal(":")) + " " + d.search.View(), ""}
	rows := max(min(len(d.rows), 16, d.height-4-len(lines)), 1)
	first := d.menu.window(len(d.hits), rows)
	for i := range rows {
		switch at := first + i; {
		case at < len(d.hits):
			lines = append(lines, d.line(d.hits[at], at == d.menu.cursor, inner))
		case i == 0:
			lines = append(lines, st.Paint(style.Muted, text.Literal("no command is called that")))
		default:
			lines = append(lines, "")
		}
	}
	box := pane.Box{Title: d.Title(), Note: d.menu.position(len(d.hits), rows), Focused: true}
	box.Footer = text.Concat(d.kit.Keys.Label(keys.DialogAccept), text.Literal(" run   "), d.kit.Keys.Label(keys.DialogClose), text.Literal(" close"))
	if at := d.menu.cursor; at < len(d.hits) && !d.hits[at].OK {
		box.Footer, box.Alert = notNow(d.hits[at].Row), true
	}
	return box.Draw(st, width, len(lines)+2, lines)
}

// notNow says why an action cannot be done.
func notNow(r action.Row) text.Safe { return text.Concat(text.Literal("not now: "), r.Reason) }

// line draws one action: title, group or reason, key.
func (d *Palette) line(hit action.Hit, on bool, inner int) string {
	st := d.kit.Styles
	paint := st.Paint
	bar := text.Spaces(1)
	if on {
		paint, bar = st.PaintSelected, st.Glyph.Bar
	}
	tone, aside := style.Text, hit.Group
	if !hit.OK {
		tone, aside = style.Faint, notNow(hit.Row)
	}
	room := inner - 2 - text.Width(hit.Key) - 1
	title := text.Truncate(hit.Title, room)
	column := min(max(d.titles, text.Width(title)), room)
	gap := text.Spaces(column - text.Width(title) + 2)
	aside = text.Truncate(aside, room-column-2)
	fill := text.Spaces(room - column - 2 - text.Width(aside))
	return paint(style.Accent, bar) + paint(tone, text.Spaces(1)) + marks(paint, tone, title, hit.Matched) +
		paint(style.Faint, text.Concat(gap, aside, fill, text.Spaces(1))) + paint(style.Accent, hit.Key)
}

// marks paints the letters that a search found.
func marks(paint func(style.Tone, text.Safe) string, tone style.Tone, words text.Safe, found []int) string {
	if len(found) == 0 {
		return paint(tone, words)
	}
	var b strings.Builder
	for i, r := range words.String() {
		t := tone
		if slices.Contains(found, i) {
			t = style.Match
		}
		b.WriteString(paint(t, text.Clean(string(r))))
	}
	return b.String()
}

// Cursor implements Dialog.
func (d *Palette) Cursor() *tea.Cursor { return form.Shift(d.search.Cursor(), 4, 1) }
