package app

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// branch is the bank with what only some gateways have, and less of the rest.
type branch struct {
	*bank
	can    func(*client.Capabilities)
	rules  map[string]client.RefundRule
	pages  map[client.Day][]client.StatementPage
	broken client.Day // whose second page fails, once

	mu       sync.Mutex
	closed   []string
	loses    bool // the next close is done and its answer lost
	balance  client.Money
	broke    error // of the balance
	listings int
}

func (b *branch) Capabilities() client.Capabilities {
	c := b.bank.Capabilities()
	c.CloseOrder, c.Statement, c.Balance, c.CreateOrder = client.Can(), client.Can(), client.Can(), client.Can()
	c.RefundHardLimit, c.UnsignedAnswers, c.MaxReason = 365*24*time.Hour, true, 200
	if b.can != nil {
		b.can(&c)
	}
	return c
}

func (b *branch) RefundRule(method string) (client.RefundRule, bool) {
	rule, ok := b.rules[method]
	return rule, ok
}

func (b *branch) Tokens(ctx context.Context, user string) (client.TokensAnswer, error) {
	b.mu.Lock()
	b.listings++
	b.mu.Unlock()
	return b.bank.Tokens(ctx, user)
}

func (b *branch) CloseOrder(_ context.Context, no string) (client.OrderAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = append(b.closed, no)
	b.bank.mu.Lock()
	o := b.orders[no]
	o.Status = client.OrderClosed
	b.orders[no] = o
	b.bank.mu.Unlock()
	if b.loses {
		x := client.Exchange{Operation: "close", At: b.clock()}
		return client.OrderAnswer{}, &client.Error{Class: client.ClassUnknown, Code: "no-answer", Message: "the answer was lost", Exchange: &x}
	}
	return client.OrderAnswer{Order: client.Order{OrderNo: no, Status: client.OrderClosed}, Exchange: b.exchange("close", "OK")}, nil
}

func (b *branch) Balance(ctx context.Context) (client.BalanceAnswer, error) {
	select {
	case <-time.After(3 * time.Second):
	case <-ctx.Done():
		return client.BalanceAnswer{}, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return client.BalanceAnswer{Balance: b.balance, Exchange: b.exchange("balance", "OK")}, b.broke
}

func (b *branch) StatementZone() *time.Location { return time.FixedZone("Manila", 8*3600) }

func (b *branch) Statement(ctx context.Context, day client.Day, page int) (client.StatementPage, error) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return client.StatementPage{}, &client.Error{Class: client.ClassNotSent, Code: "stopped", Message: "stopped", Err: ctx.Err()}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if day == b.broken && page == 2 {
		b.broken = client.Day{}
		return client.StatementPage{}, &client.Error{Class: client.ClassNotSent, Code: "refused", Message: "connection refused"}
	}
	if list := b.pages[day]; page <= len(list) {
		return list[page-1], nil
	}
	return client.StatementPage{Day: day, Page: page}, nil
}

const second = "manila"

// branchProfile is a second account, at another gateway.
func branchProfile() desk.Profile {
	return desk.Profile{Name: second, Gateway: "paycools", Brand: "PayCools", Environment: desk.Test, Merchant: "M2"}
}

// branched puts a desk in place of the office's own, with the bank behind the
// first profile and a branch behind the second; open says how the branch opens.
func branched(b *branch, n int, open func(ctx context.Context) error) setup {
	return func(o *office, svc *Services) {
		b.bank = o.bank
		profiles := o.desk.Profiles()
		o.desk = desk.New(desk.Options{
			Store: o.store, Profiles: profiles, Agent: "ada", Clock: o.now, Mono: func() time.Duration { return 0 }, Feed: o.feed,
			Connect: func(ctx context.Context, profile string) (client.Gateway, error) {
				if profile != second {
					return o.bank, nil
				}
				if open != nil {
					if err := open(ctx); err != nil {
						return nil, err
					}
				}
				return b, nil
			},
		})
		svc.Desk, svc.Profile = o.desk, ""
		o.put(func(tx ledger.Tx) error {
			for i := range n {
				row := order(i)
				row.Profile, row.Gateway = second, "paycools"
				o.bank.orders[row.OrderNo] = row.Order
				if _, err := tx.PutOrder(row); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func branchOnly() []desk.Profile { return []desk.Profile{branchProfile()} }

// What the gateway of the row cannot do is refused with that gateway's reason, and
// help lists it so.
func TestWhatAGatewayCannotDoIsRefusedWithItsReason(t *testing.T) {
	b := &branch{can: func(c *client.Capabilities) {
		c.Refund, c.ListTokens, c.Statement = client.Cannot("no refunds here"), client.Cannot("it keeps no cards"), client.Cannot("statements by post only")
		c.CloseOrder, c.QueryOrder = client.Capability{}, client.Cannot("it is deaf \x1b[2J")
	}}
	in(t, 100, 30, branchOnly(), branched(b, 6, nil), func(o *office) {
		for key, want := range map[string]string{
			"R": "not now: no refunds here", "u": "not now: it keeps no cards", "S": "not now: statements by post only",
			"C": "not now: this gateway does not offer it", "a": "not now: it is deaf ", "L": "not now: it is deaf ", "x": "not now: none is being read",
		} {
			o.press(key)
			o.sees(want)
		}
		o.seesNot("\x1b[2J", "R refund", "u user's cards")
		o.press("?")
		var seen strings.Builder
		for range 4 {
			seen.WriteString(o.screen())
			o.press("pgdown")
		}
		for _, want := range []string{"not now: no refunds here", "not now: it keeps no cards", "statements by post", "What this gateway can do"} {
			if !strings.Contains(seen.String(), want) {
				t.Errorf("help does not say %q\n%s", want, seen.String())
			}
		}
		o.press("esc", "enter", "R") // inside the order as well
		o.sees("not now: no refunds here")
		if b.listings != 0 || o.bank.asked != 0 {
			t.Errorf("the gateway was asked %d and %d times", b.listings, o.bank.asked)
		}
	})
}

// With several gateways in sight each row is judged by its own.
func TestEachRowIsJudgedByItsOwnGateway(t *testing.T) {
	b := &branch{can: func(c *client.Capabilities) { c.Refund = client.Cannot("no refunds here") }}
	with := func(o *office, svc *Services) {
		branched(b, 0, nil)(o, svc)
		o.put(func(tx ledger.Tx) error {
			mine, other := order(0), order(1)
			other.Profile = second
			o.bank.orders[mine.OrderNo] = mine.Order
			for _, row := range []ledger.Order{mine, other} {
				if _, err := tx.PutOrder(row); err != nil {
					return err
				}
			}
			return nil
		})
	}
	in(t, 100, 30, []desk.Profile{shopProfile(), branchProfile()}, with, func(o *office) {
		o.press("S") // the bank has no statement, and no words about it
		o.sees("not now: this gateway does not offer it")
		o.press("R")
		o.sees("Refund P1642410680681")
		o.press("esc", "down", "R")
		o.sees("not now: no refunds here")
		o.press("S")
		o.sees("Statement of manila")
	})
}

// The channel of a payment may do less than its gateway.
func TestTheChannelOfAPaymentIsObeyed(t *testing.T) {
	rule := client.RefundRule{Refund: client.Can(), Partial: client.Cannot("VOUCHER refunds in full only"), Multiple: client.Can()}
	b := &branch{rules: map[string]client.RefundRule{
		"CARD": rule, "FPS": {Refund: client.Cannot("FPS has no refunds")}, "GCASH": {Refund: client.Can(), Partial: client.Can(), Multiple: client.Cannot("one refund only")},
	}}
	with := func(o *office, svc *Services) {
		branched(b, 3, nil)(o, svc)
		o.put(func(tx ledger.Tx) error {
			row, err := tx.Order(second, order(2).OrderNo)
			if err != nil {
				return err
			}
			_, err = tx.InsertRefund(ledger.Refund{
				Refund:  client.Refund{RefundNo: "RX1", OrderNo: row.OrderNo, Amount: money(10000, "PHP"), Status: client.RefundSuccess},
				OrderID: row.ID, Profile: second, Gateway: "paycools", Merchant: "M2", Attempt: 1, CreatedAt: began, UpdatedAt: began,
			})
			return err
		})
	}
	in(t, 100, 30, branchOnly(), with, func(o *office) {
		o.press("R")
		o.sees("only all that is left")
		o.press("down", "down", "text:5") // to the amount
		o.seesNot("[ 5")
		o.press("esc", "down", "R")
		o.sees("not now: FPS has no refunds")
		o.press("down", "R")
		o.sees("not now: one refund only")
	})
}

// A gateway that keeps no cards is not called for them, and the page says why it
// has none.
func TestTheTokensPageOfAGatewayWithoutCards(t *testing.T) {
	b := &branch{can: func(c *client.Capabilities) {
		c.ListTokens = client.Cannot("EasyLink keeps no cards: it has no tokens or agreements, neither now nor later")
	}}
	in(t, 60, 16, branchOnly(), branched(b, 3, nil), func(o *office) {
		o.press("3")
		o.sees("There are no saved cards here.", "EasyLink keeps no cards: it has no tokens or", "neither now nor later")
		o.press("u", "text:U-2041", "enter")
		o.sees("There are no saved cards here.")
		o.press("a")
		o.sees("not now: EasyLink keeps no cards")
		if b.listings != 0 {
			t.Errorf("the gateway was asked %d times", b.listings)
		}
	})
	in(t, 100, 30, []desk.Profile{shopProfile(), branchProfile()}, branched(b, 3, nil), func(o *office) {
		o.press("3", "u", "text:nobody", "enter") // the first is asked, the second is not
		o.sees("The gateway lists no saved card of nobody.", "manila: EasyLink keeps no cards")
		if b.listings != 0 {
			t.Errorf("the gateway was asked %d times", b.listings)
		}
	})
}

// Until a gateway is open nothing is refused for its sake and nothing waits; one
// that could not be opened is learned of once it answers. covers I14 I15
func TestAGatewayThatIsNotOpenYetRefusesNothing(t *testing.T) {
	fail := true
	b := &branch{can: func(c *client.Capabilities) { c.Refund = client.Cannot("no refunds here") }}
	open := func(context.Context) error {
		<-time.After(10 * time.Second)
		if fail {
			return &client.Error{Class: client.ClassKeyring, Code: "locked", Message: "the keyring is locked", Hint: "unlock it"}
		}
		return nil
	}
	in(t, 100, 30, branchOnly(), branched(b, 3, open), func(o *office) {
		o.press("w")
		o.sees("What PayCools can do", "It is being opened: its keys are read")
		o.press("esc")
		o.sees("R refund", "u user's cards", "connecting") // nothing is refused, and nothing waits
		o.pass(30 * time.Second)
		o.press("w")
		o.sees("It is being opened") // it is tried again
		o.pass(11 * time.Second)
		o.sees("it could not be opened", "the keyring is locked", "unlock it")
		fail = false
		o.press("esc", "a")
		o.pass(30 * time.Second)
		o.press("R")
		o.sees("not now: no refunds here")
	})
}

func TestWhatThisGatewayCanDo(t *testing.T) {
	b := &branch{balance: money(1234500, "PHP"), can: func(c *client.Capabilities) { c.Statement = client.Cannot("by \x1b[31mpost\u202e only") }}
	for _, size := range [][2]int{{60, 16}, {80, 24}, {140, 40}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			in(t, size[0], size[1], branchOnly(), branched(b, 3, nil), func(o *office) {
				o.press("w")
				o.sees("What PayCools can do", "profile", "manila", "asking", "can look up an order")
				o.pass(4 * time.Second)
				o.sees("12,345.00 PHP", "within a second of this computer's")
				var seen strings.Builder
				for range 8 {
					seen.WriteString(o.screen())
					o.press("pgdown")
				}
				for _, want := range []string{
					"✗ cannot read the statement of a day", "by ␛[31mpost", "✓ can refund", "not signed: TLS vouches for them", "every 10 s until 1 min",
					"not possible 365 d after the payment", "at most 200 characters",
				} {
					if !strings.Contains(seen.String(), want) {
						t.Errorf("not said: %q\n%s", want, seen.String())
					}
				}
				if strings.ContainsAny(seen.String(), "\x1b\u202e") {
					t.Error("a control sign is on the screen")
				}
			})
		})
	}
	b.broke = &client.Error{Class: client.ClassNotSent, Code: "refused", Message: "connection refused"}
	in(t, 100, 30, []desk.Profile{shopProfile(), branchProfile()}, branched(b, 3, nil), func(o *office) {
		o.press("w")
		o.sees("What can which gateway do?", "shop-hk", "manila")
		o.press("down", "enter")
		o.pass(4 * time.Second)
		o.sees("What PayCools can do", "not sent: connection refused")
		o.press("esc", "w", "enter")
		o.sees("What Checus can do", "✗ cannot tell the account's balance")
		o.seesNot("asking")
	})
}

// Closing a page wants the end of the number typed, and a lost answer is settled
// by asking.
func TestClosingAPaymentPage(t *testing.T) {
	b := &branch{}
	in(t, 100, 30, branchOnly(), branched(b, 6, nil), func(o *office) {
		o.press("C")
		o.sees("not now: the order is paid")
		o.press("down", "down", "down", "down")
		pending, ok := o.m.orders.Current()
		if !ok || pending.Status != client.OrderPending {
			t.Fatalf("the cursor is on %+v", pending)
		}
		tail := pending.OrderNo[len(pending.OrderNo)-4:]
		o.press("C")
		o.sees("Close the payment page of "+pending.OrderNo, "a closed page cannot be opened again", "TEST")
		o.press("enter") // on Cancel
		o.press("C", "up", "text:"+tail)
		o.press("ctrl+y") // too quick
		if len(b.closed) != 0 {
			t.Fatal("it was closed without a pause")
		}
		<-time.After(pause)
		o.press("ctrl+y")
		o.sees("the gateway says of "+pending.OrderNo+" now: closed", "⊘ closed")
		if fmt.Sprint(b.closed) != "["+pending.OrderNo+"]" {
			t.Errorf("closed %v", b.closed)
		}
		o.press("C")
		o.sees("not now: the order is closed")
	})
	b = &branch{loses: true}
	in(t, 100, 30, branchOnly(), branched(b, 6, nil), func(o *office) {
		o.press("down", "down", "down", "down")
		pending, _ := o.m.orders.Current()
		o.press("C", "up", "text:"+pending.OrderNo[len(pending.OrderNo)-4:])
		<-time.After(pause)
		o.press("ctrl+y")
		o.pass(time.Second)
		o.sees("close the payment page", "the answer was lost", "⊘ closed")
		if len(b.closed) != 1 {
			t.Errorf("closed %v", b.closed)
		}
	})
}

// paged is a page of a statement with orders of these numbers.
func paged(day client.Day, page int, numbers ...int) client.StatementPage {
	out := client.StatementPage{Day: day, Page: page, Digest: fmt.Sprint(day, page)}
	for _, n := range numbers {
		out.Orders = append(out.Orders, order(n).Order)
	}
	return out
}

func TestReadingAStatement(t *testing.T) {
	today := client.DayOf(began, time.FixedZone("Manila", 8*3600))
	cents := order(1).Order // the ledger has it in pesos
	cents.Amount.Minor *= 100
	first := paged(today.Next(-1), 1, 0, 20)
	first.Orders = append(first.Orders, cents)
	first.Faults = []client.StatementFault{{Record: 4, OrderNo: "P\x1b]0;x\a9", Err: &client.Error{Class: client.ClassInput, Code: "amount", Message: "amount is \"x\"; right is a number"}}}
	b := &branch{pages: map[client.Day][]client.StatementPage{today.Next(-1): {first, paged(today.Next(-1), 2, 21, 22)}, today: {paged(today, 1, 23)}}}
	in(t, 100, 30, branchOnly(), branched(b, 3, nil), func(o *office) {
		o.press("S")
		o.sees("Statement of manila", "today", "yesterday and today", "the last 7 days", "Read in the background")
		o.press("down", "enter")
		o.sees("reading the statement")
		o.pass(1100 * time.Millisecond)
		o.sees(today.Next(-1).String(), "0 of 2", "3 orders", "x stops", "x stop reading")
		o.press("S")
		o.sees("not now: one is being read; x stops it")
		o.press("enter") // the page is free meanwhile
		o.sees("Order P1642410680681", "reading the statement")
		o.press("esc")
		o.pass(10 * time.Second)
		o.seesNot("reading the statement")
		o.sees("statement of manila is read: 4 new, 1 known, 1 differ from the ledger, 1 unreadable", "S shows them")
		o.press("S", "enter")
		o.sees("P1642410680508: amount is 58.00 HKD in the ledger and 5800.00 HKD in the statement", "exactly a hundred times", "record 4 P␛]0;x␇9", "The ledger keeps its own")
		o.press("esc")
		o.seesNot("S shows them")
	})
}

// A reading can be stopped, and one that failed goes on where it was.
func TestAStatementIsStoppedAndResumed(t *testing.T) {
	today := client.DayOf(began, time.FixedZone("Manila", 8*3600))
	b := &branch{broken: today, pages: map[client.Day][]client.StatementPage{today: {paged(today, 1, 20, 21), paged(today, 2, 22)}}}
	in(t, 80, 24, branchOnly(), branched(b, 1, nil), func(o *office) {
		o.press("S", "enter")
		o.pass(5 * time.Second)
		o.sees("statement of manila", "connection refused")
		o.seesNot("reading the statement")
		o.press("esc", "S", "down", "enter")
		o.pass(5 * time.Second)
		o.sees("statement of manila is read: 1 new")
		o.press("S", "down", "down", "down", "down", "enter")
		o.pass(1500 * time.Millisecond)
		o.sees("of 31", "x stops")
		o.press("x")
		o.sees("stopped; no payment. Reading the same days again goes on there")
		o.pass(time.Minute)
		o.seesNot("reading the statement")
		o.press("x")
		o.sees("not now: none is being read")
	})
}

// A refund of an order whose earlier one was closed by a timer says so first, on
// the smallest screen, and wants the amount typed even where the policy does not.
func TestADoubtfulRefundSaysSo(t *testing.T) {
	b := &branch{can: func(c *client.Capabilities) { c.ClosedMayHaveMoved = true; c.Balance = client.Cannot("no") }}
	with := func(o *office, svc *Services) {
		branched(b, 2, nil)(o, svc)
		o.put(func(tx ledger.Tx) error {
			row, err := tx.Order(second, order(0).OrderNo)
			if err != nil {
				return err
			}
			no := client.RefundNo("paycools", "M2", row.OrderNo, 1)
			r := client.Refund{RefundNo: no, OrderNo: row.OrderNo, Amount: row.Amount, Status: client.RefundClosed}
			o.bank.refunds[no] = r
			_, err = tx.InsertRefund(ledger.Refund{
				Refund: r, OrderID: row.ID, Profile: second, Gateway: "paycools", Merchant: "M2", Attempt: 1, Alert: desk.AlertTimer,
				CreatedAt: began.Add(-3 * time.Hour), UpdatedAt: began,
			})
			return err
		})
	}
	for _, size := range [][2]int{{60, 16}, {80, 24}, {140, 40}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			in(t, size[0], size[1], branchOnly(), with, func(o *office) {
				o.press("enter")
				o.sees("10,000 may have moved: a refund was closed")
				o.press("esc", "R")
				o.sees("10,000 IDR may have moved already", "closed by", "gateway's portal", "Type 10000 to confirm")
			})
		})
	}
}
