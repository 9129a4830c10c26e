package paycools

import (
	"cmp"
	"encoding/json"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// Names of what a payment repeats beside the book's own members.
const (
	extraApp    = "appName"
	extraName   = "customerName"
	extraEmail  = "email"
	extraMobile = "mobile"
)

// payment answers paycools: sections 10.2 and 11: by the gateway's number only.
func (s *speaker) payment(c call) (result, error) {
	f := &fields{params: c.params}
	no := f.text("transactionId", true, mostOld)
	if f.err != nil {
		return result{}, f.err
	}
	o, ok := s.orderBy(no, "")
	if !ok {
		return result{}, refuse(codeNotFound, "the transaction is not found")
	}
	return result{data: s.paymentData(c.dialect, o), echo: "amount"}, nil
}

// orderBy finds an order by either number; with both they must be of the same.
func (s *speaker) orderBy(transaction, merchant string) (o book.Order, ok bool) {
	s.book.View(func(state *book.State) {
		if transaction == "" {
			o, ok = state.Order(Gateway, merchant)
			return
		}
		o, ok = state.OrderByGatewayNo(Gateway, transaction)
		ok = ok && (merchant == "" || o.OrderNo == merchant)
	})
	return o, ok
}

// paymentData is a payment as its query carries it.
func (s *speaker) paymentData(dialect string, o book.Order) protocol.Members {
	data := protocol.Members{
		{Name: "mchOrderId", Value: o.OrderNo},
		{Name: "transactionId", Value: o.GatewayOrderNo},
		{Name: "amount", Value: cents(o.Amount)},
		{Name: "transactionStatus", Value: s.orderWord(o, dialect)},
		{Name: "createTime", Value: s.stamp(o.CreatedAt)},
		{Name: "returnTime", Value: s.stamp(o.PaidAt)},
		{Name: "appName", Value: cmp.Or(o.Extra[extraApp], shopName)},
		{Name: "customerName", Value: o.Extra[extraName]},
		{Name: "channelCode", Value: o.Method},
		{Name: "email", Value: o.Extra[extraEmail]},
		{Name: "mobile", Value: o.Extra[extraMobile]},
		{Name: "remark", Value: o.Note},
		{Name: "callbackUrl", Value: cmp.Or(o.NotifyURL, PortalURL)},
	}
	if o.Token != "" {
		data = append(data, protocol.Member{Name: "channelType", Value: directDebit})
	}
	return s.failure(data, ended(o) && o.Status != client.OrderPaid, o.FailCode, failedService)
}

// ended reports whether a payment is over in the gateway's words.
func ended(o book.Order) bool {
	return o.Status == client.OrderPaid || o.Status == client.OrderFailed || (o.Status == client.OrderClosed && kindOf(o) != kindCheckout)
}

// failure adds why something failed (paycools: section 4.2), in the form that the
// switch asks for.
func (s *speaker) failure(data protocol.Members, failed bool, code, preset string) protocol.Members {
	if !failed || s.switches.Is(failedCode, "missing") {
		return data
	}
	code = cmp.Or(code, preset)
	text := "Service Error"
	if code == failedChannel {
		text = "Channel Refund Failed"
	}
	var value any = json.Number(code)
	if s.switches.Is(failedCode, "text") {
		value = code
	}
	return append(data, protocol.Member{Name: "failedCode", Value: value}, protocol.Member{Name: "failedMessage", Value: text})
}

// checkoutQuery answers paycools: section 10.5: the state of a checkout by the
// merchant's number.
func (s *speaker) checkoutQuery(c call) (result, error) {
	f := &fields{params: c.params}
	no := f.text("mchOrderId", true, mostOld)
	if f.err != nil {
		return result{}, f.err
	}
	o, ok := s.orderBy("", no)
	if !ok || kindOf(o) != kindCheckout {
		return result{}, refuse(codeNotFound, "the order is not found")
	}
	return result{data: s.checkoutData(c.dialect, o), echo: "amount"}, nil
}

// checkoutData is a checkout as its query and its closing carry it. There is no
// transaction before the payer has paid.
func (s *speaker) checkoutData(dialect string, o book.Order) protocol.Members {
	data := protocol.Members{{Name: "mchOrderId", Value: o.OrderNo}, {Name: "checkoutId", Value: o.InternalNo}}
	if ended(o) {
		data = append(data, protocol.Member{Name: "transactionId", Value: o.GatewayOrderNo}, protocol.Member{Name: "channelCode", Value: o.Method})
	}
	data = append(data,
		protocol.Member{Name: "currency", Value: o.Amount.Currency}, protocol.Member{Name: "amount", Value: cents(o.Amount)},
		protocol.Member{Name: "status", Value: s.orderWord(o, dialect)}, protocol.Member{Name: "createTime", Value: s.stamp(o.CreatedAt)},
		protocol.Member{Name: "completeTime", Value: s.stamp(o.PaidAt)}, protocol.Member{Name: "userId", Value: o.UserID},
		protocol.Member{Name: "remark", Value: o.Note})
	return s.failure(data, ended(o) && o.Status != client.OrderPaid, o.FailCode, failedService)
}

// groupQuery is GROUP's query of any payment, by either number.
func (s *speaker) groupQuery(c call) (result, error) {
	f := &fields{params: c.params}
	no, transaction := f.text("mchOrderId", false, mostOld), f.text("transactionId", false, mostOld)
	if no == "" && transaction == "" {
		f.wrong("mchOrderId", "or transactionId is needed")
	}
	if f.err != nil {
		return result{}, f.err
	}
	o, ok := s.orderBy(transaction, no)
	if !ok {
		return result{}, refuse(codeNotFound, "the order is not found")
	}
	data := s.paymentData(GROUP, o)
	if kindOf(o) == kindCheckout {
		data = s.checkoutData(GROUP, o)
	}
	return result{data: data, echo: "amount"}, nil
}

// checkoutClose ends an open checkout; one that is closed already stays so.
func (s *speaker) checkoutClose(c call) (result, error) {
	f := &fields{params: c.params}
	no := f.text("mchOrderId", true, mostOld)
	if f.err != nil {
		return result{}, f.err
	}
	return s.close(c, no, kindCheckout, func(o book.Order) any { return s.checkoutData(c.dialect, o) })
}

// close ends an open payment of a kind.
func (s *speaker) close(c call, no, kind string, show func(book.Order) any) (result, error) {
	var data any
	err := s.book.Update(c.Now, "order closed", func(tx *book.Tx) error {
		o, ok := tx.Order(Gateway, no)
		switch {
		case !ok || kindOf(o) != kind:
			return refuse(codeNotFound, "the order is not found")
		case o.Status == client.OrderPending:
			o.Status, o.PaidAt, o.DueAt = client.OrderClosed, c.Now, time.Time{}
			tx.PutOrder(o)
		case o.Status != client.OrderClosed:
			return refuse(codeParams, "the order has ended already")
		}
		data = show(o)
		return nil
	})
	return result{data: data, echo: "mchOrderId"}, err
}
