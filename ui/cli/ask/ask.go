// Package ask owns the questions of the headless verbs: one line, or a hidden
// answer, from a terminal. What was typed before a question was on the screen
// never answers it. It decides nothing.
package ask

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"paydesk/client"
	"paydesk/ui/text"
)

// longest is how much of an answer is read, in bytes.
const longest = 64 << 10

// Terminal is a person at a keyboard. The zero value is nobody.
type Terminal struct {
	In   *os.File
	Out  *os.File // questions; never the data's output
	Data *os.File // where data goes
}

// Present reports whether somebody can be asked.
func (t Terminal) Present() bool { return isTerminal(t.In) && isTerminal(t.Out) }

// Shows reports whether data goes to a terminal.
func (t Terminal) Shows() bool { return isTerminal(t.Data) }

// Size is the size of the terminal in cells; ok is false where there is none.
func (t Terminal) Size() (width, height int, ok bool) {
	if !isTerminal(t.Data) {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(t.Data.Fd()))
	return width, height, err == nil
}

func isTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// Line asks a question and returns the line typed, without its end. The error
// is ctx's, or of ClassInput when the terminal was closed.
func (t Terminal) Line(ctx context.Context, question text.Safe) (string, error) {
	return t.ask(ctx, question, readLine)
}

// Hidden is Line without echo. An answer that begins a PEM block is read to
// the end of the block, so that none of its lines is left for the shell.
func (t Terminal) Hidden(ctx context.Context, question text.Safe) (string, error) {
	restore, err := silence(t.In)
	if err != nil {
		return "", closed(err)
	}
	defer func() { // also when ctx ends the wait
		restore()
		_, _ = fmt.Fprintln(t.Out)
	}()
	return t.ask(ctx, question, readBlock)
}

type reply struct {
	answer string
	err    error
}

// ask reads in a goroutine of its own, because reading from a terminal cannot
// be interrupted; after a cancelled question the program ends.
func (t Terminal) ask(ctx context.Context, question text.Safe, read func(io.Reader) (string, error)) (string, error) {
	discardTyped(t.In)
	if _, err := fmt.Fprint(t.Out, question.String()); err != nil {
		return "", closed(err)
	}
	replies := make(chan reply, 1)
	go func() {
		answer, err := read(t.In)
		replies <- reply{answer, err}
	}()
	select {
	case <-ctx.Done():
		_, _ = fmt.Fprintln(t.Out)
		return "", ctx.Err()
	case r := <-replies:
		if r.err != nil {
			return "", closed(r.err)
		}
		return r.answer, nil
	}
}

func closed(err error) error {
	return &client.Error{Class: client.ClassInput, Code: "terminal", Message: "the terminal gave no answer", Err: err, Hint: "nothing was done"}
}

// readLine reads byte by byte, so that nothing behind the line is taken away
// from who reads next.
func readLine(r io.Reader) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < longest {
		n, err := r.Read(one)
		if bytes.Equal(one[:n], []byte("\n")) {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, one[:n]...)
		switch {
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		}
	}
	return "", errors.New("the answer is too long")
}

// readBlock reads a line, or a whole PEM block.
func readBlock(r io.Reader) (string, error) {
	block, err := readLine(r)
	if err != nil || !strings.Contains(block, "-----BEGIN") {
		return block, err
	}
	for !strings.Contains(block, "-----END") {
		line, err := readLine(r)
		if err != nil {
			return "", err
		}
		if block += "\n" + line; len(block) > longest {
			return "", errors.New("the answer is too long")
		}
	}
	return block + "\n", nil
}
