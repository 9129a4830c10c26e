package sandbox_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"paydesk/client/sandbox"
)

func fetch(t *testing.T, m *merchant, req *http.Request) (status int, text string) {
	t.Helper()
	resp, err := m.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// TestFaultsStrikeAsWritten commits each fault once and looks at what the
// caller saw and what the gateway decided. covers F3, F5, F6, F7
func TestFaultsStrikeAsWritten(t *testing.T) {
	for _, c := range []struct {
		fault   string
		decided bool // whether the refund exists afterwards
		saw     func(a answer) bool
	}{
		{"refund:lose-answer=1", true, func(a answer) bool { return errors.Is(a.Err, io.EOF) }},
		{"refund:refuse-connection=1", false, func(a answer) bool { return errors.Is(a.Err, syscall.ECONNRESET) || errors.Is(a.Err, syscall.EPIPE) }},
		{"refund:status=500=1", true, func(a answer) bool { return a.Status == 500 && a.Code == "" && !a.Signed }},
		{"refund:status=503=1", false, func(a answer) bool { return a.Status == 503 && a.Code == "" && !a.Signed }},
		{"refund:status=429=1", false, func(a answer) bool { return a.Status == 429 && a.Header.Get("Retry-After") == "1" }},
		{"refund:truncate=1", true, func(a answer) bool { return errors.Is(a.Err, io.ErrUnexpectedEOF) && len(a.Raw) > 0 && a.Status == 200 }},
		{"refund:html=1", true, func(a answer) bool {
			return a.Status == 200 && strings.HasPrefix(string(a.Raw), "<!doctype html>") && !a.Signed
		}},
		{"refund:bad-sign=1", true, func(a answer) bool {
			return a.Code == "APPLY_SUCCESS" && !a.Signed && len(a.Header.Values("sign")) == 1
		}},
		{"refund:no-sign=1", true, func(a answer) bool { return a.Code == "APPLY_SUCCESS" && len(a.Header.Values("sign")) == 0 }},
		{"refund:other-key=1", true, func(a answer) bool {
			return a.Code == "APPLY_SUCCESS" && !a.Signed && len(a.Header.Values("sign")) == 1
		}},
		{"refund:wrong-echo=1", true, func(a answer) bool {
			return a.Code == "APPLY_SUCCESS" && a.Signed && a.Data["outRefundNo"] != "R_1"
		}},
		{"refund:clock=+10m=1", false, func(a answer) bool {
			date, err := http.ParseTime(a.Header.Get("Date"))
			return a.Code == "REQ_TIME_OVER_TIME" && err == nil && time.Until(date) > 9*time.Minute
		}},
		{"payermax/*:bad-sign=1", true, func(a answer) bool { return !a.Signed }},
		{"query:lose-answer", true, func(a answer) bool { return a.Code == "APPLY_SUCCESS" && a.Signed }},
	} {
		t.Run(c.fault, func(t *testing.T) {
			_, m := start(t, sandbox.Options{Speed: 1, Faults: []string{c.fault}})
			if a := m.refund("R_1", "1"); !c.saw(a) {
				t.Errorf("%+v %s", a, a.Raw)
			}
			if r := find(m.get("refunds"), "refund_no", "R_1"); (r != nil) != c.decided {
				t.Errorf("decided: %v", r)
			}
			if list := m.get("requests"); len(list) != 1 || (list[0]["faults"] == nil) != strings.HasPrefix(c.fault, "query") || list[0]["accepted"] != c.decided {
				t.Errorf("%v", list)
			}
			if a := m.refund("R_1", "1"); a.Code != "APPLY_SUCCESS" || !a.Signed {
				t.Errorf("the second time: %+v %s", a, a.Raw)
			}
		})
	}
}

// TestLostAnswersAreOfAcceptedRequests shows that a refusal uses up no count.
func TestLostAnswersAreOfAcceptedRequests(t *testing.T) {
	_, m := start(t, sandbox.Options{Speed: 1, Faults: []string{"refund:lose-answer=1", "refund:wrong-echo=1"}})
	if a := m.refund("R_1", "100000"); a.Code != "AMOUNT_INVALID" {
		t.Errorf("%+v", a)
	}
	if a := m.refund("R_1", "1"); a.Err == nil {
		t.Errorf("%+v", a)
	}
	if a := m.refund("R_1", "1"); a.Code != "APPLY_SUCCESS" || a.Data["outRefundNo"] == "R_1" {
		t.Errorf("%+v", a)
	}
}

func TestFaultsAreReplaced(t *testing.T) {
	_, m := start(t, sandbox.Options{Speed: 1, Faults: []string{"*:html"}})
	if a := m.refund("R_1", "1"); a.Code != "" {
		t.Errorf("%+v", a)
	}
	m.post(http.StatusOK, "faults", `["query:status=503","payermax/order:no-sign=0.5"]`)
	if a := m.refund("R_1", "1"); a.Code != "APPLY_SUCCESS" {
		t.Errorf("%+v", a)
	}
	if a := m.call("refundQuery", `{"outRefundNo":"R_1"}`); a.Status != 503 {
		t.Errorf("%+v", a)
	}
	if status, raw := m.do(http.MethodGet, "faults", ""); status != 200 || strings.TrimSpace(string(raw)) != `["query:status=503","payermax/order:no-sign=0.5"]` {
		t.Errorf("%d %s", status, raw)
	}
	m.post(http.StatusOK, "faults", `[]`)
	if a := m.call("refundQuery", `{"outRefundNo":"R_1"}`); a.Code != "APPLY_SUCCESS" {
		t.Errorf("%+v", a)
	}
}

// TestLateAnswer covers F4: the caller gives up, the decision stands, and the
// sandbox stops at once although an answer is still held back.
func TestLateAnswer(t *testing.T) {
	s, m := start(t, sandbox.Options{Speed: 1, Faults: []string{"refund:delay=10m"}})
	m.client.Timeout = 300 * time.Millisecond
	if a := m.refund("R_1", "1"); a.Err == nil {
		t.Errorf("%+v", a)
	}
	if r := find(m.get("refunds"), "refund_no", "R_1"); r["status"] != "pending" {
		t.Errorf("%v", r)
	}
	m.client.Timeout = time.Minute
	done := make(chan answer, 1)
	go func() { done <- m.refund("R_1", "1") }()
	until(t, "the second call", func() bool { return len(m.get("requests")) == 2 })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if a := <-done; a.Err == nil {
		t.Errorf("an answer after the end: %+v", a)
	}
}

// TestRefundFaults covers I10: a refund that fails after it succeeded, and one
// that never ends.
func TestRefundFaults(t *testing.T) {
	h := listen(t, `{"code":"SUCCESS"}`)
	_, m := start(t, sandbox.Options{Speed: 600, Notify: h.URL, Faults: []string{"refund:late-failure=1"}})
	m.refund("R_1", "1")
	until(t, "the late failure", func() bool { return find(m.get("refunds"), "refund_no", "R_1")["status"] == "failed" })
	if r := find(m.get("refunds"), "refund_no", "R_1"); r["moved"] != 1.0 {
		t.Errorf("%v", r)
	}
	until(t, "two callbacks", func() bool { return len(h.all()) == 2 })
	for i, word := range []string{"REFUND_SUCCESS", "REFUND_FAILED"} {
		if !strings.Contains(string(h.all()[i].body), word) {
			t.Errorf("%s", h.all()[i].body)
		}
	}
	m.post(http.StatusOK, "faults", `["refund:stay-pending=1"]`)
	m.refund("R_2", "1")
	if r := find(m.get("refunds"), "refund_no", "R_2"); r["status"] != "pending" {
		t.Errorf("%v", r)
	}
	m.post(http.StatusOK, "refunds/R_2/settle", `{"status":"success"}`)
	m.refund("R_3", "1")
	until(t, "the third refund", func() bool { return find(m.get("refunds"), "refund_no", "R_3")["status"] == "success" })
}

// TestTurnedAwayIsNeverDecided rolls a rate many times: a 503 must not come
// behind a decision.
func TestTurnedAwayIsNeverDecided(t *testing.T) {
	_, m := start(t, sandbox.Options{Seed: 4, Faults: []string{"query:status=503=0.5"}})
	struck := 0
	for range 60 {
		m.call("refundQuery", `{"outRefundNo":"RF_20261122_000001"}`)
	}
	for _, r := range m.get("requests") {
		if r["status"] == 503.0 {
			struck++
		}
		if (r["status"] == 503.0) == (r["accepted"] == true) {
			t.Errorf("%v", r)
		}
	}
	if struck < 15 || struck > 45 {
		t.Errorf("struck %d of 60 at a rate of 0.5", struck)
	}
}
