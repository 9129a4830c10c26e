package app

import (
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"paydesk/ui/dialog"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
	"paydesk/ui/widget/statusbar"
)

// hearing is what the console remembers of how callbacks arrive.
type hearing struct {
	shown  bool              // the first frame has its size
	said   map[string]string // by profile, "" for all: what was said last of being off
	dialog *dialog.Detail    // the open list, to be kept up to date
}

// firstFrame tells once that the screen is there, behind it.
func (m *Model) firstFrame() tea.Cmd {
	tell := m.svc.Shown
	if m.hearing.shown || tell == nil {
		return nil
	}
	m.hearing.shown = true
	return func() tea.Msg {
		tell()
		return nil
	}
}

// callbacks is how callbacks arrive; ok is false where this console takes none.
func (m *Model) callbacks() (state Callbacks, ok bool) {
	if m.svc.Callbacks == nil {
		return Callbacks{}, false
	}
	return m.svc.Callbacks(), true
}

// hearingBar says it in the header, for the profiles in sight.
func (m *Model) hearingBar(bar *statusbar.Bar) {
	state, ok := m.callbacks()
	if !ok {
		return
	}
	l := text.Literal
	if state.Starting && state.At == "" {
		bar.Callbacks, bar.CallbacksTone = l("callbacks starting"), style.Muted
		return
	}
	on, all, why := 0, 0, state.Why
	for _, p := range m.inSight() {
		i := slices.IndexFunc(state.Profiles, func(c Callback) bool { return c.Profile == p.Name })
		if i < 0 {
			continue
		}
		all++
		if c := state.Profiles[i]; c.On {
			on++
		} else if c.Why != "" {
			why = c.Why
		}
	}
	switch {
	case on == all && on > 0:
		bar.Callbacks, bar.CallbacksTone = l("callbacks on"), style.Muted
	case on == 0:
		bar.Callbacks, bar.CallbacksBrief, bar.CallbacksTone = l("callbacks off"), l("callbacks off"), style.Warning
		if why != "" {
			bar.Callbacks = text.Concat(bar.Callbacks, l(": "), text.Clean(why))
		}
	default:
		some, of := text.Number(int64(on)), text.Number(int64(all))
		bar.Callbacks, bar.CallbacksTone = text.Concat(l("callbacks on for "), some, l(" of "), of), style.Warning
		bar.CallbacksBrief = text.Concat(l("callbacks "), some, l("/"), of)
	}
}

// hear says what has changed in how callbacks arrive. It stays in the notices,
// and what is off stays in the header and in the list.
func (m *Model) hear() {
	state, ok := m.callbacks()
	if !ok || state.Starting {
		return
	}
	if m.hearing.dialog != nil && m.isOpen(m.hearing.dialog) {
		m.hearing.dialog.SetPage(m.callbacksPage(state))
	}
	whole := state.Err
	for _, c := range state.Profiles {
		if c.Err != nil && errors.Is(whole, c.Err) {
			whole = nil // the profile's own line says it
		}
	}
	m.hearOne("", text.Literal("callbacks"), whole)
	for _, c := range state.Profiles {
		m.hearOne(c.Profile, text.Concat(text.Literal("callbacks of "), text.Clean(c.Profile)), c.Err)
	}
}

// hearOne says that one profile's callbacks, or all, went off or are back.
func (m *Model) hearOne(key string, what text.Safe, err error) {
	why, l := "", text.Literal
	if err != nil {
		why = err.Error()
	}
	if why == m.hearing.said[key] {
		return
	}
	if m.hearing.said == nil {
		m.hearing.said = map[string]string{}
	}
	m.hearing.said[key] = why
	if err == nil {
		m.Say(style.Text, text.Concat(what, l(" arrive again")))
		return
	}
	problem := story.ProblemOf(err)
	m.Say(style.Warning, text.Concat(what, l(" are off: "), problem.Message, l(" · refunds are settled by asking")))
}

// callbacksAction is the row of the action table.
func (m *Model) callbacksAction() page.Action {
	l := text.Literal
	return page.Action{
		ID: "app.callbacks", Title: l("Show where callbacks arrive"), Group: l("Console"),
		Enabled: func(struct{}) (text.Safe, bool) {
			return l("this console receives none: set listen in [callback] of the configuration"), m.svc.Callbacks != nil
		},
		Run: func(struct{}) tea.Cmd { return m.showCallbacks() },
	}
}

// showCallbacks lists where callbacks arrive, profile by profile.
func (m *Model) showCallbacks() tea.Cmd {
	state, ok := m.callbacks()
	if !ok {
		return nil
	}
	m.hearing.dialog = dialog.NewDetail(m.bag.Kit(), m.callbacksPage(state))
	m.Open(m.hearing.dialog, func(dialog.Result) tea.Cmd { return nil })
	return nil
}

// callbacksPage is the list. Its copy key copies a whole address; what is shown
// never is one.
func (m *Model) callbacksPage(state Callbacks) dialog.Page {
	l := text.Literal
	head := text.Concat(l("Received at "), text.Clean(state.At), l(". What arrives is verified and kept; then the gateway is asked, and only its answer counts."))
	switch {
	case state.At != "":
	case state.Starting:
		head = l("The keys are being read.")
	case state.Err != nil:
		problem := story.ProblemOf(state.Err)
		head = text.Concat(l("Nothing is received: "), problem.Message, l(". "), problem.Hint, l(". It is tried again; until then the gateways are asked."))
	default:
		head = l("Nothing is received.")
	}
	about := dialog.Page{Title: l("Where callbacks arrive"), Sections: []dialog.Section{{Paragraphs: []text.Safe{head}}}}
	for _, c := range state.Profiles {
		about.Sections = append(about.Sections, dialog.Section{Title: text.Clean(c.Profile), Fields: callbackFields(c, state)})
		if c.Shown != "" {
			about.Copy = l("an address")
		}
	}
	if state.Strangers > 0 {
		about.Sections = append(about.Sections, dialog.Section{Title: l("elsewhere"), Fields: []pane.Field{
			{Label: l("unknown paths"), Value: text.Concat(text.Number(state.Strangers), l(" requests, answered with 404"))},
		}})
	}
	return about
}

// callbackFields is one profile's part of the list.
func callbackFields(c Callback, state Callbacks) []pane.Field {
	l := text.Literal
	count := func(n int64, what text.Safe) text.Safe { return text.Concat(text.Number(n), text.Spaces(1), what) }
	on := pane.Field{Label: l("state"), Value: l("on"), Tone: style.Success}
	switch {
	case c.On:
	case c.Err != nil:
		problem := story.ProblemOf(c.Err)
		on.Value, on.Tone = text.Concat(l("off: "), problem.Message, l(" · "), problem.Hint), style.Warning
	case state.Starting:
		on.Value, on.Tone = l("starting"), style.Muted
	default:
		on.Value, on.Tone = text.Concat(l("off: "), text.Clean(state.Why)), style.Warning
	}
	where := pane.Field{Label: l("address"), Value: text.Clean(c.Shown)}
	if c.Shown != "" && !c.Public {
		where.Value = text.Concat(where.Value, l("  (at this machine; gateways are told none)"))
	}
	seen := text.Join(l(", "), count(c.Accepted, l("accepted")), count(c.Repeated, l("repeated")), count(c.Refused, l("refused")), count(c.Unstored, l("not kept")))
	return []pane.Field{on, where, {Label: l("arrived"), Value: seen}}
}

// copyCallback puts a whole address on the clipboard, on this key press only
// (S6); of several it asks which.
func (m *Model) copyCallback() tea.Cmd {
	state, _ := m.callbacks()
	known := slices.DeleteFunc(slices.Clone(state.Profiles), func(c Callback) bool { return c.Shown == "" })
	if len(known) == 1 {
		return m.copyAddress(known[0])
	}
	about := dialog.PickerOptions{ID: "callback", Title: text.Literal("Copy which address? It holds a secret")}
	for _, c := range known {
		about.Items = append(about.Items, dialog.Item{Key: c.Profile, Title: text.Clean(c.Profile), Detail: text.Clean(c.Shown)})
	}
	m.Open(dialog.NewPicker(m.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		chosen, ok := result.(dialog.Chosen)
		for _, c := range known {
			if ok && c.Profile == chosen.Key {
				return m.copyAddress(c)
			}
		}
		return nil
	})
	return nil
}

// copyAddress says what it copies, and shows nothing of it.
func (m *Model) copyAddress(c Callback) tea.Cmd {
	address := text.Clean(c.Address())
	if address.Empty() {
		return nil
	}
	m.Say(style.Text, text.Concat(text.Literal("callback address of "), text.Clean(c.Profile), text.Literal(" sent to the terminal's clipboard; it holds a secret")))
	return tea.SetClipboard(address.String())
}
