package tokens

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/ui/action"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
)

// Actions is what can be done on this page.
func (p *Page) Actions() []page.Action {
	l, group := text.Literal, text.Literal("Tokens")
	return []page.Action{
		{
			ID: "token.user", Title: l("Type a user's ID"), Group: group, Short: l("user"), Weight: 70,
			Run: func(struct{}) tea.Cmd { return p.Filter() },
		},
		{
			ID: "token.unbind", Title: l("Unbind the saved card"), Group: group, Risk: action.Dangerous, Short: l("unbind"), Weight: 90,
			Enabled: p.needs(p.canUnbind), Run: p.with(p.askUnbind),
		},
		{
			ID: "token.ask", Title: l("Ask the gateway for the user's cards now"), Group: group, Short: l("ask now"), Weight: 80,
			Enabled: func(struct{}) (text.Safe, bool) { return p.canAsk() },
			Run:     func(struct{}) tea.Cmd { return p.ask(p.meant()) },
		},
	}
}

// meant is the user, and the profile, that a person means now.
func (p *Page) meant() (user, profile string) {
	if t, ok := p.Current(); ok {
		return t.UserID, t.Profile
	}
	return strings.TrimSpace(p.bar.Value()), ""
}

func (p *Page) needs(more func(ledger.Token) (text.Safe, bool)) func(struct{}) (text.Safe, bool) {
	return func(struct{}) (text.Safe, bool) {
		t, ok := p.Current()
		if !ok {
			return text.Literal("no card is chosen"), false
		}
		return more(t)
	}
}

func (p *Page) with(run func(ledger.Token) tea.Cmd) func(struct{}) tea.Cmd {
	return func(struct{}) tea.Cmd {
		if t, ok := p.Current(); ok {
			return run(t)
		}
		return nil
	}
}

// canAsk says why no gateway can be asked for the cards of the user that is meant.
func (p *Page) canAsk() (text.Safe, bool) {
	user, only := p.meant()
	if reason, ok := p.someLists(only); !ok {
		return reason, false
	}
	return text.Literal("no user is chosen"), user != ""
}

// canUnbind says why a card cannot be unbound; the desk decides.
func (p *Page) canUnbind(t ledger.Token) (text.Safe, bool) {
	if reason, ok := p.bag.Offers(t.Profile, removeToken); !ok {
		return reason, false
	}
	if _, open := p.unbinds[key(t)]; open {
		return text.Literal("it is being unbound already"), false
	}
	if t.Status == client.TokenRemoved {
		return text.Literal("the card is unbound already"), false
	}
	if locked, _ := p.desk.ReadOnly(t.Profile); locked {
		return text.Concat(text.Literal("the profile is read-only; "), p.bag.Keys.Label("app.unlock"), text.Literal(" unlocks it")), false
	}
	return text.Safe{}, confirmText(t) != ""
}

// confirmText is what must be typed: the card's last four digits, else the end
// of its token.
func confirmText(t ledger.Token) string {
	if tail := story.Tail(t.Card); tail != "" {
		return tail
	}
	token := []rune(text.Clean(t.Token.Token).String())
	return string(token[max(len(token)-4, 0):])
}

// reasons are the reasons to choose from.
func reasons() []text.Safe {
	l := text.Literal
	return []text.Safe{l("customer asked"), l("card lost or stolen"), l("card replaced"), l("account closed"), l("fraud or dispute"), l("other")}
}

// askUnbind opens the dialog for a card.
func (p *Page) askUnbind(t ledger.Token) tea.Cmd {
	var profile desk.Profile
	for _, known := range p.desk.Profiles() {
		if known.Name == t.Profile {
			profile = known
		}
	}
	dot := text.Concat(text.Spaces(1), p.bag.Styles.Glyph.Dot, text.Spaces(1))
	form := dialog.NewUnbind(p.bag.Kit(), dialog.UnbindCard{
		Context: text.Join(dot, text.Clean(t.Profile), text.Clean(profile.Brand)), Env: style.EnvOf(profile.Environment),
		User: text.Clean(t.UserID), Card: story.Card(t.Brand, t.Method, t.Card), Token: text.Clean(t.Token.Token),
		Status: p.bag.Styles.Token(t.Status), Reasons: reasons(), Confirm: confirmText(t),
	}, p.bag.Clock())
	p.bag.Host.Open(form, func(result dialog.Result) tea.Cmd {
		if yes, ok := result.(dialog.UnbindConfirmed); ok {
			return p.unbind(t, yes.Reason)
		}
		return nil
	})
	return nil
}

// Filter gives the user field the keyboard.
func (p *Page) Filter() tea.Cmd {
	p.before = p.bar.Value()
	p.bar.Focus()
	p.dirty = true
	return nil
}

// Typing reports whether the user field has the keyboard.
func (p *Page) Typing() bool { return p.bar.Focused() }

// Type takes a key press or pasted text for the user field.
func (p *Page) Type(msg tea.Msg) tea.Cmd {
	p.dirty = true
	if press, ok := msg.(tea.KeyPressMsg); ok {
		id, _ := p.bag.Keys.Find(press, keys.Input)
		switch id {
		case keys.InputLeave:
			p.leave()
			p.bar.SetValue(p.before)
			return p.load(0)
		case keys.InputAccept:
			p.leave()
			return tea.Batch(p.load(0), p.ask(p.bar.Value(), ""))
		case keys.InputUp:
			return p.Move(-1)
		case keys.InputDown:
			return p.Move(1)
		case keys.InputComplete:
			p.bar.Complete()
			return p.load(0)
		}
	}
	if !p.bar.Update(msg) {
		return nil
	}
	p.grid.Reset()
	return p.load(0)
}

func (p *Page) leave() {
	p.bar.Blur()
	p.bar.SetCompletion(text.Safe{})
}

// Move moves the cursor.
func (p *Page) Move(rows int) tea.Cmd {
	p.grid.Move(rows)
	p.dirty = true
	return nil
}

// Turn moves by screenfuls.
func (p *Page) Turn(screens int) tea.Cmd {
	p.grid.Page(screens)
	p.dirty = true
	return nil
}

// Edge goes to the first or the last card.
func (p *Page) Edge(last bool) tea.Cmd {
	if last {
		p.grid.Last()
	} else {
		p.grid.First()
	}
	p.dirty = true
	return nil
}

// Enter shows all that is known of a card.
func (p *Page) Enter() tea.Cmd {
	t, ok := p.Current()
	if !ok {
		return nil
	}
	l := text.Literal
	expires := text.Safe{}
	if !t.ExpiresAt.IsZero() {
		expires = text.Day(t.ExpiresAt, p.bag.Loc)
	}
	fields := []pane.Field{
		{Label: l("user"), Value: text.Clean(t.UserID)},
		{Label: l("card"), Value: text.Clean(client.LastFour(t.Card))},
		{Label: l("brand"), Value: text.Clean(t.Brand)},
		{Label: l("method"), Value: text.Clean(t.Method)},
		{Label: l("expires"), Value: expires},
		{Label: l("token"), Value: text.Clean(t.Token.Token)},
		{Label: l("profile"), Value: text.Clean(t.Profile)},
		{Label: l("asked"), Value: text.Stamp(t.SeenAt, p.bag.Loc)},
	}
	if u, open := p.unbinds[key(t)]; open {
		fields = append(fields,
			pane.Field{Label: l("unbinding"), Value: text.Clean(string(u.Status)), Tone: style.Pending},
			pane.Field{Label: l("reason"), Value: text.Clean(u.Reason)}, pane.Field{Label: l("by"), Value: text.Clean(u.Agent)},
			pane.Field{Label: l("last answer"), Value: text.Join(l(" "), text.Clean(u.Last.Code), text.Clean(u.Last.Message))})
	}
	p.bag.Host.Open(dialog.NewDetail(p.bag.Kit(), dialog.Page{
		Title: text.Join(l(" "), l("Card"), story.Card(t.Brand, t.Method, t.Card)), Status: p.bag.Styles.Token(t.Status),
		Sections: []dialog.Section{{Fields: fields}}, Copy: text.Clean(t.Token.Token),
	}), func(dialog.Result) tea.Cmd { return nil })
	return nil
}

// CanBack reports whether there is something to leave.
func (p *Page) CanBack() bool { return p.bar.Value() != "" }

// Back clears the user.
func (p *Page) Back() tea.Cmd {
	p.bar.SetValue("")
	p.grid.Reset()
	return p.load(0)
}

// Click puts the cursor on a row.
func (p *Page) Click(_, y int) tea.Cmd {
	y -= p.bar.Height()
	if y < 0 {
		return p.Filter()
	}
	if k, ok := p.grid.RowAt(y); ok {
		p.grid.Select(k)
		p.dirty = true
	}
	return nil
}

// Copies lists what can be copied, best first: name and content.
func (p *Page) Copies() [][2]text.Safe {
	t, ok := p.Current()
	if !ok {
		return nil
	}
	l := text.Literal
	all := [][2]text.Safe{
		{l("token"), text.Clean(t.Token.Token)}, {l("user"), text.Clean(t.UserID)}, {l("card"), story.Card(t.Brand, t.Method, t.Card)},
	}
	return slices.DeleteFunc(all, func(c [2]text.Safe) bool { return c[1].Empty() })
}
