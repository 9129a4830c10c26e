package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox"
)

// hook is a callback receiver.
type hook struct {
	*httptest.Server
	mu  sync.Mutex
	got []received
}

type received struct {
	signs []string
	body  []byte
}

func listen(t *testing.T, answer string) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		h.mu.Lock()
		h.got = append(h.got, received{r.Header.Values("sign"), body.Bytes()})
		h.mu.Unlock()
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) all() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]received(nil), h.got...)
}

func TestCallbacksArrive(t *testing.T) {
	h := listen(t, `{"code":"SUCCESS","msg":"Success"}`)
	_, m := start(t, sandbox.Options{Speed: 600, Notify: h.URL})
	m.refund("R_1", "1")
	until(t, "the callback", func() bool { return len(h.all()) == 1 })
	if got := h.all()[0]; !m.valid(got.signs, got.body) || !strings.Contains(string(got.body), `"outRefundNo":"R_1"`) {
		t.Errorf("%s", got.body)
	}
	m.call("removePaymentToken", `{"userId":"u-5","paymentTokenID":"PMTOKEN20261101000000000000000001"}`)
	until(t, "the second callback", func() bool { return len(h.all()) == 2 })
	if got := h.all()[1]; !m.valid(got.signs, got.body) || !strings.Contains(string(got.body), `"TOKENIZATION"`) {
		t.Errorf("%s", got.body)
	}
	sent := m.post(http.StatusOK, "callbacks/R_1/send", `{"tamper":"amount,double-sign","age":"72h"}`)
	if got := h.all(); len(got) != 3 || sent["acknowledged"] != true || sent["status"] != 200.0 || len(got[2].signs) != 2 || m.valid(got[2].signs[:1], got[2].body) {
		t.Errorf("%v", sent)
	}
	other := listen(t, "no")
	if sent = m.post(http.StatusOK, "callbacks/R_1/send", `{"url":"`+other.URL+`"}`); sent["acknowledged"] != false || len(other.all()) != 1 {
		t.Errorf("%v", sent)
	}
	gone := "http://127.0.0.1:1/"
	if sent = m.post(http.StatusOK, "callbacks/R_1/send", `{"url":"`+gone+`"}`); sent["status"] != 0.0 || sent["error"] == nil {
		t.Errorf("%v", sent)
	}
}

// TestEveryMerchantHasAPortal sends each gateway's callbacks to the address of its
// own merchant's settings, which may change while the gateways run.
func TestEveryMerchantHasAPortal(t *testing.T) {
	first, all := listen(t, `{"code":"SUCCESS","msg":"Success"}`), listen(t, `{"code":1000,"message":"success"}`)
	s, m := start(t, sandbox.Options{Speed: 600, Notify: all.URL})
	if err := s.SetNotify(map[string]string{"checus-sandbox": first.URL}); err != nil {
		t.Fatal(err)
	}
	m.refund("R_1", "1")
	until(t, "the callback at its own address", func() bool { return len(first.all()) == 1 })
	m.base = s.Ready().URLs["paycools"]
	cools{m}.refund("RF1", 100)
	until(t, "the callback at the address of all", func() bool { return len(all.all()) == 1 })
	for _, wrong := range []map[string]string{{"checus-sandbox": "https://shop.example/"}, {"nobody": first.URL}} {
		if err := s.SetNotify(wrong); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if err := s.SetNotify(map[string]string{"checus-sandbox": "", "paycools-sandbox": ""}); err != nil {
		t.Fatal(err)
	}
	if sent := m.post(http.StatusBadRequest, "callbacks/R_1/send", `{}`); sent == nil {
		t.Error("a callback went nowhere")
	}
}

// TestCapturedRequestsOverTheWire sets the clock to the moment of each request
// that the vendor's own libraries were seen to send, and replays its bytes.
func TestCapturedRequestsOverTheWire(t *testing.T) {
	raw, err := os.ReadFile("payermax/testdata/captured.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		List []struct {
			ID, Path string
			Headers  map[string]string
			At       time.Time `json:"request_time"`
			Body     []byte    `json:"body_b64"`
		} `json:"captured_requests"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.List) == 0 {
		t.Fatal(err)
	}
	_, m := start(t, sandbox.Options{})
	for _, c := range file.List {
		m.post(http.StatusOK, "clock", fmt.Sprintf(`{"offset":%q}`, time.Until(c.At).Round(time.Second)))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(m.control, "/_sandbox")+c.Path, bytes.NewReader(c.Body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range c.Headers {
			req.Header.Set(name, value)
		}
		req.Header.Del("Content-Length")
		if status, text := fetch(t, m, req); status != 200 || !strings.Contains(text, `"code":"APPLY_SUCCESS"`) {
			t.Errorf("%s: %d %s", c.ID, status, text)
		}
	}
}

func TestClockOfTheGateway(t *testing.T) {
	_, m := start(t, sandbox.Options{})
	for offset, code := range map[string]string{"0s": "APPLY_SUCCESS", "100s": "APPLY_SUCCESS", "3m": "REQ_TIME_OVER_TIME", "-3m": "REQ_TIME_OVER_TIME"} {
		m.post(http.StatusOK, "clock", `{"offset":"`+offset+`"}`)
		a := m.call("refundQuery", `{"outRefundNo":"RF_20261122_000001"}`)
		date, err := http.ParseTime(a.Header.Get("Date"))
		d, _ := time.ParseDuration(offset)
		if a.Code != code || err != nil || time.Until(date.Add(-d)).Abs() > 2*time.Second {
			t.Errorf("%s: %s at %v", offset, a.Code, date)
		}
	}
}
