package life

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

const (
	// answerWithin is how long a receiver may take where the gateway publishes
	// no limit of its own.
	answerWithin = 5 * time.Second
	// answerLimit is how much of a receiver's answer is read, in bytes.
	answerLimit = 64 << 10
	// holdBack is how long a reordered callback waits, at a speed of one; it is
	// longer than a late failure takes.
	holdBack = 2 * lateAfter
)

// ErrForeign says that an address is not on this machine.
var ErrForeign = errors.New("callbacks go to http on a loopback address only")

// CheckURL says whether callbacks may go to an address: plain http to a
// loopback address or to localhost. The error is ErrForeign.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Opaque != "" {
		return ErrForeign
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if (err == nil && addr.IsLoopback()) || strings.EqualFold(u.Hostname(), "localhost") {
		return nil
	}
	return ErrForeign
}

// loopbackTransport connects to loopback addresses only, whatever a name
// resolves to, and knows no proxy.
func loopbackTransport() http.RoundTripper {
	dialer := &net.Dialer{
		Timeout: answerWithin,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().Unmap().IsLoopback() {
				return ErrForeign
			}
			return nil
		},
	}
	return &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: answerLimit}
}

// operationOf is the operation whose outcome a callback reports.
func operationOf(k book.Kind) string {
	switch k {
	case book.RefundNotice:
		return fault.OpRefund
	case book.TokenNotice:
		return fault.OpUnbind
	default:
		return fault.OpCreate
	}
}

// strikes asks for a fault of callbacks in general or of this kind.
func (e *Engine) strikes(n book.Notice, k fault.Kind) bool {
	if _, ok := e.Faults.Strike(n.Gateway, fault.OpCallback, k); ok {
		return true
	}
	if k != fault.Duplicate && k != fault.Reorder {
		return false // on another operation it means the answer, not the callback
	}
	_, ok := e.Faults.StrikeIf(n.Gateway, operationOf(n.Kind), k, func(f fault.Fault) bool { return f.Operation != fault.OpAny })
	return ok
}

// deliver makes one attempt and records what came of it.
func (e *Engine) deliver(ctx context.Context, id uint64) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return
	}
	n, ok := e.take(id)
	if !ok {
		return
	}
	face, known := e.face(n.Gateway)
	if !known {
		return // a book of an earlier version with a gateway that is gone
	}
	got := e.attempt(ctx, face, n)
	if ctx.Err() != nil {
		return // not recorded: the next start tries again
	}
	n.Attempts++
	n.Acked, n.Last = got.acked, got.text
	gap, more := face.Wait(n.Attempts)
	n.Done = got.acked || got.hopeless || !more
	if !n.Done {
		n.NextAt = e.Clock().Add(e.Pace.Scale(gap))
	}
	e.Logger.Info("sandbox: callback", "gateway", n.Gateway, "kind", n.Kind, "no", n.No, "attempt", n.Attempts, "result", got.text)
	e.record(n)
}

// take reads the callback that is due. One that a fault holds back is put off
// instead.
func (e *Engine) take(id uint64) (n book.Notice, ok bool) {
	err := e.Book.Update(e.Now(), "callback held back", func(tx *book.Tx) error {
		n, ok = tx.Notice(id)
		if !ok || n.NextAt.After(e.Clock()) {
			ok = false
			return nil
		}
		if n.Attempts > 0 || n.Held {
			return nil
		}
		for _, other := range tx.Notices() {
			if other.Held && other.Attempts == 0 && other.Gateway == n.Gateway {
				return nil // this is the one that overtakes
			}
		}
		if e.strikes(n, fault.Reorder) {
			n.Held, n.NextAt, ok = true, e.Clock().Add(e.Pace.Scale(holdBack)), false
			tx.PutNotice(n)
		}
		return nil
	})
	if err != nil {
		e.again(id, err)
		return book.Notice{}, false
	}
	return n, ok
}

func (e *Engine) record(n book.Notice) {
	err := e.Book.Update(e.Now(), "callback attempt", func(tx *book.Tx) error {
		tx.PutNotice(n)
		return nil
	})
	if err != nil {
		e.again(n.ID, err)
	}
}

func (e *Engine) again(id uint64, err error) {
	e.Logger.Error("sandbox: a callback could not be recorded", "err", err)
	e.agenda.add([]job{{at: e.Clock().Add(retryAfter), kind: noticeJob, id: id}})
}

// result is what came of one attempt.
type result struct {
	acked    bool
	hopeless bool   // no further attempt can do better
	text     string // in words
}

// attempt sends one callback, with the faults that strike it.
func (e *Engine) attempt(ctx context.Context, face protocol.Face, n book.Notice) result {
	if n.URL == "" {
		n.URL = e.Portal(n.Gateway)
	}
	if err := CheckURL(n.URL); err != nil {
		return result{hopeless: true, text: err.Error()}
	}
	if late, ok := e.Faults.Strike(n.Gateway, fault.OpCallback, fault.Delay); ok && !sleep(ctx, late.Time) {
		return result{text: "stopped"}
	}
	if e.strikes(n, fault.Refuse) {
		return result{text: "lost by a fault"}
	}
	var spoil protocol.Spoil
	for _, s := range protocol.Spoilers() {
		if e.strikes(n, s.Kind) {
			spoil |= s.Spoil
		}
	}
	message, err := face.Protocol.Callback(n, spoil, 0)
	if err != nil {
		return result{hopeless: true, text: err.Error()}
	}
	got := e.post(ctx, face, n.URL, message)
	if e.strikes(n, fault.Duplicate) {
		got.acked = e.post(ctx, face, n.URL, message).acked || got.acked
	}
	if got.acked && e.strikes(n, fault.LoseAnswer) {
		return result{text: "acknowledgement lost by a fault"}
	}
	return got
}

// post sends one message once.
func (e *Engine) post(ctx context.Context, face protocol.Face, address string, m protocol.Message) result {
	status, body, err := e.exchange(ctx, face, address, m)
	switch {
	case err != nil:
		return result{text: err.Error()}
	case face.Protocol.Acknowledged(status, body):
		return result{acked: true, text: "acknowledged"}
	default:
		return result{text: fmt.Sprintf("status %d without acknowledgement", status)}
	}
}

func (e *Engine) exchange(ctx context.Context, face protocol.Face, address string, m protocol.Message) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(face.Patience, answerWithin))
	defer cancel()
	if m.URL != "" {
		address = m.URL
	}
	if err := CheckURL(address); err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(m.Body))
	if err != nil {
		return 0, nil, err
	}
	req.Header = m.Header.Clone()
	// RoundTrip follows no redirect, which could lead to another machine.
	resp, err := e.Transport.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	return resp.StatusCode, body, errors.Join(err, resp.Body.Close())
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
