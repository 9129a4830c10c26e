package wire

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"paydesk/client"
)

// MaxAttempts is how often a read is sent at most.
const MaxAttempts = 3

// maxWait is the longest Retry-After that a call waits for by itself; what is
// longer is the caller's to plan.
const maxWait = 10 * time.Second

// Retry decides whether a call is sent again after its attempt-th attempt
// (from 1) failed with err, and after which delay. random is any number; it
// spreads the delay.
//
// Writes are never sent again from here: what may have been accepted is settled
// by a query. Reads are, when nothing was sent, when the answer was lost, or
// when the other side asked for patience.
func Retry(kind Kind, err error, attempt int, random uint64) (again bool, delay time.Duration) {
	var last *final
	if kind != Read || err == nil || attempt >= MaxAttempts || errors.As(err, &last) {
		return false, 0
	}
	var e *client.Error
	if !errors.As(err, &e) || e.Code == "cancelled" || e.Code == "address" || e.Code == "tls" || e.RetryAfter > maxWait {
		return false, 0
	}
	var base time.Duration
	switch e.Class {
	case client.ClassNotSent, client.ClassUnknown:
		base = 200 * time.Millisecond
	case client.ClassRate:
		base = time.Second
	default:
		return false, 0
	}
	base <<= attempt - 1
	return true, e.RetryAfter + base/2 + time.Duration(random%uint64(base/2+1))
}

// final marks an error that another attempt cannot mend.
type final struct{ error }

func (f *final) Unwrap() error { return f.error }

// Final marks an error so that Retry and Repeat leave it alone. Repeat returns
// the unmarked one.
func Final(err error) error { return &final{err} }

// Repeat runs call until it succeeds or Retry says no, all within the deadline
// of one call. It keeps to a budget: over time at most one call in ten is a
// repetition, so that an outage is not answered with a storm (F20).
func (c *Client) Repeat(ctx context.Context, kind Kind, call func(context.Context) error) error {
	if kind == Read {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	c.budget.earn()
	for attempt := 1; ; attempt++ {
		err := call(ctx)
		again, delay := Retry(kind, err, attempt, c.random())
		if !again || !c.budget.spend() || !sleep(ctx, delay) {
			var last *final
			if errors.As(err, &last) {
				return last.error
			}
			return err
		}
	}
}

// sleep waits, or reports false when ctx would end first.
func sleep(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// budget allows one repetition for ten calls, with a few at once.
type budget struct {
	mu    sync.Mutex
	spent int // tenths of repetitions not yet earned back
}

const (
	budgetPrice = 10
	budgetDebt  = 50 // five repetitions at once
)

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(b.spent-1, 0)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent+budgetPrice > budgetDebt {
		return false
	}
	b.spent += budgetPrice
	return true
}

// Status adds to an error what the answer's status and header say about
// waiting.
func Status(e *client.Error, status int, header http.Header) *client.Error {
	if status == http.StatusTooManyRequests || status >= 500 {
		e.RetryAfter = RetryAfter(header)
	}
	return e
}

// RetryAfter reads the Retry-After header, seconds or a date; 0 when there is
// none or it makes no sense. A date is compared with the answer's own Date, so
// that our clock does not matter. More than a day counts as a day.
func RetryAfter(header http.Header) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, 24*time.Hour)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), 24*time.Hour)
}
