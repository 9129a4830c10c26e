// Package logs owns what the program writes about itself: the log file, the
// narration of --verbose and crash reports. It redacts and makes safe whatever
// passes through it; it must never hold a secret, a card number or a sign that
// steers a terminal, and a log that cannot be written never stops any work.
package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/ui/cli/show"
	"paydesk/ui/text"
)

// maxFile is the size at which a log file is put aside, in bytes.
const maxFile = 10 << 20

// redacted stands for a value that must not be written.
const redacted = "[redacted]"

// secretName finds attributes that could hold a key, a signature or a token of
// the gateway's login, by their name.
var secretName = regexp.MustCompile(`(?i)(^|_)(sign|signature|secret|password|passwd|private|authorization|auth_token|merchant_auth_token|cvv|pan)($|_)`)

// keyMaterial finds what looks like a key or a signature inside a text: PEM,
// or a run of base64 as long as no number of a gateway is.
var keyMaterial = regexp.MustCompile(`-----BEGIN[^-]*-----[\s\S]*?(-----END[^-]*-----|$)|[A-Za-z0-9+/]{80,}={0,2}`)

// Scrub makes a text fit for a log: keys, signatures and card numbers are
// hidden.
func Scrub(value string) string {
	return client.MaskCards(keyMaterial.ReplaceAllString(value, redacted))
}

// replace redacts one attribute.
func replace(_ []string, a slog.Attr) slog.Attr {
	if secretName.MatchString(a.Key) {
		return slog.String(a.Key, redacted)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		if a.Key == slog.LevelKey {
			return a
		}
		return slog.String(a.Key, Scrub(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case *slog.Source, slog.Level, time.Time:
			return a
		case []byte:
			return slog.String(a.Key, fmt.Sprintf("[%d bytes]", len(v)))
		case error:
			return slog.String(a.Key, Scrub(v.Error()))
		default:
			return slog.String(a.Key, Scrub(fmt.Sprint(v)))
		}
	default:
		return a
	}
}

// JSON is a handler that writes one redacted JSON object per record.
func JSON(w io.Writer, level slog.Level) slog.Handler {
	return slog.NewJSONHandler(harmless{w}, &slog.HandlerOptions{Level: level, ReplaceAttr: replace})
}

// Narration is a handler for people who asked for --verbose.
func Narration(w io.Writer) slog.Handler {
	return slog.NewTextHandler(cleaned{w}, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: replace})
}

// harmless escapes what a terminal would obey in lines of JSON.
type harmless struct{ w io.Writer }

func (h harmless) Write(line []byte) (int, error) {
	body := bytes.TrimSuffix(line, []byte("\n"))
	if _, err := h.w.Write(append(bytes.Clone(show.Escape(body)), '\n')); err != nil {
		return 0, err
	}
	return len(line), nil
}

// cleaned makes lines of text safe.
type cleaned struct{ w io.Writer }

func (c cleaned) Write(line []byte) (int, error) {
	if _, err := fmt.Fprintln(c.w, text.Clean(strings.TrimSuffix(string(line), "\n"))); err != nil {
		return 0, err
	}
	return len(line), nil
}

// Open opens a log file for appending, mode 0600, and puts it aside once when
// it has grown large. It never follows a link.
func Open(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil {
		if !info.Mode().IsRegular() {
			return nil, storage(path, errors.New("it is not a regular file"))
		}
		if info.Size() > maxFile {
			_ = os.Rename(path, path+".1") // when it fails, the file grows on
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, storage(path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, storage(path, err)
	}
	return file, nil
}

func storage(path string, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return &client.Error{
		Class: client.ClassStorage, Code: "log", Message: fmt.Sprintf("the log file %q cannot be written", path),
		Hint: "choose another with --log-file", Err: err,
	}
}

// Crash writes a report about a panic into dir and returns the file's name. It
// holds the stack and the kind of the panic, never its value, which could be
// anything (S10).
func Crash(dir, version string, cause any, now time.Time) (path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(dir, "crash-"+now.UTC().Format("20060102T150405.000")+".txt")
	report := fmt.Sprintf("paydesk %s\n%s\npanic of type %T%s\n\n%s", version, now.UTC().Format(time.RFC3339), cause, runtimeText(cause), debug.Stack())
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(report)
	return path, errors.Join(err, file.Close())
}

// runtimeText is the text of Go's own panics, such as an index out of range;
// they name numbers and types only.
func runtimeText(cause any) string {
	if e, ok := cause.(interface {
		error
		RuntimeError()
	}); ok {
		return ": " + e.Error()
	}
	return ""
}
