package client

import (
	"strings"
	"testing"
	"time"
)

// covers F9 F11
func TestNoticeIdentity(t *testing.T) {
	base := Notice{
		Kind: NoticeRefund, OrderNo: "P1", RefundNo: "R1", GatewayRefundNo: "G1", Said: "2", Status: "success", Verified: true,
		Amount: Money{Minor: 100, Currency: "HKD", Exp: 2}, At: time.Unix(1, 0), Reason: "x", FailCode: "y",
	}
	first := base.Identified([]byte("one"))
	same := base
	same.At, same.Reason, same.FailCode, same.Event = time.Unix(9, 0), "", "", "later"
	if got := same.Identified([]byte("two")); got.Digest != first.Digest || got.BodyHash == first.BodyHash || len(got.Digest) != 64 {
		t.Errorf("%s, %s", first.Digest, got.Digest)
	}
	seen := map[string]string{first.Digest: "first"}
	for name, change := range map[string]func(*Notice){
		"other state":   func(n *Notice) { n.Said = "3" },
		"other refund":  func(n *Notice) { n.RefundNo = "R2" },
		"other order":   func(n *Notice) { n.OrderNo = "P2" },
		"other amount":  func(n *Notice) { n.Amount.Minor++ },
		"moved border":  func(n *Notice) { n.OrderNo, n.RefundNo = "", "P1\nR1" },
		"other kind":    func(n *Notice) { n.Kind = NoticePayment },
		"not verified":  func(n *Notice) { n.Verified = false },
		"nothing known": func(n *Notice) { n.Kind = NoticeOther },
		"no number":     func(n *Notice) { n.RefundNo, n.GatewayRefundNo = "", "" },
	} {
		n := base
		change(&n)
		n = n.Identified([]byte(name))
		if other, taken := seen[n.Digest]; taken {
			t.Errorf("%s is the same as %s", name, other)
		}
		seen[n.Digest] = name
	}
	// A forged copy of the very bytes, sent ahead, is not the real one.
	other := Notice{Kind: NoticeOther, Verified: true}
	forged := other.Doubted("no signature")
	if a, b := other.Identified([]byte("x")), forged.Identified([]byte("x")); a.Digest == b.Digest || a.BodyHash != b.BodyHash {
		t.Errorf("%s, %s", a.Digest, b.Digest)
	}
}

func TestNoticeSubject(t *testing.T) {
	all := Notice{OrderNo: "P", GatewayOrderNo: "GP", RefundNo: "R", GatewayRefundNo: "GR", Token: "T", UserID: "U"}
	for kind, want := range map[NoticeKind][2]string{
		NoticePayment: {"P", "GP"}, NoticeRefund: {"R", "GR"}, NoticeToken: {"T", "T"}, NoticeOther: {"P", "GP"},
	} {
		n := all
		n.Kind = kind
		bare := n
		bare.OrderNo, bare.RefundNo = "", ""
		if got := [2]string{n.Subject(), bare.Subject()}; got != want {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

// covers I7 S16
func TestDoubted(t *testing.T) {
	n := Notice{
		Kind: NoticeRefund, Merchant: strings.Repeat("m", 500), RefundNo: "4111 1111 1111 1111", OrderNo: "P1", Said: "2", Status: "success",
		Amount: Money{Minor: 1, Currency: "HKD", Exp: 2}, At: time.Unix(1, 0), FailCode: "F", Verified: true, Body: []byte("{}"),
	}.Doubted("signature missing")
	if n.Verified || n.Reason != "signature missing" || n.Status != "" || n.Amount != (Money{}) || !n.At.IsZero() || n.FailCode != "" || string(n.Body) != "{}" {
		t.Errorf("%+v", n)
	}
	if n.RefundNo != "····1111" || n.OrderNo != "P1" || len(n.Merchant) > 90 || n.Kind != NoticeRefund {
		t.Errorf("%q %q %q", n.RefundNo, n.OrderNo, n.Merchant)
	}
}
