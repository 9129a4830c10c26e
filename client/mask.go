package client

import (
	"strings"
	"unicode/utf8"
)

// maskMark stands for the hidden digits of a card number.
const maskMark = "····"

// Card numbers have 13 to 19 digits (ISO/IEC 7812).
const (
	cardMin = 13
	cardMax = 19
)

// MaskCards replaces every card number in text by its last four digits
// ("4111 1111-1111 1111" becomes "····1111"). A card number is a run of 13 to
// 19 digits with a right Luhn check digit; up to two blanks or dashes may stand
// between digits, and digits of other scripts count as well. Where several
// readings of one run are possible, all of them are hidden (S16).
//
// About one in ten long numbers that are no cards is masked too: it is meant
// for free text and evidence, never for the identifiers that paydesk acts on.
func MaskCards(text string) string {
	if !mayHoldCard(text) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		run, next := scanRun(text, i)
		if len(run) == 0 {
			_, size := utf8.DecodeRuneInString(text[i:])
			out.WriteString(text[i : i+size])
			i += size
			continue
		}
		if strings.HasSuffix(text[:i], maskMark) && len(run[0].digits) == 4 {
			// These are the last four of a number that was masked before.
			run = run[1:]
		}
		writeMasked(&out, text, i, next, run)
		i = next
	}
	return out.String()
}

// LastFour shortens a card number, masked or not, to "····" and its last four
// digits; it is empty when the text does not end in four digits.
func LastFour(text string) string {
	var tail []byte
	for rest := strings.TrimSpace(text); rest != "" && len(tail) < 4; {
		r, size := utf8.DecodeLastRuneInString(rest)
		d, ok := digitValue(r)
		if !ok {
			return ""
		}
		tail = append([]byte{'0' + d}, tail...)
		rest = rest[:len(rest)-size]
	}
	if len(tail) < 4 {
		return ""
	}
	return maskMark + string(tail)
}

// group is an unbroken row of digits inside a run: text[from:to].
type group struct {
	from, to int
	digits   []byte // values 0 to 9
}

// mayHoldCard is a cheap first look: fewer than 13 digits hold no card.
func mayHoldCard(text string) bool {
	n := 0
	for _, r := range text {
		if _, ok := digitValue(r); ok {
			n++
		}
	}
	return n >= cardMin
}

// scanRun reads the groups of digits that start at text[from], with one or two
// separators between neighbours, and returns the end of the last group.
func scanRun(text string, from int) (run []group, next int) {
	i := from
	for {
		g := scanGroup(text, i)
		if len(g.digits) == 0 {
			return run, next
		}
		run, next = append(run, splitEscape(text, g)...), g.to
		i = next
		for range 2 {
			r, size := utf8.DecodeRuneInString(text[i:])
			if !isSeparator(r) {
				break
			}
			i += size
		}
		if i == next {
			return run, next
		}
	}
}

func scanGroup(text string, from int) group {
	g := group{from: from, to: from}
	for g.to < len(text) {
		r, size := utf8.DecodeRuneInString(text[g.to:])
		d, ok := digitValue(r)
		if !ok {
			break
		}
		g.digits = append(g.digits, d)
		g.to += size
	}
	return g
}

// splitEscape parts a group whose first digits may be the end of an escape
// before it, as in \u00264111… and %204111…, so that both readings are tried.
func splitEscape(text string, g group) []group {
	for n := 1; n <= 4 && n < len(g.digits) && g.from+n <= len(text); n++ {
		before := text[:g.from+n]
		if isEscape(before, `\u`, 4) || isEscape(before, `\x`, 2) || isEscape(before, "%", 2) {
			return []group{
				{from: g.from, to: g.from + n, digits: g.digits[:n]},
				{from: g.from + n, to: g.to, digits: g.digits[n:]},
			}
		}
	}
	return []group{g}
}

// isEscape reports whether text ends in lead and n hexadecimal digits.
func isEscape(text, lead string, n int) bool {
	if len(text) < len(lead)+n {
		return false
	}
	head, hex := text[:len(text)-n], text[len(text)-n:]
	return strings.HasSuffix(head, lead) && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
}

// writeMasked writes text[from:to] with the card numbers of run hidden. A card
// number starts and ends with a group; overlapping ones are hidden as one.
func writeMasked(out *strings.Builder, text string, from, to int, run []group) {
	hidden := make([]bool, len(run))
	for i := range run {
		var digits []byte
		for j := i; j < len(run); j++ {
			if digits = append(digits, run[j].digits...); len(digits) > cardMax {
				break
			}
			if len(digits) >= cardMin && luhn(digits) {
				for k := i; k <= j; k++ {
					hidden[k] = true
				}
			}
		}
	}
	at := from
	for i := 0; i < len(run); i++ {
		if !hidden[i] {
			continue
		}
		last := i
		for last+1 < len(run) && hidden[last+1] {
			last++
		}
		out.WriteString(text[at:run[i].from])
		writeTail(out, run[i:last+1])
		at, i = run[last].to, last
	}
	out.WriteString(text[at:to])
}

// writeTail writes the mask and the last four digits of the groups.
func writeTail(out *strings.Builder, run []group) {
	var digits []byte
	for _, g := range run {
		digits = append(digits, g.digits...)
	}
	out.WriteString(maskMark)
	for _, d := range digits[len(digits)-4:] {
		out.WriteByte('0' + d)
	}
}

// luhn checks the check digit of ISO/IEC 7812-1.
func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		n := int(d)
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// isSeparator reports whether people put r between the digits of a card.
func isSeparator(r rune) bool {
	switch r {
	case ' ', '-', '\t', '\u00a0', '\u202f', '\u2007', '\u2009', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212', '\u3000', '\u200b', '\u00ad':
		return true
	default:
		return false
	}
}

// digitValue is the value of a decimal digit of the scripts that the
// supported gateways' customers type in.
func digitValue(r rune) (byte, bool) {
	for _, zero := range [...]rune{'0', '\u0660', '\u06f0', '\u0966', '\u09e6', '\u0e50', '\uff10'} {
		if r >= zero && r <= zero+9 {
			return byte(r - zero), true
		}
	}
	return 0, false
}
