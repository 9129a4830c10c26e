package payermax

import (
	"slices"
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

// refundCall is what /refund asks for (payermax: section 5.3).
type refundCall struct {
	no, orderNo, tradeToken, amount, currency, comments, notifyURL string
}

func readRefund(data protocol.Object) (refundCall, error) {
	f := &fields{data: data}
	r := refundCall{
		no: f.id("outRefundNo"), amount: f.amount("refundAmount"), currency: f.text("refundCurrency", true, 3),
		orderNo: f.text("outTradeNo", false, 64), tradeToken: f.text("tradeToken", false, 64),
		comments: f.text("comments", false, 512), notifyURL: f.text("refundNotifyUrl", false, 256),
	}
	if r.orderNo == "" && r.tradeToken == "" {
		f.wrong("outTradeNo", "or tradeToken is needed")
	}
	return r, f.err
}

// refund decides one refund. Everything that the decision rests on is read,
// and the decision committed, under the book's one lock: of any number of
// equal calls at the same moment one is accepted and the others are repeats.
func (s *speaker) refund(c call) (result, error) {
	want, err := readRefund(c.data)
	if err != nil {
		return result{}, err
	}
	var data protocol.Members
	err = s.book.Update(c.Now, "refund accepted", func(tx *book.Tx) error {
		order, missing := findOrder(tx.State, want.orderNo, want.tradeToken)
		if old, known := tx.Refund(Gateway, want.no); known {
			data = s.accepted(order, old)
			return s.again(want, order, old)
		}
		if missing != nil {
			return missing
		}
		amount, err := s.mayRefund(c, tx.State, order, want)
		if err != nil {
			return err
		}
		r := book.Refund{
			Gateway: Gateway, RefundNo: want.no, GatewayRefundNo: numbers().GatewayRefund(c.Now, tx.Serial()), OrderNo: order.OrderNo,
			Amount: amount, Status: client.RefundPending, Reason: want.comments, NotifyURL: want.notifyURL, CreatedAt: c.Now,
		}
		s.plan(c, tx, &r)
		tx.PutRefund(r)
		data = s.accepted(order, r)
		return nil
	})
	return result{data: data, echo: "outRefundNo"}, err
}

// findOrder finds by the merchant's or the gateway's number; when both are
// given they must be of the same order.
func findOrder(s *book.State, orderNo, tradeToken string) (book.Order, error) {
	none := refuse(codeNoOrder, "order does not exist")
	if orderNo == "" {
		if o, ok := s.OrderByGatewayNo(Gateway, tradeToken); ok {
			return o, nil
		}
		return book.Order{}, none
	}
	o, ok := s.Order(Gateway, orderNo)
	if !ok || (tradeToken != "" && o.GatewayOrderNo != tradeToken) {
		return book.Order{}, none
	}
	return o, nil
}

// again answers a refund number that is taken. The same parameters are the
// same order, amount and currency; the rest only explains.
func (s *speaker) again(want refundCall, order book.Order, old book.Refund) error {
	amount, err := money(want.amount, want.currency)
	if err != nil || amount != old.Amount || order.OrderNo != old.OrderNo {
		return refuse(codeRepeat, "outRefundNo was used with other parameters")
	}
	switch code := s.switches.Get(sameRefund); code {
	case "replay":
		return nil
	default:
		return refuse(code, "outRefundNo was used before")
	}
}

// mayRefund applies the rules of payermax: section 10 in the order of section
// 16 and returns the amount.
func (s *speaker) mayRefund(c call, state *book.State, order book.Order, want refundCall) (client.Money, error) {
	if order.Status != client.OrderPaid {
		return client.Money{}, refuse(s.switches.Get(notPaid), "order is not successful")
	}
	if want.currency != order.Amount.Currency {
		return client.Money{}, refuse(codeCurrency, "refundCurrency must be "+order.Amount.Currency)
	}
	amount, err := money(want.amount, want.currency)
	if err != nil {
		return client.Money{}, err
	}
	days := s.switches.Number(windowDays)
	if days > 0 && c.Now.Sub(order.PaidAt) > time.Duration(days)*24*time.Hour {
		return client.Money{}, refuse(codeRefundFailed, "the time for refunds of this order is over")
	}
	done, reserved := state.Refunded(order)
	rest := order.Amount.Minor - done.Minor - reserved.Minor
	switch {
	case amount.Minor > rest:
		return client.Money{}, refuse(s.switches.Get(overAmount), "amount is above what is left to refund")
	case reserved.Minor > 0:
		return client.Money{}, refuse(s.switches.Get(inProgress), "another refund of this order is in progress")
	case order.Refuse:
		return client.Money{}, refuse(codeRefundFailed, "the payment method takes no refunds")
	case amount.Minor < order.Amount.Minor && s.switches.Is(partialRefund, "refuse"):
		return client.Money{}, refuse(codeRefundFailed, "the payment method takes no partial refunds")
	case s.switches.Is(funds, "empty"):
		return client.Money{}, refuse(codeFunds, "not enough unsettled funds")
	}
	return amount, nil
}

// plan decides how the refund will go: by a fault, by the test amounts
// (payermax: section 15), else well.
func (s *speaker) plan(c call, tx *book.Tx, r *book.Refund) {
	byAmount := s.switches.Is(testAmounts, "on")
	switch {
	case s.begins(c, tx, r):
	case c.Strikes(fault.StayPending), byAmount && slices.Contains([]string{"202", "20000"}, plain(r.Amount)):
		r.Plan = book.Stay
	case byAmount && slices.Contains([]string{"102", "10000"}, plain(r.Amount)):
		r.Plan = book.Failed
	default:
		r.Plan = book.Success
	}
	r.First = r.Status
	if r.Plan == book.Success {
		r.Late = c.Strikes(fault.LateFailure)
	}
	if r.Plan == book.Success || r.Plan == book.Failed {
		r.DueAt = c.Host.Add(c.Pace.Between(settleLeast, settleMost, Gateway+"|"+r.RefundNo))
	}
}

// begins lets a refund start in a final state where the switch says so.
func (s *speaker) begins(c call, tx *book.Tx, r *book.Refund) bool {
	switch s.switches.Get(refundAnswer) {
	case wordSuccess:
		r.Status = client.RefundSuccess
		tx.Move(*r)
	case wordFailed:
		r.Status = client.RefundFailed
	default:
		return false
	}
	r.SettledAt, r.First = r.CreatedAt, r.Status
	snapshot := *r
	tx.PutNotice(book.Notice{
		Gateway: Gateway, Kind: book.RefundNotice, No: r.RefundNo, URL: r.NotifyURL, Refund: &snapshot, At: c.Now, NextAt: c.Host,
	})
	return true
}

// accepted is the answer to an accepted refund, and to its repeats.
func (s *speaker) accepted(o book.Order, r book.Refund) protocol.Members {
	return protocol.Members{
		{Name: "outRefundNo", Value: r.RefundNo},
		{Name: "tradeOrderNo", Value: o.InternalNo},
		{Name: "refundTradeNo", Value: r.GatewayRefundNo},
		{Name: "status", Value: refundWord(r.First)},
	}
}

// refundQuery answers payermax: section 5.4.
func (s *speaker) refundQuery(c call) (result, error) {
	f := &fields{data: c.data}
	no, gatewayNo := f.text("outRefundNo", false, 64), f.text("refundTradeNo", false, 64)
	if no == "" && gatewayNo == "" {
		f.wrong("outRefundNo", "or refundTradeNo is needed")
	}
	if f.err != nil {
		return result{}, f.err
	}
	var r book.Refund
	var known bool
	s.book.View(func(state *book.State) {
		if no != "" {
			r, known = state.Refund(Gateway, no)
		} else {
			r, known = state.RefundByGatewayNo(Gateway, gatewayNo)
		}
	})
	if !known {
		return result{}, refuse(s.switches.Get(unknownRefund), "refund does not exist")
	}
	data := protocol.Members{{Name: "outRefundNo", Value: r.RefundNo}, {Name: "refundTradeNo", Value: r.GatewayRefundNo}}
	echo := "refundAmount"
	switch s.switches.Get(amountMember) {
	case "both":
		data = append(data, protocol.Member{Name: "totalAmount", Value: s.number(r.Amount)})
		fallthrough
	case "refundAmount":
		data = append(data, protocol.Member{Name: "refundAmount", Value: s.number(r.Amount)})
	case "totalAmount":
		echo = "totalAmount"
		data = append(data, protocol.Member{Name: "totalAmount", Value: s.number(r.Amount)})
	default:
		echo = "outTradeNo"
	}
	data = append(data,
		protocol.Member{Name: "refundCurrency", Value: r.Amount.Currency}, protocol.Member{Name: "outTradeNo", Value: r.OrderNo},
		protocol.Member{Name: "status", Value: refundWord(r.Status)}, protocol.Member{Name: "resultMsg", Value: resultMsg(r)})
	return result{data: s.finished(data, r), echo: echo}, nil
}

func resultMsg(r book.Refund) string {
	if r.Status == client.RefundFailed {
		return "refund was rejected by the channel"
	}
	return ""
}

// finished adds refundFinishTime in the form that the switch asks for.
func (s *speaker) finished(data protocol.Members, r book.Refund) protocol.Members {
	const name = "refundFinishTime"
	switch form := s.switches.Get(finishTime); {
	case form == "null":
		return append(data, protocol.Member{Name: name})
	case form == "empty":
		return append(data, protocol.Member{Name: name, Value: ""})
	case form == "missing" || r.SettledAt.IsZero():
		return data
	default:
		return append(data, protocol.Member{Name: name, Value: stamp(r.SettledAt)})
	}
}
