package dialog

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"paydesk/client"
)

func TestEditsAskForANewPlanOnce(t *testing.T) {
	d, p := opened(t)
	p.press(tea.KeyDown).write("h") // on the amount
	if d.Draft().Amount != idr(4000) || len(p.got) != 0 {
		t.Fatalf("draft %+v, results %+v", d.Draft(), p.got)
	}
	p.send(settledMsg{to: d, seq: d.Draft().Seq - 1}) // an older edit has settled
	p.send(settledMsg{to: NewRefund(kit(t), order(), start), seq: d.Draft().Seq})
	if len(p.got) != 0 {
		t.Fatalf("results %+v", p.got)
	}
	p.send(settledMsg{to: d, seq: d.Draft().Seq})
	p.send(settledMsg{to: d, seq: d.Draft().Seq})
	p.press(tea.KeyDown)
	if len(p.got) != 1 || p.got[0] != (Replan{Draft: d.Draft()}) {
		t.Fatalf("results %+v", p.got)
	}
	// Leaving an edited field does not wait.
	p.press(tea.KeyRight, tea.KeyDown)
	if len(p.got) != 2 || p.got[1].(Replan).Draft.Reason != "duplicate payment" {
		t.Fatalf("results %+v", p.got)
	}
}

func TestWrongAmountsAreExplainedAndNotPlanned(t *testing.T) {
	hkd := order()
	for _, m := range []*client.Money{&hkd.Paid, &hkd.Refunded, &hkd.Refundable} {
		*m = client.Money{Minor: 5800, Currency: "HKD", Exp: 2}
	}
	for _, tc := range []struct {
		order       RefundOrder
		amount, say string
	}{
		{order(), "", "plain number"},
		{order(), "0", "above zero"},
		{order(), "8001", "only 8,000 IDR is left"},
		{order(), "1.5", "no decimals"},
		{order(), "1.", "plain number"},
		{hkd, "1.234", "at most 2 decimals"},
		{hkd, "58.01", "only 58.00 HKD is left"},
	} {
		d := NewRefund(kit(t), tc.order, start)
		d.SetSize(80, 24)
		p := &person{dialog: d, now: start}
		p.press(tea.KeyDown)
		for range 8 {
			p.press(tea.KeyBackspace)
		}
		p.write(tc.amount).send(settledMsg{to: d, seq: d.Draft().Seq}).press(tea.KeyDown)
		d.SetPlan(planOf(d), p.now)
		p.after(time.Second).send(yes())
		if len(p.got) != 0 || !strings.Contains(ansi.Strip(d.View()), tc.say) {
			t.Errorf("%q: results %+v, want it to say %q:\n%s", tc.amount, p.got, tc.say, ansi.Strip(d.View()))
		}
	}
}

func TestOnlyFullRefundsWhereTheGatewayTakesNoOthers(t *testing.T) {
	o := order()
	o.Partial = client.Cannot("this gateway refunds in full only")
	d := NewRefund(kit(t), o, start)
	d.SetSize(60, 16)
	p := &person{dialog: d, now: start}
	p.press(tea.KeyDown).write("1h").press(tea.KeyBackspace)
	if d.Draft().Amount != idr(8000) || !strings.Contains(ansi.Strip(d.View()), "refunds in full only") {
		t.Errorf("draft %+v:\n%s", d.Draft(), ansi.Strip(d.View()))
	}
}

func TestTheFirstDigitReplacesTheSuggestedAmount(t *testing.T) {
	d := NewRefund(kit(t), order(), start)
	d.SetSize(80, 24)
	p := &person{dialog: d, now: start}
	p.press(tea.KeyDown).write("20")
	if got := d.Draft().Amount.Minor; got != 20 {
		t.Errorf("typed 20 over the suggestion, the draft says %d", got)
	}
	p.write("00")
	if got := d.Draft().Amount.Minor; got != 2000 {
		t.Errorf("typed on to 2000, the draft says %d", got)
	}
}

// The dialog opens on Cancel, and who types an amount means the amount.
func TestADigitOnCancelBeginsTheAmount(t *testing.T) {
	d, p := opened(t)
	p.write("750")
	if got := d.Draft().Amount; got != idr(750) {
		t.Errorf("the amount is %v", got)
	}
}
