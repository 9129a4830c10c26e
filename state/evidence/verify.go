package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Verify checks what is at path: the folder of a bundle, or the file of an
// export. reader may be nil: then nothing but path is needed; else it is also
// compared with that ledger. Errors: ClassInput when nothing is there,
// ClassStorage when it cannot be read, those of the ledger. What is wrong with the
// content is in the report, not in the error.
func Verify(ctx context.Context, path string, reader ledger.Reader) (Report, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Report{}, &client.Error{
			Class: client.ClassInput, Code: "path", Message: fmt.Sprintf("there is no %q", path), Hint: "name the folder of a bundle or the file of an export",
		}
	case err != nil:
		return Report{}, unreadable(path, err)
	case info.IsDir() && reader != nil:
		return VerifyAgainst(ctx, path, reader)
	case info.IsDir():
		return VerifyBundle(path)
	case !info.Mode().IsRegular(): // opening a pipe would wait for ever
		return Report{}, unreadable(path, errors.New("it is no plain file"))
	}
	in, err := os.Open(path)
	if err != nil {
		return Report{}, unreadable(path, err)
	}
	defer func() { _ = in.Close() }() // only read
	if reader != nil {
		return VerifyExportAgainst(ctx, in, reader)
	}
	return VerifyExport(in)
}

// VerifyBundle proves, with nothing but the folder, that no file of a bundle was
// changed, added, taken away or renamed, that every line of the journal is what
// was sealed, and that refund, plan, exchanges and callbacks say what these lines
// say. What it cannot see is a bundle that was computed anew as a whole: compare
// Report.Digest with the one that was noted down, or use VerifyAgainst. The error
// says that it could not be read.
func VerifyBundle(dir string) (Report, error) {
	c, err := load(dir)
	if err != nil {
		return Report{Kind: KindBundle}, err
	}
	c.all()
	return c.report, nil
}

// bundleCheck is a bundle as it was read, and what was found about it.
type bundleCheck struct {
	report Report
	files  map[string][]byte

	refund    *refundFile // nil: cannot be read
	order     *orderFile
	plan      *planFile
	chain     *chainFile
	lines     []placed
	exchanges map[string]exchangeFile
	callbacks map[string]callbackFile
}

// placed is a line and where it stands in the file.
type placed struct {
	line
	number int64
}

func (c *bundleCheck) found(name, format string, args ...any) {
	c.report.found(Finding{File: safeName(name), What: fmt.Sprintf(format, args...)})
}

func (c *bundleCheck) note(name, format string, args ...any) {
	c.report.note(Finding{File: safeName(name), What: fmt.Sprintf(format, args...)})
}

// load reads the files of a folder. Links are not followed.
func load(dir string) (*bundleCheck, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	defer func() { _ = root.Close() }() // only read
	c := &bundleCheck{report: Report{Kind: KindBundle}, files: map[string][]byte{}}
	sum := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if name != "." && name != dirExchanges && name != dirCallbacks {
				c.found(name, "is a folder that no bundle has")
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular():
			c.found(name, "is a link or no plain file; it was not opened")
			return nil
		case len(c.files) > maxFiles || sum > maxBundle:
			c.found(name, "is beyond the size of any bundle; it and what follows was not looked at")
			c.report.Stopped = true
			return fs.SkipAll
		}
		content, err := readRegular(root, name, maxBundle-sum)
		c.files[name], sum = content, sum+len(content)
		return err
	})
	if err != nil {
		return nil, unreadable(dir, err)
	}
	return c, nil
}

// readRegular reads at most one byte more than most of a plain file.
func readRegular(root *os.Root, name string, most int) ([]byte, error) {
	in, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // only read
	if info, err := in.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s was exchanged while it was read", safeName(name)))
	}
	return io.ReadAll(io.LimitReader(in, int64(most)+1))
}

// all makes every check that needs no ledger.
func (c *bundleCheck) all() {
	if newer := c.manifest(); newer {
		return
	}
	c.names()
	c.refund = readRecord[refundFile](c, fileRefund)
	c.order = readRecord[orderFile](c, fileOrder)
	c.plan = readRecord[planFile](c, filePlan)
	c.chain = readRecord[chainFile](c, fileChain)
	c.exchanges, c.callbacks = readFolder[exchangeFile](c, dirExchanges), readFolder[callbackFile](c, dirCallbacks)
	c.readJournal()
	c.checkChain()
	if c.refund != nil {
		c.report.Refund = c.refund.RefundNo
		c.checkRefund()
		c.checkPlan()
	}
	for _, name := range sorted(c.exchanges) {
		c.checkExchange(name, c.exchanges[name])
	}
	for _, name := range sorted(c.callbacks) {
		c.checkCallback(name, c.callbacks[name])
	}
}

func sorted[T any](byName map[string]T) []string {
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// manifest compares the files with their list. newer says that a later version
// of paydesk wrote it, so that nothing more can be said.
func (c *bundleCheck) manifest() (newer bool) {
	here := []file{}
	for _, name := range sorted(c.files) {
		if name != fileManifest {
			here = append(here, file{name, c.files[name]})
		}
	}
	c.report.Files, c.report.Digest = len(here), newManifest(here).Digest
	text, there := c.files[fileManifest]
	if !there {
		c.found(fileManifest, "is missing")
		return false
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		c.report.found(Finding{File: fileManifest, Byte: spot(err), What: fmt.Sprintf("is no JSON: %v", err)})
		return false
	}
	if m.Format > format {
		c.found(fileManifest, "is of format %d; this paydesk knows format %d: use a newer one", m.Format, format)
		c.report.Stopped = true
		return true
	}
	again, err := encode(m)
	sortedNames := slices.IsSortedFunc(m.Files, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	switch {
	case err != nil, m.Format != format, !bytes.Equal(again, text), !sortedNames:
		c.report.found(Finding{File: fileManifest, Byte: differs(again, text), What: "was changed: it is not as paydesk writes it"})
	case m.Digest != m.digest():
		c.found(fileManifest, "was changed: its digest is not that of its lines")
	}
	c.compare(m, here)
	return false
}

// compare finds what is missing, added, renamed or changed.
func (c *bundleCheck) compare(m manifest, here []file) {
	listed, bySum := map[string]entry{}, map[string]string{}
	for _, e := range m.Files {
		if _, twice := listed[e.Name]; twice {
			c.found(fileManifest, "names %s twice", safeName(e.Name))
		}
		listed[e.Name] = e
		if _, there := c.files[e.Name]; !there {
			bySum[e.SHA256] = e.Name
			c.found(e.Name, "is missing")
		}
	}
	for _, f := range here {
		sum := hash(f.content)
		e, known := listed[f.name]
		switch was := bySum[sum]; {
		case known && e.SHA256 != sum:
			c.found(f.name, "was changed: its SHA-256 is not the one in the manifest")
		case known && e.Bytes != len(f.content):
			c.found(fileManifest, "was changed: %s has %d bytes, not %d", safeName(f.name), len(f.content), e.Bytes)
		case !known && was != "":
			c.found(f.name, "was renamed: it is %s", safeName(was))
		case !known:
			c.found(f.name, "was added")
		}
	}
}

// names checks that all files are there that a bundle has, and no others,
// whatever the manifest says.
func (c *bundleCheck) names() {
	for _, name := range required() {
		if _, there := c.files[name]; !there {
			c.found(name, "is missing; every bundle has it")
		}
	}
	next := map[string]int{dirExchanges: 1, dirCallbacks: 1}
	for _, name := range sorted(c.files) {
		switch dir, rest, _ := strings.Cut(name, "/"); {
		case name == fileManifest || slices.Contains(required(), name):
		case !numbered.MatchString(name):
			c.found(name, "is a file that no bundle has")
		default:
			if want := fmt.Sprintf("%04d-", next[dir]); !strings.HasPrefix(rest, want) {
				c.found(name, "is out of order: number %s is missing before it", want[:len(want)-1])
			}
			next[dir]++
		}
	}
}

// readRecord reads a JSON file; nil when it cannot be read. A file that is not
// byte for byte what paydesk writes was changed, even if it says the same.
func readRecord[T any](c *bundleCheck, name string) *T {
	text, there := c.files[name]
	if !there {
		return nil
	}
	var record T
	if err := json.Unmarshal(text, &record); err != nil {
		c.report.found(Finding{File: safeName(name), Byte: spot(err), What: fmt.Sprintf("cannot be read: %v", err)})
		return nil
	}
	again, err := encode(record)
	if err != nil || !bytes.Equal(again, text) {
		c.report.found(Finding{File: safeName(name), Byte: differs(again, text), What: "is not as paydesk writes it"})
	}
	return &record
}

func readFolder[T any](c *bundleCheck, dir string) map[string]T {
	records := map[string]T{}
	for _, name := range sorted(c.files) {
		if !strings.HasPrefix(name, dir+"/") {
			continue
		}
		if record := readRecord[T](c, name); record != nil {
			records[name] = *record
		}
	}
	return records
}

// spot is the byte at which JSON stops making sense; 0 when it is not known.
func spot(err error) int64 {
	if at, ok := errors.AsType[*json.SyntaxError](err); ok {
		return at.Offset
	}
	if at, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return at.Offset
	}
	return 0
}

// differs is the first byte, from 1, at which two texts differ.
func differs(a, b []byte) int64 {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int64(i) + 1
		}
	}
	return int64(min(len(a), len(b))) + 1
}

func unreadable(path string, err error) error {
	return &client.Error{
		Class: client.ClassStorage, Code: "unreadable", Message: fmt.Sprintf("%q cannot be read", path),
		Hint: "check that it is there and that you may read it", Err: bare(err),
	}
}
