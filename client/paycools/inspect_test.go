package paycools

import (
	"fmt"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/client/internal/sign"
)

func TestInspectorExplains(t *testing.T) {
	keys := vectors(t).Keys
	made := func(text string) string {
		private, err := sign.ParsePrivate([]byte(keys["a2048"].PKCS8))
		if err != nil {
			t.Fatal(err)
		}
		got, err := sign.SignRSA(private, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	body, group := `{"b":"2","a":1,"e":"","n":null}`, `{"appId":"x","param":"{\"a\":1}"}`
	for _, c := range []struct{ dialect, kind, body, sign, reason string }{
		{"PH", KindRequest, body, made("a=1&b=2"), ""},
		{"PH", KindRequest, body, made("a=1&b=2&e=&n="), "empty members"},
		{"PH", KindRequest, body, made(body), "bytes of the whole body"},
		{"PH", KindRequest, body, made("b=2&a=1"), "over other bytes"},
		{"PH", KindRequest, body, "", "no signature given"},
		{"PH", KindRequest, body, "AAAA", "wrong length"},
		{"PH", KindRequest, body, "not base64", "not canonical base64"},
		{"PH2", KindRequest, group, made(`appId=x&param={"a":1}`), ""},
		{"PH2", KindRequest, group, made(`{"a":1}`), "param alone"},
		{"GROUP", KindRequest, group, made(`{"a":1}`), ""},
		{"GROUP", KindRequest, group, made(`appId=x&param={"a":1}`), "appId and param"},
		{"GROUP", KindRequest, group, made(group), "bytes of the whole body"},
		{"GROUP", KindCallback, group, made(`{"a":1}`), ""},
		{"PH", KindAnswer, `{"code":1000}`, "", "does not sign its answers"},
		{"PH", KindRequest, `{"a":1,"a":2}`, made("a=2"), "occurs twice"},
		{"PH", KindRequest, "a=1&b=2&b=2", made("a=1&b=2"), "occurs twice"},
		{"GROUP", KindRequest, `{"param":"x","param":"x"}`, made("x"), "occurs twice"},
	} {
		found, err := Verify(c.dialect, c.kind, []byte(keys["a2048"].X509), []byte(c.body), c.sign)
		if err != nil || found.Valid != (c.reason == "") || !strings.Contains(found.Reason, c.reason) || found.Expected != "" || found.Different != -1 {
			t.Errorf("%s %s: %+v, %v", c.dialect, c.body, found, err)
		}
	}
}

func TestInspectorOfCallbacks(t *testing.T) { // covers S11
	const key, body = "CANARY-secret-text", `{"b":"CANARY-secret-text","a":1,"e":""}`
	keyed := func(text string) string { return sign.SignSHA1(text, []byte(key)) }
	right := keyed("a=1&b=" + key)
	for _, c := range []struct {
		sign, reason string
		different    int
	}{
		{right, "", -1},
		{strings.ToUpper(right), "", -1},
		{"", "no signature given", -1},
		{"zz", "not 40 hexadecimal digits", 0},
		{right[:39], "not 40 hexadecimal digits", 39},
		{keyed("a=1&b=" + key + "&e="), "empty members", 0},
		{strings.Repeat("0", 40), "another secret", 0},
	} {
		found, err := Verify("", KindCallback, []byte(key), []byte(body), c.sign)
		if err != nil || found.Valid != (c.reason == "") || !strings.Contains(found.Reason, c.reason) || found.Expected != right {
			t.Errorf("%s: %+v, %v", c.sign, found, err)
		}
		if c.different != 0 && found.Different != c.different {
			t.Errorf("%s: differs at %d", c.sign, found.Different)
		}
		if found.SignedText != "a=1&b=•••&secret=•••" || strings.Contains(fmt.Sprintf("%+v", found), "CANARY") {
			t.Errorf("the secret is in %+v", found)
		}
	}
}

func TestInspectorInput(t *testing.T) {
	key := vectors(t).Keys["a2048"]
	for _, c := range []struct{ dialect, kind, key, body string }{
		{"JT", KindRequest, key.PKCS8, "{}"},
		{"PH", "", key.PKCS8, "{}"},
		{"PH", "reply", key.PKCS8, "{}"},
		{"PH", KindRequest, "", "{}"},
		{"PH", KindRequest, "secret", "{}"},
		{"PH", KindRequest, key.PKCS8, ""},
		{"PH", KindRequest, key.PKCS8, "[]"},
		{"PH", KindRequest, key.PKCS8, "hello"},
		{"PH", KindRequest, key.PKCS8, `{"a":`},
		{"GROUP", KindRequest, key.PKCS8, " "},
		{"PH", KindCallback, "", "{}"},
		{"PH", KindCallback, "a\nb", "{}"},
		{"GROUP", KindCallback, "secret", "{}"},
		{"PH", KindCallback, strings.Repeat("x", 2049), "{}"},
		{"PH", KindCallback, "\xff", "{}"},
	} {
		if _, err := Sign(c.dialect, c.kind, []byte(c.key), []byte(c.body)); client.ClassOf(err) != client.ClassInput {
			t.Errorf("signed %+v: %v", c, err)
		}
		if _, err := Verify(c.dialect, c.kind, []byte(c.key), []byte(c.body), "x"); client.ClassOf(err) != client.ClassInput {
			t.Errorf("verified %+v: %v", c, err)
		}
	}
	if _, err := Sign("PH", KindAnswer, []byte(key.PKCS8), []byte("{}")); client.ClassOf(err) != client.ClassInput {
		t.Error(err)
	}
	if _, err := Sign("PH", KindRequest, []byte(key.X509), []byte(`{"a":1}`)); client.ClassOf(err) != client.ClassInput {
		t.Error("signed with a public key")
	}
}

func TestNormalise(t *testing.T) {
	key := vectors(t).Keys["a4096"]
	eight, private, err := NormaliseKey([]byte(key.PKCS8))
	one, _, errOne := NormaliseKey([]byte(key.PKCS1))
	if err != nil || errOne != nil || !private || string(eight) != string(one) {
		t.Error(err, errOne)
	}
	if _, private, err := NormaliseKey([]byte(key.X509PEM)); err != nil || private {
		t.Error(err)
	}
	if _, _, err := NormaliseKey([]byte("x")); client.ClassOf(err) != client.ClassInput {
		t.Error(err)
	}
	if got, private, err := NormaliseSecret([]byte("\ufeff a&b=c+d % \r\n")); err != nil || !private || string(got) != " a&b=c+d % " {
		t.Errorf("%q, %v", got, err)
	}
}
