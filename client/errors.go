package client

import (
	"errors"
	"fmt"
	"time"
)

// Class says what an error means for the person and for the money. It is set
// where the error is born and mapped once to text, colour and exit code.
type Class string

// The classes of errors.
const (
	ClassInput       Class = "input"       // what was asked for makes no sense; nothing was sent
	ClassConfig      Class = "config"      // a setting is missing or wrong; nothing was sent
	ClassAuth        Class = "auth"        // key, merchant or contract not accepted by the gateway
	ClassKeyring     Class = "keyring"     // a key could not be read or written here
	ClassSignature   Class = "signature"   // an answer's signature is missing or wrong
	ClassNotSent     Class = "not-sent"    // network failure before anything was written
	ClassUnknown     Class = "unknown"     // may have been accepted: settle by query, never by a new number
	ClassRefused     Class = "refused"     // the gateway said no
	ClassPolicy      Class = "policy"      // paydesk said no: limit, read-only, rest too small
	ClassConflict    Class = "conflict"    // somebody was faster, or the number is taken
	ClassRate        Class = "rate"        // too many requests, or try later
	ClassNotFound    Class = "not-found"   // no such order, refund, token or profile
	ClassUnsupported Class = "unsupported" // this gateway cannot do that
	ClassStorage     Class = "storage"     // ledger or disk
	ClassBug         Class = "bug"
)

// Error is a failure with its class. Message and Hint are for people; they may
// hold text from outside and must go through safe text before a screen.
type Error struct {
	Class      Class
	Code       string        // the gateway's code, or a short word of ours
	Message    string        // what happened, naming the field and the value
	Hint       string        // what to do
	RetryAfter time.Duration // how long the other side asked us to wait; 0: it did not say
	Exchange   *Exchange     // evidence, when there was a call
	Err        error         // cause
}

// Error renders "class code: message: cause"; never a secret.
func (e *Error) Error() string {
	text := string(e.Class)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text = fmt.Sprintf("%s: %v", text, e.Err)
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf is the class of the first *Error in err's chain, ClassBug when there
// is none, and "" for nil.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return ClassBug
}

// ExchangeOf is the evidence that an error carries, or nil.
func ExchangeOf(err error) *Exchange {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Exchange
	}
	return nil
}
