package easylink

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// States of orders (easylink: section 6.4).
const (
	orderNew      = "0"
	orderPaying   = "1"
	orderPaid     = "2"
	orderFailed   = "3"
	orderRefunded = "5"
	orderClosed   = "6"
)

// lifetime is how long an order waits for its payer, and an unresolved refund
// for the channel (easylink: sections 6.1 and 7.3).
const lifetime = 2 * time.Hour

// longestWait bounds expiredTime.
const longestWait = 365 * 24 * time.Hour

// ways are those that the application has (easylink: section 6.1).
func ways() []string { return []string{"WX_LITE", "WX_H5", "ALI_H5", "UP_OP"} }

// ifCode is the channel behind all ways.
const ifCode = "easypay"

// unifiedOrder opens a payment (easylink: section 6.1).
func (s *speaker) unifiedOrder(c call) (result, error) {
	order, err := s.newOrder(c)
	if err != nil {
		return result{}, err
	}
	err = s.book.Update(c.Now, "payment recorded", func(tx *book.Tx) error {
		if _, known := tx.Order(Gateway, order.OrderNo); known {
			return refuse(codeBusiness, "商户订单["+order.OrderNo+"]已存在", "mchOrderNo "+order.OrderNo+" exists already")
		}
		switch {
		case !webAddress(c.fields["notifyUrl"]):
			return badNotifyURL()
		case !webAddress(order.ReturnURL):
			return refuse(codeBusiness, "同步通知地址协议仅支持http:// 或 https:// !", "returnUrl must be http or https")
		case !slices.Contains(ways(), order.Method):
			return refuse(codeBusiness, "商户应用不支持该支付方式", "the application has no way "+order.Method)
		}
		order.GatewayOrderNo = numbers().GatewayOrder(c.Now, tx.Serial())
		order.ChannelNo = numbers().Channel(c.Now, tx.Serial())
		s.begin(c, &order)
		tx.PutOrder(order)
		return nil
	})
	if err == nil && s.switches.Is(orderState, orderNew) {
		// The number is used up and the row stays (easylink: section 6.1).
		err = broken(codeBusiness)
	}
	return result{data: s.opened(c, order), echo: "mchOrderNo"}, err
}

func badNotifyURL() error {
	return refuse(codeBusiness, "异步通知地址协议仅支持http:// 或 https:// !", "notifyUrl must be http or https")
}

// newOrder reads what needs no look into the book. What channelExtra holds is
// for the channel; a card number in it is never kept.
func (s *speaker) newOrder(c call) (book.Order, error) {
	f := c.fields
	amount, err := f.money("amount")
	if err != nil {
		return book.Order{}, err
	}
	if text := f["channelExtra"]; text != "" {
		if _, err := protocol.ReadObject([]byte(text)); err != nil {
			return book.Order{}, badParameter("channelExtra", "is no JSON text")
		}
	}
	wait := lifetime
	if text := f["expiredTime"]; text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < 1 || seconds > int64(longestWait/time.Second) {
			return book.Order{}, badParameter("expiredTime", "is no number of seconds")
		}
		wait = time.Duration(seconds) * time.Second
	}
	o := book.Order{
		Gateway: Gateway, OrderNo: f["mchOrderNo"], Amount: amount, Country: "HK", Subject: f["subject"], Method: f["wayCode"],
		NotifyURL: f["notifyUrl"], ReturnURL: f["returnUrl"], CreatedAt: c.Now, ExpiresAt: c.Host.Add(c.Pace.Scale(wait)),
		Extra: map[string]string{"body": f["body"], "clientIp": f["clientIp"]},
	}
	if text, sent := f[s.switches.Get(extName)]; sent {
		o.Note, o.Extra[extParam] = text, text
	}
	return o, nil
}

// money reads an amount of cents whose digits were checked before.
func (f fields) money(name string) (client.Money, error) {
	currency := strings.ToUpper(f["currency"])
	exp, ok := decimals(currency)
	if !ok {
		return client.Money{}, refuse(codeBusiness, "不支持的币种", "currency is not supported")
	}
	minor, err := strconv.ParseInt(f[name], 10, 64)
	if err != nil {
		return client.Money{}, badParameter(name, "is too large")
	}
	return client.Money{Minor: minor, Currency: currency, Exp: exp}, nil
}

// begin puts a new order into its first state.
func (s *speaker) begin(c call, o *book.Order) {
	o.Status = client.OrderPending
	switch s.switches.Get(orderState) {
	case orderNew:
		// The channel was never told: there is no page.
	case orderFailed:
		o.Status, o.FailCode, o.PaidAt, o.ExpiresAt = client.OrderFailed, "CHANNEL_REFUSED", c.Now, time.Time{}
	default:
		o.Page = true
		if c.Strikes(fault.StayPending) {
			o.Plan = book.Stay
		}
	}
}

// opened is the answer to a new order. The state has another name here than
// everywhere else (easylink: section 11.15).
func (s *speaker) opened(c call, o book.Order) protocol.Members {
	data := protocol.Members{
		{Name: "payOrderId", Value: o.GatewayOrderNo},
		{Name: "mchOrderNo", Value: o.OrderNo},
		{Name: "orderState", Value: json.Number(stateOf(o, false))},
		{Name: "errCode", Value: some(o.FailCode)},
		{Name: "errMsg", Value: failText(o)},
	}
	if o.Status != client.OrderPending || !o.Page {
		return data
	}
	kind, pay := "payurl", c.PageURL(o.GatewayOrderNo)
	if o.Method == "WX_LITE" {
		kind, pay = "wxapp", fmt.Sprintf(`{"appId":"wx0000000000000000","package":"prepay_id=%s","signType":"MD5"}`, o.GatewayOrderNo)
	}
	return append(data, protocol.Member{Name: "payDataType", Value: kind}, protocol.Member{Name: "payData", Value: pay})
}

// stateOf is an order's state; full says that it was refunded in full.
func stateOf(o book.Order, full bool) string {
	switch o.Status {
	case client.OrderPending:
		if o.Page {
			return orderPaying
		}
		return orderNew
	case client.OrderPaid:
		if full {
			return orderRefunded
		}
		return orderPaid
	case client.OrderFailed:
		return orderFailed
	default:
		return orderClosed
	}
}

func failText(o book.Order) any {
	if o.FailCode == "" {
		return nil
	}
	return "the channel refused the payment"
}

// order looks an order up; the gateway's own number wins (easylink: section 6.2).
func (f fields) order(state *book.State) (o book.Order, known bool) {
	if no := f["payOrderId"]; no != "" {
		return state.OrderByGatewayNo(Gateway, no)
	}
	return state.Order(Gateway, f["mchOrderNo"])
}

// numbered refuses a call that names neither of two numbers.
func (f fields) numbered(a, b string) error {
	if f[a]+f[b] == "" {
		return refuse(codeBusiness, a+" 和 "+b+"不能同时为空", a+" and "+b+" must not both be empty")
	}
	return nil
}

func (s *speaker) noRecord() error {
	return refuse(s.switches.Get(unknownNumber), "订单不存在", "order does not exist")
}

// payQuery answers easylink: section 6.2.
func (s *speaker) payQuery(c call) (result, error) {
	if err := c.numbered("mchOrderNo", "payOrderId"); err != nil {
		return result{}, err
	}
	var o book.Order
	var known, full bool
	s.book.View(func(state *book.State) {
		if o, known = c.order(state); known {
			done, _ := state.Refunded(o)
			full = done.Minor >= o.Amount.Minor
		}
	})
	if !known {
		return result{}, s.noRecord()
	}
	return result{data: s.orderData(o, stateOf(o, full)), echo: "amount"}, nil
}

// orderData is an order as the query and the notification carry it.
func (s *speaker) orderData(o book.Order, state string) protocol.Members {
	body := o.Extra["body"]
	if body == "" {
		body = o.Subject
	}
	data := protocol.Members{
		{Name: "payOrderId", Value: o.GatewayOrderNo},
		{Name: "mchNo", Value: MerchantNo},
		{Name: "appId", Value: AppID},
		{Name: "mchOrderNo", Value: o.OrderNo},
		{Name: "ifCode", Value: ifCode},
		{Name: "wayCode", Value: some(o.Method)},
		{Name: "amount", Value: cents(o.Amount.Minor)},
		{Name: "currency", Value: o.Amount.Currency},
		{Name: "state", Value: json.Number(state)},
		{Name: "clientIp", Value: some(o.Extra["clientIp"])},
		{Name: "subject", Value: some(o.Subject)},
		{Name: "body", Value: some(body)},
		{Name: "channelOrderNo", Value: some(o.ChannelNo)},
		{Name: "errCode", Value: some(o.FailCode)},
		{Name: "errMsg", Value: failText(o)},
		s.own(o.Extra, o.Note),
		{Name: "createdAt", Value: s.stamp(o.CreatedAt)},
	}
	if o.Status == client.OrderPaid {
		data = append(data, protocol.Member{Name: "successTime", Value: s.stamp(o.PaidAt)})
	}
	return data
}

// payClose answers easylink: section 6.3.
func (s *speaker) payClose(c call) (result, error) {
	if err := c.numbered("mchOrderNo", "payOrderId"); err != nil {
		return result{}, err
	}
	res := result{data: protocol.Members{}}
	err := s.book.Update(c.Now, "payment closed", func(tx *book.Tx) error {
		o, known := c.order(tx.State)
		switch {
		case !known:
			return s.noRecord()
		case o.Status != client.OrderPending:
			return refuse(codeBusiness, "订单状态不正确，无法关闭", "an order in this state cannot be closed")
		case o.Page && s.switches.Is(closing, "empty"):
			res.empty = true
			return nil
		}
		o.Status, o.PaidAt, o.DueAt = client.OrderClosed, c.Now, time.Time{}
		tx.PutOrder(o)
		return nil
	})
	return res, err
}
