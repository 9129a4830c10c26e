package easylink

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"paydesk/client"
)

// orderRequest checks and renders a new order (easylink: section 6.1).
func (g *Gateway) orderRequest(req client.CreateOrder) (request, error) {
	if req.Token != "" {
		return request{}, unsupported()
	}
	way := req.Method
	if way == "" {
		way = g.wayCode
	}
	notify := cmp.Or(req.NotifyURL, g.orderNotify, string(g.notify.Reveal()))
	if err := firstError(
		checkNewNumber("order_no", req.OrderNo),
		g.checkAmount(req.Amount),
		checkSubject(req.Subject),
		checkURL("return_url", req.ReturnURL),
		checkNotifyURL("notify_url", notify),
	); err != nil {
		return request{}, err
	}
	if !wayName.MatchString(way) {
		return request{}, inputError("method", fmt.Sprintf("is %.40q", way), "a way code such as ALI_H5, WX_H5 or UP_OP")
	}
	ip, err := clientIP(req.ClientIP)
	if err != nil {
		return request{}, err
	}
	data := object{
		{Name: "mchOrderNo", Value: req.OrderNo},
		{Name: "wayCode", Value: way},
		{Name: "amount", Value: cents(req.Amount)},
		{Name: "currency", Value: req.Amount.Currency},
		{Name: "subject", Value: req.Subject},
		{Name: "body", Value: req.Subject},
		{Name: "clientIp", Value: ip},
		{Name: "notifyUrl", Value: notify},
		{Name: "returnUrl", Value: req.ReturnURL},
		{Name: "channelExtra", Value: g.channelExtra[way]},
	}
	if g.expiry > 0 {
		data = append(data, member{Name: "expiredTime", Value: json.Number(strconv.FormatInt(int64(g.expiry/time.Second), 10))})
	}
	// The user's number travels along so that the portal shows it; one that could
	// break a notification stays here.
	if g.extName != "" && extText.MatchString(req.UserID) {
		data = append(data, member{Name: g.extName, Value: req.UserID})
	}
	return request{ep: unifiedOrder, data: data, keep: []string{req.OrderNo, req.UserID}}, nil
}

// checkSubject refuses what breaks the gateway's notification: it cuts a value
// at an & (easylink: section 9).
func checkSubject(subject string) error {
	if strings.TrimSpace(subject) == "" {
		return inputError("subject", "is missing", fmt.Sprintf("1 to %d characters", maxSubject))
	}
	if strings.Contains(subject, "&") {
		return inputError("subject", "holds &, at which the gateway cuts it in its notification", "a text without &")
	}
	return checkText("subject", subject, maxSubject)
}

// CreateOrder implements client.Orders. Every refusal is ClassUnknown: the
// number may be taken, also by the very order that was asked for, so it is looked
// up before another one is made (easylink: section 6.1). A saved card is
// ClassUnsupported.
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
	if got := r.data.Text("mchOrderNo"); !sameNumber(got, req.OrderNo) {
		return answer, r.contradict(unifiedOrder, "mchOrderNo", got, req.OrderNo)
	}
	answer.Order = readOrder(r.data)
	answer.Order.OrderNo, answer.Order.UserID, answer.Order.Amount = req.OrderNo, req.UserID, req.Amount
	answer.Order.Method = out.data.Text("wayCode")
	if answer.Order.CreatedAt.IsZero() {
		answer.Order.CreatedAt = r.exchange.At
	}
	switch answer.Order.Status {
	case client.OrderPending:
		answer.PageURL, err = page(&r)
	case client.OrderUnknown:
		err = r.fail(unifiedOrder, client.ClassUnknown, "state", fmt.Sprintf("the answer's orderState is %.40q", client.MaskCards(stateOf(r.data))), nil)
	case client.OrderPaid, client.OrderFailed, client.OrderClosed:
	}
	return answer, err
}

// page is where the payer pays. The gateway also hands out forms and texts for
// apps, which no address leads to (easylink: section 6.1).
func page(r *reply) (string, error) {
	kind, text := r.data.Text("payDataType"), r.data.Text("payData")
	switch strings.ToLower(kind) {
	case "payurl", "codeurl", "codeimgurl":
		if webPage(text) {
			return text, nil
		}
	}
	e := r.fail(unifiedOrder, client.ClassUnknown, "pay-data",
		fmt.Sprintf("the order is made, but what its way gives (%.40q) is no page that a payer can be sent to", kind), nil)
	e.Hint = "look the order up; for the next one choose another way code"
	return "", e
}
