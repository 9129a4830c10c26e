// Package statusbar owns the top line: whose account this is, what a mistake
// would cost, whether the way to the gateway is up, how old the picture is and
// what still waits. All of that is there at any width; only its words get
// shorter. It holds no state.
package statusbar

import (
	"paydesk/client"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Bar is what the top line says.
type Bar struct {
	App     text.Safe // program name
	Profile text.Safe
	Brand   text.Safe
	Env     style.Env
	Lock    text.Safe // "read-only", "unlocked 4 min"
	// Callbacks is how callbacks arrive, where there is room for it, and
	// CallbacksBrief the same in fewer words; empty: nothing to say.
	Callbacks      text.Safe
	CallbacksBrief text.Safe
	CallbacksTone  style.Tone
	Link           style.LinkState
	Age            text.Safe // of what is shown: "12 s"; empty: nothing to say
	Pending        int
	Unknown        int
}

// part is a piece of the line with ever shorter forms; the last may be
// nothing.
type part struct {
	forms []form
	at    int  // the form in use
	right bool // stands on the right
	tight bool // one space before it, not two
}

// form is one way to say a part.
type form struct {
	drawn string
	width int
}

func (p part) form() form { return p.forms[p.at] }

// The parts, in the order in which they stand.
const (
	app = iota
	profile
	brand
	badge
	lock
	callbacks
	link
	age
	pending
	unknown
	partCount
)

// shrinking is the order in which parts give way, one form each time.
func shrinking() []int {
	return []int{callbacks, app, brand, age, callbacks, link, age, pending, unknown, lock}
}

// Line draws the bar in exactly width cells.
func Line(st *style.Styles, b Bar, width int) string {
	parts := b.parts(st)
	for _, i := range shrinking() {
		if size(parts) <= width {
			break
		}
		if p := &parts[i]; p.at < len(p.forms)-1 {
			p.at++
		}
	}
	if over := size(parts) - width; over > 0 {
		room := max(text.Width(b.Profile)-over, 3)
		parts[profile].forms = []form{words(st, style.Strong, text.TruncateMiddle(b.Profile, room))}
	}
	left, right := " ", ""
	for _, p := range parts {
		if p.form().width == 0 {
			continue
		}
		if p.right {
			right += spacing(p) + p.form().drawn
			continue
		}
		if left != " " {
			left += spacing(p)
		}
		left += p.form().drawn
	}
	gap := max(width-size(parts), 0)
	return style.Fit(left+text.Spaces(gap).String()+right+" ", width)
}

func spacing(p part) string {
	if p.tight {
		return " "
	}
	return "  "
}

// parts builds every form of every part.
func (b Bar) parts(st *style.Styles) []part {
	state := st.Link(b.Link)
	none := form{}
	parts := make([]part, partCount)
	parts[app] = part{forms: []form{words(st, style.Accent, b.App), none}}
	parts[profile] = part{forms: []form{words(st, style.Strong, b.Profile)}}
	parts[brand] = part{tight: true, forms: []form{none}}
	if !b.Brand.Empty() {
		parts[brand].forms = []form{words(st, style.Muted, text.Concat(st.Glyph.Dot, text.Spaces(1), b.Brand)), none}
	}
	parts[badge] = part{forms: []form{none}}
	if b.Env != "" {
		parts[badge].forms = []form{{drawn: st.Badge(b.Env), width: text.Width(b.Env.Word()) + 2}}
	}
	parts[lock] = part{tight: true, forms: []form{words(st, style.Muted, b.Lock), none}}
	parts[callbacks] = b.callbacks(st)
	parts[link] = part{right: true, forms: []form{words(st, state.Tone, state.Text()), words(st, state.Tone, state.Glyph)}}
	parts[age] = part{right: true, forms: []form{none}}
	if !b.Age.Empty() {
		parts[age] = part{right: true, forms: []form{
			words(st, style.Muted, text.Concat(text.Literal("synced "), b.Age, text.Literal(" ago"))),
			words(st, style.Muted, text.Concat(b.Age, text.Literal(" ago"))),
			words(st, style.Muted, b.Age),
		}}
	}
	parts[pending] = count(st, b.Pending, style.Status{Glyph: st.Refund(client.RefundPending).Glyph, Word: text.Literal("pending"), Tone: style.Pending})
	parts[unknown] = count(st, b.Unknown, style.Status{Glyph: st.Refund(client.RefundUnknown).Glyph, Word: text.Literal("unknown"), Tone: style.Unknown})
	return parts
}

// callbacks gives way first: what it says stands in the notices too.
func (b Bar) callbacks(st *style.Styles) part {
	p := part{right: true}
	for _, s := range []text.Safe{b.Callbacks, b.CallbacksBrief} {
		if !s.Empty() {
			p.forms = append(p.forms, words(st, b.CallbacksTone, s))
		}
	}
	p.forms = append(p.forms, form{})
	return p
}

// words is a text in a tone.
func words(st *style.Styles, tone style.Tone, s text.Safe) form {
	return form{drawn: st.Paint(tone, s), width: text.Width(s)}
}

// count says how many wait: "2 pending", then "2 ◐". None is said calmly.
func count(st *style.Styles, n int, what style.Status) part {
	if n == 0 {
		what.Tone = style.Faint
	}
	number := text.Concat(text.Number(int64(n)), text.Spaces(1))
	return part{right: true, forms: []form{
		words(st, what.Tone, text.Concat(number, what.Word)),
		words(st, what.Tone, text.Concat(number, what.Glyph)),
	}}
}

// size is the cells that the parts take with a margin at either end.
func size(parts []part) int {
	total, first := 2, true
	for _, p := range parts {
		if p.form().width == 0 {
			continue
		}
		total += p.form().width
		if p.right || !first {
			total += len(spacing(p))
		}
		first = false
	}
	return total
}
