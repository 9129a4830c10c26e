package sign

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the gateway's scheme; it never decides alone (I8)
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// ReasonHexSHA1 is the Fault of a SHA-1 digest that is no hexadecimal text of
// the right length.
const ReasonHexSHA1 Reason = "not 40 hexadecimal digits"

// PairsSorted are the pairs of name and value that PayCools signs, in their
// order: those whose value is not empty, sorted by name in byte order (paycools:
// section 3.1).
func PairsSorted(pairs [][2]string) [][2]string {
	kept := filled(pairs)
	slices.SortStableFunc(kept, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return kept
}

// JoinSorted writes pairs as "name=value", joined with "&". Nothing is escaped.
func JoinSorted(pairs [][2]string) string { return strings.TrimSuffix(JoinMD5(pairs), "&") }

// TextSorted is the text that PayCools signs.
func TextSorted(pairs [][2]string) string { return JoinSorted(PairsSorted(pairs)) }

// filled are the pairs whose value is not empty.
func filled(pairs [][2]string) [][2]string {
	kept := make([][2]string, 0, len(pairs))
	for _, pair := range pairs {
		if pair[1] != "" {
			kept = append(kept, pair)
		}
	}
	return kept
}

// SignSHA1 is the lower-case hexadecimal SHA-1 of text, "&secret=" and the
// secret as it is (paycools: section 3.4). The text and the secret are never
// joined in memory that outlives the call.
func SignSHA1(text string, key []byte) string { //nolint:revive // the pair is SignSHA1 and VerifySHA1
	digest := sha1.New() //nolint:gosec // the gateway's scheme
	digest.Write([]byte(text))
	digest.Write([]byte("&secret="))
	digest.Write(key)
	return hex.EncodeToString(digest.Sum(nil))
}

// VerifySHA1 checks SignSHA1 over text in constant time. Upper and lower case
// are alike (paycools: section 3.4); everything else but 40 hexadecimal digits is
// a *Fault, and so is a digest that does not match.
func VerifySHA1(text string, key []byte, sign string) error {
	if sign == "" {
		return &Fault{Reason: ReasonMissing}
	}
	raw, err := hex.DecodeString(sign)
	if err != nil || len(raw) != sha1.Size {
		return &Fault{Reason: ReasonHexSHA1, Detail: fmt.Sprintf("%d characters", len(sign))}
	}
	if subtle.ConstantTimeCompare([]byte(strings.ToLower(sign)), []byte(SignSHA1(text, key))) != 1 {
		return &Fault{Reason: ReasonMismatch, Detail: "another secret made it, or it was made over other values"}
	}
	return nil
}

// SignRSASHA1 signs the exact bytes of body with SHA1withRSA (RSASSA-PKCS1-v1_5)
// and returns standard padded base64 in one line. Only old documents of one
// gateway ask for it (paycools: section 3.1).
func SignRSASHA1(key *rsa.PrivateKey, body []byte) (string, error) { //nolint:revive // the pair is SignRSASHA1 and VerifyRSASHA1
	digest := sha1.Sum(body) //nolint:gosec // the gateway's old scheme
	raw, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign: rsa: %w", err)
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// VerifyRSASHA1 checks a SHA1withRSA signature over the exact bytes of body, as
// strictly as VerifyRSA.
func VerifyRSASHA1(key *rsa.PublicKey, body []byte, sign string) error {
	raw, err := strictBase64(sign)
	if err != nil {
		return err
	}
	if len(raw) != key.Size() {
		return &Fault{Reason: ReasonLength, Detail: fmt.Sprintf("%d bytes, the key makes %d", len(raw), key.Size())}
	}
	digest := sha1.Sum(body) //nolint:gosec // the gateway's old scheme
	if rsa.VerifyPKCS1v15(key, crypto.SHA1, digest[:], raw) != nil {
		return &Fault{Reason: ReasonMismatch, Detail: "another key or another digest made it, or it was made over other bytes"}
	}
	return nil
}
