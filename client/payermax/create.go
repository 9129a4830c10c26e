package payermax

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"

	"paydesk/client"
	"paydesk/client/internal/wire"
)

// orderData is the part of section 5.1 that a console needs. Card data is never
// among it.
type orderData struct {
	OutTradeNo       string         `json:"outTradeNo"`
	Integrate        string         `json:"integrate"`
	Subject          string         `json:"subject"`
	TotalAmount      json.Number    `json:"totalAmount"`
	Currency         string         `json:"currency"`
	Country          string         `json:"country,omitempty"`
	UserID           string         `json:"userId"`
	FrontCallbackURL string         `json:"frontCallbackUrl"`
	NotifyURL        string         `json:"notifyUrl,omitempty"`
	PaymentDetail    *paymentDetail `json:"paymentDetail,omitempty"`
}

// paymentDetail charges a saved card.
type paymentDetail struct {
	PaymentMethodType string     `json:"paymentMethodType"`
	PaymentTokenID    string     `json:"paymentTokenID"`
	BuyerInfo         *buyerInfo `json:"buyerInfo,omitempty"`
}

type buyerInfo struct {
	ClientIP  string `json:"clientIp,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
}

// orderRequest checks and renders a new order.
func (g *Gateway) orderRequest(req client.CreateOrder) (request, error) {
	if req.NotifyURL == "" {
		req.NotifyURL = string(g.notify.Reveal())
	}
	if err := firstError(
		checkNewNumber("order_no", req.OrderNo),
		g.checkAmount(req.Amount),
		checkUser(req.UserID),
		checkNeeded("subject", req.Subject, maxSubject),
		checkNeeded("return_url", req.ReturnURL, maxReturnURL),
		checkURL("return_url", req.ReturnURL, maxReturnURL),
		checkURL("notify_url", req.NotifyURL, maxNotifyURL),
		checkCountry(req.Country),
	); err != nil {
		return request{}, err
	}
	data := orderData{
		OutTradeNo: req.OrderNo, Integrate: HostedCheckout, Subject: req.Subject,
		TotalAmount: amount(req.Amount), Currency: req.Amount.Currency, Country: req.Country,
		UserID: req.UserID, FrontCallbackURL: req.ReturnURL, NotifyURL: req.NotifyURL,
	}
	if req.Token != "" {
		if err := g.checkCharge(req); err != nil {
			return request{}, err
		}
		data.Integrate = g.tokenIntegrate
		data.PaymentDetail = &paymentDetail{PaymentMethodType: methodOf(req), PaymentTokenID: req.Token}
		if req.ClientIP != "" || req.UserAgent != "" {
			data.PaymentDetail.BuyerInfo = &buyerInfo{ClientIP: req.ClientIP, UserAgent: req.UserAgent}
		}
	}
	return request{ep: orderAndPay, data: data, keep: []string{req.OrderNo, req.UserID, req.Token}, secrets: wire.PathSecrets(req.NotifyURL)}, nil
}

func methodOf(req client.CreateOrder) string {
	if req.Method == "" {
		return "CARD"
	}
	return req.Method
}

// checkCharge looks at what charging a saved card needs. A payment method is
// always named, which makes the country needed; a direct payment also needs to
// know the payer's device (payermax: sections 5.1 and 17 Q7).
func (g *Gateway) checkCharge(req client.CreateOrder) error {
	if err := firstError(
		checkNumber("token", req.Token),
		checkText("method", req.Method, 16),
		checkText("user_agent", req.UserAgent, 1024),
	); err != nil {
		return err
	}
	if req.Country == "" {
		return inputError("country", "is missing", "the payer's country, two letters")
	}
	if _, err := netip.ParseAddr(req.ClientIP); err != nil && req.ClientIP != "" {
		return inputError("client_ip", fmt.Sprintf("is %.60q", req.ClientIP), "the payer's IP address")
	}
	if g.tokenIntegrate == DirectPayment {
		return firstError(checkNeeded("client_ip", req.ClientIP, 64), checkNeeded("user_agent", req.UserAgent, 1024))
	}
	return nil
}

// CreateOrder implements client.Orders. The answer's status alone does not
// settle an order (payermax: section 5.1); ask for the order afterwards. A
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
	if err := checkOrderEcho(req, &r); err != nil {
		return answer, err
	}
	page := r.data.Text("redirectUrl")
	if page != "" && !webPage(page) {
		return answer, r.fail(orderAndPay, client.ClassUnknown, "redirect-url", "the answer's redirectUrl is no web page", nil)
	}
	if page == "" && req.Token == "" {
		return answer, r.fail(orderAndPay, client.ClassUnknown, "redirect-url", "the answer has no page for the payer", nil)
	}
	answer.PageURL = page
	answer.Order = client.Order{
		OrderNo: r.data.Text("outTradeNo"), GatewayOrderNo: r.data.Text("tradeToken"), UserID: req.UserID,
		Amount: req.Amount, Status: orderStatus(r.data.Text("status")), CreatedAt: r.exchange.At,
	}
	if req.Token != "" {
		answer.Order.Method = methodOf(req)
	}
	return answer, nil
}

// checkOrderEcho compares a new order's answer with its request.
func checkOrderEcho(req client.CreateOrder, r *reply) error {
	if got := r.data.Text("outTradeNo"); !sameNumber(got, req.OrderNo) {
		return r.contradict(orderAndPay, "outTradeNo", got, req.OrderNo)
	}
	if got := r.data.Text("currency"); got != "" && got != req.Amount.Currency {
		return r.contradict(orderAndPay, "currency", got, req.Amount.Currency)
	}
	if text := r.data.Text("totalAmount"); text != "" {
		echoed, err := client.ParseWire(text, req.Amount.Currency, req.Amount.Exp)
		if err != nil || echoed.Minor != req.Amount.Minor {
			return r.contradict(orderAndPay, "totalAmount", text, req.Amount.Major())
		}
	}
	if r.data.Text("status") == "" {
		return r.fail(orderAndPay, client.ClassUnknown, "status", "the answer has no status", nil)
	}
	return nil
}

// webPage reports whether a customer can be sent there.
func webPage(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
}

func checkNeeded(field, text string, limit int) error {
	if text == "" {
		return inputError(field, "is missing", fmt.Sprintf("1 to %d characters", limit))
	}
	return checkText(field, text, limit)
}

func checkCountry(country string) error {
	if country == "" {
		return nil
	}
	if len(country) != 2 || !isCurrency(country+"A") {
		return inputError("country", fmt.Sprintf("is %.10q", country), "two letters, such as HK")
	}
	return nil
}
