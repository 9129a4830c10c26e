#!/usr/bin/env bash
# Runs a command with a real, unlocked Secret Service on a session bus of its
# own:  .ci/with-keyring.sh go test ./state/vault/
#
# Needs dbus (dbus-run-session, dbus-send) and gnome-keyring. The keyring's
# files are in a directory that is removed afterwards, so the person's own
# keyring is neither used nor changed. Ends with the command's exit code, or
# 69 when a tool is missing, 70 when the service did not come up, 71 when the
# collection is not unlocked.
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: with-keyring.sh COMMAND [ARGUMENT...]" >&2
  exit 64
fi
for tool in dbus-run-session dbus-send gnome-keyring-daemon; do
  command -v "$tool" >/dev/null || { echo "with-keyring: $tool is not installed (apt-get install dbus gnome-keyring)" >&2; exit 69; }
done

if [ "${PAYDESK_KEYRING_BUS:-}" != own ]; then
  PAYDESK_KEYRING_BUS=own exec dbus-run-session -- "$0" "$@"
fi
unset PAYDESK_KEYRING_BUS

unset DISPLAY WAYLAND_DISPLAY            # a prompt nobody can answer must fail, not wait

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -m 700 "$dir/data" "$dir/run"

owner() {
  dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
    string:org.freedesktop.secrets 2>/dev/null | grep -q 'boolean true'
}

# The password must not be empty and must have no line end. --unlock returns
# before the daemon owns its name; a client that came now would make the bus
# start a second, locked one, so wait.
printf %s "${KEYRING_CI_PASSWORD:-ci}" |
  env -u GNOME_KEYRING_CONTROL XDG_DATA_HOME="$dir/data" XDG_RUNTIME_DIR="$dir/run" \
    gnome-keyring-daemon --unlock --components=secrets >/dev/null
for _ in $(seq 100); do owner && break; sleep 0.05; done
owner || { echo "with-keyring: no secret service after 5 s" >&2; exit 70; }

locked=$(dbus-send --session --print-reply=literal --dest=org.freedesktop.secrets /org/freedesktop/secrets/collection/login \
  org.freedesktop.DBus.Properties.Get string:org.freedesktop.Secret.Collection string:Locked | grep -o 'true\|false' || echo missing)
[ "$locked" = false ] || { echo "with-keyring: login collection: locked=$locked (wrong password?)" >&2; exit 71; }

status=0
"$@" || status=$?
exit "$status"
