package orders

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/ledger"
	"paydesk/ui/action"
	"paydesk/ui/keys"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/grid"
)

// Actions is what can be done on this page.
func (p *Page) Actions() []page.Action {
	l, group := text.Literal, text.Literal("Orders")
	return append([]page.Action{
		{
			ID: "refund.create", Title: l("Refund the order"), Group: group, Risk: action.Dangerous, Short: l("refund"), Weight: 90,
			Enabled: p.needs(p.canRefund), Run: p.with(p.refund.Start),
		},
		{
			ID: "order.ask", Title: l("Ask the gateway about the order now"), Group: group, Short: l("ask"), Weight: 60,
			Enabled: p.needs(p.offered(queryOrder)), Run: p.with(func(o ledger.Order) tea.Cmd { return p.look(o.Profile, o.OrderNo) }),
		},
		{
			ID: "order.cards", Title: l("Show the saved cards of the user"), Group: group, Short: l("user's cards"), Weight: 70,
			Enabled: p.needs(p.hasCards),
			Run: p.with(func(o ledger.Order) tea.Cmd {
				return p.bag.Host.Jump(page.Target{Page: keys.Tokens, Profile: o.Profile, No: o.UserID})
			}),
		},
		{
			ID: "order.refunds", Title: l("Show the refunds of the order"), Group: group, Short: l("its refunds"), Weight: 40,
			Enabled: p.needs(nil), Run: p.with(p.toRefunds),
		},
		{
			ID: "order.lookup", Title: l("Look up a number at the gateway"), Group: group, Short: l("look up"), Weight: 65,
			Enabled: func(struct{}) (text.Safe, bool) { return p.canLookUp() },
			Run:     func(struct{}) tea.Cmd { return p.lookUp() },
		},
	}, p.someGatewayActions()...)
}

// someGatewayActions is what only some gateways can do.
func (p *Page) someGatewayActions() []page.Action {
	l, group := text.Literal, text.Literal("Orders")
	return []page.Action{
		{
			ID: "orders.close", Title: l("Close the open payment page"), Group: group, Risk: action.Dangerous, Short: l("close page"), Weight: 55,
			Enabled: p.needs(p.canClose), Run: p.with(p.askClose),
		},
		{
			ID: "orders.statement", Title: l("Read a statement of the last days"), Group: group, Short: l("statement"), Weight: 35,
			Enabled: func(struct{}) (text.Safe, bool) { return p.canRead() },
			Run:     func(struct{}) tea.Cmd { return p.pickStatement() },
		},
		{
			ID: "orders.stop", Title: l("Stop reading the statement"), Group: group, Short: l("stop reading"), Weight: 96,
			Enabled: func(struct{}) (text.Safe, bool) { return l("none is being read"), p.jobs.running },
			Run:     func(struct{}) tea.Cmd { return p.stopStatement() },
		},
	}
}

// needs makes an action wait for an order under the cursor, and for more.
func (p *Page) needs(more func(ledger.Order) (text.Safe, bool)) func(struct{}) (text.Safe, bool) {
	return func(struct{}) (text.Safe, bool) {
		o, ok := p.Current()
		switch {
		case !ok:
			return text.Literal("no order is chosen"), false
		case more == nil:
			return text.Safe{}, true
		}
		reason, ok := more(o)
		return reason, ok
	}
}

// with hands an action the order under the cursor.
func (p *Page) with(run func(ledger.Order) tea.Cmd) func(struct{}) tea.Cmd {
	return func(struct{}) tea.Cmd {
		if o, ok := p.Current(); ok {
			return run(o)
		}
		return nil
	}
}

func (p *Page) toRefunds(o ledger.Order) tea.Cmd {
	return p.bag.Host.Jump(page.Target{Page: keys.Refunds, Profile: o.Profile, Order: o.OrderNo})
}

// Filter gives the search line the keyboard.
func (p *Page) Filter() tea.Cmd {
	p.detail, p.dirty = false, true
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

// Edge goes to the first or the last row of the list.
func (p *Page) Edge(last bool) tea.Cmd {
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
	p.dirty = true
	return nil
}

// moved follows the cursor and fetches what it comes near.
func (p *Page) moved(need grid.Need) tea.Cmd {
	p.dirty = true
	return tea.Batch(p.list.Meet(p.bag.Ctx, need), p.follow())
}

// Enter opens the order on the whole page, and closes it again.
func (p *Page) Enter() tea.Cmd {
	if p.detail {
		return p.Back()
	}
	o, ok := p.list.Current()
	if !ok {
		return nil
	}
	p.detail = true
	if p.past.Order.OrderNo == "" || p.pastKey != key(o) {
		p.past, p.pastKey = story.Past{Order: o}, key(o)
	}
	p.side.Top()
	p.layout()
	return p.readPast(0)
}

// Inside reports whether one record fills the page.
func (p *Page) Inside() bool { return p.detail }

// CanBack reports whether there is something to leave: the detail, marks, a
// search, or what a statement has found.
func (p *Page) CanBack() bool {
	return p.detail || len(p.list.Grid.Marks()) > 0 || !p.filter.Empty() || p.jobs.untold
}

// Back leaves the detail, then the marks, then the search, then what a statement
// has found.
func (p *Page) Back() tea.Cmd {
	switch {
	case p.detail:
		p.detail = false
		p.side.Top()
		p.layout()
	case len(p.list.Grid.Marks()) > 0:
		p.list.Grid.ClearMarks()
		p.dirty = true
	case p.filter.Set(""):
		p.layout()
		return p.reopen()
	case p.jobs.untold:
		p.jobs.untold = false
		p.layout()
	}
	return nil
}

// Mark marks the order under the cursor and goes on to the next.
func (p *Page) Mark() tea.Cmd {
	if p.detail {
		return nil
	}
	p.list.Grid.ToggleMark()
	return p.Move(1)
}

// TogglePreview shows or hides the second pane.
func (p *Page) TogglePreview() tea.Cmd {
	p.preview = !p.preview
	if p.preview && p.width < page.WideFrom {
		p.bag.Host.Say(style.Text, text.Literal("the second pane needs 110 columns; enter shows the order on the whole page"))
	}
	p.layout()
	return p.readPast(0)
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
	l := text.Literal
	if marks := p.list.Grid.Marks(); len(marks) > 0 && !p.detail {
		var numbers []text.Safe
		for _, mark := range marks {
			if _, no, ok := cutKey(mark); ok {
				numbers = append(numbers, text.Clean(no))
			}
		}
		return [][2]text.Safe{{text.Concat(text.Number(int64(len(numbers))), l(" marked order numbers")), text.Join(l(" "), numbers...)}}
	}
	o, ok := p.Current()
	if !ok {
		return nil
	}
	all := [][2]text.Safe{
		{l("order number"), text.Clean(o.OrderNo)},
		{l("gateway number"), text.Clean(o.GatewayOrderNo)},
		{l("channel number"), text.Clean(o.ChannelNo)},
		{l("user"), text.Clean(o.UserID)},
		{l("amount"), text.Clean(o.Amount.String())},
		{l("open refund"), text.Clean(o.OpenRefund)},
		{l("note"), text.Clean(o.Note)},
	}
	return slices.DeleteFunc(all, func(c [2]text.Safe) bool { return c[1].Empty() })
}
