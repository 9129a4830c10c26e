package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/exp/teatest/v2"
	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger/sqlite"
)

// handClock is a clock that a test moves.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// shows waits until the terminal was sent all of the texts.
func shows(t *testing.T, out io.Reader, texts ...string) {
	t.Helper()
	teatest.WaitFor(t, out, func(seen []byte) bool {
		for _, want := range texts {
			if !bytes.Contains(seen, []byte(want)) {
				return false
			}
		}
		return true
	}, teatest.WithDuration(20*time.Second), teatest.WithCheckInterval(5*time.Millisecond))
}

// TestWholeProgram plays a refund in the real program: renderer, input and
// event loop included.
func TestWholeProgram(t *testing.T) {
	// The harness itself waits for an interrupt until the process ends.
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreTopFunction("github.com/charmbracelet/x/exp/teatest/v2.NewTestModel.func2"))
	clock := &handClock{now: began}
	o := &office{t: t, feed: &feed.Feed{}, start: time.Now()}
	o.bank = &bank{clock: clock.Now, orders: map[string]client.Order{}, refunds: map[string]client.Refund{}, cards: map[string]client.Token{}}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), sqlite.Options{Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	o.store = store
	o.fill(50)
	o.desk = desk.New(desk.Options{
		Store: store, Profiles: shopOnly(), Agent: "ada", Clock: clock.Now, Mono: func() time.Duration { return 0 }, Feed: o.feed,
		Connect: func(context.Context, string) (client.Gateway, error) { return o.bank, nil },
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	m, err := New(ctx, Services{Desk: o.desk, Ledger: store, Health: store.Health, Feed: o.feed, Clock: clock.Now, Loc: time.UTC, Profile: shop})
	if err != nil {
		t.Fatal(err)
	}
	defer m.live.news.Close()
	tm := teatest.NewTestModel(t, m, teatest.WithInitialTermSize(100, 30), teatest.WithProgramOptions(tea.WithColorProfile(colorprofile.TrueColor)))
	shows(t, tm.Output(), "P1642410680681", "1 pending", "1 unknown")
	tm.Send(key("down"))
	tm.Send(key("/"))
	tm.Type("P1642410680508")
	shows(t, tm.Output(), "1 of 50")
	tm.Send(key("enter"))
	tm.Send(key("R"))
	shows(t, tm.Output(), "Refund P1642410680508", "58.00 HKD", "Type 58.00")
	tm.Send(key("up"))
	tm.Type("58.00")
	shows(t, tm.Output(), "✓")
	clock.add(time.Second)
	tm.Send(key("ctrl+y"))
	shows(t, tm.Output(), "held", "is held for 10")
	clock.add(11 * time.Second)
	due, err := store.Due(t.Context(), "", clock.Now(), 10)
	if err != nil || len(due) == 0 {
		t.Fatalf("due: %v, %v", due, err)
	}
	for _, d := range due {
		if _, err := o.desk.Advance(t.Context(), d.Profile, d.No); err != nil {
			t.Log(fmt.Errorf("advance: %w", err))
		}
	}
	shows(t, tm.Output(), "pending")
	o.bank.settle(client.RefundSuccess)
	clock.add(time.Minute)
	for _, d := range due {
		_, _ = o.desk.Advance(t.Context(), d.Profile, d.No)
	}
	shows(t, tm.Output(), "refunded")
	tm.Send(key("q"))
	tm.WaitFinished(t, teatest.WithFinalTimeout(10*time.Second))
	stop()
	if m.crash != nil {
		t.Errorf("crash: %v", m.crash)
	}
}
