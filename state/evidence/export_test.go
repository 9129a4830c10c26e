package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
)

// export is a ledger's journal as it is written.
func (o *office) export(window Window) string {
	o.t.Helper()
	var out bytes.Buffer
	lines, last, err := Export(&out, o.store.Journal(o.t.Context()), window)
	if err != nil {
		o.t.Fatal(err)
	}
	report, err := VerifyExport(bytes.NewReader(out.Bytes()))
	if err != nil || !report.Intact() || report.Lines != lines || report.Last != last {
		o.t.Errorf("%d lines, last %s: %v, %s", lines, last, err, inFull(report))
	}
	return out.String()
}

// exported is the report about an export.
func exported(t *testing.T, text string) Report {
	t.Helper()
	report, err := VerifyExport(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func findsLine(r Report, number int64, what string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.File == "" && f.Line == number && strings.Contains(f.What, what) })
}

func TestExport(t *testing.T) { // covers I13
	o := ledgerByHand(t)
	text := o.export(Window{})
	lines, want, err := ledgerLines(t.Context(), o.store)
	if err != nil || int64(strings.Count(text, "\n")) != lines {
		t.Errorf("%d lines of %d, %v", strings.Count(text, "\n"), lines, err)
	}
	if report := exported(t, text); report.Last != want || len(report.Notes) != 1 {
		t.Error(inFull(report))
	}
	if !strings.HasPrefix(text, `{"seq":1,"at":"2026-11-22T09:00:00Z","mono_ns":0,"profile":"shop","kind":"profile.unlocked","subject":"shop","agent":"ada","detail":{"until":"later"},"prev":"","digest":"`) {
		t.Error(text[:300])
	}
	report, err := VerifyExportAgainst(t.Context(), strings.NewReader(text), o.store)
	if err != nil || !report.Intact() || !report.Ledger || len(report.Notes) != 0 {
		t.Errorf("%v: %s", err, inFull(report))
	}
	if empty := newOffice(t); empty.store != nil {
		var out bytes.Buffer
		if n, last, err := Export(&out, empty.store.Journal(t.Context()), Window{}); n != 0 || last != "" || err != nil || out.Len() > 0 {
			t.Errorf("an empty journal: %d, %q, %v", n, last, err)
		}
	}
}

func ledgerLines(ctx context.Context, reader ledger.Reader) (n int64, last string, err error) {
	for e, err := range reader.Journal(ctx) {
		if err != nil {
			return n, last, err
		}
		n, last = n+1, e.Digest
	}
	return n, last, nil
}

// A window is told in the first line and leaves nothing out in between.
func TestExportOfAWindow(t *testing.T) { // covers I13
	o := ledgerByHand(t)
	minute := func(n int) time.Time { return time.Date(2026, 11, 22, 9, n, 0, 0, time.UTC) }
	err := o.store.Update(t.Context(), func(tx ledger.Tx) error { // a clock that jumped back
		_, err := tx.Append(ledger.Event{At: minute(3), Profile: shop, Kind: "k", Subject: "s"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		window Window
		top    string
		lines  int
	}{
		{Window{From: minute(8)}, `{"export":"a part of the journal","from":"2026-11-22T09:08:00Z","first":8,"last":10,`, 3},
		{Window{To: minute(3)}, `{"export":"a part of the journal","to":"2026-11-22T09:03:00Z","first":1,"last":2,`, 2},
		{Window{From: minute(3), To: minute(4)}, `{"export":"a part of the journal","from":"2026-11-22T09:03:00Z","to":"2026-11-22T09:04:00Z","first":3,"last":11,`, 9},
		{Window{From: minute(50)}, `{"export":"a part of the journal","from":"2026-11-22T09:50:00Z","first":0,"last":0,`, 0},
	} {
		text := o.export(c.window)
		if !strings.HasPrefix(text, c.top) || strings.Count(text, "\n") != c.lines+1 {
			t.Errorf("%+v: %s", c.window, text)
		}
		if report := exported(t, text); !strings.Contains(fmt.Sprint(report.Notes), "part of the journal") {
			t.Error(inFull(report))
		}
		report, err := VerifyExportAgainst(t.Context(), strings.NewReader(text), o.store)
		if err != nil || !report.Intact() {
			t.Errorf("%v: %s", err, inFull(report))
		}
		rows := strings.SplitAfter(text, "\n")
		if c.lines == 0 {
			continue
		}
		if report := exported(t, strings.Join(rows[:c.lines], "")); report.Intact() {
			t.Errorf("the end of a window can be cut off: %s", inFull(report))
		}
		if report := exported(t, rows[0]+strings.Join(rows[2:], "")); report.Intact() {
			t.Errorf("the begin of a window can be cut off: %s", inFull(report))
		}
	}
}

// One flipped byte anywhere is found, and its line is named.
func TestEveryByteOfAnExportCounts(t *testing.T) { // covers I13 F18
	o := ledgerByHand(t)
	for _, window := range []Window{{}, {From: time.Date(2026, 11, 22, 9, 7, 0, 0, time.UTC)}} {
		text := []byte(o.export(window))
		line := int64(1)
		for at, was := range text {
			if at%stride == 0 {
				text[at] ^= 1 << (at % 7)
				report := exported(t, string(text))
				if !slices.ContainsFunc(report.Findings, func(f Finding) bool { return f.Line == line || f.Line == line+1 }) {
					t.Fatalf("byte %d in line %d can be %q: %s", at, line, text[at], inFull(report))
				}
				text[at] = was
			}
			if was == '\n' {
				line++
			}
		}
	}
}

func TestLinesOfAnExport(t *testing.T) { // covers I13
	o := ledgerByHand(t)
	rows := strings.SplitAfter(o.export(Window{}), "\n")
	rows = rows[:len(rows)-1]
	join := func(l ...[]string) string { return strings.Join(slices.Concat(l...), "") }
	foreign := string(encodeLine(line99(t), asObject)) + "\n"
	for name, c := range map[string]struct {
		text string
		line int64
		what string
	}{
		"missing":          {join(rows[:4], rows[5:]), 5, "(number 6 in the journal) follows number 4"},
		"first missing":    {join(rows[1:]), 1, "what was before it is missing"},
		"moved":            {join(rows[:2], rows[3:4], rows[2:3], rows[4:]), 3, "(number 4 in the journal) follows number 2"},
		"twice":            {join(rows[:3], rows[2:]), 4, "follows number 3"},
		"added":            {join(rows[:3], []string{foreign}, rows[3:]), 4, "(number 99 in the journal) follows number 3"},
		"cut":              {strings.TrimSuffix(join(rows), "\n"), 10, "is cut off"},
		"cut in the line":  {join(rows)[:len(join(rows))-20], 10, "is damaged"},
		"empty line":       {join(rows[:3], []string{"\n"}, rows[3:]), 4, "is damaged"},
		"blank at the end": {join(rows) + " ", 11, "is damaged"},
		"as text":          {strings.Replace(join(rows), `"detail":{"until":"later"}`, `"detail":"{\"until\":\"later\"}"`, 1), 1, "is damaged"},
		"other line end":   {strings.ReplaceAll(join(rows), "\n", "\r\n"), 1, "is damaged"},
		"empty":            {"", 0, "holds no line"},
		"header alone":     {`{"export":"a part of the journal","first":1,"last":9}` + "\n", 1, "was changed"},
	} {
		if report := exported(t, c.text); !findsLine(report, c.line, c.what) {
			t.Errorf("%s: want line %d: %s; have %s", name, c.line, c.what, inFull(report))
		}
	}
	if report := exported(t, join(rows[:6])); !report.Intact() || report.Lines != 6 {
		t.Errorf("lines cut off at the end show in the last digest only: %s", inFull(report))
	}
	report, err := VerifyExportAgainst(t.Context(), strings.NewReader(join(rows[:6])), o.store)
	if err != nil || !report.Intact() || !strings.Contains(fmt.Sprint(report.Notes), "4 lines behind") {
		t.Errorf("%v: %s", err, inFull(report))
	}
}

// A chain made anew from a line on shows in nothing but the ledger.
func TestExportMadeAnew(t *testing.T) { // covers I13 F18
	o := ledgerByHand(t)
	var forged bytes.Buffer
	var last ledger.Event
	for e, err := range o.store.Journal(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq >= 4 {
			e.Agent = "eve"
		}
		if last, err = e.Seal(e.Seq, last.Digest); err != nil {
			t.Fatal(err)
		}
		forged.Write(append(encodeLine(last, asObject), '\n'))
	}
	forged.Write(append(encodeLine(line99(t), asObject), '\n'))
	text := strings.TrimSuffix(forged.String(), string(encodeLine(line99(t), asObject))+"\n")
	if report := exported(t, text); !report.Intact() {
		t.Error(inFull(report))
	}
	report, err := VerifyExportAgainst(t.Context(), strings.NewReader(text), o.store)
	if err != nil || findsLine(report, 3, "") || !findsLine(report, 4, "is not what the ledger") || !findsLine(report, 10, "is not what the ledger") {
		t.Errorf("%v: %s", err, inFull(report))
	}
	report, err = VerifyExportAgainst(t.Context(), strings.NewReader(forged.String()), o.store)
	if err != nil || !findsLine(report, 11, "is not in the ledger's journal") {
		t.Errorf("%v: %s", err, inFull(report))
	}
}

// Garbage does not fill the memory, and a line without end is given up.
func TestExportOfGarbage(t *testing.T) {
	report := exported(t, strings.Repeat("x\n", 5000))
	if len(report.Findings) != mostFindings || report.More != 5000-mostFindings || report.Lines != 0 {
		t.Errorf("%d findings, %d more", len(report.Findings), report.More)
	}
	report, err := VerifyExport(io.LimitReader(endless{}, maxLine+9))
	if err != nil || report.Intact() || !report.Stopped || !findsLine(report, 1, "longer than any line") {
		t.Errorf("%v: %s", err, inFull(report))
	}
	if _, err := VerifyExport(broken{}); client.ClassOf(err) != client.ClassStorage {
		t.Errorf("a reader that fails: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errors.New("input/output error") }
func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// What goes wrong while exporting is told; a broken chain is exported all the same.
func TestExportFails(t *testing.T) { // covers I14 F18
	o := ledgerByHand(t)
	for _, window := range []Window{{}, {From: now.AddDate(-1, 0, 0)}} {
		if _, _, err := Export(broken{}, o.store.Journal(t.Context()), window); client.ClassOf(err) != client.ClassStorage {
			t.Errorf("a full disk: %v", err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Export(io.Discard, o.store.Journal(gone), Window{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := VerifyExportAgainst(gone, strings.NewReader(o.export(Window{})), o.store); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	changed := func(journal iter.Seq2[ledger.Event, error]) iter.Seq2[ledger.Event, error] {
		return func(yield func(ledger.Event, error) bool) {
			for e, err := range journal {
				if e.Seq == 4 {
					e.Agent = "eve"
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}
	var out bytes.Buffer
	lines, _, err := Export(&out, changed(o.store.Journal(t.Context())), Window{})
	if lines != 10 || client.ClassOf(err) != client.ClassStorage || !strings.Contains(err.Error(), "line 4") {
		t.Errorf("%d lines, %v", lines, err)
	}
	if report := exported(t, out.String()); !findsLine(report, 4, "was changed") {
		t.Error(inFull(report))
	}
}
