package ledger

import (
	"context"
	"fmt"
)

// VerifyJournal walks the audit chain from its first line and checks every
// digest (I13). It returns how many lines are intact; the error says which line
// is broken and how, or that the journal could not be read. Lines cut off at
// the end leave a shorter chain that is intact: compare with an export for
// those.
func VerifyJournal(ctx context.Context, reader Reader) (lines int64, err error) {
	var seq int64
	digest := ""
	for e, err := range reader.Journal(ctx) {
		if err != nil {
			return lines, fmt.Errorf("ledger: journal after line %d: %w", seq, err)
		}
		if err := e.Follows(seq, digest); err != nil {
			return lines, fmt.Errorf("ledger: journal: %w", err)
		}
		seq, digest = e.Seq, e.Digest
		lines++
	}
	return lines, nil
}
