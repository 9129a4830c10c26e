package ask

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadLine(t *testing.T) {
	for in, want := range map[string]string{"20.00\n": "20.00", "20.00\r\nmore\n": "20.00", "no end": "no end", "\n": ""} {
		if got, err := readLine(strings.NewReader(in)); err != nil || got != want {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
	for name, in := range map[string]io.Reader{"closed": strings.NewReader(""), "broken": iotest.ErrReader(io.ErrUnexpectedEOF), "endless": strings.NewReader(strings.Repeat("x", longest+1))} {
		if got, err := readLine(in); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// covers S7: all lines of a key in PEM are swallowed, and nothing behind them.
func TestReadBlock(t *testing.T) {
	const pem = "-----BEGIN PRIVATE KEY-----\nAAAA\nBBBB\n-----END PRIVATE KEY-----\n"
	in := strings.NewReader(pem + "next")
	got, err := readBlock(in)
	if err != nil || got != pem {
		t.Errorf("%q %v", got, err)
	}
	if rest, _ := io.ReadAll(in); string(rest) != "next" {
		t.Errorf("left: %q", rest)
	}
	if got, err := readBlock(strings.NewReader("secret text\n")); err != nil || got != "secret text" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := readBlock(strings.NewReader("-----BEGIN X-----\nAAAA\n")); err == nil {
		t.Error("half a block was taken")
	}
}

func TestNobodyIsThere(t *testing.T) {
	var nobody Terminal
	if _, _, ok := nobody.Size(); ok || nobody.Present() || nobody.Shows() {
		t.Error("somebody was found")
	}
}
