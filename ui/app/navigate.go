package app

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/desk"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/tabs"
)

// open shows a page; the way back is forgotten, because the person chose it.
func (m *Model) open(i int) tea.Cmd {
	m.back = nil
	return m.turnTo(i)
}

func (m *Model) turnTo(i int) tea.Cmd {
	if i == m.at {
		return m.page().Open()
	}
	m.page().Close()
	m.at = i
	m.layout()
	return m.page().Open()
}

// Jump implements page.Host: it opens a record on its page and remembers where
// the person was.
func (m *Model) Jump(to page.Target) tea.Cmd {
	i := slices.IndexFunc(m.tabs, func(t tab) bool { return t.page.Scope() == to.Page })
	if i < 0 {
		return nil
	}
	var cmds []tea.Cmd
	if m.profile != "" && to.Profile != "" && m.profile != to.Profile {
		cmds = append(cmds, m.setProfile(to.Profile))
	}
	if i != m.at {
		m.back = append(m.back, m.at)
		m.page().Close()
		m.at = i
		m.layout()
	}
	switch to.Page {
	case keys.Orders:
		cmds = append(cmds, m.orders.Show(to.Profile, to.No))
	case keys.Refunds:
		cmds = append(cmds, m.refunds.Show(to.No, to.Order))
	case keys.Tokens:
		cmds = append(cmds, m.tokens.Show(to.Profile, to.No))
	}
	return tea.Batch(cmds...)
}

// canBack reports whether there is something to dismiss or to leave.
func (m *Model) canBack() bool {
	_, noticed := m.notices.Current(m.svc.Clock())
	return m.fault != nil || noticed || len(m.back) > 0 || (!m.welcome() && m.page().CanBack())
}

// goBack dismisses an error, leaves a record, returns from a jump, clears a
// search, in this order.
func (m *Model) goBack() tea.Cmd {
	inside, _ := m.page().(insider)
	switch {
	case m.fault != nil:
		m.fault = nil
		m.layout()
	case inside != nil && inside.Inside():
		return m.page().Back()
	case len(m.back) > 0:
		last := m.back[len(m.back)-1]
		m.back = m.back[:len(m.back)-1]
		var clear tea.Cmd
		if m.page().CanBack() {
			clear = m.page().Back() // the search of the jump
		}
		return tea.Batch(clear, m.turnTo(last))
	case m.page().CanBack():
		return m.page().Back()
	default:
		m.notices.Dismiss()
	}
	return nil
}

// all is the key of "all profiles" in the picker; no profile is called that.
const all = "*"

// pickProfile asks for a profile.
func (m *Model) pickProfile() tea.Cmd {
	profiles := m.svc.Desk.Profiles()
	about := dialog.PickerOptions{ID: "profile", Title: text.Literal("Profile"), Start: m.profile, Search: len(profiles) > 8}
	about.Items = append(about.Items, dialog.Item{Key: all, Title: text.Literal("all profiles")})
	for _, p := range profiles {
		about.Items = append(about.Items, dialog.Item{
			Key: p.Name, Title: text.Clean(p.Name), Env: style.EnvOf(p.Environment),
			Detail: text.Join(text.Literal(" "), text.Clean(p.Brand), m.lockWord(p)),
		})
	}
	m.Open(dialog.NewPicker(m.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		chosen, ok := result.(dialog.Chosen)
		switch {
		case !ok:
			return nil
		case chosen.Key == all:
			return m.changeProfile("")
		}
		return m.changeProfile(chosen.Key)
	})
	return nil
}

func (m *Model) lockWord(p desk.Profile) text.Safe {
	if locked, _ := m.svc.Desk.ReadOnly(p.Name); locked {
		return text.Literal("read-only")
	}
	return text.Safe{}
}

// changeProfile restricts everything to a profile, "" for all, and reads the
// open page again.
func (m *Model) changeProfile(name string) tea.Cmd {
	m.back = nil
	return tea.Batch(m.setProfile(name), m.page().Open())
}

func (m *Model) setProfile(name string) tea.Cmd {
	m.profile = name
	m.closeDialogs()
	m.live.reads.Drop()
	m.layout()
	return m.readFigures(0)
}

// inSight is the profiles that are listed now.
func (m *Model) inSight() []desk.Profile {
	return slices.DeleteFunc(m.svc.Desk.Profiles(), func(p desk.Profile) bool { return m.profile != "" && p.Name != m.profile })
}

// profileAtHand is the one that is chosen, else the first.
func (m *Model) profileAtHand() string {
	if sight := m.inSight(); m.profile == "" && len(sight) > 0 {
		return sight[0].Name
	}
	return m.profile
}

// lockable is the profiles in sight that open read-only.
func (m *Model) lockable() []desk.Profile {
	return slices.DeleteFunc(m.inSight(), func(p desk.Profile) bool { return !p.Policy.ReadOnly })
}

// unlock lifts read-only of the one profile that it can mean, or asks which.
func (m *Model) unlock() tea.Cmd {
	profiles := m.lockable()
	if len(profiles) == 1 {
		return m.unlockOne(profiles[0])
	}
	about := dialog.PickerOptions{ID: "unlock", Title: text.Literal("Unlock or lock which profile?")}
	for _, p := range profiles {
		word := m.lockWord(p)
		if word.Empty() {
			word = text.Literal("unlocked")
		}
		about.Items = append(about.Items, dialog.Item{Key: p.Name, Title: text.Clean(p.Name), Detail: word, Env: style.EnvOf(p.Environment)})
	}
	m.Open(dialog.NewPicker(m.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		chosen, ok := result.(dialog.Chosen)
		i := slices.IndexFunc(profiles, func(p desk.Profile) bool { return ok && p.Name == chosen.Key })
		if i < 0 {
			return nil
		}
		return m.unlockOne(profiles[i])
	})
	return nil
}

// unlockOne locks at once, and unlocks behind a dialog that wants the
// profile's name typed.
func (m *Model) unlockOne(p desk.Profile) tea.Cmd {
	if locked, _ := m.svc.Desk.ReadOnly(p.Name); !locked {
		return m.setLock(p.Name, 0)
	}
	l := text.Literal
	form := dialog.NewTyped(m.bag.Kit(), dialog.TypedOptions{
		ID: "unlock", Title: text.Concat(l("Unlock "), text.Clean(p.Name)), Env: style.EnvOf(p.Environment),
		Intro: []text.Safe{l("Refunds and unbindings become possible for 15 minutes, here only."), l("The journal says who unlocked it and when.")},
		Verb:  text.Concat(l("Unlock "), text.Clean(p.Name)), Confirm: text.Clean(p.Name).String(),
	}, m.svc.Clock())
	m.Open(form, func(result dialog.Result) tea.Cmd {
		if _, ok := result.(dialog.Confirmed); ok {
			return m.setLock(p.Name, UnlockFor)
		}
		return nil
	})
	return nil
}

// setLock lifts read-only for a while, or restores it with 0.
func (m *Model) setLock(profile string, lasts time.Duration) tea.Cmd {
	d := m.svc.Desk
	return m.live.unlocks.Ask(m.bag.Ctx, func(ctx context.Context) (unlocked, error) {
		return unlocked{profile: profile, lasts: lasts}, d.Unlock(ctx, profile, lasts)
	})
}

func (m *Model) unlockedNow(u unlocked, err error) {
	switch {
	case err != nil:
		m.Fail(text.Literal("unlock"), err)
	case u.lasts > 0:
		m.Say(style.Warning, text.Concat(text.Clean(u.profile), text.Literal(" is unlocked for "), text.Span(u.lasts)))
	default:
		m.Say(style.Text, text.Concat(text.Clean(u.profile), text.Literal(" is read-only again")))
	}
}

// click is never needed and never consents: it chooses a tab, a row or a
// column.
func (m *Model) click(msg tea.MouseClickMsg) tea.Cmd {
	switch {
	case m.small():
		return nil
	case m.dialogs.Top() != nil:
		return m.toDialog(msg)
	case msg.Button != tea.MouseLeft || m.welcome():
		return nil
	case msg.Y == tabsLine:
		if i, ok := tabs.At(m.tabList(), m.at, m.screen.width, msg.X); ok {
			return m.open(i)
		}
	case msg.Y >= m.screen.top && msg.Y < m.screen.top+m.screen.body:
		return m.page().Click(msg.X, msg.Y-m.screen.top)
	}
	return nil
}

// wheelRows is how many rows one notch of the wheel moves.
const wheelRows = 3

func (m *Model) wheel(msg tea.MouseWheelMsg) tea.Cmd {
	switch {
	case m.small() || m.welcome():
		return nil
	case m.dialogs.Top() != nil:
		return m.toDialog(msg)
	case msg.Button == tea.MouseWheelDown:
		return m.page().Move(wheelRows)
	case msg.Button == tea.MouseWheelUp:
		return m.page().Move(-wheelRows)
	}
	return nil
}
