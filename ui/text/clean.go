package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const (
	hiddenMark   = '·'      // stands alone for an invisible character
	traceMark    = '\u0332' // line below: something invisible hung on this letter
	dottedCircle = '◌'      // carries a combining mark that has no letter
	maxMarks     = 8        // combining marks per grapheme (S2)
	maxLetters   = 6        // letters joined into one grapheme, as Indic scripts do
)

// cleaner collects cleaned graphemes.
type cleaner struct {
	out     []byte
	last    int  // where the last grapheme starts in out
	changed bool // the last grapheme is not what came in
	count   int
}

// add cleans one grapheme cluster and appends it. It keeps two neighbours from
// growing together that were apart before, so that the count is kept.
func (c *cleaner) add(cluster string) {
	piece := cleanCluster(cluster)
	changed := piece != cluster
	if c.count > 0 && (changed || c.changed) && joins(string(c.out[c.last:]), piece) {
		base, _ := utf8.DecodeRune(c.out[c.last:])
		c.out = append(c.out[:c.last], string(base)+string(traceMark)...)
		if joins(string(c.out[c.last:]), piece) {
			piece = string(hiddenMark)
		}
	}
	c.last, c.changed = len(c.out), changed
	c.out = append(c.out, piece...)
	c.count++
}

// cleanCluster makes one grapheme cluster safe, as one grapheme of at least
// one cell.
func cleanCluster(cluster string) string {
	first, size := utf8.DecodeRuneInString(cluster)
	if size == len(cluster) && first < utf8.RuneSelf {
		return string(single(first))
	}
	if cluster == "\r\n" {
		return "␤"
	}
	piece := string(single(first))
	if size < len(cluster) || unicode.Is(unicode.M, first) || regional(first) {
		piece = reduce(cluster)
	}
	if whole(piece) {
		return piece
	}
	if base := single(first); !unicode.Is(unicode.M, base) {
		if piece = string(base) + string(traceMark); whole(piece) {
			return piece
		}
	}
	return string(hiddenMark)
}

// single maps one rune that stands alone.
func single(r rune) rune {
	switch {
	case r < 0x20:
		return '␀' + r
	case r == 0x7f:
		return '␡'
	case r >= 0x80 && r < 0xa0:
		return '␦'
	case invisible(r):
		return hiddenMark
	default:
		return r
	}
}

// reduce rebuilds a cluster of several runes from its visible ones. Where
// something invisible was left out, a line below tells of it.
func reduce(cluster string) string {
	runes := based([]rune(cluster))
	base := runes[0]
	picture := symbol(base) && !regional(base)
	kept, marks, letters, traced := []rune{base}, 0, 0, false
	for i, r := range runes[1:] {
		switch {
		case picture && (skinTone(r) || (i == 0 && presentation(r))):
			// Only says how to draw the picture; it changes the width in some
			// terminals.
		case invisible(r), skinTone(r):
			traced = true
		case unicode.Is(unicode.M, r):
			marks++
			kept = append(kept, r)
		case picture, letters == maxLetters:
			traced = true
		default:
			letters++
			kept = append(kept, r)
		}
	}
	if marks > maxMarks || traced {
		kept = append(trimMarks(kept, maxMarks-1), traceMark)
	}
	return string(kept)
}

// based gives a cluster a first rune that is visible and carries the rest.
func based(runes []rune) []rune {
	if len(runes) > 1 && invisible(runes[0]) && !invisible(runes[1]) && !unicode.Is(unicode.M, runes[1]) {
		// A sign that wraps what follows, such as U+0600: it would make the
		// digit after it count no cell. It counts as hidden behind that digit.
		runes[0], runes[1] = runes[1], runes[0]
	}
	switch first := runes[0]; {
	case regional(first) && (len(runes) < 2 || !regional(runes[1])):
		// Half a flag is two cells wide in one table and one in the other.
		runes[0] = 'A' + first - 0x1f1e6
	case unicode.Is(unicode.M, first):
		return append([]rune{dottedCircle}, runes...)
	default:
		runes[0] = single(first)
	}
	return runes
}

// trimMarks removes combining marks beyond the limit.
func trimMarks(runes []rune, limit int) []rune {
	kept, marks := runes[:1], 0
	for _, r := range runes[1:] {
		if unicode.Is(unicode.M, r) {
			if marks == limit {
				continue
			}
			marks++
		}
		kept = append(kept, r)
	}
	return kept
}

// whole reports whether s is one visible grapheme that does not grow together
// with a letter on either side.
func whole(s string) bool {
	cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	return len(cluster) == len(s) && width > 0 && !joins("x", s) && !joins(s, "x")
}

// joins reports whether the cluster a swallows the start of b.
func joins(a, b string) bool {
	cluster, _ := ansi.FirstGraphemeCluster(a+b, ansi.GraphemeWidth)
	return len(cluster) != len(a)
}

// invisible reports whether r is a control or format character, one that is
// ignored when drawn, or one that Unicode promises never to assign.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point) ||
		(r >= 0xe0000 && r <= 0xe0fff)
}

// regional reports whether r is half a flag.
func regional(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

// presentation reports whether r says to draw a picture in colour or not.
func presentation(r rune) bool { return r == 0xfe0e || r == 0xfe0f }

// skinTone reports whether r colours the picture before it.
func skinTone(r rune) bool { return r >= 0x1f3fb && r <= 0x1f3ff }

// symbol reports whether r can be the start of an emoji sequence.
func symbol(r rune) bool {
	return unicode.In(r, unicode.So, unicode.Sm) || strings.ContainsRune("0123456789#*‼⁉〰", r)
}
