package sim_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"paydesk/state/desk/moves"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
)

var (
	oneSeed      = flag.String("seed", "", "run this one seed and print its log (PAYDESK_SIM_SEED likewise)")
	mostFailures = flag.Int64("failures", 5, "after how many failing seeds the rest is left out")
)

// The seeds of one run of the tests. Under the race detector, which makes them
// thirty times slower, only a few are run: nothing here runs beside anything else.
const (
	manySeeds  = 10_000
	shortSeeds = 500
	raceSeeds  = 60
)

// oftenPassed is how often a step is passed that chance must have killed at.
const oftenPassed = 1000

// seeds is how many seeds are to be run.
func seeds(t *testing.T) uint64 {
	if text := os.Getenv("PAYDESK_SIM_SEEDS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("PAYDESK_SIM_SEEDS is %q; right is a number", text)
		}
		return n
	}
	switch {
	case raceEnabled:
		return raceSeeds
	case testing.Short():
		return shortSeeds
	}
	return manySeeds
}

// workshop is where ledgers are made: in memory where the system has such a
// place, because each seed needs fresh ones.
type workshop struct{ dir string }

func newWorkshop(t *testing.T) workshop {
	t.Helper()
	parent := t.TempDir()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		if dir, err := os.MkdirTemp("/dev/shm", "paydesk-sim-"); err == nil {
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			parent = dir
		}
	}
	shop := workshop{dir: parent}
	store, err := sqlite.Open(context.Background(), shop.model(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return shop
}

func (s workshop) model() string { return filepath.Join(s.dir, "model.db") }

// mostInBatch is how many seeds use the same ledger files, one after the other.
const mostInBatch = 64

// run runs seeds one after the other in one bubble, on ledgers of their own, and
// cleans up behind them.
func (s workshop) run(t *testing.T, seeds ...uint64) (all []outcome) {
	dir, err := os.MkdirTemp(s.dir, "seeds-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	defer func() {
		if cause := recover(); cause != nil {
			t.Errorf("one of the seeds %v panicked", seeds)
			panic(cause)
		}
	}()
	synctest.Test(t, func(*testing.T) {
		var files []*file
		for _, seed := range seeds {
			o := simulate(seed, func(i int) (*file, error) {
				for len(files) <= i {
					f, err := newFile(dir, fmt.Sprintf("L%d", len(files)+1), s.model())
					if err != nil {
						return nil, err
					}
					files = append(files, f)
				}
				return files[i], nil
			})
			all = append(all, o)
			if o.bad != nil {
				break
			}
		}
		for _, f := range files {
			if err := f.finish(); err != nil {
				t.Errorf("after the seeds %v: %v", seeds, err)
			}
		}
	})
	return all
}

// finish verifies the whole journal of a ledger once more and closes it.
func (f *file) finish() error {
	if f.handle == nil {
		return nil
	}
	lines, err := ledger.VerifyJournal(context.Background(), f.handle)
	if err == nil && lines != f.seq {
		err = fmt.Errorf("sim: %d lines of %d are whole", lines, f.seq)
	}
	return errors.Join(err, f.handle.Close())
}

// TestSimulation runs the seeds.
// covers F1 F2 F3 F5 F6 F7 F8 F9 F10 F11 F12 F13 F14 F15 F16 F19 F26 F28 I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I12 I13
func TestSimulation(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	shop := newWorkshop(t)
	if text := *oneSeed + os.Getenv("PAYDESK_SIM_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("seed %q; right is a number", text)
		}
		o := shop.run(t, seed)[0]
		t.Logf("\n%s", o.log)
		if o.bad != nil {
			t.Errorf("seed %d: %s", seed, o.bad)
		}
		return
	}
	total, begin := newTally(), time.Now()
	var mu sync.Mutex
	var next atomic.Uint64
	var failures atomic.Int64
	many := seeds(t)
	batch := min(mostInBatch, 1+many/uint64(4*runtime.GOMAXPROCS(0)))
	t.Run("seeds", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("worker", func(t *testing.T) {
				t.Parallel()
				for first := next.Add(batch) - batch + 1; first <= many && failures.Load() < *mostFailures; first = next.Add(batch) - batch + 1 {
					var list []uint64
					for seed := first; seed < first+batch && seed <= many; seed++ {
						list = append(list, seed)
					}
					for len(list) > 0 { // a failing seed leaves the others without ledgers
						done := shop.run(t, list...)
						list = list[len(done):]
						for _, o := range done {
							if o.bad != nil {
								failures.Add(1)
								shop.report(t, o)
							}
							mu.Lock()
							total.add(o.tally)
							mu.Unlock()
						}
					}
				}
			})
		}
	})
	summary(t, many, total, time.Since(begin))
}

// report prints what is known of a failing seed, and whether it fails again when
// it is alone with its ledgers.
func (s workshop) report(t *testing.T, o outcome) {
	again := s.run(t, o.seed)[0]
	same := "the same again"
	if !bytes.Equal(o.log, again.log) {
		same = "differently when run alone: " + difference(o.log, again.log)
	}
	t.Errorf("seed %d: %s\n%s\n%s\nonce more: go test ./state/proof/sim -run TestSimulation -v -seed %d", o.seed, o.bad, tail(o.log), same, o.seed)
}

// tail is the end of a log, which is what a failure is mostly about.
func tail(log []byte) []byte {
	const most = 12_000
	if len(log) <= most {
		return log
	}
	log = log[len(log)-most:]
	return log[bytes.IndexByte(log, '\n')+1:]
}

func summary(t *testing.T, many uint64, sum *tally, took time.Duration) {
	line := fmt.Sprintf("simulation: %d seeds, %d events, %d sends, %d crashes, %d lost answers, %d callbacks, %.1f seconds", many, sum.events, sum.sends,
		sum.crashes, sum.lost, sum.callbacks, took.Seconds())
	fmt.Println(line)
	t.Logf("%d intents, %d looks, %d disk faults, %d seen of other desks, %d reversed, %d cancelled, %d came second, %d cards, %d ledgers lost; passages of steps %v, deaths there %v",
		sum.intents, sum.looks, sum.disk, sum.foreign, sum.reversed, sum.cancelled, sum.second, sum.unbind, sum.losses, sum.steps, sum.killed)
	if many < manySeeds {
		return
	}
	for _, s := range moves.Steps() {
		// Rare steps are killed at in state/proof/real, one by one.
		if sum.killed[s] == 0 && sum.steps[s] > oftenPassed {
			t.Errorf("no process ever died at step %s", s)
		}
	}
}

// TestReplay runs seeds twice, once in company and once alone: the logs must be
// the same, byte for byte.
func TestReplay(t *testing.T) {
	shop := newWorkshop(t)
	list := make([]uint64, mostInBatch)
	if raceEnabled {
		list = list[:8]
	}
	for i := range list {
		list[i] = uint64(i) + 1
	}
	for _, o := range shop.run(t, list...) {
		if again := shop.run(t, o.seed)[0]; !bytes.Equal(o.log, again.log) {
			t.Errorf("seed %d runs differently the second time:\n%s", o.seed, difference(o.log, again.log))
		}
	}
}

// difference is where two logs part.
func difference(a, b []byte) string {
	x, y := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(x), len(y)) {
		if !bytes.Equal(x[i], y[i]) {
			return fmt.Sprintf("line %d\n%s\n%s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}
