package paycools

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/wire"
)

// defaultReason is sent where the agent gave none: some documents make the reason
// optional, others do not (paycools: section 12 no. 8).
const defaultReason = "refund"

// refundRequest checks and renders one refund (paycools: section 5).
func (g *Gateway) refundRequest(req client.RefundRequest) (request, error) {
	if strings.TrimSpace(req.Reason) == "" {
		req.Reason = defaultReason
	}
	req.NotifyURL = cmp.Or(req.NotifyURL, g.defaults.RefundNotifyURL, string(g.notify.Reveal()))
	if req.GatewayOrderNo == "" {
		return request{}, &client.Error{
			Class: client.ClassInput, Code: "gateway_order_no", Message: fmt.Sprintf("the gateway's number of order %.80q is not known; PayCools refunds by it", req.OrderNo),
			Hint: "look the order up first, or import it together with its PayCools number",
		}
	}
	if err := firstError(
		checkNewNumber("refund_no", req.RefundNo),
		checkNumber("gateway_order_no", req.GatewayOrderNo),
		g.checkAmount(req.Amount),
		checkText("reason", req.Reason, maxReason),
		checkURL("notify_url", req.NotifyURL),
	); err != nil {
		return request{}, err
	}
	if req.NotifyURL == "" {
		return request{}, missing("refund_notify_url", "the address to which PayCools reports refunds, unless callback.public_url says it for all profiles; it insists on one")
	}
	return request{
		op: opRefund,
		fields: []field{
			{"mchRefundOrderId", req.RefundNo},
			{"originalTransactionId", req.GatewayOrderNo},
			{"refundAmount", cents(req.Amount)},
			{"refundReason", req.Reason},
			{"refundCallbackUrl", req.NotifyURL},
		},
		keep: []string{req.RefundNo, req.OrderNo, req.GatewayOrderNo},
	}, nil
}

// Refund implements client.Refunds. GatewayOrderNo is needed: PayCools refunds by
// its own number of the payment. An accepted refund is pending, never done; every
// echoed field is compared with what was asked (F7). A word that this version
// does not know is RefundUnknown with the word: the refund may be under way.
// A plain refusal is ClassRefused with unverified evidence, for the desk to settle
// by query (UnsignedRefusals); a repeated number, code 1515, is ClassUnknown,
// because it says that an earlier sending arrived (F8).
func (g *Gateway) Refund(ctx context.Context, req client.RefundRequest) (client.RefundAnswer, error) {
	out, err := g.refundRequest(req)
	if err != nil {
		return client.RefundAnswer{}, err
	}
	r, err := g.call(ctx, out)
	answer := client.RefundAnswer{Exchange: r.exchange}
	if err != nil {
		return answer, err
	}
	got, err := g.readRefund(opRefund, &r, r.object())
	if err != nil {
		return answer, err
	}
	if got.Amount.Currency != "" && got.Amount != req.Amount {
		return answer, r.contradict(opRefund, "refundAmount", got.Amount.String(), req.Amount.String())
	}
	if !sameNumber(got.RefundNo, req.RefundNo) {
		return answer, r.contradict(opRefund, "mchRefundOrderId", got.RefundNo, req.RefundNo)
	}
	if got.GatewayOrderNo != "" && !sameNumber(got.GatewayOrderNo, req.GatewayOrderNo) {
		return answer, r.contradict(opRefund, "originalTransactionId", got.GatewayOrderNo, req.GatewayOrderNo)
	}
	// Ours is the spelling that is stored.
	got.RefundNo, got.OrderNo, got.GatewayOrderNo = req.RefundNo, req.OrderNo, req.GatewayOrderNo
	if err := stateGiven(opRefund, &r, r.object()); err != nil {
		return answer, err
	}
	answer.Refund = got
	return answer, nil
}

// PreviewRefund implements client.Refunds.
func (g *Gateway) PreviewRefund(req client.RefundRequest) (client.Preview, error) {
	out, err := g.refundRequest(req)
	if err != nil {
		return client.Preview{}, err
	}
	return g.preview(out)
}

// QueryRefund implements client.Refunds: ClassUnsupported. PayCools finds no
// refund by the merchant's number (paycools: section 6), and to say "not found"
// of one that it was never asked for would be a lie that moves money; FindRefund
// and RefundsOf are there instead.
func (g *Gateway) QueryRefund(_ context.Context, refundNo string) (client.RefundAnswer, error) {
	err := unsupported("refund-no", fmt.Sprintf("PayCools cannot look up refund %.80q by the merchant's number; its payment must be known", refundNo))
	return client.RefundAnswer{}, err
}

// RefundsOf implements client.RefundLister. A payment that the gateway does not
// know has none: which answer an unknown or unrefunded payment gets is not
// documented (paycools: section 6.1). A refund whose state is a word that this
// version does not know is in the list as RefundUnknown.
func (g *Gateway) RefundsOf(ctx context.Context, gatewayOrderNo string) (client.RefundsAnswer, error) {
	if err := checkNumber("gateway_order_no", gatewayOrderNo); err != nil {
		return client.RefundsAnswer{}, err
	}
	listed, _, err := g.listRefunds(ctx, field{"originalTransactionId", gatewayOrderNo})
	answer := client.RefundsAnswer{Exchange: listed.exchange}
	switch {
	case client.ClassOf(err) == client.ClassNotFound:
		return answer, nil
	case err != nil:
		return answer, err
	}
	for _, got := range listed.refunds {
		if got.GatewayOrderNo != "" && !sameNumber(got.GatewayOrderNo, gatewayOrderNo) {
			return answer, listed.contradict(opRefundQuery, "originalTransactionId", got.GatewayOrderNo, gatewayOrderNo)
		}
	}
	for _, got := range listed.refunds {
		got.GatewayOrderNo = gatewayOrderNo
		answer.Refunds = append(answer.Refunds, got)
	}
	return answer, nil
}

// FindRefund implements client.Finder: by the payment and our own number in its
// list, else by the gateway's number of the refund. ClassInput when neither number
// of the gateway is known. Found in the list twice, or without a state, is
// ClassUnknown; a state that is no known word is RefundUnknown with the word
// (reliability: section 4).
func (g *Gateway) FindRefund(ctx context.Context, ref client.RefundRef) (client.RefundAnswer, error) {
	by := field{"originalTransactionId", ref.GatewayOrderNo}
	switch {
	case ref.GatewayOrderNo != "" && (ref.RefundNo != "" || ref.GatewayRefundNo != ""):
	case ref.GatewayRefundNo != "":
		by = field{"refundTransactionId", ref.GatewayRefundNo}
	default:
		return client.RefundAnswer{}, inputError("gateway_order_no", "of refund "+fmt.Sprintf("%.80q", ref.RefundNo)+" is missing",
			"PayCools' number of the payment or of the refund")
	}
	if err := checkNumber(by.name, by.rendered()); err != nil {
		return client.RefundAnswer{}, err
	}
	listed, data, err := g.listRefunds(ctx, by)
	answer := client.RefundAnswer{Exchange: listed.exchange}
	if err != nil {
		return answer, err
	}
	found, err := listed.find(ref, by)
	if err != nil {
		return answer, err
	}
	if err := confirm(&listed, listed.refunds[found], ref); err != nil {
		return answer, err
	}
	if err := stateGiven(opRefundQuery, &listed.reply, data[found]); err != nil {
		return answer, err
	}
	answer.Refund = listed.refunds[found]
	if ref.RefundNo != "" {
		answer.Refund.RefundNo = ref.RefundNo
	}
	if ref.OrderNo != "" {
		answer.Refund.OrderNo = ref.OrderNo
	}
	return answer, nil
}

// find is the place of the refund looked for in the list: by our own number
// where it is known, else by the gateway's.
func (l *refundList) find(ref client.RefundRef, by field) (int, error) {
	found, nameless := -1, false
	for i, got := range l.refunds {
		same := ref.GatewayRefundNo != "" && sameNumber(got.GatewayRefundNo, ref.GatewayRefundNo)
		if ref.RefundNo != "" && got.RefundNo != "" {
			same = sameNumber(got.RefundNo, ref.RefundNo)
		}
		nameless = nameless || got.RefundNo == "" && !same
		if !same {
			continue
		}
		if found >= 0 {
			return -1, l.fail(opRefundQuery, client.ClassUnknown, "twice", fmt.Sprintf("the answer has refund %.80q twice", got.RefundNo), nil)
		}
		found = i
	}
	switch {
	case found >= 0:
		return found, nil
	case by.name == "refundTransactionId" && len(l.refunds) > 0:
		return -1, l.contradict(opRefundQuery, "refundTransactionId", l.refunds[0].GatewayRefundNo, ref.GatewayRefundNo)
	case nameless:
		return -1, l.fail(opRefundQuery, client.ClassUnknown, "no-number", "the answer has a refund without the merchant's number, which may be the one asked for", nil)
	}
	e := l.fail(opRefundQuery, client.ClassNotFound, "refund", fmt.Sprintf("the gateway lists no refund %.80q for %s %.80q", ref.RefundNo, by.name, by.rendered()), nil)
	e.Hint = "it may be under way still: ask again after some seconds"
	return -1, e
}

// confirm compares a refund that was found with all that is known of it (F7).
// Numbers are compared as they are stored, never by their shape: samples of the
// gateway swap the prefixes (paycools: section 12 no. 3).
func confirm(listed *refundList, got client.Refund, ref client.RefundRef) error {
	if ref.GatewayOrderNo != "" && got.GatewayOrderNo != "" && !sameNumber(got.GatewayOrderNo, ref.GatewayOrderNo) {
		return listed.contradict(opRefundQuery, "originalTransactionId", got.GatewayOrderNo, ref.GatewayOrderNo)
	}
	if ref.GatewayRefundNo != "" && got.GatewayRefundNo != "" && !sameNumber(got.GatewayRefundNo, ref.GatewayRefundNo) {
		return listed.contradict(opRefundQuery, "refundTransactionId", got.GatewayRefundNo, ref.GatewayRefundNo)
	}
	return nil
}

// refundList is the refunds of an answer.
type refundList struct {
	reply
	refunds []client.Refund
}

// listRefunds asks for refunds and reads all that came, with the raw records
// beside them. The data is a list, one object or nothing (paycools: section 6).
func (g *Gateway) listRefunds(ctx context.Context, by field) (refundList, []object, error) {
	r, err := g.call(ctx, request{op: opRefundQuery, fields: []field{by}, keep: []string{by.rendered()}})
	listed := refundList{reply: r}
	if err != nil {
		return listed, nil, err
	}
	items, ok := r.data.([]any)
	if one, single := r.data.(object); single && len(one) > 0 {
		items, ok = []any{one}, true
	}
	if !ok && r.data != nil {
		if _, empty := r.data.(object); !empty {
			return listed, nil, listed.fail(opRefundQuery, client.ClassUnknown, "data", "the answer's data is no list of refunds", nil)
		}
	}
	var data []object
	for _, item := range items {
		record, ok := item.(object)
		if !ok {
			return listed, nil, listed.fail(opRefundQuery, client.ClassUnknown, "data", "the answer's list holds something else than refunds", nil)
		}
		got, err := g.readRefund(opRefundQuery, &listed.reply, record)
		if err != nil {
			return listed, nil, err
		}
		listed.refunds, data = append(listed.refunds, got), append(data, record)
	}
	return listed, data, nil
}

// readRefund reads one refund; only its amount can be wrong.
func (g *Gateway) readRefund(op operation, r *reply, data object) (client.Refund, error) {
	said := data.Text("refundStatus")
	status, known := g.refundStatus(said)
	got := client.Refund{
		RefundNo: data.Text("mchRefundOrderId"), GatewayRefundNo: data.Text("refundTransactionId"),
		GatewayOrderNo: data.Text("originalTransactionId"), Status: status,
	}
	if !known {
		got.Word = wire.Word(said)
	}
	switch status {
	case client.RefundSuccess:
		got.SettledAt = g.parseTime(data.Text("refundReturnTime"))
	case client.RefundFailed, client.RefundClosed:
		got.SettledAt = g.parseTime(data.Text("refundReturnTime"))
		got.FailCode = failCode(data)
	default:
	}
	if text := data.Text("refundAmount"); text != "" {
		var err error
		if got.Amount, err = g.readCents(text); err != nil {
			return got, r.fail(op, client.ClassUnknown, "amount", fmt.Sprintf("the answer's refundAmount %.40q cannot be read", client.MaskCards(text)), err)
		}
	}
	return got, nil
}

// failCode is the gateway's reason: a code of its other, negative series where
// there is one, kept as it is (paycools: section 4.2).
func failCode(data object) string {
	return short(client.MaskCards(data.Text("failedCode", "failedMessage")))
}

// stateGiven refuses a refund without a state: what it means for the money is not
// known. A word that is none of section 9 is a state, of which nothing more is
// known either; it is shown as it is.
func stateGiven(op operation, r *reply, data object) error {
	if data.Text("refundStatus") == "" {
		return r.fail(op, client.ClassUnknown, "status", "the answer has no refundStatus", nil)
	}
	return nil
}
