package paycools

import (
	"cmp"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wire"
	"paydesk/client/secret"
)

// gatewayName is what the configuration calls this gateway.
const gatewayName = "paycools"

// CallbackReader reads the callbacks of one application. It needs no private key.
type CallbackReader struct {
	values   values
	shared   *secret.Secret // a pointer: printing a struct prints what its hidden fields hold
	platform *rsa.PublicKey // may be nil in PH
	group    bool
	appID    string
	answer   string
}

var _ client.CallbackReader = (*CallbackReader)(nil)

// NewCallbackReader checks the settings and the keys. Of Config it uses no base
// URL; CallbackSecret is needed in PH and PH2, PlatformKey in GROUP. The merchant
// key may be left out; where it is given, it must not be the platform's. Errors
// are as those of New.
func NewCallbackReader(cfg Config) (*CallbackReader, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	var merchant *rsa.PrivateKey
	if !cfg.MerchantKey.Empty() {
		var err error
		if merchant, err = cfg.merchantKey(); err != nil {
			return nil, err
		}
	}
	shared, platform, err := cfg.callbackKeys(merchant)
	if err != nil {
		return nil, err
	}
	c := &CallbackReader{
		values: newValues(cfg), shared: &shared, platform: platform, group: cfg.dialect() == GROUP, appID: cfg.AppID,
		answer: cmp.Or(cfg.Acknowledgement, DefaultAcknowledgement(cfg.Dialect)),
	}
	switch {
	case c.group && platform == nil:
		return nil, keyError("platform-key", "there is no platform public key", "store the gateway's public key, from its portal, with `paydesk key set`", nil)
	case !c.group && shared.Empty():
		return nil, keyError("callback-secret", "there is no callback secret", "store the merchant key of the gateway's portal with `paydesk key set`", nil)
	}
	return c, nil
}

// callbackKeys reads what verifies callbacks; both are optional here, because
// without callbacks everything is still settled by queries. merchant may be nil.
func (cfg *Config) callbackKeys(merchant *rsa.PrivateKey) (secret.Secret, *rsa.PublicKey, error) {
	const hint = "store it again with `paydesk key set`"
	var shared secret.Secret
	if !cfg.CallbackSecret.Empty() {
		text, _, err := NormaliseSecret(cfg.CallbackSecret.Reveal())
		if err != nil {
			return shared, nil, keyError("callback-secret", "the callback secret cannot be used", hint, err)
		}
		shared = secret.New(text)
	}
	if len(cfg.PlatformKey) == 0 {
		return shared, nil, nil
	}
	platform, err := sign.ParsePublic(cfg.PlatformKey)
	if err != nil {
		return shared, nil, keyError("platform-key", "the platform public key cannot be used", hint, err)
	}
	if merchant != nil && platform.Equal(&merchant.PublicKey) {
		return shared, nil, keyError("same-key", "the platform public key is the merchant's own public key",
			"store the gateway's public key, from its portal, as the platform key", nil)
	}
	return shared, platform, nil
}

// DefaultAcknowledgement is the advised answer to a callback of a dialect
// (paycools: section 7). Four variants are in circulation.
func DefaultAcknowledgement(dialect string) string {
	if foldDialect(dialect) == GROUP {
		return `{"code":10000,"message":"Success"}`
	}
	return `{"code":1,"msg":"success","message":"success","data":{}}`
}

// Acknowledge implements client.CallbackReader (paycools: section 7).
func (c *CallbackReader) Acknowledge() client.CallbackReply {
	return client.CallbackReply{Status: http.StatusOK, ContentType: "application/json", Body: []byte(c.answer)}
}

// Refuse implements client.CallbackReader: a status and a code that no reader of
// either takes for success.
func (*CallbackReader) Refuse() client.CallbackReply {
	return client.CallbackReply{
		Status: http.StatusUnauthorized, ContentType: "application/json", Body: []byte(`{"code":9999,"msg":"not accepted","message":"not accepted","data":{}}`),
	}
}

// ReadCallback implements client.CallbackReader (paycools: sections 3.4, 3.5 and
// 7). The signature stands over all members, those that this version does not know
// included, and over numbers as they are written. The body names no application,
// so whom it is for follows from the secret; one that does name another is not
// believed.
func (c *CallbackReader) ReadCallback(_ http.Header, body []byte) client.Notice {
	data, doubt, found := c.verify(body)
	if appID := data.Text("appId"); doubt == "" && appID != "" && appID != c.appID {
		doubt = "the signature is right, but its appId is another's"
	}
	n := c.read(data)
	n.Signature = found
	if doubt != "" {
		n.Body = wire.Redact(body, c.appID)
		return n.Doubted(doubt).Identified(body)
	}
	n.Verified = true
	n.Body = wire.Redact(body, c.appID, n.OrderNo, n.GatewayOrderNo, n.RefundNo, n.GatewayRefundNo, n.Token, n.UserID)
	return n.Identified(body)
}

// verify checks the signature and returns the members that it stands over. With a
// doubt they are what was claimed, and found is what is known of the signature
// that is missing or wrong. A long signature beside a param is the group's,
// whatever the dialect (paycools: section 12 no. 13).
func (c *CallbackReader) verify(body []byte) (data object, doubt string, found *client.Inspection) {
	t, err := take(body)
	if err == nil && t.form {
		err = strict.ErrNotJSON
	}
	if err != nil {
		return nil, "the body cannot be read: " + err.Error(), wire.NoFinding(err, "")
	}
	key := c.shared.Reveal()
	param, enveloped := t.body.Get("param").(string)
	if !c.group && (!enveloped || c.platform == nil || len(t.sign) <= hexLength) {
		in := t.flat(body)
		if err := sign.VerifySHA1(in.text, key, t.sign); err != nil {
			return t.body, err.Error(), in.finding(in.checkKeyed(key, t.sign), key, c.appID)
		}
		return t.body, "", nil
	}
	inner, malformed := strict.Parse([]byte(param))
	if err := sign.VerifyRSA(c.platform, []byte(param), t.sign); err != nil {
		in := t.inParam(body)
		return inner, err.Error(), in.finding(in.checkRSA(c.platform, in.sign), key, c.appID)
	}
	if malformed != nil {
		return nil, "the signature is right, but its param is " + malformed.Error(), nil
	}
	return inner, "", nil
}

// hexLength is how long the keyed digest of PH is.
const hexLength = 40

// read says what the members are about, as far as they can be understood. Which
// kind it is follows from the event's name, or from the numbers where the name is
// new. Numbers count as they stand: samples of the gateway swap their prefixes.
func (c *CallbackReader) read(data object) client.Notice {
	n := client.Notice{
		Gateway: gatewayName, Kind: client.NoticeOther, AppID: data.Text("appId"), Event: short(data.Text("eventName")),
		OrderNo: data.Text("mchOrderId", "merchantOrderId"), GatewayOrderNo: data.Text("transactionId"),
		RefundNo: data.Text("mchRefundOrderId"), GatewayRefundNo: data.Text("refundTransactionId"),
		Token: data.Text("payToken", "paytoken"), UserID: data.Text("userId"),
	}
	event := strings.ToLower(n.Event)
	switch {
	case strings.HasPrefix(event, "payment.refund.") || n.RefundNo != "" || n.GatewayRefundNo != "":
		c.readRefund(&n, event, data)
	case strings.HasPrefix(event, "token.") || n.Token != "" && n.GatewayOrderNo == "":
		readTokenNotice(&n, data, c.values)
	case n.OrderNo != "" || n.GatewayOrderNo != "":
		c.readPayment(&n, event, data)
	default:
		n.Reason = "it names no order, refund or token"
	}
	return n
}

// readRefund is section 7: the state decides, and the event's name only for a
// cancelled refund, whose word was never seen.
func (c *CallbackReader) readRefund(n *client.Notice, event string, data object) {
	n.Said, n.GatewayOrderNo = short(data.Text("refundStatus")), data.Text("originalTransactionId")
	if n.RefundNo == "" && n.GatewayRefundNo == "" {
		n.Reason = "it names no refund"
		return
	}
	status, known := c.values.refundStatus(n.Said)
	if !known && strings.HasSuffix(event, ".cancel") {
		status = client.RefundClosed
	}
	n.Kind, n.Status, n.At = client.NoticeRefund, string(status), c.values.parseTime(data.Text("refundReturnTime", "refundCreateTime"))
	n.Amount, n.Reason = c.amount(data.Text("refundAmount"))
	if status == client.RefundFailed || status == client.RefundClosed {
		n.FailCode = failCode(data)
	}
	if disagrees(event, n.Status, string(client.RefundSuccess), string(client.RefundFailed), string(client.RefundClosed)) {
		n.Reason = fmt.Sprintf("its event %q and its state %q say different things; the query decides", n.Event, n.Said)
	}
}

// readPayment is section 10.3, and the callbacks of checkouts, codes and charges,
// which are alike.
func (c *CallbackReader) readPayment(n *client.Notice, event string, data object) {
	n.Said = short(data.Text("transactionStatus", "status"))
	status := orderStatus(n.Said)
	n.Kind, n.Status, n.At = client.NoticePayment, string(status), c.values.parseTime(data.Text("returnTime", "completeTime", "createTime"))
	n.Amount, n.Reason = c.amount(data.Text("amount", "transactionAmount"))
	if status == client.OrderFailed || status == client.OrderClosed {
		n.FailCode = failCode(data)
	}
	if disagrees(event, n.Status, string(client.OrderPaid), string(client.OrderFailed), string(client.OrderClosed)) {
		n.Reason = fmt.Sprintf("its event %q and its state %q say different things; the query decides", n.Event, n.Said)
	}
}

// readTokenNotice is section 11.
func readTokenNotice(n *client.Notice, data object, v values) {
	n.Said = short(data.Text("tokenStatus"))
	if n.Token == "" {
		n.Reason = "it names no token" // such as token.create.failed
		return
	}
	n.Kind, n.Status = client.NoticeToken, string(tokenStatus(n.Said, data.Text("inactiveType")))
	n.At = v.parseTime(data.Text("inactiveTime"))
}

// amount reads an amount; one that cannot be read is none, with the reason: the
// query that follows says what is true.
func (c *CallbackReader) amount(text string) (client.Money, string) {
	if text == "" {
		return client.Money{}, ""
	}
	m, err := c.values.readCents(text)
	if err != nil {
		return client.Money{}, fmt.Sprintf("its amount %.40q cannot be read", client.MaskCards(text))
	}
	return m, ""
}

// disagrees reports whether an event's name says another end than the state, as
// in the gateway's own sample of a failed refund (paycools: section 7).
func disagrees(event, state, success, failed, closed string) bool {
	switch {
	case strings.HasSuffix(event, ".success"):
		return state != success
	case strings.HasSuffix(event, ".failed"):
		return state != failed
	case strings.HasSuffix(event, ".cancel"):
		return state != closed
	}
	return false
}
