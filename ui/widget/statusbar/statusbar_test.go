package statusbar

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func bars() []Bar {
	return []Bar{
		{
			App: text.Literal("paydesk"), Profile: text.Literal("shop-hk"), Brand: text.Literal("Checus"), Env: style.EnvProduction, Lock: text.Literal("read-only"),
			Link: style.LinkLive, Age: text.Literal("12 s"), Pending: 2, Unknown: 1,
		},
		{
			App: text.Literal("paydesk"), Profile: text.Literal("checus-sandbox"), Brand: text.Literal("Checus"), Env: style.EnvSandbox,
			Link: style.LinkWait, Age: text.Literal("5 min"),
		},
		{
			App: text.Literal("paydesk"), Profile: text.Clean("a-very-long-profile-name-of-a-shop-退款"), Brand: text.Literal("PayerMax"), Env: style.EnvTest,
			Lock: text.Literal("unlocked 4 min"), Link: style.LinkDown, Age: text.Literal("47 h"), Pending: 12345, Unknown: 678,
		},
		{App: text.Literal("paydesk")},
		{
			App: text.Literal("paydesk"), Profile: text.Literal("shop-hk"), Brand: text.Literal("Checus"), Env: style.EnvSandbox, Link: style.LinkLive, Age: text.Literal("12 s"),
			Callbacks: text.Literal("callbacks on"), CallbacksTone: style.Muted,
		},
		{
			App: text.Literal("paydesk"), Profile: text.Literal("shop-hk"), Brand: text.Literal("Checus"), Env: style.EnvSandbox, Link: style.LinkLive, Age: text.Literal("12 s"),
			Callbacks: text.Literal("callbacks off: port taken"), CallbacksBrief: text.Literal("callbacks off"), CallbacksTone: style.Warning,
		},
	}
}

func TestLine(t *testing.T) {
	st := styletest.Plain(t)
	var views []string
	for _, width := range []int{140, 100, 80, 60, 40} {
		for _, b := range bars() {
			line := Line(st, b, width)
			styletest.RequireSize(t, line, width, 1)
			views = append(views, line)
		}
	}
	styletest.Golden(t, strings.Join(views, "\n"))
}

// The product's promise: these are always visible from 60 cells up.
func TestNothingThatMattersIsEverDropped(t *testing.T) {
	st := styletest.Plain(t)
	for width := 60; width <= 160; width++ {
		line := ansi.Strip(Line(st, bars()[0], width))
		for _, must := range []string{"shop-hk", "PRODUCTION", "●", "12 s", "2 ", "1 "} {
			if !strings.Contains(line, must) {
				t.Errorf("at %d: %q is missing in %q", width, must, line)
			}
		}
	}
}
