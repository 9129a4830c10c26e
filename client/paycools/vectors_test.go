package paycools

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"paydesk/client"
)

// vectorFile is the layout of testdata/paycools.json.
type vectorFile struct {
	Keys map[string]struct {
		Bits    int
		PKCS8   string `json:"private_pkcs8_base64"`
		PKCS1   string `json:"private_pkcs1_pem"`
		X509    string `json:"public_x509_base64"`
		X509PEM string `json:"public_pem"`
	}
	Request []struct {
		vector
		Method, Path, Query string
		JSON                string
	} `json:"request_sign"`
	RequestV2 []struct {
		vector
		AppID, Param, Body string
		ParamOnly          string `json:"sign_over_param_only"`
	} `json:"request_sign_v2"`
	Group []struct {
		vector
		AppID, Param, Body string
	} `json:"group_sign"`
	Legacy []struct {
		vector
		JSON string
	} `json:"legacy_sha1_rsa"`
	Callback []struct {
		vector
		Secret, Body string
		Receiver     string `json:"receiver_string_to_sign"`
		Expected     string `json:"expected_sign"`
		Valid        bool
	} `json:"callback_sha1"`
	GroupCallback []struct {
		vector
		Body  string
		Valid bool
	} `json:"group_callback_rsa"`
	Reject []struct {
		vector
		Path, Body string
		Server     string `json:"server_string_to_verify"`
		Code       int    `json:"expected_code"`
	} `json:"request_reject"`
}

type vector struct {
	ID, Note, Key, Sign string
	Text                string `json:"string_to_sign"`
}

var readVectors = sync.OnceValues(func() (vectorFile, error) {
	var file vectorFile
	raw, err := os.ReadFile("testdata/paycools.json")
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	return file, err
})

func vectors(t *testing.T) vectorFile {
	t.Helper()
	file, err := readVectors()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// signs checks that a body signs to want over text and verifies with every form
// of the key, whether the signature is given or stands in the body.
func signs(t *testing.T, v vector, dialect, kind, body, text, want string) {
	t.Helper()
	key := vectors(t).Keys[v.Key]
	for _, private := range []string{key.PKCS8, key.PKCS1} {
		made, err := Sign(dialect, kind, []byte(private), []byte(body))
		if err != nil || made.Sign != want || made.SignedText != text || !made.Valid || made.Expected != "" || made.Different != -1 {
			t.Errorf("%s (%s): signing %q: %v", v.ID, v.Note, made.SignedText, err)
		}
	}
	for _, public := range []string{key.X509, key.X509PEM, key.PKCS8} {
		found, err := Verify(dialect, kind, []byte(public), []byte(body), want)
		if err != nil || !found.Valid || found.Reason != "" || found.SignedText != text || found.Expected != "" {
			t.Errorf("%s (%s): %s, %v", v.ID, v.Note, found.Reason, err)
		}
		if found, _ = Verify(dialect, kind, []byte(public), []byte(body), strings.ToLower(want)); found.Valid {
			t.Errorf("%s: accepted in small letters", v.ID)
		}
	}
}

func TestRequestVectors(t *testing.T) {
	file := vectors(t)
	if len(file.Request) < 10 {
		t.Fatalf("only %d", len(file.Request))
	}
	for _, v := range file.Request {
		signs(t, v.vector, "PH", KindRequest, v.JSON, v.Text, v.Sign)
		// The signature as a member does not count among the signed ones.
		whole := strings.TrimSuffix(v.JSON, "}") + `,"sign":"` + v.Sign + `"}`
		found, err := Verify("", KindRequest, []byte(file.Keys[v.Key].X509), []byte(whole), "")
		if err != nil || !found.Valid || found.Sign != v.Sign {
			t.Errorf("%s: with its own sign: %s, %v", v.ID, found.Reason, err)
		}
		if v.Query == "" {
			continue
		}
		for _, form := range []string{v.Query, strings.ReplaceAll(v.Query, "+", "%20")} {
			found, err = Verify("ph", KindRequest, []byte(file.Keys[v.Key].X509), []byte(form), "")
			if err != nil || !found.Valid || found.SignedText != v.Text {
				t.Errorf("%s: as a query: %s, %v", v.ID, found.Reason, err)
			}
		}
	}
}

func TestCheckoutVectors(t *testing.T) {
	for _, v := range vectors(t).RequestV2 {
		signs(t, v.vector, "PH2", KindRequest, v.Body, v.Text, v.Sign)
		signs(t, v.vector, "ph2-param", KindRequest, v.Body, v.Param, v.ParamOnly)
		signs(t, v.vector, "PH2-PARAM", KindRequest, v.Param, v.Param, v.ParamOnly)
		// Each variant is told apart from the other.
		public := []byte(vectors(t).Keys[v.Key].X509)
		if found, err := Verify("PH2", KindRequest, public, []byte(v.Body), v.ParamOnly); err != nil || found.Valid || !strings.Contains(found.Reason, "param alone") {
			t.Errorf("%s: %q, %v", v.ID, found.Reason, err)
		}
		if found, err := Verify("PH2-PARAM", KindRequest, public, []byte(v.Body), ""); err != nil || found.Valid || !strings.Contains(found.Reason, "appId and param") {
			t.Errorf("%s: %q, %v", v.ID, found.Reason, err)
		}
	}
}

func TestGroupVectors(t *testing.T) {
	for _, v := range vectors(t).Group {
		signs(t, v.vector, "GROUP", KindRequest, v.Body, v.Param, v.Sign)
		signs(t, v.vector, "group", KindRequest, v.Param, v.Param, v.Sign)
	}
}

func TestLegacyVectors(t *testing.T) {
	for _, v := range vectors(t).Legacy {
		signs(t, v.vector, "PH-OLD", KindRequest, v.JSON, v.Text, v.Sign)
		found, err := Verify("PH", KindRequest, []byte(vectors(t).Keys[v.Key].X509), []byte(v.JSON), v.Sign)
		if err != nil || found.Valid || !strings.Contains(found.Reason, "SHA-1") {
			t.Errorf("%s: %q, %v", v.ID, found.Reason, err)
		}
	}
}

func TestCallbackVectors(t *testing.T) { // covers F10, S11
	file := vectors(t)
	if len(file.Callback) < 9 {
		t.Fatalf("only %d", len(file.Callback))
	}
	for _, v := range file.Callback {
		shown := strings.TrimSuffix(v.Receiver, v.Secret) + "•••"
		found, err := Verify("PH", KindCallback, []byte(v.Secret+"\n"), []byte(v.Body), "")
		if err != nil || found.Valid != v.Valid || found.Expected != v.Expected || found.SignedText != shown {
			t.Errorf("%s (%s): %+v, %v", v.ID, v.Note, found, err)
		}
		if (found.Reason == "") != v.Valid || (found.Different == -1) != v.Valid {
			t.Errorf("%s: %q, differs at %d", v.ID, found.Reason, found.Different)
		}
		made, err := Sign("PH", KindCallback, []byte(v.Secret), []byte(v.Body))
		if err != nil || made.Sign != v.Expected || made.SignedText != shown || !made.Valid {
			t.Errorf("%s: signing: %+v, %v", v.ID, made, err)
		}
		notice := reader(t, func(c *Config) { c.CallbackSecret = secretText(v.Secret) }).ReadCallback(nil, []byte(v.Body))
		if v.Valid != notice.Verified {
			t.Errorf("%s: %+v", v.ID, notice)
		}
	}
}

func TestGroupCallbackVectors(t *testing.T) { // covers F10
	file := vectors(t)
	for _, v := range file.GroupCallback {
		for _, dialect := range []string{"GROUP", "PH"} { // a param and a long signature are the group's whatever the dialect
			found, err := Verify(dialect, KindCallback, []byte(file.Keys[v.Key].X509), []byte(v.Body), "")
			if err != nil || found.Valid != v.Valid || (found.Reason == "") != v.Valid {
				t.Errorf("%s (%s): %s, %v", v.ID, v.Note, found.Reason, err)
			}
			notice := reader(t, func(c *Config) { c.Dialect, c.PlatformKey = dialect, []byte(file.Keys[v.Key].X509) }).ReadCallback(nil, []byte(v.Body))
			if v.Valid != notice.Verified {
				t.Errorf("%s: %+v", v.ID, notice)
			}
		}
		made, err := Sign("GROUP", KindCallback, []byte(file.Keys[v.Key].PKCS8), []byte(v.Body))
		if again, _ := Verify("GROUP", KindCallback, []byte(file.Keys[v.Key].X509), []byte(v.Body), made.Sign); err != nil || !again.Valid {
			t.Errorf("%s: signing: %v", v.ID, err)
		}
	}
}

func TestRejectVectors(t *testing.T) {
	for _, v := range vectors(t).Reject {
		found, err := Verify("PH", KindRequest, []byte(vectors(t).Keys[v.Key].X509), []byte(v.Body), "")
		if err != nil || found.Valid || found.Reason == "" || found.SignedText != v.Server || v.Code != 1003 {
			t.Errorf("%s (%s): %+v, %v", v.ID, v.Note, found, err)
		}
	}
}

// TestRequestsAreTheVectors sends the requests of the vectors through the client
// and compares what leaves byte for byte.
func TestRequestsAreTheVectors(t *testing.T) { // covers I2
	file := vectors(t)
	for _, v := range file.Request {
		if v.ID != "Q01" && v.ID != "Q03" && v.ID != "Q04" {
			continue
		}
		s := newStub(t, answer{body: `{"code":9,"message":"x"}`})
		g := connect(t, s.server.URL, func(c *Config) {
			c.AppID, c.MerchantKey = "paycoolsSandboxApp01", secretText(file.Keys[v.Key].PKCS8)
			c.RefundNotifyURL = "https://shop.example.ph/hooks/paycools/refund"
		})
		switch v.ID {
		case "Q01":
			_, _ = g.Refund(t.Context(), client.RefundRequest{
				RefundNo: "RF20260301000001", OrderNo: "SO1", GatewayOrderNo: "C120260301010000001", Amount: php(10000), Reason: "damaged item",
			})
			want := strings.TrimSuffix(v.JSON, "}") + `,"sign":"` + v.Sign + `"}`
			if got := s.requests()[0]; string(got.body) != want || got.method != "POST" || got.path != v.Path {
				t.Errorf("%s: %s %s %s", v.ID, got.method, got.path, got.body)
			}
			continue
		case "Q03":
			_, _ = g.RefundsOf(t.Context(), "C120260301010000001")
		case "Q04":
			_, _ = g.Balance(t.Context())
		}
		if got := s.requests()[0]; got.query != v.Query || got.method != v.Method || got.path != v.Path || len(got.body) != 0 {
			t.Errorf("%s: %s %s?%s %s", v.ID, got.method, got.path, got.query, got.body)
		}
		values, err := url.ParseQuery(s.requests()[0].query)
		if err != nil || values.Get("sign") != v.Sign {
			t.Errorf("%s: %v", v.ID, err)
		}
	}
}
