package payermax

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// Limits of expireTime, and how long a payment takes that needs no page, at a
// speed of one (payermax: section 5.1).
const (
	expireLeast = 1800 * time.Second
	expireMost  = 86400 * time.Second
	payLeast    = 5 * time.Second
	payMost     = 30 * time.Second
)

// Words of integrate and of subject (payermax: sections 5.1 and 15).
const (
	hosted         = "Hosted_Checkout"
	direct         = "Direct_Payment"
	subjectSuccess = "SUCCESS"
	subjectFailed  = "FAILED"
	subjectPending = "PENDING"
	subject3DS     = "3DS"
)

var countryText = regexp.MustCompile(`^[A-Z]{2}$`)

// payment is what /orderAndPay asks for.
type payment struct {
	order     book.Order
	integrate string
	amount    string
	currency  string
	save      bool
	expires   time.Duration
}

// orderAndPay opens a payment, or charges a saved card.
func (s *speaker) orderAndPay(c call) (result, error) {
	p, err := readPayment(c.data)
	if err != nil {
		return result{}, err
	}
	var data protocol.Members
	err = s.book.Update(c.Now, "payment accepted", func(tx *book.Tx) error {
		if old, known := tx.Order(Gateway, p.order.OrderNo); known {
			no := &refusal{code: codeRepeat, msg: "outTradeNo was used before"}
			if s.switches.Is(repeatData, "yes") {
				no.data = opened(c, old)
			}
			return no
		}
		o, err := s.open(c, tx, p)
		if err != nil {
			return err
		}
		tx.PutOrder(o)
		data = opened(c, o)
		return nil
	})
	return result{data: data, echo: "outTradeNo"}, err
}

// opened is the answer to an accepted payment. A payment that ended at once
// has no page (payermax: section 17 Q20).
func opened(c call, o book.Order) protocol.Members {
	data := protocol.Members{
		{Name: "outTradeNo", Value: o.OrderNo}, {Name: "tradeToken", Value: o.GatewayOrderNo}, {Name: "status", Value: orderWord(o.Status)},
	}
	if o.Status == client.OrderPending && o.Page {
		data = append(data, protocol.Member{Name: "redirectUrl", Value: c.PageURL(o.GatewayOrderNo)})
	}
	return data
}

func readPayment(data protocol.Object) (payment, error) {
	f := &fields{data: data}
	p := payment{integrate: f.text("integrate", true, 16), amount: f.amount("totalAmount"), currency: f.text("currency", true, 3)}
	p.order = book.Order{
		Gateway: Gateway, OrderNo: f.id("outTradeNo"), UserID: f.text("userId", true, 64), Subject: f.text("subject", true, 256),
		Country: f.text("country", p.integrate == direct, 2), Note: f.text("reference", false, 512),
		ReturnURL: f.text("frontCallbackUrl", false, 1024), NotifyURL: f.text("notifyUrl", false, 256),
	}
	if p.order.ReturnURL == "" { // the old spelling
		p.order.ReturnURL = f.text("frontCallbackURL", false, 1024)
	}
	f.text("language", false, 16)
	f.text("referralCode", false, 32)
	p.expires = f.expires()
	if f.err == nil && p.integrate != hosted && p.integrate != direct {
		f.wrong("integrate", "must be "+hosted+" or "+direct)
	}
	f.detail(&p)
	if f.err == nil && p.order.ReturnURL == "" && p.order.Token == "" {
		f.wrong("frontCallbackUrl", "is missing")
	}
	if country := p.order.Country; f.err == nil && country != "" && !countryText.MatchString(country) {
		return p, refuse(codeCountry, "country must be two capital letters")
	}
	return p, f.err
}

// expires reads the time limit: seconds, clamped to what the gateway allows.
func (f *fields) expires() time.Duration {
	text := f.text("expireTime", false, 10)
	if text == "" {
		return 0
	}
	seconds, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		f.wrong("expireTime", "must be a number of seconds")
		return 0
	}
	return min(max(time.Duration(seconds)*time.Second, expireLeast), expireMost)
}

// detail reads paymentDetail. The members stand inside it, or, in an older
// form, beside the order's own (payermax: section 17 Q8).
func (f *fields) detail(p *payment) {
	inner, there := f.data["paymentDetail"].(protocol.Object)
	if value := f.data["paymentDetail"]; value != nil && !there {
		f.wrong("paymentDetail", "must be an object")
		return
	}
	if !there {
		if p.integrate == direct {
			f.wrong("paymentDetail", "is missing")
			return
		}
		inner = f.data
	}
	d := &fields{data: inner}
	p.order.Method = d.text("paymentMethodType", p.integrate == direct, 16)
	p.order.Brand = d.text("targetOrg", false, 32)
	p.order.Token = d.text("paymentTokenID", false, 64)
	p.save = d.truth("tokenForFutureUse")
	if card, ok := inner["cardInfo"].(protocol.Object); ok {
		number := (&fields{data: card}).text("cardIdentifierNo", false, 19)
		p.order.Brand, p.order.Card = cardBrand(number), maskCard(number)
	}
	if buyer, ok := inner["buyerInfo"].(protocol.Object); ok {
		b := &fields{data: buyer, err: d.err}
		b.text("clientIp", true, 64)
		b.text("userAgent", true, 1024)
		d.err = b.err
	} else if p.integrate == direct {
		d.wrong("buyerInfo", "is missing")
	}
	if f.err == nil {
		f.err = d.err
	}
}

func cardBrand(number string) string {
	switch {
	case number == "":
		return ""
	case number[0] == '4':
		return "VISA"
	case number[0] == '5', number[0] == '2':
		return "MASTERCARD"
	case number[:1] == "3":
		return "JCB"
	default:
		return "UNKNOWN"
	}
}

// maskCard keeps the first six and last four digits: the book never holds a
// card number.
func maskCard(number string) string {
	if len(number) < 13 {
		return ""
	}
	return number[:6] + "******" + number[len(number)-4:]
}

// open applies the business rules and decides how the payment will go.
func (s *speaker) open(c call, tx *book.Tx, p payment) (book.Order, error) {
	o := p.order
	var err error
	if o.Amount, err = money(p.amount, p.currency); err != nil {
		return o, err
	}
	o.GatewayOrderNo = numbers().GatewayOrder(c.Now, tx.Serial())
	o.InternalNo = numbers().InternalOrder(c.Now, tx.Serial())
	o.ChannelNo = numbers().Channel(c.Now, tx.Serial())
	o.Status, o.CreatedAt = client.OrderPending, c.Now
	if p.save {
		o.Saves = numbers().Token(c.Now, tx.Serial())
	}
	// Without a limit of its own a card-like payment has half an hour, the
	// cashier page the longest that there is.
	limit := p.expires
	if limit == 0 && p.integrate == direct {
		limit = expireLeast
	} else if limit == 0 {
		limit = expireMost
	}
	o.ExpiresAt = c.Host.Add(c.Pace.Scale(limit))
	if o.Token != "" {
		if err := charge(c, tx, &o); err != nil {
			return o, err
		}
	}
	s.schedule(c, tx, p, &o)
	return o, nil
}

// charge checks the saved card and takes its data over.
func charge(c call, tx *book.Tx, o *book.Order) error {
	t, ok := tx.Token(Gateway, o.Token)
	if !ok || t.UserID != o.UserID {
		return refuse(codeParams, "paymentTokenID is unknown")
	}
	switch t.StatusAt(c.Now) {
	case client.TokenActive:
		o.Method, o.Brand, o.Card, o.Saves = t.Method, t.Brand, t.Card, ""
		return nil
	case client.TokenExpired:
		return refuse(codeCardExpired, "paymentTokenID has expired")
	default:
		return refuse(codeCard, "paymentTokenID was removed")
	}
}

// schedule decides by the rules of payermax: section 15. A saved card is
// charged at once; a direct card payment ends by itself; everything else is
// decided on the page, unless the subject says how it ends.
func (s *speaker) schedule(c call, tx *book.Tx, p payment, o *book.Order) {
	cardLike := o.Token != "" || (p.integrate == direct && slices.Contains([]string{cardMethod, "APPLEPAY", "GOOGLEPAY"}, o.Method))
	o.Page = !cardLike || o.Subject == subject3DS
	switch {
	case o.Subject == subjectPending || c.Strikes(fault.StayPending):
		o.Plan = book.Stay
	case o.Subject == subject3DS:
		return
	case o.Subject == subjectFailed:
		o.Plan = book.Failed
	case o.Token != "":
		o.Status, o.PaidAt, o.ExpiresAt = client.OrderPaid, c.Now, time.Time{}
		paid := *o
		tx.PutNotice(book.Notice{
			Gateway: Gateway, Kind: book.PaymentNotice, No: o.OrderNo, URL: o.NotifyURL, Order: &paid, At: c.Now, NextAt: c.Host,
		})
		return
	case cardLike || o.Subject == subjectSuccess:
		o.Plan = book.Success
	default:
		return
	}
	if o.Plan != book.Stay {
		o.DueAt = c.Host.Add(c.Pace.Between(payLeast, payMost, Gateway+"|"+o.OrderNo))
	}
}
