package payermax

import (
	"context"

	"paydesk/client"
)

// QueryOrder implements client.Orders (payermax: section 5.2). A status word
// that this version does not know is OrderUnknown, not an error.
func (g *Gateway) QueryOrder(ctx context.Context, orderNo string) (client.OrderAnswer, error) {
	if err := checkNumber("order_no", orderNo); err != nil {
		return client.OrderAnswer{}, err
	}
	data := struct {
		OutTradeNo string `json:"outTradeNo"`
	}{orderNo}
	r, err := g.call(ctx, request{ep: orderQuery, data: data, keep: []string{orderNo}})
	answer := client.OrderAnswer{Exchange: r.exchange}
	if err != nil {
		return answer, err
	}
	if got := r.data.Text("outTradeNo"); !sameNumber(got, orderNo) {
		return answer, r.contradict(orderQuery, "outTradeNo", got, orderNo)
	}
	price, err := g.readAmount(orderQuery, &r, r.data.Text("totalAmount"), r.data.Text("currency"))
	if err != nil {
		return answer, err
	}
	answer.Order = readOrder(r.data)
	answer.Order.Amount = price
	return answer, nil
}

// readOrder takes what needs no checking out of an answer.
func readOrder(data object) client.Order {
	detail := data.First("paymentDetails")
	card := detail.Object("cardInfo")
	o := client.Order{
		OrderNo: data.Text("outTradeNo"), GatewayOrderNo: data.Text("tradeToken"),
		ChannelNo: data.Text("channelNo", "thirdChannelNo"),
		Status:    orderStatus(data.Text("status")),
		Method:    detail.Text("paymentMethodType", "paymentMethod"),
		Brand:     card.Text("cardOrg"),
		Card:      cardTail(detail.Get("cardInfo")),
		Note:      client.MaskCards(data.Text("reference")),
		CreatedAt: parseTime(data.Text("createTime")),
	}
	if org := detail.Text("targetOrg"); o.Brand == "" && org != "*" {
		o.Brand = org
	}
	switch o.Status {
	case client.OrderPaid:
		o.PaidAt = parseTime(data.Text("completeTime", "confirmPayTime"))
	case client.OrderFailed, client.OrderClosed:
		o.FailCode = short(client.MaskCards(data.Text("resultCode", "resultMsg")))
	case client.OrderPending, client.OrderUnknown:
	}
	return o
}
