package story

import (
	"errors"

	"paydesk/client"
	"paydesk/ui/text"
)

// Problem is an error for people: what kind, what happened, what to do.
type Problem struct {
	Class   client.Class
	Code    text.Safe
	Message text.Safe
	Hint    text.Safe
}

// ProblemOf reads an error. Errors without a class are bugs and keep their
// words, made safe.
func ProblemOf(err error) Problem {
	if e, ok := errors.AsType[*client.Error](err); ok {
		p := Problem{Class: e.Class, Code: text.Clean(e.Code), Message: text.Clean(e.Message), Hint: text.Clean(e.Hint)}
		if p.Message.Empty() {
			p.Message = text.Clean(Class(e.Class))
		}
		return p
	}
	return Problem{Class: client.ClassBug, Message: text.Clean(err.Error()), Hint: text.Literal("try again; if it stays, `paydesk doctor` may tell more")}
}

// Class is the class of an error as the end of a sentence; "" for none.
func Class(class client.Class) string {
	switch class {
	case "":
		return ""
	case client.ClassInput:
		return "the request made no sense"
	case client.ClassConfig:
		return "a setting is wrong"
	case client.ClassAuth:
		return "the gateway did not let us in"
	case client.ClassKeyring:
		return "the key could not be read"
	case client.ClassSignature:
		return "the answer's signature was wrong"
	case client.ClassNotSent:
		return "not reachable, nothing was sent"
	case client.ClassUnknown:
		return "no believable answer"
	case client.ClassRefused:
		return "refused"
	case client.ClassPolicy:
		return "not allowed here"
	case client.ClassConflict:
		return "somebody was faster"
	case client.ClassRate:
		return "too many requests"
	case client.ClassNotFound:
		return "not known there"
	case client.ClassUnsupported:
		return "not offered by this gateway"
	case client.ClassStorage:
		return "the ledger failed"
	default:
		return "unexpected failure"
	}
}
