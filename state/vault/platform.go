package vault

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	zalando "github.com/zalando/go-keyring"

	"paydesk/client"
)

// fits refuses a key that the platform's keyring cannot hold, before the
// library is called: on macOS its own refusal leaves a process behind.
func fits(name string, size int) error {
	limit := sizeLimit(runtime.GOOS, name)
	if size <= limit {
		return nil
	}
	return failure(CodeTooBig,
		"the key for "+name+" has "+strconv.Itoa(size)+" bytes; the keyring of this system takes "+strconv.Itoa(limit),
		"store the key itself (an RSA-4096 key has about 2400 bytes), not a chain or a bundle", nil)
}

// sizeLimit is how many bytes an entry may have (reliability: section 9).
func sizeLimit(goos, name string) int {
	switch goos {
	case "darwin":
		// The library writes one command of at most 4096 bytes, with the
		// key in base64 behind a marker.
		const command = "add-generic-password -U -s " + Service + " -a  -w go-keyring-base64:\n"
		return (4096 - len(command) - len(name)) / 4 * 3
	case "windows":
		return 2560
	default:
		// There is no limit but that large items make every later write slow.
		return 64 << 10
	}
}

// hasDisplay reports whether a person could see a prompt of the keyring.
func hasDisplay(env func(string) (string, bool)) bool {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return true
	}
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY"} {
		if value, ok := env(name); ok && value != "" {
			return true
		}
	}
	return false
}

// absent is an error when there is no session bus to ask. Without one the
// library would start a bus and a keyring daemon that stay behind, so it must
// not be called at all.
func absent(env func(string) (string, bool)) error {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return nil
	}
	return absentOnBus(env, filepath.Join("/run", "user", strconv.Itoa(os.Getuid()), "bus"))
}

// absentOnBus is absent with the place of the user's bus.
func absentOnBus(env func(string) (string, bool), socket string) error {
	// "autolaunch:" is how an environment asks for a bus to be started.
	if address, ok := env("DBUS_SESSION_BUS_ADDRESS"); ok && address != "" && !strings.HasPrefix(address, "autolaunch:") {
		return nil
	}
	if _, err := os.Stat(socket); err == nil {
		return nil
	}
	return failure(CodeAbsent, "there is no keyring: no session bus (DBUS_SESSION_BUS_ADDRESS is not set and "+socket+" does not exist)",
		absentHint, nil)
}

const (
	absentHint = "log in to a desktop session; on a server run paydesk under dbus-run-session with gnome-keyring unlocked in it"
	lockedHint = "unlock the login keyring, or create one (log in to the desktop, or gnome-keyring-daemon --unlock), then try again"
)

// classify gives a provider's error its code.
func classify(what string, err error) *client.Error {
	code := platformCode(err)
	if code == "" {
		code = textCode(err.Error())
	}
	switch {
	case errors.Is(err, zalando.ErrSetDataTooBig):
		return failure(CodeTooBig, what+": the key is too big for the keyring of this system", "store the key itself, not a chain or a bundle", nil)
	case errors.Is(err, zalando.ErrUnsupportedPlatform), code == CodeAbsent:
		return failure(CodeAbsent, what+": there is no keyring", absentHint, err)
	case code == CodeLocked:
		return failure(CodeLocked, what+": the keyring is locked", lockedHint, err)
	default:
		return failure(CodeFailed, what+": the keyring refused", "paydesk doctor looks at the keyring", err)
	}
}

// textCode tells the situations of reliability section 9 by the text of the
// error, which is all that the library gives.
func textCode(text string) string {
	for _, known := range []struct{ part, code string }{
		{"failed to unlock correct collection", CodeLocked},
		{`exec: "dbus-launch"`, CodeAbsent},
		{"dial unix", CodeAbsent},
		{"was not provided by any .service files", CodeAbsent},
		{"couldn't determine address of session bus", CodeAbsent},
		{"dbus: authentication failed", CodeAbsent},
	} {
		if strings.Contains(text, known.part) {
			return known.code
		}
	}
	return ""
}

// exitCodes are what macOS's /usr/bin/security ends with: the low byte of the
// Security framework's result.
var exitCodes = map[int]string{
	36:  CodeLocked, // errSecInteractionNotAllowed
	51:  CodeLocked, // errSecAuthFailed
	128: CodeLocked, // the person dismissed the prompt
}

// noLogonSession is Windows' answer where no credentials can be kept, as in a
// service or a plain remote shell.
const noLogonSession = syscall.Errno(1312)

// platformCode tells the situation by the type of the error, or "".
func platformCode(err error) string {
	switch runtime.GOOS {
	case "darwin":
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return exitCodes[exit.ExitCode()]
		}
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			return CodeAbsent
		}
	case "windows":
		if errors.Is(err, noLogonSession) {
			return CodeAbsent
		}
	}
	return busCode(err)
}
