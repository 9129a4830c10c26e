// Package settle takes open refunds and unbindings to their end for the
// headless verbs: step by step through the desk, when each is due, one lane a
// profile. It decides nothing about money, prints nothing, and stops when it
// is told to.
package settle

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

const (
	patience  = 15 * time.Second // how long refunds are followed that are merely pending
	giveUp    = 3                // calls in a row that did not reach the gateway
	longPause = 15 * time.Second
	shortest  = 50 * time.Millisecond // between two rounds
)

// Desk takes the steps.
type Desk interface {
	Advance(ctx context.Context, profile, no string) (ledger.Refund, error)
	AdvanceUnbind(ctx context.Context, u ledger.Unbind) (ledger.Unbind, error)
	Confirm(ctx context.Context, profile, no string) (ledger.Refund, error)
	Capabilities(ctx context.Context, profile string) (client.Capabilities, error)
}

// Source knows what is open.
type Source interface {
	OpenRefunds(ctx context.Context, profile string) ([]ledger.Refund, error)
	OpenUnbinds(ctx context.Context, profile string) ([]ledger.Unbind, error)
}

// News is told what happens; one thing at a time.
type News struct {
	Refund  func(ledger.Refund)             // after each step
	Waiting func(ledger.Refund)             // it waits for its consent to be renewed
	Unbound func(ledger.Unbind)             // an unbinding is settled
	Trouble func(no string, err error)      // a step did not get through and is tried again
	Failed  func(profile string, err error) // the profile's lane ended early
}

// Lanes settles what is open, one lane a profile, so that one gateway's
// trouble never slows another (F21).
type Lanes struct {
	Desk   Desk
	Source Source
	Clock  func() time.Time
	Log    *slog.Logger
	News   News
	// Until is when to stop; a lane also stops when only pending refunds are
	// left and have not moved for a while, or when its gateway cannot be
	// reached. Zero: when nothing is open any more.
	Until time.Time
	// Confirm renews consents that have grown old.
	Confirm bool

	mu sync.Mutex // one piece of news at a time
}

// Run runs the lanes and returns when all have ended.
func (l *Lanes) Run(ctx context.Context, profiles []string) {
	var group sync.WaitGroup
	for _, profile := range profiles {
		group.Go(func() {
			defer func() {
				if cause := recover(); cause != nil {
					l.failed(profile, &client.Error{Class: client.ClassBug, Code: "crash", Message: fmt.Sprintf("a fault of paydesk's own (%T)", cause)})
				}
			}()
			one := lane{Lanes: l, profile: profile, begun: l.Clock(), due: map[string]time.Time{}}
			if err := one.run(ctx); err != nil && ctx.Err() == nil {
				l.failed(profile, err)
			}
		})
	}
	group.Wait()
}

func (l *Lanes) failed(profile string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.News.Failed(profile, err)
}

// late reports whether the time that was given is over.
func (l *Lanes) late() bool { return !l.Until.IsZero() && !l.Clock().Before(l.Until) }

// lane is one profile's.
type lane struct {
	*Lanes
	profile string
	begun   time.Time
	due     map[string]time.Time // not to be looked at before
	limiter *rate.Limiter
	lost    int // calls in a row that did not reach the gateway
}

// run takes steps until nothing is left to do here.
func (l *lane) run(ctx context.Context) error {
	for {
		refunds, err := l.Source.OpenRefunds(ctx, l.profile)
		if err != nil {
			return err
		}
		unbinds, err := l.Source.OpenUnbinds(ctx, l.profile)
		if err != nil || len(refunds)+len(unbinds) == 0 {
			return err
		}
		if err := l.ready(ctx); err != nil {
			return err
		}
		busy, next, err := l.round(ctx, refunds, unbinds)
		if err != nil || !busy || l.late() {
			return err
		}
		now := l.Clock()
		pause := min(max(next.Sub(now), shortest), longPause)
		if !l.Until.IsZero() {
			pause = min(pause, l.Until.Sub(now))
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// ready connects the gateway and takes over its budget.
func (l *lane) ready(ctx context.Context) error {
	if l.limiter != nil {
		return nil
	}
	can, err := l.Desk.Capabilities(ctx, l.profile)
	if err != nil {
		return err
	}
	l.limiter = rate.NewLimiter(rate.Limit(max(can.RequestsPerSecond, 1)), max(can.Burst, 1))
	return nil
}

// round looks at everything that is due, what may have been sent first. busy
// is false when what is left is not worth waiting for; next is when something
// is due again.
func (l *lane) round(ctx context.Context, refunds []ledger.Refund, unbinds []ledger.Unbind) (busy bool, next time.Time, err error) {
	slices.SortStableFunc(refunds, func(a, b ledger.Refund) int { return cmp.Compare(calm(a), calm(b)) })
	for _, r := range refunds {
		if l.late() {
			return false, next, nil
		}
		if r, err = l.step(ctx, r); err != nil {
			return false, next, err
		}
		if !r.Status.Open() || r.Alert == desk.AlertConfirm {
			continue
		}
		busy = busy || r.Status != client.RefundPending || l.Until.IsZero() || l.Clock().Sub(l.begun) < patience
		next = earlier(next, l.due[r.RefundNo])
	}
	for _, u := range unbinds {
		if l.late() {
			return false, next, nil
		}
		if u, err = l.unbind(ctx, u); err != nil {
			return false, next, err
		}
		if u.Status.Open() {
			busy, next = true, earlier(next, l.due[u.Token])
		}
	}
	return busy, next, nil
}

// calm orders refunds by worry.
func calm(r ledger.Refund) int {
	if r.Status == client.RefundPending {
		return 1
	}
	return 0
}

// step takes one step with a refund when it is due.
func (l *lane) step(ctx context.Context, r ledger.Refund) (ledger.Refund, error) {
	now := l.Clock()
	if now.Before(l.due[r.RefundNo]) {
		return r, nil
	}
	if r.Status == client.RefundHeld && now.Before(r.HeldUntil) {
		l.due[r.RefundNo] = r.HeldUntil
		l.tell(r)
		return r, nil
	}
	if err := l.limiter.Wait(ctx); err != nil {
		return r, err
	}
	after, err := l.Desk.Advance(ctx, r.Profile, r.RefundNo)
	if ctx.Err() != nil {
		return after, ctx.Err()
	}
	if after.Status == client.RefundIntent && after.Alert == desk.AlertConfirm {
		return l.waiting(ctx, after)
	}
	l.tell(after)
	return after, l.judge(after.RefundNo, after.NextCheckAt, err)
}

func (l *lane) tell(r ledger.Refund) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.News.Refund(r)
}

// waiting deals with an intent whose consent has grown old.
func (l *lane) waiting(ctx context.Context, r ledger.Refund) (ledger.Refund, error) {
	if !l.Confirm {
		l.due[r.RefundNo] = l.Clock().Add(longPause)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.News.Waiting(r)
		return r, nil
	}
	l.due[r.RefundNo] = time.Time{}
	return l.Desk.Confirm(ctx, r.Profile, r.RefundNo)
}

// unbind takes one step with an unbinding when it is due.
func (l *lane) unbind(ctx context.Context, u ledger.Unbind) (ledger.Unbind, error) {
	if l.Clock().Before(l.due[u.Token]) {
		return u, nil
	}
	if err := l.limiter.Wait(ctx); err != nil {
		return u, err
	}
	after, err := l.Desk.AdvanceUnbind(ctx, u)
	if ctx.Err() != nil {
		return after, ctx.Err()
	}
	if !after.Status.Open() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.News.Unbound(after)
	}
	return after, l.judge(u.Token, after.NextCheckAt, err)
}

// judge reads what a step ran into and sets when the next one is due. The
// error it returns ends the lane.
func (l *lane) judge(no string, next time.Time, err error) error {
	now := l.Clock()
	class := client.ClassOf(err)
	switch {
	case Lasting(err):
		return err
	case class == client.ClassNotSent, class == client.ClassRate:
		if l.lost++; l.lost >= giveUp && !l.Until.IsZero() {
			return err
		}
		l.trouble(no, err)
		next = later(next, now.Add(min(time.Second<<min(l.lost-1, 4), longPause)))
	default: // nothing, not known yet, a doubtful answer, a refusal: the state says it
		l.lost = 0
		if err != nil {
			l.Log.Info("step brought no end", "no", no, "error", err)
		}
	}
	l.due[no] = later(next, now.Add(shortest))
	return nil
}

func (l *lane) trouble(no string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.News.Trouble(no, err)
}

// Lasting reports whether an error will be there at the next step too.
func Lasting(err error) bool {
	switch client.ClassOf(err) {
	case client.ClassKeyring, client.ClassAuth, client.ClassConfig, client.ClassInput, client.ClassUnsupported, client.ClassStorage, client.ClassBug:
		return true
	default:
		return false
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
