package app

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
)

// frames counts how often the screen reads differently while time goes by.
func (o *office) frames(d time.Duration) (changed int) {
	last := o.m.View().Content
	for end := time.Now().Add(d); time.Now().Before(end); {
		<-time.After(100 * time.Millisecond)
		o.settle()
		if now := o.m.View().Content; now != last {
			changed, last = changed+1, now
		}
	}
	return changed
}

func TestAtRestNothingIsPainted(t *testing.T) {
	in(t, 140, 40, shopOnly(), filled(30), func(o *office) {
		o.pass(time.Second)
		if got := o.frames(10 * time.Minute); got != 0 {
			t.Errorf("%d changes in ten minutes at rest, want none", got)
		}
		o.press("a") // ask: from here on there is an age, and a notice that goes
		o.pass(2 * time.Second)
		if got := o.frames(time.Minute); got > 62 {
			t.Errorf("%d changes in the first minute, want one a second at most", got)
		}
		if got := o.frames(10 * time.Minute); got > 11 {
			t.Errorf("%d changes in the next ten minutes, want one a minute at most", got)
		}
	})
}

func TestCountdownsTickOnlyWhileTheyAreSeen(t *testing.T) {
	with := func(o *office, svc *Services) {
		o.fill(30)
		svc.Look = nil // nothing is asked, so the header has no age
	}
	in(t, 80, 24, shopOnly(), with, func(o *office) {
		o.press("2")
		o.pass(time.Second)
		o.sees("in 11 s")
		o.pass(5 * time.Second)
		o.sees("in 6 s")
		o.press("1")
		o.pass(time.Second)
		if got := o.frames(30 * time.Second); got != 0 {
			t.Errorf("%d changes on the page of orders, want none", got)
		}
		o.press("2")
		o.pass(40 * time.Second)
		o.sees("asking now")
	})
}

func TestNewsOfAnotherProcessIsShownAndTheCursorStays(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(30), func(o *office) {
		o.press("down", "down")
		before, _ := o.m.orders.Current()
		o.put(func(tx ledger.Tx) error {
			row := order(0)
			row.OrderNo, row.CreatedAt = "P-NEWEST", began.Add(time.Minute)
			_, err := tx.PutOrder(row)
			return err
		})
		o.feed.Publish(feed.Change{Kind: feed.All})
		o.pass(time.Second)
		o.sees("P-NEWEST", "31")
		if now, _ := o.m.orders.Current(); now.OrderNo != before.OrderNo {
			t.Errorf("the cursor went from %s to %s", before.OrderNo, now.OrderNo)
		}
	})
}

// covers F20
func TestAStormOfNewsIsDrawnInAFewFrames(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(30), func(o *office) {
		stop := time.Now().Add(2 * time.Second)
		reads := 0
		for time.Now().Before(stop) {
			for i := range 20 {
				o.feed.Publish(feed.Change{Kind: feed.Refunds, Profile: shop, No: fmt.Sprint(i)})
			}
			<-time.After(time.Millisecond)
			o.settle()
			reads++
		}
		if got := o.m.live.batches; got > 60 {
			t.Errorf("%d batches of news in two seconds of storm (%d publishings), want 50 at most", got, reads)
		}
	})
}

func TestJumpsAndTheWayBack(t *testing.T) {
	in(t, 100, 30, shopOnly(), filled(30), func(o *office) {
		o.press("down", "down", "down", "o") // the order with the unknown refund
		o.sees(`/ order:"P1642410680162"`, "? unknown")
		o.press("o") // back to the order by itself
		o.sees("P1642410680162")
		o.press("esc", "esc")
		if o.m.page().Scope() != "orders" {
			t.Errorf("on %s", o.m.page().Scope())
		}
		o.press("4", "enter") // from a journal line to its subject
		if got := o.m.page().Scope(); got != "refunds" {
			t.Errorf("enter in the journal went to %s", got)
		}
		o.press("esc")
		if got := o.m.page().Scope(); got != "activity" {
			t.Errorf("esc went to %s", got)
		}
	})
}

func TestAJumpIntoAnotherProfileChangesToIt(t *testing.T) {
	with := func(o *office, _ *Services) {
		o.fill(3)
		o.put(func(tx ledger.Tx) error {
			_, err := tx.Append(ledger.Event{At: began, Profile: "play", Kind: "order.looked-up", Subject: "X", Agent: "ada"})
			return err
		})
	}
	in(t, 100, 30, []desk.Profile{shopProfile(), sandboxProfile()}, with, func(o *office) {
		o.press("p", "up", "enter")
		o.sees("all profiles", "PRODUCTION")
		o.press("p", "down", "down", "enter")
		o.sees("play · PayerMax   SANDBOX", "No orders yet.")
		o.press("p", "up", "enter", "4")
		o.sees("shop-hk")
	})
}

func TestPaging(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(700), func(o *office) {
		o.press("end")
		o.pass(time.Second)
		last, _ := o.m.orders.Current()
		if last.OrderNo != order(699).OrderNo {
			t.Errorf("end is %s, want %s", last.OrderNo, order(699).OrderNo)
		}
		o.sees("700")
		for range 60 {
			o.press("pgup")
		}
		first, _ := o.m.orders.Current()
		if first.OrderNo != order(0).OrderNo {
			t.Errorf("paging up ended at %s", first.OrderNo)
		}
		seen := map[string]bool{first.OrderNo: true}
		for range 699 {
			o.press("down")
			at, _ := o.m.orders.Current()
			if seen[at.OrderNo] {
				t.Fatalf("%s comes twice", at.OrderNo)
			}
			seen[at.OrderNo] = true
		}
		if len(seen) != 700 {
			t.Errorf("%d orders seen, want all", len(seen))
		}
	})
}

func TestTypingIsNeverLostAndTheLastSearchWins(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(200), func(o *office) {
		o.press("/")
		for _, r := range "user:U-2039" { // without waiting for any answer
			o.send(key(string(r)))
		}
		o.settle()
		o.pass(time.Second)
		o.sees("/ user:U-2039", "3 of 200", "U-2039")
		o.seesNot("U-2041")
		o.press("esc") // as it was before
		o.pass(time.Second)
		o.sees("200", "U-2041")
	})
}

func TestAPasteIsTextForTheSearchAndNothingElse(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(10), func(o *office) {
		o.paste("R\nq")
		o.seesNot("Refund P")
		o.press("/")
		o.paste("P1642410680508\r\n")
		o.pass(time.Second)
		o.sees("/ P1642410680508", "1 of 10")
	})
}

func TestMouse(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(30), func(o *office) {
		o.send(tea.MouseClickMsg{X: 20, Y: 6, Button: tea.MouseLeft}) // third row: banner, search and titles stand above
		o.settle()
		if at, _ := o.m.orders.Current(); at.OrderNo != order(1).OrderNo {
			t.Errorf("a click chose %s\n%s", at.OrderNo, o.screen())
		}
		o.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
		o.settle()
		if at, _ := o.m.orders.Current(); at.OrderNo != order(4).OrderNo {
			t.Errorf("the wheel chose %s", at.OrderNo)
		}
		o.send(tea.MouseClickMsg{X: 15, Y: 1, Button: tea.MouseLeft})
		o.settle()
		if got := o.m.page().Scope(); got != "refunds" {
			t.Errorf("a click on the tab opened %s", got)
		}
	})
}

func TestMarksAndCopy(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(5), func(o *office) {
		o.press("y")
		o.sees("Copy", "order number", "P1642410680681")
		o.press("enter")
		o.sees("order number sent to the terminal's clipboard: P1642410680681")
		o.press("space", "space", "y")
		o.sees("2 marked order numbers sent to the terminal's clipboard")
		if len(o.wrote) != 2 || !strings.Contains(o.wrote[1], "P1642410680681 P1642410680508") {
			t.Errorf("clipboard %q", o.wrote)
		}
	})
}

func TestWelcome(t *testing.T) {
	in(t, 80, 24, nil, nil, func(o *office) {
		o.sees("Welcome to paydesk", "paydesk demo", "paydesk profile add")
		o.press("2", "/", "R", "enter", "down")
		o.sees("Welcome to paydesk")
		o.press("q")
		if !o.quit {
			t.Error("q does not quit")
		}
	})
}

func TestAWindowThatIsTooSmallSaysSo(t *testing.T) {
	in(t, 59, 15, shopOnly(), filled(5), func(o *office) {
		o.sees("needs a window of 60×16; this one is 59×15")
		o.press("R", "down")
		o.send(tea.WindowSizeMsg{Width: 60, Height: 16})
		o.settle()
		o.seesNot("Refund P1642410680681", "needs a window")
	})
}

func TestResizeStormKeepsEverythingInShape(t *testing.T) { // covers F25
	in(t, 80, 24, shopOnly(), filled(60), func(o *office) {
		for _, open := range []string{"", "R", "?", "2", "4"} {
			if open != "" {
				o.press(open)
			}
			for w := 60; w < 200; w += 7 {
				o.send(tea.WindowSizeMsg{Width: w, Height: 16 + w%30})
				o.safe(fmt.Sprintf("%q at %d columns", open, w))
			}
			o.press("esc")
		}
	})
}

func TestAPanicEndsTheConsoleAndIsTold(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(3), func(o *office) {
		o.m.tabs[0].page = nil
		o.send(key("down"))
		o.settle()
		if !o.quit {
			t.Fatal("the console goes on")
		}
		err := o.m.ended(context.Background(), nil)
		if client.ClassOf(err) != client.ClassBug {
			t.Errorf("the end is %v", err)
		}
		o.m.crash, o.m.tabs[0].page = nil, o.m.orders
	})
}
