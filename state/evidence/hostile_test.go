package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paydesk/client"
	"paydesk/state/ledger"
)

// Nothing from outside becomes a file name, nothing steers a terminal, no card
// number goes out that slipped in.
func TestHostileBundle(t *testing.T) { // covers S4 S8 S16
	const pan = "4111 1111-1111 1111"
	o := newOffice(t)
	r := o.decide("P1", "1.00", "x", 0)
	o.gateway.noise = "\x1b]52;c;AAAA\x07\u009b31m\u202e \xff " + pan
	o.step(r.RefundNo)
	o.hear(r, false, "\x1b[2J"+pan)
	err := o.store.Update(t.Context(), func(tx ledger.Tx) error {
		for _, op := range []string{"../../../etc/passwd", "\x1b[31m", "refund\x00", pan} {
			x := client.Exchange{
				Operation: op, URL: "https://x/" + pan, Code: pan, Message: pan + "\u009b", Request: []byte(pan), Answer: append([]byte{0xff}, pan...),
				RequestHash: hash([]byte(pan)), AnswerHash: "bb", At: now, Signature: &client.Inspection{SignedText: pan, Reason: pan, Expected: "RIGHT-SIGNATURE"},
			}
			if op == pan {
				x.Operation = "refund"
			}
			if err := tx.PutEvidence(ledger.Evidence{Exchange: x, Profile: shop, Subject: r.RefundNo}); err != nil {
				return err
			}
		}
		_, err := tx.Append(ledger.Event{Profile: shop, Kind: "refund.\x1b[2J/../x", Subject: r.RefundNo, Agent: "\u009b\u202e\xff", Detail: json.RawMessage(`{"a":"\u001b[2J"}`)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := o.written(r.RefundNo)
	o.whole(dir)
	all := content(t, dir)
	for _, c := range all {
		if (c < 0x20 && c != '\n') || isObeyed(c) {
			t.Fatalf("sign %U stands in the bundle", c)
		}
	}
	for _, wrong := range []string{pan, "RIGHT-SIGNATURE", base64.StdEncoding.EncodeToString(append([]byte{0xff}, pan...))} {
		if strings.Contains(all, wrong) {
			t.Errorf("%q stands in the bundle", wrong)
		}
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(dir, path); !entry.IsDir() && name != fileManifest && !slices.Contains(required(), name) && !numbered.MatchString(filepath.ToSlash(name)) {
			t.Errorf("a file is called %q", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Numbers that look like cards are left alone where they stand alone.
func TestMaskKeepsNumbers(t *testing.T) { // covers S16
	keep := keepOf(refundFile{RefundNo: "RF4242424242424242"}, orderFile{OrderNo: "4111111111111111", GatewayOrderNo: "T1", ChannelNo: "P4242424242424242X"})
	for text, want := range map[string]string{
		`{"no":"RF4242424242424242"}`:                            `{"no":"RF4242424242424242"}`,
		"4111111111111111":                                       "····1111",
		"P4242424242424242X 4242424242424242 RF4242424242424242": "P4242424242424242X ····4242 RF4242424242424242",
		"RF42424242424242424":                                    "RF42424242424242424",
		"xRF4242424242424242":                                    "xRF····4242",
		"\xff4242424242424242":                                   "\xff····4242",
		"T1 plain":                                               "T1 plain",
	} {
		if got := mask(text, keep); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// A refund number that is not plain is not printed in the README.
func TestReadmeIsPlain(t *testing.T) { // covers S1
	for no, plain := range map[string]bool{"RX4KQ": true, "": false, "R\x1b": false, "客": false, strings.Repeat("R", 65): false, "a b": false} {
		text := readme(Bundle{Refund: ledger.Refund{Refund: client.Refund{RefundNo: no}}, MadeAt: now})
		if got := no != "" && bytes.Contains(text, []byte("Refund "+no+"\n")); got != plain {
			t.Errorf("%q: printed: %v", no, got)
		}
		for _, c := range string(text) {
			if c > 0x7e || (c < 0x20 && c != '\n') {
				t.Errorf("%q: sign %U", no, c)
			}
		}
	}
}
