package life_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/life"
	"paydesk/client/sandbox/protocol"
)

// TestCallbackSchedule covers F9: six attempts, the last after 13 hours, none
// after an acknowledgement.
func TestCallbackSchedule(t *testing.T) {
	all := []time.Duration{0, 30, 330, 930, 4530, 47730}
	for _, c := range []struct {
		name   string
		speed  int
		deny   int
		answer string
		want   []time.Duration
	}{
		{"acknowledged at once", 1, 0, "ok", all[:1]},
		{"acknowledged at the third", 1, 2, "ok", all[:3]},
		{"never reached", 1, 100, "ok", all},
		{"never acknowledged", 1, 0, "no", all},
		{"ten times as fast", 10, 100, "ok", []time.Duration{0, 3, 33, 93, 453, 4773}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t, book.Memory(nil), c.speed)
				w.inbox.tune(time.Now(), c.deny, c.answer)
				w.accept(t, "R1", book.Success, false, 0)
				pass(30 * 24 * time.Hour)
				var got []time.Duration
				for _, a := range w.inbox.arrivals() {
					got = append(got, a.After/time.Second)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
				w.book.View(func(s *book.State) {
					if n := s.Notices(); len(n) != 0 {
						t.Errorf("still open: %+v", n)
					}
				})
			})
		})
	}
}

func TestCallbackFaults(t *testing.T) {
	for _, c := range []struct {
		fault string
		want  []arrival
	}{
		{"callback:duplicate-callback=1", []arrival{{No: "R1", Status: "success"}, {No: "R1", Status: "success"}}},
		{"refund:duplicate-callback=1", []arrival{{No: "R1", Status: "success"}, {No: "R1", Status: "success"}}},
		{"unbind:duplicate-callback=1", []arrival{{No: "R1", Status: "success"}}},
		{"callback:bad-sign=1", []arrival{{No: "R1", Status: "success", Spoil: protocol.BadSign}}},
		{"callback:no-sign=1", []arrival{{No: "R1", Status: "success", Spoil: protocol.NoSign}}},
		{"callback:other-key=1", []arrival{{No: "R1", Status: "success", Spoil: protocol.OtherKey}}},
		{"*:wrong-echo=1", []arrival{{No: "R1", Status: "success", Spoil: protocol.WrongEcho}}},
		{"refund:bad-sign=1", []arrival{{No: "R1", Status: "success"}}}, // answers, not callbacks
		{"callback:refuse-connection=1", []arrival{{After: 30 * time.Second, No: "R1", Status: "success"}}},
		{"callback:lose-answer=1", []arrival{{No: "R1", Status: "success"}, {After: 30 * time.Second, No: "R1", Status: "success"}}},
		{"callback:delay=7s=1", []arrival{{After: 7 * time.Second, No: "R1", Status: "success"}}},
		{"callback:reorder-callback=1", []arrival{{After: 120 * time.Second, No: "R1", Status: "success"}}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t, book.Memory(nil), 1, c.fault)
				w.accept(t, "R1", book.Success, false, 0)
				pass(24 * time.Hour)
				if diff := cmp.Diff(c.want, w.inbox.arrivals()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestLateFailureOvertakesSuccess covers F9 and I10: failed after success, and
// the news in the wrong order.
func TestLateFailureOvertakesSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, book.Memory(nil), 1, "callback:reorder-callback")
		w.accept(t, "R1", book.Success, true, 0)
		pass(time.Second)
		if r, moved := w.refund("R1"); r.Status != client.RefundSuccess || moved != 1 {
			t.Fatalf("first %s, moved %d", r.Status, moved)
		}
		pass(time.Hour)
		if r, moved := w.refund("R1"); r.Status != client.RefundFailed || moved != 1 {
			t.Errorf("then %s, moved %d", r.Status, moved)
		}
		want := []arrival{{After: time.Minute, No: "R1", Status: "failed"}, {After: 2 * time.Minute, No: "R1", Status: "success"}}
		if diff := cmp.Diff(want, w.inbox.arrivals()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSendByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, book.Memory(nil), 1)
		w.accept(t, "R1", book.Stay, false, 0)
		sent, err := w.Send(t.Context(), "", "tr1", life.Sending{Spoil: protocol.DoubleSign})
		if err != nil || !sent.Acknowledged || sent.Status != 200 || sent.URL != portal {
			t.Errorf("%+v %v", sent, err)
		}
		if got := w.inbox.arrivals(); len(got) != 1 || got[0].Spoil != protocol.DoubleSign {
			t.Errorf("%+v", got)
		}
		if _, err := w.Send(t.Context(), "", "none", life.Sending{}); client.ClassOf(err) != client.ClassNotFound {
			t.Errorf("unknown: %v", err)
		}
		if _, err := w.Send(t.Context(), "other", "R1", life.Sending{}); client.ClassOf(err) != client.ClassNotFound {
			t.Errorf("another gateway: %v", err)
		}
		if _, err := w.Send(t.Context(), "g", "R1", life.Sending{URL: "http://192.0.2.1/"}); client.ClassOf(err) != client.ClassInput {
			t.Errorf("another machine: %v", err)
		}
	})
}

func TestForeignAddressesAreNeverCalled(t *testing.T) {
	for address, good := range map[string]bool{
		"http://127.0.0.1:8090/a": true, "http://localhost/a": true, "http://[::1]:1/": true, "http://127.8.9.1/": true,
		"https://127.0.0.1/": false, "http://192.0.2.1/": false, "http://localhost.example/": false, "http://127.1/": false, "ftp://127.0.0.1/": false,
		"http://user@127.0.0.1/": false, "//127.0.0.1/": false, "": false, "http://0.0.0.0/": false, "http://[fe80::1]/": false, "\x00": false,
	} {
		if got := life.CheckURL(address) == nil; got != good {
			t.Errorf("%q: %v", address, got)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		w := start(t, book.Memory(nil), 1)
		w.accept(t, "R1", book.Stay, false, 0)
		err := w.book.Update(w.Now(), "its own address", func(tx *book.Tx) error {
			r, _ := tx.Refund("g", "R1")
			r.NotifyURL = "https://shop.example/hook"
			tx.PutRefund(r)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Settle("g", "R1", client.RefundSuccess); err != nil {
			t.Fatal(err)
		}
		pass(24 * time.Hour)
		if got := w.inbox.arrivals(); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
