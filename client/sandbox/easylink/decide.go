package easylink

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// The gateway's codes (easylink: section 5).
const (
	codeDone      = "0"
	codeBusiness  = "9999" // a business reason, which only the text names
	codeSystem    = "10"
	codeParameter = "11"
	codeNoRecord  = "5003"
)

// refusal is an answer with another code than 0. It carries neither data nor a
// signature.
type refusal struct{ code, chinese, english string }

// Error renders the code and the text.
func (r *refusal) Error() string { return r.code + ": " + r.english }

func refuse(code, chinese, english string) error { return &refusal{code, chinese, english} }

func badParameter(name, wrong string) error {
	return refuse(codeParameter, "参数有误["+name+" "+wrong+"]", "bad parameter: "+name+" "+wrong)
}

// broken is a fault of the gateway. Whether a record stands is open, as it is
// at the real one.
func broken(code string) *refusal { return &refusal{code, "系统异常", "system error"} }

// call is one request whose account and signature were found right.
type call struct {
	protocol.Request
	fields
}

// result is a handled call: the answer's data, and which member of it a wrong
// echo falsifies. Empty stands for an answer without a body.
type result struct {
	data  protocol.Members
	echo  string
	empty bool
}

// operations maps the paths to what faults call them (easylink: section 1).
func operations() map[string]string {
	return map[string]string{
		"/api/pay/unifiedOrder": fault.OpCreate, "/api/pay/query": fault.OpOrder, "/api/pay/close": fault.OpClose,
		"/api/refund/refundOrder": fault.OpRefund, "/api/refund/query": fault.OpQuery,
	}
}

// Route implements protocol.Protocol. The real gateway's base URL has no path,
// so a client that knows only the host works as well.
func (s *speaker) Route(path string) (operation string, ok bool) {
	operation, ok = operations()[strings.TrimPrefix(path, Base)]
	return operation, ok
}

// Decide implements protocol.Protocol. The order of the checks is that of
// easylink: section 5.
func (s *speaker) Decide(req protocol.Request) protocol.Reply {
	if req.Method != http.MethodPost {
		return protocol.Reply{Code: "METHOD", Bare: true, Render: func(protocol.Spoil) (protocol.Message, error) {
			return protocol.Message{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": {http.MethodPost}}}, nil
		}}
	}
	res, err := s.decide(req)
	if err == nil {
		return protocol.Reply{Code: codeDone, Accepted: true, Bare: res.empty, Render: s.renderer(res)}
	}
	var no *refusal
	if !errors.As(err, &no) {
		// The book could not be written, and the cause is no business of the
		// caller's.
		no = broken(codeSystem)
	}
	return protocol.Reply{Code: no.code, Bare: true, Render: s.refusing(no)}
}

func (s *speaker) decide(req protocol.Request) (result, error) {
	f, err := s.admit(req)
	if err != nil {
		return result{}, err
	}
	c := call{Request: req, fields: f}
	switch req.Operation {
	case fault.OpCreate:
		return s.unifiedOrder(c)
	case fault.OpOrder:
		return s.payQuery(c)
	case fault.OpClose:
		return s.payClose(c)
	case fault.OpRefund:
		return s.refundOrder(c)
	default:
		return s.refundQuery(c)
	}
}

// admit checks everything that comes before the business rules.
func (s *speaker) admit(req protocol.Request) (fields, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, badParameter("body", err.Error())
	}
	f, err := bind(body, s.known(req.Operation))
	if err != nil {
		return nil, err
	}
	if err := f.need("version", "signType", "sign", "reqTime", "mchNo", "appId"); err != nil {
		return nil, err
	}
	at, isTime := f.when()
	if !isTime && s.switches.Is(reqTimeForm, "digits") {
		return nil, badParameter("reqTime", "must have 13 or 10 digits")
	}
	if err := f.rules(req.Operation); err != nil {
		return nil, err
	}
	if err := s.checkAccount(f); err != nil {
		return nil, err
	}
	want, err := digest(f.signed(), s.key)
	if err != nil {
		return nil, err
	}
	if !matches(f["sign"], want) {
		return nil, refuse(codeBusiness, "验签失败", "signature verification failed")
	}
	window := time.Duration(s.switches.Number(reqTimeWindow)) * time.Second
	if window > 0 && (!isTime || at.Sub(req.Now).Abs() > window) {
		return nil, refuse(codeBusiness, "请求时间超出允许范围", "reqTime is outside of the allowed window")
	}
	return f, nil
}

// rules are what an operation asks of its own members (easylink: sections 6.1
// and 7.1).
func (f fields) rules(operation string) error {
	switch operation {
	case fault.OpCreate:
		return first(
			f.need("mchOrderNo", "wayCode"), f.atLeastOne("amount"), f.need("currency", "subject", "body"),
			f.within(128, "mchOrderNo", "wayCode", "currency", "subject", "body", "clientIp", "notifyUrl", "returnUrl", "channelExtra"),
		)
	case fault.OpRefund:
		return first(
			f.need("mchRefundNo"), f.atLeastOne("refundAmount"), f.need("currency", "refundReason"),
			f.within(64, "mchRefundNo", "currency", "refundReason", "clientIp", "notifyUrl", "channelExtra"),
		)
	default:
		return nil
	}
}

// first is the first of errs that is not nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkAccount looks at merchant and application (easylink: section 5).
func (s *speaker) checkAccount(f fields) error {
	switch {
	case f["mchNo"] != MerchantNo, f["appId"] != AppID && f["appId"] != otherApp:
		return refuse(codeBusiness, "商户或商户应用不存在", "merchant or application does not exist")
	case s.switches.Is(account, "merchant-disabled"):
		return refuse(codeBusiness, "商户信息不存在或商户状态不可用", "merchant does not exist or is disabled")
	case s.switches.Is(account, "app-disabled"):
		return refuse(codeBusiness, "商户应用不存在或应用状态不可用", "application does not exist or is disabled")
	case f["appId"] == otherApp:
		return refuse(codeBusiness, "参数appId与商户号不匹配", "appId does not match mchNo")
	}
	return nil
}
