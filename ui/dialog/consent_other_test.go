package dialog

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"paydesk/client"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

func card() UnbindCard {
	return UnbindCard{
		Context: text.Literal("shop-hk · Checus"), Env: style.EnvTest, User: text.Literal("U-2041"), Card: text.Literal("VISA ····4242"),
		Token: text.Literal("PMTOKEN20261121140107000001"), Reasons: []text.Safe{text.Literal("customer asked"), text.Literal("fraud")}, Confirm: "4242",
	}
}

// covers S25
func TestUnbindNeedsTheSameConsent(t *testing.T) {
	try := func(typed string, wait time.Duration, msg tea.Msg) (UnbindConfirmed, bool) {
		k := kit(t)
		c := card()
		c.Status = k.Styles.Token(client.TokenActive)
		d := NewUnbind(k, c, start)
		d.SetSize(60, 16)
		p := &person{dialog: d, now: start}
		p.press(tea.KeyUp, tea.KeyUp).send(tea.PasteMsg{Content: "ticket 1182"}).press(tea.KeyDown).write(typed).after(wait).send(msg)
		for _, r := range p.got {
			if u, ok := r.(UnbindConfirmed); ok {
				return u, true
			}
		}
		return UnbindConfirmed{}, false
	}
	if u, ok := try("4242", pause, yes()); !ok || u.Reason != "customer asked: ticket 1182" {
		t.Errorf("unbind = %+v, %v", u, ok)
	}
	for name, msg := range map[string]tea.Msg{"enter": tea.KeyPressMsg{Code: tea.KeyEnter}, "click": tea.MouseClickMsg{}, "paste": tea.PasteMsg{Content: "4242"}} {
		if _, ok := try("4242", time.Second, msg); ok {
			t.Errorf("%s unbinds", name)
		}
	}
	if _, ok := try("4242", pause-1, yes()); ok {
		t.Error("a key in a hurry unbinds")
	}
	if _, ok := try("424", time.Second, yes()); ok {
		t.Error("three digits unbind")
	}
	d := NewUnbind(kit(t), card(), start)
	if r, _ := d.Update(tea.KeyPressMsg{Code: tea.KeyEnter}, start); r != (Closed{}) {
		t.Errorf("it does not start on cancel: %+v", r)
	}
}

// covers S25
func TestTypedNeedsTheSameConsent(t *testing.T) {
	about := TypedOptions{
		ID: "unlock", Title: text.Literal("Unlock shop-hk"), Env: style.EnvProduction, Intro: []text.Safe{text.Literal("Refunds can be made for 15 min.")},
		Verb: text.Literal("Unlock shop-hk"), Confirm: "shop-hk",
	}
	try := func(typed string, wait time.Duration, msg tea.Msg) bool {
		d := NewTyped(kit(t), about, start)
		d.SetSize(60, 16)
		p := &person{dialog: d, now: start}
		p.press(tea.KeyUp).write(typed).after(wait).send(msg)
		requireFits(t, d, 60, 16)
		return len(p.got) == 1 && p.got[0] == Confirmed{ID: "unlock"}
	}
	if !try("shop-hk", pause, yes()) {
		t.Error("calm consent does not count")
	}
	for name, msg := range map[string]tea.Msg{
		"enter": tea.KeyPressMsg{Code: tea.KeyEnter}, "click": tea.MouseClickMsg{}, "paste": tea.PasteMsg{Content: "shop-hk"},
		"a repeated key": tea.KeyPressMsg{Code: 'y', Mod: tea.ModCtrl, IsRepeat: true},
	} {
		if try("shop-hk", time.Second, msg) {
			t.Errorf("%s confirms", name)
		}
	}
	if try("shop-hk", pause-1, yes()) || try("shop-h", time.Second, yes()) || try("", time.Second, yes()) {
		t.Error("a hurried or an untyped yes counts")
	}
	d := NewTyped(kit(t), about, start)
	if r, _ := d.Update(tea.KeyPressMsg{Code: tea.KeyEnter}, start); r != (Closed{ID: "unlock"}) {
		t.Errorf("it does not start on cancel: %+v", r)
	}
}
