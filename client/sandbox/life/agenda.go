package life

import (
	"container/heap"
	"sync"
	"time"
)

// jobKind is what a job is about.
type jobKind uint8

const (
	orderJob jobKind = iota
	refundJob
	noticeJob
)

// job says that a record wants to be looked at. The record itself says whether
// anything is to be done; a job too many does no harm.
type job struct {
	at          time.Time // the host's clock
	kind        jobKind
	gateway, no string
	id          uint64
}

// agenda is the jobs by time. It is safe for concurrent use.
type agenda struct {
	wake chan struct{}

	mu   sync.Mutex
	jobs jobHeap
}

// longest is how long the engine sleeps at most, for a host clock that jumps.
const longest = time.Minute

func (a *agenda) add(jobs []job) {
	if len(jobs) == 0 {
		return
	}
	a.mu.Lock()
	for _, j := range jobs {
		heap.Push(&a.jobs, j)
	}
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default: // a wake-up is waiting already
	}
}

// due takes the jobs whose time has come.
func (a *agenda) due(now time.Time) []job {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []job
	for len(a.jobs) > 0 && !a.jobs[0].at.After(now) {
		out = append(out, heap.Pop(&a.jobs).(job))
	}
	return out
}

// wait is how long nothing is due.
func (a *agenda) wait(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.jobs) == 0 {
		return longest
	}
	return min(max(a.jobs[0].at.Sub(now), time.Millisecond), longest)
}

// next is when the earliest job is due.
func (a *agenda) next() (at time.Time, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.jobs) == 0 {
		return time.Time{}, false
	}
	return a.jobs[0].at, true
}

// jobHeap implements heap.Interface, the earliest first.
type jobHeap []job

func (h jobHeap) Len() int           { return len(h) }
func (h jobHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h jobHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *jobHeap) Push(x any) { *h = append(*h, x.(job)) }

// Pop implements heap.Interface.
func (h *jobHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
