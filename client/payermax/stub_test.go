package payermax

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wiretest"
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

// stub is a gateway that says what it is told to. It checks that every request is
// signed.
type stub struct {
	wiretest.Script[received, answer]
	t      *testing.T
	server *httptest.Server
}

func newStub(t *testing.T, answers ...answer) *stub {
	t.Helper()
	s := &stub{t: t}
	s.Answers = answers
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
	a := s.Next(received{path: strings.TrimPrefix(r.URL.Path, gatewayPath+"/"), header: r.Header, body: body})
	header := wiretest.Header(a.header)
	header["Sign"] = s.sign(a)
	wiretest.Answer{
		Status: a.status, Header: header, Body: a.body, Zip: a.zip, Declared: a.declared, Drop: a.drop, Hang: a.hang,
	}.Write(s.t, w, testNow())
}

// sign is the signature header of an answer.
func (s *stub) sign(a answer) []string {
	signature := a.sign
	if signature == "" && a.signer != "none" {
		made, err := Sign([]byte(vectors(s.t).Keys[cmp.Or(a.signer, "platform")].PKCS8), []byte(a.body))
		if err != nil {
			s.t.Error(err)
		}
		signature = made.Sign
	}
	switch {
	case signature == "":
		return nil
	case a.twice:
		return []string{signature, signature}
	}
	return []string{signature}
}

func (s *stub) requests() []received { return s.All() }

// data is the data object of the i-th request.
func (s *stub) data(i int) object {
	s.t.Helper()
	got := s.requests()
	if i >= len(got) {
		s.t.Fatalf("%d requests, asked for number %d", len(got), i)
	}
	o, err := strict.Parse(got[i].body)
	if err != nil {
		s.t.Fatal(err)
	}
	return o.Object("data")
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

// fault and evidence are wiretest's.
func fault(t *testing.T, err error, class client.Class, code string) *client.Error {
	t.Helper()
	return wiretest.Fault(t, err, class, code)
}

func evidence(t *testing.T, e *client.Error, operation string, status int) *client.Exchange {
	t.Helper()
	return wiretest.Evidence(t, e, operation, status)
}
