package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

func shopOnly() []desk.Profile { return []desk.Profile{shopProfile()} }

func filled(n int) setup { return func(o *office, _ *Services) { o.fill(n) } }

// pause is longer than the rest that a confirm key needs before it.
const pause = 400 * time.Millisecond

func TestRefundFromTheListToItsEnd(t *testing.T) {
	in(t, 100, 30, shopOnly(), filled(20), func(o *office) {
		o.press("R")
		o.sees("Refund P1642410680681", "refundable 10,000 IDR", "PRODUCTION", "Type 10000 to confirm", "10000 IDR")
		o.press("up", "text:10000") // the field before Cancel
		<-time.After(pause)
		o.press("ctrl+y")
		o.pass(600 * time.Millisecond)
		o.sees("2 Refunds 3", "held", "10,000 IDR of P1642410680681 is held for 10 s; x takes it back", "sent in 9 s")

		o.pass(3 * time.Second)
		o.sees("sent in 6 s")
		o.pass(8 * time.Second)
		o.advance()
		o.seesNot("is held for")
		o.sees("◐ pending")

		o.bank.settle(client.RefundSuccess)
		o.pass(6 * time.Second) // who looks at it has it looked at
		o.sees("10,000 IDR of P1642410680681 refunded")

		// esc goes back to the order, which knows.
		o.press("esc")
		o.sees("P1642410680681", "✓ paid ●")
		o.press("enter")
		o.sees("refunded in full", "refunded — found by asking")
	})
}

func TestARefundCanBeTakenBackWhileItIsHeld(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(5), func(o *office) {
		o.press("R", "up", "text:10000")
		<-time.After(pause)
		o.press("ctrl+y")
		o.sees("x take back")
		o.press("x")
		o.pass(time.Second)
		o.sees("taken back, nothing was sent: 10,000 IDR", "↶ cancelled")
		o.pass(30 * time.Second)
		o.advance()
		if len(o.bank.refunds) != 0 {
			t.Errorf("the bank holds %v", o.bank.refunds)
		}
	})
}

// covers F3
func TestAnUnknownOutcomeExplainsItselfAndSettles(t *testing.T) {
	in(t, 140, 40, shopOnly(), filled(5), func(o *office) {
		o.bank.loses = true
		o.press("R", "up", "text:10000")
		<-time.After(pause)
		o.press("ctrl+y")
		o.pass(11 * time.Second)
		o.advance()
		o.sees("? unknown", "1 unknown", "no believable answer came back", "The gateway is asked about number", "nothing can be paid twice",
			"Do not promise a time", "Do not refund it by another way")
		o.seesNot("refund again")
		o.pass(5 * time.Second)
		o.advance()
		o.sees("◐ pending", "the gateway has it after all")
		if got := len(o.bank.refunds); got != 1 {
			t.Errorf("the bank holds %d refunds, want 1", got)
		}
	})
}

// covers S25 F25
func TestNothingButTypedAmountPauseAndConfirmKeyRefunds(t *testing.T) {
	for name, try := range map[string]func(o *office){
		"enter":        func(o *office) { o.press("R", "enter", "enter", "enter") },
		"held enter":   func(o *office) { o.press("R"); o.press(strings.Split(strings.Repeat("enter ", 40)+"enter", " ")...) },
		"y":            func(o *office) { o.press("R", "y", "y") },
		"at once":      func(o *office) { o.press("R", "up", "text:10000", "ctrl+y") },
		"not typed":    func(o *office) { o.press("R"); <-time.After(pause); o.press("ctrl+y") },
		"other amount": func(o *office) { o.press("R", "up", "text:1000"); <-time.After(pause); o.press("ctrl+y") },
		"ctrl+c":       func(o *office) { o.press("R", "up", "text:10000"); <-time.After(pause); o.press("ctrl+c") },
		"pasted":       func(o *office) { o.press("R", "up"); o.paste("10000\n"); <-time.After(pause); o.press("ctrl+y") },
		"pasted keys":  func(o *office) { o.paste("R\t10000\x19") },
		"unbracketed":  func(o *office) { o.press("R", "up", "text:10000", "ctrl+y", "ctrl+y", "ctrl+y") },
		"clicked": func(o *office) {
			o.press("R", "up", "text:10000")
			o.send(tea.MouseClickMsg{X: 70, Y: 16, Button: tea.MouseLeft})
		},
		"edited after": func(o *office) {
			o.press("R", "up", "text:10000", "up", "text:x")
			<-time.After(pause)
			o.press("ctrl+y")
		},
		"small window": func(o *office) {
			o.press("R", "up", "text:10000")
			o.send(tea.WindowSizeMsg{Width: 50, Height: 12})
			<-time.After(pause)
			o.press("ctrl+y")
		},
		"focus is back": func(o *office) {
			o.press("R", "up", "text:10000")
			<-time.After(pause)
			o.send(tea.FocusMsg{})
			o.press("ctrl+y")
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, 80, 24, shopOnly(), filled(1), func(o *office) {
				try(o)
				o.settle()
				open, err := o.store.OpenRefunds(context.Background(), "")
				if err != nil || len(open) != 0 {
					t.Errorf("refunds %v, %v\n%s", open, err, o.screen())
				}
			})
		})
	}
}

// paste gives the console a bracketed paste.
func (o *office) paste(words string) {
	o.send(tea.PasteMsg{Content: words})
	o.settle()
}

func TestRefusalsAndErrorsStandInTheDialog(t *testing.T) {
	readOnly := shopProfile()
	readOnly.Policy.ReadOnly = true
	in(t, 80, 24, []desk.Profile{readOnly}, filled(3), func(o *office) {
		o.sees("PRODUCTION  read-only")
		o.press("R")
		o.sees("profile shop-hk is read-only", "unlock it for a limited time")
		o.press("esc")
		o.bank.fail = &client.Error{Class: client.ClassNotSent, Code: "refused", Message: "connection refused", Hint: "check the network"}
		o.press("down", "R")
		o.sees("not sent: connection refused", "check the network")
		o.press("esc")
		o.sees("shop-hk: cannot be reached", "✗ offline")
	})
}

func TestUnlockingWantsTheNameTypedAndIsCountedDown(t *testing.T) {
	readOnly := shopProfile()
	readOnly.Policy.ReadOnly = true
	in(t, 100, 24, []desk.Profile{readOnly}, filled(3), func(o *office) {
		o.press("U", "up", "text:shop-h")
		<-time.After(pause)
		o.press("ctrl+y")
		o.sees("read-only", "type shop-hk first")
		o.press("text:k")
		<-time.After(pause)
		o.press("ctrl+y")
		o.sees("unlocked 15 min", "shop-hk is unlocked for 15 min")
		o.pass(5*time.Minute + 30*time.Second)
		o.sees("unlocked 9 min")
		o.press("U")
		o.sees("PRODUCTION  read-only", "read-only again")
		o.press("U", "up", "text:shop-hk")
		<-time.After(pause)
		o.press("ctrl+y")
		o.pass(16 * time.Minute)
		o.sees("PRODUCTION  read-only")
	})
}

func TestLookUp(t *testing.T) {
	in(t, 100, 24, shopOnly(), filled(3), func(o *office) {
		stranger := order(500).Order
		stranger.OrderNo = "PO-NEW"
		o.bank.orders["PO-NEW"] = stranger
		o.press("L")
		o.sees("Look up at Checus")
		o.paste("PO-NEW\n")
		o.press("enter")
		o.sees("PO-NEW paid", "found at the gateway by order number", "▌")
		if got, ok := o.m.orders.Current(); !ok || got.OrderNo != "PO-NEW" {
			t.Errorf("the cursor is on %q", got.OrderNo)
		}
		o.press("L", "text:nobody", "enter")
		o.sees("look up · not found · Checus knows no order \"nobody\"", "n details", "esc dismiss")
		o.pass(time.Hour) // it stays until it is dismissed
		o.sees("knows no order")
		o.press("n")
		o.sees("What went wrong", "what to do", "paydesk order import")
		o.press("esc")
		o.seesNot("knows no order")
	})
}

// covers F28
func TestUnbindACard(t *testing.T) {
	in(t, 100, 24, shopOnly(), filled(3), func(o *office) {
		o.press("u") // the user of the first order
		o.sees("U-2041", "VISA ·4242", "MC ·5556", "shop-hk lists 2 cards of U-2041")
		o.press("X", "up", "text:4242")
		<-time.After(pause)
		o.press("ctrl+y")
		o.sees("◑ unbinding", "unbinding a card of U-2041")
		o.press("1") // elsewhere
		o.advance()
		o.sees("the card of U-2041 is unbound, the gateway confirms it")
		o.press("3")
		o.sees("⊘ removed")
		o.press("X")
		o.sees("not now: the card is unbound already")
	})
}

func TestAStaleIntentWaitsForRenewedConsent(t *testing.T) {
	with := func(o *office, _ *Services) {
		o.fill(5)
		o.put(func(tx ledger.Tx) error {
			row, err := tx.Order(shop, order(0).OrderNo)
			if err != nil {
				return err
			}
			made := began.Add(-time.Hour)
			_, err = tx.InsertRefund(ledger.Refund{
				Refund:  client.Refund{RefundNo: client.RefundNo("payermax", "M1", row.OrderNo, 1), OrderNo: row.OrderNo, Amount: row.Amount, Status: client.RefundIntent},
				OrderID: row.ID, Profile: shop, Gateway: "payermax", Merchant: "M1", Attempt: 1, Alert: "confirm", CreatedAt: made, ConfirmedAt: made, UpdatedAt: made,
			})
			return err
		})
	}
	in(t, 100, 30, shopOnly(), with, func(o *office) {
		o.sees("1 refund needs a look")
		o.press("2")
		o.sees("confirm it")
		o.press("S")
		o.sees("not now: it does not wait for you")
		o.press("down", "S")
		o.sees("Confirm the refund of P1642410680681", "Decided 1 h ago; nothing was sent.", "Type 10000 to confirm")
		o.press("up", "text:10000")
		<-time.After(pause)
		o.press("ctrl+y")
		o.sees("confirmed, being sent")
		o.advance()
		o.sees("◐ pending")
	})
}

func TestQuitAsksOnlyWhenSomethingIsDecidedAndNotSent(t *testing.T) {
	in(t, 80, 24, shopOnly(), filled(3), func(o *office) {
		o.press("R", "up", "text:10000")
		<-time.After(pause)
		o.press("ctrl+y")
		o.pass(time.Second)
		o.press("q")
		o.sees("Quit now?", "1 refund is decided and not sent yet.")
		o.press("enter") // on Stay
		if o.quit {
			t.Fatal("enter quit")
		}
		o.pass(12 * time.Second)
		o.advance()
		o.pass(time.Second)
		o.press("ctrl+c")
		if !o.quit {
			t.Errorf("ctrl+c did not quit\n%s", o.screen())
		}
	})
}

func TestEveryErrorOfTheLedgerIsShown(t *testing.T) {
	with := func(o *office, svc *Services) {
		o.fill(3)
		svc.Health = func() ledger.Health { return ledger.Health{Reason: "the disk is full"} }
	}
	in(t, 80, 24, shopOnly(), with, func(o *office) { // covers F16 I14
		o.sees("Nothing can be refunded: the disk is full. Reading works.", "P1642410680681")
	})
}

func TestNotices(t *testing.T) {
	with := func(_ *office, svc *Services) { svc.Notices = []string{"theme x.toml: line 3"} }
	in(t, 80, 24, shopOnly(), with, func(o *office) {
		o.sees("theme x.toml: line 3")
		o.m.Fail(o.m.tabs[0].title, errors.New("plain"))
		o.sees("Orders · unexpected failure · plain")
		o.press("esc", "n")
		o.sees("Notices, the newest first", "theme x.toml: line 3", "Orders: plain")
	})
}
