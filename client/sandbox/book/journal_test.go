package book

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

// weak is a disk that notes down what is done to it, and that can fail.
type weak struct {
	disk
	done     []string
	half     bool // the next write stops half way
	stuck    bool // what was written cannot be taken back
	unsynced bool // syncing fails
}

var errDisk = errors.New("no space left on device")

func (w *weak) Write(p []byte) (int, error) {
	w.done = append(w.done, "write")
	if w.half {
		n, _ := w.disk.Write(p[:len(p)/2])
		return n, errDisk
	}
	return w.disk.Write(p)
}

func (w *weak) Sync() error {
	w.done = append(w.done, "sync")
	if w.unsynced {
		return errDisk
	}
	return w.disk.Sync()
}

func (w *weak) Truncate(size int64) error {
	if w.stuck {
		return errDisk
	}
	return w.disk.Truncate(size)
}

// openWeak opens a new book on a weak disk.
func openWeak(t *testing.T) (b *Book, w *weak, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "book.ndjson")
	if err := Create(path, []Entry{{Why: "past"}}); err != nil {
		t.Fatal(err)
	}
	b, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	w = &weak{disk: b.journal.file}
	b.journal.file = w
	return b, w, path
}

func putOrder(b *Book, no string) error {
	return b.Update(time.Time{}, "order", func(tx *Tx) error { tx.PutOrder(Order{OrderNo: no}); return nil })
}

func orderNos(b *Book) (nos []string) {
	b.View(func(s *State) {
		for _, o := range s.Orders() {
			nos = append(nos, o.OrderNo)
		}
	})
	return nos
}

// TestDecisionIsOnDiskBeforeItIsKnown shows the order of things: written,
// synced, and only then seen by anybody.
func TestDecisionIsOnDiskBeforeItIsKnown(t *testing.T) {
	b, w, _ := openWeak(t)
	defer func() { _ = b.Close() }()
	b.Watch(func(Entry) { w.done = append(w.done, "known") })
	if err := putOrder(b, "A1"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.done, " "); got != "write sync known" {
		t.Errorf("order of things: %s", got)
	}
}

// TestFullDiskIsNoDecision covers F16 for the sandbox's own book: nothing is
// decided, and once there is room it goes on.
func TestFullDiskIsNoDecision(t *testing.T) {
	for _, fill := range []func(*weak){func(w *weak) { w.half = true }, func(w *weak) { w.unsynced = true }} {
		b, w, path := openWeak(t)
		fill(w)
		if err := putOrder(b, "A1"); client.ClassOf(err) != client.ClassStorage || len(orderNos(b)) != 0 {
			t.Fatalf("error %v, orders %v", err, orderNos(b))
		}
		// Taking the failed line back needs a sync that works.
		w.half, w.unsynced = false, false
		err := putOrder(b, "A2")
		if b.broken == nil && err != nil {
			t.Fatalf("with room again: %v", err)
		}
		_ = b.Close()
		again, err2 := Open(path)
		if err2 != nil {
			t.Fatal(err2)
		}
		if got := orderNos(again); (err == nil && len(got) != 1) || (err == nil && got[0] != "A2") {
			t.Errorf("after a restart: %v", got)
		}
		_ = again.Close()
	}
}

// TestBookStaysShutOnceDamaged shows that no decision is written behind half a
// line that could not be taken back.
func TestBookStaysShutOnceDamaged(t *testing.T) {
	b, w, path := openWeak(t)
	w.half, w.stuck = true, true
	if err := putOrder(b, "A1"); client.ClassOf(err) != client.ClassStorage {
		t.Fatalf("error %v", err)
	}
	w.half, w.stuck = false, false
	if err := putOrder(b, "A2"); client.ClassOf(err) != client.ClassStorage || len(orderNos(b)) != 0 {
		t.Errorf("a damaged book took a decision: %v", err)
	}
	_ = b.Close()
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if got := orderNos(again); len(got) != 0 {
		t.Errorf("after a restart: %v", got)
	}
}
