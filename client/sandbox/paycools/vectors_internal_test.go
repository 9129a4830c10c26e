package paycools

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"paydesk/client/internal/sign"
	"paydesk/client/sandbox/protocol"
)

// signedText is one vector of a request signature.
type signedText struct {
	ID, Key, JSON, Sign string
	Text                string `json:"string_to_sign"`
	Query               string
	AppID               string `json:"appId"`
	Param               string
	Bare                string `json:"sign_over_param_only"`
}

func vectors(t *testing.T) (file struct {
	Requests  []signedText `json:"request_sign"`
	V2        []signedText `json:"request_sign_v2"`
	Legacy    []signedText `json:"legacy_sha1_rsa"`
	Callbacks []struct {
		ID, Secret, Body string
		Text             string `json:"receiver_string_to_sign"`
		Sign             string `json:"expected_sign"`
		Valid            bool
	} `json:"callback_sha1"`
},
) {
	t.Helper()
	raw, err := os.ReadFile("testdata/captured.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Requests) == 0 || len(file.V2) == 0 || len(file.Legacy) == 0 || len(file.Callbacks) == 0 {
		t.Fatal("no vectors")
	}
	return file
}

// TestCanonicalTextOfVectors pins the text that is signed, byte by byte.
func TestCanonicalTextOfVectors(t *testing.T) {
	file := vectors(t)
	for _, v := range append(file.Requests, file.Legacy...) {
		p, err := readBody([]byte(v.JSON))
		if err != nil || p.canonical() != v.Text {
			t.Errorf("%s: %v\n%s\n%s", v.ID, err, p.canonical(), v.Text)
		}
		if v.Query == "" {
			continue
		}
		if p, err = readQuery(v.Query); err != nil || p.canonical() != v.Text || p[signName].text != v.Sign {
			t.Errorf("%s as a query: %v %s", v.ID, err, p.canonical())
		}
	}
	for _, v := range file.V2 {
		p := params{"appId": {text: v.AppID}, "param": {text: v.Param}, signName: {text: v.Sign}}
		if p.canonical() != v.Text {
			t.Errorf("%s: %s", v.ID, p.canonical())
		}
	}
}

// TestSignaturesOfVectors checks all of them with the keys that the gateway
// holds.
func TestSignaturesOfVectors(t *testing.T) {
	files := map[string]string{"a2048": MerchantPublic, "a4096": MerchantPublic4096}
	verify := func(id, key, text, signature string, check func(string, string, string) error) {
		if err := check(files[key], text, signature); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	with := func(file, text, signature string) error {
		key, err := readKey(allKeys(t), file, sign.ParsePublic)
		if err != nil {
			return err
		}
		return sign.VerifyRSA(key, []byte(text), signature)
	}
	file := vectors(t)
	for _, v := range file.Requests {
		verify(v.ID, v.Key, v.Text, v.Sign, with)
	}
	for _, v := range file.V2 {
		verify(v.ID, v.Key, v.Text, v.Sign, with)
		verify(v.ID+" bare", v.Key, v.Param, v.Bare, with)
	}
	for _, v := range file.Legacy {
		verify(v.ID, v.Key, v.Text, v.Sign, func(file, text, signature string) error {
			key, err := readKey(allKeys(t), file, sign.ParsePublic)
			if err != nil {
				return err
			}
			return sign.VerifyRSASHA1(key, []byte(text), signature)
		})
	}
}

// TestDigestsOfVectors makes the digests of the callback vectors.
func TestDigestsOfVectors(t *testing.T) {
	for _, v := range vectors(t).Callbacks {
		p, err := readBody([]byte(v.Body))
		if err != nil {
			t.Fatal(err)
		}
		text, secret, _ := strings.Cut(v.Text, "&secret=")
		got := sign.SignSHA1(p.canonical(), []byte(v.Secret))
		if p.canonical() != text || secret != v.Secret || got != v.Sign || strings.EqualFold(got, p[signName].text) != v.Valid {
			t.Errorf("%s: %s over %s", v.ID, got, p.canonical())
		}
	}
}

func TestNestedMembersOfBodies(t *testing.T) {
	p, err := readBody([]byte(`{"a":{"b":1},"c":[1],"d":"x"}`))
	if err != nil || p.flat() == nil || p.without("a", "c").flat() != nil || p.with("e", "1").canonical() == p.canonical() {
		t.Errorf("%v %v", p, err)
	}
	for _, bad := range []string{``, `[]`, `"x"`, `{"a":1,"a":1}`, `{"a":1}{}`, `{`} {
		if _, err := readBody([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	for _, bad := range []string{"a=%zz", "%zz=1", "a=1&a=2"} {
		if _, err := readQuery(bad); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func allKeys(t *testing.T) []protocol.Key {
	t.Helper()
	keys, err := TestKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
