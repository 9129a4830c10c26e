package app

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// hostile is what a stranger may put into any field.
func hostile() []string {
	return []string{
		"\x1b]52;c;cm0gLXJmIC8=\x07", "\x1b[2J\x1b[H\x1b[31mred", "\x1b]0;title\x07", "\u009b31mC1\u009d0;x\u009c", "a\rb\nc\td\ve\ff",
		"\u202egnp.exe\u202c", "zero\u200bwidth\u200d\u2060\ufeff", "\x1b[8mhidden\x1b[0m", "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
		"\x1bP+q544e\x1b\\", "\x1b]unterminated", "👨\u200d👩\u200d👧\u200d👦 family", "क्षत्रिय हिन्दी", "日本語テキスト", "مرحبا", "\xff\xfe\xc0invalid",
		"bell\x07bs\x08\x08del\x7f\x00nul", "e" + strings.Repeat("\u0301", 40), strings.Repeat("long", 300), "\U000e0041\U000e0042tags", "%s%d%n$(id)`id`",
	}
}

// wrong finds what may not reach a terminal: anything but printable text, line
// breaks and SGR sequences.
func wrong(content string) string {
	var state byte
	parser := ansi.NewParser()
	for rest := content; rest != ""; {
		seq, width, n, next := ansi.DecodeSequence(rest, state, parser)
		state, rest = next, rest[n:]
		switch {
		case width > 0:
			for _, r := range seq {
				if unicode.Is(unicode.Cc, r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector) || r == unicode.ReplacementChar && !strings.Contains(seq, "\ufffd") {
					return fmt.Sprintf("%U in %q", r, seq)
				}
			}
		case seq == "\n", marks(seq):
		case strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "m") && strings.Trim(seq[2:len(seq)-1], "0123456789;:") == "":
		default:
			return fmt.Sprintf("%q", seq)
		}
	}
	return ""
}

// marks reports whether seq is marks that belong to the letter before them,
// which the decoder hands over apart from it.
func marks(seq string) bool {
	for _, r := range seq {
		if !unicode.Is(unicode.M, r) || unicode.Is(unicode.Variation_Selector, r) {
			return false
		}
	}
	return true
}

func TestWrongFindsWhatIsWrong(t *testing.T) {
	for _, s := range hostile() {
		if strings.ContainsAny(s, "\x1b\x07\r\t\x00\u009b\u200b\u202e") && wrong(s) == "" && !strings.HasPrefix(s, "\x1b[8m") {
			t.Errorf("%q passes", s)
		}
	}
	if got := wrong("\x1b[1;38;2;1;2;3mfine\x1b[m\nand ✓ 日本"); got != "" {
		t.Errorf("fine text is refused: %s", got)
	}
}

// fillHostile puts hostile text into every field of every kind of record.
func (o *office) fillHostile(profile string) {
	states := []client.RefundStatus{
		client.RefundUnknown, client.RefundPending, client.RefundFailed, client.RefundReversed, client.RefundSuccess, client.RefundHeld, client.RefundSending,
	}
	o.put(func(tx ledger.Tx) error {
		for i, h := range hostile() {
			row := order(i)
			row.Profile, row.Status = profile, client.OrderPaid
			row.OrderNo, row.GatewayOrderNo, row.ChannelNo = fmt.Sprintf("%d%s", i, h), h+"g"+fmt.Sprint(i), h+"c"+fmt.Sprint(i)
			row.UserID, row.Method, row.Brand, row.Card, row.Note, row.FailCode, row.Source = h, h, h, h, h, h, h
			row, err := tx.PutOrder(row)
			if err != nil {
				return err
			}
			if err := putHostileRefund(tx, row, h, states[i%len(states)]); err != nil {
				return err
			}
			x := client.Exchange{
				Operation: h, At: began, URL: h, HTTPStatus: 200, Code: h, Message: h, Request: []byte(h), Answer: []byte(h), RequestHash: h, AnswerHash: h,
				Signature: hostileFinding(h),
			}
			for _, subject := range []string{row.OrderNo, client.RefundNo("g", "m", row.OrderNo, 1)} {
				if err := tx.PutEvidence(ledger.Evidence{Exchange: x, Profile: profile, Subject: subject}); err != nil {
					return err
				}
			}
			if err := putHostileCallback(tx, profile, fmt.Sprint(i), h); err != nil {
				return err
			}
			if _, err := tx.PutToken(ledger.Token{
				Token: client.Token{Token: fmt.Sprintf("%d%s", i, h), UserID: h, Status: client.TokenStatus(h), Method: h, Brand: h, Card: h}, Profile: profile, Gateway: "g", SeenAt: began,
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

func putHostileRefund(tx ledger.Tx, row ledger.Order, h string, status client.RefundStatus) error {
	r := ledger.Refund{
		Refund: client.Refund{
			RefundNo: client.RefundNo("g", "m", row.OrderNo, 1), GatewayRefundNo: h, OrderNo: row.OrderNo, Amount: money(50, row.Amount.Currency), Status: status, FailCode: h,
		},
		OrderID: row.ID, Profile: row.Profile, Gateway: "g", Merchant: "m", Attempt: 1, Reason: h, Note: h, Agent: h, PlanHash: h, Alert: h,
		CreatedAt: began, ConfirmedAt: began, SentAt: began, Sends: 1, NextCheckAt: began.Add(time.Hour), HeldUntil: began.Add(time.Hour),
		Last: ledger.Last{Code: h, Message: h, At: began}, UpdatedAt: began,
	}
	if !status.Open() {
		r.SettledAt = began
	}
	if _, err := tx.InsertRefund(r); err != nil {
		return err
	}
	kinds := []string{"refund.intent", "refund.failed", "order.looked-up", "token.unbound", "profile.unlocked"}
	for _, kind := range []string{kinds[row.ID%int64(len(kinds))], h} {
		detail, err := json.Marshal(map[string]any{"amount": h, "currency": h, "why": h, "code": h, "reason": h, "user": h, "verified": true, h: h})
		if err != nil {
			return err
		}
		if _, err := tx.Append(ledger.Event{At: began, Profile: row.Profile, Kind: kind, Subject: r.RefundNo, Agent: h, Detail: detail}); err != nil {
			return err
		}
		if _, err := tx.Append(ledger.Event{At: began, Profile: row.Profile, Kind: kind, Subject: row.OrderNo, Agent: h, Detail: detail}); err != nil {
			return err
		}
	}
	return nil
}

// hostileFinding is a finding with a stranger's text in every field.
func hostileFinding(h string) *client.Inspection {
	return &client.Inspection{Reason: "signature does not match: " + h, Sign: h, SignedText: h + "&key=•••" + h, SignedSHA256: h, Expected: h, Different: len(h) / 2}
}

// putHostileCallback stores a refused callback with hostile text in every field,
// and a journal line of every kind that there is about callbacks.
func putHostileCallback(tx ledger.Tx, profile, no, h string) error {
	n := ledger.Notice{
		Notice: client.Notice{
			Kind: client.NoticeKind(h), Gateway: h, Merchant: h, AppID: h, Event: h, OrderNo: h, GatewayOrderNo: h, RefundNo: h, GatewayRefundNo: h, Token: h,
			UserID: h, Status: h, Said: h, FailCode: h, Reason: h, Body: []byte(h), Digest: fmt.Sprintf("%x", sha256.Sum256([]byte(no+h))), BodyHash: h, Signature: hostileFinding(h),
		},
		Profile: profile, Subject: h, ReceivedAt: began, LastAt: began,
	}
	if _, _, err := tx.PutNotice(n); err != nil {
		return err
	}
	detail := map[string]any{"notice_sha256": n.Digest, "orphan": true}
	for _, key := range []string{
		"status", "said", "was", "amount", "currency", "order", "user", "differs", "why", "event", "code", "said_at", "first_at", "callback", "class", "checks",
		"gateway_refund_no", "gateway_order_no", "body_sha256",
	} {
		detail[key] = h
	}
	for i, kind := range []string{"refund", "payment", "token", "other", "unanswered", "refused", h} {
		detail["verified"] = kind != "refused"
		if delete(detail, "times"); i%2 == 1 {
			detail["times"] = h
		}
		raw, err := json.Marshal(detail)
		if err != nil {
			return err
		}
		if _, err := tx.Append(ledger.Event{At: began, Profile: profile, Kind: "callback." + kind, Subject: h, Agent: h, Detail: raw}); err != nil {
			return err
		}
	}
	return nil
}

// safe fails when the screen is not exactly its size or holds anything that a
// terminal would obey.
func (o *office) safe(where string) {
	o.t.Helper()
	view := o.m.View()
	if bad := wrong(view.Content); bad != "" {
		o.t.Errorf("%s: %s reaches the terminal", where, bad)
	}
	if strings.ContainsFunc(view.WindowTitle, unicode.IsControl) || wrong(view.WindowTitle) != "" {
		o.t.Errorf("%s: title %q", where, view.WindowTitle)
	}
	lines := strings.Split(view.Content, "\n")
	if len(lines) != o.m.screen.height {
		o.t.Errorf("%s: %d lines, want %d", where, len(lines), o.m.screen.height)
	}
	for i, line := range lines {
		if w := ansi.StringWidth(line); w != o.m.screen.width {
			o.t.Errorf("%s: line %d is %d cells wide, want %d: %q", where, i, w, o.m.screen.width, ansi.Strip(line))
		}
	}
}

// covers S1 S2 S3 S4 S6
func TestHostileTextChangesNothing(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {140, 40}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			evil := strings.Join(hostile()[:9], "")
			profiles := []desk.Profile{{Name: evil, Gateway: evil, Brand: evil, Environment: evil, Merchant: "M1", Policy: desk.Policy{ReadOnly: true}}, shopProfile()}
			with := func(o *office, svc *Services) {
				o.fillHostile(evil)
				svc.NoColor, svc.Notices, svc.Version = false, []string{evil}, evil
				svc.Inspect = func(_ context.Context, _, _, sign string, body []byte) (client.Inspection, error) {
					found := hostileFinding(sign + string(body))
					if len(body)%2 == 0 {
						return *found, nil
					}
					return *found, &client.Error{Class: client.ClassInput, Code: evil, Message: evil, Hint: evil, Err: errors.New(evil)}
				}
				svc.Health = func() ledger.Health { return ledger.Health{Reason: evil} }
				o.bank.fail = &client.Error{Class: client.Class(evil), Code: evil, Message: evil, Hint: evil}
			}
			in(t, size[0], size[1], profiles, with, func(o *office) {
				o.safe("start")
				for _, page := range []string{"1", "2", "3", "4"} {
					o.press(page, "home")
					for i := range len(hostile()) {
						more := []string{"enter", "esc"}
						switch {
						case i == 0:
							more = []string{"enter", "i", "end", "esc", "end", "esc", "i", "end", "v", "esc", "y", "esc", "v", "esc", "v"}
						case size[0] != 80 && i%4 != 0:
							more = nil // every text was told at the middle size
						}
						for _, k := range more {
							o.press(k)
							o.pass(50 * time.Millisecond)
							o.safe(fmt.Sprintf("page %s row %d after %s", page, i, k))
						}
						o.press(page, "esc", page, "down")
					}
				}
				for _, keys := range [][]string{
					{":", "text:inspect a sig", "enter", "ctrl+r", "text:x", "ctrl+r"}, {"1", "R"}, {"1", "a"}, {"n"}, {"1", "u"}, {"3", "X"}, {"p"}, {"U"}, {"?"}, {":"}, {"1", "L"}, {"1", "/", "text:x"}, {"1", "c"}, {"1", "s"}, {"T"}, {"2", "S"}, {"q"},
				} {
					o.press(keys...)
					o.pass(time.Second)
					o.safe(strings.Join(keys, " "))
					o.press("esc", "esc", "esc")
				}
				o.press("1", "/")
				for _, h := range hostile() {
					o.send(tea.PasteMsg{Content: h})
					o.settle()
					o.safe("pasted into the search")
				}
				refused, err := o.store.Events(context.Background(), ledger.EventFilter{Kind: "callback.refused", Limit: 1000})
				if err != nil || len(refused) != len(hostile()) {
					t.Fatalf("%d refused callbacks, %v", len(refused), err)
				}
				for _, e := range refused {
					o.press("esc", "esc")
					o.run(o.m.inspect.Line(e))
					o.settle()
					o.safe("finding of a refused callback")
					o.sees("Signature of a callback", "differs from byte")
					o.press("end", "v")
					o.safe("end of a finding")
				}
				o.press("esc", "esc", ":", "text:inspect a sig", "enter")
				for _, h := range hostile() {
					o.send(tea.PasteMsg{Content: h})
					o.settle()
					o.safe("pasted into the inspector")
					o.press("ctrl+r", "end")
					o.safe("inspected")
					o.press("esc")
				}
				for _, w := range o.wrote {
					if bad := wrong(w); bad != "" {
						t.Errorf("clipboard: %s", bad)
					}
				}
			})
		})
	}
}
