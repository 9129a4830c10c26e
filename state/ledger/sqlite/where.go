package sqlite

import (
	"fmt"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/query"
)

// conditions gathers conditions that must all hold, with their values, which
// are always bound, never written into the text.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) add(sql string, args ...any) {
	c.parts, c.args = append(c.parts, sql), append(c.args, args...)
}

// addIn adds column IN (values).
func (c *conditions) addIn(column string, values []any) {
	c.add(column+" IN ("+marks(len(values))+")", values...)
}

// sql joins the conditions with AND; none at all is true.
func (c *conditions) sql() string {
	if len(c.parts) == 0 {
		return "1"
	}
	return strings.Join(c.parts, " AND ")
}

// marks is n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func texts[T ~string](list []T) []any {
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = string(v)
	}
	return args
}

// constraint is one term as the planner sees it: a test that every row must
// pass, and what an index can do to find those rows.
type constraint struct {
	test  conditions
	match string     // full-text expression that finds at least those rows
	exact bool       // match finds no others
	sharp bool       // match finds few, by several trigrams: quicker to gather than to walk
	equal *equal     // an index that has those rows in the list's own order
	ids   conditions // one part: a query for at least those rows' IDs
	bound bool       // the test bounds the list's own index
}

// equal is an index of (column, the list's own key).
type equal struct {
	index  string
	column string
	extra  string // the condition of a partial index
	values []any
}

// either makes the test of a constraint: any of the values passes it.
func either(values []query.Value, add func(c *conditions, v query.Value)) (c conditions) {
	if len(values) == 0 {
		c.add("0")
		return c
	}
	one := conditions{}
	for _, v := range values {
		add(&one, v)
	}
	c.add("("+strings.Join(one.parts, " OR ")+")", one.args...)
	return c
}

// valueTexts is the texts of the values.
func valueTexts(values []query.Value) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.Text
	}
	return list
}

// in is the test that any of the columns has any of the values.
func in(values []string, columns ...string) (c conditions) {
	var parts []string
	var args []any
	for _, column := range columns {
		parts, args = append(parts, column+" IN ("+marks(len(values))+")"), append(args, texts(values)...)
	}
	c.add("("+strings.Join(parts, " OR ")+")", args...)
	return c
}

// within is the test of a time column, which is 0 when the time is not known.
func within(column string, values []query.Value) conditions {
	return either(values, func(c *conditions, v query.Value) {
		sql, args := column+" <> 0", []any{}
		if !v.From.IsZero() {
			sql, args = sql+" AND "+column+" >= ?", append(args, v.From.UnixMicro())
		}
		if !v.To.IsZero() {
			sql, args = sql+" AND "+column+" < ?", append(args, v.To.UnixMicro())
		}
		c.add("("+sql+")", args...)
	})
}

// amount is the test of an amount in ten-thousandths and of its currency.
func amount(alias string, t query.Term) conditions {
	return either(t.Values, func(c *conditions, v query.Value) {
		column := alias + ".amount_e4"
		sql, args := column+" BETWEEN ? AND ?", []any{v.Amount, max(v.Amount, v.AmountTo)}
		if t.Op != query.Is {
			sql, args = column+" "+operator(t.Op)+" ?", []any{v.Amount}
		}
		if v.Currency != "" {
			sql, args = sql+" AND "+alias+".currency = ?", append(args, v.Currency)
		}
		c.add("("+sql+")", args...)
	})
}

// operator is the comparison in SQL; it never comes from what was typed.
func operator(op query.Op) string {
	switch op {
	case query.Less:
		return "<"
	case query.AtMost:
		return "<="
	case query.Greater:
		return ">"
	case query.AtLeast:
		return ">="
	default:
		return "="
	}
}

// orderConstraint is a term of the order list.
func orderConstraint(t query.Term) (constraint, error) {
	words := valueTexts(t.Values)
	switch t.Field {
	case query.Word:
		return wordConstraint(t), nil
	case query.Status:
		return equalConstraint("orders_status", "o.status", words), nil
	case query.Profile:
		return equalConstraint("orders_profile", "o.profile", words), nil
	case query.User:
		return equalConstraint("orders_user", "o.user_id", words), nil
	case query.Currency:
		return equalConstraint("orders_currency", "o.currency", words), nil
	case query.Gateway:
		return constraint{test: in(words, "o.gateway")}, nil
	case query.Order:
		c := constraint{test: in(words, "o.order_no", "o.gateway_no", "o.channel_no")}
		list := marks(len(words))
		c.ids.add("SELECT id FROM orders WHERE order_no IN ("+list+") UNION SELECT id FROM orders WHERE gateway_no IN ("+list+
			") AND gateway_no <> '' UNION SELECT id FROM orders WHERE channel_no IN ("+list+") AND channel_no <> ''",
			append(append(texts(words), texts(words)...), texts(words)...)...)
		return c, nil
	case query.Method:
		return constraint{test: in(words, "o.method", "o.brand"), match: matching("tags", words)}, nil
	case query.Card:
		return cardConstraint(words), nil
	case query.Amount:
		c := constraint{test: amount("o", t)}
		c.ids.add("SELECT o.id FROM orders o INDEXED BY orders_amount WHERE "+c.test.sql(), c.test.args...)
		return c, nil
	case query.Placed, query.Age:
		return placedConstraint(t), nil
	case query.Paid:
		c := constraint{test: within("o.paid_at", t.Values)}
		c.ids.add("SELECT o.id FROM orders o INDEXED BY orders_paid WHERE "+c.test.sql(), c.test.args...)
		return c, nil
	case query.Refunded:
		return refundedConstraint(words), nil
	case query.Has:
		return hasConstraint(words), nil
	case query.Refund, query.Reason, query.Agent:
		sub, err := refundConstraint(t)
		if err != nil {
			return constraint{}, err
		}
		c := constraint{}
		c.ids.add("SELECT r.order_id FROM refunds r WHERE "+sub.test.sql(), sub.test.args...)
		c.test.add("o.id IN ("+c.ids.sql()+")", c.ids.args...)
		return c, nil
	}
	return constraint{}, noField(t.Field, "orders")
}

func noField(field query.Field, list string) error {
	return &client.Error{
		Class: client.ClassInput, Code: "query", Message: fmt.Sprintf("%s cannot be searched by %q", list, string(field)),
		Hint: "the help lists the fields",
	}
}

func equalConstraint(index, column string, values []string) constraint {
	c := constraint{test: in(values, column), equal: &equal{index: index, column: column, values: texts(values)}}
	c.ids.add("SELECT o.id FROM orders o INDEXED BY "+index+" WHERE "+c.test.sql(), c.test.args...)
	return c
}

// placedConstraint bounds the list's own key as well, when there is one span.
func placedConstraint(t query.Term) constraint {
	c := constraint{test: within("o.placed_at", t.Values)}
	if len(t.Values) != 1 || t.Not {
		return c
	}
	v := t.Values[0]
	c.bound = true
	ids := conditions{}
	bound := func(op string, at time.Time, end bool) {
		from, to := seekRange(at)
		if end {
			from = to
		}
		c.test.add("o.seek "+op+" ?", from)
		ids.add("o.seek "+op+" ?", from)
	}
	if !v.From.IsZero() {
		bound(">=", v.From, false)
	}
	if !v.To.IsZero() {
		bound("<", v.To, true)
	}
	c.ids.add("SELECT o.id FROM orders o INDEXED BY orders_seek WHERE "+ids.sql(), ids.args...)
	return c
}

func refundedConstraint(words []string) constraint {
	const partial, full = "(o.refunded > 0 AND o.refunded < o.amount)", "(o.refunded > 0 AND o.refunded >= o.amount)"
	c, some := conditions{}, true
	for _, w := range words {
		switch w {
		case "partial":
			c.add(partial)
		case "full":
			c.add(full)
		default:
			c.add("o.refunded = 0")
			some = false
		}
	}
	out := constraint{}
	out.test.add("(" + strings.Join(c.parts, " OR ") + ")")
	if some {
		out.equal = &equal{index: "orders_refunded", extra: "o.refunded > 0"}
		out.ids.add("SELECT o.id FROM orders o INDEXED BY orders_refunded WHERE o.refunded > 0")
	}
	return out
}

func hasConstraint(words []string) constraint {
	c, states, note := conditions{}, []any{}, false
	for _, w := range words {
		switch w {
		case "unknown":
			states = append(states, "unknown")
		case "note":
			note = true
			c.add("o.note <> ''")
		default:
			states = append(states, "held", "intent", "sending", "pending")
		}
	}
	if len(states) > 0 {
		c.addIn("o.open_status", states)
	}
	out := constraint{}
	out.test.add("("+strings.Join(c.parts, " OR ")+")", c.args...)
	switch {
	case note && len(states) == 0:
		out.equal = &equal{index: "orders_note", extra: "o.note <> ''"}
		out.ids.add("SELECT o.id FROM orders o INDEXED BY orders_note WHERE o.note <> ''")
	case !note:
		out.equal = &equal{index: "orders_open", column: "o.open_status", extra: "o.open_status <> ''", values: states}
		out.ids.add("SELECT o.id FROM orders o INDEXED BY orders_open WHERE o.open_status <> '' AND "+out.test.sql(), out.test.args...)
	}
	return out
}

// refundWordsSQL is what a bare word looks in on the refund list, beside the
// numbers of the order.
const refundWordsSQL = "lower(r.refund_no || char(10) || r.gateway_no || char(10) || r.order_no || char(10) || r.note || char(10) || " +
	"coalesce(o.gateway_no || char(10) || o.channel_no || char(10) || o.user_id || char(10) || substr(o.card, -4) || char(10) || " +
	"o.note, ''))"

// refundConstraint is a term of the refund list. Refunds are few beside
// orders; what no index answers is tested row by row.
func refundConstraint(t query.Term) (constraint, error) {
	words := valueTexts(t.Values)
	switch t.Field {
	case query.Word:
		return constraint{test: either(t.Values, func(c *conditions, v query.Value) {
			c.add("instr("+refundWordsSQL+", lower(?)) > 0", v.Text)
		})}, nil
	case query.Status:
		return refundEqual("refunds_status", "r.status", words), nil
	case query.Profile:
		return refundEqual("refunds_profile", "r.profile", words), nil
	case query.Agent:
		return refundEqual("refunds_agent", "r.agent", words), nil
	case query.Gateway:
		return constraint{test: in(words, "r.gateway")}, nil
	case query.Order:
		c, err := orderConstraint(t)
		return ofOrders(c), err
	case query.User:
		return ofOrders(equalConstraint("orders_user", "o.user_id", words)), nil
	case query.Amount:
		c := constraint{test: amount("r", t)}
		c.ids.add("SELECT r.id FROM refunds r INDEXED BY refunds_amount WHERE "+c.test.sql(), c.test.args...)
		return c, nil
	case query.Currency:
		return constraint{test: in(words, "r.currency")}, nil
	case query.Method, query.Card, query.Paid, query.Refunded:
		c, err := orderConstraint(t)
		return constraint{test: c.test}, err
	case query.Placed, query.Age:
		c := constraint{test: within("r.created_at", t.Values)}
		c.ids.add("SELECT r.id FROM refunds r INDEXED BY refunds_created WHERE "+c.test.sql(), c.test.args...)
		return c, nil
	case query.Refund:
		c := constraint{test: in(words, "r.refund_no", "r.gateway_no")}
		list := marks(len(words))
		c.ids.add("SELECT id FROM refunds WHERE refund_no IN ("+list+") UNION SELECT id FROM refunds WHERE gateway_no IN ("+list+
			") AND gateway_no <> ''", append(texts(words), texts(words)...)...)
		return c, nil
	case query.Reason:
		return constraint{test: either(t.Values, func(c *conditions, v query.Value) {
			c.add("instr(lower(r.reason), lower(?)) > 0", v.Text)
		})}, nil
	case query.Has:
		return refundHas(words), nil
	}
	return constraint{}, noField(t.Field, "refunds")
}

func refundEqual(index, column string, values []string) constraint {
	c := constraint{test: in(values, column), equal: &equal{index: index, column: column, values: texts(values)}}
	c.ids.add("SELECT r.id FROM refunds r INDEXED BY "+index+" WHERE "+c.test.sql(), c.test.args...)
	return c
}

// ofOrders makes a constraint on orders one on their refunds.
func ofOrders(c constraint) constraint {
	out := constraint{test: c.test}
	if len(c.ids.parts) > 0 {
		out.ids.add("SELECT id FROM refunds INDEXED BY refunds_order WHERE order_id IN ("+c.ids.sql()+")", c.ids.args...)
	}
	return out
}

func refundHas(words []string) constraint {
	c := conditions{}
	for _, w := range words {
		switch w {
		case "unknown":
			c.add("r.status = 'unknown'")
		case "note":
			c.add("r.note <> ''")
		default:
			c.add("r.status IN ('held', 'intent', 'sending', 'pending')")
		}
	}
	out := constraint{}
	out.test.add("(" + strings.Join(c.parts, " OR ") + ")")
	return out
}
