package logs

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/secret"
)

const (
	canary = "CANARYcanaryCANARYcanaryCANARYcanaryCANARYcanaryCANARYcanaryCANARYcanaryCANARYcanaryCANARYcanary"
	card   = "4111 1111 1111 1111"
)

// covers S8, S16: no secret and no card number reaches the log, whatever the
// attribute that carries it; covers S4: nothing in it steers a terminal.
func TestLogsHoldNoSecret(t *testing.T) {
	var out bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(JSON(&out, slog.LevelDebug)), slog.New(Narration(&out))} {
		log = log.With("merchant_auth_token", "short-"+canary[:9])
		log.Info("message "+canary+" "+card, "sign", "short-"+canary[:9], "key", secret.New([]byte(canary)), "note", card+"\x1b[2J\u009b\u202e",
			"error", errors.New("failed with "+canary), "raw", []byte(canary), "pem", "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
			"struct", struct{ A string }{canary}, slog.Group("g", "password", "short-"+canary[:9], "took", time.Second), "n", 3)
	}
	text := out.String()
	for _, leak := range []string{canary, canary[:9], "4111", "abc\n", "PRIVATE KEY"} {
		if strings.Contains(text, leak) {
			t.Errorf("%q leaked:\n%s", leak, text)
		}
	}
	for _, r := range text {
		if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x202e) {
			t.Errorf("sign %U in %q", r, text)
		}
	}
	for _, kept := range []string{`"n":3`, "····1111", `"took"`, "took=1s"} {
		if !strings.Contains(text, kept) {
			t.Errorf("%q is missing:\n%s", kept, text)
		}
	}
}

// covers S20: the log belongs to its person alone, and no link is followed.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state", "paydesk.log")
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(maxFile + 1); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
	file, err = Open(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	if _, err := os.Stat(path + ".1"); err != nil {
		t.Errorf("a large log was not put aside: %v", err)
	}
	link := filepath.Join(dir, "link.log")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(link); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("a link was followed: %v", err)
	}
}

// covers S10: a crash report names the place of a fault and never its value.
func TestCrashReportHoldsNoValue(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "crash")
	var path string
	var err error
	func() {
		defer func() {
			path, err = Crash(dir, "v1", recover(), time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
		}()
		panic("key " + canary)
	}()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(raw); strings.Contains(text, canary) || !strings.Contains(text, "panic of type string") || !strings.Contains(text, "TestCrashReportHoldsNoValue") {
		t.Error(text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	func() {
		defer func() {
			path, err = Crash(dir, "v1", recover(), time.Date(2026, 11, 22, 9, 0, 1, 0, time.UTC))
		}()
		var list []int
		_ = list[3]
	}()
	raw, _ = os.ReadFile(path)
	if !strings.Contains(string(raw), "index out of range [3]") {
		t.Error(string(raw))
	}
}
