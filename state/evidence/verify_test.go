package evidence

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paydesk/state/ledger"
)

// small is the content of a small bundle by file name, and the office it is from.
func small(t *testing.T) (*office, map[string][]byte) {
	t.Helper()
	o := ledgerByHand(t)
	c, err := load(o.written("G1"))
	if err != nil {
		t.Fatal(err)
	}
	return o, c.files
}

// checked is the report about files that lie in no folder.
func checked(content map[string][]byte) Report {
	c := &bundleCheck{report: Report{Kind: KindBundle}, files: content}
	c.all()
	return c.report
}

// against is checked, and compared with a ledger.
func (o *office) against(content map[string][]byte) Report {
	o.t.Helper()
	c := &bundleCheck{report: Report{Kind: KindBundle}, files: content}
	c.all()
	if err := c.against(o.t.Context(), o.store); err != nil {
		o.t.Fatal(err)
	}
	return c.report
}

// sealedAnew is what an intruder leaves who knows how the manifest is made.
func sealedAnew(t *testing.T, content map[string][]byte) map[string][]byte {
	t.Helper()
	var list []file
	for _, name := range sorted(content) {
		if name != fileManifest {
			list = append(list, file{name, content[name]})
		}
	}
	content = maps.Clone(content)
	var err error
	if content[fileManifest], err = render(newManifest(list)); err != nil {
		t.Fatal(err)
	}
	return content
}

// One flipped byte anywhere is found and its file is named, also where it changes
// nothing but the form.
func TestEveryByteOfABundleCounts(t *testing.T) { // covers I13 F18
	b := ledgerByHand(t).gather("G1")
	b.Exchanges, b.Callbacks, b.Lines = b.Exchanges[1:], b.Callbacks[:1], slices.Delete(b.Lines[1:], 4, 5) // each check reads all of it
	content := written(t, b)
	if report := checked(content); !report.Intact() {
		t.Fatal(inFull(report))
	}
	flips := 0
	for name, text := range content {
		for at := 0; at < len(text); at += stride {
			changed := bytes.Clone(text)
			changed[at] ^= 1 << (at % 7)
			content[name] = changed
			if report := checked(content); !names(report, name, "") || report.Err() == nil {
				t.Fatalf("byte %d of %s can be %q: %s", at, name, changed[at], inFull(report))
			}
			flips++
		}
		content[name] = text
	}
	t.Logf("%d flips", flips)
}

// Files that are missing, added, renamed, exchanged, emptied or cut are found,
// with the manifest as it was.
func TestFilesOfABundle(t *testing.T) { // covers I13
	_, content := small(t)
	for _, name := range sorted(content) {
		for what, change := range map[string]func(map[string][]byte){
			"is missing":                 func(m map[string][]byte) { delete(m, name) },
			"was renamed: it is " + name: func(m map[string][]byte) { m["exchanges/0009-query.json"] = m[name]; delete(m, name) },
			"changed":                    func(m map[string][]byte) { m[name] = nil },
			"its SHA-256":                func(m map[string][]byte) { m[name] = m[name][:len(m[name])-1] },
		} {
			files := maps.Clone(content)
			change(files)
			report, where := checked(files), name
			if strings.Contains(what, "renamed") {
				where = "exchanges/0009-query.json"
			}
			if name == fileManifest { // whatever happens to it, it is named
				where, what = fileManifest, ""
			}
			if !names(report, where, what) {
				t.Errorf("%s, %s: %s", name, what, inFull(report))
			}
		}
	}
	for _, name := range []string{"more.txt", "exchanges/more.json", "exchanges/0003-query.json", "refund.json.bak", "exchanges/../x"} {
		files := maps.Clone(content)
		files[name] = []byte("{}")
		if report := checked(files); !names(report, safeName(name), "was added") {
			t.Errorf("%s: %s", name, inFull(report))
		}
	}
	files := maps.Clone(content)
	a, b := "exchanges/0001-order.json", "exchanges/0002-refund.json"
	files[a], files[b] = files[b], files[a]
	if report := checked(files); !names(report, a, "changed") || !names(report, b, "changed") {
		t.Errorf("exchanged: %s", inFull(report))
	}
}

// An intruder who makes the manifest anew is found by what the lines of the
// journal seal.
func TestManifestMadeAnew(t *testing.T) { // covers I13 I12 F18
	_, content := small(t)
	replace := func(name, was, is string) func(map[string][]byte) {
		return func(m map[string][]byte) {
			if !bytes.Contains(m[name], []byte(was)) {
				t.Fatalf("%s has no %s", name, was)
			}
			m[name] = bytes.Replace(m[name], []byte(was), []byte(is), 1)
		}
	}
	lines := func(change func([][]byte) [][]byte) func(map[string][]byte) {
		return func(m map[string][]byte) {
			m[fileJournal] = bytes.Join(change(bytes.SplitAfter(m[fileJournal], []byte("\n"))), nil)
		}
	}
	for name, c := range map[string]struct {
		change     func(map[string][]byte)
		file, what string
	}{
		"agent of a line":        {replace(fileJournal, `"agent":"ada"`, `"agent":"eve"`), fileJournal, "content does not match its digest"},
		"amount in a line":       {replace(fileJournal, `20.00`, `90.00`), fileJournal, "content does not match its digest"},
		"form of a line":         {replace(fileJournal, `"kind":`, `"kind": `), fileJournal, "not written as paydesk writes"},
		"line as an object":      {replace(fileJournal, `"detail":"{\"by\":\"callback\",\"from\":\"pending\",\"to\":\"success\"}"`, `"detail":{"by":"callback","from":"pending","to":"success"}`), fileJournal, "not written as paydesk writes"},
		"line moved":             {lines(func(l [][]byte) [][]byte { l[1], l[2] = l[2], l[1]; return l }), fileJournal, "moved or added"},
		"line twice":             {lines(func(l [][]byte) [][]byte { return slices.Insert(l, 1, l[0]) }), fileJournal, "moved or added"},
		"line dropped":           {lines(func(l [][]byte) [][]byte { return slices.Delete(l, 2, 3) }), fileChain, "counts 7 lines"},
		"last line cut":          {lines(func(l [][]byte) [][]byte { l[6] = bytes.TrimSpace(l[6]); return l }), fileJournal, "its end is missing"},
		"amount of the refund":   {replace(fileRefund, `"amount": "20.00"`, `"amount": "90.00"`), fileRefund, "not what was consented to"},
		"reason of the refund":   {replace(fileRefund, `退貨`, `退`), fileRefund, "not what was consented to"},
		"merchant":               {replace(fileRefund, `"merchant": "M1"`, `"merchant": "M2"`), fileRefund, "does not belong to attempt"},
		"attempt":                {replace(fileRefund, `"attempt": 1`, `"attempt": 2`), fileRefund, "does not belong to attempt 2"},
		"state of the refund":    {replace(fileRefund, `"status": "success"`, `"status": "failed"`), fileRefund, "the journal ends with success"},
		"consent of the refund":  {replace(fileRefund, `"plan_sha256": "90`, `"plan_sha256": "91`), fileRefund, "not that of the consent"},
		"order":                  {replace(fileOrder, `"order_no": "P1"`, `"order_no": "P2"`), fileOrder, "another order"},
		"plan":                   {replace(filePlan, `"agent": "ada"`, `"agent": "eve"`), filePlan, "does not say what"},
		"form of a record":       {replace(fileRefund, `"attempt": 1`, `"attempt":  1`), fileRefund, "not as paydesk writes"},
		"member added":           {replace(fileRefund, `"attempt": 1`, `"attempt": 1, "x": 1`), fileRefund, "not as paydesk writes"},
		"no record":              {replace(fileRefund, `{`, `[`), fileRefund, "cannot be read"},
		"head":                   {replace(fileChain, `"seq": 10`, `"seq": 8`), fileJournal, "does not fit the end"},
		"count":                  {replace(fileChain, `"lines": 10`, `"lines": 11`), fileChain, "as the last of 11 lines"},
		"format of the chain":    {replace(fileChain, `"format": 1`, `"format": 0`), fileChain, "never wrote"},
		"exact answer":           {replace("exchanges/0002-refund.json", `{\"code\":\"OK\"}`, `{\"code\":\"NO\"}`), "exchanges/0002-refund.json", "the answer was changed"},
		"redacted made exact":    {replace("exchanges/0001-order.json", `"kept": "redacted"`, `"kept": "exact"`), "exchanges/0001-order.json", "the answer was changed"},
		"believed answer":        {replace("exchanges/0002-refund.json", `"verified": true`, `"verified": false`), "exchanges/0002-refund.json", "\"verified\""},
		"code of an answer":      {replace("exchanges/0001-order.json", `"code": "OK"`, `"code": "NO"`), "exchanges/0001-order.json", "its code"},
		"believed callback":      {replace("callbacks/0002-refund.json", `"verified": false`, `"verified": true`), "callbacks/0002-refund.json", "not what line 6"},
		"amount of a callback":   {replace("callbacks/0001-refund.json", `20.00`, `90.00`), "callbacks/0001-refund.json", "not what line 5"},
		"body of a callback":     {replace("callbacks/0001-refund.json", `SUCCESS\"}`, `FAILED\"}`), "callbacks/0001-refund.json", "the body was changed"},
		"callback of nowhere":    {replace("callbacks/0001-refund.json", `"notice_sha256": "ca`, `"notice_sha256": "cb`), "callbacks/0001-refund.json", "no line of the journal"},
		"last callback dropped":  {func(m map[string][]byte) { delete(m, "callbacks/0002-refund.json") }, fileChain, "counts 2 callbacks"},
		"first exchange dropped": {func(m map[string][]byte) { delete(m, "exchanges/0001-order.json") }, "exchanges/0002-refund.json", "out of order"},
		"file of ours dropped":   {func(m map[string][]byte) { delete(m, filePlan) }, filePlan, "every bundle has it"},
		"file of theirs":         {func(m map[string][]byte) { m["notes.txt"] = nil }, "notes.txt", "no bundle has"},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(content)
			c.change(files)
			if report := checked(sealedAnew(t, files)); !names(report, c.file, c.what) {
				t.Errorf("want %s: %s; have %s", c.file, c.what, inFull(report))
			}
		})
	}
}

// resealed makes the lines of a bundle anew from one on, as an intruder does who
// knows how digests are made.
func resealed(t *testing.T, b Bundle, at int, upTo int, change func(*ledger.Event)) Bundle {
	t.Helper()
	b.Lines = slices.Clone(b.Lines)
	change(&b.Lines[at])
	for i := at; i <= upTo; i++ {
		prev := b.Lines[i].Prev
		if i > at && b.Lines[i].Seq == b.Lines[i-1].Seq+1 {
			prev = b.Lines[i-1].Digest
		}
		var err error
		if b.Lines[i], err = b.Lines[i].Seal(b.Lines[i].Seq, prev); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func written(t *testing.T, b Bundle) map[string][]byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "forged")
	if _, err := Write(dir, b); err != nil {
		t.Fatal(err)
	}
	c, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c.files
}

// An intruder who makes the digest of a line anew is found by the next line, or
// by the ledger; one who makes everything anew is found by the ledger.
func TestLinesMadeAnew(t *testing.T) { // covers I13 F18
	o := ledgerByHand(t)
	b := o.gather("G1")
	eve := func(e *ledger.Event) { e.Agent = "eve" }

	first := written(t, resealed(t, b, 0, 0, eve))
	if report := checked(first); !names(report, fileJournal, "does not carry the digest of number 2") {
		t.Errorf("the next line does not tell: %s", inFull(report))
	}
	// Lines 5 and 7 are no neighbours: what is between them is not in the bundle.
	apart := resealed(t, b, 1, 3, eve)
	content := written(t, apart)
	if report := checked(content); names(report, fileJournal, "") {
		t.Errorf("offline there is nothing to be found in these lines: %s", inFull(report))
	}
	if report := o.against(content); !names(report, fileJournal, "is not what the ledger's journal has") {
		t.Errorf("the ledger does not tell: %s", inFull(report))
	}

	whole := resealed(t, b, 1, len(b.Lines)-1, func(e *ledger.Event) {
		e.Detail = bytes.ReplaceAll(e.Detail, []byte("20.00"), []byte("90.00"))
	})
	whole.Refund.Amount.Minor, whole.Refund.Note = 9000, ""
	forged := bound{"payermax", "M1", "P1", b.Refund.RefundNo, "90.00", "HKD", b.Refund.Reason}.digest()
	whole = resealed(t, whole, 1, len(b.Lines)-1, func(e *ledger.Event) {
		e.Detail = bytes.ReplaceAll(e.Detail, []byte(b.Refund.PlanHash), []byte(forged))
	})
	whole.Refund.PlanHash, whole.Chain.Digest = forged, strings.Repeat("0", 64)
	content = written(t, whole)
	if report := checked(content); !report.Intact() {
		t.Errorf("a chain made anew shows in nothing offline, as is documented: %s", inFull(report))
	}
	report := o.against(content)
	for _, name := range []string{fileJournal, fileChain, fileRefund} {
		if !names(report, name, "ledger") {
			t.Errorf("the ledger does not tell of %s: %s", name, inFull(report))
		}
	}
}

// What only the ledger can tell.
func TestAgainstTheLedger(t *testing.T) { // covers I13 F18
	o := ledgerByHand(t)
	for name, c := range map[string]struct {
		change     func(b *Bundle)
		file, what string
	}{
		"line left out": {func(b *Bundle) { b.Lines = slices.Delete(slices.Clone(b.Lines), 2, 3) }, fileJournal, "line number 4 of the ledger's journal is about this refund and is missing"},
		"line of the future": {func(b *Bundle) {
			b.Lines = append(slices.Clone(b.Lines), line99(t))
			b.Chain.Lines, b.Chain.Head, b.Chain.Digest = 99, 99, line99(t).Digest
		}, fileJournal, "is not in the ledger's journal"},
		"another ledger's end": {func(b *Bundle) { b.Chain.Lines, b.Chain.Head = 99, 99 }, fileChain, "no line number 99"},
		"another chain's end":  {func(b *Bundle) { b.Chain.Digest = "00" }, fileChain, "has another digest"},
		"note of the refund":   {func(b *Bundle) { b.Refund.Note = "other" }, fileRefund, "not what the ledger has"},
		"time of the refund":   {func(b *Bundle) { b.Refund.CreatedAt = now }, fileRefund, "no such refund"},
		"amount of the order":  {func(b *Bundle) { b.Order.Amount.Minor++ }, fileOrder, "not what the ledger has"},
		"redacted answer":      {func(b *Bundle) { b.Exchanges[0].Answer = []byte("{}") }, "exchanges/0001-order.json", "not what the ledger has"},
		"message of an answer": {func(b *Bundle) { b.Exchanges[1].Message = "well done" }, "exchanges/0002-refund.json", "not what the ledger has"},
		"reason of a callback": {func(b *Bundle) { b.Callbacks[1].Reason = "" }, "callbacks/0002-refund.json", "not what the ledger has"},
	} {
		t.Run(name, func(t *testing.T) {
			b := o.gather("G1")
			c.change(&b)
			content := written(t, b)
			if report := checked(content); !report.Intact() {
				t.Errorf("offline: %s", inFull(report))
			}
			if report := o.against(content); !names(report, c.file, c.what) {
				t.Errorf("want %s: %s; have %s", c.file, c.what, inFull(report))
			}
		})
	}
	empty := newOffice(t)
	if report := empty.against(written(t, o.gather("G1"))); !names(report, fileChain, "another ledger") || !names(report, fileOrder, "no such order") || len(report.Notes) == 0 {
		t.Errorf("another ledger: %s", inFull(report))
	}
}

func line99(t *testing.T) ledger.Event {
	t.Helper()
	e, err := ledger.Event{At: now, Profile: shop, Kind: "order.looked-up", Subject: "P1", Detail: json.RawMessage("{}")}.Seal(99, strings.Repeat("0", 64))
	if err != nil {
		t.Fatal(err)
	}
	return e
}
