package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/feed"
	"paydesk/themes"
	"paydesk/ui/action"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/activity"
	"paydesk/ui/page/inspecting"
	"paydesk/ui/page/orders"
	"paydesk/ui/page/refunding"
	"paydesk/ui/page/refunds"
	"paydesk/ui/page/tokens"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/toast"
)

// Page is one screen of the console, as the root sees it.
type Page interface {
	Scope() keys.Scope
	Actions() []page.Action
	Shown
	Live
	Listed
}

// Shown is what a page does on the screen.
type Shown interface {
	SetSize(width, height int)
	Open() tea.Cmd
	Close()
	Restyle()
	View() string
	Cursor() *tea.Cursor // relative to View; nil for none
}

// Live is how a page keeps up with what happens.
type Live interface {
	Take(answer page.Routed) tea.Cmd
	News(changes []feed.Change) tea.Cmd
	Next(now time.Time) time.Time // when it reads differently; zero: never
	Tick(now time.Time)
}

// Listed is how a page is moved about in.
type Listed interface {
	Filter() tea.Cmd
	Typing() bool // a text field has the keyboard
	Type(msg tea.Msg) tea.Cmd
	Move(rows int) tea.Cmd
	Turn(screens int) tea.Cmd
	Edge(last bool) tea.Cmd
	Enter() tea.Cmd
	CanBack() bool
	Back() tea.Cmd
	Click(x, y int) tea.Cmd
	Copies() [][2]text.Safe // name and content, best first
}

// tab is a page with its place in the line of pages.
type tab struct {
	id    string // of the action that opens it
	title text.Safe
	page  Page
}

// Model is the console. Make it with New; it is the program's only model.
type Model struct {
	svc   Services
	bag   *page.Bag
	table *action.Table[struct{}, tea.Cmd]
	set   themes.Set
	theme string // as chosen: a name or "auto"

	orders   *orders.Page
	refunds  *refunds.Page
	tokens   *tokens.Page
	activity *activity.Page
	refund   *refunding.Flow
	inspect  *inspecting.Flow
	tabs     []tab
	at       int   // index of the open tab
	back     []int // tabs to go back to after a jump

	profile string // "" is all
	dialogs dialog.Stack
	answers map[dialog.Dialog]func(dialog.Result) tea.Cmd
	notices toast.List
	fault   *fault // the error that waits to be dismissed
	live    live
	hearing hearing
	screen  screen
	crash   any // what a panic of Update or View said
	dark    bool
}

// screen is the window and what was drawn for it.
type screen struct {
	width, height int
	top, body     int // lines above the page, lines of the page
	plain         bool
	drawn         string
	cursor        *tea.Cursor
	dirty         bool
}

// New builds the console over its services. It reads no ledger and asks no
// gateway. Errors are those of the action table, which are bugs.
func New(ctx context.Context, svc Services) (*Model, error) {
	if svc.Clock == nil {
		return nil, errors.New("console: no clock was given")
	}
	svc = svc.withDefaults()
	m := &Model{svc: svc, profile: svc.Profile, theme: cmp.Or(svc.Theme, themes.Auto), answers: map[dialog.Dialog]func(dialog.Result) tea.Cmd{}, dark: true}
	bound, problems := keys.New(keys.Defaults(), svc.Keys)
	var failed []error
	m.set, failed = themes.Load(userThemes(svc.ThemesDir))
	look, err := m.set.Pick(m.theme, m.dark)
	if err != nil {
		failed = append(failed, err)
		m.theme = themes.Auto
	}
	m.bag = &page.Bag{
		Ctx: ctx, Styles: style.New(look, style.Options{NoColor: svc.NoColor}), Keys: bound, Clock: svc.Clock, Loc: svc.Loc,
		Ledger: svc.Ledger, Host: m,
	}
	m.refund = refunding.New(m.bag, svc.Desk)
	m.orders = orders.New(m.bag, svc.Desk, m.refund)
	m.inspect = inspecting.New(m.bag, svc.Inspect, svc.Desk.Profiles)
	m.refunds = refunds.New(m.bag, svc.Desk, svc.Look, m.inspect)
	m.tokens = tokens.New(m.bag, svc.Desk)
	m.activity = activity.New(m.bag, m.inspect)
	l := text.Literal
	m.tabs = []tab{
		{"app.orders", l("Orders"), m.orders},
		{"app.refunds", l("Refunds"), m.refunds},
		{"app.tokens", l("Tokens"), m.tokens},
		{"app.activity", l("Activity"), m.activity},
	}
	m.live = newLive(svc)
	if svc.Linear {
		m.Say(style.Warning, text.Literal("there is no linear mode yet; the headless verbs print plain lines"))
	}
	for _, words := range svc.Notices {
		m.Say(style.Warning, text.Clean(words))
	}
	for _, err := range append(problems, failed...) {
		m.Say(style.Warning, text.Clean(err.Error()))
	}
	m.table, err = action.NewTable(bound, m.actions()...)
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	m.screen.dirty = true
	return m, nil
}

// withDefaults fills what may be left out.
func (s Services) withDefaults() Services {
	if s.Loc == nil {
		s.Loc = time.Local
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Feed == nil {
		s.Feed = &feed.Feed{}
	}
	return s
}

func userThemes(dir string) fs.FS {
	if dir == "" {
		return nil
	}
	return os.DirFS(dir)
}

// Init implements tea.Model: the first page reads the ledger, and only then
// are keyrings and gateways bothered.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, m.page().Open(), m.waitNews(0), m.readFigures(0), m.connect())
}

// page is the open page.
func (m *Model) page() Page { return m.tabs[m.at].page }

// Profiles implements page.Host.
func (m *Model) Profiles() []string {
	if m.profile == "" {
		return nil
	}
	return []string{m.profile}
}
