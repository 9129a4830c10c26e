package sandbox

import (
	"slices"
	"sync"
	"time"

	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/easylink"
	"paydesk/client/sandbox/life"
	"paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
)

// gateway is how one of the gateways that are played here is made.
type gateway struct {
	name  string
	share int // of the orders of a new book, in relation to the others' shares
	keys  func() ([]protocol.Key, error)
	past  func(seed uint64, orders int, start time.Time, pace protocol.Pace) []book.Entry
	face  func(b *book.Book, keys []protocol.Key) (protocol.Face, error)
}

// gateways lists them. The first one is where everything goes that names none,
// and whose profile is the default.
func gateways() []gateway {
	return []gateway{
		{name: payermax.Gateway, share: 60, keys: payermax.TestKeys, past: payermax.Past, face: payermax.New},
		{name: paycools.Gateway, share: 20, keys: paycools.TestKeys, past: paycools.Past, face: paycools.New},
		{name: easylink.Gateway, share: 20, keys: easylink.TestKeys, past: easylink.Past, face: easylink.New},
	}
}

// past makes the merchant's past at all gateways, in the order in which it came
// about. Options.Orders is shared out; what does not divide is the first one's.
func (s *Sandbox) past(pace protocol.Pace) []book.Entry {
	list, total := s.played, 0
	for _, g := range list {
		total += g.share
	}
	first := s.opts.Orders
	for _, g := range list[1:] {
		first -= s.opts.Orders * g.share / total
	}
	start := s.opts.Clock()
	var entries []book.Entry
	for i, g := range list {
		orders := first
		if i > 0 {
			orders = s.opts.Orders * g.share / total
		}
		entries = append(entries, g.past(s.opts.Seed, orders, start, pace)...)
	}
	slices.SortStableFunc(entries, func(a, b book.Entry) int { return a.At.Compare(b.At) })
	return entries
}

// makeFaces makes the gateways over the open book.
func (s *Sandbox) makeFaces(keys map[string][]protocol.Key) error {
	for _, g := range s.played {
		face, err := g.face(s.book, keys[g.name])
		if err != nil {
			return err
		}
		s.faces = append(s.faces, face)
	}
	return nil
}

// portal is the callback addresses of the merchants' portal settings.
type portal struct {
	all string // Options.Notify, for gateways that are not named

	mu  sync.RWMutex
	own map[string]string // by gateway
}

func (p *portal) at(gateway string) string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if own, ok := p.own[gateway]; ok {
		return own
	}
	return p.all
}

// SetNotify changes the callback addresses of the merchants' portal settings, as
// a merchant does while the gateways run: profile to address, http on loopback.
// Profiles that are not named keep theirs. ClassInput for what cannot be; then
// nothing is changed.
func (s *Sandbox) SetNotify(urls map[string]string) error {
	own := map[string]string{}
	for _, f := range s.faces {
		if address, ok := urls[f.Profile]; ok {
			own[f.Gateway] = address
		}
	}
	for _, address := range own {
		if address != "" && life.CheckURL(address) != nil {
			return wrongOption("notify", "must be http on a loopback address, such as http://127.0.0.1:8090/callback")
		}
	}
	if len(own) < len(urls) {
		return wrongOption("notify", "must name profiles of the sandbox only")
	}
	s.notify.mu.Lock()
	defer s.notify.mu.Unlock()
	for gateway, address := range s.notify.own {
		if _, again := own[gateway]; !again {
			own[gateway] = address
		}
	}
	s.notify.own = own
	return nil
}
