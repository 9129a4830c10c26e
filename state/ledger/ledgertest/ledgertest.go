// Package ledgertest is the contract of a ledger as tests. Every dialect runs
// all of it; what differs between dialects (files, damage, a second process)
// is tested beside them. It must never know a dialect.
package ledgertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/query"
)

// Open gives a new, empty ledger; it closes it when the test ends.
type Open func(t *testing.T) ledger.Store

// Run tests everything that a ledger promises.
func Run(t *testing.T, open func(t *testing.T) ledger.Store) {
	for name, test := range map[string]func(*testing.T, Open){
		"orders":            testOrders,
		"order numbers":     testNumbers,
		"orders replaced":   testReplace,
		"refunds":           testRefunds,
		"refund numbers":    testRefundNumbers,
		"one open refund":   testOneOpen,
		"sums":              testSums,
		"race":              testRace,
		"due":               testDue,
		"counters":          testCounters,
		"refunded since":    testRefundedSince,
		"refund queue":      testQueue,
		"tokens":            testTokens,
		"unbinds":           testUnbinds,
		"evidence":          testEvidence,
		"inbox":             testInbox,
		"inbox repeats":     testInboxRepeats,
		"inbox doubtful":    testInboxDoubtful,
		"inbox due":         testInboxDue,
		"journal":           testJournal,
		"events":            testEvents,
		"decision":          testDecision,
		"cancelled context": testCancelled,
		"version":           testVersion,
		"windows":           testWindows,
		"moving rows":       testMoving,
		"search orders":     testSearchOrders,
		"search refunds":    testSearchRefunds,
		"hostile search":    testHostileSearch,
		"count":             testCount,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// start is when the made-up world begins: a whole second, in UTC.
var start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func hkd(minor int64) client.Money { return client.Money{Minor: minor, Currency: "HKD", Exp: 2} }

// order is a paid order of profile "shop", placed n minutes into the world.
func order(n int) ledger.Order {
	return ledger.Order{
		Order: client.Order{
			OrderNo: fmt.Sprintf("P%04d", n), GatewayOrderNo: fmt.Sprintf("G%04d", n), ChannelNo: fmt.Sprintf("C%04d", n),
			UserID: fmt.Sprintf("U-%d", n%7), Amount: hkd(10_000), Status: client.OrderPaid, Method: "CARD", Brand: "VISA",
			Card: fmt.Sprintf("************%04d", n), CreatedAt: at(n), PaidAt: at(n).Add(20 * time.Second),
		},
		Profile: "shop", Gateway: "payermax", Source: "lookup",
	}
}

// refund is an intent for an order.
func refund(o ledger.Order, no string, minor int64, status client.RefundStatus) ledger.Refund {
	return ledger.Refund{
		Refund:  client.Refund{RefundNo: no, OrderNo: o.OrderNo, Amount: client.Money{Minor: minor, Currency: o.Amount.Currency, Exp: o.Amount.Exp}, Status: status},
		OrderID: o.ID, Profile: o.Profile, Gateway: o.Gateway, Merchant: "m1", Attempt: 1, Agent: "mei", Reason: "customer return",
		CreatedAt: o.CreatedAt.Add(time.Hour),
	}
}

// update runs one decision that must work.
func update(t *testing.T, s ledger.Store, fn func(ledger.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// put stores orders and returns them as stored.
func put(t *testing.T, s ledger.Store, orders ...ledger.Order) []ledger.Order {
	t.Helper()
	out := make([]ledger.Order, len(orders))
	update(t, s, func(tx ledger.Tx) (err error) {
		for i, o := range orders {
			if out[i], err = tx.PutOrder(o); err != nil {
				return err
			}
		}
		return nil
	})
	return out
}

// insert stores refunds and returns them as stored.
func insert(t *testing.T, s ledger.Store, refunds ...ledger.Refund) []ledger.Refund {
	t.Helper()
	out := make([]ledger.Refund, len(refunds))
	update(t, s, func(tx ledger.Tx) (err error) {
		for i, r := range refunds {
			if out[i], err = tx.InsertRefund(r); err != nil {
				return err
			}
		}
		return nil
	})
	return out
}

// must unwraps a result of a test's own set-up.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// search parses a search of the order list at a fixed time.
func search(t *testing.T, text string) query.Query {
	t.Helper()
	return must(query.ParseOrders(text, at(600), time.UTC))(t)
}

// same compares records without the store's own stamp.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	diff := cmp.Diff(want, got, cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(ledger.Order{}, "UpdatedAt"), cmpopts.IgnoreFields(ledger.Refund{}, "UpdatedAt"))
	if diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func orderNos(list []ledger.Order) []string {
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = o.Profile + "/" + o.OrderNo
	}
	return out
}

func refundNos(list []ledger.Refund) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.RefundNo
	}
	return out
}
