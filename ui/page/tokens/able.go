package tokens

import (
	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/ui/text"
)

// The capabilities that this page asks for.
func listTokens(c client.Capabilities) client.Capability { return c.ListTokens }

func removeToken(c client.Capabilities) client.Capability { return c.RemoveToken }

// lists is those of the chosen profiles whose gateways list cards, as far as is
// known; the others are not called.
func (p *Page) lists(only string) (list []desk.Profile) {
	for _, profile := range p.chosen(only) {
		if _, ok := p.bag.Offers(profile.Name, listTokens); ok {
			list = append(list, profile)
		}
	}
	return list
}

// someLists says whether any of the chosen profiles' gateways lists cards, and if
// not, why not.
func (p *Page) someLists(only string) (reason text.Safe, ok bool) {
	chosen := p.chosen(only)
	if len(chosen) == 0 {
		return text.Literal("no profile is set up"), false
	}
	if len(p.lists(only)) > 0 {
		return text.Safe{}, true
	}
	return p.bag.Offers(chosen[0].Name, listTokens)
}

// missing says of each chosen profile whose gateway keeps no cards why that is.
func (p *Page) missing() (lines []text.Safe) {
	for _, profile := range p.chosen("") {
		if reason, ok := p.bag.Offers(profile.Name, listTokens); !ok {
			lines = append(lines, text.Concat(text.Clean(profile.Name), text.Literal(": "), reason))
		}
	}
	return lines
}
