package settle

import (
	"context"
	"errors"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// Follow looks at one refund again and again until it is settled, until its
// consent must be renewed, or until a time when that is not zero, and tells
// each change. every is the time between two looks; a gateway that asks for
// more gets it. It returns the refund as it is then, and what the last look
// ran into: ctx's error, one of changed, or one that will not go away.
func Follow(ctx context.Context, d Desk, clock func() time.Time, every time.Duration, r ledger.Refund, until time.Time, changed func(ledger.Refund) error) (ledger.Refund, error) {
	var last error
	for r.Status.Open() && r.Alert != desk.AlertConfirm {
		pause := max(every, retryAfter(last))
		if !until.IsZero() {
			left := until.Sub(clock())
			if left <= 0 {
				return r, last
			}
			pause = min(pause, left)
		}
		if err := wait(ctx, pause); err != nil {
			return r, err
		}
		was := r
		r, last = Look(ctx, d, r)
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if changed != nil && (was.Status != r.Status || was.Alert != r.Alert) {
			if err := changed(r); err != nil {
				return r, err
			}
		}
		if Lasting(last) {
			return r, last
		}
	}
	return r, last
}

// Look takes one step with a refund. When the step fails before the ledger is
// read, the refund is returned as it was known.
func Look(ctx context.Context, d Desk, r ledger.Refund) (ledger.Refund, error) {
	after, err := d.Advance(ctx, r.Profile, r.RefundNo)
	if after.RefundNo == "" {
		return r, err
	}
	return after, err
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// wait sleeps for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
