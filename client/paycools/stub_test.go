package paycools

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"paydesk/client"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wiretest"
	"paydesk/client/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testNow is the clock of every gateway in these tests: 17:30 in Manila.
func testNow() time.Time { return time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC) }

const testApp = "paycoolsTestApp0001"

// received is one request as the stub got it.
type received struct {
	method, path, query string
	header              http.Header
	body                []byte
	data                object // its members, or those of its param
}

// answer is what the stub says next.
type answer struct {
	status   int    // 0: 200
	body     string // exact bytes
	header   map[string]string
	drop     bool          // hang up after reading
	hang     chan struct{} // wait for it before answering
	declared string        // Content-Length
}

// stub is a gateway that says what it is told to. With a script it is asked
// instead. It checks that every request is signed.
type stub struct {
	wiretest.Script[received, answer]
	t       *testing.T
	server  *httptest.Server
	dialect string // "": PH
	script  func(r received) answer
	asking  sync.Mutex // a script keeps a state
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
	got := received{method: r.Method, path: r.URL.Path, query: r.URL.RawQuery, header: r.Header, body: body}
	s.check(&got)
	a := s.answer(got)
	wiretest.Answer{
		Status: a.status, Header: wiretest.Header(a.header), Body: a.body, Declared: a.declared, Drop: a.drop, Hang: a.hang,
	}.Write(s.t, w, testNow())
}

func (s *stub) answer(got received) answer {
	if s.script == nil {
		return s.Next(got)
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	s.Keep(got)
	return s.script(got)
}

// check verifies a request as the gateway would, with any of the known keys.
func (s *stub) check(r *received) {
	signed, dialect := r.body, s.dialect
	if r.method == http.MethodGet {
		signed = []byte(r.query)
	}
	t, err := take(signed)
	if err != nil {
		s.t.Errorf("request to %s: %v", r.path, err)
		return
	}
	r.data = t.body
	if param := t.body.Text("param"); param != "" {
		if r.data, err = strict.Parse([]byte(param)); err != nil {
			s.t.Errorf("param of %s: %v", r.path, err)
		}
		if dialect == "" {
			dialect = PH2
		}
	}
	if t.body.Text("appId") == "" {
		s.t.Errorf("request to %s names no application: %s", r.path, signed)
	}
	for _, key := range vectors(s.t).Keys {
		if found, err := Verify(dialect, KindRequest, []byte(key.X509), signed, ""); err == nil && found.Valid {
			return
		}
	}
	s.t.Errorf("request to %s is not signed: %s", r.path, signed)
}

func (s *stub) requests() []received { return s.All() }

// last is the last request.
func (s *stub) last() received {
	s.t.Helper()
	got := s.requests()
	if len(got) == 0 {
		s.t.Fatal("nothing was sent")
	}
	return got[len(got)-1]
}

func secretText(text string) secret.Secret { return secret.New([]byte(text)) }

// testConfig is a sandbox account that speaks to base.
func testConfig(t *testing.T, base string) Config {
	return Config{
		Environment: Sandbox, BaseURL: base, AppID: testApp, MerchantKey: secretText(vectors(t).Keys["a2048"].PKCS8), Clock: testNow,
		CallbackSecret: secretText("pc-test-callback-secret"),
		Defaults: Defaults{
			RefundNotifyURL: "https://shop.example.ph/hooks/refund", OrderNotifyURL: "https://shop.example.ph/hooks/pay",
			AppName: "Sandbox Shop", Channel: "GCASH_QR", PayerEmail: "desk@shop.example.ph", PayerMobile: "09170000001",
		},
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

// gatewayWith is a PH gateway whose other side gives these answers.
func gatewayWith(t *testing.T, answers ...answer) (*Gateway, *stub) {
	t.Helper()
	s := newStub(t, answers...)
	return connect(t, s.server.URL), s
}

// dialectWith is gatewayWith for another dialect.
func dialectWith(t *testing.T, dialect string, answers ...answer) (*Gateway, *stub) {
	t.Helper()
	s := newStub(t, answers...)
	s.dialect = dialect
	if dialect == PH2 {
		s.dialect = ""
	}
	return connect(t, s.server.URL, func(c *Config) { c.Dialect = dialect }), s
}

func php(minor int64) client.Money { return client.Money{Minor: minor, Currency: "PHP", Exp: 2} }

// ok is an accepted PH answer with this data.
func ok(data string) answer {
	return answer{body: `{"code":1000,"message":"success","data":` + data + `}`}
}

// code is an answer with a failing code and no data.
func code(n any) answer {
	return answer{body: fmt.Sprintf(`{"code":%v,"message":"because","data":null}`, n)}
}

func manila(text string) time.Time {
	at, err := time.ParseInLocation(time.DateTime, text, Manila())
	if err != nil {
		panic(err)
	}
	return at.UTC()
}

// fault is wiretest's.
func fault(t *testing.T, err error, class client.Class, code string) *client.Error {
	t.Helper()
	return wiretest.Fault(t, err, class, code)
}

// evidence is wiretest's; nothing that the gateway says is verified.
func evidence(t *testing.T, e *client.Error, operation string, status int) *client.Exchange {
	t.Helper()
	x := wiretest.Evidence(t, e, operation, status)
	if x.Verified || x.Signature != nil {
		t.Fatalf("evidence %+v", x)
	}
	return x
}

// with replaces a part of a text that must be there.
func with(t *testing.T, text, old, new string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not in %s", old, text)
	}
	return strings.Replace(text, old, new, 1)
}
