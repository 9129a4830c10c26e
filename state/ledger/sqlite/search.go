package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"paydesk/state/ledger"
	"paydesk/state/query"
)

// shortest is the fewest characters that the trigram index can find. Shorter
// words match as the beginning of a number or a user, which are indexed.
const shortest = 3

// shortColumns is where a short word is looked for.
var shortColumns = [...]string{"order_no", "gateway_no", "channel_no", "user_id"}

// entry is what one decision changes in the search index. The entries of a
// decision are written together at its end: every other statement in between
// would make the index flush what it has gathered, which is a hundred times
// slower. This is the one place that writes the index, so that writing it can
// move to the background without touching anything else.
type entry struct {
	id   int64
	old  int64 // seek of the row before the change; 0 when it is new
	text [2]string
}

// index notes an order for the search index; old is 0 for a new one.
func (t *tx) index(id, old int64, o ledger.Order) {
	text := [2]string{searchWords(o), searchTags(o)}
	if at, ok := t.indexed[id]; ok {
		t.entries[at].text = text
		return
	}
	t.indexed[id] = len(t.entries)
	t.entries = append(t.entries, entry{id: id, old: old, text: text})
}

// reindex notes a changed order, if the change concerns the search index.
func (t *tx) reindex(old stored, o ledger.Order) error {
	seek, err := one(t.ctx, t, "index", scanInt, "SELECT seek FROM orders WHERE id = ?", old.ID)
	if err != nil {
		return err
	}
	_, noted := t.indexed[old.ID]
	if noted || old.seek != seek || searchWords(old.Order) != searchWords(o) || searchTags(old.Order) != searchTags(o) {
		t.index(old.ID, old.seek, o)
	}
	return nil
}

// writeIndex writes what the decision changed in the search index: first all
// reads, then all changes, each a plain statement, for the same reason.
func (t *tx) writeIndex() error {
	seeks := make([]int64, len(t.entries))
	for i, e := range t.entries {
		seek, err := one(t.ctx, t, "index", scanInt, "SELECT seek FROM orders WHERE id = ?", e.id)
		if err != nil {
			return err
		}
		seeks[i] = seek
	}
	for _, e := range t.entries {
		if e.old == 0 {
			continue
		}
		if _, err := t.exec("index", "DELETE FROM search WHERE rowid = ?", e.old); err != nil {
			return err
		}
	}
	for i, e := range t.entries {
		if _, err := t.exec("index", "INSERT INTO search (rowid, words, tags) VALUES (?, ?, ?)", seeks[i], e.text[0], e.text[1]); err != nil {
			return err
		}
	}
	return nil
}

// searchWords is what a bare word looks in. The line breaks keep a fragment
// from matching across two values.
func searchWords(o ledger.Order) string {
	return strings.Join([]string{o.OrderNo, o.GatewayOrderNo, o.ChannelNo, o.UserID, cardTail(o.Card), o.Note}, "\n")
}

// wordsSQL is searchWords of a row in SQL, for rows that are found otherwise;
// the card is whole, which differs by its mask only.
const wordsSQL = "lower(o.order_no || char(10) || o.gateway_no || char(10) || o.channel_no || char(10) || o.user_id || char(10) || " +
	"substr(o.card, -4) || char(10) || o.note)"

// searchTags is what the fields method and card brand look in.
func searchTags(o ledger.Order) string { return o.Method + "\n" + o.Brand }

// cardTail is the last four characters of a masked card number.
func cardTail(card string) string {
	for range utf8.RuneCountInString(card) - 4 {
		_, size := utf8.DecodeRuneInString(card)
		card = card[size:]
	}
	return card
}

// phrase is a full-text phrase that matches text wherever it stands.
func phrase(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// matching is the full-text expression for any of the values in one column of
// the index, or "" when one of them is too short for it.
func matching(column string, values []string) string {
	phrases := make([]string, len(values))
	for i, v := range values {
		if utf8.RuneCountInString(v) < shortest {
			return ""
		}
		phrases[i] = phrase(v)
	}
	return fmt.Sprintf("{%s} : (%s)", column, strings.Join(phrases, " OR "))
}

func wordConstraint(t query.Term) constraint {
	words := valueTexts(t.Values)
	c := constraint{
		test:  either(t.Values, func(c *conditions, v query.Value) { wordTest(c, wordsSQL, v.Text) }),
		match: matching("words", words), exact: true,
	}
	short := true
	for _, w := range words {
		short = short && len([]rune(w)) < shortest
	}
	if sql, args := prefixIDs(words); short && sql != "" {
		c.ids.add(sql, args...)
	}
	return c
}

// cardConstraint looks at the end of the masked number.
func cardConstraint(words []string) constraint {
	tails, full := make([]string, len(words)), true
	c := conditions{}
	for i, w := range words {
		tails[i] = strings.TrimLeft(w, "*xX•·. ")
		if tails[i] == "" {
			c.add("0")
			full = false
			continue
		}
		n := len([]rune(tails[i]))
		full = full && n <= 4
		c.add("substr(o.card, ?) = ? COLLATE NOCASE", -n, tails[i])
	}
	out := constraint{}
	out.test.add("("+strings.Join(c.parts, " OR ")+")", c.args...)
	if full {
		out.match = matching("words", tails)
	}
	return out
}

// Limits of sharpen.
const (
	sharpFrom = 6   // characters; a shorter word is sought as it is
	sharpMost = 16  // trigrams of a word that are weighed
	sharpDeep = 200 // matches that are looked at of each
	sharpKept = 3   // trigrams that are used
	sharpNear = 4   // how much more common than the rarest they may be
)

// weight says how rare a trigram is: reach is how far back, in seek, the
// newest few hundred orders with it go.
type weight struct {
	at    int
	gram  string
	reach int64
}

// sharpen replaces the full-text expression of a long word. Most trigrams of a
// whole order number are in every order, and the index would read all of them
// to the end. The few that are rarest among the newest orders find nearly the
// same rows at once, and the test of each row does the rest.
func (s *Store) sharpen(ctx context.Context, word string) (string, error) {
	newest, err := one(ctx, s.reader(), "search", scanInt, "SELECT coalesce(max(seek), 0) FROM orders")
	if err != nil {
		return "", err
	}
	grams := trigrams(word)
	var list []weight
	for i, gram := range grams[max(len(grams)-sharpMost, 0):] {
		seek, err := one(ctx, s.reader(), "search", scanInt, "SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?",
			matching("words", []string{gram}), sharpDeep)
		if errors.Is(err, ledger.ErrNotFound) {
			return matching("words", []string{gram}), nil
		}
		if err != nil {
			return "", err
		}
		list = append(list, weight{at: i, gram: gram, reach: newest - seek})
	}
	var kept []string
	for _, w := range rarest(list) {
		kept = append(kept, phrase(w.gram))
	}
	return "{words} : (" + strings.Join(kept, " AND ") + ")", nil
}

// rarest chooses the trigrams to use. Those that overlap say much the same, so
// others come first.
func rarest(list []weight) (kept []weight) {
	slices.SortStableFunc(list, func(a, b weight) int { return cmp.Compare(b.reach, a.reach) })
	for apart := shortest; apart > 0; apart-- {
		for _, w := range list {
			near := slices.ContainsFunc(kept, func(k weight) bool { return w.at-k.at < apart && k.at-w.at < apart })
			if len(kept) < sharpKept && !near && w.reach >= list[0].reach/sharpNear {
				kept = append(kept, w)
			}
		}
	}
	return kept
}

// trigrams is the different groups of three characters of a word.
func trigrams(word string) (list []string) {
	runes := []rune(lowerASCII(word))
	for i := range len(runes) - shortest + 1 {
		if gram := string(runes[i : i+shortest]); !slices.Contains(list, gram) {
			list = append(list, gram)
		}
	}
	return list
}

// wordTest is the condition that a row holds a word. Letters beyond ASCII are
// left to the index, which folds them; SQLite's lower does not.
func wordTest(c *conditions, haystack, word string) {
	switch n := utf8.RuneCountInString(word); {
	case n < shortest:
		starts := "substr(o.%s, 1, ?) = ? COLLATE NOCASE"
		var parts []string
		var args []any
		for _, column := range shortColumns {
			parts, args = append(parts, fmt.Sprintf(starts, column)), append(args, n, word)
		}
		c.add("("+strings.Join(parts, " OR ")+")", args...)
	case ascii(word):
		c.add("instr("+haystack+", ?) > 0", strings.ToLower(word))
	default:
		c.add("o.seek IN (SELECT rowid FROM search WHERE search MATCH ?)", matching("words", []string{word}))
	}
}

// lowerASCII folds as NOCASE and lower do.
func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// prefixIDs is the query for the rows that a short word can match, by the
// indexes of the numbers; nil when there is none.
func prefixIDs(words []string) (sql string, args []any) {
	var parts []string
	for _, word := range words {
		to := prefixEnd(word)
		for _, column := range shortColumns {
			part := "SELECT id FROM orders WHERE " + column + " >= ? AND " + column + " < ?"
			if column == "gateway_no" || column == "channel_no" {
				part += " AND " + column + " <> ''"
			}
			parts, args = append(parts, part), append(args, word, to)
		}
	}
	return strings.Join(parts, " UNION ALL "), args
}

// prefixEnd is the first text after all that begin with prefix, as NOCASE
// compares: upper-case ASCII letters as lower-case ones.
func prefixEnd(prefix string) string {
	runes := []rune(lowerASCII(prefix))
	runes[len(runes)-1]++
	return string(runes)
}
