package payermax

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// window is how far requestTime may be from the gateway's clock.
const window = 120 * time.Second

// refusal is a failing answer.
type refusal struct {
	code, msg string
	data      protocol.Members // normally none
}

// Error renders the code and the text.
func (r *refusal) Error() string { return r.code + ": " + r.msg }

func refuse(code, msg string) error { return &refusal{code: code, msg: msg} }

// call is one request whose envelope, signature and time were found right.
type call struct {
	protocol.Request
	data protocol.Object
}

// result is an accepted call: the answer's data, which member of it a wrong
// echo falsifies, and whether data is left out altogether.
type result struct {
	data protocol.Members
	echo string
	none bool
}

// operations maps the paths to what faults call them.
func operations() map[string]string {
	return map[string]string{
		"refund": fault.OpRefund, "refundQuery": fault.OpQuery, "orderQuery": fault.OpOrder, "orderAndPay": fault.OpCreate,
		"inquirePaymentToken": fault.OpTokens, "removePaymentToken": fault.OpUnbind,
	}
}

// Route implements protocol.Protocol. Clients are configured with the host,
// with the base URL, or by mistake with the base URL twice; all three work.
func (s *speaker) Route(path string) (operation string, ok bool) {
	for range 2 {
		path = strings.TrimPrefix(path, Base)
	}
	name, rooted := strings.CutPrefix(path, "/")
	operation, ok = operations()[name]
	return operation, ok && rooted
}

// Decide implements protocol.Protocol. The order of the checks is that of
// payermax: section 16.
func (s *speaker) Decide(req protocol.Request) protocol.Reply {
	if req.Method != http.MethodPost {
		return protocol.Reply{Code: "METHOD", Render: func(protocol.Spoil) (protocol.Message, error) {
			return protocol.Message{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": {http.MethodPost}}}, nil
		}}
	}
	res, err := s.decide(req)
	if err == nil {
		return protocol.Reply{Code: codeAccepted, Accepted: true, Render: s.renderer(req, codeAccepted, "Success.", res)}
	}
	var no *refusal
	if !errors.As(err, &no) {
		// The book could not be written: nothing was decided, and the cause is
		// no business of the caller's.
		no = &refusal{code: codeSystem, msg: "system error"}
	}
	return protocol.Reply{Code: no.code, Render: s.renderer(req, no.code, no.msg, result{data: no.data, none: no.data == nil})}
}

func (s *speaker) decide(req protocol.Request) (result, error) {
	data, err := s.admit(req)
	if err != nil {
		return result{}, err
	}
	c := call{Request: req, data: data}
	switch req.Operation {
	case fault.OpRefund:
		return s.refund(c)
	case fault.OpQuery:
		return s.refundQuery(c)
	case fault.OpOrder:
		return s.orderQuery(c)
	case fault.OpCreate:
		return s.orderAndPay(c)
	case fault.OpTokens:
		return s.inquireTokens(c)
	default:
		return s.removeToken(c)
	}
}

// admit checks everything that is the same for all paths and returns the
// request's data.
func (s *speaker) admit(req protocol.Request) (protocol.Object, error) {
	if media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, refuse(codeParams, "Content-Type must be application/json")
	}
	if req.Header.Get("Content-Encoding") != "" {
		return nil, refuse(codeParams, "Content-Encoding is not supported")
	}
	body, err := protocol.ReadObject(req.Body)
	if err != nil {
		return nil, refuse(codeParams, err.Error())
	}
	f := &fields{data: body}
	data, at := f.envelope()
	appID, merchant, provider := f.text("appId", true, 64), f.text("merchantNo", false, 64), f.text("spMerchantNo", false, 32)
	if f.err != nil {
		return nil, f.err
	}
	switch {
	case appID != AppID:
		return nil, refuse(codeApp, "appId is unknown")
	case merchant == "" && !s.switches.Is(missingAccount, "accept"), merchant != "" && merchant != MerchantNo:
		return nil, refuse(codeMerchant, "merchantNo is unknown")
	}
	signature, err := sign.One(req.Header.Values("sign"))
	if err == nil {
		err = sign.VerifyRSA(s.merchant, req.Body, signature)
	}
	switch {
	case err != nil:
		return nil, refuse(codeSign, err.Error())
	// Both spellings of the provider's header are in use (payermax: section 3.4).
	case provider != "" && req.Header.Get("merchant_auth_token")+req.Header.Get("merchantAuthToken") == "":
		return nil, refuse(codeAuth, "spMerchantNo without merchant_auth_token")
	case at.Sub(req.Now).Abs() > window:
		return nil, refuse(codeTime, "requestTime is more than two minutes off")
	case !s.withinRate(req.Now):
		return nil, refuse(codeRate, "too many requests")
	}
	return data, nil
}

// withinRate counts the calls of each second.
func (s *speaker) withinRate(now time.Time) bool {
	limit := s.switches.Number(rateLimit)
	if limit == 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if second := now.Truncate(time.Second); !second.Equal(s.second) {
		s.second, s.calls = second, 0
	}
	s.calls++
	return s.calls <= limit
}

// fields reads members and keeps the first mistake as a PARAMS_INVALID that
// names its field. null counts as absent.
type fields struct {
	data protocol.Object
	err  error
}

func (f *fields) wrong(name, what string) {
	if f.err == nil {
		f.err = refuse(codeParams, name+" "+what)
	}
}

var (
	versionText = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
	identifier  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
)

// envelope reads what section 3.1 requires, but not the account.
func (f *fields) envelope() (data protocol.Object, at time.Time) {
	if version := f.text("version", true, 8); f.err == nil && !versionText.MatchString(version) {
		f.wrong("version", "is not of the form 1.5")
	}
	if key := f.text("keyVersion", true, 8); f.err == nil && key != "1" {
		f.wrong("keyVersion", "must be 1")
	}
	at, err := time.Parse(time.RFC3339, f.text("requestTime", true, 32))
	if err != nil {
		f.wrong("requestTime", "is not RFC 3339")
	}
	data, ok := f.data["data"].(protocol.Object)
	if !ok {
		f.wrong("data", "must be an object")
	}
	return data, at
}

// text reads a text of at most limit characters.
func (f *fields) text(name string, required bool, limit int) string {
	value, there := f.data[name]
	text, ok := value.(string)
	switch {
	case !there || value == nil:
		if required {
			f.wrong(name, "is missing")
		}
	case !ok:
		f.wrong(name, "must be a string")
	case required && text == "":
		f.wrong(name, "is empty")
	case utf8.RuneCountInString(text) > limit:
		f.wrong(name, fmt.Sprintf("is longer than %d", limit))
	}
	return text
}

// id reads a new identifier of the merchant's: letters, digits and underscore.
func (f *fields) id(name string) string {
	text := f.text(name, true, 64)
	if f.err == nil && !identifier.MatchString(text) {
		f.wrong(name, "may hold letters, digits and underscore only")
	}
	return text
}

// amountDigits is the documented precision, (20,4).
const amountDigits = 20

// amount reads a number, or a text that holds one, as its digits.
func (f *fields) amount(name string) string {
	var text string
	switch value := f.data[name].(type) {
	case nil:
		f.wrong(name, "is missing")
		return ""
	case json.Number:
		text = value.String()
	case string:
		text = value
	default:
		f.wrong(name, "must be a number")
		return ""
	}
	digits := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if _, err := client.ParseWire(text, "", client.MaxExp); errors.Is(err, client.ErrMoneySyntax) || digits > amountDigits {
		f.wrong(name, "is no number of at most 20 digits")
	}
	return text
}

// truth reads a boolean, or its text (payermax: section 17 Q8).
func (f *fields) truth(name string) bool {
	switch value := f.data[name].(type) {
	case nil:
		return false
	case bool:
		return value
	case string:
		if value == "true" || value == "false" {
			return value == "true"
		}
	}
	f.wrong(name, "must be true or false")
	return false
}
