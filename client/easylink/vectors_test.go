package easylink

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/strict"
)

// vectorFile is the layout of testdata/easylink.json. Every value in it was
// made by the gateway's own open-source code.
type vectorFile struct {
	Sign []struct {
		ID, Note, Key, Sign string
		Params              json.RawMessage // ordered list of name and value
		Text                string          `json:"string_to_sign"`
	}
	Request []struct {
		ID, Note, Endpoint, Key, Body string
		ServerText                    string `json:"server_string_to_sign"`
		ServerSign                    string `json:"server_sign"`
		ClientText                    string `json:"client_string_all_members"`
		ClientSign                    string `json:"client_sign_all_members"`
		Accepted                      bool
	}
	Response []struct {
		ID, Note, Key, Body string
		Text                string `json:"receiver_string_to_sign"`
		Expected            string `json:"expected_sign"`
		Valid               bool
	}
	Notify []struct {
		ID, Note, Kind, Key, Body, Sign string
		Text                            string          `json:"sender_string_to_sign"`
		OverAll                         bool            `json:"valid_over_all_received_fields"`
		OverDocumented                  bool            `json:"valid_over_documented_fields_only"`
		Original                        json.RawMessage `json:"original_fields"`
	}
}

var readVectors = sync.OnceValues(func() (vectorFile, error) {
	var file vectorFile
	raw, err := os.ReadFile("testdata/easylink.json")
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
	if len(file.Sign) < 24 || len(file.Request) < 14 || len(file.Response) < 9 || len(file.Notify) < 9 {
		t.Fatalf("only %d, %d, %d and %d", len(file.Sign), len(file.Request), len(file.Response), len(file.Notify))
	}
	return file
}

// hidden is a signed text as the inspector shows it.
func hidden(text, key string) string { return strings.TrimSuffix(text, key) + "•••" }

// members reads a vector's ordered parameters.
func members(t *testing.T, raw json.RawMessage) object {
	t.Helper()
	o, err := strict.Parse([]byte(`{"list":` + string(raw) + `}`))
	if err != nil {
		t.Fatal(err)
	}
	list, _ := o.Get("list").([]any)
	made := object{}
	for _, item := range list {
		pair, _ := item.([]any)
		name, ok := pair[0].(string)
		if !ok || len(pair) != 2 {
			t.Fatalf("%v is no pair", item)
		}
		made = append(made, member{Name: name, Value: pair[1]})
	}
	return made
}

func TestSignVectors(t *testing.T) {
	for _, v := range vectors(t).Sign {
		params := members(t, v.Params)
		if got := sign.TextMD5(pairs(params)) + "key=" + v.Key; got != v.Text {
			t.Errorf("%s (%s):\n got %s\nwant %s", v.ID, v.Note, got, v.Text)
		}
		if got := sign.SignMD5(pairs(params), []byte(v.Key)); got != v.Sign {
			t.Errorf("%s (%s): sign %s, want %s", v.ID, v.Note, got, v.Sign)
		}
		if err := sign.VerifyMD5(pairs(params), []byte(v.Key), strings.ToLower(v.Sign)); err != nil {
			t.Errorf("%s (%s): %v", v.ID, v.Note, err)
		}
	}
}

// TestSignVectorsAsBodies writes the parameters as a body and inspects that.
func TestSignVectorsAsBodies(t *testing.T) { // covers S11
	for _, v := range vectors(t).Sign {
		params := members(t, v.Params)
		if params.Get(signMember) != nil {
			continue // a body's own sign is never among what is signed
		}
		var out strings.Builder
		writeNested(&out, params)
		for _, kind := range []string{KindRequest, KindAnswer, KindCallback} {
			made, err := Sign(kind, []byte(v.Key+"\n"), []byte(out.String()))
			if err != nil || made.Sign != v.Sign || made.SignedText != hidden(v.Text, v.Key) || !made.Valid || made.Expected != v.Sign {
				t.Errorf("%s as %s (%s): %+v, %v", v.ID, kind, v.Note, made, err)
			}
			found, err := Verify(kind, []byte(v.Key), []byte(out.String()), v.Sign)
			if err != nil || !found.Valid || found.Reason != "" || found.Different != -1 || found.SignedSHA256 != made.SignedSHA256 {
				t.Errorf("%s as %s (%s): %+v, %v", v.ID, kind, v.Note, found, err)
			}
		}
	}
}

func TestRequestVectors(t *testing.T) {
	for _, v := range vectors(t).Request {
		body, key := []byte(v.Body), []byte(v.Key)
		made, err := Sign(KindRequest, key, body)
		if err != nil || made.Sign != v.ServerSign || made.SignedText != hidden(v.ServerText, v.Key) {
			t.Errorf("%s (%s): %+v, %v", v.ID, v.Note, made, err)
		}
		o, err := strict.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		if got := sign.SignMD5(pairs(o), key); got != v.ClientSign || sign.TextMD5(pairs(o))+"key="+v.Key != v.ClientText {
			t.Errorf("%s (%s): over all members %s", v.ID, v.Note, got)
		}
		// What a client makes over all members passes exactly when the gateway takes it.
		withSign := strings.TrimSuffix(v.Body, "}") + `,"sign":"` + v.ClientSign + `"}`
		found, err := Verify(KindRequest, key, []byte(withSign), "")
		if err != nil || found.Valid != v.Accepted || found.Expected != v.ServerSign {
			t.Errorf("%s (%s): %+v, %v", v.ID, v.Note, found, err)
		}
		if !v.Accepted && !strings.Contains(found.Reason, "all members") {
			t.Errorf("%s: %s", v.ID, found.Reason)
		}
	}
}

func TestResponseVectors(t *testing.T) { // covers F6, F10
	for _, v := range vectors(t).Response {
		found, err := Verify(KindAnswer, []byte(v.Key), []byte(v.Body), "")
		if err != nil || found.Valid != v.Valid || found.SignedText != hidden(v.Text, v.Key) || found.Expected != v.Expected {
			t.Errorf("%s (%s): %+v, %v", v.ID, v.Note, found, err)
		}
		if found.Valid == (found.Reason != "") || found.Valid == (found.Different >= 0) {
			t.Errorf("%s: %+v", v.ID, found)
		}
		made, err := Sign(KindAnswer, []byte(v.Key), []byte(v.Body))
		if err != nil || made.Sign != v.Expected {
			t.Errorf("%s (%s): signing: %+v, %v", v.ID, v.Note, made, err)
		}
	}
}

func TestNotifyVectors(t *testing.T) { // covers F10
	for _, v := range vectors(t).Notify {
		found, err := Verify(KindCallback, []byte(v.Key), []byte(v.Body), "")
		if want := v.OverAll || v.OverDocumented; err != nil || found.Valid != want || found.Sign != v.Sign {
			t.Errorf("%s (%s): %+v, %v", v.ID, v.Note, found, err)
		}
		if found.Valid && found.SignedText != hidden(v.Text, v.Key) {
			t.Errorf("%s: %s", v.ID, found.SignedText)
		}
		made, err := Sign(KindCallback, []byte(v.Key), []byte(v.Body))
		if err != nil || (made.Sign == v.Sign) != v.OverAll {
			t.Errorf("%s (%s): signing: %+v, %v", v.ID, v.Note, made, err)
		}
		// The same fields as JSON, as one of the gateway's pages shows them.
		original := asJSON(t, v.Original, v.Sign, v.Body)
		if found, err := Verify(KindCallback, []byte(v.Key), original, ""); err != nil || !found.Valid {
			t.Errorf("%s as JSON: %+v, %v", v.ID, found, err)
		}
	}
}

// asJSON is a notification's original fields as JSON, with the reqTime
// and the signature of its form.
func asJSON(t *testing.T, raw json.RawMessage, signature, form string) []byte {
	t.Helper()
	o, err := strict.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := strict.ParseForm([]byte(form), strict.FormRules{Lone: true})
	if err != nil {
		t.Fatal(err)
	}
	o = append(o, member{Name: "reqTime", Value: sent.Text("reqTime")}, member{Name: signMember, Value: signature})
	var out strings.Builder
	writeNested(&out, o)
	return []byte(out.String())
}

// TestAlteredVectorsAreRefused changes one digit after the other.
func TestAlteredVectorsAreRefused(t *testing.T) { // covers F6, F10
	file := vectors(t)
	alter := func(kind, key, body string) {
		t.Helper()
		for i := range body {
			// The code of an answer is not signed: it never decides alone.
			if body[i] < '0' || body[i] > '9' || strings.HasSuffix(body[:i], `"code":`) {
				continue
			}
			other := body[:i] + string(rune('0'+(body[i]-'0'+1)%10)) + body[i+1:]
			if found, err := Verify(kind, []byte(key), []byte(other), ""); err == nil && found.Valid {
				t.Errorf("%s with digit %d altered: %+v", kind, i, found)
			}
		}
	}
	alter(KindAnswer, file.Response[0].Key, file.Response[0].Body)
	alter(KindCallback, file.Notify[0].Key, file.Notify[0].Body)
	alter(KindCallback, file.Notify[7].Key, file.Notify[7].Body)
	v := file.Request[0]
	alter(KindRequest, v.Key, strings.TrimSuffix(v.Body, "}")+`,"sign":"`+v.ServerSign+`"}`)
}

func TestInspectorInput(t *testing.T) {
	good := []byte(`{"code":0,"data":{"state":2},"sign":"x"}`)
	for name, err := range map[string]error{
		"no key":      second(Sign(KindAnswer, nil, good)),
		"blank key":   second(Sign(KindAnswer, []byte(" \n"), good)),
		"two lines":   second(Verify(KindAnswer, []byte("a\nb"), good, "")),
		"odd key":     second(Verify(KindAnswer, []byte("a\xff"), good, "")),
		"long key":    second(Verify(KindAnswer, []byte(strings.Repeat("k", 2049)), good, "")),
		"kind":        second(Verify("reply", []byte("k"), good, "")),
		"empty":       second(Sign(KindRequest, []byte("k"), []byte(" \n"))),
		"list":        second(Sign(KindRequest, []byte("k"), []byte(`[1]`))),
		"text":        second(Verify(KindCallback, []byte("k"), []byte(`hello`), "")),
		"bad escape":  second(Verify(KindCallback, []byte("k"), []byte(`a=%zz`), "")),
		"cut":         second(Verify(KindAnswer, []byte("k"), good[:20], "")),
		"two objects": second(Verify(KindAnswer, []byte("k"), append(good, good...), "")),
		"deep":        second(Verify(KindAnswer, []byte("k"), []byte(strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100)), "")),
		"no data":     second(Sign(KindAnswer, []byte("k"), []byte(`{"code":9999,"msg":"no"}`))),
		"twice":       second(Sign(KindCallback, []byte("k"), []byte(`a=1&a=2`))),
	} {
		if client.ClassOf(err) != client.ClassInput {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ client.Inspection, err error) error { return err }

// TestInspectorReasons covers what the inspector says about a signature that is
// not valid.
func TestInspectorReasons(t *testing.T) {
	key := []byte("easylink-sandbox-key-A")
	body := []byte(`{"b":"1","Apple":"2","aa":"","signType":"MD5","reqTime":1772323200123}`)
	digest := func(text string) string { return sign.DigestMD5(text, key) }
	for name, c := range map[string]struct {
		kind, body, sign, want string
		different              int
	}{
		"none":        {KindRequest, string(body), "", "no signature given", -1},
		"short":       {KindRequest, string(body), "ABCD", "not 32 hexadecimal digits", 0},
		"foreign":     {KindRequest, string(body), strings.Repeat("0", 32), "another secret", -2},
		"ascii order": {KindRequest, `{"a":"1","B":"2"}`, digest("B=2&a=1&"), "plain ASCII order", -2},
		"empties":     {KindRequest, string(body), digest("Apple=2&aa=&b=1&reqTime=1772323200123&signType=MD5&"), "empty values", -2},
		"no signType": {KindRequest, string(body), digest("Apple=2&b=1&reqTime=1772323200123&"), "without signType", -2},
		"no secret":   {KindRequest, string(body), sign.DigestMD5("Apple=2&b=1&reqTime=1772323200123&signType=MD5&", nil), "without the secret", -2},
		"envelope": {
			KindAnswer, `{"code":0,"data":{"a":1},"msg":"SUCCESS"}`, digest(`code=0&data={"a":1}&msg=SUCCESS&`), "data alone", -2,
		},
		"refusal":         {KindAnswer, `{"code":9999,"msg":"no"}`, "x", "no data object", -1},
		"twice in JSON":   {KindAnswer, `{"code":0,"data":{"state":2,"state":3},"sign":"x"}`, "", "twice", -1},
		"sign twice":      {KindCallback, "state=2&sign=A&sign=B", "", "twice", -1},
		"sign odd case":   {KindCallback, "state=2&Sign=" + digest("state=2&"), "", "no signature given", -1},
		"field odd case":  {KindCallback, "State=2&sign=" + digest("state=2&"), "", "another secret", -2},
		"first digit off": {KindCallback, "state=2", "0" + digest("state=2&")[1:], "another secret", 0},
	} {
		found, err := Verify(c.kind, key, []byte(c.body), c.sign)
		if err != nil || found.Valid || !strings.Contains(found.Reason, c.want) {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
		if c.different != -2 && found.Different != c.different {
			t.Errorf("%s: differs at %d, want %d", name, found.Different, c.different)
		}
	}
}

func TestInspectorHidesTheSecret(t *testing.T) { // covers S11, S8
	key := "CANARY-secret-1"
	body := []byte(`{"extParam":"CANARY-secret-1","state":2}`)
	made, err := Sign(KindCallback, []byte(key), body)
	if err != nil || made.SignedText != "extParam=•••&state=2&key=•••" {
		t.Errorf("%+v, %v", made, err)
	}
	found, err := Verify(KindCallback, []byte(key), body, strings.Repeat("0", 32))
	if err != nil || strings.Contains(found.SignedText+found.Reason, "CANARY") {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestFormRequests reads requests as the gateway reads forms: the last of a
// repeated name counts.
func TestFormRequests(t *testing.T) {
	form := "mchNo=M1&appId=A1&version=1.0&signType=MD5&reqTime=1772323200123&mchOrderNo=SO2&mchOrderNo=SO1&extra=x"
	made, err := Sign(KindRequest, []byte("k"), []byte(form+"\r\n"))
	if want := "appId=A1&mchNo=M1&mchOrderNo=SO1&reqTime=1772323200123&signType=MD5&version=1.0&key=•••"; err != nil || made.SignedText != want {
		t.Errorf("%+v, %v", made, err)
	}
}
