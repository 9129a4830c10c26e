package evidence

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"paydesk/state/ledger"
)

// hostile texts: what a terminal would obey, what is no text, what looks like the
// escapes that are used here, what JSON itself escapes.
func hostile() []string {
	return []string{
		"", "R1", "Äpfel 客戶退貨", "\x1b]0;x\x07\x1b[31m", "\u009b31m", "a\u202eb", "\u200b\U000e0041", "\xff\xfe", "\ufffd", `\u009b`, `\\u009b`,
		"\u2028<&>\"", "\x00\x7f", `{"a":"\u009b"}`, "../../etc/passwd", "\n\r\t", `\ud800\udc00`, "\U0001f600", `\`, `\u`,
	}
}

// What is written of an event reads back as what was sealed, in both forms, with
// no sign in it that a terminal would obey.
func TestLineKeepsWhatWasSealed(t *testing.T) { // covers I13
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom(hostile()), rapid.String())
		e := ledger.Event{
			At: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")), Mono: time.Duration(rapid.Int64().Draw(t, "mono")),
			Profile: text.Draw(t, "profile"), Kind: text.Draw(t, "kind"), Subject: text.Draw(t, "subject"), Agent: text.Draw(t, "agent"),
		}
		switch detail, _ := json.Marshal(map[string]string{"a": text.Draw(t, "value"), "plan_sha256": "p"}); rapid.IntRange(0, 3).Draw(t, "detail") {
		case 0:
			e.Detail = detail
		case 1:
			e.Detail = bytes.ReplaceAll(detail, []byte(`","`), []byte("\" ,\n\""))
		case 2:
			e.Detail = json.RawMessage("{\"a\":\"\xff\u009b\",\"b\":\"\\u009b\"}")
		}
		e, err := e.Seal(rapid.Int64Range(1, 1<<40).Draw(t, "seq"), text.Draw(t, "prev"))
		if err != nil {
			t.Fatal(err)
		}
		for _, as := range []form{asSealed, asObject} {
			written := encodeLine(e, as)
			l, err := decodeLine(written)
			if err != nil {
				t.Fatalf("%v: %s", err, written)
			}
			if !l.intact() || l.Seq != e.Seq || l.Digest != e.Digest || !l.At.Equal(e.At) || l.Mono != e.Mono || (utf8.ValidString(e.Subject) && l.Subject != e.Subject) || (utf8.Valid(e.Detail) && !bytes.Equal(l.Detail, e.Detail)) {
				t.Fatalf("%s\nreads as %+v", written, l)
			}
			if bytes.IndexFunc(written, func(r rune) bool { return r < 0x20 || isObeyed(r) }) >= 0 {
				t.Fatalf("a terminal would obey %q", written)
			}
			if as == asSealed && !bytes.ContainsAny(written, "\x7f") && !bytes.Contains(written, []byte(`\u`)) {
				if content, _, _ := bytes.Cut(written, []byte(`,"digest":"`+e.Digest)); hash(append(content, '}')) != e.Digest {
					t.Fatalf("the line without its digest is not what was hashed: %s", written)
				}
			}
		}
	})
}

// No byte of a line can be changed.
func TestEveryByteOfALineCounts(t *testing.T) { // covers I13
	for i, text := range hostile() {
		detail, _ := json.Marshal(map[string]string{"text": text})
		e, err := ledger.Event{At: now, Kind: "k", Subject: text, Agent: text, Detail: detail}.Seal(int64(i)+1, "00")
		if err != nil {
			t.Fatal(err)
		}
		for _, as := range []form{asSealed, asObject} {
			written := encodeLine(e, as)
			for at := range written {
				for _, bit := range []byte{1, 2, 4, 0x20, 0x80} {
					changed := bytes.Clone(written)
					changed[at] ^= bit
					if l, err := decodeLine(changed); err == nil && l.intact() && l.Digest == e.Digest {
						t.Fatalf("byte %d of %s can be %q", at, written, changed[at])
					}
				}
			}
		}
	}
}

func TestLinesThatAreNone(t *testing.T) {
	e, err := ledger.Event{At: now, Kind: "k", Subject: "s", Detail: json.RawMessage(`{"a":"\u0085"}`)}.Seal(1, "")
	if err != nil {
		t.Fatal(err)
	}
	right := string(encodeLine(e, asSealed))
	if _, err := decodeLine([]byte(right)); err != nil || !strings.Contains(right, `\\u0085`) {
		t.Fatalf("%v: %s", err, right)
	}
	for _, wrong := range []string{
		"", "{}", "[]", "null", "x", right + " ", " " + right, right + right, right[:len(right)-1], strings.Replace(right, ",", ", ", 1),
		strings.Replace(right, `"seq":1`, `"seq":1,"seq":1`, 1), strings.Replace(right, `"seq":1`, `"SEQ":1`, 1), strings.Replace(right, `"seq":1`, `"seq":"1"`, 1),
		strings.Replace(right, `"kind":"k"`, `"kind":7`, 1), strings.Replace(right, `"at":"2026`, `"at":"x026`, 1), strings.Replace(right, `{"seq"`, `{"more":1,"seq"`, 1),
		strings.Replace(right, `"detail":"{\"a\":\"\\u0085\"}"`, `"detail":{"a":"\u0085"}`, 1), // would lose how it was written
		strings.Replace(right, `"kind":"k"`, "\"kind\":\"\u0085\"", 1),
	} {
		if l, err := decodeLine([]byte(wrong)); err == nil && l.intact() {
			t.Errorf("%s: taken as %+v", wrong, l)
		}
	}
}

// Whatever comes is read or refused, and what is read is what stands there.
func FuzzLine(f *testing.F) {
	e, err := ledger.Event{At: now, Kind: "k", Subject: "s\u009b", Detail: json.RawMessage(`{"a":1}`)}.Seal(1, "")
	if err != nil {
		f.Fatal(err)
	}
	for _, as := range []form{asSealed, asObject} {
		f.Add(encodeLine(e, as))
	}
	for _, text := range hostile() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if json.Valid(text) && bytes.Equal(unescape(text), text) && !bytes.Equal(unescape(escape(text)), text) {
			t.Fatalf("%q: escaping is not taken back", text)
		}
		l, err := decodeLine(text)
		if err == nil && utf8.Valid(text) && !bytes.Contains(text, []byte(`\u`)) && l.intact() && !l.is(l.Event) {
			t.Fatalf("%s is taken, but would be written as %s", text, encodeLine(l.Event, l.form))
		}
		if report, err := VerifyExport(bytes.NewReader(text)); err != nil || (report.Intact() && report.Lines == 0) {
			t.Fatalf("%q: %v, %+v", text, err, report)
		}
	})
}
