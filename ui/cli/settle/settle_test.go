package settle

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book plays desk and ledger: each refund follows its script, one entry a step.
type book struct {
	mu      sync.Mutex
	refunds []ledger.Refund
	unbinds []ledger.Unbind
	scripts map[string][]step
	steps   map[string][]time.Duration // when each refund was looked at
	start   time.Time
	connect map[string]error
}

type step struct {
	status client.RefundStatus
	alert  string
	next   time.Duration // from now
	err    error
}

func newBook() *book {
	return &book{scripts: map[string][]step{}, steps: map[string][]time.Duration{}, start: time.Now(), connect: map[string]error{}}
}

func (b *book) add(profile, no string, status client.RefundStatus, script ...step) {
	b.refunds = append(b.refunds, ledger.Refund{Refund: client.Refund{RefundNo: no, Status: status}, Profile: profile})
	b.scripts[no] = script
}

func (b *book) Advance(_ context.Context, _, no string) (ledger.Refund, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps[no] = append(b.steps[no], time.Since(b.start))
	for i := range b.refunds {
		r := &b.refunds[i]
		if r.RefundNo != no {
			continue
		}
		script := b.scripts[no]
		if len(script) == 0 {
			return *r, nil
		}
		s := script[0]
		if len(script) > 1 {
			b.scripts[no] = script[1:]
		}
		if s.status != "" {
			r.Status = s.status
		}
		r.Alert, r.NextCheckAt = s.alert, time.Now().Add(s.next)
		return *r, s.err
	}
	return ledger.Refund{}, errors.New("no such refund")
}

func (b *book) AdvanceUnbind(_ context.Context, u ledger.Unbind) (ledger.Unbind, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	u.Status = ledger.UnbindDone
	b.unbinds = nil
	return u, nil
}

func (b *book) Confirm(_ context.Context, _, no string) (ledger.Refund, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.scripts[no] = []step{{status: client.RefundPending}, {status: client.RefundSuccess}}
	for i := range b.refunds {
		if b.refunds[i].RefundNo == no {
			b.refunds[i].Alert = ""
			return b.refunds[i], nil
		}
	}
	return ledger.Refund{}, errors.New("no such refund")
}

func (b *book) Capabilities(_ context.Context, profile string) (client.Capabilities, error) {
	return client.Capabilities{RequestsPerSecond: 1000, Burst: 1000}, b.connect[profile]
}

func (b *book) OpenRefunds(_ context.Context, profile string) (open []ledger.Refund, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.refunds {
		if r.Profile == profile && r.Status.Open() {
			open = append(open, r)
		}
	}
	return open, nil
}

func (b *book) OpenUnbinds(_ context.Context, profile string) (open []ledger.Unbind, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.unbinds {
		if u.Profile == profile {
			open = append(open, u)
		}
	}
	return open, nil
}

func (b *book) status(no string) client.RefundStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.refunds {
		if r.RefundNo == no {
			return r.Status
		}
	}
	return ""
}

// heard is what the lanes told.
type heard struct {
	waiting, unbound int
	failed           map[string]error
	trouble          int
}

func (b *book) lanes(h *heard) *Lanes {
	h.failed = map[string]error{}
	return &Lanes{
		Desk: b, Source: b, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Until: time.Now().Add(time.Minute),
		News: News{
			Refund: func(ledger.Refund) {}, Waiting: func(ledger.Refund) { h.waiting++ }, Unbound: func(ledger.Unbind) { h.unbound++ },
			Trouble: func(string, error) { h.trouble++ }, Failed: func(profile string, err error) { h.failed[profile] = err },
		},
	}
}

var (
	notKnown = &client.Error{Class: client.ClassNotFound}
	notSent  = &client.Error{Class: client.ClassNotSent}
)

// covers F1, F3: what may have been sent is asked about at once and then when
// it is due, until it is settled.
func TestLanesSettleWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, h := newBook(), heard{}
		b.add("a", "R1", client.RefundUnknown, step{next: time.Second, err: notKnown}, step{next: 4 * time.Second, err: notKnown}, step{status: client.RefundPending, next: time.Second}, step{status: client.RefundSuccess})
		b.add("b", "R2", client.RefundPending, step{next: time.Second}, step{status: client.RefundFailed})
		b.unbinds = []ledger.Unbind{{Profile: "a", Token: "T", Status: ledger.UnbindUnknown}}
		b.lanes(&h).Run(t.Context(), []string{"a", "b"})
		if b.status("R1") != client.RefundSuccess || b.status("R2") != client.RefundFailed || h.unbound != 1 || len(h.failed) > 0 {
			t.Errorf("%s %s %+v", b.status("R1"), b.status("R2"), h)
		}
		if got := b.steps["R1"]; len(got) != 4 || got[0] != 0 || got[1] < time.Second || got[2] < 5*time.Second {
			t.Errorf("looked at %v", got)
		}
		if took := time.Since(b.start); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// A refund that is merely pending is followed for a while, not for ever; an
// unknown one until the time is over.
func TestLanesStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, h := newBook(), heard{}
		b.add("a", "R1", client.RefundPending, step{next: time.Second})
		b.lanes(&h).Run(t.Context(), []string{"a"})
		if took := time.Since(b.start); took < patience || took > patience+2*time.Second {
			t.Errorf("pending: took %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b, h := newBook(), heard{}
		b.add("a", "R1", client.RefundUnknown, step{next: time.Second, err: notKnown})
		b.lanes(&h).Run(t.Context(), []string{"a"})
		if took := time.Since(b.start); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("unknown: took %v", took)
		}
	})
}

// covers F21, F24: a profile whose gateway or keyring fails ends its own lane
// only.
func TestOneLaneFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, h := newBook(), heard{}
		b.add("down", "R1", client.RefundUnknown, step{err: notSent})
		b.add("locked", "R2", client.RefundPending)
		b.connect["locked"] = &client.Error{Class: client.ClassKeyring}
		b.add("well", "R3", client.RefundUnknown, step{status: client.RefundSuccess})
		b.lanes(&h).Run(t.Context(), []string{"down", "locked", "well"})
		if b.status("R3") != client.RefundSuccess || client.ClassOf(h.failed["down"]) != client.ClassNotSent || client.ClassOf(h.failed["locked"]) != client.ClassKeyring || len(h.failed) != 2 {
			t.Errorf("%+v", h)
		}
		if n := len(b.steps["R1"]); n != giveUp {
			t.Errorf("asked %d times", n)
		}
	})
}

// An intent whose consent is old waits for its person.
func TestOldConsentIsRenewedOnlyWhenAsked(t *testing.T) {
	for _, confirm := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b, h := newBook(), heard{}
			b.add("a", "R1", client.RefundIntent, step{alert: desk.AlertConfirm})
			lanes := b.lanes(&h)
			lanes.Confirm = confirm
			lanes.Run(t.Context(), []string{"a"})
			switch {
			case confirm && (b.status("R1") != client.RefundSuccess || h.waiting != 0):
				t.Errorf("confirmed: %s %+v", b.status("R1"), h)
			case !confirm && (b.status("R1") != client.RefundIntent || h.waiting != 1):
				t.Errorf("left: %s %+v", b.status("R1"), h)
			}
		})
	}
}

// A held refund is left alone until its undo window ends.
func TestHeldRefundWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, h := newBook(), heard{}
		b.add("a", "R1", client.RefundHeld, step{status: client.RefundSuccess})
		b.refunds[0].HeldUntil = time.Now().Add(8 * time.Second)
		b.lanes(&h).Run(t.Context(), []string{"a"})
		if got := b.steps["R1"]; len(got) != 1 || got[0] < 8*time.Second || got[0] > 9*time.Second {
			t.Errorf("advanced at %v", got)
		}
	})
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		b.add("a", "R1", client.RefundPending, step{}, step{err: &client.Error{Class: client.ClassRate, RetryAfter: 30 * time.Second}}, step{status: client.RefundSuccess})
		changes := 0
		r, err := Follow(t.Context(), b, time.Now, 5*time.Second, b.refunds[0], time.Time{}, func(ledger.Refund) error { changes++; return nil })
		if err != nil || r.Status != client.RefundSuccess || changes != 1 {
			t.Errorf("%v %s %d", err, r.Status, changes)
		}
		if got := b.steps["R1"]; len(got) != 3 || got[0] != 5*time.Second || got[1] != 10*time.Second || got[2] != 40*time.Second {
			t.Errorf("looked at %v", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		b.add("a", "R1", client.RefundUnknown, step{err: notKnown})
		r, err := Follow(t.Context(), b, time.Now, 5*time.Second, b.refunds[0], time.Now().Add(12*time.Second), nil)
		if r.Status != client.RefundUnknown || client.ClassOf(err) != client.ClassNotFound || time.Since(b.start) != 12*time.Second {
			t.Errorf("%s %v after %v", r.Status, err, time.Since(b.start))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		b.add("a", "R1", client.RefundPending, step{err: &client.Error{Class: client.ClassKeyring}})
		if _, err := Follow(t.Context(), b, time.Now, time.Second, b.refunds[0], time.Time{}, nil); client.ClassOf(err) != client.ClassKeyring || time.Since(b.start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(b.start))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		b.add("a", "R1", client.RefundPending)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := Follow(ctx, b, time.Now, time.Minute, b.refunds[0], time.Time{}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
