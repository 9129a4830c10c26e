package app

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/feed"
)

// ear is how callbacks arrive in a test.
type ear struct {
	mu    sync.Mutex
	state Callbacks
	shown int
}

func (e *ear) hears() Callbacks {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// say changes the state and tells the console.
func (e *ear) say(o *office, change func(*Callbacks)) {
	e.mu.Lock()
	change(&e.state)
	e.mu.Unlock()
	o.feed.Publish(feed.Change{Kind: feed.Link})
	o.pass(time.Second)
}

const secretPart = "CANARYkz5Y9mJw0bqQdC8h3vX1rT6uN2sLpEaFgHiK4"

// arriving is a console that receives for both profiles.
func arriving() (*ear, setup) {
	e := &ear{state: Callbacks{At: "127.0.0.1:8787"}}
	for _, p := range []desk.Profile{shopProfile(), sandboxProfile()} {
		e.state.Profiles = append(e.state.Profiles, Callback{
			Profile: p.Name, On: true, Public: true, Shown: "https://hooks.shop.example/callback/•••",
			Address: func() string { return "https://hooks.shop.example/callback/" + p.Name + secretPart },
		})
	}
	return e, func(o *office, svc *Services) {
		o.fill(20)
		svc.Callbacks, svc.Shown = e.hears, func() { e.mu.Lock(); e.shown++; e.mu.Unlock() }
	}
}

func both() []desk.Profile { return []desk.Profile{shopProfile(), sandboxProfile()} }

func portTaken() error {
	return &client.Error{Class: client.ClassConfig, Code: "port-taken", Message: "another program listens on 127.0.0.1:8787 already", Hint: "choose a free port"}
}

// covers I14
func TestHowCallbacksArriveIsOnScreen(t *testing.T) {
	e, with := arriving()
	in(t, 140, 40, both(), with, func(o *office) {
		if e.shown != 1 {
			t.Errorf("the first frame was told %d times", e.shown)
		}
		o.sees("callbacks on")
		taken := portTaken()
		e.say(o, func(s *Callbacks) {
			s.At, s.Why, s.Err = "", "port taken", taken
			for i := range s.Profiles {
				s.Profiles[i].On = false
			}
		})
		o.sees("callbacks off: port taken", "callbacks are off: another program listens on 127.0.0.1:8787 already · refunds are settled by asking")
		o.press("n")
		o.sees("callbacks are off")
		o.press("esc")
		o.press("1") // everything else works
		e.say(o, func(s *Callbacks) {
			s.At, s.Why, s.Err = "127.0.0.1:8787", "", nil
			s.Profiles[0].On = true
			s.Profiles[1].On, s.Profiles[1].Why = false, "key missing"
			s.Profiles[1].Err = &client.Error{Class: client.ClassKeyring, Code: "not-found", Message: "profile box has no callback_secret", Hint: "store it"}
		})
		o.sees("callbacks on", "callbacks of "+sandboxProfile().Name+" are off: profile box has no callback_secret")
		o.press("p", "up", "enter") // all profiles
		o.sees("callbacks on for 1 of 2")
		o.send(tea.WindowSizeMsg{Width: 84, Height: 24})
		o.settle()
		o.sees("callbacks 1/2", "1 pending")
	})
}

// Where they arrive is listed for each profile; the secret part of an address is
// never shown, and copied on a key press alone. covers S6 S8
func TestCallbackAddressesAreCopiedAndNeverShown(t *testing.T) {
	e, with := arriving()
	in(t, 100, 30, both(), with, func(o *office) {
		o.press(":", "text:where callbacks", "enter")
		o.sees("Where callbacks arrive", "Received at 127.0.0.1:8787", "https://hooks.shop.example/callback/•••", "0 accepted, 0 repeated, 0 refused, 0 not kept")
		e.say(o, func(s *Callbacks) { s.Profiles[0].Accepted, s.Profiles[0].Refused, s.Strangers = 3, 2, 4 })
		o.sees("3 accepted, 0 repeated, 2 refused", "4 requests, answered with 404")
		o.press("y")
		o.sees("Copy which address?")
		if len(o.wrote) > 0 {
			t.Errorf("on the clipboard before it was asked for: %q", o.wrote)
		}
		o.press("down", "enter")
		want := "https://hooks.shop.example/callback/" + sandboxProfile().Name + secretPart
		if len(o.wrote) != 1 || o.wrote[0] != want {
			t.Errorf("on the clipboard: %q", o.wrote)
		}
		o.press("esc")
		o.sees("callback address of " + sandboxProfile().Name + " sent to the terminal's clipboard")
		o.press("n")
		o.seesNot("CANARY")
	})
	in(t, 100, 30, shopOnly(), with, func(o *office) {
		e.say(o, func(s *Callbacks) { s.Profiles = s.Profiles[:1] })
		o.press(":", "text:where callbacks", "enter", "y")
		if len(o.wrote) != 1 || !strings.HasSuffix(o.wrote[0], shop+secretPart) {
			t.Errorf("on the clipboard: %q", o.wrote)
		}
		o.seesNot("CANARY")
	})
}

// A console that receives none says so where it is looked for.
func TestNoCallbacksHere(t *testing.T) {
	in(t, 140, 40, shopOnly(), filled(3), func(o *office) {
		o.seesNot("callbacks")
		o.press(":", "text:where callbacks")
		o.sees("this console receives none")
	})
}

func TestCallbackScreens(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {140, 40}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			e, with := arriving()
			e.state.Profiles[0].Accepted, e.state.Profiles[0].Repeated = 12, 1
			e.state.Profiles[1].On, e.state.Profiles[1].Shown = false, ""
			e.state.Profiles[1].Err = &client.Error{Class: client.ClassKeyring, Code: "locked", Message: "the keyring is locked", Hint: "unlock it"}
			in(t, size[0], size[1], both(), with, func(o *office) {
				o.press(":", "text:where callbacks", "enter")
				o.pass(time.Second)
				golden.RequireEqual(t, o.screen())
			})
		})
	}
}
