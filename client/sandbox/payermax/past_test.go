package payermax_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/payermax"
	"paydesk/client/sandbox/protocol"
)

func TestPastFollowsSeedAndStart(t *testing.T) {
	pace := protocol.Pace{Speed: 60}
	first := payermax.Past(1, 300, now, pace)
	if diff := cmp.Diff(first, payermax.Past(1, 300, now.Add(300*time.Millisecond), pace)); diff != "" {
		t.Errorf("the same seed gives another past: %s", diff)
	}
	if cmp.Equal(first, payermax.Past(2, 300, now, pace)) {
		t.Error("another seed gives the same past")
	}
	for _, n := range []int{0, 1, 7, 8, 300} {
		orders := 0
		for _, e := range payermax.Past(1, n, now, pace) {
			orders += len(e.Orders)
		}
		if orders != max(n, 7) {
			t.Errorf("asked for %d orders, got %d", n, orders)
		}
	}
}

// TestPastIsBelievable checks that a gateway could really hold this past.
func TestPastIsBelievable(t *testing.T) {
	b := openWith(t, payermax.Past(1, 500, now, protocol.Pace{Speed: 60}))
	b.book.View(func(s *book.State) {
		seen := map[string]int{}
		for _, o := range s.Orders() {
			seen["status "+string(o.Status)]++
			seen["currency "+o.Amount.Currency]++
			if exp, ok := b.Decimals(o.Amount.Currency); !ok || exp != o.Amount.Exp || o.Amount.Minor <= 0 {
				t.Errorf("order %s of %s with %d decimals", o.OrderNo, o.Amount, o.Amount.Exp)
			}
			checkTimes(t, o)
			age := now.Sub(o.CreatedAt)
			for _, days := range []int{91, 180, 365} {
				if age > time.Duration(days)*24*time.Hour {
					seen["older"]++
				}
			}
			for _, r := range o.Note {
				if unicode.Is(unicode.Han, r) || unicode.Is(unicode.Arabic, r) || unicode.Is(unicode.Devanagari, r) || unicode.Is(unicode.Thai, r) {
					seen["script"]++
					break
				}
			}
			checkRefunds(t, s, o, seen)
		}
		users := map[string]int{}
		for _, k := range s.Tokens() {
			seen["token "+string(k.StatusAt(now))]++
			users[k.UserID]++
		}
		for _, n := range users {
			if n > 1 {
				seen["several cards"]++
			}
		}
		for _, what := range []string{
			"status paid", "status pending", "status failed", "status closed", "currency HKD", "currency USD", "currency IDR", "currency JPY",
			"currency PHP", "currency KWD", "currency MYR", "currency TWD", "refund success", "refund failed", "refund pending", "late", "several",
			"full", "partial", "token active", "token expired", "token removed", "several cards", "older", "script", "due", "stays",
		} {
			if seen[what] == 0 {
				t.Errorf("there is no %s", what)
			}
		}
		if seen["status paid"] < 380 || seen["refund success"] < 40 {
			t.Errorf("%v", seen)
		}
	})
}

func checkTimes(t *testing.T, o book.Order) {
	t.Helper()
	if o.CreatedAt.After(now) || o.PaidAt.After(now) || (!o.PaidAt.IsZero() && o.PaidAt.Before(o.CreatedAt)) || (o.Status == client.OrderPending) != o.PaidAt.IsZero() {
		t.Errorf("order %s created %v, ended %v", o.OrderNo, o.CreatedAt, o.PaidAt)
	}
	if (o.Status == client.OrderPending) == o.ExpiresAt.IsZero() {
		t.Errorf("order %s expires %v", o.OrderNo, o.ExpiresAt)
	}
}

func checkRefunds(t *testing.T, s *book.State, o book.Order, seen map[string]int) {
	t.Helper()
	refunds := s.RefundsOf(payermax.Gateway, o.OrderNo)
	done, reserved := s.Refunded(o)
	if done.Minor+reserved.Minor > o.Amount.Minor {
		t.Errorf("order %s of %s: %s refunded, %s on its way", o.OrderNo, o.Amount, done, reserved)
	}
	if len(refunds) > 1 {
		seen["several"]++
	}
	pending := 0
	last := o.PaidAt
	for i, r := range refunds {
		seen["refund "+string(r.Status)]++
		if !strings.HasPrefix(r.RefundNo, "RF_") && r.RefundNo != client.RefundNo(payermax.Gateway, payermax.MerchantNo, o.OrderNo, i+1) {
			t.Errorf("refund %d of %s is numbered %s", i+1, o.OrderNo, r.RefundNo)
		}
		if r.CreatedAt.Before(last) || r.CreatedAt.After(now) || r.SettledAt.After(now) || (r.Status == client.RefundPending) != r.SettledAt.IsZero() {
			t.Errorf("refund %s created %v, settled %v", r.RefundNo, r.CreatedAt, r.SettledAt)
		}
		last = r.CreatedAt
		moved := s.Moved(payermax.Gateway, r.RefundNo)
		switch r.Status {
		case client.RefundPending:
			if pending++; r.DueAt.IsZero() {
				seen["stays"]++
			} else {
				seen["due"]++
			}
			if moved != 0 {
				t.Errorf("pending refund %s moved %d", r.RefundNo, moved)
			}
		case client.RefundSuccess:
			if moved != 1 {
				t.Errorf("refund %s moved %d", r.RefundNo, moved)
			}
			if r.Amount == o.Amount {
				seen["full"]++
			} else {
				seen["partial"]++
			}
		default:
			if moved == 1 {
				seen["late"]++
			}
		}
	}
	if pending > 1 || (o.Status != client.OrderPaid && len(refunds) > 0) {
		t.Errorf("order %s (%s) has %d refunds, %d pending", o.OrderNo, o.Status, len(refunds), pending)
	}
}
