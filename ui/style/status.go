package style

import (
	"paydesk/client"
	"paydesk/ui/text"
)

// Status is how a state is shown: a sign, a word and a tone, of which the
// first two are enough.
type Status struct {
	Glyph text.Safe
	Word  text.Safe
	Tone  Tone
}

// Text is sign and word: "◐ pending".
func (st Status) Text() text.Safe { return text.Concat(st.Glyph, text.Literal(" "), st.Word) }

// sign picks the sign that the terminal can draw.
func (s *Styles) sign(unicode, ascii text.Safe) text.Safe {
	if s.options.ASCII {
		return ascii
	}
	return unicode
}

// Order shows the state of an order. A word that is not known is shown as
// unknown.
func (s *Styles) Order(status client.OrderStatus) Status {
	l := text.Literal
	switch status {
	case client.OrderPending:
		return Status{s.sign(l("○"), l("o")), l("pending"), Pending}
	case client.OrderPaid:
		return Status{s.sign(l("✓"), l("+")), l("paid"), Success}
	case client.OrderFailed:
		return Status{s.sign(l("✗"), l("x")), l("failed"), Danger}
	case client.OrderClosed:
		return Status{s.sign(l("⊘"), l("-")), l("closed"), Muted}
	default:
		return Status{l("?"), l("unknown"), Unknown}
	}
}

// Refund shows the state of a refund. A word that is not known is shown as
// unknown.
func (s *Styles) Refund(status client.RefundStatus) Status {
	l := text.Literal
	switch status {
	case client.RefundHeld:
		return Status{s.sign(l("◔"), l("=")), l("held"), Accent}
	case client.RefundIntent:
		return Status{s.sign(l("○"), l("o")), l("intent"), Pending}
	case client.RefundSending:
		return Status{s.sign(l("◑"), l(">")), l("sending"), Pending}
	case client.RefundPending:
		return Status{s.sign(l("◐"), l("~")), l("pending"), Pending}
	case client.RefundSuccess:
		return Status{s.sign(l("✓"), l("+")), l("success"), Success}
	case client.RefundFailed:
		return Status{s.sign(l("✗"), l("x")), l("failed"), Danger}
	case client.RefundClosed:
		return Status{s.sign(l("⊘"), l("-")), l("closed"), Muted}
	case client.RefundCancelled:
		return Status{s.sign(l("↶"), l("<")), l("cancelled"), Muted}
	case client.RefundReversed:
		return Status{s.sign(l("↺"), l("!")), l("reversed"), Danger}
	default:
		return Status{l("?"), l("unknown"), Unknown}
	}
}

// Token shows the state of a saved card. A word that is not known is shown as
// unknown.
func (s *Styles) Token(status client.TokenStatus) Status {
	l := text.Literal
	switch status {
	case client.TokenActive:
		return Status{s.sign(l("●"), l("*")), l("active"), Success}
	case client.TokenExpired:
		return Status{s.sign(l("◌"), l("o")), l("expired"), Warning}
	case client.TokenRemoved:
		return Status{s.sign(l("⊘"), l("-")), l("removed"), Muted}
	default:
		return Status{l("?"), l("unknown"), Unknown}
	}
}

// Error shows the class of an error in the words of an agent.
func (s *Styles) Error(class client.Class) Status {
	l := text.Literal
	cross, warn := s.Glyph.Cross, s.Glyph.Warn
	switch class {
	case client.ClassInput:
		return Status{warn, l("check the input"), Warning}
	case client.ClassConfig:
		return Status{cross, l("wrong setting"), Danger}
	case client.ClassAuth:
		return Status{cross, l("not let in"), Danger}
	case client.ClassKeyring:
		return Status{cross, l("key not available"), Danger}
	case client.ClassSignature:
		return Status{cross, l("signature wrong"), Danger}
	case client.ClassNotSent:
		return Status{warn, l("not sent"), Warning}
	case client.ClassUnknown:
		return Status{l("?"), l("outcome unknown"), Unknown}
	case client.ClassRefused:
		return Status{cross, l("refused by the gateway"), Danger}
	case client.ClassPolicy:
		return Status{cross, l("not allowed"), Danger}
	case client.ClassConflict:
		return Status{warn, l("conflict"), Warning}
	case client.ClassRate:
		return Status{warn, l("too many requests"), Warning}
	case client.ClassNotFound:
		return Status{warn, l("not found"), Warning}
	case client.ClassUnsupported:
		return Status{warn, l("not offered by this gateway"), Muted}
	case client.ClassStorage:
		return Status{cross, l("ledger problem"), Danger}
	default:
		return Status{cross, l("unexpected failure"), Danger}
	}
}
