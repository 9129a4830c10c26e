package story

import (
	"cmp"
	"slices"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/style"
	"paydesk/ui/text"
	"paydesk/ui/widget/timeline"
)

// Past is what the ledger knows of one order.
type Past struct {
	Order   ledger.Order
	Refunds []ledger.Refund // oldest first
	Events  []ledger.Event  // of the order and its refunds, in any order
}

// shortNo is how many cells of a long number are enough to tell it apart.
const shortNo = 11

// moment is a timeline entry with its time, for sorting.
type moment struct {
	at    time.Time
	rank  int // of things at the same time
	entry timeline.Entry
}

// Timeline merges the times of the order, its refunds and the journal, oldest
// first. What is still open stands at the end, with its next look.
func Timeline(st *style.Styles, p Past, now time.Time, loc *time.Location) []timeline.Entry {
	moments := orderMoments(st, p.Order)
	journalled := map[string]bool{}
	for _, e := range slices.SortedStableFunc(slices.Values(p.Events), func(a, b ledger.Event) int { return cmp.Compare(a.Seq, b.Seq) }) {
		if subject, _, _ := cut(e.Kind); subject == "refund" {
			journalled[e.Subject] = true // a callback about it is not its story
		}
		if m, ok := eventMoment(st, p, e, loc); ok {
			moments = append(moments, m)
		}
	}
	for _, r := range p.Refunds {
		if !journalled[r.RefundNo] {
			moments = append(moments, refundMoments(st, r)...)
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank, b.rank))
	})
	entries := make([]timeline.Entry, 0, len(moments)+1)
	for _, m := range moments {
		m.entry.At = At(m.at, now, loc)
		if n := len(entries); n > 0 && repeats(entries[n-1], m.entry) {
			entries[n-1] = m.entry
			continue
		}
		entries = append(entries, m.entry)
	}
	return append(entries, openEntries(st, p.Refunds, now)...)
}

// repeats reports whether a look at the gateway brought the same as the one
// before it: only the newest of them is news.
func repeats(a, b timeline.Entry) bool { return a.Text == b.Text && a.Note == b.Note }

// At is the time of an entry: hours and seconds for today, else the day.
func At(t, now time.Time, loc *time.Location) text.Safe {
	if loc == nil {
		loc = time.UTC
	}
	y, m, d := t.In(loc).Date()
	ny, nm, nd := now.In(loc).Date()
	if y == ny && m == nm && d == nd {
		return text.TimeOfDay(t, loc)
	}
	return text.Clock(t, now, loc)
}

func orderMoments(st *style.Styles, o ledger.Order) []moment {
	var moments []moment
	if !o.CreatedAt.IsZero() {
		moments = append(moments, moment{at: o.CreatedAt, entry: timeline.Entry{Text: text.Literal("created"), Tone: style.Text}})
	}
	if !o.PaidAt.IsZero() {
		paid := st.Order(client.OrderPaid)
		moments = append(moments, moment{at: o.PaidAt, rank: 1, entry: timeline.Entry{
			Glyph: paid.Glyph, Text: paid.Word, Tone: paid.Tone, Note: text.Amount(o.Amount),
		}})
	}
	if o.FailCode != "" && o.Status != client.OrderPaid {
		failed := st.Order(o.Status)
		moments = append(moments, moment{at: cmp.Or(o.UpdatedAt, o.CreatedAt), rank: 1, entry: timeline.Entry{
			Glyph: failed.Glyph, Text: failed.Word, Tone: failed.Tone, Note: text.Clean(o.FailCode),
		}})
	}
	return moments
}

// eventMoment is a journal line in the order's timeline.
func eventMoment(st *style.Styles, p Past, e ledger.Event, loc *time.Location) (moment, bool) {
	told := Of(e, loc)
	entry := timeline.Entry{Text: told.Words, Tone: told.Tone, Note: told.Signed.Text(st)}
	if e.Subject != p.Order.OrderNo && e.Subject != p.Order.GatewayOrderNo {
		entry.Glyph = Sign(st, e)
		if len(p.Refunds) > 1 {
			entry.Note = text.Join(text.Spaces(1), text.TruncateMiddle(text.Clean(e.Subject), shortNo), entry.Note)
		}
	}
	return moment{at: e.At, rank: 2, entry: entry}, true
}

// Sign is the sign of the state that a journal line of a refund is about;
// empty when it is about none.
func Sign(st *style.Styles, e ledger.Event) text.Safe {
	subject, verb, _ := cut(e.Kind)
	if subject != "refund" {
		return text.Safe{}
	}
	switch s := client.RefundStatus(verb); s {
	case client.RefundHeld, client.RefundIntent, client.RefundSending, client.RefundUnknown, client.RefundPending, client.RefundSuccess,
		client.RefundFailed, client.RefundClosed, client.RefundCancelled, client.RefundReversed:
		return st.Refund(s).Glyph
	default:
		return text.Safe{}
	}
}

func cut(kind string) (subject, verb string, ok bool) {
	for i := range len(kind) {
		if kind[i] == '.' {
			return kind[:i], kind[i+1:], true
		}
	}
	return kind, "", false
}

// refundMoments tells a refund from its record, where the journal has nothing.
func refundMoments(st *style.Styles, r ledger.Refund) []moment {
	no := text.TruncateMiddle(text.Clean(r.RefundNo), shortNo)
	moments := []moment{{at: r.CreatedAt, rank: 2, entry: timeline.Entry{
		Text: text.Concat(text.Literal("refund of "), text.Amount(r.Amount)), Tone: style.Text, Note: no,
	}}}
	if !r.SentAt.IsZero() {
		moments = append(moments, moment{at: r.SentAt, rank: 3, entry: timeline.Entry{
			Glyph: st.Refund(client.RefundSending).Glyph, Text: text.Literal("sent to the gateway"), Tone: style.Pending, Note: no,
		}})
	}
	if !r.SettledAt.IsZero() {
		end := st.Refund(r.Status)
		moments = append(moments, moment{at: r.SettledAt, rank: 4, entry: timeline.Entry{
			Glyph: end.Glyph, Text: end.Word, Tone: end.Tone, Note: no,
		}})
	}
	return moments
}

// openEntries say how the open refunds stand now.
func openEntries(st *style.Styles, refunds []ledger.Refund, now time.Time) []timeline.Entry {
	var entries []timeline.Entry
	for _, r := range refunds {
		if !r.Status.Open() && r.Alert == "" {
			continue
		}
		state := st.Refund(r.Status)
		dot := text.Concat(text.Spaces(1), st.Glyph.Dot, text.Spaces(1))
		entries = append(entries, timeline.Entry{
			Glyph: state.Glyph, Tone: state.Tone, Text: text.Join(dot, state.Word, text.Amount(r.Amount), Alert(r.Alert), Next(r, now)),
		})
	}
	return entries
}
