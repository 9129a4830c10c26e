package payermax

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/wire"
)

// Sign is the inspector's signing: it signs the exact bytes of body with the
// private key in key (PEM, base64 or DER). Requests, answers and callbacks are
// all signed alike (payermax: section 4). ClassInput when the key is no RSA
// private key.
func Sign(key, body []byte) (client.Inspection, error) {
	private, err := sign.ParsePrivate(key)
	if err != nil {
		return client.Inspection{}, keyInput(err)
	}
	text, err := sign.SignRSA(private, body)
	if err != nil {
		return client.Inspection{}, keyInput(err)
	}
	found := inspection(body, text)
	found.Valid = true
	return found, nil
}

// Verify is the inspector's check of a signature over the exact bytes of body.
// key holds a public key, or a private one whose public half is used. A body of
// this protocol has no signature inside, so an empty signature is simply not
// valid. ClassInput when the key cannot be read.
func Verify(key, body []byte, signature string) (client.Inspection, error) {
	public, err := sign.ParseVerifying(key)
	if err != nil {
		return client.Inspection{}, keyInput(err)
	}
	return check(public, body, signature), nil
}

// check is what there is to find out about one signature.
func check(public *rsa.PublicKey, body []byte, signature string) client.Inspection {
	found := inspection(body, signature)
	err := sign.VerifyRSA(public, body, signature)
	var fault *sign.Fault
	switch {
	case err == nil:
		found.Valid = true
	case errors.As(err, &fault) && fault.Reason == sign.ReasonMissing:
		found.Reason = "no signature given"
	default:
		found.Reason = err.Error()
	}
	return found
}

// finding is what is kept about a body whose signature is missing or wrong: what
// the inspector says of it, with the text as it is shown. Of several signatures
// none counts (payermax: section 4 rule 4).
func finding(public *rsa.PublicKey, body, shown []byte, signatures []string) *client.Inspection {
	found := check(public, body, strings.Join(signatures, ", "))
	if _, err := sign.One(signatures); err != nil && len(signatures) > 1 {
		found.Valid, found.Reason = false, err.Error()
	}
	found.SignedText = string(shown)
	return wire.Finding(found)
}

// inspection fills what does not depend on the key. The scheme is asymmetric:
// there is no expected value to compare with.
func inspection(body []byte, signature string) client.Inspection {
	sum := sha256.Sum256(body)
	return client.Inspection{
		Sign: signature, SignedText: string(body), SignedSHA256: hex.EncodeToString(sum[:]), Different: -1,
	}
}

// NormaliseKey turns any accepted key text into raw DER, the form in which keys
// are stored: PKCS#8 for a private key, SubjectPublicKeyInfo for a public one.
// ClassInput when it is no RSA key of at least 2048 bits.
func NormaliseKey(text []byte) (der []byte, private bool, err error) {
	der, private, err = sign.Normalise(text)
	if err != nil {
		return nil, false, keyInput(err)
	}
	return der, private, nil
}

func keyInput(err error) error {
	return &client.Error{
		Class: client.ClassInput, Code: "key", Message: "the key cannot be used", Err: err,
		Hint: "give an RSA key as PEM, as base64 of its DER, or as DER",
	}
}
