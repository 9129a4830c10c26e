package fault

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
)

// Set is the faults in force. It is safe for concurrent use. With the same
// seed and the same order of calls the same calls are struck.
type Set struct {
	seed uint64

	mu    sync.Mutex
	armed []*armed
}

// armed is a fault with what is left of it.
type armed struct {
	Fault
	left   int
	random *rand.Rand
}

// NewSet arms the faults.
func NewSet(seed uint64, faults []Fault) *Set {
	s := &Set{seed: seed}
	s.Replace(faults)
	return s
}

// Replace puts other faults in force; counts and chances start afresh.
func (s *Set) Replace(faults []Fault) {
	list := make([]*armed, len(faults))
	for i, f := range faults {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(f.text)) // never fails
		list[i] = &armed{Fault: f, left: f.Count, random: rand.New(rand.NewPCG(s.seed, sum.Sum64()+uint64(i)))}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = list
}

// Texts lists the faults in force as they were written.
func (s *Set) Texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, len(s.armed))
	for i, a := range s.armed {
		out[i] = a.text
	}
	return out
}

// Strike asks whether a fault of this kind strikes this operation now, and
// uses one of its times up. Asking is what counts: ask only where the fault
// can be committed.
func (s *Set) Strike(gateway, operation string, kind Kind) (Fault, bool) {
	return s.StrikeIf(gateway, operation, kind, nil)
}

// StrikeIf is Strike among the faults that are fit.
func (s *Set) StrikeIf(gateway, operation string, kind Kind, fit func(Fault) bool) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.armed {
		if a.Kind != kind || (a.Gateway != "" && a.Gateway != gateway) || (a.Operation != operation && a.Operation != OpAny) {
			continue
		}
		if (fit == nil || fit(a.Fault)) && a.fires() {
			return a.Fault, true
		}
	}
	return Fault{}, false
}

func (a *armed) fires() bool {
	switch {
	case a.Always:
		return true
	case a.Count > 0:
		a.left--
		return a.left >= 0
	default:
		return a.random.IntN(million) < a.Rate
	}
}
