package paycools

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"paydesk/client"
)

// Limits of a web payment in minor units (paycools: section 10.1).
const (
	minPayment = 100
	maxPayment = 5_000_000
)

// CreateOrder implements client.Orders: a charge of a direct debit authorisation
// when Token is set, else a web payment in PH or a checkout in PH2 and GROUP. The
// answer's state alone does not settle an order; ask for it afterwards. A
// repeated number is ClassConflict.
func (g *Gateway) CreateOrder(ctx context.Context, req client.CreateOrder) (client.CreateOrderAnswer, error) {
	out, err := g.orderRequest(req)
	if err != nil {
		return client.CreateOrderAnswer{}, err
	}
	r, err := g.call(ctx, out)
	answer := client.CreateOrderAnswer{Exchange: r.exchange}
	if err != nil {
		return answer, err
	}
	data := r.object()
	if err := g.checkOrderEcho(out.op, req, &r); err != nil {
		return answer, err
	}
	page := data.Text("checkoutUrl", "redirectUrl")
	switch {
	case req.Token != "":
		page = ""
	case page == "":
		return answer, r.fail(out.op, client.ClassUnknown, "redirect-url", "the answer has no page for the payer", nil)
	case !webPage(page):
		return answer, r.fail(out.op, client.ClassUnknown, "redirect-url", "the answer's page for the payer is no web page", nil)
	}
	answer.PageURL = page
	answer.Order = client.Order{
		OrderNo: req.OrderNo, GatewayOrderNo: data.Text("transactionId"), ChannelNo: data.Text("checkoutId"), UserID: req.UserID,
		Amount: req.Amount, Status: orderStatus(data.Text("transactionStatus", "status")), Method: g.channelOf(req), CreatedAt: r.exchange.At,
	}
	return answer, nil
}

// orderRequest checks and renders a new order.
func (g *Gateway) orderRequest(req client.CreateOrder) (request, error) {
	req.NotifyURL = cmp.Or(req.NotifyURL, g.defaults.OrderNotifyURL, string(g.notify.Reveal()))
	if err := firstError(
		checkNewNumber("order_no", req.OrderNo),
		g.checkAmount(req.Amount),
		checkText("subject", req.Subject, maxRemark),
		checkText("payer_name", req.PayerName, maxOldText),
		checkURL("return_url", req.ReturnURL),
		checkURL("notify_url", req.NotifyURL),
	); err != nil {
		return request{}, err
	}
	if req.NotifyURL == "" {
		return request{}, missing("order_notify_url", "the address to which PayCools reports payments, unless callback.public_url says it for all profiles; it insists on one")
	}
	if req.Token == "" && req.ReturnURL == "" {
		return request{}, inputError("return_url", "is missing", "where the payer's browser goes afterwards, at most 100 characters")
	}
	build := g.checkoutRequest
	switch {
	case req.Token != "":
		build = g.chargeRequest
	case g.dialect == PH:
		build = g.paymentRequest
	}
	out, err := build(req)
	out.keep = append(out.keep, req.OrderNo, req.UserID)
	return out, err
}

// channelOf is the channel code of a web payment or a charge; a checkout lets the
// payer choose.
func (g *Gateway) channelOf(req client.CreateOrder) string {
	if req.Method == "" && req.Token == "" && g.dialect == PH {
		return g.defaults.Channel
	}
	return req.Method
}

// paymentRequest is a web payment (paycools: section 10.1).
func (g *Gateway) paymentRequest(req client.CreateOrder) (request, error) {
	email, mobile, channel := req.PayerEmail, req.PayerMobile, g.channelOf(req)
	if email == "" {
		email = g.defaults.PayerEmail
	}
	if mobile == "" {
		mobile = g.defaults.PayerMobile
	}
	switch {
	case req.Amount.Minor < minPayment || req.Amount.Minor > maxPayment:
		return request{}, inputError("amount", "is "+req.Amount.String(), fmt.Sprintf("%d to %d in minor units for a web payment", minPayment, maxPayment))
	case g.defaults.AppName == "":
		return request{}, missing("app_name", "the shop's name, 1 to 100 letters and blanks")
	case channel == "":
		return request{}, missing("channel", "a channel code of the gateway's list, such as GCASH_QR")
	case !channelCode.MatchString(channel):
		return request{}, inputError("method", fmt.Sprintf("is %.80q", channel), "a channel code such as GCASH_QR")
	case email == "":
		return request{}, missing("payer_email", "an e-mail address that serves where the payer's is not known")
	case !isEmail(email):
		return request{}, inputError("payer_email", fmt.Sprintf("is %.80q", email), "an e-mail address")
	case mobile == "":
		return request{}, missing("payer_mobile", "a mobile number that serves where the payer's is not known")
	case !mobileNumber.MatchString(mobile):
		return request{}, inputError("payer_mobile", fmt.Sprintf("is %.40q", mobile), "11 digits beginning 09")
	}
	return request{op: opPayment, fields: []field{
		{"appName", g.defaults.AppName},
		{"mchOrderId", req.OrderNo},
		{"amount", cents(req.Amount)},
		{"customerName", req.PayerName},
		{"channelCode", channel},
		{"email", email},
		{"mobile", mobile},
		{"remark", req.Subject},
		{"callbackUrl", req.NotifyURL},
		{"redirectUrl", req.ReturnURL},
	}}, nil
}

// checkoutRequest is a hosted checkout of PH2 or GROUP (paycools: section 10.5).
func (g *Gateway) checkoutRequest(req client.CreateOrder) (request, error) {
	if !isCountry(req.Country) {
		return request{}, inputError("country", fmt.Sprintf("is %.10q", req.Country), "two letters, such as PH")
	}
	if req.PayerEmail != "" && !isEmail(req.PayerEmail) {
		return request{}, inputError("payer_email", fmt.Sprintf("is %.80q", req.PayerEmail), "an e-mail address")
	}
	if err := firstError(checkText("payer_mobile", req.PayerMobile, maxOldText), checkText("user_id", req.UserID, maxUser)); err != nil {
		return request{}, err
	}
	return request{op: opCheckout, fields: []field{
		{"mchOrderId", req.OrderNo},
		{"currency", req.Amount.Currency},
		{"amount", cents(req.Amount)},
		{"countryCode", req.Country},
		{"customerName", req.PayerName},
		{"email", req.PayerEmail},
		{"mobile", req.PayerMobile},
		{"userId", req.UserID},
		{"remark", req.Subject},
		{"notifyUrl", req.NotifyURL},
		{"redirectUrl", req.ReturnURL},
	}}, nil
}

func isCountry(text string) bool { return text == "" || len(text) == 2 && isCurrency(text+"A") }

// checkOrderEcho compares a new order's answer with its request; not every answer
// repeats all of it.
func (g *Gateway) checkOrderEcho(op operation, req client.CreateOrder, r *reply) error {
	data := r.object()
	if got := data.Text("mchOrderId", "merchantOrderId"); got != "" && !sameNumber(got, req.OrderNo) {
		return r.contradict(op, "mchOrderId", got, req.OrderNo)
	}
	if got := data.Text("currency"); got != "" && !strings.EqualFold(got, req.Amount.Currency) {
		return r.contradict(op, "currency", got, req.Amount.Currency)
	}
	if text := data.Text("transactionAmount", "amount"); text != "" {
		if echoed, err := g.readCents(text); err != nil || echoed != req.Amount {
			return r.contradict(op, "amount", text, string(cents(req.Amount)))
		}
	}
	if data.Text("transactionId", "checkoutId", "mchOrderId") == "" {
		return r.fail(op, client.ClassUnknown, "wrong-echo", "the answer names no order", nil)
	}
	if op == opTokenPay && data.Text("transactionStatus") == "" {
		return r.fail(op, client.ClassUnknown, "status", "the answer has no transactionStatus", nil)
	}
	return nil
}

// CloseOrder implements client.OrderCloser (paycools: section 10.5):
// ClassUnsupported where the dialect has no checkout to close.
func (g *Gateway) CloseOrder(ctx context.Context, orderNo string) (client.OrderAnswer, error) {
	if can := g.Capabilities().CloseOrder; !can.OK {
		return client.OrderAnswer{}, unsupported("close", can.Reason)
	}
	if err := checkNumber("order_no", orderNo); err != nil {
		return client.OrderAnswer{}, err
	}
	r, err := g.call(ctx, request{op: opCheckoutClose, fields: []field{{"mchOrderId", orderNo}}, keep: []string{orderNo}})
	answer := client.OrderAnswer{Exchange: r.exchange}
	if err != nil {
		return answer, err
	}
	data := r.object()
	if got := data.Text("mchOrderId"); got != "" && !sameNumber(got, orderNo) {
		return answer, r.contradict(opCheckoutClose, "mchOrderId", got, orderNo)
	}
	answer.Order = g.readOrder(data)
	answer.Order.OrderNo = orderNo
	if data.Text("status", "transactionStatus") == "" {
		answer.Order.Status = client.OrderClosed
	}
	if text := data.Text("amount"); text != "" {
		if answer.Order.Amount, err = g.readCents(text); err != nil {
			return client.OrderAnswer{Exchange: r.exchange}, r.amountFault(opCheckoutClose, text, err)
		}
	}
	return answer, nil
}

// QueryOrder implements client.Orders: FindOrder by the one number, which may be
// the merchant's or the gateway's.
func (g *Gateway) QueryOrder(ctx context.Context, orderNo string) (client.OrderAnswer, error) {
	return g.FindOrder(ctx, client.OrderRef{OrderNo: orderNo})
}

// FindOrder implements client.Finder. Where the dialect has a checkout, it is
// asked by the merchant's number; a web payment by the gateway's, or by the given
// number in case it is that; at last the statement is searched, of the day on
// which the order was placed, or of the last days (paycools: section 10.2). The
// evidence's operation tells which of them answered. ClassNotFound says that none
// of them knows it. A status word that this version does not know is
// OrderUnknown, not an error.
func (g *Gateway) FindOrder(ctx context.Context, ref client.OrderRef) (client.OrderAnswer, error) {
	for name, no := range map[string]string{"order_no": ref.OrderNo, "gateway_order_no": ref.GatewayOrderNo} {
		if no == "" && (ref.OrderNo != "" || ref.GatewayOrderNo != "") {
			continue
		}
		if err := checkNumber(name, no); err != nil {
			return client.OrderAnswer{}, err
		}
	}
	ways := []func(context.Context, client.OrderRef) (client.OrderAnswer, error){
		g.findCheckout, g.findPayment, g.findCharge, g.findInStatement,
	}
	var last, unread error
	for _, way := range ways {
		answer, err := way(ctx, ref)
		class := client.ClassOf(err)
		switch {
		case withoutAmount(err):
			unread = err // it is known; another way may tell more
		case class != client.ClassNotFound && class != client.ClassUnsupported:
			return answer, err
		case last == nil || client.ClassOf(last) == client.ClassUnsupported:
			last = err
		}
	}
	if unread != nil {
		return client.OrderAnswer{}, unread
	}
	if client.ClassOf(last) == client.ClassUnsupported {
		return client.OrderAnswer{}, last
	}
	no := ref.OrderNo
	if no == "" {
		no = ref.GatewayOrderNo
	}
	return client.OrderAnswer{}, &client.Error{
		Class: client.ClassNotFound, Code: "order", Message: fmt.Sprintf("PayCools does not know order %.80q%s", no, g.searched(ref)),
		Hint: "look it up by PayCools' own number, or import the statement of its day", Exchange: client.ExchangeOf(last),
	}
}

// findCheckout asks for a checkout by the merchant's number.
func (g *Gateway) findCheckout(ctx context.Context, ref client.OrderRef) (client.OrderAnswer, error) {
	if !g.has(opCheckoutQuery) {
		return client.OrderAnswer{}, unsupported("order", "this dialect has no checkout")
	}
	if ref.OrderNo == "" {
		return client.OrderAnswer{}, unsupported("order", "a checkout is found by the merchant's number")
	}
	return g.askOrder(ctx, request{op: opCheckoutQuery, fields: []field{{"mchOrderId", ref.OrderNo}}}, ref)
}

// findPayment asks by the gateway's number: for a web payment in PH, for any in
// the group.
func (g *Gateway) findPayment(ctx context.Context, ref client.OrderRef) (client.OrderAnswer, error) {
	id := ref.GatewayOrderNo
	if id == "" {
		id = ref.OrderNo // it may be the gateway's number: the answer tells
	}
	req := request{op: opPaymentQuery, fields: []field{{"transactionId", id}}, pathID: id}
	if g.dialect == GROUP {
		req.op, req.pathID = opCheckoutQuery, ""
	}
	if !g.has(req.op) {
		return client.OrderAnswer{}, unsupported("order", "this account looks up no payment by the gateway's number")
	}
	answer, err := g.askOrder(ctx, req, ref)
	if client.ClassOf(err) == client.ClassRefused && ref.GatewayOrderNo == "" {
		// A merchant's number in place of the gateway's may be refused for its form:
		// that says nothing about the order, which the statement may still list.
		return answer, &client.Error{
			Class: client.ClassNotFound, Code: "order", Message: "the number is none of PayCools' own", Exchange: client.ExchangeOf(err), Err: err,
		}
	}
	return answer, err
}

// findCharge asks for a charge of an authorisation, which is no web payment.
func (g *Gateway) findCharge(ctx context.Context, ref client.OrderRef) (client.OrderAnswer, error) {
	if !g.has(opTokenPayQuery) || ref.GatewayOrderNo == "" {
		return client.OrderAnswer{}, unsupported("order", "no charge can be looked up so")
	}
	return g.askOrder(ctx, request{op: opTokenPayQuery, fields: []field{{"transactionId", ref.GatewayOrderNo}}}, ref)
}

// askOrder asks one of the queries and compares what it says with what is known.
func (g *Gateway) askOrder(ctx context.Context, req request, ref client.OrderRef) (client.OrderAnswer, error) {
	req.keep = []string{ref.OrderNo, ref.GatewayOrderNo}
	r, err := g.call(ctx, req)
	answer := client.OrderAnswer{Exchange: r.exchange}
	if err != nil {
		return answer, err
	}
	data := r.object()
	if len(data) == 0 {
		return answer, r.fail(req.op, client.ClassNotFound, "order", "the gateway answered without an order", nil)
	}
	o, amount := g.readOrder(data), data.Text("amount", "transactionAmount")
	if amount == "" && (req.op == opCheckoutQuery || req.op == opTokenPayQuery) {
		return answer, r.fail(req.op, client.ClassUnknown, codeNoAmount, "the answer has no amount", nil)
	}
	if o.Amount, err = g.readCents(amount); err != nil {
		return answer, r.amountFault(req.op, amount, err)
	}
	if err := checkOrder(&r, req, o, ref); err != nil {
		return answer, err
	}
	if currency := data.Text("currency"); currency != "" && !strings.EqualFold(currency, g.currency) {
		return answer, r.contradict(req.op, "currency", currency, g.currency)
	}
	if o.OrderNo == "" {
		return answer, r.fail(req.op, client.ClassUnknown, "wrong-echo", "the answer names no order of the merchant's", nil)
	}
	answer.Order = o
	return answer, nil
}

// codeNoAmount is an order whose answer leaves its amount out: what the answers
// about checkouts and charges hold is not published (paycools: sections 10.5 and
// 11).
const codeNoAmount = "no-amount"

func withoutAmount(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Code == codeNoAmount
}

// checkOrder compares an order with the numbers by which it was asked for (F7).
func checkOrder(r *reply, req request, o client.Order, ref client.OrderRef) error {
	// A number that was tried as the gateway's may be either.
	tried := ref.GatewayOrderNo == "" && sameNumber(o.GatewayOrderNo, ref.OrderNo)
	if ref.OrderNo != "" && !sameNumber(o.OrderNo, ref.OrderNo) && !tried {
		return r.contradict(req.op, "mchOrderId", o.OrderNo, ref.OrderNo)
	}
	// A checkout that nobody paid yet has no payment and therefore no number of it.
	unpaid := req.op == opCheckoutQuery && o.GatewayOrderNo == ""
	if ref.GatewayOrderNo != "" && !sameNumber(o.GatewayOrderNo, ref.GatewayOrderNo) && !unpaid {
		return r.contradict(req.op, "transactionId", o.GatewayOrderNo, ref.GatewayOrderNo)
	}
	return nil
}

// readOrder takes what needs no checking out of an answer (paycools: sections 8,
// 10.2 and 10.5). Its members have other names in other places.
func (g *Gateway) readOrder(data object) client.Order {
	o := client.Order{
		OrderNo: data.Text("mchOrderId", "merchantOrderId"), GatewayOrderNo: data.Text("transactionId"), ChannelNo: data.Text("checkoutId"),
		Status:    orderStatus(data.Text("transactionStatus", "status")),
		Method:    short(data.Text("channelCode", "channelcode", "paymentChannel", "paymentMethod")),
		Note:      short(client.MaskCards(data.Text("remark"))),
		CreatedAt: g.parseTime(data.Text("createTime")),
	}
	switch o.Status {
	case client.OrderPaid:
		o.PaidAt = g.parseTime(data.Text("returnTime", "completeTime"))
	case client.OrderFailed, client.OrderClosed:
		o.FailCode = failCode(data)
	case client.OrderPending, client.OrderUnknown:
	}
	return o
}

// amountFault is an amount that cannot be read.
func (r *reply) amountFault(op operation, text string, cause error) error {
	return r.fail(op, client.ClassUnknown, "amount", fmt.Sprintf("the answer's amount %.40q cannot be read", client.MaskCards(text)), cause)
}
