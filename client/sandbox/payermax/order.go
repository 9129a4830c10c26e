package payermax

import (
	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// orderQuery answers payermax: section 5.2.
func (s *speaker) orderQuery(c call) (result, error) {
	f := &fields{data: c.data}
	no := f.text("outTradeNo", true, 64)
	if f.err != nil {
		return result{}, f.err
	}
	var o book.Order
	var known bool
	s.book.View(func(state *book.State) { o, known = state.Order(Gateway, no) })
	if !known {
		return result{}, refuse(codeNoOrder, "order does not exist")
	}
	return result{data: s.orderData(o), echo: "totalAmount"}, nil
}

// orderData is an order as orderQuery and the payment callback carry it.
func (s *speaker) orderData(o book.Order) protocol.Members {
	data := protocol.Members{
		{Name: "outTradeNo", Value: o.OrderNo},
		{Name: "tradeToken", Value: o.GatewayOrderNo},
		{Name: "reference", Value: o.Note},
		{Name: "totalAmount", Value: s.number(o.Amount)},
		{Name: "currency", Value: o.Amount.Currency},
		{Name: "country", Value: o.Country},
		{Name: "status", Value: orderWord(o.Status)},
		{Name: "resultMsg", Value: ""},
		{Name: "createTime", Value: stamp(o.CreatedAt)},
	}
	if o.Status == client.OrderFailed || o.Status == client.OrderClosed {
		data.Set("resultMsg", failText(o))
		data = append(data, protocol.Member{Name: "resultCode", Value: failCode(o)})
	}
	if !o.PaidAt.IsZero() {
		data = append(data, protocol.Member{Name: "completeTime", Value: stamp(o.PaidAt)})
	}
	if o.ChannelNo != "" {
		data = append(data, protocol.Member{Name: "channelNo", Value: o.ChannelNo})
	}
	details := []protocol.Members{}
	if o.Status == client.OrderPaid {
		details = append(details, s.paymentDetail(o))
	}
	return append(data, protocol.Member{Name: "paymentDetails", Value: details})
}

func failCode(o book.Order) string {
	if o.FailCode != "" {
		return o.FailCode
	}
	return codePaymentFailed
}

func failText(o book.Order) string {
	if o.Status == client.OrderClosed {
		return "payment was not completed in time"
	}
	return "payment was refused by the channel"
}

// cardMethod is the method whose detail is a card and not a wallet or bank.
const cardMethod = "CARD"

func (s *speaker) paymentDetail(o book.Order) protocol.Members {
	detail := protocol.Members{
		{Name: "paymentMethodType", Value: o.Method},
		{Name: "payAmount", Value: s.number(o.Amount)},
		{Name: "payCurrency", Value: o.Amount.Currency},
	}
	if o.Token != "" {
		detail = append(detail, protocol.Member{Name: "paymentTokenID", Value: o.Token})
	}
	if o.Method != cardMethod {
		return append(detail, protocol.Member{Name: "targetOrg", Value: o.Brand})
	}
	return append(detail, protocol.Member{Name: "cardInfo", Value: protocol.Members{
		{Name: "cardOrg", Value: o.Brand},
		{Name: "country", Value: o.Country},
		{Name: "cardType", Value: "CREDIT"},
		{Name: "cardIdentifierNo", Value: o.Card},
	}})
}
