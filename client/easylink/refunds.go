package easylink

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/wire"
)

// defaultReason is sent where the agent gave none: the gateway insists on one
// (easylink: section 7.1).
const defaultReason = "refund"

// refundRequest checks and renders one refund.
func (g *Gateway) refundRequest(req client.RefundRequest) (request, error) {
	if strings.TrimSpace(req.Reason) == "" {
		req.Reason = defaultReason
	}
	req.NotifyURL = cmp.Or(req.NotifyURL, g.refundNotify, string(g.notify.Reveal()))
	if err := firstError(
		checkNewNumber("refund_no", req.RefundNo),
		checkNumber("order_no", req.OrderNo),
		g.checkAmount(req.Amount),
		checkText("reason", req.Reason, maxReason),
		checkNotifyURL("notify_url", req.NotifyURL),
	); err != nil {
		return request{}, err
	}
	// Only one number names the order: of two, the gateway takes its own without
	// comparing them (easylink: section 11.3).
	order := member{Name: "mchOrderNo", Value: req.OrderNo}
	if g.sendPayOrderID && req.GatewayOrderNo != "" {
		if err := checkNumber("gateway_order_no", req.GatewayOrderNo); err != nil {
			return request{}, err
		}
		order = member{Name: "payOrderId", Value: req.GatewayOrderNo}
	}
	return request{
		ep: refundOrder,
		data: object{
			order,
			{Name: "mchRefundNo", Value: req.RefundNo},
			{Name: "refundAmount", Value: cents(req.Amount)},
			{Name: "currency", Value: req.Amount.Currency},
			{Name: "refundReason", Value: req.Reason},
			{Name: "notifyUrl", Value: req.NotifyURL},
		},
		keep: []string{req.RefundNo, req.OrderNo, req.GatewayOrderNo},
	}, nil
}

// Refund implements client.Refunds. Code 0 alone says nothing: the state is
// data.state, and every echoed field is compared with what was asked (F7). State
// 0 is RefundUnknown without an error: the gateway holds a record, but whether
// the money moves is open. A number that this version does not know is that too,
// with the number as its word. An answer without a right signature is ClassUnknown
// with Code "signature": the money may have moved. A refusal is ClassRefused with
// unverified evidence, and for the desk to settle by query (UnsignedRefusals);
// a failure of the gateway, or a code it is not known to have, is ClassUnknown.
func (g *Gateway) Refund(ctx context.Context, req client.RefundRequest) (client.RefundAnswer, error) {
	out, err := g.refundRequest(req)
	if err != nil {
		return client.RefundAnswer{}, err
	}
	r, err := g.call(ctx, out)
	if err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	answer := client.RefundAnswer{Refund: readRefund(r.data), Exchange: r.exchange}
	if err := g.checkRefundEcho(req, &r, &answer.Refund); err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	return answer, nil
}

// checkRefundEcho compares a refund's answer with its request. The amount is not
// in every answer (easylink: section 11.5).
func (g *Gateway) checkRefundEcho(req client.RefundRequest, r *reply, got *client.Refund) error {
	if !sameNumber(got.RefundNo, req.RefundNo) {
		return r.contradict(refundOrder, "mchRefundNo", got.RefundNo, req.RefundNo)
	}
	if got.OrderNo != "" && !sameNumber(got.OrderNo, req.OrderNo) {
		return r.contradict(refundOrder, "mchOrderNo", got.OrderNo, req.OrderNo)
	}
	if got.GatewayOrderNo != "" && req.GatewayOrderNo != "" && !sameNumber(got.GatewayOrderNo, req.GatewayOrderNo) {
		return r.contradict(refundOrder, "payOrderId", got.GatewayOrderNo, req.GatewayOrderNo)
	}
	if currency := r.data.Text("currency"); currency != "" && !strings.EqualFold(currency, req.Amount.Currency) {
		return r.contradict(refundOrder, "currency", currency, req.Amount.Currency)
	}
	if text := r.data.Text("refundAmount"); text != "" {
		if minor, err := parseCents(text); err != nil || minor != req.Amount.Minor {
			return r.contradict(refundOrder, "refundAmount", text, string(cents(req.Amount)))
		}
		got.Amount = req.Amount
	}
	// Numbers are the same whatever their case; ours is the one that is stored.
	got.RefundNo, got.OrderNo = req.RefundNo, req.OrderNo
	return firstError(g.checkMerchant(refundOrder, r), stateGiven(refundOrder, r))
}

// QueryRefund implements client.Refunds (easylink: section 7.2). The answer does
// not name the merchant's order number, only the gateway's. State 0, and a number
// that is not known, are RefundUnknown without an error, as in Refund.
func (g *Gateway) QueryRefund(ctx context.Context, refundNo string) (client.RefundAnswer, error) {
	if err := checkNumber("refund_no", refundNo); err != nil {
		return client.RefundAnswer{}, err
	}
	r, err := g.call(ctx, request{ep: refundQuery, data: object{{Name: "mchRefundNo", Value: refundNo}}, keep: []string{refundNo}})
	if err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	answer := client.RefundAnswer{Refund: readRefund(r.data), Exchange: r.exchange}
	if got := answer.Refund.RefundNo; !sameNumber(got, refundNo) {
		return client.RefundAnswer{Exchange: r.exchange}, r.contradict(refundQuery, "mchRefundNo", got, refundNo)
	}
	answer.Refund.RefundNo = refundNo
	amount, err := g.readAmount(refundQuery, &r, "refundAmount")
	if err = firstError(err, g.checkMerchant(refundQuery, &r), stateGiven(refundQuery, &r)); err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	answer.Refund.Amount = amount
	return answer, nil
}

// PreviewRefund implements client.Refunds.
func (g *Gateway) PreviewRefund(req client.RefundRequest) (client.Preview, error) {
	out, err := g.refundRequest(req)
	if err != nil {
		return client.Preview{}, err
	}
	return g.preview(out)
}

// unresolved is the reason of a refund that the gateway closed by its timer.
// Nobody upstream said that it failed (easylink: section 7.3).
const unresolved = "closed unresolved after two hours: the money may still have moved"

// readRefund takes what needs no checking out of an answer.
func readRefund(data object) client.Refund {
	state := stateOf(data)
	status, known := refundStatus(state)
	got := client.Refund{
		RefundNo: data.Text("mchRefundNo"), GatewayRefundNo: data.Text("refundOrderId"),
		OrderNo: data.Text("mchOrderNo"), GatewayOrderNo: data.Text("payOrderId"),
		Status: status, SettledAt: parseTime(data.Text("successTime")),
	}
	if !known {
		got.Word = wire.Word(state)
	}
	switch status {
	case client.RefundFailed:
		got.FailCode = failCode(data)
	case client.RefundClosed:
		got.FailCode = short(strings.TrimSpace(unresolved + " " + failCode(data)))
	default:
	}
	return got
}

// stateGiven refuses an answer without a state: what it means for the money is
// not known. A number that is none of section 7.3 is a state, of which nothing
// more is known either; it is shown as it is.
func stateGiven(ep endpoint, r *reply) error {
	if stateOf(r.data) == "" {
		return r.fail(ep, client.ClassUnknown, "state", "the answer has no state", nil)
	}
	return nil
}

// readAmount reads an amount of a signed answer with its currency.
func (g *Gateway) readAmount(ep endpoint, r *reply, name string) (client.Money, error) {
	text, currency := r.data.Text(name), strings.ToUpper(r.data.Text("currency"))
	exp, ok := g.Decimals(currency)
	if !ok {
		e := r.fail(ep, client.ClassUnknown, "currency", fmt.Sprintf("the answer's currency is %.10q, whose decimals are not known", currency), nil)
		e.Hint = "add it to the profile's decimals"
		return client.Money{}, e
	}
	minor, err := parseCents(text)
	if err != nil {
		return client.Money{}, r.fail(ep, client.ClassUnknown, "amount", fmt.Sprintf("the answer's %s %.40q %s cannot be read", name, client.MaskCards(text), currency), err)
	}
	return client.Money{Minor: minor, Currency: currency, Exp: exp}, nil
}
