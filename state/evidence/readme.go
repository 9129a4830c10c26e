package evidence

import (
	"fmt"
	"strings"
	"time"
)

// readmeText is for an auditor who has never seen paydesk. Its gaps are the
// refund number, the time, and how many exchanges, callbacks and lines there are.
const readmeText = `Evidence of one refund
======================

Refund %s
Gathered at %s by paydesk, from its ledger: %d exchanges with the
gateway, %d callbacks, %d lines of the journal.

What is in this folder
----------------------
refund.json        the refund as the ledger has it: amount, state, who, when, why
order.json         the payment that was refunded
plan.json          what was consented to, by whom and when, and the digest that binds
                   the consent to gateway, merchant, order, refund number, amount,
                   currency and reason
exchanges/         every call of the gateway that is still kept, one file each: the
                   refund as it was sent, each question about it, the look-ups of the
                   order and of its earlier refunds; with what was sent, what came back
                   and whether the answer's signature was right ("verified")
callbacks/         what the gateway sent by itself; one that is not verified is kept as
                   evidence only, nothing ever follows from it
journal.ndjson     the lines of the audit trail about all this, one JSON object per line
chain.json         of which journal these lines are a part: how many lines it had and
                   the digest of its last one
manifest.json      every file with its size and SHA-256, and one digest of the whole

Amounts are in major units. Times are UTC. Secrets and card numbers were taken out
before anything was stored: a body marked "redacted" is therefore not byte for byte
what was sent, and "sha256" beside it is the digest of the exact bytes. One marked
"exact" is, and its digest proves it. Raw answers are kept for a limited time only; the
journal keeps their digests for ever.

How to check it
---------------
With paydesk, without its ledger and without a network, in this folder:

    paydesk journal verify .

It says what was changed, in which file and line. By hand, the digest of the whole,
which must be the one in manifest.json and the one that was noted down when this folder
was written:

    find . -type f ! -name manifest.json | sed 's|^\./||' | LC_ALL=C sort | xargs sha256sum | sha256sum

Each line of the journal has the digest of everything in it, and "prev", the digest of
the line before it, so that no line can be changed, dropped or moved without breaking all
that follow. The third line of the file, for example; the result must be its "digest":

    sed -n 3p journal.ndjson | sed 's/,"digest":"[0-9a-f]*"}$/}/' | tr -d '\n' | sha256sum

Signs that a terminal would obey or that nobody sees (U+007F to U+009F, signs that turn
the direction of writing and the like) are written as \u escapes in lower-case digits. In
a line that has some, put the signs themselves back before hashing.

What this cannot prove
----------------------
Whoever can write this folder can compute every digest anew. Against that help the digest
of the whole, noted down elsewhere at the time; the digests of the lines, in an export of
the journal made earlier; and the ledger itself, which holds the whole chain: paydesk
compares a folder with it.
`

// readme tells an auditor what everything is. It holds safe text only.
func readme(b Bundle) []byte {
	return fmt.Appendf(nil, readmeText, plainNumber(b.Refund.RefundNo), b.MadeAt.UTC().Format(time.RFC3339),
		len(b.Exchanges), len(b.Callbacks), len(b.Lines))
}

// plainNumber is a number that is fit for any screen; one that is not is left to
// refund.json.
func plainNumber(no string) string {
	const (
		allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
		most    = 64
	)
	if no == "" || len(no) > most || strings.Trim(no, allowed) != "" {
		return "(its number is in refund.json)"
	}
	return no
}
