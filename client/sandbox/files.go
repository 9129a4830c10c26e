package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"paydesk/client"
	"paydesk/client/sandbox/protocol"
)

// The files of a sandbox's folder (product: section 5).
const (
	bookFile   = "book.ndjson"
	configFile = "config.toml"
	keysFolder = "keys"
)

// environment is what the profiles call themselves: it allows key files in
// place of a keyring, on loopback only.
const environment = "sandbox"

// readKeys returns the key files of a gateway. Those that are missing are
// written with the test keys; others stay, so that keys can be exchanged.
func (s *Sandbox) readKeys(gateway string, tests func() ([]protocol.Key, error)) ([]protocol.Key, error) {
	keys, err := tests()
	if err != nil || s.opts.Dir == "" {
		return keys, err
	}
	folder := filepath.Join(s.opts.Dir, keysFolder, gateway)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, diskError("the folder for keys cannot be made", err)
	}
	for i, k := range keys {
		path := filepath.Join(folder, k.File)
		text, err := os.ReadFile(path)
		switch {
		case err == nil:
			keys[i].Text = text
		case errors.Is(err, fs.ErrNotExist):
			if err := writeFile(path, k.Text); err != nil {
				return nil, diskError("a key file cannot be written", err)
			}
		default:
			return nil, diskError("a key file cannot be read", err)
		}
	}
	return keys, nil
}

// writeFile replaces a file at once and whole, readable by its owner only.
func writeFile(path string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".sandbox-*") // 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// writeConfig makes config.toml, or brings the addresses of an existing one up
// to date and leaves everything else in it as it is.
func (s *Sandbox) writeConfig() error {
	if s.opts.Dir == "" {
		return nil
	}
	path := filepath.Join(s.opts.Dir, configFile)
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskError("config.toml cannot be read", err)
	}
	text := string(before)
	if err != nil {
		text = fmt.Sprintf("# Written by the sandbox. Its keys are test keys; there is no money behind it.\n"+
			"theme = \"auto\"\ndefault_profile = %q\n", s.faces[0].Profile)
	}
	for _, f := range s.faces {
		text = withProfile(text, f.Profile, s.baseURL(f), s.profileText(f))
	}
	if err := s.checkConfig(path, text); err != nil || text == string(before) {
		return err
	}
	if err := writeFile(path, []byte(text)); err != nil {
		return diskError("config.toml cannot be written", err)
	}
	return nil
}

// profileText is a new profile's table. Amounts need not be typed, so that
// scripts can refund with --yes.
func (s *Sandbox) profileText(f protocol.Face) string {
	lines := []string{"", "[[profile]]", fmt.Sprintf("name = %q", f.Profile), fmt.Sprintf("gateway = %q", f.Gateway)}
	if f.Brand != "" {
		lines = append(lines, fmt.Sprintf("brand = %q", f.Brand))
	}
	lines = append(lines,
		fmt.Sprintf("environment = %q", environment), fmt.Sprintf("base_url = %q", s.baseURL(f)),
		fmt.Sprintf("merchant_no = %q", f.Merchant), fmt.Sprintf("app_id = %q", f.AppID),
		fmt.Sprintf("keys_dir = %q", keysFolder+"/"+f.Gateway), "", "[profile.policy]", "read_only = false", `undo_window = "10s"`)
	if len(f.Settings) > 0 {
		lines = append(lines, "", "[profile."+f.Gateway+"]")
	}
	for _, set := range f.Settings {
		lines = append(lines, fmt.Sprintf("%s = %q", set.Name, set.Value))
	}
	return strings.Join(append(lines, ""), "\n")
}

var (
	tableLine = regexp.MustCompile(`^\s*\[`)
	urlLine   = regexp.MustCompile(`^(\s*base_url\s*=\s*)("[^"\\]*"|'[^']*')`)
)

// withProfile returns the text with the profile's base_url changed, or with
// the whole profile added.
func withProfile(text, profile, address, whole string) string {
	lines := strings.Split(text, "\n")
	named := regexp.MustCompile(`^\s*name\s*=\s*["']` + regexp.QuoteMeta(profile) + `["']\s*(#.*)?$`)
	at := slices.IndexFunc(lines, named.MatchString)
	if at < 0 {
		return strings.TrimRight(text, "\n") + "\n" + whole
	}
	from, to := at, at
	for from > 0 && !tableLine.MatchString(lines[from]) {
		from--
	}
	for to < len(lines) && !tableLine.MatchString(lines[to]) {
		to++
	}
	for i := from; i < to; i++ {
		if urlLine.MatchString(lines[i]) {
			lines[i] = urlLine.ReplaceAllString(lines[i], fmt.Sprintf("${1}%q", address))
			return strings.Join(lines, "\n")
		}
	}
	lines = slices.Insert(lines, at+1, fmt.Sprintf("base_url = %q", address))
	return strings.Join(lines, "\n")
}

// checkConfig reads the text the way a client will: what was changed by lines
// must have come out right.
func (s *Sandbox) checkConfig(path, text string) error {
	var doc struct {
		Profile []struct {
			Name    string `toml:"name"`
			BaseURL string `toml:"base_url"`
		} `toml:"profile"`
	}
	wrong := func(cause error) error {
		return &client.Error{
			Class: client.ClassConfig, Code: "config", Message: "the sandbox cannot bring " + path + " up to date", Err: cause,
			Hint: "delete it, and it is written anew",
		}
	}
	if err := toml.Unmarshal([]byte(text), &doc); err != nil {
		return wrong(err)
	}
	for _, f := range s.faces {
		found := 0
		for _, p := range doc.Profile {
			if p.Name == f.Profile && p.BaseURL == s.baseURL(f) {
				found++
			}
		}
		if found != 1 {
			return wrong(fmt.Errorf("profile %s is written in a way that only a person can change", f.Profile))
		}
	}
	return nil
}

func diskError(message string, cause error) error {
	return &client.Error{
		Class: client.ClassStorage, Code: "files", Message: "sandbox: " + message, Err: cause, Hint: "check the folder given with --dir, its space and its rights",
	}
}
