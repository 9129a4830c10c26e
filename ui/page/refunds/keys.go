package refunds

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/query"
	"paydesk/ui/action"
	"paydesk/ui/dialog"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/grid"
)

// Actions is what can be done on this page.
func (p *Page) Actions() []page.Action {
	l, group := text.Literal, text.Literal("Refunds")
	return []page.Action{
		{
			ID: "refund.cancel", Title: l("Take back a refund that was not sent"), Group: group, Risk: action.Careful, Short: l("take back"), Weight: 95,
			Enabled: p.needs(canCancel), Run: p.with(p.cancel),
		},
		{
			ID: "refund.resume", Title: l("Confirm once more a refund that was not sent"), Group: group, Risk: action.Dangerous,
			Short: l("confirm again"), Weight: 94, Enabled: p.needs(p.canConfirmNow), Run: p.with(p.askConfirm),
		},
		{
			ID: "refund.ask", Title: l("Ask the gateway about the refund now"), Group: group, Short: l("ask now"), Weight: 80,
			Enabled: p.needs(p.canAskNow), Run: p.with(p.ask),
		},
		{
			ID: "refund.evidence", Title: l("Show all evidence of the refund"), Group: group, Short: l("evidence"), Weight: 60,
			Enabled: p.needs(nil), Run: func(struct{}) tea.Cmd { return p.Enter() },
		},
		{
			ID: "refund.inspect", Title: l("Inspect a wrong signature"), Group: group, Short: l("inspect"), Weight: 65,
			Enabled: p.needs(p.canInspect), Run: p.with(p.inspectSign),
		},
		{
			ID: "refund.order", Title: l("Show the order of the refund"), Group: group, Short: l("its order"), Weight: 70,
			Enabled: p.needs(nil), Run: p.with(func(r ledger.Refund) tea.Cmd {
				return p.bag.Host.Jump(page.Target{Page: keys.Orders, Profile: r.Profile, No: r.OrderNo})
			}),
		},
	}
}

func (p *Page) canAskNow(r ledger.Refund) (text.Safe, bool) {
	if reason, ok := p.bag.Offers(r.Profile, func(c client.Capabilities) client.Capability { return c.QueryRefund }); !ok {
		return reason, false
	}
	if p.look == nil {
		return text.Literal("nothing polls in this session"), false
	}
	return canAsk(r)
}

// canConfirmNow says why a refund cannot be sent after a renewed consent.
func (p *Page) canConfirmNow(r ledger.Refund) (text.Safe, bool) {
	if reason, ok := canConfirm(r); !ok {
		return reason, false
	}
	return p.bag.Offers(r.Profile, func(c client.Capabilities) client.Capability { return c.Refund })
}

// needs makes an action wait for a refund under the cursor, and for more.
func (p *Page) needs(more func(ledger.Refund) (text.Safe, bool)) func(struct{}) (text.Safe, bool) {
	return func(struct{}) (text.Safe, bool) {
		r, ok := p.Current()
		switch {
		case !ok:
			return text.Literal("no refund is chosen"), false
		case more == nil:
			return text.Safe{}, true
		}
		return more(r)
	}
}

// with hands an action the refund under the cursor.
func (p *Page) with(run func(ledger.Refund) tea.Cmd) func(struct{}) tea.Cmd {
	return func(struct{}) tea.Cmd {
		if r, ok := p.Current(); ok {
			return run(r)
		}
		return nil
	}
}

// askConfirm asks once more before a stale intent is sent, by the same rules of
// consent as a new refund.
func (p *Page) askConfirm(r ledger.Refund) tea.Cmd {
	l := text.Literal
	form := dialog.NewTyped(p.bag.Kit(), dialog.TypedOptions{
		ID: "confirm", Title: text.Concat(l("Confirm the refund of "), text.Clean(r.OrderNo)), Env: p.env(r.Profile),
		Intro: []text.Safe{
			text.Concat(text.Amount(r.Amount), l(" of order "), text.Clean(r.OrderNo), l(", number "), text.TruncateMiddle(text.Clean(r.RefundNo), shortNo)),
			text.Concat(l("Decided "), text.Ago(p.bag.Now().Sub(r.ConfirmedAt)), l("; nothing was sent.")),
		},
		Warn: l("it is sent as soon as it is confirmed"), Verb: text.Concat(l("Refund "), text.Amount(r.Amount)), Confirm: r.Amount.Major(),
	}, p.bag.Clock())
	p.bag.Host.Open(form, func(result dialog.Result) tea.Cmd {
		if _, ok := result.(dialog.Confirmed); ok {
			return p.confirm(r)
		}
		return nil
	})
	return nil
}

// env is the environment of a profile.
func (p *Page) env(profile string) style.Env {
	for _, known := range p.desk.Profiles() {
		if known.Name == profile {
			return style.EnvOf(known.Environment)
		}
	}
	return style.EnvOf("")
}

// Filter gives the search line the keyboard.
func (p *Page) Filter() tea.Cmd {
	p.detail = false
	p.filter.Begin()
	p.layout()
	return nil
}

// Typing reports whether a text field has the keyboard.
func (p *Page) Typing() bool { return p.filter.Typing() && !p.detail }

// Type takes a key press or pasted text for the search line.
func (p *Page) Type(msg tea.Msg) tea.Cmd {
	did, rows := p.filter.Type(msg)
	p.dirty = true
	switch did {
	case page.TypedChanged:
		return p.reopen()
	case page.TypedMove:
		return p.Move(rows)
	case page.TypedLeft:
		if p.list.Held() {
			return p.reopen()
		}
	case page.TypedNothing:
	}
	return nil
}

// Move moves the cursor, or scrolls the detail.
func (p *Page) Move(rows int) tea.Cmd {
	if p.detail {
		p.side.Move(rows)
		p.dirty = true
		return nil
	}
	return p.moved(p.list.Grid.Move(rows))
}

// Turn moves by screenfuls.
func (p *Page) Turn(screens int) tea.Cmd {
	if p.detail {
		p.side.Page(screens)
		p.dirty = true
		return nil
	}
	return p.moved(p.list.Grid.Page(screens))
}

// Edge goes to the first or the last row of the queue.
func (p *Page) Edge(last bool) tea.Cmd {
	p.dirty = true
	switch {
	case p.detail && last:
		p.side.Bottom()
	case p.detail:
		p.side.Top()
	case last:
		return p.moved(p.list.Grid.Last())
	default:
		return p.moved(p.list.Grid.First())
	}
	return nil
}

func (p *Page) moved(need grid.Need) tea.Cmd {
	p.dirty = true
	return tea.Batch(p.list.Meet(p.bag.Ctx, need), p.follow())
}

// Enter opens the refund with its evidence on the whole page, and closes it
// again.
func (p *Page) Enter() tea.Cmd {
	if p.detail {
		return p.Back()
	}
	if _, ok := p.list.Current(); !ok {
		return nil
	}
	p.detail = true
	p.side.Top()
	p.layout()
	return tea.Batch(p.follow(), p.readPapers(0), p.watch(0))
}

// Inside reports whether one record fills the page.
func (p *Page) Inside() bool { return p.detail }

// CanBack reports whether there is something to leave.
func (p *Page) CanBack() bool { return p.detail || !p.filter.Empty() }

// Back leaves the detail, then the search.
func (p *Page) Back() tea.Cmd {
	switch {
	case p.detail:
		p.detail = false
		p.side.Top()
		p.layout()
	case p.filter.Set(""):
		p.layout()
		return p.reopen()
	}
	return nil
}

// TogglePreview shows or hides the second pane.
func (p *Page) TogglePreview() tea.Cmd {
	p.preview = !p.preview
	if p.preview && p.width < page.WideFrom {
		p.bag.Host.Say(style.Text, text.Literal("the second pane needs 110 columns; enter shows the refund on the whole page"))
	}
	p.layout()
	return p.readPapers(0)
}

// ScrollPreview scrolls the second pane.
func (p *Page) ScrollPreview(lines int) {
	p.side.Move(lines)
	p.dirty = true
}

// Click puts the cursor on a row, or sorts by a column's title.
func (p *Page) Click(x, y int) tea.Cmd {
	y -= p.filter.Bar.Height()
	switch {
	case p.detail:
		return nil
	case y < 0:
		return p.Filter()
	case y == 0:
		if id, ok := p.list.Grid.ColumnAt(x); ok {
			return p.sortBy(id)
		}
		return nil
	}
	if k, ok := p.list.Grid.RowAt(y); ok {
		p.list.Grid.Select(k)
		return p.moved(grid.NeedNothing)
	}
	return nil
}

// Copies lists what can be copied, best first: name and content.
func (p *Page) Copies() [][2]text.Safe {
	r, ok := p.Current()
	if !ok {
		return nil
	}
	l := text.Literal
	all := [][2]text.Safe{
		{l("refund number"), text.Clean(r.RefundNo)},
		{l("gateway number"), text.Clean(r.GatewayRefundNo)},
		{l("order number"), text.Clean(r.OrderNo)},
		{l("amount"), text.Clean(r.Amount.String())},
		{l("note"), text.Clean(r.Note)},
	}
	return slices.DeleteFunc(all, func(c [2]text.Safe) bool { return c[1].Empty() })
}

// worries is the choice of the ledger's own order.
const worries = "*"

// Sort asks by which column to sort.
func (p *Page) Sort() tea.Cmd {
	about := dialog.PickerOptions{ID: "sort", Title: text.Literal("Sort refunds by"), Items: []dialog.Item{
		{Key: worries, Title: text.Literal("worry"), Detail: text.Literal("unknown, alerts, open by age, then settled")},
	}}
	for _, c := range p.columns {
		if c.sort != "" {
			about.Items = append(about.Items, dialog.Item{Key: c.ID, Title: text.Clean(c.ID)})
		}
	}
	p.bag.Host.Open(dialog.NewPicker(p.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		if chosen, ok := result.(dialog.Chosen); ok {
			return p.sortBy(chosen.Key)
		}
		return nil
	})
	return nil
}

// sortBy sorts by a column; again turns the order round.
func (p *Page) sortBy(id string) tea.Cmd {
	if id == worries {
		p.sort = nil
		return p.reopen()
	}
	i := slices.IndexFunc(p.columns, func(c column) bool { return c.ID == id && c.sort != "" })
	if i < 0 {
		return nil
	}
	field := p.columns[i].sort
	if p.sort != nil && p.sort.Field == field {
		p.sort = &query.Sort{Field: field, Desc: !p.sort.Desc}
	} else {
		p.sort = &query.Sort{Field: field, Desc: field == query.Placed || field == query.Amount}
	}
	return p.reopen()
}
