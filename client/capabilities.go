package client

import "time"

// Capability says whether a gateway can do a thing, and if not, why, in words
// fit for the screen.
type Capability struct {
	OK     bool
	Reason string
}

// Can is a capability that is there.
func Can() Capability { return Capability{OK: true} }

// Cannot is one that is missing, with the reason.
func Cannot(reason string) Capability { return Capability{Reason: reason} }

// Capabilities is what one gateway can do. Screens and verbs are driven by it.
type Capabilities struct {
	QueryOrder       Capability
	QueryByGatewayNo Capability // look-up by the gateway's own order number
	ListOrders       Capability
	Statement        Capability
	CreateOrder      Capability
	CloseOrder       Capability // OrderCloser
	ChargeToken      Capability
	Refund           Capability
	PartialRefund    Capability
	QueryRefund      Capability
	ListTokens       Capability
	RemoveToken      Capability
	Balance          Capability    // Balances
	RefundWindow     time.Duration // warn beyond it
	RefundHardLimit  time.Duration // refuse beyond it; 0: never
	MaxReason        int           // characters; 0: no limit known
	OneRefundAtATime bool
	UnsignedRefusals bool // failing answers may come without a signature
	// UnsignedAnswers says that no answer of this gateway carries a signature:
	// TLS to the checked host is all that vouches for them, and Exchange.Verified
	// is never set. A queried answer without an error is then the gateway's word.
	UnsignedAnswers bool
	// ClosedMayHaveMoved says that RefundClosed is set by a timer of the gateway,
	// not by the channel: the money may have moved all the same (easylink: section
	// 7.3). A person must look before the order is refunded again.
	ClosedMayHaveMoved bool
	// OrderNosRepeat says that several payments may carry one number of the
	// merchant's, those to a static code for example (paycools: section 8).
	OrderNosRepeat      bool
	NotFoundMayBeEarly  bool // "not known" may be said of a request still under way
	RequestsPerSecond   int  // budget per account
	Burst               int
	RefundNumberMaxSize int
	Pace                Pace
}

// Pace is when to ask a gateway again about a refund.
type Pace struct {
	// ResendAfter lists how long after the first "not known" each further look
	// is due; once all of them said "not known", the same number may be sent
	// again. The first entry is 0.
	ResendAfter []time.Duration
	// FreeAfter is the same for a refused number that left no record: once all
	// looks said "not known", the number may serve a new intent (I3).
	FreeAfter []time.Duration
	// Poll lists, by the age of a refund, how often to look; the last step
	// serves every greater age.
	Poll []PollStep
	// Watch is for how long, and how often, a success is still looked at (I10).
	Watch, WatchEvery time.Duration
}

// PollStep is one step of a poll plan.
type PollStep struct {
	Until time.Duration // age since the refund was sent; 0 in the last step: for ever
	Every time.Duration
}

// DefaultPace is the plan of reliability section 6, with the resend rule of
// payermax section 8.4 and the numbers of I3 and I10. speed divides every
// delay; it is 1 except against a sandbox that runs faster than life.
func DefaultPace(speed int) Pace {
	d := func(t time.Duration) time.Duration { return max(t/time.Duration(max(speed, 1)), 200*time.Millisecond) }
	return Pace{
		ResendAfter: []time.Duration{0, d(time.Minute), d(5 * time.Minute)},
		FreeAfter:   []time.Duration{0, d(5 * time.Minute), d(10 * time.Minute)},
		Poll: []PollStep{
			{Until: d(time.Minute), Every: d(10 * time.Second)},
			{Until: d(10 * time.Minute), Every: d(30 * time.Second)},
			{Until: d(time.Hour), Every: d(2 * time.Minute)},
			{Until: d(24 * time.Hour), Every: d(15 * time.Minute)},
			{Until: d(7 * 24 * time.Hour), Every: d(2 * time.Hour)},
			{Every: d(12 * time.Hour)},
		},
		Watch:      30 * 24 * time.Hour,
		WatchEvery: d(24 * time.Hour),
	}
}
