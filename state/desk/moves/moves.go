// Package moves owns the table of a refund's states and the times of the looks
// at it. It is pure: it decides from records, and never asks or stores anything.
package moves

import (
	"slices"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// moves is the table of states (reliability section 3); a state moves along it
// or not at all (I9).
var table = map[client.RefundStatus][]client.RefundStatus{
	client.RefundHeld: {client.RefundIntent, client.RefundCancelled},
	client.RefundIntent: {
		client.RefundSending, client.RefundCancelled,
		// Another ledger sent the same number.
		client.RefundPending, client.RefundSuccess, client.RefundFailed, client.RefundClosed,
	},
	client.RefundSending: {
		client.RefundIntent, // proven not sent
		client.RefundPending, client.RefundUnknown, client.RefundSuccess, client.RefundFailed, client.RefundClosed,
	},
	client.RefundUnknown: {
		client.RefundSending, client.RefundPending, client.RefundSuccess, client.RefundFailed, client.RefundClosed,
	},
	client.RefundPending: {client.RefundSuccess, client.RefundFailed, client.RefundClosed},
	client.RefundSuccess: {client.RefundReversed},
}

// Can reports whether a refund may go from one state to another.
func Can(from, to client.RefundStatus) bool { return slices.Contains(table[from], to) }

// Heard is the state that follows when a gateway, in a verified answer, says
// said of a refund in the state from; ok is false when nothing moves.
func Heard(from, said client.RefundStatus) (to client.RefundStatus, ok bool) {
	// A refund can fail after success (I10).
	if from == client.RefundSuccess && (said == client.RefundFailed || said == client.RefundClosed) {
		return client.RefundReversed, true
	}
	switch said {
	case client.RefundPending, client.RefundSuccess, client.RefundFailed, client.RefundClosed:
		return said, Can(from, said)
	default:
		return from, false
	}
}

// Clearing reports whether a refused number is still being looked at because
// the gateway holds no record of it (I3).
func Clearing(r ledger.Refund) bool {
	return r.Status == client.RefundFailed && r.Refused && !r.NoRecord && !r.NextCheckAt.IsZero()
}

// SendGrace is how long an answer to a send may still be on its way: a
// gateway call's deadline and some more.
const SendGrace = 20 * time.Second

// NextLook is when to ask about a refund again; zero when never. spread is any
// number; it moves the look by up to a tenth so that many do not come at once.
func NextLook(r ledger.Refund, pace client.Pace, now time.Time, spread uint32) time.Time {
	every := pollEvery(r, pace, now)
	jittered := now.Add(every + every/10*time.Duration(spread%1000)/1000)
	switch r.Status {
	case client.RefundHeld:
		return r.HeldUntil
	case client.RefundIntent:
		if r.Sends == 0 && r.Checks == 0 {
			return now
		}
		return jittered
	case client.RefundSending:
		if r.NotFound > 0 {
			return ahead(StepAt(r.NotFoundSince, pace.ResendAfter, r.NotFound), now, jittered)
		}
		return ahead(r.LastSentAt.Add(SendGrace), now, jittered)
	case client.RefundUnknown:
		if r.NotFound > 0 {
			return ahead(StepAt(r.NotFoundSince, pace.ResendAfter, r.NotFound), now, jittered)
		}
		if r.Checks == 0 {
			return now
		}
		return jittered
	case client.RefundPending:
		return jittered
	case client.RefundSuccess:
		if now.Sub(r.SettledAt) < pace.Watch {
			return now.Add(pace.WatchEvery)
		}
	case client.RefundFailed:
		if r.Refused && r.NotFound > 0 && !r.NoRecord {
			return ahead(StepAt(r.NotFoundSince, pace.FreeAfter, r.NotFound), now, jittered)
		}
	case client.RefundClosed, client.RefundCancelled, client.RefundReversed:
	}
	return time.Time{}
}

// ahead is the time of a step, or, when that is over without the look having
// brought what it was for, the plan's: nobody is asked without a pause (F20).
func ahead(step, now, plan time.Time) time.Time {
	if step.After(now) {
		return step
	}
	return plan
}

// StepAt is when look number n (from 0) of a series is due.
func StepAt(since time.Time, steps []time.Duration, n int) time.Time {
	if len(steps) == 0 {
		return since
	}
	return since.Add(steps[min(n, len(steps)-1)])
}

// StepsDone reports whether all looks of a series said "not known", the last
// of them late enough.
func StepsDone(r ledger.Refund, steps []time.Duration, now time.Time) bool {
	return r.NotFound >= max(len(steps), 1) && !now.Before(StepAt(r.NotFoundSince, steps, len(steps)-1))
}

func pollEvery(r ledger.Refund, pace client.Pace, now time.Time) time.Duration {
	since := r.SentAt
	if since.IsZero() {
		since = r.CreatedAt
	}
	age := now.Sub(since)
	for _, step := range pace.Poll {
		if step.Until == 0 || age < step.Until {
			return step.Every
		}
	}
	return time.Hour
}
