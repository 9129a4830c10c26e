//go:build dragonfly || freebsd || linux || netbsd || openbsd

package vault

import (
	"errors"
	"strings"

	"github.com/godbus/dbus/v5"
)

// busCode tells the situation by the name of a bus error: its text differs
// between bus implementations and languages.
func busCode(err error) string {
	e, ok := errors.AsType[dbus.Error](err)
	if !ok {
		return ""
	}
	switch {
	case e.Name == "org.freedesktop.Secret.Error.IsLocked":
		return CodeLocked
	case e.Name == "org.freedesktop.DBus.Error.ServiceUnknown",
		e.Name == "org.freedesktop.DBus.Error.NameHasNoOwner",
		strings.HasPrefix(e.Name, "org.freedesktop.DBus.Error.Spawn."):
		return CodeAbsent
	}
	return ""
}
