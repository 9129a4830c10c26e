package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// The suites of testdata drive the real binary against the real sandbox. Every
// output of every command is searched for canary secrets (S8) and for signs
// that a terminal would obey (S4).

// binary builds paydesk once for all tests of this package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "paydesk-cli-test-")
	if err != nil {
		return "", err
	}
	scratch = dir
	path := filepath.Join(dir, "paydesk")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "paydesk").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// scratch is the directory of the binary, removed at the end.
var scratch string

func TestMain(m *testing.M) {
	code := m.Run()
	if scratch != "" {
		_ = os.RemoveAll(scratch)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func paydesk(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// canary is a secret text in every sandbox profile of the suites.
const canary = "CANARY-7d1f4b0a9c"

func TestScripts(t *testing.T) {
	path := paydesk(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			if err := os.MkdirAll(home, 0o700); err != nil {
				return err
			}
			for key, value := range map[string]string{
				"HOME": home, "PAYDESK": path, "TZ": "UTC", "PAYDESK_LEDGER": filepath.Join(home, "ledger.db"), "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus",
				"XDG_CONFIG_HOME": filepath.Join(home, "config"), "XDG_DATA_HOME": filepath.Join(home, "data"), "XDG_STATE_HOME": filepath.Join(home, "state"),
			} {
				env.Setenv(key, value)
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"sandbox": cmdSandbox, "stop": cmdStop, "exits": cmdExits, "input": cmdInput, "control": cmdControl, "moved": cmdMoved, "field": cmdField, "canaries": cmdCanaries,
			"listen": cmdListen, "callbacks": cmdCallbacks,
		},
	})
}

// running are the sandboxes by the work directory of their script.
var running sync.Map

// process is a sandbox in a process of its own.
type process struct {
	cmd     *exec.Cmd
	control string
	done    chan error
}

// startSandbox runs the binary's sandbox until it is ready.
func startSandbox(path, dir string, env []string, args ...string) (*process, error) {
	cmd := exec.Command(path, append([]string{"sandbox", "--dir", dir}, args...)...)
	cmd.Env = env
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var ready struct {
		Ready   bool   `json:"ready"`
		Control string `json:"control"`
	}
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	p := &process{cmd: cmd, control: ready.Control, done: make(chan error, 1)}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.done <- cmd.Wait()
	}()
	if err != nil || !ready.Ready {
		p.stop()
		return nil, fmt.Errorf("sandbox: %w: %s %s", err, line, failure.String())
	}
	return p, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// call speaks to the control interface.
func (p *process) call(method, path, body string) ([]byte, error) {
	req, err := http.NewRequest(method, p.control+"/"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, raw)
	}
	return raw, err
}

// truth is a refund as the gateway holds it.
type truth struct {
	RefundNo string `json:"refund_no"`
	OrderNo  string `json:"order_no"`
	Amount   string `json:"amount"`
	Status   string `json:"status"`
	Moved    int    `json:"moved"`
}

func (p *process) refunds() (list []truth, err error) {
	raw, err := p.call(http.MethodGet, "refunds", "")
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	return list, err
}

// cmdSandbox starts the sandbox on $WORK/box, with further flags.
func cmdSandbox(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs("box")
	p, err := startSandbox(ts.Getenv("PAYDESK"), dir, scriptEnv(ts), append([]string{"--orders", "40"}, args...)...)
	ts.Check(err)
	running.Store(ts.MkAbs("."), p)
	ts.Defer(func() { stopSandbox(ts) })
	ts.Setenv("PAYDESK_CONFIG", filepath.Join(dir, "config.toml"))
	ts.Setenv("BOX", dir)
	ts.Setenv("URL", strings.TrimSuffix(p.control, "/_sandbox")+"/aggregate-pay/api/gateway")
	ts.Check(os.WriteFile(filepath.Join(dir, "keys", "payermax", "auth_token.txt"), []byte(canary), 0o600))
}

func stopSandbox(ts *testscript.TestScript) {
	if p, ok := running.LoadAndDelete(ts.MkAbs(".")); ok {
		p.(*process).stop()
	}
}

func cmdStop(ts *testscript.TestScript, _ bool, _ []string) { stopSandbox(ts) }

func sandboxOf(ts *testscript.TestScript) *process {
	p, ok := running.Load(ts.MkAbs("."))
	if !ok {
		ts.Fatalf("no sandbox is running")
	}
	return p.(*process)
}

func scriptEnv(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"PATH", "HOME", "TZ", "PAYDESK_CONFIG", "PAYDESK_LEDGER", "PAYDESK_PROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "DBUS_SESSION_BUS_ADDRESS", "NO_COLOR",
	} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// cmdInput hands a file to the standard input of the next command.
func cmdInput(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs("stdin")
	ts.Check(os.WriteFile(name, []byte(hostileSigns.Replace(ts.ReadFile(args[0]))), 0o600))
	ts.Setenv("STDIN", name)
}

// cmdExits runs paydesk, wants an exit code, and leaves out and err behind.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := range args {
		args[i] = hostileSigns.Replace(args[i])
	}
	cmd := exec.Command(ts.Getenv("PAYDESK"), args[1:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), scriptEnv(ts)
	if name := ts.Getenv("STDIN"); name != "" {
		in, err := os.Open(name)
		ts.Check(err)
		defer func() { _ = in.Close() }()
		cmd.Stdin = in
		ts.Setenv("STDIN", "")
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	code := 0
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	ts.Check(os.WriteFile(ts.MkAbs("out"), out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), errs.Bytes(), 0o600))
	ts.Logf("[exit %d]\n%s%s", code, out.String(), errs.String())
	if code != want {
		ts.Fatalf("exit %d, want %d", code, want)
	}
	for _, text := range []string{out.String(), errs.String()} {
		if problem := unfit(text); problem != "" {
			ts.Fatalf("%s", problem)
		}
	}
}

// hostileSigns are written by name in scripts.
var hostileSigns = strings.NewReplacer("<ESC>", "\x1b", "<CSI>", "\u009b", "<RLO>", "\u202e", "<BEL>", "\a")

// unfit says why a text must not have been printed. covers S4, S5, S8.
func unfit(text string) string {
	if strings.Contains(text, canary) || strings.Contains(text, "PRIVATE KEY") || keyBase64.MatchString(text) {
		return "a secret was printed"
	}
	for i, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			return fmt.Sprintf("sign %U at byte %d of %q", r, i, text)
		}
	}
	return ""
}

// keyBase64 is how the base64 of every RSA private key in PKCS #8 begins.
var keyBase64 = regexp.MustCompile(`MIIEv[AQgIw]`)

// cmdControl calls the sandbox: control GET refunds, control POST faults '[…]'.
// The answer is in the file out.
func cmdControl(ts *testscript.TestScript, neg bool, args []string) {
	body := ""
	if len(args) > 2 {
		body = args[2]
	}
	raw, err := sandboxOf(ts).call(args[0], args[1], body)
	if neg == (err == nil) {
		ts.Fatalf("%v", err)
	}
	ts.Check(os.WriteFile(ts.MkAbs("out"), raw, 0o600))
}

// cmdMoved wants money to have left exactly so often for an amount of an
// order: moved ORDER AMOUNT TIMES.
func cmdMoved(ts *testscript.TestScript, _ bool, args []string) {
	list, err := sandboxOf(ts).refunds()
	ts.Check(err)
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	got := 0
	for _, r := range list {
		if r.OrderNo == args[0] && r.Amount == args[1] {
			got += r.Moved
		}
	}
	if got != want {
		ts.Fatalf("money left %d times, want %d: %+v", got, want, list)
	}
}

// cmdField reads a member of the last line of JSON in out into a variable, or
// compares it: field status pending, field refund_no -> REFUND.
func cmdField(ts *testscript.TestScript, neg bool, args []string) {
	file := "out"
	if args[0] == "-err" {
		file, args = "err", args[1:]
	}
	lines := strings.Split(strings.TrimSpace(ts.ReadFile(file)), "\n")
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(lines[len(lines)-1]), &object))
	var value any = object
	for name := range strings.SplitSeq(args[0], ".") {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	text := fmt.Sprint(value)
	if value == nil {
		text = "absent"
	}
	if len(args) == 3 && args[1] == "->" {
		ts.Setenv(args[2], text)
		return
	}
	if (text == args[1]) == neg {
		ts.Fatalf("%s is %q, not %q", args[0], text, args[1])
	}
}

// cmdCanaries searches everything that paydesk has written for secrets; the
// sandbox's own key files are where they may be. covers S8.
func cmdCanaries(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs("home"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(raw, []byte(canary)) || bytes.Contains(raw, []byte("PRIVATE KEY")) || keyBase64.Match(raw) {
			return fmt.Errorf("a secret is in %s", path)
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			err = fmt.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}))
}
