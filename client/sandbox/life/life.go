// Package life owns what happens at the sandbox's gateways by itself: refunds
// that settle, payments that are paid or time out, refunds that fail late, and
// callbacks with their repeats. Every step is a decision in the book, so that
// a restart goes on where a death left off. It speaks no protocol, and it
// never sends anything to another machine.
package life

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// Config is what an Engine is made of.
type Config struct {
	Book   *book.Book
	Clock  func() time.Time // the host's
	Pace   protocol.Pace
	Faces  []protocol.Face
	Faults *fault.Set
	// Portal is the callback address of the merchant's portal settings at a
	// gateway, for whatever brings none of its own; empty: none. It is safe for
	// concurrent use; nil: none anywhere.
	Portal    func(gateway string) string
	Transport http.RoundTripper // nil: HTTP to loopback and nowhere else
	Logger    *slog.Logger
}

// Engine lets time pass. Make one with New, then Run it.
type Engine struct {
	Config
	agenda agenda
	slots  chan struct{}
	flying sync.WaitGroup
}

// deliveries is how many callbacks are under way at once.
const deliveries = 8

// retryAfter is the pause after a decision that the book could not take.
const retryAfter = time.Second

// New returns an engine that has taken up everything that is open in the book.
func New(cfg Config) *Engine {
	e := &Engine{Config: cfg, slots: make(chan struct{}, deliveries)}
	if e.Portal == nil {
		e.Portal = func(string) string { return "" }
	}
	if e.Transport == nil {
		e.Transport = loopbackTransport()
	}
	e.agenda.wake = make(chan struct{}, 1)
	cfg.Book.Watch(e.note)
	cfg.Book.View(func(s *book.State) {
		e.note(book.Entry{Orders: s.Orders(), Refunds: s.Refunds(), Notices: s.Notices()})
	})
	return e
}

// Now is the gateway's clock.
func (e *Engine) Now() time.Time {
	var offset time.Duration
	e.Book.View(func(s *book.State) { offset = s.Offset() })
	return e.Clock().Add(offset).UTC()
}

// Run lets time pass until ctx ends, and waits for the callbacks that are
// under way.
func (e *Engine) Run(ctx context.Context) {
	defer e.flying.Wait()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		for _, j := range e.agenda.due(e.Clock()) {
			e.do(ctx, j)
		}
		timer.Reset(e.agenda.wait(e.Clock()))
		select {
		case <-ctx.Done():
			return
		case <-e.agenda.wake:
		case <-timer.C:
		}
	}
}

// note puts what a decision left open on the agenda.
func (e *Engine) note(entry book.Entry) {
	var jobs []job
	for _, o := range entry.Orders {
		if at := orderDue(o); !at.IsZero() {
			jobs = append(jobs, job{at: at, kind: orderJob, gateway: o.Gateway, no: o.OrderNo})
		}
	}
	for _, r := range entry.Refunds {
		if !r.DueAt.IsZero() {
			jobs = append(jobs, job{at: r.DueAt, kind: refundJob, gateway: r.Gateway, no: r.RefundNo})
		}
	}
	for _, n := range entry.Notices {
		if !n.Done {
			jobs = append(jobs, job{at: n.NextAt, kind: noticeJob, id: n.ID})
		}
	}
	e.agenda.add(jobs)
}

func (e *Engine) do(ctx context.Context, j job) {
	var err error
	switch j.kind {
	case orderJob:
		err = e.orderIsDue(j.gateway, j.no)
	case refundJob:
		err = e.refundIsDue(j.gateway, j.no)
	case noticeJob:
		e.flying.Go(func() { e.deliver(ctx, j.id) })
	}
	if err != nil {
		e.Logger.Error("sandbox: a decision could not be taken", "gateway", j.gateway, "no", j.no, "err", err)
		j.at = e.Clock().Add(retryAfter)
		e.agenda.add([]job{j})
	}
}

// Pass does everything that is due by now, callbacks included, one after the
// other and in the order in which it came due. It is in place of Run, for a
// program that lets time pass itself, and never beside it.
func (e *Engine) Pass(ctx context.Context) {
	for jobs := e.agenda.due(e.Clock()); len(jobs) > 0; jobs = e.agenda.due(e.Clock()) {
		for _, j := range jobs {
			if j.kind == noticeJob {
				e.deliver(ctx, j.id)
				continue
			}
			e.do(ctx, j)
		}
	}
}

// Next is when Pass has something to do next; ok is false when nothing is
// planned.
func (e *Engine) Next() (at time.Time, ok bool) { return e.agenda.next() }

// face finds the gateway by its name.
func (e *Engine) face(gateway string) (protocol.Face, bool) {
	i := slices.IndexFunc(e.Faces, func(f protocol.Face) bool { return f.Gateway == gateway })
	if i < 0 {
		return protocol.Face{}, false
	}
	return e.Faces[i], true
}
