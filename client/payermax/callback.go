package payermax

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wire"
)

// gatewayName is what the configuration calls this gateway.
const gatewayName = "payermax"

// CallbackReader reads the callbacks of one merchant account. It needs no
// private key.
type CallbackReader struct {
	platform     *rsa.PublicKey
	merchantNo   string
	appID        string
	spMerchantNo string
	decimals     map[string]uint8
}

var _ client.CallbackReader = (*CallbackReader)(nil)

// NewCallbackReader checks the settings and the platform's key. Of Config it
// uses no base URL and no merchant key; where the merchant key is given all the
// same, it must not be the platform's (payermax: section 4 rule 6). Errors are
// as those of New.
func NewCallbackReader(cfg Config) (*CallbackReader, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	c := &CallbackReader{merchantNo: cfg.MerchantNo, appID: cfg.AppID, spMerchantNo: cfg.SPMerchantNo, decimals: maps.Clone(cfg.Decimals)}
	if !cfg.MerchantKey.Empty() {
		_, platform, err := cfg.keys()
		c.platform = platform
		return c, err
	}
	const hint = "store the gateway's public key, from its portal, with `paydesk key set`"
	if len(cfg.PlatformKey) == 0 {
		return nil, keyError("platform-key", "there is no platform public key", hint, nil)
	}
	platform, err := sign.ParsePublic(cfg.PlatformKey)
	if err != nil {
		return nil, keyError("platform-key", "the platform public key cannot be used", hint, err)
	}
	c.platform = platform
	return c, nil
}

// Acknowledge implements client.CallbackReader (payermax: section 9.5).
func (*CallbackReader) Acknowledge() client.CallbackReply {
	return client.CallbackReply{Status: http.StatusOK, ContentType: "application/json", Body: []byte(`{"code":"SUCCESS","msg":"Success"}`)}
}

// Refuse implements client.CallbackReader. A callback for another merchant gets
// the same answer as one with a wrong signature.
func (*CallbackReader) Refuse() client.CallbackReply {
	return client.CallbackReply{Status: http.StatusUnauthorized, ContentType: "application/json", Body: []byte(`{"code":"FAIL","msg":"not accepted"}`)}
}

// ReadCallback implements client.CallbackReader: the signature over the bytes as
// they came, then the body's meaning, then whom it is for (payermax: sections
// 3.3, 4 and 9).
func (c *CallbackReader) ReadCallback(header http.Header, body []byte) client.Notice {
	signatures := header.Values("Sign")
	signature, fault := sign.One(signatures)
	if fault == nil {
		fault = sign.VerifyRSA(c.platform, body, signature)
	}
	top, malformed := strict.Parse(body)
	n := c.read(top)
	n.Body = wire.Redact(body, c.merchantNo, c.appID, c.spMerchantNo)
	switch reason := c.foreign(top); {
	case fault != nil:
		n = n.Doubted(fault.Error())
		n.Signature = finding(c.platform, body, n.Body, signatures)
	case malformed != nil:
		n = n.Doubted("the signature is right, but the body is " + malformed.Error())
	case reason != "":
		n = n.Doubted("the signature is right, but " + reason)
	default:
		n.Verified = true
		n.Body = wire.Redact(
			body, c.merchantNo, c.appID, c.spMerchantNo, n.OrderNo, n.GatewayOrderNo, n.RefundNo, n.GatewayRefundNo, n.Token, n.UserID,
		)
	}
	return n.Identified(body)
}

// foreign says why a signed callback is not for this account, or "". The
// platform signs with one key for all its merchants, so this alone keeps the
// callbacks of others out (F10). Both numbers are optional, but one that names
// nobody is nobody's.
func (c *CallbackReader) foreign(top object) string {
	if odd := oddCase(top, "code", "msg", "keyVersion", "appId", "merchantAppId", "merchantNo", "spMerchantNo", "notifyTime", "notifyType", "data"); odd != "" {
		return odd
	}
	if odd := oddCase(
		top.Object("data"), "outTradeNo", "tradeToken", "totalAmount", "currency", "status", "outRefundNo", "refundTradeNo", "refundAmount",
		"refundCurrency", "userId", "paymentTokenID", "paymentTokenStatus",
	); odd != "" {
		return odd
	}
	named := false
	for _, id := range []struct{ member, own string }{
		{"appId", c.appID}, {"merchantAppId", c.appID}, {"merchantNo", c.merchantNo}, {"spMerchantNo", c.spMerchantNo},
	} {
		value := top.Get(id.member)
		switch {
		case value == nil, value == "", id.own == "": // a provider number says nothing where none is known
			continue
		case value != id.own:
			return fmt.Sprintf("its %s is another's", id.member)
		}
		named = named || id.member != "spMerchantNo"
	}
	if !named {
		return "it names no merchant and no application"
	}
	return ""
}

// oddCase finds a member that is one of names but for its case. The protocol's
// names are exact; readers that fold case would read another message than the
// one that was checked.
func oddCase(o object, names ...string) string {
	for _, m := range o {
		for _, name := range names {
			if m.Name != name && strings.EqualFold(m.Name, name) {
				return fmt.Sprintf("its member %.40q is spelled in odd case", m.Name)
			}
		}
	}
	return ""
}

// read says what a body is about, as far as it can be understood.
func (c *CallbackReader) read(top object) client.Notice {
	data := top.Object("data")
	n := client.Notice{
		Gateway: gatewayName, Kind: client.NoticeOther, Event: short(top.Text("notifyType")),
		Merchant: top.Text("merchantNo"), AppID: top.Text("appId", "merchantAppId"),
		OrderNo: data.Text("outTradeNo"), At: parseTime(top.Text("notifyTime")), Said: short(data.Text("status")),
	}
	switch top.Text("notifyType") {
	case "PAYMENT":
		c.readPayment(&n, data)
	case "REFUND":
		c.readRefund(&n, data)
	case "TOKENIZATION":
		readTokenNotice(&n, data)
	case "":
		n.Reason = "it does not say what it is about"
	default:
		n.Reason = "this kind of callback is kept, and followed by nothing"
	}
	if code := top.Text("code"); code != codeAccepted && n.Kind != client.NoticeOther {
		n.FailCode = short(client.MaskCards(code))
	}
	return n
}

// readPayment is section 9.1.
func (c *CallbackReader) readPayment(n *client.Notice, data object) {
	n.GatewayOrderNo = data.Text("tradeToken")
	if n.OrderNo == "" && n.GatewayOrderNo == "" {
		n.Reason = "it names no order"
		return
	}
	n.Kind, n.Status = client.NoticePayment, string(orderStatus(n.Said))
	n.Amount, n.Reason = c.amount(data.Text("totalAmount"), data.Text("currency"))
}

// readRefund is section 9.2.
func (c *CallbackReader) readRefund(n *client.Notice, data object) {
	n.RefundNo, n.GatewayRefundNo = data.Text("outRefundNo"), data.Text("refundTradeNo")
	if n.RefundNo == "" && n.GatewayRefundNo == "" {
		n.Reason = "it names no refund"
		return
	}
	status, _ := refundStatus(n.Said)
	n.Kind, n.Status = client.NoticeRefund, string(status)
	n.Amount, n.Reason = c.amount(data.Text("refundAmount"), data.Text("refundCurrency"))
}

// readTokenNotice is section 9.3. The order number is that of the binding
// payment, and only in the first notice.
func readTokenNotice(n *client.Notice, data object) {
	n.Token, n.UserID = data.Text("paymentTokenID"), data.Text("userId")
	n.Said = short(data.Text("paymentTokenStatus", "status"))
	if n.Token == "" {
		n.Reason = "it names no saved card"
		return
	}
	n.Kind, n.Status = client.NoticeToken, string(tokenStatus(n.Said))
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
	m, err := client.ParseWire(text, currency, exp)
	if err != nil {
		return client.Money{}, fmt.Sprintf("its amount %.40q %s cannot be read", client.MaskCards(text), currency)
	}
	return m, ""
}
