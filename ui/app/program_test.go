package app

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
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

// spy is the console with its last screen where a test can see it. What goes
// to the terminal are differences, in pieces that depend on the frame clock.
type spy struct {
	*Model
	mu    sync.Mutex
	last  string
	fresh chan struct{}
}

func (s *spy) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, cmd := s.Model.Update(msg)
	return s, cmd
}

func (s *spy) View() tea.View {
	view := s.Model.View()
	s.mu.Lock()
	s.last = ansi.Strip(view.Content)
	s.mu.Unlock()
	select {
	case s.fresh <- struct{}{}:
	default:
	}
	return view
}

// shows waits until all of the texts are on screen.
func (s *spy) shows(t *testing.T, texts ...string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		last := s.last
		s.mu.Unlock()
		missing := slices.DeleteFunc(slices.Clone(texts), func(want string) bool { return strings.Contains(last, want) })
		if len(missing) == 0 {
			return
		}
		select {
		case <-s.fresh:
		case <-late:
			t.Fatalf("never on screen: %q\n%s", missing, last)
		}
	}
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
	screen := &spy{Model: m, fresh: make(chan struct{}, 1)}
	tm := teatest.NewTestModel(t, screen, teatest.WithInitialTermSize(100, 30), teatest.WithProgramOptions(tea.WithColorProfile(colorprofile.TrueColor)))
	screen.shows(t, "P1642410680681", "1 pending", "1 unknown")
	tm.Send(key("down"))
	tm.Send(key("/"))
	tm.Type("P1642410680508")
	screen.shows(t, "1 of 50")
	tm.Send(key("enter"))
	tm.Send(key("R"))
	screen.shows(t, "Refund P1642410680508", "58.00 HKD", "Type 58.00")
	tm.Send(key("up"))
	tm.Type("58.00")
	screen.shows(t, "[58.00 ", "] ✓")
	clock.add(time.Second)
	tm.Send(key("ctrl+y"))
	screen.shows(t, "held", "is held for 10")
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
	screen.shows(t, "pending")
	o.bank.settle(client.RefundSuccess)
	clock.add(time.Minute)
	for _, d := range due {
		_, _ = o.desk.Advance(t.Context(), d.Profile, d.No)
	}
	screen.shows(t, "refunded", "0 pending") // the figures know, so that leaving asks nothing
	tm.Send(key("q"))
	tm.WaitFinished(t, teatest.WithFinalTimeout(10*time.Second))
	stop()
	if m.crash != nil {
		t.Errorf("crash: %v", m.crash)
	}
}
