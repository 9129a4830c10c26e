package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// forged is a callback whose signature is wrong, with what was found out.
func forged(body string) client.Notice {
	n := client.Notice{
		Kind: client.NoticeRefund, RefundNo: "RFORGED", OrderNo: "P1", Said: "2", Body: []byte(body),
		Signature: &client.Inspection{
			Reason: "signature does not match: another secret made it, or it was made over other values", Sign: "AAAABBBB", Different: 4,
			SignedText: body + "&key=•••", SignedSHA256: strings.Repeat("cd", 32),
		},
	}
	return n.Doubted("the signature does not match").Identified([]byte(body))
}

// checked answers for the keys, and remembers what it was asked.
type checked struct {
	asked []string
	err   error
}

func (c *checked) inspect(_ context.Context, profile, kind, sign string, body []byte) (client.Inspection, error) {
	c.asked = append(c.asked, fmt.Sprintf("%s %s %s %s", profile, kind, sign, body))
	return client.Inspection{
		Reason: "signature does not match: it is made without the secret", Sign: "AAAABBBB", Expected: "AAAACCCC", Different: 4,
		SignedText: string(body) + "&key=•••", SignedSHA256: strings.Repeat("cd", 32),
	}, c.err
}

func (c *checked) setup(o *office, svc *Services) {
	o.fill(20)
	svc.Inspect = c.inspect
}

func (o *office) heard(n client.Notice) {
	o.t.Helper()
	if _, err := o.desk.Heard(context.Background(), shop, n); err != nil {
		o.t.Fatal(err)
	}
	o.pass(time.Second)
}

func TestFromARefusedCallbackToItsSignature(t *testing.T) {
	c := &checked{}
	in(t, 100, 30, shopOnly(), c.setup, func(o *office) {
		o.press("4")
		o.press("i")
		o.sees("not now: the line tells of no signature that was wrong")
		o.heard(forged("amount=1&sign=AAAABBBB"))
		o.press("home")
		o.sees("unverified ✗", "callback refused: the signature does")
		o.press("i")
		o.sees("Signature of a callback", "shop-hk · 12:00", "about RFORGED", "✗ not valid", "another secret made it", "given     AAAABBBB", "↑ differs from byte 4",
			"27 bytes and the secret", "61 6d 6f 75 6e 74", "│amount=1&sign=AA│", "As it was kept when it came. Nothing that it said was believed.", "v check again")
		o.seesNot("expected")
		o.press("v")
		o.sees("expected  AAAACCCC", "it is made without the secret", "Checked now with the keys of shop-hk.")
		if want := "shop-hk callback AAAABBBB amount=1&sign=AAAABBBB"; len(c.asked) != 1 || c.asked[0] != want {
			t.Errorf("asked %q, want %q", c.asked, want)
		}
		o.press("y")
		if len(o.wrote) != 1 || !strings.Contains(o.wrote[0], "amount=1&sign=AAAABBBB&key=•••") {
			t.Errorf("the clipboard got %q", o.wrote)
		}
		o.press("esc")
		o.seesNot("Signature of a callback")
		o.press("enter") // a refused callback leads nowhere: its line is told
		o.sees("Journal line", "callback refused")
	})
}

func TestWhatCannotBeCheckedAgainSaysWhy(t *testing.T) {
	c := &checked{}
	in(t, 100, 30, shopOnly(), c.setup, func(o *office) {
		n := forged("amount=1")
		n.Body = []byte("amount=····") // redacted
		o.heard(n)
		o.press("4", "home", "i", "v")
		o.sees("not now: its body is kept redacted, not byte for byte")
		o.press("esc")
		n = forged("amount=2")
		n.Signature = nil // meant for another account, for example
		o.heard(n)
		o.press("home", "i")
		o.sees("nothing is kept of what its signature stood over; it was refused", "the signature does not match")
		o.press("v")
		o.sees("not now: its signature was not kept")
		if len(c.asked) != 0 {
			t.Errorf("asked %q", c.asked)
		}
	})
}

func TestWithoutKeysAtHandTheKeptFindingIsStillShown(t *testing.T) {
	in(t, 100, 30, shopOnly(), filled(3), func(o *office) {
		o.heard(forged("amount=1"))
		o.press("4", "home", "i", "v")
		o.sees("✗ not valid", "not now: no keys are at hand in this session")
		o.press("esc", ":", "text:inspect a sig")
		o.sees("not now: no keys are at hand in this session")
	})
}

func TestFromABadAnswerToItsSignature(t *testing.T) {
	c := &checked{}
	in(t, 100, 30, shopOnly(), c.setup, func(o *office) {
		answer := []byte(`{"code":"APPLY_SUCCESS"}`)
		sum := sha256.Sum256(answer)
		x := client.Exchange{
			Operation: "orderQuery", At: o.now(), HTTPStatus: 200, Code: "APPLY_SUCCESS", Answer: answer, AnswerHash: hex.EncodeToString(sum[:]),
			Signature: &client.Inspection{Reason: "no signature given", Different: -1, SignedText: string(answer), SignedSHA256: hex.EncodeToString(sum[:])},
		}
		o.bank.fail = &client.Error{Class: client.ClassSignature, Code: "signature", Message: "no signature", Exchange: &x}
		o.press("a", "esc", "4", "home", "i")
		o.sees("Signature of an answer", "about P1642410680681", "There is no signature.", "given     none", "24 bytes", `│{"code":"APPLY_S│`)
		o.press("v")
		if want := "shop-hk answer  " + string(answer); len(c.asked) != 1 || c.asked[0] != want {
			t.Errorf("asked %q, want %q", c.asked, want)
		}
	})
}

func TestFromTheEvidenceOfARefundToASignature(t *testing.T) {
	c := &checked{}
	with := func(o *office, svc *Services) {
		c.setup(o, svc)
		o.put(func(tx ledger.Tx) error {
			no := client.RefundNo("payermax", "M1", order(3).OrderNo, 1)
			for i, op := range []string{"refund", "refundQuery"} {
				x := o.bank.exchange(op, "OK")
				x.At, x.Verified = began.Add(time.Duration(i)*time.Minute), false
				x.Signature = &client.Inspection{Reason: "signature wrong length: 12 bytes, the key makes 256", Sign: "AAAA", SignedText: "text of " + op, Different: -1}
				if err := tx.PutEvidence(ledger.Evidence{Exchange: x, Profile: shop, Subject: no}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	in(t, 100, 40, shopOnly(), with, func(o *office) {
		o.press("2", "i")
		o.sees("not now: its evidence is not on screen; e shows it")
		o.press("e", "end")
		o.sees("The signature has the wrong length: 12 bytes", "i shows what it")
		o.press("i")
		o.sees("Which answer's signature?", "refundQuery")
		o.press("down", "enter")
		o.sees("Signature of an answer", "│text of refund")
	})
}

func TestAPastedBodyIsChecked(t *testing.T) {
	c := &checked{}
	profiles := []desk.Profile{shopProfile(), sandboxProfile()}
	in(t, 100, 30, profiles, c.setup, func(o *office) {
		o.press(":", "text:inspect a sig", "enter")
		o.sees("Inspect a signature", "‹ shop-hk · Checus ›", "‹ callback ›", "nothing yet")
		o.press("ctrl+r")
		o.sees("paste a body first")
		o.paste("{\r\n\t\"a\": 1\r\n}\n")
		o.sees("as pasted", "␉\"a\": 1")
		o.press("up", "text: ", "up", "right", "up", "right") // sign, kind, profile
		o.sees("‹ play · PayerMax ›", "‹ answer ›")
		o.press("ctrl+r")
		o.sees("Signature of an answer", "expected  AAAACCCC", "Checked now with the keys of play.")
		if want := "play answer  {\n\t\"a\": 1\n}"; len(c.asked) != 1 || c.asked[0] != want {
			t.Errorf("asked %q, want %q", c.asked, want)
		}
		o.press("v")
		o.sees("not now: this is the check with the profile's keys")
		o.press("esc") // back to the form, which keeps what was pasted
		o.sees("Inspect a signature", "as pasted")
		c.err = &client.Error{
			Class: client.ClassInput, Code: "body", Message: "the body cannot be inspected", Hint: "give the exact JSON",
			Err: fmt.Errorf("it is no \x1b[2JJSON"),
		}
		o.press("ctrl+r")
		o.sees("check the input: the body cannot be inspected: it is no ␛[2JJSON", "give the exact JSON")
		o.press("esc", "esc")
		o.seesNot("Inspect a signature")
	})
}

// An answer that comes after the dialog was closed changes nothing.
func TestALateFindingIsDropped(t *testing.T) {
	var free chan struct{}
	with := func(o *office, svc *Services) {
		free = make(chan struct{}) // in the bubble
		o.fill(3)
		svc.Inspect = func(ctx context.Context, _, _, _ string, _ []byte) (client.Inspection, error) {
			select {
			case <-free:
			case <-ctx.Done():
			}
			return client.Inspection{Reason: "late"}, ctx.Err()
		}
	}
	in(t, 100, 30, shopOnly(), with, func(o *office) {
		o.heard(forged("amount=1"))
		o.press("4", "home", "i", "v")
		o.sees("checking with the keys of shop-hk")
		o.press("v")
		o.sees("checking with the keys of shop-hk")
		o.press("esc", "i")
		close(free)
		o.pass(time.Second)
		o.sees("another secret made it")
		o.seesNot("late", "checking")
	})
}

func TestAVerifiedCallbackLeadsToItsRefundAndStandsInTheTimeline(t *testing.T) {
	in(t, 140, 40, shopOnly(), filled(20), func(o *office) {
		row := order(8) // its refund is pending
		no := client.RefundNo("payermax", "M1", row.OrderNo, 1)
		body := []byte("told")
		o.heard(client.Notice{
			Kind: client.NoticeRefund, RefundNo: no, OrderNo: row.OrderNo, Status: "success", Said: "SUCCESS", Amount: money(row.Amount.Minor/2, row.Amount.Currency),
			Verified: true, Body: body,
		}.Identified(body))
		o.press("4", "home")
		o.sees("verified ✓", "callback: the refund is success")
		o.press("i")
		o.sees("not now: the line tells of no signature that was wrong")
		o.press("enter")
		if got, ok := o.m.refunds.Current(); !ok || got.RefundNo != no {
			t.Errorf("the cursor is on %q", got.RefundNo)
		}
		o.bank.settle(client.RefundSuccess)
		o.advance()
		o.sees("told by callback, confirmed by")
		o.press("o", "enter")
		o.sees("callback: the refund is success", "verified ✓", "refunded — told by callback")
	})
}

// A callback that came before the ledger knew its order names it by the gateway's
// number, and stands in the order's timeline all the same.
func TestACallbackThatCameFirstStandsInTheTimeline(t *testing.T) {
	in(t, 100, 30, shopOnly(), nil, func(o *office) {
		row := order(0)
		body := []byte("paid")
		o.heard(client.Notice{
			Kind: client.NoticePayment, GatewayOrderNo: row.GatewayOrderNo, Status: "paid", Said: "PAID", Verified: true, Body: body,
		}.Identified(body))
		o.put(func(tx ledger.Tx) error {
			_, err := tx.PutOrder(row)
			return err
		})
		o.press("4", "home")
		o.sees("callback: the order is paid; this")
		o.press("1", "home", "enter")
		o.sees("callback: the order is paid; this ledger did not have it", "verified ✓")
	})
}
