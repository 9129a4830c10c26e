package paycools_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/paycools"
	"paydesk/client/sandbox/protocol"
)

func TestPastFollowsSeedAndStart(t *testing.T) {
	pace := protocol.Pace{Speed: 60}
	first := paycools.Past(1, 200, now, pace)
	if diff := cmp.Diff(first, paycools.Past(1, 200, now.Add(300*time.Millisecond), pace)); diff != "" {
		t.Errorf("the same seed gives another past: %s", diff)
	}
	if cmp.Equal(first, paycools.Past(2, 200, now, pace)) {
		t.Error("another seed gives the same past")
	}
	for _, n := range []int{0, 1, 7, 8, 200} {
		orders := 0
		for _, e := range paycools.Past(1, n, now, pace) {
			orders += len(e.Orders)
		}
		if orders != max(n, 7) {
			t.Errorf("asked for %d orders, got %d", n, orders)
		}
	}
}

var (
	merchantNo = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)
	gatewayNo  = regexp.MustCompile(`^C[0-9]+$`)
	phone      = regexp.MustCompile(`^09[0-9]{9}$`)
	innerNo    = regexp.MustCompile(`^(CH[0-9]+)?$`)
)

// TestPastIsBelievable checks that this gateway could really hold this past.
func TestPastIsBelievable(t *testing.T) {
	b := openWith(t, paycools.Past(1, 400, now, protocol.Pace{Speed: 60}))
	b.book.View(func(s *book.State) {
		seen := map[string]int{}
		for _, o := range s.Orders() {
			seen["status "+string(o.Status)]++
			seen["method "+o.Method]++
			switch {
			case o.Token != "":
				seen["charge"]++
			case o.InternalNo != "":
				seen["checkout"]++
			default:
				seen["web"]++
			}
			checkOrder(t, s, o)
			checkRefunds(t, s, o, seen)
		}
		for _, k := range s.Tokens() {
			seen["token "+string(k.StatusAt(now))]++
			if !regexp.MustCompile(`^PH_[A-Z]+_DIRECT_DEBIT$`).MatchString(k.Method) || k.Brand == "" || k.Account == "" || k.Card != "" ||
				(k.Status == client.TokenRemoved) != (k.Reason != "") {
				t.Errorf("%+v", k)
			}
		}
		for _, what := range []string{
			"status paid", "status pending", "status failed", "status closed", "method GCASH_QR", "method SEVEN_ELEVEN", "method BPI_ONLINE", "method PH_GCASH_DIRECT_DEBIT",
			"refund success", "refund failed", "refund pending", "token active", "token expired", "token removed", "charge", "checkout", "web",
		} {
			if seen[what] == 0 {
				t.Errorf("there is no %s in %v", what, seen)
			}
		}
	})
}

func checkOrder(t *testing.T, s *book.State, o book.Order) {
	t.Helper()
	if o.Amount.Currency != "PHP" || o.Amount.Exp != 2 || o.Amount.Minor < 100 || o.Amount.Minor > 5_000_000 {
		t.Errorf("order %s of %s", o.OrderNo, o.Amount)
	}
	if !merchantNo.MatchString(o.OrderNo) || !gatewayNo.MatchString(o.GatewayOrderNo) || !innerNo.MatchString(o.InternalNo) || !phone.MatchString(o.Extra["mobile"]) {
		t.Errorf("%+v", o)
	}
	if o.CreatedAt.After(now) || o.PaidAt.After(now) || (o.Status == client.OrderPending) != o.PaidAt.IsZero() {
		t.Errorf("order %s created %v, ended %v", o.OrderNo, o.CreatedAt, o.PaidAt)
	}
	open := o.Status == client.OrderPending || o.Status == client.OrderClosed
	if (open && (o.InternalNo == "" || o.Token != "")) || (o.Token != "" && o.InternalNo != "") {
		t.Errorf("%+v", o)
	}
	if k, ok := s.Token(paycools.Gateway, o.Token); o.Token != "" && (!ok || k.Method != o.Method || k.UserID != o.UserID) {
		t.Errorf("%+v was charged to %+v", o, k)
	}
}

func checkRefunds(t *testing.T, s *book.State, o book.Order, seen map[string]int) {
	t.Helper()
	done, reserved := s.Refunded(o)
	if done.Minor+reserved.Minor > o.Amount.Minor {
		t.Errorf("order %s of %s: %s refunded, %s on its way", o.OrderNo, o.Amount, done, reserved)
	}
	for i, r := range s.RefundsOf(paycools.Gateway, o.OrderNo) {
		seen["refund "+string(r.Status)]++
		if r.RefundNo != client.RefundNo(paycools.Gateway, paycools.MerchantNo, o.OrderNo, i+1) || !merchantNo.MatchString(r.RefundNo) {
			t.Errorf("refund %d of %s is numbered %s", i+1, o.OrderNo, r.RefundNo)
		}
		if o.Status != client.OrderPaid || o.Method == "SEVEN_ELEVEN" || o.Method == "GRABPAY_URL" || o.Method == "BPI_ONLINE" {
			t.Errorf("order %s (%s, %s) has a refund", o.OrderNo, o.Status, o.Method)
		}
		if r.CreatedAt.Sub(o.PaidAt) > 60*24*time.Hour {
			t.Errorf("refund %s came too late", r.RefundNo)
		}
		if r.Status == client.RefundSuccess && s.Moved(paycools.Gateway, r.RefundNo) != 1 {
			t.Errorf("refund %s moved %d", r.RefundNo, s.Moved(paycools.Gateway, r.RefundNo))
		}
	}
}
