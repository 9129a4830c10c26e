package dialog

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/field"
	"paydesk/ui/widget/form"
	"paydesk/ui/widget/pane"
)

// promptWidth is how wide a prompt gets.
const promptWidth = 64

// PromptOptions is what a Prompt asks for.
type PromptOptions struct {
	ID          string // given back with the answer
	Title       text.Safe
	Intro       text.Safe // above the field; may be empty
	Placeholder text.Safe
	Value       text.Safe // to start with
	// Check says what is wrong with an answer; empty when it is right. Nil
	// takes everything but nothing.
	Check func(value string) text.Safe
}

// Prompt asks for one line: a number to look up, a user.
type Prompt struct {
	kit   Kit
	about PromptOptions
	input *field.Field
	fault text.Safe

	width int
}

// NewPrompt opens a prompt.
func NewPrompt(kit Kit, about PromptOptions) *Prompt {
	d := &Prompt{kit: kit, about: about, input: field.New(kit.Styles, 200)}
	d.input.SetPlaceholder(about.Placeholder)
	d.input.SetValue(about.Value.String())
	d.input.Focus()
	return d
}

// Title implements Dialog.
func (d *Prompt) Title() text.Safe { return d.about.Title }

// SetSize implements Dialog.
func (d *Prompt) SetSize(width, _ int) { d.width = width }

// Update implements Dialog.
func (d *Prompt) Update(msg tea.Msg, _ time.Time) (Result, tea.Cmd) {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch d.kit.find(press) {
		case keys.DialogClose:
			return Closed{ID: d.about.ID}, nil
		case keys.DialogAccept:
			return d.accept(), nil
		}
	}
	if d.input.Update(msg) {
		d.fault = text.Safe{}
	}
	return nil, nil
}

// accept gives the answer back, or says what is wrong with it.
func (d *Prompt) accept() Result {
	value := strings.TrimSpace(d.input.Value())
	switch {
	case value == "":
		d.fault = text.Literal("type something, or close")
	case d.about.Check != nil:
		d.fault = d.about.Check(value)
	}
	if !d.fault.Empty() {
		return nil
	}
	return Entered{ID: d.about.ID, Value: value}
}

// intro draws the words above the field.
func (d *Prompt) intro(inner int) []string {
	if d.about.Intro.Empty() {
		return nil
	}
	return append(pane.Paragraph(d.kit.Styles, style.Muted, d.about.Intro, inner), "")
}

// View implements Dialog.
func (d *Prompt) View() string {
	st := d.kit.Styles
	width := min(d.width, promptWidth)
	inner, _ := pane.Inner(width, 3)
	d.input.SetWidth(inner - 2)
	lines := append(d.intro(inner), form.Boxed(st, d.input.View(), true), "")
	if !d.fault.Empty() {
		lines[len(lines)-1] = st.Paint(style.Danger, text.Truncate(d.fault, inner))
	}
	footer := text.Concat(d.kit.Keys.Label(keys.DialogAccept), text.Literal(" go   "), d.kit.Keys.Label(keys.DialogClose), text.Literal(" close"))
	return pane.Box{Title: d.about.Title, Focused: true, Footer: footer}.Draw(st, width, len(lines)+2, lines)
}

// Cursor implements Dialog.
func (d *Prompt) Cursor() *tea.Cursor {
	inner, _ := pane.Inner(min(d.width, promptWidth), 3)
	return form.Shift(d.input.Cursor(), 3, 1+len(d.intro(inner)))
}
