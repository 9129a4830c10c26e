package sim_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fate is what the network does to one request and its answer.
type fate string

// The fates. In the first three nothing of the request is ever seen by the
// gateway; in the next it is seen late, in all others in time.
const (
	refused  fate = "connection refused"
	nameless fate = "no such host"
	lost     fate = "request lost"

	late fate = "request late"

	fine      fate = "fine"
	unheard   fate = "answer lost"
	hanging   fate = "answer after the deadline"
	doubled   fate = "request doubled"
	busy      fate = "429 before the gateway"
	down      fate = "503 before the gateway"
	proxied   fate = "502 behind the gateway"
	page      fate = "a page in place of the answer"
	cut       fate = "answer cut"
	garbage   fate = "garbage"
	huge      fate = "answer too long"
	tampered  fate = "answer tampered with"
	replayed  fate = "an old answer in place of the answer"
	redirects fate = "redirect"
)

// troubles lists the fates that a bad network has in store, the likelier ones
// more than once.
func troubles() []fate {
	return []fate{
		refused, refused, nameless, lost, lost, late, late, unheard, unheard, unheard, unheard, hanging, doubled, doubled, busy, down, down,
		proxied, page, cut, cut, garbage, huge, tampered, tampered, replayed, redirects,
	}
}

// wire is the network between one life of one process and one gateway.
type wire struct {
	w *world
	p *process
	h *house
}

// parcel is one request under way with its answer.
type parcel struct {
	*wire
	req   *http.Request
	body  []byte
	asked asked // of a refund
	token string
	op    string
	fate  fate
	got   *answer
	ready bool
}

// RoundTrip implements http.RoundTripper.
func (l *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w := l.w
	body, err := io.ReadAll(req.Body)
	if err = errors.Join(err, req.Body.Close()); err != nil {
		return nil, err
	}
	if w.running == nil || w.running.p != l.p {
		w.violate("sim", "a request outside of the process that sends it")
		return nil, errors.New("sim: nobody sends")
	}
	path := req.URL.Path
	c := &parcel{wire: l, req: req, body: body, op: operation(path), fate: l.draw(path)}
	trace := httptrace.ContextClientTrace(req.Context())
	trace.GetConn(req.URL.Host)
	c.asked, c.token = l.h.read(body)
	c.judgeIntent()
	if c.asked.no != "" {
		l.p.hurried(c.op + " " + c.asked.no)
	}
	w.pause(w.between(100*time.Microsecond, 20*time.Millisecond))
	if c.fate == refused || c.fate == nameless || req.Context().Err() != nil {
		c.logf("%s", c.fate)
		return nil, l.unreachable(c.fate, req)
	}
	trace.GotConn(httptrace.GotConnInfo{})
	trace.WroteRequest(httptrace.WroteRequestInfo{})
	c.leaves()
	return c.exchange()
}

// operation is the end of a path, which names what is asked.
func operation(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if last := parts[len(parts)-1]; last != "query" {
		return last
	}
	return strings.Join(parts[len(parts)-2:], "/")
}

func (c *parcel) logf(format string, args ...any) {
	c.w.logf(c.p.name, "%s %s %s: %s", c.h.gateway, c.op, short(cmp.Or(c.asked.no, c.asked.order, c.token)), fmt.Sprintf(format, args...))
}

// draw decides the fate of a request.
func (l *wire) draw(path string) fate {
	w := l.w
	odds := w.plan.net
	if l.h.refunds(path) || l.h.unbinds(path) {
		odds *= 2
	}
	if !w.chance(odds) {
		return fine
	}
	f := pick(w.random, troubles()...)
	switch {
	case f == replayed && len(l.h.heard[l.p.name+operation(path)]) == 0, f == tampered && !l.h.signs(), f == replayed && !l.h.signs():
		return unheard
	}
	return f
}

func (l *wire) unreachable(f fate, req *http.Request) error {
	if err := req.Context().Err(); err != nil {
		return err
	}
	if f == nameless {
		return &net.DNSError{Err: "no such host", Name: req.URL.Hostname(), IsNotFound: true}
	}
	return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// exchange sends the request on its way and waits for what comes of it.
func (c *parcel) exchange() (*http.Response, error) {
	w := c.w
	there, back := w.latency(), w.latency()
	deadline := w.now().Add(time.Hour)
	if at, ok := c.req.Context().Deadline(); ok {
		deadline = at.Add(w.shift)
	}
	arrives := w.now().Add(there)
	switch c.fate {
	case lost, busy, down, replayed: // who plays an answer back lets nothing through
	case late:
		w.at(deadline.Add(w.between(time.Second, 2*time.Minute)), c.arrive)
	case doubled:
		w.at(arrives, c.arrive)
		w.at(arrives.Add(w.between(time.Millisecond, time.Minute)), c.again)
	default:
		w.at(arrives, c.arrive)
	}
	answers := arrives.Add(back)
	switch c.fate {
	case late, hanging:
		answers = deadline.Add(time.Second)
	case lost, unheard:
		if w.chance(500) { // silence; otherwise the connection breaks at once
			answers = deadline.Add(time.Second)
		}
	}
	if !answers.Before(deadline) {
		w.running.until(deadline.Add(time.Millisecond))
	} else {
		w.running.until(answers)
	}
	if err := c.req.Context().Err(); err != nil {
		w.tally.lost++
		c.logf("%s, no answer in time", c.fate)
		return nil, err
	}
	return c.deliver()
}

// latency is how long a message is on its way.
func (w *world) latency() time.Duration {
	switch n := w.random.IntN(100); {
	case w.calm || n < 60:
		return w.between(time.Millisecond, 30*time.Millisecond)
	case n < 90:
		return w.between(30*time.Millisecond, time.Second)
	case n < 98:
		return w.between(time.Second, 5*time.Second)
	default:
		return w.between(5*time.Second, 12*time.Second)
	}
}

// arrive has the gateway see the request.
func (c *parcel) arrive() {
	c.got, c.ready = c.handle(), true
}

// again has it see a copy of the request; nobody waits for that answer.
func (c *parcel) again() {
	c.w.logf("network", "a copy of %s %s arrives", c.h.gateway, c.op)
	c.handle()
}

func (c *parcel) handle() *answer {
	w, path := c.w, c.req.URL.Path
	moving := c.h.refunds(path)
	var before map[string]bool
	if moving {
		w.tally.sends++
		before = w.judgeArrival(c.h, c.asked)
	}
	got := w.serve(c.req.Method, c.req.URL, c.req.Header, c.body)
	if moving {
		w.judgeAccepted(c.h, c.asked, before)
	}
	w.watchBook()
	return got
}

// deliver is the answer as the network lets it through.
func (c *parcel) deliver() (*http.Response, error) {
	w, got := c.w, c.got
	text := func(status int, kind, body string) *answer {
		return &answer{status: status, header: http.Header{"Content-Type": {kind}, "Date": {w.now().Format(http.TimeFormat)}}, body: []byte(body)}
	}
	switch c.fate {
	case lost, unheard:
		w.tally.lost++
		c.logf("%s", c.fate)
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	case busy:
		got = text(http.StatusTooManyRequests, "text/plain", "Too Many Requests\n")
		got.header.Set("Retry-After", strconv.Itoa(w.random.IntN(20)))
	case down:
		got = text(http.StatusServiceUnavailable, "text/plain", "Service Unavailable\n")
	case proxied:
		got = text(http.StatusBadGateway, "text/html", "<html>Bad Gateway</html>")
	case page:
		got = text(http.StatusOK, "text/html; charset=utf-8", "<!doctype html><h1>Please sign in to the network</h1>")
	case garbage:
		got = text(http.StatusOK, "application/json", `{"code":`+strconv.Itoa(w.random.IntN(10))+`,"data":[}`)
	case huge:
		got = text(http.StatusOK, "application/json", `{"code":"`+strings.Repeat("x", 1<<20)+`"}`)
	case redirects:
		got = text(http.StatusFound, "text/plain", "")
		got.header.Set("Location", "http://127.0.0.1:4/elsewhere")
	case tampered:
		got = c.tamper(got)
	case replayed:
		old := pick(w.random, c.h.heard[c.p.name+c.op]...)
		got = &old
	}
	if got == nil || got.status == 0 {
		c.logf("dropped by the gateway")
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	if c.fate == fine && strings.Contains(strings.ToLower(c.op), "refund") && c.accepted(got) {
		list := c.h.heard[c.p.name+c.op]
		c.h.heard[c.p.name+c.op] = append(list[max(0, len(list)-3):], *got)
	}
	c.logf("%s, %d", c.fate, got.status)
	return c.response(got), nil
}

// accepted reports whether a gateway that signs its answers accepted the call.
func (c *parcel) accepted(a *answer) bool {
	return bytes.Contains(a.body, []byte(`"APPLY_SUCCESS"`)) || bytes.HasPrefix(a.body, []byte(`{"code":0,`))
}

// tamper changes what the signature stands over: the state that is told, or one
// digit of anything.
func (c *parcel) tamper(a *answer) *answer {
	if a == nil || !c.accepted(a) {
		return a
	}
	body := slices.Clone(a.body)
	for _, lie := range lies() {
		if bytes.Contains(body, []byte(lie[0])) && c.w.random.IntN(4) > 0 {
			body = bytes.Replace(body, []byte(lie[0]), []byte(pick(c.w.random, lie[1:]...)), 1)
			return &answer{status: a.status, header: a.header, body: body}
		}
	}
	from := bytes.Index(body, []byte(`"data"`))
	to := bytes.LastIndexByte(body, '}')
	if c.h.gateway == "easylink" {
		to = bytes.LastIndex(body, []byte(`"sign"`))
	}
	if from < 0 || to <= from {
		return a
	}
	for range 20 {
		if i := from + 7 + c.w.random.IntN(to-from-7); body[i] >= '0' && body[i] < '9' {
			body[i]++
			break
		}
	}
	return &answer{status: a.status, header: a.header, body: body}
}

// lies lists what answers say of a refund, and what liars would have them say.
func lies() [][]string {
	return [][]string{
		{`"state":1`, `"state":2`, `"state":3`},
		{`"state":2`, `"state":1`, `"state":3`},
		{`\"state\":1`, `\"state\":2`, `\"state\":3`},
		{`"REFUND_PENDING"`, `"REFUND_SUCCESS"`, `"REFUND_FAILED"`},
		{`"REFUND_SUCCESS"`, `"REFUND_FAILED"`, `"REFUND_PENDING"`},
	}
}

func (c *parcel) response(a *answer) *http.Response {
	resp := &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(), Request: c.req,
		ContentLength: int64(len(a.body)), Body: io.NopCloser(bytes.NewReader(a.body)),
	}
	short := len(a.body)
	if said, err := strconv.Atoi(a.header.Get("Content-Length")); err == nil && said > short {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(a.body), brokenOff{}))
	}
	if c.fate == cut && short > 0 {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(a.body[:c.w.random.IntN(short)]), brokenOff{}))
	}
	return resp
}

// brokenOff is the end of a connection that broke.
type brokenOff struct{}

// Read implements io.Reader.
func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// callbackHost tells the gateway of a callback's address.
func callbackHost(to *url.URL) string { return strings.TrimPrefix(to.Path, "/") }
