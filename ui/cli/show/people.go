package show

import (
	"fmt"
	"io"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// People writes records for people.
type People struct {
	Styles   *style.Styles
	Emphasis bool // the output is a terminal that shows bold text
	Profiles bool // say which profile a row belongs to
	Now      time.Time
	Zone     *time.Location
}

// widest is how many cells a number takes in a table at most.
const widest = 32

// Orders writes a table of orders.
func (p People) Orders(w io.Writer, orders []ledger.Order) error {
	l := text.Literal
	columns := []Column{
		{Title: l("PLACED")},
		{Title: l("ORDER"), Width: widest},
		{Title: l("USER"), Width: 20},
		{Title: l("METHOD"), Width: 20},
		{Title: l("AMOUNT"), Right: true},
		{Title: l("STATUS")},
		{Title: l("REFUNDED"), Right: true},
	}
	rows := make([][]Cell, len(orders))
	for i, o := range orders {
		refunded := text.Safe{}
		if o.Refunded.Minor > 0 {
			refunded = text.AmountDigits(o.Refunded)
		}
		status := p.Styles.Order(o.Status)
		if o.OpenRefund != "" {
			status.Word = text.Join(l(" "), status.Word, p.Styles.Refund(o.OpenStatus).Glyph)
		}
		rows[i] = []Cell{
			{Text: text.Clock(o.CreatedAt, p.Now, p.Zone)},
			{Text: text.Clean(o.OrderNo)},
			{Text: text.Clean(o.UserID)},
			{Text: method(o.Order)},
			{Text: text.Amount(o.Amount)},
			p.status(status),
			{Text: refunded},
		}
	}
	return p.table(w, columns, rows, func(i int) string { return orders[i].Profile })
}

// Refunds writes a table of refunds.
func (p People) Refunds(w io.Writer, refunds []ledger.Refund) error {
	l := text.Literal
	columns := []Column{
		{Title: l("CREATED")},
		{Title: l("REFUND")},
		{Title: l("ORDER"), Width: widest},
		{Title: l("AMOUNT"), Right: true},
		{Title: l("STATUS")},
		{Title: l("NEXT LOOK")},
		{Title: l("REASON"), Width: 40},
	}
	rows := make([][]Cell, len(refunds))
	for i, r := range refunds {
		next := text.Safe{}
		if r.Status.Open() && !r.NextCheckAt.IsZero() {
			next = text.In(r.NextCheckAt.Sub(p.Now))
		}
		rows[i] = []Cell{
			{Text: text.Clock(r.CreatedAt, p.Now, p.Zone)},
			{Text: text.Clean(r.RefundNo)},
			{Text: text.Clean(r.OrderNo)},
			{Text: text.Amount(r.Amount)},
			p.status(p.Styles.Refund(r.Status)),
			{Text: next},
			{Text: text.Clean(r.Reason)},
		}
	}
	return p.table(w, columns, rows, func(i int) string { return refunds[i].Profile })
}

// Tokens writes a table of saved cards.
func (p People) Tokens(w io.Writer, tokens []ledger.Token) error {
	l := text.Literal
	columns := []Column{
		{Title: l("TOKEN"), Width: 40}, {Title: l("USER"), Width: 20}, {Title: l("METHOD"), Width: 20}, {Title: l("EXPIRES")}, {Title: l("STATUS")},
	}
	rows := make([][]Cell, len(tokens))
	for i, t := range tokens {
		rows[i] = []Cell{
			{Text: text.Clean(t.Token.Token)},
			{Text: text.Clean(t.UserID)},
			{Text: method(client.Order{Method: t.Method, Brand: t.Brand, Card: t.Card})},
			{Text: text.Day(t.ExpiresAt, p.Zone)},
			p.status(p.Styles.Token(t.Status)),
		}
	}
	return p.table(w, columns, rows, func(i int) string { return tokens[i].Profile })
}

// table adds the profile in front where rows of several are mixed.
func (p People) table(w io.Writer, columns []Column, rows [][]Cell, profile func(i int) string) error {
	if p.Profiles {
		columns = append([]Column{{Title: text.Literal("PROFILE")}}, columns...)
		for i := range rows {
			rows[i] = append([]Cell{{Text: text.Clean(profile(i))}}, rows[i]...)
		}
	}
	return Table(w, columns, rows)
}

// status is a state with its sign; on a terminal it is emphasised where it
// needs a look.
func (p People) status(st style.Status) Cell {
	c := Cell{Text: st.Text()}
	if p.Emphasis {
		c.Open, c.Shut = p.Styles.Sequences(st.Tone, false)
	}
	return c
}

// method is how an order was paid: "VISA ····4242".
func method(o client.Order) text.Safe {
	name := o.Brand
	if name == "" {
		name = o.Method
	}
	return text.Join(text.Literal(" "), text.Clean(name), text.Clean(o.Card))
}

// Order writes one order with its refunds.
func (p People) Order(w io.Writer, o ledger.Order, refunds []ledger.Refund, found string) error {
	l := text.Literal
	if _, err := fmt.Fprintf(w, "order %s  %s  %s\n", text.Clean(o.OrderNo), text.Amount(o.Amount), p.Styles.Order(o.Status).Text()); err != nil {
		return err
	}
	err := Fields(w, []Field{
		{l("profile"), text.Clean(o.Profile)},
		{l("gateway number"), text.Clean(o.GatewayOrderNo)},
		{l("channel number"), text.Clean(o.ChannelNo)},
		{l("user"), text.Clean(o.UserID)},
		{l("method"), method(o.Order)},
		{l("placed"), p.stamp(o.CreatedAt)},
		{l("paid"), p.stamp(o.PaidAt)},
		{l("failed because"), text.Clean(o.FailCode)},
		{l("note"), text.Clean(o.Note)},
		{l("refunded"), text.Clean(amountOr(o.Refunded))},
		{l("refundable"), text.Amount(o.Refundable())},
		{l("found"), text.Clean(found)},
	})
	if err != nil || len(refunds) == 0 {
		return err
	}
	p.Profiles = false
	return p.Refunds(w, refunds)
}

func amountOr(m client.Money) string {
	if m.Minor == 0 {
		return ""
	}
	return text.Amount(m).String()
}

// Refund writes one refund.
func (p People) Refund(w io.Writer, r ledger.Refund) error {
	l := text.Literal
	if _, err := fmt.Fprintf(w, "refund %s  %s  %s\n", text.Clean(r.RefundNo), text.Amount(r.Amount), p.Styles.Refund(r.Status).Text()); err != nil {
		return err
	}
	next, last := text.Safe{}, text.Safe{}
	if r.Status.Open() && !r.NextCheckAt.IsZero() {
		next = text.In(r.NextCheckAt.Sub(p.Now))
	}
	if answered(r.Last) {
		signed := l("not signed")
		if r.Last.Verified {
			signed = l("signature valid")
		}
		last = text.Join(l(", "), text.Clean(r.Last.Code), text.Clean(r.Last.Message), signed)
	}
	return Fields(w, []Field{
		{l("profile"), text.Clean(r.Profile)},
		{l("order"), text.Clean(r.OrderNo)},
		{l("gateway number"), text.Clean(r.GatewayRefundNo)},
		{l("reason"), text.Clean(r.Reason)},
		{l("note"), text.Clean(r.Note)},
		{l("agent"), text.Clean(r.Agent)},
		{l("created"), p.stamp(r.CreatedAt)},
		{l("sent"), p.stamp(r.SentAt)},
		{l("settled"), p.stamp(r.SettledAt)},
		{l("looks"), text.Number(int64(r.Checks))},
		{l("next look"), next},
		{l("last answer"), last},
		{l("alert"), alert(r.Alert)},
	})
}

// alert is an alert's word in a sentence.
func alert(word string) text.Safe {
	switch word {
	case "":
		return text.Safe{}
	case "reversed":
		return text.Literal("the refund failed after it had been reported as done; the customer did not get the money")
	case "conflict":
		return text.Literal("what the gateway says does not fit what was sent; compare both in its portal")
	case "signature":
		return text.Literal("an answer was not signed by the gateway; it changed nothing")
	case "wrong-echo":
		return text.Literal("an answer spoke of another refund; it changed nothing")
	case "word":
		return text.Literal("the gateway used a word that this version does not know")
	case "confirm":
		return text.Literal("waits to be confirmed again: the consent is older than 15 minutes")
	default:
		return text.Clean(word)
	}
}

func (p People) stamp(t time.Time) text.Safe {
	if t.IsZero() {
		return text.Safe{}
	}
	return text.Stamp(t, p.Zone)
}

// Checks writes findings, one line each with what to do below it.
func (p People) Checks(w io.Writer, checks ...Check) error {
	for _, c := range checks {
		sign, tone := p.Styles.Glyph.Check, style.Success
		switch c.Status {
		case Warn:
			sign, tone = p.Styles.Glyph.Warn, style.Warning
		case Fail:
			sign, tone = p.Styles.Glyph.Cross, style.Danger
		}
		word := text.PadRight(text.Clean(c.Status), len(Fail)).String()
		if p.Emphasis {
			open, shut := p.Styles.Sequences(tone, false)
			word = open + word + shut
		}
		name := text.Join(text.Literal(" "), text.Clean(c.Profile), text.Clean(c.Check))
		if _, err := fmt.Fprintf(w, "%s %s  %s: %s\n", sign, word, name, text.Clean(c.Message)); err != nil {
			return err
		}
		if c.Hint != "" {
			if _, err := fmt.Fprintf(w, "          %s\n", text.Clean(c.Hint)); err != nil {
				return err
			}
		}
	}
	return nil
}
