package vault

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/godbus/dbus/v5"
	zalando "github.com/zalando/go-keyring"
)

// The texts are those of reliability section 9.
func TestClassify(t *testing.T) { // covers F24
	for _, tc := range []struct {
		err  error
		want string
	}{
		{errors.New(`exec: "dbus-launch": executable file not found in $PATH`), CodeAbsent},
		{errors.New(`dial unix /tmp/none: connect: no such file or directory`), CodeAbsent},
		{errors.New(`The name org.freedesktop.secrets was not provided by any .service files`), CodeAbsent},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.ServiceUnknown", Body: []any{"nicht da"}}, CodeAbsent},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.Spawn.ExecFailed"}, CodeAbsent},
		{errors.New(`failed to unlock correct collection '/org/freedesktop/secrets/collection/login'`), CodeLocked},
		{errors.New(`failed to unlock correct collection '/org/freedesktop/secrets/aliases/default'`), CodeLocked},
		{dbus.Error{Name: "org.freedesktop.Secret.Error.IsLocked"}, CodeLocked},
		{zalando.ErrSetDataTooBig, CodeTooBig},
		{zalando.ErrUnsupportedPlatform, CodeAbsent},
		{errors.New("something else"), CodeFailed},
	} {
		f := newFake()
		f.fail = tc.err
		k := Keyring(Options{Provider: f})
		_, err := k.Get(t.Context(), shop, key)
		refused(t, err, tc.want)
		refused(t, k.Set(t.Context(), shop, key, text("x")), tc.want)
		refused(t, k.Remove(t.Context(), shop, key), tc.want)
		refused(t, k.Probe(t.Context()), tc.want)
	}
	if err := Keyring(Options{Provider: newFake()}).Probe(t.Context()); err != nil {
		t.Errorf("a keyring that answers: %v", err)
	}
}

func TestWithoutABusTheLibraryIsNeverCalled(t *testing.T) { // covers F24
	dir := t.TempDir()
	socket := filepath.Join(dir, "bus")
	env := func(value string) func(string) (string, bool) {
		return func(name string) (string, bool) { return value, name == "DBUS_SESSION_BUS_ADDRESS" && value != "" }
	}
	f := newFake()
	k := Keyring(Options{Provider: f})
	k.absent = func(env func(string) (string, bool)) error { return absentOnBus(env, socket) }
	for _, value := range []string{"", "autolaunch:", "autolaunch:scope=user"} {
		k.env = env(value)
		_, err := k.Get(t.Context(), shop, key)
		refused(t, err, CodeAbsent)
		refused(t, k.Set(t.Context(), shop, key, text("x")), CodeAbsent)
		refused(t, k.Remove(t.Context(), shop, key), CodeAbsent)
		refused(t, k.Probe(t.Context()), CodeAbsent)
	}
	if f.calls != 0 {
		t.Fatalf("%d calls reached the library", f.calls)
	}
	k.env = env("unix:path=/somewhere")
	if err := k.Probe(t.Context()); err != nil {
		t.Errorf("with an address: %v", err)
	}
	k.env = env("")
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.Probe(t.Context()); err != nil {
		t.Errorf("with the user's bus: %v", err)
	}
}
