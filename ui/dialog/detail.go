package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
	"paydesk/ui/widget/timeline"
)

// detailWidth is how wide a detail dialog gets.
const detailWidth = 92

// Section is a part of a Detail: words, labelled values, what happened.
type Section struct {
	Title      text.Safe
	Paragraphs []text.Safe
	Fields     []pane.Field
	Entries    []timeline.Entry
}

// Page is what a Detail shows.
type Page struct {
	Title    text.Safe
	Status   style.Status // zero: none
	Env      style.Env    // empty: an ordinary frame
	Sections []Section
	Copy     text.Safe // what the copy key takes; empty: nothing
}

// Detail shows one thing in full, to be read and scrolled: a record on a
// narrow screen, evidence, an error.
type Detail struct {
	kit    Kit
	page   Page
	scroll Scroll

	width, height int
}

// NewDetail opens a detail dialog.
func NewDetail(kit Kit, page Page) *Detail { return &Detail{kit: kit, page: page} }

// Failure is an error as a person should see it. Its texts come from outside.
type Failure struct {
	Class   client.Class
	Code    text.Safe
	Message text.Safe
	Hint    text.Safe
	At      text.Safe
	Facts   []pane.Field // evidence: request, status, signature
}

// NewError opens a detail dialog that says what happened and what to do.
func NewError(kit Kit, f Failure) *Detail {
	status := kit.Styles.Error(f.Class)
	sections := []Section{{Paragraphs: []text.Safe{f.Message}}}
	if !f.Hint.Empty() {
		sections = append(sections, Section{Title: text.Literal("what to do"), Paragraphs: []text.Safe{f.Hint}})
	}
	facts := append([]pane.Field{
		{Label: text.Literal("class"), Value: text.Clean(string(f.Class))},
		{Label: text.Literal("code"), Value: f.Code},
		{Label: text.Literal("at"), Value: f.At},
	}, f.Facts...)
	sections = append(sections, Section{Title: text.Literal("facts"), Fields: facts})
	return NewDetail(kit, Page{
		Title: text.Literal("What went wrong"), Status: status, Sections: sections,
		Copy: text.Join(text.Literal(" "), text.Clean(string(f.Class)), f.Code, f.Message),
	})
}

// SetPage replaces what is shown, for a record that changed meanwhile; the
// place in it stays.
func (d *Detail) SetPage(page Page) { d.page = page }

// Title implements Dialog.
func (d *Detail) Title() text.Safe { return d.page.Title }

// SetSize implements Dialog.
func (d *Detail) SetSize(width, height int) { d.width, d.height = width, height }

// Update implements Dialog.
func (d *Detail) Update(msg tea.Msg, _ time.Time) (Result, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		switch id := d.kit.find(msg, keys.Detail); id {
		case keys.DialogClose, keys.DialogAccept:
			return Closed{}, nil
		case keys.DialogCopy:
			if !d.page.Copy.Empty() {
				return Copy{Text: d.page.Copy}, nil
			}
		default:
			d.scroll.Move(id)
		}
	case tea.MouseWheelMsg:
		d.scroll.Wheel(msg)
	}
	return nil, nil
}

// View implements Dialog.
func (d *Detail) View() string {
	width := min(d.width, detailWidth)
	inner, _ := pane.Inner(width, 3)
	lines := d.lines(inner)
	k := d.kit.Keys
	footer := text.Concat(k.Label(keys.DialogClose), text.Literal(" close"))
	if !d.page.Copy.Empty() {
		footer = text.Concat(k.Label(keys.DialogCopy), text.Literal(" copy   "), footer)
	}
	box := pane.Box{Title: d.page.Title, Env: d.page.Env, Focused: true, Footer: footer}
	return d.scroll.draw(d.kit.Styles, box, width, d.height, lines)
}

// lines draws all of the page.
func (d *Detail) lines(inner int) []string {
	st := d.kit.Styles
	var lines []string
	if !d.page.Status.Word.Empty() {
		lines = append(lines, st.Paint(d.page.Status.Tone, d.page.Status.Text()), "")
	}
	for i, s := range d.page.Sections {
		if !s.Title.Empty() {
			if i > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, pane.Rule(st, s.Title, inner))
		}
		for _, p := range s.Paragraphs {
			lines = append(lines, pane.Paragraph(st, style.Text, p, inner)...)
		}
		lines = append(lines, pane.Fields(st, s.Fields, inner)...)
		lines = append(lines, timeline.Lines(st, s.Entries, inner)...)
	}
	return lines
}

// Cursor implements Dialog.
func (d *Detail) Cursor() *tea.Cursor { return nil }

// Scroll is a place in lines that are longer than the screen. The zero value is
// at the top.
type Scroll struct {
	offset int
	rows   int // shown last
	total  int
}

// Move applies a dialog key.
func (s *Scroll) Move(id string) {
	switch id {
	case keys.DialogNext:
		s.offset++
	case keys.DialogPrevious:
		s.offset--
	case keys.DialogPageDown:
		s.offset += max(s.rows-1, 1)
	case keys.DialogPageUp:
		s.offset -= max(s.rows-1, 1)
	case keys.DialogFirst:
		s.offset = 0
	case keys.DialogLast:
		s.offset = s.total
	}
	s.clamp()
}

// Wheel applies the mouse wheel.
func (s *Scroll) Wheel(msg tea.MouseWheelMsg) {
	switch msg.Button {
	case tea.MouseWheelDown:
		s.offset += 3
	case tea.MouseWheelUp:
		s.offset -= 3
	}
	s.clamp()
}

func (s *Scroll) clamp() { s.offset = max(min(s.offset, s.total-s.rows), 0) }

// Window is which of total lines are shown where there is room for so many.
func (s *Scroll) Window(total, room int) (from, to int) {
	s.total = total
	s.rows = max(min(s.total, room), 1)
	s.clamp()
	return min(s.offset, s.total), min(s.offset+s.rows, s.total)
}

// Place is "3–12 of 40   " when not all lines are shown; else it is empty.
func (s *Scroll) Place() text.Safe {
	if s.total <= s.rows {
		return text.Safe{}
	}
	return text.Concat(text.Number(int64(s.offset+1)), text.Literal("–"), text.Number(int64(s.offset+s.rows)),
		text.Literal(" of "), text.Number(int64(s.total)), text.Literal("   "))
}

// draw puts the lines that fit into a box that is as high as it needs to be,
// and says on its frame where in them one is.
func (s *Scroll) draw(st *style.Styles, box pane.Box, width, height int, lines []string) string {
	from, to := s.Window(len(lines), height-2)
	box.Footer = text.Concat(s.Place(), box.Footer)
	return box.Draw(st, width, s.rows+2, lines[from:to])
}
