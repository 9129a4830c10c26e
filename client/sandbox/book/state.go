package book

import (
	"time"

	"paydesk/client"
)

// State is the truth at one moment. Records are handed out as copies.
type State struct {
	serial uint64
	offset time.Duration

	orders   map[string]Order
	refunds  map[string]Refund
	tokens   map[string]Token
	notices  map[uint64]Notice
	moved    map[string]int
	byOrder  map[string][]string // order key → refund keys
	byUser   map[string][]string // user key → token keys
	gateways map[string]string   // gateway's order or refund number → key

	orderKeys, refundKeys, tokenKeys []string // in the order of their arrival
}

func newState() State {
	return State{
		orders: map[string]Order{}, refunds: map[string]Refund{}, tokens: map[string]Token{},
		notices: map[uint64]Notice{}, moved: map[string]int{},
		byOrder: map[string][]string{}, byUser: map[string][]string{}, gateways: map[string]string{},
	}
}

func (s *State) apply(e Entry) {
	s.serial = max(s.serial, e.Serial)
	if e.Offset != nil {
		s.offset = *e.Offset
	}
	for _, o := range e.Orders {
		k := key(o.Gateway, o.OrderNo)
		if _, known := s.orders[k]; !known {
			s.orderKeys = append(s.orderKeys, k)
			s.gateways[key(o.Gateway, o.GatewayOrderNo)] = k
		}
		s.orders[k] = o
	}
	for _, r := range e.Refunds {
		k := key(r.Gateway, r.RefundNo)
		if _, known := s.refunds[k]; !known {
			s.refundKeys = append(s.refundKeys, k)
			s.gateways[key(r.Gateway, r.GatewayRefundNo)] = k
			order := key(r.Gateway, r.OrderNo)
			s.byOrder[order] = append(s.byOrder[order], k)
		}
		s.refunds[k] = r
	}
	for _, t := range e.Tokens {
		k := key(t.Gateway, t.Token)
		if _, known := s.tokens[k]; !known {
			s.tokenKeys = append(s.tokenKeys, k)
			user := t.Gateway + "\x00" + t.UserID
			s.byUser[user] = append(s.byUser[user], k)
		}
		s.tokens[k] = t
	}
	for _, n := range e.Notices {
		if n.Done {
			// A finished callback is never looked at again; the file keeps it.
			delete(s.notices, n.ID)
			continue
		}
		s.notices[n.ID] = n
	}
	for _, m := range e.Moves {
		s.moved[key(m.Gateway, m.RefundNo)]++
	}
}

// Offset is the gateway's clock minus the host's.
func (s *State) Offset() time.Duration { return s.offset }

// Order finds an order by the merchant's number, without regard to case.
func (s *State) Order(gateway, no string) (Order, bool) {
	o, ok := s.orders[key(gateway, no)]
	return o, ok
}

// OrderByGatewayNo finds an order by the gateway's number.
func (s *State) OrderByGatewayNo(gateway, no string) (Order, bool) {
	o, ok := s.orders[s.gateways[key(gateway, no)]]
	return o, ok
}

// Refund finds a refund by the merchant's number, without regard to case.
func (s *State) Refund(gateway, no string) (Refund, bool) {
	r, ok := s.refunds[key(gateway, no)]
	return r, ok
}

// RefundByGatewayNo finds a refund by the gateway's number.
func (s *State) RefundByGatewayNo(gateway, no string) (Refund, bool) {
	r, ok := s.refunds[s.gateways[key(gateway, no)]]
	return r, ok
}

// RefundsOf lists the refunds of one order, the oldest first.
func (s *State) RefundsOf(gateway, orderNo string) []Refund {
	var out []Refund
	for _, k := range s.byOrder[key(gateway, orderNo)] {
		out = append(out, s.refunds[k])
	}
	return out
}

// Refunded is what went back to the payer of an order, and Reserved what is on
// its way.
func (s *State) Refunded(o Order) (done, reserved client.Money) {
	done, reserved = o.Amount.Zero(), o.Amount.Zero()
	for _, r := range s.RefundsOf(o.Gateway, o.OrderNo) {
		switch r.Status {
		case client.RefundSuccess:
			done.Minor += r.Amount.Minor
		case client.RefundPending:
			reserved.Minor += r.Amount.Minor
		default: // a refund that ended otherwise holds nothing
		}
	}
	return done, reserved
}

// Moved is how many times money left for a refund, counted from the decisions
// themselves.
func (s *State) Moved(gateway, refundNo string) int { return s.moved[key(gateway, refundNo)] }

// Token finds a saved card.
func (s *State) Token(gateway, token string) (Token, bool) {
	t, ok := s.tokens[key(gateway, token)]
	return t, ok
}

// TokensOf lists a user's saved cards, the oldest first. User identifiers are
// the merchant's own and case counts.
func (s *State) TokensOf(gateway, user string) []Token {
	var out []Token
	for _, k := range s.byUser[gateway+"\x00"+user] {
		out = append(out, s.tokens[k])
	}
	return out
}

// Notice finds a callback that is not finished.
func (s *State) Notice(id uint64) (Notice, bool) {
	n, ok := s.notices[id]
	return n, ok
}

// Notices lists the callbacks that are not finished, in no order.
func (s *State) Notices() []Notice {
	out := make([]Notice, 0, len(s.notices))
	for _, n := range s.notices {
		out = append(out, n)
	}
	return out
}

// EachOrder gives all orders of one gateway to fn in the order of their arrival,
// without copying the list.
func (s *State) EachOrder(gateway string, fn func(Order)) {
	for _, k := range s.orderKeys {
		if o := s.orders[k]; o.Gateway == gateway {
			fn(o)
		}
	}
}

// Orders lists all orders in the order of their arrival.
func (s *State) Orders() []Order { return list(s.orderKeys, s.orders) }

// Refunds lists all refunds in the order of their arrival.
func (s *State) Refunds() []Refund { return list(s.refundKeys, s.refunds) }

// Tokens lists all saved cards in the order of their arrival.
func (s *State) Tokens() []Token { return list(s.tokenKeys, s.tokens) }

func list[T any](keys []string, records map[string]T) []T {
	out := make([]T, len(keys))
	for i, k := range keys {
		out[i] = records[k]
	}
	return out
}

// Tx is one decision in the making. Its reads see the state before it.
type Tx struct {
	*State
	entry  Entry
	serial uint64
}

// Serial draws the next number; numbers of decisions that were not committed
// may be drawn again.
func (tx *Tx) Serial() uint64 {
	tx.serial++
	return tx.serial
}

// PutOrder stages a new or changed order.
func (tx *Tx) PutOrder(o Order) { tx.entry.Orders = append(tx.entry.Orders, o) }

// PutRefund stages a new or changed refund.
func (tx *Tx) PutRefund(r Refund) { tx.entry.Refunds = append(tx.entry.Refunds, r) }

// PutToken stages a new or changed saved card.
func (tx *Tx) PutToken(t Token) { tx.entry.Tokens = append(tx.entry.Tokens, t) }

// PutNotice stages a new or changed callback; a new one has no ID yet.
func (tx *Tx) PutNotice(n Notice) {
	if n.ID == 0 {
		n.ID = tx.Serial()
	}
	tx.entry.Notices = append(tx.entry.Notices, n)
}

// Move stages that money leaves for a refund.
func (tx *Tx) Move(r Refund) {
	tx.entry.Moves = append(tx.entry.Moves, Move{Gateway: r.Gateway, RefundNo: r.RefundNo, Amount: r.Amount})
}

// SetOffset stages a new offset of the gateway's clock.
func (tx *Tx) SetOffset(d time.Duration) { tx.entry.Offset = &d }
