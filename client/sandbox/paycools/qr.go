package paycools

import (
	"cmp"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/protocol"
)

// Limits of a code (paycools: section 10.4).
const (
	codeLeastCents = 2000
	codeLeastLife  = 60
	codeMostLife   = 3600
)

// Channels of codes. A static code takes any number of payments, each of its own
// amount; the sandbox does not play it.
const (
	dynamicCode = "QRPH_DYNAMIC_QR"
	hybridCode  = "QRPH_HYBRID_QR"
	staticCode  = "QRPH_STATIC_QR"
)

// readCode reads what a code is made or changed with.
func (c call) readCode() (o book.Order, amount int64, life time.Duration, err error) {
	f := &fields{params: c.params}
	o = book.Order{
		OrderNo: f.id("mchOrderId"), InternalNo: codePrefix, Method: f.text("channelCode", true, mostOld), Note: f.text("remark", false, mostText),
		NotifyURL: f.address("callbackUrl", false), Page: true,
		Extra: map[string]string{
			extraApp: f.form(extraApp, true, 100, appText, "letters and blanks"), extraName: f.text(extraName, true, mostText),
			extraEmail: f.email(extraEmail, false),
		},
	}
	amount, priced := f.whole("amount", false)
	seconds, timed := f.whole("expireSeconds", false)
	if life = codeMostLife * time.Second; timed {
		life = time.Duration(seconds) * time.Second
	}
	switch {
	case f.err != nil:
	case o.Method == staticCode:
		f.err = refuse(codeChannel, "static codes are not played here")
	case o.Method != dynamicCode && o.Method != hybridCode:
		f.err = refuse(codeChannel, "the channel is not available")
	case !priced:
		f.err = refuse(codeNeedsAmount, "a dynamic code needs an amount")
	case amount < codeLeastCents:
		f.wrong("amount", "must be 2000 or more")
	case amount > mostCents:
		f.err = refuse(codeLimit, "amount is above the limit")
	case timed && (seconds < codeLeastLife || seconds > codeMostLife):
		f.wrong("expireSeconds", "must be from 60 to 3600")
	}
	return o, amount, life, f.err
}

// makeCode answers paycools: section 10.4.
func (s *speaker) makeCode(c call) (result, error) {
	o, amount, life, err := c.readCode()
	if err != nil {
		return result{}, err
	}
	return s.open(c, opening{order: o, cents: amount, life: life, show: func(o book.Order, expires time.Time) protocol.Members {
		return append(s.codeData(c, o), protocol.Member{Name: "expireTime", Value: s.stamp(expires)})
	}})
}

// codeData is a code as all answers carry it.
func (s *speaker) codeData(c call, o book.Order) protocol.Members {
	state := "ACTIVE"
	if o.Status != client.OrderPending {
		state = "INACTIVE"
	}
	return protocol.Members{
		{Name: "mchOrderId", Value: o.OrderNo},
		{Name: "qrcodeId", Value: o.InternalNo},
		{Name: "qrcodeContent", Value: "sandbox:" + o.GatewayOrderNo},
		{Name: "qrLink", Value: c.PageURL(o.GatewayOrderNo)},
		{Name: "amount", Value: cents(o.Amount)},
		{Name: "channelCode", Value: o.Method},
		{Name: "status", Value: state},
		{Name: "createTime", Value: s.stamp(o.CreatedAt)},
		{Name: "remark", Value: o.Note},
	}
}

// findCode finds a code by the merchant's number.
func (s *speaker) findCode(c call) (book.Order, error) {
	f := &fields{params: c.params}
	no := f.text("mchOrderId", true, mostOld)
	if f.err != nil {
		return book.Order{}, f.err
	}
	o, ok := s.orderBy("", no)
	if !ok || kindOf(o) != kindQR {
		return book.Order{}, refuse(codeNotFound, "the code is not found")
	}
	return o, nil
}

func (s *speaker) code(c call) (result, error) {
	o, err := s.findCode(c)
	if err != nil {
		return result{}, err
	}
	return result{data: s.codeData(c, o), echo: "amount"}, nil
}

// codePayments lists what was paid with a code in a range of days.
func (s *speaker) codePayments(c call) (result, error) {
	o, err := s.findCode(c)
	if err != nil {
		return result{}, err
	}
	f := &fields{params: c.params}
	from, to := f.date("startDate", true, s.zone()), f.date("endDate", true, s.zone())
	if f.err != nil {
		return result{}, f.err
	}
	list := []protocol.Members{}
	if o.Status == client.OrderPaid && !o.PaidAt.Before(from) && o.PaidAt.Before(to.AddDate(0, 0, 1)) {
		list = append(list, protocol.Members{
			{Name: "transactionId", Value: o.GatewayOrderNo},
			{Name: "transactionAmount", Value: cents(o.Amount)},
			{Name: "transactionStatus", Value: s.orderWord(o, c.dialect)},
			{Name: "transactionCreateTime", Value: s.stamp(o.CreatedAt)},
			{Name: "transactionReturnTime", Value: s.stamp(o.PaidAt)},
			{Name: "channelCode", Value: o.Method},
			{Name: "remark", Value: o.Note},
			{Name: "fee", Value: cents(fee(o.Amount))},
		})
	}
	return result{data: list, echo: "transactionAmount"}, nil
}

// cancelCode ends an open code.
func (s *speaker) cancelCode(c call) (result, error) {
	f := &fields{params: c.params}
	no := f.text("mchOrderId", true, mostOld)
	if f.err != nil {
		return result{}, f.err
	}
	return s.close(c, no, kindQR, func(o book.Order) any { return s.codeData(c, o) })
}

// updateCode changes an open code.
func (s *speaker) updateCode(c call) (result, error) {
	want, amount, life, err := c.readCode()
	if err != nil {
		return result{}, err
	}
	var data protocol.Members
	err = s.book.Update(c.Now, "code changed", func(tx *book.Tx) error {
		o, ok := tx.Order(Gateway, want.OrderNo)
		switch {
		case !ok || kindOf(o) != kindQR:
			return refuse(codeNotFound, "the code is not found")
		case o.Status != client.OrderPending:
			return refuse(codeParams, "the code is not active")
		}
		o.Amount, o.Note, o.Method, o.Extra = pesos(amount), want.Note, want.Method, want.Extra
		o.NotifyURL, o.ExpiresAt = cmp.Or(want.NotifyURL, o.NotifyURL), c.Host.Add(c.Pace.Scale(life))
		tx.PutOrder(o)
		data = s.codeData(c, o)
		return nil
	})
	return result{data: data, echo: "mchOrderId"}, err
}
