package story

import (
	"cmp"
	"strings"
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/text"
)

// Card names a card or wallet, short: "VISA ·4242", "GCash". The card's last
// four digits are told, never more (S16).
func Card(brand, method, card string) text.Safe {
	name := text.Clean(short(shortBrand(cmp.Or(brand, method))))
	tail := Tail(card)
	if tail == "" {
		return name
	}
	return text.Join(text.Spaces(1), text.Truncate(name, 10), text.Clean("·"+tail))
}

// Tail is the last four digits of a masked card, "" when there are none.
func Tail(card string) string { return strings.TrimLeft(client.LastFour(card), "·") }

// shortBrand shortens the long names, so that the card's digits stay in sight.
func shortBrand(name string) string {
	switch strings.ToUpper(name) {
	case "MASTERCARD":
		return "MC"
	case "AMERICAN EXPRESS", "AMERICANEXPRESS":
		return "AMEX"
	case "UNIONPAY":
		return "CUP"
	default:
		return name
	}
}

// NextChange is when Next of a refund reads differently; zero when it stays.
func NextChange(r ledger.Refund, now time.Time) time.Time {
	due := r.NextCheckAt
	if r.Status == client.RefundHeld {
		due = r.HeldUntil
	}
	if due.IsZero() || r.Alert == alertConfirm || !due.After(now) {
		return time.Time{}
	}
	return now.Add(untilShorter(due.Sub(now)))
}

// NextShorter is when the time left until due, told in its largest unit, reads
// differently; zero when it is over.
func NextShorter(due, now time.Time) time.Time {
	if !due.After(now) {
		return time.Time{}
	}
	return now.Add(untilShorter(due.Sub(now)))
}

// untilShorter is how long until a remaining time, told in its largest unit,
// reads differently.
func untilShorter(left time.Duration) time.Duration {
	switch {
	case left < time.Minute+time.Second:
		return time.Second
	case left < time.Hour:
		return left%time.Minute + time.Second
	default:
		return left%time.Hour + time.Second
	}
}

// AgeChange is when an age, told in its largest unit, reads differently; zero
// when there is no age.
func AgeChange(since, now time.Time) time.Time {
	if since.IsZero() {
		return time.Time{}
	}
	switch age := max(now.Sub(since), 0); {
	case age < time.Minute:
		return now.Add(time.Second)
	case age < time.Hour:
		return now.Add(time.Minute - age%time.Minute)
	default:
		return now.Add(time.Hour - age%time.Hour)
	}
}

// Sooner is the earlier of two times, where zero means never.
func Sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
