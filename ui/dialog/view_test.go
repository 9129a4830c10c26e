package dialog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"paydesk/client"
	"paydesk/ui/action"
	"paydesk/ui/style"
	"paydesk/ui/style/styletest"
	"paydesk/ui/text"
	"paydesk/ui/widget/pane"
	"paydesk/ui/widget/timeline"
)

// sizes at which every dialog must be whole.
var sizes = [][2]int{{60, 16}, {80, 24}, {140, 40}}

// goldens draws a dialog at every size, over nothing, and compares.
func goldens(t *testing.T, open func(width, height int) Dialog) {
	t.Helper()
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			d := open(size[0], size[1])
			requireFits(t, d, size[0], size[1])
			styletest.Golden(t, d.View())
		})
	}
}

// requireFits asserts that a dialog is a rectangle inside the screen, with its
// cursor inside it.
func requireFits(t interface {
	Helper()
	Fatalf(string, ...any)
}, d Dialog, width, height int,
) {
	t.Helper()
	lines := strings.Split(d.View(), "\n")
	if len(lines) > height {
		t.Fatalf("%d lines on a screen of %d:\n%s", len(lines), height, ansi.Strip(d.View()))
	}
	w := ansi.StringWidth(lines[0])
	if w > width {
		t.Fatalf("%d cells on a screen of %d", w, width)
	}
	styletest.RequireSize(t, d.View(), w, len(lines))
	if c := d.Cursor(); c != nil && (c.X < 0 || c.X >= w || c.Y < 0 || c.Y >= len(lines)) {
		t.Fatalf("cursor at %d,%d outside of %dx%d", c.X, c.Y, w, len(lines))
	}
}

func TestRefundViews(t *testing.T) {
	at := func(width, height int, prepare func(*Refund, *person)) Dialog {
		d := NewRefund(kit(t), order(), start)
		d.SetSize(width, height)
		p := &person{dialog: d, now: start}
		prepare(d, p)
		return d
	}
	for name, prepare := range map[string]func(*Refund, *person){
		"asking": func(*Refund, *person) {},
		"checking": func(d *Refund, p *person) {
			plan := planOf(d)
			plan.Checking = true
			d.SetPlan(plan, p.now)
		},
		"ready": func(d *Refund, p *person) {
			plan := planOf(d)
			plan.Policy = text.Literal("at most 5,000.00 HKD; typed above 0 HKD")
			plan.Warnings = []text.Safe{
				text.Literal("the same amount of this order was refunded today by bob"),
				text.Literal("the order is 170 days old; the gateway takes refunds for 180"),
				text.Literal("the balance was short the last time"),
			}
			d.SetPlan(plan, p.now)
		},
		"armed": func(d *Refund, p *person) {
			d.SetPlan(planOf(d), p.now)
			p.press(tea.KeyUp).write("8000")
		},
		"too quick": func(d *Refund, p *person) {
			d.SetPlan(planOf(d), p.now)
			p.press(tea.KeyUp).write("8000").send(yes())
		},
		"refused": func(d *Refund, p *person) {
			plan := planOf(d)
			plan.Refusal = text.Literal("refund RX4KQ7M2NB5VTLA3WGYHJ6PZCDE of 2,000 IDR is under way; this gateway takes one at a time")
			plan.Hint = text.Literal("wait until it is settled")
			d.SetPlan(plan, p.now)
		},
		"wrong amount": func(_ *Refund, p *person) { p.press(tea.KeyDown).write("800000").press(tea.KeyDown) },
		"note":         func(_ *Refund, p *person) { p.press(tea.KeyUp).write("ticket 1182, 客户来电") },
	} {
		t.Run(name, func(t *testing.T) {
			goldens(t, func(w, h int) Dialog { return at(w, h, func(d *Refund, p *person) { prepare(d, p) }) })
		})
	}
}

func TestUnbindView(t *testing.T) {
	goldens(t, func(w, h int) Dialog {
		k := kit(t)
		c := card()
		c.Status = k.Styles.Token(client.TokenActive)
		d := NewUnbind(k, c, start)
		d.SetSize(w, h)
		(&person{dialog: d, now: start}).press(tea.KeyUp).write("42")
		return d
	})
}

func TestTypedView(t *testing.T) {
	goldens(t, func(w, h int) Dialog {
		d := NewTyped(kit(t), TypedOptions{
			ID: "unlock", Title: text.Literal("Unlock shop-hk"), Env: style.EnvProduction, Verb: text.Literal("Unlock shop-hk"), Confirm: "shop-hk",
			Intro: []text.Safe{text.Literal("Refunds and unbinding work for 15 min; then it is read-only again.")}, Warn: text.Literal("this is real money"),
		}, start)
		d.SetSize(w, h)
		(&person{dialog: d, now: start}).press(tea.KeyUp).write("shop")
		return d
	})
}

func actions() []action.Row {
	l := text.Literal
	row := func(id string, group, title, keys, reason text.Safe) action.Row {
		return action.Row{ID: id, Group: group, Title: title, Key: keys, Keys: keys, OK: reason.Empty(), Reason: reason}
	}
	none := text.Safe{}
	return []action.Row{
		row("list.open", l("List"), l("open the order"), l("enter"), none),
		row("list.mark", l("List"), l("mark it"), l("space"), none),
		row("list.copy", l("List"), l("copy its number"), l("y"), none),
		row("list.sort", l("List"), l("choose the sorting"), l("s"), none),
		row("list.page-up", l("List"), l("one screen up"), l("pgup, ctrl+u"), none),
		row("refund.create", l("Order"), l("refund this order"), l("R"), l("the profile is read-only; U unlocks it")),
		row("order.cards", l("Order"), l("see the user's cards"), l("u"), none),
		row("order.lookup", l("Order"), l("look up a number at the gateway"), l("L"), none),
		row("refund.evidence", l("Order"), l("save the evidence"), none, l("no refund is chosen")),
		row("app.profile", l("Program"), l("change the profile"), l("p"), none),
		row("app.unlock", l("Program"), l("unlock production for a while"), l("U"), none),
		row("app.theme", l("Program"), l("choose the theme"), l("T"), none),
		row("app.quit", l("Program"), l("quit"), l("q, ctrl+c"), none),
	}
}

func TestHelpView(t *testing.T) {
	goldens(t, func(w, h int) Dialog {
		d := NewHelp(kit(t), text.Literal("Orders"), actions())
		d.SetSize(w, h)
		return d
	})
}

func TestPaletteView(t *testing.T) {
	t.Run("all", func(t *testing.T) {
		goldens(t, func(w, h int) Dialog {
			d := NewPalette(kit(t), actions())
			d.SetSize(w, h)
			(&person{dialog: d}).press(tea.KeyDown, tea.KeyDown)
			return d
		})
	})
	t.Run("found", func(t *testing.T) {
		goldens(t, func(w, h int) Dialog {
			d := NewPalette(kit(t), actions())
			d.SetSize(w, h)
			(&person{dialog: d}).write("ref")
			return d
		})
	})
}

func profiles() PickerOptions {
	return PickerOptions{
		ID: "profile", Title: text.Literal("Profile"), Start: "shop-hk", Intro: text.Literal("Every list, limit and key belongs to a profile."),
		Items: []Item{
			{Key: "checus-sandbox", Title: text.Literal("checus-sandbox"), Detail: text.Literal("Checus"), Env: style.EnvSandbox},
			{Key: "shop-hk", Title: text.Literal("shop-hk"), Detail: text.Literal("Checus"), Env: style.EnvProduction},
			{Key: "shop-id", Title: text.Literal("shop-id"), Detail: text.Literal("PayerMax"), Env: style.EnvTest, Off: text.Literal("its key is not in the keyring")},
		},
	}
}

func TestPickerView(t *testing.T) {
	t.Run("few", func(t *testing.T) {
		goldens(t, func(w, h int) Dialog {
			d := NewPicker(kit(t), profiles())
			d.SetSize(w, h)
			return d
		})
	})
	t.Run("many", func(t *testing.T) {
		goldens(t, func(w, h int) Dialog {
			o := PickerOptions{ID: "theme", Title: text.Literal("Theme"), Search: true}
			for i := range 60 {
				o.Items = append(o.Items, Item{Key: fmt.Sprint(i), Title: text.Clean(fmt.Sprintf("theme number %d", i))})
			}
			d := NewPicker(kit(t), o)
			d.SetSize(w, h)
			(&person{dialog: d}).press(tea.KeyPgDown, tea.KeyDown)
			return d
		})
	})
}

func TestPromptView(t *testing.T) {
	goldens(t, func(w, h int) Dialog {
		d := NewPrompt(kit(t), PromptOptions{
			ID: "lookup", Title: text.Literal("Look up a number"), Intro: text.Literal("The merchant's, the gateway's or the channel's number; the gateway is asked."),
			Placeholder: text.Literal("P1642410680681"), Check: func(string) text.Safe { return text.Literal("a number has no spaces") },
		})
		d.SetSize(w, h)
		(&person{dialog: d}).write("P 1").press(tea.KeyEnter)
		return d
	})
}

func TestErrorView(t *testing.T) {
	goldens(t, func(w, h int) Dialog {
		d := NewError(kit(t), Failure{
			Class: client.ClassUnknown, Code: text.Literal("timeout"), At: text.Literal("2026-11-21 14:05:42 +08:00"),
			Message: text.Clean("the gateway did not answer within 20 s\x1b[2J; the refund may have been accepted"),
			Hint:    text.Literal("paydesk keeps asking and never sends a second one; watch it under Refunds"),
			Facts: []pane.Field{
				{Label: text.Literal("request"), Value: text.Literal("POST https://pay-gate.example/refund")},
				{Label: text.Literal("sha-256"), Value: text.Literal("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")},
			},
		})
		d.SetSize(w, h)
		return d
	})
}

func TestDetailView(t *testing.T) {
	goldens(t, func(w, h int) Dialog {
		k := kit(t)
		page := Page{Title: text.Literal("P1642410680681"), Status: k.Styles.Order(client.OrderPaid), Env: style.EnvSandbox, Copy: text.Literal("P1642410680681"), Sections: []Section{
			{Fields: []pane.Field{{Label: text.Literal("amount"), Value: text.Literal("10,000 IDR")}, {Label: text.Literal("user"), Value: text.Literal("U-2041")}}},
			{Title: text.Literal("timeline")},
		}}
		for i := range 20 {
			page.Sections[1].Entries = append(page.Sections[1].Entries, timeline.Entry{
				At: text.Clean(fmt.Sprintf("14:01:%02d", i)), Text: text.Literal("asked"), Note: text.Literal("pending"),
			})
		}
		d := NewDetail(k, page)
		d.SetSize(w, h)
		_ = d.View()
		(&person{dialog: d}).press(tea.KeyPgDown)
		return d
	})
}

func TestEveryDialogFitsEveryScreen(t *testing.T) {
	k := kit(t)
	c := card()
	all := map[string]func() Dialog{
		"refund":  func() Dialog { return NewRefund(k, order(), start) },
		"unbind":  func() Dialog { return NewUnbind(k, c, start) },
		"help":    func() Dialog { return NewHelp(k, text.Literal("Orders"), actions()) },
		"palette": func() Dialog { return NewPalette(k, actions()) },
		"picker":  func() Dialog { return NewPicker(k, profiles()) },
		"prompt":  func() Dialog { return NewPrompt(k, PromptOptions{Title: text.Literal("User")}) },
		"error":   func() Dialog { return NewError(k, Failure{Class: client.ClassBug, Message: text.Literal(strings200)}) },
	}
	for name, open := range all {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				d := open()
				w, h := rapid.IntRange(60, 200).Draw(r, "width"), rapid.IntRange(16, 60).Draw(r, "height")
				d.SetSize(w, h)
				for _, code := range rapid.SliceOf(rapid.SampledFrom([]rune{tea.KeyDown, tea.KeyUp, tea.KeyPgDown, '退', 'a'})).Draw(r, "keys") {
					msg := tea.KeyPressMsg{Code: code}
					if code == '退' || code == 'a' {
						msg.Text = string(code)
					}
					_, _ = d.Update(msg, start)
					requireFits(r, d, w, h)
				}
				requireFits(r, d, w, h)
			})
		})
	}
}

const strings200 = "this is a long message that goes on and on and says nothing much but needs many lines to do so, as messages of gateways sometimes do when they are made by a machine that was told to explain itself"

func TestStack(t *testing.T) {
	k := kit(t)
	var s Stack
	s.SetSize(80, 24)
	if r, cmd := s.Update(tea.KeyPressMsg{Code: 'x', Text: "x"}, start); r != nil || cmd != nil || s.Top() != nil {
		t.Error("an empty stack answers")
	}
	s.Push(NewRefund(k, order(), start))
	s.Push(NewHelp(k, text.Safe{}, actions()))
	if _, ok := s.Refund(); !ok || s.Len() != 2 {
		t.Error("the refund dialog is not found")
	}
	if r, _ := s.Update(tea.KeyPressMsg{Code: tea.KeyEscape}, start); r != (Closed{}) || s.Len() != 1 {
		t.Errorf("esc gives %+v and leaves %d", r, s.Len())
	}
	refund, _ := s.Refund()
	refund.SetPlan(planOf(refund), start)
	_, _ = s.Update(tea.KeyPressMsg{Code: tea.KeyUp}, start)
	if s.Len() != 1 {
		t.Error("moving closed the dialog")
	}
	for _, c := range "8000" {
		_, _ = s.Update(tea.KeyPressMsg{Code: c, Text: string(c)}, start)
	}
	r, _ := s.Update(yes(), start.Add(time.Second))
	if _, ok := r.(RefundConfirmed); !ok || s.Len() != 0 {
		t.Errorf("%+v leaves %d", r, s.Len())
	}
	s.Push(NewPalette(k, actions()))
	s.Clear()
	if s.Len() != 0 {
		t.Error("clear leaves dialogs")
	}
}

func TestComposeIsAlwaysTheScreen(t *testing.T) {
	k := kit(t)
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(20, 160).Draw(r, "width"), rapid.IntRange(3, 50).Draw(r, "height")
		screen := make([]string, h)
		for i := range screen {
			screen[i] = style.Fit(k.Styles.Paint(style.Danger, text.Clean(strings.Repeat(rapid.SampledFrom([]string{"x", "退", "e\u0301"}).Draw(r, "fill"), w))), w)
		}
		var s Stack
		s.SetSize(w, h)
		if got, cursor := s.Compose(k.Styles, strings.Join(screen, "\n")); got != strings.Join(screen, "\n") || cursor != nil {
			r.Fatal("an empty stack changes the screen")
		}
		s.Push(rapid.SampledFrom([]Dialog{NewRefund(k, order(), start), NewPalette(k, actions()), NewHelp(k, text.Safe{}, actions())}).Draw(r, "dialog"))
		got, cursor := s.Compose(k.Styles, strings.Join(screen, "\n"))
		styletest.RequireSize(r, got, w, h)
		if cursor != nil && (cursor.X >= w || cursor.Y >= h || cursor.X < 0 || cursor.Y < 0) {
			r.Fatalf("cursor at %+v", cursor.Position)
		}
	})
}

func BenchmarkCompose(b *testing.B) {
	k := Kit{Styles: styletest.Colour(b), Keys: kit(b).Keys}
	line := strings.Repeat(k.Styles.Paint(style.Muted, text.Literal("21 Nov 14:01"))+" "+k.Styles.Paint(style.Success, text.Literal("✓ paid ")), 10)
	screen := make([]string, 50)
	for i := range screen {
		screen[i] = style.Fit(line, 200)
	}
	var s Stack
	s.SetSize(200, 50)
	s.Push(NewRefund(k, order(), start))
	whole := strings.Join(screen, "\n")
	for b.Loop() {
		_, _ = s.Compose(k.Styles, whole)
	}
}
