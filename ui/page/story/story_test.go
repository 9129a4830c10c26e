package story

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/themes"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func event(t *testing.T, kind string, detail map[string]any) ledger.Event {
	t.Helper()
	raw, err := json.Marshal(detail)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Event{At: noon, Kind: kind, Subject: "S", Detail: raw}
}

func TestEveryKindOfLineIsASentence(t *testing.T) {
	type d = map[string]any
	for _, tc := range []struct {
		kind   string
		detail d
		want   string
	}{
		{"order.looked-up", d{"status": "paid", "amount": "10000", "currency": "IDR"}, "asked the gateway: paid, 10,000 IDR"},
		{"order.looked-up", d{"status": "paid", "was_status": "pending", "amount": "1.50", "currency": "HKD"}, "asked the gateway: paid (was pending), 1.50 HKD"},
		{"order.lookup-failed", d{"class": "unknown", "code": "E1"}, "the gateway gave no answer: no believable answer (E1)"},
		{"order.create-intent", d{"amount": "58.00", "currency": "HKD"}, "payment of 58.00 HKD about to be opened"},
		{"order.created", d{"amount": "58.00", "currency": "HKD", "saved_card": true, "status": "paid"}, "saved card charged 58.00 HKD: paid"},
		{"order.created", d{"amount": "58.00", "currency": "HKD"}, "payment page opened for 58.00 HKD"},
		{"order.create-failed", d{"amount": "58.00", "currency": "HKD", "class": "refused"}, "payment of 58.00 HKD not opened: refused"},
		{"order.imported", d{"added": 12, "changed": 1, "same": 0, "differs": 2}, "imported: 12 new, 1 changed, 0 the same, 2 that differ"},
		{"order.import-differs", d{"file_amount": "1.00 HKD", "file_status": "paid", "ledger_amount": "2.00 HKD", "ledger_status": "paid"}, "a file says 1.00 HKD paid, the ledger keeps 2.00 HKD paid"},
		{"refund.held", d{"amount": "2000", "currency": "IDR", "held_until": "2026-11-22T12:00:10Z"}, "refund of 2,000 IDR decided, can be taken back until 12:00:10"},
		{"refund.intent", d{"amount": "2000", "currency": "IDR"}, "refund of 2,000 IDR decided"},
		{"refund.intent", d{"from": "held"}, "time to take it back is over"},
		{"refund.intent", d{"from": "sending", "class": "not-sent"}, "proven not sent: not reachable, nothing was sent"},
		{"refund.sending", d{"send": 1, "amount": "2000", "currency": "IDR"}, "sent to the gateway, 2,000 IDR"},
		{"refund.sending", d{"send": 2, "amount": "2000", "currency": "IDR"}, "sent again under the same number, time 2, 2,000 IDR"},
		{"refund.pending", d{}, "the gateway accepted it"},
		{"refund.success", d{}, "refunded: the money is on its way to the customer"},
		{"refund.failed", d{"code": "BALANCE"}, "failed: BALANCE"},
		{"refund.failed", d{"why": "refused, no record", "code": "X"}, "failed: refused, no record"},
		{"refund.closed", d{}, "closed by the gateway"},
		{"refund.unknown", d{"class": "unknown"}, "no answer came, so it is asked about"},
		{"refund.unknown", d{"class": "unknown", "code": "signature"}, "no believable answer (signature), so it is asked about"},
		{"refund.reversed", d{"code": "BANK"}, "failed after it had succeeded: BANK"},
		{"refund.cancelled", d{}, "taken back, nothing was sent"},
		{"refund.confirmed", d{}, "confirmed once more"},
		{"refund.waits", d{"why": "old"}, "waits to be confirmed once more: old"},
		{"refund.discovered", d{"amount": "5.00", "currency": "HKD", "status": "success"}, "found at the gateway, made at another desk: 5.00 HKD, success"},
		{"refund.number-free", d{}, "the gateway keeps no record of it; its number may serve again"},
		{"refund.conflict", d{"why": "its amount is 1"}, "what the gateway says is not what was sent: its amount is 1"},
		{"refund.bad-signature", d{}, "an answer had a wrong signature and was not believed"},
		{"refund.history-failed", d{"class": "rate"}, "its earlier refunds could not be asked for: too many requests"},
		{"token.listed", d{"cards": 1}, "the gateway lists 1 saved card"},
		{"token.listed", d{"cards": 3}, "the gateway lists 3 saved cards"},
		{"token.list-failed", d{"class": "auth"}, "the gateway gave no list of cards: the gateway did not let us in"},
		{"token.unbind-intent", d{"reason": "lost"}, "card to be unbound: lost"},
		{"token.unbind-sending", d{}, "unbinding sent to the gateway"},
		{"token.unbind-unknown", d{}, "no believable answer to the unbinding, so it is asked about"},
		{"token.unbound", d{"how": "gone when asked"}, "card unbound: gone when asked"},
		{"token.unbind-failed", d{"how": "nothing was sent"}, "card not unbound: nothing was sent"},
		{"profile.unlocked", d{"until": "2026-11-22T12:15:00Z"}, "unlocked for refunds until 12:15:00"},
		{"profile.locked", d{}, "locked: read-only again"},
		{"refund.some-new-word", d{}, "refund some new word"},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			if got := Of(event(t, tc.kind, tc.detail), time.UTC).Words.String(); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestALineThatCannotBeReadIsStillToldAndHasNoDetails(t *testing.T) {
	e := ledger.Event{Kind: "refund.failed", Detail: json.RawMessage("{{{")}
	if got := Of(e, nil).Words.String(); got != "failed" {
		t.Errorf("told as %q", got)
	}
	if got := Details(e); len(got) != 0 {
		t.Errorf("details %v", got)
	}
}

func TestDetailsAreWordsAndNeverJSON(t *testing.T) {
	e := event(t, "refund.pending", map[string]any{"gateway_refund_no": "G1", "answer_sha256": strings.Repeat("ab", 32), "checks": 3, "empty": "", "verified": true})
	var got []string
	for _, d := range Details(e) {
		got = append(got, d.Key.String()+" "+d.Value.String())
	}
	want := "answer digest abababab…abababab; checks 3; gateway no G1; verified true"
	if strings.Join(got, "; ") != want {
		t.Errorf("%s, want %s", strings.Join(got, "; "), want)
	}
}

func TestSigned(t *testing.T) {
	for want, detail := range map[Signed]map[string]any{
		NoAnswer: {"verified": false}, GoodSign: {"verified": true, "code": "OK"}, BadSign: {"verified": false, "code": "OK"},
	} {
		if got := Of(event(t, "refund.pending", detail), nil).Signed; got != want {
			t.Errorf("%v: %d, want %d", detail, got, want)
		}
	}
}

// covers I6
func TestAnUnknownRefundNeverTellsToRefundAgain(t *testing.T) {
	for _, refused := range []bool{false, true} {
		s := Stand(ledger.Refund{Refund: client.Refund{RefundNo: "R123456789012345", Status: client.RefundUnknown}, Refused: refused}, noon, nil)
		all := s.Happened.String() + s.Doing.String() + s.Tell.String()
		if strings.Contains(strings.ToLower(all), "refund again") || strings.Contains(strings.ToLower(all), "failed") {
			t.Errorf("told as %s", all)
		}
		if s.Happened.Empty() || s.Doing.Empty() || s.Tell.Empty() {
			t.Errorf("it does not explain itself: %+v", s)
		}
	}
}

func TestEveryStateStands(t *testing.T) {
	for _, status := range []client.RefundStatus{
		client.RefundHeld, client.RefundIntent, client.RefundSending, client.RefundUnknown, client.RefundPending, client.RefundSuccess, client.RefundFailed,
		client.RefundClosed, client.RefundCancelled, client.RefundReversed, "new",
	} {
		r := ledger.Refund{Refund: client.Refund{RefundNo: "R1", Status: status, SettledAt: noon, FailCode: "CODE"}, HeldUntil: noon.Add(8 * time.Second), SentAt: noon}
		if s := Stand(r, noon, time.UTC); s.Happened.Empty() || strings.Contains(s.Happened.String(), "  ") {
			t.Errorf("%s: %q", status, s.Happened)
		}
		for _, alert := range []string{"reversed", "conflict", "signature", "wrong-echo", "echo", "word", "timer", "confirm", "else"} {
			if w := text.Width(Alert(alert)); w == 0 || w > 12 {
				t.Errorf("alert %s is %d cells wide", alert, w)
			}
		}
	}
}

func TestNextAndWhenItChanges(t *testing.T) {
	pending := func(left time.Duration) ledger.Refund {
		return ledger.Refund{Refund: client.Refund{Status: client.RefundPending}, NextCheckAt: noon.Add(left)}
	}
	held := ledger.Refund{Refund: client.Refund{Status: client.RefundHeld}, HeldUntil: noon.Add(10 * time.Second), NextCheckAt: noon.Add(10 * time.Second)}
	for _, tc := range []struct {
		r      ledger.Refund
		want   string
		change time.Duration // 0: never
	}{
		{held, "sent in 10 s", time.Second},
		{pending(12 * time.Second), "next look in 12 s", time.Second},
		{pending(90 * time.Second), "next look in 1 min", 31 * time.Second},
		{pending(2*time.Hour + 5*time.Minute), "next look in 2 h", 5*time.Minute + time.Second},
		{pending(0), "asking now", 0},
		{pending(-time.Minute), "asking now", 0},
		{ledger.Refund{Refund: client.Refund{Status: client.RefundIntent}, Alert: "confirm"}, "needs you", 0},
	} {
		if got := Next(tc.r, noon).String(); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
		change := NextChange(tc.r, noon)
		if (tc.change == 0) != change.IsZero() || (tc.change > 0 && change.Sub(noon) != tc.change) {
			t.Errorf("%s changes at %v, want after %v", tc.want, change, tc.change)
		}
		if !change.IsZero() && Next(tc.r, change) == Next(tc.r, noon) {
			t.Errorf("%s reads the same after %v", tc.want, change.Sub(noon))
		}
	}
	for _, age := range []time.Duration{0, 3 * time.Second, 59 * time.Second, 61 * time.Second, 59*time.Minute + 30*time.Second, 5 * time.Hour, 47*time.Hour + time.Minute} {
		at := AgeChange(noon.Add(-age), noon)
		if text.Span(age) == text.Span(age+at.Sub(noon)) && age < 47*time.Hour {
			t.Errorf("age %v reads the same at %v", age, at.Sub(noon))
		}
	}
}

func TestTimelineIsInOrderAndSaysRepeatsOnce(t *testing.T) {
	th, err := func() (themes.Theme, error) {
		set, _ := themes.Load(nil)
		return set.Pick(themes.Dark, true)
	}()
	if err != nil {
		t.Fatal(err)
	}
	st := style.New(th, style.Options{NoColor: true})
	order := ledger.Order{Order: client.Order{OrderNo: "P1", Status: client.OrderPaid, CreatedAt: noon, PaidAt: noon.Add(time.Second)}}
	look := event(t, "order.looked-up", map[string]any{"status": "paid", "code": "OK", "verified": true})
	look.Subject = "P1"
	again := look
	look.At, again.At = noon.Add(time.Hour), noon.Add(2*time.Hour)
	refund := ledger.Refund{
		Refund: client.Refund{RefundNo: "R1", Amount: client.Money{Minor: 500, Currency: "HKD", Exp: 2}, Status: client.RefundPending}, CreatedAt: noon.Add(time.Minute),
		SentAt: noon.Add(2 * time.Minute), NextCheckAt: noon.Add(3*time.Hour + 12*time.Second),
	}
	var got []string
	for _, e := range Timeline(st, Past{Order: order, Refunds: []ledger.Refund{refund}, Events: []ledger.Event{again, look}}, noon.Add(3*time.Hour), time.UTC) {
		got = append(got, text.Join(text.Spaces(1), e.At, e.Text, e.Note).String())
	}
	want := []string{
		"12:00:00 created", "12:00:01 paid –", "12:01:00 refund of 5.00 HKD R1", "12:02:00 sent to the gateway R1", "14:00:00 asked the gateway: paid signed ✓",
		"pending · 5.00 HKD · next look in 12 s",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// covers S16
func TestCardsShowFourDigitsAtMost(t *testing.T) {
	for _, tc := range [][4]string{
		{"VISA", "CARD", "····4242", "VISA ·4242"},
		{"MASTERCARD", "CARD", "4111111111115556", "MC ·5556"},
		{"", "GCash", "", "GCash"},
		{"VISA", "CARD", "no digits", "VISA"},
		{"A very long brand name", "", "····1111", "A very lo… ·1111"},
	} {
		if got := Card(tc[0], tc[1], tc[2]).String(); got != tc[3] {
			t.Errorf("Card(%q, %q, %q) = %q, want %q", tc[0], tc[1], tc[2], got, tc[3])
		}
	}
}

func TestProblems(t *testing.T) {
	p := ProblemOf(&client.Error{Class: client.ClassRefused, Code: "X\x1b[2J", Message: "no\r", Hint: "h"})
	if p.Class != client.ClassRefused || strings.ContainsAny(p.Code.String()+p.Message.String(), "\x1b\r") {
		t.Errorf("%+v", p)
	}
	if p := ProblemOf(&client.Error{Class: client.ClassKeyring}); p.Message.String() != "the key could not be read" {
		t.Errorf("%+v", p)
	}
}
