// Package vault keeps the keys of profiles: in the keyring of the operating
// system, in memory for the demo, or in the key files of a loopback sandbox.
// Every call to a keyring has a deadline and at most one is under way. It must
// never write a key into a file, never print one, and never fall back from one
// place to another in silence.
//
// Any program of the same user can read an entry of an unlocked keyring; the
// keyring protects against other users and against a stolen disk only.
package vault

import (
	"regexp"
	"strconv"

	"paydesk/client"
)

// Service is the name under which all entries are stored.
const Service = "paydesk"

// The codes of this package's errors, all of client.ClassKeyring unless noted.
const (
	CodeAbsent   = "absent"    // there is no keyring on this machine or session
	CodeLocked   = "locked"    // the keyring is locked, or the prompt was dismissed
	CodeTimeout  = "timeout"   // the keyring did not answer in time
	CodeBusy     = "busy"      // an earlier call is still stuck; this one was not made
	CodeNotFound = "not-found" // no such key is stored
	CodeTooBig   = "too-big"   // the key does not fit this platform's keyring
	CodeAltered  = "altered"   // the keyring gave back something else than was stored
	CodeReadOnly = "read-only" // key files cannot be written
	CodeFile     = "file"      // a key file is missing, doubled or unsafe
	CodeName     = "name"      // a profile or key name that cannot be (ClassInput)
	CodeEmpty    = "empty"     // an empty key cannot be stored (ClassInput)
	CodeFormat   = "format"    // not a key (ClassInput)
	CodeFailed   = "failed"    // anything else
)

// names are what an entry's name is put together from. They hold no slash, so
// that two different pairs never share an entry or leave a directory.
var (
	profileName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	keyName     = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

// entry is the name of one key: "shop-hk/merchant_private_key".
func entry(profile, key string) (string, error) {
	if !profileName.MatchString(profile) {
		return "", badName("profile", profile, "1 to 32 of a-z, 0-9 and -")
	}
	if !keyName.MatchString(key) {
		return "", badName("key", key, "1 to 64 of a-z, 0-9 and _")
	}
	return profile + "/" + key, nil
}

func badName(what, name, right string) error {
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	return &client.Error{
		Class: client.ClassInput, Code: CodeName,
		Message: strconv.QuoteToASCII(name) + " is no " + what + " name",
		Hint:    "right are " + right,
	}
}

// failure is an error of class keyring.
func failure(code, message, hint string, cause error) *client.Error {
	return &client.Error{Class: client.ClassKeyring, Code: code, Message: message, Hint: hint, Err: cause}
}

func notFound(name string) *client.Error {
	return failure(CodeNotFound, "no key is stored as "+name, "store it with: paydesk key set", nil)
}
