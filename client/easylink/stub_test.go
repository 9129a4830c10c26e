package easylink

import (
	"encoding/json"
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
func testNow() time.Time { return time.Date(2026, 11, 22, 9, 30, 0, 123e6, time.UTC) }

const (
	testMerchant = "M1700000001"
	testApp      = "65f0c0ffee65f0c0ffee0001"
	testKey      = "CANARY-application-secret"
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
	header   map[string]string
	zip      bool
	drop     bool          // hang up after reading
	hang     chan struct{} // wait for it before answering
	declared string        // Content-Length
}

// stub is a gateway that says what it is told to. It checks that every request is
// signed as the gateway would.
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
	found, err := Verify(KindRequest, []byte(testKey), body, "")
	if err != nil || !found.Valid {
		s.t.Errorf("request to %s is not signed: %s %v", r.URL.Path, found.Reason, err)
	}
	if o, err := strict.Parse(body); err != nil {
		s.t.Errorf("request to %s: %v", r.URL.Path, err)
	} else if _, ok := bind(o.Without(signMember)); !ok {
		s.t.Errorf("request to %s is none of the gateway's: %s", r.URL.Path, body)
	}
	a := s.Next(received{path: r.URL.Path, header: r.Header, body: body})
	wiretest.Answer{
		Status: a.status, Header: wiretest.Header(a.header), Body: a.body, Zip: a.zip, Declared: a.declared, Drop: a.drop, Hang: a.hang,
	}.Write(s.t, w, testNow())
}

func (s *stub) requests() []received { return s.All() }

// sent is the i-th request.
func (s *stub) sent(i int) object {
	s.t.Helper()
	got := s.requests()
	if i >= len(got) {
		s.t.Fatalf("%d requests, asked for number %d", len(got), i)
	}
	o, err := strict.Parse(got[i].body)
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

// done is a handled answer with signed data.
func done(data string) string { return signedBy(testKey, data) }

// signedBy is a handled answer whose data another secret may have signed.
func signedBy(key, data string) string {
	made, err := Sign(KindAnswer, []byte(key), []byte(data))
	if err != nil {
		panic(err) // the test's own data
	}
	return `{"code":0,"data":` + data + `,"msg":"SUCCESS","sign":"` + made.Sign + `"}`
}

// refused is an answer with another code than 0.
func refused(code, msg string) string {
	text, err := json.Marshal(msg)
	if err != nil {
		panic(err)
	}
	return `{"code":` + code + `,"msg":` + string(text) + `}`
}

// testConfig is a sandbox account that speaks to base.
func testConfig(base string) Config {
	return Config{
		Environment: Sandbox, BaseURL: base, MerchantNo: testMerchant, AppID: testApp, Secret: secret.New([]byte(testKey)), Clock: testNow,
	}
}

func connect(t *testing.T, base string, tune ...func(*Config)) *Gateway {
	t.Helper()
	cfg := testConfig(base)
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

func hkd(minor int64) client.Money { return client.Money{Minor: minor, Currency: "HKD", Exp: 2} }

func aRefund() client.RefundRequest {
	return client.RefundRequest{
		RefundNo: "RF20260301A0001", OrderNo: "SO20260301000001", GatewayOrderNo: "P1790000000000000001",
		Amount: hkd(1250), Reason: "Customer return", NotifyURL: "https://shop.example.com/hooks/easylink/refund",
	}
}

const accepted = `{"channelOrderNo":"2026030122001423031419593035","mchRefundNo":"RF20260301A0001","payAmount":5800,"refundAmount":1250,` +
	`"refundOrderId":"R1790000000000000009","state":2}`

// fault is wiretest's, with a look for the secret.
func fault(t *testing.T, err error, class client.Class, code string) *client.Error {
	t.Helper()
	e := wiretest.Fault(t, err, class, code)
	if strings.Contains(e.Error()+e.Hint, "CANARY") { // covers S8
		t.Fatalf("the secret is in the error: %v %s", e, e.Hint)
	}
	return e
}

func evidence(t *testing.T, e *client.Error, operation string, status int) *client.Exchange {
	t.Helper()
	return wiretest.Evidence(t, e, operation, status)
}
