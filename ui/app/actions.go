package app

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/action"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/text"
)

// What only some pages can do.
type (
	marker interface {
		Mark() tea.Cmd
	}
	sorter interface {
		Sort() tea.Cmd
	}
	columned interface {
		Columns() tea.Cmd
	}
	previewer interface {
		TogglePreview() tea.Cmd
		ScrollPreview(lines int)
	}
	insider interface {
		Inside() bool
	}
)

// actions is the whole table: what holds everywhere, what holds on lists, and
// what each page brings.
func (m *Model) actions() []page.Action {
	all := append(m.appActions(), m.listActions()...)
	for _, t := range m.tabs {
		all = append(all, t.page.Actions()...)
	}
	return all
}

// plain is an action that can always be done.
func plain(id string, title, group, short text.Safe, weight int, run func() tea.Cmd) page.Action {
	return page.Action{ID: id, Title: title, Group: group, Short: short, Weight: weight, Run: func(struct{}) tea.Cmd { return run() }}
}

func (m *Model) appActions() []page.Action {
	l, none, group := text.Literal, text.Safe{}, text.Literal("Console")
	open := func(i int) func() tea.Cmd { return func() tea.Cmd { return m.open(i) } }
	all := []page.Action{
		plain("app.palette", l("Find a command"), group, l("commands"), 2, m.palette),
		plain("app.help", l("Show all keys"), group, l("help"), 1, m.help),
		plain("app.filter", l("Search the list"), group, l("search"), 50, func() tea.Cmd { m.back = nil; return m.page().Filter() }),
		plain("app.next-page", l("Next page"), group, none, 0, func() tea.Cmd { return m.open((m.at + 1) % len(m.tabs)) }),
		plain("app.previous-page", l("Previous page"), group, none, 0, func() tea.Cmd { return m.open((m.at + len(m.tabs) - 1) % len(m.tabs)) }),
		{
			ID: "app.back", Title: l("Go back, or dismiss"), Group: group,
			Enabled: func(struct{}) (text.Safe, bool) { return l("there is nothing to go back from"), m.canBack() },
			Run:     func(struct{}) tea.Cmd { return m.goBack() },
		},
		{
			ID: "app.profile", Title: l("Change the profile"), Group: group, Short: l("profile"), Weight: 30,
			Enabled: func(struct{}) (text.Safe, bool) {
				return l("there is only one profile"), len(m.svc.Desk.Profiles()) > 1
			},
			Run: func(struct{}) tea.Cmd { return m.pickProfile() },
		},
		{
			ID: "app.unlock", Title: l("Unlock a read-only profile for 15 minutes, or lock it again"), Group: group, Risk: action.Careful,
			Short: l("unlock"), Weight: 35,
			Enabled: func(struct{}) (text.Safe, bool) { return l("no profile in sight is read-only"), len(m.lockable()) > 0 },
			Run:     func(struct{}) tea.Cmd { return m.unlock() },
		},
		m.gatewayAction(),
		plain("app.notices", l("Show what went wrong, and earlier notices"), group, none, 0, m.showNotices),
		m.callbacksAction(),
		plain("app.theme", l("Change the colours"), group, none, 0, m.pickTheme),
		{
			ID: "app.inspect", Title: l("Inspect a signature"), Group: group,
			Enabled: func(struct{}) (text.Safe, bool) { return m.inspect.Ready() },
			Run:     func(struct{}) tea.Cmd { return m.inspect.Form(m.profileAtHand()) },
		},
		plain("app.quit", l("Quit"), group, none, 0, m.quit),
	}
	for i, t := range m.tabs {
		all = append(all, plain(t.id, text.Concat(l("Open "), t.title), l("Pages"), none, 0, open(i)))
	}
	return all
}

func (m *Model) listActions() []page.Action {
	l, none, group := text.Literal, text.Safe{}, text.Literal("List")
	return []page.Action{
		plain("list.up", l("Up"), group, none, 0, func() tea.Cmd { return m.page().Move(-1) }),
		plain("list.down", l("Down"), group, none, 0, func() tea.Cmd { return m.page().Move(1) }),
		plain("list.page-up", l("A screen up"), group, none, 0, func() tea.Cmd { return m.page().Turn(-1) }),
		plain("list.page-down", l("A screen down"), group, none, 0, func() tea.Cmd { return m.page().Turn(1) }),
		plain("list.first", l("To the first row"), group, none, 0, func() tea.Cmd { return m.page().Edge(false) }),
		plain("list.last", l("To the last row"), group, none, 0, func() tea.Cmd { return m.page().Edge(true) }),
		{
			ID: "list.open", Title: l("Open the row"), Group: group, Short: l("open"), Weight: 100,
			Enabled: func(struct{}) (text.Safe, bool) { return l("no row is chosen"), len(m.page().Copies()) > 0 },
			Run:     func(struct{}) tea.Cmd { return m.page().Enter() },
		},
		{
			ID: "list.copy", Title: l("Copy a number of the row"), Group: group, Short: l("copy"), Weight: 45,
			Enabled: func(struct{}) (text.Safe, bool) { return l("no row is chosen"), len(m.page().Copies()) > 0 },
			Run:     func(struct{}) tea.Cmd { return m.copyMenu() },
		},
		offered(m, "list.mark", l("Mark the row"), l("mark"), 20, func(p marker) tea.Cmd { return p.Mark() }),
		offered(m, "list.sort", l("Sort the list"), l("sort"), 25, func(p sorter) tea.Cmd { return p.Sort() }),
		offered(m, "list.columns", l("Choose columns"), none, 0, func(p columned) tea.Cmd { return p.Columns() }),
		offered(m, "preview.toggle", l("Show or hide the second pane"), none, 0, func(p previewer) tea.Cmd { return p.TogglePreview() }),
		offered(m, "preview.up", l("Scroll the second pane up"), none, 0, func(p previewer) tea.Cmd { p.ScrollPreview(-1); return nil }),
		offered(m, "preview.down", l("Scroll the second pane down"), none, 0, func(p previewer) tea.Cmd { p.ScrollPreview(1); return nil }),
	}
}

// offered is an action of those pages that can do it.
func offered[P any](m *Model, id string, title, short text.Safe, weight int, run func(P) tea.Cmd) page.Action {
	return page.Action{
		ID: id, Title: title, Group: text.Literal("List"), Short: short, Weight: weight,
		Enabled: func(struct{}) (text.Safe, bool) {
			_, ok := m.page().(P)
			return text.Literal("not on this page"), ok
		},
		Run: func(struct{}) tea.Cmd {
			if p, ok := m.page().(P); ok {
				return run(p)
			}
			return nil
		},
	}
}

// rows is the table as it stands now: first the page's own actions.
func (m *Model) rows() []action.Row {
	var rows []action.Row
	for _, scope := range m.scopes() {
		rows = append(rows, m.table.Rows(struct{}{}, m.bag.Keys, scope)...)
	}
	return slices.DeleteFunc(rows, func(r action.Row) bool { return !m.offers(r.ID) })
}

// offers reports whether an action makes sense at all: without a profile there
// is nothing to list.
func (m *Model) offers(id string) bool {
	if !m.welcome() {
		return true
	}
	switch id {
	case "app.palette", "app.help", "app.theme", "app.notices", "app.back", "app.quit":
		return true
	}
	return false
}

// allRows is the table with the other pages' actions, for help and palette.
func (m *Model) allRows() []action.Row {
	rows := m.rows()
	if m.welcome() {
		return rows
	}
	for _, t := range m.tabs {
		if scope := t.page.Scope(); scope != m.page().Scope() {
			rows = append(rows, m.elsewhere(t, scope)...)
		}
	}
	return rows
}

// elsewhere is another page's actions: they are listed, with where they are.
func (m *Model) elsewhere(t tab, scope keys.Scope) []action.Row {
	rows := m.table.Rows(struct{}{}, m.bag.Keys, scope)
	for i := range rows {
		rows[i].OK = false
		rows[i].Reason = text.Concat(text.Literal("on page "), m.bag.Keys.Label(t.id), text.Spaces(1), t.title)
	}
	return rows
}

func notNow(reason text.Safe) text.Safe { return text.Concat(text.Literal("not now: "), reason) }
