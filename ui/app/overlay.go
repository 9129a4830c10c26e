package app

import (
	"cmp"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/themes"
	"paydesk/ui/action"
	"paydesk/ui/dialog"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/timeline"
	"paydesk/ui/widget/toast"
)

// fault is an error that stays on screen until it is dismissed.
type fault struct {
	about   text.Safe
	problem story.Problem
	at      time.Time
}

// Say implements page.Host.
func (m *Model) Say(tone style.Tone, words text.Safe) {
	m.notices.Add(toast.Notice{At: m.svc.Clock(), Tone: tone, Text: words})
	m.screen.dirty = true
}

// Fail implements page.Host. The log gets the error as well.
func (m *Model) Fail(about text.Safe, err error) {
	problem := story.ProblemOf(err)
	m.svc.Log.Warn("failed", "about", about.String(), "class", string(problem.Class), "error", err)
	m.fault = &fault{about: about, problem: problem, at: m.svc.Clock()}
	m.notices.Add(toast.Notice{At: m.fault.at, Tone: style.Danger, Text: text.Join(text.Literal(": "), about, problem.Message)})
	m.notices.Dismiss() // the fault lines say it
	m.layout()
}

// Open implements page.Host.
func (m *Model) Open(d dialog.Dialog, answered func(dialog.Result) tea.Cmd) {
	m.answers[d] = answered
	m.dialogs.Push(d)
	m.screen.dirty = true
}

// toDialog gives a message to the top dialog and acts on what it gives back.
func (m *Model) toDialog(msg tea.Msg) tea.Cmd {
	m.screen.dirty = true
	top := m.dialogs.Top()
	result, cmd := m.dialogs.Update(msg, m.svc.Clock())
	if result == nil {
		return cmd
	}
	answered := m.answers[top]
	if !m.isOpen(top) {
		delete(m.answers, top)
	}
	if c, ok := result.(dialog.Copy); ok {
		if top == dialog.Dialog(m.hearing.dialog) {
			return tea.Batch(cmd, m.copyCallback())
		}
		return tea.Batch(cmd, m.Copy(text.Literal("text"), c.Text))
	}
	if answered == nil {
		return cmd
	}
	return tea.Batch(cmd, answered(result))
}

// isOpen reports whether a dialog is still on top.
func (m *Model) isOpen(d dialog.Dialog) bool { return m.dialogs.Top() == d }

// closeDialogs closes all, for a change of profile.
func (m *Model) closeDialogs() {
	m.dialogs.Clear()
	clear(m.answers)
}

// Copy implements page.Host. The terminal gives no receipt, so none is
// claimed.
func (m *Model) Copy(what, content text.Safe) tea.Cmd {
	m.Say(style.Text, text.Concat(what, text.Literal(" sent to the terminal's clipboard: "), text.TruncateMiddle(content, 40)))
	return tea.SetClipboard(content.String())
}

// copyMenu asks which of the row's texts to copy.
func (m *Model) copyMenu() tea.Cmd {
	copies := m.page().Copies()
	if len(copies) == 1 {
		return m.Copy(copies[0][0], copies[0][1])
	}
	about := dialog.PickerOptions{ID: "copy", Title: text.Literal("Copy")}
	for _, c := range copies {
		about.Items = append(about.Items, dialog.Item{Key: c[0].String(), Title: c[0], Detail: c[1]})
	}
	m.Open(dialog.NewPicker(m.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		chosen, ok := result.(dialog.Chosen)
		for _, c := range copies {
			if ok && c[0].String() == chosen.Key {
				return m.Copy(c[0], c[1])
			}
		}
		return nil
	})
	return nil
}

// palette finds a command by a few letters.
func (m *Model) palette() tea.Cmd {
	rows := slices.DeleteFunc(m.allRows(), func(r action.Row) bool { return r.ID == "app.palette" })
	m.Open(dialog.NewPalette(m.bag.Kit(), rows), func(result dialog.Result) tea.Cmd {
		if run, ok := result.(dialog.Run); ok {
			return m.run(run.Action)
		}
		return nil
	})
	return nil
}

// help lists all keys.
func (m *Model) help() tea.Cmd {
	where := text.Safe{}
	if !m.welcome() {
		where = m.tabs[m.at].title
	}
	m.Open(dialog.NewHelp(m.bag.Kit(), where, m.allRows()), func(dialog.Result) tea.Cmd { return nil })
	return nil
}

// showNotices shows the error that waits, else what was said before.
func (m *Model) showNotices() tea.Cmd {
	nothing := func(dialog.Result) tea.Cmd { return nil }
	if f := m.fault; f != nil {
		m.fault = nil
		m.layout()
		m.Open(dialog.NewError(m.bag.Kit(), dialog.Failure{
			Class: f.problem.Class, Code: f.problem.Code, Message: text.Join(text.Literal(": "), f.about, f.problem.Message),
			Hint: f.problem.Hint, At: text.Stamp(f.at, m.svc.Loc),
		}), nothing)
		return nil
	}
	var entries []timeline.Entry
	for _, n := range m.notices.All() {
		entries = append(entries, timeline.Entry{At: story.At(n.At, m.svc.Clock(), m.svc.Loc), Text: n.Text, Tone: n.Tone})
	}
	section := dialog.Section{Entries: entries}
	if len(entries) == 0 {
		section.Paragraphs = []text.Safe{text.Literal("Nothing has been said yet.")}
	}
	m.notices.Dismiss()
	m.Open(dialog.NewDetail(m.bag.Kit(), dialog.Page{Title: text.Literal("Notices, the newest first"), Sections: []dialog.Section{section}}), nothing)
	return nil
}

// pickTheme changes the colours for this session.
func (m *Model) pickTheme() tea.Cmd {
	about := dialog.PickerOptions{ID: "theme", Title: text.Literal("Colours"), Start: m.theme, Items: []dialog.Item{
		{Key: themes.Auto, Title: text.Literal(themes.Auto), Detail: text.Literal("by the terminal's background")},
	}}
	for _, name := range m.set.Names() {
		about.Items = append(about.Items, dialog.Item{Key: name, Title: text.Clean(name)})
	}
	m.Open(dialog.NewPicker(m.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		if chosen, ok := result.(dialog.Chosen); ok {
			m.theme = chosen.Key
			m.restyle()
		}
		return nil
	})
	return nil
}

// quit leaves; it asks first when something is decided that only a running
// paydesk sends.
func (m *Model) quit() tea.Cmd {
	if m.live.figures.unsent == 0 {
		return tea.Quit
	}
	about := dialog.PickerOptions{
		ID: "quit", Title: text.Literal("Quit now?"), Start: "stay",
		Intro: text.Concat(unsentWords(m.live.figures.unsent), text.Literal(" It stays in the ledger and goes on when paydesk runs again.")),
		Items: []dialog.Item{{Key: "stay", Title: text.Literal("Stay")}, {Key: "quit", Title: text.Literal("Quit")}},
	}
	m.Open(dialog.NewPicker(m.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		if chosen, ok := result.(dialog.Chosen); ok && chosen.Key == "quit" {
			return tea.Quit
		}
		return nil
	})
	return nil
}

// crashed keeps what a panic said for Run to tell, safe and short.
func (m *Model) crashed(r any) {
	words := "unknown"
	switch r := r.(type) {
	case error:
		words = r.Error()
	case string:
		words = r
	}
	m.crash = cmp.Or(strings.TrimSpace(words), "unknown")
}
