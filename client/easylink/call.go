package easylink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wire"
)

// endpoint is one operation (easylink: section 1).
type endpoint struct {
	name string // in evidence, log and errors
	path string
	kind wire.Kind
}

var (
	unifiedOrder = endpoint{"unifiedOrder", "api/pay/unifiedOrder", wire.Write}
	payQuery     = endpoint{"payQuery", "api/pay/query", wire.Read}
	refundOrder  = endpoint{"refundOrder", "api/refund/refundOrder", wire.Write}
	refundQuery  = endpoint{"refundQuery", "api/refund/query", wire.Read}
)

func lostHint(ep endpoint) string { return wire.LostHint(ep.kind) }

// request is what one call sends beside the common members: texts and
// json.Numbers; empty texts are left out. keep lists our own numbers in it,
// which are no card numbers whatever their digits say.
type request struct {
	ep   endpoint
	data object
	keep []string
}

// secrets is what must not be kept of a request: the path secret of its callback
// address.
func (r request) secrets() wire.Secrets { return wire.PathSecrets(r.data.Text("notifyUrl")) }

// reply is an accepted answer: code 0, unambiguous, with signed data.
type reply struct {
	data     object
	exchange client.Exchange
}

// composed is a request as it is sent, and as it may be shown: with the
// signature cut, because nothing else would keep it from being sent again.
type composed struct{ body, shown []byte }

// compose renders and signs a request as of now, by the gateway's clock. Every
// sending is composed anew: reqTime changes, the rest does not (I2; easylink:
// section 3).
func (g *Gateway) compose(req request) (composed, error) {
	now := strconv.FormatInt(g.wire.Now().UnixMilli(), 10)
	var reqTime any = now
	if g.timeAsNumber {
		reqTime = json.Number(now)
	}
	out := object{{Name: "mchNo", Value: g.mchNo}, {Name: "appId", Value: g.appID}}
	for _, m := range req.data {
		if m.Value != "" {
			out = append(out, m)
		}
	}
	out = append(out, member{Name: "reqTime", Value: reqTime}, member{Name: "version", Value: g.version}, member{Name: "signType", Value: "MD5"})
	signature := sign.SignMD5(pairs(out), g.key.Reveal())
	body, err := strict.Encode(append(out, member{Name: signMember, Value: signature}))
	if err == nil {
		var shown []byte
		shown, err = strict.Encode(append(out, member{Name: signMember, Value: signature[:8] + sign.Mask}))
		if err == nil {
			return composed{body, shown}, nil
		}
	}
	return composed{}, &client.Error{Class: client.ClassBug, Code: "encode", Message: "the request cannot be written", Err: err}
}

func header() http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "application/json")
	return h
}

// call sends a request and returns the accepted answer. A read is repeated
// where that may help; a write is sent once.
func (g *Gateway) call(ctx context.Context, req request) (reply, error) {
	var r reply
	err := g.wire.Repeat(ctx, req.ep.kind, func(ctx context.Context) error {
		var err error
		r, err = g.send(ctx, req)
		return err
	})
	return r, err
}

// send makes one exchange.
func (g *Gateway) send(ctx context.Context, req request) (reply, error) {
	out, err := g.compose(req)
	if err != nil {
		return reply{}, err
	}
	answer, err := g.wire.Do(ctx, wire.Call{
		Kind: req.ep.kind, Operation: req.ep.name, Path: req.ep.path, Header: header(), Body: out.body,
	})
	r := reply{exchange: g.evidence(req, out, answer)}
	if err != nil {
		var e *client.Error
		if errors.As(err, &e) {
			e.Message, e.Exchange = req.ep.name+": "+e.Message, &r.exchange
		}
		return r, err
	}
	return g.judge(req, answer, r)
}

// maxCode is the longest code that is taken for one, in bytes.
const maxCode = 40

// judge decides what an answer is worth (easylink: sections 2, 4.4 and 5).
func (g *Gateway) judge(req request, answer wire.Answer, r reply) (reply, error) {
	ep := req.ep
	if answer.Status >= 300 && answer.Status < 400 {
		message := fmt.Sprintf("the answer is a redirect (HTTP %d), which is never followed", answer.Status)
		return r, wire.Final(r.fail(ep, client.ClassUnknown, "redirect", message, nil))
	}
	top, err := strict.Parse(answer.Body)
	if errors.Is(err, strict.ErrAmbiguous) {
		r.exchange.Signature = wire.NoFinding(err, "")
		return r, wire.Final(r.fail(ep, client.ClassUnknown, "ambiguous", "the answer has a member twice and means nothing certain", err))
	}
	code := top.Text("code")
	if len(code) > maxCode {
		code = ""
	}
	r.exchange.Code, r.exchange.Message = code, short(client.MaskCards(req.secrets().Hide(top.Text("msg"))))
	if answer.Status != http.StatusOK || code == "" {
		return r, notHandled(ep, answer, &r)
	}
	if code != codeDone {
		return r, g.refusal(ep, code, top.Text("msg"), &r)
	}
	data, err := envelopeData(top)
	signature, _ := top.Get(signMember).(string)
	if err != nil {
		r.exchange.Signature = wire.NoFinding(err, sign.Hide(signature, g.key.Reveal()))
	}
	switch {
	case errors.Is(err, strict.ErrAmbiguous):
		return r, wire.Final(r.fail(ep, client.ClassUnknown, "ambiguous", "the answer's data has a member twice and means nothing certain", err))
	case err != nil:
		// Every call here asks for data; without it nothing is signed.
		return r, wire.Final(r.fail(ep, client.ClassUnknown, "no-data", "the answer says that it was handled but brings no data", err))
	}
	if err := sign.VerifyMD5(pairs(data), g.key.Reveal(), signature); err != nil {
		in := inspected{signed: data, all: top.Without(signMember)}
		r.exchange.Signature = in.finding(g.key.Reveal(), signature, req.secrets(), g.kept(req)...)
		return r, badSignature(ep, err, &r)
	}
	// The code itself is not signed, so only a handled answer counts as verified.
	r.exchange.Verified, r.data = true, data
	g.keepNumbers(req, answer, &r)
	return r, nil
}

// errNoData says that an answer has no data object.
var errNoData = errors.New("no data object, and nothing else of an answer is signed")

// envelopeData is the data of an answer: an object, or one written as JSON text
// (easylink: section 11.8).
func envelopeData(top object) (object, error) {
	switch v := top.Get("data").(type) {
	case object:
		return v, nil
	case string:
		if inner, err := strict.Parse([]byte(v)); err == nil || errors.Is(err, strict.ErrAmbiguous) {
			return inner, err
		}
	}
	return nil, errNoData
}

// badSignature is an answer that cannot be believed. What was asked for may
// have happened, so a write's outcome is unknown; a read has learnt nothing.
func badSignature(ep endpoint, cause error, r *reply) error {
	class := client.ClassSignature
	if ep.kind == wire.Write {
		class = client.ClassUnknown
	}
	e := r.fail(ep, class, "signature", "the answer cannot be believed", cause)
	if class == client.ClassSignature {
		e.Hint = "check the application secret against the gateway's portal, and who else can answer for that host"
	}
	return wire.Final(e)
}

// notHandled is anything but HTTP 200 with a code: an error page, a proxy's
// word, an empty body. It is never a refusal, whatever stands in it (easylink:
// section 2; I6).
func notHandled(ep endpoint, answer wire.Answer, r *reply) error {
	e := r.fail(ep, client.ClassUnknown, fmt.Sprintf("http-%d", answer.Status),
		fmt.Sprintf("the answer (HTTP %d, %d bytes) is not the gateway's", answer.Status, len(answer.Body)), nil)
	switch answer.Status {
	case http.StatusTooManyRequests:
		e.Message = ep.name + ": too many requests (HTTP 429)"
		if ep.kind == wire.Read {
			e.Class, e.Hint = client.ClassRate, "wait a little"
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Hint = "something before the gateway refuses us: is this machine's address on the merchant's list there? " + e.Hint
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Hint = "check base_url; " + e.Hint
	}
	if answer.Status >= 400 && answer.Status < 500 && answer.Status != http.StatusTooManyRequests {
		return wire.Final(e) // the same request would meet the same wall
	}
	return wire.Status(e, answer.Status, answer.Header)
}

// refusal is an answer with another code than 0. Nothing signs it.
func (g *Gateway) refusal(ep endpoint, code, msg string, r *reply) error {
	class := g.classify(ep, code, msg)
	message := "the gateway answered " + code
	if r.exchange.Message != "" {
		message += ": " + r.exchange.Message
	}
	e := r.fail(ep, class, code, message, nil)
	e.Hint = hintFor(ep, class, msg)
	if code == codeParameter {
		return wire.Final(e) // the same request would be as wrong again
	}
	return e
}

// fail makes an error with this exchange as its evidence.
func (r *reply) fail(ep endpoint, class client.Class, code, message string, cause error) *client.Error {
	e := &client.Error{Class: class, Code: code, Message: ep.name + ": " + message, Exchange: &r.exchange, Err: cause}
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
func (g *Gateway) evidence(req request, out composed, answer wire.Answer) client.Exchange {
	x := client.Exchange{
		Operation: req.ep.name, At: answer.At, URL: g.wire.URL(req.ep.path), HTTPStatus: answer.Status,
		Request: g.redact(req, out.shown), RequestHash: wire.Hash(out.body), RequestBytes: len(out.body),
	}
	if answer.Status != 0 {
		x.Answer, x.AnswerHash = g.redact(req, answer.Body), wire.Hash(answer.Body)
	}
	return x
}

// kept lists the numbers in an exchange that are left alone.
func (g *Gateway) kept(req request) []string { return append([]string{g.mchNo, g.appID}, req.keep...) }

// redact is a body of this exchange, fit for the ledger; more are further numbers
// to be left alone.
func (g *Gateway) redact(req request, body []byte, more ...string) []byte {
	return wire.Redact(req.secrets().HideBytes(body), append(g.kept(req), more...)...)
}

// gatewayNumber is what the gateway's own numbers look like: a capital and
// digits. One in ten would pass for a card number and be masked.
var gatewayNumber = regexp.MustCompile(`^[A-Z][0-9]{19}$`)

// keepNumbers writes the evidence of a verified answer anew with the gateway's
// own numbers left alone.
func (g *Gateway) keepNumbers(req request, answer wire.Answer, r *reply) {
	var own []string
	for _, name := range []string{"payOrderId", "refundOrderId"} {
		if no := r.data.Text(name); gatewayNumber.MatchString(no) {
			own = append(own, no)
		}
	}
	r.exchange.Answer = g.redact(req, answer.Body, own...)
}

// preview composes a request without sending it: the body redacted, the
// signature cut.
func (g *Gateway) preview(req request) (client.Preview, error) {
	out, err := g.compose(req)
	if err != nil {
		return client.Preview{}, err
	}
	headers := map[string]string{}
	for name, values := range header() {
		headers[name] = strings.Join(values, ", ")
	}
	return client.Preview{
		Method: http.MethodPost, URL: g.wire.URL(req.ep.path), Headers: headers, Body: g.redact(req, out.shown),
	}, nil
}
