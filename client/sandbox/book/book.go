// Package book owns the sandbox's durable truth: orders, refunds, saved cards
// and callbacks of every gateway it plays, and every time money left for a
// refund. It is an append-only file of decisions; a decision is on disk before
// Update returns, so it survives the death of the process at any moment. It
// knows no protocol, makes no rule about money, and never rewrites what it has
// written.
package book

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"paydesk/client"
)

// Book is the open truth. It is safe for concurrent use; decisions are made
// one at a time.
type Book struct {
	mu      sync.RWMutex
	state   State
	journal *journal // nil: in memory only
	seq     uint64
	broken  error
	watch   func(Entry)
}

// Memory returns a book that is kept in memory only and holds the given
// entries.
func Memory(entries []Entry) *Book {
	b := &Book{state: newState()}
	for _, e := range entries {
		b.seq++
		b.state.apply(e)
	}
	return b
}

// Exists reports whether there is a book at path.
func Exists(path string) (bool, error) { return exists(path) }

// Create writes a new book with the given entries, all or nothing: a crash
// before the end leaves no book. An existing one is an error.
func Create(path string, entries []Entry) error {
	if err := create(path, entries); err != nil {
		return storage("the sandbox's book cannot be created", err)
	}
	return nil
}

// Open replays the book at path and locks it against other processes. A last
// line that a crash cut short was never answered, so it is dropped; any other
// damage is a ClassStorage error.
func Open(path string) (*Book, error) {
	b := &Book{state: newState()}
	j, err := openJournal(path, func(line []byte) error {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		if e.Seq != b.seq+1 {
			return fmt.Errorf("entry %d follows entry %d", e.Seq, b.seq)
		}
		b.seq = e.Seq
		b.state.apply(e)
		return nil
	})
	if err != nil {
		return nil, storage("the sandbox's book cannot be opened", err)
	}
	b.journal = j
	return b, nil
}

// Close releases the file. Later decisions fail.
func (b *Book) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken == nil {
		b.broken = storage("the sandbox's book is closed", nil)
	}
	if b.journal == nil {
		return nil
	}
	j := b.journal
	b.journal = nil
	return j.close()
}

// Watch has f called with every decision once it is committed. It is called
// with the book locked: f must not call the book and must not block. Only one
// watcher is kept.
func (b *Book) Watch(f func(Entry)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watch = f
}

// View reads a consistent state. fn must not keep the State.
func (b *Book) View(fn func(*State)) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	fn(&b.state)
}

// Update makes one decision: fn looks at the state as it is and stages
// changes, which are committed together, durably, when fn returns nil. An
// error of fn is returned as it is and nothing is changed. When the file
// cannot be written the error is ClassStorage and nothing is changed either.
// at is the gateway's time of the decision, why a few words for a reader of
// the file.
func (b *Book) Update(at time.Time, why string, fn func(*Tx) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	tx := &Tx{State: &b.state, entry: Entry{Seq: b.seq + 1, At: at.UTC(), Why: why}, serial: b.state.serial}
	if err := fn(tx); err != nil {
		return err
	}
	if tx.entry.empty() {
		return nil
	}
	tx.entry.Serial = tx.serial
	if err := b.write(tx.entry); err != nil {
		return err
	}
	b.seq = tx.entry.Seq
	b.state.apply(tx.entry)
	if b.watch != nil {
		b.watch(tx.entry)
	}
	return nil
}

func (b *Book) write(e Entry) error {
	if b.journal == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return &client.Error{Class: client.ClassBug, Code: "book", Message: "a decision cannot be encoded", Err: err}
	}
	broken, err := b.journal.append(line)
	if broken {
		// Half a line may be on disk and could not be taken back: another one
		// behind it would make the book unreadable.
		b.broken = storage("the sandbox's book is damaged", err)
	}
	if err != nil {
		return storage("the sandbox's book cannot be written", err)
	}
	return nil
}

func storage(message string, cause error) error {
	return &client.Error{
		Class: client.ClassStorage, Code: "book", Message: message, Err: cause,
		Hint: "check the folder given with --dir, its space and its rights",
	}
}
