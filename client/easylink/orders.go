package easylink

import (
	"context"
	"strings"

	"paydesk/client"
)

// QueryOrder implements client.Orders (easylink: section 6.2). The number is
// looked up as the merchant's and, when the gateway does not know that, as the
// gateway's own. A state that this version does not know is OrderUnknown, not an
// error.
func (g *Gateway) QueryOrder(ctx context.Context, orderNo string) (client.OrderAnswer, error) {
	if err := checkNumber("order_no", orderNo); err != nil {
		return client.OrderAnswer{}, err
	}
	answer, err := g.queryOrder(ctx, "mchOrderNo", orderNo)
	if client.ClassOf(err) != client.ClassNotFound {
		return answer, err
	}
	byGateway, gatewayErr := g.queryOrder(ctx, "payOrderId", orderNo)
	if client.ClassOf(gatewayErr) == client.ClassNotFound {
		return answer, err
	}
	return byGateway, gatewayErr
}

// queryOrder asks for one order by the number that the member by names.
func (g *Gateway) queryOrder(ctx context.Context, by, no string) (client.OrderAnswer, error) {
	r, err := g.call(ctx, request{ep: payQuery, data: object{{Name: by, Value: no}}, keep: []string{no}})
	answer := client.OrderAnswer{Exchange: r.exchange}
	if err != nil {
		return answer, err
	}
	if got := r.data.Text(by); !sameNumber(got, no) {
		return answer, r.contradict(payQuery, by, got, no)
	}
	if r.data.Text("mchOrderNo") == "" {
		return answer, r.fail(payQuery, client.ClassUnknown, "order-no", "the answer does not name the merchant's order number", nil)
	}
	if err := g.checkMerchant(payQuery, &r); err != nil {
		return answer, err
	}
	price, err := g.readAmount(payQuery, &r, "amount")
	if err != nil {
		return answer, err
	}
	answer.Order = readOrder(r.data)
	answer.Order.Amount = price
	return answer, nil
}

// checkMerchant refuses an answer about another merchant's thing. The
// application may be another one: the gateway looks up by merchant (easylink:
// sections 6.2 and 7.2).
func (g *Gateway) checkMerchant(ep endpoint, r *reply) error {
	if got := r.data.Text("mchNo"); got != "" && got != g.mchNo {
		return r.contradict(ep, "mchNo", got, g.mchNo)
	}
	return nil
}

// readOrder takes what needs no checking out of an answer.
func readOrder(data object) client.Order {
	o := client.Order{
		OrderNo: data.Text("mchOrderNo"), GatewayOrderNo: data.Text("payOrderId"), ChannelNo: data.Text("channelOrderNo"),
		Status:    orderStatus(stateOf(data)),
		Method:    data.Text("wayCode"),
		Note:      client.MaskCards(data.Text(ExtParam, ExtraParam, "subject")),
		CreatedAt: parseTime(data.Text("createdAt")),
	}
	switch o.Status {
	case client.OrderPaid:
		o.PaidAt = parseTime(data.Text("successTime"))
	case client.OrderFailed, client.OrderClosed:
		o.FailCode = failCode(data)
	case client.OrderPending, client.OrderUnknown:
	}
	return o
}

// stateOf reads the state by either of its names (easylink: section 11.15).
func stateOf(data object) string { return data.Text("state", "orderState") }

// failCode is the upstream's reason.
func failCode(data object) string {
	return short(client.MaskCards(strings.TrimSpace(data.Text("errCode") + " " + data.Text("errMsg"))))
}
