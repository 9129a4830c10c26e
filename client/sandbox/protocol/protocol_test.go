package protocol_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/protocol"
)

func TestReadObject(t *testing.T) {
	o, err := protocol.ReadObject([]byte(" {\"a\":10.00,\"A\":1E+2,\"b\":[{\"c\":null}]}\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if o["a"] != json.Number("10.00") || o["A"] != json.Number("1E+2") {
		t.Errorf("numbers read as %v and %v", o["a"], o["A"])
	}
	for _, text := range []string{
		"", "null", "1", "[]", "{", "{} {}", "{}x", `{"a":1,"a":2}`, `{"a":{"b":1,"b":1}}`, `{"a":[{"b":1,"b":1}]}`, "\ufeff{}",
		strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), `{"a":01}`,
	} {
		if o, err := protocol.ReadObject([]byte(text)); err == nil {
			t.Errorf("%.40q reads as %v", text, o)
		}
	}
}

func TestMembersKeepTheirOrder(t *testing.T) {
	m := protocol.Members{{Name: "z", Value: "<&>"}, {Name: "a", Value: protocol.Members{{Name: "y", Value: json.Number("1.50")}}}, {Name: "n"}}
	m.Set("z", "<b>")
	m.Set("missing", 1)
	got, err := protocol.Encode(m)
	if err != nil || string(got) != `{"z":"<b>","a":{"y":1.50},"n":null}` {
		t.Errorf("%s %v", got, err)
	}
	if m.Get("z") != "<b>" || m.Get("missing") != nil {
		t.Error("Get")
	}
}

func TestPaceDependsOnSeedAndKeyOnly(t *testing.T) {
	p := protocol.Pace{Seed: 1, Speed: 60}
	if got := p.Scale(30 * time.Second); got != 500*time.Millisecond {
		t.Errorf("scaled to %v", got)
	}
	if got := (protocol.Pace{}).Scale(time.Second); got != time.Second {
		t.Errorf("without a speed: %v", got)
	}
	low, high := 0, 0
	for i := range 200 {
		key := strconv.Itoa(i)
		d := p.Between(40*time.Second, 120*time.Second, key)
		if d != p.Between(40*time.Second, 120*time.Second, key) {
			t.Fatal("not the same twice")
		}
		if d < 40*time.Second/60 || d > 120*time.Second/60 {
			t.Fatalf("%v is outside", d)
		}
		if d < 60*time.Second/60 {
			low++
		}
		if d > 100*time.Second/60 {
			high++
		}
	}
	if low < 20 || high < 20 {
		t.Errorf("badly spread: %d low, %d high of 200", low, high)
	}
	if p.Between(0, time.Hour, "k") == (protocol.Pace{Seed: 2, Speed: 60}).Between(0, time.Hour, "k") {
		t.Error("another seed gives the same")
	}
}

func TestSwitches(t *testing.T) {
	s := protocol.NewSwitches([]protocol.Switch{{Name: "a", Default: "x", Values: []string{"x", "y"}}, {Name: "n", Default: "3"}})
	if !s.Is("a", "x") || s.Number("n") != 3 || s.Get("none") != "" || !s.Has("a") || s.Has("none") {
		t.Error("defaults")
	}
	for _, wrong := range [][2]string{{"a", "z"}, {"n", "-1"}, {"n", "many"}, {"none", "x"}, {"n", "1000001"}} {
		if err := s.Set(wrong[0], wrong[1]); client.ClassOf(err) != client.ClassInput {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if err := s.Set("a", "y"); err != nil || !s.Is("a", "y") {
		t.Error("a was not set")
	}
	if err := s.Set("n", "0"); err != nil || s.Number("n") != 0 {
		t.Error("n was not set")
	}
}
