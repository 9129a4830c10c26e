package vault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"paydesk/client/secret"
)

// The names of the Secret Service.
const (
	serviceName = "org.freedesktop.secrets"
	servicePath = "/org/freedesktop/secrets"
	loginPath   = "/org/freedesktop/secrets/collection/login"
)

// The round trip runs against the Secret Service of the session; .ci/run
// brings one up with .ci/with-keyring.sh.
func TestSecretService(t *testing.T) { // covers F24
	need(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "", "no session bus; run it under .ci/with-keyring.sh")
	k := Keyring(Options{Env: os.LookupEnv, Headless: true})
	if err := k.Probe(t.Context()); err != nil {
		need(t, false, "no unlocked Secret Service; run it under .ci/with-keyring.sh: "+err.Error())
	}
	profile := "paydesk-test-" + strconv.Itoa(os.Getpid())
	t.Run("keys", func(t *testing.T) { roundTrips(t, k, profile) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, k, profile) })
	t.Run("replace and remove", func(t *testing.T) { replaceAndRemove(t, k, profile) })
}

// fresh is the same keyring without anything in memory.
func fresh() *KeyringStore { return Keyring(Options{Env: os.LookupEnv, Headless: true}) }

func roundTrips(t *testing.T, k *KeyringStore, profile string) {
	small, smallPublic, _ := rsaKey(t, 2048)
	large, _, _ := rsaKey(t, 4096)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for key, raw := range map[string][]byte{
		"rsa_2048": small, "rsa_2048_public": smallPublic, "rsa_4096": large, "every_byte": all,
		"text": []byte("s3cr3t\u202e\n"), "zeros": make([]byte, 16),
	} {
		if strings.HasPrefix(key, "rsa") && !slices.Contains(raw, 0) {
			t.Errorf("%s: a key without a NUL byte proves little", key)
		}
		value := secret.New(raw)
		if err := k.Set(t.Context(), profile, key, value); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		t.Cleanup(func() { _ = fresh().Remove(context.Background(), profile, key) })
		got, err := fresh().Get(t.Context(), profile, key)
		if err != nil || !got.Equal(value) {
			t.Errorf("%s: %d bytes came back as %d, %v", key, len(raw), len(got.Reveal()), err)
		}
		if Fingerprint(got) != Fingerprint(value) {
			t.Errorf("%s: the fingerprint has changed", key)
		}
	}
}

func concurrent(t *testing.T, k *KeyringStore, profile string) {
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			key := fmt.Sprintf("key_%d", i)
			for round := range 5 {
				value := text(fmt.Sprint(key, round))
				if err := k.Set(t.Context(), profile, key, value); err != nil {
					t.Error(err)
				}
				if got, err := k.Get(t.Context(), profile, key); err != nil || !got.Equal(value) {
					t.Error(err)
				}
			}
			if got, err := fresh().Get(t.Context(), profile, key); err != nil || !got.Equal(text(key+"4")) {
				t.Errorf("%s: %v", key, err)
			}
			if err := k.Remove(t.Context(), profile, key); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

func replaceAndRemove(t *testing.T, k *KeyringStore, profile string) {
	_, err := k.Get(t.Context(), profile, "none")
	refused(t, err, CodeNotFound)
	for _, value := range []string{"one", "two"} {
		if err := k.Set(t.Context(), profile, "replaced", text(value)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := fresh().Get(t.Context(), profile, "replaced"); err != nil || !got.Equal(text("two")) {
		t.Errorf("the second value: %v", err)
	}
	if err := k.Remove(t.Context(), profile, "replaced"); err != nil {
		t.Fatal(err)
	}
	for _, store := range []*KeyringStore{k, fresh()} {
		_, err = store.Get(t.Context(), profile, "replaced")
		refused(t, err, CodeNotFound)
		refused(t, store.Remove(t.Context(), profile, "replaced"), CodeNotFound)
	}
}

// The next tests have a bus and a daemon of their own, as they lock and freeze
// them.
func TestRealKeyringInTrouble(t *testing.T) { // covers F24
	role, tests := os.Getenv(childVariable), map[string]func(*testing.T){
		"no service": childNoService, "no collection": childNoCollection, "locked": childLocked, "frozen": childFrozen,
	}
	if role != "" {
		tests[role](t)
		return
	}
	for _, tool := range []string{"dbus-daemon", "gnome-keyring-daemon"} {
		_, err := exec.LookPath(tool)
		need(t, err == nil, tool+" is not installed")
	}
	for role := range tests {
		t.Run(role, func(t *testing.T) {
			dir, address := startBus(t)
			env := []string{"DBUS_SESSION_BUS_ADDRESS=" + address, "DISPLAY=", "WAYLAND_DISPLAY="}
			switch role {
			case "no service":
			case "no collection":
				startDaemon(t, dir, address, "")
			default:
				env = append(env, "PAYDESK_VAULT_TEST_DAEMON="+strconv.Itoa(startDaemon(t, dir, address, "ci")))
			}
			child(t, "TestRealKeyringInTrouble", role, env...)
		})
	}
}

// startBus runs a session bus without any service that could be started.
func startBus(t *testing.T) (dir, address string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pd") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := filepath.Join(dir, "bus.conf")
	const text = `<busconfig><type>session</type><listen>unix:path=%s/bus</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`
	if err := os.WriteFile(config, fmt.Appendf(nil, text, dir), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(lifetime(t), "dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile", "--print-address=1")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	startProcess(t, command)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the bus did not come up:", err)
	}
	return dir, strings.TrimSpace(line)
}

// startDaemon runs a keyring daemon until it owns its name. With a password it
// has an unlocked login collection, without one it has none.
func startDaemon(t *testing.T, dir, address, password string) (pid int) {
	t.Helper()
	arguments := []string{"--foreground", "--components=secrets"}
	if password != "" {
		arguments = append(arguments, "--unlock")
	}
	command := exec.CommandContext(lifetime(t), "gnome-keyring-daemon", arguments...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "DBUS_SESSION_BUS_ADDRESS=" + address}
	command.Stdin = strings.NewReader(password)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	owned := make(chan *dbus.Signal, 8)
	conn.Signal(owned)
	if err := conn.AddMatchSignal(dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, serviceName)); err != nil {
		t.Fatal(err)
	}
	startProcess(t, command)
	for {
		select {
		case signal := <-owned:
			if signal != nil && len(signal.Body) == 3 && signal.Body[2] != "" {
				return command.Process.Pid
			}
		case <-ctx.Done():
			t.Fatal("the keyring daemon did not come up")
		}
	}
}

// lifetime ends a program that hangs before the whole test run does.
func lifetime(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// startProcess starts a program that ends with the test.
func startProcess(t *testing.T, command *exec.Cmd) {
	t.Helper()
	command.Stderr = io.Discard
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGCONT) // it may be frozen
		_ = command.Process.Kill()
		_ = command.Wait()
	})
}

func childNoService(t *testing.T) {
	k := fresh()
	refused(t, k.Probe(t.Context()), CodeAbsent)
	refused(t, k.Set(t.Context(), shop, key, text("x")), CodeAbsent)
}

// childNoCollection: a keyring that was never set up must not be taken for one
// that lacks the key.
func childNoCollection(t *testing.T) {
	k := fresh()
	_, err := k.Get(t.Context(), shop, key)
	refused(t, err, CodeLocked)
	refused(t, k.Set(t.Context(), shop, key, text("x")), CodeLocked)
}

func childLocked(t *testing.T) {
	if err := fresh().Set(t.Context(), shop, key, text("x")); err != nil {
		t.Fatal(err)
	}
	conn, err := dbus.SessionBus()
	if err != nil {
		t.Fatal(err)
	}
	call := conn.Object(serviceName, servicePath).Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{loginPath})
	if call.Err != nil {
		t.Fatal(call.Err)
	}
	k := fresh()
	_, err = k.Get(t.Context(), shop, key)
	refused(t, err, CodeLocked)
	_, err = k.Get(t.Context(), shop, "none")
	refused(t, err, CodeLocked)
	refused(t, k.Set(t.Context(), shop, key, text("y")), CodeLocked)
	refused(t, k.Remove(t.Context(), shop, key), CodeLocked)
	refused(t, k.Probe(t.Context()), CodeLocked)
}

func childFrozen(t *testing.T) {
	pid, err := strconv.Atoi(os.Getenv("PAYDESK_VAULT_TEST_DAEMON"))
	if err != nil {
		t.Fatal(err)
	}
	send := func(signal syscall.Signal) {
		if err := syscall.Kill(pid, signal); err != nil {
			t.Error(err)
		}
	}
	k := fresh()
	if err := k.Set(t.Context(), shop, key, text("old")); err != nil {
		t.Fatal(err)
	}
	// It stays frozen: nothing is claimed, and later calls fail at once.
	k.limit, k.probe = 300*time.Millisecond, 100*time.Millisecond
	send(syscall.SIGSTOP)
	err = k.Set(t.Context(), shop, key, text("late"))
	refused(t, err, CodeTimeout)
	if !strings.Contains(err.Error(), "may or may not be stored") {
		t.Errorf("got %v", err)
	}
	_, err = k.Get(t.Context(), shop, "other")
	refused(t, err, CodeBusy)
	// It comes back: the late call took effect and the gate is free again.
	send(syscall.SIGCONT)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	k.gate.settle(ctx)
	k.limit, k.probe = 20*time.Second, 20*time.Second
	if got, err := k.Get(t.Context(), shop, key); err != nil || !got.Equal(text("late")) {
		t.Errorf("after the late call: %v", err)
	}
	// It comes back while Set still looks: the key is there, so Set says so.
	k.limit = 300 * time.Millisecond
	send(syscall.SIGSTOP)
	time.AfterFunc(2*k.limit, func() { send(syscall.SIGCONT) })
	if err := k.Set(t.Context(), shop, key, text("later")); err != nil {
		t.Errorf("stored after the deadline: %v", err)
	}
	k.limit = 20 * time.Second
	if got, err := fresh().Get(t.Context(), shop, key); err != nil || !got.Equal(text("later")) {
		t.Errorf("in the keyring: %v", err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Error("the daemon took too long")
	}
}
