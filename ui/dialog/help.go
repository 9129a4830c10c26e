package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/action"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
)

// helpWidth is how wide help gets; from helpPair cells inside it has two
// columns.
const (
	helpWidth = 100
	helpPair  = 84
)

// Help lists every action with its keys, or with why it cannot be done now.
type Help struct {
	kit    Kit
	title  text.Safe
	groups [][]action.Row // by Group, in the order of their first row
	keys   int            // cells for the keys
	scroll Scroll

	width, height int
}

// NewHelp opens help on the actions as they stand now; where says on which
// page.
func NewHelp(kit Kit, where text.Safe, rows []action.Row) *Help {
	d := &Help{kit: kit, title: text.Join(text.Literal(" · "), text.Literal("Keys"), where)}
	at := map[text.Safe]int{}
	for _, r := range rows {
		i, ok := at[r.Group]
		if !ok {
			i = len(d.groups)
			at[r.Group] = i
			d.groups = append(d.groups, nil)
		}
		d.groups[i] = append(d.groups[i], r)
		d.keys = min(max(d.keys, text.Width(d.shortcut(r))), 16)
	}
	return d
}

// Title implements Dialog.
func (d *Help) Title() text.Safe { return d.title }

// SetSize implements Dialog.
func (d *Help) SetSize(width, height int) { d.width, d.height = width, height }

// Update implements Dialog.
func (d *Help) Update(msg tea.Msg, _ time.Time) (Result, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		id := d.kit.find(msg)
		if id == keys.DialogClose || id == keys.DialogAccept {
			return Closed{}, nil
		}
		if global, _ := d.kit.Keys.Find(msg, keys.Global); global == "app.help" {
			return Closed{}, nil // the same key again
		}
		d.scroll.Move(id)
	case tea.MouseWheelMsg:
		d.scroll.Wheel(msg)
	}
	return nil, nil
}

// View implements Dialog.
func (d *Help) View() string {
	width := min(d.width, helpWidth)
	inner, _ := pane.Inner(width, 3)
	lines := d.lines(inner)
	footer := text.Concat(d.kit.Keys.Label(keys.DialogClose), text.Literal(" close"))
	return d.scroll.draw(d.kit.Styles, pane.Box{Title: d.title, Focused: true, Footer: footer}, width, d.height, lines)
}

// lines draws all groups, side by side where there is room.
func (d *Help) lines(inner int) []string {
	if inner < helpPair {
		return d.column(d.groups, inner)
	}
	total := 0
	for _, g := range d.groups {
		total += len(g) + 2
	}
	half, split := 0, 0
	for split < len(d.groups) && half < total/2 {
		half += len(d.groups[split]) + 2
		split++
	}
	width := (inner - 2) / 2
	left, right := d.column(d.groups[:split], width), d.column(d.groups[split:], width)
	lines := make([]string, max(len(left), len(right)))
	for i := range lines {
		l, r := "", ""
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		lines[i] = style.Fit(l, width) + "  " + r
	}
	return lines
}

// column draws groups one below the other.
func (d *Help) column(groups [][]action.Row, width int) []string {
	st := d.kit.Styles
	var lines []string
	for i, g := range groups {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, pane.Rule(st, g[0].Group, width))
		for _, r := range g {
			lines = append(lines, d.row(r, width)...)
		}
	}
	return lines
}

// shortcut is what to press: the keys, or the palette's.
func (d *Help) shortcut(r action.Row) text.Safe {
	if !r.Keys.Empty() {
		return r.Keys
	}
	return text.Concat(d.kit.Keys.Label("app.palette"), text.Literal(" command"))
}

// row draws one action: keys, title, and below it why it cannot be done now.
func (d *Help) row(r action.Row, width int) []string {
	st := d.kit.Styles
	keyTone, tone := style.Accent, style.Text
	if !r.OK {
		keyTone, tone = style.Faint, style.Faint
	}
	room := max(width-d.keys-2, 8)
	lines := []string{st.Paint(keyTone, text.PadLeft(d.shortcut(r), d.keys)) + "  " + st.Paint(tone, text.Truncate(r.Title, room))}
	if r.OK {
		return lines
	}
	indent := text.Spaces(d.keys + 2).String()
	for _, part := range text.Wrap(notNow(r), room) {
		lines = append(lines, indent+st.Paint(style.Muted, part))
	}
	return lines
}

// Cursor implements Dialog.
func (d *Help) Cursor() *tea.Cursor { return nil }
