package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"paydesk/client"
	"paydesk/state/desk"
	"paydesk/state/feed"
	"paydesk/state/ledger"
	"paydesk/state/ledger/sqlite"
)

// bank is a gateway in memory that knows orders, refunds and cards, and fails
// when it is told to.
type bank struct {
	client.Gateway // what is not needed panics

	mu      sync.Mutex
	clock   func() time.Time
	orders  map[string]client.Order
	refunds map[string]client.Refund
	cards   map[string]client.Token
	fail    error
	loses   bool // accepts the next refund and loses the answer
	asked   int
}

func (b *bank) exchange(op, code string) client.Exchange {
	return client.Exchange{
		Operation: op, At: b.clock(), URL: "https://bank.example/" + op, HTTPStatus: 200, Code: code, Message: "Success.", Verified: true,
		RequestHash: strings.Repeat("a", 64), AnswerHash: strings.Repeat("b", 64), Request: []byte(`{"op":"` + op + `"}`), Answer: []byte(`{"code":"` + code + `"}`),
	}
}

func (b *bank) notFound(op string) error {
	x := b.exchange(op, "NOT_EXIST")
	return &client.Error{Class: client.ClassNotFound, Code: "NOT_EXIST", Message: "not known", Exchange: &x}
}

func (b *bank) QueryOrder(_ context.Context, no string) (client.OrderAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.fail != nil {
		return client.OrderAnswer{}, b.fail
	}
	o, ok := b.orders[no]
	if !ok {
		return client.OrderAnswer{}, b.notFound("orderQuery")
	}
	return client.OrderAnswer{Order: o, Exchange: b.exchange("orderQuery", "OK")}, nil
}

func (b *bank) Refund(_ context.Context, req client.RefundRequest) (client.RefundAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return client.RefundAnswer{}, b.fail
	}
	r := client.Refund{RefundNo: req.RefundNo, GatewayRefundNo: "G" + req.RefundNo[:6], OrderNo: req.OrderNo, Amount: req.Amount, Status: client.RefundPending}
	b.refunds[req.RefundNo] = r
	if b.loses {
		b.loses = false
		x := client.Exchange{Operation: "refund", At: b.clock()}
		return client.RefundAnswer{}, &client.Error{Class: client.ClassUnknown, Code: "no-answer", Message: "the answer was lost", Exchange: &x}
	}
	return client.RefundAnswer{Refund: r, Exchange: b.exchange("refund", "OK")}, nil
}

func (b *bank) QueryRefund(_ context.Context, no string) (client.RefundAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.fail != nil {
		return client.RefundAnswer{}, b.fail
	}
	r, ok := b.refunds[no]
	if !ok {
		return client.RefundAnswer{}, b.notFound("refundQuery")
	}
	return client.RefundAnswer{Refund: r, Exchange: b.exchange("refundQuery", "OK")}, nil
}

func (b *bank) Tokens(_ context.Context, user string) (client.TokensAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return client.TokensAnswer{}, b.fail
	}
	answer := client.TokensAnswer{Exchange: b.exchange("tokens", "OK")}
	for _, t := range b.cards {
		if t.UserID == user && t.Status != client.TokenRemoved {
			answer.Tokens = append(answer.Tokens, t)
		}
	}
	return answer, nil
}

func (b *bank) RemoveToken(_ context.Context, req client.RemoveToken) (client.TokenAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.cards[req.Token]
	t.Status = client.TokenRemoved
	b.cards[req.Token] = t
	return client.TokenAnswer{Token: t, Exchange: b.exchange("removeToken", "OK")}, nil
}

func (b *bank) Capabilities() client.Capabilities {
	return client.Capabilities{
		QueryOrder: client.Can(), QueryByGatewayNo: client.Cannot("looks up order numbers only"), Refund: client.Can(), PartialRefund: client.Can(),
		QueryRefund: client.Can(), ListTokens: client.Can(), RemoveToken: client.Can(), RefundWindow: 180 * 24 * time.Hour, Pace: client.DefaultPace(1),
	}
}

func (b *bank) Decimals(currency string) (uint8, bool) { return client.ISODecimals(currency) }

func (b *bank) ClockOffset() (time.Duration, bool) { return 0, true }

// settle ends every pending refund.
func (b *bank) settle(status client.RefundStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for no, r := range b.refunds {
		if r.Status == client.RefundPending {
			r.Status, r.SettledAt = status, b.clock()
			b.refunds[no] = r
		}
	}
}

// began is the time at which every test begins; a Sunday noon.
var began = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// office is a console over a real desk and a real ledger file, with a bank in
// memory, in a bubble of fake time.
type office struct {
	t     testing.TB
	m     *Model
	desk  *desk.Desk
	store *sqlite.Store
	feed  *feed.Feed
	bank  *bank
	start time.Time
	stop  context.CancelFunc
	mail  chan tea.Msg
	wrote []string // what went to the clipboard
	quit  bool
}

// setup changes the services or fills the ledger before the console starts.
type setup func(o *office, svc *Services)

// in runs a test with a console of a size, in a bubble.
func in(t *testing.T, width, height int, profiles []desk.Profile, with setup, test func(o *office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := open(t, profiles, with)
		defer o.close()
		o.send(tea.WindowSizeMsg{Width: width, Height: height})
		o.run(o.m.Init())
		o.settle()
		test(o)
	})
}

func open(t testing.TB, profiles []desk.Profile, with setup) *office {
	t.Helper()
	o := &office{t: t, feed: &feed.Feed{}, start: time.Now(), mail: make(chan tea.Msg, 1<<16)}
	o.bank = &bank{clock: o.now, orders: map[string]client.Order{}, refunds: map[string]client.Refund{}, cards: map[string]client.Token{}}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), sqlite.Options{Clock: o.now})
	if err != nil {
		t.Fatal(err)
	}
	o.store = store
	o.desk = desk.New(desk.Options{
		Store: store, Profiles: profiles, Agent: "ada", Clock: o.now, Mono: func() time.Duration { return 0 }, Feed: o.feed,
		Connect: func(context.Context, string) (client.Gateway, error) { return o.bank, nil },
	})
	svc := Services{
		Desk: o.desk, Ledger: store, Health: store.Health, Feed: o.feed, Clock: o.now, Loc: time.UTC, NoColor: true,
		Look: func(profile, no string) { go func() { _, _ = o.desk.Advance(context.Background(), profile, no) }() },
	}
	if len(profiles) > 0 {
		svc.Profile = profiles[0].Name
	}
	if with != nil {
		with(o, &svc)
	}
	ctx, stop := context.WithCancel(t.Context())
	o.stop = stop
	if o.m, err = New(ctx, svc); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) close() {
	o.stop()
	o.m.live.news.Close()
	synctest.Wait()
	if err := o.store.Close(); err != nil {
		o.t.Error(err)
	}
	if o.m.crash != nil {
		o.t.Errorf("the console crashed: %v", o.m.crash)
	}
}

func (o *office) now() time.Time { return began.Add(time.Since(o.start)) }

// send gives one message to the console and runs what comes of it.
func (o *office) send(msg tea.Msg) {
	_, cmd := o.m.Update(msg)
	o.m.View()
	o.run(cmd)
}

// run runs a command in the background, as the program does.
func (o *office) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				o.run(c)
			}
		default:
			o.mail <- msg
		}
	}()
}

// settle handles messages until nothing comes without time going by.
func (o *office) settle() {
	for {
		synctest.Wait()
		select {
		case msg := <-o.mail:
			if _, ok := msg.(tea.QuitMsg); ok {
				o.quit = true
				continue
			}
			if s := fmt.Sprintf("%T", msg); strings.HasSuffix(s, "setClipboardMsg") {
				o.wrote = append(o.wrote, fmt.Sprint(msg))
			}
			o.send(msg)
		default:
			return
		}
	}
}

// pass lets time go by, a second at a time.
func (o *office) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		<-time.After(min(time.Second, time.Until(end)))
		o.settle()
	}
}

// press presses keys, one after the other: "R", "down", "ctrl+y", or with
// "text:…" the characters of a text.
func (o *office) press(keys ...string) {
	for _, k := range keys {
		if word, ok := strings.CutPrefix(k, "text:"); ok {
			for _, r := range word {
				o.send(key(string(r)))
				o.settle()
			}
			continue
		}
		o.send(key(k))
		o.settle()
	}
}

func key(name string) tea.KeyPressMsg {
	named := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
		"right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace,
	}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(rest[0]), Mod: tea.ModCtrl}
	}
	if code, ok := named[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// screen is what a person sees, without styles and without spaces at the ends
// of lines.
func (o *office) screen() string {
	lines := strings.Split(ansi.Strip(o.m.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// sees fails unless all texts are on screen.
func (o *office) sees(texts ...string) {
	o.t.Helper()
	screen := o.screen()
	for _, want := range texts {
		if !strings.Contains(screen, want) {
			o.t.Errorf("not on screen: %q\n%s", want, screen)
		}
	}
}

// seesNot fails when one of the texts is on screen.
func (o *office) seesNot(texts ...string) {
	o.t.Helper()
	screen := o.screen()
	for _, text := range texts {
		if strings.Contains(screen, text) {
			o.t.Errorf("on screen: %q\n%s", text, screen)
		}
	}
}

// advance plays the poller: one step with every refund and unbinding that is
// due.
func (o *office) advance() {
	ctx := context.Background()
	due, err := o.store.Due(ctx, "", o.now(), 100)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, d := range due {
		if d.Kind == ledger.DueRefund {
			_, _ = o.desk.Advance(ctx, d.Profile, d.No)
			continue
		}
		open, _ := o.store.OpenUnbinds(ctx, d.Profile)
		for _, u := range open {
			_, _ = o.desk.AdvanceUnbind(ctx, u)
		}
	}
	o.pass(time.Second)
}
