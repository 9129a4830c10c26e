// Package protocol owns the border between the sandbox's machinery and the
// protocol of one gateway: what a call, an answer and a callback are on both
// sides of it. It holds plain data and no gateway's rule.
package protocol

import (
	"hash/fnv"
	"net/http"
	"strconv"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/fault"
)

// Face is one gateway as the sandbox plays it.
type Face struct {
	Gateway  string // name in the configuration: "payermax"
	Base     string // path of the base URL, without a slash at its end
	Profile  string // name of the profile in the configuration
	Brand    string // empty: the gateway has none
	Merchant string // merchant number that the gateway knows
	AppID    string // application that it knows
	Keys     []Key  // test keys of both sides
	// Schedule is the waiting time before each attempt of a callback, before
	// it is divided by the speed.
	Schedule []time.Duration
	// Patience is how long a receiver of callbacks may take to answer; 0 where
	// the gateway publishes no limit.
	Patience time.Duration
	Decimals client.Decimals
	Numbers  Numbers
	Switches *Switches
	Protocol Protocol
	// Attempts is how often a callback is tried; nil: once for each entry of
	// Schedule, whose last entry is the gap before all further ones.
	Attempts func() int
	// Unsigned says that answers carry no signature, so that no fault can spoil
	// one; callbacks are signed all the same.
	Unsigned bool
	// Home is what an order made by hand has where it says nothing else.
	Home Home
	// Settings are the lines of the table [profile.<gateway>] of the
	// configuration, in order; the values are text.
	Settings []Setting
}

// Home is the currency, country and method of a gateway's usual order.
type Home struct{ Currency, Country, Method string }

// Setting is one line of a profile's own table.
type Setting struct{ Name, Value string }

// Wait is the waiting time before an attempt of a callback, counted from 0,
// before it is divided by the speed; ok is false when there is no further one.
func (f Face) Wait(attempt int) (gap time.Duration, ok bool) {
	most := len(f.Schedule)
	if f.Attempts != nil {
		most = f.Attempts()
	}
	if attempt >= most || len(f.Schedule) == 0 {
		return 0, false
	}
	return f.Schedule[min(attempt, len(f.Schedule)-1)], true
}

// Key is one key file.
type Key struct {
	File string // name inside the gateway's folder
	Text []byte
}

// Numbers makes identifiers the way the gateway writes them, from a time and a
// serial number.
type Numbers struct {
	GatewayOrder, GatewayRefund, InternalOrder, Channel, Token func(at time.Time, serial uint64) string
}

// Protocol speaks one gateway's language. It is safe for concurrent use.
type Protocol interface {
	// Route names the operation of a path; ok is false for a path that the
	// gateway does not have.
	Route(path string) (operation string, ok bool)
	// Decide checks a call and, when it is accepted, commits it to the book
	// before it returns.
	Decide(req Request) Reply
	// Callback writes and signs one callback. The same notice gives the same
	// bytes each time. ErrSilent says that the gateway sends none for it.
	Callback(n book.Notice, spoil Spoil, age time.Duration) (Message, error)
	// Acknowledged reads the receiver's answer.
	Acknowledged(status int, body []byte) bool
}

// Request is one call.
type Request struct {
	Operation string
	Method    string
	Path      string // as it came
	Query     string // as it came, without the question mark
	Header    http.Header
	Body      []byte
	Now       time.Time // the gateway's clock
	Host      time.Time // the host's clock, for due times
	Pace      Pace
	// Strikes asks whether a fault of this kind strikes the decision; it is
	// asked only when the call is being accepted.
	Strikes func(fault.Kind) bool
	// PageURL is the address of the payment page of an order.
	PageURL func(gatewayOrderNo string) string
}

// Reply is a decision that was made.
type Reply struct {
	Code     string // the gateway's result code
	Accepted bool
	// Bare says that nothing in the answer is signed or echoed, so that there is
	// nothing to spoil: faults wait for one where there is.
	Bare bool
	// Render writes the answer, spoilt as asked.
	Render func(Spoil) (Message, error)
}

// Message is an answer or a callback as it goes out.
type Message struct {
	Status int // of an answer
	Header http.Header
	Body   []byte
	// URL is where a callback goes that does not go where its notice says; empty
	// otherwise.
	URL string
}

// Spoil is the set of ways in which a message is spoilt.
type Spoil uint16

// The ways to spoil a message.
const (
	BadSign       Spoil = 1 << iota // signature of the right key over other bytes
	NoSign                          // no signature
	OtherKey                        // another key's signature
	WrongEcho                       // right signature, other number or amount
	EditAfter                       // amount edited after signing
	OtherMerchant                   // right signature, another merchant's account
	DoubleSign                      // two signatures, one of them right
	OddCase                         // right signature, member names in odd case
)

// Has reports whether a way is in the set.
func (s Spoil) Has(way Spoil) bool { return s&way != 0 }

// Spoiler says which fault spoils a message in which way.
type Spoiler struct {
	Kind  fault.Kind
	Spoil Spoil
}

// Spoilers lists the faults that spoil a message, in the order in which they
// are asked for.
func Spoilers() []Spoiler {
	return []Spoiler{{fault.BadSign, BadSign}, {fault.NoSign, NoSign}, {fault.OtherKey, OtherKey}, {fault.WrongEcho, WrongEcho}}
}

// Pace says how fast things happen.
type Pace struct {
	Seed  uint64
	Speed int // divides every waiting time; at least 1
}

// Scale divides a waiting time by the speed.
func (p Pace) Scale(d time.Duration) time.Duration { return d / time.Duration(max(p.Speed, 1)) }

// Between is a waiting time from least to most, divided by the speed. It
// depends on the seed and the key only, not on what else happens.
func (p Pace) Between(least, most time.Duration, key string) time.Duration {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(strconv.FormatUint(p.Seed, 10) + "|" + key)) // never fails
	// The upper bits of this sum are well mixed, the lower ones less so.
	spread := (sum.Sum64() >> 16) % uint64(most-least+1)
	return p.Scale(least + time.Duration(spread))
}
