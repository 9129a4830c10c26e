package desk

import (
	"context"
	"errors"
	"fmt"

	"paydesk/client"
	"paydesk/state/ledger"
)

// storageError classes what a ledger returned; classed errors pass.
func storageError(err error) error {
	switch {
	case err == nil, client.ClassOf(err) != client.ClassBug,
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ledger.ErrBusy):
		return &client.Error{
			Class: client.ClassStorage, Code: "busy", Message: "another process holds the ledger", Err: err,
			Hint: "nothing was sent; try again in a moment",
		}
	case errors.Is(err, ledger.ErrReadOnly):
		return &client.Error{
			Class: client.ClassStorage, Code: "read-only", Message: "the ledger cannot be written", Err: err,
			Hint: "nothing was sent; `paydesk doctor` says what is wrong with it",
		}
	}
	return &client.Error{
		Class: client.ClassStorage, Code: "ledger", Message: "the ledger failed", Err: err,
		Hint: "nothing more was sent; `paydesk doctor` looks at the ledger and the disk",
	}
}

// notInLedger says that a number is not there, in the person's words.
func notInLedger(kind, no string, err error) error {
	if errors.Is(err, ledger.ErrAmbiguous) {
		return &client.Error{
			Class: client.ClassInput, Code: "ambiguous", Message: fmt.Sprintf("%s number %q belongs to more than one record", kind, no),
			Hint: "give the profile, or the merchant's own number",
		}
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return &client.Error{
			Class: client.ClassNotFound, Code: kind, Message: fmt.Sprintf("no %s %q in the ledger", kind, no),
			Hint: "check the number and the profile",
		}
	}
	return storageError(err)
}

func policyError(code, message, hint string) *client.Error {
	return &client.Error{Class: client.ClassPolicy, Code: code, Message: message, Hint: hint}
}

// unanswered classes a reading call that brought no believable answer: nothing
// that moves money was sent, so the outcome of nothing is unknown.
func unanswered(err error) error {
	var e *client.Error
	if !errors.As(err, &e) || e.Class != client.ClassUnknown {
		return err
	}
	plain := *e
	plain.Class = client.ClassNotSent
	plain.Hint = "nothing was changed and no money moved; try again, or see `paydesk doctor`"
	return &plain
}
