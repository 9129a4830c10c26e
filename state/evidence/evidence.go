// Package evidence owns what paydesk hands to an auditor: everything that the
// ledger knows of one refund, written as a folder of plain files, the journal
// written as lines of JSON, and the proof that nothing in either was changed. It
// only reads ledgers, never asks a gateway, and never holds more than the ledger
// does: no key, no card number.
package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Bundle is everything that a ledger has of one refund.
type Bundle struct {
	MadeAt    time.Time // when it was gathered; UTC
	Refund    ledger.Refund
	Order     ledger.Order
	Exchanges []ledger.Evidence // with the gateway: about the refund, its order and the order's refund history; oldest first
	Callbacks []ledger.Notice   // about the refund and its order, believed or not; oldest first
	Lines     []ledger.Event    // of the journal, about all of these; oldest first
	Chain     Chain
}

// Chain is the state of the whole journal when a bundle was gathered.
type Chain struct {
	Lines  int64  // of the whole journal
	Head   int64  // sequence number of its last line; 0: it is empty
	Digest string // of its last line, hex SHA-256
	Broken string // the first place at which the chain does not hold; "": it is whole (I13)
}

// steadyTries is how often a refund is read anew that changes while it is read.
const steadyTries = 5

// Gather reads all that the ledger has of the refund with the given number, the
// merchant's or the gateway's. profile "" searches all. The whole journal is
// walked and its chain checked; a broken one is told in Chain.Broken and does not
// keep the rest from being gathered (I14). Errors: ClassNotFound, ClassInput for a
// number that several records have, ClassConflict for a refund that does not stand
// still, ClassStorage, and ctx's own.
func Gather(ctx context.Context, reader ledger.Reader, profile, no string, now time.Time) (Bundle, error) {
	for range steadyTries {
		b, err := gather(ctx, reader, profile, no)
		if err != nil {
			return Bundle{}, err
		}
		again, err := reader.Refund(ctx, b.Refund.Profile, b.Refund.RefundNo)
		if err != nil {
			return Bundle{}, readError(err, "refund", no)
		}
		if again == b.Refund {
			b.MadeAt = now.UTC().Truncate(time.Microsecond)
			return b, nil
		}
	}
	return Bundle{}, &client.Error{
		Class: client.ClassConflict, Code: "moving", Message: fmt.Sprintf("refund %q changes faster than it can be read", no),
		Hint: "try again in a moment",
	}
}

func gather(ctx context.Context, reader ledger.Reader, profile, no string) (b Bundle, err error) {
	if b.Refund, err = reader.Refund(ctx, profile, no); err != nil {
		return b, readError(err, "refund", no)
	}
	if b.Order, err = reader.Order(ctx, b.Refund.Profile, b.Refund.OrderNo); err != nil {
		return b, readError(err, "order", b.Refund.OrderNo)
	}
	past, err := historyNumbers(ctx, reader, b)
	if err != nil {
		return b, err
	}
	own := []string{b.Refund.RefundNo, b.Refund.GatewayRefundNo, b.Order.OrderNo, b.Order.GatewayOrderNo}
	if b.Exchanges, err = exchanges(ctx, reader, b.Refund.Profile, slices.Concat(own, past)); err != nil {
		return b, err
	}
	if b.Callbacks, err = callbacks(ctx, reader, b.Refund.Profile, own); err != nil {
		return b, err
	}
	about := newTopic(b, slices.Concat(own, past))
	b.Lines, b.Chain, err = walk(ctx, reader, about.has)
	return b, err
}

// historyNumbers are the refund numbers under which the order's history was
// looked up: those of refunds made elsewhere, and the computed ones that this
// ledger has no refund of its own under (I4).
func historyNumbers(ctx context.Context, reader ledger.Reader, b Bundle) (numbers []string, err error) {
	rows, err := reader.RefundsOf(ctx, b.Order.ID)
	if err != nil {
		return nil, readError(err, "order", b.Order.OrderNo)
	}
	own, attempts := map[string]bool{strings.ToUpper(b.Refund.RefundNo): true}, 1
	for _, r := range rows {
		attempts = max(attempts, r.Attempt)
		if r.Foreign {
			numbers = append(numbers, r.RefundNo)
		}
		own[strings.ToUpper(r.RefundNo)] = true
	}
	const misses = 2 // looked up behind the last attempt (I4)
	for attempt := 1; attempt <= attempts+misses; attempt++ {
		if no := client.RefundNo(b.Refund.Gateway, b.Refund.Merchant, b.Order.OrderNo, attempt); !own[no] {
			numbers = append(numbers, no)
		}
	}
	return numbers, nil
}

// exchanges are those about any of the numbers.
func exchanges(ctx context.Context, reader ledger.Reader, profile string, numbers []string) ([]ledger.Evidence, error) {
	return collect(numbers, func(no string) ([]ledger.Evidence, error) { return reader.EvidenceOf(ctx, profile, no) },
		func(e ledger.Evidence) int64 { return e.ID })
}

// callbacks are those about any of the numbers.
func callbacks(ctx context.Context, reader ledger.Reader, profile string, numbers []string) ([]ledger.Notice, error) {
	return collect(numbers, func(no string) ([]ledger.Notice, error) { return reader.InboxOf(ctx, profile, no) },
		func(n ledger.Notice) int64 { return n.ID })
}

// collect reads a list for each number, and returns every record once, in the
// order of their IDs.
func collect[T any](numbers []string, read func(string) ([]T, error), id func(T) int64) (all []T, err error) {
	seen := map[int64]bool{}
	for i, no := range numbers {
		if no == "" || slices.Contains(numbers[:i], no) {
			continue
		}
		list, err := read(no)
		if err != nil {
			return nil, readError(err, "number", no)
		}
		for _, item := range list {
			if !seen[id(item)] {
				seen[id(item)] = true
				all = append(all, item)
			}
		}
	}
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	return all, nil
}

// topic says which lines of the journal belong to a bundle.
type topic struct {
	profile string
	numbers map[string]bool // upper case: gateways fold it
	notices map[string]bool // digests
}

func newTopic(b Bundle, numbers []string) topic {
	t := topic{profile: b.Refund.Profile, numbers: map[string]bool{}, notices: map[string]bool{}}
	for _, no := range numbers {
		if no != "" {
			t.numbers[strings.ToUpper(no)] = true
		}
	}
	for _, n := range b.Callbacks {
		t.notices[n.Digest] = true
	}
	return t
}

// has reports whether a line is about the topic. Lines about cards and profiles
// never are, whatever number their subject looks like.
func (t topic) has(e ledger.Event) bool {
	area, _, _ := strings.Cut(e.Kind, ".")
	if e.Profile != t.profile || (area != "refund" && area != "order" && area != "callback") {
		return false
	}
	return t.numbers[strings.ToUpper(e.Subject)] || (area == "callback" && t.notices[detailOf(e).Notice])
}

// walk reads the whole journal, checks its chain and keeps some lines.
func walk(ctx context.Context, reader ledger.Reader, keep func(ledger.Event) bool) (kept []ledger.Event, c Chain, err error) {
	for e, err := range reader.Journal(ctx) {
		if err != nil {
			if ctx.Err() != nil {
				return nil, c, ctx.Err()
			}
			c.Broken = cmp.Or(c.Broken, fmt.Sprintf("after line %d the journal cannot be read: %v", c.Head, err))
			break
		}
		if err := e.Follows(c.Head, c.Digest); err != nil {
			c.Broken = cmp.Or(c.Broken, err.Error())
		}
		c.Lines, c.Head, c.Digest = c.Lines+1, e.Seq, e.Digest
		if keep(e) {
			kept = append(kept, e)
		}
	}
	return kept, c, nil
}

// readError classes what a ledger returned.
func readError(err error, kind, no string) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ledger.ErrNotFound):
		return &client.Error{
			Class: client.ClassNotFound, Code: kind, Message: fmt.Sprintf("no %s %q in the ledger", kind, no),
			Hint: "check the number and the profile", Err: err,
		}
	case errors.Is(err, ledger.ErrAmbiguous):
		return &client.Error{
			Class: client.ClassInput, Code: "ambiguous", Message: fmt.Sprintf("%s number %q belongs to more than one record", kind, no),
			Hint: "give the profile, or the merchant's own number", Err: err,
		}
	case client.ClassOf(err) != client.ClassBug:
		return err
	}
	return &client.Error{
		Class: client.ClassStorage, Code: "ledger", Message: "the ledger cannot be read", Err: err,
		Hint: "`paydesk doctor` looks at the ledger and the disk",
	}
}
