package easylink

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// States of refunds (easylink: section 7.3).
const (
	refundNew     = "0"
	refundPending = "1"
	refundDone    = "2"
	refundFailed  = "3"
	refundClosed  = "4"
)

// How long a refund takes at a speed of one: the gateway asks upstream once a
// minute.
const (
	settleLeast = 20 * time.Second
	settleMost  = 80 * time.Second
)

// lateAfter is when a refund fails that had succeeded, at a speed of one.
const lateAfter = time.Minute

// refundOrder answers easylink: section 7.1 in two decisions, as the real one
// does: the refund is recorded in state 0, and takes its state from the channel
// afterwards. Until then it guards the order against nothing (reliability:
// section 4), and a death in between leaves it in state 0.
func (s *speaker) refundOrder(c call) (result, error) {
	order, r, err := s.record(c)
	if err != nil {
		return result{}, err
	}
	state := s.firstState(r)
	plan := s.plan(c, state, r)
	if state == refundNew {
		// The number is used up and the row stays until the timer closes it.
		return result{}, broken(codeBusiness)
	}
	err = s.book.Update(c.Now, "refund sent to the channel", func(tx *book.Tx) error {
		now, known := tx.Refund(Gateway, r.RefundNo)
		if !known || now.Status != client.RefundUnknown {
			r = now // it was settled by hand meanwhile
			return nil
		}
		plan(&r)
		if r.Status == client.RefundSuccess {
			tx.Move(r)
		}
		if r.Status != client.RefundPending {
			snapshot := r
			tx.PutNotice(book.Notice{
				Gateway: Gateway, Kind: book.RefundNotice, No: r.RefundNo, URL: r.NotifyURL, Refund: &snapshot, At: c.Now, NextAt: c.Host,
			})
		}
		tx.PutRefund(r)
		return nil
	})
	return result{data: s.accepted(order, r), echo: "mchRefundNo"}, err
}

// record applies the business rules and commits the refund in state 0.
func (s *speaker) record(c call) (order book.Order, r book.Refund, err error) {
	f := c.fields
	if err := f.numbered("mchOrderNo", "payOrderId"); err != nil {
		return order, r, err
	}
	if !webAddress(f["notifyUrl"]) {
		return order, r, badNotifyURL()
	}
	amount, wrong := f.money("refundAmount")
	err = s.book.Update(c.Now, "refund recorded", func(tx *book.Tx) error {
		var known bool
		if order, known = f.order(tx.State); !known {
			return refuse(codeBusiness, "退款订单不存在", "the order to refund does not exist")
		}
		if wrong != nil {
			return wrong
		}
		if err := s.mayRefund(tx.State, order, amount, f["mchRefundNo"]); err != nil {
			return err
		}
		r = book.Refund{
			Gateway: Gateway, RefundNo: f["mchRefundNo"], GatewayRefundNo: numbers().GatewayRefund(c.Now, tx.Serial()), OrderNo: order.OrderNo,
			Amount: amount, Status: client.RefundUnknown, First: client.RefundUnknown, Reason: f["refundReason"], NotifyURL: f["notifyUrl"],
			CreatedAt: c.Now, Plan: book.Closed, DueAt: c.Host.Add(c.Pace.Scale(lifetime)),
		}
		if text, sent := f[s.switches.Get(extName)]; sent {
			r.Extra = map[string]string{extParam: text}
		}
		tx.PutRefund(r)
		return nil
	})
	return order, r, err
}

// mayRefund applies the rules of easylink: section 7.1 in their order. Only
// refunds in state 1 stand in the way of another one, and only successful ones
// count against the amount. A number that is taken is noticed late: while its
// refund is under way, or after it finished the order, the reason is another.
func (s *speaker) mayRefund(state *book.State, o book.Order, amount client.Money, no string) error {
	done, _ := state.Refunded(o)
	full := done.Minor >= o.Amount.Minor
	inFlight := slices.ContainsFunc(state.RefundsOf(Gateway, o.OrderNo), func(r book.Refund) bool { return r.Status == client.RefundPending })
	_, taken := state.Refund(Gateway, no)
	switch {
	case stateOf(o, full) != orderPaid:
		return refuse(codeBusiness, "订单状态不正确， 无法完成退款", "an order in this state cannot be refunded")
	case s.switches.Is(currencyCheck, "checked") && amount.Currency != o.Amount.Currency:
		return refuse(codeBusiness, "币种与订单不一致", "currency is not the order's")
	case amount.Minor > o.Amount.Minor-done.Minor:
		return refuse(codeBusiness, "申请金额超出订单可退款余额，请检查退款金额", "refundAmount is above what is left to refund")
	case inFlight:
		return refuse(codeBusiness, "支付订单具有在途退款申请，请稍后再试", "another refund of the order is under way, try again later")
	case taken:
		return refuse(codeBusiness, "商户退款订单号["+no+"]已存在", "mchRefundNo "+no+" exists already")
	case o.Refuse, s.switches.Is(channel, "no"):
		return refuse(codeBusiness, "当前通道不支持退款！", "the channel takes no refunds")
	}
	return nil
}

// Amounts in cents with a scripted outcome, where the switch asks for it.
const (
	failsLater = 101_00
	neverEnds  = 102_00
	failsNow   = 103_00
	endsNow    = 104_00
	breaks     = 105_00
)

// scripted reports whether the amount of a refund decides its outcome.
func (s *speaker) scripted(r book.Refund, minor int64) bool {
	return s.switches.Is(testAmounts, "on") && r.Amount.Minor == minor
}

// firstState is the state that the channel's answer gives a new refund.
func (s *speaker) firstState(r book.Refund) string {
	switch {
	case s.scripted(r, breaks):
		return refundNew
	case s.scripted(r, endsNow):
		return refundDone
	case s.scripted(r, failsNow):
		return refundFailed
	case s.scripted(r, failsLater), s.scripted(r, neverEnds):
		return refundPending
	default:
		return s.switches.Get(refundState)
	}
}

// plan decides, by faults and test amounts, how a refund goes on from its first
// state; the faults are asked outside of the book's lock. A refund that the
// channel never resolves keeps the timer that it was recorded with.
func (s *speaker) plan(c call, state string, r book.Refund) func(*book.Refund) {
	due := c.Host.Add(c.Pace.Between(settleLeast, settleMost, Gateway+"|"+r.RefundNo))
	switch state {
	case refundNew:
		return func(*book.Refund) {}
	case refundFailed:
		return func(r *book.Refund) {
			r.Status, r.First, r.SettledAt, r.Plan, r.DueAt = client.RefundFailed, client.RefundFailed, c.Now, "", time.Time{}
		}
	case refundDone:
		late := c.Strikes(fault.LateFailure)
		return func(r *book.Refund) {
			r.Status, r.First, r.SettledAt, r.Plan, r.DueAt = client.RefundSuccess, client.RefundSuccess, c.Now, "", time.Time{}
			if r.Late = late; late {
				r.DueAt = c.Host.Add(c.Pace.Scale(lateAfter))
			}
		}
	}
	outcome := book.Success
	late := false
	switch {
	case s.scripted(r, neverEnds), c.Strikes(fault.StayPending):
		outcome = book.Closed
	case s.scripted(r, failsLater):
		outcome = book.Failed
	default:
		late = c.Strikes(fault.LateFailure)
	}
	return func(r *book.Refund) {
		r.Status, r.First, r.Plan, r.Late = client.RefundPending, client.RefundPending, outcome, late
		if outcome != book.Closed {
			r.DueAt = due
		}
	}
}

// refundStateOf is a refund's state.
func refundStateOf(r book.Refund) string {
	switch r.Status {
	case client.RefundPending:
		return refundPending
	case client.RefundSuccess:
		return refundDone
	case client.RefundFailed:
		return refundFailed
	case client.RefundClosed:
		return refundClosed
	default:
		return refundNew
	}
}

// accepted is the answer to a new refund.
func (s *speaker) accepted(o book.Order, r book.Refund) protocol.Members {
	data := append(protocol.Members{
		{Name: "refundOrderId", Value: r.GatewayRefundNo},
		{Name: "mchRefundNo", Value: r.RefundNo},
		{Name: "state", Value: json.Number(refundStateOf(r))},
	}, upstream(r)...)
	if s.switches.Is(createAmounts, "yes") {
		data = append(data, protocol.Member{Name: "payAmount", Value: cents(o.Amount.Minor)}, protocol.Member{Name: "refundAmount", Value: cents(r.Amount.Minor)})
	}
	return data
}

// upstream is what the channel said of a refund; while it said nothing, nothing.
func upstream(r book.Refund) protocol.Members {
	switch r.Status {
	case client.RefundSuccess:
		digits := "000000000000000000" + strings.TrimPrefix(r.GatewayRefundNo, "R")
		return protocol.Members{{Name: "channelOrderNo", Value: r.SettledAt.UTC().Format("20060102") + "22" + digits[len(digits)-18:]}}
	case client.RefundFailed:
		code := r.FailCode
		if code == "" {
			code = "REFUND_FAILED"
		}
		return protocol.Members{{Name: "errCode", Value: code}, {Name: "errMsg", Value: "the channel refused the refund"}}
	default:
		return nil
	}
}

// refundQuery answers easylink: section 7.2.
func (s *speaker) refundQuery(c call) (result, error) {
	if err := c.numbered("mchRefundNo", "refundOrderId"); err != nil {
		return result{}, err
	}
	var o book.Order
	var r book.Refund
	var known bool
	s.book.View(func(state *book.State) {
		if no := c.fields["refundOrderId"]; no != "" {
			r, known = state.RefundByGatewayNo(Gateway, no)
		} else {
			r, known = state.Refund(Gateway, c.fields["mchRefundNo"])
		}
		o, _ = state.Order(Gateway, r.OrderNo)
	})
	if !known {
		return result{}, s.noRecord()
	}
	return result{data: s.refundData(o, r), echo: "refundAmount"}, nil
}

// refundData is a refund as the query and the notification carry it. The
// merchant's order number is not in it.
func (s *speaker) refundData(o book.Order, r book.Refund) protocol.Members {
	data := append(protocol.Members{
		{Name: "refundOrderId", Value: r.GatewayRefundNo},
		{Name: "payOrderId", Value: some(o.GatewayOrderNo)},
		{Name: "mchNo", Value: MerchantNo},
		{Name: "appId", Value: AppID},
		{Name: "mchRefundNo", Value: r.RefundNo},
		{Name: "payAmount", Value: cents(o.Amount.Minor)},
		{Name: "refundAmount", Value: cents(r.Amount.Minor)},
		{Name: "currency", Value: r.Amount.Currency},
		{Name: "state", Value: json.Number(refundStateOf(r))},
	}, upstream(r)...)
	data = append(data, s.own(r.Extra, ""), protocol.Member{Name: "createdAt", Value: s.stamp(r.CreatedAt)})
	if r.Status == client.RefundSuccess {
		data = append(data, protocol.Member{Name: "successTime", Value: s.stamp(r.SettledAt)})
	}
	return data
}
