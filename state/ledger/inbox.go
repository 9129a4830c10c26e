package ledger

import (
	"time"

	"paydesk/client"
)

// MostDoubtful is how many callbacks that are not verified are kept of each
// profile. The journal has the digests of all.
const MostDoubtful = 1000

// Notice is a callback as the inbox keeps it: what came, and how often. Not
// verified ones are evidence and nothing follows from them (I7).
type Notice struct {
	client.Notice
	ID      int64
	Profile string
	// Subject is the number that it is about, as the ledger writes it; "" when it
	// names none.
	Subject     string
	Orphan      bool      // about a number that the ledger did not have when it came
	ReceivedAt  time.Time // first
	LastAt      time.Time // last
	Times       int       // how often it came
	Checks      int       // how often the gateway was asked because of it
	NextCheckAt time.Time // when it is to be asked; zero: nothing more follows
}

// InboxFilter selects callbacks; zero values select all.
type InboxFilter struct {
	Before   int64 // ID; 0: from the newest
	Profiles []string
	Kind     client.NoticeKind
	Doubtful bool // only those that are not verified
	Limit    int  // 0: no limit
}
