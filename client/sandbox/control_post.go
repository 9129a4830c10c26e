package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
	"paydesk/client/sandbox/life"
	"paydesk/client/sandbox/protocol"
)

// decimal is an amount given as a JSON number or as its text.
type decimal string

// UnmarshalJSON keeps the digits as they are.
func (d *decimal) UnmarshalJSON(raw []byte) error {
	var text string
	if len(raw) > 0 && raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		*d = decimal(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil {
		return err
	}
	*d = decimal(number)
	return nil
}

// newOrder is what POST orders takes: the members of GET and a few more. What
// is left out gets a sensible value.
type newOrder struct {
	Gateway        string             `json:"gateway"`
	OrderNo        string             `json:"order_no"`
	GatewayOrderNo string             `json:"gateway_order_no"`
	UserID         string             `json:"user_id"`
	Amount         decimal            `json:"amount"`
	Currency       string             `json:"currency"`
	Status         client.OrderStatus `json:"status"`
	Refunded       decimal            `json:"refunded"`
	Country        string             `json:"country"`
	Subject        string             `json:"subject"`
	Method         string             `json:"method"`
	Brand          string             `json:"brand"`
	Card           string             `json:"card"`
	Note           string             `json:"note"`
	NotifyURL      string             `json:"notify_url"`
	CreatedAt      time.Time          `json:"created_at"`
	PaidAt         time.Time          `json:"paid_at"`
}

// longestField bounds the texts of a made order, in characters.
const longestField = 512

// postOrder adds one order to the book.
func (s *Sandbox) postOrder(r *http.Request) (any, error) {
	in := newOrder{Gateway: s.faces[0].Gateway, UserID: "U-0001", Amount: "100", Status: client.OrderPaid, Subject: "Order"}
	if err := readJSON(r, &in, true); err != nil {
		return nil, err
	}
	face, err := s.face(in.Gateway)
	if err != nil {
		return nil, err
	}
	in.Currency, in.Country, in.Method = cmp.Or(in.Currency, face.Home.Currency), cmp.Or(in.Country, face.Home.Country), cmp.Or(in.Method, face.Home.Method)
	order, err := in.order(face, s.engine.Now())
	if err != nil {
		return nil, err
	}
	var out orderJSON
	err = s.book.Update(s.engine.Now(), "order made by hand", func(tx *book.Tx) error {
		if order.GatewayOrderNo == "" {
			order.GatewayOrderNo = face.Numbers.GatewayOrder(order.CreatedAt, tx.Serial())
		}
		order.InternalNo = face.Numbers.InternalOrder(order.CreatedAt, tx.Serial())
		if order.OrderNo == "" {
			order.OrderNo = fmt.Sprintf("SB%012d", tx.Serial())
		}
		_, known := tx.Order(face.Gateway, order.OrderNo)
		_, taken := tx.OrderByGatewayNo(face.Gateway, order.GatewayOrderNo)
		if known || taken {
			return &client.Error{Class: client.ClassConflict, Code: "order", Message: fmt.Sprintf("order %.80q is there already", order.OrderNo)}
		}
		tx.PutOrder(order)
		out = showOrder(tx.State, order)
		return nil
	})
	return out, err
}

// order checks the input and makes a record of it.
func (in newOrder) order(face protocol.Face, now time.Time) (book.Order, error) {
	exp, ok := face.Decimals(in.Currency)
	if !ok {
		return book.Order{}, badInput("currency %.20q is unknown; right is a code such as HKD", in.Currency)
	}
	amount, err := client.ParseMoney(string(in.Amount), in.Currency, exp)
	if err != nil || amount.Minor == 0 {
		return book.Order{}, badInput("amount %.40q must be above 0 with at most %d decimals", string(in.Amount), exp)
	}
	if strings.Trim(string(in.Refunded), "0.") != "" {
		return book.Order{}, badInput("refunded %.40q cannot be given; refund the order", string(in.Refunded))
	}
	for name, text := range map[string]string{
		"order_no": in.OrderNo, "gateway_order_no": in.GatewayOrderNo, "user_id": in.UserID, "country": in.Country, "subject": in.Subject,
		"method": in.Method, "brand": in.Brand, "card": in.Card, "note": in.Note, "notify_url": in.NotifyURL,
	} {
		if utf8.RuneCountInString(text) > longestField || !utf8.ValidString(text) {
			return book.Order{}, badInput("%s is longer than %d characters", name, longestField)
		}
	}
	if in.Method == "CARD" && in.Brand+in.Card == "" {
		in.Brand, in.Card = "VISA", "400000******4242"
	}
	o := book.Order{
		Gateway: face.Gateway, OrderNo: in.OrderNo, GatewayOrderNo: in.GatewayOrderNo, UserID: in.UserID, Amount: amount, Status: in.Status,
		Country: in.Country, Subject: in.Subject, Method: in.Method, Brand: in.Brand, Card: in.Card, Note: in.Note, NotifyURL: in.NotifyURL,
		CreatedAt: in.CreatedAt.UTC(), PaidAt: in.PaidAt.UTC(),
	}
	if in.CreatedAt.IsZero() {
		o.CreatedAt = now.Add(-time.Minute)
		if !in.PaidAt.IsZero() {
			o.CreatedAt = o.PaidAt
		}
	}
	switch in.Status {
	case client.OrderPaid, client.OrderFailed, client.OrderClosed:
		if o.PaidAt.IsZero() {
			o.PaidAt = o.CreatedAt
		}
	case client.OrderPending:
		o.PaidAt, o.Page = time.Time{}, true
	default:
		return book.Order{}, badInput("status %.40q; right is pending, paid, failed or closed", string(in.Status))
	}
	return o, nil
}

// face finds a gateway by name, as a ClassInput error when there is none.
func (s *Sandbox) face(gateway string) (protocol.Face, error) {
	var names []string
	for _, f := range s.faces {
		if f.Gateway == gateway {
			return f, nil
		}
		names = append(names, f.Gateway)
	}
	return protocol.Face{}, badInput("there is no gateway %.40q; right is %s", gateway, strings.Join(names, ", "))
}

// parseFaults reads faults and checks that their gateways are played here.
func (s *Sandbox) parseFaults(texts []string) ([]fault.Fault, error) {
	faults := make([]fault.Fault, 0, len(texts))
	for _, text := range texts {
		f, err := fault.Parse(text)
		if err != nil {
			return nil, err
		}
		if f.Gateway != "" {
			if _, err := s.face(f.Gateway); err != nil {
				return nil, err
			}
		}
		faults = append(faults, f)
	}
	return faults, nil
}

// postFaults replaces all faults.
func (s *Sandbox) postFaults(r *http.Request) (any, error) {
	var texts []string
	if err := readJSON(r, &texts, false); err != nil {
		return nil, err
	}
	faults, err := s.parseFaults(texts)
	if err != nil {
		return nil, err
	}
	s.faults.Replace(faults)
	return s.faults.Texts(), nil
}

// clockJSON is the gateways' clock.
type clockJSON struct {
	Offset string    `json:"offset"` // ahead of the host's
	Now    time.Time `json:"now"`
}

func (s *Sandbox) clock() clockJSON {
	var offset time.Duration
	s.book.View(func(state *book.State) { offset = state.Offset() })
	return clockJSON{Offset: offset.String(), Now: s.engine.Now()}
}

// longestOffset bounds the clock's offset.
const longestOffset = 20 * 365 * 24 * time.Hour

// postClock sets the gateways' clock for good; it survives a restart.
func (s *Sandbox) postClock(r *http.Request) (any, error) {
	var in struct {
		Offset string `json:"offset"`
	}
	if err := readJSON(r, &in, false); err != nil {
		return nil, err
	}
	offset, err := time.ParseDuration(in.Offset)
	if err != nil || offset.Abs() > longestOffset {
		return nil, badInput("offset %.40q is no duration; right is for example 3m or -10m", in.Offset)
	}
	err = s.book.Update(s.engine.Now(), "clock set", func(tx *book.Tx) error {
		tx.SetOffset(offset)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.clock(), nil
}

// switchJSON is one switch with its value.
type switchJSON struct {
	Gateway string `json:"gateway"`
	protocol.Switch
	Value string `json:"value"`
}

func (s *Sandbox) switches() []switchJSON {
	out := []switchJSON{}
	for _, f := range s.faces {
		for _, w := range f.Switches.List() {
			out = append(out, switchJSON{Gateway: f.Gateway, Switch: w, Value: f.Switches.Get(w.Name)})
		}
	}
	return out
}

// postSwitches sets switches: an object of names, with or without a gateway in
// front ("payermax/funds"), and values. All are checked before any is set.
func (s *Sandbox) postSwitches(r *http.Request) (any, error) {
	var in map[string]string
	if err := readJSON(r, &in, false); err != nil {
		return nil, err
	}
	var set []func() error
	for key, value := range in {
		gateway, name, named := strings.Cut(key, "/")
		if !named {
			gateway, name = "", key
		}
		found := false
		for _, f := range s.faces {
			if (gateway != "" && f.Gateway != gateway) || !f.Switches.Has(name) {
				continue
			}
			if err := f.Switches.Check(name, value); err != nil {
				return nil, err
			}
			found = true
			set = append(set, func() error { return f.Switches.Set(name, value) })
		}
		if !found {
			return nil, badInput("there is no switch %.80q; GET switches lists them", key)
		}
	}
	for _, do := range set {
		if err := do(); err != nil {
			return nil, err
		}
	}
	return s.switches(), nil
}

// postSettle ends a refund now.
func (s *Sandbox) postSettle(r *http.Request) (any, error) {
	var in struct {
		Status client.RefundStatus `json:"status"`
	}
	if err := readJSON(r, &in, false); err != nil {
		return nil, err
	}
	if !slices.Contains([]client.RefundStatus{client.RefundSuccess, client.RefundFailed, client.RefundClosed}, in.Status) {
		return nil, badInput("status %.40q; right is success, failed or closed", string(in.Status))
	}
	gateway, no := s.refundNamed(r.URL.Query().Get("gateway"), r.PathValue("no"))
	settled, err := s.engine.Settle(gateway, no, in.Status)
	if err != nil {
		return nil, err
	}
	var out refundJSON
	s.book.View(func(state *book.State) { out = showRefund(state, settled) })
	return out, nil
}

// refundNamed finds a refund by either number, at one gateway or at all.
func (s *Sandbox) refundNamed(gateway, no string) (foundAt, refundNo string) {
	s.book.View(func(state *book.State) {
		for _, f := range s.faces {
			if gateway != "" && gateway != f.Gateway {
				continue
			}
			r, ok := state.Refund(f.Gateway, no)
			if !ok {
				r, ok = state.RefundByGatewayNo(f.Gateway, no)
			}
			if ok {
				foundAt, refundNo = f.Gateway, r.RefundNo
				return
			}
		}
		foundAt, refundNo = gateway, no
	})
	return foundAt, refundNo
}

// tampers names the ways to spoil a callback that is sent by hand.
func tampers() map[string]protocol.Spoil {
	return map[string]protocol.Spoil{
		"bad-sign": protocol.BadSign, "no-sign": protocol.NoSign, "other-key": protocol.OtherKey, "wrong-echo": protocol.WrongEcho,
		"amount": protocol.EditAfter, "other-merchant": protocol.OtherMerchant, "double-sign": protocol.DoubleSign, "odd-case": protocol.OddCase,
	}
}

// postSend sends one callback now, tampered with as asked.
func (s *Sandbox) postSend(r *http.Request) (any, error) {
	var in struct {
		URL    string `json:"url"`
		Tamper string `json:"tamper"` // one or more of tampers, comma-separated
		Age    string `json:"age"`    // how old the callback claims to be
	}
	if err := readJSON(r, &in, true); err != nil {
		return nil, err
	}
	how := life.Sending{URL: in.URL}
	for _, word := range strings.FieldsFunc(in.Tamper, func(c rune) bool { return c == ',' || c == ' ' }) {
		way, ok := tampers()[word]
		if !ok {
			return nil, badInput("tamper %.40q; right is bad-sign, no-sign, other-key, wrong-echo, amount, other-merchant, double-sign or odd-case", word)
		}
		how.Spoil |= way
	}
	if in.Age != "" {
		var err error
		if how.Age, err = time.ParseDuration(in.Age); err != nil {
			return nil, badInput("age %.40q is no duration; right is for example 72h", in.Age)
		}
	}
	return s.engine.Send(r.Context(), r.URL.Query().Get("gateway"), r.PathValue("no"), how)
}
