package app

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"paydesk/themes"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/style"
)

// tickMsg says that something on screen reads differently now.
type tickMsg struct{}

// Update implements tea.Model. It routes and nothing else; a panic below it
// ends the program with the terminal restored, and is told by Run.
func (m *Model) Update(msg tea.Msg) (_ tea.Model, cmd tea.Cmd) {
	defer func() {
		if r := recover(); r != nil {
			m.crashed(r)
			cmd = tea.Quit
		}
	}()
	if m.crash != nil {
		return m, tea.Quit
	}
	cmd = m.route(msg)
	return m, tea.Batch(cmd, m.arm())
}

// route gives a message to what it is for.
func (m *Model) route(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case page.Routed:
		return m.take(msg)
	case tickMsg:
		return nil // arm does it
	case newsMsg:
		return m.news(msg)
	}
	m.screen.dirty = true
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		return m.paste(msg)
	case tea.MouseClickMsg:
		return m.click(msg)
	case tea.MouseWheelMsg:
		return m.wheel(msg)
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
		return m.firstFrame()
	case tea.BackgroundColorMsg:
		m.dark = msg.IsDark()
		m.restyle()
		return nil
	case tea.ColorProfileMsg:
		m.screen.plain = msg.Profile <= colorprofile.Ascii
		m.restyle()
		return nil
	}
	if m.dialogs.Top() != nil {
		return m.toDialog(msg)
	}
	return nil
}

// take gives an answer to the one who asked.
func (m *Model) take(answer page.Routed) tea.Cmd {
	m.screen.dirty = true
	switch scope := answer.Page(); scope {
	case keys.Global:
		return m.takeOwn(answer)
	case keys.Dialog:
		return m.refund.Take(answer)
	case keys.Inspect:
		return m.inspect.Take(answer)
	default:
		for _, t := range m.tabs {
			if t.page.Scope() == scope {
				return t.page.Take(answer)
			}
		}
	}
	return nil
}

// key gives a key press to the top dialog, the text field or the action that
// it means.
func (m *Model) key(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case m.small():
		return m.keySmall(msg)
	case m.dialogs.Top() != nil:
		return m.toDialog(msg)
	case m.page().Typing() && !m.welcome():
		return m.page().Type(msg)
	}
	id, ok := m.bag.Keys.Find(msg, m.scopes()...)
	if !ok {
		return nil
	}
	return m.run(id)
}

// keySmall lets a person leave a window that is too small to show anything;
// nothing else can be done blindly.
func (m *Model) keySmall(msg tea.KeyPressMsg) tea.Cmd {
	if id, _ := m.bag.Keys.Find(msg, keys.Global); id == "app.quit" {
		return tea.Quit
	}
	return nil
}

// scopes is where the keys of the open page hold.
func (m *Model) scopes() []keys.Scope {
	if m.welcome() {
		return []keys.Scope{keys.Global}
	}
	return []keys.Scope{m.page().Scope(), keys.List, keys.Global}
}

// run does an action, or says why it cannot be done now.
func (m *Model) run(id string) tea.Cmd {
	if _, known := m.table.Find(id); !known || !m.offers(id) {
		return nil
	}
	cmd, reason, ok := m.table.Try(id, struct{}{})
	if !ok {
		m.Say(style.Warning, notNow(reason))
	}
	return cmd
}

// paste gives pasted text to what takes text; it never means a key.
func (m *Model) paste(msg tea.PasteMsg) tea.Cmd {
	switch {
	case m.small():
		return nil
	case m.dialogs.Top() != nil:
		return m.toDialog(msg)
	case m.page().Typing() && !m.welcome():
		return m.page().Type(msg)
	}
	return nil
}

// restyle makes all styles anew for another theme or terminal.
func (m *Model) restyle() {
	look, err := m.set.Pick(m.theme, m.dark)
	if err != nil {
		m.theme = themes.Auto
	}
	m.bag.Styles.Set(look, style.Options{NoColor: m.svc.NoColor || m.screen.plain})
	for _, t := range m.tabs {
		t.page.Restyle()
	}
	m.screen.dirty = true
}

// arm draws what the time has changed, and sets the clock for the next thing
// on screen that reads differently. At rest nothing does, and nothing wakes up.
func (m *Model) arm() tea.Cmd {
	now := m.bag.Clock()
	if armed := m.live.armed; !armed.IsZero() && !armed.After(now) {
		m.live.armed = time.Time{}
		m.screen.dirty = true
		m.page().Tick(now)
	}
	next := m.nextChange(now)
	switch {
	case next.IsZero():
		m.live.armed = time.Time{}
		return nil
	case !m.live.armed.IsZero() && !next.Before(m.live.armed):
		return nil // it wakes up soon enough
	}
	m.live.armed = next
	return m.wake(next.Sub(now), tickMsg{})
}
