package page

import (
	"paydesk/client"
	"paydesk/ui/ability"
	"paydesk/ui/text"
)

// Able is what one gateway can do, its channels included. It is plain data and
// asks nobody.
type Able struct {
	client.Capabilities
	rules client.RefundRules
}

// AbleOf reads what a gateway says of itself.
func AbleOf(g client.Gateway) Able {
	rules, _ := client.As[client.RefundRules](g)
	return Able{Capabilities: g.Capabilities(), rules: rules}
}

// Channel is what may be refunded of payments by one method: the gateway's own
// capabilities, narrowed by what is known of the channel (paycools: section 5).
func (a Able) Channel(method string) client.RefundRule {
	rule := client.RefundRule{Refund: a.Refund, Partial: a.PartialRefund, Multiple: client.Can()}
	if a.rules == nil {
		return rule
	}
	channel, known := a.rules.RefundRule(method)
	if !known {
		return rule
	}
	if rule.Refund.OK {
		rule.Refund = channel.Refund
	}
	if rule.Partial.OK {
		rule.Partial = channel.Partial
	}
	rule.Multiple = channel.Multiple
	return rule
}

// Offers says whether the gateway of a profile does something, and if not, why
// not, as the end of the sentence "not now: …". A gateway of which nothing is
// known yet is taken to do it: the desk says otherwise when it is asked.
func (b *Bag) Offers(profile string, what func(client.Capabilities) client.Capability) (reason text.Safe, ok bool) {
	able, known := b.Host.Can(profile)
	if !known {
		return text.Safe{}, true
	}
	return ability.Check(what(able.Capabilities))
}
