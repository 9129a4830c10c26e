package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An order is closed on the word close and on nothing else.
func TestCloseAsksOnATerminal(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	config := filepath.Join(strings.TrimPrefix(s.env[1], "HOME="), "box", "config.toml")
	raw, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(raw), "[profile.paycools]\n", "[profile.paycools]\ndialect = \"PH2\"\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	create := []string{
		"order", "create", "--profile", "paycools-sandbox", "--amount", "100", "--currency", "PHP", "--user", "U1", "--order-no", "OPEN1",
		"--return-url", "https://shop.example/x", "--notify-url", "https://shop.example/y",
	}
	if code, out, errs := s.run(create...); code != 0 {
		t.Fatal(code, out, errs)
	}
	open := func() bool {
		for _, o := range s.truths("paycools") {
			if o.OrderNo == "OPEN1" {
				return o.Status == "pending"
			}
		}
		t.Fatal("the order is gone")
		return false
	}
	for answer, want := range map[string]int{"y\n": 2, "\n": 2, "yes\n": 2, "\x03": 130} {
		person := onTerminal(t, s.command("order", "close", "OPEN1", "--profile", "paycools-sandbox"))
		person.expect("order OPEN1  100.00 PHP")
		person.expect("anything else to leave: ")
		person.send(answer)
		if code := person.exit(); code != want || !open() {
			t.Errorf("%q: exit %d, open %v\n%s", answer, code, open(), person.seen())
		}
	}
	person := onTerminal(t, s.command("order", "close", "OPEN1", "--profile", "paycools-sandbox"))
	person.expect("anything else to leave: ")
	person.send("close\n")
	if code := person.exit(); code != 0 || open() || !strings.Contains(person.seen(), "closed") {
		t.Errorf("exit %d\n%s", code, person.seen())
	}
	if raw, err = s.box.call(http.MethodGet, "requests", ""); err != nil || strings.Count(string(raw), "/checkout/close") != 1 {
		t.Errorf("%v: %s", err, raw)
	}
}
