package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"paydesk/state/ledger"
)

// Orders reads a window of the order list.
func (s *Store) Orders(ctx context.Context, page ledger.Page) ([]ledger.Order, error) {
	return window(ctx, s, orderList(), page, scanOrder)
}

// Refunds reads a window of the refund list.
func (s *Store) Refunds(ctx context.Context, page ledger.Page) ([]ledger.Refund, error) {
	return window(ctx, s, refundList(), page, scanRefund)
}

// CountOrders counts up to limit matches.
func (s *Store) CountOrders(ctx context.Context, page ledger.Page, limit int64) (int64, bool, error) {
	if len(page.Query.Terms) == 0 {
		in := conditions{}
		if len(page.Profiles) > 0 {
			in.addIn("profile", texts(page.Profiles))
		}
		n, err := one(ctx, s.reader(), "count", scanInt, "SELECT coalesce(sum(orders), 0) FROM totals WHERE "+in.sql(), in.args...)
		return min(n, limit), n <= limit, err
	}
	return s.count(ctx, orderList(), page, limit)
}

// CountRefunds counts up to limit matches.
func (s *Store) CountRefunds(ctx context.Context, page ledger.Page, limit int64) (int64, bool, error) {
	return s.count(ctx, refundList(), page, limit)
}

// count counts without an order; only full-text matches that are exact need no
// look at the rows.
func (s *Store) count(ctx context.Context, l *listing, page ledger.Page, limit int64) (int64, bool, error) {
	page.Query.Sort = nil
	p, constraints, err := s.constraints(ctx, l, page)
	if err != nil {
		return 0, false, err
	}
	text, args := "SELECT 1 FROM "+l.scan("")+" WHERE "+p.test.sql(), p.test.args
	switch match := matches(constraints); {
	case match != "" && len(p.test.parts) == len(constraints) && allExact(constraints):
		text, args = "SELECT 1 FROM search WHERE search MATCH ?", []any{match}
	case len(constraints) > 0:
		full, err := s.plan(ctx, l, page)
		if err != nil {
			return 0, false, err
		}
		text, args = full.counting()
	}
	n, err := one(ctx, s.reader(), "count", scanInt, "SELECT count(*) FROM ("+text+" LIMIT ?)", append(args[:len(args):len(args)], limit+1)...)
	return min(n, limit), n <= limit, err
}

func allExact(list []constraint) bool {
	return !slices.ContainsFunc(list, func(c constraint) bool { return c.match == "" || !c.exact })
}

// counting is all the rows of a plan, in no order.
func (p plan) counting() (text string, args []any) {
	var parts []string
	for _, a := range p.arms {
		parts = append(parts, "SELECT 1 FROM "+a.from+" WHERE "+a.where.sql()+" AND "+p.test.sql())
		args = append(append(args, a.where.args...), p.test.args...)
	}
	return strings.Join(parts, " UNION ALL "), args
}

// window reads up to page.Limit rows beside the anchor. The rows after it, in
// an order of several columns, are first those that equal it in all but the
// last, then in all but the last two, and so on: each of these steps is a range
// of the index, which a comparison of all columns at once would not be where
// their directions differ.
func window[T any](ctx context.Context, s *Store, l *listing, page ledger.Page, scan func(row) (T, error)) ([]T, error) {
	if page.Limit <= 0 {
		return nil, fmt.Errorf("ledger/sqlite: %s: a window of %d rows", l.name, page.Limit)
	}
	p, err := s.plan(ctx, l, page)
	if err != nil {
		return nil, err
	}
	if page.Back {
		p.by = sorting{by: p.by}.toward(true).by
	}
	var at []any
	if page.Anchor != 0 {
		if at, err = s.anchor(ctx, l, p.by, page.Anchor); err != nil {
			return nil, err
		}
	}
	var list []T
	for _, step := range steps(p.by, at, page.Include) {
		text, args := p.statement(l, step, page.Limit-len(list))
		rows, err := all(ctx, s.reader(), l.name, scan, text, args...)
		if err != nil {
			return nil, err
		}
		if list = append(list, rows...); len(list) >= page.Limit {
			break
		}
	}
	if page.Back {
		slices.Reverse(list)
	}
	return list, nil
}

// steps are the ranges of a window, in order. Without an anchor there is one,
// without bounds.
func steps(by []column, at []any, include bool) []conditions {
	if at == nil {
		return []conditions{{}}
	}
	var list []conditions
	equal := conditions{}
	for i, c := range by {
		beyond := conditions{parts: slices.Clone(equal.parts), args: slices.Clone(equal.args)}
		sign := " > ?"
		if c.desc {
			sign = " < ?"
		}
		beyond.add(c.name+sign, at[i])
		list = append(list, beyond)
		equal.add(c.name+" = ?", at[i])
	}
	if include {
		list = append(list, equal)
	}
	slices.Reverse(list)
	return list
}

// statement is one step of a window. The rows' IDs are gathered first and
// sorted again afterwards, so that all the work is done before the first row
// comes out: that is the part which a cancelled context can stop.
func (p plan) statement(l *listing, step conditions, limit int) (text string, args []any) {
	var arms []string
	for _, a := range p.arms {
		as := func(text string) string { return text }
		if a.seek != "" {
			as = func(text string) string { return strings.ReplaceAll(text, "o.seek", a.seek) }
		}
		names := make([]string, len(p.by))
		for i, c := range p.by {
			names[i] = as(c.name)
		}
		arms = append(arms, fmt.Sprintf("SELECT %s.id, %s FROM %s WHERE %s AND %s AND %s", l.alias, strings.Join(names, ", "), a.from,
			a.where.sql(), as(p.test.sql()), as(step.sql())))
		args = append(append(append(args, a.where.args...), p.test.args...), step.args...)
	}
	inner, outer, keys := make([]string, len(p.by)), make([]string, len(p.by)), make([]string, len(p.by))
	for i, c := range p.by {
		direction := ""
		if c.desc {
			direction = " DESC"
		}
		keys[i] = fmt.Sprintf("k%d", i)
		inner[i], outer[i] = fmt.Sprintf("%d%s", i+2, direction), "w."+keys[i]+direction
	}
	return fmt.Sprintf("WITH w (id, %s) AS MATERIALIZED (%s ORDER BY %s LIMIT ?) SELECT %s FROM w CROSS JOIN %s AS %s ON %s.id = w.id ORDER BY %s",
		strings.Join(keys, ", "), strings.Join(arms, " UNION ALL "), strings.Join(inner, ", "), l.columns, l.table, l.alias, l.alias,
		strings.Join(outer, ", ")), append(args, limit)
}
