// Package sandbox owns the embedded gateways: a loopback server that plays
// them with real HTTP and real signatures, keeps its own durable truth apart
// from paydesk's ledger, and can be told to fail. It decides nothing about any
// protocol, which its faces below do, and it must never listen or send beyond
// this machine: its keys are published test keys.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/life"
	"paydesk/client/sandbox/protocol"
)

// Defaults of Options.
const (
	DefaultListen = "127.0.0.1:0"
	DefaultSpeed  = 60
)

// Limits of the server.
const (
	bodyLimit     = 1 << 20 // bytes of a request
	headerTimeout = 10 * time.Second
	readTimeout   = 20 * time.Second
	writeTimeout  = 20 * time.Second
	idleTimeout   = 60 * time.Second
	closeTimeout  = 3 * time.Second
)

// Options says how a sandbox is started.
type Options struct {
	// Dir holds the book, the configuration and the keys; a sandbox that was
	// there before goes on. Empty: everything is kept in memory and no file is
	// written.
	Dir    string
	Listen string // loopback address; empty: DefaultListen
	Seed   uint64 // of the made-up past and of all chances
	// Orders is how many orders a new book holds, at all gateways together; a few
	// fixed ones of each are always there. A book that exists stays as it is.
	Orders int
	Speed  int // divides every waiting time of the gateways; 0: DefaultSpeed
	Faults []string
	// Notify is the callback address of the merchants' portal settings, for
	// what names none of its own: http on loopback; empty: none.
	Notify string
	Clock  func() time.Time // the host's; nil: time.Now
	Logger *slog.Logger     // nil: no log
}

// Ready is the line that a started sandbox prints.
type Ready struct {
	Ready   bool              `json:"ready"`
	URLs    map[string]string `json:"urls"`    // base URL by gateway
	Control string            `json:"control"` // base URL of the control interface
}

// Profile is one account as a client's configuration names it.
type Profile struct {
	Name, Gateway, Brand, Environment, BaseURL string
	MerchantNo, AppID                          string
	Keys                                       map[string][]byte // key files by name, PEM or text
}

// Sandbox is a running sandbox.
type Sandbox struct {
	opts   Options
	played []gateway
	book   *book.Book
	faces  []protocol.Face
	faults *fault.Set
	engine *life.Engine
	log    *requestLog
	notify portal
	host   string // address and port it listens on
	server *http.Server
	mux    *http.ServeMux // the control interface

	callbacks http.RoundTripper // nil: loopback, and nowhere else

	stop    context.CancelFunc
	stopped chan struct{}
	once    sync.Once
	err     error // valid once stopped is closed
}

// ParseFault reads one fault; see fault.Parse.
func ParseFault(text string) (fault.Fault, error) { return fault.Parse(text) }

// Start opens or makes the book, writes the files, and serves until ctx ends
// or Close is called. Errors are ClassInput for options, ClassConfig for files
// that a person wrote and ClassStorage for the disk.
func Start(ctx context.Context, opts Options) (*Sandbox, error) {
	s := &Sandbox{opts: opts, played: gateways(), log: newRequestLog(), stopped: make(chan struct{})}
	if err := s.defaults(); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.opts.Listen)
	if err != nil {
		return nil, &client.Error{
			Class: client.ClassInput, Code: "listen", Message: "the sandbox cannot listen on " + s.opts.Listen, Err: err,
			Hint: "choose a free port with --listen, or 0 for any",
		}
	}
	s.host, s.mux = listener.Addr().String(), s.controlMux()
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, listener.Close(), s.closeBook())
	}
	s.run(ctx, listener)
	return s, nil
}

// defaults checks the options and fills them up.
func (s *Sandbox) defaults() error {
	o := &s.opts
	if o.Listen == "" {
		o.Listen = DefaultListen
	}
	if o.Speed == 0 {
		o.Speed = DefaultSpeed
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	const maxSpeed, maxOrders = 1_000_000, 2_000_000
	if o.Speed < 0 || o.Speed > maxSpeed {
		return wrongOption("speed", "must be from 1 to 1000000")
	}
	if o.Orders < 0 || o.Orders > maxOrders {
		return wrongOption("orders", "must be from 0 to 2000000")
	}
	if o.Notify != "" && life.CheckURL(o.Notify) != nil {
		return wrongOption("notify", "must be http on a loopback address, such as http://127.0.0.1:8090/callback")
	}
	for _, text := range o.Faults { // before any file is written
		if _, err := fault.Parse(text); err != nil {
			return err
		}
	}
	host, _, err := net.SplitHostPort(o.Listen)
	addr, notIP := netip.ParseAddr(host)
	if err != nil || (host != "localhost" && (notIP != nil || !addr.IsLoopback())) {
		return wrongOption("listen", "must be a loopback address with a port, such as 127.0.0.1:0; the sandbox's keys are public")
	}
	return nil
}

func wrongOption(name, right string) error {
	return &client.Error{Class: client.ClassInput, Code: name, Message: "sandbox: " + name + " " + right}
}

// prepare makes everything but the server.
func (s *Sandbox) prepare() error {
	pace := protocol.Pace{Seed: s.opts.Seed, Speed: s.opts.Speed}
	keys := map[string][]protocol.Key{}
	for _, g := range s.played {
		var err error
		if keys[g.name], err = s.readKeys(g.name, g.keys); err != nil {
			return err
		}
	}
	var err error
	if s.book, err = s.openBook(func() []book.Entry { return s.past(pace) }); err != nil {
		return err
	}
	if err := s.makeFaces(keys); err != nil {
		return err
	}
	faults, err := s.parseFaults(s.opts.Faults)
	if err != nil {
		return err
	}
	s.faults, s.notify.all = fault.NewSet(s.opts.Seed, faults), s.opts.Notify
	s.engine = life.New(life.Config{
		Book: s.book, Clock: s.opts.Clock, Pace: pace, Faces: s.faces, Faults: s.faults, Portal: s.notify.at, Logger: s.opts.Logger,
		Transport: s.callbacks,
	})
	return s.writeConfig()
}

func (s *Sandbox) openBook(past func() []book.Entry) (*book.Book, error) {
	if s.opts.Dir == "" {
		return book.Memory(past()), nil
	}
	path := filepath.Join(s.opts.Dir, bookFile)
	there, err := book.Exists(path)
	if err == nil && !there {
		err = book.Create(path, past())
	}
	if err != nil {
		return nil, err
	}
	return book.Open(path)
}

func (s *Sandbox) closeBook() error {
	if s.book == nil {
		return nil
	}
	return s.book.Close()
}

// run serves until ctx ends. Both goroutines end before stopped is closed.
func (s *Sandbox) run(ctx context.Context, listener net.Listener) {
	ctx, s.stop = context.WithCancel(ctx)
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.opts.Logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(listener) }()
	go func() {
		defer close(s.stopped)
		var life sync.WaitGroup
		life.Go(func() { s.engine.Run(ctx) })
		select {
		case err := <-served:
			s.err = err
			s.stop()
		case <-ctx.Done():
			s.shutDown(served)
		}
		life.Wait()
		s.err = errors.Join(s.err, s.closeBook())
	}()
}

// shutDown lets the answers under way end, then cuts them off.
func (s *Sandbox) shutDown(served <-chan error) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		s.err = s.server.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		s.err = errors.Join(s.err, err)
	}
}

// Wait blocks until the sandbox has stopped and says why, if it was not asked
// to.
func (s *Sandbox) Wait() error {
	<-s.stopped
	return s.err
}

// Close stops the sandbox and waits for its end. It may be called twice.
func (s *Sandbox) Close() error {
	s.once.Do(s.stop)
	return s.Wait()
}

// Ready is where everything is.
func (s *Sandbox) Ready() Ready {
	r := Ready{Ready: true, URLs: map[string]string{}, Control: "http://" + s.host + controlPath}
	for _, f := range s.faces {
		r.URLs[f.Gateway] = s.baseURL(f)
	}
	return r
}

func (s *Sandbox) baseURL(f protocol.Face) string { return "http://" + s.host + f.Base }

// String is Ready as one line of JSON.
func (r Ready) String() string {
	text, err := json.Marshal(r)
	if err != nil {
		return err.Error() // a struct of strings and a map always encodes
	}
	return string(text)
}
