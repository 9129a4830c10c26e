package sign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func reasonOf(err error) Reason {
	var f *Fault
	if errors.As(err, &f) {
		return f.Reason
	}
	return ""
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestVerifyRSARefusesEveryOtherSpelling(t *testing.T) { // covers F6
	key, body := testKey(), []byte(`{"a":1}`)
	good := must[string](t)(SignRSA(key, body))
	if err := VerifyRSA(&key.PublicKey, body, good); err != nil {
		t.Fatalf("own signature refused: %v", err)
	}
	raw, _ := base64.StdEncoding.DecodeString(good)
	stray := good[:len(good)-3] + string(good[len(good)-3]+1) + "=="
	cases := map[string]struct {
		sign string
		want Reason
	}{
		"empty":        {"", ReasonMissing},
		"no padding":   {strings.TrimRight(good, "="), ReasonBase64},
		"url alphabet": {base64.URLEncoding.EncodeToString(append(bytes.Repeat([]byte{0xff}, 3), raw[3:]...)), ReasonBase64},
		"line feed":    {good[:76] + "\n" + good[76:], ReasonBase64},
		"crlf behind":  {good + "\r\n", ReasonBase64},
		"blank before": {" " + good, ReasonBase64},
		"blank behind": {good + " ", ReasonBase64},
		"junk behind":  {good + "AAAA", ReasonBase64},
		"stray bits":   {stray, ReasonBase64},
		"short":        {base64.StdEncoding.EncodeToString(raw[1:]), ReasonLength},
		"zero before":  {base64.StdEncoding.EncodeToString(append([]byte{0}, raw...)), ReasonLength},
		"zero bytes":   {base64.StdEncoding.EncodeToString(make([]byte, 256)), ReasonMismatch},
		"all ones":     {base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 256)), ReasonMismatch},
	}
	for name, c := range cases {
		err := VerifyRSA(&key.PublicKey, body, c.sign)
		if got := reasonOf(err); got != c.want {
			t.Errorf("%s: reason %q (%v), want %q", name, got, err, c.want)
		}
		if err != nil && len(c.sign) > 20 && strings.Contains(err.Error(), c.sign[:20]) {
			t.Errorf("%s: the error repeats the signature", name)
		}
	}
}

func TestMismatchIsExplained(t *testing.T) {
	key, body := testKey(), []byte("body")
	other := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	digest := sha256.Sum256([]byte("other"))
	sum1 := sha1.Sum(body)
	bare := must[[]byte](t)(rsa.SignPKCS1v15(nil, key, 0, digest[:]))
	with1 := must[[]byte](t)(rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum1[:]))
	cases := map[string]string{
		must[string](t)(SignRSA(key, []byte("other"))): "over other bytes",
		must[string](t)(SignRSA(other, body)):          "another key",
		base64.StdEncoding.EncodeToString(with1):       "with SHA-1",
		base64.StdEncoding.EncodeToString(bare):        "not as SHA256withRSA",
	}
	for signature, want := range cases {
		err := VerifyRSA(&key.PublicKey, body, signature)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestOneHeader(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   Reason
	}{{nil, ReasonMissing}, {[]string{""}, ReasonMissing}, {[]string{"a", "a"}, ReasonSeveral}, {[]string{"a"}, ""}} {
		if _, err := One(c.values); reasonOf(err) != c.want {
			t.Errorf("%q: %v, want %q", c.values, err, c.want)
		}
	}
}

// keyTexts are all accepted spellings of one private and one public key.
func keyTexts(t *testing.T) (private, public map[string][]byte) {
	key := testKey()
	pkcs8, spki := must[[]byte](t)(MarshalPrivate(key)), must[[]byte](t)(MarshalPublic(&key.PublicKey))
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour)}
	cert := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	armour := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	bare := func(der []byte) string { return base64.StdEncoding.EncodeToString(der) }
	broken := func(der []byte, eol string) []byte {
		text := bare(der)
		return []byte(text[:64] + eol + text[64:128] + eol + text[128:] + eol)
	}
	private = map[string][]byte{
		"pkcs8 pem": armour("PRIVATE KEY", pkcs8), "pkcs1 pem": armour("RSA PRIVATE KEY", pkcs1),
		"pkcs8 base64": []byte(bare(pkcs8)), "pkcs1 base64": []byte(bare(pkcs1)),
		"lf base64": broken(pkcs8, "\n"), "crlf base64": broken(pkcs1, "\r\n"),
		"der": pkcs8, "pkcs1 der": pkcs1, "der and line end": append(bytes.Clone(pkcs8), '\r', '\n'),
		"unpadded":        []byte(strings.TrimRight(bare(pkcs8), "=")),
		"quoted":          []byte(`"` + bare(pkcs8) + `"` + "\n"),
		"bom":             []byte("\ufeff" + bare(pkcs8)),
		"text before pem": append([]byte("Bag Attributes\n  friendlyName: x\n"), armour("PRIVATE KEY", pkcs8)...),
		"pem in one line": []byte("-----BEGIN PRIVATE KEY----- " + bare(pkcs8) + " -----END PRIVATE KEY-----"),
		"pem with \\n":    bytes.ReplaceAll(armour("PRIVATE KEY", pkcs8), []byte("\n"), []byte(`\n`)),
	}
	public = map[string][]byte{
		"spki pem": armour("PUBLIC KEY", spki), "spki base64": []byte(bare(spki)), "spki der": spki,
		"lf base64": broken(spki, "\n"), "pkcs1 pem": armour("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey)),
		"pkcs1 der":   x509.MarshalPKCS1PublicKey(&key.PublicKey),
		"certificate": armour("CERTIFICATE", cert), "certificate base64": []byte(bare(cert)),
	}
	return private, public
}

func TestKeyTextIsReadLiberally(t *testing.T) {
	key := testKey()
	pkcs8, spki := must[[]byte](t)(MarshalPrivate(key)), must[[]byte](t)(MarshalPublic(&key.PublicKey))
	private, public := keyTexts(t)
	for name, text := range private {
		got, err := ParsePrivate(text)
		if err != nil || !got.Equal(key) {
			t.Errorf("%s: %v", name, err)
		}
		if pub, err := ParseVerifying(text); err != nil || !pub.Equal(&key.PublicKey) {
			t.Errorf("%s: public half: %v", name, err)
		}
		if _, err := ParsePublic(text); !errors.Is(err, ErrKey) {
			t.Errorf("%s: a private key passed as a public one: %v", name, err)
		}
		if der, isPrivate, err := Normalise(text); err != nil || !isPrivate || !bytes.Equal(der, pkcs8) {
			t.Errorf("%s: normalise: %v", name, err)
		}
	}
	for name, text := range public {
		got, err := ParsePublic(text)
		if err != nil || !got.Equal(&key.PublicKey) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ParsePrivate(text); !errors.Is(err, ErrKey) {
			t.Errorf("%s: a public key passed as a private one: %v", name, err)
		}
		if der, isPrivate, err := Normalise(text); err != nil || isPrivate || !bytes.Equal(der, spki) {
			t.Errorf("%s: normalise: %v", name, err)
		}
	}
}

func TestUnusableKeysAreExplained(t *testing.T) {
	small := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 1024))
	curve := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ec := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(curve))
	private, _ := keyTexts(t)
	cases := map[string]struct {
		text []byte
		want string
	}{
		"empty":     {[]byte(" \n"), "empty"},
		"garbage":   {[]byte("hello, world!"), "neither PEM"},
		"base64":    {[]byte("aGVsbG8gd29ybGQ="), "no PKCS#8"},
		"short":     {must[[]byte](t)(MarshalPrivate(small)), "1024 bits"},
		"elliptic":  {ec, "not an RSA key"},
		"encrypted": {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}), "passphrase"},
		"legacy": {pem.EncodeToMemory(&pem.Block{
			Type: "RSA PRIVATE KEY", Bytes: []byte("x"), Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"},
		}), "passphrase"},
		"cut pem": {private["pkcs8 pem"][:200], "no end line"},
		"cut der": {private["der"][:200], "neither PEM"},
	}
	for name, c := range cases {
		_, err := ParsePrivate(c.text)
		if !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestKeyErrorsHoldNoKey(t *testing.T) { // covers S8
	private, _ := keyTexts(t)
	text := private["pkcs8 base64"]
	rapid.Check(t, func(t *rapid.T) {
		damaged := bytes.Clone(text)
		damaged[rapid.IntRange(0, len(damaged)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		if _, err := ParsePrivate(damaged); err != nil && len(err.Error()) > 120 {
			t.Fatalf("an error of %d bytes: %v", len(err.Error()), err)
		}
	})
}

func TestSignedBodyMayBeAnything(t *testing.T) {
	key := testKey()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "body")
		signature, err := SignRSA(key, body)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyRSA(&key.PublicKey, body, signature); err != nil {
			t.Fatal(err)
		}
		if reasonOf(VerifyRSA(&key.PublicKey, append(bytes.Clone(body), 0), signature)) != ReasonMismatch {
			t.Fatal("a longer body passed")
		}
	})
}
