package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"paydesk/state/ledger"
)

// chain is a reader that has a journal and nothing else.
type chain struct {
	ledger.Reader
	lines []ledger.Event
	err   error
}

func (c chain) Journal(context.Context) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		for _, e := range c.lines {
			if !yield(e, nil) {
				return
			}
		}
		if c.err != nil {
			yield(ledger.Event{}, c.err)
		}
	}
}

func sealed(t *testing.T, n int) []ledger.Event {
	t.Helper()
	var list []ledger.Event
	var last ledger.Event
	for i := range n {
		e := ledger.Event{At: time.Unix(int64(i), 0), Kind: "k", Subject: "s", Agent: "a", Detail: json.RawMessage(`{"n":1}`)}
		e, err := e.Seal(last.Seq+1, last.Digest)
		if err != nil {
			t.Fatal(err)
		}
		list, last = append(list, e), e
	}
	return list
}

func TestVerifyJournal(t *testing.T) { // covers I13
	for name, c := range map[string]struct {
		change func([]ledger.Event) []ledger.Event
		lines  int64
		err    string
	}{
		"whole":   {func(l []ledger.Event) []ledger.Event { return l }, 5, ""},
		"empty":   {func([]ledger.Event) []ledger.Event { return nil }, 0, ""},
		"changed": {func(l []ledger.Event) []ledger.Event { l[2].Agent = "b"; return l }, 2, "line 3: its content"},
		"detail":  {func(l []ledger.Event) []ledger.Event { l[4].Detail = json.RawMessage(`{"n":1 }`); return l }, 4, "line 5: its content"},
		"moved":   {func(l []ledger.Event) []ledger.Event { l[1], l[2] = l[2], l[1]; return l }, 1, "line 3: follows line 1"},
		"missing": {func(l []ledger.Event) []ledger.Event { return append(l[:1:1], l[2:]...) }, 1, "line 3: follows line 1"},
		"head":    {func(l []ledger.Event) []ledger.Event { return l[1:] }, 0, "line 2: follows line 0"},
		"resealed": {func(l []ledger.Event) []ledger.Event {
			l[1].Agent = "b"
			l[1], _ = l[1].Seal(2, l[0].Digest) // the intruder knows the rule but not where to stop
			return l
		}, 2, "line 3: does not carry the digest of line 2"},
	} {
		n, err := ledger.VerifyJournal(context.Background(), chain{lines: c.change(sealed(t, 5))})
		if n != c.lines || (c.err == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %d, %v; want %d, %q", name, n, err, c.lines, c.err)
		}
	}
	gone := errors.New("gone")
	if n, err := ledger.VerifyJournal(context.Background(), chain{lines: sealed(t, 2), err: gone}); n != 2 || !errors.Is(err, gone) {
		t.Errorf("unreadable: %d, %v", n, err)
	}
}
