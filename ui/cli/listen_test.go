package cli_test

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdListen starts the callback receiver, sets $HOOK to the address of a profile
// and leaves the ready line in the file ready: listen [PROFILE] [FLAGS]. With a
// profile and no flags it takes a free port, without any it listens where the
// configuration says.
func cmdListen(ts *testscript.TestScript, _ bool, args []string) {
	profile := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		profile, args = args[0], args[1:]
		if len(args) == 0 {
			args = []string{"--addr", "127.0.0.1:0"}
		}
	}
	line := []string{"callback", "listen"}
	if profile != "" {
		line = append(line, "--profile", profile)
	}
	cmd := exec.Command(ts.Getenv("PAYDESK"), append(line, args...)...)
	cmd.Env = scriptEnv(ts)
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	said, err := bufio.NewReader(out).ReadBytes('\n')
	ts.Check(err)
	var ready struct {
		Ready bool              `json:"ready"`
		URLs  map[string]string `json:"urls"`
	}
	ts.Check(json.Unmarshal(said, &ready))
	if !ready.Ready {
		ts.Fatalf("not ready: %s", said)
	}
	ts.Check(os.WriteFile(ts.MkAbs("ready"), said, 0o600))
	ts.Setenv("HOOK", ready.URLs[profile])
}

// cmdCallbacks writes the table [callback] into the sandbox's configuration, in
// place of an earlier one. PORT in its lines is $PORT, which was free a moment ago.
func cmdCallbacks(ts *testscript.TestScript, _ bool, lines []string) {
	if ts.Getenv("PORT") == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		_, port, err := net.SplitHostPort(l.Addr().String())
		ts.Check(err)
		ts.Check(l.Close())
		ts.Setenv("PORT", port)
	}
	path := filepath.Join(ts.Getenv("BOX"), "config.toml")
	whole, err := os.ReadFile(path)
	ts.Check(err)
	before, _, _ := strings.Cut(string(whole), "\n[callback]\n")
	table := strings.ReplaceAll(strings.Join(lines, "\n"), "PORT", ts.Getenv("PORT"))
	ts.Check(os.WriteFile(path, []byte(before+"\n[callback]\n"+table+"\n"), 0o600))
}
