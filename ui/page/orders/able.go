package orders

import (
	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/ability"
	"paydesk/ui/text"
)

// The capabilities that this page asks for.
func queryOrder(c client.Capabilities) client.Capability { return c.QueryOrder }

func listTokens(c client.Capabilities) client.Capability { return c.ListTokens }

// offered is what the gateway of the order says of a capability.
func (p *Page) offered(what func(client.Capabilities) client.Capability) func(ledger.Order) (text.Safe, bool) {
	return func(o ledger.Order) (text.Safe, bool) { return p.bag.Offers(o.Profile, what) }
}

// hasCards says why the cards of the order's user cannot be shown.
func (p *Page) hasCards(o ledger.Order) (text.Safe, bool) {
	if reason, ok := p.offered(listTokens)(o); !ok {
		return reason, false
	}
	return text.Literal("the order names no user"), o.UserID != ""
}

// canLookUp says why no number can be looked up: there is no profile, or none
// whose gateway answers such questions.
func (p *Page) canLookUp() (reason text.Safe, ok bool) {
	reason = text.Literal("no profile is set up")
	for i, profile := range p.askable() {
		why, can := p.bag.Offers(profile.Name, queryOrder)
		if can {
			return text.Safe{}, true
		}
		if i == 0 {
			reason = why
		}
	}
	return reason, false
}

// canRefund says why the order under the cursor cannot be refunded, as far as
// the ledger and the gateway's capabilities tell; the desk decides.
func (p *Page) canRefund(o ledger.Order) (text.Safe, bool) {
	if reason, ok := p.channelRefunds(o); !ok {
		return reason, false
	}
	switch {
	case o.Status != client.OrderPaid:
		return text.Concat(text.Literal("the order is "), text.Clean(string(o.Status))), false
	case o.OpenRefund != "":
		return text.Literal("a refund of it is open"), false
	case o.Refundable().Minor <= 0:
		return text.Literal("nothing is left to refund"), false
	}
	return text.Safe{}, true
}

// channelRefunds says what the gateway, and the channel by which the order was
// paid, do not refund.
func (p *Page) channelRefunds(o ledger.Order) (text.Safe, bool) {
	able, known := p.bag.Host.Can(o.Profile)
	if !known {
		return text.Safe{}, true
	}
	rule := able.Channel(o.Method)
	if reason, ok := ability.Check(rule.Refund); !ok {
		return reason, false
	}
	if o.Refunded.Minor > 0 && o.Refundable().Minor > 0 {
		if reason, ok := ability.Check(rule.Multiple); !ok {
			return reason, false
		}
		if reason, ok := ability.Check(rule.Partial); !ok { // what is left is a part
			return reason, false
		}
	}
	age := p.bag.Now().Sub(o.PaidAt)
	if limit := able.RefundHardLimit; limit > 0 && !o.PaidAt.IsZero() && age > limit {
		return text.Concat(text.Literal("it was paid "), text.Span(age), text.Literal(" ago; the gateway refunds up to "), text.Span(limit)), false
	}
	return text.Safe{}, true
}
