package easylink

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// Callback implements protocol.Protocol (easylink: section 8). Everything in it
// comes from the notice, reqTime and signature included, so that a repeat is the
// same bytes.
func (s *speaker) Callback(n book.Notice, spoil protocol.Spoil, age time.Duration) (protocol.Message, error) {
	members, amount, err := s.event(n)
	if err != nil {
		return protocol.Message{}, err
	}
	members = append(present(members), protocol.Member{Name: "reqTime", Value: s.stamp(n.At.Add(-age))})
	if s.switches.Is(extraMembers, "yes") {
		members = append(members, extra())
	}
	if spoil.Has(protocol.OtherMerchant) {
		falsify(members, "mchNo")
		falsify(members, "appId")
	}
	if spoil.Has(protocol.WrongEcho) {
		falsify(members, amount)
	}
	if spoil.Has(protocol.OddCase) {
		for i := range members {
			members[i].Name = strings.ToUpper(members[i].Name)
		}
	}
	signature, there, err := s.spoilt(members, spoil)
	if err != nil {
		return protocol.Message{}, err
	}
	if spoil.Has(protocol.EditAfter) {
		falsify(members, amount)
	}
	if there {
		members = append(members, protocol.Member{Name: "sign", Value: signature})
	}
	var more protocol.Members
	if spoil.Has(protocol.DoubleSign) {
		more = protocol.Members{{Name: "sign", Value: otherText(signature)}}
	}
	return s.write(n.URL, members, more)
}

// event reads a notice: what it tells, and which member of it is the amount.
// Payments are told when they are paid, refunds when they succeeded or failed;
// everything else happens in silence.
func (s *speaker) event(n book.Notice) (members protocol.Members, amount string, err error) {
	switch {
	case n.Kind == book.RefundNotice && (n.Refund.Status == client.RefundSuccess || n.Refund.Status == client.RefundFailed):
		var o book.Order
		s.book.View(func(state *book.State) { o, _ = state.Order(Gateway, n.Refund.OrderNo) })
		return s.refundData(o, *n.Refund), "refundAmount", nil
	case n.Kind == book.PaymentNotice && n.Order.Status == client.OrderPaid:
		return s.orderData(*n.Order, orderPaid), "amount", nil
	default:
		return nil, "", protocol.ErrSilent
	}
}

// write makes the message of a callback to an address; more comes last.
func (s *speaker) write(address string, members, more protocol.Members) (protocol.Message, error) {
	if s.switches.Is(notifyAs, "json") {
		body, err := protocol.Encode(append(scatter(members), more...))
		return protocol.Message{Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, Body: body}, err
	}
	for i, m := range members { // in a form every value is text
		text, _, err := plain(m.Value)
		if err != nil {
			return protocol.Message{}, err
		}
		members[i].Value = text
	}
	m := protocol.Message{Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"}}}
	members = scatter(members)
	if s.switches.Is(notifyQuirks, "stock") {
		m.URL, members = mingle(address, members)
	}
	var body strings.Builder
	for _, f := range append(members, more...) {
		if body.Len() > 0 {
			body.WriteByte('&')
		}
		text, _ := f.Value.(string)
		body.WriteString(url.QueryEscape(f.Name) + "=" + url.QueryEscape(text))
	}
	m.Body = []byte(body.String())
	return m, nil
}

// mingle does what the gateway's code does to its own fields: it writes them
// raw behind the address, takes the whole apart again at each & and sends the
// pairs to the address without its query (easylink: section 9).
func mingle(address string, members protocol.Members) (target string, out protocol.Members) {
	target, query, _ := strings.Cut(address, "?")
	var text strings.Builder
	if decoded, err := url.QueryUnescape(query); err == nil {
		text.WriteString(decoded)
	}
	joined := strings.Contains(query, "=") || query == ""
	for i, m := range members {
		if (i > 0 || joined) && text.Len() > 0 {
			text.WriteByte('&')
		}
		value, _ := m.Value.(string)
		text.WriteString(m.Name + "=" + value)
	}
	for _, pair := range strings.Split(text.String(), "&") {
		name, value, assigned := strings.Cut(pair, "=")
		if !assigned || name == "" {
			continue
		}
		if i := slices.IndexFunc(out, func(m protocol.Member) bool { return m.Name == name }); i >= 0 {
			out[i].Value = value
			continue
		}
		out = append(out, protocol.Member{Name: name, Value: value})
	}
	return target, scatter(out)
}

// Acknowledged implements protocol.Protocol: the body decides and the status
// does not (easylink: section 8).
func (s *speaker) Acknowledged(_ int, body []byte) bool {
	if s.switches.Is(acknowledge, "any-case") {
		return strings.EqualFold(string(body), "success")
	}
	return string(body) == "success"
}
