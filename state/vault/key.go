package vault

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strconv"
	"strings"
	"unicode/utf8"

	"paydesk/client"
	"paydesk/client/secret"
)

// Normalize brings a key as a person hands it over into the form that is
// stored. PEM, bare base64 and DER of a key become PKCS #8 DER (private) or
// PKIX DER (public); anything else is a secret text, of which one line end is
// cut off. An encrypted, broken, doubled or foreign PEM is refused rather than
// taken for a text; errors are ClassInput and never show the key.
func Normalize(raw []byte) (secret.Secret, error) {
	if strings.Contains(string(raw), "-----BEGIN") {
		return fromPEM(raw)
	}
	if der, ok := keyDER(raw); ok {
		return secret.New(der), nil
	}
	packed := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, string(raw))
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding} {
		if decoded, err := encoding.DecodeString(packed); err == nil {
			if der, ok := keyDER(decoded); ok {
				return secret.New(der), nil
			}
		}
	}
	text := bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	switch {
	case len(text) == 0:
		return secret.Secret{}, badKey(CodeEmpty, "the key is empty", "give the key on standard input, at the prompt or with --file")
	case bytes.ContainsAny(text, "\r\n\x00") || !utf8.Valid(text):
		return secret.Secret{}, badKey(CodeFormat, "this is no key: not PEM, not base64 of a key, and more than one line of text",
			"a private key is PEM or base64 of PKCS #8; a secret text is one line")
	}
	return secret.New(text), nil
}

func badKey(code, message, hint string) error {
	return &client.Error{Class: client.ClassInput, Code: code, Message: message, Hint: hint}
}

// fromPEM reads exactly one key in PEM.
func fromPEM(raw []byte) (secret.Secret, error) {
	block, rest := pem.Decode(raw)
	switch {
	case block == nil:
		return secret.Secret{}, badKey(CodeFormat, "the PEM text is damaged or cut off", "copy it again, with its BEGIN and END lines")
	case strings.Contains(string(rest), "-----BEGIN"):
		return secret.Secret{}, badKey(CodeFormat, "there is more than one PEM block", "give one key at a time")
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return secret.Secret{}, badKey(CodeFormat, "the private key is protected by a passphrase",
			"take it off for the hand-over, without a file: openssl pkcs8 -in KEY | paydesk key set …")
	}
	der, ok := keyDER(block.Bytes)
	if !ok {
		return secret.Secret{}, badKey(CodeFormat, "PEM of type "+strconv.QuoteToASCII(block.Type)+" holds no key that paydesk can use",
			"right are PRIVATE KEY, RSA PRIVATE KEY, PUBLIC KEY and RSA PUBLIC KEY")
	}
	return secret.New(der), nil
}

// keyDER is a key's DER in the stored form; ok is false when it is no key.
func keyDER(der []byte) (stored []byte, ok bool) {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return der, true
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		stored, err = x509.MarshalPKCS8PrivateKey(key)
		return stored, err == nil
	}
	if _, err := x509.ParsePKIXPublicKey(der); err == nil {
		return der, true
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		stored, err = x509.MarshalPKIXPublicKey(key)
		return stored, err == nil
	}
	return nil, false
}

// Fingerprint describes a stored key without giving it away. Of a private or
// public key it is "SHA256:" and the base64 of the SHA-256 of the public half
// (PKIX DER), the same for both halves, so that it can be compared with the
// portal's. A secret text has none: a digest of it, even a cut one, would let
// anybody who sees the screen test guesses, and a keyed one could be compared
// with nothing. Only its length is told, which shows a cut-off paste.
func Fingerprint(s secret.Secret) string {
	if s.Empty() {
		return "empty"
	}
	public, ok := publicHalf(s.Reveal())
	if !ok {
		return "text of " + strconv.Itoa(utf8.RuneCount(s.Reveal())) + " characters"
	}
	sum := sha256.Sum256(public)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// publicHalf is the PKIX DER of a key's public half.
func publicHalf(raw []byte) (der []byte, ok bool) {
	stored, ok := keyDER(raw)
	if !ok {
		return nil, false
	}
	private, err := x509.ParsePKCS8PrivateKey(stored)
	if err != nil {
		return stored, true // a public key
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, false
	}
	der, err = x509.MarshalPKIXPublicKey(signer.Public())
	return der, err == nil
}
