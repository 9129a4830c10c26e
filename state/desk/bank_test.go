package desk_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"paydesk/client"
)

// trouble is what goes wrong with one call to the bank.
type trouble string

const (
	none       trouble = ""
	loseAnswer trouble = "lose-answer" // accepted, then the answer is lost
	notSent    trouble = "not-sent"    // nothing left the process
	dropBefore trouble = "drop-before" // written, never processed
	badSign    trouble = "bad-sign"    // processed, answered with a wrong signature
	wrongEcho  trouble = "wrong-echo"  // answers with another amount
)

// bank is a gateway in memory with the rules that matter to the desk: it knows
// each number once, refunds at most what was paid, one refund at a time, and
// counts how often money moved.
type bank struct {
	mu      sync.Mutex
	clock   func() time.Time
	orders  map[string]client.Order
	refunds map[string]*banked
	tokens  map[string]client.Token
	trouble func(op string) trouble
	refuse  string // code that refuses every new refund
	signed  bool   // whether failing answers are signed
	pace    client.Pace
	sends   int // refund requests that reached the bank
	queries int
}

type banked struct {
	client.Refund
	moved int
}

func newBank(clock func() time.Time) *bank {
	return &bank{
		clock: clock, orders: map[string]client.Order{}, refunds: map[string]*banked{}, tokens: map[string]client.Token{},
		trouble: func(string) trouble { return none }, signed: true, pace: client.DefaultPace(1),
	}
}

func (b *bank) paid(no string, minor int64) {
	b.orders[no] = client.Order{
		OrderNo: no, GatewayOrderNo: "T" + no, UserID: "U-1", Amount: client.Money{Minor: minor, Currency: "HKD", Exp: 2},
		Status: client.OrderPaid, Method: "CARD", CreatedAt: b.clock().Add(-time.Hour), PaidAt: b.clock().Add(-time.Hour),
	}
}

// settleAll ends every pending refund.
func (b *bank) settleAll(status client.RefundStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.refunds {
		if r.Status == client.RefundPending {
			r.Status, r.SettledAt = status, b.clock()
			if status == client.RefundSuccess {
				r.moved++
			}
		}
	}
}

// moved is how often money left for an order's refunds.
func (b *bank) moved() (times int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.refunds {
		times += r.moved
	}
	return times
}

func (b *bank) exchange(op, code string, verified bool) client.Exchange {
	return client.Exchange{
		Operation: op, At: b.clock(), HTTPStatus: 200, Code: code, Verified: verified, RequestHash: "aa", AnswerHash: "bb",
		Request: []byte("{}"), Answer: []byte("{}"),
	}
}

func (b *bank) fail(class client.Class, op, code string, verified bool) error {
	x := b.exchange(op, code, verified)
	return &client.Error{Class: class, Code: code, Message: "bank says " + code, Exchange: &x}
}

func (b *bank) lost(op string) error {
	x := client.Exchange{Operation: op, At: b.clock()}
	return &client.Error{Class: client.ClassUnknown, Code: "no-answer", Message: "the answer was lost", Exchange: &x}
}

// before applies the troubles that stop a call on its way.
func (b *bank) before(op string) (trouble, error) {
	t := b.trouble(op)
	switch t {
	case notSent:
		return t, &client.Error{Class: client.ClassNotSent, Code: "refused", Message: "connection refused"}
	case dropBefore:
		return t, b.lost(op)
	}
	return t, nil
}

func (b *bank) QueryOrder(_ context.Context, no string) (client.OrderAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.before("orderQuery"); err != nil {
		return client.OrderAnswer{}, err
	}
	o, ok := b.orders[no]
	if !ok {
		return client.OrderAnswer{}, b.fail(client.ClassNotFound, "orderQuery", "ORDER_NOT_EXIST", b.signed)
	}
	return client.OrderAnswer{Order: o, Exchange: b.exchange("orderQuery", "OK", true)}, nil
}

func (b *bank) CreateOrder(_ context.Context, req client.CreateOrder) (client.CreateOrderAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, err := b.before("create")
	if err != nil {
		return client.CreateOrderAnswer{}, err
	}
	o := client.Order{OrderNo: req.OrderNo, GatewayOrderNo: "T" + req.OrderNo, UserID: req.UserID, Amount: req.Amount, Status: client.OrderPending}
	b.orders[req.OrderNo] = o
	if t == loseAnswer {
		return client.CreateOrderAnswer{}, b.lost("create")
	}
	return client.CreateOrderAnswer{Order: o, PageURL: "https://pay.example/1", Exchange: b.exchange("create", "OK", true)}, nil
}

func (b *bank) Refund(_ context.Context, req client.RefundRequest) (client.RefundAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, err := b.before("refund")
	if err != nil {
		return client.RefundAnswer{}, err
	}
	b.sends++
	r, err := b.accept(req)
	if err != nil {
		return client.RefundAnswer{}, err
	}
	switch t {
	case loseAnswer:
		return client.RefundAnswer{}, b.lost("refund")
	case badSign:
		return client.RefundAnswer{}, b.fail(client.ClassUnknown, "refund", "signature", false)
	case wrongEcho:
		return client.RefundAnswer{}, b.fail(client.ClassUnknown, "refund", "wrong-echo", true)
	}
	return client.RefundAnswer{Refund: r.Refund, Exchange: b.exchange("refund", "OK", true)}, nil
}

func (b *bank) accept(req client.RefundRequest) (*banked, error) {
	if old, ok := b.refunds[req.RefundNo]; ok {
		if old.Amount != req.Amount || old.OrderNo != req.OrderNo {
			return nil, b.fail(client.ClassUnknown, "refund", "ORDER_REPEAT", b.signed)
		}
		return old, nil
	}
	if b.refuse != "" {
		return nil, b.fail(client.ClassRefused, "refund", b.refuse, b.signed)
	}
	left := b.orders[req.OrderNo].Amount.Minor
	for _, r := range b.refunds {
		if r.OrderNo != req.OrderNo {
			continue
		}
		if r.Status == client.RefundPending {
			return nil, b.fail(client.ClassRefused, "refund", "REFUND_FAILED", b.signed)
		}
		if r.Status == client.RefundSuccess {
			left -= r.Amount.Minor
		}
	}
	if req.Amount.Minor > left {
		return nil, b.fail(client.ClassRefused, "refund", "AMOUNT_INVALID", b.signed)
	}
	r := &banked{Refund: client.Refund{
		RefundNo: req.RefundNo, GatewayRefundNo: "G" + req.RefundNo, OrderNo: req.OrderNo, Amount: req.Amount, Status: client.RefundPending,
	}}
	b.refunds[req.RefundNo] = r
	return r, nil
}

func (b *bank) QueryRefund(_ context.Context, no string) (client.RefundAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, err := b.before("refundQuery")
	if err != nil {
		return client.RefundAnswer{}, err
	}
	b.queries++
	r, ok := b.refunds[no]
	if !ok {
		return client.RefundAnswer{}, b.fail(client.ClassNotFound, "refundQuery", "ORDER_NOT_EXIST", b.signed)
	}
	said := r.Refund
	switch t {
	case loseAnswer:
		return client.RefundAnswer{}, b.lost("refundQuery")
	case badSign:
		return client.RefundAnswer{}, b.fail(client.ClassSignature, "refundQuery", "signature", false)
	case wrongEcho:
		said.Amount.Minor++
	}
	return client.RefundAnswer{Refund: said, Exchange: b.exchange("refundQuery", "OK", true)}, nil
}

func (b *bank) PreviewRefund(client.RefundRequest) (client.Preview, error) {
	return client.Preview{}, nil
}

func (b *bank) Tokens(_ context.Context, user string) (client.TokensAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.before("tokens"); err != nil {
		return client.TokensAnswer{}, err
	}
	answer := client.TokensAnswer{Exchange: b.exchange("tokens", "OK", true)}
	for _, t := range b.tokens {
		if t.UserID == user && t.Status != client.TokenRemoved {
			answer.Tokens = append(answer.Tokens, t)
		}
	}
	return answer, nil
}

func (b *bank) RemoveToken(_ context.Context, req client.RemoveToken) (client.TokenAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tr, err := b.before("removeToken")
	if err != nil {
		return client.TokenAnswer{}, err
	}
	t, ok := b.tokens[req.Token]
	if !ok || t.Status == client.TokenRemoved {
		return client.TokenAnswer{}, b.fail(client.ClassRefused, "removeToken", "PARAMS_INVALID", b.signed)
	}
	t.Status = client.TokenRemoved
	b.tokens[req.Token] = t
	b.sends++
	if tr == loseAnswer {
		return client.TokenAnswer{}, b.lost("removeToken")
	}
	return client.TokenAnswer{Token: t, Exchange: b.exchange("removeToken", "OK", true)}, nil
}

func (b *bank) PreviewRemoveToken(client.RemoveToken) (client.Preview, error) {
	return client.Preview{}, nil
}

func (b *bank) Capabilities() client.Capabilities {
	return client.Capabilities{
		QueryOrder: client.Can(), QueryByGatewayNo: client.Cannot("the bank looks up order numbers only"), Refund: client.Can(),
		PartialRefund: client.Can(), QueryRefund: client.Can(), ListTokens: client.Can(), RemoveToken: client.Can(),
		RefundWindow: 180 * 24 * time.Hour, RefundHardLimit: 365 * 24 * time.Hour, MaxReason: 512, Pace: b.pace,
	}
}

func (b *bank) Decimals(currency string) (uint8, bool) { return client.ISODecimals(currency) }

func (b *bank) ClockOffset() (time.Duration, bool) { return 0, false }

// once makes a trouble happen the first n times an operation is called.
func once(op string, t trouble, n int) func(string) trouble {
	return func(called string) trouble {
		if strings.EqualFold(called, op) && n > 0 {
			n--
			return t
		}
		return none
	}
}
