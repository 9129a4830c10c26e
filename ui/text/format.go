package text

import (
	"strconv"
	"strings"
	"time"

	"paydesk/client"
)

// none stands for a value that is not known.
const none = "–"

// Amount renders an amount with grouped thousands and its currency:
// "10,000 IDR", "58.00 HKD". An amount without currency is "–".
func Amount(m client.Money) Safe {
	if m.Currency == "" {
		return Safe{none}
	}
	return Concat(AmountDigits(m), Safe{" "}, Clean(m.Currency))
}

// AmountDigits renders an amount with grouped thousands and no currency.
func AmountDigits(m client.Money) Safe { return Safe{group(m.Major())} }

// Number renders a count with grouped thousands: "1,000,000".
func Number(n int64) Safe { return Safe{group(strconv.FormatInt(n, 10))} }

// group puts a comma between each three digits before the decimal point.
func group(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	whole, frac, dotted := strings.Cut(digits, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if dotted {
		b.WriteByte('.')
		b.WriteString(frac)
	}
	return b.String()
}

// ClockWidth is the number of cells of every Clock text.
const ClockWidth = 12

// Clock renders a time for a narrow column, always ClockWidth cells wide:
// "21 Nov 14:01" in the year of now, "21 Nov  2024" in any other; "–" when t
// is zero. A nil loc is UTC.
func Clock(t, now time.Time, loc *time.Location) Safe {
	if t.IsZero() {
		return PadRight(Safe{none}, ClockWidth)
	}
	t, now = in(t, loc), in(now, loc)
	if t.Year() != now.Year() {
		return PadRight(Safe{t.Format("_2 Jan  2006")}, ClockWidth)
	}
	return Safe{t.Format("_2 Jan 15:04")}
}

// TimeOfDay renders hours, minutes and seconds: "14:01:07".
func TimeOfDay(t time.Time, loc *time.Location) Safe {
	if t.IsZero() {
		return Safe{none}
	}
	return Safe{in(t, loc).Format("15:04:05")}
}

// Stamp renders a time in full, with its offset: "2026-11-21 14:01:07 +08:00".
func Stamp(t time.Time, loc *time.Location) Safe {
	if t.IsZero() {
		return Safe{none}
	}
	return Safe{in(t, loc).Format("2006-01-02 15:04:05 -07:00")}
}

// Day renders a date: "21 Nov 2026".
func Day(t time.Time, loc *time.Location) Safe {
	if t.IsZero() {
		return Safe{none}
	}
	return Safe{in(t, loc).Format("_2 Jan 2006")}
}

func in(t time.Time, loc *time.Location) time.Time {
	if loc == nil {
		loc = time.UTC
	}
	return t.In(loc)
}

// Span renders a length of time in its largest fitting unit, rounded down:
// "0 s", "12 s", "5 min", "3 h", "2 d". A negative length counts as zero.
func Span(d time.Duration) Safe {
	switch {
	case d < time.Minute:
		return unit(max(d, 0)/time.Second, " s")
	case d < time.Hour:
		return unit(d/time.Minute, " min")
	case d < 48*time.Hour:
		return unit(d/time.Hour, " h")
	default:
		return unit(d/(24*time.Hour), " d")
	}
}

func unit(n time.Duration, name string) Safe { return Safe{strconv.FormatInt(int64(n), 10) + name} }

// Ago renders how long ago something was: "just now" below two seconds, then
// "12 s ago".
func Ago(d time.Duration) Safe {
	if d < 2*time.Second {
		return Safe{"just now"}
	}
	return Safe{Span(d).s + " ago"}
}

// In renders how far away something is: "due now", then "in 12 s".
func In(d time.Duration) Safe {
	if d < time.Second {
		return Safe{"due now"}
	}
	return Safe{"in " + Span(d).s}
}
