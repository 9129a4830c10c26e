package sandbox

import (
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
)

// Truth is everything as the gateways hold it at one moment, in the order in
// which it came about.
type Truth struct {
	Orders  []Order
	Refunds []Refund
	Tokens  []Token
}

// Order is a payment with what its gateway knows beside.
type Order struct {
	client.Order
	Gateway  string
	Country  string
	Subject  string
	Token    string       // saved card it was paid with
	Refunded client.Money // Σ success
	Reserved client.Money // Σ pending
	EndedAt  time.Time    // when it was paid, failed or closed
}

// Refund is a refund with what its gateway knows beside. Attempt, Agent and
// Note are known for the made-up past only.
type Refund struct {
	client.Refund
	Gateway   string
	Reason    string
	Note      string
	Agent     string
	Attempt   int
	CreatedAt time.Time
	Moved     int // how many times money left for it
}

// Token is a saved card with what its gateway knows beside.
type Token struct {
	client.Token
	Gateway   string
	CreatedAt time.Time
	RemovedAt time.Time
}

// Truth reads the whole book.
func (s *Sandbox) Truth() Truth {
	now := s.engine.Now()
	var t Truth
	s.book.View(func(state *book.State) {
		for _, o := range state.Orders() {
			t.Orders = append(t.Orders, trueOrder(state, o))
		}
		for _, r := range state.Refunds() {
			t.Refunds = append(t.Refunds, Refund{
				Refund: client.Refund{
					RefundNo: r.RefundNo, GatewayRefundNo: r.GatewayRefundNo, OrderNo: r.OrderNo, Amount: r.Amount, Status: r.Status,
					FailCode: r.FailCode, SettledAt: r.SettledAt,
				},
				Gateway: r.Gateway, Reason: r.Reason, Note: r.Note, Agent: r.Agent, Attempt: r.Attempt, CreatedAt: r.CreatedAt,
				Moved: state.Moved(r.Gateway, r.RefundNo),
			})
		}
		for _, k := range state.Tokens() {
			t.Tokens = append(t.Tokens, Token{
				Token: client.Token{
					Token: k.Token, UserID: k.UserID, Status: k.StatusAt(now), Method: k.Method, Brand: k.Brand,
					Card: client.LastFour(k.Card), ExpiresAt: k.ExpiresAt,
				},
				Gateway: k.Gateway, CreatedAt: k.CreatedAt, RemovedAt: k.RemovedAt,
			})
		}
	})
	return t
}

func trueOrder(state *book.State, o book.Order) Order {
	out := Order{
		Order: client.Order{
			OrderNo: o.OrderNo, GatewayOrderNo: o.GatewayOrderNo, ChannelNo: o.ChannelNo, UserID: o.UserID, Amount: o.Amount, Status: o.Status,
			Method: o.Method, Brand: o.Brand, Card: client.LastFour(o.Card), Note: o.Note, FailCode: o.FailCode, CreatedAt: o.CreatedAt,
		},
		Gateway: o.Gateway, Country: o.Country, Subject: o.Subject, Token: o.Token, EndedAt: o.PaidAt,
	}
	if o.Status == client.OrderPaid {
		out.PaidAt = o.PaidAt
	}
	out.Refunded, out.Reserved = state.Refunded(o)
	return out
}

// Settings is the table [profile.<gateway>] of a profile as the configuration
// has it, by name; empty where the gateway needs none.
func (s *Sandbox) Settings(profile string) map[string]string {
	out := map[string]string{}
	for _, f := range s.faces {
		if f.Profile != profile {
			continue
		}
		for _, set := range f.Settings {
			out[set.Name] = set.Value
		}
	}
	return out
}

// Profiles are the accounts that the sandbox's configuration names, with their
// key files, for a program that runs it in its own process.
func (s *Sandbox) Profiles() []Profile {
	var out []Profile
	for _, f := range s.faces {
		p := Profile{
			Name: f.Profile, Gateway: f.Gateway, Brand: f.Brand, Environment: environment, BaseURL: s.baseURL(f),
			MerchantNo: f.Merchant, AppID: f.AppID, Keys: map[string][]byte{},
		}
		for _, k := range f.Keys {
			p.Keys[k.File] = append([]byte(nil), k.Text...)
		}
		out = append(out, p)
	}
	return out
}
