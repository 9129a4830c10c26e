package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/state/query"
)

// benchOrders is how many orders the benchmarks run over: 100,000, or what
// PAYDESK_BENCH_ORDERS says (1000000 for the budgets).
func benchOrders(b *testing.B) int {
	b.Helper()
	text := os.Getenv("PAYDESK_BENCH_ORDERS")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("PAYDESK_BENCH_ORDERS=%q is no number", text)
	}
	return n
}

var benchStart = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// madeUp is the i-th order of a believable merchant, the same in every run.
func madeUp(i int) ledger.Order {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	currencies := []client.Money{{Currency: "HKD", Exp: 2}, {Currency: "IDR"}, {Currency: "PHP", Exp: 2}, {Currency: "KWD", Exp: 2}}
	amount := currencies[min(r.IntN(10)/3, 3)]
	amount.Minor = 100 + r.Int64N(5_000_000)
	o := ledger.Order{Profile: "shop-" + amount.Currency, Gateway: "payermax", Source: "import"}
	o.OrderNo = fmt.Sprintf("P%d%06d", 1_700_000+i/1000, i)
	o.GatewayOrderNo = fmt.Sprintf("2024%016d", r.Uint64N(1e16))
	o.ChannelNo = fmt.Sprintf("CH%012d", r.Uint64N(1e12))
	o.UserID = fmt.Sprintf("U-%d", r.IntN(100_000))
	o.Amount, o.Status = amount, client.OrderPaid
	switch n := r.IntN(100); {
	case n < 2:
		o.Status = client.OrderFailed
	case n < 3:
		o.Status = client.OrderClosed
	case n == 3 && r.IntN(20) == 0:
		o.Status = client.OrderUnknown
	}
	o.Method, o.Brand, o.Card = "CARD", "VISA", fmt.Sprintf("************%04d", r.IntN(10_000))
	o.CreatedAt = benchStart.Add(time.Duration(i) * 61 * time.Second)
	o.PaidAt = o.CreatedAt.Add(15 * time.Second)
	return o
}

// filled is a ledger with n made-up orders; every fiftieth has a refund.
func filled(b *testing.B, n int) *Store {
	b.Helper()
	path := os.Getenv("PAYDESK_BENCH_LEDGER")
	if path == "" {
		path = filepath.Join(b.TempDir(), "private", "ledger.db")
	}
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	have, _, err := s.CountOrders(context.Background(), ledger.Page{}, int64(n))
	if err != nil {
		b.Fatal(err)
	}
	if have < int64(n) {
		fill(b, s, int(have), n, true)
	}
	return s
}

func fill(b *testing.B, s *Store, from, to int, refunds bool) {
	b.Helper()
	const batch = 5000
	for at := from; at < to; at += batch {
		err := s.Update(context.Background(), func(tx ledger.Tx) error {
			for i := at; i < min(at+batch, to); i++ {
				o, err := tx.PutOrder(madeUp(i))
				if err != nil {
					return err
				}
				if !refunds || i%50 != 0 {
					continue
				}
				if _, err := tx.InsertRefund(madeUpRefund(o, i/50)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func madeUpRefund(o ledger.Order, i int) ledger.Refund {
	r := ledger.Refund{
		OrderID: o.ID, Profile: o.Profile, Gateway: o.Gateway, Merchant: "m", Attempt: 1, Reason: "customer return",
		Agent: fmt.Sprintf("agent%d", i%20), CreatedAt: o.PaidAt.Add(time.Hour), SentAt: o.PaidAt.Add(time.Hour),
	}
	r.RefundNo, r.OrderNo, r.Amount = client.RefundNo(o.Gateway, "m", o.OrderNo, 1), o.OrderNo, o.Amount
	r.Amount.Minor /= 2
	r.Status = client.RefundSuccess
	if i%10 == 0 {
		r.Status, r.NextCheckAt = client.RefundPending, o.PaidAt.Add(2*time.Hour)
	}
	return r
}

// measure runs fn b.N times, over inputs that differ, and reports the 99th
// percentile.
func measure(b *testing.B, fn func(i int) error) {
	b.Helper()
	took := make([]time.Duration, 0, b.N)
	i := 0
	for b.Loop() {
		start := time.Now()
		if err := fn(i); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
}

// BenchmarkIntentCommit is one decision as the desk makes it: read, insert,
// journal, commit.
func BenchmarkIntentCommit(b *testing.B) {
	s := filled(b, benchOrders(b))
	ctx := context.Background()
	n := benchOrders(b)
	base := time.Now().UnixNano()
	measure(b, func(i int) error {
		o := madeUp((i*7919 + 1) % n)
		return s.Update(ctx, func(tx ledger.Tx) error {
			o, err := tx.Order(o.Profile, o.OrderNo)
			if err != nil {
				return err
			}
			r := madeUpRefund(o, i)
			r.RefundNo, r.Status = fmt.Sprintf("B%d-%d", base, i), client.RefundSuccess
			if _, err := tx.InsertRefund(r); err != nil {
				return err
			}
			_, err = tx.Append(ledger.Event{At: benchStart, Kind: "refund.intent", Subject: r.RefundNo, Agent: "bench"})
			return err
		})
	})
}

func BenchmarkOpenToFirstPage(b *testing.B) {
	s := filled(b, benchOrders(b))
	path := s.path
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	measure(b, func(int) error {
		s, err := Open(context.Background(), path, Options{})
		if err != nil {
			return err
		}
		if _, err := s.Orders(context.Background(), ledger.Page{Limit: 50}); err != nil {
			return err
		}
		b.StopTimer()
		defer b.StartTimer()
		return s.Close()
	})
}

// BenchmarkList reads windows of the order list under many searches.
func BenchmarkList(b *testing.B) {
	s := filled(b, benchOrders(b))
	n := benchOrders(b)
	number := func(i int) string { return madeUp((i*7919 + 13) % n).OrderNo }
	for _, c := range []struct {
		name string
		text func(i int) string
	}{
		{"first page", func(int) string { return "" }},
		{"exact number", func(i int) string { return "order:" + number(i) }},
		{"user", func(i int) string { return "user:" + madeUp((i*7919+13)%n).UserID }},
		{"status common", func(int) string { return "status:paid" }},
		{"status rare", func(int) string { return "status:unknown,closed" }},
		{"currency", func(int) string { return "currency:KWD" }},
		{"fragment of a number", func(i int) string { no := number(i); return no[len(no)-5:] }},
		{"fragment in everything", func(int) string { return "P17" }},
		{"fragment of old orders", func(int) string { return "P1700" }},
		{"fragment of three", func(i int) string { return fmt.Sprintf("%03d", i*37%1000) }},
		{"fragment in none", func(i int) string { return fmt.Sprintf("x%dq", i) }},
		{"short word", func(int) string { return "P1" }},
		{"whole number", number},
		{"word and status", func(i int) string { return fmt.Sprintf("%03d status:failed", i*37%1000) }},
		{"word and amount order", func(i int) string { return fmt.Sprintf("%03d sort:-amount", i*37%1000) }},
		{"amount", func(int) string { return "amount>=49000 currency:HKD" }},
		{"amount order", func(int) string { return "sort:-amount" }},
		{"user order", func(int) string { return "sort:user" }},
		{"paid order", func(int) string { return "sort:-paid status:failed" }},
		{"open refunds", func(int) string { return "has:pending" }},
		{"refunded", func(int) string { return "refunded:partial status:paid" }},
		{"a month", func(int) string { return "placed:2024-02 status:paid" }},
		{"agent", func(int) string { return "agent:agent7" }},
	} {
		b.Run(c.name, func(b *testing.B) {
			measure(b, func(i int) error {
				q, err := query.ParseOrders(c.text(i), benchStart, time.UTC)
				if err != nil {
					return err
				}
				_, err = s.Orders(context.Background(), ledger.Page{Query: q, Limit: 50})
				return err
			})
		})
	}
}

// BenchmarkMove is a jump to the end, a page back and the return.
func BenchmarkMove(b *testing.B) {
	s := filled(b, benchOrders(b))
	ctx := context.Background()
	measure(b, func(int) error {
		last, err := s.Orders(ctx, ledger.Page{Back: true, Limit: 50})
		if err != nil {
			return err
		}
		_, err = s.Orders(ctx, ledger.Page{Anchor: last[0].ID, Back: true, Limit: 50})
		return err
	})
}

func BenchmarkCount(b *testing.B) {
	s := filled(b, benchOrders(b))
	for _, text := range []string{"", "status:paid", "P17", "424", "status:failed currency:HKD"} {
		q, err := query.ParseOrders(text, benchStart, time.UTC)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("["+text+"]", func(b *testing.B) {
			measure(b, func(int) error {
				_, _, err := s.CountOrders(context.Background(), ledger.Page{Query: q}, 10_000)
				return err
			})
		})
	}
}

// BenchmarkRefundQueue reads the first page of the refund list.
func BenchmarkRefundQueue(b *testing.B) {
	s := filled(b, benchOrders(b))
	measure(b, func(int) error {
		_, err := s.Refunds(context.Background(), ledger.Page{Limit: 50})
		return err
	})
}

// BenchmarkImport stores orders, with the search index.
func BenchmarkImport(b *testing.B) {
	s, err := Open(context.Background(), filepath.Join(b.TempDir(), "private", "ledger.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	fill(b, s, 0, b.N, false)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}
