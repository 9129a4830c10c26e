package payermax

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"sync"
	"testing"

	"paydesk/client"
	"paydesk/client/internal/strict"
)

// vectorFile is the layout of testdata/payermax.json.
type vectorFile struct {
	Keys map[string]struct {
		PKCS8  string `json:"private_pkcs8_b64"`
		PKCS1  string `json:"private_pkcs1_b64"`
		SPKI   string `json:"public_spki_b64"`
		SHA256 string `json:"public_spki_sha256"`
	}
	Positive []vector
	Negative []vector
	// Divergent holds what at least one vendor library accepts by lax decoding.
	Divergent []vector
	Captured  []struct {
		ID         string
		Headers    map[string]string
		Body       []byte `json:"body_b64"`
		VerifyWith string `json:"verify_with"`
	} `json:"captured_requests"`
}

type vector struct {
	ID, Note, Signer, Base, Sign string
	VerifyWith                   string `json:"verify_with"`
	Body                         []byte `json:"body_b64"`
	SHA256                       string `json:"body_sha256"`
}

var readVectors = sync.OnceValues(func() (vectorFile, error) {
	var file vectorFile
	raw, err := os.ReadFile("testdata/payermax.json")
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

func TestVectorKeys(t *testing.T) {
	for name, key := range vectors(t).Keys {
		spki, err := base64.StdEncoding.DecodeString(key.SPKI)
		sum := sha256.Sum256(spki)
		if err != nil || hex.EncodeToString(sum[:]) != key.SHA256 {
			t.Fatalf("%s: public key: %v", name, err)
		}
		der, private, err := NormaliseKey([]byte(key.SPKI))
		if err != nil || private || !bytes.Equal(der, spki) {
			t.Errorf("%s: public key: %v", name, err)
		}
		eight, private8, err8 := NormaliseKey([]byte(key.PKCS8))
		one, private1, err1 := NormaliseKey([]byte(key.PKCS1))
		if err8 != nil || err1 != nil || !private8 || !private1 || !bytes.Equal(eight, one) {
			t.Errorf("%s: private key: %v, %v", name, err8, err1)
		}
	}
}

func TestPositiveVectors(t *testing.T) {
	file := vectors(t)
	if len(file.Positive) < 25 {
		t.Fatalf("only %d", len(file.Positive))
	}
	for _, v := range file.Positive {
		key := file.Keys[v.Signer]
		made, err := Sign([]byte(key.PKCS8), v.Body)
		if err != nil || made.Sign != v.Sign || !made.Valid || made.SignedText != string(v.Body) || made.SignedSHA256 != v.SHA256 || made.Different != -1 {
			t.Errorf("%s (%s): signing: %v", v.ID, v.Note, err)
		}
		for _, text := range []string{key.SPKI, key.PKCS1} {
			found, err := Verify([]byte(text), v.Body, v.Sign)
			if err != nil || !found.Valid || found.Reason != "" {
				t.Errorf("%s (%s): %+v, %v", v.ID, v.Note, found.Reason, err)
			}
		}
	}
}

func TestNegativeAndDivergentVectors(t *testing.T) { // covers F6, F10
	file := vectors(t)
	bodies := map[string][]byte{}
	for _, v := range file.Positive {
		bodies[v.ID] = v.Body
	}
	all := append(append([]vector(nil), file.Negative...), file.Divergent...)
	if len(all) < 45 {
		t.Fatalf("only %d", len(all))
	}
	for _, v := range all {
		body := v.Body
		if body == nil {
			body = bodies[v.Base]
		}
		found, err := Verify([]byte(file.Keys[v.VerifyWith].SPKI), body, v.Sign)
		if err != nil || found.Valid || found.Reason == "" {
			t.Errorf("%s (%s): %+v, %v", v.ID, v.Note, found.Valid, err)
		}
	}
}

func TestCapturedRequestsVerify(t *testing.T) {
	file := vectors(t)
	if len(file.Captured) < 9 {
		t.Fatalf("only %d", len(file.Captured))
	}
	for _, c := range file.Captured {
		found, err := Verify([]byte(file.Keys[c.VerifyWith].SPKI), c.Body, c.Headers["sign"])
		if err != nil || !found.Valid {
			t.Errorf("%s: %s, %v", c.ID, found.Reason, err)
		}
		if _, err := strict.Parse(c.Body); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
	}
}

// TestVectorBodiesParse looks at the bodies whose meaning is a trap.
func TestVectorBodiesParse(t *testing.T) {
	for _, v := range vectors(t).Positive {
		o, err := strict.Parse(v.Body)
		switch v.ID {
		case "p19": // duplicate names
			if err == nil {
				t.Errorf("%s: ambiguous body read as %v", v.ID, o)
			}
		case "p23": // nothing at all
			if err == nil {
				t.Errorf("%s: read as %v", v.ID, o)
			}
		case "p20": // numbers keep their text
			data := o.Object("data")
			if data.Text("payAmount") != "9007199254740993" || data.Text("totalAmount") != "12345678901234567890.1234" {
				t.Errorf("%s: %v", v.ID, data)
			}
		default:
			if err != nil {
				t.Errorf("%s (%s): %v", v.ID, v.Note, err)
			}
		}
	}
}

func TestInspectorInput(t *testing.T) {
	key := vectors(t).Keys["merchant"]
	found, err := Verify([]byte(key.SPKI), []byte("x"), "")
	if err != nil || found.Valid || found.Reason != "no signature given" {
		t.Errorf("%+v, %v", found, err)
	}
	for _, text := range []string{"", "secret", key.SPKI} {
		if _, err := Sign([]byte(text), []byte("x")); client.ClassOf(err) != client.ClassInput {
			t.Errorf("signed with %.10q: %v", text, err)
		}
	}
	if _, err := Verify([]byte("secret"), nil, "x"); client.ClassOf(err) != client.ClassInput {
		t.Error(err)
	}
	if _, _, err := NormaliseKey([]byte("secret")); client.ClassOf(err) != client.ClassInput {
		t.Error(err)
	}
}
