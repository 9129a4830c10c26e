package story

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func TestEveryCallbackIsASentence(t *testing.T) {
	type d = map[string]any
	for _, tc := range []struct {
		kind   string
		detail d
		want   string
		signed Signed
		tone   style.Tone
	}{
		{"callback.refund", d{"verified": true, "status": "success", "said": "2"}, "callback: the refund is success", Verified, style.Text},
		{"callback.refund", d{"verified": true, "status": "success", "was": "pending", "amount": "8000", "currency": "IDR"}, "callback: the refund is success, 8,000 IDR (was pending); the gateway is asked", Verified, style.Text},
		{"callback.refund", d{"verified": true, "status": "success", "was": "success", "code": "00"}, "callback: the refund is success, as was known", Verified, style.Muted},
		{"callback.refund", d{"verified": true, "status": "failed", "was": "pending", "differs": "its amount is 1 IDR, not 2 IDR"}, "callback: the refund is failed, but its amount is 1 IDR, not 2 IDR; the gateway is asked", Verified, style.Danger},
		{"callback.refund", d{"verified": true, "status": "success", "orphan": true}, "callback: the refund is success; this ledger did not have it, the gateway is asked", Verified, style.Warning},
		{"callback.refund", d{"verified": true, "status": "unknown", "said": "HALF"}, "callback: the refund is in a state that is not known here (HALF)", Verified, style.Text},
		{"callback.refund", d{"verified": true}, "callback: the refund is in a state that it does not name", Verified, style.Text},
		{"callback.payment", d{"verified": true, "status": "paid", "was": "pending", "amount": "58.00", "currency": "HKD"}, "callback: the order is paid, 58.00 HKD (was pending); the gateway is asked", Verified, style.Text},
		{"callback.token", d{"verified": true, "status": "removed", "user": "U-1"}, "callback: the card is removed", Verified, style.Text},
		{"callback.other", d{"verified": true, "event": "dispute"}, "callback about something else: dispute; kept, nothing follows from it", Verified, style.Muted},
		{"callback.other", d{"verified": true, "event": "x", "why": "no number"}, "callback about something else: no number; kept, nothing follows from it", Verified, style.Muted},
		{"callback.refused", d{"verified": false, "why": "the signature does not match"}, "callback refused: the signature does not match; nothing was changed", Unverified, style.Warning},
		{"callback.refused", d{"verified": false}, "callback refused; nothing was changed", Unverified, style.Warning},
		{"callback.refund", d{"verified": true, "status": "success", "times": 2, "first_at": "2026-11-22T11:59:58Z"}, "repeat of a callback (2×, first at 11:59:58); nothing was changed", Verified, style.Muted},
		{"callback.refused", d{"verified": false, "why": "no signature", "times": 2}, "repeat of a refused callback (2×): no signature; nothing was changed", Unverified, style.Muted},
		{"callback.unanswered", d{"callback": "refund", "class": "not-found", "checks": 10}, "the gateway was asked 10 times because of a callback and gave no answer: not known there; it is not asked again", NoAnswer, style.Warning},
		{"callback.unanswered", d{"callback": "payment", "class": "unsupported", "checks": 1}, "the gateway was asked because of a callback and gave no answer: not offered by this gateway; it is not asked again", NoAnswer, style.Warning},
		{"callback.unanswered", d{"callback": "refund", "class": "open", "checks": 3}, "the gateway was asked 3 times because of a callback and gave no answer that ends it; it is not asked again", NoAnswer, style.Warning},
		{"callback.some-new-word", d{"verified": true}, "callback some new word", Verified, style.Text},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			got := Of(event(t, tc.kind, tc.detail), time.UTC)
			if got.Words.String() != tc.want || got.Signed != tc.signed || got.Tone != tc.tone {
				t.Errorf("%q, signed %d, tone %d\nwant %q, signed %d, tone %d", got.Words, got.Signed, got.Tone, tc.want, tc.signed, tc.tone)
			}
		})
	}
}

// Whether a state was told by a callback or found by asking is part of the line.
func TestARefundsLineSaysHowItBecameKnown(t *testing.T) {
	for _, tc := range []struct {
		kind   string
		detail map[string]any
		want   string
	}{
		{"refund.success", map[string]any{"by": "callback"}, "refunded — told by callback, confirmed by asking"},
		{"refund.success", map[string]any{"by": "callback", "callback_expected": true}, "refunded — told by callback, confirmed by asking"},
		{"refund.success", map[string]any{"by": "poll", "callback_expected": true}, "refunded — found by asking, no callback came"},
		{"refund.success", map[string]any{"by": "poll"}, "refunded — found by asking"},
		{"refund.success", nil, "refunded: the money is on its way to the customer"},
		{"refund.failed", map[string]any{"by": "poll", "code": "E1"}, "failed: E1 — found by asking"},
		{"refund.closed", map[string]any{"by": "callback"}, "closed by the gateway — told by callback, confirmed by asking"},
		{"refund.reversed", map[string]any{"by": "callback", "code": "BANK"}, "failed after it had succeeded: BANK — told by callback, confirmed by asking"},
		{"refund.pending", map[string]any{"by": "poll"}, "the gateway accepted it — found by asking"},
		{"refund.word", map[string]any{"by": "poll", "word": "HALF \x1b[2J"}, `the gateway says its state is "HALF \x1b[2J", a word that this version does not know`},
		{"order.close-intent", nil, "payment page about to be closed"},
		{"order.close-failed", map[string]any{"class": "unknown"}, "payment page perhaps not closed: no believable answer"},
		{"order.statement", map[string]any{"page": 2, "added": 3}, "statement, page 2: 3 new, 0 changed, 0 the same, 0 that differ"},
		{"order.statement", map[string]any{"page": 2, "same": 3, "unreadable": 1}, "statement, page 2: 0 new, 0 changed, 3 the same, 0 that differ, 1 that cannot be read"},
		{"order.statement-failed", map[string]any{"class": "rate"}, "the gateway gave no statement: too many requests"},
		{"order.statement-differs", map[string]any{"field": "gateway_order_no", "given": "G1", "ledger": "G2"}, "the statement says gateway order no G1, the ledger keeps G2"},
		{"order.import-differs", map[string]any{"field": "amount", "given": "1.00", "ledger": "2.00"}, "a file says amount 1.00, the ledger keeps 2.00"},
	} {
		if got := Of(event(t, tc.kind, tc.detail), time.UTC).Words.String(); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.kind, got, tc.want)
		}
	}
}

// covers I7
func TestOnlyVerifiedCallbacksLeadSomewhere(t *testing.T) {
	for kind, want := range map[string]string{
		"callback.refund": "refund", "callback.payment": "order", "callback.token": "token", "callback.other": "", "callback.refused": "",
		"refund.success": "refund", "order.created": "order", "profile.locked": "profile",
	} {
		if got := Subject(event(t, kind, nil)); got != want {
			t.Errorf("%s is about %q, want %q", kind, got, want)
		}
	}
	for callback, want := range map[string]string{"refund": "refund", "payment": "order", "token": "token", "other": ""} {
		if got := Subject(event(t, "callback.unanswered", map[string]any{"callback": callback})); got != want {
			t.Errorf("unanswered %s is about %q, want %q", callback, got, want)
		}
	}
	with, without := event(t, "callback.token", map[string]any{"user": "U-1"}), event(t, "callback.token", nil)
	if User(with) != "U-1" || User(without) != "" || User(event(t, "token.listed", nil)) != "S" {
		t.Errorf("users %q, %q, %q", User(with), User(without), User(event(t, "token.listed", nil)))
	}
}

func TestFindingOf(t *testing.T) {
	for _, tc := range []struct {
		kind   string
		detail map[string]any
		want   Finding
		ok     bool
	}{
		{"callback.refused", map[string]any{"verified": false, "notice_sha256": "n"}, Finding{Notice: true, Digest: "n"}, true},
		{"callback.refused", map[string]any{"verified": false}, Finding{Notice: true}, false},
		{"callback.refund", map[string]any{"verified": true, "notice_sha256": "n"}, Finding{}, false},
		{"refund.bad-signature", map[string]any{"verified": false, "answer_sha256": "a"}, Finding{Digest: "a"}, true},
		{"refund.unknown", map[string]any{"verified": false, "answer_sha256": "a"}, Finding{Digest: "a"}, true},
		{"refund.unknown", map[string]any{"verified": false, "answer_sha256": ""}, Finding{}, false},
		{"order.lookup-failed", map[string]any{"verified": false, "class": "signature", "answer_sha256": "a"}, Finding{Digest: "a"}, true},
		{"order.looked-up", map[string]any{"verified": false, "code": "1000", "answer_sha256": "a"}, Finding{Digest: "a"}, false},
		{"refund.success", map[string]any{"verified": true, "answer_sha256": "a"}, Finding{}, false},
		{"profile.locked", nil, Finding{}, false},
	} {
		if got, ok := FindingOf(event(t, tc.kind, tc.detail)); ok != tc.ok || ok && got != tc.want {
			t.Errorf("%s %v: %+v, %v", tc.kind, tc.detail, got, ok)
		}
	}
}

func TestAClosedRefundWhoseMoneyMayHaveMoved(t *testing.T) {
	r := ledger.Refund{Refund: client.Refund{RefundNo: "RX4KQ7M2NB5VTLA3WGYHJ6PZCDE", Status: client.RefundClosed, SettledAt: noon}, Alert: "timer"}
	s := Stand(r, noon, time.UTC)
	all := s.Happened.String() + " " + s.Doing.String() + " " + s.Tell.String()
	for _, want := range []string{"timer after two hours", "may have moved", "look in the gateway's portal before", "number RX4KQ7", "Do not promise"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not said: %s", want, all)
		}
	}
	if strings.Contains(all, "can be made again") || strings.Contains(all, "no money moved") || s.Tone != style.Danger {
		t.Errorf("told as %s, tone %d", all, s.Tone)
	}
	r.Alert = ""
	if plain := Stand(r, noon, time.UTC); !strings.Contains(plain.Tell.String(), "can be made again") || !strings.Contains(plain.Happened.String(), "no money moved") {
		t.Errorf("an ordinary closed refund is told as %+v", plain)
	}
}

// covers I6
func TestAnUnknownRefundThatTheGatewayHolds(t *testing.T) {
	held := ledger.Refund{Refund: client.Refund{RefundNo: "R1", Status: client.RefundUnknown}, Last: ledger.Last{Code: "0", Verified: true, At: noon}}
	if s := Stand(held, noon, nil); !Recorded(held) || !strings.Contains(s.Happened.String(), "holds a record, but has not told the channel or does not know") ||
		strings.Contains(s.Happened.String(), "no believable answer") {
		t.Errorf("told as %+v", s)
	}
	word := held
	word.Alert = "word"
	if s := Stand(word, noon, nil); !strings.Contains(s.Happened.String(), "does not know. The gateway holds a record") || s.Tone != style.Danger {
		t.Errorf("told as %+v", s)
	}
	for name, change := range map[string]func(*ledger.Refund){
		"lost":     func(r *ledger.Refund) { r.Last = ledger.Last{At: noon} },
		"unsigned": func(r *ledger.Refund) { r.Last.Verified = false },
		"not held": func(r *ledger.Refund) { r.NotFound = 1 },
		"refused":  func(r *ledger.Refund) { r.Refused = true },
		"pending":  func(r *ledger.Refund) { r.Status = client.RefundPending },
	} {
		r := held
		if change(&r); Recorded(r) || strings.Contains(Stand(r, noon, nil).Happened.String(), "holds a record, but has not told") {
			t.Errorf("%s counts as recorded", name)
		}
	}
}

// A callback about a refund stands in the order's timeline, and does not hide what
// the ledger knows of the refund.
func TestCallbacksStandInTheTimeline(t *testing.T) {
	st := styletest.Plain(t)
	order := ledger.Order{Order: client.Order{OrderNo: "P1", GatewayOrderNo: "G1", Status: client.OrderPaid, CreatedAt: noon}}
	paid := event(t, "callback.payment", map[string]any{"verified": true, "status": "paid", "was": "paid"})
	paid.Subject, paid.At = "G1", noon.Add(time.Second)
	refund := ledger.Refund{
		Refund:    client.Refund{RefundNo: "R1", Amount: client.Money{Minor: 500, Currency: "HKD", Exp: 2}, Status: client.RefundSuccess, SettledAt: noon.Add(3 * time.Minute)},
		CreatedAt: noon.Add(time.Minute), SentAt: noon.Add(2 * time.Minute),
	}
	called := event(t, "callback.refund", map[string]any{"verified": true, "status": "success", "was": "pending"})
	called.Subject, called.At = "R1", noon.Add(150*time.Second)
	var got []string
	for _, e := range Timeline(st, Past{Order: order, Refunds: []ledger.Refund{refund}, Events: []ledger.Event{called, paid}}, noon.Add(time.Hour), time.UTC) {
		got = append(got, text.Join(text.Spaces(1), e.At, e.Text, e.Note).String())
	}
	want := []string{
		"12:00:00 created", "12:00:01 callback: the order is paid, as was known verified ✓", "12:01:00 refund of 5.00 HKD R1", "12:02:00 sent to the gateway R1",
		"12:02:30 callback: the refund is success (was pending); the gateway is asked verified ✓", "12:03:00 success R1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// covers S1 S2 S3
func TestHostileCallbacksAreSafeText(t *testing.T) {
	keys := []string{
		"status", "said", "was", "amount", "currency", "order", "user", "differs", "why", "event", "code", "said_at", "first_at", "gateway_refund_no",
		"gateway_order_no", "notice_sha256", "body_sha256", "by", "word", "class", "checks", "callback", "field", "given", "ledger",
	}
	for i, evil := range []string{"\x1b]52;c;cm0=\x07", "\u202egnp", "a\rb\nc", "\u009b31m", strings.Repeat("long", 5000), "zero\u200bwidth", "\xff\xfe"} {
		for _, kind := range []string{"refund", "payment", "token", "other", "refused", "unanswered", evil} {
			detail := map[string]any{"verified": i%2 == 0, "orphan": evil, "times": evil}
			if i%3 == 0 {
				delete(detail, "times")
			}
			for _, key := range keys {
				detail[key] = evil
			}
			raw, err := json.Marshal(detail)
			if err != nil {
				t.Fatal(err)
			}
			e := ledger.Event{At: noon, Kind: "callback." + kind, Subject: evil, Detail: raw}
			told := Of(e, time.UTC).Words
			if text.Clean(told.String()) != told || told.Empty() {
				t.Errorf("%s with %q: %q", kind, fmt.Sprintf("%.20s", evil), told)
			}
			for _, d := range Details(e) {
				if text.Clean(d.Value.String()) != d.Value || text.Clean(d.Key.String()) != d.Key {
					t.Errorf("detail %q %q", d.Key, d.Value)
				}
			}
		}
	}
}
