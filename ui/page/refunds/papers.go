package refunds

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"paydesk/state/ledger"
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
	list := p.file.evidence
	for i, e := range list[max(len(list)-mostExchanges, 0):] {
		title := text.Concat(l("exchange "), text.Number(int64(i+1)), l(" · "), text.Clean(e.Operation), l(" · "), text.Stamp(e.At, p.bag.Loc))
		lines = append(lines, "", pane.Rule(st, title, width))
		status := l("no answer")
		if e.HTTPStatus != 0 {
			status = text.Concat(l("HTTP "), text.Clean(text.Number(int64(e.HTTPStatus)).String()))
		}
		signed, tone := text.Concat(l("signature not valid or missing "), st.Glyph.Cross), style.Danger
		if e.Verified {
			signed, tone = text.Concat(l("signature valid "), st.Glyph.Check), style.Success
		}
		if e.HTTPStatus == 0 {
			signed, tone = text.Safe{}, style.Muted
		}
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
