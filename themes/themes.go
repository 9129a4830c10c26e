// Package themes owns colours: two built-in themes and those that a user put
// beside the configuration. It knows colours only, by meaning; it never draws,
// and it never asks the terminal or the environment anything.
package themes

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// The built-in themes, and the setting that picks one of them by the
// terminal's background.
const (
	Dark  = "ink"
	Light = "paper"
	Auto  = "auto"
)

// The two appearances of a theme.
const (
	appearanceDark  = "dark"
	appearanceLight = "light"
)

// maxFile bounds a theme file, in bytes.
const maxFile = 64 << 10

// Theme is a set of colours by meaning. It is a plain value.
type Theme struct {
	Name        string      `toml:"-"` // the file's name without ".toml"
	Appearance  string      `toml:"appearance"`
	Base        Base        `toml:"base"`
	Selection   Selection   `toml:"selection"`
	Frame       Frame       `toml:"frame"`
	Status      Status      `toml:"status"`
	Environment Environment `toml:"environment"`
}

// Base is for words and the ground they stand on. Background is what the other
// colours were chosen for; it is not necessarily painted.
type Base struct {
	Background Color `toml:"background"`
	Text       Color `toml:"text"`
	Strong     Color `toml:"strong"` // titles, what is being looked at
	Muted      Color `toml:"muted"`  // labels, second thoughts
	Faint      Color `toml:"faint"`  // rules, hints, what is off
	Accent     Color `toml:"accent"` // keys, focus
	Link       Color `toml:"link"`   // numbers that lead somewhere
}

// Selection is the row under the cursor. All colours of Status stand on its
// background as well.
type Selection struct {
	Background Color `toml:"background"`
	Text       Color `toml:"text"`
	Muted      Color `toml:"muted"`
}

// Frame is for lines.
type Frame struct {
	Border Color `toml:"border"`
	Focus  Color `toml:"focus"`
}

// Status is how things stand.
type Status struct {
	Danger  Color `toml:"danger"`
	Warning Color `toml:"warning"`
	Pending Color `toml:"pending"`
	Success Color `toml:"success"`
	Unknown Color `toml:"unknown"`
}

// Environment is for badges and frames: a ground, and the words on it.
type Environment struct {
	Production     Color `toml:"production"`
	ProductionText Color `toml:"production_text"`
	Test           Color `toml:"test"`
	TestText       Color `toml:"test_text"`
	Sandbox        Color `toml:"sandbox"`
	SandboxText    Color `toml:"sandbox_text"`
}

// IsDark reports whether the theme is made for a dark background.
func (t Theme) IsDark() bool { return t.Appearance == appearanceDark }

// Set is the themes that can be chosen. The zero value has none; use Load.
type Set struct{ byName map[string]Theme }

// FileError is a theme file that cannot be used, and where it is wrong. Its
// text may hold words of that file.
type FileError struct {
	File  string
	Line  int    // from 1; 0 when it is not about one line
	Field string // "base.text"; empty when it is not about one field
	Err   error
}

// Error renders "theme x.toml, line 3, field base.text: what is wrong".
func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString("theme " + e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ", line %d", e.Line)
	}
	if e.Field != "" {
		b.WriteString(", field " + e.Field)
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

//go:embed builtin/*.toml
var builtin embed.FS

// Load returns the built-in themes and those of user/*.toml; user may be nil.
// A user's theme takes what it does not set from the built-in one of its
// appearance, and may replace a built-in theme by its name. Each file that
// cannot be used gives one *FileError and is left out; the set is usable
// whatever the errors.
func Load(user fs.FS) (Set, []error) {
	set := Set{byName: map[string]Theme{}}
	failed := set.add(builtin, "builtin", nil)
	if user == nil {
		return set, failed
	}
	if _, err := fs.Stat(user, "."); errors.Is(err, fs.ErrNotExist) {
		return set, failed
	}
	return set, append(failed, set.add(user, ".", maps.Clone(set.byName))...)
}

// add reads the theme files of one directory; base is what they build on.
func (s *Set) add(files fs.FS, dir string, base map[string]Theme) []error {
	names, err := fs.Glob(files, path.Join(dir, "*.toml"))
	if err != nil {
		return []error{&FileError{File: dir, Err: err}}
	}
	var failed []error
	for _, name := range names {
		raw, err := read(files, name)
		if err != nil {
			failed = append(failed, &FileError{File: path.Base(name), Err: err})
			continue
		}
		theme, err := parse(path.Base(name), raw, base)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		s.byName[theme.Name] = theme
	}
	return failed
}

// read takes a whole file of at most maxFile bytes.
func read(files fs.FS, name string) ([]byte, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // Only read from.
	raw, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	return raw, err
}

// parse reads one theme file over the built-in theme of its appearance.
func parse(file string, raw []byte, base map[string]Theme) (Theme, error) {
	var look struct {
		Appearance string `toml:"appearance"`
	}
	if err := toml.Unmarshal(raw, &look); err != nil {
		return Theme{}, fileError(file, err)
	}
	if err := allText(file, raw); err != nil {
		return Theme{}, err
	}
	var theme Theme
	switch look.Appearance {
	case appearanceDark:
		theme = base[Dark]
	case appearanceLight:
		theme = base[Light]
	default:
		return Theme{}, &FileError{File: file, Field: "appearance", Err: fmt.Errorf("%q is neither \"dark\" nor \"light\"", look.Appearance)}
	}
	decoder := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields()
	if err := decoder.Decode(&theme); err != nil {
		return Theme{}, fileError(file, err)
	}
	theme.Name = strings.TrimSuffix(file, ".toml")
	return theme, nil
}

// allText refuses values that are no text. The decoder would refuse them too,
// but without saying where.
func allText(file string, raw []byte) error {
	var p unstable.Parser
	p.Reset(raw)
	var table []string
	for p.NextExpression() {
		node := p.Expression()
		var key []string
		for it := node.Key(); it.Next(); {
			key = append(key, string(it.Node().Data))
		}
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = key
		case unstable.KeyValue:
			if node.Value().Kind == unstable.String {
				continue
			}
			it := node.Key()
			it.Next()
			return &FileError{
				File: file, Line: p.Shape(it.Node().Raw).Start.Line,
				Field: strings.Join(append(table, key...), "."), Err: errors.New("write the value between quotes"),
			}
		default: // comments
		}
	}
	return nil
}

// fileError turns the decoder's error into one that says where.
func fileError(file string, err error) error {
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(strict.Errors) > 0 {
		first := &strict.Errors[0]
		line, _ := first.Position()
		return &FileError{File: file, Line: line, Field: strings.Join(first.Key(), "."), Err: errors.New("no such field")}
	}
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := decode.Position()
		return &FileError{File: file, Line: line, Field: strings.Join(decode.Key(), "."), Err: decode}
	}
	return &FileError{File: file, Err: err}
}

// Names lists the themes that can be chosen, sorted.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s.byName)) }

// Pick returns the theme of that name; Auto and "" pick a built-in one by the
// terminal's background. An unknown name is an error that lists the known
// ones, and comes with what Auto would have picked.
func (s Set) Pick(name string, darkBackground bool) (Theme, error) {
	fallback := Light
	if darkBackground {
		fallback = Dark
	}
	if name == Auto || name == "" {
		return s.byName[fallback], nil
	}
	if theme, ok := s.byName[name]; ok {
		return theme, nil
	}
	return s.byName[fallback], fmt.Errorf("theme %q is not known; there are %s and %s", name, Auto, strings.Join(s.Names(), ", "))
}
