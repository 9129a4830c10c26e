package dialog

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"paydesk/client"
	"paydesk/ui/keys"
	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
)

func kit(tb testing.TB) Kit {
	tb.Helper()
	bound, problems := keys.New(keys.Defaults(), nil)
	for _, p := range problems {
		tb.Fatal(p)
	}
	return Kit{Styles: styletest.Plain(tb), Keys: bound}
}

// person presses keys at a dialog, at a pace.
type person struct {
	dialog Dialog
	now    time.Time
	got    []Result
}

func idr(minor int64) client.Money { return client.Money{Minor: minor, Currency: "IDR"} }

func order() RefundOrder {
	return RefundOrder{
		Number: text.Literal("P1642410680681"), Context: text.Literal("shop-hk · Checus"), Env: style.EnvProduction,
		Paid: idr(10000), Refunded: idr(2000), Refundable: idr(8000), Partial: client.Can(),
		Reasons: []text.Safe{text.Literal("customer return"), text.Literal("duplicate payment"), text.Literal("fraud")},
	}
}

func planOf(d *Refund) RefundPlan {
	amount := d.Draft().Amount
	return RefundPlan{
		Seq: d.Draft().Seq, ID: "hash-of-" + amount.Major(), Refunded: idr(2000), Refundable: idr(8000),
		Number: text.Literal("RX4KQ7M2NB5VTLA3WGYHJ6PZCDE"), Wire: text.Clean(amount.String()), Undo: 10 * time.Second, Confirm: amount.Major(),
	}
}

var start = time.Date(2026, 11, 21, 14, 5, 0, 0, time.UTC)

func opened(tb testing.TB) (*Refund, *person) {
	d := NewRefund(kit(tb), order(), start)
	d.SetSize(60, 16)
	return d, &person{dialog: d, now: start}
}

// after lets time pass.
func (p *person) after(d time.Duration) *person {
	p.now = p.now.Add(d)
	return p
}

func (p *person) send(msg tea.Msg) *person {
	if r, _ := p.dialog.Update(msg, p.now); r != nil {
		p.got = append(p.got, r)
	}
	return p
}

func (p *person) press(codes ...rune) *person {
	for _, c := range codes {
		p.send(tea.KeyPressMsg{Code: c})
	}
	return p
}

func (p *person) write(words string) *person {
	for _, r := range words {
		p.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return p
}

func yes() tea.KeyPressMsg { return tea.KeyPressMsg{Code: 'y', Mod: tea.ModCtrl} }

// confirmed returns the consent that was given, if any.
func (p *person) confirmed() (RefundConfirmed, bool) {
	for _, r := range p.got {
		if c, ok := r.(RefundConfirmed); ok {
			return c, true
		}
	}
	return RefundConfirmed{}, false
}

// armed is a dialog in which nothing but the confirm key is missing.
func armed(tb testing.TB) (*Refund, *person) {
	d, p := opened(tb)
	d.SetPlan(planOf(d), p.now)
	p.after(time.Second).press(tea.KeyUp).after(time.Second).write("8000")
	return d, p
}

// covers S25 I12
func TestTypedAmountAndConfirmKeyAfterAPauseIsConsent(t *testing.T) {
	d, p := armed(t)
	p.after(pause).send(yes())
	c, ok := p.confirmed()
	if !ok || c.PlanID != "hash-of-8000" || c.Typed != "8000" || c.Draft != d.Draft() || c.Draft.Amount != idr(8000) || c.Draft.Reason != "customer return" {
		t.Errorf("confirmed = %+v, %v", c, ok)
	}
	_, p = armed(t)
	p.after(pause).send(tea.KeyPressMsg{Code: tea.KeyF8})
	if _, ok := p.confirmed(); !ok {
		t.Error("F8 does not confirm")
	}
}

// covers S25
func TestTheConfirmKeyCountsOnlyAfterAPause(t *testing.T) {
	_, p := armed(t)
	p.after(pause - time.Millisecond).send(yes())
	if _, ok := p.confirmed(); ok {
		t.Fatal("it counted too early")
	}
	if view := ansi.Strip(p.dialog.View()); !strings.Contains(view, "too quick") {
		t.Errorf("nothing is said:\n%s", view)
	}
	p.after(pause - time.Millisecond).send(yes())
	if _, ok := p.confirmed(); ok {
		t.Fatal("the second press counted although it came too early after the first")
	}
	p.after(pause).send(yes())
	if _, ok := p.confirmed(); !ok {
		t.Fatal("a calm press did not count")
	}
}

// covers S25
func TestNothingElseConfirms(t *testing.T) {
	for name, act := range map[string]func(*person){
		"enter":           func(p *person) { p.after(time.Second).press(tea.KeyEnter) },
		"space":           func(p *person) { p.after(time.Second).write(" ") },
		"y":               func(p *person) { p.after(time.Second).write("y") },
		"the opening key": func(p *person) { p.after(time.Second).write("R") },
		"ctrl+c":          func(p *person) { p.after(time.Second).send(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}) },
		"a repeated key": func(p *person) {
			p.after(time.Second).send(tea.KeyPressMsg{Code: 'y', Mod: tea.ModCtrl, IsRepeat: true})
		},
		"a burst":           func(p *person) { p.write("8000").send(yes()) },
		"a click":           func(p *person) { p.after(time.Second).send(tea.MouseClickMsg{X: 50, Y: 12, Button: tea.MouseLeft}) },
		"a click, then key": func(p *person) { p.after(time.Second).send(tea.MouseClickMsg{}).send(yes()) },
		"focus, then key":   func(p *person) { p.after(time.Second).send(tea.FocusMsg{}).send(yes()) },
		"paste, then key":   func(p *person) { p.after(time.Second).send(tea.PasteMsg{Content: "8000\x19"}).send(yes()) },
		"a clock set back":  func(p *person) { p.after(-time.Hour).send(yes()) },
		"no time at all": func(p *person) {
			p.now = time.Time{}
			p.send(yes())
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, p := armed(t)
			act(p)
			if c, ok := p.confirmed(); ok {
				t.Errorf("confirmed %+v", c)
			}
		})
	}
}

// covers S25
func TestAHeldKeyNeverConfirms(t *testing.T) {
	for _, held := range []tea.KeyPressMsg{{Code: tea.KeyEnter}, {Code: 'y', Text: "y"}, {Code: tea.KeySpace, Text: " "}, {Code: 'R', Text: "R"}, yes()} {
		d, p := opened(t)
		p.press(tea.KeyUp).write("8000")
		for i := range 300 {
			if i == 150 {
				d.SetPlan(planOf(d), p.now) // the plan arrives while the key is down
			}
			p.after(30 * time.Millisecond).send(held)
			if d.focus == atConfirm && d.typed.Value() == "" {
				p.write("8000")
			}
		}
		if c, ok := p.confirmed(); ok {
			t.Errorf("holding %s confirmed %+v", held.String(), c)
		}
	}
}

// covers S25
func TestPastedTextNeverConfirms(t *testing.T) {
	_, p := armed(t)
	for range 100 {
		p.send(tea.PasteMsg{Content: "y\n"})
	}
	// A terminal without bracketed paste sends the same as keys.
	for range 100 {
		p.write("y").press(tea.KeyEnter).send(yes())
	}
	if c, ok := p.confirmed(); ok {
		t.Errorf("confirmed %+v", c)
	}
	d, p := opened(t)
	d.SetPlan(planOf(d), p.now)
	p.press(tea.KeyUp).send(tea.PasteMsg{Content: "8000"})
	if d.typed.Value() != "" {
		t.Errorf("pasted into the confirm field: %q", d.typed.Value())
	}
	p.press(tea.KeyDown, tea.KeyDown).send(tea.PasteMsg{Content: "1"})
	if d.amount.Value() != "8000" {
		t.Errorf("pasted into the amount: %q", d.amount.Value())
	}
}

// covers S25
func TestItStartsOnCancel(t *testing.T) {
	d, p := opened(t)
	if d.focus != atCancel || d.Cursor() != nil {
		t.Errorf("focus = %v", d.focus)
	}
	p.press(tea.KeyEnter)
	if len(p.got) != 1 || p.got[0] != (Closed{}) {
		t.Errorf("enter at the start gives %+v", p.got)
	}
}

// covers S25
func TestTheAmountMustBeTypedExactly(t *testing.T) {
	for _, typed := range []string{"", "800", "80000", "8,000", "8000.0", "08000", "8000 "} {
		d, p := opened(t)
		d.SetPlan(planOf(d), p.now)
		p.after(time.Second).press(tea.KeyUp).write(typed).after(time.Second).send(yes())
		if c, ok := p.confirmed(); ok {
			t.Errorf("%q confirmed %+v", typed, c)
		}
		if view := ansi.Strip(d.View()); !strings.Contains(view, "type 8000 first") {
			t.Errorf("nothing is said about %q:\n%s", typed, view)
		}
	}
	// The policy may ask for no typing; the key and the pause remain.
	d, p := opened(t)
	plan := planOf(d)
	plan.Confirm = ""
	d.SetPlan(plan, p.now)
	p.send(yes())
	if _, ok := p.confirmed(); ok {
		t.Error("a plan that has just appeared was confirmed")
	}
	p.after(pause).send(yes())
	if c, ok := p.confirmed(); !ok || c.Typed != "" {
		t.Errorf("confirmed = %+v, %v", c, ok)
	}
}

// covers S25 I12
func TestNoConsentWithoutAWholePlan(t *testing.T) {
	for name, plan := range map[string]func(*Refund) (RefundPlan, bool){
		"none yet": func(*Refund) (RefundPlan, bool) { return RefundPlan{}, false },
		"from the ledger only": func(d *Refund) (RefundPlan, bool) {
			p := planOf(d)
			p.Checking = true
			return p, true
		},
		"from the ledger only, no typing": func(d *Refund) (RefundPlan, bool) {
			p := planOf(d)
			p.Checking, p.Confirm = true, ""
			return p, true
		},
		"refused, no typing": func(d *Refund) (RefundPlan, bool) {
			p := planOf(d)
			p.Refusal, p.Confirm = text.Literal("the profile is read-only"), ""
			return p, true
		},
		"refused": func(d *Refund) (RefundPlan, bool) {
			p := planOf(d)
			p.Refusal = text.Literal("a refund of this order is under way")
			return p, true
		},
		"of an older draft": func(d *Refund) (RefundPlan, bool) {
			p := planOf(d)
			p.Seq--
			return p, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, p := opened(t)
			if plan, ok := plan(d); ok {
				d.SetPlan(plan, p.now)
			}
			p.after(time.Second).press(tea.KeyUp).after(time.Second).write("8000").after(time.Second).send(yes())
			if c, ok := p.confirmed(); ok {
				t.Errorf("confirmed %+v", c)
			}
		})
	}
}

// covers I12
func TestAnyEditVoidsThePlan(t *testing.T) {
	for name, edit := range map[string]func(*Refund, *person){
		"amount": func(_ *Refund, p *person) { p.press(tea.KeyDown, tea.KeyDown, tea.KeyBackspace) },
		"half":   func(_ *Refund, p *person) { p.press(tea.KeyDown, tea.KeyDown).write("h") },
		"reason": func(_ *Refund, p *person) { p.press(tea.KeyUp, tea.KeyUp, tea.KeyRight) },
		"note":   func(_ *Refund, p *person) { p.press(tea.KeyUp).write("x") },
		"pasted note": func(_ *Refund, p *person) {
			p.press(tea.KeyUp).send(tea.PasteMsg{Content: "ticket 1182"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, p := armed(t)
			old, before := planOf(d), d.Draft()
			edit(d, p)
			if d.Draft() == before || d.Draft().Seq <= before.Seq || d.typed.Value() != "" || d.ready() {
				t.Fatalf("draft %+v, typed %q, ready %v", d.Draft(), d.typed.Value(), d.ready())
			}
			p.after(time.Second).send(yes())
			d.SetPlan(old, p.now) // a slow answer to the old draft
			p.after(time.Second).send(yes())
			if c, ok := p.confirmed(); ok {
				t.Fatalf("confirmed %+v", c)
			}
		})
	}
}

// Whatever is pressed, in whatever order, consent needs its three conditions.
//
// covers S25 I12
func TestConsentProperty(t *testing.T) {
	shared := kit(t)
	alphabet := []tea.Msg{
		tea.KeyPressMsg{Code: tea.KeyEnter},
		tea.KeyPressMsg{Code: tea.KeyTab},
		tea.KeyPressMsg{Code: tea.KeyUp},
		tea.KeyPressMsg{Code: tea.KeyDown},
		tea.KeyPressMsg{Code: tea.KeyLeft},
		tea.KeyPressMsg{Code: tea.KeyRight},
		tea.KeyPressMsg{Code: tea.KeyBackspace},
		tea.KeyPressMsg{Code: '8', Text: "8"},
		tea.KeyPressMsg{Code: '0', Text: "0"},
		tea.KeyPressMsg{Code: 'a', Text: "a"},
		tea.KeyPressMsg{Code: 'h', Text: "h"},
		tea.KeyPressMsg{Code: 'y', Text: "y"},
		yes(), yes(), yes(),
		tea.KeyPressMsg{Code: tea.KeyF8},
		tea.PasteMsg{Content: "8000"},
		tea.MouseClickMsg{Button: tea.MouseLeft},
		tea.KeyPressMsg{Code: 'y', Mod: tea.ModCtrl, IsRepeat: true},
	}
	rapid.Check(t, func(r *rapid.T) {
		d := NewRefund(shared, order(), start)
		d.SetSize(60, 16)
		now, last, shown := start, start, RefundPlan{}
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 700).Draw(r, "ms")) * time.Millisecond)
			if rapid.IntRange(0, 3).Draw(r, "plan") == 0 {
				shown = planOf(d)
				d.SetPlan(shown, now)
				last = now
			}
			if rapid.IntRange(0, 3).Draw(r, "type it") == 0 && d.focus == atConfirm {
				d.typed.SetValue("8000")
			}
			msg := rapid.SampledFrom(alphabet).Draw(r, "message")
			typed := d.typed.Value()
			result, _ := d.Update(msg, now)
			if c, ok := result.(RefundConfirmed); ok {
				key, isKey := msg.(tea.KeyPressMsg)
				if !isKey || key.IsRepeat || now.Sub(last) < pause || c.PlanID != shown.ID || shown.Seq != d.Draft().Seq || typed != shown.Confirm {
					r.Fatalf("%T confirmed %+v %v after the last sign of life; plan %+v, typed %q", msg, c, now.Sub(last), shown, typed)
				}
				return
			}
			if _, closed := result.(Closed); closed {
				return
			}
			last = now
		}
	})
}
