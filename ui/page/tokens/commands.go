package tokens

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Time limits and pauses.
const (
	readLimit   = 10 * time.Second
	askLimit    = 60 * time.Second
	commitLimit = 20 * time.Second
	newsDelay   = 100 * time.Millisecond
)

// mostUsers bounds how many users' cards are listed while a name is typed.
const mostUsers = 20

// profile is the one that is chosen, "" for all.
func (p *Page) profile() string {
	if chosen := p.bag.Host.Profiles(); len(chosen) == 1 {
		return chosen[0]
	}
	return ""
}

// load reads what the ledger knows of the typed user, of the users that it
// could become, or of the cards that were seen last.
func (p *Page) load(delay time.Duration) tea.Cmd {
	from, profile, part := p.bag.Ledger, p.profile(), strings.TrimSpace(p.bar.Value())
	ask := p.loads.After
	if delay == newsDelay {
		ask = p.loads.Queue
	}
	return ask(p.bag.Ctx, delay, func(ctx context.Context) (l loaded, err error) {
		if l.unbinds, err = from.OpenUnbinds(ctx, profile); err != nil {
			return l, err
		}
		if part == "" {
			l.rows, err = from.Tokens(ctx, profile, "")
			return l, err
		}
		if l.users, err = from.TokenUsers(ctx, profile, part, mostUsers); err != nil {
			return l, err
		}
		// A whole name stands first, whatever other names hold it.
		slices.SortStableFunc(l.users, func(a, b string) int {
			return boolToInt(strings.EqualFold(b, part)) - boolToInt(strings.EqualFold(a, part))
		})
		users := l.users
		if len(users) > 0 && strings.EqualFold(users[0], part) {
			users = users[:1]
		}
		for _, user := range users {
			cards, err := from.Tokens(ctx, profile, user)
			if err != nil {
				return l, err
			}
			l.rows = append(l.rows, cards...)
		}
		return l, nil
	})
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *Page) takeLoaded(msg page.Answer[loaded]) tea.Cmd {
	l, ok, err := p.loads.Take(msg)
	if !ok {
		return nil
	}
	p.failure, p.there = err, true
	if err == nil {
		p.rows, p.users = l.rows, l.users
		clear(p.unbinds)
		for _, u := range l.unbinds {
			p.unbinds[u.Profile+"\x00"+u.Token] = u
		}
	}
	p.complete()
	p.count()
	p.redraw()
	return p.loads.Queued()
}

// count shows how many cards are listed.
func (p *Page) count() { p.bar.SetCount(int64(len(p.rows)), -1) }

// complete offers how the typed name could go on.
func (p *Page) complete() {
	p.bar.SetCompletion(text.Safe{})
	typed := p.bar.Value()
	if typed == "" || !p.bar.Focused() {
		return
	}
	for _, user := range p.users {
		if len(user) > len(typed) && strings.EqualFold(user[:len(typed)], typed) {
			p.bar.SetCompletion(text.Clean(user[len(typed):]))
			return
		}
	}
}

// ask asks the gateways for a user's cards: that of one profile, or with ""
// all that are chosen. Those that keep no cards are not asked.
func (p *Page) ask(user, only string) tea.Cmd {
	if user = strings.TrimSpace(user); user == "" {
		return nil
	}
	p.user = user
	var all []tea.Cmd
	d := p.desk
	for _, profile := range p.lists(only) {
		name := profile.Name
		all = append(all, p.asks[name].Ask(p.bag.Ctx, func(ctx context.Context) (asked, error) {
			cards, err := d.Tokens(ctx, name, user)
			return asked{profile: name, user: user, cards: len(cards)}, err
		}))
	}
	if len(all) > 0 {
		p.bag.Host.Say(style.Pending, text.Concat(text.Literal("asking for the cards of "), text.Clean(user)))
	}
	return tea.Batch(all...)
}

// chosen is the profiles that are asked.
func (p *Page) chosen(only string) []desk.Profile {
	scope := p.bag.Host.Profiles()
	return slices.DeleteFunc(p.desk.Profiles(), func(profile desk.Profile) bool {
		return (only != "" && profile.Name != only) || (only == "" && scope != nil && !slices.Contains(scope, profile.Name))
	})
}

func (p *Page) takeAsked(msg page.Answer[asked]) tea.Cmd {
	for name, asker := range p.asks {
		a, ok, err := asker.Take(msg)
		switch {
		case !ok:
			continue
		case client.ClassOf(err) == client.ClassUnsupported && len(p.asks) > 1:
			// Said once for the profile that has no cards would be noise beside
			// the others' answers; the gateway's own page says it.
		case err != nil:
			p.bag.Host.Fail(text.Concat(text.Literal("cards at "), text.Clean(name)), err)
		default:
			p.bag.Host.Say(style.Success, text.Join(text.Literal(" "), text.Clean(name), text.Literal("lists"), cardCount(a.cards),
				text.Literal("of"), text.Clean(a.user)))
		}
		return p.load(0)
	}
	return nil
}

func cardCount(n int) text.Safe {
	if n == 1 {
		return text.Literal("1 card")
	}
	return text.Concat(text.Number(int64(n)), text.Literal(" cards"))
}

// unbind commits what was consented to; the poller sends it.
func (p *Page) unbind(t ledger.Token, reason string) tea.Cmd {
	d := p.desk
	return p.binds.Ask(p.bag.Ctx, func(ctx context.Context) (ledger.Unbind, error) {
		plan, err := d.PlanUnbind(ctx, t.Profile, t.UserID, t.Token.Token, reason)
		if err != nil {
			return ledger.Unbind{}, err
		}
		keep, stop := context.WithTimeout(context.WithoutCancel(ctx), commitLimit)
		defer stop()
		return d.CommitUnbind(keep, plan)
	})
}

func (p *Page) takeUnbind(msg page.Answer[ledger.Unbind]) tea.Cmd {
	u, ok, err := p.binds.Take(msg)
	switch {
	case !ok:
		return nil
	case err != nil:
		p.bag.Host.Fail(text.Literal("card not unbound"), err)
		return nil
	}
	p.waiting = append(p.waiting, u)
	p.bag.Host.Say(style.Accent, text.Concat(text.Literal("unbinding a card of "), text.Clean(u.UserID),
		text.Literal("; it is checked by asking the gateway")))
	return p.load(0)
}

// setEmpty says why there are no rows, and what to do.
func (p *Page) setEmpty() {
	l := text.Literal
	wrap := func(words text.Safe) []text.Safe { return text.Wrap(words, max(p.width-4, 20)) }
	empty := func(lines ...text.Safe) {
		for _, words := range p.missing() {
			lines = append(lines, wrap(words)...)
		}
		p.grid.SetEmpty(lines...)
	}
	typed := strings.TrimSpace(p.bar.Value())
	reason, lists := p.someLists("")
	switch {
	case p.failure != nil:
		problem := story.ProblemOf(p.failure)
		p.grid.SetEmpty(problem.Message, problem.Hint)
	case !lists && len(p.chosen("")) > 1:
		empty(l("None of these gateways keeps saved cards."))
	case !lists:
		p.grid.SetEmpty(append(append([]text.Safe{l("There are no saved cards here.")}, wrap(reason)...),
			text.Concat(p.bag.Keys.Label("app.profile"), l("  choose another profile")))...)
	case typed == "":
		empty(l("No saved cards are known yet."), text.Concat(p.bag.Keys.Label("token.user"), l("  type a user's ID to ask the gateway")))
	case p.asking():
		empty(text.Concat(l("Asking the gateway for the cards of "), text.Clean(typed), l(".")))
	case strings.EqualFold(p.user, typed):
		empty(text.Concat(l("The gateway lists no saved card of "), text.Clean(typed), l(".")))
	default:
		empty(text.Concat(l("The ledger knows no saved card of "), text.Clean(typed), l(".")), l("enter asks the gateway"))
	}
}

// asking reports whether a gateway has not answered yet.
func (p *Page) asking() bool {
	for _, asker := range p.asks {
		if asker.Busy() {
			return true
		}
	}
	return false
}
