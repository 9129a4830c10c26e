package ability

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"paydesk/client"
)

// Every capability of the vocabulary is listed, once, and a missing one has a
// reason whatever the gateway says.
func TestEveryCapabilityIsListed(t *testing.T) {
	kind := reflect.TypeFor[client.Capability]()
	of := reflect.TypeFor[client.Capabilities]()
	fields := 0
	for i := range of.NumField() {
		if of.Field(i).Type == kind {
			fields++
		}
	}
	lines := Lines(client.Capabilities{Statement: client.Cannot("by \x1b[2Jportal only"), Refund: client.Can()})
	if len(lines) != fields {
		t.Errorf("%d lines for %d capabilities", len(lines), fields)
	}
	seen := map[string]bool{}
	for _, line := range lines {
		if seen[line.ID] || line.Title.Empty() || line.Can == !line.Reason.Empty() {
			t.Errorf("line %+v", line)
		}
		seen[line.ID] = true
		switch line.ID {
		case "refund":
			if !line.Can {
				t.Error("refund is not there")
			}
		case "statement":
			if line.Can || strings.ContainsRune(line.Reason.String(), 0x1b) || !strings.Contains(line.Reason.String(), "portal only") {
				t.Errorf("statement: %q", line.Reason)
			}
		default:
			if line.Can || line.Reason.String() != "this gateway does not offer it" {
				t.Errorf("%s: %q", line.ID, line.Reason)
			}
		}
	}
}

func TestFacts(t *testing.T) {
	if facts := Facts(client.Capabilities{}); len(facts) != 1 || facts[0].ID != "answers" || facts[0].Value.String() != "signed" {
		t.Errorf("nothing known: %+v", facts)
	}
	can := client.Capabilities{
		RefundWindow: 60 * 24 * time.Hour, RefundHardLimit: 365 * 24 * time.Hour, MaxReason: 256, OneRefundAtATime: true, ClosedMayHaveMoved: true, OrderNosRepeat: true,
		UnsignedAnswers: true, UnsignedRefusals: true, RequestsPerSecond: 5, Burst: 10, Pace: client.DefaultPace(1),
	}
	got := map[string]string{}
	for _, f := range Facts(can) {
		got[f.ID] = f.Value.String()
	}
	for id, want := range map[string]string{
		"refund_window": "may be refused 60 d after the payment", "refund_limit": "not possible 365 d after the payment", "one_refund_at_a_time": "one refund of an order",
		"closed_may_have_moved": "closed by a timer, the money may have moved: a person looks before the order is refunded again",
		"order_nos_repeat":      "several payments may carry one number of the merchant's; the gateway's own tells them apart",
		"max_reason":            "at most 256 characters", "answers": "not signed: TLS vouches for them", "budget": "5 requests a second, 10 at once",
		"poll_plan": "every 10 s until 1 min, every 30 s until 10 min, every 2 min until 1 h, every 15 min until 1 d, every 2 h until 7 d, then every 12 h, and a success every 1 d for 30 d",
	} {
		if got[id] != want {
			t.Errorf("%s: %q, want %q", id, got[id], want)
		}
		delete(got, id)
	}
	if len(got) > 0 {
		t.Errorf("more: %v", got)
	}
	can.UnsignedAnswers = false
	if got := Answers(can).String(); got != "signed, but for some refusals, which are settled by asking" {
		t.Error(got)
	}
}

// Steps that hold one look say when it is; a fast sandbox counts milliseconds.
func TestPlanInWords(t *testing.T) {
	pace := client.Pace{Poll: []client.PollStep{
		{Until: 4 * time.Second, Every: 5 * time.Second},
		{Until: 25 * time.Second, Every: 25 * time.Second},
		{Until: 110 * time.Second, Every: 90 * time.Second},
		{Until: 2*time.Hour + 10*time.Minute, Every: 5 * time.Minute},
		{Every: 12 * time.Hour},
	}}
	if got, want := Plan(pace).String(), "after 5 s, after 30 s, after 2 min, every 5 min until 2 h 10 min, then every 12 h"; got != want {
		t.Errorf("plan %q, want %q", got, want)
	}
	if got := Plan(client.Pace{Poll: []client.PollStep{{Every: 200 * time.Millisecond}}}).String(); got != "then every 200 ms" {
		t.Error(got)
	}
	if got := Plan(client.Pace{}); !got.Empty() {
		t.Error(got)
	}
}
