package easylink_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/easylink"
	"paydesk/client/sandbox/protocol"
)

func TestPastFollowsSeedAndStart(t *testing.T) {
	pace := protocol.Pace{Seed: 1, Speed: 60}
	first := easylink.Past(1, 200, now, pace)
	if diff := cmp.Diff(first, easylink.Past(1, 200, now.Add(300*time.Millisecond), pace)); diff != "" {
		t.Errorf("the same seed gives another past: %s", diff)
	}
	if cmp.Equal(first, easylink.Past(2, 200, now, pace)) {
		t.Error("another seed gives the same past")
	}
	for _, n := range []int{0, 1, 2, 3, 200} {
		orders := 0
		for _, e := range easylink.Past(1, n, now, pace) {
			orders += len(e.Orders)
			if len(e.Tokens) != 0 {
				t.Error("a saved card where there are none")
			}
		}
		if orders != max(n, 2) {
			t.Errorf("asked for %d orders, got %d", n, orders)
		}
	}
}

// TestPastIsBelievable checks that this gateway could really hold this past.
func TestPastIsBelievable(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(6) {
		b := openWith(t, easylink.Past(seed, 300, now, protocol.Pace{Seed: seed, Speed: 60}), testKey)
		b.book.View(func(s *book.State) {
			numbers := map[string]bool{}
			for _, o := range s.Orders() {
				seen["order "+string(o.Status)]++
				seen["way "+o.Method]++
				if o.Amount.Currency != "HKD" || o.Amount.Exp != 2 || o.Amount.Minor < 1 || len(o.OrderNo) > 30 || len(o.GatewayOrderNo) != 20 ||
					o.GatewayOrderNo[0] != 'P' || numbers[o.GatewayOrderNo] || o.CreatedAt.After(now) || o.Card != "" || o.Token != "" {
					t.Errorf("%+v", o)
				}
				numbers[o.GatewayOrderNo] = true
				done, reserved := s.Refunded(o)
				if done.Minor+reserved.Minor > o.Amount.Minor {
					t.Errorf("%+v: %s refunded, %s on its way", o, done, reserved)
				}
				last := o.PaidAt
				for i, r := range s.RefundsOf(easylink.Gateway, o.OrderNo) {
					seen["refund "+string(r.Status)]++
					checkRefund(t, s, r, i+1, last)
					last = r.CreatedAt
				}
			}
		})
	}
	for _, what := range []string{
		"order paid", "order failed", "order closed", "order pending", "way ALI_H5", "way WX_H5", "way UP_OP", "way WX_LITE", "refund success", "refund failed",
		"refund pending", "refund closed",
	} {
		if seen[what] == 0 {
			t.Errorf("there is no %s: %v", what, seen)
		}
	}
}

func checkRefund(t *testing.T, s *book.State, r book.Refund, attempt int, last time.Time) {
	t.Helper()
	if r.RefundNo != client.RefundNo(easylink.Gateway, easylink.MerchantNo, r.OrderNo, attempt) || len(r.GatewayRefundNo) != 20 || r.GatewayRefundNo[0] != 'R' {
		t.Errorf("refund %d: %+v", attempt, r)
	}
	if r.CreatedAt.Before(last) || r.CreatedAt.After(now) || r.SettledAt.After(now) {
		t.Errorf("%+v after %v", r, last)
	}
	if r.Status == client.RefundPending && (now.Sub(r.CreatedAt) > 2*time.Hour || r.DueAt.Before(now) || r.DueAt.After(now.Add(2*time.Minute)) || r.Plan == book.Stay) {
		t.Errorf("open for too long: %+v", r)
	}
	want := 0
	if r.Status == client.RefundSuccess {
		want = 1
	}
	if moved := s.Moved(easylink.Gateway, r.RefundNo); moved != want {
		t.Errorf("%+v moved %d", r, moved)
	}
}
