package real_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// Sizes of the races (reliability: section 6).
const (
	raceOrders = 50
	raceAgents = 4
)

// raceRounds is how often they race.
func raceRounds() int {
	switch {
	case testing.Short():
		return 2
	case raceEnabled: // ten times as slow
		return 6
	default:
		return 20
	}
}

// rivals are agents that want the same payments refunded at the same time.
func rivals(t *testing.T, s *stream, ledgers int) []*agent {
	t.Helper()
	var list []*agent
	for i := range raceAgents {
		j := s.job
		j.home = filepath.Join(s.job.home, fmt.Sprint("ledger", i%ledgers))
		if err := os.MkdirAll(j.home, 0o700); err != nil {
			t.Fatal(err)
		}
		a := &agent{job: j, feed: &feed.Feed{}, random: rand.New(rand.NewPCG(uint64(i), 5))}
		if err := a.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.store.Close() })
		list = append(list, a)
	}
	return list
}

// race lets every agent refund 40.00 of 58.00 of every order.
func race(t *testing.T, agents []*agent, orders []string) (accepted map[string]int) {
	t.Helper()
	accepted = map[string]int{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, a := range agents {
		mine := append([]string(nil), orders...)
		a.random.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
		group.Go(func() {
			for _, no := range mine {
				err := a.take(t.Context(), no)
				switch client.ClassOf(err) {
				case "":
					mu.Lock()
					accepted[no]++
					mu.Unlock()
				case client.ClassConflict, client.ClassPolicy: // another was faster
				default:
					t.Errorf("order %s: %v", no, err)
				}
			}
		})
	}
	group.Wait()
	return accepted
}

// take refunds one order as an agent does who is in a hurry.
func (a *agent) take(ctx context.Context, no string) error {
	plan, err := a.desk.Plan(ctx, desk.Ask{Profile: "easylink-sandbox", Order: no, Amount: "40", Reason: "race"})
	if err != nil {
		return err
	}
	r, err := a.desk.Commit(ctx, plan, desk.Consent{PlanHash: plan.Hash, Script: true, At: time.Now()})
	if err != nil {
		return err
	}
	_, _ = a.desk.Advance(ctx, r.Profile, r.RefundNo) // what it ran into is settled below
	return nil
}

// finish settles what is open in a ledger.
func (a *agent) finish(ctx context.Context) error {
	for {
		open, err := a.store.OpenRefunds(ctx, "")
		if err != nil || len(open) == 0 {
			return err
		}
		for _, r := range open {
			_, _ = a.desk.Advance(ctx, r.Profile, r.RefundNo)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%d refunds are still open, the first is %+v", len(open), open[0])
		}
	}
}

// covers F14, I5: one ledger: of all who want it, one gets it, and the others are
// told at once.
func TestFourAgentsOneLedger(t *testing.T) {
	s := newStream(t, program(t), 11)
	s.ask(http.MethodPost, "faults", "[]", nil)
	agents := rivals(t, s, 1)
	began := time.Now()
	for round := range raceRounds() {
		orders := s.payments(round)
		accepted := race(t, agents, orders)
		for _, no := range orders {
			if accepted[no] != 1 {
				t.Errorf("round %d: %d refunds of order %s were accepted", round, accepted[no], no)
			}
		}
	}
	settleAndCount(t, s, agents[:1], raceOrders*raceRounds())
	t.Logf("%d rounds of %d orders × %d agents in %.1f s: always exactly %d accepted", raceRounds(), raceOrders, raceAgents, time.Since(began).Seconds(), raceOrders)
}

// covers F15, I3: ledgers that do not know each other: one refund at the gateway,
// and every ledger ends with it.
func TestFourAgentsFourLedgers(t *testing.T) {
	s := newStream(t, program(t), 12)
	s.ask(http.MethodPost, "faults", "[]", nil)
	agents := rivals(t, s, raceAgents)
	for round := range raceRounds() {
		race(t, agents, s.payments(round))
	}
	settleAndCount(t, s, agents, raceOrders*raceRounds())
}

// payments makes new ones at the gateway.
func (s *stream) payments(round int) []string {
	orders := make([]string, raceOrders)
	for i := range orders {
		orders[i] = fmt.Sprintf(orderPrefix+"R%dX%d", round, i)
		s.ask(http.MethodPost, "orders", fmt.Sprintf(`{"gateway":"easylink","order_no":%q,"amount":"58.00","currency":"HKD"}`, orders[i]), nil)
	}
	return orders
}

func settleAndCount(t *testing.T, s *stream, agents []*agent, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settleTime)
	defer cancel()
	for _, a := range agents {
		if err := a.finish(ctx); err != nil {
			t.Fatal(err)
		}
	}
	atGateway := s.truth()
	if len(atGateway) != want {
		t.Errorf("%d refunds at the gateway, not %d", len(atGateway), want)
	}
	for _, at := range atGateway {
		if at.Moved != 1 {
			t.Errorf("money moved %d times for %+v", at.Moved, at)
		}
	}
	for i, a := range agents {
		rows, err := a.store.Refunds(ctx, ledger.Page{Limit: 1_000_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if at := atGateway[r.Gateway+"/"+r.RefundNo]; at.Status != string(r.Status) {
				t.Errorf("ledger %d: %s is %s, at the gateway %q", i, r.RefundNo, r.Status, at.Status)
			}
		}
	}
}
