package easylink

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"paydesk/client"
	"paydesk/client/internal/sign"
)

// Kinds of bodies that the inspector knows.
const (
	KindRequest  = "request"
	KindAnswer   = "answer"
	KindCallback = "callback"
)

// mask stands for the secret in a shown text (S11).
const mask = "•••"

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
	case errors.Is(err, errAmbiguous), errors.Is(err, errNoData):
		return client.Inspection{Sign: signature, Reason: err.Error(), Different: -1}, nil
	case err != nil:
		return client.Inspection{}, bodyInput(err)
	}
	if signature == "" {
		signature = in.sign
	}
	for _, signed := range append([]object{in.signed}, in.others...) {
		if sign.VerifyMD5(signed.pairs(), key, signature) == nil {
			found := inspection(signed, key)
			found.Valid, found.Sign = true, signature
			return found, nil
		}
	}
	found := inspection(in.signed, key)
	found.Sign, found.Different = signature, difference(signature, found.Expected)
	found.Reason = in.reason(key, signature)
	return found, nil
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
	in := inspected{all: o.without(signMember), sign: o.text(signMember)}
	in.signed = in.all
	switch kind {
	case KindRequest:
		if bound, ok := bind(in.all); ok {
			in.signed = bound
		}
	case KindAnswer:
		if o.get("data") != nil || o.get("code") != nil {
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
		return parseJSON(body)
	case !bytes.ContainsRune(bare, '='):
		return nil, errNotForm
	}
	return parseForm(body, last)
}

// reason says why a signature is not valid, and what it is instead as far as
// that can be found out. It only explains; it never accepts.
func (in inspected) reason(key []byte, signature string) string {
	err := sign.VerifyMD5(in.signed.pairs(), key, signature)
	var fault *sign.Fault
	switch {
	case errors.As(err, &fault) && fault.Reason == sign.ReasonMissing:
		return "no signature given"
	case errors.As(err, &fault) && fault.Reason != sign.ReasonMismatch:
		return fault.Error()
	}
	made := func(text string, key []byte) bool { return strings.EqualFold(sign.DigestMD5(text, key), signature) }
	switch {
	case sign.VerifyMD5(in.all.pairs(), key, signature) == nil:
		return "signature does not match: it is made over all members, but the gateway makes numbers canonical, knows its own names only, and an answer's signature stands over data alone"
	case made(joined(byName(in.signed), false), key):
		return "signature does not match: it is made with the names in plain ASCII order; the whole texts are sorted ignoring case"
	case made(joined(byName(in.signed), true), key), made(joined(byName(in.all), true), key):
		return "signature does not match: it is made with the empty values included"
	case made(sign.TextMD5(in.signed.without("signType").pairs()), key):
		return "signature does not match: it is made without signType, which is signed too"
	case made(sign.TextMD5(in.signed.pairs()), nil):
		return "signature does not match: it is made without the secret"
	}
	return fault.Error()
}

// byName is a copy of o in plain order of its names.
func byName(o object) object {
	sorted := slices.Clone(o)
	slices.SortStableFunc(sorted, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return sorted
}

// joined writes members as signed texts in the order in which they are.
func joined(o object, empties bool) string {
	var out strings.Builder
	for _, pair := range o.pairs() {
		if pair[1] != "" || empties {
			out.WriteString(pair[0] + "=" + pair[1] + "&")
		}
	}
	return out.String()
}

// inspection fills what follows from the signed members and the secret.
func inspection(signed object, key []byte) client.Inspection {
	text := sign.TextMD5(signed.pairs())
	digest := sha256.New()
	digest.Write([]byte(text))
	digest.Write([]byte("key="))
	digest.Write(key)
	return client.Inspection{
		SignedText: masked(text, key) + "key=" + mask, SignedSHA256: hex.EncodeToString(digest.Sum(nil)),
		Expected: sign.DigestMD5(text, key), Different: -1,
	}
}

// masked hides a secret that somebody put among the values. A very short one is
// left, because hiding it would give it away by what is missing.
func masked(text string, key []byte) string {
	if len(key) < 8 {
		return text
	}
	return strings.ReplaceAll(text, string(key), mask)
}

// difference is the first byte at which a signature differs from the right one,
// upper and lower case being alike; −1 when there is nothing to compare.
func difference(given, right string) int {
	if given == "" {
		return -1
	}
	for i := range min(len(given), len(right)) {
		if !strings.EqualFold(given[i:i+1], right[i:i+1]) {
			return i
		}
	}
	return min(len(given), len(right))
}

func bodyInput(cause error) error {
	return &client.Error{
		Class: client.ClassInput, Code: "body", Message: "the body cannot be inspected", Err: cause,
		Hint: "give the exact JSON or form body, and its kind: request, answer or callback",
	}
}
