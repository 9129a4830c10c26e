package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/state/ledger"
)

func TestEveryClassHasItsExitCode(t *testing.T) {
	for class, want := range map[client.Class]int{
		client.ClassInput: 2, client.ClassConfig: 2, client.ClassUnsupported: 2, client.ClassPolicy: 3, client.ClassRefused: 3, client.ClassConflict: 3,
		client.ClassUnknown: 4, client.ClassAuth: 5, client.ClassKeyring: 5, client.ClassSignature: 5, client.ClassNotSent: 6, client.ClassRate: 6,
		client.ClassNotFound: 7, client.ClassStorage: 8, client.ClassBug: 1,
	} {
		err := fmt.Errorf("wrapped: %w", &client.Error{Class: class})
		if got := exitCode(err); got != want {
			t.Errorf("%s: exit %d, want %d", class, got, want)
		}
	}
	for err, want := range map[error]int{
		nil: 0, errors.New("odd"): 1, context.Canceled: 130, fmt.Errorf("x: %w", context.Canceled): 130, &exitError{code: 3}: 3,
	} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: exit %d, want %d", err, got, want)
		}
	}
}

// Of several errors the one that means most for the money decides.
func TestTheWorstErrorDecides(t *testing.T) {
	unknown, refused, input := &client.Error{Class: client.ClassUnknown}, &client.Error{Class: client.ClassRefused}, &client.Error{Class: client.ClassInput}
	for _, tc := range []struct {
		err  error
		want int
	}{
		{errors.Join(input, refused), 3},
		{errors.Join(refused, fmt.Errorf("deep: %w", errors.Join(input, unknown))), 4},
		{errors.Join(errors.New("plain"), refused), 3},
		{&client.Error{Class: client.ClassStorage, Err: unknown}, 8},
	} {
		if got := exitCode(tc.err); got != tc.want {
			t.Errorf("%v: exit %d, want %d", tc.err, got, tc.want)
		}
	}
}

// The state of a refund decides the exit code, whatever the error beside it
// says.
func TestOutcomeOfARefund(t *testing.T) {
	broken, refused := &client.Error{Class: client.ClassSignature, Message: "bad"}, &client.Error{Class: client.ClassRefused, Message: "no"}
	for _, tc := range []struct {
		status client.RefundStatus
		err    error
		want   int
	}{
		{client.RefundPending, nil, 0},
		{client.RefundPending, broken, 0},
		{client.RefundSuccess, nil, 0},
		{client.RefundFailed, refused, 3},
		{client.RefundFailed, nil, 3},
		{client.RefundClosed, nil, 3},
		{client.RefundReversed, nil, 3},
		{client.RefundCancelled, nil, 3},
		{client.RefundUnknown, broken, 4},
		{client.RefundUnknown, context.Canceled, 4},
		{client.RefundSending, nil, 4},
		{client.RefundUnknown, refused, 4},
		{client.RefundIntent, &client.Error{Class: client.ClassNotSent}, 6},
		{client.RefundIntent, &client.Error{Class: client.ClassKeyring}, 5},
		{client.RefundIntent, nil, 6},
		{client.RefundHeld, nil, 6},
		{client.RefundIntent, context.Canceled, 130},
	} {
		r := ledger.Refund{Refund: client.Refund{RefundNo: "RX", Status: tc.status}}
		if got := exitCode(outcome(r, tc.err)); got != tc.want {
			t.Errorf("%s with %v: exit %d, want %d", tc.status, tc.err, got, tc.want)
		}
	}
}

// covers S4, S5: an error's text may hold anything.
func TestErrorsAreHarmlessInBothForms(t *testing.T) {
	err := &client.Error{
		Class: client.ClassRefused, Code: "X\x1b", Message: "first\nsecond \x1b[2J\u009b\u202e", Hint: "do \x07this", Err: errors.New("cause \x1b]0;t\x07"),
		Exchange: &client.Exchange{Message: "gateway \x1b[31m says"},
	}
	for _, asJSON := range []bool{true, false} {
		var out bytes.Buffer
		r := &run{Program: Program{Err: &out}, options: options{json: asJSON}}
		r.report(err, exitRefused)
		for _, c := range out.String() {
			if c != '\n' && (c < 0x20 || c >= 0x7f && c < 0xa0 || c == 0x202e) {
				t.Errorf("json %v: sign %U in %q", asJSON, c, out.String())
			}
		}
		for _, part := range []string{"first", "second", "gateway", "cause", "do "} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("json %v: %q is missing in %q", asJSON, part, out.String())
			}
		}
	}
}

// covers S10: a fault of our own ends with a code, a sentence, and no value.
func TestPanicEndsCleanly(t *testing.T) {
	var out bytes.Buffer
	r := &run{Program: Program{Err: &out, Version: "v1"}}
	closed := false
	r.closers = append(r.closers, func() error { closed = true; return nil })
	if code := r.crashed("secret-canary"); code != exitBug || !closed || strings.Contains(out.String(), "canary") || !strings.Contains(out.String(), "refund resume") {
		t.Errorf("exit %d, closed %v: %s", code, closed, out.String())
	}
}

// What a gateway's timer closed, and what it holds without knowing its end, may
// have moved money: neither is told as refused.
//
// covers I6
func TestAnOutcomeThatMayHaveMovedMoneyIsUnknown(t *testing.T) {
	refund := func(status client.RefundStatus, change func(*ledger.Refund)) ledger.Refund {
		r := ledger.Refund{Refund: client.Refund{RefundNo: "R1", Status: status}}
		if change != nil {
			change(&r)
		}
		return r
	}
	for _, tc := range []struct {
		name   string
		refund ledger.Refund
		err    error
		code   int
		says   string
	}{
		{"closed by a timer", refund(client.RefundClosed, func(r *ledger.Refund) { r.Alert = "timer" }), nil, exitUnknown, "its money may have moved"},
		{"closed", refund(client.RefundClosed, nil), nil, exitRefused, "no money moved"},
		{"held without an end", refund(client.RefundUnknown, func(r *ledger.Refund) { r.Last = ledger.Last{Code: "0", Verified: true} }), nil, exitUnknown, "holds a record of refund R1"},
		{"lost", refund(client.RefundUnknown, nil), &client.Error{Class: client.ClassUnknown, Code: "timeout", Message: "no answer"}, exitUnknown, "may have been accepted: no answer"},
	} {
		err := outcome(tc.refund, tc.err)
		e := worst(err)
		if exitCode(err) != tc.code || e == nil || !strings.Contains(newProblem(err).Message, tc.says) {
			t.Errorf("%s: exit %d, %v", tc.name, exitCode(err), err)
		}
		if tc.code == exitUnknown && !strings.Contains(newProblem(err).Hint, "do not refund again") {
			t.Errorf("%s: hint %q", tc.name, newProblem(err).Hint)
		}
	}
}
