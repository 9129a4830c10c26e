package sign

import (
	"cmp"
	"crypto/md5" //nolint:gosec // the gateway's scheme; it never decides alone (I8)
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReasonHex is the Fault of a keyed digest that is no hexadecimal text of the
// right length.
const ReasonHex Reason = "not 32 hexadecimal digits"

// PairsMD5 are the pairs of name and value that are signed, in their order: those
// whose value is not empty, sorted. The whole texts "name=value&" are compared
// ignoring case, and those that are equal so keep their order, because that is
// what the gateway's code does (easylink: section 4.2); for the documented names
// it is the same as sorting by name.
func PairsMD5(pairs [][2]string) [][2]string {
	kept := filled(pairs)
	slices.SortStableFunc(kept, func(a, b [2]string) int { return compareFolded(JoinMD5([][2]string{a}), JoinMD5([][2]string{b})) })
	return kept
}

// JoinMD5 writes pairs as "name=value&", one behind the other. Nothing is
// escaped.
func JoinMD5(pairs [][2]string) string {
	var out strings.Builder
	for _, pair := range pairs {
		out.WriteString(pair[0] + "=" + pair[1] + "&")
	}
	return out.String()
}

// TextMD5 is the part of the signed text that stands before "key=". The secret
// is no part of it.
func TextMD5(pairs [][2]string) string { return JoinMD5(PairsMD5(pairs)) }

// SignMD5 is the upper-case hexadecimal MD5 of TextMD5, "key=" and the secret
// as it is (easylink: section 4.1).
func SignMD5(pairs [][2]string, key []byte) string { //nolint:revive // the pair is SignMD5 and VerifyMD5
	return DigestMD5(TextMD5(pairs), key)
}

// DigestMD5 is SignMD5 for a text that stands already. The text and the secret
// are never joined in memory that outlives the call.
func DigestMD5(text string, key []byte) string {
	digest := md5.New() //nolint:gosec // the gateway's scheme
	digest.Write([]byte(text))
	digest.Write([]byte("key="))
	digest.Write(key)
	return strings.ToUpper(hex.EncodeToString(digest.Sum(nil)))
}

// VerifyMD5 checks a signature over pairs in constant time. Upper and lower case
// are alike, as they are to the gateway (easylink: section 4.3); everything else
// but 32 hexadecimal digits is a *Fault, and so is a digest that does not match.
func VerifyMD5(pairs [][2]string, key []byte, sign string) error {
	if sign == "" {
		return &Fault{Reason: ReasonMissing}
	}
	raw, err := hex.DecodeString(sign)
	if err != nil || len(raw) != md5.Size {
		return &Fault{Reason: ReasonHex, Detail: fmt.Sprintf("%d characters", len(sign))}
	}
	if subtle.ConstantTimeCompare([]byte(strings.ToUpper(sign)), []byte(SignMD5(pairs, key))) != 1 {
		return &Fault{Reason: ReasonMismatch, Detail: "another secret made it, or it was made over other values"}
	}
	return nil
}

// compareFolded orders two texts character by character, each made upper and
// then lower case; a text that is the beginning of the other comes first.
func compareFolded(a, b string) int {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			if c := cmp.Compare(fold(x), fold(y)); c != 0 {
				return c
			}
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

// fold is one character's place in the order.
func fold(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }
