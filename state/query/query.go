// Package query owns the search language: words and field:value terms, parsed
// with positions into plain data. It completes and explains; it never runs a
// query (the ledger's dialects do) and never touches a screen.
package query

import "time"

// Query is one parsed search: every term must hold.
type Query struct {
	Terms []Term
	Sort  []Sort
	Limit int    // 0: none asked for
	Text  string // as typed
}

// Field names what a term looks at. Word is a bare word: any number, user,
// card tail or note, by substring.
type Field string

// The fields of product section 7.
const (
	Word     Field = ""
	Status   Field = "status"
	Gateway  Field = "gateway"
	Profile  Field = "profile"
	Order    Field = "order"
	User     Field = "user"
	Amount   Field = "amount"
	Currency Field = "currency"
	Method   Field = "method"
	Card     Field = "card"
	Placed   Field = "placed"
	Paid     Field = "paid"
	Age      Field = "age"
	Refunded Field = "refunded" // none, partial or full
	Refund   Field = "refund"   // a refund number
	Reason   Field = "reason"
	Agent    Field = "agent"
	Has      Field = "has" // pending, unknown or note
)

// Updated is when a record last changed; lists can be sorted by it only.
const Updated Field = "updated"

// Op compares a field with a value.
type Op string

// The comparisons.
const (
	Is      Op = ":" // equality; substring for Word; inside for times
	Less    Op = "<"
	AtMost  Op = "<="
	Greater Op = ">"
	AtLeast Op = ">="
)

// Term is one condition; it holds when any of its values does.
type Term struct {
	Not    bool
	Field  Field
	Op     Op
	Values []Value
	Pos    int // byte offsets into Query.Text
	End    int
}

// Value is one value of a term. Which members are set follows from the field.
type Value struct {
	Text string
	// Amount in ten-thousandths of a major unit (client.MaxExp decimals), so
	// that one number compares with every currency's minor units.
	Amount int64
	// AmountTo is the other end of a range of amounts (Op Is), inclusive;
	// equal to Amount when there is no range.
	AmountTo int64
	Currency string // when the amount named one
	// From and To bound a time: From ≤ t < To; a zero bound is open. The
	// operator is already in them: "placed>=2026-11-01" is From alone, and an
	// age is told as the times of placing that have it.
	From, To time.Time
}

// Sort orders by a field, Desc for largest or newest first.
type Sort struct {
	Field Field
	Desc  bool
}
