package paycools

import (
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// How long a refund takes at a speed of one.
const (
	settleLeast = 40 * time.Second
	settleMost  = 120 * time.Second
)

// refundCall is what a refund asks for (paycools: section 5).
type refundCall struct {
	no, transaction, reason, notifyURL string
	cents                              int64
}

func (s *speaker) readRefund(p params) (refundCall, error) {
	f := &fields{params: p}
	r := refundCall{
		no: f.id("mchRefundOrderId"), transaction: f.text("originalTransactionId", true, mostOld),
		reason: f.text("refundReason", s.switches.Is(reasonNeeded, "yes"), mostText), notifyURL: f.address("refundCallbackUrl", true),
	}
	f.text("subOrderId", false, mostOld)
	r.cents, _ = f.whole("refundAmount", true)
	return r, f.err
}

// refund decides one refund. Everything that the decision rests on is read, and
// the decision committed, under the book's one lock: of any number of equal calls
// at the same moment one is accepted and the others are repeats, which are
// refused (paycools: section 5).
func (s *speaker) refund(c call) (result, error) {
	want, err := s.readRefund(c.params)
	if err != nil {
		return result{}, err
	}
	var data protocol.Members
	err = s.book.Update(c.Now, "refund accepted", func(tx *book.Tx) error {
		if _, known := tx.Refund(Gateway, want.no); known {
			return refuse(codeRefundTaken, "mchRefundOrderId is repeated")
		}
		order, known := tx.OrderByGatewayNo(Gateway, want.transaction)
		if !known {
			return refuse(codeNoPayment, "the original transaction does not exist")
		}
		if err := s.mayRefund(c, tx.State, order, want.cents); err != nil {
			return err
		}
		r := book.Refund{
			Gateway: Gateway, RefundNo: want.no, GatewayRefundNo: s.numbers().GatewayRefund(c.Now, tx.Serial()), OrderNo: order.OrderNo,
			Amount: pesos(want.cents), Status: client.RefundPending, First: client.RefundPending, Reason: want.reason, NotifyURL: want.notifyURL,
			CreatedAt: c.Now, Dialect: c.dialect,
		}
		s.plan(c, &r)
		tx.PutRefund(r)
		data = protocol.Members{
			{Name: "mchRefundOrderId", Value: r.RefundNo},
			{Name: "refundTransactionId", Value: r.GatewayRefundNo},
			{Name: "refundAmount", Value: cents(r.Amount)},
			{Name: "refundCreateTime", Value: s.stamp(r.CreatedAt)},
			{Name: "refundStatus", Value: wordPending},
		}
		return nil
	})
	return result{data: data, echo: "mchRefundOrderId"}, err
}

// mayRefund applies the rules that are known from the codes (paycools: sections
// 4.2 and 5).
func (s *speaker) mayRefund(c call, state *book.State, order book.Order, amount int64) error {
	if amount <= 0 {
		return refuse(codeAmount, "refundAmount must be above 0")
	}
	if order.Status != client.OrderPaid {
		return refuse(codeNotComplete, "the original transaction is not complete")
	}
	if days := s.switches.Number(windowDays); days > 0 && c.Now.Sub(order.PaidAt) > time.Duration(days)*24*time.Hour {
		return refuse(codeTooOld, "the original transaction is too old")
	}
	done, reserved := state.Refunded(order)
	if reserved.Minor > 0 && s.switches.Is(oneAtATime, "yes") {
		return refuse(codeBusy, "a refund is being processed")
	}
	if order.Refuse {
		return refuse(codeNotAllowed, "refund is not allowed")
	}
	rule := s.ruleOf(order)
	switch rest := order.Amount.Minor - done.Minor - reserved.Minor; {
	case rule == ruleNone:
		return refuse(s.switches.Get(noRefundsCode), "the channel does not support refunds")
	case rule == ruleOnce && done.Minor+reserved.Minor > 0:
		return refuse(codeOnlyOne, "the channel supports one refund only")
	case amount > rest:
		return refuse(codeAboveRest, "refundAmount is above what can be refunded")
	case rule == ruleFull && amount != order.Amount.Minor:
		return refuse(s.switches.Get(fullOnlyCode), "the channel supports full refunds only")
	case s.switches.Is(funds, "empty"):
		return refuse(codeBalance, "balance is not sufficient")
	}
	return nil
}

// ruleOf is what the channel of a payment refunds.
func (s *speaker) ruleOf(o book.Order) string {
	if rule := s.switches.Get(channelRule); rule != "table" {
		return rule
	}
	c, _ := channelOf(o.Method)
	return c.rule
}

// plan decides how the refund will go: by a fault, else by the switch.
func (s *speaker) plan(c call, r *book.Refund) {
	switch s.switches.Get(refundOutcome) {
	case "failed":
		r.Plan = book.Failed
	case "cancelled":
		r.Plan = book.Closed
	case "stay":
		r.Plan = book.Stay
	default:
		r.Plan = book.Success
	}
	if c.Strikes(fault.StayPending) {
		r.Plan = book.Stay
	}
	if r.Plan == book.Success {
		r.Late = c.Strikes(fault.LateFailure)
	}
	if r.Plan != book.Stay {
		r.DueAt = c.Host.Add(c.Pace.Between(settleLeast, settleMost, Gateway+"|"+r.RefundNo))
	}
}

// refunds answers paycools: section 6: all refunds of one payment, or one by the
// gateway's number. There is no look-up by the merchant's.
func (s *speaker) refunds(c call) (result, error) {
	f := &fields{params: c.params}
	payment, number := f.text("originalTransactionId", false, mostOld), f.text("refundTransactionId", false, mostOld)
	if payment == "" && number == "" {
		f.wrong("originalTransactionId", "or refundTransactionId is needed")
	}
	if f.err != nil {
		return result{}, f.err
	}
	list := []protocol.Members{}
	known := false
	s.book.View(func(state *book.State) {
		if number != "" {
			r, ok := state.RefundByGatewayNo(Gateway, number)
			o, _ := state.Order(Gateway, r.OrderNo)
			if known = ok && (payment == "" || o.GatewayOrderNo == payment); known {
				list = append(list, s.refundData(c.dialect, o, r))
			}
			return
		}
		o, ok := state.OrderByGatewayNo(Gateway, payment)
		if known = ok; !ok {
			return
		}
		for _, r := range state.RefundsOf(Gateway, o.OrderNo) {
			list = append(list, s.refundData(c.dialect, o, r))
		}
	})
	switch {
	case !known:
		return none(s.switches.Get(ofUnknown))
	case len(list) == 0:
		return none(s.switches.Get(noRefunds))
	case len(list) == 1 && s.switches.Is(singleRefund, "object"):
		return result{data: list[0], echo: "refundAmount"}, nil
	}
	return result{data: list, echo: "refundAmount"}, nil
}

// none answers that there is nothing, in the way that a switch names.
func none(how string) (result, error) {
	switch how {
	case "empty":
		return result{data: []protocol.Members{}}, nil
	case "null":
		return result{}, nil
	default:
		return result{}, refuse(how, "nothing was found")
	}
}

// refundData is a refund as the query lists it (paycools: section 6).
func (s *speaker) refundData(dialect string, o book.Order, r book.Refund) protocol.Members {
	data := protocol.Members{
		{Name: "mchRefundOrderId", Value: r.RefundNo},
		{Name: "originalTransactionId", Value: o.GatewayOrderNo},
		{Name: "refundTransactionId", Value: r.GatewayRefundNo},
		{Name: "refundAmount", Value: cents(r.Amount)},
	}
	if s.switches.Is(feeRefunded, "yes") {
		data = append(data, protocol.Member{Name: "feeRefunded", Value: cents(returned(r))})
	}
	data = append(data,
		protocol.Member{Name: "refundStatus", Value: s.refundWord(r.Status, dialect)},
		protocol.Member{Name: "refundCreateTime", Value: s.stamp(r.CreatedAt)}, protocol.Member{Name: "refundReturnTime", Value: s.stamp(r.SettledAt)})
	if r.Reason != "" {
		data = append(data, protocol.Member{Name: "refundReason", Value: r.Reason})
	}
	return s.failure(data, r.Status == client.RefundFailed, r.FailCode, failedChannel)
}

// returned is the fee that goes back with a refund.
func returned(r book.Refund) client.Money {
	if r.Status != client.RefundSuccess {
		return r.Amount.Zero()
	}
	return fee(r.Amount)
}
