package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"paydesk/client"
	"paydesk/client/sandbox/book"
)

// The truth as the control interface shows it (product: section 5): paydesk's
// status words, amounts in major units as text.
type (
	orderJSON struct {
		Gateway        string             `json:"gateway"`
		OrderNo        string             `json:"order_no"`
		GatewayOrderNo string             `json:"gateway_order_no"`
		UserID         string             `json:"user_id"`
		Amount         string             `json:"amount"`
		Currency       string             `json:"currency"`
		Status         client.OrderStatus `json:"status"`
		Refunded       string             `json:"refunded"`
	}
	refundJSON struct {
		Gateway         string              `json:"gateway"`
		RefundNo        string              `json:"refund_no"`
		GatewayRefundNo string              `json:"gateway_refund_no"`
		OrderNo         string              `json:"order_no"`
		Amount          string              `json:"amount"`
		Currency        string              `json:"currency"`
		Status          client.RefundStatus `json:"status"`
		Moved           int                 `json:"moved"`
	}
	tokenJSON struct {
		Gateway string             `json:"gateway"`
		Token   string             `json:"token"`
		UserID  string             `json:"user_id"`
		Status  client.TokenStatus `json:"status"`
	}
)

// serveControl answers programs on this machine only: neither another machine
// nor a web page that a browser here has open may set faults or settle
// refunds.
func (s *Sandbox) serveControl(w http.ResponseWriter, r *http.Request) {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !remote.Addr().Unmap().IsLoopback() || !loopbackHost(r.Host) || !sameSite(r) {
		writeError(w, http.StatusForbidden, "the control interface is for programs on this machine only")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	s.mux.ServeHTTP(w, r)
}

// loopbackHost reports whether the Host header names this machine: a foreign
// name that resolves to loopback is a trick.
func loopbackHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return (err == nil && addr.IsLoopback()) || strings.EqualFold(host, "localhost")
}

// sameSite reports whether a request comes from no web page, or from one of
// our own.
func sameSite(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host
}

func (s *Sandbox) controlMux() *http.ServeMux {
	mux := http.NewServeMux()
	for path, handle := range map[string]func(*http.Request) (any, error){
		"GET /orders":               func(*http.Request) (any, error) { return s.orders(), nil },
		"GET /refunds":              func(*http.Request) (any, error) { return s.refunds(), nil },
		"GET /tokens":               func(*http.Request) (any, error) { return s.tokens(), nil },
		"GET /requests":             func(*http.Request) (any, error) { return s.log.list(), nil },
		"GET /faults":               func(*http.Request) (any, error) { return s.faults.Texts(), nil },
		"GET /clock":                func(*http.Request) (any, error) { return s.clock(), nil },
		"GET /switches":             func(*http.Request) (any, error) { return s.switches(), nil },
		"POST /orders":              s.postOrder,
		"POST /faults":              s.postFaults,
		"POST /clock":               s.postClock,
		"POST /switches":            s.postSwitches,
		"POST /refunds/{no}/settle": s.postSettle,
		"POST /callbacks/{no}/send": s.postSend,
	} {
		method, rest, _ := strings.Cut(path, " ")
		mux.HandleFunc(method+" "+controlPath+rest, func(w http.ResponseWriter, r *http.Request) {
			value, err := handle(r)
			if err != nil {
				fail(w, err)
				return
			}
			writeJSON(w, http.StatusOK, value)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, fmt.Sprintf("there is no %s %.120s", r.Method, r.URL.Path))
	})
	return mux
}

func (s *Sandbox) orders() []orderJSON {
	out := []orderJSON{}
	s.book.View(func(state *book.State) {
		for _, o := range state.Orders() {
			out = append(out, showOrder(state, o))
		}
	})
	return out
}

func showOrder(state *book.State, o book.Order) orderJSON {
	refunded, _ := state.Refunded(o)
	return orderJSON{
		Gateway: o.Gateway, OrderNo: o.OrderNo, GatewayOrderNo: o.GatewayOrderNo, UserID: o.UserID, Amount: o.Amount.Major(),
		Currency: o.Amount.Currency, Status: o.Status, Refunded: refunded.Major(),
	}
}

func (s *Sandbox) refunds() []refundJSON {
	out := []refundJSON{}
	s.book.View(func(state *book.State) {
		for _, r := range state.Refunds() {
			out = append(out, showRefund(state, r))
		}
	})
	return out
}

func showRefund(state *book.State, r book.Refund) refundJSON {
	return refundJSON{
		Gateway: r.Gateway, RefundNo: r.RefundNo, GatewayRefundNo: r.GatewayRefundNo, OrderNo: r.OrderNo, Amount: r.Amount.Major(),
		Currency: r.Amount.Currency, Status: r.Status, Moved: state.Moved(r.Gateway, r.RefundNo),
	}
}

func (s *Sandbox) tokens() []tokenJSON {
	now := s.engine.Now()
	out := []tokenJSON{}
	s.book.View(func(state *book.State) {
		for _, t := range state.Tokens() {
			out = append(out, tokenJSON{Gateway: t.Gateway, Token: t.Token, UserID: t.UserID, Status: t.StatusAt(now)})
		}
	})
	return out
}

// fail answers with an error's class as HTTP status.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch client.ClassOf(err) {
	case client.ClassInput:
		status = http.StatusBadRequest
	case client.ClassNotFound:
		status = http.StatusNotFound
	case client.ClassConflict:
		status = http.StatusConflict
	default: // the disk, or a bug
	}
	text := err.Error()
	var e *client.Error
	if errors.As(err, &e) {
		if text = e.Message; e.Err != nil {
			text += ": " + e.Err.Error()
		}
		if e.Hint != "" {
			text += "; " + e.Hint
		}
	}
	writeError(w, status, text)
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"error": text})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(value) // the caller may be gone, which is its own affair
}

func badInput(format string, args ...any) error {
	return &client.Error{Class: client.ClassInput, Code: "control", Message: fmt.Sprintf(format, args...)}
}

// readJSON reads a whole body into value. An empty one is an error unless
// optional.
func readJSON(r *http.Request, value any, optional bool) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(value)
	if errors.Is(err, io.EOF) && optional {
		return nil
	}
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more than one value")
		}
	}
	if err != nil {
		return badInput("the body cannot be read: %v", err)
	}
	return nil
}
