package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/field"
	"paydesk/ui/widget/form"
	"paydesk/ui/widget/pane"
)

// pickerWidth is how wide pickers and the palette get.
const pickerWidth = 68

// Item is one line of a Picker.
type Item struct {
	Key    string // given back
	Title  text.Safe
	Detail text.Safe
	Env    style.Env // not empty: its word stands at the right
	Off    text.Safe // why it cannot be chosen; empty when it can
}

// PickerOptions is what a Picker is about.
type PickerOptions struct {
	ID     string // given back with the choice
	Title  text.Safe
	Intro  text.Safe // above the lines; may be empty
	Items  []Item
	Start  string // key of the item to start on
	Search bool   // typing narrows the lines; for more than a handful
}

// Picker chooses one of several things: a profile, a reason, a sorting.
type Picker struct {
	kit    Kit
	about  PickerOptions
	search *field.Field
	shown  []Item
	menu   menu
	hint   text.Safe

	width, height int
}

// NewPicker opens a picker on its Start item.
func NewPicker(kit Kit, about PickerOptions) *Picker {
	d := &Picker{kit: kit, about: about, search: field.New(kit.Styles, 60), shown: about.Items}
	d.search.SetPlaceholder(text.Literal("type to search"))
	if about.Search {
		d.search.Focus()
	}
	for i, item := range about.Items {
		if item.Key == about.Start {
			d.menu.cursor = i
		}
	}
	return d
}

// Title implements Dialog.
func (d *Picker) Title() text.Safe { return d.about.Title }

// SetSize implements Dialog.
func (d *Picker) SetSize(width, height int) { d.width, d.height = width, height }

// Update implements Dialog.
func (d *Picker) Update(msg tea.Msg, _ time.Time) (Result, tea.Cmd) {
	press, isKey := msg.(tea.KeyPressMsg)
	if isKey {
		d.hint = text.Safe{}
		switch id := d.kit.find(press); id {
		case keys.DialogClose:
			return Closed{ID: d.about.ID}, nil
		case keys.DialogAccept:
			return d.accept(), nil
		default:
			if d.menu.move(id, len(d.shown)) {
				return nil, nil
			}
		}
	}
	if d.search.Update(msg) {
		d.narrow()
	}
	return nil, nil
}

// accept chooses the line under the cursor, or says why not.
func (d *Picker) accept() Result {
	if d.menu.cursor >= len(d.shown) {
		return nil
	}
	item := d.shown[d.menu.cursor]
	if !item.Off.Empty() {
		d.hint = item.Off
		return nil
	}
	return Chosen{ID: d.about.ID, Key: item.Key}
}

// narrow keeps the lines that the search finds, best first.
func (d *Picker) narrow() {
	d.menu = menu{}
	if d.search.Value() == "" {
		d.shown = d.about.Items
		return
	}
	names := make([]string, len(d.about.Items))
	for i, item := range d.about.Items {
		names[i] = item.Title.String() + " " + item.Detail.String()
	}
	d.shown = nil
	for _, m := range fuzzy.Find(d.search.Value(), names) {
		d.shown = append(d.shown, d.about.Items[m.Index])
	}
}

// head draws what stands above the lines.
func (d *Picker) head(inner int) []string {
	st := d.kit.Styles
	var lines []string
	if !d.about.Intro.Empty() {
		lines = append(pane.Paragraph(st, style.Muted, d.about.Intro, inner), "")
	}
	if d.about.Search {
		d.search.SetWidth(inner - 2)
		lines = append(lines, st.Paint(style.Accent, st.Glyph.Pointer)+" "+d.search.View(), "")
	}
	return lines
}

// View implements Dialog.
func (d *Picker) View() string {
	st := d.kit.Styles
	width := min(d.width, pickerWidth)
	inner, _ := pane.Inner(width, 3)
	lines := d.head(inner)
	rows := max(min(max(len(d.about.Items), 1), d.height-4-len(lines)), 1)
	first := d.menu.window(len(d.shown), rows)
	for i := range rows {
		switch at := first + i; {
		case at < len(d.shown):
			lines = append(lines, d.line(d.shown[at], at == d.menu.cursor, inner))
		case i == 0:
			lines = append(lines, st.Paint(style.Muted, text.Literal("nothing fits")))
		default:
			lines = append(lines, "")
		}
	}
	footer := text.Concat(d.kit.Keys.Label(keys.DialogAccept), text.Literal(" choose   "), d.kit.Keys.Label(keys.DialogClose), text.Literal(" close"))
	if !d.hint.Empty() {
		footer = d.hint
	}
	box := pane.Box{Title: d.about.Title, Note: d.menu.position(len(d.shown), rows), Focused: true, Footer: footer, Alert: !d.hint.Empty()}
	return box.Draw(st, width, len(lines)+2, lines)
}

// line draws one item: title, detail, environment.
func (d *Picker) line(item Item, on bool, inner int) string {
	st := d.kit.Styles
	right, room := "", inner-2
	if item.Env != "" {
		right = st.Badge(item.Env)
		room -= text.Width(item.Env.Word()) + 3
	}
	tone, detail := style.Text, item.Detail
	if !item.Off.Empty() {
		tone, detail = style.Faint, item.Off
	}
	title := text.Truncate(item.Title, room)
	detail = text.Truncate(detail, room-text.Width(title)-2)
	fill := text.Spaces(room - text.Width(title) - text.Width(detail) - 2)
	if on {
		body := st.PaintSelected(style.Accent, st.Glyph.Bar) + st.PaintSelected(tone, text.Concat(text.Spaces(1), title, text.Spaces(2))) +
			st.PaintSelected(style.Muted, text.Concat(detail, fill))
		if right != "" {
			body += " " + right
		}
		return body
	}
	body := text.Spaces(2).String() + st.Paint(tone, title) + text.Spaces(2).String() + st.Paint(style.Muted, detail) + fill.String()
	if right != "" {
		body += " " + right
	}
	return body
}

// Cursor implements Dialog.
func (d *Picker) Cursor() *tea.Cursor {
	if !d.about.Search {
		return nil
	}
	row := 1
	if !d.about.Intro.Empty() {
		inner, _ := pane.Inner(min(d.width, pickerWidth), 3)
		row += len(text.Wrap(d.about.Intro, inner)) + 1
	}
	return form.Shift(d.search.Cursor(), 4, row)
}

// menu is a cursor in a list of lines.
type menu struct {
	cursor int
	offset int
	rows   int // shown last
}

// move applies a dialog key; false when it is none of the list's.
func (m *menu) move(id string, n int) bool {
	switch id {
	case keys.DialogNext:
		m.cursor++
	case keys.DialogPrevious:
		m.cursor--
	case keys.DialogPageDown:
		m.cursor += max(m.rows-1, 1)
	case keys.DialogPageUp:
		m.cursor -= max(m.rows-1, 1)
	default:
		return false
	}
	m.cursor = max(min(m.cursor, n-1), 0)
	return true
}

// window returns the first of rows lines on screen.
func (m *menu) window(n, rows int) int {
	m.rows = rows
	m.offset = max(min(m.offset, m.cursor), m.cursor-rows+1, 0)
	m.offset = max(min(m.offset, n-rows), 0)
	return m.offset
}

// position says where the cursor is, when not everything is on screen.
func (m *menu) position(n, rows int) text.Safe {
	if n <= rows {
		return text.Safe{}
	}
	return text.Concat(text.Number(int64(m.cursor+1)), text.Literal(" of "), text.Number(int64(n)))
}
