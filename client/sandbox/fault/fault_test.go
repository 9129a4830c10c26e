package fault_test

import (
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/fault"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want fault.Fault
	}{
		{"refund:lose-answer=0.3", fault.Fault{Operation: "refund", Kind: fault.LoseAnswer, Rate: 300_000}},
		{"refund:lose-answer=1", fault.Fault{Operation: "refund", Kind: fault.LoseAnswer, Count: 1}},
		{"refund:lose-answer=1.0", fault.Fault{Operation: "refund", Kind: fault.LoseAnswer, Rate: 1_000_000}},
		{"refund:lose-answer=0", fault.Fault{Operation: "refund", Kind: fault.LoseAnswer}},
		{"refund:lose-answer=.5", fault.Fault{Operation: "refund", Kind: fault.LoseAnswer, Rate: 500_000}},
		{"refund:lose-answer", fault.Fault{Operation: "refund", Kind: fault.LoseAnswer, Always: true}},
		{"easylink/query:status=503=0.5", fault.Fault{Gateway: "easylink", Operation: "query", Kind: fault.Status, Status: 503, Rate: 500_000}},
		{"payermax/*:refuse-connection=12", fault.Fault{Gateway: "payermax", Operation: "*", Kind: fault.Refuse, Count: 12}},
		{"order:delay=2s", fault.Fault{Operation: "order", Kind: fault.Delay, Time: 2 * time.Second, Always: true}},
		{"create:delay=150ms=3", fault.Fault{Operation: "create", Kind: fault.Delay, Time: 150 * time.Millisecond, Count: 3}},
		{"*:clock=-3m", fault.Fault{Operation: "*", Kind: fault.Clock, Time: -3 * time.Minute, Always: true}},
		{"tokens:clock=+10m=0.000001", fault.Fault{Operation: "tokens", Kind: fault.Clock, Time: 10 * time.Minute, Rate: 1}},
		{"unbind:truncate=2", fault.Fault{Operation: "unbind", Kind: fault.Truncate, Count: 2}},
		{"callback:duplicate-callback", fault.Fault{Operation: "callback", Kind: fault.Duplicate, Always: true}},
		{"refund:reorder-callback=1", fault.Fault{Operation: "refund", Kind: fault.Reorder, Count: 1}},
		{"refund:late-failure=1", fault.Fault{Operation: "refund", Kind: fault.LateFailure, Count: 1}},
		{"create:stay-pending", fault.Fault{Operation: "create", Kind: fault.StayPending, Always: true}},
	} {
		got, err := fault.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got.String() != c.text {
			t.Errorf("%s reads as %s", c.text, got)
		}
		if got.Gateway != c.want.Gateway || got.Operation != c.want.Operation || got.Kind != c.want.Kind || got.Time != c.want.Time ||
			got.Status != c.want.Status || got.Rate != c.want.Rate || got.Count != c.want.Count || got.Always != c.want.Always {
			t.Errorf("%s: %+v", c.text, got)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for text, hint := range map[string]string{
		"":                             "for example refund:lose-answer=0.3",
		"refund":                       "for example refund:lose-answer=0.3",
		"refunds:lose-answer":          "one of refund query",
		"refund:lose":                  "one of lose-answer",
		"/refund:html":                 "payermax/refund",
		"Easy Link/refund:html":        "payermax/refund",
		"refund:delay":                 "delay=2s",
		"refund:delay=-2s":             "500ms, 2s",
		"refund:delay=2":               "500ms, 2s",
		"refund:status":                "status=500",
		"refund:status=404":            "status=500",
		"refund:html=1.5":              "a rate such as 0.3",
		"refund:html=-1":               "a rate such as 0.3",
		"refund:html=2e3":              "a rate such as 0.3",
		"refund:html=":                 "a rate such as 0.3",
		"refund:html=.":                "a rate such as 0.3",
		"refund:html=0.1234567":        "a rate such as 0.3",
		"refund:html=99999999":         "a rate such as 0.3",
		"refund:html=1=2":              "[gateway/]operation",
		"query:late-failure":           "refund *",
		"order:stay-pending":           "refund create *",
		"callback:status=500":          "refund query order",
		"tokens:duplicate-callback":    "callback refund create unbind *",
		"refund:clock=999999h":         "500ms, 2s",
		"refund:html=" + "1\x1b[31m":   "a rate such as 0.3",
		"refund:lose-answer=0.3=0.3=1": "[gateway/]operation",
	} {
		_, err := fault.Parse(text)
		if client.ClassOf(err) != client.ClassInput {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if e := err.(*client.Error); !strings.Contains(e.Hint, hint) || strings.ContainsRune(e.Message+e.Hint, '\x1b') {
			t.Errorf("%q: %s; %s", text, e.Message, e.Hint)
		}
	}
}

func set(t *testing.T, seed uint64, texts ...string) *fault.Set {
	t.Helper()
	var faults []fault.Fault
	for _, text := range texts {
		f, err := fault.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		faults = append(faults, f)
	}
	return fault.NewSet(seed, faults)
}

func TestCountsEndAndReplacementStartsAfresh(t *testing.T) {
	s := set(t, 1, "refund:html=2")
	strikes := func() (n int) {
		for range 10 {
			if _, ok := s.Strike("payermax", "refund", fault.HTML); ok {
				n++
			}
		}
		return n
	}
	if _, ok := s.Strike("payermax", "query", fault.HTML); ok {
		t.Error("another operation was struck")
	}
	if _, ok := s.Strike("payermax", "refund", fault.Truncate); ok {
		t.Error("another fault struck")
	}
	if got := strikes(); got != 2 {
		t.Errorf("struck %d times", got)
	}
	f, _ := fault.Parse("payermax/*:html=3")
	s.Replace([]fault.Fault{f})
	if got := strikes(); got != 3 {
		t.Errorf("struck %d times after being replaced", got)
	}
	if got := s.Texts(); len(got) != 1 || got[0] != "payermax/*:html=3" {
		t.Errorf("in force: %v", got)
	}
	if _, ok := set(t, 1, "easylink/*:html").Strike("payermax", "refund", fault.HTML); ok {
		t.Error("another gateway was struck")
	}
}

func TestRatesFollowTheSeed(t *testing.T) {
	run := func(seed uint64) (pattern string, n int) {
		s := set(t, seed, "refund:html=0.3")
		for range 1000 {
			mark := "."
			if _, ok := s.Strike("payermax", "refund", fault.HTML); ok {
				mark = "x"
				n++
			}
			pattern += mark
		}
		return pattern, n
	}
	first, n := run(7)
	if second, _ := run(7); first != second {
		t.Error("the same seed strikes differently")
	}
	if other, _ := run(8); first == other {
		t.Error("another seed strikes the same")
	}
	if n < 240 || n > 360 {
		t.Errorf("struck %d of 1000 at a rate of 0.3", n)
	}
	always := set(t, 1, "refund:html=1.0")
	never := set(t, 1, "refund:html=0.0")
	for range 100 {
		if _, ok := always.Strike("payermax", "refund", fault.HTML); !ok {
			t.Fatal("a rate of 1.0 missed")
		}
		if _, ok := never.Strike("payermax", "refund", fault.HTML); ok {
			t.Fatal("a rate of 0 struck")
		}
	}
}

func TestStrikeIfLeavesOthersAlone(t *testing.T) {
	s := set(t, 1, "refund:status=500=1", "refund:status=503=1")
	f, ok := s.StrikeIf("payermax", "refund", fault.Status, func(f fault.Fault) bool { return f.Status == 503 })
	if !ok || f.Status != 503 {
		t.Fatalf("struck %+v %v", f, ok)
	}
	if f, ok = s.Strike("payermax", "refund", fault.Status); !ok || f.Status != 500 {
		t.Errorf("struck %+v %v", f, ok)
	}
}
