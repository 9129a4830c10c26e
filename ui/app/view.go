package app

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"paydesk/themes"
	"paydesk/ui/page"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/tabs"
)

// The least window in which everything can be shown.
const (
	leastWidth  = 60
	leastHeight = 16
)

// Lines of the screen's frame.
const (
	tabsLine    = 1
	frameTop    = 2 // header and tabs
	frameBottom = 1 // footer
)

// small reports whether the window is too small to show anything whole.
func (m *Model) small() bool {
	return m.screen.width < leastWidth || m.screen.height < leastHeight
}

// welcome reports whether there is nothing to list yet.
func (m *Model) welcome() bool { return len(m.svc.Desk.Profiles()) == 0 }

func (m *Model) resize(width, height int) {
	m.screen.width, m.screen.height = width, height
	m.dialogs.SetSize(width, height)
	m.layout()
}

// layout gives the open page what header, banners, notices and footer leave.
func (m *Model) layout() {
	m.screen.dirty = true
	if m.small() {
		return
	}
	top := frameTop + len(m.bannerLines())
	body := m.screen.height - top - len(m.noticeLines()) - frameBottom
	m.screen.top, m.screen.body = top, body
	m.page().SetSize(m.screen.width, body)
}

// View implements tea.Model. The screen is drawn again only when something
// changed; the terminal gets only what differs.
func (m *Model) View() (view tea.View) {
	defer func() {
		if r := recover(); r != nil {
			m.crashed(r)
			view = tea.NewView("")
		}
	}()
	if m.screen.dirty {
		m.screen.dirty = false
		m.screen.drawn, m.screen.cursor = m.draw()
	}
	view = tea.NewView(m.screen.drawn)
	view.AltScreen = true
	view.MouseMode = tea.MouseModeCellMotion
	view.ReportFocus = true
	view.Cursor = m.screen.cursor
	view.WindowTitle = m.title().String()
	if m.theme != themes.Auto {
		// A theme that was chosen by name brings its ground along; otherwise the
		// terminal's own stays.
		view.ForegroundColor, view.BackgroundColor = m.bag.Styles.Ground()
	}
	return view
}

// title is the window's title, made of safe text only: it is written raw to
// the terminal (S6).
func (m *Model) title() text.Safe {
	name := text.Literal("all profiles")
	if m.profile != "" {
		name = text.Clean(m.profile)
	}
	if m.welcome() {
		return text.Literal("paydesk")
	}
	return text.Concat(text.Literal("paydesk · "), text.Truncate(name, 60), text.Literal(" · "), gravest(m.inSight()).Word())
}

// draw composes the screen.
func (m *Model) draw() (string, *tea.Cursor) {
	if m.small() {
		return m.tooSmall(), nil
	}
	banners, notices := m.bannerLines(), m.noticeLines()
	if frameTop+len(banners) != m.screen.top || m.screen.height-m.screen.top-len(notices)-frameBottom != m.screen.body {
		m.layout()
		m.screen.dirty = false
	}
	parts := []string{m.header()}
	var cursor *tea.Cursor
	if m.welcome() {
		parts = append(parts, m.welcomeView())
	} else {
		parts = append(parts, tabs.Line(m.bag.Styles, m.tabList(), m.at, m.screen.width))
		parts = append(parts, banners...)
		parts = append(parts, m.page().View())
		if cursor = m.page().Cursor(); cursor != nil {
			cursor.Y += m.screen.top
		}
	}
	parts = append(append(parts, notices...), m.footer())
	screen := strings.Join(parts, "\n")
	if m.dialogs.Top() != nil {
		return m.dialogs.Compose(m.bag.Styles, screen)
	}
	return screen, cursor
}

// tooSmall asks for a larger window, in whatever there is.
func (m *Model) tooSmall() string {
	w, h := m.screen.width, m.screen.height
	if w <= 0 || h <= 0 {
		return ""
	}
	size := func(w, h int) text.Safe {
		return text.Concat(text.Number(int64(w)), text.Literal("×"), text.Number(int64(h)))
	}
	words := text.Concat(text.Literal("paydesk needs a window of "), size(leastWidth, leastHeight), text.Literal("; this one is "), size(w, h),
		text.Literal(". Make it larger, or press "), m.bag.Keys.Label("app.quit"), text.Literal(" to leave."))
	var lines []string
	for _, part := range text.Wrap(words, w) {
		lines = append(lines, m.bag.Styles.Paint(style.Text, part))
	}
	return page.Block(lines, w, h)
}

// welcomeView is the first screen of all: there is no profile yet.
func (m *Model) welcomeView() string {
	st, l := m.bag.Styles, text.Literal
	step := func(command, what text.Safe) string {
		return "     " + st.Paint(style.Accent, text.PadRight(command, 34)) + " " + st.Paint(style.Muted, what)
	}
	lines := []string{
		"", "   " + st.Paint(style.Strong, l("Welcome to paydesk")), "",
		"   " + st.Paint(style.Text, l("No merchant account is set up yet. Have a look first:")),
		step(l("paydesk demo"), l("sandbox, made-up data")), "",
		"   " + st.Paint(style.Text, l("Or set up your own, outside of this screen:")),
		step(l("paydesk profile add"), l("name it")),
		step(l("paydesk key set"), l("keys, into the keyring")),
		step(l("paydesk profile check"), l("asks the gateway")), "",
		"   " + st.Paint(style.Faint, text.Concat(m.bag.Keys.Label("app.quit"), l(" leaves"))),
	}
	body := m.screen.height - 1 - len(m.noticeLines()) - frameBottom
	return page.Block(lines, m.screen.width, body)
}
