package refunds

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/state/ledger"
	"paydesk/ui/dialog"
	"paydesk/ui/dialog/inspector"
	"paydesk/ui/page"
	"paydesk/ui/page/story"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
	"paydesk/ui/widget/timeline"
)

// Bounds of what is shown of one refund.
const (
	mostEvents    = 100
	mostExchanges = 20
	mostBodyLines = 80
	mostBodyWidth = 400
	shortNo       = 13
)

// paperLines tell where the refund is, and in the detail show all evidence.
func (p *Page) paperLines(width int) []string {
	st, r := p.bag.Styles, p.file.refund
	now := p.bag.Now()
	stand := story.Stand(r, now, p.bag.Loc)
	lines := []string{st.Paint(style.Strong, text.Amount(r.Amount)) + p.muted(text.Literal("  of order ")) + st.Paint(style.Link, text.Clean(r.OrderNo))}
	if next := story.Next(r, now); !next.Empty() && r.Status.Open() {
		lines = append(lines, st.Paint(style.Text, next)+p.checks(r))
	}
	lines = append(lines, "")
	for _, part := range []struct {
		words text.Safe
		tone  style.Tone
	}{{stand.Happened, stand.Tone}, {stand.Doing, style.Text}} {
		if !part.words.Empty() {
			lines = append(lines, pane.Paragraph(st, part.tone, part.words, width)...)
		}
	}
	if !stand.Tell.Empty() {
		lines = append(lines, "", pane.Rule(st, text.Literal("tell the customer"), width))
		lines = append(lines, pane.Paragraph(st, style.Text, stand.Tell, width)...)
	}
	lines = append(lines, "", pane.Rule(st, text.Literal("facts"), width))
	alone := []pane.Field{{Label: text.Literal("note"), Value: text.Clean(r.Note), Tone: style.Muted}}
	if p.detail {
		alone = append(alone, pane.Field{Label: text.Literal("plan hash"), Value: text.Clean(r.PlanHash), Tone: style.Muted})
	}
	lines = append(lines, page.Facts(st, p.facts(r), alone, width, 96)...)
	if entries := p.entries(now); len(entries) > 0 {
		lines = append(lines, "", pane.Rule(st, text.Literal("what happened"), width))
		lines = append(lines, timeline.Lines(st, entries, width)...)
	}
	if p.detail {
		lines = append(lines, p.exchangeLines(width)...)
	}
	return lines
}

// checks says how often the gateway was asked.
func (p *Page) checks(r ledger.Refund) string {
	if r.Checks == 0 {
		return ""
	}
	times := text.Concat(text.Literal(" · asked "), text.Number(int64(r.Checks)), text.Literal(" times"))
	if r.Checks == 1 {
		times = text.Literal(" · asked once")
	}
	return p.muted(times)
}

// facts are the names and numbers of a refund.
func (p *Page) facts(r ledger.Refund) []pane.Field {
	l, loc := text.Literal, p.bag.Loc
	at := func(t time.Time) text.Safe {
		if t.IsZero() {
			return text.Safe{}
		}
		return text.Stamp(t, loc)
	}
	last := text.Safe{}
	if r.Last.Code == "" && r.Sends > 0 {
		last = l("none that can be believed")
	}
	if r.Last.Code != "" {
		signed := story.BadSign
		if r.Last.Verified {
			signed = story.GoodSign
		}
		last = text.Join(l(" "), text.Clean(r.Last.Code), signed.Text(p.bag.Styles), text.Clean(r.Last.Message))
	}
	made := text.Clean(r.Agent)
	if r.Foreign {
		made = l("another desk")
	}
	fields := []pane.Field{
		{Label: l("number"), Value: text.Clean(r.RefundNo)},
		{Label: l("gateway no"), Value: text.Clean(r.GatewayRefundNo)},
		{Label: l("profile"), Value: text.Clean(r.Profile)},
		{Label: l("made by"), Value: made},
		{Label: l("reason"), Value: text.Clean(r.Reason)},
		{Label: l("last answer"), Value: last},
		{Label: l("fail code"), Value: text.Clean(r.FailCode), Tone: style.Danger},
	}
	if p.detail {
		fields = append(fields,
			pane.Field{Label: l("attempt"), Value: text.Number(int64(r.Attempt))},
			pane.Field{Label: l("sent"), Value: sends(r)},
			pane.Field{Label: l("decided"), Value: at(r.CreatedAt)}, pane.Field{Label: l("first sent"), Value: at(r.SentAt)},
			pane.Field{Label: l("settled"), Value: at(r.SettledAt)},
		)
	}
	return fields
}

func sends(r ledger.Refund) text.Safe {
	switch r.Sends {
	case 0:
		return text.Literal("never")
	case 1:
		return text.Literal("once")
	default:
		return text.Concat(text.Number(int64(r.Sends)), text.Literal(" times, always under the same number"))
	}
}

// entries are the journal lines of the refund, oldest first.
func (p *Page) entries(now time.Time) []timeline.Entry {
	var entries []timeline.Entry
	for _, e := range slices.Backward(p.file.events) {
		told := story.Of(e, p.bag.Loc)
		who := text.Safe{}
		if e.Agent != "" && p.detail {
			who = text.Clean(e.Agent)
		}
		entries = append(entries, timeline.Entry{
			At: story.At(e.At, now, p.bag.Loc), Glyph: story.Sign(p.bag.Styles, e), Text: told.Words, Tone: told.Tone,
			Note: text.Join(text.Literal(" "), told.Signed.Text(p.bag.Styles), who),
		})
	}
	return entries
}

// exchangeLines show every exchange with the gateway, redacted as it is kept.
func (p *Page) exchangeLines(width int) []string {
	st, l := p.bag.Styles, text.Literal
	var lines []string
	for i, e := range p.exchanges() {
		title := text.Concat(l("exchange "), text.Number(int64(i+1)), l(" · "), text.Clean(e.Operation), l(" · "), text.Stamp(e.At, p.bag.Loc))
		lines = append(lines, "", pane.Rule(st, title, width))
		status := l("no answer")
		if e.HTTPStatus != 0 {
			status = text.Concat(l("HTTP "), text.Clean(text.Number(int64(e.HTTPStatus)).String()))
		}
		signed, tone := p.signed(e)
		lines = append(lines, pane.Fields(st, []pane.Field{
			{Label: l("address"), Value: text.Clean(e.URL)},
			{Label: l("answer"), Value: text.Join(l(" "), status, text.Clean(e.Code), text.Clean(e.Message))},
			{Label: l("signature"), Value: signed, Tone: tone},
			{Label: l("request sha"), Value: text.TruncateMiddle(text.Clean(e.RequestHash), 33), Tone: style.Muted},
			{Label: l("answer sha"), Value: text.TruncateMiddle(text.Clean(e.AnswerHash), 33), Tone: style.Muted},
		}, width)...)
		lines = append(lines, p.bodyLines(l("sent"), e.Request, width)...)
		lines = append(lines, p.bodyLines(l("received"), e.Answer, width)...)
	}
	return lines
}

// exchanges are those that are shown, oldest first.
func (p *Page) exchanges() []ledger.Evidence {
	list := p.file.evidence
	return list[max(len(list)-mostExchanges, 0):]
}

// signed says what is known of an answer's signature. Where something was found
// out, the inspector shows it.
func (p *Page) signed(e ledger.Evidence) (text.Safe, style.Tone) {
	l, cross := text.Literal, p.bag.Styles.Glyph.Cross
	switch {
	case e.HTTPStatus == 0:
		return text.Safe{}, style.Muted
	case e.Verified:
		return text.Concat(l("signature valid "), p.bag.Styles.Glyph.Check), style.Success
	case e.Signature == nil:
		return text.Concat(l("signature not valid or missing "), cross), style.Danger
	}
	return text.Concat(text.Truncate(inspector.Plain(*e.Signature), mostBodyWidth), l(" "), cross, l(" "), p.bag.Keys.Label("refund.inspect"), l(" shows what it should stand over")), style.Danger
}

// found are the exchanges whose signature something was found out about, newest
// first.
func (p *Page) found() []ledger.Evidence {
	var found []ledger.Evidence
	for _, e := range slices.Backward(p.file.evidence) {
		if e.Signature != nil {
			found = append(found, e)
		}
	}
	return found
}

// canInspect says why there is no signature to inspect.
func (p *Page) canInspect(ledger.Refund) (text.Safe, bool) {
	switch {
	case !p.papersShown():
		return text.Concat(text.Literal("its evidence is not on screen; "), p.bag.Keys.Label("refund.evidence"), text.Literal(" shows it")), false
	case len(p.found()) == 0:
		return text.Literal("none of its answers had a wrong signature"), false
	}
	return text.Safe{}, true
}

// inspectSign shows the one signature that was wrong, or asks which.
func (p *Page) inspectSign(ledger.Refund) tea.Cmd {
	found := p.found()
	if len(found) == 1 {
		return p.inspect.Exchange(found[0])
	}
	about := dialog.PickerOptions{ID: "inspect", Title: text.Literal("Which answer's signature?")}
	for i, e := range found {
		about.Items = append(about.Items, dialog.Item{
			Key: strconv.Itoa(i), Title: text.Join(text.Literal(" "), story.At(e.At, p.bag.Clock(), p.bag.Loc), text.Clean(e.Operation)),
			Detail: inspector.Plain(*e.Signature),
		})
	}
	p.bag.Host.Open(dialog.NewPicker(p.bag.Kit(), about), func(result dialog.Result) tea.Cmd {
		chosen, ok := result.(dialog.Chosen)
		if i, err := strconv.Atoi(chosen.Key); ok && err == nil && i >= 0 && i < len(found) {
			return p.inspect.Exchange(found[i])
		}
		return nil
	})
	return nil
}

// bodyLines show a body line by line; each passes Clean, so that nothing in it
// can reach the terminal.
func (p *Page) bodyLines(title text.Safe, body []byte, width int) []string {
	if len(body) == 0 {
		return nil
	}
	st := p.bag.Styles
	lines := []string{st.Paint(style.Muted, title)}
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") != nil {
		pretty.Reset()
		pretty.Write(body)
	}
	shown := 0
	for line := range strings.SplitSeq(pretty.String(), "\n") {
		if shown++; shown > mostBodyLines {
			return append(lines, st.Paint(style.Faint, text.Literal("  … more of it is kept in the ledger")))
		}
		body := strings.TrimLeft(line, " ")
		indent := min(len(line)-len(body)+2, width/3)
		words := text.Truncate(text.Clean(strings.TrimRight(body, "\r")), mostBodyWidth)
		for i, part := range text.Wrap(words, width-indent-2) {
			if i == 1 {
				indent += 2
			}
			lines = append(lines, st.Paint(style.Text, text.Concat(text.Spaces(indent), part)))
		}
	}
	return lines
}
