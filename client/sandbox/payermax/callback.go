package payermax

import (
	"net/http"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// event is a callback's outer members that depend on what happened, and the
// member that carries its amount or state.
type event struct {
	kind, code, msg string
	data            protocol.Members
	amount          string
}

// Callback implements protocol.Protocol (payermax: sections 3.3 and 9). The
// signature scheme has no randomness, so that a repeat is the same bytes.
func (s *speaker) Callback(n book.Notice, spoil protocol.Spoil, age time.Duration) (protocol.Message, error) {
	e, err := s.event(n)
	if err != nil {
		return protocol.Message{}, err
	}
	appID, merchant := AppID, MerchantNo
	if spoil.Has(protocol.OtherMerchant) {
		appID, merchant = otherText(appID), otherText(merchant)
	}
	if spoil.Has(protocol.WrongEcho) {
		falsify(e.data, e.amount)
	}
	doc := protocol.Members{
		{Name: "code", Value: e.code},
		{Name: "msg", Value: e.msg},
		{Name: "keyVersion", Value: "1"},
		{Name: "appId", Value: appID},
		{Name: "merchantNo", Value: merchant},
		{Name: "notifyTime", Value: stamp(n.At.Add(-age))},
		{Name: "notifyType", Value: e.kind},
		{Name: "data", Value: e.data},
	}
	if s.switches.Is(extraMembers, "yes") {
		doc = append(doc, extra())
	}
	if spoil.Has(protocol.OddCase) {
		oddCase(doc)
	}
	var after func()
	if spoil.Has(protocol.EditAfter) {
		after = func() { falsify(e.data, e.amount) }
	}
	return s.seal(doc, spoil, after)
}

// event reads a notice; a state that the gateway does not report is ErrSilent
// (payermax: sections 6.1 and 6.2).
func (s *speaker) event(n book.Notice) (event, error) {
	switch n.Kind {
	case book.RefundNotice:
		return s.refundEvent(*n.Refund)
	case book.TokenNotice:
		return event{kind: "TOKENIZATION", code: codeAccepted, msg: "Success.", data: s.tokenData(*n.Token, n.At), amount: "paymentTokenID"}, nil
	default:
		return s.paymentEvent(*n.Order)
	}
}

func (s *speaker) paymentEvent(o book.Order) (event, error) {
	e := event{kind: "PAYMENT", code: codeAccepted, msg: "Success.", data: s.orderData(o), amount: "totalAmount"}
	switch o.Status {
	case client.OrderPaid:
	case client.OrderFailed, client.OrderClosed:
		e.code, e.msg = failCode(o), failText(o)
	default:
		return event{}, protocol.ErrSilent
	}
	return e, nil
}

func (s *speaker) refundEvent(r book.Refund) (event, error) {
	e := event{kind: "REFUND", code: codeAccepted, msg: "Success.", amount: "refundAmount"}
	switch r.Status {
	case client.RefundSuccess:
	case client.RefundFailed:
		if e.code, e.msg = codePaymentFailed, resultMsg(r); r.FailCode != "" {
			e.code = r.FailCode
		}
	default:
		return event{}, protocol.ErrSilent
	}
	e.data = protocol.Members{
		{Name: "outRefundNo", Value: r.RefundNo},
		{Name: "refundTradeNo", Value: r.GatewayRefundNo},
		{Name: "outTradeNo", Value: r.OrderNo},
		{Name: "refundAmount", Value: s.number(r.Amount)},
		{Name: "refundCurrency", Value: r.Amount.Currency},
		{Name: "refundFinishTime", Value: stamp(r.SettledAt)},
		{Name: "status", Value: refundWord(r.Status)},
	}
	return e, nil
}

// Acknowledged implements protocol.Protocol (payermax: section 9.5): status
// 200 and a code that is exactly SUCCESS.
func (s *speaker) Acknowledged(status int, body []byte) bool {
	answer, err := protocol.ReadObject(body)
	return status == http.StatusOK && err == nil && answer["code"] == "SUCCESS"
}
