package protocol

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"paydesk/client"
)

// ErrSilent says that a gateway sends no callback for this state.
var ErrSilent = errors.New("the gateway sends no callback for this state")

// Switch is one point on which a gateway's documentation leaves room, and how
// it is decided.
type Switch struct {
	Name    string   `json:"name"`
	Default string   `json:"default"`
	Values  []string `json:"values"` // empty: a whole number
	Help    string   `json:"help"`
}

// Switches holds the switches of one gateway. It is safe for concurrent use.
type Switches struct {
	list []Switch

	mu  sync.RWMutex
	set map[string]string
}

// NewSwitches starts with every switch at its default.
func NewSwitches(list []Switch) *Switches { return &Switches{list: list, set: map[string]string{}} }

// List is what there is to set.
func (s *Switches) List() []Switch { return slices.Clone(s.list) }

// Has reports whether there is such a switch.
func (s *Switches) Has(name string) bool {
	return slices.ContainsFunc(s.list, func(w Switch) bool { return w.Name == name })
}

// Get is the value of a switch.
func (s *Switches) Get(name string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if value, ok := s.set[name]; ok {
		return value
	}
	for _, w := range s.list {
		if w.Name == name {
			return w.Default
		}
	}
	return ""
}

// Is reports whether a switch has a value.
func (s *Switches) Is(name, value string) bool { return s.Get(name) == value }

// Number is the value of a switch that takes whole numbers.
func (s *Switches) Number(name string) int {
	n, _ := strconv.Atoi(s.Get(name)) // Set has checked it
	return n
}

// Check says what is wrong with a value, as a ClassInput error.
func (s *Switches) Check(name, value string) error {
	i := slices.IndexFunc(s.list, func(w Switch) bool { return w.Name == name })
	if i < 0 {
		return wrongSwitch(fmt.Sprintf("there is no switch %.60q", name), "GET …/switches lists them")
	}
	if w := s.list[i]; len(w.Values) > 0 {
		if !slices.Contains(w.Values, value) {
			return wrongSwitch(fmt.Sprintf("switch %s cannot be %.60q", name, value), "right is "+strings.Join(w.Values, ", "))
		}
		return nil
	}
	if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 1_000_000 {
		return wrongSwitch(fmt.Sprintf("switch %s cannot be %.60q", name, value), "right is a whole number from 0 to 1000000")
	}
	return nil
}

// Set changes one switch. The error is ClassInput.
func (s *Switches) Set(name, value string) error {
	if err := s.Check(name, value); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set[name] = value
	return nil
}

func wrongSwitch(message, hint string) error {
	return &client.Error{Class: client.ClassInput, Code: "switch", Message: message, Hint: hint}
}
