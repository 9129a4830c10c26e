package sign

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	sha1Text   = "eventName=payment.refund.success&feeRefunded=1000&mchRefundOrderId=RF20260301000001&originalTransactionId=C120260301010000001&refundAmount=10000&refundCreateTime=2026-03-01 09:38:06&refundReason=damaged item&refundReturnTime=2026-03-01 09:40:10&refundStatus=COMPLETE&refundTransactionId=R120260301010000009"
	sha1Secret = "pc-sandbox-callback-secret-1"
	sha1Sign   = "3c1cb56967b337379ce92a5f2767b32b9a86b708"
)

func TestTextSorted(t *testing.T) {
	got := TextSorted([][2]string{{"b", "2"}, {"_u", "5"}, {"a", ""}, {"Zeta", "1"}, {"9x", "3"}, {"alpha", " "}, {"c", "x=1&y=2"}})
	if want := "9x=3&Zeta=1&_u=5&alpha= &b=2&c=x=1&y=2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if TextSorted(nil) != "" {
		t.Error("nothing is not empty")
	}
}

func TestSHA1(t *testing.T) {
	if got := SignSHA1(sha1Text, []byte(sha1Secret)); got != sha1Sign {
		t.Errorf("got %s", got)
	}
	for name, c := range map[string]struct {
		sign   string
		reason Reason
	}{
		"right":       {sha1Sign, ""},
		"upper case":  {strings.ToUpper(sha1Sign), ""},
		"missing":     {"", ReasonMissing},
		"short":       {sha1Sign[:39], ReasonHexSHA1},
		"long":        {sha1Sign + "00", ReasonHexSHA1},
		"no hex":      {"g" + sha1Sign[1:], ReasonHexSHA1},
		"blank":       {" " + sha1Sign, ReasonHexSHA1},
		"other digit": {"4" + sha1Sign[1:], ReasonMismatch},
	} {
		err := VerifySHA1(sha1Text, []byte(sha1Secret), c.sign)
		var fault *Fault
		if c.reason == "" && err != nil || c.reason != "" && (!errors.As(err, &fault) || fault.Reason != c.reason) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), sha1Secret) || strings.Contains(err.Error(), sha1Sign)) { // covers S11
			t.Errorf("%s: %v shows too much", name, err)
		}
	}
	if VerifySHA1(sha1Text, []byte("other"), sha1Sign) == nil || VerifySHA1(sha1Text+" ", []byte(sha1Secret), sha1Sign) == nil {
		t.Error("another secret or text is accepted")
	}
}

func TestRSASHA1(t *testing.T) {
	key := testKey()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "body")
		made, err := SignRSASHA1(key, body)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyRSASHA1(&key.PublicKey, body, made); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			VerifyRSASHA1(&key.PublicKey, append(bytes.Clone(body), 0), made), VerifyRSA(&key.PublicKey, body, made),
			VerifyRSASHA1(&key.PublicKey, body, ""), VerifyRSASHA1(&key.PublicKey, body, made+"\n"), VerifyRSASHA1(&key.PublicKey, body, made[:40]),
		} {
			if fault := (*Fault)(nil); !errors.As(err, &fault) {
				t.Fatalf("accepted: %v", err)
			}
		}
	})
}
