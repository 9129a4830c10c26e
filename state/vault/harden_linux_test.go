package vault

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// childVariable names what a copy of the test program is to do.
const childVariable = "PAYDESK_VAULT_TEST_CHILD"

// child runs one test of this program in a process of its own.
func child(t *testing.T, test, role string, env ...string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-test.run=^"+test+"$", "-test.v", "-test.timeout=60s")
	command.Env = append(os.Environ(), childVariable+"="+role)
	command.Env = append(command.Env, env...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", role, err, out)
	}
	if !strings.Contains(string(out), "--- PASS: "+test) {
		t.Fatalf("%s did not run:\n%s", role, out)
	}
	return string(out)
}

func TestHarden(t *testing.T) { // covers S10
	if os.Getenv(childVariable) != "harden" {
		if out := child(t, "TestHarden", "harden"); !strings.Contains(out, "core 0 0 dumpable 0") {
			t.Errorf("limits after Harden:\n%s", out)
		}
		return
	}
	if err := Harden(); err != nil {
		t.Fatal(err)
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil {
		t.Fatal(err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("core", core.Cur, core.Max, "dumpable", dumpable)
}
