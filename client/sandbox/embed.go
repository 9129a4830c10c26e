package sandbox

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// embeddedHost is the address under which embedded gateways believe to be
// reached. Nobody listens there.
const embeddedHost = "127.0.0.1:1"

// Embedded is the gateways without a server, a goroutine or a timer, for a
// program that owns the network and lets time pass itself. The same calls at the
// same times have the same outcome, byte for byte. It is not safe for concurrent
// use.
type Embedded struct{ s *Sandbox }

// Embed makes gateways that are kept in memory: those that are named, or all
// where none is. Of the options it uses Seed, Orders, Speed, Faults, Notify,
// Clock and Logger. Callbacks leave through callbacks. Errors are ClassInput.
func Embed(opts Options, callbacks http.RoundTripper, names ...string) (*Embedded, error) {
	opts.Dir, opts.Listen = "", DefaultListen
	s := &Sandbox{opts: opts, log: newRequestLog(), host: embeddedHost, callbacks: callbacks}
	if err := s.defaults(); err != nil {
		return nil, err
	}
	for _, g := range gateways() {
		if len(names) == 0 || slices.Contains(names, g.name) {
			s.played = append(s.played, g)
		}
	}
	if len(s.played) == 0 || len(names) > len(s.played) {
		return nil, wrongOption("gateways", "must name gateways that are played here, each once")
	}
	s.mux = s.controlMux()
	if err := s.prepare(); err != nil {
		return nil, err
	}
	return &Embedded{s}, nil
}

// ServeHTTP takes a call of a gateway, or of the control interface, as Sandbox
// does. A call that is to be dropped without an answer gets none: nothing is
// written.
func (e *Embedded) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.s.ServeHTTP(w, r) }

// Pass does everything that is due by now, callbacks included, in the order in
// which it came due.
func (e *Embedded) Pass(ctx context.Context) { e.s.engine.Pass(ctx) }

// Next is when something is due next; ok is false when nothing is.
func (e *Embedded) Next() (at time.Time, ok bool) { return e.s.engine.Next() }

// Truth reads the whole book.
func (e *Embedded) Truth() Truth { return e.s.Truth() }

// Profiles are the accounts, with their key files, as Sandbox has them.
func (e *Embedded) Profiles() []Profile { return e.s.Profiles() }

// SetNotify changes the callback addresses of the portals, as Sandbox does.
func (e *Embedded) SetNotify(urls map[string]string) error { return e.s.SetNotify(urls) }
