package inspector

import (
	"strings"

	"paydesk/client"
	"paydesk/ui/style"
	"paydesk/ui/text"
)

// Plain says in plain words what was found out about a signature.
func Plain(found client.Inspection) text.Safe {
	l := text.Literal
	if found.Valid {
		return l("The signature is right: the holder of the key signed exactly this.")
	}
	reason := strings.TrimSpace(found.Reason)
	fault, isFault := strings.CutPrefix(reason, "signature ")
	what, detail, _ := strings.Cut(fault, ": ")
	switch {
	case reason == "":
		return l("The signature is not right.")
	case reason == "no signature given", isFault && what == "missing":
		return l("There is no signature.")
	case !isFault:
		return text.Concat(l("The signature does not count: "), text.Clean(reason))
	}
	var words text.Safe
	switch {
	case what == "does not match":
		words = l("The signature does not match")
	case what == "more than one":
		words = l("There is more than one signature")
	case what == "wrong length":
		words = l("The signature has the wrong length")
	case strings.HasPrefix(what, "not "):
		words = text.Concat(l("The signature is "), text.Clean(what))
	default:
		return text.Concat(l("The signature does not count: "), text.Clean(fault))
	}
	return text.Join(l(": "), words, text.Clean(detail))
}

// signLabel is the cells before a signature.
const signLabel = 10

// mostSignRows bounds how much of a signature is shown: what comes from outside
// may be of any length.
const mostSignRows = 4

// signature draws the signature that was given, below it the right one where the
// scheme tells it, and marks where they part: by a sign, not by colour alone.
func signature(st *style.Styles, found client.Inspection, inner int) []string {
	room := max(inner-signLabel, 8)
	given, right := text.Clean(found.Sign), text.Clean(found.Expected)
	if found.Sign == "" {
		given = text.Literal("none")
	}
	if right.Empty() && found.Different < 0 {
		return labelled(st, text.Literal("given"), style.Text, cuts(shortened(given, found.Sign, room), room))
	}
	at := -1 // cell of the first difference
	if found.Different >= 0 && found.Different <= len(found.Sign) {
		at = text.Width(text.Clean(found.Sign[:found.Different]))
	}
	givenRows, rightRows := cuts(given, room), cuts(right, room)
	most := max(len(rightRows), at/room+1)
	var lines []string
	for i := range min(max(len(givenRows), len(rightRows), at/room+1), most, mostSignRows) {
		label := func(first text.Safe) text.Safe {
			if i > 0 {
				return text.Safe{}
			}
			return first
		}
		inRow := at >= i*room && at < (i+1)*room
		if i < len(givenRows) {
			lines = append(lines, row(st, label(text.Literal("given")), givenRows[i], at-i*room, inRow))
		}
		if i < len(rightRows) {
			lines = append(lines, row(st, label(text.Literal("expected")), rightRows[i], at-i*room, inRow))
		}
		if inRow {
			lines = append(lines, mark(st, at-i*room, found.Different, room))
		}
	}
	shown := min(most, mostSignRows)
	if len(givenRows) > shown {
		words := text.Concat(text.Literal("… "), text.Number(int64(len(found.Sign))), text.Literal(" bytes in all"))
		if at >= shown*room {
			words = text.Concat(words, text.Literal("; "), differs(found.Different))
		}
		lines = append(lines, st.Paint(style.Faint, text.Concat(text.Spaces(signLabel), words)))
	}
	return lines
}

// shortened cuts a long signature that nothing is compared with in the middle.
func shortened(given text.Safe, raw string, room int) text.Safe {
	const rows = 2
	if text.Width(given) <= rows*room {
		return given
	}
	size := text.Concat(text.Literal("  ("), text.Number(int64(len(raw))), text.Literal(" bytes)"))
	return text.Concat(text.TruncateMiddle(given, rows*room-text.Width(size)), size)
}

// cuts parts a text into rows of so many cells; none for no text.
func cuts(words text.Safe, room int) []text.Safe {
	var rows []text.Safe
	for from := 0; from < text.Width(words); from += room {
		rows = append(rows, text.Cut(words, from, from+room))
	}
	return rows
}

func labelled(st *style.Styles, label text.Safe, tone style.Tone, rows []text.Safe) []string {
	var lines []string
	for _, words := range rows {
		lines = append(lines, st.Paint(style.Muted, text.PadRight(label, signLabel))+st.Paint(tone, words))
		label = text.Safe{}
	}
	return lines
}

// row draws a piece of a signature: what is alike, and from the cell at on what
// is not.
func row(st *style.Styles, label, words text.Safe, at int, parted bool) string {
	head := st.Paint(style.Muted, text.PadRight(label, signLabel))
	if !parted {
		return head + st.Paint(style.Text, words)
	}
	width := text.Width(words)
	return head + st.Paint(style.Text, text.Cut(words, 0, at)) + st.Paint(style.Danger, text.Cut(words, at, width))
}

func differs(byteAt int) text.Safe {
	return text.Concat(text.Literal("differs from byte "), text.Number(int64(byteAt)))
}

// mark points up at the first byte that differs.
func mark(st *style.Styles, at, different, room int) string {
	words := differs(different)
	w := text.Width(words)
	indent := text.Spaces(signLabel)
	switch {
	case at+2+w <= room:
		words = text.Concat(indent, text.Spaces(at), st.Glyph.Caret, text.Spaces(1), words)
	case at >= w+1:
		words = text.Concat(indent, text.Spaces(at-w-1), words, text.Spaces(1), st.Glyph.Caret)
	default:
		words = text.Concat(indent, text.Spaces(at), st.Glyph.Caret)
	}
	return st.Paint(style.Danger, words)
}
