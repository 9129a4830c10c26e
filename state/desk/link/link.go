// Package link keeps what is known of the way to each gateway: it watches the
// calls of a gateway and files whether they got through. It never changes a
// call or its answer.
package link

import (
	"cmp"
	"context"
	"sync"
	"time"

	"paydesk/client"
)

// Link is what is known of the way to one gateway.
type Link struct {
	LastOK   time.Time     // when it last answered; zero: not yet
	LastFail time.Time     // when it last failed to; zero: never
	Err      error         // the last failure, nil after an answer
	Skew     time.Duration // the gateway's clock minus ours
}

// Down reports whether the last call failed to reach the gateway.
func (l Link) Down() bool { return l.Err != nil }

// State is written by every call and read by the screen. Its zero value is ready.
type State struct {
	mu   sync.Mutex
	link Link
}

// Read is the link as it is now.
func (s *State) Read() Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link
}

// Failed files that there was no way.
func (s *State) Failed(at time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link.LastFail, s.link.Err = at, err
}

func (s *State) answered(at time.Time, skew time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link.LastOK, s.link.Err, s.link.Skew = at, nil, skew
}

// observed is a gateway whose calls keep its link state.
type observed struct {
	client.Gateway
	state *State
	clock func() time.Time
}

// Unwrap implements client.Wrapper. What is found behind it is not observed; see
// Note.
func (o observed) Unwrap() client.Gateway { return o.Gateway }

// Observe is a gateway whose calls keep a state.
func Observe(g client.Gateway, state *State, clock func() time.Time) client.Gateway {
	return observed{Gateway: g, state: state, clock: clock}
}

// Note files the outcome of a call to one of a gateway's optional interfaces,
// which client.As finds behind the observed ones.
func Note(g client.Gateway, err error) {
	if o, ok := g.(observed); ok {
		o.note(err)
	}
}

// note files one outcome: an answer of any kind shows that the way is open.
func (o observed) note(err error) {
	switch client.ClassOf(err) {
	case client.ClassInput, client.ClassConfig, client.ClassUnsupported:
		return // no call was made
	case client.ClassNotSent, client.ClassSignature, client.ClassAuth, client.ClassBug:
		o.state.Failed(o.clock(), err)
	case client.ClassUnknown, client.ClassRate:
		if x := client.ExchangeOf(err); x == nil || x.Code == "" {
			o.state.Failed(o.clock(), err)
			return
		}
		o.answered()
	default:
		o.answered()
	}
}

func (o observed) answered() {
	skew, _ := o.ClockOffset()
	o.state.answered(o.clock(), skew)
}

func (o observed) QueryOrder(ctx context.Context, no string) (client.OrderAnswer, error) {
	a, err := o.Gateway.QueryOrder(ctx, no)
	o.note(err)
	return a, err
}

// FindOrder asks by the best of an order's numbers. A gateway that takes one
// number only is asked for the merchant's.
func (o observed) FindOrder(ctx context.Context, ref client.OrderRef) (client.OrderAnswer, error) {
	f, ok := o.Gateway.(client.Finder)
	if !ok {
		return o.QueryOrder(ctx, cmp.Or(ref.OrderNo, ref.GatewayOrderNo))
	}
	a, err := f.FindOrder(ctx, ref)
	o.note(err)
	return a, err
}

// FindRefund is the same for a refund.
func (o observed) FindRefund(ctx context.Context, ref client.RefundRef) (client.RefundAnswer, error) {
	f, ok := o.Gateway.(client.Finder)
	if !ok {
		return o.QueryRefund(ctx, cmp.Or(ref.RefundNo, ref.GatewayRefundNo))
	}
	a, err := f.FindRefund(ctx, ref)
	o.note(err)
	return a, err
}

func (o observed) CreateOrder(ctx context.Context, req client.CreateOrder) (client.CreateOrderAnswer, error) {
	a, err := o.Gateway.CreateOrder(ctx, req)
	o.note(err)
	return a, err
}

func (o observed) Refund(ctx context.Context, req client.RefundRequest) (client.RefundAnswer, error) {
	a, err := o.Gateway.Refund(ctx, req)
	o.note(err)
	return a, err
}

func (o observed) QueryRefund(ctx context.Context, no string) (client.RefundAnswer, error) {
	a, err := o.Gateway.QueryRefund(ctx, no)
	o.note(err)
	return a, err
}

func (o observed) Tokens(ctx context.Context, user string) (client.TokensAnswer, error) {
	a, err := o.Gateway.Tokens(ctx, user)
	o.note(err)
	return a, err
}

func (o observed) RemoveToken(ctx context.Context, req client.RemoveToken) (client.TokenAnswer, error) {
	a, err := o.Gateway.RemoveToken(ctx, req)
	o.note(err)
	return a, err
}
