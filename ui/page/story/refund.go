package story

import (
	"time"

	"paydesk/client"
	"paydesk/state/ledger"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// The alerts that change what may be said of a refund.
const (
	alertConfirm = "confirm" // an intent that waits for its renewed consent
	alertWord    = "word"    // a state that this version does not know
	alertTimer   = "timer"   // closed by a timer, not by the channel (easylink: section 7.3)
)

// Standing explains where one refund is: what happened, what is being done
// about it, and what the agent may tell the customer. Empty parts have nothing
// to say.
type Standing struct {
	Happened text.Safe
	Doing    text.Safe
	Tell     text.Safe
	Tone     style.Tone
}

// Alert is the word of an alert for people, at most twelve cells; empty when
// there is none.
func Alert(alert string) text.Safe {
	switch alert {
	case "":
		return text.Safe{}
	case alertConfirm:
		return text.Literal("confirm it")
	case "reversed":
		return text.Literal("came back")
	case "conflict":
		return text.Literal("contradicted")
	case "signature":
		return text.Literal("bad sign")
	case "wrong-echo", "echo":
		return text.Literal("wrong answer")
	case alertWord:
		return text.Literal("unknown word")
	case alertTimer:
		return text.Literal("look first")
	default:
		return text.Clean(alert)
	}
}

// Next says when a refund is looked at again: "next look in 12 s", or why not.
func Next(r ledger.Refund, now time.Time) text.Safe {
	words := Countdown(r, now)
	if r.Status == client.RefundHeld || r.Alert == alertConfirm || !r.NextCheckAt.After(now) {
		return words
	}
	return text.Concat(text.Literal("next look "), words)
}

// Countdown is Next without its first words, for a narrow column: "in 12 s".
func Countdown(r ledger.Refund, now time.Time) text.Safe {
	due := r.NextCheckAt
	switch {
	case r.Status == client.RefundHeld && r.HeldUntil.Sub(now) < time.Second:
		return text.Literal("being sent")
	case r.Status == client.RefundHeld:
		return text.Concat(text.Literal("sent "), text.In(r.HeldUntil.Sub(now)))
	case r.Alert == alertConfirm:
		return text.Literal("needs you")
	case due.IsZero():
		return text.Safe{}
	case due.Sub(now) < time.Second:
		return text.Literal("asking now")
	}
	return text.In(due.Sub(now))
}

// Stand explains a refund.
func Stand(r ledger.Refund, now time.Time, loc *time.Location) Standing {
	s := stand(r, now, loc)
	if words := alerted(r); !words.Empty() {
		s.Happened, s.Tone = text.Join(text.Spaces(1), words, s.Happened), style.Danger
	}
	return s
}

func stand(r ledger.Refund, now time.Time, loc *time.Location) Standing {
	l := text.Literal
	switch r.Status {
	case client.RefundHeld:
		return Standing{
			Happened: text.Concat(l("Decided, and held until "), text.TimeOfDay(r.HeldUntil, loc), l(". Nothing has been sent.")),
			Doing:    l("It is sent by itself when the time is over. Until then it can be taken back."),
			Tell:     l("The refund is entered."), Tone: style.Accent,
		}
	case client.RefundIntent:
		return intent(r)
	case client.RefundSending:
		return Standing{
			Happened: l("It is being sent, or may have been; there is no answer yet."),
			Doing:    l("If no answer comes, the gateway is asked about its number by itself."),
			Tell:     l("The refund is being processed."), Tone: style.Pending,
		}
	case client.RefundPending:
		return Standing{
			Happened: text.Concat(l("The gateway accepted it"), since(r.SentAt, now), l(".")),
			Doing:    l("The gateway is asked again and again until it is settled."),
			Tell:     l("The refund is on its way. Banks can take several days to show it."), Tone: style.Pending,
		}
	case client.RefundUnknown:
		return unknown(r)
	default:
		return settled(r, loc)
	}
}

func intent(r ledger.Refund) Standing {
	l := text.Literal
	if r.Alert == alertConfirm {
		return Standing{
			Happened: l("Decided, surely not sent, and its confirmation is older than 15 minutes."),
			Doing:    l("It waits for you: confirm it once more, or take it back."),
			Tell:     l("The refund is entered, but not on its way yet."), Tone: style.Warning,
		}
	}
	s := Standing{
		Happened: l("Decided, and surely not sent yet."),
		Doing:    l("It is sent as soon as the gateway can be reached."),
		Tell:     l("The refund is entered."), Tone: style.Pending,
	}
	if r.Sends > 0 {
		s.Happened = l("Sending did not get through: nothing has left this desk.")
		s.Doing = l("It is tried again by itself, under the same number.")
	}
	return s
}

func unknown(r ledger.Refund) Standing {
	l := text.Literal
	s := Standing{
		Happened: l("It was sent, but no believable answer came back. The money may or may not have moved."),
		Doing: text.Concat(l("The gateway is asked about number "), text.TruncateMiddle(text.Clean(r.RefundNo), 13),
			l(" until it says what became of it. Only if it surely does not know the number is the same number sent again, so nothing can be paid twice.")),
		Tell: l("The refund is being processed; its outcome will be known soon. Do not promise a time, and do not refund by another way."),
		Tone: style.Unknown,
	}
	switch {
	case r.Refused:
		s.Happened = l("The gateway refused it, but has not proven yet that it holds no record of it.")
	case Recorded(r):
		s.Happened = l("The gateway holds a record, but has not told the channel or does not know whether the money moves.")
		s.Doing = l("The gateway is asked again until it says what became of it. While it holds a record, nothing is sent again.")
	case r.Alert == alertWord && r.NotFound == 0:
		s.Happened = l("The gateway holds a record of it. The money may or may not have moved.")
		s.Doing = l("The gateway is asked again until it says something that is known. While it holds a record, nothing is sent again.")
	}
	return s
}

// Recorded reports whether the outcome of a refund is unknown although no answer
// was lost: the gateway was heard, holds a record, and leaves open whether the
// money moves (easylink: section 7.3, state 0).
func Recorded(r ledger.Refund) bool {
	return r.Status == client.RefundUnknown && r.Alert == "" && !r.Refused && r.NotFound == 0 && r.Last.Verified
}

func settled(r ledger.Refund, loc *time.Location) Standing {
	l := text.Literal
	at := text.Safe{}
	if !r.SettledAt.IsZero() {
		at = text.Concat(l(" on "), text.Stamp(r.SettledAt, loc))
	}
	code := text.Safe{}
	if r.FailCode != "" {
		code = text.Concat(l(" The gateway's reason: "), text.Clean(r.FailCode), l("."))
	}
	switch r.Status {
	case client.RefundSuccess:
		return Standing{
			Happened: text.Concat(l("Refunded"), at, l(".")),
			Doing:    l("It is looked at for 30 days, because a bank can still return it."),
			Tell:     l("The money was sent back. It shows when the bank books it."), Tone: style.Success,
		}
	case client.RefundFailed:
		s := Standing{
			Happened: text.Concat(l("The gateway refused it"), at, l(": no money moved."), code),
			Tell:     l("The refund did not go through; it can be made again."), Tone: style.Danger,
		}
		if r.Refused && !r.NoRecord && !r.NextCheckAt.IsZero() {
			s.Doing = l("Its number is looked at for some minutes before the order can be refunded again.")
		}
		return s
	case client.RefundClosed:
		return closed(r, at, code)
	case client.RefundCancelled:
		return Standing{Happened: text.Concat(l("Taken back"), at, l(". Nothing was sent.")), Tone: style.Muted}
	case client.RefundReversed:
		return Standing{
			Happened: text.Concat(l("It had succeeded and then failed: the money came back to the merchant."), code),
			Doing:    l("Nothing more happens by itself."),
			Tell:     l("The bank returned the refund. Ask for another way to pay it out."), Tone: style.Danger,
		}
	default:
		return Standing{Happened: text.Concat(l("Its state is "), text.Clean(string(r.Status)), l(".")), Tone: style.Unknown}
	}
}

// closed is a refund that the gateway closed: because it refused it, or by a
// timer, which says nothing about the money (easylink: section 7.3).
func closed(r ledger.Refund, at, code text.Safe) Standing {
	l := text.Literal
	if r.Alert != alertTimer {
		return Standing{
			Happened: text.Concat(l("The gateway closed it"), at, l(": no money moved."), code),
			Tell:     l("The refund did not go through; it can be made again."), Tone: style.Muted,
		}
	}
	return Standing{
		Happened: text.Concat(l("The gateway closed it"), at, l(" by a timer after two hours, not because the channel said no. The money may have moved all the same."), code),
		Doing: text.Concat(l("Nothing more happens by itself. Look for number "), text.TruncateMiddle(text.Clean(r.RefundNo), 13),
			l(" in the gateway's portal, or ask the gateway's support.")),
		Tell: l("Whether the refund went through is being looked into. Do not promise it, and do not pay it out by another way yet."),
		Tone: style.Danger,
	}
}

// alerted explains an alert.
func alerted(r ledger.Refund) text.Safe {
	l := text.Literal
	switch r.Alert {
	case "conflict":
		return l("What the gateway says of this number is not what was sent. Compare both in the evidence, and with the gateway's portal.")
	case "signature":
		return l("An answer came with a missing or wrong signature and was not believed.")
	case "wrong-echo", "echo":
		return l("An answer spoke of another order or amount and was not believed.")
	case alertWord:
		return l("The gateway used a word for its state that this version does not know.")
	case alertTimer:
		return l("A person must look in the gateway's portal before this order is refunded again.")
	default:
		return text.Safe{}
	}
}

// since is " 5 min ago".
func since(t, now time.Time) text.Safe {
	if t.IsZero() {
		return text.Safe{}
	}
	return text.Concat(text.Spaces(1), text.Ago(now.Sub(t)))
}
