package payermax

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wire"
)

// endpoint is one path with its default version (payermax: section 3.5).
type endpoint struct {
	path    string
	version string
	kind    wire.Kind
}

var (
	orderAndPay         = endpoint{"orderAndPay", "1.5", wire.Write}
	orderQuery          = endpoint{"orderQuery", "1.5", wire.Read}
	refund              = endpoint{"refund", "1.5", wire.Write}
	refundQuery         = endpoint{"refundQuery", "1.5", wire.Read}
	inquirePaymentToken = endpoint{"inquirePaymentToken", "1.2", wire.Read}
	removePaymentToken  = endpoint{"removePaymentToken", "1.2", wire.Write}
)

func endpoints() []endpoint {
	return []endpoint{orderAndPay, orderQuery, refund, refundQuery, inquirePaymentToken, removePaymentToken}
}

func lostHint(ep endpoint) string { return wire.LostHint(ep.kind) }

// envelope is every request's outer object (payermax: section 3.1).
type envelope struct {
	Version      string `json:"version"`
	KeyVersion   string `json:"keyVersion"`
	RequestTime  string `json:"requestTime"`
	AppID        string `json:"appId"`
	MerchantNo   string `json:"merchantNo"`
	SPMerchantNo string `json:"spMerchantNo,omitempty"`
	Data         any    `json:"data"`
}

// request is what one call sends. keep lists our own numbers in it, which are
// no card numbers whatever their digits say; secrets what must not be kept of it.
type request struct {
	ep      endpoint
	data    any
	keep    []string
	secrets wire.Secrets
}

// object is a JSON object of an answer or a callback.
type object = strict.Object

// reply is an accepted answer: signed, unambiguous, APPLY_SUCCESS.
type reply struct {
	data     object
	exchange client.Exchange
}

// compose renders and signs a request as of now, by the gateway's clock. Every
// sending is composed anew: requestTime changes, the rest does not (I2).
func (g *Gateway) compose(req request) (body []byte, header http.Header, err error) {
	body, err = strict.Encode(envelope{
		Version: g.versions[req.ep.path], KeyVersion: "1", RequestTime: formatTime(g.wire.Now()),
		AppID: g.appID, MerchantNo: g.merchantNo, SPMerchantNo: g.spMerchantNo, Data: req.data,
	})
	if err != nil {
		return nil, nil, &client.Error{Class: client.ClassBug, Code: "encode", Message: "the request cannot be written", Err: err}
	}
	signature, err := sign.SignRSA(g.merchant, body)
	if err != nil {
		return nil, nil, keyError("merchant-key", "the request cannot be signed", "check the merchant key", err)
	}
	header = http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json")
	header.Set("Sign", signature)
	if !g.authToken.Empty() {
		header.Set(g.authHeader, string(g.authToken.Reveal()))
	}
	return body, header, nil
}

// call sends a request and returns the accepted answer. A read is repeated
// where that may help; a write is sent once, and once more with a corrected
// time when the gateway says that the time was off.
func (g *Gateway) call(ctx context.Context, req request) (reply, error) {
	var r reply
	err := g.wire.Repeat(ctx, req.ep.kind, func(ctx context.Context) error {
		var err error
		if r, err = g.send(ctx, req); !isTimeRefusal(err) {
			return err
		}
		// The refusal carried a Date, so the offset is known by now (F13).
		if r, err = g.send(ctx, req); isTimeRefusal(err) {
			return wire.Final(err)
		}
		return err
	})
	return r, err
}

func isTimeRefusal(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Class == client.ClassRate && e.Code == codeTime
}

// send makes one exchange.
func (g *Gateway) send(ctx context.Context, req request) (reply, error) {
	body, header, err := g.compose(req)
	if err != nil {
		return reply{}, err
	}
	answer, err := g.wire.Do(ctx, wire.Call{
		Kind: req.ep.kind, Operation: req.ep.path, Path: req.ep.path, Header: header, Body: body,
	})
	r := reply{exchange: g.evidence(req, body, answer)}
	if err != nil {
		var e *client.Error
		if errors.As(err, &e) {
			e.Message, e.Exchange = req.ep.path+": "+e.Message, &r.exchange
		}
		return r, err
	}
	return g.judge(req, answer, r)
}

// judge decides what an answer is worth (payermax: sections 2.2, 4 and 7).
func (g *Gateway) judge(req request, answer wire.Answer, r reply) (reply, error) {
	ep, status := req.ep, answer.Status
	if status >= 300 && status < 400 {
		message := fmt.Sprintf("the answer is a redirect (HTTP %d), which is never followed", status)
		return r, wire.Final(r.fail(ep, client.ClassUnknown, "redirect", message, nil))
	}
	fault := g.verify(answer)
	r.exchange.Verified = fault == nil
	top, err := strict.Parse(answer.Body)
	code, ok := top.Get("code").(string)
	unsigned := fault != nil && fault.Reason == sign.ReasonMissing
	if fault != nil && (code == codeAccepted || !unsigned) {
		// A refusal may come unsigned; there is nothing to find out about that.
		r.exchange.Signature = finding(g.platform, answer.Body, r.exchange.Answer, answer.Header.Values("Sign"))
	}
	if errors.Is(err, strict.ErrAmbiguous) {
		return r, wire.Final(r.fail(ep, client.ClassUnknown, "ambiguous", "the answer has a member twice and means nothing certain", err))
	}
	if err != nil || !ok || code == "" {
		return r, noCode(ep, answer, &r)
	}
	r.exchange.Code, r.exchange.Message = code, short(client.MaskCards(req.secrets.Hide(top.Text("msg"))))
	switch {
	case fault != nil && (code == codeAccepted || !unsigned):
		return r, badSignature(ep, code, fault, &r)
	case status >= 500 && (ep.kind == wire.Write || unsigned):
		// A refusal that comes as a server error is no refusal (I6).
		e := r.fail(ep, client.ClassUnknown, code, fmt.Sprintf("the gateway failed (HTTP %d)", status), nil)
		return r, wire.Status(e, status, answer.Header)
	case code == codeAccepted:
		r.data = top.Object("data")
		return r, nil
	}
	return r, refusal(ep, code, answer, &r)
}

// verify checks the answer's signature over its bytes as they came.
func (g *Gateway) verify(answer wire.Answer) *sign.Fault {
	text, err := sign.One(answer.Header.Values("Sign"))
	if err == nil {
		err = sign.VerifyRSA(g.platform, answer.Body, text)
	}
	var fault *sign.Fault
	if err != nil && !errors.As(err, &fault) {
		return &sign.Fault{Reason: sign.ReasonMismatch}
	}
	return fault
}

// badSignature is an answer that cannot be believed. What was asked for may
// have happened, so a write's outcome is unknown; a read has learnt nothing.
func badSignature(ep endpoint, code string, fault *sign.Fault, r *reply) error {
	class := client.ClassSignature
	if ep.kind == wire.Write {
		class = client.ClassUnknown
	}
	e := r.fail(ep, class, "signature", fmt.Sprintf("the answer %.60q cannot be believed", code), fault)
	if class == client.ClassSignature {
		e.Hint = "check the platform public key against the gateway's portal, and who else can answer for that host"
	}
	return wire.Final(e)
}

// noCode is an answer without a usable code: an error page, a proxy's word.
func noCode(ep endpoint, answer wire.Answer, r *reply) error {
	e := r.fail(ep, client.ClassUnknown, fmt.Sprintf("http-%d", answer.Status),
		fmt.Sprintf("the answer (HTTP %d, %d bytes) is not the gateway's", answer.Status, len(answer.Body)), nil)
	switch answer.Status {
	case http.StatusTooManyRequests:
		e.Class, e.Message, e.Hint = client.ClassRate, "too many requests (HTTP 429)", "wait a little"
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Hint = "something before the gateway refuses us: is this machine's address registered with it? " + e.Hint
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Hint = "check base_url; " + e.Hint
	}
	if answer.Status >= 400 && answer.Status < 500 && answer.Status != http.StatusTooManyRequests {
		return wire.Final(e) // the same request would meet the same wall
	}
	return wire.Status(e, answer.Status, answer.Header)
}

// refusal is an answer with a failing code, signed or not at all.
func refusal(ep endpoint, code string, answer wire.Answer, r *reply) error {
	class := classify(ep, code)
	if answer.Status == http.StatusTooManyRequests && class == client.ClassUnknown {
		class = client.ClassRate
	}
	message := "the gateway answered " + code
	if r.exchange.Message != "" {
		message += ": " + r.exchange.Message
	}
	e := r.fail(ep, class, code, message, nil)
	e.Hint = hintFor(ep, code, class)
	return wire.Status(e, answer.Status, answer.Header)
}

// fail makes an error with this exchange as its evidence.
func (r *reply) fail(ep endpoint, class client.Class, code, message string, cause error) *client.Error {
	e := &client.Error{Class: class, Code: code, Message: ep.path + ": " + message, Exchange: &r.exchange, Err: cause}
	if class == client.ClassUnknown {
		e.Hint = lostHint(ep)
	}
	return e
}

// contradict is a signed answer that does not belong to what was asked (F7).
func (r *reply) contradict(ep endpoint, field, got, want string) error {
	message := fmt.Sprintf("the answer's %s is %.80q, asked for was %.80q", field, client.MaskCards(got), want)
	return r.fail(ep, client.ClassUnknown, "wrong-echo", message, nil)
}

// evidence redacts what was sent and what came back.
func (g *Gateway) evidence(req request, body []byte, answer wire.Answer) client.Exchange {
	x := client.Exchange{
		Operation: req.ep.path, At: answer.At, URL: g.wire.URL(req.ep.path), HTTPStatus: answer.Status,
		Request: g.redact(req, body), RequestHash: wire.Hash(body), RequestBytes: len(body),
	}
	if answer.Status != 0 {
		x.Answer, x.AnswerHash = g.redact(req, answer.Body), wire.Hash(answer.Body)
	}
	return x
}

// redact is a body of this exchange, fit for the ledger.
func (g *Gateway) redact(req request, body []byte) []byte {
	return wire.Redact(req.secrets.HideBytes(body), append([]string{g.merchantNo, g.appID, g.spMerchantNo}, req.keep...)...)
}

// preview composes a request without sending it: the body redacted, the
// signature cut, secrets masked.
func (g *Gateway) preview(req request) (client.Preview, error) {
	body, header, err := g.compose(req)
	if err != nil {
		return client.Preview{}, err
	}
	headers := map[string]string{}
	for name := range header {
		headers[name] = header.Get(name)
	}
	headers["Sign"] = header.Get("Sign")[:8] + "•••"
	if !g.authToken.Empty() {
		headers[http.CanonicalHeaderKey(g.authHeader)] = "•••"
	}
	return client.Preview{Method: http.MethodPost, URL: g.wire.URL(req.ep.path), Headers: headers, Body: g.redact(req, body)}, nil
}

// amount is an amount as it goes on the wire: a JSON number rendered from the
// integer, with exactly the currency's decimals (I11).
func amount(m client.Money) json.Number { return json.Number(m.Major()) }

// short cuts a text of the gateway to what an error line can take.
func short(text string) string {
	const limit = 200
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit]) + "…"
}

// inputError names what was asked for, why it cannot be, and what could.
func inputError(field, wrong, right string) error {
	return &client.Error{
		Class: client.ClassInput, Code: field, Message: strings.ReplaceAll(field, "_", " ") + " " + wrong + "; right is " + right,
	}
}
