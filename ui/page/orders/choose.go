package orders

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/query"
	"paydesk/ui/dialog"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/grid"
)

// choose is the columns to show: those a person chose, else the usual ones,
// with the profile where several are listed.
func (p *Page) choose() []column {
	several := len(p.askable()) > 1
	var shown []column
	for _, c := range p.all {
		switch {
		case p.chosen != nil && slices.Contains(p.chosen, c.ID),
			p.chosen == nil && (!c.extra || (c.ID == "profile" && several)):
			shown = append(shown, c)
		}
	}
	return shown
}

// fitColumns brings the columns in line with the choice and the profiles.
func (p *Page) fitColumns() {
	shown := p.choose()
	same := slices.EqualFunc(shown, p.shown, func(a, b column) bool { return a.ID == b.ID })
	if same {
		return
	}
	p.shown = shown
	p.list.Grid.SetColumns(gridColumns(shown))
	p.list.Redraw()
	p.dirty = true
}

func gridColumns(columns []column) []grid.Column {
	list := make([]grid.Column, len(columns))
	for i, c := range columns {
		list[i] = c.Column
	}
	return list
}

// markSort puts the arrow on the column that the list is sorted by.
func (p *Page) markSort() {
	by := p.effective().Sort[0]
	id, desc := "", by.Desc
	for _, c := range p.all {
		if c.sort == by.Field || (by.Field == query.Age && c.sort == query.Placed) {
			id = c.ID
		}
	}
	if by.Field == query.Age {
		desc = !desc // the oldest are those placed first
	}
	p.list.Grid.SetSort(id, desc)
}

// sortBy sorts by a column; again turns the order round.
func (p *Page) sortBy(id string) tea.Cmd {
	i := slices.IndexFunc(p.all, func(c column) bool { return c.ID == id })
	if i < 0 || p.all[i].sort == "" {
		return nil
	}
	if len(p.filter.Query().Sort) > 0 {
		p.bag.Host.Say(style.Warning, text.Literal("the search names its own order; take sort: out of it first"))
		return nil
	}
	field := p.all[i].sort
	if p.sort.Field == field {
		p.sort.Desc = !p.sort.Desc
	} else {
		p.sort = query.Sort{Field: field, Desc: field == query.Placed || field == query.Amount}
	}
	return p.reopen()
}

// Sort asks by which column to sort.
func (p *Page) Sort() tea.Cmd {
	about := dialog.PickerOptions{ID: "sort", Title: text.Literal("Sort orders by")}
	for _, c := range p.all {
		if c.sort == "" {
			continue
		}
		item := dialog.Item{Key: c.ID, Title: words(c.Title)}
		if c.sort == p.sort.Field {
			item.Detail, about.Start = text.Literal("again turns the order round"), c.ID
		}
		about.Items = append(about.Items, item)
	}
	p.bag.Host.Open(dialog.NewPicker(p.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		if chosen, ok := result.(dialog.Chosen); ok {
			return p.sortBy(chosen.Key)
		}
		return nil
	})
	return nil
}

// usual is the choice that forgets all choices.
const usual = "*"

// Columns asks which columns to show; the dialog stays for the next one.
func (p *Page) Columns() tea.Cmd { return p.pickColumns("") }

func (p *Page) pickColumns(start string) tea.Cmd {
	about := dialog.PickerOptions{
		ID: "columns", Title: text.Literal("Columns"), Start: start, Intro: text.Literal("What does not fit stays away, the last first."),
	}
	for _, c := range p.all {
		item := dialog.Item{Key: c.ID, Title: words(c.Title), Detail: text.Literal("hidden")}
		if slices.ContainsFunc(p.shown, func(s column) bool { return s.ID == c.ID }) {
			item.Detail = text.Literal("shown")
		}
		if c.ID == "order" || c.ID == "amount" {
			item.Off = text.Literal("always shown")
		}
		about.Items = append(about.Items, item)
	}
	about.Items = append(about.Items, dialog.Item{Key: usual, Title: text.Literal("the usual ones")})
	p.bag.Host.Open(dialog.NewPicker(p.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		if chosen, ok := result.(dialog.Chosen); ok {
			p.toggleColumn(chosen.Key)
			return p.pickColumns(chosen.Key)
		}
		return nil
	})
	return nil
}

func (p *Page) toggleColumn(id string) {
	if id == usual {
		p.chosen = nil
		p.fitColumns()
		return
	}
	var now []string
	for _, c := range p.shown {
		if c.ID != id {
			now = append(now, c.ID)
		}
	}
	if len(now) == len(p.shown) {
		now = append(now, id)
	}
	p.chosen = now
	p.fitColumns()
}

// words is a column's title as a word.
func words(title text.Safe) text.Safe { return text.Clean(strings.ToLower(title.String())) }

// lookUp asks for a number, and for the profile where there are several.
func (p *Page) lookUp() tea.Cmd {
	profiles := p.askable()
	if len(profiles) == 1 {
		return p.lookUpIn(profiles[0])
	}
	about := dialog.PickerOptions{ID: "lookup", Title: text.Literal("Look up at which gateway?")}
	for _, profile := range profiles {
		item := dialog.Item{
			Key: profile.Name, Title: text.Clean(profile.Name), Detail: text.Clean(profile.Brand), Env: style.EnvOf(profile.Environment),
		}
		if reason, ok := p.bag.Offers(profile.Name, queryOrder); !ok {
			item.Off = reason
		}
		about.Items = append(about.Items, item)
	}
	p.bag.Host.Open(dialog.NewPicker(p.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		chosen, ok := result.(dialog.Chosen)
		i := slices.IndexFunc(profiles, func(profile desk.Profile) bool { return ok && profile.Name == chosen.Key })
		if i < 0 {
			return nil
		}
		return p.lookUpIn(profiles[i])
	})
	return nil
}

func (p *Page) lookUpIn(profile desk.Profile) tea.Cmd {
	prompt := dialog.NewPrompt(p.bag.Kit(), dialog.PromptOptions{
		ID: "lookup", Title: text.Concat(text.Literal("Look up at "), text.Clean(profile.Brand)),
		Intro:       text.Join(text.Literal(" "), text.Literal("Profile"), text.Clean(profile.Name), p.numbers(profile)),
		Placeholder: text.Literal("number"),
	})
	p.bag.Host.Open(prompt, func(result dialog.Result) tea.Cmd {
		if entered, ok := result.(dialog.Entered); ok {
			return p.look(profile.Name, entered.Value)
		}
		return nil
	})
	return nil
}

// numbers says which numbers can be looked up at a profile's gateway.
func (p *Page) numbers(profile desk.Profile) text.Safe {
	reason, ok := p.bag.Offers(profile.Name, func(c client.Capabilities) client.Capability { return c.QueryByGatewayNo })
	if ok {
		return text.Literal("· an order number, or a gateway's or a refund's number that the ledger or the gateway can trace")
	}
	return text.Concat(text.Literal("· "), reason, text.Literal("; the ledger traces other numbers to it"))
}

// cutKey parts a row's key into profile and number.
func cutKey(k string) (profile, no string, ok bool) { return strings.Cut(k, "\x00") }
