package cli_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdListen starts the callback receiver of a profile and sets $HOOK to its
// address: listen PROFILE.
func cmdListen(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command(ts.Getenv("PAYDESK"), "--profile", args[0], "callback", "listen", "--addr", "127.0.0.1:0")
	cmd.Env = scriptEnv(ts)
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	ts.Check(err)
	var ready struct {
		Ready bool              `json:"ready"`
		URLs  map[string]string `json:"urls"`
	}
	ts.Check(json.Unmarshal(line, &ready))
	if !ready.Ready {
		ts.Fatalf("not ready: %s", line)
	}
	ts.Setenv("HOOK", ready.URLs[args[0]])
}
