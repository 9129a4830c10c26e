package ledgertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"paydesk/state/ledger"
)

func event(n int, kind, subject string) ledger.Event {
	return ledger.Event{
		At: at(n).Add(time.Duration(n) * 1001), Mono: time.Duration(n) * time.Second, Profile: "shop", Kind: kind, Subject: subject, Agent: "mei",
		Detail: json.RawMessage(fmt.Sprintf(`{"n": %d, "word":"Äpfel ticket-%d"}`, n, n)),
	}
}

// The journal is one unbroken chain, whoever writes and how many at once, and
// holds every byte that was sealed.
func testJournal(t *testing.T, open Open) { // covers I13
	s := open(t)
	ctx := context.Background()
	var sealed []ledger.Event
	update(t, s, func(tx ledger.Tx) error {
		for i := range 3 {
			e, err := tx.Append(event(i, "refund.intent", "R1"))
			if err != nil {
				return err
			}
			sealed = append(sealed, e)
		}
		return nil
	})
	bare := ledger.Event{Kind: "odd"} // no time, no detail
	update(t, s, func(tx ledger.Tx) error {
		e, err := tx.Append(bare)
		sealed = append(sealed, e)
		return err
	})
	for i, e := range sealed {
		if e.Seq != int64(i+1) || e.Digest == "" || (i > 0 && e.Prev != sealed[i-1].Digest) {
			t.Errorf("line %d: %+v", i+1, e)
		}
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				if err := s.Update(ctx, func(tx ledger.Tx) error { _, err := tx.Append(event(i, "k", "s")); return err }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n, err := ledger.VerifyJournal(ctx, s); n != 804 || err != nil {
		t.Errorf("VerifyJournal = %d, %v; want 804 lines", n, err)
	}
	var read []ledger.Event
	for e, err := range s.Journal(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if read = append(read, e); len(read) == len(sealed) {
			break
		}
	}
	same(t, "as sealed", sealed, read)
	testJournalRefuses(t, s)
}

// What is no JSON object is no detail, and a walk can be stopped.
func testJournalRefuses(t *testing.T, s ledger.Store) {
	t.Helper()
	ctx := context.Background()
	for _, detail := range []string{"[1]", `"text"`, "{", "nonsense"} {
		e := event(1, "k", "s")
		e.Detail = json.RawMessage(detail)
		if err := s.Update(ctx, func(tx ledger.Tx) error { _, err := tx.Append(e); return err }); err == nil {
			t.Errorf("detail %q was taken", detail)
		}
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := ledger.VerifyJournal(stopped, s); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func testEvents(t *testing.T, open Open) {
	s := open(t)
	update(t, s, func(tx ledger.Tx) error {
		for i := range 20 {
			e := event(i, []string{"refund.sent", "refund.pending"}[i%2], fmt.Sprintf("R%d", i%4))
			if i >= 16 {
				e.Profile = "shop2"
			}
			if _, err := tx.Append(e); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		name   string
		filter ledger.EventFilter
		want   []int64
	}{
		{"newest", ledger.EventFilter{Limit: 3}, []int64{20, 19, 18}},
		{"before", ledger.EventFilter{Before: 18, Limit: 2}, []int64{17, 16}},
		{"after", ledger.EventFilter{After: 18}, []int64{20, 19}},
		{"between", ledger.EventFilter{Before: 5, After: 2}, []int64{4, 3}},
		{"subject", ledger.EventFilter{Subject: "R1", Limit: 2}, []int64{18, 14}},
		{"kind", ledger.EventFilter{Kind: "refund.sent", Limit: 2}, []int64{19, 17}},
		{"profile", ledger.EventFilter{Profiles: []string{"shop2"}, Limit: 9}, []int64{20, 19, 18, 17}},
		{"profiles", ledger.EventFilter{Profiles: []string{"shop", "shop2"}, Limit: 1}, []int64{20}},
		{"words", ledger.EventFilter{Text: "TICKET-7 sent"}, nil},
		{"words that all occur", ledger.EventFilter{Text: "TICKET-7 pending"}, []int64{8}},
		{"nothing", ledger.EventFilter{Text: "%"}, nil},
	} {
		var got []int64
		for _, e := range must(s.Events(context.Background(), c.filter))(t) {
			got = append(got, e.Seq)
		}
		same(t, c.name, c.want, got)
	}
}
