package moves

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"paydesk/client"
	"paydesk/state/ledger"
)

var allStates = []client.RefundStatus{
	client.RefundHeld, client.RefundIntent, client.RefundSending, client.RefundUnknown, client.RefundPending, client.RefundSuccess,
	client.RefundFailed, client.RefundClosed, client.RefundCancelled, client.RefundReversed,
}

// covers I9
func TestWhateverAGatewaySaysStatesMoveAlongTheTableOnly(t *testing.T) {
	final := []client.RefundStatus{client.RefundFailed, client.RefundClosed, client.RefundCancelled, client.RefundReversed}
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom(allStates).Draw(t, "start")
		for range 20 {
			said := rapid.SampledFrom(append(allStates, "nonsense")).Draw(t, "said")
			next, ok := Heard(state, said)
			if !ok {
				continue
			}
			if !Can(state, next) {
				t.Fatalf("%s moved to %s on %q, which the table does not have", state, next, said)
			}
			if slices.Contains(final, state) {
				t.Fatalf("final %s moved to %s", state, next)
			}
			if state == client.RefundSuccess && next != client.RefundReversed {
				t.Fatalf("success moved to %s", next)
			}
			state = next
		}
	})
}

func TestEveryOpenStateHasANextLook(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	pace := client.DefaultPace(1)
	for _, status := range allStates {
		r := ledger.Refund{
			Refund: client.Refund{Status: status, SettledAt: now}, CreatedAt: now, SentAt: now, HeldUntil: now.Add(time.Second),
		}
		at := NextLook(r, pace, now, 500)
		if status.Open() && at.IsZero() {
			t.Errorf("%s is open and nobody looks at it again", status)
		}
		if !at.IsZero() && at.Before(now) {
			t.Errorf("%s is due in the past: a busy loop", status)
		}
	}
}

func TestPollPlanSlowsDownWithAge(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	pace := client.DefaultPace(1)
	last := time.Duration(0)
	for _, age := range []time.Duration{0, 5 * time.Minute, 30 * time.Minute, 5 * time.Hour, 3 * 24 * time.Hour, 20 * 24 * time.Hour} {
		r := ledger.Refund{Refund: client.Refund{Status: client.RefundPending}, SentAt: now.Add(-age)}
		every := NextLook(r, pace, now, 0).Sub(now)
		if every < last {
			t.Errorf("at age %s a look every %s, sooner than before", age, every)
		}
		last = every
	}
	if last != 12*time.Hour {
		t.Errorf("old refunds are looked at every %s, want 12 h", last)
	}
}

// covers F20: when the last step of a series is over and the look at it brought
// something else than an answer, the plan's pause follows, not a storm.
func TestAStepThatIsOverDoesNotMakeEveryLookDue(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	pace := client.DefaultPace(1)
	for _, r := range []ledger.Refund{
		{Refund: client.Refund{Status: client.RefundUnknown}, NotFound: 2},
		{Refund: client.Refund{Status: client.RefundSending}, NotFound: 1},
		{Refund: client.Refund{Status: client.RefundSending}, LastSentAt: now.Add(-time.Hour)}, // its answer contradicts what was sent
		{Refund: client.Refund{Status: client.RefundFailed}, NotFound: 3, Refused: true},
	} {
		r.SentAt, r.NotFoundSince = now.Add(-time.Hour), now.Add(-time.Hour)
		if at := NextLook(r, pace, now, 0); at.Before(now.Add(time.Minute)) {
			t.Errorf("%s: the next look is %s from now", r.Status, at.Sub(now))
		}
	}
}
