package paycools

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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

// Further dialects of the inspector: variants of PH and PH2 that a setting
// switches on (paycools: sections 3.1 and 3.2).
const (
	PHOld    = "PH-OLD"    // requests signed as SHA1withRSA
	PH2Param = "PH2-PARAM" // the text of param alone is signed
)

// inspected is a body taken apart for one scheme.
type inspected struct {
	text    string      // what is signed, without the secret
	members [][2]string // of which text is made; nil when it is one member's text
	keyed   bool        // SHA-1 with the secret; else RSA
	sha1    bool        // RSA over SHA-1
	sign    string      // the body's own signature
	others  []other
}

// other is what somebody may have signed in place of the right text.
type other struct{ text, why string }

// Sign is the inspector's signing of a body of one kind, JSON or form, in a
// dialect (PH, PH2, GROUP, PHOld or PH2Param, in any case; empty: PH). Requests,
// and callbacks of the group, are signed with the RSA private key in key; other
// callbacks with the callback secret in key. A signature inside the body does not
// count. ClassInput when dialect, kind, key or body make no sense; answers are
// never signed, so there is no signing one.
func Sign(dialect, kind string, key, body []byte) (client.Inspection, error) {
	in, err := inspect(dialect, kind, key, body)
	if err != nil {
		return client.Inspection{}, bodyInput(err)
	}
	if in.keyed {
		secretText, _, err := NormaliseSecret(key)
		if err != nil {
			return client.Inspection{}, err
		}
		found := in.keyedInspection(secretText)
		found.Valid, found.Sign = true, found.Expected
		return found, nil
	}
	private, err := sign.ParsePrivate(key)
	if err != nil {
		return client.Inspection{}, keyInput(err)
	}
	made, err := sign.SignRSA(private, []byte(in.text))
	if in.sha1 {
		made, err = sign.SignRSASHA1(private, []byte(in.text))
	}
	if err != nil {
		return client.Inspection{}, keyInput(err)
	}
	found := in.rsaInspection(made)
	found.Valid = true
	return found, nil
}

// Verify is the inspector's check of a signature over a body, as in Sign. An
// empty signature means the body's own. key holds a public key, a private one
// whose public half is used, or the callback secret. A callback with a param is
// checked as the group's whenever key is an RSA key. A body that has a name twice
// is readable, but never valid; nor is an answer, which carries no signature.
// Expected is filled for the callback secret only.
func Verify(dialect, kind string, key, body []byte, signature string) (client.Inspection, error) {
	in, err := inspect(dialect, kind, key, body)
	switch {
	case errors.Is(err, strict.ErrAmbiguous), errors.Is(err, errUnsigned):
		return client.Inspection{Sign: signature, Reason: err.Error(), Different: -1}, nil
	case err != nil:
		return client.Inspection{}, bodyInput(err)
	}
	if signature == "" {
		signature = in.sign
	}
	if in.keyed {
		secretText, _, err := NormaliseSecret(key)
		if err != nil {
			return client.Inspection{}, err
		}
		return in.checkKeyed(secretText, signature), nil
	}
	public, err := sign.ParseVerifying(key)
	if err != nil {
		return client.Inspection{}, keyInput(err)
	}
	return in.checkRSA(public, signature), nil
}

// checkKeyed is what there is to find out about a signature with the secret.
func (in inspected) checkKeyed(key []byte, signature string) client.Inspection {
	found := in.keyedInspection(key)
	found.Sign, found.Different = signature, sign.Difference(signature, found.Expected)
	found.Reason = in.reason(func(text string) error { return sign.VerifySHA1(text, key, signature) })
	if found.Valid = found.Reason == ""; found.Valid {
		found.Different = -1
	}
	return found
}

// checkRSA is what there is to find out about an RSA signature.
func (in inspected) checkRSA(public *rsa.PublicKey, signature string) client.Inspection {
	verify := sign.VerifyRSA
	if in.sha1 {
		verify = sign.VerifyRSASHA1
	}
	found := in.rsaInspection(signature)
	found.Reason = in.reason(func(text string) error { return verify(public, []byte(text), signature) })
	found.Valid = found.Reason == ""
	return found
}

// finding is such an inspection as it is kept: without the callback secret, and
// redacted by the rules that hold for the body. keep is as in wire.Redact.
func (in inspected) finding(found client.Inspection, key []byte, keep ...string) *client.Inspection {
	found.Sign = sign.Hide(found.Sign, key)
	if in.members == nil {
		found.SignedText = sign.Hide(string(wire.Redact([]byte(in.text), keep...)), key)
		return wire.Finding(found)
	}
	found.SignedText = shown(sign.JoinSorted(wire.RedactPairs(sign.HidePairs(sign.PairsSorted(in.members), key), keep...)), key)
	return wire.Finding(found)
}

// errUnsigned says why an answer cannot be inspected.
var errUnsigned = errors.New("PayCools does not sign its answers; TLS alone vouches for them")

// inspect finds what a body's signature stands over.
func inspect(dialect, kind string, key, body []byte) (inspected, error) {
	dialect = foldDialect(dialect)
	if dialect == "" {
		dialect = PH
	}
	if !slices.Contains([]string{PH, PH2, GROUP, PHOld, PH2Param}, dialect) {
		return inspected{}, fmt.Errorf("the dialect is %.20q; right is PH, PH2, GROUP, PH-OLD or PH2-PARAM", dialect)
	}
	switch kind {
	case KindRequest, KindCallback:
	case KindAnswer:
		return inspected{}, errUnsigned
	default:
		return inspected{}, fmt.Errorf("the kind is %.20q; right is request, answer or callback", kind)
	}
	if dialect == GROUP || dialect == PH2Param && kind == KindRequest {
		return inspectParam(body)
	}
	t, err := take(body)
	if err != nil {
		return inspected{}, err
	}
	in := t.flat(body)
	in.sha1 = dialect == PHOld && kind == KindRequest
	if kind == KindCallback {
		_, enveloped := t.body.Get("param").(string)
		if _, err := sign.ParseVerifying(key); err == nil && enveloped {
			return t.inParam(body), nil
		}
		in.keyed = true
	}
	return in, nil
}

// flat is a body whose members are signed side by side.
func (t taken) flat(body []byte) inspected {
	in := inspected{text: sign.TextSorted(t.members), members: t.members, sign: t.sign, others: []other{
		{withEmpty(t.members), "the empty members included"},
		{string(body), "the bytes of the whole body"},
	}}
	if param, ok := t.body.Get("param").(string); ok {
		in.others = append(in.others, other{param, "the text of param alone, as GROUP and PH2-PARAM do"})
	}
	return in
}

// inspectParam is a body whose param text is signed.
func inspectParam(body []byte) (inspected, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return inspected{}, errors.New("the body is empty")
	}
	t, err := take(body)
	if errors.Is(err, strict.ErrAmbiguous) {
		return inspected{}, err
	}
	return t.inParam(body), nil
}

// inParam is a body whose param text is signed. One that has none is taken as that
// text itself.
func (t taken) inParam(body []byte) inspected {
	param, ok := t.body.Get("param").(string)
	if !ok {
		return inspected{text: string(body)}
	}
	return inspected{text: param, sign: t.sign, others: []other{
		{sign.TextSorted(t.members), "appId and param, as PH2 does"},
		{string(body), "the bytes of the whole body"},
	}}
}

// withEmpty is the signed text with the empty members left in.
func withEmpty(members [][2]string) string {
	sorted := slices.SortedStableFunc(slices.Values(members), func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	texts := make([]string, 0, len(sorted))
	for _, m := range sorted {
		texts = append(texts, m[0]+"="+m[1])
	}
	return strings.Join(texts, "&")
}

// reason is empty for a valid signature; else it says why it is none, and what it
// is instead as far as that can be found out. It only explains.
func (in inspected) reason(verify func(text string) error) string {
	err := verify(in.text)
	var fault *sign.Fault
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &fault):
		return err.Error()
	case fault.Reason == sign.ReasonMissing:
		return "no signature given"
	case fault.Reason == sign.ReasonMismatch:
		for _, o := range in.others {
			if verify(o.text) == nil {
				return "signature does not match: it is made over " + o.why
			}
		}
	}
	return fault.Error()
}

// rsaInspection fills what does not depend on the key. The scheme is asymmetric:
// there is no expected value to compare with.
func (in inspected) rsaInspection(signature string) client.Inspection {
	sum := sha256.Sum256([]byte(in.text))
	return client.Inspection{Sign: signature, SignedText: in.text, SignedSHA256: hex.EncodeToString(sum[:]), Different: -1}
}

// joint is what stands between the signed text and the secret.
const joint = "&secret="

// keyedInspection fills what follows from the signed text and the secret.
func (in inspected) keyedInspection(key []byte) client.Inspection {
	digest := sha256.New()
	digest.Write([]byte(in.text))
	digest.Write([]byte(joint))
	digest.Write(key)
	return client.Inspection{
		SignedText: shown(in.text, key), SignedSHA256: hex.EncodeToString(digest.Sum(nil)),
		Expected: sign.SignSHA1(in.text, key), Different: -1,
	}
}

// shown is a text without the secret, and with what stands for it at its end.
func shown(text string, key []byte) string { return sign.Hide(text, key) + joint + sign.Mask }

// NormaliseKey turns any accepted text of an RSA key into raw DER, the form in
// which keys are stored: PKCS#8 for a private key, SubjectPublicKeyInfo for a
// public one. ClassInput when it is no RSA key of at least 2048 bits.
func NormaliseKey(text []byte) (der []byte, private bool, err error) {
	der, private, err = sign.Normalise(text)
	if err != nil {
		return nil, false, keyInput(err)
	}
	return der, private, nil
}

// maxSecret is the longest callback secret in bytes; the keyring of one platform
// holds little more (reliability: section 9).
const maxSecret = 2048

// NormaliseSecret turns the callback secret as it was handed over into the form in
// which it is stored: its own text without the line end that editors and pipes
// leave behind. Blanks inside and around count, because it is appended as it is.
// private is always true. ClassInput when it is no secret of 1 to 2048 bytes.
func NormaliseSecret(text []byte) (stored []byte, private bool, err error) {
	wrong := ""
	stored = bytes.TrimRight(bytes.TrimPrefix(text, []byte("\ufeff")), "\r\n")
	switch {
	case len(bytes.TrimSpace(stored)) == 0:
		wrong = "it is empty"
	case len(stored) > maxSecret:
		wrong = fmt.Sprintf("it has %d bytes, at most %d are taken", len(stored), maxSecret)
	case !utf8.Valid(stored):
		wrong = "it is not valid UTF-8"
	case bytes.ContainsAny(stored, "\r\n"):
		wrong = "it has several lines"
	}
	if wrong != "" {
		return nil, false, &client.Error{
			Class: client.ClassInput, Code: "key", Message: "the secret cannot be used: " + wrong,
			Hint: "give the merchant key from the gateway's portal, in one line",
		}
	}
	return bytes.Clone(stored), true, nil
}

func keyInput(err error) error {
	return &client.Error{
		Class: client.ClassInput, Code: "key", Message: "the key cannot be used", Err: err,
		Hint: "give an RSA key as PEM, as base64 of its DER, or as DER",
	}
}

func bodyInput(cause error) error {
	return &client.Error{
		Class: client.ClassInput, Code: "body", Message: "the body cannot be inspected", Err: cause,
		Hint: "give the exact JSON or form body, and its dialect and kind",
	}
}
