package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"paydesk/client/sandbox"
)

// TestPayCoolsFaults commits each fault once. covers F3, F5, F7
func TestPayCoolsFaults(t *testing.T) {
	for _, c := range []struct {
		fault   string
		decided bool
		saw     func(a reply) bool
		counts  bool // whether the fault struck this call
	}{
		{"paycools/refund:lose-answer=1", true, func(a reply) bool { return errors.Is(a.Err, io.EOF) }, true},
		{"paycools/refund:refuse-connection=1", false, func(a reply) bool { return errors.Is(a.Err, syscall.ECONNRESET) || errors.Is(a.Err, syscall.EPIPE) }, true},
		{"paycools/refund:status=500=1", true, func(a reply) bool { return a.Status == 500 && a.Code == "" }, true},
		{"paycools/refund:status=503=1", false, func(a reply) bool { return a.Status == 503 && a.Code == "" }, true},
		{"paycools/refund:status=429=1", false, func(a reply) bool { return a.Status == 429 && a.Header.Get("Retry-After") == "1" }, true},
		{"paycools/refund:truncate=1", true, func(a reply) bool { return errors.Is(a.Err, io.ErrUnexpectedEOF) }, true},
		{"paycools/refund:html=1", true, func(a reply) bool { return a.Status == 200 && a.Code == "" }, true},
		{"paycools/refund:wrong-echo=1", true, func(a reply) bool { return a.Code == "1000" && a.member("mchRefundOrderId") == "RF2" }, true},
		{"paycools/refund:delay=30ms=1", true, func(a reply) bool { return a.Code == "1000" }, true},
		// Answers carry no signature: these have nothing to spoil.
		{"paycools/refund:bad-sign=1", true, func(a reply) bool { return a.Code == "1000" }, false},
		{"paycools/refund:no-sign=1", true, func(a reply) bool { return a.Code == "1000" }, false},
		{"paycools/refund:other-key=1", true, func(a reply) bool { return a.Code == "1000" }, false},
		{"payermax/refund:html=1", true, func(a reply) bool { return a.Code == "1000" }, false},
		{"paycools/query:html=1", true, func(a reply) bool { return a.Code == "1000" }, false},
	} {
		t.Run(c.fault, func(t *testing.T) {
			_, p := startPayCools(t, sandbox.Options{Speed: 1, Faults: []string{c.fault}})
			if a := p.refund("RF1", 100); !c.saw(a) {
				t.Errorf("%+v", a)
			}
			if r := find(p.get("refunds"), "refund_no", "RF1"); (r != nil) != c.decided {
				t.Errorf("decided: %v", r)
			}
			if list := p.get("requests"); len(list) != 1 || (list[0]["faults"] != nil) != c.counts || list[0]["accepted"] != c.decided || list[0]["gateway"] != "paycools" {
				t.Errorf("%v", list)
			}
			want := "1000"
			if c.decided {
				want = "1515" // an earlier create exists
			}
			if a := p.refund("RF1", 100); a.Code != want {
				t.Errorf("the second time: %+v", a)
			}
		})
	}
}

// TestPayCoolsFaultsOfOtherCalls strikes queries, statements, balances, tokens
// and pages by their operation.
func TestPayCoolsFaultsOfOtherCalls(t *testing.T) {
	_, p := startPayCools(t, sandbox.Options{Seed: 3, Speed: 1, Faults: []string{"paycools/query:status=503=0.5"}})
	struck := 0
	for range 40 {
		if p.refunds().Status == 503 {
			struck++
		}
	}
	if struck < 8 || struck > 32 {
		t.Errorf("struck %d of 40 at a rate of 0.5", struck)
	}
	stamp := func() string { return fmt.Sprint(time.Now().UnixMilli()) }
	calls := map[string]func() reply{
		"order": func() reply {
			return p.ask("/api/v1/payment/"+coolsPayment, map[string]any{"transactionId": coolsPayment})
		},
		"balance": func() reply { return p.ask("/api/v1/account/checkBalance", nil) },
		"statement": func() reply {
			return p.call("/api/v1/record/paymentList", map[string]any{"createDate": "2026-11-22", "page": 1, "timestamp": stamp()})
		},
		"tokens": func() reply {
			return p.call("/api/jt/direct/debit/token/query", map[string]any{"userId": "U-0420", "timestamp": stamp()})
		},
		"unbind": func() reply {
			return p.call("/api/jt/direct/debit/token/cancel", map[string]any{"userId": "U-0420", "payToken": "PT120260228010000001", "timestamp": stamp()})
		},
	}
	for operation, call := range calls {
		p.post(http.StatusOK, "faults", `["paycools/`+operation+`:html=1"]`)
		if a := call(); a.Code != "" || a.Status != 200 {
			t.Errorf("%s was not struck: %+v", operation, a)
		}
		if a := call(); a.Code != "1000" {
			t.Errorf("%s the second time: %+v", operation, a)
		}
	}
	// The gateway's clock is off for one call: only what has a timestamp minds.
	p.post(http.StatusOK, "faults", `["paycools/statement:clock=+10m=1","paycools/balance:clock=-10m=1"]`)
	if a := calls["statement"](); a.Code != "1009" {
		t.Errorf("%+v", a)
	}
	a := calls["balance"]()
	if date, err := http.ParseTime(a.Header.Get("Date")); a.Code != "1000" || err != nil || time.Since(date) < 9*time.Minute {
		t.Errorf("%+v", a)
	}
}

// TestPayCoolsCallbackFaults duplicates, delays and spoils callbacks, and lets
// refunds fail late or stay pending. covers I10
func TestPayCoolsCallbackFaults(t *testing.T) {
	h := listen(t, `{"code":1}`)
	_, p := startPayCools(t, sandbox.Options{Speed: 2000, Notify: h.URL, Faults: []string{"paycools/callback:duplicate-callback=1"}})
	p.refund("RF1", 100)
	until(t, "two callbacks", func() bool { return len(h.all()) == 2 })
	if all := h.all(); string(all[0].body) != string(all[1].body) {
		t.Errorf("%s", all[1].body)
	}
	for i, fault := range []string{"bad-sign", "no-sign", "other-key", "wrong-echo"} {
		p.post(http.StatusOK, "faults", `["paycools/callback:`+fault+`=1"]`)
		no := fmt.Sprintf("RF2%d", i)
		p.refund(no, 100)
		until(t, fault, func() bool { return len(h.all()) == 3+i })
		says, valid := p.digested(h.all()[2+i].body)
		if valid != (fault == "wrong-echo") || says["mchRefundOrderId"] != no || (says["refundAmount"] == json.Number("100")) == (fault == "wrong-echo") {
			t.Errorf("%s: %s", fault, h.all()[2+i].body)
		}
	}
	p.post(http.StatusOK, "faults", `["paycools/refund:late-failure=1"]`)
	p.refund("RF3", 100)
	until(t, "the late failure", func() bool { return find(p.get("refunds"), "refund_no", "RF3")["status"] == "failed" })
	until(t, "two more callbacks", func() bool { return len(h.all()) == 8 })
	for i, word := range []string{"COMPLETE", "FAILED"} {
		if says, _ := p.digested(h.all()[6+i].body); says["refundStatus"] != word {
			t.Errorf("%s", h.all()[6+i].body)
		}
	}
	p.post(http.StatusOK, "faults", `["paycools/refund:stay-pending=1"]`)
	p.refund("RF4", 100)
	if a := p.refund("RF5", 100); a.Code != "1502" {
		t.Errorf("%+v", a)
	}
	if r := p.post(http.StatusOK, "refunds/RF4/settle", `{"status":"closed"}`); r["status"] != "closed" || r["moved"] != 0.0 {
		t.Errorf("%v", r)
	}
	until(t, "the cancellation", func() bool { return len(h.all()) == 9 })
	if says, valid := p.digested(h.all()[8].body); !valid || says["eventName"] != "payment.refund.cancel" || says["refundStatus"] != "CANCELLED" {
		t.Errorf("%s", h.all()[8].body)
	}
	p.post(http.StatusOK, "switches", `{"refund_outcome":"cancelled"}`)
	p.refund("RF6", 100)
	until(t, "the planned cancellation", func() bool { return find(p.get("refunds"), "refund_no", "RF6")["status"] == "closed" })
}

// TestPayCoolsReordered lets the second callback overtake the first.
func TestPayCoolsReordered(t *testing.T) {
	h := listen(t, `{"code":1000}`)
	_, p := startPayCools(t, sandbox.Options{Speed: 60, Notify: h.URL, Faults: []string{"paycools/callback:reorder-callback=1"}})
	p.refund("RF1", 100)
	p.post(http.StatusOK, "refunds/RF1/settle", `{"status":"success"}`)
	p.refund("RF2", 100)
	p.post(http.StatusOK, "refunds/RF2/settle", `{"status":"success"}`)
	until(t, "both", func() bool { return len(h.all()) == 2 })
	first, _ := p.digested(h.all()[0].body)
	if first["mchRefundOrderId"] != "RF2" {
		t.Errorf("%v came first", first["mchRefundOrderId"])
	}
}

// TestPayCoolsCallbacksAreRepeated counts the attempts of the advised schedule,
// all of the same bytes (paycools: section 13).
func TestPayCoolsCallbacksAreRepeated(t *testing.T) {
	h := listen(t, `{"code":2,"msg":"later"}`)
	_, p := startPayCools(t, sandbox.Options{Speed: 20_000, Notify: h.URL})
	p.refund("RF1", 100)
	until(t, "five attempts", func() bool { return len(h.all()) == 5 })
	p.refund("RF2", 100)
	until(t, "five more", func() bool { return len(h.all()) == 10 })
	for i, got := range h.all() {
		if first := h.all()[i/5*5]; string(got.body) != string(first.body) {
			t.Errorf("attempt %d is another: %s", i, got.body)
		}
		if _, valid := p.digested(got.body); !valid {
			t.Errorf("%s", got.body)
		}
	}
	p.post(http.StatusOK, "switches", `{"paycools/callback_attempts":"2"}`)
	p.refund("RF3", 100)
	until(t, "two attempts", func() bool { return len(h.all()) == 12 })
	p.post(http.StatusOK, "switches", `{"paycools/callback_attempts":"1","acknowledgement":"strict"}`)
	p.refund("RF4", 100)
	until(t, "one attempt", func() bool { return len(h.all()) == 13 })
}
