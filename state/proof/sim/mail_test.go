package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"paydesk/client"
)

// letter is one callback on its way.
type letter struct {
	h      *house
	header http.Header
	body   []byte
}

// mail carries the gateways' callbacks to the merchant's receivers, and those
// of forgers.
type mail struct {
	w     *world
	kept  []letter // genuine ones, for those who send them again
	forge string   // how the one that is being sent is forged; "": not at all
}

// hearing is the callback that a process is just taking in.
type hearing struct{ verified bool }

// RoundTrip implements http.RoundTripper.
func (m *mail) RoundTrip(req *http.Request) (*http.Response, error) {
	w := m.w
	body, err := io.ReadAll(req.Body)
	if err = errors.Join(err, req.Body.Close()); err != nil {
		return nil, err
	}
	l := letter{header: req.Header.Clone(), body: body}
	for _, h := range w.houses {
		if h.gateway == callbackHost(req.URL) {
			l.h = h
		}
	}
	if l.h == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if m.forge != "" {
		return m.answer(req, l, false)
	}
	m.kept = append(m.kept, l)
	broken := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	switch {
	case !w.chance(w.plan.post):
		return m.answer(req, l, true)
	case w.chance(400):
		w.logf("mail", "a callback of %s is lost", l.h.gateway)
		return nil, broken
	case w.chance(500):
		resp, err := m.answer(req, l, true)
		w.logf("mail", "what was answered is lost")
		if err == nil {
			err = errors.Join(broken, resp.Body.Close())
		}
		return nil, err
	default:
		w.logf("mail", "a callback of %s is held up", l.h.gateway)
		w.after(w.between(time.Second, 40*time.Minute), func() { _, _ = m.deliver(l, true) })
		return nil, broken
	}
}

func (m *mail) answer(req *http.Request, l letter, genuine bool) (*http.Response, error) {
	reply, err := m.deliver(l, genuine)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: reply.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {reply.ContentType}},
		Body: io.NopCloser(bytes.NewReader(reply.Body)), Request: req,
	}, nil
}

// deliver brings a letter to the receiver: read, kept, acknowledged, as
// client/callback does.
func (m *mail) deliver(l letter, genuine bool) (client.CallbackReply, error) {
	w, p := m.w, l.h.hears
	if p.store == nil || w.bad != nil {
		return client.CallbackReply{}, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	w.tally.callbacks++
	n := l.h.reader.ReadCallback(l.header, l.body)
	switch {
	case genuine && !n.Verified:
		w.violate("F9", "a genuine callback of %s was refused: %s", l.h.gateway, n.Reason)
	case !genuine && n.Verified && n.Kind != client.NoticeOther:
		w.violate("I7", "a forged callback of %s (%s) was believed: %s", l.h.gateway, m.forge, l.body)
	}
	fresh, err := p.hear(l.h.profile, n)
	if err != nil {
		w.logf(p.name, "callback %s %s %s not kept: %s", l.h.gateway, n.Kind, short(n.Subject()), brief(err))
		reply := l.h.reader.Refuse()
		reply.Status = http.StatusServiceUnavailable
		return reply, nil
	}
	w.logf(p.name, "callback %s %s %s %s: verified %t, fresh %t", l.h.gateway, n.Kind, short(n.Subject()), n.Status, n.Verified, fresh)
	if !n.Verified {
		return l.h.reader.Refuse(), nil
	}
	return l.h.reader.Acknowledge(), nil
}

// hear takes a callback in; the process may die of it.
func (p *process) hear(profile string, n client.Notice) (fresh bool, err error) {
	defer func() {
		p.hearing = nil
		if cause := recover(); cause != nil {
			if _, died := cause.(death); !died {
				panic(cause)
			}
			p.die("taking in a callback")
			err = errors.New("sim: the receiver died")
		}
	}()
	p.hearing = &hearing{verified: n.Verified}
	return p.desk.Heard(context.Background(), profile, n)
}

// forgeries are the ways to spoil a callback that the gateways' own forger
// knows.
func forgeries(gateway string) []string {
	list := []string{"bad-sign", "no-sign", "other-key", "amount", "double-sign", "odd-case", "bad-sign,amount"}
	if gateway != "paycools" { // it names nobody in its callbacks
		list = append(list, "other-merchant")
	}
	return list
}

// attack is one try of somebody who is not the gateway, or who has seen a
// callback before.
func (m *mail) attack() {
	w := m.w
	h := pick(w.random, w.houses...)
	switch n := w.random.IntN(10); {
	case n < 5:
		m.forgeOne(h)
	case len(m.kept) == 0:
	case n < 8:
		w.logf("mail", "an old callback comes again")
		_, _ = m.deliver(pick(w.random, m.kept...), true)
	default:
		m.scribble(pick(w.random, m.kept...))
	}
}

// forgeOne has the gateway's forger tell of something that is there.
func (m *mail) forgeOne(h *house) {
	w := m.w
	no := pick(w.random, h.orders...).OrderNo
	truth := w.truth()
	var refunds []string
	for _, r := range truth.Refunds {
		if r.Gateway == h.gateway {
			refunds = append(refunds, r.RefundNo)
		}
	}
	if len(refunds) > 0 && w.random.IntN(4) > 0 {
		no = pick(w.random, refunds...)
	}
	m.forge = pick(w.random, forgeries(h.gateway)...)
	w.logf("mail", "a forger tells of %s %s: %s", h.gateway, short(no), m.forge)
	w.control("POST", "callbacks/"+url.PathEscape(no)+"/send?gateway="+h.gateway, fmt.Sprintf(`{"url":%q,"tamper":%q,"age":"%dh"}`, notifyURL(h.gateway), m.forge, w.random.IntN(100)))
	m.forge = ""
}

// scribble changes one character of a callback that was genuine.
func (m *mail) scribble(l letter) {
	w := m.w
	body := bytes.Clone(l.body)
	for range 30 {
		if i := w.random.IntN(len(body)); body[i] >= '0' && body[i] < '9' {
			body[i]++
			break
		}
	}
	if bytes.Equal(body, l.body) {
		return
	}
	l.body = body
	m.forge = "one character changed"
	w.logf("mail", "a callback with one character changed")
	_, _ = m.deliver(l, false)
	m.forge = ""
}
