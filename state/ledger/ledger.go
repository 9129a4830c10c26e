// Package ledger owns the records that paydesk keeps and the contract of the
// store that holds them: one transaction per decision, a hash-chained journal,
// windows over large tables. It holds no SQL (the dialects below it do) and no
// rule about money (the desk does).
package ledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"paydesk/client"
	"paydesk/state/query"
)

// Errors of every dialect; match with errors.Is.
var (
	ErrNotFound  = errors.New("not in the ledger")
	ErrAmbiguous = errors.New("the number belongs to more than one record")
	ErrOpen      = errors.New("the order has an open refund")       // partial unique index (I5)
	ErrExists    = errors.New("the refund number is in the ledger") // unique per gateway and merchant
	ErrBusy      = errors.New("the ledger is locked by another process")
	ErrReadOnly  = errors.New("the ledger is open for reading only")
)

// Order is a payment as the ledger knows it.
type Order struct {
	client.Order
	ID         int64 // 0 before it is stored
	Profile    string
	Gateway    string
	Refunded   client.Money // Σ success; kept by the store from the refunds
	Reserved   client.Money // Σ open; kept by the store
	OpenRefund string       // number of the open refund; kept by the store
	OpenStatus client.RefundStatus
	Source     string    // how it entered: lookup import statement callback refund demo
	HistoryAt  time.Time // when its refunds at the gateway were last fully known (I4)
	UpdatedAt  time.Time
}

// Refundable is paid − refunded − reserved; zero unless the order is paid.
func (o Order) Refundable() client.Money {
	if o.Status != client.OrderPaid {
		return o.Amount.Zero()
	}
	rest := o.Amount
	rest.Minor -= o.Refunded.Minor + o.Reserved.Minor
	rest.Minor = max(rest.Minor, 0)
	return rest
}

// Last is the last thing a gateway said about a record.
type Last struct {
	Code     string
	Message  string
	Verified bool
	At       time.Time
}

// Refund is one intent, or a refund that was discovered at the gateway.
type Refund struct {
	client.Refund
	ID            int64
	OrderID       int64
	Profile       string
	Gateway       string
	Merchant      string // account number at the gateway
	Attempt       int    // counts from 1 (I3); 0: a foreign refund under a number that is not ours
	Reason        string
	Note          string
	Agent         string
	PlanHash      string // what was consented to (I12), hex SHA-256
	Foreign       bool   // made elsewhere, discovered by a query (I4)
	NoRecord      bool   // refused without a record at the gateway: the number may serve again
	Refused       bool   // the gateway answered the send with a refusal
	Alert         string // "", or a word: reversed conflict signature echo word timer
	CreatedAt     time.Time
	ConfirmedAt   time.Time // the consent, or its renewal after a restart
	HeldUntil     time.Time // end of the undo window; zero: none
	SentAt        time.Time // first time anything may have left
	LastSentAt    time.Time
	Sends         int
	Checks        int
	NotFound      int // "not known" answers in a row since the last send
	NotFoundSince time.Time
	NextCheckAt   time.Time // zero: nothing is due
	Last          Last
	UpdatedAt     time.Time
}

// Token is a saved card as last seen, with the state of its unbinding.
type Token struct {
	client.Token
	ID      int64
	Profile string
	Gateway string
	SeenAt  time.Time
}

// UnbindStatus is the state of one request to unbind a card.
type UnbindStatus string

// The unbind states.
const (
	UnbindIntent  UnbindStatus = "intent"
	UnbindSending UnbindStatus = "sending"
	UnbindUnknown UnbindStatus = "unknown"
	UnbindDone    UnbindStatus = "done"
	UnbindFailed  UnbindStatus = "failed"
)

// Open reports whether the unbinding must still be settled.
func (s UnbindStatus) Open() bool {
	return s == UnbindIntent || s == UnbindSending || s == UnbindUnknown
}

// Unbind is one decision to unbind a saved card; at most one per token is open.
type Unbind struct {
	ID          int64
	Profile     string
	Gateway     string
	Token       string
	UserID      string
	Reason      string
	Agent       string
	Status      UnbindStatus
	CreatedAt   time.Time
	SettledAt   time.Time
	Checks      int
	NextCheckAt time.Time
	Last        Last
}

// Evidence is one exchange with a gateway, kept for a limited time.
type Evidence struct {
	client.Exchange
	ID      int64
	Profile string
	Subject string // the order, refund or token number it is about
}

// Page asks for a window of a sorted list.
type Page struct {
	Query query.Query
	// Anchor is the ID of the row next to which the window lies; 0 is the edge
	// of the list: its start, or with Back its end.
	Anchor  int64
	Back    bool // the rows before the anchor, still in list order
	Include bool // the anchor's own row belongs to the window
	Limit   int  // rows; required
	// Profiles restricts to these; empty means all.
	Profiles []string
}

// Due names something to ask a gateway about.
type Due struct {
	Profile string
	Kind    string // DueRefund, DueUnbind or DueNotice
	No      string // refund number, token, or a notice's digest
	Status  client.RefundStatus
	At      time.Time
	Since   time.Time // when it was sent, or created
	Checks  int
}

// The kinds of Due.
const (
	DueRefund = "refund"
	DueUnbind = "unbind"
	DueNotice = "notice"
)

// Counters are the figures that are always on screen.
type Counters struct {
	Orders  int64
	Pending int64 // held, intent, sending and pending refunds
	Unknown int64
	Alerts  int64
}

// Reader reads; it never waits for a writer (I14).
type Reader interface {
	// Order finds by the merchant's, the gateway's or the channel's number,
	// without regard to case. profile "" searches all. Errors: ErrNotFound,
	// ErrAmbiguous.
	Order(ctx context.Context, profile, no string) (Order, error)
	Orders(ctx context.Context, page Page) ([]Order, error)
	// CountOrders counts up to limit matches; exact is false when there are
	// more.
	CountOrders(ctx context.Context, page Page, limit int64) (n int64, exact bool, err error)
	// Refund finds by the merchant's or the gateway's refund number; of several
	// intents that used one number after another, the newest.
	Refund(ctx context.Context, profile, no string) (Refund, error)
	// Refunds without a sort lists the oldest worry first: unknown, alerts,
	// open by age, then settled, newest first.
	Refunds(ctx context.Context, page Page) ([]Refund, error)
	CountRefunds(ctx context.Context, page Page, limit int64) (n int64, exact bool, err error)
	RefundsOf(ctx context.Context, orderID int64) ([]Refund, error)
	// Tokens lists a user's cards; user "" with a page lists the users seen
	// last first.
	Tokens(ctx context.Context, profile, user string) ([]Token, error)
	// TokenUsers lists users with cards in the ledger whose ID contains part.
	TokenUsers(ctx context.Context, profile, part string, limit int) ([]string, error)
	Token(ctx context.Context, profile, token string) (Token, error)
	// OpenUnbinds lists the unbindings that must still be settled.
	OpenUnbinds(ctx context.Context, profile string) ([]Unbind, error)
	// OpenRefunds lists the refunds whose state is open, oldest first.
	OpenRefunds(ctx context.Context, profile string) ([]Refund, error)
	// Events reads the journal, newest first; before 0 starts at the end.
	// subject "" reads all. Words of text must all occur in a line.
	Events(ctx context.Context, filter EventFilter) ([]Event, error)
	// Journal walks the whole chain, oldest first.
	Journal(ctx context.Context) iter.Seq2[Event, error]
	EvidenceOf(ctx context.Context, profile, subject string) ([]Evidence, error)
	// Notice finds a callback by its digest; ErrNotFound.
	Notice(ctx context.Context, profile, digest string) (Notice, error)
	// InboxOf lists the callbacks about one number, oldest first. profile "" means
	// all.
	InboxOf(ctx context.Context, profile, subject string) ([]Notice, error)
	// Inbox lists callbacks, newest first.
	Inbox(ctx context.Context, filter InboxFilter) ([]Notice, error)
	// Bookmark is where a long reading of a profile goes on; ErrNotFound when
	// there is none.
	Bookmark(ctx context.Context, profile, name string) (place string, err error)
	// Due lists what is due at or before a time, earliest first; profile ""
	// means all. A notice is due when the question that follows from it is.
	Due(ctx context.Context, profile string, before time.Time, limit int) ([]Due, error)
	// NextDue is the earliest time after which something is due; ok is false
	// when nothing ever is.
	NextDue(ctx context.Context) (at time.Time, ok bool, err error)
	Counters(ctx context.Context, profiles []string) (Counters, error)
}

// EventFilter selects journal lines.
type EventFilter struct {
	Before   int64 // sequence number; 0: from the end
	After    int64 // sequence number; 0: no lower bound
	Profiles []string
	Subject  string
	Kind     string
	Text     string
	Limit    int
}

// Tx is one decision. All its reads see its own writes, and nobody else's
// until it ends.
type Tx interface {
	Order(profile, no string) (Order, error)
	OrderByID(id int64) (Order, error)
	Refund(profile, no string) (Refund, error)
	RefundsOf(orderID int64) ([]Refund, error)
	Token(profile, token string) (Token, error)
	OpenUnbind(profile, token string) (Unbind, error)
	// RefundedSince sums an agent's or, with agent "", everybody's intents of
	// one profile and currency created at or after a time, in every state that
	// reserved or moved money.
	RefundedSince(profile, agent, currency string, since time.Time) (minor int64, err error)

	// PutOrder inserts or replaces by profile and order number, and returns
	// the row with its ID. The sums over refunds are the store's own.
	PutOrder(o Order) (Order, error)
	// InsertRefund adds an intent. Errors: ErrOpen; ErrExists when the number
	// is held by another row of the gateway and merchant that is neither
	// cancelled nor without a record (NoRecord).
	InsertRefund(r Refund) (Refund, error)
	// UpdateRefund replaces the row with r.ID and brings the order's sums up
	// to date.
	UpdateRefund(r Refund) error
	PutToken(t Token) (Token, error)
	// InsertUnbind adds a decision; ErrOpen when the token has an open one.
	InsertUnbind(u Unbind) (Unbind, error)
	UpdateUnbind(u Unbind) error
	PutEvidence(e Evidence) error
	// PutNotice keeps a callback. One whose digest the profile has already is only
	// counted: fresh is false and stored is the first one with its count. Of those
	// that are not verified only the newest MostDoubtful of a profile are kept.
	PutNotice(n Notice) (stored Notice, fresh bool, err error)
	// UpdateNotice replaces what follows from the notice with n.ID: Subject,
	// Orphan, Checks and NextCheckAt. What came stays as it came.
	UpdateNotice(n Notice) error
	// PutBookmark keeps where a long reading goes on; place "" forgets it.
	PutBookmark(profile, name, place string) error
	// Append seals an event onto the chain.
	Append(e Event) (Event, error)
}

// Store is a ledger. It is safe for concurrent use.
type Store interface {
	Reader
	// Update runs one decision in a write transaction that is durable when it
	// returns nil. fn may run once only and must not call the store. Errors:
	// fn's own, ErrBusy, ErrReadOnly.
	Update(ctx context.Context, fn func(Tx) error) error
	// Version changes whenever any process has committed; it is cheap.
	Version(ctx context.Context) (int64, error)
	// Health says whether the store can be written, and if not, why.
	Health() Health
	Close() error
}

// Reserve is a store that holds room on its disk back for what must not be lost.
type Reserve interface {
	// FreeReserve gives the room back; false when there was none left.
	FreeReserve() bool
}

// Health is the state of a store.
type Health struct {
	Writable bool
	Reason   string // for people, when not writable
	Path     string
}
