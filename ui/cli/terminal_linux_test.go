package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// session is a command on a terminal of its own, with a person at it.
type session struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	done chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
}

// onTerminal starts a command with its input and narration on a terminal; data
// goes there too, as it does for a person.
func onTerminal(t *testing.T, cmd *exec.Cmd) *session {
	t.Helper()
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(pty.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(pty.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(pty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	s := &session{t: t, cmd: cmd, pty: pty, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	go func() {
		defer close(s.done)
		buffer := make([]byte, 4096)
		for {
			n, err := pty.Read(buffer)
			s.mu.Lock()
			s.out.Write(buffer[:n])
			s.mu.Unlock()
			if err != nil { // the last one has closed the terminal
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-s.done
		_ = pty.Close()
	})
	return s
}

func (s *session) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

// expect waits until the terminal shows a text.
func (s *session) expect(text string) {
	s.t.Helper()
	deadline := time.After(15 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(s.seen(), text) {
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("%q never came:\n%s", text, s.seen())
		}
	}
}

func (s *session) send(text string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) exit() int {
	s.t.Helper()
	_ = s.cmd.Wait()
	<-s.done
	return s.cmd.ProcessState.ExitCode()
}

const question = "anything else to leave: "

// covers S25, I12: the amount of this very refund is the consent, and nothing
// else is.
func TestConsentOnATerminal(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.order("TTY_1", "50.00")
	for _, answer := range []string{"y\n", "\n", "5.01\n", "50\n", "yes\n", strings.Repeat("y\n", 100), "\x04"} {
		person := onTerminal(t, s.command("refund", "create", "TTY_1", "--amount", "5", "--reason", "typed"))
		person.expect(question)
		person.send(answer)
		if code := person.exit(); code != 2 {
			t.Errorf("%q: exit %d\n%s", answer, code, person.seen())
		}
	}
	if times, refunds := s.moved("TTY_1"); times != 0 || len(refunds) != 0 {
		t.Fatalf("money left: %+v", refunds)
	}

	// What was typed before the question does not answer it.
	early := onTerminal(t, s.command("refund", "create", "TTY_1", "--amount", "5", "--reason", "typed"))
	early.send("5.00\n")
	early.expect(question)
	early.send("no\n")
	if code := early.exit(); code != 2 {
		t.Errorf("typed ahead: exit %d\n%s", code, early.seen())
	}

	// Ctrl-C never confirms.
	stopped := onTerminal(t, s.command("refund", "create", "TTY_1", "--amount", "5", "--reason", "typed"))
	stopped.expect(question)
	stopped.send("5.00\x03")
	if code := stopped.exit(); code != 130 {
		t.Errorf("interrupted: exit %d\n%s", code, stopped.seen())
	}
	if times, refunds := s.moved("TTY_1"); times != 0 || len(refunds) != 0 {
		t.Fatalf("money left: %+v", refunds)
	}

	person := onTerminal(t, s.command("refund", "create", "TTY_1", "--amount", "5", "--reason", "typed", "--wait", "20s"))
	person.expect("refund 5.00 USD of order TTY_1  SANDBOX")
	person.expect(question)
	person.send("5\n")
	if code := person.exit(); code != 0 || !strings.Contains(person.seen(), "success") {
		t.Errorf("exit %d\n%s", code, person.seen())
	}
	if times, _ := s.moved("TTY_1"); times != 1 {
		t.Errorf("money left %d times", times)
	}
}

// covers F25: an interruption inside the undo window takes the refund back; the
// ledger says so, and nothing is sent later.
func TestUndoWindowIsLeftBySignal(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		order := fmt.Sprintf("UNDO_%d", i)
		s.order(order, "50.00")
		person := onTerminal(t, s.command("refund", "create", order, "--amount", "5", "--reason", "undo", "--yes", "--undo", "30s"))
		person.expect("Ctrl-C takes it back")
		if err := person.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if code := person.exit(); code != 130 || !strings.Contains(person.seen(), "cancelled") {
			t.Errorf("%v: exit %d\n%s", sig, code, person.seen())
		}
		if code, _, _ := s.run("refund", "resume"); code != 0 {
			t.Errorf("%v: resume exit %d", sig, code)
		}
		if times, refunds := s.moved(order); times != 0 || len(refunds) != 0 {
			t.Errorf("%v: %+v", sig, refunds)
		}
	}
}

// covers F25: the demo ends on a signal like on a key, gives the terminal back
// and leaves no file anywhere.
func TestDemoLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		temp, home := t.TempDir(), t.TempDir()
		cmd := exec.Command(paydesk(t), "demo")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + temp, "TERM=xterm-256color", "PAYDESK_LEDGER=" + filepath.Join(home, "own.db")}
		person := onTerminal(t, cmd)
		person.expect("SANDBOX")
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if code := person.exit(); code != 130 || !strings.Contains(person.seen(), "\x1b[?1049l") {
			t.Errorf("%v: exit %d", sig, code)
		}
		for _, dir := range []string{temp, home} {
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%v: left behind: %v %v", sig, left, err)
			}
		}
	}
}

// covers S7: while a signed call is under way, no key stands in the command
// line or the environment. Key files of a sandbox are never written.
func TestKeysAreNeverInTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.order("CMD_1", "50.00")
	s.faults(`["refund:delay=300ms"]`)
	person := onTerminal(t, s.command("refund", "create", "CMD_1", "--amount", "5", "--reason", "x", "--yes"))
	person.expect("on the wire")
	for _, file := range []string{"cmdline", "environ"} {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", person.cmd.Process.Pid, file))
		if err != nil {
			continue // not readable by anybody else either: the process is not dumpable
		}
		if keyBase64.Match(raw) || bytes.Contains(raw, []byte(canary)) || bytes.Contains(raw, []byte("PRIVATE KEY")) {
			t.Errorf("a key is in %s", file)
		}
	}
	if code := person.exit(); code != 0 {
		t.Errorf("exit %d\n%s", code, person.seen())
	}
	if code, _, errs := s.run("key", "set", "merchant_private_key"); code != 5 || !strings.Contains(errs, "only reads") {
		t.Errorf("exit %d %s", code, errs)
	}
}

// need skips a test that lacks a service of the machine, or fails it where
// everything must run.
func need(t *testing.T, ok bool, reason string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("PAYDESK_REQUIRE_ALL") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// covers S7, F24: keys go from a file, a pipe or a hidden prompt into the real
// keyring; they work from there, and are never shown.
func TestKeysInTheKeyring(t *testing.T) {
	t.Parallel()
	bus := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	need(t, bus != "", "no session bus; run it under .ci/with-keyring.sh")
	s := newStage(t)
	s.order("RING_1", "50.00")
	keys := filepath.Join(filepath.Dir(ledgerOf(s)), "box", "keys", "payermax")
	profile := fmt.Sprintf("paydesk-cli-%d", os.Getpid())
	base := strings.TrimSuffix(s.box.control, "/_sandbox") + "/aggregate-pay/api/gateway"
	s.env = append(s.env, "DBUS_SESSION_BUS_ADDRESS="+bus, "PAYDESK_CONFIG="+filepath.Join(t.TempDir(), "config.toml"))
	must := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := s.run(args...)
		if code != want {
			t.Fatalf("%v: exit %d, want %d\n%s%s", args, code, want, out, errs)
		}
		return out
	}
	must(0, "profile", "add", profile, "--gateway", "payermax", "--brand", "checus", "--environment", "sandbox", "--base-url", base,
		"--merchant-no", "P01010000000777", "--app-id", "8f4c0a6e2b5d4f71a3c9e0d1b2a38475")
	if code, _, errs := s.run("key", "show"); code == 5 {
		need(t, false, "no unlocked Secret Service; run it under .ci/with-keyring.sh: "+errs)
	}
	t.Cleanup(func() { s.run("profile", "remove", profile, "--keys") })
	must(5, "order", "get", "RING_1")

	// A whole PEM block at the hidden prompt; not a letter of it is shown.
	pem, err := os.ReadFile(filepath.Join(keys, "merchant_private_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	person := onTerminal(t, s.command("key", "set", "merchant_private_key"))
	person.expect("hidden: ")
	person.send(string(pem))
	if code := person.exit(); code != 0 || unfitOnTerminal(person.seen()) || !strings.Contains(person.seen(), "SHA256:") {
		t.Fatalf("exit %d\n%s", code, person.seen())
	}
	// The wrong half is refused; the right one comes from a file.
	must(2, "key", "set", "platform_public_key", "--file", filepath.Join(keys, "merchant_private_key.pem"))
	must(0, "key", "set", "platform_public_key", "--file", filepath.Join(keys, "platform_public_key.pem"))
	if out := must(0, "key", "show", "--json"); strings.Count(out, `"stored":true`) != 2 {
		t.Error(out)
	}
	must(0, "profile", "check")
	must(0, "order", "get", "RING_1")
	must(0, "key", "remove", "merchant_private_key")
	must(5, "key", "show", "merchant_private_key")
	must(5, "order", "get", "RING_1")
	must(0, "profile", "remove", profile, "--keys")
}

// unfitOnTerminal reports whether key material was shown.
func unfitOnTerminal(text string) bool {
	return strings.Contains(text, "PRIVATE KEY-----\n") || strings.Contains(text, "BEGIN") || keyBase64.MatchString(text)
}
