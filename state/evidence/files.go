package evidence

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"paydesk/client"
	"paydesk/state/ledger"
)

// format is the version of everything that is written here.
const format = 1

// The files of a bundle, beside those in the two folders.
const (
	fileReadme   = "README.txt"
	fileRefund   = "refund.json"
	fileOrder    = "order.json"
	filePlan     = "plan.json"
	fileJournal  = "journal.ndjson"
	fileChain    = "chain.json"
	fileManifest = "manifest.json"

	dirExchanges = "exchanges"
	dirCallbacks = "callbacks"
)

// required are the files that every bundle has, the manifest aside.
func required() []string {
	return []string{fileReadme, fileRefund, fileOrder, filePlan, fileJournal, fileChain}
}

// numbered is what the name of a file in one of the folders looks like: nothing
// from outside is part of a name.
var numbered = regexp.MustCompile(`^(exchanges|callbacks)/[0-9]{4,6}-[a-z]{1,16}\.json$`)

// Bounds of a bundle. What is larger is neither written nor read.
const (
	maxBundle = 256 << 20 // bytes in all
	maxFiles  = 20_000
)

// file is one file of a bundle. Names use slashes.
type file struct {
	name    string
	content []byte
}

// files are a bundle's files, sorted by name, the manifest aside.
func files(b Bundle) ([]file, error) {
	lines, journal, err := b.journal()
	if err != nil {
		return nil, err
	}
	bare := newRefund(b.Refund, nil)
	keep := keepOf(bare, newOrder(b.Order, nil))
	refund := newRefund(b.Refund, keep)
	list := []file{{fileReadme, readme(b)}, {fileJournal, journal}}
	add := func(name string, content []byte, err error) error {
		list = append(list, file{name, content})
		return err
	}
	content, err := render(refund)
	if err := add(fileRefund, content, err); err != nil {
		return nil, err
	}
	content, err = render(newOrder(b.Order, keep))
	if err := add(fileOrder, content, err); err != nil {
		return nil, err
	}
	content, err = render(newPlan(refund, lines))
	if err := add(filePlan, content, err); err != nil {
		return nil, err
	}
	content, err = render(b.chain())
	if err := add(fileChain, content, err); err != nil {
		return nil, err
	}
	for i, e := range b.Exchanges {
		content, err := render(newExchange(e, keep))
		if err := add(fmt.Sprintf("%s/%04d-%s.json", dirExchanges, i+1, b.exchangeWord(e)), content, err); err != nil {
			return nil, err
		}
	}
	for i, n := range b.Callbacks {
		content, err := render(newCallback(n, keep))
		if err := add(fmt.Sprintf("%s/%04d-%s.json", dirCallbacks, i+1, callbackWord(n)), content, err); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return list, bounded(list)
}

// bounded refuses what could not be read back.
func bounded(list []file) error {
	sum := 0
	for _, f := range list {
		sum += len(f.content)
	}
	if len(list) < maxFiles && sum < maxBundle {
		return nil
	}
	return &client.Error{
		Class: client.ClassUnsupported, Code: "too-large",
		Message: fmt.Sprintf("the evidence is %d files with %d MiB; at most %d files with %d MiB can be written", len(list), sum>>20, maxFiles, maxBundle>>20),
		Hint:    "`paydesk journal export` writes the journal alone",
	}
}

// journal is journal.ndjson, and its lines as they will be read.
func (b Bundle) journal() (lines []line, content []byte, err error) {
	var out bytes.Buffer
	for _, e := range b.Lines {
		text := encodeLine(e, asSealed)
		l, err := decodeLine(text)
		if err != nil {
			return nil, nil, fmt.Errorf("evidence: journal line %d: %w", e.Seq, err)
		}
		lines = append(lines, l)
		out.Write(text)
		out.WriteByte('\n')
	}
	return lines, out.Bytes(), nil
}

func (b Bundle) chain() chainFile {
	return chainFile{
		Format: format, MadeAt: moment(b.MadeAt), Lines: b.Chain.Lines, Head: headFile{b.Chain.Head, b.Chain.Digest},
		Intact: b.Chain.Broken == "", Broken: b.Chain.Broken,
		Selected: len(b.Lines), Exchanges: len(b.Exchanges), Callbacks: len(b.Callbacks),
	}
}

// exchangeWord says in a word of ours what an exchange was.
func (b Bundle) exchangeWord(e ledger.Evidence) string {
	switch {
	case e.Operation == "refund" || e.Operation == "refundOrder":
		return "refund"
	case strings.EqualFold(e.Subject, b.Refund.RefundNo), strings.EqualFold(e.Subject, b.Refund.GatewayRefundNo):
		return "query"
	case strings.EqualFold(e.Subject, b.Order.OrderNo), strings.EqualFold(e.Subject, b.Order.GatewayOrderNo):
		return "order"
	}
	return "history"
}

// callbackWord says in a word of ours what a callback was about.
func callbackWord(n ledger.Notice) string {
	switch n.Kind {
	case client.NoticePayment, client.NoticeRefund, client.NoticeToken:
		return string(n.Kind)
	default:
		return string(client.NoticeOther)
	}
}

// manifest lists the files of a bundle, sorted by name.
type manifest struct {
	Format int     `json:"format"`
	Files  []entry `json:"files"`
	Digest string  `json:"digest"` // of the whole bundle
}

type entry struct {
	Name   string `json:"name"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func newManifest(list []file) manifest {
	m := manifest{Format: format}
	for _, f := range list {
		m.Files = append(m.Files, entry{f.name, len(f.content), hash(f.content)})
	}
	m.Digest = m.digest()
	return m
}

// digest is the SHA-256 over one line "SHA-256, two blanks, name" for each file,
// in the order of the names: what sha256sum prints, hashed once more.
func (m manifest) digest() string {
	var out bytes.Buffer
	for _, f := range m.Files {
		out.WriteString(f.SHA256 + "  " + f.Name + "\n")
	}
	return hash(out.Bytes())
}
