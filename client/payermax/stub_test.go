package payermax

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/client/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testNow is the clock of every gateway in these tests.
func testNow() time.Time { return time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC) }

const (
	testMerchant = "P01010000000777"
	testApp      = "8f4c0a6e2b5d4f71a3c9e0d1b2a38475"
)

// received is one request as the stub got it.
type received struct {
	path   string
	header http.Header
	body   []byte
}

// answer is what the stub says next.
type answer struct {
	status   int    // 0: 200
	body     string // exact bytes
	signer   string // "platform" unless named; "none": no sign header
	sign     string // literal signature header
	twice    bool   // the signature header comes twice
	header   map[string]string
	zip      bool
	drop     bool          // hang up after reading
	hang     chan struct{} // wait for it before answering
	declared string        // Content-Length
}

// stub is a gateway that says what it is told to, in order; the last answer
// repeats. It checks that every request is signed.
type stub struct {
	t      *testing.T
	server *httptest.Server

	mu      sync.Mutex
	answers []answer
	got     []received
}

func newStub(t *testing.T, answers ...answer) *stub {
	t.Helper()
	s := &stub{t: t, answers: answers}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	found, err := Verify([]byte(vectors(s.t).Keys["merchant"].SPKI), body, r.Header.Get("Sign"))
	if err != nil || !found.Valid {
		s.t.Errorf("request to %s is not signed: %s", r.URL.Path, found.Reason)
	}
	s.mu.Lock()
	s.got = append(s.got, received{path: strings.TrimPrefix(r.URL.Path, gatewayPath+"/"), header: r.Header, body: body})
	a := s.answers[min(len(s.got), len(s.answers))-1]
	s.mu.Unlock()
	if a.hang != nil {
		<-a.hang
	}
	if a.drop {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	}
	s.write(w, a)
}

func (s *stub) write(w http.ResponseWriter, a answer) {
	if a.signer == "" {
		a.signer = "platform"
	}
	if a.signer != "none" {
		made, err := Sign([]byte(vectors(s.t).Keys[a.signer].PKCS8), []byte(a.body))
		if err != nil {
			s.t.Error(err)
		}
		w.Header().Set("Sign", made.Sign)
	}
	if a.sign != "" {
		w.Header().Set("Sign", a.sign)
	}
	if a.twice {
		w.Header().Add("Sign", w.Header().Get("Sign"))
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Date", testNow().Format(http.TimeFormat))
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.declared != "" {
		w.Header().Set("Content-Length", a.declared)
	}
	body := []byte(a.body)
	if a.zip {
		w.Header().Set("Content-Encoding", "gzip")
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, _ = z.Write(body)
		_ = z.Close()
		body = out.Bytes()
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(body)
}

func (s *stub) requests() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.got...)
}

// data is the data object of the i-th request.
func (s *stub) data(i int) object {
	s.t.Helper()
	got := s.requests()
	if i >= len(got) {
		s.t.Fatalf("%d requests, asked for number %d", len(got), i)
	}
	o, err := parse(got[i].body)
	if err != nil {
		s.t.Fatal(err)
	}
	return o.object("data")
}

// testConfig is a sandbox account that speaks to base.
func testConfig(t *testing.T, base string) Config {
	keys := vectors(t).Keys
	return Config{
		Brand: PayerMax, Environment: Sandbox, BaseURL: base, MerchantNo: testMerchant, AppID: testApp,
		MerchantKey: secret.New([]byte(keys["merchant"].PKCS8)), PlatformKey: []byte(keys["platform"].SPKI), Clock: testNow,
	}
}

func connect(t *testing.T, base string, tune ...func(*Config)) *Gateway {
	t.Helper()
	cfg := testConfig(t, base)
	for _, f := range tune {
		f(&cfg)
	}
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// gatewayWith is a gateway whose other side gives these answers.
func gatewayWith(t *testing.T, answers ...answer) (*Gateway, *stub) {
	t.Helper()
	s := newStub(t, answers...)
	return connect(t, s.server.URL), s
}

func usd(minor int64) client.Money { return client.Money{Minor: minor, Currency: "USD", Exp: 2} }

func aRefund() client.RefundRequest {
	return client.RefundRequest{
		RefundNo: "RF_20261122_000042", OrderNo: "PO_20261120_0815", GatewayOrderNo: "T2026112010000000000815",
		Amount: usd(1230), Reason: "damaged on arrival", NotifyURL: "https://pay.shop.example/hooks/payermax",
	}
}

const accepted = `{"code":"APPLY_SUCCESS","msg":"","data":{"outRefundNo":"RF_20261122_000042","tradeOrderNo":"2026112008150TI000000000815",` +
	`"refundTradeNo":"20261122093001TI000000004242","status":"REFUND_PENDING"}}`

// fault is the *client.Error in err, checked for class and code.
func fault(t *testing.T, err error, class client.Class, code string) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) || e.Class != class || e.Code != code {
		t.Fatalf("got %v, want class %s code %s", err, class, code)
	}
	if _, direct := err.(*client.Error); !direct { //nolint:errorlint // the error itself must be the classed one
		t.Fatalf("the error is wrapped in %T", err)
	}
	return e
}

// evidence checks that an error carries the call.
func evidence(t *testing.T, e *client.Error, operation string, status int) *client.Exchange {
	t.Helper()
	x := e.Exchange
	if x == nil || x.Operation != operation || x.HTTPStatus != status || len(x.Request) == 0 || len(x.RequestHash) != 64 || x.At.IsZero() {
		t.Fatalf("evidence %+v", x)
	}
	return x
}
