package cli_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to change the journal behind paydesk's back
)

// stage is a sandbox with a desk's environment.
type stage struct {
	t    *testing.T
	path string
	box  *process
	env  []string
}

func newStage(t *testing.T, flags ...string) *stage {
	t.Helper()
	path, home := paydesk(t), t.TempDir()
	dir := filepath.Join(home, "box")
	base := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TZ=UTC", "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_STATE_HOME=" + home}
	box, err := startSandbox(path, dir, base, append([]string{"--orders", "10"}, flags...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.stop)
	return &stage{t: t, path: path, box: box, env: append(base, "PAYDESK_CONFIG="+filepath.Join(dir, "config.toml"), "PAYDESK_LEDGER="+filepath.Join(home, "ledger.db"))}
}

func (s *stage) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.path, args...)
	cmd.Env = s.env
	return cmd
}

// run runs paydesk to its end.
func (s *stage) run(args ...string) (code int, out, errs string) {
	return finish(s.t, s.command(args...))
}

func finish(t *testing.T, cmd *exec.Cmd) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Error(err)
		return -1, "", ""
	}
	for _, text := range []string{stdout.String(), stderr.String()} {
		if problem := unfit(text); problem != "" {
			t.Error(problem)
		}
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// order makes a paid order at the gateway.
func (s *stage) order(no, amount string) {
	s.t.Helper()
	if _, err := s.box.call(http.MethodPost, "orders", fmt.Sprintf(`{"order_no":%q,"amount":%q,"currency":"USD"}`, no, amount)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) faults(list string) {
	s.t.Helper()
	if _, err := s.box.call(http.MethodPost, "faults", list); err != nil {
		s.t.Fatal(err)
	}
}

// moved counts how often money left for an order.
func (s *stage) moved(order string) (times int, refunds []truth) {
	s.t.Helper()
	list, err := s.box.refunds()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range list {
		if r.OrderNo == order {
			times += r.Moved
			refunds = append(refunds, r)
		}
	}
	return times, refunds
}

// listed is the refunds that the ledger has for an order.
func (s *stage) listed(order string) (list []truth) {
	s.t.Helper()
	_, out, _ := s.run("refund", "list", "order:"+order, "--json")
	for line := range strings.Lines(out) {
		var r truth
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.t.Fatalf("%v: %s", err, line)
		}
		list = append(list, r)
	}
	return list
}

// kills is how often the crash test kills.
const kills = 12

// covers F1, F2, I1, I2: killed at any moment of a refund, and again while it
// recovers, paydesk brings every committed intent to exactly one refund.
func TestKillAtAnyMoment(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	random := rand.New(rand.NewPCG(7, 11))
	s.faults(`["refund:delay=40ms","query:delay=15ms","order:delay=15ms"]`)
	// How long a whole refund takes depends on the machine: measure one, and let
	// each kill fall into another part of such a time, the last ones behind it.
	s.order("KILL_NONE", "50.00")
	began := time.Now()
	if code, out, errs := s.run("refund", "create", "KILL_NONE", "--amount", "5", "--reason", "kill", "--yes", "--json"); code != 0 {
		t.Fatalf("refund: exit %d\n%s%s", code, out, errs)
	}
	whole := time.Since(began)
	for i := range kills {
		order := fmt.Sprintf("KILL_%d", i)
		s.order(order, "50.00")
		after := time.Duration(i)*whole*5/(kills*4) + time.Duration(random.IntN(15))*time.Millisecond
		kill(t, s.command("refund", "create", order, "--amount", "5", "--reason", "kill", "--yes", "--json"), after)
		kill(t, s.command("refund", "resume"), time.Duration(random.IntN(120))*time.Millisecond)
	}
	s.faults(`[]`)
	code, out, errs := s.run("refund", "resume", "--wait", "30s", "--json")
	if code != 0 {
		t.Fatalf("resume: exit %d\n%s%s", code, out, errs)
	}
	begun := 0
	for i := range kills {
		order := fmt.Sprintf("KILL_%d", i)
		times, atGateway := s.moved(order)
		here := s.listed(order)
		if len(here) != times || len(atGateway) != len(here) || len(here) > 1 {
			t.Errorf("%s: money left %d times, gateway %+v, ledger %+v", order, times, atGateway, here)
			continue
		}
		if len(here) == 1 {
			begun++
			if here[0].Status != "success" || atGateway[0].Status != "success" || here[0].RefundNo != atGateway[0].RefundNo {
				t.Errorf("%s: gateway %+v, ledger %+v", order, atGateway, here)
			}
		}
	}
	t.Logf("%d of %d refunds were committed before their kill", begun, kills)
	if begun == 0 {
		t.Error("no kill came after a commit; the test proves nothing")
	}
	if code, out, errs := s.run("journal", "verify"); code != 0 {
		t.Errorf("journal: exit %d %s%s", code, out, errs)
	}
}

// kill starts a command and kills it after a while, if it is still there.
func kill(t *testing.T, cmd *exec.Cmd, after time.Duration) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait() // killed, or ended before
}

// both runs two commands at the same time.
func both(t *testing.T, a, b *exec.Cmd) (codes [2]int, errs [2]string) {
	t.Helper()
	var group sync.WaitGroup
	for i, cmd := range []*exec.Cmd{a, b} {
		group.Go(func() { codes[i], _, errs[i] = finish(t, cmd) })
	}
	group.Wait()
	return codes, errs
}

// covers F14, I5: two agents, one order, one ledger: one intent, and the other
// agent is told who has it.
func TestTwoProcessesOneLedger(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 4 {
		order := fmt.Sprintf("RACE_%d", i)
		s.order(order, "50.00")
		create := func() *exec.Cmd {
			return s.command("refund", "create", order, "--amount", "30", "--reason", "race", "--yes", "--json")
		}
		codes, errs := both(t, create(), create())
		if codes != [2]int{0, 3} && codes != [2]int{3, 0} {
			t.Errorf("%s: exits %v %q", order, codes, errs)
		}
		if code, _, _ := s.run("refund", "resume"); code != 0 {
			t.Errorf("%s: resume exit %d", order, code)
		}
		if times, refunds := s.moved(order); times != 1 {
			t.Errorf("%s: money left %d times: %+v", order, times, refunds)
		}
	}
}

// covers F15, F19, I3: two ledgers that do not know each other arrive at the
// same number, and the gateway stops the second.
func TestTwoLedgersOneOrder(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	other := *s
	other.env = append(append([]string{}, s.env...), "PAYDESK_LEDGER="+filepath.Join(t.TempDir(), "other.db"))
	s.faults(`["refund:delay=50ms"]`)
	for i := range 3 {
		order := fmt.Sprintf("TWO_%d", i)
		s.order(order, "50.00")
		args := []string{"refund", "create", order, "--amount", "30", "--reason", "race", "--yes", "--json"}
		codes, errs := both(t, s.command(args...), other.command(args...))
		if codes[0] != 0 && codes[1] != 0 {
			t.Errorf("%s: exits %v %q", order, codes, errs)
		}
		for _, desk := range []*stage{s, &other} {
			if code, out, errs := desk.run("refund", "resume"); code != 0 {
				t.Errorf("%s: resume exit %d %s%s", order, code, out, errs)
			}
		}
		if times, refunds := s.moved(order); times != 1 {
			t.Errorf("%s: money left %d times: %+v", order, times, refunds)
		}
	}
	// A ledger that was lost learns the history before it refunds more.
	if err := os.Remove(filepath.Join(filepath.Dir(ledgerOf(s)), "ledger.db")); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := s.run("refund", "create", "TWO_0", "--amount", "30", "--reason", "again", "--yes", "--json"); code != 3 || !strings.Contains(errs, "over-rest") {
		t.Errorf("exit %d %s", code, errs)
	}
}

func ledgerOf(s *stage) string {
	for _, v := range s.env {
		if path, ok := strings.CutPrefix(v, "PAYDESK_LEDGER="); ok {
			return path
		}
	}
	return ""
}

// covers F18, I13: a changed line of the journal is named, exit 8.
func TestChangedJournalIsFound(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.order("J_1", "50.00")
	if code, _, errs := s.run("refund", "create", "J_1", "--amount", "5", "--reason", "x", "--yes", "--wait", "20s"); code != 0 {
		t.Fatal(code, errs)
	}
	if code, _, errs := s.run("journal", "verify"); code != 0 {
		t.Fatal(code, errs)
	}
	db, err := sql.Open("sqlite", ledgerOf(s))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{
		"DROP TRIGGER journal_no_update", "UPDATE journal SET detail = replace(detail, '5.00', '6.00') WHERE kind = 'refund.intent'",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	code, _, errs := s.run("journal", "verify", "--json")
	if code != 8 || !strings.Contains(errs, "line ") || !strings.Contains(errs, `"storage"`) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// A reader that goes away does not take a refund with it.
func TestReaderGoesAway(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.order("PIPE_1", "50.00")
	cmd := exec.Command("sh", "-c", `"$0" refund create PIPE_1 --amount 5 --reason pipe --yes --json | true`, s.path)
	cmd.Env = s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if code, out, errs := s.run("refund", "resume"); code != 0 {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if times, refunds := s.moved("PIPE_1"); times != 1 {
		t.Errorf("money left %d times: %+v", times, refunds)
	}
}
