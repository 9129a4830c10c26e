package app

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/ui/ability"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
	"paydesk/ui/widget/timeline"
)

// balanceLimit bounds the question for a balance.
const balanceLimit = 60 * time.Second

// abilities is what is known of the gateways, and the dialog that shows it.
type abilities struct {
	known    map[string]page.Able // by profile; those not opened yet are not there
	failed   map[string]error     // why the last try to open one failed
	balances *page.Asker[balance]

	dialog *dialog.Detail // open, to be kept up to date; nil: none
	of     desk.Profile   // whose gateway it is about
	told   text.Safe      // of its balance
	tone   style.Tone
}

// balance is what a gateway told of an account.
type balance struct {
	profile string
	money   client.Money
}

func newAbilities() abilities {
	return abilities{
		known: map[string]page.Able{}, failed: map[string]error{}, balances: page.NewAsker[balance](keys.Global, balanceLimit),
	}
}

// Can implements page.Host.
func (m *Model) Can(profile string) (able page.Able, known bool) {
	able, known = m.live.able.known[profile]
	return able, known
}

// openGateway opens the gateway of a profile in the background and learns what it
// can do.
func (m *Model) openGateway(name string) tea.Cmd {
	d, asker := m.svc.Desk, m.live.opens[name]
	if asker == nil {
		return nil
	}
	return asker.Ask(m.bag.Ctx, func(ctx context.Context) (opened, error) {
		g, err := d.Gateway(ctx, name)
		if err != nil {
			return opened{profile: name}, err
		}
		return opened{profile: name, able: page.AbleOf(g)}, nil
	})
}

// learned keeps what came of opening a gateway, and shows it where it matters.
func (m *Model) learned(name string, o opened, err error) tea.Cmd {
	if err != nil {
		m.live.able.failed[name] = err
		m.svc.Log.Warn("gateway not opened", "profile", name, "error", err)
		m.redrawGateway()
		return nil
	}
	delete(m.live.able.failed, name)
	m.live.able.known[name] = o.able
	m.page().Restyle() // what it says of the gateway may be drawn already
	m.redrawGateway()
	return m.askBalance()
}

// relearn opens again the gateways that could not be opened at the start and have
// answered since.
func (m *Model) relearn() tea.Cmd {
	var cmds []tea.Cmd
	for _, p := range m.svc.Desk.Profiles() {
		if _, known := m.Can(p.Name); known || m.connecting(p.Name) || m.svc.Desk.Link(p.Name).LastOK.IsZero() {
			continue
		}
		cmds = append(cmds, m.openGateway(p.Name))
	}
	return tea.Batch(cmds...)
}

// gatewayAction is the row of the action table.
func (m *Model) gatewayAction() page.Action {
	return page.Action{
		ID: "app.gateway", Title: text.Literal("What this gateway can do"), Group: text.Literal("Console"),
		Enabled: func(struct{}) (text.Safe, bool) { return text.Literal("no profile is set up"), len(m.inSight()) > 0 },
		Run:     func(struct{}) tea.Cmd { return m.pickGateway() },
	}
}

// pickGateway shows the gateway of the one profile in sight, or asks which.
func (m *Model) pickGateway() tea.Cmd {
	profiles := m.inSight()
	if len(profiles) == 1 {
		return m.showGateway(profiles[0])
	}
	about := dialog.PickerOptions{ID: "gateway", Title: text.Literal("What can which gateway do?"), Search: len(profiles) > 8}
	for _, p := range profiles {
		about.Items = append(about.Items, dialog.Item{
			Key: p.Name, Title: text.Clean(p.Name), Detail: text.Clean(p.Brand), Env: style.EnvOf(p.Environment),
		})
	}
	m.Open(dialog.NewPicker(m.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		chosen, ok := result.(dialog.Chosen)
		i := slices.IndexFunc(profiles, func(p desk.Profile) bool { return ok && p.Name == chosen.Key })
		if i < 0 {
			return nil
		}
		return m.showGateway(profiles[i])
	})
	return nil
}

// showGateway shows what a profile's gateway can do. One that is not open yet is
// opened meanwhile, and its balance is asked for where it tells it.
func (m *Model) showGateway(p desk.Profile) tea.Cmd {
	able := &m.live.able
	able.of, able.told = p, text.Safe{}
	able.dialog = dialog.NewDetail(m.bag.Kit(), m.gatewayPage())
	shown := able.dialog
	m.Open(shown, func(dialog.Result) tea.Cmd {
		if able.dialog == shown {
			able.dialog = nil
			able.balances.Drop()
		}
		return nil
	})
	if _, known := m.Can(p.Name); !known && !m.connecting(p.Name) {
		cmd := m.openGateway(p.Name)
		m.redrawGateway()
		return cmd
	}
	return m.askBalance()
}

// redrawGateway draws the open dialog anew.
func (m *Model) redrawGateway() {
	if d := m.live.able.dialog; d != nil {
		d.SetPage(m.gatewayPage())
		m.screen.dirty = true
	}
}

// askBalance asks for the balance that the open dialog waits for.
func (m *Model) askBalance() tea.Cmd {
	able := &m.live.able
	known, ok := m.Can(able.of.Name)
	if able.dialog == nil || !ok || !known.Balance.OK || able.balances.Busy() {
		return nil
	}
	able.told, able.tone = text.Literal("asking"), style.Pending
	d, name := m.svc.Desk, able.of.Name
	cmd := able.balances.Ask(m.bag.Ctx, func(ctx context.Context) (balance, error) {
		money, err := d.Balance(ctx, name)
		return balance{profile: name, money: money}, err
	})
	m.redrawGateway()
	return cmd
}

func (m *Model) takeBalance(answer page.Answer[balance]) {
	able := &m.live.able
	said, ok, err := able.balances.Take(answer)
	switch {
	case !ok || said.profile != able.of.Name:
		return
	case err != nil:
		problem := story.ProblemOf(err)
		able.told, able.tone = text.Join(text.Literal(": "), m.bag.Styles.Error(problem.Class).Word, problem.Message), style.Warning
	default:
		able.told, able.tone = text.Amount(said.money), style.Strong
	}
	m.redrawGateway()
}

// gatewayPage is the content of the dialog as it is known now.
func (m *Model) gatewayPage() dialog.Page {
	l, p := text.Literal, m.live.able.of
	able, known := m.Can(p.Name)
	shown := dialog.Page{
		Title: text.Concat(l("What "), text.Clean(p.Brand), l(" can do")), Env: style.EnvOf(p.Environment),
		Sections: []dialog.Section{{Fields: []pane.Field{
			{Label: l("profile"), Value: text.Clean(p.Name)},
			{Label: l("gateway"), Value: text.Clean(p.Gateway)},
			{Label: l("merchant"), Value: text.Clean(p.Merchant)},
			{Label: l("clock"), Value: m.clockWords(p.Name)},
			{Label: l("balance"), Value: m.live.able.told, Tone: m.live.able.tone},
		}}},
	}
	if !known {
		shown.Sections = append(shown.Sections, m.closedGateway(p.Name))
		return shown
	}
	can, limits := dialog.Section{Title: l("can and cannot")}, dialog.Section{Title: l("limits and habits")}
	for _, line := range ability.Lines(able.Capabilities) {
		entry := timeline.Entry{Glyph: m.bag.Styles.Glyph.Check, Tone: style.Success, Text: text.Concat(l("can "), line.Title)}
		if !line.Can {
			entry = timeline.Entry{Glyph: m.bag.Styles.Glyph.Cross, Tone: style.Warning, Text: text.Concat(l("cannot "), line.Title), Detail: line.Reason}
		}
		can.Entries = append(can.Entries, entry)
	}
	for _, fact := range ability.Facts(able.Capabilities) {
		limits.Fields = append(limits.Fields, pane.Field{Label: fact.Title, Value: fact.Value})
	}
	shown.Sections = append(shown.Sections, can, limits)
	return shown
}

// closedGateway says why nothing is known of a gateway yet.
func (m *Model) closedGateway(name string) dialog.Section {
	l := text.Literal
	err := m.live.able.failed[name]
	if err == nil || m.connecting(name) {
		return dialog.Section{Paragraphs: []text.Safe{l("It is being opened: its keys are read. What it can do stands here as soon as that is done.")}}
	}
	problem := story.ProblemOf(err)
	return dialog.Section{Title: l("it could not be opened"), Paragraphs: slices.DeleteFunc([]text.Safe{
		text.Join(l(": "), m.bag.Styles.Error(problem.Class).Word, problem.Message), problem.Hint,
	}, text.Safe.Empty)}
}

// clockWords says how far the gateway's clock is from this computer's.
func (m *Model) clockWords(profile string) text.Safe {
	l, link := text.Literal, m.svc.Desk.Link(profile)
	switch off := link.Skew.Abs(); {
	case link.LastOK.IsZero():
		return l("not known yet; it is read from the gateway's answers")
	case off < time.Second:
		return l("within a second of this computer's")
	case link.Skew > 0:
		return text.Concat(text.Span(off), l(" ahead of this computer's; requests are corrected for it"))
	default:
		return text.Concat(text.Span(off), l(" behind this computer's; requests are corrected for it"))
	}
}
