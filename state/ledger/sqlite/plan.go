package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/query"
)

// Limits of the planner.
const (
	few     = 1000 // rows that are found and sorted at once rather than walked to
	mostArm = 16   // values of one field that are walked side by side
)

// listing is one of the lists that can be searched and sorted.
type listing struct {
	name    string // for people
	table   string
	alias   string
	join    string // what its tests may look at beside the table
	index   string // the index of its own order
	own     sorting
	sorts   map[query.Field]sorting
	terms   func(query.Term) (constraint, error)
	columns string
}

// sorting is an order of a list, and the index that has it; "" for none.
type sorting struct {
	index string
	by    []column
}

// column is one column of a sorting; the last one of each is unique.
type column struct {
	name string
	desc bool
}

// toward is the sorting in the asked direction; as declared it ascends.
func (s sorting) toward(desc bool) sorting {
	if !desc {
		return s
	}
	by := make([]column, len(s.by))
	for i, c := range s.by {
		by[i] = column{name: c.name, desc: !c.desc}
	}
	return sorting{index: s.index, by: by}
}

func up(names ...string) (by []column) {
	for _, n := range names {
		by = append(by, column{name: n})
	}
	return by
}

// orderList sorts by seek, which is the time of placing made unique. The
// indexes of a value and seek have seek descending: the newest come first
// within each value.
func orderList() *listing {
	newest := []column{{name: "o.seek", desc: true}}
	then := func(index, name string) sorting {
		return sorting{index: index, by: append(up(name), newest...)}
	}
	return &listing{
		name: "orders", table: "orders", alias: "o", index: "orders_seek", own: sorting{index: "orders_seek", by: newest},
		terms: orderConstraint, columns: orderColumns,
		sorts: map[query.Field]sorting{
			query.Placed:   {index: "orders_seek", by: up("o.seek")},
			query.Age:      {index: "orders_seek", by: newest},
			query.Paid:     {index: "orders_paid", by: up("o.paid_at", "o.id")},
			query.Amount:   {index: "orders_amount", by: up("o.amount_e4", "o.id")},
			query.Order:    {index: "orders_number", by: up("o.order_no", "o.id")},
			query.Updated:  {index: "orders_updated", by: up("o.updated_at", "o.id")},
			query.User:     then("orders_user", "o.user_id"),
			query.Status:   then("orders_status", "o.status"),
			query.Currency: then("orders_currency", "o.currency"),
			query.Profile:  then("orders_profile", "o.profile"),
		},
	}
}

// refundList sorts by worry (queue).
func refundList() *listing {
	worry := up("r.queue", "r.id")
	then := func(index, name string) sorting { return sorting{index: index, by: append(up(name), worry...)} }
	return &listing{
		name: "refunds", table: "refunds", alias: "r", join: " LEFT JOIN orders AS o ON o.id = r.order_id", index: "refunds_queue",
		own: sorting{index: "refunds_queue", by: worry}, terms: refundConstraint, columns: refundColumns,
		sorts: map[query.Field]sorting{
			query.Placed:   {index: "refunds_created", by: up("r.created_at", "r.id")},
			query.Age:      {index: "refunds_created", by: []column{{name: "r.created_at", desc: true}, {name: "r.id", desc: true}}},
			query.Amount:   {index: "refunds_amount", by: up("r.amount_e4", "r.id")},
			query.Updated:  {index: "refunds_updated", by: up("r.updated_at", "r.id")},
			query.Status:   then("refunds_status", "r.status"),
			query.Profile:  then("refunds_profile", "r.profile"),
			query.Agent:    then("refunds_agent", "r.agent"),
			query.Order:    then("", "r.order_no"),
			query.Refund:   then("", "r.refund_no"),
			query.Currency: then("", "r.currency"),
			query.User:     then("", "o.user_id"),
		},
	}
}

// plan is how a list is read: one or several arms that each have the rows in
// order, the tests that all rows must pass, and the order.
type plan struct {
	arms []arm
	test conditions
	by   []column
}

// arm is one way into the table.
type arm struct {
	from  string
	where conditions
	seek  string // what stands for o.seek in this arm
}

// plan decides how to read a list. Every driver finds at least the rows that
// are asked for, and every test is applied to every row, so that a wrong
// choice costs time, never truth.
func (s *Store) plan(ctx context.Context, l *listing, page ledger.Page) (plan, error) {
	p, constraints, err := s.constraints(ctx, l, page)
	if err != nil {
		return plan{}, err
	}
	sorted, err := l.sorting(page.Query.Sort)
	if err != nil {
		return plan{}, err
	}
	p.by = sorted.by
	own := sameOrder(sorted.by, l.own.by)
	if ids, ok, err := s.fewIDs(ctx, l, constraints, own); err != nil {
		return plan{}, err
	} else if ok {
		p.arms = []arm{ids}
		return p, nil
	}
	if own {
		if arms := walk(l, constraints); arms != nil {
			p.arms = arms
			return p, nil
		}
	}
	p.arms = []arm{{from: l.scan(sorted.index)}}
	return p, nil
}

// constraints turns the terms of a page, and its profiles, into constraints.
func (s *Store) constraints(ctx context.Context, l *listing, page ledger.Page) (p plan, list []constraint, err error) {
	terms := page.Query.Terms
	if len(page.Profiles) > 0 {
		all, err := s.allProfiles(ctx, page.Profiles)
		if err != nil {
			return plan{}, nil, err
		}
		if !all {
			values := make([]query.Value, len(page.Profiles))
			for i, name := range page.Profiles {
				values[i].Text = name
			}
			terms = append([]query.Term{{Field: query.Profile, Op: query.Is, Values: values}}, terms...)
		}
	}
	for _, t := range terms {
		c, err := l.terms(t)
		if err != nil {
			return plan{}, nil, err
		}
		if t.Not {
			p.test.add("NOT ("+c.test.sql()+")", c.test.args...)
			continue
		}
		p.test.add(c.test.sql(), c.test.args...)
		if t.Field == query.Word && c.match != "" && len(t.Values) == 1 && ascii(t.Values[0].Text) && len(t.Values[0].Text) >= sharpFrom {
			c.exact, c.sharp = false, true
			if c.match, err = s.sharpen(ctx, t.Values[0].Text); err != nil {
				return plan{}, nil, err
			}
		}
		list = append(list, c)
	}
	return p, list, nil
}

// allProfiles reports whether no order is of another profile than these.
func (s *Store) allProfiles(ctx context.Context, profiles []string) (bool, error) {
	n, err := one(ctx, s.reader(), "profiles", scanInt, "SELECT count(*) FROM totals WHERE orders > 0 AND profile NOT IN ("+
		marks(len(profiles))+")", texts(profiles)...)
	return n == 0, err
}

// sorting is the order that was asked for, or the list's own. After the first
// field that is unique nothing more counts.
func (l *listing) sorting(by []query.Sort) (sorting, error) {
	if len(by) == 0 {
		return l.own, nil
	}
	var out sorting
	for i, field := range by {
		s, ok := l.sorts[field.Field]
		if !ok {
			return sorting{}, &client.Error{
				Class: client.ClassInput, Code: "query", Message: fmt.Sprintf("%s cannot be sorted by %q", l.name, string(field.Field)),
				Hint: "the help lists the fields",
			}
		}
		s = s.toward(field.Desc)
		if i == 0 {
			out.index = s.index
		}
		if i == len(by)-1 || len(s.by) == 1 {
			out.by = append(out.by, s.by...)
			break
		}
		out.by = append(out.by, s.by[0]) // its last columns only break ties
	}
	return out, nil
}

func sameOrder(a, b []column) bool {
	if len(a) != len(b) {
		return false
	}
	return a[0] == b[0] || (len(a) == 1 && a[0].name == b[0].name)
}

// scan is the whole table by an index, or as it lies.
func (l *listing) scan(index string) string {
	from := l.table + " AS " + l.alias
	if index != "" {
		from += " INDEXED BY " + index
	}
	return from + l.join
}

// fewIDs looks whether one constraint has few rows; then those are read and
// sorted. With one constraint alone and the list's own order there is no need:
// its index has the rows in order.
func (s *Store) fewIDs(ctx context.Context, l *listing, list []constraint, own bool) (arm, bool, error) {
	alone := len(list) == 1 && (list[0].equal != nil || (list[0].match != "" && !list[0].sharp) || list[0].bound)
	if own && (len(list) == 0 || alone) {
		return arm{}, false, nil
	}
	var best []int64
	found, key := false, "id"
	try := func(as, text string, args []any) error {
		ids, err := all(ctx, s.reader(), "search", scanInt, "SELECT * FROM ("+text+") LIMIT ?", append(args[:len(args):len(args)], few+1)...)
		if err == nil && len(ids) <= few && (!found || len(ids) < len(best)) {
			best, found, key = ids, true, as
		}
		return err
	}
	if match := matches(list); match != "" {
		if err := try("seek", "SELECT rowid FROM search WHERE search MATCH ?", []any{match}); err != nil {
			return arm{}, false, err
		}
	}
	for _, c := range list {
		if len(c.ids.parts) == 0 || (found && len(best) == 0) {
			continue
		}
		if err := try("id", c.ids.sql(), c.ids.args); err != nil {
			return arm{}, false, err
		}
	}
	if !found {
		return arm{}, false, nil
	}
	return idArm(l, key, best)
}

func idArm(l *listing, key string, ids []int64) (arm, bool, error) {
	if ids == nil {
		ids = []int64{}
	}
	text, err := json.Marshal(ids)
	if err != nil {
		return arm{}, false, fmt.Errorf("ledger/sqlite: search: %w", err)
	}
	hint := "NOT INDEXED"
	if key == "seek" {
		hint = "INDEXED BY orders_seek"
	}
	a := arm{from: fmt.Sprintf("(SELECT DISTINCT value FROM json_each(?)) AS j CROSS JOIN %s AS %s %s ON %s.%s = j.value%s",
		l.table, l.alias, hint, l.alias, key, l.join)}
	a.where.add("1", string(text))
	return a, true, nil
}

// matches joins the full-text expressions of all constraints.
func matches(list []constraint) string {
	var parts []string
	for _, c := range list {
		if c.match != "" {
			parts = append(parts, "("+c.match+")")
		}
	}
	return strings.Join(parts, " AND ")
}

// walk chooses an index that has the rows in the list's own order: the search
// index before anything else, then the index of a value. nil when there is
// none.
func walk(l *listing, list []constraint) []arm {
	if match := matches(list); match != "" {
		a := arm{from: "search AS f CROSS JOIN orders AS o INDEXED BY orders_seek ON o.seek = f.rowid", seek: "f.rowid"}
		a.where.add("f.search MATCH ?", match)
		return []arm{a}
	}
	var best *equal
	for _, c := range list {
		if c.equal != nil && len(c.equal.values) <= mostArm && (best == nil || rank(c.equal) < rank(best)) {
			best = c.equal
		}
	}
	if best == nil {
		return nil
	}
	base := arm{from: l.scan(best.index)}
	if best.extra != "" {
		base.where.add(best.extra)
	}
	if best.column == "" {
		return []arm{base}
	}
	var arms []arm
	for _, v := range best.values {
		a := arm{from: base.from}
		a.where.parts = append(a.where.parts, base.where.parts...)
		a.where.add(best.column+" = ?", v)
		arms = append(arms, a)
	}
	return arms
}

// rank guesses which index leaves fewer rows.
func rank(e *equal) int {
	for i, index := range []string{"orders_open", "orders_user", "orders_refunded", "orders_note", "orders_status", "orders_currency"} {
		if e.index == index {
			return i
		}
	}
	return 9
}

// anchor reads the order columns of the row that a window lies beside; a row
// that is gone leaves the window at the edge.
func (s *Store) anchor(ctx context.Context, l *listing, by []column, id int64) ([]any, error) {
	names := make([]string, len(by))
	for i, c := range by {
		names[i] = c.name
	}
	at, err := one(ctx, s.reader(), "window", func(r row) ([]any, error) {
		values := make([]any, len(by))
		into := make([]any, len(by))
		for i := range values {
			into[i] = &values[i]
		}
		return values, r.Scan(into...)
	}, "SELECT "+strings.Join(names, ", ")+" FROM "+l.table+" AS "+l.alias+l.join+" WHERE "+l.alias+".id = ?", id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	return at, err
}
