package payermax

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/client/internal/wire"
)

// Lengths in characters (payermax: sections 5.1 to 5.6).
const (
	maxNumber    = 64
	maxUser      = 64
	maxComments  = 512
	maxReason    = 256
	maxNotifyURL = 256
	maxReturnURL = 1024
	maxSubject   = 256
)

// refundData is section 5.3.
type refundData struct {
	OutRefundNo     string      `json:"outRefundNo"`
	OutTradeNo      string      `json:"outTradeNo"`
	TradeToken      string      `json:"tradeToken,omitempty"`
	RefundAmount    json.Number `json:"refundAmount"`
	RefundCurrency  string      `json:"refundCurrency"`
	Comments        string      `json:"comments,omitempty"`
	RefundNotifyURL string      `json:"refundNotifyUrl,omitempty"`
}

// refundRequest checks and renders one refund.
func (g *Gateway) refundRequest(req client.RefundRequest) (request, error) {
	if req.NotifyURL == "" {
		req.NotifyURL = string(g.notify.Reveal())
	}
	if err := firstError(
		checkNewNumber("refund_no", req.RefundNo),
		checkNumber("order_no", req.OrderNo),
		g.checkAmount(req.Amount),
		checkText("reason", req.Reason, maxComments),
		checkURL("notify_url", req.NotifyURL, maxNotifyURL),
	); err != nil {
		return request{}, err
	}
	data := refundData{
		OutRefundNo: req.RefundNo, OutTradeNo: req.OrderNo,
		RefundAmount: amount(req.Amount), RefundCurrency: req.Amount.Currency,
		Comments: req.Reason, RefundNotifyURL: req.NotifyURL,
	}
	keep := []string{req.RefundNo, req.OrderNo}
	if g.sendTradeToken && req.GatewayOrderNo != "" {
		if err := checkNumber("gateway_order_no", req.GatewayOrderNo); err != nil {
			return request{}, err
		}
		data.TradeToken = req.GatewayOrderNo
		keep = append(keep, req.GatewayOrderNo)
	}
	return request{ep: refund, data: data, keep: keep, secrets: wire.PathSecrets(req.NotifyURL)}, nil
}

// Refund implements client.Refunds. APPLY_SUCCESS alone says nothing: the state
// is data.status, and every echoed field is compared with what was asked (F7). A
// word that this version does not know is RefundUnknown with the word.
// An accepted answer without a right signature is ClassUnknown with Code
// "signature": the money may have moved.
func (g *Gateway) Refund(ctx context.Context, req client.RefundRequest) (client.RefundAnswer, error) {
	out, err := g.refundRequest(req)
	if err != nil {
		return client.RefundAnswer{}, err
	}
	r, err := g.call(ctx, out)
	if err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	answer := client.RefundAnswer{Refund: readRefund(r.data), Exchange: r.exchange}
	if err := g.checkRefundEcho(req, &r, &answer.Refund); err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	return answer, nil
}

// checkRefundEcho compares a refund's answer with its request.
func (g *Gateway) checkRefundEcho(req client.RefundRequest, r *reply, got *client.Refund) error {
	if !sameNumber(got.RefundNo, req.RefundNo) {
		return r.contradict(refund, "outRefundNo", got.RefundNo, req.RefundNo)
	}
	if got.OrderNo != "" && !sameNumber(got.OrderNo, req.OrderNo) {
		return r.contradict(refund, "outTradeNo", got.OrderNo, req.OrderNo)
	}
	currency := r.data.Text("refundCurrency")
	if currency != "" && currency != req.Amount.Currency {
		return r.contradict(refund, "refundCurrency", currency, req.Amount.Currency)
	}
	if text := r.data.Text("refundAmount"); text != "" {
		echoed, err := client.ParseWire(text, req.Amount.Currency, req.Amount.Exp)
		if err != nil || echoed.Minor != req.Amount.Minor {
			return r.contradict(refund, "refundAmount", text, req.Amount.Major())
		}
		got.Amount = echoed
	}
	// Numbers are the same whatever their case; ours is the one that is stored.
	got.RefundNo, got.OrderNo = req.RefundNo, req.OrderNo
	return stateGiven(refund, r)
}

// QueryRefund implements client.Refunds. The amount is refundAmount; where only
// totalAmount is there, it is returned with AmountFromTotal set and counts only
// if it equals what was asked for; where neither is there, Amount has no
// currency and the caller keeps its own (payermax: section 17 Q3). A status word
// that this version does not know is RefundUnknown with the word.
func (g *Gateway) QueryRefund(ctx context.Context, refundNo string) (client.RefundAnswer, error) {
	if err := checkNumber("refund_no", refundNo); err != nil {
		return client.RefundAnswer{}, err
	}
	data := struct {
		OutRefundNo string `json:"outRefundNo"`
	}{refundNo}
	r, err := g.call(ctx, request{ep: refundQuery, data: data, keep: []string{refundNo}})
	if err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	answer := client.RefundAnswer{Refund: readRefund(r.data), Exchange: r.exchange}
	if got := answer.Refund.RefundNo; !sameNumber(got, refundNo) {
		return client.RefundAnswer{Exchange: r.exchange}, r.contradict(refundQuery, "outRefundNo", got, refundNo)
	}
	answer.Refund.RefundNo = refundNo
	if err := g.readRefundAmount(&r, &answer.Refund); err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	if err := stateGiven(refundQuery, &r); err != nil {
		return client.RefundAnswer{Exchange: r.exchange}, err
	}
	return answer, nil
}

func (g *Gateway) readRefundAmount(r *reply, got *client.Refund) error {
	text := r.data.Text("refundAmount")
	if text == "" {
		text = r.data.Text("totalAmount")
		got.AmountFromTotal = text != ""
	}
	if text == "" {
		return nil
	}
	var err error
	got.Amount, err = g.readAmount(refundQuery, r, text, r.data.Text("refundCurrency", "currency"))
	return err
}

// PreviewRefund implements client.Refunds.
func (g *Gateway) PreviewRefund(req client.RefundRequest) (client.Preview, error) {
	out, err := g.refundRequest(req)
	if err != nil {
		return client.Preview{}, err
	}
	return g.preview(out)
}

// readRefund takes what needs no checking out of an answer.
func readRefund(data object) client.Refund {
	word := data.Text("status")
	status, known := refundStatus(word)
	got := client.Refund{
		RefundNo: data.Text("outRefundNo"), GatewayRefundNo: data.Text("refundTradeNo"), OrderNo: data.Text("outTradeNo"),
		Status: status, SettledAt: parseTime(data.Text("refundFinishTime")),
	}
	if !known {
		got.Word = wire.Word(word)
	}
	if status == client.RefundFailed {
		got.FailCode = short(client.MaskCards(data.Text("resultCode", "resultMsg")))
	}
	return got
}

// stateGiven refuses an answer without a state: what it means for the money is
// not known. A word that is none of section 6.2 is a state, of which nothing more
// is known either; it is shown as it is.
func stateGiven(ep endpoint, r *reply) error {
	if r.data.Text("status") == "" {
		return r.fail(ep, client.ClassUnknown, "status", "the answer has no status", nil)
	}
	return nil
}

// readAmount reads an amount of a signed answer with its currency.
func (g *Gateway) readAmount(ep endpoint, r *reply, text, currency string) (client.Money, error) {
	exp, ok := g.Decimals(currency)
	if !ok {
		e := r.fail(ep, client.ClassUnknown, "currency", fmt.Sprintf("the answer's currency is %.10q, whose decimals are not known", currency), nil)
		e.Hint = "add it to the profile's decimals"
		return client.Money{}, e
	}
	m, err := client.ParseWire(text, currency, exp)
	if err == nil && m.Minor < 0 {
		err = client.ErrMoneySyntax
	}
	if err != nil {
		return client.Money{}, r.fail(ep, client.ClassUnknown, "amount", fmt.Sprintf("the answer's amount %.40q %s cannot be read", client.MaskCards(text), currency), err)
	}
	return m, nil
}

// newNumber is what a number that the merchant chooses may look like (payermax:
// section 5).
var newNumber = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

func checkNewNumber(field, no string) error {
	if !newNumber.MatchString(no) {
		return inputError(field, fmt.Sprintf("is %.80q", no), "1 to 64 letters, digits and _")
	}
	return nil
}

// checkNumber is for numbers that exist already and may come from elsewhere.
func checkNumber(field, no string) error {
	if no == "" || strings.TrimSpace(no) != no {
		return inputError(field, fmt.Sprintf("is %.80q", no), "1 to 64 characters without blanks around")
	}
	return checkText(field, no, maxNumber)
}

// checkText refuses what could not be sent as it was confirmed (I12): too long,
// or not valid UTF-8, which JSON would silently change.
func checkText(field, text string, limit int) error {
	if !utf8.ValidString(text) {
		return inputError(field, "is not valid UTF-8", "plain text")
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return inputError(field, fmt.Sprintf("has %d characters", n), fmt.Sprintf("at most %d", limit))
	}
	return nil
}

// checkURL refuses anything but an absolute http or https URL; empty counts.
func checkURL(field, text string, limit int) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return inputError(field, "is no web address", "https://host/path")
	}
	return checkText(field, text, limit)
}

// checkAmount refuses what the gateway cannot be told.
func (g *Gateway) checkAmount(m client.Money) error {
	exp, ok := g.Decimals(m.Currency)
	switch {
	case !ok:
		return inputError("currency", fmt.Sprintf("is %.10q", m.Currency), "an ISO 4217 code, or one of the profile's decimals")
	case m.Exp != exp:
		return inputError("amount", fmt.Sprintf("%s has %d decimals", m, m.Exp), fmt.Sprintf("%d for %s", exp, m.Currency))
	case m.Minor <= 0:
		return inputError("amount", "is "+m.String(), "more than zero")
	}
	return nil
}

// firstError is the first of errs that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
