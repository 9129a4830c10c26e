package config

import (
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"

	"paydesk/client"
)

// Dirs are the base directories of the person, as the XDG specification or the
// platform has them. Empty ones are taken from the platform.
type Dirs struct {
	Home   string
	Config string
	Data   string
	State  string
}

// Paths are the places of paydesk's files, all absolute (product: section 3).
type Paths struct {
	Config  string // the configuration file
	Themes  string // directory of user themes, beside it
	Ledger  string // the ledger file
	State   string // directory of the next three
	Log     string // log file
	Session string // session file
	Crash   string // directory of crash reports

	home string
}

// locate finds the places that do not depend on the file's content.
func locate(o Options) (Paths, map[string]Source, error) {
	dirs := o.Dirs
	for _, d := range []struct {
		into     *string
		platform string
	}{{&dirs.Home, xdg.Home}, {&dirs.Config, xdg.ConfigHome}, {&dirs.Data, xdg.DataHome}, {&dirs.State, xdg.StateHome}} {
		if *d.into == "" {
			*d.into = d.platform
		}
	}
	sources := map[string]Source{"config": {Origin: FromDefault}}
	p := Paths{
		Config: filepath.Join(dirs.Config, "paydesk", "config.toml"),
		Ledger: filepath.Join(dirs.Data, "paydesk", "ledger.db"),
		State:  filepath.Join(dirs.State, "paydesk"),
		home:   dirs.Home,
	}
	p.Log = filepath.Join(p.State, "paydesk.log")
	p.Session = filepath.Join(p.State, "session.json")
	p.Crash = filepath.Join(p.State, "crash")
	var problems Problems
	named := func(key, path string, s Source, into *string) {
		sources[key] = s
		absolute, message := fromWorkingDir(path)
		if message != "" {
			problems = append(problems, s.problem(key, message))
			return
		}
		*into = absolute
	}
	switch path := o.env()("PAYDESK_CONFIG"); {
	case o.File != "":
		named("config", o.File, flag("--config"), &p.Config)
	case path != "":
		named("config", path, variable("PAYDESK_CONFIG"), &p.Config)
	}
	if o.LogFile != "" {
		named("log", o.LogFile, flag("--log-file"), &p.Log)
	}
	p.Themes = filepath.Join(filepath.Dir(p.Config), "themes")
	if len(problems) > 0 {
		return Paths{}, nil, invalid(problems)
	}
	for _, path := range []string{p.Config, p.Ledger, p.State} {
		if !filepath.IsAbs(path) {
			return Paths{}, nil, &client.Error{
				Class: client.ClassConfig, Code: "no-home",
				Message: "the place of paydesk's files is not known: " + safePath(path) + " is not absolute",
				Hint:    "set HOME, or XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME to absolute paths",
			}
		}
	}
	return p, sources, nil
}

// fromWorkingDir makes a path of a flag or variable absolute; message says
// what is wrong with it.
func fromWorkingDir(path string) (absolute, message string) {
	if message := wrongPath(path); message != "" {
		return "", message
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", "the working directory cannot be read: " + err.Error()
	}
	return absolute, ""
}

// relative makes a path of the file absolute: it counts from the directory of
// the file, and "~/" from the person's home.
func (p Paths) relative(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(p.home, rest)
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(p.Config), path)
}

// wrongPath says why a text cannot be a path of a local file. The text itself
// is not shown when it is a database address, which may hold a password.
func wrongPath(path string) string {
	if scheme, _, ok := strings.Cut(path, "://"); ok {
		return "a ledger at " + safe(scheme+"://…") + " is not supported by this version; right is a file path, or empty for the usual place"
	}
	if !printable(path) {
		return safePath(path) + " is no file path: it has invisible characters"
	}
	return ""
}
