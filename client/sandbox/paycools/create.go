package paycools

import (
	"cmp"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// Limits of a payment in cents, and the life of its page (paycools: section 10.1).
const (
	leastCents = 100
	mostCents  = 5_000_000
	linkLife   = time.Hour
)

// How long a charge of an authorisation takes, at a speed of one.
const (
	chargeLeast = 5 * time.Second
	chargeMost  = 30 * time.Second
)

// Limits of expireSeconds.
const (
	expireLeast = 60
	expireMost  = 86_400
)

// pay answers paycools: section 10.1: a web payment.
func (s *speaker) pay(c call) (result, error) {
	f := &fields{params: c.params}
	o := book.Order{
		OrderNo: f.id("mchOrderId"), Method: f.text("channelCode", true, mostOld), Note: f.text("remark", false, mostText),
		NotifyURL: f.address("callbackUrl", true), ReturnURL: f.address("redirectUrl", true), Page: true,
		Extra: map[string]string{
			extraApp: f.form(extraApp, true, 100, appText, "letters and blanks"), extraName: f.text(extraName, false, mostText),
			extraEmail: f.email(extraEmail, true), extraMobile: f.form(extraMobile, true, 11, mobile, "11 digits beginning 09"),
		},
	}
	amount := f.amount()
	if f.err != nil {
		return result{}, f.err
	}
	if way, known := channelOf(o.Method); !known || way.isDirectDebit() || way.method == "QRPH" {
		return result{}, refuse(codeChannel, "the channel is not available")
	}
	return s.open(c, opening{order: o, cents: amount, life: linkLife, show: func(o book.Order, expires time.Time) protocol.Members {
		return protocol.Members{
			{Name: "mchOrderId", Value: o.OrderNo},
			{Name: "redirectUrl", Value: c.PageURL(o.GatewayOrderNo)},
			{Name: "transactionId", Value: o.GatewayOrderNo},
			{Name: "transactionStatus", Value: wordPending},
			{Name: "transactionAmount", Value: cents(o.Amount)},
			{Name: "expiresTime", Value: s.stamp(expires)},
		}
	}})
}

// amount reads the amount of a payment in cents.
func (f *fields) amount() int64 {
	n, there := f.whole("amount", true)
	switch {
	case !there:
	case n < leastCents:
		f.wrong("amount", "must be 100 or more")
	case n > mostCents && f.err == nil:
		f.err = refuse(codeLimit, "amount is above the limit")
	}
	return n
}

// opening is a new payment of any kind.
type opening struct {
	order book.Order
	cents int64
	life  time.Duration // in which the payer must pay, at a speed of one
	// check may refuse the payment and complete it; nil: nothing to check.
	check func(*book.State, *book.Order) error
	show  func(o book.Order, expires time.Time) protocol.Members
}

// open makes a payment. All that the decision rests on is read, and the decision
// committed, under the book's one lock.
func (s *speaker) open(c call, in opening) (result, error) {
	var data protocol.Members
	err := s.book.Update(c.Now, "payment accepted", func(tx *book.Tx) error {
		o := in.order
		if _, known := tx.Order(Gateway, o.OrderNo); known {
			return refuse(codeRepeated, "mchOrderId is repeated")
		}
		if in.check != nil {
			if err := in.check(tx.State, &o); err != nil {
				return err
			}
		}
		o.Gateway, o.Dialect, o.Country, o.Amount, o.Status, o.CreatedAt = Gateway, c.dialect, "PH", pesos(in.cents), client.OrderPending, c.Now
		o.GatewayOrderNo = s.numbers().GatewayOrder(c.Now, tx.Serial())
		if o.InternalNo != "" { // so far the prefix of a kind
			o.InternalNo += strings.TrimPrefix(numbers().InternalOrder(c.Now, tx.Serial()), checkoutPrefix)
		}
		o.ChannelNo = numbers().Channel(c.Now, tx.Serial())
		o.Subject = cmp.Or(o.Note, o.Extra[extraApp], "Order")
		way, _ := channelOf(o.Method)
		o.Brand = way.brand
		s.schedule(c, &o, in.life)
		tx.PutOrder(o)
		data = in.show(o, c.Now.Add(c.Pace.Scale(in.life)))
		return nil
	})
	return result{data: data, echo: "mchOrderId"}, err
}

// schedule decides how a payment will go. A charge ends by itself; everything
// else is the payer's choice on the page until its time is over. Then a checkout
// is closed, and any other payment has failed (paycools: section 9).
func (s *speaker) schedule(c call, o *book.Order, life time.Duration) {
	switch {
	case c.Strikes(fault.StayPending):
		o.Plan = book.Stay
	case o.Token != "":
		o.Plan = book.Success
		switch s.switches.Get(chargeOutcome) {
		case "failed":
			o.Plan = book.Failed
		case "stay":
			o.Plan = book.Stay
			return
		}
		o.DueAt = c.Host.Add(c.Pace.Between(chargeLeast, chargeMost, Gateway+"|"+o.OrderNo))
	case kindOf(*o) == kindWeb:
		o.Plan = book.Failed
		o.ExpiresAt = c.Host.Add(c.Pace.Scale(life))
		o.DueAt = o.ExpiresAt
	default:
		o.ExpiresAt = c.Host.Add(c.Pace.Scale(life))
	}
}

// checkout answers paycools: section 10.5: a hosted page on which the payer
// chooses the channel. What is not needed is optional, and members that are not
// known are ignored, because the lists are incomplete.
func (s *speaker) checkout(c call) (result, error) {
	f := &fields{params: c.params}
	o := book.Order{
		OrderNo: f.id("mchOrderId"), InternalNo: checkoutPrefix, UserID: f.text("userId", false, mostOld), Note: f.text("remark", false, mostText),
		NotifyURL: f.address("notifyUrl", true), ReturnURL: f.address("redirectUrl", true), Page: true,
		Method: cmp.Or(f.first("channelCodeList"), usualChannel),
		Extra: map[string]string{
			extraName: f.text(extraName, false, mostText), extraEmail: f.email(extraEmail, false), extraMobile: f.text(extraMobile, false, mostOld),
		},
	}
	if currency := f.text("currency", true, 3); f.err == nil && currency != peso {
		f.wrong("currency", "must be "+peso)
	}
	f.form("countryCode", false, 2, country, "two capital letters")
	amount, life := f.amount(), f.life()
	if f.err != nil {
		return result{}, f.err
	}
	if way, known := channelOf(o.Method); !known || way.isDirectDebit() {
		return result{}, refuse(codeChannel, "the channel is not available")
	}
	return s.open(c, opening{order: o, cents: amount, life: life, show: func(o book.Order, expires time.Time) protocol.Members {
		return protocol.Members{
			{Name: "mchOrderId", Value: o.OrderNo},
			{Name: "checkoutId", Value: o.InternalNo},
			{Name: "checkoutUrl", Value: c.PageURL(o.GatewayOrderNo)},
			{Name: "status", Value: wordPending},
			{Name: "expiresTime", Value: expires.In(s.zone()).Format(time.RFC3339)},
		}
	}})
}

// life reads expireSeconds.
func (f *fields) life() time.Duration {
	n, there := f.whole("expireSeconds", false)
	if !there {
		return linkLife
	}
	if n < expireLeast || n > expireMost {
		f.wrong("expireSeconds", "must be from 60 to 86400")
	}
	return time.Duration(n) * time.Second
}

// checkoutChannels lists what a payer can choose.
func (s *speaker) checkoutChannels(call) (result, error) {
	list := []protocol.Members{}
	for _, way := range channels() {
		if !way.isDirectDebit() {
			list = append(list, protocol.Members{
				{Name: "channelCode", Value: way.code},
				{Name: "channelName", Value: way.brand},
				{Name: "channelType", Value: way.method},
				{Name: "currency", Value: peso},
				{Name: "countryCode", Value: "PH"},
			})
		}
	}
	return result{data: list}, nil
}

// charge answers paycools: section 11: a payment by an authorisation.
func (s *speaker) charge(c call) (result, error) {
	f := &fields{params: c.params}
	o := book.Order{
		OrderNo: f.id("mchOrderId"), Method: f.text("channelCode", true, mostOld), Token: f.text("payToken", true, mostText),
		Note: f.text("remark", false, mostText), NotifyURL: f.address("callbackUrl", true),
		Extra: map[string]string{
			extraApp: f.form(extraApp, true, 100, appText, "letters and blanks"), extraName: f.text(extraName, false, mostText),
			extraEmail: f.email(extraEmail, false), extraMobile: f.text(extraMobile, false, mostOld),
		},
	}
	amount := f.amount()
	if f.err != nil {
		return result{}, f.err
	}
	check := func(state *book.State, o *book.Order) error {
		t, known := state.Token(Gateway, o.Token)
		switch {
		case !known:
			return refuse(codeNotFound, "payToken is not found")
		case t.StatusAt(c.Now) != client.TokenActive:
			return refuse(codeParams, "payToken is not active")
		case t.Method != o.Method:
			return refuse(codeChannel, "payToken is of another channel")
		}
		o.UserID = t.UserID
		return nil
	}
	return s.open(c, opening{order: o, cents: amount, check: check, show: func(o book.Order, _ time.Time) protocol.Members {
		return protocol.Members{
			{Name: "mchOrderId", Value: o.OrderNo},
			{Name: "transactionId", Value: o.GatewayOrderNo},
			{Name: "transactionStatus", Value: wordPending},
			{Name: "channelType", Value: directDebit},
			{Name: "channelCode", Value: o.Method},
		}
	}})
}
