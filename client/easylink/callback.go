package easylink

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/wire"
	"paydesk/client/secret"
)

// gatewayName is what the configuration calls this gateway.
const gatewayName = "easylink"

// CallbackReader reads the notifications of one application of one merchant.
type CallbackReader struct {
	key      *secret.Secret // a pointer, see Gateway
	mchNo    string
	appID    string
	decimals map[string]uint8
}

var _ client.CallbackReader = (*CallbackReader)(nil)

// NewCallbackReader checks the settings and the secret. Of Config it uses no
// base URL. Errors are as those of New.
func NewCallbackReader(cfg Config) (*CallbackReader, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	key, err := cfg.key()
	if err != nil {
		return nil, err
	}
	return &CallbackReader{key: &key, mchNo: cfg.MerchantNo, appID: cfg.AppID, decimals: maps.Clone(cfg.Decimals)}, nil
}

// Acknowledge implements client.CallbackReader: exactly this word, without
// blanks, quotes or line end (easylink: section 8).
func (*CallbackReader) Acknowledge() client.CallbackReply {
	return client.CallbackReply{Status: http.StatusOK, ContentType: "text/plain", Body: []byte("success")}
}

// Refuse implements client.CallbackReader. Any other word is a failure to the
// gateway, whatever the HTTP status; a notification for another merchant gets
// the same answer as one with a wrong signature.
func (*CallbackReader) Refuse() client.CallbackReply {
	return client.CallbackReply{Status: http.StatusUnauthorized, ContentType: "text/plain", Body: []byte("fail")}
}

// ReadCallback implements client.CallbackReader (easylink: section 9): a form, or
// JSON as one page shows it. The signature stands over all fields, or over the
// documented ones; what it does not stand over is not read either.
func (c *CallbackReader) ReadCallback(_ http.Header, body []byte) client.Notice {
	in, malformed := take(KindCallback, body)
	signed, fault := in.signed, error(nil)
	if malformed == nil {
		signed, fault = c.verify(in)
	}
	n := c.read(signed)
	n.Body = redacted(body, c.mchNo, c.appID)
	switch reason := c.foreign(signed); {
	case malformed != nil:
		n = n.Doubted("the body cannot be read: " + malformed.Error())
		n.Signature = wire.NoFinding(malformed, "")
	case fault != nil:
		n = n.Doubted(fault.Error())
		n.Signature = in.finding(c.key.Reveal(), in.sign, nil, c.mchNo, c.appID)
	case reason != "":
		n = n.Doubted("the signature is right, but " + reason)
	default:
		n.Verified = true
		n.Body = redacted(body, c.mchNo, c.appID, n.OrderNo, n.GatewayOrderNo, n.RefundNo, n.GatewayRefundNo)
	}
	return n.Identified(body)
}

// verify finds the fields that the signature stands over; all of them, with the
// fault, when it stands over none.
func (c *CallbackReader) verify(in inspected) (object, error) {
	fault := sign.VerifyMD5(pairs(in.signed), c.key.Reveal(), in.sign)
	if fault == nil {
		return in.signed, nil
	}
	for _, some := range in.others {
		if sign.VerifyMD5(pairs(some), c.key.Reveal(), in.sign) == nil {
			return some, nil
		}
	}
	return in.signed, fault
}

// foreign says why a signed notification is not for this account, or "".
// Several applications may have one secret, so both names count (F10).
func (c *CallbackReader) foreign(signed object) string {
	for _, id := range []struct{ name, own string }{{"mchNo", c.mchNo}, {"appId", c.appID}} {
		switch signed.Text(id.name) {
		case id.own:
		case "":
			return "it does not say its " + id.name
		default:
			return fmt.Sprintf("its %s is another's", id.name)
		}
	}
	return ""
}

// read says what the fields are about, as far as they can be understood. The
// notification does not say its kind; the numbers in it do.
func (c *CallbackReader) read(o object) client.Notice {
	n := client.Notice{
		Gateway: gatewayName, Kind: client.NoticeOther, Merchant: o.Text("mchNo"), AppID: o.Text("appId"),
		OrderNo: o.Text("mchOrderNo"), GatewayOrderNo: o.Text("payOrderId"),
		RefundNo: o.Text("mchRefundNo"), GatewayRefundNo: o.Text("refundOrderId"),
		Said: short(stateOf(o)), At: parseTime(o.Text("reqTime")),
	}
	amount := ""
	switch {
	case n.RefundNo != "" || n.GatewayRefundNo != "":
		status, _ := refundStatus(n.Said)
		n.Kind, n.Status, amount = client.NoticeRefund, string(status), "refundAmount"
		if status == client.RefundFailed {
			n.FailCode = failCode(o)
		}
	case n.OrderNo != "" || n.GatewayOrderNo != "":
		status := orderStatus(n.Said)
		n.Kind, n.Status, amount = client.NoticePayment, string(status), "amount"
		if status == client.OrderFailed || status == client.OrderClosed {
			n.FailCode = failCode(o)
		}
	default:
		n.Reason = "it names no order and no refund"
		return n
	}
	n.Amount, n.Reason = c.amount(o.Text(amount), strings.ToUpper(o.Text("currency")))
	return n
}

// amount reads an amount; one that cannot be read is none, with the reason: the
// query that follows says what is true.
func (c *CallbackReader) amount(text, currency string) (client.Money, string) {
	if text == "" {
		return client.Money{}, ""
	}
	exp, ok := c.decimals[currency]
	if !ok {
		exp, ok = Decimals(currency)
	}
	if !ok {
		return client.Money{}, fmt.Sprintf("its currency is %.10q, whose decimals are not known", currency)
	}
	minor, err := parseCents(text)
	if err != nil {
		return client.Money{}, fmt.Sprintf("its amount %.40q %s cannot be read", client.MaskCards(text), currency)
	}
	return client.Money{Minor: minor, Currency: currency, Exp: exp}, ""
}

// redacted is a form or a JSON body, fit for the ledger.
func redacted(body []byte, keep ...string) []byte {
	if bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff"))), []byte("{")) {
		return wire.Redact(body, keep...)
	}
	return wire.RedactForm(body, keep...)
}
