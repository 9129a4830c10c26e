package poll

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"paydesk/client"
	"paydesk/state/ledger"
)

const (
	batch       = 64               // dues read at once
	workers     = 4                // steps under way at once in a lane
	lookSpacing = 5 * time.Second  // reliability section 6: a viewed row at most every 5 s
	idle        = time.Minute      // longest sleep, in case news was missed
	breakAfter  = 5                // failures in a row that open the breaker
	firstBreak  = 2 * time.Second  // how long it stays open at first
	longest     = 60 * time.Second // and at last
)

// lane polls one profile.
type lane struct {
	desk    Desk
	source  Source
	profile string
	limiter *rate.Limiter
	breaker *gobreaker.CircuitBreaker[struct{}]
	clock   func() time.Time
	log     *slog.Logger
	woken   chan struct{}

	mu     sync.Mutex
	urgent []string
	looked map[string]time.Time
	pause  time.Duration // how long the next pause lasts; grows with trouble
	until  time.Time     // end of the pause; news does not shorten it
}

func newLane(o Options, profile string, budget Budget) *lane {
	return &lane{
		desk: o.Desk, source: o.Source, profile: profile, clock: o.Clock, log: o.Log.With("profile", profile),
		limiter: rate.NewLimiter(rate.Limit(budget.PerSecond), budget.Burst),
		breaker: gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
			Name: profile, MaxRequests: 1, Timeout: firstBreak,
			ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakAfter },
			IsSuccessful: func(err error) bool { return !troubled(err) },
		}),
		woken: make(chan struct{}, 1), looked: map[string]time.Time{}, pause: firstBreak,
	}
}

func (l *lane) kick() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

func (l *lane) look(no string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	if now.Sub(l.looked[no]) < lookSpacing {
		return
	}
	for other, at := range l.looked {
		if now.Sub(at) > time.Minute {
			delete(l.looked, other)
		}
	}
	l.looked[no] = now
	l.urgent = append(l.urgent, no)
	l.kick()
}

func (l *lane) takeUrgent() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	urgent := l.urgent
	l.urgent = nil
	return urgent
}

// run is the lane's loop: settle what a crash left open, then keep to what is
// due.
func (l *lane) run(ctx context.Context) {
	l.recover(ctx)
	for ctx.Err() == nil {
		wait := l.round(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-l.woken:
		}
		timer.Stop()
	}
}

// recover looks at once at everything that may have been sent (F1).
func (l *lane) recover(ctx context.Context) {
	open, err := l.source.OpenRefunds(ctx, l.profile)
	if err != nil {
		l.log.Warn("open refunds not read", "error", err)
		return
	}
	for _, r := range open {
		if r.Sends > 0 && !r.SentAt.IsZero() && r.NextCheckAt.After(l.clock()) && r.Status != client.RefundPending {
			l.look(r.RefundNo)
		}
	}
}

// round takes the steps that are due and returns how long to sleep.
func (l *lane) round(ctx context.Context) time.Duration {
	if left := l.pauseLeft(); left > 0 {
		return left
	}
	for _, no := range l.takeUrgent() {
		if !l.step(ctx, ledger.Due{Profile: l.profile, Kind: ledger.DueRefund, No: no}) {
			return l.pauseLeft()
		}
	}
	due, err := l.source.Due(ctx, l.profile, l.clock(), batch)
	if err != nil {
		l.log.Warn("due list not read", "error", err)
		return firstBreak
	}
	if !l.steps(ctx, due) {
		return l.pauseLeft()
	}
	if len(due) == batch {
		return 0
	}
	return l.untilNext(ctx)
}

// steps takes several steps at once; false when the lane must pause.
func (l *lane) steps(ctx context.Context, due []ledger.Due) bool {
	var group sync.WaitGroup
	slots := make(chan struct{}, workers)
	var mu sync.Mutex
	well := true
	for _, item := range due {
		slots <- struct{}{}
		mu.Lock()
		stop := !well
		mu.Unlock()
		if stop || ctx.Err() != nil {
			<-slots
			break
		}
		group.Go(func() {
			defer func() { <-slots }()
			if !l.step(ctx, item) {
				mu.Lock()
				well = false
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return well
}

// step takes one step within the budget; false when the gateway, the keyring
// or the ledger is in trouble, so that the lane pauses instead of hammering.
func (l *lane) step(ctx context.Context, item ledger.Due) bool {
	if l.limiter.Wait(ctx) != nil {
		return false
	}
	_, err := l.breaker.Execute(func() (struct{}, error) { return struct{}{}, l.advance(ctx, item) })
	switch {
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		l.rest()
		return false
	case err != nil && troubled(err):
		l.log.Info("step failed", "kind", item.Kind, "no", item.No, "error", err)
		l.rest()
		return false
	}
	l.calm()
	return true
}

func (l *lane) advance(ctx context.Context, item ledger.Due) error {
	switch item.Kind {
	case ledger.DueRefund:
		_, err := l.desk.Advance(ctx, item.Profile, item.No)
		return err
	case ledger.DueNotice:
		return l.desk.AdvanceNotice(ctx, item.Profile, item.No)
	}
	open, err := l.source.OpenUnbinds(ctx, l.profile)
	if err != nil {
		return err
	}
	for _, u := range open {
		if u.Token == item.No {
			_, err = l.desk.AdvanceUnbind(ctx, u)
			return err
		}
	}
	return nil
}

func (l *lane) untilNext(ctx context.Context) time.Duration {
	const ever = 100 * 365 * 24 * time.Hour
	next, err := l.source.Due(ctx, l.profile, l.clock().Add(ever), 1)
	if err != nil || len(next) == 0 {
		return idle
	}
	return min(max(next[0].At.Sub(l.clock()), 0), idle)
}

// rest begins a pause, longer each time until something succeeds.
func (l *lane) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	if now.Before(l.until) {
		return // several steps under way failed together: one pause
	}
	l.until = now.Add(l.pause)
	l.pause = min(l.pause*2, longest)
}

func (l *lane) calm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pause, l.until = firstBreak, time.Time{}
}

func (l *lane) pauseLeft() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until.Sub(l.clock())
}
