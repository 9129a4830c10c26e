package app

import (
	"fmt"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"paydesk/state/desk"
)

// screens are the views that must be whole and readable at every size, each
// with the keys that lead to it.
func screens() map[string][]string {
	return map[string][]string{
		"orders":          nil,
		"orders_detail":   {"down", "down", "down", "enter"},
		"orders_search":   {"/", "text:status:paid amount>=100"},
		"orders_fault":    {"/", "text:stat:paid", "enter"},
		"orders_none":     {"/", "text:nobody", "enter"},
		"refund_dialog":   {"R"},
		"refunds":         {"2"},
		"refunds_unknown": {"2", "down", "enter"},
		"tokens":          {"3"},
		"tokens_unbind":   {"3", "X"},
		"activity":        {"4"},
		"help":            {"?"},
		"palette":         {":", "text:ref"},
		"profile":         {"p"},
		"notices":         {"n"},
		"columns":         {"c"},
		"gateway":         {"w"},
	}
}

func TestScreens(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {140, 40}} {
		for name, keys := range screens() {
			t.Run(fmt.Sprintf("%s_%dx%d", name, size[0], size[1]), func(t *testing.T) {
				profiles := []desk.Profile{shopProfile(), sandboxProfile()}
				in(t, size[0], size[1], profiles, func(o *office, _ *Services) { o.fill(60) }, func(o *office) {
					o.press(keys...)
					o.pass(time.Second)
					golden.RequireEqual(t, o.screen())
				})
			})
		}
	}
}
