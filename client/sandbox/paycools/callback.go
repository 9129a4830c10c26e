package paycools

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// event is what a callback says, and which of its members a tamperer changes: the
// one that carries the amount or the token, and the one that says whose it is.
type event struct {
	data          protocol.Members
	amount, owner string
}

// Callback implements protocol.Protocol (paycools: sections 3.4, 3.5, 7, 10.3 and
// 11). No member says when it was sent, so age makes the event itself older. The
// signature schemes have no randomness, so that a repeat is the same bytes.
func (s *speaker) Callback(n book.Notice, spoil protocol.Spoil, age time.Duration) (protocol.Message, error) {
	dialect := s.dialectOf(n)
	e, err := s.event(n, dialect, age)
	if err != nil {
		return protocol.Message{}, err
	}
	if s.switches.Is(extraMembers, "yes") {
		e.data = append(e.data, extra())
	}
	if spoil.Has(protocol.OtherMerchant) {
		falsify(e.data, e.owner)
	}
	if spoil.Has(protocol.WrongEcho) {
		falsify(e.data, e.amount)
	}
	if spoil.Has(protocol.OddCase) {
		for i := range e.data {
			e.data[i].Name = strings.ToUpper(e.data[i].Name)
		}
	}
	seal := s.sealFlat
	if dialect == GROUP {
		seal = s.sealParam
	}
	doc, err := seal(e, spoil)
	if err != nil {
		return protocol.Message{}, err
	}
	body, err := protocol.Encode(doc)
	return protocol.Message{Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, Body: body}, err
}

// dialectOf is the dialect in which something was asked for.
func (s *speaker) dialectOf(n book.Notice) string {
	if forced := s.switches.Get(callbackDialect); forced != "as-asked" {
		return forced
	}
	switch {
	case n.Refund != nil:
		return n.Refund.Dialect
	case n.Order != nil:
		return n.Order.Dialect
	default:
		return PH
	}
}

// event reads a notice; a state that the gateway does not report is ErrSilent.
func (s *speaker) event(n book.Notice, dialect string, age time.Duration) (event, error) {
	switch n.Kind {
	case book.RefundNotice:
		return s.refundEvent(*n.Refund, dialect, age)
	case book.TokenNotice:
		return s.tokenEvent(*n.Token, n.At), nil
	default:
		return s.paymentEvent(*n.Order, dialect, age)
	}
}

func (s *speaker) refundEvent(r book.Refund, dialect string, age time.Duration) (event, error) {
	words := map[client.RefundStatus]string{client.RefundSuccess: "success", client.RefundFailed: "failed", client.RefundClosed: "cancel"}
	word, told := words[r.Status]
	if !told {
		return event{}, protocol.ErrSilent
	}
	if s.switches.Is(eventDisagrees, "yes") {
		word = "success" // as in the vendor's own sample of a failure
	}
	var original string
	s.book.View(func(state *book.State) {
		o, _ := state.Order(Gateway, r.OrderNo)
		original = o.GatewayOrderNo
	})
	data := protocol.Members{
		{Name: "eventName", Value: "payment.refund." + word},
		{Name: "mchRefundOrderId", Value: r.RefundNo},
		{Name: "refundTransactionId", Value: r.GatewayRefundNo},
		{Name: "originalTransactionId", Value: original},
		{Name: "refundAmount", Value: cents(r.Amount)},
	}
	if s.switches.Is(feeRefunded, "yes") {
		data = append(data, protocol.Member{Name: "feeRefunded", Value: cents(returned(r))})
	}
	data = append(data,
		protocol.Member{Name: "refundStatus", Value: s.refundWord(r.Status, dialect)},
		protocol.Member{Name: "refundCreateTime", Value: s.stamp(r.CreatedAt.Add(-age))},
		protocol.Member{Name: "refundReturnTime", Value: s.stamp(r.SettledAt.Add(-age))})
	if s.switches.Is(callbackReason, "yes") {
		data = append(data, protocol.Member{Name: "refundReason", Value: r.Reason})
	}
	data = s.failure(data, r.Status == client.RefundFailed, r.FailCode, failedChannel)
	return event{data: data, amount: "refundAmount", owner: "originalTransactionId"}, nil
}

func (s *speaker) paymentEvent(o book.Order, dialect string, age time.Duration) (event, error) {
	if !ended(o) {
		return event{}, protocol.ErrSilent
	}
	word := "success"
	if o.Status != client.OrderPaid && s.switches.Is(eventDisagrees, "no") {
		word = "failed"
	}
	kind := kindOf(o)
	if kind == kindCheckout {
		kind = s.switches.Get(checkoutEvent)
	}
	data := protocol.Members{
		{Name: "eventName", Value: kind + ".payment." + word},
		{Name: "mchOrderId", Value: o.OrderNo},
		{Name: "transactionId", Value: o.GatewayOrderNo},
		{Name: "amount", Value: cents(o.Amount)},
		{Name: "transactionStatus", Value: s.orderWord(o, dialect)},
		{Name: "createTime", Value: s.stamp(o.CreatedAt.Add(-age))},
		{Name: "returnTime", Value: s.stamp(o.PaidAt.Add(-age))},
		{Name: "channelCode", Value: o.Method},
		{Name: "remark", Value: o.Note},
	}
	data = s.failure(data, o.Status != client.OrderPaid, o.FailCode, failedService)
	return event{data: data, amount: "amount", owner: "transactionId"}, nil
}

// tokenEvent is the notification of an authorisation (paycools: section 11).
// Unlike the list it spells paytoken in small letters.
func (s *speaker) tokenEvent(t book.Token, at time.Time) event {
	word, how, ended := s.tokenWord(t, at)
	name := "token.cancel.success"
	if t.StatusAt(at) == client.TokenActive {
		name = "token.create.success"
	}
	return event{
		data: protocol.Members{
			{Name: "eventName", Value: name},
			{Name: "userId", Value: t.UserID},
			{Name: "requestId", Value: t.OrderNo},
			{Name: "channelCode", Value: t.Method},
			{Name: "countryCode", Value: "PH"},
			{Name: "paytoken", Value: t.Token},
			{Name: "tokenStatus", Value: word},
			{Name: "expiresTime", Value: s.stamp(t.ExpiresAt)},
			{Name: "inactiveTime", Value: s.stamp(ended)},
			{Name: "inactiveType", Value: how},
			{Name: "userLoginId", Value: t.Account},
		},
		amount: "paytoken", owner: "userId",
	}
}

// sealFlat adds the digest of a PH callback (paycools: section 3.4).
func (s *speaker) sealFlat(e event, spoil protocol.Spoil) (protocol.Members, error) {
	raw, err := protocol.Encode(e.data)
	if err != nil {
		return nil, err
	}
	said, err := readBody(raw)
	if err != nil {
		return nil, err
	}
	text, secret := said.canonical(), s.secret
	if spoil.Has(protocol.BadSign) {
		text += " "
	}
	if spoil.Has(protocol.OtherKey) {
		secret = []byte(otherSecret)
	}
	signature := sign.SignSHA1(text, secret)
	if s.switches.Is(digestCase, "upper") {
		signature = strings.ToUpper(signature)
	}
	if spoil.Has(protocol.EditAfter) {
		falsify(e.data, e.amount)
	}
	return signed(e.data, signature, sign.SignSHA1(said.canonical(), []byte(otherSecret)), spoil), nil
}

// sealParam puts everything into param and signs that text (paycools: section
// 3.5).
func (s *speaker) sealParam(e event, spoil protocol.Spoil) (protocol.Members, error) {
	param, err := protocol.Encode(e.data)
	if err != nil {
		return nil, err
	}
	key, text := s.platform, param
	if spoil.Has(protocol.BadSign) {
		text = append(slices.Clone(param), ' ')
	}
	if spoil.Has(protocol.OtherKey) {
		key = s.other
	}
	right, err := sign.SignRSA(key, text)
	if err != nil {
		return nil, err
	}
	wrong, err := sign.SignRSA(s.other, param)
	if err != nil {
		return nil, err
	}
	if spoil.Has(protocol.EditAfter) {
		falsify(e.data, e.amount)
		if param, err = protocol.Encode(e.data); err != nil {
			return nil, err
		}
	}
	return signed(protocol.Members{{Name: "param", Value: string(param)}}, right, wrong, spoil), nil
}

// signed adds no, one or two signatures.
func signed(data protocol.Members, right, wrong string, spoil protocol.Spoil) protocol.Members {
	if spoil.Has(protocol.NoSign) {
		return data
	}
	data = append(data, protocol.Member{Name: signName, Value: right})
	if spoil.Has(protocol.DoubleSign) {
		data = append(data, protocol.Member{Name: signName, Value: wrong})
	}
	return data
}

// Acknowledged implements protocol.Protocol (paycools: sections 7 and 13): status
// 200 and one of the codes in circulation, as a number or its text.
func (s *speaker) Acknowledged(status int, body []byte) bool {
	answer, err := protocol.ReadObject(body)
	if err != nil || status != http.StatusOK {
		return false
	}
	code, _ := answer["code"].(string)
	number, _ := answer["code"].(json.Number)
	code = cmp.Or(code, number.String())
	if s.switches.Is(acknowledgement, "strict") {
		return code == "1"
	}
	return slices.Contains([]string{"0", "1", codeSuccess, codeGroupSuccess}, code)
}

// copied is data that can be falsified without changing what it was made from.
func copied(data any) any {
	switch v := data.(type) {
	case protocol.Members:
		out := slices.Clone(v)
		for i := range out {
			out[i].Value = copied(out[i].Value)
		}
		return out
	case []protocol.Members:
		out := make([]protocol.Members, len(v))
		for i := range v {
			out[i] = slices.Clone(v[i])
		}
		return out
	default:
		return data
	}
}

// falsify changes one member; in a list of objects, and in an object that holds
// one, the first object's.
func falsify(data any, name string) {
	switch v := data.(type) {
	case []protocol.Members:
		if len(v) > 0 {
			falsify(v[0], name)
		}
	case protocol.Members:
		switch value := v.Get(name).(type) {
		case string:
			v.Set(name, otherText(value))
		case json.Number:
			v.Set(name, json.Number(otherText(value.String())))
		default:
			for _, m := range v {
				falsify(m.Value, name)
			}
		}
	}
}

// otherText is a text of the same kind that is not the same: another last digit
// or letter.
func otherText(text string) string {
	if text == "" {
		return "X"
	}
	head, last := text[:len(text)-1], text[len(text)-1]
	switch {
	case last >= '0' && last < '9':
		last++
	case last == '9':
		last = '8'
	case last == 'X' || last == 'x':
		last = 'Y'
	default:
		last = 'X'
	}
	return head + string(last)
}
