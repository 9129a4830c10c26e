// Package sign owns the signature schemes of the gateways and the reading of
// key material for them. It works on the exact bytes it is given: it never
// re-encodes, trims or sorts a body, never does network or disk work, and never
// puts a key or a signed text into an error.
package sign

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// Reason says why a signature is not accepted, in words fit for a person and
// stable enough for a test.
type Reason string

// The reasons of a Fault.
const (
	ReasonMissing  Reason = "missing"              // no signature, or an empty one
	ReasonSeveral  Reason = "more than one"        // several signature headers: which one counts is anybody's guess
	ReasonBase64   Reason = "not canonical base64" // other alphabet, no padding, blanks, line ends, stray bits
	ReasonLength   Reason = "wrong length"         // not as long as the key's modulus
	ReasonMismatch Reason = "does not match"       // well formed, but not this key's signature over these bytes
)

// Fault is a signature that was not accepted.
type Fault struct {
	Reason Reason
	Detail string // what was seen, without any part of the signature; may be empty
}

// Error renders "signature <reason>: <detail>".
func (f *Fault) Error() string {
	if f.Detail == "" {
		return "signature " + string(f.Reason)
	}
	return "signature " + string(f.Reason) + ": " + f.Detail
}

// One returns the single value of a signature header, or a *Fault when there is
// none, an empty one, or more than one (payermax: section 4 rule 4).
func One(values []string) (string, error) {
	switch {
	case len(values) > 1:
		return "", &Fault{Reason: ReasonSeveral, Detail: fmt.Sprintf("%d signature headers", len(values))}
	case len(values) == 0 || values[0] == "":
		return "", &Fault{Reason: ReasonMissing}
	}
	return values[0], nil
}

// SignRSA signs the exact bytes of body with SHA256withRSA (RSASSA-PKCS1-v1_5)
// and returns standard padded base64 in one line (payermax: section 4). The
// scheme is deterministic: same key and body, same text.
func SignRSA(key *rsa.PrivateKey, body []byte) (string, error) { //nolint:revive // the pair is SignRSA and VerifyRSA
	digest := sha256.Sum256(body)
	raw, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign: rsa: %w", err)
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// VerifyRSA checks a SHA256withRSA signature over the exact bytes of body. sign
// must be canonical standard base64 with padding and nothing around it, and as
// long as the key's modulus; everything else is a *Fault.
func VerifyRSA(key *rsa.PublicKey, body []byte, sign string) error {
	raw, err := strictBase64(sign)
	if err != nil {
		return err
	}
	if len(raw) != key.Size() {
		return &Fault{Reason: ReasonLength, Detail: fmt.Sprintf("%d bytes, the key makes %d", len(raw), key.Size())}
	}
	digest := sha256.Sum256(body)
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) != nil {
		return &Fault{Reason: ReasonMismatch, Detail: diagnose(key, raw)}
	}
	return nil
}

// strictBase64 decodes canonical standard base64. Go's decoder skips CR and LF
// even in strict mode, therefore they are refused beforehand.
func strictBase64(text string) ([]byte, error) {
	if text == "" {
		return nil, &Fault{Reason: ReasonMissing}
	}
	if strings.ContainsAny(text, "\r\n") {
		return nil, &Fault{Reason: ReasonBase64, Detail: "line end inside"}
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, &Fault{Reason: ReasonBase64, Detail: fmt.Sprintf("%d characters", len(text))}
	}
	return raw, nil
}
