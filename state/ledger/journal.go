package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Event is one line of the audit trail (I13). Each line's digest covers its
// content and the digest of the line before it, so that no line can be
// changed, dropped or moved without breaking the chain.
type Event struct {
	Seq     int64
	At      time.Time     // wall clock, UTC, microseconds
	Mono    time.Duration // since the process started: shows a wall clock that jumped
	Profile string
	Kind    string // "refund.intent", "refund.sent", "token.unbound" …
	Subject string // the number it is about
	Agent   string
	Detail  json.RawMessage // one JSON object; no secret, no card number
	Prev    string          // hex digest of the line before; "" for the first
	Digest  string          // hex SHA-256
}

// sealed is the exact content that a digest covers, in this order.
type sealed struct {
	Seq     int64  `json:"seq"`
	At      string `json:"at"`
	Mono    int64  `json:"mono_ns"`
	Profile string `json:"profile"`
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Agent   string `json:"agent"`
	Detail  string `json:"detail"` // as text: every byte of it counts
	Prev    string `json:"prev"`
}

// Seal sets Seq, Prev and Digest so that the event follows the one given by
// its sequence number and digest.
func (e Event) Seal(seq int64, prev string) (Event, error) {
	if len(e.Detail) == 0 {
		e.Detail = json.RawMessage("{}")
	}
	e.At = e.At.UTC().Truncate(time.Microsecond)
	e.Seq, e.Prev = seq, prev
	digest, err := e.digest()
	if err != nil {
		return Event{}, err
	}
	e.Digest = digest
	return e, nil
}

// Follows checks that e is intact and follows the line given by its sequence
// number and digest.
func (e Event) Follows(seq int64, prev string) error {
	if e.Seq != seq+1 {
		return fmt.Errorf("line %d: follows line %d: a line is missing or moved", e.Seq, seq)
	}
	if e.Prev != prev {
		return fmt.Errorf("line %d: does not carry the digest of line %d", e.Seq, seq)
	}
	digest, err := e.digest()
	if err != nil {
		return fmt.Errorf("line %d: %w", e.Seq, err)
	}
	if digest != e.Digest {
		return fmt.Errorf("line %d: its content does not match its digest", e.Seq)
	}
	return nil
}

func (e Event) digest() (string, error) {
	content, err := json.Marshal(sealed{
		Seq: e.Seq, At: e.At.UTC().Format(time.RFC3339Nano), Mono: int64(e.Mono), Profile: e.Profile,
		Kind: e.Kind, Subject: e.Subject, Agent: e.Agent, Detail: string(e.Detail), Prev: e.Prev,
	})
	if err != nil {
		return "", fmt.Errorf("ledger: seal event: %w", err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}
