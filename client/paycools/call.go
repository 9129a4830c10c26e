package paycools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wire"
)

// request is what one call sends beside the common members. Empty fields are
// left out. keep lists our own numbers in it, which are no card numbers whatever
// their digits say.
type request struct {
	op     operation
	fields []field
	pathID string // stands in the path in place of {transactionId}; it is also among fields
	keep   []string
}

// secrets is what must not be kept of a request: the path secret of its callback
// address.
func (r request) secrets() wire.Secrets {
	var addresses []string
	for _, f := range r.fields {
		switch f.name {
		case "callbackUrl", "notifyUrl", "refundCallbackUrl":
			addresses = append(addresses, f.rendered())
		}
	}
	return wire.PathSecrets(addresses...)
}

// reply is an answer with a code of success. data is what came as data: an
// object, a list or nil.
type reply struct {
	data     any
	exchange client.Exchange
}

// object is the data of a reply as an object, empty when it is none. Where one
// thing was asked for, a list of one counts as that one.
func (r *reply) object() object {
	switch v := r.data.(type) {
	case object:
		return v
	case []any:
		if len(v) == 1 {
			inner, _ := v[0].(object)
			return inner
		}
	}
	return nil
}

// composed is a request as it is sent, and as it may be shown: with the
// signature cut, because nothing else would keep it from being sent again.
type composed struct {
	method, path string
	query, body  string
	shown        string // of the body, or of the query where there is no body
}

// compose renders and signs a request as of now, by the gateway's clock. The same
// request is the same bytes again but for its timestamp (I2).
func (g *Gateway) compose(req request) (composed, error) {
	out := composed{method: g.method(req.op), path: strings.ReplaceAll(g.paths[req.op.name], pathID, url.PathEscape(req.pathID))}
	if !g.has(req.op) {
		return out, unsupported(req.op.name, "this account knows no path for "+req.op.name+"; set it in the profile's paths")
	}
	var err error
	if g.enveloped(req.op) {
		err = g.composeParam(req, &out)
	} else {
		err = g.composeFlat(req, &out)
	}
	return out, err
}

// composeFlat is a request of PH: all members side by side, the signature among
// them (paycools: section 3.1).
func (g *Gateway) composeFlat(req request, out *composed) error {
	fields := append([]field{{"appId", g.appID}}, filled(req.fields)...)
	if g.doubts.OmitPathParams && req.pathID != "" && strings.Contains(g.paths[req.op.name], pathID) {
		fields = slices.DeleteFunc(fields, func(f field) bool { return f.name == "transactionId" })
	}
	if req.op.stamped {
		fields = append(fields, field{"timestamp", g.stamp()})
	}
	signature, err := g.signed(sign.TextSorted(pairs(fields)))
	if err != nil {
		return err
	}
	full, shown := append(slices.Clone(fields), field{signMember, signature}), append(fields, field{signMember, cut(signature)})
	if out.method == http.MethodGet {
		// The signature comes last, as the gateway's own examples have it.
		out.query = query(fields) + "&" + query(full[len(full)-1:])
		out.shown = query(fields) + "&" + signMember + "=" + url.QueryEscape(signature[:8]) + sign.Mask
		return nil
	}
	return encoded(out, full, shown)
}

// composeParam is a request of the checkout or of the group: the members as text
// in param, signed as that very text (paycools: sections 3.2 and 3.3).
func (g *Gateway) composeParam(req request, out *composed) error {
	fields := append(filled(req.fields), field{"timestamp", json.Number(g.stamp())})
	param, err := encode(fields)
	if err != nil {
		return encodeError(err)
	}
	outer := []field{{"appId", g.appID}, {"param", string(param)}}
	text := sign.TextSorted(pairs(outer))
	if g.dialect == GROUP || g.doubts.SignParamOnly {
		text = string(param)
	}
	signature, err := g.signed(text)
	if err != nil {
		return err
	}
	return encoded(out, append(slices.Clone(outer), field{signMember, signature}), append(outer, field{signMember, cut(signature)}))
}

// encoded writes the body and what may be shown of it.
func encoded(out *composed, full, shown []field) error {
	body, err := encode(full)
	if err != nil {
		return encodeError(err)
	}
	visible, err := encode(shown)
	if err != nil {
		return encodeError(err)
	}
	out.body, out.shown = string(body), string(visible)
	return nil
}

func encodeError(cause error) error {
	return &client.Error{Class: client.ClassBug, Code: "encode", Message: "the request cannot be written", Err: cause}
}

// cut is as much of a signature as is shown.
func cut(signature string) string { return signature[:8] + sign.Mask }

// stamp is now by the gateway's clock, in milliseconds since 1970.
func (g *Gateway) stamp() string { return strconv.FormatInt(g.wire.Now().UnixMilli(), 10) }

// signed signs a text with the merchant's key.
func (g *Gateway) signed(text string) (string, error) {
	made, err := sign.SignRSA(g.merchant, []byte(text))
	if g.doubts.Digest == SHA1 {
		made, err = sign.SignRSASHA1(g.merchant, []byte(text))
	}
	if err != nil {
		return "", keyError("merchant-key", "the request cannot be signed", "check the merchant key", err)
	}
	return made, nil
}

// skewLimit is by how much the clocks must have been off before a refusal is put
// down to it; the gateway takes two minutes (paycools: section 8).
const skewLimit = 30 * time.Second

// call sends a request and returns the accepted answer. A read is repeated where
// that may help; a write is sent once. Either is sent once more with a corrected
// time when it was refused plainly and its timestamp turned out to be off (F13).
func (g *Gateway) call(ctx context.Context, req request) (reply, error) {
	var r reply
	err := g.wire.Repeat(ctx, req.op.kind, func(ctx context.Context) error {
		before, _ := g.wire.Offset()
		var err error
		if r, err = g.send(ctx, req); !g.stampRefused(req, before, err) {
			return err
		}
		before, _ = g.wire.Offset()
		if r, err = g.send(ctx, req); g.stampRefused(req, before, err) {
			return wire.Final(err)
		}
		return err
	})
	return r, err
}

func (g *Gateway) stampRefused(req request, before time.Duration, err error) bool {
	var e *client.Error
	stamped := req.op.stamped || g.enveloped(req.op)
	if !stamped || !errors.As(err, &e) || !timeRefusal(e.Code) {
		return false
	}
	now, ok := g.wire.Offset()
	return ok && (now-before).Abs() > skewLimit
}

// send makes one exchange.
func (g *Gateway) send(ctx context.Context, req request) (reply, error) {
	out, err := g.compose(req)
	if err != nil {
		return reply{}, err
	}
	answer, err := g.wire.Do(ctx, wire.Call{
		Kind: req.op.kind, Operation: req.op.name, Method: out.method, Path: out.path, Query: out.query, Header: header(out), Body: []byte(out.body),
	})
	r := reply{exchange: g.evidence(req, out, answer)}
	if err != nil {
		var e *client.Error
		if errors.As(err, &e) {
			e.Message, e.Exchange = req.op.name+": "+e.Message, &r.exchange
		}
		return r, err
	}
	return g.judge(req, answer, r)
}

func header(out composed) http.Header {
	h := http.Header{}
	if out.method == http.MethodPost {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Accept", "application/json")
	return h
}

// maxCode is the longest code that is taken for one, in bytes.
const maxCode = 12

// judge decides what an answer is worth (paycools: section 4).
func (g *Gateway) judge(req request, answer wire.Answer, r reply) (reply, error) {
	op, status := req.op, answer.Status
	if status >= 300 && status < 400 {
		message := fmt.Sprintf("the answer is a redirect (HTTP %d), which is never followed", status)
		return r, wire.Final(r.fail(op, client.ClassUnknown, "redirect", message, nil))
	}
	top, err := strict.Parse(answer.Body)
	if errors.Is(err, strict.ErrAmbiguous) {
		return r, wire.Final(r.fail(op, client.ClassUnknown, "ambiguous", "the answer has a member twice and means nothing certain", err))
	}
	code := top.Text("code")
	if len(code) > maxCode {
		code = ""
	}
	r.exchange.Code, r.exchange.Message = code, short(client.MaskCards(req.secrets().Hide(top.Text("message", "msg"))))
	r.exchange.Answer = wire.Redact(req.secrets().HideBytes(answer.Body), g.kept(req, top)...)
	class := g.classify(op, code)
	// A plain refusal counts with a client error too; a success does not, and
	// nothing counts that comes as a server error (I6).
	refused := status >= 400 && status < 500 && status != http.StatusTooManyRequests && class != client.ClassUnknown && !g.accepted(op, code)
	switch {
	case code == "", status != http.StatusOK && !refused:
		return r, notHandled(op, answer, &r)
	case g.accepted(op, code):
		r.data = top.Get("data")
		return r, nil
	}
	return r, refusal(op, code, class, answer, &r)
}

// notHandled is anything but an envelope with HTTP 200: an error page, a proxy's
// word, an empty body. It is never a refusal, whatever stands in it.
func notHandled(op operation, answer wire.Answer, r *reply) error {
	e := r.fail(op, client.ClassUnknown, fmt.Sprintf("http-%d", answer.Status),
		fmt.Sprintf("the answer (HTTP %d, %d bytes) is not the gateway's", answer.Status, len(answer.Body)), nil)
	switch answer.Status {
	case http.StatusTooManyRequests:
		e.Message = op.name + ": too many requests (HTTP 429)"
		if op.kind == wire.Read {
			e.Class, e.Hint = client.ClassRate, "wait a little"
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Hint = "something before the gateway refuses us: is this machine's address on the merchant's list there? " + e.Hint
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Hint = "check base_url and the path of " + op.name + "; " + e.Hint
	}
	if answer.Status >= 400 && answer.Status < 500 && answer.Status != http.StatusTooManyRequests {
		return wire.Final(e) // the same request would meet the same wall
	}
	return wire.Status(e, answer.Status, answer.Header)
}

// refusal is an answer with a failing code. Nothing signs it.
func refusal(op operation, code string, class client.Class, answer wire.Answer, r *reply) error {
	message := "the gateway answered " + code
	if r.exchange.Message != "" {
		message += ": " + r.exchange.Message
	}
	e := r.fail(op, class, code, message, nil)
	e.Hint = hintFor(op, code, class)
	return wire.Status(e, answer.Status, answer.Header)
}

// fail makes an error with this exchange as its evidence.
func (r *reply) fail(op operation, class client.Class, code, message string, cause error) *client.Error {
	e := &client.Error{Class: class, Code: code, Message: op.name + ": " + message, Exchange: &r.exchange, Err: cause}
	if class == client.ClassUnknown {
		e.Hint = wire.LostHint(op.kind)
	}
	return e
}

// contradict is an answer that does not belong to what was asked (F7).
func (r *reply) contradict(op operation, name, got, want string) error {
	message := fmt.Sprintf("the answer's %s is %.80q, asked for was %.80q", name, client.MaskCards(got), want)
	return r.fail(op, client.ClassUnknown, "wrong-echo", message, nil)
}

// evidence redacts what was sent and what came back. Of a GET the request is its
// query.
func (g *Gateway) evidence(req request, out composed, answer wire.Answer) client.Exchange {
	keep, sent := g.kept(req, nil), out.body
	x := client.Exchange{Operation: req.op.name, At: answer.At, URL: g.wire.URL(out.path), HTTPStatus: answer.Status}
	if out.method == http.MethodGet {
		sent, x.Request = out.query, wire.RedactForm([]byte(out.shown), keep...)
	} else {
		x.Request = wire.Redact(req.secrets().HideBytes([]byte(out.shown)), keep...)
	}
	x.RequestHash, x.RequestBytes = wire.Hash([]byte(sent)), len(sent)
	if answer.Status != 0 {
		x.Answer, x.AnswerHash = wire.Redact(req.secrets().HideBytes(answer.Body), keep...), wire.Hash(answer.Body)
	}
	return x
}

// gatewayNumber is what the gateway's own numbers look like: letters and digits.
// One in ten would pass for a card number and be masked.
var gatewayNumber = regexp.MustCompile(`^[A-Za-z]{1,4}[0-9A-Za-z]{6,60}$`)

// kept lists the numbers in an exchange that are left alone: our own, and those
// that an answer names as such.
func (g *Gateway) kept(req request, value any) []string {
	keep := append([]string{g.appID}, req.keep...)
	var walk func(value any)
	walk = func(value any) {
		switch v := value.(type) {
		case object:
			for _, m := range v {
				if no, ok := m.Value.(string); ok && isNumberName(m.Name) && gatewayNumber.MatchString(no) {
					keep = append(keep, no)
				}
				walk(m.Value)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(value)
	return keep
}

func isNumberName(name string) bool {
	switch strings.ToLower(name) {
	case "mchorderid", "merchantorderid", "transactionid", "mchrefundorderid", "refundtransactionid", "originaltransactionid", "checkoutid", "paytoken":
		return true
	}
	return false
}

// preview composes a request without sending it: the body redacted, the
// signature cut.
func (g *Gateway) preview(req request) (client.Preview, error) {
	out, err := g.compose(req)
	if err != nil {
		return client.Preview{}, err
	}
	headers := map[string]string{}
	for name, values := range header(out) {
		headers[name] = strings.Join(values, ", ")
	}
	return client.Preview{
		Method: out.method, URL: g.wire.URL(out.path), Headers: headers, Body: wire.Redact(req.secrets().HideBytes([]byte(out.shown)), g.kept(req, nil)...),
	}, nil
}
