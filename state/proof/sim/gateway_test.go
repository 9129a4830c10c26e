package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"paydesk/client"
	"paydesk/client/easylink"
	"paydesk/client/paycools"
	"paydesk/client/payermax"
	"paydesk/client/sandbox"
	"paydesk/client/secret"
)

// house is one gateway that is played in a world.
type house struct {
	gateway string
	profile string
	brand   string
	account sandbox.Profile
	address string // where its callbacks are to go
	reader  client.CallbackReader
	hears   *process        // whose receiver the gateway's callbacks go to
	orders  []sandbox.Order // what the agents want to refund
	users   []string
	tokens  map[string][]string
	heard   map[string][]answer // what somebody on the wire has heard, by process and operation
}

// The addresses of the merchant's receivers. Nobody listens there.
func notifyURL(gateway string) string { return "http://127.0.0.1:2/" + gateway }

// playHouses starts the gateways.
func (w *world) playHouses() error {
	box, err := sandbox.Embed(sandbox.Options{
		Seed: w.seed, Speed: 1, Faults: w.plan.faults, Clock: w.now, Notify: notifyURL("portal"),
	}, &w.mail, w.plan.gateways...)
	if err != nil {
		return err
	}
	w.box = box
	addresses := map[string]string{}
	for _, account := range box.Profiles() {
		h := &house{
			gateway: account.Gateway, profile: fmt.Sprintf("%s-%d", account.Gateway, w.seed), brand: account.Brand, account: account,
			tokens: map[string][]string{}, heard: map[string][]answer{},
		}
		h.address, addresses[account.Name] = notifyURL(h.gateway), notifyURL(h.gateway)
		if !w.plan.callbacks {
			h.address, addresses[account.Name] = notifyURL("nobody"), ""
		}
		if h.reader, err = h.callbackReader(w); err != nil {
			return err
		}
		w.houses = append(w.houses, h)
	}
	if err := box.SetNotify(addresses); err != nil {
		return err
	}
	for _, h := range w.houses {
		for i := range w.plan.orders {
			w.sell(h, fmt.Sprintf("S%d%c", w.seed, 'A'+i))
		}
	}
	truth := box.Truth()
	for _, h := range w.houses {
		for _, o := range truth.Orders {
			if o.Gateway == h.gateway && strings.HasPrefix(o.OrderNo, fmt.Sprintf("S%d", w.seed)) {
				h.orders = append(h.orders, o)
			}
		}
		for _, t := range truth.Tokens {
			if t.Gateway == h.gateway && t.Status != client.TokenRemoved {
				if len(h.tokens[t.UserID]) == 0 {
					h.users = append(h.users, t.UserID)
				}
				h.tokens[t.UserID] = append(h.tokens[t.UserID], t.Token.Token)
			}
		}
	}
	for _, s := range w.plan.switches {
		w.control("POST", "switches", fmt.Sprintf(`{%q:%q}`, s[0], s[1]))
	}
	return nil
}

// sell makes a paid order at a gateway.
func (w *world) sell(h *house, no string) {
	currency := map[string][]string{
		"payermax": {"HKD", "USD", "JPY", "KWD", "IDR"}, "paycools": {"PHP"}, "easylink": {"HKD", "HKD", "CNY"},
	}[h.gateway]
	amount := fmt.Sprint(1 + w.random.IntN(900))
	c := pick(w.random, currency...)
	if c != "JPY" && c != "IDR" {
		amount += fmt.Sprintf(".%02d", w.random.IntN(100))
	}
	w.control("POST", "orders", fmt.Sprintf(`{"gateway":%q,"order_no":%q,"currency":%q,"amount":%q}`, h.gateway, no, c, amount))
}

func (h *house) key(file string) secret.Secret { return secret.New(h.account.Keys[file]) }

// connect opens the gateway for one life of one process.
func (w *world) connect(p *process, profile string) (client.Gateway, error) {
	for _, h := range w.houses {
		if h.profile == profile {
			return h.open(w, &wire{w: w, p: p, h: h})
		}
	}
	return nil, fmt.Errorf("sim: no profile %q", profile)
}

func (h *house) open(w *world, line *wire) (client.Gateway, error) {
	switch h.gateway {
	case "payermax":
		c := h.payermax(line.p.clock)
		c.Random, c.Transport = w.random.Uint64, line
		return payermax.New(c)
	case "paycools":
		c := h.paycools(line.p.clock)
		c.Random, c.Transport = w.random.Uint64, line
		return paycools.New(c)
	default:
		c := h.easylink(line.p.clock)
		c.Random, c.Transport = w.random.Uint64, line
		return easylink.New(c)
	}
}

func (h *house) payermax(clock clockFunc) payermax.Config {
	return payermax.Config{
		Brand: h.brand, Environment: payermax.Sandbox, BaseURL: h.account.BaseURL, MerchantNo: h.account.MerchantNo, AppID: h.account.AppID,
		MerchantKey: h.key("merchant_private_key.pem"), PlatformKey: h.account.Keys["platform_public_key.pem"], Clock: clock,
	}
}

func (h *house) paycools(clock clockFunc) paycools.Config {
	return paycools.Config{
		Environment: paycools.Sandbox, BaseURL: h.account.BaseURL, AppID: h.account.AppID, Clock: clock,
		MerchantKey: h.key("merchant_private_key.pem"), CallbackSecret: h.key("callback_secret.txt"),
		Defaults: paycools.Defaults{RefundNotifyURL: h.address, OrderNotifyURL: h.address},
	}
}

func (h *house) easylink(clock clockFunc) easylink.Config {
	return easylink.Config{
		Environment: easylink.Sandbox, BaseURL: h.account.BaseURL, MerchantNo: h.account.MerchantNo, AppID: h.account.AppID,
		Secret: h.key("app_key.txt"), Clock: clock, RefundNotifyURL: h.address,
	}
}

func (h *house) callbackReader(w *world) (client.CallbackReader, error) {
	switch h.gateway {
	case "payermax":
		return payermax.NewCallbackReader(h.payermax(w.now))
	case "paycools":
		return paycools.NewCallbackReader(h.paycools(w.now))
	default:
		return easylink.NewCallbackReader(h.easylink(w.now))
	}
}

// signs reports whether the gateway's answers carry a signature.
func (h *house) signs() bool { return h.gateway != "paycools" }

// refunds reports whether a path moves money, unbinds whether it unbinds a card.
func (h *house) refunds(path string) bool {
	return strings.HasSuffix(path, "/refund") || strings.HasSuffix(path, "/refundOrder")
}

func (h *house) unbinds(path string) bool {
	return strings.HasSuffix(path, "/removePaymentToken") || strings.HasSuffix(path, "/cancel")
}

// asked is what one refund request asks for, as it stands on the wire.
type asked struct{ no, order, amount, currency string }

// read takes the members of a request that matter; they are at the top or in
// data.
func (h *house) read(body []byte) (a asked, token string) {
	var top map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&top) != nil {
		return a, ""
	}
	if data, ok := top["data"].(map[string]any); ok {
		top = data
	}
	text := func(names ...string) string {
		for _, name := range names {
			if v, ok := top[name]; ok {
				return fmt.Sprint(v)
			}
		}
		return ""
	}
	return asked{
		no: text("outRefundNo", "mchRefundOrderId", "mchRefundNo"), order: text("outTradeNo", "originalTransactionId", "mchOrderNo", "payOrderId"),
		amount: text("refundAmount"), currency: text("refundCurrency", "currency"),
	}, text("paymentTokenID", "payToken")
}

// wants is what a request for an amount of an order must ask for.
func (h *house) wants(no string, o sandbox.Order, amount client.Money) asked {
	switch h.gateway {
	case "payermax":
		return asked{no: no, order: o.OrderNo, amount: amount.Major(), currency: amount.Currency}
	case "paycools": // the gateway has one currency and does not name it
		return asked{no: no, order: o.GatewayOrderNo, amount: fmt.Sprint(amount.Minor)}
	default:
		return asked{no: no, order: o.OrderNo, amount: fmt.Sprint(amount.Minor), currency: amount.Currency}
	}
}

// known is the number by which agents look an order up: PayCools finds its
// payments by its own number only, and others in the statement of a day.
func (h *house) known(o sandbox.Order) string {
	if h.gateway == "paycools" {
		return o.GatewayOrderNo
	}
	return o.OrderNo
}

// order finds an order of the gateway by the merchant's number.
func (h *house) order(no string) (sandbox.Order, bool) {
	for _, o := range h.orders {
		if strings.EqualFold(o.OrderNo, no) {
			return o, true
		}
	}
	return sandbox.Order{}, false
}

// answer is what a gateway answered; status 0: nothing at all.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// Header, Write and WriteHeader implement http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the first status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// serve has the gateways answer one request.
func (w *world) serve(method string, to *url.URL, header http.Header, body []byte) *answer {
	got := &answer{header: http.Header{}}
	w.known = false
	defer func() { w.known = false }()
	w.box.ServeHTTP(got, &http.Request{
		Method: method, URL: to, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Host: to.Host, RemoteAddr: "127.0.0.1:3",
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	})
	return got
}

// control uses the gateways' control interface.
func (w *world) control(method, path, body string) *answer {
	to, err := url.Parse("http://127.0.0.1:1/_sandbox/" + path)
	if err != nil {
		w.violate("sim", "%v", err)
		return &answer{}
	}
	got := w.serve(method, to, http.Header{"Content-Type": {"application/json"}}, []byte(body))
	if got.status >= 500 || got.status == http.StatusBadRequest {
		w.violate("sim", "control %s %s: %d %s", method, path, got.status, got.body)
	}
	return got
}

// switchTo sets a switch of a gateway.
func (w *world) switchTo(name, value string) {
	w.control("POST", "switches", fmt.Sprintf(`{%q:%q}`, name, value))
}
