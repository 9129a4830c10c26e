package sign

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// MinBits is the shortest RSA modulus that is accepted (payermax: section 4
// rule 7).
const MinBits = 2048

// ErrKey is what every refusal of key material wraps. The text around it says
// what is wrong and what would be right, and never holds a part of the key.
var ErrKey = errors.New("unusable key")

// keyError wraps ErrKey with what is wrong.
func keyError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrKey}, args...)...)
}

// ParsePrivate reads an RSA private key of at least MinBits from PEM, bare
// base64 DER (line breaks allowed) or raw DER; PKCS#8 and PKCS#1.
func ParsePrivate(text []byte) (*rsa.PrivateKey, error) {
	private, _, err := parse(text)
	if err != nil {
		return nil, err
	}
	if private == nil {
		return nil, keyError("a public key was given where the private key is needed")
	}
	return private, nil
}

// ParsePublic reads an RSA public key of at least MinBits from PEM, bare base64
// DER or raw DER; SubjectPublicKeyInfo, PKCS#1 or an X.509 certificate. A
// private key is refused: the other side's key is never a private one, so a
// private key in its place is a mix-up.
func ParsePublic(text []byte) (*rsa.PublicKey, error) {
	private, public, err := parse(text)
	if err != nil {
		return nil, err
	}
	if private != nil {
		return nil, keyError("a private key was given where a public key is needed")
	}
	return public, nil
}

// ParseVerifying is ParsePublic, but a private key is taken too and its public
// half used. It is for inspecting signatures with whatever key is at hand.
func ParseVerifying(text []byte) (*rsa.PublicKey, error) {
	_, public, err := parse(text)
	return public, err
}

// MarshalPrivate returns the key as raw PKCS#8 DER.
func MarshalPrivate(key *rsa.PrivateKey) ([]byte, error) { return x509.MarshalPKCS8PrivateKey(key) }

// MarshalPublic returns the key as raw SubjectPublicKeyInfo DER.
func MarshalPublic(key *rsa.PublicKey) ([]byte, error) { return x509.MarshalPKIXPublicKey(key) }

// Normalise turns any accepted key text into the one form that is stored: raw
// DER, PKCS#8 for a private key and SubjectPublicKeyInfo for a public one
// (reliability: section 9, PEM does not fit every keyring).
func Normalise(text []byte) (der []byte, private bool, err error) {
	priv, pub, err := parse(text)
	switch {
	case err != nil:
		return nil, false, err
	case priv != nil:
		der, err = MarshalPrivate(priv)
		return der, true, err
	default:
		der, err = MarshalPublic(pub)
		return der, false, err
	}
}

// parse reads a key of either kind. The public half is always set on success,
// the private one only for a private key.
func parse(text []byte) (*rsa.PrivateKey, *rsa.PublicKey, error) {
	der, err := toDER(text)
	if err != nil {
		return nil, nil, err
	}
	key, err := fromDER(der)
	if err != nil {
		return nil, nil, err
	}
	var private *rsa.PrivateKey
	var public *rsa.PublicKey
	switch k := key.(type) {
	case *rsa.PrivateKey:
		private, public = k, &k.PublicKey
	case *rsa.PublicKey:
		public = k
	default:
		return nil, nil, keyError("not an RSA key; the gateway takes RSA only")
	}
	if bits := public.N.BitLen(); bits < MinBits {
		return nil, nil, keyError("%d bits, at least %d are needed", bits, MinBits)
	}
	return private, public, nil
}

// fromDER tries every container in turn. Their first members differ, so at most
// one of them can succeed.
func fromDER(der []byte) (any, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKIXPublicKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	if cert, err := x509.ParseCertificate(der); err == nil {
		return cert.PublicKey, nil
	}
	return nil, keyError("the bytes are no PKCS#8, PKCS#1 or SubjectPublicKeyInfo key")
}

// toDER strips PEM lines and base64 from key text; raw DER passes through.
func toDER(text []byte) ([]byte, error) {
	if der, ok := rawDER(text); ok {
		return der, nil
	}
	trimmed := strings.TrimSpace(strings.TrimPrefix(string(text), "\ufeff"))
	trimmed = strings.TrimSpace(strings.Trim(trimmed, `"'`))
	if trimmed == "" {
		return nil, keyError("it is empty")
	}
	if strings.Contains(trimmed, "-----BEGIN ") {
		return fromPEM(trimmed)
	}
	return fromBase64(trimmed)
}

// rawDER reports whether data is one DER sequence, perhaps with blank bytes
// behind it as an editor leaves them.
func rawDER(data []byte) ([]byte, bool) {
	var value asn1.RawValue
	if len(data) == 0 || data[0] != 0x30 {
		return nil, false
	}
	rest, err := asn1.Unmarshal(data, &value)
	if err != nil || len(bytes.TrimSpace(rest)) != 0 {
		return nil, false
	}
	return value.FullBytes, true
}

// fromPEM takes the first key or certificate out of PEM text. Text whose line
// breaks were lost or written as \n, as happens on the way through forms and
// configuration files, is accepted too.
func fromPEM(text string) ([]byte, error) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return nil, keyError("it is encrypted with a passphrase; decrypt it first")
		}
		if strings.HasSuffix(block.Type, "KEY") || block.Type == "CERTIFICATE" {
			return block.Bytes, nil
		}
	}
	_, body, _ := strings.Cut(text, "-----BEGIN ")
	kind, body, found := strings.Cut(body, "-----")
	if strings.Contains(kind, "ENCRYPTED") || strings.Contains(body, "DEK-Info") {
		return nil, keyError("it is encrypted with a passphrase; decrypt it first")
	}
	body, _, ended := strings.Cut(body, "-----END ")
	if !found || !ended {
		return nil, keyError("the PEM text has no end line")
	}
	return fromBase64(strings.ReplaceAll(body, `\n`, ""))
}

// fromBase64 decodes bare base64 with blanks and line breaks anywhere, padded
// or not.
func fromBase64(text string) ([]byte, error) {
	bare := strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	der, err := base64.RawStdEncoding.DecodeString(bare)
	if err != nil {
		return nil, keyError("it is neither PEM, base64 nor DER")
	}
	return der, nil
}
