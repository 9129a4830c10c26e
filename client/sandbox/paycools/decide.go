package paycools

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/protocol"
)

// refusal is a failing answer. group is GROUP's code where it is not that of the
// table.
type refusal struct{ code, group, msg string }

// Error renders the code and the text.
func (r *refusal) Error() string { return r.code + ": " + r.msg }

func refuse(code, msg string) error { return &refusal{code: code, group: groupCode(code), msg: msg} }

// route is one path of the gateway.
type route struct {
	operation string // as in faults
	method    string
	dialect   string
	envelope  bool   // the parameters travel as JSON text in param
	either    bool   // both forms are taken: the documents do not say
	timed     bool   // a timestamp is needed
	id        string // name of the parameter in the path
	handle    func(*speaker, call) (result, error)
}

// call is one request whose application, signature and time were found right. Its
// parameters are without those two.
type call struct {
	protocol.Request
	params
	dialect string
}

// result is an accepted call: the answer's data, and which member of it a wrong
// echo falsifies.
type result struct {
	data any
	echo string
}

// routes are all paths below the base URL (paycools: sections 1, 10 and 11).
// Where the documents leave a path open, all likely ones are there.
func routes() map[string]route {
	const get, post = http.MethodGet, http.MethodPost
	list := map[string]route{
		"/api/payment/refund":          {operation: fault.OpRefund, method: post, dialect: PH, handle: (*speaker).refund},
		"/api/refund/payments":         {operation: fault.OpQuery, method: get, dialect: PH, handle: (*speaker).refunds},
		"/api/v1/payment":              {operation: fault.OpCreate, method: post, dialect: PH, handle: (*speaker).pay},
		"/api/v1/payment/{}":           {operation: fault.OpOrder, method: get, dialect: PH, id: "transactionId", handle: (*speaker).payment},
		"/api/v1/account/checkBalance": {operation: fault.OpBalance, method: get, dialect: PH, handle: (*speaker).balance},
		"/api/v1/record/paymentList":   {operation: fault.OpList, method: post, dialect: PH, timed: true, handle: (*speaker).paymentList},
		"/api/v1/record/payoutList":    {operation: fault.OpList, method: post, dialect: PH, timed: true, handle: (*speaker).payoutList},
		"/api/v1/qrcode":               {operation: fault.OpCreate, method: post, dialect: PH, handle: (*speaker).makeCode},
		"/api/v1/qrcode/cancel":        {operation: fault.OpClose, method: post, dialect: PH, handle: (*speaker).cancelCode},
		"/api/v1/qrcode/update":        {operation: fault.OpCreate, method: post, dialect: PH, handle: (*speaker).updateCode},
		"/api/v1/qrcode/{}":            {operation: fault.OpOrder, method: get, dialect: PH, id: "mchOrderId", handle: (*speaker).code},
		"/api/v1/qrcode/{}/payments":   {operation: fault.OpOrder, method: get, dialect: PH, id: "mchOrderId", handle: (*speaker).codePayments},

		"/api/v2/checkout/channel":  {operation: fault.OpOrder, dialect: PH2, handle: (*speaker).checkoutChannels},
		"/api/v2/checkout/generate": {operation: fault.OpCreate, dialect: PH2, handle: (*speaker).checkout},
		"/api/v2/checkout/query":    {operation: fault.OpOrder, dialect: PH2, handle: (*speaker).checkoutQuery},
		"/api/v2/checkout/close":    {operation: fault.OpClose, dialect: PH2, handle: (*speaker).checkoutClose},

		"/open-api/payment/refund":            {operation: fault.OpRefund, dialect: GROUP, handle: (*speaker).refund},
		"/open-api/refund/payments":           {operation: fault.OpQuery, dialect: GROUP, handle: (*speaker).refunds},
		"/open-api/payment/query":             {operation: fault.OpOrder, dialect: GROUP, handle: (*speaker).groupQuery},
		"/open-api/payment/checkout/channel":  {operation: fault.OpOrder, dialect: GROUP, handle: (*speaker).checkoutChannels},
		"/open-api/payment/checkout/generate": {operation: fault.OpCreate, dialect: GROUP, handle: (*speaker).checkout},
	}
	debit := map[string]route{
		"/direct/debit/token/query":  {operation: fault.OpTokens, handle: (*speaker).tokens},
		"/direct/debit/token/cancel": {operation: fault.OpUnbind, handle: (*speaker).cancelToken},
		"/direct/debit/pay":          {operation: fault.OpCreate, handle: (*speaker).charge},
		"/direct/debit/query":        {operation: fault.OpOrder, handle: (*speaker).payment},
	}
	for path, r := range debit {
		r.dialect, r.either = PH, true
		for _, prefix := range []string{"/api", "/api/v1", "/api/jt"} {
			list[prefix+path] = r
		}
		r.dialect, r.either = GROUP, false
		list["/open-api"+path], list["/open-api/jt"+path] = r, r
	}
	for path, r := range list {
		if r.dialect != PH || r.either {
			r.method, r.timed = post, true
		}
		r.envelope = r.dialect != PH
		list[path] = r
	}
	return list
}

// find is the route of a path and the parameter in it. Clients are configured
// with the host or with the base URL.
func (s *speaker) find(path string) (r route, id string, ok bool) {
	path = strings.TrimPrefix(path, Base)
	if r, ok = s.routes[path]; ok && r.id == "" {
		return r, "", true
	}
	parts := strings.Split(path, "/")
	for i := len(parts) - 1; i > len(parts)-3 && i > 0; i-- {
		named := slices.Clone(parts)
		named[i] = "{}"
		if r, ok = s.routes[strings.Join(named, "/")]; ok && r.id != "" && parts[i] != "" && parts[i] != "{}" {
			return r, parts[i], true
		}
	}
	return route{}, "", false
}

// Route implements protocol.Protocol.
func (s *speaker) Route(path string) (operation string, ok bool) {
	r, _, ok := s.find(path)
	return r.operation, ok
}

// Decide implements protocol.Protocol. The order of the checks is that of
// paycools: section 13, which calls it a guess.
func (s *speaker) Decide(req protocol.Request) protocol.Reply {
	r, id, ok := s.find(req.Path)
	if !ok || req.Method != r.method {
		return protocol.Reply{Code: "METHOD", Render: func(protocol.Spoil) (protocol.Message, error) {
			return protocol.Message{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": {r.method}}}, nil
		}}
	}
	res, err := s.decide(req, r, id)
	if err == nil {
		code := s.success(r.dialect)
		if forced := s.forced(r); forced != "" {
			return protocol.Reply{Code: forced, Accepted: true, Render: s.renderer(forced, "as told by a switch", result{})}
		}
		return protocol.Reply{Code: code, Accepted: true, Render: s.renderer(code, "success", res)}
	}
	var no *refusal
	if !errors.As(err, &no) {
		// The book could not be written: nothing was decided, and the cause is no
		// business of the caller's.
		no = &refusal{code: codeNetwork, group: groupCode(codeNetwork), msg: "system error, please retry"}
	}
	code := no.code
	if r.dialect == GROUP {
		code = no.group
	}
	return protocol.Reply{Code: code, Render: s.renderer(code, no.msg, result{})}
}

// success is the code of an accepted call (paycools: section 4).
func (s *speaker) success(dialect string) string {
	switch dialect {
	case PH2:
		return s.switches.Get(checkoutCode)
	case GROUP:
		return codeGroupSuccess
	default:
		return codeSuccess
	}
}

// forced is the code that the switches want for an operation, or "".
func (s *speaker) forced(r route) string {
	on := s.switches.Get(forcedOn)
	if s.switches.Number(forcedCode) == 0 || (on != fault.OpAny && on != r.operation) {
		return ""
	}
	return s.switches.Get(forcedCode)
}

func (s *speaker) decide(req protocol.Request, r route, id string) (result, error) {
	c, err := s.admit(req, r, id)
	if err != nil {
		return result{}, err
	}
	if code := s.forced(r); code != "" && s.switches.Is(forcedRecorded, "no") {
		return result{}, &refusal{code: code, group: code, msg: "as told by a switch"}
	}
	return r.handle(s, c)
}

// admit checks everything that is the same for all paths.
func (s *speaker) admit(req protocol.Request, r route, id string) (call, error) {
	all, err := read(req, r)
	if err != nil {
		return call{}, refuse(codeParams, err.Error())
	}
	r.envelope = r.envelope || (r.either && all["param"].quoted)
	switch given, named := all[r.id]; {
	case all["appId"].text != AppID:
		return call{}, refuse(codeApp, "appId is not valid")
	case s.switches.Is(ipCheck, "refuse"):
		return call{}, refuse(codeIP, "the IP address is not allowed")
	case !s.signed(all, r, id):
		return call{}, refuse(codeSign, "signature is not valid")
	case s.switches.Is(merchantState, "unavailable"):
		return call{}, refuse(codeMerchant, "merchant is not available")
	case s.switches.Is(merchantState, "institution-unavailable"):
		return call{}, refuse(codeInstitution, "institution is not available")
	case !s.withinRate(req.Now):
		return call{}, refuse(codeRate, "too many requests")
	case id != "" && named && given.text != id:
		return call{}, refuse(codeParams, r.id+" is not that of the path")
	}
	c := call{Request: req, params: all.without("appId", signName), dialect: r.dialect}
	if r.envelope {
		if !all["param"].quoted {
			return call{}, refuse(codeParams, "param must be text")
		}
		if c.params, err = readBody([]byte(all["param"].text)); err != nil {
			return call{}, refuse(codeParams, "param: "+err.Error())
		}
	}
	if id != "" {
		c.params = c.with(r.id, id)
	}
	if r.timed {
		err = s.inTime(c)
	}
	return c, err
}

// read takes the parameters of a GET from the query and, failing that, from a
// JSON body (paycools: section 2); those of a POST from its body.
func read(req protocol.Request, r route) (params, error) {
	if r.method == http.MethodGet {
		all, err := readQuery(req.Query)
		if err != nil || len(all) > 0 || len(req.Body) == 0 {
			return all, err
		}
	}
	if media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, errors.New("the content type must be application/json")
	}
	if req.Header.Get("Content-Encoding") != "" {
		return nil, errors.New("content encodings are not supported")
	}
	all, err := readBody(req.Body)
	if err == nil {
		err = all.flat()
	}
	return all, err
}

// signed checks the signature over every text that it may have been made of. It
// is not documented whether a parameter in the path is signed (paycools: section
// 3.1), and it is a matter of the dialect what is beside param (sections 3.2 and
// 3.3).
func (s *speaker) signed(all params, r route, id string) bool {
	texts := []string{all.canonical()}
	switch form := s.switches.Get(checkoutSign); {
	case r.dialect == GROUP, r.envelope && form == "param":
		texts = []string{all["param"].text}
	case r.envelope && form == "both":
		texts = append(texts, all["param"].text)
	case id != "":
		texts = append(texts, all.with(r.id, id).canonical(), all.without(r.id).canonical())
	}
	for _, key := range s.merchants {
		for _, text := range texts {
			digest := s.switches.Get(requestDigest)
			if digest != "sha1" && sign.VerifyRSA(key, []byte(text), all[signName].text) == nil {
				return true
			}
			if digest != "sha256" && sign.VerifyRSASHA1(key, []byte(text), all[signName].text) == nil {
				return true
			}
		}
	}
	return false
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

// inTime checks the timestamp: milliseconds, as a number or its text, valid for
// two minutes (paycools: section 8). Only GROUP has codes of its own for it.
func (s *speaker) inTime(c call) error {
	f := &fields{params: c.params}
	ms, there := f.whole("timestamp", true)
	if !there || f.err != nil {
		return &refusal{code: codeParams, group: codeGroupNoTime, msg: "timestamp is missing or wrong"}
	}
	window := time.Duration(s.switches.Number(timestampWindow)) * time.Second
	if window > 0 && time.UnixMilli(ms).Sub(c.Now).Abs() > window {
		return &refusal{code: codeParams, group: codeGroupTimeOver, msg: "timestamp is out of date"}
	}
	return nil
}

// renderer writes the answer of a decision (paycools: section 4). Nothing signs
// it.
func (s *speaker) renderer(code, msg string, res result) func(protocol.Spoil) (protocol.Message, error) {
	return func(spoil protocol.Spoil) (protocol.Message, error) {
		data := copied(res.data)
		if spoil.Has(protocol.WrongEcho) {
			falsify(data, res.echo)
		}
		var number any = json.Number(code)
		if s.switches.Is(codeAs, "text") {
			number = code
		}
		doc := protocol.Members{{Name: "code", Value: number}, {Name: s.switches.Get(messageMember), Value: msg}, {Name: "data", Value: data}}
		if s.switches.Is(extraMembers, "yes") {
			doc = append(doc, extra())
		}
		body, err := protocol.Encode(doc)
		return protocol.Message{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, Body: body}, err
	}
}

func extra() protocol.Member { return protocol.Member{Name: "brandNewField", Value: "x"} }
