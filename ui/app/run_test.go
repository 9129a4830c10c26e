package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
)

func TestWithoutATerminalTheHeadlessVerbsAreNamed(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	err = Run(t.Context(), Services{In: file, Out: file, Clock: time.Now})
	if client.ClassOf(err) != client.ClassInput {
		t.Fatalf("Run = %v, want an input error", err)
	}
	var e *client.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "paydesk order list") {
		t.Errorf("the hint is %q", e.Hint)
	}
}

func TestHowTheConsoleEnds(t *testing.T) {
	m := &Model{}
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(os.ErrDeadlineExceeded)
	for name, tc := range map[string]struct {
		ctx  context.Context
		err  error
		want func(error) bool
	}{
		"left":      {t.Context(), nil, func(err error) bool { return err == nil }},
		"signalled": {gone, tea.ErrProgramKilled, func(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }},
		"panicked":  {t.Context(), tea.ErrProgramPanic, func(err error) bool { return client.ClassOf(err) == client.ClassBug }},
		"no raw":    {t.Context(), errors.New("ioctl"), func(err error) bool { return client.ClassOf(err) == client.ClassInput }},
	} {
		t.Run(name, func(t *testing.T) {
			if err := m.ended(tc.ctx, tc.err); !tc.want(err) {
				t.Errorf("it ends with %v", err)
			}
		})
	}
	m.crashed("evil \x1b[2J words") // covers S5
	if err := m.ended(t.Context(), nil); strings.Contains(err.Error(), "\x1b") || client.ClassOf(err) != client.ClassBug {
		t.Errorf("a crash is told as %q", err)
	}
}

// skewed is a bank whose clock is ahead of ours.
type skewed struct {
	*bank
	by time.Duration
}

func (s skewed) ClockOffset() (time.Duration, bool) { return s.by, true }

// covers F13
func TestABannerSaysThatTheClockIsOff(t *testing.T) {
	for by, want := range map[time.Duration]string{
		3 * time.Minute: "This computer's clock is 3 min behind Checus's.", -40 * time.Second: "This computer's clock is 40 s ahead of Checus's.",
		20 * time.Second: "",
	} {
		with := func(o *office, svc *Services) {
			o.fill(3)
			o.desk = desk.New(desk.Options{
				Store: o.store, Profiles: shopOnly(), Agent: "ada", Clock: o.now, Mono: func() time.Duration { return 0 }, Feed: o.feed,
				Connect: func(context.Context, string) (client.Gateway, error) { return skewed{o.bank, by}, nil },
			})
			svc.Desk = o.desk
		}
		in(t, 100, 24, shopOnly(), with, func(o *office) {
			o.press("a")
			o.pass(time.Second)
			if want == "" {
				o.seesNot("clock")
				return
			}
			o.sees(want, "set the clock")
		})
	}
}

func TestLeavingWaitsForACommitUnderWay(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(3), func(o *office) {
		o.press("R", "up", "text:10000")
		<-time.After(pause)
		o.send(key("ctrl+y")) // the commit is under way, or about to be
		o.stop()
		o.m.refund.Drain(context.Background())
		o.settle()
		open, err := o.store.OpenRefunds(context.Background(), "")
		if err != nil || len(open) > 1 {
			t.Errorf("%d refunds, %v", len(open), err)
		}
	})
}
