package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
)

// many is the size of the ledger that the budgets are measured on here; the
// numbers do not depend on it, only filling takes longer (product: section 8).
const many = 100_000

// bench is a console over a large ledger, driven from one goroutine.
type bench struct {
	*office
	keys    []time.Duration // own work per key: Update and View
	answers []time.Duration // own work per answer
}

func newBench(b *testing.B, width, height int) *bench {
	b.Helper()
	clock := func() time.Time { return began }
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"), sqlite.Options{Clock: clock})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	for at := 0; at < many; at += 5000 {
		err := store.Update(b.Context(), func(tx ledger.Tx) error {
			for i := range 5000 {
				if _, err := tx.PutOrder(order(at + i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	news := &feed.Feed{}
	d := desk.New(desk.Options{
		Store: store, Profiles: shopOnly(), Agent: "ada", Clock: clock, Mono: func() time.Duration { return 0 }, Feed: news,
		Connect: func(context.Context, string) (client.Gateway, error) { return nil, errors.New("no gateway here") },
	})
	ctx, stop := context.WithCancel(b.Context())
	b.Cleanup(stop)
	m, err := New(ctx, Services{Desk: d, Ledger: store, Feed: news, Clock: clock, Loc: time.UTC, Profile: shop})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.live.news.Close)
	x := &bench{office: &office{t: b, m: m, store: store, mail: make(chan tea.Msg, 1<<10)}}
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	m.run("list.first")
	x.do(m.page().Open())
	x.drain(true)
	x.keys, x.answers = nil, nil
	return x
}

// do runs a command and what it leads to in the background.
func (x *bench) do(cmd tea.Cmd) { x.run(cmd) }

// drain handles the answers that are there; with wait it stays until none has
// come for a while.
func (x *bench) drain(wait bool) {
	for {
		select {
		case msg := <-x.mail:
			x.answers = append(x.answers, x.step(msg))
			continue
		default:
		}
		if !wait {
			return
		}
		select {
		case msg := <-x.mail:
			x.answers = append(x.answers, x.step(msg))
		case <-time.After(150 * time.Millisecond):
			return
		}
	}
}

// step measures one Update with its View.
func (x *bench) step(msg tea.Msg) time.Duration {
	start := time.Now()
	_, cmd := x.m.Update(msg)
	_ = x.m.View()
	took := time.Since(start)
	x.do(cmd)
	return took
}

// report tells the 50th and 99th percentile.
func report(b *testing.B, name string, all []time.Duration) {
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(all[min(len(all)*p/100, len(all)-1)].Microseconds()), fmt.Sprintf("µs-p%d/%s", p, name))
	}
}

func BenchmarkKeys(b *testing.B) {
	for _, size := range [][2]int{{80, 24}, {200, 50}} {
		x := newBench(b, size[0], size[1])
		for name, press := range map[string][]string{
			"move": {"down"}, "page": {"pgdown"}, "ends": {"end", "home"}, "type": {"/", "1", "6", "4", "2", "esc"},
		} {
			b.Run(fmt.Sprintf("%s/%dx%d", name, size[0], size[1]), func(b *testing.B) {
				x.keys, x.answers = nil, nil
				for i := 0; b.Loop(); i++ {
					x.keys = append(x.keys, x.step(key(press[i%len(press)])))
					x.drain(false)
				}
				x.drain(true)
				report(b, "key", x.keys)
				report(b, "answer", x.answers)
			})
		}
	}
}

// BenchmarkSearchToScreen measures from the last key of a search until its
// rows are drawn, without the terminal.
func BenchmarkSearchToScreen(b *testing.B) {
	x := newBench(b, 120, 40)
	words := []string{"U-2000", "16424", "····", "VISA", "P164240", "T2026112200000777"}
	x.step(key("/"))
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		x.m.orders.Back()
		x.drain(true)
		word := words[i%len(words)]
		start := time.Now()
		x.step(tea.PasteMsg{Content: word})
		for x.m.orders.Waiting() {
			x.step(<-x.mail)
		}
		took = append(took, time.Since(start))
	}
	report(b, "result", took)
}
