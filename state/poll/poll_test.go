package poll_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"paydesk/client"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/state/poll"
)

// book is a desk and its due list in memory.
type book struct {
	mu     sync.Mutex
	due    map[string]ledger.Due // number → next look
	every  time.Duration
	fail   map[string]error // profile → what every step runs into
	steps  map[string][]time.Time
	urgent []ledger.Refund
}

func newBook(every time.Duration) *book {
	return &book{due: map[string]ledger.Due{}, every: every, fail: map[string]error{}, steps: map[string][]time.Time{}}
}

func (b *book) add(profile, no string, at time.Time) {
	b.due[no] = ledger.Due{Profile: profile, Kind: ledger.DueRefund, No: no, At: at}
}

func (b *book) Advance(_ context.Context, profile, no string) (ledger.Refund, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps[profile] = append(b.steps[profile], time.Now())
	if err := b.fail[profile]; err != nil {
		return ledger.Refund{}, err
	}
	d := b.due[no]
	d.At = time.Now().Add(b.every)
	b.due[no] = d
	return ledger.Refund{}, nil
}

func (b *book) AdvanceUnbind(_ context.Context, u ledger.Unbind) (ledger.Unbind, error) {
	return u, nil
}

func (b *book) AdvanceNotice(ctx context.Context, profile, digest string) error {
	_, err := b.Advance(ctx, profile, digest)
	return err
}

func (b *book) Due(_ context.Context, profile string, before time.Time, limit int) ([]ledger.Due, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []ledger.Due
	for _, d := range b.due {
		if d.Profile == profile && !d.At.After(before) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(x, y ledger.Due) int { return x.At.Compare(y.At) })
	return list[:min(limit, len(list))], nil
}

func (b *book) OpenRefunds(context.Context, string) ([]ledger.Refund, error) { return b.urgent, nil }

func (b *book) OpenUnbinds(context.Context, string) ([]ledger.Unbind, error) { return nil, nil }

func (b *book) count(profile string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.steps[profile])
}

// pass lets fake time go by; it is called inside a synctest bubble only.
func pass(d time.Duration) { <-time.After(d) }

// running runs a poller over the book for a while of fake time.
func running(t *testing.T, b *book, news *feed.Feed, profiles []string, lasts time.Duration, during func(*poll.Poller)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := poll.New(poll.Options{Desk: b, Source: b, Feed: news, Profiles: profiles, Clock: time.Now})
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	synctest.Wait()
	if during != nil {
		during(p)
	}
	pass(lasts)
	cancel()
	<-done
}

func TestLooksWhenDueAndSleepsBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(30 * time.Second)
		b.add("a", "R1", time.Now().Add(10*time.Second))
		running(t, b, &feed.Feed{}, []string{"a"}, 2*time.Minute, nil)
		if got := b.count("a"); got != 4 { // at 10, 40, 70 and 100 s
			t.Errorf("%d looks in two minutes, want 4", got)
		}
	})
}

// covers F20
func TestBudgetHoldsWithTenThousandDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(time.Hour)
		for i := range 10000 {
			b.add("a", "R"+string(rune('0'+i%10))+time.Duration(i).String(), time.Now())
		}
		running(t, b, &feed.Feed{}, []string{"a"}, time.Minute, nil)
		if got, most := b.count("a"), 10+5*60; got > most || got < most-10 {
			t.Errorf("%d looks in a minute, want about %d", got, most)
		}
	})
}

// covers F20 F21
func TestOneGatewayDownIsNotHammeredAndSlowsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(10 * time.Second)
		b.fail["down"] = &client.Error{Class: client.ClassNotSent}
		for _, no := range []string{"D1", "D2", "D3", "D4", "D5", "D6"} {
			b.add("down", no, time.Now())
		}
		b.add("up", "U1", time.Now())
		running(t, b, &feed.Feed{}, []string{"down", "up"}, 10*time.Minute, nil)
		if got := b.count("up"); got < 60 {
			t.Errorf("the healthy lane took %d steps in ten minutes, want 60", got)
		}
		if got := b.count("down"); got == 0 || got > 60 {
			t.Errorf("the gateway that is down was asked %d times in ten minutes", got)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.fail, "down")
	})
}

func TestALaneDrainsAfterTheTroubleIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(time.Hour)
		b.fail["a"] = &client.Error{Class: client.ClassRate}
		for _, no := range []string{"R1", "R2", "R3"} {
			b.add("a", no, time.Now())
		}
		running(t, b, &feed.Feed{}, []string{"a"}, 10*time.Minute, func(*poll.Poller) {
			pass(5 * time.Minute)
			b.mu.Lock()
			delete(b.fail, "a")
			b.mu.Unlock()
		})
		left, _ := b.Due(t.Context(), "a", time.Now(), 10)
		if len(left) != 0 {
			t.Errorf("%d refunds still due", len(left))
		}
	})
}

func TestAViewedRefundIsAskedAtOnceButNotMoreThanEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(time.Hour)
		b.add("a", "R1", time.Now().Add(time.Hour))
		running(t, b, &feed.Feed{}, []string{"a"}, time.Second, func(p *poll.Poller) {
			for range 12 { // twelve seconds of looking at it
				p.Look("a", "R1")
				pass(time.Second)
			}
		})
		if got := b.count("a"); got != 3 {
			t.Errorf("asked %d times in 12 s, want 3", got)
		}
	})
}

func TestNewsWakesTheLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, news := newBook(time.Hour), &feed.Feed{}
		running(t, b, news, []string{"a"}, time.Second, func(*poll.Poller) {
			b.mu.Lock()
			b.add("a", "R1", time.Now())
			b.mu.Unlock()
			news.Publish(feed.Change{Kind: feed.Refunds, Profile: "a", No: "R1"})
		})
		if got := b.count("a"); got != 1 {
			t.Errorf("%d steps after the news, want 1", got)
		}
	})
}

// covers F1
func TestWhatMayHaveBeenSentIsLookedAtWhenTheProgramStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(time.Hour)
		b.add("a", "R1", time.Now().Add(20*time.Second))
		b.urgent = []ledger.Refund{{
			Refund: client.Refund{RefundNo: "R1", Status: client.RefundSending}, Sends: 1, SentAt: time.Now(), NextCheckAt: time.Now().Add(20 * time.Second),
		}}
		running(t, b, &feed.Feed{}, []string{"a"}, time.Second, nil)
		if got := b.count("a"); got != 1 {
			t.Errorf("%d looks in the first second, want 1", got)
		}
	})
}

// covers F9
func TestACallbackIsFollowedWhenItIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, news := newBook(time.Hour), &feed.Feed{}
		running(t, b, news, []string{"a"}, time.Second, func(*poll.Poller) {
			b.mu.Lock()
			b.due["D"] = ledger.Due{Profile: "a", Kind: ledger.DueNotice, No: "D", At: time.Now()}
			b.mu.Unlock()
			news.Publish(feed.Change{Kind: feed.Orders, Profile: "a", No: "P1"})
		})
		if got := b.count("a"); got != 1 {
			t.Errorf("%d steps after the callback, want 1", got)
		}
	})
}

// covers F20: ten thousand open refunds meet ten minutes of "too many requests":
// the budget is kept, hardly anything is asked in vain, and all is looked at
// afterwards.
func TestTenThousandOpenRefundsOutliveAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(24 * time.Hour)
		const open = 10000
		for i := range open {
			b.add("a", fmt.Sprintf("R%05d", i), time.Now())
		}
		b.fail["a"] = &client.Error{Class: client.ClassRate}
		inVain := 0
		const drained = open/5*time.Second + 3*time.Minute // at five a second
		running(t, b, &feed.Feed{}, []string{"a"}, drained, func(*poll.Poller) {
			pass(10 * time.Minute)
			b.mu.Lock()
			inVain = len(b.steps["a"])
			delete(b.fail, "a")
			b.mu.Unlock()
		})
		if inVain > open/10 {
			t.Errorf("%d questions during the storm", inVain)
		}
		left, _ := b.Due(t.Context(), "a", time.Now(), open)
		if asked := b.count("a"); len(left) != 0 || asked > open+inVain {
			t.Errorf("%d refunds were not looked at in %s; %d questions in all", len(left), drained, asked)
		}
	})
}

// saver is a desk that holds an answer which the ledger could not store yet.
type saver struct {
	*book
	tried atomic.Int64
}

func (s *saver) SaveUnsaved(context.Context) error {
	s.tried.Add(1)
	return &client.Error{Class: client.ClassStorage, Code: "full"}
}

// covers F17
func TestWhatCouldNotBeStoredIsTriedEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &saver{book: newBook(time.Hour)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		p := poll.New(poll.Options{Desk: s, Source: s, Feed: &feed.Feed{}, Profiles: []string{"a"}, Clock: time.Now})
		go func() { defer close(done); p.Run(ctx) }()
		pass(time.Minute + time.Second)
		cancel()
		<-done
		if got := s.tried.Load(); got != 12 {
			t.Errorf("tried %d times in a minute, want 12", got)
		}
	})
}
