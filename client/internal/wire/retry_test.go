package wire

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"paydesk/client"
)

func TestRetryTable(t *testing.T) {
	fault := func(class client.Class) error { return &client.Error{Class: class} }
	for _, c := range []struct {
		name    string
		kind    Kind
		err     error
		attempt int
		again   bool
	}{
		{"read not sent", Read, fault(client.ClassNotSent), 1, true},
		{"read unknown", Read, fault(client.ClassUnknown), 2, true},
		{"read rate", Read, fault(client.ClassRate), 1, true},
		{"read third time", Read, fault(client.ClassUnknown), 3, false},
		{"read refused", Read, fault(client.ClassRefused), 1, false},
		{"read bad signature", Read, fault(client.ClassSignature), 1, false},
		{"read not found", Read, fault(client.ClassNotFound), 1, false},
		{"read given up", Read, &client.Error{Class: client.ClassUnknown, Code: "cancelled"}, 1, false},
		{"read bad certificate", Read, &client.Error{Class: client.ClassNotSent, Code: "tls"}, 1, false},
		{"read final", Read, Final(fault(client.ClassUnknown)), 1, false},
		{"read long wait", Read, &client.Error{Class: client.ClassRate, RetryAfter: time.Minute}, 1, false},
		{"read done", Read, nil, 1, false},
		{"read foreign error", Read, errors.New("x"), 1, false},
		{"write not sent", Write, fault(client.ClassNotSent), 1, false},
		{"write unknown", Write, fault(client.ClassUnknown), 1, false},
		{"write rate", Write, fault(client.ClassRate), 1, false},
	} {
		for _, random := range []uint64{0, 1, 1 << 40, 1<<64 - 1} {
			again, delay := Retry(c.kind, c.err, c.attempt, random)
			if again != c.again || (again && (delay < 100*time.Millisecond || delay > 4*time.Second)) || (!again && delay != 0) {
				t.Errorf("%s: %v after %v", c.name, again, delay)
			}
		}
	}
	if _, delay := Retry(Read, &client.Error{Class: client.ClassRate, RetryAfter: 7 * time.Second}, 1, 5); delay < 7*time.Second {
		t.Errorf("Retry-After was not obeyed: %v", delay)
	}
}

func TestRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clientFor(t, "https://gateway.test")
		calls := 0
		lost := &client.Error{Class: client.ClassUnknown}
		fail := func(context.Context) error { calls++; return lost }
		if err := c.Repeat(t.Context(), Read, fail); !errors.Is(err, lost) || calls != MaxAttempts {
			t.Fatalf("read: %d calls, %v", calls, err)
		}
		calls = 0
		if err := c.Repeat(t.Context(), Write, fail); !errors.Is(err, lost) || calls != 1 {
			t.Fatalf("write: %d calls, %v", calls, err)
		}
		calls = 0
		err := c.Repeat(t.Context(), Read, func(context.Context) error {
			if calls++; calls < 2 {
				return lost
			}
			return nil
		})
		if err != nil || calls != 2 {
			t.Fatalf("read that mends itself: %d calls, %v", calls, err)
		}
		if err := c.Repeat(t.Context(), Read, func(context.Context) error { return Final(lost) }); err != lost { //nolint:errorlint // the mark must be gone
			t.Fatalf("the final mark leaked: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		calls = 0
		if err := c.Repeat(ctx, Read, fail); !errors.Is(err, lost) || calls != 1 {
			t.Fatalf("no time left: %d calls, %v", calls, err)
		}
	})
}

func TestRepetitionsAreAtMostOneInTen(t *testing.T) { // covers F20
	synctest.Test(t, func(t *testing.T) {
		c := clientFor(t, "https://gateway.test")
		calls := 0
		const operations = 1000
		for range operations {
			_ = c.Repeat(t.Context(), Read, func(context.Context) error {
				calls++
				return &client.Error{Class: client.ClassUnknown}
			})
		}
		if extra := calls - operations; extra > operations/10+budgetDebt/budgetPrice || extra < operations/20 {
			t.Fatalf("%d repetitions of %d operations", extra, operations)
		}
	})
}

func TestCancelEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clientFor(t, "https://gateway.test")
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		err := c.Repeat(ctx, Read, func(context.Context) error {
			cancel()
			return &client.Error{Class: client.ClassRate}
		})
		if err == nil || time.Since(start) != 0 {
			t.Fatalf("waited %v after the end, %v", time.Since(start), err)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	date := "Sun, 22 Nov 2026 09:30:00 GMT"
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-1": 0, "1.5": 0, "soon": 0, "999999999": 24 * time.Hour,
		"Sun, 22 Nov 2026 09:31:30 GMT": 90 * time.Second, "Sun, 22 Nov 2026 09:00:00 GMT": 0,
	} {
		header := http.Header{"Retry-After": {text}, "Date": {date}}
		if got := RetryAfter(header); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if got := RetryAfter(http.Header{"Retry-After": {date}}); got != 0 {
		t.Errorf("a date without the answer's own date: %v", got)
	}
}
