package real_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/client/callback"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// subject is one thing that callbacks are about.
type subject struct{ profile, gateway, kind, no, user string }

// letters are callbacks as they left the gateway, byte for byte.
type letters struct {
	mu   sync.Mutex
	last letter
}

type letter struct {
	header http.Header
	body   []byte
}

func (l *letters) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	l.last = letter{header: r.Header.Clone(), body: body}
	l.mu.Unlock()
	w.WriteHeader(http.StatusTeapot) // no gateway takes that for an acknowledgement
}

// hearing is a desk that hears, with its gateway.
type hearing struct {
	*stream
	*agent
	receiver *callback.Receiver
	capture  *letters
	captured string // address of capture
}

func newHearing(t *testing.T, seed uint64) *hearing {
	t.Helper()
	s := newStream(t, program(t), seed)
	s.ask(http.MethodPost, "faults", "[]", nil)
	a := &agent{job: s.job, feed: &feed.Feed{}, random: rand.New(rand.NewPCG(seed, 3))}
	a.addr = "127.0.0.1:0"
	if err := a.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.store.Close() })
	receiver, err := a.receiver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- receiver.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	h := &hearing{stream: s, agent: a, receiver: receiver, capture: &letters{}}
	server := httptest.NewServer(h.capture)
	t.Cleanup(server.Close)
	h.captured = server.URL
	return h
}

// subjects makes a payment, a settled refund and a saved card known, at each
// gateway that has such.
func (h *hearing) subjects(t *testing.T) []subject {
	t.Helper()
	var list []subject
	for gateway, currency := range map[string]string{"payermax": "USD", "paycools": "PHP", "easylink": "HKD"} {
		profile, no := profileOf(gateway), orderPrefix+"CB"+gateway
		h.ask(http.MethodPost, "orders", fmt.Sprintf(`{"gateway":%q,"order_no":%q,"amount":"58.00","currency":%q}`, gateway, no, currency), nil)
		plan, err := h.desk.Plan(t.Context(), desk.Ask{Profile: profile, Order: no, Amount: "5.00", Reason: "callbacks"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := h.desk.Commit(t.Context(), plan, desk.Consent{PlanHash: plan.Hash, Script: true, At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), settleTime)
		if err := h.finish(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		list = append(list, subject{profile, gateway, "payment", no, ""}, subject{profile, gateway, "refund", r.RefundNo, ""})
	}
	for _, k := range h.tokens {
		if len(list) == 6 || (len(list) == 7 && list[6].profile != k[1]) {
			list = append(list, subject{k[1], strings.TrimSuffix(strings.Replace(k[1], "checus", "payermax", 1), "-sandbox"), "token", k[3], k[2]})
			if _, err := h.desk.Tokens(t.Context(), k[1], k[2]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return list
}

// state is what the ledger says of a subject, and how many lines tell of
// callbacks of its profile.
func (h *hearing) state(t *testing.T, s subject) (status string, lines int) {
	t.Helper()
	switch s.kind {
	case "payment":
		o, err := h.store.Order(t.Context(), s.profile, s.no)
		if err != nil {
			t.Fatal(err)
		}
		status = fmt.Sprint(o.Status, o.Amount, o.Refunded)
	case "refund":
		r, err := h.store.Refund(t.Context(), s.profile, s.no)
		if err != nil {
			t.Fatal(err)
		}
		status = fmt.Sprint(r.Status, r.Amount, r.Alert)
	case "token":
		k, err := h.store.Token(t.Context(), s.profile, s.no)
		if err != nil {
			t.Fatal(err)
		}
		status = string(k.Status)
	}
	events, err := h.store.Events(t.Context(), ledger.EventFilter{Profiles: []string{s.profile}, Limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if strings.HasPrefix(e.Kind, "callback.") {
			lines++
		}
	}
	return status, lines
}

// address is where a profile's callbacks go.
func (h *hearing) address(profile string) string {
	return "http://" + h.receiver.Addr().String() + h.receiver.Path(profile)
}

// send has the gateway send one callback now.
func (h *hearing) send(s subject, url, tamper, age string) (status int, acknowledged bool) {
	var sent struct {
		Status       int  `json:"status"`
		Acknowledged bool `json:"acknowledged"`
	}
	h.ask(http.MethodPost, "callbacks/"+s.no+"/send?gateway="+s.gateway, fmt.Sprintf(`{"url":%q,"tamper":%q,"age":%q}`, url, tamper, age), &sent)
	return sent.Status, sent.Acknowledged
}

// honest is a callback as the gateway sends it.
func (h *hearing) honest(s subject, age string) letter {
	h.send(s, h.captured, "", age)
	h.capture.mu.Lock()
	defer h.capture.mu.Unlock()
	return h.capture.last
}

// post delivers a letter, perhaps changed, as anybody could.
func (h *hearing) post(t *testing.T, s subject, l letter) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.address(s.profile), bytes.NewReader(l.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Content-Type", "Sign"} {
		if value := l.header.Get(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// altered changes the first digit of a letter's value for what it is about.
func altered(l letter, s subject) letter {
	at := bytes.Index(l.body, []byte(s.no))
	changed := bytes.Clone(l.body)
	if at >= 0 {
		changed[at+len(s.no)-1] ^= 1
	}
	return letter{header: l.header, body: changed}
}

// oversized is a letter that says the same in too many bytes.
func oversized(l letter) letter {
	return letter{header: l.header, body: append(bytes.Clone(l.body), bytes.Repeat([]byte(" "), 70<<10)...)}
}

// covers F9, F10, F11, I7, I8, S15: whatever is sent about a payment, a refund or
// a saved card, by whomever: no state changes but by what the gateway answers, the
// sender gets the right answer, and the journal tells it in one line.
func TestWhateverIsSentChangesNothing(t *testing.T) {
	h := newHearing(t, 21)
	for _, s := range h.subjects(t) {
		t.Run(s.profile+" "+s.kind, func(t *testing.T) {
			before, _ := h.state(t, s)
			step := func(what string, lines int, act func() bool) {
				t.Helper()
				_, had := h.state(t, s)
				right := act()
				now, has := h.state(t, s)
				if !right {
					t.Errorf("%s: the wrong answer", what)
				}
				if now != before {
					t.Errorf("%s: %s became %s", what, before, now)
				}
				if has-had != lines {
					t.Errorf("%s: %d lines in the journal, not %d", what, has-had, lines)
				}
			}
			for _, tamper := range []string{"bad-sign", "no-sign", "other-key", "amount", "double-sign"} {
				if s.kind == "token" && tamper == "amount" {
					continue // it names none
				}
				step(tamper, 1, func() bool {
					status, acknowledged := h.send(s, h.address(s.profile), tamper, "")
					return !acknowledged && status >= 400
				})
			}
			letter := h.honest(s, "")
			step("altered", 1, func() bool { return h.post(t, s, altered(letter, s)) >= 400 })
			step("oversized", 1, func() bool { return h.post(t, s, oversized(letter)) == http.StatusRequestEntityTooLarge })
			step("honest", 1, func() bool { return h.post(t, s, letter) == http.StatusOK })
			step("duplicated", 1, func() bool { return h.post(t, s, letter) == http.StatusOK })
			step("replayed again and again", 0, func() bool {
				for range 5 {
					if h.post(t, s, letter) != http.StatusOK {
						return false
					}
				}
				return true
			})
			late, older := h.honest(s, "72h"), h.honest(s, "1h")
			if _, had := h.state(t, s); h.post(t, s, late) != http.StatusOK || h.post(t, s, older) != http.StatusOK {
				t.Error("late ones, out of order: the wrong answer")
			} else if now, has := h.state(t, s); now != before || has-had > 2 {
				t.Errorf("late ones, out of order: %s became %s, %d lines", before, now, has-had)
			}
		})
	}
	if list, err := h.store.OpenRefunds(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("%d refunds were opened, %v", len(list), err)
	}
}
