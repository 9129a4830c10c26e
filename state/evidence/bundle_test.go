package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/ledger"
)

// ledgerByHand holds one refund in every detail, whatever the desk's lines look
// like in another version.
func ledgerByHand(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	at := func(n int) time.Time { return time.Date(2026, 11, 22, 9, n, 0, 0, time.UTC) }
	hkd := client.Money{Minor: 2000, Currency: "HKD", Exp: 2}
	no := client.RefundNo("payermax", "M1", "P1", 1)
	plan := bound{"payermax", "M1", "P1", no, "20.00", "HKD", "退貨 <b>"}.digest()
	request, answer := []byte(`{"refundNo":"`+no+`"}`), []byte(`{"code":"OK"}`)
	body := []byte(`{"status":"SUCCESS"}`)
	notice := client.Notice{
		Kind: client.NoticeRefund, Gateway: "payermax", OrderNo: "P1", RefundNo: no, Status: "success", Said: "SUCCESS", Amount: hkd, Verified: true, Body: body,
	}.Identified(body)
	forged := client.Notice{Kind: client.NoticeRefund, Gateway: "payermax", RefundNo: no, Said: "SUCCESS\x1b[2J", Body: []byte("\xff\xfe")}
	forged.Signature = &client.Inspection{Reason: "wrong", Sign: "AA", SignedText: "a=b&key=•••"}
	forged = forged.Doubted("the signature is wrong").Identified([]byte("\xff\xfe"))
	err := o.store.Update(t.Context(), func(tx ledger.Tx) error {
		order, err := tx.PutOrder(ledger.Order{
			Order:   client.Order{OrderNo: "P1", GatewayOrderNo: "T20261122000001", UserID: "U-1", Amount: client.Money{Minor: 10000, Currency: "HKD", Exp: 2}, Status: client.OrderPaid, Method: "CARD", Card: "····4242", CreatedAt: at(0), PaidAt: at(1)},
			Profile: shop, Gateway: "payermax", Source: "lookup", UpdatedAt: at(2),
		})
		if err != nil {
			return err
		}
		_, err = tx.InsertRefund(ledger.Refund{
			Refund:  client.Refund{RefundNo: no, GatewayRefundNo: "G1", OrderNo: "P1", Amount: hkd, Status: client.RefundSuccess, SettledAt: at(9)},
			OrderID: order.ID, Profile: shop, Gateway: "payermax", Merchant: "M1", Attempt: 1, Reason: "退貨 <b>", Note: "ticket 1182", Agent: "ada", PlanHash: plan,
			CreatedAt: at(3), ConfirmedAt: at(3), SentAt: at(4), LastSentAt: at(4), Sends: 1, Checks: 1, UpdatedAt: at(9),
			Last: ledger.Last{Code: "OK", Message: "ok", Verified: true, At: at(9)},
		})
		if err != nil {
			return err
		}
		for _, e := range []ledger.Evidence{
			{Exchange: client.Exchange{Operation: "orderQuery", At: at(2), URL: "https://gateway.example/orderQuery", HTTPStatus: 200, Code: "OK", Verified: true, Request: []byte(`{}`), Answer: []byte(`{"sign":"•••"}`), RequestHash: hash([]byte(`{}`)), AnswerHash: strings.Repeat("ab", 32), RequestBytes: 2}, Subject: "P1"},
			{Exchange: client.Exchange{Operation: "refund", At: at(4), URL: "https://gateway.example/refund", HTTPStatus: 200, Code: "OK", Message: "ok \u009b31m", Verified: true, Request: request, Answer: answer, RequestHash: hash(request), AnswerHash: hash(answer), RequestBytes: len(request)}, Subject: no},
		} {
			e.Profile = shop
			if err := tx.PutEvidence(e); err != nil {
				return err
			}
		}
		for i, n := range []client.Notice{notice, forged} {
			if _, _, err := tx.PutNotice(ledger.Notice{Notice: n, Profile: shop, Subject: no, ReceivedAt: at(7 + i), LastAt: at(7 + i)}); err != nil {
				return err
			}
		}
		line := func(minute int, kind, subject, agent string, detail map[string]any) {
			if err != nil {
				return
			}
			raw, _ := json.Marshal(detail)
			_, err = tx.Append(ledger.Event{At: at(minute), Mono: time.Duration(minute) * time.Minute, Profile: shop, Kind: kind, Subject: subject, Agent: agent, Detail: raw})
		}
		line(0, "profile.unlocked", shop, "ada", map[string]any{"until": "later"})
		line(2, "order.looked-up", "P1", "ada", map[string]any{"status": "paid", "amount": "100.00", "currency": "HKD", "code": "OK", "verified": true, "answer_sha256": strings.Repeat("ab", 32)})
		line(3, "refund.intent", no, "ada", map[string]any{"order": "P1", "amount": "20.00", "currency": "HKD", "attempt": 1, "reason": "退貨 <b>", "plan_sha256": plan, "script": false, "held_until": ""})
		line(4, "refund.sending", no, "ada", map[string]any{"send": 1, "order": "P1", "amount": "20.00", "currency": "HKD"})
		line(5, "refund.pending", no, "ada", map[string]any{"from": "sending", "to": "pending", "code": "OK", "verified": true, "request_sha256": hash(request), "answer_sha256": hash(answer)})
		line(6, "token.listed", "P1", "eve", map[string]any{"cards": 0})
		line(7, "callback.refund", no, "gateway", map[string]any{"verified": true, "callback": "refund", "notice_sha256": notice.Digest, "body_sha256": notice.BodyHash, "status": "success", "said": "SUCCESS", "order": "P1", "amount": "20.00", "currency": "HKD"})
		line(8, "callback.refused", no, "gateway", map[string]any{"verified": false, "callback": "refund", "notice_sha256": forged.Digest, "body_sha256": forged.BodyHash, "said": forged.Said, "why": forged.Reason})
		line(9, "refund.success", no, "ada", map[string]any{"from": "pending", "to": "success", "by": "callback"})
		line(10, "order.looked-up", "P2", "eve", map[string]any{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// content reads a folder as one text, in the order of the names.
func content(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		fmt.Fprintf(&out, "-- %s --\n%s", filepath.ToSlash(name), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The same ledger at the same time gives the same bytes.
func TestBundle(t *testing.T) { // covers I13 I12
	o := ledgerByHand(t)
	no := client.RefundNo("payermax", "M1", "P1", 1)
	dir := o.written(no)
	golden.RequireEqual(t, content(t, dir))
	if again := o.written("G1"); content(t, again) != content(t, dir) {
		t.Error("the second bundle of the same refund differs")
	}
	o.whole(dir)
	report, err := VerifyBundle(dir)
	if err != nil || report.Refund != no || report.Lines != 7 || report.Files != 10 || len(report.Last) != 64 {
		t.Errorf("%v: %s", err, inFull(report))
	}
	digest, err := Write(filepath.Join(t.TempDir(), "new", "deep"), o.gather(no))
	if err != nil || digest != report.Digest {
		t.Errorf("digest %s, %v; the report has %s", digest, err, report.Digest)
	}
}

// What the README tells people to type gives what it says.
func TestReadmeRecipes(t *testing.T) { // covers I13
	for _, tool := range []string{"sh", "find", "sed", "sort", "xargs", "sha256sum", "tr"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("PAYDESK_REQUIRE_ALL") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	o := ledgerByHand(t)
	dir := o.written("G1")
	text, err := os.ReadFile(filepath.Join(dir, fileReadme))
	if err != nil {
		t.Fatal(err)
	}
	report, err := VerifyBundle(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{report.Digest, o.gather("G1").Lines[2].Digest}
	for row := range strings.Lines(string(text)) {
		command := strings.TrimSpace(row)
		if !strings.HasPrefix(row, "    ") || !strings.HasSuffix(command, "sha256sum") {
			continue
		}
		shell := exec.CommandContext(t.Context(), "sh", "-c", command)
		shell.Dir = dir
		out, err := shell.Output()
		if err != nil || len(want) == 0 || !strings.HasPrefix(string(out), want[0]+" ") {
			t.Fatalf("%s: %s, %v; want %v", command, out, err, want)
		}
		want = want[1:]
	}
	if len(want) > 0 {
		t.Errorf("no recipe gives %v", want)
	}
}

// Every way a refund can go gives a bundle without fault, now and after the
// refund has gone on.
func TestBundlesOfTheDesk(t *testing.T) { // covers I13 I12
	for name, play := range map[string]func(o *office) ledger.Refund{
		"success": (*office).refunded,
		"decided": func(o *office) ledger.Refund { return o.decide("P1", "all", "<&> \"客戶\"\u2028", 0) },
		"held":    func(o *office) ledger.Refund { return o.decide("P1", "1.00", "", time.Hour) },
		"released": func(o *office) ledger.Refund {
			r := o.decide("P1", "1.00", "", time.Minute)
			o.clock.add(time.Hour)
			return o.step(r.RefundNo)
		},
		"cancelled, and decided again": func(o *office) ledger.Refund {
			r := o.decide("P1", "1.00", "first", time.Hour)
			if _, err := o.Cancel(o.t.Context(), shop, r.RefundNo); err != nil {
				o.t.Fatal(err)
			}
			r = o.decide("P1", "2.00", "second", 0)
			return o.step(r.RefundNo)
		},
		"cancelled": func(o *office) ledger.Refund {
			r := o.decide("P1", "1.00", "first", time.Hour)
			r, err := o.Cancel(o.t.Context(), shop, r.RefundNo)
			if err != nil {
				o.t.Fatal(err)
			}
			return r
		},
		"confirmed again": func(o *office) ledger.Refund {
			r := o.decide("P1", "1.00", "late", 0)
			o.clock.add(time.Hour)
			o.step(r.RefundNo)
			r, err := o.Confirm(o.t.Context(), shop, r.RefundNo)
			if err != nil {
				o.t.Fatal(err)
			}
			return r
		},
		"answer lost": func(o *office) ledger.Refund {
			r := o.decide("P1", "1.00", "lost", 0)
			o.gateway.lose = true
			return o.step(r.RefundNo)
		},
		"answer lost, found": func(o *office) ledger.Refund {
			r := o.decide("P1", "1.00", "lost", 0)
			o.gateway.lose = true
			o.step(r.RefundNo)
			return o.step(r.RefundNo)
		},
		"refused": func(o *office) ledger.Refund {
			r := o.decide("P1", "1.00", "no", 0)
			o.gateway.refuse = true
			return o.step(r.RefundNo)
		},
		"reversed, with callbacks": func(o *office) ledger.Refund {
			r := o.refunded()
			o.hear(r, false, `{"forged":true}`)
			o.hear(r, true, `{"status":"SUCCESS"}`)
			o.hear(r, true, `{"status":"SUCCESS"}`)
			o.gateway.becomes(r.RefundNo, client.RefundFailed)
			return o.step(r.RefundNo)
		},
		"made elsewhere": func(o *office) ledger.Refund {
			no := client.RefundNo("payermax", "M1", "P1", 1)
			o.gateway.refunds[no] = client.Refund{RefundNo: no, OrderNo: "P1", Amount: client.Money{Minor: 500, Currency: "HKD", Exp: 2}, Status: client.RefundSuccess}
			o.decide("P1", "1.00", "after another desk", 0)
			r, err := o.store.Refund(o.t.Context(), shop, no)
			if err != nil {
				o.t.Fatal(err)
			}
			return r
		},
		"beside one made elsewhere": func(o *office) ledger.Refund {
			no := client.RefundNo("payermax", "M1", "P1", 1)
			o.gateway.refunds[no] = client.Refund{RefundNo: no, OrderNo: "P1", Amount: client.Money{Minor: 500, Currency: "HKD", Exp: 2}, Status: client.RefundSuccess}
			r := o.decide("P1", "1.00", "after another desk", 0)
			return o.step(r.RefundNo)
		},
		"bodies redacted": func(o *office) ledger.Refund { o.gateway.hide = true; return o.refunded() },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			r := play(o)
			dir := o.written(r.RefundNo)
			o.whole(dir)
			report, err := VerifyBundle(dir)
			if err != nil || report.Lines < 2 || report.Refund != r.RefundNo {
				t.Errorf("%v: %s", err, inFull(report))
			}
			if made := strings.Contains(content(t, dir), `"consent"`); made == r.Foreign {
				t.Errorf("a consent is told: %v; made elsewhere: %v", made, r.Foreign)
			}
			o.clock.add(24 * time.Hour)
			o.gateway.becomes(r.RefundNo, client.RefundFailed)
			o.step(r.RefundNo)
			o.hear(r, true, `{"later":true}`)
			o.whole(dir)
		})
	}
}

// The consent's digest is the one that the desk computes.
func TestConsentIsTheDesks(t *testing.T) { // covers I12
	o := newOffice(t)
	plan, err := o.Plan(t.Context(), desk.Ask{Profile: shop, Order: "P1", Amount: "1.00", Reason: "<&> \"客戶\" 4242 4242 4242 4242"})
	if err != nil {
		t.Fatal(err)
	}
	b := bound{"payermax", "M1", "P1", plan.RefundNo, "1.00", "HKD", plan.Reason}
	if b.digest() != plan.Hash {
		t.Errorf("%+v gives %s, not %s", b, b.digest(), plan.Hash)
	}
}

// What belongs to a refund is there, and nothing else.
func TestBundleSelects(t *testing.T) {
	o := newOffice(t)
	o.paid("P2")
	other := client.RefundNo("payermax", "M1", "P1", 1)
	o.gateway.refunds[other] = client.Refund{RefundNo: other, OrderNo: "P1", Amount: client.Money{Minor: 500, Currency: "HKD", Exp: 2}, Status: client.RefundSuccess}
	r := o.decide("P1", "1.00", "x", 0)
	o.step(r.RefundNo)
	o.hear(r, true, "{}")
	elsewhere := o.decide("P2", "2.00", "y", 0)
	o.step(elsewhere.RefundNo)
	b := o.gather(r.RefundNo)
	kinds := map[string]int{}
	for _, e := range b.Lines {
		kinds[e.Kind]++
		if e.Subject == elsewhere.RefundNo || e.Subject == "P2" {
			t.Errorf("line %d is about %s", e.Seq, e.Subject)
		}
	}
	for _, kind := range []string{"order.looked-up", "refund.discovered", "refund.intent", "refund.sending", "refund.pending", "callback.refund"} {
		if kinds[kind] != 1 {
			t.Errorf("%d lines of %s", kinds[kind], kind)
		}
	}
	var words []string
	list, err := files(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if strings.Contains(f.name, "/") {
			words = append(words, f.name)
		}
	}
	want := []string{"callbacks/0001-refund.json", "exchanges/0001-order.json", "exchanges/0002-history.json", "exchanges/0003-refund.json"}
	if !slices.Equal(words, want) {
		t.Errorf("files %v, want %v", words, want)
	}
	if b.Chain.Lines <= int64(len(b.Lines)) || b.Chain.Head != b.Chain.Lines || b.Chain.Broken != "" {
		t.Errorf("chain %+v", b.Chain)
	}
}

func TestGatherErrors(t *testing.T) {
	o := newOffice(t)
	r := o.refunded()
	for _, c := range []struct {
		profile, no string
		class       client.Class
	}{{shop, "R404", client.ClassNotFound}, {"other", r.RefundNo, client.ClassNotFound}, {"", "", client.ClassNotFound}} {
		if _, err := Gather(t.Context(), o.store, c.profile, c.no, now); client.ClassOf(err) != c.class {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if b, err := Gather(t.Context(), o.store, "", strings.ToLower(r.RefundNo), now); err != nil || b.Refund.RefundNo != r.RefundNo {
		t.Errorf("of any profile: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Gather(gone, o.store, shop, r.RefundNo, now); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Gather(t.Context(), moving{o.store, new(int)}, shop, r.RefundNo, now); client.ClassOf(err) != client.ClassConflict {
		t.Errorf("a refund that never stands still: %v", err)
	}
}

// moving is a ledger whose refunds change at each look.
type moving struct {
	ledger.Reader
	looks *int
}

func (m moving) Refund(ctx context.Context, profile, no string) (ledger.Refund, error) {
	r, err := m.Reader.Refund(ctx, profile, no)
	*m.looks++
	r.Checks = *m.looks
	return r, err
}
