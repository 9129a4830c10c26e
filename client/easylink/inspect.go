package easylink

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/sign"
	"paydesk/client/internal/strict"
	"paydesk/client/internal/wire"
)

// Kinds of bodies that the inspector knows.
const (
	KindRequest  = "request"
	KindAnswer   = "answer"
	KindCallback = "callback"
)

// inspected is a body taken apart.
type inspected struct {
	signed object   // what its signature stands over
	others []object // what it may stand over as well
	all    object   // everything that came, without the signature
	sign   string   // the body's own signature
}

// Sign is the inspector's signing: it signs a body of one kind, JSON or form,
// with the application's secret in key. A request is signed over what the
// gateway will read of it (easylink: section 4.3) when it is a whole request, an
// answer over its data, anything else over all members; a signature inside does
// not count. ClassInput when the kind, the key or the body makes no sense.
func Sign(kind string, key, body []byte) (client.Inspection, error) {
	key, _, err := NormaliseKey(key)
	if err != nil {
		return client.Inspection{}, err
	}
	in, err := take(kind, body)
	if err != nil {
		return client.Inspection{}, bodyInput(err)
	}
	found := inspection(in.signed, key)
	found.Valid, found.Sign = true, found.Expected
	return found, nil
}

// Verify is the inspector's check of a signature over a body of one kind, JSON
// or form. An empty signature means the one inside the body. A callback is also
// valid over its documented fields alone (easylink: section 9). ClassInput when
// the kind, the key or the body makes no sense; a body that has a name twice is
// readable, but never valid.
func Verify(kind string, key, body []byte, signature string) (client.Inspection, error) {
	key, _, err := NormaliseKey(key)
	if err != nil {
		return client.Inspection{}, err
	}
	in, err := take(kind, body)
	switch {
	case errors.Is(err, strict.ErrAmbiguous), errors.Is(err, errNoData):
		return client.Inspection{Sign: signature, Reason: err.Error(), Different: -1}, nil
	case err != nil:
		return client.Inspection{}, bodyInput(err)
	}
	if signature == "" {
		signature = in.sign
	}
	for _, signed := range append([]object{in.signed}, in.others...) {
		if sign.VerifyMD5(pairs(signed), key, signature) == nil {
			found := inspection(signed, key)
			found.Valid, found.Sign = true, signature
			return found, nil
		}
	}
	return in.mismatch(key, signature), nil
}

// mismatch is what there is to find out about a signature that is not valid.
func (in inspected) mismatch(key []byte, signature string) client.Inspection {
	found := inspection(in.signed, key)
	found.Sign, found.Different = signature, sign.Difference(signature, found.Expected)
	found.Reason = in.reason(key, signature)
	return found
}

// finding is mismatch as it is kept: redacted member by member, by the rules that
// hold for the body. keep is as in wire.Redact.
func (in inspected) finding(key []byte, signature string, hide wire.Secrets, keep ...string) *client.Inspection {
	found := in.mismatch(key, sign.Hide(signature, key))
	text := sign.JoinMD5(wire.RedactPairs(sign.HidePairs(sign.PairsMD5(pairs(in.signed)), key), keep...))
	found.SignedText = shown(hide.Hide(text), key)
	return wire.Finding(found)
}

// take reads a body and finds what its signature stands over.
func take(kind string, body []byte) (inspected, error) {
	var o object
	var err error
	switch kind {
	case KindRequest, KindAnswer, KindCallback:
		o, err = parseBody(body, kind == KindRequest)
	default:
		err = fmt.Errorf("the kind is %.20q; right is request, answer or callback", kind)
	}
	if err != nil {
		return inspected{}, err
	}
	in := inspected{all: o.Without(signMember), sign: o.Text(signMember)}
	in.signed = in.all
	switch kind {
	case KindRequest:
		if bound, ok := bind(in.all); ok {
			in.signed = bound
		}
	case KindAnswer:
		if o.Get("data") != nil || o.Get("code") != nil {
			in.signed, err = envelopeData(o)
		}
	case KindCallback:
		in.others = documented(in.all)
	}
	return in, err
}

// parseBody reads JSON, or else a form.
func parseBody(body []byte, last bool) (object, error) {
	bare := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	switch {
	case len(bare) == 0:
		return nil, errors.New("the body is empty")
	case bare[0] == '{' || bare[0] == '[' || bare[0] == '"':
		return strict.Parse(body)
	case !bytes.ContainsRune(bare, '='):
		return nil, strict.ErrNotForm
	}
	return strict.ParseForm(body, strict.FormRules{Lone: true, Last: last})
}

// reason says why a signature is not valid, and what it is instead as far as
// that can be found out. It only explains; it never accepts.
func (in inspected) reason(key []byte, signature string) string {
	err := sign.VerifyMD5(pairs(in.signed), key, signature)
	var fault *sign.Fault
	switch {
	case errors.As(err, &fault) && fault.Reason == sign.ReasonMissing:
		return "no signature given"
	case errors.As(err, &fault) && fault.Reason != sign.ReasonMismatch:
		return fault.Error()
	}
	made := func(text string, key []byte) bool { return strings.EqualFold(sign.DigestMD5(text, key), signature) }
	switch {
	case sign.VerifyMD5(pairs(in.all), key, signature) == nil:
		return "signature does not match: it is made over all members, but the gateway makes numbers canonical, knows its own names only, and an answer's signature stands over data alone"
	case made(joined(in.signed.ByName(), false), key):
		return "signature does not match: it is made with the names in plain ASCII order; the whole texts are sorted ignoring case"
	case made(joined(in.signed.ByName(), true), key), made(joined(in.all.ByName(), true), key):
		return "signature does not match: it is made with the empty values included"
	case made(sign.TextMD5(pairs(in.signed.Without("signType"))), key):
		return "signature does not match: it is made without signType, which is signed too"
	case made(sign.TextMD5(pairs(in.signed)), nil):
		return "signature does not match: it is made without the secret"
	}
	return fault.Error()
}

// joined writes members as signed texts in the order in which they are.
func joined(o object, empties bool) string {
	var out strings.Builder
	for _, pair := range pairs(o) {
		if pair[1] != "" || empties {
			out.WriteString(pair[0] + "=" + pair[1] + "&")
		}
	}
	return out.String()
}

// inspection fills what follows from the signed members and the secret.
func inspection(signed object, key []byte) client.Inspection {
	text := sign.TextMD5(pairs(signed))
	digest := sha256.New()
	digest.Write([]byte(text))
	digest.Write([]byte("key="))
	digest.Write(key)
	return client.Inspection{
		SignedText: shown(text, key), SignedSHA256: hex.EncodeToString(digest.Sum(nil)),
		Expected: sign.DigestMD5(text, key), Different: -1,
	}
}

// shown is a text without the secret, and with what stands for it at its end.
func shown(text string, key []byte) string { return sign.Hide(text, key) + "key=" + sign.Mask }

func bodyInput(cause error) error {
	return &client.Error{
		Class: client.ClassInput, Code: "body", Message: "the body cannot be inspected", Err: cause,
		Hint: "give the exact JSON or form body, and its kind: request, answer or callback",
	}
}
