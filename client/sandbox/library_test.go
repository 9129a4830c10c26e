package sandbox_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client/sandbox"
)

// The requests of this file are those that the vendors' own libraries and code
// were seen to send, or, of PayCools, that follow from its published rules. Each
// is posted byte for byte to a running double, which must take it, and then with
// one byte of one value altered, which it must refuse for its signature.

// level is a list or an object that is open while JSON is read.
type level struct {
	list  bool
	name  string // of the member that is being read
	named bool   // its value comes next
}

// altered are copies of a JSON body, each with one byte of one value changed: the
// last letter or digit of every text and number that stands at least so many
// objects and lists deep and whose name is none of those to be left alone.
func altered(t *testing.T, body string, depth int, but ...string) (copies []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var open []level
	for {
		from := d.InputOffset()
		token, err := d.Token()
		if err == io.EOF {
			return copies
		}
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 {
			now := &open[len(open)-1]
			if !now.list && !now.named {
				now.name, now.named = fmt.Sprint(token), true
				continue
			}
			now.named = false
		}
		if delim, ok := token.(json.Delim); ok {
			open = append(open, level{list: delim == '['})
			continue
		}
		if len(open) < depth || slices.Contains(but, open[len(open)-1].name) {
			continue
		}
		if at := lastPlain(body[:d.InputOffset()], int(from)); at >= 0 {
			copies = append(copies, flip(body, at))
		}
	}
}

// lastPlain is the last letter or digit of text[from:], or −1; the letters of true
// and null do not count.
func lastPlain(text string, from int) int {
	if value := strings.TrimLeft(text[from:], " :,\n"); value == "true" || value == "false" || value == "null" {
		return -1
	}
	for at := len(text) - 1; at >= from; at-- {
		if c := text[at]; c < 0x80 && strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", rune(c)) && text[at-1] != '\\' {
			return at
		}
	}
	return -1
}

// flip changes one byte to another of its kind.
func flip(text string, at int) string {
	b := []byte(text)
	switch b[at] {
	case '9', 'z', 'Z':
		b[at]--
	default:
		b[at]++
	}
	return string(b)
}

// alteredQuery is altered for a query.
func alteredQuery(query string, but ...string) (copies []string) {
	if query == "" {
		return nil
	}
	at := 0
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if last := lastPlain(query[:at+len(pair)], at+len(name)+1); last >= 0 && !slices.Contains(but, name) {
			copies = append(copies, flip(query, last))
		}
		at += len(pair) + 1
	}
	return copies
}

func TestAlterations(t *testing.T) {
	got := altered(t, `{"appId":"a","data":{"x":"b\u0026!","n":10.50,"l":["z",true,null],"e":"","o":{"p":"9"}}}`, 1, "appId")
	want := []string{`0027!"`, `10.51,`, `["y",`, `"p":"8"`}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("%s, want %s in it", got[i], want[i])
		}
	}
	if got := altered(t, `{"a":"1","data":{"b":"2"}}`, 2); len(got) != 1 || got[0] != `{"a":"1","data":{"b":"3"}}` {
		t.Errorf("%q", got)
	}
	if got := alteredQuery("appId=a&x=1&y=&sign=s", "appId", "sign"); len(got) != 1 || got[0] != "appId=a&x=2&y=&sign=s" {
		t.Errorf("%q", got)
	}
}

// readVectors reads a file of vectors of a gateway.
func readVectors(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// setClock sets the gateways' clock to a moment.
func (m *merchant) setClock(at time.Time) {
	m.t.Helper()
	m.post(http.StatusOK, "clock", fmt.Sprintf(`{"offset":%q}`, time.Until(at).Round(time.Second)))
}

// TestPayerMaxLibraries replays what the vendor's Go and Java libraries put on the
// wire, with their headers, at the moment that each names. covers F10
func TestPayerMaxLibraries(t *testing.T) {
	var file struct {
		List []struct {
			ID, Client, Method, Path string
			Headers                  map[string]string
			At                       time.Time `json:"request_time"`
			Body                     []byte    `json:"body_b64"`
		} `json:"captured_requests"`
	}
	readVectors(t, "payermax/testdata/captured.json", &file)
	_, m := start(t, sandbox.Options{})
	tried := 0
	for _, c := range file.List {
		m.setClock(c.At)
		send := func(body string) string {
			req, err := http.NewRequestWithContext(t.Context(), c.Method, strings.TrimSuffix(m.control, "/_sandbox")+c.Path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range c.Headers {
				req.Header.Set(name, value)
			}
			req.Header.Del("Content-Length")
			status, text := fetch(t, m, req)
			if status != http.StatusOK {
				t.Errorf("%s of %s: HTTP %d", c.ID, c.Client, status)
			}
			return text
		}
		for _, body := range altered(t, string(c.Body), 2) {
			if text := send(body); !strings.Contains(text, `"code":"SIGN_VERIFY_FAILED"`) {
				t.Errorf("%s of %s altered to %s: %s", c.ID, c.Client, body, text)
			}
			tried++
		}
		if text := send(string(c.Body)); !strings.Contains(text, `"code":"APPLY_SUCCESS"`) {
			t.Errorf("%s of %s: %s", c.ID, c.Client, text)
		}
	}
	if len(file.List) != 9 || tried < 20 {
		t.Errorf("%d requests, altered in %d ways", len(file.List), tried)
	}
}

// coolsVector is a request of PayCools's vectors.
type coolsVector struct {
	ID, Method, Path, JSON, Sign, Query, Body string
	Bare                                      string `json:"sign_over_param_only"`
	switches                                  string // "": as it comes
}

// request is the vector as it is sent: a query, or the body with its signature.
func (v coolsVector) request() (query, body string) {
	switch {
	case v.Query != "":
		return v.Query, ""
	case v.Body != "":
		return "", v.Body
	}
	return "", strings.TrimSuffix(v.JSON, "}") + `,"sign":"` + v.Sign + `"}`
}

// coolsVectors are all vectors that are whole requests. Three of the file's are
// texts without a path and no requests; old and doubtful ways to sign are taken
// once the double is told so.
func coolsVectors(t *testing.T) (list, refused []coolsVector) {
	t.Helper()
	var file struct {
		Requests []coolsVector `json:"request_sign"`
		V2       []coolsVector `json:"request_sign_v2"`
		Group    []coolsVector `json:"group_sign"`
		Legacy   []coolsVector `json:"legacy_sha1_rsa"`
		Rejects  []coolsVector `json:"request_reject"`
	}
	readVectors(t, "paycools/testdata/captured.json", &file)
	paths := map[string]string{
		"V01": "/api/v2/checkout/generate", "V02": "/api/v2/checkout/query", "G01": "/open-api/payment/refund", "G02": "/open-api/refund/payments",
		"L01": "/api/payment/refund",
	}
	for _, v := range slices.Concat(file.Requests, file.V2, file.Group, file.Legacy) {
		v.Path, v.Method = cmp.Or(v.Path, paths[v.ID]), cmp.Or(v.Method, http.MethodPost)
		if v.ID == "L01" {
			v.switches = `{"paycools/request_digest":"sha1"}`
		}
		if v.Path != "" {
			list = append(list, v)
		}
		if v.Bare != "" {
			v.ID, v.Body, v.switches = v.ID+" over param alone", strings.Replace(v.Body, v.Sign, v.Bare, 1), `{"paycools/checkout_sign":"param"}`
			list = append(list, v)
		}
	}
	return list, file.Rejects
}

// TestPayCoolsLibraries replays the requests that follow from the published rules,
// each against its own double. covers F10
func TestPayCoolsLibraries(t *testing.T) {
	list, refused := coolsVectors(t)
	badSignature := func(code string) bool { return code == "1003" || code == "21001" }
	tried := 0
	for _, v := range list {
		t.Run(v.ID, func(t *testing.T) {
			_, p := startPayCools(t, sandbox.Options{})
			p.setClock(time.UnixMilli(1772323200123))
			query, body := v.request()
			before := tried
			if v.switches != "" {
				if a := p.do(v.Method, v.Path, query, body); !badSignature(a.Code) {
					t.Errorf("taken before the double was told so: %s", a.Raw)
				}
				p.post(http.StatusOK, "switches", v.switches)
			}
			for _, other := range alteredQuery(query, "appId") {
				if a := p.do(v.Method, v.Path, other, ""); !badSignature(a.Code) {
					t.Errorf("altered to %s: %s", other, a.Raw)
				}
				tried++
			}
			if body != "" {
				for _, other := range altered(t, body, 1, "appId") {
					if a := p.do(v.Method, v.Path, "", other); !badSignature(a.Code) {
						t.Errorf("altered to %s: %s", other, a.Raw)
					}
					tried++
				}
			}
			if tried == before {
				t.Error("nothing was altered")
			}
			a := p.do(v.Method, v.Path, query, body)
			if a.Status != http.StatusOK || a.Code == "" || badSignature(a.Code) || a.Code == "1001" || a.Code == "21003" {
				t.Errorf("%d %s", a.Status, a.Raw)
			}
			if whole := strings.HasPrefix(v.ID, "Q"); whole && a.Code != "1000" || v.ID == "V01" && a.Code != "1" || v.ID == "G01" && a.Code != "10000" {
				t.Errorf("not carried out: %s", a.Raw)
			}
		})
	}
	if len(list) != 14 || tried < 50 {
		t.Errorf("%d requests, altered in %d ways", len(list), tried)
	}
	_, p := startPayCools(t, sandbox.Options{})
	for _, v := range refused {
		if a := p.do(http.MethodPost, v.Path, "", v.Body); a.Code != "1003" {
			t.Errorf("%s: %s", v.ID, a.Raw)
		}
	}
}

// TestEasyLinkLibraries replays what the vendor's own code was seen to accept and
// to refuse, each against a double that holds the key of the vector. covers F10
func TestEasyLinkLibraries(t *testing.T) {
	const wrongSign = "验签失败"
	var file struct {
		Request []struct {
			ID, Note, Endpoint, Key, Body string
			Server                        string `json:"server_sign"`
			Client                        string `json:"client_sign_all_members"`
			Accepted                      bool
		}
	}
	readVectors(t, "easylink/testdata/easylink.json", &file)
	tried := 0
	for _, v := range file.Request {
		t.Run(v.ID, func(t *testing.T) {
			dir := t.TempDir()
			keys := filepath.Join(dir, "keys", "easylink")
			if err := os.MkdirAll(keys, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(keys, "app_key.txt"), []byte(v.Key), 0o600); err != nil {
				t.Fatal(err)
			}
			_, l := startEasyLink(t, sandbox.Options{Dir: dir})
			signed := func(body, signature string) string {
				return strings.TrimSuffix(body, "}") + `,"sign":"` + signature + `"}`
			}
			// What the gateway drops, cuts or compares before it looks at the signature.
			but := []string{"mchNo", "appId", "signType", "extraParam"}
			if strings.Contains(v.Body, ".0,") {
				but = append(but, "refundAmount") // whatever stands behind the point
			}
			for _, other := range altered(t, signed(v.Body, v.Server), 1, but...) {
				if a := l.post(v.Endpoint, "application/json", other); a.Code != "9999" || a.Msg != wrongSign {
					t.Errorf("altered to %s: %s", other, a.Raw)
				}
				tried++
			}
			if a := l.post(v.Endpoint, "application/json", signed(v.Body, v.Client)); (a.Msg != wrongSign) != v.Accepted || a.Code == "" {
				t.Errorf("signed over all members: %s", a.Raw)
			}
			if a := l.post(v.Endpoint, "application/json", signed(v.Body, v.Server)); a.Status != http.StatusOK || a.Code == "" || a.Code == "11" || a.Msg == wrongSign {
				t.Errorf("%d %s", a.Status, a.Raw)
			}
		})
	}
	if len(file.Request) != 14 || tried < 100 {
		t.Errorf("%d requests, altered in %d ways", len(file.Request), tried)
	}
}

// TestVectorsAreWhole makes sure that the files here are those of the libraries,
// not pieces of them.
func TestVectorsAreWhole(t *testing.T) {
	for path, lists := range map[string]map[string]int{
		"payermax/testdata/captured.json": {"captured_requests": 9},
		"paycools/testdata/captured.json": {"request_sign": 10, "request_sign_v2": 2, "group_sign": 2, "legacy_sha1_rsa": 1, "request_reject": 3},
		"easylink/testdata/easylink.json": {"request": 14},
	} {
		var file map[string]json.RawMessage
		readVectors(t, path, &file)
		for name, want := range lists {
			var list []json.RawMessage
			if err := json.Unmarshal(bytes.TrimSpace(file[name]), &list); err != nil || len(list) != want {
				t.Errorf("%s: %d of %s, want %d, %v", path, len(list), name, want, err)
			}
		}
	}
}
