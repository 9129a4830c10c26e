package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"paydesk/state/ledger"
)

// VerifyAgainst is VerifyBundle, and compares the bundle with the ledger: every
// line must stand in the ledger's journal at its place, no line about the refund
// may be missing, the end of the journal that the bundle names must be a part of
// the chain, and what the ledger still keeps of refund, exchanges and callbacks
// must be what the bundle says. So a bundle that was computed anew as a whole is
// found. Errors: as VerifyBundle, and those of the ledger.
func VerifyAgainst(ctx context.Context, dir string, reader ledger.Reader) (Report, error) {
	c, err := load(dir)
	if err != nil {
		return Report{Kind: KindBundle}, err
	}
	c.all()
	err = c.against(ctx, reader)
	return c.report, err
}

func (c *bundleCheck) against(ctx context.Context, reader ledger.Reader) error {
	c.report.Ledger = true
	if c.refund == nil || c.chain == nil {
		return nil // found already: without these nothing can be looked up
	}
	for _, compare := range []func(context.Context, ledger.Reader) error{c.compareJournal, c.compareRefund, c.compareExchanges, c.compareCallbacks} {
		if err := compare(ctx, reader); err != nil {
			return err
		}
	}
	return nil
}

// compareJournal looks for every line of the bundle in the ledger's journal.
func (c *bundleCheck) compareJournal(ctx context.Context, reader ledger.Reader) error {
	wanted := map[int64]placed{}
	for _, l := range c.lines {
		wanted[l.Seq] = l
	}
	head, met := c.chain.Head, c.chain.Head.Seq == 0
	err := c.report.walk(ctx, reader.Journal(ctx), func(e ledger.Event) {
		if e.Seq == head.Seq {
			if met = true; e.Digest != head.Digest {
				c.found(fileChain, "the line number %d of the ledger's journal, which was the last one, has another digest", e.Seq)
			}
		}
		l, here := wanted[e.Seq]
		switch {
		case here && !l.is(e):
			c.report.found(differsFromLedger(fileJournal, l.number, e.Seq))
		case !here && e.Seq <= head.Seq && e.Profile == c.refund.Profile && strings.HasPrefix(e.Kind, "refund.") && strings.EqualFold(e.Subject, c.refund.RefundNo):
			c.found(fileJournal, "the line number %d of the ledger's journal is about this refund and is missing here", e.Seq)
		}
		delete(wanted, e.Seq)
	})
	if err != nil {
		return err
	}
	for _, l := range c.lines {
		if _, left := wanted[l.Seq]; left {
			c.report.found(Finding{File: fileJournal, Line: l.number, What: fmt.Sprintf("(number %d in the journal) is not in the ledger's journal", l.Seq)})
		}
	}
	if !met {
		c.found(fileChain, "the ledger's journal has no line number %d: it is another ledger, or lines of it were cut off", head.Seq)
	}
	return nil
}

// walk reads a ledger's journal and checks its chain on the way.
func (r *Report) walk(ctx context.Context, journal iter.Seq2[ledger.Event, error], each func(ledger.Event)) error {
	var place chainPlace
	broken := false
	for e, err := range journal {
		if err != nil {
			return cmp.Or(ctx.Err(), readError(err, "journal", ""))
		}
		if fault := place.next(e); fault != nil && !broken {
			broken = true
			r.found(Finding{File: theLedger, What: "its own journal is broken: " + fault.Error()})
		}
		each(e)
	}
	return nil
}

func differsFromLedger(name string, number, seq int64) Finding {
	return Finding{File: name, Line: number, What: fmt.Sprintf("(number %d in the journal) is not what the ledger's journal has at that place", seq)}
}

// compareRefund compares what does not change any more about a refund, and all
// of it when it has not been touched since.
func (c *bundleCheck) compareRefund(ctx context.Context, reader ledger.Reader) error {
	order, err := reader.Order(ctx, c.refund.Profile, c.refund.OrderNo)
	if errors.Is(err, ledger.ErrNotFound) {
		c.found(fileOrder, "the ledger has no such order")
		return nil
	}
	if err != nil {
		return readError(err, "order", c.refund.OrderNo)
	}
	rows, err := reader.RefundsOf(ctx, order.ID)
	if err != nil {
		return readError(err, "order", c.refund.OrderNo)
	}
	keep, fault := c.keep(), "the ledger has no such refund"
	for _, row := range rows {
		now := newRefund(row, keep)
		if !strings.EqualFold(now.RefundNo, c.refund.RefundNo) || !same(now.CreatedAt, c.refund.CreatedAt) {
			continue // of several intents under one number, the one that is meant
		}
		fault = ""
		if moved := !same(now.Progress.UpdatedAt, c.refund.Progress.UpdatedAt); !same(fixed(now, moved), fixed(*c.refund, moved)) {
			fault = "is not what the ledger has of the refund"
		}
		break
	}
	if fault != "" {
		c.found(fileRefund, "%s", fault)
	}
	if o := newOrder(order, keep); c.order != nil && same(o.UpdatedAt, c.order.UpdatedAt) &&
		(o.Amount != c.order.Amount || o.Currency != c.order.Currency || o.UserID != c.order.UserID || o.GatewayOrderNo != c.order.GatewayOrderNo) {
		c.found(fileOrder, "is not what the ledger has of the order")
	}
	return nil
}

// fixed is a refund without what may have changed since; moved says that
// something did.
func fixed(r refundFile, moved bool) refundFile {
	if !moved {
		return r
	}
	return refundFile{
		Profile: r.Profile, Gateway: r.Gateway, Merchant: r.Merchant, RefundNo: r.RefundNo, OrderNo: r.OrderNo, Attempt: r.Attempt,
		Amount: r.Amount, Currency: r.Currency, Reason: r.Reason, Note: r.Note, Agent: r.Agent, PlanHash: r.PlanHash, Foreign: r.Foreign,
		CreatedAt: r.CreatedAt,
	}
}

// compareExchanges compares the exchanges that the ledger still keeps.
func (c *bundleCheck) compareExchanges(ctx context.Context, reader ledger.Reader) error {
	keep := c.keep()
	known := map[string]map[int64]ledger.Evidence{} // by subject and ID
	for _, name := range sorted(c.exchanges) {
		x := c.exchanges[name]
		if known[x.Subject] == nil {
			list, err := reader.EvidenceOf(ctx, c.refund.Profile, x.Subject)
			if err != nil {
				return readError(err, "number", x.Subject)
			}
			known[x.Subject] = map[int64]ledger.Evidence{}
			for _, e := range list {
				known[x.Subject][e.ID] = e
			}
		}
		switch e, kept := known[x.Subject][x.ID]; {
		case !kept:
			c.note(name, "the ledger does not keep this exchange any more")
		case !same(newExchange(e, keep), x):
			c.found(name, "is not what the ledger has of this exchange")
		}
	}
	return nil
}

// compareCallbacks compares the callbacks that the ledger still keeps.
func (c *bundleCheck) compareCallbacks(ctx context.Context, reader ledger.Reader) error {
	keep := c.keep()
	for _, name := range sorted(c.callbacks) {
		was := c.callbacks[name]
		n, err := reader.Notice(ctx, c.refund.Profile, was.Digest)
		if errors.Is(err, ledger.ErrNotFound) {
			c.note(name, "the ledger does not keep this callback any more")
			continue
		}
		if err != nil {
			return readError(err, "callback", was.Digest)
		}
		now := newCallback(n, keep)
		now.Inbox = was.Inbox // goes on changing
		if !same(now, was) {
			c.found(name, "is not what the ledger has of this callback")
		}
	}
	return nil
}

// VerifyExportAgainst is VerifyExport, and looks for every line in the ledger's
// journal, so that an export that was computed anew is found. Errors: as
// VerifyExport, and those of the ledger.
func VerifyExportAgainst(ctx context.Context, r io.Reader, reader ledger.Reader) (Report, error) {
	e := &exportCheck{report: Report{Kind: KindExport, Ledger: true}}
	next, stop := iter.Pull2(reader.Journal(ctx))
	defer stop()
	at := ledgerPlace{next: next, report: &e.report}
	e.each = func(number int64, l line) {
		switch now, there := at.find(l.Seq); {
		case !there:
			e.report.found(Finding{Line: number, What: fmt.Sprintf("(number %d in the journal) is not in the ledger's journal", l.Seq)})
		case !l.is(now):
			e.report.found(differsFromLedger("", number, l.Seq))
		}
	}
	err := e.read(r)
	if rest := at.rest(); rest > 0 && at.err == nil {
		e.report.note(Finding{File: theLedger, What: fmt.Sprintf("its journal has %d lines behind the last one of this export", rest)})
	}
	if at.err != nil {
		err = cmp.Or(ctx.Err(), readError(at.err, "journal", ""))
	}
	return e.report, err
}

// ledgerPlace walks a ledger's journal beside an export.
type ledgerPlace struct {
	next   func() (ledger.Event, error, bool)
	report *Report
	place  chainPlace
	broken bool
	now    ledger.Event
	err    error
}

// step goes on to the next line; false at the end.
func (p *ledgerPlace) step() bool {
	e, err, more := p.next()
	if p.err = cmp.Or(p.err, err); !more || p.err != nil {
		return false
	}
	if fault := p.place.next(e); fault != nil && !p.broken {
		p.broken = true
		p.report.found(Finding{File: theLedger, What: "its own journal is broken: " + fault.Error()})
	}
	p.now = e
	return true
}

// find goes on to a line; false when it is not there.
func (p *ledgerPlace) find(seq int64) (ledger.Event, bool) {
	for p.now.Seq < seq && p.step() {
	}
	return p.now, p.now.Seq == seq
}

// rest walks to the end, which checks the chain, and counts.
func (p *ledgerPlace) rest() (n int) {
	for p.step() {
		n++
	}
	return n
}
