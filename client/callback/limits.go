package callback

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostAddresses bounds the addresses that are counted apart; all others share
// one budget until some of the first have gone quiet.
const mostAddresses = 4096

// rates counts requests per address.
type rates struct {
	perSecond int
	mu        sync.Mutex
	each      map[netip.Prefix]*seen
	rest      *rate.Limiter
}

type seen struct {
	limiter *rate.Limiter
	last    time.Time
}

func newRates(perSecond int) *rates {
	return &rates{perSecond: perSecond, each: map[netip.Prefix]*seen{}, rest: rate.NewLimiter(rate.Limit(perSecond), perSecond)}
}

// allow reports whether an address may make one more request now.
func (r *rates) allow(addr netip.Addr, now time.Time) bool {
	key := network(addr)
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.each[key]
	if s == nil {
		if len(r.each) >= mostAddresses {
			r.forget(now)
		}
		if len(r.each) >= mostAddresses {
			return r.rest.AllowN(now, 1)
		}
		s = &seen{limiter: rate.NewLimiter(rate.Limit(r.perSecond), r.perSecond)}
		r.each[key] = s
	}
	s.last = now
	return s.limiter.AllowN(now, 1)
}

// forget drops the addresses whose budget is full again.
func (r *rates) forget(now time.Time) {
	for key, s := range r.each {
		if now.Sub(s.last) > 2*time.Second {
			delete(r.each, key)
		}
	}
}

// network is what counts as one caller: an IPv4 address, or the /64 in which
// one IPv6 machine may take any address.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// listener hands out at most so many connections at once, and of one address
// at most so many, so that slow callers cannot keep the others out.
type listener struct {
	net.Listener
	slots      chan struct{}
	closing    chan struct{}
	once       sync.Once
	perAddress int

	mu    sync.Mutex
	count map[netip.Prefix]int
}

func newListener(inner net.Listener, most, perAddress int) *listener {
	return &listener{
		Listener: inner, slots: make(chan struct{}, most), closing: make(chan struct{}), perAddress: perAddress,
		count: map[netip.Prefix]int{},
	}
}

// Accept waits for a connection, and for room for it.
func (l *listener) Accept() (net.Conn, error) {
	for {
		select {
		case l.slots <- struct{}{}:
		case <-l.closing:
			return nil, net.ErrClosed
		}
		conn, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		key := network(addressOf(conn.RemoteAddr().String()))
		if l.enter(key) {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { l.leave(key) })}, nil
		}
		_ = conn.Close() // one caller too many from there
		<-l.slots
	}
}

// Close ends Accept, also one that waits for room.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closing) })
	return l.Listener.Close()
}

func (l *listener) enter(key netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count[key] >= l.perAddress {
		return false
	}
	l.count[key]++
	return true
}

func (l *listener) leave(key netip.Prefix) {
	l.mu.Lock()
	if l.count[key]--; l.count[key] == 0 {
		delete(l.count, key)
	}
	l.mu.Unlock()
	<-l.slots
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// addressOf is the address in "host:port", or the invalid one.
func addressOf(hostPort string) netip.Addr {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr()
}
