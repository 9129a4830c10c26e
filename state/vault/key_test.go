package vault

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/client/secret"
)

func TestNormalize(t *testing.T) {
	private, public, key := rsaKey(t, 2048)
	old := x509.MarshalPKCS1PrivateKey(key)
	block := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	folded := func(der []byte) []byte {
		return []byte(strings.Join(strings.SplitAfter(base64.StdEncoding.EncodeToString(der), "MII"), "\r\n ") + "\n")
	}
	for name, tc := range map[string]struct{ raw, want []byte }{
		"PKCS #8 PEM":          {block("PRIVATE KEY", private), private},
		"PKCS #8 PEM, chatter": {append([]byte("Bag Attributes\n"), block("PRIVATE KEY", private)...), private},
		"PKCS #1 PEM":          {block("RSA PRIVATE KEY", old), private},
		"PKCS #8 DER":          {private, private},
		"PKCS #1 DER":          {old, private},
		"base64 on one line":   {[]byte(base64.StdEncoding.EncodeToString(private)), private},
		"base64 without pad":   {[]byte(base64.RawStdEncoding.EncodeToString(private)), private},
		"base64, folded":       {folded(private), private},
		"public PEM":           {block("PUBLIC KEY", public), public},
		"PKCS #1 public PEM":   {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey)), public},
		"public base64":        {[]byte(base64.StdEncoding.EncodeToString(public)), public},
		"text":                 {[]byte("s3cr3t"), []byte("s3cr3t")},
		"text with line end":   {[]byte("s3cr3t\r\n"), []byte("s3cr3t")},
		"text with blanks":     {[]byte(" a b \n"), []byte(" a b ")},
		"base64 of something":  {[]byte("aGVsbG8="), []byte("aGVsbG8=")},
	} {
		got, err := Normalize(tc.raw)
		if err != nil || !bytes.Equal(got.Reveal(), tc.want) {
			t.Errorf("%s: %v, %d bytes, want %d", name, err, len(got.Reveal()), len(tc.want))
		}
	}
	const canary = "canary"
	for name, tc := range map[string]struct {
		raw  []byte
		code string
	}{
		"empty":        {nil, CodeEmpty},
		"line end":     {[]byte("\n"), CodeEmpty},
		"two lines":    {[]byte(canary + "\nb\n"), CodeFormat},
		"binary":       {[]byte{0x30, 0x82, 0, 1}, CodeFormat},
		"cut off":      {block("PRIVATE KEY", private)[:300], CodeFormat},
		"two blocks":   {append(block("PRIVATE KEY", private), block("PUBLIC KEY", public)...), CodeFormat},
		"passphrase":   {block("ENCRYPTED PRIVATE KEY", []byte(canary)), CodeFormat},
		"certificate":  {block("CERTIFICATE", []byte(canary)), CodeFormat},
		"broken inner": {block("PRIVATE KEY", private[:100]), CodeFormat},
	} {
		_, err := Normalize(tc.raw)
		if client.ClassOf(err) != client.ClassInput || codeOf(err) != tc.code || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v, want code %s without the key", name, err, tc.code)
		}
	}
}

func TestFingerprint(t *testing.T) { // covers S8
	private, public, _ := rsaKey(t, 2048)
	of := Fingerprint(secret.New(private))
	if of != Fingerprint(secret.New(public)) || !strings.HasPrefix(of, "SHA256:") || len(of) != len("SHA256:")+43 {
		t.Errorf("private %s, public %s: want the same", of, Fingerprint(secret.New(public)))
	}
	other, _, _ := rsaKey(t, 2048)
	if Fingerprint(secret.New(other)) == of {
		t.Error("two keys have the same fingerprint")
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	if got := Fingerprint(secret.New(der)); !strings.HasPrefix(got, "SHA256:") {
		t.Errorf("EC key: %s", got)
	}
	if a, b := Fingerprint(text("abcdef")), Fingerprint(text("ghijkl")); a != b || a != "text of 6 characters" {
		t.Errorf("%q and %q: a secret text must not be told apart", a, b)
	}
	if got := Fingerprint(secret.Secret{}); got != "empty" {
		t.Errorf("got %s", got)
	}
}

// A fixed key, whose fingerprint was computed with
// openssl pkey -pubout -outform DER | openssl dgst -sha256 -binary | base64.
func TestFingerprintIsTheOneOfOpenSSL(t *testing.T) {
	raw, err := os.ReadFile("testdata/public.pem")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/public.sha256")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Normalize(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := Fingerprint(s); got != strings.TrimSpace(string(want)) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestKeyFiles(t *testing.T) {
	private, _, _ := rsaKey(t, 2048)
	dir := t.TempDir()
	put := func(name string, raw []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := Files(dir)
	refused(t, v.Probe(t.Context()), CodeNotFound)
	put("merchant_private_key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	put("app_secret.txt", []byte("s3cr3t\n"))
	put("twice.txt", []byte("a"))
	put("twice.key", []byte("a"))
	put("broken.pem", []byte("-----BEGIN"))
	put("huge.txt", make([]byte, maxKeyFile+1))
	if err := os.Symlink(filepath.Join(dir, "app_secret.txt"), filepath.Join(dir, "link.txt")); err != nil {
		t.Skip("no links here:", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][]byte{"merchant_private_key": private, "app_secret": []byte("s3cr3t")} {
		if got, err := v.Get(t.Context(), shop, key); err != nil || !bytes.Equal(got.Reveal(), want) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for key, code := range map[string]string{
		"none": CodeNotFound, "twice": CodeFile, "broken": CodeFile, "huge": CodeFile, "link": CodeFile, "folder": CodeFile,
	} {
		_, err := v.Get(t.Context(), shop, key)
		refused(t, err, code)
	}
	_, err := v.Get(t.Context(), shop, "../x")
	refusal(t, err, client.ClassInput, CodeName, "")
	refused(t, v.Set(t.Context(), shop, key, text("x")), CodeReadOnly)
	refused(t, v.Remove(t.Context(), shop, key), CodeReadOnly)
	if err := v.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	linked := filepath.Join(t.TempDir(), "keys")
	if err := os.Symlink(dir, linked); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{linked, filepath.Join(dir, "none"), filepath.Join(dir, "twice.txt")} {
		_, err := Files(bad).Get(t.Context(), shop, "app_secret")
		refused(t, err, CodeFile)
	}
	refused(t, Files(filepath.Join(dir, "none")).Probe(t.Context()), CodeFile)
	if bare(errors.New("x")).Error() != "x" || bare(nil) != nil {
		t.Error("bare changes other errors")
	}
}
