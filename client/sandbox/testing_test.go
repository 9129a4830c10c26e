package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client/internal/sign"
	"paydesk/client/sandbox"
)

// childDir tells the test program to be a sandbox on a folder instead, so that
// a test can kill it.
const childDir = "PAYDESK_TEST_SANDBOX_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	goleak.VerifyTestMain(m)
}

// child is a sandbox in its own process.
func child(dir string) int {
	s, err := sandbox.Start(context.Background(), sandbox.Options{Dir: dir, Seed: 1, Speed: 600})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.Ready())
	if err := s.Wait(); err != nil {
		return 1
	}
	return 0
}

// merchant talks to a sandbox with the keys that it wrote.
type merchant struct {
	t       *testing.T
	base    string
	control string
	dir     string
	clock   func() time.Time
	client  *http.Client
}

// visit makes a merchant for a running sandbox.
func visit(t *testing.T, ready sandbox.Ready, dir string) *merchant {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &merchant{
		t: t, base: ready.URLs["payermax"], control: ready.Control, dir: dir, clock: time.Now,
		client: &http.Client{Transport: transport, Timeout: 20 * time.Second},
	}
}

// start runs a sandbox on a folder for the length of the test.
func start(t *testing.T, opts sandbox.Options) (*sandbox.Sandbox, *merchant) {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	s, err := sandbox.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s, visit(t, s.Ready(), opts.Dir)
}

// answer is what came back, or the error of the connection.
type answer struct {
	Status int
	Header http.Header
	Raw    []byte
	Code   string
	Data   map[string]any
	Signed bool
	Err    error
}

// call sends one signed request.
func (m *merchant) call(path, data string) answer {
	text := fmt.Sprintf(`{"version":"1.5","keyVersion":"1","requestTime":%q,"appId":"8f4c0a6e2b5d4f71a3c9e0d1b2a38475","merchantNo":"P01010000000777","data":%s}`,
		m.clock().UTC().Format("2006-01-02T15:04:05.000Z"), data)
	return m.send(path, text, m.sign(text))
}

func (m *merchant) key(file string) []byte {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, "keys", "payermax", file))
	if err != nil {
		m.t.Fatal(err)
	}
	return text
}

func (m *merchant) sign(text string) string {
	m.t.Helper()
	key, err := sign.ParsePrivate(m.key("merchant_private_key.pem"))
	if err != nil {
		m.t.Fatal(err)
	}
	signature, err := sign.SignRSA(key, []byte(text))
	if err != nil {
		m.t.Fatal(err)
	}
	return signature
}

func (m *merchant) send(path, text, signature string) (a answer) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.base+"/"+path, strings.NewReader(text))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("sign", signature)
	req.Header.Set("merchant_auth_token", "tok-canary")
	resp, err := m.client.Do(req)
	if err != nil {
		return answer{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	a.Status, a.Header = resp.StatusCode, resp.Header
	a.Raw, a.Err = io.ReadAll(resp.Body)
	var doc struct {
		Code string         `json:"code"`
		Data map[string]any `json:"data"`
	}
	if json.Unmarshal(a.Raw, &doc) == nil {
		a.Code, a.Data = doc.Code, doc.Data
	}
	a.Signed = m.valid(resp.Header.Values("sign"), a.Raw)
	return a
}

// valid checks the platform's signature.
func (m *merchant) valid(signatures []string, body []byte) bool {
	m.t.Helper()
	key, err := sign.ParsePublic(m.key("platform_public_key.pem"))
	if err != nil {
		m.t.Fatal(err)
	}
	return len(signatures) == 1 && sign.VerifyRSA(key, body, signatures[0]) == nil
}

// refund asks for a refund of the fixed order PO_TYPED_1 of 42.00 USD.
func (m *merchant) refund(no, amount string) answer {
	return m.call("refund", fmt.Sprintf(`{"outRefundNo":%q,"outTradeNo":"PO_TYPED_1","refundAmount":%s,"refundCurrency":"USD"}`, no, amount))
}

// get reads a list of the control interface.
func (m *merchant) get(what string) []map[string]any {
	m.t.Helper()
	status, raw := m.do(http.MethodGet, what, "")
	var list []map[string]any
	if err := json.Unmarshal(raw, &list); status != http.StatusOK || err != nil {
		m.t.Fatalf("GET %s: %d %.200s", what, status, raw)
	}
	return list
}

// post sends something to the control interface and expects a status.
func (m *merchant) post(status int, what, body string) map[string]any {
	m.t.Helper()
	got, raw := m.do(http.MethodPost, what, body)
	if got != status {
		m.t.Errorf("POST %s %s: %d %s, want %d", what, body, got, raw, status)
	}
	var out map[string]any
	_ = json.Unmarshal(raw, &out) // lists stay nil
	if status >= 400 && out["error"] == nil {
		m.t.Errorf("POST %s %s: no error in %s", what, body, raw)
	}
	return out
}

func (m *merchant) do(method, what, body string) (status int, raw []byte) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.control+"/"+what, bytes.NewReader([]byte(body)))
	if err != nil {
		m.t.Fatal(err)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if raw, err = io.ReadAll(resp.Body); err != nil {
		m.t.Fatal(err)
	}
	return resp.StatusCode, raw
}

// find is the one element of a list with a value.
func find(list []map[string]any, name, value string) map[string]any {
	for _, e := range list {
		if e[name] == value {
			return e
		}
	}
	return nil
}

// until asks again and again until done, for at most ten seconds.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(10 * time.Second)
	for !done() {
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatalf("%s did not happen", what)
		}
	}
}
