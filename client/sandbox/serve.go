package sandbox

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// The paths that are the sandbox's own and no gateway's.
const (
	controlPath = "/_sandbox"
	pagePath    = "/_pay/"
)

const plainText = "text/plain; charset=utf-8"

// ServeHTTP implements http.Handler.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setDate(w, s.engine.Now())
	limitTime(w)
	switch path := r.URL.Path; {
	case path == controlPath || strings.HasPrefix(path, controlPath+"/"):
		s.serveControl(w, r)
	case strings.HasPrefix(path, pagePath):
		s.servePage(w, r)
	default:
		s.serveGateway(w, r)
	}
}

func setDate(w http.ResponseWriter, now time.Time) {
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
}

// limitTime bounds the reading of the request. The connection's own deadline
// cannot: it would also end an answer that a fault holds back.
func limitTime(w http.ResponseWriter) {
	// A connection without deadlines, as in tests, only loses the limit.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout))
}

// visit is one call of a gateway on its way through.
type visit struct {
	s     *Sandbox
	w     http.ResponseWriter
	r     *http.Request
	face  protocol.Face
	entry RequestEntry
}

func (s *Sandbox) serveGateway(w http.ResponseWriter, r *http.Request) {
	v := &visit{s: s, w: w, r: r, entry: newEntry(s.engine.Now(), r)}
	for _, f := range s.faces {
		if operation, ok := f.Protocol.Route(r.URL.Path); ok {
			v.face, v.entry.Gateway, v.entry.Operation = f, f.Gateway, operation
			v.serve()
			return
		}
	}
	v.plainly(http.StatusNotFound, plainText, "no such path\n")
}

// strikes asks for a fault and notes it down.
func (v *visit) strikes(kind fault.Kind, fit func(fault.Fault) bool) (fault.Fault, bool) {
	f, ok := v.s.faults.StrikeIf(v.face.Gateway, v.entry.Operation, kind, fit)
	if ok {
		v.entry.Faults = append(v.entry.Faults, f.String())
	}
	return f, ok
}

// serve runs one call: the faults before it is read, the decision, the faults
// behind it, the answer.
func (v *visit) serve() {
	if _, ok := v.strikes(fault.Refuse, nil); ok {
		v.reset()
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, bodyLimit))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			v.plainly(http.StatusRequestEntityTooLarge, plainText, "the body is longer than 1 MiB\n")
			return
		}
		v.drop()
		return
	}
	_ = http.NewResponseController(v.w).SetReadDeadline(time.Time{}) // see limitTime
	v.entry.setBody(body)
	if f, ok := v.strikes(fault.Status, turnedAway); ok {
		v.status(f.Status)
		return
	}
	now := v.s.engine.Now()
	if f, ok := v.strikes(fault.Clock, nil); ok {
		now = now.Add(f.Time)
	}
	setDate(v.w, now)
	reply := v.face.Protocol.Decide(protocol.Request{
		Operation: v.entry.Operation, Method: v.r.Method, Path: v.r.URL.Path, Query: v.r.URL.RawQuery, Header: v.r.Header, Body: body, Now: now, Host: v.s.opts.Clock(),
		Pace:    protocol.Pace{Seed: v.s.opts.Seed, Speed: v.s.opts.Speed},
		Strikes: func(k fault.Kind) bool { _, ok := v.strikes(k, nil); return ok },
		PageURL: func(no string) string { return "http://" + v.s.host + pagePath + v.face.Gateway + "/" + no },
	})
	v.entry.Accepted, v.entry.Code = reply.Accepted, reply.Code
	v.record()
	v.s.opts.Logger.Info("sandbox: call", "gateway", v.face.Gateway, "operation", v.entry.Operation, "code", reply.Code)
	v.answer(reply)
}

// turnedAway reports whether a status comes before the request is looked at,
// fromInside whether it comes behind the decision.
func turnedAway(f fault.Fault) bool { return !fromInside(f) }
func fromInside(f fault.Fault) bool { return f.Status == http.StatusInternalServerError }

// answer sends what was decided, with the faults that come behind a decision.
func (v *visit) answer(reply protocol.Reply) {
	if f, ok := v.strikes(fault.Delay, nil); ok && !v.wait(f.Time) {
		v.drop()
		return
	}
	// A count is for answers that were lost, so a refusal must not use it up.
	if reply.Accepted {
		if _, ok := v.strikes(fault.LoseAnswer, nil); ok {
			v.drop()
			return
		}
	}
	if f, ok := v.strikes(fault.Status, fromInside); ok {
		v.status(f.Status)
		return
	}
	if _, ok := v.strikes(fault.HTML, nil); ok {
		v.plainly(http.StatusOK, "text/html; charset=utf-8", "<!doctype html><title>Welcome</title><h1>Please sign in to the network</h1>\n")
		return
	}
	var spoil protocol.Spoil
	for _, s := range protocol.Spoilers() {
		if reply.Bare || (s.Kind == fault.WrongEcho && !reply.Accepted) || (s.Kind != fault.WrongEcho && v.face.Unsigned) {
			continue // a refusal echoes nothing, and what is not there cannot be spoilt
		}
		if _, ok := v.strikes(s.Kind, nil); ok {
			spoil |= s.Spoil
		}
	}
	message, err := reply.Render(spoil)
	if err != nil {
		v.s.opts.Logger.Error("sandbox: an answer could not be written", "err", err)
		v.plainly(http.StatusInternalServerError, plainText, "the answer could not be written\n")
		return
	}
	_, half := v.strikes(fault.Truncate, nil)
	v.write(message, half)
}
