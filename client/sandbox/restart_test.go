package sandbox_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"paydesk/client/sandbox"
)

// TestManyEqualRefundsMoveMoneyOnce covers F14 and F15 over real connections.
func TestManyEqualRefundsMoveMoneyOnce(t *testing.T) {
	_, m := start(t, sandbox.Options{Speed: 600})
	var group sync.WaitGroup
	codes := make(chan string, 50)
	for range 50 {
		group.Go(func() { codes <- m.refund("R_1", "42").Code })
	}
	group.Wait()
	close(codes)
	for code := range codes {
		if code != "APPLY_SUCCESS" {
			t.Errorf("code %q", code)
		}
	}
	until(t, "the settlement", func() bool { return find(m.get("refunds"), "refund_no", "R_1")["status"] == "success" })
	n := 0
	for _, r := range m.get("refunds") {
		if r["order_no"] == "PO_TYPED_1" {
			n++
			if r["moved"] != 1.0 {
				t.Errorf("%v", r)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d refunds", n)
	}
}

// TestDeathsWhileRefunding kills the sandbox's process again and again while
// refunds come in: whatever it acknowledged is there afterwards, and money
// leaves once for each. covers F1, F2
func TestDeathsWhileRefunding(t *testing.T) {
	dir := t.TempDir()
	acked := map[string]bool{}
	for round := range 4 {
		m, kill := spawn(t, dir)
		m.post(http.StatusOK, "orders", fmt.Sprintf(`{"order_no":"K%d","amount":"100.00","currency":"HKD"}`, round))
		if round == 2 {
			m.post(http.StatusOK, "clock", `{"offset":"90s"}`)
		}
		var group sync.WaitGroup
		var mu sync.Mutex
		for i := range 8 {
			group.Go(func() {
				for j := range 20 {
					order := fmt.Sprintf("K%d", round)
					no := fmt.Sprintf("R_%d_%d_%d", round, i, j)
					a := m.call("refund", fmt.Sprintf(`{"outRefundNo":%q,"outTradeNo":%q,"refundAmount":1,"refundCurrency":"HKD"}`, no, order))
					mu.Lock()
					if a.Code == "APPLY_SUCCESS" {
						acked[no] = true
					}
					mu.Unlock()
					if a.Err != nil {
						return // it is dead
					}
				}
			})
		}
		until(t, "a refund", func() bool { mu.Lock(); defer mu.Unlock(); return len(acked) > round })
		kill()
		group.Wait()
	}
	m, _ := spawn(t, dir)
	until(t, "the end of all refunds", func() bool { return find(m.get("refunds"), "status", "pending") == nil })
	refunds := m.get("refunds")
	for no := range acked {
		if find(refunds, "refund_no", no) == nil {
			t.Errorf("refund %s was acknowledged and is lost", no)
		}
	}
	for _, r := range refunds {
		if r["moved"] != 1.0 || r["status"] != "success" {
			t.Errorf("%v", r)
		}
	}
	if _, raw := m.do(http.MethodGet, "clock", ""); !strings.Contains(string(raw), `"offset":"1m30s"`) {
		t.Errorf("the clock forgot its offset: %s", raw)
	}
}

// spawn runs a sandbox in a process of its own.
func spawn(t *testing.T, dir string) (m *merchant, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, as asked
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready sandbox.Ready
	if err := json.Unmarshal(line, &ready); err != nil || !ready.Ready {
		t.Fatalf("%s %v", line, err)
	}
	return visit(t, ready, dir), kill
}
