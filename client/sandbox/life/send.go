package life

import (
	"context"
	"fmt"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// Sending is one callback sent by hand.
type Sending struct {
	URL   string // empty: the record's own, or the portal's
	Spoil protocol.Spoil
	Age   time.Duration // how old it claims to be
}

// Sent is what came of it.
type Sent struct {
	URL          string `json:"url"`
	Status       int    `json:"status"` // HTTP status; 0: no answer
	Acknowledged bool   `json:"acknowledged"`
	Error        string `json:"error,omitempty"`
}

// Send delivers one callback about the present state of a refund, order or
// saved card, now and once, whatever the schedule. Errors are ClassNotFound,
// ClassInput and ClassConflict; a receiver's failure is in Sent.
func (e *Engine) Send(ctx context.Context, gateway, no string, how Sending) (Sent, error) {
	n, err := e.subject(gateway, no)
	if err != nil {
		return Sent{}, err
	}
	if how.URL != "" {
		n.URL = how.URL
	}
	if n.URL == "" {
		n.URL = e.Portal(n.Gateway)
	}
	if CheckURL(n.URL) != nil {
		return Sent{}, &client.Error{
			Class: client.ClassInput, Code: "url", Message: fmt.Sprintf("callbacks cannot go to %.120q", n.URL),
			Hint: "give a url of http on a loopback address",
		}
	}
	face, _ := e.face(n.Gateway)
	message, err := face.Protocol.Callback(n, how.Spoil, how.Age)
	if err != nil {
		return Sent{}, &client.Error{Class: client.ClassConflict, Code: "no-callback", Message: fmt.Sprintf("no callback can be sent about %.80q", no), Err: err}
	}
	status, body, err := e.exchange(ctx, face, n.URL, message)
	sent := Sent{URL: n.URL, Status: status, Acknowledged: err == nil && face.Protocol.Acknowledged(status, body)}
	if err != nil {
		sent.Error = err.Error()
	}
	return sent, nil
}

// subject finds what a number names and makes a notice of its present state.
func (e *Engine) subject(gateway, no string) (n book.Notice, err error) {
	now := e.Now()
	err = notFound("refund, order or token", no)
	e.Book.View(func(s *book.State) {
		for _, f := range e.Faces {
			if gateway != "" && f.Gateway != gateway {
				continue
			}
			if found, ok := subject(s, f.Gateway, no); ok {
				n, err = found, nil
				n.Gateway, n.At = f.Gateway, now
				return
			}
		}
	})
	return n, err
}

func subject(s *book.State, gateway, no string) (book.Notice, bool) {
	r, ok := s.Refund(gateway, no)
	if !ok {
		r, ok = s.RefundByGatewayNo(gateway, no)
	}
	if ok {
		return book.Notice{Kind: book.RefundNotice, No: r.RefundNo, URL: r.NotifyURL, Refund: &r}, true
	}
	o, ok := s.Order(gateway, no)
	if !ok {
		o, ok = s.OrderByGatewayNo(gateway, no)
	}
	if ok {
		return book.Notice{Kind: book.PaymentNotice, No: o.OrderNo, URL: o.NotifyURL, Order: &o}, true
	}
	if t, ok := s.Token(gateway, no); ok {
		return book.Notice{Kind: book.TokenNotice, No: t.Token, URL: t.NotifyURL, Token: &t}, true
	}
	return book.Notice{}, false
}
