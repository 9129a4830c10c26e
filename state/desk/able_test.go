package desk_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
)

// able is a bank with what only some gateways have: channels of their own rules,
// payment pages that can be closed, a balance and a statement.
type able struct {
	*bank
	can     func(*client.Capabilities)
	rules   map[string]client.RefundRule
	balance client.BalanceAnswer
	broke   error // of the balance

	mu     sync.Mutex
	closed []string // numbers that were asked to be closed
	silent bool     // closing repeats no amount
	lost   bool     // closing is done and its answer lost

	pages map[client.Day][]client.StatementPage
	fails func(client.Day, int) error
	read  []string // pages that were asked for
}

func newAble(t *testing.T) (*able, *counter) {
	t.Helper()
	clock := &counter{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	b := &able{bank: newBank(clock.Now), pages: map[client.Day][]client.StatementPage{}}
	b.paid("P1", 10000)
	return b, clock
}

// office opens a desk before a gateway whose bank is b.
func (b *able) office(t *testing.T, clock *counter, g client.Gateway, more func(*desk.Options)) *office {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), sqlite.Options{Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	o := desk.Options{
		Store: store, Agent: "ada", Clock: clock.Now, Mono: func() time.Duration { return 0 },
		Profiles: []desk.Profile{{Name: shop, Gateway: "payermax", Brand: "Bank", Environment: desk.Test, Merchant: "M1"}},
		Connect:  func(context.Context, string) (client.Gateway, error) { return g, nil },
	}
	if more != nil {
		more(&o)
	}
	return &office{Desk: desk.New(o), t: t, bank: b.bank, store: store, clock: clock}
}

func (b *able) Capabilities() client.Capabilities {
	c := b.bank.Capabilities()
	c.CloseOrder, c.Balance, c.Statement, c.OrderNosRepeat = client.Can(), client.Can(), client.Can(), true
	if b.can != nil {
		b.can(&c)
	}
	return c
}

func (b *able) RefundRule(method string) (client.RefundRule, bool) {
	rule, ok := b.rules[method]
	return rule, ok
}

func (b *able) Balance(context.Context) (client.BalanceAnswer, error) { return b.balance, b.broke }

func (b *able) CloseOrder(_ context.Context, no string) (client.OrderAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = append(b.closed, no)
	o := b.orders[no]
	o.Status = client.OrderClosed
	b.orders[no] = o
	if b.silent {
		o.Amount = client.Money{}
	}
	if b.lost {
		return client.OrderAnswer{}, b.bank.lost("close")
	}
	return client.OrderAnswer{Order: o, Exchange: b.exchange("close", "OK", true)}, nil
}

func (b *able) StatementZone() *time.Location { return time.FixedZone("Manila", 8*3600) }

func (b *able) Statement(_ context.Context, day client.Day, page int) (client.StatementPage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = append(b.read, fmt.Sprintf("%d/%d", day.Day, page))
	if b.fails != nil {
		if err := b.fails(day, page); err != nil {
			return client.StatementPage{}, err
		}
	}
	if list := b.pages[day]; page <= len(list) {
		return list[page-1], nil
	}
	return client.StatementPage{Day: day, Page: page}, nil
}

// took is the pages that were asked for since the last call.
func (b *able) took() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := strings.Join(b.read, " ")
	b.read = nil
	return list
}

// portal is a gateway that lists the refunds of a payment, those made in its
// portal included.
type portal struct {
	*able
	made []client.Refund // in the portal
	asks int
}

func (p *portal) RefundsOf(_ context.Context, gatewayOrderNo string) (client.RefundsAnswer, error) {
	p.bank.mu.Lock()
	defer p.bank.mu.Unlock()
	p.asks++
	if _, err := p.before("refunds"); err != nil {
		return client.RefundsAnswer{}, err
	}
	answer := client.RefundsAnswer{Exchange: p.exchange("refunds", "OK", true)}
	for _, r := range p.refunds {
		if "T"+r.OrderNo == gatewayOrderNo {
			answer.Refunds = append(answer.Refunds, r.Refund)
		}
	}
	answer.Refunds = append(answer.Refunds, p.made...)
	return answer, nil
}

func hkd(minor int64) client.Money { return client.Money{Minor: minor, Currency: "HKD", Exp: 2} }

// told is the refunds of P1 as the ledger has them: number, amount, state, attempt.
func (o *office) told() (list []string) {
	o.t.Helper()
	rows, err := o.store.RefundsOf(o.t.Context(), o.order().ID)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, r := range rows {
		list = append(list, fmt.Sprintf("%s %s %s %d", r.RefundNo, r.Amount.Major(), r.Status, r.Attempt))
	}
	return list
}

// put stores an order as another run left it.
func (o *office) put(row ledger.Order) ledger.Order {
	o.t.Helper()
	row.Profile, row.Gateway = shop, "payermax"
	err := o.store.Update(o.t.Context(), func(tx ledger.Tx) (err error) {
		row, err = tx.PutOrder(row)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return row
}
