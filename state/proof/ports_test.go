package proof_test

import (
	"os/exec"
	"strings"
	"testing"
)

// covers S28: what would open a debug port, or fill one, is not even linked in.
func TestNoDebugPortIsLinkedIn(t *testing.T) {
	list := exec.Command("go", "list", "-deps", ".")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	if len(linked) < 100 {
		t.Fatalf("only %d packages are linked in", len(linked))
	}
	for _, one := range linked {
		switch one {
		case "net/http/pprof", "expvar", "net/rpc", "runtime/pprof", "runtime/trace":
			t.Errorf("the program holds %s", one)
		}
	}
}
