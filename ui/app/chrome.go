package app

import (
	"slices"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/ui/action"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/hints"
	"paydesk/ui/widget/statusbar"
	"paydesk/ui/widget/tabs"
)

// skewFrom is the difference of clocks from which a banner says so (F13).
const skewFrom = 30 * time.Second

// header is the top line: whose money this is, and how fresh the picture.
func (m *Model) header() string {
	now := m.bag.Now()
	bar := statusbar.Bar{
		App: text.Literal("paydesk"), Profile: text.Literal("all profiles"), Link: m.linkState(),
		Pending: int(m.live.figures.Pending), Unknown: int(m.live.figures.Unknown),
	}
	sight := m.inSight()
	switch {
	case len(sight) == 0:
		bar.Profile = text.Literal("no profile yet")
	case len(sight) == 1:
		bar.Profile, bar.Brand = text.Clean(sight[0].Name), text.Clean(sight[0].Brand)
		bar.Lock = m.lockText(sight[0], now)
	}
	if len(sight) > 0 {
		bar.Env = gravest(sight)
	}
	if at := m.synced(); !at.IsZero() {
		bar.Age = text.Span(now.Sub(at))
	}
	m.hearingBar(&bar)
	return statusbar.Line(m.bag.Styles, bar, m.screen.width)
}

// lockText is whether money may move: "read-only", or how long it may.
func (m *Model) lockText(p desk.Profile, now time.Time) text.Safe {
	locked, until := m.svc.Desk.ReadOnly(p.Name)
	switch {
	case locked:
		return text.Literal("read-only")
	case until.After(now):
		return text.Concat(text.Literal("unlocked "), text.Span(until.Sub(now)+time.Second-1))
	}
	return text.Safe{}
}

// gravest is the environment in which a mistake would cost most.
func gravest(profiles []desk.Profile) style.Env {
	worst := style.EnvSandbox
	for _, p := range profiles {
		switch style.EnvOf(p.Environment) {
		case style.EnvProduction:
			return style.EnvProduction
		case style.EnvTest:
			worst = style.EnvTest
		case style.EnvSandbox:
		}
	}
	return worst
}

// linkState is the worst of the ways in sight.
func (m *Model) linkState() style.LinkState {
	state := style.LinkOff
	for _, p := range m.inSight() {
		link := m.svc.Desk.Link(p.Name)
		switch {
		case link.Down():
			return style.LinkDown
		case !link.LastOK.IsZero():
			state = max(state, style.LinkLive)
		case m.connecting(p.Name):
			state = max(state, style.LinkWait)
		}
	}
	return state
}

// synced is when a gateway in sight last answered; zero before it did.
func (m *Model) synced() time.Time {
	var at time.Time
	for _, p := range m.inSight() {
		if ok := m.svc.Desk.Link(p.Name).LastOK; ok.After(at) {
			at = ok
		}
	}
	return at.Truncate(time.Second)
}

// tabList is the line of pages.
func (m *Model) tabList() []tabs.Tab {
	list := make([]tabs.Tab, len(m.tabs))
	for i, t := range m.tabs {
		list[i] = tabs.Tab{Key: m.bag.Keys.Label(t.id), Title: t.title}
		if t.page == Page(m.refunds) {
			f := m.live.figures
			list[i].Count, list[i].Tone = int(f.Pending+f.Unknown), style.Pending
			if f.Unknown > 0 {
				list[i].Tone = style.Unknown
			}
		}
	}
	return list
}

// banner is a state that the person must know of while it lasts.
type banner struct {
	tone  style.Tone
	words text.Safe
}

// banners lists them, the gravest first.
func (m *Model) banners() []banner {
	var list []banner
	if m.svc.Health != nil {
		if h := m.svc.Health(); !h.Writable {
			list = append(list, banner{style.Danger, text.Concat(text.Literal("Nothing can be refunded: "), text.Clean(h.Reason), text.Literal(". Reading works."))})
		}
	}
	if n := m.live.figures.Alerts; n > 0 && m.page() != Page(m.refunds) { // there they stand first
		words := text.Literal("1 refund needs a look: ")
		if n > 1 {
			words = text.Concat(text.Number(n), text.Literal(" refunds need a look: "))
		}
		list = append(list, banner{style.Danger, text.Concat(words, m.bag.Keys.Label("app.refunds"), text.Literal(" shows them first"))})
	}
	for _, p := range m.inSight() {
		list = append(list, m.linkBanners(p)...)
	}
	return list
}

// linkBanners say what is wrong with the way to one gateway.
func (m *Model) linkBanners(p desk.Profile) []banner {
	link := m.svc.Desk.Link(p.Name)
	var list []banner
	if link.Down() {
		problem := story.ProblemOf(link.Err)
		words := text.Concat(text.Clean(p.Name), text.Literal(": "), linkWord(m.bag.Styles, problem.Class), text.Literal(" · "), problem.Message)
		if !problem.Hint.Empty() {
			words = text.Concat(words, text.Literal(" · "), problem.Hint)
		}
		tone := style.Warning
		if problem.Class == client.ClassKeyring || problem.Class == client.ClassAuth || problem.Class == client.ClassSignature {
			tone = style.Danger
		}
		list = append(list, banner{tone, words})
	}
	if link.Skew.Abs() >= skewFrom {
		way := text.Literal(" behind ")
		if link.Skew < 0 {
			way = text.Literal(" ahead of ")
		}
		list = append(list, banner{style.Warning, text.Concat(text.Literal("This computer's clock is "), text.Span(link.Skew.Abs()), way,
			text.Clean(p.Brand), text.Literal("'s. Requests are corrected for it; set the clock."))})
	}
	return list
}

// linkWord says how the way to a gateway is broken.
func linkWord(st *style.Styles, class client.Class) text.Safe {
	switch class {
	case client.ClassNotSent:
		return text.Literal("cannot be reached")
	case client.ClassUnknown:
		return text.Literal("gives no believable answer")
	default:
		return st.Error(class).Word
	}
}

// bannerLines draws as many banners as there is room for.
func (m *Model) bannerLines() []string {
	list := m.banners()
	room := 2
	if m.screen.height < 20 {
		room = 1
	}
	var lines []string
	for i, b := range list {
		words := b.words
		if left := len(list) - i; i == room-1 && left > 1 {
			words = text.Concat(text.Literal("+"), text.Number(int64(left-1)), text.Literal("  "), words)
		}
		if i == room {
			break
		}
		sign := m.bag.Styles.Glyph.Warn
		line := " " + m.bag.Styles.Paint(b.tone, text.Concat(sign, text.Spaces(1), text.Truncate(words, m.screen.width-4)))
		lines = append(lines, style.Fit(line, m.screen.width))
	}
	return lines
}

// noticeLines are the error that waits to be dismissed, and the short notice.
func (m *Model) noticeLines() []string {
	st, width := m.bag.Styles, m.screen.width
	var lines []string
	if f := m.fault; f != nil {
		status := st.Error(f.problem.Class)
		words := text.Concat(f.about, text.Literal(" · "), status.Word, text.Literal(" · "), f.problem.Message)
		lines = append(lines, style.Fit(" "+st.Paint(status.Tone, text.Concat(status.Glyph, text.Spaces(1), text.Truncate(words, width-4))), width))
		keys := text.Concat(m.bag.Keys.Label("app.notices"), text.Literal(" details  "), m.bag.Keys.Label("app.back"), text.Literal(" dismiss"))
		hint := text.Truncate(f.problem.Hint, width-text.Width(keys)-8)
		line := "   " + st.Paint(style.Muted, hint)
		gap := width - 3 - text.Width(hint) - text.Width(keys) - 1
		lines = append(lines, style.Fit(line+text.Spaces(gap).String()+st.Paint(style.Faint, keys), width))
	}
	if line, ok := m.notices.Line(st, m.svc.Clock(), width); ok {
		lines = append(lines, line)
	}
	return lines
}

// footer is the few keys that matter here and now.
func (m *Model) footer() string {
	picked := action.Footer(m.rows())
	list := make([]hints.Hint, 0, len(picked))
	for _, r := range picked {
		list = append(list, hints.Hint{Key: r.Key, Label: r.Short, Keep: slices.Contains([]string{"app.palette", "app.help"}, r.ID)})
	}
	return hints.Line(m.bag.Styles, list, m.screen.width)
}
