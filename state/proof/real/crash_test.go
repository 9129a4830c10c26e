// Package real_test proves with real processes, by killing above all: a process that refunds and unbinds is
// ended with SIGKILL at every named step of the money path, and again at every
// step of its recovery, while its gateway, another process, loses, delays and
// repeats answers and callbacks. Afterwards three records must agree: what the
// gateway did, what the ledger holds, and what the journal tells.
package real_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"paydesk/state/desk/moves"
)

// speed divides every waiting time of gateways and polls.
const speed = 2000

// Sizes of a run.
const (
	killsUsual = 300 // PAYDESK_CRASH_KILLS says otherwise; CI makes 2,000 (reliability: section 6)
	killsShort = 120 // with -short
	streams    = 4   // agents, each with a gateway and a ledger of its own
	batchTasks = 6   // new payments …
	batchKills = 9   // … every so many kills
	patience   = 500 * time.Millisecond
	settleTime = 60 * time.Second
)

// orderPrefix begins the numbers of the payments made here.
const orderPrefix = "CR"

// faults are committed by the gateways all the while.
const faults = "refund:lose-answer=0.3 query:lose-answer=0.05 unbind:lose-answer=0.3 refund:delay=15ms=0.2 refund:status=503=0.05 " +
	"refund:duplicate-callback=0.3 refund:reorder-callback=0.2"

func TestMain(m *testing.M) {
	switch os.Getenv("PAYDESK_CRASH") {
	case "agent":
		os.Exit(beAgent())
	case "gateway":
		os.Exit(beGateway())
	}
	os.Exit(m.Run())
}

// kills is how many the whole run makes.
func kills(t *testing.T) int {
	if text := os.Getenv("PAYDESK_CRASH_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("PAYDESK_CRASH_KILLS=%q is no number of kills", text)
		}
		return n
	}
	if testing.Short() {
		return killsShort
	}
	return killsUsual
}

// covers F1, F2, F3, F9, F28, I1, I2, I13
func TestKilledAtEveryStep(t *testing.T) {
	program, total := program(t), kills(t)
	began := time.Now()
	all := make([]*stream, streams)
	var group sync.WaitGroup
	for i := range all {
		all[i] = newStream(t, program, uint64(i+1))
		group.Go(func() { all[i].run(total / streams) })
	}
	group.Wait()
	killed, pairs, refunds, unbinds := map[moves.Step]int{}, map[[2]moves.Step]bool{}, 0, 0
	sum := 0
	for _, s := range all {
		if t.Failed() {
			return
		}
		for step, n := range s.killed {
			killed[step] += n
			sum += n
		}
		for pair := range s.pairs {
			pairs[pair] = true
		}
		refunds += s.refunds
		unbinds += s.unbinds
	}
	for _, step := range moves.Steps() {
		t.Logf("%-17s %5d kills", step, killed[step])
		if killed[step] == 0 && total >= killsUsual {
			t.Errorf("nothing was killed at step %s", step)
		}
	}
	t.Logf("%d kills at %d steps, %d pairs of a step and the next death, %d refunds, %d unbindings in %.1f s: 0 double, 0 lost, 0 invented",
		sum, len(killed), len(pairs), refunds, unbinds, time.Since(began).Seconds())
}

// program is the test binary without the race detector, which would make each of
// the many processes ten times as slow.
func program(t *testing.T) string {
	t.Helper()
	if !raceEnabled {
		path, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := filepath.Join(t.TempDir(), "crash.test")
	build := exec.Command("go", "test", "-c", "-trimpath", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// stream is one agent with its gateway.
type stream struct {
	t       *testing.T
	program string
	job     job
	control string
	random  *rand.Rand
	batch   int
	killed  map[moves.Step]int
	pairs   map[[2]moves.Step]bool
	last    moves.Step
	tokens  []task
	refunds int
	unbinds int
}

func newStream(t *testing.T, program string, seed uint64) *stream {
	t.Helper()
	dir := memory(t)
	s := &stream{
		t: t, program: program, random: rand.New(rand.NewPCG(seed, 99)), killed: map[moves.Step]int{}, pairs: map[[2]moves.Step]bool{},
		job: job{dir: filepath.Join(dir, "gateway"), home: filepath.Join(dir, "agent"), addr: freePort(t), seed: seed, patient: patience},
	}
	for _, d := range []string{s.job.dir, s.job.home} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.startGateway()
	var tokens []struct {
		Gateway string `json:"gateway"`
		Token   string `json:"token"`
		User    string `json:"user_id"`
		Status  string `json:"status"`
	}
	s.ask(http.MethodGet, "tokens", "", &tokens)
	for _, k := range tokens {
		if k.Status == "active" {
			s.tokens = append(s.tokens, task{"unbind", profileOf(k.Gateway), k.User, k.Token})
		}
	}
	return s
}

// memory is a directory that needs no disk where the system has one: a killed
// process loses no more there than elsewhere, and every decision is synced.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "paydesk-crash-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// startGateway starts the sandbox; it ends with this process.
func (s *stream) startGateway() {
	s.t.Helper()
	cmd := exec.Command(s.program)
	cmd.Env = append(os.Environ(), "PAYDESK_CRASH=gateway", "CRASH_DIR="+s.job.dir, "CRASH_FAULTS="+faults,
		"CRASH_NOTIFY="+callbackURL(s.job.addr, profileOf("payermax")))
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	var ready struct{ Control string }
	if err = errors.Join(err, json.Unmarshal([]byte(line), &ready)); err != nil {
		s.t.Fatalf("%v: %q", err, line)
	}
	s.control = ready.Control
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

// ask speaks with the gateway's control interface.
func (s *stream) ask(method, path, body string, into any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.control+"/"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s %v %s", method, path, answer.Status, err, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			s.t.Fatalf("%s: %v: %s", path, err, raw)
		}
	}
}

// run kills and recovers, settles, and compares.
func (s *stream) run(kills int) {
	steps := moves.Steps()
	idle := 0
	for done := 0; done < kills && !s.t.Failed(); {
		if done%batchKills == 0 || idle > 0 {
			s.newWork()
		}
		j := s.job
		j.step, j.nth, j.seed = steps[s.random.IntN(len(steps))], 1+s.random.IntN(2), s.random.Uint64()
		if strings.HasPrefix(string(j.step), "unbind") {
			j.nth = 1
		}
		if !s.live(j) {
			if idle++; idle > 60 {
				s.t.Errorf("stream %d: 60 agents in a row came past step %s and others without dying", s.job.seed, j.step)
			}
			continue
		}
		idle = 0
		done++
		s.killed[j.step]++
		s.pairs[[2]moves.Step{s.last, j.step}] = true
		s.last = j.step
	}
	if s.t.Failed() {
		return
	}
	s.ask(http.MethodPost, "faults", "[]", nil)
	settle := s.job
	settle.settle, settle.patient = true, settleTime
	if s.live(settle) || s.t.Failed() {
		return
	}
	s.compare()
}

// newWork makes a few payments at the gateways and tells the agent of them.
func (s *stream) newWork() {
	s.batch++
	var lines []string
	for i := range batchTasks {
		gateway, currency, method := "easylink", "HKD", ""
		switch s.random.IntN(6) {
		case 0:
			gateway, currency = "payermax", "USD"
		case 1:
			gateway, currency = "paycools", "PHP"
		case 2:
			gateway, currency, method = "paycools", "PHP", "SEVEN_ELEVEN" // a channel that refuses refunds
		}
		no := fmt.Sprintf(orderPrefix+"%dX%dX%d", s.job.seed, s.batch, i)
		s.ask(http.MethodPost, "orders", fmt.Sprintf(`{"gateway":%q,"order_no":%q,"amount":"58.00","currency":%q,"method":%q}`, gateway, no, currency, method), nil)
		undo := "0s"
		if s.random.IntN(4) == 0 {
			undo = "30ms"
		}
		lines = append(lines, strings.Join([]string{"refund", profileOf(gateway), no, fmt.Sprintf("%d.50", 1+s.random.IntN(50)), undo}, " "))
	}
	if n := len(s.tokens); n > 0 {
		lines = append(lines, strings.Join(s.tokens[n-1], " "))
		s.tokens = s.tokens[:n-1]
	}
	if err := os.WriteFile(filepath.Join(s.job.home, "work"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		s.t.Error(err)
	}
}

func profileOf(gateway string) string {
	if gateway == "payermax" {
		return "checus-sandbox"
	}
	return gateway + "-sandbox"
}

// live runs one agent to its end and reports whether it was killed.
func (s *stream) live(j job) (killed bool) {
	cmd := exec.Command(s.program)
	cmd.Env = append(os.Environ(), j.env()...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && exit.ExitCode() == -1:
		return true
	}
	s.t.Errorf("stream %d, step %s: %v\n%s", s.job.seed, j.step, err, errs.String())
	return false
}
